//! A descriptor that is readable while something has happened: how a thread of ours wakes an event loop that is not.
//!
//! It is one word in the kernel (`eventfd`), so raising it again before it is taken costs nothing, never blocks and
//! never fills anything. A forked child keeps the descriptor's number and loses what was behind it: there it is an event
//! of the child's own that nobody raises, raised once, so that the loop that watches it looks and is told.

use std::{
    io,
    os::fd::{AsRawFd, RawFd},
};

use crate::{
    descriptor::Chunk,
    fork::{self, ForkGate, Generation},
};

static TABLE: Chunk = Chunk::new();

/// What [`Event::take`] found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Taken {
    /// It was raised since it was taken last.
    Raised,
    /// It was not.
    Nothing,
    /// It was made before a fork, in another process: nobody will raise it here.
    Inherited,
}

/// The event. Dropping it closes the descriptor, in a forked child too.
#[derive(Debug)]
pub struct Event {
    raw: RawFd,
    generation: Generation,
}

impl Event {
    /// Makes one that is not raised.
    ///
    /// # Errors
    ///
    /// The system's: no more descriptors allowed, or no memory.
    pub fn new() -> io::Result<Self> {
        let _gate = ForkGate::enter();
        let raw = open(0).ok_or_else(io::Error::last_os_error)?;
        TABLE.add(raw);
        Ok(Self {
            raw,
            generation: fork::generation(),
        })
    }

    /// Whether it was made by the calling process, and not inherited by a fork.
    pub fn is_current(&self) -> bool {
        self.generation.is_current()
    }

    /// Makes it readable. Does nothing in a forked child.
    pub fn raise(&self) {
        if self.is_current() {
            let one = 1_u64.to_ne_bytes();
            // SAFETY: an open descriptor and eight bytes to read. It fails only where the word is full: it is raised.
            unsafe { libc::write(self.raw, one.as_ptr().cast(), one.len()) };
        }
    }

    /// Makes it unreadable until it is raised again; never waits.
    pub fn take(&self) -> Taken {
        if !self.is_current() {
            // That of the parent, where there were no descriptors left for one of our own, is not touched.
            renew(self.raw, 0);
            return Taken::Inherited;
        }
        let mut count = [0_u8; 8];
        // SAFETY: an open descriptor that never blocks, and eight bytes to write.
        let length = unsafe { libc::read(self.raw, count.as_mut_ptr().cast(), count.len()) };
        if length > 0 {
            Taken::Raised
        } else {
            Taken::Nothing
        }
    }
}

impl AsRawFd for Event {
    fn as_raw_fd(&self) -> RawFd {
        self.raw
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // A fork between the two steps would renew somebody else's descriptor.
        let _gate = ForkGate::enter();
        TABLE.remove(self.raw);
        // SAFETY: opened by `new`, kept open at every fork since, owned by `self`, closed exactly once in each process.
        unsafe { libc::close(self.raw) };
    }
}

/// Puts events of the child's own, raised, behind the numbers of those that it inherited. Called in the child of a fork,
/// where no other thread is.
pub(crate) fn renew_in_child() {
    TABLE.each(|raw| renew(raw, 1));
}

/// Puts a fresh event behind a number. Where there is no descriptor left for that, the old one stays.
fn renew(raw: RawFd, count: u32) {
    let Some(fresh) = open(count) else { return };
    // SAFETY: plain system calls that a forked child may make, on a number that an event owns and on one made here.
    unsafe {
        libc::dup3(fresh, raw, libc::O_CLOEXEC);
        libc::close(fresh);
    }
}

fn open(count: u32) -> Option<RawFd> {
    // SAFETY: a plain system call that a forked child may make.
    let raw = unsafe { libc::eventfd(count, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
    (raw >= 0).then_some(raw)
}
