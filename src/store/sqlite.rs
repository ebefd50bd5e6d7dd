//! The store itself: one for each state directory in a process, shared by its threads and usable after a fork.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use mj_discord::UnixMs;
use mj_midjourney::{
    account::AccountHealth,
    config::{HubConfig, HubId},
    notice::{NoticeCounts, NoticeOutcome, Notices},
    store::{
        Cancelled, Commit, Committed, Counts, FeedEvent, Grade, HubState, HubSummary,
        IdentifyPermit, Inbox, Lease, Page, Reconfigure, StoreError, TaskFilter, TaskStore,
    },
    task::{Task, TaskId, TaskView},
};
use mj_process::{Bell, ForkGate, ForkLocal, StateDir, WriteLock, clock, fork};
use parking_lot::{Mutex, MutexGuard};

use crate::{
    connection::{DATABASE, FileId, Open},
    failure::Failure,
    feed, leases, notices, owning,
    poll::{Cache, hash_of},
    reading, row,
    seal::Keyring,
    sealing,
    setup::{self, Incident},
    submitting,
    writer::PATIENCE,
};

/// The lock file that orders writers of all processes.
const WRITE_LOCK: &str = "write.lock";

/// How many incidents are remembered; the first ones tell most.
const INCIDENTS: usize = 32;

/// Only touched under the fork gate, so it is never locked by another thread at a fork.
static STORES: Mutex<Vec<&'static SqliteStore>> = Mutex::new(Vec::new());

/// The process that is writing to the store in a directory, as far as the kernel tells; the store itself is not
/// opened for it.
pub fn writer_in(directory: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;

    let inode = std::fs::metadata(directory.join(WRITE_LOCK)).ok()?.ino();
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    locks.lines().find_map(|line| {
        // "1: FLOCK  ADVISORY  WRITE 4711 08:01:1234 0 EOF"; lines of waiters have "->" second.
        let mut words = line.split_ascii_whitespace().skip(1);
        let (kind, pid) = (words.next()?, words.nth(2)?);
        let file = words.next()?.rsplit(':').next()?;
        (kind == "FLOCK" && file.parse() == Ok(inode))
            .then(|| pid.parse().ok())
            .flatten()
    })
}

/// How often, and how long apart, it is tried to empty the log while others read.
const EMPTYING: (u32, Duration) = (100, Duration::from_millis(2));

/// How long after a wipe that others hindered it is tried again.
const WIPE_AGAIN: Duration = Duration::from_secs(60);

/// What a checkpoint did, in pages of 4 kB.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Checkpoint {
    /// In the log.
    pub logged: u32,
    /// Of these, in the database now.
    pub moved: u32,
}

/// Where the connection is, when there is one.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    pub(crate) open: Option<Open>,
    /// The database that was open last, to notice that it is another one now.
    pub(crate) file: Option<FileId>,
}

/// The task store on SQLite, with the keys of one set of settings.
#[derive(Debug)]
pub struct SqliteStore {
    pub(crate) files: &'static Files,
    pub(crate) keys: &'static Keyring,
}

/// What all stores of a directory share in one process.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) dir: StateDir,
    pub(crate) path: PathBuf,
    pub(crate) bell: Bell,
    pub(crate) write_lock: WriteLock,
    /// Whether a call found the database damaged, so that it is looked into before the next one.
    pub(crate) suspect: AtomicBool,
    /// How often another database was found under the name than the one before.
    exchanges: AtomicU64,
    /// When a wipe was tried last, in seconds of `CLOCK_BOOTTIME`.
    wiped: AtomicU64,
    /// Only locked under the fork gate.
    slot: Mutex<Slot>,
    cache: ForkLocal<Mutex<Cache>>,
    incidents: ForkLocal<Mutex<Vec<Incident>>>,
}

impl SqliteStore {
    /// As [`Self::open_with`], without keys.
    ///
    /// # Errors
    ///
    /// As [`Self::open_with`].
    pub fn open(dir: &StateDir) -> Result<&'static Self, StoreError> {
        Self::open_with(dir, &Keyring::default())
    }

    /// The store of a directory; makes the database if there is none, and moves a damaged one aside
    /// ([`Self::incidents`] tells). A process has one store for each directory and keyring, for as long as it lives.
    ///
    /// # Errors
    ///
    /// [`StoreError::Newer`], [`StoreError::Full`], [`StoreError::Busy`], [`StoreError::Damaged`] for a database of
    /// another program, [`StoreError::Io`].
    pub fn open_with(dir: &StateDir, keys: &Keyring) -> Result<&'static Self, StoreError> {
        let store = Self::of(dir, keys)?;
        store.read(|_| Ok(()))?;
        Ok(store)
    }

    fn of(dir: &StateDir, keys: &Keyring) -> Result<&'static Self, StoreError> {
        let _gate = ForkGate::enter();
        let mut stores = STORES.lock();
        let of_directory = |store: &&&'static Self| store.files.dir.path() == dir.path();
        let known = stores.iter().filter(of_directory);
        if let Some(store) = known.clone().find(|store| *store.keys == *keys) {
            return Ok(store);
        }
        let files = match known.map(|store| store.files).next() {
            Some(files) => files,
            None => Files::open(dir)?,
        };
        let store: &'static Self = Box::leak(Box::new(Self {
            files,
            keys: Box::leak(Box::new(keys.clone())),
        }));
        stores.push(store);
        Ok(store)
    }

    /// Writes what is secret of a hub with the key of this store, or in the clear where it has none; tells whether it
    /// was written otherwise before. To be called by whoever configures the hub, before [`TaskStore::reconfigure`].
    /// What lay in the clear is then wiped from the file, which is written anew: less than a second for 10,000 tasks, once.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sealed`] where it is sealed and no key here opens it, and as every writing.
    pub fn seal(&self, hub: &HubId) -> Result<bool, StoreError> {
        let Some(found) = self.read(|open| sealing::of_hub(open, hub))? else {
            return Ok(false);
        };
        let is_other = found.seal != self.keys.wanted();
        if is_other {
            self.write(|open, effects| sealing::reseal(open, effects, hub))?;
        }
        if is_other || (found.rests > 0 && self.is_time_to_wipe()) {
            // It was promised to nobody yet, and what is written from here on is sealed.
            let _ = self.wipe();
        }
        Ok(is_other)
    }

    fn is_time_to_wipe(&self) -> bool {
        let now = clock::boot().as_secs();
        let before = self.files.wiped.load(Ordering::Relaxed);
        now >= before + WIPE_AGAIN.as_secs()
    }

    /// Removes what earlier states left in the file. Tried again by the next [`Self::seal`] where others are in the way.
    fn wipe(&self) -> Result<(), StoreError> {
        self.files
            .wiped
            .store(clock::boot().as_secs(), Ordering::Relaxed);
        self.alone(sealing::write_anew)?;
        for _ in 0..EMPTYING.0 {
            if self.alone(sealing::empty_the_log)? {
                break;
            }
            thread::sleep(EMPTYING.1);
        }
        Ok(())
    }
}

impl Files {
    fn open(dir: &StateDir) -> Result<&'static Self, StoreError> {
        let told = |failure: Failure| failure.told(PATIENCE);
        let files: &'static Self = Box::leak(Box::new(Self {
            dir: dir.clone(),
            path: dir.join(DATABASE).map_err(|error| told(error.into()))?,
            bell: Bell::open(dir),
            write_lock: WriteLock::open(dir, WRITE_LOCK).map_err(|error| told(error.into()))?,
            suspect: AtomicBool::new(false),
            exchanges: AtomicU64::new(0),
            wiped: AtomicU64::new(0),
            slot: Mutex::default(),
            cache: ForkLocal::new(),
            incidents: ForkLocal::new(),
        }));
        fork::before_fork(files);
        Ok(files)
    }

    /// The connection's place; to be locked under the gate only.
    pub(crate) fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock()
    }

    pub(crate) fn report(&self, incident: Option<Incident>) {
        if let Some(incident) = incident {
            self.exchanges.fetch_add(1, Ordering::AcqRel);
            let mut incidents = self.incidents.get_or_init(Mutex::default).lock();
            if incidents.len() < INCIDENTS {
                incidents.push(incident);
            }
        }
    }
}

impl SqliteStore {
    /// One task, as [`TaskStore::task`], for callers that ask often: while nobody changes the task it costs no SQL.
    /// What is given was true within the last 100 ms, and is true now unless a writer was killed at that very moment.
    ///
    /// # Errors
    ///
    /// As [`TaskStore::task`].
    pub fn poll(&self, id: &TaskId) -> Result<Option<Arc<TaskView>>, StoreError> {
        // The slot is read before the row: a change in between makes the next poll look again.
        let slot = self.files.bell.slot(hash_of(id));
        let cache = self.files.cache.get_or_init(Mutex::default);
        if let Some(view) = slot.and_then(|slot| cache.lock().get(id, slot)) {
            return Ok(Some(view));
        }
        let read_at = Instant::now();
        let Some(view) = self.task(id)?.map(Arc::new) else {
            return Ok(None);
        };
        if let Some(slot) = slot {
            cache.lock().put(Arc::clone(&view), slot, read_at);
        }
        Ok(Some(view))
    }

    /// A word that differs after the next change of anything; for [`Self::wait_change`].
    pub fn change(&self) -> u32 {
        self.files.bell.word()
    }

    /// Sleeps until something has changed since `seen` was read, at most `timeout` and at most 100 ms; gives the
    /// word as it is then. To be read before the store is looked at. Early returns without a change are possible.
    pub fn wait_change(&self, seen: u32, timeout: Duration) -> u32 {
        self.files.bell.wait(seen, timeout);
        self.files.bell.word()
    }

    /// A number that grows whenever the feed does: whoever saw it, and sees it again, missed nothing. Costs one row.
    ///
    /// # Errors
    ///
    /// As every reading.
    pub fn newest_event(&self) -> Result<u64, StoreError> {
        let newest = self.read(row::last_number)?;
        Ok(u64::try_from(newest).unwrap_or_default())
    }

    /// The bell that rings after every commit.
    pub fn bell(&self) -> &Bell {
        &self.files.bell
    }

    /// Moves what is in the log into the database, as far as no reader needs it. For the owner, every few seconds,
    /// on a thread that may block: the gate is held while the database is synced, the log is synced before that.
    ///
    /// # Errors
    ///
    /// [`StoreError::Busy`], [`StoreError::Full`], [`StoreError::Io`].
    pub fn checkpoint(&self) -> Result<Checkpoint, StoreError> {
        let wal = self.read(|open| Ok(open.wal()))?;
        wal.descriptor()
            .with_file(std::fs::File::sync_data)
            .map_err(|error| Failure::from(error).told(PATIENCE))?;
        self.read(|open| {
            let mut checkpoint = open
                .connection
                .prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?;
            Ok(checkpoint.query_row([], |row| {
                // -1 when there is no log.
                let pages = |pages: i64| u32::try_from(pages).unwrap_or_default();
                Ok(Checkpoint {
                    logged: pages(row.get(1)?),
                    moved: pages(row.get(2)?),
                })
            })?)
        })
    }

    /// Looks through the whole database (SQLite's quick check, milliseconds for each megabyte); empty when all is
    /// well, else what is wrong, at most ten lines. For `mj_doctor()`.
    ///
    /// # Errors
    ///
    /// As every reading.
    pub fn check(&self) -> Result<Vec<String>, StoreError> {
        self.read(|open| {
            let mut check = open.connection.prepare("PRAGMA quick_check(10)")?;
            let lines: Vec<String> = check
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            Ok(if lines == ["ok"] { Vec::new() } else { lines })
        })
    }

    /// How many logins of a token were counted today: those of the day that began with its first one. For `mj_doctor()`.
    ///
    /// # Errors
    ///
    /// As every reading.
    pub fn identifies(&self, now: UnixMs, token_hash: &str) -> Result<u32, StoreError> {
        self.read(|open| leases::identifies(open, now, token_hash))
    }

    /// What this process noticed that an operator must hear of.
    pub fn incidents(&self) -> Vec<Incident> {
        self.files
            .incidents
            .get()
            .map(|incidents| incidents.lock().clone())
            .unwrap_or_default()
    }

    /// Differs as soon as a call has found another database than the calls before: removed, replaced, or moved aside.
    /// What was read before is then not true of what is there.
    pub fn exchanges(&self) -> u64 {
        self.files.exchanges.load(Ordering::Acquire)
    }

    /// Databases in the directory that were moved aside by any process, the oldest first.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn moved_aside(&self) -> io::Result<Vec<PathBuf>> {
        setup::moved_aside(&self.files.dir)
    }

    /// The process that is writing, as far as the kernel tells: when calls fail with [`StoreError::Busy`], it is
    /// stopped or hangs inside a transaction.
    pub fn writer(&self) -> Option<u32> {
        writer_in(self.files.dir.path())
    }

    /// The database's path.
    pub fn path(&self) -> &Path {
        &self.files.path
    }
}

impl TaskStore for SqliteStore {
    fn reconfigure(
        &self,
        now: UnixMs,
        hub: &HubId,
        change: &Reconfigure<'_>,
    ) -> Result<bool, StoreError> {
        // PHP configures with every request: what is the same is not written, and needs no lock.
        if !self.snapshot(|open| leases::needs_configuring(open, now, hub, change))? {
            return Ok(false);
        }
        self.write(|open, effects| leases::configure(open, effects, now, hub, change))
    }

    fn config(&self, hub: &HubId) -> Result<Option<(u64, HubConfig)>, StoreError> {
        self.read(|open| reading::config(open, hub))
    }

    fn hubs(&self) -> Result<Vec<HubSummary>, StoreError> {
        self.read(reading::hubs)
    }

    fn submit(
        &self,
        now: UnixMs,
        tasks: &[Task],
        queue_size: u32,
    ) -> Result<Vec<TaskId>, StoreError> {
        self.write(|open, effects| submitting::submit(open, effects, now, tasks, queue_size))
    }

    fn cancel(&self, now: UnixMs, id: &TaskId) -> Result<Cancelled, StoreError> {
        self.write(|open, effects| submitting::cancel(open, effects, now, id))
    }

    fn task(&self, id: &TaskId) -> Result<Option<TaskView>, StoreError> {
        self.read(|open| reading::task(open, id))
    }

    fn whole_task(&self, id: &TaskId) -> Result<Option<Task>, StoreError> {
        self.read(|open| reading::whole_task(open, id))
    }

    fn tasks(&self, ids: &[TaskId]) -> Result<Vec<Option<TaskView>>, StoreError> {
        self.snapshot(|open| ids.iter().map(|id| reading::task(open, id)).collect())
    }

    fn group(&self, id: &TaskId) -> Result<Vec<TaskView>, StoreError> {
        self.read(|open| reading::group(open, id))
    }

    fn queue_position(&self, id: &TaskId) -> Result<Option<u32>, StoreError> {
        self.snapshot(|open| reading::queue_position(open, id))
    }

    fn list(
        &self,
        filter: &TaskFilter,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page, StoreError> {
        self.snapshot(|open| reading::list(open, filter, limit, cursor))
    }

    fn counts(&self, hub: &HubId) -> Result<Counts, StoreError> {
        self.read(|open| reading::counts(open, hub))
    }

    fn status(&self, hub: &HubId) -> Result<Option<(UnixMs, String)>, StoreError> {
        self.read(|open| reading::status(open, hub))
    }

    fn accounts(&self, hub: &HubId) -> Result<Vec<AccountHealth>, StoreError> {
        self.read(|open| reading::accounts(open, hub))
    }

    fn events(&self, consumer: &str, limit: u32) -> Result<Vec<FeedEvent>, StoreError> {
        self.read(|open| feed::events(open, consumer, limit))
    }

    fn ack(&self, consumer: &str, cursor: u64) -> Result<(), StoreError> {
        self.write(|open, effects| feed::ack(open, effects, consumer, cursor))
    }

    fn notices(
        &self,
        now: UnixMs,
        hub: &HubId,
        epoch: u64,
        busy: &[String],
        limit: u32,
    ) -> Result<Notices, StoreError> {
        self.snapshot(|open| notices::notices(open, now, hub, epoch, busy, limit))
    }

    fn noticed(
        &self,
        now: UnixMs,
        hub: &HubId,
        epoch: u64,
        id: &TaskId,
        revision: u64,
        outcome: NoticeOutcome,
    ) -> Result<(), StoreError> {
        self.write(|open, _| notices::noticed(open, now, hub, epoch, id, revision, outcome))
    }

    fn notice_counts(&self, hub: &HubId) -> Result<NoticeCounts, StoreError> {
        self.read(|open| notices::counts(open, hub))
    }

    fn lease(&self, hub: &HubId) -> Result<Option<Lease>, StoreError> {
        self.read(|open| leases::lease(open, hub))
    }

    fn take_lease(&self, hub: &HubId, claim: &Lease) -> Result<bool, StoreError> {
        self.write(|open, effects| leases::take_lease(open, effects, hub, claim))
    }

    fn renew_lease(
        &self,
        hub: &HubId,
        epoch: u64,
        grade: Grade,
        until: UnixMs,
    ) -> Result<bool, StoreError> {
        self.write(|open, _| leases::renew_lease(open, hub, epoch, grade, until))
    }

    fn release_lease(&self, hub: &HubId, epoch: u64) -> Result<(), StoreError> {
        self.write(|open, effects| leases::release_lease(open, effects, hub, epoch))
    }

    fn request_yield(&self, hub: &HubId) -> Result<(), StoreError> {
        self.write(|open, effects| leases::request_yield(open, effects, hub))
    }

    fn permit_identify(&self, now: UnixMs, token_hash: &str) -> Result<IdentifyPermit, StoreError> {
        self.write(|open, _| leases::permit_identify(open, now, token_hash))
    }

    fn load(&self, now: UnixMs, hub: &HubId, epoch: u64) -> Result<HubState, StoreError> {
        self.snapshot(|open| owning::load(open, now, hub, epoch))
    }

    fn inbox(&self, hub: &HubId, epoch: u64, after: u64) -> Result<Inbox, StoreError> {
        self.snapshot(|open| owning::inbox(open, hub, epoch, after))
    }

    fn commit(
        &self,
        now: UnixMs,
        hub: &HubId,
        epoch: u64,
        commit: &Commit,
    ) -> Result<Committed, StoreError> {
        self.write(|open, effects| owning::commit(open, effects, now, hub, epoch, commit))
    }

    fn prune(
        &self,
        hub: &HubId,
        epoch: u64,
        before: UnixMs,
        limit: u32,
    ) -> Result<u32, StoreError> {
        self.write(|open, effects| feed::prune(open, effects, hub, epoch, before, limit))
    }
}
