//! Long outages: whatever fails how often, a task's row stays small.

use std::time::Duration;

use mj_midjourney::{
    config::{GatewayKind, GatewayMode},
    hub::{Answer, FailureKind, GatewayNotice, Predecessor},
    task::{Status, TaskId},
};
use serde_json::json;

use super::{
    post::uuid,
    world::{Sent, World, config},
};

const DAY: Duration = Duration::from_secs(24 * 3_600);
const GRID: u64 = 1_300_000_000_000_000_000;
/// How many attempts that made nothing are kept, and the one under way.
const MOST: usize = 17;

/// A hub whose tasks have a week.
fn patient(gateway: GatewayMode) -> World {
    let mut config = config(gateway);
    config.timeout = 7 * DAY;
    World::with(config)
}

fn fail(world: &mut World, sent: bool, kind: FailureKind) {
    let last = world.last();
    let failure = Answer::Failure { sent, kind };
    world.hub.handle_answer(world.now, last.id, failure);
    world.run();
}

fn attempts(world: &World, id: TaskId) -> usize {
    world.whole(id).work.attempts.len()
}

/// A press that was taken, and its form is open.
fn opened(world: &mut World) -> (TaskId, Sent) {
    let zoom = format!("MJ::CustomZoom::{}", uuid(50));
    let id = world.press_with(GRID, &zoom, |_| {});
    let press = world.last();
    world.accept(&press);
    world.open_form(&press.nonce(), &form());
    (id, press)
}

fn form() -> serde_json::Value {
    json!([{"type": 4, "custom_id": "MJ::AnyModal::prompt", "value": "a red fox"}])
}

#[test]
fn what_never_leaves_is_counted_and_not_kept() {
    let mut world = patient(GatewayMode::User);
    let id = world.imagine("a red fox", 7);
    for _ in 0..200 {
        fail(&mut world, false, FailureKind::Connect);
        assert_eq!(attempts(&world, id), 0);
        world.ms(31_000);
    }
    assert_eq!(world.whole(id).work.unsent, 200);
    let last = world.last();
    world.accept(&last);
    assert_eq!(world.status(id), Status::Submitted);
}

#[test]
fn of_what_is_proven_absent_the_last_attempts_are_kept() {
    let mut world = patient(GatewayMode::User);
    let id = world.imagine("a red fox", 7);
    let mut count = 0;
    while count < 60 {
        count += 1;
        fail(&mut world, true, FailureKind::TimedOut);
        assert!(attempts(&world, id) <= MOST, "{count}");
        world.pass(Duration::from_secs(120));
        assert_eq!(world.interactions().len(), count + 1, "sent again");
    }
    let work = world.whole(id).work;
    assert_eq!(work.attempts.len() + work.forgotten as usize, count + 1);
}

#[test]
fn of_rounds_that_made_no_job_the_last_attempts_are_kept() {
    let mut world = patient(GatewayMode::User);
    let (id, _) = opened(&mut world);
    for round in 0..40 {
        // The form never leaves, and its dialog is over when an heir sends it.
        for _ in 0..3 {
            world.ms(1_000);
            fail(&mut world, false, FailureKind::Connect);
        }
        assert!(attempts(&world, id) <= MOST, "{round}");
        world.take_over(Predecessor::Dead);
        world.notice(GatewayKind::User, GatewayNotice::Resumed);
        world.ms(1_000);
        let form = world.last();
        world.answer(
            &form,
            404,
            r#"{"code":10062,"message":"Unknown interaction"}"#,
        );
        world.ms(1_000);
        let press = world.last();
        assert_eq!(press.body["type"], 3, "{round}");
        world.accept(&press);
        world.open_form(&press.nonce(), &self::form());
    }
}
