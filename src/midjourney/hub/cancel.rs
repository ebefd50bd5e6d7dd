//! Cancelling what PHP wants cancelled: at once where nothing was sent; by the live Cancel Job button where there is
//! one or will be within seconds; else at once with a tombstone, since the picture may still come.

use std::time::Duration;

use mj_discord::{
    payload::Message,
    rest::{Interactor, Outcome, Request},
    snowflake::Nonce,
};

use super::{
    Hub,
    driver::Answer,
    finish::{Ending, set},
    outbox::{Bearer, Purpose},
};
use crate::{
    button::Press,
    read::Reading,
    task::{AttemptState, PressRequest, Status, TaskId},
};

/// How long "(Stopped)" may take after the press.
const STOP_WAIT: Duration = Duration::from_secs(10);
/// How long it may take until the button can be pressed: until its message comes, the account's other requests are
/// answered, and its limits let us.
const PRESS_WAIT: Duration = Duration::from_secs(15);

/// A task that PHP wants cancelled, and that may have a job.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cancelling {
    /// It ends at this reading of the boot clock, whatever happens.
    until: Duration,
    /// The button is pressed at this reading, or once its message comes; none when it was pressed.
    press_at: Option<Duration>,
}

impl Cancelling {
    /// When something may have to be done about it.
    pub(super) fn dues(&self) -> impl Iterator<Item = Duration> {
        self.press_at.into_iter().chain([self.until])
    }

    /// What held the press up may be over.
    pub(super) fn look_again(&mut self, now: Duration) {
        self.press_at = self.press_at.map(|at| at.min(now));
    }
}

impl Hub {
    /// PHP wants it cancelled.
    pub(super) fn cancel(&mut self, id: TaskId) {
        let Some(item) = self.tasks.get(&id) else {
            return;
        };
        if item.task.view.status.is_terminal() || self.cancels.contains_key(&id) {
            return;
        }
        if self.queue.contains(id)
            || self.awaiting_commands.contains(&id)
            || self.preparations.contains_key(&id)
            || self.take_back(id)
            || self.has_unsent_form(id)
        {
            self.cancel_unsent(id);
            return;
        }
        if self.draining || !self.may_be_cancelled(id) {
            self.finish_cancelled(id, Ending::Open);
            return;
        }
        let now = self.now.boot;
        let cancelling = Cancelling {
            until: now + PRESS_WAIT,
            press_at: Some(now),
        };
        self.cancels.insert(id, cancelling);
        self.press_cancels();
    }

    /// A task that waits in the queue is cancelled.
    pub(super) fn cancel_unsent(&mut self, id: TaskId) {
        self.finish_cancelled(id, Ending::NeverSent);
    }

    /// Takes an attempt back that has not left yet; tells whether there was one.
    pub(super) fn take_back(&mut self, id: TaskId) -> bool {
        let Some(pending) = self.outbox.retract(id) else {
            return false;
        };
        let now = self.now;
        if let Some(limiter) = self.limiter(&pending.bearer) {
            limiter.handle_lost(now, &pending.route);
        }
        let Purpose::Attempt(_, nonce) = pending.purpose else {
            return false;
        };
        let ended_at = self.discord_time();
        if let Some(attempt) = self.attempt_mut(id, &nonce) {
            attempt.ended_at = Some(ended_at);
        }
        self.settle_attempt(id, &nonce, AttemptState::Refused);
        true
    }

    /// Whether there is a Cancel Job button, or will be: jobs of presses have one from their first message on, which
    /// only the account's own session sees. Jobs of `/imagine` have none, as captured in June 2026.
    fn may_be_cancelled(&self, id: TaskId) -> bool {
        let Some(item) = self.tasks.get(&id) else {
            return false;
        };
        let work = &item.task.work;
        let makes_job = work
            .press
            .as_ref()
            .is_some_and(|press| Press::read(&press.custom_id).family().is_some());
        let is_seen = work
            .user_id
            .is_some_and(|user| self.gates.own_session_of(user).is_some());
        let is_begun = matches!(
            item.task.view.status,
            Status::Submitted | Status::Modal | Status::InProgress
        );
        is_begun && (work.cancel_button.is_some() || (makes_job && is_seen))
    }

    /// A message shows the button with which its job is cancelled.
    pub(super) fn learn_cancel(
        &mut self,
        id: TaskId,
        message: &Message<'_>,
        reading: &Reading<'_>,
    ) {
        let Some(button) = reading
            .buttons
            .iter()
            .find(|button| Press::read(&button.custom_id) == Press::Cancel)
        else {
            return;
        };
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        let press = PressRequest {
            message_id: message.id,
            message_flags: message.flags.unwrap_or(0),
            custom_id: button.custom_id.clone(),
            values: Vec::new(),
        };
        if set(&mut item.task.work.cancel_button, Some(press)) {
            self.outbox.mark(id, false);
        }
        if self.cancels.contains_key(&id) {
            self.press_cancels();
        }
    }

    /// Presses the buttons that can be pressed now.
    pub(super) fn press_cancels(&mut self) {
        let now = self.now.boot;
        let due: Vec<TaskId> = self
            .cancels
            .iter()
            .filter(|(_, it)| it.press_at.is_some_and(|at| at <= now))
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            let pressed = self.press_cancel(id);
            let Some(it) = self.cancels.get_mut(&id) else {
                continue;
            };
            match pressed {
                Some(Ok(())) => {
                    it.press_at = None;
                    it.until = now + STOP_WAIT;
                }
                Some(Err(Some(at))) => {
                    it.press_at = Some(at);
                    self.held_up.insert(id);
                }
                Some(Err(None)) => it.until = now,
                // Its message has not come.
                None => {}
            }
        }
    }

    /// Presses the live Cancel Job button, if it is known, or tells when to try again, if ever.
    fn press_cancel(&mut self, id: TaskId) -> Option<Result<(), Option<Duration>>> {
        let task = &self.tasks.get(&id)?.task;
        let button = task.work.cancel_button.clone()?;
        let account = task.view.account.clone()?;
        let (user, application) = task.work.user_id.zip(task.work.application_id)?;
        let own_session = self.gates.own_session_of(user).map(str::to_owned);
        let session_id = self.session_for(&account, own_session.as_deref());
        let nonce: Nonce = self.nonce();
        let (guild, channel) = self.place_of(id, &account, application);
        let by = Interactor {
            application,
            guild,
            channel,
            session_id: &session_id,
            nonce: &nonce,
        };
        let request = Request::component(
            by,
            button.message_id,
            button.message_flags,
            2,
            &button.custom_id,
            &[],
        );
        Some(self.request(Purpose::Cancel(id), Bearer::Account(account), request))
    }

    /// The press was answered. Whether the job stopped is told by a message.
    pub(super) fn cancel_answered(&mut self, id: TaskId, answer: &Answer) {
        let now = self.now.boot;
        let again = match answer.response().map(|response| response.outcome) {
            Some(outcome) if outcome == Outcome::Accepted || outcome.is_in_doubt() => return,
            Some(outcome) => outcome.retry_after(),
            // It may have arrived.
            None if matches!(answer, Answer::Failure { sent: true, .. }) => return,
            None => Some(Duration::from_secs(1)),
        };
        let Some(it) = self.cancels.get_mut(&id) else {
            return;
        };
        match again {
            Some(wait) => it.press_at = Some(now + wait),
            None => it.until = now,
        }
    }

    /// No "(Stopped)" came: the task is cancelled all the same.
    pub(super) fn end_cancels(&mut self) {
        self.press_cancels();
        let now = self.now.boot;
        let over: Vec<TaskId> = self
            .cancels
            .iter()
            .filter(|(_, it)| it.until <= now)
            .map(|(id, _)| *id)
            .collect();
        for id in over {
            self.cancels.remove(&id);
            self.finish_cancelled(id, Ending::Open);
        }
    }
}
