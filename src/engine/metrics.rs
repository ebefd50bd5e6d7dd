//! Counters and histograms: what an owner counts ([`Meter`]), and how any process shows it ([`page()`]).
//!
//! Labels have few values: never a task, an account, a prompt or anything that a caller or Discord words freely.

mod family;
mod meter;
mod page;

pub(crate) use self::{
    family::*,
    meter::{Meter, Totals},
    page::page,
};
