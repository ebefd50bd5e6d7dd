//! What an owner writes and reads.

use std::time::Duration;

use super::{
    NOW, after, attempt, claim, deposed_by, end, hub, id, own, session, submit, task, write,
};
use crate::{
    command::CommandIndex,
    config::GatewayKind,
    store::{CLOSED_RECENT, Commit, Grade, StoredSession, TaskStore, Write},
    task::{Status, Task, TaskId},
};

fn ids(tasks: &[Task]) -> Vec<TaskId> {
    tasks.iter().map(|task| task.view.id).collect()
}

fn revised(task: &Task, status: Status) -> Task {
    let mut task = task.clone();
    task.view.revision += 1;
    task.view.status = status;
    task
}

/// Older and newer revisions are left out and given back.
pub fn an_owner_writes_the_next_revision_only(store: &impl TaskStore) {
    own(store);
    submit(store, &task(1));
    let second = revised(&task(1), Status::Submitted);
    assert!(write(store, NOW, &[&second]).superseded.is_empty());
    for revision in [0, 1, 2, 4, u64::MAX] {
        let mut wrong = revised(&second, Status::Success);
        wrong.view.revision = revision;
        assert_eq!(
            write(store, NOW, &[&wrong]).superseded,
            std::slice::from_ref(&second),
            "revision {revision}"
        );
    }
    assert_eq!(store.whole_task(&id(1)).unwrap(), Some(second));
}

/// They follow each other; one that is superseded takes its followers with it, and is told once.
pub fn several_writes_of_one_task_in_one_commit(store: &impl TaskStore) {
    own(store);
    submit(store, &task(1));
    let second = revised(&task(1), Status::Submitted);
    let third = revised(&second, Status::InProgress);
    assert!(write(store, NOW, &[&second, &third]).superseded.is_empty());
    assert_eq!(store.whole_task(&id(1)).unwrap(), Some(third.clone()));
    assert_eq!(store.events("a", 10).unwrap().len(), 3);
    let fifth = revised(&revised(&third, Status::Success), Status::Success);
    let sixth = revised(&fifth, Status::Success);
    assert_eq!(write(store, NOW, &[&fifth, &sixth]).superseded, [third]);
}

/// Nothing at all: no task, no session, no status, no account, no command.
pub fn an_old_owner_writes_nothing(store: &impl TaskStore) {
    own(store);
    submit(store, &task(1));
    assert!(store.take_lease(&hub(1), &claim(2)).unwrap());
    let writes = vec![
        Write::Status("{}".to_owned()),
        Write::Session {
            gateway: GatewayKind::Bot,
            session: Some(session(1)),
        },
        Write::Task(Box::new(revised(&task(1), Status::Success))),
    ];
    for durable in [false, true] {
        let commit = Commit {
            durable,
            writes: writes.clone(),
        };
        assert_eq!(deposed_by(&store.commit(NOW, &hub(1), 1, &commit)), Some(2));
        assert_eq!(deposed_by(&store.commit(NOW, &hub(1), 3, &commit)), Some(2));
    }
    assert_eq!(
        deposed_by(&store.commit(NOW, &hub(1), 1, &Commit::default())),
        Some(2)
    );
    assert_eq!(store.whole_task(&id(1)).unwrap(), Some(task(1)));
    assert_eq!(store.status(&hub(1)).unwrap(), None);
    assert_eq!(deposed_by(&store.load(NOW, &hub(1), 1)), Some(2));
    assert_eq!(deposed_by(&store.inbox(&hub(1), 1, 0)), Some(2));
    assert_eq!(deposed_by(&store.prune(&hub(1), 1, after(9), 9)), Some(2));
    assert!(store.load(NOW, &hub(1), 2).unwrap().sessions.is_empty());
    // A released lease is nobody's, but its epoch still counts.
    store.release_lease(&hub(1), 2).unwrap();
    assert!(
        store
            .commit(
                NOW,
                &hub(1),
                2,
                &Commit {
                    durable: false,
                    writes
                }
            )
            .is_ok()
    );
}

/// Epoch 0 is none.
pub fn a_hub_without_lease_has_no_owner(store: &impl TaskStore) {
    submit(store, &task(1));
    for epoch in [0, 1] {
        assert_eq!(
            deposed_by(&store.commit(NOW, &hub(1), epoch, &Commit::default())),
            Some(0)
        );
        assert_eq!(deposed_by(&store.load(NOW, &hub(1), epoch)), Some(0));
        assert_eq!(deposed_by(&store.inbox(&hub(1), epoch, 0)), Some(0));
        assert_eq!(deposed_by(&store.prune(&hub(1), epoch, NOW, 1)), Some(0));
        assert_eq!(
            deposed_by(&store.renew_lease(&hub(1), epoch, Grade::Resident, NOW)),
            Some(0)
        );
    }
    assert_eq!(deposed_by(&store.load(NOW, &hub(9), 1)), Some(0));
}

/// Not by a write that was made before the owner learnt of it.
pub fn a_cancel_request_is_never_cleared(store: &impl TaskStore) {
    own(store);
    let mut sent = task(1);
    submit(store, &sent);
    sent = revised(&sent, Status::Submitted);
    sent.work.attempts.push(attempt(1));
    write(store, NOW, &[&sent]);
    store.cancel(NOW, &id(1)).unwrap();
    let unaware = revised(&sent, Status::InProgress);
    assert!(!unaware.work.cancel_requested);
    assert!(write(store, NOW, &[&unaware]).superseded.is_empty());
    let stored = store.whole_task(&id(1)).unwrap().unwrap();
    assert!(stored.work.cancel_requested);
    assert_eq!(stored.view, unaware.view);
    assert!(
        store.load(NOW, &hub(1), 1).unwrap().open[0]
            .work
            .cancel_requested
    );
}

/// The store does not judge transitions.
pub fn a_late_picture_may_replace_a_failure(store: &impl TaskStore) {
    own(store);
    submit(store, &task(1));
    let mut failed = revised(&task(1), Status::Failure);
    failed.view.finished_at = Some(after(1));
    failed.work.key_held_until = Some(after(1_800));
    write(store, after(1), &[&failed]);
    let mut late = revised(&failed, Status::Success);
    late.view.late = true;
    late.work.key_held_until = None;
    assert!(write(store, after(900), &[&late]).superseded.is_empty());
    assert_eq!(store.whole_task(&id(1)).unwrap(), Some(late.clone()));
    assert_eq!(store.events("a", 10).unwrap().len(), 3);
    assert_eq!(
        store.counts(&hub(1)).unwrap().by_status,
        [0, 0, 0, 0, 1, 0, 0]
    );
    assert_eq!(store.load(after(901), &hub(1), 1).unwrap().closed, [late]);
}

/// Neither made nor moved to another hub.
pub fn tasks_that_are_not_stored_are_left_out(store: &impl TaskStore) {
    own(store);
    let mut elsewhere = task(2);
    elsewhere.hub = hub(2);
    submit(store, &elsewhere);
    let mut stolen = revised(&elsewhere, Status::Success);
    let committed = write(
        store,
        NOW,
        &[&task(1), &revised(&task(3), Status::Success), &stolen],
    );
    assert!(committed.superseded.is_empty());
    stolen.hub = hub(1);
    assert!(write(store, NOW, &[&stolen]).superseded.is_empty());
    assert_eq!(
        store.tasks(&[id(1), id(2), id(3)]).unwrap(),
        [None, Some(elsewhere.view), None]
    );
    assert_eq!(store.events("a", 10).unwrap().len(), 1);
}

/// Each gateway's own; the last one counts.
pub fn a_session_is_stored_and_removed(store: &impl TaskStore) {
    own(store);
    let set = |at, gateway, session| {
        let writes = vec![Write::Session { gateway, session }];
        store
            .commit(
                after(at),
                &hub(1),
                1,
                &Commit {
                    durable: false,
                    writes,
                },
            )
            .unwrap();
    };
    let loaded = || store.load(NOW, &hub(1), 1).unwrap();
    assert!(loaded().sessions.is_empty());
    assert!(loaded().command_index.is_none());
    set(1, GatewayKind::User, Some(session(1)));
    set(2, GatewayKind::Bot, Some(session(2)));
    set(3, GatewayKind::User, Some(session(u64::from(u32::MAX) + 3)));
    let stored = |gateway, sequence, at| StoredSession {
        gateway,
        session: session(sequence),
        seen_at: after(at),
    };
    let user = stored(GatewayKind::User, u64::from(u32::MAX) + 3, 3);
    assert_eq!(
        loaded().sessions,
        [stored(GatewayKind::Bot, 2, 2), user.clone()]
    );
    set(4, GatewayKind::Bot, None);
    set(5, GatewayKind::Bot, None);
    assert_eq!(loaded().sessions, [user]);
    let writes = vec![Write::CommandIndex(CommandIndex::default())];
    store
        .commit(
            NOW,
            &hub(1),
            1,
            &Commit {
                durable: false,
                writes,
            },
        )
        .unwrap();
    assert!(loaded().command_index.is_some());
}

/// In the order of submission, whatever happened to them since; only this hub's.
pub fn loading_gives_what_is_open_in_order(store: &impl TaskStore) {
    own(store);
    for number in [3, 1, 2, 5, 4] {
        submit(store, &task(number));
    }
    let mut elsewhere = task(6);
    elsewhere.hub = hub(2);
    submit(store, &elsewhere);
    let mut moved = revised(&task(1), Status::InProgress);
    moved.work.attempts.push(attempt(1));
    write(store, NOW, &[&moved, &revised(&task(5), Status::Success)]);
    let state = store.load(NOW, &hub(1), 1).unwrap();
    assert_eq!(ids(&state.open), [3, 1, 2, 4].map(id));
    assert_eq!(state.open[1], moved);
    assert_eq!(ids(&state.closed), [id(5)]);
}

/// Tombstones, and what ended lately; the newest end first.
pub fn loading_gives_what_may_still_matter(store: &impl TaskStore) {
    own(store);
    let recent = after(0).minus(CLOSED_RECENT);
    end(store, &task(1), recent);
    end(store, &task(2), recent.plus(Duration::from_millis(1)));
    end(store, &task(3), NOW);
    end(store, &task(4), recent.plus(Duration::from_millis(2)));
    let mut tombstone = end(store, &task(5), recent);
    tombstone.view.revision += 1;
    tombstone.work.key_held_until = Some(after(1));
    write(store, NOW, &[&tombstone]);
    let mut forgotten = end(store, &task(6), recent);
    forgotten.view.revision += 1;
    forgotten.work.key_held_until = Some(NOW);
    write(store, NOW, &[&forgotten]);
    let state = store.load(NOW, &hub(1), 1).unwrap();
    assert_eq!(ids(&state.closed), [3, 4, 2, 5].map(id));
    assert_eq!(state.closed[3], tombstone);
    assert!(state.open.is_empty());
}

/// Nothing that is submitted between the two is lost or told twice.
pub fn the_inbox_goes_on_where_loading_ended(store: &impl TaskStore) {
    own(store);
    submit(store, &task(1));
    let state = store.load(NOW, &hub(1), 1).unwrap();
    submit(store, &task(2));
    store.cancel(NOW, &id(1)).unwrap();
    let inbox = store.inbox(&hub(1), 1, state.inbox).unwrap();
    assert_eq!(ids(&inbox.tasks), [2, 1].map(id));
    assert!(inbox.next > state.inbox);
    let empty = store.inbox(&hub(1), 1, inbox.next).unwrap();
    assert!(empty.tasks.is_empty());
    assert_eq!(empty.next, inbox.next);
    // A successor that loads sees all of it as loaded.
    assert!(store.take_lease(&hub(1), &claim(2)).unwrap());
    let state = store.load(NOW, &hub(1), 2).unwrap();
    assert_eq!(ids(&state.open), [id(2)]);
    assert!(
        store
            .inbox(&hub(1), 2, state.inbox)
            .unwrap()
            .tasks
            .is_empty()
    );
}

/// New, cancelled, asked to be cancelled; as it is now, and only of this hub.
pub fn the_inbox_tells_each_write_of_php_once(store: &impl TaskStore) {
    own(store);
    let mut next = store.load(NOW, &hub(1), 1).unwrap().inbox;
    let mut look = || {
        let inbox = store.inbox(&hub(1), 1, next).unwrap();
        assert!(inbox.next >= next);
        next = inbox.next;
        inbox.tasks
    };
    assert!(look().is_empty());
    submit(store, &task(1));
    submit(store, &task(2));
    let mut elsewhere = task(3);
    elsewhere.hub = hub(2);
    submit(store, &elsewhere);
    assert_eq!(look(), [task(1), task(2)]);
    assert!(look().is_empty());
    submit(store, &task(4));
    store.cancel(NOW, &id(4)).unwrap();
    let seen = look();
    assert_eq!(seen.len(), 1, "submitted and cancelled since is one task");
    assert_eq!(seen[0].view.status, Status::Cancel);
    let mut sent = revised(&task(1), Status::Submitted);
    sent.work.attempts.push(attempt(1));
    write(store, NOW, &[&sent]);
    assert!(look().is_empty());
    store.cancel(NOW, &id(1)).unwrap();
    let seen = look();
    assert_eq!(ids(&seen), [id(1)]);
    assert!(seen[0].work.cancel_requested);
    assert!(look().is_empty());
}

/// Its own writes do not come back to it.
pub fn the_inbox_is_not_fed_by_the_owner(store: &impl TaskStore) {
    own(store);
    let ended = end(store, &task(1), after(1));
    let inbox = store.inbox(&hub(1), 1, 0).unwrap();
    assert_eq!(
        inbox.tasks,
        [ended],
        "told once, for its submission, as it is now"
    );
    submit(store, &task(2));
    write(store, NOW, &[&revised(&task(2), Status::Submitted)]);
    assert_eq!(
        ids(&store.inbox(&hub(1), 1, inbox.next).unwrap().tasks),
        [id(2)]
    );
    store.prune(&hub(1), 1, after(9), 9).unwrap();
    assert_eq!(ids(&store.inbox(&hub(1), 1, 0).unwrap().tasks), [id(2)]);
}
