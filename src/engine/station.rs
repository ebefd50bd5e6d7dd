//! The engine thread: which hubs need an owner, who is to be watched, and when the thread has nothing to do here.
//!
//! A process that owns a hub, or is the heir, has this thread; no other needs one.

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use mj_discord::UnixMs;
use mj_midjourney::{
    config::HubId,
    store::{Grade, HubSummary, Lease, TaskStore},
};
use mj_process::{Fifo, Heir, Identity, OwnerLock, Stop, Watch, clock, heir};
use tokio::{
    io::unix::AsyncFd,
    runtime::Builder,
    sync::watch,
    task::{AbortHandle, Id, JoinSet, LocalSet},
    time::{sleep, timeout},
};

#[cfg(test)]
use crate::crash_points::{self, Point};
use crate::{
    drive::{Drive, End},
    ownership::{self, Standing},
    readable,
    resolver::Resolver,
    shared::Shared,
};

/// How often the list of hubs is looked at, where nobody rings.
const TICK: Duration = Duration::from_secs(1);
/// How often a candidate looks that lost a race, or whose owner cannot be watched.
const RACE_TICK: Duration = heir::TICK;
/// A hub that nobody submitted to for this long, and that has nothing open, needs no gateway.
const QUIET: Duration = Duration::from_secs(3_600);
/// Pauses after a hub or the whole engine failed, doubling between these.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(60));
/// How long a process that gave a hub up leaves it to others.
const GAVE_WAY: Duration = Duration::from_secs(2);
/// How long owners may take to give their hubs up at the end.
const LAST_WORDS: Duration = Duration::from_secs(40);
/// How long the thread stays when it is neither owner nor heir, in case that changes.
const LINGER: Duration = Duration::from_secs(2);

/// The body of the engine thread: runs, and starts again with a pause when it panics.
pub(crate) fn run(shared: &Arc<Shared>, heir: Heir, mut runtime: Builder, stop: &Stop) {
    let mut heir = Some(heir);
    let mut pause = BACKOFF.0;
    loop {
        let taken = heir.take();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            turn_the_engine(shared, taken, &mut runtime, stop)
        }));
        match outcome {
            Ok(Ok(())) => return,
            Ok(Err(error)) => tracing::error!(%error, "the engine cannot run"),
            Err(_) => tracing::error!("the engine panicked and starts again"),
        }
        if stop.wait(pause) {
            return;
        }
        pause = (pause * 2).min(BACKOFF.1);
        heir = shared.heir.try_take().ok().flatten();
    }
}

fn turn_the_engine(
    shared: &Arc<Shared>,
    heir: Option<Heir>,
    runtime: &mut Builder,
    stop: &Stop,
) -> std::io::Result<()> {
    let runtime = runtime.build()?;
    let tasks = LocalSet::new();
    tasks.block_on(
        &runtime,
        Station::new(Arc::clone(shared), heir, stop.clone()).run(),
    );
    drop(tasks);
    // A blocking thread in the middle of its work is left to end by itself.
    runtime.shutdown_background();
    Ok(())
}

/// What is known of a hub that this process does not own.
#[derive(Debug, Default)]
struct Candidacy {
    /// The owner that is watched, by its epoch.
    watched: Option<(u64, AbortHandle)>,
    /// Not to be tried before this.
    not_before: Duration,
    /// The pause after the next failure.
    pause: Duration,
}

impl Drop for Candidacy {
    fn drop(&mut self) {
        if let Some((_, watch)) = self.watched.take() {
            watch.abort();
        }
    }
}

struct Station {
    shared: Arc<Shared>,
    heir: Option<Heir>,
    heir_fifo: Option<AsyncFd<Fifo>>,
    stop: Stop,
    resolver: Resolver,
    owned: HashMap<HubId, Id>,
    owners: JoinSet<(HubId, End)>,
    stop_owners: watch::Sender<bool>,
    candidacies: HashMap<HubId, Candidacy>,
    idle_since: Option<Duration>,
}

impl Station {
    fn new(shared: Arc<Shared>, heir: Option<Heir>, stop: Stop) -> Self {
        Self {
            shared,
            heir,
            heir_fifo: None,
            stop,
            resolver: Resolver::default(),
            owned: HashMap::new(),
            owners: JoinSet::new(),
            stop_owners: watch::Sender::new(false),
            candidacies: HashMap::new(),
            idle_since: None,
        }
    }

    async fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let woken = Arc::clone(&shared);
        self.stop.on_request(move || woken.wake.notify_one());
        while !self.stop.is_requested() {
            #[cfg(test)]
            crash_points::reached(&shared, Point::Scan);
            let next = self.scan();
            self.mind_the_heir();
            if self.has_nothing_to_do() {
                break;
            }
            tokio::select! {
                biased;
                () = shared.wake.notified() => {}
                Some(ended) = self.owners.join_next_with_id() => self.owner_ended(ended),
                () = rung(self.heir_fifo.as_ref()) => {}
                () = sleep(next) => {}
            }
        }
        self.heir_fifo = None;
        let _ = self.stop_owners.send(true);
        let all = async { while self.owners.join_next().await.is_some() {} };
        let _ = timeout(LAST_WORDS, all).await;
    }

    /// Tries to own what needs an owner; tells when to look again.
    fn scan(&mut self) -> Duration {
        let hubs = match self.shared.store.hubs() {
            Ok(hubs) => hubs,
            Err(error) => {
                tracing::warn!(%error, "the hubs could not be read");
                return TICK;
            }
        };
        let mut next = TICK;
        let grade = self.shared.grade();
        for hub in hubs {
            if self.owned.contains_key(&hub.id) {
                continue;
            }
            if hub.is_readable && self.is_needed(&hub, grade) {
                next = next.min(self.try_to_own(&hub.id, grade));
            } else {
                self.candidacies.remove(&hub.id);
            }
        }
        next
    }

    fn is_needed(&self, hub: &HubSummary, grade: Grade) -> bool {
        match grade {
            Grade::Transient => self.shared.unsent.concerns(&hub.id),
            Grade::Resident => is_used(hub, UnixMs(clock::unix_ms())),
        }
    }

    fn try_to_own(&mut self, hub: &HubId, grade: Grade) -> Duration {
        let candidacy = self.candidacies.entry(hub.clone()).or_default();
        let wait = candidacy.not_before.saturating_sub(clock::boot());
        if !wait.is_zero() {
            return wait;
        }
        let standing = OwnerLock::open(&self.shared.dir, &hub.0)
            .map_err(Into::into)
            .and_then(|lock| {
                let standing =
                    ownership::attempt(self.shared.store, &lock, &self.shared.own, hub, grade)?;
                Ok::<_, ownership::OwnershipError>((lock, standing))
            });
        match standing {
            Ok((_, Standing::Raced)) => RACE_TICK,
            Ok((_, Standing::Theirs(lease))) => self.watch(hub, &lease, grade),
            Ok((lock, Standing::Mine(tenure))) => {
                let shared = Arc::clone(&self.shared);
                match Drive::start(shared, hub.clone(), lock, tenure, self.resolver.clone()) {
                    Ok(drive) => {
                        let (stop, id) = (self.stop_owners.subscribe(), hub.clone());
                        let task = self
                            .owners
                            .spawn_local(async move { (id, Box::pin(drive.run(stop)).await) });
                        self.owned.insert(hub.clone(), task.id());
                        self.candidacies.remove(hub);
                        TICK
                    }
                    Err(error) => {
                        tracing::error!(%hub, %error, "the hub cannot be run");
                        self.back_off(hub)
                    }
                }
            }
            Err(error) => {
                tracing::warn!(%hub, %error, "the hub's lease could not be asked for");
                self.back_off(hub)
            }
        }
    }

    fn back_off(&mut self, hub: &HubId) -> Duration {
        let candidacy = self.candidacies.entry(hub.clone()).or_default();
        let pause = candidacy.pause.max(BACKOFF.0);
        candidacy.pause = (pause * 2).min(BACKOFF.1);
        candidacy.not_before = clock::boot() + pause;
        pause
    }

    /// Watches the owner die; tells when to look again anyway.
    fn watch(&mut self, hub: &HubId, lease: &Lease, grade: Grade) -> Duration {
        if grade == Grade::Resident
            && lease.grade == Grade::Transient
            && !lease.yield_requested
            && let Err(error) = self.shared.store.request_yield(hub)
        {
            tracing::warn!(%hub, %error, "the hub's owner could not be asked to give way");
        }
        let until_over = lease.until.since(UnixMs(clock::unix_ms())) + Duration::from_millis(1);
        let candidacy = self.candidacies.entry(hub.clone()).or_default();
        if candidacy
            .watched
            .as_ref()
            .is_none_or(|(epoch, task)| *epoch != lease.epoch || task.is_finished())
        {
            if let Some((_, old)) = candidacy.watched.take() {
                old.abort();
            }
            let owner = Identity {
                pid: i32::try_from(lease.pid).unwrap_or_default(),
                start_time: lease.start_time,
                boot_id: lease.boot_id.clone(),
            };
            let Some(descriptor) = Watch::open(&owner)
                .descriptor()
                .and_then(|pid| pid.try_clone_to_owned().ok())
            else {
                // No pid descriptors here, or another pid namespace: the byte is looked at in ticks.
                return RACE_TICK.min(until_over);
            };
            let shared = Arc::clone(&self.shared);
            let task = tokio::task::spawn_local(async move {
                if let Ok(watched) = readable::watch(descriptor) {
                    let _ = watched.readable().await;
                    shared.wake.notify_one();
                }
            });
            candidacy.watched = Some((lease.epoch, task.abort_handle()));
        }
        // An owner may also give the hub up and live on; a transient one does so soon.
        let soon = if lease.grade == Grade::Transient {
            RACE_TICK
        } else {
            TICK
        };
        soon.min(until_over)
    }

    fn owner_ended(&mut self, ended: Result<(Id, (HubId, End)), tokio::task::JoinError>) {
        match ended {
            Ok((_, (hub, end))) => {
                self.owned.remove(&hub);
                match end {
                    End::Failed => {
                        self.back_off(&hub);
                    }
                    // It gave way to a resident, who is to find the lease free.
                    End::Released => {
                        let candidacy = self.candidacies.entry(hub).or_default();
                        candidacy.not_before = clock::boot() + GAVE_WAY;
                    }
                    End::Deposed => {}
                }
            }
            Err(error) => {
                let id = error.id();
                let hub = self
                    .owned
                    .iter()
                    .find(|(_, owner)| **owner == id)
                    .map(|(hub, _)| hub.clone());
                if let Some(hub) = hub {
                    tracing::error!(%hub, "the hub's loop panicked");
                    self.owned.remove(&hub);
                    self.back_off(&hub);
                }
            }
        }
    }

    /// An owner is no heir: it makes room for one. A process that owns nothing is one, or goes.
    fn mind_the_heir(&mut self) {
        if !self.owned.is_empty() {
            self.heir = None;
            self.heir_fifo = None;
            return;
        }
        if self.heir.is_none() {
            self.heir = self.shared.heir.try_take().unwrap_or_else(|error| {
                tracing::warn!(%error, "the heir's lock could not be asked for");
                None
            });
        }
        if self.heir.is_some()
            && self
                .heir_fifo
                .as_ref()
                .is_none_or(|fifo| !fifo.get_ref().is_named())
        {
            self.heir_fifo = Fifo::serve(&self.shared.dir, &self.shared.heir_fifo)
                .ok()
                .and_then(|fifo| readable::watch(fifo).ok());
        }
    }

    fn has_nothing_to_do(&mut self) -> bool {
        let is_useful = !self.owned.is_empty() || self.heir.is_some() || self.shared.is_serving();
        if is_useful {
            self.idle_since = None;
            return false;
        }
        let now = clock::boot();
        now >= *self.idle_since.get_or_insert(now) + LINGER
    }
}

/// Whether a hub has something to do, or may soon: else it needs no gateway, and so no owner that stays.
pub(crate) fn is_used(hub: &HubSummary, now: UnixMs) -> bool {
    hub.open_tasks > 0 || hub.has_notices || now.since(hub.used_at) < QUIET
}

/// Waits for a ring, and takes it; forever where there is no FIFO.
async fn rung(fifo: Option<&AsyncFd<Fifo>>) {
    let Some(fifo) = fifo else {
        return std::future::pending().await;
    };
    match fifo.readable().await {
        Ok(mut ready) => {
            let _ = ready.get_inner().drain();
            ready.clear_ready();
        }
        Err(_) => std::future::pending().await,
    }
}
