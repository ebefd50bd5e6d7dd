//! The hub's accounts at work: who they are, whether they may send, and what stops them.

use std::{collections::BTreeMap, time::Duration};

use mj_discord::{
    RateLimiter, Token, UnixMs,
    rate_limit::Permit,
    rest::{self, Request, Route, TokenKind},
    snowflake::{ChannelId, GuildId, UserId},
};

use super::{
    Hub,
    driver::Answer,
    outbox::{Bearer, Purpose},
};
use crate::{
    account::{AccountHealth, AccountState},
    config::{AccountConfig, HubConfig},
    queue::Lane,
    refusal::{FailCode, Notice, Refusal, Until},
    store::Write,
    task::TaskId,
};

/// Until a look-up of an account's user is tried again.
const IDENTITY_RETRY: Duration = Duration::from_secs(10);
/// How long an account without fast hours rests: hours can be bought at any time.
const CREDITS_PAUSE: Duration = Duration::from_secs(15 * 60);
/// How long an account rests after a temporary block that does not say how long.
const BLOCKED_PAUSE: Duration = Duration::from_secs(60 * 60);
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
    /// Jobs under way.
    pub running: BTreeMap<TaskId, Lane>,
    /// When Midjourney last said that it has too many jobs.
    pub queued_at: Option<Duration>,
}

impl Account {
    fn new(config: AccountConfig, known: Option<AccountHealth>, now: UnixMs) -> Self {
        let fingerprint = Some(fingerprint(&config.user_token));
        let known = known.filter(|health| health.token_fingerprint == fingerprint);
        let health = known.unwrap_or_else(|| AccountHealth {
            name: config.name.clone(),
            user_id: None,
            state: AccountState::Usable,
            at: now,
            token_fingerprint: fingerprint,
            direct_messages: Vec::new(),
        });
        Self {
            config,
            health,
            limiter: RateLimiter::new(),
            spaced_until: Duration::ZERO,
            limited_until: Duration::ZERO,
            ask_after: Duration::ZERO,
            running: BTreeMap::new(),
            queued_at: None,
        }
    }

    pub(super) fn all(config: &HubConfig, known: &[AccountHealth], now: UnixMs) -> Vec<Self> {
        let of = |name: &str| known.iter().find(|health| health.name == name).cloned();
        config
            .accounts
            .iter()
            .map(|account| Self::new(account.clone(), of(&account.name), now))
            .collect()
    }

    /// Whether it is switched off for good: until somebody acts.
    pub(super) fn is_disabled(&self) -> bool {
        !self.config.enabled
            || self.limiter.is_unauthorized()
            || matches!(self.health.state, AccountState::Disabled { .. })
    }

    /// Whether its state lets it send now.
    pub(super) fn is_usable(&self, now: UnixMs) -> bool {
        !self.is_disabled()
            && !matches!(self.health.state, AccountState::Paused { until, .. } if until > now)
    }

    pub(super) fn free(&self, lane: Lane) -> u32 {
        let limit = match lane {
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

    /// Why it can not be used.
    pub(super) fn trouble(&self) -> Option<FailCode> {
        match self.health.state {
            AccountState::Disabled { code } | AccountState::Paused { code, .. } => Some(code),
            AccountState::Usable => (!self.config.enabled).then_some(FailCode::AccountDisabled),
        }
    }
}

/// Tells tokens apart without leading back to one: FNV-1a over 64 bits of a value with far more.
pub(super) fn fingerprint(token: &Token) -> String {
    let hash = token
        .expose()
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
    format!("{hash:016x}")
}

impl Hub {
    pub(super) fn account(&self, name: &str) -> Option<&Account> {
        self.accounts
            .iter()
            .find(|account| account.config.name == name)
    }

    pub(super) fn account_mut(&mut self, name: &str) -> Option<&mut Account> {
        self.accounts
            .iter_mut()
            .find(|account| account.config.name == name)
    }

    /// Where an account's commands go.
    pub(super) fn channel_of(&self, account: Option<&str>) -> ChannelId {
        account
            .and_then(|name| self.config.account(name))
            .and_then(|account| account.channel_id)
            .unwrap_or(self.config.channel_id)
    }

    /// In which guild an account's commands go.
    pub(super) fn guild_of(&self, account: &str) -> GuildId {
        self.config
            .account(account)
            .and_then(|account| account.guild_id)
            .unwrap_or(self.config.guild_id)
    }

    pub(super) fn is_our_channel(&self, channel: ChannelId) -> bool {
        channel == self.config.channel_id
            || self
                .config
                .accounts
                .iter()
                .any(|account| account.channel_id == Some(channel))
    }

    pub(super) fn token_of(&self, bearer: &Bearer) -> Option<Token> {
        match bearer {
            Bearer::Bot => self.config.bot_token.clone(),
            Bearer::Nobody => None,
            Bearer::Account(name) => self
                .account(name)
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
        match user {
            Some(user) => self.learn_user(name, user),
            None => {
                if let Some(account) = self.account_mut(name) {
                    account.ask_after = now.boot + IDENTITY_RETRY;
                }
            }
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
    pub(super) fn stop_account(&mut self, name: &str, state: AccountState) {
        let at = self.now.unix;
        let Some(account) = self.account_mut(name) else {
            return;
        };
        if account.health.state == state
            || matches!(account.health.state, AccountState::Disabled { .. })
        {
            return;
        }
        account.health.state = state;
        account.health.at = at;
        let health = account.health.clone();
        self.outbox.write(Write::Account(health));
        self.leave_account(name);
        self.fail_hopeless();
    }

    /// Accounts whose pause is over are usable again.
    pub(super) fn end_pauses(&mut self) {
        let now = self.now.unix;
        for account in &mut self.accounts {
            if matches!(account.health.state, AccountState::Paused { until, .. } if until <= now) {
                account.health.state = AccountState::Usable;
                account.health.at = now;
                self.outbox.write(Write::Account(account.health.clone()));
            }
        }
    }

    /// What a notice means for the account that got it.
    pub(super) fn account_notice(&mut self, name: &str, refusal: &Refusal) {
        let now = self.now;
        if refusal.notice == Notice::JobQueued {
            if let Some(account) = self.account_mut(name) {
                account.queued_at = Some(now.boot);
            }
            return;
        }
        let Some(code) = refusal
            .code
            .filter(|code| code.scope() == crate::refusal::Scope::Account)
        else {
            return;
        };
        let told = refusal.until.map(|until| match until {
            Until::At(at) => at,
            Until::After(after) => now.unix.plus(after),
        });
        let pause = if code == FailCode::CreditsExhausted {
            Some(now.unix.plus(CREDITS_PAUSE))
        } else {
            (code == FailCode::Blocked && refusal.text.contains("temporar"))
                .then(|| now.unix.plus(BLOCKED_PAUSE))
        };
        let state = match told.or(pause) {
            Some(until) => AccountState::Paused { code, until },
            None => AccountState::Disabled { code },
        };
        self.stop_account(name, state);
    }

    /// Tasks that wait for accounts which will not come back by themselves fail now, not at their time-out.
    pub(super) fn fail_hopeless(&mut self) {
        let hopeless: Vec<(TaskId, FailCode)> = self
            .queue
            .ids()
            .chain(self.preparations.keys().copied())
            .filter_map(|id| Some((id, self.hopeless(id)?)))
            .collect();
        for (id, code) in hopeless {
            self.fail_unsent(id, code, None);
        }
    }

    /// Why no account will ever send a waiting task, as things are.
    pub(super) fn hopeless(&self, id: TaskId) -> Option<FailCode> {
        let named = self.account_for(id);
        let may_take_any = || {
            self.accounts
                .iter()
                .any(|account| !account.is_disabled() && account.config.weight > 0)
        };
        let account = match &named {
            Some(name) => self.account(name),
            None if may_take_any() => return None,
            None => self.accounts.first(),
        };
        match account {
            Some(account) if named.is_some() && !account.is_disabled() => None,
            Some(account) => Some(account.trouble().unwrap_or(FailCode::AccountDisabled)),
            None => Some(FailCode::AccountDisabled),
        }
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
