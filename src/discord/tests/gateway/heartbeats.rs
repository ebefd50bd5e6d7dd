//! Heartbeats, and what tells that the other end lives.

use mj_discord::{
    Action, UnixMs,
    gateway::{Disconnect, Signs},
};
use serde_json::json;

use crate::script::{ACK, HELLO, Script, seconds, start};

#[test]
fn the_first_heartbeat_is_jittered() {
    let mut script = Script::new();
    script.connected().text(HELLO).permit().ready(7);
    script.sent.clear();
    script.step();
    assert_eq!(
        script.now.boot,
        start().boot + seconds(20),
        "half of the interval, as the dice say"
    );
    assert_eq!(script.sent.pop_front(), Some(json!({"op": 1, "d": 7})));
    script.text(ACK).event(8).step();
    assert_eq!(script.now.boot, start().boot + seconds(60));
    assert_eq!(script.sent.pop_front(), Some(json!({"op": 1, "d": 8})));
}

#[test]
fn a_heartbeat_before_any_event_has_no_number() {
    let mut script = Script::new();
    script.connected().text(HELLO);
    script.text(r#"{"op":1,"d":null}"#);
    assert_eq!(script.sent.pop_front(), Some(json!({"op": 1, "d": null})));
}

#[test]
fn op_1_is_answered_at_once() {
    let mut script = Script::live();
    script.pass(seconds(3)).text(r#"{"op":1}"#);
    assert_eq!(script.sent_op(), Some(1));
    script.text(ACK).step();
    assert_eq!(script.sent_op(), Some(1));
    assert_eq!(
        script.now.boot,
        start().boot + seconds(43),
        "the interval begins anew"
    );
}

#[test]
fn signs_of_life_are_remembered() {
    let mut script = Script::new();
    assert_eq!(script.gateway.signs(), Signs::default());
    script.connected().text(HELLO).permit().ready(1);
    let logged_in = script.now.unix;
    assert_eq!(script.gateway.signs().event_at, Some(logged_in));
    assert_eq!(script.gateway.signs().acknowledged_at, None);
    script.now.unix = UnixMs(logged_in.0 + 7_000);
    script.text(ACK);
    assert_eq!(
        script.gateway.signs().acknowledged_at,
        Some(script.now.unix)
    );
    assert_eq!(script.gateway.signs().event_at, Some(logged_in));
}

#[test]
fn a_missing_acknowledgement_drops_and_resumes() {
    let mut script = Script::live();
    script.step();
    assert_eq!(script.sent_op(), Some(1));
    script.event(2).step();
    assert_eq!(
        script.last_disconnect(),
        Disconnect::HeartbeatMissed,
        "events do not count as ACK"
    );
    assert_eq!(script.actions.pop_front(), Some(Action::DropTcp));
    script.step().connected().text(HELLO);
    assert_eq!(script.sent_op(), Some(6));
}
