//! The jobs in order of acceptance, numbered for ever; the oldest that ended can be forgotten.

use std::collections::{BTreeMap, VecDeque};
use std::ops::{Index, IndexMut, Range};

use super::{Job, JobState};

/// Jobs by their place: the first accepted has place 0, also when it is no longer here.
#[derive(Debug, Default)]
pub(in crate::world) struct Jobs {
    first: usize,
    kept: VecDeque<Job>,
    by_id: BTreeMap<String, usize>,
}

impl Jobs {
    /// Takes a job in and gives its place.
    pub(super) fn push(&mut self, job: Job) -> usize {
        let place = self.places().end;
        self.by_id.insert(job.id.clone(), place);
        self.kept.push_back(job);
        place
    }

    /// The job at a place; `None` when it is forgotten.
    pub(in crate::world) fn get(&self, place: usize) -> Option<&Job> {
        self.kept.get(place.checked_sub(self.first)?)
    }

    /// The place of the job with this id.
    pub(super) fn place(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// The place of the first job that fits.
    pub(super) fn position(&self, fits: impl Fn(&Job) -> bool) -> Option<usize> {
        Some(self.first + self.kept.iter().position(fits)?)
    }

    /// Places of the jobs that are here.
    pub(super) fn places(&self) -> Range<usize> {
        self.first..self.first + self.kept.len()
    }

    /// How many jobs are here.
    pub(in crate::world) fn len(&self) -> usize {
        self.kept.len()
    }

    /// Forgets the oldest jobs beyond `limit`, as long as they ended and `unused` says that nothing needs them.
    pub(super) fn forget(&mut self, limit: usize, unused: impl Fn(&Job) -> bool) {
        while self.kept.len() > limit
            && let Some(oldest) = self.kept.front()
            && oldest.state.ended()
            && unused(oldest)
        {
            self.by_id.remove(&oldest.id);
            self.kept.pop_front();
            self.first += 1;
        }
    }
}

impl Index<usize> for Jobs {
    type Output = Job;

    fn index(&self, place: usize) -> &Job {
        &self.kept[place - self.first]
    }
}

impl IndexMut<usize> for Jobs {
    fn index_mut(&mut self, place: usize) -> &mut Job {
        &mut self.kept[place - self.first]
    }
}

impl JobState {
    /// Whether nothing more comes of the job.
    fn ended(self) -> bool {
        match self {
            Self::Cancelled | Self::Failed | Self::Finished | Self::Refused => true,
            Self::Accepted | Self::Held | Self::Queued | Self::Running => false,
        }
    }
}
