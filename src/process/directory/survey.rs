//! Looking at a directory without making or changing anything, for who has to say what is wrong with it.

use std::{
    fs, io,
    mem::MaybeUninit,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::{effective_user, filesystem, refuse_replaceable_links};
use crate::directory::DirectoryError;

/// Files that are named at most when they belong to others.
const FOREIGN: usize = 5;

/// What is there under a path.
#[derive(Debug)]
pub enum Found {
    /// Nothing; whether this process could make a directory there.
    Nothing {
        /// Whether the nearest directory above lets it.
        can_be_made: bool,
    },
    /// Something else than a directory.
    NoDirectory,
    /// It cannot be told.
    Hidden(io::Error),
    /// A directory.
    Directory(Survey),
}

/// What a directory is like.
#[derive(Debug)]
pub struct Survey {
    /// Whose it is.
    pub owner: u32,
    /// Its permission bits.
    pub mode: u32,
    /// Whether nothing is in it.
    pub is_empty: bool,
    /// The kernel's name of a network file system that it is on.
    pub network: Option<String>,
    /// Why this process cannot search, read and write it.
    pub unusable: Option<io::Error>,
    /// Bytes that this process may still write there.
    pub free_bytes: Option<u64>,
    /// Files that may still be made there; none where the file system counts none.
    pub free_files: Option<u64>,
    /// Files in it that are not its owner's, with their owners; at most five.
    pub foreign: Vec<(PathBuf, u32)>,
}

/// The effective user of this process.
pub fn user() -> u32 {
    effective_user()
}

/// A symbolic link on the way to `path` that anybody can replace.
pub fn replaceable_link(path: &Path) -> Option<PathBuf> {
    match refuse_replaceable_links(path) {
        Err(DirectoryError::Symlink { path }) => Some(path),
        _ => None,
    }
}

/// Looks at what is under `path`.
pub fn look(path: &Path) -> Found {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Found::Nothing {
                can_be_made: can_be_made(path),
            };
        }
        Err(error) => return Found::Hidden(error),
    };
    if !metadata.is_dir() {
        return Found::NoDirectory;
    }
    let owner = metadata.uid();
    let network = match filesystem::refuse_network(path, &metadata) {
        Err(DirectoryError::NetworkFileSystem { kind, .. }) => Some(kind),
        _ => None,
    };
    let unusable = match filesystem::refuse_unwritable(path) {
        Err(DirectoryError::Unusable { source, .. }) => Some(source),
        _ => None,
    };
    let mut entries = fs::read_dir(path).ok();
    let is_empty = entries
        .as_mut()
        .is_some_and(|entries| entries.next().is_none());
    let (free_bytes, free_files) = free(path).unzip();
    Found::Directory(Survey {
        owner,
        mode: metadata.mode() & 0o7777,
        is_empty,
        network,
        unusable,
        free_bytes,
        free_files: free_files.flatten(),
        foreign: foreign(path, owner),
    })
}

fn can_be_made(path: &Path) -> bool {
    let above = path.ancestors().skip(1).find(|above| above.exists());
    above.is_some_and(|above| above.is_dir() && filesystem::refuse_unwritable(above).is_ok())
}

fn foreign(path: &Path, owner: u32) -> Vec<(PathBuf, u32)> {
    let Ok(entries) = fs::read_dir(path) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let of = fs::symlink_metadata(&path).ok()?.uid();
            (of != owner).then_some((path, of))
        })
        .take(FOREIGN)
        .collect()
}

/// Bytes and files that are free for this process.
fn free(path: &Path) -> Option<(u64, Option<u64>)> {
    let path = filesystem::c_path(path).ok()?;
    let mut answer = MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: the path is terminated, and the kernel fills the whole structure when it answers 0.
    let answer = unsafe {
        if libc::statvfs(path.as_ptr(), answer.as_mut_ptr()) != 0 {
            return None;
        }
        answer.assume_init()
    };
    let blocks = if effective_user() == 0 {
        answer.f_bfree
    } else {
        answer.f_bavail
    };
    let bytes = blocks.saturating_mul(answer.f_frsize);
    Some((bytes, (answer.f_files > 0).then_some(answer.f_favail)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn tells_what_is_there_and_makes_nothing() {
        let temporary = tempfile::tempdir().unwrap();
        let missing = temporary.path().join("a/b");
        assert!(matches!(
            look(&missing),
            Found::Nothing { can_be_made: true }
        ));
        assert!(!missing.exists());
        let file = temporary.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(look(&file), Found::NoDirectory));
        assert!(matches!(look(&file.join("below")), Found::Hidden(_)));
    }

    #[test]
    fn tells_what_a_directory_is_like() {
        let temporary = tempfile::tempdir().unwrap();
        fs::set_permissions(temporary.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let Found::Directory(survey) = look(temporary.path()) else {
            panic!("it is a directory");
        };
        assert_eq!(
            (survey.owner, survey.mode),
            (user(), 0o777),
            "left as it is"
        );
        assert!(survey.is_empty && survey.unusable.is_none() && survey.foreign.is_empty());
        assert!(survey.free_bytes.is_some());
    }
}
