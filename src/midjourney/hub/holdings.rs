//! How much a hub remembers: each table that could grow with time, by name.

use std::collections::BTreeMap;

use super::Hub;

impl Hub {
    /// How many entries each of the hub's tables has, by the table's name. All are bounded by what is open and by
    /// limits of their own, however long the owner lives.
    pub fn holdings(&self) -> BTreeMap<&'static str, usize> {
        let running = self.accounts.iter().map(|account| account.running.len());
        let attempts = self.tasks.all_whole().map(|(_, item)| item.made.len());
        BTreeMap::from([
            ("accounts", self.accounts.len() + self.retired.len()),
            ("archiving", self.archiving.len()),
            ("attempts", attempts.sum::<usize>()),
            ("awaiting commands", self.awaiting_commands.len()),
            ("cancels", self.cancels.len()),
            ("closed", self.closed.len()),
            ("correlator", self.correlator.len()),
            ("dead epochs", self.dead_epochs.len()),
            ("deadlines", self.deadlines.len()),
            ("deletions", self.deletions.len()),
            ("doubts", self.doubts.len() + self.maybe_queued.len()),
            ("former channels", self.former_channels.len()),
            ("forms", self.forms.len()),
            ("histories", self.histories.len()),
            ("late", self.late.len()),
            ("notes", self.notes.len()),
            ("outbox", self.outbox.len()),
            ("preparations", self.preparations.len()),
            ("queue", self.queue.len()),
            ("running", running.sum::<usize>()),
            ("seeds", self.seeds.len()),
            ("sightings", self.sightings.len()),
            ("stops", self.stops.len()),
            ("tasks", self.tasks.len()),
            ("tombstones", self.tombstones.len()),
            ("under way", self.under_way.len()),
            ("unseen", self.unseen.len()),
        ])
    }
}
