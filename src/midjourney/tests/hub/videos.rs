//! Videos: their starts without a button, their files, and the two keys of one whose prompt was edited.

use mj_midjourney::{
    config::{GatewayKind, GatewayMode},
    task::Status,
};
use serde_json::json;

use super::{
    post::{Post, uuid},
    world::{USER, World},
};

const PICTURE: u64 = 1_300_000_000_000_000_000;

fn animate(kind: &str) -> String {
    format!("MJ::JOB::animate_{kind}::1::{}::SOLO", uuid(50))
}

fn done(world: &mut World, motion: &str, job: u64) -> Post {
    let number = world.number();
    let text = format!("**a --motion {motion} --video 1 --aspect 1:1** - <@{USER}> (fast)");
    let file = |kind: &str| json!({"id": "1", "filename": format!("u1_a_{}.{kind}", uuid(job)), "url": format!("https://cdn.discordapp.com/x.{kind}"), "size": 9});
    Post::new(world.now.unix, number, &text)
        .reply_to(PICTURE)
        .with(
            "attachments",
            json!([file("webp"), file("mp4"), file("gif")]),
        )
        .buttons(&[format!("MJ::JOB::video_virtual_upscale::1::{}", uuid(job))])
}

#[test]
fn a_video_goes_from_its_placeholder_to_all_its_files() {
    let mut world = World::new(GatewayMode::User);
    let id = world.press_with(PICTURE, &animate("high"), |_| {});
    let press = world.last();
    world.accept(&press);
    let number = world.number();
    let start = Post::new(world.now.unix, number, "Animating...")
        .reply_to(PICTURE)
        .ephemeral()
        .nonce(&press.nonce());
    world.create(GatewayKind::User, &start);
    assert_eq!(world.status(id), Status::Submitted);
    let text = format!("Creating video with prompt **a** - <@{USER}> (Waiting to start)");
    let edited = start.edited(&text, 1);
    world.update(GatewayKind::User, &edited);
    assert_eq!(world.status(id), Status::InProgress);
    let last = done(&mut world, "high", 4).reply_to(edited.id());
    world.create(GatewayKind::User, &last);
    let view = world.view(id);
    let kinds: Vec<&str> = view
        .images
        .iter()
        .filter_map(|image| image.filename.rsplit('.').next())
        .collect();
    assert_eq!(
        (view.status, kinds),
        (Status::Success, vec!["webp", "mp4", "gif"])
    );
    assert_eq!(view.buttons[0].action.as_deref(), Some("upscale1"));
}

#[test]
fn motions_have_keys_of_their_own() {
    let mut world = World::new(GatewayMode::Bot);
    let high = world.press_with(PICTURE, &animate("high"), |_| {});
    let press = world.last();
    world.accept(&press);
    world.ms(1_000);
    let low = world.press_with(PICTURE, &animate("low"), |_| {});
    let press = world.last();
    world.accept(&press);
    assert_eq!(world.interactions().len(), 2);
    let (second, first) = (done(&mut world, "low", 2), done(&mut world, "high", 1));
    world.create(GatewayKind::Bot, &second);
    world.create(GatewayKind::Bot, &first);
    assert_eq!(world.view(high).job_id, Some(uuid(1)));
    assert_eq!(world.view(low).job_id, Some(uuid(2)));
}

#[test]
fn an_observer_knows_a_prompts_video_without_its_seed() {
    let mut world = World::new(GatewayMode::Bot);
    let id = world.imagine("a --video", 7);
    let sent = world.last();
    world.accept(&sent);
    world.ms(1_000);
    let other = world.imagine("a", 8);
    let sent = world.last();
    world.accept(&sent);
    let number = world.number();
    let text = format!("Creating video with prompt **a** - <@{USER}> (Waiting to start)");
    let start = Post::new(world.now.unix, number, &text);
    world.create(GatewayKind::Bot, &start);
    assert_eq!(world.status(id), Status::InProgress);
    let last = done(&mut world, "low", 4).reply_to(start.id());
    world.create(GatewayKind::Bot, &last);
    let view = world.view(id);
    assert_eq!((view.status, view.job_id), (Status::Success, Some(uuid(4))));
    assert_eq!(world.status(other), Status::Submitted);
}

#[test]
fn an_edited_video_holds_both_motions() {
    let mut world = World::new(GatewayMode::User);
    let edited = world.press_with(PICTURE, &animate("high_manual"), |task| {
        task.work.form_text = Some("a --motion low".to_owned());
    });
    let press = world.last();
    world.accept(&press);
    assert_eq!(world.whole(edited).work.other_keys.len(), 1);
    let plain = world.press_with(PICTURE, &animate("low"), |_| {});
    let other = world.press_with(PICTURE, &animate("high"), |_| {});
    world.ms(2_000);
    assert_eq!(world.interactions().len(), 1, "both wait for it");
    world.take_over(mj_midjourney::hub::Predecessor::Dead);
    world.ms(2_000);
    assert_eq!(world.interactions().len(), 1, "also with its heir");
    world.store_cancel(edited);
    for id in [plain, other] {
        assert_eq!(
            world.status(id),
            Status::NotStart,
            "a late video is still its own"
        );
    }
}

#[test]
fn an_observer_tells_one_video_from_four() {
    let mut world = World::new(GatewayMode::Bot);
    let films = done(&mut world, "low", 9).id();
    world.ms(60_000);
    let press = |world: &mut World, custom_id: &str| {
        let id = world.press(films, custom_id);
        let sent = world.last();
        world.accept(&sent);
        world.ms(1_000);
        id
    };
    let again = press(
        &mut world,
        &format!("MJ::JOB::reroll::0::{}::SOLO", uuid(9)),
    );
    let third = press(
        &mut world,
        &format!("MJ::JOB::video_virtual_upscale::3::{}", uuid(9)),
    );
    assert_eq!(world.interactions().len(), 2, "their keys differ");
    let number = world.number();
    let text = format!("**a --motion low --video 1 --aspect 1:1** - <@{USER}> (fast)");
    let one = Post::new(world.now.unix, number, &text)
        .reply_to(films)
        .with(
            "attachments",
            json!([{"id": "1", "filename": format!("{}_2_720_N.mp4", uuid(3)), "url": "https://cdn.discordapp.com/x.mp4", "size": 9}]),
        )
        .buttons(&[format!("MJ::JOB::animate_high_extend::1::{}", uuid(3))]);
    world.create(GatewayKind::Bot, &one);
    let four = done(&mut world, "low", 4).reply_to(films);
    world.create(GatewayKind::Bot, &four);
    assert_eq!(world.view(third).job_id, Some(uuid(3)));
    assert_eq!(world.view(again).job_id, Some(uuid(4)));
    assert_eq!(world.status(again), Status::Success);
}
