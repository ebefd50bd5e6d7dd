//! A world that runs for long keeps a bounded history.

mod support;

use serde_json::{Value, json};
use support::{BOT_INTENTS, Stage, button, grid};

#[test]
fn memory_does_not_grow_with_the_jobs() {
    let mut stage = Stage::new();
    let (bot, _) = stage.login_bot(BOT_INTENTS);
    let (user, _) = stage.login_user(0);
    let set = json!({"history": 20, "rate_limits": false, "heartbeat_interval": 10_000});
    stage.control(&json!({"command": "config", "set": set}));
    let mut kept = Vec::new();
    for round in 0..30 {
        for _ in 0..5 {
            stage.imagine(0, "a harbour", &round.to_string(), "none");
        }
        stage.pass(100_000);
        let finished = grid(&stage.events(bot, "MESSAGE_CREATE"));
        let press = stage.press_body(
            0,
            &finished,
            &button(&finished, "variation::2"),
            "2",
            "none",
        );
        assert_eq!(stage.interact(0, &press).0, 204);
        stage.pass(100_000);
        // The clients forget as well.
        for id in [bot, user] {
            stage.inboxes.entry(id).or_default().frames.clear();
        }
        let record = stage.control(&json!({"command": "record"}));
        assert!(length(&record["interactions"]) <= 20);
        kept.push(record["kept"].clone());
    }
    let last = &kept[kept.len() - 1];
    let count = |name: &str| last[name].as_u64().unwrap();
    assert!(count("messages") <= 20, "{last}");
    assert!(count("jobs") <= 26, "{last}");
    assert!(count("files") <= 1_020, "{last}");
    assert!(count("events") < 600, "{last}");
    assert_eq!(kept[10]["jobs"], last["jobs"]);
}

#[test]
fn closed_connections_leave_the_record() {
    let mut stage = Stage::new();
    stage.control(&json!({"command": "config", "set": {"history": 5}}));
    let (first, _) = stage.login_user(0);
    for _ in 0..20 {
        let (id, _) = stage.login_user(1);
        stage.world.handle_closed(stage.now, id, Some(1000));
    }
    let record = stage.control(&json!({"command": "record"}));
    assert!(length(&record["connections"]) <= 6);
    assert_eq!(record["connections"][0]["id"], json!(first.0));
    assert_eq!(
        (&record["identifies"], length(&record["identified_at"])),
        (&json!(21), 6)
    );
}

#[test]
fn an_old_picture_is_gone_with_its_message() {
    let mut stage = Stage::new();
    stage.control(&json!({"command": "config", "set": {"history": 3}}));
    let (bot, _) = stage.login_bot(BOT_INTENTS);
    stage.imagine(0, "a harbour", "1", "none");
    stage.pass(40_000);
    let finished = grid(&stage.events(bot, "MESSAGE_CREATE"));
    for _ in 0..3 {
        stage.control(&json!({"command": "say", "content": "later"}));
    }
    let press = stage.press_body(0, &finished, &button(&finished, "upsample::1"), "2", "none");
    let (status, error) = stage.interact(0, &press);
    assert_eq!((status, &error["code"]), (404, &json!(10008)));
}

fn length(list: &Value) -> usize {
    list.as_array().map_or(0, Vec::len)
}
