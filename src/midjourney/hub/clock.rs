//! Discord's clock as far as it can be told from here: its ids carry it, and ours may be wrong.

use std::time::Duration;

use mj_discord::{Moment, UnixMs};

use super::Hub;

/// Less than this is not a difference: `Date` has whole seconds.
const SAME: i64 = 2_000;

impl Hub {
    /// It is now this time. When the wall clock has jumped, Discord's has not: what is believed of it goes on with the
    /// boot clock.
    pub(super) fn note_time(&mut self, now: Moment) {
        let jump = ahead_of_boot(now).saturating_sub(ahead_of_boot(self.now));
        self.skew = self.skew.saturating_sub(jump);
        self.now = now;
    }

    /// The time by Discord's clock.
    pub(super) fn discord_time(&self) -> UnixMs {
        UnixMs(self.now.unix.0.saturating_add_signed(self.skew))
    }

    /// A time of Discord's clock, as `<t:…>` has it, by ours.
    pub(super) fn of_discord_time(&self, at: UnixMs) -> UnixMs {
        UnixMs(at.0.saturating_add_signed(-self.skew))
    }

    /// The reading of the boot clock at a time of Discord's clock.
    pub(super) fn boot_of_discord_time(&self, at: UnixMs) -> Duration {
        self.now.boot_at(self.of_discord_time(at))
    }

    /// Something was made at this time of Discord's clock, and is here already.
    pub(super) fn note_clock(&mut self, made_at: UnixMs) {
        let before = self.discord_time();
        if made_at <= before {
            return;
        }
        self.skew = difference(made_at, self.now.unix);
        if difference(made_at, before) > SAME {
            self.date_attempts();
        }
    }

    /// The `Date` of an answer of Discord's to a request that left so long ago: it was written at some time since.
    pub(super) fn note_date(&mut self, headers: &[(String, String)], took: Duration) {
        let date = headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("date"))
            .and_then(|(_, value)| read_date(value));
        let skew = date.map(|date| {
            // Cut to the second on its way out.
            let least = difference(date.plus(Duration::from_millis(500)), self.now.unix);
            let took = i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
            self.skew.clamp(least, least.saturating_add(took))
        });
        let is_first = !std::mem::replace(&mut self.knows_clock, true);
        let skew = skew.filter(|skew| skew.saturating_sub(self.skew).abs() > SAME);
        self.skew = skew.unwrap_or(self.skew);
        if is_first || skew.is_some() {
            self.date_attempts();
        }
        if is_first {
            self.end_requests_of_the_dead();
        }
    }

    /// What was believed of Discord's clock was wrong, or a guess; so are the times of this owner's attempts.
    fn date_attempts(&mut self) {
        let (now, boot) = (self.discord_time(), self.now.boot);
        let knows_clock = self.knows_clock;
        let mut dated = Vec::new();
        for (id, item) in self.tasks.all_whole_mut() {
            if item.task.view.status.is_terminal() && item.task.work.key_held_until.is_none() {
                continue;
            }
            for (attempt, made) in item.task.work.attempts.iter_mut().zip(&item.made) {
                let Some(made_at) = made.at else { continue };
                let at = now.minus(boot.saturating_sub(made_at));
                let off = difference(at, attempt.at);
                let was_undated = attempt.undated && knows_clock;
                if was_undated {
                    attempt.undated = false;
                }
                if off.abs() > SAME {
                    attempt.at = at;
                    attempt.ended_at = attempt
                        .ended_at
                        .map(|ended| UnixMs(ended.0.saturating_add_signed(off)));
                }
                if was_undated || off.abs() > SAME {
                    dated.push(id);
                }
            }
        }
        for id in dated {
            self.set_holder(id);
            self.outbox.mark(id, false);
            self.has_learnt = true;
        }
        self.look_again();
    }
}

/// How far the wall clock is ahead of the boot clock, in milliseconds.
fn ahead_of_boot(now: Moment) -> i64 {
    let boot = u64::try_from(now.boot.as_millis()).unwrap_or(u64::MAX);
    difference(now.unix, UnixMs(boot))
}

fn difference(theirs: UnixMs, ours: UnixMs) -> i64 {
    i64::try_from(theirs.0)
        .unwrap_or(i64::MAX)
        .saturating_sub(i64::try_from(ours.0).unwrap_or(i64::MAX))
}

/// Reads `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7).
fn read_date(text: &str) -> Option<UnixMs> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let mut words = text.split_once(", ")?.1.split(' ');
    let day: u64 = words.next()?.parse().ok()?;
    let month = words.next()?;
    let month = u64::try_from(MONTHS.iter().position(|name| *name == month)?).ok()? + 1;
    let year: u64 = words
        .next()?
        .parse()
        .ok()
        .filter(|year| (1970..10_000).contains(year))?;
    let mut time = words
        .next()?
        .split(':')
        .map(|part| part.parse::<u64>().ok().filter(|part| *part < 61));
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    if words.next()? != "GMT" || !(1..=31).contains(&day) {
        return None;
    }
    // Days since 1970-01-01 in the Gregorian calendar, counted in years that begin with March.
    let (shifted_year, shifted_month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = shifted_year / 4 - shifted_year / 100 + shifted_year / 400;
    let days = (365 * shifted_year + leap_days + (153 * shifted_month + 2) / 5 + day - 1)
        .checked_sub(719_468)?;
    Some(UnixMs(
        (((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_date_of_an_answer() {
        assert_eq!(
            read_date("Sun, 06 Nov 1994 08:49:37 GMT"),
            Some(UnixMs(784_111_777_000))
        );
        assert_eq!(
            read_date("Thu, 29 Feb 2024 00:00:00 GMT"),
            Some(UnixMs(1_709_164_800_000))
        );
        assert_eq!(read_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(UnixMs(0)));
        assert_eq!(read_date("yesterday"), None);
    }
}
