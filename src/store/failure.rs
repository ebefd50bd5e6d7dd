//! What can go wrong inside a call, before it is known whether it is tried again.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the errors of SQLite and of the system are open lists"
)]

use std::{io, time::Duration};

use mj_midjourney::store::StoreError;
use mj_process::{DirectoryError, LockError, guard::GuardError};
use rusqlite::{ErrorCode, ffi};

pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// A failure inside a call.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Somebody else has a lock: try again in a moment.
    Busy,
    /// The database must be made, migrated or moved aside first, which needs the write lock.
    NeedsSetup,
    /// SQLite says so.
    Sql(rusqlite::Error),
    /// The caller's answer.
    Store(StoreError),
}

impl Failure {
    /// Whether the file itself is broken.
    pub(crate) fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::Sql(rusqlite::Error::SqliteFailure(error, _))
                if matches!(error.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
        )
    }

    /// What the caller is told. `waited` is how long it was tried.
    pub(crate) fn told(self, waited: Duration) -> StoreError {
        match self {
            Self::Busy => StoreError::Busy(waited),
            Self::NeedsSetup => StoreError::Damaged("the database can not be set up".to_owned()),
            Self::Store(error) => error,
            Self::Sql(error) => told_by_sqlite(error),
        }
    }
}

fn told_by_sqlite(error: rusqlite::Error) -> StoreError {
    let rusqlite::Error::SqliteFailure(code, _) = &error else {
        return StoreError::Io(Box::new(error));
    };
    match code.code {
        ErrorCode::DiskFull => StoreError::Full,
        ErrorCode::DatabaseCorrupt => {
            StoreError::Damaged("SQLite finds the file malformed".to_owned())
        }
        ErrorCode::NotADatabase => {
            StoreError::Damaged("the file is not a SQLite database".to_owned())
        }
        // The shared index could not grow: its file system has no space for 32 kB more.
        _ if code.extended_code == ffi::SQLITE_IOERR_SHMSIZE => StoreError::Full,
        _ => StoreError::Io(Box::new(error)),
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        match &error {
            rusqlite::Error::SqliteFailure(code, _)
                if matches!(
                    code.code,
                    ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked
                ) =>
            {
                Self::Busy
            }
            _ => Self::Sql(error),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Store(match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full,
            _ => StoreError::Io(Box::new(error)),
        })
    }
}

impl From<DirectoryError> for Failure {
    fn from(error: DirectoryError) -> Self {
        Self::Store(StoreError::Io(Box::new(error)))
    }
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        Self::Store(StoreError::Io(Box::new(error)))
    }
}

impl From<GuardError> for Failure {
    fn from(error: GuardError) -> Self {
        match error {
            GuardError::Busy => Self::Busy,
            GuardError::System(error) => error.into(),
        }
    }
}
