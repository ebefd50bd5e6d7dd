//! Forms that presses open: who sees them, what comes back, and which job follows.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what went wrong by panicking"
)]

mod support;

use mj_simulator::world::ConnectionId;
use serde_json::{Value, json};
use support::{BOT_INTENTS, MIDJOURNEY, Stage, button, grid};

/// A logged in account with a grid, and a single picture cut out of it.
struct Scene {
    stage: Stage,
    id: ConnectionId,
    session: String,
    grid: Value,
    single: Value,
}

fn scene(prompt: &str, set: &Value) -> Scene {
    let mut stage = Stage::new();
    let (id, session) = stage.login_user(0);
    stage.imagine(0, prompt, "n0", &session);
    stage.pass(30_000);
    let grid = grid(&stage.events(id, "MESSAGE_CREATE"));
    let press = stage.press_body(0, &grid, &button(&grid, "upsample::1"), "n1", &session);
    stage.interact(0, &press);
    stage.pass(3_000);
    let created = stage.events(id, "MESSAGE_CREATE");
    let single = created
        .iter()
        .find(|message| content(message).contains("Image #1 <@"))
        .unwrap()
        .clone();
    stage.control(&json!({"command": "config", "set": set}));
    Scene {
        stage,
        id,
        session,
        grid,
        single,
    }
}

fn content(message: &Value) -> &str {
    message["content"].as_str().unwrap()
}

impl Scene {
    /// Presses and gives the modal that opened.
    fn open(&mut self, message: &Value, part: &str, nonce: &str) -> Value {
        let custom_id = button(message, part);
        let press = self
            .stage
            .press_body(0, message, &custom_id, nonce, &self.session);
        assert_eq!(self.stage.interact(0, &press).0, 204);
        self.stage.pass(1_500);
        let modal = self.stage.events(self.id, "INTERACTION_MODAL_CREATE").pop();
        let modal = modal.unwrap();
        assert_eq!(modal["nonce"], nonce);
        modal
    }

    fn submission(&self, modal: &Value, text: &str, nonce: &str) -> Value {
        let input = &modal["components"][0]["components"][0]["custom_id"];
        json!({
            "type": 5, "application_id": MIDJOURNEY, "guild_id": self.stage.world.guild_id(),
            "channel_id": self.stage.world.accounts()[0].channel, "session_id": self.session, "nonce": nonce,
            "data": {"id": modal["id"], "custom_id": modal["custom_id"], "components": [
                {"type": 1, "components": [{"type": 4, "custom_id": input, "value": text}]},
            ]},
        })
    }

    /// Sends a modal back and gives the messages with its nonce.
    fn submit(&mut self, modal: &Value, text: &str, nonce: &str) -> Vec<Value> {
        let body = self.submission(modal, text, nonce);
        assert_eq!(self.stage.interact(0, &body).0, 204);
        self.stage.pass(70_000);
        let created = self.stage.events(self.id, "MESSAGE_CREATE");
        created
            .into_iter()
            .filter(|message| message["nonce"] == nonce)
            .collect()
    }
}

fn input(modal: &Value) -> &Value {
    &modal["components"][0]["components"][0]
}

#[test]
fn remix_asks_for_a_prompt_first() {
    let mut scene = scene("a harbour --seed 7", &json!({"remix": true}));
    let grid = scene.grid.clone();
    let (other, _) = scene.stage.login_user(0);
    let (bot, _) = scene.stage.login_bot(BOT_INTENTS);
    let before = scene.stage.events(scene.id, "MESSAGE_CREATE").len();
    let modal = scene.open(&grid, "variation::2", "n2");
    assert!(
        modal["custom_id"]
            .as_str()
            .unwrap()
            .starts_with("MJ::RemixModal::")
    );
    assert!(modal["custom_id"].as_str().unwrap().ends_with("::2::1"));
    assert_eq!(input(&modal)["custom_id"], "MJ::RemixModal::new_prompt");
    assert_eq!(input(&modal)["value"], "a harbour --seed 7 --v 7.0");
    assert_eq!(
        scene.stage.events(scene.id, "MESSAGE_CREATE").len(),
        before,
        "no job"
    );
    for watcher in [other, bot] {
        assert!(
            scene
                .stage
                .events(watcher, "INTERACTION_MODAL_CREATE")
                .is_empty()
        );
    }
    let messages = scene.submit(&modal, "a lighthouse --seed 7", "n3");
    assert_eq!(messages.len(), 2);
    assert!(
        content(&messages[0])
            .starts_with("Making variations for image #2 with prompt **a lighthouse --seed 7")
    );
    assert!(
        content(&messages[1]).contains("** - Remix (Strong) by <@"),
        "{}",
        messages[1]
    );
    let metadata = &messages[1]["interaction_metadata"];
    assert_eq!(metadata["type"], 5);
    assert_eq!(
        metadata["triggering_interaction_metadata"]["id"],
        modal["id"]
    );
    assert_eq!(messages[1]["message_reference"]["message_id"], grid["id"]);
    let succeeded = scene.stage.events(scene.id, "INTERACTION_SUCCESS");
    assert!(succeeded.iter().any(|event| event["nonce"] == "n3"));
    let seen = scene.stage.events(bot, "MESSAGE_CREATE");
    assert_eq!(seen.len(), 1, "the final only");
    assert!(content(&seen[0]).contains("Remix (Strong)"));
}

#[test]
fn every_remixed_button_has_its_form() {
    let mut scene = scene("a harbour", &json!({"remix": true}));
    let (grid, single) = (scene.grid.clone(), scene.single.clone());
    let cases = [
        (
            &grid,
            "reroll",
            "MJ::ImagineModal::",
            "MJ::ImagineModal::new_prompt",
            "** - <@",
        ),
        (
            &single,
            "low_variation",
            "MJ::RemixModal::",
            "MJ::RemixModal::new_prompt",
            "Remix (Subtle) by",
        ),
        (
            &single,
            "high_variation",
            "MJ::RemixModal::",
            "MJ::RemixModal::new_prompt",
            "Remix (Strong) by",
        ),
        (
            &single,
            "pan_left",
            "MJ::PanModal::left::",
            "MJ::PanModal::prompt",
            "Pan Left by",
        ),
        (
            &single,
            "Outpaint::50",
            "MJ::OutpaintModal::50::",
            "MJ::OutpaintModal::new_prompt",
            "Zoom Out by",
        ),
        (
            &single,
            "animate_low",
            "MJ::AnimateModal::",
            "MJ::AnimateModal::prompt",
            "--motion low --video 1",
        ),
    ];
    for (place, (message, part, modal_id, input_id, last)) in cases.into_iter().enumerate() {
        let modal = scene.open(message, part, &format!("p{place}"));
        assert!(
            modal["custom_id"].as_str().unwrap().starts_with(modal_id),
            "{modal}"
        );
        assert_eq!(input(&modal)["custom_id"], input_id);
        let messages = scene.submit(&modal, "a lighthouse", &format!("s{place}"));
        let text = content(messages.last().unwrap());
        assert!(
            text.starts_with("**a lighthouse ") && text.contains(last),
            "{text}"
        );
    }
}

#[test]
fn custom_zoom_always_asks() {
    let mut scene = scene("a harbour", &json!({}));
    let single = scene.single.clone();
    let modal = scene.open(&single, "CustomZoom", "n2");
    assert_eq!(
        input(&modal)["value"],
        "a harbour --v 7.0 --ar 1:1 --zoom 2"
    );
    let wide = "a harbour --ar 3:2 --zoom 1.4";
    let messages = scene.submit(&modal, wide, "n3");
    let text = content(&messages[1]);
    assert!(
        text.starts_with("**a harbour --ar 3:2 --v 7.0** - Zoom Out by"),
        "{text}"
    );
    let modal = scene.open(&single, "CustomZoom", "n4");
    let refused = scene.submit(&modal, "a harbour --zoom 9", "n5");
    assert_eq!(refused[0]["embeds"][0]["title"], "Invalid parameter");
}

#[test]
fn discord_refuses_wrong_and_late_forms() {
    let mut scene = scene("a harbour", &json!({}));
    let single = scene.single.clone();
    let modal = scene.open(&single, "CustomZoom", "n2");
    let good = scene.submission(&modal, "a harbour", "n3");
    let mut wrong = good.clone();
    wrong["data"]["custom_id"] = json!("MJ::RemixModal::x");
    assert_eq!(scene.stage.interact(0, &wrong).1["code"], 50_035);
    let mut missing = good.clone();
    missing["data"]["components"] = json!([]);
    assert_eq!(scene.stage.interact(0, &missing).1["code"], 50_035);
    let mut unknown = good.clone();
    unknown["data"]["id"] = json!("1");
    assert_eq!(scene.stage.interact(0, &unknown).1["code"], 10_062);
    assert_eq!(scene.stage.interact(1, &good).0, 404, "another user's");
    scene
        .stage
        .control(&json!({"command": "config", "set": {"modal_ttl": 10_000}}));
    scene.stage.pass(10_000);
    assert_eq!(scene.stage.interact(0, &good).1["code"], 10_062, "expired");
}

#[test]
fn forms_of_dead_sessions_reach_nobody() {
    let mut scene = scene("a harbour", &json!({}));
    let custom_id = button(&scene.single, "CustomZoom");
    let press = scene
        .stage
        .press_body(0, &scene.single, &custom_id, "n2", "f1a3");
    assert_eq!(scene.stage.interact(0, &press).0, 204);
    scene.stage.pass(5_000);
    assert!(
        scene
            .stage
            .events(scene.id, "INTERACTION_MODAL_CREATE")
            .is_empty()
    );
}

#[test]
fn regions_are_edited_with_a_mask() {
    let mut scene = scene("a harbour --ar 3:2", &json!({}));
    let custom_id = button(&scene.single, "Inpaint");
    let press = scene
        .stage
        .press_body(0, &scene.single, &custom_id, "n2", &scene.session);
    assert_eq!(scene.stage.interact(0, &press).0, 204);
    scene.stage.pass(1_000);
    let frame = scene
        .stage
        .events(scene.id, "INTERACTION_IFRAME_MODAL_CREATE")
        .pop()
        .unwrap();
    assert_ne!(frame["title"], "Action required to continue");
    let token = frame["custom_id"]
        .as_str()
        .unwrap()
        .strip_prefix("MJ::iframe::")
        .unwrap();
    let old = "/inpaint/api/submit-job".to_owned();
    let body = |mask: &str| json!({"customId": token, "mask": mask, "prompt": "a red boat", "userId": "0", "username": "0", "full_prompt": null});
    let post = |scene: &mut Scene, path: &str, mask: &str| {
        scene.stage.request("POST", path, None, &body(mask)).0
    };
    let size =
        |name: &str| u32::try_from(scene.single["attachments"][0][name].as_u64().unwrap()).unwrap();
    let (width, height) = (size("width"), size("height"));
    let good = support::mask(width, height);
    let proxy = format!("/.proxy/inpaint/api/submit-job/{token}");
    assert_eq!(
        post(&mut scene, &old, &support::mask(64, 64)),
        400,
        "other proportions"
    );
    assert_eq!(post(&mut scene, &old, "x"), 400);
    assert_eq!(post(&mut scene, &proxy, &good), 404, "not alive");
    scene
        .stage
        .control(&json!({"command": "config", "set": {"inpaint_path": "proxy"}}));
    assert_eq!(post(&mut scene, &old, &good), 404);
    assert_eq!(post(&mut scene, &proxy, &good), 200);
    assert_eq!(post(&mut scene, &proxy, &good), 400, "used");
    scene.stage.pass(40_000);
    let last = scene
        .stage
        .events(scene.id, "MESSAGE_CREATE")
        .pop()
        .unwrap();
    assert!(
        content(&last).contains("**a red boat --v 7.0** - Variations (Region) by <@"),
        "{last}"
    );
    assert_eq!(last["message_reference"]["message_id"], scene.single["id"]);
    assert_eq!(last["nonce"], "n2");
    let record = scene.stage.control(&json!({"command": "record"}));
    let mask = &record["interactions"].as_array().unwrap().last().unwrap()["mask"];
    assert_eq!(mask["sha256"].as_str().unwrap().len(), 64);
    assert!((mask["white"].as_f64().unwrap() - 0.5).abs() < 0.01);
}

#[test]
fn videos_come_out_of_pictures_and_videos() {
    let mut scene = scene("a harbour --no fog", &json!({}));
    let custom_id = button(&scene.single, "animate_high");
    let press = scene
        .stage
        .press_body(0, &scene.single, &custom_id, "n2", &scene.session);
    scene.stage.interact(0, &press);
    scene.stage.pass(70_000);
    let created = scene.stage.events(scene.id, "MESSAGE_CREATE");
    let start = created
        .iter()
        .find(|message| content(message) == "Animating...")
        .unwrap();
    assert_eq!(
        (start["flags"].as_u64(), &start["components"]),
        (Some(64), &json!([]))
    );
    let updates: Vec<Value> = scene.stage.events(scene.id, "MESSAGE_UPDATE");
    let course: Vec<&Value> = updates
        .iter()
        .filter(|update| update["id"] == start["id"])
        .collect();
    let film = "**a harbour --motion high --video 1 --aspect 1:1** - <@";
    assert!(content(course[0]).starts_with(&format!("Creating video with prompt {film}")));
    let late = course.last().unwrap();
    assert!(content(late).starts_with(film), "{late}");
    let frames = late["attachments"].as_array().unwrap();
    assert_eq!(frames.len(), 4);
    assert!(
        frames
            .iter()
            .all(|file| file["filename"].as_str().unwrap().contains("_step_")
                && file["content_type"] == "image/jpeg")
    );
    let last = created.last().unwrap();
    assert!(
        content(last).starts_with(film) && content(last).contains("(<https://midjourney.com/jobs/")
    );
    assert_eq!(last["attachments"][0]["content_type"], "image/webp");
    let cut = button(last, "video_virtual_upscale::3");
    let press = scene.stage.press_body(0, last, &cut, "n3", &scene.session);
    scene.stage.interact(0, &press);
    scene.stage.pass(3_000);
    let single = scene
        .stage
        .events(scene.id, "MESSAGE_CREATE")
        .pop()
        .unwrap();
    assert_eq!(single["attachments"][0]["content_type"], "video/mp4");
    assert_eq!(single["message_reference"]["message_id"], last["id"]);
    let extend = button(&single, "animate_low_extend::1");
    let press = scene
        .stage
        .press_body(0, &single, &extend, "n4", &scene.session);
    scene.stage.interact(0, &press);
    scene.stage.pass(70_000);
    let longer = scene
        .stage
        .events(scene.id, "MESSAGE_CREATE")
        .pop()
        .unwrap();
    assert!(
        content(&longer).contains("--motion low --video 1"),
        "{longer}"
    );
    assert!(!button(&longer, "video_virtual_upscale::1").is_empty());
}

#[test]
fn favourites_are_thanked_for() {
    let mut scene = scene("a harbour", &json!({}));
    let custom_id = button(&scene.single, "BOOKMARK");
    let press = scene
        .stage
        .press_body(0, &scene.single, &custom_id, "n2", &scene.session);
    scene.stage.interact(0, &press);
    scene.stage.pass(3_000);
    let answer = scene
        .stage
        .events(scene.id, "MESSAGE_CREATE")
        .pop()
        .unwrap();
    assert!(content(&answer).starts_with("You have successfully rated [this job]("));
    assert_eq!(
        answer["message_reference"]["message_id"],
        scene.single["id"]
    );
    let gone = scene
        .stage
        .press_body(0, &scene.single, "MJ::BOOKMARK::x", "n3", &scene.session);
    assert_eq!(
        scene.stage.interact(0, &gone).0,
        400,
        "a button it does not have"
    );
}

#[test]
fn versions_decide_what_is_offered() {
    for (parameter, there, missing) in [
        ("--v 4", "upsample_beta", "Outpaint"),
        ("--v 5.2", "upsample_v5_4x", "animate"),
        ("--v 6", "upsample_v6_2x_subtle", "upsample_v6r1"),
        ("--v 6.1", "upsample_v6r1_2x_creative", "upsample_v7"),
        ("--niji 6", "upsample_v6_2x_creative", "animate"),
        ("--v 8.1", "CustomZoom", "upsample_"),
    ] {
        let scene = scene(&format!("a harbour {parameter}"), &json!({}));
        let text = scene.single["components"].to_string();
        assert!(text.contains(there), "{parameter}");
        assert!(!text.contains(missing), "{parameter}");
    }
    let wide = scene("a harbour --ar 3:2", &json!({}));
    assert!(!button(&wide.single, "Outpaint::100").is_empty());
}

#[test]
fn numbered_prompts_become_pictures() {
    let mut scene = scene("a harbour", &json!({}));
    let url = scene.grid["attachments"][0]["url"].clone();
    let commands = [
        (
            "describe",
            "1092492867185950852",
            "1493662068505706617",
            json!({"type": 3, "name": "link", "value": url}),
            ("PicReader::2", "MJ::Picreader::Modal::2"),
        ),
        (
            "shorten",
            "1121575372539039774",
            "1247736572414001223",
            json!({"type": 3, "name": "prompt", "value": "a very old and quiet harbour in the early morning fog"}),
            ("PromptAnalyzer::1", "MJ::ImagineModal::"),
        ),
    ];
    for (name, id, version, option, (part, form)) in commands {
        let mut body = scene.stage.imagine_body(0, "", name, &scene.session);
        body["data"] = json!({"id": id, "version": version, "name": name, "type": 1, "options": [option], "attachments": []});
        assert_eq!(scene.stage.interact(0, &body).0, 204);
        scene.stage.pass(20_000);
        let mut seen = scene.stage.events(scene.id, "MESSAGE_CREATE");
        seen.extend(scene.stage.events(scene.id, "MESSAGE_UPDATE"));
        let result = seen
            .into_iter()
            .rfind(|message| message["components"].to_string().contains(part))
            .unwrap();
        let modal = scene.open(&result, part, &format!("{name} press"));
        assert!(
            modal["custom_id"].as_str().unwrap().starts_with(form),
            "{modal}"
        );
        let proposed = input(&modal)["value"].as_str().unwrap().to_owned();
        assert!(
            !proposed.is_empty() && !proposed.contains('\n'),
            "{proposed}"
        );
        let messages = scene.submit(&modal, "a lighthouse", &format!("{name} form"));
        let last = messages.last().unwrap();
        assert!(content(last).starts_with("**a lighthouse "), "{last}");
        assert_eq!(last["attachments"].as_array().unwrap().len(), 1);
    }
}
