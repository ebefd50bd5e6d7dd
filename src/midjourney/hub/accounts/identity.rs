//! Who the accounts are, and whether their tokens are accepted.

use std::time::Duration;

use mj_discord::{
    rest::{self, Request, TokenKind},
    snowflake::UserId,
};

use super::{Account, PROBE_EVERY, config_fingerprint};
use crate::{
    hub::{
        Hub,
        driver::Answer,
        outbox::{Bearer, Purpose},
    },
    store::Write,
};

/// Until a look-up of an account's user is tried again.
const IDENTITY_RETRY: Duration = Duration::from_secs(10);
/// Until a token is tried again when no answer came.
const PROBE_RETRY: Duration = Duration::from_secs(5 * 60);

impl Hub {
    /// Asks Discord who the accounts are that are needed and not known.
    pub(in crate::hub) fn ask_identities(&mut self) {
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
    pub(in crate::hub) fn probe_tokens(&mut self) {
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
    pub(in crate::hub) fn identity_answered(&mut self, name: &str, answer: &Answer) {
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
            self.refused_again(name);
        } else {
            let pause = if account.in_question {
                IDENTITY_RETRY
            } else {
                PROBE_RETRY
            };
            account.probe_after = now.boot + pause;
        }
    }

    /// A token is not accepted still: what waits for it ends, until somebody acts once more.
    fn refused_again(&mut self, name: &str) {
        let now = self.now;
        let print = config_fingerprint(&self.config, name);
        let Some(account) = self.account_mut(name) else {
            return;
        };
        account.in_question = false;
        account.probe_after = now.boot + PROBE_EVERY;
        // So that the next owner asks no sooner either.
        account.health.at = now.unix;
        account.health.config_fingerprint = Some(print);
        let health = account.health.clone();
        self.outbox.write(Write::Account(health));
        self.fail_hopeless();
    }

    /// An account's user is known.
    pub(in crate::hub) fn learn_user(&mut self, name: &str, user: UserId) {
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
}
