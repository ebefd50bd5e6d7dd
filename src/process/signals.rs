//! Threads of ours inside PHP's process: no signal of PHP's reaches them, no panic leaves them, and
//! nobody waits for their end without a bound.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    fmt, io,
    mem::{self, MaybeUninit},
    os::unix::thread::JoinHandleExt,
    panic::{self, AssertUnwindSafe},
    ptr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crate::{
    fork::{self, Generation},
    futex::{self, Scope, Word},
};

/// The signals that report a fault of the thread itself; blocking them would hide it.
const FAULTS: [libc::c_int; 6] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGABRT,
    libc::SIGTRAP,
];
/// Address space of a worker's stack. Naming it also keeps the standard library from reading the
/// environment.
const STACK: usize = 2 * 1024 * 1024;
/// Pause between two tries to reap a thread that has said its last word.
const REAP_PAUSE: Duration = Duration::from_micros(50);
/// How long a thread that has said its last word may take to vanish.
const REAP_LIMIT: Duration = Duration::from_millis(20);

static HOOKED: AtomicBool = AtomicBool::new(false);

thread_local! {
    static IS_OURS: Cell<bool> = const { Cell::new(false) };
    static LAST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A panic that ended a worker.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PanicReport {
    /// The worker's name.
    pub thread: String,
    /// The panic's message.
    pub message: String,
    /// File, line and column, as far as known.
    pub location: String,
}

impl fmt::Display for PanicReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "thread {} panicked at {}: {}",
            self.thread, self.location, self.message
        )
    }
}

/// A thread of ours. Dropping it asks the thread to stop and waits for nothing.
///
/// In a forked child, where the thread is not, every method does nothing.
#[derive(Debug)]
pub struct Worker {
    generation: Generation,
    handle: libc::pthread_t,
    reaped: Mutex<bool>,
    stop: Stop,
}

impl Worker {
    /// Starts a thread that blocks every signal but SEGV, BUS, FPE, ILL, ABRT and TRAP from its first
    /// instruction; threads that it starts inherit that. `name` is cut to 15 bytes by the kernel.
    /// `on_panic` runs in the thread if `body` panics; the panic prints nothing.
    ///
    /// # Errors
    ///
    /// The system's: no more threads allowed, or no memory.
    pub fn spawn(
        name: &str,
        on_panic: impl FnOnce(PanicReport) + Send + 'static,
        body: impl FnOnce(Stop) + Send + 'static,
    ) -> io::Result<Self> {
        hook_panics();
        let stop = Stop::new();
        let inner = stop.clone();
        let thread_name = name.to_owned();
        let root = move || {
            IS_OURS.set(true);
            let for_body = inner.clone();
            if let Err(payload) = panic::catch_unwind(AssertUnwindSafe(|| body(for_body))) {
                let report = report(thread_name, payload);
                let _ = panic::catch_unwind(AssertUnwindSafe(|| on_panic(report)));
            }
            inner.state.finish();
        };
        let builder = thread::Builder::new()
            .name(name.to_owned())
            .stack_size(STACK);
        let masked = Masked::block()?;
        let handle = builder.spawn(root)?;
        drop(masked);
        Ok(Self {
            generation: fork::generation(),
            handle: handle.into_pthread_t(),
            reaped: Mutex::new(false),
            stop,
        })
    }

    /// Asks the thread to stop, and returns at once.
    pub fn request_stop(&self) {
        if self.generation.is_current() {
            self.stop.request();
        }
    }

    /// Asks the thread to stop and waits at most `grace` (and 20 ms to reap it). Whether it has ended;
    /// if not, it goes on by itself.
    pub fn stop(&self, grace: Duration) -> bool {
        if !self.generation.is_current() {
            return true;
        }
        self.stop.request();
        // SAFETY: cannot fail and touches no memory.
        if self.handle == unsafe { libc::pthread_self() } {
            return false;
        }
        let ended = wait_for(&self.stop.state.finished, grace);
        if ended {
            self.reap();
        }
        ended
    }

    /// Whether the thread has ended, by itself or by a panic.
    pub fn is_finished(&self) -> bool {
        !self.generation.is_current() || self.stop.state.finished.load(Ordering::Acquire) != 0
    }

    /// The means by which the thread learns that it should stop.
    pub fn stopper(&self) -> &Stop {
        &self.stop
    }

    fn reap(&self) {
        let mut reaped = self.reaped.lock();
        let started = Instant::now();
        while !*reaped && started.elapsed() < REAP_LIMIT {
            // SAFETY: the thread was neither joined nor detached, which `reaped` and `drop` see to.
            *reaped = unsafe { libc::pthread_tryjoin_np(self.handle, ptr::null_mut()) } == 0;
            if !*reaped {
                thread::sleep(REAP_PAUSE);
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if self.generation.is_current() {
            self.stop.request();
            if !*self.reaped.lock() {
                // SAFETY: neither joined nor detached before; the handle is not used after this.
                unsafe { libc::pthread_detach(self.handle) };
            }
        }
    }
}

/// The wish that a worker ends.
#[derive(Clone, Debug)]
pub struct Stop {
    state: Arc<StopState>,
}

type Waker = Box<dyn Fn() + Send + Sync>;

struct StopState {
    requested: AtomicU32,
    finished: AtomicU32,
    wakers: Mutex<Vec<Waker>>,
}

impl Stop {
    fn new() -> Self {
        Self {
            state: Arc::new(StopState {
                requested: AtomicU32::new(0),
                finished: AtomicU32::new(0),
                wakers: Mutex::new(Vec::new()),
            }),
        }
    }

    /// Whether the worker should end.
    pub fn is_requested(&self) -> bool {
        self.state.requested.load(Ordering::Acquire) != 0
    }

    /// Sleeps until the worker should end, at most `timeout`. Whether it should end.
    pub fn wait(&self, timeout: Duration) -> bool {
        wait_for(&self.state.requested, timeout)
    }

    /// Calls `wake` when the worker should end (at once if it should already), in the thread that asks
    /// for it: for waking an event loop. It must not block or panic.
    pub fn on_request(&self, wake: impl Fn() + Send + Sync + 'static) {
        let mut wakers = self.state.wakers.lock();
        if self.is_requested() {
            drop(wakers);
            wake();
        } else {
            wakers.push(Box::new(wake));
        }
    }

    fn request(&self) {
        let wakers = {
            let mut wakers = self.state.wakers.lock();
            set(&self.state.requested);
            mem::take(&mut *wakers)
        };
        for wake in wakers {
            wake();
        }
    }
}

impl StopState {
    fn finish(&self) {
        set(&self.finished);
    }
}

impl fmt::Debug for StopState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StopState")
            .field("requested", &self.requested)
            .field("finished", &self.finished)
            .finish_non_exhaustive()
    }
}

/// Makes the calling thread one of ours: masks its signals and silences its panics. For threads that a
/// runtime starts by itself.
///
/// # Errors
///
/// The system's, of `pthread_sigmask(3)`.
pub fn adopt_thread() -> io::Result<()> {
    hook_panics();
    IS_OURS.set(true);
    mem::forget(Masked::block()?);
    Ok(())
}

/// The calling thread's signals, blocked until this is dropped.
struct Masked {
    before: libc::sigset_t,
}

impl Masked {
    fn block() -> io::Result<Self> {
        let mut ours = MaybeUninit::<libc::sigset_t>::uninit();
        let mut before = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: sigfillset initialises `ours`; sigdelset gets valid numbers; pthread_sigmask fills
        // `before` when it answers 0.
        unsafe {
            libc::sigfillset(ours.as_mut_ptr());
            if cfg!(mj_mutation = "signal_mask") {
                libc::sigemptyset(ours.as_mut_ptr());
            }
            for signal in FAULTS {
                libc::sigdelset(ours.as_mut_ptr(), signal);
            }
            match libc::pthread_sigmask(libc::SIG_SETMASK, ours.as_ptr(), before.as_mut_ptr()) {
                0 => Ok(Self {
                    before: before.assume_init(),
                }),
                error => Err(io::Error::from_raw_os_error(error)),
            }
        }
    }
}

impl Drop for Masked {
    fn drop(&mut self) {
        // SAFETY: `before` is the mask this thread had.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, ptr::null_mut());
        }
    }
}

/// Writes through a descriptor that may be a pipe without a reader. The signal that this raises is
/// taken back, so that it does not end PHP.
pub(crate) fn without_sigpipe<R>(work: impl FnOnce() -> R) -> R {
    let mut pipe = MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    let mut pending = MaybeUninit::<libc::sigset_t>::uninit();
    let no_wait = futex::timespec(Duration::ZERO);
    // SAFETY: every set is initialised by the call that is given it first; none of these calls can fail
    // with valid arguments. A pending SIGPIPE that was not there before is ours.
    unsafe {
        libc::sigemptyset(pipe.as_mut_ptr());
        libc::sigaddset(pipe.as_mut_ptr(), libc::SIGPIPE);
        libc::sigemptyset(pending.as_mut_ptr());
        libc::sigpending(pending.as_mut_ptr());
        let was_pending = libc::sigismember(pending.as_ptr(), libc::SIGPIPE) == 1;
        libc::sigemptyset(before.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_BLOCK, pipe.as_ptr(), before.as_mut_ptr());
        let answer = work();
        if !was_pending {
            while libc::sigtimedwait(pipe.as_ptr(), ptr::null_mut(), &raw const no_wait) == -1
                && futex::errno() == libc::EINTR
            {}
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut());
        answer
    }
}

/// Sets a word for good and wakes who waits for that.
pub(crate) fn set(word: &impl Word) {
    word.store(1, Ordering::Release);
    word.wake(i32::MAX, Scope::Private);
}

/// Waits until the word is not 0. Whether that came true in time.
pub(crate) fn wait_for(word: &impl Word, timeout: Duration) -> bool {
    let deadline = Instant::now().checked_add(timeout);
    while word.load(Ordering::Acquire) == 0 {
        let left = deadline.map(|d| d.saturating_duration_since(Instant::now()));
        if left.is_some_and(|l| l.is_zero()) {
            return false;
        }
        word.wait(0, left, Scope::Private);
    }
    true
}

/// The standard hook prints, and reads the environment to know how much: neither is for our threads.
fn hook_panics() {
    if HOOKED.swap(true, Ordering::AcqRel) || thread::panicking() {
        return;
    }
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if IS_OURS.get() {
            let place = info.location().map(ToString::to_string);
            LAST_PANIC.with(|last| *last.borrow_mut() = place);
        } else {
            before(info);
        }
    }));
}

fn report(thread: String, payload: Box<dyn Any + Send>) -> PanicReport {
    let message = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a value that is not text".to_owned());
    let location = LAST_PANIC
        .with(RefCell::take)
        .unwrap_or_else(|| "an unknown place".to_owned());
    // The destructor of a foreign payload may panic too.
    mem::forget(payload);
    PanicReport {
        thread,
        message,
        location,
    }
}
