//! A process that forks while its engine runs: both go on.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests are no tests to clippy"
)]

mod support;

use mj_engine::{Engine, Value};
use support::{Stage, child, child_host, finish, wait_for};

/// How often the process forks.
const FORKS: usize = 6;

/// Not a test: a process that forks between its calls, as `pcntl_fork()` does.
#[test]
#[ignore = "run by the test of this file in a process of its own"]
fn child_forks() {
    let Some(host) = child_host() else {
        return;
    };
    let engine = Engine::of_thread(0, || host.clone()).unwrap();
    let mut children = Vec::new();
    for number in 0..FORKS {
        let id = imagine(&engine, &format!("the parent's picture {number}"));
        // SAFETY: the child calls the engine on this thread, as PHP would, and ends without unwinding into the harness.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            let code = i32::from(!succeeds_in_a_child(&host, number));
            // SAFETY: ends the process.
            unsafe { libc::_exit(code) };
        }
        assert!(pid > 0);
        children.push(pid);
        assert_eq!(finish(&engine, &id).view.status.as_str(), "SUCCESS");
    }
    for pid in children {
        let mut status = 0;
        // SAFETY: our own child; `status` is valid for the call.
        assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
        assert_eq!(status, 0, "a child did not go on");
    }
    engine.shutdown();
}

fn succeeds_in_a_child(host: &mj_engine::Host, number: usize) -> bool {
    let outcome = std::panic::catch_unwind(|| {
        let engine = Engine::of_thread(0, || host.clone()).unwrap();
        let id = imagine(&engine, &format!("the child's picture {number}"));
        let ended = finish(&engine, &id).view.status.as_str() == "SUCCESS";
        engine.shutdown();
        ended
    });
    outcome.unwrap_or_default()
}

fn imagine(engine: &Engine, prompt: &str) -> String {
    let id = engine.imagine(&prompt.into(), &Value::Null).unwrap();
    id.as_str().to_owned()
}

#[test]
fn parent_and_children_go_on() {
    let stage = Stage::new();
    let mut ini = stage.ini(&["user_token"]);
    ini.push(("mj.spacing".to_owned(), "50ms".to_owned()));
    let mut parent = child("child_forks", "fpm-fcgi", &ini);
    let status = wait_for("the parent's end", || parent.0.try_wait().unwrap());
    assert!(status.success());
    let record = stage.record();
    let jobs = record["interactions"].as_array().unwrap();
    assert_eq!(jobs.len(), 2 * FORKS, "each was sent once");
    assert_eq!(record["most_open_connections"], 1);
}
