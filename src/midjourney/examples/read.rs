//! Tells what the reader makes of captured messages: one JSON value a line in, one JSON line out.
//!
//! ```text
//! cargo run -p mj-midjourney --example read -- < messages.jsonl
//! ```
//!
//! A line may be a gateway event (`{"t": …, "d": …}`), a message or a list of them as REST gives them, a bare string (a
//! message's text), an error answer of REST, or any of these wrapped as `{"kind": …, "event_type": …, "data": …}`.

use std::io::{self, BufRead, Write};

use mj_discord::{
    payload::Message,
    rest::{Answer, Headers},
};
use mj_midjourney::{
    read::{self, Reading},
    refusal::{AnswerRow, Lang, Refusal, Until},
};
use serde_json::{Value, json};

fn main() -> io::Result<()> {
    let mut output = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str(&line) {
            Ok(value) => {
                for answer in explain(value) {
                    writeln!(output, "{answer}")?;
                }
            }
            Err(error) => writeln!(
                output,
                "{}",
                json!({ "kind": "unreadable", "error": error.to_string() })
            )?,
        }
    }
    Ok(())
}

fn explain(value: Value) -> Vec<Value> {
    match value {
        Value::String(content) => vec![message(json!({ "content": content }))],
        Value::Array(list) => list.into_iter().flat_map(explain).collect(),
        Value::Object(mut object) => {
            if object.contains_key("data") && object.contains_key("event_type") {
                return wrapped(&mut object);
            }
            match (
                object.get("t").and_then(Value::as_str).map(str::to_owned),
                object.remove("d"),
            ) {
                (Some(event), Some(data)) => vec![gateway_event(&event, data)],
                (_, Some(data)) => {
                    object.insert("d".to_owned(), data);
                    vec![plain(Value::Object(object), 400)]
                }
                (_, None) => vec![plain(Value::Object(object), 400)],
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => vec![json!({ "kind": "not_a_message" })],
    }
}

fn wrapped(object: &mut serde_json::Map<String, Value>) -> Vec<Value> {
    let event = object
        .get("event_type")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let expected = object.get("kind").cloned().unwrap_or_default();
    let data = object.remove("data").unwrap_or_default();
    let framed = data.get("t").is_some_and(Value::is_string) && data.get("d").is_some();
    let mut answers = if framed {
        explain(data)
    } else if let Some(status) = event
        .strip_prefix("HTTP_")
        .and_then(|status| status.parse().ok())
    {
        vec![plain(data, status)]
    } else if event.starts_with("MESSAGE_") || event.starts_with("INTERACTION_") {
        vec![gateway_event(&event, data)]
    } else {
        explain(data)
    };
    for answer in &mut answers {
        answer["expected"] = expected.clone();
    }
    answers
}

fn gateway_event(event: &str, data: Value) -> Value {
    let refusal = |label: &str, refusal: Option<Refusal>| json!({ "kind": label, "refusal": refusal.as_ref().map(self::refusal) });
    match event {
        "MESSAGE_CREATE" | "MESSAGE_UPDATE" => message(data),
        "MESSAGE_DELETE" | "MESSAGE_DELETE_BULK" => json!({ "kind": "delete", "id": data["id"] }),
        "MESSAGE_ACK" => json!({ "kind": "ack", "id": data["message_id"] }),
        "MESSAGE_REACTION_ADD" | "MESSAGE_REACTION_REMOVE" => {
            json!({ "kind": "reaction", "id": data["message_id"] })
        }
        "INTERACTION_IFRAME_MODAL_CREATE" => {
            let found = Refusal::of_iframe(data["title"].as_str().unwrap_or_default());
            refusal(found.as_ref().map_or("iframe", Refusal::label), found)
        }
        "INTERACTION_MODAL_CREATE" => json!({ "kind": "modal", "custom_id": data["custom_id"] }),
        "INTERACTION_FAILURE" => refusal(
            "interaction_failure",
            Some(Refusal::of_interaction_failure()),
        ),
        _ => json!({ "kind": "event", "event": event }),
    }
}

/// An object that is no event: a message, or an error answer of REST.
fn plain(data: Value, status: u16) -> Value {
    const MESSAGE_FIELDS: [&str; 5] = ["content", "embeds", "attachments", "components", "author"];
    if MESSAGE_FIELDS.iter().any(|field| data.get(field).is_some()) {
        return message(data);
    }
    let is_error = data.get("message").is_some_and(Value::is_string)
        && (status != 400
            || data.get("code").is_some()
            || data.as_object().is_some_and(|fields| fields.len() == 1));
    if !is_error {
        return json!({ "kind": "not_a_message" });
    }
    let body = data.to_string();
    let outcome = Answer {
        status,
        headers: &Headers::default(),
        body: &body,
    }
    .read();
    let row = AnswerRow::of(&outcome);
    json!({
        "kind": "rest_error",
        "outcome": format!("{outcome:?}"),
        "refusal": row.map(|row| json!({ "code": row.code, "remedy": format!("{:?}", row.remedy) })),
    })
}

fn message(mut data: Value) -> Value {
    for id in ["id", "channel_id"] {
        let readable = data[id]
            .as_str()
            .is_some_and(|id| id.parse::<u64>().is_ok())
            || data[id].is_u64();
        if !readable {
            data[id] = json!("0");
        }
    }
    if let Some(embeds) = data["embeds"].as_array_mut() {
        // Collections of captures note embeds of which only a phrase is known like this.
        for embed in embeds {
            if let (Value::Null, Some(words)) = (
                &embed["description"],
                embed.get("description_or_title_contains").cloned(),
            ) {
                embed["description"] = words;
            }
        }
    }
    let text = data.to_string();
    match serde_json::from_str::<Message<'_>>(&text) {
        Ok(message) => report(&message, &read::read(&message)),
        Err(error) => json!({ "kind": "unreadable", "error": error.to_string() }),
    }
}

fn report(message: &Message<'_>, reading: &Reading<'_>) -> Value {
    let buttons: Vec<_> = reading
        .buttons
        .iter()
        .map(|button| button.action.as_deref().unwrap_or(&button.custom_id))
        .collect();
    json!({
        "kind": reading.label(),
        "phase": reading.phase().map(|phase| format!("{phase:?}").to_lowercase()),
        "form": reading.form.map(|form| format!("{form:?}")),
        "prompt": reading.prompt,
        "user": reading.user,
        "progress": reading.percent,
        "mode": reading.mode,
        "stealth": reading.stealth,
        "stage": reading.stage.map(read::Stage::as_str),
        "job": reading.job,
        "index": reading.index,
        "pictures": reading.pictures.len(),
        "buttons": buttons,
        "texts": reading.texts,
        "info": reading.info.as_ref().map(|info| info.fields.clone()),
        "refusal": reading.refusal.as_ref().map(refusal),
        "reference": message.message_reference.and_then(|reference| reference.message_id),
        "ephemeral": message.is_ephemeral(),
    })
}

fn refusal(refusal: &Refusal) -> Value {
    let row = refusal.notice.row();
    json!({
        "notice": refusal.notice,
        "code": refusal.code,
        "outcome": refusal.outcome,
        "scope": refusal.scope(),
        "retried": row.again.is_some(),
        "reason": refusal.reason(),
        "message": [row.message(Lang::En), row.message(Lang::Zh)],
        "advice": [row.advice(Lang::En), row.advice(Lang::Zh)],
        "until": refusal.until.map(|until| match until {
            Until::At(at) => json!({ "at_ms": at.0 }),
            Until::After(span) => json!({ "after_s": span.as_secs() }),
        }),
        "command": refusal.command,
        "prompt": refusal.prompt,
    })
}
