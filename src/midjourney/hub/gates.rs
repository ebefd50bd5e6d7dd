//! What is known of the hub's gateway sessions: which of them watches the channel now, and what is to be persisted.

use std::time::Duration;

use mj_discord::{gateway::Session, snowflake::UserId};
use serde::Serialize;

use crate::config::{GatewayKind, GatewayMode};

/// The state of one gateway connection.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GateState {
    /// Not part of the configuration.
    #[default]
    Off,
    /// Wanted, and never ready until now.
    Connecting,
    /// Everything that happens is seen.
    Live,
    /// The connection is gone; its session may go on and what is missed be replayed.
    Down,
    /// It will not come back.
    Dead,
}

/// One gateway.
#[derive(Debug, Default)]
pub(super) struct Gate {
    pub state: GateState,
    pub user: Option<UserId>,
    /// As long as it can be resumed, also while the connection is down.
    pub session: Option<Session>,
    pub close_code: Option<u16>,
    /// What was persisted last, and when on the boot clock.
    pub persisted: (u64, Duration),
}

/// Both gateways.
#[derive(Debug, Default)]
pub(super) struct Gates {
    pub bot: Gate,
    pub user: Gate,
}

impl Gates {
    pub(super) fn gate(&self, kind: GatewayKind) -> &Gate {
        match kind {
            GatewayKind::Bot => &self.bot,
            GatewayKind::User => &self.user,
        }
    }

    pub(super) fn gate_mut(&mut self, kind: GatewayKind) -> &mut Gate {
        match kind {
            GatewayKind::Bot => &mut self.bot,
            GatewayKind::User => &mut self.user,
        }
    }

    /// Which of them the configuration wants.
    pub(super) fn configure(&mut self, mode: GatewayMode) {
        for (kind, wanted) in [
            (GatewayKind::Bot, matches!(mode, GatewayMode::Bot | GatewayMode::Both)),
            (GatewayKind::User, matches!(mode, GatewayMode::User | GatewayMode::Both)),
        ] {
            let gate = self.gate_mut(kind);
            match (wanted, gate.state) {
                (false, _) => gate.state = GateState::Off,
                (true, GateState::Off) => gate.state = GateState::Connecting,
                (true, GateState::Connecting | GateState::Live | GateState::Down | GateState::Dead) => {}
            }
        }
    }

    /// Whether any of them sees what happens.
    pub(super) fn any_live(&self) -> bool {
        self.bot.state == GateState::Live || self.user.state == GateState::Live
    }

    /// The live user session.
    pub(super) fn own(&self) -> Option<(UserId, &str)> {
        let gate = Some(&self.user).filter(|gate| gate.state == GateState::Live)?;
        Some((gate.user?, gate.session.as_ref()?.session_id.as_str()))
    }

    /// The user session, live or to be resumed, if it is this user's: its events are not lost.
    pub(super) fn own_session_of(&self, user: UserId) -> Option<&str> {
        let gate = Some(&self.user).filter(|gate| gate.user == Some(user) && gate.state != GateState::Dead)?;
        gate.session.as_ref().map(|session| session.session_id.as_str())
    }
}
