//! What is posted to a task's own address when it changes: the outbox's rows and their one rule, for every store.
//!
//! Only the newest state of a task is posted, never an older one after a newer one. Who posts, and how long it is tried,
//! is the engine's.

use mj_discord::UnixMs;

use crate::task::TaskId;

/// A task whose newest state its address has not been told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Notice {
    /// Which.
    pub task: TaskId,
    /// Where to post it.
    pub url: String,
    /// How often in a row that failed.
    pub tries: u32,
}

/// What is to be posted.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Notices {
    /// Now, what is due longest first.
    pub due: Vec<Notice>,
    /// When the next one is due that is not due yet.
    pub next: Option<UnixMs>,
}

/// What became of a post.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NoticeOutcome {
    /// The address took it.
    Delivered,
    /// It is to be tried again.
    Retry {
        /// Not before this time.
        at: UnixMs,
    },
    /// Nothing is posted for this task any more.
    GivenUp,
}

/// How many tasks have something to be posted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct NoticeCounts {
    /// Those that wait, or are tried again.
    pub pending: u64,
    /// Those that were given up.
    pub failed: u64,
}

/// A task's row in the outbox.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Posting {
    /// Where to post it.
    pub url: String,
    /// The task's newest revision.
    pub revision: u64,
    /// The newest revision that the address took; 0 for none.
    pub delivered: u64,
    /// How often in a row a post failed.
    pub tries: u32,
    /// When the newest state is to be posted; none when there is nothing to post.
    pub due: Option<UnixMs>,
    /// Whether nothing is posted any more.
    pub given_up: bool,
}

impl Posting {
    /// The row of a task that was just submitted.
    pub fn new(now: UnixMs, url: &str, revision: u64) -> Self {
        Self {
            url: url.to_owned(),
            revision,
            delivered: 0,
            tries: 0,
            due: Some(now),
            given_up: false,
        }
    }

    /// The task was written. What waits for another try goes on waiting: an address that fails is not asked more often
    /// because the task changes.
    pub fn change(&mut self, now: UnixMs, url: &str, revision: u64) {
        if self.url != url {
            url.clone_into(&mut self.url);
        }
        self.revision = self.revision.max(revision);
        if self.due.is_none() && !self.given_up && self.revision > self.delivered {
            self.due = Some(now);
        }
    }

    /// The post of `revision` has ended. A change that came meanwhile is due at once.
    pub fn settle(&mut self, now: UnixMs, revision: u64, outcome: NoticeOutcome) {
        match outcome {
            NoticeOutcome::Delivered => {
                self.delivered = self.delivered.max(revision);
                self.tries = 0;
                self.due = (self.revision > self.delivered && !self.given_up).then_some(now);
            }
            NoticeOutcome::Retry { at } if self.due.is_some() => {
                self.tries = self.tries.saturating_add(1);
                self.due = Some(at);
            }
            NoticeOutcome::Retry { .. } => {}
            NoticeOutcome::GivenUp => {
                self.given_up = true;
                self.due = None;
            }
        }
    }
}

/// The part of an address that says which server it is, as `https://example.com:8443`.
pub fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..]
        .find(['/', '?', '#'])
        .map_or(url.len(), |at| host + at);
    &url[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_ends_with_the_host() {
        for (url, expected) in [
            ("https://example.com/hook?id=1", "https://example.com"),
            ("http://127.0.0.1:8080?x", "http://127.0.0.1:8080"),
            ("https://example.com", "https://example.com"),
            ("https://[::1]:1/a", "https://[::1]:1"),
            ("nonsense/a", "nonsense"),
        ] {
            assert_eq!(origin(url), expected);
        }
    }
}
