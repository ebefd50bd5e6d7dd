//! Midjourney's own seed of a job: `/show` in the account's direct messages with the bot, an envelope added to what it
//! brings, and the bot's note with the seed. Each step survives its owner: the shown message is stored, and to add the
//! same envelope twice does no harm.
//!
//! Direct messages are no channel of the hub: only these tasks' messages are looked at there, and they belong to a task
//! by its nonce, its interaction, or the job's id.

use std::{collections::BTreeMap, time::Duration};

use mj_discord::{
    payload::Message,
    rest::{self, Outcome, Request, TokenKind},
    snowflake::{ApplicationId, ChannelId, GuildId, UserId},
};

use super::{
    Hub,
    driver::Answer,
    finish::Ending,
    outbox::{Bearer, Purpose},
};
use crate::{
    account::DirectMessages,
    correlate::{Facts, Role},
    job_id::JobId,
    read::{self, Kind, Phase, Reading},
    refusal::{Detail, FailCode},
    store::Write,
    task::{Call, Status, TaskId},
    transition,
};

/// What the bot answers with a job's id and seed (Midjourney's documentation, "Seeds").
const ENVELOPE: &str = "✉️";
/// Between two tries to open the direct messages, or to add the envelope.
const RETRY: Duration = Duration::from_secs(5);
/// How long a refusal to open the direct messages is believed.
const REFUSED: Duration = Duration::from_secs(60);

/// Whose direct messages with which bot.
type Pair = (String, ApplicationId);

/// What is being done about direct messages that are not known.
#[derive(Clone, Copy, Debug)]
enum Opening {
    /// They are asked for.
    Asked,
    /// Not before this reading of the boot clock again.
    After(Duration),
    /// Discord said no, which is believed until this reading of the boot clock.
    Refused(Duration),
}

/// Tasks that ask for seeds, and the channels in which they do.
#[derive(Debug, Default)]
pub(super) struct Seeds {
    /// Open ones, with when the envelope is to be added, on the boot clock.
    open: BTreeMap<TaskId, Option<Duration>>,
    openings: BTreeMap<Pair, Opening>,
}

impl Seeds {
    /// How many are asked for, or may be.
    pub(super) fn len(&self) -> usize {
        self.open.len() + self.openings.len()
    }

    /// When an envelope is to be added next.
    pub(super) fn next_due(&self) -> Option<Duration> {
        self.open.values().flatten().min().copied()
    }

    /// What held an envelope up may be over.
    pub(super) fn look_again(&mut self, id: TaskId, now: Duration) {
        if let Some(Some(due)) = self.open.get_mut(&id) {
            *due = now.min(*due);
        }
    }

    /// A task has ended.
    pub(super) fn forget(&mut self, id: TaskId) {
        self.open.remove(&id);
    }

    /// Open tasks that ask for seeds.
    pub(super) fn ids(&self) -> impl Iterator<Item = TaskId> + '_ {
        self.open.keys().copied()
    }
}

impl Hub {
    /// Channels beside those of the configuration in which something happens that concerns the hub: the accounts' direct
    /// messages with the bots, as far as known, and those that have left the configuration while jobs of theirs run.
    pub fn other_channels(&self) -> impl Iterator<Item = ChannelId> + '_ {
        self.accounts
            .iter()
            .flat_map(|account| &account.health.direct_messages)
            .map(|direct| direct.channel_id)
            .chain(self.former_channels.iter().copied())
    }

    /// Whether a task asks for a seed.
    pub(super) fn is_seed(&self, id: TaskId) -> bool {
        self.seed_job(id).is_some()
    }

    fn seed_job(&self, id: TaskId) -> Option<&str> {
        let work = &self.tasks.get(&id)?.task.work;
        if let Call::Seed { job_id } = &work.call
            && work.press.is_none()
        {
            Some(job_id)
        } else {
            None
        }
    }

    fn direct_channel(&self, account: &str, application: ApplicationId) -> Option<ChannelId> {
        let known = &self.account(account)?.health.direct_messages;
        let with_bot = known.iter().find(|it| it.application_id == application)?;
        Some(with_bot.channel_id)
    }

    /// Where a task's interactions are sent: the account's channel, or its direct messages, which are in no guild.
    pub(super) fn place_of(
        &self,
        id: TaskId,
        account: &str,
        application: ApplicationId,
    ) -> (Option<GuildId>, ChannelId) {
        let direct = self
            .direct_channel(account, application)
            .filter(|_| self.is_seed(id));
        match direct {
            Some(channel) => (None, channel),
            None => self
                .known_place_of(id)
                .filter(|_| self.is_bound_to_place(id, account))
                .unwrap_or_else(|| (Some(self.guild_of(account)), self.channel_of(Some(account)))),
        }
    }

    /// Where a task's messages stand.
    pub(super) fn channel_of_task(&self, id: TaskId) -> ChannelId {
        let Some(task) = self.tasks.get(&id).map(|item| &item.task) else {
            return self.config.channel_id;
        };
        let account = task.view.account.as_deref();
        let known = self.known_place_of(id).map(|(_, channel)| channel);
        let of_account = || match account.zip(task.work.application_id) {
            Some((account, application)) => self.place_of(id, account, application).1,
            None => self.channel_of(account),
        };
        known.unwrap_or_else(of_account)
    }

    /// Whose direct messages a channel is.
    pub(super) fn owner_of_direct(&self, channel: ChannelId) -> Option<&str> {
        let owner = self.accounts.iter().find(|account| {
            let known = &account.health.direct_messages;
            known.iter().any(|direct| direct.channel_id == channel)
        })?;
        Some(&owner.config.name)
    }

    /// Direct messages in which an open task waits for a seed.
    pub(super) fn awaited_direct_channels(&self) -> Vec<ChannelId> {
        let mut channels = Vec::new();
        for id in self.seeds.ids() {
            let channel = self.channel_of_task(id);
            if self.owner_of_direct(channel).is_some() && !channels.contains(&channel) {
                channels.push(channel);
            }
        }
        channels
    }

    /// Whether the direct messages that a waiting task needs are known; else they are asked for, and it waits.
    pub(super) fn has_direct_messages(
        &mut self,
        id: TaskId,
        account: &str,
        application: ApplicationId,
    ) -> bool {
        if self.direct_channel(account, application).is_some() {
            return true;
        }
        let pair = (account.to_owned(), application);
        let now = self.now;
        match self.seeds.openings.get(&pair) {
            Some(Opening::Asked) => self.queue.park(id, &waiting_for(&pair)),
            Some(Opening::After(at)) if *at > now.boot => {
                self.delay_until(id, *at);
            }
            Some(Opening::Refused(until)) if *until > now.boot => {
                let reason = Some(self.words(Detail::NoDirectMessages));
                self.fail_unsent(id, FailCode::Forbidden, reason);
            }
            _ => self.open_direct_messages(id, &pair),
        }
        false
    }

    fn open_direct_messages(&mut self, id: TaskId, pair: &Pair) {
        let (account, application) = pair.clone();
        let request = Request::open_direct_messages(UserId(application.0), TokenKind::User);
        let purpose = Purpose::DirectMessages(application);
        let opening = match self.request(purpose, Bearer::Account(account), request) {
            Ok(()) => Opening::Asked,
            Err(until) => Opening::After(until.unwrap_or(self.now.boot + RETRY)),
        };
        self.seeds.openings.insert(pair.clone(), opening);
        match opening {
            Opening::After(at) => self.delay_until(id, at),
            Opening::Asked | Opening::Refused(_) => self.queue.park(id, &waiting_for(pair)),
        }
    }

    /// The task waits until this reading of the boot clock, in milliseconds as the queue counts: rounded up, since a
    /// moment too early it would be put off to the same millisecond, for which no timer is set.
    fn delay_until(&mut self, id: TaskId, at: Duration) {
        let wait = at.saturating_sub(self.now.boot) + Duration::from_millis(1);
        self.delay(id, self.now.unix.plus(wait));
    }

    /// The direct messages with a bot were opened, or not.
    pub(super) fn direct_messages_answered(
        &mut self,
        account: &str,
        application: ApplicationId,
        answer: &Answer,
    ) {
        let pair = (account.to_owned(), application);
        let now = self.now;
        let (outcome, channel) = read_answer(answer);
        let opening = match outcome {
            Some(Outcome::Accepted) => None,
            Some(
                Outcome::BadRequest { .. }
                | Outcome::Forbidden { .. }
                | Outcome::NotFound { .. }
                | Outcome::InvalidPermissions
                | Outcome::UnknownChannel
                | Outcome::UnknownApplication,
            ) => Some(Opening::Refused(now.boot + REFUSED)),
            Some(outcome) => {
                let wait = outcome.retry_after().unwrap_or(RETRY);
                Some(Opening::After(now.boot + wait))
            }
            None => Some(Opening::After(now.boot + RETRY)),
        };
        match (opening, channel) {
            (None, Some(channel_id)) => {
                self.seeds.openings.remove(&pair);
                if let Some(account) = self.account_mut(account) {
                    let known = &mut account.health.direct_messages;
                    known.retain(|direct| direct.application_id != application);
                    known.push(DirectMessages {
                        application_id: application,
                        channel_id,
                    });
                    account.health.at = now.unix;
                    let health = account.health.clone();
                    self.outbox.write(Write::Account(health));
                }
            }
            (opening, _) => {
                let later = Opening::After(now.boot + RETRY);
                let opening = opening.unwrap_or(later);
                self.seeds.openings.insert(pair.clone(), opening);
            }
        }
        self.queue.release(&waiting_for(&pair));
    }

    /// A task that asks for a seed is open and was sent, now or by an earlier owner.
    pub(super) fn watch_seed(&mut self, id: TaskId) {
        if !self.is_seed(id) {
            return;
        }
        let shown = self.tasks.get(&id).and_then(|item| item.task.work.shown);
        let due = shown.map(|_| self.now.boot);
        self.seeds.open.entry(id).or_insert(due);
    }

    /// A message in the direct messages with a bot.
    pub(super) fn direct_seen(&mut self, message: &Message<'_>) {
        let serial = self.next_serial();
        let sighting = self.sightings.merge(message, true, serial);
        let reading = read::read(&sighting.message);
        let facts = Facts::of(&sighting.message, &reading, sighting.serial);
        let Some(id) = self.seed_task_of(&facts, &reading) else {
            return;
        };
        self.evidence(id, facts.nonce.as_ref());
        for interaction in &facts.interactions {
            self.correlator.bind_interaction(id, *interaction);
        }
        self.correlator
            .bind_message(id, facts.message, Role::Progress);
        if let Kind::Seed(seed) = reading.kind {
            self.seed_told(id, seed, &facts);
        } else if reading.kind == Kind::Job(Phase::Final) && !reading.pictures.is_empty() {
            self.job_shown(id, &facts);
        } else if let (Kind::Refusal, Some(refusal)) = (reading.kind, &reading.refusal) {
            self.refused(id, facts.message, &reading, refusal);
        }
        let is_open = self.seeds.open.contains_key(&id);
        if is_open {
            self.sightings.keep_bound(sighting);
        }
    }

    /// Whose a direct message is: by nonce, interaction or message; or it tells of the job whose seed is asked for.
    fn seed_task_of(&self, facts: &Facts, reading: &Reading<'_>) -> Option<TaskId> {
        let here = |id: &TaskId| {
            self.seeds.open.contains_key(id) && self.channel_of_task(*id) == facts.channel
        };
        let by_nonce = facts
            .nonce
            .as_ref()
            .and_then(|nonce| self.correlator.task_of_nonce(nonce));
        let by_interaction = || {
            let mut all = facts.interactions.iter();
            all.find_map(|it| self.correlator.task_of_interaction(*it))
        };
        let by_message = || {
            let (id, _) = self.correlator.task_of_message(facts.message)?;
            Some(id)
        };
        let by_job = || {
            let job = reading.job?;
            let tells = matches!(reading.kind, Kind::Seed(_) | Kind::Job(Phase::Final));
            let mut all = self.seeds.ids().filter(|id| {
                let wanted = self.seed_job(*id).and_then(|id| id.parse::<JobId>().ok());
                here(id) && wanted == Some(job)
            });
            all.next().filter(|_| tells)
        };
        by_nonce
            .or_else(by_interaction)
            .or_else(by_message)
            .or_else(by_job)
            .filter(here)
    }

    /// The bot shows the job: the envelope is added to this message.
    fn job_shown(&mut self, id: TaskId, facts: &Facts) {
        let now = self.now;
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        if item.task.work.shown.is_some() {
            return;
        }
        let moved = transition::advance(now.unix, &mut item.task.view, Status::InProgress);
        debug_assert!(
            moved || item.task.view.status == Status::InProgress,
            "a task that was sent is under way"
        );
        item.task.work.shown = Some(facts.message);
        item.task.work.bound = true;
        item.task.view.progress = 50;
        self.seeds.open.insert(id, Some(now.boot));
        self.outbox.mark(id, false);
    }

    /// Adds the envelopes that are due.
    pub(super) fn add_envelopes(&mut self) {
        if self.draining {
            return;
        }
        let now = self.now.boot;
        let due: Vec<TaskId> = self
            .seeds
            .open
            .iter()
            .filter(|(_, at)| at.is_some_and(|at| at <= now))
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            let added = self.add_envelope(id);
            self.seeds.open.insert(id, added.err().flatten());
            if matches!(added, Err(Some(_))) {
                self.held_up.insert(id);
            }
            if added == Err(None) {
                let reason = Some(self.words(Detail::EnvelopeNotAdded));
                self.finish_failed(id, FailCode::AccountDisabled, reason, Ending::ByMessage);
            }
        }
    }

    fn add_envelope(&mut self, id: TaskId) -> Result<(), Option<Duration>> {
        let task = &self.tasks.get(&id).ok_or(None)?.task;
        let (shown, account) = task.work.shown.zip(task.view.account.clone()).ok_or(None)?;
        let channel = self.channel_of_task(id);
        let request = Request::react(channel, shown, ENVELOPE, TokenKind::User);
        self.request(Purpose::Envelope(id), Bearer::Account(account), request)
    }

    /// The envelope was added, or not.
    pub(super) fn envelope_answered(&mut self, id: TaskId, answer: &Answer) {
        let now = self.now.boot;
        if !self.seeds.open.contains_key(&id) {
            return;
        }
        let (outcome, _) = read_answer(answer);
        let again = match outcome {
            Some(Outcome::Accepted) => return,
            None => Some(RETRY),
            Some(outcome) if outcome.is_in_doubt() => Some(RETRY),
            Some(outcome) => outcome.retry_after(),
        };
        if let Some(wait) = again {
            self.seeds.open.insert(id, Some(now + wait));
            return;
        }
        let reason = Some(self.words(Detail::EnvelopeRefused));
        self.finish_failed(id, FailCode::InteractionFailed, reason, Ending::ByMessage);
    }

    /// The bot tells a seed.
    fn seed_told(&mut self, id: TaskId, seed: u32, facts: &Facts) {
        let now = self.now.unix;
        let wanted = self.seed_job(id).and_then(|id| id.parse::<JobId>().ok());
        if facts.job.is_none() || facts.job != wanted {
            return;
        }
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        let view = &mut item.task.view;
        if !transition::advance(now, view, Status::Success) {
            return;
        }
        view.progress = 100;
        view.seed = Some(seed);
        view.job_id = facts.job.map(|job| job.to_string());
        view.message_id = Some(facts.message);
        self.counters.succeeded += 1;
        self.close(id, Ending::ByMessage);
    }
}

/// In the queue, what a task waits for whose direct messages are being opened.
fn waiting_for((account, application): &Pair) -> String {
    format!("direct messages/{account}/{application}")
}

/// What an answer means, and the id in it; none when no answer came.
fn read_answer(answer: &Answer) -> (Option<Outcome>, Option<ChannelId>) {
    answer.response().map_or((None, None), |response| {
        let id = rest::read_created_id(&response.body);
        (Some(response.outcome), id)
    })
}
