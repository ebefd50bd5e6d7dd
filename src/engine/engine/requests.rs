//! What PHP asks Midjourney for: each call checks, writes tasks to the store and wakes whoever owns the hub.

use std::sync::Arc;

use mj_discord::UnixMs;
use mj_midjourney::{
    application::Bot,
    config::{HubConfig, HubId},
    job_id::JobId,
    store::{StoreError, TaskStore},
    task::{Task, TaskId},
};
use mj_process::clock;

use super::{
    Engine,
    current::{Current, named_account},
    lifecycle::forget_what_others_send,
    no_such_task,
};
use crate::{
    config::HubSettings,
    error::{EngineError, Unavailable},
    given::Keeper,
    options::{Kind, Options},
    picture::kept,
    shared::Shared,
    submission::{self, Place, Submitted},
    value::Value,
};

impl Engine {
    /// Submits a prompt: `mj_imagine()`. The task is durable when this returns; the network is never waited for. A
    /// prompt with permutations or repeats makes a group, whose id is given.
    ///
    /// # Errors
    /// Any of [`EngineError`], except [`EngineError::ActionUnavailable`].
    pub fn imagine(&self, prompt: &Value, options: &Value) -> Result<TaskId, EngineError> {
        self.request(Kind::Prompt, options, |place, options| {
            submission::imagine(place, prompt, options)
        })
    }

    /// Asks for prompts that fit a picture: `mj_describe()`.
    ///
    /// # Errors
    /// As [`Engine::imagine`].
    pub fn describe(&self, image: &Value, options: &Value) -> Result<TaskId, EngineError> {
        self.request(Kind::Describe, options, |place, options| {
            submission::describe(place, image, options).map(Submitted::from)
        })
    }

    /// Blends two to five pictures: `mj_blend()`.
    ///
    /// # Errors
    /// As [`Engine::imagine`].
    pub fn blend(&self, images: &Value, options: &Value) -> Result<TaskId, EngineError> {
        self.request(Kind::Blend, options, |place, options| {
            submission::blend(place, images, options).map(Submitted::from)
        })
    }

    /// Asks for shorter prompts: `mj_shorten()`.
    ///
    /// # Errors
    /// Any of [`EngineError`]; [`EngineError::ActionUnavailable`] on a hub without a user's session.
    pub fn shorten(&self, prompt: &Value, options: &Value) -> Result<TaskId, EngineError> {
        self.request(Kind::Plain, options, |place, options| {
            submission::shorten(place, prompt, options).map(Submitted::from)
        })
    }

    /// Brings a job back by its uuid, or by the id of a task whose job is known: `mj_show()`.
    ///
    /// # Errors
    /// As [`Engine::imagine`].
    pub fn show(&self, job: &str, options: &Value) -> Result<TaskId, EngineError> {
        let (job, bot) = self.job(job.trim())?;
        self.request(Kind::Plain, options, |place, options| {
            let options = Options {
                bot: bot.unwrap_or(options.bot),
                ..options.clone()
            };
            submission::show(place, job, &options).map(Submitted::from)
        })
    }

    /// Runs a command that makes no picture: `mj_command()`.
    ///
    /// # Errors
    /// Any of [`EngineError`]; [`EngineError::ActionUnavailable`] on a hub without a user's session.
    pub fn command(
        &self,
        name: &str,
        arguments: &Value,
        options: &Value,
    ) -> Result<TaskId, EngineError> {
        self.request(Kind::Plain, options, |place, options| {
            submission::command(place, name, arguments, options).map(Submitted::from)
        })
    }

    /// Presses a button of a finished task, or asks for its seed: `mj_action()`.
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
        let parent = Self::pressable(&shared, task)?;
        let stored = Self::renewed_config_of(&shared, &current, &parent.hub)?;
        let (hub, account) = named_account(
            &HubSettings {
                id: parent.hub.clone(),
                config: stored,
            },
            &options,
            // The pressed message's hub knows the key that the press takes.
            HubSettings::with_token,
        )?;
        let place = self.place(&shared, &current, &hub, account.as_deref());
        let submitted = submission::press(place, &parent, action, &options)?;
        if options.user_token.is_some() {
            Self::store_inline(&shared, &hub)?;
        }
        self.submit(&shared, &hub, &submitted)
    }

    /// What all submissions to the configured hub have in common.
    fn request(
        &self,
        kind: Kind,
        options: &Value,
        make: impl FnOnce(Place<'_>, &Options) -> Result<Submitted, EngineError>,
    ) -> Result<TaskId, EngineError> {
        let options = Options::read(kind, options)?;
        let current = self.current();
        let configured = current.hub()?;
        let (hub, account) = named_account(configured, &options, HubSettings::of_token)?;
        let shared = self.shared(&current.settings)?;
        let place = self.place(&shared, &current, &hub, account.as_deref());
        let submitted = make(place, &options)?;
        if hub.id != configured.id {
            // It listens too: its bot may be another's eyes, and what mj_status() shows in full is its owner's.
            Self::store_config(&shared, configured)?;
        }
        Self::store_config(&shared, &hub)?;
        self.submit(&shared, &hub, &submitted)
    }

    /// A stored configuration; of a hub of the configured one's family with what has changed since.
    fn renewed_config_of(
        shared: &Shared,
        current: &Current,
        hub: &HubId,
    ) -> Result<HubConfig, EngineError> {
        let stored = Self::config_of(shared, hub)?;
        let configured = current.settings.hub.as_ref();
        let Some(configured) = configured.filter(|configured| configured.id != *hub) else {
            return Ok(stored);
        };
        match configured.for_relative(hub, &stored) {
            Some(renewed) if renewed != stored => {
                Self::reconfigure(shared, hub, &|now| {
                    now.and_then(|now| configured.for_relative(hub, now))
                        .unwrap_or_else(|| renewed.clone())
                })?;
                Ok(renewed)
            }
            _ => Ok(stored),
        }
    }

    fn place<'p>(
        &self,
        shared: &'p Shared,
        current: &'p Current,
        hub: &'p HubSettings,
        account: Option<&'p str>,
    ) -> Place<'p> {
        Place {
            hub: &hub.id,
            config: &hub.config,
            hosts: &current.hosts,
            now: UnixMs(clock::unix_ms()),
            account,
            keeper: Keeper {
                dir: &shared.dir,
                locate: self.host.locate,
            },
        }
    }

    /// The task whose button is to be pressed.
    fn pressable(shared: &Shared, task: &str) -> Result<Task, EngineError> {
        let id: TaskId = task.parse().map_err(|_| no_such_task())?;
        let mut tasks = Self::task_or_members(shared, &id)?;
        if let Some(task) = tasks.pop_if(|task| task.view.id == id) {
            return Ok(task);
        }
        let members: Vec<&str> = tasks.iter().map(|task| task.view.id.as_str()).collect();
        Err(EngineError::ActionUnavailable {
            reason: Unavailable::NotOffered,
            message: format!(
                "{id} is a group and has no buttons, its tasks have: {}",
                members.join(", ")
            ),
            available: Vec::new(),
        })
    }

    /// A job by its uuid, or by a task's id; then with the bot that made it.
    fn job(&self, job: &str) -> Result<(JobId, Option<Bot>), EngineError> {
        if let Ok(job) = job.parse() {
            return Ok((job, None));
        }
        let wrong = |message: &str| Err(EngineError::argument("jobId", message));
        let Ok(id) = job.parse::<TaskId>() else {
            return wrong("must be a job's uuid (8-4-4-4-12 hexadecimal digits) or a task's id");
        };
        let shared = self.shared(&self.current().settings)?;
        let Some(task) = shared.store.whole_task(&id)? else {
            return wrong("is the id of no task");
        };
        let known = task.view.job_id.as_deref().map(str::parse);
        let Some(Ok(job)) = known else {
            return wrong("is a task whose job at Midjourney is not known");
        };
        let application = task.work.application_id;
        Ok((
            job,
            application.and_then(|application| Bot::of(application.0)),
        ))
    }

    fn submit(
        &self,
        shared: &Arc<Shared>,
        HubSettings { id: hub, config }: &HubSettings,
        submitted: &Submitted,
    ) -> Result<TaskId, EngineError> {
        let now = UnixMs(clock::unix_ms());
        let stored = shared
            .store
            .submit(now, &submitted.tasks, config.queue_size);
        // After another error nobody knows whether they are stored.
        if matches!(stored, Err(StoreError::QueueFull { .. })) {
            kept::forget(&shared.dir, &submitted.tasks);
        }
        let ids = stored?;
        if !submitted
            .tasks
            .iter()
            .any(|task| ids.contains(&task.view.id))
        {
            kept::forget(&shared.dir, &submitted.tasks);
        }
        // A server's worker lives on; only a script must know what it would leave behind.
        if !shared.lifetime.is_server {
            // A repeated request of a family may be a task of another of its hubs.
            let is_of_hub = |id: &&TaskId| {
                config.family.is_none() || submitted.tasks.iter().any(|task| task.view.id == **id)
            };
            for id in ids.iter().filter(is_of_hub) {
                if shared.unsent.add(hub, *id) {
                    forget_what_others_send(shared);
                }
            }
        }
        let is_heard = match &config.family {
            Some(head) => shared.ring_relative(hub, head),
            None => shared.ring(hub),
        };
        self.wake(shared, !is_heard);
        let first = ids
            .first()
            .copied()
            .ok_or_else(|| EngineError::Engine("the store gave no task id".to_owned()))?;
        let is_new = submitted
            .tasks
            .first()
            .is_some_and(|task| task.view.id == first);
        match submitted.group {
            None => Ok(first),
            Some(group) if is_new => Ok(group),
            // The same key again: the earlier group's id.
            Some(_) => {
                let earlier = shared.store.task(&first)?.and_then(|view| view.group_id);
                Ok(earlier.unwrap_or(first))
            }
        }
    }
}
