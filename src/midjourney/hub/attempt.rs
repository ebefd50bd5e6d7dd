//! Attempts once they have left: what Discord answered, which of them are made once more, and which are forgotten.

use std::time::Duration;

use mj_discord::{UnixMs, rest::Outcome, snowflake::Nonce};

use super::{
    Hub,
    driver::{Answer, FailureKind},
    finish::Ending,
    outbox::Bearer,
};
use crate::{
    account::AccountState,
    queue::Lane,
    refusal::{AnswerRow, Detail, FailCode, Remedy},
    task::{Attempt, AttemptState, OpenForm, Stage, Status, TaskId},
};

/// Waiting times between attempts that did not reach Discord: doubled each time, from the first to the last.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(30);
/// "Unknown Application" and "Unknown Channel".
const UNKNOWN_APPLICATION: u64 = 10_002;
const UNKNOWN_CHANNEL: u64 = 10_003;
/// How many refused attempts of a task are kept.
const REFUSED: usize = 16;

/// How long to wait after so many failures in a row.
pub(super) fn backoff(failures: u32) -> Duration {
    FIRST_RETRY
        .saturating_mul(1 << failures.saturating_sub(1).min(16))
        .min(LAST_RETRY)
}

/// What an answer means for the account that asked; none when it says nothing of it.
pub(super) fn account_state(outcome: &Outcome, now: UnixMs) -> Option<AccountState> {
    let AnswerRow { code, remedy, .. } = *AnswerRow::of(outcome)?;
    match remedy {
        Remedy::Disable => Some(AccountState::Disabled { code }),
        Remedy::Pause(usual) => Some(AccountState::Paused {
            code,
            until: now.plus(outcome.retry_after().unwrap_or(usual)),
        }),
        Remedy::Again | Remedy::Fail | Remedy::Refresh | Remedy::Search | Remedy::Upload => None,
    }
}

impl Hub {
    /// What became of a task's POST.
    pub(super) fn attempt_answered(
        &mut self,
        id: TaskId,
        nonce: &Nonce,
        bearer: &Bearer,
        answer: &Answer,
    ) {
        let ended_at = self.discord_time();
        let Some(attempt) = self.attempt_mut(id, nonce) else {
            return;
        };
        attempt.ended_at = Some(ended_at);
        let is_open = matches!(attempt.state, AttemptState::Sending | AttemptState::InDoubt);
        self.outbox.mark(id, false);
        self.set_holder(id);
        if !is_open {
            // An event told before the answer that it arrived.
            if matches!(
                answer,
                Answer::Response {
                    status: 200..=299,
                    ..
                }
            ) {
                self.note_taken(id);
            }
            return;
        }
        if bearer == &Bearer::Nobody {
            return self.region_answered(id, nonce, answer);
        }
        if let Some(response) = answer.response() {
            if let Some(item) = self.tasks.get_mut(&id) {
                item.task.work.unsent = 0;
            }
            return self.attempt_outcome(id, nonce, bearer, &response.outcome);
        }
        match answer {
            Answer::Failure { sent: false, kind } => self.not_sent(id, nonce, *kind),
            Answer::Failure { .. } | Answer::Response { .. } => self.doubt(id, nonce),
        }
    }

    fn attempt_outcome(&mut self, id: TaskId, nonce: &Nonce, bearer: &Bearer, outcome: &Outcome) {
        let Some(row) = AnswerRow::of(outcome) else {
            self.settle_attempt(id, nonce, AttemptState::Accepted);
            self.note_taken(id);
            self.await_sign(id);
            self.mend_lost_form(id);
            return;
        };
        if row.remedy == Remedy::Search {
            self.doubt(id, nonce);
            return;
        }
        self.settle_attempt(id, nonce, AttemptState::Refused);
        if self.is_form(id, nonce) {
            return self.form_refused(id, bearer, outcome);
        }
        let Bearer::Account(account) = bearer else {
            return;
        };
        let told = outcome.retry_after();
        let code = row.code;
        match row.remedy {
            // The limiter holds the account back; another one may be free.
            Remedy::Again if code == FailCode::RateLimited && self.may_go_elsewhere(id) => {
                self.wait_again(id, None);
            }
            Remedy::Again => self.send_again(id, told, code),
            Remedy::Fail => {
                let detail = detail_of(outcome).map(|detail| self.words(detail));
                self.finish_failed(id, code, detail, Ending::NeverSent);
            }
            Remedy::Disable | Remedy::Pause(_) => {
                if let Some(state) = account_state(outcome, self.now.unix) {
                    let reason = detail_of(outcome).map(|detail| self.words(detail));
                    self.refused_with_account(id, account, state, reason);
                }
            }
            Remedy::Refresh => self.outdated(id),
            Remedy::Upload => self.uploads_lost(id),
            Remedy::Search => {}
        }
    }

    /// The account can not be used; the task goes to another one, where it may.
    fn refused_with_account(
        &mut self,
        id: TaskId,
        account: &str,
        state: AccountState,
        reason: Option<String>,
    ) {
        self.wait_again(id, None);
        self.stop_account(account, state, reason);
        self.leave_account(account);
        self.fail_hopeless();
    }

    /// The command's version is an old one: it is read again, and the task tries once more.
    fn outdated(&mut self, id: TaskId) {
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        if std::mem::replace(&mut item.was_outdated, true) {
            self.finish_failed(id, FailCode::CommandOutdated, None, Ending::NeverSent);
            return;
        }
        let sent_at = item
            .task
            .work
            .attempts
            .last()
            .map(|attempt| attempt.at)
            .unwrap_or_default();
        if self.commands.read_at > sent_at {
            self.wait_again(id, None);
        } else {
            self.release_slot(id);
            self.await_commands(id);
        }
    }

    /// The attempt never left this machine: it is counted and not kept, since an outage may be long.
    pub(super) fn not_sent(&mut self, id: TaskId, nonce: &Nonce, kind: FailureKind) {
        self.settle_attempt(id, nonce, AttemptState::Refused);
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        let work = &mut item.task.work;
        let is_form = |form: &OpenForm| form.sent_as.as_ref() == Some(nonce);
        let is_form = work.form.as_ref().is_some_and(is_form);
        let attempts = &mut work.attempts;
        let at = attempts.iter().position(|attempt| attempt.nonce == *nonce);
        if let Some(at) = at.filter(|_| !is_form) {
            attempts.remove(at);
            item.made.remove(at);
        }
        let unsent = item.task.work.unsent.saturating_add(1);
        item.task.work.unsent = unsent;
        let wait = (kind != FailureKind::Withheld).then(|| backoff(unsent));
        self.set_holder(id);
        self.send_again(id, wait, FailCode::UpstreamError);
    }

    /// Attempts that were refused, or proven absent, made nothing; of many only the last are kept, by which their
    /// notices are known when they come once more.
    pub(super) fn forget_refused(&mut self, id: TaskId) {
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        let is_refused = |attempt: &Attempt| {
            matches!(attempt.state, AttemptState::Refused | AttemptState::Absent)
        };
        let work = &mut item.task.work;
        while work.attempts.iter().filter(|it| is_refused(it)).count() > REFUSED {
            let Some(at) = work.attempts.iter().position(is_refused) else {
                return;
            };
            work.attempts.remove(at);
            item.made.remove(at);
            work.forgotten = work.forgotten.saturating_add(1);
        }
    }

    /// The task waits to be sent once more, or fails with `code` when its time-out comes first.
    pub(super) fn send_again(&mut self, id: TaskId, wait: Option<Duration>, code: FailCode) {
        let not_before = wait.map(|wait| self.now.unix.plus(wait));
        let deadline = self
            .tasks
            .get(&id)
            .map(|item| item.task.work.deadline)
            .unwrap_or_default();
        if not_before.is_some_and(|at| at >= deadline) {
            self.finish_failed(id, code, None, Ending::NeverSent);
        } else {
            self.wait_again(id, not_before);
        }
    }

    /// Puts a task back into the queue; its key and its place among the running are given up. Not so one of which an
    /// earlier attempt has turned out to have arrived.
    pub(super) fn wait_again(&mut self, id: TaskId, not_before: Option<UnixMs>) {
        if self.tasks.get(&id).is_some_and(|item| {
            item.task.view.status != Status::Modal && item.task.work.has_arrived()
        }) {
            return;
        }
        if self.has_unsent_form(id) {
            let due = not_before.map_or(self.now.boot + FIRST_RETRY, |at| self.now.boot_at(at));
            return self.form_again(id, due);
        }
        self.release_slot(id);
        self.release_key(id);
        let account = self.account_for(id);
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        if item.task.view.status.is_terminal() {
            return;
        }
        item.task.work.not_before = not_before;
        item.task.view.not_before = not_before;
        item.task.view.stage = not_before.map(|_| Stage::WaitingToRetry);
        let (lane, priority) = (Lane::of(&item.task.work), item.task.work.priority);
        self.queue.insert(id, account, lane, priority, not_before);
        self.outbox.mark(id, false);
        if item.task.work.cancel_requested {
            self.cancel_unsent(id);
        }
    }

    /// A waiting task is not looked at before a time.
    pub(super) fn delay(&mut self, id: TaskId, not_before: UnixMs) {
        let account = self.account_for(id);
        let Some(work) = self.tasks.get(&id).map(|item| &item.task.work) else {
            return;
        };
        let (lane, priority) = (Lane::of(work), work.priority);
        self.queue
            .insert(id, account, lane, priority, Some(not_before));
    }

    pub(super) fn attempt_mut(&mut self, id: TaskId, nonce: &Nonce) -> Option<&mut Attempt> {
        let attempts = &mut self.tasks.get_mut(&id)?.task.work.attempts;
        attempts.iter_mut().find(|attempt| attempt.nonce == *nonce)
    }

    /// What is known of an attempt has become certain.
    pub(super) fn settle_attempt(&mut self, id: TaskId, nonce: &Nonce, state: AttemptState) {
        let Some(attempt) = self.attempt_mut(id, nonce) else {
            return;
        };
        attempt.state = state;
        self.doubts.remove(&id);
        if matches!(state, AttemptState::Refused | AttemptState::Absent) {
            self.forget_refused(id);
        }
        if state == AttemptState::Refused {
            self.give_up_late_final(id);
        }
        self.set_holder(id);
        self.outbox.mark(id, false);
    }

    /// A task that ended while its request was under way holds a key for a picture that will not come, when that was
    /// refused.
    fn give_up_late_final(&mut self, id: TaskId) {
        let has_ended = self
            .tasks
            .get(&id)
            .is_some_and(|item| item.task.view.status.is_terminal());
        if has_ended && (self.first_attempt(id).is_none() || self.has_unsent_form(id)) {
            self.release_key(id);
        }
    }
}

/// What an answer tells beside its meaning.
fn detail_of(outcome: &Outcome) -> Option<Detail> {
    match outcome {
        Outcome::BadRequest { code, .. }
        | Outcome::Forbidden { code }
        | Outcome::NotFound { code } => (*code > 0).then_some(Detail::DiscordCode(*code)),
        Outcome::UnknownApplication => Some(Detail::DiscordCode(UNKNOWN_APPLICATION)),
        Outcome::UnknownChannel => Some(Detail::DiscordCode(UNKNOWN_CHANNEL)),
        Outcome::ReverseProxy { status }
        | Outcome::ServerError { status, .. }
        | Outcome::Unexpected { status } => Some(Detail::Status(*status)),
        Outcome::Accepted
        | Outcome::CaptchaRequired
        | Outcome::Cloudflare { .. }
        | Outcome::InvalidPermissions
        | Outcome::OutdatedCommand
        | Outcome::RateLimited { .. }
        | Outcome::Unauthorized => None,
    }
}
