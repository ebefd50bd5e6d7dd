//! Why the gateway closed a connection, and what that means for the session.
//!
//! The numbers and names are those of Discord's "Gateway Close Event Codes"; 4006, 4015 and 4016 are not in it.

use std::fmt;

/// What to do with the session after a close code.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum CloseAction {
    /// The session lives: connect again and RESUME.
    Resume,
    /// The session lives, but we were too fast: wait, then RESUME.
    ResumeLater,
    /// The session is gone: IDENTIFY a new one.
    Reidentify,
    /// The session is gone and the account has too many: minutes of waiting, then IDENTIFY. The operator should know.
    LongWait,
    /// Connecting again with the same settings can not work.
    Fatal,
}

/// A gateway close code.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CloseCode(pub u16);

impl CloseCode {
    /// Sent by us when we go away and mean to resume: neither 1000 nor 1001, which end the session.
    pub const RESUMABLE: Self = Self(4000);

    /// What to do with the session.
    pub fn action(self) -> CloseAction {
        match self.0 {
            4003 | 4005 | 4006 | 4007 | 4009 => CloseAction::Reidentify,
            4008 => CloseAction::ResumeLater,
            4004 | 4010..=4014 | 4016 => CloseAction::Fatal,
            4015 => CloseAction::LongWait,
            _ => CloseAction::Resume,
        }
    }

    /// Whether a new connection makes sense without a person changing something.
    pub fn can_reconnect(self) -> bool {
        self.action() != CloseAction::Fatal
    }

    /// Whether it says that we sent something wrong: worth a line in the log.
    pub fn is_our_mistake(self) -> bool {
        matches!(self.0, 4001..=4003 | 4005 | 4007 | 4008 | 4010..=4013)
    }

    /// Discord's name for it, in lower case.
    pub fn name(self) -> &'static str {
        match self.0 {
            1000 => "normal closure",
            1001 => "going away",
            1006 => "abnormal closure",
            4000 => "unknown error",
            4001 => "unknown opcode",
            4002 => "decode error",
            4003 => "not authenticated",
            4004 => "authentication failed",
            4005 => "already authenticated",
            4006 => "session no longer valid",
            4007 => "invalid sequence",
            4008 => "rate limited",
            4009 => "session timed out",
            4010 => "invalid shard",
            4011 => "sharding required",
            4012 => "invalid API version",
            4013 => "invalid intents",
            4014 => "disallowed intents",
            4015 => "too many sessions",
            4016 => "connection request canceled",
            _ => "unlisted code",
        }
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0, self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_action() {
        use CloseAction::{Fatal, LongWait, Reidentify, Resume, ResumeLater};
        let table = [
            (1000, Resume),
            (1001, Resume),
            (1006, Resume),
            (1011, Resume),
            (4000, Resume),
            (4001, Resume),
            (4002, Resume),
            (4003, Reidentify),
            (4004, Fatal),
            (4005, Reidentify),
            (4006, Reidentify),
            (4007, Reidentify),
            (4008, ResumeLater),
            (4009, Reidentify),
            (4010, Fatal),
            (4011, Fatal),
            (4012, Fatal),
            (4013, Fatal),
            (4014, Fatal),
            (4015, LongWait),
            (4016, Fatal),
            (4017, Resume),
            (4999, Resume),
        ];
        for (code, action) in table {
            assert_eq!(CloseCode(code).action(), action, "{code}");
            assert_eq!(CloseCode(code).can_reconnect(), action != Fatal, "{code}");
        }
    }

    #[test]
    fn shows_number_and_name() {
        assert_eq!(CloseCode(4014).to_string(), "4014 (disallowed intents)");
        assert_eq!(CloseCode(4999).to_string(), "4999 (unlisted code)");
    }
}
