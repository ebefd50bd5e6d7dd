//! How the hosts of a hub are to be reached, as the owner found at its last try of each: what `mj_status()` shows as
//! `network`.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use mj_discord::UnixMs;
use mj_midjourney::refusal::Lang;
use mj_process::clock;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::{metrics::Meter, trouble::Trouble};

/// What a request is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// REST.
    Api,
    /// The WebSocket.
    Gateway,
    /// Finished pictures.
    Cdn,
    /// Slots for callers' pictures.
    Upload,
    /// None of Discord's: webhooks, the archive, Midjourney's editor.
    Elsewhere,
}

impl Place {
    /// Those that are shown.
    const SHOWN: [Self; 4] = [Self::Api, Self::Gateway, Self::Cdn, Self::Upload];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Gateway => "gateway",
            Self::Cdn => "cdn",
            Self::Upload => "upload",
            Self::Elsewhere => "elsewhere",
        }
    }
}

/// What is known of one place.
#[derive(Clone, Copy, Debug, Default)]
enum Known {
    /// Not tried yet.
    #[default]
    Nothing,
    Well,
    Failing {
        trouble: Trouble,
        since: UnixMs,
        times: u64,
    },
}

/// What is known of all of them.
#[derive(Debug, Default)]
pub(crate) struct Network {
    /// What is counted of the hub: its requests and gateways, and all else.
    pub(crate) meter: Meter,
    known: Mutex<[Known; 4]>,
    cuts: Mutex<VecDeque<Cut>>,
    has_changed: AtomicBool,
}

/// Cuts that are remembered.
const MOST_CUTS: usize = 4;

/// A gateway's connection that was cut without a word.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Cut {
    /// When.
    pub(crate) at: UnixMs,
    /// For how long nothing had come by then, in milliseconds.
    pub(crate) silence: u64,
}

impl Network {
    /// A try of a place ended.
    pub(crate) fn note(&self, place: Place, outcome: Result<(), Trouble>) {
        let Some(at) = Place::SHOWN.iter().position(|shown| *shown == place) else {
            return;
        };
        let mut known = self.known.lock();
        let next = match (known[at], outcome) {
            (Known::Well, Ok(())) => return,
            (_, Ok(())) => Known::Well,
            (Known::Failing { since, times, .. }, Err(trouble)) => Known::Failing {
                trouble,
                since,
                times: times + 1,
            },
            (_, Err(trouble)) => Known::Failing {
                trouble,
                since: UnixMs(clock::unix_ms()),
                times: 1,
            },
        };
        known[at] = next;
        self.has_changed.store(true, Ordering::Release);
    }

    /// A gateway's connection was cut without a word, after a silence of this length.
    pub(crate) fn note_cut(&self, silence: Duration) {
        let mut cuts = self.cuts.lock();
        cuts.truncate(MOST_CUTS - 1);
        cuts.push_front(Cut {
            at: UnixMs(clock::unix_ms()),
            silence: u64::try_from(silence.as_millis()).unwrap_or(u64::MAX),
        });
        self.has_changed.store(true, Ordering::Release);
    }

    /// The last cuts, the newest first.
    pub(crate) fn cuts(&self) -> Vec<Cut> {
        self.cuts.lock().iter().copied().collect()
    }

    /// Whether anything is known that was not at the last call.
    pub(crate) fn take_changed(&self) -> bool {
        self.has_changed.swap(false, Ordering::AcqRel)
    }

    /// What is wrong now, by place: whoever reads the status puts it into words of their own language.
    pub(crate) fn troubles(&self) -> BTreeMap<&'static str, Trouble> {
        let known = self.known.lock();
        let failing = Place::SHOWN.iter().zip(known.iter());
        failing
            .filter_map(|(place, known)| match known {
                Known::Failing { trouble, .. } => Some((place.as_str(), *trouble)),
                Known::Nothing | Known::Well => None,
            })
            .collect()
    }

    /// As `mj_status()` shows it.
    pub(crate) fn shown(&self, lang: Lang) -> Json {
        let known = self.known.lock();
        let entries = Place::SHOWN.iter().zip(known.iter()).map(|(place, known)| {
            let shown = match known {
                Known::Nothing => {
                    json!({"state": "unused", "reason": null, "since": null, "times": 0})
                }
                Known::Well => json!({"state": "ok", "reason": null, "since": null, "times": 0}),
                Known::Failing {
                    trouble,
                    since,
                    times,
                } => json!({
                    "state": "failing", "reason": trouble.words(lang), "since": since.0, "times": times,
                }),
            };
            (place.as_str().to_owned(), shown)
        });
        Json::Object(entries.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_the_last_cuts() {
        let network = Network::default();
        for seconds in 1..=6 {
            network.note_cut(Duration::from_secs(seconds));
        }
        assert!(network.take_changed());
        let silences: Vec<u64> = network.cuts().iter().map(|cut| cut.silence).collect();
        assert_eq!(silences, [6_000, 5_000, 4_000, 3_000]);
    }

    #[test]
    fn remembers_since_when_and_how_often() {
        let network = Network::default();
        assert_eq!(network.shown(Lang::En)["api"]["state"], "unused");
        network.note(Place::Api, Err(Trouble::Refused));
        network.note(Place::Api, Err(Trouble::CertificateTime));
        network.note(Place::Elsewhere, Err(Trouble::Refused));
        assert!(network.take_changed() && !network.take_changed());
        let shown = network.shown(Lang::En);
        assert_eq!(shown["api"]["state"], "failing");
        assert_eq!(shown["api"]["times"], 2);
        assert_eq!(shown["cdn"]["state"], "unused");
        let reason = shown["api"]["reason"].as_str().unwrap();
        assert!(reason.contains("expired"), "{reason}");
        let troubles = json!({"api": "certificate_time"});
        assert_eq!(json!(network.troubles()), troubles);
        network.note(Place::Api, Ok(()));
        assert_eq!(json!(network.troubles()), json!({}));
        assert_eq!(network.shown(Lang::En)["api"]["state"], "ok");
        assert!(network.take_changed());
        network.note(Place::Api, Ok(()));
        assert!(!network.take_changed(), "nothing new");
    }
}
