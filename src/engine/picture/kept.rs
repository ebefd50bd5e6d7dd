//! Pictures kept below the state directory until the tasks that name them have ended.
//!
//! `<state_dir>/uploads/<32 hexadecimal digits>.<extension>`, the directory 0700 and the files 0600, written under
//! another name, synced and renamed: whoever finds a name finds the whole picture.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::Write as _,
    os::unix::fs::MetadataExt as _,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use mj_midjourney::task::{PictureSource, StoredFile, Task, Work};
use mj_process::{Origin, StateDir, random};

use super::{LARGEST, Picture, PictureError};
use crate::whole_file::{self, Links};

/// Where they lie below the state directory.
const UPLOADS: &str = "uploads";
/// How long a file is kept at least: longer than any submission takes from its writing to its row.
pub(crate) const KEPT: Duration = Duration::from_secs(24 * 3_600);

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
    if !is_kept(name) {
        return Err(std::io::ErrorKind::InvalidInput.into());
    }
    whole_file::read(&own_directory(dir)?.join(name), LARGEST, Links::Refused)
}

/// Files of ours that are older than [`KEPT`]: each may go unless an open task names it.
pub(crate) fn old(dir: &StateDir, now: SystemTime) -> Vec<String> {
    let Ok(entries) = own_directory(dir).and_then(fs::read_dir) else {
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
        .filter(|name| is_kept(name.strip_prefix('.').unwrap_or(name)))
        .collect()
}

/// Removes those of `names` that are not in `used`.
pub(crate) fn remove(dir: &StateDir, names: &[String], used: &BTreeSet<String>) {
    let Ok(uploads) = own_directory(dir) else {
        return;
    };
    for name in names.iter().filter(|name| !used.contains(*name)) {
        let _ = fs::remove_file(uploads.join(name));
    }
}

/// The kept files that a task names.
pub(crate) fn names(work: &Work) -> impl Iterator<Item = &str> {
    work.pictures
        .iter()
        .filter_map(|picture| match &picture.source {
            PictureSource::Stored(file) => Some(file),
            PictureSource::Fetch(_) | PictureSource::Link(_) => None,
        })
        .chain(&work.mask)
        .map(|file| file.name.as_str())
}

/// Removes what was kept for tasks that were not stored: a caller who tries again and again would fill the disk.
pub(crate) fn forget(dir: &StateDir, tasks: &[Task]) {
    let names: BTreeSet<&str> = tasks.iter().flat_map(|task| names(&task.work)).collect();
    let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    remove(dir, &names, &BTreeSet::new());
}

/// Whether a name is one that [`keep`] gives.
fn is_kept(name: &str) -> bool {
    name.split_once('.').is_some_and(|(digits, extension)| {
        digits.len() == 32
            && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
            && (3..=4).contains(&extension.len())
            && extension.bytes().all(|byte| byte.is_ascii_lowercase())
    })
}

/// The directory as it is, without a symbolic link: root works in other users' state directories, and a link of theirs
/// would lead it to files that they may neither read nor remove.
fn own_directory(dir: &StateDir) -> std::io::Result<PathBuf> {
    let path = dir.path().join(UPLOADS);
    let metadata = fs::symlink_metadata(&path)?;
    if metadata.is_dir() && metadata.uid() == dir.owner().0 {
        Ok(path)
    } else {
        Err(std::io::ErrorKind::NotADirectory.into())
    }
}

/// The directory, with the state directory's own rules about owners and modes.
fn uploads(dir: &StateDir) -> Result<StateDir, Box<dyn std::error::Error + Send + Sync>> {
    let path = dir.join(UPLOADS)?;
    if fs::symlink_metadata(&path).is_err() {
        StateDir::open(&path, Origin::Explicit)?;
        dir.adopt(&path)?;
    }
    own_directory(dir)?;
    Ok(StateDir::open(&path, Origin::Explicit)?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::{
        fs::{PermissionsExt as _, symlink},
        net::UnixListener,
    };

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

    fn age(path: PathBuf) {
        let long_ago = SystemTime::now() - KEPT - Duration::from_secs(1);
        let file = File::options().write(true).open(path).unwrap();
        file.set_modified(long_ago).unwrap();
    }

    #[test]
    fn reads_regular_files_of_its_directory_only() {
        let (directory, dir) = state();
        let kept = keep(&dir, &Picture::of(png(5, 6)).unwrap()).unwrap();
        let uploads = dir.path().join(UPLOADS);
        let name = |digit: &str| format!("{}.png", digit.repeat(32));
        let secret = directory.path().join("secret");
        fs::write(&secret, b"not yours").unwrap();
        symlink(&secret, uploads.join(name("a"))).unwrap();
        let _socket = UnixListener::bind(uploads.join(name("b"))).unwrap();
        fs::create_dir(uploads.join(name("c"))).unwrap();
        for digit in ["a", "b", "c"] {
            assert!(read(&dir, &name(digit)).is_err(), "{digit}");
        }
        assert!(read(&dir, &kept.name).is_ok());
    }

    #[test]
    fn a_link_in_the_place_of_the_directory_leads_nowhere() {
        let (directory, dir) = state();
        let elsewhere = directory.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o700)).unwrap();
        let name = format!("{}.png", "a".repeat(32));
        fs::write(elsewhere.join(&name), b"not ours").unwrap();
        age(elsewhere.join(&name));
        symlink(&elsewhere, dir.path().join(UPLOADS)).unwrap();
        assert!(read(&dir, &name).is_err());
        assert!(keep(&dir, &Picture::of(png(5, 6)).unwrap()).is_err());
        assert_eq!(old(&dir, SystemTime::now()), Vec::<String>::new());
        remove(&dir, std::slice::from_ref(&name), &BTreeSet::new());
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 1);
    }

    #[test]
    fn removes_nothing_but_its_own_files() {
        let (_directory, dir) = state();
        let kept = keep(&dir, &Picture::of(png(5, 6)).unwrap()).unwrap();
        let uploads = dir.path().join(UPLOADS);
        let half = format!(".{}.png", "d".repeat(32));
        for name in [&half, "passwd", "notes.txt"] {
            fs::write(uploads.join(name), b"x").unwrap();
        }
        for name in [&kept.name, &half, "passwd", "notes.txt"] {
            age(uploads.join(name));
        }
        let mut found = old(&dir, SystemTime::now());
        found.sort();
        assert_eq!(found, [half, kept.name]);
    }

    #[test]
    fn removes_old_files_that_are_not_used() {
        let (_directory, dir) = state();
        let picture = Picture::of(png(5, 6)).unwrap();
        let [used, unused, young] = [(); 3].map(|()| keep(&dir, &picture).unwrap().name);
        let now = SystemTime::now();
        for name in [&used, &unused] {
            age(dir.path().join(UPLOADS).join(name));
        }
        let old = old(&dir, now);
        assert_eq!(old.len(), 2);
        remove(&dir, &old, &BTreeSet::from([used.clone()]));
        assert!(read(&dir, &used).is_ok() && read(&dir, &young).is_ok());
        assert!(read(&dir, &unused).is_err());
    }
}
