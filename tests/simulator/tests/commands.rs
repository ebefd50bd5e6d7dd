//! Every slash command beside `/imagine`: what its sender sees, and what others do not.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what went wrong by panicking"
)]

mod support;

use mj_simulator::world::Body;
use serde_json::{Value, json};
use support::desk::{Desk, picture, text};
use support::{BOT_INTENTS, Stage, button, grid};

const NIJI: &str = "1022952195194359889";

fn desk() -> Desk {
    let mut stage = Stage::new();
    stage.control(&json!({"command": "config", "set": {"rate_limits": false}}));
    Desk::new(stage, 0)
}

fn description(message: &Value) -> &str {
    message["embeds"][0]["description"].as_str().unwrap()
}

#[test]
fn describe_of_an_upload_is_public_and_shows_the_file() {
    let mut desk = desk();
    let (bot, _) = desk.stage.login_bot(BOT_INTENTS);
    let upload = desk.uploads("my hill.png", &picture(1));
    let option = json!([{"type": 11, "name": "image", "value": 0}]);
    let file = json!([{"id": "0", "filename": "my hill.png", "uploaded_filename": upload}]);
    let body = desk.body("describe", &option, &file, "n1");
    desk.sends(&body);
    desk.stage.pass(200);
    let deferred = desk.created("n1");
    assert_eq!(
        (&deferred["flags"], &deferred["content"]),
        (&json!(128), &json!(""))
    );
    desk.stage.pass(12_000);
    let answer = desk.answer("n1");
    assert_eq!(answer["flags"], 0);
    let prompts: Vec<&str> = description(&answer).split("\n\n").collect();
    assert_eq!(prompts.len(), 4);
    for (prompt, keycap) in prompts.iter().zip(["1️⃣ ", "2️⃣ ", "3️⃣ ", "4️⃣ "]) {
        assert!(prompt.starts_with(keycap), "{prompt}");
    }
    for part in [
        "PicReader::1",
        "PicReader::4",
        "PicReader::all",
        "MJ::Picread::Retry",
    ] {
        button(&answer, part);
    }
    let url = answer["embeds"][0]["image"]["url"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        url.contains("/ephemeral-attachments/1092492867185950852/"),
        "{url}"
    );
    assert!(url.contains("/my_hill.png?ex="), "{url}");
    assert_eq!(desk.fetches("GET", &url, None).status, 200);
    let told = desk.stage.events(bot, "MESSAGE_UPDATE").pop().unwrap();
    assert_eq!(told["embeds"], answer["embeds"], "a bot sees it too");
    assert!(told.get("nonce").is_none());

    desk.presses(&answer, "MJ::Job::PicReader::2", "n3");
    desk.stage.pass(2_000);
    let modal = desk.seen("INTERACTION_MODAL_CREATE").remove(0);
    let proposed = modal["components"][0]["components"][0]["value"]
        .as_str()
        .unwrap();
    assert_eq!(format!("2️⃣ {proposed}"), prompts[1]);
    desk.presses(&answer, "MJ::Picread::Retry", "n2");
    desk.stage.pass(100);
    let again = desk.answer("n1");
    assert_ne!(description(&again), description(&answer));
    assert_eq!(again["embeds"][0]["image"]["url"], url.as_str());
    assert_eq!(desk.stage.interact(0, &body).0, 400, "the slot is used up");
}

#[test]
fn describe_by_link_fetches_it_first() {
    let mut desk = desk();
    desk.types(
        "describe",
        &json!([text("link", "https://images.example/hill.png")]),
        "n1",
    );
    desk.stage.pass(12_000);
    let answer = desk.answer("n1");
    let url = answer["embeds"][0]["image"]["url"].as_str().unwrap();
    assert!(url.starts_with("https://s.mj.run/"), "{url}");
    for (place, link) in [
        "https://images.invalid/hill.png",
        "ftp://images.example/hill.png",
        "http://192.168.1.7/hill.png",
        "https://cdn.discordapp.com/attachments/1/2/hill.png?ex=1&is=1&hm=1",
    ]
    .into_iter()
    .enumerate()
    {
        let nonce = format!("r{place}");
        desk.types("describe", &json!([text("link", link)]), &nonce);
        desk.stage.pass(500);
        let notice = desk.created(&nonce);
        assert_eq!(notice["embeds"][0]["title"], "Invalid link", "{link}");
        assert_eq!(notice["flags"], 64);
    }
}

#[test]
fn options_are_held_to_the_registered_form() {
    let mut desk = desk();
    let upload = desk.uploads("a.png", &picture(1));
    let image = |value: Value| json!([{"type": 11, "name": "image", "value": value}]);
    let file = |name: &str| json!([{"id": "0", "filename": "a.png", "uploaded_filename": name}]);
    let dimensions = json!([
        {"type": 11, "name": "image1", "value": 0}, {"type": 11, "name": "image2", "value": 0}, text("dimensions", "--ar 9:1"),
    ]);
    let cases = [
        ("shorten", json!([]), json!([]), "/data/options"),
        (
            "show",
            json!([text("prompt", "x")]),
            json!([]),
            "/data/options/0/name",
        ),
        (
            "shorten",
            json!([{"type": 11, "name": "prompt", "value": "x"}]),
            json!([]),
            "/data/options/0/type",
        ),
        (
            "shorten",
            json!([{"type": 3, "name": "prompt", "value": 7}]),
            json!([]),
            "/data/options",
        ),
        ("describe", image(json!(1)), file(&upload), "/data/options"),
        (
            "describe",
            image(json!(0)),
            file("nothing/a.png"),
            "/data/attachments/0/uploaded_filename",
        ),
        (
            "blend",
            json!([{"type": 11, "name": "image1", "value": 0}]),
            file(&upload),
            "/data/options",
        ),
        ("blend", dimensions, file(&upload), "/data/options/2/value"),
        ("prefer", json!([]), json!([]), "/data/options"),
    ];
    for (name, options, attachments, path) in cases {
        let body = desk.body(name, &options, &attachments, "1");
        let (status, error) = desk.stage.interact(0, &body);
        assert_eq!(
            (status, error["code"].as_u64()),
            (400, Some(50035)),
            "{name} {error}"
        );
        let place = error["errors"].pointer(&format!("{path}/_errors/0/code"));
        assert!(place.is_some(), "{name} {error}");
    }
    let mut body = desk.body("info", &json!([]), &json!([]), "1");
    body["data"]["version"] = json!("1");
    let (status, error) = desk.stage.interact(0, &body);
    let code = &error["errors"]["data"]["_errors"][0]["code"];
    assert_eq!(
        (status, code),
        (
            400,
            &json!("INTERACTION_APPLICATION_COMMAND_INVALID_VERSION")
        )
    );
}

#[test]
fn uploads_belong_to_one_user_and_channel() {
    let mut desk = desk();
    let upload = desk.uploads("a.png", &picture(1));
    let option = json!([{"type": 11, "name": "image", "value": "0"}]);
    let file = json!([{"id": 0, "filename": "a.png", "uploaded_filename": upload}]);
    let mut other = desk.body("describe", &option, &file, "1");
    other["channel_id"] = json!(desk.stage.world.accounts()[1].channel);
    assert_eq!(desk.stage.interact(1, &other).0, 400, "another user's");
    desk.go_direct();
    let body = desk.body("describe", &option, &file, "2");
    assert_eq!(desk.stage.interact(0, &body).0, 400, "another channel's");
}

#[test]
fn slots_take_what_they_were_made_for() {
    let mut desk = desk();
    let path = format!("/channels/{}/attachments", desk.channel);
    let ask = |size: u64| json!({"files": [{"filename": "a.png", "file_size": size}]});
    let (status, error) = desk.rest("POST", &path, &ask(10 * 1024 * 1024 + 1));
    assert_eq!((status, error["code"].as_u64()), (400, Some(40005)));
    let (_, slots) = desk.rest("POST", &path, &ask(4));
    let url = slots["attachments"][0]["upload_url"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(desk.puts(&url, b"abc").status, 400);
    assert_eq!(desk.puts(&url, b"abcde").status, 400);
    assert_eq!(desk.puts(&url, b"abcd").status, 200);
    assert_eq!(
        desk.puts(&url.replace("a.png", "b.png"), b"abcd").status,
        404
    );
}

#[test]
fn messages_can_be_made_once_by_nonce() {
    let mut desk = desk();
    let upload = desk.uploads("a.png", &picture(1));
    let path = format!("/channels/{}/messages", desk.channel);
    let body = json!({
        "content": "", "nonce": "7", "enforce_nonce": true,
        "attachments": [{"id": "0", "filename": "a.png", "uploaded_filename": upload}],
    });
    let (status, first) = desk.rest("POST", &path, &body);
    assert_eq!(status, 200);
    assert_eq!(first["attachments"][0]["width"], 32);
    let (status, second) = desk.rest("POST", &path, &body);
    assert_eq!((status, &second["id"]), (200, &first["id"]));
    assert_eq!(desk.seen("MESSAGE_CREATE").len(), 1);
    let url = first["attachments"][0]["url"].as_str().unwrap();
    let prompt = format!("{url} a harbour");
    desk.types("imagine", &json!([text("prompt", &prompt)]), "8");
    desk.stage.pass(2_000);
    let start = desk.created("8");
    let content = start["content"].as_str().unwrap();
    assert!(content.starts_with("**<https://s.mj.run/"), "{content}");
    desk.stage.pass(90_000_000);
    desk.types("imagine", &json!([text("prompt", &prompt)]), "9");
    desk.stage.pass(2_000);
    assert_eq!(
        desk.created("9")["embeds"][0]["title"],
        "Invalid link",
        "expired by now"
    );
}

#[test]
fn the_cdn_answers_ranges_and_heads() {
    let mut desk = desk();
    let bytes = picture(1);
    let upload = desk.uploads("a.png", &bytes);
    let path = format!("/channels/{}/messages", desk.channel);
    let body =
        json!({"attachments": [{"id": "0", "filename": "a.png", "uploaded_filename": upload}]});
    let (_, message) = desk.rest("POST", &path, &body);
    let url = message["attachments"][0]["url"]
        .as_str()
        .unwrap()
        .to_owned();
    let header = |response: &mj_simulator::world::Response, name: &str| {
        let mut found = response.headers.iter().filter(|(other, _)| *other == name);
        found.next().map(|(_, value)| value.clone())
    };
    let part = desk.fetches("GET", &url, Some("bytes=3-7"));
    let Body::Bytes(body) = &part.body else {
        panic!("uploaded bytes")
    };
    assert_eq!((part.status, body.as_slice()), (206, &bytes[3..8]));
    assert_eq!(
        header(&part, "content-range"),
        Some(format!("bytes 3-7/{}", bytes.len()))
    );
    let outside = desk.fetches("GET", &url, Some("bytes=999999-"));
    assert_eq!(outside.status, 416);
    assert_eq!(
        header(&outside, "content-range"),
        Some(format!("bytes */{}", bytes.len()))
    );
    let head = desk.fetches("HEAD", &url, None);
    assert_eq!(
        header(&head, "content-length"),
        Some(bytes.len().to_string())
    );
    assert_eq!(header(&head, "accept-ranges").as_deref(), Some("bytes"));
    assert!(matches!(&head.body, Body::Bytes(body) if body.is_empty()));
}

#[test]
fn blend_starts_without_words_and_ends_with_links() {
    let mut desk = desk();
    let (bot, _) = desk.stage.login_bot(BOT_INTENTS);
    let user = desk.stage.world.accounts()[0].user;
    let blend = |desk: &mut Desk, colours: [u8; 2], nonce: &str| {
        let uploads = colours.map(|colour| desk.uploads("a.png", &picture(colour)));
        let files: Vec<Value> = uploads
            .iter()
            .enumerate()
            .map(|(id, name)| json!({"id": id.to_string(), "filename": "a.png", "uploaded_filename": name}))
            .collect();
        let options = json!([
            {"type": 11, "name": "image1", "value": 0}, {"type": 11, "name": "image2", "value": 1}, text("dimensions", "--ar 2:3"),
        ]);
        let body = desk.body("blend", &options, &json!(files), nonce);
        desk.sends(&body);
    };
    blend(&mut desk, [1, 2], "n1");
    desk.stage.pass(40_000);
    assert_eq!(
        desk.created("n1")["content"],
        format!("**** - <@{user}> (Waiting to start)")
    );
    let last = grid(&desk.seen("MESSAGE_CREATE"));
    let content = last["content"].as_str().unwrap();
    assert!(content.starts_with("**<https://s.mj.run/"), "{content}");
    assert!(content.contains("> --ar 2:3 --v 7.0** - <@"), "{content}");
    let attachment = &last["attachments"][0];
    assert!(attachment["width"].as_u64() < attachment["height"].as_u64());
    assert_eq!(
        grid(&desk.stage.events(bot, "MESSAGE_CREATE"))["id"],
        last["id"]
    );
    blend(&mut desk, [3, 3], "n2");
    desk.stage.pass(1_000);
    assert_eq!(
        desk.created("n2")["embeds"][0]["title"],
        "Duplicate images detected"
    );
}

#[test]
fn shorten_is_ephemeral_and_tells_details_when_asked() {
    let mut desk = desk();
    let (bot, _) = desk.stage.login_bot(BOT_INTENTS);
    let (other, _) = desk.stage.login_user(1);
    desk.types(
        "shorten",
        &json!([text("prompt", "a tall ship, far out at sea, oil on wood")]),
        "n1",
    );
    desk.stage.pass(6_000);
    let answer = desk.answer("n1");
    assert_eq!(answer["flags"], 64);
    assert!(answer.get("guild_id").is_none() && answer.get("member").is_none());
    assert!(description(&answer).contains("## Important tokens\n"));
    assert_eq!(description(&answer).matches("️⃣ ").count(), 5);
    button(&answer, "PromptAnalyzer::5");
    let details = button(&answer, "PromptAnalyzerExtended");
    desk.presses(&answer, &details, "n2");
    desk.stage.pass(500);
    let detailed = desk.answer("n1");
    assert!(description(&detailed).contains(" (1.00)"), "{detailed}");
    assert!(detailed["edited_timestamp"].is_string());
    for watcher in [bot, other] {
        assert!(desk.stage.events(watcher, "MESSAGE_CREATE").is_empty());
        assert!(desk.stage.events(watcher, "MESSAGE_UPDATE").is_empty());
    }
}

#[test]
fn show_brings_a_job_back_in_both_kinds_of_channel() {
    let mut desk = desk();
    desk.types(
        "imagine",
        &json!([text("prompt", "a harbour --seed 77")]),
        "n0",
    );
    desk.stage.pass(40_000);
    let first = grid(&desk.seen("MESSAGE_CREATE"));
    let job = button(&first, "upsample::1")
        .rsplit("::")
        .next()
        .unwrap()
        .to_owned();
    for (nonce, direct) in [("n1", false), ("n2", true)] {
        if direct {
            desk.go_direct();
        }
        desk.types("show", &json!([text("job_id", &job)]), nonce);
        desk.stage.pass(3_000);
        let created = desk.seen("MESSAGE_CREATE");
        let mine: Vec<&Value> = created.iter().filter(|m| m["nonce"] == nonce).collect();
        assert_eq!(mine[0]["content"], "Displaying...");
        let last = mine[1];
        assert_eq!(last["content"], first["content"]);
        assert_eq!(last["components"], first["components"]);
        assert_eq!(last["message_reference"]["message_id"], mine[0]["id"]);
        assert_eq!(last["channel_id"], desk.channel.as_str());
        assert_eq!(last.get("guild_id").is_none(), direct);
        assert_eq!(last["channel_type"], u8::from(direct));
        assert_ne!(
            last["attachments"][0]["url"],
            first["attachments"][0]["url"]
        );
    }
    desk.types(
        "show",
        &json!([text("job_id", "0f8fad5b-d9cb-469f-a165-70867728950e")]),
        "n3",
    );
    desk.stage.pass(1_000);
    assert_eq!(desk.created("n3")["embeds"][0]["color"], 16_711_680);
}

#[test]
fn info_counts_what_the_account_uses() {
    let mut desk = desk();
    let info = |desk: &mut Desk, nonce: &str| {
        desk.types("info", &json!([]), nonce);
        desk.stage.pass(1_000);
        let answer = desk.answer(nonce);
        assert_eq!(answer["flags"], 64);
        assert!(
            answer["embeds"][0]["title"]
                .as_str()
                .unwrap()
                .starts_with("Your info")
        );
        let lines: Vec<(String, String)> = description(&answer)
            .lines()
            .filter_map(|line| line.split_once("**:"))
            .map(|(name, value)| {
                (
                    name.trim_start_matches('*').to_owned(),
                    value.trim().to_owned(),
                )
            })
            .collect();
        move |name: &str| {
            lines
                .iter()
                .find(|(other, _)| other == name)
                .unwrap()
                .1
                .clone()
        }
    };
    let before = info(&mut desk, "1");
    assert_eq!(before("Fast Time Remaining"), "30.00/30.0 hours (100.00%)");
    assert_eq!(
        (before("Job Mode"), before("Visibility Mode")),
        ("Fast".into(), "Public".into())
    );
    assert_eq!(before("Running Jobs"), "None");
    desk.types("relax", &json!([]), "2");
    for nonce in 3..8 {
        desk.types(
            "imagine",
            &json!([text("prompt", "a harbour")]),
            &nonce.to_string(),
        );
        desk.stage.pass(1_000);
    }
    let busy = info(&mut desk, "9");
    assert_eq!(
        (busy("Queued Jobs (relax)"), busy("Queued Jobs (fast)")),
        ("2".into(), "0".into())
    );
    assert_eq!(busy("Running Jobs").split(", ").count(), 3);
    desk.stage.pass(120_000);
    let after = info(&mut desk, "10");
    assert_eq!(after("Job Mode"), "Relaxed");
    assert!(after("Relaxed Usage").starts_with("5 images"));
    assert!(after("Fast Time Remaining").starts_with("30.00/"));
}

#[test]
fn settings_change_the_jobs_that_follow() {
    let mut desk = desk();
    desk.types("settings", &json!([]), "n1");
    desk.stage.pass(1_000);
    let style = |message: &Value, part: &str| {
        let rows = message["components"].as_array().unwrap();
        let mut all = rows
            .iter()
            .flat_map(|row| row["components"].as_array().unwrap());
        all.find(|c| c["custom_id"].as_str().unwrap().ends_with(part))
            .unwrap()["style"]
            .clone()
    };
    let panel = desk.answer("n1");
    assert_eq!(panel["flags"], 64);
    assert_eq!(
        (style(&panel, "RemixMode"), style(&panel, "RelaxMode::off")),
        (json!(2), json!(3))
    );
    for setting in [
        "RemixMode",
        "RelaxMode::on",
        "Style::raw",
        "PrivateMode::on",
        "Stylize::250",
    ] {
        desk.presses(&panel, &format!("MJ::Settings::{setting}"), setting);
        desk.stage.pass(500);
    }
    let menu = "MJ::Settings::VersionSelector";
    let mut body = desk.press_body(&panel, 3, menu, "n2");
    assert_eq!(desk.stage.interact(0, &body).0, 400, "a menu needs values");
    body["data"]["values"] = json!(["9"]);
    assert_eq!(desk.stage.interact(0, &body).0, 400, "none of its options");
    body["data"]["values"] = json!(["6.1"]);
    desk.sends(&body);
    desk.stage.pass(500);
    let panel = desk.answer("n1");
    assert_eq!(
        (style(&panel, "RemixMode"), style(&panel, "RelaxMode::on")),
        (json!(3), json!(3))
    );
    let options = panel["components"][0]["components"][0]["options"]
        .as_array()
        .unwrap();
    let chosen = options
        .iter()
        .find(|option| option["default"] == true)
        .unwrap();
    assert_eq!(chosen["value"], "6.1");

    desk.types("imagine", &json!([text("prompt", "a harbour")]), "n3");
    desk.stage.pass(40_000);
    let last = grid(&desk.seen("MESSAGE_CREATE"));
    let content = last["content"].as_str().unwrap();
    assert!(
        content.starts_with("**a harbour --s 250 --v 6.1 --raw** - <@"),
        "{content}"
    );
    desk.presses(&last, &button(&last, "variation::1"), "n4");
    desk.stage.pass(2_000);
    let modal = desk.seen("INTERACTION_MODAL_CREATE").remove(0);
    assert_eq!(modal["nonce"], "n4", "remix asks for a prompt");
    assert!(content.ends_with("(relaxed, stealth)"), "{content}");
}

#[test]
fn mode_commands_answer_in_private_and_change_the_tail() {
    let mut desk = desk();
    let (bot, _) = desk.stage.login_bot(BOT_INTENTS);
    for (place, name) in ["relax", "turbo", "fast", "public", "private", "stealth"]
        .into_iter()
        .enumerate()
    {
        let nonce = format!("c{place}");
        desk.types(name, &json!([]), &nonce);
        desk.stage.pass(1_000);
        let answer = desk.answer(&nonce);
        assert!(
            answer["content"].as_str().unwrap().starts_with("Done!"),
            "{answer}"
        );
        assert_eq!(answer["flags"], 64);
    }
    for (nonce, state) in [
        ("p1", "Remix mode turned on!"),
        ("p2", "Remix mode turned off!"),
    ] {
        desk.types(
            "prefer",
            &json!([{"type": 1, "name": "remix", "options": []}]),
            nonce,
        );
        desk.stage.pass(1_000);
        let answer = desk.answer(nonce);
        assert_eq!(answer["content"], state);
        assert_eq!(answer["interaction_metadata"]["name"], "prefer remix");
    }
    assert!(desk.stage.events(bot, "MESSAGE_CREATE").is_empty());
    desk.types("imagine", &json!([text("prompt", "a harbour")]), "n1");
    desk.stage.pass(40_000);
    let last = grid(&desk.seen("MESSAGE_CREATE"));
    assert!(
        last["content"]
            .as_str()
            .unwrap()
            .ends_with("(fast, stealth)")
    );
}

#[test]
fn the_niji_bot_answers_under_its_own_id() {
    let mut desk = desk();
    desk.application = NIJI;
    desk.types("imagine", &json!([text("prompt", "a harbour")]), "n1");
    desk.stage.pass(40_000);
    let last = grid(&desk.seen("MESSAGE_CREATE"));
    assert_eq!(
        (&last["author"]["id"], &last["application_id"]),
        (&json!(NIJI), &json!(NIJI))
    );
    assert!(
        last["content"]
            .as_str()
            .unwrap()
            .contains("a harbour --niji 6** - ")
    );
    let custom_id = button(&last, "upsample::1");
    desk.presses(&last, &custom_id, "n2");
    desk.stage.pass(2_000);
    assert_eq!(desk.created("n2")["author"]["id"], NIJI);
    desk.application = support::MIDJOURNEY;
    let body = desk.press_body(&last, 2, &custom_id, "n3");
    assert_eq!(
        desk.stage.interact(0, &body).0,
        404,
        "not Midjourney's message"
    );
}

#[test]
fn direct_channels_belong_to_one_user() {
    let mut desk = desk();
    let (bot, _) = desk.stage.login_bot(BOT_INTENTS | 1 << 12);
    let (other, _) = desk.stage.login_user(1);
    let guild = desk.guild.clone();
    desk.go_direct();
    let opened = desk.seen("CHANNEL_CREATE");
    assert_eq!(
        (&opened[0]["id"], &opened[0]["type"]),
        (&json!(desk.channel), &json!(1))
    );
    let channel = desk.channel.clone();
    desk.go_direct();
    assert_eq!(desk.channel, channel, "the same each time");
    assert_eq!(desk.seen("CHANNEL_CREATE").len(), 1);
    let (_, opened_channels) = desk.rest("GET", "/users/@me/channels", &Value::Null);
    assert_eq!(
        opened_channels[0]["recipients"][0]["id"],
        support::MIDJOURNEY
    );

    let mut body = desk.body(
        "imagine",
        &json!([text("prompt", "a harbour")]),
        &json!([]),
        "n1",
    );
    body["guild_id"] = guild;
    let (status, error) = desk.stage.interact(0, &body);
    assert_eq!((status, error["code"].as_u64()), (400, Some(10003)));
    desk.types("imagine", &json!([text("prompt", "a harbour")]), "n1");
    desk.stage.pass(40_000);
    let last = grid(&desk.seen("MESSAGE_CREATE"));
    for field in ["guild_id", "member"] {
        assert!(last.get(field).is_none(), "{field}");
    }
    assert!(last["message_reference"].get("guild_id").is_none());
    for watcher in [bot, other] {
        assert!(desk.stage.events(watcher, "MESSAGE_CREATE").is_empty());
    }
    let path = format!("/api/v9/channels/{channel}/messages");
    let stranger = desk.stage.user_token(1);
    let bot_token = format!("Bot {}", desk.stage.world.bot_token());
    for token in [stranger, bot_token] {
        let (status, error, _) = desk.stage.request("GET", &path, Some(&token), &Value::Null);
        assert_eq!((status, error["code"].as_u64()), (403, Some(50001)));
    }
    let (status, history) = desk.rest(
        "GET",
        &format!("/channels/{channel}/messages"),
        &Value::Null,
    );
    assert_eq!((status, &history[0]["id"]), (200, &last["id"]));
    let (again, _) = desk.stage.login_user(0);
    let ready = desk.stage.events(again, "READY").remove(0);
    assert_eq!(ready["private_channels"][0]["id"], channel.as_str());
}

#[test]
fn an_envelope_brings_the_seed_by_direct_message() {
    let mut desk = desk();
    let (bot, _) = desk.stage.login_bot(BOT_INTENTS | 1 << 10);
    desk.types(
        "imagine",
        &json!([text("prompt", "a harbour --seed 77")]),
        "n1",
    );
    desk.stage.pass(40_000);
    let last = grid(&desk.seen("MESSAGE_CREATE"));
    let job = button(&last, "upsample::1")
        .rsplit("::")
        .next()
        .unwrap()
        .to_owned();
    let path = format!(
        "/channels/{}/messages/{}/reactions/%E2%9C%89%EF%B8%8F/%40me?location=Message&type=0",
        desk.channel,
        last["id"].as_str().unwrap()
    );
    let token = desk.stage.user_token(1);
    let (status, ..) =
        desk.stage
            .request("PUT", &format!("/api/v9{path}"), Some(&token), &Value::Null);
    assert_eq!(status, 204);
    desk.stage.pass(5_000);
    assert!(desk.seen("CHANNEL_CREATE").is_empty(), "not the owner's");
    assert_eq!(desk.rest("PUT", &path, &Value::Null).0, 204);
    desk.stage.pass(5_000);
    let told = desk.seen("MESSAGE_CREATE").pop().unwrap();
    assert_eq!(told["channel_id"], desk.seen("CHANNEL_CREATE")[0]["id"]);
    let expected = format!("**a harbour --seed 77 --v 7.0**\n**Job ID**: {job}\n**seed** 77");
    assert_eq!(told["content"], expected);
    assert!(
        told["attachments"][0]["filename"]
            .as_str()
            .unwrap()
            .contains(&job)
    );
    let seen = desk.stage.events(bot, "MESSAGE_REACTION_ADD");
    assert_eq!(seen.len(), 2, "in the guild everybody sees the reaction");
    assert_eq!(seen[1]["emoji"]["name"], "✉️");
    assert!(
        desk.stage
            .events(bot, "MESSAGE_CREATE")
            .iter()
            .all(|m| m["id"] != told["id"])
    );
}

#[test]
fn permutations_and_repeats_make_several_jobs() {
    let mut desk = desk();
    desk.stage
        .control(&json!({"command": "config", "set": {"concurrency": 12}}));
    desk.types(
        "imagine",
        &json!([text("prompt", "a {red, green} hill --repeat 2")]),
        "n1",
    );
    desk.stage.pass(40_000);
    let created = desk.seen("MESSAGE_CREATE");
    let finals: Vec<&str> = created
        .iter()
        .filter(|message| !message["attachments"].as_array().unwrap().is_empty())
        .map(|message| message["content"].as_str().unwrap())
        .collect();
    let count = |prompt: &str| {
        finals
            .iter()
            .filter(|c| c.starts_with(&format!("**{prompt} --v 7.0**")))
            .count()
    };
    assert_eq!((count("a red hill"), count("a green hill")), (2, 2));
    let nonces = created
        .iter()
        .filter(|message| message["nonce"] == "n1")
        .count();
    assert_eq!(nonces, 2, "start and final of the first");
    let record = desk.stage.control(&json!({"command": "record"}));
    assert_eq!(
        record["interactions"][0]["job_ids"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
}

#[test]
fn no_fast_hours_leave_only_relaxed_jobs() {
    let mut desk = desk();
    desk.stage
        .control(&json!({"command": "config", "set": {"fast_hours": 0.01}}));
    desk.types("imagine", &json!([text("prompt", "a harbour")]), "n1");
    desk.stage.pass(40_000);
    desk.types("imagine", &json!([text("prompt", "a harbour")]), "n2");
    desk.types(
        "imagine",
        &json!([text("prompt", "a harbour --relax")]),
        "n3",
    );
    desk.stage.pass(1_500);
    assert_eq!(
        desk.created("n2")["embeds"][0]["title"],
        "Credits exhausted"
    );
    assert!(
        desk.created("n3")["content"]
            .as_str()
            .unwrap()
            .ends_with("(Waiting to start)")
    );
}
