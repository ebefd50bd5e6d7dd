//! Discord's ids and timestamps: how they are made, read and written. No clock is read here.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type Millis = u64;

/// First second of 2015 in Unix milliseconds, the epoch of Discord's ids
/// (<https://discord.com/developers/docs/reference#snowflakes>).
pub const DISCORD_EPOCH: Millis = 1_420_070_400_000;

/// An id: 42 bits of milliseconds since [`DISCORD_EPOCH`], then 22 bits that tell apart what the same millisecond made.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Snowflake(pub u64);

impl Snowflake {
    /// When the id was made.
    pub fn made(self) -> Millis {
        (self.0 >> 22) + DISCORD_EPOCH
    }
}

impl fmt::Display for Snowflake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Snowflake {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Serialize for Snowflake {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Makes ids that are unique and that grow with the given clock.
#[derive(Debug, Default)]
pub struct SnowflakeMaker {
    last: u64,
}

impl SnowflakeMaker {
    /// The next id at `now`; never equal to an earlier one, also when the clock stands or steps back.
    pub fn make(&mut self, now: Millis) -> Snowflake {
        let floor = now.saturating_sub(DISCORD_EPOCH) << 22;
        self.last = floor.max(self.last + 1);
        Snowflake(self.last)
    }
}

/// Writes a moment as Discord does: `2026-06-02T12:00:00.123000+00:00`.
pub fn timestamp(at: Millis) -> String {
    let (days, rest) = (at / 86_400_000, at % 86_400_000);
    let (year, month, day) = civil(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}000+00:00",
        rest / 3_600_000,
        rest / 60_000 % 60,
        rest / 1_000 % 60,
        rest % 1_000
    )
}

/// Year, month and day of a day counted from 1970-01-01.
fn civil(mut days: u64) -> (u64, u64, u64) {
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let mut year = 1970;
    loop {
        let length = if leap(year) { 366 } else { 365 };
        if days < length {
            break;
        }
        days -= length;
        year += 1;
    }
    let february = if leap(year) { 29 } else { 28 };
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_and_tell_their_time() {
        let mut maker = SnowflakeMaker::default();
        let now = 1_780_000_000_123;
        let (first, second) = (maker.make(now), maker.make(now));
        assert!(second > first);
        assert_eq!(first.made(), now);
        assert!(maker.make(now - 5) > second);
    }

    #[test]
    fn writes_timestamps_across_leap_years() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00.000000+00:00");
        assert_eq!(
            timestamp(1_709_210_096_007),
            "2024-02-29T12:34:56.007000+00:00"
        );
        assert_eq!(
            timestamp(1_735_689_599_999),
            "2024-12-31T23:59:59.999000+00:00"
        );
    }
}
