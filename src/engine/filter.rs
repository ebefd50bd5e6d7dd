//! The filter of `mj_tasks()`.

use std::borrow::Cow;

use mj_midjourney::{
    config::HubId,
    store::TaskFilter,
    task::{InvalidTaskId, Status},
};

use crate::{
    error::EngineError,
    options::{text, wrong_type},
    value::Value,
};

/// Reads a filter.
///
/// # Errors
/// [`EngineError::Argument`] or [`EngineError::Type`] naming the key.
pub(crate) fn read(filter: &Value) -> Result<TaskFilter, EngineError> {
    let entries = filter.as_map().ok_or_else(|| {
        EngineError::argument("filter", "must be an array with filter names as keys")
    })?;
    let mut read = TaskFilter::default();
    for (key, value) in entries {
        let name = || Cow::Owned(format!("filter.{key}"));
        let task_id = |value: &Value| {
            text(name(), value)?
                .parse()
                .map_err(|error: InvalidTaskId| EngineError::argument(name(), error.to_string()))
        };
        match (key.as_str(), value) {
            (_, Value::Null) => {}
            ("status", Value::Text(word)) => read.status = vec![status(name(), word)?],
            ("status", Value::List(words)) => {
                read.status = words
                    .iter()
                    .map(|word| status(name(), &text(name(), word)?))
                    .collect::<Result<_, _>>()?;
            }
            ("status", other) => return Err(wrong_type(name(), "string|list of strings", other)),
            ("parent_id", value) => read.parent_id = Some(task_id(value)?),
            ("group_id", value) => read.group_id = Some(task_id(value)?),
            ("account", value) => read.account = Some(text(name(), value)?),
            ("state", value) => read.state = Some(text(name(), value)?),
            ("hub", value) => read.hub = Some(HubId(text(name(), value)?)),
            _ => {
                let message =
                    "no such filter; known are status, parent_id, group_id, account, state, hub";
                return Err(EngineError::argument(name(), message));
            }
        }
    }
    Ok(read)
}

fn status(name: Cow<'static, str>, word: &str) -> Result<Status, EngineError> {
    Status::ALL
        .into_iter()
        .find(|status| status.as_str().eq_ignore_ascii_case(word))
        .ok_or_else(|| {
            let known = Status::ALL.map(Status::as_str).join(", ");
            EngineError::argument(name, format!("must be one of {known}"))
        })
}
