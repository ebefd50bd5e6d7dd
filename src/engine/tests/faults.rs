//! A network that swallows, and answers that are lost: nothing is sent twice, nothing is given up too early.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are no tests to clippy"
)]

mod support;

use mj_engine::Value;
use serde_json::json;
use support::{Stage, engine, finish, options, proxy::Proxy, wait_for};

/// The answer to the first interaction is lost after Discord has taken it.
fn with_a_lost_answer(tokens: &[&str], gateway: &str) {
    let stage = Stage::new();
    let mut ini = stage.ini(tokens);
    ini.push(("mj.gateway".to_owned(), gateway.to_owned()));
    let engine = engine("fpm-fcgi", ini);
    stage.control(&json!({"command": "fault", "http": {
        "method": "POST", "path": "/interactions", "reset": "after", "times": 1,
    }}));
    let token = stage.announced("user_token").into();
    let id = engine
        .imagine(&"a red fox".into(), &options(&[("user_token", token)]))
        .unwrap();
    let ended = finish(&engine, id.as_str());
    assert_eq!(ended.view.status.as_str(), "SUCCESS", "{:?}", ended.view);
    let record = stage.record();
    assert_eq!(record["lost_answers"], 1);
    let jobs = record["interactions"].as_array().unwrap();
    assert_eq!(jobs.len(), 1, "it was sent once");
    assert_eq!(jobs[0]["job_id"].as_str(), ended.view.job_id.as_deref());
    engine.shutdown();
}

#[test]
fn a_lost_answer_is_made_up_for_by_the_users_gateway() {
    with_a_lost_answer(&["user_token"], "user");
}

#[test]
fn a_lost_answer_is_made_up_for_by_the_bots_gateway() {
    with_a_lost_answer(&["bot_token"], "bot");
}

#[test]
fn a_lost_answer_is_made_up_for_by_reading_the_channel() {
    with_a_lost_answer(&["user_token"], "off");
}

#[test]
fn a_request_that_never_arrived_is_sent_once_more() {
    let stage = Stage::new();
    let engine = engine("fpm-fcgi", stage.ini(&["user_token"]));
    stage.control(&json!({"command": "fault", "http": {
        "method": "POST", "path": "/interactions", "reset": "before", "times": 1,
    }}));
    let id = engine.imagine(&"a red fox".into(), &Value::Null).unwrap();
    let ended = finish(&engine, id.as_str());
    assert_eq!(ended.view.status.as_str(), "SUCCESS", "{:?}", ended.view);
    assert_eq!(stage.record()["interactions"].as_array().unwrap().len(), 1);
    engine.shutdown();
}

#[test]
fn a_gateway_that_is_swallowed_is_left_within_a_heartbeat() {
    let stage = Stage::new();
    stage.config(&json!({"heartbeat_interval": 400, "hold_finals": true}));
    let engine = engine("fpm-fcgi", stage.ini(&["user_token"]));
    let id = engine.imagine(&"a red fox".into(), &Value::Null).unwrap();
    wait_for("progress", || {
        let task = engine.poll(id.as_str()).unwrap()?;
        (task.view.progress > 0).then_some(())
    });
    stage.control(&json!({"command": "fault", "gateway": "blackhole"}));
    stage.control(&json!({"command": "release"}));
    let ended = finish(&engine, id.as_str());
    assert_eq!(ended.view.status.as_str(), "SUCCESS", "{:?}", ended.view);
    // On a loaded machine an answer to a heartbeat may be late once more.
    let record = stage.wait_for("the resumed session", |record| {
        record["resumes"].as_u64() >= Some(1)
    });
    assert_eq!(record["identifies"], 1);
    engine.shutdown();
}

#[test]
fn a_proxy_that_refuses_is_never_gone_around() {
    let stage = Stage::new();
    let proxy = Proxy::socks(&stage.runtime);
    let mut ini = stage.ini(&["user_token"]);
    ini.push((
        "mj.proxy".to_owned(),
        format!("socks5h://nobody:wrong@{}", proxy.address),
    ));
    ini.push(("mj.timeout".to_owned(), "10".to_owned()));
    let engine = engine("fpm-fcgi", ini);
    let id = engine.imagine(&"a red fox".into(), &Value::Null).unwrap();
    let ended = finish(&engine, id.as_str());
    assert_eq!(ended.view.status.as_str(), "FAILURE");
    assert_eq!(proxy.targets(), Vec::<String>::new());
    let record = stage.record();
    assert_eq!(record["sockets_seen"], 0, "never around the proxy");
    assert_eq!(record["requests"], json!({}));
    engine.shutdown();
}
