//! What is set, and by whom, as an operator may see it: without any secret.

use super::{KEYS, Raw};
use crate::{
    engine::Host,
    error::EngineError,
    setting::{Setting, Source},
    value::Value,
};

/// What stands for a secret; `phpinfo()` says the same.
pub(crate) const HIDDEN: &str = "set, hidden";

/// Settings whose values nobody is shown; the binding hides the same ones in `phpinfo()` and from `ini_get()`.
pub(crate) const SECRET: &[&str] = &[
    "archive_key",
    "archive_secret",
    "bot_token",
    "notify_secret",
    "notify_url",
    "secret",
    "secret_previous",
    "session_id",
    "user_token",
];

/// What is in force where nothing is set, for settings that have a value then.
pub(crate) const DEFAULTS: &[(&str, &str)] = &[
    ("activity_url", "https://936929561302675456.discordsays.com"),
    ("api_url", "https://discord.com"),
    ("autostart", "1"),
    ("cdn_url", "https://cdn.discordapp.com"),
    ("concurrency", "3"),
    ("gateway", "auto"),
    ("gateway_url", "wss://gateway.discord.gg"),
    ("lang", "en"),
    ("late_final", "1800"),
    ("log_files", "5"),
    ("log_format", "text"),
    ("log_level", "warn"),
    ("log_prompts", "0"),
    ("log_size", "10M"),
    ("max_wait", "25"),
    ("queue_size", "1000"),
    ("relax_concurrency", "3"),
    ("retention", "30d"),
    ("role", "auto"),
    ("seed_tag", "1"),
    ("shutdown_grace", "2"),
    ("spacing", "350ms"),
    ("state_dir", "/var/lib/mj"),
    ("timeout", "600"),
    ("token_sessions", "0"),
    (
        "upload_url",
        "https://discord-attachments-uploads-prd.storage.googleapis.com",
    ),
    (
        "user_agent",
        concat!("DiscordBot (php-mj, ", env!("CARGO_PKG_VERSION"), ")"),
    ),
];

/// One setting.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shown {
    /// The key of `mj_configure()`; with `mj.` in front the ini entry.
    pub(crate) key: &'static str,
    /// As it was written where it was set: `mj.proxy`, `proxy_wss`, `MJ_PROXY_FILE`; `mj.` and the key where it was not.
    pub(crate) name: String,
    /// Its value, or its default; null where it has none; [`HIDDEN`] for a secret.
    pub(crate) value: Value,
    /// Who set it.
    pub(crate) source: Source,
}

/// Every setting, in the order of the alphabet.
///
/// # Errors
/// [`EngineError::Configuration`] for settings that cannot even be listed: an unknown name, or two of one meaning.
pub(crate) fn shown(host: &Host, configured: &Value) -> Result<Vec<Shown>, EngineError> {
    let raw = Raw::collect(&host.environment, &host.ini, configured)?;
    let of = |key: &'static str| match raw.get(key) {
        Some(setting) => Shown {
            key,
            name: setting.label.to_string(),
            value: value(key, setting),
            source: setting.source,
        },
        None => Shown {
            key,
            name: format!("mj.{key}"),
            value: DEFAULTS
                .iter()
                .find(|(name, _)| *name == key)
                .map_or(Value::Null, |(_, default)| Value::from(*default)),
            source: Source::Default,
        },
    };
    Ok(KEYS.iter().copied().map(of).collect())
}

/// `mj_status()['configuration']`: for each setting its value and its source.
///
/// # Errors
/// As [`shown`].
pub(crate) fn for_status(host: &Host, configured: &Value) -> Result<Value, EngineError> {
    let entry = |shown: Shown| {
        let entry: Value = [
            ("value", shown.value),
            ("source", Value::from(shown.source.word())),
            ("name", Value::Text(shown.name)),
        ]
        .into_iter()
        .collect();
        (shown.key, entry)
    };
    Ok(shown(host, configured)?.into_iter().map(entry).collect())
}

fn value(key: &str, setting: &Setting) -> Value {
    match setting.value() {
        _ if SECRET.contains(&key) => Value::from(HIDDEN),
        // An address with a user name or password.
        Value::Text(text) if text.contains('@') && key != "user_agent" => Value::from(HIDDEN),
        Value::List(accounts) if key == "accounts" => {
            let name = |account: &Value| account.get("name").cloned().unwrap_or_default();
            Value::List(accounts.iter().map(name).collect())
        }
        Value::List(_) | Value::Map(_) | Value::Bytes(_) => Value::from(HIDDEN),
        value @ (Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Text(_)) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Settings, environment::Environment};

    const PLACES: [(&str, &str); 3] = [
        ("mj.guild_id", "1100000000000000001"),
        ("mj.channel_id", "1100000000000000002"),
        ("mj.user_token", "hush"),
    ];

    fn host(entries: &[(&str, &str)]) -> Host {
        let entry = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Host {
            ini: entries.iter().map(entry).collect(),
            ..Host::default()
        }
    }

    #[test]
    fn the_defaults_are_those_in_force() {
        let read =
            |host: &Host| Settings::read(&host.environment, &host.ini, &Value::Null).unwrap();
        let unset = read(&host(&PLACES));
        for (key, default) in DEFAULTS {
            let name = format!("mj.{key}");
            let mut entries = PLACES.to_vec();
            entries.push((&name, default));
            let set = read(&host(&entries));
            // What names a place is not stored where it is the default.
            if key.ends_with("_url") || *key == "state_dir" {
                continue;
            }
            assert_eq!(set, unset, "{key}");
        }
    }

    #[test]
    fn each_setting_has_its_source_and_no_secret_its_value() {
        let mut host = host(&[("mj.proxy", "http://u:hush@p"), ("mj.max_wait", "5")]);
        host.environment = Environment::read(|name| match name {
            "MJ_MAX_WAIT" => Some(b"7".to_vec()),
            "MJ_SPACING" => Some(b"1s".to_vec()),
            "MJ_SECRET" => Some(b"hush".to_vec()),
            _ => None,
        });
        let account: Value = [("name", "second"), ("user_token", "hush")]
            .map(|(key, value)| (key, Value::from(value)))
            .into_iter()
            .collect();
        let configured: Value = [
            ("proxy_wss", Value::from("wss://gw.example.cn")),
            ("bot_token", Value::from("hush")),
            ("accounts", Value::List(vec![account])),
        ]
        .into_iter()
        .collect();
        let all = shown(&host, &configured).unwrap();
        let of = |key: &str| {
            let shown = all.iter().find(|shown| shown.key == key).unwrap();
            (
                shown.source.word(),
                shown.name.as_str(),
                shown.value.clone(),
            )
        };
        assert_eq!(of("proxy"), ("ini", "mj.proxy", HIDDEN.into()));
        assert_eq!(of("max_wait"), ("ini", "mj.max_wait", "5".into()));
        assert_eq!(of("spacing"), ("environment", "MJ_SPACING", "1s".into()));
        assert_eq!(of("secret"), ("environment", "MJ_SECRET", HIDDEN.into()));
        assert_eq!(
            of("gateway_url"),
            ("configure", "proxy_wss", "wss://gw.example.cn".into())
        );
        assert_eq!(of("retention"), ("default", "mj.retention", "30d".into()));
        assert_eq!(of("guild_id"), ("default", "mj.guild_id", Value::Null));
        assert_eq!(of("accounts").2, Value::List(vec!["second".into()]));
        assert!(!format!("{all:?}").contains("hush"));
    }
}
