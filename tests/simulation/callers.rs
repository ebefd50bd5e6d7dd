//! PHP: submits prompts, presses buttons, cancels; as the facade would store it.

use std::{collections::BTreeMap, time::Duration};

use mj_discord::UnixMs;
use mj_midjourney::{
    application::{CommandName, MIDJOURNEY},
    button::{Choice, Press, Vary},
    config::{GatewayMode, HubConfig, HubId},
    memory::MemoryStore,
    prompt,
    store::TaskStore,
    task::{
        Action, Call, Picture, PictureSource, PressRequest, Status, StoredFile, Task, TaskId,
        TaskView, Work,
    },
};

use crate::{random::Random, weather::Weather};

/// How long a task may take.
const TIMEOUT: Duration = Duration::from_secs(600);
const ADDRESS: &str = "https://example.com/hook";
const WORDS: [&str; 6] = [
    "a lighthouse",
    "two owls",
    "a red fox --ar 3:2",
    "rain over a harbour --v 7",
    "灯塔",
    "https://example.com/a.png a teapot",
];

/// The account whose own session the hub has.
fn own_account(config: &HubConfig) -> Option<&str> {
    let has_session = matches!(config.gateway, GatewayMode::User | GatewayMode::Both);
    let first = config.accounts.first().filter(|_| has_session)?;
    Some(&first.name)
}

/// A picture that the engine keeps; its bytes are its name.
pub(crate) fn kept(random: &mut Random) -> StoredFile {
    let name = format!("{:016x}{:016x}.png", random.next(), random.next());
    StoredFile {
        size: u64::try_from(name.len()).unwrap_or_default(),
        name,
        content_type: "image/png".to_owned(),
    }
}

/// What the callers have submitted.
#[derive(Debug, Default)]
pub(crate) struct Callers {
    pub(crate) tasks: Vec<TaskId>,
    pub(crate) cancelled: Vec<TaskId>,
    /// Of groups, how many members each has.
    pub(crate) groups: BTreeMap<TaskId, usize>,
    /// Idempotency keys, and whose they are.
    keys: Vec<(String, TaskId)>,
    /// What PHP was told that cannot be.
    pub(crate) broken: Vec<String>,
    number: u64,
}

impl Callers {
    /// Those of one hub, whose tasks are counted from this number on.
    pub(crate) fn new(number: u64) -> Self {
        Self {
            number,
            ..Self::default()
        }
    }

    /// Submits one more task, or cancels one.
    pub(crate) fn act(
        &mut self,
        now: UnixMs,
        store: &MemoryStore,
        hub: &HubId,
        config: &HubConfig,
        weather: &Weather,
        random: &mut Random,
    ) -> Option<TaskId> {
        if random.chance(20)
            && let Some(id) = random.pick(&self.tasks).copied()
        {
            let _ = store.cancel(now, &id);
            self.cancelled.push(id);
        }
        let wanted = if random.chance(weather.commands) {
            self.command(now, store, hub, config, random)
        } else if random.chance(250) {
            self.press(now, store, hub, config, random)
        } else {
            None
        };
        let mut task = wanted.unwrap_or_else(|| self.imagine(now, hub, config, random));
        if random.chance(100) {
            task.work.priority = 1;
        }
        if weather.has_webhooks && random.chance(300) {
            task.work.notify_url = Some(ADDRESS.to_owned());
        }
        if random.chance(50) {
            self.submit_once(now, store, &mut task, random);
            return Some(task.view.id);
        }
        let mut tasks = vec![task];
        if random.chance(30) {
            self.make_group(&mut tasks, random);
        }
        let id = tasks[0].view.id;
        store.submit(now, &tasks, 100_000).ok()?;
        self.tasks.extend(tasks.iter().map(|task| task.view.id));
        Some(id)
    }

    /// PHP gives a key, and calls again with it, or with one that it gave before.
    fn submit_once(
        &mut self,
        now: UnixMs,
        store: &MemoryStore,
        task: &mut Task,
        random: &mut Random,
    ) {
        // A key is known as long as its task is.
        let is_stored = |id: &TaskId| store.task(id).is_ok_and(|task| task.is_some());
        let earlier = random
            .pick(&self.keys)
            .filter(|(_, id)| self.number.is_multiple_of(2) && is_stored(id))
            .cloned();
        let key = earlier
            .as_ref()
            .map_or_else(|| format!("order-{}", self.number), |(key, _)| key.clone());
        task.work.idempotency_key = Some(key.clone());
        let expected = earlier.map_or(task.view.id, |(_, id)| id);
        for _ in 0..2 {
            match store.submit(now, std::slice::from_ref(task), 100_000) {
                Ok(ids) if ids == [expected] => {}
                other => self
                    .broken
                    .push(format!("key {key} is {expected}'s, but gave {other:?}")),
            }
        }
        if expected == task.view.id {
            self.tasks.push(expected);
            self.keys.push((key, expected));
        } else if store
            .task(&task.view.id)
            .is_ok_and(|stored| stored.is_some())
        {
            self.broken
                .push(format!("task {} is stored beside {expected}", task.view.id));
        }
    }

    /// One prompt that becomes several single tasks, as `--repeat` does.
    fn make_group(&mut self, tasks: &mut Vec<Task>, random: &mut Random) {
        let Some(first) = tasks
            .first()
            .filter(|task| task.view.action == Action::Imagine && task.work.seed_is_tag)
            .cloned()
        else {
            return;
        };
        self.number += 1;
        let Ok(group) = format!("{:026}", self.number).parse() else {
            return;
        };
        tasks[0].view.group_id = Some(group);
        for _ in 0..random.between(1, 3) {
            self.number += 1;
            let mut task = first.clone();
            let seed = u32::try_from(random.next() >> 32).unwrap_or(0);
            let sent = prompt::with_seed(&first.view.prompt, seed);
            if let Ok(id) = format!("{:026}", self.number).parse() {
                task.view.id = id;
            }
            task.view.group_id = Some(group);
            task.view.seed = prompt::seed(&sent);
            task.work.sent_prompt = Some(sent);
            tasks.push(task);
        }
        self.groups.insert(group, tasks.len());
    }

    fn imagine(
        &mut self,
        now: UnixMs,
        hub: &HubId,
        config: &HubConfig,
        random: &mut Random,
    ) -> Task {
        let words = random.pick(&WORDS).copied().unwrap_or(WORDS[0]);
        let (sent, is_tag) = if random.chance(150) {
            // A seed of the caller's own: two tasks with one key must wait for each other.
            (
                prompt::with_seed(words, u32::try_from(random.up_to(2)).unwrap_or(0)),
                false,
            )
        } else {
            let seed = u32::try_from(random.next() >> 32).unwrap_or(0);
            (prompt::with_seed(words, seed), true)
        };
        let mut task = self.blank(now, hub, Action::Imagine, words);
        task.view.seed = prompt::seed(&sent);
        task.work.sent_prompt = Some(sent);
        task.work.seed_is_tag = is_tag;
        if random.chance(250) {
            task.work.named_account = random
                .pick(&config.accounts)
                .map(|account| account.name.clone());
        }
        task
    }

    /// The press of a button that a finished task offers; none when nothing is finished.
    fn press(
        &mut self,
        now: UnixMs,
        store: &MemoryStore,
        hub: &HubId,
        config: &HubConfig,
        random: &mut Random,
    ) -> Option<Task> {
        let parent = self.finished(store, random)?;
        // A form is opened for the session of its own account alone.
        let own = own_account(config);
        let may_open_forms = own.is_some() && own == parent.view.account.as_deref();
        let pressable: Vec<_> = parent
            .view
            .buttons
            .iter()
            .filter(|button| {
                let press = Press::read(&button.custom_id);
                let is_known = press.family().is_some()
                    && !matches!(
                        press,
                        Press::DescribeImagine(Choice::All)
                            | Press::ShortenImagine(Choice::All)
                            | Press::Vary(Vary::Region)
                    );
                is_known && (may_open_forms || !press.opens_modal())
            })
            .collect();
        let button = (*random.pick(&pressable)?).clone();
        let press = Press::read(&button.custom_id);
        let kind = if matches!(press, Press::Upscale(_)) {
            Action::Upscale
        } else if matches!(press, Press::Variation(_)) {
            Action::Variation
        } else if press == Press::Reroll {
            Action::Reroll
        } else {
            Action::Action
        };
        let mut task = self.blank(now, hub, kind, &parent.view.prompt);
        task.view.parent_id = Some(parent.view.id);
        task.work.named_account.clone_from(&parent.view.account);
        let takes_words = press.opens_modal() || matches!(press, Press::Variation(_));
        if takes_words && may_open_forms && random.chance(600) {
            task.work.form_text = Some("an owl at dusk".to_owned());
        }
        task.work.press = Some(PressRequest {
            message_id: parent.view.message_id?,
            message_flags: parent.work.message_flags,
            custom_id: button.custom_id,
            values: Vec::new(),
        });
        Some(task)
    }

    /// Any other command; none where it needs what is not there.
    fn command(
        &mut self,
        now: UnixMs,
        store: &MemoryStore,
        hub: &HubId,
        config: &HubConfig,
        random: &mut Random,
    ) -> Option<Task> {
        let own = own_account(config);
        let picture = |source| Picture::new(source);
        let mut task = match random.up_to(6) {
            0 => {
                let mut task = self.blank(now, hub, Action::Describe, "");
                task.work.call = Call::Describe;
                let file = kept(random);
                task.work.pictures = vec![picture(PictureSource::Stored(file))];
                task
            }
            1 => {
                let mut task = self.blank(now, hub, Action::Describe, "");
                task.work.call = Call::Describe;
                let link = "https://example.com/b.png".to_owned();
                task.work.pictures = vec![picture(PictureSource::Link(link))];
                task
            }
            2 => {
                let mut task = self.blank(now, hub, Action::Blend, "");
                task.work.call = Call::Blend { dimensions: None };
                let fetched = PictureSource::Fetch("https://example.com/c.png".to_owned());
                let stored = PictureSource::Stored(kept(random));
                task.work.pictures = vec![picture(fetched), picture(stored)];
                task
            }
            3 => {
                let mut task = self.imagine(now, hub, config, random);
                let fetched = PictureSource::Fetch("https://example.com/d.png".to_owned());
                task.work.pictures = vec![picture(fetched)];
                task
            }
            4 => {
                let mut task = self.blank(now, hub, Action::Shorten, WORDS[0]);
                task.work.call = Call::Shorten;
                task.work.sent_prompt = Some(WORDS[0].to_owned());
                task.work.named_account = Some(own?.to_owned());
                task
            }
            5 => {
                let mut task = self.blank(now, hub, Action::Command, "/info");
                task.work.call = Call::Plain {
                    name: CommandName::Info,
                    subcommand: None,
                };
                task.work.named_account = Some(own?.to_owned());
                task
            }
            _ => {
                let parent = self.finished(store, random)?;
                let mut task = self.blank(now, hub, Action::Show, "");
                task.work.call = Call::Show {
                    job_id: parent.view.job_id?,
                };
                task.work.named_account = parent.view.account;
                task
            }
        };
        task.work.wanted_mode = None;
        Some(task)
    }

    fn finished(&self, store: &MemoryStore, random: &mut Random) -> Option<Task> {
        let task = store.whole_task(random.pick(&self.tasks)?).ok()??;
        (task.view.status == Status::Success).then_some(task)
    }

    fn blank(&mut self, now: UnixMs, hub: &HubId, action: Action, words: &str) -> Task {
        self.number += 1;
        #[expect(clippy::unwrap_used, reason = "26 digits are a task id")]
        let id = format!("{:026}", self.number).parse().unwrap();
        Task {
            hub: hub.clone(),
            view: TaskView::new(id, action, words.to_owned(), now),
            work: Work {
                application_id: Some(MIDJOURNEY),
                deadline: now.plus(TIMEOUT),
                ..Work::default()
            },
        }
    }
}
