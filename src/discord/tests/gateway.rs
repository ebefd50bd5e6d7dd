//! The gateway machine on a scripted clock, against a scripted gateway.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unchecked_time_subtraction,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails loudly, and its script is known"
)]

use std::{collections::VecDeque, time::Duration};

use mj_discord::{
    Action, CloseCode, Compression, Config, Event, Gateway, Hosts, Interest, Moment, Notice,
    Session, Token, UnixMs,
    gateway::{Disconnect, Fatal, SendError, SessionLoss, Signs, Status},
};
use serde_json::{Value, json};

const HELLO: &str = r#"{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":40000}}"#;
const ACK: &str = r#"{"op":11}"#;
const REGIONAL: &str = "wss://gateway-us-east1-b.discord.gg";

/// The machine, its clock, and everything it said.
struct Script {
    gateway: Gateway,
    now: Moment,
    connects: Vec<(Duration, String)>,
    sent: VecDeque<Value>,
    actions: VecDeque<Action>,
    notices: Vec<Notice>,
    events: Vec<u64>,
}

impl Script {
    fn with(
        config: Config,
        session: Option<Session>,
        entropy: impl FnMut() -> u64 + Send + 'static,
    ) -> Self {
        let now = start();
        let gateway = Gateway::new(now, config, session, Box::new(entropy));
        let mut script = Self {
            gateway,
            now,
            connects: Vec::new(),
            sent: VecDeque::new(),
            actions: VecDeque::new(),
            notices: Vec::new(),
            events: Vec::new(),
        };
        script.drain();
        script
    }

    /// A user without a session; the dice always show the middle.
    fn new() -> Self {
        Self::with(config(), None, || 1 << 63)
    }

    /// Logged in, with a session resumable at [`REGIONAL`], sequence 1.
    fn live() -> Self {
        let mut script = Self::new();
        script.connected().text(HELLO).permit().ready(1);
        assert_eq!(script.gateway.status(), Status::Live);
        script.clear();
        script
    }

    fn drain(&mut self) -> &mut Self {
        while let Some(action) = self.gateway.poll_action() {
            match action {
                Action::Connect { url } => self.connects.push((self.now.boot, url.into())),
                Action::Send(text) => self.sent.push_back(serde_json::from_str(&text).unwrap()),
                Action::Close { .. }
                | Action::DropTcp
                | Action::RequestIdentify
                | Action::Fatal(_) => {
                    self.actions.push_back(action);
                }
            }
        }
        while let Some(notice) = self.gateway.poll_notice() {
            self.notices.push(notice);
        }
        self
    }

    fn clear(&mut self) {
        self.sent.clear();
        self.actions.clear();
        self.notices.clear();
        self.connects.clear();
        self.events.clear();
    }

    fn connected(&mut self) -> &mut Self {
        self.gateway.handle_connected(self.now);
        self.drain()
    }

    fn text(&mut self, text: &str) -> &mut Self {
        if let Some(dispatch) = self.gateway.handle_text(self.now, text) {
            self.events.push(dispatch.sequence);
        }
        self.drain()
    }

    fn ready(&mut self, sequence: u64) -> &mut Self {
        let ready = json!({"t": "READY", "s": sequence, "op": 0, "d": {"user": {"id": "5"}, "session_id": "abc",
            "resume_gateway_url": REGIONAL, "guilds": [{"id": "7", "unavailable": true}, {"id": "6"}]}});
        self.text(&ready.to_string())
    }

    fn event(&mut self, sequence: u64) -> &mut Self {
        self.text(&format!(
            r#"{{"t":"TYPING_START","s":{sequence},"op":0,"d":{{}}}}"#
        ))
    }

    fn permit(&mut self) -> &mut Self {
        assert_eq!(self.actions.pop_front(), Some(Action::RequestIdentify));
        self.gateway.identify_permitted(self.now);
        self.drain()
    }

    fn closed(&mut self, code: impl Into<Option<u16>>) -> &mut Self {
        self.gateway.handle_closed(self.now, code.into());
        self.drain()
    }

    /// Lets time pass up to the next timeout.
    fn step(&mut self) -> &mut Self {
        let at = self.gateway.poll_timeout().expect("nothing to wait for");
        self.now = self.now + at.saturating_sub(self.now.boot);
        self.gateway.handle_timeout(self.now);
        self.drain()
    }

    /// Lets time pass, with every heartbeat acknowledged.
    fn pass(&mut self, by: Duration) -> &mut Self {
        let end = self.now.boot + by;
        while self.gateway.poll_timeout().is_some_and(|at| at <= end) {
            self.step();
            if self.sent.back().is_some_and(|sent| sent["op"] == 1) {
                self.text(ACK);
            }
        }
        self.now = self.now + (end - self.now.boot);
        self
    }

    fn sent_op(&mut self) -> Option<u64> {
        self.sent
            .pop_front()
            .map(|sent| sent["op"].as_u64().unwrap())
    }

    fn last_url(&self) -> &str {
        &self.connects.last().expect("no connection was asked for").1
    }

    fn last_disconnect(&self) -> Disconnect {
        let mut causes = self.notices.iter().rev().filter_map(|notice| match notice {
            Notice::Disconnected { cause, .. } => Some(*cause),
            _ => None,
        });
        causes.next().expect("it is connected")
    }

    fn losses(&self) -> Vec<SessionLoss> {
        let losses = self.notices.iter().filter_map(|notice| match notice {
            Notice::SessionLost { cause, .. } => Some(*cause),
            _ => None,
        });
        losses.collect()
    }
}

fn start() -> Moment {
    Moment {
        boot: Duration::from_secs(1_000),
        unix: UnixMs(1_780_000_000_000),
    }
}

fn config() -> Config {
    let mut config = Config::user(Token::new("secret-token"));
    config.compression = Compression::None;
    config
}

fn stored(age: Duration) -> Session {
    Session {
        session_id: "abc".to_owned(),
        sequence: 41,
        resume_gateway_url: Some(REGIONAL.to_owned()),
        identified_at: UnixMs(1),
        seen_at: start().unix.minus(age),
    }
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

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
fn op_7_closes_for_resume() {
    let mut script = Script::live();
    script.text(r#"{"op":7,"d":null}"#);
    assert_eq!(
        script.actions.pop_front(),
        Some(Action::Close { code: 4000 })
    );
    script.step().connected().text(HELLO);
    assert_eq!(script.sent_op(), Some(6));
}

#[test]
fn op_9_true_resumes() {
    let mut script = Script::live();
    script
        .text(r#"{"op":9,"d":true}"#)
        .step()
        .connected()
        .text(HELLO);
    assert_eq!(script.sent_op(), Some(6));
    assert!(script.losses().is_empty());
}

#[test]
fn op_9_false_waits_and_identifies() {
    for dice in [0, 1 << 63, u64::MAX] {
        let mut script = Script::with(config(), Some(stored(seconds(1))), move || dice);
        script.connected().text(HELLO).text(r#"{"op":9,"d":false}"#);
        assert_eq!(script.losses(), [SessionLoss::Invalid]);
        let wait = script.gateway.poll_timeout().unwrap() - script.now.boot;
        assert!((seconds(1)..=seconds(5)).contains(&wait), "{wait:?}");
        assert_eq!(
            script.actions.pop_front(),
            Some(Action::Close { code: 4000 })
        );
        script.step();
        assert_eq!(
            script.last_url(),
            "wss://gateway.discord.gg/?v=9&encoding=json"
        );
        script.connected().text(HELLO).permit();
        assert!(script.sent.iter().any(|sent| sent["op"] == 2));
    }
}

#[test]
fn op_9_to_an_identify_waits_too() {
    let mut script = Script::new();
    script
        .connected()
        .text(HELLO)
        .permit()
        .text(r#"{"op":9,"d":true}"#);
    assert!(script.gateway.poll_timeout().unwrap() - script.now.boot >= seconds(1));
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
fn every_close_code_does_what_the_table_says() {
    for code in 4000..4020 {
        let mut script = Script::live();
        script.closed(code);
        let (is_fatal, keeps) = match code {
            4004 | 4010..=4014 | 4016 => (true, false),
            4003 | 4005 | 4006 | 4007 | 4009 | 4015 => (false, false),
            _ => (false, true),
        };
        assert_eq!(script.gateway.session().is_some(), keeps, "{code}");
        if is_fatal {
            assert_eq!(
                script.actions.pop_front(),
                Some(Action::Fatal(Fatal::Closed(CloseCode(code))))
            );
            assert_eq!(
                (script.gateway.status(), script.gateway.poll_timeout()),
                (Status::Stopped, None)
            );
            continue;
        }
        let wait = script.gateway.poll_timeout().unwrap() - script.now.boot;
        let least = match code {
            4008 => seconds(30),
            4015 => seconds(300),
            _ => Duration::ZERO,
        };
        assert!(
            wait >= least && wait <= least + seconds(1),
            "{code}: {wait:?}"
        );
        script.step().connected().text(HELLO);
        assert_eq!(script.sent_op() == Some(6), keeps, "{code}");
    }
}

#[test]
fn only_4004_is_the_tokens_death() {
    assert!(Fatal::Closed(CloseCode(4004)).is_authentication());
    assert!(!Fatal::Closed(CloseCode(4014)).is_authentication());
}

#[test]
fn closing_right_after_hello_makes_no_storm() {
    for dice in [0, 1 << 63, u64::MAX] {
        let mut script = Script::with(config(), None, move || dice);
        let end = script.now.boot + seconds(40);
        while script.now.boot < end {
            script.connected().text(HELLO).closed(4002).step();
        }
        assert!(
            script.connects.len() < 90,
            "{} connections in 40 s",
            script.connects.len()
        );
        assert!(
            dice == 0 || script.connects.len() < 12,
            "{} connections in 40 s",
            script.connects.len()
        );
    }
}

#[test]
fn only_health_ends_the_backoff() {
    let mut script = Script::with(config(), None, || u64::MAX);
    let mut waits = Vec::new();
    for health in [0, 29, 0, 31] {
        script.connected().text(HELLO);
        script.actions.clear();
        script.gateway.identify_permitted(script.now);
        script.ready(1).pass(seconds(health)).closed(4003);
        waits.push((script.gateway.poll_timeout().unwrap() - script.now.boot).as_millis());
        script.step();
    }
    assert_eq!(waits, [250, 1000, 2000, 250]);
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

#[test]
fn nothing_of_an_old_connection_is_heard() {
    let mut script = Script::live();
    script.text(r#"{"op":7}"#).event(2).text(HELLO).closed(4004);
    assert!(script.events.is_empty());
    assert_eq!(script.gateway.status(), Status::Waiting);
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
