//! What is secret lies encrypted in the files, and only who knows the secret can read, move or write it.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "clippy's rules for tests do not reach helpers of an integration test"
)]

mod common {
    pub(crate) mod process;
    pub(crate) mod store;
}

use std::{
    fs,
    path::{Path, PathBuf},
};

use common::{
    process::fork,
    store::{state_in, store_in, temp_dir},
};
use mj_discord::Token;
use mj_midjourney::{
    config::{Archive, GatewayKind, HubConfig},
    conformance::{NOW, WIDE, claim, config, hub, id, session, task},
    store::{Commit, StoreError, TaskFilter, TaskStore, Write},
    task::{Picture, PictureSource, Status, Task},
};
use mj_store::{DATABASE, Keyring, SealKey, SqliteStore};
use rusqlite::{Connection, params};

const FIRST: &str = "a secret that is thirty-two characters long";
const SECOND: &str = "another secret that is as long as the first";

fn key(secret: &str) -> Option<SealKey> {
    SealKey::derive(secret.as_bytes())
}

fn sealed_in(dir: &Path, secret: &str) -> &'static SqliteStore {
    SqliteStore::open_with(&state_in(dir), &Keyring::new(key(secret), None)).unwrap()
}

/// A configuration whose every secret begins with `hush-`.
fn secretive() -> HubConfig {
    let mut config = config();
    config.bot_token = Some(Token::new("hush-bot"));
    config.accounts[0].user_token = Token::new("hush-user");
    config.accounts[0].session_id = Some("hush-account-session".to_owned());
    config.hosts.proxy = Some("http://u:hush-proxy@127.0.0.1:1".to_owned());
    config.notify_url = Some("https://example.com/hush-notify".to_owned());
    config.notify_secret = Some(Token::new("hush-signature"));
    config.archive = Some(Archive::S3 {
        endpoint: "https://s3.example.com".to_owned(),
        region: "eu-west-1".to_owned(),
        bucket: "bucket".to_owned(),
        prefix: String::new(),
        key: Token::new("hush-key"),
        secret: Token::new("hush-key-secret"),
        path_style: true,
    });
    config
}

fn secretive_task(number: u64) -> Task {
    let mut task = task(number);
    task.work.notify_url = Some(format!("https://example.com/hush-hook-{number}"));
    task.work.pictures = vec![Picture::new(PictureSource::Fetch(format!(
        "https://example.com/cat.png?signature=hush-{number}"
    )))];
    task
}

/// Writes secrets to every place that has some.
fn fill(store: &SqliteStore, number: u8) {
    let of = hub(number);
    store.configure(NOW, &of, &secretive()).unwrap();
    let tasks: Vec<Task> = (1..=40)
        .map(|place| Task {
            hub: of.clone(),
            ..secretive_task(u64::from(number) * 100 + place)
        })
        .collect();
    store.submit(NOW, &tasks, WIDE).unwrap();
    assert!(store.take_lease(&of, &claim(1)).unwrap());
    let mut writes = vec![Write::Session {
        gateway: GatewayKind::User,
        session: Some(mj_discord::gateway::Session {
            session_id: "hush-session".to_owned(),
            resume_gateway_url: Some("wss://hush-resume.example.com".to_owned()),
            ..session(5)
        }),
    }];
    for mut task in tasks.into_iter().take(20) {
        task.view.revision += 1;
        task.view.status = Status::Submitted;
        writes.push(Write::Task(Box::new(task)));
    }
    let commit = Commit {
        durable: true,
        writes,
    };
    store.commit(NOW, &of, 1, &commit).unwrap();
    store.checkpoint().unwrap();
}

/// How often `hush-` stands in the files of a directory. By its hyphen no Base64 spells it by chance.
fn whispers(dir: &Path) -> usize {
    let files: Vec<PathBuf> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    assert!(files.iter().any(|path| path.ends_with(DATABASE)));
    let count = |path: &PathBuf| {
        let bytes = fs::read(path).unwrap();
        bytes
            .windows(5)
            .filter(|window| *window == b"hush-")
            .count()
    };
    files.iter().map(count).sum()
}

/// Runs `work` in a process of its own, so that this one never reads what it has written.
fn elsewhere(work: impl FnOnce()) {
    assert_eq!(fork(work).wait(), 0);
}

fn locked_out<T: std::fmt::Debug>(result: Result<T, StoreError>) -> bool {
    match result {
        Err(StoreError::Sealed { has_secret }) => has_secret,
        other => panic!("{other:?}"),
    }
}

fn raw(dir: &Path) -> Connection {
    Connection::open(dir.join(DATABASE)).unwrap()
}

#[test]
fn nothing_secret_lies_in_the_files() {
    let dir = temp_dir();
    let store = sealed_in(dir.path(), FIRST);
    fill(store, 1);
    elsewhere(|| assert_eq!(whispers(dir.path()), 0));
    assert_eq!(store.config(&hub(1)).unwrap().unwrap().1, secretive());
    let state = store.load(NOW, &hub(1), 1).unwrap();
    assert_eq!(state.sessions[0].session.session_id, "hush-session");
    assert_eq!(state.open.len(), 40);
    assert_eq!(state.open[0].work, secretive_task(101).work);
    let due = store.notices(NOW, &hub(1), 1, &[], 100).unwrap().due;
    assert_eq!(due.len(), 40);
    assert!(
        due.iter()
            .all(|notice| notice.url.starts_with("https://example.com/hush-hook-"))
    );
}

#[test]
fn an_older_database_is_sealed_at_once_and_wiped() {
    let dir = temp_dir();
    elsewhere(|| fill(store_in(dir.path()), 1));
    // Removed rows leave their text in free pages.
    let connection = raw(dir.path());
    connection
        .execute_batch("DELETE FROM notice WHERE place % 2; DELETE FROM task WHERE id LIKE '%7'")
        .unwrap();
    drop(connection);
    assert!(whispers(dir.path()) > 80);
    elsewhere(|| {
        let store = sealed_in(dir.path(), FIRST);
        // Sealing is for who configures the hub: others read what is there.
        assert!(store.config(&hub(1)).unwrap().is_some());
        assert!(store.seal(&hub(1)).unwrap());
        assert_eq!(whispers(dir.path()), 0);
        assert!(!store.seal(&hub(1)).unwrap());
        assert_eq!(store.check().unwrap(), Vec::<String>::new());
        assert_eq!(store.config(&hub(1)).unwrap().unwrap().1, secretive());
        let one = store.whole_task(&id(102)).unwrap().unwrap();
        assert_eq!(one.work, secretive_task(102).work);
    });
}

#[test]
fn a_log_that_is_read_is_emptied_later() {
    let dir = temp_dir();
    elsewhere(|| fill(store_in(dir.path()), 1));
    let connection = raw(dir.path());
    connection
        .execute_batch("BEGIN; SELECT count(*) FROM task")
        .unwrap();
    elsewhere(|| {
        assert!(sealed_in(dir.path(), FIRST).seal(&hub(1)).unwrap());
        assert!(whispers(dir.path()) > 0);
    });
    connection.execute_batch("COMMIT").unwrap();
    drop(connection);
    elsewhere(|| {
        assert!(!sealed_in(dir.path(), FIRST).seal(&hub(1)).unwrap());
        assert_eq!(whispers(dir.path()), 0);
    });
}

#[test]
fn who_lacks_the_secret_writes_nothing_and_loses_nothing() {
    let dir = temp_dir();
    let right = sealed_in(dir.path(), FIRST);
    fill(right, 1);
    for (store, has_secret) in [
        (store_in(dir.path()), false),
        (sealed_in(dir.path(), SECOND), true),
    ] {
        let of = hub(1);
        assert_eq!(locked_out(store.seal(&of)), has_secret);
        assert_eq!(locked_out(store.configure(NOW, &of, &config())), has_secret);
        assert_eq!(locked_out(store.config(&of)), has_secret);
        assert_eq!(locked_out(store.whole_task(&id(101))), has_secret);
        assert_eq!(locked_out(store.load(NOW, &of, 1)), has_secret);
        assert_eq!(locked_out(store.cancel(NOW, &id(101))), has_secret);
        assert_eq!(
            locked_out(store.submit(NOW, &[task(900)], WIDE)),
            has_secret
        );
        let commit = Commit {
            durable: false,
            writes: vec![Write::Session {
                gateway: GatewayKind::User,
                session: Some(session(6)),
            }],
        };
        assert_eq!(locked_out(store.commit(NOW, &of, 1, &commit)), has_secret);
        assert!(!store.hubs().unwrap()[0].is_readable);
        // What PHP is shown needs no secret.
        assert!(store.task(&id(101)).unwrap().is_some());
        assert_eq!(
            store
                .list(&TaskFilter::default(), 50, None)
                .unwrap()
                .tasks
                .len(),
            40
        );
    }
    assert!(right.hubs().unwrap()[0].is_readable);
    assert_eq!(right.load(NOW, &hub(1), 1).unwrap().open.len(), 40);
}

#[test]
fn a_secret_is_changed_with_the_one_before_it() {
    let dir = temp_dir();
    let old = sealed_in(dir.path(), FIRST);
    fill(old, 1);
    let both = Keyring::new(key(SECOND), key(FIRST));
    let both = SqliteStore::open_with(&state_in(dir.path()), &both).unwrap();
    assert!(both.seal(&hub(1)).unwrap());
    assert!(locked_out(old.config(&hub(1))));
    let new = sealed_in(dir.path(), SECOND);
    assert_eq!(new.config(&hub(1)).unwrap().unwrap().1, secretive());
    assert_eq!(new.load(NOW, &hub(1), 1).unwrap().open.len(), 40);
    elsewhere(|| assert_eq!(whispers(dir.path()), 0));
    let without = Keyring::new(None, key(SECOND));
    let without = SqliteStore::open_with(&state_in(dir.path()), &without).unwrap();
    assert!(without.seal(&hub(1)).unwrap());
    let plain = store_in(dir.path());
    assert_eq!(plain.config(&hub(1)).unwrap().unwrap().1, secretive());
    assert_eq!(plain.load(NOW, &hub(1), 1).unwrap().sessions.len(), 1);
    elsewhere(|| assert!(whispers(dir.path()) > 0));
}

#[test]
fn hubs_of_one_directory_have_their_own_secrets() {
    let dir = temp_dir();
    let (plain, first, second) = (
        store_in(dir.path()),
        sealed_in(dir.path(), FIRST),
        sealed_in(dir.path(), SECOND),
    );
    fill(plain, 1);
    fill(first, 2);
    fill(second, 3);
    let readable = |store: &SqliteStore| {
        let hubs = store.hubs().unwrap().into_iter();
        hubs.map(|hub| hub.is_readable).collect::<Vec<_>>()
    };
    assert_eq!(readable(plain), [true, false, false]);
    assert_eq!(readable(first), [true, true, false]);
    assert_eq!(readable(second), [true, false, true]);
    // Another hub's configuration stays as its own site wants it.
    first.configure(NOW, &hub(1), &config()).unwrap();
    assert_eq!(plain.config(&hub(1)).unwrap().unwrap().1, config());
}

#[test]
fn a_value_opens_only_where_it_was_sealed() {
    let dir = temp_dir();
    let store = sealed_in(dir.path(), FIRST);
    fill(store, 1);
    fill(store, 2);
    for (change, read) in [
        (
            "UPDATE hub SET config = (SELECT config FROM hub WHERE key = 2) WHERE key = 1",
            Box::new(|| store.config(&hub(1)).map(drop)) as Box<dyn Fn() -> Result<(), StoreError>>,
        ),
        (
            "UPDATE task SET work = (SELECT work FROM task ORDER BY place LIMIT 1 OFFSET 1)
             WHERE place = (SELECT min(place) FROM task)",
            Box::new(|| store.whole_task(&id(101)).map(drop)),
        ),
        (
            "UPDATE session SET session = (SELECT session FROM session WHERE hub = 2) WHERE hub = 1",
            Box::new(|| store.load(NOW, &hub(1), 1).map(drop)),
        ),
        (
            "UPDATE notice SET url = (SELECT max(url) FROM notice) WHERE hub = 1",
            Box::new(|| store.notices(NOW, &hub(1), 1, &[], 100).map(drop)),
        ),
    ] {
        read().unwrap();
        let connection = raw(dir.path());
        connection
            .execute_batch(&format!("SAVEPOINT s; {change}; RELEASE s"))
            .unwrap();
        let error = read().unwrap_err();
        assert!(
            matches!(error, StoreError::Damaged(_)),
            "{change}: {error:?}"
        );
        assert!(!error.to_string().contains("hush-"));
        // For the next round everything is as it was.
        drop(connection);
        restore(dir.path(), store);
    }
}

/// Writes hub 1 anew, in the same rows.
fn restore(dir: &Path, store: &SqliteStore) {
    let connection = raw(dir);
    connection.execute_batch("UPDATE hub SET config = NULL WHERE key = 1; DELETE FROM session WHERE hub = 1; DELETE FROM notice; DELETE FROM task").unwrap();
    drop(connection);
    store.configure(NOW, &hub(1), &secretive()).unwrap();
    let task = Task {
        hub: hub(1),
        ..secretive_task(101)
    };
    let other = Task {
        hub: hub(1),
        ..secretive_task(102)
    };
    store.submit(NOW, &[task, other], WIDE).unwrap();
    let commit = Commit {
        durable: false,
        writes: vec![Write::Session {
            gateway: GatewayKind::User,
            session: Some(session(6)),
        }],
    };
    store.commit(NOW, &hub(1), 1, &commit).unwrap();
}

#[test]
fn what_is_damaged_says_so_under_every_secret() {
    let dir = temp_dir();
    fill(sealed_in(dir.path(), FIRST), 1);
    let connection = raw(dir.path());
    let (place, mut work): (i64, Vec<u8>) = connection
        .query_row(
            "SELECT place, work FROM task WHERE id = ?1",
            [id(103).as_str()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    let last = work.len() - 1;
    work[last] ^= 1;
    connection
        .execute(
            "UPDATE task SET work = ?2 WHERE place = ?1",
            params![place, work],
        )
        .unwrap();
    drop(connection);
    let is_damaged = |store: &SqliteStore| {
        let damaged = store.whole_task(&id(103)).unwrap_err();
        assert!(matches!(damaged, StoreError::Damaged(_)), "{damaged:?}");
        assert_eq!(
            store.whole_task(&id(104)).unwrap().unwrap().work,
            secretive_task(104).work
        );
    };
    is_damaged(sealed_in(dir.path(), FIRST));
    for (to, from) in [(Some(SECOND), FIRST), (None, SECOND)] {
        let keys = Keyring::new(to.and_then(key), key(from));
        let store = SqliteStore::open_with(&state_in(dir.path()), &keys).unwrap();
        assert!(store.seal(&hub(1)).unwrap());
        is_damaged(store);
    }
    is_damaged(store_in(dir.path()));
}

#[test]
fn the_same_secret_is_the_same_key_everywhere() {
    assert_eq!(key(FIRST).unwrap().name(), key(FIRST).unwrap().name());
    assert_ne!(key(FIRST).unwrap().name(), key(SECOND).unwrap().name());
    // Nothing of either key, and so of either secret.
    assert_eq!(format!("{:?}", key(FIRST)), format!("{:?}", key(SECOND)));
}
