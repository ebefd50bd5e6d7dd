//! File descriptors that a forked child closes at once.
//!
//! A child that keeps its parent's descriptors keeps what hangs on them: an flock or OFD lock of a
//! parent that died, or the read end of a FIFO that says an owner is alive. So every descriptor of this
//! room is in one table, and the child handler of [`crate::fork`] closes all that are in it.

use std::{
    fs::File,
    io,
    mem::ManuallyDrop,
    os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd},
    ptr,
    sync::atomic::{AtomicI32, AtomicPtr, Ordering},
};

use crate::fork::{self, ForkGate, Generation};

const EMPTY: RawFd = -1;
/// Descriptors in one link of the table. A worker has about five, an owner about ten.
const CHUNK: usize = 64;

static TABLE: Chunk = Chunk::new();

/// An open file that belongs to one process: close-on-exec, closed in a forked child.
///
/// Dropping it in the child of a fork does nothing, because the number may already name another file.
#[derive(Debug)]
pub struct Descriptor {
    raw: RawFd,
    generation: Generation,
}

impl Descriptor {
    /// Takes over what `open` opens, which must be close-on-exec. No fork can happen between the
    /// opening and the entry into the table.
    ///
    /// # Errors
    ///
    /// What `open` returns.
    pub fn open_with<F: Into<OwnedFd>>(open: impl FnOnce() -> io::Result<F>) -> io::Result<Self> {
        let _gate = ForkGate::enter();
        let raw = open()?.into().into_raw_fd();
        TABLE.add(raw);
        Ok(Self {
            raw,
            generation: fork::generation(),
        })
    }

    /// Whether it is still open in the calling process (false in a child of the process that made it).
    pub fn is_current(&self) -> bool {
        self.generation.is_current()
    }

    /// Status of the open file.
    ///
    /// # Errors
    ///
    /// The system's; `EBADF` in a forked child.
    pub fn metadata(&self) -> io::Result<std::fs::Metadata> {
        self.with_file(File::metadata)
    }

    /// Runs `work` on it as a [`File`].
    ///
    /// # Errors
    ///
    /// What `work` returns; `EBADF` in a forked child.
    pub fn with_file<R>(&self, work: impl FnOnce(&File) -> io::Result<R>) -> io::Result<R> {
        if !self.is_current() {
            return Err(io::Error::from_raw_os_error(libc::EBADF));
        }
        // SAFETY: the descriptor is open while `self` lives in the process that opened it, and the
        // `File` is never dropped, so it does not close it.
        let file = ManuallyDrop::new(unsafe { File::from_raw_fd(self.raw) });
        work(&file)
    }

    /// Leaves it open for the rest of the process, because closing it would release POSIX locks that
    /// hang on another descriptor of the same file.
    pub(crate) fn leave_open(self) {
        let _ = ManuallyDrop::new(self);
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: open while `self` lives in the process that opened it; in a forked child the number
        // is stale, which the methods of this room check and others must.
        unsafe { BorrowedFd::borrow_raw(self.raw) }
    }
}

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        self.raw
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        if self.is_current() {
            // A fork between the two steps would leave a copy open in the child.
            let _gate = ForkGate::enter();
            TABLE.remove(self.raw);
            // SAFETY: opened by this process, owned by `self`, closed exactly once.
            unsafe { libc::close(self.raw) };
        }
    }
}

/// Closes a descriptor of somebody else (a socket) in a forked child, as long as this lives.
///
/// A connection is only reset or ended when no process has it open any more, so a child that keeps a
/// copy of the owner's sockets keeps the owner's sessions alive. To be dropped *before* the descriptor
/// is closed: in a structure, it is the field above the socket.
#[derive(Debug)]
pub struct CloseInChild {
    raw: RawFd,
    generation: Generation,
}

impl CloseInChild {
    /// Enters the descriptor into the table.
    pub fn of(descriptor: impl AsFd) -> Self {
        let _gate = ForkGate::enter();
        let raw = descriptor.as_fd().as_raw_fd();
        TABLE.add(raw);
        Self {
            raw,
            generation: fork::generation(),
        }
    }
}

impl Drop for CloseInChild {
    fn drop(&mut self) {
        if self.generation.is_current() {
            TABLE.remove(self.raw);
        }
    }
}

/// Closes every descriptor of the table. Called in the child of a fork, where no other thread is.
pub(crate) fn close_in_child() {
    let mut chunk = Some(&TABLE);
    while let Some(here) = chunk {
        for slot in &here.slots {
            let raw = slot.swap(EMPTY, Ordering::Relaxed);
            if raw != EMPTY {
                // SAFETY: an inherited copy of a descriptor that only this table knows in the child.
                unsafe { libc::close(raw) };
            }
        }
        chunk = here.next();
    }
}

/// A set of descriptors that can be read at any moment, also in the child of a fork.
pub(crate) struct Chunk {
    slots: [AtomicI32; CHUNK],
    next: AtomicPtr<Chunk>,
}

impl Chunk {
    pub(crate) const fn new() -> Self {
        Self {
            slots: [const { AtomicI32::new(EMPTY) }; CHUNK],
            next: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// Calls `work` for each descriptor. Safe in the child of a fork, as far as `work` is.
    pub(crate) fn each(&self, work: impl Fn(RawFd)) {
        let mut chunk = Some(self);
        while let Some(here) = chunk {
            for slot in &here.slots {
                let raw = slot.load(Ordering::Relaxed);
                if raw != EMPTY {
                    work(raw);
                }
            }
            chunk = here.next();
        }
    }

    fn next(&self) -> Option<&Self> {
        // SAFETY: null or a leaked box, never freed.
        unsafe { self.next.load(Ordering::Acquire).as_ref() }
    }

    /// Only called under the fork gate, so that no two threads add a chunk at once.
    pub(crate) fn add(&self, raw: RawFd) {
        let mut here = self;
        loop {
            for slot in &here.slots {
                if slot
                    .compare_exchange(EMPTY, raw, Ordering::AcqRel, Ordering::Relaxed)
                    .is_ok()
                {
                    return;
                }
            }
            here = here.next().unwrap_or_else(|| here.grow());
        }
    }

    fn grow(&self) -> &'static Self {
        let fresh: &'static Self = Box::leak(Box::new(Self::new()));
        let address = ptr::from_ref(fresh).cast_mut();
        self.next.store(address, Ordering::Release);
        fresh
    }

    pub(crate) fn remove(&self, raw: RawFd) {
        let mut chunk = Some(self);
        while let Some(here) = chunk {
            for slot in &here.slots {
                if slot
                    .compare_exchange(raw, EMPTY, Ordering::AcqRel, Ordering::Relaxed)
                    .is_ok()
                {
                    return;
                }
            }
            chunk = here.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_grows_and_empties() {
        let open: Vec<_> = (0..3 * CHUNK)
            .map(|_| Descriptor::open_with(|| File::open("/dev/null")).unwrap())
            .collect();
        assert!(TABLE.next().is_some());
        drop(open);
        let mut chunk = Some(&TABLE);
        while let Some(here) = chunk {
            for slot in &here.slots {
                assert_eq!(slot.load(Ordering::Relaxed), EMPTY);
            }
            chunk = here.next();
        }
    }
}
