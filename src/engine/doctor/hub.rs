//! The hub at work, as the store and its owner's last words tell: accounts, owner, gateways, queue, webhooks.

mod gateways;

use std::sync::Arc;

use mj_discord::UnixMs;
use mj_midjourney::{
    account::AccountState,
    config::{GatewayMode, HubConfig, HubId},
    refusal::{FailCode, Lang},
    store::{Grade, IdentifyBudget, Lease, StoreError, TaskStore},
    task::Status as TaskStatus,
};
use mj_process::{Identity, clock};
use serde_json::Value as Json;

use super::{
    Patient,
    check::Check,
    database::state_words,
    finding::Findings,
    text::{Shown, Text},
};
use crate::{
    config::{Role, token_hash},
    error::EngineError,
    shared::Shared,
    status::{self, is_alive},
};

/// Logins of one day that are more than a healthy day has by far.
const MANY_LOGINS: u32 = 300;
/// Messages that are nobody's, when people use the channel too.
const MANY_UNMATCHED: u64 = 10;
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
            owner(patient, &hub, findings);
            configuration(&hub, findings);
            gateways::gateways(&hub, findings);
            gateways::network(&hub, findings);
            identifies(&hub, findings);
            queue(&hub, findings);
            in_doubt(&hub, findings);
            unseen(&hub, findings);
            unmatched(&hub, findings);
            webhooks(&hub, findings);
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

fn owner(patient: &Patient<'_>, hub: &Hub<'_>, findings: &Findings) {
    role(patient, hub, findings);
    if !findings.may(Check::OwnerAlive) {
        return;
    }
    let check = Check::OwnerAlive;
    let open = hub.waiting + hub.running;
    let start = Text::new(
        "open a page of the site that calls mj, or keep a script with mj_serve() running (supervisor, systemd); docs/fpm.md",
        "请打开站点中调用 mj 的页面，或让一个执行 mj_serve() 的脚本常驻（supervisor、systemd）；见 docs/fpm.zh-CN.md",
    );
    let Some(lease) = hub.lease.as_ref().filter(|_| hub.alive) else {
        let seen = Text::with(
            "no process owns the hub; {0} tasks wait or run",
            "没有进程拥有该 Hub；有 {0} 个任务等待或进行中",
            [open.into()],
        );
        if open > 0 {
            findings.fail(check, seen, start);
        } else {
            findings.warn(check, seen, start);
        }
        return;
    };
    let state = process_of(lease).and_then(|process| process.state());
    let grade = match lease.grade {
        Grade::Resident => Text::new("resident", "常驻"),
        Grade::Transient => Text::new("a short script", "短脚本"),
    };
    let since = hub.ago(lease.taken_at);
    if matches!(state, Some('T' | 't')) {
        return findings.fail(
            check,
            Text::with(
                "process {0} owns the hub and is stopped",
                "拥有该 Hub 的进程 {0} 已被暂停",
                [lease.pid.into()],
            ),
            Text::with(
                "let it go on (kill -CONT {0}), or end it (kill -KILL {0}); another takes over",
                "让它继续（kill -CONT {0}）或结束它（kill -KILL {0}）；其他进程会接管",
                [lease.pid.into()],
            ),
        );
    }
    findings.ok(
        check,
        Text::with(
            "process {0} ({1}, {2}) for {3}",
            "进程 {0}（{1}，{2}），已 {3}",
            [
                lease.pid.into(),
                grade.into(),
                state_words(state).into(),
                Shown::span(since),
            ],
        ),
    );
}

/// The process of a lease.
fn process_of(lease: &Lease) -> Option<Identity> {
    Some(Identity {
        pid: i32::try_from(lease.pid).ok()?,
        start_time: lease.start_time,
        boot_id: lease.boot_id.clone(),
    })
}

fn role(patient: &Patient<'_>, hub: &Hub<'_>, findings: &Findings) {
    let check = Check::OwnerRole;
    if !findings.may(check) {
        return;
    }
    let never = patient.set(|it| (it.role == Role::Never).then_some("mj.role = never"));
    let late = patient.set(|it| (!it.autostart).then_some("mj.autostart = 0"));
    match never.or(late) {
        None => findings.ok(
            check,
            Text::new("this PHP may own a hub", "该 PHP 可以担任所有者"),
        ),
        Some(setting) if hub.alive => findings.ok(
            check,
            Text::with(
                "{0} here, and another process owns the hub",
                "此处 {0}，由其他进程担任所有者",
                [setting.into()],
            ),
        ),
        Some(setting) => findings.fail(
            check,
            Text::with(
                "{0}, and no other process owns the hub: nothing is ever sent",
                "{0}，且没有其他进程担任所有者：任务永远不会发送",
                [setting.into()],
            ),
            Text::new(
                "keep a script with mj_serve() running that has mj.role = auto, or take the setting out",
                "请让一个 mj.role = auto 且执行 mj_serve() 的脚本常驻，或去掉该设置",
            ),
        ),
    }
}

fn configuration(hub: &Hub<'_>, findings: &Findings) {
    let check = Check::OwnerConfiguration;
    if !findings.may(check) {
        return;
    }
    let Ok(Some((stored, _))) = hub.shared.store.config(hub.id) else {
        return findings.ok(check, Text::new("none is stored yet", "尚未保存"));
    };
    match hub.said("/owner/config_revision").as_u64() {
        Some(taken) if taken < stored && hub.alive => findings.fail(
            check,
            Text::with(
                "it still works with settings number {0}, the newest are number {1}",
                "仍在使用第 {0} 版配置，最新为第 {1} 版",
                [taken.into(), stored.into()],
            ),
            Text::new(
                "look into mj.log for \"the new configuration cannot be used\" (mj.ca_file must be readable for its user), or restart php-fpm",
                "请在 mj.log 中查找 “the new configuration cannot be used”（其用户须能读取 mj.ca_file），或重启 php-fpm",
            ),
        ),
        Some(_) => findings.ok(check, Text::new("the newest", "已是最新")),
        None => findings.ok(check, Text::new("it has not said so yet", "尚未上报")),
    }
}

fn identifies(hub: &Hub<'_>, findings: &Findings) {
    let check = Check::OwnerIdentifies;
    if !findings.may(check) {
        return;
    }
    let main = hub.config.accounts.first().map(|main| &main.user_token);
    let tokens = [("user", main), ("bot", hub.config.bot_token.as_ref())];
    let mut logins = Vec::new();
    for (kind, token) in tokens {
        let Some(token) = token else { continue };
        match hub.shared.store.identifies(hub.now, &token_hash(token)) {
            Ok(count) => logins.push((kind, count)),
            Err(error) => {
                let why = Text::with("{0}", "{0}", [Shown::said(&error.to_string())]);
                return findings.unknown(check, why, None);
            }
        }
    }
    let most = logins
        .iter()
        .map(|(_, count)| *count)
        .max()
        .unwrap_or_default();
    let seen: Vec<Shown> = logins
        .into_iter()
        .map(|(kind, count)| Text::with("{0}: {1}", "{0}：{1}", [kind.into(), count.into()]).into())
        .collect();
    let seen = Text::with(
        "{0} of {1} a day",
        "{0}，每日上限 {1}",
        [Shown::list(seen), IdentifyBudget::DAILY.into()],
    );
    let todo = Text::new(
        "something logs in again and again: two state directories with one token, or a token that flips; see \"the gateway session is lost\" in mj.log",
        "有进程在反复登录：两个状态目录共用一个令牌，或令牌来回变动；请查看 mj.log 中的 “the gateway session is lost”",
    );
    if most > IdentifyBudget::DAILY - IdentifyBudget::RESERVE {
        findings.fail(check, seen, todo);
    } else if most > MANY_LOGINS {
        findings.warn(check, seen, todo);
    } else {
        findings.ok(check, seen);
    }
}

fn queue(hub: &Hub<'_>, findings: &Findings) {
    let check = Check::TasksQueue;
    if !findings.may(check) {
        return;
    }
    let size = u64::from(hub.config.queue_size);
    let seen = Text::with(
        "{0} wait of {1} that may, {2} run",
        "等待 {0} 个（上限 {1}），进行中 {2} 个",
        [hub.waiting.into(), size.into(), hub.running.into()],
    );
    let todo = Text::new(
        "see why nothing leaves it (the checks before this one); raise mj.concurrency or add accounts; mj.queue_size is the limit",
        "先看前面的检查，弄清为何没有发出；可提高 mj.concurrency 或增加账号；上限为 mj.queue_size",
    );
    if hub.waiting >= size {
        findings.fail(check, seen, todo);
    } else if hub.waiting * 5 >= size * 4 {
        findings.warn(check, seen, todo);
    } else {
        findings.ok(check, seen);
    }
}

fn in_doubt(hub: &Hub<'_>, findings: &Findings) {
    let check = Check::TasksInDoubt;
    if !findings.may(check) {
        return;
    }
    match hub.said("/in_doubt").as_u64().unwrap_or_default() {
        0 => findings.ok(check, Text::new("none", "无")),
        count => findings.warn(
            check,
            Text::with(
                "of {0} it is not known whether Midjourney got them",
                "有 {0} 个任务无法确认 Midjourney 是否收到",
                [count.into()],
            ),
            Text::new(
                "nothing at once: they are searched for in the channel; often a reverse proxy answered 502 in place of Discord",
                "暂无需处理：正在频道中查找；多因反向代理以 502 代替了 Discord 的应答",
            ),
        ),
    }
}

/// An account's name, and how many tasks it runs, as its owner said.
fn at_work_of(account: &Json) -> Option<(String, u64)> {
    let name = account["name"].as_str()?.to_owned();
    Some((name, account["running"].as_u64()?))
}

/// The same of accounts that have a hub of their own, where its session is not live.
fn silent_relatives(hub: &Hub<'_>) -> Result<Vec<(String, u64)>, EngineError> {
    let all = hub.shared.store.hubs()?;
    let mut silent = Vec::new();
    for relative in status::relatives(hub.shared, hub.id, &all)? {
        let Some((_, said)) = status::said(hub.shared, &relative)? else {
            continue;
        };
        if said["user"]["state"] != "live" {
            let accounts = said["accounts"].as_array();
            silent.extend(accounts.into_iter().flatten().filter_map(at_work_of));
        }
    }
    Ok(silent)
}

fn unseen(hub: &Hub<'_>, findings: &Findings) {
    let check = Check::TasksUnseen;
    if !findings.may(check) {
        return;
    }
    let listens = matches!(hub.config.gateway, GatewayMode::User | GatewayMode::Both);
    let main = hub.config.accounts.first().filter(|_| listens);
    let accounts = hub.said("/accounts").as_array();
    let unheard: Vec<(String, u64)> = accounts
        .into_iter()
        .flatten()
        .filter_map(at_work_of)
        .filter(|(name, _)| main.is_none_or(|main| main.name != *name))
        .collect();
    let mut unheard = unheard;
    match silent_relatives(hub) {
        Ok(silent) => unheard.extend(silent),
        Err(error) => {
            let why = Text::with("{0}", "{0}", [Shown::said(&error.to_string())]);
            return findings.unknown(check, why, None);
        }
    }
    let at_work = unheard.iter().filter(|(_, running)| *running > 0);
    let running: u64 = at_work.clone().map(|(_, running)| *running).sum();
    if running == 0 {
        return findings.ok(
            check,
            Text::with(
                "{0} accounts have no session here, none of them runs a task",
                "{0} 个账号在此没有会话，均无进行中的任务",
                [unheard.len().into()],
            ),
        );
    }
    findings.warn(
        check,
        Text::with(
            "{0} tasks run on accounts whose refusals nobody sees: {1}",
            "{0} 个任务所用账号的拒绝通知无人能看到：{1}",
            [
                running.into(),
                Shown::list(at_work.map(|(name, _)| Shown::said(name))),
            ],
        ),
        Text::new(
            "such a task ends as UNSEEN when it was refused; where that matters, set the account as mj.user_token, or mj.token_sessions = 1 for tokens that come with tasks",
            "此类任务被拒绝时以 UNSEEN 结束；若需看到原因，请将该账号设为 mj.user_token；随任务传入的令牌可设 mj.token_sessions = 1",
        ),
    );
}

fn unmatched(hub: &Hub<'_>, findings: &Findings) {
    let check = Check::TasksUnmatched;
    if !findings.may(check) {
        return;
    }
    let count = hub.said("/unmatched").as_u64().unwrap_or_default();
    let seen = Text::with(
        "{0} of Midjourney's recent messages belong to no task",
        "最近有 {0} 条 Midjourney 消息不属于任何任务",
        [count.into()],
    );
    if count < MANY_UNMATCHED {
        return findings.ok(check, seen);
    }
    findings.warn(
        check,
        seen,
        Text::new(
            "all right where people use the channel too; better give mj a channel of its own. If tasks end as TIMEOUT with their picture in the channel, please report it",
            "若有人也在使用该频道则属正常，最好给 mj 单独的频道。若频道中有图而任务却 TIMEOUT，请反馈",
        ),
    );
}

fn webhooks(hub: &Hub<'_>, findings: &Findings) {
    let check = Check::Webhooks;
    if !findings.may(check) {
        return;
    }
    match hub.shared.store.notice_counts(hub.id) {
        Ok(counts) if counts.failed == 0 => findings.ok(
            check,
            Text::with("{0} are under way", "{0} 个发送中", [counts.pending.into()]),
        ),
        Ok(counts) => findings.warn(
            check,
            Text::with(
                "{0} were given up: their address did not take them",
                "{0} 个已放弃：目标地址未接收",
                [counts.failed.into()],
            ),
            Text::new(
                "see that notify_url answers with a status of 200 to 299 within 10 s; mj_poll() knows the tasks' state all the same",
                "请确认 notify_url 能在 10 秒内返回 200–299；任务状态仍可用 mj_poll() 查询",
            ),
        ),
        Err(error) => {
            let why = Text::with("{0}", "{0}", [Shown::said(&error.to_string())]);
            findings.unknown(check, why, None);
        }
    }
}
