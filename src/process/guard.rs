//! Guard descriptors and the write lock: what keeps a database sound when foreign code of the same
//! process opens and closes its files.
//!
//! POSIX locks, which `SQLite` uses, belong to the process and vanish when any of its code closes any
//! descriptor of the file. OFD locks belong to the open file and stay, so other processes still see the
//! database as in use.

use std::{
    fs::OpenOptions,
    io,
    os::{
        fd::{AsFd, AsRawFd},
        unix::fs::{MetadataExt, OpenOptionsExt},
    },
    path::Path,
    thread,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use thiserror::Error;

use crate::{
    byte_lock::{self, LockError},
    descriptor::Descriptor,
    directory::{DirectoryError, StateDir},
    fork::{ForkLocal, Generation},
    futex::WordLock,
};

/// First pause between two tries for a lock that another process has.
const FIRST_PAUSE: Duration = Duration::from_micros(50);
/// Longest pause between two tries: a write transaction takes about 0.1 ms, and a longer pause leaves
/// the lock idle while everybody sleeps.
const LONGEST_PAUSE: Duration = Duration::from_micros(500);

/// A range of bytes that `SQLite` locks (its file `os_unix.c` and "WAL-mode file format").
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Range {
    /// Offset of the first byte.
    pub start: u64,
    /// Number of bytes.
    pub length: u64,
}

/// The SHARED range of a database file.
pub const DATABASE_SHARED: Range = Range {
    start: 0x4000_0002,
    length: 510,
};

/// The "dead man's switch" of a `-shm` file: whoever can lock it alone may truncate the file.
pub const SHM_IN_USE: Range = Range {
    start: 128,
    length: 1,
};

/// A guard lock that could not be had.
#[derive(Debug, Error)]
pub enum GuardError {
    /// Another process has the range for itself, for longer than the wait.
    #[error("the range is locked by another process")]
    Busy,
    /// The system's answer. `EINVAL`: the kernel has no OFD locks (before 3.15).
    #[error("the range cannot be locked")]
    System(#[from] io::Error),
}

/// A second descriptor of a database file, with an OFD read lock on it.
///
/// **Closing it releases every POSIX lock that this process has on the file**, so it is dropped after
/// the last `SQLite` connection of the process is closed, also when locking it did not work. It is
/// closed by itself in a forked child, where the connections were closed before the fork.
#[derive(Debug)]
pub struct Guard(Descriptor);

impl Guard {
    /// Opens the file for reading; it must exist.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn open(path: &Path) -> io::Result<Self> {
        Descriptor::open_with(|| {
            OpenOptions::new()
                .read(true)
                .custom_flags(libc::O_NOFOLLOW | libc::O_NOCTTY)
                .open(path)
        })
        .map(Self)
    }

    /// Takes the read lock, waiting at most `wait` for a process that has the range alone.
    ///
    /// # Errors
    ///
    /// [`GuardError`]; the descriptor stays open.
    pub fn lock(&self, range: Range, wait: Duration) -> Result<(), GuardError> {
        if cfg!(mj_mutation = "guard_descriptors") {
            return Ok(());
        }
        let taken = retry(wait, || {
            byte_lock::set_lock(
                self.0.as_fd(),
                libc::F_OFD_SETLK,
                libc::F_RDLCK,
                range.start,
                range.length,
            )
        })?;
        if taken { Ok(()) } else { Err(GuardError::Busy) }
    }

    /// Opens and locks without waiting. For a file on which this process has no POSIX lock: when the
    /// lock cannot be had, the descriptor is closed.
    ///
    /// # Errors
    ///
    /// [`GuardError`].
    pub fn take(path: &Path, range: Range) -> Result<Self, GuardError> {
        let guard = Self::open(path)?;
        guard.lock(range, Duration::ZERO)?;
        Ok(guard)
    }

    /// Number of names of the open file: 0 when it was deleted, 1 when all is well.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn nlink(&self) -> io::Result<u64> {
        nlink(self.0.as_fd())
    }

    /// The open file, for fdatasync(2) and fstat(2).
    pub fn descriptor(&self) -> &Descriptor {
        &self.0
    }
}

/// Number of names of an open file.
///
/// # Errors
///
/// The system's.
pub fn nlink(file: impl AsFd) -> io::Result<u64> {
    let mut answer = std::mem::MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the descriptor is open for the length of the borrow; the kernel fills the structure when
    // it answers 0.
    let answer = unsafe {
        if libc::fstat(file.as_fd().as_raw_fd(), answer.as_mut_ptr()) != 0 {
            return Err(io::Error::last_os_error());
        }
        answer.assume_init()
    };
    #[allow(
        clippy::useless_conversion,
        reason = "the field has 32 bits on arm64 and 64 on x86-64"
    )]
    Ok(u64::from(answer.st_nlink))
}

/// `write.lock`: one writer at a time among all processes of a state directory, by flock(2).
#[derive(Debug)]
pub struct WriteLock {
    dir: StateDir,
    name: String,
    open: ForkLocal<Open>,
}

#[derive(Debug)]
struct Open {
    /// Orders the threads of this process, which share one open file.
    threads: WordLock,
    /// Replaced, under `threads`, when somebody deleted the file.
    file: Mutex<Descriptor>,
}

impl WriteLock {
    /// Opens a lock file; makes it if it is missing.
    ///
    /// # Errors
    ///
    /// [`DirectoryError`].
    pub fn open(dir: &StateDir, name: &str) -> Result<Self, DirectoryError> {
        let lock = Self {
            dir: dir.clone(),
            name: name.to_owned(),
            open: ForkLocal::new(),
        };
        lock.current()?;
        Ok(lock)
    }

    /// Takes the lock, waiting at most `timeout`; `None` when the time is over. To be taken *before* the
    /// fork gate is entered: a fork waits for the gate, and the lock's holder needs it.
    ///
    /// # Errors
    ///
    /// [`LockError`].
    pub fn lock(&self, timeout: Duration) -> Result<Option<WriteGuard<'_>>, LockError> {
        let deadline = Instant::now() + timeout;
        let open = self.current()?;
        if !open.threads.lock(Some(timeout)) {
            return Ok(None);
        }
        let guard = WriteGuard {
            open,
            generation: crate::fork::generation(),
        };
        loop {
            let mut file = open.file.lock();
            let left = deadline.saturating_duration_since(Instant::now());
            let taken = retry(left, || try_flock(&file)).map_err(|source| self.refused(source))?;
            if !taken {
                drop(file);
                return Ok(None);
            }
            if file.metadata().is_ok_and(|m| m.nlink() > 0) {
                drop(file);
                return Ok(Some(guard));
            }
            *file = self.dir.open_descriptor(&self.name)?;
        }
    }

    fn current(&self) -> Result<&Open, DirectoryError> {
        self.open.get_or_try_init(|| {
            Ok(Open {
                threads: WordLock::new(),
                file: Mutex::new(self.dir.open_descriptor(&self.name)?),
            })
        })
    }

    fn refused(&self, source: io::Error) -> LockError {
        LockError::Refused {
            path: self.dir.path().join(&self.name),
            source,
        }
    }
}

/// Holding the write lock; dropping it releases it. In a forked child dropping it does nothing.
#[derive(Debug)]
#[must_use = "the lock is released when the guard is dropped"]
pub struct WriteGuard<'a> {
    open: &'a Open,
    generation: Generation,
}

impl Drop for WriteGuard<'_> {
    fn drop(&mut self) {
        if self.generation.is_current() {
            let file = self.open.file.lock();
            // SAFETY: a plain system call on an open descriptor.
            unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_UN) };
            drop(file);
            self.open.threads.unlock();
        }
    }
}

fn try_flock(file: &Descriptor) -> io::Result<bool> {
    if cfg!(mj_mutation = "write_lock") {
        return Ok(true);
    }
    // SAFETY: a plain system call on an open descriptor.
    if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } == 0 {
        return Ok(true);
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::EWOULDBLOCK | libc::EINTR) => Ok(false),
        _ => Err(error),
    }
}

/// Tries until it works or the time is over, with growing pauses.
fn retry(limit: Duration, mut attempt: impl FnMut() -> io::Result<bool>) -> io::Result<bool> {
    let started = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        if attempt()? {
            return Ok(true);
        }
        let left = limit.saturating_sub(started.elapsed());
        if left.is_zero() {
            return Ok(false);
        }
        thread::sleep(pause.min(left));
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
