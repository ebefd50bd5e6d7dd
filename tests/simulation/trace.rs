//! What a run's reader sees of it: one line an event, with the task's number wherever the event is about one.

use std::collections::BTreeMap;

use mj_midjourney::{
    memory::MemoryStore,
    store::TaskStore,
    task::{Task, TaskId},
};
use mj_simulator::world::{self, Transmit};
use serde_json::Value;

/// Characters of a text that are shown.
const SHOWN: usize = 70;

/// The story of a run; nothing unless it is wanted.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    lines: Option<Vec<String>>,
    /// Milliseconds since the run began.
    pub(crate) at: u64,
    /// Which task a nonce, a message, an interaction or a job belongs to, as far as the store knows.
    owners: BTreeMap<String, TaskId>,
}

impl Trace {
    pub(crate) fn new(is_wanted: bool) -> Self {
        Self {
            lines: is_wanted.then(Vec::new),
            ..Self::default()
        }
    }

    /// Adds a line.
    pub(crate) fn note(&mut self, what: impl FnOnce(&Self) -> String) {
        if self.lines.is_none() {
            return;
        }
        let line = format!("{:>9} {}", self.at, what(self));
        self.lines.get_or_insert_default().push(line);
    }

    /// The lines.
    pub(crate) fn take(&mut self) -> Vec<String> {
        self.lines.take().unwrap_or_default()
    }

    /// What a commit made of a task.
    pub(crate) fn written(&mut self, epoch: u64, store: &MemoryStore, id: &TaskId) {
        if self.lines.is_none() {
            return;
        }
        let Ok(Some(task)) = store.whole_task(id) else {
            return;
        };
        let attempts = &task.work.attempts;
        let named = attempts
            .iter()
            .map(|attempt| attempt.nonce.as_str().to_owned())
            .chain(
                attempts
                    .iter()
                    .filter_map(|attempt| Some(attempt.interaction_id?.0.to_string())),
            )
            .chain(
                task.work
                    .messages
                    .iter()
                    .map(|message| message.0.to_string()),
            )
            .chain(task.view.message_id.map(|message| message.0.to_string()))
            .chain(task.view.job_id.clone());
        for name in named {
            self.owners.entry(name).or_insert(*id);
        }
        self.note(|_| format!("e{epoch} writes {}", state(&task)));
    }

    /// A request and its answer.
    pub(crate) fn asked(&mut self, epoch: u64, request: &world::Request, answer: &str) {
        self.note(|trace| {
            let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
            let whose = trace.whose(&body["nonce"]);
            let data = &body["data"];
            let about = ["custom_id", "options", "name"]
                .iter()
                .filter_map(|name| data.get(*name))
                .map(|value| short(&value.to_string()))
                .next()
                .unwrap_or_default();
            let query = if request.query.is_empty() { "" } else { "?" };
            format!(
                "e{epoch} {} {}{query}{} {whose}{} {about} -> {answer}",
                request.method,
                request.path,
                request.query,
                body["nonce"].as_str().unwrap_or_default()
            )
        });
    }

    /// A frame that reaches a client.
    pub(crate) fn frame(&mut self, epoch: u64, connection: &str, transmit: &Transmit) {
        self.note(|trace| {
            let said = match transmit {
                Transmit::Text(text) | Transmit::Zlib(text) => trace.said(text),
                Transmit::Close(code, _) => format!("close {code}"),
                Transmit::Drop => "drop".to_owned(),
                Transmit::Garbage(_) => "garbage".to_owned(),
                Transmit::Reset => "reset".to_owned(),
                Transmit::Silence => "silence".to_owned(),
            };
            format!("e{epoch} {connection} {said}")
        });
    }

    fn said(&self, text: &str) -> String {
        let frame: Value = serde_json::from_str(text).unwrap_or_default();
        let data = &frame["d"];
        let Some(name) = frame["t"].as_str() else {
            return format!("op {}", frame["op"]);
        };
        let names = [
            &data["nonce"],
            &data["id"],
            &data["message_reference"]["message_id"],
            &data["interaction_metadata"]["id"],
            &data["interaction"]["id"],
        ];
        let whose = names
            .iter()
            .map(|name| self.whose(name))
            .find(|whose| !whose.is_empty())
            .unwrap_or_default();
        let words = data["content"].as_str().unwrap_or_default();
        let title = data["embeds"][0]["title"].as_str().unwrap_or_default();
        format!(
            "{name} s={} {whose}{} {}{}{title}",
            frame["s"],
            data["id"].as_str().unwrap_or_default(),
            short(words),
            if title.is_empty() { "" } else { " | " },
        )
    }

    fn whose(&self, name: &Value) -> String {
        let owner = name.as_str().and_then(|name| self.owners.get(name));
        owner
            .map(|id| format!("{} ", number(id)))
            .unwrap_or_default()
    }
}

/// A task by its number: ids are counted up.
pub(crate) fn number(id: &TaskId) -> String {
    let digits = id.to_string();
    format!("#{}", digits.trim_start_matches('0'))
}

fn state(task: &Task) -> String {
    let view = &task.view;
    let attempts: Vec<String> = task
        .work
        .attempts
        .iter()
        .map(|attempt| {
            let interaction = attempt
                .interaction_id
                .map(|id| format!("={}", id.0))
                .unwrap_or_default();
            format!(
                "{}{interaction}:{:?}/e{}",
                attempt.nonce.as_str(),
                attempt.state,
                attempt.epoch
            )
        })
        .collect();
    let code = view
        .fail_code
        .map(|code| format!(" {}", code.as_str()))
        .unwrap_or_default();
    let stage = view
        .stage
        .map(|stage| format!(" {stage:?}"))
        .unwrap_or_default();
    format!(
        "{} {}{code}{stage} {}% {} {:?}{}{} [{}]",
        number(&view.id),
        view.status.as_str(),
        view.progress,
        view.account.as_deref().unwrap_or("-"),
        view.action,
        if task.work.bound { " bound" } else { "" },
        if task.work.cancel_requested {
            " to cancel"
        } else {
            ""
        },
        attempts.join(" ")
    )
}

fn short(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}
