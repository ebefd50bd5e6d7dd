//! What the store in memory keeps: tasks in the order of submission, and beside them every order in which they are asked
//! for.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use mj_discord::UnixMs;

use crate::{
    account::AccountHealth,
    command::CommandIndex,
    config::{GatewayKind, HubConfig, HubId},
    notice::Posting,
    store::{Counts, IdentifyBudget, Lease, StoreError, StoredSession},
    task::{Status, Task, TaskId, TaskView},
};

/// A task's place in the order of submission.
pub(super) type Place = u64;

#[derive(Debug, Default)]
pub(super) struct Tables {
    /// Numbers places, events and what PHP writes, in one row.
    pub(super) sequence: u64,
    pub(super) tasks: BTreeMap<Place, Row>,
    pub(super) places: HashMap<TaskId, Place>,
    pub(super) groups: BTreeSet<(TaskId, Place)>,
    pub(super) feed: BTreeMap<u64, Place>,
    pub(super) consumers: BTreeMap<String, u64>,
    pub(super) hubs: BTreeMap<HubId, Hub>,
    pub(super) identifies: BTreeMap<String, IdentifyBudget>,
}

#[derive(Debug)]
pub(super) struct Row {
    pub(super) task: Task,
    /// Where PHP last wrote it.
    pub(super) inbox: u64,
    /// When it ended, by the task or else by the clock of who wrote that.
    pub(super) ended_at: Option<UnixMs>,
    pub(super) events: Vec<u64>,
    /// What its address is told.
    pub(super) posting: Option<Posting>,
}

#[derive(Debug, Default)]
pub(super) struct Hub {
    /// Whether `hubs` shows it.
    pub(super) known: bool,
    pub(super) config: Option<(u64, HubConfig)>,
    pub(super) used_at: UnixMs,
    pub(super) lease: Option<Lease>,
    pub(super) status: Option<(UnixMs, String)>,
    pub(super) accounts: BTreeMap<String, AccountHealth>,
    pub(super) sessions: BTreeMap<GatewayKind, StoredSession>,
    pub(super) command_index: Option<CommandIndex>,
    pub(super) counts: Counts,
    pub(super) keys: BTreeMap<String, TaskId>,
    pub(super) open: BTreeSet<Place>,
    pub(super) waiting: BTreeSet<(Reverse<i32>, Place)>,
    pub(super) closed: BTreeSet<(UnixMs, Place)>,
    pub(super) held: BTreeSet<(UnixMs, Place)>,
    pub(super) inbox: BTreeMap<u64, Place>,
    pub(super) notices: BTreeSet<(UnixMs, Place)>,
    pub(super) given_up: BTreeSet<Place>,
}

impl Hub {
    /// Takes a task into, or out of, all that is kept by status.
    pub(super) fn file(&mut self, place: Place, row: &Row, present: bool) {
        let status = row.task.view.status;
        let count = &mut self.counts.by_status[status as usize];
        *count = if present {
            *count + 1
        } else {
            count.saturating_sub(1)
        };
        if status == Status::NotStart {
            toggle(
                &mut self.waiting,
                (Reverse(row.task.work.priority), place),
                present,
            );
        }
        if let Some(at) = row.ended_at {
            toggle(&mut self.closed, (at, place), present);
            if let Some(until) = row.task.work.key_held_until {
                toggle(&mut self.held, (until, place), present);
            }
        } else {
            toggle(&mut self.open, place, present);
        }
    }

    /// Takes what a task's address is told into, or out of, the outbox.
    pub(super) fn file_posting(&mut self, place: Place, posting: Option<&Posting>, present: bool) {
        if let Some(due) = posting.and_then(|posting| posting.due) {
            toggle(&mut self.notices, (due, place), present);
        }
        if posting.is_some_and(|posting| posting.given_up) {
            toggle(&mut self.given_up, place, present);
        }
    }

    pub(super) fn check_epoch(&self, ours: u64) -> Result<(), StoreError> {
        if cfg!(mj_mutation = "fencing") {
            return Ok(());
        }
        match self.lease.as_ref().map_or(0, |lease| lease.epoch) {
            epoch if epoch == ours && epoch > 0 => Ok(()),
            epoch => Err(StoreError::Deposed { epoch, ours }),
        }
    }
}

pub(super) fn toggle<T: Ord>(set: &mut BTreeSet<T>, item: T, present: bool) {
    if present {
        set.insert(item);
    } else {
        set.remove(&item);
    }
}

pub(super) fn ended_at(now: UnixMs, view: &TaskView) -> Option<UnixMs> {
    view.status
        .is_terminal()
        .then(|| view.finished_at.unwrap_or(now))
}

impl Tables {
    pub(super) fn next(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    pub(super) fn hub(&mut self, hub: &HubId) -> &mut Hub {
        self.hubs.entry(hub.clone()).or_default()
    }

    pub(super) fn owned_hub(&mut self, hub: &HubId, epoch: u64) -> Result<&mut Hub, StoreError> {
        match self.hubs.get_mut(hub) {
            Some(found) => found.check_epoch(epoch).map(|()| found),
            None => Err(StoreError::Deposed {
                epoch: 0,
                ours: epoch,
            }),
        }
    }

    pub(super) fn row(&self, id: &TaskId) -> Option<&Row> {
        self.tasks.get(self.places.get(id)?)
    }

    pub(super) fn insert(&mut self, now: UnixMs, task: Task) {
        let place = self.next();
        let row = Row {
            ended_at: ended_at(now, &task.view),
            task,
            inbox: place,
            events: Vec::new(),
            posting: None,
        };
        let hub = self.hub(&row.task.hub.clone());
        hub.file(place, &row, true);
        hub.inbox.insert(place, place);
        if let Some(key) = &row.task.work.idempotency_key {
            hub.keys.insert(key.clone(), row.task.view.id);
        }
        self.places.insert(row.task.view.id, place);
        self.groups
            .extend(row.task.view.group_id.map(|group| (group, place)));
        self.tasks.insert(place, row);
        self.note_change(now, place);
        self.announce(place);
    }

    pub(super) fn replace(&mut self, now: UnixMs, place: Place, task: Task) {
        let Some(row) = self.tasks.get_mut(&place) else {
            return;
        };
        let hub = self.hubs.entry(row.task.hub.clone()).or_default();
        hub.file(place, row, false);
        if row.task.work.idempotency_key != task.work.idempotency_key {
            if let Some(key) = &row.task.work.idempotency_key {
                hub.keys.remove(key);
            }
            if let Some(key) = &task.work.idempotency_key {
                hub.keys.insert(key.clone(), task.view.id);
            }
        }
        if let Some(group) = row.task.view.group_id {
            self.groups.remove(&(group, place));
        }
        self.groups
            .extend(task.view.group_id.map(|group| (group, place)));
        row.ended_at = ended_at(row.ended_at.unwrap_or(now), &task.view);
        row.task = task;
        hub.file(place, row, true);
        self.note_change(now, place);
    }

    pub(super) fn note_change(&mut self, now: UnixMs, place: Place) {
        let Some(row) = self.tasks.get_mut(&place) else {
            return;
        };
        let Some(url) = &row.task.work.notify_url else {
            return;
        };
        let revision = row.task.view.revision;
        let hub = self.hubs.entry(row.task.hub.clone()).or_default();
        hub.file_posting(place, row.posting.as_ref(), false);
        match &mut row.posting {
            Some(posting) => posting.change(now, url, revision),
            None => row.posting = Some(Posting::new(now, url, revision)),
        }
        hub.file_posting(place, row.posting.as_ref(), true);
    }

    pub(super) fn announce(&mut self, place: Place) {
        let cursor = self.next();
        self.feed.insert(cursor, place);
        if let Some(row) = self.tasks.get_mut(&place) {
            row.events.push(cursor);
        }
    }

    pub(super) fn tell_owner(&mut self, place: Place) {
        let at = self.next();
        if let Some(row) = self.tasks.get_mut(&place) {
            let hub = self.hubs.entry(row.task.hub.clone()).or_default();
            hub.inbox.remove(&row.inbox);
            hub.inbox.insert(at, place);
            row.inbox = at;
        }
    }

    pub(super) fn remove(&mut self, place: Place) {
        let Some(row) = self.tasks.remove(&place) else {
            return;
        };
        self.places.remove(&row.task.view.id);
        if let Some(group) = row.task.view.group_id {
            self.groups.remove(&(group, place));
        }
        for cursor in &row.events {
            self.feed.remove(cursor);
        }
        let hub = self.hubs.entry(row.task.hub.clone()).or_default();
        hub.file(place, &row, false);
        hub.file_posting(place, row.posting.as_ref(), false);
        hub.inbox.remove(&row.inbox);
        if let Some(key) = &row.task.work.idempotency_key {
            hub.keys.remove(key);
        }
    }

    /// Writes one task of an owner; gives the stored one back when that was changed meanwhile.
    pub(super) fn write_task(&mut self, now: UnixMs, hub: &HubId, task: &Task) -> Option<Task> {
        let place = *self.places.get(&task.view.id)?;
        let stored = self
            .tasks
            .get(&place)
            .filter(|row| row.task.hub == *hub && task.hub == *hub)?;
        if task.view.revision != stored.task.view.revision + 1 {
            return Some(stored.task.clone());
        }
        let mut task = task.clone();
        task.work.cancel_requested |= stored.task.work.cancel_requested;
        self.replace(now, place, task);
        self.announce(place);
        None
    }

    pub(super) fn cloned(&self, places: impl Iterator<Item = Place>) -> Vec<Task> {
        places
            .filter_map(|place| self.tasks.get(&place))
            .map(|row| row.task.clone())
            .collect()
    }
}
