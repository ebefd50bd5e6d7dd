//! What PHP writes: tasks and cancellations.

use std::collections::{BTreeMap, BTreeSet};

use mj_discord::UnixMs;
use mj_midjourney::{
    store::{Cancelled, StoreError, is_family_key},
    task::{Status, Task, TaskId},
};
use rusqlite::{OptionalExtension as _, params};

use crate::{
    connection::Open,
    encoding::unreadable,
    failure::{Failure, Result},
    row::{
        TASK_COLUMNS, announce, hub_or_new, insert_task, int, one, stored_task, tallied,
        tell_owner, update_task,
    },
    writer::Effects,
};

/// Adds tasks of one hub, all or none.
pub(crate) fn submit(
    open: &Open,
    effects: &mut Effects,
    now: UnixMs,
    tasks: &[Task],
    queue_size: u32,
) -> Result<Vec<TaskId>> {
    let Some(first) = tasks.first() else {
        return Ok(Vec::new());
    };
    if tasks.iter().any(|task| task.hub != first.hub) {
        return Err(StoreError::Io("tasks of two hubs in one submission".into()).into());
    }
    // An earlier task may be on its way to the disk still: then this call waits for it too.
    effects.durable = true;
    let hub = hub_or_new(open, &first.hub)?;
    let mut keys: BTreeMap<&str, TaskId> = BTreeMap::new();
    let mut ids = Vec::with_capacity(tasks.len());
    let mut seen = BTreeSet::new();
    let mut added = Vec::new();
    for task in tasks {
        let id = task.view.id;
        let key = task.work.idempotency_key.as_deref();
        let mut earlier = key.and_then(|key| keys.get(key).copied());
        if earlier.is_none()
            && let Some(key) = key
        {
            earlier = keyed(open, hub, key)?;
        }
        if earlier.is_none() && (seen.contains(&id) || is_stored(open, id)?) {
            earlier = Some(id);
        }
        if earlier.is_none() {
            seen.insert(id);
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
    let waiting = tallied(open, hub, Status::NotStart)?;
    if new > 0 && waiting + new > u64::from(queue_size) {
        let waiting = u32::try_from(waiting).unwrap_or(u32::MAX);
        return Err(StoreError::QueueFull {
            waiting,
            limit: queue_size,
        }
        .into());
    }
    open.connection
        .prepare_cached("UPDATE hub SET known = 1, used_at = max(used_at, ?2) WHERE key = ?1")?
        .execute([hub, int(now.0)])?;
    for task in added {
        insert_task(open, effects, now, hub, task)?;
    }
    Ok(ids)
}

fn keyed(open: &Open, hub: i64, key: &str) -> Result<Option<TaskId>> {
    let id: Option<String> = if is_family_key(key) {
        // By the index of each hub.
        let mut find = open.connection.prepare_cached(
            "SELECT id FROM task WHERE hub IN (SELECT key FROM hub) AND idempotency_key = ?1",
        )?;
        find.query_row([key], |row| row.get(0)).optional()?
    } else {
        let mut find = open
            .connection
            .prepare_cached("SELECT id FROM task WHERE hub = ?1 AND idempotency_key = ?2")?;
        find.query_row(params![hub, key], |row| row.get(0))
            .optional()?
    };
    id.map(|id| {
        id.parse()
            .map_err(|_| Failure::Store(unreadable("a task's id")))
    })
    .transpose()
}

fn is_stored(open: &Open, id: TaskId) -> Result<bool> {
    Ok(open
        .connection
        .prepare_cached("SELECT 1 FROM task WHERE id = ?1")?
        .exists([id.as_str()])?)
}

/// Cancels a task, or asks its owner to.
pub(crate) fn cancel(
    open: &Open,
    effects: &mut Effects,
    now: UnixMs,
    id: &TaskId,
) -> Result<Cancelled> {
    let mut find = open.connection.prepare_cached(&format!(
        "SELECT {TASK_COLUMNS} FROM task t JOIN hub h ON h.key = t.hub WHERE t.id = ?1"
    ))?;
    let Some(stored) = one(&mut find, [id.as_str()], |row| stored_task(open, row))? else {
        return Ok(Cancelled::Unknown);
    };
    let mut task = stored.task;
    let (before, asked_before) = (task.view.status, task.work.cancel_requested);
    let cancelled = Cancelled::apply(now, &mut task);
    let changed = match cancelled {
        Cancelled::Done => true,
        Cancelled::Requested => !asked_before,
        Cancelled::AlreadyTerminal(_) | Cancelled::Unknown => false,
    };
    // An earlier request may be on its way to the disk still.
    effects.durable = matches!(cancelled, Cancelled::Done | Cancelled::Requested);
    if changed {
        let hub = hub_or_new(open, &task.hub)?;
        update_task(open, now, hub, stored.place, before, stored.ended_at, &task)?;
        tell_owner(open, stored.place)?;
        effects.ring = true;
    }
    if cancelled == Cancelled::Done {
        announce(open, stored.place)?;
        effects.changed(*id);
    }
    Ok(cancelled)
}
