//! What the world saw, for a test that compares truth with what a client was told.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use super::World;
use super::http::Request;
use super::interaction::{Interaction, What};
use super::people::Caller;
use super::session::{Connect, ConnectionId};
use crate::snowflake::{Millis, Snowflake};

/// Routes counted one by one; the rest is counted together.
const ROUTE_LIMIT: usize = 1_000;

#[derive(Debug)]
struct ConnectionEntry {
    id: ConnectionId,
    query: String,
    resume_host: bool,
    opened: Millis,
    closed: Option<Millis>,
    close: Option<(u16, &'static str)>,
    caller: Option<Caller>,
    session: Option<String>,
    identified: Option<Millis>,
    resumed: Option<Millis>,
    heartbeats: u64,
    last_sequence: Option<u64>,
    notes: Vec<&'static str>,
}

#[derive(Debug)]
struct InteractionEntry {
    interaction: Interaction,
    /// Places of its jobs, the first first.
    jobs: Vec<usize>,
    refused: Option<&'static str>,
}

#[derive(Debug, Default)]
pub(super) struct Record {
    connections: BTreeMap<usize, ConnectionEntry>,
    opened: usize,
    interactions: BTreeMap<Snowflake, InteractionEntry>,
    requests: BTreeMap<String, u64>,
    statuses: BTreeMap<u16, u64>,
    identifies: u64,
    identified: VecDeque<Millis>,
    resumes_tried: u64,
    resumes: u64,
    open_now: u64,
    open_most: u64,
    dispatched: BTreeMap<String, u64>,
    last_dispatch: Millis,
    /// Requests that changed something and whose answer was lost on purpose.
    lost_answers: u64,
    pub(super) faults: u64,
    pub(super) identify_refused: u64,
    pub(super) interactions_refused: u64,
    pub(super) sockets_seen: u64,
}

impl Record {
    pub(super) fn opened(&mut self, now: Millis, id: ConnectionId, connect: &Connect) -> usize {
        let place = self.opened;
        self.opened += 1;
        let entry = ConnectionEntry {
            id,
            query: connect.query.clone(),
            resume_host: connect.resume_host,
            opened: now,
            closed: None,
            close: None,
            caller: None,
            session: None,
            identified: None,
            resumed: None,
            heartbeats: 0,
            last_sequence: None,
            notes: Vec::new(),
        };
        self.connections.insert(place, entry);
        self.open_now += 1;
        self.open_most = self.open_most.max(self.open_now);
        place
    }

    /// Forgets the oldest interactions, closed connections and identifies beyond `limit` of each.
    pub(super) fn forget(&mut self, limit: usize) {
        while self.interactions.len() > limit {
            self.interactions.pop_first();
        }
        while self.identified.len() > limit {
            self.identified.pop_front();
        }
        while self.connections.len() > limit {
            let closed = |(_, entry): &(&usize, &ConnectionEntry)| entry.closed.is_some();
            let Some(place) = self
                .connections
                .iter()
                .find(closed)
                .map(|(place, _)| *place)
            else {
                return;
            };
            self.connections.remove(&place);
        }
    }

    pub(super) fn closed(&mut self, now: Millis, entry: usize, close: Option<(u16, &'static str)>) {
        if let Some(entry) = self.connections.get_mut(&entry)
            && entry.closed.is_none()
        {
            entry.closed = Some(now);
            entry.close = close;
            self.open_now = self.open_now.saturating_sub(1);
        }
    }

    pub(super) fn note(&mut self, entry: usize, note: &'static str) {
        if let Some(entry) = self.connections.get_mut(&entry) {
            entry.notes.push(note);
        }
    }

    pub(super) fn heartbeat(&mut self, entry: usize, sequence: Option<u64>) {
        if let Some(entry) = self.connections.get_mut(&entry) {
            entry.heartbeats += 1;
            entry.last_sequence = sequence;
        }
    }

    pub(super) fn identified(&mut self, now: Millis, entry: usize) {
        self.identifies += 1;
        self.identified.push_back(now);
        if let Some(entry) = self.connections.get_mut(&entry) {
            entry.identified = Some(now);
        }
    }

    pub(super) fn authenticated(&mut self, entry: usize, caller: Caller, session: Option<&str>) {
        if let Some(entry) = self.connections.get_mut(&entry) {
            entry.caller = Some(caller);
            entry.session = session.map(str::to_owned).or(entry.session.take());
        }
    }

    pub(super) fn resume_tried(&mut self, _now: Millis, entry: usize) {
        self.resumes_tried += 1;
        self.note(entry, "resume tried");
    }

    pub(super) fn resumed(&mut self, now: Millis, entry: usize, caller: Caller, session: &str) {
        self.resumes += 1;
        self.authenticated(entry, caller, Some(session));
        if let Some(entry) = self.connections.get_mut(&entry) {
            entry.resumed = Some(now);
        }
    }

    pub(super) fn dispatched(&mut self, now: Millis, name: &str) {
        *self.dispatched.entry(name.to_owned()).or_default() += 1;
        self.last_dispatch = now;
    }

    pub(super) fn requested(&mut self, request: &Request, status: u16, cut: bool) {
        let route: String = request
            .path
            .split('/')
            .map(|part| {
                if part.len() > 14 && part.bytes().next().is_some_and(|c| c.is_ascii_digit()) {
                    "{id}"
                } else {
                    part
                }
            })
            .take(7)
            .collect::<Vec<_>>()
            .join("/");
        let route = match route.find("attachments/{id}") {
            Some(at) => format!("{}attachments/…", &route[..at]),
            None => route,
        };
        let mut route = format!("{} {route}", request.method);
        if self.requests.len() >= ROUTE_LIMIT && !self.requests.contains_key(&route) {
            "other".clone_into(&mut route);
        }
        *self.requests.entry(route).or_default() += 1;
        *self.statuses.entry(status).or_default() += 1;
        if cut {
            self.lost_answers += 1;
        }
    }

    pub(super) fn accepted(&mut self, interaction: &Interaction) {
        let entry = InteractionEntry {
            interaction: interaction.clone(),
            jobs: Vec::new(),
            refused: None,
        };
        self.interactions.insert(interaction.id, entry);
    }

    pub(super) fn interaction(&self, id: Snowflake) -> Option<Interaction> {
        Some(self.interactions.get(&id)?.interaction.clone())
    }

    pub(super) fn job_of(&mut self, interaction: Snowflake, job: usize) {
        if let Some(entry) = self.interactions.get_mut(&interaction) {
            entry.jobs.push(job);
        }
    }

    pub(super) fn refused(&mut self, interaction: Snowflake, title: &'static str) {
        if let Some(entry) = self.interactions.get_mut(&interaction) {
            entry.refused = Some(title);
        }
    }

    /// Forgets everything but the connections that are open.
    pub(super) fn clear(&mut self) {
        let interactions = std::mem::take(&mut self.interactions);
        let connections = std::mem::take(&mut self.connections);
        let (open_now, opened) = (self.open_now, self.opened);
        // Places in both lists are held elsewhere, so the lists stay; only the counters start anew.
        *self = Self {
            connections,
            opened,
            interactions,
            open_now,
            open_most: open_now,
            ..Self::default()
        };
    }
}

impl World {
    /// Everything seen so far; documented in the README.
    pub(super) fn record_json(&self, now: Millis) -> Value {
        let record = &self.record;
        let interactions: Vec<Value> = record
            .interactions
            .values()
            .map(|entry| self.interaction_json(now, entry))
            .collect();
        let connections: Vec<Value> = record.connections.values().map(connection_json).collect();
        json!({
            "now": now,
            "interactions": interactions,
            "connections": connections,
            "open_connections": record.open_now,
            "most_open_connections": record.open_most,
            "sockets_seen": record.sockets_seen,
            "identifies": record.identifies,
            "identified_at": record.identified,
            "identifies_refused": record.identify_refused,
            "resumes_tried": record.resumes_tried,
            "resumes": record.resumes,
            "sessions": self.sessions.values().map(|session| json!({"session_id": session.id, "user_id": session.caller.user, "bot": session.caller.bot, "sequence": session.sequence, "connected": session.connection.is_some()})).collect::<Vec<_>>(),
            "requests": record.requests,
            "statuses": record.statuses,
            "interactions_refused": record.interactions_refused,
            "lost_answers": record.lost_answers,
            "faults_struck": record.faults,
            "events": record.dispatched,
            "last_event_at": record.last_dispatch,
            "kept": {
                "messages": self.messages.len(), "files": self.files.len(), "jobs": self.midjourney.jobs.len(),
                "events": self.sessions.values().map(|session| session.replay.len()).sum::<usize>(),
            },
        })
    }

    fn interaction_json(&self, now: Millis, entry: &InteractionEntry) -> Value {
        let interaction = &entry.interaction;
        let mut object = json!({
            "application_id": interaction.application,
            "id": interaction.id, "nonce": interaction.nonce, "user_id": interaction.user, "channel_id": interaction.channel,
            "session_id": interaction.session, "at": interaction.at, "foreign": interaction.foreign,
        });
        match &interaction.what {
            What::Command { name, prompt } => {
                object["type"] = json!(2);
                object["name"] = json!(name);
                object["prompt"] = json!(prompt);
                object["options"] = json!(interaction.filled.texts);
                object["subcommand"] = json!(interaction.filled.subcommand);
                let files = interaction.filled.files.iter();
                object["files"] = files
                    .map(|(option, file)| ((*option).to_owned(), json!(file.filename)))
                    .collect();
            }
            What::Press { message, custom_id } => {
                object["type"] = json!(3);
                object["message_id"] = json!(message);
                object["custom_id"] = json!(custom_id);
                object["values"] = json!(interaction.filled.choices);
            }
            What::Submit {
                modal,
                message,
                custom_id,
                text,
                ..
            } => {
                object["type"] = json!(5);
                object["modal_id"] = json!(modal);
                object["message_id"] = json!(message);
                object["custom_id"] = json!(custom_id);
                object["prompt"] = json!(text);
            }
        }
        if let Some(title) = entry.refused {
            object["state"] = json!("refused");
            object["refused"] = json!(title);
        }
        let jobs = entry.jobs.iter();
        let jobs = jobs.filter_map(|place| self.midjourney.jobs.get(*place));
        object["job_ids"] = jobs.clone().map(|job| json!(job.id)).collect();
        let mut jobs = jobs;
        if let Some(job) = jobs.next() {
            super::people::merge(
                &mut object,
                json!({
                    "job_id": job.id, "action": job.kind.name(), "state": format!("{:?}", job.state).to_lowercase(),
                    "final_prompt": job.prompt.echo, "mode": super::midjourney::mode_name(job.prompt.mode),
                    "progress_message_id": job.progress_message, "final_message_id": job.final_message,
                    "picture_path": job.picture_path, "mask": job.mask.as_ref().map(super::midjourney::Mask::json),
                    "picture_url": job.picture_path.as_deref().map(|path| self.fresh_url(now, path)),
                }),
            );
        }
        object
    }
}

fn connection_json(entry: &ConnectionEntry) -> Value {
    json!({
        "id": entry.id.0, "query": entry.query, "resume_host": entry.resume_host, "opened_at": entry.opened,
        "closed_at": entry.closed, "close_code": entry.close.map(|(code, _)| code), "closed_by": entry.close.map(|(_, by)| by),
        "token": entry.caller.map(|caller| if caller.bot { "bot" } else { "user" }), "user_id": entry.caller.map(|caller| caller.user),
        "session_id": entry.session, "identified_at": entry.identified, "resumed_at": entry.resumed,
        "heartbeats": entry.heartbeats, "last_sequence": entry.last_sequence, "notes": entry.notes,
    })
}
