//! The loop of one owned hub: feeds the hub's brain, does what it says in its order, and keeps the lease.
//!
//! A commit is done fully before anything that follows it; a request runs beside the loop and comes back as an input.
//! Whatever the loop does, it first makes sure that the lease is its own.

mod gateways;
mod notices;
mod pictures;
pub(crate) mod telling;
mod upkeep;

use std::{ops::ControlFlow, panic::resume_unwind, sync::Arc, time::Duration};

use mj_discord::{Hosts, UnixMs, gateway::Session, snowflake::ChannelId};
use mj_midjourney::{
    config::{GatewayKind, HubConfig, HubId},
    hub::{Answer, Archived, FailureKind, Fetched, Hub, Output, Predecessor, RequestId},
    store::{Commit, Committed, Grade, StoreError, TaskStore},
    task::TaskId,
};
use mj_process::{Fifo, OwnerLock, clock};
use tokio::{
    io::unix::AsyncFd,
    sync::{
        Semaphore,
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    },
    task::JoinSet,
    time::sleep,
};

#[cfg(test)]
use crate::crash_points::{self, Point};
use crate::{
    beside::beside,
    chronicle::Chronicle,
    http::Http,
    link::{Link, SocketEvent},
    metrics::{ARCHIVED, COMMIT_FAILURES, COMMIT_SECONDS},
    network::Network,
    outgoing,
    ownership::Tenure,
    picture::kept,
    readable,
    resolver::Resolver,
    shared::{Shared, entropy, moment, owner_fifo},
    socket::Route,
    tunnel::Proxy,
    webhook::{Post, Schedule},
};

/// How exact the last heartbeat ACK is that the status tells of: a quarter of the time between two.
const ACKNOWLEDGED_GRAIN: Duration = Duration::from_secs(10);
/// Pause before a write that the store refused is tried again.
const WRITE_RETRY: Duration = Duration::from_millis(100);
/// Callers' pictures that are fetched side by side; each may take some ten megabytes of memory.
const PICTURES_AT_ONCE: usize = 2;
/// How long an owner that gives way waits for the answers under way.
const LAST_ANSWERS: Duration = Duration::from_secs(35);
/// How long it then still posts what is due to webhooks.
const LAST_POSTS: Duration = Duration::from_secs(2);

/// The answer to a request that cannot be made, because a kept file is gone: not one that was kept back, which would be
/// tried again without a pause.
const UNMADE: Answer = Answer::Failure {
    sent: false,
    kind: FailureKind::Closed,
};

/// What comes to the loop from beside it.
#[derive(Debug)]
pub(crate) enum Input {
    /// A request ended.
    Answer(RequestId, Answer),
    /// A finished picture was archived, or was not.
    Archived(TaskId, usize, Archived),
    /// A caller's picture was fetched, or was not.
    Fetched(TaskId, usize, Fetched),
    /// A webhook's post ended.
    Posted(Post, Answer),
    /// A gateway's socket has something.
    Socket {
        /// Which gateway.
        kind: GatewayKind,
        /// Which of its connections.
        connection: u64,
        /// What.
        event: SocketEvent,
    },
}

/// Why an owner ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum End {
    /// It gave the hub up: asked to stop, or to give way.
    Released,
    /// Another process owns the hub, or may.
    Deposed,
    /// The hub cannot be run as it is configured, or the store failed for good.
    Failed,
}

/// Why a hub could not be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DriveError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored address is none.
    #[error(transparent)]
    Hosts(#[from] mj_discord::hosts::HostError),
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] crate::tls::TlsError),
    /// The HTTP client cannot be made.
    #[error("no HTTP client")]
    Http(#[from] reqwest::Error),
    /// The FIFO cannot be made or watched.
    #[error("the hub's FIFO cannot be served")]
    Fifo(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The hub has no configuration.
    #[error("the hub has no configuration")]
    Unconfigured,
}

/// An owned hub.
pub(crate) struct Drive {
    shared: Arc<Shared>,
    id: HubId,
    lock: OwnerLock,
    tenure: Tenure,
    grade: Grade,
    hub: Hub,
    config: HubConfig,
    config_revision: u64,
    /// The newest configuration that could be used.
    config_applied: u64,
    /// What of tasks and accounts was told.
    chronicle: Chronicle,
    /// The memory of this process, at the last housekeeping.
    resident_bytes: Option<u64>,
    /// When the status was last made, by `CLOCK_BOOTTIME`.
    told_at: Duration,
    /// The last heartbeat ACK that the status tells of.
    shown_acknowledged: UnixMs,
    /// Which database all this was read from: [`mj_store::SqliteStore::exchanges`].
    database: u64,
    hosts: Arc<Hosts>,
    http: Http,
    /// How Discord's hosts were found at the last try.
    network: Arc<Network>,
    /// For webhooks and the archive: never through the proxy.
    direct: Http,
    posts: Schedule,
    route: Arc<Route>,
    resolver: Resolver,
    links: Vec<Link>,
    /// Channels beside those of the configuration that the links decode.
    other_channels: Vec<ChannelId>,
    /// To be resumed when their gateway is opened.
    sessions: Vec<(GatewayKind, Session)>,
    fifo: AsyncFd<Fifo>,
    inbox: u64,
    inputs: UnboundedReceiver<Input>,
    source: UnboundedSender<Input>,
    requests: JoinSet<()>,
    /// Whose turn it is to fetch a picture.
    pictures: Arc<Semaphore>,
    is_predecessor_proven: bool,
    /// Whether the hub was encrypted with a secret that is not known here: another process is to own it.
    is_locked_out: bool,
    draining_since: Option<Duration>,
    stopping: bool,
    housekept: Duration,
    looked_around: Duration,
    tidied: Duration,
}

impl std::fmt::Debug for Drive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Drive")
            .field("hub", &self.id)
            .field("epoch", &self.tenure.epoch)
            .finish_non_exhaustive()
    }
}

impl Drive {
    /// Starts to drive a hub that was just taken.
    ///
    /// # Errors
    /// [`DriveError`]; the tenure ends then.
    pub(crate) fn start(
        shared: Arc<Shared>,
        id: HubId,
        lock: OwnerLock,
        tenure: Tenure,
        resolver: Resolver,
    ) -> Result<Self, DriveError> {
        let now = moment();
        // Before the load, so that no ring falls between the two.
        let fifo = Fifo::serve(&shared.dir, &owner_fifo(&id))
            .map_err(|error| DriveError::Fifo(Box::new(error)))?;
        let fifo = readable::watch(fifo).map_err(|error| DriveError::Fifo(Box::new(error)))?;
        let database = shared.store.exchanges();
        let state = shared.store.load(now.unix, &id, tenure.epoch)?;
        let chronicle = Chronicle::of(&state);
        // Behind the load: what the tasks need was stored before them.
        let (config_revision, config) =
            shared.store.config(&id)?.ok_or(DriveError::Unconfigured)?;
        let sessions = state
            .sessions
            .iter()
            .map(|stored| (stored.gateway, stored.session.clone()))
            .collect();
        let inbox = state.inbox;
        let network = Arc::new(Network::default());
        telling::take_over(&network.meter, &state, shared.store.status(&id)?);
        let (hosts, http, route) = outfit(&shared, &config, &resolver, &network)?;
        let direct = direct(&shared, &config, &resolver)?;
        let mut posts = Schedule::default();
        posts.touch();
        let grade = shared.grade();
        let (source, inputs) = unbounded_channel();
        let hub = Hub::new(
            now,
            id.clone(),
            tenure.epoch,
            grade,
            config.clone(),
            state,
            tenure.predecessor,
            entropy(),
        );
        tracing::info!(hub = %id, epoch = tenure.epoch, ?grade, "this process owns the hub");
        let mut drive = Self {
            is_predecessor_proven: tenure.predecessor == Predecessor::Dead,
            shared,
            id,
            lock,
            tenure,
            grade,
            hub,
            config,
            config_revision,
            config_applied: config_revision,
            shown_acknowledged: UnixMs::default(),
            database,
            hosts: Arc::new(hosts),
            http,
            network,
            chronicle,
            resident_bytes: telling::resident_bytes(),
            told_at: Duration::ZERO,
            direct,
            posts,
            route: Arc::new(route),
            resolver,
            links: Vec::new(),
            other_channels: Vec::new(),
            sessions,
            fifo,
            inbox,
            inputs,
            source,
            requests: JoinSet::new(),
            pictures: Arc::new(Semaphore::new(PICTURES_AT_ONCE)),
            is_locked_out: false,
            draining_since: None,
            stopping: false,
            housekept: now.boot,
            looked_around: now.boot,
            // The first time with the first housekeeping.
            tidied: Duration::ZERO,
        };
        drive.arrange_links(now);
        drive.look_behind();
        Ok(drive)
    }

    /// Runs until the hub is given up or lost.
    pub(crate) async fn run(mut self, mut stop: tokio::sync::watch::Receiver<bool>) -> End {
        let mut waits = self.shared.waits.subscribe();
        self.look_at_grade();
        let end = loop {
            if let ControlFlow::Break(end) = self.turn().await {
                break end;
            }
            let sleep_for = self.next_wake().saturating_sub(clock::boot());
            tokio::select! {
                input = self.inputs.recv() => if let Some(input) = input
                    && let ControlFlow::Break(end) = self.take_inputs(input)
                {
                    break end;
                },
                ready = self.fifo.readable() => if let Ok(mut ready) = ready {
                    let _ = ready.get_inner().drain();
                    ready.clear_ready();
                    self.read_inbox();
                    if self.config.family.as_ref() == Some(&self.id) {
                        // Perhaps the ring was about a relative that has no owner yet.
                        self.shared.wake.notify_one();
                    }
                },
                _ = waits.changed(), if self.grade == Grade::Transient => self.look_at_grade(),
                changed = stop.changed(), if !self.stopping => {
                    self.stopping = changed.is_err() || *stop.borrow();
                }
                () = sleep(sleep_for) => {}
            }
        };
        tracing::info!(hub = %self.id, epoch = self.tenure.epoch, ?end, "this process no longer owns the hub");
        self.finish(end).await
    }

    /// Everything that is due, the lease first; ends when there is nothing to do before the next input.
    async fn turn(&mut self) -> ControlFlow<End> {
        #[cfg(test)]
        crash_points::reached(&self.shared, Point::Turn);
        self.keep_lease()?;
        if self.is_locked_out {
            return ControlFlow::Break(End::Released);
        }
        self.look_around();
        if self.has_news() {
            self.hub.show_status();
        }
        let now = moment();
        if self.hub.poll_timeout().is_some_and(|due| due <= now.boot) {
            self.hub.handle_timeout(now);
        }
        for link in &mut self.links {
            link.handle_timeout(now);
        }
        loop {
            self.work_links();
            let Some(output) = self.hub.poll_output() else {
                break;
            };
            match output {
                Output::Commit(commit) => {
                    let committed = self.commit(commit).await?;
                    self.hub.handle_committed(moment(), committed);
                }
                Output::Fetch { task, place, url } => self.fetch(task, place, url),
                Output::Archive { task, place, image } => self.archive(task, place, image),
                Output::Send {
                    id,
                    token,
                    request,
                    attempt,
                } => {
                    #[cfg(test)]
                    if attempt {
                        crash_points::reached(&self.shared, Point::AttemptDurable);
                    }
                    self.send(id, &token, request, attempt);
                }
            }
        }
        self.post_notices();
        self.follow_other_channels();
        self.keep_house(moment());
        let (hub, id) = (&self.hub, &self.id);
        self.shared.unsent.look(|of, tasks| {
            if of == id {
                tasks.retain(|task| !hub.submitted(&[*task]));
            }
        });
        self.may_leave()
    }

    /// Whether an owner that stops or gives way has nothing left to wait for.
    fn may_leave(&mut self) -> ControlFlow<End> {
        if self.stopping && self.draining_since.is_none() {
            let now = moment();
            self.hub.drain(now);
            self.draining_since = Some(now.boot);
        }
        match self.draining_since {
            Some(since) => {
                let now = clock::boot();
                let is_told = self.posts.is_idle(now) || now >= since + LAST_POSTS;
                if (self.hub.idle() && is_told) || now >= since + LAST_ANSWERS {
                    return ControlFlow::Break(End::Released);
                }
                ControlFlow::Continue(())
            }
            None => ControlFlow::Continue(()),
        }
    }

    /// Writes, again and again where the store is busy, as long as the lease allows.
    async fn commit(&mut self, commit: Commit) -> ControlFlow<End, Committed> {
        let told = self.tell(commit);
        loop {
            match self.write(&told.commit).await {
                Ok(committed) => {
                    self.check_database()?;
                    self.told(&told, &committed);
                    self.heed_commit(&told.commit);
                    return ControlFlow::Continue(committed);
                }
                Err(StoreError::Deposed { .. }) => return ControlFlow::Break(End::Deposed),
                Err(StoreError::Sealed { .. }) => {
                    self.lock_out();
                    return ControlFlow::Break(End::Released);
                }
                Err(error) => {
                    self.network.meter.count(&COMMIT_FAILURES, &[]);
                    tracing::error!(hub = %self.id, %error, "the store refused a write");
                    sleep(WRITE_RETRY).await;
                    self.keep_lease().map_break(|end| end)?;
                    if self.tenure.has_run_out() {
                        return ControlFlow::Break(End::Failed);
                    }
                }
            }
        }
    }

    /// Notes that the hub can be read no more.
    fn lock_out(&mut self) {
        if !self.is_locked_out {
            self.is_locked_out = true;
            tracing::warn!(hub = %self.id, "the hub was encrypted with another mj.secret: it is left to who knows that");
        }
    }

    /// Writes what was counted since the last status, for the next owner to go on with.
    async fn tell_last(&mut self) {
        if self.is_locked_out {
            return;
        }
        self.hub.show_status();
        if let Some(Output::Commit(commit)) = self.hub.poll_output() {
            let told = self.tell(commit);
            if let Err(error) = self.write(&told.commit).await {
                tracing::warn!(hub = %self.id, %error, "the last status could not be written");
            }
        }
    }

    /// Writes once. What must be on the disk first is written beside the loop's thread, on which other hubs live too.
    async fn write(&self, commit: &Commit) -> Result<Committed, StoreError> {
        let (store, epoch, now) = (self.shared.store, self.tenure.epoch, moment().unix);
        let (began, durable) = (clock::boot(), commit.durable);
        let written = if durable {
            let (id, commit) = (self.id.clone(), commit.clone());
            let written = beside(move || store.commit(now, &id, epoch, &commit)).await;
            written.unwrap_or_else(|error| match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                Err(error) => Err(StoreError::Io(Box::new(error))),
            })
        } else {
            store.commit(now, &self.id, epoch, commit)
        };
        let labels = [("durable", if durable { "yes" } else { "no" })];
        let took = clock::boot().saturating_sub(began);
        let meter = &self.network.meter;
        meter.observe_quietly(&COMMIT_SECONDS, &labels, took);
        written
    }

    fn send(
        &mut self,
        id: RequestId,
        token: &mj_discord::Token,
        request: mj_discord::rest::Request,
        attempt: bool,
    ) {
        let (http, source) = (self.http.clone(), self.source.clone());
        let fence = attempt.then(|| self.tenure.fence.clone());
        let (hosts, shared) = (Arc::clone(&self.hosts), Arc::clone(&self.shared));
        let (token, user_agent) = (token.clone(), self.config.user_agent.clone());
        let has_files = outgoing::has_files(&request);
        let prepare = move || {
            outgoing::outgoing(request, &token, &hosts, &user_agent, |name| {
                kept::read(&shared.dir, name)
            })
        };
        self.requests.spawn_local(async move {
            // Kept files are read beside the loop's thread.
            let outgoing = if has_files {
                beside(prepare).await.ok().flatten()
            } else {
                prepare()
            };
            let answer = match outgoing {
                Some(outgoing) => http.send(outgoing, fence).await,
                None => UNMADE,
            };
            let _ = source.send(Input::Answer(id, answer));
        });
    }

    /// Takes an input and all that wait behind it. When the lease has become doubtful it is confirmed first; if that
    /// fails, the inputs are thrown away with the hub.
    fn take_inputs(&mut self, first: Input) -> ControlFlow<End> {
        let mut next = Some(first);
        if self.tenure.is_doubtful() {
            self.keep_lease()?;
        }
        while let Some(input) = next {
            self.take_input(input);
            next = self.inputs.try_recv().ok();
        }
        while self.requests.try_join_next().is_some() {}
        ControlFlow::Continue(())
    }

    fn take_input(&mut self, input: Input) {
        let now = moment();
        match input {
            Input::Answer(id, answer) => self.hub.handle_answer(now, id, answer),
            Input::Archived(task, place, archived) => {
                let outcome = match &archived {
                    Archived::At(_) => "kept",
                    Archived::Gone => "gone",
                    Archived::Failed => "failed",
                };
                self.network.meter.count(&ARCHIVED, &[("outcome", outcome)]);
                self.hub.handle_archived(now, task, place, archived);
            }
            Input::Fetched(task, place, fetched) => {
                self.hub.handle_fetched(now, task, place, fetched);
            }
            Input::Posted(post, answer) => self.take_posted(&post, &answer),
            Input::Socket {
                kind,
                connection,
                event,
            } => self.take_socket_event(now, kind, connection, &event),
        }
    }

    fn next_wake(&self) -> Duration {
        let links = self.links.iter().filter_map(Link::poll_timeout);
        links
            .chain(self.hub.poll_timeout())
            .chain(self.posts.poll_timeout())
            .chain(self.last_posts())
            .chain([self.tenure.renewal_due(), self.look_around_due()])
            .min()
            .unwrap_or_default()
    }

    /// When an owner that gives way stops to wait for webhooks.
    fn last_posts(&self) -> Option<Duration> {
        self.draining_since
            .map(|since| since + LAST_POSTS)
            .filter(|at| *at > clock::boot())
    }

    /// Leaves nothing behind that speaks for this owner.
    async fn finish(mut self, end: End) -> End {
        self.requests.abort_all();
        match end {
            End::Released => {
                self.tell_last().await;
                for link in self.links.drain(..) {
                    link.shut_down().await;
                }
                self.tenure.release(self.shared.store, &self.id);
            }
            End::Deposed | End::Failed => {
                self.tenure.fence.close();
                self.inputs.close();
                while self.inputs.try_recv().is_ok() {}
                for link in self.links.drain(..) {
                    link.reset().await;
                }
                while self.requests.join_next().await.is_some() {}
            }
        }
        end
    }
}

/// The HTTP client of webhooks and the archive.
fn direct(shared: &Shared, config: &HubConfig, resolver: &Resolver) -> Result<Http, DriveError> {
    let tls = shared.tls.config(config.hosts.ca_file.as_deref())?;
    Ok(Http::new(&tls, None, resolver, Arc::default())?)
}

/// What a hub's configuration makes: its hosts, its HTTP client, its way to gateways.
fn outfit(
    shared: &Shared,
    config: &HubConfig,
    resolver: &Resolver,
    network: &Arc<Network>,
) -> Result<(Hosts, Http, Route), DriveError> {
    let hosts = outgoing::hosts(&config.hosts)?;
    let tls = shared.tls.config(config.hosts.ca_file.as_deref())?;
    let proxy = config.hosts.proxy.as_deref();
    let http = Http::new(&tls, proxy, resolver, Arc::clone(network))?;
    let route = Route {
        proxy: config.hosts.proxy.as_deref().and_then(Proxy::parse),
        resolver: resolver.clone(),
        tls,
        user_agent: config.user_agent.clone(),
        network: Arc::clone(network),
    };
    Ok((hosts, http, route))
}
