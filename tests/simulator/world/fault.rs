//! Faults on command: what goes wrong next, where, and how often.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::World;
use super::http::{Body, Request, Response};
use super::people::Caller;
use super::rate_limit::{Scope, cloudflare, commanded};
use super::session::{Admission, ConnectionId, State, Transmit};
use crate::snowflake::Millis;

/// At which moment a request's connection is cut.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reset {
    /// Accepted and done, but the answer is lost.
    After,
    /// Before anything happened.
    Before,
}

/// One rule over REST requests: the first that fits is used.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpFault {
    /// Method, when given.
    pub method: Option<String>,
    /// Part of the path, when given.
    pub path: Option<String>,
    /// How many requests it strikes; `null` for all.
    pub times: Option<u64>,
    /// Requests let through before it strikes.
    pub skip: u64,
    /// Strikes one request in so many, by chance.
    pub one_in: u64,
    /// Answers with this status.
    pub status: Option<u16>,
    /// Body of that answer: text, or JSON.
    pub body: Value,
    /// Content type of that answer.
    pub content_type: Option<String>,
    /// Answers 429 with this many seconds; a `status` from 500 up says it in `Retry-After`.
    pub retry_after: Option<f64>,
    /// That 429 is the global one.
    pub global: bool,
    /// That 429 concerns everybody at the resource.
    pub shared: bool,
    /// That 429 comes from Cloudflare, in HTML.
    pub cloudflare: bool,
    /// Milliseconds to wait before the answer.
    pub delay: u64,
    /// Cuts the connection.
    pub reset: Option<Reset>,
}

impl Default for HttpFault {
    fn default() -> Self {
        Self {
            method: None,
            path: None,
            times: Some(1),
            skip: 0,
            one_in: 1,
            status: None,
            body: Value::Null,
            content_type: None,
            retry_after: None,
            global: false,
            shared: false,
            cloudflare: false,
            delay: 0,
            reset: None,
        }
    }
}

impl HttpFault {
    fn fits(&self, request: &Request) -> bool {
        self.times != Some(0)
            && self
                .method
                .as_ref()
                .is_none_or(|method| method.eq_ignore_ascii_case(&request.method))
            && self
                .path
                .as_ref()
                .is_none_or(|path| request.path.contains(path.as_str()))
    }

    /// The answer given instead of the real one.
    fn answer(&self, now: Millis, path: &str) -> Option<Response> {
        if self.cloudflare {
            return Some(cloudflare(self.status.unwrap_or(429), 1015));
        }
        if let Some(seconds) = self.retry_after.filter(|_| !self.is_outage()) {
            let wait = std::time::Duration::try_from_secs_f64(seconds)
                .unwrap_or_default()
                .as_millis();
            let scope = match (self.global, self.shared) {
                (true, _) => Scope::Global,
                (false, true) => Scope::Shared,
                (false, false) => Scope::User,
            };
            let wait = u64::try_from(wait).unwrap_or(u64::MAX);
            return Some(commanded(now, wait, scope, path));
        }
        let status = self.status?;
        let response = match &self.body {
            Value::String(text) => Response::text(status, text),
            Value::Null => Response::error(status, 0, "simulated"),
            body @ (Value::Array(_) | Value::Bool(_) | Value::Number(_) | Value::Object(_)) => {
                Response::json(status, body)
            }
        };
        let response = match self.retry_after {
            Some(seconds) => response.with("retry-after", seconds.ceil().to_string()),
            None => response,
        };
        Some(match &self.content_type {
            Some(kind) => response.with("content-type", kind.clone()),
            None => response,
        })
    }

    /// An answer of Discord's servers that are down, which may say for how long.
    fn is_outage(&self) -> bool {
        self.status.is_some_and(|status| status >= 500)
    }
}

/// Faults that wait for the next occasion and are then used up.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Armed {
    InvalidSession,
    NoAck,
    NoHello,
    NoReady,
    RefuseResume,
}

/// What happens to the next numbered event.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Tamper {
    Lose,
    Repeat,
    Swap,
}

#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) http: Vec<HttpFault>,
    armed: Vec<(Armed, u64)>,
    tampers: Vec<(Tamper, u64)>,
    close_after_hello: Option<(u16, u64)>,
    refuse: Option<(u16, u64)>,
    drop_connections: u64,
    resume_host_down_until: Millis,
}

impl Faults {
    pub(super) fn take(&mut self, what: Armed) -> bool {
        let found = self
            .armed
            .iter_mut()
            .find(|(armed, left)| *armed == what && *left > 0);
        found.map(|(_, left)| *left -= 1).is_some()
    }

    fn arm(&mut self, what: Armed, times: u64) {
        self.armed.retain(|(armed, _)| *armed != what);
        self.armed.push((what, times));
    }

    pub(super) fn take_tamper(&mut self) -> Option<Tamper> {
        let (tamper, left) = self.tampers.iter_mut().find(|(_, left)| *left > 0)?;
        *left -= 1;
        Some(*tamper)
    }

    pub(super) fn take_close_after_hello(&mut self) -> Option<u16> {
        let (code, left) = self
            .close_after_hello
            .as_mut()
            .filter(|(_, left)| *left > 0)?;
        *left -= 1;
        Some(*code)
    }

    pub(super) fn refuse_connection(
        &mut self,
        now: Millis,
        resume_host: bool,
    ) -> Option<Admission> {
        if resume_host && now < self.resume_host_down_until {
            return Some(Admission::Dropped);
        }
        if self.drop_connections > 0 {
            self.drop_connections -= 1;
            return Some(Admission::Dropped);
        }
        let (status, left) = self.refuse.as_mut().filter(|(_, left)| *left > 0)?;
        *left -= 1;
        Some(Admission::Refused(*status))
    }
}

impl World {
    /// The rule that strikes this request, if any: its answer, and whether the request still happens.
    pub(super) fn strike(
        &mut self,
        now: Millis,
        request: &Request,
    ) -> Option<(HttpFault, Option<Response>)> {
        let place = self
            .faults
            .http
            .iter()
            .position(|fault| fault.fits(request))?;
        if self.faults.http[place].skip > 0 {
            self.faults.http[place].skip -= 1;
            return None;
        }
        let one_in = self.faults.http[place].one_in;
        if one_in > 1 && self.random.below(one_in) != 0 {
            return None;
        }
        let fault = &mut self.faults.http[place];
        fault.times = fault.times.map(|times| times - 1);
        let answer = fault.answer(now, &request.path);
        Some((fault.clone(), answer))
    }

    /// Does what a struck request gets; `real` performs it.
    pub(super) fn with_fault(
        &mut self,
        now: Millis,
        request: &Request,
        real: impl FnOnce(&mut Self) -> Response,
    ) -> Response {
        let Some((fault, answer)) = self.strike(now, request) else {
            return real(self);
        };
        self.record.faults += 1;
        let mut response = match (fault.reset, answer) {
            (Some(Reset::Before), _) => Response {
                cut: true,
                ..Response::text(500, "")
            },
            (Some(Reset::After), _) => Response {
                cut: true,
                ..real(self)
            },
            (None, Some(answer)) => answer,
            (None, None) => real(self),
        };
        response.delay += fault.delay;
        if response.cut {
            response.body = Body::Bytes(Vec::new());
        }
        response
    }

    /// The `fault` command's gateway part.
    pub(super) fn gateway_fault(&mut self, now: Millis, command: &Value) -> Result<Value, String> {
        let name = command["gateway"]
            .as_str()
            .ok_or("gateway must be a string")?;
        let times = command["times"].as_u64().unwrap_or(1);
        let code = command["code"]
            .as_u64()
            .and_then(|code| u16::try_from(code).ok());
        match name {
            "no_hello" => self.faults.arm(Armed::NoHello, times),
            "no_ready" => self.faults.arm(Armed::NoReady, times),
            "no_ack" => self.faults.arm(Armed::NoAck, times),
            "invalid_identify" => self.faults.arm(Armed::InvalidSession, times),
            "refuse_resume" => self.faults.arm(Armed::RefuseResume, times),
            "close_after_hello" => {
                self.faults.close_after_hello = Some((code.unwrap_or(4002), times));
            }
            "refuse_connections" => self.faults.refuse = Some((code.unwrap_or(502), times)),
            "drop_connections" => self.faults.drop_connections = times,
            "resume_host_down" => {
                self.faults.resume_host_down_until =
                    now + command["for"].as_u64().unwrap_or(u64::from(u32::MAX));
            }
            "lose_events" => self.faults.tampers.push((Tamper::Lose, times)),
            "repeat_events" => self.faults.tampers.push((Tamper::Repeat, times)),
            "swap_events" => self.faults.tampers.push((Tamper::Swap, times)),
            _ => return self.strike_connections(now, name, code, command),
        }
        Ok(json!({"armed": name, "times": times}))
    }

    fn strike_connections(
        &mut self,
        now: Millis,
        name: &str,
        code: Option<u16>,
        command: &Value,
    ) -> Result<Value, String> {
        let targets = self.targets(command);
        for id in &targets {
            match name {
                "close" => {
                    let session = self
                        .connections
                        .get(id)
                        .and_then(|connection| connection.session.clone());
                    self.close(now, *id, code.unwrap_or(4000));
                    if let Some(session) = session.filter(|_| command["invalidate"] == true) {
                        self.sessions.remove(&session);
                    }
                }
                "drop" if command["reset"] == true => self.cut(now, *id, Transmit::Reset),
                "drop" => self.cut(now, *id, Transmit::Drop),
                "blackhole" => {
                    if let Some(connection) = self.connections.get_mut(id) {
                        connection.state = State::Silent;
                        self.record.note(connection.entry, "blackholed");
                        if let Some(session) = connection.session.clone() {
                            self.detach(now, &session, *id);
                        }
                        self.outbox.push_back((*id, Transmit::Silence));
                    }
                }
                "reconnect" => self.send(*id, 7, &Value::Null),
                "heartbeat" => self.send(*id, 1, &Value::Null),
                "invalid_session" => {
                    let resumable = command["resumable"] == true;
                    self.send(*id, 9, &json!(resumable));
                    self.end_login(now, *id, resumable);
                }
                "send" => self.transmit(
                    *id,
                    command["frame"]
                        .as_str()
                        .map_or_else(|| command["frame"].to_string(), str::to_owned),
                ),
                "unknown_op" => self.send(*id, 99, &json!({"a": 1})),
                "unknown_event" => {
                    if let Some(session) = self
                        .connections
                        .get(id)
                        .and_then(|connection| connection.session.clone())
                    {
                        self.dispatch(now, &session, "SOMETHING_NEW", Value::Null);
                    }
                }
                "huge_frame" => {
                    let bytes = command["bytes"]
                        .as_u64()
                        .and_then(|bytes| usize::try_from(bytes).ok())
                        .unwrap_or(16 << 20);
                    if let Some(session) = self
                        .connections
                        .get(id)
                        .and_then(|connection| connection.session.clone())
                    {
                        self.dispatch(
                            now,
                            &session,
                            "SOMETHING_NEW",
                            json!({"filler": "x".repeat(bytes)}),
                        );
                    }
                }
                "garbage" => self
                    .outbox
                    .push_back((*id, Transmit::Garbage((0..64).map(|n| n ^ 0xa5).collect()))),
                _ => return Err(format!("unknown gateway fault {name}")),
            }
        }
        Ok(json!({"struck": targets.len()}))
    }

    /// After op 9 the connection has to identify or resume again.
    fn end_login(&mut self, now: Millis, id: ConnectionId, resumable: bool) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        connection.state = State::WaitsForIdentify;
        if let Some(session) = connection.session.take() {
            self.detach(now, &session, id);
            if !resumable {
                self.sessions.remove(&session);
            }
        }
    }

    /// Connections that a command means: `who` is `all`, `bot`, `user`, a session id or a user id.
    fn targets(&self, command: &Value) -> Vec<ConnectionId> {
        let who = command["who"].as_str().unwrap_or("all");
        let meant = |caller: Option<Caller>, session: Option<&String>| match who {
            "all" => true,
            "bot" => caller.is_some_and(|caller| caller.bot),
            "user" => caller.is_some_and(|caller| !caller.bot),
            id => {
                session.is_some_and(|session| session == id)
                    || caller.is_some_and(|caller| caller.user.to_string() == id)
            }
        };
        self.connections
            .iter()
            .filter(|(_, connection)| {
                matches!(connection.state, State::Live | State::WaitsForIdentify)
            })
            .filter(|(id, connection)| meant(self.caller_of(**id), connection.session.as_ref()))
            .map(|(id, _)| *id)
            .collect()
    }
}
