//! The state directory: whose it is, who may write in it, and how files are made in it.
//!
//! It decides nothing about where the directory lies (the engine does) and nothing about what is in it.

use std::{
    fs::{self, DirBuilder, File, Metadata, OpenOptions},
    io,
    os::{
        fd::AsRawFd,
        unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    },
    path::{Path, PathBuf},
};

use thiserror::Error;

use crate::{descriptor::Descriptor, fork::ForkGate};

mod filesystem;
pub mod survey;

/// Nobody but the owner may write in the directory or list it.
const DIRECTORY_MODE: u32 = 0o700;
/// Nobody but the owner may read or write a file.
const FILE_MODE: u32 = 0o600;
/// Write permission of group and others.
const FOREIGN_WRITE: u32 = 0o022;
/// Write permission of others.
const WORLD_WRITE: u32 = 0o002;

/// Where the path of a state directory comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Origin {
    /// Nobody set `mj.state_dir`: root makes no directory here.
    Default,
    /// `mj.state_dir` names it.
    Explicit,
}

/// Why a directory cannot hold the state. Each message names the setting.
#[derive(Debug, Error)]
pub enum DirectoryError {
    /// A file name has a slash, is empty, or is `.` or `..`.
    #[error("`{name}` cannot be the name of a file in the state directory (mj.state_dir)")]
    BadName {
        /// The refused name.
        name: String,
    },
    /// The directory or a file in it belongs to another user.
    #[error(
        "{path} belongs to user {owner}, not to user {user} who runs PHP; give it to that user or set mj.state_dir to another directory"
    )]
    ForeignOwner {
        /// What is not ours.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// The effective user of this process.
        user: u32,
    },
    /// Group or others may write in the directory.
    #[error(
        "{path} has mode {mode:o}: others may write in it; run chmod 700 on it or set mj.state_dir to another directory"
    )]
    LooseMode {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Locks and shared memory are not dependable there.
    #[error(
        "{path} is on a network file system ({kind}); set mj.state_dir to a directory on a local disk"
    )]
    NetworkFileSystem {
        /// The directory.
        path: PathBuf,
        /// The kernel's name of the file system.
        kind: String,
    },
    /// The path is relative.
    #[error("mj.state_dir must be an absolute path, not `{path}`")]
    NotAbsolute {
        /// The path as given.
        path: PathBuf,
    },
    /// Something else than a directory is there.
    #[error("{path} is not a directory; set mj.state_dir to one")]
    NotADirectory {
        /// What is there.
        path: PathBuf,
    },
    /// A name in the directory is taken by something that is not a regular file.
    #[error("{path} is not a regular file; remove it or set mj.state_dir to another directory")]
    NotARegularFile {
        /// What is there.
        path: PathBuf,
    },
    /// Root would have to make the default directory, and PHP's user could not use it.
    #[error(
        "{path} does not exist and root does not create it unless mj.state_dir is set; create it for the user who runs PHP"
    )]
    RootCreatesNone {
        /// The default directory.
        path: PathBuf,
    },
    /// A symbolic link on the way lies where anybody can replace it.
    #[error(
        "{path} is a symbolic link in a directory that anybody can write; set mj.state_dir to a path without it"
    )]
    Symlink {
        /// The link.
        path: PathBuf,
    },
    /// The directory cannot be made, searched or written.
    #[error(
        "{path} cannot be used; let the user who runs PHP write there or set mj.state_dir to another directory"
    )]
    Unusable {
        /// The directory or file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

/// A directory that was found fit to hold the state.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StateDir {
    path: PathBuf,
    uid: u32,
    gid: u32,
    /// Root works in somebody else's directory: what it makes is given to that user.
    adopts: bool,
}

impl StateDir {
    /// Checks the directory, and makes it with mode 0700 if it is missing.
    ///
    /// Root (effective user 0) works in a directory of any user and gives every file it makes to that
    /// user; a missing directory it makes only when `origin` is [`Origin::Explicit`]. An empty directory
    /// of our own that others may write in is tightened to 0700; one with content is refused.
    ///
    /// # Errors
    ///
    /// Every [`DirectoryError`] but those of single files.
    pub fn open(path: impl AsRef<Path>, origin: Origin) -> Result<Self, DirectoryError> {
        let path = path.as_ref();
        if !path.is_absolute() {
            return Err(DirectoryError::NotAbsolute {
                path: path.to_owned(),
            });
        }
        refuse_replaceable_links(path)?;
        let user = effective_user();
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => make(path, origin, user)?,
            Err(source) => return Err(unusable(path, source)),
        };
        if !metadata.is_dir() {
            return Err(DirectoryError::NotADirectory {
                path: path.to_owned(),
            });
        }
        if metadata.uid() != user && user != 0 {
            return Err(DirectoryError::ForeignOwner {
                path: path.to_owned(),
                owner: metadata.uid(),
                user,
            });
        }
        tighten(path, &metadata, user)?;
        filesystem::refuse_network(path, &metadata)?;
        filesystem::refuse_unwritable(path)?;
        Ok(Self {
            path: path.to_owned(),
            uid: metadata.uid(),
            gid: metadata.gid(),
            adopts: user == 0 && metadata.uid() != 0,
        })
    }

    /// The directory's path, as configured.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// User and group that own the directory and every file in it.
    pub fn owner(&self) -> (u32, u32) {
        (self.uid, self.gid)
    }

    /// The path of a file in the directory.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::BadName`].
    pub fn join(&self, name: &str) -> Result<PathBuf, DirectoryError> {
        if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']) {
            return Err(DirectoryError::BadName {
                name: name.to_owned(),
            });
        }
        Ok(self.path.join(name))
    }

    /// Opens a file for reading and writing, made with mode 0600 if it is missing; close-on-exec, never
    /// truncated, symbolic links not followed. Closing the `File` releases every POSIX lock this process
    /// has on the file, so it is not for files that are locked.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::BadName`], [`DirectoryError::Unusable`], [`DirectoryError::ForeignOwner`],
    /// [`DirectoryError::NotARegularFile`].
    pub fn create_file(&self, name: &str) -> Result<File, DirectoryError> {
        self.create(name, OpenOptions::new().create(true))
    }

    /// As [`Self::create_file`], as a descriptor that a forked child closes.
    ///
    /// # Errors
    ///
    /// As [`Self::create_file`].
    pub fn open_descriptor(&self, name: &str) -> Result<Descriptor, DirectoryError> {
        let _gate = ForkGate::enter();
        let file = self.create_file(name)?;
        Descriptor::open_with(|| Ok(file)).map_err(|source| unusable(&self.path.join(name), source))
    }

    /// As [`Self::create_file`], but the file must be new.
    ///
    /// # Errors
    ///
    /// As [`Self::create_file`]; [`DirectoryError::Unusable`] if the name is taken.
    pub fn create_new_file(&self, name: &str) -> Result<File, DirectoryError> {
        self.create(name, OpenOptions::new().create_new(true))
    }

    /// Gives a file that somebody else made here (a library, a FIFO) to the directory's owner.
    ///
    /// # Errors
    ///
    /// [`DirectoryError::Unusable`].
    pub fn adopt(&self, path: &Path) -> Result<(), DirectoryError> {
        if self.adopts {
            std::os::unix::fs::lchown(path, Some(self.uid), Some(self.gid))
                .map_err(|source| unusable(path, source))?;
        }
        Ok(())
    }

    fn create(&self, name: &str, options: &mut OpenOptions) -> Result<File, DirectoryError> {
        let path = self.join(name)?;
        let file = options
            .read(true)
            .write(true)
            .mode(FILE_MODE)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY)
            .open(&path)
            .map_err(|source| unusable(&path, source))?;
        let metadata = file.metadata().map_err(|source| unusable(&path, source))?;
        if !metadata.is_file() {
            return Err(DirectoryError::NotARegularFile { path });
        }
        if metadata.uid() == self.uid {
            return Ok(file);
        }
        if !self.adopts || metadata.uid() != 0 {
            return Err(DirectoryError::ForeignOwner {
                path,
                owner: metadata.uid(),
                user: effective_user(),
            });
        }
        // SAFETY: a plain system call on a descriptor that `file` keeps open.
        if unsafe { libc::fchown(file.as_raw_fd(), self.uid, self.gid) } == 0 {
            return Ok(file);
        }
        Err(unusable(&path, io::Error::last_os_error()))
    }

    /// Makes a FIFO with mode 0600 under a name that must be free.
    pub(crate) fn create_fifo(&self, name: &str) -> Result<PathBuf, DirectoryError> {
        let path = self.join(name)?;
        let c_path = filesystem::c_path(&path)?;
        // SAFETY: `c_path` is a terminated string that outlives the call.
        if unsafe { libc::mkfifo(c_path.as_ptr(), FILE_MODE) } != 0 {
            return Err(unusable(&path, io::Error::last_os_error()));
        }
        self.adopt(&path)?;
        Ok(path)
    }
}

/// The effective user of this process.
pub(crate) fn effective_user() -> u32 {
    // SAFETY: cannot fail and touches no memory.
    unsafe { libc::geteuid() }
}

/// Whether the path still names the open file.
pub(crate) fn names(path: &Path, open: &Metadata) -> bool {
    fs::symlink_metadata(path)
        .is_ok_and(|there| there.dev() == open.dev() && there.ino() == open.ino())
}

/// Whether the open file is a FIFO.
pub(crate) fn is_fifo(metadata: &Metadata) -> bool {
    metadata.file_type().is_fifo()
}

pub(crate) fn unusable(path: &Path, source: io::Error) -> DirectoryError {
    DirectoryError::Unusable {
        path: path.to_owned(),
        source,
    }
}

/// A link may be replaced by whoever may write in the directory it lies in; the sticky bit protects
/// only against others than the link's owner, who may be anybody.
fn refuse_replaceable_links(path: &Path) -> Result<(), DirectoryError> {
    for here in path.ancestors() {
        let (Ok(metadata), Some(parent)) = (fs::symlink_metadata(here), here.parent()) else {
            continue;
        };
        if metadata.file_type().is_symlink()
            && fs::metadata(parent).is_ok_and(|p| p.mode() & WORLD_WRITE != 0)
        {
            return Err(DirectoryError::Symlink {
                path: here.to_owned(),
            });
        }
    }
    Ok(())
}

fn make(path: &Path, origin: Origin, user: u32) -> Result<Metadata, DirectoryError> {
    if user == 0 && origin == Origin::Default {
        return Err(DirectoryError::RootCreatesNone {
            path: path.to_owned(),
        });
    }
    // Recursive making also accepts that another process makes it at the same moment.
    DirBuilder::new()
        .recursive(true)
        .mode(DIRECTORY_MODE)
        .create(path)
        .and_then(|()| fs::metadata(path))
        .map_err(|source| unusable(path, source))
}

fn tighten(path: &Path, metadata: &Metadata, user: u32) -> Result<(), DirectoryError> {
    let mode = metadata.mode() & 0o7777;
    if mode & FOREIGN_WRITE == 0 {
        return Ok(());
    }
    let empty = fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    if metadata.uid() == user && empty {
        return fs::set_permissions(path, fs::Permissions::from_mode(DIRECTORY_MODE))
            .map_err(|source| unusable(path, source));
    }
    Err(DirectoryError::LooseMode {
        path: path.to_owned(),
        mode,
    })
}
