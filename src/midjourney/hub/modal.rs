//! Modals: with remix mode on, a button opens a form with the prompt in it. We send it back as it came, so that the
//! button does what its name says.

use mj_discord::{
    gateway::InteractionModal,
    payload::Component,
    rest::{Interactor, Request},
};

use super::{
    Hub,
    finish::Ending,
    outbox::{Bearer, Purpose},
};
use crate::{
    refusal::FailCode,
    task::{Attempt, AttemptState, Status},
    transition,
};

/// Component type of a text input.
const TEXT_INPUT: u8 = 4;

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
        let moved = transition::advance(self.now.unix, &mut item.task.view, Status::Modal);
        let work = &item.task.work;
        let known = item
            .task
            .view
            .account
            .clone()
            .zip(work.user_id)
            .zip(work.application_id);
        let Some(((account, user), application)) = known.filter(|_| moved) else {
            return;
        };
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
        let request = Request::modal(by, modal.id, &modal.custom_id, &fields);
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
        if self
            .request(Purpose::Attempt(id, nonce.clone()), bearer, request)
            .is_err()
        {
            let reason = "the form could not be sent: the account is limited".to_owned();
            self.finish_failed(id, FailCode::RateLimited, Some(reason), Ending::NeverSent);
            return;
        }
        let serial = self.next_serial();
        if let Some(item) = self.tasks.get_mut(&id) {
            item.task.work.attempts.push(attempt);
            item.attempt_serials.push(serial);
        }
        self.correlator.bind_nonce(id, &nonce);
        self.set_holder(id);
        self.outbox.mark(id, true);
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
