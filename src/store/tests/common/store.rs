//! Stores of a test.
#![allow(dead_code, reason = "each test file uses a part")]

use std::path::Path;

use mj_midjourney::{
    conformance::task,
    task::{Task, TaskId},
};
use mj_process::{Origin, StateDir, random};
use mj_store::SqliteStore;
use tempfile::TempDir;

pub(crate) fn temp_dir() -> TempDir {
    TempDir::new().unwrap()
}

pub(crate) fn state_in(dir: &Path) -> StateDir {
    StateDir::open(dir, Origin::Explicit).unwrap()
}

pub(crate) fn store_in(dir: &Path) -> &'static SqliteStore {
    SqliteStore::open(&state_in(dir)).unwrap()
}

pub(crate) fn id_of(text: &str) -> TaskId {
    text.parse().unwrap()
}

/// A task with an id of its own, in any process.
pub(crate) fn random_task() -> Task {
    let mut task = task(0);
    task.view.id = id_of(&random::task_id(1).unwrap());
    task
}
