//! Cancelling what PHP wants cancelled: at once where nothing was sent, by the live Cancel Job button where one is known,
//! else at once with a tombstone, since the picture may still come.

use std::time::Duration;

use mj_discord::{
    rest::{Interactor, Request},
    snowflake::{MessageId, Nonce},
};

use super::{
    Hub,
    finish::Ending,
    outbox::{Bearer, Purpose},
};
use crate::{
    button::{self, Press},
    task::{AttemptState, TaskId},
};

/// How long "(Stopped)" may take after the press.
const STOP_WAIT: Duration = Duration::from_secs(10);

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
        {
            self.cancel_unsent(id);
            return;
        }
        if self.draining || !self.press_cancel(id) {
            self.finish_cancelled(id, Ending::Open);
            return;
        }
        self.cancels.insert(id, self.now.boot + STOP_WAIT);
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

    /// Presses the live Cancel Job button, where the account can see one; tells whether it could.
    fn press_cancel(&mut self, id: TaskId) -> bool {
        let Some((message, flags, custom_id)) = self.cancel_button(id) else {
            return false;
        };
        let Some(item) = self.tasks.get(&id) else {
            return false;
        };
        let Some((account, user)) = item.task.view.account.clone().zip(item.task.work.user_id)
        else {
            return false;
        };
        let Some(application) = item.task.work.application_id else {
            return false;
        };
        let own_session = self.gates.own_session_of(user).map(str::to_owned);
        let session_id = self.session_for(&account, own_session.as_deref());
        let nonce: Nonce = self.nonce();
        let by = Interactor {
            application,
            guild: Some(self.guild_of(&account)),
            channel: self.channel_of(Some(&account)),
            session_id: &session_id,
            nonce: &nonce,
        };
        let request = Request::component(by, message, flags, 2, &custom_id, &[]);
        self.request(Purpose::Cancel(id), Bearer::Account(account), request)
            .is_ok()
    }

    fn cancel_button(&self, id: TaskId) -> Option<(MessageId, u64, String)> {
        let task = &self.tasks.get(&id)?.task;
        task.work.messages.iter().rev().find_map(|message| {
            let message = self.sightings.message(*message)?;
            let buttons = button::read_buttons(&message.components);
            let cancel = buttons
                .into_iter()
                .find(|button| Press::read(&button.custom_id) == Press::Cancel)?;
            Some((message.id, message.flags.unwrap_or(0), cancel.custom_id))
        })
    }

    /// The press was answered. Whether the job stopped is told by a message.
    pub(super) fn cancel_answered(&mut self, id: TaskId, was_accepted: bool) {
        if !was_accepted && self.cancels.contains_key(&id) {
            self.finish_cancelled(id, Ending::Open);
        }
    }

    /// No "(Stopped)" came: the task is cancelled all the same.
    pub(super) fn end_cancels(&mut self) {
        let now = self.now.boot;
        let over: Vec<TaskId> = self
            .cancels
            .iter()
            .filter(|(_, until)| **until <= now)
            .map(|(id, _)| *id)
            .collect();
        for id in over {
            self.cancels.remove(&id);
            self.finish_cancelled(id, Ending::Open);
        }
    }
}
