//! The promises that must hold at every step: an attempt is durable before its POST, a status moves only forward, an
//! old owner writes nothing, and neither concurrency nor spacing is exceeded.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use mj_discord::{
    Moment, Token, UnixMs,
    rest::{Body, Request},
};
use mj_midjourney::{
    config::{HubConfig, HubId},
    memory::MemoryStore,
    queue::Lane,
    refusal::FailCode,
    store::{Commit, TaskStore, Write},
    task::{Action, AttemptState, Stage, Status, Task, TaskId, TaskView},
    transition,
};
use serde_json::Value;

/// What tasks were before a commit.
pub(crate) type Before = BTreeMap<TaskId, Was>;

/// What a task was before a commit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Was {
    status: Status,
    code: Option<FailCode>,
    progress: u8,
    finished_at: Option<UnixMs>,
}

impl Was {
    fn of(view: &TaskView) -> Self {
        Self {
            status: view.status,
            code: view.fail_code,
            progress: view.progress,
            finished_at: view.finished_at,
        }
    }

    /// What must not have become of the task; none when all is well.
    fn broken_by(self, now: Self) -> Option<String> {
        let (from, to) = (self.status, now.status);
        if from != to && !transition::is_allowed(from, self.code, to) {
            return Some(format!("went from {from:?} {:?} to {to:?}", self.code));
        }
        if from == to && from.is_terminal() && self.finished_at != now.finished_at {
            return Some(format!("ended as {to:?} twice"));
        }
        if from == to && now.progress < self.progress {
            let (before, after) = (self.progress, now.progress);
            return Some(format!("went back from {before} % to {after} %"));
        }
        None
    }
}

/// A task that may be under way at Midjourney.
#[derive(Debug)]
struct Running {
    account: String,
    lane: Lane,
}

/// Who writes: an owner, and what it was told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writer<'w> {
    pub(crate) epoch: u64,
    pub(crate) config: &'w HubConfig,
    /// What held until this very turn: what the brain decided by it is still written.
    pub(crate) earlier: Option<&'w HubConfig>,
    pub(crate) now: UnixMs,
}

/// The promises, and which of them were broken.
#[derive(Debug)]
pub(crate) struct Promise {
    spacing: Duration,
    /// Nonces that are stored.
    durable: BTreeSet<String>,
    running: BTreeMap<TaskId, Running>,
    /// Waiting tasks of which the owner of this epoch knows, and since when: what it sends in the same moment it may have
    /// decided before.
    waiting: (u64, BTreeMap<TaskId, u64>),
    /// When a token last sent an interaction, and in which epoch.
    sent: BTreeMap<String, (u64, Duration)>,
    broken: Vec<String>,
    /// Milliseconds since the run began.
    pub(crate) at: u64,
}

impl Promise {
    pub(crate) fn new(spacing: Duration) -> Self {
        Self {
            spacing,
            durable: BTreeSet::new(),
            running: BTreeMap::new(),
            waiting: (0, BTreeMap::new()),
            sent: BTreeMap::new(),
            broken: Vec::new(),
            at: 0,
        }
    }

    /// Notes a broken promise.
    pub(crate) fn broken(&mut self, what: impl std::fmt::Display) {
        self.broken.push(format!("{} ms: {what}", self.at));
    }

    /// What was broken.
    pub(crate) fn take_broken(&mut self) -> Vec<String> {
        std::mem::take(&mut self.broken)
    }

    /// An owner has been told of tasks.
    pub(crate) fn told<'t>(&mut self, epoch: u64, tasks: impl IntoIterator<Item = &'t Task>) {
        if self.waiting.0 != epoch {
            self.waiting = (epoch, BTreeMap::new());
        }
        for task in tasks {
            if task.view.status == Status::NotStart {
                self.waiting.1.entry(task.view.id).or_insert(self.at);
            }
        }
    }

    /// The tasks of a commit as they are before it.
    pub(crate) fn before(store: &MemoryStore, commit: &Commit) -> Before {
        commit
            .writes
            .iter()
            .filter_map(|write| {
                let Write::Task(task) = write else {
                    return None;
                };
                let view = store.task(&task.view.id).ok()??;
                Some((view.id, Was::of(&view)))
            })
            .collect()
    }

    /// Checks what a commit did.
    pub(crate) fn committed(
        &mut self,
        store: &MemoryStore,
        hub: &HubId,
        writer: Writer<'_>,
        before: &Before,
    ) {
        let epoch = writer.epoch;
        let owner = store.lease(hub).ok().flatten().map(|lease| lease.epoch);
        if owner != Some(epoch) {
            self.broken(format!("epoch {epoch} wrote while {owner:?} owns the hub"));
        }
        let mut sent = Vec::new();
        for (id, was) in before {
            let Ok(Some(task)) = store.whole_task(id) else {
                self.broken(format!("task {id} is gone"));
                continue;
            };
            let now = task.view.status;
            if let Some(what) = was.broken_by(Was::of(&task.view)) {
                self.broken(format!("task {id} {what}"));
            }
            let is_new = self.count(&task);
            if now != Status::NotStart {
                self.waiting.1.remove(id);
            }
            let is_form = was.status == Status::Modal || now == Status::Modal;
            if is_new && !is_form {
                sent.push(task);
            }
        }
        for task in sent {
            self.check_limit(&task, writer);
            self.check_order(store, &task, writer);
        }
    }

    /// Takes note of a task as it is stored; tells whether an attempt of it is new.
    fn count(&mut self, task: &Task) -> bool {
        let id = task.view.id;
        let mut is_new = false;
        for attempt in &task.work.attempts {
            is_new |= self.durable.insert(attempt.nonce.as_str().to_owned())
                && attempt.state == AttemptState::Sending;
        }
        let may_exist = |state| {
            matches!(
                state,
                AttemptState::Accepted | AttemptState::InDoubt | AttemptState::Sending
            )
        };
        let is_running = !task.view.status.is_terminal()
            && task.view.stage != Some(Stage::Moderated)
            && task
                .work
                .attempts
                .last()
                .is_some_and(|attempt| may_exist(attempt.state));
        self.running.remove(&id);
        if let Some(account) = task.view.account.clone().filter(|_| is_running) {
            let lane = Lane::of(&task.work);
            self.running.insert(id, Running { account, lane });
        }
        is_new
    }

    /// A task that is sent must have a free place at its account.
    fn check_limit(&mut self, task: &Task, writer: Writer<'_>) {
        let Some(running) = self.running.get(&task.view.id) else {
            return;
        };
        let most_of = |config: &HubConfig| {
            let account = config.account(&running.account)?;
            Some(match running.lane {
                Lane::Aside | Lane::Fast => account.concurrency,
                Lane::Relax => account.relax_concurrency,
            })
        };
        let Some(most) = most_of(writer.config).max(writer.earlier.and_then(most_of)) else {
            let name = running.account.clone();
            self.broken(format!("{} is sent by {name}, which is none", task.view.id));
            return;
        };
        let all: Vec<TaskId> = self
            .running
            .iter()
            .filter(|(_, other)| other.account == running.account && other.lane == running.lane)
            .map(|(id, _)| *id)
            .collect();
        if all.len() > usize::try_from(most).unwrap_or(usize::MAX) {
            let name = running.account.clone();
            self.broken(format!(
                "{name} has more than {most} jobs under way: {all:?}"
            ));
        }
    }

    /// Nothing that could have been sent instead may be older, or more urgent. Only tasks are judged that nothing can
    /// hold back: of a key of their own, without pictures.
    fn check_order(&mut self, store: &MemoryStore, task: &Task, writer: Writer<'_>) {
        if self.waiting.0 != writer.epoch {
            return;
        }
        let (id, priority, lane) = (task.view.id, task.work.priority, Lane::of(&task.work));
        let was_ahead = |other: &Task| {
            let place = |task: &Task| (std::cmp::Reverse(task.work.priority), task.view.id);
            let work = &other.work;
            place(other) < place(task)
                && Lane::of(work) == lane
                && other.view.status == Status::NotStart
                && other.view.action == Action::Imagine
                && work.seed_is_tag
                && work.pictures.is_empty()
                && work.attempts.is_empty()
                && !work.cancel_requested
                && work.not_before.is_none_or(|at| at <= writer.now)
                && (work.named_account.is_none() || work.named_account == task.view.account)
        };
        let overtaken = self
            .waiting
            .1
            .iter()
            .filter(|(other, since)| **other != id && **since < self.at)
            .filter_map(|(other, _)| store.whole_task(other).ok()?)
            .find(was_ahead);
        if let Some(other) = overtaken {
            self.broken(format!(
                "task {id} (priority {priority}) overtook task {} (priority {})",
                other.view.id, other.work.priority
            ));
        }
    }

    /// Checks what is about to leave.
    pub(crate) fn sends(&mut self, now: Moment, epoch: u64, request: &Request, token: &Token) {
        if request.route.path != "/interactions" {
            return;
        }
        let Body::Json(body) = &request.body else {
            return;
        };
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let nonce = body["nonce"].as_str().unwrap_or_default();
        let custom_id = body["data"]["custom_id"].as_str().unwrap_or_default();
        // Cancel Job may be pressed twice without harm.
        if custom_id.contains("CancelJob") {
            return;
        }
        if !self.durable.contains(nonce) {
            self.broken(format!("nonce {nonce} is sent before it is stored"));
        }
        let before = self
            .sent
            .insert(token.expose().to_owned(), (epoch, now.boot));
        let is_form = body["type"] == 5;
        if let Some((earlier, at)) = before
            && earlier == epoch
            && !is_form
            && now.boot < at + self.spacing
        {
            let gap = now.boot.saturating_sub(at);
            self.broken(format!("two interactions of one account are {gap:?} apart"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn was(status: Status, progress: u8, finished_at: Option<u64>) -> Was {
        Was {
            status,
            code: None,
            progress,
            finished_at: finished_at.map(UnixMs),
        }
    }

    #[test]
    fn a_second_end_is_told() {
        let ended = was(Status::Success, 100, Some(1));
        assert_eq!(ended.broken_by(ended), None);
        let again = was(Status::Success, 100, Some(2));
        assert!(ended.broken_by(again).is_some());
    }

    #[test]
    fn a_step_back_is_told() {
        let half = was(Status::InProgress, 50, None);
        assert!(half.broken_by(was(Status::InProgress, 49, None)).is_some());
        assert!(half.broken_by(was(Status::Submitted, 50, None)).is_some());
        assert_eq!(half.broken_by(was(Status::InProgress, 51, None)), None);
    }
}
