//! A process that owns the hub: the order of things of the engine's `drive.rs` and `ownership.rs`, around the real
//! brain. The lease comes first; a commit is done before the request behind it leaves.

mod gateways;
mod posts;
mod tenure;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use mj_discord::{Hosts, Moment, snowflake::ChannelId};
use mj_midjourney::{
    config::{GatewayKind, HubConfig, HubId},
    hub::{Answer, Archived, FailureKind, Fetched, Hub, Output, Predecessor, RequestId},
    memory::MemoryStore,
    notice::NoticeOutcome,
    store::{Commit, Committed, Grade, Lease, StoreError, TaskStore},
    task::TaskId,
};
use mj_simulator::world::{ConnectionId, Transmit};

use crate::{
    callers,
    crashes::Crashes,
    link::{Link, Order},
    network::{self, Departure, Life, Travel, Up},
    promise::{Promise, Writer},
    random::Random,
    trace::Trace,
};

/// As in the engine's `ownership.rs`.
pub(crate) const LEASE: Duration = Duration::from_secs(10);
const RENEWAL: Duration = Duration::from_secs(3);
const RETRY: Duration = Duration::from_millis(250);
const OVERSLEPT: Duration = Duration::from_secs(5);
/// As in the engine's `drive.rs`.
const LAST_ANSWERS: Duration = Duration::from_secs(35);
/// As in the engine's `fence.rs`: a body does not go out so shortly before the lease ends.
const MARGIN: Duration = Duration::from_secs(2);
/// As in the engine's `upkeep.rs`.
const HOUSEKEEPING: Duration = Duration::from_secs(30);
const PRUNE_BATCH: u32 = 200;

/// What an owner stands on: the time, the store, and what it hands to the network.
pub(crate) struct Ground<'g> {
    pub(crate) now: Moment,
    pub(crate) store: &'g MemoryStore,
    pub(crate) hub: &'g HubId,
    pub(crate) random: &'g mut Random,
    pub(crate) promise: &'g mut Promise,
    pub(crate) trace: &'g mut Trace,
    /// Which earlier owners still live.
    pub(crate) living: &'g dyn Fn(u64) -> bool,
    /// When the process dies beside a write.
    pub(crate) crashes: &'g mut Crashes,
    /// What leaves, each a moment later.
    pub(crate) leaving: Vec<Travel>,
}

/// What comes to an owner.
#[derive(Debug)]
pub(crate) enum Input {
    Answered(RequestId, Answer),
    Fetched(TaskId, usize, Fetched),
    Dialled(GatewayKind, u64, Option<ConnectionId>),
    Frame(ConnectionId, Transmit),
    Posted(TaskId, u64, Option<NoticeOutcome>),
    Ring,
    Terminate,
}

/// What became of an owner.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fate {
    /// It goes on.
    Goes,
    /// It gave the hub up, or lost it.
    Ended,
    /// Its process died.
    Crashed,
}

/// An owner.
#[derive(Debug)]
pub(crate) struct Owner {
    pub(crate) life: Life,
    pub(crate) epoch: u64,
    hub: Hub,
    config: HubConfig,
    config_revision: u64,
    /// The configuration before, until what was decided by it is written.
    earlier: Option<HubConfig>,
    links: Vec<Link>,
    sessions: Vec<(GatewayKind, mj_discord::gateway::Session)>,
    /// Channels beside those of the configuration that the links decode.
    others: Vec<ChannelId>,
    inbox: u64,
    confirmed: Duration,
    tried: Duration,
    fence: Duration,
    is_predecessor_proven: bool,
    draining_since: Option<Duration>,
    is_stopping: bool,
    /// Tasks whose newest state is being posted to their address.
    posting: BTreeSet<TaskId>,
    /// When the outbox is to be looked at, by the wall clock in milliseconds.
    posts_due: u64,
    housekept: Duration,
}

impl Owner {
    /// Takes the lease that may be taken, and begins.
    pub(crate) fn start(
        ground: &mut Ground<'_>,
        life: Life,
        epoch: u64,
        predecessor: Predecessor,
    ) -> Option<Self> {
        let claim = Lease {
            epoch,
            owner: format!("{life:?}"),
            boot_id: "boot".to_owned(),
            pid: 1,
            start_time: 1,
            grade: Grade::Resident,
            taken_at: ground.now.unix,
            until: ground.now.unix.plus(LEASE),
            yield_requested: false,
        };
        if !ground.store.take_lease(ground.hub, &claim).ok()?
            || ground.crashes.strike(ground.random)
        {
            return None;
        }
        let (config_revision, config) = ground.store.config(ground.hub).ok()??;
        let state = ground.store.load(ground.now.unix, ground.hub, epoch).ok()?;
        let sessions = state
            .sessions
            .iter()
            .map(|stored| (stored.gateway, stored.session.clone()))
            .collect();
        let inbox = state.inbox;
        ground.promise.told(epoch, &state.open);
        let mut entropy = ground.random.branch();
        let hub = Hub::new(
            ground.now,
            ground.hub.clone(),
            epoch,
            Grade::Resident,
            config.clone(),
            state,
            predecessor,
            Box::new(move || entropy.next()),
        );
        let mut owner = Self {
            life,
            epoch,
            hub,
            config,
            config_revision,
            earlier: None,
            links: Vec::new(),
            sessions,
            others: Vec::new(),
            inbox,
            confirmed: ground.now.boot,
            tried: ground.now.boot,
            fence: ground.now.boot + LEASE,
            is_predecessor_proven: predecessor == Predecessor::Dead,
            draining_since: None,
            is_stopping: false,
            posting: BTreeSet::new(),
            posts_due: 0,
            housekept: ground.now.boot,
        };
        owner.arrange_links(ground);
        Some(owner)
    }

    /// Whether a body may go out now.
    pub(crate) fn may_send(&self, now: Moment) -> bool {
        now.boot + MARGIN < self.fence
    }

    /// When something is due, on the boot clock.
    pub(crate) fn next_wake(&self) -> Duration {
        let links = self
            .links
            .iter()
            .filter_map(|link| link.gateway.poll_timeout());
        links
            .chain(self.hub.poll_timeout())
            .chain([self.renewal_due()])
            .min()
            .unwrap_or_default()
    }

    /// How much the brain remembers.
    pub(crate) fn holdings(&self) -> BTreeMap<&'static str, usize> {
        self.hub.holdings()
    }

    /// The connections that break when the process dies.
    pub(crate) fn connections(&self) -> Vec<ConnectionId> {
        self.links
            .iter()
            .filter_map(|link| link.connection?.1)
            .collect()
    }

    /// Takes what came, in order, and does what follows.
    pub(crate) fn take(&mut self, ground: &mut Ground<'_>, inputs: Vec<Input>) -> Fate {
        if ground.now.boot >= self.confirmed + OVERSLEPT {
            let fate = self.keep_lease(ground);
            if fate != Fate::Goes {
                return self.end(ground, fate);
            }
        }
        for input in inputs {
            self.take_one(ground, input);
        }
        self.turn(ground)
    }

    /// Everything that is due.
    pub(crate) fn turn(&mut self, ground: &mut Ground<'_>) -> Fate {
        let fate = self.do_turn(ground);
        if fate == Fate::Ended {
            return self.end(ground, fate);
        }
        fate
    }

    fn do_turn(&mut self, ground: &mut Ground<'_>) -> Fate {
        let fate = self.keep_lease(ground);
        if fate != Fate::Goes {
            return fate;
        }
        let now = ground.now;
        if self.hub.poll_timeout().is_some_and(|due| due <= now.boot) {
            self.hub.handle_timeout(now);
        }
        for link in &mut self.links {
            if link
                .gateway
                .poll_timeout()
                .is_some_and(|due| due <= now.boot)
            {
                link.gateway.handle_timeout(now);
            }
        }
        loop {
            self.work_links(ground);
            let Some(output) = self.hub.poll_output() else {
                break;
            };
            match output {
                Output::Commit(commit) => match self.commit(ground, &commit) {
                    Ok(committed) => self.hub.handle_committed(now, committed),
                    Err(fate) => return fate,
                },
                Output::Fetch { task, place, .. } => {
                    let fetched = if ground.random.chance(100) {
                        Fetched::Failed(FailureKind::Connect)
                    } else {
                        Fetched::Kept(callers::kept(ground.random))
                    };
                    ground.leaving.push(Travel::Fetched {
                        life: self.life,
                        epoch: self.epoch,
                        task,
                        place,
                        fetched,
                    });
                }
                Output::Archive { task, place, .. } => {
                    self.hub.handle_archived(now, task, place, Archived::Failed);
                }
                Output::Send {
                    id,
                    token,
                    request,
                    attempt,
                } => {
                    ground.promise.sends(now, self.epoch, &request, &token);
                    match network::wire(request, &token, &Hosts::default()) {
                        Some(request) => ground.leaving.push(Travel::Departs(Departure {
                            life: self.life,
                            epoch: self.epoch,
                            id,
                            request,
                            is_attempt: attempt,
                        })),
                        None => self.hub.handle_answer(now, id, withheld()),
                    }
                }
            }
        }
        self.earlier = None;
        if !self.hub.other_channels().eq(self.others.iter().copied()) {
            self.follow_channels();
        }
        self.post_notices(ground);
        if now.boot >= self.housekept + HOUSEKEEPING {
            self.housekept = now.boot;
            let before = now.unix.minus(self.config.retention);
            let _ = ground
                .store
                .prune(ground.hub, self.epoch, before, PRUNE_BATCH);
        }
        self.may_leave(now)
    }

    fn take_one(&mut self, ground: &mut Ground<'_>, input: Input) {
        let now = ground.now;
        match input {
            Input::Answered(id, answer) => self.hub.handle_answer(now, id, answer),
            Input::Fetched(task, place, fetched) => {
                self.hub.handle_fetched(now, task, place, fetched);
            }
            Input::Posted(task, revision, outcome) => {
                self.take_posted(ground, task, revision, outcome);
            }
            Input::Ring => self.read_inbox(ground),
            Input::Terminate => self.is_stopping = true,
            Input::Dialled(kind, number, connection) => {
                let Some(link) = self.links.iter_mut().find(|link| link.kind == kind) else {
                    return;
                };
                if link.connection != Some((number, None)) {
                    // Nobody waits for it any more.
                    ground
                        .leaving
                        .extend(connection.map(|id| Travel::Up(id, Up::Close(None))));
                    return;
                }
                if let Some(id) = connection {
                    link.connection = Some((number, Some(id)));
                    link.gateway.handle_connected(now);
                } else {
                    link.connection = None;
                    link.gateway.handle_connect_failed(now);
                }
                self.work_links(ground);
            }
            Input::Frame(connection, transmit) => self.take_frame(ground, connection, &transmit),
        }
    }

    fn commit(&mut self, ground: &mut Ground<'_>, commit: &Commit) -> Result<Committed, Fate> {
        if ground.crashes.strike(ground.random) {
            return Err(Fate::Crashed);
        }
        let before = Promise::before(ground.store, commit);
        match ground
            .store
            .commit(ground.now.unix, ground.hub, self.epoch, commit)
        {
            Ok(committed) => {
                let writer = Writer {
                    epoch: self.epoch,
                    config: &self.config,
                    earlier: self.earlier.as_ref(),
                    now: ground.now.unix,
                };
                ground
                    .promise
                    .committed(ground.store, ground.hub, writer, &before);
                self.posts_due = 0;
                for id in before.keys() {
                    ground.trace.written(self.epoch, ground.store, id);
                }
                if ground.crashes.strike(ground.random) {
                    return Err(Fate::Crashed);
                }
                Ok(committed)
            }
            Err(StoreError::Deposed { .. }) => Err(Fate::Ended),
            Err(error) => {
                ground
                    .promise
                    .broken(format!("the store refused a commit: {error}"));
                Err(Fate::Ended)
            }
        }
    }

    fn may_leave(&mut self, now: Moment) -> Fate {
        if self.is_stopping && self.draining_since.is_none() {
            self.hub.drain(now);
            self.draining_since = Some(now.boot);
        }
        match self.draining_since {
            Some(since) if self.hub.idle() || now.boot >= since + LAST_ANSWERS => Fate::Ended,
            Some(_) | None => Fate::Goes,
        }
    }

    /// Leaves nothing behind that speaks for this owner: a released hub's sessions can be resumed, a lost one's sockets
    /// break without a word.
    fn end(&mut self, ground: &mut Ground<'_>, fate: Fate) -> Fate {
        let is_released = self.draining_since.is_some();
        for link in &mut self.links {
            if is_released {
                link.gateway.shutdown_for_resume();
            } else {
                link.gateway.drop_without_close();
            }
            let (_, orders) = link.work(ground.now, ground.store);
            let last = link.leave(None);
            for order in orders.into_iter().chain(last) {
                if let Order::Close(id, code) = order {
                    ground.leaving.push(Travel::Up(id, Up::Close(code)));
                }
            }
        }
        self.fence = Duration::ZERO;
        if is_released {
            let _ = ground.store.release_lease(ground.hub, self.epoch);
        }
        fate
    }
}

/// The answer to a request that did not leave.
pub(crate) fn withheld() -> Answer {
    Answer::Failure {
        sent: false,
        kind: FailureKind::Withheld,
    }
}
