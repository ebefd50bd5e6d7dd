//! The bot's conduct, on a scripted clock.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what went wrong by panicking"
)]

mod support;

use mj_simulator::world::Settings;
use serde_json::{Value, json};
use support::{BOT_INTENTS, Stage, button, grid};

fn content(message: &Value) -> &str {
    message["content"].as_str().unwrap()
}

#[test]
fn imagine_runs_from_start_to_final() {
    let mut stage = Stage::new();
    let (id, session) = stage.login_user(0);
    let user = stage.world.accounts()[0].user;
    stage.imagine(0, "a harbour --ar 3:2 at  dawn --seed 7", "n1", &session);
    stage.pass(40_000);
    let names: Vec<String> = stage.inboxes[&id].frames[3..]
        .iter()
        .map(|frame| frame["t"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        names[..3],
        [
            "INTERACTION_CREATE",
            "INTERACTION_SUCCESS",
            "MESSAGE_CREATE"
        ]
    );
    assert_eq!(
        names[names.len() - 2..],
        ["MESSAGE_CREATE", "MESSAGE_DELETE"]
    );
    let created = stage.events(id, "MESSAGE_CREATE");
    let (start, last) = (&created[0], &created[1]);
    let echo = "a harbour at dawn --ar 3:2 --seed 7 --v 7.0";
    assert_eq!(
        content(start),
        format!("**{echo}** - <@{user}> (Waiting to start)")
    );
    assert_eq!(
        (start["type"].as_u64(), start["nonce"].as_str()),
        (Some(20), Some("n1"))
    );
    assert_eq!(start["components"], json!([]));
    let interaction = &stage.events(id, "INTERACTION_CREATE")[0]["id"];
    assert_eq!(&start["interaction_metadata"]["id"], interaction);
    assert_eq!(&start["interaction"]["id"], interaction);
    assert_eq!(last["message_reference"]["message_id"], start["id"]);
    assert_eq!(
        last["interaction_metadata"]["original_response_message_id"],
        start["id"]
    );
    assert_eq!(last["nonce"], "n1");
    assert!(
        content(last)
            .contains("[(Open on website for full quality)](<https://midjourney.com/jobs/")
    );
    assert!(content(last).ends_with(" (fast)"));
    let updates = stage.events(id, "MESSAGE_UPDATE");
    assert!(updates.len() >= 7);
    for update in &updates {
        let percent: u64 = content(update)
            .rsplit_once('(')
            .and_then(|(rest, _)| rest.rsplit_once("%)"))
            .and_then(|(rest, _)| rest.rsplit_once('('))
            .unwrap()
            .1
            .parse()
            .unwrap();
        assert_eq!(
            update["attachments"].as_array().unwrap().is_empty(),
            percent < 35,
            "{percent}"
        );
        assert_eq!(update["id"], start["id"]);
        assert!(update.get("nonce").is_none());
    }
    assert_eq!(stage.events(id, "MESSAGE_DELETE")[0]["id"], start["id"]);
}

#[test]
fn bots_see_public_messages_without_nonce() {
    let mut stage = Stage::new();
    let (bot, _) = stage.login_bot(BOT_INTENTS);
    let (user, session) = stage.login_user(0);
    let (other, _) = stage.login_user(1);
    stage.imagine(0, "a harbour", "n1", &session);
    stage.pass(30_000);
    let message = grid(&stage.events(user, "MESSAGE_CREATE"));
    let press = stage.press_body(
        0,
        &message,
        &button(&message, "upsample::2"),
        "n2",
        &session,
    );
    stage.interact(0, &press);
    stage.pass(5_000);
    for watcher in [bot, other] {
        let seen = stage.events(watcher, "MESSAGE_CREATE");
        assert_eq!(seen.len(), 3, "start, final and upscale; no ephemeral");
        assert!(
            seen.iter()
                .all(|message| message.get("nonce").is_none() && message["flags"] == 0)
        );
        assert!(stage.events(watcher, "INTERACTION_CREATE").is_empty());
    }
    let own = stage.events(user, "MESSAGE_CREATE");
    let start = own.iter().find(|message| message["flags"] == 64).unwrap();
    assert!(start.get("guild_id").is_none() && start.get("member").is_none());
    assert!(content(start).starts_with("Upscaling image #2 with **a harbour --v 7.0** - <@"));
}

#[test]
fn interaction_events_reach_the_named_session_only() {
    let mut stage = Stage::new();
    let (first, session) = stage.login_user(0);
    let (second, _) = stage.login_user(0);
    stage.imagine(0, "a harbour", "n1", &session);
    stage.pass(1_000);
    assert_eq!(stage.events(first, "INTERACTION_SUCCESS").len(), 1);
    assert!(stage.events(second, "INTERACTION_SUCCESS").is_empty());
    assert_eq!(
        stage.events(second, "MESSAGE_CREATE")[0]["nonce"],
        "n1",
        "the answer reaches every session of the user"
    );
}

#[test]
fn buttons_make_jobs_of_their_own() {
    let mut stage = Stage::new();
    let (id, session) = stage.login_user(0);
    stage.imagine(0, "a harbour", "n0", &session);
    stage.pass(30_000);
    let parent = grid(&stage.events(id, "MESSAGE_CREATE"));
    let cases = [
        (
            "upsample::3",
            "Upscaling image #3 with **",
            "** - Image #3 <@",
        ),
        (
            "variation::4",
            "Making variations for image #4 with prompt **",
            "** - Variations (Strong) by <@",
        ),
        (
            "reroll",
            "**a harbour --v 7.0** - <@",
            "**a harbour --v 7.0** - <@",
        ),
    ];
    for (place, (part, start, last)) in cases.into_iter().enumerate() {
        let nonce = format!("n{}", place + 1);
        let custom_id = button(&parent, part);
        let press = stage.press_body(0, &parent, &custom_id, &nonce, &session);
        assert_eq!(stage.interact(0, &press).0, 204);
        stage.pass(60_000);
        let mine: Vec<Value> = stage
            .events(id, "MESSAGE_CREATE")
            .into_iter()
            .filter(|m| m["nonce"] == nonce.as_str())
            .collect();
        assert_eq!(mine.len(), 2, "{part}");
        assert!(
            content(&mine[0]).starts_with(start)
                && content(&mine[0]).ends_with("(Waiting to start)")
        );
        assert!(content(&mine[1]).contains(last), "{}", mine[1]);
        let job = button(&mine[0], "CancelJob")
            .rsplit("::")
            .next()
            .unwrap()
            .to_owned();
        assert!(
            mine[1]["attachments"][0]["filename"]
                .as_str()
                .unwrap()
                .contains(&job)
        );
        for message in &mine {
            assert_eq!(message["message_reference"]["message_id"], parent["id"]);
            assert_eq!(
                message["interaction_metadata"]["interacted_message_id"],
                parent["id"]
            );
        }
        let edits = stage.events(id, "MESSAGE_UPDATE");
        let marked = edits
            .iter()
            .rev()
            .find(|update| update["id"] == parent["id"])
            .unwrap();
        let rows = marked["components"].as_array().unwrap();
        let pressed = rows
            .iter()
            .flat_map(|row| row["components"].as_array().unwrap())
            .find(|b| b["custom_id"] == custom_id.as_str());
        assert_eq!(pressed.unwrap()["style"], 1);
    }
}

#[test]
fn accounts_wait_their_turn() {
    let mut stage = Stage::new();
    stage.control(&json!({"command": "config", "set": {"rate_limits": false, "queue_size": 2}}));
    let (id, session) = stage.login_user(0);
    for place in 0..6 {
        stage.imagine(0, &format!("harbour {place}"), &place.to_string(), &session);
    }
    stage.pass(3_000);
    let titles: Vec<Value> = stage
        .events(id, "MESSAGE_CREATE")
        .iter()
        .flat_map(|m| m["embeds"].as_array().unwrap().clone())
        .collect();
    let count = |title: &str| {
        titles
            .iter()
            .filter(|embed| embed["title"] == title)
            .count()
    };
    assert_eq!((count("Job queued"), count("Queue full")), (2, 1));
    stage.pass(120_000);
    let record = stage.control(&json!({"command": "record"}));
    let states: Vec<&str> = record["interactions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| i["state"].as_str().unwrap())
        .collect();
    assert_eq!(
        states.iter().filter(|state| **state == "finished").count(),
        5
    );
    assert_eq!(
        states.iter().filter(|state| **state == "refused").count(),
        1
    );
}

#[test]
fn refusals_are_ephemeral_embeds_with_the_command() {
    let mut stage = Stage::new();
    let (id, session) = stage.login_user(0);
    let cases = [
        ("x simulate:banned", "Banned prompt detected"),
        ("x simulate:moderated", "Action needed to continue"),
        ("x --colour red", "Invalid parameter"),
    ];
    for (prompt, title) in cases {
        stage.imagine(0, prompt, "1", &session);
        stage.pass(2_000);
        let message = stage.events(id, "MESSAGE_CREATE").pop().unwrap();
        let embed = &message["embeds"][0];
        assert_eq!(
            (embed["title"].as_str(), message["flags"].as_u64()),
            (Some(title), Some(64))
        );
        assert_eq!(embed["footer"]["text"], format!("/imagine {prompt}"));
        assert_eq!(embed["color"], 16_711_680);
    }
    stage.imagine(0, "x simulate:captcha", "1", &session);
    let user = stage.world.accounts()[0].user;
    stage.control(&json!({"command": "clear_account", "user_id": user}));
    stage.imagine(0, "x simulate:failure", "1", &session);
    stage.pass(4_000);
    assert_eq!(
        stage.events(id, "INTERACTION_IFRAME_MODAL_CREATE")[0]["title"],
        "Action required to continue"
    );
    assert_eq!(stage.events(id, "INTERACTION_FAILURE").len(), 1);
}

#[test]
fn held_and_stalled_jobs_wait_for_release() {
    let mut stage = Stage::new();
    let (id, session) = stage.login_user(0);
    for (place, word) in ["hold", "stall", "silent"].iter().enumerate() {
        stage.imagine(
            0,
            &format!("x simulate:{word}"),
            &place.to_string(),
            &session,
        );
    }
    stage.pass(600_000);
    let finals = |stage: &Stage| {
        stage
            .events(id, "MESSAGE_CREATE")
            .iter()
            .filter(|m| !m["attachments"].as_array().unwrap().is_empty())
            .count()
    };
    assert_eq!(finals(&stage), 0);
    let record = stage.control(&json!({"command": "record"}));
    assert!(
        record["interactions"]
            .as_array()
            .unwrap()
            .iter()
            .all(|i| i["final_message_id"].is_null())
    );
    assert_eq!(stage.control(&json!({"command": "release"}))["released"], 3);
}

#[test]
fn late_copies_and_foreign_echoes_are_possible() {
    let mut stage = Stage::new();
    stage.control(&json!({"command": "config", "set": {"user_copy_delay": 500, "foreign_echo": true, "guild_id_in_frames": false}}));
    let (bot, _) = stage.login_bot(BOT_INTENTS);
    let (user, session) = stage.login_user(0);
    stage.imagine(0, "a harbour", "1", &session);
    stage.pass(1_000);
    assert_eq!(
        stage.events(bot, "MESSAGE_CREATE").len(),
        2,
        "ours and the echo"
    );
    assert!(
        stage.events(bot, "MESSAGE_CREATE")[0]
            .get("guild_id")
            .is_none()
    );
    assert!(stage.events(user, "MESSAGE_CREATE").len() < 2);
    stage.pass(1_000);
    assert_eq!(stage.events(user, "MESSAGE_CREATE").len(), 2);
}

#[test]
fn same_seed_same_world() {
    let run = || {
        let mut stage = Stage::with(Settings {
            seed: 42,
            speed: 10.0,
            ..Settings::default()
        });
        let (id, session) = stage.login_user(0);
        stage.imagine(0, "a harbour", "1", &session);
        stage.pass(5_000);
        stage.inboxes[&id].frames.clone()
    };
    assert_eq!(run(), run());
}

#[test]
fn older_shapes_are_possible() {
    let mut stage = Stage::new();
    let set = json!({
        "partial_updates": true, "final_reference": false, "link_in_finals": false, "interaction_metadata": false,
        "index_in_finals": false, "upscale_start": "none", "progress_deletes": false, "parent_edits": false,
    });
    stage.control(&json!({"command": "config", "set": set}));
    let (id, session) = stage.login_user(0);
    stage.imagine(0, "a harbour", "1", &session);
    stage.pass(30_000);
    let update = stage.events(id, "MESSAGE_UPDATE").pop().unwrap();
    assert!(update.get("author").is_none() && update.get("content").is_some());
    let last = grid(&stage.events(id, "MESSAGE_CREATE"));
    assert_eq!(
        (last["type"].as_u64(), last.get("message_reference")),
        (Some(0), None)
    );
    assert!(last.get("interaction_metadata").is_none());
    let user = stage.world.accounts()[0].user;
    assert_eq!(
        content(&last),
        format!("**a harbour --v 7.0** - <@{user}> (fast)")
    );
    let press = stage.press_body(0, &last, &button(&last, "upsample::2"), "2", &session);
    stage.interact(0, &press);
    stage.pass(3_000);
    let created = stage.events(id, "MESSAGE_CREATE");
    assert_eq!(created.len(), 3, "no start");
    assert_eq!(content(&created[2]), content(&last));
    assert!(stage.events(id, "MESSAGE_DELETE").is_empty());
}

#[test]
fn others_press_the_same_button() {
    let mut stage = Stage::new();
    let (id, session) = stage.login_user(0);
    stage.imagine(0, "a harbour", "1", &session);
    stage.pass(30_000);
    let parent = grid(&stage.events(id, "MESSAGE_CREATE"));
    let custom_id = button(&parent, "upsample::2");
    let own = stage.world.accounts()[0].user.to_string();
    for user in [Value::Null, json!(own)] {
        let press = json!({"command": "foreign", "user_id": user, "message_id": parent["id"], "custom_id": custom_id});
        stage.control(&press);
    }
    stage.pass(3_000);
    let created = stage.events(id, "MESSAGE_CREATE");
    let finals: Vec<&Value> = created
        .iter()
        .filter(|message| content(message).contains("Image #2"))
        .collect();
    assert_eq!(finals.len(), 2);
    assert_eq!(
        finals
            .iter()
            .filter(|message| message.get("nonce").is_some())
            .count(),
        1,
        "the other session's"
    );
    assert_eq!(
        stage.events(id, "INTERACTION_CREATE").len(),
        1,
        "the imagine's"
    );
}
