//! The task store on SQLite, inside processes that belong to somebody else.
//!
//! One database for each state directory, one connection for each process, used by all its threads under the fork
//! gate. What the methods mean is said by `mj_midjourney::store`; this room knows how they survive forks, kills, full
//! disks and foreign hands on the files. It decides nothing about tasks.
#![forbid(unsafe_code)]

mod connection;
mod encoding;
mod failure;
mod feed;
mod leases;
mod notices;
mod owning;
mod poll;
mod reading;
mod row;
mod schema;
mod seal;
mod sealing;
mod setup;
mod sqlite;
mod submitting;
mod writer;

pub use connection::DATABASE;
pub use seal::{Keyring, SealKey};
pub use setup::Incident;
pub use sqlite::{Checkpoint, SqliteStore, writer_in};
