//! Presses that make no job: the favourite mark, the settings and their menus.

use mj_midjourney::{
    config::{GatewayKind, GatewayMode},
    task::{Status, Task},
};
use serde_json::json;

use super::{
    post::{Post, uuid},
    world::{USER, World},
};

const PANEL: u64 = 1_300_000_000_000_000_000;

fn panel(world: &World, style: u8) -> Post {
    let custom_id = "MJ::Settings::RelaxMode::on";
    Post::new(world.now.unix, 1, "Adjust your settings here.")
        .ephemeral()
        .with("id", json!(PANEL.to_string()))
        .components(json!([{"type": 1, "components": [
            {"type": 2, "style": style, "label": "Relax mode", "custom_id": custom_id}]}]))
}

#[test]
fn a_setting_ends_with_the_panel_as_it_is_now() {
    let mut world = World::new(GatewayMode::User);
    let id = world.press_with(PANEL, "MJ::Settings::RelaxMode::on", |_| {});
    let press = world.last();
    world.accept(&press);
    let edited = panel(&world, 3);
    world.update(GatewayKind::User, &edited);
    let view = world.view(id);
    assert_eq!((view.status, view.buttons[0].style), (Status::Success, 3));
    assert_eq!(
        world.whole(id).work.message_flags,
        64,
        "its buttons are an ephemeral's"
    );
}

#[test]
fn a_menu_sends_what_was_chosen() {
    let mut world = World::new(GatewayMode::User);
    let choose = |task: &mut Task| {
        let press = task.work.press.as_mut().unwrap();
        press.values = vec!["7".to_owned()];
        press.message_flags = 64;
    };
    let id = world.press_with(PANEL, "MJ::Settings::VersionSelector", choose);
    let press = world.last();
    assert_eq!(
        press.body["data"],
        json!({"component_type": 3, "custom_id": "MJ::Settings::VersionSelector", "values": ["7"]})
    );
    assert_eq!(press.body["message_flags"], 64);
    world.accept(&press);
    // Nothing changed, so no edit comes.
    world.success(&press.nonce(), 9);
    assert_eq!(world.status(id), Status::Submitted);
    world.ms(4_000);
    assert_eq!(world.status(id), Status::Success);
}

#[test]
fn two_settings_of_one_panel_go_one_after_the_other() {
    let mut world = World::new(GatewayMode::User);
    world.press_with(PANEL, "MJ::Settings::RelaxMode::on", |_| {});
    let press = world.last();
    world.accept(&press);
    world.press_with(PANEL, "MJ::Settings::StealthMode::on", |_| {});
    world.ms(2_000);
    assert_eq!(world.interactions().len(), 1);
    let edited = panel(&world, 3);
    world.update(GatewayKind::User, &edited);
    world.ms(1_000);
    assert_eq!(world.interactions().len(), 2);
}

#[test]
fn a_favourite_is_done_without_a_picture() {
    let button = format!("MJ::BOOKMARK::{}", uuid(50));
    for mode in [GatewayMode::User, GatewayMode::Bot] {
        let mut world = World::new(mode);
        let id = world.press_with(PANEL, &button, |_| {});
        let press = world.last();
        world.accept(&press);
        let number = world.number();
        if mode == GatewayMode::User {
            let rated = format!(
                "You have successfully rated [this job](https://midjourney.com/jobs/{}) with 😍",
                uuid(50)
            );
            let rated = Post::new(world.now.unix, number, &rated)
                .reply_to(PANEL)
                .nonce(&press.nonce());
            world.create(GatewayKind::User, &rated);
        } else {
            let other = format!("MJ::JOB::upsample::1::{}", uuid(50));
            let parent = |favourite: u8, upscale: u8| {
                Post::new(world.now.unix, number, &format!("**a** - <@{USER}> (fast)"))
                    .with("id", json!(PANEL.to_string()))
                    .components(json!([{"type": 1, "components": [
                        {"type": 2, "style": favourite, "custom_id": button},
                        {"type": 2, "style": upscale, "custom_id": other}]}]))
            };
            let (theirs, ours) = (parent(2, 1), parent(1, 1));
            world.update(GatewayKind::Bot, &theirs);
            assert_eq!(
                world.status(id),
                Status::Submitted,
                "another button's press"
            );
            world.update(GatewayKind::Bot, &ours);
        }
        let view = world.view(id);
        assert_eq!((view.status, view.images.len()), (Status::Success, 0));
    }
}

#[test]
fn what_discord_took_is_done_when_nothing_else_is_heard() {
    let mut world = World::new(GatewayMode::Bot);
    let id = world.press_with(PANEL, &format!("MJ::BOOKMARK::{}", uuid(50)), |_| {});
    let press = world.last();
    world.ms(60_000);
    assert_eq!(world.status(id), Status::Submitted, "unanswered");
    world.accept(&press);
    world.ms(16_000);
    assert_eq!(world.status(id), Status::Success);
}
