//! A picture as PHP names it: an address, a file of this machine, or a `data:` address.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

use mj_discord::Hosts;
use mj_midjourney::task::{Picture as TaskPicture, PictureSource, StoredFile};
use mj_process::StateDir;
use url::{Host, Url};

use crate::{
    error::EngineError,
    options::text,
    picture::{Picture, PictureError, address, kept},
    value::Value,
};

/// The longest address that is taken, in bytes.
const LONGEST_ADDRESS: usize = 2_048;

/// A picture as PHP named it. Bytes were looked at already, a file was not opened yet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Given {
    /// The argument or option, for errors.
    name: Cow<'static, str>,
    source: Source,
}

#[derive(Clone, Debug, PartialEq)]
enum Source {
    Address(String),
    Data(Picture),
    File(PathBuf),
}

/// Where files and bytes go, and which files this process may read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keeper<'k> {
    /// The state directory.
    pub(crate) dir: &'k StateDir,
    /// As [`crate::Host::locate`].
    pub(crate) locate: Option<fn(&Path) -> Option<PathBuf>>,
}

impl Given {
    /// Reads what PHP gave. `name` is the argument's or option's.
    ///
    /// # Errors
    /// [`EngineError::Type`], and [`EngineError::Argument`] for what is neither of the three, or for bytes that are
    /// no picture.
    pub(crate) fn read(name: Cow<'static, str>, value: &Value) -> Result<Self, EngineError> {
        let text = text(name.clone(), value)?;
        let text = text.trim();
        let source = if text.contains('\0') {
            return Err(EngineError::argument(name, "must not have a NUL byte"));
        } else if starts_with(text, "data:") {
            Picture::from_data_uri(text)
                .map(Source::Data)
                .map_err(|error| refused(&name, error))?
        } else if Self::is_address(text) {
            Source::Address(text.to_owned())
        } else if let Some(path) = text.strip_prefix("file://") {
            Source::File(path.into())
        } else if text.contains("://") {
            return Err(EngineError::argument(
                name,
                "must be an http or https address, the path of a file or a data: address",
            ));
        } else {
            Source::File(text.into())
        };
        Ok(Self { name, source })
    }

    /// Whether a text is an http or https address.
    pub(crate) fn is_address(text: &str) -> bool {
        starts_with(text, "http://") || starts_with(text, "https://")
    }

    /// Whether a value that may also be a code or an address can only be a file or bytes.
    pub(crate) fn is_local(value: &Value) -> bool {
        let is_local = |text: &str| {
            ["data:", "file://", "/", "./", "../"]
                .iter()
                .any(|start| starts_with(text.trim_start(), start))
        };
        value.as_str().is_some_and(is_local)
    }

    /// Whether it lies on the web.
    pub(crate) fn is_fetched(&self) -> bool {
        matches!(self.source, Source::Address(_))
    }

    /// The same, if its bytes can be a mask; a file is not opened yet.
    ///
    /// # Errors
    /// [`EngineError::Argument`].
    pub(crate) fn into_mask(self) -> Result<Self, EngineError> {
        let Source::Data(picture) = self.source else {
            return Ok(self);
        };
        let picture = picture
            .into_mask()
            .map_err(|error| refused(&self.name, error))?;
        Ok(Self {
            name: self.name,
            source: Source::Data(picture),
        })
    }

    /// Its address at Discord's CDN or elsewhere, as Midjourney can fetch it; none where it has none.
    ///
    /// # Errors
    /// [`EngineError::Argument`] for an address that only this machine or its network could reach.
    pub(crate) fn address(&self, hosts: &Hosts) -> Result<Option<String>, EngineError> {
        let Source::Address(address) = &self.source else {
            return Ok(None);
        };
        let address = hosts.original_image_url(address).into_owned();
        let wrong = |message: &str| Err(EngineError::argument(self.name.clone(), message));
        if address.len() > LONGEST_ADDRESS || address.contains(char::is_whitespace) {
            return wrong("must be an address of at most 2048 bytes without spaces");
        }
        let Ok(url) = Url::parse(&address) else {
            return wrong("is no address that can be read");
        };
        if !url.username().is_empty() || url.password().is_some() {
            return wrong("carries a user name or password: Midjourney would be told it");
        }
        match url.host() {
            Some(host) if is_public(&host) => Ok(Some(address)),
            _ => wrong(
                "lies in a private network, where Midjourney cannot fetch it: give the file's path or a data: address",
            ),
        }
    }

    /// As a task carries it: files and bytes are kept now, an address is fetched by us only when `fetch` says so.
    ///
    /// # Errors
    /// As [`Given::address`]; [`EngineError::Argument`] for a file that cannot be taken, [`EngineError::Storage`].
    pub(crate) fn carried(
        &self,
        hosts: &Hosts,
        keeper: Keeper<'_>,
        fetch: bool,
    ) -> Result<TaskPicture, EngineError> {
        let source = match self.address(hosts)? {
            Some(address) if fetch => PictureSource::Fetch(address),
            Some(address) => PictureSource::Link(address),
            None => PictureSource::Stored(self.keep(keeper, Ok)?),
        };
        Ok(TaskPicture::new(source))
    }

    /// Keeps a mask.
    ///
    /// # Errors
    /// [`EngineError::Argument`] for what is no mask, [`EngineError::Storage`].
    pub(crate) fn kept_mask(&self, keeper: Keeper<'_>) -> Result<StoredFile, EngineError> {
        self.keep(keeper, Picture::into_mask)
    }

    fn keep(
        &self,
        keeper: Keeper<'_>,
        check: impl FnOnce(Picture) -> Result<Picture, PictureError>,
    ) -> Result<StoredFile, EngineError> {
        let read;
        let picture = match &self.source {
            Source::Data(picture) => picture,
            Source::File(path) => {
                let located = match keeper.locate {
                    Some(locate) => locate(path).ok_or_else(|| {
                        EngineError::argument(self.name.clone(), "lies outside of open_basedir")
                    })?,
                    None => path.clone(),
                };
                read = Picture::read(&located)
                    .and_then(check)
                    .map_err(|error| refused(&self.name, error))?;
                &read
            }
            Source::Address(_) => {
                return Err(EngineError::argument(
                    self.name.clone(),
                    "must be the path of a file or a data: address",
                ));
            }
        };
        kept::keep(keeper.dir, picture).map_err(|error| refused(&self.name, error))
    }
}

fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(start))
}

fn refused(name: &str, error: PictureError) -> EngineError {
    let message = error.to_string();
    if matches!(error, PictureError::Keep(_)) {
        return EngineError::Storage {
            message: format!("a picture {message}"),
            source: Some(Box::new(error)),
        };
    }
    EngineError::argument(name.to_owned(), message)
}

/// Whether a host may be one of the internet's: by its own words only, names are not resolved here.
fn is_public(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => !address::is_inner_name(name),
        Host::Ipv4(ip) => address::is_public((*ip).into()),
        Host::Ipv6(ip) => address::is_public((*ip).into()),
    }
}
