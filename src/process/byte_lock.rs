//! Locks of one byte of a file, that die with their process and name it.
//!
//! POSIX (`F_SETLK`) locks are not inherited by a fork, are released when their process dies in any
//! way, and name their holder. They are also released when the process closes *any* descriptor of the
//! file, so this room has one descriptor per file and process and never closes it. Foreign code in the
//! process may still close one of its own (a script that reads every file of the directory), so a second
//! lock that belongs to the descriptor (OFD) shadows each byte where the kernel has them (3.15).

use std::{
    collections::{HashMap, HashSet},
    fs, io,
    os::{
        fd::{AsFd, AsRawFd},
        unix::fs::MetadataExt,
    },
    path::PathBuf,
    sync::Arc,
};

use parking_lot::Mutex;
use thiserror::Error;

use crate::{
    descriptor::Descriptor,
    directory::{self, DirectoryError, StateDir},
    fork::{self, ForkGate, ForkLocal, Generation},
};

/// Distance of a byte's shadow from the byte.
const SHADOW: u64 = 1 << 62;

/// A lock that could not be asked for.
#[derive(Debug, Error)]
pub enum LockError {
    /// The lock file cannot be opened.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The number is not below 2^62.
    #[error("epoch {epoch} cannot be locked")]
    Epoch {
        /// The refused number.
        epoch: u64,
    },
    /// The system refuses to lock, for another reason than that somebody has the lock.
    #[error("{path} cannot be locked; set mj.state_dir to a directory on a local disk")]
    Refused {
        /// The lock file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

/// Who holds a byte.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Holder {
    /// Nobody: whoever held it is dead or gave it back.
    Free,
    /// A living (perhaps stopped) process of this pid namespace.
    Process(i32),
    /// A living process the kernel does not name: in another container, or one whose lock lost its name
    /// because foreign code in it closed a descriptor of the file.
    Unnamed,
}

/// One lock file, opened once per process.
pub(crate) struct LockFile {
    dir: StateDir,
    name: String,
    open: ForkLocal<Mutex<Arc<OpenFile>>>,
}

impl LockFile {
    pub(crate) fn new(dir: &StateDir, name: &str) -> Result<Self, LockError> {
        let file = Self {
            dir: dir.clone(),
            name: name.to_owned(),
            open: ForkLocal::new(),
        };
        file.current()?;
        Ok(file)
    }

    /// Takes the byte, or says at once that another holder (also in this process) has it.
    pub(crate) fn try_lock(&self, byte: u64) -> Result<Option<Hold>, LockError> {
        if byte >= SHADOW {
            return Err(LockError::Epoch { epoch: byte });
        }
        loop {
            let file = self.current()?;
            let Some(hold) = Hold::take(&file, byte)? else {
                return Ok(None);
            };
            if file.is_named() {
                return Ok(Some(hold));
            }
            drop(hold);
            self.reopen(&file)?;
        }
    }

    /// Who holds the byte.
    pub(crate) fn holder(&self, byte: u64) -> Result<Holder, LockError> {
        if byte >= SHADOW {
            return Err(LockError::Epoch { epoch: byte });
        }
        let mut file = self.current()?;
        while !file.is_named() {
            file = self.reopen(&file)?;
        }
        file.holder(byte)
    }

    fn current(&self) -> Result<Arc<OpenFile>, LockError> {
        let open = self.open.get_or_try_init(|| {
            Ok::<_, LockError>(Mutex::new(OpenFile::of(&self.dir, &self.name)?))
        })?;
        Ok(Arc::clone(&open.lock()))
    }

    /// After somebody deleted or replaced the file.
    fn reopen(&self, stale: &Arc<OpenFile>) -> Result<Arc<OpenFile>, LockError> {
        let fresh = OpenFile::of(&self.dir, &self.name)?;
        if let Some(open) = self.open.get() {
            let mut open = open.lock();
            if Arc::ptr_eq(&open, stale) {
                *open = Arc::clone(&fresh);
            }
        }
        Ok(fresh)
    }
}

impl std::fmt::Debug for LockFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("LockFile").field(&self.name).finish()
    }
}

/// A byte that this process holds; dropping it releases the byte.
#[derive(Debug)]
pub(crate) struct Hold {
    file: Arc<OpenFile>,
    byte: u64,
    generation: Generation,
}

impl Hold {
    fn take(file: &Arc<OpenFile>, byte: u64) -> Result<Option<Self>, LockError> {
        let mut held = file.held.lock();
        if held.contains(&byte) || !file.lock(byte)? {
            return Ok(None);
        }
        held.insert(byte);
        Ok(Some(Self {
            file: Arc::clone(file),
            byte,
            generation: fork::generation(),
        }))
    }

    /// Whether the calling process is the one that took it.
    pub(crate) fn is_mine(&self) -> bool {
        self.generation.is_current()
    }

    /// Takes the byte again if foreign code made the kernel release it. Whether it is held under the
    /// file's name.
    pub(crate) fn reassert(&self) -> Result<bool, LockError> {
        Ok(self.is_mine() && self.file.is_named() && self.file.lock(self.byte)?)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if self.is_mine() {
            let mut held = self.file.held.lock();
            self.file.unlock(self.byte);
            held.remove(&self.byte);
        }
    }
}

type Inode = (u64, u64);

/// Every lock file this process has opened. None is ever closed: there are few, and closing one would
/// release the locks on it.
static OPEN: ForkLocal<Mutex<HashMap<Inode, Arc<OpenFile>>>> = ForkLocal::new();

#[derive(Debug)]
struct OpenFile {
    descriptor: Descriptor,
    inode: Inode,
    path: PathBuf,
    held: Mutex<HashSet<u64>>,
}

impl OpenFile {
    fn of(dir: &StateDir, name: &str) -> Result<Arc<Self>, LockError> {
        let path = dir.join(name)?;
        // The gate comes first here as everywhere: a thread in it may ask for a lock file too.
        let _gate = ForkGate::enter();
        let mut open = OPEN.get_or_init(|| Mutex::new(HashMap::new())).lock();
        if let Ok(there) = fs::symlink_metadata(&path)
            && let Some(file) = open.get(&(there.dev(), there.ino()))
        {
            return Ok(Arc::clone(file));
        }
        let descriptor = dir.open_descriptor(name)?;
        let metadata = descriptor
            .metadata()
            .map_err(|source| directory::unusable(&path, source))?;
        let inode = (metadata.dev(), metadata.ino());
        if let Some(file) = open.get(&inode) {
            descriptor.leave_open();
            return Ok(Arc::clone(file));
        }
        let file = Arc::new(Self {
            descriptor,
            inode,
            path,
            held: Mutex::new(HashSet::new()),
        });
        open.insert(inode, Arc::clone(&file));
        Ok(file)
    }

    /// Whether the path still names this file.
    fn is_named(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok_and(|there| (there.dev(), there.ino()) == self.inode)
    }

    fn lock(&self, byte: u64) -> Result<bool, LockError> {
        if !self.set(libc::F_SETLK, libc::F_WRLCK, byte)? {
            return Ok(false);
        }
        if cfg!(mj_mutation = "shadow_lock") {
            return Ok(true);
        }
        match self.set(libc::F_OFD_SETLK, libc::F_WRLCK, byte + SHADOW) {
            Ok(true) => Ok(true),
            Err(LockError::Refused { source, .. }) if has_no_ofd(&source) => Ok(true),
            Ok(false) => {
                self.set(libc::F_SETLK, libc::F_UNLCK, byte)?;
                Ok(false)
            }
            Err(error) => {
                self.set(libc::F_SETLK, libc::F_UNLCK, byte)?;
                Err(error)
            }
        }
    }

    fn unlock(&self, byte: u64) {
        let _ = self.set(libc::F_OFD_SETLK, libc::F_UNLCK, byte + SHADOW);
        let _ = self.set(libc::F_SETLK, libc::F_UNLCK, byte);
    }

    fn holder(&self, byte: u64) -> Result<Holder, LockError> {
        if self.held.lock().contains(&byte) {
            return Ok(Holder::Process(
                i32::try_from(std::process::id()).unwrap_or(i32::MAX),
            ));
        }
        match self.conflict(libc::F_GETLK, byte)? {
            None => match self.conflict(libc::F_OFD_GETLK, byte + SHADOW) {
                Ok(None) => Ok(Holder::Free),
                Ok(Some(_)) => Ok(Holder::Unnamed),
                Err(LockError::Refused { source, .. }) if has_no_ofd(&source) => Ok(Holder::Free),
                Err(error) => Err(error),
            },
            Some(pid) if pid > 0 => Ok(Holder::Process(pid)),
            Some(_) => Ok(Holder::Unnamed),
        }
    }

    fn set(&self, command: i32, kind: i32, byte: u64) -> Result<bool, LockError> {
        match set_lock(&self.descriptor, command, kind, byte, 1) {
            Ok(taken) => Ok(taken),
            Err(source) => Err(self.refused(source)),
        }
    }

    /// The pid of a lock that stands against ours, if there is one.
    fn conflict(&self, command: i32, byte: u64) -> Result<Option<i32>, LockError> {
        let mut lock = flock(libc::F_WRLCK, byte, 1);
        // SAFETY: the descriptor is open and `lock` valid for reading and writing.
        if unsafe { libc::fcntl(self.descriptor.as_raw_fd(), command, &raw mut lock) } != 0 {
            return Err(self.refused(io::Error::last_os_error()));
        }
        Ok((i32::from(lock.l_type) != libc::F_UNLCK).then_some(lock.l_pid))
    }

    fn refused(&self, source: io::Error) -> LockError {
        LockError::Refused {
            path: self.path.clone(),
            source,
        }
    }
}

/// Sets or clears a lock without waiting; false when another holder stands against it.
pub(crate) fn set_lock(
    descriptor: impl AsFd,
    command: i32,
    kind: i32,
    start: u64,
    length: u64,
) -> io::Result<bool> {
    let lock = flock(kind, start, length);
    // SAFETY: the descriptor is open for the length of the borrow; the kernel only reads `lock`.
    let answer = unsafe { libc::fcntl(descriptor.as_fd().as_raw_fd(), command, &raw const lock) };
    if answer == 0 {
        return Ok(true);
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::EAGAIN | libc::EACCES) => Ok(false),
        _ => Err(error),
    }
}

/// Whether the error says that the kernel has no locks of open file descriptions.
pub(crate) fn has_no_ofd(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EINVAL)
}

fn flock(kind: i32, start: u64, length: u64) -> libc::flock {
    libc::flock {
        l_type: i16::try_from(kind).unwrap_or_default(),
        l_whence: i16::try_from(libc::SEEK_SET).unwrap_or_default(),
        l_start: i64::try_from(start).unwrap_or(i64::MAX),
        l_len: i64::try_from(length).unwrap_or(i64::MAX),
        l_pid: 0,
    }
}
