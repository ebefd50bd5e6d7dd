//! Random numbers that come from the kernel each time.
//!
//! Generators with state in the process are copied by a fork and give the same value on both sides.

use parking_lot::Mutex;
use thiserror::Error;

use crate::fork::ForkLocal;

/// Crockford's base 32: digits and capitals without I, L, O and U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters of a task id: 130 bits, the first two always 0.
pub const TASK_ID_LENGTH: usize = PLACES as usize;
/// The same, as a number of digits.
const PLACES: u32 = 26;
/// Bits of a character.
const BITS: u32 = 5;
/// Random bits of a task id; the 48 above them are its time.
const RANDOM_BITS: u32 = 80;

/// The kernel gave no random numbers.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the kernel gave no random numbers")]
pub struct RandomError(#[from] getrandom::Error);

/// Fills the buffer with random bytes.
///
/// # Errors
///
/// [`RandomError`], on kernels without getrandom(2) and without `/dev/urandom`.
pub fn fill(buffer: &mut [u8]) -> Result<(), RandomError> {
    Ok(getrandom::fill(buffer)?)
}

/// A random 64-bit number.
///
/// # Errors
///
/// As [`fill`].
pub fn random_u64() -> Result<u64, RandomError> {
    let mut bytes = [0; 8];
    fill(&mut bytes)?;
    Ok(u64::from_ne_bytes(bytes))
}

/// A random 128-bit number.
///
/// # Errors
///
/// As [`fill`].
pub fn random_u128() -> Result<u128, RandomError> {
    let mut bytes = [0; 16];
    fill(&mut bytes)?;
    Ok(u128::from_ne_bytes(bytes))
}

/// How far an id may be ahead of the clock so that it follows the one before, in milliseconds: what a clock is set back
/// by small steps. After a larger one ids follow the clock.
const AHEAD: u128 = 1_000;

/// The last id that this process made: its queue is in the order of its ids.
static LAST: ForkLocal<Mutex<u128>> = ForkLocal::new();

/// A new task id: 26 characters of `[0-9A-Z]` that sort by time, and within a process by when they were made. Its form
/// is the ULID's: 48 bits of milliseconds since 1970, then 80 random bits.
///
/// # Errors
///
/// As [`fill`].
pub fn task_id(unix_ms: u64) -> Result<String, RandomError> {
    let random = random_u128()?;
    let mut last = LAST.get_or_init(Mutex::default).lock();
    *last = following(*last, value(unix_ms, random), random);
    Ok(text(*last))
}

/// `new`, or when `last` is not before it, a random one shortly behind `last`.
fn following(last: u128, new: u128, random: u128) -> u128 {
    let is_near = last >> RANDOM_BITS <= (new >> RANDOM_BITS) + AHEAD;
    if new > last || !is_near {
        return new;
    }
    last + 1 + (random >> 64)
}

/// The ULID of a time and the low 80 bits of a number.
pub fn ulid(unix_ms: u64, random: u128) -> String {
    text(value(unix_ms, random))
}

fn value(unix_ms: u64, random: u128) -> u128 {
    let time = u128::from(unix_ms & 0xFFFF_FFFF_FFFF);
    (time << RANDOM_BITS) | (random & ((1 << RANDOM_BITS) - 1))
}

fn text(value: u128) -> String {
    (0..PLACES)
        .rev()
        .map(|place| {
            let digit = (value >> (place * BITS)) & 0x1F;
            char::from(ALPHABET[digit as usize])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_millisecond_sort_as_they_were_made() {
        let ids: Vec<String> = (0..1_000).map(|_| task_id(5_000).unwrap()).collect();
        assert!(ids.is_sorted_by(|one, next| one < next));
        let stepped_back = task_id(4_500).unwrap();
        assert!(stepped_back > ids[999], "a small step back");
        assert!(task_id(1_000).unwrap() < ids[0], "a clock that was wrong");
    }

    #[test]
    fn ulid_has_the_known_form() {
        assert_eq!(ulid(0, 0), "00000000000000000000000000");
        assert_eq!(
            ulid(0xFFFF_FFFF_FFFF, u128::MAX),
            "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"
        );
        assert_eq!(&ulid(1_469_918_176_385, 0)[..10], "01ARYZ6S41");
    }

    #[test]
    fn task_ids_sort_by_time_and_differ() {
        let one = task_id(1_000).unwrap();
        let same_moment = task_id(1_000).unwrap();
        let later = task_id(1_001).unwrap();
        assert_eq!(one.len(), TASK_ID_LENGTH);
        assert_ne!(one, same_moment);
        assert!(one < later && same_moment < later);
    }
}
