//! What Midjourney and Discord say instead of a picture, and how long it lasts.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what went wrong by panicking"
)]

mod support;

use mj_simulator::world::ConnectionId;
use serde_json::{Value, json};
use support::{BOT_INTENTS, Stage, button, grid};

struct Scene {
    stage: Stage,
    id: ConnectionId,
    session: String,
}

fn scene() -> Scene {
    let mut stage = Stage::new();
    stage.control(&json!({"command": "config", "set": {"rate_limits": false}}));
    let (id, session) = stage.login_user(0);
    Scene { stage, id, session }
}

impl Scene {
    fn user(&self) -> String {
        self.stage.world.accounts()[0].user.to_string()
    }

    /// Sends a prompt and gives the newest message after a moment.
    fn imagine(&mut self, prompt: &str) -> Value {
        self.stage.imagine(0, prompt, "1", &self.session);
        self.stage.pass(2_000);
        self.stage
            .events(self.id, "MESSAGE_CREATE")
            .pop()
            .unwrap_or_default()
    }

    fn press(&mut self, message: &Value, part: &str) -> (u16, Value) {
        let press = self
            .stage
            .press_body(0, message, &button(message, part), "2", &self.session);
        self.stage.interact(0, &press)
    }

    fn refuse(&mut self, name: &str, times: u64) {
        self.stage
            .control(&json!({"command": "refuse", "name": name, "times": times}));
    }

    fn clear(&mut self) {
        let user = self.user();
        self.stage
            .control(&json!({"command": "clear_account", "user_id": user}));
    }
}

fn title(message: &Value) -> &str {
    message["embeds"][0]["title"].as_str().unwrap_or_default()
}

#[test]
fn every_notice_has_its_words() {
    let mut scene = scene();
    let (bot, _) = scene.stage.login_bot(BOT_INTENTS);
    for (name, words) in [
        ("banned", "Banned prompt detected"),
        ("invalid-aspect", "Invalid aspect ratio"),
        ("duplicate-images", "Duplicate images detected"),
        ("image-denied", "Image denied"),
        ("action-restricted", "Job action restricted"),
        ("declined", "decline-"),
        ("slow-down=5m", "<t:"),
        ("queue-full", "Queue full"),
        ("pending-mod", "Pending mod message"),
        ("blocked", "You have been blocked from accessing Midjourney"),
        ("blocked-for=30m", "for 30 minutes"),
        ("abuse", "You have triggered an abuse alert"),
        ("plan-cancelled", "Plan Cancelled"),
        ("subscription", "Subscription required"),
        ("subscription-paused", "Subscription paused"),
        ("credits", "Credits exhausted"),
        ("tos", "Tos not accepted"),
        ("captcha-picture", "verify you're human"),
        ("internal", "Your trace: `"),
        ("failed", "Failed to process your command"),
        (
            "plain-parameter",
            "\\n/imagine a boat simulate:plain-parameter",
        ),
    ] {
        let message = scene.imagine(&format!("a boat simulate:{name}"));
        assert!(message.to_string().contains(words), "{name}: {message}");
        assert_eq!(message["flags"], 64, "{name}");
        scene.clear();
    }
    assert!(scene.stage.events(bot, "MESSAGE_CREATE").is_empty());
    for (name, words) in [
        ("image-filter", "due to image filters"),
        ("output-filter", "due to output filters"),
        ("job-error", "Sorry, something went wrong"),
        ("late-decline", "decline-"),
    ] {
        let start = scene.imagine(&format!("a boat simulate:{name}"));
        scene.stage.pass(30_000);
        let notice = scene
            .stage
            .events(scene.id, "MESSAGE_CREATE")
            .pop()
            .unwrap();
        assert!(notice.to_string().contains(words), "{name}: {notice}");
        assert_eq!(notice["message_reference"]["message_id"], start["id"]);
    }
}

#[test]
fn account_states_last_until_cleared() {
    let mut scene = scene();
    scene.imagine("a boat simulate:blocked");
    assert_eq!(title(&scene.imagine("a boat")), "Blocked");
    scene.clear();
    assert!(
        scene.imagine("a boat")["content"]
            .as_str()
            .unwrap()
            .contains("Waiting to start")
    );
    scene.imagine("a boat simulate:blocked-for=10s");
    assert_eq!(title(&scene.imagine("a boat")), "Blocked");
    scene.stage.pass(10_000);
    assert_eq!(title(&scene.imagine("a boat")), "", "over by itself");
    scene.imagine("a boat simulate:credits");
    assert_eq!(title(&scene.imagine("a boat")), "Credits exhausted");
    assert_eq!(title(&scene.imagine("a boat --relax")), "");
}

#[test]
fn the_human_check_stays() {
    let mut scene = scene();
    scene.imagine("a boat simulate:captcha");
    scene.imagine("a boat");
    let checks = scene
        .stage
        .events(scene.id, "INTERACTION_IFRAME_MODAL_CREATE");
    assert_eq!(checks.len(), 2);
    assert!(
        checks
            .iter()
            .all(|check| check["title"] == "Action required to continue")
    );
    assert!(scene.stage.events(scene.id, "MESSAGE_CREATE").is_empty());
}

#[test]
fn notices_can_be_answered() {
    let mut scene = scene();
    let notice = scene.imagine("a boat simulate:pending-mod");
    assert_eq!(scene.press(&notice, "Acknowledge").0, 204);
    scene.stage.pass(2_000);
    assert_eq!(title(&scene.imagine("a boat")), "");
    let notice = scene.imagine("a red boat simulate:pending-mod");
    scene.press(&notice, "Resubmit");
    scene.stage.pass(2_000);
    let start = scene
        .stage
        .events(scene.id, "MESSAGE_CREATE")
        .pop()
        .unwrap();
    assert!(
        start["content"]
            .as_str()
            .unwrap()
            .starts_with("**a red boat")
    );
    let notice = scene.imagine("a boat simulate:tos");
    scene.press(&notice, "AcceptTos");
    assert_eq!(title(&scene.imagine("a boat")), "");
}

#[test]
fn appeals_are_accepted_or_rejected() {
    let mut scene = scene();
    let notice = scene.imagine("a blue boat simulate:moderated");
    scene
        .stage
        .control(&json!({"command": "config", "set": {"appeal": "rejected"}}));
    scene.press(&notice, "Appeal");
    scene.stage.pass(2_000);
    let edit = scene
        .stage
        .events(scene.id, "MESSAGE_UPDATE")
        .pop()
        .unwrap();
    assert_eq!(
        (title(&edit), &edit["components"]),
        ("Appeal rejected", &json!([]))
    );
    let notice = scene.imagine("a blue boat simulate:moderated");
    scene
        .stage
        .control(&json!({"command": "config", "set": {"appeal": "accepted"}}));
    scene.press(&notice, "Appeal");
    scene.stage.pass(40_000);
    let last = scene
        .stage
        .events(scene.id, "MESSAGE_CREATE")
        .pop()
        .unwrap();
    assert!(
        last["content"]
            .as_str()
            .unwrap()
            .starts_with("**a blue boat"),
        "{last}"
    );
    assert_eq!(last["flags"], 0);
    assert_eq!(last["attachments"].as_array().unwrap().len(), 1);
}

#[test]
fn presses_are_refused_like_commands() {
    let mut scene = scene();
    scene.imagine("a boat simulate:press-banned");
    scene.stage.pass(30_000);
    let parent = grid(&scene.stage.events(scene.id, "MESSAGE_CREATE"));
    scene.press(&parent, "variation::1");
    scene.stage.pass(2_000);
    let notice = scene
        .stage
        .events(scene.id, "MESSAGE_CREATE")
        .pop()
        .unwrap();
    assert_eq!(title(&notice), "Banned prompt detected");
    assert_eq!(notice["message_reference"]["message_id"], parent["id"]);
    scene
        .stage
        .control(&json!({"command": "config", "set": {"remix": true}}));
    scene.press(&parent, "variation::1");
    scene.stage.pass(2_000);
    assert!(
        scene
            .stage
            .events(scene.id, "INTERACTION_MODAL_CREATE")
            .is_empty()
    );
}

#[test]
fn the_next_interactions_can_be_refused() {
    let mut scene = scene();
    scene.refuse("queue-full", 2);
    assert_eq!(title(&scene.imagine("a boat")), "Queue full");
    assert_eq!(title(&scene.imagine("a boat")), "Queue full");
    assert_eq!(title(&scene.imagine("a boat")), "");
    let answer = scene.stage.world.handle_control(
        scene.stage.now,
        &json!({"command": "refuse", "name": "nonsense"}),
    );
    assert!(answer.is_err());
}

#[test]
fn discord_refuses_in_its_own_words() {
    let mut scene = scene();
    for (name, status, part) in [
        ("missing-permissions", 403, "50013"),
        ("unknown-application", 400, "10002"),
        ("unknown-channel", 400, "10003"),
        ("unknown-guild", 404, "10004"),
        (
            "unknown-integration",
            400,
            "{\"message\":\"Unknown Integration\"}",
        ),
        ("unknown-message", 404, "10008"),
        (
            "invalid-permissions",
            400,
            "INTERACTION_APPLICATION_COMMAND_INVALID_PERMISSIONS",
        ),
        (
            "invalid-version",
            400,
            "INTERACTION_APPLICATION_COMMAND_INVALID_VERSION",
        ),
        ("rate-limited", 429, "retry_after"),
        ("rate-limited-bare", 429, "global"),
    ] {
        scene.refuse(name, 1);
        let body = scene.stage.imagine_body(0, "a boat", "1", &scene.session);
        let (given, answer) = scene.stage.interact(0, &body);
        assert_eq!(given, status, "{name}");
        assert!(answer.to_string().contains(part), "{name}: {answer}");
        assert_eq!(scene.stage.interact(0, &body).0, 204, "{name} once");
    }
    for (name, status) in [
        ("unauthorized", 401),
        ("verify-account", 403),
        ("missing-access", 403),
    ] {
        scene.refuse(name, 1);
        let body = scene.stage.imagine_body(0, "a boat", "1", &scene.session);
        assert_eq!(scene.stage.interact(0, &body).0, status);
        assert_eq!(scene.stage.interact(0, &body).0, status, "{name} lasts");
        let body = scene.stage.imagine_body(1, "a boat", "1", &scene.session);
        assert_eq!(scene.stage.interact(1, &body).0, 204, "others go on");
        scene.clear();
    }
}

#[test]
fn jobs_stop_and_pause() {
    let mut scene = scene();
    scene.imagine("a boat simulate:stopped");
    scene.stage.pass(40_000);
    let texts = |scene: &Scene| -> Vec<String> {
        let updates = scene.stage.events(scene.id, "MESSAGE_UPDATE");
        updates
            .iter()
            .map(|update| update["content"].as_str().unwrap().to_owned())
            .collect()
    };
    assert!(texts(&scene).last().unwrap().ends_with("(Stopped)"));
    scene.imagine("a boat simulate:paused");
    scene.stage.pass(60_000);
    let course = texts(&scene);
    let pause = course
        .iter()
        .position(|text| text.ends_with("(paused) (fast)"))
        .unwrap();
    assert!(course[pause + 1].contains("%)"), "and back");
    let last = scene
        .stage
        .events(scene.id, "MESSAGE_CREATE")
        .pop()
        .unwrap();
    assert_eq!(last["attachments"].as_array().unwrap().len(), 1);
}
