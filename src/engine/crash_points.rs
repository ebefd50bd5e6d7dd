//! Points of the engine at which a test breaks or stops it, and those tests. No part of what is shipped.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use mj_engine::{Engine, Value};
use parking_lot::Mutex;
use serde_json::json;

use crate::{
    shared::Shared,
    support::{Killed, Stage, child, child_host, engine, finish, wait_for},
};

/// Where something happens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Point {
    /// An owner's loop begins a turn.
    Turn,
    /// The engine thread looks for hubs.
    Scan,
    /// The attempt is durable, and its POST comes next.
    AttemptDurable,
}

/// What happens there.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// The thread panics.
    Panic,
    /// The process is stopped until somebody lets it go on.
    Stop,
}

/// The fault that awaits an engine of one state directory, and how often.
struct Plan {
    directory: PathBuf,
    point: Point,
    fault: Fault,
    times: u32,
}

static PLANS: Mutex<Vec<Plan>> = Mutex::new(Vec::new());

fn plan(directory: &Path, point: Point, fault: Fault, times: u32) {
    PLANS.lock().push(Plan {
        directory: directory.to_owned(),
        point,
        fault,
        times,
    });
}

/// Does what a test has planned for this point.
pub(crate) fn reached(shared: &Shared, point: Point) {
    let fault = PLANS
        .lock()
        .iter_mut()
        .find(|plan| plan.point == point && plan.times > 0 && shared.dir.path() == plan.directory)
        .map(|plan| {
            plan.times -= 1;
            plan.fault
        });
    match fault {
        Some(Fault::Panic) => panic!("a test wants it at {point:?}"),
        Some(Fault::Stop) => {
            let pid = std::process::id().to_string();
            let kill = std::process::Command::new("kill")
                .args(["-STOP", &pid])
                .status();
            assert!(kill.unwrap().success());
            // The signal goes to any thread, and the others run on until that one has stopped them all.
            std::thread::park_timeout(Duration::from_millis(500));
        }
        None => {}
    }
}

fn survives_panics_at(point: Point) {
    let stage = Stage::new();
    stage.config(&json!({"hold_finals": true}));
    let engine = engine("fpm-fcgi", stage.ini(&["user_token"]));
    let id = engine.imagine(&"a red fox".into(), &Value::Null).unwrap();
    wait_for("progress", || {
        let task = engine.poll(id.as_str()).unwrap()?;
        (task.view.progress > 0).then_some(())
    });
    plan(&stage.state_dir(), point, Fault::Panic, 2);
    wait_for("two panics", || {
        engine.poll(id.as_str()).unwrap();
        PLANS
            .lock()
            .iter()
            .all(|plan| plan.times == 0)
            .then_some(())
    });
    stage.control(&json!({"command": "release"}));
    let ended = finish(&engine, id.as_str());
    assert_eq!(ended.view.status.as_str(), "SUCCESS", "{:?}", ended.view);
    let record = stage.record();
    assert_eq!(record["interactions"].as_array().unwrap().len(), 1);
    assert_eq!(record["identifies"], 1, "the session goes on");
    engine.shutdown();
}

#[test]
fn a_panic_in_a_hubs_loop_is_survived() {
    survives_panics_at(Point::Turn);
}

#[test]
fn a_panic_of_the_engine_thread_is_survived() {
    survives_panics_at(Point::Scan);
}

/// Not a test: an owner that is stopped between the durable attempt and its POST.
#[test]
#[ignore = "run by the tests of this file in a process of its own"]
fn child_stops_before_its_post() {
    let Some(host) = child_host() else {
        return;
    };
    let state_dir = host.ini.iter().find(|(name, _)| name == "mj.state_dir");
    plan(
        state_dir.unwrap().1.as_ref(),
        Point::AttemptDurable,
        Fault::Stop,
        1,
    );
    Engine::new(host)
        .unwrap()
        .serve(None, &mut || false)
        .unwrap();
}

/// An owner that was stopped there, this process as its successor, and the task in doubt.
struct Stopped {
    stage: Stage,
    owner: Killed,
    successor: Engine,
    task: String,
}

impl Stopped {
    fn new(timeout: &str) -> Self {
        let stage = Stage::new();
        let mut ini = stage.ini(&["user_token"]);
        ini.push(("mj.timeout".to_owned(), timeout.to_owned()));
        let owner = child(
            "crash_points::child_stops_before_its_post",
            "fpm-fcgi",
            &ini,
        );
        let mut idle = ini.clone();
        idle.push(("mj.role".to_owned(), "never".to_owned()));
        let onlooker = engine("fpm-fcgi", idle);
        wait_for("the owner", || {
            owner_pid(&onlooker).filter(|pid| *pid == owner.pid())
        });
        let task = onlooker.imagine(&"a red fox".into(), &Value::Null).unwrap();
        wait_for("the stop", || is_stopped(&owner).then_some(()));
        let successor = engine("fpm-fcgi", ini);
        let own = i64::from(std::process::id());
        wait_for("the successor", || {
            successor.poll(task.as_str()).unwrap();
            owner_pid(&successor).filter(|pid| *pid == own)
        });
        wait_for("the doubt", || {
            let status = successor.status().unwrap();
            (status.get("queue")?.get("in_doubt")? == &Value::Int(1)).then_some(())
        });
        assert_eq!(sent(&stage), 0);
        Self {
            stage,
            owner,
            successor,
            task: task.as_str().to_owned(),
        }
    }

    /// Lets the old owner go on, until it has seen that it is none.
    fn go_on(&self) {
        self.stage.let_go_on(&self.owner);
    }
}

fn owner_pid(engine: &Engine) -> Option<i64> {
    let status = engine.status().unwrap();
    let Value::Int(pid) = status.get("owner")?.get("pid")? else {
        return None;
    };
    Some(*pid)
}

fn is_stopped(process: &Killed) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.pid())).unwrap();
    stat.rsplit(") ").next().unwrap().starts_with('T')
}

/// How often an interaction reached Discord, accepted or not.
fn sent(stage: &Stage) -> u64 {
    let record = stage.record();
    let requests = record["requests"].as_object().unwrap();
    let posts = requests
        .iter()
        .filter(|(route, _)| route.contains("/interactions"));
    posts.map(|(_, count)| count.as_u64().unwrap()).sum()
}

#[test]
fn an_owner_stopped_before_its_post_never_sends_it() {
    let stopped = Stopped::new("600");
    stopped.go_on();
    let ended = finish(&stopped.successor, &stopped.task);
    assert_eq!(ended.view.status.as_str(), "SUCCESS", "{:?}", ended.view);
    assert_eq!(sent(&stopped.stage), 1, "only when it was proven absent");
    stopped.successor.shutdown();
}

#[test]
fn what_cannot_be_proven_absent_is_not_sent() {
    let stopped = Stopped::new("15");
    let ended = finish(&stopped.successor, &stopped.task);
    let code = ended
        .view
        .fail_code
        .map(mj_midjourney::refusal::FailCode::as_str);
    assert_eq!(code, Some("SUBMIT_UNCONFIRMED"), "{:?}", ended.view);
    stopped.go_on();
    assert_eq!(sent(&stopped.stage), 0);
    stopped.successor.shutdown();
}
