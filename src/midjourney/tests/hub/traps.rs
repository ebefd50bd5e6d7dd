//! What is easily mistaken for something else: stamps of another clock, weaker stops after stronger ones, notices of
//! other tasks, and jobs that begin after everybody has given them up.

use std::time::Duration;

use mj_discord::{
    UnixMs,
    gateway::{Event, InteractionFailure},
    snowflake::{ChannelId, Nonce},
};
use mj_midjourney::{
    account::AccountState,
    application::CommandName,
    config::{GatewayKind, GatewayMode},
    hub::{Answer, FetchRefusal, Fetched},
    refusal::{FailCode, Lang},
    task::{Call, Mode, Picture, PictureSource, Stage, Status, TaskId},
};
use serde_json::json;

use super::{
    post::{self, CHANNEL, Post, uuid},
    world::{Sent, USER, World, account, config},
};

const PROMPT: &str = "a red fox --seed 7";
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const GRID: u64 = 1_300_000_000_000_000_000;

fn sent(world: &mut World) -> TaskId {
    let id = world.imagine("a red fox", 7);
    let sent = world.last();
    world.accept(&sent);
    id
}

fn tell(world: &mut World, title: &str, text: &str) -> Post {
    let nonce = world.last().nonce();
    tell_of(world, &nonce, title, text)
}

fn tell_of(world: &mut World, nonce: &str, title: &str, text: &str) -> Post {
    let number = world.number();
    let post = Post::new(world.now.unix, number, "")
        .nonce(nonce)
        .ephemeral()
        .notice(title, text, "/imagine a red fox --seed 7");
    world.create(GatewayKind::User, &post);
    post
}

/// A notice that Discord's clock dates.
fn tell_at(world: &mut World, at: UnixMs, title: &str, text: &str) {
    let (nonce, number) = (world.last().nonce(), world.number());
    let post = Post::new(at, number, "")
        .nonce(&nonce)
        .ephemeral()
        .notice(title, text, "");
    world.create(GatewayKind::User, &post);
}

fn state(world: &World, at: usize) -> AccountState {
    world.hub.status().accounts[at].state.clone()
}

/// 204, by a Discord whose clock is an hour behind ours.
fn accept_an_hour_ago(world: &mut World, sent: &Sent) -> UnixMs {
    let theirs = world.now.unix.minus(HOUR);
    let seconds = theirs.0 / 1_000 % 86_400;
    let date = format!(
        "Thu, 28 May 2026 {:02}:{:02}:{:02} GMT",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    );
    let answer = Answer::Response {
        status: 204,
        headers: vec![("date".to_owned(), date)],
        body: Vec::new(),
    };
    world.hub.handle_answer(world.now, sent.id, answer);
    world.run();
    theirs
}

fn stamp(at: UnixMs) -> String {
    format!("again <t:{}:R>", at.0 / 1_000)
}

#[test]
fn a_stamp_is_of_discords_clock() {
    let mut world = World::new(GatewayMode::User);
    world.imagine("a red fox", 7);
    let first = world.last();
    let theirs = accept_an_hour_ago(&mut world, &first);
    let soon = stamp(theirs.plus(Duration::from_secs(90)));
    tell_at(&mut world, theirs, "Slow Down!", &soon);
    world.ms(80_000);
    assert_eq!(world.interactions().len(), 1);
    world.ms(15_000);
    assert_eq!(world.interactions().len(), 2);
    let second = world.last();
    world.accept(&second);
    let theirs = world.now.unix.minus(HOUR);
    let until = stamp(theirs.plus(HOUR / 2));
    tell_at(&mut world, theirs, "Blocked", &until);
    let AccountState::Paused { until, .. } = state(&world, 0) else {
        panic!("it is not blocked for ever")
    };
    let left = until.since(world.now.unix);
    assert!(
        left + MINUTE >= HOUR / 2 && left <= HOUR / 2 + MINUTE,
        "{left:?}"
    );
}

#[test]
fn a_time_that_is_over_is_no_reason_to_hurry() {
    let mut world = World::new(GatewayMode::User);
    sent(&mut world);
    let over = stamp(world.now.unix.minus(MINUTE));
    for _ in 0..120 {
        let count = world.interactions().len();
        tell(&mut world, "Slow Down!", &over);
        world.ms(1_500);
        if world.interactions().len() > count {
            let again = world.last();
            world.accept(&again);
        }
    }
    assert!(world.interactions().len() <= 4);
}

fn relaxed(world: &mut World, prompt: &str) -> TaskId {
    let mut task = world.task(prompt);
    task.work.wanted_mode = Some(Mode::Relax);
    world.submit(task)
}

#[test]
fn a_lack_of_hours_lifts_no_block() {
    let mut world = World::new(GatewayMode::User);
    sent(&mut world);
    let first = world.last().nonce();
    world.ms(1_000);
    world.imagine("two owls", 8);
    let second = world.last();
    world.accept(&second);
    tell_of(
        &mut world,
        &first,
        "Blocked",
        "You have been blocked for 1 hour",
    );
    let later = stamp(world.now.unix.plus(24 * HOUR));
    tell_of(&mut world, &second.nonce(), "Credits exhausted", &later);
    let count = world.interactions().len();
    relaxed(&mut world, "calm");
    world.ms(5_000);
    assert_eq!(world.interactions().len(), count, "it is still blocked");
}

#[test]
fn without_fast_hours_a_limited_address_rests() {
    let mut world = World::new(GatewayMode::User);
    sent(&mut world);
    tell(&mut world, "Credits exhausted", "");
    relaxed(&mut world, "calm");
    world.ms(1_000);
    let count = world.interactions().len();
    let limited = world.last();
    world.answer(&limited, 429, "error code: 1015");
    world.ms(60_000);
    assert_eq!(
        world.interactions().len(),
        count,
        "it is not sent on and on"
    );
}

fn two(gateway: GatewayMode) -> World {
    let mut config = config(gateway);
    config.accounts.push(account("second"));
    World::with(config)
}

fn upload_all(world: &mut World) {
    let mut done = 0;
    while let Some(asked) = world.sent.get(done).cloned() {
        done += 1;
        if asked.path.ends_with("/attachments") {
            let files = asked.body["files"].as_array().unwrap();
            let slots: Vec<_> = files
                .iter()
                .map(|file| {
                    let name = format!("{}/{}", done, file["filename"].as_str().unwrap());
                    json!({"id": file["id"], "upload_filename": name,
                        "upload_url": format!("https://slots.example/{name}")})
                })
                .collect();
            world.answer(&asked, 200, &json!({"attachments": slots}).to_string());
        } else if asked.path.starts_with("https://slots.example/") {
            world.answer(&asked, 200, "");
        }
    }
}

#[test]
fn a_blend_that_began_after_all_is_not_uploaded_for_another_account() {
    let mut world = two(GatewayMode::User);
    let id = world.with_upload(Call::Blend { dimensions: None }, &[1, 2]);
    world.ms(1_000);
    let first = world.last();
    world.answer(&first, 401, r#"{"code":0}"#);
    assert_eq!(world.view(id).stage, Some(Stage::Uploading));
    let number = world.number();
    let start = post::start(
        world.now.unix,
        number,
        "<https://s.mj.run/a> <https://s.mj.run/b>",
        USER,
    )
    .nonce(&first.nonce());
    world.create(GatewayKind::User, &start);
    upload_all(&mut world);
    world.ms(5_000);
    assert_eq!(
        (world.interactions().len(), world.status(id)),
        (1, Status::InProgress)
    );
}

fn move_account(world: &mut World) {
    world.config.accounts[0].channel_id = Some(ChannelId(77));
    let config = world.config.clone();
    world.hub.handle_config(world.now, config);
    world.run();
}

#[test]
fn forms_and_cancels_go_where_the_button_was_pressed() {
    let mut world = World::new(GatewayMode::User);
    let zoom = format!("MJ::CustomZoom::{}", uuid(50));
    world.press_with(GRID, &zoom, |_| {});
    let press = world.last();
    world.accept(&press);
    move_account(&mut world);
    let inputs = json!([{"type": 4, "custom_id": "p", "value": "a --zoom 2"}]);
    world.open_form(&press.nonce(), &inputs);
    world.ms(1_000);
    let form = world.last();
    assert_eq!(
        (&form.body["type"], &form.body["channel_id"]),
        (&json!(5), &json!(CHANNEL.to_string()))
    );

    let mut world = World::new(GatewayMode::User);
    let vary = format!("MJ::JOB::variation::1::{}", uuid(50));
    let id = world.press_with(GRID, &vary, |_| {});
    let press = world.last();
    world.accept(&press);
    let number = world.number();
    let start =
        post::vary_start(world.now.unix, number, "a", USER, GRID, 1, 1).nonce(&press.nonce());
    world.create(GatewayKind::User, &start);
    move_account(&mut world);
    world.store_cancel(id);
    world.ms(1_000);
    let cancel = world.last();
    assert_ne!(cancel.nonce(), press.nonce());
    assert_eq!(cancel.body["channel_id"], json!(CHANNEL.to_string()));
}

#[test]
fn a_job_under_way_keeps_its_picture_though_it_is_to_be_shown() {
    let mut world = World::new(GatewayMode::Bot);
    let original = sent(&mut world);
    let number = world.number();
    let start =
        post::start(world.now.unix, number, PROMPT, USER).file(&format!("grid_0_{}.webp", uuid(9)));
    world.create(GatewayKind::Bot, &start);
    assert_eq!(world.view(original).job_id, Some(uuid(9)));
    world.ms(1_000);
    let mut task = world.task("");
    task.work.call = Call::Show { job_id: uuid(9) };
    let shown = world.submit(task);
    let show = world.last();
    world.accept(&show);
    world.ms(1_000);
    let number = world.number();
    let mut last = post::grid(world.now.unix, number, PROMPT, USER, 1, 9);
    last.0.as_object_mut().unwrap().remove("message_reference");
    world.create(GatewayKind::Bot, &last);
    assert_eq!(
        (world.status(original), world.status(shown)),
        (Status::Success, Status::Submitted)
    );
}

#[test]
fn a_refused_upload_does_not_refuse_the_linked_picture() {
    let mut world = World::new(GatewayMode::Bot);
    let mut task = world.task("");
    task.work.call = Call::Describe;
    let link = PictureSource::Link("https://pictures.example/1.png".to_owned());
    task.work.pictures = vec![Picture::new(link)];
    let linked = world.submit(task);
    let uploaded = {
        world.ms(1_000);
        world.with_upload(Call::Describe, &[1])
    };
    for sent in world.interactions() {
        world.accept(&sent);
    }
    assert_eq!(world.interactions().len(), 2);
    let (number, interaction) = (world.number(), world.interaction_id());
    let refusal = Post::new(world.now.unix, number, "")
        .made_by(interaction, 2, USER)
        .notice("Queue full", "Your job queue is full.", "/describe");
    world.create(GatewayKind::Bot, &refusal);
    assert_eq!(world.view(linked).stage, None);
    world.ms(20_000);
    assert_eq!(world.interactions().len(), 2, "nobody knows whose it is");
    assert_eq!(
        (world.status(linked), world.status(uploaded)),
        (Status::Submitted, Status::Submitted)
    );
}

fn final_of(world: &mut World, nonce: &str) -> Post {
    let number = world.number();
    post::grid(world.now.unix, number, PROMPT, USER, 1, 9).nonce(nonce)
}

#[test]
fn a_picture_after_discord_gave_up_still_counts() {
    type GivesUp = fn(&mut World, &Sent);
    let ways: [(FailCode, GivesUp); 3] = [
        (FailCode::InteractionFailed, |world, sent| {
            let failure = InteractionFailure {
                id: None,
                nonce: Some(Nonce::new(sent.nonce())),
                reason_code: Some(2),
            };
            world.event(GatewayKind::User, &Event::InteractionFailure(failure));
        }),
        (FailCode::CaptchaRequired, |world, sent| {
            world.open_frame(
                &sent.nonce(),
                "MJ::iframe::x",
                "Action required to continue",
            );
        }),
        (FailCode::Moderated, |world, _| {
            tell(world, "Action needed to continue", "Sorry!");
            world.pass(11 * MINUTE);
        }),
    ];
    for (code, gives_up) in ways {
        let mut world = World::new(GatewayMode::User);
        let id = sent(&mut world);
        let sent = world.last();
        gives_up(&mut world, &sent);
        assert_eq!(world.view(id).fail_code, Some(code));
        let last = final_of(&mut world, &sent.nonce());
        world.create(GatewayKind::User, &last);
        let view = world.view(id);
        assert_eq!(
            (view.status, view.late, view.fail_code),
            (Status::Success, true, None),
            "{code}"
        );
    }
}

#[test]
fn a_notice_of_moderators_that_is_over_stops_nothing_when_it_is_edited() {
    let mut world = World::new(GatewayMode::User);
    let id = sent(&mut world);
    let notice = tell(&mut world, "Action needed to continue", "Sorry!");
    let (number, appeal) = (world.number(), world.interaction_id());
    let start = post::start(world.now.unix, number, PROMPT, USER)
        .reply_to(notice.id())
        .made_by(appeal, 3, USER);
    world.create(GatewayKind::User, &start);
    world.update(GatewayKind::User, &notice.edited("", 5));
    let view = world.view(id);
    assert_eq!(
        (view.status, view.stage, view.message_id.unwrap().0),
        (Status::InProgress, Some(Stage::WaitingToStart), start.id())
    );
    assert_eq!(world.hub.status().running, 1);
}

#[test]
fn a_favourite_whose_event_comes_before_its_answer_is_done() {
    let mut world = World::new(GatewayMode::User);
    let id = world.press(GRID, &format!("MJ::BOOKMARK::{}", uuid(9)));
    let press = world.last();
    let interaction = world.interaction_id();
    world.interaction(&press.nonce(), interaction);
    world.accept(&press);
    world.ms(20_000);
    assert_eq!(world.status(id), Status::Success);
}

#[test]
fn what_an_account_is_refused_with_is_uploaded_by_another() {
    let mut world = two(GatewayMode::User);
    let id = world.with_upload(Call::Blend { dimensions: None }, &[1, 2]);
    world.ms(1_000);
    let first = world.last();
    world.accept(&first);
    tell(&mut world, "Pending mod message", "");
    upload_all(&mut world);
    world.ms(1_000);
    assert_eq!(world.last().token, "token-second");
    assert_eq!(world.view(id).account.as_deref(), Some("second"));
}

#[test]
fn what_a_switch_lacks_says_nothing_of_the_account() {
    let mut world = World::new(GatewayMode::User);
    let mut task = world.task("");
    task.work.call = Call::Plain {
        name: CommandName::Private,
        subcommand: None,
    };
    let id = world.submit(task);
    let sent = world.last();
    world.accept(&sent);
    tell(
        &mut world,
        "Subscription required",
        "Stealth mode needs another plan. Please /subscribe",
    );
    assert_eq!(
        world.view(id).fail_code,
        Some(FailCode::SubscriptionRequired)
    );
    assert_eq!(state(&world, 0), AccountState::Usable);
}

#[test]
fn a_task_that_began_after_all_waits_for_nothing() {
    let mut world = World::new(GatewayMode::User);
    let id = sent(&mut world);
    let nonce = world.last().nonce();
    tell(&mut world, "Slow Down!", "");
    assert!(world.view(id).not_before.is_some());
    let number = world.number();
    let start = post::start(world.now.unix, number, PROMPT, USER).nonce(&nonce);
    world.create(GatewayKind::User, &start);
    world.ms(60_000);
    let view = world.view(id);
    assert_eq!(
        (view.stage, view.not_before),
        (Some(Stage::WaitingToStart), None)
    );
    assert_eq!(world.interactions().len(), 1);
}

#[test]
fn another_account_sends_to_its_own_channel() {
    let mut config = config(GatewayMode::User);
    config.accounts.push(account("second"));
    config.accounts[1].channel_id = Some(ChannelId(77));
    let mut world = World::with(config);
    sent(&mut world);
    tell(&mut world, "Queue full", "");
    world.ms(1_000);
    let again = world.last();
    assert_eq!(
        (again.token.as_str(), &again.body["channel_id"]),
        ("token-second", &json!("77"))
    );
}

#[test]
fn a_hub_speaks_its_own_language() {
    let mut config = config(GatewayMode::User);
    config.lang = Lang::Zh;
    let mut world = World::with(config);
    let mut ended = Vec::new();
    let region = format!("MJ::Inpaint::1::{}::SOLO", uuid(50));
    ended.push(world.press_with(GRID, &region, |_| {}));
    let press = world.last();
    world.accept(&press);
    world.open_frame(&press.nonce(), "MJ::iframe::x", "Editor");
    world.ms(1_000);
    let zoom = format!("MJ::CustomZoom::{}", uuid(50));
    ended.push(world.press_with(GRID, &zoom, |_| {}));
    let press = world.last();
    world.accept(&press);
    world.open_form(&press.nonce(), &json!([]));
    world.ms(1_000);
    let mut fetched = world.task("");
    fetched.work.call = Call::Describe;
    let address = "https://pictures.example/1.png".to_owned();
    fetched.work.pictures = vec![Picture::new(PictureSource::Fetch(address))];
    let id = world.submit(fetched);
    let refused = Fetched::Refused(FetchRefusal::Status(404));
    world.hub.handle_fetched(world.now, id, 0, refused);
    world.run();
    ended.push(id);
    for id in ended {
        let reason = world.view(id).fail_reason.unwrap();
        let words = reason.split_once('：').unwrap().1;
        assert!(!words.is_ascii(), "{reason}");
        assert!(
            words.chars().filter(|it| !it.is_ascii()).count() > 4,
            "{reason}"
        );
    }
}

#[test]
fn a_form_refused_after_its_tasks_end_keeps_no_key() {
    for (status, body) in [
        (404, r#"{"code":10062}"#),
        (429, r#"{"retry_after":1.0,"global":false}"#),
    ] {
        let mut world = World::new(GatewayMode::User);
        let zoom = format!("MJ::CustomZoom::{}", uuid(50));
        let deadline = world.now.unix.plus(Duration::from_secs(5));
        let id = world.press_with(GRID, &zoom, |task| task.work.deadline = deadline);
        let press = world.last();
        world.accept(&press);
        let inputs = json!([{"type": 4, "custom_id": "p", "value": "a --zoom 2"}]);
        world.open_form(&press.nonce(), &inputs);
        world.ms(1_000);
        let form = world.last();
        assert_eq!(form.body["type"], 5);
        world.ms(5_000);
        assert_eq!(world.view(id).fail_code, Some(FailCode::Timeout));
        let next = world.press_with(GRID, &zoom, |_| {});
        assert_eq!(
            world.status(next),
            Status::NotStart,
            "its picture may be late"
        );
        world.answer(&form, status, body);
        world.ms(2_000);
        assert_eq!(world.status(next), Status::Submitted, "{status}");
    }
}

#[test]
fn a_notice_on_the_message_of_a_job_that_goes_on_ends_nothing() {
    let mut world = World::new(GatewayMode::User);
    let id = sent(&mut world);
    let nonce = world.last().nonce();
    let number = world.number();
    let embed = |colour: u32| json!([{"title": "Invalid parameter", "description": "It was ignored.", "color": colour}]);
    let start = post::start(world.now.unix, number, PROMPT, USER)
        .nonce(&nonce)
        .with("embeds", embed(16_776_960));
    world.create(GatewayKind::User, &start);
    let view = world.view(id);
    assert_eq!(view.status, Status::InProgress);
    assert!(view.notes[0].contains("It was ignored."));
    let number = world.number();
    let last = post::grid(world.now.unix, number, PROMPT, USER, start.id(), 9)
        .with("embeds", embed(16_711_680));
    world.create(GatewayKind::User, &last);
    assert_eq!(
        (world.status(id), world.view(id).images.len()),
        (Status::Success, 1)
    );
}
