//! Living inside PHP's processes: fork gate, signal masks, host lock, bell, FIFO, guard descriptors,
//! clocks, randomness and the state directory.
//!
//! Linux only. This room knows neither PHP nor Discord nor `SQLite`; it is the only room beside the
//! PHP binding that may use unsafe code. Nothing here calls `getaddrinfo`, `getenv` or `localtime`,
//! and nothing here needs an exit hook: every process may be killed at any instruction.
//!
//! What a forked child may rely on:
//!
//! - [`fork::generation`] differs from its parent's, so a [`fork::ForkLocal`] is empty again;
//! - every descriptor made here is closed (read ends of FIFOs, lock files, guards, pid descriptors), but for an
//!   [`Event`]'s, which is one of the child's own;
//! - it holds no lock that its parent holds.

mod byte_lock;
mod descriptor;
mod event;
mod futex;
mod readiness;

pub mod bell;
pub mod clock;
pub mod directory;
pub mod fifo;
pub mod fork;
pub mod guard;
pub mod heir;
pub mod owner_lock;
pub mod random;
pub mod signals;

#[cfg(test)]
mod models;

pub use bell::Bell;
pub use byte_lock::{Holder, LockError};
pub use clock::Now;
pub use descriptor::{CloseInChild, Descriptor};
pub use directory::{DirectoryError, Origin, StateDir};
pub use event::{Event, Taken};
pub use fifo::Fifo;
pub use fork::{BeforeFork, ForkGate, ForkLocal, GateGuard, Generation};
pub use guard::{Guard, WriteLock};
pub use heir::{Heir, HeirLock, Identity, Watch};
pub use owner_lock::{Held, OwnerLock};
pub use readiness::is_writable;
pub use signals::{PanicReport, Stop, Worker};
