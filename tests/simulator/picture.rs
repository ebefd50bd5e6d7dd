//! Pictures: real PNG and WebP files, drawn from a job's id alone, at the moment somebody downloads one.
//!
//! Each cell carries the id of the job that made it as a strip of black and white blocks in its top left corner, so a
//! test can read from the pixels whose picture it holds ([`read_identity`]). A file has exactly the size that its
//! message announced before it was drawn: it is filled up with a chunk that readers skip.

mod film;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder, ImageError, RgbImage};

use crate::random::{Random, digest};

/// Blocks in one row of the identity strip; four rows hold 128 bits of job id and 8 of cell number.
const STRIP_COLUMNS: u32 = 34;
const STRIP_ROWS: u32 = 4;

/// How a file is encoded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// Lossless WebP with several frames.
    AnimatedWebp,
    /// JPEG.
    Jpeg,
    /// Motion JPEG in an MP4.
    Mp4,
    /// Lossless PNG.
    Png,
    /// Lossless WebP.
    Webp,
}

impl Format {
    /// Media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Mp4 => "video/mp4",
            Self::Png => "image/png",
            Self::AnimatedWebp | Self::Webp => "image/webp",
        }
    }

    /// File name extension without a dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Mp4 => "mp4",
            Self::Png => "png",
            Self::AnimatedWebp | Self::Webp => "webp",
        }
    }
}

/// What a picture shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Layout {
    /// Four cells, two by two, as every grid.
    Grid,
    /// One cell, 1 to 4, as an upscale.
    Cell(u8),
}

/// All that is needed to draw one file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Picture {
    /// Job whose scene is drawn: an upscale shows its parent's.
    pub scene: String,
    /// Grid or one cell.
    pub layout: Layout,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Encoding.
    pub format: Format,
    /// Written to a PNG's `Description`, as Midjourney writes prompt and job id.
    pub description: String,
}

impl Picture {
    /// The file's length in bytes, known without drawing it.
    pub fn size(&self) -> usize {
        let area = usize::try_from(self.width * self.height).unwrap_or(usize::MAX);
        let spread = usize::try_from(digest(&self.scene) % 16_384).unwrap_or(0);
        // A film holds as many whole pictures as it has frames.
        let frames = match self.format {
            Format::AnimatedWebp | Format::Mp4 => usize::try_from(film::FRAMES).unwrap_or(1),
            Format::Jpeg | Format::Png | Format::Webp => 1,
        };
        frames * (49_152 + area / 16) + spread + self.description.len()
    }

    /// Draws and encodes the file.
    ///
    /// # Errors
    /// When the encoder refuses, or the drawing would not fit into [`Picture::size`].
    pub fn draw(&self) -> Result<Vec<u8>, ImageError> {
        let canvas = self.canvas();
        let mut file = Vec::with_capacity(self.size());
        let (width, height) = canvas.dimensions();
        match self.format {
            Format::AnimatedWebp => {
                file = film::webp(&canvas)?;
                fill_riff(&mut file, self.size());
            }
            Format::Jpeg => {
                file = film::jpeg(&canvas)?;
                fill_jpeg(&mut file, self.size());
            }
            Format::Mp4 => {
                file = film::mp4(&canvas)?;
                film::fill_mp4(&mut file, self.size());
            }
            Format::Png => {
                PngEncoder::new_with_quality(&mut file, CompressionType::Level(3), FilterType::Up)
                    .write_image(&canvas, width, height, ExtendedColorType::Rgb8)?;
                fill_png(&mut file, &self.description, self.size());
            }
            Format::Webp => {
                WebPEncoder::new_lossless(&mut file).write_image(
                    &canvas,
                    width,
                    height,
                    ExtendedColorType::Rgb8,
                )?;
                fill_webp(&mut file, width, height, self.size());
            }
        }
        if file.len() == self.size() {
            Ok(file)
        } else {
            Err(ImageError::IoError(std::io::Error::other(
                "drawing larger than announced",
            )))
        }
    }

    fn canvas(&self) -> RgbImage {
        match self.layout {
            Layout::Cell(cell) => draw_cell(&self.scene, cell, self.width, self.height),
            Layout::Grid => {
                let mut canvas = Vec::new();
                let (width, height) = (self.width / 2, self.height / 2);
                let cells = [1, 2, 3, 4].map(|cell| draw_cell(&self.scene, cell, width, height));
                let line = usize::try_from(width * 3).unwrap_or(1).max(1);
                for pair in cells.chunks(2) {
                    for (left, right) in pair[0].chunks(line).zip(pair[1].chunks(line)) {
                        canvas.extend_from_slice(left);
                        canvas.extend_from_slice(right);
                    }
                }
                RgbImage::from_raw(width * 2, height * 2, canvas).unwrap_or_default()
            }
        }
    }
}

/// Reads job id and cell number from one cell's pixels; `None` when they carry none.
pub fn read_identity(cell: &RgbImage) -> Option<(String, u8)> {
    let block = (cell.width() / STRIP_COLUMNS).min(cell.height() / (STRIP_ROWS * 2));
    if block == 0 {
        return None;
    }
    let mut bits = 0_u128;
    let mut number = 0_u8;
    for place in 0..STRIP_COLUMNS * STRIP_ROWS {
        let (x, y) = (place % STRIP_COLUMNS, place / STRIP_COLUMNS);
        let pixel = cell.get_pixel(x * block + block / 2, y * block + block / 2);
        let bit = match pixel.0 {
            [0, 0, 0] => 0,
            [255, 255, 255] => 1,
            _ => return None,
        };
        if place < 128 {
            bits = bits << 1 | u128::from(bit);
        } else {
            number = number << 1 | bit;
        }
    }
    let hex = format!("{bits:032x}");
    let uuid = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ]
    .join("-");
    Some((uuid, number))
}

fn draw_cell(scene: &str, cell: u8, width: u32, height: u32) -> RgbImage {
    let mut chance = Random::new(digest(scene) ^ u64::from(cell).wrapping_mul(0x9e37_79b9));
    let mut channel = || u8::try_from(chance.below(256)).unwrap_or(0);
    let top = [channel(), channel(), channel()];
    let bottom = [channel(), channel(), channel()];
    let mut canvas = RgbImage::new(width, height);
    for y in 0..height {
        let blend = |part: usize| {
            let (from, to) = (u32::from(top[part]), u32::from(bottom[part]));
            u8::try_from((from * (height - y) + to * y) / height.max(1)).unwrap_or(u8::MAX)
        };
        fill(&mut canvas, y, 0, width, [blend(0), blend(1), blend(2)]);
    }
    for _ in 0..6 {
        draw_disc(&mut canvas, &mut chance);
    }
    draw_identity(&mut canvas, scene, cell);
    canvas
}

/// Colours the pixels `from..to` of row `y`; whole slices at once, because tests run unoptimised.
fn fill(canvas: &mut RgbImage, y: u32, from: u32, to: u32, colour: [u8; 3]) {
    let to = to.min(canvas.width());
    if y >= canvas.height() || from >= to {
        return;
    }
    let at = |x: u32| usize::try_from((y * canvas.width() + x) * 3).unwrap_or(usize::MAX);
    let (start, end) = (at(from), at(to));
    if let Some(pixels) = canvas.get_mut(start..end) {
        pixels.copy_from_slice(&colour.repeat(pixels.len() / 3));
    }
}

fn draw_disc(canvas: &mut RgbImage, chance: &mut Random) {
    let (width, height) = canvas.dimensions();
    let mut pick = |bound: u32| u32::try_from(chance.below(u64::from(bound))).unwrap_or(0);
    let (x, y) = (pick(width), pick(height));
    let radius = width.min(height) / 16 + pick(width.min(height) / 6 + 1);
    let colour = [pick(256), pick(256), pick(256)].map(|part| u8::try_from(part).unwrap_or(0));
    for row in y.saturating_sub(radius)..y + radius {
        let half = (radius.pow(2) - row.abs_diff(y).pow(2)).isqrt();
        fill(canvas, row, x.saturating_sub(half), x + half, colour);
    }
}

fn draw_identity(canvas: &mut RgbImage, scene: &str, cell: u8) {
    let hex: String = scene.chars().filter(char::is_ascii_hexdigit).collect();
    let Ok(bits) = u128::from_str_radix(&hex, 16) else {
        return;
    };
    let block = (canvas.width() / STRIP_COLUMNS).min(canvas.height() / (STRIP_ROWS * 2));
    for place in 0..STRIP_COLUMNS * STRIP_ROWS {
        let bit = if place < 128 {
            bits >> (127 - place) & 1 == 1
        } else {
            cell >> (135 - place) & 1 == 1
        };
        let colour = if bit { [255; 3] } else { [0; 3] };
        let (left, top) = (place % STRIP_COLUMNS * block, place / STRIP_COLUMNS * block);
        for y in top..top + block {
            fill(canvas, y, left, left + block, colour);
        }
    }
}

/// Puts the description and a private ancillary chunk (PNG 1.2, section 3.3) before `IEND`.
fn fill_png(file: &mut Vec<u8>, description: &str, size: usize) {
    const END: usize = 12;
    file.truncate(file.len().saturating_sub(END));
    let mut text = b"Description\0".to_vec();
    text.extend(
        description
            .chars()
            .map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')),
    );
    png_chunk(file, *b"tEXt", &text);
    if let Some(room) = size.checked_sub(file.len() + END + END) {
        png_chunk(file, *b"fiLl", &vec![0; room]);
    }
    png_chunk(file, *b"IEND", &[]);
}

fn png_chunk(file: &mut Vec<u8>, kind: [u8; 4], body: &[u8]) {
    file.extend(u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes());
    let from = file.len();
    file.extend(kind);
    file.extend(body);
    let sum = crc32fast::hash(&file[from..]);
    file.extend(sum.to_be_bytes());
}

/// Rewrites the simple container as the extended one (RIFF `VP8X`), which may hold unknown chunks.
fn fill_webp(file: &mut Vec<u8>, width: u32, height: u32, size: usize) {
    let mut image = file.split_off(12.min(file.len()));
    if image.len() % 2 == 1 {
        image.push(0);
    }
    file.extend(b"VP8X\x0a\0\0\0\0\0\0\0");
    file.extend(&(width - 1).to_le_bytes()[..3]);
    file.extend(&(height - 1).to_le_bytes()[..3]);
    file.extend(image);
    fill_riff(file, size);
}

/// Appends a chunk that readers skip, and a last byte outside the container when the size is odd.
fn fill_riff(file: &mut Vec<u8>, size: usize) {
    if let Some(room) = size.checked_sub(file.len() + 8) {
        file.extend(b"fiLl");
        let even = room / 2 * 2;
        file.extend(u32::try_from(even).unwrap_or(0).to_le_bytes());
        file.resize(file.len() + even, 0);
    }
    let riff = u32::try_from(file.len() - 8)
        .unwrap_or(u32::MAX)
        .to_le_bytes();
    file[4..8].copy_from_slice(&riff);
    if file.len() < size {
        file.resize(size, 0);
    }
}

/// Puts comments (ITU-T T.81, B.2.4.5) behind the start of the image.
fn fill_jpeg(file: &mut Vec<u8>, size: usize) {
    const HEAD: usize = 4;
    const LARGEST: usize = 0xffff + 2;
    let mut comments = Vec::new();
    let mut room = size.saturating_sub(file.len());
    while room >= HEAD {
        // Never leaves less than a head's room.
        let whole = if room > LARGEST { LARGEST - HEAD } else { room };
        comments.extend([0xff, 0xfe]);
        comments.extend(u16::try_from(whole - 2).unwrap_or(2).to_be_bytes());
        comments.resize(comments.len() + whole - HEAD, 0);
        room -= whole;
    }
    file.splice(2..2, comments);
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::codecs::webp::WebPDecoder;
    use image::{AnimationDecoder, DynamicImage};

    use super::*;

    fn picture(layout: Layout, format: Format) -> Picture {
        Picture {
            scene: "0f8fad5b-d9cb-469f-a165-70867728950e".into(),
            layout,
            width: 1024,
            height: 1024,
            format,
            description: "a lighthouse --v 7.0 Job ID: 0f8fad5b".into(),
        }
    }

    #[test]
    fn files_have_the_announced_size_and_decode() {
        for (layout, format) in [
            (Layout::Grid, Format::Png),
            (Layout::Grid, Format::Webp),
            (Layout::Cell(2), Format::Png),
            (Layout::Cell(2), Format::Jpeg),
            (Layout::Grid, Format::AnimatedWebp),
        ] {
            let picture = picture(layout, format);
            let file = picture.draw().unwrap();
            assert_eq!(file.len(), picture.size());
            let decoded = image::load_from_memory(&file).unwrap();
            assert_eq!((decoded.width(), decoded.height()), (1024, 1024));
        }
    }

    #[test]
    fn animations_have_frames_that_show_the_job() {
        let file = picture(Layout::Cell(4), Format::AnimatedWebp)
            .draw()
            .unwrap();
        let decoder = WebPDecoder::new(Cursor::new(&file)).unwrap();
        assert!(decoder.has_animation());
        let frames = decoder.into_frames().collect_frames().unwrap();
        assert_eq!(frames.len(), usize::try_from(film::FRAMES).unwrap());
        assert_ne!(frames[0].buffer(), frames[1].buffer());
        for frame in frames {
            let frame = DynamicImage::from(frame.into_buffer()).to_rgb8();
            assert_eq!(read_identity(&frame).unwrap().1, 4);
        }
    }

    /// The body of the first box of this kind, searched through the containers that hold others.
    fn find<'f>(mut file: &'f [u8], path: &[&[u8; 4]]) -> Option<&'f [u8]> {
        while file.len() >= 8 {
            let size = usize::try_from(u32::from_be_bytes(file[..4].try_into().unwrap())).unwrap();
            if &file[4..8] == path[0] {
                let body = &file[8..size];
                return match path {
                    [_] => Some(body),
                    _ => find(body, &path[1..]),
                };
            }
            file = &file[size..];
        }
        None
    }

    #[test]
    fn films_lead_to_their_frames() {
        let picture = picture(Layout::Cell(2), Format::Mp4);
        let file = picture.draw().unwrap();
        assert_eq!(file.len(), picture.size());
        assert_eq!(&file[4..8], b"ftyp");
        let word = |body: &[u8], place: usize| {
            usize::try_from(u32::from_be_bytes(
                body[place * 4..place * 4 + 4].try_into().unwrap(),
            ))
            .unwrap()
        };
        let table: [&[u8; 4]; 5] = [b"moov", b"trak", b"mdia", b"minf", b"stbl"];
        let inside = |kind: &'static [u8; 4]| {
            let path: Vec<&[u8; 4]> = table.into_iter().chain([kind]).collect();
            find(&file, &path).unwrap()
        };
        let (sizes, offsets) = (inside(b"stsz"), inside(b"stco"));
        let mut at = word(offsets, 2);
        for place in 0..word(sizes, 2) {
            let end = at + word(sizes, 3 + place);
            let frame = image::load_from_memory(&file[at..end]).unwrap();
            assert_eq!((frame.width(), frame.height()), (1024, 1024));
            at = end;
        }
        assert!(inside(b"stsd").windows(4).any(|kind| kind == b"esds"));
    }

    #[test]
    fn upscale_shows_the_cell_of_its_grid() {
        let grid =
            image::load_from_memory(&picture(Layout::Grid, Format::Png).draw().unwrap()).unwrap();
        let mut single = picture(Layout::Cell(3), Format::Png);
        (single.width, single.height) = (512, 512);
        let single = image::load_from_memory(&single.draw().unwrap())
            .unwrap()
            .to_rgb8();
        assert_eq!(grid.crop_imm(0, 512, 512, 512).to_rgb8(), single);
        let (job, cell) = read_identity(&single).unwrap();
        assert_eq!(
            (job.as_str(), cell),
            ("0f8fad5b-d9cb-469f-a165-70867728950e", 3)
        );
    }
}
