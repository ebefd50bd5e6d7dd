//! A job's course: start, progress, final, and the other ways it can end.

use serde_json::Value;

use super::button::{self, Offer};
use super::job_kind::{Hd, JobKind, Product};
use super::refusal::Trouble;
use super::version::Version;
use super::{EDIT_EVERY, Job, JobState, PREVIEW_FROM, Step, TOKEN_LIFE};
use crate::picture::{Format, Layout, Picture};
use crate::snowflake::{Millis, Snowflake};
use crate::world::World;
use crate::world::agenda::Event;
use crate::world::behaviour::UpscaleStart;
use crate::world::cdn::File;
use crate::world::dispatch::Change;
use crate::world::interaction::Interaction;
use crate::world::message::{EPHEMERAL, kind};

/// Pixels of one cell of a grid: a quarter of a megapixel.
const CELL_AREA: u32 = 512 * 512;
/// Pixels of one frame in a video's progress.
const FRAME_AREA: u32 = 256 * 256;
/// Pixels of a video.
const VIDEO_AREA: u32 = 624 * 624;

impl World {
    pub(super) fn start(&mut self, now: Millis, place: usize) {
        self.acknowledge(now, place);
        self.midjourney.jobs[place].state = JobState::Running;
        let job = self.midjourney.jobs[place].clone();
        let cut = job.kind.is_cut();
        // A video is cut out without a word; how a picture is, was never proven.
        let begins = match job.kind.product() {
            Product::Video => UpscaleStart::None,
            Product::Single => self.behaviour.upscale_start,
            Product::Grid | Product::Larger | Product::VideoGrid => UpscaleStart::Ephemeral,
        };
        if begins != UpscaleStart::None {
            let id = self.post_start(now, &job, begins);
            let started = &mut self.midjourney.jobs[place];
            started.progress_message = Some(id);
            started.first_answer = started.first_answer.or(Some(id));
        }
        self.plan_course(now, place, job.kind, job.trouble);
        if !cut {
            self.plan_parent_edit(now, &job.interaction, 200, 7_400);
        }
    }

    fn post_start(&mut self, now: Millis, job: &Job, begins: UpscaleStart) -> Snowflake {
        let mut message = self.answer_message(now, &job.interaction, job.first_answer);
        message.content = job.start_text();
        message.reference = job.reply;
        if job.reply.is_some() {
            message.kind = kind::REPLY;
            if job.kind.is_video() {
                "Animating...".clone_into(&mut message.content);
            } else {
                message.components = button::cancel(&job.id);
            }
            if begins != UpscaleStart::Public {
                message.flags = EPHEMERAL;
                message.reader = Some(job.interaction.user);
            }
        }
        self.post(now, message)
    }

    fn plan_course(&mut self, now: Millis, place: usize, kind: JobKind, trouble: Trouble) {
        let factor = if trouble == Trouble::Slow { 10 } else { 1 };
        let duration = kind.duration() + self.random.below(kind.duration() / 16 + 1);
        let (mut at, mut pause) = (2_000, 0);
        while kind.duration() > EDIT_EVERY && at + 1_000 < duration {
            let percent = u8::try_from((at - 2_000) * 100 / duration).unwrap_or(99);
            if trouble == Trouble::Stall && percent > 46 {
                break;
            }
            if trouble == Trouble::Paused && percent > 46 && pause == 0 {
                self.plan(now, place, at, Step::Pause(percent));
                pause = 2 * EDIT_EVERY;
            }
            self.plan(now, place, (at + pause) * factor, Step::Progress(percent));
            at += EDIT_EVERY;
        }
        match trouble {
            Trouble::Stall => {}
            Trouble::Fails(_) => self.plan(now, place, duration / 2, Step::Fail),
            Trouble::Stopped => self.plan(now, place, duration / 2, Step::Stop),
            Trouble::Vanish => self.plan(now, place, duration, Step::Vanish),
            Trouble::Captcha
            | Trouble::Failure
            | Trouble::Hold
            | Trouble::None
            | Trouble::Paused
            | Trouble::Plain(_)
            | Trouble::Refused(..)
            | Trouble::Silent
            | Trouble::Slow => self.plan(now, place, (duration + pause) * factor, Step::Final),
        }
    }

    pub(super) fn plan_parent_edit(
        &mut self,
        now: Millis,
        interaction: &Interaction,
        low: u64,
        high: u64,
    ) {
        if let Some((message, custom_id)) = interaction.button()
            && self.behaviour.parent_edits
        {
            let wait = self.random.between(low, high);
            let at = now + self.paced(wait);
            self.agenda.plan(
                at,
                Event::ParentEdit {
                    message,
                    custom_id: custom_id.to_owned(),
                },
            );
        }
    }

    pub(super) fn show_progress(&mut self, now: Millis, place: usize, percent: u8) {
        let job = self.midjourney.jobs[place].clone();
        let Some(id) = job.progress_message else {
            return;
        };
        let ephemeral = self
            .messages
            .get(&id)
            .is_some_and(|message| message.reader.is_some());
        let previews = if percent < PREVIEW_FROM {
            Vec::new()
        } else {
            self.previews(now, &job, percent, ephemeral)
        };
        // The placeholder of a pressed video says first what it waits for.
        let text = if percent == 0 && job.kind.is_video() && job.reply.is_some() {
            job.start_text()
        } else {
            job.progress_text(percent)
        };
        let Some(message) = self.messages.get_mut(&id) else {
            return;
        };
        message.content = text;
        message.edited = Some(now);
        let former = std::mem::replace(&mut message.files, previews);
        self.files.abandon(&former);
        self.announce(now, id, Change::Update);
    }

    /// What a running job shows: a small grid, or a frame of each film.
    fn previews(&mut self, now: Millis, job: &Job, percent: u8, ephemeral: bool) -> Vec<File> {
        let channel = job.interaction.channel;
        let picture = |layout, (width, height), format| Picture {
            scene: job.scene.clone(),
            layout,
            width,
            height,
            format,
            description: String::new(),
        };
        let mut files = Vec::new();
        if job.kind.is_video() {
            let size = fitted(job.prompt.aspect, FRAME_AREA);
            for cell in 1..=4 {
                let frame = picture(Layout::Cell(cell), size, Format::Jpeg);
                let name = format!("{}_{}_step_{percent}.jpeg", job.id, cell - 1);
                files.push(self.attach_picture(now, channel, name, frame, ephemeral));
            }
        } else {
            let layout = job.cell.map_or(Layout::Grid, Layout::Cell);
            let size = fitted(job.prompt.aspect, CELL_AREA);
            let preview = picture(layout, size, Format::Webp);
            let name = format!("{}_grid_0.webp", job.id);
            files.push(self.attach_picture(now, channel, name, preview, ephemeral));
        }
        files
    }

    /// The job stands still for a moment.
    pub(super) fn show_pause(&mut self, now: Millis, place: usize, percent: u8) {
        self.show_progress(now, place, percent);
        let job = &self.midjourney.jobs[place];
        let text = format!(
            "{} (paused) ({})",
            job.by(job.kind.progress_verb(job.remix)),
            job.prompt.tail()
        );
        if let Some(id) = job.progress_message
            && let Some(message) = self.messages.get_mut(&id)
        {
            message.content = text;
            self.announce(now, id, Change::Update);
        }
    }

    pub(super) fn finish_or_hold(&mut self, now: Millis, place: usize) {
        let job = &mut self.midjourney.jobs[place];
        if (job.trouble == Trouble::Hold || self.behaviour.hold_finals) && !job.released {
            job.state = JobState::Held;
            return;
        }
        self.finish(now, place);
    }

    pub(super) fn finish(&mut self, now: Millis, place: usize) {
        let job = self.midjourney.jobs[place].clone();
        let fresh = now < job.interaction.at + self.paced(TOKEN_LIFE);
        let mut message = self.answer_message(now, &job.interaction, job.first_answer);
        message.kind = kind::REPLY;
        message.reference = job.reply.or(job.progress_message);
        if !self.behaviour.final_reference && job.reply.is_none() {
            message.kind = kind::DEFAULT;
            message.reference = None;
        }
        message.content = self.final_text(&job);
        message.components = self.final_components(&job);
        if !fresh {
            message.origin = None;
        }
        if !fresh || !self.behaviour.final_nonce {
            message.nonce = None;
        }
        let file = self.final_picture(now, &job);
        self.midjourney.jobs[place].picture_path = Some(file.path.clone());
        message.files = vec![file];
        let id = self.post(now, message);
        self.midjourney.jobs[place].final_message = Some(id);
        self.count_usage(&job);
        self.end(now, place, JobState::Finished);
        if self.behaviour.progress_deletes {
            let wait = self.random.between(50, 400);
            self.plan(now, place, wait, Step::DeleteProgress);
        }
        if job.kind.is_cut() {
            self.plan_parent_edit(now, &job.interaction, 200, 2_000);
        }
    }

    /// The buttons under a job's final.
    pub(super) fn final_components(&self, job: &Job) -> Vec<Value> {
        let offer = Offer {
            version: Version::of_echo(&job.prompt.echo),
            oblong: job.prompt.aspect.0 != job.prompt.aspect.1,
            manual: self.behaviour.manual_buttons,
        };
        match job.kind.product() {
            Product::Grid => button::grid(&job.id),
            Product::Larger => button::upscaled(&job.id, offer),
            Product::Single => button::single(&job.id, offer),
            Product::Video => button::video(&job.id, offer.manual),
            Product::VideoGrid => button::video_grid(&job.id),
        }
    }

    pub(super) fn final_text(&self, job: &Job) -> String {
        let mode = job.prompt.tail();
        let link = format!(
            " [(Open on website for full quality)](<https://midjourney.com/jobs/{}>)",
            job.id
        );
        let link = if self.behaviour.link_in_finals {
            link
        } else {
            String::new()
        };
        match job.kind {
            JobKind::Upscale(index) if self.behaviour.index_in_finals => {
                format!("**{}** - Image #{index} {}", job.prompt.echo, job.mention())
            }
            JobKind::Upscale(_) | JobKind::VideoUpscale(_) => {
                format!("{} ({mode})", job.by(None))
            }
            JobKind::UpscaleHd { .. } => {
                format!("{} ({mode})", job.by(job.kind.final_verb(job.remix)))
            }
            JobKind::Animate(_)
            | JobKind::Extend(_)
            | JobKind::Imagine
            | JobKind::Pan(_)
            | JobKind::Reroll
            | JobKind::Variation(_)
            | JobKind::Vary(_)
            | JobKind::Zoom { .. } => {
                format!("{}{link} ({mode})", job.by(job.kind.final_verb(job.remix)))
            }
        }
    }

    pub(super) fn final_picture(&mut self, now: Millis, job: &Job) -> File {
        let still = if self.behaviour.final_webp {
            Format::Webp
        } else {
            Format::Png
        };
        let (width, height) = fitted(job.prompt.aspect, CELL_AREA);
        let four_times = matches!(
            job.kind,
            JobKind::UpscaleHd {
                hd: Hd::FourTimes,
                ..
            }
        );
        let larger = if four_times { 4 } else { 2 };
        let ((width, height), format) = match job.kind.product() {
            Product::Grid | Product::Larger => ((width * larger, height * larger), still),
            Product::Single => ((width, height), still),
            Product::Video => (fitted(job.prompt.aspect, VIDEO_AREA), Format::Mp4),
            Product::VideoGrid => (fitted(job.prompt.aspect, VIDEO_AREA), Format::AnimatedWebp),
        };
        let picture = Picture {
            scene: job.scene.clone(),
            layout: job.cell.map_or(Layout::Grid, Layout::Cell),
            width,
            height,
            format,
            description: format!("{} Job ID: {}", job.prompt.echo, job.id),
        };
        let name = self
            .people
            .user(job.interaction.user)
            .map_or("u0", |user| user.name.as_str());
        let filename = if let JobKind::VideoUpscale(cell) = job.kind {
            format!("{}_{}_720_N.mp4", job.id, cell - 1)
        } else {
            let words = words(&job.prompt.text);
            format!("{name}_{words}_{}.{}", job.id, format.extension())
        };
        self.attach_picture(now, job.interaction.channel, filename, picture, false)
    }

    pub(super) fn fail(&mut self, now: Millis, place: usize) {
        let job = self.midjourney.jobs[place].clone();
        if let Trouble::Fails(refusal) = job.trouble {
            let (notice, rows) = refusal.render(now, 0, &job.footer());
            let reference = job.reply.or(job.progress_message);
            self.notice(now, &job.interaction, reference, notice, rows);
        }
        self.stop_progress(now, place);
        self.end(now, place, JobState::Failed);
    }

    /// The job's end frees its slot for the next one that waits.
    pub(super) fn end(&mut self, now: Millis, place: usize, state: JobState) {
        let job = &mut self.midjourney.jobs[place];
        let before = std::mem::replace(&mut job.state, state);
        let user = job.interaction.user;
        let open = self.midjourney.open.entry(user).or_default();
        open.retain(|other| *other != place);
        let next = open
            .iter()
            .copied()
            .find(|other| self.midjourney.jobs[*other].state == JobState::Queued);
        if matches!(before, JobState::Running | JobState::Held) {
            let running = self.midjourney.active(user, JobState::Running)
                + self.midjourney.active(user, JobState::Held);
            if let Some(next) = next.filter(|_| running < self.behaviour.concurrency) {
                self.start(now, next);
            }
        }
    }

    pub(super) fn delete_progress(&mut self, now: Millis, place: usize) {
        if let Some(id) = self.midjourney.jobs[place].progress_message {
            self.announce(now, id, Change::Delete);
        }
    }

    pub(super) fn stop_progress(&mut self, now: Millis, place: usize) {
        let job = self.midjourney.jobs[place].clone();
        let Some(id) = job.progress_message else {
            return;
        };
        let Some(message) = self.messages.get_mut(&id) else {
            return;
        };
        message.content = format!("{} (Stopped)", job.by(job.kind.progress_verb(job.remix)));
        message.components.clear();
        message.edited = Some(now);
        self.announce(now, id, Change::Update);
    }
}

/// Width and height in pixels: about this area in the prompt's proportions, in steps of 16.
fn fitted((across, down): (u32, u32), area: u32) -> (u32, u32) {
    let fit = |width: u32| (width, (width * down / across / 16 * 16).max(16));
    (8..=256)
        .map(|step| fit(step * 16))
        .filter(|(_, height)| *height <= 4096)
        .min_by_key(|(w, h)| (w * h).abs_diff(area))
        .unwrap_or((512, 512))
}

/// The prompt's words as they appear in file names.
fn words(text: &str) -> String {
    let mut words: String = text
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || " .-_".contains(*c))
        .map(|c| if c == ' ' { '_' } else { c })
        .collect();
    words.truncate(60);
    words
}
