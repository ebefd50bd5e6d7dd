//! How to log in, and what of a session outlives its connection and its process.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::Interest;
use crate::{Hosts, Token, UnixMs};

/// GUILDS | `GUILD_MESSAGES` | `DIRECT_MESSAGES` | `MESSAGE_CONTENT`. The last is privileged: without the grant the gateway
/// closes with 4014.
pub const INTENTS: u64 = 1 << 0 | 1 << 9 | 1 << 12 | 1 << 15;

/// `LAZY_USER_NOTES` | `NO_AFFINE_USER_IDS` | `DEDUPE_USER_OBJECTS`: they only make READY smaller (unofficial user
/// documentation, "Gateway Capabilities").
pub const CAPABILITIES: u64 = 1 << 0 | 1 << 1 | 1 << 4;

/// Who logs in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A bot.
    Bot {
        /// Which events it wants: see [`INTENTS`].
        intents: u64,
    },
    /// A user account.
    User {
        /// Which forms of events it understands: see [`CAPABILITIES`].
        capabilities: u64,
    },
}

/// Compression of everything the gateway sends on one connection.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Compression {
    /// Text frames.
    None,
    /// `compress=zlib-stream`.
    #[default]
    Zlib,
    /// `compress=zstd-stream`.
    Zstd,
}

/// What the client says that it is.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Properties {
    /// The operating system.
    pub os: String,
    /// The client.
    pub browser: String,
    /// The client again.
    pub device: String,
}

impl Default for Properties {
    fn default() -> Self {
        Self {
            os: std::env::consts::OS.to_owned(),
            browser: "mj".to_owned(),
            device: "mj".to_owned(),
        }
    }
}

/// How to log in and where.
#[derive(Clone, Debug)]
pub struct Config {
    /// The token, raw for both kinds: the `Bot ` of REST does not belong into IDENTIFY.
    pub token: Token,
    /// Who logs in.
    pub kind: Kind,
    /// Where.
    pub hosts: Hosts,
    /// The gateway's version.
    pub version: u8,
    /// The compression asked for.
    pub compression: Compression,
    /// What the client says that it is.
    pub properties: Properties,
    /// Which messages matter.
    pub interest: Interest,
    /// How old a stored session may be to be resumed. Discord keeps one "a few minutes"; what a refused RESUME costs
    /// is one connection.
    pub session_max_age: Duration,
}

impl Config {
    /// A bot with the intents that watching Midjourney needs, on gateway version 10.
    pub fn bot(token: Token) -> Self {
        Self::new(token, Kind::Bot { intents: INTENTS }, 10)
    }

    /// A user account with few capabilities, on gateway version 9, as users' clients do.
    pub fn user(token: Token) -> Self {
        Self::new(
            token,
            Kind::User {
                capabilities: CAPABILITIES,
            },
            9,
        )
    }

    fn new(token: Token, kind: Kind, version: u8) -> Self {
        Self {
            token,
            kind,
            hosts: Hosts::default(),
            version,
            compression: Compression::default(),
            properties: Properties::default(),
            interest: Interest::default(),
            session_max_age: Duration::from_secs(3 * 60),
        }
    }

    /// The query of every gateway address, the same for a new session and for RESUME.
    pub(crate) fn query(&self) -> String {
        let compress = match self.compression {
            Compression::None => "",
            Compression::Zlib => "&compress=zlib-stream",
            Compression::Zstd => "&compress=zstd-stream",
        };
        format!("v={}&encoding=json{compress}", self.version)
    }
}

/// A session as stored, so that another connection or another process can resume it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Session {
    /// Its id, also named in interactions.
    pub session_id: String,
    /// The number of the last event seen.
    pub sequence: u64,
    /// Where Discord wants it resumed.
    #[serde(default)]
    pub resume_gateway_url: Option<String>,
    /// When it was identified.
    pub identified_at: UnixMs,
    /// When the gateway was last heard.
    pub seen_at: UnixMs,
}
