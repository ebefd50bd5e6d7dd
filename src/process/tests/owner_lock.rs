//! Owner bytes and the heir's lock between real processes.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::time::Instant;

use mj_process::{HeirLock, Holder, Identity, OwnerLock, Watch, heir::TICK};

mod support;
use support::{Channel, Child, PATIENCE, eventually, hang, open_and_close, state_dir};

#[test]
fn two_candidates_one_leader() {
    let (_temporary, dir) = state_dir();
    let start = Channel::new();
    let answers = Channel::new();
    let done = Channel::new();
    let children: Vec<_> = (0..8)
        .map(|_| {
            Child::run(|| {
                let lock = OwnerLock::open(&dir, "hub").unwrap();
                start.await_word();
                let held = lock.try_lock(1).unwrap();
                answers.send(&[u8::from(held.is_some())]);
                done.await_word();
            })
        })
        .collect();
    start.send(&[1; 8]);
    let leaders: u8 = answers.receive::<8>().iter().sum();
    done.send(&[1; 8]);
    assert_eq!(leaders, 1);
    for child in children {
        assert!(child.succeeds_within(PATIENCE));
    }
}

#[test]
fn byte_names_its_holder_and_falls_with_sigkill() {
    let (_temporary, dir) = state_dir();
    let lock = OwnerLock::open(&dir, "hub").unwrap();
    let ready = Channel::new();
    let mut slowest = std::time::Duration::ZERO;
    for epoch in 1..=20 {
        let mut owner = Child::run(|| {
            let lock = OwnerLock::open(&dir, "hub").unwrap();
            let _held = lock.try_lock(epoch).unwrap().unwrap();
            ready.tell();
            hang();
        });
        ready.await_word();
        assert_eq!(lock.holder(epoch).unwrap(), Holder::Process(owner.pid));
        assert_eq!(lock.holder(epoch + 1).unwrap(), Holder::Free);
        assert!(lock.try_lock(epoch).unwrap().is_none());
        owner.signal(libc::SIGKILL);
        slowest = slowest.max(eventually("the byte is free", || {
            lock.holder(epoch).unwrap() == Holder::Free
        }));
        let held = lock.try_lock(epoch).unwrap().unwrap();
        assert_eq!(held.epoch(), epoch);
        assert_eq!(owner.wait(), -libc::SIGKILL);
    }
    println!("free at most {slowest:?} after SIGKILL");
}

#[test]
fn stopped_owner_still_holds() {
    let (_temporary, dir) = state_dir();
    let lock = OwnerLock::open(&dir, "hub").unwrap();
    let ready = Channel::new();
    let owner = Child::run(|| {
        let lock = OwnerLock::open(&dir, "hub").unwrap();
        let _held = lock.try_lock(7).unwrap().unwrap();
        ready.tell();
        hang();
    });
    ready.await_word();
    owner.freeze();
    assert_eq!(lock.holder(7).unwrap(), Holder::Process(owner.pid));
    assert!(lock.try_lock(7).unwrap().is_none());
    assert_eq!(Identity::of(owner.pid).unwrap().state(), Some('T'));
    assert!(lock.try_lock(8).unwrap().is_some());
}

#[test]
fn fork_inherits_nothing() {
    let (_temporary, dir) = state_dir();
    let ready = Channel::new();
    let go_on = Channel::new();
    let lock = OwnerLock::open(&dir, "hub").unwrap();
    let grandchild_pid = Channel::new();
    let mut owner = Child::run(|| {
        let held = lock.try_lock(3).unwrap().unwrap();
        let owner_pid = i32::try_from(std::process::id()).unwrap();
        let slot = std::sync::Mutex::new(Some(held));
        let grandchild = Child::run(|| {
            let held = slot.lock().unwrap().take().unwrap();
            assert!(!held.is_mine());
            assert!(!held.reassert().unwrap());
            assert_eq!(lock.holder(3).unwrap(), Holder::Process(owner_pid));
            assert!(lock.try_lock(3).unwrap().is_none());
            drop(held);
            ready.tell();
            go_on.await_word();
            hang();
        });
        grandchild_pid.send(&grandchild.pid.to_ne_bytes());
        hang();
    });
    let grandchild = i32::from_ne_bytes(grandchild_pid.receive());
    ready.await_word();
    assert_eq!(lock.holder(3).unwrap(), Holder::Process(owner.pid));
    owner.signal(libc::SIGKILL);
    owner.wait();
    assert_eq!(
        lock.holder(3).unwrap(),
        Holder::Free,
        "the owner's child lives on and holds nothing"
    );
    assert!(lock.try_lock(3).unwrap().is_some());
    // SAFETY: the orphan is not ours to wait for; it is in `pause`.
    unsafe { libc::kill(grandchild, libc::SIGKILL) };
}

#[test]
fn foreign_close_does_not_free_the_byte() {
    let (_temporary, dir) = state_dir();
    let path = dir.join("owner-hub.lock").unwrap();
    let ready = Channel::new();
    let repair = Channel::new();
    let owner = Child::run(|| {
        let lock = OwnerLock::open(&dir, "hub").unwrap();
        let held = lock.try_lock(5).unwrap().unwrap();
        open_and_close(&path);
        ready.tell();
        repair.await_word();
        assert!(held.reassert().unwrap());
        ready.tell();
        hang();
    });
    let lock = OwnerLock::open(&dir, "hub").unwrap();
    ready.await_word();
    assert_eq!(lock.holder(5).unwrap(), Holder::Unnamed);
    assert!(lock.try_lock(5).unwrap().is_none());
    repair.tell();
    ready.await_word();
    assert_eq!(lock.holder(5).unwrap(), Holder::Process(owner.pid));
}

#[test]
fn second_handle_of_the_process_is_no_second_owner() {
    let (_temporary, dir) = state_dir();
    let one = OwnerLock::open(&dir, "hub").unwrap();
    let two = OwnerLock::open(&dir, "hub").unwrap();
    let held = one.try_lock(1).unwrap().unwrap();
    assert!(two.try_lock(1).unwrap().is_none());
    drop(one);
    let child = Child::run(|| {
        let lock = OwnerLock::open(&dir, "hub").unwrap();
        assert!(lock.try_lock(1).unwrap().is_none());
    });
    assert!(child.succeeds_within(PATIENCE));
    held.release();
    assert!(two.try_lock(1).unwrap().is_some());
    assert!(two.try_lock(1 << 62).is_err());
}

#[test]
fn deleted_file_is_noticed() {
    let (_temporary, dir) = state_dir();
    let lock = OwnerLock::open(&dir, "hub").unwrap();
    let held = lock.try_lock(2).unwrap().unwrap();
    std::fs::remove_file(dir.join("owner-hub.lock").unwrap()).unwrap();
    assert!(!held.reassert().unwrap());
    let child = Child::run(|| {
        let other = OwnerLock::open(&dir, "hub").unwrap();
        let _held = other.try_lock(2).unwrap().unwrap();
    });
    assert!(child.succeeds_within(PATIENCE));
    assert!(lock.try_lock(2).unwrap().is_none(), "still held here");
    drop(held);
    let anew = lock.try_lock(2).unwrap().unwrap();
    assert!(anew.reassert().unwrap());
}

#[test]
fn one_heir_per_directory() {
    let (_temporary, dir) = state_dir();
    let ready = Channel::new();
    let mut heir = Child::run(|| {
        let lock = HeirLock::open(&dir).unwrap();
        let _heir = lock.try_take().unwrap().unwrap();
        ready.tell();
        hang();
    });
    let lock = HeirLock::open(&dir).unwrap();
    ready.await_word();
    assert!(lock.try_take().unwrap().is_none());
    let rounds = 100_000;
    let before = Instant::now();
    for _ in 0..rounds {
        assert!(lock.try_take().unwrap().is_none());
    }
    println!("taken heir lock: {:?} a try", before.elapsed() / rounds);
    heir.signal(libc::SIGKILL);
    heir.wait();
    let mine = lock.try_take().unwrap().unwrap();
    assert!(mine.is_mine() && mine.reassert().unwrap());
    assert!(lock.try_take().unwrap().is_none());
    drop(mine);
    assert!(lock.try_take().unwrap().is_some());
}

#[test]
fn watch_sees_the_owner_die() {
    let ready = Channel::new();
    let mut owner = Child::run(|| {
        ready.tell();
        hang();
    });
    ready.await_word();
    let identity = Identity::of(owner.pid).unwrap();
    let watch = Watch::open(&identity);
    assert!(!watch.is_gone());
    assert!(!watch.wait(std::time::Duration::from_millis(5)));
    owner.freeze();
    assert!(!watch.is_gone(), "a stopped process is not gone");
    let before = Instant::now();
    owner.signal(libc::SIGKILL);
    if watch.descriptor().is_some() {
        assert!(watch.wait(PATIENCE));
        println!("death seen after {:?}", before.elapsed());
        assert!(watch.is_gone());
        let again = Instant::now();
        assert!(watch.wait(PATIENCE));
        assert!(again.elapsed() >= TICK, "a loop around it must not spin");
    }
    owner.wait();
    assert!(identity.state().is_none());
    assert!(Watch::open(&identity).is_gone());
}
