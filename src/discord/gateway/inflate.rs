//! Decompression of what the gateway sends: one context for the whole connection.

use std::fmt;

use flate2::{Decompress, FlushDecompress};
use thiserror::Error;
use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

use super::Compression;

/// The largest frame that is unpacked. A user's READY is a few megabytes; more than this is an attack or garbage.
pub const MAX_FRAME: usize = 24 << 20;

/// How the zlib-stream ends a frame: the mark of an empty stored block, left by a sync flush.
const ZLIB_SUFFIX: [u8; 4] = [0, 0, 0xFF, 0xFF];

/// The largest window that a zstd stream may ask for, as a power of two: 8 MiB.
const ZSTD_WINDOW_LOG: u32 = 23;

/// Room that is kept for the next frame; what a larger one took is given back.
const KEPT: usize = 64 << 10;

/// Why a connection's data can not be unpacked. The context is lost with it.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum InflateError {
    /// Not data of the compression that was asked for.
    #[error("compressed data is corrupt")]
    Corrupt,
    /// More than [`MAX_FRAME`] in one frame.
    #[error("frame is larger than {MAX_FRAME} bytes")]
    TooLarge,
    /// The unpacked frame is not UTF-8.
    #[error("frame is not text")]
    NotText,
    /// A binary frame on a connection without compression.
    #[error("binary frame on an uncompressed connection")]
    Unexpected,
}

/// A connection's decompressor and the frame that it unpacked last.
pub(crate) struct Inflate {
    stream: Stream,
    frame: Vec<u8>,
    /// Whether `frame` was handed out, so that the next data begin a new one.
    is_complete: bool,
}

enum Stream {
    None,
    Zlib(Box<Decompress>),
    Zstd(Box<Decoder<'static>>),
}

impl fmt::Debug for Inflate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stream = match &self.stream {
            Stream::None => "none",
            Stream::Zlib(_) => "zlib",
            Stream::Zstd(_) => "zstd",
        };
        f.debug_struct("Inflate")
            .field("stream", &stream)
            .field("frame", &self.frame.len())
            .finish_non_exhaustive()
    }
}

impl Inflate {
    /// A decompressor without a connection.
    pub(crate) fn idle() -> Self {
        Self {
            stream: Stream::None,
            frame: Vec::new(),
            is_complete: true,
        }
    }

    /// Begins a connection: a new context, nothing left of the last one.
    pub(crate) fn reset(&mut self, compression: Compression) {
        self.stream = match compression {
            Compression::None => Stream::None,
            Compression::Zlib => Stream::Zlib(Box::new(Decompress::new(true))),
            Compression::Zstd => {
                zstd_decoder().map_or(Stream::None, |decoder| Stream::Zstd(Box::new(decoder)))
            }
        };
        self.frame = Vec::new();
        self.is_complete = true;
    }

    /// Takes the data of one binary WebSocket message; gives the frame when it is complete.
    ///
    /// # Errors
    /// When the data are not what was asked for; the connection is of no more use.
    pub(crate) fn push(&mut self, data: &[u8]) -> Result<Option<&str>, InflateError> {
        if self.is_complete {
            self.frame.clear();
            self.frame.shrink_to(KEPT);
            self.is_complete = false;
        }
        self.is_complete = match &mut self.stream {
            Stream::None => return Err(InflateError::Unexpected),
            Stream::Zlib(stream) => {
                inflate_zlib(stream, data, &mut self.frame)?;
                data.ends_with(&ZLIB_SUFFIX)
            }
            Stream::Zstd(stream) => {
                inflate_zstd(stream, data, &mut self.frame)?;
                true
            }
        };
        if !self.is_complete {
            return Ok(None);
        }
        std::str::from_utf8(&self.frame)
            .map(Some)
            .map_err(|_| InflateError::NotText)
    }
}

fn zstd_decoder() -> Option<Decoder<'static>> {
    let mut decoder = Decoder::new().ok()?;
    decoder
        .set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG))
        .ok()?;
    Some(decoder)
}

/// Makes room for more output.
fn grow(frame: &mut Vec<u8>) -> Result<(), InflateError> {
    if frame.len() >= MAX_FRAME {
        return Err(InflateError::TooLarge);
    }
    // No more than the step: doubled, the room would go far beyond the limit.
    frame.reserve_exact(
        frame
            .len()
            .clamp(4 << 10, 1 << 20)
            .min(MAX_FRAME - frame.len()),
    );
    Ok(())
}

fn inflate_zlib(
    stream: &mut Decompress,
    mut data: &[u8],
    frame: &mut Vec<u8>,
) -> Result<(), InflateError> {
    loop {
        if frame.len() == frame.capacity() {
            grow(frame)?;
        }
        let (read_before, room) = (stream.total_in(), frame.capacity() - frame.len());
        let written_before = frame.len();
        stream
            .decompress_vec(data, frame, FlushDecompress::Sync)
            .map_err(|_| InflateError::Corrupt)?;
        let read =
            usize::try_from(stream.total_in() - read_before).map_err(|_| InflateError::Corrupt)?;
        let written = frame.len() - written_before;
        data = data.get(read..).unwrap_or_default();
        if written < room {
            // All output was given. What is left unread then follows the end of the stream.
            return if data.is_empty() {
                Ok(())
            } else {
                Err(InflateError::Corrupt)
            };
        }
    }
}

fn inflate_zstd(
    stream: &mut Decoder<'static>,
    data: &[u8],
    frame: &mut Vec<u8>,
) -> Result<(), InflateError> {
    let mut input = InBuffer::around(data);
    loop {
        if frame.len() == frame.capacity() {
            grow(frame)?;
        }
        let (read_before, written_before) = (input.pos(), frame.len());
        let mut output = OutBuffer::around_pos(frame, written_before);
        let status = stream.run(&mut input, &mut output);
        status.map_err(|_| InflateError::Corrupt)?;
        if input.pos() == data.len() && frame.len() < frame.capacity() {
            return Ok(());
        }
        if input.pos() == read_before && frame.len() == written_before {
            return Err(InflateError::Corrupt);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compress, FlushCompress, Status};

    use super::*;

    /// What the gateway does: one compressor for a connection, flushed after each frame.
    fn zlib_frames(frames: &[&str]) -> Vec<Vec<u8>> {
        let mut compress = Compress::new(flate2::Compression::default(), true);
        frames
            .iter()
            .map(|frame| {
                let mut out = Vec::with_capacity(frame.len() + 1024);
                let status = compress
                    .compress_vec(frame.as_bytes(), &mut out, FlushCompress::Sync)
                    .unwrap();
                assert_eq!(status, Status::Ok);
                out
            })
            .collect()
    }

    fn zstd_frames(frames: &[&str]) -> Vec<Vec<u8>> {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 6).unwrap();
        frames
            .iter()
            .map(|frame| {
                encoder.write_all(frame.as_bytes()).unwrap();
                encoder.flush().unwrap();
                std::mem::take(encoder.get_mut())
            })
            .collect()
    }

    fn inflate(compression: Compression) -> Inflate {
        let mut inflate = Inflate::idle();
        inflate.reset(compression);
        inflate
    }

    #[test]
    fn one_context_serves_the_whole_connection() {
        let large = "x".repeat(300_000);
        let frames = ["{\"op\":10}", large.as_str(), "{\"op\":11}", "{\"op\":11}"];
        for (compression, packed) in [
            (Compression::Zlib, zlib_frames(&frames)),
            (Compression::Zstd, zstd_frames(&frames)),
        ] {
            let mut inflate = inflate(compression);
            for (frame, data) in frames.iter().zip(&packed) {
                assert_eq!(inflate.push(data).unwrap(), Some(*frame), "{compression:?}");
            }
            assert!(
                inflate.frame.capacity() <= 2 * KEPT,
                "the room of a large frame is given back"
            );
            inflate.reset(compression);
            assert!(
                inflate.push(&packed[2]).is_err(),
                "a later frame needs the context of the first"
            );
        }
    }

    #[test]
    fn a_zlib_frame_may_come_in_pieces() {
        let frames = [
            "{\"op\":10,\"d\":{\"heartbeat_interval\":41250}}",
            "{\"op\":11}",
        ];
        let packed = zlib_frames(&frames);
        let mut inflate = inflate(Compression::Zlib);
        let (head, tail) = packed[0].split_at(7);
        assert_eq!(inflate.push(head).unwrap(), None);
        assert_eq!(inflate.push(tail).unwrap(), Some(frames[0]));
        assert_eq!(inflate.push(&packed[1]).unwrap(), Some(frames[1]));
    }

    #[test]
    fn garbage_is_an_error() {
        for compression in [Compression::Zlib, Compression::Zstd] {
            assert_eq!(
                inflate(compression)
                    .push(b"no such thing, surely")
                    .unwrap_err(),
                InflateError::Corrupt
            );
        }
        assert_eq!(
            inflate(Compression::None).push(b"{}").unwrap_err(),
            InflateError::Unexpected
        );
        let mut packed = zlib_frames(&["abc"]).remove(0);
        packed.truncate(2);
        assert_eq!(inflate(Compression::Zlib).push(&packed).unwrap(), None);
    }

    #[test]
    fn a_bomb_is_stopped() {
        let mut compress = Compress::new(flate2::Compression::best(), true);
        let mut bomb = Vec::with_capacity(1 << 20);
        let zeros = vec![b' '; MAX_FRAME + 1];
        compress
            .compress_vec(&zeros, &mut bomb, FlushCompress::Sync)
            .unwrap();
        let mut zlib = inflate(Compression::Zlib);
        assert_eq!(zlib.push(&bomb).unwrap_err(), InflateError::TooLarge);
        assert!(zlib.frame.capacity() <= MAX_FRAME, "no more room is taken");
        let bomb = zstd::encode_all(zeros.as_slice(), 1).unwrap();
        assert_eq!(
            inflate(Compression::Zstd).push(&bomb).unwrap_err(),
            InflateError::TooLarge
        );
    }
}
