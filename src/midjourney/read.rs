//! Reads the Midjourney bot's messages: what a message is, of which kind of job, how far it is.
//!
//! To which task a message belongs is not decided here. Whether it is a start, a progress or a final comes from its
//! own text, files and components, never from the order of messages.

mod answer;
mod form;
mod label;
mod line;

use mj_discord::{
    payload::{Attachment, Component, Message, Update},
    snowflake::UserId,
};

use self::line::{Lead, Line, Subject};
pub use self::{answer::Info, form::Form, line::Stage};
use crate::{
    application::Bot,
    button::{self, Press},
    job_id::JobId,
    refusal::{Outcome, Refusal, is_warning},
    task::{Mode, TaskButton},
};

/// How far a job is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Phase {
    /// Accepted; "(Waiting to start)" or 0 seconds old.
    Start,
    /// Under way.
    Progress,
    /// Held: the account has too much running.
    Paused,
    /// Cancelled; no picture comes.
    Stopped,
    /// The result.
    Final,
}

/// What a message is.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// A job's message in this phase; [`Reading::form`] tells which kind of job.
    Job(Phase),
    /// A first answer without a text of its own: "Animating...", "Displaying...", or a loading message.
    Placeholder,
    /// A notice; [`Reading::refusal`] has it.
    Refusal,
    /// The prompts for a picture, in [`Reading::texts`].
    Describe,
    /// The shorter prompts, in [`Reading::texts`].
    Shorten,
    /// The weights of a prompt's words.
    ShortenDetails,
    /// The account's plan and usage, in [`Reading::info`].
    Info,
    /// The settings panel.
    Settings,
    /// The answer to a favourite mark.
    Rated,
    /// A job's seed, from the bot's direct message.
    Seed(u32),
    /// Nothing that could be read is in it: a partial update, or `MESSAGE_CONTENT` is not granted.
    Empty,
    /// Some other text: the answer to a mode switch or to `/prefer`, or a form that is not known.
    Other,
}

/// What a message of the bot's says.
#[derive(Clone, Debug)]
pub struct Reading<'m> {
    /// Which bot wrote it; None for every other author, also when the message names none.
    pub bot: Option<Bot>,
    /// What it is.
    pub kind: Kind,
    /// Which kind of job; None when it speaks of none.
    pub form: Option<Form>,
    /// The prompt as echoed, untouched; empty for a blend without text.
    pub prompt: Option<&'m str>,
    /// The picture's number, 1 to 4, where the text has it.
    pub index: Option<u8>,
    /// Who is mentioned as acting; the interaction's metadata, where present, has precedence.
    pub user: Option<UserId>,
    /// 0 to 100, where the text has it.
    pub percent: Option<u8>,
    /// What the text says of the job's stage.
    pub stage: Option<Stage>,
    /// The speed, where the text has it.
    pub mode: Option<Mode>,
    /// Whether the job is in stealth.
    pub stealth: bool,
    /// The job's uuid, from its own `custom_id`s, file names or link; never from the prompt.
    pub job: Option<JobId>,
    /// The job of the message's Cancel button.
    pub cancel: Option<JobId>,
    /// The files: previews while under way, results when final.
    pub pictures: &'m [Attachment<'m>],
    /// The address of the picture that a describe result speaks of.
    pub source: Option<&'m str>,
    /// What can be pressed.
    pub buttons: Vec<TaskButton>,
    /// The notice.
    pub refusal: Option<Refusal>,
    /// Prompts of a describe or shorten result, in order.
    pub texts: Vec<&'m str>,
    /// Plan and usage.
    pub info: Option<Info<'m>>,
}

impl<'m> Reading<'m> {
    /// The half-done picture of a job under way.
    pub fn preview(&self) -> Option<&'m Attachment<'m>> {
        matches!(
            self.kind,
            Kind::Job(Phase::Start | Phase::Progress | Phase::Paused)
        )
        .then(|| self.pictures.last())?
    }

    /// Whether it has buttons that lead on from a result.
    pub fn has_result_buttons(&self) -> bool {
        self.buttons
            .iter()
            .any(|button| Press::read(&button.custom_id).is_result_button())
    }

    /// The phase of a job's message; None for every other message.
    pub fn phase(&self) -> Option<Phase> {
        if let Kind::Job(phase) = self.kind {
            Some(phase)
        } else {
            None
        }
    }
}

/// Reads one message of a channel; never fails, whatever it holds.
pub fn read<'m>(message: &'m Message<'_>) -> Reading<'m> {
    let content = message
        .content
        .value()
        .map_or("", |content| content.as_ref());
    let mut reading = blank(message);
    read_components(message, &mut reading);
    let line = Line::read(content);
    if let Some(line) = &line {
        read_job(line, message, &mut reading);
    }
    for embed in message.embeds.value().into_iter().flatten() {
        read_embed(embed, line.is_some(), &mut reading);
    }
    if reading.kind == Kind::Other {
        read_text(content, message, &mut reading);
    }
    reading
}

fn blank<'m>(message: &'m Message<'_>) -> Reading<'m> {
    let author = message.author.as_ref().map(|author| author.id.0);
    Reading {
        bot: author
            .or(message.application_id.map(|id| id.0))
            .and_then(Bot::of),
        kind: Kind::Other,
        form: None,
        prompt: None,
        index: None,
        user: None,
        percent: None,
        stage: None,
        mode: None,
        stealth: false,
        job: None,
        cancel: None,
        pictures: message.attachments.value().map_or(&[], Vec::as_slice),
        source: None,
        buttons: button::read_buttons(&message.components),
        refusal: None,
        texts: Vec::new(),
        info: None,
    }
}

/// The job's uuid by the order of trust: `custom_id`s, file names, the link button.
fn read_components<'m>(message: &'m Message<'_>, reading: &mut Reading<'m>) {
    let mut from_link = None;
    let mut visit = |component: &'m Component<'_>| {
        if let Some(custom_id) = component.custom_id.as_deref() {
            let job = button::job_of(custom_id);
            if Press::read(custom_id) == Press::Cancel {
                reading.cancel = reading.cancel.or(job);
            }
            reading.job = reading.job.or(job);
        }
        if let Some(url) = component.url.as_deref() {
            from_link = from_link.or_else(|| JobId::last_in(url));
        }
    };
    if let Some(components) = message.components.value() {
        button::each_component(components, &mut visit);
    }
    let from_file = || {
        reading
            .pictures
            .iter()
            .find_map(|picture| JobId::last_in(&picture.filename))
    };
    reading.job = reading.job.or_else(from_file).or(from_link);
}

fn read_job<'m>(line: &Line<'m>, message: &Message<'_>, reading: &mut Reading<'m>) {
    reading.prompt = Some(line.prompt);
    reading.index = line.index;
    reading.user = line.user;
    reading.percent = line.tail.percent;
    reading.stage = line.tail.stage;
    reading.mode = line.tail.mode;
    reading.stealth = line.tail.stealth;
    reading.job = reading.job.or(line.tail.link);
    reading.form = Some(form::of(line, reading));
    reading.kind = Kind::Job(phase(line, message, reading));
}

fn phase(line: &Line<'_>, message: &Message<'_>, reading: &Reading<'_>) -> Phase {
    let results = reading.has_result_buttons();
    match line.tail.stage {
        Some(Stage::Stopped) => return Phase::Stopped,
        Some(Stage::Paused) => return Phase::Paused,
        Some(Stage::WaitingToStart) => return Phase::Start,
        None => {}
    }
    if line.tail.percent.is_some() {
        return if line.tail.percent == Some(100) && results {
            Phase::Final
        } else {
            Phase::Progress
        };
    }
    if line.lead != Lead::None {
        return Phase::Start;
    }
    let working = matches!(line.subject, Subject::By { words, .. } if words.ends_with("ing"));
    // Where only the text is known, no sign of work means done; a whole message must also show a result.
    let bare = message.attachments.is_given() && reading.pictures.is_empty();
    if working || (!results && (bare || reading.cancel.is_some())) {
        Phase::Progress
    } else {
        Phase::Final
    }
}

fn read_embed<'m>(
    embed: &'m mj_discord::payload::Embed<'_>,
    is_job: bool,
    reading: &mut Reading<'m>,
) {
    let text = embed.description.as_deref().unwrap_or_default();
    if !is_job && read_answer(text, reading) {
        reading.source = embed.image.as_ref().and_then(|image| image.url.as_deref());
        return;
    }
    if let Some(refusal) = Refusal::of_embed(embed) {
        let is_done = reading.kind == Kind::Job(Phase::Final) && reading.has_result_buttons();
        if is_job && (is_done || refusal.outcome == Outcome::Waits || is_warning(embed)) {
            reading.refusal = Some(refusal.of_a_job_that_goes_on());
        } else {
            reading.kind = Kind::Refusal;
            reading.refusal = Some(refusal);
        }
    }
}

/// Reads describe, shorten and info from an embed or from plain text.
fn read_answer<'m>(text: &'m str, reading: &mut Reading<'m>) -> bool {
    if let Some((kind, texts)) = answer::numbered(text) {
        reading.kind = match kind {
            answer::Numbered::Describe => Kind::Describe,
            answer::Numbered::Shorten => Kind::Shorten,
            answer::Numbered::ShortenDetails => Kind::ShortenDetails,
        };
        reading.texts = texts;
        return true;
    }
    reading.info = Info::read(text);
    if reading.info.is_some() {
        reading.kind = Kind::Info;
    }
    reading.info.is_some()
}

fn read_text<'m>(content: &'m str, message: &Message<'_>, reading: &mut Reading<'m>) {
    if answer::is_rating(content) {
        reading.kind = Kind::Rated;
        reading.job = JobId::last_in(content);
    } else if let Some((job, seed)) = answer::seed(content) {
        reading.kind = Kind::Seed(seed);
        reading.job = Some(job);
    } else if reading
        .buttons
        .iter()
        .any(|button| matches!(Press::read(&button.custom_id), Press::Setting(_)))
    {
        reading.kind = Kind::Settings;
    } else if read_answer(content, reading) {
    } else if let Some(refusal) = Refusal::of_content(content) {
        reading.kind = Kind::Refusal;
        reading.refusal = Some(refusal);
    } else if is_placeholder(content, message) {
        reading.kind = Kind::Placeholder;
    } else if content.is_empty() && reading.pictures.is_empty() && !has_items(&message.embeds) {
        reading.kind = if has_items(&message.components) {
            Kind::Other
        } else {
            Kind::Empty
        };
    }
}

/// "Animating...", "Displaying..." and what else of that shape; or Discord's "is thinking".
fn is_placeholder(content: &str, message: &Message<'_>) -> bool {
    const LOADING: u64 = 1 << 7;
    const LONGEST: usize = 60;
    let words = content
        .trim()
        .strip_suffix("...")
        .or_else(|| content.trim().strip_suffix('…'));
    let shaped = words.is_some_and(|words| {
        words.len() <= LONGEST
            && words.starts_with(|letter: char| letter.is_ascii_uppercase())
            && words
                .split(' ')
                .next()
                .is_some_and(|verb| verb.ends_with("ing"))
    });
    shaped || (content.is_empty() && message.flags.is_some_and(|flags| flags & LOADING != 0))
}

fn has_items<T>(list: &Update<Vec<T>>) -> bool {
    list.value().is_some_and(|list| !list.is_empty())
}
