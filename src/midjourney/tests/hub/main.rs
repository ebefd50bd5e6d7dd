//! The hub on a scripted clock, over the store in memory, with hand-written messages in Midjourney's forms.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    missing_debug_implementations,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod accounts;
mod archive;
mod buttons;
mod cancels;
mod catching_up;
mod clocks;
mod commands;
mod disorder;
mod doubt;
mod forms;
mod imagine;
mod notes;
mod outages;
mod pictures;
mod post;
mod refusals;
mod regions;
mod seeds;
mod stops;
mod takeover;
mod traps;
mod truth;
mod unseen;
mod verdicts;
mod videos;
mod world;
