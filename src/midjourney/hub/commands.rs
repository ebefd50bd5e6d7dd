//! Command versions heal themselves: when Discord calls one outdated, the guild's command index is read and the tasks
//! that were refused are sent once more.

use std::time::Duration;

use mj_discord::rest::Request;

use super::{
    Hub,
    driver::Answer,
    finish::Ending,
    outbox::{Bearer, Purpose},
};
use crate::{command::CommandIndex, refusal::FailCode, store::Write, task::TaskId};

/// Between two tries to read the index.
const RETRY: Duration = Duration::from_secs(5);
/// Tries before the tasks fail.
const TRIES: u32 = 3;

/// The reading of the index.
#[derive(Debug, Default)]
pub(super) struct Refresh {
    tries: u32,
    /// Not before this reading of the boot clock.
    pub next: Duration,
}

impl Hub {
    /// The task waits for the index to be read.
    pub(super) fn await_commands(&mut self, id: TaskId) {
        self.release_key(id);
        self.awaiting_commands.insert(id);
        self.outbox.mark(id, false);
        self.read_commands();
    }

    /// Asks for the index, when tasks wait for it.
    pub(super) fn read_commands(&mut self) {
        let is_asked = self
            .outbox
            .is_pending(|purpose| *purpose == Purpose::Commands);
        if self.draining || is_asked || self.refresh.next > self.now.boot {
            return;
        }
        let Some(&id) = self.awaiting_commands.first() else {
            return;
        };
        let account = self
            .tasks
            .get(&id)
            .and_then(|item| item.task.view.account.clone())
            .filter(|name| {
                self.account(name)
                    .is_some_and(|account| !account.is_disabled())
            })
            .or_else(|| {
                self.accounts
                    .iter()
                    .find(|account| !account.is_disabled())
                    .map(|it| it.config.name.clone())
            });
        let asked = match account {
            Some(name) => {
                let request = Request::guild_commands(self.guild_of(&name));
                self.request(Purpose::Commands, Bearer::Account(name), request)
            }
            None => Err(None),
        };
        if let Err(until) = asked {
            self.refresh.next = until.unwrap_or(self.now.boot + RETRY);
        }
    }

    /// The index came, or did not.
    pub(super) fn commands_answered(&mut self, answer: &Answer) {
        let read_at = self.discord_time();
        let index = match answer {
            Answer::Response {
                status: 200..=299,
                body,
                ..
            } => std::str::from_utf8(body)
                .ok()
                .and_then(|body| CommandIndex::read(body, read_at).ok()),
            Answer::Response { .. } | Answer::Failure { .. } => None,
        };
        match index {
            Some(index) => {
                self.refresh = Refresh::default();
                self.commands = index.clone();
                self.outbox.write(Write::CommandIndex(index));
                for id in std::mem::take(&mut self.awaiting_commands) {
                    self.wait_again(id, None);
                }
            }
            None if self.refresh.tries + 1 < TRIES => {
                self.refresh.tries += 1;
                self.refresh.next = self.now.boot + RETRY;
            }
            None => {
                self.refresh = Refresh::default();
                for id in std::mem::take(&mut self.awaiting_commands) {
                    self.finish_failed(id, FailCode::CommandOutdated, None, Ending::NeverSent);
                }
            }
        }
    }
}
