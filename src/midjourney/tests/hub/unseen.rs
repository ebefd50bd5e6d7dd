//! Commands that Discord took, of an account whose own session nobody listens to, and of which nothing is seen.

use std::time::Duration;

use mj_midjourney::{
    config::{GatewayKind, GatewayMode},
    hub::{GatewayNotice, Predecessor},
    refusal::FailCode,
    task::{Status, TaskId},
};

use super::{
    post::{self, uuid},
    world::{USER, World, account, config},
};

/// How long a sign is waited for.
const PATIENCE: Duration = Duration::from_secs(120);
const SHORT_OF_IT: Duration = Duration::from_secs(119);
const REST: Duration = Duration::from_secs(2);

fn sent(world: &mut World, prompt: &str) -> TaskId {
    let id = world.imagine_plain(prompt);
    world.ms(400);
    let sent = world.last();
    assert!(sent.body.to_string().contains(prompt), "{prompt} was sent");
    world.accept(&sent);
    id
}

fn started(world: &mut World, prompt: &str) {
    let number = world.number();
    let start = post::start(world.now.unix, number, prompt, USER);
    world.create(GatewayKind::Bot, &start);
}

#[test]
fn a_refusal_that_nobody_sees_ends_the_task_in_two_minutes() {
    let mut world = World::new(GatewayMode::Bot);
    let id = sent(&mut world, "two owls");
    world.pass(SHORT_OF_IT);
    assert_eq!(world.status(id), Status::Submitted);
    world.pass(REST);
    let view = world.view(id);
    assert_eq!(view.fail_code, Some(FailCode::Unseen));
    let reason = view.fail_reason.unwrap();
    assert!(reason.contains("which only a gateway session of the account itself shows"));

    // It had only waited, longer than anybody would think.
    let number = world.number();
    let mut late = post::grid(world.now.unix, number, "two owls", USER, 1, 5);
    late.0.as_object_mut().unwrap().remove("message_reference");
    world.create(GatewayKind::Bot, &late);
    let view = world.view(id);
    assert_eq!((view.status, view.late), (Status::Success, true));
}

#[test]
fn what_its_own_session_watches_has_its_whole_time() {
    let mut world = World::new(GatewayMode::Both);
    let id = sent(&mut world, "two owls");
    world.pass(Duration::from_secs(590));
    assert_eq!(world.status(id), Status::Submitted);
    world.pass(Duration::from_secs(20));
    assert_eq!(world.view(id).fail_code, Some(FailCode::Timeout));
}

#[test]
fn another_accounts_session_does_not_see_it_either() {
    let mut config = config(GatewayMode::Both);
    config.accounts.push(account("other"));
    let mut world = World::with(config);
    let mut task = world.task("two owls");
    task.work.named_account = Some("other".to_owned());
    let id = world.submit(task);
    world.ms(400);
    let sent = world.last();
    assert_eq!(sent.token, "token-other");
    world.accept(&sent);
    world.pass(PATIENCE + REST);
    assert_eq!(world.view(id).fail_code, Some(FailCode::Unseen));
}

#[test]
fn a_press_may_show_nothing_before_its_picture() {
    let mut world = World::new(GatewayMode::Bot);
    let id = world.press(77, &format!("MJ::JOB::variation::1::{}", uuid(50)));
    world.ms(400);
    let sent = world.last();
    world.accept(&sent);
    world.pass(Duration::from_secs(590));
    assert_eq!(world.status(id), Status::Submitted);
    world.pass(Duration::from_secs(20));
    assert_eq!(world.view(id).fail_code, Some(FailCode::Unseen));
}

#[test]
fn a_job_may_wait_behind_an_earlier_one_and_not_behind_a_later_one() {
    let mut world = World::new(GatewayMode::Bot);
    let first = sent(&mut world, "a red fox");
    started(&mut world, "a red fox");
    assert_eq!(world.status(first), Status::InProgress);
    let second = sent(&mut world, "two owls");
    world.pass(PATIENCE + REST);
    assert_eq!(
        world.status(second),
        Status::Submitted,
        "the first still runs"
    );
    let third = sent(&mut world, "a bear");
    started(&mut world, "a bear");
    assert_eq!(world.status(third), Status::InProgress);
    world.pass(PATIENCE);
    assert_eq!(world.view(second).fail_code, Some(FailCode::Unseen));
    assert_eq!(world.status(first), Status::InProgress);
}

#[test]
fn the_time_in_which_nobody_listens_does_not_count() {
    let mut world = World::new(GatewayMode::Bot);
    let id = sent(&mut world, "two owls");
    world.pass(Duration::from_secs(60));
    world.notice(GatewayKind::Bot, GatewayNotice::Down);
    world.pass(Duration::from_secs(90));
    assert_eq!(world.status(id), Status::Submitted);
    world.notice(GatewayKind::Bot, GatewayNotice::Resumed);
    world.pass(SHORT_OF_IT);
    assert_eq!(world.status(id), Status::Submitted);
    world.pass(PATIENCE);
    assert_eq!(world.view(id).fail_code, Some(FailCode::Unseen));
}

#[test]
fn the_next_owner_waits_for_a_sign_anew() {
    let mut world = World::new(GatewayMode::Bot);
    let id = sent(&mut world, "two owls");
    world.pass(Duration::from_secs(100));
    world.take_over(Predecessor::Dead);
    world.connect();
    world.pass(SHORT_OF_IT);
    assert_eq!(world.status(id), Status::Submitted);
    world.pass(REST);
    assert_eq!(world.view(id).fail_code, Some(FailCode::Unseen));
}
