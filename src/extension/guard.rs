//! The walls around everything that PHP calls: a panic never leaves Rust as a panic.
//!
//! Names no other part of the extension, so that the test library in `tests/extension` stands behind the same walls.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ext_php_rs::{error::Result, internal::startup_guard, zend::run_handler};

/// Runs the body of a PHP function; a panic becomes a PHP `Error`, PHP's own bailout goes on behind it.
pub(crate) fn call(body: impl FnOnce()) {
    run_handler(AssertUnwindSafe(body));
}

/// Runs MINIT; an error or a panic is reported by PHP and the module is not started.
#[allow(dead_code, reason = "the test library has no module start of its own")]
pub(crate) fn startup(body: impl FnOnce() -> Result<()>) -> i32 {
    startup_guard(body)
}

/// Runs MSHUTDOWN; nobody is left to whom a panic could be reported, PHP ends either way.
#[allow(dead_code, reason = "the test library has no module end of its own")]
pub(crate) fn shutdown(body: impl FnOnce()) -> i32 {
    i32::from(catch_unwind(AssertUnwindSafe(body)).is_err())
}
