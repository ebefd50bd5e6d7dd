//! The durable feed of changes, with named consumers: `mj_events()` and `mj_ack()`.

use std::{sync::Arc, time::Duration};

use mj_midjourney::store::{FeedEvent, PAGE_LIMIT, TaskStore};
use mj_process::clock;

use super::Engine;
use crate::{
    error::EngineError,
    record::TaskRecord,
    shared::{Shared, Waiting},
};

/// The longest name of a consumer, in characters.
const LONGEST_NAME: usize = 64;
/// How often the feed is read where the bell is silent: a process that was killed between its write and the bell
/// rang nobody.
const SILENCE: Duration = Duration::from_secs(1);

impl Engine {
    /// What a consumer has not acknowledged, oldest first, with the cursor of each: `mj_events()`. `limit` is 1 to
    /// 1,000. Where there is nothing it waits, at most `wait`, in a server's worker at most `mj.max_wait`, and ends
    /// when `interrupted` says so.
    ///
    /// # Errors
    /// [`EngineError::Argument`], [`EngineError::Storage`], [`EngineError::Configuration`].
    pub fn events(
        &self,
        consumer: &str,
        limit: i64,
        wait: Duration,
        interrupted: &mut dyn FnMut() -> bool,
    ) -> Result<Vec<(u64, TaskRecord)>, EngineError> {
        check_name(consumer)?;
        let limit = u32::try_from(limit)
            .ok()
            .filter(|limit| (1..=PAGE_LIMIT).contains(limit))
            .ok_or_else(|| EngineError::argument("limit", "must be from 1 to 1000"))?;
        let current = self.current();
        let shared = self.shared(&current.settings)?;
        let wait = if shared.lifetime.is_server {
            wait.min(current.settings.max_wait)
        } else {
            wait
        };
        let started = clock::boot();
        let _resident = (!wait.is_zero()).then(|| Waiting::begin(&shared));
        loop {
            let seen = shared.store.change();
            self.wake(&shared, false);
            let events = shared.store.events(consumer, limit)?;
            let left = wait.saturating_sub(clock::boot().saturating_sub(started));
            let is_over = left.is_zero() || interrupted() || shared.is_ended();
            if !events.is_empty() || is_over {
                let shown = |event: FeedEvent| {
                    let view = Arc::new(event.task);
                    let record = TaskRecord::of(view, &current.hosts, shared.store)?;
                    Ok((event.cursor, record))
                };
                return events.into_iter().map(shown).collect();
            }
            sleep_until_a_change(&shared, seen, left.min(SILENCE), interrupted);
        }
    }

    /// Acknowledges all events up to `cursor`, durably: `mj_ack()`. Never goes back.
    ///
    /// # Errors
    /// [`EngineError::Argument`], [`EngineError::Storage`], [`EngineError::Configuration`].
    pub fn ack(&self, consumer: &str, cursor: i64) -> Result<(), EngineError> {
        check_name(consumer)?;
        let cursor = u64::try_from(cursor)
            .map_err(|_| EngineError::argument("cursor", "must be greater than or equal to 0"))?;
        let shared = self.shared(&self.current().settings)?;
        self.wake(&shared, false);
        Ok(shared.store.ack(consumer, cursor)?)
    }
}

/// Sleeps on the bell, which wakes at least every 100 ms to look at interrupts.
fn sleep_until_a_change(
    shared: &Shared,
    seen: u32,
    most: Duration,
    interrupted: &mut dyn FnMut() -> bool,
) {
    let began = clock::boot();
    loop {
        let left = most.saturating_sub(clock::boot().saturating_sub(began));
        let has_changed = left.is_zero() || shared.store.wait_change(seen, left) != seen;
        if has_changed || interrupted() || shared.is_ended() {
            return;
        }
    }
}

fn check_name(consumer: &str) -> Result<(), EngineError> {
    let is_name = (1..=LONGEST_NAME).contains(&consumer.len())
        && consumer
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte));
    if is_name {
        return Ok(());
    }
    Err(EngineError::argument(
        "consumer",
        "must be 1 to 64 characters of A-Z, a-z, 0-9, \"_\", \".\", \":\" and \"-\"",
    ))
}
