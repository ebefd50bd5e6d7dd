//! The settings: which are set and where, what is wrong with each, and whether they make a hub.

mod chinese;

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use mj_discord::Token;
use mj_midjourney::config::{Archive, GatewayMode, HubConfig};
use url::Url;

use super::{
    Patient, Source,
    check::Check,
    finding::Findings,
    text::{Shown, Text},
};
use crate::{
    config::{HUB_PARTS, HubSettings, Raw, Settings, shown::SECRET},
    engine::Host,
    error::EngineError,
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
/// The longest value that is shown, in characters.
const SHOWN: usize = 60;

/// What is wrong with a setting.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    setting: String,
    message: String,
}

impl Fault {
    fn seen(&self) -> Text {
        Text::with(
            "{0} {1}",
            "{0} {1}",
            [Shown::said(&self.setting), chinese::shown(&self.message)],
        )
    }
}

/// What is set, read as far as it can be.
#[derive(Debug)]
pub(super) struct Reading {
    /// What is set, also what is wrong.
    pub(super) raw: Raw,
    /// What is left without what is wrong.
    pub(super) settings: Option<Settings>,
    faults: BTreeMap<Check, Vec<Fault>>,
}

impl Reading {
    /// Reads settings one fault after the other: each is noted and taken out, until the rest can be used.
    pub(super) fn of(host: &Host, given: &Value) -> Self {
        let mut faults: BTreeMap<Check, Vec<Fault>> = BTreeMap::new();
        let mut note = |check, setting: &str, message: &str| {
            faults.entry(check).or_default().push(Fault {
                setting: setting.to_owned(),
                message: message.to_owned(),
            });
        };
        let (raw, complaints) = Raw::gather(&host.environment, &host.ini, given);
        for complaint in complaints {
            if let EngineError::Configuration { setting, message } = complaint {
                note(Check::ConfigurationKeys, &setting, &message);
            }
        }
        let mut rest = Raw(raw.0.clone());
        for (key, fault) in faulty_values(&raw) {
            note(Check::ConfigurationValues, &fault.setting, &fault.message);
            rest.0.remove(key);
        }
        let settings = loop {
            let Some((settings, fault)) = next_fault(&rest) else {
                break None;
            };
            let Some(fault) = fault else {
                break settings;
            };
            let key = key_of(&rest, &fault.setting);
            let check = check_of(key, &fault.setting, &fault.message);
            note(check, &fault.setting, &fault.message);
            let is_gone = match key {
                Some(key) => rest.0.remove(key).is_some(),
                // Something is missing: with anything in its place the rest can be read.
                None => fill_in(&mut rest, &fault.setting),
            };
            if !is_gone {
                break settings;
            }
        };
        let nothing = Raw(BTreeMap::new());
        Self {
            settings: settings.or_else(|| Settings::of(&nothing, true).ok()),
            raw,
            faults,
        }
    }

    /// What is wrong with what a check looks at.
    pub(super) fn fault(&self, check: Check) -> Option<Text> {
        let faults = self.faults.get(&check)?;
        let seen: Vec<Text> = faults.iter().map(Fault::seen).collect();
        Some(Text::joined(&seen))
    }

    /// The hub that is set here.
    pub(super) fn hub(&self) -> Option<&HubSettings> {
        self.settings.as_ref()?.hub.as_ref()
    }

    /// Whether something of a hub is set here that cannot be used.
    pub(super) fn is_hub_faulty(&self) -> bool {
        let of_hub = [
            Check::ConfigurationHub,
            Check::ConfigurationIds,
            Check::ConfigurationTokens,
        ];
        of_hub.iter().any(|check| self.faults.contains_key(check))
    }

    /// Whether anything of a hub is set here.
    pub(super) fn has_part_of_hub(&self) -> bool {
        HUB_PARTS.iter().any(|key| self.raw.get(key).is_some())
    }

    /// Every secret that is set, as it is.
    pub(super) fn secrets(&self) -> Vec<String> {
        let of_setting = |key: &&str| self.raw.get(key).map(Setting::value);
        let mut secrets = Vec::new();
        for value in SECRET.iter().chain(&["accounts"]).filter_map(of_setting) {
            collect(value, &mut secrets);
        }
        for value in ADDRESSES.iter().filter_map(of_setting) {
            let password = value.as_str().and_then(|text| Url::parse(text).ok());
            let password = password.as_ref().and_then(Url::password);
            secrets.extend(password.map(str::to_owned));
        }
        secrets
    }
}

/// What can be used of settings, when all of it can, and the first thing that cannot; none when neither is known.
fn next_fault(raw: &Raw) -> Option<(Option<Settings>, Option<Fault>)> {
    let fault = |setting: &str, message| Fault {
        setting: setting.to_owned(),
        message,
    };
    match Settings::of(raw, true) {
        Ok(settings) => {
            let error = settings.hub_error.clone();
            let error = error.map(|(setting, message)| fault(&setting, message));
            Some((Some(settings), error))
        }
        Err(EngineError::Configuration { setting, message }) => {
            Some((None, Some(fault(&setting, message))))
        }
        Err(_) => None,
    }
}

/// Puts something that can be used where a part of a hub is missing; tells whether it did.
fn fill_in(raw: &mut Raw, label: &str) -> bool {
    let any = [
        ("guild_id", "99999999999999999"),
        ("channel_id", "99999999999999999"),
        ("user_token", "any"),
    ];
    let missing = any
        .into_iter()
        .find(|(key, _)| label.strip_prefix("mj.") == Some(*key));
    let Some((key, value)) = missing else {
        return false;
    };
    let Some(setting) = Setting::new(key, &Value::from(value)) else {
        return false;
    };
    raw.0.insert(key, setting).is_none()
}

/// Values of a hub that are wrong by themselves, looked at as if the hub that they belong to were there and right.
fn faulty_values(raw: &Raw) -> Vec<(&'static str, Fault)> {
    let is_value = |key: &str| {
        !HUB_PARTS.contains(&key)
            && key != "gateway"
            && check_of(raw.0.keys().copied().find(|it| *it == key), key, "")
                == Check::ConfigurationValues
            && !key.starts_with("archive")
    };
    let values = raw.0.iter().filter(|(key, _)| is_value(key));
    let mut raw = Raw(values.map(|(key, value)| (*key, value.clone())).collect());
    for label in ["mj.guild_id", "mj.channel_id", "mj.user_token"] {
        fill_in(&mut raw, label);
    }
    let mut faults = Vec::new();
    while let Some((_, Some(fault))) = next_fault(&raw) {
        let Some(key) = key_of(&raw, &fault.setting) else {
            break;
        };
        raw.0.remove(key);
        faults.push((key, fault));
    }
    faults
}

/// Every text in a value; of accounts only what is secret.
fn collect(value: &Value, secrets: &mut Vec<String>) {
    match value {
        Value::Text(text) => secrets.push(text.trim().trim_start_matches("Bot ").to_owned()),
        Value::List(items) => items.iter().for_each(|item| collect(item, secrets)),
        Value::Map(entries) => entries
            .iter()
            .filter(|(name, _)| SECRET.contains(&name.as_str()))
            .for_each(|(_, value)| collect(value, secrets)),
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Bytes(_) => {}
    }
}

/// The secrets of a hub's configuration that is stored.
pub(super) fn secrets_of(hub: &HubConfig) -> Vec<String> {
    let tokens = hub.accounts.iter().map(|account| &account.user_token);
    let tokens = tokens.chain(&hub.bot_token).chain(&hub.notify_secret);
    let bucket = match &hub.archive {
        Some(Archive::S3 { key, secret, .. }) => vec![key, secret],
        Some(Archive::Directory(_)) | None => Vec::new(),
    };
    let sessions = hub.accounts.iter().filter_map(|it| it.session_id.clone());
    let mut secrets: Vec<String> = tokens
        .chain(bucket)
        .map(|token| token.expose().to_owned())
        .collect();
    secrets.extend(sessions.chain(hub.notify_url.clone()));
    secrets
}

/// The key behind a label: `proxy_wss` is `gateway_url`, `accounts[0].name` is `accounts`.
fn key_of(raw: &Raw, label: &str) -> Option<&'static str> {
    let is_it = |setting: &Setting| {
        label
            .strip_prefix(setting.label.as_ref())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['[', '.']))
    };
    let found = raw.0.iter().find(|(_, setting)| is_it(setting));
    found.map(|(key, _)| *key)
}

/// The check that a fault belongs to.
fn check_of(key: Option<&'static str>, label: &str, message: &str) -> Check {
    let Some(key) = key else {
        return Check::ConfigurationHub;
    };
    if message.starts_with("needs ") || message.starts_with("is missing") {
        return Check::ConfigurationHub;
    }
    // Of an account, the part behind the dot says what it is.
    match label.rsplit_once('.').map_or(key, |(_, part)| part) {
        "bot_token" | "user_token" => Check::ConfigurationTokens,
        "channel_id" | "guild_id" => Check::ConfigurationIds,
        "archive" | "ca_file" => Check::ConfigurationFiles,
        "state_dir" | "store" => Check::StateDirPath,
        "log" => Check::LogWritable,
        _ if ADDRESSES.contains(&key) => Check::ConfigurationAddresses,
        _ if key == "bot_token" || key == "user_token" => Check::ConfigurationTokens,
        _ if key == "channel_id" || key == "guild_id" => Check::ConfigurationIds,
        _ if key == "archive" || key == "ca_file" => Check::ConfigurationFiles,
        _ if key == "state_dir" || key == "store" => Check::StateDirPath,
        _ if key == "log" => Check::LogWritable,
        _ => Check::ConfigurationValues,
    }
}

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
    if let Some(fault) = patient.reading.fault(Check::ConfigurationKeys) {
        return findings.fail(
            Check::ConfigurationKeys,
            fault,
            Text::new(
                "correct the name, or take it out; docs list every setting",
                "请改正名称或删除该项；文档列有全部设置",
            ),
        );
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
    if ADDRESSES.contains(&key) {
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
        "let the user who runs PHP read the certificates and write in the archive, or correct the path",
        "请让运行 PHP 的用户可读取证书文件、可写入归档目录，或改正路径",
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

    fn reading(given: &[(&str, Value)]) -> Reading {
        Reading::of(&Host::default(), &given.iter().cloned().collect())
    }

    fn failing(reading: &Reading) -> Vec<Check> {
        reading.faults.keys().copied().collect()
    }

    #[test]
    fn each_fault_goes_to_its_check() {
        for (key, value, check) in [
            ("guild", "1", Check::ConfigurationKeys),
            ("user_token", "Bot a.b.c", Check::ConfigurationTokens),
            ("guild_id", "general", Check::ConfigurationIds),
            (
                "proxy_wss",
                "https://a.example",
                Check::ConfigurationAddresses,
            ),
            ("ca_file", "/nonexistent.pem", Check::ConfigurationFiles),
            ("concurrency", "99", Check::ConfigurationValues),
            ("gateway", "bot", Check::ConfigurationHub),
            ("state_dir", "relative", Check::StateDirPath),
        ] {
            let hub = [
                ("guild_id", Value::from("123456789012345678")),
                ("channel_id", "223456789012345678".into()),
                ("user_token", "MTIz.b.c".into()),
            ];
            let others = hub.iter().filter(|(other, _)| *other != key).cloned();
            let given: Vec<_> = others.chain([(key, value.into())]).collect();
            let found = failing(&reading(&given));
            assert!(found.contains(&check), "{key}: {found:?}");
            let rest = found.iter().filter(|found| **found != check);
            assert!(
                rest.clone().all(|other| *other == Check::ConfigurationHub),
                "{key}: {found:?}"
            );
        }
    }

    #[test]
    fn finds_several_at_once() {
        let reading = reading(&[
            ("guild_id", "x".into()),
            ("channel_id", "y".into()),
            ("queue_size", Value::Int(0)),
            ("max_wait", "soon".into()),
            ("concurrency", Value::Int(99)),
            ("lang", "zh".into()),
        ]);
        let words = |check| reading.fault(check).unwrap();
        let ids = words(Check::ConfigurationIds);
        assert!(ids.words(crate::Lang::En).contains("guild_id"));
        assert!(ids.words(crate::Lang::En).contains("channel_id"));
        assert!(
            words(Check::ConfigurationValues)
                .words(crate::Lang::En)
                .contains("max_wait")
        );
        assert_eq!(reading.settings.unwrap().lang, crate::Lang::Zh);
    }

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
