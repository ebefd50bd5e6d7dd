//! An account's health: whether it may be used, and if not, why and until when; and how long its jobs take.

use std::time::Duration;

use mj_discord::{
    UnixMs,
    snowflake::{ApplicationId, ChannelId, UserId},
};
use serde::{Deserialize, Serialize};

use crate::{
    refusal::FailCode,
    task::{Action, Mode},
};

/// How many of an account's last jobs of one kind and speed tell how long the next will take.
const SAMPLES: usize = 20;
/// With fewer nothing is told: one job alone may have been any.
const FEWEST: usize = 3;

/// What is known of an account.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct AccountHealth {
    /// Its name in the hub.
    pub name: String,
    /// The Discord user, once known.
    pub user_id: Option<UserId>,
    /// Whether it may be used.
    pub state: AccountState,
    /// When that was last seen.
    pub at: UnixMs,
    /// Tells a changed token: 16 hexadecimal digits that do not lead back to it.
    #[serde(default)]
    pub token_fingerprint: Option<String>,
    /// Its direct messages with the bots, as far as they were opened.
    #[serde(default)]
    pub direct_messages: Vec<DirectMessages>,
    /// Tells a changed configuration of the hub, in the same way.
    #[serde(default)]
    pub config_fingerprint: Option<String>,
    /// Midjourney's own words with which it was stopped; none while it may be used, or when Discord said so.
    #[serde(default)]
    pub reason: Option<String>,
    /// How long its jobs took.
    #[serde(default)]
    pub durations: Durations,
}

impl AccountHealth {
    /// An account of which nothing is known.
    pub fn new(name: String, at: UnixMs) -> Self {
        Self {
            name,
            user_id: None,
            state: AccountState::Usable,
            at,
            token_fingerprint: None,
            direct_messages: Vec::new(),
            config_fingerprint: None,
            reason: None,
            durations: Durations::default(),
        }
    }
}

/// The channel of an account's direct messages with a bot.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct DirectMessages {
    /// The bot.
    pub application_id: ApplicationId,
    /// The channel.
    pub channel_id: ChannelId,
}

/// Whether an account may be used.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum AccountState {
    /// It may.
    #[default]
    Usable,
    /// Not before `until`.
    Paused {
        /// Why.
        code: FailCode,
        /// Until when; by itself usable again then.
        until: UnixMs,
    },
    /// Not until a person has done something, or its token changed.
    Disabled {
        /// Why.
        code: FailCode,
    },
}

impl AccountState {
    /// Why it may not be used.
    pub fn code(&self) -> Option<FailCode> {
        match self {
            Self::Usable => None,
            Self::Paused { code, .. } | Self::Disabled { code } => Some(*code),
        }
    }
}

/// How long jobs took from their start to their picture: the last 20 of each kind and speed.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Durations(Vec<Took>);

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Took {
    action: Action,
    mode: Mode,
    /// The oldest first.
    seconds: Vec<u32>,
}

impl Durations {
    /// One more job has ended with a picture.
    pub fn note(&mut self, action: Action, mode: Mode, took: Duration) {
        let seconds = u32::try_from(took.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX);
        let known = self
            .0
            .iter()
            .position(|kind| (kind.action, kind.mode) == (action, mode));
        let at = known.unwrap_or_else(|| {
            self.0.push(Took {
                action,
                mode,
                seconds: Vec::new(),
            });
            self.0.len() - 1
        });
        let samples = &mut self.0[at].seconds;
        samples.push(seconds);
        if samples.len() > SAMPLES {
            samples.remove(0);
        }
    }

    /// How long such a job usually takes: the median, which a job that hung does not move; none of fewer than three.
    pub fn usual(&self, action: Action, mode: Mode) -> Option<Duration> {
        let kind = self
            .0
            .iter()
            .find(|kind| (kind.action, kind.mode) == (action, mode))?;
        if kind.seconds.len() < FEWEST {
            return None;
        }
        let mut sorted = kind.seconds.clone();
        sorted.sort_unstable();
        Some(Duration::from_secs(sorted[sorted.len() / 2].into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn few_jobs_tell_nothing_and_odd_ones_little() {
        let mut durations = Durations::default();
        for took in [30, 31] {
            durations.note(Action::Imagine, Mode::Fast, seconds(took));
        }
        assert_eq!(durations.usual(Action::Imagine, Mode::Fast), None);
        durations.note(Action::Imagine, Mode::Fast, seconds(3_000));
        assert_eq!(
            durations.usual(Action::Imagine, Mode::Fast),
            Some(seconds(31))
        );
        assert_eq!(durations.usual(Action::Imagine, Mode::Relax), None);
        assert_eq!(durations.usual(Action::Upscale, Mode::Fast), None);
    }

    #[test]
    fn only_the_last_jobs_count() {
        let mut durations = Durations::default();
        for took in (0..40).map(|number| if number < 20 { 10 } else { 60 }) {
            durations.note(Action::Imagine, Mode::Fast, seconds(took));
        }
        assert_eq!(
            durations.usual(Action::Imagine, Mode::Fast),
            Some(seconds(60))
        );
        assert!(serde_json::to_string(&durations).unwrap().len() < 200);
    }

    #[test]
    fn health_of_an_earlier_version_is_read() {
        let old = r#"{"name":"main","user_id":null,"state":{"state":"disabled","code":"BLOCKED"},"at":5}"#;
        let health: AccountHealth = serde_json::from_str(old).unwrap();
        assert_eq!(health.state.code(), Some(FailCode::Blocked));
        assert_eq!(health.durations, Durations::default());
    }
}
