//! Files that are there whole or not at all.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
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

#[cfg(test)]
mod tests {
    use super::*;

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
