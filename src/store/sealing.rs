//! Which hub is sealed with what, and sealing all of one anew when its secret was set, changed or taken away.

use mj_midjourney::{config::HubId, store::StoreError};
use rusqlite::{OptionalExtension as _, params};

use crate::{
    connection::Open,
    failure::{Failure, Result},
    row::{all, blob, one},
    seal::{Place, Writing},
    writer::Effects,
};

/// Tasks that are read at once while all are sealed anew: a few megabytes.
const BATCH: i64 = 1_000;

/// How a hub lies in the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sealed {
    /// The name of the key; none in the clear.
    pub(crate) seal: Option<i64>,
    /// What of an earlier state may be left, as the table says.
    pub(crate) rests: i64,
}

/// That of a hub, if it is known.
pub(crate) fn of_hub(open: &Open, hub: &HubId) -> Result<Option<Sealed>> {
    let mut find = open
        .connection
        .prepare_cached("SELECT seal, rests FROM hub WHERE id = ?1")?;
    one(&mut find, [&hub.0], |row| {
        Ok(Sealed {
            seal: row.get(0)?,
            rests: row.get(1)?,
        })
    })
}

/// How values of a hub are written, by its number.
pub(crate) fn writing(open: &Open, hub: i64) -> Result<Writing<'static>> {
    let mut find = open
        .connection
        .prepare_cached("SELECT seal FROM hub WHERE key = ?1")?;
    let seal: Option<Option<i64>> = find.query_row([hub], |row| row.get(0)).optional()?;
    Ok(open.keys().writing(seal.flatten())?)
}

/// Writes all that is secret of a hub as the caller's keys say.
pub(crate) fn reseal(open: &Open, effects: &mut Effects, hub: &HubId) -> Result<()> {
    let Some(found) = of_hub(open, hub)? else {
        return Ok(());
    };
    let to = open.keys().wanted();
    if found.seal == to {
        return Ok(());
    }
    // Refused here, before anything is written, where the keys do not open it.
    open.keys().writing(found.seal)?;
    let Some(key) = open.hub(hub)? else {
        return Ok(());
    };
    let anew = Anew {
        open,
        hub,
        to: open.keys().writing(to)?,
    };
    anew.config(key)?;
    anew.sessions(key)?;
    anew.notices(key)?;
    anew.tasks(key)?;
    // In the clear it was on purpose; what is written over then needs no wiping.
    let rests = if to.is_some() { 2 } else { 0 };
    open.connection
        .prepare_cached("UPDATE hub SET seal = ?2, rests = max(rests, ?3) WHERE key = ?1")?
        .execute(params![key, to, rests])?;
    effects.durable = true;
    effects.ring = true;
    Ok(())
}

/// A hub that is written anew.
struct Anew<'a> {
    open: &'a Open,
    hub: &'a HubId,
    to: Writing<'static>,
}

impl Anew<'_> {
    fn text(&self, place: Place, column: &str) -> Result<String> {
        let plain = match self.open.keys().open_text(self.hub, place, column) {
            Ok(plain) => plain,
            // It opens never again, and says so under the new secret too.
            Err(StoreError::Damaged(_)) => return Ok(self.to.damaged_text()),
            Err(error) => return Err(error.into()),
        };
        let text = plain.text().unwrap_or_default().to_owned();
        Ok(self.to.text(self.hub, place, text)?)
    }

    fn bytes(&self, place: Place, column: &[u8]) -> Result<Vec<u8>> {
        let plain = match self.open.keys().open_bytes(self.hub, place, column) {
            Ok(plain) => plain,
            Err(StoreError::Damaged(_)) => return Ok(self.to.damaged_bytes()),
            Err(error) => return Err(error.into()),
        };
        Ok(self.to.bytes(self.hub, place, plain.to_vec())?)
    }

    fn config(&self, key: i64) -> Result<()> {
        let connection = &self.open.connection;
        let config: Option<String> = connection
            .prepare_cached("SELECT config FROM hub WHERE key = ?1")?
            .query_row([key], |row| row.get(0))?;
        if let Some(config) = config {
            // A new revision: an owner that has the old key must look, and see that it cannot read it.
            connection
                .prepare_cached("UPDATE hub SET config = ?2, config_revision = config_revision + 1 WHERE key = ?1")?
                .execute(params![key, self.text(Place::Config, &config)?])?;
        }
        Ok(())
    }

    fn sessions(&self, key: i64) -> Result<()> {
        let connection = &self.open.connection;
        let mut find =
            connection.prepare_cached("SELECT gateway, session FROM session WHERE hub = ?1")?;
        let sessions = all(&mut find, [key], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
        })?;
        for (gateway, session) in sessions {
            connection
                .prepare_cached("UPDATE session SET session = ?3 WHERE hub = ?1 AND gateway = ?2")?
                .execute(params![
                    key,
                    gateway,
                    self.text(Place::Session(gateway), &session)?
                ])?;
        }
        Ok(())
    }

    fn notices(&self, key: i64) -> Result<()> {
        let connection = &self.open.connection;
        let mut find = connection.prepare_cached("SELECT place, url FROM notice WHERE hub = ?1")?;
        let notices = all(&mut find, [key], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
        })?;
        for (place, url) in notices {
            connection
                .prepare_cached("UPDATE notice SET url = ?2 WHERE place = ?1")?
                .execute(params![place, self.text(Place::Notice(place), &url)?])?;
        }
        Ok(())
    }

    fn tasks(&self, key: i64) -> Result<()> {
        let connection = &self.open.connection;
        let mut find = connection.prepare_cached(
            "SELECT place, work FROM task WHERE hub = ?1 AND place > ?2 ORDER BY place LIMIT ?3",
        )?;
        let mut after = i64::MIN;
        loop {
            let tasks = all(&mut find, [key, after, BATCH], |row| {
                Ok((row.get::<_, i64>(0)?, blob(row, 1)?.to_vec()))
            })?;
            let Some((last, _)) = tasks.last() else {
                return Ok(());
            };
            after = *last;
            for (place, work) in tasks {
                connection
                    .prepare_cached("UPDATE task SET work = ?2 WHERE place = ?1")?
                    .execute(params![place, self.bytes(Place::Work(place), &work)?])?;
            }
        }
    }
}

/// Writes the file anew, without what was removed or written over, where something of that must not stay.
pub(crate) fn write_anew(open: &Open) -> Result<()> {
    if most_rests(open)? < 2 {
        return Ok(());
    }
    // The copy may be larger than a worker's memory.
    let written = open.connection.execute_batch(
        "PRAGMA temp_store = FILE; VACUUM; UPDATE hub SET rests = 1 WHERE rests = 2;",
    );
    open.connection
        .execute_batch("PRAGMA temp_store = MEMORY")?;
    Ok(written?)
}

/// Moves the log into the file and empties it; false while somebody reads in it.
pub(crate) fn empty_the_log(open: &Open) -> Result<bool> {
    if most_rests(open)? != 1 {
        return Ok(true);
    }
    let connection = &open.connection;
    let emptied = connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
            Ok(row.get::<_, i64>(0)? == 0)
        })
        .map_err(Failure::from);
    match emptied {
        Ok(true) => {
            connection.execute_batch("UPDATE hub SET rests = 0 WHERE rests = 1")?;
            Ok(true)
        }
        Ok(false) | Err(Failure::Busy) => Ok(false),
        Err(failure) => Err(failure),
    }
}

fn most_rests(open: &Open) -> Result<i64> {
    Ok(open
        .connection
        .query_row("SELECT coalesce(max(rests), 0) FROM hub", [], |row| {
            row.get(0)
        })?)
}
