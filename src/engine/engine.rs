//! The facade that the PHP binding calls, on PHP's threads.
//!
//! It parses, reads and writes the store, wakes whoever owns the hub, and waits; it never touches the network itself.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use mj_discord::{Hosts, UnixMs};
use mj_midjourney::{
    config::{HubConfig, HubId},
    store::{Cancelled, Grade, StoreError, TaskStore},
    task::{Status, Task, TaskId},
};
use mj_process::{ForkLocal, Origin, OwnerLock, Worker, clock};
use parking_lot::{Mutex, RwLock};

use crate::{
    config::{HubSettings, Role, Settings},
    download::{self, DownloadOptions},
    error::EngineError,
    filter,
    log::Log,
    options::{Kind, Options},
    outgoing, ownership,
    record::TaskRecord,
    shared::{Shared, Waiting},
    station, status,
    submission::{self, Place},
    value::Value,
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

/// From here on a script that lives long looks which of its tasks are on their way.
const MANY_UNSENT: usize = 256;

static ENGINE: ForkLocal<Arc<Engine>> = ForkLocal::new();
/// What this process, or the one it was forked from, last gave to `mj_configure()`: a child goes on with it.
static CONFIGURED: RwLock<Option<Value>> = RwLock::new(None);

/// What the engine must know of the process it lives in, read by the binding on PHP's thread.
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// PHP's `sapi_module.name`: `cli`, `fpm-fcgi`, `apache2handler`, `cli-server`.
    pub sapi: String,
    /// PHP's version, for the log.
    pub php_version: String,
    /// The ini entries, names with their `mj.` in front; those that are empty may be left out.
    pub ini: Vec<(String, String)>,
    /// Whether `opcache.preload` runs: then nothing may start.
    pub preloading: bool,
}

/// The settings in force, and what they were made from.
#[derive(Debug)]
struct Current {
    given: Value,
    settings: Settings,
    hosts: Hosts,
}

/// The engine of one process.
pub struct Engine {
    host: Host,
    current: RwLock<Arc<Current>>,
    shared: Mutex<Option<(PathBuf, Arc<Shared>)>>,
    worker: Mutex<Option<Worker>>,
    heir_tried: Mutex<Option<Instant>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("sapi", &self.host.sapi)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// The engine of the calling process, made at its first use; a forked child gets its own.
    ///
    /// # Errors
    /// [`EngineError::Configuration`] when an ini entry is wrong, [`EngineError::Engine`] while preloading.
    pub fn of_process(host: impl FnOnce() -> Host) -> Result<Arc<Self>, EngineError> {
        let make = || {
            Self::configured(host(), CONFIGURED.read().clone().unwrap_or_default()).map(Arc::new)
        };
        ENGINE.get_or_try_init(make).cloned()
    }

    /// The engine of the calling process, if it has one: for module shutdown.
    pub fn if_any() -> Option<Arc<Self>> {
        ENGINE.get().cloned()
    }

    /// An engine beside the process's own, for programs that are not PHP and for tests.
    ///
    /// # Errors
    /// As [`Engine::of_process`].
    pub fn new(host: Host) -> Result<Self, EngineError> {
        Self::configured(host, Value::Null)
    }

    fn configured(host: Host, given: Value) -> Result<Self, EngineError> {
        if host.preloading {
            return Err(EngineError::Engine(
                "mj cannot be used while opcache.preload runs: no process of PHP's is there yet that could keep it".to_owned(),
            ));
        }
        let current = Current::read(&host, given)?;
        Ok(Self {
            host,
            current: RwLock::new(Arc::new(current)),
            shared: Mutex::new(None),
            worker: Mutex::new(None),
            heir_tried: Mutex::new(None),
        })
    }

    /// Sets or changes the hub: `mj_configure()`. One comparison when nothing changed.
    ///
    /// # Errors
    /// [`EngineError::Configuration`] naming the setting.
    pub fn configure(&self, config: &Value) -> Result<(), EngineError> {
        if self.current().given == *config {
            return Ok(());
        }
        let current = Current::read(&self.host, config.clone())?;
        if let Some(hub) = &current.settings.hub {
            let shared = self.shared(&current.settings)?;
            Self::store_config(&shared, hub)?;
            *self.current.write() = Arc::new(current);
            // A configured hub that has open tasks, or will, is worth an engine where this process may have one.
            self.wake(&shared, false);
        } else {
            *self.current.write() = Arc::new(current);
        }
        if ENGINE
            .get()
            .is_some_and(|own| std::ptr::eq(Arc::as_ptr(own), self))
        {
            *CONFIGURED.write() = Some(config.clone());
        }
        Ok(())
    }

    /// Submits a prompt: `mj_imagine()`. The task is durable when this returns; the network is never waited for. A
    /// prompt with permutations or repeats makes a group, whose first task is given.
    ///
    /// # Errors
    /// Any of [`EngineError`], except [`EngineError::ActionUnavailable`].
    pub fn imagine(&self, prompt: &Value, options: &Value) -> Result<TaskId, EngineError> {
        let options = Options::read(Kind::Prompt, options)?;
        let current = self.current();
        let hub = current.hub()?;
        let (hub, account) = named_account(hub, &options)?;
        let place = Place {
            hub: &hub.id,
            config: &hub.config,
            hosts: &current.hosts,
            now: UnixMs(clock::unix_ms()),
            account: account.as_deref(),
        };
        let tasks = submission::imagine(place, prompt, &options)?;
        let shared = self.shared(&current.settings)?;
        Self::store_config(&shared, &hub)?;
        self.submit(&shared, &hub.id, &tasks, hub.config.queue_size)
    }

    /// Presses a button of a finished task: `mj_action()`.
    ///
    /// # Errors
    /// Any of [`EngineError`].
    pub fn action(&self, task: &str, action: &str, options: &Value) -> Result<TaskId, EngineError> {
        let options = Options::read(Kind::Button, options)?;
        if action.trim().is_empty() {
            return Err(EngineError::argument(
                "action",
                "is empty: give a button's name or custom_id",
            ));
        }
        let current = self.current();
        let shared = self.shared(&current.settings)?;
        let parent = Self::whole_task(&shared, task)?;
        let stored = Self::config_of(&shared, &parent.hub)?;
        let (hub, account) = named_account(
            &HubSettings {
                id: parent.hub.clone(),
                config: stored,
            },
            &options,
        )?;
        let place = Place {
            hub: &hub.id,
            config: &hub.config,
            hosts: &current.hosts,
            now: UnixMs(clock::unix_ms()),
            account: account.as_deref(),
        };
        let task = submission::press(place, &parent, action, &options)?;
        if options.user_token.is_some() {
            Self::store_config(&shared, &hub)?;
        }
        self.submit(
            &shared,
            &hub.id,
            std::slice::from_ref(&task),
            hub.config.queue_size,
        )
    }

    /// One task: `mj_poll()`; none when there is no such task.
    ///
    /// # Errors
    /// [`EngineError::Storage`], [`EngineError::Configuration`].
    pub fn poll(&self, task: &str) -> Result<Option<TaskRecord>, EngineError> {
        let current = self.current();
        let shared = self.shared(&current.settings)?;
        self.wake(&shared, false);
        let Ok(id) = task.parse() else {
            return Ok(None);
        };
        let view = shared.store.poll(&id)?;
        Ok(view
            .map(|view| TaskRecord::of(view, &current.hosts, shared.store))
            .transpose()?)
    }

    /// Several in one reading: `mj_poll_many()`, in the order of the ids.
    ///
    /// # Errors
    /// [`EngineError::Storage`], [`EngineError::Configuration`].
    pub fn poll_many(
        &self,
        tasks: &[String],
    ) -> Result<Vec<(String, Option<TaskRecord>)>, EngineError> {
        let current = self.current();
        let shared = self.shared(&current.settings)?;
        self.wake(&shared, false);
        let ids: Vec<Option<TaskId>> = tasks.iter().map(|task| task.parse().ok()).collect();
        let known: Vec<TaskId> = ids.iter().flatten().copied().collect();
        let mut views = shared.store.tasks(&known)?.into_iter();
        let mut records = Vec::with_capacity(tasks.len());
        for (task, id) in tasks.iter().zip(ids) {
            let view = id.and_then(|_| views.next().flatten());
            let record = view
                .map(|view| TaskRecord::of(Arc::new(view), &current.hosts, shared.store))
                .transpose()?;
            records.push((task.clone(), record));
        }
        Ok(records)
    }

    /// Waits for a terminal state: `mj_wait()`. Gives the task as it is at the time-out or when `interrupted` says so.
    /// In a server's worker at most `mj.max_wait`.
    ///
    /// # Errors
    /// [`EngineError::Argument`] when there is no such task, [`EngineError::Storage`].
    pub fn wait(
        &self,
        task: &str,
        timeout: Duration,
        interrupted: &mut dyn FnMut() -> bool,
    ) -> Result<TaskRecord, EngineError> {
        let current = self.current();
        let shared = self.shared(&current.settings)?;
        let id: TaskId = task.parse().map_err(|_| no_such_task())?;
        let timeout = if shared.lifetime.is_server {
            timeout.min(current.settings.max_wait)
        } else {
            timeout
        };
        let started = clock::boot();
        let _resident = Waiting::begin(&shared);
        loop {
            let seen = shared.store.change();
            self.wake(&shared, false);
            let view = shared.store.poll(&id)?.ok_or_else(no_such_task)?;
            let left = timeout.saturating_sub(clock::boot().saturating_sub(started));
            if view.status.is_terminal() || left.is_zero() || interrupted() {
                return Ok(TaskRecord::of(view, &current.hosts, shared.store)?);
            }
            shared.store.wait_change(seen, left);
        }
    }

    /// A part of the list, newest first, and where the next begins: `mj_tasks()`. `limit` is 1 to 1,000.
    ///
    /// # Errors
    /// [`EngineError::Argument`], [`EngineError::Type`], [`EngineError::Storage`].
    pub fn tasks(
        &self,
        filter: &Value,
        limit: i64,
        cursor: Option<&str>,
    ) -> Result<(Vec<TaskRecord>, Option<String>), EngineError> {
        let filter = filter::read(filter)?;
        let limit = u32::try_from(limit)
            .ok()
            .filter(|limit| (1..=1_000).contains(limit))
            .ok_or_else(|| EngineError::argument("limit", "must be from 1 to 1000"))?;
        let current = self.current();
        let shared = self.shared(&current.settings)?;
        self.wake(&shared, false);
        let page = shared.store.list(&filter, limit, cursor).map_err(|error| {
            if matches!(error, StoreError::InvalidCursor) {
                EngineError::argument("cursor", error.to_string())
            } else {
                error.into()
            }
        })?;
        let records = page
            .tasks
            .into_iter()
            .map(|view| TaskRecord::of(Arc::new(view), &current.hosts, shared.store));
        Ok((records.collect::<Result<_, _>>()?, page.next))
    }

    /// Cancels a task, or asks its owner to: `mj_cancel()`. False when it had ended.
    ///
    /// # Errors
    /// [`EngineError::Argument`] when there is no such task, [`EngineError::Storage`].
    pub fn cancel(&self, task: &str) -> Result<bool, EngineError> {
        let shared = self.shared(&self.current().settings)?;
        let parsed: TaskId = task.parse().map_err(|_| no_such_task())?;
        match shared.store.cancel(UnixMs(clock::unix_ms()), &parsed)? {
            Cancelled::Done | Cancelled::Requested => {
                let hub = Self::whole_task(&shared, task)?.hub;
                let is_heard = shared.ring(&hub);
                self.wake(&shared, !is_heard);
                Ok(true)
            }
            Cancelled::AlreadyTerminal(_) => Ok(false),
            Cancelled::Unknown => Err(no_such_task()),
        }
    }

    /// Keeps this process as an owner in the foreground: `mj_serve()`.
    ///
    /// # Errors
    /// [`EngineError::Configuration`], [`EngineError::Storage`], [`EngineError::Engine`].
    pub fn serve(
        &self,
        duration: Option<Duration>,
        interrupted: &mut dyn FnMut() -> bool,
    ) -> Result<(), EngineError> {
        let current = self.current();
        if current.settings.role == Role::Never {
            return Err(EngineError::configuration(
                "mj.role",
                "is never: mj_serve() needs auto",
            ));
        }
        let shared = self.shared(&current.settings)?;
        if let Some(hub) = &current.settings.hub {
            Self::store_config(&shared, hub)?;
        }
        let started = clock::boot();
        let _resident = Waiting::begin(&shared);
        shared.serving.store(true, Ordering::Release);
        loop {
            self.wake(&shared, true);
            let left = duration
                .map(|duration| duration.saturating_sub(clock::boot().saturating_sub(started)));
            if interrupted() || left.is_some_and(|left| left.is_zero()) {
                break;
            }
            let seen = shared.store.change();
            shared
                .store
                .wait_change(seen, left.unwrap_or(Duration::MAX));
        }
        shared.serving.store(false, Ordering::Release);
        Ok(())
    }

    /// Owner, gateway, queue, accounts: `mj_status()`. Free of secrets.
    ///
    /// # Errors
    /// [`EngineError::Configuration`], [`EngineError::Storage`].
    pub fn status(&self) -> Result<Value, EngineError> {
        let current = self.current();
        let shared = self.shared(&current.settings)?;
        self.wake(&shared, false);
        let hub = current.settings.hub.as_ref().map(|hub| &hub.id);
        let incidents = shared.store.incidents();
        let incidents = incidents.iter().map(status::incident);
        let process = [
            ("version", Value::from(env!("CARGO_PKG_VERSION"))),
            (
                "state_dir",
                Value::from(shared.dir.path().to_string_lossy().into_owned()),
            ),
            ("pid", Value::Int(shared.own.pid.into())),
            ("sapi", Value::from(self.host.sapi.as_str())),
            ("grade", Value::from(status::grade_word(shared.grade()))),
            ("has_engine", Value::Bool(self.has_engine())),
        ];
        Ok(process
            .into_iter()
            .chain(status::hubs(&shared, hub)?)
            .chain([("incidents", Value::List(incidents.collect()))])
            .collect())
    }

    /// An address of Discord's CDN with the image domain: `mj_image_url()`. Other addresses come back as they are.
    ///
    /// # Errors
    /// [`EngineError::Argument`] for what is no address.
    pub fn image_url(&self, url: &str) -> Result<String, EngineError> {
        if !url.starts_with("https://") && !url.starts_with("http://") {
            return Err(EngineError::argument(
                "url",
                "must be an http or https address",
            ));
        }
        Ok(self.current().hosts.image_url(url).into_owned())
    }

    /// Saves a task's pictures in a directory and gives their paths: `mj_download()`.
    ///
    /// # Errors
    /// [`EngineError::Argument`], [`EngineError::Storage`], [`EngineError::Engine`].
    pub fn download(
        &self,
        task: &str,
        directory: &str,
        options: &Value,
        interrupted: &mut dyn FnMut() -> bool,
    ) -> Result<Vec<String>, EngineError> {
        let options = DownloadOptions::read(options)?;
        let current = self.current();
        let shared = self.shared(&current.settings)?;
        let whole = Self::whole_task(&shared, task)?;
        if whole.view.images.is_empty() {
            let message = format!("has no pictures: it is {}", whole.view.status.as_str());
            return Err(EngineError::argument("taskId", message));
        }
        let config = Self::config_of(&shared, &whole.hub)?;
        download::download(
            &shared,
            config,
            &whole.view,
            directory,
            &options,
            interrupted,
        )
    }

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
        let grace = self.current().settings.shutdown_grace;
        let started = clock::boot();
        if !shared.lifetime.is_server {
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

    fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current.read())
    }

    /// What the state directory of these settings holds, opened at the first need.
    fn shared(&self, settings: &Settings) -> Result<Arc<Shared>, EngineError> {
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

    /// Writes a hub's configuration for its owner, unless it is stored as it is.
    fn store_config(shared: &Shared, hub: &HubSettings) -> Result<(), EngineError> {
        let config = match shared.store.config(&hub.id)? {
            Some((_, stored)) => hub.keeping_inline(&stored),
            None => hub.config.clone(),
        };
        if shared
            .store
            .configure(UnixMs(clock::unix_ms()), &hub.id, &config)?
        {
            shared.ring(&hub.id);
        }
        Ok(())
    }

    fn submit(
        &self,
        shared: &Arc<Shared>,
        hub: &HubId,
        tasks: &[Task],
        queue_size: u32,
    ) -> Result<TaskId, EngineError> {
        let ids = shared
            .store
            .submit(UnixMs(clock::unix_ms()), tasks, queue_size)?;
        // A server's worker lives on; only a script must know what it would leave behind.
        if !shared.lifetime.is_server {
            for id in &ids {
                if shared.unsent.add(hub, *id) >= MANY_UNSENT {
                    forget_what_others_send(shared);
                }
            }
        }
        let is_heard = shared.ring(hub);
        self.wake(shared, !is_heard);
        ids.first()
            .copied()
            .ok_or_else(|| EngineError::Engine("the store gave no task id".to_owned()))
    }

    fn whole_task(shared: &Shared, task: &str) -> Result<Task, EngineError> {
        let id: TaskId = task.parse().map_err(|_| no_such_task())?;
        shared.store.whole_task(&id)?.ok_or_else(no_such_task)
    }

    fn config_of(shared: &Shared, hub: &HubId) -> Result<HubConfig, EngineError> {
        let (_, config) = shared.store.config(hub)?.ok_or_else(|| {
            EngineError::Engine("the task's hub has no configuration any more".to_owned())
        })?;
        Ok(config)
    }

    fn has_engine(&self) -> bool {
        self.worker
            .lock()
            .as_ref()
            .is_some_and(|worker| !worker.is_finished())
    }

    /// Wakes the engine thread, or becomes the heir and starts one. A short CLI process does so only when `needed`:
    /// when nobody else is there for what it submitted.
    fn wake(&self, shared: &Arc<Shared>, needed: bool) {
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

impl Current {
    fn read(host: &Host, given: Value) -> Result<Self, EngineError> {
        let settings = Settings::read(&host.ini, &given)?;
        Log::open(settings.log.as_deref(), settings.log_level).map_err(|error| {
            EngineError::configuration("mj.log", format!("cannot be written: {error}"))
        })?;
        let hosts = outgoing::hosts(&settings.hosts)
            .map_err(|error| EngineError::configuration("mj.cdn_url", error.to_string()))?;
        Ok(Self {
            given,
            settings,
            hosts,
        })
    }

    fn hub(&self) -> Result<&HubSettings, EngineError> {
        self.settings.hub.as_ref().ok_or_else(|| {
            let (setting, message) = self.settings.hub_error.clone().unwrap_or_else(|| {
                let message = "is missing: nothing is configured; set mj.guild_id, mj.channel_id and mj.user_token or mj.bot_token in php.ini, or call mj_configure()";
                ("mj.channel_id".into(), message.to_owned())
            });
            EngineError::Configuration { setting, message }
        })
    }
}

/// The hub with the account that a submission brings along, and the account that it names.
fn named_account(
    hub: &HubSettings,
    options: &Options,
) -> Result<(HubSettings, Option<String>), EngineError> {
    if let Some(token) = &options.user_token {
        let (hub, name) = hub.with_token(token.clone());
        return Ok((hub, Some(name)));
    }
    if let Some(name) = &options.account {
        if hub.config.account(name).is_none() {
            let known: Vec<&str> = hub
                .config
                .accounts
                .iter()
                .map(|account| account.name.as_str())
                .collect();
            let message = format!("no such account; known are {}", known.join(", "));
            return Err(EngineError::argument("options.account", message));
        }
        return Ok((hub.clone(), Some(name.clone())));
    }
    if hub.config.accounts.is_empty() {
        return Err(EngineError::configuration(
            "mj.user_token",
            "is missing: a bot cannot run Midjourney's commands; set it, or give options.user_token",
        ));
    }
    Ok((hub.clone(), None))
}

fn no_such_task() -> EngineError {
    EngineError::argument("taskId", "there is no such task")
}

/// Forgets tasks of this process that others have sent, or that a resident owner will. Those of a hub that this
/// process owns are its own engine's to tell.
fn forget_what_others_send(shared: &Shared) {
    shared.unsent.retain_unsent(|hub, task| {
        let lease = shared.store.lease(hub).ok().flatten();
        let is_own = lease.is_some_and(|lease| {
            i32::try_from(lease.pid) == Ok(shared.own.pid)
                && lease.start_time == shared.own.start_time
                && lease.until > UnixMs(clock::unix_ms())
        });
        if is_own {
            return false;
        }
        let is_sent = match shared.store.task(&task) {
            Ok(Some(view)) => view.status != Status::NotStart,
            Ok(None) => true,
            Err(_) => false,
        };
        is_sent || has_resident_owner(shared, hub)
    });
}

fn has_resident_owner(shared: &Shared, hub: &HubId) -> bool {
    let Ok(Some(lease)) = shared.store.lease(hub) else {
        return false;
    };
    let is_held = || {
        let lock = OwnerLock::open(&shared.dir, &hub.0);
        lock.is_ok_and(|lock| !ownership::is_proven_dead(&lock, lease.epoch))
    };
    lease.grade == Grade::Resident && lease.until > UnixMs(clock::unix_ms()) && is_held()
}
