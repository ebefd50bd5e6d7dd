//! The fork gate, and values that belong to one side of a fork.
//!
//! `SQLite`'s lock tables and mutexes are inherited by a forked child in whatever state they are, so
//! every `SQLite` call of a process runs under one gate. `pthread_atfork` handlers take the gate
//! before a fork and close every connection ([`BeforeFork`]); parent and child release it and reopen
//! lazily. In the child the handler uses atomics and `close()` only.
//!
//! `posix_spawn` and `vfork` run no handlers and need none: their child execs at once and all our
//! descriptors are close-on-exec. A raw `clone()` that runs no handlers is not supported.

use std::{
    cell::Cell,
    convert::Infallible,
    fmt,
    marker::PhantomData,
    panic::{AssertUnwindSafe, catch_unwind},
    ptr,
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;

use crate::{
    descriptor, event,
    futex::{self, Scope, WordLock},
};

static GATE: WordLock = WordLock::new();
static GENERATION: AtomicU32 = AtomicU32::new(1);
static REGISTERED: AtomicBool = AtomicBool::new(false);
/// Only touched by the gate's holder, so it is never locked by another thread at a fork.
static CLOSERS: Mutex<Vec<&'static dyn BeforeFork>> = Mutex::new(Vec::new());

thread_local! {
    /// How often this thread has entered the gate.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// How many prepare handlers of a fork in progress have run in this thread.
    static FORKING: Cell<u32> = const { Cell::new(0) };
}

/// Something that must be closed before the process forks: a set of `SQLite` connections.
pub trait BeforeFork: Sync {
    /// Closes it. Runs in the forking thread, under the gate, each time the process forks; the next
    /// user reopens. Must not fork, block for long or take a lock that another thread can hold while
    /// it waits for the gate. A panic is caught and ignored.
    fn close(&self);
}

/// The number of forks between the first process and this one, plus one. Two generations of one
/// family of processes are equal exactly when no fork lies between them.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Generation(u32);

impl Generation {
    /// Whether no fork lies between the making of this value and the calling process.
    pub fn is_current(self) -> bool {
        self == generation()
    }
}

/// The calling process's generation: one atomic load, no system call.
pub fn generation() -> Generation {
    register();
    Generation(GENERATION.load(Ordering::Acquire))
}

/// Registers the `pthread_atfork` handlers, once per family of processes.
///
/// Everything in this room does so by itself before it matters. Calling it where the process still has
/// one thread (module start) also covers a fork that runs at the very moment of the first use.
pub fn register() {
    if REGISTERED.load(Ordering::Acquire) {
        return;
    }
    // Miri forks nothing, and has no such function.
    if cfg!(miri) {
        return;
    }
    // SAFETY: the three handlers are functions of this library, which is never unloaded (-z nodelete);
    // each is safe to call at any fork. Handlers registered twice by two racing threads nest.
    let refused = unsafe {
        pthread_atfork(
            Some(prepare_fork),
            Some(after_fork_in_parent),
            Some(after_fork_in_child),
        )
    };
    if refused == 0 {
        REGISTERED.store(true, Ordering::Release);
    }
}

/// Adds something to be closed before each fork of this process and of its children.
pub fn before_fork(closer: &'static dyn BeforeFork) {
    let _gate = ForkGate::enter();
    CLOSERS.lock().push(closer);
}

/// The process-wide gate under which every `SQLite` call runs.
///
/// Never held across an fsync, a busy wait over 50 ms, or PHP code: a `fork()` waits for it. It may be
/// entered again by the thread that is in it.
#[derive(Debug)]
pub struct ForkGate;

impl ForkGate {
    /// Enters the gate, waiting for the thread in it or for a fork in progress.
    pub fn enter() -> GateGuard {
        register();
        enter_within(None);
        GateGuard::new()
    }

    /// Enters the gate, waiting at most `timeout`; `None` when the time is over.
    pub fn enter_for(timeout: Duration) -> Option<GateGuard> {
        register();
        enter_within(Some(timeout)).then(GateGuard::new)
    }

    /// Whether the calling thread is in the gate.
    pub fn is_entered() -> bool {
        DEPTH.get() > 0
    }
}

/// Presence in the gate; dropping it leaves.
#[derive(Debug)]
#[must_use = "the gate is left when the guard is dropped"]
pub struct GateGuard {
    /// The gate belongs to the thread that entered it.
    not_send: PhantomData<*const ()>,
}

impl GateGuard {
    fn new() -> Self {
        Self {
            not_send: PhantomData,
        }
    }
}

impl Drop for GateGuard {
    fn drop(&mut self) {
        leave();
    }
}

/// A value that belongs to one process: made on first use, forgotten by a forked child.
///
/// The child never drops nor joins what the parent made, and never waits for a lock that another
/// thread of the parent held at the fork: neither for one inside `T` nor for the making of `T` itself.
/// Each fork costs the child the memory of one `T`.
///
/// # Examples
///
/// ```
/// use mj_process::ForkLocal;
///
/// static ENGINE: ForkLocal<String> = ForkLocal::new();
/// assert_eq!(ENGINE.get_or_init(|| "made once".to_owned()), "made once");
/// ```
pub struct ForkLocal<T> {
    slot: AtomicPtr<Slot<T>>,
    /// The generation in which a thread is making the value, or 0.
    making: AtomicU32,
    /// Same rules for sharing between threads as a cell that is written once.
    owns: PhantomData<OnceLock<T>>,
}

struct Slot<T> {
    generation: Generation,
    value: T,
}

impl<T> ForkLocal<T> {
    /// An empty slot.
    pub const fn new() -> Self {
        Self {
            slot: AtomicPtr::new(ptr::null_mut()),
            making: AtomicU32::new(0),
            owns: PhantomData,
        }
    }

    /// This process's value, if it has been made.
    pub fn get(&self) -> Option<&T> {
        let slot = self.slot.load(Ordering::Acquire);
        // SAFETY: a non-null pointer came from `Box::into_raw` and is freed only by `drop`, which has
        // the slot for itself; a replaced slot of the parent is leaked.
        let slot = unsafe { slot.as_ref() }?;
        slot.generation.is_current().then_some(&slot.value)
    }

    /// This process's value, made by `make` if it is the first use since the last fork. Threads that
    /// come meanwhile wait; `make` must not ask for the same value.
    pub fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        match self.get_or_try_init(|| Ok::<T, Infallible>(make())) {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    /// As [`Self::get_or_init`]; after an error or a panic the slot is empty and the next caller tries.
    ///
    /// # Errors
    ///
    /// What `make` returns.
    pub fn get_or_try_init<E>(&self, make: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        let turn = loop {
            if let Some(value) = self.get() {
                return Ok(value);
            }
            if let Some(turn) = self.turn() {
                break turn;
            }
        };
        if let Some(value) = self.get() {
            return Ok(value);
        }
        let generation = generation();
        let value = make()?;
        let slot = Box::into_raw(Box::new(Slot { generation, value }));
        self.slot.store(slot, Ordering::Release);
        drop(turn);
        // SAFETY: a box that was just made; as in `get`, it lives as long as `self` is borrowed.
        Ok(unsafe { &(*slot).value })
    }

    /// The turn to make the value, or nothing after waiting for another thread that had it. A turn of
    /// an earlier generation belongs to a thread that is not in this process.
    fn turn(&self) -> Option<Turn<'_>> {
        let now = generation().0;
        let maker = self.making.load(Ordering::Acquire);
        if maker == now {
            futex::wait(&self.making, maker, None, Scope::Private);
            return None;
        }
        self.making
            .compare_exchange(maker, now, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
            .then_some(Turn(&self.making))
    }
}

impl<T> Default for ForkLocal<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for ForkLocal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ForkLocal").field(&self.get()).finish()
    }
}

impl<T> Drop for ForkLocal<T> {
    fn drop(&mut self) {
        if self.get().is_some() {
            // SAFETY: the pointer came from `Box::into_raw`; nobody else has a reference any more.
            drop(unsafe { Box::from_raw(*self.slot.get_mut()) });
        }
    }
}

/// The turn to make a value; ends also when making it panics.
struct Turn<'a>(&'a AtomicU32);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.store(0, Ordering::Release);
        futex::wake(self.0, i32::MAX, Scope::Private);
    }
}

fn enter_within(timeout: Option<Duration>) -> bool {
    let depth = DEPTH.get();
    if depth == 0 && !GATE.lock(timeout) {
        return false;
    }
    DEPTH.set(depth + 1);
    true
}

fn leave() {
    let depth = DEPTH.get();
    DEPTH.set(depth.saturating_sub(1));
    if depth == 1 {
        GATE.unlock();
    }
}

extern "C" fn prepare_fork() {
    if cfg!(mj_mutation = "fork_gate") {
        return;
    }
    enter_within(None);
    let forking = FORKING.get();
    FORKING.set(forking + 1);
    // A thread that forks from inside the gate is in the middle of a connection's work: closing it
    // under its feet would be worse than leaking it in the child.
    if forking == 0 && DEPTH.get() == 1 {
        for closer in CLOSERS.lock().iter() {
            let _ = catch_unwind(AssertUnwindSafe(|| closer.close()));
        }
    }
}

extern "C" fn after_fork_in_parent() {
    if cfg!(mj_mutation = "fork_gate") {
        return;
    }
    FORKING.set(FORKING.get().saturating_sub(1));
    leave();
}

extern "C" fn after_fork_in_child() {
    let forking = FORKING.get().saturating_sub(1);
    FORKING.set(forking);
    if forking == 0 {
        if !cfg!(mj_mutation = "fork_generation") {
            GENERATION.fetch_add(1, Ordering::AcqRel);
        }
        if !cfg!(mj_mutation = "close_in_child") {
            descriptor::close_in_child();
            event::renew_in_child();
        }
    }
    let depth = DEPTH.get().saturating_sub(1);
    DEPTH.set(depth);
    if depth == 0 {
        GATE.reset_in_child();
    }
}

type Handler = Option<extern "C" fn()>;

unsafe extern "C" {
    fn pthread_atfork(prepare: Handler, parent: Handler, child: Handler) -> libc::c_int;
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread};

    use super::*;

    #[test]
    fn value_is_made_once_among_threads() {
        let local = Arc::new(ForkLocal::new());
        let threads: Vec<_> = (0..4)
            .map(|number| {
                let local = Arc::clone(&local);
                thread::spawn(move || *local.get_or_init(|| Box::new(number)).as_ref())
            })
            .collect();
        let first: i32 = *local.get_or_init(|| Box::new(9)).as_ref();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), first);
        }
    }

    /// What a fork leaves in the child, played in one process: Miri can not fork. Elsewhere `tests/fork.rs` does, and this
    /// would close the descriptors of tests beside it.
    #[cfg(miri)]
    #[test]
    fn child_makes_its_own_and_drops_only_that() {
        let dropped = Arc::new(());
        let mut local = ForkLocal::new();
        local.get_or_init(|| Arc::clone(&dropped));
        prepare_fork();
        after_fork_in_child();
        assert!(local.get().is_none());
        assert!(!ForkGate::is_entered());
        assert!(Arc::ptr_eq(
            local.get_or_init(|| Arc::clone(&dropped)),
            &dropped
        ));
        // A turn that a thread of the parent had is nobody's.
        local.making.store(generation().0 - 1, Ordering::Release);
        *local.slot.get_mut() = ptr::null_mut();
        local.get_or_init(|| Arc::clone(&dropped));
        drop(local);
        assert_eq!(Arc::strong_count(&dropped), 3, "two are the parent's");
    }
}
