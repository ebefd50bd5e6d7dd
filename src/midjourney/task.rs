//! A task: what PHP asked for, how far it is, and what the engine must remember to finish it.
//!
//! [`TaskView`] is what PHP sees, [`Work`] what only the owner needs. Who may change a status is in `transition`.

mod id;
mod work;

use std::borrow::Cow;

use mj_discord::{UnixMs, cdn::AttachmentUrl, snowflake::MessageId};
use serde::{Deserialize, Serialize};

pub use self::{
    id::{InvalidTaskId, TaskId},
    work::{
        Attempt, AttemptState, Call, OpenForm, Picture, PictureSource, PressRequest, StoredFile,
        Work,
    },
};
use crate::{config::HubId, prompt, refusal::FailCode};

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

impl Image {
    /// A picture of which nothing but the address is known: name and end of the signature are read from it.
    pub fn at(url: &str) -> Self {
        let path = url.split(['?', '#']).next().unwrap_or(url);
        Self {
            url: url.to_owned(),
            expires_at: AttachmentUrl::parse(url).and_then(|url| url.expires_at()),
            filename: path.rsplit('/').next().unwrap_or_default().to_owned(),
            ..Self::default()
        }
    }
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
