//! Modals: with remix mode on, a button opens a form with the prompt in it. We send it back as it came, so that the
//! button does what its name says.

use std::time::Duration;

use mj_discord::{
    gateway::InteractionModal,
    payload::Component,
    rest::{Interactor, Request},
    snowflake::InteractionId,
};

use super::{
    Hub, Made,
    finish::Ending,
    outbox::{Bearer, Purpose},
};
use crate::{
    refusal::FailCode,
    task::{Attempt, AttemptState, Status, TaskId},
    transition,
};

/// Component type of a text input.
const TEXT_INPUT: u8 = 4;

/// A form on its way back.
#[derive(Debug)]
pub(super) struct Form {
    id: InteractionId,
    custom_id: String,
    fields: Vec<(String, String)>,
    /// Not before this reading of the boot clock: the press that opened it may not be answered yet.
    pub due: Duration,
}

impl Hub {
    /// A task's press opened a form.
    pub(super) fn modal_opened(&mut self, modal: &InteractionModal<'_>) {
        let Some(nonce) = &modal.nonce else { return };
        let Some(id) = self.correlator.task_of_nonce(nonce) else {
            return;
        };
        self.evidence(id, Some(nonce));
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        // A second copy of the event, or one that a successor gets again: the form was, or may have been, sent.
        if item.task.view.status != Status::Submitted {
            return;
        }
        let mut fields = Vec::new();
        collect(&modal.components, &mut fields);
        if fields.is_empty() {
            let reason = "the button opens a form that needs an answer".to_owned();
            self.finish_failed(
                id,
                FailCode::InteractionFailed,
                Some(reason),
                Ending::NeverSent,
            );
            return;
        }
        if !transition::advance(self.now.unix, &mut item.task.view, Status::Modal) {
            return;
        }
        self.outbox.mark(id, false);
        let form = Form {
            id: modal.id,
            custom_id: modal.custom_id.as_ref().to_owned(),
            fields: fields
                .into_iter()
                .map(|(name, text)| (name.to_owned(), text.to_owned()))
                .collect(),
            due: self.now.boot,
        };
        self.forms.insert(id, form);
    }

    /// Sends the forms back that may leave now.
    pub(super) fn send_forms(&mut self) {
        for (id, mut form) in std::mem::take(&mut self.forms) {
            let is_wanted = self
                .tasks
                .get(&id)
                .is_some_and(|item| item.task.view.status == Status::Modal);
            if !is_wanted {
                continue;
            }
            match self.send_form(id, &form) {
                Ok(()) => {}
                Err(Some(until)) => {
                    form.due = until;
                    self.forms.insert(id, form);
                }
                Err(None) => {
                    let reason = "the form could not be sent: the account cannot be used";
                    self.finish_failed(
                        id,
                        FailCode::AccountDisabled,
                        Some(reason.to_owned()),
                        Ending::NeverSent,
                    );
                }
            }
        }
    }

    /// Sends a form back, or tells when to try again, if ever.
    fn send_form(&mut self, id: TaskId, form: &Form) -> Result<(), Option<Duration>> {
        let task = &self.tasks.get(&id).ok_or(None)?.task;
        let known = task
            .view
            .account
            .clone()
            .zip(task.work.user_id)
            .zip(task.work.application_id);
        let ((account, user), application) = known.ok_or(None)?;
        let own_session = self.gates.own_session_of(user).map(str::to_owned);
        let session_id = self.session_for(&account, own_session.as_deref());
        let nonce = self.nonce();
        let by = Interactor {
            application,
            guild: Some(self.guild_of(&account)),
            channel: self.channel_of(Some(&account)),
            session_id: &session_id,
            nonce: &nonce,
        };
        let fields: Vec<(&str, &str)> = form
            .fields
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
            .collect();
        let request = Request::modal(by, form.id, &form.custom_id, &fields);
        let attempt = Attempt {
            nonce: nonce.clone(),
            at: self.discord_time(),
            epoch: self.epoch,
            state: AttemptState::Sending,
            interaction_id: None,
            ended_at: None,
            own_session,
        };
        let bearer = Bearer::Account(account);
        self.request(Purpose::Attempt(id, nonce.clone()), bearer, request)?;
        let serial = self.next_serial();
        if let Some(item) = self.tasks.get_mut(&id) {
            item.task.work.attempts.push(attempt);
            item.made.push(Made {
                serial,
                at: Some(self.now.boot),
            });
        }
        self.correlator.bind_nonce(id, &nonce);
        self.set_holder(id);
        self.outbox.mark(id, true);
        Ok(())
    }
}

/// The text inputs with the texts that they came with.
fn collect<'m>(components: &'m [Component<'_>], into: &mut Vec<(&'m str, &'m str)>) {
    for component in components {
        if component.kind == TEXT_INPUT
            && let (Some(custom_id), Some(value)) =
                (component.custom_id.as_deref(), component.value.as_deref())
        {
            into.push((custom_id, value));
        }
        collect(&component.components, into);
    }
}
