//! Who owns a hub: taking, keeping and losing its lease (ARCHITECTURE.md, invariant 2).
//!
//! The lease row is the only authority. The byte of `owner.lock` with the number of an epoch proves one thing: as
//! long as it is held, the owner of that epoch is not dead.

use std::time::Duration;

use mj_discord::UnixMs;
use mj_midjourney::{
    config::HubId,
    hub::Predecessor,
    store::{Grade, Lease, StoreError, TaskStore},
};
use mj_process::{Held, Holder, Identity, LockError, OwnerLock, clock, random};

use crate::fence::Fence;

/// How long a lease runs unless it is renewed.
pub(crate) const LEASE: Duration = Duration::from_secs(10);
/// How often it is renewed.
pub(crate) const RENEWAL: Duration = Duration::from_secs(3);
/// How long a renewal that failed waits for the next.
const RETRY: Duration = Duration::from_millis(250);
/// An owner that did not get to renew for this long may have a successor.
pub(crate) const OVERSLEPT: Duration = Duration::from_secs(5);
/// Between hosts, an owner is taken for dead this long after its lease has run out.
const DEAD_ELSEWHERE: Duration = Duration::from_secs(90);

/// Why the standing of a hub could not be told.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OwnershipError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The lock file failed.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The kernel gave no random numbers.
    #[error(transparent)]
    Random(#[from] random::RandomError),
}

/// What came of an attempt to own a hub.
#[derive(Debug)]
pub(crate) enum Standing {
    /// This process owns it.
    Mine(Tenure),
    /// Another process does.
    Theirs(Lease),
    /// Another candidate was faster.
    Raced,
}

/// Takes a hub's lease when nobody owns it, when its owner is dead, or when its lease has run out.
///
/// # Errors
/// [`OwnershipError`].
pub(crate) fn attempt(
    store: &dyn TaskStore,
    lock: &OwnerLock,
    own: &Identity,
    hub: &HubId,
    grade: Grade,
) -> Result<Standing, OwnershipError> {
    let before = store.lease(hub)?;
    let now = UnixMs(clock::unix_ms());
    let (epoch, predecessor) = match &before {
        None => (1, Predecessor::Dead),
        Some(lease) => match judge(lock, own, lease, now)? {
            Some(predecessor) => (lease.epoch + 1, predecessor),
            None => return Ok(Standing::Theirs(lease.clone())),
        },
    };
    let Some(held) = lock.try_lock(epoch)? else {
        return Ok(Standing::Raced);
    };
    let boot = clock::boot();
    let now = UnixMs(clock::unix_ms());
    let claim = Lease {
        epoch,
        owner: format!("{:016x}", random::random_u64()?),
        boot_id: own.boot_id.clone(),
        pid: u32::try_from(own.pid).unwrap_or_default(),
        start_time: own.start_time,
        grade,
        taken_at: now,
        until: now.plus(LEASE),
        yield_requested: false,
    };
    if !store.take_lease(hub, &claim)? {
        return Ok(Standing::Raced);
    }
    let fence = Fence::default();
    fence.extend_to(boot + LEASE);
    Ok(Standing::Mine(Tenure {
        epoch,
        held,
        fence,
        confirmed: boot,
        tried: boot,
        predecessor,
    }))
}

/// Whether an owner may be overtaken, and what is known of it then.
fn judge(
    lock: &OwnerLock,
    own: &Identity,
    lease: &Lease,
    now: UnixMs,
) -> Result<Option<Predecessor>, LockError> {
    let is_over = now >= lease.until;
    if lease.boot_id.is_empty() || lease.boot_id != own.boot_id {
        let is_dead = now >= lease.until.plus(DEAD_ELSEWHERE);
        return Ok(is_over.then_some(if is_dead {
            Predecessor::Dead
        } else {
            Predecessor::Unproven
        }));
    }
    Ok(match lock.holder(lease.epoch)? {
        Holder::Free => Some(Predecessor::Dead),
        Holder::Process(_) | Holder::Unnamed => is_over.then_some(Predecessor::Unproven),
    })
}

/// The time in which this process owns a hub. Dropping it releases the byte, not the lease.
#[derive(Debug)]
pub(crate) struct Tenure {
    /// Written with everything.
    pub(crate) epoch: u64,
    /// Until when interactions may go out.
    pub(crate) fence: Fence,
    /// What is known of the owner before.
    pub(crate) predecessor: Predecessor,
    held: Held,
    /// When a transaction last confirmed the epoch, by `CLOCK_BOOTTIME`.
    confirmed: Duration,
    /// When a renewal was last tried, by `CLOCK_BOOTTIME`.
    tried: Duration,
}

/// What a renewal said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Renewal {
    /// The hub is still ours.
    Renewed {
        /// Whether a resident asks a transient owner to give way.
        yield_requested: bool,
    },
    /// It is not.
    Deposed,
}

impl Tenure {
    /// Whether the epoch was confirmed so long ago that nothing may be done before a renewal.
    pub(crate) fn is_doubtful(&self) -> bool {
        clock::boot() >= self.confirmed + OVERSLEPT
    }

    /// When the next renewal is due, by `CLOCK_BOOTTIME`.
    pub(crate) fn renewal_due(&self) -> Duration {
        (self.confirmed + RENEWAL).max(self.tried + RETRY)
    }

    /// Renews the lease, saying what kind of process this is by now, and repairs the lock.
    ///
    /// # Errors
    /// [`StoreError`] other than `Deposed`: nothing is known, the lease runs on.
    pub(crate) fn renew(
        &mut self,
        store: &dyn TaskStore,
        hub: &HubId,
        grade: Grade,
    ) -> Result<Renewal, StoreError> {
        let boot = clock::boot();
        self.tried = boot;
        let until = UnixMs(clock::unix_ms()).plus(LEASE);
        match store.renew_lease(hub, self.epoch, grade, until) {
            Ok(yield_requested) => {
                self.confirmed = boot;
                self.fence.extend_to(boot + LEASE);
                // A lock that cannot be repaired leaves the lease as the only protection, which is enough.
                let _ = self.held.reassert();
                Ok(Renewal::Renewed { yield_requested })
            }
            Err(StoreError::Deposed { .. }) => {
                self.fence.close();
                Ok(Renewal::Deposed)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the lease has run out without having been renewed: another may own the hub.
    pub(crate) fn has_run_out(&self) -> bool {
        clock::boot() >= self.confirmed + LEASE
    }

    /// Gives the hub up: ends the lease, then releases the byte.
    pub(crate) fn release(self, store: &dyn TaskStore, hub: &HubId) {
        self.fence.close();
        // When this fails the released byte says the same.
        let _ = store.release_lease(hub, self.epoch);
    }
}

impl Drop for Tenure {
    fn drop(&mut self) {
        self.fence.close();
    }
}

/// Which of a hub's earlier owners are dead by now.
pub(crate) fn is_proven_dead(lock: &OwnerLock, epoch: u64) -> bool {
    matches!(lock.holder(epoch), Ok(Holder::Free))
}

#[cfg(test)]
mod tests {
    use mj_midjourney::memory::MemoryStore;
    use mj_process::{Origin, StateDir};

    use super::*;

    struct Place {
        _directory: tempfile::TempDir,
        lock: OwnerLock,
        store: MemoryStore,
        own: Identity,
        hub: HubId,
    }

    fn place() -> Place {
        let directory = tempfile::tempdir().unwrap();
        let dir = StateDir::open(directory.path(), Origin::Explicit).unwrap();
        Place {
            lock: OwnerLock::open(&dir, "hub").unwrap(),
            _directory: directory,
            store: MemoryStore::default(),
            own: Identity::own(),
            hub: HubId("hub".to_owned()),
        }
    }

    fn take(place: &Place) -> Standing {
        attempt(
            &place.store,
            &place.lock,
            &place.own,
            &place.hub,
            Grade::Resident,
        )
        .unwrap()
    }

    fn lease(place: &Place, change: impl FnOnce(&mut Lease)) -> Lease {
        let mut lease = Lease {
            epoch: 1,
            owner: "another".to_owned(),
            boot_id: place.own.boot_id.clone(),
            pid: 1,
            start_time: 1,
            grade: Grade::Resident,
            taken_at: UnixMs(clock::unix_ms()),
            until: UnixMs(clock::unix_ms()).plus(LEASE),
            yield_requested: false,
        };
        change(&mut lease);
        lease
    }

    #[test]
    fn the_first_takes_it_and_the_second_waits() {
        let place = place();
        let Standing::Mine(tenure) = take(&place) else {
            panic!("nobody had it")
        };
        assert_eq!((tenure.epoch, tenure.predecessor), (1, Predecessor::Dead));
        assert!(tenure.fence.is_open());
        assert!(matches!(take(&place), Standing::Theirs(lease) if lease.epoch == 1));
    }

    #[test]
    fn a_dead_owner_is_overtaken_at_once() {
        let place = place();
        let dead = lease(&place, |_| {});
        assert!(place.store.take_lease(&place.hub, &dead).unwrap());
        let Standing::Mine(tenure) = take(&place) else {
            panic!("its byte is free")
        };
        assert_eq!((tenure.epoch, tenure.predecessor), (2, Predecessor::Dead));
    }

    #[test]
    fn a_stopped_owner_is_overtaken_when_its_lease_has_run_out() {
        let place = place();
        let _byte = place.lock.try_lock(1).unwrap().unwrap();
        let over = lease(&place, |lease| lease.until = UnixMs(clock::unix_ms() - 1));
        assert!(place.store.take_lease(&place.hub, &over).unwrap());
        let Standing::Mine(tenure) = take(&place) else {
            panic!("its lease has run out")
        };
        assert_eq!(
            (tenure.epoch, tenure.predecessor),
            (2, Predecessor::Unproven)
        );
        assert!(!is_proven_dead(&place.lock, 1));
    }

    #[test]
    fn an_owner_on_another_host_is_given_its_lease() {
        let place = place();
        let elsewhere = lease(&place, |lease| lease.boot_id = "elsewhere".to_owned());
        assert!(place.store.take_lease(&place.hub, &elsewhere).unwrap());
        assert!(matches!(take(&place), Standing::Theirs(_)));
    }

    #[test]
    fn a_deposed_owner_learns_it_at_its_renewal() {
        let place = place();
        let Standing::Mine(mut tenure) = take(&place) else {
            panic!("nobody had it")
        };
        assert_eq!(
            tenure
                .renew(&place.store, &place.hub, Grade::Resident)
                .unwrap(),
            Renewal::Renewed {
                yield_requested: false
            }
        );
        let successor = lease(&place, |lease| lease.epoch = 2);
        assert!(place.store.take_lease(&place.hub, &successor).unwrap());
        assert_eq!(
            tenure
                .renew(&place.store, &place.hub, Grade::Resident)
                .unwrap(),
            Renewal::Deposed
        );
        assert!(!tenure.fence.is_open());
    }

    #[test]
    fn what_is_released_is_taken_again() {
        let place = place();
        let Standing::Mine(tenure) = take(&place) else {
            panic!("nobody had it")
        };
        tenure.release(&place.store, &place.hub);
        let Standing::Mine(tenure) = take(&place) else {
            panic!("it was released")
        };
        assert_eq!(tenure.epoch, 2);
    }
}
