//! Where a process dies beside a write: by chance, or at one chosen point of a run.

use crate::random::Random;

/// The points beside writes of the owners, before and after each.
#[derive(Debug, Default)]
pub(crate) struct Crashes {
    /// In a thousand points, at how many it dies.
    pub(crate) chance: u64,
    /// The one point at which it dies, whatever the chance.
    pub(crate) at: Option<u64>,
    /// Points passed.
    pub(crate) passed: u64,
}

impl Crashes {
    /// Passes a point; tells whether the process dies there.
    pub(crate) fn strike(&mut self, random: &mut Random) -> bool {
        self.passed += 1;
        self.at == Some(self.passed) || (self.chance > 0 && random.chance(self.chance))
    }
}
