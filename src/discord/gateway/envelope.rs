//! From a frame's text to what it says, in one pass.
//!
//! Discord writes `t, s, op, d`; other servers write `s` last, and JSON allows any order. When `d` comes before the
//! keys that tell how to read it, it is set aside unread and read in a second pass. What is plainly foreign is not
//! even read to its end.

use std::{borrow::Cow, fmt};

use memchr::memmem;
use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess},
};
use serde_json::value::RawValue;

use super::event::{Event, Interest, Ready, WireReady};
use crate::snowflake::ChannelId;

/// One frame.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "a frame is taken apart where it is read"
)]
pub(crate) enum Frame<'a> {
    /// op 0.
    Dispatch {
        sequence: Option<u64>,
        event: Event<'a>,
    },
    /// op 1.
    HeartbeatRequest,
    /// op 7.
    Reconnect,
    /// op 9.
    InvalidSession { resumable: bool },
    /// op 10.
    Hello { heartbeat_interval: u64 },
    /// op 11.
    HeartbeatAck,
    /// Any other op, or an op whose body is not as documented.
    Unknown,
}

/// Reads a frame; `None` when it is no gateway frame at all.
pub(crate) fn read<'a>(text: &'a str, interest: &Interest) -> Option<Frame<'a>> {
    if let Some(prefix) = Prefix::read(text) {
        let kind = Kind::of(prefix.name);
        let event = if is_foreign(kind, prefix.body, interest) {
            Some(Event::Foreign)
        } else {
            read_last_key(kind, prefix.body, interest)
        };
        if let Some(event) = event {
            return Some(Frame::Dispatch {
                sequence: Some(prefix.sequence),
                event,
            });
        }
    }
    if let Ok(frame) = read_in_one_pass(text, interest) {
        return Some(frame);
    }
    read_envelope(text)
}

/// Reads `d` when it is the last key of its frame, as Discord writes it.
fn read_last_key<'a>(kind: Kind, body: &'a str, interest: &Interest) -> Option<Event<'a>> {
    let mut deserializer = serde_json::Deserializer::from_str(body);
    let event = kind.read(&mut deserializer, interest).ok()?;
    let end = deserializer.into_iter::<IgnoredAny>().byte_offset();
    (body.get(end..)?.trim_matches(WHITE) == "}").then_some(event)
}

/// Whether an event is none of ours, as far as can be told without reading its body.
fn is_foreign(kind: Kind, body: &str, interest: &Interest) -> bool {
    match kind {
        Kind::Foreign => true,
        Kind::MessageCreate
        | Kind::MessageUpdate
        | Kind::MessageDelete
        | Kind::MessageDeleteBulk => {
            !interest.is_every_channel() && !may_name_channel(body, interest)
        }
        Kind::Ready
        | Kind::Resumed
        | Kind::InteractionCreate
        | Kind::InteractionSuccess
        | Kind::InteractionFailure
        | Kind::InteractionModalCreate
        | Kind::InteractionIframeModalCreate => false,
    }
}

/// Whether some `channel_id` in a body is a channel of ours, or is written in a way that only a real reader knows.
fn may_name_channel(body: &str, interest: &Interest) -> bool {
    const KEY: &[u8] = b"\"channel_id\"";
    memmem::find_iter(body.as_bytes(), KEY).any(|at| {
        let value = body[at + KEY.len()..].trim_start_matches([' ', '\t', '\n', '\r', ':', '"']);
        let digits = value.bytes().take_while(u8::is_ascii_digit).count();
        value[..digits]
            .parse()
            .map_or(!value.starts_with("null"), |id| {
                interest.has_channel(ChannelId(id))
            })
    })
}

/// The keys in front of `d`, when they are all there is to know about a frame that is not ours.
struct Prefix<'a> {
    sequence: u64,
    name: &'a str,
    /// From `d`'s value to the end of the frame.
    body: &'a str,
}

impl<'a> Prefix<'a> {
    /// Reads `op`, `s` and `t` as long as they are plain and stand before `d`; `None` leaves the frame to serde.
    fn read(text: &'a str) -> Option<Self> {
        let (mut op, mut sequence, mut name) = (None, None, None);
        let mut rest = text.trim_start_matches(WHITE).strip_prefix('{')?;
        loop {
            let (key, value) = plain_string(rest.trim_start_matches(WHITE))?;
            let value = value
                .trim_start_matches(WHITE)
                .strip_prefix(':')?
                .trim_start_matches(WHITE);
            let after = match key {
                "op" => plain_number(value, &mut op)?,
                "s" => plain_number(value, &mut sequence)?,
                "t" => {
                    let (text, after) = plain_string(value)?;
                    name = Some(text);
                    after
                }
                "d" if op == Some(0) => {
                    return Some(Self {
                        sequence: sequence?,
                        name: name?,
                        body: value,
                    });
                }
                _ => return None,
            };
            rest = after.trim_start_matches(WHITE).strip_prefix(',')?;
        }
    }
}

const WHITE: [char; 4] = [' ', '\t', '\n', '\r'];

/// A string without escapes, and what follows it.
fn plain_string(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix('"')?;
    let end = text.find(['"', '\\'])?;
    let after = text[end..].strip_prefix('"')?;
    Some((&text[..end], after))
}

/// A whole number, and what follows it.
fn plain_number<'a>(text: &'a str, into: &mut Option<u64>) -> Option<&'a str> {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    *into = Some(text[..end].parse().ok()?);
    Some(&text[end..])
}

/// The events that we read.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Ready,
    Resumed,
    MessageCreate,
    MessageUpdate,
    MessageDelete,
    MessageDeleteBulk,
    InteractionCreate,
    InteractionSuccess,
    InteractionFailure,
    InteractionModalCreate,
    InteractionIframeModalCreate,
    Foreign,
}

impl Kind {
    fn of(name: &str) -> Self {
        match name {
            "READY" => Self::Ready,
            "RESUMED" => Self::Resumed,
            "MESSAGE_CREATE" => Self::MessageCreate,
            "MESSAGE_UPDATE" => Self::MessageUpdate,
            "MESSAGE_DELETE" => Self::MessageDelete,
            "MESSAGE_DELETE_BULK" => Self::MessageDeleteBulk,
            "INTERACTION_CREATE" => Self::InteractionCreate,
            "INTERACTION_SUCCESS" => Self::InteractionSuccess,
            "INTERACTION_FAILURE" => Self::InteractionFailure,
            "INTERACTION_MODAL_CREATE" => Self::InteractionModalCreate,
            "INTERACTION_IFRAME_MODAL_CREATE" => Self::InteractionIframeModalCreate,
            _ => Self::Foreign,
        }
    }

    /// Reads `d` of this event.
    fn read<'de, D: Deserializer<'de>>(
        self,
        body: D,
        interest: &Interest,
    ) -> Result<Event<'de>, D::Error> {
        let event = match self {
            Self::Ready => Event::Ready(Ready::from(WireReady::deserialize(body)?)),
            Self::Resumed => {
                IgnoredAny::deserialize(body)?;
                Event::Resumed
            }
            Self::MessageCreate => Event::MessageCreate(Deserialize::deserialize(body)?),
            Self::MessageUpdate => Event::MessageUpdate(Deserialize::deserialize(body)?),
            Self::MessageDelete => Event::MessageDelete(Deserialize::deserialize(body)?),
            Self::MessageDeleteBulk => Event::MessageDeleteBulk(Deserialize::deserialize(body)?),
            Self::InteractionCreate => Event::InteractionCreate(Deserialize::deserialize(body)?),
            Self::InteractionSuccess => Event::InteractionSuccess(Deserialize::deserialize(body)?),
            Self::InteractionFailure => Event::InteractionFailure(Deserialize::deserialize(body)?),
            Self::InteractionModalCreate => {
                Event::InteractionModalCreate(Deserialize::deserialize(body)?)
            }
            Self::InteractionIframeModalCreate => {
                Event::InteractionIframeModalCreate(Deserialize::deserialize(body)?)
            }
            Self::Foreign => {
                IgnoredAny::deserialize(body)?;
                Event::Foreign
            }
        };
        let is_ours = match &event {
            Event::MessageCreate(message) => interest.has_message(message),
            Event::MessageUpdate(message) => interest.has_channel(message.channel_id),
            Event::MessageDelete(deleted) => interest.has_channel(deleted.channel_id),
            Event::MessageDeleteBulk(deleted) => interest.has_channel(deleted.channel_id),
            Event::Ready(_)
            | Event::Resumed
            | Event::InteractionCreate(_)
            | Event::InteractionSuccess(_)
            | Event::InteractionFailure(_)
            | Event::InteractionModalCreate(_)
            | Event::InteractionIframeModalCreate(_)
            | Event::Foreign
            | Event::Malformed { .. } => true,
        };
        Ok(if is_ours { event } else { Event::Foreign })
    }
}

/// A key of the envelope.
enum Key {
    Op,
    Sequence,
    Name,
    Body,
    Other,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl de::Visitor<'_> for KeyVisitor {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_str<E>(self, key: &str) -> Result<Key, E> {
                Ok(match key {
                    "op" => Key::Op,
                    "s" => Key::Sequence,
                    "t" => Key::Name,
                    "d" => Key::Body,
                    _ => Key::Other,
                })
            }
        }

        deserializer.deserialize_identifier(KeyVisitor)
    }
}

/// Text that is borrowed when it has no escapes; null is none.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow, deserialize_with = "crate::lenient::text")] Option<Cow<'a, str>>);

#[derive(Deserialize)]
struct Number(#[serde(deserialize_with = "crate::lenient::number")] Option<u64>);

#[derive(Deserialize)]
struct Truth(#[serde(deserialize_with = "crate::lenient::truth")] bool);

#[derive(Deserialize)]
struct HelloBody {
    heartbeat_interval: u64,
}

fn read_in_one_pass<'a>(text: &'a str, interest: &Interest) -> serde_json::Result<Frame<'a>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let frame = deserializer.deserialize_map(FrameVisitor { interest })?;
    deserializer.end()?;
    Ok(frame)
}

struct FrameVisitor<'i> {
    interest: &'i Interest,
}

impl<'de> de::Visitor<'de> for FrameVisitor<'_> {
    type Value = Frame<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a gateway frame")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Frame<'de>, A::Error> {
        let (mut op, mut sequence, mut name) = (None, None, None);
        let (mut body, mut event): (Option<&'de RawValue>, Option<Event<'de>>) = (None, None);
        while let Some(key) = map.next_key()? {
            match key {
                Key::Op => op = map.next_value::<Number>()?.0,
                Key::Sequence => sequence = map.next_value::<Number>()?.0,
                Key::Name => name = map.next_value::<Name<'de>>()?.0,
                Key::Body => match (op, &name) {
                    (Some(0), Some(name)) => {
                        event = Some(map.next_value_seed(BodySeed {
                            kind: Kind::of(name),
                            interest: self.interest,
                        })?);
                    }
                    _ => body = Some(map.next_value()?),
                },
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let op = op.ok_or_else(|| de::Error::missing_field("op"))?;
        if op == 0 {
            let event = match event {
                Some(event) => event,
                None => read_body(name, body, self.interest),
            };
            return Ok(Frame::Dispatch { sequence, event });
        }
        Ok(control(op, body))
    }
}

struct BodySeed<'i> {
    kind: Kind,
    interest: &'i Interest,
}

impl<'de> de::DeserializeSeed<'de> for BodySeed<'_> {
    type Value = Event<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Event<'de>, D::Error> {
        self.kind.read(deserializer, self.interest)
    }
}

/// Reads a body that was set aside.
fn read_body<'a>(
    name: Option<Cow<'a, str>>,
    body: Option<&'a RawValue>,
    interest: &Interest,
) -> Event<'a> {
    let Some(name) = name else {
        return Event::Malformed {
            name: Cow::Borrowed(""),
        };
    };
    let kind = Kind::of(&name);
    let text = body.map_or("null", RawValue::get);
    kind.read(&mut serde_json::Deserializer::from_str(text), interest)
        .unwrap_or(Event::Malformed { name })
}

/// Reads a frame whose body could not be read: its number still counts.
fn read_envelope(text: &str) -> Option<Frame<'_>> {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(deserialize_with = "crate::lenient::number")]
        op: Option<u64>,
        #[serde(default, deserialize_with = "crate::lenient::number")]
        s: Option<u64>,
        #[serde(borrow, default, deserialize_with = "crate::lenient::text")]
        t: Option<Cow<'a, str>>,
        #[serde(borrow, default)]
        d: Option<&'a RawValue>,
    }
    let envelope: Envelope<'_> = serde_json::from_str(text).ok()?;
    let op = envelope.op?;
    if op == 0 {
        let event = Event::Malformed {
            name: envelope.t.unwrap_or_default(),
        };
        return Some(Frame::Dispatch {
            sequence: envelope.s,
            event,
        });
    }
    Some(control(op, envelope.d))
}

/// A frame that steers the connection.
fn control<'a>(op: u64, body: Option<&RawValue>) -> Frame<'a> {
    let body = body.map_or("null", RawValue::get);
    match op {
        1 => Frame::HeartbeatRequest,
        7 => Frame::Reconnect,
        9 => Frame::InvalidSession {
            resumable: serde_json::from_str(body).is_ok_and(|Truth(resumable)| resumable),
        },
        10 => serde_json::from_str(body)
            .map_or(Frame::Unknown, |HelloBody { heartbeat_interval }| {
                Frame::Hello { heartbeat_interval }
            }),
        11 => Frame::HeartbeatAck,
        _ => Frame::Unknown,
    }
}
