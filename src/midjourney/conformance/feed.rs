//! The feed of changes, and the removal of what is old.

use super::{NOW, after, end, hub, id, own, submit, task, write};
use crate::{
    store::{FeedEvent, TaskStore},
    task::Status,
};

fn cursors(events: &[FeedEvent]) -> Vec<u64> {
    events.iter().map(|event| event.cursor).collect()
}

/// One event for each submission, write and cancellation, in order, with the task as it is.
pub fn every_write_makes_an_event(store: &impl TaskStore) {
    own(store);
    assert!(store.events("a", 10).unwrap().is_empty());
    submit(store, &task(1));
    submit(store, &task(2));
    let mut moved = task(1);
    for progress in [10, 20] {
        moved.view.progress = progress;
        moved.view.revision += 1;
        write(store, NOW, &[&moved]);
    }
    store.cancel(NOW, &id(2)).unwrap();
    let events = store.events("a", 10).unwrap();
    assert_eq!(
        events.iter().map(|event| event.task.id).collect::<Vec<_>>(),
        [1, 2, 1, 1, 2].map(id)
    );
    assert!(cursors(&events).is_sorted_by(|a, b| a < b));
    assert!(events[0].cursor > 0);
    assert_eq!(events[3].task, moved.view);
    assert_eq!(events[4].task.status, Status::Cancel);
    // A write that is left out makes none.
    write(store, NOW, &[&moved]);
    assert_eq!(store.events("a", 10).unwrap(), events);
}

/// Each has its own place.
pub fn consumers_are_independent(store: &impl TaskStore) {
    for number in 1..=4 {
        submit(store, &task(number));
    }
    let all = store.events("a", 10).unwrap();
    assert_eq!(store.events("a", 2).unwrap(), all[..2]);
    store.ack("a", all[1].cursor).unwrap();
    assert_eq!(store.events("a", 10).unwrap(), all[2..]);
    assert_eq!(store.events("a", 1).unwrap(), all[2..3]);
    assert_eq!(store.events("b", 10).unwrap(), all);
    store.ack("b", all[3].cursor).unwrap();
    assert!(store.events("b", 10).unwrap().is_empty());
    submit(store, &task(5));
    assert_eq!(store.events("b", 10).unwrap()[0].task.id, id(5));
    assert_eq!(store.events("a", 10).unwrap().len(), 3);
}

/// An old one changes nothing.
pub fn an_acknowledgement_never_goes_back(store: &impl TaskStore) {
    for number in 1..=3 {
        submit(store, &task(number));
    }
    let all = store.events("a", 10).unwrap();
    store.ack("a", all[1].cursor).unwrap();
    store.ack("a", all[0].cursor).unwrap();
    store.ack("a", 0).unwrap();
    assert_eq!(store.events("a", 10).unwrap(), all[2..]);
}

/// What is yet to come can not be acknowledged.
pub fn an_acknowledgement_stops_at_the_newest_event(store: &impl TaskStore) {
    submit(store, &task(1));
    store.ack("a", u64::MAX).unwrap();
    assert!(store.events("a", 10).unwrap().is_empty());
    submit(store, &task(2));
    assert_eq!(store.events("a", 10).unwrap().len(), 1);
}

/// Events go with their tasks.
pub fn a_new_consumer_begins_at_the_oldest_kept_event(store: &impl TaskStore) {
    own(store);
    end(store, &task(1), after(1));
    submit(store, &task(2));
    let before = store.events("a", 10).unwrap();
    assert_eq!(before.len(), 3);
    assert_eq!(store.prune(&hub(1), 1, after(2), 10).unwrap(), 1);
    assert_eq!(store.events("a", 10).unwrap(), before[2..]);
    assert_eq!(store.events("new", 10).unwrap(), before[2..]);
    submit(store, &task(3));
    let newest = store.events("new", 10).unwrap();
    assert!(newest[1].cursor > before[2].cursor);
}

/// A consumer of which nothing is left to see is forgotten, and goes on where it was.
pub fn a_forgotten_consumer_goes_on_where_it_was(store: &impl TaskStore) {
    own(store);
    end(store, &task(1), after(1));
    submit(store, &task(2));
    let all = store.events("a", 10).unwrap();
    store.ack("behind", all[0].cursor).unwrap();
    store.ack("between", all[1].cursor).unwrap();
    store.ack("ahead", all[2].cursor).unwrap();
    assert_eq!(store.prune(&hub(1), 1, after(2), 10).unwrap(), 1);
    submit(store, &task(3));
    let rest = store.events("new", 10).unwrap();
    assert_eq!(rest.len(), 2);
    for consumer in ["behind", "between"] {
        assert_eq!(store.events(consumer, 10).unwrap(), rest);
    }
    assert_eq!(store.events("ahead", 10).unwrap(), rest[1..]);
    store.ack("between", rest[0].cursor).unwrap();
    assert_eq!(store.events("between", 10).unwrap(), rest[1..]);
}

/// Neither what is open, nor what ended later, nor another hub's.
pub fn pruning_removes_old_ended_tasks_only(store: &impl TaskStore) {
    own(store);
    submit(store, &task(1));
    end(store, &task(2), after(10));
    end(store, &task(3), after(20));
    let mut elsewhere = task(4);
    elsewhere.hub = hub(2);
    elsewhere.view.status = Status::Success;
    elsewhere.view.finished_at = Some(after(1));
    submit(store, &elsewhere);
    assert_eq!(store.prune(&hub(1), 1, after(10), 10).unwrap(), 0);
    assert_eq!(store.prune(&hub(1), 1, after(20), 10).unwrap(), 1);
    assert_eq!(store.task(&id(2)).unwrap(), None);
    assert_eq!(
        store
            .tasks(&[id(1), id(3), id(4)])
            .unwrap()
            .iter()
            .flatten()
            .count(),
        3
    );
    // One that ended without saying when counts from its writing.
    let mut silent = task(1);
    silent.view.revision = 2;
    silent.view.status = Status::Failure;
    write(store, after(30), &[&silent]);
    assert_eq!(store.prune(&hub(1), 1, after(30), 10).unwrap(), 1);
    assert_eq!(store.prune(&hub(1), 1, after(31), 10).unwrap(), 1);
    assert_eq!(store.whole_task(&id(1)).unwrap(), None);
    assert_eq!(store.events("a", 10).unwrap().len(), 1);
}

/// The limit holds, and the oldest end goes first.
pub fn pruning_goes_in_parts_the_oldest_first(store: &impl TaskStore) {
    own(store);
    for (number, at) in [(1, 30), (2, 10), (3, 20)] {
        end(store, &task(number), after(at));
    }
    assert_eq!(store.prune(&hub(1), 1, after(100), 0).unwrap(), 0);
    for (gone, left) in [(2, 2), (3, 1), (1, 0)] {
        assert_eq!(store.prune(&hub(1), 1, after(100), 1).unwrap(), 1);
        assert_eq!(store.task(&id(gone)).unwrap(), None);
        assert_eq!(
            store
                .tasks(&[id(1), id(2), id(3)])
                .unwrap()
                .iter()
                .flatten()
                .count(),
            left
        );
    }
    assert_eq!(store.prune(&hub(1), 1, after(100), 1).unwrap(), 0);
}
