//! The environment as it was when PHP loaded the extension: MINIT runs before any other thread, and under PHP-FPM in the
//! master.

use std::{
    ptr,
    sync::atomic::{AtomicPtr, AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use mj_engine::Environment;

/// Without a lock, which a fork could leave locked; what is replaced is never freed, because another thread may read it.
static AT_START: AtomicPtr<Environment> = AtomicPtr::new(ptr::null_mut());

/// When that was, in Unix milliseconds.
static STARTED: AtomicU64 = AtomicU64::new(0);

/// Reads it; called by MINIT, which runs again in a server that reloads its configuration.
pub(crate) fn read() {
    let environment = Box::into_raw(Box::new(Environment::of_process()));
    AT_START.store(environment, Ordering::Release);
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_millis());
    STARTED.store(u64::try_from(now).unwrap_or_default(), Ordering::Release);
}

/// When PHP read its configuration, in Unix milliseconds.
pub(crate) fn started() -> u64 {
    STARTED.load(Ordering::Acquire)
}

/// What was read.
pub(crate) fn at_start() -> Environment {
    // SAFETY: null, or a box that was leaked and is never freed nor changed.
    unsafe { AT_START.load(Ordering::Acquire).as_ref() }
        .cloned()
        .unwrap_or_default()
}
