//! REST's rules, on a scripted clock.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what went wrong by panicking"
)]

mod support;

use mj_simulator::world::Request;
use serde_json::{Value, json};
use support::{Stage, button, grid};

#[test]
fn wants_a_user_agent_and_a_token() {
    let mut stage = Stage::new();
    let path = "/api/v9/users/@me".to_owned();
    let request = Request {
        method: "GET".into(),
        path,
        ..Request::default()
    };
    let response = stage.world.handle_request(stage.now, &request);
    assert_eq!(response.status, 403);
    assert!(
        response
            .headers
            .iter()
            .any(|(name, value)| *name == "content-type" && value.starts_with("text/html"))
    );

    let token = stage.user_token(0);
    let bot = stage.world.bot_token().to_owned();
    let me = |stage: &mut Stage, token: Option<&str>| {
        stage
            .request("GET", "/api/v9/users/@me", token, &Value::Null)
            .0
    };
    assert_eq!(me(&mut stage, None), 401);
    assert_eq!(me(&mut stage, Some(&format!("Bot {token}"))), 401);
    assert_eq!(me(&mut stage, Some(&bot)), 401);
    assert_eq!(me(&mut stage, Some(&token)), 200);
    assert_eq!(me(&mut stage, Some(&format!("Bot {bot}"))), 200);
    assert_eq!(
        stage
            .request("GET", "/api/v7/users/@me", Some(&token), &Value::Null)
            .1["code"],
        50041
    );
}

#[test]
fn checks_interactions() {
    let mut stage = Stage::new();
    let good = stage.imagine_body(0, "a harbour", "1", "s");
    let with = |pointer: &str, value: Value| {
        let mut body = good.clone();
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    let cases = [
        (with("/application_id", json!("1")), 400, 10002),
        (with("/channel_id", json!("1")), 400, 10003),
        (with("/guild_id", json!("1")), 400, 10003),
        (
            with("/nonce", json!("12345678901234567890123456")),
            400,
            50035,
        ),
        (with("/type", json!(9)), 400, 50035),
        (with("/data/id", json!("1")), 404, 10063),
        (with("/data/version", json!("1")), 400, 50035),
        (with("/data/options", json!([])), 400, 50035),
        (
            with("/data/options/0/value", json!("x".repeat(6001))),
            400,
            50035,
        ),
        (with("/data/options/0/value", json!(5)), 400, 50035),
    ];
    for (body, status, code) in cases {
        stage.pass(1_000);
        let (found, error) = stage.interact(0, &body);
        assert_eq!(
            (found, error["code"].as_u64()),
            (status, Some(code)),
            "{body} {error}"
        );
    }
    let bot = format!("Bot {}", stage.world.bot_token());
    assert_eq!(
        stage
            .request("POST", "/api/v9/interactions", Some(&bot), &good)
            .0,
        403
    );
}

#[test]
fn outdated_command_is_told_in_the_accounts_language() {
    let mut stage = Stage::new();
    let token = stage.user_token(1);
    stage.control(&json!({"command": "config", "set": {"command_versions": {"imagine": "77"}}}));
    let mut body = stage.imagine_body(1, "a harbour", "1", "s");
    let (status, error) = stage.interact(1, &body);
    let tree = &error["errors"]["data"]["_errors"][0];
    assert_eq!(
        (status, tree["code"].as_str()),
        (400, Some("INTERACTION_APPLICATION_COMMAND_INVALID_VERSION"))
    );
    assert!(!tree["message"].as_str().unwrap().is_ascii());

    let path = format!(
        "/api/v9/guilds/{}/application-command-index",
        stage.world.guild_id()
    );
    let (_, index, _) = stage.request("GET", &path, Some(&token), &Value::Null);
    let commands = index["application_commands"].as_array().unwrap();
    let found = commands.iter().find(|command| {
        command["application_id"] == support::MIDJOURNEY && command["name"] == "imagine"
    });
    assert_eq!(found.unwrap()["version"], "77");
    assert_ne!(
        commands[0]["application_id"],
        support::MIDJOURNEY,
        "the first imagine is another's"
    );
    body["data"]["version"] = json!("77");
    assert_eq!(stage.interact(1, &body).0, 204);
}

#[test]
fn presses_need_a_live_button() {
    let mut stage = Stage::new();
    let (id, session) = stage.login_user(0);
    stage.imagine(0, "a harbour", "1", &session);
    stage.pass(30_000);
    let message = grid(&stage.events(id, "MESSAGE_CREATE"));
    let custom_id = button(&message, "upsample::1");
    let body = stage.press_body(0, &message, &custom_id, "2", &session);
    let mut wrong = body.clone();
    wrong["data"]["custom_id"] = json!(custom_id.replace("::1::", "::9::"));
    assert_eq!(
        stage.interact(0, &wrong).1["errors"]["data"]["_errors"][0]["code"],
        "COMPONENT_VALIDATION_FAILED"
    );
    let mut wrong = body.clone();
    wrong["message_flags"] = json!(64);
    assert_eq!(stage.interact(0, &wrong).1["code"], 10008);
    let mut wrong = body.clone();
    wrong["message_id"] = json!("5");
    assert_eq!(stage.interact(0, &wrong).0, 404);
    assert_eq!(stage.interact(0, &body).0, 204);
}

#[test]
fn ephemerals_belong_to_their_reader() {
    let mut stage = Stage::new();
    let (id, session) = stage.login_user(0);
    stage.imagine(0, "a harbour", "1", &session);
    stage.pass(30_000);
    let message = grid(&stage.events(id, "MESSAGE_CREATE"));
    let press = stage.press_body(
        0,
        &message,
        &button(&message, "variation::1"),
        "2",
        &session,
    );
    stage.interact(0, &press);
    stage.pass(5_000);
    let progress = stage.events(id, "MESSAGE_CREATE").pop().unwrap();
    assert_eq!(progress["flags"], 64);
    let cancel = button(&progress, "CancelJob");
    let foreign = stage.press_body(1, &progress, &cancel, "3", "s");
    assert_eq!(stage.interact(1, &foreign).0, 404);
    let mut unmarked = stage.press_body(0, &progress, &cancel, "3", &session);
    unmarked["message_flags"] = json!(0);
    assert_eq!(stage.interact(0, &unmarked).0, 404);
    let own = stage.press_body(0, &progress, &cancel, "3", &session);
    assert_eq!(stage.interact(0, &own).0, 204);
    stage.pass(60_000);
    let updates = stage.events(id, "MESSAGE_UPDATE");
    let stopped = updates
        .iter()
        .rfind(|update| update["id"] == progress["id"])
        .unwrap();
    assert!(
        stopped["content"].as_str().unwrap().ends_with("(Stopped)"),
        "{stopped}"
    );
}

#[test]
fn history_has_no_ephemerals_and_pages_both_ways() {
    let mut stage = Stage::new();
    for text in ["one", "two", "three", "four"] {
        stage.control(&json!({"command": "say", "content": text}));
    }
    stage.imagine(0, "a harbour simulate:banned", "1", "s");
    stage.pass(2_000);
    let token = stage.user_token(0);
    let channel = stage.world.accounts()[0].channel;
    let mut list = |query: &str| {
        stage.pass(1_000);
        let path = format!("/api/v9/channels/{channel}/messages?{query}");
        let (status, list, _) = stage.request("GET", &path, Some(&token), &Value::Null);
        assert_eq!(status, 200, "{list}");
        let texts: Vec<String> = list
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m["content"].as_str().unwrap().to_owned())
            .collect();
        (texts, list)
    };
    let (all, messages) = list("");
    assert_eq!(all, ["four", "three", "two", "one"]);
    let two = messages[2]["id"].as_str().unwrap();
    assert_eq!(list(&format!("after={two}&limit=1")).0, ["three"]);
    assert_eq!(list(&format!("before={two}")).0, ["one"]);
    assert_eq!(
        list(&format!("around={two}&limit=3")).0,
        ["three", "two", "one"]
    );
    assert_eq!(list(&format!("around={two}&limit=1")).0, ["two"]);
    let path = format!("/api/v9/channels/{channel}/messages?limit=101");
    assert_eq!(
        stage.request("GET", &path, Some(&token), &Value::Null).1["code"],
        50035
    );
    let path = format!("/api/v9/channels/{channel}/messages/{two}");
    assert_eq!(
        stage.request("GET", &path, Some(&token), &Value::Null).1["code"],
        20002
    );
}

#[test]
fn limits_requests_and_says_so() {
    let mut stage = Stage::new();
    let token = stage.user_token(0);
    let body = stage.imagine_body(0, "a harbour", "1", "s");
    for left in (0..5).rev() {
        let (status, _, response) =
            stage.request("POST", "/api/v9/interactions", Some(&token), &body);
        assert_eq!(status, 204);
        assert!(
            response
                .headers
                .contains(&("x-ratelimit-remaining", left.to_string())),
            "{:?}",
            response.headers
        );
    }
    let (status, error, response) =
        stage.request("POST", "/api/v9/interactions", Some(&token), &body);
    assert_eq!(status, 429);
    assert_eq!(error["global"], false);
    assert!(error["retry_after"].as_f64().unwrap() > 0.0);
    assert!(
        response
            .headers
            .iter()
            .any(|(name, _)| *name == "retry-after")
    );
    stage.pass(1_000);
    assert_eq!(stage.interact(0, &body).0, 204);
    let other = stage.imagine_body(1, "a harbour", "1", "s");
    assert_eq!(stage.interact(1, &other).0, 204);
}

#[test]
fn cdn_serves_signed_urls_until_they_expire() {
    let mut stage = Stage::new();
    let (id, session) = stage.login_user(0);
    stage.imagine(0, "a harbour", "1", &session);
    stage.pass(30_000);
    let message = grid(&stage.events(id, "MESSAGE_CREATE"));
    let url = message["attachments"][0]["url"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = url
        .strip_prefix("https://cdn.discordapp.com")
        .unwrap()
        .to_owned();
    let get = |stage: &mut Stage, path: &str| stage.request("GET", path, None, &Value::Null).0;
    assert_eq!(get(&mut stage, &path), 200);
    assert_eq!(get(&mut stage, path.split('?').next().unwrap()), 404);
    assert_eq!(get(&mut stage, &path.replace("hm=", "hm=0")), 404);
    stage.pass(86_400_000);
    assert_eq!(get(&mut stage, &path), 404);
    let token = stage.user_token(0);
    let (_, fresh, _) = stage.request(
        "POST",
        "/api/v9/attachments/refresh-urls",
        Some(&token),
        &json!({"attachment_urls": [url]}),
    );
    let fresh = fresh["refreshed_urls"][0]["refreshed"].as_str().unwrap();
    assert_eq!(
        get(
            &mut stage,
            fresh.strip_prefix("https://cdn.discordapp.com").unwrap()
        ),
        200
    );
}

#[test]
fn uploads_go_through_slots() {
    let mut stage = Stage::new();
    let (id, _) = stage.login_user(0);
    let token = stage.user_token(0);
    let channel = stage.world.accounts()[0].channel;
    let path = format!("/api/v9/channels/{channel}/attachments");
    let ask = json!({"files": [{"filename": "a b.png", "file_size": 3, "id": "7"}]});
    let (status, slots, _) = stage.request("POST", &path, Some(&token), &ask);
    assert_eq!(status, 200);
    let slot = &slots["attachments"][0];
    assert_eq!(slot["id"], 7);
    let url = slot["upload_url"].as_str().unwrap();
    let target = url
        .strip_prefix("https://discord-attachments-uploads-prd.storage.googleapis.com")
        .unwrap();
    let (upload, query) = target.split_once('?').unwrap();
    let put = Request {
        method: "PUT".into(),
        path: upload.into(),
        query: query.into(),
        body: b"png".to_vec(),
        ..Request::default()
    };
    assert_eq!(stage.world.handle_request(stage.now, &put).status, 200);
    let path = format!("/api/v9/channels/{channel}/messages");
    let body = json!({"content": "", "nonce": "9", "attachments": [{"id": "0", "filename": "a b.png", "uploaded_filename": slot["upload_filename"]}]});
    let (status, message, _) = stage.request("POST", &path, Some(&token), &body);
    assert_eq!(
        (status, message["attachments"][0]["size"].as_u64()),
        (200, Some(3)),
        "{message}"
    );
    assert_eq!(stage.events(id, "MESSAGE_CREATE")[0]["nonce"], "9");
    assert_eq!(
        stage.request("POST", &path, Some(&token), &body).0,
        400,
        "a slot is used up"
    );
}

#[test]
fn lost_answers_come_after_acceptance() {
    let mut stage = Stage::new();
    stage
        .control(&json!({"command": "fault", "http": {"path": "/interactions", "reset": "after"}}));
    let token = stage.user_token(0);
    let body = stage.imagine_body(0, "a harbour", "1", "s");
    let (_, _, response) = stage.request("POST", "/api/v9/interactions", Some(&token), &body);
    assert!(response.cut);
    stage.control(
        &json!({"command": "fault", "http": {"path": "/interactions", "reset": "before"}}),
    );
    assert!(
        stage
            .request("POST", "/api/v9/interactions", Some(&token), &body)
            .2
            .cut
    );
    let record = stage.control(&json!({"command": "record"}));
    assert_eq!(record["interactions"].as_array().unwrap().len(), 1);
    assert_eq!(record["lost_answers"], 2);
}

#[test]
fn rules_answer_instead_of_discord() {
    let mut stage = Stage::new();
    let token = stage.user_token(0);
    let body = stage.imagine_body(0, "a harbour", "1", "s");
    let mut strike = |rule: Value| {
        stage.control(&json!({"command": "fault", "http": rule}));
        let (status, value, response) =
            stage.request("POST", "/api/v9/interactions", Some(&token), &body);
        (status, value, response.delay)
    };
    let (status, value, _) = strike(json!({"retry_after": 2.06, "path": "/interactions"}));
    assert_eq!(
        (status, value),
        (
            429,
            json!({"message": "You are being rate limited.", "retry_after": 2.06, "global": false})
        )
    );
    assert_eq!(
        strike(json!({"status": 502, "body": "<html></html>", "content_type": "text/html"})).0,
        502
    );
    assert_eq!(strike(json!({"cloudflare": true})).0, 429);
    let (status, _, delay) = strike(json!({"delay": 1500}));
    assert_eq!((status, delay), (204, 1500));
}
