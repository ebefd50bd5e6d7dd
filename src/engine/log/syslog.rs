//! The system's log, spoken to directly: `syslog(3)` has one state for the whole process, and that is PHP's `openlog()`.

use std::{
    io::{self, Write as _},
    os::unix::net::{UnixDatagram, UnixStream},
    path::{Path, PathBuf},
};

use tracing::Level;

use super::time::rfc3164;

/// Where the system listens.
pub(crate) const SOCKET: &str = "/dev/log";
/// `LOG_USER` of syslog(3), as a priority has it.
const USER: u8 = 1 << 3;

/// A connection to it.
#[derive(Debug)]
pub(super) struct Syslog {
    path: PathBuf,
    socket: Option<Socket>,
}

/// Some listen for streams, as syslog(3) knows too; there a NUL ends a line.
#[derive(Debug)]
enum Socket {
    Datagram(UnixDatagram),
    Stream(UnixStream),
}

impl Socket {
    fn connect(path: &Path) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        match socket.connect(path) {
            Ok(()) => Ok(Self::Datagram(socket)),
            Err(error) if error.raw_os_error() == Some(libc::EPROTOTYPE) => {
                let stream = UnixStream::connect(path)?;
                stream.set_nonblocking(true)?;
                Ok(Self::Stream(stream))
            }
            Err(error) => Err(error),
        }
    }

    fn send(&mut self, packet: &str) -> io::Result<()> {
        match self {
            Self::Datagram(socket) => socket.send(packet.as_bytes()).map(drop),
            Self::Stream(stream) => stream.write_all(format!("{packet}\0").as_bytes()),
        }
    }
}

impl Syslog {
    /// Opens nothing yet.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, socket: None }
    }

    /// Connects.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn probe(&mut self) -> io::Result<()> {
        if self.socket.is_none() {
            self.socket = Some(Socket::connect(&self.path)?);
        }
        Ok(())
    }

    /// Sends a line in the local form of RFC 3164, which has no host name.
    ///
    /// # Errors
    /// The system's; the log's full buffer is one, for nobody waits for it.
    pub(super) fn send(
        &mut self,
        unix_ms: u64,
        pid: u32,
        level: Level,
        line: &str,
    ) -> io::Result<()> {
        let priority = USER | severity(level);
        let packet = format!("<{priority}>{} mj[{pid}]: {line}", rfc3164(unix_ms));
        let was_connected = self.socket.is_some();
        let sent = self.send_once(&packet);
        match sent {
            // The system's log was started anew.
            Err(error) if was_connected && error.kind() != io::ErrorKind::WouldBlock => {
                self.send_once(&packet)
            }
            sent => sent,
        }
    }

    fn send_once(&mut self, packet: &str) -> io::Result<()> {
        self.probe()?;
        let Some(socket) = &mut self.socket else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let sent = socket.send(packet);
        if sent.is_err() {
            self.socket = None;
        }
        sent
    }
}

/// `LOG_ERR` to `LOG_DEBUG` of syslog(3).
fn severity(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}
