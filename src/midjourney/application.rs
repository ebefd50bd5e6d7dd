//! Who answers us: the two Midjourney bots, their slash commands with the versions known at release.
//!
//! Versions change without notice: these are first guesses, the guild's command index has the last word (`command`).

use std::{fmt, str::FromStr};

use mj_discord::snowflake::ApplicationId;
use serde::{Deserialize, Serialize};

/// Midjourney's bot application, also its user id.
pub const MIDJOURNEY: ApplicationId = ApplicationId(936_929_561_302_675_456);
/// The niji bot's application, also its user id.
pub const NIJI: ApplicationId = ApplicationId(1_022_952_195_194_359_889);

/// One of Midjourney's two bots.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Bot {
    /// The Midjourney bot.
    #[default]
    Midjourney,
    /// The niji journey bot.
    Niji,
}

impl Bot {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Midjourney, Self::Niji];

    /// Its application id.
    pub const fn application_id(self) -> ApplicationId {
        match self {
            Self::Midjourney => MIDJOURNEY,
            Self::Niji => NIJI,
        }
    }

    /// The bot with this application (or user) id.
    pub fn of(id: u64) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|bot| bot.application_id().0 == id)
    }
}

/// A slash command of Midjourney's.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandName {
    /// Two to five pictures into one.
    Blend,
    /// A picture into prompts.
    Describe,
    /// Fast mode.
    Fast,
    /// A prompt into a grid.
    Imagine,
    /// The account's plan and usage.
    Info,
    /// Preferences; `remix` is its sub-command.
    Prefer,
    /// Stealth on.
    Private,
    /// Stealth off.
    Public,
    /// Relaxed mode.
    Relax,
    /// The settings panel.
    Settings,
    /// A prompt into shorter ones.
    Shorten,
    /// A finished job brought back by its uuid.
    Show,
    /// Stealth on, under its newer name.
    Stealth,
    /// Turbo mode.
    Turbo,
}

/// First guess of a command's id and version at one bot.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KnownCommand {
    /// The command's id, which has not changed since it was made.
    pub id: u64,
    /// Its version: a snowflake, made when Midjourney last registered it.
    pub version: u64,
}

impl CommandName {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Blend,
        Self::Describe,
        Self::Fast,
        Self::Imagine,
        Self::Info,
        Self::Prefer,
        Self::Private,
        Self::Public,
        Self::Relax,
        Self::Settings,
        Self::Shorten,
        Self::Show,
        Self::Stealth,
        Self::Turbo,
    ];

    /// The word after the slash.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blend => "blend",
            Self::Describe => "describe",
            Self::Fast => "fast",
            Self::Imagine => "imagine",
            Self::Info => "info",
            Self::Prefer => "prefer",
            Self::Private => "private",
            Self::Public => "public",
            Self::Relax => "relax",
            Self::Settings => "settings",
            Self::Shorten => "shorten",
            Self::Show => "show",
            Self::Stealth => "stealth",
            Self::Turbo => "turbo",
        }
    }

    /// Id and version as public clients sent them in 2025 and 2026; None where only the command index can tell.
    pub const fn known(self, bot: Bot) -> Option<KnownCommand> {
        let (id, version) = match (bot, self) {
            (Bot::Midjourney, Self::Imagine) => {
                (938_956_540_159_881_230, 1_237_876_415_471_554_623)
            }
            (Bot::Midjourney, Self::Blend) => {
                (1_062_880_104_792_997_970, 1_237_876_415_471_554_624)
            }
            (Bot::Midjourney, Self::Describe) => {
                (1_092_492_867_185_950_852, 1_493_662_068_505_706_617)
            }
            (Bot::Midjourney, Self::Shorten) => {
                (1_121_575_372_539_039_774, 1_247_736_572_414_001_223)
            }
            (Bot::Midjourney, Self::Show) => (1_169_435_442_328_911_902, 1_247_736_572_414_001_224),
            (Bot::Midjourney, Self::Info) => (972_289_487_818_334_209, 1_237_876_415_735_660_565),
            (Bot::Midjourney, Self::Settings) => {
                (1_000_850_743_479_255_081, 1_493_662_068_581_077_053)
            }
            (Bot::Midjourney, Self::Private) => {
                (972_289_487_818_334_210, 1_237_876_415_735_660_570)
            }
            (Bot::Midjourney, Self::Public) => (972_289_487_818_334_211, 1_237_876_415_735_660_571),
            (Bot::Midjourney, Self::Fast) => (972_289_487_818_334_212, 1_237_876_415_735_660_572),
            (Bot::Midjourney, Self::Relax) => (972_289_487_818_334_213, 1_237_876_415_735_660_573),
            (Bot::Niji, Self::Imagine) => (1_023_054_140_580_057_099, 1_248_805_223_892_254_774),
            (Bot::Niji, Self::Blend) => (1_061_216_934_374_424_697, 1_248_805_223_892_254_775),
            (Bot::Niji, Self::Describe) => (1_092_683_500_743_831_652, 1_248_805_223_892_254_776),
            (Bot::Niji, Self::Shorten) => (1_121_575_453_916_942_376, 1_248_805_223_892_254_777),
            (Bot::Niji, Self::Show) => (1_023_054_140_580_057_101, 1_248_805_223_892_254_781),
            (Bot::Niji, Self::Info) => (1_023_054_140_580_057_102, 1_248_805_223_892_254_782),
            (Bot::Niji, Self::Settings) => (1_023_054_140_634_579_025, 1_493_662_157_915_684_906),
            (Bot::Niji, Self::Fast) => (1_023_054_140_580_057_107, 1_248_805_223_925_940_261),
            (Bot::Niji, Self::Relax) => (1_023_054_140_634_579_024, 1_248_805_223_925_940_262),
            (_, Self::Prefer | Self::Stealth | Self::Turbo)
            | (Bot::Niji, Self::Private | Self::Public) => return None,
        };
        Some(KnownCommand { id, version })
    }
}

impl fmt::Display for CommandName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no command of Midjourney's that we know.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("no such Midjourney command")]
pub struct UnknownCommand;

impl FromStr for CommandName {
    type Err = UnknownCommand;

    fn from_str(word: &str) -> Result<Self, UnknownCommand> {
        let word = word.strip_prefix('/').unwrap_or(word);
        Self::ALL
            .into_iter()
            .find(|name| name.as_str() == word)
            .ok_or(UnknownCommand)
    }
}

#[cfg(test)]
mod tests {
    use mj_discord::snowflake::made_at;

    use super::*;

    #[test]
    fn knows_both_bots_by_id() {
        for bot in Bot::ALL {
            assert_eq!(Bot::of(bot.application_id().0), Some(bot));
        }
        assert_eq!(Bot::of(1), None);
    }

    #[test]
    fn every_known_version_was_made_after_its_command() {
        for bot in Bot::ALL {
            for name in CommandName::ALL {
                if let Some(known) = name.known(bot) {
                    assert!(made_at(known.version) > made_at(known.id), "{bot:?} {name}");
                }
                assert_eq!(name.as_str().parse(), Ok(name));
            }
        }
    }
}
