//! Messages: what Discord stores of them and how each reader sees them.

use serde_json::{Value, json};

use super::World;
use super::cdn::File;
use super::people::{Caller, is_midjourney};
use crate::snowflake::{Millis, Snowflake, timestamp};

/// Flag of a message that only one user can see.
pub(super) const EPHEMERAL: u64 = 1 << 6;
/// Flag of a deferred answer: its application "is thinking".
pub(super) const LOADING: u64 = 1 << 7;

/// Types of messages that occur here (<https://discord.com/developers/docs/resources/message#message-object-message-types>).
pub(super) mod kind {
    pub(crate) const DEFAULT: u8 = 0;
    pub(crate) const REPLY: u8 = 19;
    pub(crate) const CHAT_INPUT_COMMAND: u8 = 20;
}

/// The interaction that made a message.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) id: Snowflake,
    /// 2 command, 3 component, 5 modal submit.
    pub(super) kind: u8,
    /// Command name; empty for components.
    pub(super) name: String,
    pub(super) user: Snowflake,
    /// Message whose component was pressed.
    pub(super) pressed: Option<Snowflake>,
    /// Interaction that opened the modal, for a submit.
    pub(super) trigger: Option<Snowflake>,
    /// First answer, when this message is a later one.
    pub(super) first_answer: Option<Snowflake>,
}

#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) id: Snowflake,
    pub(super) channel: Snowflake,
    pub(super) author: Snowflake,
    pub(super) content: String,
    pub(super) kind: u8,
    pub(super) flags: u64,
    pub(super) files: Vec<File>,
    pub(super) embeds: Vec<Value>,
    pub(super) components: Vec<Value>,
    pub(super) reference: Option<Snowflake>,
    pub(super) origin: Option<Origin>,
    /// Nonce and the user it belongs to.
    pub(super) nonce: Option<(Value, Snowflake)>,
    pub(super) mentions: Vec<Snowflake>,
    /// The only reader of an ephemeral message.
    pub(super) reader: Option<Snowflake>,
    pub(super) edited: Option<Millis>,
    pub(super) reactions: Vec<(String, Snowflake)>,
}

impl Message {
    pub(super) fn new(id: Snowflake, channel: Snowflake, author: Snowflake) -> Self {
        Self {
            id,
            channel,
            author,
            content: String::new(),
            kind: kind::DEFAULT,
            flags: 0,
            files: Vec::new(),
            embeds: Vec::new(),
            components: Vec::new(),
            reference: None,
            origin: None,
            nonce: None,
            mentions: Vec::new(),
            reader: None,
            edited: None,
            reactions: Vec::new(),
        }
    }

    /// Whether `user` can see it at all.
    pub(super) fn visible_to(&self, user: Snowflake) -> bool {
        self.reader.is_none_or(|reader| reader == user)
    }

    /// The live component with this `custom_id`.
    pub(super) fn component(&self, custom_id: &str) -> Option<&Value> {
        self.components
            .iter()
            .filter_map(|row| row["components"].as_array())
            .flatten()
            .find(|component| component["custom_id"] == custom_id && component["disabled"] != true)
    }

    /// Gives the component with this `custom_id` another style; whether that changed it.
    pub(super) fn restyle(&mut self, custom_id: &str, style: u8) -> bool {
        for row in &mut self.components {
            let Some(components) = row["components"].as_array_mut() else {
                continue;
            };
            for component in components {
                if component["custom_id"] == custom_id && component["style"] != style {
                    component["style"] = json!(style);
                    return true;
                }
            }
        }
        false
    }
}

/// How a message reaches its reader.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Channel {
    Gateway,
    Rest,
}

impl World {
    /// A message as `caller` sees it. `content_intent` is false for a bot without `MESSAGE_CONTENT`.
    pub(super) fn message_json(
        &self,
        now: Millis,
        message: &Message,
        caller: Caller,
        content_intent: bool,
        through: Channel,
    ) -> Value {
        let mut object = self.bare_message_json(now, message, caller, content_intent, through);
        let direct = self.people.direct(message.channel).is_some();
        if through == Channel::Gateway {
            object["channel_type"] = json!(u8::from(direct));
        }
        if through == Channel::Gateway && message.reader.is_none() && !direct {
            if self.behaviour.guild_id_in_frames {
                object["guild_id"] = json!(self.people.guild);
            }
            object["member"] = self.people.member_json(message.author);
            if let Some(mentions) = object["mentions"].as_array_mut() {
                for (mention, user) in mentions.iter_mut().zip(&message.mentions) {
                    mention["member"] = self.people.member_json(*user);
                }
            }
            if let Some((nonce, owner)) = &message.nonce
                && *owner == caller.user
            {
                object["nonce"] = nonce.clone();
            }
        } else if through == Channel::Gateway
            && let Some((nonce, _)) = &message.nonce
        {
            object["nonce"] = nonce.clone();
        }
        if let Some(reference) = message.reference {
            let target = self
                .messages
                .get(&reference)
                .filter(|target| target.visible_to(caller.user));
            object["referenced_message"] = target.map_or(Value::Null, |target| {
                self.bare_message_json(now, target, caller, content_intent, through)
            });
        }
        object
    }

    fn bare_message_json(
        &self,
        now: Millis,
        message: &Message,
        caller: Caller,
        content_intent: bool,
        through: Channel,
    ) -> Value {
        // Without the privileged intent these arrive empty, except own messages and mentions.
        let open = content_intent
            || message.author == caller.user
            || message.mentions.contains(&caller.user);
        let files: Vec<Value> = message
            .files
            .iter()
            .map(|file| self.file_json(now, file))
            .collect();
        let mentions: Vec<Value> = message
            .mentions
            .iter()
            .map(|user| self.people.user_json(*user, through))
            .collect();
        let mut object = json!({
            "id": message.id,
            "channel_id": message.channel,
            "type": message.kind,
            "content": if open { message.content.as_str() } else { "" },
            "mention_roles": [],
            "mention_everyone": false,
            "pinned": false,
            "tts": false,
            "timestamp": timestamp(message.id.made()),
            "edited_timestamp": message.edited.map(timestamp),
            "flags": message.flags,
        });
        // The macro would copy what is put into it.
        object["author"] = self.people.user_json(message.author, through);
        object["attachments"] = if open { files } else { Vec::new() }.into();
        object["mentions"] = mentions.into();
        for (name, parts) in [
            ("embeds", &message.embeds),
            ("components", &message.components),
        ] {
            object[name] = if open { parts.clone() } else { Vec::new() }.into();
        }
        if is_midjourney(message.author) {
            object["application_id"] = json!(message.author);
            if message.origin.is_some() {
                object["webhook_id"] = json!(message.author);
            }
        }
        if let Some(reference) = message.reference {
            object["message_reference"] =
                json!({"type": 0, "channel_id": message.channel, "message_id": reference});
            if self.people.direct(message.channel).is_none() {
                object["message_reference"]["guild_id"] = json!(self.people.guild);
            }
        }
        if !message.reactions.is_empty() {
            object["reactions"] = Self::reactions_json(message, caller);
        }
        if self.behaviour.interaction_metadata
            && let Some(origin) = &message.origin
        {
            self.add_origin(&mut object, message.channel, origin, through);
        }
        object
    }

    fn add_origin(
        &self,
        object: &mut Value,
        channel: Snowflake,
        origin: &Origin,
        through: Channel,
    ) {
        // In a bot's direct channel Discord names no guild but "0".
        let owner = match self.people.direct(channel) {
            Some(_) => Snowflake(0),
            None => self.people.guild,
        };
        let mut metadata = json!({
            "id": origin.id, "type": origin.kind, "authorizing_integration_owners": {"0": owner},
        });
        metadata["user"] = self.people.user_json(origin.user, through);
        if origin.kind == 2 {
            metadata["name"] = json!(origin.name);
            metadata["command_type"] = json!(1);
        }
        if let Some(trigger) = origin.trigger {
            metadata["triggering_interaction_metadata"] = json!({
                "id": trigger, "type": 3, "user": metadata["user"], "interacted_message_id": origin.pressed,
                "authorizing_integration_owners": metadata["authorizing_integration_owners"],
            });
        } else if let Some(pressed) = origin.pressed {
            metadata["interacted_message_id"] = json!(pressed);
        }
        if let Some(first) = origin.first_answer {
            metadata["original_response_message_id"] = json!(first);
        } else if origin.kind == 2 {
            object["interaction"] = json!({"id": origin.id, "type": 2, "name": origin.name});
            object["interaction"]["user"] = self.people.user_json(origin.user, through);
        }
        object["interaction_metadata"] = metadata;
    }

    fn reactions_json(message: &Message, caller: Caller) -> Value {
        let mut emojis: Vec<&str> = message
            .reactions
            .iter()
            .map(|(emoji, _)| emoji.as_str())
            .collect();
        emojis.dedup();
        emojis
            .into_iter()
            .map(|emoji| {
                let users: Vec<Snowflake> =
                    message.reactions.iter().filter(|(name, _)| name == emoji).map(|(_, user)| *user).collect();
                json!({
                    "emoji": {"id": null, "name": emoji}, "count": users.len(), "me": users.contains(&caller.user),
                    "me_burst": false, "burst_colors": [], "count_details": {"burst": 0, "normal": users.len()},
                })
            })
            .collect()
    }
}
