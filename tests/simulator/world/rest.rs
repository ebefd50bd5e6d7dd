//! Discord's REST: who may ask, what is limited, and the answers about users, the guild and channels.

mod direct;
mod messages;

use serde_json::{Value, json};

pub(super) use self::messages::bad_nonce;
use super::World;
use super::cdn;
use super::dispatch::Change;
use super::http::{Request, Response, percent_decode, query_value};
use super::message::Channel;
use super::midjourney::is_submission;
use super::people::Caller;
use super::rate_limit::{Quota, cloudflare};
use crate::snowflake::{Millis, Snowflake};

impl World {
    /// One request to any of Discord's hosts.
    pub fn handle_request(&mut self, now: Millis, request: &Request) -> Response {
        let response = self.with_fault(now, request, |world| world.route(now, request));
        if matches!(response.status, 401 | 403 | 429)
            && !response.headers.iter().any(|(_, value)| value == "shared")
        {
            self.limits.count_invalid(now);
        }
        self.record
            .requested(request, response.status, response.cut);
        match self.behaviour.clock_ahead {
            0 => response,
            ahead => response.with("date", date(now.saturating_add_signed(ahead))),
        }
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
        if request.method == "GET" && path.starts_with("/discord-attachments-uploads-prd/") {
            return cdn::storage_error(403, "AccessDenied");
        }
        if is_submission(path) {
            return self.submit_mask(now, request);
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
        let methods = methods(&segments);
        if methods.is_empty() {
            return Response::error(404, 0, "404: Not Found");
        }
        if !methods.contains(&request.method.as_str()) {
            return Response::error(405, 0, "405: Method Not Allowed");
        }
        if segments == ["gateway"] {
            return Response::json(200, &json!({"url": self.settings.hosts.gateway}));
        }
        let Some(caller) = request
            .authorization
            .as_deref()
            .and_then(|token| self.people.authorize(token))
        else {
            return Response::error(401, 0, "401: Unauthorized");
        };
        if self.standing.is_unauthorized(caller.user) {
            return Response::error(401, 0, "401: Unauthorized");
        }
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
        if matches!(segments, ["guilds" | "channels", ..])
            && let Some(refused) = self.standing.demand(caller.user)
        {
            return refused;
        }
        match (request.method.as_str(), segments) {
            ("GET", ["gateway", "bot"]) => self.gateway_bot(now, caller),
            ("GET", ["users", "@me"]) => {
                let mut user = self.people.own_user_json(caller);
                user["verified"] = json!(self.behaviour.user_verified || caller.bot);
                Response::json(200, &user)
            }
            ("GET", ["users", "@me", "guilds"]) => {
                Response::json(200, &json!([self.people.partial_guild_json(caller)]))
            }
            ("GET", ["users", "@me", "application-command-index"]) => self.own_commands(caller),
            ("GET", ["users", "@me", "channels"]) => {
                Response::json(200, &Value::from(self.direct_list(caller, Channel::Rest)))
            }
            ("POST", ["users", "@me", "channels"]) => match request.json() {
                Some(body) => self.open_direct(now, caller, &body),
                None => malformed(),
            },
            ("GET", ["users", user]) => match user
                .parse()
                .ok()
                .filter(|id| self.people.user(*id).is_some())
            {
                Some(id) => Response::json(200, &self.people.user_json(id, Channel::Rest)),
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
            (_, ["guilds", guild, ..]) if guild.parse::<Snowflake>().is_err() => {
                not_a_snowflake("guild_id", guild)
            }
            (_, ["channels", channel, ..]) if channel.parse::<Snowflake>().is_err() => {
                not_a_snowflake("channel_id", channel)
            }
            (_, ["channels", _, "messages", message, ..])
                if message.parse::<Snowflake>().is_err() =>
            {
                not_a_snowflake("message_id", message)
            }
            (_, ["guilds", guild, rest @ ..]) => {
                if guild.parse() == Ok(self.people.guild) {
                    if caller.bot && !self.behaviour.bot_in_guild {
                        return Response::error(403, 50001, "Missing Access");
                    }
                    self.serve_guild(request, caller, rest)
                } else {
                    Response::error(404, 10004, "Unknown Guild")
                }
            }
            (_, ["channels", channel, rest @ ..]) => {
                let channel = channel.parse().unwrap_or_default();
                match self.channel_refusal(caller, channel) {
                    None => self.serve_channel(now, request, caller, channel, rest),
                    Some(refused) => refused,
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
        // GATEWAY_MESSAGE_CONTENT_LIMITED: switched on in the portal, by a bot in fewer than a hundred guilds.
        let flags = u64::from(self.behaviour.bot_message_content) << 19;
        Response::json(
            200,
            &json!({
                "id": caller.user, "name": "watcher", "icon": null, "description": "", "summary": "", "type": null,
                "bot": self.people.user_json(caller.user, Channel::Rest), "bot_public": false, "bot_require_code_grant": false,
                "verify_key": "0".repeat(64), "flags": flags, "owner": self.people.user_json(owner, Channel::Rest), "team": null,
                "hook": true, "tags": [], "rpc_origins": [], "redirect_uris": [], "interactions_endpoint_url": null,
                "role_connections_verification_url": null, "approximate_guild_count": 1, "approximate_user_install_count": 0,
                "approximate_user_authorization_count": 0, "explicit_content_filter": 0, "eligible_oauth2_scopes": [], "flags_new": flags.to_string(),
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
                    .map(|id| self.channel_answer(*id))
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
                    Some(id) => {
                        Response::json(200, &self.people.full_member_json(id, Channel::Rest))
                    }
                    None => Response::error(404, 10007, "Unknown Member"),
                }
            }
            ("GET", ["roles"]) => Response::json(200, &self.people.roles_json()),
            ("GET", ["members"]) => self.list_members(request, caller),
            ("GET", ["application-command-index"]) => self.command_index(caller, None),
            _ => Response::error(404, 0, "404: Not Found"),
        }
    }

    /// Ascending by id; the privileged intent is needed.
    fn list_members(&self, request: &Request, caller: Caller) -> Response {
        if !caller.bot || !self.behaviour.bot_members_intents {
            return Response::error(403, 50001, "Missing Access");
        }
        let number = |name| query_value(&request.query, name).and_then(|text| text.parse().ok());
        let (limit, after) = (number("limit").unwrap_or(1), number("after").unwrap_or(0));
        let mut ids: Vec<Snowflake> = self.people.users.iter().map(|user| user.id).collect();
        ids.sort_unstable();
        let ids = ids.into_iter().filter(|id| id.0 > after);
        let members = ids
            .take(usize::try_from(limit.min(1_000)).unwrap_or(1))
            .map(|id| self.people.full_member_json(id, Channel::Rest));
        Response::json(200, &members.collect())
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
            ("GET", []) => Response::json(200, &self.channel_answer(channel)),
            ("GET", ["application-command-index"]) => self.command_index(caller, Some(channel)),
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
            ("PATCH", ["messages", id]) => match request.json() {
                Some(body) => self.edit_message(now, caller, channel, id, &body),
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
                Some(body) => self.make_slots(caller, channel, &body),
                None => malformed(),
            },
            ("POST", ["typing"]) => Response::no_content(),
            _ => Response::error(404, 0, "404: Not Found"),
        }
    }
}

/// The value of `Date`.
fn date(now: Millis) -> String {
    httpdate::fmt_http_date(std::time::UNIX_EPOCH + std::time::Duration::from_millis(now))
}

/// The 400 for a body that is no JSON.
pub(super) fn malformed() -> Response {
    Response::error(400, 50109, "The request body contains invalid JSON.")
}

/// The 400 for an id that is none.
fn not_a_snowflake(name: &str, value: &str) -> Response {
    Response::form_error(
        &[name],
        "NUMBER_TYPE_COERCE",
        &format!("Value \"{value}\" is not snowflake."),
    )
}

/// What may be done at a route; nothing when there is no such route.
fn methods(segments: &[&str]) -> &'static [&'static str] {
    match segments {
        ["gateway"]
        | ["gateway", "bot"]
        | ["users" | "guilds" | "channels", _]
        | ["users", "@me", "guilds" | "application-command-index"]
        | ["oauth2", "applications", "@me"]
        | ["applications", "@me"]
        | [
            "guilds",
            _,
            "channels" | "roles" | "members" | "application-command-index",
        ]
        | ["guilds", _, "members", _]
        | ["channels", _, "application-command-index"] => &["GET"],
        ["interactions"]
        | ["attachments", "refresh-urls"]
        | ["channels", _, "attachments" | "typing"]
        | ["channels", _, "messages", _, "ack"] => &["POST"],
        ["users", "@me", "channels"] | ["channels", _, "messages"] => &["GET", "POST"],
        ["channels", _, "messages", _] => &["DELETE", "GET", "PATCH"],
        ["channels", _, "messages", _, "reactions", _, "@me"] => &["DELETE", "PUT"],
        _ => &[],
    }
}
