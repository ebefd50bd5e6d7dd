//! The first thing that a gateway says, for one who only looks whether it is there and never logs in.

use std::time::Duration;

use super::{
    config::Compression,
    envelope::{self, Frame},
    event::Interest,
    inflate::Inflate,
};

/// How often a gateway wants a heartbeat, told by the text of its first frame; `None` when that is no HELLO.
pub fn read_hello(text: &str) -> Option<Duration> {
    match envelope::read(text, &Interest::new([], [])) {
        Some(Frame::Hello { heartbeat_interval }) => {
            Some(Duration::from_millis(heartbeat_interval))
        }
        Some(
            Frame::Dispatch { .. }
            | Frame::HeartbeatRequest
            | Frame::Reconnect
            | Frame::InvalidSession { .. }
            | Frame::HeartbeatAck
            | Frame::Unknown,
        )
        | None => None,
    }
}

/// As [`read_hello`], where `compress=zlib-stream` was asked for and the frame came as binary data.
pub fn inflate_hello(data: &[u8]) -> Option<Duration> {
    let mut inflate = Inflate::idle();
    inflate.reset(Compression::Zlib);
    read_hello(inflate.push(data).ok()??)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression as Level, write::ZlibEncoder};

    use super::*;

    const HELLO: &str =
        r#"{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250,"_trace":["x"]}}"#;

    #[test]
    fn reads_hello_as_text_and_compressed() {
        let interval = Some(Duration::from_millis(41_250));
        assert_eq!(read_hello(HELLO), interval);
        let mut encoder = ZlibEncoder::new(Vec::new(), Level::default());
        encoder.write_all(HELLO.as_bytes()).unwrap();
        encoder.flush().unwrap();
        assert_eq!(inflate_hello(encoder.get_ref()), interval);
    }

    #[test]
    fn nothing_else_is_hello() {
        assert_eq!(read_hello(r#"{"op":11,"d":null}"#), None);
        assert_eq!(read_hello("<html>"), None);
        assert_eq!(inflate_hello(HELLO.as_bytes()), None);
        assert_eq!(inflate_hello(&[]), None);
    }
}
