//! What PHP's threads and the engine thread of one process share for one state directory.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    time::Duration,
};

use mj_discord::{Moment, UnixMs};
use mj_midjourney::{
    config::HubId,
    hub::Entropy,
    store::{Grade, TaskStore},
    task::TaskId,
};
use mj_process::{HeirLock, Identity, Origin, StateDir, clock, fifo, random};
use mj_store::{Keyring, SqliteStore};
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use crate::{error::EngineError, status, tls::Tls};

/// A CLI process that has lived this long is resident: workers of queues that run one job and end are gone by then.
const RESIDENT_AFTER: Duration = Duration::from_secs(10);
/// `/proc/<pid>/stat` counts in these, on every Linux that PHP runs on (proc(5), `USER_HZ`).
const TICKS_PER_SECOND: u64 = 100;
/// Rung where no process owns a hub and one may be waiting to: one that can read what is stored of it.
fn heir_fifo(group: Option<&str>) -> String {
    group.map_or_else(
        || "heir.fifo".to_owned(),
        |group| format!("heir-{group}.fifo"),
    )
}

/// The FIFO at which the owner of a hub is rung.
pub(crate) fn owner_fifo(hub: &HubId) -> String {
    format!("owner-{hub}.fifo")
}

/// Both clocks, as the pure rooms take them.
pub(crate) fn moment() -> Moment {
    let now = clock::now();
    Moment {
        boot: now.boot,
        unix: UnixMs(now.unix_ms),
    }
}

/// Random numbers from the kernel, each time: generators are cloned by a fork.
pub(crate) fn entropy() -> Entropy {
    Box::new(|| {
        // Without getrandom there is still a clock; only jitter and nonces depend on it.
        random::random_u64()
            .unwrap_or_else(|_| u64::try_from(clock::boot().as_nanos()).unwrap_or(u64::MAX))
    })
}

/// How long the process lives already and what PHP calls it.
#[derive(Clone, Debug)]
pub(crate) struct Lifetime {
    /// Whether the SAPI keeps its processes: FPM, Apache, the built-in server.
    pub(crate) is_server: bool,
    /// When the process started, by `CLOCK_BOOTTIME`.
    pub(crate) started: Duration,
}

impl Lifetime {
    /// Reads the age of the process.
    pub(crate) fn of(sapi: &str, own: &Identity) -> Self {
        let hundredths =
            Duration::from_millis(own.start_time.saturating_mul(1_000 / TICKS_PER_SECOND));
        Self {
            is_server: !matches!(sapi, "cli" | "phpdbg" | "embed" | "micro"),
            started: if own.start_time == 0 {
                clock::boot()
            } else {
                hundredths
            },
        }
    }
}

/// From this many unsent tasks on a script that lives long looks which of them are on their way.
const MANY_UNSENT: usize = 256;

/// Tasks that this process submitted and that were not seen sent yet.
#[derive(Debug, Default)]
pub(crate) struct Unsent(Mutex<UnsentTasks>);

#[derive(Debug, Default)]
struct UnsentTasks {
    of_hubs: BTreeMap<HubId, Vec<TaskId>>,
    /// How many there were after the last look.
    left: usize,
}

impl UnsentTasks {
    fn count(&self) -> usize {
        self.of_hubs.values().map(Vec::len).sum()
    }
}

impl Unsent {
    /// Remembers one; tells whether there are so many more than at the last look that another is worth it.
    pub(crate) fn add(&self, hub: &HubId, task: TaskId) -> bool {
        let mut tasks = self.0.lock();
        match tasks.of_hubs.get_mut(hub) {
            Some(of_hub) => of_hub.push(task),
            None => {
                tasks.of_hubs.insert(hub.clone(), vec![task]);
            }
        }
        tasks.count() >= MANY_UNSENT.max(2 * tasks.left)
    }

    /// Looks which are sent: `forget` takes those out of a hub's list.
    pub(crate) fn look(&self, mut forget: impl FnMut(&HubId, &mut Vec<TaskId>)) {
        let mut tasks = self.0.lock();
        tasks.of_hubs.retain(|hub, of_hub| {
            forget(hub, of_hub);
            !of_hub.is_empty()
        });
        tasks.left = tasks.count();
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().of_hubs.is_empty()
    }

    /// Whether there is one of this hub.
    pub(crate) fn concerns(&self, hub: &HubId) -> bool {
        self.0.lock().of_hubs.contains_key(hub)
    }
}

/// The shared things.
pub(crate) struct Shared {
    /// Where the state lies.
    pub(crate) dir: StateDir,
    /// The tasks.
    pub(crate) store: &'static SqliteStore,
    /// Who comes next.
    pub(crate) heir: HeirLock,
    /// Where the heir is rung.
    pub(crate) heir_fifo: String,
    /// This process.
    pub(crate) own: Identity,
    /// How long it lives.
    pub(crate) lifetime: Lifetime,
    /// TLS for all hubs.
    pub(crate) tls: Tls,
    /// Tasks of this process on their way out.
    pub(crate) unsent: Unsent,
    /// How many threads are inside `mj_wait()` or `mj_serve()`, and streams of `mj_watch()` are open.
    waiting: AtomicU32,
    /// Changes when somebody begins to wait: owners look what kind of process they are in.
    pub(crate) waits: watch::Sender<()>,
    /// Whether it was found resident once.
    was_resident: AtomicBool,
    /// How many threads are inside `mj_serve()`.
    serving: AtomicU32,
    /// Whether PHP shuts down: nothing is started any more, and nobody waits.
    ended: AtomicBool,
    /// Wakes the engine thread.
    pub(crate) wake: Notify,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}

impl Shared {
    /// Opens what a state directory holds, for this process.
    ///
    /// # Errors
    /// [`EngineError::Configuration`] for a directory that cannot be used, [`EngineError::Storage`].
    pub(crate) fn open(
        path: &Path,
        origin: Origin,
        keys: &Keyring,
        sapi: &str,
    ) -> Result<Self, EngineError> {
        let directory = |error: &dyn std::error::Error| {
            let cause = error
                .source()
                .map(|cause| format!(" ({cause})"))
                .unwrap_or_default();
            EngineError::configuration("mj.state_dir", format!("{error}{cause}"))
        };
        let dir = StateDir::open(path, origin).map_err(|error| directory(&error))?;
        // Who cannot read a hub is no heir to those who can.
        let group = keys.writes_as();
        let heir = match &group {
            Some(group) => HeirLock::open_of(&dir, group),
            None => HeirLock::open(&dir),
        };
        let heir = heir.map_err(|error| directory(&error))?;
        let store = SqliteStore::open_with(&dir, keys)?;
        let own = Identity::own();
        Ok(Self {
            lifetime: Lifetime::of(sapi, &own),
            dir,
            store,
            heir,
            heir_fifo: heir_fifo(group.as_deref()),
            own,
            tls: Tls::default(),
            unsent: Unsent::default(),
            waiting: AtomicU32::new(0),
            waits: watch::Sender::new(()),
            was_resident: AtomicBool::new(false),
            serving: AtomicU32::new(0),
            ended: AtomicBool::new(false),
            wake: Notify::new(),
        })
    }

    /// What kind of process this is now.
    ///
    /// It never falls back: a gateway that was opened during one wait is there for the next.
    pub(crate) fn grade(&self) -> Grade {
        let is_resident = self.lifetime.is_server
            || self.was_resident.load(Ordering::Acquire)
            || self.waiting.load(Ordering::Acquire) > 0
            || clock::boot().saturating_sub(self.lifetime.started) >= RESIDENT_AFTER;
        if is_resident {
            self.was_resident.store(true, Ordering::Release);
            Grade::Resident
        } else {
            Grade::Transient
        }
    }

    /// Whether `mj_serve()` runs.
    pub(crate) fn is_serving(&self) -> bool {
        self.serving.load(Ordering::Acquire) > 0
    }

    /// PHP shuts down: calls that wait return at their next look, within 100 ms.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }

    /// Whether PHP shuts down.
    pub(crate) fn is_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// PHP was started again.
    pub(crate) fn go_on(&self) {
        self.ended.store(false, Ordering::Release);
    }

    /// A thread, or a stream of an event loop, begins to wait: the process is resident meanwhile.
    pub(crate) fn begin_waiting(&self) {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        self.waits.send_replace(());
        self.wake.notify_one();
    }

    /// It waits no longer.
    pub(crate) fn end_waiting(&self) {
        self.waiting.fetch_sub(1, Ordering::AcqRel);
    }

    /// Tells the hub's owner, or the heir, that there is something to do; whether anybody heard it.
    pub(crate) fn ring(&self, hub: &HubId) -> bool {
        let heard = |name: &str| matches!(fifo::ring(&self.dir, name), Ok(fifo::Rung::Heard));
        heard(&owner_fifo(hub)) || heard(&self.heir_fifo)
    }

    /// The same for a hub of a family, which may be new: the process that owns the family's head takes it, where that
    /// one stays and so may open a gateway.
    pub(crate) fn ring_relative(&self, hub: &HubId, head: &HubId) -> bool {
        let hears = |of: &HubId| {
            let rung = fifo::ring(&self.dir, &owner_fifo(of));
            matches!(rung, Ok(fifo::Rung::Heard))
        };
        let has_resident = || {
            let lease = self.store.lease(head).ok().flatten();
            lease.is_some_and(|lease| {
                lease.grade == Grade::Resident && status::is_alive(self, head, &lease)
            })
        };
        hears(hub) || (has_resident() && hears(head)) || self.ring(hub)
    }
}

/// Counts a thread that waits, so that the process is resident meanwhile.
#[derive(Debug)]
pub(crate) struct Waiting<'s>(&'s Shared);

impl<'s> Waiting<'s> {
    /// Begins to count.
    pub(crate) fn begin(shared: &'s Shared) -> Self {
        shared.begin_waiting();
        Self(shared)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.end_waiting();
    }
}

/// Counts a thread inside `mj_serve()`, so that the engine runs meanwhile.
#[derive(Debug)]
pub(crate) struct Serving<'s>(&'s Shared);

impl<'s> Serving<'s> {
    /// Begins to count.
    pub(crate) fn begin(shared: &'s Shared) -> Self {
        shared.serving.fetch_add(1, Ordering::AcqRel);
        Self(shared)
    }
}

impl Drop for Serving<'_> {
    fn drop(&mut self) {
        self.0.serving.fetch_sub(1, Ordering::AcqRel);
    }
}
