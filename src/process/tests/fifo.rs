//! The owner's FIFO between real processes.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::{
    fs,
    os::unix::fs::{FileTypeExt, MetadataExt},
    time::Duration,
};

use mj_process::fifo::{self, Fifo, Rung};

mod support;
use support::{Channel, Child, PATIENCE, hang, state_dir};

const NAME: &str = "ring-hub";

#[test]
fn nobody_without_an_owner() {
    let (_temporary, dir) = state_dir();
    assert_eq!(fifo::ring(&dir, NAME).unwrap(), Rung::Nobody);
    let owner = Fifo::serve(&dir, NAME).unwrap();
    assert!(fifo::is_served(&dir, NAME).unwrap());
    drop(owner);
    assert!(!dir.join(NAME).unwrap().exists());
    assert_eq!(fifo::ring(&dir, NAME).unwrap(), Rung::Nobody);
    assert!(fifo::ring(&dir, "../x").is_err());
}

#[test]
fn ring_reaches_the_owner_and_leaves_no_end_of_file() {
    let (_temporary, dir) = state_dir();
    let owner = Fifo::serve(&dir, NAME).unwrap();
    let metadata = fs::symlink_metadata(dir.join(NAME).unwrap()).unwrap();
    assert!(metadata.file_type().is_fifo());
    assert_eq!(metadata.mode() & 0o777, 0o600);
    assert_eq!(owner.drain().unwrap(), 0);
    let child = Child::run(|| {
        for _ in 0..3 {
            assert_eq!(fifo::ring(&dir, NAME).unwrap(), Rung::Heard);
        }
    });
    assert!(owner.wait(PATIENCE));
    assert!(child.succeeds_within(PATIENCE));
    assert_eq!(owner.drain().unwrap(), 3);
    assert!(
        !owner.wait(Duration::from_millis(20)),
        "readable without a ring: an event loop would spin"
    );
}

#[test]
fn killed_owner_is_nobody_although_its_child_lives() {
    let (_temporary, dir) = state_dir();
    let ready = Channel::new();
    let orphan = Channel::new();
    let mut owner = Child::run(|| {
        let _fifo = Fifo::serve(&dir, NAME).unwrap();
        let child = Child::run(|| {
            ready.tell();
            hang();
        });
        orphan.send(&child.pid.to_ne_bytes());
        hang();
    });
    ready.await_word();
    let orphan = i32::from_ne_bytes(orphan.receive());
    assert_eq!(fifo::ring(&dir, NAME).unwrap(), Rung::Heard);
    owner.signal(libc::SIGKILL);
    owner.wait();
    assert!(dir.join(NAME).unwrap().exists());
    assert_eq!(fifo::ring(&dir, NAME).unwrap(), Rung::Nobody);
    // SAFETY: the orphan is in `pause` and not ours to wait for.
    unsafe { libc::kill(orphan, libc::SIGKILL) };
    let successor = Fifo::serve(&dir, NAME).unwrap();
    assert_eq!(fifo::ring(&dir, NAME).unwrap(), Rung::Heard);
    assert_eq!(successor.drain().unwrap(), 1);
}

#[test]
fn rings_go_to_the_successor_of_a_stopped_owner() {
    let (_temporary, dir) = state_dir();
    let ready = Channel::new();
    let owner = Child::run(|| {
        let _fifo = Fifo::serve(&dir, NAME).unwrap();
        ready.tell();
        hang();
    });
    ready.await_word();
    owner.freeze();
    assert_eq!(fifo::ring(&dir, NAME).unwrap(), Rung::Heard);
    let successor = Fifo::serve(&dir, NAME).unwrap();
    assert_eq!(fifo::ring(&dir, NAME).unwrap(), Rung::Heard);
    assert_eq!(successor.drain().unwrap(), 1);
    let second = Fifo::serve(&dir, NAME).unwrap();
    assert!(!successor.is_named());
    drop(successor);
    assert!(second.is_named(), "a predecessor's end removes nothing");
}

#[test]
fn full_fifo_neither_blocks_nor_fails() {
    let (_temporary, dir) = state_dir();
    let owner = Fifo::serve(&dir, NAME).unwrap();
    for _ in 0..70_000 {
        assert_eq!(fifo::ring(&dir, NAME).unwrap(), Rung::Heard);
    }
    assert!(owner.drain().unwrap() >= 4096);
}

#[test]
fn regular_file_in_its_place_is_nobody() {
    let (_temporary, dir) = state_dir();
    drop(dir.create_file(NAME).unwrap());
    assert_eq!(fifo::ring(&dir, NAME).unwrap(), Rung::Nobody);
    let owner = Fifo::serve(&dir, NAME).unwrap();
    assert_eq!(fifo::ring(&dir, NAME).unwrap(), Rung::Heard);
    assert_eq!(owner.drain().unwrap(), 1);
}

#[test]
fn rings_leave_no_descriptor_behind() {
    let (_temporary, dir) = state_dir();
    let path = dir.join(NAME).unwrap();
    let kept = dir.join("kept").unwrap();
    let rings = |answer| {
        let open = || fs::read_dir("/proc/self/fd").unwrap().count();
        let before = open();
        for _ in 0..1_000 {
            assert_eq!(fifo::ring(&dir, NAME).unwrap(), answer);
        }
        assert_eq!(open(), before);
    };
    let stale = Fifo::serve(&dir, NAME).unwrap();
    // In children, so that other tests' descriptors are not counted.
    assert!(Child::run(|| rings(Rung::Heard)).succeeds_within(PATIENCE));
    fs::rename(&path, &kept).unwrap();
    drop(stale);
    fs::rename(&kept, &path).unwrap();
    assert!(Child::run(|| rings(Rung::Nobody)).succeeds_within(PATIENCE));
}
