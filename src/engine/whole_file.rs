//! Files that are there whole or not at all, and files that somebody else may have put there.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use mj_process::random;

/// What the name of a file that is being written begins and ends with.
const BEFORE: &str = ".mj-";
const BEHIND: &str = ".part";
/// Far longer than the writing of a picture takes.
const LEFT: Duration = Duration::from_secs(3_600);

/// Writes beside the place and moves there in one step: nobody ever sees half a file.
///
/// # Errors
/// What the file system said; [`io::ErrorKind::AlreadyExists`] when something is there and `overwrite` is not set.
pub(crate) fn write(path: &Path, bytes: &[u8], overwrite: bool) -> io::Result<()> {
    let (beside, mut file) = open_beside(path)?;
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

fn open_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    let number = random::random_u64().map_err(io::Error::other)?;
    let beside = path.with_file_name(format!("{BEFORE}{number:016x}{BEHIND}"));
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&beside)?;
    // Tells that somebody writes it still; where files can not be locked, its age alone does.
    let _ = file.try_lock();
    Ok((beside, file))
}

/// Removes what killed processes left half written in a directory: parts that are older than [`LEFT`] by `now` and that
/// nobody holds. Gives how many.
///
/// # Errors
/// What the file system said to the reading of the directory.
pub(crate) fn remove_left(directory: &Path, now: SystemTime) -> io::Result<usize> {
    let mut removed = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_part = name
            .to_str()
            .and_then(|name| name.strip_prefix(BEFORE)?.strip_suffix(BEHIND))
            .is_some_and(|number| {
                number.len() == 16 && number.bytes().all(|it| it.is_ascii_hexdigit())
            });
        if is_part && is_left(&entry.path(), now) && fs::remove_file(entry.path()).is_ok() {
            removed += 1;
        }
    }
    Ok(removed)
}

fn is_left(path: &Path, now: SystemTime) -> bool {
    let is_file = fs::symlink_metadata(path).is_ok_and(|there| there.is_file());
    let is_old = |file: &File| {
        let changed = file.metadata().and_then(|there| there.modified());
        changed.is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age > LEFT))
    };
    let is_nobodys = |file: &File| !matches!(file.try_lock(), Err(TryLockError::WouldBlock));
    is_file && File::open(path).is_ok_and(|file| is_old(&file) && is_nobodys(&file))
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
    fn removes_what_was_left_half_written() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str| File::create(directory.path().join(name)).unwrap();
        let left = ".mj-0123456789abcdef.part";
        drop(file(left));
        let (held, writer) = open_beside(&directory.path().join("b.png")).unwrap();
        let others = ["a.png", ".mj-notes.part", ".mj-0123456789abcdef.png"];
        for name in others {
            drop(file(name));
        }
        fs::create_dir(directory.path().join(".mj-2123456789abcdef.part")).unwrap();
        let now = SystemTime::now();
        assert_eq!(remove_left(directory.path(), now).unwrap(), 0, "young");
        let later = now + LEFT + Duration::from_secs(1);
        assert_eq!(remove_left(directory.path(), later).unwrap(), 1);
        assert!(!directory.path().join(left).exists());
        assert!(held.exists(), "it is being written");
        for name in others {
            assert!(directory.path().join(name).exists(), "{name}");
        }
        drop(writer);
        assert_eq!(remove_left(directory.path(), later).unwrap(), 1);
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
