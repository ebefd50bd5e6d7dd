//! Half-done pictures: fetched as finished ones are, and gone sooner than those.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests are no tests to clippy"
)]

mod support;

use std::path::{Path, PathBuf};

use mj_engine::{Engine, TaskRecord, Value};
use mj_simulator::server::{Options, TlsFault};
use serde_json::{Value as Json, json};
use support::{
    Stage, engine, finish, is_picture, options,
    proxy::{LOGIN, Proxy},
    wait_for,
};

/// What stands still at 46 % at most, and has shown a picture from 35 % on.
const STALLED: &str = "a red fox simulate:stall";

/// A directory of its own for pictures.
fn directory(stage: &Stage, name: &str) -> PathBuf {
    let directory = stage.directory.path().join(name);
    std::fs::create_dir(&directory).unwrap();
    directory
}

/// Begins a task that stands still when it has shown a picture.
fn half_done(engine: &Engine) -> TaskRecord {
    let id = engine.imagine(&STALLED.into(), &Value::Null).unwrap();
    wait_for("a task that stands still", || {
        let task = engine.poll(id.as_str()).unwrap()?;
        (task.view.progress > 35 && task.preview_url.is_some()).then_some(task)
    })
}

fn preview(engine: &Engine, task: &str, directory: &Path) -> Result<Vec<String>, String> {
    preview_as(engine, task, directory, &[])
}

fn preview_as(
    engine: &Engine,
    task: &str,
    directory: &Path,
    further: &[(&str, Value)],
) -> Result<Vec<String>, String> {
    let mut wanted = vec![("preview", Value::Bool(true))];
    wanted.extend(further.iter().cloned());
    engine
        .download(
            task,
            directory.to_str().unwrap(),
            &options(&wanted),
            &mut || false,
        )
        .map_err(|error| error.to_string())
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// How often Discord was asked to sign addresses anew.
fn refreshed(stage: &Stage) -> u64 {
    let record = stage.record();
    let requests = record["requests"].as_object().unwrap();
    let of_refreshing = requests
        .iter()
        .filter(|(route, _)| route.contains("refresh-urls"));
    of_refreshing.filter_map(|(_, times)| times.as_u64()).sum()
}

#[test]
fn lies_beside_the_finished_picture() {
    let stage = Stage::new();
    let engine = engine("fpm-fcgi", stage.ini(&["user_token"]));
    let task = half_done(&engine);
    let id = task.view.id;
    let place = directory(&stage, "pictures");

    let paths = preview(&engine, id.as_str(), &place).unwrap();
    let path = place.join(format!("{id}-preview.webp"));
    assert_eq!(paths, [path.to_string_lossy()]);
    assert!(is_picture(&path));
    // The next one replaces it, without a word about that.
    std::fs::write(&path, "another").unwrap();
    assert_eq!(preview(&engine, id.as_str(), &place).unwrap(), paths);
    assert!(is_picture(&path));
    let small = [
        ("format", Value::from("png")),
        ("thumbnail", Value::Int(64)),
    ];
    let small = preview_as(&engine, id.as_str(), &place, &small).unwrap();
    assert!(small[0].ends_with(&format!("{id}-preview-64px.png")));
    assert!(std::fs::read(&small[0]).unwrap().starts_with(b"\x89PNG"));

    stage.control(&json!({"command": "release"}));
    assert_eq!(finish(&engine, id.as_str()).view.status.as_str(), "SUCCESS");
    engine
        .download(
            id.as_str(),
            place.to_str().unwrap(),
            &Value::Null,
            &mut || false,
        )
        .unwrap();
    let all = ["-preview-64px.png", "-preview.webp", ".png"].map(|end| format!("{id}{end}"));
    assert_eq!(names(&place), all);
    assert_eq!(refreshed(&stage), 0);
    engine.shutdown();
}

#[test]
fn is_none_before_and_after_the_work() {
    let stage = Stage::new();
    stage.config(&json!({"hold_finals": true}));
    let mut ini = stage.ini(&["user_token"]);
    ini.push(("mj.concurrency".to_owned(), "1".to_owned()));
    let engine = engine("fpm-fcgi", ini);
    let place = directory(&stage, "pictures");
    let first = engine.imagine(&"a red fox".into(), &Value::Null).unwrap();
    wait_for("progress", || {
        let task = engine.poll(first.as_str()).unwrap()?;
        task.preview_url.is_some().then_some(())
    });
    let waiting = engine.imagine(&"a blue fox".into(), &Value::Null).unwrap();
    let none = |task: &str| assert_eq!(preview(&engine, task, &place), Ok(Vec::new()));
    none(waiting.as_str());
    assert!(engine.cancel(waiting.as_str()).unwrap());
    none(waiting.as_str());
    stage.control(&json!({"command": "release"}));
    assert_eq!(
        finish(&engine, first.as_str()).view.status.as_str(),
        "SUCCESS"
    );
    none(first.as_str());
    assert_eq!(names(&place), Vec::<String>::new());

    // What the caller has wrong is wrong all the same.
    let error = preview(&engine, first.as_str(), &place.join("nowhere")).unwrap_err();
    assert_eq!(error, "directory: is not an existing directory");
    let error = preview(&engine, "01J00000000000000000000000", &place).unwrap_err();
    assert_eq!(error, "taskId: there is no such task");
    engine.shutdown();
}

#[test]
fn one_that_was_replaced_says_so() {
    let stage = Stage::new();
    let log = stage.directory.path().join("log");
    let mut ini = stage.ini(&["user_token"]);
    ini.push(("mj.log".to_owned(), log.to_string_lossy().into_owned()));
    let engine = engine("fpm-fcgi", ini);
    let task = half_done(&engine);
    let place = directory(&stage, "pictures");
    let fail = |answer: Json| {
        stage.control(&json!({"command": "clear"}));
        stage.control(&json!({"command": "fault", "http": answer}));
        preview(&engine, task.view.id.as_str(), &place).unwrap_err()
    };
    let gone = json!({"path": "_grid_0.webp", "times": null, "status": 404, "body": "This content is no longer available."});
    let error = fail(gone);
    assert_eq!(
        error,
        format!(
            "task {}: the preview is there no longer: a newer one has replaced it, or the task is ending; poll the task and try again",
            task.view.id
        )
    );
    assert_eq!(refreshed(&stage), 0, "a fresh signature would not bring it");
    let told = std::fs::read_to_string(&log).unwrap_or_default();
    assert!(!told.contains("mj_download() failed"), "{told}");

    // A proxy's page is not Discord's word.
    let page = json!({"path": "_grid_0.webp", "times": null, "status": 404, "body": "<html>", "content_type": "text/html"});
    let error = fail(page);
    assert!(
        error.contains("a page with status 404 in place of Discord's answer"),
        "{error}"
    );
    let error = fail(json!({"path": "_grid_0.webp", "times": null, "status": 500, "body": "no"}));
    assert!(
        error.ends_with("the CDN answered with status 500"),
        "{error}"
    );
    for secret in ["http", "ex=", "hm=", "red fox"] {
        assert!(!error.contains(secret), "{error}");
    }
    let told = std::fs::read_to_string(&log).unwrap();
    assert_eq!(told.matches("mj_download() failed").count(), 2, "{told}");
    assert!(!told.contains("hm="), "{told}");
    assert_eq!(names(&place), Vec::<String>::new());

    stage.control(&json!({"command": "clear"}));
    let paths = preview(&engine, task.view.id.as_str(), &place).unwrap();
    assert!(is_picture(paths[0].as_ref()), "the next try has it");
    engine.shutdown();
}

#[test]
fn an_expired_address_is_signed_anew() {
    let stage = Stage::new();
    stage.config(&json!({"cdn_ttl_seconds": 0}));
    let engine = engine("fpm-fcgi", stage.ini(&["user_token"]));
    let task = half_done(&engine);
    let place = directory(&stage, "pictures");
    let error = preview(&engine, task.view.id.as_str(), &place).unwrap_err();
    assert!(error.contains("the preview is there no longer"), "{error}");
    assert_eq!(refreshed(&stage), 1);
    stage.config(&json!({"cdn_ttl_seconds": 86_400}));
    let paths = preview(&engine, task.view.id.as_str(), &place).unwrap();
    assert!(is_picture(paths[0].as_ref()));
    engine.shutdown();
}

#[test]
fn takes_no_longer_than_it_may() {
    let stage = Stage::new();
    let engine = engine("fpm-fcgi", stage.ini(&["user_token"]));
    let task = half_done(&engine);
    let place = directory(&stage, "pictures");
    stage.control(&json!({"command": "fault", "http": {"path": "_grid_0.webp", "delay": 60_000}}));
    let second = [("timeout", Value::Int(1))];
    let error = preview_as(&engine, task.view.id.as_str(), &place, &second).unwrap_err();
    assert_eq!(error, "the download took longer than 1 s");
    engine.shutdown();
}

#[test]
fn comes_by_the_image_domain() {
    let stage = Stage::with(Options {
        discord_hosts: true,
        ..Options::default()
    });
    let engine = engine("fpm-fcgi", stage.ini(&["user_token"]));
    let task = half_done(&engine);
    let stored = task.view.preview_url.as_deref().unwrap();
    assert!(
        stored.starts_with("https://cdn.discordapp.com/"),
        "{stored}"
    );
    let place = directory(&stage, "pictures");
    let paths = preview(&engine, task.view.id.as_str(), &place).unwrap();
    assert!(is_picture(paths[0].as_ref()));
    engine.shutdown();
}

/// Through a proxy that alone knows the way to the CDN.
fn comes_through(scheme: &str, start: impl FnOnce(&Stage) -> Proxy) {
    let stage = Stage::with(Options {
        tls: Some(TlsFault::None),
        ..Options::default()
    });
    let proxy = start(&stage);
    let authority = stage.directory.path().join("ca.pem");
    std::fs::write(&authority, stage.server.authority().unwrap()).unwrap();
    let mut ini = stage.ini(&["user_token"]);
    ini.push((
        "mj.proxy".to_owned(),
        format!("{scheme}://{LOGIN}@{}", proxy.address),
    ));
    ini.push((
        "mj.ca_file".to_owned(),
        authority.to_string_lossy().into_owned(),
    ));
    let engine = engine("fpm-fcgi", ini);
    let task = half_done(&engine);
    let place = directory(&stage, "pictures");
    let before = proxy.targets().len();
    let paths = preview(&engine, task.view.id.as_str(), &place).unwrap();
    assert!(is_picture(paths[0].as_ref()));
    let host = stage.announced("cdn_url").replace("https://", "");
    assert_eq!(proxy.targets()[before..], [host]);
    engine.shutdown();
}

#[test]
fn comes_through_an_http_proxy() {
    comes_through("http", |stage| Proxy::connect(&stage.runtime));
}

#[test]
fn comes_through_a_socks_proxy() {
    comes_through("socks5h", |stage| Proxy::socks(&stage.runtime));
}
