//! How jobs go: progress, stops, and what still comes when their tasks have ended.

use mj_discord::{payload::Message, snowflake::MessageId};

use super::OWN_COPY_WAIT;
use crate::{
    hub::{
        Hub,
        finish::{Ending, awaits_late_final, forget_moderation, set},
    },
    read::{Kind, Phase, Reading},
    refusal::Detail,
    task::{Stage, Status, TaskId},
    transition,
};

impl Hub {
    /// The job stopped. A person may have done that, or Midjourney, which tells its reason to the account's own session
    /// alone: what that session shows is waited for.
    pub(super) fn stopped(&mut self, id: TaskId) {
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        let is_ours = item.task.work.cancel_requested;
        if set(&mut item.task.view.stage, Some(Stage::Stopped)) {
            self.outbox.mark(id, false);
        }
        let due = self.now.boot + OWN_COPY_WAIT;
        if !is_ours && self.is_own_view(id) {
            self.stops.entry(id).or_insert(due);
        } else {
            self.end_stopped(id);
        }
    }

    /// Jobs that stopped and for which Midjourney gave no reason were stopped by a person.
    pub(in crate::hub) fn end_stops(&mut self) {
        let now = self.now.boot;
        let over: Vec<TaskId> = self
            .stops
            .iter()
            .filter(|(_, due)| **due <= now)
            .map(|(id, _)| *id)
            .collect();
        for id in over {
            self.end_stopped(id);
        }
    }

    fn end_stopped(&mut self, id: TaskId) {
        let words = self.words(Detail::StoppedInDiscord);
        if let Some(item) = self.tasks.get_mut(&id)
            && !item.task.work.cancel_requested
        {
            item.task.view.fail_reason = Some(words);
        }
        self.finish_cancelled(id, Ending::ByMessage);
    }

    pub(super) fn progress(&mut self, id: TaskId, message: MessageId, reading: &Reading<'_>) {
        let now = self.now.unix;
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        let was_moderated = item.task.view.stage == Some(Stage::Moderated);
        forget_moderation(&mut item.task.view);
        let view = &mut item.task.view;
        let mut changed = transition::advance(now, view, Status::InProgress);
        let least = if cfg!(mj_mutation = "replay") {
            0
        } else {
            view.progress
        };
        let percent = reading.percent.unwrap_or(0).min(99).max(least);
        changed |= set(&mut view.progress, percent);
        let stage = match reading.phase() {
            Some(Phase::Start) if percent == 0 => Some(Stage::WaitingToStart),
            Some(Phase::Paused) => Some(Stage::Paused),
            _ => None,
        };
        changed |= set(&mut view.stage, stage);
        changed |= set(&mut view.message_id, Some(message));
        if let Some(preview) = reading.preview() {
            changed |= set(&mut view.preview_url, Some(preview.url.as_ref().to_owned()));
        }
        if reading.mode.is_some() {
            changed |= set(&mut view.mode, reading.mode);
        }
        if was_moderated {
            self.take_slot(id);
        }
        if changed || was_moderated {
            self.estimate(id);
            self.outbox.mark(id, false);
        }
    }

    /// A message of a task that has ended: a late picture counts where the table allows it, and the buttons of a result
    /// change when they are pressed. Nothing else.
    pub(super) fn apply_to_ended(
        &mut self,
        id: TaskId,
        message: &Message<'_>,
        reading: &Reading<'_>,
    ) {
        let texts = self.answer_texts(id, message, reading);
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        let view = &mut item.task.view;
        if let Some(texts) = texts {
            if awaits_late_final(view) {
                self.finish_answered(id, message, reading, texts);
                return;
            }
            if view.status == Status::Success
                && view.message_id == Some(message.id)
                && set(&mut view.texts, texts)
            {
                self.outbox.mark(id, false);
            }
        }
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        let view = &mut item.task.view;
        let is_final = reading.kind == Kind::Job(Phase::Final) && !reading.pictures.is_empty();
        if is_final && awaits_late_final(view) {
            self.finish_succeeded(id, message, reading);
            return;
        }
        if view.status == Status::Success
            && view.message_id == Some(message.id)
            && message
                .components
                .value()
                .is_some_and(|rows| !rows.is_empty())
        {
            let mut changed = set(&mut view.buttons, reading.buttons.clone());
            if let Some(flags) = message.flags {
                changed |= set(&mut item.task.work.message_flags, flags);
            }
            if changed {
                self.outbox.mark(id, false);
            }
            return;
        }
        if matches!(reading.kind, Kind::Job(Phase::Final | Phase::Stopped)) {
            self.release_key(id);
        }
    }
}
