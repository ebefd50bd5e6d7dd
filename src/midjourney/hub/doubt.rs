//! Attempts of which nobody knows whether they arrived. They are searched for, and sent again only when proven absent:
//! the owner that made the attempt is dead or the request has ended for certain, half a minute has passed, and a
//! reading of the channel after that found nothing; and only where absence proves anything.

use std::time::Duration;

use mj_discord::{
    UnixMs,
    snowflake::{ChannelId, MessageId, Nonce, snowflake_at},
};

use super::Hub;
use crate::{
    correlate::Says,
    task::{Attempt, AttemptState, Call, Status, TaskId},
};

/// How long after the attempt a request may still arrive that its owner has let go: TCP gives up on its data 20 s after
/// the last acknowledgement (`TCP_USER_TIMEOUT`), and Discord answers within seconds.
const MAY_ARRIVE: Duration = Duration::from_secs(30);
/// When the first look into the channel is worth it: Midjourney answers within three seconds, or never.
const FIRST_LOOK: Duration = Duration::from_secs(3);

/// How long after the end of a request its job may first be seen: what Discord took in the last moment still has to
/// be answered by Midjourney.
const LAST_SIGN: Duration = Duration::from_secs(10);

impl Hub {
    /// It is open whether this attempt arrived.
    pub(super) fn doubt(&mut self, id: TaskId, nonce: &Nonce) {
        self.settle_attempt(id, nonce, AttemptState::InDoubt);
        if self
            .tasks
            .get(&id)
            .is_some_and(|item| !item.task.view.status.is_terminal())
        {
            self.doubts.insert(id, self.now.boot);
        }
    }

    /// The attempt that is in doubt.
    fn doubtful(&self, id: TaskId) -> Option<&Attempt> {
        let last = self.tasks.get(&id)?.task.work.attempts.last()?;
        (last.state == AttemptState::InDoubt).then_some(last)
    }

    /// From when on, by the boot clock, a reading can prove absence; none while the owner may still send.
    fn provable_from(&self, id: TaskId) -> Option<Duration> {
        let attempt = self.doubtful(id)?;
        let silent_since = if attempt.epoch == self.epoch {
            self.boot_of_discord_time(attempt.ended_at?)
        } else {
            let dead_since = self.dead_epochs.get(&attempt.epoch).copied();
            let dead_since =
                dead_since.or(cfg!(mj_mutation = "dead_owner").then_some(Duration::ZERO))?;
            let ended = attempt.ended_at.map(|at| self.boot_of_discord_time(at));
            ended.map_or(dead_since, |ended| ended.min(dead_since))
        };
        let earliest = if attempt.undated {
            silent_since + MAY_ARRIVE
        } else {
            self.boot_of_discord_time(attempt.at.plus(MAY_ARRIVE))
        };
        Some(earliest.max(silent_since + LAST_SIGN))
    }

    /// Whether it would be seen if it had arrived.
    fn would_be_seen(&self, id: TaskId) -> bool {
        let Some(item) = self.tasks.get(&id) else {
            return false;
        };
        let is_form = self
            .doubtful(id)
            .is_some_and(|attempt| self.is_form(id, &attempt.nonce));
        if item.task.view.status != Status::Submitted && !is_form {
            return false;
        }
        // The editor's answer carries no nonce that an event could give back.
        let is_region = is_form
            && item
                .task
                .work
                .form
                .as_ref()
                .is_some_and(|form| form.id.is_none());
        if is_region {
            return false;
        }
        if self.is_own_view(id) {
            return true;
        }
        // What only its own account is shown is not missed in what others see.
        item.task.work.press.is_none()
            && !matches!(
                item.task.work.call,
                Call::Plain { .. } | Call::Seed { .. } | Call::Shorten
            )
            && !self.maybe_queued.contains(&id)
    }

    /// Remembers which commands may have been answered by "Job queued": that there is room later proves nothing.
    fn note_limits(&mut self) {
        let doubts = &self.doubts;
        self.maybe_queued.retain(|id| doubts.contains_key(id));
        let may_be_queued = |id: &TaskId| {
            let account = self
                .tasks
                .get(id)
                .and_then(|item| item.task.view.account.as_deref())
                .and_then(|name| self.any_account(name));
            account.is_none_or(|account| account.may_be_at_limit(self.now.boot, *id))
        };
        let queued: Vec<TaskId> = doubts
            .keys()
            .filter(|id| may_be_queued(id))
            .copied()
            .collect();
        self.maybe_queued.extend(queued);
    }

    /// From when on a reading would tell more about what is in doubt in this channel.
    pub(super) fn doubt_wants_reading(&self, channel: ChannelId) -> Option<Duration> {
        let began = self
            .histories
            .get(&channel)
            .and_then(|history| history.finished)
            .map(|it| it.began);
        let wants = |(id, since): (&TaskId, &Duration)| {
            let item = self.tasks.get(id)?;
            if item.task.view.status.is_terminal() || self.channel_of_task(*id) != channel {
                return None;
            }
            let looks = [Some(*since + FIRST_LOOK), self.provable_from(*id)];
            looks
                .into_iter()
                .flatten()
                .filter(|at| began.is_none_or(|began| began < *at))
                .min()
        };
        self.doubts.iter().filter_map(wants).min()
    }

    /// Sends again what is proven absent.
    pub(super) fn conclude_doubts(&mut self) {
        if self.doubts.is_empty() {
            return;
        }
        self.note_limits();
        let absent: Vec<TaskId> = self
            .doubts
            .keys()
            .copied()
            .filter(|id| self.is_proven_absent(*id))
            .collect();
        for id in absent {
            let nonce = self.doubtful(id).map(|attempt| attempt.nonce.clone());
            if let Some(nonce) = nonce {
                self.counters.absent += 1;
                self.settle_attempt(id, &nonce, AttemptState::Absent);
                self.wait_again(id, None);
            }
        }
    }

    fn is_proven_absent(&self, id: TaskId) -> bool {
        let Some((attempt, provable_from)) = self.doubtful(id).zip(self.provable_from(id)) else {
            return false;
        };
        let Some(item) = self.tasks.get(&id) else {
            return false;
        };
        if cfg!(mj_mutation = "search") {
            return provable_from <= self.now.boot;
        }
        let channel = self.channel_of_task(id);
        let Some(finished) = self
            .histories
            .get(&channel)
            .and_then(|history| history.finished)
        else {
            return false;
        };
        finished.began >= provable_from
            && self.is_settled(channel, finished)
            && finished.from <= MessageId(snowflake_at(attempt.earliest()))
            && !item.task.work.bound
            && self.would_be_seen(id)
            && !self.may_be_seen_already(id, attempt.earliest())
    }

    /// Whether a message lies in the channel that may be its answer, since it does not tell whose it is.
    fn may_be_seen_already(&self, id: TaskId, since: UnixMs) -> bool {
        let channel = self.channel_of_task(id);
        self.sightings.unmatched().into_iter().any(|message| {
            self.sightings.facts(message).is_some_and(|(facts, _)| {
                facts.user.is_none()
                    && facts.says != Says::Nothing
                    && facts.channel == channel
                    && message.made_at() >= since
            })
        })
    }

    /// The owner of an earlier epoch is proven dead.
    pub(super) fn note_dead(&mut self, epoch: u64) {
        let now = self.now.boot;
        self.dead_epochs.entry(epoch).or_insert(now);
        self.end_requests_of_the_dead();
    }

    /// Writes down since when the requests of dead owners have ended for certain. Otherwise each owner would wait anew,
    /// and owners that live for a few seconds only would never prove anything.
    pub(super) fn end_requests_of_the_dead(&mut self) {
        if !self.knows_clock {
            return;
        }
        let ended: Vec<(TaskId, Nonce, Duration)> = self
            .doubts
            .keys()
            .filter_map(|id| {
                let attempt = self.doubtful(*id).filter(|it| it.ended_at.is_none())?;
                let dead_since = self.dead_epochs.get(&attempt.epoch)?;
                let ago = self.now.boot.saturating_sub(*dead_since);
                (attempt.epoch != self.epoch).then(|| (*id, attempt.nonce.clone(), ago))
            })
            .collect();
        for (id, nonce, ago) in ended {
            let ended_at = self.discord_time().minus(ago);
            if let Some(attempt) = self.attempt_mut(id, &nonce) {
                attempt.ended_at = Some(ended_at);
                self.set_holder(id);
                self.outbox.mark(id, false);
            }
        }
    }
}
