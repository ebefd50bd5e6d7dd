//! Going on with a session: where, from which number, and when it is given up.

use std::time::Duration;

use mj_discord::{
    Action, Hosts, Notice,
    gateway::{Disconnect, SessionLoss, Status},
};
use serde_json::json;

use crate::script::{HELLO, REGIONAL, Script, config, seconds, start, stored};

#[test]
fn resumes_at_the_named_host_with_the_same_query() {
    let mut script = Script::live();
    script.event(2).closed(4000).step();
    assert_eq!(
        script.last_url(),
        "wss://gateway-us-east1-b.discord.gg/?v=9&encoding=json"
    );
    script.connected().text(HELLO);
    let resume = script.sent.pop_front().unwrap();
    assert_eq!(
        resume,
        json!({"op": 6, "d": {"token": "secret-token", "session_id": "abc", "seq": 2}})
    );
    assert!(script.actions.is_empty(), "RESUME needs no permission");
    script.text(r#"{"t":"RESUMED","s":3,"op":0,"d":{}}"#);
    assert_eq!(script.gateway.status(), Status::Live);
    assert!(script.notices.contains(&Notice::SessionResumed));
    assert!(!script.notices.contains(&Notice::SessionStarted));
}

#[test]
fn a_stored_session_is_resumed_at_once() {
    let mut script = Script::with(config(), Some(stored(seconds(60))), || 0);
    assert_eq!(
        script.connects,
        [(start().boot, format!("{REGIONAL}/?v=9&encoding=json"))]
    );
    script.connected().text(HELLO);
    assert_eq!(script.sent.pop_front().unwrap()["d"]["seq"], 41);
    script
        .event(42)
        .text(r#"{"t":"RESUMED","s":43,"op":0,"d":{}}"#);
    assert_eq!(script.events, [42, 43]);
}

#[test]
fn a_stored_session_too_old_is_given_up() {
    let mut script = Script::with(config(), Some(stored(seconds(181))), || 0);
    assert_eq!(script.losses(), [SessionLoss::TooOld]);
    assert_eq!(
        script.last_url(),
        "wss://gateway.discord.gg/?v=9&encoding=json"
    );
    script.connected().text(HELLO).permit();
    assert!(script.sent.iter().any(|sent| sent["op"] == 2));
}

#[test]
fn what_was_replayed_is_delivered_once() {
    let mut script = Script::live();
    script
        .event(2)
        .event(3)
        .closed(None)
        .step()
        .connected()
        .text(HELLO);
    script
        .event(2)
        .event(3)
        .event(4)
        .text(r#"{"t":"RESUMED","s":4,"op":0,"d":{}}"#)
        .event(4)
        .event(5);
    assert_eq!(
        script.events,
        [2, 3, 4, 4, 5],
        "the second 4 is RESUMED itself"
    );
    assert_eq!(script.gateway.session().unwrap().sequence, 5);
}

#[test]
fn a_gap_in_the_numbers_is_told() {
    let mut script = Script::live();
    script.event(2).event(5);
    assert_eq!(script.notices, [Notice::SequenceGap { after: 2, next: 5 }]);
}

#[test]
fn an_unreachable_resume_host_keeps_the_session() {
    let mut script = Script::live();
    script.closed(None).step();
    assert!(script.last_url().starts_with(REGIONAL));
    script.gateway.handle_connect_failed(script.now);
    script.drain().step();
    assert_eq!(
        script.last_url(),
        "wss://gateway.discord.gg/?v=9&encoding=json"
    );
    script.connected().text(HELLO);
    assert_eq!(script.sent_op(), Some(6), "RESUME at the original address");
    script
        .text(r#"{"t":"RESUMED","s":2,"op":0,"d":{}}"#)
        .closed(None)
        .step();
    assert_eq!(
        script.last_url(),
        "wss://gateway.discord.gg/?v=9&encoding=json",
        "it stays known"
    );
    script.gateway.handle_connect_failed(script.now);
    script.drain().step();
    assert!(
        script.last_url().starts_with(REGIONAL),
        "until the original fails too"
    );
    assert!(script.losses().is_empty());
}

#[test]
fn a_black_hole_at_the_resume_host_counts_as_unreachable() {
    let mut script = Script::live();
    script.closed(None).step().connected().step();
    assert_eq!(script.last_disconnect(), Disconnect::HelloTimedOut);
    script.step();
    assert_eq!(
        script.last_url(),
        "wss://gateway.discord.gg/?v=9&encoding=json"
    );
    assert!(script.gateway.session().is_some());
}

#[test]
fn resumes_refused_again_and_again_end_the_session() {
    let mut script = Script::live();
    script.closed(4000);
    for _ in 0..5 {
        assert!(script.losses().is_empty());
        script.step().connected().text(HELLO).closed(4000);
    }
    assert_eq!(script.losses(), [SessionLoss::RefusedOften]);
}

#[test]
fn ready_in_answer_to_resume_is_a_new_session() {
    let mut script = Script::live();
    script.closed(None).step().connected().text(HELLO).ready(1);
    assert_eq!(script.losses(), [SessionLoss::Replaced]);
    assert!(script.notices.contains(&Notice::SessionStarted));
}

#[test]
fn resumes_are_five_seconds_apart() {
    let mut script = Script::live();
    script.pass(seconds(31));
    for _ in 0..4 {
        script
            .text(r#"{"op":7,"d":null}"#)
            .step()
            .connected()
            .text(HELLO);
        script.text(&format!(
            r#"{{"t":"RESUMED","s":{},"op":0,"d":{{}}}}"#,
            script.gateway.session().unwrap().sequence
        ));
    }
    let times: Vec<Duration> = script.connects.iter().map(|(at, _)| *at).collect();
    assert!(
        times[0] - (start().boot + seconds(31)) < seconds(1),
        "the first is fast"
    );
    assert!(
        times.windows(2).all(|pair| pair[1] - pair[0] >= seconds(5)),
        "{times:?}"
    );
}

#[test]
fn an_operators_gateway_serves_resumes_too() {
    let mut config = config();
    config.hosts = Hosts::default()
        .with_gateway("gateway_url", "ws://127.0.0.1:9/gw/?x=1")
        .unwrap();
    let mut script = Script::with(config, None, || 0);
    script
        .connected()
        .text(HELLO)
        .permit()
        .ready(1)
        .closed(None)
        .step();
    assert_eq!(script.last_url(), "ws://127.0.0.1:9/gw/?v=9&encoding=json");
    script.connected().text(HELLO);
    assert!(script.sent.iter().any(|sent| sent["op"] == 6));
}

#[test]
fn ends_so_that_another_can_resume() {
    let mut script = Script::live();
    script.gateway.shutdown_for_resume();
    script.drain();
    assert_eq!(
        script.actions.pop_front(),
        Some(Action::Close { code: 4000 })
    );
    assert!(script.gateway.session().is_some());
    assert_eq!(script.gateway.poll_timeout(), None);

    let mut script = Script::live();
    script.gateway.drop_without_close();
    script.drain();
    assert_eq!(script.actions.pop_front(), Some(Action::DropTcp));
    script.event(9).closed(4000);
    assert!(script.events.is_empty() && script.connects.is_empty());
}
