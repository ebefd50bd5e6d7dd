//! Threads of ours: masked, silent when they panic, stopped within a bound.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::{
    fs,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use mj_process::{PanicReport, Worker, signals};

mod support;
use support::{Child, PATIENCE};

fn quiet(report: PanicReport) {
    drop(report);
}

/// The blocked signals of the calling thread; bit n-1 is signal n.
fn blocked() -> u64 {
    // SAFETY: no arguments.
    let tid = unsafe { libc::gettid() };
    let status = fs::read_to_string(format!("/proc/self/task/{tid}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|l| l.strip_prefix("SigBlk:"))
        .unwrap();
    u64::from_str_radix(line.trim(), 16).unwrap()
}

fn bit(signal: i32) -> u64 {
    1 << (signal - 1)
}

fn assert_masked(mask: u64) {
    let faults = [
        libc::SIGSEGV,
        libc::SIGBUS,
        libc::SIGFPE,
        libc::SIGILL,
        libc::SIGABRT,
        libc::SIGTRAP,
    ];
    for signal in 1..=64 {
        // SIGKILL and SIGSTOP cannot be blocked; 32 and 33 belong to the C library.
        let exempt =
            faults.contains(&signal) || [libc::SIGKILL, libc::SIGSTOP, 32, 33].contains(&signal);
        assert_eq!(mask & bit(signal) != 0, !exempt, "signal {signal}");
    }
}

#[test]
fn worker_blocks_all_but_faults() {
    let before = blocked();
    let (sender, receiver) = mpsc::channel();
    let worker = Worker::spawn("mj-engine", quiet, move |_stop| {
        let name = fs::read_to_string("/proc/thread-self/comm").unwrap();
        let inner = sender.clone();
        sender.send((blocked(), name)).unwrap();
        thread::spawn(move || inner.send((blocked(), String::new())).unwrap())
            .join()
            .unwrap();
    })
    .unwrap();
    let (mask, name) = receiver.recv_timeout(PATIENCE).unwrap();
    assert_masked(mask);
    assert_eq!(name.trim(), "mj-engine");
    let (inherited, _) = receiver.recv_timeout(PATIENCE).unwrap();
    assert_masked(inherited);
    assert!(worker.stop(PATIENCE));
    assert_eq!(blocked(), before, "the creating thread has its mask back");
}

#[test]
fn adopted_thread_is_masked() {
    thread::spawn(|| {
        signals::adopt_thread().unwrap();
        assert_masked(blocked());
    })
    .join()
    .unwrap();
}

#[test]
fn panic_is_reported_and_goes_no_further() {
    let (sender, receiver) = mpsc::channel();
    let worker = Worker::spawn(
        "mj-panics",
        move |report| sender.send(report).unwrap(),
        |_stop| panic!("number {}", 7),
    )
    .unwrap();
    let report = receiver.recv_timeout(PATIENCE).unwrap();
    assert_eq!(report.thread, "mj-panics");
    assert_eq!(report.message, "number 7");
    assert!(report.location.contains("signals.rs"));
    assert!(worker.stop(PATIENCE));
    assert!(worker.is_finished());
}

#[test]
fn stop_wakes_a_waiting_worker() {
    let (sender, receiver) = mpsc::channel();
    let worker = Worker::spawn("mj-waits", quiet, move |stop| {
        let inner = sender.clone();
        stop.on_request(move || inner.send("woken").unwrap());
        assert!(stop.wait(PATIENCE));
        sender.send("ended").unwrap();
    })
    .unwrap();
    assert!(!worker.is_finished());
    assert!(worker.stop(PATIENCE));
    let mut said: Vec<_> = receiver.iter().collect();
    said.sort_unstable();
    assert_eq!(said, ["ended", "woken"]);
    assert!(
        worker.stop(Duration::ZERO),
        "again, after the thread was reaped"
    );
}

#[test]
fn stop_of_a_deaf_worker_is_bounded() {
    let (release, released) = mpsc::channel::<()>();
    let worker = Worker::spawn("mj-deaf", quiet, move |_stop| {
        let _ = released.recv();
    })
    .unwrap();
    let before = Instant::now();
    assert!(!worker.stop(Duration::from_millis(30)));
    assert!(before.elapsed() < PATIENCE);
    release.send(()).unwrap();
    assert!(worker.stop(PATIENCE));
}

#[test]
fn worker_is_not_in_the_child_of_a_fork() {
    let worker = Worker::spawn("mj-parents", quiet, |stop| {
        stop.wait(PATIENCE);
    })
    .unwrap();
    let slot = std::sync::Mutex::new(Some(worker));
    let child = Child::run(|| {
        let worker = slot.lock().unwrap().take().unwrap();
        assert!(worker.is_finished());
        assert!(worker.stop(PATIENCE));
        drop(worker);
    });
    assert!(child.succeeds_within(PATIENCE));
    let worker = slot.lock().unwrap().take().unwrap();
    assert!(!worker.is_finished());
    assert!(worker.stop(PATIENCE));
}
