//! The runtimes of our threads.

use mj_process::signals;
use tokio::runtime::Builder;

/// Address space of the stack of a blocking thread, which is in the store's calls.
const BLOCKING_STACK: usize = 1024 * 1024;

/// What a thread of ours builds its runtime of. To be called on PHP's thread, before ours starts: tokio reads the
/// environment here, which PHP writes at `putenv()` and takes down at its end; one process of some thousands crashed.
pub(crate) fn builder() -> Builder {
    let mut builder = Builder::new_current_thread();
    builder
        .enable_io()
        .enable_time()
        .max_blocking_threads(2)
        // Unless it is named, the standard library reads the environment for it.
        .thread_stack_size(BLOCKING_STACK)
        .on_thread_start(|| {
            // Without it the mask is inherited still, and only a panic would be printed.
            let _ = signals::adopt_thread();
        });
    builder
}
