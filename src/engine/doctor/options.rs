//! The options of `mj_doctor()`.

use std::time::Duration;

use mj_midjourney::refusal::Lang;

use super::check::Check;
use crate::{
    error::EngineError,
    options::{text, wrong_type},
    value::Value,
};

/// How long the checks over the network may take unless `options.timeout` says otherwise.
const TIMEOUT: Duration = Duration::from_secs(10);
const KNOWN: &str = "config, format, idle, lang, network, only, timeout";

/// In what form the report comes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Format {
    /// A PHP array.
    #[default]
    Array,
    /// The same as JSON.
    Json,
    /// Lines for people.
    Text,
}

/// What is looked at, and how it is told.
#[derive(Clone, Debug)]
pub(super) struct DoctorOptions {
    pub(super) format: Format,
    /// None: that of `mj.lang`.
    pub(super) lang: Option<Lang>,
    pub(super) network: bool,
    pub(super) timeout: Duration,
    /// How long a gateway's connection is kept silent, to see whether something in between cuts it; zero: not at all.
    pub(super) idle: Duration,
    /// Names, or their first parts; none: everything.
    pub(super) only: Vec<String>,
    /// Looked at in place of what `mj_configure()` was given.
    pub(super) config: Option<Value>,
}

impl DoctorOptions {
    /// Reads the options.
    ///
    /// # Errors
    /// [`EngineError::Argument`], [`EngineError::Type`].
    pub(super) fn read(options: &Value) -> Result<Self, EngineError> {
        let entries = options.as_map().ok_or_else(|| {
            EngineError::argument("options", "must be an array with option names as keys")
        })?;
        let mut read = Self {
            format: Format::default(),
            lang: None,
            network: true,
            timeout: TIMEOUT,
            idle: Duration::ZERO,
            only: Vec::new(),
            config: None,
        };
        for (key, value) in entries {
            match (key.as_str(), value) {
                (_, Value::Null) => {}
                ("config", value) => read.config = Some(config(value)?),
                ("format", value) => read.format = format(value)?,
                ("idle", value) => read.idle = idle(value)?,
                ("lang", value) => read.lang = Some(lang(value)?),
                ("network", Value::Bool(network)) => read.network = *network,
                ("network", value) => {
                    return Err(wrong_type("options.network".into(), "bool", value));
                }
                ("only", value) => read.only = only(value)?,
                ("timeout", value) => read.timeout = timeout(value)?,
                (other, _) => {
                    let message = format!("no such option; known are {KNOWN}");
                    return Err(EngineError::argument(format!("options.{other}"), message));
                }
            }
        }
        Ok(read)
    }

    /// Whether a check is to be reported.
    pub(super) fn wants(&self, check: Check) -> bool {
        self.only.is_empty() || self.only.iter().any(|word| check.is_meant_by(word))
    }
}

fn config(value: &Value) -> Result<Value, EngineError> {
    if value.as_map().is_none() {
        let expected = "array with the keys of mj_configure()";
        return Err(wrong_type("options.config".into(), expected, value));
    }
    Ok(value.clone())
}

fn format(value: &Value) -> Result<Format, EngineError> {
    match text("options.format".into(), value)?.as_str() {
        "array" => Ok(Format::Array),
        "json" => Ok(Format::Json),
        "text" => Ok(Format::Text),
        _ => Err(EngineError::argument(
            "options.format",
            "must be array, json or text",
        )),
    }
}

fn lang(value: &Value) -> Result<Lang, EngineError> {
    match text("options.lang".into(), value)?.as_str() {
        "en" => Ok(Lang::En),
        "zh" => Ok(Lang::Zh),
        _ => Err(EngineError::argument("options.lang", "must be en or zh")),
    }
}

fn only(value: &Value) -> Result<Vec<String>, EngineError> {
    let words = match value {
        Value::List(words) => words.as_slice(),
        Value::Text(_) => std::slice::from_ref(value),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Bytes(_)
        | Value::Map(_) => return Err(wrong_type("options.only".into(), "string|list", value)),
    };
    words
        .iter()
        .map(|word| {
            let word = text("options.only".into(), word)?;
            if Check::ALL.iter().any(|check| check.is_meant_by(&word)) {
                return Ok(word);
            }
            Err(EngineError::argument(
                "options.only",
                format!("there is no check {word}; mj_doctor() without it lists all"),
            ))
        })
        .collect()
}

/// Up to five minutes: longer than any reverse proxy's time-out that does harm.
fn idle(value: &Value) -> Result<Duration, EngineError> {
    let Value::Int(seconds) = value else {
        return Err(wrong_type("options.idle".into(), "int", value));
    };
    match seconds {
        0..=300 => Ok(Duration::from_secs(seconds.unsigned_abs())),
        _ => Err(EngineError::argument(
            "options.idle",
            "must be 0 to 300 seconds",
        )),
    }
}

fn timeout(value: &Value) -> Result<Duration, EngineError> {
    match value {
        Value::Int(seconds @ 1..=60) => Ok(Duration::from_secs(seconds.unsigned_abs())),
        Value::Float(seconds) if (1.0..=60.0).contains(seconds) => {
            Ok(Duration::from_secs_f64(*seconds))
        }
        Value::Int(_) | Value::Float(_) => Err(EngineError::argument(
            "options.timeout",
            "must be 1 to 60 seconds",
        )),
        Value::Null
        | Value::Bool(_)
        | Value::Text(_)
        | Value::Bytes(_)
        | Value::List(_)
        | Value::Map(_) => Err(wrong_type("options.timeout".into(), "int|float", value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(entries: &[(&str, Value)]) -> Result<DoctorOptions, EngineError> {
        DoctorOptions::read(&entries.iter().cloned().collect())
    }

    #[test]
    fn reads_what_is_known() {
        let only = Value::List(vec!["api".into(), "clock".into()]);
        let options = read(&[
            ("format", "text".into()),
            ("lang", "zh".into()),
            ("network", false.into()),
            ("only", only),
            ("timeout", Value::Float(2.5)),
        ])
        .unwrap();
        assert_eq!(options.format, Format::Text);
        assert_eq!(options.lang, Some(Lang::Zh));
        assert!(!options.network && options.wants(Check::ApiTls) && options.wants(Check::Clock));
        assert!(!options.wants(Check::GatewayTls));
        assert_eq!(options.timeout, Duration::from_millis(2_500));
    }

    #[test]
    fn names_what_is_wrong() {
        let message = |entries: &[(&str, Value)]| read(entries).unwrap_err().to_string();
        assert!(message(&[("timeouts", 1.into())]).starts_with("options.timeouts: no such option"));
        assert_eq!(
            message(&[("timeout", 61.into())]),
            "options.timeout: must be 1 to 60 seconds"
        );
        assert_eq!(
            message(&[("lang", "fr".into())]),
            "options.lang: must be en or zh"
        );
        assert_eq!(
            message(&[("network", 1.into())]),
            "options.network must be of type bool, int given"
        );
        assert!(message(&[("only", "apo".into())]).starts_with("options.only: there is no check"));
    }
}
