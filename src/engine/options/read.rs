//! Single options as what they must be.

use std::{borrow::Cow, time::Duration};

use mj_midjourney::{application::Bot, task::Mode};

use crate::{error::EngineError, value::Value, webhook};

const PRIORITIES: std::ops::RangeInclusive<i64> = -100..=100;
const TIMEOUTS: (f64, f64) = (10.0, 7.0 * 86_400.0);

/// A value of the wrong type; a string that is not UTF-8 is a wrong value instead.
pub(crate) fn wrong_type(
    name: Cow<'static, str>,
    expected: &'static str,
    value: &Value,
) -> EngineError {
    if matches!(value, Value::Bytes(_)) {
        return EngineError::argument(name, "is not valid UTF-8");
    }
    EngineError::Type {
        name,
        expected,
        given: value.type_name(),
    }
}

/// A string that is not empty.
pub(crate) fn text(name: Cow<'static, str>, value: &Value) -> Result<String, EngineError> {
    let Value::Text(text) = value else {
        return Err(wrong_type(name, "string", value));
    };
    if text.trim().is_empty() {
        return Err(EngineError::argument(name, "is empty"));
    }
    Ok(text.clone())
}

/// Text of at most `most` bytes; may be empty. A whole number is taken as its digits.
pub(super) fn bounded(
    name: Cow<'static, str>,
    value: &Value,
    most: usize,
) -> Result<String, EngineError> {
    if let Value::Int(number) = value {
        return Ok(number.to_string());
    }
    let Value::Text(text) = value else {
        return Err(wrong_type(name, "string", value));
    };
    if text.len() > most {
        let message = format!("has {} bytes, at most {most} are kept", text.len());
        return Err(EngineError::argument(name, message));
    }
    Ok(text.clone())
}

/// A speed.
pub(super) fn mode(name: Cow<'static, str>, value: &Value) -> Result<Mode, EngineError> {
    match text(name.clone(), value)?.to_ascii_lowercase().as_str() {
        "fast" => Ok(Mode::Fast),
        "relax" => Ok(Mode::Relax),
        "turbo" => Ok(Mode::Turbo),
        _ => Err(EngineError::argument(name, "must be fast, relax or turbo")),
    }
}

/// A time-out, 10 seconds to a week.
pub(super) fn timeout(name: Cow<'static, str>, value: &Value) -> Result<Duration, EngineError> {
    #[expect(clippy::cast_precision_loss, reason = "bounded to a week below")]
    let seconds = if let Value::Int(seconds) = value {
        *seconds as f64
    } else if let Value::Float(seconds) = value {
        *seconds
    } else {
        return Err(wrong_type(name, "int|float", value));
    };
    if (TIMEOUTS.0..=TIMEOUTS.1).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err(EngineError::argument(
            name,
            format!("must be {} to {} seconds", TIMEOUTS.0, TIMEOUTS.1),
        ))
    }
}

/// A place in the queue, -100 to 100.
pub(super) fn priority(name: Cow<'static, str>, value: &Value) -> Result<i32, EngineError> {
    let Value::Int(priority) = value else {
        return Err(wrong_type(name, "int", value));
    };
    if !PRIORITIES.contains(priority) {
        return Err(EngineError::argument(name, "must be from -100 to 100"));
    }
    Ok(i32::try_from(*priority).unwrap_or_default())
}

/// A seed, as a number or its digits.
pub(super) fn seed(name: Cow<'static, str>, value: &Value) -> Result<u32, EngineError> {
    let seed = if let Value::Int(seed) = value {
        u32::try_from(*seed).ok()
    } else if let Value::Text(seed) = value {
        seed.trim().parse().ok()
    } else {
        return Err(wrong_type(name, "int", value));
    };
    seed.ok_or_else(|| EngineError::argument(name, "must be from 0 to 4294967295"))
}

/// `true` or `false`.
pub(super) fn truth(name: Cow<'static, str>, value: &Value) -> Result<bool, EngineError> {
    let Value::Bool(truth) = value else {
        return Err(wrong_type(name, "bool", value));
    };
    Ok(*truth)
}

/// One of Midjourney's two bots.
pub(super) fn bot(name: Cow<'static, str>, value: &Value) -> Result<Bot, EngineError> {
    match text(name.clone(), value)?.to_ascii_lowercase().as_str() {
        "midjourney" | "mj" => Ok(Bot::Midjourney),
        "niji" => Ok(Bot::Niji),
        _ => Err(EngineError::argument(name, "must be midjourney or niji")),
    }
}

/// A blend's shape by name or ratio, as `/blend` takes it.
pub(super) fn dimensions(
    name: Cow<'static, str>,
    value: &Value,
) -> Result<&'static str, EngineError> {
    match text(name.clone(), value)?.to_ascii_lowercase().as_str() {
        "portrait" | "2:3" => Ok("--ar 2:3"),
        "square" | "1:1" => Ok("--ar 1:1"),
        "landscape" | "3:2" => Ok("--ar 3:2"),
        _ => Err(EngineError::argument(
            name,
            "must be portrait (2:3), square (1:1) or landscape (3:2): a blend has no other shape",
        )),
    }
}

/// What is chosen from a menu: one text, or a list of them.
pub(super) fn values(name: &str, value: &Value) -> Result<Vec<String>, EngineError> {
    let items = if let Value::List(items) = value {
        items.as_slice()
    } else {
        std::slice::from_ref(value)
    };
    items
        .iter()
        .map(|item| text(name.to_owned().into(), item))
        .collect()
}

/// An address that changes can be posted to.
pub(super) fn hook(name: Cow<'static, str>, value: &Value) -> Result<String, EngineError> {
    webhook::address(&text(name.clone(), value)?).map_err(|why| EngineError::argument(name, why))
}
