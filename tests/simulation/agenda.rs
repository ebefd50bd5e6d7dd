//! What is going to happen, in the order of its time and, within one millisecond, of its planning.

use std::collections::BTreeMap;

/// Things to come.
#[derive(Debug)]
pub(crate) struct Agenda<T> {
    planned: BTreeMap<(u64, u64), T>,
    serial: u64,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self {
            planned: BTreeMap::new(),
            serial: 0,
        }
    }
}

impl<T> Agenda<T> {
    /// Plans something for a time in milliseconds.
    pub(crate) fn plan(&mut self, at: u64, what: T) {
        self.serial += 1;
        self.planned.insert((at, self.serial), what);
    }

    /// When the next is due.
    pub(crate) fn next(&self) -> Option<u64> {
        self.planned.keys().next().map(|(at, _)| *at)
    }

    /// The next that is due by `now`.
    pub(crate) fn pop(&mut self, now: u64) -> Option<T> {
        let (&(at, _), _) = self.planned.first_key_value()?;
        if at > now {
            return None;
        }
        self.planned.pop_first().map(|(_, what)| what)
    }
}
