//! Which account may send a waiting task, and why none may.

use super::Account;
use crate::{hub::Hub, queue::Lane, refusal::FailCode, task::TaskId};

impl Hub {
    /// Tasks that wait for accounts which will not come back by themselves fail now, not at their time-out.
    pub(in crate::hub) fn fail_hopeless(&mut self) {
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
    pub(in crate::hub) fn hopeless(&self, id: TaskId) -> Option<(FailCode, Option<String>)> {
        self.held_back_by(id, |account| !account.is_hopeless())
    }

    /// Why no account can send a waiting task now.
    pub(in crate::hub) fn held_back(&self, id: TaskId) -> Option<(FailCode, Option<String>)> {
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
    pub(in crate::hub) fn may_go_elsewhere(&self, id: TaskId) -> bool {
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
    pub(in crate::hub) fn account_for(&self, id: TaskId) -> Option<String> {
        let Some(item) = self.tasks.whole(&id) else {
            return self.queue.account_of(id).map(str::to_owned);
        };
        let task = &item.task;
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
