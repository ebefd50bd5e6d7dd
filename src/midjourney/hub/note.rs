//! Presses that make no job: the favourite mark and the settings. They are done when the pressed message shows the
//! change, when Midjourney says so, or when it took the interaction and nothing speaks against it. A description that
//! is read again changes in its place too, and is done only when it did.

use std::time::Duration;

use mj_discord::{
    gateway::Interaction,
    payload::Message,
    snowflake::{MessageId, Nonce},
};

use super::{
    Hub,
    answers::{prompts, settings},
    finish::Ending,
};
use crate::{
    button::Press,
    config::GatewayKind,
    read::{Kind, Reading},
    task::{Status, TaskButton, TaskId},
    transition,
};

/// How long the pressed message may take to change after Midjourney's word that the interaction is done.
const AFTER_SUCCESS: Duration = Duration::from_secs(3);
/// How long a sign may take after Discord took the interaction: an application has three seconds to answer (Discord's
/// documentation of interactions), and edits of the pressed message were captured up to seven later.
const AFTER_ACCEPTED: Duration = Duration::from_secs(15);

impl Hub {
    /// Whether a task presses what makes no job.
    pub(super) fn makes_no_job(&self, id: TaskId) -> bool {
        let press = self
            .tasks
            .get(&id)
            .and_then(|item| item.task.work.press.as_ref());
        press.is_some_and(|press| Press::read(&press.custom_id).makes_no_job())
    }

    /// Discord took the interaction of a press without a job: it is done unless something else is heard.
    pub(super) fn note_taken(&mut self, id: TaskId) {
        self.await_note(id, AFTER_ACCEPTED);
    }

    /// Midjourney says that an interaction is done.
    pub(super) fn interaction_succeeded(&mut self, interaction: &Interaction) {
        let by_nonce = |nonce: &Nonce| self.correlator.task_of_nonce(nonce);
        let id = interaction.nonce.as_ref().and_then(by_nonce);
        if let Some(id) = id.or_else(|| self.correlator.task_of_interaction(interaction.id)) {
            self.await_note(id, AFTER_SUCCESS);
        }
    }

    fn await_note(&mut self, id: TaskId, time: Duration) {
        let is_open = self
            .tasks
            .get(&id)
            .is_some_and(|item| item.task.view.status == Status::Submitted);
        if is_open && self.makes_no_job(id) {
            let until = self.now.boot + time;
            let known = self.notes.entry(id).or_insert(until);
            *known = until.min(*known);
        }
    }

    /// Presses without a job that were taken a while ago are done.
    pub(super) fn end_notes(&mut self) {
        let now = self.now.boot;
        let over: Vec<TaskId> = self
            .notes
            .iter()
            .filter(|(_, until)| **until <= now)
            .map(|(id, _)| *id)
            .collect();
        for id in over {
            self.notes.remove(&id);
            self.finish_note(id, None);
        }
    }

    /// A message that belongs to a task whose press makes no job; tells whether it was the answer.
    pub(super) fn note_answered(
        &mut self,
        id: TaskId,
        message: &Message<'_>,
        reading: &Reading<'_>,
    ) -> bool {
        let is_answer =
            matches!(reading.kind, Kind::Rated | Kind::Settings) && self.makes_no_job(id);
        if is_answer {
            let panel = (reading.kind == Kind::Settings).then_some((message, reading));
            self.finish_note(id, panel);
        }
        is_answer
    }

    /// A message was edited: what a press without a job asked for may show in it.
    pub(super) fn pressed_message_edited(
        &mut self,
        gateway: GatewayKind,
        message: &Message<'_>,
        reading: &Reading<'_>,
    ) {
        // Only edits of buttons say anything about presses.
        if reading.buttons.is_empty() {
            return;
        }
        let shown: Vec<TaskId> = self
            .pressing
            .iter()
            .filter(|(_, pressed)| **pressed == message.id)
            .map(|(id, _)| *id)
            .filter(|id| self.shows_note(*id, gateway, reading))
            .collect();
        for id in shown {
            self.evidence(id, None);
            if let Some(texts) = self.answer_texts(id, message, reading) {
                self.finish_answered(id, message, reading, texts);
                continue;
            }
            let is_panel = reading.kind == Kind::Settings;
            self.finish_note(id, is_panel.then_some((message, reading)));
        }
    }

    /// Whether an edit shows what a press asked for. A settings panel changes with each press, a description when it is
    /// read again; a favourite mark only in its own button's colour, since other presses edit the same message.
    fn shows_note(&self, id: TaskId, gateway: GatewayKind, reading: &Reading<'_>) -> bool {
        let Some(item) = self.tasks.get(&id) else {
            return false;
        };
        let Some(press) = &item.task.work.press else {
            return false;
        };
        if item.task.view.status != Status::Submitted {
            return false;
        }
        let parent = item
            .task
            .view
            .parent_id
            .and_then(|parent| self.tasks.get(&parent));
        let pressed = Press::read(&press.custom_id);
        if matches!(pressed, Press::Setting(_)) {
            return gateway == GatewayKind::User && reading.kind == Kind::Settings;
        }
        if pressed == Press::DescribeRetry {
            let before = parent.map(|parent| parent.task.view.texts.as_slice());
            return reading.kind == Kind::Describe
                && before.is_none_or(|before| before != prompts(reading));
        }
        let style_in = |buttons: &[TaskButton]| {
            let button = buttons
                .iter()
                .find(|button| button.custom_id == press.custom_id)?;
            Some(button.style)
        };
        let before = parent.and_then(|parent| style_in(&parent.task.view.buttons));
        // Primary, instead of secondary.
        style_in(&reading.buttons) == Some(1) && before != Some(1)
    }

    /// A press without a job is done.
    fn finish_note(&mut self, id: TaskId, panel: Option<(&Message<'_>, &Reading<'_>)>) {
        let now = self.now.unix;
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        let view = &mut item.task.view;
        if !transition::advance(now, view, Status::Success) {
            return;
        }
        view.progress = 100;
        if let Some((_, reading)) = panel {
            view.texts = settings(&reading.buttons);
        }
        let pressed = item.task.work.press.as_ref().map(|press| press.message_id);
        view.message_id = panel.map(|(message, _)| message.id).or(pressed);
        if let Some((message, reading)) = panel {
            view.buttons.clone_from(&reading.buttons);
            let before = item.task.work.press.as_ref().map(|it| it.message_flags);
            item.task.work.message_flags = message.flags.or(before).unwrap_or(0);
        }
        self.counters.succeeded += 1;
        self.close(id, Ending::ByMessage);
    }

    /// What is pressed by tasks that were sent and whose answer is an edit of it: those that make no job, and a
    /// description that is read again.
    pub(super) fn watch_pressed(&mut self, id: TaskId) {
        let work = self.tasks.get(&id).map(|item| &item.task.work);
        let Some(press) = work.and_then(|work| work.press.as_ref()) else {
            return;
        };
        let pressed = Press::read(&press.custom_id);
        if pressed.makes_no_job() || pressed == Press::DescribeRetry {
            self.pressing.insert(id, press.message_id);
        }
    }
}

/// Which messages are pressed by open tasks whose answer is an edit of them.
pub(super) type Pressing = std::collections::BTreeMap<TaskId, MessageId>;
