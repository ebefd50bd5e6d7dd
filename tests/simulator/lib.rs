#![doc = include_str!("README.md")]
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

pub mod picture;
pub mod random;
#[cfg(feature = "server")]
pub mod server;
pub mod snowflake;
pub mod world;
