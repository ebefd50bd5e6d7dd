//! One call of `mj_download()`: which hosts, how long, in which form, and the thread that fetches and writes.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    time::Duration,
};

use mj_discord::Hosts;
use mj_midjourney::{config::HubConfig, task::Image};
use mj_process::{Worker, clock};
use rustls::ClientConfig;
use tokio::runtime::Builder;

use super::{
    DownloadError, DownloadOptions,
    convert::{self, Conversion},
};
use crate::{
    attachment::{self, AttachmentError, Attachments},
    error::EngineError,
    http::Http,
    outgoing,
    resolver::Resolver,
    runtime,
    shared::Shared,
    whole_file::{self, Links},
};

/// How often PHP's interrupts are looked at.
const SLICE: Duration = Duration::from_millis(50);

/// What a call wants, and until when.
#[derive(Clone)]
pub(super) struct Errand {
    tls: Arc<ClientConfig>,
    hosts: Hosts,
    config: HubConfig,
    directory: PathBuf,
    conversion: Conversion,
    overwrite: bool,
    preview: bool,
    timeout: Duration,
    /// On the clock of [`clock::boot`].
    deadline: Duration,
}

impl Errand {
    /// Begins now; opens nothing yet. A half-done picture always replaces the one before.
    ///
    /// # Errors
    /// [`EngineError::Configuration`], [`EngineError::Engine`] about the hub's hosts.
    pub(super) fn new(
        shared: &Shared,
        config: HubConfig,
        directory: PathBuf,
        options: &DownloadOptions,
    ) -> Result<Self, EngineError> {
        let hosts = outgoing::hosts(&config.hosts)
            .map_err(|error| EngineError::Engine(error.to_string()))?;
        let tls = shared
            .tls
            .config(config.hosts.ca_file.as_deref())
            .map_err(|error| EngineError::configuration("mj.ca_file", error.to_string()))?;
        Ok(Self {
            tls,
            hosts,
            config,
            directory,
            conversion: options.conversion.clone(),
            overwrite: options.overwrite || options.preview,
            preview: options.preview,
            timeout: options.timeout,
            deadline: clock::boot() + options.timeout,
        })
    }

    /// Saves pictures under names that begin so; gives the files' names.
    pub(super) fn save(
        &self,
        files: Vec<(Image, String)>,
        interrupted: &mut dyn FnMut() -> bool,
    ) -> Result<Vec<String>, DownloadError> {
        let (done, results) = mpsc::channel();
        let errand = self.clone();
        let runtime = runtime::builder();
        let worker = Worker::spawn(
            "mj-download",
            |_| {},
            move |_| {
                // A caller that was interrupted does not listen any more.
                let _ = done.send(errand.run(runtime, &files));
            },
        )
        .map_err(DownloadError::Thread)?;
        loop {
            match results.recv_timeout(SLICE) {
                Ok(result) => {
                    worker.stop(Duration::from_millis(100));
                    return result;
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => return Err(DownloadError::Ended),
                Err(mpsc::RecvTimeoutError::Timeout) if interrupted() => {
                    return Err(DownloadError::Interrupted);
                }
                Err(mpsc::RecvTimeoutError::Timeout) if clock::boot() >= self.deadline => {
                    return Err(DownloadError::TimedOut(self.timeout.as_secs()));
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// What the thread does.
    fn run(
        self,
        mut runtime: Builder,
        files: &[(Image, String)],
    ) -> Result<Vec<String>, DownloadError> {
        let runtime = runtime.build()?;
        let proxy = self.config.hosts.proxy.as_deref();
        let http = Http::new(&self.tls, proxy, &Resolver::default(), Arc::default())
            .map_err(|error| DownloadError::Setup(error.to_string()))?;
        let saver = Saver {
            attachments: Attachments::new(http, self.hosts.clone(), &self.config),
            errand: self,
        };
        runtime.block_on(async {
            let mut names = Vec::with_capacity(files.len());
            for (image, stem) in files {
                names.extend(saver.save(image, stem).await?);
            }
            Ok(names)
        })
    }
}

/// What one helper thread works with.
struct Saver {
    attachments: Attachments,
    errand: Errand,
}

impl Saver {
    /// Saves what is wanted of one picture. A video is saved as it is, whatever is wanted.
    async fn save(&self, image: &Image, stem: &str) -> Result<Vec<String>, DownloadError> {
        let extension = attachment::extension(image);
        if self.errand.conversion.is_nothing() || is_video(image, &extension) {
            let name = format!("{stem}.{extension}");
            let path = self.errand.directory.join(&name);
            // The same picture, saved before, needs no network.
            let is_there = fs::symlink_metadata(&path)
                .is_ok_and(|there| there.is_file() && there.len() == image.size);
            if self.errand.overwrite || image.size == 0 || !is_there {
                self.write(&path, &self.bytes(image).await?)?;
            }
            return Ok(vec![name]);
        }
        let bytes = self.bytes(image).await?;
        let mut names = Vec::new();
        for (cell, extension, bytes) in convert::convert(&bytes, &self.errand.conversion)? {
            let cell = cell.map(|cell| format!("-{cell}")).unwrap_or_default();
            let side = self
                .errand
                .conversion
                .thumbnail
                .map(|side| format!("-{side}px"))
                .unwrap_or_default();
            let name = format!("{stem}{cell}{side}.{extension}");
            self.write(&self.errand.directory.join(&name), &bytes)?;
            names.push(name);
        }
        Ok(names)
    }

    /// The picture's bytes: from the archive where that is a directory which has it, else from Discord.
    async fn bytes(&self, image: &Image) -> Result<Vec<u8>, DownloadError> {
        if self.errand.preview {
            return match self.attachments.preview(image).await {
                Err(AttachmentError::Gone) => Err(DownloadError::Replaced),
                other => Ok(other?),
            };
        }
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
            None => Ok(self.attachments.bytes(image).await?),
        }
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), DownloadError> {
        match whole_file::write(path, bytes, self.errand.overwrite) {
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

fn is_video(image: &Image, extension: &str) -> bool {
    let says_so = |kind: &str| kind.starts_with("video/");
    image.content_type.as_deref().is_some_and(says_so)
        || matches!(extension, "mp4" | "webm" | "mov")
}
