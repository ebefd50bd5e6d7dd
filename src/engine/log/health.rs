//! Whether the log of this process can be written. A log that cannot be stops no work: it is said once, in PHP's error
//! log and in `mj_status()`, until it can be written again.

use std::{
    io,
    sync::atomic::{AtomicBool, Ordering},
};

use mj_discord::UnixMs;
use mj_process::{ForkLocal, clock};
use parking_lot::Mutex;
use serde_json::{Value as Json, json};

static HEALTH: ForkLocal<Mutex<Health>> = ForkLocal::new();
/// Whether [`take_complaint`] may have something: asked with every call of PHP's.
static COMPLAINS: AtomicBool = AtomicBool::new(false);
/// Whether what [`shown`] gives has changed.
static HAS_CHANGED: AtomicBool = AtomicBool::new(false);

#[derive(Debug, Default)]
struct Health {
    failing: Option<Failing>,
    /// All that were lost, ever.
    lost: u64,
    /// Whether that the file cannot be rotated was said.
    is_unrotated: bool,
    /// For PHP's error log.
    complaint: Option<String>,
}

#[derive(Clone, Debug)]
struct Failing {
    since: UnixMs,
    reason: String,
    lost: u64,
}

fn health() -> &'static Mutex<Health> {
    HEALTH.get_or_init(Mutex::default)
}

/// It could not be written; `lost` lines are lost by it.
pub(super) fn failed(error: &io::Error, lost: u64) {
    let mut health = health().lock();
    health.lost += lost;
    if let Some(failing) = &mut health.failing {
        failing.lost += lost;
        return;
    }
    let reason = error.to_string();
    health.complaint = Some(format!(
        "mj.log cannot be written ({reason}): what the engine has to say is lost until it can; the work goes on"
    ));
    health.failing = Some(Failing {
        since: UnixMs(clock::unix_ms()),
        reason,
        lost,
    });
    HAS_CHANGED.store(true, Ordering::Release);
    COMPLAINS.store(true, Ordering::Release);
}

/// It was written; tells how many lines before this one were lost, if it could not be.
pub(super) fn worked() -> Option<u64> {
    let failing = health().lock().failing.take()?;
    HAS_CHANGED.store(true, Ordering::Release);
    Some(failing.lost)
}

/// It was written, and is larger than it should be.
pub(super) fn unrotated(error: &io::Error) {
    let mut health = health().lock();
    if !health.is_unrotated {
        health.is_unrotated = true;
        health.complaint = Some(format!(
            "mj.log cannot be rotated ({error}): it grows beyond mj.log_size; make its directory writable, or let logrotate do it and set mj.log_size = 0"
        ));
        COMPLAINS.store(true, Ordering::Release);
    }
}

/// What PHP's error log is to be told; once.
pub(crate) fn take_complaint() -> Option<String> {
    if !COMPLAINS.load(Ordering::Relaxed) || !COMPLAINS.swap(false, Ordering::AcqRel) {
        return None;
    }
    health().lock().complaint.take()
}

/// Whether [`shown`] gives something else than at the last call.
pub(crate) fn take_changed() -> bool {
    HAS_CHANGED.swap(false, Ordering::AcqRel)
}

/// As `mj_status()` shows it: `log`.
pub(crate) fn shown() -> Json {
    let health = health().lock();
    json!({
        "state": if health.failing.is_some() { "failing" } else { "ok" },
        "reason": health.failing.as_ref().map(|failing| failing.reason.as_str()),
        "since": health.failing.as_ref().map(|failing| failing.since.0),
        "lost": health.lost,
    })
}

/// In words, while it cannot be written.
pub(crate) fn incident() -> Option<String> {
    let failing = health().lock().failing.clone()?;
    Some(format!(
        "mj.log cannot be written ({}): {} lines are lost",
        failing.reason, failing.lost
    ))
}
