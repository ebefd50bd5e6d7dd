//! The tables of this room for people: `docs/refusals.md` is what [`render`] gives, and a test holds it to that.

use std::fmt::Write;

use super::{
    ANSWERS, AnswerRow, FailCode, Lang, Notice, Outcome, Remedy, Rest, Row, Scope, TABLE,
    interaction::KNOWN,
};

/// All tables as Markdown, in English and Chinese side by side.
pub fn render() -> String {
    let mut page = String::from(HEAD);
    page.push_str(NOTICES);
    for row in TABLE {
        let _ = writeln!(page, "{}", notice(row));
    }
    page.push_str(ANSWERS_HEAD);
    for row in ANSWERS {
        let _ = writeln!(page, "{}", answer(row));
    }
    page.push_str(EVENTS);
    for (number, words) in KNOWN {
        let _ = writeln!(page, "| {number} | {} | {} |", words[0], words[1]);
    }
    page.push_str(CODES);
    for &code in FailCode::ALL {
        let _ = writeln!(page, "{}", fail_code(code));
    }
    page
}

const HEAD: &str = "\
# When Midjourney or Discord says no · 被拒绝时

Written by `cargo run -p mj-midjourney --example refusals > docs/refusals.md`; a test holds it equal to the code.

A task that fails has a `fail_code` and a `fail_reason`: our words in the language of `mj.lang`, with Midjourney's own
words behind them. What concerns an account stops the account: it pauses where a time is known and comes back by
itself, else it is disabled until somebody acts. A disabled account is used again when its configuration or its token
changes, when a job that its user started since is seen in the channel, and, after a 401, when Discord accepts the
token again (asked once an hour, and at once after a change of the configuration). Its waiting tasks go to another
account where they named none; else they wait while it pauses, and fail with its code when it is disabled.

失败的任务带有 `fail_code` 与 `fail_reason`：前半是 `mj.lang` 所选语言的说明，其后附 Midjourney 原文。与账号有关的拒绝会停用账号：
已知时间的为暂停，到期自动恢复；否则停用，直到有人处理。停用的账号在以下情况恢复：配置或令牌变更；频道中出现该用户此后发起的任务；
401 之后每小时（以及配置变更时立即）查询一次令牌，Discord 重新接受即恢复。未指定账号的等待任务会转到其他账号；指定了账号的，
暂停时继续等待，停用时以该账号的代码失败。
";

const NOTICES: &str = "
## Midjourney's notices · Midjourney 的通知

Read on embeds, in plain text and on events, in this order; the first row with one of its phrases counts.

| Known by | `fail_code` | Concerns | What we do | Meaning | What to do | 含义 | 处理 |
|---|---|---|---|---|---|---|---|
";

const ANSWERS_HEAD: &str = "
## Discord's answers to `POST /interactions` · Discord 的响应

| Known by | `fail_code` | Concerns | What we do | Meaning | What to do | 含义 | 处理 |
|---|---|---|---|---|---|---|---|
";

const EVENTS: &str = "
## Events · 事件

| Event | What follows | 处理方式 |
|---|---|---|
| `INTERACTION_IFRAME_MODAL_CREATE` \"Action required to continue\" | `CAPTCHA_REQUIRED`; the account is disabled, nothing is clicked | `CAPTCHA_REQUIRED`；账号停用，不会自动点击 |
| `INTERACTION_FAILURE` | `INTERACTION_FAILED` with its reason (below) | `INTERACTION_FAILED` 并附原因（见下表） |
| `MESSAGE_DELETE` of the progress, and no picture within 20 s nor in the channel | `MESSAGE_DELETED` | `MESSAGE_DELETED` |
| Gateway close 4004 | `UNAUTHORIZED`; the account is disabled | `UNAUTHORIZED`；账号停用 |

| `reason_code` | Meaning | 含义 |
|---|---|---|
";

const CODES: &str = "
## All codes · 全部代码

`retryable` tells the caller that the same call may succeed later.

| `fail_code` | Concerns | `retryable` | Meaning | What to do | 含义 | 处理 |
|---|---|---|---|---|---|---|
";

fn notice(row: &Row) -> String {
    format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} |",
        known_by(row),
        code(row.code),
        concerns(row.scope()),
        done(row),
        row.message(Lang::En),
        row.advice(Lang::En),
        row.message(Lang::Zh),
        row.advice(Lang::Zh),
    )
}

fn answer(row: &AnswerRow) -> String {
    format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} |",
        row.signs,
        code(Some(row.code)),
        concerns(row.scope()),
        remedy(row.remedy),
        row.code.message(Lang::En),
        row.code.advice(Lang::En),
        row.code.message(Lang::Zh),
        row.code.advice(Lang::Zh),
    )
}

fn fail_code(code: FailCode) -> String {
    format!(
        "| `{code}` | {} | {} | {} | {} | {} | {} |",
        concerns(code.scope()),
        if code.is_retryable() { "yes" } else { "no" },
        code.message(Lang::En),
        code.advice(Lang::En),
        code.message(Lang::Zh),
        code.advice(Lang::Zh),
    )
}

fn known_by(row: &Row) -> String {
    if row.notice == Notice::Declined {
        return "an error embed whose footer begins with `decline-`".to_owned();
    }
    if row.phrases.is_empty() {
        let colour = match row.outcome {
            Outcome::Waits => "a warning colour",
            Outcome::Fails | Outcome::NeedsPerson => "an error colour",
        };
        return format!("any other embed in {colour}");
    }
    let quoted: Vec<String> = row
        .phrases
        .iter()
        .map(|phrase| format!("\"{phrase}\""))
        .collect();
    quoted.join(", ")
}

fn code(code: Option<FailCode>) -> String {
    code.map_or_else(|| "–".to_owned(), |code| format!("`{code}`"))
}

fn concerns(scope: Scope) -> &'static str {
    match scope {
        Scope::Task => "task",
        Scope::Account => "account",
    }
}

fn done(row: &Row) -> String {
    if let Some(again) = row.again {
        return format!(
            "sent again at the time that it names, else after {} s and more, within the time-out",
            again.as_secs()
        );
    }
    match (row.outcome, row.rest) {
        (Outcome::Waits, _) => "the job goes on".to_owned(),
        (_, Rest::Pause(pause)) => format!(
            "the account pauses until the time that it names, else for {} min",
            pause.as_secs() / 60
        ),
        (_, Rest::Disable) => "the account is disabled, or pauses where it names a time".to_owned(),
        (Outcome::NeedsPerson, Rest::None) => {
            "the task shows the buttons and waits for a person until its time-out".to_owned()
        }
        (Outcome::Fails, Rest::None) => "the task fails".to_owned(),
    }
}

fn remedy(remedy: Remedy) -> String {
    match remedy {
        Remedy::Again => "sent again when its time is over, within the time-out".to_owned(),
        Remedy::Fail => "the task fails".to_owned(),
        Remedy::Disable => "the account is disabled".to_owned(),
        Remedy::Pause(pause) => format!(
            "the account pauses until the time that it names, else for {} min",
            pause.as_secs() / 60
        ),
        Remedy::Refresh => "the command index is read, and the task sent once more".to_owned(),
        Remedy::Upload => "the pictures are uploaded again".to_owned(),
        Remedy::Search => "searched for, and sent again only when proven absent".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_the_tables() {
        assert!(
            include_str!("../../../docs/refusals.md") == render(),
            "docs/refusals.md is old: cargo run -p mj-midjourney --example refusals > docs/refusals.md"
        );
    }
}
