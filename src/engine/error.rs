//! Why a call from PHP failed at once. Trouble on the network is never here: it is the task's state.

use std::{borrow::Cow, time::Duration};

use mj_midjourney::store::StoreError;

/// Why a call failed; the binding gives each variant its own exception class.
///
/// Messages name the argument or setting and say what to do. None carries a token, a prompt or a signed address.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A value that cannot be used: PHP's `ValueError`.
    #[error("{name}: {message}")]
    Argument {
        /// The argument, or the option as `options.NAME`.
        name: Cow<'static, str>,
        /// What is wrong with it and what to give instead.
        message: String,
    },
    /// A value of the wrong type: PHP's `TypeError`.
    #[error("{name} must be of type {expected}, {given} given")]
    Type {
        /// The argument, or the option as `options.NAME`.
        name: Cow<'static, str>,
        /// The types that are taken.
        expected: &'static str,
        /// The type that came.
        given: &'static str,
    },
    /// A setting that is missing or wrong: `Mj\ConfigurationException`.
    #[error("{setting}: {message}")]
    Configuration {
        /// The setting as the caller wrote it: `mj.bot_token`, `proxy_wss`.
        setting: Cow<'static, str>,
        /// What is wrong with it and what to do.
        message: String,
    },
    /// The store could not do its work: `Mj\StorageException`.
    #[error("{message}")]
    Storage {
        /// What could not be done and what to do.
        message: String,
        /// What the store said.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// Too many tasks wait: `Mj\QueueFullException`.
    #[error("the queue is full: {waiting} tasks wait and mj.queue_size is {limit}; try again in {} s", retry_after.as_secs())]
    QueueFull {
        /// How many wait.
        waiting: u32,
        /// How many may.
        limit: u32,
        /// When another try makes sense.
        retry_after: Duration,
    },
    /// The task does not offer the action: `Mj\ActionUnavailableException`.
    #[error("{message}")]
    ActionUnavailable {
        /// Why, as one word.
        reason: Unavailable,
        /// Why, with what it does offer.
        message: String,
        /// The actions that it does offer.
        available: Vec<String>,
    },
    /// The engine cannot run here and now: `Mj\EngineException`.
    #[error("{0}")]
    Engine(String),
}

/// Why an action is not available: `$reason` of `Mj\ActionUnavailableException`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unavailable {
    /// Only a person may press it, in Discord: it answers Midjourney's moderators.
    NeedsPerson,
    /// It opens a dialog or answers in a message that Discord shows to the account's own session only, and the hub
    /// listens with none.
    NeedsUserGateway,
    /// The task has not ended yet.
    NotFinished,
    /// It is not among the task's buttons.
    NotOffered,
}

impl Unavailable {
    /// The word that PHP sees.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NeedsPerson => "NEEDS_PERSON",
            Self::NeedsUserGateway => "NEEDS_USER_GATEWAY",
            Self::NotFinished => "NOT_FINISHED",
            Self::NotOffered => "NOT_OFFERED",
        }
    }
}

impl EngineError {
    /// An argument with an unusable value.
    pub(crate) fn argument(name: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::Argument {
            name: name.into(),
            message: message.into(),
        }
    }

    /// A setting that is missing or wrong.
    pub(crate) fn configuration(
        setting: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self::Configuration {
            setting: setting.into(),
            message: message.into(),
        }
    }
}

impl From<StoreError> for EngineError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::QueueFull { waiting, limit } => Self::QueueFull {
                waiting,
                limit,
                retry_after: Duration::from_secs(5),
            },
            StoreError::Sealed { has_secret: false } => Self::configuration(
                "mj.secret",
                "is missing: what mj.state_dir holds of this hub is encrypted; set it to the secret that it was encrypted with",
            ),
            StoreError::Sealed { has_secret: true } => Self::configuration(
                "mj.secret",
                "is not the secret that mj.state_dir was encrypted with: set that one as mj.secret_previous too, and everything is encrypted anew with mj.secret",
            ),
            error @ (StoreError::Deposed { .. }
            | StoreError::Busy(_)
            | StoreError::Full
            | StoreError::InvalidCursor
            | StoreError::Newer { .. }
            | StoreError::Damaged(_)
            | StoreError::Io(_)) => Self::Storage {
                message: match remedy(&error) {
                    Some(remedy) => format!("{error}; {remedy}"),
                    None => error.to_string(),
                },
                source: Some(Box::new(error)),
            },
        }
    }
}

/// What an operator can do about a store that fails.
fn remedy(error: &StoreError) -> Option<&'static str> {
    match error {
        StoreError::Busy(_) => Some(
            "another process holds it up: look for one that is stopped, or for a disk that hangs, under mj.state_dir",
        ),
        StoreError::Full => Some("make room on the disk of mj.state_dir"),
        StoreError::Damaged(_) => {
            Some("see the incidents in mj_status() and the files in mj.state_dir")
        }
        StoreError::Io(_) => {
            Some("see that mj.state_dir is there and that the user who runs PHP can write in it")
        }
        StoreError::Deposed { .. }
        | StoreError::InvalidCursor
        | StoreError::Newer { .. }
        | StoreError::QueueFull { .. }
        | StoreError::Sealed { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_store_says_what_to_do() {
        for error in [
            StoreError::Busy(Duration::from_secs(5)),
            StoreError::Full,
            StoreError::Damaged("the file is malformed".to_owned()),
            StoreError::Io("refused".into()),
        ] {
            let says = EngineError::from(error).to_string();
            assert!(
                says.contains("; ") && says.contains("mj.state_dir"),
                "{says}"
            );
        }
    }
}
