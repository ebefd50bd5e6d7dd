//! What the metrics, and the log, say of requests.

use std::time::Duration;

use mj_discord::rest::{self, Headers, Outcome, Scope};
use mj_midjourney::hub::{Answer, FailureKind};
use reqwest::Method;

use super::log::{Failed, Name};
use crate::metrics::{Meter, RATE_LIMIT_SECONDS, RATE_LIMITS, REQUEST_SECONDS, REQUESTS};

/// A request has ended.
pub(super) fn exchange(
    meter: &Meter,
    name: Name,
    method: &Method,
    exchanged: &Result<Answer, Failed>,
    was_withheld: bool,
    took: Duration,
) {
    let outcome = match exchanged {
        Ok(answer) => {
            meter.observe(&REQUEST_SECONDS, &[], took);
            limited(meter, name, method, answer);
            of_answer(answer)
        }
        Err(_) if was_withheld => "withheld",
        Err(failed) => of_failure(failed.kind),
    };
    let labels = [
        ("method", method.as_str()),
        ("route", name.0),
        ("outcome", outcome),
    ];
    meter.count(&REQUESTS, &labels);
}

fn of_answer(answer: &Answer) -> &'static str {
    match answer {
        Answer::Response { status, .. } => match status {
            200..=299 => "2xx",
            300..=399 => "3xx",
            429 => "429",
            400..=499 => "4xx",
            _ => "5xx",
        },
        Answer::Failure { kind, .. } => of_failure(*kind),
    }
}

fn of_failure(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Connect => "connect",
        FailureKind::TimedOut => "timed_out",
        FailureKind::Closed => "closed",
        FailureKind::Withheld => "withheld",
    }
}

/// Discord, or Cloudflare in front of it, limits us.
fn limited(meter: &Meter, name: Name, method: &Method, answer: &Answer) {
    let Answer::Response {
        status: status @ (403 | 429),
        headers,
        body,
    } = answer
    else {
        return;
    };
    let names = headers.iter();
    let headers = Headers::read(names.map(|(name, value)| (name.as_str(), value.as_str())));
    let body = String::from_utf8_lossy(body);
    let answer = rest::Answer {
        status: *status,
        headers: &headers,
        body: &body,
    };
    let (scope, wait) = match answer.read() {
        Outcome::RateLimited { retry_after, scope } => (of_scope(scope), Some(retry_after)),
        Outcome::Cloudflare { retry_after } => ("cloudflare", retry_after),
        Outcome::Accepted
        | Outcome::OutdatedCommand
        | Outcome::InvalidPermissions
        | Outcome::UnknownChannel
        | Outcome::UnknownApplication
        | Outcome::BadRequest { .. }
        | Outcome::Unauthorized
        | Outcome::Forbidden { .. }
        | Outcome::NotFound { .. }
        | Outcome::CaptchaRequired
        | Outcome::ReverseProxy { .. }
        | Outcome::ServerError { .. }
        | Outcome::Unexpected { .. } => return,
    };
    let labels = [("scope", scope)];
    meter.count(&RATE_LIMITS, &labels);
    let wait = wait.unwrap_or_default();
    meter.add(&RATE_LIMIT_SECONDS, &labels, wait.as_secs_f64());
    let request = format!("{method} {}", name.0);
    let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    tracing::info!(request, scope, wait_ms, "a request was limited");
}

fn of_scope(scope: Scope) -> &'static str {
    match scope {
        Scope::User => "user",
        Scope::Global => "global",
        Scope::Shared => "shared",
    }
}
