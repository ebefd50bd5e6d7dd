//! One run: the world, the store, the processes and what travels between them, moment by moment.

mod lives;
mod troubles;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use mj_discord::{
    Moment, Token, UnixMs,
    snowflake::{ChannelId, GuildId},
};
use mj_midjourney::{
    config::{AccountConfig, GatewayMode, HostSettings, HubConfig, HubId},
    memory::MemoryStore,
    refusal::Lang,
    store::TaskStore,
};
use mj_simulator::world::{Admission, Connect, ConnectionId, Settings, Transmit, World};
use serde_json::{Value, json};

use crate::{
    agenda::Agenda,
    callers::Callers,
    network::{self, Departure, Life, Travel, Up},
    owner::{self, Fate, Ground, Input, Owner},
    promise::Promise,
    random::Random,
    trace::{Trace, number},
    verdict::{self, Report},
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
const SPACING: Duration = Duration::from_millis(350);

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
    Submit,
    Trouble,
}

/// A PHP process.
#[derive(Debug, Default)]
struct Process {
    number: u64,
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

struct Stage {
    now: u64,
    skew: i64,
    random: Random,
    weather: Weather,
    world: World,
    store: MemoryStore,
    hub: HubId,
    config: HubConfig,
    /// Those that the configuration has, or had.
    all_accounts: Vec<AccountConfig>,
    processes: Vec<Process>,
    /// Epochs whose owner's process lives and has not given the hub up.
    living: BTreeSet<u64>,
    lines: BTreeMap<ConnectionId, Line>,
    agenda: Agenda<Step>,
    promise: Promise,
    callers: Callers,
    left: u32,
    trace: Trace,
    owners: u64,
}

/// Plays one run and judges it.
pub fn run(plan: Plan) -> Report {
    let mut stage = Stage::new(plan);
    let steps = stage.play();
    let record = stage.control(&json!({"command": "record"}));
    let broken = stage.promise.take_broken();
    let mut report = verdict::judge(plan, &stage.store, &stage.callers, &record, broken);
    report.steps = steps;
    report.owners = stage.owners;
    report.weather = format!("{:?}", stage.weather);
    report.trace = stage.trace.take();
    report
}

impl Stage {
    fn new(plan: Plan) -> Self {
        let mut random = Random::new(plan.seed);
        let mut weather = Weather::of(&mut random);
        weather
            .troubles
            .retain(|trouble| !plan.without.has(*trouble));
        let settings = Settings {
            seed: random.next(),
            accounts: weather.accounts,
            channel_per_account: weather.channel_per_account,
            ..Settings::default()
        };
        let mut world = World::new(BEGIN, settings);
        let mut broken = Vec::new();
        let switches = json!({"command": "config", "set": weather.switches});
        if let Err(error) = world.handle_control(BEGIN, &switches) {
            broken.push(format!("the switches are wrong: {error}"));
        }
        let config = hub_config(&world, &weather);
        let store = MemoryStore::new();
        let hub = HubId("h".repeat(32));
        if let Err(error) = store.configure(UnixMs(BEGIN), &hub, &config) {
            broken.push(format!("the hub could not be configured: {error}"));
        }
        let mut promise = Promise::new(SPACING);
        for what in broken {
            promise.broken(what);
        }
        let mut agenda = Agenda::default();
        for process in 0..weather.processes {
            agenda.plan(BEGIN + random.up_to(20), Step::Look(process));
        }
        agenda.plan(BEGIN + 50, Step::Submit);
        agenda.plan(BEGIN + random.up_to(weather.trouble_gap), Step::Trouble);
        Self {
            now: BEGIN,
            skew: 0,
            processes: (0..weather.processes).map(|_| Process::default()).collect(),
            random,
            weather,
            world,
            store,
            hub,
            all_accounts: config.accounts.clone(),
            config,
            living: BTreeSet::new(),
            lines: BTreeMap::new(),
            agenda,
            promise,
            callers: Callers::default(),
            left: plan.tasks,
            trace: Trace::new(plan.trace),
            owners: 0,
        }
    }

    fn play(&mut self) -> u64 {
        let mut steps = 0;
        let mut end = u64::MAX;
        let mut judged = 0;
        while let Some(next) = self.next().filter(|next| *next <= end) {
            self.now = self.now.max(next);
            self.promise.at = self.now - BEGIN;
            self.trace.at = self.now - BEGIN;
            steps += 1;
            if self.world.poll_timeout().is_some_and(|at| at <= self.now) {
                self.world.handle_timeout(self.now);
            }
            self.drain_world();
            while let Some(step) = self.agenda.pop(self.now) {
                self.step(step);
                self.drain_world();
            }
            self.turn_owners();
            if self.left == 0 && end == u64::MAX {
                end = self.now + CALM;
                self.note(|| "calm".to_owned());
                let _ = self
                    .world
                    .handle_control(self.now, &json!({"command": "clear"}));
                self.restore_accounts();
            }
            // Once a minute, after the last submission: whether there is anything left to wait for.
            if end != u64::MAX && self.now >= judged + 60_000 {
                judged = self.now;
                if self.is_settled() {
                    break;
                }
            }
        }
        steps
    }

    fn next(&self) -> Option<u64> {
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
        let open = self
            .store
            .hubs()
            .ok()
            .and_then(|hubs| Some(hubs.first()?.open_tasks));
        if open != Some(0) {
            return false;
        }
        let record = self.control(&json!({"command": "record"}));
        verdict::is_told(&self.store, &self.callers, &record)
    }

    fn drain_world(&mut self) {
        while let Some((connection, transmit)) = self.world.poll_transmit() {
            let latency = self.latency();
            let Some(line) = self.lines.get_mut(&connection) else {
                continue;
            };
            if transmit == Transmit::Silence {
                continue;
            }
            line.down = line.down.max(self.now + latency);
            let at = line.down;
            self.agenda.plan(
                at,
                Step::Travel(Box::new(Travel::Down(connection, transmit))),
            );
        }
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
            self.weather.commands,
            &mut self.random,
        );
        self.note(|| {
            format!(
                "php submits {}",
                id.as_ref().map(number).unwrap_or_default()
            )
        });
        self.agenda
            .plan(self.now + 1, Step::Travel(Box::new(Travel::Ring)));
        let gap = self.random.up_to(self.weather.gap);
        self.agenda.plan(self.now + gap, Step::Submit);
    }

    fn travel(&mut self, travel: Travel) {
        match travel {
            Travel::Departs(departure) => self.depart(departure),
            Travel::Arrives(departure) => self.arrive(&departure),
            Travel::Answered {
                life,
                epoch,
                id,
                answer,
            } => self.give(life, epoch, Input::Answered(id, answer)),
            Travel::Dials {
                life,
                epoch,
                kind,
                number,
                query,
                is_resume_host,
            } => {
                let connect = Connect {
                    query,
                    resume_host: is_resume_host,
                    user_agent: None,
                };
                let connection = match self.world.handle_connect(self.now, &connect) {
                    Admission::Accepted(id) => Some(id),
                    Admission::Dropped | Admission::Refused(_) => None,
                };
                let at = self.now + self.latency();
                if let Some(id) = connection {
                    let line = Line {
                        life,
                        down: at,
                        up: self.now,
                    };
                    self.lines.insert(id, line);
                }
                self.note(|| format!("{kind:?} gateway of {life:?} opens {connection:?}"));
                let dialled = Travel::Dialled {
                    life,
                    epoch,
                    kind,
                    number,
                    connection,
                };
                self.agenda.plan(at, Step::Travel(Box::new(dialled)));
            }
            Travel::Dialled {
                life,
                epoch,
                kind,
                number,
                connection,
            } => self.give(life, epoch, Input::Dialled(kind, number, connection)),
            Travel::Down(connection, transmit) => {
                let Some(life) = self.lines.get(&connection).map(|line| line.life) else {
                    return;
                };
                let epoch = self.processes[life.process]
                    .owner
                    .as_ref()
                    .map_or(0, |owner| owner.epoch);
                let name = format!("{connection:?}");
                self.trace.frame(epoch, &name, &transmit);
                self.give(life, epoch, Input::Frame(connection, transmit));
            }
            Travel::Up(connection, up) => match up {
                Up::Text(text) => self.world.handle_text(self.now, connection, &text),
                Up::Close(code) => {
                    self.lines.remove(&connection);
                    self.world.handle_closed(self.now, connection, code);
                }
            },
            Travel::Fetched {
                life,
                epoch,
                task,
                place,
                fetched,
            } => self.give(life, epoch, Input::Fetched(task, place, fetched)),
            Travel::Ring => {
                let owner = self
                    .processes
                    .iter()
                    .enumerate()
                    .find_map(|(at, process)| Some((at, process.owner.as_ref()?)));
                if let Some((_, owner)) = owner {
                    let (life, epoch) = (owner.life, owner.epoch);
                    self.give(life, epoch, Input::Ring);
                }
            }
        }
    }

    /// A request is about to leave its process: the body asks the lease when it goes out.
    fn depart(&mut self, departure: Departure) {
        let Some(process) = self.living_process(departure.life) else {
            return;
        };
        if process.is_stopped {
            process.held.push(departure);
            return;
        }
        self.leave_process(departure, false);
    }

    /// The same for one whose process runs. It may have asked the lease before it was stopped.
    fn leave_process(&mut self, departure: Departure, has_asked: bool) {
        let now = self.moment();
        let Some(process) = self.living_process(departure.life) else {
            return;
        };
        let is_owner = process
            .owner
            .as_ref()
            .is_some_and(|owner| owner.epoch == departure.epoch);
        if !is_owner {
            return;
        }
        let may_send = process
            .owner
            .as_ref()
            .is_some_and(|owner| owner.may_send(now));
        if departure.is_attempt && !may_send && !has_asked {
            let answer = owner::withheld();
            self.trace
                .asked(departure.epoch, &departure.request, "withheld");
            self.give(
                departure.life,
                departure.epoch,
                Input::Answered(departure.id, answer),
            );
            return;
        }
        let is_troubled = self.weather.troubles.contains(&Trouble::Requests) && self.left > 0;
        if is_troubled && self.random.chance(30) {
            self.trace
                .asked(departure.epoch, &departure.request, "not connected");
            let answer = mj_midjourney::hub::Answer::Failure {
                sent: false,
                kind: mj_midjourney::hub::FailureKind::Connect,
            };
            self.give(
                departure.life,
                departure.epoch,
                Input::Answered(departure.id, answer),
            );
            return;
        }
        let at = self.now + self.latency();
        self.agenda
            .plan(at, Step::Travel(Box::new(Travel::Arrives(departure))));
    }

    fn arrive(&mut self, departure: &Departure) {
        let is_troubled = self.weather.troubles.contains(&Trouble::Requests) && self.left > 0;
        let is_lost = is_troubled && self.random.chance(20);
        let loses_answer = is_troubled && self.random.chance(20);
        let answer = if is_lost {
            mj_midjourney::hub::Answer::Failure {
                sent: true,
                kind: mj_midjourney::hub::FailureKind::TimedOut,
            }
        } else {
            let response = self.world.handle_request(self.now, &departure.request);
            let told = format!(
                "{}{}",
                response.status,
                if response.cut { ", cut" } else { "" }
            );
            self.trace.asked(departure.epoch, &departure.request, &told);
            let delay = response.delay;
            if loses_answer {
                mj_midjourney::hub::Answer::Failure {
                    sent: true,
                    kind: mj_midjourney::hub::FailureKind::TimedOut,
                }
            } else {
                let at = self.now + delay + self.latency();
                self.agenda.plan(
                    at,
                    Step::Travel(Box::new(Travel::Answered {
                        life: departure.life,
                        epoch: departure.epoch,
                        id: departure.id,
                        answer: network::answer(self.now, response),
                    })),
                );
                return;
            }
        };
        let what = if is_lost {
            "lost"
        } else {
            "done, its answer lost"
        };
        self.trace.asked(departure.epoch, &departure.request, what);
        let at = self.now + self.random.between(10, 29_000);
        self.agenda.plan(
            at,
            Step::Travel(Box::new(Travel::Answered {
                life: departure.life,
                epoch: departure.epoch,
                id: departure.id,
                answer,
            })),
        );
    }

    fn living_process(&mut self, life: Life) -> Option<&mut Process> {
        self.processes
            .get_mut(life.process)
            .filter(|process| !process.is_dead && process.number == life.number)
    }

    /// Hands something to an owner; it waits for one that is stopped, and is lost with one that is gone.
    fn give(&mut self, life: Life, epoch: u64, input: Input) {
        let Some(process) = self.living_process(life) else {
            return;
        };
        if process
            .owner
            .as_ref()
            .is_none_or(|owner| owner.epoch != epoch)
        {
            return;
        }
        if process.is_stopped {
            process.waiting.push(input);
            return;
        }
        self.with_owner(life.process, |owner, ground| {
            owner.take(ground, vec![input])
        });
    }

    fn turn_owners(&mut self) {
        let boot = self.moment().boot;
        for process in 0..self.processes.len() {
            let is_due = !self.processes[process].is_stopped
                && self.processes[process]
                    .owner
                    .as_ref()
                    .is_some_and(|owner| owner.next_wake() <= boot);
            if is_due {
                self.with_owner(process, Owner::turn);
            }
        }
    }

    /// Lets a process's owner do something, and does what becomes of it.
    fn with_owner(
        &mut self,
        process: usize,
        act: impl FnOnce(&mut Owner, &mut Ground<'_>) -> Fate,
    ) {
        let Some(mut owner) = self.processes[process].owner.take() else {
            return;
        };
        let now = self.moment();
        let living = self.living.clone();
        let is_living = move |epoch: u64| living.contains(&epoch);
        let mut ground = Ground {
            now,
            store: &self.store,
            hub: &self.hub,
            random: &mut self.random,
            promise: &mut self.promise,
            trace: &mut self.trace,
            living: &is_living,
            crash_at_commit: if self.left > 0 {
                self.weather.crash_at_commit
            } else {
                0
            },
            leaving: Vec::new(),
        };
        let fate = act(&mut owner, &mut ground);
        let leaving = ground.leaving;
        let epoch = owner.epoch;
        self.processes[process].owner = Some(owner);
        match fate {
            Fate::Goes => self.leave(leaving),
            Fate::Ended => {
                self.note(|| format!("process {process} no longer owns the hub (epoch {epoch})"));
                self.leave(leaving);
                self.processes[process].owner = None;
                self.living.remove(&epoch);
                self.wake_candidates(process);
                self.agenda.plan(self.now + 2_000, Step::Look(process));
            }
            Fate::Crashed => {
                // What was ordered before the crash may have left.
                let mut leaving = leaving;
                let left = usize::try_from(
                    self.random
                        .up_to(u64::try_from(leaving.len()).unwrap_or_default()),
                )
                .unwrap_or_default();
                leaving.truncate(left);
                self.leave(leaving);
                self.kill(process);
            }
        }
    }

    /// Sends what an owner ordered, in its order.
    fn leave(&mut self, leaving: Vec<Travel>) {
        for travel in leaving {
            let at = match &travel {
                Travel::Up(connection, _) => {
                    let latency = self.latency();
                    match self.lines.get_mut(connection) {
                        Some(line) => {
                            line.up = line.up.max(self.now + latency);
                            line.up
                        }
                        None => self.now + latency,
                    }
                }
                Travel::Departs(_) => self.now,
                Travel::Answered { .. }
                | Travel::Arrives(_)
                | Travel::Dialled { .. }
                | Travel::Dials { .. }
                | Travel::Down(..)
                | Travel::Fetched { .. }
                | Travel::Ring => self.now + self.latency(),
            };
            self.agenda.plan(at, Step::Travel(Box::new(travel)));
        }
    }
}

fn hub_config(world: &World, weather: &Weather) -> HubConfig {
    let accounts = world.accounts();
    let channel = accounts.first().map_or(0, |account| account.channel.0);
    HubConfig {
        gateway: weather.gateway,
        bot_token: matches!(weather.gateway, GatewayMode::Bot | GatewayMode::Both)
            .then(|| Token::new(world.bot_token())),
        guild_id: GuildId(world.guild_id().0),
        channel_id: ChannelId(channel),
        accounts: accounts
            .iter()
            .enumerate()
            .map(|(at, account)| AccountConfig {
                name: if at == 0 {
                    "main".to_owned()
                } else {
                    format!("other-{at}")
                },
                user_token: Token::new(account.token.as_str()),
                guild_id: None,
                channel_id: Some(ChannelId(account.channel.0)),
                session_id: Some(account.session_id.clone()),
                concurrency: weather.concurrency,
                relax_concurrency: weather.concurrency,
                weight: 1,
                enabled: true,
            })
            .collect(),
        hosts: HostSettings::default(),
        queue_size: 100_000,
        timeout: Duration::from_secs(600),
        retention: Duration::from_secs(24 * 3_600),
        late_final: Duration::from_secs(1_800),
        spacing: SPACING,
        seed_tag: true,
        user_agent: "mj".to_owned(),
        lang: Lang::En,
        archive: None,
        notify_url: None,
        notify_secret: None,
    }
}
