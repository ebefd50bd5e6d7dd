//! A store in memory: the reference for what every method means, and the store of tests and of the simulation.
//!
//! Nothing is durable and nothing leaves the process.

mod tables;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
};

use mj_discord::UnixMs;
use parking_lot::Mutex;

use crate::{
    account::AccountHealth,
    config::{HubConfig, HubId},
    notice::{Notice, NoticeCounts, NoticeOutcome, Notices, origin},
    store::{
        CLOSED_LIMIT, CLOSED_RECENT, Cancelled, Commit, Committed, Counts, FeedEvent, Grade,
        HubState, HubSummary, IdentifyPermit, Inbox, Lease, PAGE_LIMIT, Page, Reconfigure,
        StoreError, StoredSession, TaskFilter, TaskStore, USED_AT_GRAIN, Write, is_family_key,
    },
    task::{Status, Task, TaskId, TaskView},
};

use self::tables::{Place, Tables};

/// A store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    tables: Mutex<Tables>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

impl TaskFilter {
    /// Whether a task of `hub` is one of them.
    pub fn matches(&self, hub: &HubId, view: &TaskView) -> bool {
        self.hub.as_ref().is_none_or(|wanted| wanted == hub)
            && (self.status.is_empty() || self.status.contains(&view.status))
            && self
                .parent_id
                .is_none_or(|parent| view.parent_id == Some(parent))
            && self
                .group_id
                .is_none_or(|group| view.group_id == Some(group))
            && self
                .account
                .as_ref()
                .is_none_or(|account| view.account.as_ref() == Some(account))
            && self
                .state
                .as_ref()
                .is_none_or(|state| view.state.as_ref() == Some(state))
    }
}

impl TaskStore for MemoryStore {
    fn reconfigure(
        &self,
        now: UnixMs,
        hub: &HubId,
        change: &Reconfigure<'_>,
    ) -> Result<bool, StoreError> {
        let mut tables = self.tables.lock();
        let hub = tables.hub(hub);
        let config = change(hub.config.as_ref().map(|(_, stored)| stored));
        if !hub.known || now.since(hub.used_at) >= USED_AT_GRAIN {
            hub.used_at = now;
        }
        hub.known = true;
        let revision = match &hub.config {
            Some((_, stored)) if *stored == config => return Ok(false),
            Some((revision, _)) => revision + 1,
            None => 1,
        };
        hub.config = Some((revision, config));
        hub.used_at = hub.used_at.max(now);
        Ok(true)
    }

    fn config(&self, hub: &HubId) -> Result<Option<(u64, HubConfig)>, StoreError> {
        Ok(self
            .tables
            .lock()
            .hubs
            .get(hub)
            .and_then(|hub| hub.config.clone()))
    }

    fn hubs(&self) -> Result<Vec<HubSummary>, StoreError> {
        let tables = self.tables.lock();
        let known = tables.hubs.iter().filter(|(_, hub)| hub.known);
        Ok(known
            .map(|(id, hub)| HubSummary {
                is_readable: true,
                id: id.clone(),
                config_revision: hub.config.as_ref().map_or(0, |(revision, _)| *revision),
                open_tasks: hub.open.len() as u64,
                used_at: hub.used_at,
                has_notices: !hub.notices.is_empty(),
            })
            .collect())
    }

    fn submit(
        &self,
        now: UnixMs,
        tasks: &[Task],
        queue_size: u32,
    ) -> Result<Vec<TaskId>, StoreError> {
        let mut tables = self.tables.lock();
        let Some(hub_id) = tasks.first().map(|task| task.hub.clone()) else {
            return Ok(Vec::new());
        };
        if tasks.iter().any(|task| task.hub != hub_id) {
            return Err(StoreError::Io("tasks of two hubs in one submission".into()));
        }
        let hub = tables.hubs.get(&hub_id);
        let mut keys: BTreeMap<&str, TaskId> = BTreeMap::new();
        let mut ids = Vec::with_capacity(tasks.len());
        let mut added: Vec<&Task> = Vec::new();
        for task in tasks {
            let id = task.view.id;
            let key = task.work.idempotency_key.as_deref();
            let taken = key.and_then(|key| {
                let of_family = || {
                    let mut hubs = tables.hubs.values().filter(|_| is_family_key(key));
                    hubs.find_map(|hub| hub.keys.get(key))
                };
                keys.get(key)
                    .or_else(|| hub.and_then(|hub| hub.keys.get(key)))
                    .or_else(of_family)
                    .copied()
            });
            let earlier = taken.or_else(|| {
                let stored =
                    tables.places.contains_key(&id) || added.iter().any(|task| task.view.id == id);
                stored.then_some(id)
            });
            if earlier.is_none() {
                added.push(task);
                if let Some(key) = key {
                    keys.insert(key, id);
                }
            }
            ids.push(earlier.unwrap_or(id));
        }
        let new = added
            .iter()
            .filter(|task| task.view.status == Status::NotStart)
            .count() as u64;
        let waiting = hub.map_or(0, |hub| hub.counts.by_status[Status::NotStart as usize]);
        if new > 0 && waiting + new > u64::from(queue_size) {
            let waiting = u32::try_from(waiting).unwrap_or(u32::MAX);
            return Err(StoreError::QueueFull {
                waiting,
                limit: queue_size,
            });
        }
        let hub = tables.hub(&hub_id);
        hub.known = true;
        hub.used_at = hub.used_at.max(now);
        for task in added {
            tables.insert(now, task.clone());
        }
        Ok(ids)
    }

    fn cancel(&self, now: UnixMs, id: &TaskId) -> Result<Cancelled, StoreError> {
        let mut tables = self.tables.lock();
        let Some(place) = tables.places.get(id).copied() else {
            return Ok(Cancelled::Unknown);
        };
        let Some(mut task) = tables.tasks.get(&place).map(|row| row.task.clone()) else {
            return Ok(Cancelled::Unknown);
        };
        let asked_before = task.work.cancel_requested;
        let cancelled = Cancelled::apply(now, &mut task);
        match cancelled {
            Cancelled::Done => {
                tables.replace(now, place, task);
                tables.announce(place);
                tables.tell_owner(place);
            }
            Cancelled::Requested if !asked_before => {
                tables.replace(now, place, task);
                tables.tell_owner(place);
            }
            Cancelled::Requested | Cancelled::AlreadyTerminal(_) | Cancelled::Unknown => {}
        }
        Ok(cancelled)
    }

    fn task(&self, id: &TaskId) -> Result<Option<TaskView>, StoreError> {
        Ok(self.tables.lock().row(id).map(|row| row.task.view.clone()))
    }

    fn whole_task(&self, id: &TaskId) -> Result<Option<Task>, StoreError> {
        Ok(self.tables.lock().row(id).map(|row| row.task.clone()))
    }

    fn tasks(&self, ids: &[TaskId]) -> Result<Vec<Option<TaskView>>, StoreError> {
        let tables = self.tables.lock();
        Ok(ids
            .iter()
            .map(|id| tables.row(id).map(|row| row.task.view.clone()))
            .collect())
    }

    fn group(&self, id: &TaskId) -> Result<Vec<TaskView>, StoreError> {
        let tables = self.tables.lock();
        let members = tables.groups.range((*id, 0)..=(*id, Place::MAX));
        Ok(members
            .filter_map(|(_, place)| tables.tasks.get(place))
            .map(|row| row.task.view.clone())
            .collect())
    }

    fn queue_position(&self, id: &TaskId) -> Result<Option<u32>, StoreError> {
        let tables = self.tables.lock();
        let Some(place) = tables.places.get(id) else {
            return Ok(None);
        };
        let Some(row) = tables
            .tasks
            .get(place)
            .filter(|row| row.task.view.status == Status::NotStart)
        else {
            return Ok(None);
        };
        let mine = (Reverse(row.task.work.priority), *place);
        let before = tables
            .hubs
            .get(&row.task.hub)
            .map_or(0, |hub| hub.waiting.range(..mine).count());
        Ok(Some(u32::try_from(before).unwrap_or(u32::MAX)))
    }

    fn list(
        &self,
        filter: &TaskFilter,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page, StoreError> {
        let before: Place = match cursor {
            Some(cursor) => cursor.parse().map_err(|_| StoreError::InvalidCursor)?,
            None => Place::MAX,
        };
        let limit = limit.clamp(1, PAGE_LIMIT) as usize;
        let tables = self.tables.lock();
        let mut found = tables
            .tasks
            .range(..before)
            .rev()
            .filter(|(_, row)| filter.matches(&row.task.hub, &row.task.view))
            .map(|(place, row)| (*place, &row.task.view));
        let page: Vec<_> = found.by_ref().take(limit).collect();
        let next = found
            .next()
            .and_then(|_| page.last())
            .map(|(place, _)| place.to_string());
        Ok(Page {
            tasks: page.into_iter().map(|(_, view)| view.clone()).collect(),
            next,
        })
    }

    fn counts(&self, hub: &HubId) -> Result<Counts, StoreError> {
        Ok(self
            .tables
            .lock()
            .hubs
            .get(hub)
            .map(|hub| hub.counts)
            .unwrap_or_default())
    }

    fn status(&self, hub: &HubId) -> Result<Option<(UnixMs, String)>, StoreError> {
        Ok(self
            .tables
            .lock()
            .hubs
            .get(hub)
            .and_then(|hub| hub.status.clone()))
    }

    fn accounts(&self, hub: &HubId) -> Result<Vec<AccountHealth>, StoreError> {
        let tables = self.tables.lock();
        Ok(tables
            .hubs
            .get(hub)
            .map(|hub| hub.accounts.values().cloned().collect())
            .unwrap_or_default())
    }

    fn events(&self, consumer: &str, limit: u32) -> Result<Vec<FeedEvent>, StoreError> {
        let tables = self.tables.lock();
        let after = tables.consumers.get(consumer).copied().unwrap_or(0);
        let events = tables
            .feed
            .range((Bound::Excluded(after), Bound::Unbounded));
        Ok(events
            .take(limit.clamp(1, PAGE_LIMIT) as usize)
            .filter_map(|(cursor, place)| {
                let row = tables.tasks.get(place)?;
                Some(FeedEvent {
                    cursor: *cursor,
                    task: row.task.view.clone(),
                })
            })
            .collect())
    }

    fn ack(&self, consumer: &str, cursor: u64) -> Result<(), StoreError> {
        let mut tables = self.tables.lock();
        let cursor = cursor.min(tables.sequence);
        let stored = tables.consumers.entry(consumer.to_owned()).or_default();
        *stored = cursor.max(*stored);
        Ok(())
    }

    fn notices(
        &self,
        now: UnixMs,
        hub: &HubId,
        epoch: u64,
        busy: &[String],
        limit: u32,
    ) -> Result<Notices, StoreError> {
        let mut tables = self.tables.lock();
        tables.owned_hub(hub, epoch)?;
        let tables = &*tables;
        let all = tables.hubs.get(hub).map(|hub| &hub.notices);
        let all = all.into_iter().flatten();
        let due = all.clone().take_while(|(due, _)| *due <= now);
        let due = due.filter_map(|(_, place)| {
            let row = tables.tasks.get(place)?;
            let posting = row.posting.as_ref()?;
            let is_busy = busy.iter().any(|busy| *busy == origin(&posting.url));
            (!is_busy).then(|| Notice {
                task: row.task.view.id,
                url: posting.url.clone(),
                tries: posting.tries,
            })
        });
        Ok(Notices {
            due: due.take(limit.clamp(1, PAGE_LIMIT) as usize).collect(),
            next: all.map(|(due, _)| *due).find(|due| *due > now),
        })
    }

    fn noticed(
        &self,
        now: UnixMs,
        hub: &HubId,
        epoch: u64,
        id: &TaskId,
        revision: u64,
        outcome: NoticeOutcome,
    ) -> Result<(), StoreError> {
        let mut tables = self.tables.lock();
        tables.owned_hub(hub, epoch)?;
        let Some(place) = tables.places.get(id).copied() else {
            return Ok(());
        };
        let Tables { tasks, hubs, .. } = &mut *tables;
        let row = tasks.get_mut(&place).filter(|row| row.task.hub == *hub);
        if let (Some(row), Some(hub)) = (row, hubs.get_mut(hub)) {
            hub.file_posting(place, row.posting.as_ref(), false);
            if let Some(posting) = &mut row.posting {
                posting.settle(now, revision, outcome);
            }
            hub.file_posting(place, row.posting.as_ref(), true);
        }
        Ok(())
    }

    fn notice_counts(&self, hub: &HubId) -> Result<NoticeCounts, StoreError> {
        let tables = self.tables.lock();
        Ok(tables
            .hubs
            .get(hub)
            .map(|hub| NoticeCounts {
                pending: hub.notices.len() as u64,
                failed: hub.given_up.len() as u64,
            })
            .unwrap_or_default())
    }

    fn lease(&self, hub: &HubId) -> Result<Option<Lease>, StoreError> {
        Ok(self
            .tables
            .lock()
            .hubs
            .get(hub)
            .and_then(|hub| hub.lease.clone()))
    }

    fn take_lease(&self, hub: &HubId, claim: &Lease) -> Result<bool, StoreError> {
        let mut tables = self.tables.lock();
        let hub = tables.hub(hub);
        let stored = hub.lease.as_ref().map_or(0, |lease| lease.epoch);
        let taken = claim.epoch.checked_sub(1) == Some(stored);
        if taken {
            hub.lease = Some(claim.clone());
        }
        Ok(taken)
    }

    fn renew_lease(
        &self,
        hub: &HubId,
        epoch: u64,
        grade: Grade,
        until: UnixMs,
    ) -> Result<bool, StoreError> {
        let mut tables = self.tables.lock();
        let hub = tables.owned_hub(hub, epoch)?;
        Ok(hub.lease.as_mut().is_some_and(|lease| {
            lease.until = until;
            lease.grade = grade;
            lease.yield_requested &= grade == Grade::Transient;
            lease.yield_requested
        }))
    }

    fn release_lease(&self, hub: &HubId, epoch: u64) -> Result<(), StoreError> {
        let mut tables = self.tables.lock();
        let lease = tables.hubs.get_mut(hub).and_then(|hub| hub.lease.as_mut());
        if let Some(lease) = lease.filter(|lease| lease.epoch == epoch) {
            lease.until = UnixMs(0);
        }
        Ok(())
    }

    fn request_yield(&self, hub: &HubId) -> Result<(), StoreError> {
        let mut tables = self.tables.lock();
        let lease = tables.hubs.get_mut(hub).and_then(|hub| hub.lease.as_mut());
        if let Some(lease) = lease.filter(|lease| lease.grade == Grade::Transient) {
            lease.yield_requested = true;
        }
        Ok(())
    }

    fn permit_identify(&self, now: UnixMs, token_hash: &str) -> Result<IdentifyPermit, StoreError> {
        Ok(self
            .tables
            .lock()
            .identifies
            .entry(token_hash.to_owned())
            .or_default()
            .take(now))
    }

    fn load(&self, now: UnixMs, hub: &HubId, epoch: u64) -> Result<HubState, StoreError> {
        let mut tables = self.tables.lock();
        tables.owned_hub(hub, epoch)?;
        let tables = &*tables;
        let Some(found) = tables.hubs.get(hub) else {
            return Ok(HubState::default());
        };
        let held = found
            .held
            .range((Bound::Excluded((now, Place::MAX)), Bound::Unbounded))
            .rev();
        let held: Vec<Place> = held.take(CLOSED_LIMIT).map(|(_, place)| *place).collect();
        let mut closed: BTreeSet<(UnixMs, Place)> = held
            .iter()
            .filter_map(|place| Some((tables.tasks.get(place)?.ended_at?, *place)))
            .collect();
        let recent = found.closed.range((
            Bound::Excluded((now.minus(CLOSED_RECENT), Place::MAX)),
            Bound::Unbounded,
        ));
        for item in recent.rev() {
            if closed.len() >= CLOSED_LIMIT {
                break;
            }
            closed.insert(*item);
        }
        Ok(HubState {
            open: tables.cloned(found.open.iter().copied()),
            closed: tables.cloned(closed.iter().rev().map(|(_, place)| *place)),
            sessions: found.sessions.values().cloned().collect(),
            command_index: found.command_index.clone(),
            accounts: found.accounts.values().cloned().collect(),
            inbox: tables.sequence,
        })
    }

    fn inbox(&self, hub: &HubId, epoch: u64, after: u64) -> Result<Inbox, StoreError> {
        let mut tables = self.tables.lock();
        tables.owned_hub(hub, epoch)?;
        let tables = &*tables;
        let Some(found) = tables.hubs.get(hub) else {
            return Ok(Inbox {
                tasks: Vec::new(),
                next: after,
            });
        };
        let new = found
            .inbox
            .range((Bound::Excluded(after), Bound::Unbounded));
        Ok(Inbox {
            next: found
                .inbox
                .last_key_value()
                .map_or(after, |(at, _)| after.max(*at)),
            tasks: tables.cloned(new.map(|(_, place)| *place)),
        })
    }

    fn commit(
        &self,
        now: UnixMs,
        hub: &HubId,
        epoch: u64,
        commit: &Commit,
    ) -> Result<Committed, StoreError> {
        let mut tables = self.tables.lock();
        tables.owned_hub(hub, epoch)?;
        let mut committed = Committed::default();
        for write in &commit.writes {
            let found = tables.hub(hub);
            match write {
                Write::Task(task) => {
                    let superseded = tables.write_task(now, hub, task);
                    committed.superseded.retain(|seen| {
                        superseded
                            .as_ref()
                            .is_none_or(|task| task.view.id != seen.view.id)
                    });
                    committed.superseded.extend(superseded);
                }
                Write::Session {
                    gateway,
                    session: Some(session),
                } => {
                    let stored = StoredSession {
                        gateway: *gateway,
                        session: session.clone(),
                        seen_at: now,
                    };
                    found.sessions.insert(*gateway, stored);
                }
                Write::Session {
                    gateway,
                    session: None,
                } => {
                    found.sessions.remove(gateway);
                }
                Write::CommandIndex(index) => found.command_index = Some(index.clone()),
                Write::Account(health) => {
                    found.accounts.insert(health.name.clone(), health.clone());
                }
                Write::Status(status) => found.status = Some((now, status.clone())),
            }
        }
        Ok(committed)
    }

    fn prune(
        &self,
        hub: &HubId,
        epoch: u64,
        before: UnixMs,
        limit: u32,
    ) -> Result<u32, StoreError> {
        let mut tables = self.tables.lock();
        let hub = tables.owned_hub(hub, epoch)?;
        let old: Vec<Place> = hub
            .closed
            .range(..(before, 0))
            .take(limit as usize)
            .map(|(_, place)| *place)
            .collect();
        for place in &old {
            tables.remove(*place);
        }
        let oldest = tables.feed.keys().next().copied();
        let is_of_use = |cursor: u64| oldest.is_some_and(|oldest| cursor >= oldest);
        tables.consumers.retain(|_, cursor| is_of_use(*cursor));
        Ok(u32::try_from(old.len()).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::MemoryStore;

    crate::conformance!(Box::new(MemoryStore::new()));
}
