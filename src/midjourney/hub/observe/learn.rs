//! What a message teaches of a task beside its words: the keys by which the next one is known, and that its
//! interaction arrived.

use mj_discord::snowflake::Nonce;

use crate::{
    correlate::{Asked, Facts, Role, Says},
    hub::{Hub, finish::set},
    read::{Kind, Phase, Reading},
    task::{AttemptState, Call, Stage, TaskId},
};

impl Hub {
    /// Whether a notice is about an attempt that another one has followed, or that was refused already: it came twice.
    pub(super) fn is_stale(&self, id: TaskId, facts: &Facts) -> bool {
        if cfg!(mj_mutation = "replay") {
            return false;
        }
        let Some(item) = self.tasks.get(&id) else {
            return true;
        };
        let attempts = &item.task.work.attempts;
        let Some(last) = attempts.last() else {
            return false;
        };
        // The answer to a form names the press that opened it too, so the last that is named counts.
        let its_own = attempts.iter().rposition(|attempt| {
            facts.nonce.as_ref() == Some(&attempt.nonce)
                || attempt
                    .interaction_id
                    .is_some_and(|id| facts.interactions.contains(&id))
        });
        match its_own {
            Some(at) => at + 1 != attempts.len() || last.state == AttemptState::Refused,
            None => attempts.len() > 1 && facts.message.made_at() < last.at,
        }
    }

    /// Binds to a task what its message names, so that the next one is known by it.
    pub(super) fn learn(
        &mut self,
        id: TaskId,
        facts: &Facts,
        reading: &Reading<'_>,
        is_stale: bool,
    ) {
        let message = facts.message;
        let mut is_new = false;
        for interaction in &facts.interactions {
            is_new |= self.correlator.bind_interaction(id, *interaction);
        }
        let is_job = matches!(facts.says, Says::UnderWay | Says::End);
        let is_result = matches!(
            reading.kind,
            Kind::Job(Phase::Final) | Kind::Describe | Kind::Shorten
        );
        let role = if is_result {
            Role::Result
        } else {
            Role::Progress
        };
        let is_new_message = self.correlator.bind_message(id, message, role);
        is_new |= is_new_message;
        let mut has_job = false;
        if let Some(job) = facts.job.filter(|_| is_job) {
            has_job = true;
            is_new |= self.correlator.bind_job(id, job);
        }
        let binds = match self.correlator.holder(id).map(|holder| holder.asked) {
            Some(Asked::Command) => is_job && (has_job || !self.waits_for_job(id)),
            Some(Asked::Press(_)) => is_job && has_job,
            None => false,
        };
        self.has_learnt |= is_new;
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        let task = &mut item.task;
        let mut changed = false;
        if is_new_message {
            task.work.messages.push(message);
            changed = true;
        }
        if let Some(job) = facts.job.filter(|_| is_job && task.view.job_id.is_none()) {
            task.view.job_id = Some(job.to_string());
            changed = true;
        }
        if binds && !task.work.bound {
            task.work.bound = true;
            changed = true;
        }
        if changed {
            self.outbox.mark(id, false);
        }
        if binds {
            self.release_key(id);
        }
        if !is_stale {
            self.evidence(id, facts.nonce.as_ref());
            self.note_interaction(id, facts);
        }
    }

    /// Whether only the job tells an observer that a message is the task's: until it is known the key is needed.
    fn waits_for_job(&self, id: TaskId) -> bool {
        self.tasks
            .get(&id)
            .is_some_and(|item| matches!(item.task.work.call, Call::Show { .. }))
    }

    /// The attempt behind a message has an interaction, by which copies without a nonce are known.
    fn note_interaction(&mut self, id: TaskId, facts: &Facts) {
        let Some(&interaction) = facts.interactions.first() else {
            return;
        };
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        let attempts = &mut item.task.work.attempts;
        if attempts
            .iter()
            .any(|attempt| attempt.interaction_id == Some(interaction))
        {
            return;
        }
        let by_nonce = attempts
            .iter()
            .position(|attempt| facts.nonce.as_ref() == Some(&attempt.nonce));
        let at = by_nonce.or_else(|| {
            attempts
                .iter()
                .rposition(|attempt| attempt.state == AttemptState::Accepted)
        });
        if let Some(attempt) = at.and_then(|at| attempts.get_mut(at))
            && attempt.interaction_id.is_none()
        {
            attempt.interaction_id = Some(interaction);
            self.outbox.mark(id, false);
        }
    }

    /// Something proves that an attempt of the task arrived: the one with this nonce, else the last.
    pub(in crate::hub) fn evidence(&mut self, id: TaskId, nonce: Option<&Nonce>) {
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        let attempts = &mut item.task.work.attempts;
        let at = nonce
            .and_then(|nonce| attempts.iter().position(|attempt| attempt.nonce == *nonce))
            .or_else(|| {
                attempts
                    .iter()
                    .rposition(|attempt| attempt.state != AttemptState::Refused)
            })
            .or(attempts.len().checked_sub(1));
        let count = attempts.len();
        let Some(attempt) = at.and_then(|at| attempts.get_mut(at)) else {
            return;
        };
        if !set(&mut attempt.state, AttemptState::Accepted) {
            return;
        }
        self.doubts.remove(&id);
        self.outbox.mark(id, false);
        self.set_holder(id);
        if at.is_some_and(|at| at + 1 < count) {
            // One more was about to leave.
            self.take_back(id);
        }
        if self.queue.contains(id)
            || self.awaiting_commands.contains(&id)
            || self.preparations.contains_key(&id)
        {
            self.go_no_more(id);
        }
    }

    /// A task that waits to be sent once more was taken the first time.
    fn go_no_more(&mut self, id: TaskId) {
        self.queue.remove(id);
        self.awaiting_commands.remove(&id);
        self.end_preparation(id);
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        let (view, work) = (&mut item.task.view, &mut item.task.work);
        // Another account may have been chosen since.
        let sender = self
            .accounts
            .iter()
            .find(|account| work.user_id.is_some() && account.health.user_id == work.user_id);
        if let Some(sender) = sender {
            view.account = Some(sender.config.name.clone());
        }
        view.not_before = None;
        work.not_before = None;
        view.stage = view.stage.filter(|it| *it != Stage::WaitingToRetry);
        self.set_holder(id);
        self.take_slot(id);
    }
}
