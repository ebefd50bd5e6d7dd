//! Pictures kept below the state directory until the tasks that name them have ended.
//!
//! `<state_dir>/uploads/<32 hexadecimal digits>.<extension>`, the directory 0700 and the files 0600, written under
//! another name, synced and renamed: whoever finds a name finds the whole picture.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{Read as _, Write as _},
    path::PathBuf,
    time::{Duration, SystemTime},
};

use mj_midjourney::task::StoredFile;
use mj_process::{Origin, StateDir, random};

use super::{LARGEST, Picture, PictureError};

/// Where they lie below the state directory.
const UPLOADS: &str = "uploads";
/// How long a file is kept at least: longer than any submission takes from its writing to its row.
pub(crate) const KEPT: Duration = Duration::from_secs(24 * 3_600);
/// How many are removed at once.
const BATCH: usize = 200;

/// Keeps a picture.
///
/// # Errors
/// [`PictureError::Keep`].
pub(crate) fn keep(dir: &StateDir, picture: &Picture) -> Result<StoredFile, PictureError> {
    write(dir, picture).map_err(PictureError::Keep)
}

fn write(
    dir: &StateDir,
    picture: &Picture,
) -> Result<StoredFile, Box<dyn std::error::Error + Send + Sync>> {
    let uploads = uploads(dir)?;
    let name = format!(
        "{:032x}.{}",
        random::random_u128()?,
        picture.format().extension()
    );
    let beside = format!(".{name}");
    let written = uploads
        .create_new_file(&beside)
        .map_err(Into::into)
        .and_then(|mut file| {
            file.write_all(picture.bytes())?;
            file.sync_all()?;
            fs::rename(uploads.join(&beside)?, uploads.join(&name)?)?;
            // A power cut must not take the name away from a task that is durable.
            File::open(uploads.path())?.sync_all()?;
            Ok(())
        });
    if let Err(error) = written {
        let _ = fs::remove_file(uploads.path().join(&beside));
        return Err(error);
    }
    Ok(StoredFile {
        name,
        content_type: picture.format().content_type().to_owned(),
        size: picture.bytes().len() as u64,
    })
}

/// The bytes of a kept file.
///
/// # Errors
/// When it is gone, larger than any that was kept, or its name none of ours.
pub(crate) fn read(dir: &StateDir, name: &str) -> std::io::Result<Vec<u8>> {
    let path = path(dir, name).ok_or(std::io::ErrorKind::InvalidInput)?;
    let mut bytes = Vec::new();
    File::open(path)?
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(std::io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

/// Files older than [`KEPT`], a batch of them: each may go unless an open task names it.
pub(crate) fn old(dir: &StateDir, now: SystemTime) -> Vec<String> {
    let Ok(entries) = fs::read_dir(dir.path().join(UPLOADS)) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| {
            entry
                .metadata()
                .ok()
                .filter(fs::Metadata::is_file)
                .and_then(|metadata| metadata.modified().ok())
                .and_then(|at| now.duration_since(at).ok())
                .is_some_and(|age| age > KEPT)
        })
        .filter_map(|entry| entry.file_name().into_string().ok())
        .take(BATCH)
        .collect()
}

/// Removes those of `names` that are not in `used`.
pub(crate) fn remove(dir: &StateDir, names: &[String], used: &BTreeSet<String>) {
    for name in names.iter().filter(|name| !used.contains(*name)) {
        let _ = fs::remove_file(dir.path().join(UPLOADS).join(name));
    }
}

fn path(dir: &StateDir, name: &str) -> Option<PathBuf> {
    let (digits, extension) = name.split_once('.')?;
    let is_ours = digits.len() == 32
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        && (3..=4).contains(&extension.len())
        && extension.bytes().all(|byte| byte.is_ascii_lowercase());
    is_ours.then(|| dir.path().join(UPLOADS).join(name))
}

/// The directory, with the state directory's own rules about owners and modes.
fn uploads(dir: &StateDir) -> Result<StateDir, Box<dyn std::error::Error + Send + Sync>> {
    let path = dir.join(UPLOADS)?;
    if !path.exists() {
        StateDir::open(&path, Origin::Explicit)?;
        dir.adopt(&path)?;
    }
    Ok(StateDir::open(&path, Origin::Explicit)?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::picture::tests::png;

    fn state() -> (tempfile::TempDir, StateDir) {
        let directory = tempfile::tempdir().unwrap();
        let dir = StateDir::open(directory.path().join("state"), Origin::Explicit).unwrap();
        (directory, dir)
    }

    #[test]
    fn keeps_pictures_for_their_owner_alone() {
        let (_directory, dir) = state();
        let picture = Picture::of(png(5, 6)).unwrap();
        let kept = keep(&dir, &picture).unwrap();
        assert_eq!(kept.content_type, "image/png");
        assert_eq!(kept.size, png(5, 6).len() as u64);
        assert_eq!(kept.name.len(), 36);
        assert_eq!(read(&dir, &kept.name).unwrap(), png(5, 6));
        let uploads = dir.path().join(UPLOADS);
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(uploads.clone()), 0o700);
        assert_eq!(mode(uploads.join(&kept.name)), 0o600);
        assert_ne!(keep(&dir, &picture).unwrap().name, kept.name);
        assert_eq!(fs::read_dir(uploads).unwrap().count(), 2);
    }

    #[test]
    fn reads_nothing_but_its_own_names() {
        let (_directory, dir) = state();
        fs::write(dir.path().join("secret.png"), b"x").unwrap();
        for name in ["../secret.png", "secret.png", "", ".", "/etc/passwd"] {
            assert!(read(&dir, name).is_err(), "{name}");
        }
    }

    #[test]
    fn removes_old_files_that_are_not_used() {
        let (_directory, dir) = state();
        let picture = Picture::of(png(5, 6)).unwrap();
        let [used, unused, young] = [(); 3].map(|()| keep(&dir, &picture).unwrap().name);
        let now = SystemTime::now();
        for name in [&used, &unused] {
            let file = File::options()
                .write(true)
                .open(dir.path().join(UPLOADS).join(name))
                .unwrap();
            file.set_modified(now - KEPT - Duration::from_secs(1))
                .unwrap();
        }
        let old = old(&dir, now);
        assert_eq!(old.len(), 2);
        remove(&dir, &old, &BTreeSet::from([used.clone()]));
        assert!(read(&dir, &used).is_ok() && read(&dir, &young).is_ok());
        assert!(read(&dir, &unused).is_err());
    }
}
