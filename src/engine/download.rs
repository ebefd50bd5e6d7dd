//! `mj_download()`: pictures to files, on a helper thread with its own bounded HTTP, while PHP's thread waits and looks
//! at its interrupts.

mod convert;
mod options;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    time::Duration,
};

use mj_midjourney::{
    config::HubConfig,
    task::{Image, TaskView},
};
use mj_process::{Worker, clock};
use tokio::runtime::Builder;

use self::convert::{Conversion, ConversionError};
pub(crate) use self::options::DownloadOptions;
use crate::{
    attachment::{self, AttachmentError, Attachments},
    error::EngineError,
    http::Http,
    outgoing,
    resolver::Resolver,
    shared::Shared,
    whole_file::{self, Links},
};

/// How often PHP's interrupts are looked at.
const SLICE: Duration = Duration::from_millis(50);

/// Why pictures were not saved.
#[derive(Debug, thiserror::Error)]
enum DownloadError {
    #[error(transparent)]
    Attachment(#[from] AttachmentError),
    #[error(transparent)]
    Conversion(#[from] ConversionError),
    #[error(
        "a file of that name is there already and differs; give options.overwrite to replace it"
    )]
    Exists,
    #[error("the file cannot be written: {0}")]
    Write(#[from] std::io::Error),
    #[error("no connection can be made: {0}")]
    Setup(String),
}

/// Saves a task's pictures in `directory`; gives the files' names in the order of the pictures.
///
/// # Errors
/// [`EngineError::Argument`] about the directory, [`EngineError::Engine`] about network and files.
pub(crate) fn download(
    shared: &Shared,
    config: HubConfig,
    view: &TaskView,
    directory: PathBuf,
    options: &DownloadOptions,
    interrupted: &mut dyn FnMut() -> bool,
) -> Result<Vec<String>, EngineError> {
    if !directory.is_dir() {
        return Err(EngineError::argument(
            "directory",
            "is not an existing directory",
        ));
    }
    if !options.conversion.cells.is_empty() && !is_grid(view) {
        return Err(EngineError::argument(
            "options.split",
            "cuts grids of four only, and this task has none",
        ));
    }
    let hosts =
        outgoing::hosts(&config.hosts).map_err(|error| EngineError::Engine(error.to_string()))?;
    let tls = shared
        .tls
        .config(config.hosts.ca_file.as_deref())
        .map_err(|error| EngineError::configuration("mj.ca_file", error.to_string()))?;
    let files: Vec<(Image, String)> = view
        .images
        .iter()
        .enumerate()
        .map(|(at, image)| (image.clone(), stem(view, at)))
        .collect();
    let (done, results) = mpsc::channel();
    let (overwrite, conversion) = (options.overwrite, options.conversion.clone());
    let job = move || -> Result<Vec<String>, DownloadError> {
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()?;
        let proxy = config.hosts.proxy.as_deref();
        let http = Http::new(&tls, proxy, &Resolver::default(), Arc::default())
            .map_err(|error| DownloadError::Setup(error.to_string()))?;
        let saver = Saver {
            attachments: Attachments::new(http, hosts, &config),
            directory,
            conversion,
            overwrite,
        };
        runtime.block_on(async {
            let mut names = Vec::with_capacity(files.len());
            for (image, stem) in &files {
                names.extend(saver.save(image, stem).await?);
            }
            Ok(names)
        })
    };
    let worker = Worker::spawn(
        "mj-download",
        |_| {},
        move |_| {
            // A caller that was interrupted does not listen any more.
            let _ = done.send(job());
        },
    )
    .map_err(|error| EngineError::Engine(format!("a thread cannot be started: {error}")))?;
    let deadline = clock::boot() + options.timeout;
    loop {
        match results.recv_timeout(SLICE) {
            Ok(result) => {
                worker.stop(Duration::from_millis(100));
                return result
                    .map_err(|error| EngineError::Engine(format!("task {}: {error}", view.id)));
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                return Err(EngineError::Engine(
                    "the download ended unexpectedly".to_owned(),
                ));
            }
            Err(mpsc::RecvTimeoutError::Timeout) if interrupted() => {
                return Err(EngineError::Engine(
                    "the download was interrupted".to_owned(),
                ));
            }
            Err(mpsc::RecvTimeoutError::Timeout) if clock::boot() >= deadline => {
                return Err(EngineError::Engine(format!(
                    "the download took longer than {} s",
                    options.timeout.as_secs()
                )));
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
    }
}

struct Saver {
    attachments: Attachments,
    directory: PathBuf,
    conversion: Conversion,
    overwrite: bool,
}

impl Saver {
    /// Saves what is wanted of one picture. A video is saved as it is, whatever is wanted.
    async fn save(&self, image: &Image, stem: &str) -> Result<Vec<String>, DownloadError> {
        let extension = attachment::extension(image);
        if self.conversion.is_nothing() || is_video(image, &extension) {
            let name = format!("{stem}.{extension}");
            let path = self.directory.join(&name);
            // The same picture, saved before, needs no network.
            let is_there = fs::symlink_metadata(&path)
                .is_ok_and(|there| there.is_file() && there.len() == image.size);
            if self.overwrite || image.size == 0 || !is_there {
                self.write(&path, &self.bytes(image).await?)?;
            }
            return Ok(vec![name]);
        }
        let bytes = self.bytes(image).await?;
        let mut names = Vec::new();
        for (cell, extension, bytes) in convert::convert(&bytes, &self.conversion)? {
            let cell = cell.map(|cell| format!("-{cell}")).unwrap_or_default();
            let side = self
                .conversion
                .thumbnail
                .map(|side| format!("-{side}px"))
                .unwrap_or_default();
            let name = format!("{stem}{cell}{side}.{extension}");
            self.write(&self.directory.join(&name), &bytes)?;
            names.push(name);
        }
        Ok(names)
    }

    /// The picture's bytes: from the archive where that is a directory which has it, else from Discord.
    async fn bytes(&self, image: &Image) -> Result<Vec<u8>, AttachmentError> {
        let archived = image
            .file
            .as_deref()
            .filter(|file| file.starts_with('/'))
            .and_then(|file| {
                whole_file::read(Path::new(file), attachment::LARGEST as u64, Links::Followed).ok()
            })
            .filter(|bytes| !bytes.is_empty());
        match archived {
            Some(bytes) => Ok(bytes),
            None => self.attachments.bytes(image).await,
        }
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), DownloadError> {
        match whole_file::write(path, bytes, self.overwrite) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                let is_same = fs::symlink_metadata(path).is_ok_and(|there| there.is_file())
                    && fs::read(path).is_ok_and(|there| there == bytes);
                if is_same {
                    Ok(())
                } else {
                    Err(DownloadError::Exists)
                }
            }
            other => Ok(other?),
        }
    }
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

fn is_video(image: &Image, extension: &str) -> bool {
    let says_so = |kind: &str| kind.starts_with("video/");
    image.content_type.as_deref().is_some_and(says_so)
        || matches!(extension, "mp4" | "webm" | "mov")
}

/// What a picture's files begin with: `<task id>`, or `<task id>-2` for the second of several.
fn stem(view: &TaskView, at: usize) -> String {
    if view.images.len() > 1 {
        format!("{}-{}", view.id, at + 1)
    } else {
        view.id.to_string()
    }
}
