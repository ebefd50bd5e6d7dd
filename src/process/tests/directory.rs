//! The state directory, as root and as a user without rights.

#![allow(clippy::unwrap_used, reason = "a failed step fails the test")]

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink},
    path::{Path, PathBuf},
};

use mj_process::{DirectoryError, Fifo, Origin, OwnerLock, StateDir};
use tempfile::TempDir;

mod support;
use support::{Child, PATIENCE};

/// Any user but root and the one that runs the tests.
const STRANGER: u32 = 65_534;

fn temporary() -> (TempDir, PathBuf) {
    let temporary = TempDir::new().unwrap();
    let path = temporary.path().join("state");
    (temporary, path)
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn is_root() -> bool {
    // SAFETY: no arguments.
    unsafe { libc::geteuid() == 0 }
}

/// Runs as a user without rights, in a child.
fn as_stranger(body: impl FnOnce()) {
    let child = Child::run(|| {
        // SAFETY: plain system calls in a child that ends with this test.
        unsafe {
            assert_eq!(libc::setgroups(0, std::ptr::null()), 0);
            assert_eq!(libc::setresgid(STRANGER, STRANGER, STRANGER), 0);
            assert_eq!(libc::setresuid(STRANGER, STRANGER, STRANGER), 0);
        }
        body();
    });
    assert!(child.succeeds_within(PATIENCE));
}

#[test]
fn makes_directory_and_files_for_the_owner_alone() {
    let (_temporary, path) = temporary();
    let dir = StateDir::open(&path, Origin::Explicit).unwrap();
    assert_eq!(mode(&path), 0o700);
    drop(dir.create_file("one").unwrap());
    drop(dir.create_file("one").unwrap());
    assert_eq!(mode(&path.join("one")), 0o600);
    assert!(matches!(
        dir.create_new_file("one"),
        Err(DirectoryError::Unusable { .. })
    ));
    for name in ["", ".", "..", "a/b", "a\0b"] {
        assert!(matches!(
            dir.create_file(name),
            Err(DirectoryError::BadName { .. })
        ));
    }
    assert_eq!(StateDir::open(&path, Origin::Default).unwrap(), dir);
}

#[test]
fn every_refusal_names_the_setting() {
    let (_temporary, path) = temporary();
    let relative = StateDir::open("state", Origin::Explicit).unwrap_err();
    assert!(matches!(relative, DirectoryError::NotAbsolute { .. }));
    fs::write(&path, "").unwrap();
    let file = StateDir::open(&path, Origin::Explicit).unwrap_err();
    assert!(matches!(file, DirectoryError::NotADirectory { .. }));
    let below = StateDir::open(path.join("below"), Origin::Explicit).unwrap_err();
    assert!(matches!(below, DirectoryError::Unusable { .. }));
    let kernel = StateDir::open("/proc/mj", Origin::Explicit).unwrap_err();
    assert!(matches!(kernel, DirectoryError::Unusable { .. }));
    for error in [relative, file, below, kernel] {
        assert!(error.to_string().contains("mj.state_dir"), "{error}");
    }
}

#[test]
fn loose_mode_is_tightened_only_while_empty() {
    let (_temporary, path) = temporary();
    fs::create_dir(&path).unwrap();
    set_mode(&path, 0o777);
    StateDir::open(&path, Origin::Explicit).unwrap();
    assert_eq!(mode(&path), 0o700);
    fs::write(path.join("somebody"), "").unwrap();
    set_mode(&path, 0o770);
    let error = StateDir::open(&path, Origin::Explicit).unwrap_err();
    assert!(matches!(
        error,
        DirectoryError::LooseMode { mode: 0o770, .. }
    ));
    set_mode(&path, 0o755);
    StateDir::open(&path, Origin::Explicit).unwrap();
}

#[test]
fn link_in_a_world_writable_place_is_refused() {
    let (temporary, path) = temporary();
    let target = temporary.path().join("target");
    fs::create_dir(&target).unwrap();
    symlink(&target, &path).unwrap();
    let dir = StateDir::open(&path, Origin::Explicit).unwrap();
    drop(dir.create_file("one").unwrap());
    set_mode(temporary.path(), 0o1777);
    for refused in [path.clone(), path.join("deeper")] {
        let error = StateDir::open(refused, Origin::Explicit).unwrap_err();
        assert!(matches!(error, DirectoryError::Symlink { path: ref link } if *link == path));
    }
}

#[test]
fn links_and_foreign_kinds_are_not_opened_as_files() {
    let (temporary, path) = temporary();
    let dir = StateDir::open(&path, Origin::Explicit).unwrap();
    let elsewhere = temporary.path().join("elsewhere");
    symlink(&elsewhere, path.join("link")).unwrap();
    assert!(dir.create_file("link").is_err());
    assert!(!elsewhere.exists());
    let _fifo = Fifo::serve(&dir, "pipe").unwrap();
    assert!(matches!(
        dir.create_file("pipe"),
        Err(DirectoryError::NotARegularFile { .. })
    ));
}

#[test]
fn root_adopts_the_owner_and_makes_no_default() {
    if !is_root() {
        return;
    }
    let (_temporary, path) = temporary();
    assert!(matches!(
        StateDir::open(&path, Origin::Default),
        Err(DirectoryError::RootCreatesNone { .. })
    ));
    assert!(!path.exists());
    fs::create_dir(&path).unwrap();
    set_mode(&path, 0o700);
    chown(&path, Some(STRANGER), Some(STRANGER)).unwrap();
    let dir = StateDir::open(&path, Origin::Default).unwrap();
    assert_eq!(dir.owner(), (STRANGER, STRANGER));
    drop(dir.create_file("one").unwrap());
    let _lock = OwnerLock::open(&dir, "hub").unwrap();
    let _bell = mj_process::Bell::open(&dir);
    let _fifo = Fifo::serve(&dir, "ring").unwrap();
    for entry in fs::read_dir(&path).unwrap() {
        let entry = entry.unwrap();
        let metadata = entry.metadata().unwrap();
        assert_eq!(metadata.uid(), STRANGER, "{:?}", entry.file_name());
        assert_eq!(metadata.mode() & 0o777, 0o600, "{:?}", entry.file_name());
    }
}

#[test]
fn stranger_is_refused() {
    if !is_root() {
        return;
    }
    let (temporary, path) = temporary();
    StateDir::open(&path, Origin::Explicit).unwrap();
    set_mode(temporary.path(), 0o755);
    set_mode(&path, 0o755);
    let own = temporary.path().join("own");
    fs::create_dir(&own).unwrap();
    chown(&own, Some(STRANGER), Some(STRANGER)).unwrap();
    fs::write(own.join("roots"), "").unwrap();
    as_stranger(|| {
        let error = StateDir::open(&path, Origin::Explicit).unwrap_err();
        assert!(
            matches!(
                error,
                DirectoryError::ForeignOwner {
                    owner: 0,
                    user: STRANGER,
                    ..
                }
            ),
            "{error}"
        );
        let missing = temporary.path().join("missing");
        let error = StateDir::open(missing, Origin::Default).unwrap_err();
        assert!(matches!(error, DirectoryError::Unusable { .. }), "{error}");
        let dir = StateDir::open(&own, Origin::Explicit).unwrap();
        assert!(dir.create_file("roots").is_err());
        drop(dir.create_file("mine").unwrap());
        set_mode(&own, 0o500);
        let error = StateDir::open(&own, Origin::Explicit).unwrap_err();
        assert!(matches!(error, DirectoryError::Unusable { .. }), "{error}");
    });
}
