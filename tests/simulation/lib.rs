//! The proof that nothing is lost: the real brain and gateway machines, the store's semantics, and the simulator's
//! Discord and Midjourney, several engine processes at once, all in one thread on a scripted clock and one seed.
//!
//! What is played here beside the rooms themselves is the driver (`engine/drive.rs`, `ownership.rs`, `link.rs`): its order
//! of things is repeated in `owner` and `link`, because its sockets and locks can not run on a scripted clock. The same
//! seed gives the same run; a run that breaks a promise is run again with its trace written down.
#![forbid(unsafe_code)]

mod agenda;
mod callers;
mod configuration;
mod crashes;
mod day;
mod followers;
mod link;
mod network;
mod owner;
mod play;
mod promise;
mod random;
mod stage;
mod trace;
mod verdict;
mod weather;

pub use self::{
    day::{Day, Snapshot, live},
    play::run,
    verdict::Report,
    weather::{Plan, Trouble, Without},
};
