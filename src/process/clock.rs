//! The two clocks: time since boot, which counts sleep and never jumps, and the calendar.

use std::time::Duration;

use crate::futex;

/// Both clocks, read one after the other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Now {
    /// `CLOCK_BOOTTIME`: since the machine started, suspended time included. Leases and deadlines use
    /// it; it is comparable between processes of one host.
    pub boot: Duration,
    /// `CLOCK_REALTIME` in milliseconds since 1970-01-01 UTC. What is shown and stored uses it.
    pub unix_ms: u64,
}

/// Reads both clocks.
pub fn now() -> Now {
    Now {
        boot: boot(),
        unix_ms: unix_ms(),
    }
}

/// Time since boot, suspended time included.
pub fn boot() -> Duration {
    read(libc::CLOCK_BOOTTIME)
        .or_else(|| read(libc::CLOCK_MONOTONIC))
        .unwrap_or_default()
}

/// Milliseconds since 1970-01-01 UTC; 0 before that.
pub fn unix_ms() -> u64 {
    read(libc::CLOCK_REALTIME)
        .and_then(|time| u64::try_from(time.as_millis()).ok())
        .unwrap_or_default()
}

/// Milliseconds of a clock that is cheap and up to a timer tick (1 to 10 ms) late.
pub(crate) fn coarse_ms() -> u64 {
    read(libc::CLOCK_MONOTONIC_COARSE)
        .and_then(|time| u64::try_from(time.as_millis()).ok())
        .unwrap_or_default()
}

fn read(clock: libc::clockid_t) -> Option<Duration> {
    let mut time = futex::timespec(Duration::ZERO);
    // SAFETY: `time` is valid for writing for the length of the call.
    if unsafe { libc::clock_gettime(clock, &raw mut time) } != 0 {
        return None;
    }
    Some(Duration::new(
        u64::try_from(time.tv_sec).ok()?,
        u32::try_from(time.tv_nsec).ok()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_clocks_go_forward() {
        let before = now();
        let after = now();
        assert!(before.boot > Duration::ZERO);
        assert!(after.boot >= before.boot);
        // 2020-01-01: a machine that runs this has its calendar set.
        assert!(before.unix_ms > 1_577_836_800_000);
    }

    #[test]
    fn boot_time_is_the_kernels_uptime() {
        let text = std::fs::read_to_string("/proc/uptime").unwrap();
        let uptime: f64 = text.split(' ').next().unwrap().parse().unwrap();
        assert!((boot().as_secs_f64() - uptime).abs() < 5.0);
    }
}
