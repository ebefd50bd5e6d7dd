//! A process that owns the hub: the order of things of the engine's `drive.rs` and `ownership.rs`, around the real
//! brain. The lease comes first; a commit is done before the request behind it leaves.

use std::time::Duration;

use mj_discord::{
    Hosts, Moment,
    gateway::{Dispatch, Event},
    snowflake::ChannelId,
};
use mj_midjourney::{
    config::{GatewayKind, GatewayMode, HubConfig, HubId},
    hub::{
        Answer, Archived, FailureKind, Fetched, GatewayNotice, Hub, Output, Predecessor, RequestId,
    },
    memory::MemoryStore,
    store::{Commit, Committed, Grade, Lease, StoreError, TaskStore},
    task::TaskId,
};
use mj_simulator::world::{ConnectionId, Transmit};

use crate::{
    callers,
    link::{self, Link, Order},
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
    /// In a thousand commits, how many have a crash beside them.
    pub(crate) crash_at_commit: u64,
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
        if !ground.store.take_lease(ground.hub, &claim).ok()? {
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
        };
        owner.arrange_links(ground);
        Some(owner)
    }

    /// Whether a body may go out now.
    pub(crate) fn may_send(&self, now: Moment) -> bool {
        now.boot < self.fence
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
        if !self.hub.other_channels().eq(self.others.iter().copied()) {
            self.follow_channels();
        }
        self.may_leave(now)
    }

    /// The gateways decode what happens in all channels that concern the hub.
    fn follow_channels(&mut self) {
        self.others = self.hub.other_channels().collect();
        for link in &mut self.links {
            link.gateway
                .set_interest(link::interest(&self.config, &self.others));
        }
    }

    fn take_one(&mut self, ground: &mut Ground<'_>, input: Input) {
        let now = ground.now;
        match input {
            Input::Answered(id, answer) => self.hub.handle_answer(now, id, answer),
            Input::Fetched(task, place, fetched) => {
                self.hub.handle_fetched(now, task, place, fetched);
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

    fn take_frame(
        &mut self,
        ground: &mut Ground<'_>,
        connection: ConnectionId,
        transmit: &Transmit,
    ) {
        let now = ground.now;
        let found = self.links.iter_mut().find(|link| {
            link.connection
                .is_some_and(|(_, id)| id == Some(connection))
        });
        let Some(link) = found else { return };
        let kind = link.kind;
        let dispatch = match transmit {
            Transmit::Text(text) | Transmit::Zlib(text) => link.gateway.handle_text(now, text),
            Transmit::Garbage(bytes) => {
                let _ = link.gateway.handle_binary(now, bytes);
                None
            }
            Transmit::Close(code, _) => {
                link.gateway.handle_closed(now, Some(*code));
                link.connection = None;
                None
            }
            Transmit::Drop | Transmit::Reset => {
                link.gateway.handle_closed(now, None);
                link.connection = None;
                None
            }
            Transmit::Silence => None,
        };
        match dispatch {
            Some(Dispatch {
                event: Event::Ready(ready),
                ..
            }) => {
                self.work_links(ground);
                let notice = GatewayNotice::Ready {
                    user_id: ready.user,
                    session_id: ready.session_id,
                    is_new: true,
                };
                self.hub.handle_gateway(now, kind, notice);
                self.tell_session(now, kind);
            }
            Some(Dispatch {
                event: Event::Resumed,
                ..
            }) => {
                self.tell_session(now, kind);
                self.work_links(ground);
            }
            Some(Dispatch { sequence, event }) => {
                self.hub.handle_event(now, kind, sequence, &event);
                self.work_links(ground);
            }
            None => self.work_links(ground),
        }
    }

    fn tell_session(&mut self, now: Moment, kind: GatewayKind) {
        let session = self
            .links
            .iter()
            .find(|link| link.kind == kind)
            .and_then(|link| link.gateway.session().cloned());
        if let Some(session) = session {
            self.hub
                .handle_gateway(now, kind, GatewayNotice::Session(session));
        }
    }

    fn work_links(&mut self, ground: &mut Ground<'_>) {
        for link in &mut self.links {
            let kind = link.kind;
            let (notices, orders) = link.work(ground.now, ground.store);
            for notice in notices {
                self.hub.handle_gateway(ground.now, kind, notice);
            }
            for order in orders {
                ground.leaving.push(match order {
                    Order::Dial {
                        number,
                        query,
                        is_resume_host,
                    } => Travel::Dials {
                        life: self.life,
                        epoch: self.epoch,
                        kind,
                        number,
                        query,
                        is_resume_host,
                    },
                    Order::Send(id, text) => Travel::Up(id, Up::Text(text)),
                    Order::Close(id, code) => Travel::Up(id, Up::Close(code)),
                });
            }
        }
    }

    fn arrange_links(&mut self, ground: &mut Ground<'_>) {
        let mode = self.config.gateway;
        self.others = self.hub.other_channels().collect();
        let wanted = [
            (
                GatewayKind::Bot,
                matches!(mode, GatewayMode::Bot | GatewayMode::Both),
            ),
            (
                GatewayKind::User,
                matches!(mode, GatewayMode::User | GatewayMode::Both),
            ),
        ];
        for (kind, _) in wanted.into_iter().filter(|(_, is_wanted)| *is_wanted) {
            let at = self
                .sessions
                .iter()
                .position(|(gateway, _)| *gateway == kind);
            let session = at.map(|at| self.sessions.remove(at).1);
            let random = ground.random.branch();
            self.links.extend(Link::open(
                ground.now,
                kind,
                &self.config,
                &self.others,
                session,
                random,
            ));
        }
        self.work_links(ground);
    }

    fn commit(&mut self, ground: &mut Ground<'_>, commit: &Commit) -> Result<Committed, Fate> {
        if ground.random.chance(ground.crash_at_commit) {
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
                    now: ground.now.unix,
                };
                ground
                    .promise
                    .committed(ground.store, ground.hub, writer, &before);
                for (id, ..) in &before {
                    ground.trace.written(self.epoch, ground.store, id);
                }
                if ground.random.chance(ground.crash_at_commit) {
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

    fn renewal_due(&self) -> Duration {
        (self.confirmed + RENEWAL).max(self.tried + RETRY)
    }

    fn keep_lease(&mut self, ground: &mut Ground<'_>) -> Fate {
        let now = ground.now;
        let has_overslept = now.boot >= self.confirmed + OVERSLEPT;
        if !has_overslept && now.boot < self.renewal_due() {
            return Fate::Goes;
        }
        self.tried = now.boot;
        let until = now.unix.plus(LEASE);
        match ground
            .store
            .renew_lease(ground.hub, self.epoch, Grade::Resident, until)
        {
            Ok(_) => {
                self.confirmed = now.boot;
                self.fence = now.boot + LEASE;
                self.look_behind(ground);
                self.read_config(ground);
                self.read_inbox(ground);
                Fate::Goes
            }
            Err(_) => Fate::Ended,
        }
    }

    fn look_behind(&mut self, ground: &Ground<'_>) {
        if !self.is_predecessor_proven && !(ground.living)(self.epoch - 1) {
            self.is_predecessor_proven = true;
            self.hub.handle_predecessor_dead(ground.now);
        }
        for epoch in self.hub.doubtful_epochs() {
            if !(ground.living)(epoch) {
                self.hub.handle_owner_dead(ground.now, epoch);
            }
        }
    }

    fn read_inbox(&mut self, ground: &mut Ground<'_>) {
        let inbox = ground.store.inbox(ground.hub, self.epoch, self.inbox);
        self.read_config(ground);
        if let Ok(inbox) = inbox {
            self.inbox = inbox.next;
            if !inbox.tasks.is_empty() {
                ground.promise.told(self.epoch, &inbox.tasks);
                self.hub.handle_inbox(ground.now, inbox);
            }
        }
    }

    fn read_config(&mut self, ground: &mut Ground<'_>) {
        let Ok(Some((revision, config))) = ground.store.config(ground.hub) else {
            return;
        };
        if revision != self.config_revision {
            self.config_revision = revision;
            self.config = config;
            self.hub.handle_config(ground.now, self.config.clone());
            self.follow_channels();
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
