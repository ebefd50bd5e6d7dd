//! How the engine of a process begins, is woken, and ends.

use std::{
    path::Path,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use mj_discord::UnixMs;
use mj_midjourney::{
    config::HubId,
    store::{Grade, Lease, TaskStore},
    task::Status,
};
use mj_process::{Origin, OwnerLock, Worker, clock};

use super::Engine;
use crate::{
    config::{Role, Settings},
    error::EngineError,
    log::Log,
    ownership,
    shared::Shared,
    station,
};

/// Where the state lies when nothing is set: the same for every user, outside of document roots, and not in a
/// `/tmp` that a service manager makes private.
const DEFAULT_DIRECTORY: &str = "/var/lib/mj";
/// How often a call tries to become the heir at most.
const HEIR_EVERY: Duration = Duration::from_millis(20);
/// How long the engine thread may take to give its hubs up in a server's worker.
const WORKER_GRACE: Duration = Duration::from_millis(500);
/// The slice in which a lingering process looks at its tasks.
const LINGER_SLICE: Duration = Duration::from_millis(10);

impl Engine {
    /// Module shutdown: a CLI process lingers at most `mj.shutdown_grace` until its own tasks are sent or a resident
    /// owner is alive. Never waits without a bound.
    pub fn shutdown(&self) {
        let Some(shared) = self
            .shared
            .lock()
            .as_ref()
            .map(|(_, shared)| Arc::clone(shared))
        else {
            return;
        };
        let settings = &self.current().settings;
        let grace = settings.shutdown_grace;
        let started = clock::boot();
        // A process that may not own a hub can do nothing for its tasks by staying.
        if !shared.lifetime.is_server && settings.role == Role::Auto {
            while !shared.unsent.is_empty() && clock::boot().saturating_sub(started) < grace {
                forget_what_others_send(&shared);
                if shared.unsent.is_empty() {
                    break;
                }
                if !self.has_engine() {
                    self.wake(&shared, true);
                }
                let seen = shared.store.change();
                shared.store.wait_change(seen, LINGER_SLICE);
            }
        }
        if let Some(worker) = self.worker.lock().take() {
            let left = grace.saturating_sub(clock::boot().saturating_sub(started));
            worker.stop(if shared.lifetime.is_server {
                WORKER_GRACE.min(grace)
            } else {
                left.max(WORKER_GRACE.min(grace))
            });
        }
    }

    /// What the state directory of these settings holds, opened at the first need.
    pub(super) fn shared(&self, settings: &Settings) -> Result<Arc<Shared>, EngineError> {
        let (path, origin) = match &settings.state_dir {
            Some(path) => (path.as_path(), Origin::Explicit),
            None => (Path::new(DEFAULT_DIRECTORY), Origin::Default),
        };
        let mut shared = self.shared.lock();
        if let Some((open, shared)) = &*shared {
            if open == path {
                return Ok(Arc::clone(shared));
            }
            return Err(EngineError::configuration(
                "mj.state_dir",
                "cannot change while the process lives: set it in php.ini, or in the first mj_configure()",
            ));
        }
        let opened = Arc::new(Shared::open(path, origin, &self.host.sapi)?);
        *shared = Some((path.to_owned(), Arc::clone(&opened)));
        Ok(opened)
    }

    /// Whether the engine thread of this process runs.
    pub(super) fn has_engine(&self) -> bool {
        self.worker
            .lock()
            .as_ref()
            .is_some_and(|worker| !worker.is_finished())
    }

    /// Wakes the engine thread, or becomes the heir and starts one. A short CLI process does so only when `needed`:
    /// when nobody else is there for what it submitted.
    pub(super) fn wake(&self, shared: &Arc<Shared>, needed: bool) {
        let settings = &self.current().settings;
        let is_wanted = settings.role == Role::Auto
            && (settings.autostart || shared.serving.load(Ordering::Acquire));
        if !is_wanted {
            return;
        }
        let mut worker = self.worker.lock();
        if worker.as_ref().is_some_and(|worker| !worker.is_finished()) {
            if needed {
                shared.wake.notify_one();
            }
            return;
        }
        if !needed && shared.grade() == Grade::Transient {
            return;
        }
        let mut tried = self.heir_tried.lock();
        if !needed && tried.is_some_and(|tried| tried.elapsed() < HEIR_EVERY) {
            return;
        }
        *tried = Some(Instant::now());
        let Ok(Some(heir)) = shared.heir.try_take() else {
            return;
        };
        let log = Log::open(settings.log.as_deref(), settings.log_level)
            .or_else(|_| Log::open(None, settings.log_level));
        let for_thread = Arc::clone(shared);
        let started = Worker::spawn(
            "mj-engine",
            |report| tracing::error!(%report, "the engine thread panicked"),
            move |stop| {
                let _log = log.ok().map(tracing::subscriber::set_default);
                station::run(&for_thread, heir, &stop);
            },
        );
        // Where no thread can be started the next call tries again.
        *worker = started.ok();
    }
}

/// Forgets tasks of this process that others have sent, or that a resident owner will. Those of a hub that this
/// process owns are its own engine's to tell.
pub(super) fn forget_what_others_send(shared: &Shared) {
    shared.unsent.look(|hub, tasks| {
        let lease = shared.store.lease(hub).ok().flatten();
        let lease = lease.filter(|lease| lease.until > UnixMs(clock::unix_ms()));
        let is_own = lease.as_ref().is_some_and(|lease| {
            i32::try_from(lease.pid) == Ok(shared.own.pid)
                && lease.start_time == shared.own.start_time
        });
        if is_own {
            return;
        }
        if lease.is_some_and(|lease| is_resident_owner(shared, hub, &lease)) {
            tasks.clear();
            return;
        }
        if let Ok(views) = shared.store.tasks(tasks) {
            let mut views = views.into_iter();
            tasks.retain(|_| {
                let view = views.next().flatten();
                view.is_some_and(|view| view.status == Status::NotStart)
            });
        }
    });
}

fn is_resident_owner(shared: &Shared, hub: &HubId, lease: &Lease) -> bool {
    let is_held = || {
        let lock = OwnerLock::open(&shared.dir, &hub.0);
        lock.is_ok_and(|lock| !ownership::is_proven_dead(&lock, lease.epoch))
    };
    lease.grade == Grade::Resident && is_held()
}
