//! Forms: what is written into them, and what becomes of them when answers are lost and owners die.

use std::time::Duration;

use mj_midjourney::{
    config::{GatewayKind, GatewayMode},
    hub::{GatewayNotice, Predecessor},
    refusal::FailCode,
    task::{AttemptState, Status, TaskId},
};
use serde_json::{Value, json};

use super::{
    post::{self, uuid},
    world::{Sent, USER, World, config},
};

const GRID: u64 = 1_300_000_000_000_000_000;

fn input(value: &str) -> Value {
    json!([{"type": 4, "custom_id": "MJ::AnyModal::prompt", "value": value}])
}

fn written(sent: &Sent) -> &Value {
    &sent.body["data"]["components"][0]["components"][0]["value"]
}

fn zoom() -> String {
    format!("MJ::CustomZoom::{}", uuid(50))
}

/// A press that was taken, and its form is open, not yet sent.
fn opened(world: &mut World, text: Option<&str>) -> TaskId {
    let text = text.map(str::to_owned);
    let id = world.press_with(GRID, &zoom(), |task| task.work.form_text = text);
    let press = world.last();
    world.accept(&press);
    world.open_form(&press.nonce(), &input("a red fox --zoom 2"));
    id
}

/// The same, and the form was sent.
fn sent(world: &mut World) -> (TaskId, Sent) {
    let id = opened(world, Some("wider --zoom 1.8"));
    world.ms(1_000);
    let form = world.last();
    assert_eq!(form.body["type"], 5);
    (id, form)
}

#[test]
fn a_form_takes_the_callers_words_or_its_own() {
    for mode in [GatewayMode::User, GatewayMode::Both] {
        for (text, value) in [
            (Some("wider --zoom 1.8"), "wider --zoom 1.8"),
            (None, "a red fox --zoom 2"),
        ] {
            let mut world = World::new(mode);
            let id = opened(&mut world, text);
            world.ms(1_000);
            let form = world.last();
            assert_eq!(*written(&form), json!(value));
            assert_eq!(form.body["data"]["custom_id"], "MJ::AnyModal::1");
            assert_eq!(form.body["data"]["id"], "1200000000000000001");
            assert_eq!(world.whole(id).work.attempts.len(), 2);
        }
    }
}

#[test]
fn only_a_required_field_must_be_filled_in() {
    for (inputs, status) in [
        (input(""), Status::Failure),
        (json!([{"type": 4, "custom_id": "p"}]), Status::Failure),
        (
            json!([{"type": 4, "custom_id": "p", "required": false}]),
            Status::Modal,
        ),
        (json!([]), Status::Failure),
    ] {
        let mut world = World::new(GatewayMode::User);
        let id = world.press_with(GRID, &zoom(), |_| {});
        let press = world.last();
        world.accept(&press);
        world.open_form(&press.nonce(), &inputs);
        world.ms(1_000);
        assert_eq!(world.status(id), status);
    }
}

#[test]
fn a_job_follows_its_form() {
    let mut world = World::new(GatewayMode::User);
    let (id, form) = sent(&mut world);
    world.accept(&form);
    let interaction = world.interaction_id();
    world.interaction(&form.nonce(), interaction);
    let number = world.number();
    let done =
        post::vary(world.now.unix, number, "wider", USER, GRID, 3).made_by(interaction, 5, USER);
    world.create(GatewayKind::User, &done);
    assert_eq!(
        (world.status(id), world.view(id).job_id),
        (Status::Success, Some(uuid(3)))
    );
}

#[test]
fn a_refusal_of_the_words_in_a_form_ends_its_task() {
    let mut world = World::new(GatewayMode::User);
    let id = opened(&mut world, Some("wider --zoom 9"));
    let press = world.interactions()[0].clone();
    let pressed = world.interaction_id();
    world.interaction(&press.nonce(), pressed);
    world.ms(1_000);
    let form = world.last();
    world.accept(&form);
    let answered = world.interaction_id();
    world.interaction(&form.nonce(), answered);
    let number = world.number();
    let by = |interaction: u64, kind: u8| json!({"id": interaction.to_string(), "type": kind, "user": {"id": USER.to_string()}});
    let mut metadata = by(answered, 5);
    metadata["triggering_interaction_metadata"] = by(pressed, 3);
    let notice = post::Post::new(world.now.unix, number, "")
        .reply_to(GRID)
        .ephemeral()
        .notice(
            "Invalid parameter",
            "Invalid value provided for argument `--zoom`: `9`",
            "/imagine wider --zoom 9",
        )
        .with("interaction_metadata", metadata);
    world.create(GatewayKind::User, &notice);
    let view = world.view(id);
    assert_eq!(view.status, Status::Failure);
    assert_eq!(view.fail_code, Some(FailCode::InvalidParameter));
}

#[test]
fn a_form_that_never_came_holds_nothing_up() {
    let mut world = World::new(GatewayMode::User);
    let id = world.press_with(GRID, &zoom(), |_| {});
    let press = world.last();
    world.accept(&press);
    world.ms(700_000);
    assert_eq!(world.view(id).fail_code, Some(FailCode::Timeout));
    world.press_with(GRID, &zoom(), |_| {});
    world.ms(1_000);
    assert_eq!(world.interactions().len(), 2, "the key is free");
}

#[test]
fn an_expired_form_fails_clearly() {
    for (status, code) in [(400, 10_062), (404, 10_062), (400, 50_035)] {
        let mut world = World::new(GatewayMode::User);
        let (id, form) = sent(&mut world);
        world.answer(
            &form,
            status,
            &json!({"code": code, "message": "x"}).to_string(),
        );
        let view = world.view(id);
        assert_eq!(view.fail_code, Some(FailCode::InteractionFailed));
        assert!(view.fail_reason.unwrap().contains(&code.to_string()));
        world.ms(60_000);
        assert_eq!(world.interactions().len(), 2);
    }
}

#[test]
fn a_limited_form_is_sent_again() {
    let mut world = World::new(GatewayMode::User);
    let (id, form) = sent(&mut world);
    world.answer(&form, 429, r#"{"retry_after":2.5,"global":false}"#);
    world.ms(1_000);
    assert_eq!(world.interactions().len(), 2);
    world.ms(4_000);
    let again = world.last();
    assert_eq!(
        (world.interactions().len(), written(&again)),
        (3, written(&form))
    );
    assert_ne!(again.nonce(), form.nonce());
    assert_eq!(world.status(id), Status::Modal);
}

#[test]
fn a_full_queue_presses_the_button_once_more() {
    let mut world = World::new(GatewayMode::User);
    let (id, form) = sent(&mut world);
    world.accept(&form);
    let number = world.number();
    let full = post::Post::new(world.now.unix, number, "")
        .notice("Queue full", "Your job queue is full.", "/imagine x")
        .nonce(&form.nonce())
        .ephemeral();
    world.create(GatewayKind::User, &full);
    world.ms(20_000);
    let press = world.last();
    assert_eq!(
        (world.interactions().len(), &press.body["type"]),
        (3, &json!(3))
    );
    world.accept(&press);
    world.open_form(&press.nonce(), &input("x"));
    world.ms(1_000);
    assert_eq!(*written(&world.last()), json!("wider --zoom 1.8"));
    assert_eq!(world.status(id), Status::Modal);
}

#[test]
fn an_heir_sends_the_form_that_never_left() {
    let mut world = World::new(GatewayMode::User);
    let id = world.press_with(GRID, &zoom(), |task| {
        task.work.form_text = Some("wider".to_owned());
    });
    let press = world.last();
    // The press is unanswered, so that the form cannot leave: the owner dies between the two.
    world.open_form(&press.nonce(), &input("x"));
    assert_eq!(world.interactions().len(), 1);
    world.take_over(Predecessor::Dead);
    world.ms(2_000);
    let form = world.last();
    assert_eq!(
        (world.interactions().len(), &form.body["type"]),
        (2, &json!(5))
    );
    assert_eq!(*written(&form), json!("wider"));
    world.accept(&form);
    assert_eq!(world.status(id), Status::Modal);
}

#[test]
fn a_form_leaves_as_soon_as_its_press_is_answered() {
    let mut world = World::new(GatewayMode::User);
    world.press_with(GRID, &zoom(), |_| {});
    let press = world.last();
    world.open_form(&press.nonce(), &input("x"));
    world.ms(5_000);
    assert_eq!(world.interactions().len(), 1, "one request at a time");
    world.accept(&press);
    assert_eq!(world.interactions().len(), 2);
}

#[test]
fn a_form_that_may_have_left_is_searched_for_first() {
    let mut world = World::new(GatewayMode::User);
    let (id, _) = sent(&mut world);
    world.take_over(Predecessor::Dead);
    world.notice(GatewayKind::User, GatewayNotice::Resumed);
    world.ms(20_000);
    assert_eq!(world.interactions().len(), 2, "it may have arrived");
    world.ms(40_000);
    assert_eq!(world.interactions().len(), 3, "proven absent in own view");
    assert_eq!(world.whole(id).work.attempts[1].state, AttemptState::Absent);
}

#[test]
fn a_form_of_which_nothing_can_be_proven_ends_before_the_time_out() {
    let mut world = World::new(GatewayMode::User);
    let (id, _) = sent(&mut world);
    world.take_over(Predecessor::Dead);
    world.connect();
    world.pass(Duration::from_secs(4 * 60));
    assert_eq!(world.interactions().len(), 2, "never sent blindly");
    assert_eq!(world.view(id).fail_code, Some(FailCode::SubmitUnconfirmed));
}

#[test]
fn a_form_that_went_to_a_lost_session_is_asked_for_again() {
    let mut world = World::new(GatewayMode::User);
    let id = world.press_with(GRID, &zoom(), |_| {});
    let press = world.last();
    world.accept(&press);
    world.take_over(Predecessor::Dead);
    world.notice(GatewayKind::User, GatewayNotice::SessionLost);
    world.ready(GatewayKind::User, "another", USER);
    world.ms(2_000);
    let again = world.last();
    assert_eq!(
        (world.interactions().len(), &again.body["type"]),
        (2, &json!(3))
    );
    assert_eq!(again.body["session_id"], "another");
    assert_eq!(world.status(id), Status::Submitted);
}

#[test]
fn a_form_needs_its_accounts_own_session() {
    for mode in [GatewayMode::Bot, GatewayMode::Off] {
        let mut world = World::new(mode);
        let id = world.press_with(GRID, &zoom(), |_| {});
        world.ms(2_000);
        assert_eq!(world.view(id).fail_code, Some(FailCode::NeedsUserGateway));
        assert!(world.interactions().is_empty());
    }
}

#[test]
fn cancelling_an_open_form_leaves_nothing_behind() {
    let mut world = World::new(GatewayMode::User);
    let id = world.press_with(GRID, &zoom(), |_| {});
    let press = world.last();
    world.open_form(&press.nonce(), &input("x"));
    world.store_cancel(id);
    assert_eq!(world.status(id), Status::Cancel);
    assert_eq!(world.whole(id).work.key_held_until, None);
    world.accept(&press);
    world.ms(5_000);
    assert_eq!(world.interactions().len(), 1);
}

#[test]
fn words_for_a_form_that_never_opened_are_told() {
    let mut world = World::new(GatewayMode::User);
    let button = format!("MJ::JOB::variation::1::{}", uuid(50));
    let id = world.press_with(GRID, &button, |task| {
        task.work.form_text = Some("blue".to_owned());
    });
    let press = world.last();
    world.accept(&press);
    let number = world.number();
    let start =
        post::vary_start(world.now.unix, number, "a", USER, GRID, 1, 1).nonce(&press.nonce());
    world.create(GatewayKind::User, &start);
    assert!(world.view(id).notes[0].contains("remix"));
}

#[test]
fn an_heir_with_another_session_sends_the_form_that_never_left() {
    let mut world = World::new(GatewayMode::User);
    let id = world.press_with(GRID, &zoom(), |_| {});
    let press = world.last();
    world.open_form(&press.nonce(), &input("x"));
    world.take_over(Predecessor::Dead);
    world.notice(GatewayKind::User, GatewayNotice::SessionLost);
    world.ready(GatewayKind::User, "another", USER);
    world.ms(2_000);
    let form = world.last();
    assert_eq!(
        (world.interactions().len(), &form.body["type"]),
        (2, &json!(5))
    );
    world.accept(&form);
    let interaction = world.interaction_id();
    world.interaction(&form.nonce(), interaction);
    let number = world.number();
    let done = post::vary(world.now.unix, number, "x", USER, GRID, 3).made_by(interaction, 5, USER);
    world.create(GatewayKind::User, &done);
    assert_eq!(world.status(id), Status::Success);
}

/// A dialog that an owner left behind, and that can not be answered when its heir comes.
#[test]
fn an_heir_presses_again_where_the_form_is_over() {
    for waits in [Duration::from_secs(20 * 60), Duration::ZERO] {
        let mut config = config(GatewayMode::User);
        config.timeout = Duration::from_secs(3_600);
        let mut world = World::with(config);
        let id = world.press_with(GRID, &zoom(), |task| {
            task.work.form_text = Some("wider".to_owned());
        });
        let press = world.last();
        world.open_form(&press.nonce(), &input("x"));
        world.now = world.now + waits;
        world.take_over(Predecessor::Dead);
        world.notice(GatewayKind::User, GatewayNotice::SessionLost);
        world.ready(GatewayKind::User, "another", USER);
        world.ms(2_000);
        if waits.is_zero() {
            let form = world.last();
            assert_eq!(form.body["type"], json!(5));
            world.answer(
                &form,
                404,
                r#"{"code":10062,"message":"Unknown interaction"}"#,
            );
            world.ms(2_000);
        }
        // The one that named the lost session opens nothing.
        let lost = world.last();
        world.accept(&lost);
        world.ms(2_000);
        let again = world.last();
        assert_eq!(again.body["type"], json!(3));
        assert_eq!(again.body["session_id"], "another");
        world.accept(&again);
        world.open_form(&again.nonce(), &input("x"));
        world.ms(1_000);
        let form = world.last();
        assert_eq!(*written(&form), json!("wider"));
        world.answer(
            &form,
            404,
            r#"{"code":10062,"message":"Unknown interaction"}"#,
        );
        assert_eq!(
            world.view(id).fail_code,
            Some(FailCode::InteractionFailed),
            "what this owner opened itself is not pressed for ever"
        );
    }
}
