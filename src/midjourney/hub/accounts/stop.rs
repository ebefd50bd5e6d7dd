//! What stops an account, and what brings it back.

use std::time::Duration;

use super::{PROBE_EVERY, config_fingerprint};
use crate::{
    account::AccountState,
    correlate::Facts,
    hub::Hub,
    read::{Phase, Reading},
    refusal::{FailCode, Notice, Refusal, Rest, Until},
    store::Write,
    task::Mode,
};

/// How much later than a notice a job may begin that was sent before it.
const IN_FLIGHT: Duration = Duration::from_secs(10);

impl Hub {
    /// An account may not be used any more, until a time or until somebody acts.
    pub(in crate::hub) fn stop_account(
        &mut self,
        name: &str,
        state: AccountState,
        reason: Option<String>,
    ) {
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
        account.in_question = false;
        let health = account.health.clone();
        self.outbox.write(Write::Account(health));
        self.status_due = true;
        self.leave_account(name);
        self.fail_hopeless();
    }

    /// An account may be used again.
    pub(super) fn lift(&mut self, name: &str) {
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
    pub(in crate::hub) fn forgive_accounts(&mut self) {
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
    pub(in crate::hub) fn end_pauses(&mut self) {
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
    pub(in crate::hub) fn state_after(&self, refusal: &Refusal) -> Option<AccountState> {
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
    pub(in crate::hub) fn note_life(
        &mut self,
        facts: &Facts,
        reading: &Reading<'_>,
        is_own_copy: bool,
    ) {
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
}
