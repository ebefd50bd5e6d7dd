//! Reading fields that must not cost us the payload around them: what has another shape than expected counts as not
//! given. Text is borrowed from the frame where it has no escapes (serde's own `Option<Cow<str>>` always copies).
//!
//! Syntax errors are still errors: leniency is about shapes, not about broken JSON.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, SeqAccess, value::MapAccessDeserializer},
};

use crate::{payload::Update, snowflake::Nonce};

/// Any JSON value, without the insides of lists and objects.
#[derive(Debug)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(Cow<'a, str>),
    Compound,
}

impl<'a> Scalar<'a> {
    /// The text, when it is one.
    pub(crate) fn text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null
            | Self::Bool(_)
            | Self::Unsigned(_)
            | Self::Signed(_)
            | Self::Float(_)
            | Self::Compound => None,
        }
    }

    /// The number: also one written as text, as long as it is whole and fits.
    pub(crate) fn number<T: TryFrom<u64>>(&self) -> Option<T> {
        self.unsigned().and_then(|number| T::try_from(number).ok())
    }

    fn unsigned(&self) -> Option<u64> {
        match self {
            Self::Unsigned(number) => Some(*number),
            Self::Text(text) => text.parse().ok(),
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "checked to be a whole number in the range that a double holds exactly"
            )]
            Self::Float(number) if number.fract() == 0.0 && (0.0..9e15).contains(number) => {
                Some(*number as u64)
            }
            Self::Null | Self::Bool(_) | Self::Signed(_) | Self::Float(_) | Self::Compound => None,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ScalarVisitor;

        impl<'de> de::Visitor<'de> for ScalarVisitor {
            type Value = Scalar<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Bool(value))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Unsigned(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Scalar<'de>, E> {
                Ok(u64::try_from(value).map_or(Scalar::Signed(value), Scalar::Unsigned))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Float(value))
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_string<E>(self, text: String) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Text(Cow::Owned(text)))
            }

            fn visit_unit<E>(self) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Null)
            }

            fn visit_none<E>(self) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Null)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Scalar<'de>, A::Error> {
                drain_seq(&mut seq)?;
                Ok(Scalar::Compound)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar<'de>, A::Error> {
                drain_map(&mut map)?;
                Ok(Scalar::Compound)
            }
        }

        deserializer.deserialize_any(ScalarVisitor)
    }
}

/// Reads past what is left of a list.
pub(crate) fn drain_seq<'de, A: SeqAccess<'de>>(seq: &mut A) -> Result<(), A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

/// Reads past what is left of an object.
pub(crate) fn drain_map<'de, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

/// What stood in the place of a compound value.
pub(crate) enum Found<T> {
    Null,
    Value(T),
    Other,
}

/// Reads an object as `T`; whatever is no object, or an object that `T` refuses, is [`Found::Other`].
struct ObjectSeed<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> de::DeserializeSeed<'de> for ObjectSeed<T> {
    type Value = Found<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found<T>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Deserialize<'de>> de::Visitor<'de> for ObjectSeed<T> {
    type Value = Found<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Found<T>, E> {
        Ok(Found::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Found<T>, E> {
        Ok(Found::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Found<T>, E> {
        Ok(Found::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Found<T>, E> {
        Ok(Found::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Found<T>, E> {
        Ok(Found::Other)
    }

    fn visit_unit<E>(self) -> Result<Found<T>, E> {
        Ok(Found::Null)
    }

    fn visit_none<E>(self) -> Result<Found<T>, E> {
        Ok(Found::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Found<T>, A::Error> {
        drain_seq(&mut seq)?;
        Ok(Found::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found<T>, A::Error> {
        if let Ok(value) = T::deserialize(MapAccessDeserializer::new(&mut map)) {
            Ok(Found::Value(value))
        } else {
            // Every field reads its value to the end before it refuses it, so the reader stands between two entries.
            drain_map(&mut map)?;
            Ok(Found::Other)
        }
    }
}

/// Reads a list of objects, leaving out the elements that are none.
struct ListSeed<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> de::Visitor<'de> for ListSeed<T> {
    type Value = Found<Vec<T>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Found::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Found::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Found::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Found::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Found::Other)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Found::Null)
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Found::Null)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        drain_map(&mut map)?;
        Ok(Found::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(found) = seq.next_element_seed(ObjectSeed(PhantomData))? {
            if let Found::Value(value) = found {
                list.push(value);
            }
        }
        Ok(Found::Value(list))
    }
}

/// An optional object, where a type is asked for.
pub(crate) struct Optional<T>(pub(crate) Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Optional<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        object(deserializer).map(Self)
    }
}

/// Optional text.
pub(crate) fn text<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Cow<'a, str>>, D::Error> {
    Ok(Scalar::deserialize(deserializer)?.text())
}

/// Optional text, copied.
pub(crate) fn owned_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    Ok(text(deserializer)?.map(Cow::into_owned))
}

/// Text that is empty when it is not given.
pub(crate) fn text_or_empty<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Cow<'a, str>, D::Error> {
    Ok(text(deserializer)?.unwrap_or_default())
}

/// Text that an update may change or clear.
pub(crate) fn text_update<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Update<Cow<'a, str>>, D::Error> {
    Ok(match Scalar::deserialize(deserializer)? {
        Scalar::Text(text) => Update::Value(text),
        Scalar::Null => Update::Null,
        Scalar::Bool(_)
        | Scalar::Unsigned(_)
        | Scalar::Signed(_)
        | Scalar::Float(_)
        | Scalar::Compound => Update::Absent,
    })
}

/// An optional number: also one written as text, as long as it is whole and fits.
pub(crate) fn number<'de, D: Deserializer<'de>, T: TryFrom<u64>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Ok(Scalar::deserialize(deserializer)?.number())
}

/// A number that is zero when it is not given.
pub(crate) fn number_or_zero<'de, D: Deserializer<'de>, T: Default + TryFrom<u64>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(number(deserializer)?.unwrap_or_default())
}

/// A snowflake that is 0 when it is not given.
pub(crate) fn id_or_zero<'de, D: Deserializer<'de>, T: From<u64>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(T::from(
        Scalar::deserialize(deserializer)?
            .unsigned()
            .unwrap_or_default(),
    ))
}

/// A truth that is false when it is not given.
pub(crate) fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(matches!(
        Scalar::deserialize(deserializer)?,
        Scalar::Bool(true)
    ))
}

/// An optional nonce: text or a number.
pub(crate) fn nonce<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Nonce>, D::Error> {
    Ok(match Scalar::deserialize(deserializer)? {
        Scalar::Text(text) => Some(Nonce::new(text)),
        Scalar::Unsigned(number) => Some(Nonce::new(number.to_string())),
        Scalar::Signed(number) => Some(Nonce::new(number.to_string())),
        Scalar::Null | Scalar::Bool(_) | Scalar::Float(_) | Scalar::Compound => None,
    })
}

/// An optional object.
pub(crate) fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Ok(
        match deserializer.deserialize_any(ObjectSeed(PhantomData))? {
            Found::Value(value) => Some(value),
            Found::Null | Found::Other => None,
        },
    )
}

/// An object that an update may change or clear.
pub(crate) fn object_update<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Update<T>, D::Error> {
    Ok(
        match deserializer.deserialize_any(ObjectSeed(PhantomData))? {
            Found::Value(value) => Update::Value(value),
            Found::Null => Update::Null,
            Found::Other => Update::Absent,
        },
    )
}

/// A list of objects that is empty when it is not given.
pub(crate) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Ok(match deserializer.deserialize_any(ListSeed(PhantomData))? {
        Found::Value(list) => list,
        Found::Null | Found::Other => Vec::new(),
    })
}

/// An optional list of objects.
pub(crate) fn optional_list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    Ok(match deserializer.deserialize_any(ListSeed(PhantomData))? {
        Found::Value(list) => Some(list),
        Found::Null | Found::Other => None,
    })
}

/// A list of objects that an update may change or clear.
pub(crate) fn list_update<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Update<Vec<T>>, D::Error> {
    Ok(match deserializer.deserialize_any(ListSeed(PhantomData))? {
        Found::Value(list) => Update::Value(list),
        Found::Null => Update::Null,
        Found::Other => Update::Absent,
    })
}
