//! The feed of changes and its consumers, and the removal of what is old.

use mj_discord::UnixMs;
use mj_midjourney::{
    config::HubId,
    store::{FeedEvent, PAGE_LIMIT},
    task::TaskId,
};
use rusqlite::{OptionalExtension as _, params};

use crate::{
    connection::Open,
    encoding::{read_view, unreadable},
    failure::{Failure, Result},
    notices,
    row::{all, blob, int, last_number, owned_hub, status_of, tally, uint},
    writer::Effects,
};

/// What a consumer has not acknowledged.
pub(crate) fn events(open: &Open, consumer: &str, limit: u32) -> Result<Vec<FeedEvent>> {
    let mut find = open.connection.prepare_cached(
        "SELECT f.cursor, t.view FROM feed f JOIN task t ON t.place = f.place
         WHERE f.cursor > coalesce((SELECT cursor FROM consumer WHERE name = ?1), 0)
         ORDER BY f.cursor LIMIT ?2",
    )?;
    all(
        &mut find,
        params![consumer, limit.clamp(1, PAGE_LIMIT)],
        |row| {
            Ok(FeedEvent {
                cursor: uint(row.get(0)?),
                task: read_view(blob(row, 1)?)?,
            })
        },
    )
}

/// Acknowledges all up to `cursor`.
pub(crate) fn ack(open: &Open, effects: &mut Effects, consumer: &str, cursor: u64) -> Result<()> {
    effects.durable = true;
    let cursor = int(cursor).min(last_number(open)?);
    open.connection
        .prepare_cached(
            "INSERT INTO consumer (name, cursor) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET cursor = max(cursor, excluded.cursor)",
        )?
        .execute(params![consumer, cursor])?;
    Ok(())
}

/// Removes old tasks with their events.
pub(crate) fn prune(
    open: &Open,
    effects: &mut Effects,
    hub: &HubId,
    epoch: u64,
    before: UnixMs,
    limit: u32,
) -> Result<u32> {
    let hub = owned_hub(open, hub, epoch)?;
    let mut find = open.connection.prepare_cached(
        "SELECT place FROM task WHERE hub = ?1 AND ended_at < ?2 ORDER BY ended_at, place LIMIT ?3",
    )?;
    let places: Vec<i64> = all(&mut find, params![hub, int(before.0), limit], |row| {
        Ok(row.get(0)?)
    })?;
    for place in &places {
        let mut remove = open
            .connection
            .prepare_cached("DELETE FROM task WHERE place = ?1 RETURNING id, status")?;
        let removed: Option<(String, i64)> = remove
            .query_row([place], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        open.connection
            .prepare_cached("DELETE FROM feed WHERE place = ?1")?
            .execute([place])?;
        notices::forget(open, *place)?;
        if let Some((id, status)) = removed {
            let id: TaskId = id
                .parse()
                .map_err(|_| Failure::Store(unreadable("a task's id")))?;
            effects.tasks.push(id);
            tally(open, hub, status_of(status)?, -1)?;
        }
    }
    // What it saw is removed, so that a new consumer of its name begins at the same event.
    open.connection
        .prepare_cached(
            "DELETE FROM consumer WHERE cursor < coalesce((SELECT min(cursor) FROM feed), 9223372036854775807)",
        )?
        .execute([])?;
    Ok(u32::try_from(places.len()).unwrap_or(u32::MAX))
}
