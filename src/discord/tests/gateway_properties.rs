//! Whatever comes in, in whatever order: no panic, always something to wait for, never a storm.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unchecked_time_subtraction,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails loudly, and its script is known"
)]

use std::time::Duration;

use mj_discord::{
    Action, Compression, Config, Gateway, Moment, Session, Token, UnixMs, gateway::Status,
};
use proptest::prelude::*;

/// One thing that can happen to the machine.
#[derive(Clone, Debug)]
enum Input {
    Connected,
    ConnectFailed,
    Closed(Option<u16>),
    Text(String),
    Binary(Vec<u8>),
    Timeout,
    Pass(u64),
    Permitted,
    Refused(u64),
}

fn input() -> impl Strategy<Value = Input> {
    let frame = prop_oneof![
        Just(r#"{"op":10,"d":{"heartbeat_interval":41250}}"#.to_owned()),
        Just(r#"{"op":11}"#.to_owned()),
        Just(r#"{"op":7}"#.to_owned()),
        Just(r#"{"op":1}"#.to_owned()),
        any::<bool>().prop_map(|resumable| format!(r#"{{"op":9,"d":{resumable}}}"#)),
        (0..9_u64).prop_map(|sequence| format!(
            r#"{{"t":"READY","s":{sequence},"op":0,"d":{{"user":{{"id":"1"}},"session_id":"a","resume_gateway_url":"wss://gateway-x.discord.gg"}}}}"#
        )),
        (0..99_u64).prop_map(|sequence| format!(r#"{{"t":"RESUMED","s":{sequence},"op":0,"d":{{}}}}"#)),
        (0..99_u64).prop_map(|sequence| format!(
            r#"{{"op":0,"d":{{"id":"1","channel_id":"2"}},"t":"MESSAGE_CREATE","s":{sequence}}}"#
        )),
        r#"\{"t":"[A-Z_]{1,9}","s":[0-9]{1,22},"op":[0-9]{1,2},"d":.{0,20}\}"#,
        ".{0,60}",
    ];
    prop_oneof![
        3 => Just(Input::Connected),
        1 => Just(Input::ConnectFailed),
        1 => proptest::option::of(prop_oneof![1000..1020_u16, 4000..4020_u16]).prop_map(Input::Closed),
        8 => frame.prop_map(Input::Text),
        1 => proptest::collection::vec(any::<u8>(), 0..40).prop_map(Input::Binary),
        3 => Just(Input::Timeout),
        2 => (0..100_000_u64).prop_map(Input::Pass),
        3 => Just(Input::Permitted),
        1 => (0..100_000_u64).prop_map(Input::Refused),
    ]
}

fn compression() -> impl Strategy<Value = Compression> {
    prop_oneof![
        Just(Compression::None),
        Just(Compression::Zlib),
        Just(Compression::Zstd)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn survives_everything(
        inputs in proptest::collection::vec(input(), 0..120),
        compression in compression(),
        has_session: bool,
        seed: u64,
    ) {
        let mut now = Moment { boot: Duration::from_secs(9), unix: UnixMs(1_780_000_000_000) };
        let session = has_session.then(|| Session {
            session_id: "old".to_owned(),
            sequence: 3,
            resume_gateway_url: Some("wss://gateway-y.discord.gg".to_owned()),
            identified_at: now.unix,
            seen_at: now.unix,
        });
        let mut config = Config::bot(Token::new("token"));
        config.compression = compression;
        let mut random = seed;
        let entropy = move || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            random
        };
        let mut gateway = Gateway::new(now, config, session, Box::new(entropy));
        let mut last_sequence = None;
        for input in inputs {
            let dispatched = match input {
                Input::Connected => { gateway.handle_connected(now); None }
                Input::ConnectFailed => { gateway.handle_connect_failed(now); None }
                Input::Closed(code) => { gateway.handle_closed(now, code); None }
                Input::Text(text) => gateway.handle_text(now, &text).map(|dispatch| dispatch.sequence),
                Input::Binary(data) => gateway.handle_binary(now, &data).map(|dispatch| dispatch.sequence),
                Input::Timeout => {
                    if let Some(at) = gateway.poll_timeout() {
                        now = now + at.saturating_sub(now.boot);
                    }
                    gateway.handle_timeout(now);
                    None
                }
                Input::Pass(milliseconds) => {
                    now = now + Duration::from_millis(milliseconds);
                    gateway.handle_timeout(now);
                    None
                }
                Input::Permitted => { gateway.identify_permitted(now); None }
                Input::Refused(wait) => { gateway.identify_refused(now, now.boot + Duration::from_millis(wait)); None }
            };
            if dispatched.is_some() {
                last_sequence = dispatched;
                prop_assert_eq!(gateway.session().map(|session| session.sequence), last_sequence);
            }
            while let Some(action) = gateway.poll_action() {
                match action {
                    Action::Close { code } => prop_assert!(code != 1000 && code != 1001),
                    Action::Send(text) => prop_assert!(text.len() <= 4096),
                    Action::Fatal(_) => prop_assert_eq!(gateway.status(), Status::Stopped),
                    Action::Connect { url } => prop_assert!(url.host_str().unwrap().ends_with("discord.gg")),
                    Action::DropTcp | Action::RequestIdentify => {}
                }
            }
            while gateway.poll_notice().is_some() {}
            prop_assert_eq!(gateway.poll_timeout().is_none(), gateway.status() == Status::Stopped);
        }
        let _ = last_sequence;
    }

    #[test]
    fn unread_bodies_change_nothing(text in r#"\{("[a-z_]{1,9}":(null|1|"x"|\[\{\}\]|\{"id":\{\}\}),?){0,6}"#) {
        let frame = format!(r#"{{"t":"MESSAGE_CREATE","s":4,"op":0,"d":{text}}}}}"#);
        let now = Moment::default();
        let session = Session {
            session_id: "a".to_owned(),
            sequence: 3,
            resume_gateway_url: None,
            identified_at: now.unix,
            seen_at: now.unix,
        };
        let mut config = Config::user(Token::new("token"));
        config.compression = Compression::None;
        let mut gateway = Gateway::new(now, config, Some(session), Box::new(|| 0));
        gateway.handle_connected(now);
        gateway.handle_text(now, r#"{"op":10,"d":{"heartbeat_interval":41250}}"#);
        let dispatched = gateway.handle_text(now, &frame).is_some();
        let is_json = serde_json::from_str::<serde_json::Value>(&frame).is_ok();
        prop_assert_eq!(dispatched, is_json);
    }
}
