//! The simulated world: Discord's rules and a Midjourney bot as one machine without sockets, threads or a clock.
//!
//! Inputs are `handle_*` with the current time in Unix milliseconds; outputs are pulled with [`World::poll_transmit`];
//! [`World::poll_timeout`] says when [`World::handle_timeout`] wants to be called next. The same seed, inputs and times
//! give the same world.

mod agenda;
mod behaviour;
mod cdn;
mod command;
mod control;
mod dispatch;
mod fault;
mod gateway;
mod http;
mod interaction;
mod message;
mod midjourney;
mod people;
mod rate_limit;
mod record;
mod rest;
mod session;
mod standing;

use std::collections::{BTreeMap, VecDeque};

pub use self::behaviour::{AppealOutcome, Behaviour, InpaintPath, UpscaleStart};
pub use self::fault::{HttpFault, Reset};
pub use self::http::{Body, Request, Response};
pub use self::people::{Account, BOT_TOKEN_PREFIX, MIDJOURNEY, NIJI};
pub use self::session::{Admission, Connect, ConnectionId, Transmit};

use self::agenda::{Agenda, Event};
use self::cdn::Files;
use self::fault::Faults;
use self::message::Message;
use self::midjourney::Midjourney;
use self::people::People;
use self::rate_limit::RateLimits;
use self::record::Record;
use self::session::{Connection, Session};
use self::standing::Standing;
use crate::random::Random;
use crate::snowflake::{Millis, Snowflake, SnowflakeMaker};

/// Where clients reach the parts of Discord; scheme, host and port without a trailing slash.
#[derive(Clone, Debug)]
pub struct Hosts {
    /// First gateway URL, as `GET /gateway` names it.
    pub gateway: String,
    /// `resume_gateway_url` of READY.
    pub resume_gateway: String,
    /// Host of attachment `url`s.
    pub cdn: String,
    /// Host of attachment `proxy_url`s.
    pub media: String,
    /// Host of upload slots.
    pub upload: String,
}

impl Default for Hosts {
    fn default() -> Self {
        Self {
            gateway: "wss://gateway.discord.gg".into(),
            resume_gateway: "wss://gateway-us-east1-b.discord.gg".into(),
            cdn: "https://cdn.discordapp.com".into(),
            media: "https://media.discordapp.net".into(),
            upload: "https://discord-attachments-uploads-prd.storage.googleapis.com".into(),
        }
    }
}

/// What a world is made from and never changes.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Decides every id, token, delay and picture.
    pub seed: u64,
    /// How many times faster than in life Midjourney works; Discord's own limits are not scaled. More than 0.
    pub speed: f64,
    /// User accounts with tokens, 1 to 50.
    pub accounts: usize,
    /// Gives each account a channel of its own; else all share one.
    pub channel_per_account: bool,
    /// Public addresses.
    pub hosts: Hosts,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            speed: 1.0,
            accounts: 1,
            channel_per_account: false,
            hosts: Hosts::default(),
        }
    }
}

/// Discord with one guild, its members, and a Midjourney bot.
#[derive(Debug)]
pub struct World {
    settings: Settings,
    /// What a test may switch while the world runs.
    pub behaviour: Behaviour,
    random: Random,
    snowflakes: SnowflakeMaker,
    people: People,
    connections: BTreeMap<ConnectionId, Connection>,
    next_connection: u64,
    sessions: BTreeMap<String, Session>,
    identifies: Vec<session::IdentifyBudget>,
    messages: BTreeMap<Snowflake, Message>,
    files: Files,
    midjourney: Midjourney,
    agenda: Agenda,
    outbox: VecDeque<(ConnectionId, Transmit)>,
    limits: RateLimits,
    faults: Faults,
    record: Record,
    standing: Standing,
}

impl World {
    /// Makes the world at `now`.
    pub fn new(now: Millis, settings: Settings) -> Self {
        let mut random = Random::new(settings.seed);
        let mut snowflakes = SnowflakeMaker::default();
        let people = People::new(now, &settings, &mut random, &mut snowflakes);
        let signing_key = random.hex(32);
        Self {
            settings,
            behaviour: Behaviour::default(),
            random,
            snowflakes,
            people,
            connections: BTreeMap::new(),
            next_connection: 1,
            sessions: BTreeMap::new(),
            identifies: Vec::new(),
            messages: BTreeMap::new(),
            files: Files::new(signing_key),
            midjourney: Midjourney::default(),
            agenda: Agenda::default(),
            outbox: VecDeque::new(),
            limits: RateLimits::default(),
            faults: Faults::default(),
            record: Record::default(),
            standing: Standing::default(),
        }
    }

    /// The accounts whose user tokens work here.
    pub fn accounts(&self) -> &[Account] {
        &self.people.accounts
    }

    /// The token of the observing bot, without the `Bot ` prefix.
    pub fn bot_token(&self) -> &str {
        &self.people.bot_token
    }

    /// The guild all members share.
    pub fn guild_id(&self) -> Snowflake {
        self.people.guild
    }

    /// Public addresses.
    pub fn hosts(&self) -> &Hosts {
        &self.settings.hosts
    }

    /// Replaces the public addresses, once a driver knows its ports.
    pub fn set_hosts(&mut self, hosts: Hosts) {
        self.settings.hosts = hosts;
    }

    /// The next frame or command for a connection.
    pub fn poll_transmit(&mut self) -> Option<(ConnectionId, Transmit)> {
        self.outbox.pop_front()
    }

    /// When [`World::handle_timeout`] is due; `None` while nothing is planned.
    pub fn poll_timeout(&self) -> Option<Millis> {
        let zombies = self.connections.values().filter_map(Connection::zombie_at);
        self.agenda.next().into_iter().chain(zombies).min()
    }

    /// Does everything that is due at `now`.
    pub fn handle_timeout(&mut self, now: Millis) {
        while let Some(event) = self.agenda.pop_due(now) {
            match event {
                Event::Deliver {
                    session,
                    name,
                    data,
                } => self.dispatch(now, &session, &name, data),
                Event::Later(later) => self.do_later(now, later),
                Event::Job { job, step } => self.advance_job(now, job, step),
                Event::NoAnswer { interaction } => self.fail_interaction(now, interaction),
                Event::ParentEdit { message, custom_id } => {
                    self.mark_pressed(now, message, &custom_id);
                }
            }
        }
        self.close_zombies(now);
        self.forget_old_sessions(now);
    }

    /// Milliseconds of Midjourney's pace at this world's speed.
    fn paced(&self, millis: u64) -> u64 {
        let scaled =
            std::time::Duration::from_millis(millis).div_f64(self.settings.speed.max(0.001));
        u64::try_from(scaled.as_millis()).unwrap_or(u64::MAX)
    }

    fn snowflake(&mut self, now: Millis) -> Snowflake {
        self.snowflakes.make(now)
    }
}
