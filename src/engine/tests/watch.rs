//! Streams of `mj_watch()` over one state directory that several engines share, as processes do.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are no tests to clippy"
)]

mod support;

use std::fs;

use mj_engine::{Engine, Taken, Value, Watch};
use support::{Stage, engine, wait_for};

/// An engine that sends nothing.
fn onlooker(stage: &Stage) -> Engine {
    let mut ini = stage.ini(&["user_token"]);
    ini.push(("mj.role".to_owned(), "never".to_owned()));
    engine("cli", ini)
}

fn wait_until_raised(watch: &Watch) {
    wait_for("a change", || (watch.take() == Taken::Raised).then_some(()));
}

/// How many of this process's threads stand behind streams.
fn watching_threads() -> usize {
    let names = fs::read_dir("/proc/self/task")
        .unwrap()
        .map(|thread| fs::read_to_string(thread.unwrap().path().join("comm")).unwrap_or_default());
    names.filter(|name| name.trim() == "mj-watch").count()
}

#[test]
fn each_stream_of_each_engine_is_raised_and_one_thread_does_it() {
    let stage = Stage::new();
    let (here, there) = (onlooker(&stage), onlooker(&stage));
    let watches = [
        here.watch().unwrap(),
        here.watch().unwrap(),
        there.watch().unwrap(),
    ];
    for watch in &watches {
        assert_eq!(watch.take(), Taken::Raised, "a look at what was before");
        assert_eq!(watch.take(), Taken::Nothing);
    }
    for prompt in ["one", "two"] {
        there.imagine(&prompt.into(), &Value::Null).unwrap();
        watches.iter().for_each(wait_until_raised);
    }
    assert_eq!(watching_threads(), 2, "one for each process");
    drop(watches);
    wait_for("the threads' end", || {
        (watching_threads() == 0).then_some(())
    });
    let again = here.watch().unwrap();
    assert_eq!(again.take(), Taken::Raised);
    there.imagine(&"three".into(), &Value::Null).unwrap();
    wait_until_raised(&again);
}

#[test]
fn shutdown_ends_the_thread_of_a_stream_that_is_open() {
    let stage = Stage::new();
    let engine = onlooker(&stage);
    let watch = engine.watch().unwrap();
    // A thread has its name a moment after its beginning.
    wait_for("the thread's name", || {
        (watching_threads() == 1).then_some(())
    });
    engine.shutdown();
    wait_for("the thread's end", || {
        (watching_threads() == 0).then_some(())
    });
    drop(watch);
}

#[test]
fn a_stream_keeps_its_process_resident() {
    let stage = Stage::new();
    let engine = onlooker(&stage);
    let grade = || {
        let status = engine.status().unwrap();
        status.get("grade").cloned()
    };
    assert_eq!(grade(), Some("transient".into()));
    let watch = engine.watch().unwrap();
    assert_eq!(grade(), Some("resident".into()));
    drop(watch);
}
