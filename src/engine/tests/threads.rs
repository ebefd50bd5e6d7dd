//! Several threads of PHP's, and several sites of one server, with one engine.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests are no tests to clippy"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use mj_engine::{Engine, EngineError, Host, Value};

const ADDRESS: &str = "https://cdn.discordapp.com/attachments/1/2/a.png";

fn host(state_dir: &Path, images: &str, role: &str) -> Host {
    let ini = [
        ("mj.state_dir", state_dir.to_str().unwrap()),
        ("mj.cdn_url", images),
        ("mj.role", role),
        ("mj.user_token", "user-token-of-a-test"),
        ("mj.guild_id", "100000000000000001"),
        ("mj.channel_id", "100000000000000002"),
        ("mj.api_url", "http://127.0.0.1:9"),
        ("mj.gateway_url", "ws://127.0.0.1:9"),
    ];
    Host {
        sapi: "apache2handler".to_owned(),
        ini: ini
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        ..Host::default()
    }
}

fn given(images: &str) -> Value {
    [("cdn_url", Value::from(images))].into_iter().collect()
}

fn shown(engine: &Engine) -> String {
    let url = engine.image_url(ADDRESS).unwrap();
    url.trim_end_matches("/attachments/1/2/a.png").to_owned()
}

#[test]
fn sites_of_one_thread_keep_their_settings_apart() {
    let state = tempfile::tempdir().unwrap();
    let one = || host(state.path(), "https://one.example.com", "never");
    let two = || host(state.path(), "https://two.example.com", "never");

    let engine = Engine::of_thread(1, one).unwrap();
    engine
        .configure(&given("https://given.example.com"))
        .unwrap();
    assert_eq!(shown(&engine), "https://given.example.com");
    let other = Engine::of_thread(2, two).unwrap();
    assert_eq!(shown(&other), "https://two.example.com");
    let again = Engine::of_thread(3, one).unwrap();
    assert_eq!(shown(&again), "https://given.example.com");
}

#[test]
fn threads_configure_for_themselves() {
    let state = tempfile::tempdir().unwrap();
    let one = || host(state.path(), "https://one.example.com", "never");

    let engine = Engine::of_thread(1, one).unwrap();
    engine
        .configure(&given("https://given.example.com"))
        .unwrap();
    let elsewhere = thread::scope(|scope| {
        let thread = scope.spawn(|| shown(&Engine::of_thread(1, one).unwrap()));
        thread.join().unwrap()
    });
    assert_eq!(elsewhere, "https://one.example.com");
    assert_eq!(shown(&engine), "https://given.example.com");
}

#[test]
fn ini_values_are_read_after_a_change_only() {
    let state = tempfile::tempdir().unwrap();
    let one = || host(state.path(), "https://one.example.com", "never");

    let first = Engine::of_thread(7, one).unwrap();
    let second = Engine::of_thread(7, || panic!("asked in vain")).unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    let third = Engine::of_thread(8, one).unwrap();
    assert!(Arc::ptr_eq(&first, &third), "nothing was different");
}

#[test]
fn sites_may_have_a_state_directory_each() {
    let states = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let ids = states.each_ref().map(|state| {
        let host = || host(state.path(), "https://one.example.com", "never");
        let revision = u64::from(state.path() == states[0].path());
        let engine = Engine::of_thread(revision, host).unwrap();
        let id = engine
            .imagine(&"a lighthouse".into(), &Value::Null)
            .unwrap();
        (engine, id)
    });
    let [(one, first), (two, second)] = &ids;
    assert!(one.poll(first.as_str()).unwrap().is_some());
    assert!(one.poll(second.as_str()).unwrap().is_none());
    assert!(two.poll(second.as_str()).unwrap().is_some());
}

#[test]
fn waits_of_other_threads_end_with_the_process() {
    let state = tempfile::tempdir().unwrap();
    let engine = Engine::new(host(state.path(), "https://one.example.com", "never")).unwrap();
    let id = engine
        .imagine(&"a lighthouse".into(), &Value::Null)
        .unwrap();
    let (looks, seen) = mpsc::channel();
    thread::scope(|scope| {
        let waits: Vec<_> = (0..4)
            .map(|_| {
                let (looks, engine, id) = (looks.clone(), &engine, id.as_str());
                scope.spawn(move || {
                    let started = Instant::now();
                    let mut say = || {
                        let _ = looks.send(());
                        false
                    };
                    engine.wait(id, Duration::from_secs(600), &mut say).unwrap();
                    started.elapsed()
                })
            })
            .collect();
        for _ in &waits {
            seen.recv().unwrap();
        }
        engine.shutdown();
        for wait in waits {
            assert!(wait.join().unwrap() < Duration::from_secs(60));
        }
    });
}

#[test]
fn the_engine_outlives_the_thread_that_started_it() {
    let state = tempfile::tempdir().unwrap();
    let host = || host(state.path(), "https://one.example.com", "auto");
    let call = || Engine::of_thread(1, host).unwrap().status().unwrap();

    thread::scope(|scope| {
        scope.spawn(call).join().unwrap();
    });
    // A thread takes its name itself, once it runs.
    let begun = Instant::now();
    while engine_threads().is_empty() && begun.elapsed() < Duration::from_secs(60) {
        thread::yield_now();
    }
    let started = engine_threads();
    assert_eq!(started.len(), 1);
    call();
    assert_eq!(engine_threads(), started);
    Engine::end_of_process();
}

/// The ids of this process's threads that bear the engine's name.
fn engine_threads() -> Vec<String> {
    let threads = fs::read_dir("/proc/self/task").unwrap();
    let is_engine = |path: &PathBuf| {
        fs::read_to_string(path.join("comm")).is_ok_and(|name| name.trim_end() == "mj-engine")
    };
    threads
        .map(|thread| thread.unwrap().path())
        .filter(is_engine)
        .map(|path| path.to_string_lossy().into_owned())
        .collect()
}

#[test]
fn nothing_starts_after_the_end_of_the_process() -> Result<(), EngineError> {
    let state = tempfile::tempdir().unwrap();
    let host = || host(state.path(), "https://one.example.com", "auto");
    let has_engine = || {
        let engine = Engine::of_thread(1, host)?;
        let Value::Map(status) = engine.status()? else {
            panic!("the status is no map");
        };
        let has_engine = status.iter().find(|(name, _)| name == "has_engine");
        Ok::<_, EngineError>(has_engine.map(|(_, value)| value.clone()))
    };

    assert_eq!(has_engine()?, Some(Value::Bool(true)));
    Engine::end_of_process();
    assert_eq!(has_engine()?, Some(Value::Bool(false)));
    Engine::start_of_process();
    // A process does not try at every call.
    let started = Instant::now();
    while has_engine()? != Some(Value::Bool(true)) {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "nothing started"
        );
        thread::yield_now();
    }
    Engine::end_of_process();
    Ok(())
}
