//! What a hub is configured with: tokens, places, limits. Already validated: the engine parses what PHP gave.

use std::{fmt, time::Duration};

use mj_discord::{
    Token,
    snowflake::{ChannelId, GuildId},
};
use serde::{Deserialize, Serialize};

use crate::refusal::Lang;

/// Which hub: 32 lower-case hexadecimal digits, a hash over gateway token, guild and channel.
///
/// Another token, guild or channel is another hub; it never rewrites one.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct HubId(pub String);

impl fmt::Display for HubId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where events come from (`mj.gateway`, with `auto` already decided).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GatewayMode {
    /// A bot's session.
    Bot,
    /// The main account's own session.
    User,
    /// Both; survives the loss of either.
    #[default]
    Both,
    /// None: REST is polled.
    Off,
}

/// Which of a hub's gateway sessions something concerns.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GatewayKind {
    /// The bot's.
    Bot,
    /// The main account's.
    User,
}

/// One Midjourney account of a hub.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AccountConfig {
    /// Its name, unique in the hub; `main` for the one given by `mj.user_token`.
    pub name: String,
    /// The Discord user's token.
    pub user_token: Token,
    /// Where its commands go; the hub's when not given.
    pub guild_id: Option<GuildId>,
    /// Where its commands go; the hub's when not given.
    pub channel_id: Option<ChannelId>,
    /// The session named in interactions when no live one is known.
    pub session_id: Option<String>,
    /// Jobs at once in fast and turbo mode, 1 to 15.
    pub concurrency: u32,
    /// Jobs at once in relax mode, 1 to 15.
    pub relax_concurrency: u32,
    /// Share of tasks that name no account, 0 to 1000; 0 takes none.
    pub weight: u32,
    /// Whether it may be used.
    pub enabled: bool,
}

/// The four hosts, as replaced by the operator; empty means Discord's own.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct HostSettings {
    /// Replaces `https://discord.com`.
    pub api_url: Option<String>,
    /// Replaces `wss://gateway.discord.gg`.
    pub gateway_url: Option<String>,
    /// A template with `{host}` for the regional hosts that a resume names.
    pub gateway_resume_url: Option<String>,
    /// Replaces `https://cdn.discordapp.com` in what visitors are shown.
    pub cdn_url: Option<String>,
    /// Replaces `https://discord-attachments-uploads-prd.storage.googleapis.com`.
    pub upload_url: Option<String>,
    /// Replaces `https://936929561302675456.discordsays.com`, where the editor of Vary (Region) lives.
    #[serde(default)]
    pub activity_url: Option<String>,
    /// `http://` or `socks5h://` proxy for all of them.
    pub proxy: Option<String>,
    /// PEM file of further certificate authorities.
    pub ca_file: Option<String>,
}

/// Everything a hub's owner needs to know, in any process.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct HubConfig {
    /// Where events come from.
    pub gateway: GatewayMode,
    /// The bot that listens.
    pub bot_token: Option<Token>,
    /// The guild.
    pub guild_id: GuildId,
    /// The channel.
    pub channel_id: ChannelId,
    /// At least one; the first is the main account, whose token the user gateway uses.
    pub accounts: Vec<AccountConfig>,
    /// Jobs at once in fast and turbo mode, 1 to 15, of an account for which nothing else is set: one whose token came
    /// with a task.
    #[serde(default = "three")]
    pub concurrency: u32,
    /// The same in relax mode.
    #[serde(default = "three")]
    pub relax_concurrency: u32,
    /// The hub whose settings it has, itself or another: of a pool's keys each has a hub, and so a gateway session, of
    /// its own (`mj.token_sessions`). All hubs of a family have one set of idempotency keys.
    #[serde(default)]
    pub family: Option<HubId>,
    /// Replaced hosts, proxy, certificate authorities.
    pub hosts: HostSettings,
    /// Tasks that may wait, over all accounts, 1 to 100,000.
    pub queue_size: u32,
    /// How long a task may take from its submission until it ends as `TIMEOUT`.
    pub timeout: Duration,
    /// How long finished tasks are kept.
    pub retention: Duration,
    /// How long a key is held for a picture that is late.
    pub late_final: Duration,
    /// The least time between two interactions of one account.
    pub spacing: Duration,
    /// Whether `--seed` is appended where the prompt has none, so that messages can be told apart.
    pub seed_tag: bool,
    /// What we say we are.
    pub user_agent: String,
    /// The language of reasons.
    #[serde(default)]
    pub lang: Lang,
    /// Where finished pictures are kept for good.
    #[serde(default)]
    pub archive: Option<Archive>,
    /// Where changes of tasks are posted that name no address of their own.
    #[serde(default)]
    pub notify_url: Option<String>,
    /// Signs what is posted.
    #[serde(default)]
    pub notify_secret: Option<Token>,
}

/// Midjourney's own limit on the smaller plans, in all modes: what a configuration that was stored before the numbers
/// were part of it meant.
fn three() -> u32 {
    3
}

/// Where finished pictures are kept for good.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Archive {
    /// An absolute path.
    Directory(String),
    /// A bucket of an S3-compatible service.
    S3 {
        /// The service's address, as `https://s3.example.com`.
        endpoint: String,
        /// Its region, as `us-east-1`.
        region: String,
        /// The bucket.
        bucket: String,
        /// What object names begin with; may be empty.
        prefix: String,
        /// Access key.
        key: Token,
        /// Secret key.
        secret: Token,
        /// Whether the bucket is part of the path, and not of the host's name.
        path_style: bool,
    },
}

impl HubConfig {
    /// The account called `name`.
    pub fn account(&self, name: &str) -> Option<&AccountConfig> {
        self.accounts.iter().find(|account| account.name == name)
    }
}
