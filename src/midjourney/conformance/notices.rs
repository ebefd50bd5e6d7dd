//! The outbox of what is posted to the tasks' own addresses.

use super::{NOW, WIDE, after, claim, deposed_by, end, hub, id, own, submit, task, write};
use crate::{
    notice::{Notice, NoticeCounts, NoticeOutcome},
    store::TaskStore,
    task::{Status, Task},
};

const HOOK: &str = "https://example.com/hook?key=1";

fn addressed(number: u64, url: &str) -> Task {
    let mut task = task(number);
    task.work.notify_url = Some(url.to_owned());
    task
}

fn due(store: &impl TaskStore, seconds: u64) -> Vec<u64> {
    let found = store.notices(after(seconds), &hub(1), 1, &[], 100).unwrap();
    found
        .due
        .iter()
        .map(|notice| notice.task.as_str().parse().unwrap())
        .collect()
}

fn settle(store: &impl TaskStore, number: u64, revision: u64, outcome: NoticeOutcome) {
    store
        .noticed(after(5), &hub(1), 1, &id(number), revision, outcome)
        .unwrap();
}

fn counts(store: &impl TaskStore) -> (u64, u64) {
    let NoticeCounts { pending, failed } = store.notice_counts(&hub(1)).unwrap();
    (pending, failed)
}

/// A task without an address makes none, and one of another hub is not this one's.
pub fn only_addressed_tasks_are_posted(store: &impl TaskStore) {
    own(store);
    let mut elsewhere = addressed(3, HOOK);
    elsewhere.hub = hub(2);
    submit(store, &elsewhere);
    submit(store, &task(1));
    assert!(due(store, 9).is_empty());
    assert_eq!(counts(store), (0, 0));
    submit(store, &addressed(2, HOOK));
    assert_eq!(
        store.notices(NOW, &hub(1), 1, &[], 1).unwrap().due,
        [Notice {
            task: id(2),
            url: HOOK.to_owned(),
            tries: 0
        }]
    );
    assert_eq!(counts(store), (1, 0));
    let waiting: Vec<bool> = store
        .hubs()
        .unwrap()
        .iter()
        .map(|summary| summary.has_notices)
        .collect();
    assert_eq!(waiting, [true, true]);
}

/// Submission, an owner's write and PHP's cancellation each make the newest state due; what was taken before is not
/// posted again.
pub fn every_change_is_due_until_the_newest_is_delivered(store: &impl TaskStore) {
    own(store);
    let mut moved = addressed(1, HOOK);
    submit(store, &moved);
    submit(store, &addressed(2, HOOK));
    settle(store, 1, 1, NoticeOutcome::Delivered);
    assert_eq!(due(store, 9), [2]);
    for revision in 2..=4 {
        moved.view.revision = revision;
        moved.view.status = Status::Submitted;
        write(store, after(revision), &[&moved]);
    }
    assert_eq!(due(store, 1), [2], "due from its first change on");
    assert_eq!(due(store, 2), [2, 1]);
    // An older state was under way while a newer one was written.
    settle(store, 1, 2, NoticeOutcome::Delivered);
    assert_eq!(due(store, 9), [2, 1]);
    settle(store, 1, 4, NoticeOutcome::Delivered);
    assert_eq!(due(store, 9), [2]);
    // Late word of an older one changes nothing.
    settle(store, 1, 3, NoticeOutcome::Delivered);
    settle(store, 1, 3, NoticeOutcome::Retry { at: after(6) });
    assert_eq!(due(store, 9), [2]);
    settle(store, 2, 1, NoticeOutcome::Delivered);
    store.cancel(after(7), &id(2)).unwrap();
    assert_eq!(due(store, 9), [2]);
    settle(store, 2, 2, NoticeOutcome::Delivered);
    assert_eq!(counts(store), (0, 0));
    assert!(!store.hubs().unwrap()[0].has_notices);
    // A request to cancel alone changes nothing that is shown.
    moved.view.revision = 5;
    moved.work.attempts = vec![super::attempt(1)];
    write(store, after(8), &[&moved]);
    settle(store, 1, 5, NoticeOutcome::Delivered);
    store.cancel(after(9), &id(1)).unwrap();
    assert!(due(store, 9).is_empty());
}

/// What failed waits for its time, which the task's changes do not shorten; a delivery forgets the failures.
pub fn a_failed_post_waits_for_its_time(store: &impl TaskStore) {
    own(store);
    let mut moved = addressed(1, HOOK);
    submit(store, &moved);
    settle(store, 1, 1, NoticeOutcome::Retry { at: after(20) });
    moved.view.revision = 2;
    write(store, after(6), &[&moved]);
    settle(store, 1, 1, NoticeOutcome::Retry { at: after(30) });
    assert!(due(store, 29).is_empty());
    assert_eq!(counts(store), (1, 0));
    let early = store.notices(after(29), &hub(1), 1, &[], 9).unwrap();
    assert_eq!(early.next, Some(after(30)));
    let found = store.notices(after(30), &hub(1), 1, &[], 9).unwrap();
    assert_eq!((found.due[0].tries, found.next), (2, None));
    settle(store, 1, 2, NoticeOutcome::Delivered);
    moved.view.revision = 3;
    write(store, after(31), &[&moved]);
    let found = store.notices(after(31), &hub(1), 1, &[], 9).unwrap();
    assert_eq!(found.due[0].tries, 0);
}

/// Neither a change nor late word of a delivery brings it back.
pub fn what_was_given_up_stays_so(store: &impl TaskStore) {
    own(store);
    let mut moved = addressed(1, HOOK);
    submit(store, &moved);
    settle(store, 1, 1, NoticeOutcome::GivenUp);
    moved.view.revision = 2;
    write(store, after(6), &[&moved]);
    settle(store, 1, 1, NoticeOutcome::Delivered);
    assert!(due(store, 99).is_empty());
    assert_eq!(counts(store), (0, 1));
}

/// Longest due first, in parts, and without servers that are busy.
pub fn notices_leave_busy_servers_out(store: &impl TaskStore) {
    own(store);
    let other = "http://127.0.0.1:8080/a";
    let tasks = [
        addressed(4, HOOK),
        addressed(3, other),
        addressed(2, HOOK),
        addressed(1, "https://example.com.invalid/hook"),
    ];
    store.submit(NOW, &tasks, WIDE).unwrap();
    assert_eq!(due(store, 0), [4, 3, 2, 1]);
    settle(store, 4, 1, NoticeOutcome::Retry { at: after(6) });
    assert_eq!(due(store, 6), [3, 2, 1, 4]);
    let without = |busy: &[&str], limit| {
        let busy: Vec<String> = busy.iter().map(|&origin| origin.to_owned()).collect();
        let found = store.notices(after(6), &hub(1), 1, &busy, limit).unwrap();
        found
            .due
            .iter()
            .map(|notice| notice.task)
            .collect::<Vec<_>>()
    };
    assert_eq!(without(&["https://example.com"], 9), [3, 1].map(id));
    assert_eq!(
        without(&["https://example.com", "http://127.0.0.1:8080"], 9),
        [id(1)]
    );
    assert_eq!(without(&[], 2), [3, 2].map(id));
}

/// An owner that was overtaken neither reads nor writes.
pub fn an_old_owner_settles_nothing(store: &impl TaskStore) {
    own(store);
    submit(store, &addressed(1, HOOK));
    assert!(store.take_lease(&hub(1), &claim(2)).unwrap());
    assert_eq!(deposed_by(&store.notices(NOW, &hub(1), 1, &[], 9)), Some(2));
    let settled = store.noticed(NOW, &hub(1), 1, &id(1), 1, NoticeOutcome::Delivered);
    assert_eq!(deposed_by(&settled), Some(2));
    let found = store.notices(NOW, &hub(1), 2, &[], 9).unwrap();
    assert_eq!(found.due.len(), 1);
    // What is not stored has no row either.
    store
        .noticed(NOW, &hub(1), 2, &id(9), 1, NoticeOutcome::Delivered)
        .unwrap();
}

/// A task that is removed is not posted any more.
pub fn notices_go_with_their_tasks(store: &impl TaskStore) {
    own(store);
    for number in 1..=2 {
        end(store, &addressed(number, HOOK), after(number));
    }
    settle(store, 2, 2, NoticeOutcome::GivenUp);
    assert_eq!(counts(store), (1, 1));
    assert_eq!(store.prune(&hub(1), 1, after(9), 9).unwrap(), 2);
    assert!(due(store, 99).is_empty());
    assert_eq!(counts(store), (0, 0));
    assert!(!store.hubs().unwrap()[0].has_notices);
}
