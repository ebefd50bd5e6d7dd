//! Discord's ids: 64 bits that carry the time they were made at.

use std::{borrow::Cow, fmt, num::ParseIntError, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{UnixMs, lenient};

/// 2015-01-01T00:00:00Z in milliseconds since the Unix epoch, where snowflakes start to count (Discord's reference, "Snowflakes").
pub const DISCORD_EPOCH_MS: u64 = 1_420_070_400_000;

/// The smallest snowflake that can have been made at `at`; what comes after it in a channel has a larger id.
pub fn snowflake_at(at: UnixMs) -> u64 {
    at.0.saturating_sub(DISCORD_EPOCH_MS) << 22
}

/// The wall-clock time, by Discord's clock, at which a snowflake was made.
pub fn made_at(snowflake: u64) -> UnixMs {
    UnixMs((snowflake >> 22) + DISCORD_EPOCH_MS)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(pub u64);

        impl $name {
            /// When it was made, by Discord's clock.
            pub fn made_at(self) -> UnixMs {
                made_at(self.0)
            }
        }

        impl From<u64> for $name {
            fn from(id: u64) -> Self {
                Self(id)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(SnowflakeVisitor).map(Self)
            }
        }
    )*};
}

ids! {
    /// An application: the Midjourney bot, the niji bot.
    ApplicationId
    /// An attachment.
    AttachmentId
    /// A channel.
    ChannelId
    /// An application command.
    CommandId
    /// A version of an application command: it carries the time that version was made at.
    CommandVersion
    /// A guild ("server" in Discord's window).
    GuildId
    /// An interaction: a command, a press or a modal that was accepted by Discord.
    InteractionId
    /// A message.
    MessageId
    /// A user, also a bot's.
    UserId
}

struct SnowflakeVisitor;

impl<'de> de::Visitor<'de> for SnowflakeVisitor {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a snowflake as a string or a number")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
        text.parse()
            .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<u64, E> {
        Ok(number)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<u64, E> {
        u64::try_from(number).map_err(|_| E::invalid_value(de::Unexpected::Signed(number), &self))
    }

    // A refused list or object is read to its end, so that a reader that can do without the id goes on behind it.
    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<u64, A::Error> {
        lenient::drain_seq(&mut seq)?;
        Err(de::Error::invalid_type(de::Unexpected::Seq, &self))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<u64, A::Error> {
        lenient::drain_map(&mut map)?;
        Err(de::Error::invalid_type(de::Unexpected::Map, &self))
    }
}

/// What a client sends with a message or an interaction so that it knows the answer again: at most 25 characters.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Nonce(String);

impl Nonce {
    /// Wraps a nonce as Discord echoed it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A nonce in the official client's form: a snowflake of `at` whose lower 22 bits are `random`'s.
    pub fn at(at: UnixMs, random: u64) -> Self {
        Self((snowflake_at(at) | (random & 0x3F_FFFF)).to_string())
    }

    /// The text as sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Nonce {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NonceVisitor;

        impl de::Visitor<'_> for NonceVisitor {
            type Value = Nonce;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a nonce as a string or a number")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Nonce, E> {
                Ok(Nonce(text.to_owned()))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Nonce, E> {
                Ok(Nonce(number.to_string()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Nonce, E> {
                Ok(Nonce(number.to_string()))
            }
        }

        deserializer.deserialize_any(NonceVisitor)
    }
}

impl From<Nonce> for Cow<'_, str> {
    fn from(nonce: Nonce) -> Self {
        Cow::Owned(nonce.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carries_the_time_it_was_made_at() {
        // Discord's own example: 175928847299117063 was made at 2016-04-30 11:18:25.796 UTC.
        assert_eq!(
            MessageId(175_928_847_299_117_063).made_at(),
            UnixMs(1_462_015_105_796)
        );
        assert_eq!(
            snowflake_at(UnixMs(1_462_015_105_796)),
            175_928_847_299_117_063 >> 22 << 22
        );
    }

    #[test]
    fn reads_strings_and_numbers_and_writes_strings() {
        assert_eq!(
            serde_json::from_str::<MessageId>("\"12\"").unwrap(),
            MessageId(12)
        );
        assert_eq!(
            serde_json::from_str::<MessageId>("12").unwrap(),
            MessageId(12)
        );
        assert_eq!(serde_json::to_string(&MessageId(12)).unwrap(), "\"12\"");
        assert!(serde_json::from_str::<MessageId>("\"x\"").is_err());
        assert!(serde_json::from_str::<MessageId>("-1").is_err());
    }

    #[test]
    fn a_nonce_fits_discords_limit() {
        let nonce = Nonce::at(UnixMs(4_000_000_000_000), u64::MAX);
        assert!(nonce.as_str().len() <= 25);
        assert_eq!(
            serde_json::from_str::<Nonce>("1405").unwrap(),
            Nonce::new("1405")
        );
    }
}
