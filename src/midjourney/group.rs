//! A group seen as one task: what `--repeat` and permutations made of one prompt, polled and shown together.
//!
//! The group has no row of its own; everything here is computed from its members.

use mj_discord::UnixMs;

use crate::{
    refusal::FailCode,
    task::{Action, Image, Status, TaskId, TaskView},
};

/// The members of a group, in submission order, as one task with the group's id.
///
/// Its status is `NOT_START` while all wait, `IN_PROGRESS` while any is open, then `SUCCESS` if any succeeded, else
/// `FAILURE` if any failed, else `CANCEL`. Progress is the mean of the members', 100 once it is a success. It has all
/// pictures in order and no buttons; those are the members'. Its revision is the sum of the members', so that it grows
/// with every change of one, as long as none of them is removed. An end is final but for a late picture, which turns
/// a `FAILURE` into `SUCCESS` as it does for a single task. A group without members waits.
pub fn as_one(id: TaskId, members: &[TaskView]) -> TaskView {
    let Some(first) = members.first() else {
        return TaskView::new(id, Action::Imagine, String::new(), UnixMs::default());
    };
    let status = status(members);
    let failed = members
        .iter()
        .find(|member| member.status == Status::Failure)
        .filter(|_| status == Status::Failure);
    let open = || members.iter().filter(|member| !member.status.is_terminal());
    TaskView {
        id,
        revision: members
            .iter()
            .fold(0, |sum, member| sum.saturating_add(member.revision)),
        action: Action::Imagine,
        status,
        progress: progress(status, members),
        prompt: first.prompt.clone(),
        final_prompt: None,
        parent_id: first.parent_id,
        group_id: Some(id),
        account: common(members.iter().map(|member| member.account.as_ref())).cloned(),
        mode: common(members.iter().map(|member| member.mode)),
        // What a finished one showed on its way is gone.
        preview_url: open().find_map(|member| member.preview_url.clone()),
        images: images(members),
        buttons: Vec::new(),
        fail_code: failed.and_then(|member| member.fail_code),
        fail_reason: failed.and_then(|member| member.fail_reason.clone()),
        retryable: failed.is_some_and(|member| member.retryable),
        late: status == Status::Success
            && members
                .iter()
                .all(|member| member.late || member.status != Status::Success),
        message_id: None,
        job_id: None,
        seed: common(members.iter().map(|member| member.seed)),
        state: first.state.clone(),
        created_at: members
            .iter()
            .map(|member| member.created_at)
            .min()
            .unwrap_or_default(),
        submitted_at: members
            .iter()
            .filter_map(|member| member.submitted_at)
            .min(),
        started_at: members.iter().filter_map(|member| member.started_at).min(),
        finished_at: members
            .iter()
            .filter_map(|member| member.finished_at)
            .max()
            .filter(|_| status.is_terminal()),
        stage: common(open().map(|member| member.stage)),
        estimated_at: open().filter_map(|member| member.estimated_at).max(),
        not_before: common(open().map(|member| member.not_before)),
        texts: merged(members.iter().flat_map(|member| &member.texts)),
        notes: merged(members.iter().flat_map(|member| &member.notes)),
    }
}

/// The members that ended without what they were to bring, in order: their fail codes, or `CANCEL`.
pub fn failed(members: &[TaskView]) -> Vec<(TaskId, &'static str)> {
    let without = members
        .iter()
        .filter(|member| matches!(member.status, Status::Failure | Status::Cancel));
    let told = without.map(|member| {
        let code = member.fail_code.map(FailCode::as_str);
        (member.id, code.unwrap_or(member.status.as_str()))
    });
    told.collect()
}

fn status(members: &[TaskView]) -> Status {
    let any = |status| members.iter().any(|member| member.status == status);
    if members.iter().any(|member| !member.status.is_terminal()) {
        if members
            .iter()
            .all(|member| member.status == Status::NotStart)
        {
            Status::NotStart
        } else {
            Status::InProgress
        }
    } else if any(Status::Success) {
        Status::Success
    } else if any(Status::Failure) {
        Status::Failure
    } else {
        Status::Cancel
    }
}

fn progress(status: Status, members: &[TaskView]) -> u8 {
    if status == Status::Success {
        return 100;
    }
    let sum: usize = members
        .iter()
        .map(|member| usize::from(member.progress))
        .sum();
    u8::try_from(sum / members.len().max(1)).unwrap_or(100)
}

fn images(members: &[TaskView]) -> Vec<Image> {
    members
        .iter()
        .flat_map(|member| member.images.iter().cloned())
        .collect()
}

/// What all have, if they have the same.
fn common<T: PartialEq>(mut values: impl Iterator<Item = Option<T>>) -> Option<T> {
    let first = values.next()??;
    values
        .all(|value| value.as_ref() == Some(&first))
        .then_some(first)
}

/// Each once, where it came first.
fn merged<'a, T: Clone + PartialEq + 'a>(items: impl Iterator<Item = &'a T>) -> Vec<T> {
    let mut merged = Vec::new();
    for item in items {
        if !merged.contains(item) {
            merged.push(item.clone());
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        conformance::{after, id, task},
        task::{Mode, Stage, Text},
        transition,
    };

    fn member(number: u64, status: Status) -> TaskView {
        TaskView {
            status,
            ..task(number).view
        }
    }

    fn group_of(statuses: &[Status]) -> TaskView {
        let members: Vec<_> = (1..).zip(statuses).map(|(n, s)| member(n, *s)).collect();
        as_one(id(99), &members)
    }

    #[test]
    fn has_the_status_of_all() {
        use Status::{Cancel, Failure, InProgress, Modal, NotStart, Submitted, Success};
        for (members, expected) in [
            (&[NotStart, NotStart][..], NotStart),
            (&[NotStart, Submitted], InProgress),
            (&[NotStart, Success], InProgress),
            (&[Modal, Failure], InProgress),
            (&[Failure, Success, Cancel], Success),
            (&[Cancel, Failure], Failure),
            (&[Cancel, Cancel], Cancel),
            (&[], NotStart),
        ] {
            assert_eq!(group_of(members).status, expected, "{members:?}");
        }
    }

    #[test]
    fn gathers_what_the_members_have() {
        let image = |name: &str| Image {
            url: format!("https://example.com/{name}"),
            ..Image::default()
        };
        let mut first = member(1, Status::Success);
        first.revision = 5;
        first.progress = 100;
        first.images = vec![image("a"), image("b")];
        first.created_at = after(1);
        first.submitted_at = Some(after(3));
        first.finished_at = Some(after(9));
        first.mode = Some(Mode::Fast);
        first.account = Some("main".to_owned());
        first.notes = vec!["--oddity is not known".to_owned()];
        let mut second = member(2, Status::InProgress);
        second.revision = 4;
        second.progress = 31;
        second.images = vec![image("c")];
        second.created_at = after(2);
        second.submitted_at = Some(after(2));
        second.stage = Some(Stage::Paused);
        second.estimated_at = Some(after(60));
        second.mode = Some(Mode::Fast);
        second.account = Some("other".to_owned());
        second.notes = vec!["--oddity is not known".to_owned(), "more".to_owned()];
        second.texts = vec![Text::default()];
        first.preview_url = Some("https://example.com/gone".to_owned());
        second.preview_url = Some("https://example.com/half".to_owned());
        let one = as_one(id(99), &[first.clone(), second.clone()]);
        assert_eq!((one.id, one.group_id), (id(99), Some(id(99))));
        assert_eq!((one.revision, one.progress), (9, 65));
        assert_eq!(one.images, [image("a"), image("b"), image("c")]);
        assert_eq!(one.prompt, first.prompt);
        assert_eq!((one.mode, one.account), (Some(Mode::Fast), None));
        assert_eq!(
            (one.created_at, one.submitted_at),
            (after(1), Some(after(2)))
        );
        assert_eq!(one.finished_at, None);
        assert_eq!(one.stage, Some(Stage::Paused));
        assert_eq!(one.estimated_at, Some(after(60)));
        assert_eq!(one.notes, ["--oddity is not known", "more"]);
        assert_eq!(one.texts.len(), 1);
        assert_eq!(one.preview_url.as_deref(), Some("https://example.com/half"));
        second.status = Status::Cancel;
        second.finished_at = Some(after(8));
        let one = as_one(id(99), &[first, second]);
        assert_eq!((one.progress, one.finished_at), (100, Some(after(9))));
        assert_eq!((one.stage, one.estimated_at), (None, None));
        assert_eq!(one.preview_url, None);
    }

    #[test]
    fn tells_the_first_failure_when_none_succeeded() {
        let mut failed = member(2, Status::Failure);
        failed.fail_code = Some(FailCode::Timeout);
        failed.fail_reason = Some("too slow".to_owned());
        failed.retryable = true;
        let later = member(3, Status::Failure);
        let one = as_one(id(9), &[member(1, Status::Cancel), failed.clone(), later]);
        assert_eq!(one.fail_code, Some(FailCode::Timeout));
        assert_eq!(one.fail_reason.as_deref(), Some("too slow"));
        assert!(one.retryable);
        for other in [Status::Success, Status::InProgress] {
            let one = as_one(id(9), &[failed.clone(), member(1, other)]);
            assert_eq!((one.fail_code, one.fail_reason), (None, None));
            assert!(!one.retryable);
        }
    }

    #[test]
    fn tells_what_failed_of_it() {
        let mut refused = member(2, Status::Failure);
        refused.fail_code = Some(FailCode::BannedPrompt);
        let members = [
            member(1, Status::Success),
            refused,
            member(3, Status::InProgress),
            member(4, Status::Cancel),
        ];
        assert_eq!(
            failed(&members),
            [(id(2), "BANNED_PROMPT"), (id(4), "CANCEL")]
        );
    }

    proptest! {
        /// Whatever order the members change in, the revision grows and an end stays, but for late pictures.
        #[test]
        fn any_order_of_changes_is_monotonic(
            count in 1_usize..5,
            steps in prop::collection::vec((0_usize..5, 0_usize..7, 0_u8..=100), 0..60),
        ) {
            let mut members: Vec<_> = (1..=count as u64).map(|n| task(n).view).collect();
            let mut seen = as_one(id(99), &members);
            for (at, (index, status, progress)) in steps.into_iter().enumerate() {
                let member = &mut members[index % count];
                let to = Status::ALL[status];
                if transition::advance(after(at as u64), member, to) {
                    member.fail_code = (to == Status::Failure).then_some(FailCode::Timeout);
                    member.progress = if to == Status::Success { 100 } else { member.progress };
                } else if member.status.is_terminal() {
                    continue;
                }
                if !member.status.is_terminal() {
                    member.progress = member.progress.max(progress);
                }
                member.revision += 1;
                let one = as_one(id(99), &members);
                prop_assert_eq!(one.revision, seen.revision + 1);
                prop_assert!(one.progress >= seen.progress);
                let late = seen.status == Status::Failure && one.status == Status::Success;
                if seen.status.is_terminal() {
                    prop_assert!(one.status == seen.status || (late && one.late));
                } else {
                    prop_assert!(one.status >= seen.status);
                }
                prop_assert_eq!(one.finished_at.is_some(), one.status.is_terminal());
                seen = one;
            }
        }
    }
}
