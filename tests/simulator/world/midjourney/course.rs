//! A job's course: start, progress, final, and the other ways it can end.

use super::button::{self, JobKind};
use super::refusal::{RED, Trouble, embed};
use super::{EDIT_EVERY, Job, JobState, PREVIEW_FROM, Step, TOKEN_LIFE};
use crate::picture::{Format, Layout, Picture};
use crate::snowflake::Millis;
use crate::world::World;
use crate::world::agenda::Event;
use crate::world::behaviour::UpscaleStart;
use crate::world::cdn::File;
use crate::world::dispatch::Change;
use crate::world::interaction::{Interaction, What};
use crate::world::message::{EPHEMERAL, kind};

impl World {
    pub(super) fn start(&mut self, now: Millis, place: usize) {
        self.acknowledge(now, place);
        self.midjourney.jobs[place].state = JobState::Running;
        let job = self.midjourney.jobs[place].clone();
        let upscale = matches!(job.kind, JobKind::Upscale(_));
        if !(upscale && self.behaviour.upscale_start == UpscaleStart::None) {
            let mut message = self.answer_message(now, &job.interaction, job.first_answer);
            message.content = job.start_text();
            message.reference = job.interaction.pressed();
            if job.is_pressed() {
                message.kind = kind::REPLY;
                message.components = button::cancel(&job.id);
                if !(upscale && self.behaviour.upscale_start == UpscaleStart::Public) {
                    message.flags = EPHEMERAL;
                    message.reader = Some(job.interaction.user);
                }
            }
            let id = self.post(now, message);
            let started = &mut self.midjourney.jobs[place];
            started.progress_message = Some(id);
            started.first_answer = started.first_answer.or(Some(id));
        }
        self.plan_course(now, place, job.kind, job.trouble);
        if !upscale {
            self.plan_parent_edit(now, &job.interaction, 200, 7_400);
        }
    }

    fn plan_course(&mut self, now: Millis, place: usize, kind: JobKind, trouble: Trouble) {
        let factor = if trouble == Trouble::Slow { 10 } else { 1 };
        let duration = kind.duration() + self.random.below(kind.duration() / 16 + 1);
        let mut at = 2_000;
        while kind.duration() > EDIT_EVERY && at + 1_000 < duration {
            let percent = u8::try_from((at - 2_000) * 100 / duration).unwrap_or(99);
            if trouble == Trouble::Stall && percent > 46 {
                break;
            }
            self.plan(now, place, at * factor, Step::Progress(percent));
            at += EDIT_EVERY;
        }
        match trouble {
            Trouble::Stall => {}
            Trouble::Fails(..) => self.plan(now, place, duration / 2, Step::Fail),
            Trouble::Vanish => self.plan(now, place, duration, Step::Vanish),
            Trouble::Captcha
            | Trouble::Failure
            | Trouble::Hold
            | Trouble::None
            | Trouble::Plain(_)
            | Trouble::Refused(_)
            | Trouble::Silent
            | Trouble::Slow => self.plan(now, place, duration * factor, Step::Final),
        }
    }

    fn plan_parent_edit(&mut self, now: Millis, interaction: &Interaction, low: u64, high: u64) {
        if let What::Press { message, custom_id } = &interaction.what
            && self.behaviour.parent_edits
        {
            let wait = self.random.between(low, high);
            let at = now + self.paced(wait);
            self.agenda.plan(
                at,
                Event::ParentEdit {
                    message: *message,
                    custom_id: custom_id.clone(),
                },
            );
        }
    }

    pub(super) fn show_progress(&mut self, now: Millis, place: usize, percent: u8) {
        let job = self.midjourney.jobs[place].clone();
        let Some(id) = job.progress_message else {
            return;
        };
        let preview = (percent >= PREVIEW_FROM).then(|| {
            let (width, height) = cell_size(job.prompt.aspect);
            let layout = job.cell.map_or(Layout::Grid, Layout::Cell);
            let picture = Picture {
                scene: job.scene.clone(),
                layout,
                width,
                height,
                format: Format::Webp,
                description: String::new(),
            };
            let ephemeral = self
                .messages
                .get(&id)
                .is_some_and(|message| message.reader.is_some());
            self.attach_picture(
                now,
                job.interaction.channel,
                format!("{}_grid_0.webp", job.id),
                picture,
                ephemeral,
            )
        });
        let Some(message) = self.messages.get_mut(&id) else {
            return;
        };
        message.content = job.progress_text(percent);
        message.edited = Some(now);
        let former = std::mem::replace(&mut message.files, preview.into_iter().collect());
        self.files.abandon(&former);
        self.announce(now, id, Change::Update);
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
        message.reference = job.interaction.pressed().or(job.progress_message);
        if !self.behaviour.final_reference && job.interaction.pressed().is_none() {
            message.kind = kind::DEFAULT;
            message.reference = None;
        }
        message.content = self.final_text(&job);
        message.components = match job.kind {
            JobKind::Upscale(_) => button::single(&job.id),
            JobKind::UpscaleHd { .. } => button::upscaled(&job.id),
            JobKind::Imagine
            | JobKind::Pan(_)
            | JobKind::Reroll
            | JobKind::Variation(_)
            | JobKind::Vary { .. }
            | JobKind::Zoom => button::grid(&job.id),
        };
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
        self.end(now, place, JobState::Finished);
        if self.behaviour.progress_deletes {
            let wait = self.random.between(50, 400);
            self.plan(now, place, wait, Step::DeleteProgress);
        }
        if matches!(job.kind, JobKind::Upscale(_)) {
            self.plan_parent_edit(now, &job.interaction, 200, 2_000);
        }
    }

    fn final_text(&self, job: &Job) -> String {
        let mode = job.prompt.mode.name();
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
            JobKind::Upscale(_) => format!("{} ({mode})", job.by(None)),
            JobKind::UpscaleHd { .. } => format!("{} ({mode})", job.by(job.kind.final_verb())),
            JobKind::Imagine
            | JobKind::Pan(_)
            | JobKind::Reroll
            | JobKind::Variation(_)
            | JobKind::Vary { .. }
            | JobKind::Zoom => {
                format!("{}{link} ({mode})", job.by(job.kind.final_verb()))
            }
        }
    }

    fn final_picture(&mut self, now: Millis, job: &Job) -> File {
        let (width, height) = cell_size(job.prompt.aspect);
        let scale = if matches!(job.kind, JobKind::Upscale(_)) {
            1
        } else {
            2
        };
        let format = if self.behaviour.final_webp {
            Format::Webp
        } else {
            Format::Png
        };
        let picture = Picture {
            scene: job.scene.clone(),
            layout: job.cell.map_or(Layout::Grid, Layout::Cell),
            width: width * scale,
            height: height * scale,
            format,
            description: format!("{} Job ID: {}", job.prompt.echo, job.id),
        };
        let name = self
            .people
            .user(job.interaction.user)
            .map_or("u0", |user| user.name.as_str());
        let filename = format!(
            "{name}_{}_{}.{}",
            words(&job.prompt.text),
            job.id,
            format.extension()
        );
        self.attach_picture(now, job.interaction.channel, filename, picture, false)
    }

    pub(super) fn fail(&mut self, now: Millis, place: usize) {
        let job = self.midjourney.jobs[place].clone();
        if let Trouble::Fails(title, description) = job.trouble {
            let notice = embed(title, description, RED, Some(&job.footer()));
            let reference = job.interaction.pressed().or(job.progress_message);
            self.notice(now, &job.interaction, reference, notice, Vec::new());
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
        message.content = format!("{} (Stopped)", job.by(job.kind.progress_verb()));
        message.components.clear();
        message.edited = Some(now);
        self.announce(now, id, Change::Update);
    }
}

/// Pixels of one cell: a quarter of a megapixel in the prompt's proportions, in steps of 16.
fn cell_size((across, down): (u32, u32)) -> (u32, u32) {
    let area = 512 * 512;
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
