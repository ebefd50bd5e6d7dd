//! Vary (Region): the editor, its two addresses, and the answer that is lost.

use mj_midjourney::{
    config::{GatewayKind, GatewayMode},
    hub::Predecessor,
    refusal::FailCode,
    task::{Status, StoredFile, Task, TaskId},
};
use serde_json::json;

use super::{
    post::{self, uuid},
    world::{Sent, USER, World},
};

const PICTURE: u64 = 1_300_000_000_000_000_000;
const MASK: &str = "0123456789abcdef0123456789abcdef.png";

fn with_mask(task: &mut Task) {
    task.work.mask = Some(StoredFile {
        name: MASK.to_owned(),
        content_type: "image/png".to_owned(),
        size: 10,
    });
}

fn opened(world: &mut World, change: impl FnOnce(&mut Task)) -> (TaskId, Sent) {
    let button = format!("MJ::Inpaint::1::{}::SOLO", uuid(50));
    let id = world.press_with(PICTURE, &button, change);
    let press = world.last();
    world.accept(&press);
    world.open_frame(&press.nonce(), "MJ::iframe::t-1", "Vary (Region)");
    world.ms(1_000);
    (id, press)
}

#[test]
fn a_region_is_posted_to_the_editor_and_known_by_its_press() {
    let mut world = World::new(GatewayMode::User);
    let (id, press) = opened(&mut world, with_mask);
    let sent = world.last_to("/inpaint/").unwrap();
    assert_eq!(
        (sent.path.as_str(), sent.token.as_str()),
        ("/inpaint/api/submit-job", "")
    );
    assert_eq!(
        sent.body,
        json!({"customId": "t-1", "mask": MASK, "prompt": "a red fox", "userId": "0", "username": "0",
            "full_prompt": null})
    );
    assert!(world.commits.last().unwrap().1, "durable before it left");
    world.answer(&sent, 200, r#"{"status":"success"}"#);
    let interaction = world.interaction_id();
    world.interaction(&press.nonce(), interaction);
    let number = world.number();
    let done = post::vary(world.now.unix, number, "a red fox", USER, PICTURE, 3)
        .with(
            "content",
            json!(format!(
                "**a red fox** - Variations (Region) by <@{USER}> (fast)"
            )),
        )
        .made_by(interaction, 3, USER);
    world.create(GatewayKind::User, &done);
    assert_eq!(
        (world.status(id), world.view(id).job_id),
        (Status::Success, Some(uuid(3)))
    );
}

#[test]
fn the_other_address_is_tried_once() {
    let mut world = World::new(GatewayMode::User);
    let (id, _) = opened(&mut world, |task| {
        with_mask(task);
        task.work.form_text = Some("a hat".to_owned());
    });
    let first = world.last_to("/inpaint/").unwrap();
    world.answer(&first, 404, "<html>");
    world.ms(1_000);
    let second = world.last_to("/inpaint/").unwrap();
    assert_eq!(second.path, "/.proxy/inpaint/api/submit-job/t-1");
    assert_eq!(second.body, json!({"mask": MASK, "prompt": "a hat"}));
    world.answer(&second, 404, "");
    assert_eq!(world.view(id).fail_code, Some(FailCode::InteractionFailed));
    assert_eq!(world.hub.status().accounts[0].running, 0);
}

#[test]
fn a_lost_region_is_never_posted_twice() {
    for dies in [false, true] {
        let mut world = World::new(GatewayMode::User);
        let (id, _) = opened(&mut world, with_mask);
        let sent = world.last_to("/inpaint/").unwrap();
        if dies {
            world.take_over(Predecessor::Dead);
            world.connect();
        } else {
            world.lose(&sent);
        }
        world.ms(240_000);
        let posts = world
            .sent
            .iter()
            .filter(|sent| sent.path.contains("/inpaint/"));
        assert_eq!(posts.count(), 1);
        assert_eq!(world.view(id).fail_code, Some(FailCode::SubmitUnconfirmed));
    }
}

#[test]
fn an_editor_without_a_mask_and_a_human_check_end_at_once() {
    let mut world = World::new(GatewayMode::User);
    let (id, _) = opened(&mut world, |_| {});
    assert_eq!(world.view(id).fail_code, Some(FailCode::InvalidParameter));
    let button = format!("MJ::Inpaint::1::{}::SOLO", uuid(50));
    let id = world.press_with(PICTURE, &button, with_mask);
    let press = world.last();
    world.accept(&press);
    world.open_frame(
        &press.nonce(),
        "MJ::iframe::t-2",
        "Action required to continue",
    );
    assert_eq!(world.view(id).fail_code, Some(FailCode::CaptchaRequired));
    assert!(world.last_to("/inpaint/").is_none());
}

#[test]
fn a_401_of_the_editor_says_nothing_about_the_token() {
    let mut world = World::new(GatewayMode::User);
    let (id, _) = opened(&mut world, with_mask);
    let sent = world.last_to("/inpaint/").unwrap();
    world.answer(&sent, 401, "");
    assert_eq!(world.status(id), Status::Failure);
    assert!(!world.hub.status().accounts[0].unauthorized);
}
