//! The hub's tasks: how many wait, which are in doubt, whose refusals nobody sees; messages and webhooks besides.

use mj_midjourney::{config::GatewayMode, store::TaskStore as _};
use serde_json::Value as Json;

use super::Hub;
use crate::{
    doctor::{
        check::Check,
        finding::Findings,
        text::{Shown, Text},
    },
    error::EngineError,
    status,
};

/// Messages that are nobody's, when people use the channel too.
const MANY_UNMATCHED: u64 = 10;

pub(super) fn queue(hub: &Hub<'_>, findings: &Findings) {
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

pub(super) fn in_doubt(hub: &Hub<'_>, findings: &Findings) {
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

pub(super) fn unseen(hub: &Hub<'_>, findings: &Findings) {
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

pub(super) fn unmatched(hub: &Hub<'_>, findings: &Findings) {
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

pub(super) fn webhooks(hub: &Hub<'_>, findings: &Findings) {
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
