//! Lost answers: found, proven absent and sent again, or honestly unconfirmed.

use std::time::Duration;

use mj_midjourney::{
    config::{GatewayKind, GatewayMode},
    hub::{Answer, FailureKind},
    refusal::FailCode,
    task::{AttemptState, Status, TaskId},
};

use super::{
    post::{self, uuid},
    world::{USER, World, response},
};

const PROMPT: &str = "a red fox --seed 7";

fn lost(world: &mut World) -> TaskId {
    let id = world.imagine("a red fox", 7);
    let sent = world.last();
    world.lose(&sent);
    assert_eq!(
        world.whole(id).work.attempts[0].state,
        AttemptState::InDoubt
    );
    id
}

#[test]
fn the_gateway_proves_that_it_arrived() {
    let mut world = World::new(GatewayMode::User);
    let id = world.imagine("a red fox", 7);
    let sent = world.last();
    world.lose(&sent);
    let interaction = world.interaction_id();
    world.interaction(&sent.nonce(), interaction);
    assert_eq!(
        world.whole(id).work.attempts[0].state,
        AttemptState::Accepted
    );
    world.ms(120_000);
    assert_eq!(world.interactions().len(), 1);
}

#[test]
fn the_event_may_come_between_post_and_answer() {
    let mut world = World::new(GatewayMode::User);
    let id = world.imagine("a red fox", 7);
    let sent = world.last();
    let interaction = world.interaction_id();
    world.interaction(&sent.nonce(), interaction);
    world.answer(&sent, 502, "<html>");
    assert_eq!(
        world.whole(id).work.attempts[0].state,
        AttemptState::Accepted
    );
    world.ms(120_000);
    assert_eq!(world.interactions().len(), 1);
}

#[test]
fn history_proves_that_it_arrived() {
    for mode in [GatewayMode::Bot, GatewayMode::Off, GatewayMode::User] {
        let mut world = World::new(mode);
        let id = lost(&mut world);
        let number = world.number();
        let start = post::start(world.now.unix, number, PROMPT, USER);
        world.history.push(start);
        world.ms(120_000);
        assert_eq!(world.interactions().len(), 1, "{mode:?}");
        assert_eq!(world.status(id), Status::InProgress, "{mode:?}");
    }
}

#[test]
fn proven_absent_it_is_sent_again_with_a_new_nonce() {
    for mode in [GatewayMode::Bot, GatewayMode::Off, GatewayMode::User] {
        let mut world = World::new(mode);
        let id = lost(&mut world);
        let first = world.last();
        world.ms(29_000);
        assert_eq!(
            world.interactions().len(),
            1,
            "{mode:?}: it may still arrive"
        );
        world.ms(40_000);
        assert_eq!(world.interactions().len(), 2, "{mode:?}");
        assert_ne!(world.last().nonce(), first.nonce());
        assert_eq!(world.whole(id).work.attempts[0].state, AttemptState::Absent);
    }
}

#[test]
fn without_a_reading_nothing_is_proven() {
    let mut world = World::new(GatewayMode::Bot);
    world.answers_history = false;
    let id = lost(&mut world);
    world.pass(Duration::from_secs(11 * 60));
    assert_eq!(world.interactions().len(), 1);
    assert_eq!(world.view(id).fail_code, Some(FailCode::SubmitUnconfirmed));
    assert!(world.whole(id).work.key_held_until.is_some());
}

#[test]
fn a_press_in_observer_view_is_never_sent_twice() {
    for mode in [GatewayMode::Bot, GatewayMode::Off] {
        let mut world = World::new(mode);
        let id = world.press(
            9_000_000_000,
            &format!("MJ::JOB::upsample::1::{}", uuid(50)),
        );
        let sent = world.last();
        world.lose(&sent);
        world.pass(Duration::from_secs(11 * 60));
        assert_eq!(world.interactions().len(), 1);
        assert_eq!(world.view(id).fail_code, Some(FailCode::SubmitUnconfirmed));
        let number = world.number();
        let late = post::upscale(world.now.unix, number, PROMPT, USER, 9_000_000_000, 1, 3);
        world.history.push(late.clone());
        world.create(GatewayKind::Bot, &late);
        assert_eq!(
            (world.status(id), world.view(id).late),
            (Status::Success, true)
        );
    }
}

#[test]
fn a_press_in_own_view_is_sent_again() {
    let mut world = World::new(GatewayMode::User);
    world.press(
        9_000_000_000,
        &format!("MJ::JOB::upsample::1::{}", uuid(50)),
    );
    let sent = world.last();
    world.lose(&sent);
    world.ms(60_000);
    assert_eq!(world.interactions().len(), 2);
}

#[test]
fn at_its_limit_an_account_proves_nothing() {
    let mut world = World::new(GatewayMode::Bot);
    let mut config = world.config.clone();
    config.accounts[0].concurrency = 1;
    world.imagine("first", 1);
    let first = world.last();
    world.accept(&first);
    let id = world.imagine("a red fox", 7);
    world.ms(1_000);
    let sent = world.last();
    world.hub.handle_config(world.now, config);
    world.lose(&sent);
    world.pass(Duration::from_secs(5 * 60));
    assert_eq!(
        world.interactions().len(),
        2,
        "\"Job queued\" is not seen by a bot"
    );
    assert_eq!(world.status(id), Status::Submitted);
    let number = world.number();
    let start = post::start(world.now.unix, number, "first --seed 1", USER);
    world.create(GatewayKind::Bot, &start);
    let number = world.number();
    let done = post::grid(
        world.now.unix,
        number,
        "first --seed 1",
        USER,
        start.id(),
        1,
    );
    world.create(GatewayKind::Bot, &done);
    world.ms(120_000);
    assert_eq!(
        world.interactions().len(),
        2,
        "room for it now does not prove that it was not queued then"
    );
}

#[test]
fn a_request_that_ended_late_is_searched_for_after_its_end() {
    let mut world = World::new(GatewayMode::Bot);
    let id = world.imagine("a red fox", 7);
    let sent = world.last();
    world.ms(30_000);
    world.lose(&sent);
    // Discord had taken it in the last moment, and Midjourney needs its seconds. The gateway does not show it.
    world.ms(2_000);
    let number = world.number();
    let start = post::start(world.now.unix, number, PROMPT, USER);
    world.history.push(start);
    world.ms(120_000);
    assert_eq!(
        (world.interactions().len(), world.status(id)),
        (1, Status::InProgress)
    );
}

#[test]
fn an_earlier_attempt_that_arrived_is_the_last() {
    let mut world = World::new(GatewayMode::User);
    let id = lost(&mut world);
    let first = world.last();
    world.ms(60_000);
    assert_eq!(world.interactions().len(), 2, "proven absent");
    let second = world.last();
    let interaction = world.interaction_id();
    world.interaction(&first.nonce(), interaction);
    world.answer(&second, 429, r#"{"retry_after":1.5,"global":false}"#);
    world.ms(60_000);
    assert_eq!(world.interactions().len(), 2, "the first is under way");
    world.take_over(mj_midjourney::hub::Predecessor::Dead);
    world.connect();
    world.ms(60_000);
    assert_eq!(
        (world.interactions().len(), world.status(id)),
        (2, Status::Submitted)
    );
}

#[test]
fn what_never_left_is_sent_again_soon() {
    let mut world = World::new(GatewayMode::Bot);
    world.imagine("a red fox", 7);
    let sent = world.last();
    let refused = Answer::Failure {
        sent: false,
        kind: FailureKind::Connect,
    };
    world.hub.handle_answer(world.now, sent.id, refused);
    world.run();
    world.ms(900);
    assert_eq!(world.interactions().len(), 1);
    world.ms(600);
    assert_eq!(world.interactions().len(), 2);
}

#[test]
fn a_server_error_is_repeated_only_when_it_says_so() {
    let mut world = World::new(GatewayMode::Bot);
    world.imagine("a red fox", 7);
    let sent = world.last();
    let Answer::Response { status, body, .. } = response(503, "{}") else {
        unreachable!()
    };
    let headers = vec![("retry-after".to_owned(), "3".to_owned())];
    world.hub.handle_answer(
        world.now,
        sent.id,
        Answer::Response {
            status,
            headers,
            body,
        },
    );
    world.run();
    world.ms(5_000);
    assert_eq!(world.interactions().len(), 2);
    let second = world.last();
    world.answer(&second, 503, "{}");
    world.ms(20_000);
    assert_eq!(world.interactions().len(), 2, "in doubt");
}

#[test]
fn a_bot_without_message_content_proves_nothing() {
    let mut world = World::new(GatewayMode::Bot);
    world.answers_history = false;
    lost(&mut world);
    world.ms(60_000);
    let page = world.sent.last().unwrap().clone();
    assert!(page.path.starts_with("/channels/") && page.token == "bot");
    let number = world.number();
    let blind = post::Post::new(world.now.unix, number, "");
    world.answer(
        &page,
        200,
        &serde_json::Value::from(vec![blind.0]).to_string(),
    );
    world.ms(60_000);
    let page = world.sent.last().unwrap().clone();
    assert_eq!(page.token, "token-main", "an account can read");
    assert_eq!(world.interactions().len(), 1);
}

#[test]
fn an_answer_that_is_lost_after_the_time_out_stays_unconfirmed() {
    let mut world = World::new(GatewayMode::Bot);
    let id = world.imagine("a red fox", 7);
    let sent = world.last();
    world.pass(Duration::from_secs(11 * 60));
    assert_eq!(world.view(id).fail_code, Some(FailCode::SubmitUnconfirmed));
    world.lose(&sent);
    world.pass(Duration::from_secs(5 * 60));
    assert_eq!(world.interactions().len(), 1);
    let number = world.number();
    let start = post::start(world.now.unix, number, PROMPT, USER);
    world.create(GatewayKind::Bot, &start);
    assert!(
        world.whole(id).work.key_held_until.is_none(),
        "known now by its message"
    );
}
