//! The facade that the PHP binding calls, on PHP's threads.
//!
//! It parses, reads and writes the store, wakes whoever owns the hub, and waits; it never touches the network itself.

mod current;
mod feed;
mod lifecycle;

use std::{
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use mj_discord::UnixMs;
use mj_midjourney::{
    config::{HubConfig, HubId},
    store::{Cancelled, StoreError, TaskStore},
    task::{Task, TaskId},
};
use mj_process::{ForkLocal, Worker, clock};
use parking_lot::{Mutex, RwLock};

use self::{
    current::{Current, named_account},
    lifecycle::forget_what_others_send,
};
use crate::{
    config::{HubSettings, Role},
    download::{self, DownloadOptions},
    error::EngineError,
    filter,
    options::{Kind, Options},
    record::TaskRecord,
    shared::{Shared, Waiting},
    status,
    submission::{self, Place},
    value::Value,
};

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
        self.wake(&shared, true);
        loop {
            // A running engine has its own times: it is not woken by each look at PHP's interrupts.
            self.wake(&shared, false);
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

    fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current.read())
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
                if shared.unsent.add(hub, *id) {
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
}

fn no_such_task() -> EngineError {
    EngineError::argument("taskId", "there is no such task")
}
