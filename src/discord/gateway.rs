//! The gateway session as a machine without socket and clock.
//!
//! Feed it with `handle_*`, do what [`Gateway::poll_action`] says until it says no more, and call
//! [`Gateway::handle_timeout`] at [`Gateway::poll_timeout`]. While it is not stopped there is always an action or a
//! timeout. After [`Action::Close`], [`Action::DropTcp`] or a new [`Action::Connect`] the old socket is forgotten: the
//! driver must not feed anything of it any more.
//!
//! One session lives through many connections:
//!
//! ```text
//! Waiting -> Connecting -> Greeting -(session)-> Resuming ----------------> Live
//!    ^           |            |                     |                        |
//!    |           |            +-> Permission -> Identifying -(READY)---------+
//!    +-----------+------------+---------+-----------+------------------------+     Stopped (fatal, or asked to)
//! ```

mod backoff;
mod config;
mod envelope;
mod event;
mod hello;
mod inflate;
mod machine;
mod state;

use std::{fmt, time::Duration};

use thiserror::Error;
use url::Url;

pub use self::{
    config::{CAPABILITIES, Compression, Config, INTENTS, Kind, Properties, Session},
    event::{
        Dispatch, Event, Interaction, InteractionFailure, InteractionIframeModal, InteractionModal,
        Interest, MessageDelete, MessageDeleteBulk, Ready,
    },
    hello::{inflate_hello, read_hello},
    inflate::{InflateError, MAX_FRAME},
};
use self::{inflate::Inflate, machine::Machine};
use crate::{CloseCode, Moment, UnixMs};

/// The largest payload that the gateway takes, in bytes; a larger one closes with 4002 ("Sending Events").
pub const MAX_PAYLOAD: usize = 4096;

/// What the driver has to do.
#[derive(Clone, Eq, PartialEq)]
pub enum Action {
    /// Open a WebSocket to this address; answer with [`Gateway::handle_connected`] or
    /// [`Gateway::handle_connect_failed`]. Any wait is already over.
    Connect {
        /// The address with its query.
        url: Url,
    },
    /// Send this as a text frame. It may hold the token.
    Send(String),
    /// Close the WebSocket with this code and forget it.
    Close {
        /// The code.
        code: u16,
    },
    /// Drop the socket without a close frame and forget it.
    DropTcp,
    /// Ask the identify bucket; answer with [`Gateway::identify_permitted`] or [`Gateway::identify_refused`].
    RequestIdentify,
    /// Nothing can be done until a person changes something. The machine has stopped.
    Fatal(Fatal),
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect { url } => write!(f, "Connect({})", url.host_str().unwrap_or_default()),
            Self::Send(text) => write!(f, "Send({} bytes)", text.len()),
            Self::Close { code } => write!(f, "Close({code})"),
            Self::DropTcp => f.write_str("DropTcp"),
            Self::RequestIdentify => f.write_str("RequestIdentify"),
            Self::Fatal(fatal) => write!(f, "Fatal({fatal:?})"),
        }
    }
}

/// Why the machine stopped for good.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Fatal {
    /// The gateway closed with a code that forbids to come back. 4004: the token is dead, for REST too.
    #[error("gateway closed with {0}")]
    Closed(CloseCode),
    /// IDENTIFY or RESUME is larger than [`MAX_PAYLOAD`]: a setting is absurdly long.
    #[error("login payload of {0} bytes is larger than {MAX_PAYLOAD}")]
    PayloadTooLarge(usize),
}

impl Fatal {
    /// Whether the token is dead, so that REST must stop too.
    pub fn is_authentication(self) -> bool {
        self == Self::Closed(CloseCode(4004))
    }
}

/// What the hub should know beside the events.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Notice {
    /// A new session began: what happened before it must be caught up by REST.
    SessionStarted,
    /// The session goes on, and everything missed was replayed.
    SessionResumed,
    /// The session is gone; the next one will be new.
    SessionLost {
        /// As it was.
        session: Session,
        /// Why.
        cause: SessionLoss,
    },
    /// The connection is gone, or did not come about.
    Disconnected {
        /// Why.
        cause: Disconnect,
        /// When the next attempt comes, on the boot clock.
        retry_at: Duration,
    },
    /// IDENTIFY was refused by the bucket until then, on the boot clock.
    IdentifyPostponed {
        /// When it is asked again.
        until: Duration,
    },
    /// Numbers of events are missing: what they said must be caught up by REST.
    SequenceGap {
        /// The last number seen.
        after: u64,
        /// The number that came.
        next: u64,
    },
}

/// Why a session is gone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SessionLoss {
    /// The stored session was older than [`Config::session_max_age`].
    TooOld,
    /// The gateway closed with a code that ends sessions.
    Closed(CloseCode),
    /// Invalid Session with `d` false.
    Invalid,
    /// The gateway refused to resume it again and again without saying that it is gone.
    RefusedOften,
    /// The gateway answered RESUME with READY.
    Replaced,
}

/// Why a connection is gone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Disconnect {
    /// It could not be opened.
    ConnectFailed,
    /// It was not open after 10 s.
    ConnectTimedOut,
    /// HELLO did not come within 10 s.
    HelloTimedOut,
    /// The identify bucket did not answer within 10 s.
    PermissionTimedOut,
    /// The identify bucket refuses for long.
    IdentifyRefused,
    /// READY or RESUMED did not come within 20 s.
    LoginTimedOut,
    /// A heartbeat was not acknowledged before the next.
    HeartbeatMissed,
    /// The gateway closed it.
    Closed(Option<CloseCode>),
    /// Reconnect (op 7).
    Requested,
    /// Invalid Session (op 9).
    InvalidSession,
    /// A frame that is none.
    BadFrame,
    /// Compressed data that can not be unpacked.
    BadData(InflateError),
}

/// Where the machine stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Status {
    /// It waits before the next attempt.
    Waiting,
    /// The socket is being opened.
    Connecting,
    /// HELLO is awaited.
    Greeting,
    /// The identify bucket is asked, or has asked for a few seconds.
    Permission,
    /// READY is awaited.
    Identifying,
    /// RESUMED is awaited; replayed events come in.
    Resuming,
    /// Events come in.
    Live,
    /// It ended.
    Stopped,
}

/// Why a payload was not sent.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum SendError {
    /// No session is live.
    #[error("gateway session is not live")]
    NotLive,
    /// Larger than [`MAX_PAYLOAD`].
    #[error("payload of {0} bytes is larger than {MAX_PAYLOAD}")]
    TooLarge(usize),
    /// 115 payloads in 60 s were sent; there is room again at this time of the boot clock.
    #[error("send budget is used up")]
    Budget(Duration),
}

/// When a gateway last gave signs of life, by the wall clock.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Signs {
    /// The last heartbeat ACK.
    pub acknowledged_at: Option<UnixMs>,
    /// How long the last heartbeat took to be acknowledged.
    pub round_trip: Option<Duration>,
    /// How many were.
    pub round_trips: u64,
    /// The last event, of whomever.
    pub event_at: Option<UnixMs>,
}

/// A gateway session over as many connections as it takes.
#[derive(Debug)]
pub struct Gateway {
    machine: Machine,
    inflate: Inflate,
}

impl Gateway {
    /// A session to begin, or one to go on with: it connects at once. `entropy` gives evenly spread 64-bit numbers.
    pub fn new(
        now: Moment,
        config: Config,
        session: Option<Session>,
        entropy: Box<dyn FnMut() -> u64 + Send>,
    ) -> Self {
        Self {
            machine: Machine::new(now, config, session, entropy),
            inflate: Inflate::idle(),
        }
    }

    /// The WebSocket is open.
    pub fn handle_connected(&mut self, now: Moment) {
        self.inflate.reset(self.machine.config().compression);
        self.machine.handle_connected(now);
    }

    /// The WebSocket could not be opened: no route, TLS, a proxy's refusal, no status 101.
    pub fn handle_connect_failed(&mut self, now: Moment) {
        self.machine.handle_connect_failed(now);
    }

    /// A text frame came. Gives the event in it that the caller has to look at: not control frames, not what was seen
    /// before, and [`Event::Foreign`] only for its number.
    pub fn handle_text<'t>(&mut self, now: Moment, text: &'t str) -> Option<Dispatch<'t>> {
        self.machine.handle_frame(now, text)
    }

    /// A binary frame came: compressed data. Gives the same as [`Gateway::handle_text`].
    pub fn handle_binary(&mut self, now: Moment, data: &[u8]) -> Option<Dispatch<'_>> {
        if !self.machine.is_connected() {
            return None;
        }
        match self.inflate.push(data) {
            Ok(Some(text)) => self.machine.handle_frame(now, text),
            Ok(None) => None,
            Err(error) => {
                self.machine.handle_bad_data(now, error);
                None
            }
        }
    }

    /// The WebSocket is gone: with the code of the gateway's close frame, or without one.
    pub fn handle_closed(&mut self, now: Moment, code: Option<u16>) {
        self.machine.handle_closed(now, code.map(CloseCode));
    }

    /// The time of [`Gateway::poll_timeout`] has come; harmless when it has not.
    pub fn handle_timeout(&mut self, now: Moment) {
        self.machine.handle_timeout(now);
    }

    /// The identify bucket gave one.
    pub fn identify_permitted(&mut self, now: Moment) {
        self.machine.identify_permitted(now);
    }

    /// The identify bucket gives none before `until` on the boot clock.
    pub fn identify_refused(&mut self, now: Moment, until: Duration) {
        self.machine.identify_refused(now, until);
    }

    /// Sends a payload of the caller's: `op` and `d` as JSON text.
    ///
    /// # Errors
    /// When no session is live, the payload is too large, or too many were sent.
    pub fn send(&mut self, now: Moment, payload: String) -> Result<(), SendError> {
        self.machine.send(now, payload)
    }

    /// Replaces which messages matter, from the next frame on.
    pub fn set_interest(&mut self, interest: Interest) {
        self.machine.set_interest(interest);
    }

    /// Ends so that the session can be resumed, here or elsewhere: closes with a code that keeps it.
    pub fn shutdown_for_resume(&mut self) {
        self.machine.stop(Some(CloseCode::RESUMABLE));
    }

    /// Ends without a word: for an owner that was deposed, whose successor may already have resumed the session.
    pub fn drop_without_close(&mut self) {
        self.machine.stop(None);
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.machine.poll_action()
    }

    /// The next thing to know.
    pub fn poll_notice(&mut self) -> Option<Notice> {
        self.machine.poll_notice()
    }

    /// When [`Gateway::handle_timeout`] is due, on the boot clock; `None` once stopped.
    pub fn poll_timeout(&self) -> Option<Duration> {
        self.machine.poll_timeout()
    }

    /// The session as it should be stored.
    pub fn session(&self) -> Option<&Session> {
        self.machine.session()
    }

    /// When it last gave signs of life.
    pub fn signs(&self) -> Signs {
        self.machine.signs()
    }

    /// Where the machine stands.
    pub fn status(&self) -> Status {
        self.machine.status()
    }
}
