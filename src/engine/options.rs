//! The options of a submission: read, checked, and named in every error.

mod read;

use std::{borrow::Cow, time::Duration};

use mj_discord::Token;
use mj_midjourney::{application::Bot, prompt::Prompt, task::Mode};

pub(crate) use self::read::{text, wrong_type};
use crate::{account_setting::inline_token, error::EngineError, given::Given, value::Value};

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
/// Midjourney's parameters that are named in messages; others that it knows are taken too.
const PARAMETERS: &str = "aspect, chaos, cref, cw, draft, end, exp, iw, loop, motion, niji, no, oref, ow, profile, \
                          quality, raw, repeat, sref, stop, style, stylize, sw, tile, version, video, weird";
/// Parameters whose value is a picture, or may be one.
const REFERENCES: &[&str] = &["cref", "end", "oref", "sref"];
/// What is given back is kept in every copy of the task.
const LONGEST_STATE: usize = 65_536;
/// Keys are indexed.
const LONGEST_KEY: usize = 255;
/// Discord's limit for a text input ("Text Input", `max_length`).
const LONGEST_FORM: usize = 4_000;
/// As many as one Discord message can have.
const MOST_IMAGES: usize = 10;

/// What a submission was asked to be beside its prompt, picture or button.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    /// The account by name.
    pub(crate) account: Option<String>,
    /// An account given inline.
    pub(crate) user_token: Option<Token>,
    /// The speed.
    pub(crate) mode: Option<Mode>,
    /// Which of the two bots is asked.
    pub(crate) bot: Bot,
    /// Image prompts, in order.
    pub(crate) images: Vec<Given>,
    /// Whether pictures that are addresses are fetched and uploaded by us.
    pub(crate) upload: bool,
    /// Midjourney's parameters, with the seed.
    pub(crate) parameters: Vec<(String, String)>,
    /// Parameters whose values are pictures that must be uploaded, by canonical name.
    pub(crate) references: Vec<(&'static str, Given)>,
    /// A blend's shape, as `/blend` takes it.
    pub(crate) dimensions: Option<&'static str>,
    /// What is written into the form that a button opens.
    pub(crate) form_text: Option<String>,
    /// The region that Vary (Region) changes.
    pub(crate) mask: Option<Given>,
    /// What is chosen from a menu.
    pub(crate) values: Vec<String>,
    /// Where changes are posted.
    pub(crate) notify_url: Option<String>,
    /// Given back.
    pub(crate) state: Option<String>,
    /// Makes a repeated submission the same task.
    pub(crate) idempotency_key: Option<String>,
    /// How long it may take.
    pub(crate) timeout: Option<Duration>,
    /// Larger goes first.
    pub(crate) priority: i32,
}

/// Which submission the options are for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// `mj_blend()`.
    Blend,
    /// `mj_action()`.
    Button,
    /// `mj_describe()`.
    Describe,
    /// `mj_shorten()`, `mj_show()`, `mj_command()`.
    Plain,
    /// `mj_imagine()`.
    Prompt,
}

impl Kind {
    /// Options that it takes beside those of all.
    const fn own(self) -> &'static [&'static str] {
        match self {
            Self::Blend => &["aspect", "bot", "dimensions"],
            Self::Button => &["mask", "prompt", "values"],
            Self::Describe => &["bot", "upload"],
            Self::Plain => &["bot"],
            Self::Prompt => &["bot", "images", "seed", "upload"],
        }
    }
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
        if read.upload {
            read.upload_references()?;
        }
        Ok(read)
    }

    fn take(&mut self, kind: Kind, key: &str, value: &Value) -> Result<(), EngineError> {
        let name: Cow<'static, str> = format!("options.{key}").into();
        if COMMON.contains(&key) {
            return self.take_common(name, key, value);
        }
        // "ar" is Midjourney's own short name.
        if kind.own().contains(&key) || (kind, key) == (Kind::Blend, "ar") {
            return self.take_own(kind, name, key, value);
        }
        let Some(canonical) = parameter_name(key).filter(|_| kind == Kind::Prompt) else {
            let known = [COMMON, kind.own()].concat().join(", ");
            let parameters = if kind == Kind::Prompt {
                format!(", and Midjourney's parameters {PARAMETERS}")
            } else {
                String::new()
            };
            let message = format!("no such option; known are {known}{parameters}");
            return Err(EngineError::argument(name, message));
        };
        if self.take_reference(canonical, &name, value)? {
            return Ok(());
        }
        if let Some(written) = parameter(name, value)? {
            self.parameters.push((key.to_owned(), written));
        }
        Ok(())
    }

    fn take_common(
        &mut self,
        name: Cow<'static, str>,
        key: &str,
        value: &Value,
    ) -> Result<(), EngineError> {
        match key {
            "account" => self.account = Some(text(name, value)?),
            "idempotency_key" => {
                self.idempotency_key = Some(read::bounded(name, value, LONGEST_KEY)?);
            }
            "mode" => self.mode = Some(read::mode(name, value)?),
            "notify_url" => self.notify_url = Some(read::hook(name, value)?),
            "priority" => self.priority = read::priority(name, value)?,
            "state" => self.state = Some(read::bounded(name, value, LONGEST_STATE)?),
            "timeout" => self.timeout = Some(read::timeout(name, value)?),
            _ => self.user_token = Some(inline_token(value)?),
        }
        Ok(())
    }

    fn take_own(
        &mut self,
        kind: Kind,
        name: Cow<'static, str>,
        key: &str,
        value: &Value,
    ) -> Result<(), EngineError> {
        match key {
            "ar" | "aspect" | "dimensions" if kind == Kind::Blend => {
                let dimensions = read::dimensions(name.clone(), value)?;
                if self.dimensions.is_some_and(|earlier| earlier != dimensions) {
                    return Err(EngineError::argument(
                        name,
                        "says something else than another option: give one of dimensions and aspect",
                    ));
                }
                self.dimensions = Some(dimensions);
            }
            "bot" => self.bot = read::bot(name, value)?,
            "images" => self.images = images(value)?,
            "mask" => self.mask = Some(mask(name, value)?),
            "prompt" => {
                let text = text(name.clone(), value)?;
                let length = text.chars().count();
                if length > LONGEST_FORM {
                    let message =
                        format!("has {length} characters, a form takes {LONGEST_FORM} at most");
                    return Err(EngineError::argument(name, message));
                }
                self.form_text = Some(text);
            }
            "seed" => {
                let seed = read::seed(name, value)?;
                self.parameters.push((key.to_owned(), seed.to_string()));
            }
            "upload" => self.upload = read::truth(name, value)?,
            _ => self.values = read::values(&name, value)?,
        }
        Ok(())
    }

    /// Takes the pictures of a reference parameter, where one of them is no address; tells whether it did.
    fn take_reference(
        &mut self,
        canonical: &str,
        name: &str,
        value: &Value,
    ) -> Result<bool, EngineError> {
        let Some(parameter) = REFERENCES.iter().find(|known| **known == canonical) else {
            return Ok(false);
        };
        let items = if let Value::List(items) = value {
            items.as_slice()
        } else {
            std::slice::from_ref(value)
        };
        if !items.iter().any(Given::is_local) {
            return Ok(false);
        }
        for item in items {
            let given = Given::read(name.to_owned().into(), item)?;
            self.references.push((parameter, given));
        }
        Ok(true)
    }

    /// Addresses behind reference parameters are uploaded too.
    fn upload_references(&mut self) -> Result<(), EngineError> {
        for (name, value) in std::mem::take(&mut self.parameters) {
            let reference = parameter_name(&name)
                .and_then(|canonical| REFERENCES.iter().find(|known| **known == canonical));
            let is_all_links = || {
                let mut words = value.split_whitespace().peekable();
                words.peek().is_some() && words.all(Given::is_address)
            };
            match reference.filter(|_| is_all_links()) {
                Some(parameter) => {
                    for word in value.split_whitespace() {
                        let given =
                            Given::read(format!("options.{name}").into(), &Value::from(word))?;
                        self.references.push((parameter, given));
                    }
                }
                None => self.parameters.push((name, value)),
            }
        }
        Ok(())
    }
}

/// The canonical name of a parameter that Midjourney takes.
fn parameter_name(name: &str) -> Option<&'static str> {
    let is_word = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let written = format!("x --{name} 1");
    let kind = Prompt::parse(&written).parameters.first()?.kind?;
    is_word.then_some(kind.name)
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

fn images(value: &Value) -> Result<Vec<Given>, EngineError> {
    let items = if let Value::List(items) = value {
        items.as_slice()
    } else {
        std::slice::from_ref(value)
    };
    if items.len() > MOST_IMAGES {
        let message = format!(
            "has {} pictures, at most {MOST_IMAGES} are taken",
            items.len()
        );
        return Err(EngineError::argument("options.images", message));
    }
    items
        .iter()
        .enumerate()
        .map(|(index, item)| Given::read(format!("options.images[{index}]").into(), item))
        .collect()
}

fn mask(name: Cow<'static, str>, value: &Value) -> Result<Given, EngineError> {
    let mask = Given::read(name.clone(), value)?;
    if mask.is_fetched() {
        return Err(EngineError::argument(
            name,
            "must be the path of a PNG file or a data: address, not a web address",
        ));
    }
    mask.into_mask()
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
            message(&[("images", "ftp://a/a.png".into())])
                .starts_with("options.images[0]: must be an http")
        );
        assert_eq!(
            message(&[("notify_url", "mailto:a@example.org".into())]),
            "options.notify_url: must be an http or https address"
        );
        assert!(message(&[("mask", "a.png".into())]).starts_with("options.mask: no such option"));
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
