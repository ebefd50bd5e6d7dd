//! `mj_download()`: pictures to files, on a helper thread with its own bounded HTTP, while PHP's thread waits and looks
//! at its interrupts. Addresses that have expired are signed anew first.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    sync::mpsc,
    time::Duration,
};

use mj_discord::{
    Hosts, Token, UnixMs,
    rest::{Request, TokenKind, read_refreshed_urls},
};
use mj_midjourney::{
    config::HubConfig,
    hub::Answer,
    task::{Image, TaskView},
};
use mj_process::{Worker, clock, random};
use reqwest::header::{HeaderMap, HeaderValue, USER_AGENT};
use tokio::runtime::Builder;

use crate::{
    error::EngineError, http::Http, options::wrong_type, outgoing, resolver::Resolver,
    shared::Shared, value::Value,
};

/// The largest picture or video that is saved.
const LARGEST: usize = 256 << 20;
/// How long one call may take unless `options.timeout` says otherwise.
const TIMEOUT: Duration = Duration::from_secs(120);
/// How often PHP's interrupts are looked at.
const SLICE: Duration = Duration::from_millis(50);
/// An address that expires within this is signed anew first.
const FRESH: Duration = Duration::from_secs(60);

/// How pictures are saved.
#[derive(Clone, Debug)]
pub(crate) struct DownloadOptions {
    overwrite: bool,
    timeout: Duration,
}

impl DownloadOptions {
    /// Reads `overwrite` and `timeout`.
    ///
    /// # Errors
    /// [`EngineError::Argument`], [`EngineError::Type`].
    pub(crate) fn read(options: &Value) -> Result<Self, EngineError> {
        let mut read = Self {
            overwrite: false,
            timeout: TIMEOUT,
        };
        let entries = options.as_map().ok_or_else(|| {
            EngineError::argument("options", "must be an array with option names as keys")
        })?;
        for (key, value) in entries {
            match (key.as_str(), value) {
                (_, Value::Null) => {}
                ("overwrite", Value::Bool(overwrite)) => read.overwrite = *overwrite,
                ("overwrite", other) => {
                    return Err(wrong_type("options.overwrite".into(), "bool", other));
                }
                ("timeout", Value::Int(seconds @ 1..=3_600)) => {
                    read.timeout = Duration::from_secs(seconds.unsigned_abs());
                }
                ("timeout", Value::Float(seconds)) if (1.0..=3_600.0).contains(seconds) => {
                    read.timeout = Duration::from_secs_f64(*seconds);
                }
                ("timeout", Value::Int(_) | Value::Float(_)) => {
                    return Err(EngineError::argument(
                        "options.timeout",
                        "must be 1 to 3600 seconds",
                    ));
                }
                ("timeout", other) => {
                    return Err(wrong_type("options.timeout".into(), "int|float", other));
                }
                (other, _) => {
                    let message = "no such option; known are overwrite, timeout";
                    return Err(EngineError::argument(format!("options.{other}"), message));
                }
            }
        }
        Ok(read)
    }
}

/// Why pictures were not saved.
#[derive(Debug, thiserror::Error)]
enum DownloadError {
    #[error("the CDN cannot be reached: check mj.cdn_url and mj.proxy")]
    Unreachable,
    #[error("the CDN answered with status {0}")]
    Status(u16),
    #[error("the file exists already with another size; give options.overwrite to replace it")]
    Exists,
    #[error("the file cannot be written: {0}")]
    Write(#[from] std::io::Error),
    #[error("the address is none")]
    Address,
    #[error("no connection can be made: {0}")]
    Setup(String),
}

/// Saves a task's pictures in `directory`; gives their paths in the order of the pictures.
///
/// # Errors
/// [`EngineError::Argument`] about the directory, [`EngineError::Engine`] about network and files.
pub(crate) fn download(
    shared: &Shared,
    config: HubConfig,
    view: &TaskView,
    directory: &str,
    options: &DownloadOptions,
    interrupted: &mut dyn FnMut() -> bool,
) -> Result<Vec<String>, EngineError> {
    let directory = PathBuf::from(directory);
    if !directory.is_dir() {
        return Err(EngineError::argument(
            "directory",
            "is not an existing directory",
        ));
    }
    let hosts =
        outgoing::hosts(&config.hosts).map_err(|error| EngineError::Engine(error.to_string()))?;
    let tls = shared
        .tls
        .config(config.hosts.ca_file.as_deref())
        .map_err(|error| EngineError::configuration("mj.ca_file", error.to_string()))?;
    let files: Vec<(Image, PathBuf)> = view
        .images
        .iter()
        .enumerate()
        .map(|(at, image)| (image.clone(), directory.join(file_name(view, at, image))))
        .collect();
    let (done, results) = mpsc::channel();
    let overwrite = options.overwrite;
    let job = move || -> Result<Vec<String>, DownloadError> {
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()?;
        let http = Http::new(&tls, config.hosts.proxy.as_deref(), &Resolver::default())
            .map_err(|error| DownloadError::Setup(error.to_string()))?;
        let fetcher = Fetcher {
            http,
            config,
            hosts,
        };
        runtime.block_on(async {
            let mut paths = Vec::with_capacity(files.len());
            for (image, path) in &files {
                fetcher.save(image, path, overwrite).await?;
                paths.push(path.to_string_lossy().into_owned());
            }
            Ok(paths)
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

struct Fetcher {
    http: Http,
    config: HubConfig,
    hosts: Hosts,
}

impl Fetcher {
    async fn save(&self, image: &Image, path: &Path, overwrite: bool) -> Result<(), DownloadError> {
        if !overwrite && let Ok(there) = fs::symlink_metadata(path) {
            // The same picture, saved before.
            return if there.is_file() && image.size > 0 && there.len() == image.size {
                Ok(())
            } else {
                Err(DownloadError::Exists)
            };
        }
        let now = UnixMs(clock::unix_ms());
        let mut url = image.url.clone();
        let is_stale = image.expires_at.is_some_and(|at| at <= now.plus(FRESH));
        if is_stale && let Some(fresh) = self.refresh(&url).await {
            url = fresh;
        }
        let bytes = match self.fetch(&url).await {
            Err(DownloadError::Status(403 | 404)) if !is_stale => match self.refresh(&url).await {
                Some(fresh) => self.fetch(&fresh).await?,
                None => return Err(DownloadError::Status(404)),
            },
            other => other?,
        };
        Ok(write(path, &bytes, overwrite)?)
    }

    async fn fetch(&self, url: &str) -> Result<Vec<u8>, DownloadError> {
        let url = self
            .hosts
            .image_url(url)
            .parse()
            .map_err(|_| DownloadError::Address)?;
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::try_from(&self.config.user_agent) {
            headers.insert(USER_AGENT, value);
        }
        match self.http.get(url, headers, LARGEST).await {
            Ok((200, bytes)) if !bytes.is_empty() => Ok(bytes),
            Ok((status, _)) => Err(DownloadError::Status(status)),
            Err(_) => Err(DownloadError::Unreachable),
        }
    }

    /// The same address with a new signature.
    async fn refresh(&self, url: &str) -> Option<String> {
        let (kind, token): (TokenKind, &Token) =
            match (&self.config.bot_token, self.config.accounts.first()) {
                (Some(bot), _) => (TokenKind::Bot, bot),
                (None, Some(account)) => (TokenKind::User, &account.user_token),
                (None, None) => return None,
            };
        let request = Request::refresh_urls(&[url], kind);
        let outgoing =
            outgoing::outgoing(request, token, &self.hosts, &self.config.user_agent, |_| {
                Err(std::io::ErrorKind::NotFound.into())
            })?;
        let Answer::Response {
            status: 200, body, ..
        } = self.http.send(outgoing, None).await
        else {
            return None;
        };
        let refreshed = read_refreshed_urls(std::str::from_utf8(&body).ok()?)?;
        refreshed.into_iter().next().map(|url| url.refreshed)
    }
}

/// `<task id>.png`, or `<task id>-2.png` for the second of several.
fn file_name(view: &TaskView, at: usize, image: &Image) -> String {
    let from_name = Path::new(&image.filename)
        .extension()
        .and_then(|extension| extension.to_str());
    let from_type = image
        .content_type
        .as_deref()
        .and_then(|kind| kind.split_once('/'))
        .map(|(_, kind)| kind);
    let is_plain = |text: &&str| {
        (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let extension = from_name
        .filter(is_plain)
        .or(from_type.filter(is_plain))
        .unwrap_or("png")
        .to_ascii_lowercase();
    if view.images.len() > 1 {
        format!("{}-{}.{extension}", view.id, at + 1)
    } else {
        format!("{}.{extension}", view.id)
    }
}

/// Writes beside the place and moves there in one step: nobody ever sees half a picture.
fn write(path: &Path, bytes: &[u8], overwrite: bool) -> std::io::Result<()> {
    let number = random::random_u64().map_err(std::io::Error::other)?;
    let beside = path.with_file_name(format!(".mj-{number:016x}.part"));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&beside)?;
    let moved = file
        .write_all(bytes)
        .and_then(|()| file.sync_data())
        .and_then(|()| {
            if overwrite {
                return fs::rename(&beside, path);
            }
            // A link never replaces what came there meanwhile; some file systems have none.
            match fs::hard_link(&beside, path) {
                Err(error)
                    if error.kind() != std::io::ErrorKind::AlreadyExists && !path.exists() =>
                {
                    fs::rename(&beside, path)
                }
                other => other,
            }
        });
    let _ = fs::remove_file(&beside);
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_whole_and_never_replaces_silently() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.png");
        write(&path, b"one", false).unwrap();
        assert!(write(&path, b"two", false).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"one");
        write(&path, b"two", true).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
