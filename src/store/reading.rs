//! What PHP reads: tasks, lists, counts, and what owners show.

use mj_discord::UnixMs;
use mj_midjourney::{
    account::AccountHealth,
    config::{HubConfig, HubId},
    store::{Counts, HubSummary, PAGE_LIMIT, Page, StoreError, TaskFilter},
    task::{Status, Task, TaskId, TaskView},
};
use rusqlite::{OptionalExtension as _, ToSql, params_from_iter};

use crate::{
    connection::Open,
    encoding::{read_json, read_view},
    failure::Result,
    row::{TASK_COLUMNS, all, blob, number_of, one, status_of, stored_task, uint},
    seal::Place,
};

/// One task.
pub(crate) fn task(open: &Open, id: &TaskId) -> Result<Option<TaskView>> {
    let mut find = open
        .connection
        .prepare_cached("SELECT view FROM task WHERE id = ?1")?;
    one(&mut find, [id.as_str()], |row| {
        Ok(read_view(blob(row, 0)?)?)
    })
}

/// One task with all that the engine knows of it.
pub(crate) fn whole_task(open: &Open, id: &TaskId) -> Result<Option<Task>> {
    let mut find = open.connection.prepare_cached(&format!(
        "SELECT {TASK_COLUMNS} FROM task t JOIN hub h ON h.key = t.hub WHERE t.id = ?1"
    ))?;
    Ok(one(&mut find, [id.as_str()], |row| stored_task(open, row))?.map(|stored| stored.task))
}

/// The members of a group.
pub(crate) fn group(open: &Open, id: &TaskId) -> Result<Vec<TaskView>> {
    let mut find = open
        .connection
        .prepare_cached("SELECT view FROM task WHERE group_id = ?1 ORDER BY place")?;
    all(&mut find, [id.as_str()], |row| {
        Ok(read_view(blob(row, 0)?)?)
    })
}

/// How many tasks go before this one.
pub(crate) fn queue_position(open: &Open, id: &TaskId) -> Result<Option<u32>> {
    let mut find = open
        .connection
        .prepare_cached("SELECT hub, status, priority, place FROM task WHERE id = ?1")?;
    let found = one(&mut find, [id.as_str()], |row| {
        Ok((
            row.get::<_, i64>(0)?,
            row.get::<_, i64>(1)?,
            row.get::<_, i64>(2)?,
            row.get::<_, i64>(3)?,
        ))
    })?;
    let Some((hub, status, priority, place)) = found else {
        return Ok(None);
    };
    if status != number_of(Status::NotStart) {
        return Ok(None);
    }
    let mut count = open.connection.prepare_cached(
        "SELECT (SELECT count(*) FROM task WHERE hub = ?1 AND status = 0 AND priority > ?2)
              + (SELECT count(*) FROM task WHERE hub = ?1 AND status = 0 AND priority = ?2 AND place < ?3)",
    )?;
    Ok(Some(
        count.query_row([hub, priority, place], |row| row.get(0))?,
    ))
}

/// A part of the list. With a hub or statuses, one index range each is walked and the ranges are merged: SQLite would
/// sort all of them.
pub(crate) fn list(
    open: &Open,
    filter: &TaskFilter,
    limit: u32,
    cursor: Option<&str>,
) -> Result<Page> {
    let before = match cursor {
        Some(cursor) => parse_cursor(cursor).ok_or(StoreError::InvalidCursor)?,
        None => i64::MAX,
    };
    let limit = limit.clamp(1, PAGE_LIMIT) as usize;
    let mut places = places(open, filter, before, limit + 1)?;
    places.sort_unstable_by(|a, b| b.cmp(a));
    let more = places.len() > limit;
    places.truncate(limit);
    let next = if more {
        places.last().map(i64::to_string)
    } else {
        None
    };
    let mut find = open
        .connection
        .prepare_cached("SELECT view FROM task WHERE place = ?1")?;
    let mut tasks = Vec::with_capacity(places.len());
    for place in places {
        tasks.extend(one(&mut find, [place], |row| {
            Ok(read_view(blob(row, 0)?)?)
        })?);
    }
    Ok(Page { tasks, next })
}

fn parse_cursor(cursor: &str) -> Option<i64> {
    let digits = !cursor.is_empty() && cursor.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| cursor.parse().ok()).flatten()
}

fn places(open: &Open, filter: &TaskFilter, before: i64, limit: usize) -> Result<Vec<i64>> {
    let hub = match &filter.hub {
        Some(hub) => match open.hub(hub)? {
            Some(key) => Some(key),
            None => return Ok(Vec::new()),
        },
        None => None,
    };
    let ids = [&filter.parent_id, &filter.group_id].map(|id| id.as_ref().map(TaskId::as_str));
    let texts = [
        ("parent_id", ids[0]),
        ("group_id", ids[1]),
        ("state", filter.state.as_deref()),
        ("account", filter.account.as_deref()),
    ];
    let by_text = texts.iter().any(|(_, text)| text.is_some());
    let mut sql = String::from("SELECT place FROM task WHERE place < ?");
    let mut values: Vec<&dyn ToSql> = vec![&before];
    for (column, text) in &texts {
        if let Some(text) = text {
            sql.push_str(" AND ");
            sql.push_str(column);
            sql.push_str(" = ?");
            values.push(text);
        }
    }
    // A plus sign keeps SQLite from walking a status's index where one of a text is narrower.
    let plus = if by_text { "+" } else { "" };
    let hubs = match hub {
        Some(hub) => vec![hub],
        None if by_text || filter.status.is_empty() => Vec::new(),
        None => all(
            &mut open.connection.prepare_cached("SELECT key FROM hub")?,
            [],
            |row| Ok(row.get(0)?),
        )?,
    };
    let mut statuses: Vec<i64> = filter
        .status
        .iter()
        .map(|status| number_of(*status))
        .collect();
    if statuses.is_empty() && hub.is_some() {
        statuses = Status::ALL
            .iter()
            .map(|status| number_of(*status))
            .collect();
    }
    statuses.sort_unstable();
    statuses.dedup();
    let ranges: Vec<(Option<i64>, Option<i64>)> = if hubs.is_empty() && statuses.is_empty() {
        vec![(None, None)]
    } else if hubs.is_empty() {
        statuses
            .iter()
            .map(|status| (None, Some(*status)))
            .collect()
    } else {
        hubs.iter()
            .flat_map(|hub| statuses.iter().map(|status| (Some(*hub), Some(*status))))
            .collect()
    };
    let mut found = Vec::new();
    for (hub, status) in &ranges {
        let mut sql = sql.clone();
        let mut values = values.clone();
        for (column, value) in [("hub", hub), ("status", status)] {
            if value.is_some() {
                sql.push_str(" AND ");
                sql.push_str(plus);
                sql.push_str(column);
                sql.push_str(" = ?");
                values.push(value);
            }
        }
        sql.push_str(" ORDER BY place DESC LIMIT ?");
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        values.push(&limit);
        found.extend(all(
            &mut open.connection.prepare_cached(&sql)?,
            params_from_iter(values),
            |row| Ok(row.get::<_, i64>(0)?),
        )?);
    }
    Ok(found)
}

/// How many tasks a hub has.
pub(crate) fn counts(open: &Open, hub: &HubId) -> Result<Counts> {
    let mut counts = Counts::default();
    let mut find = open.connection.prepare_cached(
        "SELECT y.status, y.tasks FROM tally y JOIN hub h ON h.key = y.hub WHERE h.id = ?1",
    )?;
    for (status, tasks) in all(&mut find, [&hub.0], |row| Ok((row.get(0)?, row.get(1)?)))? {
        counts.by_status[status_of(status)? as usize] = uint(tasks);
    }
    Ok(counts)
}

/// What the owner shows.
pub(crate) fn status(open: &Open, hub: &HubId) -> Result<Option<(UnixMs, String)>> {
    let mut find = open
        .connection
        .prepare_cached("SELECT status_at, status FROM hub WHERE id = ?1 AND status IS NOT NULL")?;
    one(&mut find, [&hub.0], |row| {
        Ok((UnixMs(uint(row.get(0)?)), row.get(1)?))
    })
}

/// The accounts as last seen.
pub(crate) fn accounts(open: &Open, hub: &HubId) -> Result<Vec<AccountHealth>> {
    let mut find = open.connection.prepare_cached(
        "SELECT a.health FROM account a JOIN hub h ON h.key = a.hub WHERE h.id = ?1 ORDER BY a.name",
    )?;
    all(&mut find, [&hub.0], |row| {
        Ok(read_json(
            "an account",
            row.get_ref(0)?.as_str().unwrap_or_default(),
        )?)
    })
}

/// A hub's configuration.
pub(crate) fn config(open: &Open, hub: &HubId) -> Result<Option<(u64, HubConfig)>> {
    let mut find = open.connection.prepare_cached(
        "SELECT config_revision, config FROM hub WHERE id = ?1 AND config IS NOT NULL",
    )?;
    one(&mut find, [&hub.0], |row| {
        let column = row.get_ref(1)?.as_str().unwrap_or_default();
        let config = open.keys().open_text(hub, Place::Config, column)?;
        let config = read_json("a configuration", config.text().unwrap_or_default())?;
        Ok((uint(row.get(0)?), config))
    })
}

/// When a hub was last used.
pub(crate) fn used_at(open: &Open, hub: &HubId) -> Result<UnixMs> {
    let mut find = open
        .connection
        .prepare_cached("SELECT used_at FROM hub WHERE id = ?1")?;
    let used_at: Option<i64> = find.query_row([&hub.0], |row| row.get(0)).optional()?;
    Ok(UnixMs(used_at.map_or(0, uint)))
}

/// All hubs.
pub(crate) fn hubs(open: &Open) -> Result<Vec<HubSummary>> {
    let mut find = open.connection.prepare_cached(
        "SELECT h.id, h.config_revision, h.used_at,
            (SELECT coalesce(sum(tasks), 0) FROM tally y WHERE y.hub = h.key AND y.status < 4),
            EXISTS (SELECT 1 FROM notice n WHERE n.hub = h.key AND n.due IS NOT NULL), h.seal
         FROM hub h WHERE h.known ORDER BY h.id",
    )?;
    all(&mut find, [], |row| {
        Ok(HubSummary {
            id: HubId(row.get(0)?),
            config_revision: uint(row.get(1)?),
            used_at: UnixMs(uint(row.get(2)?)),
            open_tasks: uint(row.get(3)?),
            has_notices: row.get(4)?,
            is_readable: open.keys().opens(row.get(5)?),
        })
    })
}
