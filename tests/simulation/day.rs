//! A long life: hours of gateway sessions with tasks now and then, and what an owner and its store have kept at the end
//! of each hour. Nothing may grow with time, and Discord's budget of logins is not touched.

use std::{collections::BTreeMap, rc::Rc};

use mj_midjourney::{memory::MemoryStore, store::TaskStore};
use serde_json::Value;

use crate::{
    random::Random,
    stage::Stage,
    verdict,
    weather::{Plan, Weather},
};

const HOUR: u64 = 3_600_000;

/// What is kept at the end of an hour: entries, by what keeps them.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Which hour, counted from 1.
    pub hour: u64,
    /// Entries, by what keeps them.
    pub kept: BTreeMap<String, usize>,
}

/// A gateway connection, as Discord saw it.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    /// How long it was open, in milliseconds.
    pub open_for: u64,
    /// Heartbeats that came.
    pub heartbeats: u64,
}

/// What became of it.
#[derive(Debug, Default)]
pub struct Day {
    /// One for each hour.
    pub snapshots: Vec<Snapshot>,
    /// When each IDENTIFY came, in Unix milliseconds.
    pub identified_at: Vec<u64>,
    /// How many of them Discord refused.
    pub identifies_refused: u64,
    /// Sessions that were resumed.
    pub resumes: u64,
    /// All that are over, and the last.
    pub connections: Vec<Connection>,
    /// Tasks submitted.
    pub tasks: u64,
    /// Of those that are stored at the end, how they ended.
    pub ends: BTreeMap<String, u64>,
    /// What was promised and not kept.
    pub broken: Vec<String>,
    /// What happened, where it was asked for.
    pub trace: Vec<String>,
}

/// Lets a hub live for so many hours, with each step written down if that is wanted.
pub fn live(seed: u64, hours: u64, trace: bool) -> Day {
    let mut random = Random::new(seed);
    let weather = Weather::of_a_day(&mut random);
    let plan = Plan {
        trace,
        ..Plan::new(seed, u32::MAX)
    };
    let store = Rc::new(MemoryStore::new());
    let mut stage = Stage::new(&plan, weather, random, 0, Rc::clone(&store));
    let mut day = Day::default();
    for hour in 1..=hours {
        while let Some(next) = stage.next().filter(|_| stage.elapsed() < hour * HOUR) {
            stage.advance(next);
        }
        day.snapshots.push(snapshot(&stage, &store, hour));
    }
    stage.close();
    while let Some(next) = stage.next() {
        stage.advance(next);
    }
    let open = store.hubs().unwrap_or_default();
    day.tasks = u64::try_from(stage.callers.tasks.len()).unwrap_or_default();
    day.broken = stage.promise.take_broken();
    if open.iter().any(|hub| hub.open_tasks > 0) {
        day.broken.push("tasks are open at the end".to_owned());
    }
    let stored = (stage.callers.tasks.iter()).filter_map(|id| store.task(id).ok()?);
    for view in stored {
        *day.ends.entry(verdict::end(&view)).or_default() += 1;
    }
    day.trace = stage.trace.take();
    let record = stage.record();
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let all = |name: &str| record[name].as_array().cloned().unwrap_or_default();
    day.identified_at = all("identified_at").iter().map(number).collect();
    day.identifies_refused = number(&record["identifies_refused"]);
    day.resumes = number(&record["resumes"]);
    day.connections = all("connections")
        .iter()
        .map(|connection| {
            let until = connection["closed_at"].as_u64();
            let until = until.unwrap_or_else(|| number(&record["now"]));
            Connection {
                open_for: until - number(&connection["opened_at"]),
                heartbeats: number(&connection["heartbeats"]),
            }
        })
        .collect();
    day
}

fn snapshot(stage: &Stage, store: &MemoryStore, hour: u64) -> Snapshot {
    let holdings = stage.holdings().unwrap_or_default();
    let mut kept: BTreeMap<String, usize> = (holdings.into_iter())
        .map(|(name, entries)| (name.to_owned(), entries))
        .collect();
    let counts = store.counts(&stage.hub).unwrap_or_default();
    let rows: u64 = counts.by_status.iter().sum();
    let notices = store.notice_counts(&stage.hub).unwrap_or_default();
    let mut keep = |name: &str, entries: u64| {
        kept.insert(
            name.to_owned(),
            usize::try_from(entries).unwrap_or(usize::MAX),
        );
    };
    keep("stored tasks", rows);
    keep("stored notices", notices.pending + notices.failed);
    keep("stored events", events(store, &format!("hour {hour}")));
    Snapshot { hour, kept }
}

/// How many events the feed has for someone new.
fn events(store: &MemoryStore, consumer: &str) -> u64 {
    let mut count = 0;
    while let Ok(events) = store.events(consumer, 1_000)
        && let Some(last) = events.last()
        && store.ack(consumer, last.cursor).is_ok()
    {
        count += u64::try_from(events.len()).unwrap_or_default();
    }
    count
}
