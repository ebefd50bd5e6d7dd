//! From ini entries and `mj_configure()` maps to validated settings, as a whole, with errors that name the setting.

use std::{borrow::Cow, collections::BTreeMap, fmt::Write as _, path::PathBuf, time::Duration};

use mj_discord::{
    Token,
    snowflake::{ChannelId, GuildId},
};
use mj_midjourney::{
    config::{AccountConfig, GatewayMode, HostSettings, HubConfig, HubId},
    refusal::Lang,
};
use sha2::{Digest, Sha256};

use crate::{
    account_setting::{accounts, bot_token},
    error::EngineError,
    setting::Setting,
    value::Value,
};

/// Every key of `mj_configure()`; with `mj.` in front, every ini entry but `accounts`.
const KEYS: &[&str] = &[
    "accounts",
    "api_url",
    "archive",
    "autostart",
    "bot_token",
    "ca_file",
    "cdn_url",
    "channel_id",
    "concurrency",
    "gateway",
    "gateway_resume_url",
    "gateway_url",
    "guild_id",
    "lang",
    "late_final",
    "log",
    "log_level",
    "max_wait",
    "notify_secret",
    "notify_url",
    "proxy",
    "queue_size",
    "relax_concurrency",
    "retention",
    "role",
    "secret",
    "seed_tag",
    "session_id",
    "shutdown_grace",
    "spacing",
    "state_dir",
    "store",
    "timeout",
    "upload_url",
    "user_agent",
    "user_token",
];

/// ChatMoney's own spelling.
const ALIASES: &[(&str, &str)] = &[
    ("proxy_api", "api_url"),
    ("proxy_url", "cdn_url"),
    ("proxy_wss", "gateway_url"),
];

/// Settings that this version knows and cannot honour; ignoring them silently would break a promise.
const UNSUPPORTED: &[(&str, &str)] = &[
    (
        "archive",
        "pictures are not archived by this version: leave it empty and use mj_download()",
    ),
    (
        "notify_secret",
        "web hooks are not sent by this version: leave it empty and use mj_poll()",
    ),
    (
        "notify_url",
        "web hooks are not sent by this version: leave it empty and use mj_poll()",
    ),
    (
        "secret",
        "tokens are not encrypted by this version: leave it empty and protect mj.state_dir",
    ),
];

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
    /// The log file; none means no log.
    pub log: Option<PathBuf>,
    /// What is logged.
    pub log_level: tracing::Level,
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
    /// Reads ini entries (`mj.` in front) and a `mj_configure()` map, which wins.
    ///
    /// # Errors
    /// [`EngineError::Configuration`] naming the first setting that is wrong or missing.
    pub(crate) fn read(ini: &[(String, String)], configured: &Value) -> Result<Self, EngineError> {
        let raw = Raw::collect(ini, configured)?;
        for (key, why) in UNSUPPORTED {
            if let Some(setting) = raw.get(key) {
                return Err(setting.wrong(*why));
            }
        }
        // What php.ini says of the hub may be half of it, the other half being mj_configure()'s.
        let is_half = matches!(configured, Value::Null);
        let (hub, hub_error) = match hub(&raw) {
            Ok(hub) => (hub, None),
            Err(EngineError::Configuration { setting, message }) if is_half => {
                (None, Some((setting, message)))
            }
            Err(error) => return Err(error),
        };
        Ok(Self {
            state_dir: state_dir(&raw)?,
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
            lang: raw
                .choice("lang", &[("en", Lang::En), ("zh", Lang::Zh)])?
                .unwrap_or(Lang::En),
            log: raw.read("log", Setting::text)?.map(PathBuf::from),
            log_level: raw
                .choice("log_level", LEVELS)?
                .unwrap_or(tracing::Level::WARN),
            hosts: hosts(&raw)?,
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
        let (concurrency, relax_concurrency) = hub
            .config
            .accounts
            .first()
            .map_or((CONCURRENCY, CONCURRENCY), |main| {
                (main.concurrency, main.relax_concurrency)
            });
        hub.config.accounts.push(AccountConfig {
            name: name.clone(),
            user_token: token,
            guild_id: None,
            channel_id: None,
            session_id: None,
            concurrency,
            relax_concurrency,
            // Only for tasks that bring this token: others never choose it.
            weight: 0,
            enabled: true,
        });
        (hub, name)
    }

    /// This configuration, keeping the accounts that earlier submissions brought along.
    pub(crate) fn keeping_inline(&self, stored: &HubConfig) -> HubConfig {
        let mut config = self.config.clone();
        for account in &stored.accounts {
            let known = config
                .accounts
                .iter()
                .any(|own| own.name == account.name || own.user_token == account.user_token);
            if account.name.starts_with(INLINE) && !known {
                config.accounts.push(account.clone());
            }
        }
        config
    }
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

const LEVELS: &[(&str, tracing::Level)] = &[
    ("error", tracing::Level::ERROR),
    ("warn", tracing::Level::WARN),
    ("info", tracing::Level::INFO),
    ("debug", tracing::Level::DEBUG),
];

/// Settings by key, with the labels of their source.
pub(crate) struct Raw(pub(crate) BTreeMap<&'static str, Setting>);

impl Raw {
    fn collect(ini: &[(String, String)], configured: &Value) -> Result<Self, EngineError> {
        let mut settings = BTreeMap::new();
        for (name, text) in ini {
            let Some(key) = name.strip_prefix("mj.").and_then(known_key) else {
                return Err(EngineError::configuration(name.clone(), "no such setting"));
            };
            if let Some(setting) = Setting::new(name.clone(), &Value::Text(text.clone())) {
                settings.insert(key, setting);
            }
        }
        let Some(entries) = configured.as_map() else {
            return Err(EngineError::configuration(
                "config",
                "must be an array with string keys",
            ));
        };
        let mut given: BTreeMap<&'static str, &str> = BTreeMap::new();
        for (name, value) in entries {
            let plain = name.strip_prefix("mj.").unwrap_or(name);
            let alias = ALIASES
                .iter()
                .find(|(alias, _)| *alias == plain)
                .map(|(_, key)| *key);
            let Some(key) = alias.or_else(|| known_key(plain)) else {
                return Err(EngineError::configuration(
                    name.clone(),
                    format!(
                        "no such setting; known are {} and ChatMoney's proxy_api, proxy_url, proxy_wss",
                        KEYS.join(", ")
                    ),
                ));
            };
            let Some(setting) = Setting::new(name.clone(), value) else {
                continue;
            };
            if let Some(earlier) = given.insert(key, name) {
                return Err(setting.wrong(format!("means the same as {earlier}: give one of them")));
            }
            settings.insert(key, setting);
        }
        Ok(Self(settings))
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Setting> {
        self.0.get(key)
    }

    pub(crate) fn read<T>(
        &self,
        key: &str,
        read: impl FnOnce(&Setting) -> Result<T, EngineError>,
    ) -> Result<Option<T>, EngineError> {
        self.get(key).map(read).transpose()
    }

    pub(crate) fn duration(
        &self,
        key: &str,
        bounds: (Duration, Duration),
        default: Duration,
    ) -> Result<Duration, EngineError> {
        Ok(self
            .read(key, |setting| setting.duration(bounds.0, bounds.1))?
            .unwrap_or(default))
    }

    pub(crate) fn number(
        &self,
        key: &str,
        bounds: (u32, u32),
        default: u32,
    ) -> Result<u32, EngineError> {
        Ok(self
            .read(key, |setting| setting.number(bounds.0, bounds.1))?
            .unwrap_or(default))
    }

    pub(crate) fn choice<T: Copy>(
        &self,
        key: &str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, EngineError> {
        self.read(key, |setting| {
            let text = setting.text()?.to_ascii_lowercase();
            words
                .iter()
                .find(|(word, _)| *word == text)
                .map(|(_, value)| *value)
                .ok_or_else(|| {
                    let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
                    setting.wrong(format!("must be one of {}", known.join(", ")))
                })
        })
    }

    /// The label under which a missing setting is asked for.
    fn label(&self, key: &'static str) -> Cow<'static, str> {
        self.get(key).map_or_else(
            || Cow::Owned(format!("mj.{key}")),
            |setting| setting.label.clone(),
        )
    }
}

fn known_key(name: &str) -> Option<&'static str> {
    KEYS.iter().find(|key| **key == name).copied()
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

fn hub(raw: &Raw) -> Result<Option<HubSettings>, EngineError> {
    let parts = [
        "accounts",
        "bot_token",
        "channel_id",
        "guild_id",
        "session_id",
        "user_token",
    ];
    if parts.iter().all(|key| raw.get(key).is_none()) {
        return Ok(None);
    }
    let bot_token = raw.read("bot_token", bot_token)?;
    let (Some(guild_id), Some(channel_id)) = (
        raw.read("guild_id", Setting::snowflake)?.map(GuildId),
        raw.read("channel_id", Setting::snowflake)?.map(ChannelId),
    ) else {
        let missing = if raw.get("guild_id").is_none() {
            "guild_id"
        } else {
            "channel_id"
        };
        return Err(EngineError::configuration(
            raw.label(missing),
            "is missing: set it to the id of the Discord server or channel where Midjourney answers",
        ));
    };
    let accounts = accounts(raw)?;
    let gateway = gateway(raw, bot_token.as_ref(), &accounts)?;
    let main = accounts.first().map(|main| &main.user_token);
    // Each token that logs in is part of what the hub is: settings that flip between two users' tokens flip between
    // two hubs, and nobody identifies anew.
    let logins: Vec<&Token> = match gateway {
        GatewayMode::Bot => bot_token.iter().collect(),
        GatewayMode::Both => bot_token.iter().chain(main).collect(),
        GatewayMode::User | GatewayMode::Off => main.or(bot_token.as_ref()).into_iter().collect(),
    };
    if logins.is_empty() {
        return Err(EngineError::configuration(
            "mj.user_token",
            "is missing: set it to the token of the Discord user with the Midjourney subscription, or give mj.bot_token and a user_token with each submission",
        ));
    }
    if let Some(account) = accounts
        .iter()
        .find(|account| Some(&account.user_token) == bot_token.as_ref())
    {
        return Err(EngineError::configuration(
            raw.label("user_token"),
            format!(
                "is the same token as the bot's (account {}): a bot cannot run Midjourney's commands, a user's token is needed",
                account.name
            ),
        ));
    }
    let id = hub_id(&logins, guild_id, channel_id);
    let config = HubConfig {
        gateway,
        guild_id,
        channel_id,
        accounts,
        hosts: hosts(raw)?,
        queue_size: raw.number("queue_size", (1, 100_000), 1_000)?,
        timeout: raw.duration("timeout", (10 * SECOND, 7 * DAY), 600 * SECOND)?,
        retention: raw.duration("retention", (60 * SECOND, 3_650 * DAY), 30 * DAY)?,
        late_final: raw.duration("late_final", (Duration::ZERO, DAY), 1_800 * SECOND)?,
        spacing: raw.duration(
            "spacing",
            (Duration::ZERO, 60 * SECOND),
            Duration::from_millis(350),
        )?,
        seed_tag: raw.read("seed_tag", Setting::truth)?.unwrap_or(true),
        user_agent: raw.read("user_agent", user_agent)?.unwrap_or_else(|| {
            concat!("DiscordBot (php-mj, ", env!("CARGO_PKG_VERSION"), ")").to_owned()
        }),
        bot_token,
    };
    Ok(Some(HubSettings { id, config }))
}

fn gateway(
    raw: &Raw,
    bot: Option<&Token>,
    accounts: &[AccountConfig],
) -> Result<GatewayMode, EngineError> {
    let auto = match (bot, accounts.first()) {
        (Some(_), Some(_)) => GatewayMode::Both,
        (Some(_), None) => GatewayMode::Bot,
        (None, _) => GatewayMode::User,
    };
    let words = [
        ("auto", auto),
        ("bot", GatewayMode::Bot),
        ("user", GatewayMode::User),
        ("both", GatewayMode::Both),
        ("off", GatewayMode::Off),
    ];
    let mode = raw.choice("gateway", &words)?.unwrap_or(auto);
    let lacking = match mode {
        GatewayMode::Bot | GatewayMode::Both if bot.is_none() => Some("mj.bot_token"),
        GatewayMode::User | GatewayMode::Both if accounts.is_empty() => Some("mj.user_token"),
        GatewayMode::Bot | GatewayMode::Both | GatewayMode::User | GatewayMode::Off => None,
    };
    match (lacking, raw.get("gateway")) {
        (Some(lacking), Some(setting)) => {
            Err(setting.wrong(format!("needs {lacking}, which is not set")))
        }
        (Some(lacking), None) => Err(EngineError::configuration(lacking, "is missing")),
        (None, _) => Ok(mode),
    }
}

fn user_agent(setting: &Setting) -> Result<String, EngineError> {
    let text = setting.text()?;
    if text
        .bytes()
        .all(|byte| byte == b' ' || byte.is_ascii_graphic())
        && text.len() <= 256
    {
        Ok(text)
    } else {
        Err(setting.wrong("must be at most 256 printable ASCII characters"))
    }
}

fn hosts(raw: &Raw) -> Result<HostSettings, EngineError> {
    let web = |key| raw.read(key, |setting| setting.address(&["https", "http"]));
    let socket = |key| raw.read(key, |setting| setting.address(&["wss", "ws"]));
    Ok(HostSettings {
        api_url: web("api_url")?,
        gateway_url: socket("gateway_url")?,
        gateway_resume_url: socket("gateway_resume_url")?,
        cdn_url: web("cdn_url")?,
        upload_url: web("upload_url")?,
        proxy: raw.read("proxy", proxy)?,
        ca_file: raw.read("ca_file", |setting| {
            let path = setting.text()?;
            match crate::tls::certificates_in(path.as_ref()) {
                Ok(found) if found.is_empty() => {
                    Err(setting.wrong("holds no certificate in PEM form"))
                }
                Ok(_) => Ok(path),
                Err(error) => Err(setting.wrong(format!("cannot be read: {error}"))),
            }
        })?,
    })
}

/// A proxy's address. `socks5` means `socks5h`: names are always resolved by the proxy.
fn proxy(setting: &Setting) -> Result<String, EngineError> {
    let address = setting.address(&["http", "socks5h", "socks5"])?;
    Ok(address
        .strip_prefix("socks5://")
        .map_or(address.clone(), |rest| format!("socks5h://{rest}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUILD: &str = "1100000000000000001";
    const CHANNEL: &str = "1100000000000000002";

    fn config(entries: &[(&str, Value)]) -> Value {
        let places = [
            ("guild_id", Value::from(GUILD)),
            ("channel_id", Value::from(CHANNEL)),
        ];
        places.into_iter().chain(entries.iter().cloned()).collect()
    }

    fn read(entries: &[(&str, Value)]) -> Result<HubSettings, EngineError> {
        Settings::read(&[], &config(entries)).map(|settings| settings.hub.unwrap())
    }

    #[test]
    fn chatmoneys_spelling_means_the_same() {
        let hub = read(&[
            ("user_token", "abc".into()),
            ("proxy_url", "https://img.example.cn/".into()),
            ("proxy_api", "https://api.example.cn".into()),
            ("proxy_wss", "wss://gw.example.cn".into()),
            ("session_id", "s".into()),
            ("timeout", "10m".into()),
        ])
        .unwrap();
        assert_eq!(
            hub.config.hosts.cdn_url.as_deref(),
            Some("https://img.example.cn")
        );
        assert_eq!(
            hub.config.hosts.api_url.as_deref(),
            Some("https://api.example.cn")
        );
        assert_eq!(
            hub.config.hosts.gateway_url.as_deref(),
            Some("wss://gw.example.cn")
        );
        assert_eq!(hub.config.timeout, Duration::from_secs(600));
        assert_eq!(hub.config.accounts[0].session_id.as_deref(), Some("s"));
        let twice = read(&[
            ("proxy_url", "https://a.cn".into()),
            ("cdn_url", "https://b.cn".into()),
        ]);
        assert!(
            twice
                .unwrap_err()
                .to_string()
                .starts_with("cdn_url: means the same as proxy_url")
        );
    }

    #[test]
    fn mj_configure_wins_over_ini() {
        let ini = [
            ("mj.user_token", "ini"),
            ("mj.guild_id", GUILD),
            ("mj.channel_id", CHANNEL),
            ("mj.proxy", ""),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let hub = Settings::read(&ini, &config(&[("user_token", "php".into())]))
            .unwrap()
            .hub
            .unwrap();
        assert_eq!(hub.config.accounts[0].user_token, Token::new("php"));
        assert_eq!(
            Settings::read(&ini, &Value::Null)
                .unwrap()
                .hub
                .unwrap()
                .config
                .accounts[0]
                .name,
            "main"
        );
    }

    #[test]
    fn the_hub_is_who_logs_in_and_where() {
        let of = |entries: &[(&str, Value)]| read(entries).unwrap().id;
        let bot = ("bot_token", Value::from("bot"));
        let both = of(&[bot.clone(), ("user_token", "a".into())]);
        assert_ne!(both, of(&[bot.clone(), ("user_token", "b".into())]));
        assert_eq!(
            both,
            of(&[
                bot.clone(),
                ("user_token", "a".into()),
                ("queue_size", 5.into())
            ])
        );
        assert_ne!(both, of(&[bot]));
        assert_eq!(both.0.len(), 32);
    }

    #[test]
    fn gateways_follow_the_tokens() {
        let of = |entries: &[(&str, Value)]| read(entries).map(|hub| hub.config.gateway);
        assert_eq!(
            of(&[("user_token", "a".into())]).unwrap(),
            GatewayMode::User
        );
        assert_eq!(
            of(&[("bot_token", "Bot b".into())]).unwrap(),
            GatewayMode::Bot
        );
        assert_eq!(
            of(&[("bot_token", "b".into()), ("user_token", "a".into())]).unwrap(),
            GatewayMode::Both
        );
        let error = of(&[("user_token", "a".into()), ("gateway", "bot".into())]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "gateway: needs mj.bot_token, which is not set"
        );
    }

    #[test]
    fn what_is_missing_or_wrong_is_named_without_secrets() {
        let message = |entries: &[(&str, Value)]| read(entries).unwrap_err().to_string();
        assert!(message(&[]).starts_with("mj.user_token: is missing"));
        let placeless = Settings::read(
            &[],
            &[("user_token", Value::from("a"))].into_iter().collect(),
        );
        assert!(
            placeless
                .unwrap_err()
                .to_string()
                .starts_with("mj.guild_id: is missing")
        );
        assert!(
            message(&[("user_token", "hush hush".into())])
                .starts_with("user_token: holds characters")
        );
        assert!(
            message(&[("user_token", "hush".into()), ("bot_token", "hush".into())])
                .contains("same token")
        );
        assert!(!message(&[("user_token", "Bot hush".into())]).contains("hush"));
        assert!(
            message(&[
                ("user_token", "a".into()),
                ("notify_url", "https://a".into())
            ])
            .contains("mj_poll()")
        );
        assert!(
            message(&[("user_token", "a".into()), ("proxy", "https://p".into())])
                .starts_with("proxy: must start")
        );
        assert!(
            message(&[("user_token", "a".into()), ("ca_file", "/none".into())])
                .starts_with("ca_file: cannot be read")
        );
        let nameless = Value::List(vec![
            [("user_token", Value::from("b"))].into_iter().collect(),
        ]);
        assert_eq!(
            message(&[("accounts", nameless)]),
            "accounts[0].name: is missing"
        );
    }

    #[test]
    fn tokens_brought_along_stay_known() {
        let hub = read(&[("bot_token", "bot".into())]).unwrap();
        let (with, name) = hub.with_token(Token::new("guest"));
        assert!(name.starts_with("token-") && !name.contains("guest"));
        assert_eq!(with.id, hub.id);
        assert_eq!(
            hub.keeping_inline(&with.config).accounts,
            with.config.accounts
        );
        assert_eq!(with.with_token(Token::new("guest")).0, with);
    }
}
