//! The one connection of a process, with the descriptors that keep its locks and tell whether its commits count.
//!
//! It lives under the fork gate only: opened on first use, closed before each fork.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use mj_midjourney::{config::HubId, store::StoreError};
use mj_process::{
    Generation, Guard, fork,
    guard::{DATABASE_SHARED, SHM_IN_USE},
};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, config::DbConfig};

use crate::{
    failure::{Failure, Result},
    schema::VERSION,
    seal::Keyring,
};

/// The database's name in the state directory; `-wal` and `-shm` lie beside it.
pub const DATABASE: &str = "store.sqlite";

/// All that is set on each connection. A checkpoint by a writer is only a safety net of 16 MB (4,096 pages of 4 kB):
/// the owner does it. The cache is small, because there is one in each of many workers.
const PRAGMAS: &str = "
PRAGMA synchronous = NORMAL;
PRAGMA wal_autocheckpoint = 4096;
PRAGMA journal_size_limit = 8388608;
PRAGMA cache_size = -512;
PRAGMA temp_store = MEMORY;
";

/// How many prepared statements are kept: more than there are different ones in use.
const STATEMENTS: usize = 64;

/// How long a guard waits, under the gate, for a process that has its range alone: one that closes or recovers.
const GUARD_WAIT: Duration = Duration::from_millis(20);

/// How often it is looked whether the files are still those that were opened.
const VERIFY_EVERY: Duration = Duration::from_millis(100);

static NO_KEYS: Keyring = Keyring::new(None, None);

/// A file by its identity.
pub(crate) type FileId = (u64, u64);

/// An open connection. Its fields are dropped in this order: the guards after the connection, because closing them
/// drops the connection's locks.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) connection: Connection,
    hubs: RefCell<HashMap<HubId, i64>>,
    keys: Cell<&'static Keyring>,
    path: PathBuf,
    file: FileId,
    verified_at: Instant,
    generation: Generation,
    wal: Arc<Guard>,
    shm: Guard,
    _database: Guard,
}

impl Open {
    /// Opens a database that is set up.
    pub(crate) fn at(path: &Path) -> Result<Self> {
        let file = match file_id(path) {
            Ok((_, 0)) => return Err(Failure::NeedsSetup),
            Ok((file, _)) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Failure::NeedsSetup);
            }
            Err(error) => return Err(error.into()),
        };
        let connection = connect(path)?;
        let (database, shm, wal) = Self::guard(path, &connection)?;
        let open = Self {
            connection,
            hubs: RefCell::default(),
            keys: Cell::new(&NO_KEYS),
            path: path.to_owned(),
            file,
            verified_at: Instant::now(),
            generation: fork::generation(),
            wal: Arc::new(wal),
            shm,
            _database: database,
        };
        if open.is_current()? {
            Ok(open)
        } else {
            Err(Failure::Busy)
        }
    }

    fn guard(path: &Path, connection: &Connection) -> Result<(Guard, Guard, Guard)> {
        match version(connection)? {
            found if found > VERSION => {
                return Err(StoreError::Newer {
                    found,
                    known: VERSION,
                }
                .into());
            }
            found if found < VERSION => return Err(Failure::NeedsSetup),
            _ => {}
        }
        let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
        if mode != "wal" {
            return Err(Failure::NeedsSetup);
        }
        // The first read opens the log and its index.
        connection.query_row("SELECT value FROM sequence", [], |_| Ok(()))?;
        let database = Guard::open(path)?;
        let locked = database
            .lock(DATABASE_SHARED, GUARD_WAIT)
            .map_err(Failure::from)
            .and_then(|()| {
                let shm = Guard::open(&beside(path, "-shm"))?;
                shm.lock(SHM_IN_USE, GUARD_WAIT)?;
                Ok((shm, Guard::open(&beside(path, "-wal"))?))
            });
        locked.map(|(shm, wal)| (database, shm, wal))
    }

    /// Whether it may be used: it belongs to this process and its files are still those under their names. Looks at
    /// most every 100 ms.
    pub(crate) fn verify(&mut self) -> Result<bool> {
        if self.verified_at.elapsed() < VERIFY_EVERY {
            return Ok(true);
        }
        self.verified_at = Instant::now();
        let current = self.is_current()?;
        if current && version(&self.connection)? > VERSION {
            return Ok(false);
        }
        Ok(current)
    }

    /// The keys of the call that has the connection.
    pub(crate) fn keys(&self) -> &'static Keyring {
        self.keys.get()
    }

    /// Gives it to a call.
    pub(crate) fn lend(&self, keys: &'static Keyring) {
        self.keys.set(keys);
    }

    /// Which file it is.
    pub(crate) fn file(&self) -> FileId {
        self.file
    }

    /// Whether the process that opened it is the calling one.
    pub(crate) fn is_ours(&self) -> bool {
        self.generation.is_current()
    }

    /// Whether what is committed here is seen by others: the log has its name, and the database is the file that was
    /// opened.
    pub(crate) fn is_current(&self) -> Result<bool> {
        if self.wal.nlink()? != 1 && !cfg!(mj_mutation = "log_named") {
            return Ok(false);
        }
        match file_id(&self.path) {
            Ok((file, _)) => Ok(file == self.file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Closes it because its files were removed or replaced. An index that outlived its log is removed too: whoever
    /// opened it with a new log would read nonsense. Other processes that have it notice as this one did.
    pub(crate) fn abandon(self) {
        let orphaned = self.wal.nlink().is_ok_and(|names| names == 0);
        let index = self
            .shm
            .descriptor()
            .metadata()
            .map(|file| (file.dev(), file.ino()));
        let path = beside(&self.path, "-shm");
        drop(self);
        if orphaned
            && let (Ok(index), Ok((there, _))) = (index, file_id(&path))
            && index == there
        {
            // Somebody else may be faster, which is as good.
            let _ = fs::remove_file(&path);
        }
    }

    /// The log, to be made durable outside the gate.
    pub(crate) fn wal(&self) -> Arc<Guard> {
        Arc::clone(&self.wal)
    }

    /// A hub's number in this database, when it has one.
    pub(crate) fn hub(&self, hub: &HubId) -> Result<Option<i64>> {
        if let Some(key) = self.hubs.borrow().get(hub) {
            return Ok(Some(*key));
        }
        let mut find = self
            .connection
            .prepare_cached("SELECT key FROM hub WHERE id = ?1")?;
        Ok(find.query_row([&hub.0], |row| row.get(0)).optional()?)
    }

    /// Remembers a hub's number, once it is committed.
    pub(crate) fn remember_hub(&self, hub: &HubId, key: i64) {
        self.hubs.borrow_mut().insert(hub.clone(), key);
    }
}

/// Makes a connection with everything set that each one has.
pub(crate) fn connect(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::ZERO)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // Otherwise SQLite parses and plans anew each join that is run with other values.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.execute_batch(PRAGMAS)?;
    Ok(connection)
}

/// The version of an open database.
pub(crate) fn version(connection: &Connection) -> Result<u32> {
    Ok(connection
        .prepare_cached("PRAGMA user_version")?
        .query_row([], |row| row.get(0))?)
}

/// `-wal` or `-shm` of a database.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Which file a path names, and how long it is. Opens nothing: closing a descriptor would drop locks.
pub(crate) fn file_id(path: &Path) -> io::Result<(FileId, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok(((metadata.dev(), metadata.ino()), metadata.len()))
}
