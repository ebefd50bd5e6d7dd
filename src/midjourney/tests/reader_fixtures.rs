//! The reader against messages of every form from 2023 to 2026, each with what must be read from it.
//!
//! A fixture line is `{"expect": {…}, "message": {…}}`; `expect.kind` is the reader's label, the other expectations are
//! compared only where given.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use mj_discord::payload::Message;
use mj_midjourney::{
    read::{self, Kind, Reading, Stage},
    refusal::FailCode,
    task::TaskButton,
};
use serde_json::{Value, json};

fn seen(reading: &Reading<'_>, expectation: &str) -> Value {
    let refusal = reading.refusal.as_ref();
    match expectation {
        "kind" => json!(reading.label()),
        "phase" => json!(
            reading
                .phase()
                .map(|phase| format!("{phase:?}").to_lowercase())
        ),
        "form" => json!(reading.form.map(|form| format!("{form:?}"))),
        "bot" => json!(reading.bot.map(|bot| format!("{bot:?}"))),
        "prompt" => json!(reading.prompt),
        "user" => json!(reading.user),
        "index" => json!(reading.index),
        "percent" => json!(reading.percent),
        "mode" => json!(reading.mode),
        "stealth" => json!(reading.stealth),
        "stage" => json!(reading.stage.map(Stage::as_str)),
        "job" => json!(reading.job),
        "cancel" => json!(reading.cancel),
        "pictures" => json!(reading.pictures.len()),
        "buttons" => {
            let name = |button: &TaskButton| {
                button
                    .action
                    .clone()
                    .unwrap_or_else(|| button.custom_id.clone())
            };
            json!(reading.buttons.iter().map(name).collect::<Vec<_>>())
        }
        "texts" => json!(reading.texts),
        "source" => json!(reading.source),
        "fields" => json!(reading.info.as_ref().map(|info| info.fields.len())),
        "code" => json!(refusal.and_then(|refusal| refusal.code)),
        "retried" => json!(
            refusal
                .and_then(|refusal| refusal.code)
                .is_some_and(FailCode::is_retryable)
        ),
        "outcome" => json!(refusal.map(|refusal| format!("{:?}", refusal.outcome))),
        "refused" => json!(refusal.and_then(|refusal| refusal.prompt.as_deref())),
        other => panic!("no such expectation: {other}"),
    }
}

fn check(fixtures: &str) {
    let mut wrong = Vec::new();
    for (number, line) in (1..).zip(fixtures.lines()) {
        let fixture: Value = serde_json::from_str(line).unwrap();
        let text = fixture["message"].to_string();
        let message: Message<'_> = serde_json::from_str(&text).unwrap();
        let reading = read::read(&message);
        for (name, expected) in fixture["expect"].as_object().unwrap() {
            let seen = seen(&reading, name);
            if seen != *expected {
                wrong.push(format!(
                    "line {number}, {name}: expected {expected}, read {seen}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn starts_and_progress_are_read() {
    check(include_str!("../fixtures/starts.jsonl"));
}

#[test]
fn finals_are_read() {
    check(include_str!("../fixtures/finals.jsonl"));
}

#[test]
fn notices_are_read() {
    check(include_str!("../fixtures/notices.jsonl"));
}

#[test]
fn answers_are_read() {
    check(include_str!("../fixtures/answers.jsonl"));
}

#[test]
fn a_seed_note_tells_the_seed() {
    let text = r#"{"id":"1","channel_id":"2","content":"**Job ID**: 00000006-1111-4222-8333-000000000006 **seed** 7"}"#;
    let message: Message<'_> = serde_json::from_str(text).unwrap();
    assert_eq!(read::read(&message).kind, Kind::Seed(7));
}
