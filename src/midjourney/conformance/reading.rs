//! Reading: single tasks, lists, counts, what the owner shows.

use super::{NOW, WIDE, after, full_task, hub, id, own, submit, task, write};
use mj_discord::snowflake::{ApplicationId, ChannelId};

use crate::{
    account::{AccountHealth, AccountState, DirectMessages, Durations},
    refusal::FailCode,
    store::{Commit, Counts, StoreError, TaskFilter, TaskStore, Write},
    task::{Status, Task, TaskId},
};

/// What was stored is given back, to the last field, when submitted and when written.
pub fn every_field_survives(store: &impl TaskStore) {
    own(store);
    let mut full = full_task(1);
    submit(store, &full);
    assert_eq!(store.whole_task(&id(1)).unwrap().as_ref(), Some(&full));
    assert_eq!(store.task(&id(1)).unwrap().as_ref(), Some(&full.view));
    let bare = task(2);
    submit(store, &bare);
    for (number, code) in FailCode::ALL.iter().enumerate() {
        full.view.revision += 1;
        full.view.fail_code = Some(*code);
        full.view.status = Status::ALL[number % 7];
        write(store, NOW, &[&full]);
        assert_eq!(store.whole_task(&id(1)).unwrap().as_ref(), Some(&full));
    }
    let mut emptied = Task {
        hub: hub(1),
        ..task(1)
    };
    emptied.view.revision = full.view.revision + 1;
    write(store, NOW, &[&emptied]);
    emptied.work.cancel_requested = true;
    assert_eq!(store.whole_task(&id(1)).unwrap().as_ref(), Some(&emptied));
    assert_eq!(store.whole_task(&id(2)).unwrap().as_ref(), Some(&bare));
}

/// In the order asked for, with gaps and repetitions.
pub fn several_tasks_in_one_reading(store: &impl TaskStore) {
    submit(store, &task(1));
    submit(store, &task(2));
    let found = store.tasks(&[id(2), id(9), id(1), id(2)]).unwrap();
    assert_eq!(
        found,
        [
            Some(task(2).view),
            None,
            Some(task(1).view),
            Some(task(2).view)
        ]
    );
    assert!(store.tasks(&[]).unwrap().is_empty());
}

/// All members and no others, in the order of submission, as they are; a group ends with its members.
pub fn a_group_is_read_in_submission_order(store: &impl TaskStore) {
    own(store);
    let member = |number, group| {
        let mut task = task(number);
        task.view.group_id = Some(id(group));
        task
    };
    let members = [3, 1, 2].map(|number| member(number, 100));
    store.submit(NOW, &members, WIDE).unwrap();
    submit(store, &member(4, 101));
    submit(store, &task(5));
    let views =
        |members: &[Task]| -> Vec<_> { members.iter().map(|member| member.view.clone()).collect() };
    assert_eq!(store.group(&id(100)).unwrap(), views(&members));
    assert_eq!(store.group(&id(1)).unwrap(), []);
    let [first, mut second, mut third] = members;
    second.view.revision = 2;
    second.view.progress = 40;
    third.view.revision = 2;
    third.view.group_id = Some(id(101));
    write(store, NOW, &[&second, &third]);
    assert_eq!(
        store.group(&id(100)).unwrap(),
        views(&[first, second.clone()])
    );
    assert_eq!(
        store.group(&id(101)).unwrap(),
        views(&[third, member(4, 101)])
    );
    second.view.revision = 3;
    second.view.status = Status::Success;
    second.view.finished_at = Some(after(1));
    write(store, after(1), &[&second]);
    assert_eq!(store.prune(&hub(1), 1, after(2), 10).unwrap(), 1);
    assert_eq!(store.group(&id(100)).unwrap().len(), 1);
}

/// Larger priorities go first, equal ones as they came; other hubs and tasks that do not wait do not count.
pub fn queue_positions_follow_priority_then_order(store: &impl TaskStore) {
    own(store);
    let with = |number, priority| {
        let mut task = task(number);
        task.work.priority = priority;
        task
    };
    // Ids do not say the order of submission.
    let tasks = [
        with(5, 0),
        with(4, -1),
        with(3, 0),
        with(2, 100),
        with(1, 0),
    ];
    assert_eq!(store.submit(NOW, &tasks, WIDE).unwrap().len(), 5);
    let mut elsewhere = with(6, 50);
    elsewhere.hub = hub(2);
    submit(store, &elsewhere);
    let position = |number| store.queue_position(&id(number)).unwrap();
    assert_eq!(
        [2, 5, 3, 1, 4].map(position),
        [Some(0), Some(1), Some(2), Some(3), Some(4)]
    );
    assert_eq!(position(6), Some(0));
    assert_eq!(position(7), None);
    let mut sent = with(2, 100);
    sent.view.revision = 2;
    sent.view.status = Status::Submitted;
    write(store, NOW, &[&sent]);
    assert_eq!(
        [2, 5, 3, 1, 4].map(position),
        [None, Some(0), Some(1), Some(2), Some(3)]
    );
}

fn ids_of(store: &impl TaskStore, filter: &TaskFilter, limit: u32) -> Vec<TaskId> {
    let mut ids = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = store.list(filter, limit, cursor.as_deref()).unwrap();
        assert!(page.tasks.len() <= limit.max(1) as usize);
        ids.extend(page.tasks.iter().map(|task| task.id));
        cursor = page.next;
        if cursor.is_none() {
            return ids;
        }
        assert!(
            !page.tasks.is_empty(),
            "a part that is not the last has tasks"
        );
    }
}

/// Every part size gives the same list; what is added meanwhile does not move it.
pub fn a_list_is_newest_first_in_parts(store: &impl TaskStore) {
    assert!(ids_of(store, &TaskFilter::default(), 10).is_empty());
    for number in [3, 1, 4, 2, 5] {
        submit(store, &task(number));
    }
    let all = [5, 2, 4, 1, 3].map(id);
    for limit in [0, 1, 2, 3, 4, 5, 6, 1_000, u32::MAX] {
        assert_eq!(
            ids_of(store, &TaskFilter::default(), limit),
            all,
            "parts of {limit}"
        );
    }
    let first = store.list(&TaskFilter::default(), 2, None).unwrap();
    submit(store, &task(6));
    let second = store
        .list(&TaskFilter::default(), 2, first.next.as_deref())
        .unwrap();
    assert_eq!(
        second.tasks.iter().map(|task| task.id).collect::<Vec<_>>(),
        [4, 1].map(id)
    );
    assert_eq!(
        store.list(&TaskFilter::default(), 6, None).unwrap().next,
        None
    );
}

/// Each filter by itself, and together.
pub fn a_list_is_filtered(store: &impl TaskStore) {
    own(store);
    for number in 1..=6 {
        let mut task = task(number);
        if number == 6 {
            task.hub = hub(2);
        }
        task.view.parent_id = (number % 2 == 0).then(|| id(100));
        task.view.group_id = (number % 3 == 0).then(|| id(200));
        task.view.state = (number > 3).then(|| "order".to_owned());
        submit(store, &task);
        if number == 2 || number == 3 {
            task.view.revision = 2;
            task.view.status = if number == 2 {
                Status::Success
            } else {
                Status::Failure
            };
            task.view.account = Some("main".to_owned());
            write(store, NOW, &[&task]);
        }
    }
    let filtered = |filter: TaskFilter| {
        let whole = ids_of(store, &filter, 10);
        assert_eq!(ids_of(store, &filter, 1), whole, "{filter:?}");
        whole
    };
    let none = TaskFilter::default;
    assert_eq!(
        filtered(TaskFilter {
            hub: Some(hub(1)),
            ..none()
        }),
        [5, 4, 3, 2, 1].map(id)
    );
    assert_eq!(
        filtered(TaskFilter {
            hub: Some(hub(3)),
            ..none()
        }),
        []
    );
    assert_eq!(
        filtered(TaskFilter {
            status: vec![Status::Success],
            ..none()
        }),
        [id(2)]
    );
    assert_eq!(
        filtered(TaskFilter {
            status: vec![Status::Failure, Status::Success],
            ..none()
        }),
        [3, 2].map(id)
    );
    assert_eq!(
        filtered(TaskFilter {
            parent_id: Some(id(100)),
            ..none()
        }),
        [6, 4, 2].map(id)
    );
    assert_eq!(
        filtered(TaskFilter {
            group_id: Some(id(200)),
            ..none()
        }),
        [6, 3].map(id)
    );
    assert_eq!(
        filtered(TaskFilter {
            account: Some("main".to_owned()),
            ..none()
        }),
        [3, 2].map(id)
    );
    assert_eq!(
        filtered(TaskFilter {
            state: Some("order".to_owned()),
            ..none()
        }),
        [6, 5, 4].map(id)
    );
    assert_eq!(
        filtered(TaskFilter {
            state: Some("orde_".to_owned()),
            ..none()
        }),
        []
    );
    let all = TaskFilter {
        hub: Some(hub(1)),
        status: vec![Status::NotStart],
        parent_id: Some(id(100)),
        group_id: None,
        account: None,
        state: Some("order".to_owned()),
    };
    assert_eq!(filtered(all), [id(4)]);
}

/// A cursor that no list gave is an error, not an empty list.
pub fn a_foreign_cursor_is_refused(store: &impl TaskStore) {
    for cursor in ["", "x", "-1", "1 or 1=1", "99999999999999999999999"] {
        let refused = store.list(&TaskFilter::default(), 10, Some(cursor));
        assert!(
            matches!(refused, Err(StoreError::InvalidCursor)),
            "{cursor:?}: {refused:?}"
        );
    }
}

/// Through every change of status.
pub fn counts_follow_the_tasks(store: &impl TaskStore) {
    own(store);
    assert_eq!(store.counts(&hub(1)).unwrap(), Counts::default());
    for number in 0..4 {
        submit(store, &task(number));
    }
    let mut moved = task(1);
    for (index, status) in Status::ALL.into_iter().enumerate().skip(1) {
        moved.view.status = status;
        moved.view.revision += 1;
        write(store, after(1), &[&moved]);
        let mut expected = Counts::default();
        expected.by_status[0] = 3;
        expected.by_status[index] = 1;
        assert_eq!(store.counts(&hub(1)).unwrap(), expected);
    }
    store.cancel(after(1), &id(2)).unwrap();
    assert_eq!(
        store.counts(&hub(1)).unwrap().by_status,
        [2, 0, 0, 0, 0, 0, 2]
    );
    store.prune(&hub(1), 1, after(2), 10).unwrap();
    assert_eq!(
        store.counts(&hub(1)).unwrap().by_status,
        [2, 0, 0, 0, 0, 0, 0]
    );
    assert_eq!(store.counts(&hub(2)).unwrap(), Counts::default());
}

/// The last one counts.
pub fn status_and_accounts_are_given_back(store: &impl TaskStore) {
    own(store);
    assert_eq!(store.status(&hub(1)).unwrap(), None);
    assert_eq!(store.accounts(&hub(1)).unwrap(), []);
    let health = |name: &str, state| AccountHealth {
        name: name.to_owned(),
        user_id: None,
        state,
        at: NOW,
        token_fingerprint: Some("0123456789abcdef".to_owned()),
        config_fingerprint: Some("fedcba9876543210".to_owned()),
        reason: Some("Blocked: for 2 hours".to_owned()),
        durations: Durations::default(),
        direct_messages: vec![DirectMessages {
            application_id: ApplicationId(11),
            channel_id: ChannelId(21),
        }],
    };
    let writes = vec![
        Write::Status("{\"a\":1}".to_owned()),
        Write::Account(health("second", AccountState::Usable)),
        Write::Account(health("main", AccountState::Usable)),
    ];
    store
        .commit(
            after(1),
            &hub(1),
            1,
            &Commit {
                durable: false,
                writes,
            },
        )
        .unwrap();
    let paused = AccountState::Paused {
        code: FailCode::ALL[0],
        until: after(60),
    };
    let writes = vec![
        Write::Account(health("main", paused.clone())),
        Write::Status("{}".to_owned()),
        Write::Status("{\"b\":2}".to_owned()),
    ];
    store
        .commit(
            after(2),
            &hub(1),
            1,
            &Commit {
                durable: true,
                writes,
            },
        )
        .unwrap();
    assert_eq!(
        store.status(&hub(1)).unwrap(),
        Some((after(2), "{\"b\":2}".to_owned()))
    );
    let expected = [
        health("main", paused),
        health("second", AccountState::Usable),
    ];
    assert_eq!(store.accounts(&hub(1)).unwrap(), expected);
    assert_eq!(store.load(NOW, &hub(1), 1).unwrap().accounts, expected);
    assert_eq!(store.accounts(&hub(2)).unwrap(), []);
}
