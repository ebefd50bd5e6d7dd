//! Several accounts: spacing, limits, names, and moving away from one that is stopped.

use mj_discord::snowflake::ChannelId;
use mj_midjourney::{
    account::AccountState,
    config::GatewayMode,
    hub::{Answer, Predecessor},
    refusal::FailCode,
    task::Status,
};

use super::{
    post,
    world::{USER, World, account, config},
};

fn two() -> World {
    let mut config = config(GatewayMode::Bot);
    config.accounts.push(account("second"));
    World::with(config)
}

#[test]
fn an_account_keeps_its_distance_and_its_limit() {
    let mut world = World::new(GatewayMode::Bot);
    for seed in 1..=5 {
        world.imagine("a fox", seed);
    }
    assert_eq!(world.interactions().len(), 1);
    for (ms, count) in [(340, 1), (20, 2), (340, 3), (5_000, 3)] {
        for sent in world.interactions() {
            world.accept(&sent);
        }
        world.ms(ms);
        assert_eq!(world.interactions().len(), count);
    }
}

#[test]
fn tasks_go_to_the_least_busy_account() {
    let mut world = two();
    for seed in 1..=4 {
        world.imagine("a fox", seed);
        world.ms(1_000);
        let sent = world.last();
        world.accept(&sent);
    }
    let tokens: Vec<String> = world
        .interactions()
        .into_iter()
        .map(|sent| sent.token)
        .collect();
    assert_eq!(
        tokens.iter().filter(|token| *token == "token-main").count(),
        2
    );
}

#[test]
fn an_unnamed_task_moves_to_another_account() {
    let mut world = two();
    let mut named = world.task("named");
    named.work.named_account = Some("main".to_owned());
    let free = world.imagine("free", 1);
    let first = world.last();
    assert_eq!(first.token, "token-main");
    let named = world.submit(named);
    world.answer(&first, 403, r#"{"code":50001,"message":"Missing Access"}"#);
    world.ms(1_000);
    assert_eq!(
        world.view(named).fail_code,
        Some(FailCode::Forbidden),
        "its account is the one that is stopped"
    );
    assert_eq!(world.last().token, "token-second");
    assert_eq!(
        (world.status(free), world.view(free).account.as_deref()),
        (Status::Submitted, Some("second"))
    );
}

#[test]
fn an_unknown_account_is_said_so() {
    let mut world = World::new(GatewayMode::Bot);
    let mut task = world.task("x");
    task.work.named_account = Some("nobody".to_owned());
    let id = world.submit(task);
    assert_eq!(world.view(id).fail_code, Some(FailCode::AccountDisabled));
}

#[test]
fn what_failed_with_its_account_is_not_sent_when_the_account_returns() {
    let mut world = two();
    for account in &mut world.config.accounts {
        account.concurrency = 1;
    }
    let config = world.config.clone();
    world.hub.handle_config(world.now, config.clone());
    world.run();
    let tasks: Vec<_> = (1..=6).map(|seed| world.imagine("a fox", seed)).collect();
    world.ms(1_000);
    let sent = world.interactions().len();
    let mut none = config.clone();
    for account in &mut none.accounts {
        account.enabled = false;
    }
    world.hub.handle_config(world.now, none);
    world.run();
    for id in &tasks[2..] {
        assert_eq!(world.view(*id).fail_code, Some(FailCode::AccountDisabled));
    }
    assert_eq!(world.hub.status().waiting, 0);
    let mut many = config;
    for account in &mut many.accounts {
        account.concurrency = 5;
    }
    world.hub.handle_config(world.now, many);
    world.run();
    world.ms(5_000);
    assert_eq!(world.interactions().len(), sent);
}

#[test]
fn a_proxys_own_401_says_nothing_of_the_account() {
    let mut world = World::new(GatewayMode::Bot);
    world.imagine("a fox", 1);
    let sent = world.last();
    let page = Answer::Response {
        status: 401,
        headers: vec![("content-type".to_owned(), "text/html".to_owned())],
        body: b"<html>nginx</html>".to_vec(),
    };
    world.hub.handle_answer(world.now, sent.id, page);
    world.run();
    assert_eq!(world.hub.status().accounts[0].state, AccountState::Usable);
    let next = world.imagine("a fox", 2);
    world.ms(1_000);
    assert_eq!(world.status(next), Status::Submitted);
}

#[test]
fn an_account_that_returns_has_its_jobs_still() {
    let mut world = two();
    for account in &mut world.config.accounts {
        account.concurrency = 1;
    }
    let both = world.config.clone();
    world.hub.handle_config(world.now, both.clone());
    for seed in 1..=2 {
        world.imagine("a fox", seed);
        world.ms(1_000);
        let sent = world.last();
        world.accept(&sent);
    }
    world.config.accounts.truncate(1);
    world.take_over(Predecessor::Dead);
    world.connect();
    world.config = both.clone();
    world.hub.handle_config(world.now, both);
    world.run();
    world.imagine("a fox", 3);
    world.ms(5_000);
    assert_eq!(world.interactions().len(), 2);
}

#[test]
fn an_account_that_is_switched_off_still_gets_its_picture() {
    let mut world = World::new(GatewayMode::Off);
    let id = world.imagine("a fox", 7);
    let sent = world.last();
    world.accept(&sent);
    let mut off = world.config.clone();
    off.accounts[0].enabled = false;
    world.hub.handle_config(world.now, off);
    world.run();
    world.ms(1_000);
    let (first, second) = (world.number(), world.number());
    let start = post::start(world.now.unix, first, "a fox --seed 7", USER);
    let grid = post::grid(
        world.now.unix,
        second,
        "a fox --seed 7",
        USER,
        start.id(),
        1,
    );
    world.history.extend([start, grid]);
    world.ms(60_000);
    assert_eq!(world.status(id), Status::Success);
}

#[test]
fn the_channel_of_an_account_that_left_is_watched_on() {
    let mut config = config(GatewayMode::Bot);
    config.accounts.push(account("second"));
    config.accounts[1].channel_id = Some(ChannelId(77));
    let mut world = World::with(config);
    let mut task = world.task("a fox --seed 7");
    task.work.named_account = Some("second".to_owned());
    world.submit(task);
    let sent = world.last();
    world.accept(&sent);
    assert_eq!(world.hub.other_channels().count(), 0);
    world.config.accounts.truncate(1);
    world.hub.handle_config(world.now, world.config.clone());
    world.run();
    let others: Vec<ChannelId> = world.hub.other_channels().collect();
    assert_eq!(others, [ChannelId(77)]);
}
