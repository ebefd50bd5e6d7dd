//! Requests and answers as values, and the small parts of HTTP that Discord's rules need: queries, bodies, forms.

use serde_json::{Value, json};

use crate::picture::Picture;

/// One request, read whole.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Upper case.
    pub method: String,
    /// With a leading slash, percent-encoded as sent.
    pub path: String,
    /// Without the question mark; empty when there is none.
    pub query: String,
    /// `Authorization`.
    pub authorization: Option<String>,
    /// `User-Agent`.
    pub user_agent: Option<String>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Range`.
    pub range: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// What an answer holds.
#[derive(Clone, Debug)]
pub enum Body {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A picture that the driver draws outside the world.
    Picture(Box<Picture>),
}

/// One answer.
#[derive(Clone, Debug)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Body,
    /// The driver sends only these bytes of a picture; all of them when `None`.
    pub part: Option<std::ops::Range<usize>>,
    /// Milliseconds to wait before it is sent.
    pub delay: u64,
    /// Close the connection instead of answering.
    pub cut: bool,
}

impl Response {
    /// Plain text.
    pub(super) fn text(status: u16, text: &str) -> Self {
        let headers = vec![("content-type", "text/plain; charset=utf-8".to_owned())];
        Self {
            status,
            headers,
            body: Body::Bytes(text.as_bytes().to_vec()),
            part: None,
            delay: 0,
            cut: false,
        }
    }

    /// JSON.
    pub(super) fn json(status: u16, value: &Value) -> Self {
        Self::text(status, &serde_json::to_string(value).unwrap_or_default())
            .with("content-type", "application/json")
            .signed_by_discord()
    }

    /// 204 without a body.
    pub(super) fn no_content() -> Self {
        let mut response = Self::text(204, "");
        response.headers.clear();
        response.signed_by_discord()
    }

    /// One of Discord's JSON errors.
    pub(super) fn error(status: u16, code: u64, message: &str) -> Self {
        Self::json(status, &json!({"message": message, "code": code}))
    }

    /// 400 50035 with the error tree at `path`.
    pub(super) fn form_error(path: &[&str], code: &str, message: &str) -> Self {
        let mut tree = json!({"_errors": [{"code": code, "message": message}]});
        for key in path.iter().rev() {
            tree = json!({ *key: tree });
        }
        Self::json(
            400,
            &json!({"message": "Invalid Form Body", "code": 50035, "errors": tree}),
        )
    }

    /// Says that Discord itself answered: by `Via` clients tell its 429 from Cloudflare's.
    fn signed_by_discord(self) -> Self {
        self.with("via", "1.1 google").with("server", "cloudflare")
    }

    /// Sets a header.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(other, _)| *other != name);
        self.headers.push((name, value.into()));
        self
    }
}

impl Request {
    /// The bytes that `Range` asks for of a file of `size` bytes: all without one that is understood, an error when it
    /// lies outside. Of several ranges servers may ignore the header.
    pub(super) fn byte_range(&self, size: usize) -> Result<Option<std::ops::Range<usize>>, ()> {
        let asked = self
            .range
            .as_deref()
            .and_then(|range| range.strip_prefix("bytes="));
        let Some((from, to)) = asked.and_then(|asked| asked.trim().split_once('-')) else {
            return Ok(None);
        };
        let range = match (from.parse::<usize>(), to.parse::<usize>()) {
            (Ok(from), Ok(to)) if from <= to => from..to.saturating_add(1).min(size),
            (Ok(from), Err(_)) if to.is_empty() => from..size,
            (Err(_), Ok(last)) if from.is_empty() => size.saturating_sub(last)..size,
            _ => return Ok(None),
        };
        if range.is_empty() {
            Err(())
        } else {
            Ok(Some(range))
        }
    }

    /// The JSON of the body, or of a form's `payload_json`.
    pub(super) fn json(&self) -> Option<Value> {
        let content_type = self.content_type.as_deref().unwrap_or_default();
        if let Some(boundary) = content_type
            .strip_prefix("multipart/form-data")
            .and_then(boundary)
        {
            let text = String::from_utf8_lossy(&self.body);
            let part = text.split(&format!("--{boundary}")).find(|part| {
                part.contains("name=\"payload_json\"") || part.contains("name=payload_json")
            })?;
            let (_, body) = part.split_once("\r\n\r\n")?;
            return serde_json::from_str(body.trim_end()).ok();
        }
        if !content_type.is_empty() && !content_type.starts_with("application/json") {
            return None;
        }
        serde_json::from_slice(&self.body).ok()
    }
}

fn boundary(parameters: &str) -> Option<String> {
    let (_, rest) = parameters.split_once("boundary=")?;
    let value = rest
        .split(';')
        .next()
        .unwrap_or(rest)
        .trim()
        .trim_matches('"');
    (!value.is_empty()).then(|| value.to_owned())
}

/// The decoded value of one query parameter.
pub(super) fn query_value(query: &str, name: &str) -> Option<String> {
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (key == name).then(|| percent_decode(&value.replace('+', " ")))
    })
}

/// Decodes `%XX`; broken escapes stay as they are.
pub(super) fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten();
        if let Some(byte) = escape.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            decoded.push(byte);
            at += 3;
        } else {
            decoded.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_json_from_forms() {
        let request = Request {
            content_type: Some("multipart/form-data; boundary=\"xyz\"".into()),
            body: b"--xyz\r\nContent-Disposition: form-data; name=\"payload_json\"\r\n\r\n{\"type\":2}\r\n--xyz--\r\n".to_vec(),
            ..Request::default()
        };
        assert_eq!(request.json(), Some(json!({"type": 2})));
    }

    #[test]
    fn reads_byte_ranges() {
        let asked = |range: &str| {
            let range = Some(range.to_owned());
            let request = Request {
                range,
                ..Request::default()
            };
            request.byte_range(10)
        };
        assert_eq!(asked("bytes=2-4"), Ok(Some(2..5)));
        assert_eq!(asked("bytes=7-"), Ok(Some(7..10)));
        assert_eq!(asked("bytes=-3"), Ok(Some(7..10)));
        assert_eq!(asked("bytes=0-99"), Ok(Some(0..10)));
        assert_eq!(asked("bytes=10-"), Err(()));
        for ignored in ["bytes=4-2", "bytes=1-2,4-5", "items=1-2", "bytes=a-b"] {
            assert_eq!(asked(ignored), Ok(None), "{ignored}");
        }
    }

    #[test]
    fn decodes_escapes_and_leaves_broken_ones() {
        assert_eq!(percent_decode("%E2%9D%8C%zz%4"), "❌%zz%4");
    }
}
