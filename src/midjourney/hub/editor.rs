//! Vary (Region): the press opens an editor, a page of Midjourney's own application, to which the marked region is
//! posted. That answer is an attempt like any other, only that it carries no nonce: the job is known by the press.

use std::time::Duration;

use mj_discord::{
    Token,
    gateway::InteractionIframeModal,
    rest::{Headers, Request},
    snowflake::Nonce,
};

use super::{
    Hub,
    driver::Answer,
    outbox::{Bearer, Purpose},
};
use crate::{
    prompt::Prompt,
    refusal::{Detail, FailCode},
    task::{AttemptState, OpenForm, TaskId},
};

/// What stands before the editor's token in its `custom_id`.
const FRAME: &str = "MJ::iframe::";
/// How many addresses the editor is known to have had.
const ADDRESSES: u8 = 2;
/// How long the editor is left alone when it limits us without saying for how long.
const LIMITED: Duration = Duration::from_secs(5);

impl Hub {
    /// A task's press opened the editor.
    pub(super) fn editor_opened(&mut self, id: TaskId, frame: &InteractionIframeModal<'_>) {
        self.evidence(id, frame.nonce.as_ref());
        if !self.awaits_form(id) {
            return;
        }
        let has_mask = self
            .tasks
            .get(&id)
            .is_some_and(|item| item.task.work.mask.is_some());
        if !has_mask {
            return self.form_failed(id, FailCode::InvalidParameter, Detail::NeedsMask);
        }
        let token = frame.custom_id.strip_prefix(FRAME).unwrap_or_default();
        if token.is_empty() {
            return self.form_failed(id, FailCode::InteractionFailed, Detail::EditorWithoutToken);
        }
        let form = OpenForm {
            id: None,
            custom_id: token.to_owned(),
            fields: vec![("prompt".to_owned(), self.region_prompt(id))],
            opened_at: self.discord_time(),
            sent_as: None,
            missing: 0,
        };
        self.open_form(id, form);
    }

    /// What the region becomes: the caller's words, else those of the picture without its parameters, which the job
    /// has from the picture's own. Public clients send what their caller gave, or nothing.
    fn region_prompt(&self, id: TaskId) -> String {
        let Some(task) = self.tasks.get(&id).map(|item| &item.task) else {
            return String::new();
        };
        if let Some(text) = &task.work.form_text {
            return text.clone();
        }
        let parent = task.view.parent_id.and_then(|id| self.tasks.get(&id));
        let echo = parent.and_then(|parent| parent.task.view.final_prompt.as_deref());
        let prompt = Prompt::parse(echo.unwrap_or(&task.view.prompt));
        prompt.text.to_owned()
    }

    /// The post with the region, to the address that is tried now.
    pub(super) fn region_request(&self, id: TaskId, form: &OpenForm) -> Option<Request> {
        let mask = self.tasks.get(&id)?.task.work.mask.as_ref()?;
        let (_, prompt) = form.fields.first()?;
        let submit = if form.missing == 0 {
            Request::submit_region
        } else {
            Request::submit_region_by_proxy
        };
        Some(submit(&form.custom_id, &mask.name, prompt))
    }

    /// Queues it. It carries no token, and Discord's limits are not about it.
    pub(super) fn send_region(&mut self, purpose: Purpose, request: Request) {
        self.outbox
            .send(purpose, Bearer::Nobody, Token::new(""), request);
    }

    /// The editor's host answered, or did not.
    pub(super) fn region_answered(&mut self, id: TaskId, nonce: &Nonce, answer: &Answer) {
        let (status, headers) = match answer {
            Answer::Response {
                status, headers, ..
            } => (*status, headers),
            Answer::Failure { sent: false, kind } => return self.not_sent(id, nonce, *kind),
            Answer::Failure { sent: true, .. } => return self.doubt(id, nonce),
        };
        match status {
            200..=299 => self.settle_attempt(id, nonce, AttemptState::Accepted),
            // The answer to what went through may have been lost behind it.
            500..=599 => self.doubt(id, nonce),
            404 => {
                self.settle_attempt(id, nonce, AttemptState::Refused);
                self.region_address_missing(id);
            }
            429 => {
                self.settle_attempt(id, nonce, AttemptState::Refused);
                let headers = headers
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()));
                let wait = Headers::read(headers).retry_after.unwrap_or(LIMITED);
                self.send_again(id, Some(wait), FailCode::RateLimited);
            }
            _ => {
                self.settle_attempt(id, nonce, AttemptState::Refused);
                let detail = Detail::EditorRefused(status);
                self.form_failed(id, FailCode::InteractionFailed, detail);
            }
        }
    }

    /// There is no editor at this address: the other one is tried once.
    fn region_address_missing(&mut self, id: TaskId) {
        let Some(form) = self
            .tasks
            .get_mut(&id)
            .and_then(|item| item.task.work.form.as_mut())
        else {
            return;
        };
        form.missing = form.missing.saturating_add(1);
        if form.missing < ADDRESSES {
            self.form_again(id, self.now.boot);
        } else {
            self.form_failed(id, FailCode::InteractionFailed, Detail::EditorMissing);
        }
    }
}
