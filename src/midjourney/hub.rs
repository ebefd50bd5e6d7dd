//! The brain of a hub, without a socket or a clock: which interaction is sent when, to which task a message belongs,
//! what is written, and what is asked of Discord's REST API.
//!
//! One owner has one [`Hub`]. Inputs are `handle_*` with the time, outputs are polled: see [`driver`] for their order.
//! Every input may come twice, late, or in another order than it happened; a message belongs to a task only by an exact
//! key (`correlate`), and only `transition` changes a status.

mod accounts;
mod answers;
mod archive;
mod attempt;
mod calls;
mod cancel;
mod clock;
mod commands;
mod doubt;
pub mod driver;
mod editor;
mod finish;
mod gates;
mod history;
mod holdings;
mod load;
mod modal;
mod note;
mod observe;
mod outbox;
mod pictures;
mod seed;
mod sighting;
mod status;
mod submit;
mod tasks;
mod unseen;
mod uploads;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

use mj_discord::{
    Moment, RateLimiter, UnixMs, gateway::Event, rest::Outcome, snowflake::ChannelId,
};

use self::{
    accounts::Account,
    archive::Archiving,
    cancel::Cancelling,
    commands::Refresh,
    gates::Gates,
    history::{Deletion, History},
    note::Pressing,
    outbox::{Bearer, Outbox, Pending, Purpose},
    pictures::Preparation,
    seed::Seeds,
    sighting::Sightings,
    tasks::Tasks,
};
pub use self::{
    driver::{
        Answer, Archived, FailureKind, FetchRefusal, Fetched, GatewayNotice, Output, Predecessor,
        RequestId, Response,
    },
    gates::GateState,
    status::{AccountStatus, Counters, GatewayStatus, HubStatus},
};
use crate::{
    account::AccountState,
    command::CommandIndex,
    config::{GatewayKind, HubConfig, HubId},
    correlate::Correlator,
    queue::Queue,
    refusal::FailCode,
    store::{Commit, Committed, Grade, Inbox, Write},
    task::{Task, TaskId},
};

/// The status is written along with something else at most this often.
const STATUS_EVERY: Duration = Duration::from_secs(2);

/// Random numbers from the kernel.
pub type Entropy = Box<dyn FnMut() -> u64 + Send>;

/// A task and what only this owner knows of it.
#[derive(Debug)]
struct Item {
    task: Task,
    /// For each attempt, when it was made.
    made: Vec<Made>,
    /// Whether Discord called its command outdated once, or it was not known.
    was_outdated: bool,
    /// How often Discord did not keep its uploads.
    lost_uploads: u32,
}

/// When an attempt was made, by what does not depend on a clock that may be wrong.
#[derive(Clone, Copy, Debug, Default)]
struct Made {
    /// Its place among sightings and attempts of this owner; 0 for an earlier owner's.
    serial: u64,
    /// The boot clock then; none for an earlier owner's.
    at: Option<Duration>,
}

/// All state of one hub at its owner.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each stands for itself: they are no hidden state machine"
)]
pub struct Hub {
    id: HubId,
    epoch: u64,
    grade: Grade,
    config: HubConfig,
    entropy: Entropy,
    now: Moment,
    /// Discord's clock less ours, in milliseconds.
    skew: i64,
    /// Whether Discord has told it, or has said something at least.
    knows_clock: bool,
    /// The last place given to a sighting or an attempt.
    serial: u64,
    /// Whether something has become known by which a message that is nobody's may be known.
    has_learnt: bool,
    draining: bool,
    fallback_session: String,
    tasks: Tasks,
    correlator: Correlator,
    queue: Queue,
    accounts: Vec<Account>,
    /// Accounts that have left the configuration while jobs of theirs run.
    retired: Vec<Account>,
    /// Channels that have left the configuration while tasks that were sent there may still bring something.
    former_channels: BTreeSet<ChannelId>,
    bot_limiter: RateLimiter,
    bot_cannot_read: bool,
    gates: Gates,
    /// Since when, on the boot clock, no gateway has been live.
    unwatched_since: Duration,
    /// Since when, on the boot clock, one has been live, when one is.
    watched_since: Duration,
    outbox: Outbox,
    sightings: Sightings,
    commands: CommandIndex,
    refresh: Refresh,
    awaiting_commands: BTreeSet<TaskId>,
    /// Tasks whose pictures are not where their command needs them.
    preparations: BTreeMap<TaskId, Preparation>,
    /// Whether one of them has begun that was not looked at yet.
    has_begun: bool,
    /// Open tasks of which an attempt may have arrived.
    under_way: BTreeSet<TaskId>,
    /// Open tasks by their time-out.
    deadlines: BTreeSet<(UnixMs, TaskId)>,
    /// Ended tasks that hold a key, by when they give it up.
    tombstones: BTreeSet<(UnixMs, TaskId)>,
    /// Ended tasks whose picture may still come, by when it is not looked for any more.
    late: BTreeSet<(UnixMs, TaskId)>,
    /// Ended tasks by their end.
    closed: BTreeSet<(UnixMs, TaskId)>,
    /// Tasks in doubt, and since when on the boot clock.
    doubts: BTreeMap<TaskId, Duration>,
    /// Of these, commands that an observer would not have seen, since their account may have been at its limit.
    maybe_queued: BTreeSet<TaskId>,
    /// Tasks whose form is to be answered, and when on the boot clock.
    forms: BTreeMap<TaskId, Duration>,
    /// Presses without a job that were taken, and until when on the boot clock a sign is waited for.
    notes: BTreeMap<TaskId, Duration>,
    /// Commands that Discord took without a sign yet, and until when on the boot clock one is waited for.
    unseen: BTreeMap<TaskId, Duration>,
    /// Of all open ones that were sent, what they press.
    pressing: Pressing,
    seeds: Seeds,
    /// Of the above, what an account's limits hold up: an answer may end that before its time.
    held_up: BTreeSet<TaskId>,
    /// Earlier owners that are proven dead, and since when on the boot clock.
    dead_epochs: BTreeMap<u64, Duration>,
    deletions: BTreeMap<TaskId, Deletion>,
    /// Jobs that stopped, and until when the reason may still come, on the boot clock.
    stops: BTreeMap<TaskId, Duration>,
    /// Tasks with a job that PHP wants cancelled.
    cancels: BTreeMap<TaskId, Cancelling>,
    histories: BTreeMap<ChannelId, History>,
    archiving: Archiving,
    counters: Counters,
    status_written: Option<Duration>,
    status_due: bool,
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub")
            .field("id", &self.id)
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

/// Inputs.
impl Hub {
    /// Takes what other processes wrote.
    pub fn handle_inbox(&mut self, now: Moment, inbox: Inbox) {
        self.note_time(now);
        for task in inbox.tasks {
            self.take_task(task);
        }
        self.settle();
    }

    /// Takes the answer to the [`Output::Commit`] that was polled last.
    pub fn handle_committed(&mut self, now: Moment, committed: Committed) {
        self.note_time(now);
        self.outbox.committed();
        for task in committed.superseded {
            self.superseded(task);
        }
        self.forget_closed();
        self.settle();
    }

    /// Takes a changed configuration: somebody acted, so accounts that were stopped may be used again.
    pub fn handle_config(&mut self, now: Moment, config: HubConfig) {
        self.note_time(now);
        self.configure(config);
        self.settle();
    }

    /// The process is now of another kind: a transient one that has lived long enough to be resident.
    pub fn handle_grade(&mut self, now: Moment, grade: Grade) {
        self.note_time(now);
        self.grade = grade;
        self.unwatched_since = now.boot;
        self.gates.user.opened_since = now.boot;
        if grade == Grade::Resident {
            self.catch_up();
        }
        self.settle();
    }

    /// Takes what happened to a gateway connection.
    pub fn handle_gateway(&mut self, now: Moment, gateway: GatewayKind, notice: GatewayNotice) {
        self.note_time(now);
        let was_watched = self.gates.any_live();
        self.gateway_notice(gateway, notice);
        match (was_watched, self.gates.any_live()) {
            (true, false) => self.unwatched_since = now.boot,
            (false, true) => self.watched_since = now.boot,
            (true, true) | (false, false) => {}
        }
        self.settle();
    }

    /// Takes a dispatched event with its sequence. What it changes is written together with the sequence.
    pub fn handle_event(
        &mut self,
        now: Moment,
        gateway: GatewayKind,
        sequence: u64,
        event: &Event<'_>,
    ) {
        self.note_time(now);
        if let Some(session) = self.gates.gate_mut(gateway).session.as_mut() {
            session.sequence = session.sequence.max(sequence);
            session.seen_at = now.unix;
        }
        self.event(gateway, event);
        if self.outbox.has_writes() {
            self.outbox.mark_session(gateway);
        }
        self.settle();
    }

    /// Takes what became of a request.
    #[expect(clippy::needless_pass_by_value, reason = "an answer is taken, once")]
    pub fn handle_answer(&mut self, now: Moment, id: RequestId, answer: Answer) {
        self.note_time(now);
        let Some(pending) = self.outbox.answered(id) else {
            return;
        };
        self.count_answer(&pending, &answer);
        self.look_again_at_held_up();
        let Pending {
            purpose, bearer, ..
        } = pending;
        match purpose {
            Purpose::Attempt(task, nonce) => self.attempt_answered(task, &nonce, &bearer, &answer),
            Purpose::Cancel(task) => self.cancel_answered(task, &answer),
            Purpose::DirectMessages(application) => {
                if let Bearer::Account(name) = &bearer {
                    self.direct_messages_answered(name, application, &answer);
                }
            }
            Purpose::Envelope(task) => self.envelope_answered(task, &answer),
            Purpose::Identity => {
                if let Bearer::Account(name) = &bearer {
                    self.identity_answered(name, &answer);
                }
            }
            Purpose::Commands => self.commands_answered(&answer),
            Purpose::History(channel) => self.page_answered(channel, &bearer, &answer),
            Purpose::Slots(task, places) => self.slots_given(task, &places, &bearer, &answer),
            Purpose::Upload(task, place, name) => self.uploaded(task, place, name, &answer),
            Purpose::Links(task, places) => self.links_given(task, &places, &bearer, &answer),
        }
        self.settle();
    }

    /// Takes what became of an [`Output::Fetch`].
    pub fn handle_fetched(&mut self, now: Moment, task: TaskId, place: usize, fetched: Fetched) {
        self.note_time(now);
        self.fetched(task, place, fetched);
        self.settle();
    }

    /// Takes what became of an [`Output::Archive`].
    pub fn handle_archived(&mut self, now: Moment, task: TaskId, place: usize, archived: Archived) {
        self.note_time(now);
        self.picture_archived(task, place, archived);
        self.settle();
    }

    /// To be called when [`Hub::poll_timeout`] is due; harmless at any other time.
    pub fn handle_timeout(&mut self, now: Moment) {
        self.note_time(now);
        self.settle();
    }

    /// The owner before this one (epoch - 1) is now proven dead.
    pub fn handle_predecessor_dead(&mut self, now: Moment) {
        self.handle_owner_dead(now, self.epoch.saturating_sub(1));
    }

    /// The owner of this earlier epoch is now proven dead; see [`Hub::doubtful_epochs`].
    pub fn handle_owner_dead(&mut self, now: Moment, epoch: u64) {
        self.note_time(now);
        self.note_dead(epoch);
        self.settle();
    }

    /// Nothing new is sent from here on; [`Hub::idle`] tells when the last answer is in and written.
    pub fn drain(&mut self, now: Moment) {
        self.note_time(now);
        self.draining = true;
        self.settle();
    }
}

/// Outputs and questions.
impl Hub {
    /// The next thing to do; none when there is nothing until the next input.
    pub fn poll_output(&mut self) -> Option<Output> {
        if self.outbox.is_committing() {
            return None;
        }
        if (self.outbox.has_writes() || self.status_due)
            && let Some(commit) = self.commit()
        {
            return Some(Output::Commit(commit));
        }
        self.outbox
            .next_send(self.now.boot)
            .or_else(|| self.next_archive())
    }

    /// When `handle_timeout` is to be called, on the boot clock.
    pub fn poll_timeout(&self) -> Option<Duration> {
        let wall = [
            self.deadlines.first().map(|(at, _)| *at),
            self.tombstones.first().map(|(at, _)| *at),
            self.queue.next_due(),
        ];
        let pauses = self
            .accounts
            .iter()
            .filter_map(|account| match account.health.state {
                AccountState::Paused { until, .. } => Some(until),
                AccountState::Usable | AccountState::Disabled { .. } => None,
            });
        let mut due: Vec<Duration> = wall
            .into_iter()
            .flatten()
            .chain(pauses)
            .map(|at| self.now.boot_at(at))
            .collect();
        if !self.queue.is_empty() && !self.draining {
            for account in self
                .accounts
                .iter()
                .filter(|account| !account.is_disabled())
            {
                due.extend([
                    account.spaced_until,
                    account.limited_until,
                    account.full_until,
                ]);
                due.extend(self.session_awaited_until(&account.config.name));
                if account.health.user_id.is_none() {
                    due.push(account.ask_after);
                }
            }
        }
        if !self.draining {
            let probed = self.accounts.iter().filter(|account| account.probes());
            due.extend(probed.map(|account| account.probe_after));
        }
        if !self.awaiting_commands.is_empty() {
            due.push(self.refresh.next);
        }
        due.extend(self.sightings.next_due());
        due.extend(self.cancels.values().flat_map(Cancelling::dues));
        due.extend(self.forms.values());
        due.extend(self.notes.values());
        due.extend(self.unseen.values());
        due.extend(self.next_form_doubt());
        due.extend(self.seeds.next_due());
        due.extend(self.next_reading());
        due.extend(self.next_conclusion());
        due.extend(self.stops.values().copied());
        due.extend(self.next_preparation());
        due.extend(self.archive_due());
        for kind in [GatewayKind::Bot, GatewayKind::User] {
            due.extend(self.session_due(kind));
        }
        // What is due already was done, or waits for an answer.
        due.into_iter().filter(|at| *at > self.now.boot).min()
    }

    /// Earlier owners whose attempts are in doubt and whose death is not proven: the driver may probe their bytes.
    pub fn doubtful_epochs(&self) -> Vec<u64> {
        let epochs: BTreeSet<u64> = self
            .doubts
            .keys()
            .filter_map(|id| self.tasks.get(id)?.task.work.attempts.last())
            .map(|attempt| attempt.epoch)
            .filter(|epoch| *epoch != self.epoch && !self.dead_epochs.contains_key(epoch))
            .collect();
        epochs.into_iter().collect()
    }

    /// Whether a task was taken in already.
    pub fn knows(&self, task: TaskId) -> bool {
        self.tasks.contains_key(&task)
    }

    /// Whether no request is under way and nothing waits to be written.
    pub fn idle(&self) -> bool {
        self.outbox.is_idle() && self.forms.is_empty()
    }

    /// Whether each of these tasks has been sent, and answered or given up, or has ended, and that is written: a short
    /// process may exit.
    pub fn submitted(&self, tasks: &[TaskId]) -> bool {
        tasks.iter().all(|id| {
            self.tasks.contains_key(id)
                && !self.queue.contains(*id)
                && !self.awaiting_commands.contains(id)
                && !self.preparations.contains_key(id)
                && !self.is_answer_awaited(*id)
                && !self.outbox.is_dirty(*id)
        })
    }
}

impl Hub {
    /// Everything that follows from the time and from what the input changed.
    fn settle(&mut self) {
        self.end_pauses();
        self.end_waiting(false);
        self.end_cancels();
        self.conclude_deletions();
        self.end_stops();
        self.conclude_doubts();
        self.end_form_doubts();
        self.end_notes();
        self.end_unseen();
        self.end_overdue();
        self.end_tombstones();
        self.read_commands();
        self.send_forms();
        self.add_envelopes();
        loop {
            self.prepare_pictures();
            self.pump();
            if !std::mem::take(&mut self.has_begun) {
                break;
            }
        }
        self.probe_tokens();
        self.read_histories();
        for kind in [GatewayKind::Bot, GatewayKind::User] {
            if self.session_due(kind).is_some_and(|at| at <= self.now.boot) {
                self.outbox.mark_session(kind);
            }
        }
        let (queue, outbox) = (&self.queue, &self.outbox);
        self.tasks
            .pack(|id| queue.contains(id) && !outbox.is_dirty(id));
    }

    /// What every answer teaches: the clock and the limits.
    fn count_answer(&mut self, pending: &Pending, answer: &Answer) {
        let now = self.now;
        if pending.bearer == Bearer::Nobody {
            // The storage host has neither Discord's clock nor its limits.
            return;
        }
        if let Answer::Response { headers, .. } = answer {
            self.note_date(headers, now.boot.saturating_sub(pending.left_at));
        }
        if let Bearer::Account(name) = &pending.bearer
            && let Some(account) = self.account_mut(name)
        {
            account.limited_until = Duration::ZERO;
        }
        self.limits_changed();
        let mut is_unauthorized = false;
        let Some(limiter) = self.limiter(&pending.bearer) else {
            return;
        };
        match answer.response() {
            Some(Response {
                status,
                mut headers,
                outcome,
                ..
            }) => {
                is_unauthorized = outcome == Outcome::Unauthorized;
                // A limit may be told in the body alone, when something in between drops headers.
                if let Outcome::RateLimited { retry_after, scope } = outcome {
                    headers.retry_after = Some(retry_after);
                    headers.scope = Some(scope);
                }
                limiter.handle_answer(now, &pending.route, &headers, status);
            }
            None => limiter.handle_lost(now, &pending.route),
        }
        if is_unauthorized && let Bearer::Account(name) = &pending.bearer {
            let name = name.clone();
            self.stop_account(
                &name,
                AccountState::Disabled {
                    code: FailCode::Unauthorized,
                },
                None,
            );
        }
    }

    /// Everything that is to be written now, as one commit; none when it turns out to be nothing.
    fn commit(&mut self) -> Option<Commit> {
        let now = self.now;
        let (ids, sessions, others, durable) = self.outbox.take_writes();
        let mut writes = Vec::with_capacity(ids.len() + others.len() + 1);
        for id in ids {
            if let Some(item) = self.tasks.get_mut(&id) {
                item.task.view.revision += 1;
                writes.push(Write::Task(Box::new(item.task.clone())));
            }
        }
        for gateway in sessions {
            let gate = self.gates.gate_mut(gateway);
            let session = gate.session.clone();
            gate.persisted = (
                session.as_ref().map_or(0, |session| session.sequence),
                now.boot,
            );
            writes.push(Write::Session { gateway, session });
        }
        writes.extend(others);
        let is_status_old = self
            .status_written
            .is_none_or(|at| now.boot.saturating_sub(at) >= STATUS_EVERY);
        if self.status_due || is_status_old {
            self.status_due = false;
            self.status_written = Some(now.boot);
            if let Ok(json) = serde_json::to_string(&self.status()) {
                writes.push(Write::Status(json));
            }
        }
        if writes.is_empty() {
            self.outbox.committed();
            return None;
        }
        Some(Commit { durable, writes })
    }

    fn is_answer_awaited(&self, id: TaskId) -> bool {
        self.outbox
            .is_pending(|purpose| matches!(purpose, Purpose::Attempt(of, _) if *of == id))
    }

    fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }
}
