//! The disturbances of a run.

use std::time::Duration;

use mj_midjourney::store::TaskStore;
use serde_json::{Value, json};

use super::{Stage, Step};
use crate::{network::Travel, owner::Input, random::Random, weather::Trouble};

/// Longer than Discord keeps a session that nobody resumes, in milliseconds.
const LONGER_THAN_A_SESSION: u64 = 200_000;
/// What Midjourney answers instead of a job, for once, and Discord instead of taking the interaction.
const REFUSALS: [&str; 20] = [
    "banned",
    "blocked-for=2m",
    "declined",
    "failed",
    "failure",
    "image-filter",
    "internal",
    "invalid-parameter",
    "invalid-version",
    "job-error",
    "late-decline",
    "missing-permissions",
    "output-filter",
    "paused",
    "queue-full",
    "rate-limited",
    "rate-limited-bare",
    "slow",
    "slow-down=20s",
    "vanish",
];

impl Stage {
    pub(super) fn trouble(&mut self) {
        if self.left == 0 {
            return;
        }
        let gap = self.random.up_to(self.weather.trouble_gap);
        self.agenda.plan(self.now + gap, Step::Trouble);
        let Some(trouble) = self.random.pick(&self.weather.troubles).copied() else {
            return;
        };
        match trouble {
            Trouble::Absence => self.abandon(),
            Trouble::Accounts => self.change_accounts(),
            Trouble::Answers => self.strike(answer_fault),
            Trouble::Clock => self.shift_clock(),
            Trouble::Connection if self.random.chance(150) => self.hold_frames_up(),
            Trouble::Connection => self.strike(connection_fault),
            Trouble::Events => self.strike(event_fault),
            Trouble::Foreign => self.strike(foreign),
            Trouble::Kill => {
                if let Some(process) = self.owner_process() {
                    self.kill(process);
                }
            }
            Trouble::Refusals => self.strike(refusal),
            // They are met one by one, on their way.
            Trouble::Requests => {}
            Trouble::Session => self.strike(session_fault),
            Trouble::Settings => self.change_limits(),
            Trouble::Stop => self.stop(),
            Trouble::Terminate => self.terminate(),
        }
    }

    /// Something happens at Discord or Midjourney.
    fn strike(&mut self, what: impl FnOnce(&mut Random) -> Value) {
        let command = what(&mut self.random);
        self.note(|| format!("trouble: {command}"));
        if let Err(error) = self.world.handle_control(self.now, &command) {
            self.promise.broken(format!("{command} is wrong: {error}"));
        }
    }

    /// The wall clock is set, of the machine or of one process: not all see the same one.
    fn shift_clock(&mut self) {
        let skew = i64::try_from(self.random.up_to(60_000)).unwrap_or_default() - 30_000;
        if self.random.chance(500) {
            self.skew = skew;
            return self.note(|| format!("the wall clock is {skew} ms ahead"));
        }
        let last = u64::try_from(self.processes.len()).unwrap_or(1) - 1;
        let process = usize::try_from(self.random.up_to(last)).unwrap_or_default();
        self.processes[process].skew = skew;
        self.note(|| {
            format!("the wall clock of process {process} is {skew} ms ahead of the others")
        });
    }

    /// What is sent to a client from here on comes late, and then all at once.
    fn hold_frames_up(&mut self) {
        let until = self.now + self.random.up_to(30_000);
        for line in self.lines.values_mut() {
            line.down = line.down.max(until);
        }
        self.note(|| format!("frames are held up until {until}"));
    }

    /// Every process dies, and none comes for longer than a session lives.
    fn abandon(&mut self) {
        let pause = self
            .random
            .between(LONGER_THAN_A_SESSION / 4, LONGER_THAN_A_SESSION * 2);
        for process in 0..self.processes.len() {
            self.kill_for(process, pause);
        }
    }

    /// SIGSTOP.
    fn stop(&mut self) {
        if let Some(process) = self.owner_process() {
            self.stop_process(process);
        }
    }

    pub(super) fn stop_process(&mut self, process: usize) {
        self.processes[process].is_stopped = true;
        let most = if self.random.chance(300) {
            LONGER_THAN_A_SESSION
        } else {
            40_000
        };
        let at = self.now + self.random.between(100, most);
        self.note(|| format!("process {process} is stopped"));
        self.agenda.plan(at, Step::Continue(process));
    }

    /// SIGTERM.
    fn terminate(&mut self) {
        let owner = self
            .owner_process()
            .and_then(|at| self.processes[at].owner.as_ref());
        if let Some(owner) = owner {
            let (life, epoch) = (owner.life, owner.epoch);
            self.note(|| format!("the owner of epoch {epoch} is to stop"));
            self.give(life, epoch, Input::Terminate);
        }
    }

    fn change_limits(&mut self) {
        // Never more than Midjourney allows: an account's own limit is taken at its word.
        let most = u64::from(self.weather.concurrency);
        let concurrency = u32::try_from(self.random.between(1, most)).unwrap_or(1);
        for account in &mut self.config.accounts {
            account.concurrency = concurrency;
            account.relax_concurrency = concurrency;
        }
        self.note(|| format!("concurrency is {concurrency} now"));
        self.configure();
    }

    /// An account but the first is switched off or on, or leaves, or comes back.
    fn change_accounts(&mut self) {
        let last = self.all_accounts.len();
        if last > 1 && self.random.chance(500) {
            let at = usize::try_from(self.random.up_to(1_000)).unwrap_or_default() % (last - 1) + 1;
            let name = &self.all_accounts[at].name;
            let here = self
                .config
                .accounts
                .iter()
                .position(|account| account.name == *name);
            match here {
                Some(here) => drop(self.config.accounts.remove(here)),
                None => self.config.accounts.push(self.all_accounts[at].clone()),
            }
        } else if let Some(account) = self.config.accounts.last_mut().filter(|_| last > 1) {
            account.enabled = !account.enabled;
        }
        let names: Vec<String> = self
            .config
            .accounts
            .iter()
            .map(|account| {
                format!(
                    "{}{}",
                    account.name,
                    if account.enabled { "" } else { " (off)" }
                )
            })
            .collect();
        self.note(|| format!("accounts are {}", names.join(", ")));
        self.configure();
    }

    /// All accounts are back, and on.
    pub(super) fn restore_accounts(&mut self) {
        self.config.accounts.clone_from(&self.all_accounts);
        self.configure();
    }

    fn configure(&mut self) {
        let now = self.moment().unix;
        if let Err(error) = self.store.configure(now, &self.hub, &self.config) {
            self.promise
                .broken(format!("the hub could not be configured: {error}"));
        }
        self.agenda
            .plan(self.now + 1, Step::Travel(Box::new(Travel::Ring)));
    }
}

fn pick<T: Copy>(random: &mut Random, all: &[T]) -> T {
    let last = u64::try_from(all.len()).unwrap_or(1) - 1;
    all[usize::try_from(random.up_to(last)).unwrap_or_default()]
}

fn who(random: &mut Random) -> &'static str {
    pick(random, &["all", "bot", "user"])
}

fn connection_fault(random: &mut Random) -> Value {
    let who = who(random);
    match random.up_to(6) {
        0 => {
            let code = pick(
                random,
                &[4000, 4001, 4002, 4005, 4007, 4008, 4009, 1001, 1006],
            );
            json!({"command": "fault", "gateway": "close", "who": who, "code": code, "invalidate": code == 4009})
        }
        1 => json!({"command": "fault", "gateway": "drop", "who": who}),
        2 => json!({"command": "fault", "gateway": "drop", "who": who, "reset": true}),
        3 => json!({"command": "fault", "gateway": "blackhole", "who": who}),
        4 => {
            json!({"command": "fault", "gateway": "drop_connections", "times": random.between(1, 3)})
        }
        5 => json!({"command": "fault", "gateway": "no_hello", "times": 1}),
        _ => {
            json!({"command": "fault", "gateway": "resume_host_down", "for": random.up_to(60_000)})
        }
    }
}

fn session_fault(random: &mut Random) -> Value {
    let who = who(random);
    match random.up_to(4) {
        0 => json!({"command": "fault", "gateway": "reconnect", "who": who}),
        1 => {
            json!({"command": "fault", "gateway": "invalid_session", "who": who, "resumable": true})
        }
        2 => {
            json!({"command": "fault", "gateway": "invalid_session", "who": who, "resumable": false})
        }
        3 => json!({"command": "fault", "gateway": "refuse_resume", "times": 1}),
        _ => json!({"command": "fault", "gateway": "no_ack", "times": 1}),
    }
}

fn event_fault(random: &mut Random) -> Value {
    let name = pick(random, &["lose_events", "repeat_events", "swap_events"]);
    json!({"command": "fault", "gateway": name, "times": random.between(1, 4)})
}

fn answer_fault(random: &mut Random) -> Value {
    let path = pick(random, &["/interactions", "/channels", "/api"]);
    let mut http = json!({"path": path, "times": random.between(1, 5)});
    // In whole milliseconds, written as seconds.
    let seconds = |ms: u64| json!(Duration::from_millis(ms).as_secs_f64());
    match random.up_to(7) {
        0 => http["retry_after"] = seconds(random.up_to(5_000)),
        1 => http["status"] = json!(500 + random.up_to(4)),
        2 => http["reset"] = json!("after"),
        3 => http["reset"] = json!("before"),
        4 => {
            http["status"] = json!(200);
            http["body"] = json!("<html>welcome to this panel</html>");
            http["content_type"] = json!("text/html");
        }
        5 => {
            http["retry_after"] = seconds(random.up_to(20_000));
            http["global"] = json!(true);
        }
        6 => http["cloudflare"] = json!(true),
        _ => http["delay"] = json!(random.up_to(28_000)),
    }
    json!({"command": "fault", "http": http})
}

fn refusal(random: &mut Random) -> Value {
    let name = pick(random, &REFUSALS);
    json!({"command": "refuse", "name": name, "times": random.between(1, 3)})
}

fn foreign(random: &mut Random) -> Value {
    let prompt = pick(random, &["a lighthouse", "two owls", "somebody else's"]);
    json!({"command": "foreign", "prompt": prompt})
}
