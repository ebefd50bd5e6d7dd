//! An owner dies or stops in the middle of sending; its successor finds out what became of it.

use std::time::Duration;

use mj_midjourney::{
    config::{GatewayKind, GatewayMode},
    hub::{GatewayNotice, Predecessor},
    refusal::FailCode,
    store::Grade,
    task::{AttemptState, Status},
};

use super::{
    post,
    world::{Sent, USER, World, account, config},
};

const PROMPT: &str = "a red fox --seed 7";

#[test]
fn a_dead_owners_attempt_is_searched_for_then_sent_again() {
    let mut world = World::new(GatewayMode::Bot);
    let id = world.imagine("a red fox", 7);
    world.take_over(Predecessor::Dead);
    assert_eq!(
        world.whole(id).work.attempts[0].state,
        AttemptState::InDoubt
    );
    world.connect();
    world.ms(29_000);
    assert_eq!(world.interactions().len(), 1);
    world.ms(40_000);
    assert_eq!(world.interactions().len(), 2);
    assert_eq!(world.whole(id).work.attempts[1].epoch, 2);
}

#[test]
fn owners_that_live_for_a_second_prove_it_together() {
    for gateway in [GatewayMode::Bot, GatewayMode::User] {
        let mut world = World::new(gateway);
        let id = world.imagine("a red fox", 7);
        for _ in 0..60 {
            world.take_over(Predecessor::Dead);
            world.connect();
            world.ms(1_000);
        }
        assert_eq!(world.interactions().len(), 2, "{gateway:?}");
        assert_eq!(world.whole(id).work.attempts[0].state, AttemptState::Absent);
    }
}

#[test]
fn what_waits_for_its_own_copy_may_be_the_answer() {
    let mut world = World::new(GatewayMode::User);
    let id = world.imagine("a red fox", 7);
    let nonce = world.last().nonce();
    world.take_over(Predecessor::Dead);
    world.connect();
    world.ms(25_000);
    // REST shows it without the nonce, before the session does.
    let number = world.number();
    let start = post::start(world.now.unix, number, PROMPT, USER);
    world.history.push(start.clone());
    world.sent.retain(Sent::is_interaction);
    while world.last_to("/messages?").is_none() {
        world.ms(100);
    }
    world.ms(1_500);
    assert_eq!(world.interactions().len(), 1);
    world.create(GatewayKind::User, &start.nonce(&nonce));
    world.ms(10_000);
    assert_eq!(
        (world.interactions().len(), world.status(id)),
        (1, Status::InProgress)
    );
}

#[test]
fn a_dead_owners_attempt_that_arrived_is_found() {
    let mut world = World::new(GatewayMode::Bot);
    let id = world.imagine("a red fox", 7);
    let number = world.number();
    let start = post::start(world.now.unix, number, PROMPT, USER);
    world.history.push(start.clone());
    world.take_over(Predecessor::Dead);
    world.connect();
    world.ms(60_000);
    assert_eq!(
        (world.interactions().len(), world.status(id)),
        (1, Status::InProgress)
    );
    let number = world.number();
    let last = post::grid(world.now.unix, number, PROMPT, USER, start.id(), 9);
    world.create(GatewayKind::Bot, &last);
    assert_eq!(world.status(id), Status::Success);
}

#[test]
fn a_stopped_owner_may_still_send_so_nobody_does() {
    let mut world = World::new(GatewayMode::Bot);
    let id = world.imagine("a red fox", 7);
    world.take_over(Predecessor::Unproven);
    world.connect();
    world.pass(Duration::from_secs(5 * 60));
    assert_eq!(world.interactions().len(), 1);
    assert_eq!(world.hub.doubtful_epochs(), [1]);
    let mut other = World::new(GatewayMode::Bot);
    std::mem::swap(&mut world, &mut other);
    let mut world = other;
    world.hub.handle_predecessor_dead(world.now);
    world.run();
    assert!(world.hub.doubtful_epochs().is_empty());
    world.ms(30_000);
    assert_eq!(
        world.interactions().len(),
        2,
        "dead now, and searched for after that"
    );
    assert_eq!(world.status(id), Status::Submitted);
}

#[test]
fn a_stopped_owners_attempt_ends_unconfirmed() {
    let mut world = World::new(GatewayMode::User);
    let id = world.imagine("a red fox", 7);
    world.take_over(Predecessor::Unproven);
    world.connect();
    world.pass(Duration::from_secs(11 * 60));
    assert_eq!(world.view(id).fail_code, Some(FailCode::SubmitUnconfirmed));
    assert_eq!(world.interactions().len(), 1);
}

#[test]
fn a_resumed_session_keeps_its_own_view() {
    let mut world = World::new(GatewayMode::User);
    let id = world.imagine("a red fox", 7);
    let sent = world.last();
    let interaction = world.interaction_id();
    world.interaction(&sent.nonce(), interaction);
    world.accept(&sent);
    world.take_over(Predecessor::Dead);
    world.notice(GatewayKind::User, GatewayNotice::Resumed);
    let number = world.number();
    let start = post::start(world.now.unix, number, PROMPT, USER).made_by(interaction, 2, USER);
    world.create(GatewayKind::User, &start);
    let number = world.number();
    let last = post::grid(world.now.unix, number, PROMPT, USER, start.id(), 9).made_by(
        interaction,
        2,
        USER,
    );
    world.create(GatewayKind::User, &last);
    assert_eq!(world.status(id), Status::Success);
    let foreign = world.interaction_id();
    let number = world.number();
    let second = world.imagine("a red fox", 8);
    let sent = world.last();
    world.accept(&sent);
    assert_eq!(
        sent.body["session_id"], "live-user-1",
        "the session goes on"
    );
    let by_hand =
        post::start(world.now.unix, number, "a red fox --seed 8", USER).made_by(foreign, 2, USER);
    world.create(GatewayKind::User, &by_hand);
    assert_eq!(world.status(second), Status::Submitted);
}

#[test]
fn tombstones_and_buttons_survive_a_takeover() {
    let mut world = World::new(GatewayMode::Bot);
    let id = world.imagine_plain("two owls");
    let sent = world.last();
    world.accept(&sent);
    world.pass(Duration::from_secs(11 * 60));
    world.take_over(Predecessor::Dead);
    world.connect();
    let next = world.imagine_plain("two owls");
    world.ms(2_000);
    assert_eq!(world.status(next), Status::NotStart);
    let number = world.number();
    let start = post::start(world.now.unix, number, "two owls", USER);
    world.create(GatewayKind::Bot, &start);
    world.ms(2_000);
    assert_eq!(world.status(next), Status::Submitted);
    let number = world.number();
    let late = post::grid(world.now.unix, number, "two owls", USER, start.id(), 5);
    world.create(GatewayKind::Bot, &late);
    assert_eq!(
        (world.status(id), world.view(id).late),
        (Status::Success, true)
    );
    assert_eq!(world.status(next), Status::Submitted);
}

#[test]
fn a_transient_owner_submits_and_reads_nothing() {
    let mut world = World::cold(config(GatewayMode::User), Grade::Transient);
    let id = world.imagine("a red fox", 7);
    world.ms(250);
    let sent = world.last();
    assert!(!world.hub.submitted(&[id]));
    world.accept(&sent);
    assert!(world.hub.submitted(&[id]) && world.hub.idle());
    world.ms(60_000);
    assert!(
        world
            .sent
            .iter()
            .all(|sent| !sent.path.starts_with("/channels/"))
    );
    world.hub.drain(world.now);
    world.imagine("another", 8);
    world.ms(2_000);
    assert_eq!(world.interactions().len(), 1, "draining");
}

#[test]
fn a_first_command_waits_for_the_session_that_would_see_its_refusal() {
    let mut world = World::cold(config(GatewayMode::User), Grade::Resident);
    world.imagine("a red fox", 7);
    world.ms(1_000);
    assert!(world.interactions().is_empty());
    world.connect();
    assert_eq!(world.interactions().len(), 1);

    let mut deaf = World::cold(config(GatewayMode::User), Grade::Resident);
    deaf.imagine("a red fox", 7);
    deaf.ms(4_999);
    assert!(deaf.interactions().is_empty());
    deaf.ms(1);
    assert_eq!(deaf.interactions().len(), 1, "a gateway may stay away");
}

#[test]
fn a_command_waits_for_the_session_in_a_lost_ones_place() {
    let lost = || {
        let mut world = World::new(GatewayMode::User);
        world.pass(Duration::from_secs(60));
        world.notice(GatewayKind::User, GatewayNotice::SessionLost);
        world.notice(GatewayKind::User, GatewayNotice::Down);
        world.imagine("a red fox", 7);
        world
    };
    let mut world = lost();
    world.ms(4_900);
    assert!(world.interactions().is_empty());
    world.ready(GatewayKind::User, "another", USER);
    assert_eq!(world.interactions().len(), 1);

    let mut deaf = lost();
    deaf.ms(5_000);
    assert_eq!(deaf.interactions().len(), 1, "a gateway may stay away");
}

/// Found by the simulation: seed 293 of `mj-simulate --tasks 250`.
#[test]
fn a_taken_key_moves_no_task_to_an_account_without_its_session() {
    let mut config = config(GatewayMode::User);
    config.accounts.push(account("second"));
    let mut world = World::cold(config, Grade::Resident);
    world.imagine("a red fox", 7);
    world.ms(1_000);
    assert_eq!(world.last().token, "token-second");
    world.imagine("a red fox", 7);
    world.ms(1_000);
    assert_eq!(world.interactions().len(), 1);
    world.connect();
    assert_eq!(world.last().token, "token-main");
    assert_eq!(world.interactions().len(), 2);
}

#[test]
fn a_script_that_begins_to_wait_is_given_its_session() {
    let mut world = World::cold(config(GatewayMode::User), Grade::Transient);
    world.imagine("a red fox", 7);
    world.ms(249);
    assert!(world.interactions().is_empty());
    world.hub.handle_grade(world.now, Grade::Resident);
    world.run();
    world.ms(500);
    assert!(world.interactions().is_empty());
    world.connect();
    assert_eq!(world.interactions().len(), 1);

    let mut bot = World::cold(config(GatewayMode::Bot), Grade::Transient);
    bot.imagine("a red fox", 7);
    assert_eq!(bot.interactions().len(), 1, "a bot would see none");
}

#[test]
fn a_write_that_was_made_though_the_store_said_no_is_ours() {
    let mut world = World::new(GatewayMode::Bot);
    let id = world.imagine_plain("two owls");
    let sent = world.last();
    world.accept(&sent);
    world.pass(Duration::from_secs(119));
    world.commits_twice = true;
    world.pass(Duration::from_secs(2));
    assert_eq!(world.view(id).fail_code, Some(FailCode::Unseen));
    let next = world.imagine_plain("two owls");
    world.commits_twice = false;
    world.ms(2_000);
    assert!(world.whole(id).work.key_held_until.is_some());
    assert_eq!(
        (world.interactions().len(), world.status(next)),
        (1, Status::NotStart),
        "the first holds its key for a late picture"
    );
    world.commits_twice = true;
    let other = world.imagine_plain("rain");
    assert_eq!(world.whole(other).work.attempts.len(), 1);
}
