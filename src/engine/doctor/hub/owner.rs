//! The owner: whether one may be, which process is it, what it took over, how often it logged in.

use mj_midjourney::store::{Grade, IdentifyBudget, Lease, TaskStore as _};
use mj_process::Identity;

use super::Hub;
use crate::{
    config::{Role, token_hash},
    doctor::{
        Patient,
        check::Check,
        database::state_words,
        finding::Findings,
        text::{Shown, Text},
    },
};

/// Logins of one day that are more than a healthy day has by far.
const MANY_LOGINS: u32 = 300;

pub(super) fn check(patient: &Patient<'_>, hub: &Hub<'_>, findings: &Findings) {
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

pub(super) fn configuration(hub: &Hub<'_>, findings: &Findings) {
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

pub(super) fn identifies(hub: &Hub<'_>, findings: &Findings) {
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
