//! The main job, on every kind of gateway.

use std::time::Duration;

use mj_midjourney::{
    config::{GatewayKind, GatewayMode},
    refusal::FailCode,
    task::{Status, TaskId},
};

use super::{
    post::{self, Post},
    world::{USER, World},
};

const SEEDED: &str = "a red fox --seed 7";

fn start(world: &mut World, prompt: &str) -> Post {
    let number = world.number();
    post::start(world.now.unix, number, prompt, USER)
}

fn grid(world: &mut World, prompt: &str, progress: u64, job: u64) -> Post {
    let number = world.number();
    post::grid(world.now.unix, number, prompt, USER, progress, job)
}

/// A task that is sent and accepted.
fn sent(world: &mut World) -> TaskId {
    let id = world.imagine("a red fox", 7);
    let sent = world.last();
    assert_eq!(sent.body["data"]["options"][0]["value"], SEEDED);
    world.ms(200);
    world.accept(&sent);
    id
}

fn check_done(world: &World, id: TaskId, job: u64) {
    let view = world.view(id);
    assert_eq!((view.status, view.progress), (Status::Success, 100));
    assert_eq!(
        view.final_prompt.as_deref(),
        Some("a red fox"),
        "the tag is cut"
    );
    assert_eq!(view.job_id, Some(post::uuid(job)));
    assert_eq!(view.images.len(), 1);
    assert_eq!(view.buttons.len(), 9);
    assert!(!view.late && view.finished_at.is_some());
    assert!(world.whole(id).work.key_held_until.is_none());
}

#[test]
fn the_attempt_is_durable_before_its_post() {
    let mut world = World::new(GatewayMode::User);
    let before = world.sent.len();
    let id = world.imagine("a red fox", 7);
    assert!(
        world.commits.contains(&(before, true)),
        "a durable commit before the request"
    );
    assert_eq!(world.last().body["session_id"], "live-user-1");
    assert_eq!(
        world.whole(id).work.attempts[0].nonce.as_str(),
        world.last().nonce()
    );
    assert_eq!(world.status(id), Status::Submitted);
}

#[test]
fn on_a_user_gateway_by_nonce() {
    let mut world = World::new(GatewayMode::User);
    let id = sent(&mut world);
    let nonce = world.last().nonce();
    let first = start(&mut world, SEEDED).nonce(&nonce);
    world.create(GatewayKind::User, &first);
    assert_eq!(world.status(id), Status::InProgress);
    world.ms(3_000);
    let half = first
        .clone()
        .edited(&format!("**{SEEDED}** - <@{USER}> (46%) (fast)"), 3)
        .file("x_grid_0.webp");
    world.update(GatewayKind::User, &half);
    assert_eq!(world.view(id).progress, 46);
    assert!(world.view(id).preview_url.is_some());
    let last = grid(&mut world, SEEDED, first.id(), 9);
    world.create(GatewayKind::User, &last);
    check_done(&world, id, 9);
    let revision = world.view(id).revision;
    world.create(GatewayKind::User, &last);
    world.update(GatewayKind::User, &half);
    world.delete(GatewayKind::User, first.id());
    world.ms(60_000);
    assert_eq!(world.view(id).revision, revision, "replays change nothing");
}

#[test]
fn on_a_bot_gateway_by_key() {
    let mut world = World::new(GatewayMode::Bot);
    let id = sent(&mut world);
    let first = start(&mut world, SEEDED);
    world.create(GatewayKind::Bot, &first);
    assert_eq!(world.status(id), Status::InProgress);
    let last = grid(&mut world, SEEDED, first.id(), 9);
    world.create(GatewayKind::Bot, &last);
    check_done(&world, id, 9);
}

#[test]
fn on_both_the_bots_copy_waits_for_the_users() {
    let mut world = World::new(GatewayMode::Both);
    let id = sent(&mut world);
    let nonce = world.last().nonce();
    let first = start(&mut world, SEEDED).nonce(&nonce);
    world.create(GatewayKind::Bot, &first);
    assert_eq!(
        world.status(id),
        Status::Submitted,
        "the user's copy knows better"
    );
    world.create(GatewayKind::User, &first);
    assert_eq!(world.status(id), Status::InProgress);
    let last = grid(&mut world, SEEDED, first.id(), 9);
    world.create(GatewayKind::Bot, &last);
    world.create(GatewayKind::User, &last);
    check_done(&world, id, 9);
}

#[test]
fn on_both_the_bots_copy_counts_after_two_seconds() {
    let mut world = World::new(GatewayMode::Both);
    let id = sent(&mut world);
    let first = start(&mut world, SEEDED);
    world.create(GatewayKind::Bot, &first);
    world.ms(1_900);
    assert_eq!(world.status(id), Status::Submitted);
    world.ms(200);
    assert_eq!(world.status(id), Status::InProgress);
}

#[test]
fn without_a_gateway_by_reading() {
    let mut world = World::new(GatewayMode::Off);
    let id = sent(&mut world);
    let first = start(&mut world, SEEDED);
    world.history.push(first.clone());
    world.ms(6_000);
    assert_eq!(world.status(id), Status::InProgress);
    let last = grid(&mut world, SEEDED, first.id(), 9);
    world.history.push(last);
    world.ms(31_000);
    check_done(&world, id, 9);
    let sent = world.sent.len();
    world.ms(120_000);
    assert_eq!(world.sent.len(), sent, "nothing open, nothing read");
}

#[test]
fn the_final_may_carry_the_nonce_and_come_before_the_answer() {
    let mut world = World::new(GatewayMode::User);
    let id = world.imagine("a red fox", 7);
    let sent = world.last();
    let first = start(&mut world, SEEDED).nonce(&sent.nonce());
    world.create(GatewayKind::User, &first);
    world.ms(20_000);
    let last = grid(&mut world, SEEDED, first.id(), 9).nonce(&sent.nonce());
    world.create(GatewayKind::User, &last);
    check_done(&world, id, 9);
    world.accept(&sent);
    check_done(&world, id, 9);
}

#[test]
fn the_final_may_overtake_its_start() {
    let mut world = World::new(GatewayMode::User);
    let id = sent(&mut world);
    let nonce = world.last().nonce();
    let interaction = world.interaction_id();
    let first = start(&mut world, SEEDED)
        .nonce(&nonce)
        .made_by(interaction, 2, USER);
    world.ms(20_000);
    let last = grid(&mut world, SEEDED, first.id(), 9).made_by(interaction, 2, USER);
    world.create(GatewayKind::User, &last);
    assert_eq!(
        world.status(id),
        Status::Submitted,
        "an interaction that is not known is not ours, yet"
    );
    world.create(GatewayKind::User, &first);
    check_done(&world, id, 9);
}

#[test]
fn the_same_words_twice_go_one_after_the_other() {
    let mut world = World::new(GatewayMode::Bot);
    let one = world.imagine_plain("two owls");
    let two = world.imagine_plain("Two  owls");
    let other = world.imagine_plain("three owls");
    let first = world.last();
    world.accept(&first);
    world.ms(1_000);
    assert_eq!(
        world.interactions().len(),
        2,
        "the second waits, and holds up nobody"
    );
    assert_eq!(
        (world.status(two), world.status(other)),
        (Status::NotStart, Status::Submitted)
    );
    let third = world.last();
    world.accept(&third);
    let start_one = start(&mut world, "two owls");
    world.create(GatewayKind::Bot, &start_one);
    world.ms(1_000);
    assert_eq!(
        world.interactions().len(),
        3,
        "bound, so that the next may go"
    );
    let second = world.last();
    world.accept(&second);
    world.ms(1_000);
    let start_two = start(&mut world, "two owls");
    world.create(GatewayKind::Bot, &start_two);
    let final_two = grid(&mut world, "two owls", start_two.id(), 2);
    let final_one = grid(&mut world, "two owls", start_one.id(), 1);
    world.create(GatewayKind::Bot, &final_two);
    world.create(GatewayKind::Bot, &final_one);
    assert_eq!(world.view(one).job_id, Some(post::uuid(1)));
    assert_eq!(world.view(two).job_id, Some(post::uuid(2)));
}

#[test]
fn foreign_jobs_are_left_alone() {
    let mut world = World::new(GatewayMode::User);
    let id = sent(&mut world);
    let number = world.number();
    let somebody = post::start(world.now.unix, number, SEEDED, 42);
    world.create(GatewayKind::User, &somebody);
    let foreign_interaction = world.interaction_id();
    let by_hand = start(&mut world, SEEDED).made_by(foreign_interaction, 2, USER);
    world.create(GatewayKind::User, &by_hand);
    let foreign_nonce = start(&mut world, SEEDED).nonce("1234567");
    world.create(GatewayKind::User, &foreign_nonce);
    assert_eq!(world.status(id), Status::Submitted);
    let foreign_final =
        grid(&mut world, SEEDED, by_hand.id(), 3).made_by(foreign_interaction, 2, USER);
    world.create(GatewayKind::User, &foreign_final);
    assert_eq!(world.status(id), Status::Submitted);
}

#[test]
fn what_was_there_before_the_attempt_is_not_ours() {
    let mut world = World::new(GatewayMode::Bot);
    let early = start(&mut world, "two owls");
    world.create(GatewayKind::Bot, &early);
    world.ms(1_000);
    let id = world.imagine_plain("two owls");
    let sent = world.last();
    world.accept(&sent);
    world.update(
        GatewayKind::Bot,
        &early
            .clone()
            .edited(&format!("**two owls** - <@{USER}> (20%) (fast)"), 2),
    );
    assert_eq!(world.status(id), Status::Submitted);
    let foreign = grid(&mut world, "two owls", early.id() - (60_000 << 22), 3);
    world.create(GatewayKind::Bot, &foreign);
    assert_eq!(
        world.status(id),
        Status::Submitted,
        "a final of something older"
    );
}

#[test]
fn a_late_picture_finds_the_task_that_timed_out() {
    let mut world = World::new(GatewayMode::Bot);
    let id = world.imagine_plain("two owls");
    let sent = world.last();
    world.accept(&sent);
    world.pass(Duration::from_secs(11 * 60));
    assert_eq!(world.view(id).fail_code, Some(FailCode::Unseen));
    assert!(world.whole(id).work.key_held_until.is_some());
    let next = world.imagine_plain("two owls");
    world.ms(2_000);
    assert_eq!(
        world.status(next),
        Status::NotStart,
        "the key is held for what is late"
    );
    let number = world.number();
    let late = post::grid(world.now.unix, number, "two owls", USER, 1, 5);
    let mut late = late;
    late.0.as_object_mut().unwrap().remove("message_reference");
    world.create(GatewayKind::Bot, &late);
    let view = world.view(id);
    assert_eq!(
        (view.status, view.late, view.fail_code),
        (Status::Success, true, None)
    );
    world.ms(1_000);
    assert_eq!(world.status(next), Status::Submitted);
}

#[test]
fn a_tombstone_gives_its_key_up_in_the_end() {
    let mut world = World::new(GatewayMode::Bot);
    world.imagine_plain("two owls");
    let sent = world.last();
    world.accept(&sent);
    world.pass(Duration::from_secs(11 * 60));
    let mut task = world.task("two owls");
    task.work.deadline = world.now.unix.plus(Duration::from_secs(2 * 3_600));
    let next = world.submit(task);
    world.pass(Duration::from_secs(31 * 60));
    assert_eq!(world.status(next), Status::Submitted);
}

#[test]
fn a_deleted_progress_message_fails_after_a_search() {
    let mut world = World::new(GatewayMode::User);
    let id = sent(&mut world);
    let nonce = world.last().nonce();
    let first = start(&mut world, SEEDED).nonce(&nonce);
    world.create(GatewayKind::User, &first);
    world.delete(GatewayKind::User, first.id());
    world.ms(19_000);
    assert_eq!(world.status(id), Status::InProgress);
    world.ms(10_000);
    assert_eq!(world.view(id).fail_code, Some(FailCode::MessageDeleted));
}

#[test]
fn a_final_that_the_gateway_lost_is_found_after_the_deletion() {
    let mut world = World::new(GatewayMode::User);
    let id = sent(&mut world);
    let nonce = world.last().nonce();
    let first = start(&mut world, SEEDED).nonce(&nonce);
    world.create(GatewayKind::User, &first);
    world.delete(GatewayKind::User, first.id());
    let last = grid(&mut world, SEEDED, first.id(), 9);
    world.history.push(last);
    world.ms(30_000);
    check_done(&world, id, 9);
}

#[test]
fn a_lost_session_is_caught_up() {
    let mut world = World::new(GatewayMode::User);
    let id = sent(&mut world);
    let nonce = world.last().nonce();
    let first = start(&mut world, SEEDED).nonce(&nonce);
    world.create(GatewayKind::User, &first);
    world.notice(
        GatewayKind::User,
        mj_midjourney::hub::GatewayNotice::SessionLost,
    );
    let last = grid(&mut world, SEEDED, first.id(), 9);
    world.history.push(last);
    world.ms(100);
    world.ready(GatewayKind::User, "another", USER);
    check_done(&world, id, 9);
}
