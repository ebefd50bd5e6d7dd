//! Whatever kills a writer, the outbox and the tasks say the same.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy's rules for tests do not reach helpers of an integration test"
)]

mod common {
    pub(crate) mod process;
    pub(crate) mod store;
}

use std::io::{Read as _, Write as _};

use common::{
    process::fork_with_pipe,
    store::{random_task, store_in, temp_dir},
};
use mj_midjourney::{
    conformance::{NOW, WIDE, claim, hub, own},
    notice::NoticeOutcome,
    store::{Commit, TaskStore, Write},
    task::Status,
};
use mj_store::{DATABASE, SqliteStore};
use rusqlite::Connection;

/// Submits and moves tasks for ever, and says a byte after each write.
fn write_for_ever(store: &SqliteStore, epoch: u64, mut said: impl FnMut()) {
    loop {
        let mut task = random_task();
        task.work.notify_url = Some("https://example.com/hook".to_owned());
        store
            .submit(NOW, std::slice::from_ref(&task), WIDE)
            .unwrap();
        said();
        for status in [Status::Submitted, Status::InProgress, Status::Success] {
            task.view.revision += 1;
            task.view.status = status;
            let commit = Commit {
                durable: false,
                writes: vec![Write::Task(Box::new(task.clone()))],
            };
            store.commit(NOW, &hub(1), epoch, &commit).unwrap();
            said();
        }
        let (id, revision) = (task.view.id, task.view.revision);
        store
            .noticed(NOW, &hub(1), epoch, &id, revision, NoticeOutcome::Delivered)
            .unwrap();
        said();
    }
}

#[test]
fn a_killed_writer_leaves_no_change_untold() {
    let dir = temp_dir();
    let mut written = 0;
    for round in 1..=12 {
        let (child, mut said) = fork_with_pipe(|mut pipe| {
            let store = store_in(dir.path());
            if round == 1 {
                own(store);
            } else {
                assert!(store.take_lease(&hub(1), &claim(round)).unwrap());
            }
            write_for_ever(store, round, || pipe.write_all(b".").unwrap());
        });
        // The kill falls somewhere into the writes after these.
        let mut bytes = vec![0; 7 * usize::try_from(round).unwrap()];
        said.read_exact(&mut bytes).unwrap();
        written += bytes.len();
        child.kill();
    }
    let connection = Connection::open(dir.path().join(DATABASE)).unwrap();
    let count = |what: &str| -> u32 {
        let sql =
            format!("SELECT count(*) FROM task t LEFT JOIN notice n ON n.place = t.place {what}");
        connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    assert!(count("") as usize >= written / 5);
    assert_eq!(count("WHERE n.revision IS NOT t.revision"), 0);
    assert_eq!(
        count("WHERE (n.due IS NULL) IS NOT (n.delivered = t.revision)"),
        0
    );
}
