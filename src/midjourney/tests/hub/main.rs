//! The hub on a scripted clock, over the store in memory, with hand-written messages in the forms of PROTOCOL.md, 3.1.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc, reason = "tests")]

mod accounts;
mod buttons;
mod disorder;
mod doubt;
mod imagine;
mod post;
mod refusals;
mod takeover;
mod truth;
mod world;
