//! Buttons and menus of a finished task, and Midjourney's own seed of its job.

use std::fmt::Write as _;

use mj_midjourney::{
    button::{self, Choice, Press, Vary},
    task::{Action, Call, PressRequest, Status, Task, TaskButton, TaskView},
};

use super::{Place, Submitted, blank, needs_own_session, new_id};
use crate::{
    error::{EngineError, Unavailable},
    options::Options,
};

/// Words on buttons by which a person confirms something to Midjourney's moderators: never pressed by us.
const FOR_PERSONS: &[&str] = &["accept", "acknowledge", "appeal", "resubmit"];

/// The task of a button that `parent` has; several of one group for a button that makes several jobs.
///
/// # Errors
/// [`EngineError::ActionUnavailable`], [`EngineError::Argument`] about what must or must not go along,
/// [`EngineError::Storage`] where a mask cannot be kept, [`EngineError::Engine`] without randomness.
pub(crate) fn press(
    place: Place<'_>,
    parent: &Task,
    action: &str,
    options: &Options,
) -> Result<Submitted, EngineError> {
    let action = action.trim();
    if action.eq_ignore_ascii_case("seed") {
        return seed(place, parent, options).map(Submitted::from);
    }
    let view = &parent.view;
    if view.status != Status::Success || view.message_id.is_none() {
        return Err(not_ended_well(view));
    }
    let button = button::resolve(action, &view.buttons).map_err(|error| {
        let why = format!("the task offers no \"{}\"", error.action);
        unavailable(view, Unavailable::NotOffered, &why)
    })?;
    if is_for_a_person(button) {
        let why = format!("\"{action}\" may only be pressed by a person, in Discord");
        return Err(unavailable(view, Unavailable::NeedsPerson, &why));
    }
    let pressed = Press::read(&button.custom_id);
    check_extras(action, pressed, button, options)?;
    if matches!(
        pressed,
        Press::DescribeImagine(Choice::All) | Press::ShortenImagine(Choice::All)
    ) {
        return all_of(place, parent, options);
    }
    one(place, parent, action, button, options).map(Submitted::from)
}

/// The task of one button.
fn one(
    place: Place<'_>,
    parent: &Task,
    action: &str,
    button: &TaskButton,
    options: &Options,
) -> Result<Task, EngineError> {
    let pressed = Press::read(&button.custom_id);
    let account = place.account.or(parent.view.account.as_deref());
    let is_private = pressed.opens_modal()
        || options.form_text.is_some()
        || matches!(pressed, Press::Setting(_));
    let own = if is_private {
        let what = format!("\"{action}\" opens a dialog");
        Some(needs_own_session(place, account, &what)?)
    } else {
        None
    };
    let kind = if matches!(pressed, Press::Upscale(_)) {
        Action::Upscale
    } else if matches!(pressed, Press::Variation(_)) {
        Action::Variation
    } else if pressed == Press::Reroll {
        Action::Reroll
    } else {
        Action::Action
    };
    let mut task = child(place, parent, kind, options)?;
    task.work.named_account = task.work.named_account.or(own);
    task.work.press = parent.view.message_id.map(|message_id| PressRequest {
        message_id,
        message_flags: parent.work.message_flags,
        custom_id: button.custom_id.clone(),
        values: options.values.clone(),
    });
    task.work.form_text.clone_from(&options.form_text);
    if let Some(mask) = &options.mask {
        task.work.mask = Some(mask.kept_mask(place.keeper)?);
    }
    Ok(task)
}

/// One press that makes several jobs could not be followed: each numbered button is pressed instead.
fn all_of(place: Place<'_>, parent: &Task, options: &Options) -> Result<Submitted, EngineError> {
    let view = &parent.view;
    let is_numbered = |button: &&TaskButton| {
        matches!(
            Press::read(&button.custom_id),
            Press::DescribeImagine(Choice::Number(_)) | Press::ShortenImagine(Choice::Number(_))
        )
    };
    let group = new_id(place.now)?;
    let mut tasks = Vec::new();
    for (number, button) in view.buttons.iter().filter(is_numbered).enumerate() {
        let mut task = one(place, parent, "imagine_all", button, options)?;
        task.view.group_id = Some(group);
        if let Some(key) = task.work.idempotency_key.as_mut() {
            let _ = write!(key, "#{number}");
        }
        tasks.push(task);
    }
    if tasks.is_empty() {
        let why = "the task offers no \"imagine1\", which \"imagine_all\" would press";
        return Err(unavailable(view, Unavailable::NotOffered, why));
    }
    Ok(Submitted {
        tasks,
        group: Some(group),
    })
}

/// The task that asks Midjourney for the seed of `parent`'s job.
fn seed(place: Place<'_>, parent: &Task, options: &Options) -> Result<Task, EngineError> {
    let view = &parent.view;
    let extras = [
        ("mask", options.mask.is_some()),
        ("prompt", options.form_text.is_some()),
        ("values", !options.values.is_empty()),
    ];
    if let Some((name, _)) = extras.iter().find(|(_, is_given)| *is_given) {
        return Err(EngineError::argument(
            format!("options.{name}"),
            "cannot go along with \"seed\"",
        ));
    }
    if view.status != Status::Success {
        return Err(not_ended_well(view));
    }
    let Some(job_id) = view.job_id.clone() else {
        let why = "the task has no job at Midjourney whose seed could be asked for";
        return Err(unavailable(view, Unavailable::NotOffered, why));
    };
    let account = place.account.or(view.account.as_deref());
    let own = needs_own_session(place, account, "\"seed\" is answered in a direct message")?;
    let mut task = child(place, parent, Action::Seed, options)?;
    task.work.named_account = Some(own);
    task.work.call = Call::Seed { job_id };
    Ok(task)
}

fn child(
    place: Place<'_>,
    parent: &Task,
    action: Action,
    options: &Options,
) -> Result<Task, EngineError> {
    let view = &parent.view;
    let mut task = blank(place, action, view.prompt.clone(), options)?;
    task.view.parent_id = Some(view.id);
    task.work.application_id = parent.work.application_id.or(task.work.application_id);
    // Whoever made the parent can press its buttons; with another account only the caller knows.
    task.work.named_account = task.work.named_account.or_else(|| view.account.clone());
    task.work.wanted_mode = options.mode.or(view.mode);
    Ok(task)
}

/// Holds what goes along with a press to what the button takes.
fn check_extras(
    action: &str,
    pressed: Press<'_>,
    button: &TaskButton,
    options: &Options,
) -> Result<(), EngineError> {
    let wrong = |name: &'static str, message: String| Err(EngineError::argument(name, message));
    let is_region = pressed == Press::Vary(Vary::Region);
    if is_region && options.mask.is_none() {
        return wrong(
            "options.mask",
            format!("is missing: \"{action}\" needs a PNG, white where the picture may change"),
        );
    }
    if !is_region && options.mask.is_some() {
        return wrong(
            "options.mask",
            format!("is for vary_region only, not for \"{action}\""),
        );
    }
    if options.form_text.is_some() && !may_open_form(pressed) {
        return wrong(
            "options.prompt",
            format!("cannot go along with \"{action}\", which never asks for a prompt"),
        );
    }
    check_choices(action, button, options)
}

fn check_choices(action: &str, button: &TaskButton, options: &Options) -> Result<(), EngineError> {
    let wrong = |message: String| Err(EngineError::argument("options.values", message));
    let known = || {
        let values: Vec<&str> = button
            .choices
            .iter()
            .map(|choice| choice.value.as_str())
            .collect();
        values.join(", ")
    };
    if button.choices.is_empty() {
        return if options.values.is_empty() {
            Ok(())
        } else {
            wrong(format!("are for menus only: \"{action}\" is a button"))
        };
    }
    if options.values.is_empty() {
        return wrong(format!(
            "are missing: \"{action}\" is a menu; choose one of {}",
            known()
        ));
    }
    let is_known = |value: &String| button.choices.iter().any(|choice| choice.value == *value);
    if options.values.iter().all(is_known) {
        Ok(())
    } else {
        wrong(format!("must be among the menu's: {}", known()))
    }
}

/// Whether a press may be answered with a form for a prompt: always, or in remix mode.
fn may_open_form(pressed: Press<'_>) -> bool {
    !matches!(
        pressed,
        Press::Bookmark
            | Press::Cancel
            | Press::DescribeImagine(Choice::All)
            | Press::DescribeRetry
            | Press::Hd(_)
            | Press::Remaster
            | Press::Setting(_)
            | Press::ShortenImagine(Choice::All)
            | Press::Upscale(_)
            | Press::VideoUpscale(_)
    )
}

fn is_for_a_person(button: &TaskButton) -> bool {
    let label = button.label.as_deref().unwrap_or_default();
    let label = label.trim().to_ascii_lowercase();
    FOR_PERSONS.iter().any(|word| label.starts_with(word))
}

/// Why a task that is not a success has no buttons for us.
fn not_ended_well(view: &TaskView) -> EngineError {
    let (reason, hint) = if !view.buttons.is_empty() {
        (
            Unavailable::NeedsPerson,
            "Midjourney's moderators stopped it: only a person may press its buttons, in Discord",
        )
    } else if view.status.is_terminal() {
        (
            Unavailable::NotOffered,
            "it has no buttons: it ended without a picture",
        )
    } else {
        (
            Unavailable::NotFinished,
            "it has no buttons: they come with the picture",
        )
    };
    EngineError::ActionUnavailable {
        reason,
        message: format!("task {} is {}; {hint}", view.id, view.status.as_str()),
        available: Vec::new(),
    }
}

/// The refusal with what the task does offer.
fn unavailable(view: &TaskView, reason: Unavailable, why: &str) -> EngineError {
    let seed = (view.status == Status::Success && view.job_id.is_some()).then(|| "seed".to_owned());
    let available: Vec<String> = view
        .buttons
        .iter()
        .filter(|button| !is_for_a_person(button))
        .map(|button| {
            let name = button.action.as_ref();
            name.unwrap_or(&button.custom_id).clone()
        })
        .chain(seed)
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
}
