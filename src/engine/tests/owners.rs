//! Owners that die, stop and are short: real processes beside a simulated Discord.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are no tests to clippy"
)]

mod support;

use std::time::{Duration, Instant};

use mj_engine::{Engine, TaskId, Value};
use mj_midjourney::refusal::FailCode;
use serde_json::json;
use support::{Stage, child, child_engine, engine, finish, wait_for};

/// Not a test: what a child does until it is killed.
#[test]
#[ignore = "run by the tests of this file in a process of its own"]
fn child_serves() {
    if let Some(engine) = child_engine() {
        engine.serve(None, &mut || false).unwrap();
    }
}

/// Not a test: a script that submits and exits at once.
#[test]
#[ignore = "run by the tests of this file in a process of its own"]
fn child_submits() {
    if let Some(engine) = child_engine() {
        engine.imagine(&"one shot".into(), &Value::Null).unwrap();
        engine.shutdown();
    }
}

fn owner_pid(engine: &Engine) -> Option<i64> {
    let status = engine.status().unwrap();
    let Value::Int(pid) = status.get("owner")?.get("pid")? else {
        return None;
    };
    Some(*pid)
}

/// Looks without becoming an heir, who would be faster than a child that just starts.
fn wait_for_owner(ini: &[(String, String)], pid: i64) {
    let mut ini = ini.to_vec();
    ini.push(("mj.role".to_owned(), "never".to_owned()));
    let onlooker = engine("fpm-fcgi", ini);
    wait_for("the owner", || {
        owner_pid(&onlooker).filter(|owner| *owner == pid)
    });
}

/// A task that has begun.
fn running(engine: &Engine) -> TaskId {
    let id = engine.imagine(&"a red fox".into(), &Value::Null).unwrap();
    wait_for("progress", || {
        engine
            .poll(id.as_str())
            .unwrap()
            .filter(|task| task.view.progress > 0)
    });
    id
}

#[test]
fn a_killed_owner_is_succeeded_and_nothing_is_lost() {
    let stage = Stage::new();
    stage.config(&json!({"hold_finals": true}));
    let ini = stage.ini(&["user_token"]);
    let owner = child("child_serves", "fpm-fcgi", &ini);
    wait_for_owner(&ini, owner.pid());
    let engine = engine("fpm-fcgi", ini);
    let id = running(&engine);
    owner.signal("-KILL");
    stage.wait_for("the successor's gateway", |record| {
        record["resumes"].as_u64() >= Some(1)
    });
    stage.control(&json!({"command": "release"}));
    assert_eq!(finish(&engine, id.as_str()).view.status.as_str(), "SUCCESS");
    let record = stage.record();
    assert_eq!(record["identifies"], 1, "the successor resumes");
    assert_eq!(
        record["interactions"].as_array().unwrap().len(),
        1,
        "nothing is sent twice"
    );
    engine.shutdown();
}

#[test]
fn a_stopped_owner_is_deposed_and_says_nothing_more() {
    let stage = Stage::new();
    stage.config(&json!({"hold_finals": true}));
    let ini = stage.ini(&["user_token"]);
    let owner = child("child_serves", "fpm-fcgi", &ini);
    wait_for_owner(&ini, owner.pid());
    let engine = engine("fpm-fcgi", ini);
    let id = running(&engine);
    owner.signal("-STOP");
    let own = i64::from(std::process::id());
    wait_for("the successor", || {
        engine.poll(id.as_str()).unwrap();
        owner_pid(&engine).filter(|pid| *pid == own)
    });
    stage.wait_for("the successor's gateway", |record| {
        record["resumes"].as_u64() >= Some(1)
    });
    stage.let_go_on(&owner);
    stage.control(&json!({"command": "release"}));
    assert_eq!(finish(&engine, id.as_str()).view.status.as_str(), "SUCCESS");
    assert_eq!(owner_pid(&engine), Some(own));
    let record = stage.record();
    assert_eq!(
        (
            &record["identifies"],
            &record["open_connections"],
            record["interactions"].as_array().unwrap().len()
        ),
        (&json!(1), &json!(1), 1)
    );
    engine.shutdown();
}

#[test]
fn short_processes_submit_once_each_and_open_no_gateway() {
    let stage = Stage::new();
    let mut ini = stage.ini(&["user_token"]);
    // Each stays until its own is sent, which no other one's job holds up; who lives for ten seconds opens a gateway.
    let entries = [
        ("mj.shutdown_grace", "9"),
        ("mj.concurrency", "4"),
        ("mj.spacing", "0"),
    ];
    ini.extend(entries.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let mut children: Vec<_> = (0..4)
        .map(|_| child("child_submits", "cli", &ini))
        .collect();
    for child in &mut children {
        assert!(child.0.wait().unwrap().success());
    }
    let record = stage.record();
    assert_eq!(record["interactions"].as_array().unwrap().len(), 4);
    assert_eq!(record["identifies"], 0);
    assert_eq!(record["sockets_seen"], 0);
    // Whoever lives longer takes over what they left, and finds the pictures.
    let engine = engine("fpm-fcgi", ini);
    let (tasks, _) = engine.tasks(&Value::Null, 10, None).unwrap();
    assert_eq!(tasks.len(), 4);
    for task in tasks {
        assert_eq!(
            finish(&engine, task.view.id.as_str()).view.status.as_str(),
            "SUCCESS"
        );
    }
    assert_eq!(stage.record()["interactions"].as_array().unwrap().len(), 4);
    engine.shutdown();
}

#[test]
fn an_owner_that_ends_in_order_hands_its_session_on() {
    let stage = Stage::new();
    let ini = stage.ini(&["user_token"]);
    let first = engine("fpm-fcgi", ini.clone());
    let id = first.imagine(&"a red fox".into(), &Value::Null).unwrap();
    assert_eq!(finish(&first, id.as_str()).view.status.as_str(), "SUCCESS");
    first.shutdown();
    let second = engine("fpm-fcgi", ini);
    let id = second.imagine(&"a blue fox".into(), &Value::Null).unwrap();
    assert_eq!(finish(&second, id.as_str()).view.status.as_str(), "SUCCESS");
    let record = stage.record();
    assert_eq!(
        (&record["identifies"], &record["resumes"]),
        (&json!(1), &json!(1))
    );
    second.shutdown();
}

#[test]
fn a_script_that_waits_is_a_resident_owner() {
    let stage = Stage::new();
    stage.config(&json!({"hold_finals": true}));
    let engine = engine("cli", stage.ini(&["user_token"]));
    let id = engine.imagine(&"a red fox".into(), &Value::Null).unwrap();
    wait_for("the owner", || owner_pid(&engine));
    wait_for("its new grade", || {
        engine
            .wait(id.as_str(), Duration::from_millis(50), &mut || false)
            .unwrap();
        let status = engine.status().unwrap();
        let grade = status.get("owner")?.get("grade")?.as_str()?;
        (grade == "resident").then_some(())
    });
    let status = engine.status().unwrap();
    assert_eq!(
        status.get("owner").unwrap().get("epoch"),
        Some(&Value::Int(1)),
        "it never gave the hub up"
    );
    engine.shutdown();
}

#[test]
fn a_script_that_begins_to_wait_sees_its_refusal() {
    // A short script's commands are held back for 250 ms; on a machine that was slower, it is tried again.
    for _ in 0..10 {
        let stage = Stage::new();
        let engine = engine("cli", stage.ini(&["user_token"]));
        let began = Instant::now();
        let prompt = "a red fox --ar banana".into();
        let id = engine.imagine(&prompt, &Value::Null).unwrap();
        // It owns the hub, and does not know yet that it stays.
        wait_for("the owner's status", || {
            let status = engine.status().unwrap();
            status
                .get("gateway")
                .filter(|gateway| !matches!(gateway, Value::Null))
                .map(drop)
        });
        let is_in_time = began.elapsed() < Duration::from_millis(150);
        let seen = engine.wait(id.as_str(), Duration::from_secs(10), &mut || false);
        let code = seen.unwrap().view.fail_code;
        engine.shutdown();
        if is_in_time {
            assert_eq!(code.map(FailCode::as_str), Some("INVALID_PARAMETER"));
            return;
        }
    }
    panic!("it never began to wait in time");
}

#[test]
fn a_wait_ends_with_its_interrupt() {
    let stage = Stage::new();
    stage.config(&json!({"hold_finals": true}));
    let engine = engine("cli", stage.ini(&["user_token"]));
    let id = engine.imagine(&"a red fox".into(), &Value::Null).unwrap();
    let mut looks = 0;
    let record = engine.wait(id.as_str(), Duration::from_secs(3_600), &mut || {
        looks += 1;
        looks > 3
    });
    assert!(!record.unwrap().view.status.is_terminal());
    engine.shutdown();
}
