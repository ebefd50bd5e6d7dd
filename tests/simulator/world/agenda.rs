//! What will happen, in order of time and, at the same time, in order of planning.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use serde_json::Value;

use super::midjourney::{Later, Step};
use crate::snowflake::{Millis, Snowflake};

/// Something planned.
#[derive(Debug)]
pub(super) enum Event {
    /// A gateway event that reaches one session late.
    Deliver {
        session: String,
        name: String,
        data: Value,
    },
    /// What Midjourney does beside its jobs.
    Later(Later),
    /// The next step of a job.
    Job { job: usize, step: Step },
    /// An application that did not answer an interaction in time.
    NoAnswer { interaction: Snowflake },
    /// The pressed button changes its style.
    ParentEdit {
        message: Snowflake,
        custom_id: String,
    },
}

/// All planned events.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    heap: BinaryHeap<Reverse<(Millis, u64)>>,
    events: BTreeMap<u64, Event>,
    planned: u64,
}

impl Agenda {
    pub(super) fn plan(&mut self, at: Millis, event: Event) {
        self.planned += 1;
        self.heap.push(Reverse((at, self.planned)));
        self.events.insert(self.planned, event);
    }

    pub(super) fn next(&self) -> Option<Millis> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    pub(super) fn pop_due(&mut self, now: Millis) -> Option<Event> {
        let Reverse((at, _)) = self.heap.peek()?;
        if *at > now {
            return None;
        }
        let Reverse((_, number)) = self.heap.pop()?;
        self.events.remove(&number)
    }
}
