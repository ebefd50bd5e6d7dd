//! A token that Discord did not accept, and a person who has acted since: its tasks wait until Discord was asked.

use std::time::Duration;

use mj_midjourney::{
    config::GatewayMode,
    hub::{Answer, FailureKind, Predecessor},
    refusal::FailCode,
    store::TaskStore,
    task::{Status, TaskId},
};

use super::world::{Sent, USER, World};

const UNAUTHORIZED: &str = r#"{"message":"401: Unauthorized","code":0}"#;

/// A hub whose only account's token was refused.
fn refused() -> World {
    let mut world = World::new(GatewayMode::Bot);
    world.imagine("a red fox", 7);
    world.answers_identity = false;
    let first = world.last();
    world.answer(&first, 401, UNAUTHORIZED);
    world
}

fn named(world: &mut World) -> TaskId {
    let mut task = world.task("a boat");
    task.work.named_account = Some("main".to_owned());
    let id = task.view.id;
    let queue = world.config.queue_size;
    world.store.submit(world.now.unix, &[task], queue).unwrap();
    id
}

fn change(world: &mut World) {
    world.config.queue_size += 1;
}

fn changed(world: &mut World) {
    change(world);
    world.hub.handle_config(world.now, world.config.clone());
    world.run();
}

fn probe(world: &World) -> Sent {
    world.last_to("/users/@me").unwrap()
}

#[test]
fn tasks_wait_for_what_discord_says_of_a_token_after_a_change() {
    for is_accepted in [true, false] {
        let mut world = refused();
        changed(&mut world);
        let (named, unnamed) = (named(&mut world), world.imagine_plain("a ship"));
        assert_eq!(
            [named, unnamed].map(|id| world.status(id)),
            [Status::NotStart; 2]
        );
        changed(&mut world);
        assert_eq!(world.status(named), Status::NotStart, "one more change");
        let asked = probe(&world);
        if is_accepted {
            world.answer(&asked, 200, &format!(r#"{{"id":"{USER}"}}"#));
            world.ms(1_000);
            assert_eq!(world.status(named), Status::Submitted);
        } else {
            world.answer(&asked, 401, UNAUTHORIZED);
            for id in [named, unnamed] {
                assert_eq!(world.view(id).fail_code, Some(FailCode::Unauthorized));
            }
            let later = world.imagine_plain("a raft");
            assert_eq!(
                world.view(later).fail_code,
                Some(FailCode::Unauthorized),
                "nobody has acted since"
            );
        }
    }
}

#[test]
fn tasks_wait_on_when_discord_says_nothing() {
    let mut world = refused();
    changed(&mut world);
    let id = named(&mut world);
    world.read_inbox();
    let failure = Answer::Failure {
        sent: true,
        kind: FailureKind::TimedOut,
    };
    let asked = probe(&world).id;
    world.hub.handle_answer(world.now, asked, failure);
    world.run();
    assert_eq!(world.status(id), Status::NotStart);
    world.pass(Duration::from_secs(15));
    let again = probe(&world);
    assert_ne!(again.id, asked, "asked again");
    world.answer(&again, 200, &format!(r#"{{"id":"{USER}"}}"#));
    world.ms(1_000);
    assert_eq!(world.status(id), Status::Submitted);
}

#[test]
fn a_change_that_no_owner_saw_counts_for_waiting_tasks() {
    let mut world = refused();
    let id = named(&mut world);
    change(&mut world);
    world.take_over(Predecessor::Dead);
    assert_eq!(world.status(id), Status::NotStart);
    let asked = probe(&world);
    world.answer(&asked, 200, &format!(r#"{{"id":"{USER}"}}"#));
    world.ms(1_000);
    assert_eq!(world.status(id), Status::Submitted);
}

#[test]
fn a_change_is_asked_about_once() {
    let mut world = refused();
    change(&mut world);
    world.take_over(Predecessor::Dead);
    let asked = probe(&world);
    world.answer(&asked, 401, UNAUTHORIZED);
    world.take_over(Predecessor::Dead);
    assert_eq!(probe(&world).id, asked.id, "the same configuration");
    let id = named(&mut world);
    world.read_inbox();
    assert_eq!(world.view(id).fail_code, Some(FailCode::Unauthorized));
}
