//! The suite that every store must pass, on SQLite.
#![allow(
    clippy::unwrap_used,
    reason = "clippy's rules for tests do not reach helpers of an integration test"
)]

use std::ops::Deref;

use mj_process::{Origin, StateDir};
use mj_store::SqliteStore;
use tempfile::TempDir;

struct Fresh {
    store: &'static SqliteStore,
    _dir: TempDir,
}

impl Fresh {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let state = StateDir::open(dir.path(), Origin::Explicit).unwrap();
        Self {
            store: SqliteStore::open(&state).unwrap(),
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
