//! Direct channels: opening and listing them, and what is refused there.

use serde_json::{Value, json};

use crate::snowflake::{Millis, Snowflake};
use crate::world::World;
use crate::world::http::Response;
use crate::world::message::Channel;
use crate::world::people::{Caller, Direct, is_midjourney};

/// Without it a channel is hidden ("Bitwise Permission Flags").
const VIEW_CHANNEL: u64 = 1 << 10;
/// Without it a channel has no messages for who asks.
pub(super) const READ_MESSAGE_HISTORY: u64 = 1 << 16;

impl World {
    /// `POST /users/@me/channels`: users open a direct channel with one of Midjourney's bots; the same one each time.
    pub(super) fn open_direct(&mut self, now: Millis, caller: Caller, body: &Value) -> Response {
        let one = std::slice::from_ref(&body["recipient_id"]);
        let recipients = body["recipients"].as_array();
        let recipients = recipients.map_or(one, Vec::as_slice);
        let with: Option<Snowflake> = match recipients {
            [Value::Null] => {
                return Response::form_error(
                    &["recipients"],
                    "BASE_TYPE_REQUIRED",
                    "This field is required",
                );
            }
            [recipient] => recipient.as_str().and_then(|text| text.parse().ok()),
            [] | [_, _, ..] => None,
        };
        let Some(with) = with.filter(|with| is_midjourney(*with) && !caller.bot) else {
            return Response::error(400, 50033, "Invalid Recipient(s)");
        };
        let direct = self.direct_with(now, caller.user, with);
        let last = self.last_message(direct.channel);
        Response::json(200, &self.people.direct_json(direct, last, Channel::Rest))
    }

    /// The direct channel of a user and a bot; made, and told to the user's sessions, when there is none yet.
    pub(in crate::world) fn direct_with(
        &mut self,
        now: Millis,
        user: Snowflake,
        with: Snowflake,
    ) -> Direct {
        if let Some(direct) = self.people.direct_between(user, with) {
            return direct;
        }
        let direct = Direct {
            channel: self.snowflake(now),
            user,
            with,
        };
        self.people.direct.push(direct);
        let channel = self.people.direct_json(direct, None, Channel::Gateway);
        self.tell_user(now, user, "CHANNEL_CREATE", &channel);
        direct
    }

    /// The direct channels of a caller.
    pub(in crate::world) fn direct_list(&self, caller: Caller, through: Channel) -> Vec<Value> {
        self.people
            .direct
            .iter()
            .filter(|direct| direct.user == caller.user)
            .map(|direct| {
                let last = self.last_message(direct.channel);
                self.people.direct_json(*direct, last, through)
            })
            .collect()
    }

    /// Why a caller may not see a channel; `None` when it may.
    pub(super) fn channel_refusal(&self, caller: Caller, channel: Snowflake) -> Option<Response> {
        match self.people.direct(channel) {
            Some(direct) if direct.user == caller.user => None,
            Some(_) => Some(Response::error(403, 50001, "Missing Access")),
            None if self.people.channels.contains(&channel) => {
                let is_hidden = caller.bot && !self.behaviour.bot_in_guild
                    || self.denied(caller) & VIEW_CHANNEL != 0;
                is_hidden.then(|| Response::error(403, 50001, "Missing Access"))
            }
            None => Some(Response::error(404, 10003, "Unknown Channel")),
        }
    }

    /// What the channels' overwrites take from a caller.
    pub(super) fn denied(&self, caller: Caller) -> u64 {
        if caller.bot {
            self.behaviour.bot_denied
        } else {
            self.behaviour.user_denied
        }
    }

    /// A channel as its reader sees it.
    pub(super) fn channel_answer(&self, channel: Snowflake) -> Value {
        let last = self.last_message(channel);
        if let Some(direct) = self.people.direct(channel) {
            return self.people.direct_json(direct, last, Channel::Rest);
        }
        let mut object = self.people.channel_json(channel, last);
        object["permission_overwrites"] = self.overwrites();
        object
    }

    /// One for each member from whom something is taken.
    fn overwrites(&self) -> Value {
        let users = self.people.accounts.iter().map(|account| Caller {
            user: account.user,
            bot: false,
        });
        let bot = Caller {
            user: self.people.bot,
            bot: true,
        };
        users
            .chain([bot])
            .filter(|caller| self.denied(*caller) != 0)
            .map(|caller| {
                let deny = self.denied(caller).to_string();
                json!({"id": caller.user, "type": 1, "allow": "0", "deny": deny})
            })
            .collect()
    }

    /// The `guild_id` of frames about a channel; nothing in a direct one.
    pub(in crate::world) fn guild_of(&self, channel: Snowflake) -> Value {
        match self.people.direct(channel) {
            Some(_) => json!({}),
            None => json!({"guild_id": self.people.guild}),
        }
    }
}
