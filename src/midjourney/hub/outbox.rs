//! What waits to be written and sent, in the one order that makes "durable before the POST" true: whatever is dirty is
//! committed before the next request leaves, and nothing leaves while a commit is under way.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use mj_discord::{
    Token,
    rest::{Request, Route},
    snowflake::{ApplicationId, ChannelId, Nonce},
};

use super::driver::{Output, RequestId};
use crate::{config::GatewayKind, store::Write, task::TaskId};

/// Why a request was sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Purpose {
    /// A task's interaction, or the answer to its modal.
    Attempt(TaskId, Nonce),
    /// The press of a task's Cancel Job button.
    Cancel(TaskId),
    /// The account's direct messages with a bot.
    DirectMessages(ApplicationId),
    /// The envelope that a task adds to ask for a seed.
    Envelope(TaskId),
    /// Whose token an account has.
    Identity,
    /// The guild's command index.
    Commands,
    /// A page of a channel's history.
    History(ChannelId),
    /// Slots for pictures of a task, by their places.
    Slots(TaskId, Vec<usize>),
    /// The bytes of a task's picture, by its place, and how Discord named them.
    Upload(TaskId, usize, String),
    /// A message with pictures of a task, by their places, which gives them addresses.
    Links(TaskId, Vec<usize>),
}

/// Whose token a request carries.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Bearer {
    /// The bot's.
    Bot,
    /// This account's.
    Account(String),
    /// None: it goes to another host than Discord's API.
    Nobody,
}

/// A request on its way, or about to leave.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    /// Why.
    pub purpose: Purpose,
    /// Whose token.
    pub bearer: Bearer,
    /// What it is counted as.
    pub route: Route,
    /// When it left, on the boot clock.
    pub left_at: Duration,
}

#[derive(Debug)]
struct Prepared {
    id: RequestId,
    token: Token,
    request: Request,
}

/// Everything that leaves the hub.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    dirty: BTreeMap<TaskId, bool>,
    sessions: BTreeSet<GatewayKind>,
    others: Vec<Write>,
    sends: VecDeque<Prepared>,
    fetches: VecDeque<(TaskId, usize, String)>,
    pending: BTreeMap<RequestId, Pending>,
    next_request: u64,
    committing: Option<Vec<TaskId>>,
}

impl Outbox {
    /// How much waits to be written, to be sent or to be answered.
    pub(super) fn len(&self) -> usize {
        self.dirty.len()
            + self.others.len()
            + self.sends.len()
            + self.fetches.len()
            + self.pending.len()
    }

    /// A task changed; `durable` when it must survive a power cut before anything else leaves.
    pub(super) fn mark(&mut self, id: TaskId, durable: bool) {
        *self.dirty.entry(id).or_default() |= durable;
    }

    /// The task is as stored.
    pub(super) fn unmark(&mut self, id: TaskId) {
        self.dirty.remove(&id);
    }

    /// A gateway's session is to be written with the next commit.
    pub(super) fn mark_session(&mut self, gateway: GatewayKind) {
        self.sessions.insert(gateway);
    }

    /// Something else is to be written. A later one of the same kind and name replaces an earlier one.
    pub(super) fn write(&mut self, write: Write) {
        self.others.retain(|other| !replaces(&write, other));
        self.others.push(write);
    }

    /// A request is to be sent after everything that is dirty now is written.
    pub(super) fn send(
        &mut self,
        purpose: Purpose,
        bearer: Bearer,
        token: Token,
        request: Request,
    ) -> RequestId {
        self.next_request += 1;
        let id = RequestId(self.next_request);
        self.pending.insert(
            id,
            Pending {
                purpose,
                bearer,
                route: request.route,
                left_at: Duration::ZERO,
            },
        );
        self.sends.push_back(Prepared { id, token, request });
        id
    }

    /// Takes back the attempt of a task that has not left yet.
    pub(super) fn retract(&mut self, task: TaskId) -> Option<Pending> {
        let at = self.sends.iter().position(|send| {
            match self.pending.get(&send.id).map(|pending| &pending.purpose) {
                Some(Purpose::Attempt(id, _)) => *id == task,
                Some(
                    Purpose::Cancel(_)
                    | Purpose::Identity
                    | Purpose::DirectMessages(_)
                    | Purpose::Envelope(_)
                    | Purpose::Commands
                    | Purpose::History(_)
                    | Purpose::Slots(..)
                    | Purpose::Upload(..)
                    | Purpose::Links(..),
                )
                | None => false,
            }
        })?;
        let send = self.sends.remove(at)?;
        self.pending.remove(&send.id)
    }

    /// A picture of a task, by its place, is to be fetched from this address.
    pub(super) fn fetch(&mut self, task: TaskId, place: usize, url: String) {
        self.fetches.push_back((task, place, url));
    }

    /// The request that an answer belongs to.
    pub(super) fn answered(&mut self, id: RequestId) -> Option<Pending> {
        self.pending.remove(&id)
    }

    /// Whether a request for this is on its way or about to leave.
    pub(super) fn is_pending(&self, purpose: impl Fn(&Purpose) -> bool) -> bool {
        self.pending
            .values()
            .any(|pending| purpose(&pending.purpose))
    }

    /// Why this token's requests were sent that are on their way or about to leave.
    pub(super) fn pending_of<'a>(
        &'a self,
        bearer: &'a Bearer,
    ) -> impl Iterator<Item = &'a Purpose> {
        self.pending
            .values()
            .filter(move |pending| pending.bearer == *bearer)
            .map(|pending| &pending.purpose)
    }

    /// Whether there is a commit to make; sessions count only with something else, or when marked.
    pub(super) fn has_writes(&self) -> bool {
        !self.dirty.is_empty() || !self.sessions.is_empty() || !self.others.is_empty()
    }

    /// Whether a commit is under way.
    pub(super) fn is_committing(&self) -> bool {
        self.committing.is_some()
    }

    /// Whether a task's last change is not written yet.
    pub(super) fn is_dirty(&self, id: TaskId) -> bool {
        self.dirty.contains_key(&id)
            || self
                .committing
                .as_ref()
                .is_some_and(|ids| ids.contains(&id))
    }

    /// Whether nothing waits and nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        !self.has_writes() && self.committing.is_none() && self.pending.is_empty()
    }

    /// Takes everything that is to be written: tasks, sessions, others, and whether it must be durable.
    pub(super) fn take_writes(&mut self) -> (Vec<TaskId>, Vec<GatewayKind>, Vec<Write>, bool) {
        let dirty = std::mem::take(&mut self.dirty);
        let durable = dirty.values().any(|durable| *durable);
        let ids: Vec<TaskId> = dirty.into_keys().collect();
        let sessions = std::mem::take(&mut self.sessions).into_iter().collect();
        self.committing = Some(ids.clone());
        (ids, sessions, std::mem::take(&mut self.others), durable)
    }

    /// The commit under way has ended.
    pub(super) fn committed(&mut self) {
        self.committing = None;
    }

    /// The next request to send, or picture to fetch, at this reading of the boot clock.
    pub(super) fn next_send(&mut self, now: Duration) -> Option<Output> {
        let Some(Prepared { id, token, request }) = self.sends.pop_front() else {
            let (task, place, url) = self.fetches.pop_front()?;
            return Some(Output::Fetch { task, place, url });
        };
        if let Some(pending) = self.pending.get_mut(&id) {
            pending.left_at = now;
        }
        let attempt = !request.idempotent;
        Some(Output::Send {
            id,
            token,
            request,
            attempt,
        })
    }
}

fn replaces(new: &Write, old: &Write) -> bool {
    match (new, old) {
        (Write::Account(new), Write::Account(old)) => new.name == old.name,
        (Write::Status(_), Write::Status(_)) | (Write::CommandIndex(_), Write::CommandIndex(_)) => {
            true
        }
        _ => false,
    }
}
