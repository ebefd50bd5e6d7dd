//! Where accounts work: guilds and channels, also those in which earlier tasks were sent.

use std::collections::BTreeSet;

use mj_discord::snowflake::{ChannelId, GuildId};

use crate::{
    hub::{Hub, finish::awaits_late_final},
    task::{TaskId, Work},
};

impl Hub {
    /// Where an account's commands go.
    pub(in crate::hub) fn channel_of(&self, account: Option<&str>) -> ChannelId {
        account
            .and_then(|name| self.any_account(name))
            .and_then(|account| account.config.channel_id)
            .unwrap_or(self.config.channel_id)
    }

    /// Where a task was sent, whatever the configuration says since; before that, where the message stands that it
    /// presses.
    pub(in crate::hub) fn known_place_of(
        &self,
        id: TaskId,
    ) -> Option<(Option<GuildId>, ChannelId)> {
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
    pub(in crate::hub) fn is_bound_to_place(&self, id: TaskId, account: &str) -> bool {
        let user = self
            .any_account(account)
            .and_then(|account| account.health.user_id);
        self.tasks.get(&id).is_some_and(|item| {
            let work = &item.task.work;
            work.press.is_some() || user.is_none() || work.user_id == user
        })
    }

    /// In which guild an account's commands go.
    pub(in crate::hub) fn guild_of(&self, account: &str) -> GuildId {
        self.any_account(account)
            .and_then(|account| account.config.guild_id)
            .unwrap_or(self.config.guild_id)
    }

    pub(in crate::hub) fn is_our_channel(&self, channel: ChannelId) -> bool {
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
    pub(in crate::hub) fn watch_channel(&mut self, channel: ChannelId) {
        if !self.is_configured(channel) && self.owner_of_direct(channel).is_none() {
            self.former_channels.insert(channel);
        }
    }

    /// Goes on watching the channels in which tasks were sent that have not ended.
    pub(in crate::hub) fn keep_former_channels(&mut self) {
        let sent = self.tasks.all_whole().filter_map(|(id, item)| {
            let is_of_use = !item.task.view.status.is_terminal()
                || item.task.work.key_held_until.is_some()
                || awaits_late_final(&item.task.view);
            is_of_use.then(|| self.channel_of_task(id))
        });
        let former: BTreeSet<ChannelId> = sent
            .filter(|channel| {
                !self.is_configured(*channel) && self.owner_of_direct(*channel).is_none()
            })
            .collect();
        self.former_channels = former;
    }
}
