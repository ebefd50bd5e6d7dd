//! Gateway connections and the sessions that outlive them.

use std::collections::VecDeque;

use super::people::Caller;
use crate::snowflake::{Millis, Snowflake};

/// Events a session keeps for a resume; older ones are gone.
const REPLAY_LIMIT: usize = 20_000;

/// One WebSocket, numbered in order of arrival.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ConnectionId(pub u64);

/// How a client opens a gateway connection.
#[derive(Clone, Debug, Default)]
pub struct Connect {
    /// Query of the URL without the question mark.
    pub query: String,
    /// Opened at `resume_gateway_url`.
    pub resume_host: bool,
    /// `User-Agent`, when sent.
    pub user_agent: Option<String>,
}

/// Whether a connection may open.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Admission {
    /// Upgrade it.
    Accepted(ConnectionId),
    /// Close the TCP connection without a word.
    Dropped,
    /// Answer the upgrade with this HTTP status.
    Refused(u16),
}

/// What a driver has to do with a connection.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Transmit {
    /// Close with a code and a reason.
    Close(u16, String),
    /// Drop the TCP connection without a close frame.
    Drop,
    /// Bytes as a binary message, past every compression.
    Garbage(Vec<u8>),
    /// End the TCP connection with a RST.
    Reset,
    /// Neither send nor read from here on; keep the TCP connection open.
    Silence,
    /// One gateway message, through the transport compression that the query asked for.
    Text(String),
    /// One gateway message, compressed by itself (`compress` of identify).
    Zlib(String),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum State {
    Closed,
    Silent,
    WaitsForIdentify,
    Live,
}

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) state: State,
    pub(super) session: Option<String>,
    pub(super) version: u8,
    pub(super) transport_compression: bool,
    pub(super) payload_compression: bool,
    pub(super) heartbeat_interval: u64,
    pub(super) last_heartbeat: Millis,
    pub(super) sent: VecDeque<Millis>,
    /// Place in the record.
    pub(super) entry: usize,
}

impl Connection {
    /// When a connection without heartbeats is closed.
    pub(super) fn zombie_at(&self) -> Option<Millis> {
        matches!(self.state, State::Live | State::WaitsForIdentify)
            .then(|| self.last_heartbeat + self.heartbeat_interval * 3 / 2)
    }
}

/// A logged in client; survives its connection for a while.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: String,
    pub(super) caller: Caller,
    pub(super) intents: u64,
    pub(super) content_intent: bool,
    pub(super) sequence: u64,
    /// Number, moment and text of the newest events.
    pub(super) replay: VecDeque<(u64, Millis, String)>,
    pub(super) connection: Option<ConnectionId>,
    pub(super) detached: Millis,
    /// An event held back so that the next one overtakes it.
    pub(super) held: Option<(String, serde_json::Value)>,
}

impl Session {
    /// Keeps a numbered event for a resume, `keep` milliseconds long.
    pub(super) fn remember(&mut self, now: Millis, keep: u64, frame: String) {
        self.replay.push_back((self.sequence, now, frame));
        while self
            .replay
            .front()
            .is_some_and(|(_, at, _)| at + keep < now || self.replay.len() > REPLAY_LIMIT)
        {
            self.replay.pop_front();
        }
    }

    /// Whether everything after `sequence` is still here.
    pub(super) fn can_replay_after(&self, sequence: u64) -> bool {
        self.replay
            .front()
            .is_none_or(|(first, ..)| *first <= sequence + 1)
    }
}

/// How often one user has identified.
#[derive(Debug)]
pub(super) struct IdentifyBudget {
    pub(super) user: Snowflake,
    pub(super) last: Millis,
    pub(super) used: u64,
    pub(super) since: Millis,
}
