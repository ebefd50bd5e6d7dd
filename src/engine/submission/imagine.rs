//! Prompts: one task, or several of one group where there are permutations or repeats.

use std::{borrow::Cow, fmt::Write as _};

use mj_midjourney::{
    prompt::{self, Composition, Note, Prompt, PromptError},
    task::{Action, Picture, Task},
};
use mj_process::random;

use super::{Place, Submitted, blank, new_id};
use crate::{
    error::EngineError,
    given::Given,
    options::{Options, wrong_type},
    value::Value,
};

/// What the link of an uploaded picture and the space behind it take in a prompt, in characters: Discord's address of
/// an attachment with its signature has some 220.
const LINK_LENGTH: usize = 256;

/// The tasks of a prompt.
///
/// # Errors
/// [`EngineError::Argument`] and [`EngineError::Type`] about prompt and pictures, [`EngineError::Storage`] where
/// those cannot be kept, [`EngineError::Engine`] without randomness.
pub(crate) fn imagine(
    place: Place<'_>,
    prompt: &Value,
    options: &Options,
) -> Result<Submitted, EngineError> {
    let Value::Text(text) = prompt else {
        return Err(wrong_type("prompt".into(), "string", prompt));
    };
    let links = links(place, options)?;
    // Their order is what the caller gave: where one has no link yet, all wait for it.
    let is_uploaded = links.is_none() && !options.images.is_empty();
    let composed = Composition {
        images: links.unwrap_or_default(),
        text: text.clone(),
        parameters: options.parameters.clone(),
    }
    .compose()
    .map_err(|error| refused(&error))?;
    if composed.trim().is_empty() && !is_uploaded {
        return Err(refused(&PromptError::Empty));
    }
    let notes = long_dashes(&composed);
    let references = references(text, options);
    let pictures = references.len() + if is_uploaded { options.images.len() } else { 0 };
    let mut prompts = if composed.is_empty() {
        vec![composed]
    } else {
        prompt::expand(&prompt::straighten(&composed)).map_err(|error| refused(&error))?
    };
    if let Some(mode) = options.mode {
        prompts = prompts
            .into_iter()
            .map(|prompt| prompt::with_mode(prompt, mode))
            .collect();
    }
    let group = (prompts.len() > 1).then(|| new_id(place.now)).transpose()?;
    let tasks = prompts
        .into_iter()
        .enumerate()
        .map(|(number, sent)| {
            let shown = if group.is_some() { &sent } else { text }.clone();
            let mut task = blank(place, Action::Imagine, shown, options)?;
            task.view.group_id = group;
            // One key makes the whole group once: each of its tasks has its own.
            if let Some(key) = task
                .work
                .idempotency_key
                .as_mut()
                .filter(|_| group.is_some())
            {
                let _ = write!(key, "#{number}");
            }
            complete(place, &mut task, sent, pictures)?;
            task.view.notes.splice(..0, notes.iter().cloned());
            Ok(task)
        })
        .collect::<Result<Vec<_>, EngineError>>()?;
    let pictures = carried(place, options, is_uploaded, &references)?;
    let tasks = tasks
        .into_iter()
        .map(|mut task| {
            task.work.pictures.clone_from(&pictures);
            task
        })
        .collect();
    Ok(Submitted { tasks, group })
}

/// Checks the prompt as it is sent, and completes what follows from it: seed, speed, notes.
fn complete(
    place: Place<'_>,
    task: &mut Task,
    sent: String,
    pictures: usize,
) -> Result<(), EngineError> {
    let seed = prompt::seed(&sent);
    let tag = if place.config.seed_tag && seed.is_none() {
        Some(random_seed()?)
    } else {
        None
    };
    let reserve = pictures * LINK_LENGTH + tag.map_or(0, |_| prompt::SEED_TAG_LENGTH);
    if !sent.is_empty() {
        prompt::check(&sent, reserve).map_err(|error| refused(&error))?;
    }
    task.view.seed = seed.or(tag);
    task.view.notes = Prompt::parse(&sent).notes().iter().map(note).collect();
    task.work.wanted_mode = prompt::written_mode(&sent);
    // What the prompt says wins over the option.
    task.view.mode = task.view.mode.and(task.work.wanted_mode);
    task.work.seed_is_tag = tag.is_some();
    task.work.sent_prompt = Some(match tag {
        Some(seed) => prompt::with_seed(&sent, seed).trim_start().to_owned(),
        None => sent,
    });
    Ok(())
}

/// The links of the image prompts; none where one of them must be uploaded.
fn links(place: Place<'_>, options: &Options) -> Result<Option<Vec<String>>, EngineError> {
    let mut links = Vec::with_capacity(options.images.len());
    for image in &options.images {
        links.push(image.address(place.hosts)?);
    }
    Ok(links
        .into_iter()
        .collect::<Option<Vec<_>>>()
        .filter(|_| !options.upload))
}

/// The pictures of reference parameters that the text does not have: what is written in it wins.
fn references<'o>(text: &str, options: &'o Options) -> Vec<&'o (&'static str, Given)> {
    let written = Prompt::parse(text);
    options
        .references
        .iter()
        .filter(|(name, _)| written.parameter(name).is_none())
        .collect()
}

/// What goes along with each of the tasks.
fn carried(
    place: Place<'_>,
    options: &Options,
    is_uploaded: bool,
    references: &[&(&'static str, Given)],
) -> Result<Vec<Picture>, EngineError> {
    let images = options
        .images
        .iter()
        .filter(|_| is_uploaded)
        .map(|image| image.carried(place.hosts, place.keeper, options.upload));
    let references = references.iter().map(|(name, given)| {
        let picture = given.carried(place.hosts, place.keeper, options.upload)?;
        Ok(Picture {
            parameter: Some((*name).to_owned()),
            ..picture
        })
    });
    images.chain(references).collect()
}

/// Notes of what is mended before the prompt is sent.
fn long_dashes(prompt: &str) -> Vec<String> {
    let notes = Prompt::parse(prompt).notes();
    notes
        .iter()
        .filter(|note| matches!(note, Note::LongDash(_)))
        .map(note)
        .collect()
}

fn note(note: &Note<'_>) -> String {
    match note {
        Note::LongDash(name) => {
            format!("--{name} was written with a long dash and is sent with two short ones")
        }
        Note::Repeated(name) => format!("--{name} is given more than once"),
        Note::Unknown(name) => {
            format!("--{name} is no parameter that this version knows: it is passed on as it is")
        }
        Note::UnusualValue(name) => {
            format!("the value of --{name} is unusual: it is passed on as it is")
        }
    }
}

fn random_seed() -> Result<u32, EngineError> {
    let number = random::random_u64().map_err(|error| EngineError::Engine(error.to_string()))?;
    #[expect(clippy::cast_possible_truncation, reason = "a seed is any 32 bits")]
    Ok(number as u32)
}

pub(super) fn refused(error: &PromptError) -> EngineError {
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
