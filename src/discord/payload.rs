//! What Discord sends, decoded as far as it concerns us: everything else in a payload is skipped, not stored.
//!
//! Text is borrowed from the frame where it has no escapes. Fields of a message update are three-state: see [`Update`].
//! A field of an unexpected shape counts as not given; only a message's own ids are indispensable.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};

pub use crate::component::{Component, SelectOption};
use crate::snowflake::{
    ApplicationId, AttachmentId, ChannelId, GuildId, InteractionId, MessageId, Nonce, UserId,
};
use crate::{component, lenient};

/// A field of a message: absent (as stored before), null, or a value. Since 2024-07-22 updates are full, before that
/// only `id` and `channel_id` were sure.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Update<T> {
    /// Not in the payload.
    #[default]
    Absent,
    /// Given as `null`.
    Null,
    /// Given.
    Value(T),
}

impl<T> Update<T> {
    /// The value, when one was given.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// Whether the payload named the field, with a value or with null.
    pub fn is_given(&self) -> bool {
        !matches!(self, Self::Absent)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Update<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

/// A message, from the gateway or from REST; an update may lack most of it.
#[derive(Clone, Debug, Deserialize)]
pub struct Message<'a> {
    /// Its id.
    pub id: MessageId,
    /// Where it stands.
    pub channel_id: ChannelId,
    /// The guild; ephemeral messages and REST answers do not name it.
    #[serde(default, deserialize_with = "lenient::number")]
    pub guild_id: Option<GuildId>,
    /// Who wrote it; absent in partial updates.
    #[serde(borrow, default, deserialize_with = "lenient::object")]
    pub author: Option<User<'a>>,
    /// The application that answered an interaction with it.
    #[serde(default, deserialize_with = "lenient::number")]
    pub application_id: Option<ApplicationId>,
    /// Message type: 0 default, 19 reply, 20 slash command.
    #[serde(default, deserialize_with = "lenient::number", rename = "type")]
    pub kind: Option<u8>,
    /// The text.
    #[serde(borrow, default, deserialize_with = "lenient::text_update")]
    pub content: Update<Cow<'a, str>>,
    /// ISO 8601, as sent.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub timestamp: Option<Cow<'a, str>>,
    /// ISO 8601, as sent; null when never edited.
    #[serde(borrow, default, deserialize_with = "lenient::text_update")]
    pub edited_timestamp: Update<Cow<'a, str>>,
    /// Bit 6 (64) is EPHEMERAL, bit 7 (128) LOADING.
    #[serde(default, deserialize_with = "lenient::number")]
    pub flags: Option<u64>,
    /// The nonce of the request that it answers, shown to the sender's own sessions.
    #[serde(default, deserialize_with = "lenient::nonce")]
    pub nonce: Option<Nonce>,
    /// Files.
    #[serde(borrow, default, deserialize_with = "lenient::list_update")]
    pub attachments: Update<Vec<Attachment<'a>>>,
    /// Embeds: notices and errors.
    #[serde(borrow, default, deserialize_with = "lenient::list_update")]
    pub embeds: Update<Vec<Embed<'a>>>,
    /// Rows of buttons and selects.
    #[serde(borrow, default, deserialize_with = "component::list_update")]
    pub components: Update<Vec<Component<'a>>>,
    /// Who is mentioned.
    #[serde(borrow, default, deserialize_with = "lenient::list_update")]
    pub mentions: Update<Vec<User<'a>>>,
    /// The message it replies to.
    #[serde(default, deserialize_with = "lenient::object")]
    pub message_reference: Option<MessageReference>,
    /// What became of the message it replies to: null when that was deleted, absent when Discord did not look.
    #[serde(default, deserialize_with = "lenient::object_update")]
    pub referenced_message: Update<ReferencedMessage>,
    /// The old form of [`Message::interaction_metadata`].
    #[serde(borrow, default, deserialize_with = "lenient::object")]
    pub interaction: Option<MessageInteraction<'a>>,
    /// The interaction that made it.
    #[serde(default, deserialize_with = "lenient::object")]
    pub interaction_metadata: Option<InteractionMetadata>,
}

impl Message<'_> {
    /// EPHEMERAL: seen by one user's sessions only.
    pub const EPHEMERAL: u64 = 1 << 6;

    /// Whether only one user's own sessions can see it.
    pub fn is_ephemeral(&self) -> bool {
        self.flags.is_some_and(|flags| flags & Self::EPHEMERAL != 0)
    }
}

/// A user, as far as needed to know it again.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct User<'a> {
    /// Its id.
    pub id: UserId,
    /// Its name.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub username: Option<Cow<'a, str>>,
    /// Whether it is an application.
    #[serde(default, deserialize_with = "lenient::truth")]
    pub bot: bool,
}

/// A file of a message.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct Attachment<'a> {
    /// Its id; 0 when it was unreadable.
    #[serde(default = "no_attachment_id", deserialize_with = "lenient::id_or_zero")]
    pub id: AttachmentId,
    /// Its name.
    #[serde(borrow, default, deserialize_with = "lenient::text_or_empty")]
    pub filename: Cow<'a, str>,
    /// Where the bytes are: signed, expires.
    #[serde(borrow, default, deserialize_with = "lenient::text_or_empty")]
    pub url: Cow<'a, str>,
    /// The resizing proxy's address.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub proxy_url: Option<Cow<'a, str>>,
    /// In bytes.
    #[serde(default, deserialize_with = "lenient::number_or_zero")]
    pub size: u64,
    /// In pixels.
    #[serde(default, deserialize_with = "lenient::number")]
    pub width: Option<u32>,
    /// In pixels.
    #[serde(default, deserialize_with = "lenient::number")]
    pub height: Option<u32>,
    /// Its media type.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub content_type: Option<Cow<'a, str>>,
}

/// An embed, as far as Midjourney uses it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
pub struct Embed<'a> {
    /// The heading.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub title: Option<Cow<'a, str>>,
    /// The text.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub description: Option<Cow<'a, str>>,
    /// 0xRRGGBB.
    #[serde(default, deserialize_with = "lenient::number")]
    pub color: Option<u32>,
    /// Small text below; repeats the command.
    #[serde(borrow, default, deserialize_with = "lenient::object")]
    pub footer: Option<EmbedFooter<'a>>,
    /// A picture.
    #[serde(borrow, default, deserialize_with = "lenient::object")]
    pub image: Option<EmbedMedia<'a>>,
    /// Named values.
    #[serde(borrow, default, deserialize_with = "lenient::optional_list")]
    pub fields: Option<Vec<EmbedField<'a>>>,
}

/// The footer of an embed.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
pub struct EmbedFooter<'a> {
    /// Its text.
    #[serde(borrow, default, deserialize_with = "lenient::text_or_empty")]
    pub text: Cow<'a, str>,
}

/// A picture of an embed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct EmbedMedia<'a> {
    /// Its address.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub url: Option<Cow<'a, str>>,
}

/// A named value of an embed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct EmbedField<'a> {
    /// Its name.
    #[serde(borrow, default, deserialize_with = "lenient::text_or_empty")]
    pub name: Cow<'a, str>,
    /// Its text.
    #[serde(borrow, default, deserialize_with = "lenient::text_or_empty")]
    pub value: Cow<'a, str>,
}

/// An emoji.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct Emoji<'a> {
    /// The character, or the name of a custom one.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub name: Option<Cow<'a, str>>,
}

/// The message that a message replies to, as far as needed to know that it exists.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub struct ReferencedMessage {
    /// Its id.
    pub id: MessageId,
}

/// Which message a message replies to.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub struct MessageReference {
    /// The message.
    #[serde(default, deserialize_with = "lenient::number")]
    pub message_id: Option<MessageId>,
    /// Its channel.
    #[serde(default, deserialize_with = "lenient::number")]
    pub channel_id: Option<ChannelId>,
}

/// The interaction behind a message, old form.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct MessageInteraction<'a> {
    /// Its id.
    pub id: InteractionId,
    /// 2 command, 3 component, 5 modal.
    #[serde(default, deserialize_with = "lenient::number", rename = "type")]
    pub kind: Option<u8>,
    /// The command's name.
    #[serde(borrow, default, deserialize_with = "lenient::text")]
    pub name: Option<Cow<'a, str>>,
    /// Who acted.
    #[serde(borrow, default, deserialize_with = "lenient::object")]
    pub user: Option<User<'a>>,
}

/// The interaction behind a message.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct InteractionMetadata {
    /// Its id.
    pub id: InteractionId,
    /// 2 command, 3 component, 5 modal.
    #[serde(default, deserialize_with = "lenient::number", rename = "type")]
    pub kind: Option<u8>,
    /// The command's name; Discord tells it to users, and documents it for none.
    #[serde(default, deserialize_with = "lenient::owned_text")]
    pub name: Option<String>,
    /// Who acted.
    #[serde(default, deserialize_with = "user_id")]
    pub user: Option<UserId>,
    /// The message whose component was used.
    #[serde(default, deserialize_with = "lenient::number")]
    pub interacted_message_id: Option<MessageId>,
    /// The first answer, when this message is a follow-up.
    #[serde(default, deserialize_with = "lenient::number")]
    pub original_response_message_id: Option<MessageId>,
    /// For a modal: the interaction that opened it.
    #[serde(default, deserialize_with = "lenient::object")]
    pub triggering_interaction_metadata: Option<Box<InteractionMetadata>>,
}

fn user_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<UserId>, D::Error> {
    #[derive(Deserialize)]
    struct Id {
        id: UserId,
    }
    Ok(lenient::object::<D, Id>(deserializer)?.map(|user| user.id))
}

fn no_attachment_id() -> AttachmentId {
    AttachmentId(0)
}
