//! What an answer to a request means, told by its status, its headers and the structure of its body: the texts in it
//! are translated into the account's language.

use std::time::Duration;

use serde::de::IgnoredAny;
use serde_json::Value;

/// Whose limit a 429 is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scope {
    /// This token's.
    User,
    /// This token's over all routes.
    Global,
    /// The resource's, shared with others; does not count as an invalid request.
    Shared,
}

/// The headers that matter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Headers {
    /// `Content-Type`, in lower case.
    pub content_type: Option<String>,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<Duration>,
    /// `X-RateLimit-Limit`.
    pub limit: Option<u32>,
    /// `X-RateLimit-Remaining`.
    pub remaining: Option<u32>,
    /// `X-RateLimit-Reset-After`, in seconds with decimals.
    pub reset_after: Option<Duration>,
    /// `X-RateLimit-Bucket`.
    pub bucket: Option<String>,
    /// `X-RateLimit-Global`.
    pub global: bool,
    /// `X-RateLimit-Scope`.
    pub scope: Option<Scope>,
}

impl Headers {
    /// Picks them out of all; names are compared without regard to case.
    pub fn read<'h>(headers: impl IntoIterator<Item = (&'h str, &'h str)>) -> Self {
        let mut read = Self::default();
        for (name, value) in headers {
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-type" => read.content_type = Some(value.to_ascii_lowercase()),
                "retry-after" => read.retry_after = seconds(value),
                "x-ratelimit-limit" => read.limit = value.parse().ok(),
                "x-ratelimit-remaining" => read.remaining = value.parse().ok(),
                "x-ratelimit-reset-after" => read.reset_after = seconds(value),
                "x-ratelimit-bucket" => read.bucket = Some(value.to_owned()),
                "x-ratelimit-global" => read.global = value.eq_ignore_ascii_case("true"),
                "x-ratelimit-scope" => {
                    read.scope = match value {
                        "global" => Some(Scope::Global),
                        "shared" => Some(Scope::Shared),
                        "user" => Some(Scope::User),
                        _ => None,
                    };
                }
                _ => {}
            }
        }
        read
    }

    /// Whether the body is a page for people: Discord's API answers with JSON.
    pub(crate) fn is_page(&self) -> bool {
        self.content_type
            .as_deref()
            .is_some_and(|kind| kind.starts_with("text/html"))
    }

    /// Whether Discord itself counted the request.
    fn is_counted(&self) -> bool {
        self.bucket.is_some() || self.limit.is_some() || self.scope.is_some() || self.global
    }
}

fn seconds(text: &str) -> Option<Duration> {
    text.parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

/// An answer as it came.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: &'a Headers,
    /// The body.
    pub body: &'a str,
}

/// What an answer means.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// 2xx from Discord: done; for an interaction, taken.
    Accepted,
    /// The command's version is an old one: read the command index, then try once more.
    OutdatedCommand,
    /// The member or role may not use the command here.
    InvalidPermissions,
    /// 10003: the channel is unknown, or a guild's channel was named without its guild.
    UnknownChannel,
    /// 10002: the application is not in the guild.
    UnknownApplication,
    /// 400 for any other reason.
    BadRequest {
        /// Discord's error code; 0 when there is none.
        code: u64,
        /// The codes in the `errors` tree, such as `BASE_TYPE_REQUIRED`, at most eight.
        reasons: Vec<String>,
    },
    /// 401: the token is dead. Nothing more may be sent with it.
    Unauthorized,
    /// 403.
    Forbidden {
        /// Discord's error code: 50001 missing access, 40002 the account must be verified; 0 when there is none.
        code: u64,
    },
    /// 404.
    NotFound {
        /// Discord's error code: 10008 unknown message; 0 when there is none.
        code: u64,
    },
    /// 429 by Discord.
    RateLimited {
        /// When to try again.
        retry_after: Duration,
        /// Whose limit.
        scope: Scope,
    },
    /// 400 with a captcha: a person must act; the account pauses.
    CaptchaRequired,
    /// 429 or 403 by Cloudflare in front of Discord: this address sent too many bad requests. Without a time, it must
    /// not be tried again by a program.
    Cloudflare {
        /// When to try again, if it said so.
        retry_after: Option<Duration>,
    },
    /// No answer of Discord's: a proxy in between answered, with a page or with a status of its own.
    ReverseProxy {
        /// The status.
        status: u16,
    },
    /// 5xx: Discord is in trouble. Whether it did what was asked is open, unless it says when to try again.
    ServerError {
        /// The status.
        status: u16,
        /// When to try again, if it said so.
        retry_after: Option<Duration>,
    },
    /// A redirect or a status nobody expects.
    Unexpected {
        /// The status.
        status: u16,
    },
}

impl Outcome {
    /// Whether it is open if the request was carried out: such a one must not be repeated when it is not idempotent.
    pub fn is_in_doubt(&self) -> bool {
        match self {
            Self::ServerError { retry_after, .. } => retry_after.is_none(),
            // A gateway's own time-out page (502, 504) may come after the request went through.
            Self::ReverseProxy { status } => matches!(status, 200..=299 | 500..=599),
            Self::Accepted
            | Self::OutdatedCommand
            | Self::InvalidPermissions
            | Self::UnknownChannel
            | Self::UnknownApplication
            | Self::BadRequest { .. }
            | Self::Unauthorized
            | Self::Forbidden { .. }
            | Self::NotFound { .. }
            | Self::RateLimited { .. }
            | Self::CaptchaRequired
            | Self::Cloudflare { .. }
            | Self::Unexpected { .. } => false,
        }
    }

    /// When the very same request may be sent again, because it was surely not carried out.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } => Some(*retry_after),
            Self::Cloudflare { retry_after } | Self::ServerError { retry_after, .. } => {
                *retry_after
            }
            Self::Accepted
            | Self::OutdatedCommand
            | Self::InvalidPermissions
            | Self::UnknownChannel
            | Self::UnknownApplication
            | Self::BadRequest { .. }
            | Self::Unauthorized
            | Self::Forbidden { .. }
            | Self::NotFound { .. }
            | Self::CaptchaRequired
            | Self::ReverseProxy { .. }
            | Self::Unexpected { .. } => None,
        }
    }
}

impl Answer<'_> {
    /// Tells what the answer means. The body of an accepted request may be large: no value is made of it.
    pub fn read(&self) -> Outcome {
        let json = || serde_json::from_str::<Value>(self.body).ok();
        let page = self.is_page();
        match self.status {
            429 => self.rate_limited(json().as_ref()),
            403 if page && !self.headers.is_counted() => Outcome::Cloudflare {
                retry_after: self.headers.retry_after,
            },
            status if page => Outcome::ReverseProxy { status },
            // Discord says nothing with it, or an object or a list.
            200..=299 if self.is_said_by_discord() => Outcome::Accepted,
            200..=299 => Outcome::ReverseProxy {
                status: self.status,
            },
            500..=599 => Outcome::ServerError {
                status: self.status,
                retry_after: self.headers.retry_after,
            },
            400 => bad_request(json().as_ref()),
            401 => Outcome::Unauthorized,
            403 => Outcome::Forbidden {
                code: code(json().as_ref()),
            },
            404 => match code(json().as_ref()) {
                10_003 => Outcome::UnknownChannel,
                10_002 => Outcome::UnknownApplication,
                code => Outcome::NotFound { code },
            },
            // Misdirected, wrong method, conflict: Discord has no such answer for what we send, nginx does.
            405 | 409 | 421 if json().is_none() => Outcome::ReverseProxy {
                status: self.status,
            },
            status => Outcome::Unexpected { status },
        }
    }

    /// Whether this can be Discord's: nothing, an object or a list. It is looked through, and not kept.
    fn is_said_by_discord(&self) -> bool {
        let body = self.body.trim();
        body.is_empty()
            || (body.starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(body).is_ok())
    }

    /// Whether the body is a page for people instead of JSON.
    fn is_page(&self) -> bool {
        self.headers.is_page() || self.body.trim_start().starts_with('<')
    }

    fn rate_limited(&self, json: Option<&Value>) -> Outcome {
        let from_body = json
            .and_then(|json| json.get("retry_after")?.as_f64())
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        if from_body.is_none() && !self.headers.is_counted() {
            return Outcome::Cloudflare {
                retry_after: self.headers.retry_after,
            };
        }
        let is_global = self.headers.global
            || self.headers.scope == Some(Scope::Global)
            || json
                .and_then(|json| json.get("global")?.as_bool())
                .unwrap_or(false);
        let scope = if is_global {
            Scope::Global
        } else {
            self.headers.scope.unwrap_or(Scope::User)
        };
        let retry_after = from_body.into_iter().chain(self.headers.retry_after).max();
        Outcome::RateLimited {
            retry_after: retry_after.unwrap_or(RETRY_AFTER_UNKNOWN),
            scope,
        }
    }
}

/// How long to wait after a 429 of Discord's that does not say.
const RETRY_AFTER_UNKNOWN: Duration = Duration::from_secs(5);

fn code(json: Option<&Value>) -> u64 {
    json.and_then(|json| json.get("code")?.as_u64())
        .unwrap_or_default()
}

fn bad_request(json: Option<&Value>) -> Outcome {
    let Some(json) = json else {
        return Outcome::ReverseProxy { status: 400 };
    };
    if json.get("captcha_key").is_some() || json.get("captcha_sitekey").is_some() {
        return Outcome::CaptchaRequired;
    }
    let mut reasons = Vec::new();
    collect_reasons(json.get("errors"), 0, &mut reasons);
    let is = |reason: &str| reasons.iter().any(|given| given == reason);
    if is("INTERACTION_APPLICATION_COMMAND_INVALID_VERSION") {
        return Outcome::OutdatedCommand;
    }
    if is("INTERACTION_APPLICATION_COMMAND_INVALID_PERMISSIONS") {
        return Outcome::InvalidPermissions;
    }
    match json.get("code").and_then(Value::as_u64) {
        Some(10_003) => Outcome::UnknownChannel,
        Some(10_002) => Outcome::UnknownApplication,
        // Seen on the version change of 2024-05-09, without a code.
        None | Some(0)
            if json.get("message").and_then(Value::as_str) == Some("Unknown Integration") =>
        {
            Outcome::OutdatedCommand
        }
        code => Outcome::BadRequest {
            code: code.unwrap_or_default(),
            reasons,
        },
    }
}

/// Collects the codes below every `_errors` of an error tree.
fn collect_reasons(tree: Option<&Value>, depth: usize, into: &mut Vec<String>) {
    const DEEPEST: usize = 16;
    const MOST: usize = 8;
    let Some(Value::Object(tree)) = tree else {
        return;
    };
    if depth > DEEPEST {
        return;
    }
    for (key, value) in tree {
        if key == "_errors" {
            let codes = value
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|error| error.get("code")?.as_str());
            into.extend(
                codes
                    .take(MOST.saturating_sub(into.len()))
                    .map(str::to_owned),
            );
        } else {
            collect_reasons(Some(value), depth + 1, into);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(status: u16, headers: &[(&str, &str)], body: &str) -> Outcome {
        let headers = Headers::read(headers.iter().copied());
        Answer {
            status,
            headers: &headers,
            body,
        }
        .read()
    }

    const HTML: &[(&str, &str)] = &[
        ("Content-Type", "text/html; charset=UTF-8"),
        ("Server", "nginx"),
    ];

    #[test]
    fn accepted_means_discord_said_so() {
        assert_eq!(outcome(204, &[], ""), Outcome::Accepted);
        assert_eq!(outcome(200, &[], "[]"), Outcome::Accepted);
        assert_eq!(
            outcome(200, HTML, "hello"),
            Outcome::ReverseProxy { status: 200 }
        );
        assert_eq!(
            outcome(200, &[], " <!doctype html>"),
            Outcome::ReverseProxy { status: 200 }
        );
        let json: &[(&str, &str)] = &[("Content-Type", "application/json")];
        for strange in ["{\"id\": \"1\", [", "\"\u{FFFD}\"", "(\u{B5}/\u{FFFD}"] {
            assert_eq!(
                outcome(200, json, strange),
                Outcome::ReverseProxy { status: 200 },
                "{strange}"
            );
        }
    }

    #[test]
    fn an_outdated_command_is_known_by_structure() {
        let body = r#"{"message":"表单内容无效","code":50035,"errors":{"data":{"_errors":[
            {"code":"INTERACTION_APPLICATION_COMMAND_INVALID_VERSION","message":"该权限已过时"}]}}}"#;
        assert_eq!(outcome(400, &[], body), Outcome::OutdatedCommand);
        let flat = r#"{"code":50035,"errors":{"_errors":[{"code":"INTERACTION_APPLICATION_COMMAND_INVALID_VERSION"}]}}"#;
        assert_eq!(outcome(400, &[], flat), Outcome::OutdatedCommand);
        assert_eq!(
            outcome(400, &[], r#"{"message":"Unknown Integration"}"#),
            Outcome::OutdatedCommand
        );
        let quoted = r#"{"code":50035,"message":"INTERACTION_APPLICATION_COMMAND_INVALID_VERSION","errors":{}}"#;
        assert_eq!(
            outcome(400, &[], quoted),
            Outcome::BadRequest {
                code: 50035,
                reasons: Vec::new()
            }
        );
    }

    #[test]
    fn bad_requests_are_told_apart() {
        let permissions = r#"{"code":50035,"errors":{"data":{"_errors":[{"code":"INTERACTION_APPLICATION_COMMAND_INVALID_PERMISSIONS"}]}}}"#;
        assert_eq!(outcome(400, &[], permissions), Outcome::InvalidPermissions);
        assert_eq!(
            outcome(400, &[], r#"{"code":10003}"#),
            Outcome::UnknownChannel
        );
        assert_eq!(
            outcome(404, &[], r#"{"code":10003}"#),
            Outcome::UnknownChannel
        );
        assert_eq!(
            outcome(400, &[], r#"{"code":10002}"#),
            Outcome::UnknownApplication
        );
        let other = r#"{"code":50035,"errors":{"data":{"options":{"0":{"value":{"_errors":[{"code":"BASE_TYPE_MAX_LENGTH"}]}}}}}}"#;
        assert_eq!(
            outcome(400, &[], other),
            Outcome::BadRequest {
                code: 50035,
                reasons: vec!["BASE_TYPE_MAX_LENGTH".to_owned()]
            }
        );
        let captcha = r#"{"captcha_key":["captcha-required"],"captcha_sitekey":"x","captcha_service":"hcaptcha"}"#;
        assert_eq!(outcome(400, &[], captcha), Outcome::CaptchaRequired);
    }

    #[test]
    fn refusals_name_their_code() {
        assert_eq!(
            outcome(401, &[], r#"{"message":"401: Unauthorized","code":0}"#),
            Outcome::Unauthorized
        );
        assert_eq!(
            outcome(403, &[], r#"{"code":50001}"#),
            Outcome::Forbidden { code: 50001 }
        );
        assert_eq!(
            outcome(404, &[], r#"{"code":10008}"#),
            Outcome::NotFound { code: 10008 }
        );
        assert_eq!(outcome(404, &[], ""), Outcome::NotFound { code: 0 });
    }

    #[test]
    fn limits_have_a_time_and_a_scope() {
        let body = r#"{"message":"You are being rate limited.","retry_after":2.06,"global":false}"#;
        let seconds = Duration::from_secs_f64(2.06);
        assert_eq!(
            outcome(429, &[], body),
            Outcome::RateLimited {
                retry_after: seconds,
                scope: Scope::User
            }
        );
        assert_eq!(
            outcome(429, &[("X-RateLimit-Scope", "shared")], body),
            Outcome::RateLimited {
                retry_after: seconds,
                scope: Scope::Shared
            }
        );
        let global = r#"{"retry_after":1.5,"global":true}"#;
        assert_eq!(
            outcome(429, &[("retry-after", "2")], global),
            Outcome::RateLimited {
                retry_after: Duration::from_secs(2),
                scope: Scope::Global
            }
        );
    }

    #[test]
    fn cloudflare_is_not_discord() {
        assert_eq!(
            outcome(
                429,
                &[("content-type", "text/html"), ("retry-after", "600")],
                "<html>"
            ),
            Outcome::Cloudflare {
                retry_after: Some(Duration::from_secs(10 * 60))
            }
        );
        assert_eq!(outcome(429, HTML, "<html>").retry_after(), None);
        assert_eq!(
            outcome(403, HTML, "<html>"),
            Outcome::Cloudflare { retry_after: None }
        );
    }

    #[test]
    fn a_reverse_proxys_mistakes_are_its_own() {
        for status in [301, 400, 401, 404, 409, 421, 502] {
            assert_eq!(
                outcome(status, HTML, "<html>nginx</html>"),
                Outcome::ReverseProxy { status },
                "{status}"
            );
        }
        assert_eq!(
            outcome(400, &[], "plain"),
            Outcome::ReverseProxy { status: 400 }
        );
        assert_eq!(outcome(421, &[], ""), Outcome::ReverseProxy { status: 421 });
    }

    #[test]
    fn only_a_lost_answer_leaves_doubt() {
        assert!(outcome(502, &[], "").is_in_doubt());
        assert!(outcome(502, HTML, "<html>").is_in_doubt());
        assert!(!outcome(503, &[("Retry-After", "3")], "").is_in_doubt());
        assert_eq!(
            outcome(503, &[("Retry-After", "3")], "").retry_after(),
            Some(Duration::from_secs(3))
        );
        for (status, body) in [
            (204, ""),
            (400, "{}"),
            (401, ""),
            (429, r#"{"retry_after":1}"#),
        ] {
            assert!(!outcome(status, &[], body).is_in_doubt(), "{status}");
        }
    }

    #[test]
    fn nonsense_never_panics() {
        for header in ["-1", "NaN", "inf", "1e300", ""] {
            outcome(
                429,
                &[("retry-after", header), ("x-ratelimit-bucket", "b")],
                r#"{"retry_after":-1}"#,
            );
        }
    }
}
