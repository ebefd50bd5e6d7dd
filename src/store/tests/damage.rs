//! Databases that can not be used, and disks that can not be written.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy's rules for tests do not reach helpers of an integration test"
)]

mod common {
    pub(crate) mod process;
    pub(crate) mod store;
}

use std::{
    fs,
    os::unix::fs::{FileExt as _, PermissionsExt as _},
    path::Path,
};

use common::{
    process::fork,
    store::{random_task, state_in, store_in, temp_dir},
};
use mj_midjourney::{
    conformance::{NOW, WIDE, hub, id, task},
    store::{StoreError, TaskStore},
    task::TaskId,
};
use mj_store::{DATABASE, Incident, SqliteStore};
use rusqlite::Connection;

/// Runs `work` on a store in a process of its own, so that this one has never opened it.
fn elsewhere(dir: &Path, work: impl FnOnce(&SqliteStore)) {
    assert_eq!(fork(|| work(store_in(dir))).wait(), 0);
}

fn assert_moved_aside(store: &SqliteStore, expected: &[u8]) {
    let incidents = store.incidents();
    let [Incident::MovedAside { to, reason }] = incidents.as_slice() else {
        panic!("{incidents:?}")
    };
    assert!(!reason.is_empty());
    assert_eq!(fs::read(to).unwrap(), expected);
    assert_eq!(store.moved_aside().unwrap(), std::slice::from_ref(to));
    assert_eq!(store.task(&id(1)).unwrap(), None);
    store.submit(NOW, &[task(2)], WIDE).unwrap();
    assert_eq!(store.task(&id(2)).unwrap(), Some(task(2).view));
}

#[test]
fn a_file_that_is_no_database_is_moved_aside() {
    let dir = temp_dir();
    let garbage = b"not a database, but somebody's only copy of something".repeat(100);
    fs::write(dir.path().join(DATABASE), &garbage).unwrap();
    assert_moved_aside(store_in(dir.path()), &garbage);
    // The next process finds a sound one, and can tell of the other.
    elsewhere(dir.path(), |store| {
        assert_eq!(store.incidents(), []);
        assert_eq!(store.moved_aside().unwrap().len(), 1);
        assert!(store.task(&id(2)).unwrap().is_some());
    });
}

#[test]
fn a_database_with_broken_pages_is_moved_aside_when_that_shows() {
    let dir = temp_dir();
    elsewhere(dir.path(), |store| {
        for number in 10..200 {
            store.submit(NOW, &[task(number)], WIDE).unwrap();
        }
        store.checkpoint().unwrap();
    });
    let path = dir.path().join(DATABASE);
    // The last connection that is closed removes the log, which repeats what was checkpointed.
    let connection = Connection::open(&path).unwrap();
    let roots: Vec<u64> = connection
        .prepare("SELECT rootpage FROM sqlite_schema WHERE tbl_name = 'task'")
        .unwrap()
        .query_map([], |row| row.get::<_, u32>(0).map(u64::from))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    drop(connection);
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    // Not those that say what tables there are, which every opening reads.
    for page in roots {
        file.write_all_at(&[0xA5; 4_096], (page - 1) * 4_096)
            .unwrap();
    }
    drop(file);
    let broken = fs::read(&path).unwrap();
    let store = store_in(dir.path());
    let refused = store.task(&id(10));
    assert!(
        matches!(refused, Err(StoreError::Damaged(_))),
        "{refused:?}"
    );
    assert_moved_aside_later(store, &broken);
}

fn assert_moved_aside_later(store: &SqliteStore, broken: &[u8]) {
    assert_eq!(store.task(&id(10)).unwrap(), None);
    assert_moved_aside(store, broken);
}

#[test]
fn a_newer_database_is_refused_and_left_alone() {
    let dir = temp_dir();
    elsewhere(dir.path(), |store| {
        store.submit(NOW, &[task(1)], WIDE).unwrap();
    });
    let set_version = |version: u32| {
        let child = fork(|| {
            let connection = Connection::open(dir.path().join(DATABASE)).unwrap();
            connection
                .pragma_update(None, "user_version", version)
                .unwrap();
        });
        assert_eq!(child.wait(), 0);
    };
    set_version(99);
    let refused = SqliteStore::open(&state_in(dir.path()));
    assert!(
        matches!(
            refused,
            Err(StoreError::Newer {
                found: 99,
                known: 3
            })
        ),
        "{refused:?}"
    );
    set_version(3);
    let store = store_in(dir.path());
    assert_eq!(store.task(&id(1)).unwrap(), Some(task(1).view));
    assert_eq!(store.incidents(), []);
}

#[test]
fn a_database_of_the_first_version_gets_an_outbox() {
    let dir = temp_dir();
    let path = dir.path().join(DATABASE);
    elsewhere(dir.path(), |store| {
        store.submit(NOW, &[task(1)], WIDE).unwrap();
    });
    let schema = || {
        let connection = Connection::open(&path).unwrap();
        let mut all = connection
            .prepare("SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY name")
            .unwrap();
        let rows = all.query_map([], |row| row.get::<_, String>(0)).unwrap();
        rows.collect::<Result<Vec<_>, _>>().unwrap()
    };
    let newest = schema();
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "DROP TABLE notice; ALTER TABLE hub DROP COLUMN rests; ALTER TABLE hub DROP COLUMN seal;
             PRAGMA user_version = 1",
        )
        .unwrap();
    drop(connection);
    assert_ne!(schema(), newest);
    let store = store_in(dir.path());
    assert_eq!(store.task(&id(1)).unwrap(), Some(task(1).view));
    let mut addressed = task(2);
    addressed.work.notify_url = Some("https://example.com/hook".to_owned());
    store.submit(NOW, &[addressed], WIDE).unwrap();
    assert_eq!(store.notice_counts(&hub(1)).unwrap().pending, 1);
    assert_eq!(store.incidents(), []);
    assert_eq!(schema(), newest);
}

#[test]
fn a_database_of_another_program_is_refused_and_left_alone() {
    let dir = temp_dir();
    let path = dir.path().join(DATABASE);
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("CREATE TABLE theirs (a)").unwrap();
    drop(connection);
    let before = fs::read(&path).unwrap();
    let refused = SqliteStore::open(&state_in(dir.path()));
    assert!(
        matches!(refused, Err(StoreError::Damaged(_))),
        "{refused:?}"
    );
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn files_are_for_their_owner_only() {
    let dir = temp_dir();
    let store = store_in(dir.path());
    store.submit(NOW, &[task(1)], WIDE).unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let file = dir.path().join(format!("{DATABASE}{suffix}"));
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600,
            "{suffix}"
        );
    }
}

/// Submits large tasks until it is refused; gives what was acknowledged and the refusal.
fn fill(store: &SqliteStore) -> (Vec<TaskId>, StoreError) {
    let mut acknowledged = Vec::new();
    loop {
        let mut task = random_task();
        task.view.prompt = "a".repeat(50_000);
        match store.submit(NOW, std::slice::from_ref(&task), WIDE) {
            Ok(ids) => acknowledged.extend(ids),
            Err(error) => {
                assert_eq!(store.task(&task.view.id).unwrap(), None);
                return (acknowledged, error);
            }
        }
        assert!(acknowledged.len() < 1_000, "it never fills");
    }
}

fn assert_all_there(store: &SqliteStore, acknowledged: &[TaskId]) {
    assert!(!acknowledged.is_empty());
    for id in acknowledged {
        assert!(store.task(id).unwrap().is_some());
    }
    assert_eq!(
        store.counts(&hub(1)).unwrap().by_status[0],
        acknowledged.len() as u64
    );
}

#[test]
fn a_file_that_may_not_grow_loses_nothing_acknowledged() {
    let dir = temp_dir();
    elsewhere(dir.path(), |store| {
        let limit = |bytes| {
            let limit = libc::rlimit {
                rlim_cur: bytes,
                rlim_max: libc::RLIM_INFINITY,
            };
            // SAFETY: `limit` is valid for the call; the signal is only ignored, in a child of the test.
            unsafe {
                libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
                assert_eq!(libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit), 0);
            }
        };
        limit(1_000_000);
        let (mut acknowledged, error) = fill(store);
        assert!(
            matches!(error, StoreError::Io(_) | StoreError::Full),
            "{error:?}"
        );
        assert_all_there(store, &acknowledged);
        limit(libc::RLIM_INFINITY);
        acknowledged.extend(store.submit(NOW, &[random_task()], WIDE).unwrap());
        assert_all_there(store, &acknowledged);
        assert!(store.check().unwrap().is_empty());
    });
}

struct Unmount(std::ffi::CString);
impl Drop for Unmount {
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe { libc::umount2(self.0.as_ptr(), libc::MNT_DETACH) };
    }
}

#[test]
fn a_full_disk_loses_nothing_acknowledged() {
    let dir = temp_dir();
    let path = std::ffi::CString::new(dir.path().to_str().unwrap()).unwrap();
    // SAFETY: terminated strings that outlive the calls.
    let mounted = unsafe {
        libc::mount(
            c"tmpfs".as_ptr(),
            path.as_ptr(),
            c"tmpfs".as_ptr(),
            0,
            c"size=2m,mode=0700".as_ptr().cast(),
        )
    } == 0;
    if !mounted {
        // Only root may; the test above says nearly the same.
        return;
    }
    let _mount = Unmount(path);
    let ballast = dir.path().join("ballast");
    let store = store_in(dir.path());
    fs::write(&ballast, vec![0; 500_000]).unwrap();
    let (mut acknowledged, error) = fill(store);
    assert!(matches!(error, StoreError::Full), "{error:?}");
    assert_all_there(store, &acknowledged);
    // With space again, it goes on.
    fs::remove_file(&ballast).unwrap();
    acknowledged.extend(store.submit(NOW, &[random_task()], WIDE).unwrap());
    assert_all_there(store, &acknowledged);
    assert!(store.check().unwrap().is_empty());
}

#[test]
fn a_directory_that_became_read_only_is_an_error() {
    let dir = temp_dir();
    let child = fork(|| {
        // SAFETY: plain system calls, in a child of the test.
        if unsafe { libc::geteuid() } == 0 {
            std::os::unix::fs::chown(dir.path(), Some(65_534), Some(65_534)).unwrap();
            // SAFETY: as above.
            assert_eq!(unsafe { libc::setresuid(65_534, 65_534, 65_534) }, 0);
        }
        let state = state_in(dir.path());
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o500)).unwrap();
        let refused = SqliteStore::open(&state);
        assert!(matches!(refused, Err(StoreError::Io(_))), "{refused:?}");
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
        store_in(dir.path()).submit(NOW, &[task(1)], WIDE).unwrap();
    });
    assert_eq!(child.wait(), 0);
}
