//! Rows of the task table, and what every change of one must keep: its event, its place in the inbox, the tally.

use mj_discord::UnixMs;
use mj_midjourney::{
    config::HubId,
    store::StoreError,
    task::{Status, Task, TaskId},
};
use rusqlite::{CachedStatement, OptionalExtension as _, Params, Row, params};

use crate::{
    connection::Open,
    encoding::{read_view, read_work, unreadable, write_view, write_work},
    failure::{Failure, Result},
    notices::note_change,
    seal::Place,
    sealing::writing,
    writer::Effects,
};

/// The columns that [`stored_task`] reads, from a task `t` and its hub `h`.
pub(crate) const TASK_COLUMNS: &str =
    "t.place, t.view, t.work, t.cancel_requested, t.ended_at, h.id";

/// A task with what only its row knows.
#[derive(Debug)]
pub(crate) struct StoredTask {
    pub(crate) place: i64,
    pub(crate) ended_at: Option<i64>,
    pub(crate) task: Task,
}

/// Reads [`TASK_COLUMNS`].
pub(crate) fn stored_task(open: &Open, row: &Row<'_>) -> Result<StoredTask> {
    let (place, hub) = (row.get(0)?, HubId(row.get(5)?));
    let column = open
        .keys()
        .open_bytes(&hub, Place::Work(place), blob(row, 2)?)?;
    let mut work = read_work(&column)?;
    work.cancel_requested = row.get(3)?;
    Ok(StoredTask {
        place,
        ended_at: row.get(4)?,
        task: Task {
            hub,
            view: read_view(blob(row, 1)?)?,
            work,
        },
    })
}

/// A column's bytes where they lie.
pub(crate) fn blob<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a [u8]> {
    Ok(row
        .get_ref(column)?
        .as_blob()
        .map_err(|_| unreadable("a task"))?)
}

/// One row, or none.
pub(crate) fn one<T>(
    statement: &mut CachedStatement<'_>,
    params: impl Params,
    read: impl Fn(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    let mut rows = statement.query(params)?;
    rows.next()?.map(read).transpose()
}

/// All rows.
pub(crate) fn all<T>(
    statement: &mut CachedStatement<'_>,
    params: impl Params,
    read: impl Fn(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// A number as SQLite has it. Nothing that is counted or dated comes near 2^63.
pub(crate) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number as it was before [`int`].
pub(crate) fn uint(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// The next number of the sequence.
pub(crate) fn next_number(open: &Open) -> Result<i64> {
    let mut next = open
        .connection
        .prepare_cached("UPDATE sequence SET value = value + 1 RETURNING value")?;
    Ok(next.query_row([], |row| row.get(0))?)
}

/// The number given last.
pub(crate) fn last_number(open: &Open) -> Result<i64> {
    let mut last = open
        .connection
        .prepare_cached("SELECT value FROM sequence")?;
    Ok(last.query_row([], |row| row.get(0))?)
}

/// A hub's number, made if it has none; a new hub is sealed with the caller's key, if there is one. To be called in a transaction that may yet fail: so it is not remembered.
pub(crate) fn hub_or_new(open: &Open, hub: &HubId) -> Result<i64> {
    if let Some(key) = open.hub(hub)? {
        return Ok(key);
    }
    let mut insert = open
        .connection
        .prepare_cached("INSERT INTO hub (id, seal) VALUES (?1, ?2) RETURNING key")?;
    Ok(insert.query_row(params![hub.0, open.keys().wanted()], |row| row.get(0))?)
}

/// Checks that the caller owns the hub, whose number it gives.
pub(crate) fn owned_hub(open: &Open, hub: &HubId, ours: u64) -> Result<i64> {
    let key = open.hub(hub)?;
    let epoch = match key {
        Some(key) => {
            let mut find = open
                .connection
                .prepare_cached("SELECT epoch FROM lease WHERE hub = ?1")?;
            find.query_row([key], |row| row.get(0))
                .optional()?
                .map_or(0, uint)
        }
        None => 0,
    };
    match key {
        Some(key) if epoch == ours && epoch > 0 => {
            open.remember_hub(hub, key);
            Ok(key)
        }
        _ => Err(StoreError::Deposed { epoch, ours }.into()),
    }
}

/// A status as stored.
pub(crate) fn number_of(status: Status) -> i64 {
    status as i64
}

fn ended_at(now: UnixMs, before: Option<i64>, task: &Task) -> Option<i64> {
    let view = &task.view;
    view.status.is_terminal().then(|| {
        view.finished_at
            .map_or(before.unwrap_or(int(now.0)), |at| int(at.0))
    })
}

/// Adds a task, its event and its place in the inbox.
pub(crate) fn insert_task(
    open: &Open,
    effects: &mut Effects,
    now: UnixMs,
    hub: i64,
    task: &Task,
) -> Result<()> {
    let Task {
        hub: id,
        view,
        work,
    } = task;
    let place = next_number(open)?;
    let stored_work = writing(open, hub)?.bytes(id, Place::Work(place), write_work(work)?)?;
    open.connection
        .prepare_cached(
            "INSERT INTO task (place, id, hub, status, revision, view, priority, inbox, cancel_requested, ended_at,
                key_held_until, idempotency_key, parent_id, group_id, account, state, work)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?1, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        )?
        .execute(params![
            place,
            view.id.as_str(),
            hub,
            number_of(view.status),
            int(view.revision),
            write_view(view)?,
            work.priority,
            work.cancel_requested,
            ended_at(now, None, task),
            work.key_held_until.map(|at| int(at.0)),
            work.idempotency_key,
            view.parent_id.as_ref().map(TaskId::as_str),
            view.group_id.as_ref().map(TaskId::as_str),
            view.account,
            view.state,
            stored_work,
        ])?;
    tally(open, hub, view.status, 1)?;
    note_change(open, now, hub, place, task)?;
    announce(open, place)?;
    effects.changed(view.id);
    Ok(())
}

/// Writes a task over its row; `before` is its status there, `ended_before` its end.
pub(crate) fn update_task(
    open: &Open,
    now: UnixMs,
    hub: i64,
    place: i64,
    before: Status,
    ended_before: Option<i64>,
    task: &Task,
) -> Result<()> {
    let Task {
        hub: id,
        view,
        work,
    } = task;
    let stored_work = writing(open, hub)?.bytes(id, Place::Work(place), write_work(work)?)?;
    open.connection
        .prepare_cached(
            "UPDATE task SET status = ?2, revision = ?3, view = ?4, priority = ?5, cancel_requested = ?6,
                ended_at = ?7, key_held_until = ?8, idempotency_key = ?9, parent_id = ?10, group_id = ?11,
                account = ?12, state = ?13, work = ?14
             WHERE place = ?1",
        )?
        .execute(params![
            place,
            number_of(view.status),
            int(view.revision),
            write_view(view)?,
            work.priority,
            work.cancel_requested,
            ended_at(now, ended_before, task),
            work.key_held_until.map(|at| int(at.0)),
            work.idempotency_key,
            view.parent_id.as_ref().map(TaskId::as_str),
            view.group_id.as_ref().map(TaskId::as_str),
            view.account,
            view.state,
            stored_work,
        ])?;
    if before != view.status {
        tally(open, hub, before, -1)?;
        tally(open, hub, view.status, 1)?;
    }
    note_change(open, now, hub, place, task)
}

/// Adds an event for a task.
pub(crate) fn announce(open: &Open, place: i64) -> Result<()> {
    let cursor = next_number(open)?;
    open.connection
        .prepare_cached("INSERT INTO feed (cursor, place) VALUES (?1, ?2)")?
        .execute([cursor, place])?;
    Ok(())
}

/// Puts a task into its owner's inbox.
pub(crate) fn tell_owner(open: &Open, place: i64) -> Result<()> {
    let at = next_number(open)?;
    open.connection
        .prepare_cached("UPDATE task SET inbox = ?2 WHERE place = ?1")?
        .execute([place, at])?;
    Ok(())
}

/// Counts tasks of a status.
pub(crate) fn tally(open: &Open, hub: i64, status: Status, change: i64) -> Result<()> {
    open.connection
        .prepare_cached(
            "INSERT INTO tally (hub, status, tasks) VALUES (?1, ?2, ?3)
             ON CONFLICT (hub, status) DO UPDATE SET tasks = tasks + ?3",
        )?
        .execute([hub, number_of(status), change])?;
    Ok(())
}

/// How many tasks have a status.
pub(crate) fn tallied(open: &Open, hub: i64, status: Status) -> Result<u64> {
    let mut find = open
        .connection
        .prepare_cached("SELECT tasks FROM tally WHERE hub = ?1 AND status = ?2")?;
    let tasks = find
        .query_row([hub, number_of(status)], |row| row.get(0))
        .optional()?;
    Ok(tasks.map_or(0, uint))
}

/// Reads a stored status.
pub(crate) fn status_of(number: i64) -> Result<Status> {
    let status = usize::try_from(number)
        .ok()
        .and_then(|number| Status::ALL.get(number).copied());
    status.ok_or_else(|| Failure::Store(unreadable("a status")))
}
