//! Making, migrating and, when it is damaged, moving aside a database; under the write lock and the fork gate, with
//! no connection of this process open.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use mj_midjourney::store::StoreError;
use mj_process::StateDir;
use rusqlite::{Connection, TransactionBehavior};

use crate::{
    connection::{DATABASE, beside, connect, file_id, version},
    failure::{Failure, Result},
    schema::{APPLICATION_ID, MIGRATIONS, VERSION},
};

/// The word in the names of databases that were moved aside.
const DAMAGED: &str = ".damaged-";

/// Something that an operator must hear of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Incident {
    /// The database could not be read: it was moved aside and an empty one made.
    MovedAside {
        /// Where it lies now; its log beside it, when it had one.
        to: PathBuf,
        /// What was wrong with it.
        reason: String,
    },
    /// The database that this process had open was removed or replaced by somebody else.
    Replaced,
}

/// Makes or migrates the database; moves a damaged one aside first. `suspect` says that a call found it damaged.
pub(crate) fn set_up(dir: &StateDir, path: &Path, suspect: bool) -> Result<Option<Incident>> {
    let reason = match prepare(dir, path, suspect) {
        Ok(()) => return Ok(None),
        Err(Trouble::Other(failure)) => return Err(failure),
        Err(Trouble::Damage(reason)) => reason,
    };
    let to = move_aside(path)?;
    match prepare(dir, path, false) {
        Ok(()) => Ok(Some(Incident::MovedAside { to, reason })),
        Err(Trouble::Other(failure)) => Err(failure),
        Err(Trouble::Damage(reason)) => Err(StoreError::Damaged(reason).into()),
    }
}

/// The databases that were moved aside, the oldest first.
pub(crate) fn moved_aside(dir: &StateDir) -> io::Result<Vec<PathBuf>> {
    let prefix = format!("{DATABASE}{DAMAGED}");
    let mut found: Vec<PathBuf> = fs::read_dir(dir.path())?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.strip_prefix(&prefix)
                .is_some_and(|stamp| stamp.bytes().all(|byte| byte.is_ascii_digit()))
        })
        .collect();
    found.sort();
    Ok(found)
}

enum Trouble {
    Damage(String),
    Other(Failure),
}

impl<T: Into<Failure>> From<T> for Trouble {
    fn from(failure: T) -> Self {
        let failure = failure.into();
        if failure.is_damage() {
            Self::Damage("SQLite can not read it".to_owned())
        } else {
            Self::Other(failure)
        }
    }
}

fn prepare(dir: &StateDir, path: &Path, suspect: bool) -> Result<(), Trouble> {
    let length = match file_id(path) {
        Ok((_, length)) => length,
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error.into()),
    };
    // SQLite deletes the log of an empty database: the last commits would be lost without a word.
    if length == 0 && file_id(&beside(path, "-wal")).is_ok_and(|(_, length)| length > 0) {
        return Err(Trouble::Damage(
            "the database is empty or gone, but its log is not".to_owned(),
        ));
    }
    if length == 0 {
        drop(dir.create_file(DATABASE)?);
    }
    let mut connection = connect(path)?;
    if suspect {
        let verdict: String =
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if verdict != "ok" {
            return Err(Trouble::Damage("SQLite's quick check fails".to_owned()));
        }
    }
    migrate(&mut connection)?;
    drop(connection);
    File::open(dir.path())?.sync_all()?;
    Ok(())
}

fn migrate(connection: &mut Connection) -> Result<()> {
    let found = version(connection)?;
    if found > VERSION {
        return Err(StoreError::Newer {
            found,
            known: VERSION,
        }
        .into());
    }
    let application: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION_ID && tables > 0 {
        return Err(StoreError::Damaged(format!("{DATABASE} belongs to another program")).into());
    }
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(StoreError::Io(
            "the file system of the state directory (mj.state_dir) can not share memory".into(),
        )
        .into());
    }
    if found == VERSION {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for script in MIGRATIONS.iter().skip(found as usize) {
        transaction.execute_batch(script)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    // A new database is whole on the disk before anything that is in it is promised.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
    Ok(())
}

/// Renames the database and what lies beside it. The log goes first: a database without it is read as it was at the
/// last checkpoint, a log without its database not at all.
fn move_aside(path: &Path) -> io::Result<PathBuf> {
    let mut stamp = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    let to = loop {
        let to = beside(path, &format!("{DAMAGED}{stamp}"));
        if file_id(&to).is_err() && file_id(&beside(&to, "-wal")).is_err() {
            break to;
        }
        stamp += 1;
    };
    for suffix in ["-wal", "-shm", ""] {
        match fs::rename(beside(path, suffix), beside(&to, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(to)
}
