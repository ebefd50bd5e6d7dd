//! Files that are there whole or not at all, and files that somebody else may have put there.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use mj_process::random;

/// Writes beside the place and moves there in one step: nobody ever sees half a file.
///
/// # Errors
/// What the file system said; [`io::ErrorKind::AlreadyExists`] when something is there and `overwrite` is not set.
pub(crate) fn write(path: &Path, bytes: &[u8], overwrite: bool) -> io::Result<()> {
    let number = random::random_u64().map_err(io::Error::other)?;
    let beside = path.with_file_name(format!(".mj-{number:016x}.part"));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&beside)?;
    let moved = file
        .write_all(bytes)
        .and_then(|()| file.sync_data())
        .and_then(|()| {
            if overwrite {
                return fs::rename(&beside, path);
            }
            // A link never replaces what came there meanwhile; some file systems have none.
            match fs::hard_link(&beside, path) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists && !path.exists() => {
                    fs::rename(&beside, path)
                }
                other => other,
            }
        });
    let _ = fs::remove_file(&beside);
    moved
}

/// Reads a regular file of at most `most` bytes. Nothing else that has its name, as a FIFO, can hold the caller up.
///
/// # Errors
/// What the file system said; [`io::ErrorKind::InvalidInput`] for what is no regular file,
/// [`io::ErrorKind::FileTooLarge`].
pub(crate) fn read(path: &Path, most: u64, links: Links) -> io::Result<Vec<u8>> {
    let links = match links {
        Links::Followed => 0,
        Links::Refused => libc::O_NOFOLLOW,
    };
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY | links)
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

/// Whether a file may be a symbolic link.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Links {
    /// The operator's own may.
    Followed,
    /// One that another user may have put there may not.
    Refused,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_regular_files_within_a_limit() {
        let directory = tempfile::tempdir().unwrap();
        let [file, link, fifo] =
            ["a.png", "link.png", "fifo.png"].map(|name| directory.path().join(name));
        fs::write(&file, b"four").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&fifo).status();
        assert!(made.unwrap().success());
        assert_eq!(read(&link, 4, Links::Followed).unwrap(), b"four");
        assert!(read(&link, 4, Links::Refused).is_err());
        let kind = |path: &Path, most| read(path, most, Links::Refused).unwrap_err().kind();
        assert_eq!(kind(&file, 3), io::ErrorKind::FileTooLarge);
        assert_eq!(kind(&fifo, 4), io::ErrorKind::InvalidInput);
        assert_eq!(kind(directory.path(), 4), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn writes_whole_and_never_replaces_silently() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.png");
        write(&path, b"one", false).unwrap();
        let error = write(&path, b"two", false).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"one");
        write(&path, b"two", true).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
