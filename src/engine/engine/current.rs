//! The settings that are in force for a process, and the hub and account that they name.

use mj_discord::{Hosts, Token};

use super::Host;
use crate::{
    config::{HubSettings, Settings},
    error::EngineError,
    options::Options,
    outgoing,
    value::Value,
};

/// The settings in force, and what they were made from.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) given: Value,
    pub(super) settings: Settings,
    pub(super) hosts: Hosts,
}

impl Drop for Current {
    fn drop(&mut self) {
        self.given.wipe();
    }
}

impl Current {
    /// Reads them.
    ///
    /// # Errors
    /// [`EngineError::Configuration`] naming the setting.
    pub(super) fn read(host: &Host, given: Value) -> Result<Self, EngineError> {
        let mut settings = Settings::read(&host.environment, &host.ini, &given)?;
        settings.log.target = settings
            .log
            .target
            .map(|target| target.resolved(&host.error_log));
        let hosts = outgoing::hosts(&settings.hosts).map_err(|error| {
            let (setting, text) = (error.setting(), error.to_string());
            let message = text.strip_prefix(setting).unwrap_or(&text).trim_start();
            EngineError::configuration(setting, message)
        })?;
        Ok(Self {
            given,
            settings,
            hosts,
        })
    }

    /// The hub.
    ///
    /// # Errors
    /// [`EngineError::Configuration`] naming what is missing for one.
    pub(super) fn hub(&self) -> Result<&HubSettings, EngineError> {
        self.settings.hub.as_ref().ok_or_else(|| {
            let (setting, message) = self.settings.hub_error.clone().unwrap_or_else(|| {
                let message = "is missing: nothing is configured; set mj.guild_id, mj.channel_id and mj.user_token or mj.bot_token in php.ini, or call mj_configure()";
                ("mj.channel_id".into(), message.to_owned())
            });
            EngineError::Configuration { setting, message }
        })
    }
}

impl super::Engine {
    /// What `mj_configure()` was given; null where it was not called.
    pub(crate) fn given(&self) -> Value {
        self.current().given.clone()
    }
}

/// Where a token that a submission brings along leads: a hub, and the name of its account there.
pub(super) type Guest = fn(&HubSettings, Token) -> (HubSettings, String);

/// The hub of a submission, which the token that it brings along may lead to, and the account that it names.
///
/// # Errors
/// [`EngineError::Argument`] for an unknown name, [`EngineError::Configuration`] where there is no account at all.
pub(super) fn named_account(
    hub: &HubSettings,
    options: &Options,
    guest: Guest,
) -> Result<(HubSettings, Option<String>), EngineError> {
    if let Some(token) = &options.user_token {
        let (hub, name) = guest(hub, token.clone());
        return Ok((hub, Some(name)));
    }
    if let Some(name) = &options.account {
        if hub.config.account(name).is_none() {
            let known: Vec<&str> = hub
                .config
                .accounts
                .iter()
                .map(|account| account.name.as_str())
                .collect();
            let message = format!("no such account; known are {}", known.join(", "));
            return Err(EngineError::argument("options.account", message));
        }
        return Ok((hub.clone(), Some(name.clone())));
    }
    if hub.config.accounts.is_empty() {
        return Err(EngineError::configuration(
            "mj.user_token",
            "is missing: a bot cannot run Midjourney's commands; set it, or give options.user_token",
        ));
    }
    Ok((hub.clone(), None))
}
