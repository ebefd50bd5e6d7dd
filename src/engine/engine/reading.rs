//! Reading tasks, waiting for them and cancelling them; a group's id stands for all of its tasks.

use std::{sync::Arc, time::Duration};

use mj_discord::{Hosts, UnixMs};
use mj_midjourney::{
    config::GatewayMode,
    store::{Cancelled, StoreError, TaskStore},
    task::{Task, TaskId},
};
use mj_process::clock;

use super::{Engine, no_such_task};
use crate::{
    error::{EngineError, Unavailable},
    filter,
    record::TaskRecord,
    shared::{Shared, Waiting},
    value::Value,
};

impl Engine {
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
        Ok(record(&shared, &current.hosts, &id)?)
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
            let record = match (view, id) {
                (Some(view), _) => Some(TaskRecord::of(
                    Arc::new(view),
                    &current.hosts,
                    shared.store,
                )?),
                (None, Some(id)) => group_record(&shared, &current.hosts, &id)?,
                (None, None) => None,
            };
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
            let record = record(&shared, &current.hosts, &id)?.ok_or_else(no_such_task)?;
            let left = timeout.saturating_sub(clock::boot().saturating_sub(started));
            let is_over = left.is_zero() || interrupted() || shared.is_ended();
            if record.view.status.is_terminal() || is_over {
                return Ok(record);
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

    /// Cancels a task, or asks its owner to: `mj_cancel()`. False when it had ended. Of a group, all tasks.
    ///
    /// # Errors
    /// [`EngineError::Argument`] when there is no such task, [`EngineError::ActionUnavailable`] for a running button
    /// job where only a user's session would see its Cancel Job button, [`EngineError::Storage`].
    pub fn cancel(&self, task: &str) -> Result<bool, EngineError> {
        let shared = self.shared(&self.current().settings)?;
        let id: TaskId = task.parse().map_err(|_| no_such_task())?;
        let tasks = Self::task_or_members(&shared, &id)?;
        for task in &tasks {
            refuse_blind_cancel(&shared, task)?;
        }
        let mut is_any = false;
        for task in &tasks {
            match shared
                .store
                .cancel(UnixMs(clock::unix_ms()), &task.view.id)?
            {
                Cancelled::Done | Cancelled::Requested => is_any = true,
                Cancelled::AlreadyTerminal(_) | Cancelled::Unknown => {}
            }
        }
        if let Some(task) = tasks.first().filter(|_| is_any) {
            let is_heard = shared.ring(&task.hub);
            self.wake(&shared, !is_heard);
        }
        Ok(is_any)
    }

    /// A task, or the tasks of a group, with all that the engine knows of them; never empty.
    ///
    /// # Errors
    /// [`EngineError::Argument`] when there is neither, [`EngineError::Storage`].
    pub(super) fn task_or_members(shared: &Shared, id: &TaskId) -> Result<Vec<Task>, EngineError> {
        if let Some(task) = shared.store.whole_task(id)? {
            return Ok(vec![task]);
        }
        let mut tasks = Vec::new();
        for member in shared.store.group(id)? {
            tasks.extend(shared.store.whole_task(&member.id)?);
        }
        if tasks.is_empty() {
            return Err(no_such_task());
        }
        Ok(tasks)
    }
}

/// A task or a group as PHP is shown it.
fn record(shared: &Shared, hosts: &Hosts, id: &TaskId) -> Result<Option<TaskRecord>, StoreError> {
    match shared.store.poll(id)? {
        Some(view) => TaskRecord::of(view, hosts, shared.store).map(Some),
        None => group_record(shared, hosts, id),
    }
}

fn group_record(
    shared: &Shared,
    hosts: &Hosts,
    id: &TaskId,
) -> Result<Option<TaskRecord>, StoreError> {
    let members = shared.store.group(id)?;
    if members.is_empty() {
        return Ok(None);
    }
    TaskRecord::of_group(*id, &members, hosts, shared.store).map(Some)
}

/// The Cancel Job button of a button's job stands in a message that only the user's own session is shown.
fn refuse_blind_cancel(shared: &Shared, task: &Task) -> Result<(), EngineError> {
    let is_running = task.work.press.is_some()
        && !task.view.status.is_terminal()
        && !task.work.attempts.is_empty();
    if !is_running {
        return Ok(());
    }
    let gateway = shared
        .store
        .config(&task.hub)?
        .map(|(_, config)| config.gateway);
    match gateway {
        Some(GatewayMode::Bot | GatewayMode::Off) => Err(EngineError::ActionUnavailable {
            reason: Unavailable::NeedsUserGateway,
            message: format!(
                "task {} runs already, and its Cancel Job button is shown to a user's session only: set mj.user_token, and mj.gateway to user or both",
                task.view.id
            ),
            available: Vec::new(),
        }),
        Some(GatewayMode::User | GatewayMode::Both) | None => Ok(()),
    }
}
