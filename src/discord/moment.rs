//! Time as an input. This crate never asks what time it is.

use std::{ops::Add, time::Duration};

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z, by the wall clock; may jump.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(transparent)]
pub struct UnixMs(pub u64);

impl UnixMs {
    /// The time `by` later, saturating.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX)),
        )
    }

    /// The time `by` earlier, saturating at zero.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(u64::try_from(by.as_millis()).unwrap_or(u64::MAX)),
        )
    }

    /// How long it is since `earlier`; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// One reading of both clocks of this machine, taken together by the driver.
///
/// Timers run on `boot`, which never jumps and also counts while the machine sleeps (`CLOCK_BOOTTIME`); records that
/// outlive the machine carry `unix`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Moment {
    /// Time since the machine started.
    pub boot: Duration,
    /// Wall-clock time.
    pub unix: UnixMs,
}

impl Moment {
    /// The reading of `boot` at which wall-clock time `at` is due, if neither clock jumps.
    pub fn boot_at(self, at: UnixMs) -> Duration {
        if at >= self.unix {
            self.boot.saturating_add(at.since(self.unix))
        } else {
            self.boot.saturating_sub(self.unix.since(at))
        }
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, by: Duration) -> Self {
        Self {
            boot: self.boot.saturating_add(by),
            unix: self.unix.plus(by),
        }
    }
}
