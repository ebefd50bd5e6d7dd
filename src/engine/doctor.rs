//! `mj_doctor()`: ordered checks of everything that mj needs, each with what was seen and what to do.
//!
//! It only looks: it starts no engine, takes no lease, writes no task, and ends no process. What it is there to find
//! is never an error of its own: a configuration that is wrong, a directory that cannot be opened, a database of
//! another version are findings. Adding a check takes a line in `check.rs`, the look itself in the file of its kind, a
//! line in docs/doctor.md and docs/doctor.zh-CN.md, and a test that breaks what it looks at.

mod check;
mod finding;
mod hosts;
mod network;
mod options;
mod php;
mod report;
mod text;

use mj_midjourney::{
    config::{HostSettings, HubConfig},
    refusal::Lang,
};
use mj_process::clock;

pub use self::php::Php;
use self::{
    finding::{Finding, Findings},
    options::{DoctorOptions, Format},
    report::Report,
    text::{Shown, Text},
};
use crate::{
    config::Settings,
    engine::{Engine, Host},
    error::EngineError,
    value::Value,
};

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
    let given = options
        .config
        .clone()
        .or_else(|| engine.map(Engine::given))
        .unwrap_or_default();
    let findings = Findings::default();
    let patient = Patient::read(host, php, &given);
    php::check(&patient, &findings);
    if options.network {
        network::check(&patient, &options, &findings, interrupted);
    } else {
        network::skip(&findings);
    }
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
    let report = Report {
        lang: options.lang.unwrap_or(patient.lang),
        heading: heading(host),
        findings: found.collect(),
    };
    Ok(match options.format {
        Format::Array => report.value(),
        Format::Json => Value::Text(serde_json::to_string(&report.value()).unwrap_or_default()),
        Format::Text => Value::Text(report.text()),
    })
}

/// Whom the doctor looks at: this PHP, and what is set for it.
pub(crate) struct Patient<'p> {
    pub(crate) host: &'p Host,
    pub(crate) php: &'p Php,
    pub(crate) lang: Lang,
    /// The settings, when they can be used as a whole.
    pub(crate) settings: Option<Settings>,
    /// The hub that is looked at.
    pub(crate) hub: Option<HubConfig>,
}

impl<'p> Patient<'p> {
    fn read(host: &'p Host, php: &'p Php, given: &Value) -> Self {
        let settings = Settings::read(&host.ini, given).ok();
        let lang = settings.as_ref().map_or(Lang::En, |settings| settings.lang);
        let hub = settings
            .as_ref()
            .and_then(|settings| settings.hub.as_ref())
            .map(|hub| hub.config.clone());
        Self {
            host,
            php,
            lang,
            settings,
            hub,
        }
    }

    /// The hosts in use.
    fn hosts(&self) -> HostSettings {
        let hub = self.hub.as_ref().map(|hub| &hub.hosts);
        let set = self.settings.as_ref().map(|settings| &settings.hosts);
        hub.or(set).cloned().unwrap_or_default()
    }

    /// Every secret that is set, so that none can be shown.
    fn secrets(&self) -> Vec<String> {
        Vec::new()
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
            Shown::said(&crate::log::timestamp(clock::unix_ms())),
        ],
    )
}
