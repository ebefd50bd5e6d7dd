//! Child processes of a test: forked, never run through exec, ended by `_exit`.
#![allow(dead_code, reason = "each test file uses a part")]

use std::{
    fs::File,
    io::{self, Write as _},
    os::fd::FromRawFd,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// How long a child may take before it is killed, in seconds.
const PATIENCE: u32 = 40;

/// A child that is killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Child(libc::pid_t);

/// Forks; the child does `work` and exits with 0, or with 1 when it panicked.
pub(crate) fn fork(work: impl FnOnce()) -> Child {
    io::stdout().flush().unwrap();
    // SAFETY: the child only runs `work`, in a thread that the test owns, and ends without unwinding into the harness.
    match unsafe { libc::fork() } {
        -1 => panic!("{}", io::Error::last_os_error()),
        0 => {
            // SAFETY: plain system calls.
            unsafe { libc::alarm(PATIENCE) };
            let failed = catch_unwind(AssertUnwindSafe(work)).is_err();
            // SAFETY: ends the process.
            unsafe { libc::_exit(i32::from(failed)) };
        }
        pid => Child(pid),
    }
}

/// Forks a child that can say something.
pub(crate) fn fork_with_pipe(work: impl FnOnce(File)) -> (Child, File) {
    let (read, write) = pipe();
    let child = fork(|| work(write.try_clone().unwrap()));
    (child, read)
}

/// The two ends of a pipe: to read, to write.
pub(crate) fn pipe() -> (File, File) {
    let mut ends = [0; 2];
    // SAFETY: `ends` has room for both descriptors, which are owned by the files made of them.
    unsafe {
        assert_eq!(libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC), 0);
        (File::from_raw_fd(ends[0]), File::from_raw_fd(ends[1]))
    }
}

/// Stops the calling process until somebody lets it go on.
pub(crate) fn stop_myself() {
    // SAFETY: a plain system call.
    unsafe { libc::raise(libc::SIGSTOP) };
}

impl Child {
    pub(crate) fn pid(&self) -> u32 {
        self.0.cast_unsigned()
    }

    /// Waits for its end; gives its exit code, or 128 and the signal.
    pub(crate) fn wait(self) -> i32 {
        let status = self.status(0);
        std::mem::forget(self);
        if libc::WIFEXITED(status) {
            libc::WEXITSTATUS(status)
        } else {
            128 + libc::WTERMSIG(status)
        }
    }

    pub(crate) fn kill(self) {
        drop(self);
    }

    /// Waits until it is stopped.
    pub(crate) fn await_stop(&self) {
        assert!(libc::WIFSTOPPED(self.status(libc::WUNTRACED)));
    }

    pub(crate) fn go_on(&self) {
        // SAFETY: a plain system call on our own child.
        unsafe { libc::kill(self.0, libc::SIGCONT) };
    }

    fn status(&self, options: i32) -> i32 {
        let mut status = 0;
        loop {
            // SAFETY: `status` is valid for the call.
            match unsafe { libc::waitpid(self.0, &raw mut status, options) } {
                -1 if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
                -1 => panic!("{}", io::Error::last_os_error()),
                _ => return status,
            }
        }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // SAFETY: a plain system call on our own child, which nobody has waited for.
        unsafe { libc::kill(self.0, libc::SIGKILL) };
        self.status(0);
    }
}
