//! Waiting on descriptors of ours in the event loop.

use std::{io, os::fd::AsRawFd};

use tokio::io::unix::AsyncFd;

/// Registers a descriptor that its holder keeps open, under one number, as long as it lives.
///
/// # Errors
/// The system's; outside of a runtime.
#[expect(
    deprecated,
    reason = "the successor is unsafe, which this room forbids; our descriptors keep their number"
)]
pub(crate) fn watch<T: AsRawFd>(descriptor: T) -> io::Result<AsyncFd<T>> {
    AsyncFd::new(descriptor)
}
