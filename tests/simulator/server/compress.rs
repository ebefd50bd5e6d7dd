//! Transport compression of the gateway: one context for the whole connection, flushed after each message.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use tokio_tungstenite::tungstenite::Message;

/// What the query's `compress` asked for.
pub(super) enum Compressor {
    Plain,
    Zlib(ZlibEncoder<Vec<u8>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Compressor {
    pub(super) fn new(query: &str) -> io::Result<Self> {
        let asked = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("compress="));
        Ok(match asked {
            Some("zlib-stream") => Self::Zlib(ZlibEncoder::new(Vec::new(), Compression::default())),
            Some("zstd-stream") => Self::Zstd(zstd::stream::write::Encoder::new(Vec::new(), 3)?),
            _ => Self::Plain,
        })
    }

    /// One gateway message as one WebSocket message.
    pub(super) fn message(&mut self, text: String) -> io::Result<Message> {
        match self {
            Self::Plain => Ok(Message::text(text)),
            Self::Zlib(encoder) => {
                encoder.write_all(text.as_bytes())?;
                // A sync flush: the message ends 00 00 ff ff.
                encoder.flush()?;
                Ok(Message::binary(std::mem::take(encoder.get_mut())))
            }
            Self::Zstd(encoder) => {
                encoder.write_all(text.as_bytes())?;
                encoder.flush()?;
                Ok(Message::binary(std::mem::take(encoder.get_mut())))
            }
        }
    }
}

/// Compression of one message by itself, as `compress` of identify asks for.
pub(super) fn packet(text: &str) -> io::Result<Message> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes())?;
    Ok(Message::binary(encoder.finish()?))
}
