//! Discord's language, pure: ids, payloads, the gateway session machine, REST requests as values, rate-limit
//! buckets, hosts and CDN addresses.
//!
//! Nothing in this crate reads a clock, opens a socket, starts a thread or touches a file. Time comes in as a
//! [`Moment`]; what has to be done comes out of `poll_*`.
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests pick the start instant")
)]

pub mod cdn;
pub mod close_code;
mod component;
pub mod gateway;
pub mod hosts;
mod lenient;
pub mod moment;
pub mod payload;
pub mod permissions;
pub mod rate_limit;
pub mod rest;
pub mod secret;
pub mod snowflake;

pub use close_code::{CloseAction, CloseCode};
pub use gateway::{
    Action, Compression, Config, Dispatch, Event, Gateway, Interest, Notice, Session,
};
pub use hosts::Hosts;
pub use moment::{Moment, UnixMs};
pub use rate_limit::RateLimiter;
pub use rest::{Outcome, Request};
pub use secret::Token;
