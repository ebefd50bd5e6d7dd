//! How tasks end, and what becomes of the keys they hold: given up, or held by a tombstone for a picture that is late.

use std::time::Duration;

use mj_discord::{
    cdn::AttachmentUrl,
    payload::{Attachment, Message},
    snowflake::MessageId,
};

use super::Hub;
use crate::{
    prompt,
    queue::Lane,
    read::Reading,
    refusal::{Detail, FailCode, Lang, with_detail},
    store::Write,
    task::{AttemptState, Image, Mode, Stage, Status, TaskId, TaskView},
    transition,
};

/// How many ended tasks are remembered, beside those that hold a key.
const CLOSED: usize = 1_000;

/// What is known of the job when its task ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ending {
    /// A message said so: nothing more will come.
    ByMessage,
    /// It certainly does not exist.
    NeverSent,
    /// It may exist and may still bring a picture.
    Open,
}

impl Hub {
    /// Our own words, in the hub's language.
    pub(super) fn words(&self, detail: Detail) -> String {
        detail.words(self.config.lang)
    }

    /// The task ends without a picture. What is known beside the code stands behind its message: our words, or
    /// Midjourney's own.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers make the words for this call alone"
    )]
    pub(super) fn finish_failed(
        &mut self,
        id: TaskId,
        code: FailCode,
        detail: Option<String>,
        ending: Ending,
    ) {
        let now = self.now.unix;
        let lang = self.config.lang;
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        if !transition::advance(now, &mut item.task.view, Status::Failure) {
            return;
        }
        let view = &mut item.task.view;
        view.fail_code = Some(code);
        view.fail_reason = Some(with_detail(code, lang, detail.as_deref()));
        view.retryable = code.is_retryable();
        view.buttons.clear();
        self.counters.failed += 1;
        self.close(id, ending);
    }

    /// A task that waits in the queue fails.
    pub(super) fn fail_unsent(&mut self, id: TaskId, code: FailCode, detail: Option<String>) {
        self.finish_failed(id, code, detail, Ending::NeverSent);
    }

    /// The task ends because PHP, or a person in Discord, wanted it.
    pub(super) fn finish_cancelled(&mut self, id: TaskId, ending: Ending) {
        let now = self.now.unix;
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        if transition::advance(now, &mut item.task.view, Status::Cancel) {
            item.task.view.buttons.clear();
            self.close(id, ending);
        }
    }

    /// The picture is there; also for a task that had ended without one.
    pub(super) fn finish_succeeded(
        &mut self,
        id: TaskId,
        message: &Message<'_>,
        reading: &Reading<'_>,
    ) {
        let now = self.now.unix;
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        let ended_before = item.task.view.finished_at;
        forget_moderation(&mut item.task.view);
        if !transition::advance(now, &mut item.task.view, Status::Success) {
            return;
        }
        if let Some(at) = ended_before {
            self.closed.remove(&(at, id));
        }
        let tag = item.task.view.seed.filter(|_| item.task.work.seed_is_tag);
        let view = &mut item.task.view;
        view.progress = 100;
        view.message_id = Some(message.id);
        item.task.work.message_flags = message.flags.unwrap_or(0);
        view.images = reading.pictures.iter().map(image).collect();
        view.buttons.clone_from(&reading.buttons);
        if let Some(job) = reading.job {
            view.job_id = Some(job.to_string());
        }
        if let Some(echo) = reading.prompt {
            view.final_prompt = Some(without_tag(echo, tag));
            view.seed = view.seed.or_else(|| prompt::seed(echo));
        }
        view.mode = reading.mode.or(view.mode);
        self.counters.succeeded += 1;
        if ended_before.is_none() {
            self.note_duration(id);
        }
        self.close(id, Ending::ByMessage);
    }

    /// Everything that goes with an end.
    pub(super) fn close(&mut self, id: TaskId, ending: Ending) {
        self.queue.remove(id);
        self.release_slot(id);
        self.doubts.remove(&id);
        self.deletions.remove(&id);
        self.stops.remove(&id);
        self.cancels.remove(&id);
        self.forms.remove(&id);
        self.notes.remove(&id);
        self.unseen.remove(&id);
        self.pressing.remove(&id);
        self.seeds.forget(id);
        self.held_up.remove(&id);
        self.awaiting_commands.remove(&id);
        self.end_preparation(id);
        let late_final = self.config.late_final;
        let now = self.now.unix;
        let has_no_job = self.lacks_form(id);
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        self.deadlines.remove(&(item.task.work.deadline, id));
        let view = &mut item.task.view;
        view.stage = view.stage.filter(|stage| *stage == Stage::Stopped);
        view.estimated_at = None;
        view.not_before = None;
        let may_exist = item.task.work.attempts.iter().any(|attempt| {
            matches!(
                attempt.state,
                AttemptState::Sending | AttemptState::Accepted | AttemptState::InDoubt
            )
        });
        let may_come = ending == Ending::Open && may_exist && !has_no_job;
        if may_come && self.correlator.holds_key(id) {
            let until = now.plus(late_final);
            item.task.work.key_held_until = Some(until);
            self.tombstones.insert((until, id));
        } else {
            item.task.work.key_held_until = None;
            self.release_key(id);
        }
        self.note_closed(id);
        self.outbox.mark(id, false);
    }

    /// Remembers an ended task for what may still come.
    pub(super) fn note_closed(&mut self, id: TaskId) {
        let Some(item) = self.tasks.get(&id) else {
            return;
        };
        let messages: Vec<MessageId> = item.task.work.messages.clone();
        let ended = item.task.view.finished_at.unwrap_or_default();
        let until = ended.plus(self.config.late_final);
        if until > self.now.unix && awaits_late_final(&item.task.view) {
            self.late.insert((until, id));
        }
        self.closed.insert((ended, id));
        self.note_pictures(id);
        self.set_holder(id);
        for message in messages {
            self.sightings.forget(message);
        }
    }

    /// Forgets the oldest of too many ended tasks, once they are written.
    pub(super) fn forget_closed(&mut self) {
        while self.closed.len() > CLOSED {
            let Some(&(at, oldest)) = self.closed.iter().find(|(_, id)| {
                !self.correlator.holds_key(*id)
                    && !self.outbox.is_dirty(*id)
                    && !self.is_answer_awaited(*id)
                    && !self.archiving.concerns(*id)
            }) else {
                break;
            };
            self.closed.remove(&(at, oldest));
            self.tasks.remove(&oldest);
            self.correlator.forget(oldest);
        }
    }

    /// The task no longer counts as running.
    pub(super) fn release_slot(&mut self, id: TaskId) {
        let name = self
            .tasks
            .get(&id)
            .and_then(|item| item.task.view.account.clone());
        if let Some(account) = name.and_then(|name| self.account_mut(&name)) {
            account.running.remove(&id);
        }
        self.retired.retain(|account| !account.running.is_empty());
    }

    /// The task counts as running, also when it was taken for one that was never sent.
    pub(super) fn take_slot(&mut self, id: TaskId) {
        let Some(item) = self.tasks.get(&id) else {
            return;
        };
        let lane = Lane::of(&item.task.work);
        let name = item.task.view.account.clone();
        if let Some(account) = name.and_then(|name| self.account_mut(&name)) {
            account.running.insert(id, lane);
        }
    }

    /// The task gives up its key, and the next one that waits for it may go.
    pub(super) fn release_key(&mut self, id: TaskId) {
        if let Some(item) = self.tasks.get_mut(&id)
            && let Some(until) = item.task.work.key_held_until.take()
        {
            self.tombstones.remove(&(until, id));
            self.outbox.mark(id, false);
        }
        for key in self.correlator.give_up_keys(id) {
            self.queue.release(&key);
        }
    }

    /// Tombstones whose time is over give up their keys.
    pub(super) fn end_tombstones(&mut self) {
        while self
            .late
            .first()
            .is_some_and(|(until, _)| *until <= self.now.unix)
        {
            self.late.pop_first();
        }
        while let Some(&(until, id)) = self.tombstones.first() {
            if until > self.now.unix {
                break;
            }
            self.tombstones.pop_first();
            self.release_key(id);
        }
    }

    /// Tasks whose time is over end.
    pub(super) fn end_overdue(&mut self) {
        while let Some(&(deadline, id)) = self.deadlines.first() {
            if deadline > self.now.unix {
                break;
            }
            self.deadlines.pop_first();
            self.time_out(id);
        }
    }

    fn time_out(&mut self, id: TaskId) {
        self.take_back(id);
        let Some(item) = self.tasks.get(&id) else {
            return;
        };
        let last = if item.task.work.has_arrived() {
            Some(AttemptState::Accepted)
        } else {
            item.task.work.attempts.last().map(|attempt| attempt.state)
        };
        let is_seen = item.task.view.status != Status::Submitted;
        if item.task.view.stage == Some(Stage::Moderated) {
            let reason = item.task.work.moderated.clone();
            self.finish_failed(id, FailCode::Moderated, reason, Ending::Open);
            return;
        }
        match last {
            Some(AttemptState::InDoubt | AttemptState::Sending) if !is_seen => {
                let reason = Some(self.words(Detail::AnswerLost));
                self.finish_failed(id, FailCode::SubmitUnconfirmed, reason, Ending::Open);
            }
            Some(AttemptState::InDoubt | AttemptState::Sending | AttemptState::Accepted) => {
                let (code, reason) = if is_seen || self.is_own_view(id) {
                    (FailCode::Timeout, None)
                } else {
                    (FailCode::Unseen, Some(self.words(Detail::Unseen)))
                };
                self.finish_failed(id, code, reason, Ending::Open);
            }
            Some(AttemptState::Refused | AttemptState::Absent) | None => {
                let (code, reason) = self.held_back(id).unwrap_or_else(|| {
                    (FailCode::Timeout, Some(self.words(Detail::WaitedToBeSent)))
                });
                self.finish_failed(id, code, reason, Ending::NeverSent);
            }
        }
    }
}

/// Progress in time.
impl Hub {
    /// How long a job of the task's kind and speed usually takes, by its account's earlier ones.
    fn usual_duration(&self, view: &TaskView, wanted: Option<Mode>) -> Option<Duration> {
        let account = self.any_account(view.account.as_deref()?)?;
        let mode = view.mode.or(wanted).unwrap_or(Mode::Fast);
        account.health.durations.usual(view.action, mode)
    }

    /// Tells when the task will probably end: by its account's earlier jobs at first, and the more by its own pace the
    /// further it is.
    pub(super) fn estimate(&mut self, id: TaskId) {
        let now = self.now.unix;
        let estimate = || {
            let task = &self.tasks.get(&id)?.task;
            let usual = self.usual_duration(&task.view, task.work.wanted_mode)?;
            let began = task.view.started_at?;
            let done = u32::from(task.view.progress.min(99));
            let by_pace = now.since(began).saturating_mul(100) / done.max(1);
            let whole = (usual.saturating_mul(100 - done) + by_pace.saturating_mul(done)) / 100;
            Some(began.plus(whole).max(now))
        };
        let estimated_at = estimate();
        if let Some(item) = self.tasks.get_mut(&id) {
            item.task.view.estimated_at = estimated_at;
        }
    }

    /// How long a job took tells how long the next will.
    fn note_duration(&mut self, id: TaskId) {
        let Some(item) = self.tasks.get(&id) else {
            return;
        };
        let view = &item.task.view;
        let Some((account, began)) = view.account.clone().zip(view.started_at) else {
            return;
        };
        let took = self.now.unix.since(began);
        let mode = view.mode.or(item.task.work.wanted_mode);
        let (action, mode) = (view.action, mode.unwrap_or(Mode::Fast));
        let Some(account) = self
            .accounts
            .iter_mut()
            .find(|known| known.config.name == account)
        else {
            return;
        };
        account.health.durations.note(action, mode, took);
        account.full_until = Duration::ZERO;
        let health = account.health.clone();
        self.outbox.write(Write::Account(health));
    }
}

/// Moderators hold the task no longer.
pub(super) fn forget_moderation(view: &mut TaskView) {
    if view.stage != Some(Stage::Moderated) {
        return;
    }
    view.stage = None;
    view.buttons.clear();
    view.notes.retain(|note| {
        ![Lang::En, Lang::Zh]
            .iter()
            .any(|lang| note.starts_with(FailCode::Moderated.message(*lang)))
    });
}

/// Whether the view shows this already.
pub(super) fn set<T: PartialEq>(field: &mut T, value: T) -> bool {
    let is_new = *field != value;
    if is_new {
        *field = value;
    }
    is_new
}

/// The prompt as PHP sees it.
pub(super) fn without_tag(echo: &str, tag: Option<u32>) -> String {
    tag.map_or_else(
        || echo.to_owned(),
        |seed| prompt::strip_seed(echo, seed).into_owned(),
    )
}

/// Whether a late picture would still be the task's.
pub(super) fn awaits_late_final(view: &TaskView) -> bool {
    view.status == Status::Failure
        && view
            .fail_code
            .is_some_and(transition::leaves_room_for_a_late_final)
}

fn image(file: &Attachment<'_>) -> Image {
    Image {
        url: file.url.as_ref().to_owned(),
        width: file.width,
        height: file.height,
        size: file.size,
        content_type: file.content_type.as_deref().map(str::to_owned),
        expires_at: AttachmentUrl::parse(&file.url).and_then(|url| url.expires_at()),
        filename: file.filename.as_ref().to_owned(),
        file: None,
    }
}
