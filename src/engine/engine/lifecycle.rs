//! How the engine of a process begins, is woken, and ends.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use mj_discord::UnixMs;
use mj_midjourney::{
    config::HubId,
    store::{Grade, Lease, TaskStore},
    task::Status,
};
use mj_process::{Origin, OwnerLock, Worker, clock};
use mj_store::Keyring;

use super::{
    Engine,
    process::{self, Process},
};
use crate::{
    config::{Role, Settings},
    error::EngineError,
    log::Log,
    ownership, runtime,
    shared::Shared,
    station,
};

/// Where the state lies when nothing is set: the same for every user, outside of document roots, and not in a
/// `/tmp` that a service manager makes private.
pub(crate) const DEFAULT_DIRECTORY: &str = "/var/lib/mj";
/// How often a call tries to become the heir at most.
const HEIR_EVERY: Duration = Duration::from_millis(20);
/// How long the engine thread may take to give its hubs up in a server's worker.
const WORKER_GRACE: Duration = Duration::from_millis(500);
/// The slice in which a lingering process looks at its tasks.
const LINGER_SLICE: Duration = Duration::from_millis(10);

impl Engine {
    /// Ends what the process has started, in bounded time: a CLI process lingers at most `mj.shutdown_grace` until its
    /// own tasks are sent or a resident owner is alive. Calls that other threads are in return within 100 ms.
    pub fn shutdown(&self) {
        self.process.shutdown();
    }

    /// What the state directory of these settings holds, opened at the first need.
    pub(super) fn shared(&self, settings: &Settings) -> Result<Arc<Shared>, EngineError> {
        self.process.shared(settings, &self.host.sapi)
    }

    /// What a state directory holds, opened as for a call of this engine's; without one as for the process's own.
    ///
    /// # Errors
    /// As [`Shared::open`].
    pub(crate) fn state(
        engine: Option<&Self>,
        path: Option<&Path>,
        keys: &Keyring,
        sapi: &str,
    ) -> Result<Arc<Shared>, EngineError> {
        let process = engine.map_or_else(process::own, |engine| Arc::clone(&engine.process));
        process.open(path, keys, sapi)
    }

    /// As [`Process::wake`], by the settings in force for this thread.
    pub(super) fn wake(&self, shared: &Arc<Shared>, needed: bool) {
        self.process.wake(&self.current().settings, shared, needed);
    }
}

impl Process {
    /// Ends what all threads share.
    pub(super) fn shutdown(&self) {
        let Some(current) = self.latest() else { return };
        let settings = &current.settings;
        let started = clock::boot();
        let rooms = self.rooms();
        for room in &rooms {
            self.linger(settings, &room.shared, started);
        }
        let grace = settings.shutdown_grace;
        let left = grace.saturating_sub(clock::boot().saturating_sub(started));
        let watching: Vec<Worker> = rooms
            .iter()
            .filter_map(|room| room.watchers.take_worker())
            .collect();
        let workers: Vec<_> = rooms
            .iter()
            .filter_map(|room| {
                // Under the lock that starting one needs too: from here on nobody does.
                let mut worker = room.worker.lock();
                room.shared.end();
                Some((worker.take()?, room.shared.lifetime.is_server))
            })
            .collect();
        watching.iter().for_each(Worker::request_stop);
        for (worker, _) in &workers {
            worker.request_stop();
        }
        for worker in watching {
            worker.stop(WORKER_GRACE.min(grace));
        }
        for (worker, is_server) in workers {
            worker.stop(if is_server {
                WORKER_GRACE.min(grace)
            } else {
                left.max(WORKER_GRACE.min(grace))
            });
        }
    }

    /// Waits until the tasks of this process are sent, or somebody is there who will.
    fn linger(&self, settings: &Settings, shared: &Arc<Shared>, started: Duration) {
        // A process that may not own a hub can do nothing for its tasks by staying.
        if shared.lifetime.is_server || settings.role != Role::Auto {
            return;
        }
        let is_over = || clock::boot().saturating_sub(started) >= settings.shutdown_grace;
        while !shared.unsent.is_empty() && !is_over() {
            forget_what_others_send(shared);
            if shared.unsent.is_empty() {
                break;
            }
            if !self.has_engine(shared) {
                self.wake(settings, shared, true);
            }
            let seen = shared.store.change();
            shared.store.wait_change(seen, LINGER_SLICE);
        }
    }

    /// What the state directory of these settings holds, opened at the first need.
    fn shared(&self, settings: &Settings, sapi: &str) -> Result<Arc<Shared>, EngineError> {
        self.open(settings.state_dir.as_deref(), &settings.keys, sapi)
    }

    /// A state directory, or the default one, opened at the first need.
    fn open(
        &self,
        path: Option<&Path>,
        keys: &Keyring,
        sapi: &str,
    ) -> Result<Arc<Shared>, EngineError> {
        let (path, origin) = match path {
            Some(path) => (path, Origin::Explicit),
            None => (Path::new(DEFAULT_DIRECTORY), Origin::Default),
        };
        let room = self.room(path, keys, || Shared::open(path, origin, keys, sapi))?;
        Ok(Arc::clone(&room.shared))
    }

    /// Wakes the engine thread of a state directory, or becomes the heir and starts one. A short CLI process does so
    /// only when `needed`: when nobody else is there for what it submitted.
    pub(super) fn wake(&self, settings: &Settings, shared: &Arc<Shared>, needed: bool) {
        let is_wanted = settings.role == Role::Auto && (settings.autostart || shared.is_serving());
        if !is_wanted {
            return;
        }
        let Some(room) = self.room_of(shared) else {
            return;
        };
        let mut worker = room.worker.lock();
        if worker.as_ref().is_some_and(|worker| !worker.is_finished()) {
            if needed {
                shared.wake.notify_one();
            }
            return;
        }
        if shared.is_ended() || (!needed && shared.grade() == Grade::Transient) {
            return;
        }
        let mut tried = room.heir_tried.lock();
        if !needed && tried.is_some_and(|tried| tried.elapsed() < HEIR_EVERY) {
            return;
        }
        *tried = Some(Instant::now());
        let Ok(Some(heir)) = shared.heir.try_take() else {
            return;
        };
        let log = Log::new(&settings.log);
        log.probe();
        let for_thread = Arc::clone(shared);
        let runtime = runtime::builder();
        let started = Worker::spawn(
            "mj-engine",
            |report| tracing::error!(%report, "the engine thread panicked"),
            move |stop| {
                let _log = tracing::subscriber::set_default(log);
                station::run(&for_thread, heir, runtime, &stop);
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
