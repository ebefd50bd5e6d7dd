//! Who lives here: one guild, its channels, its members, and the tokens that open them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::{Value, json};

use super::Settings;
use super::message::Channel;
use crate::random::Random;
use crate::snowflake::{Millis, Snowflake, SnowflakeMaker, timestamp};

/// The Midjourney bot: application and user have the same id.
pub const MIDJOURNEY: Snowflake = Snowflake(936_929_561_302_675_456);

/// The niji bot, likewise.
pub const NIJI: Snowflake = Snowflake(1_022_952_195_194_359_889);

/// Prefix of a bot's token in `Authorization`.
pub const BOT_TOKEN_PREFIX: &str = "Bot ";

/// A user account with a token.
#[derive(Clone, Debug)]
pub struct Account {
    /// Raw token, no prefix.
    pub token: String,
    /// The user.
    pub user: Snowflake,
    /// The channel this account works in.
    pub channel: Snowflake,
    /// A session id as an operator copies it from a browser; no live session has it.
    pub session_id: String,
    /// Decides in which language Discord words its errors.
    pub locale: &'static str,
}

/// Anybody who can write or read.
#[derive(Clone, Debug)]
pub(super) struct User {
    pub(super) id: Snowflake,
    pub(super) name: String,
    pub(super) bot: bool,
}

/// A direct channel between a user and one of Midjourney's bots.
#[derive(Clone, Copy, Debug)]
pub(super) struct Direct {
    pub(super) channel: Snowflake,
    pub(super) user: Snowflake,
    /// The bot at its other end.
    pub(super) with: Snowflake,
}

#[derive(Debug)]
pub(super) struct People {
    pub(super) accounts: Vec<Account>,
    pub(super) users: Vec<User>,
    pub(super) bot: Snowflake,
    pub(super) bot_token: String,
    pub(super) guild: Snowflake,
    /// Channels of the guild.
    pub(super) channels: Vec<Snowflake>,
    pub(super) direct: Vec<Direct>,
    pub(super) bot_role: Snowflake,
    pub(super) midjourney_role: Snowflake,
    pub(super) niji_role: Snowflake,
    pub(super) stranger: Snowflake,
    pub(super) founded: Millis,
}

/// The holder of a token.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Caller {
    pub(super) user: Snowflake,
    pub(super) bot: bool,
}

impl People {
    pub(super) fn new(
        now: Millis,
        settings: &Settings,
        random: &mut Random,
        ids: &mut SnowflakeMaker,
    ) -> Self {
        // The guild is a year old, so that its ids are smaller than every message's.
        let founded = now.saturating_sub(365 * 86_400_000);
        let guild = ids.make(founded);
        let bot = ids.make(founded);
        let stranger = ids.make(founded);
        let (bot_role, midjourney_role) = (ids.make(founded), ids.make(founded));
        let niji_role = ids.make(founded);
        let mut channels = vec![ids.make(founded)];
        let mut users = vec![
            User {
                id: MIDJOURNEY,
                name: "Midjourney Bot".into(),
                bot: true,
            },
            User {
                id: NIJI,
                name: "niji・journey Bot".into(),
                bot: true,
            },
            User {
                id: bot,
                name: "watcher".into(),
                bot: true,
            },
            User {
                id: stranger,
                name: format!("u{}", 1_000 + random.below(9_000)),
                bot: false,
            },
        ];
        let mut accounts = Vec::new();
        for place in 0..settings.accounts.max(1) {
            let user = ids.make(founded);
            if settings.channel_per_account && place > 0 {
                channels.push(ids.make(founded));
            }
            let channel = channels[channels.len() - 1];
            users.push(User {
                id: user,
                name: format!("u{}", random.between(10_000, 99_999)),
                bot: false,
            });
            let locale = ["en-US", "zh-CN", "fr"][place % 3];
            accounts.push(Account {
                token: token(user, random),
                user,
                channel,
                session_id: random.hex(32),
                locale,
            });
        }
        let bot_token = token(bot, random);
        Self {
            accounts,
            users,
            bot,
            bot_token,
            guild,
            channels,
            direct: Vec::new(),
            bot_role,
            midjourney_role,
            niji_role,
            stranger,
            founded,
        }
    }

    /// Whose `Authorization` this is; Discord wants bots with and users without a prefix.
    pub(super) fn authorize(&self, authorization: &str) -> Option<Caller> {
        match authorization.strip_prefix(BOT_TOKEN_PREFIX) {
            Some(token) => (token == self.bot_token).then_some(Caller {
                user: self.bot,
                bot: true,
            }),
            None => self.user_token(authorization),
        }
    }

    /// Whose token an identify or resume holds; there a bot's prefix is optional.
    pub(super) fn authenticate(&self, token: &str) -> Option<Caller> {
        let bare = token.strip_prefix(BOT_TOKEN_PREFIX).unwrap_or(token);
        if bare == self.bot_token {
            return Some(Caller {
                user: self.bot,
                bot: true,
            });
        }
        self.user_token(token)
    }

    fn user_token(&self, token: &str) -> Option<Caller> {
        let account = self
            .accounts
            .iter()
            .find(|account| account.token == token)?;
        Some(Caller {
            user: account.user,
            bot: false,
        })
    }

    pub(super) fn user(&self, id: Snowflake) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    pub(super) fn account(&self, user: Snowflake) -> Option<&Account> {
        self.accounts.iter().find(|account| account.user == user)
    }

    /// A user object as others see it; REST tells a little more than the gateway.
    pub(super) fn user_json(&self, id: Snowflake, through: Channel) -> Value {
        let Some(user) = self.user(id) else {
            return json!({"id": id, "username": "Deleted User", "discriminator": "0000", "avatar": null});
        };
        let midjourney = is_midjourney(id);
        let mut object = json!({
            "id": id,
            "username": user.name,
            "global_name": if user.bot { None } else { Some(&user.name) },
            "discriminator": if id == MIDJOURNEY { "9282" } else if id == NIJI { "2370" } else if user.bot { "4021" } else { "0" },
            "avatar": null,
            "avatar_decoration_data": null,
            "public_flags": if midjourney { 589_824 } else { 0 },
            "clan": null,
            "collectibles": null,
            "display_name_styles": null,
            "primary_guild": null,
        });
        if user.bot {
            object["bot"] = json!(true);
        }
        if through == Channel::Rest {
            let flags = object["public_flags"].clone();
            merge(
                &mut object,
                json!({"flags": flags, "banner": null, "accent_color": null, "banner_color": null}),
            );
        }
        object
    }

    /// The user object of READY and `GET /users/@me`.
    pub(super) fn own_user_json(&self, caller: Caller) -> Value {
        let mut object = self.user_json(caller.user, Channel::Gateway);
        let locale = self
            .account(caller.user)
            .map_or("en-US", |account| account.locale);
        let own = json!({
            "flags": 0, "mfa_enabled": false, "verified": true, "email": null, "locale": locale,
            "banner": null, "accent_color": null, "bio": "", "premium_type": 0, "bot": caller.bot,
        });
        merge(&mut object, own);
        if !caller.bot {
            merge(
                &mut object,
                json!({"phone": null, "nsfw_allowed": true, "premium": false, "desktop": true, "mobile": false}),
            );
        }
        object
    }

    fn roles_of(&self, id: Snowflake) -> Vec<Snowflake> {
        if id == MIDJOURNEY {
            vec![self.midjourney_role]
        } else if id == NIJI {
            vec![self.niji_role]
        } else if id == self.bot {
            vec![self.bot_role]
        } else {
            Vec::new()
        }
    }

    /// A member without its user, as messages and mentions carry it.
    pub(super) fn member_json(&self, id: Snowflake) -> Value {
        json!({
            "roles": self.roles_of(id), "nick": null, "avatar": null, "banner": null, "premium_since": null,
            "joined_at": timestamp(self.founded), "deaf": false, "mute": false, "pending": false, "flags": 0,
            "communication_disabled_until": null,
        })
    }

    /// A member with its user, as `GUILD_CREATE` carries it.
    pub(super) fn full_member_json(&self, id: Snowflake, through: Channel) -> Value {
        let mut member = self.member_json(id);
        member["user"] = self.user_json(id, through);
        member
    }

    pub(super) fn channel_json(&self, id: Snowflake, last_message: Option<Snowflake>) -> Value {
        let position = self
            .channels
            .iter()
            .position(|channel| *channel == id)
            .unwrap_or(0);
        json!({
            "id": id, "type": 0, "guild_id": self.guild, "name": format!("images-{}", position + 1), "position": position,
            "parent_id": null, "topic": null, "nsfw": false, "last_message_id": last_message, "rate_limit_per_user": 0,
            "permission_overwrites": [], "flags": 0, "last_pin_timestamp": null, "icon_emoji": null, "theme_color": null,
            "version": 1,
        })
    }

    /// The direct channel with this id.
    pub(super) fn direct(&self, channel: Snowflake) -> Option<Direct> {
        self.direct
            .iter()
            .find(|direct| direct.channel == channel)
            .copied()
    }

    /// The direct channel between a user and a bot.
    pub(super) fn direct_between(&self, user: Snowflake, with: Snowflake) -> Option<Direct> {
        self.direct
            .iter()
            .find(|direct| direct.user == user && direct.with == with)
            .copied()
    }

    /// A direct channel as its user sees it.
    pub(super) fn direct_json(
        &self,
        direct: Direct,
        last_message: Option<Snowflake>,
        through: Channel,
    ) -> Value {
        json!({
            "id": direct.channel, "type": 1, "last_message_id": last_message, "flags": 0,
            "recipients": [self.user_json(direct.with, through)],
        })
    }

    pub(super) fn roles_json(&self) -> Value {
        let role = |id: Snowflake, name: &str, position: usize, tags: Value| {
            let mut role = json!({
                "id": id, "name": name, "color": 0, "hoist": false, "icon": null, "unicode_emoji": null,
                "colors": {"primary_color": 0, "secondary_color": null, "tertiary_color": null},
                "position": position, "permissions": "2248473465835073", "managed": position > 0,
                "mentionable": false, "flags": 0, "version": 1,
            });
            if !tags.is_null() {
                role["tags"] = tags;
            }
            role
        };
        json!([
            role(self.guild, "@everyone", 0, Value::Null),
            role(self.bot_role, "watcher", 1, json!({"bot_id": self.bot})),
            role(
                self.midjourney_role,
                "Midjourney Bot",
                2,
                json!({"bot_id": MIDJOURNEY})
            ),
            role(
                self.niji_role,
                "niji・journey Bot",
                3,
                json!({"bot_id": NIJI})
            ),
        ])
    }

    /// The guild object of `GET /guilds/{id}`; `GUILD_CREATE` adds members and channels.
    pub(super) fn guild_json(&self) -> Value {
        let owner = self
            .accounts
            .first()
            .map_or(self.stranger, |account| account.user);
        json!({
            "id": self.guild, "name": "Image room", "icon": null, "icon_hash": null, "splash": null,
            "discovery_splash": null, "banner": null, "description": null, "owner_id": owner, "application_id": null,
            "region": "us-east", "afk_channel_id": null, "afk_timeout": 300, "system_channel_id": null,
            "system_channel_flags": 0, "widget_enabled": false, "widget_channel_id": null, "verification_level": 0,
            "default_message_notifications": 0, "explicit_content_filter": 0, "mfa_level": 0, "features": [],
            "roles": self.roles_json(), "emojis": [], "stickers": [], "max_presences": null, "max_members": 500_000,
            "max_video_channel_users": 25, "max_stage_video_channel_users": 50, "vanity_url_code": null,
            "premium_tier": 0, "premium_subscription_count": 0, "preferred_locale": "en-US", "rules_channel_id": null,
            "public_updates_channel_id": null, "safety_alerts_channel_id": null, "nsfw": false, "nsfw_level": 0,
            "premium_progress_bar_enabled": false, "hub_type": null, "latest_onboarding_question_id": null,
            "incidents_data": null, "home_header": null,
        })
    }

    /// The guild as a list of one's own guilds names it.
    pub(super) fn partial_guild_json(&self, caller: Caller) -> Value {
        let guild = self.guild_json();
        json!({
            "id": guild["id"], "name": guild["name"], "icon": null, "banner": null, "features": guild["features"],
            "owner": guild["owner_id"] == json!(caller.user), "permissions": "2248473465835073",
        })
    }

    /// What `GUILD_CREATE` and a user's READY say of the guild. Without the privileged intents a bot sees no member but itself.
    pub(super) fn full_guild_json(
        &self,
        members: &[Snowflake],
        last_message: impl Fn(Snowflake) -> Option<Snowflake>,
    ) -> Value {
        let mut guild = self.guild_json();
        let channels: Vec<Value> = self
            .channels
            .iter()
            .map(|channel| self.channel_json(*channel, last_message(*channel)))
            .collect();
        let members: Vec<Value> = members
            .iter()
            .map(|id| self.full_member_json(*id, Channel::Gateway))
            .collect();
        merge(
            &mut guild,
            json!({
                "joined_at": timestamp(self.founded), "large": false, "unavailable": false, "member_count": self.users.len(),
                "voice_states": [], "members": members, "channels": channels, "threads": [], "presences": [],
                "stage_instances": [], "guild_scheduled_events": [], "soundboard_sounds": [], "embedded_activities": [],
                "activity_instances": [], "application_command_counts": {"1": 12}, "version": 1, "lazy": true,
            }),
        );
        guild
    }

    /// A guild of a user's READY in client state V2: its own fields lie below `properties`.
    pub(super) fn nested_guild_json(&self, mut guild: Value) -> Value {
        let mut properties = self.guild_json();
        if let (Some(guild), Some(properties)) = (guild.as_object_mut(), properties.as_object_mut())
        {
            for field in ["roles", "emojis", "stickers", "premium_subscription_count"] {
                properties.remove(field);
            }
            guild.retain(|field, _| field == "id" || !properties.contains_key(field));
            guild.remove("members");
        }
        merge(
            &mut guild,
            json!({"data_mode": "full", "properties": properties}),
        );
        guild
    }
}

/// Whether this is one of Midjourney's two bots.
pub(super) fn is_midjourney(id: Snowflake) -> bool {
    id == MIDJOURNEY || id == NIJI
}

/// Puts the fields of `more` into `object`.
pub(super) fn merge(object: &mut Value, more: Value) {
    if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
        object.extend(more);
    }
}

/// A token as Discord forms it: the id in base64, a moment, a secret.
fn token(user: Snowflake, random: &mut Random) -> String {
    let id = STANDARD_NO_PAD.encode(user.to_string());
    format!("{id}.{}.{}", random.token(6), random.token(38))
}
