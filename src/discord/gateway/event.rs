//! What the gateway dispatches, as far as it concerns us.

use std::borrow::Cow;

use serde::Deserialize;

use crate::{
    component, lenient,
    payload::{Component, Message},
    snowflake::{ApplicationId, ChannelId, GuildId, InteractionId, MessageId, Nonce, UserId},
};

/// One dispatched event with its number.
#[derive(Debug)]
pub struct Dispatch<'a> {
    /// The sequence number, `s`. It grows by one with each event of a session.
    pub sequence: u64,
    /// What happened.
    pub event: Event<'a>,
}

/// An event that concerns us, or the note that it does not.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "an event is handled where it is read and never stored"
)]
pub enum Event<'a> {
    /// A new session began: READY.
    Ready(Ready),
    /// An old session goes on, everything missed was replayed: RESUMED.
    Resumed,
    /// `MESSAGE_CREATE` in a channel of ours.
    MessageCreate(Message<'a>),
    /// `MESSAGE_UPDATE` in a channel of ours.
    MessageUpdate(Message<'a>),
    /// `MESSAGE_DELETE` in a channel of ours.
    MessageDelete(MessageDelete),
    /// `MESSAGE_DELETE_BULK` in a channel of ours.
    MessageDeleteBulk(MessageDeleteBulk),
    /// `INTERACTION_CREATE`: Discord took an interaction. Only the session that sent it sees this.
    InteractionCreate(Interaction),
    /// `INTERACTION_SUCCESS`: the application answered it.
    InteractionSuccess(Interaction),
    /// `INTERACTION_FAILURE`: the application did not answer it.
    InteractionFailure(InteractionFailure),
    /// `INTERACTION_MODAL_CREATE`: the answer is a form.
    InteractionModalCreate(InteractionModal<'a>),
    /// `INTERACTION_IFRAME_MODAL_CREATE`: the answer is a web page in a frame: Vary (Region), or a check for humans.
    InteractionIframeModalCreate(InteractionIframeModal<'a>),
    /// Nothing of ours: another event, another channel, another application.
    Foreign,
    /// One of ours that could not be read.
    Malformed {
        /// The event's name, `t`.
        name: Cow<'a, str>,
    },
}

/// A session's beginning.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ready {
    /// Who is logged in.
    pub user: UserId,
    /// The session, named in interactions so that their events reach it.
    pub session_id: String,
    /// Where Discord wants it resumed.
    pub resume_gateway_url: Option<String>,
    /// The guilds it sees, ascending.
    pub guilds: Vec<GuildId>,
    /// A bot's own application.
    pub application: Option<ApplicationId>,
}

/// A deleted message.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub struct MessageDelete {
    /// Its id.
    pub id: MessageId,
    /// Where it stood.
    pub channel_id: ChannelId,
}

/// Several deleted messages of one channel.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct MessageDeleteBulk {
    /// Their ids.
    pub ids: Vec<MessageId>,
    /// Where they stood.
    pub channel_id: ChannelId,
}

/// An interaction, known again by its nonce.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct Interaction {
    /// Its id; the bot's answers name it.
    pub id: InteractionId,
    /// The nonce it was sent with. A bot, which sees interactions with itself, is told none.
    #[serde(default, deserialize_with = "lenient::nonce")]
    pub nonce: Option<Nonce>,
}

/// An interaction that failed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct InteractionFailure {
    /// Its id.
    #[serde(default, deserialize_with = "lenient::number")]
    pub id: Option<InteractionId>,
    /// The nonce it was sent with.
    #[serde(default, deserialize_with = "lenient::nonce")]
    pub nonce: Option<Nonce>,
    /// Why: 1 unknown, 2 time-out, 3 the application's shard is gone, and others (unofficial).
    #[serde(default, deserialize_with = "lenient::number")]
    pub reason_code: Option<u32>,
}

/// A form to fill in.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct InteractionModal<'a> {
    /// What its submission must name.
    pub id: InteractionId,
    /// What its submission must name, too.
    #[serde(borrow, default, deserialize_with = "lenient::text_or_empty")]
    pub custom_id: Cow<'a, str>,
    /// Its heading.
    #[serde(borrow, default, deserialize_with = "lenient::text_or_empty")]
    pub title: Cow<'a, str>,
    /// The nonce of the press that opened it.
    #[serde(default, deserialize_with = "lenient::nonce")]
    pub nonce: Option<Nonce>,
    /// Where it was opened.
    #[serde(default, deserialize_with = "lenient::number")]
    pub channel_id: Option<ChannelId>,
    /// Whose form it is.
    #[serde(default, deserialize_with = "application_id", rename = "application")]
    pub application_id: Option<ApplicationId>,
    /// Its inputs, in rows or labels.
    #[serde(borrow, default, deserialize_with = "component::list")]
    pub components: Vec<Component<'a>>,
}

/// A web page in a frame.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct InteractionIframeModal<'a> {
    /// Its id.
    #[serde(default, deserialize_with = "lenient::number")]
    pub id: Option<InteractionId>,
    /// `MJ::iframe::<token>` for Vary (Region).
    #[serde(borrow, default, deserialize_with = "lenient::text_or_empty")]
    pub custom_id: Cow<'a, str>,
    /// Its heading; "Action required to continue" is a check for humans.
    #[serde(borrow, default, deserialize_with = "lenient::text_or_empty")]
    pub title: Cow<'a, str>,
    /// The nonce of the press that opened it.
    #[serde(default, deserialize_with = "lenient::nonce")]
    pub nonce: Option<Nonce>,
    /// Where it was opened.
    #[serde(default, deserialize_with = "lenient::number")]
    pub channel_id: Option<ChannelId>,
    /// Whose page it is.
    #[serde(default, deserialize_with = "application_id", rename = "application")]
    pub application_id: Option<ApplicationId>,
}

#[derive(Deserialize)]
struct OnlyId<T> {
    id: T,
}

fn application_id<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<ApplicationId>, D::Error> {
    Ok(
        lenient::object::<D, OnlyId<ApplicationId>>(deserializer)?
            .map(|application| application.id),
    )
}

/// READY as it is written; users' READY is megabytes, of which this is all we keep.
#[derive(Deserialize)]
pub(crate) struct WireReady {
    user: OnlyId<UserId>,
    session_id: String,
    #[serde(default, deserialize_with = "lenient::owned_text")]
    resume_gateway_url: Option<String>,
    #[serde(default, deserialize_with = "lenient::list")]
    guilds: Vec<OnlyId<GuildId>>,
    #[serde(default, deserialize_with = "lenient::object")]
    application: Option<OnlyId<ApplicationId>>,
}

impl From<WireReady> for Ready {
    fn from(wire: WireReady) -> Self {
        let mut guilds: Vec<GuildId> = wire.guilds.into_iter().map(|guild| guild.id).collect();
        guilds.sort_unstable();
        Self {
            user: wire.user.id,
            session_id: wire.session_id,
            resume_gateway_url: wire.resume_gateway_url,
            guilds,
            application: wire.application.map(|application| application.id),
        }
    }
}

/// Which messages are decoded; all others become [`Event::Foreign`] at the cost of a scan.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Interest {
    /// Ascending; empty means every channel.
    channels: Vec<ChannelId>,
    /// Ascending; empty means every author.
    applications: Vec<ApplicationId>,
}

impl Interest {
    /// Interest in messages of these channels, and among new ones only in those by these applications. An empty list
    /// means all. Updates and deletions count by channel alone, since they need not name an author.
    pub fn new(
        channels: impl IntoIterator<Item = ChannelId>,
        applications: impl IntoIterator<Item = ApplicationId>,
    ) -> Self {
        let mut interest = Self {
            channels: channels.into_iter().collect(),
            applications: applications.into_iter().collect(),
        };
        interest.channels.sort_unstable();
        interest.channels.dedup();
        interest.applications.sort_unstable();
        interest.applications.dedup();
        interest
    }

    /// Whether a message of this channel matters.
    pub fn has_channel(&self, channel: ChannelId) -> bool {
        self.channels.is_empty() || self.channels.binary_search(&channel).is_ok()
    }

    /// Whether a new message by this application matters.
    pub fn has_application(&self, application: ApplicationId) -> bool {
        self.applications.is_empty() || self.applications.binary_search(&application).is_ok()
    }

    /// Whether a new message matters: its channel, and its application or author.
    pub fn has_message(&self, message: &Message<'_>) -> bool {
        self.has_channel(message.channel_id)
            && (self.applications.is_empty()
                || message
                    .application_id
                    .is_some_and(|id| self.has_application(id))
                || message
                    .author
                    .as_ref()
                    .is_none_or(|author| self.has_application(ApplicationId(author.id.0))))
    }

    /// Whether every channel matters.
    pub(crate) fn is_every_channel(&self) -> bool {
        self.channels.is_empty()
    }
}
