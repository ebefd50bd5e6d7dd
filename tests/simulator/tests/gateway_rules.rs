//! The gateway's rules, on a scripted clock.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what went wrong by panicking"
)]

mod support;

use mj_simulator::world::{Admission, Connect};
use serde_json::json;
use support::{BOT_INTENTS, Stage};

#[test]
fn closes_what_breaks_the_protocol() {
    let mut stage = Stage::new();
    let token = stage.user_token(0);
    let bot = stage.world.bot_token().to_owned();
    let cases = [
        (
            json!({"op": 2, "d": {"token": "wrong", "properties": {}}}),
            4004,
        ),
        (
            json!({"op": 2, "d": {"token": format!("Bot {token}"), "properties": {}}}),
            4004,
        ),
        (json!({"op": 3, "d": {}}), 4003),
        (json!({"op": 2, "d": {"token": token}}), 4002),
        (json!({"op": "x"}), 4002),
        (json!({"op": 1, "d": "x".repeat(4096)}), 4002),
        (
            json!({"op": 2, "d": {"token": bot, "properties": {}, "intents": 1 << 30}}),
            4013,
        ),
        (
            json!({"op": 6, "d": {"token": "wrong", "session_id": "a", "seq": 1}}),
            4004,
        ),
    ];
    for (payload, code) in cases {
        stage.pass(5_000);
        let id = stage.connect();
        stage.send(id, &payload);
        assert_eq!(stage.closed(id), Some(code), "{payload}");
    }
}

#[test]
fn refuses_other_versions_and_encodings() {
    let mut stage = Stage::new();
    for (query, code) in [("v=5&encoding=json", 4012), ("v=10&encoding=etf", 4002)] {
        let connect = Connect {
            query: query.into(),
            ..Connect::default()
        };
        let Admission::Accepted(id) = stage.world.handle_connect(stage.now, &connect) else {
            panic!("refused")
        };
        stage.drain();
        assert_eq!(stage.closed(id), Some(code));
    }
}

#[test]
fn second_login_and_unknown_opcode_close() {
    let mut stage = Stage::new();
    let (id, _) = stage.login_user(0);
    let token = stage.user_token(0);
    stage.send(
        id,
        &json!({"op": 2, "d": {"token": token, "properties": {}}}),
    );
    assert_eq!(stage.closed(id), Some(4005));
    let (id, _) = stage.login_user(0);
    stage.send(id, &json!({"op": 99, "d": null}));
    assert_eq!(stage.closed(id), Some(4001));
}

#[test]
fn acknowledges_heartbeats_and_closes_zombies() {
    let mut stage = Stage::new();
    stage.world.behaviour.heartbeat_interval = 41_250;
    let (id, _) = stage.login_user(0);
    for _ in 0..3 {
        stage.pass(41_250);
        stage.send(id, &json!({"op": 1, "d": 2}));
        assert_eq!(stage.last(id)["op"], 11);
    }
    stage.pass(61_874);
    assert_eq!(stage.closed(id), None);
    stage.pass(1);
    assert_eq!(stage.closed(id), Some(4009));
}

#[test]
fn json_may_come_as_bytes_and_heartbeats_with_a_quality() {
    let mut stage = Stage::new();
    let id = stage.connect();
    let identify = json!({"op": 2, "d": {"token": stage.user_token(0), "properties": {}}});
    let bytes = identify.to_string().into_bytes();
    stage.world.handle_binary(stage.now, id, &bytes);
    stage.drain();
    assert_eq!(stage.events(id, "READY").len(), 1);
    let qos = json!({"ver": 27, "active": true, "reasons": ["foregrounded"]});
    stage.send(id, &json!({"op": 40, "d": {"seq": 2, "qos": qos}}));
    assert_eq!(stage.last(id)["op"], 11);
    stage.world.handle_binary(stage.now, id, b"\xff\x00");
    stage.drain();
    assert_eq!(stage.closed(id), Some(4002));
}

#[test]
fn a_user_may_send_larger_messages_than_a_bot() {
    let mut stage = Stage::new();
    let presence = |size: usize| json!({"op": 3, "d": {"status": "x".repeat(size)}});
    let (user, _) = stage.login_user(0);
    let (bot, _) = stage.login_bot(BOT_INTENTS);
    for id in [user, bot] {
        stage.send(id, &presence(5_000));
    }
    assert_eq!((stage.closed(user), stage.closed(bot)), (None, Some(4002)));
    stage.send(user, &presence(16_000));
    assert_eq!(stage.closed(user), Some(4002));
}

#[test]
fn more_than_120_messages_a_minute_close() {
    let mut stage = Stage::new();
    let (id, _) = stage.login_user(0);
    for _ in 0..119 {
        stage.send(id, &json!({"op": 1, "d": 2}));
    }
    assert_eq!(stage.closed(id), None);
    stage.send(id, &json!({"op": 1, "d": 2}));
    assert_eq!(stage.closed(id), Some(4008));
}

#[test]
fn holds_bots_to_one_identify_in_five_seconds() {
    let mut stage = Stage::new();
    stage.login_bot(BOT_INTENTS);
    let token = stage.world.bot_token().to_owned();
    let id = stage.connect();
    let identify =
        json!({"op": 2, "d": {"token": token, "properties": {}, "intents": BOT_INTENTS}});
    stage.send(id, &identify);
    assert_eq!(
        (stage.last(id)["op"].clone(), stage.last(id)["d"].clone()),
        (json!(9), json!(false))
    );
    stage.pass(5_000);
    stage.send(id, &identify);
    assert_eq!(stage.events(id, "READY").len(), 1);
    let (_, limits, _) = stage.request(
        "GET",
        "/api/v10/gateway/bot",
        Some(&format!("Bot {token}")),
        &json!(null),
    );
    assert_eq!(limits["session_start_limit"]["remaining"], 998);
}

#[test]
fn spent_identifies_reset_the_bots_token() {
    let mut stage = Stage::new();
    stage.control(
        &json!({"command": "config", "set": {"identify_limit": 1, "identify_spacing": 0}}),
    );
    let (first, _) = stage.login_bot(BOT_INTENTS);
    let token = stage.world.bot_token().to_owned();
    let id = stage.connect();
    stage.send(
        id,
        &json!({"op": 2, "d": {"token": token, "properties": {}, "intents": BOT_INTENTS}}),
    );
    assert_eq!(
        (stage.closed(first), stage.closed(id)),
        (Some(4004), Some(4004))
    );
    assert_ne!(stage.world.bot_token(), token);
}

#[test]
fn privileged_intent_must_be_granted_and_asked_for() {
    let mut stage = Stage::new();
    stage.control(&json!({"command": "config", "set": {"bot_message_content": false}}));
    let token = stage.world.bot_token().to_owned();
    let id = stage.connect();
    stage.send(
        id,
        &json!({"op": 2, "d": {"token": token, "properties": {}, "intents": BOT_INTENTS}}),
    );
    assert_eq!(stage.closed(id), Some(4014));

    let mut stage = Stage::new();
    let (id, _) = stage.login_bot(1 << 9);
    stage.imagine(0, "a harbour", "1", "none");
    stage.pass(30_000);
    let messages = stage.events(id, "MESSAGE_CREATE");
    assert!(!messages.is_empty());
    for message in messages {
        assert_eq!(message["content"], "");
        for field in ["attachments", "embeds", "components"] {
            assert_eq!(message[field], json!([]), "{field}");
        }
    }
}

#[test]
fn resume_replays_what_was_missed() {
    let mut stage = Stage::new();
    let (id, session) = stage.login_bot(BOT_INTENTS);
    stage.imagine(0, "a harbour", "1", "none");
    stage.pass(6_000);
    let seen = stage.last(id)["s"].as_u64().unwrap();
    stage.world.handle_closed(stage.now, id, Some(4000));
    stage.pass(30_000);
    let token = stage.world.bot_token().to_owned();
    let again = stage.connect();
    stage.send(
        again,
        &json!({"op": 6, "d": {"token": token, "session_id": session, "seq": seen}}),
    );
    let numbers: Vec<u64> = stage.inboxes[&again].frames[1..]
        .iter()
        .map(|frame| frame["s"].as_u64().unwrap())
        .collect();
    let expected: Vec<u64> = (seen + 1..=seen + numbers.len() as u64).collect();
    assert_eq!(numbers, expected);
    assert_eq!(stage.last(again)["t"], "RESUMED");
    assert_eq!(stage.events(again, "MESSAGE_CREATE").len(), 1, "the final");
    assert_eq!(
        stage.events(again, "MESSAGE_DELETE").len(),
        1,
        "the progress message goes"
    );
}

#[test]
fn resume_is_refused_when_there_is_nothing_to_resume() {
    let mut stage = Stage::new();
    let resume = |token: &str, session: &str, seq: u64| json!({"op": 6, "d": {"token": token, "session_id": session, "seq": seq}});
    let token = stage.user_token(0);

    let (id, session) = stage.login_user(0);
    stage.world.handle_closed(stage.now, id, Some(1000));
    let again = stage.connect();
    stage.send(again, &resume(&token, &session, 2));
    assert_eq!(stage.last(again)["op"], 9, "closed with 1000");

    let (id, session) = stage.login_user(0);
    stage.world.handle_closed(stage.now, id, None);
    stage.pass(180_000);
    let again = stage.connect();
    stage.send(again, &resume(&token, &session, 2));
    assert_eq!(stage.last(again)["op"], 9, "too late");

    let (_, session) = stage.login_user(0);
    let other = stage.user_token(1);
    let again = stage.connect();
    stage.send(again, &resume(&other, &session, 2));
    assert_eq!(stage.last(again)["op"], 9, "another's session");

    let again = stage.connect();
    stage.send(again, &resume(&token, &session, 99));
    assert_eq!(stage.closed(again), Some(4007));
}

#[test]
fn resuming_elsewhere_closes_the_old_connection() {
    let mut stage = Stage::new();
    let (id, session) = stage.login_user(0);
    let token = stage.user_token(0);
    let again = stage.connect();
    stage.send(
        again,
        &json!({"op": 6, "d": {"token": token, "session_id": session, "seq": 2}}),
    );
    assert_eq!(stage.closed(id), Some(4000));
    assert_eq!(stage.last(again)["t"], "RESUMED");
}

#[test]
fn faults_strike_the_gateway() {
    let mut stage = Stage::new();
    stage.control(&json!({"command": "fault", "gateway": "no_hello"}));
    let connect = Connect {
        query: "v=10&encoding=json".into(),
        ..Connect::default()
    };
    let Admission::Accepted(id) = stage.world.handle_connect(stage.now, &connect) else {
        panic!("refused")
    };
    stage.drain();
    assert!(!stage.inboxes.contains_key(&id));

    stage.control(&json!({"command": "fault", "gateway": "close_after_hello", "code": 4002}));
    let id = stage.connect();
    assert_eq!(stage.closed(id), Some(4002));

    stage.control(&json!({"command": "fault", "gateway": "refuse_connections", "code": 502}));
    assert_eq!(
        stage.world.handle_connect(stage.now, &connect),
        Admission::Refused(502)
    );

    stage.control(&json!({"command": "fault", "gateway": "resume_host_down", "for": 1000}));
    let resume = Connect {
        resume_host: true,
        ..connect
    };
    assert_eq!(
        stage.world.handle_connect(stage.now, &resume),
        Admission::Dropped
    );

    let (id, _) = stage.login_user(0);
    stage.control(&json!({"command": "fault", "gateway": "reconnect"}));
    assert_eq!(stage.last(id)["op"], 7);
    stage.control(&json!({"command": "fault", "gateway": "invalid_session", "resumable": true}));
    assert_eq!(
        (stage.last(id)["op"].clone(), stage.last(id)["d"].clone()),
        (json!(9), json!(true))
    );
    let (id, _) = stage.login_user(1);
    stage.control(&json!({"command": "fault", "gateway": "close", "code": 4008, "who": "user"}));
    assert_eq!(stage.closed(id), Some(4008));
}

#[test]
fn events_can_be_lost_repeated_and_swapped() {
    let mut stage = Stage::new();
    let (id, _) = stage.login_bot(BOT_INTENTS);
    let say = |stage: &mut Stage, text: &str| {
        stage.control(&json!({"command": "say", "content": text}));
    };
    stage.control(&json!({"command": "fault", "gateway": "repeat_events"}));
    say(&mut stage, "one");
    stage.control(&json!({"command": "fault", "gateway": "lose_events"}));
    say(&mut stage, "two");
    stage.control(&json!({"command": "fault", "gateway": "swap_events"}));
    say(&mut stage, "three");
    say(&mut stage, "four");
    let seen: Vec<(u64, String)> = stage.inboxes[&id].frames[3..]
        .iter()
        .map(|frame| {
            (
                frame["s"].as_u64().unwrap(),
                frame["d"]["content"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let expected =
        [(3, "one"), (3, "one"), (5, "four"), (6, "three")].map(|(s, text)| (s, text.to_owned()));
    assert_eq!(seen, expected);
}

#[test]
fn a_blackholed_connection_hears_nothing_and_can_be_resumed() {
    let mut stage = Stage::new();
    let (id, session) = stage.login_bot(BOT_INTENTS);
    stage.control(&json!({"command": "fault", "gateway": "blackhole"}));
    stage.send(id, &json!({"op": 1, "d": 2}));
    stage.control(&json!({"command": "say", "content": "unheard"}));
    assert_eq!(stage.inboxes[&id].frames.len(), 3, "hello, ready, guild");
    let token = stage.world.bot_token().to_owned();
    let again = stage.connect();
    let resume = json!({"op": 6, "d": {"token": token, "session_id": session, "seq": 2}});
    stage.send(again, &resume);
    assert_eq!(
        stage.events(again, "MESSAGE_CREATE")[0]["content"],
        "unheard"
    );
}
