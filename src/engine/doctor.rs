//! `mj_doctor()`: ordered checks of everything that mj needs, each with what was seen and what to do.
//!
//! It only looks: it starts no engine, takes no lease, writes no task, and ends no process. What it is there to find
//! is never an error of its own: a configuration that is wrong, a directory that cannot be opened, a database of
//! another version are findings. Adding a check takes a line in `check.rs`, the look itself in the file of its kind, a
//! line in docs/doctor.md and docs/doctor.zh-CN.md, and a test that breaks what it looks at.

mod check;
mod configuration;
mod database;
mod directory;
mod discord;
mod finding;
mod hosts;
mod hub;
mod network;
mod options;
mod php;
mod report;
mod text;

use std::path::Path;

use mj_midjourney::{
    config::{HostSettings, HubConfig, HubId},
    refusal::Lang,
    store::TaskStore,
};
use mj_process::clock;

pub use self::php::Php;
use self::{
    configuration::Reading,
    finding::{Finding, Findings},
    options::{DoctorOptions, Format},
    report::Report,
    text::{Shown, Text},
};
use crate::{
    config::Settings,
    engine::{DEFAULT_DIRECTORY, Engine, Host},
    error::EngineError,
    log::timestamp,
    setting::Setting,
    shared::Shared,
    value::Value,
};

/// What is shorter is no secret that could be told from a word.
const SHORTEST_SECRET: usize = 4;

/// Makes all checks and gives the report: an array, or a string with `options.format` `text` or `json`.
///
/// `engine` is that of the calling thread where one could be made: what `mj_configure()` was given is looked at.
///
/// # Errors
/// [`EngineError::Argument`] and [`EngineError::Type`] for options that cannot be used.
pub fn doctor(
    host: &Host,
    php: &Php,
    engine: Option<&Engine>,
    options: &Value,
    interrupted: &mut dyn FnMut() -> bool,
) -> Result<Value, EngineError> {
    let options = DoctorOptions::read(options)?;
    let mut patient = Patient::read(host, php, engine, &options);
    let findings = Findings::default();
    php::check(&patient, &findings);
    configuration::check(&patient, &findings);
    database::log(&patient, &findings);
    let shared = if directory::check(&patient, &findings) {
        database::check(&patient, &findings, interrupted)
    } else {
        None
    };
    patient.find_hub(shared.as_deref());
    database::secret(&patient, shared.as_deref(), &findings);
    configuration::hub(&patient, &findings);
    if options.network {
        network::check(
            &patient,
            shared.as_deref(),
            &options,
            &findings,
            interrupted,
        );
    } else {
        network::skip(&findings);
    }
    hub::check(&patient, shared.as_ref(), &findings);
    Ok(told(&patient, &options, &findings))
}

/// The report, in the form that is wanted.
fn told(patient: &Patient<'_>, options: &DoctorOptions, findings: &Findings) -> Value {
    let secrets = patient.secrets();
    let found = findings
        .all()
        .into_iter()
        .filter(|finding| options.wants(finding.check))
        .map(|finding| Finding {
            seen: finding.seen.without(&secrets),
            todo: finding.todo.map(|todo| todo.without(&secrets)),
            ..finding
        });
    let set = patient.set(|settings| Some(settings.lang));
    let report = Report {
        lang: options.lang.or(set).unwrap_or(Lang::En),
        heading: heading(patient.host),
        findings: found.collect(),
    };
    match options.format {
        Format::Array => report.value(),
        Format::Json => Value::Text(serde_json::to_string(&report.value()).unwrap_or_default()),
        Format::Text => Value::Text(report.text()),
    }
}

fn heading(host: &Host) -> Text {
    Text::with(
        "mj {0}, PHP {1} ({2}), {3}",
        "mj {0}，PHP {1}（{2}），{3}",
        [
            env!("CARGO_PKG_VERSION").into(),
            Shown::said(&host.php_version),
            Shown::said(&host.sapi),
            Shown::said(&timestamp(clock::unix_ms())),
        ],
    )
}

/// Whom the doctor looks at: this PHP, and what is set for it.
struct Patient<'p> {
    host: &'p Host,
    php: &'p Php,
    engine: Option<&'p Engine>,
    /// What `mj_configure()` was given, or what is to be looked at in place of it.
    given: Value,
    is_of_options: bool,
    reading: Reading,
    hub: Option<LookedAt>,
}

/// The hub that is looked at.
struct LookedAt {
    id: HubId,
    config: HubConfig,
    /// Whether it is not set here, and was found in the state directory.
    is_stored: bool,
}

/// Where a setting comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Source {
    /// `mj_configure()`.
    Configured,
    /// The environment.
    Environment,
    /// An ini entry: `php.ini`, the pool's file, the command line.
    Ini,
    /// The option `config` of `mj_doctor()`.
    Options,
}

impl<'p> Patient<'p> {
    fn read(
        host: &'p Host,
        php: &'p Php,
        engine: Option<&'p Engine>,
        options: &DoctorOptions,
    ) -> Self {
        let given = options
            .config
            .clone()
            .or_else(|| engine.map(Engine::given))
            .unwrap_or_default();
        Self {
            host,
            php,
            engine,
            is_of_options: options.config.is_some(),
            reading: Reading::of(host, &given),
            given,
            hub: None,
        }
    }

    /// Something of the settings that can be used.
    fn set<'s, T>(&'s self, of: impl FnOnce(&'s Settings) -> Option<T>) -> Option<T> {
        of(self.reading.settings.as_ref()?)
    }

    /// Where the state lies, or would.
    fn state_dir(&self) -> &Path {
        let settings = self.reading.settings.as_ref();
        settings
            .and_then(|settings| settings.state_dir.as_deref())
            .unwrap_or(Path::new(DEFAULT_DIRECTORY))
    }

    /// The hub that is set here; where nothing of one is, that of the state directory which was used last.
    fn find_hub(&mut self, shared: Option<&Shared>) {
        if let Some(hub) = self.reading.hub().filter(|_| !self.reading.is_hub_faulty()) {
            self.hub = Some(LookedAt {
                id: hub.id.clone(),
                config: hub.config.clone(),
                is_stored: false,
            });
        }
        if self.hub.is_some() || self.reading.has_part_of_hub() {
            return;
        }
        self.hub = shared.and_then(Self::hub_in);
    }

    /// The hub of a state directory that was used last.
    fn hub_in(shared: &Shared) -> Option<LookedAt> {
        let id = database::used_last(shared)?;
        let (_, config) = shared.store.config(&id).ok()??;
        Some(LookedAt {
            id,
            config,
            is_stored: true,
        })
    }

    /// The hosts in use.
    fn hosts(&self) -> HostSettings {
        let stored = self.hub.as_ref().map(|hub| hub.config.hosts.clone());
        let set = || self.set(|settings| Some(settings.hosts.clone()));
        stored.or_else(set).unwrap_or_default()
    }

    fn source_of(&self, setting: &Setting) -> Source {
        let label = setting.label.as_ref();
        let entries = self.given.as_map().unwrap_or_default();
        match entries.iter().any(|(name, _)| name == label) {
            true if self.is_of_options => Source::Options,
            true => Source::Configured,
            false if label.starts_with("MJ_") => Source::Environment,
            false => Source::Ini,
        }
    }

    /// Every secret that is set, so that none can be shown.
    fn secrets(&self) -> Vec<String> {
        let stored = self.hub.as_ref();
        let stored = stored.map(|hub| configuration::secrets_of(&hub.config));
        let mut secrets = self.reading.secrets();
        secrets.extend(stored.unwrap_or_default());
        secrets.retain(|secret| secret.len() >= SHORTEST_SECRET);
        // One that is part of another would leave the rest of it behind.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets
    }
}
