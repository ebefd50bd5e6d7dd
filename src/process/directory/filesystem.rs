//! What kind of file system the state directory is on, and whether it can be written.

use std::{
    ffi::CString,
    fs::{self, Metadata},
    io,
    mem::MaybeUninit,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::Path,
};

use super::{DirectoryError, unusable};

/// File systems whose locks or shared mappings do not hold between machines or at all, by the magic
/// number that statfs(2) gives (its manual page and linux/magic.h).
const NETWORK: [(u32, &str); 13] = [
    (0x0000_6969, "nfs"),
    (0xFF53_4D42, "cifs"),
    (0xFE53_4D42, "smb2"),
    (0x0000_517B, "smb"),
    (0x0102_1997, "9p"),
    (0x5346_414F, "afs"),
    (0x6B41_4653, "afs"),
    (0x7375_7245, "coda"),
    (0x0000_564C, "ncp"),
    (0x00C3_6400, "ceph"),
    (0x0BD0_0BD0, "lustre"),
    (0x4750_4653, "gpfs"),
    (0x0119_1197, "beegfs"),
];
/// FUSE also carries local file systems (rootless containers, NTFS): its subtype decides.
const FUSE: u32 = 0x6573_5546;
/// Subtypes of FUSE that reach over a network.
const NETWORK_FUSE: [&str; 14] = [
    "sshfs",
    "glusterfs",
    "s3fs",
    "rclone",
    "davfs",
    "davfs2",
    "ceph",
    "ceph-fuse",
    "juicefs",
    "curlftpfs",
    "gcsfuse",
    "goofys",
    "mfs",
    "mount-s3",
];

pub(super) fn refuse_network(path: &Path, metadata: &Metadata) -> Result<(), DirectoryError> {
    let magic = magic(path)?;
    let kind = if magic == FUSE {
        fuse_subtype(metadata.dev()).filter(|kind| NETWORK_FUSE.contains(&kind.as_str()))
    } else {
        network_name(magic).map(str::to_owned)
    };
    match kind {
        None => Ok(()),
        Some(kind) => Err(DirectoryError::NetworkFileSystem {
            path: path.to_owned(),
            kind,
        }),
    }
}

/// Asks with the effective user, which also sees a read-only mount.
pub(super) fn refuse_unwritable(path: &Path) -> Result<(), DirectoryError> {
    let c_path = c_path(path)?;
    // SAFETY: `c_path` is a terminated string that outlives the call.
    let answer = unsafe {
        libc::faccessat(
            libc::AT_FDCWD,
            c_path.as_ptr(),
            libc::R_OK | libc::W_OK | libc::X_OK,
            libc::AT_EACCESS,
        )
    };
    if answer == 0 {
        return Ok(());
    }
    Err(unusable(path, io::Error::last_os_error()))
}

pub(super) fn c_path(path: &Path) -> Result<CString, DirectoryError> {
    CString::new(path.as_os_str().as_bytes())
        .map_err(|_| unusable(path, io::Error::from(io::ErrorKind::InvalidInput)))
}

fn magic(path: &Path) -> Result<u32, DirectoryError> {
    let c_path = c_path(path)?;
    let mut answer = MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: the path is terminated, and the kernel fills the whole structure when it answers 0.
    let answer = unsafe {
        if libc::statfs(c_path.as_ptr(), answer.as_mut_ptr()) != 0 {
            return Err(unusable(path, io::Error::last_os_error()));
        }
        answer.assume_init()
    };
    // The field is signed and wide on some targets; the numbers are 32 bits.
    Ok((answer.f_type & 0xFFFF_FFFF).try_into().unwrap_or_default())
}

fn network_name(magic: u32) -> Option<&'static str> {
    NETWORK
        .iter()
        .find(|(number, _)| *number == magic)
        .map(|(_, name)| *name)
}

fn fuse_subtype(device: u64) -> Option<String> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let device = format!("{}:{}", libc::major(device), libc::minor(device));
    subtype_of(&mounts, &device)
}

/// The part after `fuse.` of the type of the mount with this `major:minor`; proc(5) has the format.
fn subtype_of(mounts: &str, device: &str) -> Option<String> {
    mounts
        .lines()
        .filter(|line| line.split(' ').nth(2) == Some(device))
        .find_map(|line| {
            let kind = line.split_once(" - ")?.1.split(' ').next()?;
            Some(kind.split_once('.')?.1.to_owned())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_network_kinds() {
        assert_eq!(network_name(0x6969), Some("nfs"));
        assert_eq!(network_name(0xFF53_4D42), Some("cifs"));
        assert_eq!(network_name(0xEF53), None, "ext4");
        assert_eq!(network_name(FUSE), None);
    }

    #[test]
    fn reads_fuse_subtype_of_device() {
        let mounts = "36 35 0:41 / /mnt/a rw,nosuid shared:1 - fuse.sshfs host:/ rw\n\
                      37 35 0:42 / /mnt/b rw - fuse.fuse-overlayfs none rw\n\
                      38 35 0:43 / /mnt/c rw - ext4 /dev/sda1 rw\n";
        assert_eq!(subtype_of(mounts, "0:41").as_deref(), Some("sshfs"));
        assert_eq!(
            subtype_of(mounts, "0:42").as_deref(),
            Some("fuse-overlayfs")
        );
        assert_eq!(subtype_of(mounts, "0:43"), None);
        assert_eq!(subtype_of(mounts, "9:9"), None);
    }
}
