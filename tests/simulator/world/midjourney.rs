//! The Midjourney bot: it answers interactions with jobs, and jobs with messages, at its own pace.

mod account;
mod answer;
mod button;
mod course;
mod describe;
mod expand;
mod inpaint;
mod job_kind;
mod jobs;
mod modal;
mod press;
mod prompt;
mod refusal;
mod rewrite;
mod settings;
mod shorten;
mod show;
mod version;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use self::account::Accounts;
pub(super) use self::answer::Later;
use self::answer::Source;
use self::inpaint::Frame;
pub(super) use self::inpaint::{Mask, is_submission};
use self::job_kind::JobKind;
use self::jobs::Jobs;
pub(super) use self::modal::{INPUT_LIMIT, Modal};
use self::prompt::{Mode, Prompt, Rejection};
pub(super) use self::refusal::{Asked, Trouble};
use self::refusal::{RED, YELLOW, embed};
use self::settings::AccountSettings;
use super::World;
use super::agenda::Event;
use super::dispatch::Change;
use super::interaction::{Interaction, What};
use super::message::{EPHEMERAL, Message, kind};
use crate::random::digest;
use crate::snowflake::{Millis, Snowflake};

/// A job's tokens live so long at Midjourney's pace: 15 minutes.
const TOKEN_LIFE: u64 = 900_000;
/// From this progress on the preview is attached.
const PREVIEW_FROM: u8 = 35;
/// Refusals that are kept because they can be answered.
const NOTICE_LIMIT: usize = 1_000;
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
    Pause(u8),
    Progress(u8),
    Stop,
    Vanish,
}

/// A job that somebody asked for.
#[derive(Clone, Debug)]
struct Order {
    kind: JobKind,
    prompt: Prompt,
    /// Whose cells the picture shows.
    scene: String,
    cell: Option<u8>,
    trouble: Trouble,
    /// The prompt came out of a modal.
    remix: bool,
    /// The message that its answers reply to: the pressed one.
    reply: Option<Snowflake>,
    mask: Option<Mask>,
    /// The sender was told already that the interaction succeeded.
    acknowledged: bool,
}

impl Order {
    fn new(
        interaction: &Interaction,
        kind: JobKind,
        prompt: Prompt,
        scene: String,
        trouble: Trouble,
    ) -> Self {
        Self {
            kind,
            prompt,
            scene,
            cell: None,
            trouble,
            remix: false,
            reply: interaction.pressed(),
            mask: None,
            acknowledged: false,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) id: String,
    pub(super) kind: JobKind,
    pub(super) interaction: Interaction,
    pub(super) prompt: Prompt,
    pub(super) state: JobState,
    trouble: Trouble,
    scene: String,
    cell: Option<u8>,
    remix: bool,
    reply: Option<Snowflake>,
    pub(super) mask: Option<Mask>,
    acknowledged: bool,
    released: bool,
    pub(super) first_answer: Option<Snowflake>,
    pub(super) progress_message: Option<Snowflake>,
    pub(super) final_message: Option<Snowflake>,
    pub(super) picture_path: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct Midjourney {
    pub(super) jobs: Jobs,
    /// Jobs of each user that have not ended, in order of acceptance.
    open: BTreeMap<Snowflake, Vec<usize>>,
    /// Forms that were shown, by the interaction that opened them.
    pub(super) modals: BTreeMap<Snowflake, Modal>,
    /// Editors that were opened, by their token.
    frames: BTreeMap<String, Frame>,
    /// Refusals that can be answered, and the refused job.
    notices: BTreeMap<Snowflake, usize>,
    settings: BTreeMap<Snowflake, AccountSettings>,
    accounts: Accounts,
    /// What answers were made from.
    sources: BTreeMap<Snowflake, Source>,
}

impl Midjourney {
    fn active(&self, user: Snowflake, state: JobState) -> usize {
        let open = self.open.get(&user).into_iter().flatten();
        open.filter(|place| self.jobs[**place].state == state && self.jobs[**place].takes_slot())
            .count()
    }

    pub(super) fn place(&self, id: &str) -> Option<usize> {
        self.jobs.place(id)
    }
}

impl Job {
    /// Cutting out what exists takes no slot.
    fn takes_slot(&self) -> bool {
        !self.kind.is_cut()
    }

    /// The kind of a job out of this one: a reroll of videos makes videos again.
    fn repeated(&self, kind: JobKind) -> JobKind {
        if kind == JobKind::Reroll && self.kind.is_video() {
            self.kind
        } else {
            kind
        }
    }

    /// The same job once more, without the trouble.
    fn order(&self) -> Order {
        Order {
            kind: self.kind,
            prompt: self.prompt.clone(),
            scene: self.scene.clone(),
            cell: self.cell,
            trouble: Trouble::None,
            remix: self.remix,
            reply: self.reply,
            mask: self.mask.clone(),
            acknowledged: true,
        }
    }

    /// The command as an error's footer repeats it.
    fn footer(&self) -> String {
        match &self.interaction.what {
            What::Command { name, prompt } => format!("/{name} {prompt}"),
            What::Press { .. } | What::Submit { .. } => {
                format!("/imagine {}", self.prompt.echo)
            }
        }
    }

    fn mention(&self) -> String {
        format!("<@{}>", self.interaction.user)
    }

    fn start_text(&self) -> String {
        let (echo, mention) = (self.prompt.opening(), self.mention());
        let body = format!("**{echo}** - {mention} (Waiting to start)");
        match self.kind {
            JobKind::Animate(_) | JobKind::Extend(_) => {
                format!("Creating video with prompt {body}")
            }
            JobKind::Upscale(index) => format!("Upscaling image #{index} with {body}"),
            JobKind::UpscaleHd { .. } => format!("Upscaling image #1 with {body}"),
            JobKind::Variation(index) => {
                format!("Making variations for image #{index} with prompt {body}")
            }
            JobKind::Vary(_) => format!("Making variations for image #1 with prompt {body}"),
            JobKind::Imagine
            | JobKind::Pan(_)
            | JobKind::Reroll
            | JobKind::VideoUpscale(_)
            | JobKind::Zoom { .. } => body,
        }
    }

    fn by(&self, verb: Option<String>) -> String {
        let verb = verb.map_or_else(String::new, |verb| format!("{verb} by "));
        format!("**{}** - {verb}{}", self.prompt.echo, self.mention())
    }

    /// The seed of the noise it started from: the prompt's, else one that follows from the picture.
    pub(super) fn seed(&self) -> u64 {
        let own = self.prompt.seed;
        own.unwrap_or_else(|| digest(&self.scene) & 0xffff_ffff)
    }

    fn progress_text(&self, percent: u8) -> String {
        let mut running = self.clone();
        self.prompt.opening().clone_into(&mut running.prompt.echo);
        format!(
            "{} ({percent}%) ({})",
            running.by(self.kind.progress_verb(self.remix)),
            self.prompt.tail()
        )
    }
}

impl World {
    /// An interaction that Discord accepted; false when the bot has no answer to it.
    pub(super) fn receive_interaction(&mut self, now: Millis, interaction: &Interaction) -> bool {
        if let Some(answered) = self.receive_service(now, interaction) {
            return answered;
        }
        match &interaction.what {
            What::Command {
                name: "imagine",
                prompt,
            } => self.receive_imagine(now, interaction, prompt),
            What::Command { .. } => false,
            What::Press { custom_id, .. } => self.receive_press(now, interaction, custom_id),
            What::Submit { .. } => self.receive_submit(now, interaction),
        }
    }

    fn receive_imagine(&mut self, now: Millis, interaction: &Interaction, typed: &str) -> bool {
        let trouble = self.trouble_of(now, interaction, typed, Asked::Command);
        if trouble == Trouble::Failure {
            return false;
        }
        let prompts = match self.read_prompts(now, interaction, typed) {
            Ok(prompts) => prompts,
            Err(rejection) => {
                self.refuse(now, interaction, rejection.title, &rejection.description);
                return true;
            }
        };
        let mut interaction = interaction.clone();
        for prompt in prompts {
            let scene = self.random.uuid();
            let (kind, prompt) = rewrite::of_command(prompt);
            let order = Order::new(&interaction, kind, prompt, scene, trouble);
            self.add_job(now, &interaction, order);
            // Only the first answer is the interaction's own.
            interaction.nonce = None;
        }
        true
    }

    /// The prompts that one stands for: permutations and repeats, none of which the account may not run.
    fn read_prompts(
        &self,
        now: Millis,
        interaction: &Interaction,
        typed: &str,
    ) -> Result<Vec<Prompt>, Rejection> {
        let too_many = || Rejection {
            title: "Invalid parameter",
            description: "Too many jobs at once.".into(),
        };
        let defaults = self.defaults_of(interaction);
        let mut prompts = Vec::new();
        for typed in expand::permutations(typed).ok_or_else(too_many)? {
            let prompt = prompt::read_with(&typed, &defaults)?;
            if prompt.pictures.iter().any(|link| !self.reaches(now, link)) {
                return Err(Rejection {
                    title: "Invalid link",
                    description: "Could not fetch an image from the given link.".into(),
                });
            }
            if prompt.mode != Mode::Relaxed && self.fast_hours_left(interaction.user) <= 0.0 {
                return Err(Rejection {
                    title: "Credits exhausted",
                    description: "You have no fast hours left. Use /relax, or buy more.".into(),
                });
            }
            let times = usize::try_from(prompt.repeat).unwrap_or(1);
            prompts.extend(std::iter::repeat_n(prompt, times));
        }
        if prompts.len() > expand::LIMIT {
            return Err(too_many());
        }
        Ok(prompts)
    }

    fn add_job(&mut self, now: Millis, interaction: &Interaction, order: Order) -> usize {
        // A new picture is its own scene; an upscale has an id of its own beside its parent's scene.
        let id = if order.kind.keeps_scene() {
            self.random.uuid()
        } else {
            order.scene.clone()
        };
        let (kind, trouble) = (order.kind, order.trouble);
        let place = self.midjourney.jobs.push(Job {
            id,
            kind,
            interaction: interaction.clone(),
            prompt: order.prompt,
            state: JobState::Accepted,
            trouble,
            scene: order.scene,
            cell: order.cell,
            remix: order.remix,
            reply: order.reply,
            mask: order.mask,
            acknowledged: order.acknowledged,
            released: false,
            first_answer: None,
            progress_message: None,
            final_message: None,
            picture_path: None,
        });
        self.midjourney
            .open
            .entry(interaction.user)
            .or_default()
            .push(place);
        self.record.job_of(interaction.id, place);
        // A job can go once the message with its buttons is gone.
        let messages = &self.messages;
        self.midjourney.jobs.forget(self.behaviour.history, |job| {
            job.final_message
                .is_none_or(|id| !messages.contains_key(&id))
        });
        if trouble != Trouble::Silent {
            let wait = if kind.keeps_scene() {
                self.random.between(100, 300)
            } else {
                self.random.between(400, 900)
            };
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
        let Some(state) = self.midjourney.jobs.get(job).map(|job| job.state) else {
            return;
        };
        match (step, state) {
            (Step::Answer, JobState::Accepted) => self.answer(now, job),
            (Step::Progress(percent), JobState::Running) => self.show_progress(now, job, percent),
            (Step::Final, JobState::Running) => self.finish_or_hold(now, job),
            (Step::Fail, JobState::Running) => self.fail(now, job),
            (Step::Pause(percent), JobState::Running) => self.show_pause(now, job, percent),
            (Step::Stop, JobState::Running) => {
                self.stop_progress(now, job);
                self.end(now, job, JobState::Failed);
            }
            (Step::Vanish, JobState::Running) => {
                self.delete_progress(now, job);
                self.end(now, job, JobState::Failed);
            }
            (Step::DeleteProgress, _) => self.delete_progress(now, job),
            // A job that was cancelled meanwhile has nothing left to do.
            (
                Step::Answer
                | Step::Fail
                | Step::Final
                | Step::Pause(_)
                | Step::Progress(_)
                | Step::Stop
                | Step::Vanish,
                _,
            ) => {}
        }
    }

    fn answer(&mut self, now: Millis, place: usize) {
        let job = &self.midjourney.jobs[place];
        let (interaction, footer, trouble) = (job.interaction.clone(), job.footer(), job.trouble);
        if !trouble.is_refusal() {
            return self.queue_or_start(now, place, &footer);
        }
        if let Some(notice) = self.turn_away(now, &interaction, trouble, &footer) {
            self.midjourney.notices.insert(notice, place);
            while self.midjourney.notices.len() > NOTICE_LIMIT {
                self.midjourney.notices.pop_first();
            }
        }
        self.end(now, place, JobState::Refused);
    }

    /// Says no; gives the notice, when there is one that can be answered.
    fn turn_away(
        &mut self,
        now: Millis,
        interaction: &Interaction,
        trouble: Trouble,
        command: &str,
    ) -> Option<Snowflake> {
        match trouble {
            Trouble::Captcha => {
                let token = self.random.token(80);
                let title = "Action required to continue";
                self.open_frame(now, interaction, &token, title, "/captcha");
                self.record.refused(interaction.id, title);
                return None;
            }
            Trouble::Plain(_) | Trouble::Refused(..) => {
                self.tell_sender(now, interaction, "INTERACTION_SUCCESS", &json!({}));
            }
            Trouble::Fails(_)
            | Trouble::Failure
            | Trouble::Hold
            | Trouble::None
            | Trouble::Paused
            | Trouble::Silent
            | Trouble::Slow
            | Trouble::Stall
            | Trouble::Stopped
            | Trouble::Vanish => return None,
        }
        if let Trouble::Refused(refusal, seconds) = trouble {
            let (notice, rows) = refusal.render(now, seconds, command);
            self.record.refused(interaction.id, refusal.title);
            return Some(self.notice(now, interaction, None, notice, rows));
        }
        if let Trouble::Plain(text) = trouble {
            let mut message = self.answer_message(now, interaction, None);
            message.content = text.replace("{command}", command);
            message.flags = EPHEMERAL;
            message.reader = Some(interaction.user);
            if let Some(pressed) = interaction.pressed() {
                message.kind = kind::REPLY;
                message.reference = Some(pressed);
            }
            self.record.refused(interaction.id, "plain text");
            self.post(now, message);
        }
        None
    }

    fn queue_or_start(&mut self, now: Millis, place: usize, footer: &str) {
        let job = &self.midjourney.jobs[place];
        let (user, interaction) = (job.interaction.user, job.interaction.clone());
        let running = self.midjourney.active(user, JobState::Running)
            + self.midjourney.active(user, JobState::Held);
        if !job.takes_slot() || running < self.behaviour.concurrency {
            return self.start(now, place);
        }
        self.acknowledge(now, place);
        if self.midjourney.active(user, JobState::Queued) >= self.behaviour.queue_size {
            let notice = embed(
                "Queue full",
                "Your job queue is full. Please wait for a job to finish first, then resubmit this one.",
                RED,
                Some(footer),
            );
            self.notice(now, &interaction, None, notice, Vec::new());
            return self.end(now, place, JobState::Refused);
        }
        let notice = embed(
            "Job queued",
            "You have reached the maximum allowed number of concurrent jobs. Don't worry, this job will start as soon as another one finishes!",
            YELLOW,
            Some(footer),
        );
        let message = self.notice(now, &interaction, None, notice, Vec::new());
        let job = &mut self.midjourney.jobs[place];
        job.first_answer = Some(message);
        job.state = JobState::Queued;
    }

    /// `INTERACTION_SUCCESS`, once.
    fn acknowledge(&mut self, now: Millis, place: usize) {
        let job = &mut self.midjourney.jobs[place];
        if !std::mem::replace(&mut job.acknowledged, true) {
            let interaction = job.interaction.clone();
            self.tell_sender(now, &interaction, "INTERACTION_SUCCESS", &json!({}));
        }
    }

    /// The ❌ reaction of a job's owner: a running job stops, its message goes.
    pub(super) fn cross_out(&mut self, now: Millis, user: Snowflake, message: Snowflake) {
        let owned = |job: &Job| {
            job.interaction.user == user
                && (job.progress_message == Some(message) || job.final_message == Some(message))
        };
        let Some(place) = self.midjourney.jobs.position(owned) else {
            return;
        };
        if matches!(
            self.midjourney.jobs[place].state,
            JobState::Held | JobState::Running
        ) {
            self.end(now, place, JobState::Cancelled);
        }
        self.announce(now, message, Change::Delete);
    }

    /// The pressed button changes its style from 2 to 1.
    pub(super) fn mark_pressed(&mut self, now: Millis, id: Snowflake, custom_id: &str) {
        let Some(message) = self.messages.get_mut(&id) else {
            return;
        };
        if message.restyle(custom_id, 1) {
            message.edited = Some(now);
            self.announce(now, id, Change::Update);
        }
    }

    /// Lets held and stalled jobs go on; which ones: a job's id, or all. Gives their number.
    pub(super) fn release(&mut self, now: Millis, id: Option<&str>) -> usize {
        let mut released = 0;
        for place in self.midjourney.jobs.places() {
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
    fn answer_message(
        &mut self,
        now: Millis,
        interaction: &Interaction,
        first_answer: Option<Snowflake>,
    ) -> Message {
        let id = self.snowflake(now);
        let mut message = Message::new(id, interaction.channel, interaction.application);
        message.kind = if interaction.pressed().is_some() {
            kind::DEFAULT
        } else {
            kind::CHAT_INPUT_COMMAND
        };
        message.mentions = vec![interaction.user];
        message.origin = Some(interaction.origin(first_answer));
        message.nonce = interaction
            .nonce
            .clone()
            .map(|nonce| (nonce, interaction.user));
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

/// How fast the bot says it works.
pub(super) fn mode_name(mode: Mode) -> &'static str {
    mode.name()
}
