//! A log file that many processes append to at once, and that any of them may rotate or die over at any moment.
//!
//! Each line is one `write` at the file's end. Before it the name is looked up: when it leads elsewhere by now, because
//! another process has rotated the file or logrotate has moved it, the new one is opened. Who finds the file full takes
//! a lock (`<name>.lock`, an flock, which the kernel releases with its process), looks once more and renames. A line
//! that another process writes meanwhile lands in the renamed file.

use std::{
    ffi::OsString,
    fs::{self, File, Metadata, OpenOptions, TryLockError},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, fchown},
    path::{Path, PathBuf},
};

use mj_process::ForkGate;

/// When a file is rotated, and how many old ones are kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Rotation {
    /// In bytes; 0 never rotates.
    pub(crate) size: u64,
    /// Old files beside the one that is written, `<name>.1` the newest.
    pub(crate) files: u32,
}

impl Rotation {
    /// A file that somebody else looks after.
    pub(super) const NEVER: Self = Self { size: 0, files: 1 };
}

/// The file.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    rotation: Rotation,
    open: Option<Opened>,
    /// Whether the last line was cut off.
    is_torn: bool,
}

#[derive(Debug)]
struct Opened {
    file: File,
    id: (u64, u64),
}

/// What a write brought along that is no failure of it.
#[derive(Debug)]
pub(super) enum Written {
    /// Nothing.
    Well,
    /// The file is larger than it should be and cannot be rotated.
    Unrotated(io::Error),
}

impl LogFile {
    /// Opens nothing yet.
    pub(super) fn new(path: PathBuf, rotation: Rotation) -> Self {
        Self {
            path,
            rotation,
            open: None,
            is_torn: false,
        }
    }

    /// Opens it, made with mode 0600 when it is missing.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn probe(&mut self) -> io::Result<()> {
        self.follow().map(drop)
    }

    /// Appends a line.
    ///
    /// # Errors
    /// The system's: the line is not there, or not all of it.
    pub(super) fn append(&mut self, line: &str) -> io::Result<Written> {
        let there = self.follow()?;
        let after = there.len() + line.len() as u64 + 1;
        let is_full = self.rotation.size > 0
            && there.is_file()
            && there.len() > 0
            && after > self.rotation.size;
        let mut written = Written::Well;
        if is_full {
            if let Err(error) = self.rotate(&there) {
                written = Written::Unrotated(error);
            }
            self.follow()?;
        }
        let torn = if self.is_torn { "\n" } else { "" };
        self.write(format!("{torn}{line}\n").as_bytes())?;
        self.is_torn = false;
        Ok(written)
    }

    /// Makes sure that what is open is what the name leads to; tells what that is.
    fn follow(&mut self) -> io::Result<Metadata> {
        if let Some(opened) = &self.open
            && let Ok(there) = fs::metadata(&self.path)
            && opened.id == id(&there)
        {
            return Ok(there);
        }
        self.open = None;
        let file = open(&self.path)?;
        let there = file.metadata()?;
        self.open = Some(Opened {
            file,
            id: id(&there),
        });
        Ok(there)
    }

    fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        let Some(Opened { file, .. }) = &mut self.open else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let whole = bytes.len();
        while !bytes.is_empty() {
            match file.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.is_torn |= bytes.len() < whole;
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Moves the file out of the way, unless another process does or has done so.
    fn rotate(&self, full: &Metadata) -> io::Result<()> {
        // A child that is forked meanwhile would keep the lock for as long as it lives.
        let _gate = ForkGate::enter();
        let lock = open(&named(&self.path, "lock"))?;
        give_to_owner_of(full, &lock);
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        if fs::metadata(&self.path).is_ok_and(|there| id(&there) != id(full)) {
            return Ok(());
        }
        let old = |number: u32| named(&self.path, &number.to_string());
        // A process that died in the middle has left a gap: what is older than it stays where it is.
        let gap = (1..self.rotation.files)
            .find(|number| !old(*number).exists())
            .unwrap_or(self.rotation.files);
        for number in (1..gap).rev() {
            fs::rename(old(number), old(number + 1))?;
        }
        fs::rename(&self.path, old(1))?;
        give_to_owner_of(full, &open(&self.path)?);
        Ok(())
    }
}

/// Opens for appending. A FIFO that nobody reads is an error, and a pipe that is full too: neither is waited for.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)
}

/// A process of root's rotates for the others too: they must be able to write what comes next.
fn give_to_owner_of(there: &Metadata, file: &File) {
    if file
        .metadata()
        .is_ok_and(|now| (now.uid(), now.gid()) != (there.uid(), there.gid()))
    {
        // Only root may; without it the others say that they cannot write.
        let _ = fchown(file, Some(there.uid()), Some(there.gid()));
    }
}

fn id(there: &Metadata) -> (u64, u64) {
    (there.dev(), there.ino())
}

fn named(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".");
    name.push(end);
    name.into()
}
