//! This machine's clock is wrong: what Discord says counts.

use std::time::Duration;

use mj_midjourney::{
    config::{GatewayKind, GatewayMode},
    hub::{Answer, Predecessor},
    task::Status,
};

use super::{
    post,
    world::{Sent, USER, World},
};

/// How far this machine is ahead.
const AHEAD: Duration = Duration::from_secs(60);
const PROMPT: &str = "a red fox --seed 7";

/// An owner that knows its account from the store, and has heard nothing from Discord yet.
fn fresh_owner() -> World {
    let mut world = World::new(GatewayMode::Bot);
    world.imagine("two owls", 1);
    let sent = world.last();
    world.accept(&sent);
    world.take_over(Predecessor::Dead);
    world.connect();
    world.ms(5_000);
    world
}

/// 204, dated by Discord's clock.
fn accept(world: &mut World, sent: &Sent) {
    let seconds = world.now.unix.minus(AHEAD).0 / 1_000 % 86_400;
    let date = format!(
        "Thu, 28 May 2026 {:02}:{:02}:{:02} GMT",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    );
    let answer = Answer::Response {
        status: 204,
        headers: vec![("date".to_owned(), date)],
        body: Vec::new(),
    };
    world.hub.handle_answer(world.now, sent.id, answer);
    world.run();
}

#[test]
fn the_first_answer_dates_the_attempt_before_it() {
    let mut world = fresh_owner();
    let id = world.imagine("a red fox", 7);
    let sent = world.last();
    accept(&mut world, &sent);
    let number = world.number();
    let start = post::start(world.now.unix.minus(AHEAD), number, PROMPT, USER);
    world.create(GatewayKind::Bot, &start);
    assert_eq!(world.status(id), Status::InProgress);
}

#[test]
fn a_message_before_the_first_answer_is_known_after_it() {
    let mut world = fresh_owner();
    let id = world.imagine("a red fox", 7);
    let sent = world.last();
    let number = world.number();
    let start = post::start(world.now.unix.minus(AHEAD), number, PROMPT, USER);
    world.create(GatewayKind::Bot, &start);
    accept(&mut world, &sent);
    assert_eq!(world.status(id), Status::InProgress);
}

#[test]
fn what_arrived_is_not_taken_for_absent() {
    let mut world = fresh_owner();
    let id = world.imagine("a red fox", 7);
    let sent = world.last();
    let number = world.number();
    let start = post::start(world.now.unix.minus(AHEAD), number, PROMPT, USER);
    world.history.push(start);
    world.lose(&sent);
    world.ms(1_000);
    world.imagine("rain", 8);
    let other = world.last();
    accept(&mut world, &other);
    let count = world.interactions().len();
    world.ms(180_000);
    assert_eq!(
        (world.interactions().len(), world.status(id)),
        (count, Status::InProgress)
    );
}
