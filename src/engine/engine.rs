//! The facade that the PHP binding calls, on PHP's threads.
//!
//! It parses, reads and writes the store, wakes whoever owns the hub, and waits; it never touches the network itself.

mod current;
mod feed;
mod lifecycle;
mod reading;
mod requests;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use mj_discord::UnixMs;
use mj_midjourney::{
    config::{HubConfig, HubId},
    group,
    store::{Reconfigure, TaskStore},
    task::{TaskId, TaskView},
};
use mj_process::{ForkLocal, Worker, clock};
use parking_lot::{Mutex, RwLock};

use self::current::Current;
use crate::{
    config::{HubSettings, Role},
    download::{self, DownloadOptions},
    error::EngineError,
    shared::{Shared, Waiting},
    status,
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
    /// PHP's `open_basedir`, asked on PHP's threads only: whether a file may be read. None lets all through.
    pub may_open: Option<fn(&Path) -> bool>,
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
        if let Some(may_open) = self.host.may_open
            && !may_open(Path::new(directory))
        {
            return Err(EngineError::argument(
                "directory",
                "lies outside of open_basedir",
            ));
        }
        let current = self.current();
        let shared = self.shared(&current.settings)?;
        let id: TaskId = task.parse().map_err(|_| no_such_task())?;
        let (view, hub) = Self::view_and_hub(&shared, id)?;
        if view.images.is_empty() {
            let message = format!("has no pictures: it is {}", view.status.as_str());
            return Err(EngineError::argument("taskId", message));
        }
        let config = Self::config_of(&shared, &hub)?;
        download::download(&shared, config, &view, directory, &options, interrupted)
    }

    fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current.read())
    }

    /// Writes a hub's configuration for its owner, unless it is stored as it is.
    fn store_config(shared: &Shared, hub: &HubSettings) -> Result<(), EngineError> {
        let change = |stored: Option<&HubConfig>| {
            stored.map_or_else(|| hub.config.clone(), |stored| hub.keeping_inline(stored))
        };
        Self::reconfigure(shared, &hub.id, &change)
    }

    /// Adds the account that a submission brought along to its hub's configuration, which is left as it is.
    fn store_inline(shared: &Shared, hub: &HubSettings) -> Result<(), EngineError> {
        let change = |stored: Option<&HubConfig>| {
            stored.map_or_else(|| hub.config.clone(), |stored| hub.added_inline(stored))
        };
        Self::reconfigure(shared, &hub.id, &change)
    }

    fn reconfigure(
        shared: &Shared,
        hub: &HubId,
        change: &Reconfigure<'_>,
    ) -> Result<(), EngineError> {
        let now = UnixMs(clock::unix_ms());
        if shared.store.reconfigure(now, hub, change)? {
            shared.ring(hub);
        }
        Ok(())
    }

    /// A task, or a group as one, and whose it is.
    fn view_and_hub(shared: &Shared, id: TaskId) -> Result<(TaskView, HubId), EngineError> {
        let mut tasks = Self::task_or_members(shared, &id)?;
        let hub = tasks.first().ok_or_else(no_such_task)?.hub.clone();
        let view = if let Some(task) = tasks.pop_if(|task| task.view.id == id) {
            task.view
        } else {
            let members: Vec<TaskView> = tasks.into_iter().map(|task| task.view).collect();
            group::as_one(id, &members)
        };
        Ok((view, hub))
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
