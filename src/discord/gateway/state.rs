//! Where the machine can stand, and how long it stands there.

use std::time::Duration;

use super::backoff::Heart;

/// To open the socket, with TLS and the WebSocket handshake.
pub(super) const CONNECT: Duration = Duration::from_secs(10);
/// From the open socket to HELLO.
pub(super) const HELLO: Duration = Duration::from_secs(10);
/// For the identify bucket to answer.
pub(super) const PERMISSION: Duration = Duration::from_secs(10);
/// From IDENTIFY to READY, and from RESUME or the last replayed event to RESUMED.
pub(super) const LOGIN: Duration = Duration::from_secs(20);
/// Two RESUMEs are at least this far apart.
pub(super) const RESUME_SPACING: Duration = Duration::from_secs(5);
/// An identify refused for no longer than this keeps its connection.
pub(super) const SHORT_REFUSAL: Duration = Duration::from_secs(15);
/// The wait before a new IDENTIFY after Invalid Session, evenly spread.
pub(super) const INVALID_SESSION: (Duration, Duration) =
    (Duration::from_secs(1), Duration::from_secs(5));
/// The wait after 4008: half of the window that was used up.
pub(super) const RATE_LIMITED: Duration = Duration::from_secs(30);
/// The wait after 4015.
pub(super) const TOO_MANY_SESSIONS: Duration = Duration::from_secs(5 * 60);
/// RESUMEs in a row that may be refused before the session counts as lost.
pub(super) const REFUSALS: u32 = 5;

/// Each state carries what it alone knows; times are of the boot clock.
#[derive(Debug)]
pub(super) enum State {
    Waiting {
        until: Duration,
    },
    Connecting {
        deadline: Duration,
    },
    Greeting {
        deadline: Duration,
    },
    /// [`super::Action::RequestIdentify`] was given out and is unanswered.
    Permission {
        deadline: Duration,
        heart: Heart,
    },
    /// The bucket refused for a moment.
    Postponed {
        until: Duration,
        heart: Heart,
    },
    Identifying {
        deadline: Duration,
        heart: Heart,
    },
    Resuming {
        deadline: Duration,
        heart: Heart,
    },
    Live {
        since: Duration,
        heart: Heart,
    },
    Stopped,
}

impl State {
    pub(super) fn heart(&mut self) -> Option<&mut Heart> {
        match self {
            Self::Permission { heart, .. }
            | Self::Postponed { heart, .. }
            | Self::Identifying { heart, .. }
            | Self::Resuming { heart, .. }
            | Self::Live { heart, .. } => Some(heart),
            Self::Waiting { .. }
            | Self::Connecting { .. }
            | Self::Greeting { .. }
            | Self::Stopped => None,
        }
    }
}

/// How a connection is left.
#[derive(Clone, Copy)]
pub(super) enum Leave {
    /// With a close frame that keeps the session.
    Close,
    /// Without a word: the other side does not listen.
    Drop,
    /// It is already gone.
    Gone,
}
