//! From what PHP asked for, with its options, to tasks that can be stored.

mod command;
mod imagine;
mod press;
#[cfg(test)]
mod tests;

use mj_discord::{Hosts, UnixMs};
use mj_midjourney::{
    config::{GatewayMode, HubConfig, HubId},
    store::family_key,
    task::{Action, Task, TaskId, TaskView, Work},
};
use mj_process::random;

pub(crate) use self::{
    command::{blend, command, describe, shorten, show},
    imagine::imagine,
    press::press,
};
use crate::{
    error::{EngineError, Unavailable},
    given::Keeper,
    options::Options,
};

/// Where and when tasks are submitted, and by which account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'p> {
    /// The hub.
    pub(crate) hub: &'p HubId,
    /// Its configuration.
    pub(crate) config: &'p HubConfig,
    /// Its hosts.
    pub(crate) hosts: &'p Hosts,
    /// Now.
    pub(crate) now: UnixMs,
    /// The account that was named, by option or token.
    pub(crate) account: Option<&'p str>,
    /// Keeps files and bytes.
    pub(crate) keeper: Keeper<'p>,
}

/// What one call was made into.
#[derive(Debug)]
pub(crate) struct Submitted {
    /// The tasks, in order.
    pub(crate) tasks: Vec<Task>,
    /// The group's id, where there are several.
    pub(crate) group: Option<TaskId>,
}

impl From<Task> for Submitted {
    fn from(task: Task) -> Self {
        Self {
            tasks: vec![task],
            group: None,
        }
    }
}

/// A new task id.
///
/// # Errors
/// [`EngineError::Engine`] without randomness.
pub(crate) fn new_id(now: UnixMs) -> Result<TaskId, EngineError> {
    random::task_id(now.0)
        .map_err(|error| EngineError::Engine(error.to_string()))?
        .parse()
        .map_err(|_| EngineError::Engine("a task id could not be made".to_owned()))
}

fn blank(
    place: Place<'_>,
    action: Action,
    prompt: String,
    options: &Options,
) -> Result<Task, EngineError> {
    Ok(Task {
        hub: place.hub.clone(),
        view: TaskView {
            mode: options.mode,
            state: options.state.clone(),
            ..TaskView::new(new_id(place.now)?, action, prompt, place.now)
        },
        work: Work {
            application_id: Some(options.bot.application_id()),
            named_account: place.account.map(str::to_owned),
            wanted_mode: options.mode,
            deadline: place
                .now
                .plus(options.timeout.unwrap_or(place.config.timeout)),
            priority: options.priority,
            idempotency_key: options.idempotency_key.as_ref().map(|key| {
                let family = place.config.family.as_ref();
                family.map_or_else(|| key.clone(), |family| family_key(family, key))
            }),
            notify_url: options
                .notify_url
                .clone()
                .or_else(|| place.config.notify_url.clone()),
            ..Work::default()
        },
    })
}

/// The account whose own session sees what only its user is shown: the hub's main one.
///
/// `what` begins the sentence that is shown where there is none: `"shorten" answers in a message`.
///
/// # Errors
/// [`EngineError::ActionUnavailable`] on hubs without a user's session, and for other accounts than that session's.
fn needs_own_session(
    place: Place<'_>,
    account: Option<&str>,
    what: &str,
) -> Result<String, EngineError> {
    let needed = |message: String| EngineError::ActionUnavailable {
        reason: Unavailable::NeedsUserGateway,
        message,
        available: Vec::new(),
    };
    let main = match place.config.gateway {
        GatewayMode::User | GatewayMode::Both => place.config.accounts.first(),
        GatewayMode::Bot | GatewayMode::Off => None,
    };
    let Some(main) = main else {
        return Err(needed(format!(
            "{what} that only a user's session sees: set mj.user_token, and mj.gateway to user or both"
        )));
    };
    match account {
        Some(account) if account != main.name => Err(needed(format!(
            "{what} that only the account's own session sees: account {account} has none, the gateway is logged in as {}",
            main.name
        ))),
        _ => Ok(main.name.clone()),
    }
}
