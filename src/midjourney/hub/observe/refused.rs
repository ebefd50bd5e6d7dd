//! What Midjourney's notices do to a task: it fails, waits, is sent again, or is only told.

use std::time::Duration;

use mj_discord::snowflake::MessageId;

use crate::{
    account::AccountState,
    correlate::Role,
    hub::{
        Hub,
        finish::{Ending, forget_moderation},
    },
    read::Reading,
    refusal::{FailCode, Notice, Outcome, Refusal, Until, with_detail},
    task::{Attempt, AttemptState, Call, Stage, Status, TaskId, TaskView},
};

/// The same refusal again and again is waited out twice as long each time, this often.
const DOUBLINGS: u32 = 3;
/// `<t:…>` has whole seconds.
const STAMP_MARGIN: Duration = Duration::from_secs(1);
/// How many notes a task has at most.
const NOTES: usize = 16;

impl Hub {
    /// Midjourney said no, or merely something.
    pub(in crate::hub) fn refused(
        &mut self,
        id: TaskId,
        message: MessageId,
        reading: &Reading<'_>,
        refusal: &Refusal,
    ) {
        let Some(code) = refusal.code.filter(|_| refusal.outcome != Outcome::Waits) else {
            self.noticed(id, refusal);
            return;
        };
        let Some(item) = self.tasks.get(&id) else {
            return;
        };
        let account = item.task.view.account.clone();
        let status = item.task.view.status;
        let is_waiting_for_answer =
            matches!(status, Status::Submitted | Status::Modal) && !item.task.work.bound;
        if refusal.notice == Notice::Moderated {
            self.moderated(id, message, reading, refusal);
            return;
        }
        if let Some(usual) = refusal.notice.row().again.filter(|_| is_waiting_for_answer) {
            self.refused_for_now(id, refusal, code, usual);
            return;
        }
        let reason = Some(refusal.reason());
        let account = account.filter(|_| !self.is_about_a_switch(id, refusal.notice));
        if let Some((account, state)) = account.zip(self.state_after(refusal)) {
            self.stop_account(&account, state.clone(), reason.clone());
            // After a human check Midjourney may go on with what it has: no other account sends the same.
            let may_move = is_waiting_for_answer
                && status == Status::Submitted
                && code != FailCode::CaptchaRequired;
            let hands_over = may_move && self.may_hand_over(id, &account);
            if hands_over || (may_move && self.goes_on_without(id, &state)) {
                self.refuse_last_attempt(id);
                self.wait_again(id, None);
                if hands_over {
                    self.leave_account(&account);
                }
                return;
            }
        }
        self.finish_failed(id, code, reason, Ending::ByMessage);
    }

    /// Whether a notice tells what a mode, or a setting, needs that the account's plan does not have: it can be used
    /// for everything else.
    fn is_about_a_switch(&self, id: TaskId, notice: Notice) -> bool {
        let is_of_plan = matches!(
            notice,
            Notice::SubscriptionRequired | Notice::CreditsExhausted
        );
        let is_plain = self.tasks.get(&id).is_some_and(|item| {
            let work = &item.task.work;
            work.press.is_none() && matches!(work.call, Call::Plain { .. })
        });
        is_of_plan && (is_plain || self.makes_no_job(id))
    }

    /// Whether a task can still be sent whose account has got into this state: by another, or by the same in time.
    fn goes_on_without(&self, id: TaskId, state: &AccountState) -> bool {
        let deadline = self
            .tasks
            .get(&id)
            .map(|item| item.task.work.deadline)
            .unwrap_or_default();
        match state {
            AccountState::Paused { until, .. } if *until < deadline => true,
            AccountState::Usable | AccountState::Paused { .. } | AccountState::Disabled { .. } => {
                self.held_back(id).is_none()
            }
        }
    }

    /// Midjourney refused for now: the task is sent again at the time that the notice names, or after a pause that
    /// grows. While an account's queue is full, nothing is sent by it, and another one may take the task.
    fn refused_for_now(&mut self, id: TaskId, refusal: &Refusal, code: FailCode, usual: Duration) {
        let Some(item) = self.tasks.get(&id) else {
            return;
        };
        let is_refused = |attempt: &&Attempt| attempt.state == AttemptState::Refused;
        let before = item.task.work.attempts.iter().filter(is_refused).count();
        let doublings = u32::try_from(before).unwrap_or(u32::MAX).min(DOUBLINGS);
        let told = match refusal.until {
            Some(Until::At(at)) => Some(self.of_discord_time(at).since(self.now.unix)),
            Some(Until::After(after)) => Some(after),
            None => None,
        };
        // A time that is over was not meant for this.
        let told = told.filter(|wait| !wait.is_zero());
        let wait = told.map_or(usual.saturating_mul(1 << doublings), |wait| {
            wait + STAMP_MARGIN
        });
        let account = item.task.view.account.clone();
        self.refuse_last_attempt(id);
        if refusal.notice == Notice::QueueFull {
            let until = self.now.boot + wait;
            if let Some(account) = account.and_then(|name| self.account_mut(&name)) {
                account.full_until = until;
            }
            if self.may_go_elsewhere(id) {
                self.wait_again(id, None);
                return;
            }
        }
        self.send_again(id, Some(wait), code);
    }

    /// Midjourney's moderators stopped the prompt. Only a person may appeal: the task shows what they would press and
    /// waits until its time-out.
    fn moderated(
        &mut self,
        id: TaskId,
        message: MessageId,
        reading: &Reading<'_>,
        refusal: &Refusal,
    ) {
        let reason = refusal.reason();
        let note = with_detail(FailCode::Moderated, self.config.lang, Some(&reason));
        let is_known = self.correlator.task_of_message(message) == Some((id, Role::Notice));
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        if is_known && item.task.view.stage != Some(Stage::Moderated) {
            // It is over, and its message was merely edited.
            return;
        }
        item.task.work.moderated = Some(reason);
        let view = &mut item.task.view;
        view.stage = Some(Stage::Moderated);
        view.buttons.clone_from(&reading.buttons);
        view.message_id = Some(message);
        view.estimated_at = None;
        add_note(view, note);
        self.correlator.bind_message(id, message, Role::Notice);
        self.deletions.remove(&id);
        self.release_slot(id);
        self.set_holder(id);
        self.outbox.mark(id, false);
    }

    /// A notice that stops nothing.
    fn noticed(&mut self, id: TaskId, refusal: &Refusal) {
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        let view = &mut item.task.view;
        if refusal.notice == Notice::JobQueued {
            if view.status == Status::Submitted {
                view.stage = Some(Stage::Queued);
            }
            let now = self.now.boot;
            let account = view.account.clone();
            if let Some(account) = account.and_then(|name| self.account_mut(&name)) {
                account.queued_at = Some(now);
            }
        } else if refusal.notice == Notice::AppealAccepted {
            forget_moderation(view);
            self.take_slot(id);
        } else {
            self.note_warning(id, refusal);
        }
        self.outbox.mark(id, false);
    }

    /// Midjourney warns: its words are a note.
    pub(super) fn note_warning(&mut self, id: TaskId, warning: &Refusal) {
        if warning.notice == Notice::UnknownWarning
            && let Some(item) = self.tasks.get_mut(&id)
            && add_note(&mut item.task.view, warning.reason())
        {
            self.outbox.mark(id, false);
        }
    }

    /// The last attempt made no job.
    fn refuse_last_attempt(&mut self, id: TaskId) {
        if self
            .tasks
            .get(&id)
            .is_some_and(|item| item.task.work.form.is_some())
        {
            return self.end_round(id);
        }
        let nonce = self
            .tasks
            .get(&id)
            .and_then(|item| Some(item.task.work.attempts.last()?.nonce.clone()));
        if let Some(nonce) = nonce {
            self.settle_attempt(id, &nonce, AttemptState::Refused);
        }
    }
}

/// Adds a note that is not there yet; tells whether it did.
fn add_note(view: &mut TaskView, note: String) -> bool {
    let is_new = !note.is_empty() && !view.notes.contains(&note) && view.notes.len() < NOTES;
    if is_new {
        view.notes.push(note);
    }
    is_new
}
