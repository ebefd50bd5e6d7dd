//! The one table of what each input does in each state.

use std::{collections::VecDeque, time::Duration};

use serde_json::json;

use super::{
    Action, Config, Disconnect, Dispatch, Event, Fatal, InflateError, Interest, Kind, MAX_PAYLOAD,
    Notice, Ready, SendError, Session, SessionLoss, Signs, Status,
    backoff::{Backoff, Beat, Entropy, Heart, SendBudget},
    envelope::{self, Frame},
    state::{
        CONNECT, HELLO, INVALID_SESSION, LOGIN, Leave, PERMISSION, RATE_LIMITED, REFUSALS,
        RESUME_SPACING, SHORT_REFUSAL, State, TOO_MANY_SESSIONS,
    },
};
use crate::{CloseAction, CloseCode, Moment};

#[derive(Debug)]
pub(super) struct Machine {
    config: Config,
    session: Option<Session>,
    state: State,
    actions: VecDeque<Action>,
    notices: VecDeque<Notice>,
    backoff: Backoff,
    budget: SendBudget,
    entropy: Entropy,
    /// Whether the current or last connection goes to the address that READY named.
    is_at_resume_url: bool,
    /// The address of READY that could not be reached, until the original can not be reached either.
    unreachable: Option<String>,
    resumed_at: Option<Duration>,
    refusals: u32,
    signs: Signs,
}

impl Machine {
    pub(super) fn new(
        now: Moment,
        config: Config,
        session: Option<Session>,
        entropy: Box<dyn FnMut() -> u64 + Send>,
    ) -> Self {
        let mut machine = Self {
            config,
            session,
            state: State::Waiting { until: now.boot },
            actions: VecDeque::new(),
            notices: VecDeque::new(),
            backoff: Backoff::default(),
            budget: SendBudget::default(),
            entropy: Entropy::new(entropy),
            is_at_resume_url: false,
            unreachable: None,
            resumed_at: None,
            refusals: 0,
            signs: Signs::default(),
        };
        let is_old =
            |session: &Session| now.unix.since(session.seen_at) > machine.config.session_max_age;
        if machine.session.as_ref().is_some_and(is_old) {
            machine.lose_session(SessionLoss::TooOld);
        }
        machine.connect(now);
        machine
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    pub(super) fn signs(&self) -> Signs {
        self.signs
    }

    pub(super) fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    pub(super) fn set_interest(&mut self, interest: Interest) {
        self.config.interest = interest;
    }

    pub(super) fn status(&self) -> Status {
        match self.state {
            State::Waiting { .. } => Status::Waiting,
            State::Connecting { .. } => Status::Connecting,
            State::Greeting { .. } => Status::Greeting,
            State::Permission { .. } | State::Postponed { .. } => Status::Permission,
            State::Identifying { .. } => Status::Identifying,
            State::Resuming { .. } => Status::Resuming,
            State::Live { .. } => Status::Live,
            State::Stopped => Status::Stopped,
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        !matches!(
            self.state,
            State::Waiting { .. } | State::Connecting { .. } | State::Stopped
        )
    }

    pub(super) fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    pub(super) fn poll_notice(&mut self) -> Option<Notice> {
        self.notices.pop_front()
    }

    pub(super) fn poll_timeout(&self) -> Option<Duration> {
        match self.state {
            State::Waiting { until: at }
            | State::Connecting { deadline: at }
            | State::Greeting { deadline: at } => Some(at),
            State::Permission {
                deadline: at,
                heart,
            }
            | State::Postponed { until: at, heart }
            | State::Identifying {
                deadline: at,
                heart,
            }
            | State::Resuming {
                deadline: at,
                heart,
            } => Some(at.min(heart.next)),
            State::Live { heart, .. } => Some(heart.next),
            State::Stopped => None,
        }
    }

    pub(super) fn handle_connected(&mut self, now: Moment) {
        if matches!(self.state, State::Connecting { .. }) {
            self.budget.reset();
            self.state = State::Greeting {
                deadline: now.boot + HELLO,
            };
        }
    }

    pub(super) fn handle_connect_failed(&mut self, now: Moment) {
        if matches!(self.state, State::Connecting { .. }) {
            self.leave(now, Leave::Gone, Disconnect::ConnectFailed, Duration::ZERO);
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Moment) {
        if let Some(heart) = self.state.heart() {
            match heart.check(now.boot) {
                Beat::NotDue => {}
                Beat::Send => self.heartbeat(now),
                Beat::Missed => {
                    return self.leave(
                        now,
                        Leave::Drop,
                        Disconnect::HeartbeatMissed,
                        Duration::ZERO,
                    );
                }
            }
        }
        let is_due = |at: Duration| at <= now.boot;
        match self.state {
            State::Waiting { until } if is_due(until) => self.connect(now),
            State::Connecting { deadline } if is_due(deadline) => {
                self.leave(
                    now,
                    Leave::Drop,
                    Disconnect::ConnectTimedOut,
                    Duration::ZERO,
                );
            }
            State::Greeting { deadline } if is_due(deadline) => {
                self.leave(now, Leave::Drop, Disconnect::HelloTimedOut, Duration::ZERO);
            }
            State::Permission { deadline, .. } if is_due(deadline) => {
                self.leave(
                    now,
                    Leave::Close,
                    Disconnect::PermissionTimedOut,
                    Duration::ZERO,
                );
            }
            State::Postponed { until, heart } if is_due(until) => self.request_identify(now, heart),
            State::Identifying { deadline, .. } | State::Resuming { deadline, .. }
                if is_due(deadline) =>
            {
                self.leave(now, Leave::Close, Disconnect::LoginTimedOut, Duration::ZERO);
            }
            State::Waiting { .. }
            | State::Connecting { .. }
            | State::Greeting { .. }
            | State::Permission { .. }
            | State::Postponed { .. }
            | State::Identifying { .. }
            | State::Resuming { .. }
            | State::Live { .. }
            | State::Stopped => {}
        }
    }

    pub(super) fn handle_closed(&mut self, now: Moment, code: Option<CloseCode>) {
        if matches!(self.state, State::Connecting { .. }) {
            return self.leave(now, Leave::Gone, Disconnect::ConnectFailed, Duration::ZERO);
        }
        if !self.is_connected() {
            return;
        }
        let cause = Disconnect::Closed(code);
        let Some(code) = code else {
            return self.leave(now, Leave::Gone, cause, Duration::ZERO);
        };
        match code.action() {
            CloseAction::Resume => {
                self.count_refusal();
                self.leave(now, Leave::Gone, cause, Duration::ZERO);
            }
            CloseAction::ResumeLater => self.leave(now, Leave::Gone, cause, RATE_LIMITED),
            CloseAction::Reidentify => {
                self.lose_session(SessionLoss::Closed(code));
                self.leave(now, Leave::Gone, cause, Duration::ZERO);
            }
            CloseAction::LongWait => {
                self.lose_session(SessionLoss::Closed(code));
                self.leave(now, Leave::Gone, cause, TOO_MANY_SESSIONS);
            }
            CloseAction::Fatal => {
                self.lose_session(SessionLoss::Closed(code));
                self.fail(Fatal::Closed(code));
            }
        }
    }

    pub(super) fn handle_bad_data(&mut self, now: Moment, error: InflateError) {
        if self.is_connected() {
            self.count_refusal();
            self.leave(
                now,
                Leave::Close,
                Disconnect::BadData(error),
                Duration::ZERO,
            );
        }
    }

    pub(super) fn handle_frame<'t>(&mut self, now: Moment, text: &'t str) -> Option<Dispatch<'t>> {
        if !self.is_connected() {
            return None;
        }
        if let Some(session) = &mut self.session {
            session.seen_at = session.seen_at.max(now.unix);
        }
        let Some(frame) = envelope::read(text, &self.config.interest) else {
            self.count_refusal();
            self.leave(now, Leave::Close, Disconnect::BadFrame, Duration::ZERO);
            return None;
        };
        match frame {
            Frame::Dispatch { sequence, event } => {
                self.signs.event_at = Some(now.unix);
                return self.dispatch(now, sequence, event);
            }
            Frame::HeartbeatRequest => self.heartbeat(now),
            Frame::HeartbeatAck => {
                self.signs.acknowledged_at = Some(now.unix);
                if let Some(heart) = self.state.heart()
                    && let Some(took) = heart.acknowledge(now.boot)
                {
                    self.signs.round_trips += 1;
                    self.signs.round_trip = Some(took);
                }
            }
            Frame::Reconnect => {
                self.leave(now, Leave::Close, Disconnect::Requested, Duration::ZERO);
            }
            Frame::InvalidSession { resumable } => self.invalid_session(now, resumable),
            Frame::Hello { heartbeat_interval } => {
                self.hello(now, Duration::from_millis(heartbeat_interval));
            }
            Frame::Unknown => {}
        }
        None
    }

    pub(super) fn identify_permitted(&mut self, now: Moment) {
        if let State::Permission { heart, .. } | State::Postponed { heart, .. } = self.state {
            self.state = State::Identifying {
                deadline: now.boot + LOGIN,
                heart,
            };
            let payload = self.identify();
            self.log_in(now, payload);
        }
    }

    pub(super) fn identify_refused(&mut self, now: Moment, until: Duration) {
        let (State::Permission { heart, .. } | State::Postponed { heart, .. }) = self.state else {
            return;
        };
        let wait = until.saturating_sub(now.boot);
        self.notices.push_back(Notice::IdentifyPostponed { until });
        if wait <= SHORT_REFUSAL {
            self.state = State::Postponed { until, heart };
        } else {
            self.leave(now, Leave::Close, Disconnect::IdentifyRefused, wait);
        }
    }

    pub(super) fn send(&mut self, now: Moment, payload: String) -> Result<(), SendError> {
        if !matches!(self.state, State::Live { .. }) {
            return Err(SendError::NotLive);
        }
        if payload.len() > MAX_PAYLOAD {
            return Err(SendError::TooLarge(payload.len()));
        }
        self.budget.take(now.boot).map_err(SendError::Budget)?;
        self.actions.push_back(Action::Send(payload));
        Ok(())
    }

    /// Ends, with a close frame or without.
    pub(super) fn stop(&mut self, code: Option<CloseCode>) {
        self.clear_actions();
        if self.is_connected() {
            self.actions
                .push_back(code.map_or(Action::DropTcp, |CloseCode(code)| Action::Close { code }));
        } else if matches!(self.state, State::Connecting { .. }) {
            self.actions.push_back(Action::DropTcp);
        }
        self.state = State::Stopped;
    }

    fn connect(&mut self, now: Moment) {
        let query = self.config.query();
        let hosts = &self.config.hosts;
        let named = self
            .session
            .as_ref()
            .and_then(|session| session.resume_gateway_url.as_deref());
        let resume_url = named
            .filter(|&named| self.unreachable.as_deref() != Some(named))
            .and_then(|named| hosts.resume_url(named, &query));
        self.is_at_resume_url = resume_url.is_some();
        let url = resume_url.unwrap_or_else(|| hosts.gateway_url(&query));
        self.actions.push_back(Action::Connect { url });
        self.state = State::Connecting {
            deadline: now.boot + CONNECT,
        };
    }

    /// Leaves the connection, if there is one, and waits for the next: as long as the backoff says and `at_least`.
    fn leave(&mut self, now: Moment, how: Leave, cause: Disconnect, at_least: Duration) {
        match self.state {
            State::Live { since, .. } if now.boot.saturating_sub(since) >= Backoff::HEALTHY => {
                self.backoff.reset();
            }
            State::Connecting { .. } | State::Greeting { .. } => self.try_the_other_host(),
            State::Stopped => return,
            State::Waiting { .. }
            | State::Permission { .. }
            | State::Postponed { .. }
            | State::Identifying { .. }
            | State::Resuming { .. }
            | State::Live { .. } => {}
        }
        self.clear_actions();
        match how {
            Leave::Close => self.actions.push_back(Action::Close {
                code: CloseCode::RESUMABLE.0,
            }),
            Leave::Drop => self.actions.push_back(Action::DropTcp),
            Leave::Gone => {}
        }
        let mut until = now.boot + self.backoff.next(&mut self.entropy).max(at_least);
        if let (Some(_), Some(last)) = (&self.session, self.resumed_at) {
            until = until.max(last + RESUME_SPACING);
        }
        self.state = State::Waiting { until };
        self.notices.push_back(Notice::Disconnected {
            cause,
            retry_at: until,
        });
    }

    /// Forgets what was meant for a connection that is over; that it must be closed is not forgotten.
    fn clear_actions(&mut self) {
        self.actions
            .retain(|action| matches!(action, Action::Close { .. } | Action::DropTcp));
    }

    /// The session is global: when the host that READY named can not be reached it is resumed at the original one, and
    /// the other way round.
    fn try_the_other_host(&mut self) {
        let named = self
            .session
            .as_ref()
            .and_then(|session| session.resume_gateway_url.clone());
        self.unreachable = if self.is_at_resume_url { named } else { None };
    }

    fn lose_session(&mut self, cause: SessionLoss) {
        self.refusals = 0;
        if let Some(session) = self.session.take() {
            self.notices
                .push_back(Notice::SessionLost { session, cause });
        }
    }

    /// Counts a RESUME that was answered with anything but RESUMED or the loss of the session.
    fn count_refusal(&mut self) {
        if matches!(self.state, State::Resuming { .. }) {
            self.refusals += 1;
            if self.refusals >= REFUSALS {
                self.lose_session(SessionLoss::RefusedOften);
            }
        }
    }

    fn fail(&mut self, fatal: Fatal) {
        self.clear_actions();
        self.actions.push_back(Action::Fatal(fatal));
        self.state = State::Stopped;
    }

    fn hello(&mut self, now: Moment, interval: Duration) {
        if !matches!(self.state, State::Greeting { .. }) {
            return;
        }
        let heart = Heart::new(now.boot, interval, &mut self.entropy);
        let Some(session) = &self.session else {
            return self.request_identify(now, heart);
        };
        let payload = json!({"op": 6, "d": {
            "token": self.config.token.expose(),
            "session_id": session.session_id,
            "seq": session.sequence,
        }});
        self.resumed_at = Some(now.boot);
        self.state = State::Resuming {
            deadline: now.boot + LOGIN,
            heart,
        };
        self.log_in(now, payload.to_string());
    }

    fn request_identify(&mut self, now: Moment, heart: Heart) {
        self.actions.push_back(Action::RequestIdentify);
        self.state = State::Permission {
            deadline: now.boot + PERMISSION,
            heart,
        };
    }

    fn identify(&self) -> String {
        let (token, properties) = (self.config.token.expose(), &self.config.properties);
        let body = match self.config.kind {
            Kind::Bot { intents } => {
                json!({"token": token, "properties": properties, "intents": intents})
            }
            Kind::User { capabilities } => {
                json!({"token": token, "properties": properties, "capabilities": capabilities, "compress": false})
            }
        };
        json!({"op": 2, "d": body}).to_string()
    }

    /// Sends IDENTIFY or RESUME.
    fn log_in(&mut self, now: Moment, payload: String) {
        if payload.len() > MAX_PAYLOAD {
            self.fail(Fatal::PayloadTooLarge(payload.len()));
            self.actions.push_front(Action::Close {
                code: CloseCode::RESUMABLE.0,
            });
            return;
        }
        // The first payload of a connection, so there is room for it.
        let _ = self.budget.take(now.boot);
        self.actions.push_back(Action::Send(payload));
    }

    fn heartbeat(&mut self, now: Moment) {
        let sequence = self.session.as_ref().map(|session| session.sequence);
        self.actions
            .push_back(Action::Send(json!({"op": 1, "d": sequence}).to_string()));
        if let Some(heart) = self.state.heart() {
            heart.sent(now.boot);
        }
    }

    fn invalid_session(&mut self, now: Moment, resumable: bool) {
        if resumable {
            self.count_refusal();
        } else {
            self.lose_session(SessionLoss::Invalid);
        }
        let wait = if self.session.is_some() {
            Duration::ZERO
        } else {
            self.entropy.between(INVALID_SESSION.0, INVALID_SESSION.1)
        };
        self.leave(now, Leave::Close, Disconnect::InvalidSession, wait);
    }

    fn dispatch<'t>(
        &mut self,
        now: Moment,
        sequence: Option<u64>,
        event: Event<'t>,
    ) -> Option<Dispatch<'t>> {
        match (&event, &mut self.state) {
            (
                Event::Ready(ready),
                State::Identifying { heart, .. } | State::Resuming { heart, .. },
            ) => {
                let heart = *heart;
                self.ready(now, sequence.unwrap_or_default(), ready, heart);
                return Some(Dispatch {
                    sequence: sequence.unwrap_or_default(),
                    event,
                });
            }
            (Event::Resumed, State::Resuming { heart, .. }) => {
                let heart = *heart;
                self.state = State::Live {
                    since: now.boot,
                    heart,
                };
                self.refusals = 0;
                self.notices.push_back(Notice::SessionResumed);
            }
            (Event::Ready(_) | Event::Resumed, _) => return None,
            (_, State::Resuming { deadline, .. }) => *deadline = now.boot + LOGIN,
            (_, State::Live { .. }) => {}
            // Events of a session that we have not been told of.
            (_, _) => return None,
        }
        let session = self.session.as_mut()?;
        let Some(next) = sequence else {
            return Some(Dispatch {
                sequence: session.sequence,
                event,
            });
        };
        if next <= session.sequence && !cfg!(mj_mutation = "replay") {
            // A replay begins before what we asked for; RESUMED itself may carry the last number again.
            return matches!(event, Event::Resumed).then_some(Dispatch {
                sequence: session.sequence,
                event,
            });
        }
        if next > session.sequence + 1 {
            self.notices.push_back(Notice::SequenceGap {
                after: session.sequence,
                next,
            });
        }
        session.sequence = next.max(session.sequence);
        Some(Dispatch {
            sequence: next,
            event,
        })
    }

    fn ready(&mut self, now: Moment, sequence: u64, ready: &Ready, heart: Heart) {
        self.lose_session(SessionLoss::Replaced);
        self.session = Some(Session {
            session_id: ready.session_id.clone(),
            sequence,
            resume_gateway_url: ready.resume_gateway_url.clone(),
            identified_at: now.unix,
            seen_at: now.unix,
        });
        self.resumed_at = None;
        self.state = State::Live {
            since: now.boot,
            heart,
        };
        self.notices.push_back(Notice::SessionStarted);
    }
}
