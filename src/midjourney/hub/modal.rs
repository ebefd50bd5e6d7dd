//! Forms: some buttons, and with remix mode on many more, open a form with the prompt in it. It is answered with the
//! caller's words, or as it came, so that the button does what its name says.
//!
//! The answer is an attempt of its own: durable before it leaves, in doubt when nothing came back. What it takes to
//! send it, or to know that it is lost, is stored with the task, so that a new owner goes on where the old one died.

use std::time::Duration;

use mj_discord::{
    gateway::InteractionModal,
    payload::Component,
    rest::{Interactor, Outcome, Request},
    snowflake::{Nonce, UserId},
};

use super::{
    Hub, Made,
    attempt::account_state,
    finish::Ending,
    gates::GateState,
    outbox::{Bearer, Purpose},
};
use crate::{
    button::Press,
    config::GatewayMode,
    refusal::{AnswerRow, Detail, FailCode},
    task::{Attempt, AttemptState, OpenForm, Status, TaskId},
    transition,
};

/// Component type of a text input.
const TEXT_INPUT: u8 = 4;
/// How long a form can be answered: an interaction's token lives 15 minutes ("Receiving and Responding", Discord's
/// documentation), less what the answer may take.
const FORM_LIFE: Duration = Duration::from_secs(15 * 60 - 30);
/// Discord's JSON error code "Unknown interaction".
const UNKNOWN_INTERACTION: u64 = 10_062;
/// How long an answer of which nothing came back is searched for.
const FORM_DOUBT: Duration = Duration::from_secs(3 * 60);
/// Until it is looked again whether a session of the account's own is there.
const OWN_VIEW_RETRY: Duration = Duration::from_secs(1);

/// A text input as it came.
struct Input {
    custom_id: String,
    text: String,
    is_optional: bool,
}

impl Hub {
    /// A task's press opened a form.
    pub(super) fn modal_opened(&mut self, modal: &InteractionModal<'_>) {
        let by_nonce = modal
            .nonce
            .as_ref()
            .and_then(|nonce| self.correlator.task_of_nonce(nonce));
        let Some(id) = by_nonce.or_else(|| self.correlator.task_of_interaction(modal.id)) else {
            return;
        };
        self.evidence(id, modal.nonce.as_ref());
        if !self.awaits_form(id) {
            return;
        }
        let Some(item) = self.tasks.get(&id) else {
            return;
        };
        let mut inputs = Vec::new();
        collect(&modal.components, &mut inputs);
        let Some(first) = inputs.first_mut() else {
            return self.form_failed(id, FailCode::InteractionFailed, Detail::FormWithoutText);
        };
        if let Some(text) = &item.task.work.form_text {
            first.text.clone_from(text);
        }
        if inputs
            .iter()
            .any(|input| !input.is_optional && input.text.trim().is_empty())
        {
            return self.form_failed(id, FailCode::InvalidPrompt, Detail::FormEmpty);
        }
        let form = OpenForm {
            id: Some(modal.id),
            custom_id: modal.custom_id.as_ref().to_owned(),
            fields: inputs
                .into_iter()
                .map(|input| (input.custom_id, input.text))
                .collect(),
            opened_at: self.discord_time(),
            sent_as: None,
            missing: 0,
        };
        self.open_form(id, form);
    }

    /// Whether a form that opens now is the first of its press: not a second copy of the event, nor one that a
    /// successor gets again.
    pub(super) fn awaits_form(&self, id: TaskId) -> bool {
        self.tasks.get(&id).is_some_and(|item| {
            (item.task.work.form.is_none() || cfg!(mj_mutation = "replay"))
                && matches!(item.task.view.status, Status::Submitted | Status::Modal)
        })
    }

    /// A form, or the editor, is to be answered.
    pub(super) fn open_form(&mut self, id: TaskId, form: OpenForm) {
        let now = self.now;
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        let view = &mut item.task.view;
        if view.status == Status::Submitted && !transition::advance(now.unix, view, Status::Modal) {
            return;
        }
        let is_cancelled = item.task.work.cancel_requested;
        item.task.work.form = Some(form);
        self.forms.insert(id, now.boot);
        self.outbox.mark(id, false);
        if is_cancelled {
            self.finish_cancelled(id, Ending::NeverSent);
        }
    }

    /// A task ends for its form; there is no job.
    pub(super) fn form_failed(&mut self, id: TaskId, code: FailCode, detail: Detail) {
        self.finish_failed(id, code, Some(self.words(detail)), Ending::NeverSent);
    }

    /// Whether a task's form is open, and its answer has certainly not gone out.
    pub(super) fn has_unsent_form(&self, id: TaskId) -> bool {
        let Some(work) = self.tasks.get(&id).map(|item| &item.task.work) else {
            return false;
        };
        let Some(form) = &work.form else {
            return false;
        };
        let sent = work
            .attempts
            .iter()
            .find(|attempt| form.sent_as.as_ref() == Some(&attempt.nonce));
        sent.is_none_or(|attempt| {
            matches!(attempt.state, AttemptState::Refused | AttemptState::Absent)
        })
    }

    /// Whether a task's press makes no job without its form, which has not come.
    pub(super) fn lacks_form(&self, id: TaskId) -> bool {
        let Some(work) = self.tasks.get(&id).map(|item| &item.task.work) else {
            return false;
        };
        let press = work.press.as_ref();
        press.is_some_and(|press| Press::read(&press.custom_id).opens_modal())
            && work.form.is_none()
            && !work.bound
    }

    /// Whether this attempt of a task is the answer to its form.
    pub(super) fn is_form(&self, id: TaskId, nonce: &Nonce) -> bool {
        let form = self
            .tasks
            .get(&id)
            .and_then(|item| item.task.work.form.as_ref());
        form.is_some_and(|form| form.sent_as.as_ref() == Some(nonce))
    }

    /// Sends the forms that may leave now.
    pub(super) fn send_forms(&mut self) {
        for (id, due) in std::mem::take(&mut self.forms) {
            let is_open = self
                .tasks
                .get(&id)
                .is_some_and(|item| item.task.view.status == Status::Modal);
            if !is_open || !self.has_unsent_form(id) {
                continue;
            }
            if due > self.now.boot {
                self.forms.insert(id, due);
                continue;
            }
            if self.has_expired(id) {
                self.press_again(id);
                continue;
            }
            match self.send_form(id) {
                Ok(()) => {}
                Err(Some(until)) => {
                    self.held_up.insert(id);
                    self.forms.insert(id, until);
                }
                Err(None) => {
                    self.form_failed(id, FailCode::AccountDisabled, Detail::FormNotSent);
                }
            }
        }
    }

    /// A request was answered: a limiter that told how long at most has perhaps changed its mind.
    pub(super) fn look_again_at_held_up(&mut self) {
        let now = self.now.boot;
        for id in std::mem::take(&mut self.held_up) {
            if let Some(due) = self.forms.get_mut(&id) {
                *due = now;
            }
            if let Some(cancelling) = self.cancels.get_mut(&id) {
                cancelling.look_again(now);
            }
            self.seeds.look_again(id, now);
        }
    }

    fn has_expired(&self, id: TaskId) -> bool {
        let form = self
            .tasks
            .get(&id)
            .and_then(|item| item.task.work.form.as_ref());
        form.is_some_and(|form| form.opened_at.plus(FORM_LIFE) <= self.discord_time())
    }

    /// Sends a form, or tells when to try again, if ever.
    fn send_form(&mut self, id: TaskId) -> Result<(), Option<Duration>> {
        let task = &self.tasks.get(&id).ok_or(None)?.task;
        let form = task.work.form.clone().ok_or(None)?;
        let known = task
            .view
            .account
            .clone()
            .zip(task.work.user_id)
            .zip(task.work.application_id);
        let ((account, user), application) = known.ok_or(None)?;
        let at_work = self.account(&account).ok_or(None)?;
        if at_work.is_disabled() {
            return Err(None);
        }
        if at_work.spaced_until > self.now.boot {
            return Err(Some(at_work.spaced_until));
        }
        let own_session = self.gates.own_session_of(user).map(str::to_owned);
        let nonce = self.nonce();
        let purpose = Purpose::Attempt(id, nonce.clone());
        let bearer = Bearer::Account(account.clone());
        if let Some(interaction) = form.id {
            let session_id = self.session_for(&account, own_session.as_deref());
            let (guild, channel) = self.place_of(id, &account, application);
            let by = Interactor {
                application,
                guild,
                channel,
                session_id: &session_id,
                nonce: &nonce,
            };
            let fields: Vec<(&str, &str)> = form
                .fields
                .iter()
                .map(|(name, text)| (name.as_str(), text.as_str()))
                .collect();
            let request = Request::modal(by, interaction, &form.custom_id, &fields);
            self.request(purpose, bearer, request)?;
        } else {
            let request = self.region_request(id, &form).ok_or(None)?;
            self.send_region(purpose, request);
        }
        self.note_form_sent(id, &account, &nonce, own_session);
        Ok(())
    }

    /// The attempt that is durable before the form leaves.
    fn note_form_sent(
        &mut self,
        id: TaskId,
        account: &str,
        nonce: &Nonce,
        own_session: Option<String>,
    ) {
        let (at, now, epoch) = (self.discord_time(), self.now, self.epoch);
        let undated = !self.knows_clock;
        let serial = self.next_serial();
        let spacing = self.config.spacing;
        if let Some(account) = self.account_mut(account) {
            account.spaced_until = now.boot + spacing;
        }
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        if let Some(form) = &mut item.task.work.form {
            form.sent_as = Some(nonce.clone());
        }
        item.task.work.attempts.push(Attempt {
            nonce: nonce.clone(),
            at,
            undated,
            epoch,
            state: AttemptState::Sending,
            interaction_id: None,
            ended_at: None,
            own_session,
        });
        item.made.push(Made {
            serial,
            at: Some(now.boot),
        });
        self.correlator.bind_nonce(id, nonce);
        self.set_holder(id);
        self.outbox.mark(id, true);
    }

    /// Discord refused the answer to a form: no job came of it.
    pub(super) fn form_refused(&mut self, id: TaskId, bearer: &Bearer, outcome: &Outcome) {
        if let Some(wait) = outcome.retry_after() {
            return self.send_again(id, Some(wait), FailCode::RateLimited);
        }
        if is_unknown(outcome) && self.was_opened_for_another_owner(id) {
            return self.press_again(id);
        }
        let code = AnswerRow::of(outcome).map_or(FailCode::InteractionFailed, |row| row.code);
        let reason = if let Outcome::BadRequest { code, .. } | Outcome::NotFound { code } = outcome
        {
            Some(self.words(Detail::FormRefused(*code)))
        } else {
            None
        };
        self.finish_failed(id, code, reason, Ending::NeverSent);
        if let Bearer::Account(name) = bearer
            && let Some(state) = account_state(outcome, self.now.unix)
        {
            self.stop_account(name, state, None);
        }
    }

    /// A form that certainly has not gone out is sent again, at `due` on the boot clock.
    pub(super) fn form_again(&mut self, id: TaskId, due: Duration) {
        let work = self.tasks.get(&id).map(|item| &item.task.work);
        if work.is_some_and(|work| work.cancel_requested) {
            return self.cancel_unsent(id);
        }
        self.forms.insert(id, due);
        self.outbox.mark(id, false);
    }

    /// The form can not be answered any more, and was not: the press that opened it made no job, so that it is pressed
    /// once more.
    fn press_again(&mut self, id: TaskId) {
        self.end_round(id);
        self.wait_again(id, None);
    }

    /// Whether the press that opened a task's form was an earlier owner's.
    fn was_opened_for_another_owner(&self, id: TaskId) -> bool {
        let attempts = self.tasks.get(&id).map(|item| &item.task.work.attempts);
        let press = attempts.and_then(|attempts| {
            let mut presses = attempts.iter().rev();
            presses.find(|attempt| attempt.state == AttemptState::Accepted)
        });
        press.is_some_and(|press| press.epoch != self.epoch)
    }

    /// No job came of the task's press, nor of its form, and none will: it may be pressed once more.
    pub(super) fn end_round(&mut self, id: TaskId) {
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        for attempt in &mut item.task.work.attempts {
            attempt.state = AttemptState::Refused;
        }
        item.task.work.form = None;
        self.forms.remove(&id);
        self.doubts.remove(&id);
        self.forget_refused(id);
        self.set_holder(id);
        self.outbox.mark(id, false);
    }

    /// Forms went to a session that is gone: their buttons are pressed once more, which makes no job by itself. Where
    /// no session will come, the tasks fail.
    pub(super) fn mend_lost_forms(&mut self) {
        let under_way = self.under_way.iter().copied();
        let lost: Vec<TaskId> = under_way.filter(|id| self.has_lost_form(*id)).collect();
        for id in lost {
            self.mend_lost_form(id);
        }
    }

    /// The same for one task.
    pub(super) fn mend_lost_form(&mut self, id: TaskId) {
        if !self.has_lost_form(id) {
            return;
        }
        if self.gates.user.state == GateState::Dead {
            return self.form_failed(id, FailCode::NeedsUserGateway, Detail::FormUnseen);
        }
        self.press_again(id);
    }

    /// Whether a press that makes no job without its form was sent to a session that shows nothing any more.
    fn has_lost_form(&self, id: TaskId) -> bool {
        let Some(item) = self.tasks.get(&id) else {
            return false;
        };
        let work = &item.task.work;
        let Some((press, last)) = work.press.as_ref().zip(work.attempts.last()) else {
            return false;
        };
        let is_known = matches!(last.state, AttemptState::Accepted | AttemptState::InDoubt);
        if !is_known || work.bound || !self.awaits_form(id) {
            return false;
        }
        let own = work
            .user_id
            .and_then(|user| self.gates.own_session_of(user));
        let is_gone = match own {
            Some(session) => last.own_session.as_deref() != Some(session),
            None => self.gates.user.state == GateState::Dead,
        };
        is_gone && Press::read(&press.custom_id).opens_modal()
    }

    /// Answers to forms that were searched for in vain: nobody knows whether they arrived.
    pub(super) fn end_form_doubts(&mut self) {
        let over: Vec<TaskId> = self
            .form_doubts()
            .filter(|(_, until)| *until <= self.now.boot)
            .map(|(id, _)| id)
            .collect();
        for id in over {
            let reason = Some(self.words(Detail::FormLost));
            self.finish_failed(id, FailCode::SubmitUnconfirmed, reason, Ending::Open);
        }
    }

    /// When the search for an answer to a form ends next.
    pub(super) fn next_form_doubt(&self) -> Option<Duration> {
        self.form_doubts().map(|(_, until)| until).min()
    }

    fn form_doubts(&self) -> impl Iterator<Item = (TaskId, Duration)> + '_ {
        self.doubts.keys().filter_map(|id| {
            let item = self.tasks.get(id)?;
            let last = item.task.work.attempts.last()?;
            let is_open = item.task.view.status == Status::Modal && !item.task.work.bound;
            (is_open && self.is_form(*id, &last.nonce)).then(|| {
                (
                    *id,
                    self.boot_of_discord_time(last.at.plus(FORM_DOUBT))
                        .max(Duration::from_millis(1)),
                )
            })
        })
    }

    /// Whether a task can only be done where its account's own session shows what follows.
    pub(super) fn needs_own_view(&self, id: TaskId) -> bool {
        let Some(work) = self.tasks.get(&id).map(|item| &item.task.work) else {
            return false;
        };
        let opens_form = work.press.as_ref().is_some_and(|press| {
            work.form_text.is_some() || Press::read(&press.custom_id).opens_modal()
        });
        opens_form || self.is_seed(id)
    }

    /// A task that needs its account's own session waits for it, or fails where none can come.
    pub(super) fn await_own_view(&mut self, id: TaskId, account: &str, user: UserId) {
        let gate = &self.gates.user;
        let is_main = self
            .config
            .accounts
            .first()
            .is_some_and(|main| main.name == account);
        let may_come = matches!(self.config.gateway, GatewayMode::User | GatewayMode::Both)
            && gate.state != GateState::Dead
            && gate.user.map_or(is_main, |of| of == user);
        if may_come {
            let at = self.now.unix.plus(OWN_VIEW_RETRY);
            self.delay(id, at);
        } else {
            let reason = Some(self.words(Detail::NeedsOwnSession));
            self.fail_unsent(id, FailCode::NeedsUserGateway, reason);
        }
    }

    /// The caller's text was for a form, and the button opened none: the task tells so.
    pub(super) fn note_unused_text(&mut self, id: TaskId) {
        let note = self.words(Detail::FormNotOpened);
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        let (view, work) = (&mut item.task.view, &item.task.work);
        let is_unused = view.status == Status::Submitted
            && work.press.is_some()
            && work.form_text.is_some()
            && work.form.is_none();
        if is_unused && !view.notes.contains(&note) {
            view.notes.push(note);
            self.outbox.mark(id, false);
        }
    }
}

/// Whether Discord does not know the interaction that is answered, or no longer.
fn is_unknown(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::BadRequest {
            code: UNKNOWN_INTERACTION,
            ..
        } | Outcome::NotFound {
            code: UNKNOWN_INTERACTION
        }
    )
}

/// The text inputs with the texts that they came with.
fn collect(components: &[Component<'_>], into: &mut Vec<Input>) {
    for component in components {
        if component.kind == TEXT_INPUT
            && let Some(custom_id) = component.custom_id.as_deref()
        {
            into.push(Input {
                custom_id: custom_id.to_owned(),
                text: component.value.as_deref().unwrap_or_default().to_owned(),
                is_optional: component.optional,
            });
        }
        collect(&component.components, into);
    }
}
