//! What a task's pictures need before its command can be sent: to be fetched, uploaded, and given an address.
//!
//! Until then the task is in no queue: it takes neither key nor attempt nor a place among the account's jobs. Every step
//! that is done stands in `work.pictures`; slots do not, so that a new owner asks for new ones. An upload belongs to the
//! account that made it, and so does the task from then on, unless that account fails and the caller named none.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use mj_discord::rest::UploadSlot;

use super::{Hub, accounts::Account, attempt::backoff, driver::Fetched, finish::Ending};
use crate::{
    refusal::{Detail, FailCode, Lang},
    task::{Call, Picture, PictureSource, Stage, StoredFile, Task, TaskId},
};

/// How often a task's uploads may get lost on their way before it fails.
const LOST: u32 = 1;

/// A task whose pictures are on their way, as far as this owner knows.
#[derive(Debug, Default)]
pub(super) struct Preparation {
    /// Nothing new before this reading of the boot clock.
    pub not_before: Duration,
    /// Whether it waits for a rate limit, of which the next answer may know more.
    pub is_limited: bool,
    /// How many steps in a row failed.
    failures: u32,
    /// Pictures, by place, that the driver fetches.
    fetching: BTreeSet<usize>,
    /// Slots for pictures, by place.
    pub slots: BTreeMap<usize, UploadSlot>,
}

/// What a picture needs next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Need {
    /// Its bytes, from this address.
    Fetch(String),
    /// A place at Discord.
    Upload(StoredFile),
    /// An address.
    Link,
}

impl Hub {
    /// Whether a task's pictures are not yet where its command needs them.
    pub(super) fn wants_preparation(&self, id: TaskId) -> bool {
        self.tasks.get(&id).is_some_and(|item| {
            !item.task.view.status.is_terminal() && !needs(&item.task).is_empty()
        })
    }

    /// The task waits for its pictures instead of its turn.
    pub(super) fn begin_preparation(&mut self, id: TaskId) {
        self.queue.remove(id);
        self.preparations.entry(id).or_default();
        self.has_begun = true;
        if let Some(item) = self.tasks.get_mut(&id)
            && item.task.view.stage.replace(Stage::Uploading) != Some(Stage::Uploading)
        {
            self.outbox.mark(id, false);
        }
        if let Some((code, reason)) = self.hopeless(id) {
            self.fail_unsent(id, code, reason);
        }
    }

    /// The task waits for its pictures no more.
    pub(super) fn end_preparation(&mut self, id: TaskId) {
        if self.preparations.remove(&id).is_some()
            && let Some(item) = self.tasks.get_mut(&id)
        {
            item.task.view.stage = None;
            self.outbox.mark(id, false);
        }
    }

    /// The account to which a task's uploads belong, or will.
    pub(super) fn uploader(&self, id: TaskId) -> Option<String> {
        let task = &self.tasks.get(&id)?.task;
        let is_chosen = self.preparations.contains_key(&id)
            || task
                .work
                .pictures
                .iter()
                .any(|picture| picture.uploaded_filename.is_some());
        let name = task.view.account.clone().filter(|_| is_chosen)?;
        self.account(&name).is_some().then_some(name)
    }

    /// An answer told something of rate limits: what waits for one may go on sooner.
    pub(super) fn limits_changed(&mut self) {
        for preparation in self.preparations.values_mut() {
            if std::mem::take(&mut preparation.is_limited) {
                preparation.not_before = Duration::ZERO;
            }
        }
    }

    /// When something is to be done for a task's pictures.
    pub(super) fn next_preparation(&self) -> Option<Duration> {
        if self.draining {
            return None;
        }
        self.preparations
            .values()
            .map(|preparation| preparation.not_before)
            .filter(|at| *at > self.now.boot)
            .min()
    }

    /// Does what can be done now for tasks whose pictures are not in place.
    pub(super) fn prepare_pictures(&mut self) {
        if self.draining {
            return;
        }
        let due: Vec<TaskId> = self
            .preparations
            .iter()
            .filter(|(_, preparation)| preparation.not_before <= self.now.boot)
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            self.prepare(id);
        }
    }

    fn prepare(&mut self, id: TaskId) {
        let Some(item) = self
            .tasks
            .get(&id)
            .filter(|_| self.preparations.contains_key(&id))
        else {
            return;
        };
        let needs = needs(&item.task);
        if needs.is_empty() {
            self.end_preparation(id);
            self.enqueue(id);
            return;
        }
        if self.fetch(id, &needs) {
            return;
        }
        let Some(account) = self.choose_uploader(id) else {
            return;
        };
        if !self.upload(id, &account, &needs) {
            self.ask_for_links(id, &account, &needs);
        }
    }

    /// Has the driver fetch what is to be fetched; tells whether there is anything.
    fn fetch(&mut self, id: TaskId, needs: &[(usize, Need)]) -> bool {
        let mut is_any = false;
        for (place, need) in needs {
            let Need::Fetch(url) = need else { continue };
            is_any = true;
            let is_new = self
                .preparations
                .get_mut(&id)
                .is_some_and(|preparation| preparation.fetching.insert(*place));
            if is_new {
                self.outbox.fetch(id, *place, url.clone());
            }
        }
        is_any
    }

    /// The driver fetched a picture, or did not.
    pub(super) fn fetched(&mut self, id: TaskId, place: usize, fetched: Fetched) {
        let is_awaited = self
            .preparations
            .get_mut(&id)
            .is_some_and(|preparation| preparation.fetching.remove(&place));
        if !is_awaited {
            return;
        }
        match fetched {
            Fetched::Kept(file) => {
                if let Some(picture) = self.picture_mut(id, place) {
                    picture.source = PictureSource::Stored(file);
                }
                self.step_done(id);
            }
            Fetched::Refused(refusal) => {
                let lang = self.config.lang;
                let (number, why) = (place + 1, refusal.words(lang));
                let reason = match lang {
                    Lang::En => format!("picture {number}: {why}"),
                    Lang::Zh => format!("第 {number} 张图片：{why}"),
                };
                self.fail_unsent(id, FailCode::InvalidImage, Some(reason));
            }
            Fetched::Failed(_) => self.step_failed(id, None, FailCode::UpstreamError),
        }
    }

    /// Discord has lost, or never had, what was uploaded: once more from the slot.
    pub(super) fn uploads_lost(&mut self, id: TaskId) {
        self.wait_again(id, None);
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        if item.lost_uploads >= LOST {
            let reason = self.words(Detail::UploadLost);
            self.fail_unsent(id, FailCode::UpstreamError, Some(reason));
            return;
        }
        item.lost_uploads += 1;
        self.forget_uploads(id);
        self.enqueue(id);
    }

    /// The account can not be used: what it uploaded is uploaded again by another one, where the caller named none and
    /// there is one.
    pub(super) fn leave_account(&mut self, name: &str) {
        if !self.others_take_over(name) {
            return;
        }
        let waiting = self
            .queue
            .ids()
            .chain(self.preparations.keys().copied())
            .chain(self.awaiting_commands.iter().copied());
        let its_own: Vec<TaskId> = waiting
            .filter(|id| {
                self.uploader(*id).as_deref() == Some(name)
                    && self
                        .tasks
                        .get(id)
                        .is_some_and(|item| item.task.work.named_account.is_none())
            })
            .collect();
        for id in its_own {
            self.forget_uploads(id);
            if let Some(item) = self.tasks.get_mut(&id) {
                item.task.view.account = None;
            }
            if !self.awaiting_commands.contains(&id) {
                self.enqueue(id);
            }
        }
    }

    /// Whether another account will send what this one, which can not be used, was to send.
    fn others_take_over(&self, name: &str) -> bool {
        let is_over = self.account(name).is_none_or(Account::is_disabled);
        self.accounts.iter().any(|other| {
            other.config.name != name
                && other.config.weight > 0
                && if is_over {
                    !other.is_disabled()
                } else {
                    other.is_usable(self.now.unix)
                }
        })
    }

    /// Whether a task whose pictures this account uploaded may be done by another one.
    pub(super) fn may_hand_over(&self, id: TaskId, name: &str) -> bool {
        let is_named = |id| {
            let item = self.tasks.get(id);
            item.is_none_or(|item| item.task.work.named_account.is_some())
        };
        self.uploader(id).as_deref() == Some(name) && !is_named(&id) && self.others_take_over(name)
    }

    /// What was uploaded and has no address is uploaded again.
    fn forget_uploads(&mut self, id: TaskId) {
        if let Some(preparation) = self.preparations.get_mut(&id) {
            *preparation = Preparation::default();
        }
        if let Some(item) = self.tasks.get_mut(&id) {
            for picture in &mut item.task.work.pictures {
                picture.uploaded_filename = None;
            }
            self.outbox.mark(id, false);
        }
    }

    /// The account that uploads for a task, chosen once; none as long as it may not.
    fn choose_uploader(&mut self, id: TaskId) -> Option<String> {
        let now = self.now.unix;
        if let Some(name) = self.account_for(id) {
            let is_usable = self.account(&name)?.is_usable(now);
            self.note_uploader(id, &name);
            return is_usable.then_some(name);
        }
        // None was chosen, or it has gone with what it had.
        self.forget_its_uploads(id);
        let name = self.least_busy_uploader()?;
        self.note_uploader(id, &name);
        Some(name)
    }

    fn forget_its_uploads(&mut self, id: TaskId) {
        let had_any = self.tasks.get(&id).is_some_and(|item| {
            let mut pictures = item.task.work.pictures.iter();
            pictures.any(|picture| picture.uploaded_filename.is_some())
        });
        if had_any {
            self.forget_uploads(id);
        }
    }

    fn note_uploader(&mut self, id: TaskId, name: &str) {
        if let Some(item) = self.tasks.get_mut(&id)
            && item.task.view.account.as_deref() != Some(name)
        {
            item.task.view.account = Some(name.to_owned());
            self.outbox.mark(id, false);
        }
    }

    fn least_busy_uploader(&self) -> Option<String> {
        let mut waiting: BTreeMap<&str, u64> = BTreeMap::new();
        for id in self.queue.ids().chain(self.preparations.keys().copied()) {
            let account = self
                .tasks
                .whole(&id)
                .and_then(|item| item.task.view.account.as_deref());
            if let Some(name) = account {
                *waiting.entry(name).or_default() += 1;
            }
        }
        let mut best: Option<(&str, u64, u64)> = None;
        for account in &self.accounts {
            let weight = u64::from(account.config.weight);
            if weight == 0 || !account.is_usable(self.now.unix) {
                continue;
            }
            let name = account.config.name.as_str();
            let running = u64::try_from(account.running.len()).unwrap_or(u64::MAX);
            let load = running.saturating_add(waiting.get(name).copied().unwrap_or(0) + 1);
            let is_better = best.is_none_or(|(_, of_best, its_weight)| {
                load.saturating_mul(its_weight) < of_best.saturating_mul(weight)
            });
            if is_better {
                best = Some((name, load, weight));
            }
        }
        best.map(|(name, ..)| name.to_owned())
    }

    /// A step is done: it is written, and the next one follows.
    pub(super) fn step_done(&mut self, id: TaskId) {
        if let Some(preparation) = self.preparations.get_mut(&id) {
            preparation.failures = 0;
        }
        self.outbox.mark(id, false);
    }

    /// A step is to be tried again, unless the task's time is over before that.
    pub(super) fn step_failed(&mut self, id: TaskId, wait: Option<Duration>, code: FailCode) {
        let now = self.now;
        let Some((preparation, item)) = self.preparations.get_mut(&id).zip(self.tasks.get(&id))
        else {
            return;
        };
        preparation.failures += 1;
        let wait = wait.unwrap_or_else(|| backoff(preparation.failures));
        preparation.not_before = now.boot + wait;
        if now.unix.plus(wait) >= item.task.work.deadline {
            self.finish_failed(id, code, None, Ending::NeverSent);
        }
    }

    pub(super) fn picture_mut(&mut self, id: TaskId, place: usize) -> Option<&mut Picture> {
        self.tasks.get_mut(&id)?.task.work.pictures.get_mut(place)
    }
}

/// What each of a task's pictures needs next; empty when its command can be sent.
fn needs(task: &Task) -> Vec<(usize, Need)> {
    let needs = |(place, picture)| Some((place, need(&task.work.call, picture)?));
    let pictures = task.work.pictures.iter().enumerate();
    pictures.filter_map(needs).collect()
}

fn need(call: &Call, picture: &Picture) -> Option<Need> {
    // A blend takes files only.
    let takes_links = !matches!(call, Call::Blend { .. });
    if takes_links && picture.address().is_some() {
        return None;
    }
    match &picture.source {
        PictureSource::Fetch(url) | PictureSource::Link(url) => Some(Need::Fetch(url.clone())),
        PictureSource::Stored(file) if picture.uploaded_filename.is_none() => {
            Some(Need::Upload(file.clone()))
        }
        PictureSource::Stored(_) => matches!(call, Call::Imagine).then_some(Need::Link),
    }
}
