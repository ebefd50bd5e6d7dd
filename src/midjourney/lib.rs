//! Midjourney's language and our tasks, pure: what is sent, how the bot's messages are read, to which task they
//! belong, and the hub's brain that decides what happens next.
//!
//! Nothing in this crate reads a clock, opens a socket, starts a thread or touches a file.
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests pick the start instant")
)]

pub mod account;
pub mod application;
pub mod button;
pub mod command;
pub mod config;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod correlate;
pub mod group;
pub mod hub;
pub mod job_id;
pub mod key;
pub mod memory;
pub mod notice;
pub mod prompt;
pub mod queue;
pub mod read;
pub mod refusal;
pub mod store;
pub mod task;
pub mod transition;
