//! The facade that the PHP binding calls, on PHP's threads.
//!
//! It parses, reads and writes the store, wakes whoever owns the hub, and waits; it never touches the network itself.

mod current;
mod feed;
mod lifecycle;
mod process;
mod reading;
mod requests;
mod thread;
mod watch;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use mj_discord::UnixMs;
use mj_midjourney::{
    config::{HubConfig, HubId},
    group,
    store::{Reconfigure, TaskStore},
    task::{TaskId, TaskView},
};
use mj_process::{Generation, clock, fork};
use parking_lot::RwLock;
use zeroize::Zeroize as _;

pub(crate) use self::lifecycle::DEFAULT_DIRECTORY;
pub use self::watch::Watch;
use self::{current::Current, process::Process};
use crate::{
    config::{HubSettings, Role, shown},
    download::{self, DownloadOptions},
    environment::Environment,
    error::EngineError,
    log::{self, Log},
    metrics,
    shared::{Serving, Shared, Waiting},
    status,
    value::Value,
};

/// What the engine must know of PHP, read by the binding on PHP's thread.
#[derive(Clone, Default)]
pub struct Host {
    /// PHP's `sapi_module.name`: `cli`, `fpm-fcgi`, `apache2handler`, `cli-server`.
    pub sapi: String,
    /// PHP's version, for the log.
    pub php_version: String,
    /// PHP's own ini entry `error_log`; empty when it is not set.
    pub error_log: String,
    /// The ini entries, names with their `mj.` in front; those that are empty may be left out.
    pub ini: Vec<(String, String)>,
    /// What the environment said when PHP loaded the extension.
    pub environment: Environment,
    /// Whether `opcache.preload` runs: then nothing may start.
    pub preloading: bool,
    /// Where a path that a script names lies, asked on PHP's threads only; none when `open_basedir` forbids it. Without
    /// it every path lies where the process's own directory says.
    pub locate: Option<fn(&Path) -> Option<PathBuf>>,
}

impl Host {
    /// Overwrites the values of ini entries, some of which are secret.
    fn wipe(&mut self) {
        self.ini.iter_mut().for_each(|(_, value)| value.zeroize());
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("sapi", &self.sapi)
            .field("environment", &self.environment)
            .finish_non_exhaustive()
    }
}

/// The engine as one thread of PHP's sees it under one set of ini values: settings of its own, and what it shares with
/// all others of the process.
pub struct Engine {
    host: Host,
    generation: Generation,
    current: RwLock<Arc<Current>>,
    process: Arc<Process>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("sapi", &self.host.sapi)
            .finish_non_exhaustive()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.host.wipe();
    }
}

impl Engine {
    /// Module start: the process may go on after an earlier [`Engine::end_of_process`].
    pub fn start_of_process() {
        if let Some(process) = process::known() {
            process.go_on();
        }
    }

    /// Module shutdown: as [`Engine::shutdown`] for what the process's threads share; starts nothing in order to end it.
    pub fn end_of_process() {
        if let Some(process) = process::known() {
            process.shutdown();
        }
    }

    /// What PHP's error log is to be told, once: that `mj.log` cannot be written. Costs next to nothing when there is
    /// nothing.
    pub fn take_complaint() -> Option<String> {
        log::health::take_complaint()
    }

    /// An engine beside the process's own, for programs that are not PHP and for tests.
    ///
    /// # Errors
    /// As [`Engine::of_thread`].
    pub fn new(host: Host) -> Result<Self, EngineError> {
        Self::configured(host, Value::Null, || Arc::new(Process::default()))
    }

    fn configured(
        host: Host,
        given: Value,
        process: impl FnOnce() -> Arc<Process>,
    ) -> Result<Self, EngineError> {
        if host.preloading {
            return Err(EngineError::Engine(
                "mj cannot be used while opcache.preload runs: no process of PHP's is there yet that could keep it".to_owned(),
            ));
        }
        let current = Arc::new(Current::read(&host, given)?);
        let process = process();
        process.remember(&current);
        Ok(Self {
            host,
            generation: fork::generation(),
            current: RwLock::new(current),
            process,
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
        let current = Arc::new(Current::read(&self.host, config.clone())?);
        if let Some(hub) = &current.settings.hub {
            let shared = self.shared(&current.settings)?;
            Self::store_config(&shared, hub)?;
            self.set(current);
            // A configured hub that has open tasks, or will, is worth an engine where this process may have one.
            self.wake(&shared, false);
        } else {
            self.set(current);
        }
        Ok(())
    }

    fn set(&self, current: Arc<Current>) {
        self.process.remember(&current);
        *self.current.write() = current;
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
        let _serving = Serving::begin(&shared);
        self.wake(&shared, true);
        loop {
            // A running engine has its own times: it is not woken by each look at PHP's interrupts.
            self.wake(&shared, false);
            let left = duration
                .map(|duration| duration.saturating_sub(clock::boot().saturating_sub(started)));
            if interrupted() || shared.is_ended() || left.is_some_and(|left| left.is_zero()) {
                return Ok(());
            }
            let seen = shared.store.change();
            shared
                .store
                .wait_change(seen, left.unwrap_or(Duration::MAX));
        }
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
        let process = [
            ("version", Value::from(env!("CARGO_PKG_VERSION"))),
            (
                "state_dir",
                Value::from(shared.dir.path().to_string_lossy().into_owned()),
            ),
            ("pid", Value::Int(shared.own.pid.into())),
            ("sapi", Value::from(self.host.sapi.as_str())),
            ("grade", Value::from(status::grade_word(shared.grade()))),
            ("has_engine", Value::Bool(self.process.has_engine(&shared))),
        ];
        Ok(process
            .into_iter()
            .chain([(
                "configuration",
                shown::for_status(&self.host, &current.given)?,
            )])
            .chain(status::hubs(&shared, hub)?)
            .chain([("incidents", status::incidents(&shared))])
            .collect())
    }

    /// Counters and gauges of every hub in Prometheus's text format 0.0.4: `mj_metrics()`. Reads the store, and starts
    /// nothing.
    ///
    /// # Errors
    /// [`EngineError::Configuration`] for a state directory that cannot be used, [`EngineError::Storage`].
    pub fn metrics(&self) -> Result<String, EngineError> {
        let current = self.current();
        let shared = self.shared(&current.settings)?;
        metrics::page(&shared)
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

    /// Saves a task's pictures in a directory and gives their paths: `mj_download()`. With the option `preview` it is the
    /// half-done picture of a task at work, and no path where it shows none.
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
        if directory.is_empty() {
            return Err(EngineError::argument(
                "directory",
                "is empty: name an existing directory",
            ));
        }
        let given = Path::new(directory);
        let located = match self.host.locate {
            Some(locate) => locate(given).ok_or_else(|| {
                EngineError::argument("directory", "lies outside of open_basedir")
            })?,
            None => given.to_owned(),
        };
        let current = self.current();
        let shared = self.shared(&current.settings)?;
        let id: TaskId = task.parse().map_err(|_| no_such_task())?;
        let (view, hub) = Self::view_and_hub(&shared, id)?;
        let config = Self::config_of(&shared, &hub)?;
        let saved = if options.preview {
            let read = || Ok(Self::view_and_hub(&shared, id)?.0);
            download::preview(&shared, config, &read, located, &options, interrupted)
        } else {
            download::download(&shared, config, &view, located, &options, interrupted)
        };
        let names = saved.map_err(|failed| {
            let is_usual = failed.is_usual();
            let error = failed.told(id);
            if !is_usual {
                // PHP's own thread has no log: this one is opened for one line.
                tracing::subscriber::with_default(Log::new(&current.settings.log), || {
                    tracing::warn!(%hub, task = %id, %error, "mj_download() failed");
                });
            }
            error
        })?;
        let path = |name: String| given.join(name).to_string_lossy().into_owned();
        Ok(names.into_iter().map(path).collect())
    }

    fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current.read())
    }

    /// Writes a hub's configuration for its owner, unless it is stored as it is.
    fn store_config(shared: &Shared, hub: &HubSettings) -> Result<(), EngineError> {
        // Before anything is written that must not lie in the clear.
        if shared.store.seal(&hub.id)? {
            tracing::info!(hub = %hub.id, "what is secret of the hub is encrypted anew");
            shared.ring(&hub.id);
        }
        let change = |stored: Option<&HubConfig>| {
            stored.map_or_else(|| hub.config.clone(), |stored| hub.keeping_inline(stored))
        };
        let has_changed = Self::reconfigure(shared, &hub.id, &change)?;
        if has_changed && hub.config.family.as_ref() == Some(&hub.id) {
            Self::store_for_relatives(shared, hub)?;
        }
        Ok(())
    }

    /// Gives what has changed to the other hubs of a family that have something to do; the rest hear of it with their
    /// next task.
    fn store_for_relatives(shared: &Shared, configured: &HubSettings) -> Result<(), EngineError> {
        for hub in shared.store.hubs()? {
            let is_at_work = hub.open_tasks > 0 || hub.has_notices;
            if hub.id == configured.id || !hub.is_readable || !is_at_work {
                continue;
            }
            let Some((_, stored)) = shared.store.config(&hub.id)? else {
                continue;
            };
            if configured.for_relative(&hub.id, &stored).is_some() {
                Self::reconfigure(shared, &hub.id, &|now| {
                    let now = now.unwrap_or(&stored);
                    configured
                        .for_relative(&hub.id, now)
                        .unwrap_or_else(|| now.clone())
                })?;
            }
        }
        Ok(())
    }

    /// Adds the account that a submission brought along to its hub's configuration, which is left as it is.
    fn store_inline(shared: &Shared, hub: &HubSettings) -> Result<(), EngineError> {
        let change = |stored: Option<&HubConfig>| {
            stored.map_or_else(|| hub.config.clone(), |stored| hub.added_inline(stored))
        };
        Self::reconfigure(shared, &hub.id, &change).map(drop)
    }

    /// Changes a stored configuration and rings its owner where that made a difference; tells whether it did.
    fn reconfigure(
        shared: &Shared,
        hub: &HubId,
        change: &Reconfigure<'_>,
    ) -> Result<bool, EngineError> {
        let now = UnixMs(clock::unix_ms());
        let changed = shared.store.reconfigure(now, hub, change)?;
        if changed {
            shared.ring(hub);
        }
        Ok(changed)
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
