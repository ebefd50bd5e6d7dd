//! The driver: sockets, TLS, clocks, ownership, and the [`Engine`] facade that the PHP binding calls.
//!
//! Everything here runs either on PHP's own threads (the facade: it parses, reads and writes the store, and waits)
//! or on the one engine thread of the process (gateway, REST, lease). What is to be done is decided by the pure
//! rooms; this one only does it.
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate self as mj_engine;

mod account_setting;
mod archive;
mod attachment;
mod beside;
mod chronicle;
mod config;
#[cfg(test)]
mod crash_points;
pub mod doctor;
mod download;
mod drive;
pub mod engine;
mod environment;
pub mod error;
mod fence;
mod filter;
mod given;
mod http;
mod link;
mod log;
mod metrics;
mod network;
mod options;
mod outgoing;
mod ownership;
mod picture;
mod readable;
mod record;
mod resolver;
mod runtime;
mod setting;
mod shared;
mod socket;
mod station;
mod status;
mod submission;
#[cfg(test)]
#[path = "tests/support/mod.rs"]
mod support;
mod tls;
mod trouble;
mod tunnel;
pub mod value;
mod webhook;
mod whole_file;

pub use engine::{Engine, Host, Watch};
pub use environment::Environment;
pub use error::{EngineError, Unavailable};
pub use mj_midjourney::{
    refusal::Lang,
    task::{TaskId, TaskView},
};
pub use mj_process::Taken;
pub use record::TaskRecord;
pub use value::{Value, Wiped};
