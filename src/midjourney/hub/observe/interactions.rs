//! What only the session shows that an interaction was sent with: that it arrived, that it failed, that it opened a
//! frame.

use mj_discord::gateway::{Interaction, InteractionFailure, InteractionIframeModal};

use crate::{
    hub::{
        Hub,
        finish::{Ending, set},
    },
    refusal::{Detail, FailCode, InteractionFailureReason, Refusal},
};

impl Hub {
    pub(super) fn interaction_seen(&mut self, interaction: &Interaction) {
        let Some(nonce) = &interaction.nonce else {
            return;
        };
        let Some(id) = self.correlator.task_of_nonce(nonce) else {
            return;
        };
        self.has_learnt |= self.correlator.bind_interaction(id, interaction.id);
        if let Some(attempt) = self.attempt_mut(id, nonce)
            && set(&mut attempt.interaction_id, Some(interaction.id))
        {
            self.outbox.mark(id, false);
        }
        self.evidence(id, Some(nonce));
        self.look_again();
    }

    pub(super) fn interaction_failed(&mut self, failure: &InteractionFailure) {
        let by_nonce = failure
            .nonce
            .as_ref()
            .and_then(|nonce| self.correlator.task_of_nonce(nonce));
        let id = by_nonce.or_else(|| {
            failure
                .id
                .and_then(|id| self.correlator.task_of_interaction(id))
        });
        let Some(id) = id else { return };
        let is_current = self.tasks.get(&id).is_some_and(|item| {
            let last = item.task.work.attempts.last();
            cfg!(mj_mutation = "replay")
                || failure.nonce.is_none()
                || last.map(|attempt| &attempt.nonce) == failure.nonce.as_ref()
        });
        if is_current {
            // Discord gave up waiting for the bot; a job that the bot began all the same must not find another task.
            self.evidence(id, failure.nonce.as_ref());
            let reason = failure
                .reason_code
                .map(|code| self.words(Detail::Failure(InteractionFailureReason(code))));
            self.finish_failed(id, FailCode::InteractionFailed, reason, Ending::Open);
        }
    }

    pub(super) fn frame_opened(&mut self, frame: &InteractionIframeModal<'_>) {
        let id = frame
            .nonce
            .as_ref()
            .and_then(|nonce| self.correlator.task_of_nonce(nonce));
        let Some(refusal) = Refusal::of_iframe(&frame.title) else {
            if let Some(id) = id {
                self.editor_opened(id, frame);
            }
            return;
        };
        let account = id
            .and_then(|id| self.tasks.get(&id)?.task.view.account.clone())
            .or_else(|| {
                self.config
                    .accounts
                    .first()
                    .map(|account| account.name.clone())
            });
        let reason = Some(refusal.reason());
        if let Some((account, state)) = account.zip(self.state_after(&refusal)) {
            self.stop_account(&account, state, reason.clone());
        }
        // After the check Midjourney may go on with what it has: no other account sends the same.
        if let Some((id, code)) = id.zip(refusal.code) {
            self.finish_failed(id, code, reason, Ending::Open);
        }
    }
}
