//! Consumers of the feed: their rows go when nothing is left that they could have seen.
#![allow(
    clippy::unwrap_used,
    reason = "clippy's rules for tests do not reach helpers of an integration test"
)]

mod common {
    pub(crate) mod store;
}

use common::store::{store_in, temp_dir};
use mj_midjourney::{
    conformance::{after, end, hub, own, submit, task},
    store::TaskStore,
};
use mj_store::DATABASE;
use rusqlite::Connection;

#[test]
fn rows_of_forgotten_consumers_are_removed() {
    let dir = temp_dir();
    let store = store_in(dir.path());
    own(store);
    end(store, &task(1), after(1));
    submit(store, &task(2));
    let events = store.events("any", 10).unwrap();
    store.ack("lagging", events[2].cursor).unwrap();
    for number in 0..100 {
        store
            .ack(&format!("gone-{number}"), events[1].cursor)
            .unwrap();
    }
    let rows = || -> Vec<String> {
        let connection = Connection::open(dir.path().join(DATABASE)).unwrap();
        let mut names = connection.prepare("SELECT name FROM consumer").unwrap();
        let names = names.query_map([], |row| row.get(0)).unwrap();
        names.map(Result::unwrap).collect()
    };
    assert_eq!(store.prune(&hub(1), 1, after(1), 10).unwrap(), 0);
    assert_eq!(rows().len(), 101, "what they saw is kept");
    assert_eq!(store.prune(&hub(1), 1, after(2), 10).unwrap(), 1);
    assert_eq!(rows(), ["lagging"]);
}
