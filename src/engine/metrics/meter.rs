//! What an owner counts. It is stored with the owner's status, so that any process can show it and the next owner goes
//! on with it: what `mj_metrics()` shows never goes back.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use parking_lot::Mutex;
use serde::Serialize;
use serde_json::Value as Json;

use super::family::{self, Family, Kind};

/// Counters of one hub, by metric and labels.
#[derive(Debug, Default)]
pub(crate) struct Meter(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    totals: Totals,
    /// What [`Meter::follow`] was told last.
    followed: BTreeMap<(&'static str, String), f64>,
    has_changed: bool,
}

/// What is counted, by metric and by labels as they are shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Totals {
    /// Counters.
    pub(super) counts: BTreeMap<&'static str, BTreeMap<String, f64>>,
    /// Histograms.
    pub(super) histograms: BTreeMap<&'static str, BTreeMap<String, Histogram>>,
}

/// How often what was observed fell between two bounds, the last without one, and all of it together.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Histogram {
    pub(super) buckets: Vec<u64>,
    pub(super) sum: f64,
}

impl Meter {
    /// One more.
    pub(crate) fn count(&self, family: &'static Family, labels: &[(&str, &str)]) {
        self.add(family, labels, 1.0);
    }

    /// So much more.
    pub(crate) fn add(&self, family: &'static Family, labels: &[(&str, &str)], more: f64) {
        let mut counted = self.0.lock();
        counted.has_changed = true;
        counted.totals.add(family, shown(labels), more);
    }

    /// Takes over a counter that is kept elsewhere and began at 0 with this owner.
    pub(crate) fn follow(&self, family: &'static Family, labels: &[(&str, &str)], now: f64) {
        let labels = shown(labels);
        let mut counted = self.0.lock();
        let last = counted
            .followed
            .insert((family.name, labels.clone()), now)
            .unwrap_or_default();
        if now > last {
            counted.totals.add(family, labels, now - last);
        }
    }

    /// Something took so long.
    pub(crate) fn observe(&self, family: &'static Family, labels: &[(&str, &str)], took: Duration) {
        self.observe_quietly(family, labels, took);
        self.0.lock().has_changed = true;
    }

    /// The same for what needs no status of its own: the writing of one is such.
    pub(crate) fn observe_quietly(
        &self,
        family: &'static Family,
        labels: &[(&str, &str)],
        took: Duration,
    ) {
        let Kind::Histogram(bounds) = family.kind else {
            return;
        };
        let mut counted = self.0.lock();
        let of_family = counted.totals.histograms.entry(family.name).or_default();
        let histogram = of_family.entry(shown(labels)).or_default();
        histogram.buckets.resize(bounds.len() + 1, 0);
        let seconds = took.as_secs_f64();
        let at = bounds.partition_point(|bound| *bound < seconds);
        if let Some(bucket) = histogram.buckets.get_mut(at) {
            *bucket += 1;
            histogram.sum += seconds;
        }
    }

    /// Goes on with what the owner before has stored.
    pub(crate) fn restore(&self, stored: &Json) {
        self.0.lock().totals = Totals::read(stored);
    }

    /// All of it, to be stored.
    pub(crate) fn told<T>(&self, store: impl FnOnce(&Totals) -> T) -> T {
        let mut counted = self.0.lock();
        counted.has_changed = false;
        store(&counted.totals)
    }

    /// Whether something was counted since [`Meter::told`].
    pub(crate) fn has_changed(&self) -> bool {
        self.0.lock().has_changed
    }
}

impl Totals {
    /// What is stored, as far as this version knows it.
    pub(super) fn read(stored: &Json) -> Self {
        let series = |kind: &str| {
            let families = stored[kind].as_object().into_iter().flatten();
            families.filter_map(|(name, series)| Some((family::named(name)?, series.as_object()?)))
        };
        let mut totals = Self::default();
        for (family, series) in series("counts") {
            for (labels, value) in series.iter().filter(|(labels, _)| is_sound(labels)) {
                totals.add(family, labels.clone(), value.as_f64().unwrap_or_default());
            }
        }
        for (family, series) in series("histograms") {
            let Kind::Histogram(bounds) = family.kind else {
                continue;
            };
            for (labels, value) in series.iter().filter(|(labels, _)| is_sound(labels)) {
                let buckets: Vec<u64> = value["buckets"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Json::as_u64)
                    .collect();
                // Other bounds are another version's: the histogram begins anew.
                if buckets.len() == bounds.len() + 1 {
                    let sum = value["sum"].as_f64().unwrap_or_default();
                    let histogram = Histogram { buckets, sum };
                    let of_family = totals.histograms.entry(family.name).or_default();
                    of_family.insert(labels.clone(), histogram);
                }
            }
        }
        totals
    }

    fn add(&mut self, family: &'static Family, labels: String, more: f64) {
        if family.kind == Kind::Counter && more >= 0.0 {
            *self
                .counts
                .entry(family.name)
                .or_default()
                .entry(labels)
                .or_default() += more;
        }
    }
}

/// Whether stored labels are of our making, as far as a line's shape goes.
fn is_sound(labels: &str) -> bool {
    !labels.contains(|c: char| c.is_control())
}

/// Labels as the text format has them, without their braces.
pub(super) fn shown(labels: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in labels {
        let comma = if text.is_empty() { "" } else { "," };
        let _ = write!(text, "{comma}{name}=\"");
        for c in value.chars() {
            match c {
                '"' | '\\' => text.extend(['\\', c]),
                '\n' => text.push_str("\\n"),
                c if c.is_control() => text.push(' '),
                c => text.push(c),
            }
        }
        text.push('"');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{COMMIT_SECONDS, MATCHED, RESUMES};

    fn stored(meter: &Meter) -> Json {
        meter.told(|totals| serde_json::to_value(totals).unwrap())
    }

    #[test]
    fn an_heir_goes_on_counting() {
        let meter = Meter::default();
        meter.count(&RESUMES, &[("gateway", "bot")]);
        meter.follow(&MATCHED, &[("step", "nonce")], 3.0);
        meter.follow(&MATCHED, &[("step", "nonce")], 5.0);
        for millis in [1, 2, 900, 60_000] {
            meter.observe(
                &COMMIT_SECONDS,
                &[("durable", "yes")],
                Duration::from_millis(millis),
            );
        }
        assert!(meter.has_changed());
        let first = stored(&meter);
        assert!(!meter.has_changed());
        let before = stored(&meter);
        meter.observe_quietly(&COMMIT_SECONDS, &[], Duration::ZERO);
        assert!(!meter.has_changed(), "the status would be written for ever");
        assert_ne!(stored(&meter), before);
        let heir = Meter::default();
        heir.restore(&first);
        assert_eq!(stored(&heir), first);
        heir.count(&RESUMES, &[("gateway", "bot")]);
        heir.follow(&MATCHED, &[("step", "nonce")], 2.0);
        let totals = Totals::read(&stored(&heir));
        assert_eq!(
            totals.counts["mj_gateway_resumes_total"]["gateway=\"bot\""].to_string(),
            "2"
        );
        assert_eq!(
            totals.counts["mj_messages_matched_total"]["step=\"nonce\""].to_string(),
            "7"
        );
        let commits = &totals.histograms["mj_store_commit_seconds"]["durable=\"yes\""];
        assert_eq!(commits.buckets.iter().sum::<u64>(), 4);
        // 1 ms lies in the bucket whose bound it is.
        assert_eq!((commits.buckets[1], commits.buckets[12]), (1, 1));
        assert!((commits.sum - 60.903).abs() < 1e-9);
    }

    #[test]
    fn what_another_version_stored_is_left_out() {
        let stored = serde_json::json!({
            "counts": {"mj_of_tomorrow_total": {"": 1}, "mj_tasks": {"": 1}, "mj_gateway_gaps_total": {"a\nb": 1, "": -1}},
            "histograms": {"mj_store_commit_seconds": {"": {"buckets": [1, 2], "sum": 3}}},
        });
        assert_eq!(Totals::read(&stored), Totals::default());
        assert_eq!(Totals::read(&Json::Null), Totals::default());
    }

    #[test]
    fn labels_are_escaped() {
        assert_eq!(
            shown(&[("a", "x\"y\\z\nb\u{7}"), ("b", "")]),
            "a=\"x\\\"y\\\\z\\nb \",b=\"\""
        );
    }
}
