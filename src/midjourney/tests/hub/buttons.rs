//! Buttons: several of one message at once, on each kind of gateway.

use mj_discord::gateway::Event;
use mj_midjourney::{
    config::{GatewayKind, GatewayMode},
    hub::GatewayNotice,
    task::{Status, TaskId},
};

use super::{
    post::{self, uuid},
    world::{USER, World},
};

const PROMPT: &str = "a red fox --seed 7";

/// The grid, made before.
fn grid(world: &mut World) -> u64 {
    let number = world.number();
    let at = world.now.unix;
    let post = post::grid(at, number, PROMPT, USER, 1, 50);
    world.ms(60_000);
    post.id()
}

fn variation(world: &mut World, grid: u64, index: u8) -> TaskId {
    world.press(grid, &format!("MJ::JOB::variation::{index}::{}", uuid(50)))
}

#[test]
fn an_upscale_is_known_by_parent_and_index() {
    let mut world = World::new(GatewayMode::Bot);
    let grid = grid(&mut world);
    let two = world.press(grid, &format!("MJ::JOB::upsample::2::{}", uuid(50)));
    let three = world.press(grid, &format!("MJ::JOB::upsample::3::{}", uuid(50)));
    for count in [1, 2] {
        let sent = world.last();
        world.accept(&sent);
        assert_eq!(world.interactions().len(), count, "their keys differ");
        world.ms(1_000);
    }
    assert_eq!(world.interactions()[0].body["message_id"], grid.to_string());
    for (index, job) in [(3, 3), (1, 1), (2, 2)] {
        let number = world.number();
        let post = post::upscale(world.now.unix, number, PROMPT, USER, grid, index, job);
        world.create(GatewayKind::Bot, &post);
    }
    assert_eq!(world.view(two).job_id, Some(uuid(2)));
    assert_eq!(world.view(three).job_id, Some(uuid(3)));
}

#[test]
fn one_video_of_four_is_known_without_its_own_view() {
    let mut world = World::new(GatewayMode::Bot);
    let grid = grid(&mut world);
    let id = world.press(
        grid,
        &format!("MJ::JOB::video_virtual_upscale::2::{}", uuid(50)),
    );
    let sent = world.last();
    world.accept(&sent);
    world.ms(1_000);
    let number = world.number();
    let words = format!("**{PROMPT} --motion high --video 1** - <@{USER}> (fast)");
    let post = post::Post::new(world.now.unix, number, &words)
        .reply_to(grid)
        .file(&format!("{}_1_720_N.mp4", uuid(1)))
        .buttons(&[format!("MJ::JOB::animate_high_extend::1::{}", uuid(1))]);
    world.create(GatewayKind::Bot, &post);
    assert_eq!(world.status(id), Status::Success);
    assert_eq!(world.view(id).job_id, Some(uuid(1)));
}

#[test]
fn two_variations_of_one_grid_with_a_bot_go_one_after_the_other() {
    let mut world = World::new(GatewayMode::Bot);
    let grid = grid(&mut world);
    let one = variation(&mut world, grid, 1);
    let two = variation(&mut world, grid, 2);
    world.ms(5_000);
    assert_eq!(
        (world.status(one), world.status(two)),
        (Status::Submitted, Status::NotStart)
    );
    let sent = world.last();
    world.accept(&sent);
    let number = world.number();
    let first = post::vary(world.now.unix, number, PROMPT, USER, grid, 1);
    world.create(GatewayKind::Bot, &first);
    world.ms(1_000);
    let sent = world.last();
    world.accept(&sent);
    let number = world.number();
    let second = post::vary(world.now.unix, number, PROMPT, USER, grid, 2);
    world.create(GatewayKind::Bot, &second);
    assert_eq!(world.view(one).job_id, Some(uuid(1)));
    assert_eq!(world.view(two).job_id, Some(uuid(2)));
}

#[test]
fn two_variations_of_one_grid_in_own_view_overlap() {
    for mode in [GatewayMode::User, GatewayMode::Both] {
        let mut world = World::new(mode);
        let grid = grid(&mut world);
        let tasks = [
            variation(&mut world, grid, 1),
            variation(&mut world, grid, 2),
        ];
        let mut interactions = Vec::new();
        for job in [1, 2] {
            world.ms(1_000);
            let sent = world.last();
            let interaction = world.interaction_id();
            world.interaction(&sent.nonce(), interaction);
            world.accept(&sent);
            let number = world.number();
            let index = u8::try_from(job).unwrap();
            let start = post::vary_start(world.now.unix, number, PROMPT, USER, grid, index, job);
            world.create(GatewayKind::User, &start.made_by(interaction, 3, USER));
            interactions.push(interaction);
        }
        assert_eq!(
            world.interactions().len(),
            2,
            "the second went as soon as the first had its job"
        );
        world.ms(20_000);
        for job in [2_u64, 1] {
            let number = world.number();
            let post = post::vary(world.now.unix, number, PROMPT, USER, grid, job).made_by(
                interactions[usize::try_from(job - 1).unwrap()],
                3,
                USER,
            );
            if mode == GatewayMode::Both {
                world.create(GatewayKind::Bot, &post);
            }
            world.create(GatewayKind::User, &post);
        }
        assert_eq!(world.view(tasks[0]).job_id, Some(uuid(1)));
        assert_eq!(world.view(tasks[1]).job_id, Some(uuid(2)));
        assert!(tasks.iter().all(|id| world.status(*id) == Status::Success));
    }
}

#[test]
fn own_view_ends_with_its_session() {
    let mut world = World::new(GatewayMode::Both);
    let grid = grid(&mut world);
    let id = variation(&mut world, grid, 1);
    let sent = world.last();
    world.accept(&sent);
    world.notice(GatewayKind::User, GatewayNotice::SessionLost);
    let interaction = world.interaction_id();
    let number = world.number();
    let post =
        post::vary(world.now.unix, number, PROMPT, USER, grid, 1).made_by(interaction, 3, USER);
    world.create(GatewayKind::Bot, &post);
    assert_eq!(
        world.status(id),
        Status::Success,
        "without the session, the key decides, at once"
    );
}

#[test]
fn a_press_by_hand_is_foreign_in_own_view() {
    let mut world = World::new(GatewayMode::User);
    let grid = grid(&mut world);
    let id = variation(&mut world, grid, 1);
    let sent = world.last();
    let ours = world.interaction_id();
    world.interaction(&sent.nonce(), ours);
    world.accept(&sent);
    let theirs = world.interaction_id();
    let number = world.number();
    let by_hand =
        post::vary(world.now.unix, number, PROMPT, USER, grid, 8).made_by(theirs, 3, USER);
    world.create(GatewayKind::User, &by_hand);
    assert_eq!(world.status(id), Status::Submitted);
    let number = world.number();
    let post = post::vary(world.now.unix, number, PROMPT, USER, grid, 1).made_by(ours, 3, USER);
    world.create(GatewayKind::User, &post);
    assert_eq!(world.view(id).job_id, Some(uuid(1)));
}

#[test]
fn a_pressed_button_changes_the_parent_and_nothing_else() {
    let mut world = World::new(GatewayMode::User);
    let id = world.imagine("a red fox", 7);
    let sent = world.last();
    world.accept(&sent);
    let number = world.number();
    let start = post::start(world.now.unix, number, PROMPT, USER).nonce(&sent.nonce());
    world.create(GatewayKind::User, &start);
    let number = world.number();
    let grid = post::grid(world.now.unix, number, PROMPT, USER, start.id(), 9);
    world.create(GatewayKind::User, &grid);
    let before = world.view(id);
    let mut pressed = grid.clone().edited(grid.0["content"].as_str().unwrap(), 40);
    pressed.0["components"][0]["components"][1]["style"] = 1.into();
    world.update(GatewayKind::User, &pressed);
    let after = world.view(id);
    assert_eq!(
        (after.status, after.finished_at, after.images.clone()),
        (before.status, before.finished_at, before.images)
    );
    assert_eq!((before.buttons[1].style, after.buttons[1].style), (2, 1));
}

#[test]
fn cancel_presses_the_live_button_and_waits_for_stopped() {
    let mut world = World::new(GatewayMode::User);
    let grid = grid(&mut world);
    let id = variation(&mut world, grid, 1);
    let sent = world.last();
    world.accept(&sent);
    let number = world.number();
    let start =
        post::vary_start(world.now.unix, number, PROMPT, USER, grid, 1, 1).nonce(&sent.nonce());
    world.create(GatewayKind::User, &start);
    world.ms(1_000);
    world.store_cancel(id);
    let press = world.last();
    assert_eq!(
        press.body["data"]["custom_id"],
        format!("MJ::CancelJob::ByJobid::{}", uuid(1))
    );
    assert_eq!(press.body["message_flags"], 64);
    world.accept(&press);
    assert_eq!(world.status(id), Status::InProgress);
    let stopped = start.edited(
        &format!("**{PROMPT}** - Variations (Strong) by <@{USER}> (Stopped)"),
        4,
    );
    world.update(GatewayKind::User, &stopped);
    assert_eq!(world.status(id), Status::Cancel);
}

#[test]
fn cancel_without_a_button_leaves_a_tombstone() {
    let mut world = World::new(GatewayMode::Bot);
    let id = world.imagine_plain("two owls");
    let sent = world.last();
    world.accept(&sent);
    world.store_cancel(id);
    assert_eq!(world.status(id), Status::Cancel);
    let next = world.imagine_plain("two owls");
    world.ms(5_000);
    assert_eq!(world.status(next), Status::NotStart);
    let number = world.number();
    let start = post::start(world.now.unix, number, "two owls", USER);
    world.create(GatewayKind::Bot, &start);
    world.ms(1_000);
    assert_eq!(
        (world.status(id), world.status(next)),
        (Status::Cancel, Status::Submitted)
    );
    let number = world.number();
    let late = post::grid(world.now.unix, number, "two owls", USER, start.id(), 5);
    world.create(GatewayKind::Bot, &late);
    assert_eq!(
        (world.status(id), world.status(next)),
        (Status::Cancel, Status::Submitted)
    );
}

#[test]
fn what_php_cancelled_meanwhile_is_not_sent() {
    let mut world = World::new(GatewayMode::Off);
    let mut config = world.config.clone();
    config.accounts[0].concurrency = 1;
    world.hub.handle_config(world.now, config);
    world.run();
    let first = world.imagine("a", 1);
    let sent = world.last();
    world.accept(&sent);
    let second = world.imagine("b", 2);
    assert_eq!(world.status(second), Status::NotStart);
    // PHP cancels it in the very moment in which its turn comes: the write of the attempt is too late.
    world.cancel_quietly(second);
    world.cancel_quietly(first);
    world.read_inbox();
    world.ms(60_000);
    assert_eq!(world.interactions().len(), 1);
    assert_eq!(world.status(second), Status::Cancel);
}

#[test]
fn a_superseded_attempt_never_leaves() {
    let mut world = World::new(GatewayMode::Off);
    // The hub learns of the task; PHP cancels it before the attempt is written.
    let task = world.task("a");
    let id = task.view.id;
    world.submit_and_cancel_between(task);
    world.ms(60_000);
    assert_eq!(world.status(id), Status::Cancel);
    assert!(world.interactions().is_empty());
    assert!(world.hub.idle());
}

#[test]
fn a_form_that_opens_before_the_press_is_answered_is_sent_back() {
    let mut world = World::new(GatewayMode::User);
    let grid = grid(&mut world);
    let id = variation(&mut world, grid, 1);
    let press = world.last();
    let form = serde_json::json!({
        "id": "1200000000000000001",
        "custom_id": format!("MJ::RemixModal::{}::1::1", uuid(50)),
        "title": "Remix Prompt",
        "nonce": press.nonce(),
        "components": [{"type": 1, "components": [
            {"type": 4, "custom_id": "MJ::RemixModal::new_prompt", "value": PROMPT},
        ]}],
    })
    .to_string();
    let form = serde_json::from_str(&form).unwrap();
    world.event(GatewayKind::User, &Event::InteractionModalCreate(form));
    assert_eq!(world.status(id), Status::Modal);
    world.accept(&press);
    world.ms(1_000);
    let answer = world.last();
    assert_eq!(
        (world.interactions().len(), &answer.body["type"]),
        (2, &serde_json::json!(5))
    );
    world.accept(&answer);
    assert_eq!(
        (world.status(id), world.view(id).fail_code),
        (Status::Modal, None)
    );
    assert_eq!(world.hub.status().accounts[0].running, 1);
}
