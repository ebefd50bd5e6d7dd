//! The heir: the one process of a host that watches the owner, and how it sees the owner die.

use std::{
    fs, io,
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
        unix::fs::MetadataExt,
    },
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use crate::{
    byte_lock::{Hold, LockError, LockFile},
    descriptor::Descriptor,
    directory::StateDir,
    futex,
};

/// How often a watcher without a pid descriptor looks at the owner's lock byte.
pub const TICK: Duration = Duration::from_millis(50);

/// `heir.lock` of a state directory, or that of one of its groups of processes.
#[derive(Debug)]
pub struct HeirLock(LockFile);

impl HeirLock {
    /// Opens the lock file; makes it if it is missing.
    ///
    /// # Errors
    ///
    /// [`LockError::Directory`].
    pub fn open(dir: &StateDir) -> Result<Self, LockError> {
        LockFile::new(dir, "heir.lock").map(Self)
    }

    /// That of a group of processes that can do what others of the directory cannot: `heir-<group>.lock`. Each group
    /// has an heir of its own.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn open_of(dir: &StateDir, group: &str) -> Result<Self, LockError> {
        LockFile::new(dir, &format!("heir-{group}.lock")).map(Self)
    }

    /// Becomes the heir if there is none: one system call when there is one.
    ///
    /// # Errors
    ///
    /// [`LockError`].
    pub fn try_take(&self) -> Result<Option<Heir>, LockError> {
        let byte = if cfg!(mj_mutation = "one_heir") {
            u64::from(std::process::id())
        } else {
            0
        };
        Ok(self.0.try_lock(byte)?.map(Heir))
    }
}

/// Being the heir; dropping it makes room for another.
#[derive(Debug)]
pub struct Heir(Hold);

impl Heir {
    /// Whether the calling process is the one that took it (false in a forked child).
    pub fn is_mine(&self) -> bool {
        self.0.is_mine()
    }

    /// As [`crate::Held::reassert`].
    ///
    /// # Errors
    ///
    /// [`LockError::Refused`].
    pub fn reassert(&self) -> Result<bool, LockError> {
        self.0.reassert()
    }
}

/// Which process, in a way that survives the reuse of its pid.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Identity {
    /// Pid in the pid namespace of the process that wrote this.
    pub pid: i32,
    /// Clock ticks between boot and the start of the process: field 22 of `/proc/<pid>/stat`. 0 where
    /// `/proc` cannot be read.
    pub start_time: u64,
    /// `/proc/sys/kernel/random/boot_id`; empty where it cannot be read.
    pub boot_id: String,
}

impl Identity {
    /// The calling process.
    pub fn own() -> Self {
        let pid = i32::try_from(std::process::id()).unwrap_or(i32::MAX);
        Self {
            pid,
            start_time: stat(pid).map_or(0, |stat| stat.start_time),
            boot_id: boot_id(),
        }
    }

    /// A process of this host by its pid; `None` if there is no such process to be seen.
    pub fn of(pid: i32) -> Option<Self> {
        Some(Self {
            pid,
            start_time: stat(pid)?.start_time,
            boot_id: boot_id(),
        })
    }

    /// Whether it ran on this host since it last booted. Unknown boots are never the same.
    pub fn is_same_boot(&self) -> bool {
        !self.boot_id.is_empty() && self.boot_id == boot_id()
    }

    /// The state letter of the process as in `/proc/<pid>/stat` (`R`, `S`, `D`, `T` = stopped, `t` =
    /// traced), or `None` when no such process is seen: it is dead, a zombie, on another host, in
    /// another pid namespace, or hidden. So a letter proves life, but `None` does not prove death.
    pub fn state(&self) -> Option<char> {
        let stat = stat(self.pid).filter(|_| self.is_same_boot())?;
        let alive = stat.start_time == self.start_time && !matches!(stat.state, 'Z' | 'X' | 'x');
        alive.then_some(stat.state)
    }
}

/// Watches one process for its end.
#[derive(Debug)]
pub struct Watch {
    /// `None` where the kernel has no pid descriptors (before 5.3) or forbids them.
    pidfd: Option<Descriptor>,
    gone: bool,
    /// [`Watch::wait`] has said once that the process is gone.
    told: AtomicBool,
}

impl Watch {
    /// Starts to watch. A process that is gone already is reported by [`Self::is_gone`] at once; where
    /// only its absence from `/proc` is known (another container), the watch falls back to ticks.
    pub fn open(identity: &Identity) -> Self {
        let pidfd = Descriptor::open_with(|| open_pidfd(identity.pid));
        match pidfd {
            // The pid may have been given to another process: look after the descriptor is open.
            Ok(pidfd) if identity.state().is_some() => Self {
                pidfd: Some(pidfd),
                gone: false,
                told: AtomicBool::new(false),
            },
            Ok(_) => Self {
                pidfd: None,
                gone: true,
                told: AtomicBool::new(false),
            },
            Err(error) => Self {
                pidfd: None,
                gone: error.raw_os_error() == Some(libc::ESRCH),
                told: AtomicBool::new(false),
            },
        }
    }

    /// A descriptor that becomes readable when the process ends (for poll(2) or an event loop). `None`:
    /// look at the owner's lock byte every [`TICK`].
    pub fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.pidfd.as_ref().map(AsFd::as_fd)
    }

    /// As [`Self::descriptor`], as a number.
    pub fn raw_descriptor(&self) -> Option<RawFd> {
        self.pidfd.as_ref().map(AsRawFd::as_raw_fd)
    }

    /// Whether the process is not to be seen any more. True is a hint to look at the lock byte, which
    /// alone proves death: in another pid namespace a living process is not seen either.
    pub fn is_gone(&self) -> bool {
        self.gone || self.wait_readable(Duration::ZERO)
    }

    /// Waits until the process is gone, `timeout` is over, or, without a pid descriptor, one [`TICK`]
    /// has passed. Whether it is gone; once that was said, each further call takes a tick, so that a
    /// loop around it that waits for the lock byte does not spin.
    pub fn wait(&self, timeout: Duration) -> bool {
        if self.told.load(Ordering::Relaxed) {
            thread::sleep(timeout.min(TICK));
            return true;
        }
        let gone = self.gone || self.wait_readable(timeout);
        if gone {
            self.told.store(true, Ordering::Relaxed);
        } else if self.pidfd.is_none() {
            thread::sleep(timeout.min(TICK));
        }
        gone
    }

    fn wait_readable(&self, timeout: Duration) -> bool {
        let Some(pidfd) = &self.pidfd else {
            return false;
        };
        futex::wait_readable(pidfd.as_raw_fd(), timeout)
    }
}

/// The id of the current boot of this machine, or an empty text.
pub fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|text| text.trim().to_owned())
        .unwrap_or_default()
}

/// The pid namespace of the calling process, as the inode number of its handle; 0 if unknown. Pids of
/// two processes are comparable when it is the same.
pub fn pid_namespace() -> u64 {
    fs::metadata("/proc/self/ns/pid").map_or(0, |metadata| metadata.ino())
}

fn open_pidfd(pid: i32) -> io::Result<OwnedFd> {
    // SAFETY: takes two integers and touches no memory. The descriptor is close-on-exec by itself.
    let raw = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    match RawFd::try_from(raw) {
        // SAFETY: a fresh descriptor that nobody else knows.
        Ok(raw) if raw >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(raw) }),
        _ => Err(io::Error::last_os_error()),
    }
}

struct Stat {
    state: char,
    start_time: u64,
}

fn stat(pid: i32) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// proc(5): the second field is the name in brackets and may hold anything; the third is the state, the
/// twenty-second the start time.
fn parse_stat(text: &str) -> Option<Stat> {
    let mut fields = text.rsplit_once(") ")?.1.split_ascii_whitespace();
    Some(Stat {
        state: fields.next()?.chars().next()?,
        start_time: fields.nth(18)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_stat_with_a_hostile_name() {
        let text = "77 (a) S 1 (b) T 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 987 20 21\n";
        let stat = parse_stat(text).unwrap();
        assert_eq!(stat.state, 'T');
        assert_eq!(stat.start_time, 987);
        assert!(parse_stat("").is_none());
        assert!(parse_stat("77 (a) S 1").is_none());
    }

    #[test]
    fn knows_itself() {
        let own = Identity::own();
        assert!(own.start_time > 0);
        assert!(own.is_same_boot());
        assert!(own.state().is_some());
        assert_eq!(Identity::of(own.pid), Some(own.clone()));
        let reused = Identity {
            start_time: own.start_time + 1,
            ..own
        };
        assert!(reused.state().is_none());
        assert!(Watch::open(&reused).is_gone());
    }
}
