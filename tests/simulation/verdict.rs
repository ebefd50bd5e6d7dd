//! The judgement at the end of a run: what the store says against what Discord and Midjourney know.

use std::collections::{BTreeMap, BTreeSet};

use mj_midjourney::{
    button::Press,
    memory::MemoryStore,
    store::TaskStore,
    task::{Action, Call, Status, Task, TaskView},
};
use serde_json::Value;

use crate::{
    callers::Callers,
    followers::{Consumer, Receiver},
};

/// What became of a run.
#[derive(Debug, Default)]
pub struct Report {
    /// Its seed.
    pub seed: u64,
    /// Tasks submitted.
    pub tasks: u64,
    /// Of these, by how they ended, in words.
    pub ends: BTreeMap<String, u64>,
    /// Moments at which something happened.
    pub steps: u64,
    /// Owners that the hub had.
    pub owners: u64,
    /// Points beside writes of the owners, at which one of them could have died.
    pub points: u64,
    /// Interactions that Discord took.
    pub interactions: u64,
    /// What was promised and not kept; empty for a good run.
    pub broken: Vec<String>,
    /// The conditions.
    pub weather: String,
    /// What happened, where the plan asked for it.
    pub trace: Vec<String>,
}

impl Report {
    /// Adds what became of one of its hubs.
    pub(crate) fn add(&mut self, hub: Self, weather: &str, steps: u64, owners: u64, points: u64) {
        self.tasks += hub.tasks;
        for (end, count) in hub.ends {
            *self.ends.entry(end).or_default() += count;
        }
        self.steps += steps;
        self.owners += owners;
        self.points += points;
        self.interactions += hub.interactions;
        self.broken.extend(hub.broken);
        self.weather.push_str(weather);
    }

    /// Tasks that ended with their picture.
    pub fn pictures(&self) -> u64 {
        let ended = self.ends.iter();
        ended
            .filter(|(end, _)| end.starts_with(Status::Success.as_str()))
            .map(|(_, count)| count)
            .sum()
    }
}

/// One interaction as Discord knows it.
struct Truth<'r> {
    job_id: Option<&'r str>,
    state: &'r str,
    is_cancel: bool,
}

/// The interactions of the accounts' own, by nonce.
fn truths(record: &Value) -> BTreeMap<&str, Truth<'_>> {
    record["interactions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|interaction| interaction["foreign"] == false)
        .filter_map(|interaction| {
            let truth = Truth {
                job_id: interaction["job_id"].as_str(),
                state: interaction["state"].as_str().unwrap_or_default(),
                is_cancel: interaction["custom_id"]
                    .as_str()
                    .is_some_and(|id| id.contains("CancelJob")),
            };
            Some((interaction["nonce"].as_str()?, truth))
        })
        .collect()
}

/// Whether a task is to bring a new picture.
fn makes_a_picture(task: &Task) -> bool {
    let press = task.work.press.as_ref();
    let describes_again =
        press.is_some_and(|press| Press::read(&press.custom_id) == Press::DescribeRetry);
    !describes_again
        && !matches!(
            task.view.action,
            Action::Command | Action::Describe | Action::Seed | Action::Shorten | Action::Show
        )
}

/// The task's interactions that made a job, or gave an answer. A press that opened a form has made none.
fn jobs<'t, 'r>(task: &Task, truths: &'t BTreeMap<&str, Truth<'r>>) -> Vec<&'t Truth<'r>> {
    task.work
        .attempts
        .iter()
        .filter_map(|attempt| truths.get(attempt.nonce.as_str()))
        .filter(|truth| !truth.is_cancel && truth.state != "refused")
        .filter(|truth| truth.job_id.is_some() || !makes_a_picture(task))
        .collect()
}

/// Whether every job that is finished has reached its task, and none is under way.
pub(crate) fn is_told(store: &MemoryStore, callers: &Callers, record: &Value) -> bool {
    let truths = truths(record);
    callers.tasks.iter().all(|id| {
        let Ok(Some(task)) = store.whole_task(id) else {
            return true;
        };
        let is_over = task.view.status == Status::Success || task.view.status == Status::Cancel;
        is_over
            || !makes_a_picture(&task)
            || jobs(&task, &truths)
                .iter()
                .all(|truth| matches!(truth.state, "failed" | "cancelled"))
    })
}

/// How a task ended, in words.
pub(crate) fn end(view: &TaskView) -> String {
    match view.fail_code {
        Some(code) => format!("{} {}", view.status.as_str(), code.as_str()),
        None if view.late => format!("{} late", view.status.as_str()),
        None => view.status.as_str().to_owned(),
    }
}

/// What the tasks' own addresses do not know.
pub(crate) fn untold(store: &MemoryStore, callers: &Callers, receiver: &Receiver) -> Vec<String> {
    let tasks = callers.tasks.iter();
    tasks
        .filter_map(|id| store.whole_task(id).ok()?)
        .filter(|task| task.work.notify_url.is_some())
        .filter_map(|task| {
            let view = &task.view;
            receiver.missed(view.id, view.revision, view.status)
        })
        .collect()
}

/// Judges a hub at the end of a run.
pub(crate) fn judge(
    store: &MemoryStore,
    callers: &Callers,
    consumer: &Consumer,
    record: &Value,
) -> Report {
    let truths = truths(record);
    let mut report = Report {
        tasks: u64::try_from(callers.tasks.len()).unwrap_or_default(),
        interactions: u64::try_from(truths.len()).unwrap_or_default(),
        ..Report::default()
    };
    for (group, members) in &callers.groups {
        let stored = store.group(group).map_or(0, |members| members.len());
        if stored != *members {
            report
                .broken
                .push(format!("group {group} has {stored} of {members} members"));
        }
    }
    let mut pictures: BTreeMap<String, String> = BTreeMap::new();
    let mut known = BTreeSet::new();
    for id in &callers.tasks {
        let Ok(Some(task)) = store.whole_task(id) else {
            report.broken.push(format!("task {id} is not stored"));
            continue;
        };
        let view = &task.view;
        *report.ends.entry(end(view)).or_default() += 1;
        known.extend(
            task.work
                .attempts
                .iter()
                .map(|attempt| attempt.nonce.as_str().to_owned()),
        );
        report
            .broken
            .extend(consumer.missed(*id, view.revision, view.status));
        judge_task(&task, &jobs(&task, &truths), callers, &mut report.broken);
        if view.status == Status::Success
            && makes_a_picture(&task)
            && let Some(job) = &view.job_id
            && let Some(other) = pictures.insert(job.clone(), id.to_string())
        {
            report
                .broken
                .push(format!("tasks {other} and {id} have the same picture"));
        }
    }
    for (nonce, truth) in &truths {
        if !known.contains(*nonce) && !truth.is_cancel {
            report
                .broken
                .push(format!("an interaction with nonce {nonce} is nobody's"));
        }
    }
    report
}

fn judge_task(task: &Task, jobs: &[&Truth<'_>], callers: &Callers, broken: &mut Vec<String>) {
    let (id, view) = (task.view.id, &task.view);
    if jobs.len() > 1 {
        broken.push(format!("task {id} was submitted {} times", jobs.len()));
    }
    if !view.status.is_terminal() {
        broken.push(format!("task {id} has not ended: {:?}", view.status));
    }
    if !makes_a_picture(task) {
        return judge_answer(task, broken);
    }
    let is_cancelled = callers.cancelled.contains(&id);
    match (view.status, jobs.first()) {
        (Status::Success, None) => broken.push(format!("task {id} has a picture of nobody's")),
        (Status::Success, Some(truth)) => {
            if view.job_id.as_deref() != truth.job_id {
                broken.push(format!(
                    "task {id} has picture {:?}, its own is {:?}",
                    view.job_id, truth.job_id
                ));
            }
            if view.images.is_empty() {
                broken.push(format!("task {id} succeeded without a picture"));
            }
        }
        (_, Some(truth)) if truth.state == "finished" && !is_cancelled => {
            broken.push(format!(
                "task {id} ended as {:?} {:?}, but its picture is there",
                view.status, view.fail_code
            ));
        }
        _ => {}
    }
}

/// A task that brings words, or a picture that is there already.
fn judge_answer(task: &Task, broken: &mut Vec<String>) {
    let (id, view) = (task.view.id, &task.view);
    if view.status != Status::Success {
        return;
    }
    let is_answered = match &task.work.call {
        Call::Show { job_id } => view.job_id.as_ref() == Some(job_id) && !view.images.is_empty(),
        Call::Describe | Call::Shorten | Call::Plain { .. } | Call::Seed { .. } => {
            !view.texts.is_empty()
        }
        Call::Blend { .. } | Call::Imagine => !view.texts.is_empty(),
    };
    if !is_answered {
        broken.push(format!("task {id} succeeded without its answer"));
    }
}
