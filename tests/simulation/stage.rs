//! One run: the world, the store, the processes and what travels between them, moment by moment.

mod lives;
mod travels;
mod troubles;

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    time::Duration,
};

use mj_discord::{Moment, UnixMs};
use mj_midjourney::{
    config::{AccountConfig, HubConfig, HubId},
    memory::MemoryStore,
    store::{HubSummary, TaskStore},
};
use mj_simulator::world::{ConnectionId, Settings, World};
use serde_json::{Value, json};

use crate::{
    agenda::Agenda,
    callers::Callers,
    configuration::{SPACING, hub_config},
    crashes::Crashes,
    followers::{Consumer, Receiver},
    network::{Departure, Life, Travel},
    owner::{Input, Owner},
    promise::Promise,
    random::Random,
    trace::{Trace, number},
    verdict,
    weather::{Plan, Trouble, Weather},
};

/// When every run begins: 2026-05-28T20:26:40Z.
const BEGIN: u64 = 1_780_000_000_000;
/// What the boot clock says then.
const BOOT: Duration = Duration::from_secs(1_000);
/// How often a process that owns nothing looks at the lease.
const TICK: u64 = 1_000;
/// How long a run goes on after its last submission, at most: the late final of the last time-out, and some.
const CALM: u64 = 45 * 60_000;
/// Task numbers that a hub has for itself.
const NUMBERS: u64 = 1_000_000_000;

/// What is planned.
#[derive(Debug)]
enum Step {
    Travel(Box<Travel>),
    /// A process without the hub looks at its lease.
    Look(usize),
    /// A dead process is followed by another.
    Begin(usize),
    /// A stopped process goes on.
    Continue(usize),
    /// The feed's consumer reads on.
    Follow,
    Submit,
    Trouble,
}

/// A PHP process.
#[derive(Debug, Default)]
struct Process {
    number: u64,
    /// How far its wall clock is ahead of all others', in milliseconds.
    skew: i64,
    is_dead: bool,
    is_stopped: bool,
    owner: Option<Owner>,
    /// What came while it was stopped.
    waiting: Vec<Input>,
    /// Requests that it was about to send when it was stopped.
    held: Vec<Departure>,
}

/// A socket between a process and Discord.
#[derive(Debug)]
struct Line {
    life: Life,
    /// Frames come in order: not before this.
    down: u64,
    up: u64,
}

/// A hub with its Discord and its processes.
pub(crate) struct Stage {
    pub(crate) now: u64,
    skew: i64,
    random: Random,
    pub(crate) weather: Weather,
    world: World,
    pub(crate) store: Rc<MemoryStore>,
    pub(crate) hub: HubId,
    config: HubConfig,
    /// Those that the configuration has, or had.
    all_accounts: Vec<AccountConfig>,
    processes: Vec<Process>,
    /// Epochs whose owner's process lives and has not given the hub up.
    living: BTreeSet<u64>,
    lines: BTreeMap<ConnectionId, Line>,
    agenda: Agenda<Step>,
    pub(crate) promise: Promise,
    pub(crate) callers: Callers,
    /// Of the first hub: it reads what happens in all.
    pub(crate) consumer: Option<Consumer>,
    pub(crate) receiver: Receiver,
    pub(crate) crashes: Crashes,
    left: u32,
    /// When it is over, once that is known.
    end: u64,
    judged: u64,
    is_over: bool,
    pub(crate) trace: Trace,
    pub(crate) owners: u64,
    pub(crate) steps: u64,
}

impl Stage {
    /// The stage of one of the run's hubs.
    pub(crate) fn new(
        plan: &Plan,
        mut weather: Weather,
        mut random: Random,
        place: u64,
        store: Rc<MemoryStore>,
    ) -> Self {
        weather
            .troubles
            .retain(|trouble| !plan.without.has(*trouble));
        if plan.without.has(Trouble::Kill) {
            weather.crash_at_commit = 0;
        }
        let settings = Settings {
            seed: random.next(),
            accounts: weather.accounts,
            channel_per_account: weather.channel_per_account,
            ..Settings::default()
        };
        let mut world = World::new(BEGIN, settings);
        let mut promise = Promise::new(SPACING);
        let switches = json!({"command": "config", "set": weather.switches});
        if let Err(error) = world.handle_control(BEGIN, &switches) {
            promise.broken(format!("the switches are wrong: {error}"));
        }
        let config = hub_config(&world, &weather);
        let hub = HubId(format!("{place:032}"));
        if let Err(error) = store.configure(UnixMs(BEGIN), &hub, &config) {
            promise.broken(format!("the hub could not be configured: {error}"));
        }
        let mut agenda = Agenda::default();
        for process in 0..weather.processes {
            agenda.plan(BEGIN + random.up_to(20), Step::Look(process));
        }
        agenda.plan(BEGIN + 50, Step::Submit);
        agenda.plan(BEGIN + random.up_to(weather.trouble_gap), Step::Trouble);
        let consumer = (place == 0).then(Consumer::default);
        if consumer.is_some() {
            agenda.plan(BEGIN + 1_000, Step::Follow);
        }
        Self {
            now: BEGIN,
            skew: 0,
            processes: (0..weather.processes).map(|_| Process::default()).collect(),
            world,
            store,
            hub,
            all_accounts: config.accounts.clone(),
            config,
            living: BTreeSet::new(),
            lines: BTreeMap::new(),
            agenda,
            promise,
            callers: Callers::new(place * NUMBERS),
            consumer,
            receiver: Receiver::default(),
            crashes: Crashes {
                chance: weather.crash_at_commit,
                at: plan.crash_at,
                passed: 0,
            },
            left: plan.tasks,
            end: u64::MAX,
            judged: 0,
            is_over: false,
            trace: Trace::new(plan.trace),
            owners: 0,
            steps: 0,
            random,
            weather,
        }
    }

    /// Plays what happens next.
    pub(crate) fn advance(&mut self, next: u64) {
        self.now = self.now.max(next);
        self.promise.at = self.now - BEGIN;
        self.trace.at = self.now - BEGIN;
        self.steps += 1;
        if self.world.poll_timeout().is_some_and(|at| at <= self.now) {
            self.world.handle_timeout(self.now);
        }
        self.drain_world();
        while let Some(step) = self.agenda.pop(self.now) {
            self.step(step);
            self.drain_world();
        }
        self.turn_owners();
        if self.left == 0 && self.end == u64::MAX {
            self.calm();
        }
        // Once a minute, after the last submission: whether there is anything left to wait for.
        if self.end != u64::MAX && self.now >= self.judged + 60_000 {
            self.judged = self.now;
            self.is_over = self.is_settled();
        }
    }

    /// Nothing more is submitted, and nothing more goes wrong.
    fn calm(&mut self) {
        self.end = self.now + CALM;
        self.note(|| "calm".to_owned());
        self.control(&json!({"command": "clear"}));
        self.crashes.chance = 0;
        for process in &mut self.processes {
            process.skew = 0;
        }
        self.restore_accounts();
    }

    /// Nothing more is submitted from here on.
    pub(crate) fn close(&mut self) {
        self.left = 0;
    }

    /// How much the owner's brain remembers; none while there is no owner.
    pub(crate) fn holdings(&self) -> Option<BTreeMap<&'static str, usize>> {
        let process = &self.processes[self.owner_process()?];
        Some(process.owner.as_ref()?.holdings())
    }

    /// What Discord and Midjourney saw.
    pub(crate) fn record(&mut self) -> Value {
        self.control(&json!({"command": "record"}))
    }

    /// Milliseconds since the run began.
    pub(crate) fn elapsed(&self) -> u64 {
        self.now - BEGIN
    }

    /// When something happens next; none when it is over.
    pub(crate) fn next(&self) -> Option<u64> {
        if self.is_over {
            return None;
        }
        let owners = self
            .processes
            .iter()
            .filter(|process| !process.is_stopped)
            .filter_map(|process| Some(Self::at(process.owner.as_ref()?.next_wake())));
        owners
            .chain(self.agenda.next())
            .chain(self.world.poll_timeout())
            .min()
            .map(|at| at.max(self.now + 1))
            .filter(|next| *next <= self.end)
    }

    /// The time at which the boot clock says this, rounded up.
    fn at(boot: Duration) -> u64 {
        let since = boot.saturating_sub(BOOT);
        BEGIN + u64::try_from(since.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX / 2)
    }

    fn moment(&self) -> Moment {
        Moment {
            boot: BOOT + Duration::from_millis(self.now - BEGIN),
            unix: UnixMs(self.now.saturating_add_signed(self.skew)),
        }
    }

    /// The time as a process reads it.
    fn moment_of(&self, process: usize) -> Moment {
        let now = self.moment();
        let skew = self
            .processes
            .get(process)
            .map_or(0, |process| process.skew);
        Moment {
            unix: UnixMs(now.unix.0.saturating_add_signed(skew)),
            ..now
        }
    }

    fn note(&mut self, what: impl FnOnce() -> String) {
        self.trace.note(|_| what());
    }

    fn control(&mut self, command: &Value) -> Value {
        self.world
            .handle_control(self.now, command)
            .unwrap_or_default()
    }

    fn latency(&mut self) -> u64 {
        self.random.between(1, self.weather.latency)
    }

    /// Whether no task is open, and no job of Midjourney's is either.
    fn is_settled(&mut self) -> bool {
        let hubs = self.store.hubs().unwrap_or_default();
        let is_open =
            |hub: &HubSummary| hub.id == self.hub && (hub.open_tasks > 0 || hub.has_notices);
        if hubs.iter().any(is_open) {
            return false;
        }
        let record = self.record();
        verdict::is_told(&self.store, &self.callers, &record)
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Travel(travel) => self.travel(*travel),
            Step::Look(process) => self.look(process),
            Step::Begin(process) => {
                let place = &mut self.processes[process];
                place.is_dead = false;
                self.agenda.plan(self.now + 1, Step::Look(process));
            }
            Step::Continue(process) => self.go_on(process),
            Step::Follow => self.follow(),
            Step::Submit => self.submit(),
            Step::Trouble => self.trouble(),
        }
    }

    fn submit(&mut self) {
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        let now = self.moment().unix;
        let id = self.callers.act(
            now,
            &self.store,
            &self.hub,
            &self.config,
            &self.weather,
            &mut self.random,
        );
        for what in std::mem::take(&mut self.callers.broken) {
            self.promise.broken(what);
        }
        self.note(|| {
            format!(
                "php submits {}",
                id.as_ref().map(number).unwrap_or_default()
            )
        });
        // PHP may die before it rings.
        if !self.random.chance(50) {
            self.agenda
                .plan(self.now + 1, Step::Travel(Box::new(Travel::Ring)));
        }
        let gap = self.random.up_to(self.weather.gap);
        self.agenda.plan(self.now + gap, Step::Submit);
    }

    fn follow(&mut self) {
        let Some(consumer) = &mut self.consumer else {
            return;
        };
        for what in consumer.read(&*self.store, &mut self.random) {
            self.promise.broken(what);
        }
        let gap = self.random.between(100, 60_000);
        self.agenda.plan(self.now + gap, Step::Follow);
    }
}
