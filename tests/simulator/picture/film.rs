//! Moving pictures: an animated WebP and a Motion JPEG in an MP4, written chunk by chunk and box by box.
//!
//! Both show the still picture with a bar that moves along its lower edge, one step a frame, so that the identity
//! strip of every cell can be read from every frame.

use image::codecs::jpeg::JpegEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder, ImageError, RgbImage};

use super::fill;

/// Frames in a film. In life there are 125 in five seconds.
pub(super) const FRAMES: u32 = 5;
/// Milliseconds a frame is shown.
const FRAME_TIME: u32 = 1_000;
/// Quality of JPEG frames.
pub(super) const QUALITY: u8 = 70;
/// Object type of JPEG in an elementary stream (ISO/IEC 14496-1, table 5).
const OBJECT_TYPE_JPEG: u8 = 0x6c;

/// The frames of a film: the still, and a bar that says which frame it is.
fn frames(still: &RgbImage) -> impl Iterator<Item = RgbImage> {
    let (width, height) = still.dimensions();
    let (length, thickness) = (width / FRAMES, (height / 40).max(1));
    (0..FRAMES).map(move |place| {
        let mut frame = still.clone();
        for y in height - thickness..height {
            fill(&mut frame, y, 0, width, [0; 3]);
            fill(
                &mut frame,
                y,
                place * length,
                (place + 1) * length,
                [255; 3],
            );
        }
        frame
    })
}

/// One JPEG.
pub(super) fn jpeg(picture: &RgbImage) -> Result<Vec<u8>, ImageError> {
    let mut file = Vec::new();
    let (width, height) = picture.dimensions();
    JpegEncoder::new_with_quality(&mut file, QUALITY).write_image(
        picture,
        width,
        height,
        ExtendedColorType::Rgb8,
    )?;
    Ok(file)
}

/// An animated WebP that repeats for ever (WebP container specification, "Animation").
pub(super) fn webp(still: &RgbImage) -> Result<Vec<u8>, ImageError> {
    let (width, height) = still.dimensions();
    let mut body = b"WEBP".to_vec();
    let mut canvas = vec![0b10, 0, 0, 0];
    canvas.extend(&(width - 1).to_le_bytes()[..3]);
    canvas.extend(&(height - 1).to_le_bytes()[..3]);
    chunk(&mut body, *b"VP8X", &canvas);
    // Black background, no limit of repetitions.
    chunk(&mut body, *b"ANIM", &[0, 0, 0, 255, 0, 0]);
    for frame in frames(still) {
        let mut file = Vec::new();
        WebPEncoder::new_lossless(&mut file).write_image(
            &frame,
            width,
            height,
            ExtendedColorType::Rgb8,
        )?;
        // At the origin, whole, drawn over what was there.
        let mut part = vec![0; 6];
        part.extend(&(width - 1).to_le_bytes()[..3]);
        part.extend(&(height - 1).to_le_bytes()[..3]);
        part.extend(&FRAME_TIME.to_le_bytes()[..3]);
        part.push(0b10);
        part.extend(file.get(12..).unwrap_or_default());
        if part.len() % 2 == 1 {
            part.push(0);
        }
        chunk(&mut body, *b"ANMF", &part);
    }
    let mut file = b"RIFF".to_vec();
    file.extend(length(body.len()).to_le_bytes());
    file.extend(body);
    Ok(file)
}

fn chunk(file: &mut Vec<u8>, kind: [u8; 4], body: &[u8]) {
    file.extend(kind);
    file.extend(length(body.len()).to_le_bytes());
    file.extend(body);
    if body.len() % 2 == 1 {
        file.push(0);
    }
}

/// An MP4 with one video track of JPEG frames (ISO/IEC 14496-12 and -14).
pub(super) fn mp4(still: &RgbImage) -> Result<Vec<u8>, ImageError> {
    let frames = frames(still)
        .map(|frame| jpeg(&frame))
        .collect::<Result<Vec<_>, _>>()?;
    let mut file = cell(*b"ftyp", &[b"isom\0\0\x02\0isomiso2mp41".to_vec()]);
    let media: Vec<u8> = frames.concat();
    let first = file.len() + 8;
    file.extend(cell(*b"mdat", &[media]));
    let sizes: Vec<u32> = frames.iter().map(|frame| length(frame.len())).collect();
    file.extend(movie(still.dimensions(), length(first), &sizes));
    Ok(file)
}

/// Appends a box that players skip, so that the file gets this size.
pub(super) fn fill_mp4(file: &mut Vec<u8>, size: usize) {
    if let Some(room) = size.checked_sub(file.len() + 8) {
        file.extend(cell(*b"free", &[vec![0; room]]));
    }
}

fn movie((width, height): (u32, u32), first: u32, sizes: &[u32]) -> Vec<u8> {
    let duration = FRAMES * FRAME_TIME;
    let unity = words(&[0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000]);
    let movie_header = full(
        *b"mvhd",
        0,
        &[
            words(&[0, 0, 1_000, duration, 0x1_0000, 0x0100_0000, 0, 0]),
            unity.clone(),
            words(&[0, 0, 0, 0, 0, 0, 2]),
        ],
    );
    let track_header = full(
        *b"tkhd",
        3,
        &[
            words(&[0, 0, 1, 0, duration, 0, 0, 0, 0]),
            unity,
            words(&[width << 16, height << 16]),
        ],
    );
    let media_header = full(*b"mdhd", 0, &[words(&[0, 0, 1_000, duration, 0x55c4_0000])]);
    let handler = full(
        *b"hdlr",
        0,
        &[
            words(&[0]),
            b"vide".to_vec(),
            words(&[0, 0, 0]),
            b"film\0".to_vec(),
        ],
    );
    let reference = cell(
        *b"dinf",
        &[full(*b"dref", 0, &[words(&[1]), full(*b"url ", 1, &[])])],
    );
    let information = cell(
        *b"minf",
        &[
            full(*b"vmhd", 1, &[words(&[0, 0])]),
            reference,
            sample_table((width, height), first, sizes),
        ],
    );
    let media = cell(*b"mdia", &[media_header, handler, information]);
    cell(
        *b"moov",
        &[movie_header, cell(*b"trak", &[track_header, media])],
    )
}

fn sample_table((width, height): (u32, u32), first: u32, sizes: &[u32]) -> Vec<u8> {
    let count = length(sizes.len());
    // Every frame is a whole picture, all of them in one chunk.
    let mut entry = words(&[0, 1, 0, 0, 0, 0, width << 16 | height & 0xffff]);
    entry.extend(words(&[0x48_0000, 0x48_0000, 0, 1 << 16]));
    entry.extend([0; 30]);
    entry.extend([0, 0x18, 0xff, 0xff]);
    let description = cell(*b"mp4v", &[entry, stream_descriptor()]);
    let sizes: Vec<u32> = [0, count]
        .into_iter()
        .chain(sizes.iter().copied())
        .collect();
    cell(
        *b"stbl",
        &[
            full(*b"stsd", 0, &[words(&[1]), description]),
            full(*b"stts", 0, &[words(&[1, count, FRAME_TIME])]),
            full(*b"stsc", 0, &[words(&[1, 1, count, 1])]),
            full(*b"stsz", 0, &[words(&sizes)]),
            full(*b"stco", 0, &[words(&[1, first])]),
        ],
    )
}

/// Says that the samples are JPEG: descriptors of the stream, its decoder and its packets.
fn stream_descriptor() -> Vec<u8> {
    let mut decoder = vec![0x04, 13, OBJECT_TYPE_JPEG, 0x11];
    decoder.extend([0; 11]);
    let mut stream = vec![0x03, 3 + 15 + 3, 0, 1, 0];
    stream.extend(decoder);
    stream.extend([0x06, 1, 2]);
    full(*b"esds", 0, &[stream])
}

fn cell(kind: [u8; 4], parts: &[Vec<u8>]) -> Vec<u8> {
    let body = parts.concat();
    let mut cell = length(body.len() + 8).to_be_bytes().to_vec();
    cell.extend(kind);
    cell.extend(body);
    cell
}

/// A box with version 0 and flags.
fn full(kind: [u8; 4], flags: u32, parts: &[Vec<u8>]) -> Vec<u8> {
    let mut body = flags.to_be_bytes().to_vec();
    body.extend(parts.concat());
    cell(kind, &[body])
}

fn words(values: &[u32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_be_bytes())
        .collect()
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
