//! What is known of the hub's gateway sessions: which of them watches the channel now, and what is to be persisted.

use std::time::Duration;

use mj_discord::{gateway::Session, snowflake::UserId};
use serde::Serialize;

use super::{Hub, driver::GatewayNotice};
use crate::{
    account::AccountState,
    config::{GatewayKind, GatewayMode},
    refusal::FailCode,
    store::Grade,
};

/// Foreign events move the stored sequence at most this often: a resume replays what lies between, which is harmless.
const SESSION_EVERY: Duration = Duration::from_secs(5);
/// How long commands are held back for the session of their own account, which is being opened, at the beginning or
/// after the one before was lost: what Midjourney shows to that session only, a refusal above all, would reach nobody.
/// A short script is given the time to begin to wait, and so to become resident.
const FIRST_SESSION: Duration = Duration::from_secs(5);
const BEGINS_TO_WAIT: Duration = Duration::from_millis(250);
/// Gateway close code "authentication failed".
const AUTHENTICATION_FAILED: u16 = 4004;

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
    /// Since when, on the boot clock, a session is being opened that continues none.
    pub opened_since: Duration,
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
    pub(super) fn configure(&mut self, mode: GatewayMode, now: Duration) {
        for (kind, wanted) in [
            (
                GatewayKind::Bot,
                matches!(mode, GatewayMode::Bot | GatewayMode::Both),
            ),
            (
                GatewayKind::User,
                matches!(mode, GatewayMode::User | GatewayMode::Both),
            ),
        ] {
            let gate = self.gate_mut(kind);
            match (wanted, gate.state) {
                (false, _) => gate.state = GateState::Off,
                (true, GateState::Off) => {
                    gate.state = GateState::Connecting;
                    gate.opened_since = now;
                }
                (
                    true,
                    GateState::Connecting | GateState::Live | GateState::Down | GateState::Dead,
                ) => {}
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

    /// The user session through whose eyes a message is seen: also while a resumed one is being replayed, since its own
    /// copies come complete and in order.
    pub(super) fn own_for(&self, is_own_copy: bool) -> Option<(UserId, &str)> {
        if !is_own_copy {
            return self.own();
        }
        let gate = Some(&self.user)
            .filter(|gate| !matches!(gate.state, GateState::Dead | GateState::Off))?;
        Some((gate.user?, gate.session.as_ref()?.session_id.as_str()))
    }

    /// The user session, live or to be resumed, if it is this user's: its events are not lost.
    pub(super) fn own_session_of(&self, user: UserId) -> Option<&str> {
        let gate = Some(&self.user)
            .filter(|gate| gate.user == Some(user) && gate.state != GateState::Dead)?;
        gate.session
            .as_ref()
            .map(|session| session.session_id.as_str())
    }
}

impl Hub {
    /// Until when, on the boot clock, an account sends nothing because its own session is being opened.
    pub(super) fn session_awaited_until(&self, account: &str) -> Option<Duration> {
        let gate = &self.gates.user;
        let is_opened =
            matches!(gate.state, GateState::Connecting | GateState::Down) && gate.session.is_none();
        let main = self.config.accounts.first()?;
        let patience = match self.grade {
            Grade::Resident => FIRST_SESSION,
            Grade::Transient => BEGINS_TO_WAIT,
        };
        Some(gate.opened_since + patience)
            .filter(|until| is_opened && main.name == account && *until > self.now.boot)
    }

    /// When a session's sequence is to be written though nothing else is.
    pub(super) fn session_due(&self, kind: GatewayKind) -> Option<Duration> {
        let gate = self.gates.gate(kind);
        let session = gate
            .session
            .as_ref()
            .filter(|session| session.sequence != gate.persisted.0)?;
        (session.sequence > 0).then(|| gate.persisted.1 + SESSION_EVERY)
    }

    pub(super) fn gateway_notice(&mut self, kind: GatewayKind, notice: GatewayNotice) {
        self.note_gateway(kind, notice);
        if kind == GatewayKind::User {
            self.mend_lost_forms();
        }
    }

    fn note_gateway(&mut self, kind: GatewayKind, notice: GatewayNotice) {
        let now = self.now;
        self.status_due |= !matches!(notice, GatewayNotice::Session(_));
        match notice {
            GatewayNotice::Ready {
                user_id,
                session_id,
                is_new,
            } => {
                let gate = self.gates.gate_mut(kind);
                gate.state = GateState::Live;
                gate.user = Some(user_id);
                gate.close_code = None;
                if gate
                    .session
                    .as_ref()
                    .is_none_or(|session| session.session_id != session_id)
                {
                    gate.session = Some(Session {
                        session_id,
                        sequence: 0,
                        resume_gateway_url: None,
                        identified_at: now.unix,
                        seen_at: now.unix,
                    });
                }
                self.outbox.mark_session(kind);
                if kind == GatewayKind::User
                    && let Some(main) = self
                        .config
                        .accounts
                        .first()
                        .map(|account| account.name.clone())
                {
                    self.learn_user(&main, user_id);
                }
                if is_new {
                    self.catch_up();
                }
            }
            GatewayNotice::Resumed => {
                let main = self
                    .accounts
                    .first()
                    .and_then(|account| account.health.user_id);
                let gate = self.gates.gate_mut(kind);
                let is_first = gate.state == GateState::Connecting;
                gate.state = GateState::Live;
                if kind == GatewayKind::User {
                    gate.user = gate.user.or(main);
                }
                // What the owner before had seen, and not yet understood, is not replayed.
                if is_first {
                    self.catch_up();
                }
            }
            GatewayNotice::Missed => {
                if kind == GatewayKind::User {
                    self.leave_own_view();
                }
                self.catch_up();
            }
            GatewayNotice::Down => self.gate_closed(kind, GateState::Down, None, false),
            GatewayNotice::SessionLost => self.gate_closed(kind, GateState::Down, None, true),
            GatewayNotice::Fatal(code) => {
                self.gate_closed(kind, GateState::Dead, Some(code), true);
                if code == AUTHENTICATION_FAILED {
                    self.token_dead(kind);
                }
            }
            GatewayNotice::Session(session) => {
                let gate = self.gates.gate_mut(kind);
                let known = gate.session.as_ref();
                let is_new = known.is_none_or(|known| {
                    known.session_id != session.session_id
                        || known.resume_gateway_url != session.resume_gateway_url
                });
                gate.session = Some(session);
                if is_new {
                    self.outbox.mark_session(kind);
                }
            }
        }
    }

    /// The user session has not shown all that concerns the tasks under way: from here on they are seen as others see
    /// them.
    fn leave_own_view(&mut self) {
        for id in self.under_way.clone() {
            let Some(item) = self.tasks.get_mut(&id) else {
                continue;
            };
            for attempt in &mut item.task.work.attempts {
                attempt.own_session = None;
            }
            self.set_holder(id);
            self.outbox.mark(id, false);
            self.has_learnt = true;
        }
        self.look_again();
    }

    pub(super) fn gate_closed(
        &mut self,
        kind: GatewayKind,
        state: GateState,
        code: Option<u16>,
        is_lost: bool,
    ) {
        let gate = self.gates.gate_mut(kind);
        gate.state = state;
        gate.close_code = code;
        if is_lost && gate.session.take().is_some() {
            gate.opened_since = self.now.boot;
            self.outbox.mark_session(kind);
        }
        if kind == GatewayKind::User {
            self.end_waiting(true);
        }
    }

    /// Close code 4004: the token is dead, for REST as well.
    pub(super) fn token_dead(&mut self, kind: GatewayKind) {
        match kind {
            GatewayKind::Bot => self.bot_cannot_read = true,
            GatewayKind::User => {
                if let Some(main) = self
                    .config
                    .accounts
                    .first()
                    .map(|account| account.name.clone())
                {
                    self.stop_account(
                        &main,
                        AccountState::Disabled {
                            code: FailCode::Unauthorized,
                        },
                        None,
                    );
                }
            }
        }
    }
}
