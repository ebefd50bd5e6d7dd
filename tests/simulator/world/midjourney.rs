//! The Midjourney bot: it answers interactions with jobs, and jobs with messages, at its own pace.

mod button;
mod prompt;
mod refusal;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use self::button::JobKind;
use self::prompt::{Mode, Prompt};
use self::refusal::{RED, Trouble, YELLOW, embed};
use super::World;
use super::agenda::Event;
use super::behaviour::UpscaleStart;
use super::dispatch::Change;
use super::interaction::{Interaction, What};
use super::message::{EPHEMERAL, Message, kind};
use super::people::MIDJOURNEY;
use crate::picture::{Format, Layout, Picture};
use crate::snowflake::{Millis, Snowflake};

/// A job's tokens live so long at Midjourney's pace: 15 minutes.
const TOKEN_LIFE: u64 = 900_000;
/// From this progress on the preview is attached.
const PREVIEW_FROM: u8 = 35;
/// Milliseconds between two edits.
const EDIT_EVERY: u64 = 3_000;

/// Where a job stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum JobState {
    Accepted,
    Cancelled,
    Failed,
    Finished,
    /// Waits for `release`.
    Held,
    Queued,
    Refused,
    Running,
}

/// What happens next to a job.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Step {
    Answer,
    DeleteProgress,
    Fail,
    Final,
    Progress(u8),
    Vanish,
}

#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) id: String,
    pub(super) kind: JobKind,
    pub(super) interaction: Interaction,
    pub(super) prompt: Prompt,
    pub(super) state: JobState,
    trouble: Trouble,
    /// Whose cells the picture shows.
    scene: String,
    cell: Option<u8>,
    acknowledged: bool,
    released: bool,
    pub(super) first_answer: Option<Snowflake>,
    pub(super) progress_message: Option<Snowflake>,
    pub(super) final_message: Option<Snowflake>,
    pub(super) picture_path: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct Midjourney {
    pub(super) jobs: Vec<Job>,
    by_id: BTreeMap<String, usize>,
}

impl Midjourney {
    fn active(&self, user: Snowflake, state: JobState) -> usize {
        self.jobs.iter().filter(|job| job.interaction.user == user && job.state == state && job.takes_slot()).count()
    }

    pub(super) fn place(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }
}

impl Job {
    /// U1–U4 only cut out a cell that exists.
    fn takes_slot(&self) -> bool {
        !matches!(self.kind, JobKind::Upscale(_))
    }

    fn from_button(&self) -> bool {
        self.interaction.pressed().is_some()
    }

    fn mention(&self) -> String {
        format!("<@{}>", self.interaction.user)
    }

    fn start_text(&self) -> String {
        let (echo, mention) = (&self.prompt.echo, self.mention());
        let body = format!("**{echo}** - {mention} (Waiting to start)");
        match self.kind {
            JobKind::Upscale(index) => format!("Upscaling image #{index} with {body}"),
            JobKind::UpscaleHd { .. } => format!("Upscaling image #1 with {body}"),
            JobKind::Variation(index) => format!("Making variations for image #{index} with prompt {body}"),
            JobKind::Vary { .. } => format!("Making variations for image #1 with prompt {body}"),
            JobKind::Imagine | JobKind::Pan(_) | JobKind::Reroll | JobKind::Zoom => body,
        }
    }

    fn by(&self, verb: Option<String>) -> String {
        let verb = verb.map_or_else(String::new, |verb| format!("{verb} by "));
        format!("**{}** - {verb}{}", self.prompt.echo, self.mention())
    }

    fn progress_text(&self, percent: u8) -> String {
        format!("{} ({percent}%) ({})", self.by(self.kind.progress_verb()), self.prompt.mode.name())
    }
}

impl World {
    /// An interaction that Discord accepted; false when the bot has no answer to it.
    pub(super) fn receive_interaction(&mut self, now: Millis, interaction: &Interaction) -> bool {
        match &interaction.what {
            What::Command { name: "imagine", prompt } => self.receive_imagine(now, interaction, prompt),
            What::Command { .. } => false,
            What::Press { custom_id, .. } => match custom_id.strip_prefix("MJ::CancelJob::ByJobid::") {
                Some(job) => self.receive_cancel(now, interaction, job),
                None => self.receive_press(now, interaction, custom_id),
            },
        }
    }

    fn receive_imagine(&mut self, now: Millis, interaction: &Interaction, typed: &str) -> bool {
        let trouble = Trouble::of_prompt(typed);
        if trouble == Trouble::Failure {
            return false;
        }
        match prompt::read(typed) {
            Ok(prompt) => {
                let scene = self.random.uuid();
                self.add_job(now, JobKind::Imagine, interaction, prompt, scene, trouble);
            }
            Err(rejection) => {
                self.tell_sender(now, interaction, "INTERACTION_SUCCESS", &json!({}));
                let footer = format!("/imagine {typed}");
                let notice = embed(rejection.title, &rejection.description, RED, Some(&footer));
                self.notice(now, interaction, None, notice, Vec::new());
                self.record.refused(interaction.id, rejection.title);
            }
        }
        true
    }

    fn receive_press(&mut self, now: Millis, interaction: &Interaction, custom_id: &str) -> bool {
        let Some((kind, parent)) = JobKind::of_button(custom_id) else { return false };
        let Some(parent) = self.midjourney.place(parent).map(|place| self.midjourney.jobs[place].clone()) else { return false };
        let trouble = match parent.trouble {
            Trouble::Slow | Trouble::Hold => parent.trouble,
            Trouble::Captcha | Trouble::Fails(..) | Trouble::Failure | Trouble::None | Trouble::Plain(_) => Trouble::None,
            Trouble::Refused(_) | Trouble::Silent | Trouble::Stall | Trouble::Vanish => Trouble::None,
        };
        let scene = match kind {
            JobKind::Upscale(_) | JobKind::UpscaleHd { .. } => parent.scene.clone(),
            JobKind::Imagine | JobKind::Pan(_) | JobKind::Reroll | JobKind::Variation(_) | JobKind::Vary { .. } | JobKind::Zoom => {
                self.random.uuid()
            }
        };
        let place = self.add_job(now, kind, interaction, parent.prompt, scene, trouble);
        self.midjourney.jobs[place].cell = match kind {
            JobKind::Upscale(index) => Some(index),
            JobKind::UpscaleHd { .. } => Some(parent.cell.unwrap_or(1)),
            JobKind::Imagine | JobKind::Pan(_) | JobKind::Reroll | JobKind::Variation(_) | JobKind::Vary { .. } | JobKind::Zoom => None,
        };
        true
    }

    fn add_job(
        &mut self,
        now: Millis,
        kind: JobKind,
        interaction: &Interaction,
        prompt: Prompt,
        scene: String,
        trouble: Trouble,
    ) -> usize {
        // A new picture is its own scene; an upscale has an id of its own beside its parent's scene.
        let id = if kind.is_single() { self.random.uuid() } else { scene.clone() };
        let place = self.midjourney.jobs.len();
        self.midjourney.by_id.insert(id.clone(), place);
        self.record.job_of(interaction.id, place);
        self.midjourney.jobs.push(Job {
            id,
            kind,
            interaction: interaction.clone(),
            prompt,
            state: JobState::Accepted,
            trouble,
            scene,
            cell: None,
            acknowledged: false,
            released: false,
            first_answer: None,
            progress_message: None,
            final_message: None,
            picture_path: None,
        });
        if trouble != Trouble::Silent {
            let wait = if kind.is_single() { self.random.between(100, 300) } else { self.random.between(400, 900) };
            self.plan(now, place, wait, Step::Answer);
        }
        place
    }

    fn plan(&mut self, now: Millis, job: usize, wait: u64, step: Step) {
        let at = now + self.paced(wait);
        self.agenda.plan(at, Event::Job { job, step });
    }

    /// One planned step of a job.
    pub(super) fn advance_job(&mut self, now: Millis, job: usize, step: Step) {
        let Some(state) = self.midjourney.jobs.get(job).map(|job| job.state) else { return };
        match (step, state) {
            (Step::Answer, JobState::Accepted) => self.answer(now, job),
            (Step::Progress(percent), JobState::Running) => self.show_progress(now, job, percent),
            (Step::Final, JobState::Running) => self.finish_or_hold(now, job),
            (Step::Fail, JobState::Running) => self.fail(now, job),
            (Step::Vanish, JobState::Running) => {
                self.delete_progress(now, job);
                self.end(now, job, JobState::Failed);
            }
            (Step::DeleteProgress, _) => self.delete_progress(now, job),
            // A job that was cancelled meanwhile has nothing left to do.
            (Step::Answer | Step::Fail | Step::Final | Step::Progress(_) | Step::Vanish, _) => {}
        }
    }

    fn answer(&mut self, now: Millis, place: usize) {
        let job = &self.midjourney.jobs[place];
        let interaction = job.interaction.clone();
        let footer = self.footer(job);
        match job.trouble {
            Trouble::Captcha => {
                let token = self.random.token(80);
                let frame = json!({"channel_id": interaction.channel, "custom_id": format!("MJ::iframe::{token}"), "title": "Action required to continue", "iframe_path": "/captcha", "modal_size": 1, "application": {"id": MIDJOURNEY, "name": "Midjourney Bot"}});
                self.tell_sender(now, &interaction, "INTERACTION_IFRAME_MODAL_CREATE", &frame);
                self.end(now, place, JobState::Refused);
            }
            Trouble::Plain(text) => {
                self.acknowledge(now, place);
                let mut message = self.answer_message(now, &interaction, None);
                text.clone_into(&mut message.content);
                message.flags = EPHEMERAL;
                message.reader = Some(interaction.user);
                self.post(now, message);
                self.end(now, place, JobState::Refused);
            }
            Trouble::Refused(refusal) => {
                self.acknowledge(now, place);
                let (notice, rows) = refusal.render(&footer);
                self.notice(now, &interaction, None, notice, rows);
                self.end(now, place, JobState::Refused);
            }
            Trouble::Fails(..)
            | Trouble::Failure
            | Trouble::Hold
            | Trouble::None
            | Trouble::Silent
            | Trouble::Slow
            | Trouble::Stall
            | Trouble::Vanish => self.queue_or_start(now, place, &footer),
        }
    }

    fn footer(&self, job: &Job) -> String {
        match &job.interaction.what {
            What::Command { name, prompt } => format!("/{name} {prompt}"),
            What::Press { .. } => format!("/imagine {}", job.prompt.echo),
        }
    }

    fn queue_or_start(&mut self, now: Millis, place: usize, footer: &str) {
        let job = &self.midjourney.jobs[place];
        let (user, interaction) = (job.interaction.user, job.interaction.clone());
        let running = self.midjourney.active(user, JobState::Running) + self.midjourney.active(user, JobState::Held);
        if !job.takes_slot() || running < self.behaviour.concurrency {
            return self.start(now, place);
        }
        self.acknowledge(now, place);
        if self.midjourney.active(user, JobState::Queued) >= self.behaviour.queue_size {
            let notice = embed("Queue full", "Your job queue is full. Please wait for a job to finish first, then resubmit this one.", RED, Some(footer));
            self.notice(now, &interaction, None, notice, Vec::new());
            return self.end(now, place, JobState::Refused);
        }
        let notice = embed("Job queued", "You have reached the maximum allowed number of concurrent jobs. Don't worry, this job will start as soon as another one finishes!", YELLOW, Some(footer));
        let message = self.notice(now, &interaction, None, notice, Vec::new());
        let job = &mut self.midjourney.jobs[place];
        job.first_answer = Some(message);
        job.state = JobState::Queued;
    }

    /// INTERACTION_SUCCESS, once.
    fn acknowledge(&mut self, now: Millis, place: usize) {
        let job = &mut self.midjourney.jobs[place];
        if !std::mem::replace(&mut job.acknowledged, true) {
            let interaction = job.interaction.clone();
            self.tell_sender(now, &interaction, "INTERACTION_SUCCESS", &json!({}));
        }
    }

    fn start(&mut self, now: Millis, place: usize) {
        self.acknowledge(now, place);
        self.midjourney.jobs[place].state = JobState::Running;
        let job = self.midjourney.jobs[place].clone();
        let upscale = matches!(job.kind, JobKind::Upscale(_));
        if !(upscale && self.behaviour.upscale_start == UpscaleStart::None) {
            let mut message = self.answer_message(now, &job.interaction, job.first_answer);
            message.content = job.start_text();
            message.reference = job.interaction.pressed();
            if job.from_button() {
                message.kind = kind::REPLY;
                message.components = button::cancel(&job.id);
                if !(upscale && self.behaviour.upscale_start == UpscaleStart::Public) {
                    message.flags = EPHEMERAL;
                    message.reader = Some(job.interaction.user);
                }
            }
            let id = self.post(now, message);
            let job = &mut self.midjourney.jobs[place];
            job.progress_message = Some(id);
            job.first_answer = job.first_answer.or(Some(id));
        }
        self.plan_course(now, place, job.kind, job.trouble);
        if !upscale {
            self.plan_parent_edit(now, &job.interaction, 200, 7_400);
        }
    }

    fn plan_course(&mut self, now: Millis, place: usize, kind: JobKind, trouble: Trouble) {
        let pace = if trouble == Trouble::Slow { 10 } else { 1 };
        let duration = kind.duration() + self.random.below(kind.duration() / 16 + 1);
        let mut at = 2_000;
        while kind.duration() > EDIT_EVERY && at + 1_000 < duration {
            let percent = u8::try_from((at - 2_000) * 100 / duration).unwrap_or(99);
            if trouble == Trouble::Stall && percent > 46 {
                break;
            }
            self.plan(now, place, at * pace, Step::Progress(percent));
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
            | Trouble::Slow => self.plan(now, place, duration * pace, Step::Final),
        }
    }

    fn plan_parent_edit(&mut self, now: Millis, interaction: &Interaction, low: u64, high: u64) {
        if let What::Press { message, custom_id } = &interaction.what
            && self.behaviour.parent_edits
        {
            let wait = self.random.between(low, high);
            let at = now + self.paced(wait);
            self.agenda.plan(at, Event::ParentEdit { message: *message, custom_id: custom_id.clone() });
        }
    }

    fn show_progress(&mut self, now: Millis, place: usize, percent: u8) {
        let job = self.midjourney.jobs[place].clone();
        let Some(id) = job.progress_message else { return };
        let preview = (percent >= PREVIEW_FROM).then(|| {
            let (width, height) = cell_size(job.prompt.aspect);
            let layout = job.cell.map_or(Layout::Grid, Layout::Cell);
            let picture =
                Picture { scene: job.scene.clone(), layout, width, height, format: Format::Webp, description: String::new() };
            let ephemeral = self.messages.get(&id).is_some_and(|message| message.reader.is_some());
            self.attach_picture(now, job.interaction.channel, format!("{}_grid_0.webp", job.id), picture, ephemeral)
        });
        let Some(message) = self.messages.get_mut(&id) else { return };
        message.content = job.progress_text(percent);
        message.edited = Some(now);
        message.files = preview.into_iter().collect();
        self.announce(now, id, Change::Update);
    }

    fn finish_or_hold(&mut self, now: Millis, place: usize) {
        let job = &mut self.midjourney.jobs[place];
        if (job.trouble == Trouble::Hold || self.behaviour.hold_finals) && !job.released {
            job.state = JobState::Held;
            return;
        }
        self.finish(now, place);
    }

    fn finish(&mut self, now: Millis, place: usize) {
        let job = self.midjourney.jobs[place].clone();
        let fresh = now < job.interaction.at + self.paced(TOKEN_LIFE);
        let mut message = self.answer_message(now, &job.interaction, job.first_answer);
        message.kind = kind::REPLY;
        message.reference = job.interaction.pressed().or(job.progress_message);
        message.content = self.final_text(&job);
        message.components = match job.kind {
            JobKind::Upscale(_) => button::single(&job.id),
            JobKind::UpscaleHd { .. } => button::upscaled(&job.id),
            JobKind::Imagine | JobKind::Pan(_) | JobKind::Reroll | JobKind::Variation(_) | JobKind::Vary { .. } | JobKind::Zoom => {
                button::grid(&job.id)
            }
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
        let link = format!(" [(Open on website for full quality)](<https://midjourney.com/jobs/{}>)", job.id);
        let link = if self.behaviour.link_in_finals { link } else { String::new() };
        match job.kind {
            JobKind::Upscale(index) if self.behaviour.index_in_finals => {
                format!("**{}** - Image #{index} {}", job.prompt.echo, job.mention())
            }
            JobKind::Upscale(_) => format!("{} ({mode})", job.by(None)),
            JobKind::UpscaleHd { .. } => format!("{} ({mode})", job.by(job.kind.final_verb())),
            JobKind::Imagine | JobKind::Pan(_) | JobKind::Reroll | JobKind::Variation(_) | JobKind::Vary { .. } | JobKind::Zoom => {
                format!("{}{link} ({mode})", job.by(job.kind.final_verb()))
            }
        }
    }

    fn final_picture(&mut self, now: Millis, job: &Job) -> super::cdn::File {
        let (width, height) = cell_size(job.prompt.aspect);
        let scale = if matches!(job.kind, JobKind::Upscale(_)) { 1 } else { 2 };
        let format = if self.behaviour.final_webp { Format::Webp } else { Format::Png };
        let picture = Picture {
            scene: job.scene.clone(),
            layout: job.cell.map_or(Layout::Grid, Layout::Cell),
            width: width * scale,
            height: height * scale,
            format,
            description: format!("{} Job ID: {}", job.prompt.echo, job.id),
        };
        let name = self.people.user(job.interaction.user).map_or("u0", |user| user.name.as_str());
        let filename = format!("{name}_{}_{}.{}", words(&job.prompt.text), job.id, format.extension());
        self.attach_picture(now, job.interaction.channel, filename, picture, false)
    }

    fn fail(&mut self, now: Millis, place: usize) {
        let job = self.midjourney.jobs[place].clone();
        if let Trouble::Fails(title, description) = job.trouble {
            let notice = embed(title, description, RED, Some(&self.footer(&job)));
            let reference = job.interaction.pressed().or(job.progress_message);
            self.notice(now, &job.interaction, reference, notice, Vec::new());
        }
        self.stop_progress(now, place);
        self.end(now, place, JobState::Failed);
    }

    /// The job's end frees its slot for the next one that waits.
    fn end(&mut self, now: Millis, place: usize, state: JobState) {
        let job = &mut self.midjourney.jobs[place];
        let before = std::mem::replace(&mut job.state, state);
        let user = job.interaction.user;
        if matches!(before, JobState::Running | JobState::Held) {
            let running = self.midjourney.active(user, JobState::Running) + self.midjourney.active(user, JobState::Held);
            let next = self.midjourney.jobs.iter().position(|job| job.interaction.user == user && job.state == JobState::Queued);
            if let Some(next) = next.filter(|_| running < self.behaviour.concurrency) {
                self.start(now, next);
            }
        }
    }

    fn delete_progress(&mut self, now: Millis, place: usize) {
        if let Some(id) = self.midjourney.jobs[place].progress_message {
            self.announce(now, id, Change::Delete);
        }
    }

    fn stop_progress(&mut self, now: Millis, place: usize) {
        let job = self.midjourney.jobs[place].clone();
        let Some(id) = job.progress_message else { return };
        let Some(message) = self.messages.get_mut(&id) else { return };
        message.content = format!("{} (Stopped)", job.by(job.kind.progress_verb()));
        message.components.clear();
        message.edited = Some(now);
        self.announce(now, id, Change::Update);
    }

    fn receive_cancel(&mut self, now: Millis, interaction: &Interaction, job: &str) -> bool {
        let Some(place) = self.midjourney.place(job) else { return false };
        self.tell_sender(now, interaction, "INTERACTION_SUCCESS", &json!({}));
        if matches!(self.midjourney.jobs[place].state, JobState::Held | JobState::Running) {
            self.stop_progress(now, place);
            self.end(now, place, JobState::Cancelled);
        }
        true
    }

    /// The ❌ reaction of a job's owner: a running job stops, its message goes.
    pub(super) fn cross_out(&mut self, now: Millis, user: Snowflake, message: Snowflake) {
        let owned = |job: &Job| {
            job.interaction.user == user && (job.progress_message == Some(message) || job.final_message == Some(message))
        };
        let Some(place) = self.midjourney.jobs.iter().position(owned) else { return };
        if matches!(self.midjourney.jobs[place].state, JobState::Held | JobState::Running) {
            self.end(now, place, JobState::Cancelled);
        }
        self.announce(now, message, Change::Delete);
    }

    /// The pressed button changes its style from 2 to 1.
    pub(super) fn mark_pressed(&mut self, now: Millis, id: Snowflake, custom_id: &str) {
        let Some(message) = self.messages.get_mut(&id) else { return };
        if message.restyle(custom_id, 1) {
            message.edited = Some(now);
            self.announce(now, id, Change::Update);
        }
    }

    /// Lets held and stalled jobs go on; which ones: a job's id, or all. Gives their number.
    pub(super) fn release(&mut self, now: Millis, id: Option<&str>) -> usize {
        let mut released = 0;
        for place in 0..self.midjourney.jobs.len() {
            let job = &mut self.midjourney.jobs[place];
            if id.is_some_and(|id| id != job.id && id != job.interaction.id.to_string()) {
                continue;
            }
            let silent = job.trouble == Trouble::Silent && job.state == JobState::Accepted;
            let stalled = job.trouble == Trouble::Stall && job.state == JobState::Running;
            if silent {
                job.trouble = Trouble::None;
                self.plan(now, place, 0, Step::Answer);
            } else if stalled || job.state == JobState::Held {
                job.released = true;
                job.state = JobState::Running;
                self.finish(now, place);
            } else {
                job.released = true;
                continue;
            }
            released += 1;
        }
        released
    }

    /// A message in answer to an interaction, still empty.
    fn answer_message(&mut self, now: Millis, interaction: &Interaction, first_answer: Option<Snowflake>) -> Message {
        let id = self.snowflake(now);
        let mut message = Message::new(id, interaction.channel, MIDJOURNEY);
        message.kind = if interaction.pressed().is_some() { kind::DEFAULT } else { kind::CHAT_INPUT_COMMAND };
        message.mentions = vec![interaction.user];
        message.origin = Some(interaction.origin(first_answer));
        message.nonce = interaction.nonce.clone().map(|nonce| (nonce, interaction.user));
        message
    }

    /// An embed that only the sender sees.
    fn notice(
        &mut self,
        now: Millis,
        interaction: &Interaction,
        reference: Option<Snowflake>,
        notice: Value,
        rows: Vec<Value>,
    ) -> Snowflake {
        let mut message = self.answer_message(now, interaction, None);
        let reference = reference.or_else(|| interaction.pressed());
        if reference.is_some() {
            message.kind = kind::REPLY;
        }
        message.reference = reference;
        message.flags = EPHEMERAL;
        message.reader = Some(interaction.user);
        message.mentions.clear();
        message.embeds = vec![notice];
        message.components = rows;
        self.post(now, message)
    }
}

/// Pixels of one cell: a quarter of a megapixel in the prompt's proportions, in steps of 16.
fn cell_size((across, down): (u32, u32)) -> (u32, u32) {
    let area = 512 * 512;
    let fit = |width: u32| (width, (width * down / across / 16 * 16).max(16));
    (8..=256).map(|step| fit(step * 16)).filter(|(_, height)| *height <= 4096).min_by_key(|(w, h)| (w * h).abs_diff(area)).unwrap_or((512, 512))
}

/// The prompt's words as they appear in file names.
fn words(text: &str) -> String {
    let mut words: String = text.chars().filter(|c| c.is_ascii_alphanumeric() || " .-_".contains(*c)).map(|c| if c == ' ' { '_' } else { c }).collect();
    words.truncate(60);
    words
}

/// How fast the bot says it works.
pub(super) fn mode_name(mode: Mode) -> &'static str {
    mode.name()
}
