//! Who sees an event, when, and as which frame.

use serde_json::{Value, json};

use super::World;
use super::agenda::Event;
use super::fault::Tamper;
use super::gateway::intent;
use super::message::{Channel, Message};
use super::people::Caller;
use super::session::{ConnectionId, Session, State, Transmit};
use crate::snowflake::{Millis, Snowflake};

/// The three events a message can cause.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Change {
    Create,
    Delete,
    Update,
}

impl World {
    /// Stores a new message and tells every session that may see it.
    pub(super) fn post(&mut self, now: Millis, message: Message) -> Snowflake {
        let id = message.id;
        self.messages.insert(id, message);
        let limit =
            self.behaviour.history * (self.people.channels.len() + self.people.direct.len());
        while self.messages.len() > limit.max(1) {
            let Some((_, oldest)) = self.messages.pop_first() else {
                break;
            };
            self.files.abandon(&oldest.files);
        }
        self.announce(now, id, Change::Create);
        id
    }

    /// Tells of a stored message; a delete removes it.
    pub(super) fn announce(&mut self, now: Millis, id: Snowflake, change: Change) {
        let Some(message) = self.messages.get(&id) else {
            return;
        };
        let mut frames = Vec::new();
        for session in self.sessions.values() {
            if !self.sees(session, message) {
                continue;
            }
            let (name, data) = match change {
                Change::Create => {
                    let data = self.message_json(
                        now,
                        message,
                        session.caller,
                        session.content_intent,
                        Channel::Gateway,
                    );
                    ("MESSAGE_CREATE", data)
                }
                Change::Update => ("MESSAGE_UPDATE", self.update_json(now, message, session)),
                Change::Delete => {
                    let mut data = json!({"id": id, "channel_id": message.channel});
                    let direct = self.people.direct(message.channel).is_some();
                    if message.reader.is_none() && !direct && self.behaviour.guild_id_in_frames {
                        data["guild_id"] = json!(self.people.guild);
                    }
                    ("MESSAGE_DELETE", data)
                }
            };
            frames.push((session.id.clone(), name, data));
        }
        if change == Change::Delete
            && let Some(message) = self.messages.remove(&id)
        {
            self.files.abandon(&message.files);
        }
        for (session, name, data) in frames {
            self.deliver(now, &session, name, data);
        }
    }

    fn update_json(&self, now: Millis, message: &Message, session: &Session) -> Value {
        let mut whole = self.message_json(
            now,
            message,
            session.caller,
            session.content_intent,
            Channel::Gateway,
        );
        // The nonce belongs to the create.
        if let Some(whole) = whole.as_object_mut() {
            whole.remove("nonce");
        }
        if !self.behaviour.partial_updates {
            return whole;
        }
        let mut part = json!({});
        for field in [
            "id",
            "channel_id",
            "guild_id",
            "content",
            "attachments",
            "components",
            "edited_timestamp",
        ] {
            if let Some(value) = whole.get(field) {
                part[field] = value.clone();
            }
        }
        part
    }

    /// Sends an event to one session, late when the behaviour says so.
    pub(super) fn deliver(&mut self, now: Millis, session: &str, name: &str, data: Value) {
        let bot = self
            .sessions
            .get(session)
            .is_some_and(|session| session.caller.bot);
        let shuffle = self.behaviour.shuffle;
        let mut delay = if bot {
            0
        } else {
            self.behaviour.user_copy_delay
        };
        if shuffle > 0 {
            delay += self.random.below(shuffle);
        }
        if delay == 0 {
            self.dispatch(now, session, name, data);
        } else {
            let event = Event::Deliver {
                session: session.to_owned(),
                name: name.to_owned(),
                data,
            };
            self.agenda.plan(now + delay, event);
        }
    }

    /// Numbers an event, keeps it for a resume, and sends it when the session has a connection.
    pub(super) fn dispatch(&mut self, now: Millis, session_id: &str, name: &str, data: Value) {
        let opening = matches!(name, "READY" | "GUILD_CREATE" | "READY_SUPPLEMENTAL");
        let tamper = if opening {
            None
        } else {
            self.faults.take_tamper()
        };
        // A client that went silent still has a connection until it is called a zombie.
        let keep = self.behaviour.session_ttl + self.behaviour.heartbeat_interval * 2;
        let Some(session) = self.sessions.get_mut(session_id) else {
            return;
        };
        match tamper {
            // A gap: the number is used, the event is lost.
            Some(Tamper::Lose) => session.sequence += 1,
            Some(Tamper::Swap) if session.held.is_none() => {
                session.held = Some((name.to_owned(), data));
            }
            Some(Tamper::Repeat) => {
                let frame = number(now, keep, session, name, &data);
                if let Some(id) = session.connection {
                    self.transmit(id, frame.clone());
                    self.transmit(id, frame);
                }
            }
            None | Some(Tamper::Swap) => {
                let held = session.held.take();
                let mut frames = vec![number(now, keep, session, name, &data)];
                if let Some((name, data)) = held {
                    frames.push(number(now, keep, session, &name, &data));
                }
                if let Some(id) = session.connection {
                    for frame in frames {
                        self.transmit(id, frame);
                    }
                }
            }
        }
        self.record.dispatched(now, name);
    }

    /// Ephemeral messages reach their reader's user sessions only, direct ones their user's; bots need the intent.
    pub(super) fn sees(&self, session: &Session, message: &Message) -> bool {
        let direct = self.people.direct(message.channel);
        match message.reader.or(direct.map(|direct| direct.user)) {
            Some(reader) => !session.caller.bot && session.caller.user == reader,
            None => session.intents & intent::GUILD_MESSAGES != 0,
        }
    }

    /// Sends an event to every session of a user.
    pub(super) fn tell_user(&mut self, now: Millis, user: Snowflake, name: &str, data: &Value) {
        let caller = Caller { user, bot: false };
        let sessions: Vec<String> = self
            .sessions
            .values()
            .filter(|session| session.caller == caller)
            .map(|session| session.id.clone())
            .collect();
        for session in sessions {
            self.deliver(now, &session, name, data.clone());
        }
    }

    /// Sends a payload that is not a numbered event.
    pub(super) fn send(&mut self, id: ConnectionId, op: u64, data: &Value) {
        self.transmit(
            id,
            format!("{{\"t\":null,\"s\":null,\"op\":{op},\"d\":{data}}}"),
        );
    }

    pub(super) fn transmit(&mut self, id: ConnectionId, frame: String) {
        let Some(connection) = self.connections.get(&id) else {
            return;
        };
        if matches!(connection.state, State::Closed | State::Silent) {
            return;
        }
        let transmit = if connection.payload_compression {
            Transmit::Zlib(frame)
        } else {
            Transmit::Text(frame)
        };
        self.outbox.push_back((id, transmit));
    }

    /// The newest public message of a channel.
    pub(super) fn last_message(&self, channel: Snowflake) -> Option<Snowflake> {
        let mut newest = self.messages.values().rev();
        newest
            .find(|message| message.channel == channel && message.reader.is_none())
            .map(|message| message.id)
    }
}

fn number(now: Millis, keep: u64, session: &mut Session, name: &str, data: &Value) -> String {
    session.sequence += 1;
    // Discord's order of keys. What is displayed is checked piece by piece for UTF-8, which takes longer than all else.
    let data = serde_json::to_string(data).unwrap_or_default();
    let frame = format!(
        "{{\"t\":{},\"s\":{},\"op\":0,\"d\":{data}}}",
        Value::from(name),
        session.sequence
    );
    session.remember(now, keep, frame.clone());
    frame
}
