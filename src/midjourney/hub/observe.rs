//! What is seen: events of both gateways and messages read by REST go through the same door, and what they say becomes
//! true for the task they belong to. Everything here may happen twice, late, or in another order.

mod course;
mod interactions;
mod learn;
mod refused;

use std::time::Duration;

use mj_discord::{
    gateway::Event,
    payload::Message,
    snowflake::{MessageId, UserId},
};

use super::{Hub, sighting::Sighting};
use crate::{
    application::Bot,
    config::GatewayKind,
    correlate::{Facts, Role, Says, Step, Verdict, View},
    read::{self, Kind, Phase, Reading},
    task::{Call, TaskId},
};

/// How long a message waits for the user session's copy, which has the nonce and so may know better.
pub(super) const OWN_COPY_WAIT: Duration = Duration::from_secs(2);

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
        self.unseen.remove(&id);
        if is_stale {
            return;
        }
        let Some(item) = self.tasks.get(&id) else {
            return;
        };
        if item.task.view.status.is_terminal() && !cfg!(mj_mutation = "replay") {
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
