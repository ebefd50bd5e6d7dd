//! What the log says of requests that failed. Never an address, which may be signed, and nothing of a body.

use std::error::Error;

use mj_midjourney::hub::FailureKind;
use reqwest::{Method, header::CONTENT_TYPE, header::HeaderMap};

use crate::trouble::Trouble;

/// What the log calls a request: its path without ids.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Name(pub(crate) &'static str);

/// Why there is no answer.
#[derive(Debug)]
pub(super) struct Failed {
    /// What it comes down to.
    pub(super) kind: FailureKind,
    /// The same for the operator.
    pub(super) trouble: Trouble,
    /// What is behind it, as the libraries say it.
    cause: String,
}

impl Failed {
    /// With a cause of our own.
    pub(super) fn new(kind: FailureKind, trouble: Trouble, cause: &str) -> Self {
        Self {
            kind,
            trouble,
            cause: cause.to_owned(),
        }
    }
}

impl From<reqwest::Error> for Failed {
    fn from(error: reqwest::Error) -> Self {
        let kind = super::failure(&error);
        let trouble = Trouble::of_request(&error);
        let error = error.without_url();
        let mut cause = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            cause.push_str(": ");
            cause.push_str(&error.to_string());
            source = error.source();
        }
        Self {
            kind,
            trouble,
            cause,
        }
    }
}

/// Logs a request that got no answer.
pub(super) fn no_answer(name: Name, method: &Method, failed: &Failed) {
    let (path, cause) = (name.0, failed.cause.as_str());
    tracing::warn!(request = %format_args!("{method} {path}"), kind = ?failed.kind, cause, "a request got no answer");
}

/// Logs an answer that is none of Discord's, or says that Discord has trouble. Refusals in JSON are the tasks' and the
/// accounts' to show.
pub(super) fn answer(name: Name, method: &Method, status: u16, headers: &HeaderMap) {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let (path, is_page) = (name.0, kind.starts_with("text/html"));
    if is_page || (300..400).contains(&status) {
        tracing::warn!(
            request = %format_args!("{method} {path}"), status,
            "a request was answered by something in between: a reverse proxy, a proxy, or Cloudflare"
        );
    } else if status >= 500 {
        tracing::warn!(request = %format_args!("{method} {path}"), status, "Discord could not answer a request");
    }
}
