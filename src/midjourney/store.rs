//! What every store must do, as whole atomic steps: each method is one SQL transaction, or one Redis script.
//!
//! The conformance suite in `conformance` says the same in tests.

use std::time::Duration;

use mj_discord::{UnixMs, gateway::Session};
use serde::{Deserialize, Serialize};

use crate::{
    account::AccountHealth,
    command::CommandIndex,
    config::{GatewayKind, HubConfig, HubId},
    notice::{NoticeCounts, NoticeOutcome, Notices},
    task::{Status, Task, TaskId, TaskView},
    transition,
};

/// Why a store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The caller's epoch is not the lease's: another process owns the hub.
    #[error("another process owns the hub (epoch {epoch}, ours was {ours})")]
    Deposed {
        /// The lease's epoch.
        epoch: u64,
        /// The caller's.
        ours: u64,
    },
    /// The queue is full; nothing was written.
    #[error("the queue is full: {waiting} tasks wait, mj.queue_size is {limit}")]
    QueueFull {
        /// Tasks that wait.
        waiting: u32,
        /// How many may.
        limit: u32,
    },
    /// Nobody could write for too long.
    #[error("the store is busy: no write was possible for {0:?}")]
    Busy(Duration),
    /// The disk is full; nothing was written.
    #[error("no space left where the store lies")]
    Full,
    /// The database was made by a newer version.
    #[error(
        "the store has version {found}, this build knows versions up to {known}: update the extension"
    )]
    Newer {
        /// Its version.
        found: u32,
        /// What this build knows.
        known: u32,
    },
    /// What is stored can not be read.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// What is stored of a hub is encrypted, and its secret is not here.
    #[error("what is stored is encrypted with another secret")]
    Sealed {
        /// Whether there is a secret here, which is another one.
        has_secret: bool,
    },
    /// A list's cursor was not given by `list`.
    #[error("not a cursor that a list has given")]
    InvalidCursor,
    /// The system refused.
    #[error("the store failed: {0}")]
    Io(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A kind of process, as far as it may own a hub.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Lives long enough to hold a gateway.
    Resident,
    /// Submits by REST and exits.
    Transient,
}

/// Who owns a hub. The row is the only authority.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Lease {
    /// Grows by one with every owner.
    pub epoch: u64,
    /// Random, for logs.
    pub owner: String,
    /// The machine's boot.
    pub boot_id: String,
    /// The process.
    pub pid: u32,
    /// Its start, in clock ticks since boot, so that a reused pid is told apart.
    pub start_time: u64,
    /// What kind of process.
    pub grade: Grade,
    /// Since when.
    pub taken_at: UnixMs,
    /// Until when, unless renewed; in the past when released.
    pub until: UnixMs,
    /// Whether a resident asked a transient owner to give way.
    pub yield_requested: bool,
}

/// Whether an IDENTIFY may be sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum IdentifyPermit {
    /// Now; it is counted.
    Granted,
    /// Not before this time.
    Wait(UnixMs),
    /// Fewer than 50 are left today; REST is polled until then.
    Exhausted(UnixMs),
}

/// What `cancel` did.
#[derive(Clone, Debug, PartialEq)]
pub enum Cancelled {
    /// It had not been sent: it is cancelled.
    Done,
    /// The owner is asked to press Cancel Job.
    Requested,
    /// It had ended before.
    AlreadyTerminal(Status),
    /// No such task.
    Unknown,
}

impl Cancelled {
    /// The one rule of cancelling, for every store: changes `task`, which is as stored now, and tells what was done.
    ///
    /// A task without attempts becomes `CANCEL` with the next revision. One that was sent keeps its revision, so that
    /// its owner's next write is not superseded; only `work.cancel_requested` is set.
    pub fn apply(now: UnixMs, task: &mut Task) -> Self {
        if task.view.status.is_terminal() {
            return Self::AlreadyTerminal(task.view.status);
        }
        task.work.cancel_requested = true;
        if !task.work.attempts.is_empty() {
            return Self::Requested;
        }
        if !transition::advance(now, &mut task.view, Status::Cancel) {
            return Self::AlreadyTerminal(task.view.status);
        }
        task.view.revision += 1;
        Self::Done
    }
}

/// How many IDENTIFYs a token has sent: the arithmetic of [`TaskStore::permit_identify`], for every store.
///
/// Discord allows 1,000 a day and resets a token that goes beyond (its "Session Start Limit").
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct IdentifyBudget {
    /// When the last one was sent.
    last: UnixMs,
    /// When the burst is wholly available again.
    full_at: UnixMs,
    /// When the day began, with the first one after the day before had ended.
    day_began: UnixMs,
    /// How many this day.
    used: u32,
}

impl IdentifyBudget {
    /// The least time between two.
    pub const SPACING: Duration = Duration::from_secs(5);
    /// The time in which one more becomes available.
    pub const REFILL: Duration = Duration::from_secs(90);
    /// How many may be sent at once, [`Self::SPACING`] apart.
    pub const BURST: u32 = 10;
    /// How many a day.
    pub const DAILY: u32 = 1_000;
    /// How many of the day's are left for a person.
    pub const RESERVE: u32 = 50;
    /// A day.
    pub const DAY: Duration = Duration::from_secs(24 * 3_600);

    /// How many were taken on the day that goes on.
    pub fn used(&self, now: UnixMs) -> u32 {
        if now.since(self.day_began) >= Self::DAY {
            0
        } else {
            self.used
        }
    }

    /// Takes one, if one may be taken.
    pub fn take(&mut self, now: UnixMs) -> IdentifyPermit {
        // A wall clock that was set back would otherwise make us wait until it has caught up.
        self.last = self.last.min(now);
        self.day_began = self.day_began.min(now);
        self.full_at = self.full_at.min(now.plus(Self::REFILL * Self::BURST));
        if now.since(self.day_began) >= Self::DAY {
            self.used = 0;
        }
        if self.used > 0 && Self::DAILY - self.used < Self::RESERVE {
            return IdentifyPermit::Exhausted(self.day_began.plus(Self::DAY));
        }
        let burst_at = self.full_at.minus(Self::REFILL * (Self::BURST - 1));
        let spaced_at = if self.last == UnixMs::default() {
            now
        } else {
            self.last.plus(Self::SPACING)
        };
        let at = burst_at.max(spaced_at);
        if at > now {
            return IdentifyPermit::Wait(at);
        }
        if self.used == 0 {
            self.day_began = now;
        }
        self.used += 1;
        self.last = now;
        self.full_at = self.full_at.max(now).plus(Self::REFILL);
        IdentifyPermit::Granted
    }
}

/// How many ended tasks [`TaskStore::load`] gives at most.
pub const CLOSED_LIMIT: usize = 5_000;

/// How long after its end a task's message may still change: a press on it changes its buttons.
pub const CLOSED_RECENT: Duration = Duration::from_secs(24 * 3_600);

/// How exact `used_at` of a hub is: a configuration that did not change is not written more often.
pub const USED_AT_GRAIN: Duration = Duration::from_secs(60);

/// How long a list or a part of the feed is at most.
pub const PAGE_LIMIT: u32 = 1_000;
/// Begins an idempotency key that is a family's.
const OF_FAMILY: char = '\u{1f}';

/// An idempotency key that is taken in all hubs of a family at once ([`HubConfig::family`]).
pub fn family_key(family: &HubId, key: &str) -> String {
    format!("{OF_FAMILY}{family}{OF_FAMILY}{key}")
}

/// Whether an idempotency key is looked for in all hubs: it names the family itself.
pub fn is_family_key(key: &str) -> bool {
    key.starts_with(OF_FAMILY)
}

/// Which tasks `list` gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskFilter {
    /// Only of this hub.
    pub hub: Option<HubId>,
    /// Only in one of these; empty means all.
    pub status: Vec<Status>,
    /// Only children of this task.
    pub parent_id: Option<TaskId>,
    /// Only of this group.
    pub group_id: Option<TaskId>,
    /// Only of this account.
    pub account: Option<String>,
    /// Only with exactly this `state`.
    pub state: Option<String>,
}

/// A part of a list, newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The tasks.
    pub tasks: Vec<TaskView>,
    /// Where the next part begins; none at the end.
    pub next: Option<String>,
}

/// One change in the feed.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedEvent {
    /// Its place; grows, with gaps.
    pub cursor: u64,
    /// The task as it is after the change, or later.
    pub task: TaskView,
}

/// A hub that a store knows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HubSummary {
    /// Which.
    pub id: HubId,
    /// Changes with its configuration.
    pub config_revision: u64,
    /// Tasks that have not ended.
    pub open_tasks: u64,
    /// When a task was last submitted or its configuration was last used.
    pub used_at: UnixMs,
    /// Whether changes of its tasks wait to be posted.
    pub has_notices: bool,
    /// Whether its secrets can be read here: in the clear, or with a secret that is known.
    pub is_readable: bool,
}

/// A gateway session that a new owner can resume.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct StoredSession {
    /// Which gateway.
    pub gateway: GatewayKind,
    /// The session, with the sequence as last persisted.
    pub session: Session,
    /// When it was last known to live.
    pub seen_at: UnixMs,
}

/// What a new owner starts from.
#[derive(Clone, Debug, Default)]
pub struct HubState {
    /// All that have not ended, in submission order.
    pub open: Vec<Task>,
    /// The newest that have ended, newest first, at most 5,000: those whose key is still held, and those whose
    /// message may still change.
    pub closed: Vec<Task>,
    /// Sessions to resume.
    pub sessions: Vec<StoredSession>,
    /// The commands as last fetched.
    pub command_index: Option<CommandIndex>,
    /// The accounts as last seen.
    pub accounts: Vec<AccountHealth>,
    /// Where the inbox goes on.
    pub inbox: u64,
}

/// What other processes wrote since.
#[derive(Clone, Debug, Default)]
pub struct Inbox {
    /// Tasks that are new, or that PHP asked to cancel (`work.cancel_requested`), or that PHP cancelled.
    pub tasks: Vec<Task>,
    /// Where the inbox goes on.
    pub next: u64,
}

/// One write of an owner.
#[derive(Clone, Debug)]
pub enum Write {
    /// The task as it shall be. `view.revision` must be the stored one plus one, else it is superseded. Makes a feed
    /// event. Never clears `work.cancel_requested`.
    Task(Box<Task>),
    /// The session of a gateway, or none.
    Session {
        /// Which gateway.
        gateway: GatewayKind,
        /// The session with its sequence.
        session: Option<Session>,
    },
    /// The commands as fetched.
    CommandIndex(CommandIndex),
    /// An account's health.
    Account(AccountHealth),
    /// What `mj_status()` shows of the hub: JSON, free of secrets.
    Status(String),
}

/// Writes that become true together, or not at all when the epoch is old.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// Whether it must survive a power cut before anything that follows it happens.
    pub durable: bool,
    /// The writes, in order.
    pub writes: Vec<Write>,
}

/// What became of a commit.
#[derive(Clone, Debug, Default)]
pub struct Committed {
    /// Tasks that another process had changed meanwhile, as they are; these writes were left out.
    pub superseded: Vec<Task>,
}

/// How many tasks a hub has.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// By status, in the order of [`Status::ALL`].
    pub by_status: [u64; 7],
}

/// Makes a hub's configuration of the one that is stored.
pub type Reconfigure<'c> = dyn Fn(Option<&HubConfig>) -> HubConfig + 'c;

/// A store of tasks, shared by many processes.
///
/// Every method is one atomic step. `now` is the caller's wall clock.
///
/// # Errors
///
/// Every method may fail with [`StoreError::Busy`], [`StoreError::Full`], [`StoreError::Damaged`],
/// [`StoreError::Newer`], [`StoreError::Sealed`] and [`StoreError::Io`]; what else is said with the method.
#[expect(clippy::missing_errors_doc, reason = "said once for all of them")]
pub trait TaskStore: Send + Sync {
    /// Stores a hub's configuration, durably; tells whether it changed. `used_at` moves by [`USED_AT_GRAIN`] at least.
    fn configure(&self, now: UnixMs, hub: &HubId, config: &HubConfig) -> Result<bool, StoreError> {
        self.reconfigure(now, hub, &|_| config.clone())
    }
    /// The same with what `change` makes of the stored configuration, if there is one, in one step: of two processes
    /// that configure at once the later sees what the earlier wrote. `change` may be asked more than once.
    fn reconfigure(
        &self,
        now: UnixMs,
        hub: &HubId,
        change: &Reconfigure<'_>,
    ) -> Result<bool, StoreError>;
    /// A hub's configuration and its revision.
    fn config(&self, hub: &HubId) -> Result<Option<(u64, HubConfig)>, StoreError>;
    /// All hubs.
    fn hubs(&self) -> Result<Vec<HubSummary>, StoreError>;

    /// Adds tasks of one hub, all or none, durably, each with a feed event. A task whose idempotency key is taken in
    /// its hub, or in any where it is a family's ([`family_key`]), is not added, nor one whose id is stored already (a
    /// repeated call). Gives the ids, in order: the given ones, or the earlier task's.
    ///
    /// # Errors
    /// [`StoreError::QueueFull`] when more than `queue_size` tasks would wait, [`StoreError::Io`] for tasks of two hubs.
    fn submit(
        &self,
        now: UnixMs,
        tasks: &[Task],
        queue_size: u32,
    ) -> Result<Vec<TaskId>, StoreError>;
    /// Cancels a task that was never sent (no attempts), or asks its owner to, durably.
    fn cancel(&self, now: UnixMs, id: &TaskId) -> Result<Cancelled, StoreError>;

    /// One task.
    fn task(&self, id: &TaskId) -> Result<Option<TaskView>, StoreError>;
    /// One task with all that the engine knows of it.
    fn whole_task(&self, id: &TaskId) -> Result<Option<Task>, StoreError>;
    /// Several, in one reading.
    fn tasks(&self, ids: &[TaskId]) -> Result<Vec<Option<TaskView>>, StoreError>;
    /// The members of a group (`view.group_id`), in submission order, in one reading; empty when there are none.
    fn group(&self, id: &TaskId) -> Result<Vec<TaskView>, StoreError>;
    /// How many of the hub's tasks go before this one; none when it does not wait.
    fn queue_position(&self, id: &TaskId) -> Result<Option<u32>, StoreError>;
    /// A part of the list, newest first. `limit` is 1 to [`PAGE_LIMIT`].
    ///
    /// # Errors
    /// [`StoreError::InvalidCursor`].
    fn list(
        &self,
        filter: &TaskFilter,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page, StoreError>;
    /// How many tasks a hub has.
    fn counts(&self, hub: &HubId) -> Result<Counts, StoreError>;
    /// What the owner last wrote with [`Write::Status`], and when.
    fn status(&self, hub: &HubId) -> Result<Option<(UnixMs, String)>, StoreError>;
    /// The accounts as last seen.
    fn accounts(&self, hub: &HubId) -> Result<Vec<AccountHealth>, StoreError>;

    /// What `consumer` has not acknowledged, oldest first, at most `limit` (1 to [`PAGE_LIMIT`]). A new consumer begins
    /// at the oldest kept event.
    fn events(&self, consumer: &str, limit: u32) -> Result<Vec<FeedEvent>, StoreError>;
    /// Acknowledges all up to `cursor`, durably; never goes back.
    fn ack(&self, consumer: &str, cursor: u64) -> Result<(), StoreError>;

    /// What an owner has to post at `now`: tasks with an address of their own (`work.notify_url`) whose newest state it
    /// has not taken, at most `limit` (1 to [`PAGE_LIMIT`]), none of them to a server (an [`origin`](crate::notice::origin))
    /// in `busy`. The row is written together with the task, by [`TaskStore::submit`], [`TaskStore::cancel`] and
    /// [`TaskStore::commit`], by the rule of [`Posting`](crate::notice::Posting), and removed with it.
    ///
    /// # Errors
    /// [`StoreError::Deposed`] when `epoch` is not the lease's.
    fn notices(
        &self,
        now: UnixMs,
        hub: &HubId,
        epoch: u64,
        busy: &[String],
        limit: u32,
    ) -> Result<Notices, StoreError>;
    /// Stores what became of the post of a task's `revision`; a task that is not stored is left out.
    ///
    /// # Errors
    /// [`StoreError::Deposed`] when `epoch` is not the lease's.
    fn noticed(
        &self,
        now: UnixMs,
        hub: &HubId,
        epoch: u64,
        id: &TaskId,
        revision: u64,
        outcome: NoticeOutcome,
    ) -> Result<(), StoreError>;
    /// How many tasks of a hub have something to be posted.
    fn notice_counts(&self, hub: &HubId) -> Result<NoticeCounts, StoreError>;

    /// The lease, as last written.
    fn lease(&self, hub: &HubId) -> Result<Option<Lease>, StoreError>;
    /// Takes the lease with `claim.epoch`, durably, when the stored epoch is `claim.epoch - 1` (0 when there is
    /// none) still; tells whether it did. Whether the old owner may be overtaken is the caller's proof.
    fn take_lease(&self, hub: &HubId, claim: &Lease) -> Result<bool, StoreError>;
    /// Moves the end of the lease and says what kind of process its owner is by now; tells whether a resident asked for
    /// it. A resident owner is not asked: an earlier request is dropped.
    ///
    /// # Errors
    /// [`StoreError::Deposed`] when `epoch` is not the lease's.
    fn renew_lease(
        &self,
        hub: &HubId,
        epoch: u64,
        grade: Grade,
        until: UnixMs,
    ) -> Result<bool, StoreError>;
    /// Ends the lease (`until` becomes 0) when `epoch` is still the lease's.
    fn release_lease(&self, hub: &HubId, epoch: u64) -> Result<(), StoreError>;
    /// A resident asks a transient owner to give way; a resident owner is not asked.
    fn request_yield(&self, hub: &HubId) -> Result<(), StoreError>;
    /// Takes one IDENTIFY from the budget of a token: ≥ 5 s apart, a burst of 10 then one per 90 s sustained, refused
    /// when fewer than 50 of the day's 1,000 are left.
    fn permit_identify(&self, now: UnixMs, token_hash: &str) -> Result<IdentifyPermit, StoreError>;

    /// What an owner starts from. Of the ended tasks come those that hold a key, then those that ended within
    /// [`CLOSED_RECENT`], together at most [`CLOSED_LIMIT`].
    ///
    /// # Errors
    /// [`StoreError::Deposed`] when `epoch` is not the lease's.
    fn load(&self, now: UnixMs, hub: &HubId, epoch: u64) -> Result<HubState, StoreError>;
    /// What other processes wrote after `after`, each task once, as it is now.
    ///
    /// # Errors
    /// [`StoreError::Deposed`] when `epoch` is not the lease's.
    fn inbox(&self, hub: &HubId, epoch: u64, after: u64) -> Result<Inbox, StoreError>;
    /// Makes an owner's writes true. A task that is not stored (removed meanwhile, or of another hub) is left out.
    ///
    /// # Errors
    /// [`StoreError::Deposed`] when `epoch` is not the lease's: nothing was written.
    fn commit(
        &self,
        now: UnixMs,
        hub: &HubId,
        epoch: u64,
        commit: &Commit,
    ) -> Result<Committed, StoreError>;
    /// Removes at most `limit` tasks that ended before `before`, the oldest first, with their events; tells how many.
    /// A consumer whose last acknowledgement is older than every event that is kept is forgotten: it goes on as a new
    /// one would.
    ///
    /// # Errors
    /// [`StoreError::Deposed`] when `epoch` is not the lease's.
    fn prune(&self, hub: &HubId, epoch: u64, before: UnixMs, limit: u32)
    -> Result<u32, StoreError>;
}
