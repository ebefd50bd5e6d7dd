//! Settings by key, from the environment, ini entries and `mj_configure()`, before anybody knows what they mean.

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use crate::{
    environment::Environment,
    error::EngineError,
    setting::{Setting, Source},
    value::Value,
};

/// Every key of `mj_configure()`; with `mj.` in front, every ini entry but `accounts`.
pub(crate) const KEYS: &[&str] = &[
    "accounts",
    "activity_url",
    "api_url",
    "archive",
    "archive_endpoint",
    "archive_key",
    "archive_path_style",
    "archive_region",
    "archive_secret",
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
    "log_files",
    "log_format",
    "log_level",
    "log_prompts",
    "log_size",
    "max_wait",
    "notify_secret",
    "notify_url",
    "proxy",
    "queue_size",
    "relax_concurrency",
    "retention",
    "role",
    "secret",
    "secret_previous",
    "seed_tag",
    "session_id",
    "shutdown_grace",
    "spacing",
    "state_dir",
    "store",
    "timeout",
    "token_sessions",
    "upload_url",
    "user_agent",
    "user_token",
];

/// ChatMoney's own spelling.
pub(crate) const ALIASES: &[(&str, &str)] = &[
    ("proxy_api", "api_url"),
    ("proxy_url", "cdn_url"),
    ("proxy_wss", "gateway_url"),
];

/// Settings by key, with the labels of their source.
#[derive(Debug)]
pub(crate) struct Raw(pub(crate) BTreeMap<&'static str, Setting>);

impl Raw {
    /// Gathers them; what `mj_configure()` says goes before ini entries, and those go before the environment.
    ///
    /// # Errors
    /// [`EngineError::Configuration`] for a name that is none, or two of one meaning.
    pub(super) fn collect(
        environment: &Environment,
        ini: &[(String, String)],
        configured: &Value,
    ) -> Result<Self, EngineError> {
        let (raw, complaints) = Self::gather(environment, ini, configured);
        complaints.into_iter().next().map_or(Ok(raw), Err)
    }

    /// Gathers what can be, with what is wrong about the names of the rest.
    pub(crate) fn gather(
        environment: &Environment,
        ini: &[(String, String)],
        configured: &Value,
    ) -> (Self, Vec<EngineError>) {
        let mut settings = BTreeMap::new();
        let mut complaints = Vec::new();
        for (name, text) in ini {
            let Some(key) = name.strip_prefix("mj.").and_then(known_key) else {
                complaints.push(EngineError::configuration(name.clone(), "no such setting"));
                continue;
            };
            if let Some(setting) = Setting::new(name.clone(), &Value::Text(text.clone())) {
                settings.insert(key, setting.from(Source::Ini));
            }
        }
        let Some(entries) = configured.as_map() else {
            complaints.push(EngineError::configuration(
                "config",
                "must be an array with string keys",
            ));
            return (Self(settings), complaints);
        };
        let mut given: BTreeMap<&'static str, &str> = BTreeMap::new();
        for (name, value) in entries {
            let plain = name.strip_prefix("mj.").unwrap_or(name);
            let alias = ALIASES
                .iter()
                .find(|(alias, _)| *alias == plain)
                .map(|(_, key)| *key);
            let Some(key) = alias.or_else(|| known_key(plain)) else {
                complaints.push(EngineError::configuration(
                    name.clone(),
                    format!(
                        "no such setting; known are {} and ChatMoney's proxy_api, proxy_url, proxy_wss",
                        KEYS.join(", ")
                    ),
                ));
                continue;
            };
            let Some(setting) = Setting::new(name.clone(), value) else {
                continue;
            };
            if let Some(earlier) = given.insert(key, name) {
                complaints
                    .push(setting.wrong(format!("means the same as {earlier}: give one of them")));
                continue;
            }
            settings.insert(key, setting);
        }
        for key in KEYS.iter().filter(|key| **key != "accounts") {
            // Only what is in force can be wrong.
            if settings.contains_key(key) {
                continue;
            }
            match environment.setting(key) {
                Ok(Some(setting)) => drop(settings.insert(key, setting.from(Source::Environment))),
                Ok(None) => {}
                Err(complaint) => complaints.push(complaint),
            }
        }
        (Self(settings), complaints)
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
    pub(super) fn label(&self, key: &'static str) -> Cow<'static, str> {
        self.get(key).map_or_else(
            || Cow::Owned(format!("mj.{key}")),
            |setting| setting.label.clone(),
        )
    }
}

fn known_key(name: &str) -> Option<&'static str> {
    KEYS.iter().find(|key| **key == name).copied()
}
