//! The suite that every store must pass, on SQLite.
#![allow(
    clippy::unwrap_used,
    reason = "clippy's rules for tests do not reach helpers of an integration test"
)]

use std::ops::Deref;

use mj_process::{Origin, StateDir};
use mj_store::{Keyring, SealKey, SqliteStore};
use tempfile::TempDir;

struct Fresh {
    store: &'static SqliteStore,
    _dir: TempDir,
}

impl Fresh {
    fn new() -> Self {
        Self::with(&Keyring::default())
    }

    fn sealed() -> Self {
        let key = SealKey::derive(b"a secret that is thirty-two characters long");
        Self::with(&Keyring::new(key, None))
    }

    fn with(keys: &Keyring) -> Self {
        let dir = TempDir::new().unwrap();
        let state = StateDir::open(dir.path(), Origin::Explicit).unwrap();
        Self {
            store: SqliteStore::open_with(&state, keys).unwrap(),
            _dir: dir,
        }
    }
}

impl Deref for Fresh {
    type Target = SqliteStore;

    fn deref(&self) -> &SqliteStore {
        self.store
    }
}

mj_midjourney::conformance!(Fresh::new());

mod sealed {
    use super::Fresh;

    mj_midjourney::conformance!(Fresh::sealed());
}
