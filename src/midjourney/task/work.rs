//! What an owner remembers of a task beside what PHP sees: what is asked for, and every time that it was.

use std::time::Duration;

use mj_discord::{
    UnixMs,
    snowflake::{ApplicationId, ChannelId, GuildId, InteractionId, MessageId, Nonce, UserId},
};
use serde::{Deserialize, Serialize};

use super::Mode;
use crate::application::CommandName;

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
    /// Searched for and not found, after its owner was proven dead: it may be sent again (ARCHITECTURE.md,
    /// invariant 6).
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
    /// What an observer can read of the task in a message, as text: no two open tasks hold one key.
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
