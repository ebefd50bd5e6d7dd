//! REST rate limits: a bucket per token, route and channel, one global limit, and the headers that tell of them.

use std::collections::BTreeMap;

use serde_json::json;

use super::http::Response;
use crate::random::digest;
use crate::snowflake::{Millis, Snowflake};

/// Requests a second of one token over all routes.
const GLOBAL_LIMIT: u64 = 50;
/// 401, 403 and 429 in [`INVALID_WINDOW`] after which an address is banned.
const INVALID_LIMIT: u64 = 10_000;
const INVALID_WINDOW: u64 = 600_000;

/// From so many buckets on, those whose window is over are forgotten.
const BUCKET_LIMIT: usize = 1_000;
/// What Discord says to one who asks too often.
const USER_LIMITED: &str = "You are being rate limited.";
/// What Discord says when all who ask are too many.
const RESOURCE_LIMITED: &str = "The resource is being rate limited.";

/// Whom a 429 concerns.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Scope {
    Global,
    Shared,
    User,
}

impl Scope {
    fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Shared => "shared",
            Self::User => "user",
        }
    }
}

/// How many requests a route takes in how many milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quota {
    pub(super) limit: u64,
    pub(super) window: u64,
}

#[derive(Debug)]
struct Window {
    ends: Millis,
    used: u64,
}

impl Window {
    fn take(&mut self, now: Millis, quota: Quota) -> Result<(), u64> {
        if now >= self.ends {
            *self = Self {
                ends: now + quota.window,
                used: 0,
            };
        }
        if self.used >= quota.limit {
            return Err(self.ends - now);
        }
        self.used += 1;
        Ok(())
    }
}

#[derive(Debug, Default)]
pub(super) struct RateLimits {
    buckets: BTreeMap<(Snowflake, String), Window>,
    global: BTreeMap<Snowflake, Window>,
    invalid: Option<Window>,
}

/// What one request may tell about its bucket.
#[derive(Debug)]
pub(super) struct Grant {
    quota: Quota,
    remaining: u64,
    ends: Millis,
    bucket: String,
}

impl RateLimits {
    /// Takes one request from its bucket, or says how to refuse it. `route` holds the major parameter.
    pub(super) fn take(
        &mut self,
        now: Millis,
        user: Snowflake,
        route: &str,
        quota: Quota,
    ) -> Result<Grant, Response> {
        let global = self
            .global
            .entry(user)
            .or_insert(Window { ends: 0, used: 0 });
        if let Err(wait) = global.take(
            now,
            Quota {
                limit: GLOBAL_LIMIT,
                window: 1_000,
            },
        ) {
            return Err(refusal(wait, Scope::Global, USER_LIMITED));
        }
        if self.buckets.len() > BUCKET_LIMIT {
            self.buckets.retain(|_, window| now < window.ends);
        }
        let window = self
            .buckets
            .entry((user, route.to_owned()))
            .or_insert(Window { ends: 0, used: 0 });
        let taken = window.take(now, quota);
        let bucket = format!(
            "{:016x}{:016x}",
            digest(route.split('/').next().unwrap_or(route)),
            0x6d6a_u64
        );
        let grant = Grant {
            quota,
            remaining: quota.limit - window.used,
            ends: window.ends,
            bucket,
        };
        match taken {
            Ok(()) => Ok(grant),
            Err(wait) => {
                // The only captured 429 of a user's interactions has the other sentence.
                let message = if route == "interactions" {
                    RESOURCE_LIMITED
                } else {
                    USER_LIMITED
                };
                Err(grant.mark(now, refusal(wait, Scope::User, message)))
            }
        }
    }

    /// Counts an answer that Discord calls invalid; whether the address is banned for it.
    pub(super) fn count_invalid(&mut self, now: Millis) {
        let window = self.invalid.get_or_insert(Window {
            ends: now + INVALID_WINDOW,
            used: 0,
        });
        if now >= window.ends {
            *window = Window {
                ends: now + INVALID_WINDOW,
                used: 0,
            };
        }
        window.used += 1;
    }

    pub(super) fn banned(&self, now: Millis) -> bool {
        self.invalid
            .as_ref()
            .is_some_and(|window| now < window.ends && window.used >= INVALID_LIMIT)
    }
}

impl Grant {
    pub(super) fn mark(&self, now: Millis, response: Response) -> Response {
        let seconds = |millis: u64| format!("{}.{:03}", millis / 1000, millis % 1000);
        response
            .with("x-ratelimit-limit", self.quota.limit.to_string())
            .with("x-ratelimit-remaining", self.remaining.to_string())
            .with("x-ratelimit-reset", seconds(self.ends))
            .with(
                "x-ratelimit-reset-after",
                seconds(self.ends.saturating_sub(now)),
            )
            .with("x-ratelimit-bucket", self.bucket.clone())
    }
}

/// A 429 on command, with the headers of a bucket unless it is the global one.
pub(super) fn commanded(now: Millis, wait: u64, scope: Scope, path: &str) -> Response {
    let message = if scope == Scope::Shared {
        RESOURCE_LIMITED
    } else {
        USER_LIMITED
    };
    let response = refusal(wait, scope, message);
    if scope == Scope::Global {
        return response;
    }
    let grant = Grant {
        quota: Quota {
            limit: 5,
            window: wait,
        },
        remaining: 0,
        ends: now.saturating_add(wait),
        bucket: format!("{:016x}{:016x}", digest(path), 0x6d6a_u64),
    };
    grant.mark(now, response)
}

/// The 429 of Discord itself.
fn refusal(wait: u64, scope: Scope, message: &str) -> Response {
    let global = scope == Scope::Global;
    let seconds = std::time::Duration::from_millis(wait).as_secs_f64();
    let response = Response::json(
        429,
        &json!({"message": message, "retry_after": seconds, "global": global}),
    )
    .with("retry-after", wait.div_ceil(1000).to_string())
    .with("x-ratelimit-scope", scope.name());
    if global {
        response.with("x-ratelimit-global", "true")
    } else {
        response
    }
}

/// The page that Cloudflare shows instead of Discord's answer.
pub(super) fn cloudflare(status: u16, code: u16) -> Response {
    Response::text(
        status,
        &format!("<!DOCTYPE html><html><head><title>Access denied | discord.com used Cloudflare to restrict access</title></head><body>error code: {code}</body></html>"),
    )
    .with("content-type", "text/html; charset=UTF-8")
    .with("server", "cloudflare")
}
