//! Accounts and tokens among the settings.

use std::collections::BTreeMap;

use mj_discord::{
    Token,
    snowflake::{ChannelId, GuildId},
};
use mj_midjourney::config::AccountConfig;

use crate::{
    config::{INLINE, Raw},
    error::EngineError,
    setting::Setting,
    value::Value,
};

const ACCOUNT_KEYS: &[&str] = &[
    "channel_id",
    "concurrency",
    "enabled",
    "guild_id",
    "name",
    "relax_concurrency",
    "session_id",
    "user_token",
    "weight",
];

/// A bot's token; a `Bot ` in front is cut.
pub(crate) fn bot_token(setting: &Setting) -> Result<Token, EngineError> {
    if let Value::Text(text) = setting.value()
        && let Some(bare) = text.trim().strip_prefix("Bot ")
        && let Some(bare) = Setting::new(setting.label.clone(), &Value::from(bare))
    {
        return bot_token(&bare);
    }
    let token = setting.token()?;
    if token.expose().starts_with("mfa.") {
        return Err(setting.wrong(
            "is a user's token: give the bot's, from the Bot page of the developer portal",
        ));
    }
    Ok(token)
}

fn user_token(setting: &Setting) -> Result<Token, EngineError> {
    if let Value::Text(text) = setting.value()
        && text.trim().starts_with("Bot ")
    {
        return Err(setting.wrong(
            "is a bot's token: a bot cannot run Midjourney's commands, a user's token is needed",
        ));
    }
    setting.token()
}

/// Reads a token that a submission brings along.
///
/// # Errors
/// [`EngineError::Argument`] when it cannot be one.
pub(crate) fn inline_token(value: &Value) -> Result<Token, EngineError> {
    let label = "options.user_token";
    if !matches!(value, Value::Text(_)) {
        return Err(EngineError::Type {
            name: label.into(),
            expected: "string",
            given: value.type_name(),
        });
    }
    let Some(setting) = Setting::new(label, value) else {
        return Err(EngineError::argument(label, "is empty"));
    };
    user_token(&setting).map_err(|error| match error {
        EngineError::Configuration { setting, message } => EngineError::Argument {
            name: setting,
            message,
        },
        other @ (EngineError::ActionUnavailable { .. }
        | EngineError::Argument { .. }
        | EngineError::Engine(_)
        | EngineError::QueueFull { .. }
        | EngineError::Storage { .. }
        | EngineError::Type { .. }) => other,
    })
}

/// The accounts: the one of `user_token` first, as `main`, then those of `accounts`.
///
/// # Errors
/// [`EngineError::Configuration`] naming what is wrong.
pub(crate) fn accounts(
    raw: &Raw,
    concurrency: u32,
    relax_concurrency: u32,
) -> Result<Vec<AccountConfig>, EngineError> {
    let mut accounts = Vec::new();
    if let Some(user_token) = raw.read("user_token", user_token)? {
        accounts.push(AccountConfig {
            name: "main".to_owned(),
            user_token,
            guild_id: None,
            channel_id: None,
            session_id: raw.read("session_id", Setting::text)?,
            concurrency,
            relax_concurrency,
            weight: 1,
            enabled: true,
        });
    }
    let Some(list) = raw.get("accounts") else {
        return Ok(accounts);
    };
    let Value::List(items) = list.value() else {
        return Err(list.wrong("must be a list of arrays, each with name and user_token"));
    };
    for (index, item) in items.iter().enumerate() {
        let account = account(
            &format!("{}[{index}]", list.label),
            item,
            concurrency,
            relax_concurrency,
        )?;
        let same = accounts
            .iter()
            .find(|other| other.name == account.name || other.user_token == account.user_token);
        if let Some(other) = same {
            let what = if other.name == account.name {
                "name"
            } else {
                "user_token"
            };
            return Err(EngineError::configuration(
                format!("{}[{index}].{what}", list.label),
                format!(
                    "is that of account {} already: each account is listed once",
                    other.name
                ),
            ));
        }
        accounts.push(account);
    }
    Ok(accounts)
}

fn account(
    label: &str,
    item: &Value,
    concurrency: u32,
    relax: u32,
) -> Result<AccountConfig, EngineError> {
    let Value::Map(entries) = item else {
        return Err(EngineError::configuration(
            label.to_owned(),
            "must be an array with name and user_token",
        ));
    };
    let mut settings = BTreeMap::new();
    for (name, value) in entries {
        let Some(key) = ACCOUNT_KEYS.iter().find(|key| *key == name) else {
            return Err(EngineError::configuration(
                format!("{label}.{name}"),
                format!("no such key; known are {}", ACCOUNT_KEYS.join(", ")),
            ));
        };
        if let Some(setting) = Setting::new(format!("{label}.{name}"), value) {
            settings.insert(*key, setting);
        }
    }
    let raw = Raw(settings);
    let missing = |key: &str| EngineError::configuration(format!("{label}.{key}"), "is missing");
    let name = raw
        .read("name", Setting::text)?
        .ok_or_else(|| missing("name"))?;
    if name.starts_with(INLINE) || name.len() > 64 {
        return Err(EngineError::configuration(
            format!("{label}.name"),
            format!("must have at most 64 bytes and not begin with \"{INLINE}\""),
        ));
    }
    Ok(AccountConfig {
        name,
        user_token: raw
            .read("user_token", user_token)?
            .ok_or_else(|| missing("user_token"))?,
        guild_id: raw.read("guild_id", Setting::snowflake)?.map(GuildId),
        channel_id: raw.read("channel_id", Setting::snowflake)?.map(ChannelId),
        session_id: raw.read("session_id", Setting::text)?,
        concurrency: raw.number("concurrency", (1, 15), concurrency)?,
        relax_concurrency: raw.number("relax_concurrency", (1, 15), relax)?,
        weight: raw.number("weight", (0, 1_000), 1)?,
        enabled: raw.read("enabled", Setting::truth)?.unwrap_or(true),
    })
}
