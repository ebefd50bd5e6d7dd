//! Chance, from one seed: `SplitMix64` (Steele, Lea, Flood 2014), which is enough to choose faults by.

/// A source of chance.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `most`, both possible.
    pub(crate) fn up_to(&mut self, most: u64) -> u64 {
        if most == u64::MAX {
            return self.next();
        }
        self.next() % (most + 1)
    }

    /// A number in a range, both ends possible.
    pub(crate) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.up_to(most - least)
    }

    /// Whether something happens that happens so many times in a thousand.
    pub(crate) fn chance(&mut self, in_thousand: u64) -> bool {
        self.up_to(999) < in_thousand
    }

    /// One of these; none of an empty list.
    pub(crate) fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let last = u64::try_from(all.len()).ok()?.checked_sub(1)?;
        all.get(usize::try_from(self.up_to(last)).ok()?)
    }

    /// A source of its own, for something that asks at times which must not shift others'.
    pub(crate) fn branch(&mut self) -> Self {
        Self(self.next())
    }
}
