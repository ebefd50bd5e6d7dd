//! The hub at work, as the store and its owner's last words tell: accounts, owner, gateways, queue, webhooks.

mod gateways;
mod owner;
mod tasks;

use std::sync::Arc;

use mj_discord::UnixMs;
use mj_midjourney::{
    account::AccountState,
    config::{HubConfig, HubId},
    refusal::{FailCode, Lang},
    store::{Lease, StoreError, TaskStore as _},
    task::Status as TaskStatus,
};
use mj_process::clock;
use serde_json::Value as Json;

use super::{
    Patient,
    check::Check,
    finding::Findings,
    text::{Shown, Text},
};
use crate::{shared::Shared, status::is_alive};

/// A hub and what is stored of it.
struct Hub<'h> {
    shared: &'h Arc<Shared>,
    id: &'h HubId,
    config: &'h HubConfig,
    now: UnixMs,
    lease: Option<Lease>,
    alive: bool,
    seen: Option<Json>,
    waiting: u64,
    running: u64,
}

impl<'h> Hub<'h> {
    fn read(
        shared: &'h Arc<Shared>,
        id: &'h HubId,
        config: &'h HubConfig,
    ) -> Result<Self, StoreError> {
        let lease = shared.store.lease(id)?;
        let counts = shared.store.counts(id)?;
        let count = |wanted: &[TaskStatus]| {
            let of = TaskStatus::ALL.iter().zip(counts.by_status);
            of.filter(|(status, _)| wanted.contains(status))
                .map(|(_, count)| count)
                .sum()
        };
        let seen = shared.store.status(id)?;
        Ok(Self {
            alive: lease
                .as_ref()
                .is_some_and(|lease| is_alive(shared, id, lease)),
            waiting: count(&[TaskStatus::NotStart]),
            running: count(&[
                TaskStatus::Submitted,
                TaskStatus::Modal,
                TaskStatus::InProgress,
            ]),
            seen: seen.and_then(|(_, text)| serde_json::from_str(&text).ok()),
            now: UnixMs(clock::unix_ms()),
            lease,
            shared,
            id,
            config,
        })
    }

    /// A part of what the owner wrote last; null where it wrote none.
    fn said(&self, pointer: &str) -> &Json {
        let said = self.seen.as_ref().and_then(|seen| seen.pointer(pointer));
        said.unwrap_or(&Json::Null)
    }

    /// Seconds since a time.
    fn ago(&self, at: UnixMs) -> u64 {
        self.now.since(at).as_secs()
    }
}

/// Makes the checks of this file.
pub(super) fn check(patient: &Patient<'_>, shared: Option<&Arc<Shared>>, findings: &Findings) {
    let hub = match (shared, &patient.hub) {
        (Some(shared), Some(hub)) => Hub::read(shared, &hub.id, &hub.config).map(Some),
        _ => Ok(None),
    };
    match hub {
        Ok(Some(hub)) => {
            version(patient, Some(&hub), findings);
            accounts(&hub, findings);
            owner::check(patient, &hub, findings);
            owner::configuration(&hub, findings);
            gateways::gateways(&hub, findings);
            gateways::network(&hub, findings);
            owner::identifies(&hub, findings);
            tasks::queue(&hub, findings);
            tasks::in_doubt(&hub, findings);
            tasks::unseen(&hub, findings);
            tasks::unmatched(&hub, findings);
            tasks::webhooks(&hub, findings);
        }
        Ok(None) => {
            version(patient, None, findings);
            rest(
                findings,
                &Text::new("there is no hub to look at", "没有可检查的 Hub"),
            );
        }
        Err(error) => {
            version(patient, None, findings);
            let why = Text::with(
                "it cannot be read: {0}",
                "无法读取：{0}",
                [Shown::said(&error.to_string())],
            );
            rest(findings, &why);
        }
    }
}

/// What is left over was not looked at.
fn rest(findings: &Findings, why: &Text) {
    for check in Check::ALL
        .iter()
        .filter(|check| **check >= Check::AccountState)
    {
        if findings.may(*check) {
            findings.skip(*check, why.clone());
        }
    }
}

fn version(patient: &Patient<'_>, hub: Option<&Hub<'_>>, findings: &Findings) {
    let own = env!("CARGO_PKG_VERSION");
    let owners = hub
        .filter(|hub| hub.alive)
        .and_then(|hub| hub.said("/owner/version").as_str());
    if let Some(other) = owners.filter(|other| *other != own) {
        return findings.warn(
            Check::ExtensionVersion,
            Text::with(
                "{0} here, and the owner runs {1}",
                "此处为 {0}，而所有者运行 {1}",
                [own.into(), Shown::said(other)],
            ),
            Text::new(
                "restart php-fpm and every script that runs on: one of them still has the mj.so from before",
                "请重启 php-fpm 及所有常驻脚本：其中之一仍在使用旧的 mj.so",
            ),
        );
    }
    let safety = if patient.php.thread_safe {
        "ZTS"
    } else {
        "NTS"
    };
    let build = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    findings.ok(
        Check::ExtensionVersion,
        Text::with(
            "{0}, built for PHP's interface {1} {2}, {3}, {4}",
            "{0}，为 PHP 接口 {1} {2} 构建，{3}，{4}",
            [
                own.into(),
                patient.php.module_api.into(),
                safety.into(),
                std::env::consts::ARCH.into(),
                build.into(),
            ],
        ),
    );
}

fn accounts(hub: &Hub<'_>, findings: &Findings) {
    let check = Check::AccountState;
    if !findings.may(check) {
        return;
    }
    let health = match hub.shared.store.accounts(hub.id) {
        Ok(health) => health,
        Err(error) => {
            let why = Text::with("{0}", "{0}", [Shown::said(&error.to_string())]);
            return findings.unknown(check, why, None);
        }
    };
    let stopped = hub.config.accounts.iter().find_map(|account| {
        let known = health.iter().find(|known| known.name == account.name)?;
        Some((known, known.state.code()?))
    });
    let Some((known, code)) = stopped else {
        let usable = Text::with(
            "{0}, all usable as last seen",
            "{0} 个，最近所见均可用",
            [hub.config.accounts.len().into()],
        );
        return findings.ok(check, usable);
    };
    // The same trouble, seen from here just before.
    if code == FailCode::Unauthorized && findings.skip_after(check, &[Check::DiscordUserToken]) {
        return;
    }
    let words = Shown::both(code.message(Lang::En), code.message(Lang::Zh));
    let reason = known.reason.as_deref().map_or_else(
        || Shown::from(code.as_str()),
        |reason| Shown::said(&format!("{}: {reason}", code.as_str())),
    );
    let todo = Text::with(
        "{0}",
        "{0}",
        [Shown::both(code.advice(Lang::En), code.advice(Lang::Zh))],
    );
    let name = Shown::said(&known.name);
    match known.state {
        AccountState::Paused { until, .. } => findings.warn(
            check,
            Text::with(
                "account {0} pauses for {1} more: {2} ({3})",
                "账号 {0} 暂停，还有 {1}：{2}（{3}）",
                [
                    name,
                    Shown::span(until.since(hub.now).as_secs()),
                    words,
                    reason,
                ],
            ),
            todo,
        ),
        AccountState::Disabled { .. } | AccountState::Usable => findings.fail(
            check,
            Text::with(
                "account {0} is stopped: {1} ({2})",
                "账号 {0} 已停用：{1}（{2}）",
                [name, words, reason],
            ),
            todo,
        ),
    }
}
