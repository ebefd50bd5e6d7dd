//! The components of a message: rows of buttons and the layouts around them.
//!
//! They are most of a finished picture's frame, so each one is read into its place in the list that holds it.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess},
};

use crate::{
    lenient::{self, Found, Optional, Scalar, drain_map, drain_seq},
    payload::{Emoji, Update},
};

/// What a row of buttons holds at most; also more than a message has rows, as Midjourney writes them.
const ROW: usize = 5;

/// A row (type 1), a button (2), a select (3), a text input (4), or one of the newer layout kinds (9 and up).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Component<'a> {
    /// What it is; 0 when it was not said.
    pub kind: u8,
    /// What a row, a section, a container or a label holds, in order; a section's accessory comes last.
    pub components: Vec<Component<'a>>,
    /// What a press sends; link buttons have none.
    pub custom_id: Option<Cow<'a, str>>,
    /// A button's colour: 1 primary, 2 secondary, 3 success, 4 danger, 5 link. A text input's size.
    pub style: Option<u8>,
    /// Its words.
    pub label: Option<Cow<'a, str>>,
    /// Its sign.
    pub emoji: Option<Emoji<'a>>,
    /// Where a link button leads.
    pub url: Option<Cow<'a, str>>,
    /// Whether it can not be pressed.
    pub disabled: bool,
    /// A text input's default text.
    pub value: Option<Cow<'a, str>>,
    /// Whether a text input may stay empty; it must be filled in where nothing is said.
    pub optional: bool,
    /// What a select offers.
    pub options: Vec<SelectOption<'a>>,
}

/// An entry of a select.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
pub struct SelectOption<'a> {
    /// Its words.
    #[serde(borrow, default, deserialize_with = "lenient::text_or_empty")]
    pub label: Cow<'a, str>,
    /// What choosing it sends.
    #[serde(borrow, default, deserialize_with = "lenient::text_or_empty")]
    pub value: Cow<'a, str>,
    /// Whether it is chosen already.
    #[serde(default, deserialize_with = "lenient::truth")]
    pub default: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for Component<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut component = Self::default();
        deserializer.deserialize_map(Fields(&mut component))?;
        Ok(component)
    }
}

struct Options<'a>(Vec<SelectOption<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Options<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lenient::list(deserializer).map(Self)
    }
}

/// A list of components that is empty when it is not given.
pub(crate) fn list<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Component<'a>>, D::Error> {
    let mut list = Vec::new();
    List(&mut list).deserialize(deserializer)?;
    Ok(list)
}

/// A list of components that an update may change or clear.
pub(crate) fn list_update<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Update<Vec<Component<'a>>>, D::Error> {
    let mut list = Vec::new();
    Ok(match List(&mut list).deserialize(deserializer)? {
        Found::Value(()) => Update::Value(list),
        Found::Null => Update::Null,
        Found::Other => Update::Absent,
    })
}

/// A key of a component.
enum Key {
    Accessory,
    Component,
    Components,
    CustomId,
    Disabled,
    Emoji,
    Label,
    Options,
    Required,
    Style,
    Type,
    Url,
    Value,
    Other,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl de::Visitor<'_> for KeyVisitor {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_str<E>(self, key: &str) -> Result<Key, E> {
                Ok(match key {
                    "accessory" => Key::Accessory,
                    "component" => Key::Component,
                    "components" => Key::Components,
                    "custom_id" => Key::CustomId,
                    "disabled" => Key::Disabled,
                    "emoji" => Key::Emoji,
                    "label" => Key::Label,
                    "options" => Key::Options,
                    "required" => Key::Required,
                    "style" => Key::Style,
                    "type" => Key::Type,
                    "url" => Key::Url,
                    "value" => Key::Value,
                    _ => Key::Other,
                })
            }
        }

        deserializer.deserialize_identifier(KeyVisitor)
    }
}

/// Reads an object's fields into a component. Sections and labels hold single components under names of their own.
struct Fields<'c, 'a>(&'c mut Component<'a>);

impl<'de: 'a, 'a> de::Visitor<'de> for Fields<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a component")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self(this) = self;
        let (mut component, mut accessory) = (Vec::new(), Vec::new());
        while let Some(key) = map.next_key()? {
            match key {
                Key::Accessory => map.next_value_seed(One(&mut accessory))?,
                Key::Component => map.next_value_seed(One(&mut component))?,
                Key::Components => {
                    this.components.clear();
                    map.next_value_seed(List(&mut this.components))?;
                }
                Key::CustomId => this.custom_id = map.next_value::<Scalar<'de>>()?.text(),
                Key::Disabled => {
                    this.disabled = matches!(map.next_value()?, Scalar::Bool(true));
                }
                Key::Emoji => this.emoji = map.next_value::<Optional<Emoji<'de>>>()?.0,
                Key::Label => this.label = map.next_value::<Scalar<'de>>()?.text(),
                Key::Options => this.options = map.next_value::<Options<'de>>()?.0,
                Key::Required => {
                    this.optional = matches!(map.next_value()?, Scalar::Bool(false));
                }
                Key::Style => this.style = map.next_value::<Scalar<'_>>()?.number(),
                Key::Type => {
                    this.kind = map.next_value::<Scalar<'_>>()?.number().unwrap_or_default();
                }
                Key::Url => this.url = map.next_value::<Scalar<'de>>()?.text(),
                Key::Value => this.value = map.next_value::<Scalar<'de>>()?.text(),
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        this.components.append(&mut component);
        this.components.append(&mut accessory);
        Ok(())
    }
}

/// Reads an object as one more component of a list; whatever is no object is left out.
struct One<'l, 'a>(&'l mut Vec<Component<'a>>);

impl<'de: 'a, 'a> DeserializeSeed<'de> for One<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de: 'a, 'a> de::Visitor<'de> for One<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a component")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if self.0.is_empty() {
            self.0.reserve(ROW);
        }
        self.0.push(Component::default());
        if let Some(last) = self.0.last_mut()
            && Fields(last).visit_map(&mut map).is_err()
        {
            self.0.pop();
            // Every field reads its value to the end before it refuses it, so the reader stands between two entries.
            drain_map(&mut map)?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        drain_seq(&mut seq)
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Reads a list of components, leaving out the elements that are none.
struct List<'l, 'a>(&'l mut Vec<Component<'a>>);

impl<'de: 'a, 'a> DeserializeSeed<'de> for List<'_, 'a> {
    type Value = Found<()>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found<()>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de: 'a, 'a> de::Visitor<'de> for List<'_, 'a> {
    type Value = Found<()>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of components")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Found<()>, A::Error> {
        while seq.next_element_seed(One(self.0))?.is_some() {}
        Ok(Found::Value(()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found<()>, A::Error> {
        drain_map(&mut map)?;
        Ok(Found::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Found<()>, E> {
        Ok(Found::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Found<()>, E> {
        Ok(Found::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Found<()>, E> {
        Ok(Found::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Found<()>, E> {
        Ok(Found::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Found<()>, E> {
        Ok(Found::Other)
    }

    fn visit_unit<E>(self) -> Result<Found<()>, E> {
        Ok(Found::Null)
    }
}
