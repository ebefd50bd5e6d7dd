//! The part of the doctor's checks that needs the network: in PHP's own process, on a helper thread with a bounded time,
//! while PHP's thread waits and looks at its interrupts.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use mj_discord::UnixMs;
use mj_midjourney::{
    config::{HostSettings, HubConfig},
    store::TaskStore,
};
use mj_process::{Worker, clock};
use rustls::ClientConfig;
use serde_json::Value as Json;
use tokio::time::timeout;

use super::{
    Patient,
    check::Check,
    finding::Findings,
    hosts,
    options::DoctorOptions,
    text::{Shown, Text},
};
use crate::{network::Cut, runtime, shared::Shared, tls::Tls};

/// How often PHP's interrupts are looked at.
const SLICE: Duration = Duration::from_millis(50);
/// Cuts that are older, in milliseconds, may be of a reverse proxy that was mended since.
const LATELY: u64 = 5 * 60_000;
/// By how much two silences of one time-out differ, and how long they are at least, in milliseconds.
const SAME: u64 = 800;
/// How long a helper thread may take to end after its time.
const END: Duration = Duration::from_millis(200);

/// What the checks over the network need to know; it outlives the call where the helper thread does.
#[derive(Clone)]
pub(crate) struct Context {
    /// The hosts, proxy and certificate authorities in use.
    pub(crate) hosts: HostSettings,
    /// The hub that is looked at; none where none is configured.
    pub(crate) hub: Option<HubConfig>,
    /// TLS with all roots that mj trusts, read on PHP's thread.
    pub(crate) tls: Arc<ClientConfig>,
    /// How long all of it may take, from its beginning, [`Context::idle`] not counted.
    pub(crate) limit: Duration,
    /// How long a gateway's connection is kept silent on top of that; zero: not at all.
    pub(crate) idle: Duration,
    /// After what silence the owner's connections were cut lately, when that was the same each time.
    pub(crate) cut_after: Option<Duration>,
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// Makes all checks over the network that are wanted.
pub(super) fn check(
    patient: &Patient<'_>,
    shared: Option<&Shared>,
    options: &DoctorOptions,
    findings: &Findings,
    interrupted: &mut dyn FnMut() -> bool,
) {
    let wanted = |check: &&Check| check.is_of_network() && options.wants(**check);
    if !Check::ALL.iter().any(|check| wanted(&check)) {
        return skip(findings);
    }
    let context = match context(patient, shared, options) {
        Ok(context) => context,
        Err(why) => return leave(findings, &why),
    };
    if let Err(why) = run(
        context,
        findings,
        options.timeout + options.idle,
        interrupted,
    ) {
        leave(findings, &why);
    }
}

/// Notes that none is made, because the caller wants it so.
pub(super) fn skip(findings: &Findings) {
    for check in Check::ALL.iter().filter(|check| check.is_of_network()) {
        findings.skip(
            *check,
            Text::new(
                "not looked at: checks over the network are off",
                "未检查：已关闭网络检查",
            ),
        );
    }
}

/// What is left over could not be found out.
fn leave(findings: &Findings, why: &Text) {
    for check in Check::ALL.iter().filter(|check| check.is_of_network()) {
        if findings.may(*check) {
            findings.unknown(*check, why.clone(), None);
        }
    }
}

fn context(
    patient: &Patient<'_>,
    shared: Option<&Shared>,
    options: &DoctorOptions,
) -> Result<Context, Text> {
    let hosts = patient.hosts();
    let tls = Tls::default()
        .config(hosts.ca_file.as_deref())
        .map_err(|error| {
            Text::with(
                "TLS cannot be set up: {0}",
                "无法建立 TLS：{0}",
                [Shown::said(&error.to_string())],
            )
        })?;
    Ok(Context {
        hosts,
        hub: patient.hub.as_ref().map(|hub| hub.config.clone()),
        tls,
        limit: options.timeout,
        idle: options.idle,
        cut_after: shared.and_then(|shared| cut_after(patient, shared)),
    })
}

/// What the owner remembers of connections that were cut.
fn cut_after(patient: &Patient<'_>, shared: &Shared) -> Option<Duration> {
    let (_, text) = shared.store.status(&patient.hub.as_ref()?.id).ok()??;
    let status: Json = serde_json::from_str(&text).ok()?;
    let cuts: Vec<Cut> = serde_json::from_value(status.get("cuts")?.clone()).ok()?;
    regular(&cuts, UnixMs(clock::unix_ms()))
}

/// The silence after which connections are cut, when the last two were cut lately and after the same.
fn regular(cuts: &[Cut], now: UnixMs) -> Option<Duration> {
    let [newest, before, ..] = cuts else {
        return None;
    };
    let is_lately = now.0.saturating_sub(before.at.0) < LATELY;
    let is_same = newest.silence.abs_diff(before.silence) <= SAME;
    let silence = newest.silence.max(before.silence);
    (is_lately && is_same && silence >= SAME).then(|| Duration::from_millis(silence))
}

/// # Errors
/// Why not all checks were made.
fn run(
    context: Context,
    findings: &Findings,
    limit: Duration,
    interrupted: &mut dyn FnMut() -> bool,
) -> Result<(), Text> {
    let (done, ended) = mpsc::channel();
    let noted = findings.clone();
    let mut builder = runtime::builder();
    let mut job = move || -> std::io::Result<bool> {
        let runtime = builder.build()?;
        let checks = hosts::check(&context, &noted);
        let in_time = runtime.block_on(async { timeout(limit, Box::pin(checks)).await.is_ok() });
        // What a resolver or a connection still does in the background is of no interest.
        runtime.shutdown_background();
        Ok(in_time)
    };
    let worker = Worker::spawn(
        "mj-doctor",
        |_| {},
        move |_| {
            // A caller that was interrupted does not listen any more.
            let _ = done.send(job());
        },
    )
    .map_err(|error| no_thread(&error))?;
    let deadline = clock::boot() + limit + END;
    loop {
        match ended.recv_timeout(SLICE) {
            Ok(Ok(true)) => {
                worker.stop(END);
                return Ok(());
            }
            Ok(Ok(false)) => {
                worker.stop(END);
                return Err(too_long(limit));
            }
            Ok(Err(error)) => return Err(no_thread(&error)),
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                return Err(Text::new("the check ended unexpectedly", "检查意外终止"));
            }
            Err(mpsc::RecvTimeoutError::Timeout) if interrupted() => {
                return Err(Text::new("PHP interrupted the check", "检查被 PHP 中断"));
            }
            Err(mpsc::RecvTimeoutError::Timeout) if clock::boot() >= deadline => {
                return Err(too_long(limit));
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
    }
}

fn too_long(limit: Duration) -> Text {
    Text::with(
        "no result within {0} s; give options.timeout more",
        "{0} 秒内没有结果；可增大 options.timeout",
        [limit.as_secs().into()],
    )
}

fn no_thread(error: &std::io::Error) -> Text {
    Text::with(
        "no thread can be started: {0}",
        "无法启动线程：{0}",
        [Shown::said(&error.to_string())],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_like_cuts_are_a_time_out() {
        let now = UnixMs(1_000_000);
        let cut = |ago: u64, silence: u64| Cut {
            at: UnixMs(now.0 - ago),
            silence,
        };
        let found = |cuts: &[Cut]| regular(cuts, now).map(|silence| silence.as_millis());
        assert_eq!(found(&[cut(0, 30_050), cut(31_000, 30_010)]), Some(30_050));
        assert_eq!(found(&[cut(0, 30_050)]), None);
        assert_eq!(found(&[cut(0, 30_050), cut(9_000, 7_000)]), None);
        assert_eq!(
            found(&[cut(0, 20), cut(100, 30)]),
            None,
            "it breaks at once"
        );
        assert_eq!(
            found(&[cut(0, 30_050), cut(400_000, 30_010)]),
            None,
            "long ago"
        );
    }
}
