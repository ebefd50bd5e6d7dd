//! The settings: which are set and where, what is wrong with each, and whether they make a hub.

mod chinese;
mod reading;

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use mj_discord::Token;
use mj_midjourney::config::{Archive, GatewayMode};
use url::Url;

pub(super) use self::reading::{Reading, secrets_of};
use super::{
    Patient, Source,
    check::Check,
    finding::Findings,
    text::{Shown, Text},
};
use crate::{
    config::{ALIASES, KEYS, shown::SECRET},
    setting::Setting,
    value::Value,
};

/// Settings that are addresses; they may carry a password.
const ADDRESSES: &[&str] = &[
    "activity_url",
    "api_url",
    "archive_endpoint",
    "cdn_url",
    "gateway_resume_url",
    "gateway_url",
    "notify_url",
    "proxy",
    "upload_url",
];
/// Settings that are named where another name may have been meant.
const MOST_MEANT: usize = 3;
/// The longest value that is shown, in characters.
const SHOWN: usize = 60;

/// Makes the checks of this file but that of the hub, which needs the store.
pub(super) fn check(patient: &Patient<'_>, findings: &Findings) {
    keys(patient, findings);
    tokens(patient, findings);
    ids(patient, findings);
    addresses(patient, findings);
    files(patient, findings);
    let todo = Text::new(
        "correct the value where it is set; README lists what each setting takes",
        "请在设置处改正；各设置的取值见 README",
    );
    match patient.reading.fault(Check::ConfigurationValues) {
        Some(fault) => findings.fail(Check::ConfigurationValues, fault, todo),
        None => findings.ok(
            Check::ConfigurationValues,
            Text::new("all can be used", "全部有效"),
        ),
    }
}

fn keys(patient: &Patient<'_>, findings: &Findings) {
    let todo = Text::new(
        "correct the name, or take it out; docs list every setting",
        "请改正名称或删除该项；文档列有全部设置",
    );
    let fault = patient.reading.fault(Check::ConfigurationKeys);
    let is_refused = fault.is_some();
    let strangers = patient.php.strangers.iter().map(|name| stranger(name));
    let seen: Vec<Text> = fault.into_iter().chain(strangers).collect();
    if is_refused {
        return findings.fail(Check::ConfigurationKeys, Text::joined(&seen), todo);
    }
    // PHP passes over what nobody knows, and the rest is in force.
    if !seen.is_empty() {
        return findings.warn(Check::ConfigurationKeys, Text::joined(&seen), todo);
    }
    let shown = patient.reading.raw.0.iter().map(|(key, setting)| {
        let value = shown(key, setting);
        let source = patient.source_of(setting).text();
        Text::with(
            "{0} = {1} ({2})",
            "{0} = {1}（{2}）",
            [Shown::said(key), value, source.into()],
        )
        .into()
    });
    let shown: Vec<Shown> = shown.collect();
    findings.ok(
        Check::ConfigurationKeys,
        if shown.is_empty() {
            Text::new("none is set for this PHP", "该 PHP 未设置任何项")
        } else {
            Text::with("{0}", "{0}", [Shown::list(shown)])
        },
    );
}

/// A name in php.ini that is none, with those that may be meant.
fn stranger(name: &str) -> Text {
    let plain = |name: &str| name.to_ascii_lowercase().replace(['_', '-', '.'], "");
    let key = name.strip_prefix("mj.").unwrap_or(name);
    let alias = ALIASES.iter().find(|(alias, _)| *alias == key);
    let said = plain(key);
    let like = |known: &&&str| {
        let known = plain(known);
        !said.is_empty() && (known.contains(&said) || said.contains(&known))
    };
    let meant: Vec<Shown> = match alias {
        Some((_, known)) => vec![Shown::from(*known)],
        None => KEYS
            .iter()
            .filter(|known| **known != "accounts")
            .filter(like)
            .take(MOST_MEANT)
            .map(|known| Shown::from(*known))
            .collect(),
    };
    let shown = Shown::said(name);
    if meant.is_empty() {
        return Text::with(
            "{0} in php.ini is no setting",
            "php.ini 中的 {0} 不是设置项",
            [shown],
        );
    }
    let meant = meant
        .into_iter()
        .map(|key| Text::with("mj.{0}", "mj.{0}", [key]).into());
    Text::with(
        "{0} in php.ini is no setting: {1} perhaps",
        "php.ini 中的 {0} 不是设置项：可能是 {1}",
        [shown, Shown::list(meant)],
    )
}

/// A value as it may be shown.
fn shown(key: &str, setting: &Setting) -> Shown {
    if SECRET.contains(&key) {
        return Text::new("set, hidden", "已设置，不显示").into();
    }
    let Ok(text) = setting.text() else {
        return Shown::said(match setting.value() {
            Value::Bool(true) => "on",
            Value::Bool(false) => "off",
            Value::Null
            | Value::Int(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::Bytes(_)
            | Value::List(_)
            | Value::Map(_) => "…",
        });
    };
    if ADDRESSES.contains(&key) || key == "store" {
        return without_password(&text);
    }
    Shown::said(&text.chars().take(SHOWN).collect::<String>())
}

/// An address without user name and password; one that is none is not shown, for they may be anywhere in it.
pub(super) fn without_password(address: &str) -> Shown {
    let hidden = || Text::new("set, not shown", "已设置，不显示").into();
    let Ok(mut url) = Url::parse(&address.replace("{host}", "host.invalid")) else {
        return hidden();
    };
    if url.username().is_empty() && url.password().is_none() {
        return Shown::said(address);
    }
    if url.set_username("").is_err() || url.set_password(None).is_err() {
        return hidden();
    }
    Shown::said(url.as_str())
}

fn tokens(patient: &Patient<'_>, findings: &Findings) {
    let todo = Text::new(
        "bot_token is the bot's, from the Bot page of Discord's developer portal; user_token is that of the Discord user with the Midjourney subscription (docs/discord.md)",
        "bot_token 填开发者后台 Bot 页的机器人令牌；user_token 填订阅了 Midjourney 的 Discord 用户令牌（见 docs/discord.zh-CN.md）",
    );
    if let Some(fault) = patient.reading.fault(Check::ConfigurationTokens) {
        return findings.fail(Check::ConfigurationTokens, fault, todo);
    }
    let Some(hub) = patient.reading.hub().map(|hub| &hub.config) else {
        return findings.ok(
            Check::ConfigurationTokens,
            Text::new("none is set here", "此处未设置令牌"),
        );
    };
    let bot = hub.bot_token.as_ref().and_then(user_in);
    let twin = hub
        .accounts
        .iter()
        .find(|account| bot.is_some() && user_in(&account.user_token) == bot);
    if let Some(account) = twin {
        return findings.fail(
            Check::ConfigurationTokens,
            Text::with(
                "bot_token and the user_token of account {0} are of one and the same Discord user: one of them stands in the wrong place",
                "bot_token 与账号 {0} 的 user_token 属于同一个 Discord 用户：其中一个填错了位置",
                [Shown::said(&account.name)],
            ),
            todo,
        );
    }
    let odd = hub
        .bot_token
        .iter()
        .map(|token| ("bot_token", token))
        .chain(hub.accounts.iter().map(|it| ("user_token", &it.user_token)))
        .find(|(_, token)| !is_like_a_token(token));
    match odd {
        Some((key, _)) => findings.warn(
            Check::ConfigurationTokens,
            Text::with(
                "{0} does not look like one of Discord's: three parts with dots between them",
                "{0} 不像 Discord 令牌：应为以点分隔的三段",
                [key.into()],
            ),
            Text::new(
                "copy it again, whole; a password, an application id or a client secret is no token",
                "请重新完整复制；密码、应用 ID 或 client secret 都不是令牌",
            ),
        ),
        None => findings.ok(
            Check::ConfigurationTokens,
            Text::with(
                "{0} of users, {1} of a bot, each of the right form",
                "用户令牌 {0} 个，机器人令牌 {1} 个，格式正确",
                [
                    hub.accounts.len().into(),
                    usize::from(hub.bot_token.is_some()).into(),
                ],
            ),
        ),
    }
}

/// The user whose token it is: the first part is the id in Base64.
fn user_in(token: &Token) -> Option<u64> {
    let first = token.expose().split('.').next()?;
    let bytes = STANDARD_NO_PAD.decode(first.trim_end_matches('=')).ok()?;
    std::str::from_utf8(&bytes).ok()?.parse().ok()
}

fn is_like_a_token(token: &Token) -> bool {
    let is_old = token.expose().starts_with("mfa.");
    is_old || (token.expose().split('.').count() == 3 && user_in(token).is_some())
}

fn ids(patient: &Patient<'_>, findings: &Findings) {
    let todo = Text::new(
        "in Discord: Settings, Advanced, Developer Mode; then right-click the server or channel and press Copy ID",
        "在 Discord 中：设置→高级→开启开发者模式；再右键服务器或频道，点“复制 ID”",
    );
    if let Some(fault) = patient.reading.fault(Check::ConfigurationIds) {
        return findings.fail(Check::ConfigurationIds, fault, todo);
    }
    let text = |key| patient.reading.raw.get(key).and_then(|it| it.text().ok());
    match (text("guild_id"), text("channel_id")) {
        (Some(guild), Some(channel)) if guild == channel => findings.warn(
            Check::ConfigurationIds,
            Text::new(
                "guild_id and channel_id are the same number",
                "guild_id 与 channel_id 相同",
            ),
            Text::new(
                "only the first channel of a very old server has its server's id: copy both again",
                "只有很老的服务器的首个频道才与服务器 ID 相同：请重新复制两者",
            ),
        ),
        (None, None) => findings.ok(
            Check::ConfigurationIds,
            Text::new("none is set here", "此处未设置 ID"),
        ),
        _ => findings.ok(
            Check::ConfigurationIds,
            Text::new("they are Discord's", "均为有效的 Discord ID"),
        ),
    }
}

fn addresses(patient: &Patient<'_>, findings: &Findings) {
    if let Some(fault) = patient.reading.fault(Check::ConfigurationAddresses) {
        return findings.fail(
            Check::ConfigurationAddresses,
            fault,
            Text::new(
                "API, image domain and uploads begin with https://, the gateway with wss:// (ChatMoney's WSS domain too), a proxy with http:// or socks5h://",
                "API、图片域名与上传以 https:// 开头，网关（即 ChatMoney 的 WSS 域名）以 wss:// 开头，代理以 http:// 或 socks5h:// 开头",
            ),
        );
    }
    let set = ADDRESSES
        .iter()
        .filter(|key| patient.reading.raw.get(key).is_some());
    let set: Vec<Shown> = set.map(|key| Shown::from(*key)).collect();
    findings.ok(
        Check::ConfigurationAddresses,
        if set.is_empty() {
            Text::new("Discord's own", "均使用 Discord 官方地址")
        } else {
            Text::with(
                "{0}: each of the right form",
                "{0}：格式正确",
                [Shown::list(set)],
            )
        },
    );
}

fn files(patient: &Patient<'_>, findings: &Findings) {
    let todo = Text::new(
        "correct it where it is set (docs/configuration.md has the settings of an archive); the user who runs PHP must be able to read the certificates and to write in the archive",
        "请在设置处改正（归档的各项设置见 docs/configuration.zh-CN.md）；运行 PHP 的用户须能读取证书文件、写入归档目录",
    );
    if let Some(fault) = patient.reading.fault(Check::ConfigurationFiles) {
        return findings.fail(Check::ConfigurationFiles, fault, todo);
    }
    let hub = patient.reading.hub();
    if let Some(Archive::Directory(path)) = hub.and_then(|hub| hub.config.archive.as_ref())
        && let Err(why) = super::directory::usable(path.as_ref())
    {
        let seen = Text::with(
            "mj.archive {0} cannot be written: {1}",
            "mj.archive {0} 无法写入：{1}",
            [Shown::said(path), why],
        );
        return findings.fail(Check::ConfigurationFiles, seen, todo);
    }
    findings.ok(
        Check::ConfigurationFiles,
        Text::new("all can be used", "全部可用"),
    );
}

/// Whether there is a hub, and which one is looked at.
pub(super) fn hub(patient: &Patient<'_>, findings: &Findings) {
    if !findings.may(Check::ConfigurationHub) {
        return;
    }
    let todo = Text::new(
        "set guild_id, channel_id and user_token or bot_token in this PHP's php.ini, in mj_configure() or by the environment, and run the check as the site does (options.config)",
        "请在该 PHP 的 php.ini、mj_configure() 或环境变量中设置 guild_id、channel_id 以及 user_token 或 bot_token，并按站点的方式运行检查（options.config）",
    );
    if let Some(fault) = patient.reading.fault(Check::ConfigurationHub) {
        return findings.fail(Check::ConfigurationHub, fault, todo);
    }
    let Some(hub) = &patient.hub else {
        // There may be one that is stored and cannot be read.
        if findings.skip_after(Check::ConfigurationHub, &[Check::DatabaseSecret]) {
            return;
        }
        return findings.fail(
            Check::ConfigurationHub,
            Text::new(
                "nothing is configured for this PHP, and no process has configured a hub in the state directory",
                "该 PHP 未做任何配置，状态目录中也没有其他进程配置过的 Hub",
            ),
            todo,
        );
    };
    let mode = match hub.config.gateway {
        GatewayMode::Bot => "bot",
        GatewayMode::User => "user",
        GatewayMode::Both => "both",
        GatewayMode::Off => "off",
    };
    let of_hub = Text::with(
        "server {0}, channel {1}, gateway {2}, {3} accounts",
        "服务器 {0}，频道 {1}，网关 {2}，账号 {3} 个",
        [
            hub.config.guild_id.0.into(),
            hub.config.channel_id.0.into(),
            mode.into(),
            hub.config.accounts.len().into(),
        ],
    );
    findings.ok(
        Check::ConfigurationHub,
        if hub.is_stored {
            Text::with(
                "not set here; looked at is the hub that was used last in the state directory: {0}",
                "此处未设置；检查的是状态目录中最近使用的 Hub：{0}",
                [of_hub.into()],
            )
        } else {
            of_hub
        },
    );
}

impl Source {
    fn text(self) -> Text {
        match self {
            Self::Configured => Text::new("mj_configure()", "mj_configure()"),
            Self::Environment => Text::new("environment", "环境变量"),
            Self::Ini => Text::new("php.ini", "php.ini"),
            Self::Options => Text::new("options.config", "options.config"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_whose_a_token_is() {
        assert_eq!(
            user_in(&Token::new("MTIzNDU2Nzg5MDEyMzQ1Njc4.a.b")),
            Some(123_456_789_012_345_678)
        );
        assert!(is_like_a_token(&Token::new("MTIzNDU2Nzg5MDEyMzQ1Njc4.a.b")));
        assert!(!is_like_a_token(&Token::new("hunter2")));
    }

    #[test]
    fn addresses_lose_their_passwords() {
        let text = |address| Text::with("{0}", "{0}", [without_password(address)]);
        let shown = text("http://user:hunter2@proxy.example:8080");
        assert_eq!(shown.words(crate::Lang::En), "http://proxy.example:8080/");
        assert!(
            !text("hunter2@proxy")
                .words(crate::Lang::En)
                .contains("hunter2")
        );
    }
}
