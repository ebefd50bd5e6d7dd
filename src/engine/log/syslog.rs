//! The system's log, spoken to directly: `syslog(3)` has one state for the whole process, and that is PHP's `openlog()`.

use std::{
    io,
    os::unix::net::UnixDatagram,
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
    socket: Option<UnixDatagram>,
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
            self.socket = Some(connect(&self.path)?);
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
        let sent = self.send_once(packet.as_bytes());
        match sent {
            // The system's log was started anew.
            Err(error) if was_connected && error.kind() != io::ErrorKind::WouldBlock => {
                self.send_once(packet.as_bytes())
            }
            sent => sent,
        }
    }

    fn send_once(&mut self, packet: &[u8]) -> io::Result<()> {
        self.probe()?;
        let Some(socket) = &self.socket else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let sent = socket.send(packet).map(drop);
        if sent.is_err() {
            self.socket = None;
        }
        sent
    }
}

fn connect(path: &Path) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.connect(path)?;
    Ok(socket)
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
