//! What makes a hub: tokens, place, gateway, hosts.

use std::time::Duration;

use mj_discord::{
    Token,
    snowflake::{ChannelId, GuildId},
};
use mj_midjourney::config::{AccountConfig, Archive, GatewayMode, HostSettings, HubConfig};

use super::{CONCURRENCY, DAY, HubSettings, LANGUAGES, Raw, SECOND, archive::archive, hub_id};
use crate::{
    account_setting::{accounts, bot_token},
    error::EngineError,
    setting::Setting,
    webhook,
};

/// Of these at least one is set where a hub is meant.
pub(crate) const HUB_PARTS: &[&str] = &[
    "accounts",
    "bot_token",
    "channel_id",
    "guild_id",
    "session_id",
    "user_token",
];

/// The hub that is set, or none where nothing of one is.
///
/// # Errors
/// [`EngineError::Configuration`] naming what is wrong or missing.
pub(super) fn hub(raw: &Raw) -> Result<Option<HubSettings>, EngineError> {
    let manner = Manner::read(raw)?;
    if HUB_PARTS.iter().all(|key| raw.get(key).is_none()) {
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
    let accounts = accounts(raw, manner.concurrency, manner.relax_concurrency)?;
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
    let token_sessions = raw.read("token_sessions", |setting| {
        let wanted = setting.truth()?;
        if wanted && gateway == GatewayMode::Off {
            return Err(setting.wrong("needs a gateway, and mj.gateway is off"));
        }
        Ok(wanted)
    })?;
    let config = HubConfig {
        gateway,
        guild_id,
        channel_id,
        accounts,
        concurrency: manner.concurrency,
        relax_concurrency: manner.relax_concurrency,
        family: token_sessions.unwrap_or(false).then(|| id.clone()),
        hosts: hosts(raw)?,
        queue_size: manner.queue_size,
        timeout: manner.timeout,
        retention: manner.retention,
        late_final: manner.late_final,
        spacing: manner.spacing,
        seed_tag: manner.seed_tag,
        user_agent: manner.user_agent,
        bot_token,
        lang: raw.choice("lang", LANGUAGES)?.unwrap_or_default(),
        archive: manner.archive,
        notify_url: manner.notify_url,
        notify_secret: manner.notify_secret,
    };
    Ok(Some(HubSettings { id, config }))
}

/// How a hub works, whichever it is. It is read also where none is set yet: what is wrong is told when it is given.
struct Manner {
    concurrency: u32,
    relax_concurrency: u32,
    queue_size: u32,
    timeout: Duration,
    retention: Duration,
    late_final: Duration,
    spacing: Duration,
    seed_tag: bool,
    user_agent: String,
    archive: Option<Archive>,
    notify_url: Option<String>,
    notify_secret: Option<Token>,
}

impl Manner {
    fn read(raw: &Raw) -> Result<Self, EngineError> {
        Ok(Self {
            concurrency: raw.number("concurrency", (1, 15), CONCURRENCY)?,
            relax_concurrency: raw.number("relax_concurrency", (1, 15), CONCURRENCY)?,
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
            archive: archive(raw)?,
            notify_url: raw.read("notify_url", |setting| {
                webhook::address(&setting.text()?).map_err(|why| setting.wrong(why))
            })?,
            notify_secret: raw.read("notify_secret", |setting| setting.text().map(Token::new))?,
        })
    }
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

/// The hosts that are set, which pictures need also where there is no hub.
///
/// # Errors
/// As [`hub`].
pub(super) fn hosts(raw: &Raw) -> Result<HostSettings, EngineError> {
    let web = |key| raw.read(key, |setting| setting.address(&["https", "http"]));
    Ok(HostSettings {
        api_url: web("api_url")?,
        gateway_url: raw.read("gateway_url", |setting| setting.address(&["wss", "ws"]))?,
        gateway_resume_url: raw.read("gateway_resume_url", |setting| {
            setting.template(&["wss", "ws"])
        })?,
        cdn_url: raw.read("cdn_url", cdn_url)?,
        upload_url: web("upload_url")?,
        activity_url: web("activity_url")?,
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

/// The image domain, below which every picture's path begins with `/attachments` or the like.
fn cdn_url(setting: &Setting) -> Result<String, EngineError> {
    let address = setting.address(&["https", "http"])?;
    for path in ["/attachments", "/ephemeral-attachments"] {
        if address.ends_with(path) {
            return Err(setting.wrong(format!("must end before {path}: mj adds that itself")));
        }
    }
    Ok(address)
}

/// A proxy's address. `socks5` means `socks5h`: names are always resolved by the proxy.
fn proxy(setting: &Setting) -> Result<String, EngineError> {
    let address = setting.address(&["http", "socks5h", "socks5"])?;
    let (_, host) = address.split_once("://").unwrap_or_default();
    if host.contains('/') {
        return Err(setting.wrong("must end behind the port: a proxy has no path"));
    }
    Ok(address
        .strip_prefix("socks5://")
        .map_or(address.clone(), |rest| format!("socks5h://{rest}")))
}
