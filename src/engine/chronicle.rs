//! What becomes of tasks and accounts, told by what the owner writes: each turn of a task's course once, for the log and
//! the metrics.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use mj_discord::UnixMs;
use mj_midjourney::{
    account::{AccountHealth, AccountState},
    refusal::FailCode,
    store::{HubState, Write},
    task::{Status, Task, TaskId},
};

use crate::metrics::{
    ENDED, LATE, Meter, QUEUED_SECONDS, STARTING_SECONDS, SUBMITTED, WHOLE_SECONDS, WORKING_SECONDS,
};

/// How many ended tasks are remembered: more than the brain itself keeps.
const MOST_ENDED: usize = 20_000;

/// A turn in a task's course.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Turn {
    /// PHP submitted it.
    Submitted,
    /// Its first attempt is durable, and leaves.
    Sent,
    /// Midjourney began.
    Started,
    /// It ended.
    Ended,
    /// Its picture came after it had ended without one.
    Late,
}

/// What was told already.
#[derive(Debug, Default)]
pub(crate) struct Chronicle {
    /// Open tasks that were sent, and whether Midjourney began.
    sent: BTreeMap<TaskId, bool>,
    ended: Ended,
    accounts: BTreeMap<String, AccountState>,
}

/// Ended tasks and whether they succeeded, the oldest forgotten first.
#[derive(Debug, Default)]
struct Ended {
    tasks: BTreeMap<TaskId, bool>,
    order: VecDeque<TaskId>,
}

impl Ended {
    fn insert(&mut self, id: TaskId, is_success: bool) {
        if self.tasks.insert(id, is_success).is_none() {
            self.order.push_back(id);
        }
        if self.order.len() > MOST_ENDED
            && let Some(oldest) = self.order.pop_front()
        {
            self.tasks.remove(&oldest);
        }
    }
}

impl Chronicle {
    /// Goes on where the owner before stopped: what is stored was told by it.
    pub(crate) fn of(state: &HubState) -> Self {
        let mut chronicle = Self::default();
        for task in &state.open {
            if task.view.submitted_at.is_some() {
                let has_started = task.view.started_at.is_some();
                chronicle.sent.insert(task.view.id, has_started);
            }
        }
        // The newest come first.
        for task in state.closed.iter().rev() {
            let is_success = task.view.status == Status::Success;
            chronicle.ended.insert(task.view.id, is_success);
        }
        for account in &state.accounts {
            let state = account.state.clone();
            chronicle.accounts.insert(account.name.clone(), state);
        }
        chronicle
    }

    /// The turns that the writes of a commit make, with each write's place.
    pub(crate) fn turns(&mut self, writes: &[Write]) -> Vec<(usize, Turn)> {
        let mut turns = Vec::new();
        for (at, write) in writes.iter().enumerate() {
            if let Write::Task(task) = write {
                self.turns_of(task, &mut |turn| turns.push((at, turn)));
            }
        }
        turns
    }

    /// The turns that a task has made which is now stored like this.
    pub(crate) fn turns_of(&mut self, task: &Task, told: &mut dyn FnMut(Turn)) {
        let view = &task.view;
        let is_success = view.status == Status::Success;
        if let Some(was_success) = self.ended.tasks.get(&view.id).copied() {
            if is_success && !was_success {
                self.ended.insert(view.id, true);
                told(Turn::Late);
            }
            return;
        }
        if view.submitted_at.is_some() && !self.sent.contains_key(&view.id) {
            self.sent.insert(view.id, false);
            told(Turn::Sent);
        }
        if view.started_at.is_some()
            && let Some(has_started @ false) = self.sent.get_mut(&view.id)
        {
            *has_started = true;
            told(Turn::Started);
        }
        if view.status.is_terminal() {
            self.sent.remove(&view.id);
            self.ended.insert(view.id, is_success);
            told(Turn::Ended);
        }
    }

    /// Whether an account may be used or not since now; remembers it.
    pub(crate) fn has_turned(&mut self, health: &AccountHealth) -> bool {
        let before = self
            .accounts
            .insert(health.name.clone(), health.state.clone())
            .unwrap_or_default();
        match (&before, &health.state) {
            // Looked at again, and stopped a while longer.
            (AccountState::Paused { code: before, .. }, AccountState::Paused { code, .. }) => {
                before != code
            }
            (before, now) => before != now,
        }
    }
}

/// Counts a turn.
pub(crate) fn count(meter: &Meter, task: &Task, turn: Turn) {
    let view = &task.view;
    let mode = view.mode.or(task.work.wanted_mode);
    let speed = [("mode", mode.map_or("unknown", |mode| mode.as_str()))];
    match turn {
        Turn::Submitted => meter.count(&SUBMITTED, &[("action", view.action.as_str())]),
        Turn::Sent => {
            let took = between(Some(view.created_at), view.submitted_at);
            meter.observe(&QUEUED_SECONDS, &speed, took.unwrap_or_default());
        }
        Turn::Started => {
            if let Some(took) = between(view.submitted_at, view.started_at) {
                meter.observe(&STARTING_SECONDS, &speed, took);
            }
        }
        Turn::Ended => {
            let code = view.fail_code.map_or("", |code| code.as_str());
            meter.count(&ENDED, &[("status", view.status.as_str()), ("code", code)]);
            if view.status == Status::Success {
                if let Some(took) = between(view.started_at, view.finished_at) {
                    meter.observe(&WORKING_SECONDS, &speed, took);
                }
                if let Some(took) = between(Some(view.created_at), view.finished_at) {
                    meter.observe(&WHOLE_SECONDS, &speed, took);
                }
            }
        }
        Turn::Late => meter.count(&LATE, &[]),
    }
}

/// Logs a turn.
pub(crate) fn log(task: &Task, turn: Turn) {
    let view = &task.view;
    let (hub, id, action) = (task.hub.0.as_str(), view.id.as_str(), view.action.as_str());
    let account = view
        .account
        .as_deref()
        .or(task.work.named_account.as_deref());
    let job = view.job_id.as_deref();
    let after = |from, to| between(from, to).map(millis);
    match turn {
        Turn::Submitted => tracing::info!(
            hub,
            task = id,
            action,
            account,
            parent = view.parent_id.as_ref().map(TaskId::as_str),
            prompt = view.prompt.as_str(),
            "a task was submitted"
        ),
        Turn::Sent => tracing::info!(
            hub,
            task = id,
            action,
            account,
            waited_ms = after(Some(view.created_at), view.submitted_at),
            "a task was sent"
        ),
        Turn::Started => tracing::info!(
            hub,
            task = id,
            action,
            account,
            job,
            after_ms = after(view.submitted_at, view.started_at),
            "a task was started"
        ),
        Turn::Ended => tracing::info!(
            hub,
            task = id,
            action,
            account,
            job,
            status = view.status.as_str(),
            code = view.fail_code.map(FailCode::as_str),
            retryable = view.fail_code.map(|_| view.retryable),
            took_ms = after(Some(view.created_at), view.finished_at),
            "a task ended"
        ),
        Turn::Late => tracing::info!(
            hub,
            task = id,
            action,
            account,
            job,
            "a task's picture came after its end"
        ),
    }
}

/// Logs what has become of an account. One that nobody can use is for a person to look at.
pub(crate) fn log_account(hub: &str, health: &AccountHealth) {
    let account = health.name.as_str();
    match &health.state {
        AccountState::Usable => tracing::info!(hub, account, "an account is used again"),
        AccountState::Paused { code, until } => tracing::warn!(
            hub,
            account,
            code = code.as_str(),
            until = until.0,
            "an account is paused"
        ),
        AccountState::Disabled { code } => tracing::warn!(
            hub,
            account,
            code = code.as_str(),
            "an account is stopped until somebody acts"
        ),
    }
}

fn between(from: Option<UnixMs>, to: Option<UnixMs>) -> Option<Duration> {
    Some(to?.since(from?))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Which settings of a hub differ, by their names alone.
pub(crate) fn changed_settings(
    before: &mj_midjourney::config::HubConfig,
    after: &mj_midjourney::config::HubConfig,
) -> Vec<&'static str> {
    let mut changed = BTreeSet::new();
    macro_rules! compare {
        ($($($field:ident).+ $name:literal,)*) => {
            $(if before.$($field).+ != after.$($field).+ {
                changed.insert($name);
            })*
        };
    }
    compare! {
        accounts "accounts",
        archive "archive",
        bot_token "bot_token",
        channel_id "channel_id",
        concurrency "concurrency",
        family "token_sessions",
        gateway "gateway",
        guild_id "guild_id",
        hosts.activity_url "activity_url",
        hosts.api_url "api_url",
        hosts.ca_file "ca_file",
        hosts.cdn_url "cdn_url",
        hosts.gateway_resume_url "gateway_resume_url",
        hosts.gateway_url "gateway_url",
        hosts.proxy "proxy",
        hosts.upload_url "upload_url",
        lang "lang",
        late_final "late_final",
        notify_secret "notify_secret",
        notify_url "notify_url",
        queue_size "queue_size",
        relax_concurrency "relax_concurrency",
        retention "retention",
        seed_tag "seed_tag",
        spacing "spacing",
        timeout "timeout",
        user_agent "user_agent",
    }
    changed.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use mj_midjourney::{
        config::HubId,
        task::{Action, TaskView, Work},
    };

    use super::*;

    fn task(number: u32) -> Task {
        let id: TaskId = format!("{number:026}").parse().unwrap();
        Task {
            hub: HubId("a".repeat(32)),
            view: TaskView::new(id, Action::Imagine, String::new(), UnixMs(1_000)),
            work: Work::default(),
        }
    }

    fn told(chronicle: &mut Chronicle, task: &Task) -> Vec<Turn> {
        let mut turns = Vec::new();
        chronicle.turns_of(task, &mut |turn| turns.push(turn));
        turns
    }

    #[test]
    fn each_turn_is_told_once() {
        let mut chronicle = Chronicle::default();
        let mut task = task(1);
        assert_eq!(told(&mut chronicle, &task), []);
        task.view.submitted_at = Some(UnixMs(2_000));
        assert_eq!(told(&mut chronicle, &task), [Turn::Sent]);
        // Refused for now, and sent again.
        task.view.submitted_at = Some(UnixMs(9_000));
        assert_eq!(told(&mut chronicle, &task), []);
        task.view.started_at = Some(UnixMs(9_500));
        assert_eq!(told(&mut chronicle, &task), [Turn::Started]);
        task.view.status = Status::Failure;
        assert_eq!(told(&mut chronicle, &task), [Turn::Ended]);
        assert_eq!(told(&mut chronicle, &task), []);
        task.view.status = Status::Success;
        assert_eq!(told(&mut chronicle, &task), [Turn::Late]);
        assert_eq!(told(&mut chronicle, &task), []);
    }

    #[test]
    fn an_heir_tells_nothing_twice() {
        let (mut open, mut closed) = (task(1), task(2));
        open.view.submitted_at = Some(UnixMs(2_000));
        closed.view.status = Status::Cancel;
        let state = HubState {
            open: vec![open.clone()],
            closed: vec![closed.clone()],
            ..HubState::default()
        };
        let mut chronicle = Chronicle::of(&state);
        assert_eq!(told(&mut chronicle, &closed), []);
        assert_eq!(told(&mut chronicle, &open), []);
        open.view.status = Status::Success;
        let writes = [Write::Status(String::new()), Write::Task(Box::new(open))];
        assert_eq!(chronicle.turns(&writes), [(1, Turn::Ended)]);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut chronicle = Chronicle::default();
        for number in 0..u32::try_from(MOST_ENDED).unwrap() + 10 {
            let mut task = task(number);
            task.view.status = Status::Success;
            assert_eq!(told(&mut chronicle, &task), [Turn::Ended]);
        }
        assert_eq!(chronicle.ended.tasks.len(), MOST_ENDED);
        assert!(chronicle.sent.is_empty());
    }

    #[test]
    fn an_account_that_stays_stopped_is_told_of_once() {
        let mut chronicle = Chronicle::default();
        let mut health = AccountHealth::new("main".to_owned(), UnixMs(1));
        assert!(!chronicle.has_turned(&health));
        for (until, is_news) in [(10, true), (20, false)] {
            health.state = AccountState::Paused {
                code: FailCode::CreditsExhausted,
                until: UnixMs(until),
            };
            assert_eq!(chronicle.has_turned(&health), is_news);
        }
        health.state = AccountState::Usable;
        assert!(chronicle.has_turned(&health));
    }
}
