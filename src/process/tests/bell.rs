//! The bell between real processes.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::{
    collections::HashSet,
    fs,
    os::unix::fs::MetadataExt,
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use mj_process::{
    Bell,
    bell::{LONGEST_SLICE, Wake},
};

mod support;
use support::{Channel, Child, PATIENCE, eventually, state_dir, without_system_calls};

#[test]
fn ring_wakes_another_process() {
    let (_temporary, dir) = state_dir();
    let rounds = 2_000;
    let slices = AtomicU32::new(0);
    let here = Bell::open(&dir);
    let there = Bell::open(&dir);
    let start = there.word();
    // Two processes that ring each other in turn: the parent on even changes, the child on odd ones.
    let child = Child::run(|| {
        let bell = Bell::open(&dir);
        for round in 0..rounds {
            await_word(&bell, start.wrapping_add(2 * round + 1), &slices);
            bell.ring();
        }
    });
    let mut times: Vec<Duration> = (0..rounds)
        .map(|round| {
            let before = Instant::now();
            here.ring();
            await_word(&here, start.wrapping_add(2 * round + 2), &slices);
            before.elapsed()
        })
        .collect();
    assert!(child.succeeds_within(PATIENCE));
    assert_eq!(here.changes(), u64::from(2 * rounds));
    times.sort_unstable();
    println!(
        "there and back: p50 {:?}, p99 {:?}",
        times[times.len() / 2],
        times[times.len() * 99 / 100]
    );
}

/// Waits for a ring. A slice that ends without one is looked behind and proves nothing: few may, on a loaded machine.
fn await_word(bell: &Bell, target: u32, slices: &AtomicU32) {
    loop {
        let seen = bell.word();
        if seen == target {
            return;
        }
        if bell.wait(seen, LONGEST_SLICE) == Wake::TimedOut {
            let ended = slices.fetch_add(1, Ordering::Relaxed);
            assert!(ended < 200, "nobody is woken");
        }
    }
}

#[test]
fn wait_ends_with_its_slice() {
    let (_temporary, dir) = state_dir();
    let bell = Bell::open(&dir);
    let before = Instant::now();
    assert_eq!(
        bell.wait(bell.word(), Duration::from_secs(60)),
        Wake::TimedOut
    );
    assert!(before.elapsed() >= LONGEST_SLICE);
    let seen = bell.word();
    bell.ring();
    assert_eq!(bell.wait(seen, Duration::from_secs(60)), Wake::Rung);
}

#[test]
fn bump_is_seen_in_another_process() {
    let (_temporary, dir) = state_dir();
    let bell = Bell::open(&dir);
    let (task, other) = (0xDEAD_BEEF, 0xDEAD_BEF0);
    let before = bell.slot(task).unwrap();
    let untouched = bell.slot(other).unwrap();
    assert_eq!(bell.slot(task), Some(before));
    let child = Child::run(|| Bell::open(&dir).bump(task));
    assert!(child.succeeds_within(PATIENCE));
    assert_ne!(bell.slot(task), Some(before));
    assert_eq!(bell.slot(other), Some(untouched));
}

#[test]
fn child_of_a_fork_hears_through_the_inherited_mapping() {
    let (_temporary, dir) = state_dir();
    let bell = Bell::open(&dir);
    let before = bell.slot(1);
    let seen = bell.word();
    let child = Child::run(|| {
        bell.bump(1);
        bell.ring();
    });
    assert!(child.succeeds_within(PATIENCE));
    assert_eq!(bell.wait(seen, PATIENCE), Wake::Rung);
    assert_ne!(bell.slot(1), before);
}

#[test]
fn processes_that_open_at_once_get_one_file() {
    let (_temporary, dir) = state_dir();
    let path = dir.join("bell").unwrap();
    for _ in 0..20 {
        let start = Channel::new();
        let answers = Channel::new();
        let done = Channel::new();
        let children: Vec<_> = (0..8)
            .map(|_| {
                Child::run(|| {
                    start.await_word();
                    let bell = Bell::open(&dir);
                    assert!(bell.is_mapped());
                    bell.bump(9);
                    answers.send(&mapped_inode().to_ne_bytes());
                    done.await_word();
                })
            })
            .collect();
        start.send(&[1; 8]);
        let inodes: HashSet<u64> = (0..8)
            .map(|_| u64::from_ne_bytes(answers.receive()))
            .collect();
        done.send(&[1; 8]);
        assert_eq!(inodes.len(), 1);
        for child in children {
            assert!(child.succeeds_within(PATIENCE));
        }
        let metadata = fs::metadata(&path).unwrap();
        assert!(inodes.contains(&metadata.ino()));
        assert_eq!(metadata.mode() & 0o777, 0o600);
        assert_eq!(metadata.nlink(), 1);
        assert!(
            metadata.blocks() * 512 >= metadata.len(),
            "all blocks exist"
        );
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no leftovers");
        fs::remove_file(&path).unwrap();
    }
}

/// The inode of the mapping, as the kernel shows it.
fn mapped_inode() -> u64 {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let line = maps.lines().find(|line| line.ends_with("/bell")).unwrap();
    line.split_ascii_whitespace()
        .nth(4)
        .unwrap()
        .parse()
        .unwrap()
}

#[test]
fn long_wait_sleeps_until_it_is_rung_or_roused() {
    let (_temporary, dir) = state_dir();
    let bell = Bell::open(&dir);
    let seen = bell.word();
    let long = 3 * LONGEST_SLICE;
    let before = Instant::now();
    while before.elapsed() < long {
        bell.wait_long(seen, long.saturating_sub(before.elapsed()));
    }
    assert_eq!(bell.word(), seen);
    let other = Bell::open(&dir);
    let changes = bell.changes();
    thread::scope(|scope| {
        scope.spawn(|| other.rouse());
        assert_eq!(bell.wait_long(seen, PATIENCE), Wake::Rung);
    });
    // Who looks only afterwards does not sleep either.
    assert_eq!(bell.wait_long(seen, PATIENCE), Wake::Rung);
    assert_eq!(bell.changes(), changes, "nothing has changed");
    let seen = bell.word();
    thread::scope(|scope| {
        scope.spawn(|| other.ring());
        assert_eq!(bell.wait_long(seen, PATIENCE), Wake::Rung);
    });
}

#[test]
fn deleted_file_is_replaced_on_occasion() {
    let (_temporary, dir) = state_dir();
    let path = dir.join("bell").unwrap();
    let bell = Bell::open(&dir);
    let other = Bell::open(&dir);
    let before = bell.slot(4).unwrap();
    fs::remove_file(&path).unwrap();
    other.ring();
    eventually("a new file", || {
        bell.wait(bell.word(), LONGEST_SLICE);
        path.exists()
    });
    assert_ne!(bell.slot(4), Some(before), "a new mapping proves nothing");
    eventually("both have the new one", || {
        let before = bell.changes();
        other.ring();
        bell.changes() > before
    });
}

#[test]
fn broken_file_is_replaced() {
    let (_temporary, dir) = state_dir();
    let path = dir.join("bell").unwrap();
    for content in [vec![], b"short".to_vec(), vec![7; 20_480], vec![0; 40_000]] {
        fs::write(&path, &content).unwrap();
        let bell = Bell::open(&dir);
        assert!(bell.is_mapped());
        assert_eq!(fs::metadata(&path).unwrap().len(), 20_480);
        let child = Child::run(|| Bell::open(&dir).bump(3));
        let before = bell.slot(3);
        assert!(child.succeeds_within(PATIENCE));
        assert!(before.is_some());
        drop(bell);
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn bell_that_cannot_be_mapped_is_mute() {
    let (_temporary, dir) = state_dir();
    fs::create_dir(dir.join("bell").unwrap()).unwrap();
    let bell = Bell::open(&dir);
    assert!(!bell.is_mapped());
    assert_eq!(bell.slot(1), None);
    bell.ring();
    bell.bump(1);
    let before = Instant::now();
    assert_eq!(bell.wait(bell.word(), PATIENCE), Wake::TimedOut);
    assert!(before.elapsed() < PATIENCE);
}

#[test]
fn unchanged_slot_costs_no_system_call() {
    let (_temporary, dir) = state_dir();
    let bell = Bell::open(&dir);
    let look = || {
        // The file's name is looked at now and then: not in what follows.
        assert!(bell.slot(0).is_some());
        without_system_calls(|| {
            for hash in 0..1_000 {
                std::hint::black_box(bell.slot(hash));
            }
        })
    };
    // Unless the time for that look comes meanwhile, which one child or another is quick enough to avoid.
    assert!((0..50).any(|_| look()));
    assert!(!without_system_calls(|| bell.ring()), "a ring wakes");
}
