//! UTC in words, by arithmetic: libc's calendar reads the environment.

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A moment by the calendar.
struct Civil {
    year: u64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
    millis: u64,
}

impl Civil {
    fn of(unix_ms: u64) -> Self {
        let (seconds, millis) = (unix_ms / 1_000, unix_ms % 1_000);
        let (days, second) = (seconds / 86_400, seconds % 86_400);
        // Days to a civil date, counting years from March so that a leap day ends one.
        let shifted = days + 719_468;
        let era = shifted / 146_097;
        let day_of_era = shifted % 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let (month, next_year) = if month < 10 {
            (month + 3, 0)
        } else {
            (month - 9, 1)
        };
        Self {
            year: year_of_era + era * 400 + next_year,
            month,
            day,
            hour: second / 3_600,
            minute: second / 60 % 60,
            second: second % 60,
            millis,
        }
    }

    fn month_name(&self) -> &'static str {
        usize::try_from(self.month - 1)
            .ok()
            .and_then(|month| MONTHS.get(month))
            .unwrap_or(&"Jan")
    }
}

/// As RFC 3339 writes it: `2026-05-28T20:26:40.123Z`.
pub(crate) fn rfc3339(unix_ms: u64) -> String {
    let Civil {
        year,
        month,
        day,
        hour,
        minute,
        second,
        millis,
    } = Civil::of(unix_ms);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// As RFC 3164 writes it: `May 28 20:26:40`.
pub(super) fn rfc3164(unix_ms: u64) -> String {
    let at = Civil::of(unix_ms);
    format!(
        "{} {:2} {:02}:{:02}:{:02}",
        at.month_name(),
        at.day,
        at.hour,
        at.minute,
        at.second
    )
}

/// As PHP's error log has it: `28-May-2026 20:26:40 UTC`.
pub(super) fn clf(unix_ms: u64) -> String {
    let at = Civil::of(unix_ms);
    format!(
        "{:02}-{}-{:04} {:02}:{:02}:{:02} UTC",
        at.day,
        at.month_name(),
        at.year,
        at.hour,
        at.minute,
        at.second
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_time_in_utc() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(rfc3339(1_780_000_000_123), "2026-05-28T20:26:40.123Z");
        assert_eq!(rfc3164(951_782_400_000), "Feb 29 00:00:00");
        assert_eq!(rfc3164(5_000), "Jan  1 00:00:05");
        assert_eq!(clf(1_780_000_000_123), "28-May-2026 20:26:40 UTC");
    }
}
