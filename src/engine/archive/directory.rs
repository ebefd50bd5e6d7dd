//! The archive as a directory.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use crate::whole_file;

/// Where a picture lies.
pub(super) fn path(root: &str, name: &str) -> PathBuf {
    Path::new(root).join(name)
}

/// Whether a picture of this size, if that is known, lies there.
pub(super) fn holds(path: &Path, size: u64) -> bool {
    size > 0 && fs::symlink_metadata(path).is_ok_and(|there| there.is_file() && there.len() == size)
}

/// Writes a picture. Its month's directory is made, the archive itself is not: a disk that is not mounted is no empty
/// archive. A file that is there already stays, whatever it holds: somebody may have worked on it.
pub(super) fn write(root: &Path, name: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    if !root.is_dir() {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            "the directory does not exist: make it, or mount it",
        ));
    }
    let path = root.join(name);
    let month = path.parent().unwrap_or(root);
    fs::create_dir_all(month)?;
    match whole_file::write(&path, bytes, false) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_file() => {
            tracing::info!("the archive has a file of a picture's name already, which stays");
        }
        other => other?,
    }
    // The name must survive a power cut before the task says that it is there.
    File::open(month)?.sync_all()?;
    Ok(path)
}
