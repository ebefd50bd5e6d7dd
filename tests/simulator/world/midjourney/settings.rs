//! What each account has chosen for itself in Midjourney, beside what the `config` command says for all.

use crate::snowflake::Snowflake;
use crate::world::World;

/// One account's settings.
#[derive(Clone, Debug, Default)]
pub(crate) struct AccountSettings {
    /// Remix mode: a press asks for a new prompt first. `/prefer remix` toggles it.
    pub(crate) remix: bool,
}

impl World {
    /// An account's settings; the defaults while it has changed nothing.
    pub(in crate::world) fn settings_of(&mut self, user: Snowflake) -> &mut AccountSettings {
        self.midjourney.settings.entry(user).or_default()
    }
}
