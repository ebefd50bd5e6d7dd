//! REST about messages: a channel's history, writing, editing and reactions.

use serde_json::{Value, json};

use super::direct::READ_MESSAGE_HISTORY;
use super::not_a_snowflake;
use crate::snowflake::{Millis, Snowflake};
use crate::world::World;
use crate::world::dispatch::Change;
use crate::world::gateway::intent;
use crate::world::http::{Request, Response, query_value};
use crate::world::message::{Channel, Message};
use crate::world::people::{Caller, merge};
use crate::world::session::Session;

/// How long `enforce_nonce` looks back: "the past few minutes".
const NONCE_LIFE: u64 = 300_000;
/// Longest content of a message without Nitro, in characters.
const CONTENT_LIMIT: usize = 2_000;

impl World {
    pub(super) fn public_message(&self, channel: Snowflake, id: &str) -> Option<&Message> {
        let message = self.messages.get(&id.parse().ok()?)?;
        (message.channel == channel && message.reader.is_none()).then_some(message)
    }

    /// Newest first; ephemeral messages are in nobody's history.
    pub(super) fn list_messages(
        &self,
        now: Millis,
        request: &Request,
        caller: Caller,
        channel: Snowflake,
    ) -> Response {
        let limit = match query_value(&request.query, "limit").map(|text| text.parse::<usize>()) {
            None => 50,
            Some(Ok(limit)) if (1..=100).contains(&limit) => limit,
            Some(Ok(0)) => {
                return Response::form_error(
                    &["limit"],
                    "NUMBER_TYPE_MIN",
                    "int value should be greater than or equal to 1.",
                );
            }
            Some(Ok(_)) => {
                return Response::form_error(
                    &["limit"],
                    "NUMBER_TYPE_MAX",
                    "int value should be less than or equal to 100.",
                );
            }
            Some(Err(_)) => {
                return Response::form_error(&["limit"], "NUMBER_TYPE_COERCE", "Value is not int.");
            }
        };
        for name in ["around", "before", "after"] {
            let value = query_value(&request.query, name);
            if let Some(value) = value.filter(|text| text.parse::<Snowflake>().is_err()) {
                return not_a_snowflake(name, &value);
            }
        }
        let id = |name| {
            query_value(&request.query, name).and_then(|text| text.parse::<Snowflake>().ok())
        };
        // "If the current user is missing the READ_MESSAGE_HISTORY permission, no messages will be returned."
        if self.people.direct(channel).is_none() && self.denied(caller) & READ_MESSAGE_HISTORY != 0
        {
            return Response::json(200, &json!([]));
        }
        let public = |message: &&Message| message.channel == channel && message.reader.is_none();
        let older = |than: Snowflake, count| {
            let older = self
                .messages
                .range(..than)
                .rev()
                .map(|(_, message)| message);
            older.filter(public).take(count).collect::<Vec<&Message>>()
        };
        let newer = |from: Snowflake, count| {
            let newer = self.messages.range(from..).map(|(_, message)| message);
            let mut newer: Vec<&Message> = newer.filter(public).take(count).collect();
            newer.reverse();
            newer
        };
        let found: Vec<&Message> = if let Some(around) = id("around") {
            let mut found = newer(around, limit - limit / 2);
            let missing = limit - found.len();
            found.extend(older(around, missing));
            found
        } else if let Some(after) = id("after") {
            newer(Snowflake(after.0.saturating_add(1)), limit)
        } else {
            older(id("before").unwrap_or(Snowflake(u64::MAX)), limit)
        };
        let content = !caller.bot || self.behaviour.bot_message_content;
        let list: Vec<Value> = found
            .into_iter()
            .map(|message| self.message_json(now, message, caller, content, Channel::Rest))
            .collect();
        Response::json(200, &Value::from(list))
    }

    pub(super) fn write_message(
        &mut self,
        now: Millis,
        caller: Caller,
        channel: Snowflake,
        body: &Value,
    ) -> Response {
        if let Some(refused) = bad_nonce(&body["nonce"]) {
            return refused;
        }
        let content = body["content"].as_str().unwrap_or_default();
        if let Some(refused) = too_long(content) {
            return refused;
        }
        if body["enforce_nonce"] == true
            && let Some(earlier) = self.said_before(now, caller, channel, &body["nonce"])
        {
            return Response::json(200, &earlier);
        }
        let mut files = Vec::new();
        for (place, attachment) in body["attachments"]
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
        {
            let name = attachment["uploaded_filename"].as_str().unwrap_or_default();
            let root = format!("attachments/{channel}");
            let held = self.files.holds(name, caller.user, channel);
            let file = if held {
                self.attach_upload(now, &root, caller.user, name)
            } else {
                None
            };
            let Some(file) = file else {
                self.files.abandon(&files);
                let place = place.to_string();
                let path = ["attachments", &place, "uploaded_filename"];
                return Response::form_error(
                    &path,
                    "UPLOADED_FILE_NOT_FOUND",
                    "Uploaded file not found.",
                );
            };
            files.push(file);
        }
        if content.is_empty() && files.is_empty() {
            return Response::error(400, 50006, "Cannot send an empty message");
        }
        let id = self.snowflake(now);
        let mut message = Message::new(id, channel, caller.user);
        content.clone_into(&mut message.content);
        message.files = files;
        message.nonce = (!body["nonce"].is_null()).then(|| (body["nonce"].clone(), caller.user));
        self.post(now, message);
        let stored = self.messages.get(&id);
        let mut object = stored.map_or(Value::Null, |message| {
            self.message_json(now, message, caller, true, Channel::Rest)
        });
        if !body["nonce"].is_null() {
            object["nonce"] = body["nonce"].clone();
        }
        Response::json(200, &object)
    }

    /// The message that an author wrote with this nonce in the last few minutes.
    fn said_before(
        &self,
        now: Millis,
        caller: Caller,
        channel: Snowflake,
        nonce: &Value,
    ) -> Option<Value> {
        let mut newest = self.messages.values().rev();
        let earlier = newest.find(|message| {
            let given = message.nonce.as_ref().map(|(nonce, _)| nonce);
            let young = message.id.made() + NONCE_LIFE > now;
            message.channel == channel
                && message.author == caller.user
                && given == Some(nonce)
                && young
        })?;
        let mut object = self.message_json(now, earlier, caller, true, Channel::Rest);
        object["nonce"] = nonce.clone();
        Some(object)
    }

    /// One's own message gets other words.
    pub(super) fn edit_message(
        &mut self,
        now: Millis,
        caller: Caller,
        channel: Snowflake,
        id: &str,
        body: &Value,
    ) -> Response {
        let known = self
            .public_message(channel, id)
            .map(|message| (message.id, message.author));
        let Some((id, author)) = known else {
            return Response::error(404, 10008, "Unknown Message");
        };
        if author != caller.user {
            return Response::error(403, 50005, "Cannot edit a message authored by another user");
        }
        let content = body["content"].as_str();
        if let Some(refused) = content.and_then(too_long) {
            return refused;
        }
        if let (Some(content), Some(message)) = (content, self.messages.get_mut(&id)) {
            content.clone_into(&mut message.content);
            message.edited = Some(now);
        }
        self.announce(now, id, Change::Update);
        let edited = self
            .messages
            .get(&id)
            .map(|message| self.message_json(now, message, caller, true, Channel::Rest));
        Response::json(200, &edited.unwrap_or_default())
    }

    pub(super) fn react(
        &mut self,
        now: Millis,
        caller: Caller,
        channel: Snowflake,
        target: (&str, &str),
        add: bool,
    ) -> Response {
        let emoji = target.1.to_owned();
        let id = self
            .public_message(channel, target.0)
            .map(|message| message.id);
        let Some(message) = id.and_then(|id| self.messages.get_mut(&id)) else {
            return Response::error(404, 10008, "Unknown Message");
        };
        let (message_id, author) = (message.id, message.author);
        let mine = (emoji.clone(), caller.user);
        let had = message.reactions.contains(&mine);
        if had == add {
            return Response::no_content();
        }
        if add {
            message.reactions.push(mine);
        } else {
            message.reactions.retain(|reaction| *reaction != mine);
        }
        let name = if add {
            "MESSAGE_REACTION_ADD"
        } else {
            "MESSAGE_REACTION_REMOVE"
        };
        let mut data = json!({
            "user_id": caller.user, "type": 0, "message_id": message_id, "channel_id": channel,
            "emoji": {"id": null, "name": emoji}, "burst": false,
        });
        let direct = self.people.direct(channel);
        merge(&mut data, self.guild_of(channel));
        if add {
            data["message_author_id"] = json!(author);
            if direct.is_none() {
                data["member"] = self.people.full_member_json(caller.user, Channel::Gateway);
            }
        }
        let sees = |session: &&Session| match direct {
            Some(direct) => !session.caller.bot && session.caller.user == direct.user,
            None => session.intents & intent::GUILD_MESSAGE_REACTIONS != 0,
        };
        let sessions: Vec<String> = self
            .sessions
            .values()
            .filter(sees)
            .map(|session| session.id.clone())
            .collect();
        for session in sessions {
            self.deliver(now, &session, name, data.clone());
        }
        if add && emoji.starts_with('❌') {
            self.cross_out(now, caller.user, message_id);
        } else if add && emoji.starts_with('✉') {
            self.ask_seed(now, caller.user, message_id);
        }
        Response::no_content()
    }
}

/// A nonce is a string of 1 to 25 characters or an integer.
pub(in crate::world) fn bad_nonce(nonce: &Value) -> Option<Response> {
    let length = nonce.as_str().map(|text| text.chars().count());
    let good = nonce.is_null()
        || nonce.is_i64()
        || nonce.is_u64()
        || length.is_some_and(|length| (1..=25).contains(&length));
    (!good).then(|| {
        Response::form_error(
            &["nonce"],
            "BASE_TYPE_BAD_LENGTH",
            "Must be between 1 and 25 in length.",
        )
    })
}

fn too_long(content: &str) -> Option<Response> {
    (content.chars().count() > CONTENT_LIMIT).then(|| {
        Response::form_error(
            &["content"],
            "BASE_TYPE_MAX_LENGTH",
            "Must be 2000 or fewer in length.",
        )
    })
}
