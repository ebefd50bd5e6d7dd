//! Midjourney and Discord say no.

use std::time::Duration;

use mj_midjourney::{
    account::AccountState,
    config::{GatewayKind, GatewayMode},
    refusal::FailCode,
    store::TaskStore,
    task::{Status, TaskId},
};

use super::{
    post::{self, Post},
    world::{USER, World},
};

const OUTDATED: &str = r#"{"code":50035,"message":"x","errors":{"data":{"_errors":[
    {"code":"INTERACTION_APPLICATION_COMMAND_INVALID_VERSION","message":"x"}]}}}"#;

fn notice(world: &mut World, title: &str, text: &str) -> Post {
    let nonce = world.last().nonce();
    let number = world.number();
    Post::new(world.now.unix, number, "")
        .nonce(&nonce)
        .ephemeral()
        .notice(title, text, "/imagine a red fox --seed 7")
}

fn sent(world: &mut World) -> TaskId {
    let id = world.imagine("a red fox", 7);
    let sent = world.last();
    world.accept(&sent);
    id
}

#[test]
fn a_full_queue_is_tried_again_once_for_each_notice() {
    let mut world = World::new(GatewayMode::User);
    let id = sent(&mut world);
    let full = notice(
        &mut world,
        "Queue full",
        "Your job queue is full. Please wait for a job to finish first.",
    );
    world.create(GatewayKind::User, &full);
    assert_eq!(world.status(id), Status::Submitted);
    world.ms(16_000);
    assert_eq!(world.interactions().len(), 2);
    let second = world.last();
    world.accept(&second);
    world.create(GatewayKind::User, &full);
    world.ms(60_000);
    assert_eq!(world.interactions().len(), 2, "the notice came twice");
    let number = world.number();
    let start =
        post::start(world.now.unix, number, "a red fox --seed 7", USER).nonce(&second.nonce());
    world.create(GatewayKind::User, &start);
    assert_eq!(world.status(id), Status::InProgress);
}

#[test]
fn job_queued_is_no_failure() {
    let mut world = World::new(GatewayMode::User);
    let id = sent(&mut world);
    let queued = notice(
        &mut world,
        "Job queued",
        "You have reached the maximum allowed number of concurrent jobs.",
    );
    world.create(GatewayKind::User, &queued);
    assert_eq!(world.status(id), Status::Submitted);
}

#[test]
fn a_banned_prompt_ends_the_task_with_midjourneys_words() {
    let mut world = World::new(GatewayMode::User);
    let id = sent(&mut world);
    let banned = notice(
        &mut world,
        "Banned prompt detected",
        "The word foxglove is banned.",
    );
    world.create(GatewayKind::User, &banned);
    let view = world.view(id);
    assert_eq!(
        (view.status, view.fail_code),
        (Status::Failure, Some(FailCode::BannedPrompt))
    );
    assert!(view.fail_reason.unwrap().contains("foxglove"));
}

#[test]
fn a_human_check_stops_the_account() {
    let mut world = World::new(GatewayMode::User);
    let id = sent(&mut world);
    let check = notice(
        &mut world,
        "Pending mod message",
        "You have a pending moderation message.",
    );
    world.create(GatewayKind::User, &check);
    assert_eq!(world.view(id).fail_code, Some(FailCode::PendingModMessage));
    let next = world.imagine("another", 8);
    assert_eq!(
        world.view(next).fail_code,
        Some(FailCode::PendingModMessage)
    );
    let health = world.store.accounts(&world.id).unwrap();
    assert_eq!(
        health[0].state,
        AccountState::Disabled {
            code: FailCode::PendingModMessage
        }
    );
    world.config.queue_size += 1;
    let config = world.config.clone();
    world.hub.handle_config(world.now, config);
    world.run();
    world.ms(1_000);
    let third = world.imagine("a third", 9);
    assert_eq!(world.status(third), Status::Submitted, "somebody acted");
}

#[test]
fn an_outdated_command_is_read_again_and_sent_once_more() {
    let mut world = World::new(GatewayMode::Bot);
    let id = world.imagine("a red fox", 7);
    let first = world.last();
    world.answer(&first, 400, OUTDATED);
    let asked = world.sent.last().unwrap().clone();
    assert_eq!(asked.path, "/guilds/5/application-command-index");
    let index = r#"{"application_commands":[{"id":"938956540159881230","application_id":"936929561302675456",
        "version":"1493662068505706999","name":"imagine","type":1,"options":[]}]}"#;
    world.answer(&asked, 200, index);
    world.ms(1_000);
    let second = world.last();
    assert_eq!(second.body["data"]["version"], "1493662068505706999");
    assert_ne!(second.nonce(), first.nonce());
    world.answer(&second, 400, OUTDATED);
    assert_eq!(world.view(id).fail_code, Some(FailCode::CommandOutdated));
    assert!(
        world
            .store
            .load(world.now.unix, &world.id, 1)
            .unwrap()
            .command_index
            .is_some()
    );
}

#[test]
fn a_rate_limit_is_waited_for() {
    let mut world = World::new(GatewayMode::Bot);
    world.imagine("a red fox", 7);
    let first = world.last();
    world.answer(
        &first,
        429,
        r#"{"message":"x","retry_after":2.0,"global":false}"#,
    );
    world.ms(1_900);
    assert_eq!(world.interactions().len(), 1);
    world.ms(300);
    assert_eq!(world.interactions().len(), 2);
}

#[test]
fn a_dead_token_is_not_used_again() {
    let mut world = World::new(GatewayMode::Bot);
    let id = world.imagine("a red fox", 7);
    let first = world.last();
    world.answer(&first, 401, r#"{"message":"401: Unauthorized","code":0}"#);
    assert_eq!(world.view(id).fail_code, Some(FailCode::Unauthorized));
    let sent = world.sent.len();
    world.imagine("another", 8);
    world.pass(Duration::from_secs(5 * 60));
    assert_eq!(
        world
            .sent
            .iter()
            .skip(sent)
            .filter(|sent| sent.token == "token-main")
            .count(),
        0
    );
}
