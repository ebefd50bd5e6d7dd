//! A world on a scripted clock, and clients of it without sockets.

#![allow(
    dead_code,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    reason = "each test binary uses its own part"
)]
#![allow(
    clippy::panic,
    clippy::pedantic,
    clippy::unwrap_used,
    reason = "a stage for tests"
)]

pub mod desk;

use std::collections::BTreeMap;

use mj_simulator::world::{
    Admission, Body, Connect, ConnectionId, Request, Response, Settings, Transmit, World,
};
use serde_json::{Value, json};

pub const IMAGINE: &str = "938956540159881230";
pub const IMAGINE_VERSION: &str = "1237876415471554623";
pub const MIDJOURNEY: &str = "936929561302675456";
pub const BOT_INTENTS: u64 = 1 | 1 << 9 | 1 << 15;

/// What a connection received.
#[derive(Default)]
pub struct Inbox {
    pub frames: Vec<Value>,
    pub closed: Option<u16>,
    pub dropped: bool,
    pub garbage: Vec<Vec<u8>>,
}

pub struct Stage {
    pub world: World,
    pub now: u64,
    pub inboxes: BTreeMap<ConnectionId, Inbox>,
}

impl Stage {
    pub fn new() -> Self {
        Self::with(Settings {
            accounts: 2,
            ..Settings::default()
        })
    }

    pub fn with(settings: Settings) -> Self {
        let now = 1_780_000_000_000;
        let mut world = World::new(now, settings);
        // Clients here send no heartbeats unless a test is about them.
        world.behaviour.heartbeat_interval = 1_000_000_000;
        Self {
            world,
            now,
            inboxes: BTreeMap::new(),
        }
    }

    pub fn drain(&mut self) {
        while let Some((id, transmit)) = self.world.poll_transmit() {
            let inbox = self.inboxes.entry(id).or_default();
            match transmit {
                Transmit::Text(text) | Transmit::Zlib(text) => {
                    inbox.frames.push(serde_json::from_str(&text).unwrap())
                }
                Transmit::Close(code, _) => inbox.closed = Some(code),
                Transmit::Drop | Transmit::Reset => inbox.dropped = true,
                Transmit::Garbage(bytes) => inbox.garbage.push(bytes),
                Transmit::Silence => {}
            }
        }
    }

    /// Lets time pass, doing everything at its own moment.
    pub fn pass(&mut self, millis: u64) {
        let until = self.now + millis;
        while let Some(at) = self.world.poll_timeout().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.world.handle_timeout(self.now);
        }
        self.now = until;
        self.drain();
    }

    pub fn connect(&mut self) -> ConnectionId {
        let connect = Connect {
            query: "v=10&encoding=json".into(),
            ..Connect::default()
        };
        let Admission::Accepted(id) = self.world.handle_connect(self.now, &connect) else {
            panic!("refused")
        };
        self.drain();
        id
    }

    pub fn send(&mut self, id: ConnectionId, payload: &Value) {
        self.world.handle_text(self.now, id, &payload.to_string());
        self.drain();
    }

    pub fn user_token(&self, place: usize) -> String {
        self.world.accounts()[place].token.clone()
    }

    /// A logged in user session and its session id.
    pub fn login_user(&mut self, place: usize) -> (ConnectionId, String) {
        let token = self.user_token(place);
        self.login(&json!({"token": token, "properties": {}, "capabilities": 16381}))
    }

    pub fn login_bot(&mut self, intents: u64) -> (ConnectionId, String) {
        let token = self.world.bot_token().to_owned();
        self.login(&json!({"token": token, "properties": {}, "intents": intents}))
    }

    fn login(&mut self, identify: &Value) -> (ConnectionId, String) {
        let id = self.connect();
        self.send(id, &json!({"op": 2, "d": identify}));
        let session = self.inboxes[&id].frames[1]["d"]["session_id"]
            .as_str()
            .unwrap()
            .to_owned();
        (id, session)
    }

    pub fn closed(&self, id: ConnectionId) -> Option<u16> {
        self.inboxes[&id].closed
    }

    /// Data of all events with this name that a connection saw.
    pub fn events(&self, id: ConnectionId, name: &str) -> Vec<Value> {
        self.inboxes[&id]
            .frames
            .iter()
            .filter(|frame| frame["t"] == name)
            .map(|frame| frame["d"].clone())
            .collect()
    }

    pub fn last(&self, id: ConnectionId) -> Value {
        self.inboxes[&id].frames.last().cloned().unwrap()
    }

    pub fn request(
        &mut self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: &Value,
    ) -> (u16, Value, Response) {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request = Request {
            method: method.into(),
            path: path.into(),
            query: query.into(),
            authorization: token.map(str::to_owned),
            user_agent: Some("test/1.0".into()),
            content_type: Some("application/json".into()),
            range: None,
            body: if body.is_null() {
                Vec::new()
            } else {
                body.to_string().into_bytes()
            },
        };
        let response = self.world.handle_request(self.now, &request);
        self.drain();
        let value = match &response.body {
            Body::Bytes(bytes) => serde_json::from_slice(bytes).unwrap_or(Value::Null),
            Body::Picture(_) => Value::Null,
        };
        (response.status, value, response)
    }

    pub fn imagine_body(&self, place: usize, prompt: &str, nonce: &str, session: &str) -> Value {
        json!({
            "type": 2, "application_id": MIDJOURNEY, "guild_id": self.world.guild_id(),
            "channel_id": self.world.accounts()[place].channel, "session_id": session, "nonce": nonce,
            "data": {
                "version": IMAGINE_VERSION, "id": IMAGINE, "name": "imagine", "type": 1,
                "options": [{"type": 3, "name": "prompt", "value": prompt}], "attachments": [],
            },
        })
    }

    pub fn interact(&mut self, place: usize, body: &Value) -> (u16, Value) {
        let token = self.user_token(place);
        let (status, value, _) = self.request("POST", "/api/v9/interactions", Some(&token), body);
        (status, value)
    }

    pub fn imagine(&mut self, place: usize, prompt: &str, nonce: &str, session: &str) {
        let body = self.imagine_body(place, prompt, nonce, session);
        assert_eq!(self.interact(place, &body), (204, Value::Null));
    }

    pub fn press_body(
        &self,
        place: usize,
        message: &Value,
        custom_id: &str,
        nonce: &str,
        session: &str,
    ) -> Value {
        json!({
            "type": 3, "application_id": MIDJOURNEY, "guild_id": self.world.guild_id(),
            "channel_id": self.world.accounts()[place].channel, "session_id": session, "nonce": nonce,
            "message_flags": message["flags"], "message_id": message["id"],
            "data": {"component_type": 2, "custom_id": custom_id},
        })
    }

    pub fn control(&mut self, command: &Value) -> Value {
        let answer = self.world.handle_control(self.now, command).unwrap();
        self.drain();
        answer
    }
}

/// The `custom_id` of the first button whose id contains `part`.
pub fn button(message: &Value, part: &str) -> String {
    let rows = message["components"].as_array().unwrap();
    let mut buttons = rows
        .iter()
        .flat_map(|row| row["components"].as_array().unwrap());
    buttons
        .find_map(|button| button["custom_id"].as_str().filter(|id| id.contains(part)))
        .unwrap()
        .to_owned()
}

/// The message that is a job's final among these.
pub fn grid(messages: &[Value]) -> Value {
    messages
        .iter()
        .find(|message| {
            message["components"]
                .as_array()
                .is_some_and(|rows| rows.len() == 2)
        })
        .unwrap()
        .clone()
}

/// A PNG in base64 whose left half is white.
pub fn mask(width: u32, height: u32) -> String {
    use base64::Engine as _;
    use image::{GrayImage, ImageFormat, Luma};
    let picture = GrayImage::from_fn(width, height, |x, _| {
        Luma([if x < width / 2 { 255 } else { 0 }])
    });
    let mut file = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut file, ImageFormat::Png).unwrap();
    base64::engine::general_purpose::STANDARD.encode(file.into_inner())
}
