//! Takes the arguments of a call with PHP's own parser, so that coercion, `strict_types` and the wording of type
//! errors are the engine's.

use std::{
    borrow::Cow,
    ffi::{c_char, c_int},
    slice,
    time::Duration,
};

use ext_php_rs::{
    ffi::{HashTable, zend_string},
    types::ZendHashTable,
};
use mj_engine::{EngineError, Value, Wiped};

use crate::{convert, exceptions::Failure};

unsafe extern "C" {
    /// PHP's parser of arguments (`Zend/zend_API.h`). On failure an exception is pending.
    pub(crate) fn zend_parse_parameters(count: u32, specification: *const c_char, ...) -> c_int;
}

/// The longest time that a caller may ask for, 10 years: longer ones are as good as endless.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// A string argument (`S`), or none (`S!`, or left out).
#[derive(Debug, Default)]
pub(crate) struct Text(Option<std::ptr::NonNull<zend_string>>);

impl Text {
    /// Its bytes; empty when there is none.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: the parser stored a string that the call's frame holds until the function has returned.
        self.0.map_or(&[], |text| unsafe {
            let text = text.as_ref();
            slice::from_raw_parts(text.val.as_ptr().cast(), text.len)
        })
    }

    /// Its text, for lookups, where bytes that are not UTF-8 find nothing.
    pub(crate) fn lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.bytes())
    }

    /// Its text.
    pub(crate) fn utf8(&self, name: &'static str) -> Result<&str, Failure> {
        std::str::from_utf8(self.bytes()).map_err(|_| {
            Failure::Engine(EngineError::Argument {
                name: name.into(),
                message: "must be valid UTF-8".to_owned(),
            })
        })
    }

    /// Its text, or none when it is null.
    pub(crate) fn optional(&self, name: &'static str) -> Result<Option<&str>, Failure> {
        self.0.map(|_| self.utf8(name)).transpose()
    }

    /// As a value, for the engine to judge.
    pub(crate) fn value(&self) -> Value {
        convert::text(self.bytes())
    }
}

/// An array argument (`h`), or none when it is left out.
#[derive(Debug, Default)]
pub(crate) struct Array(Option<std::ptr::NonNull<HashTable>>);

impl Array {
    /// As a value, which may hold secrets; the empty list when it was left out. `name` is the argument's, for errors.
    pub(crate) fn value(&self, name: &'static str) -> Result<Wiped, Failure> {
        let value = self.table().map_or_else(
            || Ok(Value::List(Vec::new())),
            |table| convert::from_array(table, name),
        );
        value.map(Wiped)
    }

    /// Its elements as texts. `name` is the argument's, for errors.
    pub(crate) fn texts(&self, name: &'static str) -> Result<Vec<String>, Failure> {
        self.table()
            .map_or_else(|| Ok(Vec::new()), |table| convert::texts(table, name))
    }

    fn table(&self) -> Option<&ZendHashTable> {
        // SAFETY: the parser stored an array that the call's frame holds until the function has returned.
        self.0.map(|table| unsafe { table.as_ref() })
    }
}

/// A span of time in seconds, at most ten years.
///
/// # Errors
/// `ValueError` when it is negative or not a number.
pub(crate) fn seconds(seconds: f64, name: &'static str) -> Result<Duration, Failure> {
    if seconds.is_nan() || seconds < 0.0 {
        let message = "must be greater than or equal to 0".to_owned();
        return Err(Failure::Engine(EngineError::Argument {
            name: name.into(),
            message,
        }));
    }
    Ok(Duration::try_from_secs_f64(seconds).map_or(LONGEST, |duration| duration.min(LONGEST)))
}

/// Parses the arguments of `$call` into `$slot`s by PHP's specification; leaves with the pending exception when they
/// do not fit.
macro_rules! parse {
    ($call:expr, $specification:literal $(, $slot:ident)*) => {{
        // SAFETY: every `num_args` in the frame's union is the same field.
        let count = unsafe { $call.This.u2.num_args };
        // SAFETY: the specification has one letter for each slot, in order: `S` a `Text`, `h` an `Array`, `l` an
        // `i64`, `d` an `f64`; `Text` and `Array` are one nullable pointer each.
        let parsed = unsafe {
            $crate::arguments::zend_parse_parameters(count, $specification.as_ptr() $(, &raw mut $slot)*)
        };
        if parsed != 0 {
            return Err($crate::exceptions::Failure::Pending);
        }
    }};
}
pub(crate) use parse;
