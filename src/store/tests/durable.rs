//! What is promised is on the disk before the caller is answered.
//!
//! This program has an fdatasync(2) of its own, which everything in it calls: it looks at what is in the file when the
//! sync begins, and who could be waiting for its end.
#![allow(
    clippy::unwrap_used,
    reason = "clippy's rules for tests do not reach helpers of an integration test"
)]

mod common {
    pub(crate) mod store;
}

use std::{
    fs::{self, File},
    mem::ManuallyDrop,
    os::{fd::FromRawFd as _, unix::fs::FileExt as _},
    sync::Mutex,
    time::Duration,
};

use common::store::{random_task, state_in, store_in, temp_dir};
use mj_midjourney::{
    conformance::{NOW, WIDE, claim, hub},
    store::{Commit, TaskStore, Write as OwnerWrite},
};
use mj_process::{ForkGate, WriteLock};

/// A sync of a database's log.
struct Sync {
    /// What was in the log when it began.
    log: Vec<u8>,
    /// Whether its thread was in the fork gate, so that a `fork()` waited for the disk.
    in_gate: bool,
    /// Whether another writer could begin meanwhile.
    lets_write: bool,
}

static SYNCS: Mutex<Vec<Sync>> = Mutex::new(Vec::new());

/// Tells what it saw, then does what the C library's would.
#[unsafe(no_mangle)]
extern "C" fn fdatasync(descriptor: libc::c_int) -> libc::c_int {
    let path = fs::read_link(format!("/proc/self/fd/{descriptor}")).unwrap_or_default();
    if path.to_string_lossy().ends_with("-wal") {
        // SAFETY: open during the call; never dropped, so it is not closed.
        let file = ManuallyDrop::new(unsafe { File::from_raw_fd(descriptor) });
        let mut log = vec![0; usize::try_from(file.metadata().unwrap().len()).unwrap()];
        file.read_exact_at(&mut log, 0).unwrap();
        let dir = state_in(path.parent().unwrap());
        let lock = WriteLock::open(&dir, "write.lock").unwrap();
        let lets_write = lock.lock(Duration::from_secs(2)).unwrap().is_some();
        SYNCS.lock().unwrap().push(Sync {
            log,
            in_gate: ForkGate::is_entered(),
            lets_write,
        });
    }
    // SAFETY: the system call of that name, with its own argument.
    let answer = unsafe { libc::syscall(libc::SYS_fdatasync, descriptor) };
    libc::c_int::try_from(answer).unwrap()
}

fn syncs() -> Vec<Sync> {
    std::mem::take(&mut *SYNCS.lock().unwrap())
}

fn has(log: &[u8], text: &str) -> bool {
    log.windows(text.len()).any(|part| part == text.as_bytes())
}

#[test]
fn promises_are_synced_before_they_are_given() {
    let dir = temp_dir();
    let store = store_in(dir.path());
    store.take_lease(&hub(1), &claim(1)).unwrap();

    // A submission: its row.
    let mut task = random_task();
    syncs();
    store
        .submit(NOW, std::slice::from_ref(&task), WIDE)
        .unwrap();
    let [sync] = <[Sync; 1]>::try_from(syncs()).ok().unwrap();
    assert!(has(&sync.log, task.view.id.as_str()), "after the commit");
    assert!(!sync.in_gate, "no fork waits for the disk");
    assert!(sync.lets_write, "no writer waits for the disk");

    // An attempt: what the brain says must be there before its request leaves.
    for durable in [true, false] {
        task = store.whole_task(&task.view.id).unwrap().unwrap();
        task.view.revision += 1;
        let mark = format!("attempt that is durable: {durable}");
        task.view.fail_reason = Some(mark.clone());
        let writes = vec![OwnerWrite::Task(Box::new(task.clone()))];
        store
            .commit(NOW, &hub(1), 1, &Commit { durable, writes })
            .unwrap();
        let seen = syncs();
        assert_eq!(seen.len(), usize::from(durable), "progress is not synced");
        for sync in seen {
            assert!(has(&sync.log, &mark), "after the commit");
            assert!(!sync.in_gate && sync.lets_write);
        }
    }
}
