//! The options of a submission: read, checked, and named in every error.

use std::{borrow::Cow, time::Duration};

use mj_discord::Token;
use mj_midjourney::{prompt::Prompt, task::Mode};

use crate::{account_setting::inline_token, error::EngineError, value::Value, webhook};

/// Options that every submission takes.
const COMMON: &[&str] = &[
    "account",
    "idempotency_key",
    "mode",
    "notify_url",
    "priority",
    "state",
    "timeout",
    "user_token",
];
/// Options that only a prompt takes, beside Midjourney's parameters.
const PROMPT: &[&str] = &["images", "seed"];
/// Options that a later version answers modals with.
const MODAL: &[&str] = &["mask", "prompt"];
/// Midjourney's parameters that are named in messages; others that it knows are taken too.
const PARAMETERS: &str = "aspect, chaos, iw, niji, no, oref, ow, profile, quality, raw, repeat, sref, stop, style, \
                          stylize, sw, tile, version, weird";
/// What is given back is kept in every copy of the task.
const LONGEST_STATE: usize = 65_536;
/// Keys are indexed.
const LONGEST_KEY: usize = 255;
const PRIORITIES: std::ops::RangeInclusive<i64> = -100..=100;
const TIMEOUTS: (f64, f64) = (10.0, 7.0 * 86_400.0);

/// What a submission was asked to be beside its prompt or button.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    /// The account by name.
    pub(crate) account: Option<String>,
    /// An account given inline.
    pub(crate) user_token: Option<Token>,
    /// The speed.
    pub(crate) mode: Option<Mode>,
    /// Addresses of image prompts.
    pub(crate) images: Vec<String>,
    /// Midjourney's parameters, with the seed.
    pub(crate) parameters: Vec<(String, String)>,
    /// Given back.
    pub(crate) state: Option<String>,
    /// Makes a repeated submission the same task.
    pub(crate) idempotency_key: Option<String>,
    /// How long it may take.
    pub(crate) timeout: Option<Duration>,
    /// Larger goes first.
    pub(crate) priority: i32,
    /// Where changes are posted, in place of the hub's address.
    pub(crate) notify_url: Option<String>,
}

/// Which submission the options are for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// `mj_imagine()`.
    Prompt,
    /// `mj_action()`.
    Button,
}

impl Options {
    /// Reads the options of a submission.
    ///
    /// # Errors
    /// [`EngineError::Argument`] or [`EngineError::Type`] naming the option.
    pub(crate) fn read(kind: Kind, options: &Value) -> Result<Self, EngineError> {
        let entries = options.as_map().ok_or_else(|| {
            EngineError::argument(
                "options",
                "must be an array with option names as keys, not a list",
            )
        })?;
        let mut read = Self::default();
        for (key, value) in entries {
            if !matches!(value, Value::Null) {
                read.take(kind, key, value)?;
            }
        }
        if read.account.is_some() && read.user_token.is_some() {
            return Err(EngineError::argument(
                "options.user_token",
                "names another account beside options.account: give one",
            ));
        }
        Ok(read)
    }

    fn take(&mut self, kind: Kind, key: &str, value: &Value) -> Result<(), EngineError> {
        let name = || Cow::Owned(format!("options.{key}"));
        match (key, kind) {
            ("account", _) => self.account = Some(text(name(), value)?),
            ("user_token", _) => self.user_token = Some(inline_token(value)?),
            ("mode", _) => self.mode = Some(mode(name(), value)?),
            ("state", _) => self.state = Some(bounded(name(), value, LONGEST_STATE)?),
            ("idempotency_key", _) => {
                self.idempotency_key = Some(bounded(name(), value, LONGEST_KEY)?);
            }
            ("timeout", _) => self.timeout = Some(timeout(name(), value)?),
            ("priority", _) => self.priority = priority(name(), value)?,
            ("notify_url", _) => {
                let address = webhook::address(&text(name(), value)?)
                    .map_err(|why| EngineError::argument(name(), why))?;
                self.notify_url = Some(address);
            }
            ("images", Kind::Prompt) => self.images = images(value)?,
            ("seed", Kind::Prompt) => {
                let seed = if let Value::Int(seed) = value {
                    u32::try_from(*seed).ok()
                } else if let Value::Text(seed) = value {
                    seed.trim().parse().ok()
                } else {
                    return Err(wrong_type(name(), "int", value));
                };
                let seed = seed
                    .ok_or_else(|| EngineError::argument(name(), "must be from 0 to 4294967295"))?;
                self.parameters.push((key.to_owned(), seed.to_string()));
            }
            (other, Kind::Button) if MODAL.contains(&other) => {
                return Err(EngineError::argument(
                    name(),
                    "buttons that open a form are not pressed by this version",
                ));
            }
            (other, Kind::Prompt) if is_parameter(other) => {
                if let Some(written) = parameter(name(), value)? {
                    self.parameters.push((key.to_owned(), written));
                }
            }
            (_, Kind::Prompt) => {
                let known = [COMMON, PROMPT].concat().join(", ");
                let message = format!(
                    "no such option; known are {known}, and Midjourney's parameters {PARAMETERS}"
                );
                return Err(EngineError::argument(name(), message));
            }
            (_, Kind::Button) => {
                let message = format!("no such option; known are {}", COMMON.join(", "));
                return Err(EngineError::argument(name(), message));
            }
        }
        Ok(())
    }
}

/// Whether Midjourney takes a parameter of this name.
fn is_parameter(name: &str) -> bool {
    let is_word = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let written = format!("x --{name} 1");
    is_word
        && Prompt::parse(&written)
            .parameters
            .first()
            .is_some_and(|parameter| parameter.kind.is_some())
}

/// A parameter's value as it is written; none for a switch that is off.
fn parameter(name: Cow<'static, str>, value: &Value) -> Result<Option<String>, EngineError> {
    Ok(Some(match value {
        Value::Bool(false) | Value::Null => return Ok(None),
        Value::Bool(true) => String::new(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::List(items) => {
            let separator = if name.ends_with(".no") { ", " } else { " " };
            items
                .iter()
                .map(|item| text(name.clone(), item))
                .collect::<Result<Vec<_>, _>>()?
                .join(separator)
        }
        Value::Bytes(_) | Value::Map(_) => {
            return Err(wrong_type(
                name,
                "string|int|float|bool|list of strings",
                value,
            ));
        }
    }))
}

/// A value of the wrong type; a string that is not UTF-8 is a wrong value instead.
pub(crate) fn wrong_type(
    name: Cow<'static, str>,
    expected: &'static str,
    value: &Value,
) -> EngineError {
    if matches!(value, Value::Bytes(_)) {
        return EngineError::argument(name, "is not valid UTF-8");
    }
    EngineError::Type {
        name,
        expected,
        given: value.type_name(),
    }
}

/// A string that is not empty.
pub(crate) fn text(name: Cow<'static, str>, value: &Value) -> Result<String, EngineError> {
    let Value::Text(text) = value else {
        return Err(wrong_type(name, "string", value));
    };
    if text.trim().is_empty() {
        return Err(EngineError::argument(name, "is empty"));
    }
    Ok(text.clone())
}

fn bounded(name: Cow<'static, str>, value: &Value, most: usize) -> Result<String, EngineError> {
    if let Value::Int(number) = value {
        return Ok(number.to_string());
    }
    let Value::Text(text) = value else {
        return Err(wrong_type(name, "string", value));
    };
    if text.len() > most {
        let message = format!("has {} bytes, at most {most} are kept", text.len());
        return Err(EngineError::argument(name, message));
    }
    Ok(text.clone())
}

fn mode(name: Cow<'static, str>, value: &Value) -> Result<Mode, EngineError> {
    match text(name.clone(), value)?.to_ascii_lowercase().as_str() {
        "fast" => Ok(Mode::Fast),
        "relax" => Ok(Mode::Relax),
        "turbo" => Ok(Mode::Turbo),
        _ => Err(EngineError::argument(name, "must be fast, relax or turbo")),
    }
}

fn timeout(name: Cow<'static, str>, value: &Value) -> Result<Duration, EngineError> {
    #[expect(clippy::cast_precision_loss, reason = "bounded to a week below")]
    let seconds = if let Value::Int(seconds) = value {
        *seconds as f64
    } else if let Value::Float(seconds) = value {
        *seconds
    } else {
        return Err(wrong_type(name, "int|float", value));
    };
    if (TIMEOUTS.0..=TIMEOUTS.1).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err(EngineError::argument(
            name,
            format!("must be {} to {} seconds", TIMEOUTS.0, TIMEOUTS.1),
        ))
    }
}

fn priority(name: Cow<'static, str>, value: &Value) -> Result<i32, EngineError> {
    let Value::Int(priority) = value else {
        return Err(wrong_type(name, "int", value));
    };
    if !PRIORITIES.contains(priority) {
        return Err(EngineError::argument(name, "must be from -100 to 100"));
    }
    Ok(i32::try_from(*priority).unwrap_or_default())
}

fn images(value: &Value) -> Result<Vec<String>, EngineError> {
    let items = if let Value::List(items) = value {
        items.as_slice()
    } else {
        std::slice::from_ref(value)
    };
    let address = |(index, item): (usize, &Value)| {
        let name: Cow<'static, str> = format!("options.images[{index}]").into();
        let address = text(name.clone(), item)?;
        let address = address.trim();
        if address.starts_with("https://") || address.starts_with("http://") {
            return Ok(address.to_owned());
        }
        Err(EngineError::argument(
            name,
            "must be an http or https address: files and data are not uploaded by this version",
        ))
    };
    items.iter().enumerate().map(address).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(entries: &[(&str, Value)]) -> Result<Options, EngineError> {
        Options::read(Kind::Prompt, &entries.iter().cloned().collect())
    }

    #[test]
    fn reads_what_is_known() {
        let options = read(&[
            ("mode", "relax".into()),
            ("aspect", "16:9".into()),
            ("raw", true.into()),
            ("tile", false.into()),
            ("no", Value::List(vec!["text".into(), "frames".into()])),
            ("seed", 7.into()),
            ("timeout", Value::Int(60)),
            ("priority", 5.into()),
            ("state", "order 1".into()),
            ("account", Value::Null),
        ])
        .unwrap();
        assert_eq!(options.mode, Some(Mode::Relax));
        let parameters: Vec<_> = options
            .parameters
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            parameters,
            [
                ("aspect", "16:9"),
                ("raw", ""),
                ("no", "text, frames"),
                ("seed", "7")
            ]
        );
        assert_eq!(
            (options.priority, options.timeout),
            (5, Some(Duration::from_secs(60)))
        );
    }

    #[test]
    fn names_what_is_not() {
        let message = |entries: &[(&str, Value)]| read(entries).unwrap_err().to_string();
        assert!(
            message(&[("aspct", "1:1".into())])
                .starts_with("options.aspct: no such option; known are account")
        );
        assert_eq!(
            message(&[("seed", "x".into())]),
            "options.seed: must be from 0 to 4294967295"
        );
        assert_eq!(
            message(&[("state", Value::List(vec![]))]),
            "options.state must be of type string, array given"
        );
        assert_eq!(
            message(&[("account", Value::Bytes(vec![0xFF]))]),
            "options.account: is not valid UTF-8"
        );
        assert!(
            message(&[("images", "/tmp/a.png".into())])
                .starts_with("options.images[0]: must be an http")
        );
        assert_eq!(
            message(&[("notify_url", "ftp://a".into())]),
            "options.notify_url: must be an http or https address"
        );
        assert!(
            Options::read(
                Kind::Button,
                &[("aspect", Value::from("1:1"))].into_iter().collect()
            )
            .is_err()
        );
        assert!(Options::read(Kind::Prompt, &Value::List(vec!["a".into()])).is_err());
    }

    #[test]
    fn a_token_never_shows() {
        let error = read(&[("user_token", "Bot secret.secret".into())])
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("options.user_token: is a bot's token") && !error.contains("secret"),
            "{error}"
        );
    }
}
