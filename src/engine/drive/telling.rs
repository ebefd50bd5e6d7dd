//! What an owner tells of itself: the status that it stores, with what only the driver knows, and the turns of its
//! tasks in log and metrics.

use std::{collections::BTreeMap, fs};

use mj_discord::UnixMs;
use mj_midjourney::{
    config::GatewayKind,
    hub::HubStatus,
    store::{Commit, Committed, HubState, Inbox, Write},
    task::Task,
};
use mj_process::clock;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::{ACKNOWLEDGED_GRAIN, Drive};
use crate::{
    chronicle::{self, Turn},
    link::Link,
    log::health,
    metrics::{ABSENT, EMPTY, MALFORMED, MATCHED, MESSAGES, Meter, Totals},
    network::Cut,
    trouble::Trouble,
};

/// A commit with what goes along, and the turns that it makes, by the place of each write.
pub(super) struct Told {
    pub(super) commit: Commit,
    turns: Vec<(usize, Turn)>,
}

/// The status as it is stored.
#[derive(Serialize)]
struct Whole<'t> {
    #[serde(flatten)]
    status: HubStatus,
    network: Json,
    /// For the doctor.
    cuts: Vec<Cut>,
    /// What is wrong with which host.
    troubles: BTreeMap<&'static str, Trouble>,
    owner: Json,
    log: Json,
    metrics: &'t Totals,
}

/// Goes on with what the owner before has counted; tells of tasks that came when there was none.
pub(super) fn take_over(meter: &Meter, state: &HubState, stored: Option<(UnixMs, String)>) {
    let before = stored.as_ref().map_or(UnixMs::default(), |(at, _)| *at);
    if let Some((_, text)) = stored {
        let status: Json = serde_json::from_str(&text).unwrap_or_default();
        meter.restore(&status["metrics"]);
    }
    let is_new = |task: &&Task| task.view.submitted_at.is_none() && task.view.created_at > before;
    for task in state.open.iter().filter(is_new) {
        chronicle::count(meter, task, Turn::Submitted);
        chronicle::log(task, Turn::Submitted);
    }
}

impl Drive {
    /// Whether the status is to be written though the brain has no need of it.
    pub(super) fn has_news(&mut self) -> bool {
        // Each is asked: they forget what they have told.
        let news = [
            self.has_new_acknowledgement(),
            self.network.take_changed(),
            health::take_changed(),
        ];
        news.contains(&true)
    }

    /// Counts what a commit makes true, and lets it write the counts: a task's end and its count become true together.
    pub(super) fn tell(&mut self, mut commit: Commit) -> Told {
        let turns = self.chronicle.turns(&commit.writes);
        for (at, turn) in &turns {
            if let Some(Write::Task(task)) = commit.writes.get(*at) {
                chronicle::count(&self.network.meter, task, *turn);
            }
        }
        let has_end = turns
            .iter()
            .any(|(_, turn)| matches!(turn, Turn::Ended | Turn::Late));
        let status = commit.writes.iter_mut().find_map(|write| match write {
            Write::Status(text) => Some(text),
            Write::Task(_) | Write::Session { .. } | Write::CommandIndex(_) | Write::Account(_) => {
                None
            }
        });
        if status.is_some() || has_end {
            self.told_at = clock::boot();
            let text = self.status();
            match status {
                Some(status) => *status = text,
                None => commit.writes.push(Write::Status(text)),
            }
        }
        Told { commit, turns }
    }

    /// A commit is true: the log may say so.
    pub(super) fn told(&mut self, told: &Told, committed: &Committed) {
        for (at, turn) in &told.turns {
            if let Some(Write::Task(task)) = told.commit.writes.get(*at)
                && committed
                    .superseded
                    .iter()
                    .all(|other| other.view.id != task.view.id)
            {
                chronicle::log(task, *turn);
            }
        }
        for task in &committed.superseded {
            self.tell_of(task);
        }
        for write in &told.commit.writes {
            if let Write::Account(health) = write
                && self.chronicle.has_turned(health)
            {
                chronicle::log_account(&self.id.0, health);
            }
        }
    }

    /// What PHP wrote: new tasks, and such as it cancelled.
    pub(super) fn tell_of_inbox(&mut self, inbox: &Inbox) {
        for task in &inbox.tasks {
            if !self.hub.knows(task.view.id) {
                chronicle::count(&self.network.meter, task, Turn::Submitted);
                chronicle::log(task, Turn::Submitted);
            }
            self.tell_of(task);
        }
    }

    fn tell_of(&mut self, task: &Task) {
        let meter = &self.network.meter;
        self.chronicle.turns_of(task, &mut |turn| {
            chronicle::count(meter, task, turn);
            chronicle::log(task, turn);
        });
    }

    /// The hub's status with what only the driver knows.
    fn status(&self) -> String {
        let status = self.hub.status();
        let (meter, counters) = (&self.network.meter, &status.counters);
        for (family, count) in [
            (&MESSAGES, counters.messages),
            (&EMPTY, counters.empty),
            (&MALFORMED, counters.malformed),
            (&ABSENT, counters.absent),
        ] {
            meter.follow(family, &[], exact(count));
        }
        for (step, count) in &counters.by_step {
            meter.follow(&MATCHED, &[("step", step)], exact(*count));
        }
        meter.told(|metrics| {
            let whole = Whole {
                status,
                network: self.network.shown(self.config.lang),
                cuts: self.network.cuts(),
                troubles: self.network.troubles(),
                owner: self.shown(),
                log: health::shown(),
                metrics,
            };
            serde_json::to_string(&whole).unwrap_or_default()
        })
    }

    /// Whether a gateway acknowledged a heartbeat that the status does not tell of, and should.
    fn has_new_acknowledgement(&mut self) -> bool {
        let signs = self.links.iter().map(Link::signs);
        let Some(at) = signs.filter_map(|signs| signs.acknowledged_at).max() else {
            return false;
        };
        let is_new = at.since(self.shown_acknowledged) >= ACKNOWLEDGED_GRAIN;
        if is_new {
            self.shown_acknowledged = at;
        }
        is_new
    }

    /// What an operator should know of this owner.
    fn shown(&self) -> Json {
        let signs = self.links.iter().map(|link| {
            let signs = link.signs();
            let shown = json!({
                "acknowledged_at": signs.acknowledged_at.map(|at| at.0),
                "event_at": signs.event_at.map(|at| at.0),
            });
            (word(link.kind).to_owned(), shown)
        });
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "config_revision": self.config_applied,
            "resident_bytes": self.resident_bytes,
            "signs": Json::Object(signs.collect()),
        })
    }
}

/// A gateway's name.
pub(crate) fn word(kind: GatewayKind) -> &'static str {
    match kind {
        GatewayKind::Bot => "bot",
        GatewayKind::User => "user",
    }
}

/// The memory of this process, as proc(5) tells it.
pub(super) fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1_024)
}

#[expect(clippy::cast_precision_loss, reason = "no count comes near 2^53")]
fn exact(count: u64) -> f64 {
    count as f64
}
