//! The outbox: what is to be posted to the tasks' own addresses, written with the tasks.

use mj_discord::UnixMs;
use mj_midjourney::{
    config::HubId,
    notice::{Notice, NoticeCounts, NoticeOutcome, Notices, Posting, origin},
    store::PAGE_LIMIT,
    task::{Task, TaskId},
};
use rusqlite::{Row, params, types::ValueRef};

use crate::{
    connection::Open,
    encoding::{unreadable, write_json},
    failure::{Failure, Result},
    row::{all, int, one, owned_hub, uint},
    seal::Place,
    sealing::writing,
};

/// Notes a change of a task that has an address; for any other it costs nothing.
pub(crate) fn note_change(
    open: &Open,
    now: UnixMs,
    hub: i64,
    place: i64,
    task: &Task,
) -> Result<()> {
    let Some(url) = &task.work.notify_url else {
        return Ok(());
    };
    let revision = task.view.revision;
    let posting = match posting(open, &task.hub, place)? {
        Some(mut posting) => {
            posting.change(now, url, revision);
            posting
        }
        None => Posting::new(now, url, revision),
    };
    write(open, &task.hub, hub, place, &posting)
}

/// Forgets a task that is removed.
pub(crate) fn forget(open: &Open, place: i64) -> Result<()> {
    open.connection
        .prepare_cached("DELETE FROM notice WHERE place = ?1")?
        .execute([place])?;
    Ok(())
}

/// What is due, without what goes to busy servers.
pub(crate) fn notices(
    open: &Open,
    now: UnixMs,
    hub: &HubId,
    epoch: u64,
    busy: &[String],
    limit: u32,
) -> Result<Notices> {
    let (id, hub) = (hub, owned_hub(open, hub, epoch)?);
    let mut find = open.connection.prepare_cached(
        "SELECT t.id, n.url, n.tries, n.place FROM notice n JOIN task t ON t.place = n.place
         WHERE n.hub = ?1 AND n.due <= ?2 AND n.origin NOT IN (SELECT value FROM json_each(?3))
         ORDER BY n.due, n.place LIMIT ?4",
    )?;
    let due = all(
        &mut find,
        params![
            hub,
            int(now.0),
            write_json("a list of servers", &busy)?,
            limit.clamp(1, PAGE_LIMIT)
        ],
        |row| {
            Ok(Notice {
                task: row
                    .get_ref(0)?
                    .as_str()
                    .ok()
                    .and_then(|id| id.parse().ok())
                    .ok_or_else(|| Failure::Store(unreadable("a task's id")))?,
                url: url(open, id, row.get(3)?, row.get_ref(1)?)?,
                tries: row.get(2)?,
            })
        },
    )?;
    let mut next = open
        .connection
        .prepare_cached("SELECT min(due) FROM notice WHERE hub = ?1 AND due > ?2")?;
    let next: Option<i64> = next.query_row([hub, int(now.0)], |row| row.get(0))?;
    Ok(Notices {
        due,
        next: next.map(|at| UnixMs(uint(at))),
    })
}

/// Writes what became of a post.
pub(crate) fn noticed(
    open: &Open,
    now: UnixMs,
    hub: &HubId,
    epoch: u64,
    id: &TaskId,
    revision: u64,
    outcome: NoticeOutcome,
) -> Result<()> {
    let key = owned_hub(open, hub, epoch)?;
    let mut find = open
        .connection
        .prepare_cached("SELECT place FROM task WHERE id = ?1 AND hub = ?2")?;
    let place: Option<i64> = one(&mut find, params![id.as_str(), key], |row| Ok(row.get(0)?))?;
    let Some(place) = place else {
        return Ok(());
    };
    if let Some(mut posting) = posting(open, hub, place)? {
        posting.settle(now, revision, outcome);
        write(open, hub, key, place, &posting)?;
    }
    Ok(())
}

/// How many tasks of a hub have something to be posted.
pub(crate) fn counts(open: &Open, hub: &HubId) -> Result<NoticeCounts> {
    let Some(hub) = open.hub(hub)? else {
        return Ok(NoticeCounts::default());
    };
    let mut count = open.connection.prepare_cached(
        "SELECT (SELECT count(*) FROM notice WHERE hub = ?1 AND due IS NOT NULL),
                (SELECT count(*) FROM notice WHERE hub = ?1 AND given_up = 1)",
    )?;
    Ok(count.query_row([hub], |row| {
        Ok(NoticeCounts {
            pending: uint(row.get(0)?),
            failed: uint(row.get(1)?),
        })
    })?)
}

fn posting(open: &Open, hub: &HubId, place: i64) -> Result<Option<Posting>> {
    let mut find = open.connection.prepare_cached(
        "SELECT url, revision, delivered, tries, due, given_up FROM notice WHERE place = ?1",
    )?;
    let read = |row: &Row<'_>| {
        Ok(Posting {
            url: url(open, hub, place, row.get_ref(0)?)?,
            revision: uint(row.get(1)?),
            delivered: uint(row.get(2)?),
            tries: row.get(3)?,
            due: row.get::<_, Option<i64>>(4)?.map(|at| UnixMs(uint(at))),
            given_up: row.get(5)?,
        })
    };
    one(&mut find, [place], read)
}

fn url(open: &Open, hub: &HubId, place: i64, column: ValueRef<'_>) -> Result<String> {
    let what = "a webhook's address";
    let column = column.as_str().map_err(|_| unreadable(what))?;
    let url = open.keys().open_text(hub, Place::Notice(place), column)?;
    Ok(url.text().ok_or_else(|| unreadable(what))?.to_owned())
}

fn write(open: &Open, id: &HubId, hub: i64, place: i64, posting: &Posting) -> Result<()> {
    let url = writing(open, hub)?.text(id, Place::Notice(place), posting.url.clone())?;
    open.connection
        .prepare_cached(
            "INSERT OR REPLACE INTO notice (place, hub, origin, url, revision, delivered, tries, due, given_up)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            place,
            hub,
            origin(&posting.url),
            url,
            int(posting.revision),
            int(posting.delivered),
            posting.tries,
            posting.due.map(|at| int(at.0)),
            posting.given_up,
        ])?;
    Ok(())
}
