//! The one table of how a task's status may change. Nothing else changes a status.
//!
//! A status only moves forward and a terminal one is final, with one edge more: a picture that was paid for is never
//! thrown away, so a late final turns a `FAILURE` into `SUCCESS` where it was not the bot that ended the job: time was
//! over, Discord gave up waiting, a message was gone, or a person had to act and did.
//!
//! ```mermaid
//! stateDiagram-v2
//!     [*] --> NOT_START
//!     NOT_START --> SUBMITTED
//!     NOT_START --> FAILURE
//!     NOT_START --> CANCEL
//!     SUBMITTED --> MODAL
//!     SUBMITTED --> IN_PROGRESS
//!     SUBMITTED --> SUCCESS
//!     SUBMITTED --> FAILURE
//!     SUBMITTED --> CANCEL
//!     MODAL --> IN_PROGRESS
//!     MODAL --> SUCCESS
//!     MODAL --> FAILURE
//!     MODAL --> CANCEL
//!     IN_PROGRESS --> SUCCESS
//!     IN_PROGRESS --> FAILURE
//!     IN_PROGRESS --> CANCEL
//!     FAILURE --> SUCCESS: late
//! ```

use mj_discord::UnixMs;

use crate::{
    refusal::FailCode,
    task::{Stage, Status, TaskView},
};

/// Every edge, but the late one.
const TABLE: [(Status, Status); 16] = [
    (Status::NotStart, Status::Submitted),
    (Status::NotStart, Status::Failure),
    (Status::NotStart, Status::Cancel),
    (Status::Submitted, Status::Modal),
    (Status::Submitted, Status::InProgress),
    (Status::Submitted, Status::Success),
    (Status::Submitted, Status::Failure),
    (Status::Submitted, Status::Cancel),
    (Status::Modal, Status::InProgress),
    (Status::Modal, Status::Success),
    (Status::Modal, Status::Failure),
    (Status::Modal, Status::Cancel),
    (Status::InProgress, Status::Success),
    (Status::InProgress, Status::Failure),
    (Status::InProgress, Status::Cancel),
    (Status::Failure, Status::Success),
];

/// Failures after which the job may go on all the same.
const LATE: [FailCode; 7] = [
    FailCode::CaptchaRequired,
    FailCode::InteractionFailed,
    FailCode::MessageDeleted,
    FailCode::Moderated,
    FailCode::SubmitUnconfirmed,
    FailCode::Timeout,
    FailCode::Unseen,
];

/// Whether a task that is in `from`, failed with `fail_code` if it failed, may go to `to`.
pub fn is_allowed(from: Status, fail_code: Option<FailCode>, to: Status) -> bool {
    if cfg!(mj_mutation = "replay") && from == to && from.is_terminal() {
        return true;
    }
    TABLE.contains(&(from, to))
        && (from != Status::Failure || fail_code.is_some_and(leaves_room_for_a_late_final))
}

/// Whether a picture that comes after a failure with this code is still the task's.
pub fn leaves_room_for_a_late_final(code: FailCode) -> bool {
    LATE.contains(&code)
}

/// Moves a task, with the times and flags that belong to the edge; tells whether the table allowed it. When it did
/// not, nothing has changed.
#[must_use]
pub fn advance(now: UnixMs, view: &mut TaskView, to: Status) -> bool {
    if !is_allowed(view.status, view.fail_code, to) {
        return false;
    }
    if view.status == Status::Failure {
        view.late = true;
        view.fail_code = None;
        view.fail_reason = None;
        view.retryable = false;
    }
    if to == Status::InProgress && view.started_at.is_none() {
        view.started_at = Some(now);
    }
    if to.is_terminal() {
        view.finished_at = Some(now);
    }
    if view.stage == Some(Stage::Uploading) {
        view.stage = None;
    }
    view.status = to;
    true
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn rank(status: Status) -> usize {
        Status::ALL.iter().position(|each| *each == status).unwrap()
    }

    #[test]
    fn the_diagram_shows_the_table() {
        let drawn: BTreeSet<(String, String)> = include_str!("transition.rs")
            .lines()
            .filter_map(|line| line.strip_prefix("//!     "))
            .filter_map(|edge| edge.split_once(" --> "))
            .filter(|(from, _)| *from != "[*]")
            .map(|(from, to)| (from.to_owned(), to.trim_end_matches(": late").to_owned()))
            .collect();
        let table: BTreeSet<(String, String)> = TABLE
            .iter()
            .map(|(from, to)| (from.as_str().to_owned(), to.as_str().to_owned()))
            .collect();
        assert_eq!(drawn, table);
    }

    #[test]
    fn moves_only_forward() {
        for (from, to) in TABLE {
            assert!(rank(from) < rank(to) || (from, to) == (Status::Failure, Status::Success));
        }
    }

    #[test]
    fn terminal_is_final_but_for_late_pictures() {
        for from in [Status::Success, Status::Failure, Status::Cancel] {
            for &code in FailCode::ALL {
                for to in Status::ALL {
                    let late = from == Status::Failure
                        && to == Status::Success
                        && [
                            "CAPTCHA_REQUIRED",
                            "INTERACTION_FAILED",
                            "MESSAGE_DELETED",
                            "MODERATED",
                            "SUBMIT_UNCONFIRMED",
                            "TIMEOUT",
                            "UNSEEN",
                        ]
                        .contains(&code.as_str());
                    assert_eq!(
                        is_allowed(from, Some(code), to),
                        late,
                        "{from:?} {code} {to:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_open_status_can_end() {
        for from in Status::ALL
            .into_iter()
            .filter(|status| !status.is_terminal())
        {
            assert!(
                is_allowed(from, None, Status::Failure) && is_allowed(from, None, Status::Cancel)
            );
            assert!(!is_allowed(from, None, from));
        }
        assert!(!is_allowed(Status::NotStart, None, Status::Success));
    }
}
