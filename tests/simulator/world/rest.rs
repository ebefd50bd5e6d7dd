//! Discord's REST: who may ask, what is limited, and the answers about guild, channels and messages.

use serde_json::{Value, json};

use super::World;
use super::dispatch::Change;
use super::http::{Request, Response, percent_decode, query_value};
use super::message::{Channel, Message};
use super::people::Caller;
use super::rate_limit::{Quota, cloudflare};
use crate::snowflake::{Millis, Snowflake};

impl World {
    /// One request to any of Discord's hosts.
    pub fn handle_request(&mut self, now: Millis, request: &Request) -> Response {
        let response = self.with_fault(request, |world| world.route(now, request));
        if matches!(response.status, 401 | 403 | 429)
            && !response.headers.iter().any(|(_, value)| value == "shared")
        {
            self.limits.count_invalid(now);
        }
        self.record
            .requested(request, response.status, response.cut);
        response
    }

    fn route(&mut self, now: Millis, request: &Request) -> Response {
        let path = request.path.as_str();
        if path.starts_with("/attachments/") || path.starts_with("/ephemeral-attachments/") {
            return match request.method.as_str() {
                "GET" | "HEAD" => self.serve_file(now, request),
                _ => Response::text(405, ""),
            };
        }
        if request.method == "PUT" && path.starts_with("/discord-attachments-uploads-prd/") {
            return self.fill_slot(request);
        }
        if request
            .user_agent
            .as_deref()
            .is_none_or(|agent| agent.trim().is_empty())
        {
            return cloudflare(403, 1010);
        }
        if self.limits.banned(now) {
            return cloudflare(429, 1015);
        }
        let Some(rest) = path.strip_prefix("/api/") else {
            return Response::error(404, 0, "404: Not Found");
        };
        let rest = match rest.split_once('/') {
            Some(("v9" | "v10", rest)) => rest,
            Some((version, _))
                if version
                    .strip_prefix('v')
                    .is_some_and(|number| number.parse::<u16>().is_ok()) =>
            {
                return Response::error(400, 50041, "Invalid API version provided");
            }
            _ => rest,
        };
        let decoded: Vec<String> = rest.split('/').map(percent_decode).collect();
        let segments: Vec<&str> = decoded.iter().map(String::as_str).collect();
        if request.method == "GET" && segments == ["gateway"] {
            return Response::json(200, &json!({"url": self.settings.hosts.gateway}));
        }
        let Some(caller) = request
            .authorization
            .as_deref()
            .and_then(|token| self.people.authorize(token))
        else {
            return Response::error(401, 0, "401: Unauthorized");
        };
        if !self.behaviour.rate_limits {
            return self.serve(now, request, caller, &segments);
        }
        let (route, quota) = self.quota(&request.method, &segments);
        match self.limits.take(now, caller.user, &route, quota) {
            Err(refused) => refused,
            Ok(grant) => {
                let response = self.serve(now, request, caller, &segments);
                grant.mark(now, response)
            }
        }
    }

    /// Name of the bucket, with its major parameter, and its size.
    fn quota(&self, method: &str, segments: &[&str]) -> (String, Quota) {
        let quota = |limit, window| Quota { limit, window };
        match (method, segments) {
            ("POST", ["interactions"]) => (
                "interactions".into(),
                quota(
                    self.behaviour.interaction_limit,
                    self.behaviour.interaction_window,
                ),
            ),
            ("GET", ["gateway", "bot"]) => ("gateway".into(), quota(2, 5_000)),
            (_, ["channels", channel, "messages", ..]) if method != "GET" => {
                (format!("write-messages/{channel}"), quota(5, 5_000))
            }
            ("GET", ["channels", channel, "messages", ..]) => {
                (format!("messages/{channel}"), quota(5, 1_000))
            }
            (_, [.., "application-command-index"]) => ("index".into(), quota(5, 5_000)),
            (_, ["channels", channel, ..]) => (format!("channel/{channel}"), quota(5, 1_000)),
            (_, [first, ..]) => ((*first).to_owned(), quota(10, 1_000)),
            (_, []) => ("root".into(), quota(10, 1_000)),
        }
    }

    fn serve(
        &mut self,
        now: Millis,
        request: &Request,
        caller: Caller,
        segments: &[&str],
    ) -> Response {
        match (request.method.as_str(), segments) {
            ("GET", ["gateway", "bot"]) => self.gateway_bot(now, caller),
            ("GET", ["users", "@me"]) => Response::json(200, &self.people.own_user_json(caller)),
            ("GET", ["users", "@me", "guilds"]) => {
                Response::json(200, &json!([self.people.guild_json()]))
            }
            ("GET", ["users", user]) => match user
                .parse()
                .ok()
                .filter(|id| self.people.user(*id).is_some())
            {
                Some(id) => Response::json(200, &self.people.user_json(id)),
                None => Response::error(404, 10013, "Unknown User"),
            },
            ("GET", ["oauth2", "applications", "@me"] | ["applications", "@me"]) => {
                self.application(caller)
            }
            ("POST", ["interactions"]) => self.post_interaction(now, request, caller),
            ("POST", ["attachments", "refresh-urls"]) => match request.json() {
                Some(body) => self.refresh_urls(now, &body),
                None => malformed(),
            },
            (_, ["guilds", guild, rest @ ..]) => {
                if guild.parse() == Ok(self.people.guild) {
                    self.serve_guild(request, caller, rest)
                } else {
                    Response::error(404, 10004, "Unknown Guild")
                }
            }
            (_, ["channels", channel, rest @ ..]) => {
                match channel
                    .parse()
                    .ok()
                    .filter(|id| self.people.channels.contains(id))
                {
                    Some(channel) => self.serve_channel(now, request, caller, channel, rest),
                    None => Response::error(404, 10003, "Unknown Channel"),
                }
            }
            _ => Response::error(404, 0, "404: Not Found"),
        }
    }

    fn gateway_bot(&self, now: Millis, caller: Caller) -> Response {
        if !caller.bot {
            return Response::error(401, 0, "401: Unauthorized");
        }
        let limit = self.session_start_limit(now, caller);
        Response::json(
            200,
            &json!({"url": self.settings.hosts.gateway, "shards": 1, "session_start_limit": limit}),
        )
    }

    fn application(&self, caller: Caller) -> Response {
        if !caller.bot {
            return Response::error(403, 20002, "Only bots can use this endpoint");
        }
        let owner = self
            .people
            .accounts
            .first()
            .map_or(self.people.stranger, |account| account.user);
        Response::json(
            200,
            &json!({
                "id": caller.user, "name": "watcher", "icon": null, "description": "", "summary": "", "type": null,
                "bot": self.people.user_json(caller.user), "bot_public": false, "bot_require_code_grant": false,
                "verify_key": "0".repeat(64), "flags": 1 << 19, "owner": self.people.user_json(owner), "team": null,
                "hook": true, "tags": [], "rpc_origins": [], "redirect_uris": [], "interactions_endpoint_url": null,
                "role_connections_verification_url": null, "approximate_guild_count": 1,
            }),
        )
    }

    fn serve_guild(&mut self, request: &Request, caller: Caller, rest: &[&str]) -> Response {
        match (request.method.as_str(), rest) {
            ("GET", []) => Response::json(200, &self.people.guild_json()),
            ("GET", ["channels"]) => {
                let channels: Vec<Value> = self
                    .people
                    .channels
                    .iter()
                    .map(|id| self.people.channel_json(*id, self.last_message(*id)))
                    .collect();
                Response::json(200, &Value::from(channels))
            }
            ("GET", ["members", user]) => {
                let id = if *user == "@me" {
                    Some(caller.user)
                } else {
                    user.parse().ok()
                };
                match id.filter(|id| self.people.user(*id).is_some()) {
                    Some(id) => Response::json(200, &self.people.full_member_json(id)),
                    None => Response::error(404, 10007, "Unknown Member"),
                }
            }
            ("GET", ["application-command-index"]) => self.command_index(caller),
            _ => Response::error(404, 0, "404: Not Found"),
        }
    }

    fn serve_channel(
        &mut self,
        now: Millis,
        request: &Request,
        caller: Caller,
        channel: Snowflake,
        rest: &[&str],
    ) -> Response {
        match (request.method.as_str(), rest) {
            ("GET", []) => Response::json(
                200,
                &self
                    .people
                    .channel_json(channel, self.last_message(channel)),
            ),
            ("GET", ["application-command-index"]) => self.command_index(caller),
            ("GET", ["messages"]) => self.list_messages(now, request, caller, channel),
            ("GET", ["messages", _]) if !caller.bot => {
                Response::error(403, 20002, "Only bots can use this endpoint")
            }
            ("GET", ["messages", id]) => match self.public_message(channel, id) {
                Some(message) => {
                    let content = self.behaviour.bot_message_content;
                    Response::json(
                        200,
                        &self.message_json(now, message, caller, content, Channel::Rest),
                    )
                }
                None => Response::error(404, 10008, "Unknown Message"),
            },
            ("POST", ["messages"]) => match request.json() {
                Some(body) => self.write_message(now, caller, channel, &body),
                None => malformed(),
            },
            ("DELETE", ["messages", id]) => match self
                .public_message(channel, id)
                .map(|message| (message.id, message.author))
            {
                None => Response::error(404, 10008, "Unknown Message"),
                Some((_, author)) if author != caller.user => {
                    Response::error(403, 50013, "Missing Permissions")
                }
                Some((id, _)) => {
                    self.announce(now, id, Change::Delete);
                    Response::no_content()
                }
            },
            ("POST", ["messages", _, "ack"]) if !caller.bot => {
                Response::json(200, &json!({"token": null}))
            }
            ("PUT" | "DELETE", ["messages", id, "reactions", emoji, "@me"]) => {
                self.react(now, caller, channel, (id, emoji), request.method == "PUT")
            }
            ("POST", ["attachments"]) => match request.json() {
                Some(body) => self.make_slots(caller, &body),
                None => malformed(),
            },
            ("POST", ["typing"]) => Response::no_content(),
            _ => Response::error(404, 0, "404: Not Found"),
        }
    }

    fn public_message(&self, channel: Snowflake, id: &str) -> Option<&Message> {
        let message = self.messages.get(&id.parse().ok()?)?;
        (message.channel == channel && message.reader.is_none()).then_some(message)
    }

    /// Newest first; ephemeral messages are in nobody's history.
    fn list_messages(
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
        let id = |name| {
            query_value(&request.query, name).and_then(|text| text.parse::<Snowflake>().ok())
        };
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

    fn write_message(
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
        if content.chars().count() > 2_000 {
            return Response::form_error(
                &["content"],
                "BASE_TYPE_MAX_LENGTH",
                "Must be 2000 or fewer in length.",
            );
        }
        let mut files = Vec::new();
        for (place, attachment) in body["attachments"]
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
        {
            let name = attachment["uploaded_filename"].as_str().unwrap_or_default();
            let Some(file) = self.attach_upload(now, channel, caller.user, name) else {
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

    fn react(
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
        let data = json!({
            "user_id": caller.user, "type": 0, "message_id": message_id, "message_author_id": author, "channel_id": channel,
            "guild_id": self.people.guild, "emoji": {"id": null, "name": emoji}, "burst": false,
            "member": self.people.full_member_json(caller.user),
        });
        let sessions: Vec<String> = self
            .sessions
            .values()
            .filter(|session| {
                session.intents & super::gateway::intent::GUILD_MESSAGE_REACTIONS != 0
            })
            .map(|session| session.id.clone())
            .collect();
        for session in sessions {
            self.deliver(now, &session, name, data.clone());
        }
        if add && emoji.starts_with('❌') {
            self.cross_out(now, caller.user, message_id);
        }
        Response::no_content()
    }
}

/// The 400 for a body that is no JSON.
pub(super) fn malformed() -> Response {
    Response::error(400, 50109, "The request body contains invalid JSON.")
}

/// A nonce is a string of 1 to 25 characters or an integer.
pub(super) fn bad_nonce(nonce: &Value) -> Option<Response> {
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
