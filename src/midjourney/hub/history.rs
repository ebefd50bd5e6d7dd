//! Catching up by REST: the channel's messages after the oldest open attempt, read in pages and fed through the same
//! door as the gateway's events. Used after a lost session, without any gateway, and to find out what is in doubt.

use std::time::Duration;

use mj_discord::{
    UnixMs,
    rest::{self, Outcome, Page, Request, TokenKind},
    snowflake::{ChannelId, MessageId, snowflake_at},
};

use super::{
    Hub,
    driver::{Answer, Response},
    finish::{Ending, awaits_late_final},
    gates::GateState,
    observe::Source,
    outbox::{Bearer, Purpose},
};
use crate::{
    account::AccountState,
    config::GatewayMode,
    refusal::FailCode,
    store::Grade,
    task::{Attempt, AttemptState, Status, TaskId},
};

/// Messages a page: Discord's maximum.
const PAGE: u8 = 100;
/// Pages a reading: what is further away is not in this channel's recent history.
const PAGES: u32 = 20;
/// Between two readings while nothing else tells how tasks go: what a person does who waits, and its upper end.
const POLL: Duration = Duration::from_secs(5);
const LAST_POLL: Duration = Duration::from_secs(30);
/// How long the gateways may take to begin before REST takes their place.
const GATEWAY_GRACE: Duration = Duration::from_secs(10);
/// How much older than an attempt a message of its job can seem: both clocks' error.
const BEFORE: Duration = Duration::from_secs(5);
/// How long after the deletion of a progress message its final may come; in captured sessions the final came first and
/// the deletion with the next event.
const DELETION_GRACE: Duration = Duration::from_secs(20);
/// How long the user session's copies may come after a reading, before conclusions are drawn from it.
const SETTLING: Duration = Duration::from_secs(3);

/// A progress message that was deleted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deletion {
    pub at: Duration,
}

impl Deletion {
    pub(super) fn at(at: Duration) -> Self {
        Self { at }
    }
}

/// A reading under way.
#[derive(Clone, Copy, Debug)]
struct Reading {
    from: MessageId,
    after: MessageId,
    pages: u32,
    began: Duration,
}

/// A reading that reached the channel's end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finished {
    /// It read all messages after this one.
    pub from: MessageId,
    /// When it began, on the boot clock.
    pub began: Duration,
    /// When it ended.
    pub ended: Duration,
}

/// What is known of a channel's history.
#[derive(Debug, Default)]
pub(super) struct History {
    reading: Option<Reading>,
    /// One that ended before the channel's end: the next goes on there.
    rest: Option<Reading>,
    /// Whose tokens may not read here.
    pub refused: Vec<Bearer>,
    /// The last that reached the end.
    pub finished: Option<Finished>,
    /// Not before this reading of the boot clock.
    next: Duration,
    pause: Duration,
    /// Whether one is wanted for what was missed.
    is_wanted: bool,
}

impl Hub {
    /// What happened in the channels while nobody looked is to be read.
    pub(super) fn catch_up(&mut self) {
        for channel in self.channels() {
            let history = self.histories.entry(channel).or_default();
            history.is_wanted = true;
            history.pause = POLL;
            history.next = history.next.min(self.now.boot);
        }
    }

    /// A task was sent: what happens to it is worth looking at often.
    pub(super) fn poll_soon(&mut self, id: TaskId) {
        let channel = self.channel_of_task(id);
        let soon = self.now.boot + POLL;
        let history = self.histories.entry(channel).or_default();
        history.pause = POLL;
        history.next = if history.next.is_zero() {
            soon
        } else {
            history.next.min(soon)
        };
    }

    fn channels(&self) -> Vec<ChannelId> {
        let mut channels = vec![self.config.channel_id];
        for channel in self
            .config
            .accounts
            .iter()
            .filter_map(|account| account.channel_id)
        {
            if !channels.contains(&channel) {
                channels.push(channel);
            }
        }
        channels.extend(self.awaited_direct_channels());
        channels.extend(&self.former_channels);
        channels
    }

    /// Begins the readings that are due.
    pub(super) fn read_histories(&mut self) {
        if self.draining {
            return;
        }
        for channel in self.channels() {
            if self.is_reading_due(channel) {
                self.begin_reading(channel);
            } else if let Some(history) = self.histories.get_mut(&channel)
                && history.next <= self.now.boot
                && history.reading.is_none()
            {
                // Nothing was sent about which the channel could tell.
                history.is_wanted = false;
            }
        }
    }

    /// When a reading is due next, if one is needed at all.
    pub(super) fn next_reading(&self) -> Option<Duration> {
        if self.draining {
            return None;
        }
        let due = |channel: ChannelId| {
            let history = self.histories.get(&channel);
            let is_idle = history.is_none_or(|history| history.reading.is_none());
            let next = history.map_or(Duration::ZERO, |history| history.next);
            let wanted = self.reading_wanted(channel)?;
            (is_idle && self.oldest_wanted(channel).is_some()).then_some(next.max(wanted))
        };
        self.channels().into_iter().filter_map(due).min()
    }

    fn is_reading_due(&self, channel: ChannelId) -> bool {
        let history = self.histories.get(&channel);
        history.is_none_or(|history| history.reading.is_none() && history.next <= self.now.boot)
            && self
                .reading_wanted(channel)
                .is_some_and(|at| at <= self.now.boot)
            && self.oldest_wanted(channel).is_some()
    }

    /// From when on a reading has a reason.
    fn reading_wanted(&self, channel: ChannelId) -> Option<Duration> {
        let history = self.histories.get(&channel);
        let mut reasons: Vec<Duration> = self.doubt_wants_reading(channel).into_iter().collect();
        if self.grade == Grade::Resident {
            reasons.extend(
                history
                    .filter(|history| history.is_wanted)
                    .map(|_| Duration::ZERO),
            );
            reasons.extend(
                self.deletions
                    .iter()
                    .filter(|(id, _)| self.is_in(**id, channel))
                    .map(|(_, deletion)| {
                        let due = deletion.at + DELETION_GRACE;
                        let began = history
                            .and_then(|history| history.finished)
                            .map(|finished| finished.began);
                        // One that began after the grace time has said all there is to say.
                        if began.is_some_and(|began| began >= due) {
                            Duration::MAX
                        } else {
                            due
                        }
                    }),
            );
            if !self.gates.any_live() && self.has_open_attempt(channel) {
                let grace = if self.config.gateway == GatewayMode::Off {
                    Duration::ZERO
                } else {
                    GATEWAY_GRACE
                };
                reasons.push(self.unwatched_since + grace);
            }
        }
        reasons.into_iter().min().filter(|at| *at != Duration::MAX)
    }

    /// Whether all that was missed in a channel has been read.
    pub(super) fn is_caught_up(&self, channel: ChannelId) -> bool {
        self.histories.get(&channel).is_none_or(|history| {
            history.reading.is_none() && history.rest.is_none() && !history.is_wanted
        })
    }

    fn is_in(&self, id: TaskId, channel: ChannelId) -> bool {
        self.tasks.contains_key(&id) && self.channel_of_task(id) == channel
    }

    fn has_open_attempt(&self, channel: ChannelId) -> bool {
        self.under_way
            .iter()
            .copied()
            .chain(self.late())
            .any(|id| self.is_in(id, channel) && self.first_attempt(id).is_some())
    }

    /// Ended tasks whose picture may still come.
    fn late(&self) -> impl Iterator<Item = TaskId> + '_ {
        let late = self.late.iter().map(|(_, id)| *id);
        late.filter(|id| {
            self.tasks
                .get(id)
                .is_some_and(|item| awaits_late_final(&item.task.view))
        })
    }

    /// The earliest that the first attempt of a task was made that may have arrived.
    pub(super) fn first_attempt(&self, id: TaskId) -> Option<UnixMs> {
        let attempts = &self.tasks.get(&id)?.task.work.attempts;
        let may_have_arrived =
            |state| !matches!(state, AttemptState::Refused | AttemptState::Absent);
        attempts
            .iter()
            .find(|attempt| may_have_arrived(attempt.state))
            .map(Attempt::earliest)
    }

    /// After which message the reading begins: before the oldest attempt of an open task, or of one whose picture may
    /// still be late.
    fn oldest_wanted(&self, channel: ChannelId) -> Option<MessageId> {
        let open = self.under_way.iter().copied();
        let attempts = open
            .chain(self.late())
            .filter(|id| self.is_in(*id, channel))
            .filter_map(|id| self.first_attempt(id));
        attempts
            .min()
            .map(|at| MessageId(snowflake_at(at.minus(BEFORE))))
    }

    fn begin_reading(&mut self, channel: ChannelId) {
        let Some(from) = self.oldest_wanted(channel) else {
            return;
        };
        let now = self.now.boot;
        let history = self.histories.entry(channel).or_default();
        let rest = history
            .rest
            .take()
            .filter(|rest| rest.from <= from && rest.after >= from);
        let reading = Reading {
            from,
            after: rest.map_or(from, |rest| rest.after),
            pages: 0,
            began: rest.map_or(now, |rest| rest.began),
        };
        history.reading = Some(reading);
        history.is_wanted = false;
        self.read_page(channel);
    }

    fn read_page(&mut self, channel: ChannelId) {
        let Some(after) = self
            .histories
            .get(&channel)
            .and_then(|history| history.reading)
            .map(|reading| reading.after)
        else {
            return;
        };
        let asked = match self.reader(channel) {
            Some((bearer, kind)) => {
                let request = Request::messages(channel, Page::After(after), PAGE, kind);
                self.request(Purpose::History(channel), bearer, request)
            }
            None => Err(None),
        };
        if let Err(until) = asked {
            self.stop_reading(channel, until);
        }
    }

    /// Whose token reads: the bot's, which may; else that of an account that works in this channel; else any. One
    /// that was refused comes again when all were.
    fn reader(&mut self, channel: ChannelId) -> Option<(Bearer, TokenKind)> {
        if let Some(owner) = self.owner_of_direct(channel) {
            let is_usable = self.account(owner).is_some_and(|it| !it.is_disabled());
            let bearer = Bearer::Account(owner.to_owned());
            return is_usable.then_some((bearer, TokenKind::User));
        }
        let bot_may = matches!(self.config.gateway, GatewayMode::Bot | GatewayMode::Both)
            && self.config.bot_token.is_some()
            && !self.bot_cannot_read
            && !self.bot_limiter.is_unauthorized();
        let mut readers: Vec<(Bearer, TokenKind)> = Vec::new();
        readers.extend(bot_may.then_some((Bearer::Bot, TokenKind::Bot)));
        for is_at_home in [true, false] {
            let accounts = self.accounts.iter().map(|account| &account.config.name);
            let here = accounts.filter(|name| {
                (self.channel_of(Some(name)) == channel) == is_at_home
                    && self.account(name).is_some_and(|account| {
                        !account.is_disabled() || (is_at_home && account.may_read())
                    })
            });
            readers.extend(here.map(|name| (Bearer::Account(name.clone()), TokenKind::User)));
            let retired = self.retired.iter().filter(|account| {
                is_at_home && account.config.channel_id.unwrap_or(self.config.channel_id) == channel
            });
            readers.extend(retired.map(|account| {
                let bearer = Bearer::Account(account.config.name.clone());
                (bearer, TokenKind::User)
            }));
        }
        let history = self.histories.entry(channel).or_default();
        if readers
            .iter()
            .all(|(bearer, _)| history.refused.contains(bearer))
        {
            history.refused.clear();
        }
        readers
            .into_iter()
            .find(|(bearer, _)| !history.refused.contains(bearer))
    }

    /// The reading ends without a result and is made once more.
    fn stop_reading(&mut self, channel: ChannelId, until: Option<Duration>) {
        let now = self.now.boot;
        let history = self.histories.entry(channel).or_default();
        history.pause = (history.pause.max(POLL) * 3 / 2).min(LAST_POLL);
        history.rest = history.reading.take();
        history.is_wanted = true;
        history.next = until.unwrap_or(now + history.pause);
    }

    /// A page came, or did not.
    pub(super) fn page_answered(&mut self, channel: ChannelId, bearer: &Bearer, answer: &Answer) {
        let Some(Response { body, outcome, .. }) = answer.response() else {
            self.stop_reading(channel, None);
            return;
        };
        let page = rest::read_messages(&body).filter(|_| outcome == Outcome::Accepted);
        let Some(mut page) = page else {
            self.page_refused(channel, bearer, &outcome);
            return;
        };
        // Newest first on the wire; seen in the order in which they were made.
        page.sort_by_key(|message| message.id);
        let empty_before = self.counters.empty;
        for message in &page {
            self.see(Source::Rest, message);
        }
        if self.counters.empty > empty_before && *bearer == Bearer::Bot {
            // Without MESSAGE_CONTENT the bot sees that there are messages, not whose: that proves nothing.
            self.bot_cannot_read = true;
            self.stop_reading(channel, Some(self.now.boot));
            self.histories.entry(channel).or_default().rest = None;
            return;
        }
        let last = page.last().map(|message| message.id);
        let is_full = page.len() >= usize::from(PAGE);
        let Some(history) = self.histories.get_mut(&channel) else {
            return;
        };
        let Some(reading) = history.reading.as_mut() else {
            return;
        };
        reading.pages += 1;
        let goes_on = last.filter(|last| is_full && *last > reading.after);
        if let Some(last) = goes_on {
            reading.after = last;
        }
        if goes_on.is_some() && reading.pages < PAGES && !self.draining {
            self.read_page(channel);
        } else {
            self.reading_ended(channel, !is_full);
        }
    }

    fn reading_ended(&mut self, channel: ChannelId, is_whole: bool) {
        let now = self.now.boot;
        let Some(history) = self.histories.get_mut(&channel) else {
            return;
        };
        let Some(reading) = history.reading.take() else {
            return;
        };
        history.next = now + history.pause.max(POLL);
        history.pause = (history.pause.max(POLL) * 3 / 2).min(LAST_POLL);
        if is_whole {
            let Reading { from, began, .. } = reading;
            history.finished = Some(Finished {
                from,
                began,
                ended: now,
            });
        } else {
            // A channel this long is read in parts, with pauses between them.
            history.rest = Some(reading);
            history.is_wanted = true;
            history.next = now + POLL;
        }
    }

    fn page_refused(&mut self, channel: ChannelId, bearer: &Bearer, outcome: &Outcome) {
        match (outcome, bearer) {
            (
                Outcome::Unauthorized
                | Outcome::Forbidden { .. }
                | Outcome::NotFound { .. }
                | Outcome::UnknownChannel
                | Outcome::InvalidPermissions,
                Bearer::Bot,
            )
            | (
                Outcome::Forbidden { .. }
                | Outcome::NotFound { .. }
                | Outcome::UnknownChannel
                | Outcome::InvalidPermissions,
                Bearer::Account(_),
            ) => {
                let history = self.histories.entry(channel).or_default();
                history.refused.push(bearer.clone());
            }
            (Outcome::Unauthorized, Bearer::Account(name)) => {
                let name = name.clone();
                self.stop_account(
                    &name,
                    AccountState::Disabled {
                        code: FailCode::Unauthorized,
                    },
                    None,
                );
            }
            (Outcome::CaptchaRequired, Bearer::Account(name)) => {
                let name = name.clone();
                self.stop_account(
                    &name,
                    AccountState::Disabled {
                        code: FailCode::CaptchaRequired,
                    },
                    None,
                );
            }
            _ => {}
        }
        let wait = outcome
            .retry_after()
            .map(|wait| self.now.boot.saturating_add(wait));
        self.stop_reading(channel, wait);
    }

    /// Tasks whose progress message was deleted fail, once a reading after the grace time found no final either.
    pub(super) fn conclude_deletions(&mut self) {
        let concluded: Vec<TaskId> = self
            .deletions
            .iter()
            .filter(|(id, deletion)| {
                let due = deletion.at + DELETION_GRACE;
                if !self.tasks.contains_key(id) {
                    return true;
                }
                let channel = self.channel_of_task(**id);
                let finished = self
                    .histories
                    .get(&channel)
                    .and_then(|history| history.finished);
                finished.is_some_and(|finished| {
                    finished.began >= due && self.is_settled(channel, finished)
                })
            })
            .map(|(id, _)| *id)
            .collect();
        for id in concluded {
            self.deletions.remove(&id);
            if self
                .tasks
                .get(&id)
                .is_some_and(|item| item.task.view.status != Status::Success)
            {
                self.finish_failed(id, FailCode::MessageDeleted, None, Ending::ByMessage);
            }
        }
    }

    /// Whether the user session can tell no more about what a reading showed. The 3 seconds are not waited for when it
    /// has shown all of it: owners that live no longer would never conclude anything.
    pub(super) fn is_settled(&self, channel: ChannelId, finished: Finished) -> bool {
        let has_told_all = match self.gates.user.state {
            GateState::Off | GateState::Dead => true,
            GateState::Connecting | GateState::Down => false,
            GateState::Live => !self.sightings.lack_own_copy(channel, finished.from),
        };
        has_told_all || finished.ended + SETTLING <= self.now.boot
    }

    /// When a conclusion about deletions may be drawn next.
    pub(super) fn next_conclusion(&self) -> Option<Duration> {
        if self.deletions.is_empty() && self.doubts.is_empty() {
            return None;
        }
        let ends = self
            .histories
            .values()
            .filter_map(|history| history.finished);
        ends.map(|finished| finished.ended + SETTLING)
            .filter(|at| *at > self.now.boot)
            .min()
    }
}
