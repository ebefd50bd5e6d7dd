//! The facade that the PHP binding calls, on PHP's threads.

use std::{sync::Arc, time::Duration};

use mj_midjourney::task::{TaskId, TaskView};

use crate::{error::EngineError, value::Value};

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

/// A task as PHP is shown it.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskRecord {
    /// What the store holds. Its addresses are Discord's own: show those below instead.
    pub view: Arc<TaskView>,
    /// The first picture's address, with the image domain.
    pub image_url: Option<String>,
    /// The half-done picture's address, with the image domain.
    pub preview_url: Option<String>,
    /// The pictures' addresses with the image domain, in the order of `view.images`.
    pub images: Vec<String>,
    /// How many tasks go before it, while it waits.
    pub queue_position: Option<u32>,
}

/// The engine of one process.
#[derive(Debug)]
pub struct Engine {}

impl Engine {
    /// The engine of the calling process, made at its first use; a forked child gets its own.
    ///
    /// # Errors
    /// [`EngineError::Configuration`] when an ini entry is wrong, [`EngineError::Engine`] while preloading.
    pub fn of_process(host: impl FnOnce() -> Host) -> Result<Arc<Self>, EngineError> {
        let _ = host();
        Err(EngineError::Engine(String::new()))
    }

    /// Sets or changes the hub: `mj_configure()`. One hash comparison when nothing changed.
    ///
    /// # Errors
    /// [`EngineError::Configuration`] naming the setting.
    pub fn configure(&self, config: &Value) -> Result<(), EngineError> {
        let _ = config;
        Ok(())
    }

    /// Submits a prompt: `mj_imagine()`. The task is durable when this returns; the network is never waited for.
    ///
    /// # Errors
    /// Any of [`EngineError`], except [`EngineError::ActionUnavailable`].
    pub fn imagine(&self, prompt: &Value, options: &Value) -> Result<TaskId, EngineError> {
        let _ = (prompt, options);
        Err(EngineError::Engine(String::new()))
    }

    /// Presses a button of a finished task: `mj_action()`.
    ///
    /// # Errors
    /// Any of [`EngineError`].
    pub fn action(&self, task: &str, action: &str, options: &Value) -> Result<TaskId, EngineError> {
        let _ = (task, action, options);
        Err(EngineError::Engine(String::new()))
    }

    /// One task: `mj_poll()`; none when there is no such task.
    ///
    /// # Errors
    /// [`EngineError::Storage`], [`EngineError::Configuration`].
    pub fn poll(&self, task: &str) -> Result<Option<TaskRecord>, EngineError> {
        let _ = task;
        Ok(None)
    }

    /// Several in one reading: `mj_poll_many()`.
    ///
    /// # Errors
    /// [`EngineError::Storage`], [`EngineError::Configuration`].
    pub fn poll_many(&self, tasks: &[String]) -> Result<Vec<(String, Option<TaskRecord>)>, EngineError> {
        let _ = tasks;
        Ok(Vec::new())
    }

    /// Waits for a terminal state: `mj_wait()`. Gives the task as it is at the time-out or when `interrupted` says so.
    ///
    /// # Errors
    /// [`EngineError::Argument`] when there is no such task, [`EngineError::Storage`].
    pub fn wait(
        &self,
        task: &str,
        timeout: Duration,
        interrupted: &mut dyn FnMut() -> bool,
    ) -> Result<TaskRecord, EngineError> {
        let _ = (task, timeout, interrupted());
        Err(EngineError::Engine(String::new()))
    }

    /// A part of the list, newest first, and where the next begins: `mj_tasks()`.
    ///
    /// # Errors
    /// [`EngineError::Argument`], [`EngineError::Type`], [`EngineError::Storage`].
    pub fn tasks(
        &self,
        filter: &Value,
        limit: i64,
        cursor: Option<&str>,
    ) -> Result<(Vec<TaskRecord>, Option<String>), EngineError> {
        let _ = (filter, limit, cursor);
        Ok((Vec::new(), None))
    }

    /// Cancels a task, or asks its owner to: `mj_cancel()`. False when it had ended.
    ///
    /// # Errors
    /// [`EngineError::Argument`] when there is no such task, [`EngineError::Storage`].
    pub fn cancel(&self, task: &str) -> Result<bool, EngineError> {
        let _ = task;
        Ok(false)
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
        let _ = (duration, interrupted());
        Ok(())
    }

    /// Owner, gateway, queue, accounts, counters: `mj_status()`.
    ///
    /// # Errors
    /// [`EngineError::Configuration`], [`EngineError::Storage`].
    pub fn status(&self) -> Result<Value, EngineError> {
        Ok(Value::Null)
    }

    /// An address of Discord's CDN with the image domain: `mj_image_url()`.
    ///
    /// # Errors
    /// [`EngineError::Argument`], [`EngineError::Configuration`].
    pub fn image_url(&self, url: &str) -> Result<String, EngineError> {
        Ok(url.to_owned())
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
        let _ = (task, directory, options, interrupted());
        Ok(Vec::new())
    }

    /// Module shutdown: a CLI process lingers at most `mj.shutdown_grace` until its own tasks are sent or a resident
    /// owner is alive. Never waits without a bound.
    pub fn shutdown(&self) {}
}
