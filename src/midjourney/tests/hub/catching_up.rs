//! Reading the channel by REST, where it is long, and where not every token may.

use mj_discord::snowflake::ChannelId;
use mj_midjourney::{
    config::{GatewayKind, GatewayMode},
    hub::{GatewayNotice, Predecessor},
    refusal::FailCode,
    task::Status,
};

use super::{
    post::{self, CHANNEL},
    world::{USER, World, account, config},
};

const PROMPT: &str = "a red fox --seed 7";

#[test]
fn a_long_channel_is_read_to_its_end() {
    let mut world = World::new(GatewayMode::Off);
    let id = world.imagine("a red fox", 7);
    let sent = world.last();
    world.accept(&sent);
    let number = world.number();
    let start = post::start(world.now.unix, number, PROMPT, USER);
    world.history.push(start.clone());
    for _ in 0..4_500 {
        let number = world.number();
        let foreign = post::start(world.now.unix, number, "somebody's", USER + 1);
        world.history.push(foreign);
    }
    world.ms(1_000);
    let number = world.number();
    let done = post::grid(world.now.unix, number, PROMPT, USER, start.id(), 9);
    world.history.push(done);
    world.ms(240_000);
    assert_eq!(world.status(id), Status::Success);
}

#[test]
fn a_channel_is_read_by_an_account_that_may() {
    let mut config = config(GatewayMode::Bot);
    config.accounts.push(account("second"));
    config.accounts[1].channel_id = Some(ChannelId(CHANNEL + 1));
    let mut world = World::with(config);
    world.answers_history = false;
    let mut task = world.task("a red fox");
    task.work.sent_prompt = Some(PROMPT.to_owned());
    task.work.named_account = Some("second".to_owned());
    let id = world.submit(task);
    let sent = world.last();
    world.lose(&sent);
    let number = world.number();
    let mut start = post::start(world.now.unix, number, PROMPT, USER + 10);
    start.0["channel_id"] = (CHANNEL + 1).to_string().into();
    let own = format!("/channels/{}/", CHANNEL + 1);
    let mut seen = 0;
    for _ in 0..60 {
        world.ms(1_000);
        while let Some(page) = world.sent.get(seen).cloned() {
            seen += 1;
            if !page.path.starts_with("/channels/") {
                continue;
            }
            if !page.path.starts_with(&own) {
                assert_eq!(page.token, "bot", "the bot may read where it is");
                world.answer(&page, 200, "[]");
            } else if page.token == "token-second" {
                let body = serde_json::Value::from(vec![start.0.clone()]);
                world.answer(&page, 200, &body.to_string());
            } else {
                world.answer(&page, 403, r#"{"code":50001,"message":"Missing Access"}"#);
            }
        }
    }
    assert_eq!(
        (world.status(id), world.interactions().len()),
        (Status::InProgress, 1)
    );
}

#[test]
fn a_late_picture_is_looked_for_without_a_gateway() {
    let mut world = World::new(GatewayMode::Off);
    let id = world.imagine("a red fox", 7);
    let sent = world.last();
    world.accept(&sent);
    let number = world.number();
    let start = post::start(world.now.unix, number, PROMPT, USER);
    world.history.push(start.clone());
    world.ms(11 * 60_000);
    assert_eq!(world.view(id).fail_code, Some(FailCode::Timeout));
    let number = world.number();
    let done = post::grid(world.now.unix, number, PROMPT, USER, start.id(), 9);
    world.history.push(done);
    world.ms(60_000);
    assert_eq!(
        (world.status(id), world.view(id).late),
        (Status::Success, true)
    );
    let read = world.sent.len();
    world.ms(60 * 60_000);
    assert_eq!(world.sent.len(), read, "nothing is left to look for");
}

#[test]
fn what_a_session_left_out_is_read() {
    let mut world = World::new(GatewayMode::Bot);
    let id = world.imagine("a red fox", 7);
    let sent = world.last();
    world.accept(&sent);
    world.take_over(Predecessor::Dead);
    world.notice(GatewayKind::Bot, GatewayNotice::Resumed);
    world.ms(20_000);
    let number = world.number();
    let start = post::start(world.now.unix, number, PROMPT, USER);
    world.history.push(start);
    world.notice(GatewayKind::Bot, GatewayNotice::Missed);
    world.ms(30_000);
    assert_eq!(world.status(id), Status::InProgress);
}

#[test]
fn a_task_whose_interaction_was_left_out_is_known_by_its_key() {
    let mut world = World::new(GatewayMode::User);
    let id = world.imagine("a red fox", 7);
    let sent = world.last();
    world.accept(&sent);
    let number = world.number();
    let interaction = world.interaction_id();
    let start = post::start(world.now.unix, number, PROMPT, USER).made_by(interaction, 2, USER);
    let text = start.0["content"].as_str().unwrap();
    let text = text.replace("Waiting to start", "11%");
    let progress = start.edited(&text, 3);
    world.notice(GatewayKind::User, GatewayNotice::Missed);
    world.update(GatewayKind::User, &progress);
    assert_eq!(world.status(id), Status::InProgress);
}
