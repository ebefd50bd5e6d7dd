//! PHP values in, PHP values out: owned copies on the way in, arrays built in place on the way out.

use ext_php_rs::{
    boxed::ZBox,
    ffi::{IS_ARRAY, zend_empty_array, zend_hash_add_new, zend_hash_next_index_insert},
    types::{ZendHashTable, ZendStr, Zval},
};
use mj_engine::{EngineError, Value};

use crate::{exceptions::Failure, words::Word};

/// Arrays inside arrays, at most: no option needs more, and an array that holds itself ends here.
const DEPTH: usize = 16;

/// Elements in all the arrays of one argument, at most: references can make a small array hold itself many times over.
const ELEMENTS: usize = 65_536;

/// What an element may be.
const ELEMENT: &str = "array|string|int|float|bool|null";

/// A PHP string as a value.
pub(crate) fn text(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::Text(text.to_owned()),
        Err(_) => Value::Bytes(bytes.to_vec()),
    }
}

/// A PHP array as a value. `name` is the argument's, for errors.
///
/// # Errors
/// `TypeError` when it holds an object or a resource, `ValueError` when it is nested too deeply or has too many elements.
pub(crate) fn from_array(table: &ZendHashTable, name: &'static str) -> Result<Value, Failure> {
    array(table, name, &mut Room::new())
}

/// What an argument may have still.
struct Room {
    depth: usize,
    elements: usize,
}

impl Room {
    fn new() -> Self {
        Self {
            depth: DEPTH,
            elements: ELEMENTS,
        }
    }

    /// Where an array is wrong anyway.
    fn for_one() -> Self {
        Self {
            depth: 1,
            ..Self::new()
        }
    }
}

/// A PHP array of strings. `name` is the argument's, for errors.
///
/// # Errors
/// `TypeError` when an element is not a string.
pub(crate) fn texts(table: &ZendHashTable, name: &'static str) -> Result<Vec<String>, Failure> {
    let wrong = |given| {
        Failure::Engine(EngineError::Type {
            name: name.into(),
            expected: "array of string",
            given,
        })
    };
    table
        .values()
        .map(
            |element| match from_zval(element.dereference(), name, &mut Room::for_one())? {
                Value::Text(text) => Ok(text),
                Value::Bytes(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
                other @ (Value::Null
                | Value::Bool(_)
                | Value::Int(_)
                | Value::Float(_)
                | Value::List(_)
                | Value::Map(_)) => Err(wrong(other.type_name())),
            },
        )
        .collect()
}

fn array(table: &ZendHashTable, name: &str, room: &mut Room) -> Result<Value, Failure> {
    let Some(elements) = room.elements.checked_sub(table.len()) else {
        let message = format!("must not have more than {ELEMENTS} elements");
        return Err(too_much(name, message));
    };
    room.elements = elements;
    let mut entries = Vec::with_capacity(table.len());
    let mut is_list = true;
    let mut iterator = table.iter();
    while let Some((key, element)) = iterator.next_zval() {
        is_list &= key
            .long()
            .is_some_and(|index| usize::try_from(index) == Ok(entries.len()));
        let key = match (key.long(), key.zend_str()) {
            (Some(index), _) => index.to_string(),
            (None, Some(key)) => String::from_utf8_lossy(key.as_bytes()).into_owned(),
            (None, None) => continue,
        };
        let element = from_zval(element.dereference(), &format!("{name}.{key}"), room)?;
        entries.push((key, element));
    }
    if is_list {
        return Ok(Value::List(
            entries.into_iter().map(|(_, element)| element).collect(),
        ));
    }
    Ok(Value::Map(entries))
}

fn too_much(name: &str, message: String) -> Failure {
    Failure::Engine(EngineError::Argument {
        name: name.to_owned().into(),
        message,
    })
}

fn from_zval(value: &Zval, name: &str, room: &mut Room) -> Result<Value, Failure> {
    let wrong = |given| {
        Err(Failure::Engine(EngineError::Type {
            name: name.to_owned().into(),
            expected: ELEMENT,
            given,
        }))
    };
    if let Some(table) = value.array() {
        let Some(depth) = room.depth.checked_sub(1) else {
            let message = format!("must not be nested deeper than {DEPTH} arrays");
            return Err(too_much(name, message));
        };
        room.depth = depth;
        let value = array(table, name, room);
        room.depth += 1;
        return value;
    }
    if let Some(string) = value.zend_str() {
        return Ok(text(string.as_bytes()));
    }
    match (value.long(), value.double(), value.bool()) {
        (Some(number), _, _) => Ok(Value::Int(number)),
        (_, Some(number), _) => Ok(Value::Float(number)),
        (_, _, Some(truth)) => Ok(Value::Bool(truth)),
        (None, None, None) if value.is_null() => Ok(Value::Null),
        (None, None, None) if value.is_object() => wrong("object"),
        (None, None, None) => wrong("resource"),
    }
}

/// A value as PHP sees it.
pub(crate) fn to_zval(value: &Value) -> Zval {
    let mut zval = Zval::new();
    match value {
        Value::Null => zval.set_null(),
        Value::Bool(truth) => zval.set_bool(*truth),
        Value::Int(number) => zval.set_long(*number),
        Value::Float(number) => zval.set_double(*number),
        Value::Text(text) => return string(text.as_bytes()),
        Value::Bytes(bytes) => return string(bytes),
        Value::List(items) => return list(items, to_zval),
        Value::Map(entries) => {
            let mut table = Table::with_capacity(entries.len());
            for (key, value) in entries {
                table.insert(key, to_zval(value));
            }
            return table.into_zval();
        }
    }
    zval
}

/// A string.
pub(crate) fn string(bytes: &[u8]) -> Zval {
    let mut zval = Zval::new();
    zval.set_zend_string(ZendStr::new(bytes, false));
    zval
}

/// A string, or null.
pub(crate) fn optional_string(text: Option<impl AsRef<str>>) -> Zval {
    text.map_or_else(Zval::null, |text| string(text.as_ref().as_bytes()))
}

/// A whole number; what PHP's integer cannot hold becomes its largest.
pub(crate) fn number(number: u64) -> Zval {
    let mut zval = Zval::new();
    zval.set_long(i64::try_from(number).unwrap_or(i64::MAX));
    zval
}

/// A whole number, or null.
pub(crate) fn optional_number(value: Option<impl Into<u64>>) -> Zval {
    value.map_or_else(Zval::null, |value| number(value.into()))
}

/// `true` or `false`.
pub(crate) fn truth(truth: bool) -> Zval {
    let mut zval = Zval::new();
    zval.set_bool(truth);
    zval
}

/// A list; the empty one costs no allocation.
pub(crate) fn list<T>(items: &[T], mut convert: impl FnMut(&T) -> Zval) -> Zval {
    if items.is_empty() {
        return empty_array();
    }
    let mut table = Table::with_capacity(items.len());
    for item in items {
        table.push(convert(item));
    }
    table.into_zval()
}

/// PHP's one empty array, which is never counted nor freed.
pub(crate) fn empty_array() -> Zval {
    let mut zval = Zval::new();
    zval.u1.type_info = IS_ARRAY;
    // The engine never writes to an array without `IS_TYPE_REFCOUNTED` in its type: it separates first.
    zval.value.arr = (&raw const zend_empty_array).cast_mut();
    zval
}

/// An array that is being built.
pub(crate) struct Table(ZBox<ZendHashTable>);

impl Table {
    /// An empty array with room for `elements`.
    pub(crate) fn with_capacity(elements: usize) -> Self {
        Self(ZendHashTable::with_capacity(
            u32::try_from(elements).unwrap_or(u32::MAX),
        ))
    }

    /// Adds an entry whose key is not in it yet.
    pub(crate) fn add(&mut self, key: Word, value: Zval) {
        let mut value = std::mem::ManuallyDrop::new(value);
        // SAFETY: the table is ours alone, the key is interned and not in it, and the table takes over the value.
        unsafe { zend_hash_add_new(&raw mut *self.0, key.as_ptr(), (&raw mut value).cast()) };
    }

    /// Adds an element at the end.
    pub(crate) fn push(&mut self, value: Zval) {
        let mut value = std::mem::ManuallyDrop::new(value);
        // SAFETY: the table is ours alone and takes over the value.
        unsafe { zend_hash_next_index_insert(&raw mut *self.0, (&raw mut value).cast()) };
    }

    /// Sets the entry of a key, as PHP would: `"7"` is the integer 7.
    pub(crate) fn insert(&mut self, key: &str, value: Zval) {
        let inserted = self.0.insert(key, value);
        debug_assert!(inserted.is_ok(), "a zval is its own conversion");
    }

    /// The array.
    pub(crate) fn into_zval(self) -> Zval {
        let mut zval = Zval::new();
        zval.set_hashtable(self.0);
        zval
    }
}
