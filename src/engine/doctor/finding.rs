//! What each check found.

use std::{collections::BTreeMap, sync::Arc};

use mj_midjourney::refusal::Lang;
use parking_lot::Mutex;

use super::{
    check::Check,
    text::{Shown, Text},
};

/// How a check came out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Status {
    /// As it should be.
    Ok,
    /// It works, and something should be looked at.
    Warning,
    /// It does not work.
    Failed,
    /// Not looked at: switched off, or another check failed first.
    Skipped,
    /// It could not be found out.
    Unknown,
}

impl Status {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [
        Self::Ok,
        Self::Warning,
        Self::Failed,
        Self::Skipped,
        Self::Unknown,
    ];

    /// As PHP sees it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Unknown => "unknown",
        }
    }
}

/// What a check found.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// Which.
    pub(crate) check: Check,
    /// How it came out.
    pub(crate) status: Status,
    /// What was seen.
    pub(crate) seen: Text,
    /// What to do, where there is something to do.
    pub(crate) todo: Option<Text>,
    /// The check that failed, so that this one was skipped.
    pub(crate) because: Option<Check>,
}

/// What was found until now. Its clones are one and the same, so that what is found beside is seen by who waits.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings(Arc<Mutex<BTreeMap<Check, Finding>>>);

impl Findings {
    /// Whether a check can be made: it has no finding yet, and nothing that it needs failed. Where something did, the
    /// check is noted as skipped because of it.
    pub(crate) fn may(&self, check: Check) -> bool {
        if self.status(check).is_some() {
            return false;
        }
        match self.obstacle(check) {
            None => true,
            Some(root) => {
                self.skip_because(check, root);
                false
            }
        }
    }

    /// Skips a check that would say the same as one of `same`, if one of them failed; tells whether it did.
    pub(crate) fn skip_after(&self, check: Check, same: &[Check]) -> bool {
        let failed = |same: &&Check| self.status(**same) == Some(Status::Failed);
        match same.iter().find(failed) {
            None => false,
            Some(root) => {
                self.skip_because(check, *root);
                true
            }
        }
    }

    fn skip_because(&self, check: Check, root: Check) {
        self.note(Finding {
            check,
            status: Status::Skipped,
            seen: Text::with(
                "not looked at: first see to \"{0}\" ({1})",
                "未检查：请先处理“{0}”（{1}）",
                [
                    Shown::both(root.title(Lang::En), root.title(Lang::Zh)),
                    Shown::from(root.name()),
                ],
            ),
            todo: None,
            because: Some(root),
        });
    }

    /// Notes that all is well.
    pub(crate) fn ok(&self, check: Check, seen: Text) {
        self.plain(check, Status::Ok, seen, None);
    }

    /// Notes what works and should be looked at.
    pub(crate) fn warn(&self, check: Check, seen: Text, todo: Text) {
        self.plain(check, Status::Warning, seen, Some(todo));
    }

    /// Notes what does not work.
    pub(crate) fn fail(&self, check: Check, seen: Text, todo: Text) {
        self.plain(check, Status::Failed, seen, Some(todo));
    }

    /// Notes what could not be found out.
    pub(crate) fn unknown(&self, check: Check, seen: Text, todo: Option<Text>) {
        self.plain(check, Status::Unknown, seen, todo);
    }

    /// Notes what was not looked at for a reason of its own.
    pub(crate) fn skip(&self, check: Check, seen: Text) {
        self.plain(check, Status::Skipped, seen, None);
    }

    /// How a check came out, when it was made.
    pub(crate) fn status(&self, check: Check) -> Option<Status> {
        self.0.lock().get(&check).map(|finding| finding.status)
    }

    /// All findings, in the order of the report.
    pub(crate) fn all(&self) -> Vec<Finding> {
        self.0.lock().values().cloned().collect()
    }

    fn plain(&self, check: Check, status: Status, seen: Text, todo: Option<Text>) {
        self.note(Finding {
            check,
            status,
            seen,
            todo,
            because: None,
        });
    }

    /// Notes a finding as it is. The first finding of a check stays: who comes later with another has come too late.
    pub(crate) fn note(&self, finding: Finding) {
        self.0.lock().entry(finding.check).or_insert(finding);
    }

    /// The check that failed at the root, where one that is needed did not come out.
    fn obstacle(&self, check: Check) -> Option<Check> {
        let noted = self.0.lock();
        check.needs().iter().find_map(|needed| {
            let finding = noted.get(needed)?;
            match finding.status {
                Status::Failed => Some(*needed),
                // What was skipped for a reason of its own (no bot is configured) hinders nobody.
                Status::Skipped => finding.because,
                Status::Ok | Status::Warning | Status::Unknown => None,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> Text {
        Text::new("so", "如此")
    }

    #[test]
    fn names_the_root_of_a_chain() {
        let findings = Findings::default();
        findings.ok(Check::Proxy, text());
        findings.fail(Check::ApiDns, text(), text());
        assert!(!findings.may(Check::ApiTcp) && !findings.may(Check::ApiTls));
        let tls = findings.all().pop().unwrap();
        assert_eq!((tls.check, tls.status), (Check::ApiTls, Status::Skipped));
        assert_eq!(tls.because, Some(Check::ApiDns));
        assert!(findings.may(Check::GatewayDns));
    }

    #[test]
    fn what_does_not_apply_hinders_nobody() {
        let findings = Findings::default();
        findings.skip(Check::DiscordBotToken, text());
        assert!(findings.may(Check::DiscordGuild));
    }

    #[test]
    fn the_first_finding_stays() {
        let findings = Findings::default();
        findings.clone().ok(Check::Clock, text());
        findings.fail(Check::Clock, text(), text());
        assert_eq!(findings.status(Check::Clock), Some(Status::Ok));
        assert!(!findings.may(Check::Clock));
    }
}
