//! What is made of a picture before it is saved: the cells of a grid, a smaller copy, another format.
//!
//! It runs on the download's own thread, within limits of size and memory. Metadata is not kept. WebP is written
//! without loss, as the encoder knows no other way: a photograph gets larger by it than as a JPEG.

use std::io::Cursor;

use image::{
    DynamicImage, ImageFormat, ImageReader, Limits, codecs::jpeg::JpegEncoder, imageops::FilterType,
};

/// More than the largest picture that Midjourney makes (a 4x upscale), in pixels.
const LONGEST_SIDE: u32 = 16_384;
/// What a decoder may hold; 64 megapixels with four bytes each.
const MOST_MEMORY: u64 = 256 << 20;

/// A format that pictures are written in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Target {
    /// JPEG, without transparency.
    Jpeg,
    /// PNG.
    Png,
    /// WebP, without loss.
    Webp,
}

impl Target {
    fn of(format: ImageFormat) -> Option<Self> {
        [
            (ImageFormat::Jpeg, Self::Jpeg),
            (ImageFormat::Png, Self::Png),
            (ImageFormat::WebP, Self::Webp),
        ]
        .into_iter()
        .find(|(known, _)| *known == format)
        .map(|(_, target)| target)
    }

    /// What its files are called.
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
        }
    }
}

/// What is wanted.
#[derive(Clone, Debug)]
pub(crate) struct Conversion {
    /// The cells of a grid, 1 to 4 from the upper left; empty for the whole picture.
    pub(super) cells: Vec<u8>,
    /// The format; none keeps the picture's own.
    pub(super) target: Option<Target>,
    /// Of a JPEG, 1 to 100.
    pub(super) quality: u8,
    /// The longest side of what is made.
    pub(super) thumbnail: Option<u32>,
}

impl Conversion {
    /// Whether pictures are saved as they are.
    pub(super) fn is_nothing(&self) -> bool {
        self.cells.is_empty() && self.target.is_none() && self.thumbnail.is_none()
    }
}

/// Why nothing was made of a picture.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConversionError {
    /// Not PNG, JPEG or WebP.
    #[error("the picture is none that can be converted: only PNG, JPEG and WebP can")]
    Format,
    /// Broken, or beyond the limits.
    #[error("the picture cannot be decoded: {0}")]
    Decode(#[source] image::ImageError),
    /// The encoder's word.
    #[error("the picture cannot be encoded: {0}")]
    Encode(#[source] image::ImageError),
}

/// What was made: the cell, if it is one, the file name's end, the bytes.
pub(super) type Piece = (Option<u8>, &'static str, Vec<u8>);

/// Makes what is wanted, cells in the order in which they were named.
pub(super) fn convert(
    bytes: &[u8],
    conversion: &Conversion,
) -> Result<Vec<Piece>, ConversionError> {
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| ConversionError::Decode(error.into()))?;
    let own = reader
        .format()
        .and_then(Target::of)
        .ok_or(ConversionError::Format)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let picture = reader.decode().map_err(ConversionError::Decode)?;
    let target = conversion.target.unwrap_or(own);
    let finish = |cell: Option<u8>, picture: DynamicImage| {
        let picture = match conversion.thumbnail {
            Some(side) if picture.width().max(picture.height()) > side => {
                picture.resize(side, side, FilterType::Lanczos3)
            }
            Some(_) | None => picture,
        };
        let bytes = encode(&picture, target, conversion.quality)?;
        Ok((cell, target.extension(), bytes))
    };
    if conversion.cells.is_empty() {
        return Ok(vec![finish(None, picture)?]);
    }
    let (width, height) = (picture.width() / 2, picture.height() / 2);
    conversion
        .cells
        .iter()
        .map(|cell| {
            let (column, row) = (u32::from((cell - 1) % 2), u32::from((cell - 1) / 2));
            let cut = picture.crop_imm(column * width, row * height, width, height);
            finish(Some(*cell), cut)
        })
        .collect()
}

fn encode(picture: &DynamicImage, target: Target, quality: u8) -> Result<Vec<u8>, ConversionError> {
    let mut bytes = Cursor::new(Vec::new());
    let written = match target {
        Target::Jpeg => picture
            .to_rgb8()
            .write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, quality)),
        Target::Png => picture.write_to(&mut bytes, ImageFormat::Png),
        Target::Webp if picture.color().has_alpha() => {
            picture.to_rgba8().write_to(&mut bytes, ImageFormat::WebP)
        }
        Target::Webp => picture.to_rgb8().write_to(&mut bytes, ImageFormat::WebP),
    };
    written.map_err(ConversionError::Encode)?;
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use image::{GenericImageView as _, Rgb, RgbImage};

    use super::*;

    const COLOURS: [[u8; 3]; 4] = [[250, 0, 0], [0, 250, 0], [0, 0, 250], [250, 250, 0]];

    /// A grid whose cells have a colour each.
    fn grid(width: u32, height: u32) -> Vec<u8> {
        let picture = RgbImage::from_fn(width, height, |x, y| {
            let cell = usize::from(x >= width / 2) + 2 * usize::from(y >= height / 2);
            Rgb(COLOURS[cell])
        });
        encode(&picture.into(), Target::Png, 90).unwrap()
    }

    fn nothing() -> Conversion {
        Conversion {
            cells: Vec::new(),
            target: None,
            quality: 90,
            thumbnail: None,
        }
    }

    #[test]
    fn cuts_the_cells_of_a_grid() {
        let conversion = Conversion {
            cells: vec![1, 2, 3, 4],
            ..nothing()
        };
        let pieces = convert(&grid(64, 48), &conversion).unwrap();
        assert_eq!(pieces.len(), 4);
        for (at, (cell, extension, bytes)) in pieces.iter().enumerate() {
            assert_eq!((usize::from(cell.unwrap()), *extension), (at + 1, "png"));
            let picture = image::load_from_memory(bytes).unwrap();
            assert_eq!(picture.dimensions(), (32, 24));
            for (x, y) in [(0, 0), (31, 23)] {
                assert_eq!(picture.get_pixel(x, y).0[..3], COLOURS[at], "cell {at}");
            }
        }
        let conversion = Conversion {
            cells: vec![4, 2],
            ..nothing()
        };
        let pieces = convert(&grid(64, 48), &conversion).unwrap();
        assert_eq!(
            [pieces[0].0, pieces[1].0],
            [Some(4), Some(2)],
            "in the order asked for"
        );
    }

    #[test]
    fn writes_every_format_and_smaller_copies() {
        for (target, format) in [
            (Target::Jpeg, ImageFormat::Jpeg),
            (Target::Png, ImageFormat::Png),
            (Target::Webp, ImageFormat::WebP),
        ] {
            let conversion = Conversion {
                target: Some(target),
                thumbnail: Some(16),
                ..nothing()
            };
            let pieces = convert(&grid(64, 32), &conversion).unwrap();
            let (cell, extension, bytes) = &pieces[0];
            assert_eq!((*cell, *extension), (None, target.extension()));
            assert_eq!(image::guess_format(bytes).unwrap(), format);
            let picture = image::load_from_memory(bytes).unwrap();
            assert_eq!(picture.dimensions(), (16, 8));
            // And what was written can be read again here.
            assert!(convert(bytes, &conversion).is_ok());
        }
        let conversion = Conversion {
            thumbnail: Some(500),
            ..nothing()
        };
        let pieces = convert(&grid(64, 32), &conversion).unwrap();
        let picture = image::load_from_memory(&pieces[0].2).unwrap();
        assert_eq!(picture.dimensions(), (64, 32), "never larger");
    }

    #[test]
    fn decodes_within_limits_only() {
        let mut bomb = grid(8, 8);
        bomb[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
        bomb[20..24].copy_from_slice(&60_000_u32.to_be_bytes());
        assert!(convert(&bomb, &nothing()).is_err());
        for bytes in [b"GIF89a and more".as_slice(), b"<html>", b""] {
            assert!(
                matches!(convert(bytes, &nothing()), Err(ConversionError::Format)),
                "{bytes:?}"
            );
        }
    }
}
