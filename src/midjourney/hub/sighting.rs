//! Messages as last seen: copies of two gateways, REST and partial updates put together, each kept until it is known
//! whose it is and that task has ended. Bounded: the oldest that is nobody's goes first.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use mj_discord::{
    payload::{
        Attachment, Component, Embed, EmbedField, EmbedFooter, EmbedMedia, Emoji, Message,
        MessageInteraction, SelectOption, Update, User,
    },
    snowflake::{ChannelId, MessageId},
};

use crate::correlate::Facts;

/// How many messages are kept that are nobody's, as far as known.
const UNMATCHED: usize = 256;
/// How many messages are kept of open tasks.
const BOUND: usize = 1_024;

/// A message as known from all its copies.
#[derive(Debug)]
pub(super) struct Sighting {
    /// All that was told of it.
    pub message: Message<'static>,
    /// What it tells about where it belongs.
    pub facts: Option<Facts>,
    /// When it was first seen, among sightings and attempts of this owner.
    pub serial: u64,
    /// Whether the user session's copy has come.
    pub has_own_copy: bool,
}

/// All messages that are kept.
#[derive(Debug, Default)]
pub(super) struct Sightings {
    all: BTreeMap<MessageId, Sighting>,
    unmatched: BTreeSet<MessageId>,
    waiting: BTreeMap<MessageId, Duration>,
}

impl Sightings {
    /// How many messages are remembered, counted in each table.
    pub(super) fn len(&self) -> usize {
        self.all.len() + self.unmatched.len() + self.waiting.len()
    }

    /// Takes what is known of a message out, with this copy put into it. Put it back with one of the `keep_*`.
    pub(super) fn merge(&mut self, copy: &Message<'_>, is_own_copy: bool, serial: u64) -> Sighting {
        self.unmatched.remove(&copy.id);
        match self.all.remove(&copy.id) {
            Some(mut known) => {
                known.has_own_copy |= is_own_copy;
                merge(&mut known.message, owned(copy));
                known
            }
            None => Sighting {
                message: owned(copy),
                facts: None,
                serial,
                has_own_copy: is_own_copy,
            },
        }
    }

    /// Takes one out to be looked at again.
    pub(super) fn take(&mut self, id: MessageId) -> Option<Sighting> {
        self.unmatched.remove(&id);
        self.all.remove(&id)
    }

    /// What it is known to tell.
    pub(super) fn facts(&self, id: MessageId) -> Option<(&Facts, bool)> {
        let sighting = self.all.get(&id)?;
        Some((sighting.facts.as_ref()?, sighting.has_own_copy))
    }

    /// It is an open task's.
    pub(super) fn keep_bound(&mut self, sighting: Sighting) {
        let id = sighting.message.id;
        self.waiting.remove(&id);
        self.all.insert(id, sighting);
        while self.all.len() > BOUND + UNMATCHED {
            self.all.pop_first();
        }
    }

    /// It is nobody's, as far as known.
    pub(super) fn keep_unmatched(&mut self, sighting: Sighting) {
        let id = sighting.message.id;
        self.waiting.remove(&id);
        self.all.insert(id, sighting);
        self.unmatched.insert(id);
        while self.unmatched.len() > UNMATCHED {
            if let Some(oldest) = self.unmatched.pop_first() {
                self.all.remove(&oldest);
                self.waiting.remove(&oldest);
            }
        }
    }

    /// It waits for the user session's copy, at most until `until` on the boot clock.
    pub(super) fn keep_waiting(&mut self, sighting: Sighting, until: Duration) {
        let id = sighting.message.id;
        let until = self.waiting.get(&id).copied().unwrap_or(until);
        self.keep_unmatched(sighting);
        if self.unmatched.contains(&id) {
            self.waiting.insert(id, until);
        }
    }

    /// It is of no use any more.
    pub(super) fn forget(&mut self, id: MessageId) {
        self.take(id);
        self.waiting.remove(&id);
    }

    /// Those that are nobody's, as far as known, the oldest first.
    pub(super) fn unmatched(&self) -> Vec<MessageId> {
        self.unmatched.iter().copied().collect()
    }

    /// Those that have waited long enough, or all.
    pub(super) fn end_waiting(&mut self, now: Option<Duration>) -> Vec<MessageId> {
        let ended: Vec<MessageId> = self
            .waiting
            .iter()
            .filter(|(_, until)| now.is_none_or(|now| **until <= now))
            .map(|(id, _)| *id)
            .collect();
        for id in &ended {
            self.waiting.remove(id);
        }
        ended
    }

    /// Whether one of this channel, made after this message, is nobody's while the user session's copy could tell more.
    pub(super) fn lack_own_copy(&self, channel: ChannelId, after: MessageId) -> bool {
        self.unmatched.range(after..).any(|id| {
            self.all.get(id).is_some_and(|sighting| {
                !sighting.has_own_copy && sighting.message.channel_id == channel
            })
        })
    }

    /// When the next has waited long enough.
    pub(super) fn next_due(&self) -> Option<Duration> {
        self.waiting.values().min().copied()
    }

    /// How many are nobody's.
    pub(super) fn unmatched_count(&self) -> usize {
        self.unmatched.len()
    }
}

/// Puts a copy into what is known: its fields win, unless it shows an older state of the message.
fn merge(known: &mut Message<'static>, copy: Message<'static>) {
    let is_older = match (&known.edited_timestamp, &copy.edited_timestamp) {
        // All edits carry Discord's clock in one form, so that text order is time order.
        (Update::Value(known), Update::Value(copy)) => copy < known,
        (Update::Value(_), Update::Null) => true,
        _ => false,
    };
    let mut newer = copy;
    if is_older {
        std::mem::swap(known, &mut newer);
    }
    fill(&mut newer, known);
    *known = newer;
}

/// Gives `message` what only `other` has.
fn fill(message: &mut Message<'static>, other: &mut Message<'static>) {
    fn option<T>(to: &mut Option<T>, from: &mut Option<T>) {
        if to.is_none() {
            *to = from.take();
        }
    }
    fn update<T>(to: &mut Update<T>, from: &mut Update<T>) {
        if !to.is_given() {
            *to = std::mem::take(from);
        }
    }
    option(&mut message.guild_id, &mut other.guild_id);
    option(&mut message.author, &mut other.author);
    option(&mut message.application_id, &mut other.application_id);
    option(&mut message.kind, &mut other.kind);
    update(&mut message.content, &mut other.content);
    option(&mut message.timestamp, &mut other.timestamp);
    update(&mut message.edited_timestamp, &mut other.edited_timestamp);
    option(&mut message.flags, &mut other.flags);
    option(&mut message.nonce, &mut other.nonce);
    update(&mut message.attachments, &mut other.attachments);
    update(&mut message.embeds, &mut other.embeds);
    update(&mut message.components, &mut other.components);
    update(&mut message.mentions, &mut other.mentions);
    option(&mut message.message_reference, &mut other.message_reference);
    update(
        &mut message.referenced_message,
        &mut other.referenced_message,
    );
    option(&mut message.interaction, &mut other.interaction);
    option(
        &mut message.interaction_metadata,
        &mut other.interaction_metadata,
    );
}

fn text(text: &str) -> Cow<'static, str> {
    Cow::Owned(text.to_owned())
}

fn texts(value: Option<&Cow<'_, str>>) -> Option<Cow<'static, str>> {
    value.map(|value| text(value))
}

fn map<T, U>(update: &Update<T>, change: impl FnOnce(&T) -> U) -> Update<U> {
    match update {
        Update::Absent => Update::Absent,
        Update::Null => Update::Null,
        Update::Value(value) => Update::Value(change(value)),
    }
}

/// A copy that outlives the frame.
fn owned(message: &Message<'_>) -> Message<'static> {
    Message {
        id: message.id,
        channel_id: message.channel_id,
        guild_id: message.guild_id,
        author: message.author.as_ref().map(user),
        application_id: message.application_id,
        kind: message.kind,
        content: map(&message.content, |content| text(content)),
        timestamp: texts(message.timestamp.as_ref()),
        edited_timestamp: map(&message.edited_timestamp, |edited| text(edited)),
        flags: message.flags,
        nonce: message.nonce.clone(),
        attachments: map(&message.attachments, |all| {
            all.iter().map(attachment).collect()
        }),
        embeds: map(&message.embeds, |all| all.iter().map(embed).collect()),
        components: map(&message.components, |all| {
            all.iter().map(component).collect()
        }),
        mentions: map(&message.mentions, |all| all.iter().map(user).collect()),
        message_reference: message.message_reference,
        referenced_message: message.referenced_message.clone(),
        interaction: message
            .interaction
            .as_ref()
            .map(|old_form| MessageInteraction {
                id: old_form.id,
                kind: old_form.kind,
                name: texts(old_form.name.as_ref()),
                user: old_form.user.as_ref().map(user),
            }),
        interaction_metadata: message.interaction_metadata.clone(),
    }
}

fn user(user: &User<'_>) -> User<'static> {
    User {
        id: user.id,
        username: texts(user.username.as_ref()),
        bot: user.bot,
    }
}

fn attachment(file: &Attachment<'_>) -> Attachment<'static> {
    Attachment {
        id: file.id,
        filename: text(&file.filename),
        url: text(&file.url),
        proxy_url: texts(file.proxy_url.as_ref()),
        size: file.size,
        width: file.width,
        height: file.height,
        content_type: texts(file.content_type.as_ref()),
    }
}

fn embed(embed: &Embed<'_>) -> Embed<'static> {
    Embed {
        title: texts(embed.title.as_ref()),
        description: texts(embed.description.as_ref()),
        color: embed.color,
        footer: embed.footer.as_ref().map(|footer| EmbedFooter {
            text: text(&footer.text),
        }),
        image: embed.image.as_ref().map(|image| EmbedMedia {
            url: texts(image.url.as_ref()),
        }),
        fields: embed.fields.as_ref().map(|fields| {
            fields
                .iter()
                .map(|field| EmbedField {
                    name: text(&field.name),
                    value: text(&field.value),
                })
                .collect()
        }),
    }
}

fn component(component_: &Component<'_>) -> Component<'static> {
    Component {
        kind: component_.kind,
        components: component_.components.iter().map(component).collect(),
        custom_id: texts(component_.custom_id.as_ref()),
        style: component_.style,
        label: texts(component_.label.as_ref()),
        emoji: component_.emoji.as_ref().map(|emoji| Emoji {
            name: texts(emoji.name.as_ref()),
        }),
        url: texts(component_.url.as_ref()),
        disabled: component_.disabled,
        value: texts(component_.value.as_ref()),
        optional: component_.optional,
        options: component_
            .options
            .iter()
            .map(|option| SelectOption {
                label: text(&option.label),
                value: text(&option.value),
                default: option.default,
            })
            .collect(),
    }
}
