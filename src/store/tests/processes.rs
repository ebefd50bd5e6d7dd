//! The store among several real processes: forked, killed, stopped, and with foreign hands on its files.
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
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader, Lines, Write as _},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use common::{
    process::{Child, fork, fork_with_pipe, pipe},
    store::{id_of, random_task, store_in, temp_dir},
};
use mj_midjourney::{
    conformance::{NOW, WIDE, claim, hub, id, task},
    store::{Cancelled, Commit, StoreError, TaskFilter, TaskStore, Write as OwnerWrite},
    task::{Status, TaskId},
};
use mj_process::{Origin, StateDir, WriteLock};
use mj_store::{DATABASE, Incident};
use rusqlite::Connection;

/// What is stored agrees with itself: the tally with the rows, the file with SQLite's own check.
fn assert_sound(store: &mj_store::SqliteStore) {
    let counts = store.counts(&hub(1)).unwrap().by_status;
    for (status, count) in Status::ALL.into_iter().zip(counts) {
        let filter = TaskFilter {
            hub: Some(hub(1)),
            status: vec![status],
            ..TaskFilter::default()
        };
        let mut rows = 0;
        let mut cursor = None;
        loop {
            let page = store.list(&filter, 1_000, cursor.as_deref()).unwrap();
            rows += page.tasks.len() as u64;
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(rows, count, "{status:?}");
    }
    assert_eq!(store.check().unwrap(), Vec::<String>::new());
}

#[test]
fn killed_writers_lose_nothing_acknowledged() {
    let dir = temp_dir();
    store_in(dir.path());
    let mut acknowledged: BTreeSet<TaskId> = BTreeSet::new();
    for round in 0..6 {
        let writers: Vec<_> = (0..4)
            .map(|_| {
                fork_with_pipe(|mut told| {
                    let store = store_in(dir.path());
                    loop {
                        let task = random_task();
                        store
                            .submit(NOW, std::slice::from_ref(&task), WIDE)
                            .unwrap();
                        writeln!(told, "{}", task.view.id).unwrap();
                        // Half of them are also changed, and some processes fork in between.
                        store.cancel(NOW, &task.view.id).unwrap();
                        if task.view.id.as_str().ends_with('0') {
                            assert_eq!(fork(|| drop(store.task(&task.view.id).unwrap())).wait(), 0);
                        }
                    }
                })
            })
            .collect();
        for (number, (child, told)) in writers.into_iter().enumerate() {
            let mut lines = BufReader::new(told).lines();
            for _ in 0..20 + round + number {
                acknowledged.insert(id_of(&lines.next().unwrap().unwrap()));
            }
            child.kill();
            // What was acknowledged before the signal came; a line that was cut was not.
            acknowledged.extend(
                lines
                    .map_while(Result::ok)
                    .filter_map(|line| line.parse::<TaskId>().ok()),
            );
        }
    }
    let store = store_in(dir.path());
    for id in &acknowledged {
        assert!(store.task(id).unwrap().is_some(), "{id} is lost");
    }
    assert!(acknowledged.len() >= 6 * 4 * 20);
    assert_sound(store);
    assert_eq!(store.incidents(), []);
}

#[test]
fn a_hundred_forks_during_writes() {
    let dir = temp_dir();
    let store = store_in(dir.path());
    let stop = AtomicBool::new(false);
    let (written, children) = thread::scope(|scope| {
        let writers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut written = 0;
                    while !stop.load(Ordering::Relaxed) {
                        let task = random_task();
                        store
                            .submit(NOW, std::slice::from_ref(&task), WIDE)
                            .unwrap();
                        assert!(store.poll(&task.view.id).unwrap().is_some());
                        written += 1;
                    }
                    written
                })
            })
            .collect();
        let children: Vec<Child> = (0..100)
            .map(|_| {
                fork(|| {
                    let task = random_task();
                    store
                        .submit(NOW, std::slice::from_ref(&task), WIDE)
                        .unwrap();
                    assert!(store.poll(&task.view.id).unwrap().is_some());
                    assert!(store.wait_change(store.change(), Duration::from_millis(1)) > 0);
                })
            })
            .collect();
        let failed: i32 = children.into_iter().map(Child::wait).sum();
        assert_eq!(failed, 0);
        stop.store(true, Ordering::Relaxed);
        (
            writers
                .into_iter()
                .map(|writer| writer.join().unwrap())
                .sum::<u64>(),
            100,
        )
    });
    assert_eq!(
        store.counts(&hub(1)).unwrap().by_status[0],
        written + children
    );
    assert_sound(store);
}

#[test]
fn threads_of_one_process_share_one_store() {
    let dir = temp_dir();
    let store = store_in(dir.path());
    assert!(std::ptr::eq(store, store_in(dir.path())));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let task = random_task();
                    store
                        .submit(NOW, std::slice::from_ref(&task), WIDE)
                        .unwrap();
                    assert_eq!(store.cancel(NOW, &task.view.id).unwrap(), Cancelled::Done);
                    assert_eq!(
                        store.poll(&task.view.id).unwrap().unwrap().status,
                        Status::Cancel
                    );
                }
            });
        }
    });
    assert_eq!(store.counts(&hub(1)).unwrap().by_status[6], 400);
}

#[test]
fn a_poll_sees_what_another_process_wrote() {
    let dir = temp_dir();
    let store = store_in(dir.path());
    store.submit(NOW, &[task(1)], WIDE).unwrap();
    assert_eq!(store.poll(&id(2)).unwrap(), None);
    for progress in 1..=20 {
        let seen = store.change();
        let writer = fork(|| {
            let store = store_in(dir.path());
            if progress == 1 {
                store.take_lease(&hub(1), &claim(1)).unwrap();
            }
            let mut task = store.whole_task(&id(1)).unwrap().unwrap();
            task.view.revision += 1;
            task.view.progress = progress;
            let writes = vec![OwnerWrite::Task(Box::new(task))];
            store
                .commit(
                    NOW,
                    &hub(1),
                    1,
                    &Commit {
                        durable: false,
                        writes,
                    },
                )
                .unwrap();
        });
        assert_eq!(writer.wait(), 0);
        assert_ne!(store.wait_change(seen, Duration::from_secs(9)), seen);
        for _ in 0..2 {
            assert_eq!(store.poll(&id(1)).unwrap().unwrap().progress, progress);
        }
    }
}

#[test]
fn a_poll_sees_what_a_writer_did_not_live_to_ring() {
    let dir = temp_dir();
    let store = store_in(dir.path());
    store.submit(NOW, &[task(1), task(2)], WIDE).unwrap();
    assert_eq!(store.poll(&id(1)).unwrap().unwrap().id, id(1));
    // A commit, and nothing after it: its process was killed before it bumped the task's slot.
    let writer = fork(|| {
        let connection = Connection::open(dir.path().join(DATABASE)).unwrap();
        connection
            .execute(
                "UPDATE task SET view = (SELECT view FROM task WHERE id = ?2) WHERE id = ?1",
                [id(1).as_str(), id(2).as_str()],
            )
            .unwrap();
    });
    assert_eq!(writer.wait(), 0);
    let deadline = Instant::now() + Duration::from_secs(30);
    while store.poll(&id(1)).unwrap().unwrap().id == id(1) {
        assert!(Instant::now() < deadline, "never seen");
        thread::yield_now();
    }
}

/// Another program: a process that opens and closes the database when it is told to. It is forked before the store is
/// opened, because a fork closes the store.
struct Foreigner {
    _child: Child,
    ask: fs::File,
    answers: Lines<BufReader<fs::File>>,
}

impl Foreigner {
    fn of(dir: &Path) -> Self {
        let (questions, ask) = pipe();
        let path = dir.join(DATABASE);
        let (child, answers) = fork_with_pipe(|mut told| {
            for _ in BufReader::new(questions).lines() {
                let connection = Connection::open(&path).unwrap();
                let tasks: i64 = connection
                    .query_row("SELECT count(*) FROM task", [], |row| row.get(0))
                    .unwrap();
                connection.close().unwrap();
                writeln!(told, "{tasks}").unwrap();
            }
        });
        Self {
            _child: child,
            ask,
            answers: BufReader::new(answers).lines(),
        }
    }

    /// How many tasks it sees.
    fn visit(&mut self) -> u64 {
        writeln!(self.ask, "visit").unwrap();
        self.answers.next().unwrap().unwrap().parse().unwrap()
    }
}

#[test]
fn foreign_hands_on_the_files_lose_nothing() {
    let dir = temp_dir();
    let mut foreigner = Foreigner::of(dir.path());
    let store = store_in(dir.path());
    store.submit(NOW, &[task(0)], WIDE).unwrap();
    let copy = temp_dir();
    for round in 0..3 {
        // What md5_file(), PDO and a backup do in this very process: its POSIX locks are gone.
        for suffix in ["", "-wal", "-shm"] {
            let name = format!("{DATABASE}{suffix}");
            assert!(!fs::read(dir.path().join(&name)).unwrap().is_empty());
            fs::copy(dir.path().join(&name), copy.path().join(&name)).unwrap();
        }
        foreigner.visit();
        let wal = fs::metadata(dir.path().join(format!("{DATABASE}-wal")));
        assert!(
            wal.is_ok_and(|wal| wal.len() > 0),
            "the foreign process deleted the log"
        );
        for number in 1..=50 {
            store
                .submit(NOW, &[task(round * 50 + number)], WIDE)
                .unwrap();
        }
        assert_eq!(foreigner.visit(), round * 50 + 51);
    }
    assert_eq!(store.incidents(), []);
    assert_sound(store);
    // The last copy is a whole store.
    let restored = store_in(copy.path());
    assert_eq!(restored.counts(&hub(1)).unwrap().by_status[0], 101);
    assert_sound(restored);
}

#[test]
fn a_deleted_log_is_noticed_and_the_commit_redone() {
    let dir = temp_dir();
    let mut foreigner = Foreigner::of(dir.path());
    let store = store_in(dir.path());
    store.submit(NOW, &[task(1)], WIDE).unwrap();
    // Another process has it open all the time.
    let idle = fork_with_pipe(|mut told| {
        let store = store_in(dir.path());
        assert!(store.task(&id(1)).unwrap().is_some());
        writeln!(told, "open").unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        while store.task(&id(2)).unwrap().is_none() {
            assert!(Instant::now() < deadline, "never seen");
            store.wait_change(store.change(), Duration::from_millis(100));
        }
        store.submit(NOW, &[task(3)], WIDE).unwrap();
        assert_eq!(store.incidents(), [Incident::Replaced]);
    });
    let mut lines = BufReader::new(idle.1).lines();
    lines.next().unwrap().unwrap();
    let moved = store.checkpoint().unwrap();
    assert_eq!(moved.logged, moved.moved);
    fs::remove_file(dir.path().join(format!("{DATABASE}-wal"))).unwrap();
    store.submit(NOW, &[task(2)], WIDE).unwrap();
    assert_eq!(store.incidents(), [Incident::Replaced]);
    assert_eq!(idle.0.wait(), 0);
    assert_eq!(foreigner.visit(), 3);
    assert_eq!(
        store
            .tasks(&[id(1), id(2), id(3)])
            .unwrap()
            .iter()
            .flatten()
            .count(),
        3
    );
    assert_sound(store);
}

#[test]
fn a_removed_database_is_made_anew_and_reported() {
    let dir = temp_dir();
    let mut foreigner = Foreigner::of(dir.path());
    let store = store_in(dir.path());
    store.submit(NOW, &[task(1)], WIDE).unwrap();
    for suffix in ["", "-wal", "-shm"] {
        fs::remove_file(dir.path().join(format!("{DATABASE}{suffix}"))).unwrap();
    }
    store.submit(NOW, &[task(2)], WIDE).unwrap();
    assert_eq!(store.incidents(), [Incident::Replaced]);
    assert_eq!(foreigner.visit(), 1);
    // Only the database: its log is kept aside.
    fs::remove_file(dir.path().join(DATABASE)).unwrap();
    store.submit(NOW, &[task(3)], WIDE).unwrap();
    let incidents = store.incidents();
    assert!(
        matches!(incidents[2], Incident::MovedAside { .. }),
        "{incidents:?}"
    );
    assert_eq!(foreigner.visit(), 1);
    assert_eq!(store.task(&id(3)).unwrap(), Some(task(3).view));
}

#[test]
fn a_stopped_writer_makes_others_busy_after_five_seconds() {
    let dir = temp_dir();
    let store = store_in(dir.path());
    store.submit(NOW, &[task(1)], WIDE).unwrap();
    let (writer, told) = fork_with_pipe(|mut told| {
        let state = StateDir::open(dir.path(), Origin::Explicit).unwrap();
        let lock = WriteLock::open(&state, "write.lock").unwrap();
        let _held = lock.lock(Duration::from_secs(1)).unwrap().unwrap();
        let connection = Connection::open(dir.path().join(DATABASE)).unwrap();
        connection
            .execute_batch("BEGIN IMMEDIATE; UPDATE sequence SET value = value + 1000")
            .unwrap();
        writeln!(told, "inside").unwrap();
        common::process::stop_myself();
    });
    BufReader::new(told).lines().next().unwrap().unwrap();
    writer.await_stop();
    assert_eq!(store.writer(), Some(writer.pid()));
    let waiting = thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let began = Instant::now();
            (store.submit(NOW, &[task(2)], WIDE), began.elapsed())
        });
        // Meanwhile the process reads and forks.
        assert!(store.task(&id(1)).unwrap().is_some());
        assert_eq!(
            fork(|| assert!(store.task(&id(1)).unwrap().is_some())).wait(),
            0
        );
        assert!(!waiting.is_finished(), "neither waits for the writer");
        waiting.join().unwrap()
    });
    let (refused, took) = waiting;
    // What is told is how long it waited, which a loaded machine makes a little longer and never shorter.
    let Err(StoreError::Busy(told)) = refused else {
        panic!("{refused:?}")
    };
    assert!(told >= Duration::from_secs(5) && told <= took, "{told:?}");
    assert!(took < Duration::from_secs(30), "{took:?}");
    writer.kill();
    store.submit(NOW, &[task(3)], WIDE).unwrap();
    assert_eq!(store.writer(), None);
    assert_eq!(store.task(&id(2)).unwrap(), None);
}

#[test]
fn a_foreign_writer_is_waited_for() {
    let dir = temp_dir();
    let store = store_in(dir.path());
    let (foreign, told) = fork_with_pipe(|mut told| {
        let connection = Connection::open(dir.path().join(DATABASE)).unwrap();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        writeln!(told, "inside").unwrap();
        common::process::stop_myself();
        connection.execute_batch("COMMIT").unwrap();
    });
    BufReader::new(told).lines().next().unwrap().unwrap();
    foreign.await_stop();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| store.submit(NOW, &[task(1)], WIDE));
        // Until a try has begun and failed: our write lock is taken, and given back.
        let is_trying = || store.writer() == Some(std::process::id());
        while !is_trying() && !waiting.is_finished() {
            thread::yield_now();
        }
        while is_trying() {
            thread::yield_now();
        }
        assert_eq!(store.counts(&hub(1)).unwrap().by_status[0], 0);
        foreign.go_on();
        assert_eq!(waiting.join().unwrap().unwrap(), [id(1)]);
    });
    assert_eq!(foreign.wait(), 0);
}
