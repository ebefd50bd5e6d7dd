//! Webhooks: what a post says, how it is signed, what its answer means, and which post may go when.
//!
//! The outbox is the store's, and the owner of a hub empties it (`drive/notices.rs`). A post never goes through
//! `mj.proxy`, which is the way to Discord: the address is the operator's own site, and may be private.

use std::{
    collections::BTreeMap,
    time::{Duration, UNIX_EPOCH},
};

use mj_discord::{Moment, Token, UnixMs};
use mj_midjourney::{
    hub::{Answer, FailureKind},
    notice::{Notice, NoticeOutcome, origin},
    task::{TaskId, TaskView},
};
use reqwest::{
    Method,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT},
};
use ring::hmac;
use url::Url;

use crate::{http::Outgoing, network::Place};

/// The longest address that is kept, in bytes.
const LONGEST_ADDRESS: usize = 2_048;
/// How long an address may take for its answer.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);
/// Posts under way at once.
const AT_ONCE: usize = 4;
/// Of these to one server, so that a slow one leaves room.
const AT_ONCE_TO_ONE: usize = 3;
/// Pauses of one task after a failure, doubling between these.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(900));
/// The longest pause of a server that fails; a single post looks whether it is back.
const LONGEST_SILENCE: Duration = Duration::from_secs(30);
/// How long after its last failure a server's trouble is remembered: addresses are the callers', and may be many.
const REMEMBERED: Duration = Duration::from_secs(900);
/// The longest that an address may put off its posts by `Retry-After`.
const LONGEST_TOLD: Duration = Duration::from_secs(3_600);
/// How long after a task's end it is tried.
const GIVE_UP_AFTER: Duration = Duration::from_secs(24 * 3_600);

/// An address that a post can go to.
///
/// # Errors
/// What is wrong with it, without quoting it.
pub(crate) fn address(text: &str) -> Result<String, String> {
    let url = Url::parse(text.trim())
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .filter(|url| url.host_str().is_some_and(|host| !host.is_empty()))
        .ok_or_else(|| "must be an http or https address".to_owned())?;
    if url.as_str().len() > LONGEST_ADDRESS {
        return Err(format!("is longer than {LONGEST_ADDRESS} bytes"));
    }
    Ok(url.into())
}

/// The request that tells an address of a task; none for an address that is none.
pub(crate) fn request(
    url: &str,
    now: UnixMs,
    view: &TaskView,
    body: Vec<u8>,
    secret: Option<&Token>,
) -> Option<Outgoing> {
    let timestamp = (now.0 / 1_000).to_string();
    let delivery = format!("{}:{}", view.id, view.revision);
    let signature = secret.map(|secret| signature(secret, &timestamp, &body));
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(
        USER_AGENT,
        HeaderValue::from_static(concat!("php-mj/", env!("CARGO_PKG_VERSION"))),
    );
    let own = [
        ("x-mj-timestamp", Some(timestamp)),
        ("x-mj-delivery", Some(delivery)),
        ("x-mj-signature", signature),
    ];
    for (name, value) in own {
        if let Some(value) = value {
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::try_from(value).ok()?,
            );
        }
    }
    Some(Outgoing {
        name: None,
        place: Place::Elsewhere,
        method: Method::POST,
        url: url.parse().ok()?,
        headers,
        body: Some(body),
    })
}

/// `sha256=` and the HMAC-SHA256 of `timestamp.body` in lower-case hexadecimal digits.
fn signature(secret: &Token, timestamp: &str, body: &[u8]) -> String {
    use std::fmt::Write as _;

    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let mut context = hmac::Context::with_key(&key);
    for part in [timestamp.as_bytes(), b".", body] {
        context.update(part);
    }
    let mut text = "sha256=".to_owned();
    for byte in context.sign().as_ref() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A post that is under way, or has ended.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    /// Whose.
    pub(crate) task: TaskId,
    /// The revision that it tells.
    pub(crate) revision: u64,
    /// When the task had ended, if it had.
    ended_at: Option<UnixMs>,
    /// How often in a row the task's posts failed before.
    pub(crate) tries: u32,
}

impl Post {
    /// The post of a task as it is.
    pub(crate) fn of(view: &TaskView, tries: u32) -> Self {
        Self {
            task: view.id,
            revision: view.revision,
            ended_at: view
                .status
                .is_terminal()
                .then(|| view.finished_at.unwrap_or(view.created_at)),
            tries,
        }
    }

    /// What the store is told of it; none when it was kept back, and so never tried.
    pub(crate) fn outcome(&self, now: UnixMs, answer: &Answer) -> Option<NoticeOutcome> {
        match answer {
            Answer::Response {
                status: 200..=299, ..
            } => return Some(NoticeOutcome::Delivered),
            Answer::Response { status: 410, .. } => return Some(NoticeOutcome::GivenUp),
            Answer::Failure {
                kind: FailureKind::Withheld,
                ..
            } => return None,
            Answer::Response { .. } | Answer::Failure { .. } => {}
        }
        let told = retry_after(answer, now).unwrap_or_default();
        let at = now.plus(pause(self.tries, PAUSES.1).max(told));
        let is_over = self
            .ended_at
            .is_some_and(|ended| at > ended.plus(GIVE_UP_AFTER));
        Some(if is_over {
            NoticeOutcome::GivenUp
        } else {
            NoticeOutcome::Retry { at }
        })
    }
}

/// The pause after a failure that followed `tries` others.
fn pause(tries: u32, longest: Duration) -> Duration {
    PAUSES
        .0
        .saturating_mul(2_u32.saturating_pow(tries))
        .min(longest)
}

/// How long an address wants to be left alone: the seconds of its `Retry-After`, or until its date.
fn retry_after(answer: &Answer, now: UnixMs) -> Option<Duration> {
    let Answer::Response { headers, .. } = answer else {
        return None;
    };
    let (_, value) = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
    let value = value.trim();
    let told = match value.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(value)
            .ok()?
            .duration_since(UNIX_EPOCH + Duration::from_millis(now.0))
            .unwrap_or_default(),
    };
    Some(told.min(LONGEST_TOLD))
}

/// Whether an answer says that the whole server is in trouble, and not only this task's post.
fn is_server_in_trouble(answer: &Answer) -> bool {
    match answer {
        Answer::Response { status, .. } => matches!(status, 429 | 502..=504),
        Answer::Failure { kind, .. } => *kind != FailureKind::Withheld,
    }
}

/// A server whose last post failed.
#[derive(Debug)]
struct Trouble {
    failures: u32,
    until: Duration,
}

/// Which posts of a hub are under way, and when to look for more. Times are by `CLOCK_BOOTTIME`.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    /// By task, with its server.
    under_way: BTreeMap<TaskId, String>,
    troubled: BTreeMap<String, Trouble>,
    look_at: Option<Duration>,
}

impl Schedule {
    /// Something may have become due.
    pub(crate) fn touch(&mut self) {
        self.look_at = Some(Duration::ZERO);
    }

    /// When to look what is due; none before a post has ended or something is written.
    pub(crate) fn poll_timeout(&self) -> Option<Duration> {
        self.look_at.filter(|_| !self.is_full())
    }

    /// Whether to look now.
    pub(crate) fn is_due(&self, now: Duration) -> bool {
        self.poll_timeout().is_some_and(|at| at <= now)
    }

    /// Whether nothing is under way and nothing was due when it was looked.
    pub(crate) fn is_idle(&self, now: Duration) -> bool {
        self.under_way.is_empty() && !self.is_due(now)
    }

    /// It was looked, and all that may go is under way; `next` becomes due later.
    pub(crate) fn looked(&mut self, now: Moment, next: Option<UnixMs>) {
        self.troubled
            .retain(|_, trouble| trouble.until + REMEMBERED > now.boot);
        let next = next.map(|at| now.boot + at.since(now.unix));
        let back = self.troubled.values().map(|trouble| trouble.until);
        self.look_at = back.filter(|until| *until > now.boot).chain(next).min();
    }

    /// The look failed: again after `pause`.
    pub(crate) fn look_again(&mut self, now: Duration, pause: Duration) {
        self.look_at = Some(now + pause);
    }

    /// Servers to which nothing may go now.
    pub(crate) fn busy(&self, now: Duration) -> Vec<String> {
        let mut under_way: BTreeMap<&str, usize> = BTreeMap::new();
        for server in self.under_way.values() {
            *under_way.entry(server).or_default() += 1;
        }
        let full = under_way
            .iter()
            .filter(|(server, count)| **count >= self.at_once_to(server))
            .map(|(server, _)| (*server).to_owned());
        let silent = self
            .troubled
            .iter()
            .filter(|(_, trouble)| trouble.until > now)
            .map(|(server, _)| server.clone());
        full.chain(silent).collect()
    }

    /// How many more tasks to ask for, so that those under way do not hide others.
    pub(crate) fn window(&self) -> u32 {
        u32::try_from(self.under_way.len() + AT_ONCE).unwrap_or(u32::MAX)
    }

    /// Whether this one may go now; it counts as under way then.
    pub(crate) fn begin(&mut self, notice: &Notice) -> bool {
        let server = origin(&notice.url);
        let to_it = self.under_way.values().filter(|other| *other == server);
        let may = !self.is_full()
            && !self.under_way.contains_key(&notice.task)
            && to_it.count() < self.at_once_to(server);
        if may {
            self.under_way.insert(notice.task, server.to_owned());
        }
        may
    }

    /// A post that was begun did not go out after all.
    pub(crate) fn abandon(&mut self, task: &TaskId) {
        self.under_way.remove(task);
    }

    /// A post has ended.
    pub(crate) fn ended(&mut self, now: Moment, task: &TaskId, answer: &Answer) {
        self.touch();
        let Some(server) = self.under_way.remove(task) else {
            return;
        };
        if !is_server_in_trouble(answer) {
            self.troubled.remove(&server);
            return;
        }
        let trouble = self.troubled.entry(server).or_insert(Trouble {
            failures: 0,
            until: now.boot,
        });
        let told = retry_after(answer, now.unix).unwrap_or_default();
        let silence = pause(trouble.failures, LONGEST_SILENCE).max(told);
        // Posts that were under way side by side end one after the other.
        trouble.until = trouble.until.max(now.boot + silence);
        trouble.failures = trouble.failures.saturating_add(1);
    }

    fn at_once_to(&self, server: &str) -> usize {
        if self.troubled.contains_key(server) {
            1
        } else {
            AT_ONCE_TO_ONE
        }
    }

    fn is_full(&self) -> bool {
        self.under_way.len() >= AT_ONCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment {
        boot: Duration::from_secs(1_000),
        unix: UnixMs(1_760_000_000_000),
    };

    fn id(number: u32) -> TaskId {
        format!("{number:026}").parse().unwrap()
    }

    fn notice(number: u32, url: &str) -> Notice {
        Notice {
            task: id(number),
            url: url.to_owned(),
            tries: 0,
        }
    }

    fn response(status: u16) -> Answer {
        Answer::Response {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    fn failure(kind: FailureKind) -> Answer {
        Answer::Failure { sent: true, kind }
    }

    fn post(tries: u32, ended_at: Option<UnixMs>) -> Post {
        Post {
            task: id(1),
            revision: 7,
            ended_at,
            tries,
        }
    }

    #[test]
    fn signs_timestamp_and_body() {
        // printf '1760000000.{"a":1}' | openssl dgst -sha256 -hmac hush
        assert_eq!(
            signature(&Token::new("hush"), "1760000000", b"{\"a\":1}"),
            "sha256=b7cd0ef8979145c3e4cb53b2546b19bde6650fa644821cd4551a6e8277472740"
        );
    }

    #[test]
    fn addresses_are_http_and_never_quoted() {
        assert_eq!(
            address(" HTTP://LocalHost:81?a=b ").unwrap(),
            "http://localhost:81/?a=b"
        );
        for wrong in ["ftp://a/hush", "hush", "", "https://", "file:///hush"] {
            assert!(!address(wrong).unwrap_err().contains("hush"), "{wrong}");
        }
        assert!(address(&format!("https://a/{}", "b".repeat(2_048))).is_err());
    }

    #[test]
    fn an_answer_decides() {
        let told = |status| post(0, None).outcome(NOW.unix, &response(status));
        let second = Some(NoticeOutcome::Retry {
            at: NOW.unix.plus(Duration::from_secs(1)),
        });
        assert_eq!(told(200), Some(NoticeOutcome::Delivered));
        assert_eq!(told(204), Some(NoticeOutcome::Delivered));
        assert_eq!(told(410), Some(NoticeOutcome::GivenUp));
        for status in [100, 301, 302, 307, 400, 404, 429, 500, 503] {
            assert_eq!(told(status), second, "{status}");
        }
        let failed = |kind| post(0, None).outcome(NOW.unix, &failure(kind));
        assert_eq!(failed(FailureKind::TimedOut), second);
        assert_eq!(failed(FailureKind::Withheld), None);
    }

    #[test]
    fn pauses_double_and_end_a_day_after_the_task() {
        let hours = |hours: u64| Duration::from_secs(hours * 3_600);
        let retried = |tries, ended| match post(tries, ended).outcome(NOW.unix, &response(500)) {
            Some(NoticeOutcome::Retry { at }) => Some(at.since(NOW.unix).as_secs()),
            _ => None,
        };
        let pauses: Vec<_> = [0, 1, 2, 9, 10, 40, u32::MAX]
            .into_iter()
            .filter_map(|tries| retried(tries, None))
            .collect();
        assert_eq!(pauses, [1, 2, 4, 512, 900, 900, 900]);
        assert!(retried(40, Some(NOW.unix.minus(hours(23)))).is_some());
        assert_eq!(retried(40, Some(NOW.unix.minus(hours(24)))), None);
        assert_eq!(
            post(40, Some(NOW.unix.minus(hours(25)))).outcome(NOW.unix, &response(200)),
            Some(NoticeOutcome::Delivered)
        );
    }

    fn busy(status: u16, retry_after: &str) -> Answer {
        Answer::Response {
            status,
            headers: vec![("retry-after".to_owned(), retry_after.to_owned())],
            body: Vec::new(),
        }
    }

    #[test]
    fn an_address_says_when_to_come_again() {
        // NOW is 2025-10-09 08:53:20.
        for (told, seconds) in [
            ("120", 120),
            (" 120 ", 120),
            ("0", 1),
            ("Thu, 09 Oct 2025 08:55:20 GMT", 120),
            ("Thu, 09 Oct 2025 08:00:00 GMT", 1),
            ("999999999", 3_600),
            ("Fri, 09 Oct 2026 08:00:00 GMT", 3_600),
            ("soon", 1),
            ("-5", 1),
            ("99999999999999999999999", 1),
        ] {
            let at = NOW.unix.plus(Duration::from_secs(seconds));
            for status in [429, 503, 404] {
                assert_eq!(
                    post(0, None).outcome(NOW.unix, &busy(status, told)),
                    Some(NoticeOutcome::Retry { at }),
                    "{status} {told}"
                );
            }
        }
        assert_eq!(
            post(0, None).outcome(NOW.unix, &busy(200, "120")),
            Some(NoticeOutcome::Delivered)
        );
    }

    #[test]
    fn a_server_that_says_when_is_left_alone_until_then() {
        let mut schedule = Schedule::default();
        for number in 1..=3 {
            assert!(schedule.begin(&notice(number, "https://a/")));
        }
        schedule.ended(NOW, &id(1), &busy(429, "120"));
        schedule.ended(NOW, &id(2), &response(503));
        schedule.ended(NOW, &id(3), &busy(404, "3000"));
        let after = |seconds| NOW.boot + Duration::from_secs(seconds);
        assert!(
            schedule.busy(after(119)).is_empty(),
            "a 404 is the task's own"
        );
        // What the relay answers where its caller's address took nothing.
        assert!(schedule.begin(&notice(1, "https://a/")));
        schedule.ended(NOW, &id(1), &busy(424, "120"));
        assert!(schedule.busy(NOW.boot).is_empty(), "so is a 424");
        assert!(schedule.begin(&notice(1, "https://a/")));
        assert!(schedule.begin(&notice(2, "https://a/")));
        schedule.ended(NOW, &id(1), &busy(429, "120"));
        schedule.ended(NOW, &id(2), &response(503));
        assert_eq!(schedule.busy(after(119)), ["https://a"]);
        assert!(schedule.busy(after(120)).is_empty());
    }

    #[test]
    fn a_task_has_one_post_and_a_server_leaves_room() {
        let mut schedule = Schedule::default();
        assert!(schedule.begin(&notice(1, "https://a/1")));
        assert!(!schedule.begin(&notice(1, "https://a/1")));
        assert!(schedule.begin(&notice(2, "https://a/2")));
        assert!(schedule.begin(&notice(3, "https://a/3")));
        assert!(!schedule.begin(&notice(4, "https://a/4")));
        assert_eq!(schedule.busy(NOW.boot), ["https://a"]);
        schedule.touch();
        assert!(schedule.is_due(NOW.boot));
        assert!(schedule.begin(&notice(5, "https://b/5")));
        assert!(!schedule.is_due(NOW.boot), "all are under way");
        schedule.ended(NOW, &id(5), &response(200));
        assert!(schedule.is_due(NOW.boot) && !schedule.is_idle(NOW.boot));
    }

    #[test]
    fn a_dead_server_is_asked_seldom_and_alone() {
        let mut schedule = Schedule::default();
        let dead = failure(FailureKind::Connect);
        for number in 1..=3 {
            assert!(schedule.begin(&notice(number, "https://a/")));
        }
        schedule.ended(NOW, &id(1), &dead);
        assert_eq!(schedule.busy(NOW.boot), ["https://a", "https://a"]);
        schedule.ended(NOW, &id(2), &dead);
        schedule.ended(NOW, &id(3), &dead);
        let soon = Moment {
            unix: NOW.unix,
            boot: NOW.boot + Duration::from_secs(4),
        };
        schedule.looked(NOW, None);
        assert_eq!(schedule.poll_timeout(), Some(soon.boot));
        assert!(schedule.busy(soon.boot).is_empty());
        assert!(schedule.begin(&notice(1, "https://a/")));
        assert!(!schedule.begin(&notice(2, "https://a/")));
        assert!(schedule.begin(&notice(4, "https://b/")));
        for _ in 0..20 {
            schedule.begin(&notice(1, "https://a/"));
            schedule.ended(soon, &id(1), &dead);
        }
        schedule.looked(soon, None);
        assert_eq!(schedule.poll_timeout(), Some(soon.boot + LONGEST_SILENCE));
        schedule.begin(&notice(1, "https://a/"));
        schedule.ended(soon, &id(1), &response(404));
        assert!(schedule.begin(&notice(1, "https://a/")));
        assert!(schedule.begin(&notice(2, "https://a/")));
    }

    #[test]
    fn forgets_servers_that_nobody_asks_any_more() {
        let mut schedule = Schedule::default();
        for number in 0..1_000 {
            assert!(schedule.begin(&notice(number, &format!("https://{number}.example/"))));
            schedule.ended(NOW, &id(number), &failure(FailureKind::Connect));
        }
        schedule.looked(NOW, None);
        assert_eq!(schedule.busy(NOW.boot).len(), 1_000);
        let later = Moment {
            boot: NOW.boot + LONGEST_SILENCE + REMEMBERED,
            ..NOW
        };
        schedule.looked(later, None);
        assert!(schedule.troubled.is_empty());
    }

    #[test]
    fn looks_when_the_next_one_is_due() {
        let mut schedule = Schedule::default();
        assert_eq!(schedule.poll_timeout(), None);
        schedule.looked(NOW, Some(NOW.unix.plus(Duration::from_secs(9))));
        let due = NOW.boot + Duration::from_secs(9);
        assert_eq!(schedule.poll_timeout(), Some(due));
        assert!(schedule.is_idle(NOW.boot) && schedule.is_due(due));
        schedule.looked(NOW, None);
        assert_eq!(schedule.poll_timeout(), None);
    }
}
