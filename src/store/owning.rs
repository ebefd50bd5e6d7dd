//! What an owner starts from, learns and writes; each under its epoch.

use std::collections::BTreeSet;

use mj_discord::UnixMs;
use mj_midjourney::{
    config::{GatewayKind, HubId},
    store::{
        CLOSED_LIMIT, CLOSED_RECENT, Commit, Committed, HubState, Inbox, StoredSession, Write,
    },
    task::Task,
};
use rusqlite::{OptionalExtension as _, params};

use crate::{
    connection::Open,
    encoding::{read_json, write_json},
    failure::Result,
    reading,
    row::{
        TASK_COLUMNS, all, announce, int, last_number, one, owned_hub, status_of, stored_task,
        uint, update_task,
    },
    seal::Place,
    sealing::writing,
    writer::Effects,
};

/// What an owner starts from.
pub(crate) fn load(open: &Open, now: UnixMs, hub: &HubId, epoch: u64) -> Result<HubState> {
    let key = owned_hub(open, hub, epoch)?;
    let command_index: Option<String> = open
        .connection
        .prepare_cached("SELECT command_index FROM hub WHERE key = ?1")?
        .query_row([key], |row| row.get(0))?;
    let mut open_tasks = open.connection.prepare_cached(&format!(
        "SELECT {TASK_COLUMNS} FROM task t JOIN hub h ON h.key = t.hub
         WHERE t.hub = ?1 AND t.status IN (0, 1, 2, 3) ORDER BY t.place"
    ))?;
    Ok(HubState {
        open: all(&mut open_tasks, [key], |row| {
            Ok(stored_task(open, row)?.task)
        })?,
        closed: closed(open, now, key)?,
        sessions: sessions(open, hub, key)?,
        command_index: command_index
            .map(|index| read_json("a command index", &index))
            .transpose()?,
        accounts: reading::accounts(open, hub)?,
        inbox: uint(last_number(open)?),
    })
}

fn closed(open: &Open, now: UnixMs, hub: i64) -> Result<Vec<Task>> {
    let limit = i64::try_from(CLOSED_LIMIT).unwrap_or(i64::MAX);
    let mut held = open.connection.prepare_cached(
        "SELECT ended_at, place FROM task WHERE hub = ?1 AND key_held_until > ?2 AND ended_at IS NOT NULL
         ORDER BY key_held_until DESC, place DESC LIMIT ?3",
    )?;
    let pair = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
    let mut chosen: BTreeSet<(i64, i64)> = all(&mut held, [hub, int(now.0), limit], pair)?
        .into_iter()
        .collect();
    let mut recent = open.connection.prepare_cached(
        "SELECT ended_at, place FROM task WHERE hub = ?1 AND ended_at > ?2 ORDER BY ended_at DESC, place DESC LIMIT ?3",
    )?;
    for place in all(
        &mut recent,
        [hub, int(now.minus(CLOSED_RECENT).0), limit],
        pair,
    )? {
        if chosen.len() >= CLOSED_LIMIT {
            break;
        }
        chosen.insert(place);
    }
    let mut find = open.connection.prepare_cached(&format!(
        "SELECT {TASK_COLUMNS} FROM task t JOIN hub h ON h.key = t.hub WHERE t.place = ?1"
    ))?;
    let mut closed = Vec::with_capacity(chosen.len());
    for (_, place) in chosen.into_iter().rev() {
        closed.extend(
            one(&mut find, [place], |row| stored_task(open, row))?.map(|stored| stored.task),
        );
    }
    Ok(closed)
}

fn sessions(open: &Open, id: &HubId, hub: i64) -> Result<Vec<StoredSession>> {
    let mut find = open.connection.prepare_cached(
        "SELECT gateway, session, seen_at FROM session WHERE hub = ?1 ORDER BY gateway",
    )?;
    all(&mut find, [hub], |row| {
        let number = row.get(0)?;
        let column = row.get_ref(1)?.as_str().unwrap_or_default();
        let session = open.keys().open_text(id, Place::Session(number), column)?;
        Ok(StoredSession {
            gateway: if number == gateway_number(GatewayKind::Bot) {
                GatewayKind::Bot
            } else {
                GatewayKind::User
            },
            session: read_json("a session", session.text().unwrap_or_default())?,
            seen_at: UnixMs(uint(row.get(2)?)),
        })
    })
}

fn gateway_number(gateway: GatewayKind) -> i64 {
    match gateway {
        GatewayKind::Bot => 0,
        GatewayKind::User => 1,
    }
}

/// What PHP wrote since.
pub(crate) fn inbox(open: &Open, hub: &HubId, epoch: u64, after: u64) -> Result<Inbox> {
    let key = owned_hub(open, hub, epoch)?;
    let mut find = open.connection.prepare_cached(&format!(
        "SELECT {TASK_COLUMNS}, t.inbox FROM task t JOIN hub h ON h.key = t.hub
         WHERE t.hub = ?1 AND t.inbox > ?2 ORDER BY t.inbox"
    ))?;
    let mut inbox = Inbox {
        tasks: Vec::new(),
        next: after,
    };
    for (task, at) in all(&mut find, [key, int(after)], |row| {
        Ok((stored_task(open, row)?.task, uint(row.get(6)?)))
    })? {
        inbox.next = inbox.next.max(at);
        inbox.tasks.push(task);
    }
    Ok(inbox)
}

/// Makes an owner's writes true.
pub(crate) fn commit(
    open: &Open,
    effects: &mut Effects,
    now: UnixMs,
    hub: &HubId,
    epoch: u64,
    commit: &Commit,
) -> Result<Committed> {
    let key = owned_hub(open, hub, epoch)?;
    effects.durable = commit.durable;
    let connection = &open.connection;
    let mut superseded: BTreeSet<i64> = BTreeSet::new();
    for write in &commit.writes {
        match write {
            Write::Task(task) => {
                if let Some(place) = write_task(open, effects, now, hub, key, task)? {
                    superseded.insert(place);
                }
            }
            Write::Session {
                gateway,
                session: Some(session),
            } => {
                let number = gateway_number(*gateway);
                let column = writing(open, key)?.text(
                    hub,
                    Place::Session(number),
                    write_json("a session", session)?,
                )?;
                connection
                    .prepare_cached("INSERT OR REPLACE INTO session (hub, gateway, session, seen_at) VALUES (?1, ?2, ?3, ?4)")?
                    .execute(params![key, number, column, int(now.0)])?;
            }
            Write::Session {
                gateway,
                session: None,
            } => {
                connection
                    .prepare_cached("DELETE FROM session WHERE hub = ?1 AND gateway = ?2")?
                    .execute([key, gateway_number(*gateway)])?;
            }
            Write::CommandIndex(index) => {
                connection
                    .prepare_cached("UPDATE hub SET command_index = ?2 WHERE key = ?1")?
                    .execute(params![key, write_json("a command index", index)?])?;
            }
            Write::Account(health) => {
                connection
                    .prepare_cached(
                        "INSERT OR REPLACE INTO account (hub, name, health) VALUES (?1, ?2, ?3)",
                    )?
                    .execute(params![key, health.name, write_json("an account", health)?])?;
            }
            Write::Status(status) => {
                connection
                    .prepare_cached("UPDATE hub SET status = ?2, status_at = ?3 WHERE key = ?1")?
                    .execute(params![key, status, int(now.0)])?;
            }
        }
    }
    let mut find = connection.prepare_cached(&format!(
        "SELECT {TASK_COLUMNS} FROM task t JOIN hub h ON h.key = t.hub WHERE t.place = ?1"
    ))?;
    let mut committed = Committed::default();
    for place in superseded {
        committed.superseded.extend(
            one(&mut find, [place], |row| stored_task(open, row))?.map(|stored| stored.task),
        );
    }
    Ok(committed)
}

/// Writes one task; gives its place when somebody had changed it meanwhile.
fn write_task(
    open: &Open,
    effects: &mut Effects,
    now: UnixMs,
    hub: &HubId,
    key: i64,
    task: &Task,
) -> Result<Option<i64>> {
    if task.hub != *hub {
        return Ok(None);
    }
    let mut find = open.connection.prepare_cached(
        "SELECT place, revision, status, ended_at, cancel_requested FROM task WHERE id = ?1 AND hub = ?2",
    )?;
    let stored: Option<(i64, i64, i64, Option<i64>, bool)> = find
        .query_row(params![task.view.id.as_str(), key], |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
            ))
        })
        .optional()?;
    let Some((place, revision, status, ended_at, cancel_requested)) = stored else {
        return Ok(None);
    };
    if task.view.revision != uint(revision) + 1 {
        return Ok(Some(place));
    }
    let before = status_of(status)?;
    if cancel_requested && !task.work.cancel_requested {
        let mut task = task.clone();
        task.work.cancel_requested = true;
        update_task(open, now, key, place, before, ended_at, &task)?;
    } else {
        update_task(open, now, key, place, before, ended_at, task)?;
    }
    announce(open, place)?;
    effects.changed(task.view.id);
    Ok(None)
}
