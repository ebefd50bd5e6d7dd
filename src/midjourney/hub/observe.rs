//! What is seen: events of both gateways and messages read by REST go through the same door, and what they say becomes
//! true for the task they belong to. Everything here may happen twice, late, or in another order.

use std::time::Duration;

use mj_discord::{
    gateway::{Event, Interaction, InteractionFailure, InteractionIframeModal},
    payload::Message,
    snowflake::{MessageId, Nonce, UserId},
};

use super::{
    Hub,
    finish::{Ending, awaits_late_final, forget_moderation, set},
    sighting::Sighting,
};
use crate::{
    account::AccountState,
    application::Bot,
    config::GatewayKind,
    correlate::{Asked, Facts, Role, Says, Step, Verdict, View},
    read::{self, Kind, Phase, Reading},
    refusal::{
        Detail, FailCode, InteractionFailureReason, Notice, Outcome, Refusal, Until, with_detail,
    },
    task::{Attempt, AttemptState, Call, Stage, Status, TaskId, TaskView},
    transition,
};

/// How long a message waits for the user session's copy, which may know better (DESIGN.md, section 6).
pub(super) const OWN_COPY_WAIT: Duration = Duration::from_secs(2);
/// The same refusal again and again is waited out twice as long each time, this often.
const DOUBLINGS: u32 = 3;
/// `<t:…>` has whole seconds.
const STAMP_MARGIN: Duration = Duration::from_secs(1);
/// How many notes a task has at most.
const NOTES: usize = 16;

/// Where a copy of a message came from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Source {
    /// A gateway.
    Gateway(GatewayKind),
    /// The channel's history.
    Rest,
}

impl Hub {
    pub(super) fn event(&mut self, gateway: GatewayKind, event: &Event<'_>) {
        match event {
            Event::MessageCreate(message) => {
                self.note_clock(message.id.made_at());
                self.see(Source::Gateway(gateway), message);
            }
            Event::MessageUpdate(message) => self.see(Source::Gateway(gateway), message),
            Event::MessageDelete(deleted) => self.deleted(&[deleted.id]),
            Event::MessageDeleteBulk(deleted) => self.deleted(&deleted.ids),
            Event::InteractionCreate(interaction) => self.interaction_seen(interaction),
            Event::InteractionSuccess(interaction) => {
                self.interaction_seen(interaction);
                self.interaction_succeeded(interaction);
            }
            Event::InteractionFailure(failure) => self.interaction_failed(failure),
            Event::InteractionModalCreate(modal) => self.modal_opened(modal),
            Event::InteractionIframeModalCreate(frame) => self.frame_opened(frame),
            Event::Malformed { .. } => self.counters.malformed += 1,
            Event::Ready(_) | Event::Resumed | Event::Foreign => {}
        }
    }

    /// A copy of a message.
    pub(super) fn see(&mut self, source: Source, message: &Message<'_>) {
        let is_direct = self.owner_of_direct(message.channel_id).is_some();
        if !is_direct && !self.is_our_channel(message.channel_id) {
            return;
        }
        if message
            .author
            .as_ref()
            .is_some_and(|author| Bot::of(author.id.0).is_none())
        {
            return;
        }
        self.counters.messages += 1;
        if is_direct {
            return self.direct_seen(message);
        }
        let is_own_copy = source == Source::Gateway(GatewayKind::User);
        let serial = self.next_serial();
        let mut sighting = self.sightings.merge(message, is_own_copy, serial);
        let reading = read::read(&sighting.message);
        if reading.kind == Kind::Empty && !is_own_copy && message.author.is_some() {
            self.counters.empty += 1;
        }
        if let (Source::Gateway(gateway), false) = (source, self.pressing.is_empty()) {
            self.pressed_message_edited(gateway, &sighting.message, &reading);
        }
        let facts = Facts::of(&sighting.message, &reading, sighting.serial);
        self.note_life(&facts, &reading, is_own_copy);
        sighting.facts = Some(facts);
        self.place(sighting, true);
        self.look_again();
    }

    /// Finds whose a message is, does what follows, and keeps it where it belongs.
    fn place(&mut self, sighting: Sighting, may_wait: bool) {
        let Some(facts) = sighting.facts.as_ref() else {
            return;
        };
        let view = View {
            own: self.gates.own_for(sighting.has_own_copy),
            is_own_copy: sighting.has_own_copy,
            may_wait: may_wait && self.gates.own().is_some(),
        };
        match self.correlator.find(facts, view) {
            Verdict::Task(id, Step::Answer) if self.may_be_anothers(id, facts) => {
                self.sightings.keep_unmatched(sighting);
            }
            Verdict::Task(id, step) => {
                self.counters.matched(step);
                let reading = read::read(&sighting.message);
                self.apply(id, &sighting.message, &reading, facts);
                if self
                    .tasks
                    .get(&id)
                    .is_some_and(|item| !item.task.view.status.is_terminal())
                {
                    self.sightings.keep_bound(sighting);
                } else {
                    self.sightings.forget(sighting.message.id);
                }
            }
            Verdict::Wait => {
                let until = self.now.boot + OWN_COPY_WAIT;
                self.sightings.keep_waiting(sighting, until);
            }
            Verdict::Unmatched => {
                if facts.has_result_buttons {
                    self.correlator.note_foreign_result(facts.message);
                }
                self.sightings.keep_unmatched(sighting);
            }
        }
    }

    /// Whether a notice that names `/describe` and nothing else may be about another picture: its command does not tell
    /// an upload from a link, nor which upload.
    fn may_be_anothers(&self, id: TaskId, facts: &Facts) -> bool {
        let describes = |id: &TaskId| {
            let work = &self.tasks.get(id)?.task.work;
            let is_it = work.press.is_none() && matches!(work.call, Call::Describe);
            is_it.then_some((work.application_id, work.user_id))
        };
        let Some(who) = describes(&id).filter(|_| facts.says == Says::Notice) else {
            return false;
        };
        self.under_way.iter().any(|other| {
            *other != id && self.correlator.holds_key(*other) && describes(other) == Some(who)
        })
    }

    /// Looks again at what is nobody's, as long as something new has become known.
    pub(super) fn look_again(&mut self) {
        while std::mem::take(&mut self.has_learnt) {
            for id in self.sightings.unmatched() {
                let Some((facts, has_own_copy)) = self.sightings.facts(id) else {
                    continue;
                };
                let view = View {
                    own: self.gates.own_for(has_own_copy),
                    is_own_copy: has_own_copy,
                    may_wait: self.gates.own().is_some(),
                };
                if matches!(self.correlator.find(facts, view), Verdict::Task(..))
                    && let Some(sighting) = self.sightings.take(id)
                {
                    self.place(sighting, true);
                }
            }
        }
    }

    /// Messages have waited long enough for the user session's copy, or it will not come.
    pub(super) fn end_waiting(&mut self, all: bool) {
        for id in self.sightings.end_waiting((!all).then_some(self.now.boot)) {
            if let Some(sighting) = self.sightings.take(id) {
                self.place(sighting, false);
            }
        }
        self.look_again();
    }

    /// What a message says becomes true for its task.
    fn apply(&mut self, id: TaskId, message: &Message<'_>, reading: &Reading<'_>, facts: &Facts) {
        let is_stale = reading.kind == Kind::Refusal && self.is_stale(id, facts);
        self.learn(id, facts, reading, is_stale);
        if is_stale {
            return;
        }
        let Some(item) = self.tasks.get(&id) else {
            return;
        };
        if item.task.view.status.is_terminal() {
            self.apply_to_ended(id, message, reading);
            return;
        }
        self.learn_cancel(id, message, reading);
        if self.note_answered(id, message, reading) {
            return;
        }
        if reading.phase().is_some() {
            self.note_unused_text(id);
        }
        if let Some(texts) = self.answer_texts(id, message, reading) {
            self.finish_answered(id, message, reading, texts);
            return;
        }
        if let (Kind::Job(_), Some(warning)) = (reading.kind, &reading.refusal) {
            self.note_warning(id, warning);
        }
        match reading.kind {
            Kind::Job(Phase::Start | Phase::Progress | Phase::Paused) => {
                self.progress(id, message.id, reading);
            }
            Kind::Job(Phase::Final) if reading.pictures.is_empty() => {}
            Kind::Job(Phase::Final) => self.finish_succeeded(id, message, reading),
            Kind::Job(Phase::Stopped) => self.stopped(id),
            Kind::Refusal => {
                if let Some(refusal) = &reading.refusal {
                    self.refused(id, message.id, reading, refusal);
                }
            }
            Kind::Placeholder
            | Kind::Describe
            | Kind::Shorten
            | Kind::ShortenDetails
            | Kind::Info
            | Kind::Settings
            | Kind::Rated
            | Kind::Seed(_)
            | Kind::Empty
            | Kind::Other => {}
        }
    }

    /// The job stopped. A person may have done that, or Midjourney, which tells its reason to the account's own session
    /// alone: what that session shows is waited for.
    fn stopped(&mut self, id: TaskId) {
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
    pub(super) fn end_stops(&mut self) {
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

    /// Whether a notice is about an attempt that another one has followed, or that was refused already: it came twice.
    fn is_stale(&self, id: TaskId, facts: &Facts) -> bool {
        if cfg!(mj_mutation = "replay") {
            return false;
        }
        let Some(item) = self.tasks.get(&id) else {
            return true;
        };
        let attempts = &item.task.work.attempts;
        let Some(last) = attempts.last() else {
            return false;
        };
        // The answer to a form names the press that opened it too, so the last that is named counts.
        let its_own = attempts.iter().rposition(|attempt| {
            facts.nonce.as_ref() == Some(&attempt.nonce)
                || attempt
                    .interaction_id
                    .is_some_and(|id| facts.interactions.contains(&id))
        });
        match its_own {
            Some(at) => at + 1 != attempts.len() || last.state == AttemptState::Refused,
            None => attempts.len() > 1 && facts.message.made_at() < last.at,
        }
    }

    /// Binds to a task what its message names, so that the next one is known by it.
    fn learn(&mut self, id: TaskId, facts: &Facts, reading: &Reading<'_>, is_stale: bool) {
        let message = facts.message;
        let mut is_new = false;
        for interaction in &facts.interactions {
            is_new |= self.correlator.bind_interaction(id, *interaction);
        }
        let is_job = matches!(facts.says, Says::UnderWay | Says::End);
        let is_result = matches!(
            reading.kind,
            Kind::Job(Phase::Final) | Kind::Describe | Kind::Shorten
        );
        let role = if is_result {
            Role::Result
        } else {
            Role::Progress
        };
        let is_new_message = self.correlator.bind_message(id, message, role);
        is_new |= is_new_message;
        let mut has_job = false;
        if let Some(job) = facts.job.filter(|_| is_job) {
            has_job = true;
            is_new |= self.correlator.bind_job(id, job);
        }
        let binds = match self.correlator.holder(id).map(|holder| holder.asked) {
            Some(Asked::Command) => is_job && (has_job || !self.waits_for_job(id)),
            Some(Asked::Press(_)) => is_job && has_job,
            None => false,
        };
        self.has_learnt |= is_new;
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        let task = &mut item.task;
        let mut changed = false;
        if is_new_message {
            task.work.messages.push(message);
            changed = true;
        }
        if let Some(job) = facts.job.filter(|_| is_job && task.view.job_id.is_none()) {
            task.view.job_id = Some(job.to_string());
            changed = true;
        }
        if binds && !task.work.bound {
            task.work.bound = true;
            changed = true;
        }
        if changed {
            self.outbox.mark(id, false);
        }
        if binds {
            self.release_key(id);
        }
        if !is_stale {
            self.evidence(id, facts.nonce.as_ref());
            self.note_interaction(id, facts);
        }
    }

    /// Whether only the job tells an observer that a message is the task's: until it is known the key is needed.
    fn waits_for_job(&self, id: TaskId) -> bool {
        self.tasks
            .get(&id)
            .is_some_and(|item| matches!(item.task.work.call, Call::Show { .. }))
    }

    /// The attempt behind a message has an interaction, by which copies without a nonce are known.
    fn note_interaction(&mut self, id: TaskId, facts: &Facts) {
        let Some(&interaction) = facts.interactions.first() else {
            return;
        };
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        let attempts = &mut item.task.work.attempts;
        if attempts
            .iter()
            .any(|attempt| attempt.interaction_id == Some(interaction))
        {
            return;
        }
        let by_nonce = attempts
            .iter()
            .position(|attempt| facts.nonce.as_ref() == Some(&attempt.nonce));
        let at = by_nonce.or_else(|| {
            attempts
                .iter()
                .rposition(|attempt| attempt.state == AttemptState::Accepted)
        });
        if let Some(attempt) = at.and_then(|at| attempts.get_mut(at))
            && attempt.interaction_id.is_none()
        {
            attempt.interaction_id = Some(interaction);
            self.outbox.mark(id, false);
        }
    }

    /// Something proves that an attempt of the task arrived: the one with this nonce, else the last.
    pub(super) fn evidence(&mut self, id: TaskId, nonce: Option<&Nonce>) {
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        let attempts = &mut item.task.work.attempts;
        let at = nonce
            .and_then(|nonce| attempts.iter().position(|attempt| attempt.nonce == *nonce))
            .or_else(|| {
                attempts
                    .iter()
                    .rposition(|attempt| attempt.state != AttemptState::Refused)
            })
            .or(attempts.len().checked_sub(1));
        let count = attempts.len();
        let Some(attempt) = at.and_then(|at| attempts.get_mut(at)) else {
            return;
        };
        if !set(&mut attempt.state, AttemptState::Accepted) {
            return;
        }
        self.doubts.remove(&id);
        self.outbox.mark(id, false);
        self.set_holder(id);
        if at.is_some_and(|at| at + 1 < count) {
            // One more was about to leave.
            self.take_back(id);
        }
        if self.queue.contains(id)
            || self.awaiting_commands.contains(&id)
            || self.preparations.contains_key(&id)
        {
            self.go_no_more(id);
        }
    }

    /// A task that waits to be sent once more was taken the first time.
    fn go_no_more(&mut self, id: TaskId) {
        self.queue.remove(id);
        self.awaiting_commands.remove(&id);
        self.end_preparation(id);
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        let (view, work) = (&mut item.task.view, &mut item.task.work);
        // Another account may have been chosen since.
        let sender = self
            .accounts
            .iter()
            .find(|account| work.user_id.is_some() && account.health.user_id == work.user_id);
        if let Some(sender) = sender {
            view.account = Some(sender.config.name.clone());
        }
        view.not_before = None;
        work.not_before = None;
        view.stage = view.stage.filter(|it| *it != Stage::WaitingToRetry);
        self.set_holder(id);
        self.take_slot(id);
    }

    fn progress(&mut self, id: TaskId, message: MessageId, reading: &Reading<'_>) {
        let now = self.now.unix;
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        let was_moderated = item.task.view.stage == Some(Stage::Moderated);
        forget_moderation(&mut item.task.view);
        let view = &mut item.task.view;
        let mut changed = transition::advance(now, view, Status::InProgress);
        let percent = reading.percent.unwrap_or(0).min(99).max(view.progress);
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
    fn apply_to_ended(&mut self, id: TaskId, message: &Message<'_>, reading: &Reading<'_>) {
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

    /// Midjourney said no, or merely something.
    pub(super) fn refused(
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
    fn note_warning(&mut self, id: TaskId, warning: &Refusal) {
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

    fn interaction_seen(&mut self, interaction: &Interaction) {
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

    fn interaction_failed(&mut self, failure: &InteractionFailure) {
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
            failure.nonce.is_none() || last.map(|attempt| &attempt.nonce) == failure.nonce.as_ref()
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

    fn frame_opened(&mut self, frame: &InteractionIframeModal<'_>) {
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

    /// Messages are gone: normal after a final, else a sign that no picture comes.
    fn deleted(&mut self, ids: &[MessageId]) {
        for message in ids {
            match self.correlator.task_of_message(*message) {
                Some((id, Role::Progress)) => {
                    let is_open = self
                        .tasks
                        .get(&id)
                        .is_some_and(|item| !item.task.view.status.is_terminal());
                    if is_open {
                        self.deletions
                            .entry(id)
                            .or_insert(super::history::Deletion::at(self.now.boot));
                    }
                }
                Some((_, Role::Notice | Role::Result)) => {}
                None => self.sightings.forget(*message),
            }
        }
    }

    /// Whose eyes a task is seen with.
    pub(super) fn is_own_view(&self, id: TaskId) -> bool {
        let own: Option<(UserId, &str)> = self.gates.own();
        self.correlator.is_own_view(id, own)
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
