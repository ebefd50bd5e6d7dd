//! A picture that a caller gives: looked at by its first bytes, held to limits, never decoded here.
//!
//! [`Picture`] exists only checked. It comes from a file, from a `data:` address or from the network ([`fetch`]), and
//! [`kept`] writes it where any later owner finds it.

pub(crate) mod address;
mod data_uri;
pub(crate) mod fetch;
pub(crate) mod kept;

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

/// Discord's limit for one file of a user without Nitro ("File Size Limits": 10 MiB).
pub(crate) const LARGEST: u64 = 10 << 20;
/// More pixels than any camera's, and what 256 MiB hold when somebody decodes them.
pub(crate) const MOST_PIXELS: u64 = 64_000_000;
/// A side longer than this is taken for a bomb; WebP itself ends at 16,383 (RFC 9649, section 2.7).
pub(crate) const LONGEST_SIDE: u32 = 16_384;

/// Why a picture is not taken. Messages name no path and no address.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PictureError {
    /// No such file.
    #[error("there is no such file")]
    Missing,
    /// The file, or something it lies in, may not be read.
    #[error("the file cannot be read: {0}")]
    Unreadable(#[source] io::Error),
    /// A directory, a FIFO, a device, a socket.
    #[error("is not a regular file")]
    NotAFile,
    /// Nothing in it.
    #[error("is empty")]
    Empty,
    /// More than [`LARGEST`].
    #[error("has more than {LARGEST} bytes: make it smaller")]
    TooLarge,
    /// More than [`MOST_PIXELS`], or longer than [`LONGEST_SIDE`].
    #[error(
        "is {width}x{height}: at most {MOST_PIXELS} pixels and {LONGEST_SIDE} on a side are taken"
    )]
    TooManyPixels {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
    },
    /// Neither of the four by its first bytes, or broken in its head.
    #[error("is no PNG, JPEG, WebP or GIF picture")]
    NoPicture,
    /// A `data:` address that says something else than its bytes.
    #[error("says {said} and is {is}")]
    OtherType {
        /// What the address says.
        said: String,
        /// What the bytes are.
        is: &'static str,
    },
    /// No `data:` address, or one that cannot be decoded.
    #[error("is no data: address of the form data:image/png;base64,…")]
    DataUri,
    /// A mask that is neither PNG nor WebP.
    #[error("is a {0}: a mask must be a PNG or WebP, white where the picture may change")]
    NoMask(&'static str),
    /// It cannot be kept.
    #[error("cannot be kept below mj.state_dir: {0}")]
    Keep(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What a picture is by its first bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Format {
    /// GIF, 87a or 89a.
    Gif,
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
}

impl Format {
    /// Reads the signature.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        // A PNG's first chunk is IHDR (PNG, section 5.6); without it there is no size to read.
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.get(12..16) == Some(b"IHDR") {
            Some(Self::Png)
        } else if bytes.starts_with(b"\xFF\xD8\xFF") {
            Some(Self::Jpeg)
        } else if bytes.starts_with(b"RIFF") && bytes.get(8..15) == Some(b"WEBPVP8") {
            Some(Self::Webp)
        } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
            Some(Self::Gif)
        } else {
            None
        }
    }

    /// Its media type.
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Gif => "image/gif",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
        }
    }

    /// What its files are called.
    pub(crate) const fn extension(self) -> &'static str {
        match self {
            Self::Gif => "gif",
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
        }
    }
}

/// A picture within the limits.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct Picture {
    format: Format,
    bytes: Vec<u8>,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({:?}, {} bytes)", self.format, self.bytes.len())
    }
}

impl Picture {
    /// Looks at bytes.
    ///
    /// # Errors
    /// [`PictureError::Empty`], [`PictureError::TooLarge`], [`PictureError::NoPicture`],
    /// [`PictureError::TooManyPixels`].
    pub(crate) fn of(bytes: Vec<u8>) -> Result<Self, PictureError> {
        if bytes.is_empty() {
            return Err(PictureError::Empty);
        }
        if bytes.len() as u64 > LARGEST {
            return Err(PictureError::TooLarge);
        }
        let format = Format::of(&bytes).ok_or(PictureError::NoPicture)?;
        let (width, height) = dimensions(&bytes)?;
        let is_within = width.max(height) <= LONGEST_SIDE
            && u64::from(width) * u64::from(height) <= MOST_PIXELS;
        if is_within {
            Ok(Self { format, bytes })
        } else {
            Err(PictureError::TooManyPixels { width, height })
        }
    }

    /// Reads a file of the caller's. Nothing but a regular file is opened for longer than it takes to see that, so
    /// that neither a FIFO nor a terminal can hold PHP up.
    ///
    /// # Errors
    /// Any [`PictureError`] but those of addresses, masks and keeping.
    pub(crate) fn read(path: &Path) -> Result<Self, PictureError> {
        let file = open(path).map_err(|error| match error.raw_os_error() {
            Some(libc::ENOENT) => PictureError::Missing,
            // A socket, or a device that is not there, cannot even be opened.
            Some(libc::ENXIO) => PictureError::NotAFile,
            Some(_) | None => PictureError::Unreadable(error),
        })?;
        let metadata = file.metadata().map_err(PictureError::Unreadable)?;
        if !metadata.is_file() {
            return Err(PictureError::NotAFile);
        }
        if metadata.len() > LARGEST {
            return Err(PictureError::TooLarge);
        }
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
        // It may grow meanwhile: one byte more than is allowed is enough to see that.
        file.take(LARGEST + 1)
            .read_to_end(&mut bytes)
            .map_err(PictureError::Unreadable)?;
        Self::of(bytes)
    }

    /// Reads a `data:` address (RFC 2397), in Base64 or percent-encoded.
    ///
    /// # Errors
    /// [`PictureError::DataUri`], [`PictureError::OtherType`] and those of [`Picture::of`].
    pub(crate) fn from_data_uri(uri: &str) -> Result<Self, PictureError> {
        let (said, bytes) = data_uri::decode(uri)?;
        let picture = Self::of(bytes)?;
        let is = picture.format.content_type();
        // "image/jpg" is none, and browsers write it all the same.
        let is_said = said.is_empty()
            || said == is
            || said == "application/octet-stream"
            || (said == "image/jpg" && is == "image/jpeg");
        if is_said {
            Ok(picture)
        } else {
            Err(PictureError::OtherType { said, is })
        }
    }

    /// The same picture, if it can be a mask.
    ///
    /// # Errors
    /// [`PictureError::NoMask`].
    pub(crate) fn into_mask(self) -> Result<Self, PictureError> {
        match self.format {
            Format::Png | Format::Webp => Ok(self),
            Format::Gif | Format::Jpeg => Err(PictureError::NoMask(self.format.content_type())),
        }
    }

    /// What it is.
    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// As it is.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)
}

fn dimensions(bytes: &[u8]) -> Result<(u32, u32), PictureError> {
    let size = imagesize::blob_size(bytes).map_err(|_| PictureError::NoPicture)?;
    let pixels = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    if size.width == 0 || size.height == 0 {
        return Err(PictureError::NoPicture);
    }
    Ok((pixels(size.width), pixels(size.height)))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::{fmt::Write as _, os::unix::net::UnixListener};

    use super::*;

    /// The head of a PNG of this size; no decoder could go on from here.
    pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend([8, 6, 0, 0, 0, 0, 0, 0, 0]);
        bytes
    }

    pub(crate) fn jpeg(width: u16, height: u16) -> Vec<u8> {
        let mut bytes = b"\xFF\xD8\xFF\xC0\0\x11\x08".to_vec();
        bytes.extend(height.to_be_bytes());
        bytes.extend(width.to_be_bytes());
        bytes.extend([3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]);
        bytes
    }

    fn gif(width: u16, height: u16) -> Vec<u8> {
        let mut bytes = b"GIF89a".to_vec();
        bytes.extend(width.to_le_bytes());
        bytes.extend(height.to_le_bytes());
        bytes.extend([0, 0, 0]);
        bytes
    }

    fn webp(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"RIFF\x16\0\0\0WEBPVP8X\x0A\0\0\0\0\0\0\0".to_vec();
        bytes.extend(&(width - 1).to_le_bytes()[..3]);
        bytes.extend(&(height - 1).to_le_bytes()[..3]);
        bytes
    }

    #[test]
    fn tells_formats_by_their_bytes() {
        for (bytes, format) in [
            (png(10, 20), Format::Png),
            (jpeg(10, 20), Format::Jpeg),
            (gif(10, 20), Format::Gif),
            (webp(10, 20), Format::Webp),
        ] {
            let picture = Picture::of(bytes.clone()).unwrap();
            assert_eq!(picture.format(), format);
            assert_eq!(dimensions(&bytes).unwrap(), (10, 20), "{format:?}");
        }
        for bytes in [
            b"<html><body>not found</body></html>".as_slice(),
            b"%PDF-1.7 and more of it",
            b"RIFF\0\0\0\0WAVEfmt and more",
            b"\x89PNG\r\n\x1a\n",
            b"GIF8",
            b"\xFF\xD8\xFF",
        ] {
            assert!(
                matches!(Picture::of(bytes.to_vec()), Err(PictureError::NoPicture)),
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn refuses_bombs_by_their_head() {
        for bytes in [
            png(60_000, 60_000),
            png(LONGEST_SIDE + 1, 1),
            png(8_001, 8_000),
            jpeg(65_000, 65_000),
            gif(60_000, 60_000),
            webp(16_000, 16_000),
        ] {
            let error = Picture::of(bytes).unwrap_err();
            assert!(
                matches!(error, PictureError::TooManyPixels { .. }),
                "{error}"
            );
        }
        assert!(Picture::of(png(8_000, 8_000)).is_ok());
        assert!(matches!(
            Picture::of(png(0, 5)),
            Err(PictureError::NoPicture)
        ));
    }

    #[test]
    fn refuses_what_is_too_large() {
        let mut bytes = png(10, 10);
        bytes.resize(usize::try_from(LARGEST).unwrap(), 0);
        assert!(Picture::of(bytes.clone()).is_ok());
        bytes.push(0);
        assert!(matches!(
            Picture::of(bytes.clone()),
            Err(PictureError::TooLarge)
        ));
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("large.png");
        std::fs::write(&path, bytes).unwrap();
        assert!(matches!(Picture::read(&path), Err(PictureError::TooLarge)));
    }

    #[test]
    fn reads_regular_files_only() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        std::fs::write(at("a.txt"), png(3, 4)).unwrap();
        std::fs::write(at("empty.png"), b"").unwrap();
        let fifo = at("fifo.png");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status();
        assert!(made.unwrap().success());
        let _socket = UnixListener::bind(at("socket.png")).unwrap();
        assert_eq!(Picture::read(&at("a.txt")).unwrap().format(), Format::Png);
        assert!(matches!(
            Picture::read(&at("empty.png")),
            Err(PictureError::Empty)
        ));
        assert!(matches!(
            Picture::read(&at("none.png")),
            Err(PictureError::Missing)
        ));
        for path in [
            fifo,
            at("socket.png"),
            directory.path().to_owned(),
            "/dev/zero".into(),
        ] {
            assert!(
                matches!(Picture::read(&path), Err(PictureError::NotAFile)),
                "{}",
                path.display()
            );
        }
    }

    fn percent_encoded(head: &str, bytes: &[u8]) -> String {
        bytes.iter().fold(head.to_owned(), |mut text, byte| {
            write!(text, "%{byte:02X}").unwrap();
            text
        })
    }

    #[test]
    fn reads_data_addresses() {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let encoded = STANDARD.encode(png(3, 4));
        for uri in [
            format!("data:image/png;base64,{encoded}"),
            format!("DATA:Image/PNG;charset=utf-8;Base64,{encoded}"),
            format!("data:;base64,{}", encoded.trim_end_matches('=')),
            format!("data:image/png;base64,{}\n{}", &encoded[..8], &encoded[8..]),
            percent_encoded("data:image/png,", &png(3, 4)),
        ] {
            assert_eq!(
                Picture::from_data_uri(&uri).unwrap().bytes(),
                png(3, 4),
                "{uri}"
            );
        }
        let jpeg = STANDARD.encode(jpeg(3, 4));
        assert!(Picture::from_data_uri(&format!("data:image/jpg;base64,{jpeg}")).is_ok());
        let error = Picture::from_data_uri(&format!("data:image/png;base64,{jpeg}")).unwrap_err();
        assert_eq!(error.to_string(), "says image/png and is image/jpeg");
        for uri in [
            "image/png;base64,AAAA",
            "data:image/png;base64",
            "data:image/png;base64,@@@@",
            "data:image/png,%4",
            "data:image/png,%zz",
        ] {
            assert!(
                matches!(Picture::from_data_uri(uri), Err(PictureError::DataUri)),
                "{uri}"
            );
        }
        // What stands in the type's place is said in messages only where it can be one.
        for said in ["a secret of somebody's", "\u{1b}[31m", &"image/".repeat(20)] {
            let uri = format!("data:{said};base64,{encoded}");
            let error = Picture::from_data_uri(&uri).unwrap_err();
            assert!(matches!(error, PictureError::DataUri), "{error}");
        }
        let text = "data:text/html,<p>hello, this is a page";
        assert!(matches!(
            Picture::from_data_uri(text),
            Err(PictureError::NoPicture)
        ));
        let large = format!("data:image/png;base64,{}", "A".repeat(40 << 20));
        assert!(matches!(
            Picture::from_data_uri(&large),
            Err(PictureError::TooLarge)
        ));
    }

    #[test]
    fn masks_are_png_or_webp() {
        assert!(Picture::of(png(3, 4)).unwrap().into_mask().is_ok());
        assert!(Picture::of(webp(3, 4)).unwrap().into_mask().is_ok());
        let error = Picture::of(jpeg(3, 4)).unwrap().into_mask().unwrap_err();
        assert!(error.to_string().contains("must be a PNG"), "{error}");
        assert!(Picture::of(gif(3, 4)).unwrap().into_mask().is_err());
    }
}
