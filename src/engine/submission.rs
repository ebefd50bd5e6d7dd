//! From a prompt or a pressed button, with its options, to tasks that can be stored.

use std::{borrow::Cow, fmt::Write as _};

use mj_discord::{Hosts, UnixMs};
use mj_midjourney::{
    application::MIDJOURNEY,
    button::{self, Press},
    config::{GatewayMode, HubConfig, HubId},
    prompt::{self, Composition, PromptError},
    task::{Action, Mode, PressRequest, Status, Task, TaskId, TaskView, Work},
};
use mj_process::random;

use crate::{
    error::{EngineError, Unavailable},
    options::{Options, wrong_type},
    value::Value,
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
}

/// The tasks of a prompt: one, or several of one group where it has permutations or repeats.
///
/// # Errors
/// [`EngineError::Argument`] and [`EngineError::Type`] about the prompt, [`EngineError::Engine`] without randomness.
pub(crate) fn imagine(
    place: Place<'_>,
    prompt: &Value,
    options: &Options,
) -> Result<Vec<Task>, EngineError> {
    let Value::Text(text) = prompt else {
        return Err(wrong_type("prompt".into(), "string", prompt));
    };
    let composed = Composition {
        images: options
            .images
            .iter()
            .map(|url| place.hosts.original_image_url(url).into_owned())
            .collect(),
        text: text.clone(),
        parameters: options.parameters.clone(),
        mode: options.mode,
    }
    .compose()
    .map_err(|error| refused(&error))?;
    if composed.trim().is_empty() {
        return Err(refused(&PromptError::Empty));
    }
    let prompts = prompt::expand(&composed).map_err(|error| refused(&error))?;
    let is_group = prompts.len() > 1;
    let mut tasks: Vec<Task> = Vec::with_capacity(prompts.len());
    for (number, sent) in prompts.into_iter().enumerate() {
        let seed = prompt::seed(&sent);
        let is_tagged = place.config.seed_tag && seed.is_none();
        prompt::check(
            &sent,
            if is_tagged {
                prompt::SEED_TAG_LENGTH
            } else {
                0
            },
        )
        .map_err(|error| refused(&error))?;
        let tag = if is_tagged {
            Some(random_seed()?)
        } else {
            None
        };
        let shown = if is_group { sent.clone() } else { text.clone() };
        let mut task = blank(place, Action::Imagine, shown, options)?;
        task.view.seed = seed.or(tag);
        task.view.group_id =
            is_group.then(|| tasks.first().map_or(task.view.id, |first| first.view.id));
        task.work.wanted_mode = options.mode.or_else(|| written_mode(&sent));
        task.work.seed_is_tag = is_tagged;
        task.work.sent_prompt =
            Some(tag.map_or_else(|| sent.clone(), |seed| prompt::with_seed(&sent, seed)));
        // One key makes the whole group once: each of its tasks has its own.
        if let Some(key) = task.work.idempotency_key.as_mut().filter(|_| is_group) {
            let _ = write!(key, "#{number}");
        }
        tasks.push(task);
    }
    Ok(tasks)
}

/// The task of a button that `parent` has.
///
/// # Errors
/// [`EngineError::ActionUnavailable`], [`EngineError::Engine`] without randomness.
pub(crate) fn press(
    place: Place<'_>,
    parent: &Task,
    action: &str,
    options: &Options,
) -> Result<Task, EngineError> {
    let view = &parent.view;
    let Some(message_id) = view.message_id.filter(|_| view.status == Status::Success) else {
        let (reason, hint) = if view.status.is_terminal() {
            (Unavailable::NotOffered, "it ended without a picture")
        } else {
            (Unavailable::NotFinished, "they come with the picture")
        };
        let message = format!(
            "task {} is {} and has no buttons: {hint}",
            view.id,
            view.status.as_str()
        );
        return Err(EngineError::ActionUnavailable {
            reason,
            message,
            available: Vec::new(),
        });
    };
    let unavailable = |reason, why: String| {
        let available: Vec<String> = view
            .buttons
            .iter()
            .filter(|button| is_pressable(Press::read(&button.custom_id)))
            .map(|button| {
                let name = button.action.as_ref();
                name.unwrap_or(&button.custom_id).clone()
            })
            .collect();
        let message = match available.as_slice() {
            [] => format!("{why}; nothing else is available"),
            names => format!("{why}; available are {}", names.join(", ")),
        };
        EngineError::ActionUnavailable {
            reason,
            message,
            available,
        }
    };
    let button = button::resolve(action, &view.buttons).map_err(|error| {
        let why = format!("the task offers no \"{}\"", error.action);
        unavailable(Unavailable::NotOffered, why)
    })?;
    let pressed = Press::read(&button.custom_id);
    if pressed.opens_modal() && matches!(place.config.gateway, GatewayMode::Bot | GatewayMode::Off)
    {
        let why = format!(
            "\"{action}\" opens a dialog, which only a user's session sees: set mj.user_token, and mj.gateway to user or both"
        );
        return Err(unavailable(Unavailable::NeedsUserGateway, why));
    }
    if !is_pressable(pressed) {
        let why = format!("\"{action}\" is not pressed by this version");
        return Err(unavailable(Unavailable::NotSupported, why));
    }
    let kind = if matches!(pressed, Press::Upscale(_)) {
        Action::Upscale
    } else if matches!(pressed, Press::Variation(_)) {
        Action::Variation
    } else if pressed == Press::Reroll {
        Action::Reroll
    } else {
        Action::Action
    };
    let mut task = blank(place, kind, view.prompt.clone(), options)?;
    task.view.parent_id = Some(view.id);
    task.work.application_id = parent.work.application_id.or(task.work.application_id);
    // Whoever made the parent can press its buttons; with another account only the caller knows.
    task.work.named_account = task.work.named_account.or_else(|| view.account.clone());
    task.work.wanted_mode = options.mode.or(view.mode);
    task.work.press = Some(PressRequest {
        message_id,
        message_flags: parent.work.message_flags,
        custom_id: button.custom_id.clone(),
        values: Vec::new(),
    });
    Ok(task)
}

/// Whether a press makes a job by itself, or may: what we do not know we press.
fn is_pressable(press: Press<'_>) -> bool {
    matches!(press, Press::Unknown(_)) || (press.family().is_some() && !press.opens_modal())
}

fn blank(
    place: Place<'_>,
    action: Action,
    prompt: String,
    options: &Options,
) -> Result<Task, EngineError> {
    let id: TaskId = random::task_id(place.now.0)
        .map_err(|error| EngineError::Engine(error.to_string()))?
        .parse()
        .map_err(|_| EngineError::Engine("a task id could not be made".to_owned()))?;
    Ok(Task {
        hub: place.hub.clone(),
        view: TaskView {
            mode: options.mode,
            state: options.state.clone(),
            ..TaskView::new(id, action, prompt, place.now)
        },
        work: Work {
            application_id: Some(MIDJOURNEY),
            named_account: place.account.map(str::to_owned),
            wanted_mode: options.mode,
            deadline: place
                .now
                .plus(options.timeout.unwrap_or(place.config.timeout)),
            priority: options.priority,
            idempotency_key: options.idempotency_key.clone(),
            notify_url: options
                .notify_url
                .clone()
                .or_else(|| place.config.notify_url.clone()),
            ..Work::default()
        },
    })
}

fn written_mode(prompt: &str) -> Option<Mode> {
    [Mode::Fast, Mode::Relax, Mode::Turbo]
        .into_iter()
        .find(|mode| prompt::has_parameter(prompt, mode.as_str()))
}

fn random_seed() -> Result<u32, EngineError> {
    let number = random::random_u64().map_err(|error| EngineError::Engine(error.to_string()))?;
    #[expect(clippy::cast_possible_truncation, reason = "a seed is any 32 bits")]
    Ok(number as u32)
}

fn refused(error: &PromptError) -> EngineError {
    let name: Cow<'static, str> = match error {
        PromptError::InvalidImage { number } => format!("options.images[{}]", number - 1).into(),
        PromptError::InvalidName { name } | PromptError::InvalidValue { name } => {
            format!("options.{name}").into()
        }
        PromptError::Empty
        | PromptError::TooLong { .. }
        | PromptError::ControlCharacter { .. }
        | PromptError::TooManyJobs
        | PromptError::InvalidRepeat => "prompt".into(),
    };
    EngineError::Argument {
        name,
        message: error.to_string(),
    }
}
