//! What `mj_status()` shows: this process, its current hub, and every hub of the state directory. Never a token, a
//! prompt, an address of a picture or anything else that is secret.

use mj_discord::UnixMs;
use mj_midjourney::{
    account::AccountState,
    config::HubId,
    refusal::with_detail,
    store::{Grade, HubSummary, Lease, TaskStore},
    task::Status,
};
use mj_process::{OwnerLock, clock};
use mj_store::Incident;
use serde_json::Value as Json;

use crate::{error::EngineError, log, ownership, shared::Shared, value::Value};

/// What the owner counts in its queue, beside the numbers of tasks in each status.
const QUEUE_KEYS: [&str; 6] = [
    "waiting",
    "running",
    "in_doubt",
    "tombstones",
    "unmatched",
    "clock_difference",
];

/// A grade as PHP sees it.
pub(crate) fn grade_word(grade: Grade) -> &'static str {
    match grade {
        Grade::Resident => "resident",
        Grade::Transient => "transient",
    }
}

/// What concerns hubs: that of this process in full, then all of the directory in short.
///
/// # Errors
/// [`EngineError::Storage`].
pub(crate) fn hubs(
    shared: &Shared,
    current: Option<&HubId>,
) -> Result<Vec<(&'static str, Value)>, EngineError> {
    let all = shared.store.hubs()?;
    let mut entries = match current {
        Some(hub) => in_full(shared, hub, &relatives(shared, hub, &all)?)?,
        None => in_full_without_hub(),
    };
    let all = all
        .iter()
        .map(|hub| in_short(shared, hub, current == Some(&hub.id)))
        .collect::<Result<_, _>>()?;
    entries.push(("hubs", Value::List(all)));
    Ok(entries)
}

/// The hubs of the family that `head` is the head of, without itself.
///
/// # Errors
/// [`EngineError::Storage`].
pub(crate) fn relatives(
    shared: &Shared,
    head: &HubId,
    all: &[HubSummary],
) -> Result<Vec<HubId>, EngineError> {
    let mut relatives = Vec::new();
    for hub in all.iter().filter(|hub| hub.id != *head && hub.is_readable) {
        let config = shared.store.config(&hub.id)?;
        if config.is_some_and(|(_, config)| config.family.as_ref() == Some(head)) {
            relatives.push(hub.id.clone());
        }
    }
    Ok(relatives)
}

/// What the owner of a hub said last, and when.
///
/// # Errors
/// [`EngineError::Storage`].
pub(crate) fn said(shared: &Shared, hub: &HubId) -> Result<Option<(UnixMs, Json)>, EngineError> {
    Ok(shared.store.status(hub)?.and_then(|(at, text)| {
        let json: Json = serde_json::from_str(&text).ok()?;
        Some((at, json))
    }))
}

fn in_full(
    shared: &Shared,
    hub: &HubId,
    relatives: &[HubId],
) -> Result<Vec<(&'static str, Value)>, EngineError> {
    let seen = said(shared, hub)?;
    let mut every = accounts(shared, hub, seen.as_ref().map(|(_, json)| json))?;
    for relative in relatives {
        let said = said(shared, relative)?;
        every.extend(accounts(
            shared,
            relative,
            said.as_ref().map(|(_, json)| json),
        )?);
    }
    Ok(vec![
        ("hub", Value::from(hub.0.as_str())),
        ("owner", owner(shared, hub)?),
        ("gateway", seen.as_ref().map_or(Value::Null, gateway)),
        (
            "log",
            seen.as_ref()
                .map_or(Value::Null, |(_, json)| part(json, "log")),
        ),
        (
            "network",
            seen.as_ref()
                .map_or(Value::Null, |(_, json)| part(json, "network")),
        ),
        (
            "queue",
            queue(shared, hub, seen.as_ref().map(|(_, json)| json))?,
        ),
        ("accounts", Value::List(every)),
        ("webhooks", webhooks(shared, hub)?),
        (
            "counters",
            seen.map_or(Value::Null, |(_, json)| part(&json, "counters")),
        ),
    ])
}

fn in_full_without_hub() -> Vec<(&'static str, Value)> {
    ["hub", "owner", "gateway", "log", "network", "queue"]
        .map(|key| (key, Value::Null))
        .into_iter()
        .chain([
            ("accounts", Value::List(Vec::new())),
            ("webhooks", Value::Null),
            ("counters", Value::Null),
        ])
        .collect()
}

fn in_short(shared: &Shared, hub: &HubSummary, is_current: bool) -> Result<Value, EngineError> {
    Ok([
        ("id", Value::from(hub.id.0.as_str())),
        ("current", Value::Bool(is_current)),
        ("owner", owner(shared, &hub.id)?),
        ("open_tasks", number(hub.open_tasks)),
    ]
    .into_iter()
    .collect())
}

fn owner(shared: &Shared, hub: &HubId) -> Result<Value, EngineError> {
    let Some(lease) = shared.store.lease(hub)? else {
        return Ok(Value::Null);
    };
    Ok([
        ("pid", Value::Int(lease.pid.into())),
        ("epoch", number(lease.epoch)),
        ("grade", Value::from(grade_word(lease.grade))),
        ("alive", Value::Bool(is_alive(shared, hub, &lease))),
        ("since", number(lease.taken_at.0)),
        ("until", number(lease.until.0)),
    ]
    .into_iter()
    .collect())
}

/// Whether the owner's lease runs and, on this machine, its process was not found dead.
pub(crate) fn is_alive(shared: &Shared, hub: &HubId, lease: &Lease) -> bool {
    let is_here = !lease.boot_id.is_empty() && lease.boot_id == shared.own.boot_id;
    let is_dead = || {
        OwnerLock::open(&shared.dir, &hub.0)
            .is_ok_and(|lock| ownership::is_proven_dead(&lock, lease.epoch))
    };
    lease.until > UnixMs(clock::unix_ms()) && !(is_here && is_dead())
}

fn gateway((at, seen): &(UnixMs, Json)) -> Value {
    [
        ("mode", part(seen, "gateway")),
        ("bot", part(seen, "bot")),
        ("user", part(seen, "user")),
        (
            "message_content_missing",
            part(seen, "message_content_missing"),
        ),
        ("seen_at", number(at.0)),
    ]
    .into_iter()
    .collect()
}

fn queue(shared: &Shared, hub: &HubId, seen: Option<&Json>) -> Result<Value, EngineError> {
    let counts = shared.store.counts(hub)?;
    Ok(Status::ALL
        .iter()
        .zip(counts.by_status)
        .map(|(status, count)| (status.as_str(), number(count)))
        .chain(QUEUE_KEYS.map(|key| (key, seen.map_or(Value::Null, |seen| part(seen, key)))))
        .collect())
}

fn webhooks(shared: &Shared, hub: &HubId) -> Result<Value, EngineError> {
    let counts = shared.store.notice_counts(hub)?;
    Ok([
        ("pending", number(counts.pending)),
        ("failed", number(counts.failed)),
    ]
    .into_iter()
    .collect())
}

/// The configured accounts, with what the store and the owner know of each.
fn accounts(shared: &Shared, hub: &HubId, seen: Option<&Json>) -> Result<Vec<Value>, EngineError> {
    let health = shared.store.accounts(hub)?;
    let (configured, lang) = shared
        .store
        .config(hub)?
        .map(|(_, config)| (config.accounts, config.lang))
        .unwrap_or_default();
    let seen: &[Json] = seen
        .and_then(|seen| seen["accounts"].as_array())
        .map_or(&[], Vec::as_slice);
    let accounts = configured.iter().map(|account| {
        let known = health.iter().find(|known| known.name == account.name);
        let seen = seen.iter().find(|seen| seen["name"] == account.name);
        let (state, code, until) = match known.map(|known| &known.state) {
            None | Some(AccountState::Usable) => ("usable", None, None),
            Some(AccountState::Paused { code, until }) => ("paused", Some(*code), Some(*until)),
            Some(AccountState::Disabled { code }) => ("disabled", Some(*code), None),
        };
        let or_null = |value: Option<Value>| value.unwrap_or_default();
        [
            ("name", Value::from(account.name.as_str())),
            (
                "user_id",
                or_null(
                    known
                        .and_then(|known| known.user_id)
                        .map(|user| Value::Text(user.to_string())),
                ),
            ),
            ("state", Value::from(state)),
            ("code", or_null(code.map(|code| code.as_str().into()))),
            (
                "reason",
                or_null(code.map(|code| {
                    let detail = known.and_then(|known| known.reason.as_deref());
                    Value::Text(with_detail(code, lang, detail))
                })),
            ),
            ("until", or_null(until.map(|until| number(until.0)))),
            ("enabled", Value::Bool(account.enabled)),
            (
                "unauthorized",
                Value::Bool(seen.is_some_and(|seen| seen["unauthorized"] == true)),
            ),
            (
                "running",
                number(seen.map_or(0, |seen| seen["running"].as_u64().unwrap_or(0))),
            ),
            ("seen_at", or_null(known.map(|known| number(known.at.0)))),
        ]
        .into_iter()
        .collect()
    });
    Ok(accounts.collect())
}

/// What became of the store's files: what this process noticed, and what others have moved aside and is there still.
pub(crate) fn incidents(shared: &Shared) -> Value {
    let noticed = shared.store.incidents();
    // What cannot be listed is told by every other call.
    let mut others = shared.store.moved_aside().unwrap_or_default();
    others.retain(|path| {
        let is_it =
            |incident: &Incident| matches!(incident, Incident::MovedAside { to, .. } if to == path);
        !noticed.iter().any(is_it)
    });
    let others = others.into_iter().map(|path| {
        let path = path.display();
        format!("a database was damaged: it lies in {path} now, and an empty one was made")
    });
    let texts = noticed.iter().map(incident).chain(others);
    let log = log::health::incident();
    Value::List(texts.chain(log).map(Value::Text).collect())
}

fn incident(incident: &Incident) -> String {
    match incident {
        Incident::MovedAside { to, reason } => format!(
            "the database was damaged ({reason}): it lies in {} now, and an empty one was made",
            to.display()
        ),
        Incident::Replaced => {
            "the database was removed or replaced by somebody else while it was open".to_owned()
        }
    }
}

fn part(json: &Json, key: &str) -> Value {
    json.get(key).cloned().unwrap_or_default().into()
}

fn number(number: u64) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}
