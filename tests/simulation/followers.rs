//! Those who follow the tasks: a named consumer of the feed, which dies now and then before it has acknowledged, and the
//! server behind the tasks' own address.

use std::collections::BTreeMap;

use mj_midjourney::{
    store::TaskStore,
    task::{Status, TaskId},
};

use crate::{network::Post, random::Random};

const NAME: &str = "site";

/// A consumer of the feed.
#[derive(Debug, Default)]
pub(crate) struct Consumer {
    /// The last cursor acknowledged.
    acknowledged: u64,
    /// Read and not acknowledged.
    pending: Vec<u64>,
    /// Of each task, how many events were acknowledged, and its status at the last.
    told: BTreeMap<TaskId, (u64, Status)>,
}

impl Consumer {
    /// Reads some of the feed and acknowledges it, all or a part, or nothing; tells what is wrong with what it read.
    pub(crate) fn read(&mut self, store: &dyn TaskStore, random: &mut Random) -> Vec<String> {
        let limit = u32::try_from(random.between(1, 100)).unwrap_or(1);
        let kept = if random.chance(100) {
            usize::try_from(random.up_to(u64::from(limit))).unwrap_or_default()
        } else {
            usize::MAX
        };
        self.take(store, limit, kept)
    }

    /// Reads all that is left.
    pub(crate) fn finish(&mut self, store: &dyn TaskStore) -> Vec<String> {
        let mut broken = Vec::new();
        loop {
            let before = self.acknowledged;
            broken.extend(self.take(store, 1_000, usize::MAX));
            if self.acknowledged == before {
                return broken;
            }
        }
    }

    fn take(&mut self, store: &dyn TaskStore, limit: u32, kept: usize) -> Vec<String> {
        let mut broken = Vec::new();
        let Ok(events) = store.events(NAME, limit) else {
            return vec!["the feed could not be read".to_owned()];
        };
        let cursors: Vec<u64> = events.iter().map(|event| event.cursor).collect();
        let is_sorted = cursors.is_sorted_by(|one, next| one < next);
        if !is_sorted || cursors.first().is_some_and(|at| *at <= self.acknowledged) {
            broken.push(format!(
                "the feed gave {cursors:?} after {}",
                self.acknowledged
            ));
        }
        if self
            .pending
            .iter()
            .zip(&cursors)
            .any(|(one, other)| one != other)
        {
            broken.push(format!(
                "the feed gave {cursors:?} instead of {:?}",
                self.pending
            ));
        }
        for event in events.iter().take(kept) {
            let told = self
                .told
                .entry(event.task.id)
                .or_insert((0, event.task.status));
            *told = (told.0 + 1, event.task.status);
            self.acknowledged = event.cursor;
        }
        if kept > 0 && store.ack(NAME, self.acknowledged).is_err() {
            broken.push("the feed took no acknowledgement".to_owned());
        }
        self.pending = cursors.into_iter().skip(kept).collect();
        broken
    }

    /// What it missed, or was told too often, of a task that is stored so.
    pub(crate) fn missed(&self, id: TaskId, revision: u64, status: Status) -> Option<String> {
        let (events, last) = self.told.get(&id).copied().unwrap_or((0, Status::NotStart));
        // Each revision is one event.
        (events != revision || last != status).then(|| {
            format!(
                "the feed told {events} of {revision} changes of task {id}, as {last:?} at last"
            )
        })
    }
}

/// The server behind the tasks' own address.
#[derive(Debug, Default)]
pub(crate) struct Receiver {
    /// The newest that was told of each task: whose, which revision, which status.
    told: BTreeMap<TaskId, (u64, u64, Status)>,
}

impl Receiver {
    /// Takes a post; tells what is wrong with it.
    pub(crate) fn take(&mut self, post: &Post) -> Option<String> {
        let told = self.told.get(&post.task).copied();
        if told.is_none_or(|(_, revision, _)| revision <= post.revision) {
            let newest = (post.epoch, post.revision, post.status);
            self.told.insert(post.task, newest);
        }
        let (epoch, revision, _) = told?;
        // Two owners' posts may cross on their way; one owner's must not.
        let is_older = epoch == post.epoch && post.revision < revision;
        is_older.then(|| {
            format!(
                "task {} was posted at revision {} after {revision}",
                post.task, post.revision
            )
        })
    }

    /// What it does not know of a task that is stored so.
    pub(crate) fn missed(&self, id: TaskId, revision: u64, status: Status) -> Option<String> {
        let told = self
            .told
            .get(&id)
            .map(|(_, revision, status)| (*revision, *status));
        (told != Some((revision, status))).then(|| {
            format!("task {id} is {status:?} at {revision}, its address was told {told:?}")
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use mj_discord::UnixMs;
    use mj_midjourney::{
        config::HubId,
        memory::MemoryStore,
        task::{Action, Task, TaskView, Work},
    };

    use super::*;
    use crate::network::Life;

    const ID: &str = "00000000000000000000000001";

    fn store_of_one() -> MemoryStore {
        let store = MemoryStore::new();
        let view = TaskView::new(
            ID.parse().unwrap(),
            Action::Imagine,
            "owls".to_owned(),
            UnixMs(1),
        );
        let task = Task {
            hub: HubId("h".repeat(32)),
            view,
            work: Work::default(),
        };
        store.submit(UnixMs(1), &[task], 10).unwrap();
        store
    }

    #[test]
    fn a_change_that_the_feed_kept_back_is_told() {
        let store = store_of_one();
        let mut consumer = Consumer::default();
        assert_eq!(consumer.finish(&store), Vec::<String>::new());
        let id = ID.parse().unwrap();
        assert_eq!(consumer.missed(id, 1, Status::NotStart), None);
        assert!(consumer.missed(id, 2, Status::NotStart).is_some());
        assert!(consumer.missed(id, 1, Status::Success).is_some());
    }

    #[test]
    fn an_event_that_comes_again_is_told() {
        let store = store_of_one();
        let mut consumer = Consumer::default();
        consumer.finish(&store);
        // As though the store had forgotten the acknowledgement.
        let forgetful = store_of_one();
        assert_eq!(consumer.finish(&forgetful).len(), 1);
    }

    #[test]
    fn an_event_that_was_not_acknowledged_must_come_again() {
        let mut consumer = Consumer::default();
        assert_eq!(consumer.take(&store_of_one(), 10, 0), Vec::<String>::new());
        consumer.pending = vec![consumer.pending[0] + 7];
        assert_eq!(consumer.take(&store_of_one(), 10, 0).len(), 1);
    }

    #[test]
    fn an_older_state_after_a_newer_one_is_told() {
        let post = |revision| Post {
            life: Life {
                process: 0,
                number: 0,
            },
            epoch: 1,
            task: ID.parse().unwrap(),
            revision,
            status: Status::NotStart,
        };
        let mut receiver = Receiver::default();
        assert_eq!(receiver.take(&post(2)), None);
        assert_eq!(receiver.take(&post(2)), None);
        assert!(receiver.take(&post(1)).is_some());
        assert_eq!(receiver.missed(post(2).task, 2, Status::NotStart), None);
        assert!(receiver.missed(post(2).task, 3, Status::NotStart).is_some());
    }
}
