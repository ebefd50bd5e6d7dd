//! What a run is made of: how many tasks, which hub, which faults and how often. All of it comes from the seed.

use std::time::Duration;

use mj_midjourney::config::GatewayMode;

use crate::random::Random;

/// A run's size and seed.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Decides everything.
    pub seed: u64,
    /// Tasks to submit.
    pub tasks: u32,
    /// What is left out of it.
    pub without: Without,
    /// Whether each step is written down; slow.
    pub trace: bool,
    /// The point beside an owner's writes, counted from 1, at which it dies.
    pub crash_at: Option<u64>,
}

impl Plan {
    /// A run with all that can happen in it.
    pub fn new(seed: u64, tasks: u32) -> Self {
        Self {
            seed,
            tasks,
            without: Without::default(),
            trace: false,
            crash_at: None,
        }
    }
}

/// A disturbance.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Trouble {
    /// No process for longer than a session lives.
    Absence,
    /// Accounts come, go, are switched off.
    Accounts,
    /// 429, 5xx, Cloudflare, slow answers.
    Answers,
    /// The wall clock jumps, of all processes or of one.
    Clock,
    /// A gateway connection breaks, is closed with a code, goes silent, or holds its frames up.
    Connection,
    /// Events are lost, repeated, swapped.
    Events,
    /// Others type.
    Foreign,
    /// SIGKILL of the owner.
    Kill,
    /// Midjourney refuses.
    Refusals,
    /// Requests or their answers are lost.
    Requests,
    /// Op 7, op 9.
    Session,
    /// The accounts' limits change.
    Settings,
    /// SIGSTOP of the owner for some time.
    Stop,
    /// SIGTERM of the owner.
    Terminate,
}

impl Trouble {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Absence,
        Self::Accounts,
        Self::Answers,
        Self::Clock,
        Self::Connection,
        Self::Events,
        Self::Foreign,
        Self::Kill,
        Self::Refusals,
        Self::Requests,
        Self::Session,
        Self::Settings,
        Self::Stop,
        Self::Terminate,
    ];

    /// Its name on the command line.
    pub fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

/// Disturbances that a run is played without.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Without(u16);

impl Without {
    /// This one as well.
    #[must_use]
    pub fn and(self, trouble: Trouble) -> Self {
        Self(self.0 | 1 << trouble as u16)
    }

    /// Whether this one does not happen.
    pub fn has(self, trouble: Trouble) -> bool {
        self.0 & 1 << trouble as u16 != 0
    }

    /// Which, by name.
    pub fn names(self) -> Vec<String> {
        let all = Trouble::ALL.into_iter();
        all.filter(|trouble| self.has(*trouble))
            .map(Trouble::name)
            .collect()
    }
}

/// The conditions of one run.
#[derive(Clone, Debug)]
pub(crate) struct Weather {
    pub(crate) gateway: GatewayMode,
    pub(crate) processes: usize,
    pub(crate) accounts: usize,
    pub(crate) channel_per_account: bool,
    pub(crate) concurrency: u32,
    /// Milliseconds between two submissions, at most.
    pub(crate) gap: u64,
    /// Milliseconds between two disturbances, at most.
    pub(crate) trouble_gap: u64,
    pub(crate) troubles: Vec<Trouble>,
    /// In a thousand tasks, how many are neither an imagine nor a press.
    pub(crate) commands: u64,
    /// In a thousand commits, how many have a crash right before or after them.
    pub(crate) crash_at_commit: u64,
    /// Milliseconds that anything needs on the network, at most.
    pub(crate) latency: u64,
    /// Whether tasks have an address of their own.
    pub(crate) has_webhooks: bool,
    /// How long ended tasks are kept.
    pub(crate) retention: Duration,
    /// What the simulator's switches are set to, as its `config` command takes it.
    pub(crate) switches: serde_json::Value,
}

impl Weather {
    pub(crate) fn of(random: &mut Random) -> Self {
        let gateway = match random.up_to(9) {
            0..=3 => GatewayMode::User,
            4..=6 => GatewayMode::Both,
            7..=8 => GatewayMode::Bot,
            _ => GatewayMode::Off,
        };
        // Some runs are calm, some have one kind of trouble, most have several.
        let wanted = random.up_to(5);
        let troubles = Trouble::ALL
            .into_iter()
            .filter(|_| random.up_to(5) < wanted)
            .collect();
        let concurrency = random.between(1, 8);
        Self {
            gateway,
            processes: usize::try_from(random.between(1, 4)).unwrap_or(1),
            accounts: usize::try_from(random.between(1, 3)).unwrap_or(1),
            channel_per_account: random.chance(400),
            concurrency: u32::try_from(concurrency).unwrap_or(3),
            gap: random.between(100, 6_000),
            trouble_gap: random.between(2_000, 40_000),
            troubles,
            commands: if random.chance(500) { 150 } else { 0 },
            crash_at_commit: if random.chance(300) { 4 } else { 0 },
            latency: random.between(2, 400),
            has_webhooks: random.chance(300),
            retention: Duration::from_secs(24 * 3_600),
            switches: serde_json::json!({
                "concurrency": concurrency,
                "queue_size": 50,
                "interaction_metadata": random.chance(700),
                "final_nonce": random.chance(700),
                "index_in_finals": true,
                "parent_edits": random.chance(800),
                "progress_deletes": random.chance(800),
                "guild_id_in_frames": random.chance(800),
                "partial_updates": random.chance(100),
                "remix": random.chance(250),
                "user_copy_delay": if random.chance(200) { random.up_to(1_500) } else { 0 },
                "shuffle": if random.chance(150) { random.up_to(400) } else { 0 },
                "link_in_finals": random.chance(500),
                "history": 50_000,
            }),
        }
    }

    /// A day as most are: two processes of which none dies, both gateways, now and then a task, and every few hours
    /// Discord sends its clients away, one way or another.
    pub(crate) fn of_a_day(random: &mut Random) -> Self {
        Self {
            gateway: GatewayMode::Both,
            processes: 2,
            accounts: 2,
            channel_per_account: false,
            concurrency: 3,
            gap: 60_000,
            trouble_gap: 4 * 3_600_000,
            troubles: vec![Trouble::Connection, Trouble::Session],
            commands: 50,
            crash_at_commit: 0,
            latency: 60,
            has_webhooks: true,
            retention: Duration::from_secs(3_600),
            switches: serde_json::json!({
                "concurrency": 3,
                "fast_hours": 10_000,
                "history": 200,
                "interaction_metadata": true,
                "link_in_finals": random.chance(500),
            }),
        }
    }
}
