//! How long to wait before the next connection, how often one may send, and when the heart beats.

use std::{collections::VecDeque, fmt, time::Duration};

/// Randomness from outside.
pub(crate) struct Entropy(Box<dyn FnMut() -> u64 + Send>);

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy(..)")
    }
}

impl Entropy {
    pub(crate) fn new(source: Box<dyn FnMut() -> u64 + Send>) -> Self {
        Self(source)
    }

    /// A time between two, evenly spread.
    pub(crate) fn between(&mut self, least: Duration, most: Duration) -> Duration {
        least + most.saturating_sub(least).mul_f64(self.fraction())
    }

    /// A number of 0..1.
    #[allow(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
    pub(crate) fn fraction(&mut self) -> f64 {
        ((self.0)() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Waits that double with each failure in a row. A failure is a connection that was not healthy for a while: neither
/// the handshake nor READY alone ends the row.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The first retry comes within this.
    const FIRST: Duration = Duration::from_millis(250);
    /// Later ones never come sooner, whatever the dice say.
    const LEAST: Duration = Duration::from_millis(500);
    /// The longest wait.
    const MOST: Duration = Duration::from_secs(60);
    /// READY or RESUMED and this long without trouble end the row.
    pub(crate) const HEALTHY: Duration = Duration::from_secs(30);

    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// The wait before the next connection.
    pub(crate) fn next(&mut self, entropy: &mut Entropy) -> Duration {
        let wait = match self.failures {
            0 => entropy.between(Duration::ZERO, Self::FIRST),
            failures => {
                let most = Duration::from_secs(1 << (failures - 1).min(6)).min(Self::MOST);
                entropy.between(Duration::ZERO, most).max(Self::LEAST)
            }
        };
        self.failures = self.failures.saturating_add(1);
        wait
    }
}

/// What may be sent on one connection: the gateway closes with 4008 beyond 120 payloads in 60 s ("Rate Limiting").
/// Five are left for heartbeats, which do not ask.
#[derive(Debug, Default)]
pub(crate) struct SendBudget {
    sent: VecDeque<Duration>,
}

impl SendBudget {
    const PAYLOADS: usize = 115;
    const WINDOW: Duration = Duration::from_secs(60);

    pub(crate) fn reset(&mut self) {
        self.sent.clear();
    }

    /// Takes one, or says when there is one again.
    pub(crate) fn take(&mut self, now: Duration) -> Result<(), Duration> {
        while self
            .sent
            .front()
            .is_some_and(|&at| at + Self::WINDOW <= now)
        {
            self.sent.pop_front();
        }
        match self.sent.front() {
            Some(&oldest) if self.sent.len() >= Self::PAYLOADS => Err(oldest + Self::WINDOW),
            Some(_) | None => {
                self.sent.push_back(now);
                Ok(())
            }
        }
    }
}

/// The heartbeat of one connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heart {
    interval: Duration,
    /// When the next one is due.
    pub(crate) next: Duration,
    is_acknowledged: bool,
}

/// What a due heart asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Beat {
    NotDue,
    Send,
    /// The last one was never acknowledged: the connection is a zombie.
    Missed,
}

impl Heart {
    /// Intervals outside of this are not believed.
    const SANE: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(10 * 60));

    /// Begins with HELLO; the first beat comes after a random part of the interval.
    pub(crate) fn new(now: Duration, interval: Duration, entropy: &mut Entropy) -> Self {
        let interval = interval.clamp(Self::SANE.0, Self::SANE.1);
        Self {
            interval,
            next: now + interval.mul_f64(entropy.fraction()),
            is_acknowledged: true,
        }
    }

    /// The last beat was acknowledged; tells how long that took, once.
    pub(crate) fn acknowledge(&mut self, now: Duration) -> Option<Duration> {
        let is_first = !std::mem::replace(&mut self.is_acknowledged, true);
        is_first.then(|| (now + self.interval).saturating_sub(self.next))
    }

    /// A beat was sent.
    pub(crate) fn sent(&mut self, now: Duration) {
        self.is_acknowledged = false;
        self.next = now + self.interval;
    }

    pub(crate) fn check(&self, now: Duration) -> Beat {
        if now < self.next {
            Beat::NotDue
        } else if self.is_acknowledged {
            Beat::Send
        } else {
            Beat::Missed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entropy(value: u64) -> Entropy {
        Entropy::new(Box::new(move || value))
    }

    #[test]
    fn waits_double_up_to_a_minute() {
        let (mut backoff, mut most) = (Backoff::default(), entropy(u64::MAX));
        let waits: Vec<u128> = (0..9)
            .map(|_| backoff.next(&mut most).as_millis())
            .collect();
        assert_eq!(
            waits,
            [250, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000]
        );
        backoff.reset();
        assert!(backoff.next(&mut most) <= Backoff::FIRST);
    }

    #[test]
    fn unlucky_dice_make_no_storm() {
        let (mut backoff, mut least) = (Backoff::default(), entropy(0));
        assert_eq!(backoff.next(&mut least), Duration::ZERO);
        assert_eq!(backoff.next(&mut least), Backoff::LEAST);
    }

    #[test]
    fn sends_stop_before_discords_limit() {
        let mut budget = SendBudget::default();
        for _ in 0..115 {
            assert_eq!(budget.take(Duration::from_secs(5)), Ok(()));
        }
        assert_eq!(
            budget.take(Duration::from_secs(64)),
            Err(Duration::from_secs(65))
        );
        assert_eq!(budget.take(Duration::from_secs(65)), Ok(()));
    }

    #[test]
    fn a_heart_misses_one_acknowledgement_only() {
        let mut heart = Heart::new(
            Duration::ZERO,
            Duration::from_secs(40),
            &mut entropy(1 << 63),
        );
        assert_eq!(heart.next, Duration::from_secs(20));
        assert_eq!(heart.check(Duration::from_secs(19)), Beat::NotDue);
        assert_eq!(heart.check(Duration::from_secs(20)), Beat::Send);
        heart.sent(Duration::from_secs(20));
        assert_eq!(heart.check(Duration::from_secs(60)), Beat::Missed);
        let took = heart.acknowledge(Duration::from_secs(21));
        assert_eq!(took, Some(Duration::from_secs(1)));
        assert_eq!(heart.acknowledge(Duration::from_secs(22)), None);
        assert_eq!(heart.check(Duration::from_secs(60)), Beat::Send);
    }
}
