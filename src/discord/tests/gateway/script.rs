//! The script: the machine, its clock, and what both sides say.

use std::{collections::VecDeque, time::Duration};

use mj_discord::{
    Action, Compression, Config, Gateway, Moment, Notice, Session, Token, UnixMs,
    gateway::{Disconnect, SessionLoss, Status},
};
use serde_json::{Value, json};

pub(crate) const HELLO: &str = r#"{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":40000}}"#;
pub(crate) const ACK: &str = r#"{"op":11}"#;
pub(crate) const REGIONAL: &str = "wss://gateway-us-east1-b.discord.gg";

/// The machine, its clock, and everything it said.
pub(crate) struct Script {
    pub(crate) gateway: Gateway,
    pub(crate) now: Moment,
    pub(crate) connects: Vec<(Duration, String)>,
    pub(crate) sent: VecDeque<Value>,
    pub(crate) actions: VecDeque<Action>,
    pub(crate) notices: Vec<Notice>,
    pub(crate) events: Vec<u64>,
}

impl Script {
    pub(crate) fn with(
        config: Config,
        session: Option<Session>,
        entropy: impl FnMut() -> u64 + Send + 'static,
    ) -> Self {
        let now = start();
        let gateway = Gateway::new(now, config, session, Box::new(entropy));
        let mut script = Self {
            gateway,
            now,
            connects: Vec::new(),
            sent: VecDeque::new(),
            actions: VecDeque::new(),
            notices: Vec::new(),
            events: Vec::new(),
        };
        script.drain();
        script
    }

    /// A user without a session; the dice always show the middle.
    pub(crate) fn new() -> Self {
        Self::with(config(), None, || 1 << 63)
    }

    /// Logged in, with a session resumable at [`REGIONAL`], sequence 1.
    pub(crate) fn live() -> Self {
        let mut script = Self::new();
        script.connected().text(HELLO).permit().ready(1);
        assert_eq!(script.gateway.status(), Status::Live);
        script.clear();
        script
    }

    pub(crate) fn drain(&mut self) -> &mut Self {
        while let Some(action) = self.gateway.poll_action() {
            match action {
                Action::Connect { url } => self.connects.push((self.now.boot, url.into())),
                Action::Send(text) => self.sent.push_back(serde_json::from_str(&text).unwrap()),
                Action::Close { .. }
                | Action::DropTcp
                | Action::RequestIdentify
                | Action::Fatal(_) => {
                    self.actions.push_back(action);
                }
            }
        }
        while let Some(notice) = self.gateway.poll_notice() {
            self.notices.push(notice);
        }
        self
    }

    pub(crate) fn clear(&mut self) {
        self.sent.clear();
        self.actions.clear();
        self.notices.clear();
        self.connects.clear();
        self.events.clear();
    }

    pub(crate) fn connected(&mut self) -> &mut Self {
        self.gateway.handle_connected(self.now);
        self.drain()
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        if let Some(dispatch) = self.gateway.handle_text(self.now, text) {
            self.events.push(dispatch.sequence);
        }
        self.drain()
    }

    pub(crate) fn ready(&mut self, sequence: u64) -> &mut Self {
        let ready = json!({"t": "READY", "s": sequence, "op": 0, "d": {"user": {"id": "5"}, "session_id": "abc",
            "resume_gateway_url": REGIONAL, "guilds": [{"id": "7", "unavailable": true}, {"id": "6"}]}});
        self.text(&ready.to_string())
    }

    pub(crate) fn event(&mut self, sequence: u64) -> &mut Self {
        self.text(&format!(
            r#"{{"t":"TYPING_START","s":{sequence},"op":0,"d":{{}}}}"#
        ))
    }

    pub(crate) fn permit(&mut self) -> &mut Self {
        assert_eq!(self.actions.pop_front(), Some(Action::RequestIdentify));
        self.gateway.identify_permitted(self.now);
        self.drain()
    }

    pub(crate) fn closed(&mut self, code: impl Into<Option<u16>>) -> &mut Self {
        self.gateway.handle_closed(self.now, code.into());
        self.drain()
    }

    /// Lets time pass up to the next timeout.
    pub(crate) fn step(&mut self) -> &mut Self {
        let at = self.gateway.poll_timeout().expect("nothing to wait for");
        self.now = self.now + at.saturating_sub(self.now.boot);
        self.gateway.handle_timeout(self.now);
        self.drain()
    }

    /// Lets time pass, with every heartbeat acknowledged.
    pub(crate) fn pass(&mut self, by: Duration) -> &mut Self {
        let end = self.now.boot + by;
        while self.gateway.poll_timeout().is_some_and(|at| at <= end) {
            self.step();
            if self.sent.back().is_some_and(|sent| sent["op"] == 1) {
                self.text(ACK);
            }
        }
        self.now = self.now + (end - self.now.boot);
        self
    }

    pub(crate) fn sent_op(&mut self) -> Option<u64> {
        self.sent
            .pop_front()
            .map(|sent| sent["op"].as_u64().unwrap())
    }

    pub(crate) fn last_url(&self) -> &str {
        &self.connects.last().expect("no connection was asked for").1
    }

    pub(crate) fn last_disconnect(&self) -> Disconnect {
        let mut causes = self.notices.iter().rev().filter_map(|notice| match notice {
            Notice::Disconnected { cause, .. } => Some(*cause),
            _ => None,
        });
        causes.next().expect("it is connected")
    }

    pub(crate) fn losses(&self) -> Vec<SessionLoss> {
        let losses = self.notices.iter().filter_map(|notice| match notice {
            Notice::SessionLost { cause, .. } => Some(*cause),
            _ => None,
        });
        losses.collect()
    }
}

pub(crate) fn start() -> Moment {
    Moment {
        boot: Duration::from_secs(1_000),
        unix: UnixMs(1_780_000_000_000),
    }
}

pub(crate) fn config() -> Config {
    let mut config = Config::user(Token::new("secret-token"));
    config.compression = Compression::None;
    config
}

pub(crate) fn stored(age: Duration) -> Session {
    Session {
        session_id: "abc".to_owned(),
        sequence: 41,
        resume_gateway_url: Some(REGIONAL.to_owned()),
        identified_at: UnixMs(1),
        seen_at: start().unix.minus(age),
    }
}

pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
