//! The gateway session as a machine without socket and clock.

mod config;
mod envelope;
mod event;

pub use self::{
    config::{CAPABILITIES, Compression, Config, INTENTS, Kind, Properties, Session},
    event::{
        Dispatch, Event, Interaction, InteractionFailure, InteractionIframeModal, InteractionModal, Interest,
        MessageDelete, MessageDeleteBulk, Ready,
    },
};
