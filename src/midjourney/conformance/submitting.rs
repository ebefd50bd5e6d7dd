//! Submitting and cancelling.

use std::thread;

use super::{NOW, WIDE, after, attempt, end, hub, id, own, submit, task, write};
use crate::{
    store::{Cancelled, StoreError, TaskStore, family_key},
    task::{Status, Task, TaskId},
};

fn keyed(number: u64, key: &str) -> Task {
    let mut task = task(number);
    task.work.idempotency_key = Some(key.to_owned());
    task
}

fn submit_all(store: &impl TaskStore, tasks: &[Task]) -> Vec<TaskId> {
    store.submit(NOW, tasks, WIDE).unwrap()
}

/// What was submitted is there, and nothing else.
pub fn a_submitted_task_can_be_read(store: &impl TaskStore) {
    assert_eq!(submit_all(store, &[]), []);
    assert_eq!(submit_all(store, &[task(1), task(2)]), [id(1), id(2)]);
    assert_eq!(store.task(&id(2)).unwrap(), Some(task(2).view));
    assert_eq!(store.whole_task(&id(1)).unwrap(), Some(task(1)));
    assert_eq!(store.task(&id(3)).unwrap(), None);
    assert_eq!(store.whole_task(&id(3)).unwrap(), None);
}

/// A queue with one free place takes none of two.
pub fn submission_is_all_or_none(store: &impl TaskStore) {
    submit(store, &task(1));
    let full = store.submit(NOW, &[task(2), task(3)], 2);
    assert!(
        matches!(
            full,
            Err(StoreError::QueueFull {
                waiting: 1,
                limit: 2
            })
        ),
        "{full:?}"
    );
    assert_eq!(store.task(&id(2)).unwrap(), None);
    assert_eq!(store.events("a", 10).unwrap().len(), 1);
}

/// The same key is the same task: later, in one call, but not in another hub.
pub fn an_idempotency_key_makes_the_earlier_task(store: &impl TaskStore) {
    assert_eq!(submit_all(store, &[keyed(1, "k")]), [id(1)]);
    assert_eq!(
        submit_all(
            store,
            &[keyed(2, "k"), keyed(3, "l"), keyed(4, "l"), task(5)]
        ),
        [id(1), id(3), id(3), id(5)]
    );
    assert_eq!(store.task(&id(2)).unwrap(), None);
    assert_eq!(store.task(&id(4)).unwrap(), None);
    let mut elsewhere = keyed(6, "k");
    elsewhere.hub = hub(2);
    assert_eq!(submit_all(store, &[elsewhere]), [id(6)]);
    // It adds nothing, so it needs no place in the queue.
    assert_eq!(store.submit(NOW, &[keyed(7, "l")], 1).unwrap(), [id(3)]);
}

/// A key is kept as long as its task.
pub fn an_idempotency_key_is_free_after_pruning(store: &impl TaskStore) {
    own(store);
    end(store, &keyed(1, "k"), after(1));
    assert_eq!(submit_all(store, &[keyed(2, "k")]), [id(1)]);
    assert_eq!(store.prune(&hub(1), 1, after(2), 10).unwrap(), 1);
    assert_eq!(submit_all(store, &[keyed(3, "k")]), [id(3)]);
}

/// Tasks of one family lie in several hubs, and a repeated request may come to another of them.
pub fn an_idempotency_key_of_a_family_is_one_in_all_hubs(store: &impl TaskStore) {
    let ours = family_key(&hub(1), "k");
    assert_eq!(submit_all(store, &[keyed(1, &ours)]), [id(1)]);
    let mut elsewhere = keyed(2, &ours);
    elsewhere.hub = hub(2);
    assert_eq!(submit_all(store, &[elsewhere]), [id(1)]);
    assert_eq!(store.task(&id(2)).unwrap(), None);
    for (number, key) in [(3, family_key(&hub(2), "k")), (4, "k".to_owned())] {
        let mut elsewhere = keyed(number, &key);
        elsewhere.hub = hub(2);
        assert_eq!(submit_all(store, &[elsewhere]), [id(number)], "{key:?}");
    }
    assert_eq!(submit_all(store, &[keyed(5, &ours)]), [id(1)]);
}

/// A caller that does not know whether its first call went well repeats it.
pub fn a_repeated_submission_adds_nothing(store: &impl TaskStore) {
    assert_eq!(submit_all(store, &[task(1), task(1)]), [id(1), id(1)]);
    let mut other = task(1);
    "another".clone_into(&mut other.view.prompt);
    assert_eq!(submit_all(store, &[other]), [id(1)]);
    assert_eq!(store.task(&id(1)).unwrap(), Some(task(1).view));
    assert_eq!(store.events("a", 10).unwrap().len(), 1);
    assert_eq!(store.counts(&hub(1)).unwrap().by_status[0], 1);
}

/// Only what waits counts, and each hub for itself.
pub fn the_queue_has_a_size(store: &impl TaskStore) {
    own(store);
    assert!(store.submit(NOW, &[task(1), task(2)], 2).is_ok());
    let full = store.submit(NOW, &[task(3)], 2);
    assert!(
        matches!(
            full,
            Err(StoreError::QueueFull {
                waiting: 2,
                limit: 2
            })
        ),
        "{full:?}"
    );
    let mut elsewhere = task(4);
    elsewhere.hub = hub(2);
    assert!(store.submit(NOW, &[elsewhere], 1).is_ok());
    let mut sent = task(1);
    sent.view.revision = 2;
    sent.view.status = Status::Submitted;
    write(store, NOW, &[&sent]);
    assert!(store.submit(NOW, &[task(3)], 2).is_ok());
}

/// One call, one hub.
pub fn tasks_of_two_hubs_are_refused(store: &impl TaskStore) {
    let mut elsewhere = task(2);
    elsewhere.hub = hub(2);
    assert!(matches!(
        store.submit(NOW, &[task(1), elsewhere], WIDE),
        Err(StoreError::Io(_))
    ));
    assert_eq!(store.task(&id(1)).unwrap(), None);
}

/// It is cancelled at once, and the owner is told.
pub fn cancelling_what_was_never_sent(store: &impl TaskStore) {
    own(store);
    assert_eq!(store.cancel(NOW, &id(1)).unwrap(), Cancelled::Unknown);
    submit(store, &task(1));
    let after_submission = store.inbox(&hub(1), 1, 0).unwrap().next;
    assert_eq!(store.cancel(after(5), &id(1)).unwrap(), Cancelled::Done);
    let cancelled = store.whole_task(&id(1)).unwrap().unwrap();
    assert_eq!(cancelled.view.status, Status::Cancel);
    assert_eq!(cancelled.view.revision, 2);
    assert_eq!(cancelled.view.finished_at, Some(after(5)));
    assert_eq!(store.events("a", 10).unwrap().len(), 2);
    assert_eq!(
        store.inbox(&hub(1), 1, after_submission).unwrap().tasks,
        [cancelled]
    );
    assert_eq!(store.queue_position(&id(1)).unwrap(), None);
    assert_eq!(
        store.cancel(NOW, &id(1)).unwrap(),
        Cancelled::AlreadyTerminal(Status::Cancel)
    );
}

/// Its owner is asked, once, and its next write still counts.
pub fn cancelling_what_was_sent(store: &impl TaskStore) {
    own(store);
    for (number, status) in [
        Status::NotStart,
        Status::Submitted,
        Status::Modal,
        Status::InProgress,
    ]
    .into_iter()
    .enumerate()
    {
        let mut sent = task(number as u64);
        submit(store, &sent);
        sent.view.revision = 2;
        sent.view.status = status;
        sent.work.attempts = vec![attempt(1)];
        write(store, NOW, &[&sent]);
        let events = store.events("a", 100).unwrap().len();
        let before = store.inbox(&hub(1), 1, 0).unwrap().next;
        assert_eq!(
            store.cancel(NOW, &sent.view.id).unwrap(),
            Cancelled::Requested
        );
        sent.work.cancel_requested = true;
        let asked = store.inbox(&hub(1), 1, before).unwrap();
        assert_eq!(asked.tasks, [sent.clone()]);
        assert_eq!(
            store.cancel(NOW, &sent.view.id).unwrap(),
            Cancelled::Requested
        );
        assert!(
            store
                .inbox(&hub(1), 1, asked.next)
                .unwrap()
                .tasks
                .is_empty()
        );
        assert_eq!(store.events("a", 100).unwrap().len(), events);
        sent.view.revision = 3;
        assert!(write(store, NOW, &[&sent]).superseded.is_empty());
    }
}

/// Nothing happens to it.
pub fn cancelling_what_has_ended(store: &impl TaskStore) {
    own(store);
    for (number, status) in [Status::Success, Status::Failure, Status::Cancel]
        .into_iter()
        .enumerate()
    {
        let mut ended = task(number as u64);
        submit(store, &ended);
        ended.view.revision = 2;
        ended.view.status = status;
        write(store, NOW, &[&ended]);
        assert_eq!(
            store.cancel(NOW, &ended.view.id).unwrap(),
            Cancelled::AlreadyTerminal(status)
        );
        assert_eq!(store.whole_task(&ended.view.id).unwrap(), Some(ended));
    }
}

/// PHP was first: the owner's claim is left out and it learns why.
pub fn a_cancelled_task_supersedes_the_claim(store: &impl TaskStore) {
    own(store);
    submit(store, &task(1));
    submit(store, &task(2));
    store.cancel(NOW, &id(1)).unwrap();
    let claim = |number| {
        let mut task = task(number);
        task.view.revision = 2;
        task.view.status = Status::Submitted;
        task.work.attempts = vec![attempt(1)];
        task
    };
    let committed = write(store, NOW, &[&claim(1), &claim(2)]);
    assert_eq!(
        committed.superseded,
        [store.whole_task(&id(1)).unwrap().unwrap()]
    );
    assert_eq!(committed.superseded[0].view.status, Status::Cancel);
    assert_eq!(store.whole_task(&id(2)).unwrap(), Some(claim(2)));
}

/// The owner was first: PHP's cancel is a request.
pub fn a_claimed_task_is_not_cancelled_at_once(store: &impl TaskStore) {
    own(store);
    submit(store, &task(1));
    let mut claimed = task(1);
    claimed.view.revision = 2;
    claimed.work.attempts = vec![attempt(1)];
    write(store, NOW, &[&claimed]);
    assert_eq!(store.cancel(NOW, &id(1)).unwrap(), Cancelled::Requested);
    assert_eq!(store.task(&id(1)).unwrap(), Some(claimed.view));
}

/// Many at once: each task is either cancelled or claimed, and both sides know which.
pub fn racing_cancels_and_claims_agree(store: &impl TaskStore) {
    const TASKS: u64 = 40;
    own(store);
    let tasks: Vec<Task> = (0..TASKS).map(task).collect();
    submit_all(store, &tasks);
    let (cancels, claims) = thread::scope(|scope| {
        let cancels = scope.spawn(|| {
            (0..TASKS)
                .map(|n| store.cancel(NOW, &id(n)).unwrap())
                .collect::<Vec<_>>()
        });
        let claims = scope.spawn(|| {
            let claim = |n| {
                let mut claimed = task(n);
                claimed.view.revision = 2;
                claimed.work.attempts = vec![attempt(1)];
                write(store, NOW, &[&claimed]).superseded.is_empty()
            };
            (0..TASKS).rev().map(claim).collect::<Vec<_>>()
        });
        (cancels.join().unwrap(), claims.join().unwrap())
    });
    for (number, (cancelled, claimed)) in
        (0..TASKS).zip(cancels.into_iter().zip(claims.into_iter().rev()))
    {
        let stored = store.whole_task(&id(number)).unwrap().unwrap();
        assert_eq!(cancelled == Cancelled::Done, !claimed, "task {number}");
        assert_eq!(
            stored.view.status == Status::Cancel,
            !claimed,
            "task {number}"
        );
        assert!(stored.work.cancel_requested);
    }
}
