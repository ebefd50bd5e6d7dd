//! Until when this process may act for a hub, on the clock that also counts while the machine sleeps.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use mj_process::clock;

/// How long before the lease's end the last body may begin to go out: it must be with Discord by then, for the next
/// owner sees only what has arrived.
pub(crate) const MARGIN: Duration = Duration::from_secs(2);

/// The end of a hub's lease as its owner knows it; shared with the bodies of requests under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fence(Arc<AtomicU64>);

impl Fence {
    /// Moves the end to this reading of `CLOCK_BOOTTIME`.
    pub(crate) fn extend_to(&self, until: Duration) {
        self.0.store(
            u64::try_from(until.as_millis()).unwrap_or(u64::MAX),
            Ordering::Release,
        );
    }

    /// Ends it: nothing goes out any more.
    pub(crate) fn close(&self) {
        self.0.store(0, Ordering::Release);
    }

    /// Whether an interaction may still go out now.
    pub(crate) fn is_open(&self) -> bool {
        let until = Duration::from_millis(self.0.load(Ordering::Acquire));
        let margin = if cfg!(mj_mutation = "lease_margin") {
            Duration::ZERO
        } else {
            MARGIN
        };
        clock::boot() + margin < until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closes_before_the_end() {
        let fence = Fence::default();
        assert!(!fence.is_open());
        fence.extend_to(clock::boot() + Duration::from_secs(60));
        assert!(fence.is_open());
        fence.extend_to(clock::boot() + Duration::from_secs(1));
        assert!(!fence.is_open());
        fence.extend_to(clock::boot() + Duration::from_secs(60));
        fence.close();
        assert!(!fence.is_open());
    }
}
