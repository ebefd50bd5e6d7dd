//! Reads settings as far as they can be, one fault after the other.

use std::collections::BTreeMap;

use mj_midjourney::config::{Archive, HubConfig};
use url::Url;

use super::{ADDRESSES, chinese};
use crate::{
    config::{HUB_PARTS, HubSettings, Raw, Settings, shown::SECRET},
    doctor::{
        check::Check,
        text::{Shown, Text},
    },
    engine::Host,
    error::EngineError,
    setting::Setting,
    value::Value,
};

/// What is wrong with a setting.
#[derive(Clone, Debug)]
struct Fault {
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
pub(crate) struct Reading {
    /// What is set, also what is wrong.
    pub(crate) raw: Raw,
    /// What is left without what is wrong.
    pub(crate) settings: Option<Settings>,
    faults: BTreeMap<Check, Vec<Fault>>,
}

impl Reading {
    /// Reads settings one fault after the other: each is noted and taken out, until the rest can be used.
    pub(crate) fn of(host: &Host, given: &Value) -> Self {
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
            let is_gone = if is_of_archive(key, &fault.setting) {
                // Its settings make sense together only.
                let before = rest.0.len();
                rest.0.retain(|key, _| !key.starts_with(ARCHIVE));
                rest.0.len() < before
            } else {
                match key {
                    Some(key) => rest.0.remove(key).is_some(),
                    // Something is missing: with anything in its place the rest can be read.
                    None => fill_in(&mut rest, &fault.setting),
                }
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
    pub(crate) fn fault(&self, check: Check) -> Option<Text> {
        let faults = self.faults.get(&check)?;
        let seen: Vec<Text> = faults.iter().map(Fault::seen).collect();
        Some(Text::joined(&seen))
    }

    /// The hub that is set here.
    pub(crate) fn hub(&self) -> Option<&HubSettings> {
        self.settings.as_ref()?.hub.as_ref()
    }

    /// Whether something of a hub is set here that cannot be used.
    pub(crate) fn is_hub_faulty(&self) -> bool {
        let of_hub = [
            Check::ConfigurationHub,
            Check::ConfigurationIds,
            Check::ConfigurationTokens,
        ];
        of_hub.iter().any(|check| self.faults.contains_key(check))
    }

    /// Whether anything of a hub is set here.
    pub(crate) fn has_part_of_hub(&self) -> bool {
        HUB_PARTS.iter().any(|key| self.raw.get(key).is_some())
    }

    /// Every secret that is set, as it is.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let of_setting = |key: &&str| self.raw.get(key).map(Setting::value);
        let mut secrets = Vec::new();
        for value in SECRET.iter().chain(&["accounts"]).filter_map(of_setting) {
            collect(value, &mut secrets);
        }
        for value in ADDRESSES.iter().chain(&["store"]).filter_map(of_setting) {
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

/// What the settings of the archive begin with.
const ARCHIVE: &str = "archive";

fn is_of_archive(key: Option<&str>, label: &str) -> bool {
    let name = key.unwrap_or(label.strip_prefix("mj.").unwrap_or(label));
    name.starts_with(ARCHIVE)
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
            && !key.starts_with(ARCHIVE)
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
pub(crate) fn secrets_of(hub: &HubConfig) -> Vec<String> {
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
    let is_lacking = message.starts_with("needs ") || message.starts_with("is missing");
    if is_lacking && is_of_archive(key, label) {
        return Check::ConfigurationFiles;
    }
    let Some(key) = key else {
        return Check::ConfigurationHub;
    };
    // What an account lacks is the account's.
    if is_lacking && key != "accounts" {
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
            ("log", "relative", Check::LogWritable),
            ("archive", "s3://pictures", Check::ConfigurationFiles),
            ("archive_key", "AKIA", Check::ConfigurationFiles),
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
    fn what_an_account_lacks_is_the_accounts() {
        let account: Value = [("user_token", "MTI0.b.c")]
            .map(|(key, value)| (key, Value::from(value)))
            .into_iter()
            .collect();
        let reading = reading(&[
            ("guild_id", "123456789012345678".into()),
            ("channel_id", "223456789012345678".into()),
            ("user_token", "MTIz.b.c".into()),
            ("accounts", Value::List(vec![account])),
        ]);
        assert_eq!(failing(&reading), [Check::ConfigurationValues]);
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
}
