//! Sending: which task goes next, and the attempt that is durable before its POST.

use std::time::Duration;

use mj_discord::{
    rate_limit::Permit,
    rest::{Interactor, Request},
    snowflake::{Nonce, UserId},
};

use super::{
    Hub, Made,
    accounts::Account,
    outbox::{Bearer, Purpose},
};
use crate::{
    account::AccountState,
    application::Bot,
    correlate::{Asked, Holder, Window},
    key,
    queue::{Lane, Slot},
    refusal::FailCode,
    task::{Attempt, AttemptState, PressRequest, Status, Task, TaskId},
    transition,
};

/// Component types of what is pressed.
const BUTTON: u8 = 2;
const SELECT: u8 = 3;
/// How many tasks that wait for keys are looked at for another account at a time.
const PARKED: usize = 32;
/// How much later than an attempt its interaction can be made when its end is not known: the lease (10 s) and TCP's
/// time-out (20 s, `TCP_USER_TIMEOUT`) bound it.
const LONGEST_POST: Duration = Duration::from_secs(35);

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
            .filter_map(|it| self.slot(it))
            .collect();
        let (id, at) = self.queue.next(&slots)?;
        Some((id, slots[at].name.to_owned()))
    }

    /// What an account may send now, if it may send at all.
    fn slot<'a>(&self, account: &'a Account) -> Option<Slot<'a>> {
        let name = &account.config.name;
        let is_open = account.is_ready(self.now)
            && account.health.user_id.is_some()
            && self.session_awaited_until(name).is_none();
        is_open.then(|| Slot {
            name,
            weight: account.config.weight,
            running: u32::try_from(account.running.len()).unwrap_or(u32::MAX),
            aside: account.free(Lane::Aside),
            fast: account.free(Lane::Fast),
            relax: account.free(Lane::Relax),
        })
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

    /// An account that may send a task now, has no older one to send, and for which no other task holds the key: keys
    /// name the acting user.
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
            let is_first = |slot: Slot<'_>| {
                let next = self.queue.next(&[slot]);
                next.is_none_or(|(first, _)| first == id)
            };
            account.config.weight > 0
                && account.free(lane) > 0
                && account.health.user_id.is_some_and(is_free)
                && self.slot(account).is_some_and(is_first)
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
}
