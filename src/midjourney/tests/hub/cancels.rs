//! Cancel Job: pressed when its button comes, after a takeover, and when the account is busy; always within a time.

use mj_midjourney::{
    config::{GatewayKind, GatewayMode},
    hub::Predecessor,
    task::{Status, TaskId},
};

use super::{
    post::{self, Post, uuid},
    world::{Sent, USER, World},
};

const GRID: u64 = 1_300_000_000_000_000_000;

fn pressed(world: &mut World) -> (TaskId, Sent) {
    let id = world.press_with(
        GRID,
        &format!("MJ::JOB::variation::1::{}", uuid(50)),
        |_| {},
    );
    let press = world.last();
    (id, press)
}

fn start(world: &mut World, press: &Sent) -> Post {
    let number = world.number();
    post::vary_start(world.now.unix, number, "a", USER, GRID, 1, 1).nonce(&press.nonce())
}

fn is_cancel(sent: &Sent) -> bool {
    sent.body["data"]["custom_id"] == format!("MJ::CancelJob::ByJobid::{}", uuid(1))
}

#[test]
fn the_button_is_pressed_when_its_message_comes() {
    let mut world = World::new(GatewayMode::User);
    let (id, press) = pressed(&mut world);
    world.accept(&press);
    world.store_cancel(id);
    assert_eq!(
        world.status(id),
        Status::Submitted,
        "its button is on the way"
    );
    let start = start(&mut world, &press);
    world.create(GatewayKind::User, &start);
    assert!(is_cancel(&world.last()));
    let cancel = world.last();
    world.accept(&cancel);
    world.ms(11_000);
    assert_eq!(world.status(id), Status::Cancel);
}

#[test]
fn an_heir_presses_the_stored_button() {
    let mut world = World::new(GatewayMode::User);
    let (id, press) = pressed(&mut world);
    world.accept(&press);
    let start = start(&mut world, &press);
    world.create(GatewayKind::User, &start);
    world.cancel_quietly(id);
    world.take_over(Predecessor::Dead);
    assert!(is_cancel(&world.last()));
    assert_eq!(world.last().body["message_flags"], 64);
}

#[test]
fn a_busy_account_presses_as_soon_as_it_may() {
    let mut world = World::new(GatewayMode::User);
    let (id, press) = pressed(&mut world);
    world.accept(&press);
    let start = start(&mut world, &press);
    world.create(GatewayKind::User, &start);
    world.ms(1_000);
    world.imagine("another", 9);
    let other = world.last();
    world.store_cancel(id);
    world.accept(&other);
    world.ms(9_000);
    assert!(world.interactions().iter().any(is_cancel));
    world.ms(30_000);
    assert_eq!(world.status(id), Status::Cancel);
}

#[test]
fn without_its_button_it_ends_in_time() {
    let mut world = World::new(GatewayMode::User);
    let (id, press) = pressed(&mut world);
    world.accept(&press);
    world.store_cancel(id);
    world.ms(14_000);
    assert_eq!(world.status(id), Status::Submitted);
    world.ms(2_000);
    assert_eq!(world.status(id), Status::Cancel);
    assert!(world.whole(id).work.key_held_until.is_some());
}

#[test]
fn a_limited_cancel_is_pressed_again() {
    let mut world = World::new(GatewayMode::User);
    let (id, press) = pressed(&mut world);
    world.accept(&press);
    let start = start(&mut world, &press);
    world.create(GatewayKind::User, &start);
    world.ms(1_000);
    world.store_cancel(id);
    let cancel = world.last();
    world.answer(&cancel, 429, r#"{"retry_after":2.0,"global":false}"#);
    world.ms(3_000);
    assert_eq!(
        world
            .interactions()
            .iter()
            .filter(|sent| is_cancel(sent))
            .count(),
        2
    );
}
