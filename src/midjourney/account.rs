//! An account's health: whether it may be used, and if not, why and until when.

use mj_discord::{
    UnixMs,
    snowflake::{ApplicationId, ChannelId, UserId},
};
use serde::{Deserialize, Serialize};

use crate::refusal::FailCode;

/// What is known of an account.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct AccountHealth {
    /// Its name in the hub.
    pub name: String,
    /// The Discord user, once known.
    pub user_id: Option<UserId>,
    /// Whether it may be used.
    pub state: AccountState,
    /// When that was last seen.
    pub at: UnixMs,
    /// Tells a changed token: 16 hexadecimal digits that do not lead back to it.
    #[serde(default)]
    pub token_fingerprint: Option<String>,
    /// Its direct messages with the bots, as far as they were opened.
    #[serde(default)]
    pub direct_messages: Vec<DirectMessages>,
}

/// The channel of an account's direct messages with a bot.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct DirectMessages {
    /// The bot.
    pub application_id: ApplicationId,
    /// The channel.
    pub channel_id: ChannelId,
}

/// Whether an account may be used.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum AccountState {
    /// It may.
    #[default]
    Usable,
    /// Not before `until`.
    Paused {
        /// Why.
        code: FailCode,
        /// Until when; by itself usable again then.
        until: UnixMs,
    },
    /// Not until a person has done something, or its token changed.
    Disabled {
        /// Why.
        code: FailCode,
    },
}
