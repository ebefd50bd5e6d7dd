//! From ini entries and `mj_configure()` maps to validated settings, as a whole, with errors that name the setting.

mod archive;
mod hub;
mod raw;
mod secret;
pub(crate) mod shown;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, fmt::Write as _, path::PathBuf, time::Duration};

use mj_discord::{
    Token,
    snowflake::{ChannelId, GuildId},
};
use mj_midjourney::{
    config::{AccountConfig, GatewayMode, HostSettings, HubConfig, HubId},
    refusal::Lang,
};
use mj_store::Keyring;
use sha2::{Digest, Sha256};

pub(crate) use self::hub::HUB_PARTS;
use self::hub::{hosts, hub};
pub(crate) use self::raw::{ALIASES, KEYS, Raw};
use crate::{
    environment::Environment,
    error::EngineError,
    log::{Format, LogSettings, Rotation, Target},
    setting::Setting,
    value::Value,
};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);
/// Midjourney's own limit on the smaller plans, in all modes.
pub(crate) const CONCURRENCY: u32 = 3;

/// Whether this process may become an owner (`mj.role`).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Role {
    /// When it lives long enough.
    #[default]
    Auto,
    /// Never: another process, such as one in `mj_serve()`, does.
    Never,
}

/// Everything that is set, validated.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    /// Where the state lies, when it was set.
    pub state_dir: Option<PathBuf>,
    /// What secrets in it are encrypted with.
    pub keys: Keyring,
    /// Whether this process may become an owner.
    pub role: Role,
    /// Whether the engine starts by itself; else only in `mj_serve()`.
    pub autostart: bool,
    /// How long a CLI process lingers at its end.
    pub shutdown_grace: Duration,
    /// How long `mj_wait()` may take under FPM.
    pub max_wait: Duration,
    /// Language of messages.
    pub lang: Lang,
    /// The log.
    pub(crate) log: LogSettings,
    /// The hosts, also where no hub is set.
    pub hosts: HostSettings,
    /// Why there is no hub: the setting that is wrong or missing.
    pub(crate) hub_error: Option<(Cow<'static, str>, String)>,
    /// The hub, when enough is set for one.
    pub hub: Option<HubSettings>,
}

/// A hub and what it is configured with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HubSettings {
    /// Which.
    pub id: HubId,
    /// Its configuration; may hold no account when every submission brings its own token.
    pub config: HubConfig,
}

impl Settings {
    /// Reads the environment, ini entries (`mj.` in front), which go before it, and a `mj_configure()` map, which goes
    /// before both.
    ///
    /// # Errors
    /// [`EngineError::Configuration`] naming the first setting that is wrong or missing.
    pub(crate) fn read(
        environment: &Environment,
        ini: &[(String, String)],
        configured: &Value,
    ) -> Result<Self, EngineError> {
        // What php.ini says of the hub may be half of it, the other half being mj_configure()'s.
        Self::of(
            &Raw::collect(environment, ini, configured)?,
            matches!(configured, Value::Null),
        )
    }

    /// The same of settings that were gathered. Where they are half of what is set, a hub that lacks something is none.
    ///
    /// # Errors
    /// As [`Settings::read`].
    pub(crate) fn of(raw: &Raw, is_half: bool) -> Result<Self, EngineError> {
        let (hub, hub_error) = match hub(raw) {
            Ok(hub) => (hub, None),
            Err(EngineError::Configuration { setting, message }) if is_half => {
                (None, Some((setting, message)))
            }
            Err(error) => return Err(error),
        };
        Ok(Self {
            state_dir: state_dir(raw)?,
            keys: secret::keyring(raw)?,
            role: raw
                .choice("role", &[("auto", Role::Auto), ("never", Role::Never)])?
                .unwrap_or_default(),
            autostart: raw.read("autostart", Setting::truth)?.unwrap_or(true),
            shutdown_grace: raw.duration(
                "shutdown_grace",
                (Duration::ZERO, 60 * SECOND),
                2 * SECOND,
            )?,
            max_wait: raw.duration("max_wait", (Duration::ZERO, DAY), 25 * SECOND)?,
            lang: raw.choice("lang", LANGUAGES)?.unwrap_or(Lang::En),
            log: log(raw)?,
            hosts: hosts(raw)?,
            hub_error,
            hub,
        })
    }
}

impl HubSettings {
    /// The same hub with one account more, named by its token; and that name. A token that the hub has already keeps
    /// its name.
    pub(crate) fn with_token(&self, token: Token) -> (Self, String) {
        if let Some(known) = self
            .config
            .accounts
            .iter()
            .find(|account| account.user_token == token)
        {
            return (self.clone(), known.name.clone());
        }
        let mut hub = self.clone();
        let name = inline_name(&token);
        hub.config.accounts.push(AccountConfig {
            name: name.clone(),
            user_token: token,
            guild_id: None,
            channel_id: None,
            session_id: None,
            concurrency: self.config.concurrency,
            relax_concurrency: self.config.relax_concurrency,
            // Only for tasks that bring this token: others never choose it.
            weight: 0,
            enabled: true,
        });
        (hub, name)
    }

    /// Where a task goes that brings a token along, and the name of its account there: a hub of the token's own where
    /// such tokens have sessions, else this one with one account more.
    pub(crate) fn of_token(&self, token: Token) -> (Self, String) {
        let is_known = |account: &AccountConfig| account.user_token == token;
        let has_sessions = self.config.family.as_ref() == Some(&self.id);
        if !has_sessions || self.config.accounts.iter().any(is_known) {
            return self.with_token(token);
        }
        let id = member_id(&self.id, &token);
        let (mut hub, name) = self.with_token(token);
        hub.id = id;
        hub.config.gateway = GatewayMode::User;
        hub.config.bot_token = None;
        hub.config.accounts.retain(|account| account.name == name);
        (hub, name)
    }

    /// The configuration of a hub of this one's family, with its own login and the newest of everything else; none for
    /// another hub.
    pub(crate) fn for_relative(&self, id: &HubId, stored: &HubConfig) -> Option<HubConfig> {
        if self.config.family.is_none() || stored.family != self.config.family {
            return None;
        }
        if *id == self.id {
            return Some(self.keeping_inline(stored));
        }
        let mut config = HubConfig {
            gateway: stored.gateway,
            bot_token: stored.bot_token.clone(),
            accounts: Vec::new(),
            ..self.config.clone()
        };
        config = with_inline_of(&config, stored);
        Some(config)
    }

    /// This configuration, keeping the accounts that earlier submissions brought along, with its limits.
    pub(crate) fn keeping_inline(&self, stored: &HubConfig) -> HubConfig {
        with_inline_of(&self.config, stored)
    }

    /// The stored configuration, with the accounts that submissions brought along to this one.
    pub(crate) fn added_inline(&self, stored: &HubConfig) -> HubConfig {
        with_inline_of(stored, &self.config)
    }
}

fn with_inline_of(config: &HubConfig, other: &HubConfig) -> HubConfig {
    let mut config = config.clone();
    for account in &other.accounts {
        let known = config
            .accounts
            .iter()
            .any(|own| own.name == account.name || own.user_token == account.user_token);
        if account.name.starts_with(INLINE) && !known {
            config.accounts.push(AccountConfig {
                concurrency: config.concurrency,
                relax_concurrency: config.relax_concurrency,
                ..account.clone()
            });
        }
    }
    config
}

/// The first letters of the name of an account that a submission brought along.
pub(crate) const INLINE: &str = "token-";

fn inline_name(token: &Token) -> String {
    format!("{INLINE}{}", &token_hash(token)[..12])
}

/// A token's hash: 64 lower-case hexadecimal digits. It names the token where the token itself must not be.
pub(crate) fn token_hash(token: &Token) -> String {
    hex(&Sha256::digest(token.expose().as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// The hub of a token that came with a task: of its family alone, since another's settings are others.
fn member_id(family: &HubId, token: &Token) -> HubId {
    let mut hash = Sha256::new();
    hash.update(family.0.as_bytes());
    hash.update([0]);
    hash.update(token.expose().as_bytes());
    HubId(hex(&hash.finalize()[..16]))
}

fn hub_id(logins: &[&Token], guild: GuildId, channel: ChannelId) -> HubId {
    let mut hash = Sha256::new();
    for token in logins {
        hash.update(token.expose().as_bytes());
        hash.update([0]);
    }
    hash.update(guild.0.to_be_bytes());
    hash.update(channel.0.to_be_bytes());
    HubId(hex(&hash.finalize()[..16]))
}

const LANGUAGES: &[(&str, Lang)] = &[("en", Lang::En), ("zh", Lang::Zh)];

const LEVELS: &[(&str, tracing::Level)] = &[
    ("error", tracing::Level::ERROR),
    ("warn", tracing::Level::WARN),
    ("info", tracing::Level::INFO),
    ("debug", tracing::Level::DEBUG),
];

const FORMATS: &[(&str, Format)] = &[("text", Format::Text), ("json", Format::Json)];

fn log(raw: &Raw) -> Result<LogSettings, EngineError> {
    Ok(LogSettings {
        target: raw.read("log", target)?,
        level: raw
            .choice("log_level", LEVELS)?
            .unwrap_or(tracing::Level::WARN),
        format: raw.choice("log_format", FORMATS)?.unwrap_or_default(),
        rotation: Rotation {
            size: raw
                .read("log_size", |setting| setting.bytes(1 << 10, 1 << 40))?
                .unwrap_or(10 << 20),
            files: raw.number("log_files", (1, 1_000), 5)?,
        },
        prompts: raw.read("log_prompts", Setting::truth)?.unwrap_or(false),
    })
}

/// Where the log goes. A relative path would be another file in every directory that PHP works in.
fn target(setting: &Setting) -> Result<Target, EngineError> {
    let target = Target::parse(&setting.text()?);
    if let Target::File(path) | Target::Syslog(path) = &target
        && !path.is_absolute()
    {
        return Err(setting.wrong("must be the absolute path of a file, syslog or php"));
    }
    Ok(target)
}

fn state_dir(raw: &Raw) -> Result<Option<PathBuf>, EngineError> {
    let directory = raw.read("state_dir", |setting| {
        let path = PathBuf::from(setting.text()?);
        if path.is_absolute() {
            Ok(path)
        } else {
            Err(setting.wrong("must be an absolute path"))
        }
    })?;
    let store = raw.read("store", |setting| {
        let text = setting.text()?;
        match text.split_once("://") {
            Some(("sqlite", path)) if path.starts_with('/') => Ok(PathBuf::from(path)),
            Some(("redis" | "rediss", _)) => {
                Err(setting.wrong("this version has no Redis store: use sqlite:///path"))
            }
            _ => {
                Err(setting.wrong("must be sqlite:// followed by the absolute path of a directory"))
            }
        }
    })?;
    match (directory, store) {
        (Some(directory), Some(store)) if directory != store => Err(EngineError::configuration(
            raw.label("store"),
            format!(
                "names another place than {}: give one of them",
                raw.label("state_dir")
            ),
        )),
        (directory, store) => Ok(directory.or(store)),
    }
}
