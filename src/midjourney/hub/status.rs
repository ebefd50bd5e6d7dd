//! What `mj_status()` shows of a hub: free of tokens, prompts and addresses.

use std::collections::BTreeMap;

use mj_discord::{UnixMs, snowflake::UserId};
use serde::Serialize;

use super::{Hub, gates::GateState};
use crate::{
    account::AccountState,
    config::{GatewayMode, HubId},
    correlate::Step,
    store::Grade,
};

/// What is counted since this owner began.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Counters {
    /// Copies of messages of the bots that were looked at.
    pub messages: u64,
    /// Of these, known by each step of the chain.
    pub by_step: BTreeMap<&'static str, u64>,
    /// Messages of a bot's gateway without any content: `MESSAGE_CONTENT` is not granted when there are only such.
    pub empty: u64,
    /// Events that could not be read.
    pub malformed: u64,
    /// Pictures.
    pub succeeded: u64,
    /// Failures.
    pub failed: u64,
    /// Attempts proven absent and sent again.
    pub absent: u64,
}

impl Counters {
    pub(super) fn matched(&mut self, step: Step) {
        let name = match step {
            Step::Nonce => "nonce",
            Step::Interaction => "interaction",
            Step::Message => "message",
            Step::Progress => "progress",
            Step::Job => "job",
            Step::Reply => "reply",
            Step::Answer => "answer",
        };
        *self.by_step.entry(name).or_default() += 1;
    }
}

/// One gateway.
#[derive(Clone, Debug, Serialize)]
pub struct GatewayStatus {
    /// Its state.
    pub state: GateState,
    /// Who is logged in.
    pub user_id: Option<UserId>,
    /// Why it will not come back.
    pub close_code: Option<u16>,
}

/// One account.
#[derive(Clone, Debug, Serialize)]
pub struct AccountStatus {
    /// Its name.
    pub name: String,
    /// Its Discord user.
    pub user_id: Option<UserId>,
    /// Whether it may be used, and if not, why.
    #[serde(flatten)]
    pub state: AccountState,
    /// Midjourney's own words with which it was stopped.
    pub reason: Option<String>,
    /// Whether the configuration lets it.
    pub enabled: bool,
    /// Whether Discord refused its token since this owner began.
    pub unauthorized: bool,
    /// Jobs under way.
    pub running: usize,
}

/// What `mj_status()` shows of a hub.
#[derive(Clone, Debug, Serialize)]
pub struct HubStatus {
    /// Which hub.
    pub hub: HubId,
    /// The owner's epoch.
    pub epoch: u64,
    /// The owner's grade.
    pub grade: Grade,
    /// When this was.
    pub at: UnixMs,
    /// Where events come from.
    pub gateway: GatewayMode,
    /// The bot's gateway.
    pub bot: GatewayStatus,
    /// The main account's gateway.
    pub user: GatewayStatus,
    /// Whether the bot seems to lack `MESSAGE_CONTENT`: what it shows is always empty.
    pub message_content_missing: bool,
    /// The accounts.
    pub accounts: Vec<AccountStatus>,
    /// Tasks that wait to be sent.
    pub waiting: usize,
    /// Tasks that were sent and have not ended.
    pub running: usize,
    /// Tasks of which it is open whether they arrived.
    pub in_doubt: usize,
    /// Ended tasks that hold their key for a late picture.
    pub tombstones: usize,
    /// Messages that are nobody's, among the recent.
    pub unmatched: usize,
    /// Discord's clock less ours, in milliseconds.
    pub clock_difference: i64,
    /// Counts.
    pub counters: Counters,
}

impl Hub {
    /// The status is to be written with the next commit: the driver has something to add.
    pub fn show_status(&mut self) {
        self.status_due = true;
    }

    /// What `mj_status()` shows.
    pub fn status(&self) -> HubStatus {
        let gateway = |gate: &super::gates::Gate| GatewayStatus {
            state: gate.state,
            user_id: gate.user,
            close_code: gate.close_code,
        };
        let account = |account: &super::accounts::Account| AccountStatus {
            name: account.config.name.clone(),
            user_id: account.health.user_id,
            state: account.health.state.clone(),
            reason: account.health.reason.clone(),
            enabled: account.config.enabled,
            unauthorized: account.limiter.is_unauthorized(),
            running: account.running.len(),
        };
        HubStatus {
            hub: self.id.clone(),
            epoch: self.epoch,
            grade: self.grade,
            at: self.now.unix,
            gateway: self.config.gateway,
            bot: gateway(&self.gates.bot),
            user: gateway(&self.gates.user),
            message_content_missing: self.counters.empty > 2 && self.counters.by_step.is_empty(),
            accounts: self.accounts.iter().map(account).collect(),
            waiting: self.queue.len() + self.awaiting_commands.len() + self.preparations.len(),
            running: self
                .accounts
                .iter()
                .map(|account| account.running.len())
                .sum(),
            in_doubt: self.doubts.len(),
            tombstones: self.tombstones.len(),
            unmatched: self.sightings.unmatched_count(),
            clock_difference: self.skew,
            counters: self.counters.clone(),
        }
    }
}
