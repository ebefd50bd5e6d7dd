//! The hub's accounts at work: who they are, whether they may send, and what stops them.

mod choice;
mod identity;
mod place;
mod stop;

use std::{collections::BTreeMap, time::Duration};

use mj_discord::{
    Moment, RateLimiter, Token, UnixMs,
    rate_limit::Permit,
    rest::{Request, Route},
};

use super::{
    Hub,
    outbox::{Bearer, Purpose},
};
use crate::{
    account::{AccountHealth, AccountState},
    config::{AccountConfig, HubConfig},
    queue::Lane,
    refusal::FailCode,
    task::TaskId,
};

/// How often a token is tried that Discord did not accept: the operator may have unlocked the account.
const PROBE_EVERY: Duration = Duration::from_secs(60 * 60);
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
    /// Whether somebody has acted since its token was not accepted, and Discord has not said yet what it makes of that.
    pub in_question: bool,
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
            in_question: false,
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
            self.in_question = true;
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

    /// Whether nobody may send with it before somebody acts, and nobody has.
    pub(super) fn is_hopeless(&self) -> bool {
        self.is_disabled() && !(self.in_question && self.probes())
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
}
