//! Midjourney's name for a job: a UUID that stands in `custom_id`s, file names and links.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The id of a Midjourney job. Every result has its own, also an upscale out of a grid.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct JobId(pub u128);

/// Length of a UUID's usual text, `8-4-4-4-12`.
const TEXT_LENGTH: usize = 36;

/// A text that is no UUID.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a job uuid: expected 8-4-4-4-12 hexadecimal digits")]
pub struct InvalidJobId;

impl JobId {
    /// The last UUID that stands in `text`, as in `user_some_words_<uuid>.png` or `<uuid>_grid_0.webp`.
    pub fn last_in(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        (0..=bytes.len().checked_sub(TEXT_LENGTH)?)
            .rev()
            .find_map(|at| {
                let id = read(&bytes[at..at + TEXT_LENGTH])?;
                let hex_before = at
                    .checked_sub(1)
                    .is_some_and(|before| bytes[before].is_ascii_hexdigit());
                let hex_after = bytes
                    .get(at + TEXT_LENGTH)
                    .is_some_and(u8::is_ascii_hexdigit);
                (!hex_before && !hex_after).then_some(id)
            })
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobId({self})")
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.0;
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            id >> 96,
            (id >> 80) & 0xFFFF,
            (id >> 64) & 0xFFFF,
            (id >> 48) & 0xFFFF,
            id & 0xFFFF_FFFF_FFFF
        )
    }
}

impl FromStr for JobId {
    type Err = InvalidJobId;

    fn from_str(text: &str) -> Result<Self, InvalidJobId> {
        read(text.as_bytes()).ok_or(InvalidJobId)
    }
}

impl Serialize for JobId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for JobId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct JobIdVisitor;

        impl de::Visitor<'_> for JobIdVisitor {
            type Value = JobId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a job uuid")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<JobId, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(JobIdVisitor)
    }
}

fn read(bytes: &[u8]) -> Option<JobId> {
    if bytes.len() != TEXT_LENGTH {
        return None;
    }
    let mut id = 0_u128;
    for (at, &byte) in bytes.iter().enumerate() {
        if matches!(at, 8 | 13 | 18 | 23) {
            if byte != b'-' {
                return None;
            }
        } else {
            id = (id << 4) | u128::from(char::from(byte).to_digit(16)?);
        }
    }
    Some(JobId(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "0ddb91a0-af46-4ae9-8e8e-c271074eb6e6";

    #[test]
    fn writes_what_it_read() {
        let id: JobId = UUID.parse().unwrap();
        assert_eq!(id.to_string(), UUID);
        assert_eq!(
            serde_json::from_str::<JobId>(&serde_json::to_string(&id).unwrap()).unwrap(),
            id
        );
        assert!("0ddb91a0".parse::<JobId>().is_err());
        assert!(serde_json::from_str::<JobId>("3").is_err());
    }

    #[test]
    fn finds_the_last_one_in_a_file_name() {
        let id: JobId = UUID.parse().unwrap();
        let other = "11111111-2222-3333-4444-555555555555";
        for name in [
            format!("u123_{other}_words_{UUID}.png"),
            format!("{UUID}_grid_0.webp"),
            format!("{UUID}_2_step_11.jpeg"),
            format!("{UUID}_1_720_N.mp4"),
            format!("雨_{UUID}.webp"),
        ] {
            assert_eq!(JobId::last_in(&name), Some(id), "{name}");
        }
        assert_eq!(JobId::last_in("a.png"), None);
        assert_eq!(JobId::last_in(""), None);
    }
}
