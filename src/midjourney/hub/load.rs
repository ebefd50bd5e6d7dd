//! Beginning: what an earlier owner left, tasks that other processes bring, and writes that came too late.

use std::collections::{BTreeMap, BTreeSet};

use mj_discord::{Moment, RateLimiter};

use super::{
    Entropy, Hub, Item, Made, Refresh,
    accounts::{Account, fingerprint},
    archive::Archiving,
    finish::Ending,
    gates::Gates,
    observe::OWN_COPY_WAIT,
    outbox::Outbox,
    seed::Seeds,
    sighting::Sightings,
    status::Counters,
    tasks::Tasks,
};
use crate::{
    config::{HubConfig, HubId},
    correlate::{Correlator, Role},
    hub::driver::Predecessor,
    job_id::JobId,
    queue::{Lane, Queue},
    store::{Grade, HubState},
    task::{AttemptState, Stage, Status, Task, TaskId},
};

impl Hub {
    /// Starts from what the store holds. Attempts that an earlier owner was sending are in doubt.
    #[expect(
        clippy::too_many_arguments,
        reason = "all that an owner starts from, once"
    )]
    pub fn new(
        now: Moment,
        id: HubId,
        epoch: u64,
        grade: Grade,
        config: HubConfig,
        state: HubState,
        predecessor: Predecessor,
        mut entropy: Entropy,
    ) -> Self {
        let fallback_session = format!("{:016x}{:016x}", entropy(), entropy());
        let tasks = Tasks::new(id.clone());
        let accounts = Account::all(&config, &state.accounts, now);
        let mut hub = Self {
            id,
            epoch,
            grade,
            entropy,
            now,
            skew: 0,
            knows_clock: false,
            serial: 0,
            has_learnt: false,
            draining: false,
            fallback_session,
            tasks,
            correlator: Correlator::default(),
            queue: Queue::default(),
            accounts,
            retired: Vec::new(),
            former_channels: BTreeSet::new(),
            bot_limiter: RateLimiter::new(),
            bot_cannot_read: false,
            gates: Gates::default(),
            unwatched_since: now.boot,
            watched_since: now.boot,
            outbox: Outbox::default(),
            sightings: Sightings::default(),
            commands: state.command_index.unwrap_or_default(),
            refresh: Refresh::default(),
            awaiting_commands: BTreeSet::new(),
            preparations: BTreeMap::new(),
            has_begun: false,
            under_way: BTreeSet::new(),
            deadlines: BTreeSet::new(),
            tombstones: BTreeSet::new(),
            late: BTreeSet::new(),
            closed: BTreeSet::new(),
            doubts: BTreeMap::new(),
            maybe_queued: BTreeSet::new(),
            forms: BTreeMap::new(),
            notes: BTreeMap::new(),
            unseen: BTreeMap::new(),
            pressing: BTreeMap::new(),
            seeds: Seeds::default(),
            held_up: BTreeSet::new(),
            dead_epochs: BTreeMap::new(),
            deletions: BTreeMap::new(),
            stops: BTreeMap::new(),
            cancels: BTreeMap::new(),
            histories: BTreeMap::new(),
            archiving: Archiving::default(),
            counters: Counters::default(),
            status_written: None,
            status_due: true,
            config,
        };
        hub.gates.configure(hub.config.gateway, now.boot);
        for stored in state.sessions {
            let gate = hub.gates.gate_mut(stored.gateway);
            gate.persisted = (stored.session.sequence, now.boot);
            gate.session = Some(stored.session);
        }
        hub.gates.user.user = hub
            .accounts
            .first()
            .and_then(|account| account.health.user_id);
        if predecessor == Predecessor::Dead {
            hub.note_dead(epoch.saturating_sub(1));
        }
        // The oldest last: when there are too many, it is forgotten first.
        for task in state.closed {
            hub.load_closed(task);
        }
        hub.forget_closed();
        // First, since a task without a hope ends at once.
        hub.forgive_accounts();
        for task in state.open {
            hub.take_task(task);
        }
        hub.keep_former_channels();
        hub.settle();
        hub
    }

    fn load_closed(&mut self, task: Task) {
        let id = task.view.id;
        let held_until = task.work.key_held_until;
        self.insert_item(task);
        self.note_closed(id);
        if let Some(until) = held_until {
            self.tombstones.insert((until, id));
        }
    }

    /// A task as another process, or an earlier owner, left it.
    pub(super) fn take_task(&mut self, task: Task) {
        let id = task.view.id;
        match self.tasks.get_mut(&id) {
            None if task.view.status.is_terminal() => {}
            None => self.open_task(task),
            Some(item) if item.task.view.status.is_terminal() => {}
            Some(_) if task.view.status.is_terminal() => self.adopt(task),
            Some(item) => {
                if task.work.cancel_requested && !item.task.work.cancel_requested {
                    item.task.work.cancel_requested = true;
                    self.cancel(id);
                }
            }
        }
    }

    fn open_task(&mut self, task: Task) {
        let id = task.view.id;
        let epoch = self.epoch;
        let (deadline, cancel_requested) = (task.work.deadline, task.work.cancel_requested);
        let last = task
            .work
            .attempts
            .last()
            .map(|attempt| (attempt.state, attempt.epoch));
        let has_arrived = task.work.has_arrived();
        let stage = task.view.stage;
        self.insert_item(task);
        self.deadlines.insert((deadline, id));
        if stage == Some(Stage::Stopped) {
            self.stops.insert(id, self.now.boot + OWN_COPY_WAIT);
        }
        match last {
            None | Some((AttemptState::Refused | AttemptState::Absent, _)) if !has_arrived => {
                self.enqueue(id);
            }
            None
            | Some((AttemptState::Accepted | AttemptState::Refused | AttemptState::Absent, _)) => {
                if stage != Some(Stage::Moderated) {
                    self.take_slot(id);
                }
            }
            Some((AttemptState::Sending | AttemptState::InDoubt, of)) => {
                self.take_slot(id);
                self.doubts.insert(id, self.now.boot);
                if let Some(attempt) = self
                    .tasks
                    .get_mut(&id)
                    .and_then(|item| item.task.work.attempts.last_mut())
                    && attempt.state == AttemptState::Sending
                    && of != epoch
                {
                    attempt.state = AttemptState::InDoubt;
                    self.outbox.mark(id, false);
                }
            }
        }
        self.go_on(id);
        self.await_sign(id);
        if cancel_requested {
            self.cancel(id);
        }
    }

    /// Goes on with what an open task was at beside its attempts.
    fn go_on(&mut self, id: TaskId) {
        if self.first_attempt(id).is_none() {
            return;
        }
        if self.has_unsent_form(id) {
            self.form_again(id, self.now.boot);
        }
        self.watch_pressed(id);
        self.watch_seed(id);
        let last = self
            .tasks
            .get(&id)
            .and_then(|item| item.task.work.attempts.last());
        if last.is_some_and(|last| last.state == AttemptState::Accepted) {
            self.note_taken(id);
        }
    }

    /// A task waits to be sent: in the queue, or first for its pictures.
    pub(super) fn enqueue(&mut self, id: TaskId) {
        if self.wants_preparation(id) {
            self.begin_preparation(id);
            return;
        }
        let account = self.account_for(id);
        let Some(item) = self.tasks.get(&id) else {
            return;
        };
        if item.task.view.status.is_terminal() {
            return;
        }
        let work = &item.task.work;
        self.queue
            .insert(id, account, Lane::of(work), work.priority, work.not_before);
        self.fail_if_hopeless(id);
    }

    fn fail_if_hopeless(&mut self, id: TaskId) {
        if let Some((code, reason)) = self.hopeless(id) {
            self.fail_unsent(id, code, reason);
        }
    }

    /// Indexes a task with everything that names it.
    fn insert_item(&mut self, task: Task) {
        let id = task.view.id;
        let result = task
            .view
            .message_id
            .filter(|_| task.view.status == Status::Success);
        let work = task.work.clone();
        let job = task
            .view
            .job_id
            .as_deref()
            .and_then(|job| job.parse::<JobId>().ok());
        let may_exist = work.attempts.iter().any(|attempt| {
            matches!(
                attempt.state,
                AttemptState::Sending | AttemptState::Accepted | AttemptState::InDoubt
            )
        });
        let holds_key = if task.view.status.is_terminal() {
            work.key_held_until
                .is_some_and(|until| until > self.now.unix)
        } else {
            may_exist && !work.bound
        };
        let made = vec![Made::default(); work.attempts.len()];
        self.tasks.insert(
            id,
            Item {
                task,
                made,
                was_outdated: false,
                lost_uploads: 0,
            },
        );
        self.set_holder(id);
        for attempt in &work.attempts {
            self.correlator.bind_nonce(id, &attempt.nonce);
            if let Some(interaction) = attempt.interaction_id {
                self.correlator.bind_interaction(id, interaction);
            }
        }
        for message in work.messages.iter().chain(&result) {
            let role = if result == Some(*message) {
                Role::Result
            } else if work.moderated.is_some() {
                Role::Notice
            } else {
                Role::Progress
            };
            self.correlator.bind_message(id, *message, role);
        }
        if let Some(job) = job {
            self.correlator.bind_job(id, job);
        }
        if holds_key {
            let keys: Vec<String> = work.key.into_iter().chain(work.other_keys).collect();
            self.correlator.take_keys(id, &keys);
        }
    }

    /// A write came too late: another process had changed the task.
    pub(super) fn superseded(&mut self, stored: Task) {
        let id = stored.view.id;
        let Some(item) = self.tasks.get(&id) else {
            return;
        };
        if is_as_written(&stored, &item.task) {
            return;
        }
        if stored.view.status.is_terminal() {
            self.adopt(stored);
            return;
        }
        // The attempt is not durable, so it must not leave.
        let was_taken_back = self.take_back(id);
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        item.task.view.revision = stored.view.revision;
        item.task.work.cancel_requested |= stored.work.cancel_requested;
        let cancel = item.task.work.cancel_requested;
        self.outbox.mark(id, false);
        if was_taken_back {
            self.wait_again(id, None);
        }
        if cancel {
            self.cancel(id);
        }
    }

    /// Another process ended the task: it cancelled one that was never sent.
    fn adopt(&mut self, stored: Task) {
        let id = stored.view.id;
        self.take_back(id);
        let ended_already = self
            .tasks
            .get(&id)
            .and_then(|item| item.task.view.finished_at);
        if let Some(at) = ended_already {
            self.closed.remove(&(at, id));
        }
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        item.task = stored;
        self.close(id, Ending::NeverSent);
        // It is written as it is.
        self.outbox.unmark(id);
    }

    /// A changed configuration.
    pub(super) fn configure(&mut self, config: HubConfig) {
        let known: Vec<_> = self
            .accounts
            .iter()
            .map(|account| account.health.clone())
            .collect();
        let mut before = std::mem::take(&mut self.accounts);
        before.append(&mut self.retired);
        if config.bot_token != self.config.bot_token {
            self.bot_limiter = RateLimiter::new();
            self.bot_cannot_read = false;
        }
        let is_elsewhere = config.archive != self.config.archive;
        self.config = config;
        if is_elsewhere {
            self.reconsider_pictures();
        }
        self.accounts = Account::all(&self.config, &known, self.now);
        for account in &mut self.accounts {
            let same = before
                .iter()
                .position(|old| old.config.name == account.config.name);
            let Some(old) = same.map(|at| before.swap_remove(at)) else {
                continue;
            };
            account.running = old.running;
            account.spaced_until = old.spaced_until;
            account.queued_at = old.queued_at;
            account.full_until = old.full_until;
            account.in_question = old.in_question;
            if fingerprint(&old.config.user_token) == fingerprint(&account.config.user_token) {
                account.limiter = old.limiter;
                account.limited_until = old.limited_until;
            }
        }
        self.forgive_accounts();
        self.retired = before;
        self.retired.retain(|account| !account.running.is_empty());
        self.count_jobs_of_returned();
        self.keep_former_channels();
        self.gates.configure(self.config.gateway, self.now.boot);
        for history in self.histories.values_mut() {
            history.refused.clear();
        }
        self.status_due = true;
        let waiting: Vec<TaskId> = self.queue.ids().collect();
        for id in waiting {
            if self.tasks.whole(&id).is_some() {
                self.enqueue(id);
            } else {
                self.fail_if_hopeless(id);
            }
        }
    }
}

impl Hub {
    /// An account that comes back may have jobs from before, also of an earlier owner.
    fn count_jobs_of_returned(&mut self) {
        let open: Vec<TaskId> = self.under_way.iter().copied().collect();
        for id in open {
            let stage = self.tasks.get(&id).and_then(|item| item.task.view.stage);
            if stage != Some(Stage::Moderated) {
                self.take_slot(id);
            }
        }
    }
}

/// Whether what is stored is our own write: the store made it, failed after that, and was asked once more.
fn is_as_written(stored: &Task, ours: &Task) -> bool {
    stored.view == ours.view
        && (stored.work == ours.work || {
            let mut work = ours.work.clone();
            work.cancel_requested = stored.work.cancel_requested;
            stored.work == work
        })
}
