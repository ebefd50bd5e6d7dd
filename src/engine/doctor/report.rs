//! The doctor's report: as a value for PHP, and as text for people.

use mj_midjourney::refusal::Lang;

use super::{
    finding::{Finding, Status},
    text::Text,
};
use crate::value::Value;

/// What the marks of the text are, by status.
const MARKS: [(Status, [&str; 2]); 5] = [
    (Status::Ok, ["ok", "正常"]),
    (Status::Warning, ["WARNING", "警告"]),
    (Status::Failed, ["FAILED", "失败"]),
    (Status::Skipped, ["skipped", "跳过"]),
    (Status::Unknown, ["unknown", "未知"]),
];

/// All findings, in one language.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) lang: Lang,
    pub(super) heading: Text,
    pub(super) findings: Vec<Finding>,
}

impl Report {
    /// Whether nothing failed.
    fn is_ok(&self) -> bool {
        self.count(Status::Failed) == 0
    }

    fn count(&self, status: Status) -> usize {
        let of_status = |finding: &&Finding| finding.status == status;
        self.findings.iter().filter(of_status).count()
    }

    /// For PHP: `ok`, `counts` by status, and `checks`.
    pub(super) fn value(&self) -> Value {
        let counts = Status::ALL.map(|status| {
            let count = i64::try_from(self.count(status)).unwrap_or(i64::MAX);
            (status.as_str(), Value::Int(count))
        });
        let checks = self.findings.iter().map(|finding| self.one(finding));
        [
            ("ok", Value::Bool(self.is_ok())),
            ("counts", counts.into_iter().collect()),
            ("checks", Value::List(checks.collect())),
        ]
        .into_iter()
        .collect()
    }

    fn one(&self, finding: &Finding) -> Value {
        let todo = finding.todo.as_ref();
        [
            ("name", Value::from(finding.check.name())),
            ("title", Value::from(finding.check.title(self.lang))),
            ("status", Value::from(finding.status.as_str())),
            ("seen", Value::from(finding.seen.words(self.lang))),
            (
                "todo",
                todo.map_or(Value::Null, |todo| Value::from(todo.words(self.lang))),
            ),
            (
                "because",
                finding
                    .because
                    .map_or(Value::Null, |because| Value::from(because.name())),
            ),
        ]
        .into_iter()
        .collect()
    }

    /// For people: a line for each check, what to do beneath it, and a summary at the end. Plain text.
    pub(super) fn text(&self) -> String {
        let marks = MARKS.map(|(_, marks)| width(in_lang(self.lang, marks)));
        let mark_width = marks.into_iter().max().unwrap_or_default();
        let titles = self
            .findings
            .iter()
            .map(|finding| width(finding.check.title(self.lang)));
        let title_width = titles.max().unwrap_or_default();
        let mut text = format!("{}\n\n", self.heading.words(self.lang));
        for finding in &self.findings {
            let mark = mark(finding.status, self.lang);
            let title = finding.check.title(self.lang);
            text.push_str(&padded(mark, mark_width));
            text.push_str("  ");
            text.push_str(&padded(title, title_width));
            text.push_str("  ");
            text.push_str(finding.seen.words(self.lang));
            text.push('\n');
            if let Some(todo) = &finding.todo {
                text.push_str(&" ".repeat(mark_width + 2));
                text.push_str("-> ");
                text.push_str(todo.words(self.lang));
                text.push('\n');
            }
        }
        text.push('\n');
        text.push_str(&self.summary());
        text.push('\n');
        text
    }

    fn summary(&self) -> String {
        let counts: Vec<String> = Status::ALL
            .into_iter()
            .filter(|status| self.count(*status) > 0)
            .map(|status| format!("{} {}", self.count(status), mark(status, self.lang)))
            .collect();
        let verdict = match (self.is_ok(), self.count(Status::Warning)) {
            (true, 0) => ["All is well", "一切正常"],
            (true, _) => ["Nothing failed", "没有失败项"],
            (false, _) => [
                "Something is wrong: begin with the first FAILED",
                "存在问题：请从第一个“失败”项开始处理",
            ],
        };
        let verdict = in_lang(self.lang, verdict);
        match self.lang {
            Lang::En => format!("{verdict} ({}).", counts.join(", ")),
            Lang::Zh => format!("{verdict}（{}）。", counts.join("，")),
        }
    }
}

fn mark(status: Status, lang: Lang) -> &'static str {
    MARKS
        .iter()
        .find(|(marked, _)| *marked == status)
        .map_or("?", |(_, marks)| in_lang(lang, *marks))
}

fn in_lang(lang: Lang, [english, chinese]: [&'static str; 2]) -> &'static str {
    match lang {
        Lang::En => english,
        Lang::Zh => chinese,
    }
}

fn padded(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(width(text))))
}

/// How many columns of a terminal a text takes: Chinese characters and their punctuation take two (Unicode's
/// East Asian Width, classes W and F).
fn width(text: &str) -> usize {
    text.chars()
        .map(|one| match u32::from(one) {
            0x1100..=0x115F
            | 0x2E80..=0x303E
            | 0x3041..=0xA4CF
            | 0xAC00..=0xD7A3
            | 0xF900..=0xFAFF
            | 0xFE30..=0xFE6F
            | 0xFF01..=0xFF60
            | 0xFFE0..=0xFFE6
            | 0x1_F300..=0x1_FAFF
            | 0x2_0000..=0x3_FFFD => 2,
            _ => 1,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::{
        super::{check::Check, finding::Findings},
        *,
    };

    fn report(lang: Lang) -> Report {
        let findings = Findings::default();
        findings.ok(Check::PhpVersion, Text::new("8.2", "8.2"));
        findings.fail(
            Check::ApiDns,
            Text::new("no address", "没有地址"),
            Text::new("check the name", "请检查域名"),
        );
        assert!(!findings.may(Check::ApiTcp));
        Report {
            lang,
            heading: Text::new("mj", "mj"),
            findings: findings.all(),
        }
    }

    #[test]
    fn columns_are_aligned_in_both_languages() {
        for (lang, seen) in [
            (Lang::En, ["8.2", "no address", "not looked at"]),
            (Lang::Zh, ["8.2", "没有地址", "未检查"]),
        ] {
            let text = report(lang).text();
            let columns: Vec<usize> = seen
                .iter()
                .map(|seen| {
                    let line = text.lines().find(|line| line.contains(seen)).unwrap();
                    width(line.split(seen).next().unwrap())
                })
                .collect();
            assert!(columns.iter().all(|column| *column == columns[0]), "{text}");
        }
    }

    #[test]
    fn says_what_to_do_beneath() {
        let text = report(Lang::En).text();
        assert!(
            text.contains("no address\n         -> check the name\n"),
            "{text}"
        );
        assert!(text.ends_with("(1 ok, 1 FAILED, 1 skipped).\n"), "{text}");
        let text = report(Lang::Zh).text();
        assert!(text.ends_with("（1 正常，1 失败，1 跳过）。\n"), "{text}");
    }

    #[test]
    fn gives_php_all_of_it() {
        let value = report(Lang::Zh).value();
        assert_eq!(value.get("ok"), Some(&Value::Bool(false)));
        assert_eq!(
            value.get("counts").unwrap().get("failed"),
            Some(&Value::Int(1))
        );
        let Some(Value::List(checks)) = value.get("checks") else {
            panic!("no list");
        };
        assert_eq!(checks[2].get("because"), Some(&Value::from("api.dns")));
        assert_eq!(checks[1].get("todo"), Some(&Value::from("请检查域名")));
    }
}
