//! `mj.secret`, set, changed and missing while tasks run: real processes beside a simulated Discord.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests are no tests to clippy"
)]

mod support;

use std::{fs, path::Path};

use mj_engine::{Engine, EngineError, Value};
use serde_json::json;
use support::{Stage, child, child_engine, engine, finish, wait_for};

const FIRST: &str = "0123456789abcdef0123456789abcdef";
const SECOND: &str = "fedcba9876543210fedcba9876543210";

type Ini = Vec<(String, String)>;

/// Not a test: what a child does until it is killed.
#[test]
#[ignore = "run by the tests of this file in a process of its own"]
fn child_serves() {
    if let Some(engine) = child_engine() {
        engine.serve(None, &mut || false).unwrap();
    }
}

fn with(ini: &Ini, entries: &[(&str, &str)]) -> Ini {
    let entry = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    ini.iter()
        .cloned()
        .chain(entries.iter().map(entry))
        .collect()
}

fn owner_pid(engine: &Engine) -> Option<i64> {
    let status = engine.status().unwrap();
    let Value::Int(pid) = status.get("owner")?.get("pid")? else {
        return None;
    };
    Some(*pid)
}

fn wait_for_owner(ini: &Ini, pid: i64) {
    let onlooker = engine("fpm-fcgi", with(ini, &[("mj.role", "never")]));
    wait_for("the owner", || {
        owner_pid(&onlooker).filter(|owner| *owner == pid)
    });
}

fn imagine(engine: &Engine, prompt: &str) -> String {
    let id = engine.imagine(&prompt.into(), &Value::Null).unwrap();
    id.as_str().to_owned()
}

fn wait_for_progress(engine: &Engine, id: &str) {
    wait_for("progress", || {
        let task = engine.poll(id).unwrap()?;
        (task.view.progress > 0).then_some(())
    });
}

/// What is refused where the secret is not the right one.
fn refused(engine: &Engine) -> String {
    let error = engine.imagine(&"a spy".into(), &Value::Null).unwrap_err();
    assert!(
        matches!(error, EngineError::Configuration { .. }),
        "{error:?}"
    );
    error.to_string()
}

/// Whether the bytes are in any file of the state directory.
fn is_in_files(directory: &Path, bytes: &str) -> bool {
    let files = fs::read_dir(directory.join("state")).unwrap();
    let mut paths = files.map(|file| file.unwrap().path());
    paths.any(|path| {
        let contents = path.is_file().then(|| fs::read(&path).unwrap());
        contents.is_some_and(|contents| {
            contents
                .windows(bytes.len())
                .any(|window| window == bytes.as_bytes())
        })
    })
}

#[test]
fn a_secret_that_is_set_while_a_task_runs_loses_nothing() {
    let stage = Stage::new();
    stage.config(&json!({"hold_finals": true}));
    let plain = stage.ini(&["user_token"]);
    let token = stage.announced("user_token");
    let owner = child("child_serves", "fpm-fcgi", &plain);
    wait_for_owner(&plain, owner.pid());
    let without = engine("fpm-fcgi", with(&plain, &[("mj.role", "never")]));
    let running = imagine(&without, "a red fox");
    wait_for_progress(&without, &running);
    assert!(is_in_files(stage.directory.path(), &token));

    let knowing = engine("fpm-fcgi", with(&plain, &[("mj.secret", FIRST)]));
    let later = imagine(&knowing, "a blue fox");
    assert!(!is_in_files(stage.directory.path(), &token));
    // The owner lives, and leaves the hub to who can read it.
    let own = i64::from(std::process::id());
    wait_for("the successor", || {
        owner_pid(&knowing).filter(|pid| *pid == own)
    });
    stage.control(&json!({"command": "release"}));
    stage.config(&json!({"hold_finals": false}));
    for id in [&running, &later] {
        assert_eq!(finish(&knowing, id).view.status.as_str(), "SUCCESS");
    }
    let interactions = stage.record()["interactions"].as_array().unwrap().len();
    assert_eq!(interactions, 2, "nothing is sent twice");

    assert!(refused(&without).starts_with("mj.secret: is missing"));
    assert!(without.poll(&running).unwrap().is_some());
    let wrong = engine("fpm-fcgi", with(&plain, &[("mj.secret", SECOND)]));
    assert!(refused(&wrong).starts_with("mj.secret: is not the secret"));
    assert!(!is_in_files(stage.directory.path(), &token));
    knowing.shutdown();
}

#[test]
fn a_secret_is_changed_while_a_task_runs() {
    let stage = Stage::new();
    stage.config(&json!({"hold_finals": true}));
    let ini = stage.ini(&["user_token"]);
    let old = with(&ini, &[("mj.secret", FIRST)]);
    let owner = child("child_serves", "fpm-fcgi", &old);
    wait_for_owner(&old, owner.pid());
    let before = engine("fpm-fcgi", with(&old, &[("mj.role", "never")]));
    let running = imagine(&before, "a red fox");
    wait_for_progress(&before, &running);
    let changed = [("mj.secret", SECOND), ("mj.secret_previous", FIRST)];
    let both = engine("fpm-fcgi", with(&ini, &changed));
    let later = imagine(&both, "a blue fox");
    stage.control(&json!({"command": "release"}));
    stage.config(&json!({"hold_finals": false}));
    for id in [&running, &later] {
        assert_eq!(finish(&both, id).view.status.as_str(), "SUCCESS");
    }
    assert!(refused(&before).contains("mj.secret_previous"));
    let new = engine(
        "fpm-fcgi",
        with(&ini, &[("mj.secret", SECOND), ("mj.role", "never")]),
    );
    assert!(owner_pid(&new).is_some());
    both.shutdown();
}

#[test]
fn an_heir_without_the_secret_leaves_the_hub_to_another() {
    let stage = Stage::new();
    let plain = stage.ini(&["bot_token"]);
    let sealed = with(&stage.ini(&["user_token"]), &[("mj.secret", FIRST)]);
    // A site without a secret in the same directory: one of its processes owns its hub, one is its heir. They come
    // first, for a process that knows the secret may own what can be read without one, too.
    let stranger = child("child_serves", "fpm-fcgi", &plain);
    wait_for_owner(&plain, stranger.pid());
    let _heir_of_strangers = child("child_serves", "fpm-fcgi", &plain);
    wait_for("the heir", || stage.has_heir().then_some(()));
    let owner = child("child_serves", "fpm-fcgi", &sealed);
    wait_for_owner(&sealed, owner.pid());
    let knowing = engine("fpm-fcgi", with(&sealed, &[("mj.role", "never")]));
    stage.config(&json!({"hold_finals": true}));
    let running = imagine(&knowing, "a red fox");
    wait_for_progress(&knowing, &running);
    owner.signal("-KILL");
    stage.wait_for("a lost gateway", |record| record["open_connections"] == 1);
    let heir = engine("fpm-fcgi", sealed);
    let own = i64::from(std::process::id());
    wait_for("the successor", || {
        heir.poll(&running).unwrap();
        owner_pid(&heir).filter(|pid| *pid == own)
    });
    stage.control(&json!({"command": "release"}));
    assert_eq!(finish(&heir, &running).view.status.as_str(), "SUCCESS");
    heir.shutdown();
}
