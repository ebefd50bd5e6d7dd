//! `mj_download()`: pictures to files, on a helper thread with its own bounded HTTP, while PHP's thread waits and looks
//! at its interrupts.

mod convert;
mod errand;
mod options;
mod preview;

use std::path::{Path, PathBuf};

use mj_midjourney::{
    config::HubConfig,
    task::{Image, TaskId, TaskView},
};

use self::{convert::ConversionError, errand::Errand};
pub(crate) use self::{options::DownloadOptions, preview::preview};
use crate::{attachment::AttachmentError, error::EngineError, shared::Shared};

/// Why pictures were not saved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DownloadError {
    #[error(transparent)]
    Attachment(#[from] AttachmentError),
    /// The argument or the setting is wrong.
    #[error(transparent)]
    Call(#[from] EngineError),
    #[error(transparent)]
    Conversion(#[from] ConversionError),
    #[error("the download ended unexpectedly")]
    Ended,
    #[error(
        "a file of that name is there already and differs; give options.overwrite to replace it"
    )]
    Exists,
    #[error("the download was interrupted")]
    Interrupted,
    /// The half-done picture is another one by now, or none.
    #[error(
        "the preview is there no longer: a newer one has replaced it, or the task is ending; poll the task and try again"
    )]
    Replaced,
    #[error("no connection can be made: {0}")]
    Setup(String),
    #[error("a thread cannot be started: {0}")]
    Thread(std::io::Error),
    #[error("the download took longer than {0} s")]
    TimedOut(u64),
    #[error("the file cannot be written: {0}")]
    Write(#[from] std::io::Error),
}

impl DownloadError {
    /// Whether it is in the nature of half-done pictures, or the caller's own affair: then the log has no word of it.
    pub(crate) fn is_usual(&self) -> bool {
        matches!(
            self,
            Self::Replaced | Self::Call(EngineError::Argument { .. })
        )
    }

    /// What PHP is told.
    pub(crate) fn told(self, id: TaskId) -> EngineError {
        match self {
            Self::Call(error) => error,
            Self::Attachment(_)
            | Self::Conversion(_)
            | Self::Exists
            | Self::Replaced
            | Self::Setup(_)
            | Self::Write(_) => EngineError::Engine(format!("task {id}: {self}")),
            Self::Ended | Self::Interrupted | Self::Thread(_) | Self::TimedOut(_) => {
                EngineError::Engine(self.to_string())
            }
        }
    }
}

/// Saves a task's pictures in `directory`; gives the files' names in the order of the pictures.
///
/// # Errors
/// [`DownloadError::Call`] about task, directory and options, the others about network and files.
pub(crate) fn download(
    shared: &Shared,
    config: HubConfig,
    view: &TaskView,
    directory: PathBuf,
    options: &DownloadOptions,
    interrupted: &mut dyn FnMut() -> bool,
) -> Result<Vec<String>, DownloadError> {
    if view.images.is_empty() {
        let message = format!("has no pictures: it is {}", view.status.as_str());
        return Err(EngineError::argument("taskId", message).into());
    }
    check(&directory)?;
    if !options.conversion.cells.is_empty() && !is_grid(view) {
        return Err(EngineError::argument(
            "options.split",
            "cuts grids of four only, and this task has none",
        )
        .into());
    }
    let files: Vec<(Image, String)> = view
        .images
        .iter()
        .enumerate()
        .map(|(at, image)| (image.clone(), stem(view, at)))
        .collect();
    Errand::new(shared, config, directory, options)?.save(files, interrupted)
}

fn check(directory: &Path) -> Result<(), EngineError> {
    if directory.is_dir() {
        return Ok(());
    }
    Err(EngineError::argument(
        "directory",
        "is not an existing directory",
    ))
}

/// Whether a task's picture is a grid of four: its buttons upscale each of them.
fn is_grid(view: &TaskView) -> bool {
    let offers = |name: &str| {
        view.buttons
            .iter()
            .any(|button| button.action.as_deref() == Some(name))
    };
    view.images.len() == 1
        && ["upscale1", "upscale2", "upscale3", "upscale4"]
            .into_iter()
            .all(offers)
}

/// What a picture's files begin with: `<task id>`, or `<task id>-2` for the second of several.
fn stem(view: &TaskView, at: usize) -> String {
    if view.images.len() > 1 {
        format!("{}-{}", view.id, at + 1)
    } else {
        view.id.to_string()
    }
}
