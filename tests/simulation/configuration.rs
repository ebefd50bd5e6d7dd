//! The configuration that PHP gives a run's hub.

use std::time::Duration;

use mj_discord::{
    Token,
    snowflake::{ChannelId, GuildId},
};
use mj_midjourney::{
    config::{AccountConfig, GatewayMode, HostSettings, HubConfig},
    refusal::Lang,
};
use mj_simulator::world::World;

use crate::weather::Weather;

/// The least time between two interactions of an account.
pub(crate) const SPACING: Duration = Duration::from_millis(350);

/// The configuration of a hub in this weather.
pub(crate) fn hub_config(world: &World, weather: &Weather) -> HubConfig {
    let accounts = world.accounts();
    let channel = accounts.first().map_or(0, |account| account.channel.0);
    HubConfig {
        gateway: weather.gateway,
        bot_token: matches!(weather.gateway, GatewayMode::Bot | GatewayMode::Both)
            .then(|| Token::new(world.bot_token())),
        guild_id: GuildId(world.guild_id().0),
        channel_id: ChannelId(channel),
        accounts: accounts
            .iter()
            .enumerate()
            .map(|(at, account)| AccountConfig {
                name: if at == 0 {
                    "main".to_owned()
                } else {
                    format!("other-{at}")
                },
                user_token: Token::new(account.token.as_str()),
                guild_id: None,
                channel_id: Some(ChannelId(account.channel.0)),
                session_id: Some(account.session_id.clone()),
                concurrency: weather.concurrency,
                relax_concurrency: weather.concurrency,
                weight: 1,
                enabled: true,
            })
            .collect(),
        concurrency: weather.concurrency,
        relax_concurrency: weather.concurrency,
        family: None,
        hosts: HostSettings::default(),
        queue_size: 100_000,
        timeout: Duration::from_secs(600),
        retention: weather.retention,
        late_final: Duration::from_secs(1_800),
        spacing: SPACING,
        seed_tag: true,
        user_agent: "mj".to_owned(),
        lang: Lang::En,
        archive: None,
        notify_url: None,
        notify_secret: None,
    }
}
