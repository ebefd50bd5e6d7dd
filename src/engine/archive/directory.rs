//! The archive as a directory.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::whole_file;

/// How many months' directories are looked through: pictures go where their tasks were submitted, and a task lives a
/// week at most.
const MONTHS: usize = 2;

/// Where a picture lies.
pub(super) fn path(root: &str, name: &str) -> PathBuf {
    Path::new(root).join(name)
}

/// Whether a picture of this size, if that is known, lies there.
pub(super) fn holds(path: &Path, size: u64) -> bool {
    size > 0 && fs::symlink_metadata(path).is_ok_and(|there| there.is_file() && there.len() == size)
}

/// Removes what killed owners left half written in the last months' directories.
pub(crate) fn remove_left(root: &Path, now: SystemTime) -> io::Result<()> {
    let mut months = Vec::new();
    for year in numbered(root, 4)? {
        months.extend(numbered(&year, 2)?);
    }
    months.sort();
    for month in months.iter().rev().take(MONTHS) {
        let removed = whole_file::remove_left(month, now)?;
        if removed > 0 {
            tracing::info!(
                removed,
                "half-written pictures were removed from the archive"
            );
        }
    }
    Ok(())
}

/// The directories whose names are so many digits.
fn numbered(directory: &Path, digits: usize) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.as_encoded_bytes();
        let is_number = name.len() == digits && name.iter().all(u8::is_ascii_digit);
        if is_number && entry.file_type()?.is_dir() {
            found.push(entry.path());
        }
    }
    Ok(found)
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn looks_for_half_written_pictures_in_the_last_months() {
        let root = tempfile::tempdir().unwrap();
        let part = |month: &str| {
            let month = root.path().join(month);
            fs::create_dir_all(&month).unwrap();
            let part = month.join(".mj-0123456789abcdef.part");
            fs::write(&part, b"half").unwrap();
            part
        };
        let [old, last, this] = ["2025/11", "2025/12", "2026/01"].map(part);
        let others = ["2026/x1", "notes/01"].map(part);
        let in_a_day = SystemTime::now() + Duration::from_secs(86_400);
        remove_left(root.path(), in_a_day).unwrap();
        assert!(!last.exists() && !this.exists());
        assert!(old.exists() && others.iter().all(|part| part.exists()));
        assert!(remove_left(&root.path().join("none"), in_a_day).is_err());
    }
}
