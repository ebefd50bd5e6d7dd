//! The host lock of a hub's owner: one byte per epoch.
//!
//! It proves that an owner is dead, and nothing else: the lease row in the store is the authority. A
//! stopped owner still holds its byte.

use crate::{
    byte_lock::{Hold, Holder, LockError, LockFile},
    directory::StateDir,
};

/// The lock file of one hub.
#[derive(Debug)]
pub struct OwnerLock(LockFile);

impl OwnerLock {
    /// Opens `owner-<hub>.lock` in the state directory; makes it if it is missing.
    ///
    /// # Errors
    ///
    /// [`LockError::Directory`].
    pub fn open(dir: &StateDir, hub: &str) -> Result<Self, LockError> {
        LockFile::new(dir, &format!("owner-{hub}.lock")).map(Self)
    }

    /// Takes the byte of an epoch below 2^62, without waiting. `None`: another owner of that epoch
    /// lives, perhaps in this process.
    ///
    /// # Errors
    ///
    /// [`LockError`].
    pub fn try_lock(&self, epoch: u64) -> Result<Option<Held>, LockError> {
        let byte = if cfg!(mj_mutation = "owner_byte") {
            0
        } else {
            epoch
        };
        Ok(self.0.try_lock(byte)?.map(|hold| Held { hold, epoch }))
    }

    /// Who holds an epoch's byte. [`Holder::Free`] proves on this host that the owner of that epoch is
    /// dead or gave up, provided the file was not deleted under it ([`Held::reassert`] tells the owner).
    ///
    /// # Errors
    ///
    /// [`LockError`].
    pub fn holder(&self, epoch: u64) -> Result<Holder, LockError> {
        self.0.holder(epoch)
    }
}

/// An epoch's byte, held by the process that took it; dropping it releases the byte.
///
/// In a forked child the value proves nothing and dropping it does nothing.
#[derive(Debug)]
pub struct Held {
    hold: Hold,
    epoch: u64,
}

impl Held {
    /// The epoch whose byte this is.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether the calling process took it (false in a forked child).
    pub fn is_mine(&self) -> bool {
        self.hold.is_mine()
    }

    /// Repairs the lock if foreign code in this process closed a descriptor of the file; about 1.5 µs.
    /// To be called with each renewal of the lease. False: the lock is lost (the file was deleted or
    /// replaced, or another process has the byte), and only the lease protects the owner.
    ///
    /// # Errors
    ///
    /// [`LockError::Refused`].
    pub fn reassert(&self) -> Result<bool, LockError> {
        self.hold.reassert()
    }

    /// Releases the byte.
    pub fn release(self) {
        drop(self);
    }
}
