//! Real children for the tests: forked, told what to do through pipes, ended by `_exit`.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file is a crate and uses a part"
)]
#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::new_without_default,
    clippy::unwrap_used,
    reason = "a failed step fails the test"
)]

use std::{
    io::{PipeReader, PipeWriter, Read, Write},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    time::{Duration, Instant},
};

use mj_process::{Origin, StateDir};
use tempfile::TempDir;

/// Longer than anything here takes on a loaded machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A forked child. Dropping it kills it.
#[derive(Debug)]
pub struct Child {
    pub pid: i32,
    ended: bool,
}

impl Child {
    /// Forks; the child runs `body` and exits with 0, or with 101 if it panics.
    pub fn run(body: impl FnOnce()) -> Self {
        Self::run_with_code(|| {
            body();
            0
        })
    }

    /// Forks; the child exits with what `body` returns.
    pub fn run_with_code(body: impl FnOnce() -> i32) -> Self {
        // SAFETY: the child runs only `body` and ends by `_exit`.
        let pid = unsafe { libc::fork() };
        assert!(pid >= 0, "fork failed");
        if pid == 0 {
            let code = catch_unwind(AssertUnwindSafe(body)).unwrap_or(101);
            // SAFETY: ends the process without running the parent's destructors.
            unsafe { libc::_exit(code) };
        }
        Self { pid, ended: false }
    }

    /// Waits for the end; the exit code, or minus the signal that ended it.
    pub fn wait(&mut self) -> i32 {
        let mut status = 0;
        // SAFETY: `status` is valid for writing.
        let answer = unsafe { libc::waitpid(self.pid, &raw mut status, 0) };
        assert_eq!(answer, self.pid);
        self.ended = true;
        if libc::WIFEXITED(status) {
            libc::WEXITSTATUS(status)
        } else {
            -libc::WTERMSIG(status)
        }
    }

    /// Waits for the end; false if the child still runs after `limit` (it is then killed).
    pub fn succeeds_within(mut self, limit: Duration) -> bool {
        let pidfd = mj_process::Watch::open(&mj_process::Identity::of(self.pid).expect("a child"));
        let ended = pidfd.wait(limit);
        ended && self.wait() == 0
    }

    pub fn signal(&self, signal: i32) {
        // SAFETY: a child of ours that was not waited for.
        assert_eq!(unsafe { libc::kill(self.pid, signal) }, 0);
    }

    /// Stops the child and waits until it is stopped.
    pub fn freeze(&self) {
        self.signal(libc::SIGSTOP);
        let mut status = 0;
        // SAFETY: `status` is valid for writing.
        let answer = unsafe { libc::waitpid(self.pid, &raw mut status, libc::WUNTRACED) };
        assert_eq!(answer, self.pid);
        assert!(libc::WIFSTOPPED(status));
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if !self.ended {
            // SAFETY: a child of ours that was not waited for.
            unsafe {
                libc::kill(self.pid, libc::SIGKILL);
                libc::waitpid(self.pid, std::ptr::null_mut(), 0);
            }
        }
    }
}

/// A word from one process to another: both ends exist on both sides of a fork.
#[derive(Debug)]
pub struct Channel {
    reader: PipeReader,
    writer: PipeWriter,
}

impl Channel {
    pub fn new() -> Self {
        let (reader, writer) = std::io::pipe().unwrap();
        Self { reader, writer }
    }

    pub fn tell(&self) {
        self.send(&[1]);
    }

    pub fn await_word(&self) {
        self.receive::<1>();
    }

    pub fn send(&self, bytes: &[u8]) {
        (&self.writer).write_all(bytes).unwrap();
    }

    pub fn receive<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (&self.reader).read_exact(&mut bytes).unwrap();
        bytes
    }
}

/// Sleeps until a signal ends the child.
pub fn hang() -> ! {
    loop {
        // SAFETY: no arguments.
        unsafe { libc::pause() };
    }
}

/// A fresh state directory.
pub fn state_dir() -> (TempDir, StateDir) {
    let temporary = TempDir::new().unwrap();
    let dir = StateDir::open(temporary.path().join("state"), Origin::Explicit).unwrap();
    (temporary, dir)
}

/// Tries until it holds; how long that took.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) -> Duration {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "{what} did not come true");
        std::thread::yield_now();
    }
    started.elapsed()
}

/// Opens the file and closes it, as foreign code of the process would.
pub fn open_and_close(path: &Path) {
    drop(std::fs::File::open(path).unwrap());
}

/// Whether a child can run `body` where every system call but its end is its death.
pub fn without_system_calls(body: impl FnOnce()) -> bool {
    let mut child = Child::run(|| {
        // SAFETY: plain system calls; the last one ends the process, in the one way that is allowed there.
        unsafe {
            assert_eq!(
                libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_STRICT),
                0
            );
            body();
            libc::syscall(libc::SYS_exit, 0);
        }
    });
    match child.wait() {
        0 => true,
        code => {
            assert_eq!(code, -libc::SIGKILL);
            false
        }
    }
}
