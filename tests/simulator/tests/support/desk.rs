//! Slash commands and uploads as a client sends them that learnt the commands from the index.

use mj_simulator::world::{ConnectionId, Request, Response};
use serde_json::{Value, json};

use super::{MIDJOURNEY, Stage};

/// A logged in account that types commands.
pub struct Desk {
    pub stage: Stage,
    pub place: usize,
    pub id: ConnectionId,
    pub session: String,
    /// Where it types.
    pub channel: String,
    pub guild: Value,
    pub application: &'static str,
}

impl Desk {
    pub fn new(mut stage: Stage, place: usize) -> Self {
        let (id, session) = stage.login_user(place);
        let channel = stage.world.accounts()[place].channel.to_string();
        let guild = json!(stage.world.guild_id());
        Self {
            stage,
            place,
            id,
            session,
            channel,
            guild,
            application: MIDJOURNEY,
        }
    }

    /// Moves to the direct channel with its bot.
    pub fn go_direct(&mut self) {
        let body = json!({"recipients": [self.application]});
        let (status, channel) = self.rest("POST", "/users/@me/channels", &body);
        assert_eq!(status, 200, "{channel}");
        channel["id"]
            .as_str()
            .unwrap()
            .clone_into(&mut self.channel);
        self.guild = Value::Null;
    }

    pub fn rest(&mut self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let token = self.stage.user_token(self.place);
        let path = format!("/api/v9{path}");
        let (status, value, _) = self.stage.request(method, &path, Some(&token), body);
        (status, value)
    }

    /// The command as the channel's index lists it.
    pub fn command(&mut self, name: &str) -> Value {
        let path = format!("/channels/{}/application-command-index", self.channel);
        let (status, index) = self.rest("GET", &path, &Value::Null);
        assert_eq!(status, 200);
        let commands = index["application_commands"].as_array().unwrap();
        let found = commands.iter().find(|command| {
            command["application_id"] == self.application && command["name"] == name
        });
        found.unwrap().clone()
    }

    pub fn body(&mut self, name: &str, options: &Value, attachments: &Value, nonce: &str) -> Value {
        let command = self.command(name);
        let mut body = json!({
            "type": 2, "application_id": self.application, "channel_id": self.channel, "session_id": self.session, "nonce": nonce,
            "data": {
                "version": command["version"], "id": command["id"], "name": name, "type": 1,
                "options": options, "attachments": attachments,
            },
        });
        if !self.guild.is_null() {
            body["guild_id"] = self.guild.clone();
        }
        body
    }

    /// Types a command that is accepted.
    pub fn types(&mut self, name: &str, options: &Value, nonce: &str) {
        let body = self.body(name, options, &json!([]), nonce);
        self.sends(&body);
    }

    pub fn sends(&mut self, body: &Value) {
        let answer = self.stage.interact(self.place, body);
        assert_eq!(answer, (204, Value::Null));
    }

    /// Presses a button of a message.
    pub fn presses(&mut self, message: &Value, custom_id: &str, nonce: &str) {
        let body = self.press_body(message, 2, custom_id, nonce);
        self.sends(&body);
    }

    pub fn press_body(&self, message: &Value, kind: u8, custom_id: &str, nonce: &str) -> Value {
        let mut body = json!({
            "type": 3, "application_id": self.application, "channel_id": self.channel, "session_id": self.session,
            "nonce": nonce, "message_flags": message["flags"], "message_id": message["id"],
            "data": {"component_type": kind, "custom_id": custom_id},
        });
        if !self.guild.is_null() {
            body["guild_id"] = self.guild.clone();
        }
        body
    }

    /// Uploads a file and gives the name of its slot.
    pub fn uploads(&mut self, filename: &str, bytes: &[u8]) -> String {
        let path = format!("/channels/{}/attachments", self.channel);
        let ask = json!({"files": [{"filename": filename, "file_size": bytes.len(), "id": "0"}]});
        let (status, slots) = self.rest("POST", &path, &ask);
        assert_eq!(status, 200, "{slots}");
        let slot = &slots["attachments"][0];
        assert_eq!(
            self.puts(slot["upload_url"].as_str().unwrap(), bytes)
                .status,
            200
        );
        slot["upload_filename"].as_str().unwrap().to_owned()
    }

    pub fn puts(&mut self, url: &str, bytes: &[u8]) -> Response {
        let target = url.strip_prefix(&self.stage.world.hosts().upload).unwrap();
        let (path, query) = target.split_once('?').unwrap();
        let put = Request {
            method: "PUT".into(),
            path: path.into(),
            query: query.into(),
            body: bytes.to_vec(),
            ..Request::default()
        };
        self.stage.world.handle_request(self.stage.now, &put)
    }

    /// One request to the CDN.
    pub fn fetches(&mut self, method: &str, url: &str, range: Option<&str>) -> Response {
        let target = url.strip_prefix(&self.stage.world.hosts().cdn).unwrap();
        let (path, query) = target.split_once('?').unwrap();
        let get = Request {
            method: method.into(),
            path: path.into(),
            query: query.into(),
            range: range.map(str::to_owned),
            ..Request::default()
        };
        self.stage.world.handle_request(self.stage.now, &get)
    }

    /// All messages that were created or edited with this nonce or id, in order.
    pub fn seen(&self, name: &str) -> Vec<Value> {
        self.stage.events(self.id, name)
    }

    pub fn created(&self, nonce: &str) -> Value {
        let created = self.seen("MESSAGE_CREATE");
        let found = created
            .into_iter()
            .find(|message| message["nonce"] == nonce);
        found.unwrap()
    }

    /// The answer to a deferred command, filled in.
    pub fn answer(&self, nonce: &str) -> Value {
        let id = self.created(nonce)["id"].clone();
        let updates = self.seen("MESSAGE_UPDATE");
        let found = updates
            .into_iter()
            .rev()
            .find(|message| message["id"] == id);
        found.unwrap()
    }
}

/// One text option.
pub fn text(name: &str, value: &str) -> Value {
    json!({"type": 3, "name": name, "value": value})
}

/// A small picture in one colour.
pub fn picture(colour: u8) -> Vec<u8> {
    let image = image::RgbImage::from_pixel(32, 24, image::Rgb([colour, 90, 30]));
    let mut file = std::io::Cursor::new(Vec::new());
    image.write_to(&mut file, image::ImageFormat::Png).unwrap();
    file.into_inner()
}
