//! The gateway machine on a scripted clock, against a scripted gateway.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unchecked_time_subtraction,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails loudly, and its script is known"
)]

mod endings;
mod heartbeats;
mod opening;
mod payloads;
mod resuming;
mod script;
