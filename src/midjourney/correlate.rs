//! To which task a message belongs: exact steps in a fixed order, never a guess (ARCHITECTURE.md, invariant 5).
//!
//! [`Correlator`] holds the indexes from everything that names a task (nonce, interaction, message, job, key) to the
//! task, or to its tombstone: a task that ended unbound goes on holding its key, so that a late picture finds it and
//! not the next task. What a message tells is in [`Facts`]. What becomes of the task is not decided here.

mod facts;
mod steps;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use mj_discord::{
    UnixMs,
    snowflake::{ApplicationId, ChannelId, InteractionId, MessageId, Nonce, UserId},
};

pub use self::{
    facts::{Facts, Says},
    steps::{Step, Verdict},
};
use crate::{job_id::JobId, task::TaskId};

/// How many foreign messages with result buttons are remembered.
const FOREIGN_RESULTS: usize = 2_048;

/// How a task made its job.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Asked {
    /// By a slash command.
    Command,
    /// By a button of this message.
    Press(MessageId),
}

/// The time in which an interaction of a task can have been made, by Discord's clock.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Window {
    /// When the first attempt that may have arrived was made.
    pub from: UnixMs,
    /// When the last one had ended for certain.
    pub until: UnixMs,
    /// The first attempt's place among sightings and attempts of this owner; 0 for one of an earlier owner.
    pub serial: u64,
}

/// What the chain knows of one task.
#[derive(Clone, Debug)]
pub struct Holder {
    /// Where its messages stand.
    pub channel: ChannelId,
    /// The bot that answers it.
    pub application: ApplicationId,
    /// The Discord user that acts.
    pub user: UserId,
    /// How it made its job.
    pub asked: Asked,
    /// When its interaction can have been made; none before the first attempt.
    pub window: Option<Window>,
    /// The gateway session of its own account that was live when it was sent.
    pub own_session: Option<String>,
    /// Whether it has ended.
    pub is_terminal: bool,
    /// Whether Midjourney's moderators have stopped it: a press by a person may bring it on.
    pub is_moderated: bool,
}

/// What a bound message is to its task.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// Is a notice that waits for a person: what its buttons bring is the task's.
    Notice,
    /// Shows how far it is.
    Progress,
    /// Is its result.
    Result,
}

/// Through whose eyes a message is seen.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The live user session, when there is one: who is logged in, and the session.
    pub own: Option<(UserId, &'a str)>,
    /// Whether this copy is the user session's.
    pub is_own_copy: bool,
    /// Whether the user session's copy may still be waited for.
    pub may_wait: bool,
}

#[derive(Debug)]
struct Entry {
    holder: Holder,
    nonces: Vec<Nonce>,
    interactions: Vec<InteractionId>,
    messages: Vec<MessageId>,
    jobs: Vec<JobId>,
    held: Vec<String>,
}

/// The indexes.
#[derive(Debug, Default)]
pub struct Correlator {
    entries: BTreeMap<TaskId, Entry>,
    nonces: HashMap<Nonce, TaskId>,
    interactions: HashMap<InteractionId, TaskId>,
    messages: HashMap<MessageId, (TaskId, Role)>,
    jobs: HashMap<JobId, TaskId>,
    keys: HashMap<String, TaskId>,
    foreign_results: BTreeSet<MessageId>,
}

impl Correlator {
    /// How many entries all indexes have together.
    pub fn len(&self) -> usize {
        self.entries.len()
            + self.nonces.len()
            + self.interactions.len()
            + self.messages.len()
            + self.jobs.len()
            + self.keys.len()
            + self.foreign_results.len()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a task, or renews what is known of it.
    pub fn set_holder(&mut self, id: TaskId, holder: Holder) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.holder = holder;
            return;
        }
        let entry = Entry {
            holder,
            nonces: Vec::new(),
            interactions: Vec::new(),
            messages: Vec::new(),
            jobs: Vec::new(),
            held: Vec::new(),
        };
        self.entries.insert(id, entry);
    }

    /// Forgets a task and everything that names it.
    pub fn forget(&mut self, id: TaskId) {
        let Some(entry) = self.entries.remove(&id) else {
            return;
        };
        for nonce in &entry.nonces {
            self.nonces.remove(nonce);
        }
        for interaction in &entry.interactions {
            self.interactions.remove(interaction);
        }
        for message in &entry.messages {
            self.messages.remove(message);
        }
        for job in &entry.jobs {
            self.jobs.remove(job);
        }
        for key in &entry.held {
            self.keys.remove(key);
        }
    }

    /// A nonce is the task's; to be registered before its POST. Tells whether that was new.
    pub fn bind_nonce(&mut self, id: TaskId, nonce: &Nonce) -> bool {
        let Some(entry) = self.entries.get_mut(&id) else {
            return false;
        };
        if self.nonces.contains_key(nonce) {
            return false;
        }
        self.nonces.insert(nonce.clone(), id);
        entry.nonces.push(nonce.clone());
        true
    }

    /// An interaction is the task's. Tells whether that was new.
    pub fn bind_interaction(&mut self, id: TaskId, interaction: InteractionId) -> bool {
        let Some(entry) = self.entries.get_mut(&id) else {
            return false;
        };
        if self.interactions.contains_key(&interaction) {
            return false;
        }
        self.interactions.insert(interaction, id);
        entry.interactions.push(interaction);
        true
    }

    /// A message is the task's. Tells whether that was new.
    pub fn bind_message(&mut self, id: TaskId, message: MessageId, role: Role) -> bool {
        let Some(entry) = self.entries.get_mut(&id) else {
            return false;
        };
        match self.messages.get_mut(&message) {
            Some((owner, known)) if *owner == id => {
                if role != Role::Progress {
                    *known = role;
                }
                false
            }
            Some(_) => false,
            None => {
                self.messages.insert(message, (id, role));
                entry.messages.push(message);
                true
            }
        }
    }

    /// A job is the task's. Tells whether that was new.
    pub fn bind_job(&mut self, id: TaskId, job: JobId) -> bool {
        let Some(entry) = self.entries.get_mut(&id) else {
            return false;
        };
        if self.jobs.contains_key(&job) {
            return false;
        }
        self.jobs.insert(job, id);
        entry.jobs.push(job);
        true
    }

    /// Takes keys for a task, all or none, when nobody else holds one of them; tells whether the task holds them now.
    /// What it held before is given up.
    pub fn take_keys(&mut self, id: TaskId, keys: &[String]) -> bool {
        let is_free = |key| self.keys.get(key).is_none_or(|owner| *owner == id);
        if !keys.iter().all(is_free) {
            return false;
        }
        let Some(entry) = self.entries.get_mut(&id) else {
            return false;
        };
        for old in std::mem::replace(&mut entry.held, keys.to_vec()) {
            self.keys.remove(&old);
        }
        for key in keys {
            self.keys.insert(key.clone(), id);
        }
        true
    }

    /// Gives up the keys that a task holds, and tells which they were.
    pub fn give_up_keys(&mut self, id: TaskId) -> Vec<String> {
        let Some(entry) = self.entries.get_mut(&id) else {
            return Vec::new();
        };
        let held = std::mem::take(&mut entry.held);
        for key in &held {
            self.keys.remove(key);
        }
        held
    }

    /// Who holds a key.
    pub fn holder_of_key(&self, key: &str) -> Option<TaskId> {
        self.keys.get(key).copied()
    }

    /// Whether a task holds a key.
    pub fn holds_key(&self, id: TaskId) -> bool {
        self.entries
            .get(&id)
            .is_some_and(|entry| !entry.held.is_empty())
    }

    /// Whose a nonce is.
    pub fn task_of_nonce(&self, nonce: &Nonce) -> Option<TaskId> {
        self.nonces.get(nonce).copied()
    }

    /// Whose a message is, and what it is to it.
    pub fn task_of_message(&self, message: MessageId) -> Option<(TaskId, Role)> {
        self.messages.get(&message).copied()
    }

    /// Whose an interaction is.
    pub fn task_of_interaction(&self, interaction: InteractionId) -> Option<TaskId> {
        self.interactions.get(&interaction).copied()
    }

    /// A message that is nobody's has result buttons: what replies to it is no command's final.
    pub fn note_foreign_result(&mut self, message: MessageId) {
        self.foreign_results.insert(message);
        if self.foreign_results.len() > FOREIGN_RESULTS {
            self.foreign_results.pop_first();
        }
    }

    /// What is known of a task.
    pub fn holder(&self, id: TaskId) -> Option<&Holder> {
        self.entries.get(&id).map(|entry| &entry.holder)
    }

    /// Whether the task's own account is watched without a gap since it was sent.
    pub fn is_own_view(&self, id: TaskId, own: Option<(UserId, &str)>) -> bool {
        self.holder(id).is_some_and(|holder| holder.is_seen_by(own))
    }

    fn is_result(&self, message: MessageId) -> bool {
        self.foreign_results.contains(&message)
            || matches!(self.messages.get(&message), Some((_, Role::Result)))
    }
}

impl Holder {
    fn is_seen_by(&self, own: Option<(UserId, &str)>) -> bool {
        own.is_some_and(|(user, session)| {
            user == self.user && self.own_session.as_deref() == Some(session)
        })
    }
}
