//! Finished pictures that are to lie in the archive: which comes next, and when one that failed is tried again.
//!
//! One at a time, so that the archive never stands in the way of what is generated. A picture that fails goes behind
//! the others; when several in a row fail it is the archive that is out of order, and it is left alone for a while.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{
    Hub,
    driver::{Archived, Output},
};
use crate::task::{Status, TaskId};

/// Pause after the first failure of a picture; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(4 * 3_600);
/// How often a picture is tried, over some three days.
const TRIES: u32 = 26;
/// From so many failures in a row on, everything waits.
const IN_A_ROW: u32 = 3;
/// How many pictures may wait; beyond, the oldest are given up.
const MOST: usize = 5_000;

/// A picture by its task and its place among the task's.
type Place = (TaskId, usize);

/// What waits to be archived.
#[derive(Debug, Default)]
pub(super) struct Archiving {
    waiting: BTreeMap<Place, Waiting>,
    /// The same, by when each may be tried, and of those by age.
    order: BTreeSet<(Duration, Place)>,
    /// The picture that the driver works at, with its name.
    under_way: Option<(Place, String)>,
    failed_in_a_row: u32,
    paused_until: Duration,
}

#[derive(Clone, Copy, Debug, Default)]
struct Waiting {
    /// On the boot clock.
    due: Duration,
    tries: u32,
}

impl Archiving {
    /// How many pictures wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether a task has pictures that wait: it must not be forgotten.
    pub(super) fn concerns(&self, task: TaskId) -> bool {
        let places = (task, 0)..=(task, usize::MAX);
        self.waiting.range(places).next().is_some()
    }

    fn put(&mut self, place: Place, waiting: Waiting) {
        self.remove(place);
        self.waiting.insert(place, waiting);
        self.order.insert((waiting.due, place));
    }

    fn remove(&mut self, place: Place) -> Option<Waiting> {
        let waiting = self.waiting.remove(&place)?;
        self.order.remove(&(waiting.due, place));
        Some(waiting)
    }

    /// The picture that comes next, and when.
    fn next(&self) -> Option<(Duration, Place)> {
        if self.under_way.is_some() {
            return None;
        }
        let (due, place) = self.order.first()?;
        Some(((*due).max(self.paused_until), *place))
    }

    /// The last try of a picture failed.
    fn failed(&mut self, place: Place, now: Duration) {
        self.failed_in_a_row += 1;
        if self.failed_in_a_row >= IN_A_ROW {
            self.paused_until = now + pause(self.failed_in_a_row - IN_A_ROW + 1);
        }
        if let Some(waiting) = self.remove(place) {
            let tries = waiting.tries + 1;
            let due = now + pause(tries);
            if tries < TRIES {
                self.put(place, Waiting { due, tries });
            }
        }
    }

    /// The archive works, or may work again.
    fn recovered(&mut self) {
        self.failed_in_a_row = 0;
        self.paused_until = Duration::ZERO;
    }
}

/// The pause after so many failures, from 1.
fn pause(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    FIRST_PAUSE
        .saturating_mul(1 << doublings)
        .min(LONGEST_PAUSE)
}

impl Hub {
    /// A task has ended, or was found ended: its pictures are archived where that is wanted.
    pub(super) fn note_pictures(&mut self, id: TaskId) {
        if self.config.archive.is_none() {
            return;
        }
        let Some(item) = self.tasks.get(&id) else {
            return;
        };
        let view = &item.task.view;
        if view.status != Status::Success {
            return;
        }
        for (at, image) in view.images.iter().enumerate() {
            if image.file.is_none() && !image.url.is_empty() {
                let place = (id, at);
                if !self.archiving.waiting.contains_key(&place) {
                    self.archiving.put(place, Waiting::default());
                }
            }
        }
        while self.archiving.waiting.len() > MOST
            && let Some((oldest, _)) = self.archiving.waiting.first_key_value()
        {
            let oldest = *oldest;
            self.archiving.remove(oldest);
        }
    }

    /// The configuration has changed: pictures may be wanted that were not, or lie where nobody could write before.
    pub(super) fn reconsider_pictures(&mut self) {
        self.archiving.recovered();
        self.archiving.waiting.clear();
        self.archiving.order.clear();
        let ended: Vec<TaskId> = self.closed.iter().map(|(_, id)| *id).collect();
        for id in ended {
            self.note_pictures(id);
        }
    }

    /// The next picture to archive, if it is time.
    pub(super) fn next_archive(&mut self) -> Option<Output> {
        if self.draining {
            return None;
        }
        loop {
            let (due, place) = self.archiving.next()?;
            if due > self.now.boot {
                return None;
            }
            let (task, at) = place;
            let image = self
                .tasks
                .get(&task)
                .and_then(|item| item.task.view.images.get(at))
                .filter(|image| image.file.is_none());
            let Some(image) = image.cloned() else {
                self.archiving.remove(place);
                continue;
            };
            self.archiving.under_way = Some((place, image.filename.clone()));
            return Some(Output::Archive {
                task,
                place: at,
                image,
            });
        }
    }

    /// When [`Hub::next_archive`] has something, on the boot clock.
    pub(super) fn archive_due(&self) -> Option<Duration> {
        if self.draining {
            return None;
        }
        self.archiving.next().map(|(due, _)| due)
    }

    /// What became of a picture.
    pub(super) fn picture_archived(&mut self, task: TaskId, at: usize, archived: Archived) {
        let place = (task, at);
        let Some((_, filename)) = self
            .archiving
            .under_way
            .take_if(|(under_way, _)| *under_way == place)
        else {
            return;
        };
        match archived {
            Archived::Failed => self.archiving.failed(place, self.now.boot),
            Archived::Gone => {
                self.archiving.remove(place);
            }
            Archived::At(file) => {
                self.archiving.recovered();
                self.archiving.remove(place);
                let image = self
                    .tasks
                    .get_mut(&task)
                    .and_then(|item| item.task.view.images.get_mut(at))
                    // A task may have got another picture meanwhile.
                    .filter(|image| image.filename == filename);
                if let Some(image) = image {
                    image.file = Some(file);
                    self.outbox.mark(task, false);
                } else {
                    self.note_pictures(task);
                }
            }
        }
    }
}
