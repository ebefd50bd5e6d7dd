//! `mj_metrics()`: what any process can read of all hubs, in Prometheus's text format 0.0.4. It reads the store, a
//! handful of rows for each hub however many tasks there are, and nothing else.

use std::{collections::BTreeMap, fmt::Write as _};

use mj_discord::UnixMs;
use mj_midjourney::{
    account::AccountState,
    config::HubId,
    store::{HubSummary, TaskStore},
    task::Status,
};
use mj_process::clock;
use serde_json::Value as Json;

use super::{
    ACCOUNTS, BUILD_INFO, CLOCK_DIFFERENCE, Family, GATEWAY_STATE, GATEWAY_UP, HELD, IN_DOUBT,
    LOG_FAILING, LOG_LOST, OWNER_AGE, OWNER_ALIVE, OWNER_CHANGES, OWNER_MEMORY, RUNNING,
    STATUS_AGE, TASKS, UNMATCHED, WAITING, WEBHOOKS_FAILED, WEBHOOKS_PENDING,
    family::{self, Kind},
    meter::{Totals, shown},
};
use crate::{error::EngineError, shared::Shared, status};

/// How many characters of a hub's id name it.
const SHORT: usize = 8;
/// As `mj_status()` calls the states of a gateway.
const GATEWAY_STATES: [&str; 5] = ["off", "connecting", "live", "down", "dead"];

/// Everything, of all hubs.
///
/// # Errors
/// [`EngineError::Storage`].
pub(crate) fn page(shared: &Shared) -> Result<String, EngineError> {
    let mut page = Page::default();
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    page.add(&BUILD_INFO, &shown(&version), 1.0);
    let hubs = shared.store.hubs()?;
    for hub in &hubs {
        OfHub {
            page: &mut page,
            name: short(&hub.id, &hubs),
        }
        .add_all(shared, hub)?;
    }
    Ok(page.to_text())
}

/// The beginning of a hub's id, or all of it where another begins in the same way.
fn short<'h>(hub: &'h HubId, all: &[HubSummary]) -> &'h str {
    let beginning = hub.0.get(..SHORT).unwrap_or(&hub.0);
    let alike = all.iter().filter(|other| other.id.0.starts_with(beginning));
    if alike.count() > 1 { &hub.0 } else { beginning }
}

/// Lines by metric.
#[derive(Debug, Default)]
struct Page(BTreeMap<&'static str, String>);

impl Page {
    fn add(&mut self, family: &'static Family, labels: &str, value: f64) {
        self.line(family, "", labels, value);
    }

    fn line(&mut self, family: &'static Family, suffix: &str, labels: &str, value: f64) {
        let lines = self.0.entry(family.name).or_default();
        let _ = writeln!(lines, "{}{suffix}{{{labels}}} {value}", family.name);
    }

    fn to_text(&self) -> String {
        let mut text = String::new();
        for family in family::ALL {
            let (name, help, kind) = (family.name, family.help, family.kind.as_str());
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
            text.push_str(self.0.get(name).map_or("", String::as_str));
        }
        text
    }
}

/// What is added for one hub.
struct OfHub<'p, 'h> {
    page: &'p mut Page,
    name: &'h str,
}

impl OfHub<'_, '_> {
    fn add_all(&mut self, shared: &Shared, summary: &HubSummary) -> Result<(), EngineError> {
        let hub = &summary.id;
        let counts = shared.store.counts(hub)?;
        for (status, count) in Status::ALL.iter().zip(counts.by_status) {
            self.gauge(&TASKS, &[("status", status.as_str())], float(count));
        }
        let notices = shared.store.notice_counts(hub)?;
        self.gauge(&WEBHOOKS_PENDING, &[], float(notices.pending));
        self.gauge(&WEBHOOKS_FAILED, &[], float(notices.failed));
        // Another site's, under another mj.secret: which accounts it has is its own matter.
        if summary.is_readable {
            self.accounts(shared, hub)?;
        }
        let is_alive = self.owner(shared, hub)?;
        if let Some((at, text)) = shared.store.status(hub)? {
            let told: Json = serde_json::from_str(&text).unwrap_or_default();
            self.told(&told, is_alive);
            let age = UnixMs(clock::unix_ms()).since(at);
            self.gauge(&STATUS_AGE, &[], age.as_secs_f64());
        }
        Ok(())
    }

    fn owner(&mut self, shared: &Shared, hub: &HubId) -> Result<bool, EngineError> {
        let lease = shared.store.lease(hub)?;
        let alive = lease
            .as_ref()
            .filter(|lease| status::is_alive(shared, hub, lease));
        self.gauge(&OWNER_ALIVE, &[], truth(alive.is_some()));
        self.gauge(
            &OWNER_CHANGES,
            &[],
            float(lease.as_ref().map_or(0, |lease| lease.epoch)),
        );
        if let Some(lease) = alive {
            let age = UnixMs(clock::unix_ms()).since(lease.taken_at);
            self.gauge(&OWNER_AGE, &[], age.as_secs_f64());
        }
        Ok(alive.is_some())
    }

    fn accounts(&mut self, shared: &Shared, hub: &HubId) -> Result<(), EngineError> {
        let health = shared.store.accounts(hub)?;
        let configured = shared
            .store
            .config(hub)?
            .map(|(_, config)| config.accounts)
            .unwrap_or_default();
        let mut by_state = [
            ("usable", 0_u64),
            ("paused", 0),
            ("disabled", 0),
            ("off", 0),
        ];
        for account in &configured {
            let known = health.iter().find(|known| known.name == account.name);
            let at = match known.map(|known| &known.state) {
                _ if !account.enabled => 3,
                None | Some(AccountState::Usable) => 0,
                Some(AccountState::Paused { .. }) => 1,
                Some(AccountState::Disabled { .. }) => 2,
            };
            by_state[at].1 += 1;
        }
        for (state, count) in by_state {
            self.gauge(&ACCOUNTS, &[("state", state)], float(count));
        }
        Ok(())
    }

    /// What the owner last told.
    fn told(&mut self, told: &Json, is_alive: bool) {
        for (family, key) in [
            (&WAITING, "waiting"),
            (&RUNNING, "running"),
            (&IN_DOUBT, "in_doubt"),
            (&HELD, "tombstones"),
            (&UNMATCHED, "unmatched"),
        ] {
            self.gauge(family, &[], told[key].as_f64().unwrap_or_default());
        }
        let difference = told["clock_difference"].as_f64().unwrap_or_default();
        self.gauge(&CLOCK_DIFFERENCE, &[], difference / 1_000.0);
        for gateway in ["bot", "user"] {
            let state = told[gateway]["state"].as_str().unwrap_or("off");
            if state == "off" {
                continue;
            }
            let is_up = is_alive && state == "live";
            self.gauge(&GATEWAY_UP, &[("gateway", gateway)], truth(is_up));
            for one in GATEWAY_STATES {
                let labels = [("gateway", gateway), ("state", one)];
                self.gauge(&GATEWAY_STATE, &labels, truth(one == state));
            }
        }
        if let Some(bytes) = told["owner"]["resident_bytes"].as_f64() {
            self.gauge(&OWNER_MEMORY, &[], bytes);
        }
        let log = &told["log"];
        self.gauge(&LOG_FAILING, &[], truth(log["state"] == "failing"));
        self.gauge(&LOG_LOST, &[], log["lost"].as_f64().unwrap_or_default());
        self.counted(&Totals::read(&told["metrics"]));
    }

    fn counted(&mut self, totals: &Totals) {
        for family in family::ALL {
            for (labels, value) in totals.counts.get(family.name).into_iter().flatten() {
                let labels = self.labels(labels);
                self.page.add(family, &labels, *value);
            }
            let Kind::Histogram(bounds) = family.kind else {
                continue;
            };
            for (labels, histogram) in totals.histograms.get(family.name).into_iter().flatten() {
                let labels = self.labels(labels);
                let mut count = 0;
                let bounds = bounds.iter().map(ToString::to_string);
                for (bound, bucket) in bounds.chain(["+Inf".to_owned()]).zip(&histogram.buckets) {
                    count += bucket;
                    let labels = format!("{labels},le=\"{bound}\"");
                    self.page.line(family, "_bucket", &labels, float(count));
                }
                self.page.line(family, "_sum", &labels, histogram.sum);
                self.page.line(family, "_count", &labels, float(count));
            }
        }
    }

    fn gauge(&mut self, family: &'static Family, labels: &[(&str, &str)], value: f64) {
        let labels = self.labels(&shown(labels));
        self.page.add(family, &labels, value);
    }

    fn labels(&self, more: &str) -> String {
        let comma = if more.is_empty() { "" } else { "," };
        format!("hub=\"{}\"{comma}{more}", self.name)
    }
}

fn truth(truth: bool) -> f64 {
    if truth { 1.0 } else { 0.0 }
}

/// Counts are small: beyond 2^53 they would be inexact.
#[expect(clippy::cast_precision_loss, reason = "no count comes near 2^53")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hubs_are_called_by_their_beginnings() {
        let hub = |id: &str| HubSummary {
            id: HubId(id.to_owned()),
            config_revision: 1,
            open_tasks: 0,
            used_at: UnixMs::default(),
            has_notices: false,
            is_readable: true,
        };
        let all = [
            hub("0123456789abcdef"),
            hub("0123456799abcdef"),
            hub("fedcba9876543210"),
        ];
        assert_eq!(short(&all[0].id, &all), "0123456789abcdef");
        assert_eq!(short(&all[2].id, &all), "fedcba98");
    }

    #[test]
    fn every_metric_is_told_of_even_without_a_value() {
        let text = Page::default().to_text();
        assert_eq!(text.lines().count(), 2 * family::ALL.len());
        for family in family::ALL {
            let is_counter = family.name.ends_with("_total");
            assert_eq!(is_counter, family.kind == Kind::Counter, "{}", family.name);
            assert!(!family.help.contains(['\\', '\n']));
        }
    }
}
