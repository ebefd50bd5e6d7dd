//! Commands that Discord took and of which nothing is seen. Midjourney shows refusals, and that a job waits, to the
//! gateway sessions of its account alone. Where none of those is open, a command whose start everybody would have seen
//! by now is given up long before its time-out; its picture is taken all the same if it comes.

use std::time::Duration;

use super::{Hub, finish::Ending};
use crate::{
    queue::Lane,
    refusal::{Detail, FailCode},
    task::{AttemptState, Call, Status, TaskId},
};

/// How long the first sign may take. Applications answer within three seconds, and a start was never seen later than
/// that; the rest is for a slow or broken connection to Discord.
const PATIENCE: Duration = Duration::from_secs(120);

impl Hub {
    /// Discord took a task's command: from now on a sign of it is waited for.
    pub(super) fn await_sign(&mut self, id: TaskId) {
        if self.lacks_sign(id) {
            self.unseen.insert(id, self.now.boot + PATIENCE);
        }
    }

    /// Whether nothing is known of a command but that Discord took it, though everybody is shown its start.
    fn lacks_sign(&self, id: TaskId) -> bool {
        let Some(item) = self.tasks.get(&id) else {
            return false;
        };
        let (view, work) = (&item.task.view, &item.task.work);
        let is_taken = work
            .attempts
            .last()
            .is_some_and(|attempt| attempt.state == AttemptState::Accepted);
        let is_public = work.press.is_none()
            && !matches!(
                work.call,
                Call::Plain { .. } | Call::Seed { .. } | Call::Shorten
            );
        is_taken
            && is_public
            && view.status == Status::Submitted
            && view.stage.is_none()
            && work.messages.is_empty()
    }

    /// Commands end of which a sign has been waited for long enough.
    pub(super) fn end_unseen(&mut self) {
        let now = self.now.boot;
        let over: Vec<TaskId> = self
            .unseen
            .iter()
            .filter(|(_, until)| **until <= now)
            .map(|(id, _)| *id)
            .collect();
        for id in over {
            self.unseen.remove(&id);
            if !self.lacks_sign(id) || self.is_own_view(id) {
                continue;
            }
            if self.has_watched_for(PATIENCE, id) && !self.may_wait_behind_others(id) {
                let detail = Some(self.words(Detail::Unseen));
                self.finish_failed(id, FailCode::Unseen, detail, Ending::Open);
            } else {
                self.unseen.insert(id, now + PATIENCE);
            }
        }
    }

    /// Whether a gateway has been live for all of this time, and what went before was read.
    fn has_watched_for(&self, time: Duration, id: TaskId) -> bool {
        self.gates.any_live()
            && self.now.boot >= self.watched_since + time
            && self.is_caught_up(self.channel_of_task(id))
    }

    /// Whether it may be queued at Midjourney behind earlier jobs of its account, which start in their order: one that
    /// was sent after it and has been seen proves that it is not.
    fn may_wait_behind_others(&self, id: TaskId) -> bool {
        let of = |id: &TaskId| {
            let task = &self.tasks.get(id)?.task;
            let lane = Lane::of(&task.work);
            Some((task, (task.view.account.as_deref()?, lane)))
        };
        let Some(((_, whose), sent)) = of(&id).zip(self.first_attempt(id)) else {
            return false;
        };
        let ended = self.closed.iter().map(|(_, other)| other);
        let mut is_behind = false;
        for other in self.under_way.iter().chain(ended) {
            let Some((task, _)) = of(other).filter(|(_, its)| *its == whose && *other != id) else {
                continue;
            };
            let was_seen = !task.work.messages.is_empty();
            if was_seen && self.first_attempt(*other).is_some_and(|at| at > sent) {
                return false;
            }
            is_behind |= was_seen && !task.view.status.is_terminal();
        }
        is_behind
    }
}
