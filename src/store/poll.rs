//! The poll that costs no SQL: what was decoded last time in this process, as long as nobody changed the task.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use mj_midjourney::task::{TaskId, TaskView};
use mj_process::bell::Revision;

/// How many views one process keeps.
const CAPACITY: usize = 1_024;

/// How long an unchanged slot is believed: a process that was killed between its commit and the bell changed no slot.
const BELIEVED: Duration = Duration::from_millis(100);

/// A task's slot in the bell, the same in every process: FNV-1a.
pub(crate) fn hash_of(id: &TaskId) -> u64 {
    id.as_str()
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        })
}

/// The views that one process has decoded.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    views: HashMap<TaskId, Entry>,
}

#[derive(Debug)]
struct Entry {
    revision: Revision,
    read_at: Instant,
    view: Arc<TaskView>,
}

impl Cache {
    /// The view, when it is still true. `revision` is the slot's, as read just now.
    pub(crate) fn get(&self, id: &TaskId, revision: Revision) -> Option<Arc<TaskView>> {
        let entry = self.views.get(id)?;
        let believed = entry.read_at.elapsed() < BELIEVED || cfg!(mj_mutation = "believed");
        let fresh = entry.revision == revision && believed;
        fresh.then(|| Arc::clone(&entry.view))
    }

    /// Keeps a view. `revision` and `read_at` are from before it was read.
    pub(crate) fn put(&mut self, view: Arc<TaskView>, revision: Revision, read_at: Instant) {
        if self.views.len() >= CAPACITY && !self.views.contains_key(&view.id) {
            let evicted = self.views.keys().next().copied();
            evicted.map(|id| self.views.remove(&id));
        }
        self.views.insert(
            view.id,
            Entry {
                revision,
                read_at,
                view,
            },
        );
    }
}
