//! Slash commands other than `/imagine`.

use mj_midjourney::{
    application::CommandName,
    job_id::JobId,
    prompt::{self, PromptError},
    task::{Action, Call, Task},
};

use super::{Place, blank, imagine::refused, needs_own_session};
use crate::{
    error::EngineError,
    given::Given,
    options::{Options, text, wrong_type},
    value::Value,
};

/// Commands of `mj_command()`, as PHP writes them.
pub(super) const COMMANDS: &[(&str, CommandName, Option<&str>)] = &[
    ("fast", CommandName::Fast, None),
    ("info", CommandName::Info, None),
    ("prefer remix", CommandName::Prefer, Some("remix")),
    ("private", CommandName::Private, None),
    ("public", CommandName::Public, None),
    ("relax", CommandName::Relax, None),
    ("settings", CommandName::Settings, None),
    ("stealth", CommandName::Stealth, None),
    ("turbo", CommandName::Turbo, None),
];
/// Commands that have functions of their own.
const FUNCTIONS: &[&str] = &["blend", "describe", "imagine", "shorten", "show"];
/// How many pictures `/blend` takes.
const BLENDED: std::ops::RangeInclusive<usize> = 2..=5;

/// The task of `/describe`.
///
/// # Errors
/// [`EngineError::Argument`] and [`EngineError::Type`] about the picture, [`EngineError::Storage`] where it cannot be
/// kept, [`EngineError::Engine`] without randomness.
pub(crate) fn describe(
    place: Place<'_>,
    image: &Value,
    options: &Options,
) -> Result<Task, EngineError> {
    let given = Given::read("image".into(), image)?;
    let mut task = blank(place, Action::Describe, String::new(), options)?;
    task.work.call = Call::Describe;
    task.work.pictures = vec![given.carried(place.hosts, place.keeper, options.upload)?];
    Ok(task)
}

/// The task of `/blend`.
///
/// # Errors
/// As [`describe`].
pub(crate) fn blend(
    place: Place<'_>,
    images: &Value,
    options: &Options,
) -> Result<Task, EngineError> {
    let items: Vec<&Value> = if let Value::List(items) = images {
        items.iter().collect()
    } else if let Value::Map(entries) = images {
        entries.iter().map(|(_, item)| item).collect()
    } else {
        return Err(wrong_type("images".into(), "array", images));
    };
    if !BLENDED.contains(&items.len()) {
        let message = format!(
            "must have {} to {} pictures, {} given",
            BLENDED.start(),
            BLENDED.end(),
            items.len()
        );
        return Err(EngineError::argument("images", message));
    }
    let given = items
        .into_iter()
        .enumerate()
        .map(|(index, item)| {
            let given = Given::read(format!("images.{index}").into(), item)?;
            // All are looked at before one is kept.
            given.address(place.hosts)?;
            Ok(given)
        })
        .collect::<Result<Vec<_>, EngineError>>()?;
    let mut task = blank(place, Action::Blend, String::new(), options)?;
    task.work.call = Call::Blend {
        dimensions: options.dimensions.map(str::to_owned),
    };
    task.work.pictures = given
        .iter()
        .map(|given| given.carried(place.hosts, place.keeper, true))
        .collect::<Result<_, _>>()?;
    Ok(task)
}

/// The task of `/shorten`.
///
/// # Errors
/// [`EngineError::Argument`] and [`EngineError::Type`] about the prompt, [`EngineError::ActionUnavailable`] without a
/// user's session, [`EngineError::Engine`] without randomness.
pub(crate) fn shorten(
    place: Place<'_>,
    prompt: &Value,
    options: &Options,
) -> Result<Task, EngineError> {
    let Value::Text(text) = prompt else {
        return Err(wrong_type("prompt".into(), "string", prompt));
    };
    if text.trim().is_empty() {
        return Err(refused(&PromptError::Empty));
    }
    prompt::check(text, 0).map_err(|error| refused(&error))?;
    let own = needs_own_session(place, place.account, "\"shorten\" answers in a message")?;
    let mut task = blank(place, Action::Shorten, text.clone(), options)?;
    task.work.named_account = Some(own);
    task.work.call = Call::Shorten;
    task.work.sent_prompt = Some(prompt::straighten(text.trim()).into_owned());
    Ok(task)
}

/// The task of `/show`.
///
/// # Errors
/// [`EngineError::Engine`] without randomness.
pub(crate) fn show(place: Place<'_>, job: JobId, options: &Options) -> Result<Task, EngineError> {
    let mut task = blank(place, Action::Show, String::new(), options)?;
    task.work.call = Call::Show {
        job_id: job.to_string(),
    };
    Ok(task)
}

/// The task of a command without options.
///
/// # Errors
/// [`EngineError::Argument`] and [`EngineError::Type`] about name and arguments, [`EngineError::ActionUnavailable`]
/// without a user's session, [`EngineError::Engine`] without randomness.
pub(crate) fn command(
    place: Place<'_>,
    name: &str,
    arguments: &Value,
    options: &Options,
) -> Result<Task, EngineError> {
    let (word, command, subcommand) = named(name, arguments)?;
    let what = format!("\"{word}\" answers in a message");
    let own = needs_own_session(place, place.account, &what)?;
    let mut task = blank(place, Action::Command, format!("/{word}"), options)?;
    task.work.named_account = Some(own);
    task.work.call = Call::Plain {
        name: command,
        subcommand: subcommand.map(str::to_owned),
    };
    Ok(task)
}

/// The command that a name with its arguments means.
fn named(
    name: &str,
    arguments: &Value,
) -> Result<(&'static str, CommandName, Option<&'static str>), EngineError> {
    let known = || {
        let names: Vec<&str> = COMMANDS.iter().map(|(name, ..)| *name).collect();
        names.join(", ")
    };
    let words = name.trim().trim_start_matches('/').to_ascii_lowercase();
    let mut words: Vec<String> = words
        .split(|letter: char| letter.is_whitespace() || letter == '_')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    let first = words.first().cloned().unwrap_or_default();
    if FUNCTIONS.contains(&first.as_str()) {
        let message = format!("\"{first}\" has a function of its own: call mj_{first}()");
        return Err(EngineError::argument("name", message));
    }
    let Value::List(arguments) = arguments else {
        return Err(EngineError::argument(
            "arguments",
            "must be a list of strings",
        ));
    };
    if !COMMANDS
        .iter()
        .any(|(name, ..)| name.split(' ').next() == Some(first.as_str()))
    {
        let message = format!("no such command; known are {}", known());
        return Err(EngineError::argument("name", message));
    }
    if first != "prefer" && !arguments.is_empty() {
        let hint = if first == "settings" {
            ": change a setting with mj_action() and a button of the settings task"
        } else {
            ""
        };
        let message = format!("must be empty, \"{first}\" takes none{hint}");
        return Err(EngineError::argument("arguments", message));
    }
    for argument in arguments {
        words.push(
            text("arguments".into(), argument)?
                .trim()
                .to_ascii_lowercase(),
        );
    }
    let whole = words.join(" ");
    COMMANDS
        .iter()
        .find(|(name, ..)| *name == whole)
        .copied()
        .ok_or_else(|| {
            let message = format!("no such command; known are {}", known());
            EngineError::argument("name", message)
        })
}
