//! This machine's clock is wrong: what Discord says counts.

use std::time::Duration;

use mj_discord::UnixMs;
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
    fresh_owner_with(true)
}

fn fresh_owner_with(an_answered_history: bool) -> World {
    let mut world = World::new(GatewayMode::Bot);
    world.imagine("two owls", 1);
    let sent = world.last();
    world.accept(&sent);
    world.answers_history = an_answered_history;
    world.take_over(Predecessor::Dead);
    world.connect();
    world.ms(5_000);
    world
}

/// 204, dated by Discord's clock.
fn accept(world: &mut World, sent: &Sent) {
    accept_dated(world, sent, world.now.unix.minus(AHEAD));
}

fn accept_dated(world: &mut World, sent: &Sent, at: UnixMs) {
    let seconds = at.0 / 1_000 % 86_400;
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

#[test]
fn a_jump_of_the_wall_clock_does_not_move_attempts() {
    let mut world = fresh_owner();
    let discord_is_behind = AHEAD;
    world.now.unix = world.now.unix.plus(AHEAD);
    let id = world.imagine("a red fox", 7);
    let sent = world.last();
    world.lose(&sent);
    world.take_over(Predecessor::Dead);
    let number = world.number();
    let made_at = world.now.unix.minus(discord_is_behind);
    let start = post::start(made_at, number, PROMPT, USER);
    world.create(GatewayKind::Bot, &start);
    assert_eq!(world.status(id), Status::InProgress);
}

#[test]
fn the_date_of_a_slow_answer_moves_nothing() {
    let mut world = fresh_owner();
    let id = world.imagine("a red fox", 7);
    let sent = world.last();
    let left_at = world.now.unix;
    world.ms(25_000);
    accept_dated(&mut world, &sent, left_at);
    let number = world.number();
    let start = post::start(left_at.plus(Duration::from_secs(1)), number, PROMPT, USER);
    world.create(GatewayKind::Bot, &start);
    world.imagine("rain", 8);
    let nonce: u64 = world.last().nonce().parse().unwrap();
    let sent_at = UnixMs((nonce >> 22) + 1_420_070_400_000);
    assert!(world.now.unix.since(sent_at) < Duration::from_secs(1));
    assert_eq!(world.status(id), Status::InProgress);
}

#[test]
fn the_first_attempt_of_a_wrong_clock_is_found_by_its_heir() {
    let mut world = fresh_owner_with(false);
    let id = world.imagine("a red fox", 7);
    let sent = world.last();
    let number = world.number();
    let start = post::start(world.now.unix.minus(AHEAD), number, PROMPT, USER);
    world.history.push(start);
    world.lose(&sent);
    let count = world.interactions().len();
    world.answers_history = true;
    world.take_over(Predecessor::Dead);
    world.connect();
    world.ms(180_000);
    assert_eq!(
        (world.interactions().len(), world.status(id)),
        (count, Status::InProgress)
    );
}
