//! The secret that the store's secrets are encrypted with, and the one before it.

use mj_store::{Keyring, SealKey};

use super::Raw;
use crate::{error::EngineError, setting::Setting};

/// HKDF does not slow down who guesses: a secret must be as long as a key.
const LEAST: usize = 32;
/// How many different characters it has at least: 32 random hexadecimal digits have fewer once in some 10 million times.
const LEAST_VARIETY: usize = 6;

/// The keys that are set.
///
/// # Errors
/// [`EngineError::Configuration`] for a secret that can be guessed, or two that are the same.
pub(super) fn keyring(raw: &Raw) -> Result<Keyring, EngineError> {
    let secret = raw.read("secret", key)?;
    let previous = raw.read("secret_previous", key)?;
    if let Some(setting) = raw.get("secret_previous")
        && secret == previous
    {
        return Err(setting.wrong(
            "is the same as mj.secret: leave it out, or set it to the secret before that one",
        ));
    }
    Ok(Keyring::new(secret, previous))
}

fn key(setting: &Setting) -> Result<SealKey, EngineError> {
    let text = zeroize::Zeroizing::new(setting.text()?);
    let mut bytes = zeroize::Zeroizing::new(text.as_bytes().to_vec());
    bytes.sort_unstable();
    bytes.dedup();
    if text.len() < LEAST {
        return Err(setting.wrong(format!(
            "is too short: set it to {LEAST} random characters or more; `openssl rand -hex 32` makes such a secret"
        )));
    }
    if bytes.len() < LEAST_VARIETY {
        return Err(setting.wrong(format!(
            "is too easy to guess: set it to {LEAST} random characters or more; `openssl rand -hex 32` makes such a secret"
        )));
    }
    SealKey::derive(text.as_bytes()).ok_or_else(|| setting.wrong("cannot be made into a key"))
}
