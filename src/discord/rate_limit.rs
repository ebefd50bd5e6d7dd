//! How often a token may ask: Discord's buckets, its global limit, and the count of bad requests that ends in a ban.
//!
//! One [`RateLimiter`] belongs to one token. It learns each route's bucket from the answers; until the first one, a
//! route has one request on its way at a time.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use crate::{
    Moment,
    rest::{Headers, Route, Scope},
};

/// Requests a second over all routes ("Global Rate Limit").
const GLOBAL: usize = 50;
const GLOBAL_WINDOW: Duration = Duration::from_secs(1);

/// Bad requests that we allow ourselves in their window. Discord bans an address at 10,000 in 10 min ("Invalid Request
/// Limit"), which many tokens share.
const INVALID: usize = 500;
const INVALID_WINDOW: Duration = Duration::from_secs(10 * 60);

/// Added to every reset: the clocks of both sides and the way there differ.
const MARGIN: Duration = Duration::from_millis(50);

/// A request without an answer for this long is taken for lost.
const LOST: Duration = Duration::from_secs(30);

/// How long an idle bucket is remembered after its last use.
const FORGET: Duration = Duration::from_secs(3600);

/// Whether a request may leave.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Permit {
    /// It may, and is counted: tell its answer, or that there will be none.
    Ready,
    /// Not before this time of the boot clock; then ask again.
    Wait(Duration),
    /// Never: an answer was 401, the token is dead.
    Unauthorized,
}

/// The limits of one token.
#[derive(Debug, Default)]
pub struct RateLimiter {
    /// The bucket of each route, by method and path, learnt from answers.
    names: BTreeMap<Route, String>,
    buckets: BTreeMap<Key, Bucket>,
    sent: VecDeque<Duration>,
    invalid: VecDeque<Duration>,
    blocked_until: Duration,
    is_unauthorized: bool,
}

/// A bucket and the resource in it: by its name, or by its route as long as that has none.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Key {
    Named(String, u64),
    Route(Route),
}

#[derive(Debug, Default)]
struct Bucket {
    /// Requests per window; 0 while unknown.
    limit: u32,
    remaining: u32,
    /// When it is full again; unknown from then on until the next answer.
    reset_at: Option<Duration>,
    /// When each unanswered request left.
    on_their_way: VecDeque<Duration>,
    used_at: Duration,
}

impl Bucket {
    fn forget_lost(&mut self, now: Duration) {
        while self
            .on_their_way
            .front()
            .is_some_and(|&left| left + LOST <= now)
        {
            self.on_their_way.pop_front();
        }
    }

    /// When a request may leave, or `None` for now.
    fn wait(&mut self, now: Duration) -> Option<Duration> {
        self.forget_lost(now);
        if self.reset_at.is_some_and(|at| at <= now) {
            self.reset_at = None;
            self.remaining = self.limit;
        }
        if self.remaining > 0 {
            return None;
        }
        // Without a reset to wait for, the answer that is on its way will name one.
        self.reset_at
            .or_else(|| self.on_their_way.front().map(|&left| left + LOST))
    }
}

impl RateLimiter {
    /// A token of which nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether a request may leave now; if so, it is counted.
    pub fn permit(&mut self, now: Moment, route: &Route) -> Permit {
        let now = now.boot;
        if self.is_unauthorized {
            return Permit::Unauthorized;
        }
        if now < self.blocked_until {
            return Permit::Wait(self.blocked_until);
        }
        if let Err(until) = room(&mut self.invalid, now, INVALID, INVALID_WINDOW) {
            return Permit::Wait(until);
        }
        if let Err(until) = room(&mut self.sent, now, GLOBAL, GLOBAL_WINDOW) {
            return Permit::Wait(until);
        }
        let key = self.key(route);
        let bucket = self.buckets.entry(key).or_default();
        if let Some(until) = bucket.wait(now) {
            return Permit::Wait(until);
        }
        bucket.remaining = bucket.remaining.saturating_sub(1);
        bucket.on_their_way.push_back(now);
        bucket.used_at = now;
        self.sent.push_back(now);
        Permit::Ready
    }

    /// One more request may leave with a token that was refused, to see whether it is accepted again.
    pub fn retry_unauthorized(&mut self) {
        self.is_unauthorized = false;
    }

    /// The answer to a request that was permitted.
    pub fn handle_answer(&mut self, now: Moment, route: &Route, headers: &Headers, status: u16) {
        self.count_invalid(now.boot, headers, status);
        self.forget(now.boot);
        if let Some(bucket) = self.buckets.get_mut(&self.key(route)) {
            bucket.on_their_way.pop_front();
        }
        let retry_at = headers
            .retry_after
            .map(|wait| now.boot.saturating_add(wait).saturating_add(MARGIN));
        let is_limited = status == 429;
        // A 429 without any of Discord's headers is Cloudflare's, and means the address.
        let is_for_all = headers.global
            || headers.scope == Some(Scope::Global)
            || (headers.scope.is_none() && headers.bucket.is_none() && headers.limit.is_none());
        if is_limited && is_for_all {
            let until = retry_at.unwrap_or_else(|| now.boot.saturating_add(INVALID_WINDOW));
            self.blocked_until = self.blocked_until.max(until);
            return;
        }
        self.learn(route, headers);
        let reset_at = headers
            .reset_after
            .map(|wait| now.boot.saturating_add(wait).saturating_add(MARGIN));
        let bucket = self.buckets.entry(self.key(route)).or_default();
        if let (Some(limit), Some(remaining)) = (headers.limit, headers.remaining) {
            let waiting = u32::try_from(bucket.on_their_way.len()).unwrap_or(u32::MAX);
            bucket.limit = limit.max(1);
            bucket.remaining = remaining.saturating_sub(waiting);
            bucket.reset_at = reset_at.or(bucket.reset_at);
        }
        if is_limited {
            bucket.remaining = 0;
            let until = retry_at.or(reset_at).unwrap_or(now.boot + GLOBAL_WINDOW);
            bucket.reset_at = bucket.reset_at.max(Some(until));
        }
    }

    /// A request that was permitted has no answer, and will have none.
    pub fn handle_lost(&mut self, now: Moment, route: &Route) {
        if let Some(bucket) = self.buckets.get_mut(&self.key(route)) {
            bucket.on_their_way.pop_front();
        }
        self.forget(now.boot);
    }

    /// Whether the token was found dead.
    pub fn is_unauthorized(&self) -> bool {
        self.is_unauthorized
    }

    /// How many bad requests count at this time.
    pub fn invalid_requests(&mut self, now: Moment) -> usize {
        let _ = room(&mut self.invalid, now.boot, INVALID, INVALID_WINDOW);
        self.invalid.len()
    }

    fn count_invalid(&mut self, now: Duration, headers: &Headers, status: u16) {
        // One is enough: whatever else is sent with a dead token only counts towards the ban.
        self.is_unauthorized |= status == 401 && !headers.is_page();
        if matches!(status, 401 | 403) || (status == 429 && headers.scope != Some(Scope::Shared)) {
            self.invalid.push_back(now);
        }
    }

    /// The bucket of a route.
    fn key(&self, route: &Route) -> Key {
        let name = self.names.get(&Route {
            resource: 0,
            ..*route
        });
        name.map_or(Key::Route(*route), |name| {
            Key::Named(name.clone(), route.resource)
        })
    }

    /// Learns which bucket a route has, and moves what is known of the route there.
    fn learn(&mut self, route: &Route, headers: &Headers) {
        let Some(name) = &headers.bucket else { return };
        let before = self.key(route);
        self.names.insert(
            Route {
                resource: 0,
                ..*route
            },
            name.clone(),
        );
        let after = self.key(route);
        if before != after
            && let Some(bucket) = self.buckets.remove(&before)
        {
            self.buckets.entry(after).or_insert(bucket);
        }
    }

    /// Forgets buckets that have long been full again.
    fn forget(&mut self, now: Duration) {
        self.buckets.retain(|_, bucket| {
            bucket.forget_lost(now);
            !bucket.on_their_way.is_empty() || bucket.used_at + FORGET > now
        });
    }
}

/// Whether a sliding window has room for one more, or when it will.
fn room(
    window: &mut VecDeque<Duration>,
    now: Duration,
    most: usize,
    length: Duration,
) -> Result<(), Duration> {
    while window.front().is_some_and(|&at| at + length <= now) {
        window.pop_front();
    }
    match window.front() {
        Some(&oldest) if window.len() >= most => Err(oldest + length),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        rest::{Page, Request, TokenKind},
        snowflake::ChannelId,
    };

    fn at(milliseconds: u64) -> Moment {
        Moment::default() + Duration::from_millis(milliseconds)
    }

    fn messages(channel: u64) -> Route {
        Request::messages(ChannelId(channel), Page::Newest, 50, TokenKind::User).route
    }

    fn limits(limit: u32, remaining: u32, reset_after: &str) -> Headers {
        let (limit, remaining) = (limit.to_string(), remaining.to_string());
        Headers::read([
            ("x-ratelimit-bucket", "abcd"),
            ("x-ratelimit-limit", limit.as_str()),
            ("x-ratelimit-remaining", remaining.as_str()),
            ("x-ratelimit-reset-after", reset_after),
        ])
    }

    #[test]
    fn an_unknown_bucket_lets_one_through() {
        let mut limiter = RateLimiter::new();
        assert_eq!(limiter.permit(at(0), &messages(1)), Permit::Ready);
        assert_eq!(limiter.permit(at(1), &messages(1)), Permit::Wait(LOST));
        limiter.handle_answer(at(2), &messages(1), &limits(5, 4, "5"), 200);
        for _ in 0..4 {
            assert_eq!(limiter.permit(at(3), &messages(1)), Permit::Ready);
        }
        assert_eq!(
            limiter.permit(at(3), &messages(1)),
            Permit::Wait(Duration::from_millis(5052))
        );
    }

    #[test]
    fn an_answer_that_never_comes_blocks_no_route_for_ever() {
        let mut limiter = RateLimiter::new();
        assert_eq!(limiter.permit(at(0), &messages(1)), Permit::Ready);
        assert_eq!(limiter.permit(at(30_000), &messages(1)), Permit::Ready);
        limiter.handle_lost(at(30_001), &messages(1));
        assert_eq!(limiter.permit(at(30_002), &messages(1)), Permit::Ready);
    }

    #[test]
    fn a_bucket_fills_at_its_reset() {
        let mut limiter = RateLimiter::new();
        limiter.permit(at(0), &messages(1));
        limiter.handle_answer(at(0), &messages(1), &limits(2, 0, "1.5"), 200);
        assert_eq!(
            limiter.permit(at(1549), &messages(1)),
            Permit::Wait(Duration::from_millis(1550))
        );
        assert_eq!(limiter.permit(at(1550), &messages(1)), Permit::Ready);
        assert_eq!(limiter.permit(at(1550), &messages(1)), Permit::Ready);
        assert!(matches!(
            limiter.permit(at(1550), &messages(1)),
            Permit::Wait(_)
        ));
    }

    #[test]
    fn resources_of_one_bucket_count_apart() {
        let mut limiter = RateLimiter::new();
        limiter.permit(at(0), &messages(1));
        limiter.handle_answer(at(0), &messages(1), &limits(1, 0, "9"), 200);
        assert!(matches!(
            limiter.permit(at(1), &messages(1)),
            Permit::Wait(_)
        ));
        assert_eq!(limiter.permit(at(1), &messages(2)), Permit::Ready);
    }

    #[test]
    fn routes_of_one_bucket_count_together() {
        let (mut limiter, user) = (
            RateLimiter::new(),
            Request::current_user(TokenKind::User).route,
        );
        let gateway = Request::gateway_bot().route;
        limiter.permit(at(0), &user);
        limiter.handle_answer(at(0), &user, &limits(2, 1, "9"), 200);
        limiter.permit(at(0), &gateway);
        limiter.handle_answer(at(0), &gateway, &limits(2, 0, "9"), 200);
        assert!(matches!(limiter.permit(at(1), &user), Permit::Wait(_)));
    }

    #[test]
    fn the_global_limit_is_fifty_a_second() {
        let mut limiter = RateLimiter::new();
        for channel in 0..50 {
            assert_eq!(limiter.permit(at(10), &messages(channel)), Permit::Ready);
        }
        assert_eq!(
            limiter.permit(at(20), &messages(99)),
            Permit::Wait(Duration::from_millis(1010))
        );
        assert_eq!(limiter.permit(at(1010), &messages(99)), Permit::Ready);
    }

    #[test]
    fn a_limit_of_one_route_stops_only_that() {
        let mut limiter = RateLimiter::new();
        limiter.permit(at(0), &messages(1));
        let headers = Headers::read([
            ("retry-after", "3"),
            ("x-ratelimit-scope", "user"),
            ("x-ratelimit-bucket", "b"),
        ]);
        limiter.handle_answer(at(0), &messages(1), &headers, 429);
        assert_eq!(
            limiter.permit(at(1), &messages(1)),
            Permit::Wait(Duration::from_millis(3050))
        );
        assert_eq!(limiter.permit(at(1), &messages(2)), Permit::Ready);
        assert_eq!(limiter.permit(at(3050), &messages(1)), Permit::Ready);
    }

    #[test]
    fn global_and_cloudflare_limits_stop_everything() {
        for headers in [
            Headers::read([("retry-after", "3"), ("x-ratelimit-global", "true")]),
            Headers::read([("retry-after", "3"), ("x-ratelimit-scope", "global")]),
            Headers::read([("retry-after", "3"), ("content-type", "text/html")]),
        ] {
            let mut limiter = RateLimiter::new();
            limiter.permit(at(0), &messages(1));
            limiter.handle_answer(at(0), &messages(1), &headers, 429);
            assert_eq!(
                limiter.permit(at(1), &messages(2)),
                Permit::Wait(Duration::from_millis(3050))
            );
        }
        let mut limiter = RateLimiter::new();
        limiter.permit(at(0), &messages(1));
        limiter.handle_answer(at(0), &messages(1), &Headers::default(), 429);
        assert_eq!(
            limiter.permit(at(1), &messages(2)),
            Permit::Wait(INVALID_WINDOW)
        );
    }

    #[test]
    fn one_401_stops_the_token() {
        let mut limiter = RateLimiter::new();
        limiter.permit(at(0), &messages(1));
        limiter.handle_answer(at(0), &messages(1), &Headers::default(), 401);
        assert!(limiter.is_unauthorized());
        assert_eq!(
            limiter.permit(at(1_000_000), &messages(2)),
            Permit::Unauthorized
        );

        let mut limiter = RateLimiter::new();
        let page = Headers::read([("content-type", "text/html")]);
        limiter.handle_answer(at(0), &messages(1), &page, 401);
        assert!(
            !limiter.is_unauthorized(),
            "a proxy's own 401 says nothing about the token"
        );
    }

    #[test]
    fn bad_requests_stop_long_before_the_ban() {
        let (mut limiter, mut sent) = (RateLimiter::new(), 0);
        let stopped = (0..100_000).map(|step| at(step * 20)).find_map(|now| {
            match limiter.permit(now, &messages(1)) {
                Permit::Ready => {
                    sent += 1;
                    limiter.handle_answer(now, &messages(1), &Headers::default(), 403);
                    None
                }
                Permit::Wait(until) => Some(until),
                Permit::Unauthorized => panic!("no 401 was given"),
            }
        });
        assert_eq!((sent, stopped), (INVALID, Some(INVALID_WINDOW)));
        assert_eq!(limiter.permit(at(600_000), &messages(1)), Permit::Ready);
    }

    #[test]
    fn shared_limits_are_not_bad_requests() {
        let mut limiter = RateLimiter::new();
        let headers = Headers::read([("retry-after", "1"), ("x-ratelimit-scope", "shared")]);
        limiter.permit(at(0), &messages(1));
        limiter.handle_answer(at(0), &messages(1), &headers, 429);
        assert_eq!(limiter.invalid_requests(at(0)), 0);
        assert_eq!(
            limiter.permit(at(1), &messages(1)),
            Permit::Wait(Duration::from_millis(1050))
        );
        assert_eq!(limiter.permit(at(1), &messages(2)), Permit::Ready);
    }

    #[test]
    fn answers_out_of_order_do_not_overdraw() {
        let mut limiter = RateLimiter::new();
        limiter.permit(at(0), &messages(1));
        limiter.handle_answer(at(0), &messages(1), &limits(5, 4, "5"), 200);
        for _ in 0..4 {
            assert_eq!(limiter.permit(at(1), &messages(1)), Permit::Ready);
        }
        limiter.handle_answer(at(2), &messages(1), &limits(5, 3, "5"), 200);
        assert!(matches!(
            limiter.permit(at(3), &messages(1)),
            Permit::Wait(_)
        ));
    }

    #[test]
    fn idle_buckets_are_forgotten() {
        let mut limiter = RateLimiter::new();
        for channel in 0..40 {
            limiter.permit(at(0), &messages(channel));
            limiter.handle_answer(at(0), &messages(channel), &limits(5, 4, "5"), 200);
        }
        assert_eq!(limiter.buckets.len(), 40);
        limiter.handle_lost(at(4_000_000), &messages(1));
        assert_eq!(limiter.buckets.len(), 0);
    }
}
