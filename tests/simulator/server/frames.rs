//! When message events were handed to their sockets, to the microsecond: what delays are measured from.

use std::collections::VecDeque;
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::world::ConnectionId;

/// Frames kept; older ones are forgotten.
const LIMIT: usize = 10_000;
/// How the frames begin that are kept: Discord's order of keys, as the world writes it.
const BEGINNINGS: [&str; 2] = [r#"{"t":"MESSAGE_CREATE""#, r#"{"t":"MESSAGE_UPDATE""#];

#[derive(Debug)]
struct Frame {
    /// Unix microseconds.
    at: u64,
    connection: ConnectionId,
    text: String,
}

/// The newest frames of message events, in the order in which they were sent.
#[derive(Debug, Default)]
pub(super) struct Frames(Mutex<VecDeque<Frame>>);

impl Frames {
    /// Keeps a frame that is about to be written, when it is a message's.
    pub(super) fn about_to_send(&self, connection: ConnectionId, text: &str) {
        if !BEGINNINGS.iter().any(|start| text.starts_with(start)) {
            return;
        }
        let text = text.to_owned();
        let mut frames = self.0.lock();
        if frames.len() == LIMIT {
            frames.pop_front();
        }
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let at = u64::try_from(since.as_micros()).unwrap_or(u64::MAX);
        frames.push_back(Frame {
            at,
            connection,
            text,
        });
    }

    /// The frames so far, which are then forgotten.
    pub(super) fn take(&self) -> Value {
        let frames = std::mem::take(&mut *self.0.lock());
        frames.iter().map(Frame::json).collect()
    }
}

impl Frame {
    fn json(&self) -> Value {
        let frame: Value = serde_json::from_str(&self.text).unwrap_or_default();
        json!({
            "at_us": self.at, "connection": self.connection.0, "t": frame["t"], "s": frame["s"],
            "message_id": frame["d"]["id"], "content": frame["d"]["content"],
        })
    }
}
