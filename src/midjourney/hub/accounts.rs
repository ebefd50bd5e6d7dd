//! The hub's accounts at work: who they are, whether they may send, and what stops them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use mj_discord::{
    Moment, RateLimiter, Token, UnixMs,
    rate_limit::Permit,
    rest::{self, Request, Route, TokenKind},
    snowflake::{ChannelId, GuildId, UserId},
};

use super::{
    Hub,
    driver::Answer,
    finish::awaits_late_final,
    outbox::{Bearer, Purpose},
};
use crate::{
    account::{AccountHealth, AccountState},
    config::{AccountConfig, HubConfig},
    correlate::Facts,
    queue::Lane,
    read::{Phase, Reading},
    refusal::{FailCode, Notice, Refusal, Rest, Until},
    store::Write,
    task::{Mode, TaskId, Work},
};

/// Until a look-up of an account's user is tried again.
const IDENTITY_RETRY: Duration = Duration::from_secs(10);
/// How often a token is tried that Discord did not accept: the operator may have unlocked the account.
const PROBE_EVERY: Duration = Duration::from_secs(60 * 60);
/// The same when no answer came.
const PROBE_RETRY: Duration = Duration::from_secs(5 * 60);
/// How much later than a notice a job may begin that was sent before it.
const IN_FLIGHT: Duration = Duration::from_secs(10);
/// How long "Job queued" says that the account is at its limit: longer than most jobs take.
const AT_LIMIT: Duration = Duration::from_secs(10 * 60);

/// One account at work.
#[derive(Debug)]
pub(super) struct Account {
    pub config: AccountConfig,
    pub health: AccountHealth,
    pub limiter: RateLimiter,
    /// The next interaction not before this reading of the boot clock: spacing.
    pub spaced_until: Duration,
    /// The same: rate limits.
    pub limited_until: Duration,
    /// Not to ask who it is before this reading of the boot clock.
    pub ask_after: Duration,
    /// The same: its queue at Midjourney was full.
    pub full_until: Duration,
    /// A token that Discord did not accept is not tried before this reading of the boot clock.
    pub probe_after: Duration,
    /// Jobs under way.
    pub running: BTreeMap<TaskId, Lane>,
    /// When Midjourney last said that it has too many jobs.
    pub queued_at: Option<Duration>,
}

impl Account {
    fn new(config: AccountConfig, known: Option<AccountHealth>, now: Moment) -> Self {
        let fingerprint = Some(fingerprint(&config.user_token));
        let known = known.filter(|health| health.token_fingerprint == fingerprint);
        let health = known.unwrap_or_else(|| AccountHealth {
            token_fingerprint: fingerprint,
            ..AccountHealth::new(config.name.clone(), now.unix)
        });
        let probe_after = now.boot_at(health.at.plus(PROBE_EVERY));
        Self {
            config,
            health,
            limiter: RateLimiter::new(),
            spaced_until: Duration::ZERO,
            limited_until: Duration::ZERO,
            full_until: Duration::ZERO,
            probe_after,
            ask_after: Duration::ZERO,
            running: BTreeMap::new(),
            queued_at: None,
        }
    }

    pub(super) fn all(config: &HubConfig, known: &[AccountHealth], now: Moment) -> Vec<Self> {
        let of = |name: &str| known.iter().find(|health| health.name == name).cloned();
        config
            .accounts
            .iter()
            .map(|account| Self::new(account.clone(), of(&account.name), now))
            .collect()
    }

    /// Somebody has acted: whatever stopped the account may be over. A token that Discord did not accept is tried
    /// first.
    pub(super) fn forgive(&mut self, now: Moment) -> bool {
        if self.has_dead_token() {
            self.probe_after = now.boot;
            return false;
        }
        if self.health.state.code() == Some(FailCode::RateLimited) {
            // The ban is the address's, and its time goes on.
            return false;
        }
        let was_stopped = self.health.state != AccountState::Usable;
        self.health.state = AccountState::Usable;
        self.health.reason = None;
        if was_stopped {
            self.health.at = now.unix;
        }
        was_stopped
    }

    /// Whether Discord did not accept its token.
    pub(super) fn has_dead_token(&self) -> bool {
        self.health.state
            == AccountState::Disabled {
                code: FailCode::Unauthorized,
            }
    }

    /// Whether it is switched off for good: until somebody acts.
    pub(super) fn is_disabled(&self) -> bool {
        !self.config.enabled
            || self.limiter.is_unauthorized()
            || matches!(self.health.state, AccountState::Disabled { .. })
    }

    /// Whether its token still reads what its jobs bring: also when it is to send nothing any more.
    pub(super) fn may_read(&self) -> bool {
        let wants_a_person = self.health.state.code() == Some(FailCode::CaptchaRequired);
        !self.limiter.is_unauthorized() && !self.has_dead_token() && !wants_a_person
    }

    /// Whether its state lets it send now, in one lane at least: without fast hours it may still relax.
    pub(super) fn is_usable(&self, now: UnixMs) -> bool {
        let is_held = matches!(
            self.health.state,
            AccountState::Paused { until, code } if until > now && code != FailCode::CreditsExhausted
        );
        !self.is_disabled() && !is_held
    }

    /// Whether nothing but its state and its jobs keeps it from sending now.
    pub(super) fn is_ready(&self, now: Moment) -> bool {
        self.is_usable(now.unix)
            && [self.spaced_until, self.limited_until, self.full_until]
                .iter()
                .all(|until| *until <= now.boot)
    }

    pub(super) fn free(&self, lane: Lane) -> u32 {
        let has_no_fast_hours = self.health.state.code() == Some(FailCode::CreditsExhausted);
        let limit = match lane {
            Lane::Fast if has_no_fast_hours => 0,
            Lane::Aside | Lane::Fast => self.config.concurrency,
            Lane::Relax => self.config.relax_concurrency,
        };
        let used = self
            .running
            .values()
            .filter(|running| **running == lane)
            .count();
        limit.saturating_sub(u32::try_from(used).unwrap_or(u32::MAX))
    }

    /// Whether a command may have been answered by "Job queued", which an observer does not see.
    pub(super) fn may_be_at_limit(&self, now: Duration, except: TaskId) -> bool {
        let others = |lane: Lane| {
            self.running
                .iter()
                .filter(|(id, of)| **of == lane && **id != except)
                .count()
        };
        self.queued_at
            .is_some_and(|at| now.saturating_sub(at) < AT_LIMIT)
            || others(Lane::Fast) >= self.config.concurrency as usize
            || others(Lane::Relax) >= self.config.relax_concurrency as usize
    }

    /// Whether it is asked for at times if its token is accepted again.
    pub(super) fn probes(&self) -> bool {
        self.config.enabled && self.has_dead_token()
    }

    /// Why it can not be used, and in whose words beside ours.
    pub(super) fn trouble(&self) -> Option<(FailCode, Option<String>)> {
        let reason = self.health.reason.clone();
        match self.health.state.code() {
            Some(code) => Some((code, reason)),
            None => (!self.config.enabled).then_some((FailCode::AccountDisabled, None)),
        }
    }
}

/// Tells tokens apart without leading back to one: FNV-1a over 64 bits of a value with far more.
pub(super) fn fingerprint(token: &Token) -> String {
    format!("{:016x}", fnv(token.expose().as_bytes()))
}

/// Tells configurations apart in the same way, as far as they concern an account: other accounts come and go with the
/// tasks that bring their own tokens.
fn config_fingerprint(config: &HubConfig, account: &str) -> String {
    let mut config = config.clone();
    config.accounts.retain(|known| known.name == account);
    format!(
        "{:016x}",
        fnv(&serde_json::to_vec(&config).unwrap_or_default())
    )
}

fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

impl Hub {
    pub(super) fn account(&self, name: &str) -> Option<&Account> {
        self.accounts
            .iter()
            .find(|account| account.config.name == name)
    }

    /// The account of this name, or one that has left the configuration while its jobs run.
    pub(super) fn any_account(&self, name: &str) -> Option<&Account> {
        let is_it = |account: &&Account| account.config.name == name;
        let retired = || self.retired.iter().find(is_it);
        self.accounts.iter().find(is_it).or_else(retired)
    }

    /// The same.
    pub(super) fn account_mut(&mut self, name: &str) -> Option<&mut Account> {
        self.accounts
            .iter_mut()
            .chain(&mut self.retired)
            .find(|account| account.config.name == name)
    }

    /// Where an account's commands go.
    pub(super) fn channel_of(&self, account: Option<&str>) -> ChannelId {
        account
            .and_then(|name| self.any_account(name))
            .and_then(|account| account.config.channel_id)
            .unwrap_or(self.config.channel_id)
    }

    /// Where a task was sent, whatever the configuration says since; before that, where the message stands that it
    /// presses.
    pub(super) fn known_place_of(&self, id: TaskId) -> Option<(Option<GuildId>, ChannelId)> {
        let of = |work: &Work| Some((work.guild_id, work.channel_id?));
        let item = self.tasks.get(&id)?;
        let work = &item.task.work;
        if !work.attempts.is_empty() {
            return of(work);
        }
        work.press.as_ref()?;
        of(&self.tasks.get(&item.task.view.parent_id?)?.task.work)
    }

    /// Whether a task is sent again where it was sent before: a button where its message stands, a command by the same
    /// user. By another account it goes to that one's channel.
    pub(super) fn is_bound_to_place(&self, id: TaskId, account: &str) -> bool {
        let user = self
            .any_account(account)
            .and_then(|account| account.health.user_id);
        self.tasks.get(&id).is_some_and(|item| {
            let work = &item.task.work;
            work.press.is_some() || user.is_none() || work.user_id == user
        })
    }

    /// In which guild an account's commands go.
    pub(super) fn guild_of(&self, account: &str) -> GuildId {
        self.any_account(account)
            .and_then(|account| account.config.guild_id)
            .unwrap_or(self.config.guild_id)
    }

    pub(super) fn is_our_channel(&self, channel: ChannelId) -> bool {
        self.is_configured(channel) || self.former_channels.contains(&channel)
    }

    fn is_configured(&self, channel: ChannelId) -> bool {
        channel == self.config.channel_id
            || self
                .config
                .accounts
                .iter()
                .any(|account| account.channel_id == Some(channel))
    }

    /// Watches a channel in which a task is sent: its pressed message may stand in a former one.
    pub(super) fn watch_channel(&mut self, channel: ChannelId) {
        if !self.is_configured(channel) && self.owner_of_direct(channel).is_none() {
            self.former_channels.insert(channel);
        }
    }

    /// Goes on watching the channels in which tasks were sent that have not ended.
    pub(super) fn keep_former_channels(&mut self) {
        let sent = self.tasks.iter().filter_map(|(id, item)| {
            let is_of_use = !item.task.view.status.is_terminal()
                || item.task.work.key_held_until.is_some()
                || awaits_late_final(&item.task.view);
            is_of_use.then(|| self.channel_of_task(*id))
        });
        let former: BTreeSet<ChannelId> = sent
            .filter(|channel| {
                !self.is_configured(*channel) && self.owner_of_direct(*channel).is_none()
            })
            .collect();
        self.former_channels = former;
    }

    pub(super) fn token_of(&self, bearer: &Bearer) -> Option<Token> {
        match bearer {
            Bearer::Bot => self.config.bot_token.clone(),
            Bearer::Nobody => None,
            Bearer::Account(name) => self
                .any_account(name)
                .map(|account| account.config.user_token.clone()),
        }
    }

    pub(super) fn limiter(&mut self, bearer: &Bearer) -> Option<&mut RateLimiter> {
        match bearer {
            Bearer::Bot => Some(&mut self.bot_limiter),
            Bearer::Nobody => None,
            Bearer::Account(name) => self.account_mut(name).map(|account| &mut account.limiter),
        }
    }

    /// Asks whether a request may leave with this token now.
    pub(super) fn permit(&mut self, bearer: &Bearer, route: &Route) -> Permit {
        let now = self.now;
        self.limiter(bearer)
            .map_or(Permit::Unauthorized, |limiter| limiter.permit(now, route))
    }

    /// Queues a request that may leave now, if it may; else tells when to ask again.
    pub(super) fn request(
        &mut self,
        purpose: Purpose,
        bearer: Bearer,
        request: Request,
    ) -> Result<(), Option<Duration>> {
        match self.permit(&bearer, &request.route) {
            Permit::Ready => {}
            Permit::Wait(until) => return Err(Some(until)),
            Permit::Unauthorized => return Err(None),
        }
        let Some(token) = self.token_of(&bearer) else {
            return Err(None);
        };
        self.outbox.send(purpose, bearer, token, request);
        Ok(())
    }

    /// Asks Discord who the accounts are that are needed and not known.
    pub(super) fn ask_identities(&mut self) {
        if self.draining {
            return;
        }
        for at in 0..self.accounts.len() {
            let account = &self.accounts[at];
            let name = account.config.name.clone();
            let bearer = Bearer::Account(name.clone());
            let is_asked = self
                .outbox
                .pending_of(&bearer)
                .any(|purpose| *purpose == Purpose::Identity);
            if account.health.user_id.is_some()
                || account.is_disabled()
                || is_asked
                || account.ask_after > self.now.boot
            {
                continue;
            }
            let asked = self.request(
                Purpose::Identity,
                bearer,
                Request::current_user(TokenKind::User),
            );
            if let Err(until) = asked {
                let until = until.unwrap_or(self.now.boot + IDENTITY_RETRY);
                if let Some(account) = self.account_mut(&name) {
                    account.ask_after = until;
                }
            }
        }
    }

    /// Asks Discord whether tokens are accepted again that were not: once an hour, and when somebody has acted.
    pub(super) fn probe_tokens(&mut self) {
        if self.draining {
            return;
        }
        for at in 0..self.accounts.len() {
            let account = &mut self.accounts[at];
            if !account.probes() || account.probe_after > self.now.boot {
                continue;
            }
            account.limiter.retry_unauthorized();
            account.probe_after = self.now.boot + PROBE_EVERY;
            let bearer = Bearer::Account(account.config.name.clone());
            let request = Request::current_user(TokenKind::User);
            if let Err(until) = self.request(Purpose::Identity, bearer, request) {
                self.accounts[at].probe_after = until.unwrap_or(self.now.boot + IDENTITY_RETRY);
            }
        }
    }

    /// Discord said who an account is, or did not.
    pub(super) fn identity_answered(&mut self, name: &str, answer: &Answer) {
        let now = self.now;
        let user = match answer {
            Answer::Response {
                status: 200..=299,
                body,
                ..
            } => std::str::from_utf8(body)
                .ok()
                .and_then(rest::read_created_id::<UserId>),
            Answer::Response { .. } | Answer::Failure { .. } => None,
        };
        if let Some(user) = user {
            self.learn_user(name, user);
            if self.account(name).is_some_and(Account::has_dead_token) {
                self.lift(name);
            }
            return;
        }
        let Some(account) = self.account_mut(name) else {
            return;
        };
        account.ask_after = now.boot + IDENTITY_RETRY;
        if !account.has_dead_token() {
            return;
        }
        if account.limiter.is_unauthorized() {
            // So that the next owner asks no sooner either.
            account.health.at = now.unix;
            account.probe_after = now.boot + PROBE_EVERY;
            let health = account.health.clone();
            self.outbox.write(Write::Account(health));
        } else {
            account.probe_after = now.boot + PROBE_RETRY;
        }
    }

    /// An account's user is known.
    pub(super) fn learn_user(&mut self, name: &str, user: UserId) {
        let at = self.now.unix;
        let Some(account) = self.account_mut(name) else {
            return;
        };
        if account.health.user_id == Some(user) {
            return;
        }
        account.health.user_id = Some(user);
        account.health.at = at;
        let health = account.health.clone();
        self.outbox.write(Write::Account(health));
    }

    /// An account may not be used any more, until a time or until somebody acts.
    pub(super) fn stop_account(&mut self, name: &str, state: AccountState, reason: Option<String>) {
        let (at, probe_after) = (self.now.unix, self.now.boot + PROBE_EVERY);
        let print = config_fingerprint(&self.config, name);
        let Some(account) = self.account_mut(name) else {
            return;
        };
        let lasts_longer = match (&account.health.state, &state) {
            (AccountState::Disabled { .. }, _) => false,
            (
                AccountState::Paused {
                    until: known,
                    code: why,
                },
                AccountState::Paused { until, code },
            ) => match [*why, *code].map(|code| code == FailCode::CreditsExhausted) {
                // Without fast hours it still relaxes; any other pause stops that too.
                [true, false] => true,
                [false, true] => *known <= at,
                [true, true] | [false, false] => known < until,
            },
            (AccountState::Usable | AccountState::Paused { .. }, _) => true,
        };
        if !lasts_longer {
            return;
        }
        account.health.state = state;
        account.health.reason = reason;
        account.health.at = at;
        account.health.config_fingerprint = Some(print);
        account.probe_after = probe_after;
        let health = account.health.clone();
        self.outbox.write(Write::Account(health));
        self.status_due = true;
        self.leave_account(name);
        self.fail_hopeless();
    }

    /// An account may be used again.
    fn lift(&mut self, name: &str) {
        let at = self.now.unix;
        let Some(account) = self.account_mut(name) else {
            return;
        };
        if account.health.state == AccountState::Usable {
            return;
        }
        account.health.state = AccountState::Usable;
        account.health.reason = None;
        account.health.at = at;
        let health = account.health.clone();
        self.outbox.write(Write::Account(health));
        self.status_due = true;
    }

    /// Accounts that were stopped under another configuration may be used: somebody has acted since.
    pub(super) fn forgive_accounts(&mut self) {
        for account in &mut self.accounts {
            let stopped_under = account.health.config_fingerprint.as_ref();
            let is_changed = stopped_under
                .is_some_and(|it| *it != config_fingerprint(&self.config, &account.config.name));
            if is_changed && account.forgive(self.now) {
                self.outbox.write(Write::Account(account.health.clone()));
            }
        }
    }

    /// Accounts whose pause is over are usable again.
    pub(super) fn end_pauses(&mut self) {
        let now = self.now.unix;
        let over: Vec<String> = self
            .accounts
            .iter()
            .filter(|account| {
                matches!(account.health.state, AccountState::Paused { until, .. } if until <= now)
            })
            .map(|account| account.config.name.clone())
            .collect();
        for name in over {
            self.lift(&name);
        }
    }

    /// What a notice makes of the account that got it; none when it concerns the task alone.
    pub(super) fn state_after(&self, refusal: &Refusal) -> Option<AccountState> {
        let code = refusal.code?;
        let now = self.now.unix;
        let told = refusal.until.map(|until| match until {
            Until::At(at) => self.of_discord_time(at),
            Until::After(after) => now.plus(after),
        });
        let usual = match refusal.notice.row().rest {
            Rest::None => return None,
            Rest::Pause(pause) => Some(now.plus(pause)),
            Rest::Disable => None,
        };
        Some(match told.filter(|until| *until > now).or(usual) {
            Some(until) => AccountState::Paused { code, until },
            None => AccountState::Disabled { code },
        })
    }

    /// A message of the bot's may show that a person has cleared a stopped account: a job that its user began since,
    /// or Midjourney's word for it.
    pub(super) fn note_life(&mut self, facts: &Facts, reading: &Reading<'_>, is_own_copy: bool) {
        let is_word = reading
            .refusal
            .as_ref()
            .is_some_and(|refusal| refusal.notice == Notice::Cleared);
        let own = self.gates.own().map(|(user, _)| user);
        let user = facts.user.or(own.filter(|_| is_word && is_own_copy));
        let user = user.filter(|_| facts.application.is_some());
        let Some(user) = user else { return };
        let begun = facts
            .interactions
            .iter()
            .map(|interaction| interaction.made_at())
            .min()
            .or(match reading.phase() {
                Some(Phase::Start | Phase::Progress | Phase::Paused) => {
                    Some(facts.message.made_at())
                }
                Some(Phase::Final | Phase::Stopped) | None => None,
            })
            .filter(|_| reading.phase().is_some());
        let is_fast = matches!(reading.mode, Some(Mode::Fast | Mode::Turbo));
        let (now, discord) = (self.now.unix, self.discord_time());
        let cleared = self.accounts.iter().find(|account| {
            let health = &account.health;
            let stopped_at = discord.minus(now.since(health.at)).plus(IN_FLIGHT);
            let proves = match health.state.code() {
                // A token, or an address, is not cleared by what a person does in Discord.
                None
                | Some(
                    FailCode::Unauthorized | FailCode::RateLimited | FailCode::AccountDisabled,
                ) => false,
                Some(FailCode::CreditsExhausted) => is_fast,
                Some(_) => true,
            };
            health.user_id == Some(user)
                && proves
                && (is_word || begun.is_some_and(|begun| begun > stopped_at))
        });
        if let Some(name) = cleared.map(|account| account.config.name.clone()) {
            self.lift(&name);
        }
    }

    /// Tasks that wait for accounts which will not come back by themselves fail now, not at their time-out.
    pub(super) fn fail_hopeless(&mut self) {
        let hopeless: Vec<_> = self
            .queue
            .ids()
            .chain(self.preparations.keys().copied())
            .filter_map(|id| Some((id, self.hopeless(id)?)))
            .collect();
        for (id, (code, reason)) in hopeless {
            self.fail_unsent(id, code, reason);
        }
    }

    /// Why no account will ever send a waiting task, as things are.
    pub(super) fn hopeless(&self, id: TaskId) -> Option<(FailCode, Option<String>)> {
        self.held_back_by(id, |account| !account.is_disabled())
    }

    /// Why no account can send a waiting task now.
    pub(super) fn held_back(&self, id: TaskId) -> Option<(FailCode, Option<String>)> {
        let lane = Lane::of(&self.tasks.get(&id)?.task.work);
        self.held_back_by(id, |account| {
            let lacks_hours = account.health.state.code() == Some(FailCode::CreditsExhausted);
            account.is_usable(self.now.unix) && !(lacks_hours && lane == Lane::Fast)
        })
    }

    fn held_back_by(
        &self,
        id: TaskId,
        may: impl Fn(&Account) -> bool,
    ) -> Option<(FailCode, Option<String>)> {
        let account = if let Some(name) = self.account_for(id) {
            self.account(&name)
        } else {
            let mut takers = self
                .accounts
                .iter()
                .filter(|account| account.config.weight > 0);
            if takers.any(&may) {
                return None;
            }
            self.accounts.first()
        };
        match account {
            Some(account) if self.account_for(id).is_some() && may(account) => None,
            Some(account) => Some(
                account
                    .trouble()
                    .unwrap_or((FailCode::AccountDisabled, None)),
            ),
            None => Some((FailCode::AccountDisabled, None)),
        }
    }

    /// Whether a task that its account was refused may be sent by another one right away.
    pub(super) fn may_go_elsewhere(&self, id: TaskId) -> bool {
        let current = self
            .tasks
            .get(&id)
            .and_then(|item| item.task.view.account.as_deref());
        self.account_for(id).is_none()
            && self.accounts.iter().any(|account| {
                Some(account.config.name.as_str()) != current
                    && account.config.weight > 0
                    && account.is_usable(self.now.unix)
                    && account.limited_until.max(account.full_until) <= self.now.boot
            })
    }

    /// The only account that may send a task, if it matters: the named one, the one that uploaded its pictures, or the
    /// one that made the pressed message.
    pub(super) fn account_for(&self, id: TaskId) -> Option<String> {
        let task = &self.tasks.get(&id)?.task;
        let named = task.work.named_account.clone();
        named.or_else(|| self.uploader(id)).or_else(|| {
            task.work.press.as_ref()?;
            let parent = task
                .view
                .parent_id
                .and_then(|parent| self.tasks.get(&parent));
            let of_parent = parent.and_then(|parent| parent.task.view.account.clone());
            of_parent
                .or_else(|| task.view.account.clone())
                .filter(|name| self.account(name).is_some())
        })
    }
}
