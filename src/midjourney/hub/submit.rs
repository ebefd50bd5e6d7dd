//! Sending: which task goes next, the attempt that is durable before its POST, and what Discord's answer means.

use std::time::Duration;

use mj_discord::{
    UnixMs,
    rate_limit::Permit,
    rest::{self, Headers, Interactor, Outcome, Request},
    snowflake::{Nonce, UserId},
};

use super::{
    Hub, Made,
    accounts::Account,
    driver::{Answer, FailureKind},
    finish::Ending,
    outbox::{Bearer, Purpose},
};
use crate::{
    account::AccountState,
    application::Bot,
    correlate::{Asked, Holder, Window},
    key,
    queue::{Lane, Slot},
    refusal::{AnswerRow, Detail, FailCode, Remedy},
    task::{Attempt, AttemptState, OpenForm, PressRequest, Stage, Status, Task, TaskId},
    transition,
};

/// Component types of what is pressed.
const BUTTON: u8 = 2;
const SELECT: u8 = 3;
/// Waiting times between attempts that did not reach Discord: doubled each time, from the first to the last.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LAST_RETRY: Duration = Duration::from_secs(30);
/// "Unknown Application" and "Unknown Channel".
const UNKNOWN_APPLICATION: u64 = 10_002;
const UNKNOWN_CHANNEL: u64 = 10_003;
/// How many refused attempts of a task are kept.
const REFUSED: usize = 16;
/// How many tasks that wait for keys are looked at for another account at a time.
const PARKED: usize = 32;
/// How much later than an attempt its interaction can be made when its end is not known: the lease and TCP's time-out
/// bound it (PROCESS.md, section 3).
const LONGEST_POST: Duration = Duration::from_secs(35);

/// How long to wait after so many failures in a row.
pub(super) fn backoff(failures: u32) -> Duration {
    FIRST_RETRY
        .saturating_mul(1 << failures.saturating_sub(1).min(16))
        .min(LAST_RETRY)
}

/// What an answer means for the account that asked; none when it says nothing of it.
pub(super) fn account_state(outcome: &Outcome, now: UnixMs) -> Option<AccountState> {
    let AnswerRow { code, remedy, .. } = *AnswerRow::of(outcome)?;
    match remedy {
        Remedy::Disable => Some(AccountState::Disabled { code }),
        Remedy::Pause(usual) => Some(AccountState::Paused {
            code,
            until: now.plus(outcome.retry_after().unwrap_or(usual)),
        }),
        Remedy::Again | Remedy::Fail | Remedy::Refresh | Remedy::Search | Remedy::Upload => None,
    }
}

impl Hub {
    /// Sends what may be sent now.
    pub(super) fn pump(&mut self) {
        if self.draining {
            return;
        }
        self.queue.wake(self.now.unix);
        while let Some((id, account)) = self.next_task() {
            self.claim(id, &account);
        }
        self.claim_parked();
        if !self.queue.is_empty() {
            self.ask_identities();
        }
    }

    fn next_task(&self) -> Option<(TaskId, String)> {
        let slots: Vec<Slot<'_>> = self
            .accounts
            .iter()
            .filter(|account| {
                account.is_ready(self.now)
                    && account.health.user_id.is_some()
                    && self.session_awaited_until(&account.config.name).is_none()
            })
            .map(|account| Slot {
                name: &account.config.name,
                weight: account.config.weight,
                running: u32::try_from(account.running.len()).unwrap_or(u32::MAX),
                aside: account.free(Lane::Aside),
                fast: account.free(Lane::Fast),
                relax: account.free(Lane::Relax),
            })
            .collect();
        let (id, at) = self.queue.next(&slots)?;
        Some((id, slots[at].name.to_owned()))
    }

    /// Takes a task for an account: its key, an attempt that will be durable, and the POST behind it.
    fn claim(&mut self, id: TaskId, account: &str) {
        let Some(user) = self
            .account(account)
            .and_then(|account| account.health.user_id)
        else {
            return;
        };
        let Some(item) = self.tasks.get(&id) else {
            self.queue.remove(id);
            return;
        };
        if item.task.view.status.is_terminal() {
            self.queue.remove(id);
            return;
        }
        if item.task.work.cancel_requested {
            self.cancel_unsent(id);
            return;
        }
        let bot = item
            .task
            .work
            .application_id
            .and_then(|id| Bot::of(id.0))
            .unwrap_or_default();
        if self.needs_own_view(id) && self.gates.own_session_of(user).is_none() {
            return self.await_own_view(id, account, user);
        }
        if self.is_seed(id) && !self.has_direct_messages(id, account, bot.application_id()) {
            return;
        }
        let Some(item) = self.tasks.get(&id) else {
            return;
        };
        let keys = key::of_task(&item.task, bot.application_id(), user);
        if let Some(key) = self.taken_key(id, &keys) {
            match self.other_account(id) {
                Some(other) => self.claim(id, &other),
                None => self.queue.park(id, &key),
            }
            return;
        }
        if self.wants_preparation(id) {
            self.begin_preparation(id);
            return;
        }
        let nonce = self.nonce();
        let Some((request, own_session)) = self.interaction(id, account, user, bot, &nonce) else {
            self.command_unknown(id);
            return;
        };
        let bearer = Bearer::Account(account.to_owned());
        match self.permit(&bearer, &request.route) {
            Permit::Ready => {}
            Permit::Wait(until) => {
                if let Some(account) = self.account_mut(account) {
                    account.limited_until = until;
                }
                return;
            }
            Permit::Unauthorized => {
                self.stop_account(
                    account,
                    AccountState::Disabled {
                        code: FailCode::Unauthorized,
                    },
                    None,
                );
                return;
            }
        }
        let Some(token) = self.token_of(&bearer) else {
            return;
        };
        self.note_attempt(id, account, user, bot, &nonce, own_session, &keys);
        self.outbox
            .send(Purpose::Attempt(id, nonce), bearer, token, request);
    }

    /// The first of these keys that another task holds.
    fn taken_key(&self, id: TaskId, keys: &[String]) -> Option<String> {
        let is_taken = |key: &&String| {
            let holder = self.correlator.holder_of_key(key);
            holder.is_some_and(|it| it != id)
        };
        keys.iter().find(is_taken).cloned()
    }

    /// An account that may send a task now for which no other task holds the key: keys name the acting user.
    fn other_account(&self, id: TaskId) -> Option<String> {
        let task = &self.tasks.get(&id)?.task;
        if self.accounts.len() < 2 || self.account_for(id).is_some() {
            return None;
        }
        let lane = Lane::of(&task.work);
        let bot = task.work.application_id.and_then(|id| Bot::of(id.0));
        let application = bot.unwrap_or_default().application_id();
        let can_send = |account: &&Account| {
            let is_free = |user| {
                self.taken_key(id, &key::of_task(task, application, user))
                    .is_none()
            };
            account.config.weight > 0
                && account.is_ready(self.now)
                && account.free(lane) > 0
                && account.health.user_id.is_some_and(is_free)
        };
        let account = self.accounts.iter().find(can_send)?;
        Some(account.config.name.clone())
    }

    /// Sends tasks by another account that wait for a key of the one that was to send them.
    fn claim_parked(&mut self) {
        if self.accounts.len() < 2 {
            return;
        }
        for id in self.queue.parked_for_any(PARKED) {
            if let Some(other) = self.other_account(id) {
                self.claim(id, &other);
            }
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "all that an attempt is made of, once"
    )]
    fn note_attempt(
        &mut self,
        id: TaskId,
        account: &str,
        user: UserId,
        bot: Bot,
        nonce: &Nonce,
        own_session: Option<String>,
        keys: &[String],
    ) {
        let now = self.now;
        let (at, undated) = (self.discord_time(), !self.knows_clock);
        let serial = self.next_serial();
        let epoch = self.epoch;
        let (guild, channel) = self.place_of(id, account, bot.application_id());
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        if item.task.view.status == Status::NotStart {
            let moved = transition::advance(now.unix, &mut item.task.view, Status::Submitted);
            debug_assert!(moved, "a task that waits may be sent");
        }
        let work = &mut item.task.work;
        item.task.view.account = Some(account.to_owned());
        item.task.view.submitted_at = Some(now.unix);
        item.task.view.stage = None;
        item.task.view.not_before = None;
        work.application_id = Some(bot.application_id());
        work.user_id = Some(user);
        work.not_before = None;
        work.guild_id = guild;
        work.channel_id = Some(channel);
        work.key = keys.first().cloned();
        work.other_keys = keys.iter().skip(1).cloned().collect();
        work.attempts.push(Attempt {
            nonce: nonce.clone(),
            at,
            undated,
            epoch,
            state: AttemptState::Sending,
            interaction_id: None,
            ended_at: None,
            own_session,
        });
        let lane = Lane::of(work);
        item.made.push(Made {
            serial,
            at: Some(now.boot),
        });
        self.set_holder(id);
        self.correlator.bind_nonce(id, nonce);
        self.correlator.take_keys(id, keys);
        self.queue.remove(id);
        let spacing = self.config.spacing;
        if let Some(account) = self.account_mut(account) {
            account.running.insert(id, lane);
            account.spaced_until = now.boot + spacing;
        }
        self.watch_pressed(id);
        self.watch_seed(id);
        self.watch_channel(channel);
        self.outbox.mark(id, true);
        self.poll_soon(id);
    }

    /// The task's interaction, and the session of its own account to which the interaction's events will go.
    fn interaction(
        &self,
        id: TaskId,
        account: &str,
        user: UserId,
        bot: Bot,
        nonce: &Nonce,
    ) -> Option<(Request, Option<String>)> {
        let item = self.tasks.get(&id)?;
        let own_session = self.gates.own_session_of(user).map(str::to_owned);
        let session_id = self.session_for(account, own_session.as_deref());
        let (guild, channel) = self.place_of(id, account, bot.application_id());
        let by = Interactor {
            application: bot.application_id(),
            guild,
            channel,
            session_id: &session_id,
            nonce,
        };
        let request = if let Some(press) = &item.task.work.press {
            let values: Vec<&str> = press.values.iter().map(String::as_str).collect();
            let kind = if values.is_empty() { BUTTON } else { SELECT };
            Request::component(
                by,
                press.message_id,
                self.flags_of_pressed(&item.task, press),
                kind,
                &press.custom_id,
                &values,
            )
        } else {
            self.call(&item.task, bot, by)?
        };
        Some((request, own_session))
    }

    /// The session that an account's interactions name: its own live one, the configured one, or any.
    pub(super) fn session_for(&self, account: &str, own_session: Option<&str>) -> String {
        own_session
            .or_else(|| {
                self.config
                    .account(account)
                    .and_then(|account| account.session_id.as_deref())
            })
            .unwrap_or(&self.fallback_session)
            .to_owned()
    }

    /// A nonce that no attempt has, also of an earlier owner in the same millisecond.
    pub(super) fn nonce(&mut self) -> Nonce {
        let mut random = (self.entropy)();
        loop {
            let nonce = Nonce::at(self.discord_time(), random);
            if self.correlator.task_of_nonce(&nonce).is_none() {
                return nonce;
            }
            random = random.wrapping_add(1);
        }
    }

    /// Tells the chain what it must know of a task.
    pub(super) fn set_holder(&mut self, id: TaskId) {
        let Some(item) = self.tasks.get(&id) else {
            return;
        };
        let task = &item.task;
        let Some((application, user)) = task.work.application_id.zip(task.work.user_id) else {
            return;
        };
        let attempts = &task.work.attempts;
        let first = attempts
            .iter()
            .position(|attempt| attempt.state != AttemptState::Refused);
        let window = first.zip(attempts.last()).map(|(first, last)| Window {
            from: attempts[first].earliest(),
            until: last
                .ended_at
                .filter(|_| !last.undated)
                .unwrap_or(last.latest().plus(LONGEST_POST))
                .max(last.at),
            serial: item.made.get(first).map_or(0, |made| made.serial),
        });
        let holder = Holder {
            channel: self.channel_of_task(id),
            application,
            user,
            asked: task
                .work
                .press
                .as_ref()
                .map_or(Asked::Command, |press| Asked::Press(press.message_id)),
            window,
            own_session: attempts
                .last()
                .and_then(|attempt| attempt.own_session.clone()),
            is_terminal: task.view.status.is_terminal(),
            is_moderated: task.work.moderated.is_some(),
        };
        self.correlator.set_holder(id, holder);
        let is_open = self
            .tasks
            .get(&id)
            .is_some_and(|item| !item.task.view.status.is_terminal());
        if is_open && self.first_attempt(id).is_some() {
            self.under_way.insert(id);
        } else {
            self.under_way.remove(&id);
        }
    }

    /// What became of a task's POST.
    pub(super) fn attempt_answered(
        &mut self,
        id: TaskId,
        nonce: &Nonce,
        bearer: &Bearer,
        answer: &Answer,
    ) {
        let ended_at = self.discord_time();
        let Some(attempt) = self.attempt_mut(id, nonce) else {
            return;
        };
        attempt.ended_at = Some(ended_at);
        let is_open = matches!(attempt.state, AttemptState::Sending | AttemptState::InDoubt);
        self.outbox.mark(id, false);
        self.set_holder(id);
        if !is_open {
            // An event told before the answer that it arrived.
            if matches!(
                answer,
                Answer::Response {
                    status: 200..=299,
                    ..
                }
            ) {
                self.note_taken(id);
            }
            return;
        }
        if bearer == &Bearer::Nobody {
            return self.region_answered(id, nonce, answer);
        }
        match answer {
            Answer::Failure { sent: false, kind } => self.not_sent(id, nonce, *kind),
            Answer::Failure { sent: true, .. } => self.doubt(id, nonce),
            Answer::Response {
                status,
                headers,
                body,
            } => {
                if let Some(item) = self.tasks.get_mut(&id) {
                    item.task.work.unsent = 0;
                }
                let headers = Headers::read(
                    headers
                        .iter()
                        .map(|(name, value)| (name.as_str(), value.as_str())),
                );
                let body = String::from_utf8_lossy(body);
                let outcome = rest::Answer {
                    status: *status,
                    headers: &headers,
                    body: &body,
                }
                .read();
                self.attempt_outcome(id, nonce, bearer, &outcome);
            }
        }
    }

    fn attempt_outcome(&mut self, id: TaskId, nonce: &Nonce, bearer: &Bearer, outcome: &Outcome) {
        let Some(row) = AnswerRow::of(outcome) else {
            self.settle_attempt(id, nonce, AttemptState::Accepted);
            self.note_taken(id);
            self.mend_lost_form(id);
            return;
        };
        if row.remedy == Remedy::Search {
            self.doubt(id, nonce);
            return;
        }
        self.settle_attempt(id, nonce, AttemptState::Refused);
        if self.is_form(id, nonce) {
            return self.form_refused(id, bearer, outcome);
        }
        let Bearer::Account(account) = bearer else {
            return;
        };
        let told = outcome.retry_after();
        let code = row.code;
        match row.remedy {
            // The limiter holds the account back; another one may be free.
            Remedy::Again if code == FailCode::RateLimited && self.may_go_elsewhere(id) => {
                self.wait_again(id, None);
            }
            Remedy::Again => self.send_again(id, told, code),
            Remedy::Fail => {
                let detail = detail_of(outcome).map(|detail| self.words(detail));
                self.finish_failed(id, code, detail, Ending::NeverSent);
            }
            Remedy::Disable | Remedy::Pause(_) => {
                if let Some(state) = account_state(outcome, self.now.unix) {
                    let reason = detail_of(outcome).map(|detail| self.words(detail));
                    self.refused_with_account(id, account, state, reason);
                }
            }
            Remedy::Refresh => self.outdated(id),
            Remedy::Upload => self.uploads_lost(id),
            Remedy::Search => {}
        }
    }

    /// The account can not be used; the task goes to another one, where it may.
    fn refused_with_account(
        &mut self,
        id: TaskId,
        account: &str,
        state: AccountState,
        reason: Option<String>,
    ) {
        self.wait_again(id, None);
        self.stop_account(account, state, reason);
        self.leave_account(account);
        self.fail_hopeless();
    }

    /// The command's version is an old one: it is read again, and the task tries once more.
    fn outdated(&mut self, id: TaskId) {
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        if std::mem::replace(&mut item.was_outdated, true) {
            self.finish_failed(id, FailCode::CommandOutdated, None, Ending::NeverSent);
            return;
        }
        let sent_at = item
            .task
            .work
            .attempts
            .last()
            .map(|attempt| attempt.at)
            .unwrap_or_default();
        if self.commands.read_at > sent_at {
            self.wait_again(id, None);
        } else {
            self.release_slot(id);
            self.await_commands(id);
        }
    }

    /// The attempt never left this machine: it is counted and not kept, since an outage may be long.
    pub(super) fn not_sent(&mut self, id: TaskId, nonce: &Nonce, kind: FailureKind) {
        self.settle_attempt(id, nonce, AttemptState::Refused);
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        let work = &mut item.task.work;
        let is_form = |form: &OpenForm| form.sent_as.as_ref() == Some(nonce);
        let is_form = work.form.as_ref().is_some_and(is_form);
        let attempts = &mut work.attempts;
        let at = attempts.iter().position(|attempt| attempt.nonce == *nonce);
        if let Some(at) = at.filter(|_| !is_form) {
            attempts.remove(at);
            item.made.remove(at);
        }
        let unsent = item.task.work.unsent.saturating_add(1);
        item.task.work.unsent = unsent;
        let wait = (kind != FailureKind::Withheld).then(|| backoff(unsent));
        self.set_holder(id);
        self.send_again(id, wait, FailCode::UpstreamError);
    }

    /// Attempts that were refused, or proven absent, made nothing; of many only the last are kept, by which their
    /// notices are known when they come once more.
    pub(super) fn forget_refused(&mut self, id: TaskId) {
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        let is_refused = |attempt: &Attempt| {
            matches!(attempt.state, AttemptState::Refused | AttemptState::Absent)
        };
        let work = &mut item.task.work;
        while work.attempts.iter().filter(|it| is_refused(it)).count() > REFUSED {
            let Some(at) = work.attempts.iter().position(is_refused) else {
                return;
            };
            work.attempts.remove(at);
            item.made.remove(at);
            work.forgotten = work.forgotten.saturating_add(1);
        }
    }

    /// The task waits to be sent once more, or fails with `code` when its time-out comes first.
    pub(super) fn send_again(&mut self, id: TaskId, wait: Option<Duration>, code: FailCode) {
        let not_before = wait.map(|wait| self.now.unix.plus(wait));
        let deadline = self
            .tasks
            .get(&id)
            .map(|item| item.task.work.deadline)
            .unwrap_or_default();
        if not_before.is_some_and(|at| at >= deadline) {
            self.finish_failed(id, code, None, Ending::NeverSent);
        } else {
            self.wait_again(id, not_before);
        }
    }

    /// Puts a task back into the queue; its key and its place among the running are given up. Not so one of which an
    /// earlier attempt has turned out to have arrived.
    pub(super) fn wait_again(&mut self, id: TaskId, not_before: Option<UnixMs>) {
        if self.tasks.get(&id).is_some_and(|item| {
            item.task.view.status != Status::Modal && item.task.work.has_arrived()
        }) {
            return;
        }
        if self.has_unsent_form(id) {
            let due = not_before.map_or(self.now.boot + FIRST_RETRY, |at| self.now.boot_at(at));
            return self.form_again(id, due);
        }
        self.release_slot(id);
        self.release_key(id);
        let account = self.account_for(id);
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        if item.task.view.status.is_terminal() {
            return;
        }
        item.task.work.not_before = not_before;
        item.task.view.not_before = not_before;
        item.task.view.stage = not_before.map(|_| Stage::WaitingToRetry);
        let (lane, priority) = (Lane::of(&item.task.work), item.task.work.priority);
        self.queue.insert(id, account, lane, priority, not_before);
        self.outbox.mark(id, false);
        if item.task.work.cancel_requested {
            self.cancel_unsent(id);
        }
    }

    /// A waiting task is not looked at before a time.
    pub(super) fn delay(&mut self, id: TaskId, not_before: UnixMs) {
        let account = self.account_for(id);
        let Some(work) = self.tasks.get(&id).map(|item| &item.task.work) else {
            return;
        };
        let (lane, priority) = (Lane::of(work), work.priority);
        self.queue
            .insert(id, account, lane, priority, Some(not_before));
    }

    /// `flags` of the pressed message: as last seen where its task is at hand, else as they were when PHP asked.
    fn flags_of_pressed(&self, task: &Task, press: &PressRequest) -> u64 {
        let parent = task
            .view
            .parent_id
            .and_then(|parent| self.tasks.get(&parent));
        parent
            .filter(|parent| parent.task.view.message_id == Some(press.message_id))
            .map_or(press.message_flags, |parent| parent.task.work.message_flags)
    }

    pub(super) fn attempt_mut(&mut self, id: TaskId, nonce: &Nonce) -> Option<&mut Attempt> {
        let attempts = &mut self.tasks.get_mut(&id)?.task.work.attempts;
        attempts.iter_mut().find(|attempt| attempt.nonce == *nonce)
    }

    /// What is known of an attempt has become certain.
    pub(super) fn settle_attempt(&mut self, id: TaskId, nonce: &Nonce, state: AttemptState) {
        let Some(attempt) = self.attempt_mut(id, nonce) else {
            return;
        };
        attempt.state = state;
        self.doubts.remove(&id);
        if matches!(state, AttemptState::Refused | AttemptState::Absent) {
            self.forget_refused(id);
        }
        if state == AttemptState::Refused {
            self.give_up_late_final(id);
        }
        self.set_holder(id);
        self.outbox.mark(id, false);
    }

    /// A task that ended while its request was under way holds a key for a picture that will not come, when that was
    /// refused.
    fn give_up_late_final(&mut self, id: TaskId) {
        let has_ended = self
            .tasks
            .get(&id)
            .is_some_and(|item| item.task.view.status.is_terminal());
        if has_ended && (self.first_attempt(id).is_none() || self.has_unsent_form(id)) {
            self.release_key(id);
        }
    }
}

/// What an answer tells beside its meaning.
fn detail_of(outcome: &Outcome) -> Option<Detail> {
    match outcome {
        Outcome::BadRequest { code, .. }
        | Outcome::Forbidden { code }
        | Outcome::NotFound { code } => (*code > 0).then_some(Detail::DiscordCode(*code)),
        Outcome::UnknownApplication => Some(Detail::DiscordCode(UNKNOWN_APPLICATION)),
        Outcome::UnknownChannel => Some(Detail::DiscordCode(UNKNOWN_CHANNEL)),
        Outcome::ReverseProxy { status }
        | Outcome::ServerError { status, .. }
        | Outcome::Unexpected { status } => Some(Detail::Status(*status)),
        Outcome::Accepted
        | Outcome::CaptchaRequired
        | Outcome::Cloudflare { .. }
        | Outcome::InvalidPermissions
        | Outcome::OutdatedCommand
        | Outcome::RateLimited { .. }
        | Outcome::Unauthorized => None,
    }
}
