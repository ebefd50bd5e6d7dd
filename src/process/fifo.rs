//! The owner's door bell for the other processes of the host: a FIFO in the state directory.
//!
//! Opening it for writing fails at once when nobody reads it, which also answers whether an owner is
//! alive. The owner keeps a write end of its own, so its read end never reports the end of the file
//! when a ringer leaves (a poll loop would spin on that), while ringers still succeed only as long as the
//! read end is open. Both ends are closed in a forked child: a reader there would be a false owner.

use std::{
    fs,
    fs::{File, OpenOptions},
    io::{self, Write},
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, RawFd},
        unix::fs::OpenOptionsExt,
    },
    path::PathBuf,
    time::Duration,
};

use crate::{
    descriptor::Descriptor,
    directory::{self, DirectoryError, StateDir},
    fork::ForkGate,
    futex, random, signals,
};

/// What became of a ring.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rung {
    /// A process serves the FIFO and has a byte to read. It may be stopped.
    Heard,
    /// No process serves the FIFO: no owner is alive.
    Nobody,
}

/// The read end of the FIFO, held by the owner. It becomes readable when somebody rings.
///
/// Dropping it removes the FIFO's name, unless a successor has put its own there.
#[derive(Debug)]
pub struct Fifo {
    reader: Descriptor,
    /// Never written to; keeps the read end from reporting end of file.
    _writer: Descriptor,
    path: PathBuf,
}

impl Fifo {
    /// Puts a new FIFO under the name, in one step: from then on every ring comes here, and none to a
    /// process that served the name before (a stopped owner). A crashed owner's FIFO is replaced.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::BadName`], [`DirectoryError::Unusable`].
    pub fn serve(dir: &StateDir, name: &str) -> Result<Self, DirectoryError> {
        let path = dir.join(name)?;
        let unique = random::random_u64()
            .map_err(|error| directory::unusable(&path, io::Error::other(error)))?;
        let _gate = ForkGate::enter();
        let fresh = dir.create_fifo(&format!(".{name}.{unique:016x}"))?;
        let opened =
            Self::open_ends(&fresh).and_then(|ends| fs::rename(&fresh, &path).map(|()| ends));
        match opened {
            Ok((reader, writer)) => Ok(Self {
                reader,
                _writer: writer,
                path,
            }),
            Err(source) => {
                let _ = fs::remove_file(&fresh);
                Err(directory::unusable(&path, source))
            }
        }
    }

    fn open_ends(fresh: &PathBuf) -> io::Result<(Descriptor, Descriptor)> {
        let reader = Descriptor::open_with(|| {
            OpenOptions::new()
                .read(true)
                .custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW)
                .open(fresh)
        })?;
        let writer = Descriptor::open_with(|| open_to_write(fresh))?;
        Ok((reader, writer))
    }

    /// Takes all rings that came; how many bytes they were (0: none). Never waits. To be called each
    /// time the descriptor is readable.
    ///
    /// # Errors
    ///
    /// The system's; `EBADF` in a forked child.
    pub fn drain(&self) -> io::Result<usize> {
        self.reader.with_file(|file| {
            let mut total = 0;
            let mut buffer = [0; 4096];
            loop {
                match io::Read::read(&mut &*file, &mut buffer) {
                    Ok(0) => return Ok(total),
                    Ok(count) => total += count,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(total),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
        })
    }

    /// Waits until somebody rings or `timeout` is over; whether somebody did. Takes nothing.
    pub fn wait(&self, timeout: Duration) -> bool {
        futex::wait_readable(self.reader.as_raw_fd(), timeout)
    }

    /// Whether the name still leads here. False: a successor serves, or somebody deleted the FIFO.
    pub fn is_named(&self) -> bool {
        self.reader
            .metadata()
            .is_ok_and(|open| directory::names(&self.path, &open))
    }
}

impl AsRawFd for Fifo {
    fn as_raw_fd(&self) -> RawFd {
        self.reader.as_raw_fd()
    }
}

impl AsFd for Fifo {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}

impl Drop for Fifo {
    fn drop(&mut self) {
        if self.reader.is_current() && self.is_named() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Rings at the FIFO of that name. Never waits, and never raises SIGPIPE.
///
/// # Errors
///
/// [`DirectoryError::BadName`]; [`DirectoryError::Unusable`] for anything but a missing reader or name.
pub fn ring(dir: &StateDir, name: &str) -> Result<Rung, DirectoryError> {
    let path = dir.join(name)?;
    let mut file = match open_to_write(&path) {
        Ok(file) => file,
        Err(error) if is_nobody(&error) => return Ok(Rung::Nobody),
        Err(source) => return Err(directory::unusable(&path, source)),
    };
    match file.metadata() {
        Ok(metadata) if directory::is_fifo(&metadata) => {}
        _ => return Ok(Rung::Nobody),
    }
    match signals::without_sigpipe(|| file.write(&[1])) {
        Ok(_) => Ok(Rung::Heard),
        // Full: the owner has 64 kB of rings before it and will look anyway.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Rung::Heard),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Rung::Nobody),
        Err(source) => Err(directory::unusable(&path, source)),
    }
}

/// Whether a process serves the FIFO of that name: opens it and does not ring.
///
/// # Errors
///
/// As [`ring`].
pub fn is_served(dir: &StateDir, name: &str) -> Result<bool, DirectoryError> {
    let path = dir.join(name)?;
    match open_to_write(&path) {
        Ok(file) => Ok(file.metadata().is_ok_and(|m| directory::is_fifo(&m))),
        Err(error) if is_nobody(&error) => Ok(false),
        Err(source) => Err(directory::unusable(&path, source)),
    }
}

fn open_to_write(path: &PathBuf) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW | libc::O_NOCTTY)
        .open(path)
}

fn is_nobody(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENXIO | libc::ENOENT))
}
