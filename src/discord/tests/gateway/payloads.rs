//! What is in the frames: garbage, compression, sizes, counts, and no token in any dump.

use mj_discord::{
    Action, Compression, Event, Interest, Token,
    gateway::{Disconnect, Fatal, SendError, Status},
};

use crate::script::{HELLO, Script, config, seconds, start, stored};

#[test]
fn garbage_closes_and_resumes() {
    for garbage in [
        "",
        "{",
        "nonsense",
        "[]",
        "null",
        r#"{"t":"X"}"#,
        r#"{"op":"x"}"#,
    ] {
        let mut script = Script::live();
        script.text(garbage);
        assert_eq!(script.last_disconnect(), Disconnect::BadFrame, "{garbage}");
        assert_eq!(
            script.actions.pop_front(),
            Some(Action::Close { code: 4000 })
        );
        script.step().connected().text(HELLO);
        assert_eq!(script.sent_op(), Some(6));
    }
}

#[test]
fn a_binary_frame_without_compression_closes_and_resumes() {
    let mut script = Script::live();
    assert!(
        script
            .gateway
            .handle_binary(script.now, b"\x78\x9c")
            .is_none()
    );
    script.drain();
    assert!(matches!(script.last_disconnect(), Disconnect::BadData(_)));
    assert!(script.gateway.session().is_some());
}

#[test]
fn unknown_ops_and_events_are_passed_over() {
    let mut script = Script::live();
    script
        .text(r#"{"op":99,"d":{}}"#)
        .text(r#"{"op":0,"s":2,"t":"NEVER_SEEN","d":null}"#);
    script.text(r#"{"op":10,"d":null}"#);
    assert_eq!(script.gateway.status(), Status::Live);
    assert_eq!(script.events, [2]);
}

#[test]
fn compressed_frames_need_the_connections_own_context() {
    use flate2::{Compress, Compression as Level, FlushCompress};
    let mut config = config();
    config.compression = Compression::Zlib;
    let mut script = Script::with(config, Some(stored(seconds(1))), || 1 << 63);
    for round in 0..2_u64 {
        let mut stream = Compress::new(Level::default(), true);
        let mut pack = |text: &str| {
            let mut out = Vec::with_capacity(4096);
            stream
                .compress_vec(text.as_bytes(), &mut out, FlushCompress::Sync)
                .unwrap();
            out
        };
        script.connected();
        assert!(
            script
                .gateway
                .handle_binary(script.now, &pack(HELLO))
                .is_none()
        );
        let resumed = format!(r#"{{"t":"RESUMED","s":{},"op":0,"d":{{}}}}"#, 42 + round);
        assert!(
            script
                .gateway
                .handle_binary(script.now, &pack(&resumed))
                .is_some()
        );
        script.drain();
        assert_eq!(script.gateway.status(), Status::Live);
        script.closed(None).step();
    }
    script.connected();
    assert!(
        script
            .gateway
            .handle_binary(script.now, b"garbage")
            .is_none()
    );
    script.drain();
    assert!(matches!(script.last_disconnect(), Disconnect::BadData(_)));
}

#[test]
fn payloads_are_checked_and_counted() {
    let mut script = Script::live();
    let payload = r#"{"op":3,"d":{}}"#;
    assert_eq!(
        script.gateway.send(script.now, "x".repeat(4097)),
        Err(SendError::TooLarge(4097))
    );
    for _ in 0..114 {
        assert_eq!(script.gateway.send(script.now, payload.to_owned()), Ok(()));
    }
    let until = start().boot + seconds(60);
    assert_eq!(
        script.gateway.send(script.now, payload.to_owned()),
        Err(SendError::Budget(until))
    );
    script.drain().sent.clear();
    script.step();
    assert_eq!(script.sent_op(), Some(1), "heartbeats do not ask");
    script.closed(None);
    assert_eq!(
        script.gateway.send(script.now, payload.to_owned()),
        Err(SendError::NotLive)
    );
}

#[test]
fn an_absurd_token_is_not_sent() {
    let mut config = config();
    config.token = Token::new("x".repeat(5000));
    let mut script = Script::with(config, None, || 0);
    script.connected().text(HELLO).permit();
    assert_eq!(
        script.actions.pop_front(),
        Some(Action::Close { code: 4000 })
    );
    assert!(matches!(
        script.actions.pop_front(),
        Some(Action::Fatal(Fatal::PayloadTooLarge(_)))
    ));
    assert!(script.sent.is_empty());
}

#[test]
fn interest_can_change_in_mid_session() {
    let mut script = Script::live();
    script
        .gateway
        .set_interest(Interest::new([mj_discord::snowflake::ChannelId(1)], []));
    let text = r#"{"t":"MESSAGE_CREATE","s":2,"op":0,"d":{"id":"1","channel_id":"2"}}"#;
    assert!(matches!(
        script.gateway.handle_text(script.now, text).unwrap().event,
        Event::Foreign
    ));
}

#[test]
fn debug_shows_no_token() {
    let mut script = Script::new();
    script.connected().text(HELLO);
    script.gateway.identify_permitted(script.now);
    assert!(!format!("{:?}", script.gateway).contains("secret-token"));
}
