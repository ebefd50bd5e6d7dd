//! A task: what PHP asked for, how far it is, and what the engine must remember to finish it.
//!
//! [`TaskView`] is what PHP sees, [`Work`] what only the owner needs. Who may change a status is in `transition`.

use std::{borrow::Cow, fmt, str::FromStr, time::Duration};

use mj_discord::{
    UnixMs,
    snowflake::{ApplicationId, ChannelId, GuildId, InteractionId, MessageId, Nonce, UserId},
};
use serde::{Deserialize, Serialize};

use crate::{application::CommandName, config::HubId, prompt, refusal::FailCode};

/// A task's id: 26 characters of `[0-9A-Z]`, ordered by time.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TaskId([u8; 26]);

impl TaskId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Text that is not a task id: not 26 characters of `[0-9A-Z]`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a task id: 26 characters of 0-9 and A-Z are expected")]
pub struct InvalidTaskId;

impl FromStr for TaskId {
    type Err = InvalidTaskId;

    fn from_str(text: &str) -> Result<Self, InvalidTaskId> {
        let bytes: [u8; 26] = text.as_bytes().try_into().map_err(|_| InvalidTaskId)?;
        if bytes
            .iter()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
        {
            Ok(Self(bytes))
        } else {
            Err(InvalidTaskId)
        }
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskId({})", self.as_str())
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for TaskId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for TaskId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl serde::de::Visitor<'_> for Visitor {
            type Value = TaskId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a task id")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<TaskId, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Visitor)
    }
}

/// Where a task is, in the words of midjourney-proxy.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Waiting in our queue.
    #[default]
    NotStart,
    /// Being sent, or sent and not yet seen.
    Submitted,
    /// Waiting for a modal.
    Modal,
    /// Midjourney works on it.
    InProgress,
    /// The picture is there.
    Success,
    /// It ended without one.
    Failure,
    /// It was cancelled.
    Cancel,
}

impl Status {
    /// All of them, in the order in which a task can pass through them.
    pub const ALL: [Self; 7] = [
        Self::NotStart,
        Self::Submitted,
        Self::Modal,
        Self::InProgress,
        Self::Success,
        Self::Failure,
        Self::Cancel,
    ];

    /// As PHP sees it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotStart => "NOT_START",
            Self::Submitted => "SUBMITTED",
            Self::Modal => "MODAL",
            Self::InProgress => "IN_PROGRESS",
            Self::Success => "SUCCESS",
            Self::Failure => "FAILURE",
            Self::Cancel => "CANCEL",
        }
    }

    /// Whether nothing more is expected.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Success | Self::Failure | Self::Cancel)
    }
}

/// What kind of work a task is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Action {
    /// A prompt.
    Imagine,
    /// U1 to U4.
    Upscale,
    /// V1 to V4.
    Variation,
    /// The grid once more.
    Reroll,
    /// Any other button; `work.press` tells which.
    Action,
    /// Two to five pictures into one.
    Blend,
    /// A command that makes no picture: info, settings, a mode switch.
    Command,
    /// Prompts for a picture.
    Describe,
    /// Midjourney's own seed of a job.
    Seed,
    /// Shorter prompts for a prompt.
    Shorten,
    /// A job brought back by its uuid.
    Show,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Imagine,
        Self::Upscale,
        Self::Variation,
        Self::Reroll,
        Self::Action,
        Self::Blend,
        Self::Command,
        Self::Describe,
        Self::Seed,
        Self::Shorten,
        Self::Show,
    ];

    /// As PHP sees it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Imagine => "IMAGINE",
            Self::Upscale => "UPSCALE",
            Self::Variation => "VARIATION",
            Self::Reroll => "REROLL",
            Self::Action => "ACTION",
            Self::Blend => "BLEND",
            Self::Command => "COMMAND",
            Self::Describe => "DESCRIBE",
            Self::Seed => "SEED",
            Self::Shorten => "SHORTEN",
            Self::Show => "SHOW",
        }
    }
}

/// At which speed Midjourney works.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// `--fast`.
    Fast,
    /// `--relax`.
    Relax,
    /// `--turbo`.
    Turbo,
}

impl Mode {
    /// As PHP sees it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Relax => "relax",
            Self::Turbo => "turbo",
        }
    }
}

/// A finished picture.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Image {
    /// Discord's own address, signed. What PHP is shown has the image domain in place of the host.
    pub url: String,
    /// In pixels.
    pub width: Option<u32>,
    /// In pixels.
    pub height: Option<u32>,
    /// In bytes.
    pub size: u64,
    /// Media type.
    pub content_type: Option<String>,
    /// When the address stops working.
    pub expires_at: Option<UnixMs>,
    /// The file's name.
    pub filename: String,
    /// Where the archive keeps it: a path, or an `s3://` address; none while it does not.
    #[serde(default)]
    pub file: Option<String>,
}

/// A button that a finished task offers.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct TaskButton {
    /// Our name for it, when it has one.
    pub action: Option<String>,
    /// What a press sends.
    pub custom_id: String,
    /// Its words.
    pub label: Option<String>,
    /// Its sign.
    pub emoji: Option<String>,
    /// Discord's button style, 1 to 4; 0 for a menu.
    pub style: u8,
    /// What a menu offers; empty for a button.
    #[serde(default)]
    pub choices: Vec<Choice>,
}

/// An entry of a menu.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Choice {
    /// What choosing it sends.
    pub value: String,
    /// Its words.
    pub label: String,
    /// Whether it is the one that holds.
    pub selected: bool,
}

/// What holds a task up, or what it waits for, within its status.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// A person must act in Discord: Midjourney's moderators stopped it.
    Moderated,
    /// Midjourney holds it: the account has too much under way.
    Paused,
    /// Midjourney queued it behind the account's other jobs.
    Queued,
    /// It was cancelled at Midjourney.
    Stopped,
    /// Its pictures are being fetched or uploaded.
    Uploading,
    /// Midjourney took it and has not begun.
    WaitingToStart,
    /// It was refused for now, as by a full queue or a rate limit; we send it again at `not_before`.
    WaitingToRetry,
}

impl Stage {
    /// All of them, in the order by which stores number them: a new one goes last.
    pub const ALL: [Self; 7] = [
        Self::Moderated,
        Self::Paused,
        Self::Queued,
        Self::Stopped,
        Self::Uploading,
        Self::WaitingToStart,
        Self::WaitingToRetry,
    ];

    /// As PHP sees it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Moderated => "moderated",
            Self::Paused => "paused",
            Self::Queued => "queued",
            Self::Stopped => "stopped",
            Self::Uploading => "uploading",
            Self::WaitingToStart => "waiting to start",
            Self::WaitingToRetry => "waiting to retry",
        }
    }
}

/// A prompt of a describe or shorten result, or a field of an info or settings panel.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Text {
    /// The field's name, in `snake_case`; none for a prompt.
    pub name: Option<String>,
    /// The prompt, or the field's value.
    pub text: String,
}

/// What PHP sees of a task.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct TaskView {
    /// Its id.
    pub id: TaskId,
    /// Counts its changes, from 1.
    pub revision: u64,
    /// What kind of work.
    pub action: Action,
    /// Where it is.
    pub status: Status,
    /// 0 to 100.
    pub progress: u8,
    /// As PHP gave it.
    pub prompt: String,
    /// As Midjourney echoed it, without our seed tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_prompt: Option<String>,
    /// The task whose button was pressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<TaskId>,
    /// The group of which it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_id: Option<TaskId>,
    /// The account that works, once chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The speed, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// The half-done picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview_url: Option<String>,
    /// The finished pictures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Image>,
    /// What it offers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<TaskButton>,
    /// Why it ended without a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_code: Option<FailCode>,
    /// Midjourney's or our words for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_reason: Option<String>,
    /// Whether the caller may sensibly try again.
    pub retryable: bool,
    /// Whether the picture came after the task had ended without one.
    pub late: bool,
    /// The message with the result, or with the progress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
    /// Midjourney's id of the job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_id: Option<String>,
    /// The seed, ours or the caller's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u32>,
    /// The caller's own words, given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// When it was made.
    pub created_at: UnixMs,
    /// When the interaction was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_at: Option<UnixMs>,
    /// When Midjourney began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<UnixMs>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<UnixMs>,
    /// What it waits for within its status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// When it will probably end, from its account's earlier tasks of the kind; none where there are too few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_at: Option<UnixMs>,
    /// The prompts of a describe or shorten result, the fields of an info or settings panel.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<Text>,
    /// What the caller should know and what stops nothing: parameters that were passed on unknown, warnings, and why
    /// moderators hold it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Not sent again before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<UnixMs>,
}

impl TaskView {
    /// A task that waits, at its first revision, with nothing else known of it.
    pub fn new(id: TaskId, action: Action, prompt: String, created_at: UnixMs) -> Self {
        Self {
            id,
            revision: 1,
            action,
            status: Status::NotStart,
            progress: 0,
            prompt,
            final_prompt: None,
            parent_id: None,
            group_id: None,
            account: None,
            mode: None,
            preview_url: None,
            images: Vec::new(),
            buttons: Vec::new(),
            fail_code: None,
            fail_reason: None,
            retryable: false,
            late: false,
            message_id: None,
            job_id: None,
            seed: None,
            state: None,
            created_at,
            submitted_at: None,
            started_at: None,
            finished_at: None,
            stage: None,
            estimated_at: None,
            texts: Vec::new(),
            notes: Vec::new(),
            not_before: None,
        }
    }
}

/// A button that a task presses.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PressRequest {
    /// The message that has it.
    pub message_id: MessageId,
    /// `flags` of that message, as an interaction must repeat them.
    pub message_flags: u64,
    /// What a press sends.
    pub custom_id: String,
    /// What is chosen from a menu; empty for a button.
    #[serde(default)]
    pub values: Vec<String>,
}

/// Which slash command a task uses that presses no button.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// `/imagine` with `sent_prompt`, and `pictures` in front of it.
    #[default]
    Imagine,
    /// `/blend` of `pictures`.
    Blend {
        /// `--ar 2:3`, `--ar 1:1` or `--ar 3:2`; Midjourney's own choice when none.
        dimensions: Option<String>,
    },
    /// `/describe` of the one picture in `pictures`.
    Describe,
    /// A command without options: `/info`, `/settings`, a mode switch.
    Plain {
        /// Which.
        name: CommandName,
        /// Its sub-command, as `remix` of `/prefer`.
        subcommand: Option<String>,
    },
    /// Midjourney's own seed: `/show` in the bot's direct messages, then the envelope.
    Seed {
        /// The job.
        job_id: String,
    },
    /// `/shorten` with `sent_prompt`.
    Shorten,
    /// `/show`.
    Show {
        /// The job.
        job_id: String,
    },
}

/// A picture that goes along with a command.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Picture {
    /// Where it comes from.
    pub source: PictureSource,
    /// The parameter that its link stands behind, as `cref`; none for an image prompt, whose link stands in front of
    /// the text.
    #[serde(default)]
    pub parameter: Option<String>,
    /// How Discord named the upload, once its bytes are there.
    #[serde(default)]
    pub uploaded_filename: Option<String>,
    /// Its address, once Midjourney can fetch it: as given, or of the upload's message.
    #[serde(default)]
    pub link: Option<String>,
}

impl Picture {
    /// An image prompt, or a command's picture, that has not been fetched or uploaded yet.
    pub fn new(source: PictureSource) -> Self {
        Self {
            source,
            parameter: None,
            uploaded_filename: None,
            link: None,
        }
    }

    /// Where Midjourney can fetch it; none as long as there is no such place.
    pub fn address(&self) -> Option<&str> {
        match &self.source {
            PictureSource::Link(url) => Some(self.link.as_deref().unwrap_or(url)),
            PictureSource::Fetch(_) | PictureSource::Stored(_) => self.link.as_deref(),
        }
    }
}

/// Where a picture comes from.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PictureSource {
    /// An address that Midjourney fetches itself.
    Link(String),
    /// An address that we fetch, and then upload.
    Fetch(String),
    /// Bytes that lie in the state directory.
    Stored(StoredFile),
}

/// A file that the engine keeps for tasks below its state directory.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct StoredFile {
    /// Its name there: 32 hexadecimal digits and an extension; unique, so that it also tells an upload from others.
    pub name: String,
    /// Media type, told by its own first bytes.
    pub content_type: String,
    /// In bytes.
    pub size: u64,
}

/// A form, or the editor of Vary (Region), that a press opened and that waits for our answer.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct OpenForm {
    /// What its answer must name; none for the editor, whose token is in `custom_id`.
    pub id: Option<InteractionId>,
    /// What its answer must name, too.
    pub custom_id: String,
    /// Its inputs by their `custom_id`s, with the texts that are sent.
    pub fields: Vec<(String, String)>,
    /// When it was opened.
    pub opened_at: UnixMs,
    /// The nonce of the attempt that answers it; none as long as nothing was sent.
    pub sent_as: Option<Nonce>,
    /// How many of the editor's addresses said that they do not exist.
    #[serde(default)]
    pub missing: u8,
}

/// One time that an interaction was, or may have been, sent.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Attempt {
    /// Registered before the POST.
    pub nonce: Nonce,
    /// When it became durable, by Discord's clock.
    pub at: UnixMs,
    /// Whether `at` is by this machine's clock, since its owner had not heard from Discord yet.
    #[serde(default)]
    pub undated: bool,
    /// The owner that sent it.
    pub epoch: u64,
    /// What is known of it.
    pub state: AttemptState,
    /// What Discord called it.
    pub interaction_id: Option<InteractionId>,
    /// When its request had ended for certain: answered, or its socket closed.
    #[serde(default)]
    pub ended_at: Option<UnixMs>,
    /// The gateway session of the task's own account that was live when it was sent.
    #[serde(default)]
    pub own_session: Option<String>,
}

impl Attempt {
    /// How wrong a machine's clock is taken to be at most.
    const CLOCK_ERROR: Duration = Duration::from_secs(10 * 60);

    /// The earliest that it can have been made, by Discord's clock.
    pub fn earliest(&self) -> UnixMs {
        if self.undated {
            self.at.minus(Self::CLOCK_ERROR)
        } else {
            self.at
        }
    }

    /// The latest.
    pub fn latest(&self) -> UnixMs {
        if self.undated {
            self.at.plus(Self::CLOCK_ERROR)
        } else {
            self.at
        }
    }
}

/// What is known of an attempt.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptState {
    /// The POST may be under way: after a crash this is in doubt.
    Sending,
    /// Discord answered 204, or a message proves it.
    Accepted,
    /// Discord said no, or the body never went out.
    Refused,
    /// Searched for and not found, with a dead owner: see DESIGN.md, section 6.
    Absent,
    /// The answer was lost; it is being searched for.
    InDoubt,
}

/// What the owner remembers of a task; PHP never sees it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Work {
    /// The application that is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application_id: Option<ApplicationId>,
    /// The prompt as it is sent, with our seed tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_prompt: Option<String>,
    /// Whether `--seed` is ours, to be cut from what PHP sees.
    pub seed_is_tag: bool,
    /// The account that the caller named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named_account: Option<String>,
    /// The Discord user that acts, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// The button to press.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub press: Option<PressRequest>,
    /// The key that an observer can read, see DESIGN.md section 6, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Further keys that it holds: a video whose prompt was edited may get either motion.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_keys: Vec<String>,
    /// While the key is held after the task ended: until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_held_until: Option<UnixMs>,
    /// Every time it was sent.
    pub attempts: Vec<Attempt>,
    /// Messages that are its own, the oldest first.
    pub messages: Vec<MessageId>,
    /// `flags` of the message with the result, which a press of its buttons repeats.
    #[serde(default, skip_serializing_if = "is_default")]
    pub message_flags: u64,
    /// Whether a message or a job uuid is bound to it.
    pub bound: bool,
    /// The speed that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted_mode: Option<Mode>,
    /// When it ends as `TIMEOUT`.
    pub deadline: UnixMs,
    /// Larger goes first, -100 to 100.
    pub priority: i32,
    /// Makes a repeated submission the same task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// Whether PHP asked to cancel it.
    pub cancel_requested: bool,
    /// Not before this time again (queue full, rate limits).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<UnixMs>,
    /// In which guild it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild_id: Option<GuildId>,
    /// In which channel it was sent, where its messages stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<ChannelId>,
    /// How many attempts in a row never left this machine; they are not kept.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unsent: u32,
    /// How many refused attempts are not kept any more.
    #[serde(default, skip_serializing_if = "is_default")]
    pub forgotten: u32,
    /// Midjourney's words when its moderators stopped it: a person's press in Discord may bring it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moderated: Option<String>,
    /// Which slash command it uses where it presses nothing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub call: Call,
    /// Pictures that go along, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pictures: Vec<Picture>,
    /// What is written into the form that its button opens; none leaves what the form came with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form_text: Option<String>,
    /// The region that Vary (Region) changes: a PNG, white where it may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<StoredFile>,
    /// The form, or the editor, that its button opened; none before, and none once it was answered for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<OpenForm>,
    /// The live Cancel Job button of its job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_button: Option<PressRequest>,
    /// The message that `/show` brought for [`Call::Seed`], to which the envelope is added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<MessageId>,
    /// Where its changes are posted, beside the feed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify_url: Option<String>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Work {
    /// Whether an interaction of it was taken: it must not be sent once more.
    pub fn has_arrived(&self) -> bool {
        self.attempts
            .iter()
            .any(|attempt| attempt.state == AttemptState::Accepted)
    }
}

/// A task as stored.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Task {
    /// Whose it is.
    pub hub: HubId,
    /// What PHP sees.
    pub view: TaskView,
    /// What the owner needs.
    pub work: Work,
}

impl Task {
    /// The prompt as it is sent: with our seed tag, and with the addresses of its pictures where they belong.
    pub fn whole_prompt(&self) -> Cow<'_, str> {
        let words = self
            .work
            .sent_prompt
            .as_deref()
            .unwrap_or(&self.view.prompt);
        let links: Vec<(Option<&str>, &str)> = self
            .work
            .pictures
            .iter()
            .filter_map(|picture| Some((picture.parameter.as_deref(), picture.address()?)))
            .collect();
        if links.is_empty() {
            Cow::Borrowed(words)
        } else {
            Cow::Owned(prompt::with_links(words, &links))
        }
    }
}
