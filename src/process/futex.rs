//! Waiting in the kernel: the futex, a lock made of it whose whole state is one word, and poll.
//!
//! A lock of one word can be held across a fork and set free in the child by one store; locks with a
//! waiting list elsewhere in memory (`parking_lot`'s is process-wide) cannot.

use std::{
    os::fd::RawFd,
    ptr,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

const FREE: u32 = 0;
const HELD: u32 = 1;
const CONTENDED: u32 = 2;

/// Who can see a futex word.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Scope {
    /// Threads of this process.
    Private,
    /// Every process that maps the word.
    Shared,
}

impl Scope {
    fn flag(self) -> libc::c_int {
        match self {
            Self::Private => libc::FUTEX_PRIVATE_FLAG,
            Self::Shared => 0,
        }
    }
}

/// Why [`wait`] returned.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Waited {
    /// Somebody woke us, or the word was already different. Possibly spurious.
    Woken,
    /// The time is over.
    TimedOut,
    /// A signal handler ran in this thread.
    Interrupted,
}

/// Sleeps while `word` is `expected`, at most `timeout` by the monotonic clock.
pub(crate) fn wait(
    word: &AtomicU32,
    expected: u32,
    timeout: Option<Duration>,
    scope: Scope,
) -> Waited {
    let limit = timeout.map(timespec);
    let limit_at = limit.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: `word` and `limit` outlive the call; FUTEX_WAIT only reads both.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAIT | scope.flag(),
            expected,
            limit_at,
            ptr::null::<u32>(),
            0,
        )
    };
    if answer == 0 {
        return Waited::Woken;
    }
    match errno() {
        libc::ETIMEDOUT => Waited::TimedOut,
        libc::EINTR => Waited::Interrupted,
        _ => Waited::Woken,
    }
}

/// Wakes at most `count` waiters of `word`.
pub(crate) fn wake(word: &AtomicU32, count: i32, scope: Scope) {
    // SAFETY: FUTEX_WAKE uses the address as a key and touches no memory.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAKE | scope.flag(),
            count,
        );
    }
}

/// A word that threads change and sleep on. There is one beside the kernel's: the model with which the tests try every
/// order of steps.
pub(crate) trait Word {
    /// As [`AtomicU32::load`].
    fn load(&self, order: Ordering) -> u32;
    /// As [`AtomicU32::store`].
    fn store(&self, value: u32, order: Ordering);
    /// As [`AtomicU32::swap`].
    fn swap(&self, value: u32, order: Ordering) -> u32;
    /// As [`AtomicU32::fetch_add`].
    fn fetch_add(&self, value: u32, order: Ordering) -> u32;
    /// Whether it was `from` and is `to` now.
    fn exchange(&self, from: u32, to: u32, done: Ordering) -> bool;
    /// As the function [`wait`].
    fn wait(&self, expected: u32, timeout: Option<Duration>, scope: Scope) -> Waited;
    /// As the function [`wake`].
    fn wake(&self, count: i32, scope: Scope);
}

impl Word for AtomicU32 {
    fn load(&self, order: Ordering) -> u32 {
        self.load(order)
    }

    fn store(&self, value: u32, order: Ordering) {
        self.store(value, order);
    }

    fn swap(&self, value: u32, order: Ordering) -> u32 {
        self.swap(value, order)
    }

    fn fetch_add(&self, value: u32, order: Ordering) -> u32 {
        self.fetch_add(value, order)
    }

    fn exchange(&self, from: u32, to: u32, done: Ordering) -> bool {
        self.compare_exchange(from, to, done, Ordering::Relaxed)
            .is_ok()
    }

    fn wait(&self, expected: u32, timeout: Option<Duration>, scope: Scope) -> Waited {
        wait(self, expected, timeout, scope)
    }

    fn wake(&self, count: i32, scope: Scope) {
        wake(self, count, scope);
    }
}

/// A lock of one word.
#[derive(Debug)]
pub(crate) struct WordLock<W = AtomicU32>(W);

impl WordLock {
    /// A free lock.
    pub(crate) const fn new() -> Self {
        Self(AtomicU32::new(FREE))
    }
}

impl<W: Word> WordLock<W> {
    /// A lock made of a word as it is; 0 is free.
    #[cfg(test)]
    pub(crate) fn of(word: W) -> Self {
        Self(word)
    }

    /// The word.
    #[cfg(test)]
    pub(crate) fn word(&self) -> &W {
        &self.0
    }

    /// Takes the lock if it is free.
    pub(crate) fn try_lock(&self) -> bool {
        self.0.exchange(FREE, HELD, Ordering::Acquire)
    }

    /// Takes the lock, waiting at most `timeout` (without one: for ever). Whether it was taken.
    pub(crate) fn lock(&self, timeout: Option<Duration>) -> bool {
        if self.try_lock() {
            return true;
        }
        let deadline = timeout.and_then(|t| Instant::now().checked_add(t));
        loop {
            if self.0.swap(CONTENDED, Ordering::Acquire) == FREE {
                return true;
            }
            let left = deadline.map(|d| d.saturating_duration_since(Instant::now()));
            if left.is_some_and(|l| l.is_zero()) {
                return false;
            }
            self.0.wait(CONTENDED, left, Scope::Private);
        }
    }

    /// Gives the lock back. Only its holder may call this.
    pub(crate) fn unlock(&self) {
        if self.0.swap(FREE, Ordering::Release) == CONTENDED {
            self.0.wake(1, Scope::Private);
        }
    }

    /// Forgets holder and waiters: for the child of a fork, which has neither.
    pub(crate) fn reset_in_child(&self) {
        self.0.store(FREE, Ordering::Release);
    }
}

/// Waits until the descriptor is readable or `timeout` is over; whether it is readable.
pub(crate) fn wait_readable(raw: RawFd, timeout: Duration) -> bool {
    let deadline = Instant::now().checked_add(timeout);
    loop {
        let left = deadline.map_or(timeout, |d| d.saturating_duration_since(Instant::now()));
        let limit = timespec(left);
        let mut entry = libc::pollfd {
            fd: raw,
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one valid entry and a valid time-out; no signal mask is given.
        let ready = unsafe { libc::ppoll(&raw mut entry, 1, &raw const limit, ptr::null()) };
        if ready >= 0 || errno() != libc::EINTR {
            return ready > 0 && entry.revents & libc::POLLIN != 0;
        }
    }
}

/// The calling thread's last error number.
pub(crate) fn errno() -> i32 {
    // SAFETY: glibc's errno location is valid for the life of the thread.
    unsafe { *libc::__errno_location() }
}

/// A duration in the kernel's form; more than `i64::MAX` seconds become `i64::MAX`.
pub(crate) fn timespec(duration: Duration) -> libc::timespec {
    libc::timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(duration.subsec_nanos()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::Arc, thread};

    #[test]
    fn excludes_and_times_out() {
        let lock = WordLock::new();
        assert!(lock.lock(None));
        assert!(!lock.try_lock());
        assert!(!lock.lock(Some(Duration::from_millis(5))));
        lock.unlock();
        assert!(lock.try_lock());
    }

    #[test]
    fn counts_right_under_contention() {
        struct Shared {
            lock: WordLock,
            count: AtomicU32,
        }
        let shared = Arc::new(Shared {
            lock: WordLock::new(),
            count: AtomicU32::new(0),
        });
        // Miri takes its time.
        let rounds = if cfg!(miri) { 50 } else { 5_000 };
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    for _ in 0..rounds {
                        assert!(shared.lock.lock(None));
                        let seen = shared.count.load(Ordering::Relaxed);
                        shared.count.store(seen + 1, Ordering::Relaxed);
                        shared.lock.unlock();
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(shared.count.load(Ordering::Relaxed), 4 * rounds);
    }
}
