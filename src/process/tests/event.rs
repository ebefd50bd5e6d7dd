//! Events on both sides of a fork.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::{
    fs,
    os::fd::{AsRawFd, RawFd},
    thread,
};

use mj_process::{Event, Taken};

mod support;
use support::{Child, PATIENCE};

/// Whether `poll(2)` calls it readable, at once.
fn is_readable(raw: RawFd) -> bool {
    wait_readable(raw, 0)
}

fn wait_readable(raw: RawFd, milliseconds: i32) -> bool {
    let mut entry = libc::pollfd {
        fd: raw,
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: one valid entry.
    let count = unsafe { libc::poll(&raw mut entry, 1, milliseconds) };
    count == 1 && entry.revents == libc::POLLIN
}

fn open_descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

#[test]
fn many_raises_are_one() {
    let event = Event::new().unwrap();
    assert!(!is_readable(event.as_raw_fd()));
    assert_eq!(event.take(), Taken::Nothing);
    for _ in 0..100_000 {
        event.raise();
    }
    assert!(is_readable(event.as_raw_fd()));
    assert_eq!(event.take(), Taken::Raised);
    assert_eq!(event.take(), Taken::Nothing);
    assert!(!is_readable(event.as_raw_fd()));
}

#[test]
fn another_thread_wakes_poll() {
    let event = Event::new().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| event.raise());
        assert!(wait_readable(event.as_raw_fd(), 20_000));
    });
}

#[test]
fn child_is_told_once_and_takes_nothing_from_its_parent() {
    let event = Event::new().unwrap();
    let silent = Event::new().unwrap();
    event.raise();
    let child = Child::run(|| {
        for inherited in [&event, &silent] {
            assert!(is_readable(inherited.as_raw_fd()), "it must look");
            assert!(!inherited.is_current());
            assert_eq!(inherited.take(), Taken::Inherited);
            assert!(!is_readable(inherited.as_raw_fd()), "once is enough");
            inherited.raise();
            assert!(!is_readable(inherited.as_raw_fd()));
        }
        let grandchild = Child::run(|| {
            assert!(is_readable(event.as_raw_fd()));
            assert_eq!(event.take(), Taken::Inherited);
        });
        assert!(grandchild.succeeds_within(PATIENCE));
        let own = Event::new().unwrap();
        own.raise();
        assert_eq!(own.take(), Taken::Raised);
    });
    assert!(child.succeeds_within(PATIENCE));
    assert_eq!(event.take(), Taken::Raised);
    assert!(!is_readable(silent.as_raw_fd()));
}

#[test]
fn number_of_a_closed_event_is_left_alone_by_forks() {
    let event = Event::new().unwrap();
    let raw = event.as_raw_fd();
    drop(event);
    let file = fs::File::open("/dev/null").unwrap();
    let child = Child::run(|| {
        assert_eq!(file.as_raw_fd(), raw);
        let target = fs::read_link(format!("/proc/self/fd/{raw}")).unwrap();
        assert_eq!(target.to_str(), Some("/dev/null"));
    });
    assert!(child.succeeds_within(PATIENCE));
}

#[test]
fn child_closes_what_it_inherited() {
    let event = Event::new().unwrap();
    let child = Child::run(move || {
        let before = open_descriptors();
        drop(event);
        assert_eq!(open_descriptors(), before - 1);
    });
    assert!(child.succeeds_within(PATIENCE));
}

#[test]
fn a_program_that_is_started_does_not_get_it() {
    let event = Event::new().unwrap();
    // What a fork renews must be close-on-exec as well.
    let look = format!("test ! -e /proc/self/fd/{}", event.as_raw_fd());
    let run = || {
        std::process::Command::new("sh")
            .args(["-c", &look])
            .status()
            .unwrap()
            .success()
    };
    assert!(run());
    let child = Child::run(|| assert!(run()));
    assert!(child.succeeds_within(PATIENCE));
}

#[test]
fn without_descriptors_it_is_an_error_and_nothing_breaks() {
    let child = Child::run(|| {
        let event = Event::new().unwrap();
        let none = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        // SAFETY: a valid limit.
        let answer = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const none) };
        assert_eq!(answer, 0);
        let error = Event::new().unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
        event.raise();
        let mut grandchild = Child::run(|| assert_eq!(event.take(), Taken::Inherited));
        assert_eq!(grandchild.wait(), 0);
        assert_eq!(event.take(), Taken::Raised);
    });
    assert!(child.succeeds_within(PATIENCE));
}
