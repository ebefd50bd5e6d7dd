//! How connections and sessions end: by op code, by close code, by ourselves.

use std::time::Duration;

use mj_discord::{
    Action, CloseCode,
    gateway::{Fatal, SessionLoss, Status},
};

use crate::script::{HELLO, Script, config, seconds, stored};

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
fn nothing_of_an_old_connection_is_heard() {
    let mut script = Script::live();
    script.text(r#"{"op":7}"#).event(2).text(HELLO).closed(4004);
    assert!(script.events.is_empty());
    assert_eq!(script.gateway.status(), Status::Waiting);
}
