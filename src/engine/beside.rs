//! Work beside the engine's thread, for what blocks on files.

use tokio::task::{JoinHandle, spawn_blocking};
use tracing::dispatcher;

/// Runs `work` on a thread of the runtime's. What it logs goes where the engine's thread logs, whose log is its own.
pub(crate) fn beside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    let log = dispatcher::get_default(Clone::clone);
    spawn_blocking(move || dispatcher::with_default(&log, work))
}
