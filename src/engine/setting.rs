//! One setting at a time: its name as the caller wrote it, and its value read as what it must be.

use std::{borrow::Cow, time::Duration};

use mj_discord::Token;
use url::Url;

use crate::{error::EngineError, value::Value};

/// Who gave a setting its value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Source {
    /// `mj_configure()`, or an argument.
    Configure,
    /// Nobody.
    Default,
    /// A variable of the environment.
    Environment,
    /// `php.ini`, or what a server sets in its place.
    Ini,
}

impl Source {
    /// The word that PHP sees.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Configure => "configure",
            Self::Default => "default",
            Self::Environment => "environment",
            Self::Ini => "ini",
        }
    }
}

/// A setting with a value; empty strings and nulls never become one. Its memory is wiped when it is dropped.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// As the caller wrote it: `mj.proxy`, `proxy_wss`, `accounts[0].user_token`.
    pub(crate) label: Cow<'static, str>,
    /// Who gave it.
    pub(crate) source: Source,
    value: Value,
}

impl Setting {
    /// Wraps a value unless it says "not set".
    pub(crate) fn new(label: impl Into<Cow<'static, str>>, value: &Value) -> Option<Self> {
        let unset = match value {
            Value::Null => true,
            Value::Text(text) => text.trim().is_empty(),
            Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Bytes(_)
            | Value::List(_)
            | Value::Map(_) => false,
        };
        (!unset).then(|| Self {
            label: label.into(),
            source: Source::Configure,
            value: value.clone(),
        })
    }

    /// The same from elsewhere.
    pub(crate) fn from(mut self, source: Source) -> Self {
        self.source = source;
        self
    }

    /// An error about this setting.
    pub(crate) fn wrong(&self, message: impl Into<String>) -> EngineError {
        EngineError::configuration(self.label.clone(), message)
    }

    /// The value itself.
    pub(crate) fn value(&self) -> &Value {
        &self.value
    }

    /// Text; numbers are taken as their digits.
    pub(crate) fn text(&self) -> Result<String, EngineError> {
        match &self.value {
            Value::Text(text) => Ok(text.trim().to_owned()),
            Value::Int(number) => Ok(number.to_string()),
            Value::Float(number) => Ok(number.to_string()),
            Value::Bytes(_) => Err(self.wrong("is not valid UTF-8")),
            other @ (Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_)) => {
                Err(self.wrong(format!("must be a string, {} given", other.type_name())))
            }
        }
    }

    /// A token: what goes into an HTTP header, without white space.
    pub(crate) fn token(&self) -> Result<Token, EngineError> {
        let Value::Text(text) = &self.value else {
            return Err(self.wrong(format!(
                "must be a string, {} given",
                self.value.type_name()
            )));
        };
        let text = text.trim();
        let is_clean = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'');
        if !text.bytes().all(is_clean) {
            return Err(self.wrong("holds characters that no Discord token has: copy it again, without spaces or quotes"));
        }
        Ok(Token::new(text))
    }

    /// A snowflake.
    pub(crate) fn snowflake(&self) -> Result<u64, EngineError> {
        let id = match &self.value {
            Value::Int(number) => u64::try_from(*number).ok(),
            Value::Text(text) => text.trim().parse().ok(),
            Value::Null
            | Value::Bool(_)
            | Value::Float(_)
            | Value::Bytes(_)
            | Value::List(_)
            | Value::Map(_) => None,
        };
        id.filter(|id| *id >= 1 << 22).ok_or_else(|| {
            self.wrong("must be a Discord id: the 17 to 20 digits that \"Copy ID\" gives, as a string or an integer")
        })
    }

    /// A whole number within bounds.
    pub(crate) fn number(&self, least: u32, most: u32) -> Result<u32, EngineError> {
        let number = match &self.value {
            Value::Int(number) => Some(*number),
            Value::Text(text) => text.trim().parse().ok(),
            Value::Null
            | Value::Bool(_)
            | Value::Float(_)
            | Value::Bytes(_)
            | Value::List(_)
            | Value::Map(_) => None,
        };
        number
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| self.wrong(format!("must be a whole number from {least} to {most}")))
    }

    /// A number of bytes, or one with `K`, `M` or `G` behind it as PHP writes it; 0, or within bounds.
    pub(crate) fn bytes(&self, least: u64, most: u64) -> Result<u64, EngineError> {
        let bytes = match &self.value {
            Value::Int(number) => u64::try_from(*number).ok(),
            Value::Text(text) => parse_bytes(text.trim()),
            Value::Null
            | Value::Bool(_)
            | Value::Float(_)
            | Value::Bytes(_)
            | Value::List(_)
            | Value::Map(_) => None,
        };
        bytes
            .filter(|bytes| *bytes == 0 || (least..=most).contains(bytes))
            .ok_or_else(|| {
                self.wrong(format!(
                    "must be 0 or a number of bytes from {least} to {most}, or one with K, M or G behind it"
                ))
            })
    }

    /// `on`, `off` and what PHP's ini files write for them.
    pub(crate) fn truth(&self) -> Result<bool, EngineError> {
        let truth = match &self.value {
            Value::Bool(truth) => Some(*truth),
            Value::Int(0) => Some(false),
            Value::Int(1) => Some(true),
            Value::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
                "1" | "on" | "yes" | "true" => Some(true),
                "0" | "off" | "no" | "false" => Some(false),
                _ => None,
            },
            Value::Null
            | Value::Int(_)
            | Value::Float(_)
            | Value::Bytes(_)
            | Value::List(_)
            | Value::Map(_) => None,
        };
        truth.ok_or_else(|| self.wrong("must be on or off"))
    }

    /// A length of time: seconds, or a number followed by `ms`, `s`, `m`, `h` or `d`.
    pub(crate) fn duration(
        &self,
        least: Duration,
        most: Duration,
    ) -> Result<Duration, EngineError> {
        let seconds = match &self.value {
            Value::Int(number) => u32::try_from(*number).ok().map(f64::from),
            Value::Float(number) => Some(*number),
            Value::Text(text) => parse_seconds(text.trim()),
            Value::Null | Value::Bool(_) | Value::Bytes(_) | Value::List(_) | Value::Map(_) => None,
        };
        seconds
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .filter(|duration| (least..=most).contains(duration))
            .ok_or_else(|| {
                self.wrong(format!(
                    "must be a time of {} to {} seconds; a number of seconds, or one with ms, s, m, h or d behind it",
                    least.as_secs_f64(),
                    most.as_secs_f64()
                ))
            })
    }

    /// An address that begins with one of `schemes`; gives it without a slash at its end.
    pub(crate) fn address(&self, schemes: &[&str]) -> Result<String, EngineError> {
        self.address_like(schemes, str::to_owned)
    }

    /// The same with a place for the name of a host, `{host}`, which whoever fills the template puts in.
    pub(crate) fn template(&self, schemes: &[&str]) -> Result<String, EngineError> {
        let address = self.address_like(schemes, |text| text.replace("{host}", "host.invalid"))?;
        if address.matches("{host}").count() != 1 {
            return Err(
                self.wrong("must contain {host} once, as in wss://gateway.example.com/{host}")
            );
        }
        Ok(address)
    }

    fn address_like(
        &self,
        schemes: &[&str],
        filled: impl Fn(&str) -> String,
    ) -> Result<String, EngineError> {
        let wanted = || {
            schemes
                .iter()
                .map(|scheme| format!("{scheme}://"))
                .collect::<Vec<_>>()
                .join(" or ")
        };
        let text = self.text()?;
        // `Url` would take `host:443` for a scheme, and `https:/host` for an address.
        let scheme = text.split_once("://").map(|(scheme, _)| scheme);
        let Some(scheme) = scheme.filter(|scheme| is_scheme(scheme)) else {
            return Err(self.wrong(format!("must be an address that starts with {}", wanted())));
        };
        let scheme = scheme.to_ascii_lowercase();
        if !schemes.contains(&scheme.as_str()) {
            return Err(self.wrong(format!(
                "must start with {}, not with {scheme}://",
                wanted()
            )));
        }
        // `Url` leaves line ends out and turns the sign round, and others that are given the text do not.
        if text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(self.wrong("holds a space, a line end or a backslash: no address does"));
        }
        let url = Url::parse(&filled(&text)).map_err(|error| {
            self.wrong(format!(
                "cannot be read as an address ({error}): check host and port; in a user name or password write what is no letter or digit as %XX"
            ))
        })?;
        let host = url.host_str().unwrap_or_default();
        if host.is_empty() {
            return Err(self.wrong("names no host"));
        }
        if matches!(host, "http" | "https" | "ws" | "wss") {
            return Err(self.wrong("holds two schemes, one behind the other: leave one out"));
        }
        if !host.chars().all(is_of_host) {
            return Err(self.wrong(
                "names a host with characters that no host has: give one address, as it stands in a browser",
            ));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(self.wrong("must end before the first ? or #"));
        }
        Ok(text.trim_end_matches('/').to_owned())
    }
}

/// Whether it can be what stands before `://`; anything else may hold what nobody is to be shown.
fn is_scheme(text: &str) -> bool {
    let is_of_scheme =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    (1..=16).contains(&text.len()) && text.bytes().all(is_of_scheme)
}

/// What names and addresses of hosts are written with; an IPv6 address in brackets.
fn is_of_host(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']')
}

fn parse_bytes(text: &str) -> Option<u64> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim().to_ascii_uppercase().as_str() {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

impl Drop for Setting {
    fn drop(&mut self) {
        self.value.wipe();
    }
}

fn parse_seconds(text: &str) -> Option<f64> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim() {
        "" | "s" => 1.0,
        "ms" => 0.001,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    number.parse::<f64>().ok().map(|number| number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(value: impl Into<Value>) -> Setting {
        Setting::new("proxy_wss", &value.into()).unwrap()
    }

    #[test]
    fn reads_durations_with_units() {
        let bounds = (Duration::ZERO, Duration::from_secs(86_400 * 365));
        for (text, seconds) in [
            ("90", 90.0),
            ("350ms", 0.35),
            ("2m", 120.0),
            ("1.5h", 5_400.0),
            ("30d", 2_592_000.0),
        ] {
            let read = setting(text).duration(bounds.0, bounds.1).unwrap();
            assert!((read.as_secs_f64() - seconds).abs() < 1e-9, "{text}");
        }
        assert!(setting("soon").duration(bounds.0, bounds.1).is_err());
        assert!(setting(-1).duration(bounds.0, bounds.1).is_err());
    }

    #[test]
    fn reads_bytes_as_php_writes_them() {
        let read = |value: Value| setting(value).bytes(1_024, 1 << 40);
        for (text, bytes) in [
            ("10M", 10 << 20),
            ("2k", 2_048),
            ("1 G", 1 << 30),
            ("4096", 4_096),
            ("0", 0),
        ] {
            assert_eq!(read(text.into()).unwrap(), bytes, "{text}");
        }
        assert_eq!(read(5_000.into()).unwrap(), 5_000);
        for text in ["1", "-5", "10MB", "M", "99999999999999999999", "9999G"] {
            assert!(read(text.into()).is_err(), "{text}");
        }
    }

    #[test]
    fn refuses_https_where_wss_is_needed() {
        let error = setting("https://gw.example.com")
            .address(&["wss", "ws"])
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("proxy_wss: must start with wss:// or ws://"),
            "{error}"
        );
        assert_eq!(
            setting("wss://gw.example.com/x/")
                .address(&["wss", "ws"])
                .unwrap(),
            "wss://gw.example.com/x"
        );
        let template = setting("wss://gw.example.com/{host}");
        assert_eq!(
            template.template(&["wss"]).unwrap(),
            "wss://gw.example.com/{host}"
        );
        assert!(setting("wss://{host}").address(&["wss"]).is_err());
        assert!(setting("wss://{host}").template(&["wss"]).is_ok());
        for text in ["wss://gw.example.com", "wss://{host}/{host}"] {
            let error = setting(text).template(&["wss"]).unwrap_err().to_string();
            assert!(error.contains("must contain {host} once"), "{error}");
        }
    }

    /// What people paste, and a part of what they are told.
    #[test]
    fn says_what_is_wrong_with_an_address() {
        for (text, told) in [
            (
                "api.example.com",
                "must be an address that starts with https://",
            ),
            (
                "api.example.com:443",
                "must be an address that starts with https://",
            ),
            (
                "https:/api.example.com",
                "must be an address that starts with https://",
            ),
            (
                "https：//api.example.com",
                "must be an address that starts with https://",
            ),
            (
                "\"https://api.example.com\"",
                "must be an address that starts with https://",
            ),
            (
                "me:hush@http://api.example.com",
                "must be an address that starts with https://",
            ),
            ("wss://api.example.com", "not with wss://"),
            ("https://api.exa\nmple.com", "a line end"),
            ("https://api. example.com", "a space"),
            ("https://api.example.com\\v9", "a backslash"),
            ("https://api.example.com:99999", "(invalid port number)"),
            ("https://me:hu#sh@api.example.com", "as %XX"),
            ("https://https://api.example.com", "two schemes"),
            ("https://a.example,https://b.example", "give one address"),
            ("https://api.example.com/?a=b", "before the first ?"),
        ] {
            let error = setting(text).address(&["https", "http"]).unwrap_err();
            assert!(error.to_string().contains(told), "{text}: {error}");
            assert!(!error.to_string().contains("hush"), "{error}");
        }
        for text in [
            "https://api.example.com",
            "HTTPS://Api.example.com:8443/",
            "https://接口.example.com",
            "https://my_api.example.com",
            "http://[::1]:8080/discord",
            "https://me:p%40ss@api.example.com",
        ] {
            assert!(setting(text).address(&["https", "http"]).is_ok(), "{text}");
        }
    }

    #[test]
    fn refuses_ids_that_are_none() {
        assert_eq!(
            setting("123456789012345678").snowflake().unwrap(),
            123_456_789_012_345_678
        );
        assert!(setting("general").snowflake().is_err());
        assert!(setting(5).snowflake().is_err());
    }

    #[test]
    fn empty_is_not_set() {
        assert!(Setting::new("a", &Value::from(" ")).is_none());
        assert!(Setting::new("a", &Value::Null).is_none());
    }
}
