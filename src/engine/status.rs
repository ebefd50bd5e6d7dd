//! What `mj_status()` shows of a hub; free of secrets.

use mj_discord::UnixMs;
use mj_midjourney::{
    store::{Grade, HubSummary, TaskStore},
    task::Status,
};
use mj_process::clock;

use crate::{error::EngineError, shared::Shared, value::Value};

/// A grade as PHP sees it.
pub(crate) fn grade_word(grade: Grade) -> &'static str {
    match grade {
        Grade::Resident => "resident",
        Grade::Transient => "transient",
    }
}

/// Owner, tasks, accounts and what the owner last said of a hub.
///
/// # Errors
/// [`EngineError::Storage`].
pub(crate) fn hub(
    shared: &Shared,
    hub: &HubSummary,
    is_current: bool,
) -> Result<Value, EngineError> {
    let number = |number: u64| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
    let counts = shared.store.counts(&hub.id)?;
    let tasks = Status::ALL
        .iter()
        .zip(counts.by_status)
        .map(|(status, count)| (status.as_str(), number(count)))
        .collect();
    let owner = shared.store.lease(&hub.id)?.map_or(Value::Null, |lease| {
        let is_alive = lease.until > UnixMs(clock::unix_ms());
        [
            ("pid", Value::Int(lease.pid.into())),
            ("epoch", number(lease.epoch)),
            ("grade", Value::from(grade_word(lease.grade))),
            ("alive", Value::Bool(is_alive)),
            ("since", number(lease.taken_at.0)),
            ("until", number(lease.until.0)),
        ]
        .into_iter()
        .collect()
    });
    let accounts = shared.store.accounts(&hub.id)?;
    let accounts = accounts.iter().map(|account| {
        let mut json = serde_json::to_value(account).unwrap_or_default();
        if let Some(fields) = json.as_object_mut() {
            fields.remove("token_fingerprint");
        }
        Value::from(json)
    });
    let (seen_at, last) = match shared.store.status(&hub.id)? {
        Some((at, text)) => (
            number(at.0),
            serde_json::from_str(&text).map_or(Value::Null, |json: serde_json::Value| json.into()),
        ),
        None => (Value::Null, Value::Null),
    };
    Ok([
        ("id", Value::from(hub.id.0.as_str())),
        ("current", Value::Bool(is_current)),
        ("owner", owner),
        ("tasks", tasks),
        ("open_tasks", number(hub.open_tasks)),
        ("accounts", Value::List(accounts.collect())),
        ("seen_at", seen_at),
        ("seen", last),
    ]
    .into_iter()
    .collect())
}
