//! How a session begins: HELLO, permission, READY, and how long each may take.

use mj_discord::{
    Action, Compression, Config, Event, Notice, Session, Token,
    gateway::{Disconnect, Status},
};

use crate::script::{HELLO, Script, seconds, start};

#[test]
fn logs_in_after_hello_and_permission() {
    let mut script = Script::new();
    assert_eq!(
        script.last_url(),
        "wss://gateway.discord.gg/?v=9&encoding=json"
    );
    script.connected().text(HELLO);
    assert_eq!(script.sent_op(), None, "IDENTIFY waits for the bucket");
    script.permit();
    let identify = script.sent.pop_front().unwrap();
    assert_eq!(identify["op"], 2);
    assert_eq!(identify["d"]["token"], "secret-token");
    assert_eq!(identify["d"]["properties"]["browser"], "mj");
    assert!(identify["d"]["capabilities"].is_u64() && identify["d"].get("intents").is_none());
    script.ready(1);
    assert_eq!(script.gateway.status(), Status::Live);
    assert!(script.notices.contains(&Notice::SessionStarted));
    let session = script.gateway.session().unwrap();
    assert_eq!((session.session_id.as_str(), session.sequence), ("abc", 1));
    let again: Session = serde_json::from_str(&serde_json::to_string(session).unwrap()).unwrap();
    assert_eq!(&again, session);
}

#[test]
fn a_bot_names_its_intents() {
    let mut config = Config::bot(Token::new("secret-token"));
    config.compression = Compression::Zstd;
    let mut script = Script::with(config, None, || 0);
    assert_eq!(
        script.last_url(),
        "wss://gateway.discord.gg/?v=10&encoding=json&compress=zstd-stream"
    );
    script.connected().text(HELLO).permit();
    let identify = script.sent.iter().find(|sent| sent["op"] == 2).unwrap();
    assert_eq!(
        identify["d"]["token"], "secret-token",
        "without Bot in front"
    );
    assert_eq!(identify["d"]["intents"], 1 | 1 << 9 | 1 << 12 | 1 << 15);
}

#[test]
fn ready_tells_who_and_where() {
    let mut gateway = Script::new();
    gateway.connected().text(HELLO).permit();
    let text = r#"{"t":"READY","s":1,"op":0,"d":{"user":{"id":"5"},"session_id":"x","guilds":[{"id":"7"},{"id":"6"},{}]}}"#;
    let Event::Ready(ready) = gateway
        .gateway
        .handle_text(gateway.now, text)
        .unwrap()
        .event
    else {
        panic!()
    };
    assert_eq!(ready.user.0, 5);
    assert_eq!(
        ready.guilds.iter().map(|guild| guild.0).collect::<Vec<_>>(),
        [6, 7]
    );
    assert_eq!(ready.resume_gateway_url, None);
}

#[test]
fn hello_has_ten_seconds() {
    let mut script = Script::new();
    script.connected();
    assert_eq!(
        script.gateway.poll_timeout(),
        Some(start().boot + seconds(10))
    );
    script.step();
    assert_eq!(script.last_disconnect(), Disconnect::HelloTimedOut);
    assert_eq!(script.actions.pop_front(), Some(Action::DropTcp));
    script.step();
    assert_eq!(script.connects.len(), 2);
}

#[test]
fn the_connection_has_ten_seconds() {
    let mut script = Script::new();
    script.step();
    assert_eq!(script.now.boot, start().boot + seconds(10));
    assert_eq!(script.last_disconnect(), Disconnect::ConnectTimedOut);
    assert_eq!(script.actions.pop_front(), Some(Action::DropTcp));
}

#[test]
fn ready_and_resumed_have_twenty_seconds() {
    let mut script = Script::new();
    script.connected().text(HELLO).permit().pass(seconds(20));
    assert_eq!(script.last_disconnect(), Disconnect::LoginTimedOut);

    let mut script = Script::live();
    script
        .closed(None)
        .step()
        .connected()
        .text(HELLO)
        .pass(seconds(19))
        .event(2)
        .pass(seconds(19));
    assert_eq!(
        script.gateway.status(),
        Status::Resuming,
        "a replayed event is progress"
    );
    script.pass(seconds(1));
    assert_eq!(script.last_disconnect(), Disconnect::LoginTimedOut);
    assert!(script.gateway.session().is_some(), "the session is kept");
}

#[test]
fn a_bucket_that_says_nothing_is_not_waited_for() {
    let mut script = Script::new();
    script.connected().text(HELLO).pass(seconds(10));
    assert_eq!(script.last_disconnect(), Disconnect::PermissionTimedOut);
}

#[test]
fn a_short_refusal_keeps_the_connection() {
    let mut script = Script::new();
    script.connected().text(HELLO);
    script.actions.clear();
    script
        .gateway
        .identify_refused(script.now, script.now.boot + seconds(5));
    script.pass(seconds(5));
    assert_eq!(script.actions.pop_front(), Some(Action::RequestIdentify));
    assert_eq!(script.connects.len(), 1);
}

#[test]
fn a_long_refusal_waits_without_a_connection() {
    let mut script = Script::new();
    script.connected().text(HELLO);
    script.actions.clear();
    let until = script.now.boot + seconds(3600);
    script.gateway.identify_refused(script.now, until);
    script.drain();
    assert_eq!(
        script.actions.pop_front(),
        Some(Action::Close { code: 4000 })
    );
    assert_eq!(script.gateway.poll_timeout(), Some(until));
    assert!(
        script
            .notices
            .contains(&Notice::IdentifyPostponed { until })
    );
}
