//! Finished pictures go to the archive one at a time, and again when that failed.

use std::time::Duration;

use mj_midjourney::{
    config::{Archive, GatewayKind, GatewayMode, HubConfig},
    hub::{Archived, Predecessor},
    task::TaskId,
};

use super::{
    post,
    world::{USER, World, config},
};

fn archiving() -> HubConfig {
    HubConfig {
        archive: Some(Archive::Directory("/srv/pictures".to_owned())),
        ..config(GatewayMode::User)
    }
}

fn picture(world: &mut World, number: u32) -> TaskId {
    let prompt = format!("a lighthouse {number}");
    let seed = 4_000 + number;
    let id = world.imagine(&prompt, seed);
    let sent = world.last();
    world.accept(&sent);
    let echo = format!("{prompt} --seed {seed}");
    let first = world.number();
    let start = post::start(world.now.unix, first, &echo, USER).nonce(&sent.nonce());
    world.create(GatewayKind::User, &start);
    let last = world.number();
    let grid = post::grid(
        world.now.unix,
        last,
        &echo,
        USER,
        start.id(),
        u64::from(number),
    );
    world.create(GatewayKind::User, &grid);
    assert_eq!(world.view(id).images.len(), 1, "it is done");
    world.ms(1_000);
    id
}

fn archived(world: &mut World, task: TaskId, archived: Archived) {
    world.hub.handle_archived(world.now, task, 0, archived);
    world.run();
}

fn asked(world: &World) -> Vec<TaskId> {
    world.archives.iter().map(|(task, ..)| *task).collect()
}

fn at(task: TaskId) -> Archived {
    Archived::At(format!("/srv/pictures/{task}.png"))
}

#[test]
fn asks_for_each_finished_picture_once() {
    let mut world = World::with(archiving());
    let first = picture(&mut world, 1);
    let second = picture(&mut world, 2);
    assert_eq!(asked(&world), [first], "one at a time");
    assert_eq!(world.archives[0].2, world.view(first).images[0]);
    let revision = world.view(first).revision;
    archived(&mut world, first, at(first));
    let view = world.view(first);
    assert_eq!(
        view.images[0].file.as_deref(),
        Some(&*format!("/srv/pictures/{first}.png"))
    );
    assert_eq!(view.revision, revision + 1);
    assert_eq!(asked(&world), [first, second]);
    archived(&mut world, second, at(second));
    world.pass(Duration::from_secs(3_600));
    assert_eq!(asked(&world), [first, second]);
}

#[test]
fn asks_for_none_where_there_is_no_archive() {
    let mut world = World::new(GatewayMode::User);
    let id = picture(&mut world, 1);
    world.pass(Duration::from_secs(3_600));
    assert!(world.archives.is_empty());
    // It is wanted from now on, of what is still known too.
    world.config = archiving();
    world.hub.handle_config(world.now, archiving());
    world.run();
    assert_eq!(asked(&world), [id]);
}

#[test]
fn tries_again_later_and_others_first() {
    let mut world = World::with(archiving());
    let first = picture(&mut world, 1);
    let second = picture(&mut world, 2);
    archived(&mut world, first, Archived::Failed);
    assert_eq!(asked(&world), [first, second]);
    archived(&mut world, second, at(second));
    world.pass(Duration::from_secs(29));
    assert_eq!(asked(&world), [first, second]);
    world.pass(Duration::from_secs(2));
    assert_eq!(asked(&world), [first, second, first]);
    // A picture that nobody has any more is given up.
    archived(&mut world, first, Archived::Gone);
    world.pass(Duration::from_secs(24 * 3_600));
    assert_eq!(world.archives.len(), 3);
    assert_eq!(world.view(first).images[0].file, None);
}

#[test]
fn leaves_a_broken_archive_alone_for_a_while() {
    let mut world = World::with(archiving());
    let tasks: Vec<TaskId> = (1..=5).map(|number| picture(&mut world, number)).collect();
    let begun = world.now.boot;
    let mut tries = 0;
    while world.now.boot < begun + Duration::from_secs(24 * 3_600) {
        if let Some(&(task, ..)) = world.archives.get(tries) {
            tries += 1;
            archived(&mut world, task, Archived::Failed);
        } else {
            world.pass(Duration::from_secs(10));
        }
    }
    assert!((10..=60).contains(&tries), "{tries} in a day");
    // It works again: everything goes there, none waits for its own pause.
    world.pass(Duration::from_secs(4 * 3_600));
    let begun = world.now.boot;
    while let Some(&(task, ..)) = world.archives.get(tries) {
        tries += 1;
        archived(&mut world, task, at(task));
        world.pass(Duration::from_secs(4 * 3_600));
    }
    for task in tasks {
        assert!(world.view(task).images[0].file.is_some());
    }
    assert!(world.now.boot.saturating_sub(begun) < Duration::from_secs(24 * 3_600));
}

#[test]
fn goes_on_after_a_takeover() {
    let mut world = World::with(archiving());
    let first = picture(&mut world, 1);
    let second = picture(&mut world, 2);
    archived(&mut world, first, at(first));
    assert_eq!(asked(&world), [first, second]);
    // The owner dies before the answer.
    world.take_over(Predecessor::Dead);
    assert_eq!(asked(&world), [first, second, second]);
    archived(&mut world, second, at(second));
    assert!(world.view(second).images[0].file.is_some());
    world.take_over(Predecessor::Dead);
    assert_eq!(asked(&world).len(), 3);
}

#[test]
fn answers_to_nothing_change_nothing() {
    let mut world = World::with(archiving());
    let first = picture(&mut world, 1);
    let second = picture(&mut world, 2);
    archived(&mut world, second, at(second));
    assert_eq!(world.view(second).images[0].file, None);
    archived(&mut world, first, at(first));
    let revision = world.view(first).revision;
    archived(&mut world, first, Archived::At("/elsewhere".to_owned()));
    assert_eq!(world.view(first).revision, revision);
}

#[test]
fn a_hub_that_drains_begins_no_picture() {
    let mut world = World::with(archiving());
    let first = picture(&mut world, 1);
    picture(&mut world, 2);
    world.hub.drain(world.now);
    archived(&mut world, first, at(first));
    world.pass(Duration::from_secs(60));
    assert_eq!(asked(&world), [first]);
    assert!(world.hub.idle());
    assert!(world.view(first).images[0].file.is_some());
}
