//! One gateway of a hub: the session machine of `mj-discord` joined to a socket.
//!
//! The socket lives in a task of its own; what it brings comes back through the hub's inputs, numbered by
//! connection, so that nothing of an old connection is taken for the present one's.

use std::{sync::Arc, time::Duration};

use mj_discord::{
    Hosts, Moment,
    gateway::{
        Action, Config, Disconnect, Fatal, Gateway, InflateError, Interest, Notice, Session,
        SessionLoss, Signs,
    },
    snowflake::ChannelId,
};
use mj_midjourney::{
    application::Bot,
    config::{GatewayKind, HubConfig},
    hub::GatewayNotice,
    store::{IdentifyPermit, TaskStore},
};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinHandle,
    time::timeout,
};
use url::Url;

use crate::{
    config::token_hash,
    drive::{Input, telling::word},
    metrics::{
        CLOSES, DISCONNECTS, GAPS, HEARTBEAT_SECONDS, IDENTIFIES, IDENTIFIES_POSTPONED, RESUMES,
        SESSIONS, SESSIONS_LOST,
    },
    network::Place,
    shared::entropy,
    socket::{Incoming, Route, Socket},
    trouble::Trouble,
};

/// How long a close frame may take to leave.
const FAREWELL: Duration = Duration::from_millis(500);
/// When the identify bucket cannot be asked, it is asked again after this.
const BUCKET_RETRY: Duration = Duration::from_secs(5);

/// What a socket brought.
#[derive(Debug)]
pub(crate) enum SocketEvent {
    /// It is open.
    Connected,
    /// It could not be opened.
    ConnectFailed,
    /// A frame, or the end.
    Incoming(Incoming),
}

#[derive(Debug)]
enum Command {
    Send(String),
    Close(u16),
    Reset,
}

#[derive(Debug)]
struct Connection {
    number: u64,
    commands: UnboundedSender<Command>,
    task: JoinHandle<()>,
}

/// A gateway of a hub.
#[derive(Debug)]
pub(crate) struct Link {
    /// Which.
    pub(crate) kind: GatewayKind,
    gateway: Gateway,
    /// What it was made from; another means another link.
    login: Login,
    token_hash: String,
    route: Arc<Route>,
    connection: Option<Connection>,
    connections: u64,
    /// How many round trips of heartbeats were counted.
    round_trips: u64,
    /// Connections that are sending their close frame.
    farewells: Vec<JoinHandle<()>>,
}

/// What a gateway session depends on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Login {
    token: mj_discord::Token,
    hosts: Hosts,
    proxy: Option<String>,
    ca_file: Option<String>,
}

impl Login {
    /// The login of one of a hub's gateways; none when its configuration has none.
    pub(crate) fn of(kind: GatewayKind, config: &HubConfig, hosts: &Hosts) -> Option<Self> {
        let token = match kind {
            GatewayKind::Bot => config.bot_token.clone()?,
            GatewayKind::User => config.accounts.first()?.user_token.clone(),
        };
        Some(Self {
            token,
            hosts: hosts.clone(),
            proxy: config.hosts.proxy.clone(),
            ca_file: config.hosts.ca_file.clone(),
        })
    }
}

/// Which messages a hub's gateways decode: those of its channels, and of `others`.
pub(crate) fn interest(config: &HubConfig, others: &[ChannelId]) -> Interest {
    let channels = config
        .accounts
        .iter()
        .filter_map(|account| account.channel_id)
        .chain([config.channel_id])
        .chain(others.iter().copied());
    Interest::new(channels, Bot::ALL.map(Bot::application_id))
}

impl Link {
    /// Begins to connect, resuming `session` when there is one.
    pub(crate) fn open(
        now: Moment,
        kind: GatewayKind,
        login: Login,
        interest: Interest,
        session: Option<Session>,
        route: Arc<Route>,
    ) -> Self {
        let mut login_config = match kind {
            GatewayKind::Bot => Config::bot(login.token.clone()),
            GatewayKind::User => Config::user(login.token.clone()),
        };
        login_config.hosts = login.hosts.clone();
        login_config.interest = interest;
        Self {
            kind,
            token_hash: token_hash(&login.token),
            gateway: Gateway::new(now, login_config, session, entropy()),
            login,
            route,
            connection: None,
            connections: 0,
            round_trips: 0,
            farewells: Vec::new(),
        }
    }

    /// Whether this link serves a login still.
    pub(crate) fn serves(&self, login: &Login) -> bool {
        self.login == *login
    }

    /// Whether this link's session is that of a login at other hosts.
    pub(crate) fn has_token_of(&self, login: &Login) -> bool {
        self.login.token == login.token
    }

    /// Replaces which messages matter.
    pub(crate) fn set_interest(&mut self, interest: Interest) {
        self.gateway.set_interest(interest);
    }

    /// The machine, to be fed with frames of the connection with this number; none for an older connection.
    pub(crate) fn current(&mut self, connection: u64) -> Option<&mut Gateway> {
        let is_current = self
            .connection
            .as_ref()
            .is_some_and(|current| current.number == connection);
        is_current.then_some(&mut self.gateway)
    }

    /// Forgets a connection that has ended.
    pub(crate) fn forget(&mut self, connection: u64) {
        if self
            .connection
            .as_ref()
            .is_some_and(|current| current.number == connection)
        {
            self.connection = None;
        }
    }

    /// When [`Link::handle_timeout`] is due, by `CLOCK_BOOTTIME`.
    pub(crate) fn poll_timeout(&self) -> Option<Duration> {
        self.gateway.poll_timeout()
    }

    /// To be called when [`Link::poll_timeout`] is due.
    pub(crate) fn handle_timeout(&mut self, now: Moment) {
        if self
            .gateway
            .poll_timeout()
            .is_some_and(|due| due <= now.boot)
        {
            self.gateway.handle_timeout(now);
        }
    }

    /// When the gateway last gave signs of life.
    pub(crate) fn signs(&self) -> Signs {
        self.gateway.signs()
    }

    /// The session, to be stored.
    pub(crate) fn session(&self) -> Option<&Session> {
        self.gateway.session()
    }

    /// Does what the machine asks for; gives what the hub should know.
    pub(crate) fn work(
        &mut self,
        now: Moment,
        store: &dyn TaskStore,
        inputs: &UnboundedSender<Input>,
    ) -> Vec<GatewayNotice> {
        let mut notices = Vec::new();
        self.count_round_trip();
        loop {
            while let Some(notice) = self.gateway.poll_notice() {
                self.translate(&notice, &mut notices);
            }
            let Some(action) = self.gateway.poll_action() else {
                break;
            };
            match action {
                Action::Connect { url } => self.connect(url, inputs.clone()),
                Action::Send(text) => self.command(Command::Send(text)),
                Action::Close { code } => self.leave(Command::Close(code)),
                Action::DropTcp => self.leave(Command::Reset),
                Action::RequestIdentify => self.ask_bucket(now, store),
                Action::Fatal(fatal) => {
                    let gateway = word(self.kind);
                    if let Fatal::Closed(code) = fatal {
                        let code = bounded(code.0);
                        let meter = &self.route.network.meter;
                        meter.count(&CLOSES, &[("gateway", gateway), ("code", &code)]);
                    }
                    tracing::error!(gateway, %fatal, "the gateway refuses us for good");
                    self.connection = None;
                    notices.push(GatewayNotice::Fatal(match fatal {
                        Fatal::Closed(code) => code.0,
                        Fatal::PayloadTooLarge(_) => 4002,
                    }));
                }
            }
        }
        notices
    }

    fn translate(&self, notice: &Notice, notices: &mut Vec<GatewayNotice>) {
        let (meter, gateway) = (&self.route.network.meter, word(self.kind));
        let of_gateway = [("gateway", gateway)];
        match notice {
            // The READY event, which names the user, brings this to the hub.
            Notice::IdentifyPostponed { .. } => {
                meter.count(&IDENTIFIES_POSTPONED, &of_gateway);
                tracing::info!(gateway, "a login waits for the budget of logins");
            }
            Notice::SessionStarted => {
                meter.count(&SESSIONS, &of_gateway);
                tracing::info!(gateway, "a gateway session began");
                self.route.network.note(Place::Gateway, Ok(()));
            }
            Notice::SessionResumed => {
                meter.count(&RESUMES, &of_gateway);
                tracing::info!(gateway, "the gateway session was resumed");
                self.route.network.note(Place::Gateway, Ok(()));
                notices.push(GatewayNotice::Resumed);
            }
            Notice::SessionLost { cause, .. } => {
                let cause = loss(*cause);
                meter.count(&SESSIONS_LOST, &[("gateway", gateway), ("cause", cause)]);
                tracing::info!(
                    gateway,
                    cause,
                    "the gateway session is lost: what was missed is read by REST"
                );
                notices.push(GatewayNotice::SessionLost);
            }
            Notice::Disconnected { cause, .. } => {
                let code = close_code(*cause);
                let cause_word = end(*cause);
                meter.count(&DISCONNECTS, &[("gateway", gateway), ("cause", cause_word)]);
                if let Some(code) = code {
                    let code = bounded(code);
                    meter.count(&CLOSES, &[("gateway", gateway), ("code", &code)]);
                }
                tracing::info!(
                    gateway,
                    cause = cause_word,
                    code,
                    "the gateway connection is gone"
                );
                if let Some(trouble) = trouble_of(*cause) {
                    self.route.network.note(Place::Gateway, Err(trouble));
                }
                notices.push(GatewayNotice::Down);
            }
            Notice::SequenceGap { after, next } => {
                meter.count(&GAPS, &of_gateway);
                tracing::info!(
                    gateway,
                    after,
                    next,
                    "the gateway left events out: they are read by REST"
                );
                notices.push(GatewayNotice::Missed);
            }
        }
    }

    /// Counts a heartbeat's round trip, once.
    fn count_round_trip(&mut self) {
        let signs = self.gateway.signs();
        if signs.round_trips != self.round_trips
            && let Some(took) = signs.round_trip
        {
            self.round_trips = signs.round_trips;
            let labels = [("gateway", word(self.kind))];
            let meter = &self.route.network.meter;
            meter.observe(&HEARTBEAT_SECONDS, &labels, took);
        }
    }

    fn ask_bucket(&mut self, now: Moment, store: &dyn TaskStore) {
        match store.permit_identify(now.unix, &self.token_hash) {
            Ok(IdentifyPermit::Granted) => {
                let gateway = word(self.kind);
                let meter = &self.route.network.meter;
                meter.count(&IDENTIFIES, &[("gateway", gateway)]);
                tracing::info!(gateway, "a login is sent (IDENTIFY)");
                self.gateway.identify_permitted(now);
            }
            Ok(IdentifyPermit::Wait(until)) => {
                self.gateway.identify_refused(now, now.boot_at(until));
            }
            Ok(IdentifyPermit::Exhausted(until)) => {
                let gateway = word(self.kind);
                tracing::warn!(
                    gateway,
                    until = until.0,
                    "today's logins are used up: something breaks sessions again and again"
                );
                self.gateway.identify_refused(now, now.boot_at(until));
            }
            Err(error) => {
                tracing::warn!(%error, "the identify budget could not be asked");
                self.gateway.identify_refused(now, now.boot + BUCKET_RETRY);
            }
        }
    }

    fn connect(&mut self, url: Url, inputs: UnboundedSender<Input>) {
        self.leave(Command::Reset);
        self.connections += 1;
        let number = self.connections;
        let (commands, orders) = unbounded_channel();
        let source = Source {
            kind: self.kind,
            number,
            inputs,
        };
        let route = Arc::clone(&self.route);
        let task = tokio::task::spawn_local(serve(url, route, source, orders));
        self.connection = Some(Connection {
            number,
            commands,
            task,
        });
    }

    fn command(&self, command: Command) {
        if let Some(connection) = &self.connection {
            // A socket that has ended says so through the inputs.
            let _ = connection.commands.send(command);
        }
    }

    fn leave(&mut self, command: Command) {
        if let Some(connection) = self.connection.take() {
            let _ = connection.commands.send(command);
            self.farewells.retain(|farewell| !farewell.is_finished());
            self.farewells.push(connection.task);
        }
    }

    /// Ends so that a successor can resume, and waits until the close frame is out.
    pub(crate) async fn shut_down(mut self) {
        self.gateway.shutdown_for_resume();
        while let Some(action) = self.gateway.poll_action() {
            if let Action::Close { code } = action {
                self.leave(Command::Close(code));
            }
        }
        self.leave(Command::Reset);
        for farewell in self.farewells.drain(..) {
            let _ = timeout(FAREWELL, farewell).await;
        }
    }

    /// Ends without a word: the session may be a successor's already.
    pub(crate) async fn reset(mut self) {
        self.gateway.drop_without_close();
        self.leave(Command::Reset);
        for farewell in self.farewells.drain(..) {
            let _ = timeout(FAREWELL, farewell).await;
        }
    }
}

/// Why a session is gone, in a word.
fn loss(cause: SessionLoss) -> &'static str {
    match cause {
        SessionLoss::TooOld => "too_old",
        SessionLoss::Closed(_) => "closed",
        SessionLoss::Invalid => "invalid",
        SessionLoss::RefusedOften => "refused_often",
        SessionLoss::Replaced => "replaced",
    }
}

/// Why a connection is gone, in a word.
fn end(cause: Disconnect) -> &'static str {
    match cause {
        Disconnect::ConnectFailed => "connect_failed",
        Disconnect::ConnectTimedOut => "connect_timed_out",
        Disconnect::HelloTimedOut => "hello_timed_out",
        Disconnect::PermissionTimedOut => "permission_timed_out",
        Disconnect::IdentifyRefused => "identify_refused",
        Disconnect::LoginTimedOut => "login_timed_out",
        Disconnect::HeartbeatMissed => "heartbeat_missed",
        Disconnect::Closed(_) => "closed",
        Disconnect::Requested => "reconnect_requested",
        Disconnect::InvalidSession => "invalid_session",
        Disconnect::BadFrame => "bad_frame",
        Disconnect::BadData(_) => "bad_data",
    }
}

fn close_code(cause: Disconnect) -> Option<u16> {
    match cause {
        Disconnect::Closed(code) => code.map(|code| code.0),
        Disconnect::ConnectFailed
        | Disconnect::ConnectTimedOut
        | Disconnect::HelloTimedOut
        | Disconnect::PermissionTimedOut
        | Disconnect::IdentifyRefused
        | Disconnect::LoginTimedOut
        | Disconnect::HeartbeatMissed
        | Disconnect::Requested
        | Disconnect::InvalidSession
        | Disconnect::BadFrame
        | Disconnect::BadData(_) => None,
    }
}

/// A close code for a label: whoever answers may send any.
fn bounded(code: u16) -> String {
    match code {
        1_000..=1_015 | 4_000..=4_014 => code.to_string(),
        _ => "other".to_owned(),
    }
}

/// What the end of a connection says of the way, where its socket has not said it.
fn trouble_of(cause: Disconnect) -> Option<Trouble> {
    match cause {
        Disconnect::ConnectTimedOut => Some(Trouble::ConnectTimedOut),
        Disconnect::HelloTimedOut | Disconnect::LoginTimedOut | Disconnect::HeartbeatMissed => {
            Some(Trouble::Silent)
        }
        Disconnect::BadData(InflateError::TooLarge) => Some(Trouble::TooLarge),
        Disconnect::BadFrame | Disconnect::BadData(_) => Some(Trouble::Garbage),
        Disconnect::ConnectFailed
        | Disconnect::PermissionTimedOut
        | Disconnect::IdentifyRefused
        | Disconnect::Closed(_)
        | Disconnect::Requested
        | Disconnect::InvalidSession => None,
    }
}

struct Source {
    kind: GatewayKind,
    number: u64,
    inputs: UnboundedSender<Input>,
}

impl Source {
    fn tell(&self, event: SocketEvent) {
        let _ = self.inputs.send(Input::Socket {
            kind: self.kind,
            connection: self.number,
            event,
        });
    }
}

/// Runs one connection to its end.
async fn serve(
    url: Url,
    route: Arc<Route>,
    source: Source,
    mut orders: UnboundedReceiver<Command>,
) {
    let connected = tokio::select! {
        biased;
        // Whatever is ordered before the socket is open, it is not wanted any more.
        _ = orders.recv() => return,
        connected = Socket::connect(&url, &route) => connected,
    };
    let mut socket = match connected {
        Ok(socket) => socket,
        Err(error) => {
            let cause = std::error::Error::source(&error)
                .map(ToString::to_string)
                .unwrap_or_default();
            tracing::warn!(gateway = word(source.kind), %error, cause, "the gateway cannot be reached");
            route.network.note(Place::Gateway, Err(error.trouble()));
            return source.tell(SocketEvent::ConnectFailed);
        }
    };
    source.tell(SocketEvent::Connected);
    loop {
        tokio::select! {
            biased;
            order = orders.recv() => match order {
                Some(Command::Send(text)) => {
                    if socket.send(text).await.is_err() {
                        return source.tell(SocketEvent::Incoming(Incoming::Closed(None)));
                    }
                }
                Some(Command::Close(code)) => {
                    let _ = timeout(FAREWELL, socket.close(code)).await;
                    return;
                }
                Some(Command::Reset) | None => return socket.reset(),
            },
            incoming = socket.next() => {
                if let Incoming::Broken(trouble) = &incoming {
                    route.network.note(Place::Gateway, Err(*trouble));
                }
                if let Incoming::Broken(Trouble::Broken | Trouble::Reset) = &incoming {
                    route.network.note_cut(socket.silence());
                }
                let is_over = matches!(incoming, Incoming::Closed(_) | Incoming::Broken(_));
                source.tell(SocketEvent::Incoming(incoming));
                if is_over {
                    return;
                }
            }
        }
    }
}
