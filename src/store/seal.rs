//! Sealing: how what must stay secret lies in the database when `mj.secret` is set.
//!
//! What is sealed: a hub's configuration (tokens, passwords, keys), its gateway sessions, what its owner remembers of
//! each task, and the addresses of webhooks. What PHP is shown of a task (its prompt, its pictures' addresses) and what
//! is indexed (`state`, `idempotency_key`, accounts' names) is not: that stays readable without the secret.
//!
//! The cipher is ChaCha20-Poly1305 of ring: fast and of constant time on every machine, also without AES instructions.
//! Its key is made from the secret by HKDF-SHA256 once for each set of settings, in microseconds. HKDF does not slow
//! down who guesses, as a password's hash would: so the secret must be one that cannot be guessed, and a short one is
//! refused. Each value gets 12 random bytes of the kernel's as its nonce. After 2^32 values, which are some hundred
//! million pictures, two of them were equal with a chance below 2^-32.
//!
//! Associated data bind a value to its place: kind, hub and row. A value that somebody copies to another row, or into
//! the row of another hub, does not open. An older value put back into its own row does: who can write the database can
//! take it back to what it was.
//!
//! Each sealed value names its key by eight bytes that HKDF gives too and that say nothing about it. So a process knows
//! whether it has the key before it tries, and a value that is damaged is told from one of another secret.

use std::{fmt, ops::Deref};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use mj_midjourney::{config::HubId, store::StoreError};
use mj_process::random;
use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, KeyType, Prk, Salt},
};
use zeroize::Zeroizing;

/// The first byte of a sealed column of bytes; plain ones begin with 1.
const SEALED: u8 = 2;
/// How a sealed column of text begins; plain ones begin with `{` or `http`.
const SEALED_TEXT: &str = "sealed:";
/// Distinguishes our keys from others that somebody makes from the same secret.
const SALT: &[u8] = b"mj.secret, seal 1";
/// Bytes of a key's name.
const NAME_LEN: usize = 8;
/// Bytes of a key, and of an authentication tag.
const KEY_LEN: usize = 32;
const TAG_LEN: usize = 16;

/// Where a value lies; it opens nowhere else.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// A hub's configuration.
    Config,
    /// The address that a task's changes are posted to, by the task's place.
    Notice(i64),
    /// A gateway's session, by the gateway's number.
    Session(i64),
    /// What the owner remembers of a task, by the task's place.
    Work(i64),
}

impl Place {
    /// What it is called in errors.
    fn what(self) -> &'static str {
        match self {
            Self::Config => "a configuration",
            Self::Notice(_) => "a webhook's address",
            Self::Session(_) => "a session",
            Self::Work(_) => "the work of a task",
        }
    }

    fn associated(self, hub: &HubId) -> Vec<u8> {
        let (kind, number): (&[u8], i64) = match self {
            Self::Config => (b"config", 0),
            Self::Notice(place) => (b"notice", place),
            Self::Session(gateway) => (b"session", gateway),
            Self::Work(place) => (b"work", place),
        };
        [kind, b"\0", hub.0.as_bytes(), b"\0", &number.to_be_bytes()].concat()
    }
}

/// A key made from a secret. Its `Debug` shows nothing of it.
#[derive(Clone)]
pub struct SealKey {
    name: i64,
    key: LessSafeKey,
}

impl SealKey {
    /// Makes the key of a secret, which must be one that nobody can guess. Microseconds; none where ring refuses, which
    /// it does for no secret.
    pub fn derive(secret: &[u8]) -> Option<Self> {
        let prk = Salt::new(HKDF_SHA256, SALT).extract(secret);
        let mut key = Zeroizing::new([0; KEY_LEN]);
        let mut name = [0; NAME_LEN];
        expand(&prk, b"key", &mut key)?;
        expand(&prk, b"name", &mut name)?;
        Some(Self {
            name: i64::from_be_bytes(name),
            key: LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &*key).ok()?),
        })
    }

    /// Its name: 16 hexadecimal digits that say nothing about it.
    pub fn name(&self) -> String {
        format!("{:016x}", self.name)
    }

    fn seal(&self, hub: &HubId, place: Place, plain: &[u8], out: &mut Vec<u8>) -> Option<()> {
        let mut nonce = [0; NONCE_LEN];
        random::fill(&mut nonce).ok()?;
        out.extend(self.name.to_be_bytes());
        out.extend(nonce);
        let from = out.len();
        out.extend(plain);
        let aad = Aad::from(place.associated(hub));
        let nonce = Nonce::assume_unique_for_key(nonce);
        let sealed = out.get_mut(from..)?;
        let tag = self
            .key
            .seal_in_place_separate_tag(nonce, aad, sealed)
            .ok()?;
        out.extend(tag.as_ref());
        Some(())
    }

    fn open(&self, hub: &HubId, place: Place, body: &[u8]) -> Option<Opened> {
        let (nonce, sealed) = body.split_first_chunk::<NONCE_LEN>()?;
        let mut plain = Zeroizing::new(sealed.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let aad = Aad::from(place.associated(hub));
        self.key.open_in_place(nonce, aad, &mut plain).ok()?;
        let length = plain.len() - TAG_LEN;
        plain.truncate(length);
        Some(plain)
    }
}

type Opened = Zeroizing<Vec<u8>>;

fn expand<const N: usize>(prk: &Prk, info: &[u8], out: &mut [u8; N]) -> Option<()> {
    struct Length(usize);
    impl KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    prk.expand(&[info], Length(N)).ok()?.fill(out).ok()
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(..)")
    }
}

impl PartialEq for SealKey {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// The keys of one set of settings: the one that writes, if any, and others that only read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Keyring {
    writing: Option<SealKey>,
    reading: Option<SealKey>,
}

impl Keyring {
    /// Of `mj.secret` and `mj.secret_previous`. Without the first, what the second opens is written in the clear again.
    pub const fn new(secret: Option<SealKey>, previous: Option<SealKey>) -> Self {
        Self {
            writing: secret,
            reading: previous,
        }
    }

    /// The name of the key that writes; none where it is written in the clear.
    pub fn writes_as(&self) -> Option<String> {
        self.writing.as_ref().map(SealKey::name)
    }

    /// The same as it is stored.
    pub(crate) fn wanted(&self) -> Option<i64> {
        self.writing.as_ref().map(|key| key.name)
    }

    /// Whether a hub that is sealed like this can be read.
    pub(crate) fn opens(&self, seal: Option<i64>) -> bool {
        seal.is_none_or(|name| self.key(name).is_ok())
    }

    fn key(&self, name: i64) -> Result<&SealKey, StoreError> {
        let keys = self.writing.iter().chain(&self.reading);
        keys.into_iter()
            .find(|key| key.name == name)
            .ok_or(StoreError::Sealed {
                has_secret: self.writing.is_some(),
            })
    }

    /// How values are written of a hub that is sealed like this.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] where its key is not here.
    pub(crate) fn writing(&self, seal: Option<i64>) -> Result<Writing<'_>, StoreError> {
        Ok(Writing(seal.map(|name| self.key(name)).transpose()?))
    }

    /// Opens a column of bytes.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] where its key is not here, [`StoreError::Damaged`] where it does not open.
    pub(crate) fn open_bytes<'c>(
        &self,
        hub: &HubId,
        place: Place,
        column: &'c [u8],
    ) -> Result<Plain<'c>, StoreError> {
        match column.split_first() {
            Some((&SEALED, sealed)) => self.open(hub, place, sealed).map(Plain::Opened),
            _ => Ok(Plain::Stored(column)),
        }
    }

    /// Opens a column of text.
    ///
    /// # Errors
    /// As [`Self::open_bytes`].
    pub(crate) fn open_text<'c>(
        &self,
        hub: &HubId,
        place: Place,
        column: &'c str,
    ) -> Result<Plain<'c>, StoreError> {
        let Some(text) = column.strip_prefix(SEALED_TEXT) else {
            return Ok(Plain::Stored(column.as_bytes()));
        };
        let sealed = STANDARD_NO_PAD.decode(text).map_err(|_| closed(place))?;
        self.open(hub, place, &sealed).map(Plain::Opened)
    }

    fn open(&self, hub: &HubId, place: Place, sealed: &[u8]) -> Result<Opened, StoreError> {
        let (name, body) = sealed
            .split_first_chunk::<NAME_LEN>()
            .ok_or_else(|| closed(place))?;
        let key = self.key(i64::from_be_bytes(*name))?;
        key.open(hub, place, body).ok_or_else(|| closed(place))
    }
}

fn closed(place: Place) -> StoreError {
    StoreError::Damaged(format!(
        "{} can not be decrypted, though mj.secret is the right one: it was changed",
        place.what()
    ))
}

/// A column as it is in the clear.
#[derive(Debug)]
pub(crate) enum Plain<'c> {
    /// It was stored so.
    Stored(&'c [u8]),
    /// It was sealed. Wiped when it is dropped.
    Opened(Opened),
}

impl Plain<'_> {
    /// Text, if it is some.
    pub(crate) fn text(&self) -> Option<&str> {
        std::str::from_utf8(self).ok()
    }
}

impl Deref for Plain<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Stored(column) => column,
            Self::Opened(column) => column,
        }
    }
}

/// How the values of one hub are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writing<'k>(Option<&'k SealKey>);

impl Writing<'_> {
    /// What stands for a text that was damaged: it never opens.
    pub(crate) fn damaged_text(self) -> String {
        self.0.map_or_else(
            || "damaged".to_owned(),
            |key| SEALED_TEXT.to_owned() + &STANDARD_NO_PAD.encode(key.name.to_be_bytes()),
        )
    }

    /// What stands for bytes that were damaged.
    pub(crate) fn damaged_bytes(self) -> Vec<u8> {
        self.0.map_or_else(
            || vec![0],
            |key| [&[SEALED][..], &key.name.to_be_bytes()].concat(),
        )
    }

    /// A column of bytes; `plain` begins with the number of its form.
    ///
    /// # Errors
    /// [`StoreError::Io`] where the kernel has no random numbers.
    pub(crate) fn bytes(
        self,
        hub: &HubId,
        place: Place,
        plain: Vec<u8>,
    ) -> Result<Vec<u8>, StoreError> {
        let Some(key) = self.0 else {
            return Ok(plain);
        };
        let mut column = vec![SEALED];
        seal(key, hub, place, &Zeroizing::new(plain), &mut column)?;
        Ok(column)
    }

    /// A column of text.
    ///
    /// # Errors
    /// As [`Self::bytes`].
    pub(crate) fn text(
        self,
        hub: &HubId,
        place: Place,
        plain: String,
    ) -> Result<String, StoreError> {
        let Some(key) = self.0 else {
            return Ok(plain);
        };
        let mut sealed = Vec::new();
        seal(
            key,
            hub,
            place,
            &Zeroizing::new(plain.into_bytes()),
            &mut sealed,
        )?;
        Ok(SEALED_TEXT.to_owned() + &STANDARD_NO_PAD.encode(sealed))
    }
}

fn seal(
    key: &SealKey,
    hub: &HubId,
    place: Place,
    plain: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), StoreError> {
    out.reserve(NAME_LEN + NONCE_LEN + plain.len() + TAG_LEN);
    key.seal(hub, place, plain, out).ok_or_else(|| {
        StoreError::Io("nothing can be encrypted: the kernel gives no random numbers".into())
    })
}
