//! `mj.log`: what the engine has to say, a line each, in a file, in the system's log, or where PHP's own errors go.
//! Never a token or a signed address, and a prompt only where `mj.log_prompts` asks for it: events carry ids, codes and
//! causes.

mod file;
pub(crate) mod health;
mod line;
mod syslog;
mod time;

use std::{
    io::{self, Write as _},
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
};

use mj_process::{clock, is_writable};
use parking_lot::Mutex;
use tracing::{Event, Level, Metadata, Subscriber, span};

pub(crate) use self::{file::Rotation, line::Format, line::is_hidden, time::rfc3339 as timestamp};
use self::{
    file::{LogFile, Written},
    line::Line,
    syslog::Syslog,
};

/// Where the log goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Target {
    /// Appended to a file.
    File(PathBuf),
    /// To the system's log, which listens at this socket.
    Syslog(PathBuf),
    /// To where PHP's own errors go; [`Target::resolved`] says where that is.
    Php,
    /// Appended to PHP's own log file, whose lines have their own beginning.
    PhpFile(PathBuf),
    /// The process's standard error.
    StandardError,
}

impl Target {
    /// `syslog`, `syslog:/path/of/a/socket`, `php`, or a file.
    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "php" => Self::Php,
            "syslog" => Self::Syslog(syslog::SOCKET.into()),
            _ => match text.strip_prefix("syslog:") {
                Some(path) => Self::Syslog(path.into()),
                None => Self::File(text.into()),
            },
        }
    }

    /// PHP's own log by its ini entry `error_log`, read on PHP's thread: the engine's thread calls nothing of PHP's.
    pub(crate) fn resolved(self, error_log: &str) -> Self {
        match (self, error_log) {
            (Self::Php, "") => Self::StandardError,
            (Self::Php, "syslog") => Self::Syslog(syslog::SOCKET.into()),
            (Self::Php, path) => Self::PhpFile(path.into()),
            (target, _) => target,
        }
    }
}

/// What of it is set.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct LogSettings {
    /// Where it goes; none means no log.
    pub(crate) target: Option<Target>,
    /// What is loud enough.
    pub(crate) level: Level,
    /// How lines look.
    pub(crate) format: Format,
    /// Of a file.
    pub(crate) rotation: Rotation,
    /// Whether prompts are in it.
    pub(crate) prompts: bool,
}

#[derive(Debug)]
enum Sink {
    File(LogFile),
    PhpFile(LogFile),
    Syslog(Syslog),
    StandardError,
}

/// A subscriber that writes lines, or drops everything. It is set for single threads, never for the process.
#[derive(Debug)]
pub(crate) struct Log {
    settings: LogSettings,
    sink: Option<Mutex<Sink>>,
    spans: AtomicU64,
}

impl Log {
    /// Opens nothing yet.
    pub(crate) fn new(settings: &LogSettings) -> Self {
        let sink = settings.target.clone().map(|target| match target {
            Target::File(path) => Sink::File(LogFile::new(path, settings.rotation)),
            Target::PhpFile(path) => Sink::PhpFile(LogFile::new(path, Rotation::NEVER)),
            Target::Syslog(path) => Sink::Syslog(Syslog::new(path)),
            Target::Php | Target::StandardError => Sink::StandardError,
        });
        Self {
            settings: settings.clone(),
            sink: sink.map(Mutex::new),
            spans: AtomicU64::new(1),
        }
    }

    /// Opens it, so that one that cannot be written is known before there is something to say.
    pub(crate) fn probe(&self) {
        let Some(sink) = &self.sink else { return };
        let probed = match &mut *sink.lock() {
            Sink::File(file) | Sink::PhpFile(file) => file.probe(),
            Sink::Syslog(syslog) => syslog.probe(),
            Sink::StandardError => Ok(()),
        };
        if let Err(error) = probed {
            health::failed(&error, 0);
        }
    }

    fn write(&self, sink: &mut Sink, level: Level, line: &Line) -> io::Result<()> {
        let (now, pid) = (clock::unix_ms(), std::process::id());
        let format = self.settings.format;
        match sink {
            Sink::File(file) => {
                let written = file.append(&line.shown(format, now, pid, level))?;
                if let Written::Unrotated(error) = written {
                    health::unrotated(&error);
                }
                Ok(())
            }
            Sink::PhpFile(file) => file
                .append(&line.shown_to_php(format, now, pid, level))
                .map(drop),
            Sink::Syslog(syslog) => {
                syslog.send(now, pid, level, &line.bare(format, now, pid, level))
            }
            Sink::StandardError => {
                let text = format!("mj: {}\n", line.shown(format, now, pid, level));
                let mut out = io::stderr().lock();
                // FPM's master reads what its workers say there, when it gets to it: nobody waits for that.
                if !is_writable(&out) {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                out.write_all(text.as_bytes())
            }
        }
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.sink.is_some()
            && *metadata.level() <= self.settings.level
            && metadata.target().starts_with("mj_")
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed).max(1))
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let Some(sink) = &self.sink else { return };
        let mut line = Line::new(self.settings.prompts);
        event.record(&mut line);
        let level = *event.metadata().level();
        let mut sink = sink.lock();
        if let Err(error) = self.write(&mut sink, level, &line) {
            return health::failed(&error, 1);
        }
        if let Some(lost) = health::worked()
            && lost > 0
        {
            let line = Line::of(format!(
                "the log could not be written: {lost} lines before the last are lost"
            ));
            if let Err(error) = self.write(&mut sink, Level::WARN, &line) {
                health::failed(&error, 0);
            }
        }
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[cfg(test)]
#[path = "log/tests.rs"]
mod tests;
