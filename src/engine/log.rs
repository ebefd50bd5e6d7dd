//! `mj.log`: what the engine thread has to say, a line each, appended to a file. Never a token, a prompt or a signed
//! address: events carry ids, codes and causes only.

use std::{
    fmt::{self, Write as _},
    fs::{File, OpenOptions},
    io::{self, Write as _},
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use mj_process::clock;
use parking_lot::Mutex;
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

/// A subscriber that appends to a file, or drops everything. It is set for single threads, never for the process.
#[derive(Debug)]
pub(crate) struct Log {
    file: Option<Mutex<File>>,
    level: Level,
    spans: AtomicU64,
}

impl Log {
    /// Opens the file for appending, made with mode 0600 when it is missing.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn open(path: Option<&Path>, level: Level) -> io::Result<Self> {
        use std::os::unix::fs::OpenOptionsExt;
        let file = path
            .map(|path| {
                OpenOptions::new()
                    .create(true)
                    .append(true)
                    .mode(0o600)
                    .open(path)
            })
            .transpose()?
            .map(Mutex::new);
        Ok(Self {
            file,
            level,
            spans: AtomicU64::new(1),
        })
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.file.is_some()
            && *metadata.level() <= self.level
            && metadata.target().starts_with("mj_")
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed).max(1))
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let Some(file) = &self.file else { return };
        let mut line = format!(
            "{} {} {}",
            timestamp(clock::unix_ms()),
            std::process::id(),
            event.metadata().level()
        );
        event.record(&mut Line(&mut line));
        line.push('\n');
        // There is nobody to tell that the log cannot be written.
        let _ = file.lock().write_all(line.as_bytes());
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Line<'l>(&'l mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Line ends in a value would forge lines.
        let text = format!("{value:?}").replace(['\n', '\r'], " ");
        let _ = if field.name() == "message" {
            write!(self.0, " {text}")
        } else {
            write!(self.0, " {}={text}", field.name())
        };
    }
}

/// UTC as RFC 3339 writes it, by arithmetic: libc's calendar reads the environment.
pub(crate) fn timestamp(unix_ms: u64) -> String {
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
    let year = year_of_era + era * 400 + next_year;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_is_ours_and_loud_enough() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let log = Log::open(Some(file.path()), Level::INFO).unwrap();
        tracing::subscriber::with_default(log, || {
            tracing::info!(target: "mj_engine", hub = "abc", "this process owns\nthe hub");
            tracing::debug!(target: "mj_engine", "too quiet");
            tracing::error!(target: "hyper", "not ours");
        });
        let text = std::fs::read_to_string(file.path()).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(
            text.contains(" INFO this process owns the hub hub=\"abc\""),
            "{text}"
        );
    }

    #[test]
    fn tells_the_time_in_utc() {
        assert_eq!(timestamp(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(timestamp(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(timestamp(1_780_000_000_123), "2026-05-28T20:26:40.123Z");
    }
}
