//! The bell: a small shared file on which waiting processes sleep, and which says without SQL whether a
//! task may have changed.
//!
//! It holds hints only. Nothing depends on them: a waiter looks at the store at least every
//! [`LONGEST_SLICE`], and a row decoded earlier is verified as often. The file has all its blocks from
//! its first moment under its name, and nothing of ours truncates it (a truncated mapping is SIGBUS).

use std::{
    fs::{self, File},
    io,
    mem::{offset_of, size_of},
    os::{
        fd::AsRawFd,
        unix::fs::{FileExt, MetadataExt, OpenOptionsExt},
    },
    path::Path,
    ptr::{self, NonNull},
    sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering},
    thread,
    time::Duration,
};

use crate::{
    clock,
    directory::StateDir,
    futex::{self, Scope, Waited, Word},
    random,
};

/// Number of per-task slots; two tasks may share one, which costs a needless look.
pub const SLOTS: usize = 4096;
/// Longest sleep of one [`Bell::wait`].
pub const LONGEST_SLICE: Duration = Duration::from_millis(100);
/// Sleep between two looks at the store where the file cannot be mapped.
pub const POLL_SLICE: Duration = Duration::from_millis(10);

const NAME: &str = "bell";
/// The layout's name; a file with another one is replaced.
const MAGIC: u64 = u64::from_le_bytes(*b"mj bell1");
/// How often the file's name is compared with the mapping.
const CHECK_MS: u64 = 100;
/// How often mapping is tried again where it was refused.
const RETRY_MS: u64 = 5_000;
/// Tries to agree with other processes on one file.
const ATTEMPTS: usize = 8;
/// Mappings of deleted files that one process keeps; after that it polls.
const LONGEST_CHAIN: u32 = 256;

/// Why a wait ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wake {
    /// Somebody rang, or may have: look at the store.
    Rung,
    /// The slice is over without a ring (without a mapping: always this).
    TimedOut,
    /// A signal handler ran in this thread.
    Interrupted,
}

/// What a slot said at one moment; equal values mean that nobody bumped it in between.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Revision {
    mapping: u32,
    value: u32,
}

/// The mapped file. It may be shared by threads and used on both sides of a fork.
#[derive(Debug)]
pub struct Bell {
    dir: StateDir,
    /// The newest mapping, or null. Older ones stay valid until the drop, for threads that use them.
    map: AtomicPtr<Map>,
    /// When the name was last looked at, by the coarse clock.
    checked_ms: AtomicU64,
}

impl Bell {
    /// Opens the bell of a state directory, and makes it if it is missing. Processes that do so at the
    /// same moment get the same file. Where it cannot be made or mapped, the bell is mute:
    /// [`Self::wait`] sleeps [`POLL_SLICE`], and no slot is known.
    pub fn open(dir: &StateDir) -> Self {
        let bell = Self {
            dir: dir.clone(),
            map: AtomicPtr::new(ptr::null_mut()),
            checked_ms: AtomicU64::new(clock::coarse_ms()),
        };
        bell.refresh();
        bell
    }

    /// Whether the file is mapped; if not, the bell is mute.
    pub fn is_mapped(&self) -> bool {
        self.map().is_some()
    }

    /// The word to hand to [`Self::wait`]; to be read before the store is looked at.
    pub fn word(&self) -> u32 {
        self.current()
            .map_or(0, |map| map.shared().word.load(Ordering::SeqCst))
    }

    /// Number of rings since the file was made; 0 when mute.
    pub fn changes(&self) -> u64 {
        self.current()
            .map_or(0, |map| map.shared().changes.load(Ordering::SeqCst))
    }

    /// Wakes every waiting process. To be called after a commit, and after [`Self::bump`].
    pub fn ring(&self) {
        if let Some(map) = self.current() {
            let shared = map.shared();
            shared.changes.fetch_add(1, Ordering::SeqCst);
            ring(&shared.word);
        }
    }

    /// Sleeps until a ring after `seen` was read, at most `timeout` and at most [`LONGEST_SLICE`].
    pub fn wait(&self, seen: u32, timeout: Duration) -> Wake {
        self.wait_within(seen, timeout.min(LONGEST_SLICE), POLL_SLICE)
    }

    /// As [`Self::wait`], without its bound, for a thread that hears of nothing but rings, and looks at the store by
    /// itself after `timeout`. Without a mapping at most [`LONGEST_SLICE`].
    pub fn wait_long(&self, seen: u32, timeout: Duration) -> Wake {
        self.wait_within(seen, timeout, LONGEST_SLICE)
    }

    /// Ends every wait, in every process, without a change: for a thread of our own that should end. Waiters look at the
    /// store once for nothing.
    pub fn rouse(&self) {
        if let Some(map) = self.current() {
            ring(&map.shared().word);
        }
    }

    fn wait_within(&self, seen: u32, timeout: Duration, mute: Duration) -> Wake {
        let Some(map) = self.current() else {
            return mute_wait(timeout.min(mute));
        };
        sleep(&map.shared().word, seen, Some(timeout))
    }

    /// The revision of the slot that a task's hash falls in; to be read before the task's row. `None`
    /// when mute: the row must be read.
    pub fn slot(&self, hash: u64) -> Option<Revision> {
        let map = self.current()?;
        Some(Revision {
            mapping: map.serial,
            value: revision(map.shared().slot(hash)),
        })
    }

    /// Says that the task with this hash has changed. To be called after the commit.
    pub fn bump(&self, hash: u64) {
        if let Some(map) = self.current() {
            bump(map.shared().slot(hash));
        }
    }

    /// The mapping, after a look at the file's name if the last one is [`CHECK_MS`] old.
    fn current(&self) -> Option<&Map> {
        let now = clock::coarse_ms();
        let checked = self.checked_ms.load(Ordering::Relaxed);
        let map = self.map();
        let due = if map.is_some() { CHECK_MS } else { RETRY_MS };
        if now.saturating_sub(checked) < due {
            return map;
        }
        self.checked_ms.store(now, Ordering::Relaxed);
        if !map.is_some_and(|map| map.is_named(&self.dir)) {
            self.refresh();
        }
        self.map()
    }

    fn map(&self) -> Option<&Map> {
        // SAFETY: null, or a box that only `drop` frees.
        unsafe { self.map.load(Ordering::Acquire).as_ref() }
    }

    /// Maps the file that has the name, or makes one. Where that fails, an older mapping stays: its
    /// rings reach at least the processes that have it too.
    fn refresh(&self) {
        let older = self.map.load(Ordering::Acquire);
        // SAFETY: as in `map`.
        let serial = unsafe { older.as_ref() }.map_or(0, |map| map.serial + 1);
        if serial >= LONGEST_CHAIN {
            return;
        }
        let Ok(mut map) = Map::open(&self.dir) else {
            return;
        };
        map.older = older;
        map.serial = serial;
        let fresh = Box::into_raw(Box::new(map));
        if self
            .map
            .compare_exchange(older, fresh, Ordering::AcqRel, Ordering::Acquire)
            .is_err()
        {
            // Another thread was faster. SAFETY: nobody else has seen the pointer.
            drop(unsafe { Box::from_raw(fresh) });
        }
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        let mut next = *self.map.get_mut();
        while !next.is_null() {
            // SAFETY: each link came from `Box::into_raw`; no reference to it outlives the bell.
            let map = unsafe { Box::from_raw(next) };
            next = map.older;
        }
    }
}

/// Changes the word and wakes who sleeps on it.
pub(crate) fn ring(word: &impl Word) {
    word.fetch_add(1, Ordering::SeqCst);
    word.wake(i32::MAX, Scope::Shared);
}

/// Sleeps until a ring after `seen` was read.
pub(crate) fn sleep(word: &impl Word, seen: u32, timeout: Option<Duration>) -> Wake {
    let seen = if cfg!(mj_mutation = "wake_up") {
        word.load(Ordering::SeqCst)
    } else {
        seen
    };
    if word.load(Ordering::SeqCst) != seen {
        return Wake::Rung;
    }
    match word.wait(seen, timeout, Scope::Shared) {
        Waited::Woken => Wake::Rung,
        Waited::TimedOut => Wake::TimedOut,
        Waited::Interrupted => Wake::Interrupted,
    }
}

/// What a slot says, before the row is read.
pub(crate) fn revision(slot: &impl Word) -> u32 {
    slot.load(Ordering::Acquire)
}

/// Changes a slot, after the row was.
pub(crate) fn bump(slot: &impl Word) {
    slot.fetch_add(1, Ordering::Release);
}

/// The layout of the file. All of it is atomics: other processes write it at any time.
#[repr(C)]
struct Shared {
    magic: AtomicU64,
    gap_a: [u8; 56],
    word: AtomicU32,
    gap_b: [u8; 60],
    changes: AtomicU64,
    gap_c: [u8; 3960],
    slots: [AtomicU32; SLOTS],
}

const SIZE: usize = size_of::<Shared>();
const _: () = assert!(SIZE == 20_480 && offset_of!(Shared, slots) == 4_096);
const _: () = assert!(offset_of!(Shared, word) == 64 && offset_of!(Shared, changes) == 128);

impl Shared {
    fn slot(&self, hash: u64) -> &AtomicU32 {
        let place = usize::try_from(hash % SLOTS as u64).unwrap_or_default();
        &self.slots[place]
    }
}

#[derive(Debug)]
struct Map {
    shared: NonNull<Shared>,
    inode: (u64, u64),
    serial: u32,
    older: *mut Map,
}

// SAFETY: the mapping is process-wide and made of atomics; `older` is touched by `Bell::drop` only.
unsafe impl Send for Map {}
// SAFETY: as above.
unsafe impl Sync for Map {}

impl Map {
    fn open(dir: &StateDir) -> io::Result<Self> {
        let path = dir.path().join(NAME);
        for _ in 0..ATTEMPTS {
            match open_existing(&path) {
                Ok(file) => match Self::of(&file, dir)? {
                    Some(map) => return Ok(map),
                    None => publish(dir, |fresh| fs::rename(fresh, &path))?,
                },
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    publish(dir, |fresh| link_or_rename(fresh, &path))?;
                }
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::from(io::ErrorKind::TimedOut))
    }

    /// `None`: the file is not a bell of this layout and must be replaced.
    fn of(file: &File, dir: &StateDir) -> io::Result<Option<Self>> {
        let metadata = file.metadata()?;
        if metadata.uid() != dir.owner().0 {
            return Err(io::Error::from(io::ErrorKind::PermissionDenied));
        }
        if !metadata.is_file() || metadata.len() != SIZE as u64 {
            return Ok(None);
        }
        let map = Self {
            shared: map_shared(file)?,
            inode: (metadata.dev(), metadata.ino()),
            serial: 0,
            older: ptr::null_mut(),
        };
        Ok((map.shared().magic.load(Ordering::Acquire) == MAGIC).then_some(map))
    }

    fn shared(&self) -> &Shared {
        // SAFETY: mapped with the size of `Shared` until `self` is dropped; every bit pattern is valid.
        unsafe { self.shared.as_ref() }
    }

    fn is_named(&self, dir: &StateDir) -> bool {
        fs::symlink_metadata(dir.path().join(NAME)).is_ok_and(|there| {
            (there.dev(), there.ino()) == self.inode && there.len() == SIZE as u64
        })
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: mapped by `map_shared` with this size, unmapped once.
        unsafe { libc::munmap(self.shared.as_ptr().cast(), SIZE) };
    }
}

fn map_shared(file: &File) -> io::Result<NonNull<Shared>> {
    // SAFETY: a new mapping at an address the kernel picks; the file has SIZE bytes.
    let address = unsafe {
        libc::mmap(
            ptr::null_mut(),
            SIZE,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_SHARED,
            file.as_raw_fd(),
            0,
        )
    };
    if address == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    NonNull::new(address.cast()).ok_or_else(|| io::Error::from(io::ErrorKind::OutOfMemory))
}

fn open_existing(path: &Path) -> io::Result<File> {
    fs::OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)
}

/// Makes a complete bell under a name of its own and lets `place` give it the right one.
fn publish(dir: &StateDir, place: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let unique = random::random_u64().map_err(io::Error::other)?;
    let name = format!(".{NAME}.{unique:016x}");
    let path = dir.path().join(&name);
    let file = dir.create_new_file(&name).map_err(io::Error::other)?;
    let placed = fill(&file, unique).and_then(|()| place(&path));
    let _ = fs::remove_file(&path);
    placed
}

/// Gives the file all its blocks. The word starts anywhere, so that a value seen in a deleted file is
/// not taken for one of this.
fn fill(file: &File, unique: u64) -> io::Result<()> {
    let size = libc::off_t::try_from(SIZE).map_err(io::Error::other)?;
    loop {
        // SAFETY: a plain system call on an open descriptor.
        match unsafe { libc::posix_fallocate(file.as_raw_fd(), 0, size) } {
            0 => break,
            libc::EINTR => {}
            error => return Err(io::Error::from_raw_os_error(error)),
        }
    }
    let word = (unique & u64::from(u32::MAX)).to_ne_bytes();
    file.write_all_at(&word, offset_of!(Shared, word) as u64)?;
    file.write_all_at(&MAGIC.to_ne_bytes(), 0)
}

/// A link fails when another process was faster, which is as good. Where links do not exist, the last
/// rename wins and the others notice.
fn link_or_rename(fresh: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(fresh, path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(_) => fs::rename(fresh, path),
    }
}

fn mute_wait(slice: Duration) -> Wake {
    let limit = futex::timespec(slice);
    // SAFETY: `limit` is valid; the remaining time is not asked for.
    if unsafe { libc::nanosleep(&raw const limit, ptr::null_mut()) } == 0 {
        return Wake::TimedOut;
    }
    thread::yield_now();
    Wake::Interrupted
}
