//! Guard descriptors and the write lock between real processes.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::{
    fs::{self, File, OpenOptions},
    os::fd::AsRawFd,
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use mj_process::{
    Guard, WriteLock,
    guard::{DATABASE_SHARED, GuardError, Range, SHM_IN_USE, nlink},
};

mod support;
use support::{Channel, Child, PATIENCE, hang, open_and_close, state_dir};

/// A POSIX read lock, as a database engine takes it.
fn posix_read_lock(file: &File, range: Range) {
    assert_eq!(set(file, libc::F_SETLK, libc::F_RDLCK, range), 0);
}

fn set(file: &File, command: i32, kind: i32, range: Range) -> i32 {
    let lock = libc::flock {
        l_type: i16::try_from(kind).unwrap(),
        l_whence: 0,
        l_start: i64::try_from(range.start).unwrap(),
        l_len: i64::try_from(range.length).unwrap(),
        l_pid: 0,
    };
    // SAFETY: an open descriptor; the kernel reads `lock`.
    unsafe { libc::fcntl(file.as_raw_fd(), command, &raw const lock) }
}

/// Whether another process could lock the range for itself.
fn is_free(path: &Path, range: Range) -> bool {
    let mut child = Child::run_with_code(|| {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .unwrap();
        i32::from(set(&file, libc::F_SETLK, libc::F_WRLCK, range) != 0)
    });
    child.wait() == 0
}

#[test]
fn foreign_close_drops_posix_locks_but_not_the_guard() {
    let (_temporary, dir) = state_dir();
    for (name, range) in [("db", DATABASE_SHARED), ("db-shm", SHM_IN_USE)] {
        let path = dir.join(name).unwrap();
        let database = dir.create_file(name).unwrap();
        posix_read_lock(&database, range);
        assert!(!is_free(&path, range));
        open_and_close(&path);
        assert!(is_free(&path, range), "the trap that guards are against");
        posix_read_lock(&database, range);
        let guard = Guard::open(&path).unwrap();
        guard.lock(range, Duration::ZERO).unwrap();
        open_and_close(&path);
        assert!(!is_free(&path, range), "the guard holds");
        drop(database);
        assert!(!is_free(&path, range), "the guard holds alone");
        drop(guard);
        assert!(is_free(&path, range));
    }
}

#[test]
fn guard_is_closed_in_a_child() {
    let (_temporary, dir) = state_dir();
    let path = dir.join("db").unwrap();
    drop(dir.create_file("db").unwrap());
    let ready = Channel::new();
    let orphan = Channel::new();
    let mut holder = Child::run(|| {
        let guard = Guard::take(&path, DATABASE_SHARED).unwrap();
        let child = Child::run(|| {
            assert!(guard.descriptor().metadata().is_err());
            ready.tell();
            hang();
        });
        orphan.send(&child.pid.to_ne_bytes());
        hang();
    });
    ready.await_word();
    let orphan = i32::from_ne_bytes(orphan.receive());
    assert!(!is_free(&path, DATABASE_SHARED));
    holder.signal(libc::SIGKILL);
    holder.wait();
    assert!(is_free(&path, DATABASE_SHARED));
    // SAFETY: the orphan is in `pause` and not ours to wait for.
    unsafe { libc::kill(orphan, libc::SIGKILL) };
}

#[test]
fn guard_reports_an_exclusive_holder() {
    let (_temporary, dir) = state_dir();
    let path = dir.join("db").unwrap();
    drop(dir.create_file("db").unwrap());
    let ready = Channel::new();
    let done = Channel::new();
    let child = Child::run(|| {
        let file = dir.create_file("db").unwrap();
        assert_eq!(set(&file, libc::F_SETLK, libc::F_WRLCK, DATABASE_SHARED), 0);
        ready.tell();
        done.await_word();
    });
    ready.await_word();
    let guard = Guard::open(&path).unwrap();
    let refused = guard.lock(DATABASE_SHARED, Duration::from_millis(5));
    assert!(matches!(refused, Err(GuardError::Busy)));
    done.tell();
    assert!(child.succeeds_within(PATIENCE));
    guard.lock(DATABASE_SHARED, Duration::ZERO).unwrap();
}

#[test]
fn nlink_tells_a_deleted_file() {
    let (_temporary, dir) = state_dir();
    let file = dir.create_file("db-wal").unwrap();
    let guard = Guard::open(&dir.join("db-wal").unwrap()).unwrap();
    assert_eq!((nlink(&file).unwrap(), guard.nlink().unwrap()), (1, 1));
    fs::remove_file(dir.join("db-wal").unwrap()).unwrap();
    assert_eq!((nlink(&file).unwrap(), guard.nlink().unwrap()), (0, 0));
}

#[test]
fn one_writer_among_processes_and_threads() {
    let (_temporary, dir) = state_dir();
    let counter = dir.join("counter").unwrap();
    fs::write(&counter, "0").unwrap();
    let rounds = 200;
    let work = |lock: &WriteLock| {
        for _ in 0..rounds {
            let guard = lock.lock(PATIENCE).unwrap().unwrap();
            let count: u32 = fs::read_to_string(&counter).unwrap().parse().unwrap();
            fs::write(&counter, (count + 1).to_string()).unwrap();
            drop(guard);
        }
    };
    let lock = WriteLock::open(&dir, "write.lock").unwrap();
    let before = Instant::now();
    // The children use the handle that they inherit.
    let children: Vec<_> = (0..3).map(|_| Child::run(|| work(&lock))).collect();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| work(&lock));
        }
    });
    for child in children {
        assert!(child.succeeds_within(PATIENCE));
    }
    println!(
        "{:?} a turn among 5 writers",
        before.elapsed() / (5 * rounds)
    );
    assert_eq!(
        fs::read_to_string(&counter).unwrap(),
        (5 * rounds).to_string()
    );
}

#[test]
fn write_lock_times_out_and_falls_with_its_holder() {
    let (_temporary, dir) = state_dir();
    let lock = WriteLock::open(&dir, "write.lock").unwrap();
    let ready = Channel::new();
    let mut holder = Child::run(|| {
        let _guard = lock.lock(PATIENCE).unwrap().unwrap();
        ready.tell();
        hang();
    });
    ready.await_word();
    let before = Instant::now();
    assert!(lock.lock(Duration::from_millis(20)).unwrap().is_none());
    assert!(before.elapsed() >= Duration::from_millis(20));
    holder.freeze();
    assert!(lock.lock(Duration::ZERO).unwrap().is_none());
    holder.signal(libc::SIGKILL);
    holder.wait();
    assert!(lock.lock(Duration::ZERO).unwrap().is_some());
}

#[test]
fn fork_while_another_thread_writes() {
    let (_temporary, dir) = state_dir();
    let lock = WriteLock::open(&dir, "write.lock").unwrap();
    let locked = Channel::new();
    let forked = Channel::new();
    let released = AtomicU32::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            let guard = lock.lock(PATIENCE).unwrap().unwrap();
            locked.tell();
            forked.await_word();
            drop(guard);
            released.store(1, Ordering::SeqCst);
        });
        locked.await_word();
        let asked = Channel::new();
        let child = Child::run(|| {
            assert!(lock.lock(Duration::ZERO).unwrap().is_none(), "the parent's");
            asked.tell();
            assert!(lock.lock(PATIENCE).unwrap().is_some());
        });
        asked.await_word();
        forked.tell();
        assert!(child.succeeds_within(PATIENCE));
    });
    assert_eq!(released.load(Ordering::SeqCst), 1);
    assert!(lock.lock(Duration::ZERO).unwrap().is_some());
}

#[test]
fn deleted_write_lock_is_made_anew() {
    let (_temporary, dir) = state_dir();
    let lock = WriteLock::open(&dir, "write.lock").unwrap();
    fs::remove_file(dir.join("write.lock").unwrap()).unwrap();
    let guard = lock.lock(PATIENCE).unwrap().unwrap();
    assert!(dir.join("write.lock").unwrap().exists());
    let child = Child::run(|| {
        let other = WriteLock::open(&dir, "write.lock").unwrap();
        assert!(other.lock(Duration::ZERO).unwrap().is_none());
    });
    assert!(child.succeeds_within(PATIENCE));
    drop(guard);
}
