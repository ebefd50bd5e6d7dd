//! The chain: one function for each step, in the order in which they are asked.

use std::time::Duration;

use super::{Asked, Correlator, Facts, Holder, Role, Says, View};
use crate::task::TaskId;

/// How far Discord's clock and ours, or two of Discord's, may be apart.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(5);

/// By which step a message was known.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Step {
    /// 1: the nonce of an attempt.
    Nonce,
    /// 2: the interaction.
    Interaction,
    /// 3: the message is bound.
    Message,
    /// 4: it replies to a bound progress message.
    Progress,
    /// 5: the job.
    Job,
    /// 6: it replies to the pressed message, and its key is the task's.
    Reply,
    /// 7: its key is that of the task's command.
    Answer,
}

/// Whose a message is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// This task's, or its tombstone's.
    Task(TaskId, Step),
    /// It may be a task's, but the user session's copy knows better and may still come.
    Wait,
    /// 8: nobody's, as far as is known now.
    Unmatched,
}

type Found = Option<(TaskId, Step)>;

impl Correlator {
    /// Asks the steps in order. The first that names a task decides; a task of another channel or bot ends the chain.
    pub fn find(&self, facts: &Facts, view: View<'_>) -> Verdict {
        let exact = self
            .by_nonce(facts)
            .or_else(|| self.by_interaction(facts))
            .or_else(|| self.by_message(facts))
            .or_else(|| self.by_progress(facts))
            .or_else(|| self.by_job(facts).filter(|(id, _)| self.is_open(*id)));
        let named = exact.is_none().then(|| self.by_name(facts, view)).flatten();
        let exact = exact.or_else(|| named.is_none().then(|| self.by_job(facts)).flatten());
        if let Some((id, step)) = exact {
            return if self.is_its_place(id, facts) {
                Verdict::Task(id, step)
            } else {
                Verdict::Unmatched
            };
        }
        let by_key = named
            .or_else(|| self.by_reply(facts, view))
            .or_else(|| self.by_answer(facts, view));
        match by_key {
            Some((id, _)) if view.may_wait && !view.is_own_copy && self.is_account_of(id, view) => {
                Verdict::Wait
            }
            Some((id, step)) => Verdict::Task(id, step),
            None => Verdict::Unmatched,
        }
    }

    /// 1: the nonce of an attempt, from whichever gateway shows it, on whichever message of the job.
    fn by_nonce(&self, facts: &Facts) -> Found {
        let id = self.nonces.get(facts.nonce.as_ref()?)?;
        Some((*id, Step::Nonce))
    }

    /// 2: an interaction id that is known from the gateway or from a bound message.
    fn by_interaction(&self, facts: &Facts) -> Found {
        let id = facts
            .interactions
            .iter()
            .find_map(|interaction| self.interactions.get(interaction))?;
        Some((*id, Step::Interaction))
    }

    /// 3: the message itself is bound.
    fn by_message(&self, facts: &Facts) -> Found {
        let (id, _) = self.messages.get(&facts.message)?;
        Some((*id, Step::Message))
    }

    /// 4: a final or an error that refers to a bound progress message; whatever a person's press on a bound notice
    /// brought.
    fn by_progress(&self, facts: &Facts) -> Found {
        let says_end = match facts.says {
            Says::End | Says::Notice => true,
            Says::UnderWay => false,
            Says::Nothing => return None,
        };
        let replied = facts.reference.into_iter().chain(facts.original_response);
        let mut by_reply = replied.filter_map(|message| match self.messages.get(&message) {
            Some((id, Role::Progress)) if says_end => Some(*id),
            Some((id, Role::Notice)) => Some(*id),
            Some((_, Role::Progress | Role::Result)) | None => None,
        });
        let by_press = || match self.messages.get(&facts.pressed?) {
            Some((id, Role::Notice)) => Some(*id),
            Some((_, Role::Progress | Role::Result)) | None => None,
        };
        let id = by_reply.next().or_else(by_press)?;
        Some((id, Step::Progress))
    }

    /// Before 5, unless the job is an open task's: the answer of a command that waits for exactly this file's description, or for exactly this job.
    fn by_name(&self, facts: &Facts, view: View<'_>) -> Found {
        let id = *self.keys.get(facts.named_key.as_ref()?)?;
        self.is_answer_to(id, facts, view)
            .then_some((id, Step::Answer))
    }

    /// 5: the job, of an open task or of one that has ended: then the chain ends there.
    fn by_job(&self, facts: &Facts) -> Found {
        if facts.says == Says::Nothing {
            return None;
        }
        let id = self.jobs.get(facts.job.as_ref()?)?;
        Some((*id, Step::Job))
    }

    /// 6: a reply to a pressed message, whose text shows the whole key of exactly one task.
    fn by_reply(&self, facts: &Facts, view: View<'_>) -> Found {
        let pressed = facts.pressed?;
        let id = self.only_holder(&facts.reply_keys)?;
        let holder = self.holder(id)?;
        let fits = holder.asked == Asked::Press(pressed)
            && matches!(facts.interaction_kind, None | Some(3 | 5))
            && self.passes_vetoes(id, facts, view);
        fits.then_some((id, Step::Reply))
    }

    /// 7: a command's answer. A start or progress refers to nothing and offers no Cancel button; a final does not
    /// refer to a message with result buttons, nor to one that is older than the attempt.
    fn by_answer(&self, facts: &Facts, view: View<'_>) -> Found {
        let id = self.only_holder(&facts.command_keys)?;
        self.is_answer_to(id, facts, view)
            .then_some((id, Step::Answer))
    }

    fn is_answer_to(&self, id: TaskId, facts: &Facts, view: View<'_>) -> bool {
        let Some(holder) = self.holder(id) else {
            return false;
        };
        let has_the_form = match facts.says {
            Says::UnderWay => facts.reference.is_none() && !facts.has_cancel,
            Says::End | Says::Notice => facts.reference.is_none_or(|reference| {
                !self.is_result(reference) && !holder.is_before_the_attempt(reference.made_at())
            }),
            Says::Nothing => false,
        };
        let is_appeal = holder.is_moderated && matches!(facts.interaction_kind, Some(3 | 5));
        has_the_form
            && holder.asked == Asked::Command
            && (is_appeal || matches!(facts.interaction_kind, None | Some(2)))
            && self.passes_vetoes(id, facts, view)
    }

    fn is_open(&self, id: TaskId) -> bool {
        self.holder(id).is_some_and(|holder| !holder.is_terminal)
    }

    /// The vetoes before steps 6 and 7.
    fn passes_vetoes(&self, id: TaskId, facts: &Facts, view: View<'_>) -> bool {
        let Some(holder) = self.holder(id) else {
            return false;
        };
        let is_appeal = holder.is_moderated && matches!(facts.interaction_kind, Some(3 | 5));
        self.is_its_place(id, facts)
            && holder.could_have_made(facts, is_appeal)
            && (is_appeal || !(holder.is_seen_by(view.own) && names_an_interaction(facts)))
    }

    fn is_its_place(&self, id: TaskId, facts: &Facts) -> bool {
        self.holder(id).is_some_and(|holder| {
            holder.channel == facts.channel
                && facts.application.is_none_or(|it| it == holder.application)
        })
    }

    fn is_account_of(&self, id: TaskId, view: View<'_>) -> bool {
        self.holder(id)
            .zip(view.own)
            .is_some_and(|(holder, (user, _))| holder.user == user)
    }

    /// The one task that holds any of these keys; none when there are two.
    fn only_holder(&self, keys: &[String]) -> Option<TaskId> {
        let mut only = None;
        for id in keys.iter().filter_map(|key| self.keys.get(key)) {
            if only.is_some_and(|other| other != id) {
                return None;
            }
            only = Some(id);
        }
        only.copied()
    }
}

/// In own view every interaction of ours is known. Steps 1 and 2 have not known this one: it is somebody else's.
fn names_an_interaction(facts: &Facts) -> bool {
    facts.nonce.is_some() || !facts.interactions.is_empty()
}

impl Holder {
    /// Whether the message can be an answer to an attempt of this task, by Discord's clock and by the order in which
    /// this owner saw and did things. A person may press a moderated one's buttons at any time.
    fn could_have_made(&self, facts: &Facts, is_appeal: bool) -> bool {
        let Some(window) = self.window else {
            return false;
        };
        let earliest = window.from.minus(CLOCK_TOLERANCE);
        let latest = window.until.plus(CLOCK_TOLERANCE);
        facts.serial > window.serial
            && facts.message.made_at() >= earliest
            && facts
                .interactions
                .iter()
                .all(|it| it.made_at() >= earliest && (is_appeal || it.made_at() <= latest))
    }

    fn is_before_the_attempt(&self, at: mj_discord::UnixMs) -> bool {
        self.window
            .is_none_or(|window| at < window.from.minus(CLOCK_TOLERANCE))
    }
}
