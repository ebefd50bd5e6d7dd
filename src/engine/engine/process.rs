//! What all threads of one process share: the state directories that are open, with the engine thread of each.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use mj_process::{ForkLocal, Worker};
use mj_store::Keyring;
use parking_lot::Mutex;

use super::{current::Current, watch::Watchers};
use crate::{error::EngineError, shared::Shared};

/// That of the calling process; a forked child gets its own.
static PROCESS: ForkLocal<Arc<Process>> = ForkLocal::new();

/// Most state directories that one process opens: each may have a thread.
const MOST_ROOMS: usize = 32;

/// The shared part of every [`super::Engine`] of a process.
#[derive(Debug, Default)]
pub(super) struct Process {
    rooms: Mutex<Vec<Arc<Room>>>,
    /// The settings that were made last, for module shutdown, which belongs to no request.
    latest: Mutex<Option<Arc<Current>>>,
}

/// An open state directory, as those see it who know the same secrets.
#[derive(Debug)]
pub(super) struct Room {
    path: PathBuf,
    keys: Keyring,
    pub(super) shared: Arc<Shared>,
    pub(super) worker: Mutex<Option<Worker>>,
    pub(super) heir_tried: Mutex<Option<Instant>>,
    pub(super) watchers: Watchers,
}

/// That of the calling process, made at its first use.
pub(super) fn own() -> Arc<Process> {
    Arc::clone(PROCESS.get_or_init(Arc::default))
}

/// That of the calling process, if it has one.
pub(super) fn known() -> Option<Arc<Process>> {
    PROCESS.get().cloned()
}

impl Process {
    /// Remembers the settings that were made last.
    pub(super) fn remember(&self, current: &Arc<Current>) {
        *self.latest.lock() = Some(Arc::clone(current));
    }

    /// The settings that were made last.
    pub(super) fn latest(&self) -> Option<Arc<Current>> {
        self.latest.lock().clone()
    }

    /// After a shutdown the process was started anew.
    pub(super) fn go_on(&self) {
        for room in self.rooms() {
            room.shared.go_on();
        }
    }

    /// The open directories.
    pub(super) fn rooms(&self) -> Vec<Arc<Room>> {
        self.rooms.lock().clone()
    }

    /// A directory, opened at its first use. One that opens slowly, or not at all, holds up nobody who needs another.
    ///
    /// # Errors
    /// What `open` says, and [`EngineError::Configuration`] for one directory too many.
    pub(super) fn room(
        &self,
        path: &Path,
        keys: &Keyring,
        open: impl FnOnce() -> Result<Shared, EngineError>,
    ) -> Result<Arc<Room>, EngineError> {
        let known = |rooms: &[Arc<Room>]| {
            let is_it =
                |room: &&Arc<Room>| room.path.as_os_str() == path.as_os_str() && room.keys == *keys;
            rooms.iter().find(is_it).cloned()
        };
        if let Some(room) = known(&self.rooms.lock()) {
            return Ok(room);
        }
        let shared = Arc::new(open()?);
        let mut rooms = self.rooms.lock();
        // Another thread may have been faster.
        if let Some(room) = known(&rooms) {
            return Ok(room);
        }
        if rooms.len() >= MOST_ROOMS {
            return Err(EngineError::configuration(
                "mj.state_dir",
                format!("is one more than the {MOST_ROOMS} that one process can have open"),
            ));
        }
        let room = Arc::new(Room {
            path: path.to_owned(),
            keys: keys.clone(),
            shared,
            worker: Mutex::new(None),
            heir_tried: Mutex::new(None),
            watchers: Watchers::default(),
        });
        rooms.push(Arc::clone(&room));
        Ok(room)
    }

    /// The directory that this is of.
    pub(super) fn room_of(&self, shared: &Arc<Shared>) -> Option<Arc<Room>> {
        let rooms = self.rooms.lock();
        let is_it = |room: &&Arc<Room>| Arc::ptr_eq(&room.shared, shared);
        rooms.iter().find(is_it).cloned()
    }

    /// Whether the directory's engine thread runs in this process.
    pub(super) fn has_engine(&self, shared: &Arc<Shared>) -> bool {
        self.room_of(shared).is_some_and(|room| {
            let worker = room.worker.lock();
            worker.as_ref().is_some_and(|worker| !worker.is_finished())
        })
    }
}
