//! What stops a task or an account for a while, and what brings it on again.

use std::time::Duration;

use mj_discord::{UnixMs, snowflake::ChannelId};
use mj_midjourney::{
    account::AccountState,
    config::{GatewayKind, GatewayMode},
    hub::{Answer, FailureKind, GatewayNotice, Predecessor},
    refusal::{FailCode, Lang, Outcome, Row, TABLE},
    store::TaskStore,
    task::{Mode, Stage, Status, TaskId},
};

use super::{
    post::{self, Post, uuid},
    world::{USER, World, account, config},
};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const PROMPT: &str = "a red fox --seed 7";

fn sent(world: &mut World) -> TaskId {
    let id = world.imagine("a red fox", 7);
    let sent = world.last();
    world.accept(&sent);
    id
}

fn tell(world: &mut World, title: &str, text: &str) -> Post {
    let nonce = world.last().nonce();
    let number = world.number();
    let post = Post::new(world.now.unix, number, "")
        .nonce(&nonce)
        .ephemeral()
        .notice(title, text, "/imagine a red fox --seed 7")
        .buttons(&["MJ::Prompts::Appeal::1".to_owned()]);
    world.create(GatewayKind::User, &post);
    post
}

fn state(world: &World, at: usize) -> AccountState {
    world.hub.status().accounts[at].state.clone()
}

fn two(gateway: GatewayMode) -> World {
    let mut config = config(gateway);
    config.accounts.push(account("second"));
    World::with(config)
}

/// One notice after another: what the table says is what happens.
#[test]
fn every_notice_does_what_its_row_says() {
    let told = |row: &&Row| !row.phrases.is_empty();
    for row in TABLE.iter().filter(told) {
        let mut world = World::new(GatewayMode::User);
        let id = sent(&mut world);
        tell(&mut world, row.phrases[0], "");
        let view = world.view(id);
        let retried_or_waits = row.again.is_some()
            || row.outcome == Outcome::Waits
            || row.code == Some(FailCode::Moderated) && row.outcome == Outcome::NeedsPerson;
        if retried_or_waits {
            assert_eq!(view.status, Status::Submitted, "{}", row.label);
        } else {
            assert_eq!(view.fail_code, row.code, "{}", row.label);
            let reason = view.fail_reason.unwrap();
            assert!(
                reason.starts_with(row.code.unwrap().message(Lang::En)),
                "{reason}"
            );
            assert!(reason.ends_with(row.phrases[0]), "{reason}");
        }
        assert_eq!(
            view.stage == Some(Stage::WaitingToRetry),
            row.again.is_some(),
            "{}",
            row.label
        );
        assert_eq!(
            state(&world, 0).code().is_some(),
            row.scope() == mj_midjourney::refusal::Scope::Account,
            "{}",
            row.label
        );
    }
}

#[test]
fn reasons_are_in_the_hubs_language_with_midjourneys_words_behind() {
    let mut config = config(GatewayMode::User);
    config.lang = Lang::Zh;
    let mut world = World::with(config);
    let id = sent(&mut world);
    tell(&mut world, "Banned prompt detected", "foxglove");
    assert_eq!(
        world.view(id).fail_reason.as_deref(),
        Some("提示词包含违禁词：Banned prompt detected: foxglove")
    );
}

#[test]
fn a_moderated_prompt_waits_for_a_person_and_then_fails_as_moderated() {
    let mut world = World::new(GatewayMode::User);
    let id = sent(&mut world);
    tell(&mut world, "Action needed to continue", "Sorry!");
    let view = world.view(id);
    assert_eq!(
        (view.status, view.stage),
        (Status::Submitted, Some(Stage::Moderated))
    );
    assert_eq!(view.buttons[0].custom_id, "MJ::Prompts::Appeal::1");
    assert!(view.notes[0].contains("Sorry!"));
    let count = world.interactions().len();
    world.pass(10 * MINUTE);
    let view = world.view(id);
    assert_eq!(view.fail_code, Some(FailCode::Moderated));
    assert!(view.fail_reason.unwrap().contains("Sorry!") && view.buttons.is_empty());
    assert_eq!(
        world.interactions().len(),
        count,
        "nothing was pressed for the person"
    );
}

#[test]
fn an_appealed_prompt_goes_on() {
    for takes_over in [false, true] {
        let mut world = World::new(GatewayMode::User);
        let id = sent(&mut world);
        let notice = tell(&mut world, "Action needed to continue", "Sorry!");
        if takes_over {
            world.take_over(Predecessor::Dead);
            world.connect();
        }
        world.pass(2 * MINUTE);
        let (number, appeal) = (world.number(), world.interaction_id());
        let start = post::start(world.now.unix, number, PROMPT, USER)
            .reply_to(notice.id())
            .made_by(appeal, 3, USER);
        world.create(GatewayKind::User, &start);
        let view = world.view(id);
        assert_eq!(
            (
                view.status,
                view.stage,
                view.buttons.len(),
                view.notes.len()
            ),
            (Status::InProgress, Some(Stage::WaitingToStart), 0, 0)
        );
        let number = world.number();
        let last = post::grid(world.now.unix, number, PROMPT, USER, start.id(), 3);
        world.create(GatewayKind::User, &last);
        assert_eq!(world.status(id), Status::Success);
    }
}

#[test]
fn slow_down_is_waited_out_until_its_stamp() {
    let mut world = World::new(GatewayMode::User);
    let id = sent(&mut world);
    let at = world.now.unix.plus(Duration::from_secs(90));
    let text = format!(
        "You can request another upscale for this image <t:{}:R>",
        at.0 / 1_000
    );
    tell(&mut world, "Slow Down!", &text);
    let view = world.view(id);
    assert_eq!(view.stage, Some(Stage::WaitingToRetry));
    assert!(view.not_before.unwrap() >= UnixMs(at.0 / 1_000 * 1_000));
    world.ms(89_000);
    assert_eq!(world.interactions().len(), 1);
    world.ms(3_000);
    assert_eq!(world.interactions().len(), 2);
    assert_eq!(world.view(id).not_before, None);
}

#[test]
fn job_queued_is_a_stage() {
    let mut world = World::new(GatewayMode::User);
    let id = sent(&mut world);
    tell(&mut world, "Job queued", "");
    assert_eq!(world.view(id).stage, Some(Stage::Queued));
    let (number, nonce) = (world.number(), world.last().nonce());
    let start = post::start(world.now.unix, number, PROMPT, USER).nonce(&nonce);
    world.create(GatewayKind::User, &start);
    assert_eq!(world.view(id).stage, Some(Stage::WaitingToStart));
}

#[test]
fn a_full_queue_sends_the_task_to_another_account() {
    let mut world = two(GatewayMode::User);
    let id = sent(&mut world);
    assert_eq!(world.last().token, "token-main");
    tell(&mut world, "Queue full", "");
    world.ms(1_000);
    assert_eq!(world.last().token, "token-second");
    assert_eq!(world.view(id).account.as_deref(), Some("second"));
}

#[test]
fn a_rate_limit_sends_the_task_to_another_account() {
    let mut world = two(GatewayMode::Bot);
    let id = world.imagine("a red fox", 7);
    let first = world.last();
    world.answer(&first, 429, r#"{"retry_after":60.0,"global":false}"#);
    world.ms(1_000);
    assert_eq!(world.last().token, "token-second");
    assert_eq!(world.status(id), Status::Submitted);
}

#[test]
fn a_held_key_sends_the_task_to_another_account() {
    let mut world = two(GatewayMode::Bot);
    let first = world.imagine_plain("two owls");
    world.ms(1_000);
    let second = world.imagine_plain("two owls");
    world.ms(1_000);
    let tokens: Vec<String> = world
        .interactions()
        .into_iter()
        .map(|it| it.token)
        .collect();
    assert_eq!(tokens, ["token-main", "token-second"]);
    assert_ne!(world.view(first).account, world.view(second).account);
}

#[test]
fn a_block_with_a_time_is_over_by_itself() {
    let mut config = config(GatewayMode::User);
    config.timeout = 3 * HOUR;
    let mut world = World::with(config);
    let id = sent(&mut world);
    tell(
        &mut world,
        "Blocked",
        "You have been blocked from accessing Midjourney for 1 hour",
    );
    let until = world.now.unix.plus(HOUR);
    let code = FailCode::Blocked;
    assert_eq!(state(&world, 0), AccountState::Paused { code, until });
    let waiting = world.imagine("another", 8);
    assert_eq!(world.status(waiting), Status::NotStart, "it waits");
    world.pass(59 * MINUTE);
    assert_eq!(world.interactions().len(), 1);
    world.pass(2 * MINUTE);
    assert_eq!(state(&world, 0), AccountState::Usable);
    assert_eq!(world.interactions().len(), 3);
    assert_eq!(
        world.status(id),
        Status::Submitted,
        "the refused one is sent again as well"
    );
}

#[test]
fn a_task_that_waits_for_a_pause_too_long_fails_with_the_accounts_code() {
    let mut world = World::new(GatewayMode::User);
    sent(&mut world);
    tell(&mut world, "Blocked", "You have been blocked for 2 days");
    let waiting = world.imagine("another", 8);
    world.pass(9 * MINUTE);
    assert_eq!(world.status(waiting), Status::NotStart);
    world.pass(2 * MINUTE);
    let view = world.view(waiting);
    assert_eq!(view.fail_code, Some(FailCode::Blocked));
    assert!(view.fail_reason.unwrap().contains("2 days"));
}

#[test]
fn without_fast_hours_an_account_still_relaxes() {
    let mut world = World::new(GatewayMode::User);
    sent(&mut world);
    tell(&mut world, "Credits exhausted", "");
    let mut relaxed = world.task("calm");
    relaxed.work.wanted_mode = Some(Mode::Relax);
    let fast = world.imagine("quick", 8);
    let relaxed = world.submit(relaxed);
    world.ms(2_000);
    assert_eq!(
        (world.status(fast), world.status(relaxed)),
        (Status::NotStart, Status::Submitted)
    );
}

#[test]
fn a_job_begun_since_shows_that_a_person_has_cleared_the_account() {
    let mut world = World::new(GatewayMode::User);
    sent(&mut world);
    tell(&mut world, "Pending mod message", "");
    let early = (world.number(), world.interaction_id());
    let start = post::start(world.now.unix, early.0, "by hand", USER).made_by(early.1, 2, USER);
    world.create(GatewayKind::User, &start);
    assert!(
        state(&world, 0).code().is_some(),
        "it may have been sent before"
    );
    world.pass(MINUTE);
    let (number, other) = (world.number(), world.interaction_id());
    let foreign = post::start(world.now.unix, number, "by hand", 5).made_by(other, 2, 5);
    world.create(GatewayKind::User, &foreign);
    assert!(state(&world, 0).code().is_some(), "another user's");
    let (number, own) = (world.number(), world.interaction_id());
    let start = post::start(world.now.unix, number, "by hand", USER).made_by(own, 2, USER);
    world.create(GatewayKind::User, &start);
    assert_eq!(state(&world, 0), AccountState::Usable);
}

#[test]
fn a_dead_token_is_tried_once_an_hour_and_after_a_change() {
    let mut world = World::new(GatewayMode::Bot);
    world.imagine("a red fox", 7);
    world.answers_identity = false;
    let first = world.last();
    let unauthorized = r#"{"message":"401: Unauthorized","code":0}"#;
    world.answer(&first, 401, unauthorized);
    let asked = |world: &World| {
        let is_probe = |sent: &&super::world::Sent| sent.path == "/users/@me";
        world
            .sent
            .iter()
            .filter(is_probe)
            .cloned()
            .collect::<Vec<_>>()
    };
    let before = asked(&world).len();
    world.pass(59 * MINUTE);
    assert_eq!(asked(&world).len(), before);
    world.pass(2 * MINUTE);
    assert_eq!(asked(&world).len(), before + 1);
    let probe = asked(&world).last().unwrap().clone();
    world.answer(&probe, 401, unauthorized);
    world.config.queue_size += 1;
    let config = world.config.clone();
    world.hub.handle_config(world.now, config);
    world.run();
    assert_eq!(asked(&world).len(), before + 2, "somebody acted");
    assert!(state(&world, 0).code().is_some(), "not believed unseen");
    let probe = asked(&world).last().unwrap().clone();
    world.answer(&probe, 200, &format!(r#"{{"id":"{USER}"}}"#));
    assert_eq!(state(&world, 0), AccountState::Usable);
    let next = world.imagine("another", 8);
    assert_eq!(world.status(next), Status::Submitted);
}

#[test]
fn a_configuration_changed_while_nobody_owned_counts_as_well() {
    let mut world = World::new(GatewayMode::User);
    sent(&mut world);
    tell(&mut world, "Pending mod message", "");
    world.take_over(Predecessor::Dead);
    assert!(state(&world, 0).code().is_some());
    world.config.queue_size += 1;
    world.take_over(Predecessor::Dead);
    assert_eq!(state(&world, 0), AccountState::Usable);
    assert_eq!(
        world.store.accounts(&world.id).unwrap()[0].state,
        AccountState::Usable
    );
}

#[test]
fn a_ban_of_the_address_outlasts_a_change() {
    let mut world = World::new(GatewayMode::Bot);
    world.imagine("a red fox", 7);
    let first = world.last();
    world.answer(&first, 429, "<html>error 1015</html>");
    let code = Some(FailCode::RateLimited);
    assert_eq!(state(&world, 0).code(), code);
    world.config.queue_size += 1;
    let config = world.config.clone();
    world.hub.handle_config(world.now, config);
    world.run();
    assert_eq!(state(&world, 0).code(), code);
    world.pass(11 * MINUTE);
    assert_eq!(state(&world, 0), AccountState::Usable);
}

#[test]
fn another_accounts_arrival_is_no_change_of_a_stopped_one() {
    let mut world = World::new(GatewayMode::User);
    sent(&mut world);
    tell(&mut world, "Pending mod message", "");
    world.config.accounts.push(account("brought-along"));
    let config = world.config.clone();
    world.hub.handle_config(world.now, config);
    world.run();
    assert!(state(&world, 0).code().is_some(), "nobody cleared it");
    world.take_over(Predecessor::Dead);
    assert!(state(&world, 0).code().is_some());
    world.config.queue_size += 1;
    let config = world.config.clone();
    world.hub.handle_config(world.now, config);
    world.run();
    assert_eq!(state(&world, 0), AccountState::Usable);
}

#[test]
fn a_time_out_names_what_an_observer_does_not_see() {
    for (gateway, code, is_blind) in [
        (GatewayMode::Bot, FailCode::Unseen, true),
        (GatewayMode::User, FailCode::Timeout, false),
    ] {
        let mut world = World::new(gateway);
        let id = sent(&mut world);
        world.pass(20 * MINUTE);
        let view = world.view(id);
        assert_eq!(view.fail_code, Some(code));
        let reason = view.fail_reason.unwrap();
        assert_eq!(reason.contains("human check"), is_blind, "{reason}");
    }
}

#[test]
fn a_stopped_job_waits_for_its_reason() {
    for (gateway, reason, status, code) in [
        (
            GatewayMode::User,
            true,
            Status::Failure,
            Some(FailCode::OutputFiltered),
        ),
        (GatewayMode::User, false, Status::Cancel, None),
        (GatewayMode::Bot, false, Status::Cancel, None),
    ] {
        let mut world = World::new(gateway);
        let kind = match gateway {
            GatewayMode::Bot => GatewayKind::Bot,
            GatewayMode::User | GatewayMode::Both | GatewayMode::Off => GatewayKind::User,
        };
        let id = sent(&mut world);
        let (number, nonce) = (world.number(), world.last().nonce());
        let start = post::start(world.now.unix, number, PROMPT, USER).nonce(&nonce);
        world.create(kind, &start);
        let stopped = start
            .clone()
            .edited(&format!("**{PROMPT}** - <@{USER}> (Stopped)"), 20);
        world.update(kind, &stopped);
        let waits = gateway == GatewayMode::User;
        assert_eq!(world.status(id) == Status::InProgress, waits);
        assert_eq!(world.view(id).stage, Some(Stage::Stopped));
        if reason {
            let number = world.number();
            let words = "Request cancelled due to output filters";
            let notice = Post::new(world.now.unix, number, "")
                .ephemeral()
                .notice(words, "", "/imagine a red fox --seed 7")
                .reply_to(start.id());
            world.create(kind, &notice);
        }
        world.ms(3_000);
        let view = world.view(id);
        assert_eq!((view.status, view.fail_code), (status, code));
        let is_told = view.fail_reason.unwrap().contains("stopped in Discord");
        assert_eq!(is_told, !reason);
    }
}

#[test]
fn jobs_of_a_removed_account_are_watched_with_its_token() {
    let mut old = account("old");
    old.channel_id = Some(ChannelId(77));
    let mut config = config(GatewayMode::Off);
    config.accounts.push(old);
    let mut world = World::with(config);
    world.answers_history = false;
    let mut task = world.task("a red fox");
    task.work.named_account = Some("old".to_owned());
    let running = world.submit(task);
    world.ms(1_000);
    let post = world.last();
    world.accept(&post);
    world.config.accounts.pop();
    let config = world.config.clone();
    world.hub.handle_config(world.now, config);
    world.run();
    assert_eq!(world.status(running), Status::Submitted);
    world.ms(20_000);
    let read = world
        .sent
        .iter()
        .rfind(|it| it.path.starts_with("/channels/77/"))
        .unwrap();
    assert_eq!(read.token, "token-old");
}

#[test]
fn jobs_of_a_moved_account_are_watched_where_they_began() {
    let mut world = World::new(GatewayMode::User);
    let id = sent(&mut world);
    world.config.accounts[0].channel_id = Some(ChannelId(77));
    let config = world.config.clone();
    world.hub.handle_config(world.now, config);
    world.run();
    let (number, nonce) = (world.number(), world.interactions()[0].nonce());
    let start = post::start(world.now.unix, number, PROMPT, USER).nonce(&nonce);
    world.create(GatewayKind::User, &start);
    assert_eq!(world.status(id), Status::InProgress);
    let next = world.imagine("another", 8);
    world.ms(1_000);
    assert_eq!(world.status(next), Status::Submitted);
    assert_eq!(world.last().body["channel_id"], "77");
}

#[test]
fn a_long_outage_leaves_no_trail_of_attempts() {
    let mut config = config(GatewayMode::Bot);
    config.timeout = 4 * HOUR;
    let mut world = World::with(config);
    let id = world.imagine("a red fox", 7);
    let mut failed = 0;
    for _ in 0..200 {
        if let Some(sent) = world.interactions().get(failed).cloned() {
            failed += 1;
            let kind = FailureKind::Connect;
            let lost = Answer::Failure { sent: false, kind };
            world.hub.handle_answer(world.now, sent.id, lost);
            world.run();
        }
        world.ms(31_000);
    }
    assert!(failed > 100);
    assert!(world.whole(id).work.attempts.len() <= 1);
    let last = world.last();
    world.accept(&last);
    let work = world.whole(id).work;
    assert_eq!((work.attempts.len(), work.unsent), (1, 0));
}

#[test]
fn refusals_that_reached_discord_are_bounded_too() {
    let mut config = config(GatewayMode::Bot);
    config.timeout = 4 * HOUR;
    let mut world = World::with(config);
    let id = world.imagine("a red fox", 7);
    for count in 1..=40 {
        let sent = world.interactions()[count - 1].clone();
        world.answer(&sent, 429, r#"{"retry_after":5.0,"global":false}"#);
        world.ms(6_000);
    }
    let work = world.whole(id).work;
    assert!(
        work.attempts.len() <= 17 && work.forgotten >= 23,
        "{}",
        work.forgotten
    );
}

#[test]
fn a_replay_is_seen_with_the_sessions_own_eyes() {
    let mut world = World::new(GatewayMode::User);
    let id = world.imagine_plain("two owls");
    let first = world.last();
    world.lose(&first);
    world.notice(GatewayKind::User, GatewayNotice::Down);
    // The same words by hand, at the same moment, in the replay before RESUMED.
    let (number, foreign) = (world.number(), world.interaction_id());
    let start = post::start(world.now.unix, number, "two owls", USER).made_by(foreign, 2, USER);
    world.create(GatewayKind::User, &start);
    assert_eq!(world.status(id), Status::Submitted, "it is not ours");
    let (number, ours) = (world.number(), world.interaction_id());
    world.interaction(&first.nonce(), ours);
    let start = post::start(world.now.unix, number, "two owls", USER).made_by(ours, 2, USER);
    world.create(GatewayKind::User, &start);
    world.notice(GatewayKind::User, GatewayNotice::Resumed);
    assert_eq!(world.view(id).message_id.unwrap().0, start.id());
}

#[test]
fn an_estimate_comes_from_three_earlier_jobs_and_follows_the_pace() {
    let mut world = World::new(GatewayMode::User);
    for seed in 1..=4_u32 {
        let id = world.imagine("a fox", seed);
        let sent = world.last();
        world.accept(&sent);
        let prompt = format!("a fox --seed {seed}");
        let number = world.number();
        let begun = world.now.unix;
        let start = post::start(begun, number, &prompt, USER).nonce(&sent.nonce());
        world.create(GatewayKind::User, &start);
        let expected = (seed == 4).then(|| begun.plus(Duration::from_secs(40)));
        assert_eq!(world.view(id).estimated_at, expected, "{seed}");
        world.ms(20_000);
        let half = start
            .clone()
            .edited(&format!("**{prompt}** - <@{USER}> (25%) (fast)"), 20);
        world.update(GatewayKind::User, &half);
        let expected = (seed == 4).then(|| begun.plus(Duration::from_secs(50)));
        assert_eq!(world.view(id).estimated_at, expected, "{seed}");
        let back = start
            .clone()
            .edited(&format!("**{prompt}** - <@{USER}> (10%) (fast)"), 21);
        world.update(GatewayKind::User, &back);
        assert_eq!(world.view(id).progress, 25, "never backwards");
        world.ms(20_000);
        let number = world.number();
        let job = u64::from(seed);
        let last = post::grid(world.now.unix, number, &prompt, USER, start.id(), job);
        world.create(GatewayKind::User, &last);
        let view = world.view(id);
        assert_eq!(
            (view.status, view.estimated_at, view.stage),
            (Status::Success, None, None)
        );
        assert_eq!(view.job_id, Some(uuid(job)));
    }
}
