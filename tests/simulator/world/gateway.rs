//! The gateway's side of the conversation: HELLO, identify, resume, heartbeats, and why it closes.

use serde_json::{Value, json};

use super::World;
use super::fault::Armed;
use super::http::query_value;
use super::message::Channel;
use super::people::{Caller, MIDJOURNEY, NIJI};
use super::session::{
    Admission, Connect, Connection, ConnectionId, IdentifyBudget, Session, State, Transmit,
};
use crate::snowflake::{Millis, Snowflake};

/// Largest message a bot may send, in bytes.
const BOT_PAYLOAD_LIMIT: usize = 4096;
/// Largest message a user's client may send, in bytes.
const USER_PAYLOAD_LIMIT: usize = 15 * 1024;
/// Messages a client may send in [`SEND_WINDOW`].
const SEND_LIMIT: usize = 120;
const SEND_WINDOW: u64 = 60_000;
const DAY: u64 = 86_400_000;

pub(super) mod intent {
    pub(crate) const GUILDS: u64 = 1;
    pub(crate) const GUILD_MEMBERS: u64 = 1 << 1;
    pub(crate) const GUILD_PRESENCES: u64 = 1 << 8;
    pub(crate) const GUILD_MESSAGES: u64 = 1 << 9;
    pub(crate) const GUILD_MESSAGE_REACTIONS: u64 = 1 << 10;
    pub(crate) const MESSAGE_CONTENT: u64 = 1 << 15;
    /// Every bit that has a meaning: 0–16, 20, 21, 24, 25.
    pub(crate) const KNOWN: u64 = 0x1_ffff | 1 << 20 | 1 << 21 | 1 << 24 | 1 << 25;
}

impl World {
    /// A client opens a WebSocket.
    pub fn handle_connect(&mut self, now: Millis, connect: &Connect) -> Admission {
        self.record.sockets_seen += 1;
        if let Some(refused) = self.faults.refuse_connection(now, connect.resume_host) {
            return refused;
        }
        let id = ConnectionId(self.next_connection);
        self.next_connection += 1;
        let version = query_value(&connect.query, "v")
            .and_then(|text| text.parse().ok())
            .unwrap_or(10);
        let encoding = query_value(&connect.query, "encoding").unwrap_or_else(|| "json".into());
        let compress = query_value(&connect.query, "compress");
        let entry = self.record.opened(now, id, connect);
        self.record.forget(self.behaviour.history);
        self.connections.insert(
            id,
            Connection {
                state: State::WaitsForIdentify,
                session: None,
                version,
                transport_compression: compress.is_some(),
                payload_compression: false,
                heartbeat_interval: self.behaviour.heartbeat_interval,
                last_heartbeat: now,
                sent: std::collections::VecDeque::new(),
                entry,
            },
        );
        if !matches!(version, 9 | 10) {
            self.close(now, id, 4012);
        } else if encoding != "json" {
            self.close(now, id, 4002);
        } else if self.faults.take(Armed::NoHello) {
            self.record.note(entry, "no hello");
        } else {
            let interval = self.behaviour.heartbeat_interval;
            self.send(id, 10, &json!({"heartbeat_interval": interval, "_trace": ["[\"gateway-prd-us-east1-b-0001\",{\"micros\":0.0}]"]}));
            if let Some(code) = self.faults.take_close_after_hello() {
                self.close(now, id, code);
            }
        }
        Admission::Accepted(id)
    }

    /// A client's WebSocket is gone; `code` is its close frame's, when it sent one.
    pub fn handle_closed(&mut self, now: Millis, id: ConnectionId, code: Option<u16>) {
        let Some(connection) = self.connections.remove(&id) else {
            return;
        };
        self.record
            .closed(now, connection.entry, code.map(|code| (code, "client")));
        let Some(session) = connection.session else {
            return;
        };
        // 1000 and 1001 from the client end the session; anything else leaves it resumable.
        if matches!(code, Some(1000 | 1001)) && connection.state == State::Live {
            self.sessions.remove(&session);
        } else {
            self.detach(now, &session, id);
        }
    }

    /// A client's binary message: JSON all the same, as clients whose WebSocket has no texts send it.
    pub fn handle_binary(&mut self, now: Millis, id: ConnectionId, bytes: &[u8]) {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.handle_text(now, id, text),
            Err(_) if self.listens(id) => self.close(now, id, 4002),
            Err(_) => {}
        }
    }

    /// A client's text message.
    pub fn handle_text(&mut self, now: Millis, id: ConnectionId, text: &str) {
        if !self.listens(id) {
            return;
        }
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        connection.sent.push_back(now);
        while connection
            .sent
            .front()
            .is_some_and(|at| at + SEND_WINDOW <= now)
        {
            connection.sent.pop_front();
        }
        if connection.sent.len() > SEND_LIMIT {
            return self.close(now, id, 4008);
        }
        let live = connection.state == State::Live;
        let payload: Option<Value> = (text.len() <= USER_PAYLOAD_LIMIT)
            .then(|| serde_json::from_str(text).ok())
            .flatten();
        let Some((op, payload)) =
            payload.and_then(|payload| Some((payload["op"].as_u64()?, payload)))
        else {
            return self.close(now, id, 4002);
        };
        let data = &payload["d"];
        if text.len() > BOT_PAYLOAD_LIMIT && !self.is_users(id, data) {
            return self.close(now, id, 4002);
        }
        match op {
            1 => self.heartbeat(now, id, data),
            // A user's client may tell with each heartbeat how well it is served.
            40 => self.heartbeat(now, id, &data["seq"]),
            2 | 6 if live => self.close(now, id, 4005),
            2 => self.identify(now, id, data),
            6 => self.resume(now, id, data),
            _ if !live => self.close(now, id, 4003),
            // Presence, voice state, lazy guilds and the like change nothing here.
            3 | 4 | 12..=43 => {}
            8 => self.send_members(now, id, data),
            _ => self.close(now, id, 4001),
        }
    }

    /// Whether a user sends it: the session's, or the one whose token it holds.
    fn is_users(&self, id: ConnectionId, data: &Value) -> bool {
        let told = || self.people.authenticate(data["token"].as_str()?);
        self.caller_of(id)
            .or_else(told)
            .is_some_and(|caller| !caller.bot)
    }

    fn listens(&self, id: ConnectionId) -> bool {
        self.connections.get(&id).is_some_and(|connection| {
            matches!(connection.state, State::Live | State::WaitsForIdentify)
        })
    }

    fn heartbeat(&mut self, now: Millis, id: ConnectionId, data: &Value) {
        if !(data.is_null() || data.is_u64()) {
            return self.close(now, id, 4002);
        }
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        connection.last_heartbeat = now;
        self.record.heartbeat(connection.entry, data.as_u64());
        if !self.faults.take(Armed::NoAck) {
            self.send(id, 11, &Value::Null);
        }
    }

    fn identify(&mut self, now: Millis, id: ConnectionId, data: &Value) {
        let Some(token) = data["token"]
            .as_str()
            .filter(|_| data["properties"].is_object())
        else {
            return self.close(now, id, 4002);
        };
        let entry = self
            .connections
            .get(&id)
            .map_or(0, |connection| connection.entry);
        self.record.identified(now, entry);
        let Some(caller) = self.people.authenticate(token) else {
            return self.close(now, id, 4004);
        };
        self.record.authenticated(entry, caller, None);
        if !self.identify_allowed(now, caller, id) {
            return;
        }
        let shard = &data["shard"];
        if !shard.is_null() && (shard[0].as_u64(), shard[1].as_u64()) != (Some(0), Some(1)) {
            return self.close(now, id, 4010);
        }
        let intents = if caller.bot {
            let Some(intents) = data["intents"]
                .as_u64()
                .filter(|intents| intents & !intent::KNOWN == 0)
            else {
                return self.close(now, id, 4013);
            };
            let members = intents & (intent::GUILD_MEMBERS | intent::GUILD_PRESENCES) != 0;
            let content = intents & intent::MESSAGE_CONTENT != 0;
            if members && !self.behaviour.bot_members_intents
                || content && !self.behaviour.bot_message_content
            {
                return self.close(now, id, 4014);
            }
            intents
        } else {
            u64::MAX
        };
        if self.faults.take(Armed::InvalidSession) {
            return self.send(id, 9, &json!(false));
        }
        if self.faults.take(Armed::NoReady) {
            self.record.note(entry, "no ready");
            return;
        }
        self.begin_session(now, id, caller, intents, data);
    }

    fn begin_session(
        &mut self,
        now: Millis,
        id: ConnectionId,
        caller: Caller,
        intents: u64,
        identify: &Value,
    ) {
        let session_id = self.random.hex(32);
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        connection.state = State::Live;
        connection.session = Some(session_id.clone());
        connection.payload_compression =
            identify["compress"] == true && !connection.transport_compression;
        let (version, entry) = (connection.version, connection.entry);
        self.record.authenticated(entry, caller, Some(&session_id));
        self.sessions.insert(
            session_id.clone(),
            Session {
                id: session_id.clone(),
                caller,
                intents,
                content_intent: intents & intent::MESSAGE_CONTENT != 0,
                sequence: 0,
                replay: std::collections::VecDeque::new(),
                connection: Some(id),
                detached: now,
                held: None,
            },
        );
        let ready = self.ready_json(caller, version, &session_id, identify);
        self.dispatch(now, &session_id, "READY", ready);
        if caller.bot {
            if intents & intent::GUILDS != 0 {
                let all = intent::GUILD_MEMBERS | intent::GUILD_PRESENCES;
                let members: Vec<Snowflake> = if intents & all == all {
                    self.people.users.iter().map(|user| user.id).collect()
                } else {
                    vec![caller.user]
                };
                let guild = self
                    .people
                    .full_guild_json(&members, |channel| self.last_message(channel));
                self.dispatch(now, &session_id, "GUILD_CREATE", guild);
            }
        } else {
            let supplement = json!({"merged_presences": {"guilds": [[]], "friends": []}, "merged_members": [[]], "lazy_private_channels": [], "guilds": [{"id": self.people.guild, "voice_states": [], "embedded_activities": [], "activity_instances": []}], "disclose": [], "game_invites": []});
            self.dispatch(now, &session_id, "READY_SUPPLEMENTAL", supplement);
        }
    }

    fn ready_json(&self, caller: Caller, version: u8, session_id: &str, identify: &Value) -> Value {
        let mut ready = json!({
            "v": version, "user": self.people.own_user_json(caller), "session_id": session_id,
            "resume_gateway_url": self.settings.hosts.resume_gateway, "session_type": "normal",
            "relationships": [], "presences": [], "user_settings": {},
            "guild_join_requests": [], "geo_ordered_rtc_regions": [], "game_relationships": [], "auth": {},
            "_trace": ["[\"gateway-prd-us-east1-b-0001\",{\"micros\":0}]"],
        });
        if caller.bot {
            ready["application"] = json!({"id": caller.user, "flags": 1 << 19});
            ready["guilds"] = json!([{"id": self.people.guild, "unavailable": true}]);
            if !identify["shard"].is_null() {
                ready["shard"] = json!([0, 1]);
            }
            ready["private_channels"] = json!([]);
            return ready;
        }
        // Recipients are named once, in `users`, for who asks so (capability 1 << 4).
        let deduplicate = identify["capabilities"].as_u64().unwrap_or(0) & 1 << 4 != 0;
        let mut direct = self.direct_list(caller, Channel::Gateway);
        for channel in direct.iter_mut().filter(|_| deduplicate) {
            let recipient = channel["recipients"][0]["id"].clone();
            channel["recipient_ids"] = json!([recipient]);
            channel
                .as_object_mut()
                .map(|fields| fields.remove("recipients"));
        }
        ready["private_channels"] = Value::from(direct);
        let guild = self
            .people
            .full_guild_json(&[caller.user, MIDJOURNEY, NIJI], |channel| {
                self.last_message(channel)
            });
        // Client state V2 (capability 1 << 6).
        ready["guilds"] = if identify["capabilities"].as_u64().unwrap_or(0) & 1 << 6 != 0 {
            json!([self.people.nested_guild_json(guild)])
        } else {
            json!([guild])
        };
        let mut member = self.people.member_json(caller.user);
        member["user_id"] = json!(caller.user);
        let users: Vec<Value> = self
            .people
            .users
            .iter()
            .filter(|user| user.id != caller.user)
            .map(|user| self.people.user_json(user.id, Channel::Gateway))
            .collect();
        super::people::merge(
            &mut ready,
            json!({
                "users": users, "merged_members": [[member]],
                "read_state": {"entries": [], "partial": false, "version": 1},
                "user_guild_settings": {"entries": [], "partial": false, "version": 1},
                "sessions": [{"session_id": session_id, "status": "online", "activities": [], "hidden_activities": [], "active": true, "client_info": {"client": "web", "os": "other", "version": 0}}],
                "notification_settings": {"flags": 0},
                "country_code": "US", "connected_accounts": [], "experiments": [], "guild_experiments": [], "consents": {"personalization": {"consented": true}},
                "tutorial": null, "analytics_token": "", "auth_session_id_hash": "", "friend_suggestion_count": 0, "api_code_version": 1,
            }),
        );
        ready
    }

    /// `max_concurrency` 1 and the daily limit; only bots are held to them.
    fn identify_allowed(&mut self, now: Millis, caller: Caller, id: ConnectionId) -> bool {
        if !caller.bot {
            return true;
        }
        let (spacing, limit) = (
            self.behaviour.identify_spacing,
            self.behaviour.identify_limit,
        );
        let place = self
            .identifies
            .iter()
            .position(|budget| budget.user == caller.user);
        let place = place.unwrap_or_else(|| {
            self.identifies.push(IdentifyBudget {
                user: caller.user,
                last: 0,
                used: 0,
                since: now,
            });
            self.identifies.len() - 1
        });
        let budget = &mut self.identifies[place];
        if now >= budget.since + DAY {
            (budget.since, budget.used) = (now, 0);
        }
        if now < budget.last + spacing {
            self.record.identify_refused += 1;
            self.send(id, 9, &json!(false));
            return false;
        }
        budget.last = now;
        budget.used += 1;
        if budget.used > limit {
            // Discord ends every session and resets the bot's token.
            let fresh = self.random.token(38);
            self.people.bot_token = format!(
                "{}.{fresh}",
                self.people.bot_token.split('.').next().unwrap_or_default()
            );
            let all: Vec<ConnectionId> = self.connections.keys().copied().collect();
            for other in all {
                if self.caller_of(other).is_some_and(|other| other == caller) || other == id {
                    self.close(now, other, 4004);
                }
            }
            self.sessions.retain(|_, session| session.caller != caller);
            return false;
        }
        true
    }

    /// `session_start_limit` of `GET /gateway/bot`.
    pub(super) fn session_start_limit(&self, now: Millis, caller: Caller) -> Value {
        let budget = self
            .identifies
            .iter()
            .find(|budget| budget.user == caller.user && now < budget.since + DAY);
        let limit = self.behaviour.identify_limit;
        json!({
            "total": limit, "max_concurrency": 1,
            "remaining": limit.saturating_sub(budget.map_or(0, |budget| budget.used)),
            "reset_after": budget.map_or(0, |budget| budget.since + DAY - now),
        })
    }

    fn resume(&mut self, now: Millis, id: ConnectionId, data: &Value) {
        let (token, session_id, sequence) = (
            data["token"].as_str(),
            data["session_id"].as_str(),
            data["seq"].as_u64(),
        );
        let (Some(token), Some(session_id), Some(sequence)) = (token, session_id, sequence) else {
            return self.close(now, id, 4002);
        };
        let entry = self
            .connections
            .get(&id)
            .map_or(0, |connection| connection.entry);
        self.record.resume_tried(now, entry);
        let Some(caller) = self.people.authenticate(token) else {
            return self.close(now, id, 4004);
        };
        self.record.authenticated(entry, caller, None);
        self.forget_old_sessions(now);
        let refused = self.faults.take(Armed::RefuseResume);
        let known = self
            .sessions
            .get(session_id)
            .filter(|session| session.caller == caller);
        let Some(session) = known.filter(|session| !refused && session.can_replay_after(sequence))
        else {
            if refused {
                self.sessions.remove(session_id);
            }
            return self.send(id, 9, &json!(false));
        };
        if sequence > session.sequence {
            return self.close(now, id, 4007);
        }
        if let Some(other) = session.connection {
            self.close(now, other, 4000);
        }
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.state = State::Live;
            connection.session = Some(session_id.to_owned());
        }
        self.record.resumed(now, entry, caller, session_id);
        let Some(session) = self.sessions.get_mut(session_id) else {
            return;
        };
        session.connection = Some(id);
        let missed: Vec<String> = session
            .replay
            .iter()
            .filter(|(number, ..)| *number > sequence)
            .map(|(.., frame)| frame.clone())
            .collect();
        session.sequence += 1;
        let last = session.sequence;
        for frame in missed {
            self.transmit(id, frame);
        }
        let data = json!({"_trace": ["[\"gateway-prd-us-east1-b-0001\",{\"micros\":0}]"]});
        self.transmit(
            id,
            format!("{{\"t\":\"RESUMED\",\"s\":{last},\"op\":0,\"d\":{data}}}"),
        );
    }

    fn send_members(&mut self, now: Millis, id: ConnectionId, data: &Value) {
        let Some(session) = self
            .connections
            .get(&id)
            .and_then(|connection| connection.session.clone())
        else {
            return;
        };
        let members: Vec<Value> = self
            .people
            .users
            .iter()
            .map(|user| self.people.full_member_json(user.id, Channel::Gateway))
            .collect();
        let mut chunk = json!({"guild_id": self.people.guild, "members": members, "chunk_index": 0, "chunk_count": 1, "not_found": []});
        if data["nonce"].is_string() {
            chunk["nonce"] = data["nonce"].clone();
        }
        self.dispatch(now, &session, "GUILD_MEMBERS_CHUNK", chunk);
    }

    /// Closes from the server's side; the session stays resumable unless the code ends it.
    pub(super) fn close(&mut self, now: Millis, id: ConnectionId, code: u16) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        if connection.state == State::Closed {
            return;
        }
        connection.state = State::Closed;
        let (entry, session) = (connection.entry, connection.session.take());
        self.record.closed(now, entry, Some((code, "server")));
        self.outbox
            .push_back((id, Transmit::Close(code, close_reason(code).to_owned())));
        if let Some(session) = session {
            self.detach(now, &session, id);
            if matches!(code, 4003..=4007 | 4009) {
                self.sessions.remove(&session);
            }
        }
    }

    /// Ends the TCP connection without a close frame.
    pub(super) fn cut(&mut self, now: Millis, id: ConnectionId, how: Transmit) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        connection.state = State::Closed;
        let (entry, session) = (connection.entry, connection.session.take());
        self.record.closed(now, entry, None);
        self.outbox.push_back((id, how));
        if let Some(session) = session {
            self.detach(now, &session, id);
        }
    }

    pub(super) fn detach(&mut self, now: Millis, session: &str, from: ConnectionId) {
        if let Some(session) = self.sessions.get_mut(session)
            && session.connection == Some(from)
        {
            session.connection = None;
            session.detached = now;
        }
    }

    pub(super) fn close_zombies(&mut self, now: Millis) {
        let zombies: Vec<ConnectionId> = self
            .connections
            .iter()
            .filter(|(_, connection)| connection.zombie_at().is_some_and(|at| at <= now))
            .map(|(id, _)| *id)
            .collect();
        for id in zombies {
            self.close(now, id, 4009);
        }
    }

    pub(super) fn forget_old_sessions(&mut self, now: Millis) {
        let ttl = self.behaviour.session_ttl;
        self.sessions
            .retain(|_, session| session.connection.is_some() || now < session.detached + ttl);
    }

    pub(super) fn caller_of(&self, id: ConnectionId) -> Option<Caller> {
        let session = self.connections.get(&id)?.session.as_ref()?;
        Some(self.sessions.get(session)?.caller)
    }
}

/// The words Discord sends with a close code; none for codes it does not document.
fn close_reason(code: u16) -> &'static str {
    match code {
        4000 => "Unknown error.",
        4001 => "Unknown opcode.",
        4002 => "Error while decoding payload.",
        4003 => "Not authenticated.",
        4004 => "Authentication failed.",
        4005 => "Already authenticated.",
        4007 => "Invalid seq.",
        4008 => "You are being rate limited.",
        4009 => "Session timed out.",
        4010 => "Invalid shard.",
        4011 => "Sharding required.",
        4012 => "Invalid API version.",
        4013 => "Invalid intent(s).",
        4014 => "Disallowed intent(s).",
        _ => "",
    }
}
