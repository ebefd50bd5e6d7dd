//! Commands other than imagine, on every kind of gateway that can see their answers.

use std::time::Duration;

use mj_midjourney::{
    application::{CommandName, NIJI},
    config::{GatewayKind, GatewayMode},
    refusal::FailCode,
    task::{Action, Call, Picture, PictureSource, Status, TaskId, Text},
};
use serde_json::json;

use super::{
    post::{self, Post, uuid},
    world::{Sent, USER, World, file_name},
};

const PROMPTS: &str = "1️⃣ a fox in the snow\n\n2️⃣ a red animal\n\n3️⃣ winter";

fn call(world: &mut World, call: Call) -> TaskId {
    let mut task = world.task("");
    task.view.action = Action::Command;
    task.work.sent_prompt = None;
    task.work.call = call;
    world.submit(task)
}

fn plain(world: &mut World, name: CommandName) -> TaskId {
    let subcommand = None;
    call(world, Call::Plain { name, subcommand })
}

fn describe_link(world: &mut World, url: &str) -> TaskId {
    let mut task = world.task("");
    task.work.call = Call::Describe;
    let source = PictureSource::Link(url.to_owned());
    task.work.pictures = vec![Picture::new(source)];
    world.submit(task)
}

fn blend(world: &mut World, numbers: &[u32]) -> TaskId {
    world.with_upload(Call::Blend { dimensions: None }, numbers)
}

fn message(world: &mut World, content: &str) -> Post {
    let number = world.number();
    Post::new(world.now.unix, number, content)
}

/// A message of a slash command's, made by the account.
fn answer(world: &mut World, content: &str) -> Post {
    let interaction = world.interaction_id();
    message(world, content).made_by(interaction, 2, USER)
}

fn described(world: &mut World, file: &str) -> Post {
    let url = format!(
        "https://cdn.discordapp.com/ephemeral-attachments/9/8/{file}?ex=6a20033e&is=1&hm=00"
    );
    let buttons: Vec<String> = (1..=3)
        .map(|number| format!("MJ::Job::PicReader::{number}"))
        .collect();
    answer(world, "")
        .answer(PROMPTS, Some(&url))
        .buttons(&buttons)
}

fn texts(world: &World, id: TaskId) -> Vec<String> {
    let texts = world.view(id).texts;
    texts.into_iter().map(|text| text.text).collect()
}

fn named(world: &World, id: TaskId, name: &str) -> Option<String> {
    let texts = world.view(id).texts;
    let is_it = |text: &Text| text.name.as_deref() == Some(name);
    texts.into_iter().find(is_it).map(|text| text.text)
}

fn accept_last(world: &mut World) -> Sent {
    let sent = world.last();
    world.ms(100);
    world.accept(&sent);
    sent
}

#[test]
fn a_description_by_link_ends_with_its_prompts() {
    let mut world = World::new(GatewayMode::User);
    let id = describe_link(&mut world, "https://pictures.example/fox.png");
    let sent = accept_last(&mut world);
    assert_eq!(sent.body["data"]["name"], "describe");
    assert_eq!(
        sent.body["data"]["options"],
        json!([{"type": 3, "name": "link", "value": "https://pictures.example/fox.png"}])
    );
    let first = answer(&mut world, "").loading().nonce(&sent.nonce());
    world.create(GatewayKind::User, &first);
    assert_eq!(world.status(id), Status::Submitted);
    let mut last = described(&mut world, "fox.png").edited("", 3);
    last.0["id"] = first.0["id"].clone();
    world.update(GatewayKind::User, &last);
    let view = world.view(id);
    assert_eq!((view.status, view.progress), (Status::Success, 100));
    assert_eq!(
        texts(&world, id),
        ["a fox in the snow", "a red animal", "winter"]
    );
    assert_eq!(view.buttons.len(), 3);
    assert_eq!(view.images[0].filename, "fox.png");
    assert!(view.images[0].expires_at.is_some());
    assert_eq!(world.hub.status().running, 0);
}

#[test]
fn a_description_that_is_read_again_is_the_edit_of_the_first() {
    for (mode, gateway) in [
        (GatewayMode::User, GatewayKind::User),
        (GatewayMode::Bot, GatewayKind::Bot),
    ] {
        let mut world = World::new(mode);
        let first = describe_link(&mut world, "https://pictures.example/fox.png");
        let sent = accept_last(&mut world);
        let post = described(&mut world, "fox.png").nonce(&sent.nonce());
        world.create(gateway, &post);
        assert_eq!(world.status(first), Status::Success);
        let again = world.press_with(post.id(), "MJ::Picread::Retry", |task| {
            task.view.parent_id = Some(first);
        });
        world.ms(1_000);
        accept_last(&mut world);
        let same = post.clone().edited("", 3);
        world.update(gateway, &same);
        assert_eq!(world.status(again), Status::Submitted, "another press");
        let mut other = post.clone().edited("", 4);
        let words = PROMPTS.replace("fox", "wolf");
        other.0["embeds"][0]["description"] = words.into();
        world.update(gateway, &other);
        assert_eq!(world.status(again), Status::Success);
        assert_eq!(texts(&world, again)[0], "a wolf in the snow");
        assert_eq!(world.view(again).buttons.len(), 3);
        assert_eq!(world.view(again).message_id.map(|id| id.0), Some(post.id()));
    }
}

#[test]
fn two_uploads_are_told_apart_by_their_names() {
    for mode in [GatewayMode::Bot, GatewayMode::Off, GatewayMode::Both] {
        let mut world = World::new(mode);
        let tasks = [1, 2].map(|number| {
            let id = world.with_upload(Call::Describe, &[number]);
            world.ms(1_000);
            (id, accept_last(&mut world).nonce())
        });
        let ids = [tasks[0].0, tasks[1].0];
        for number in [2, 1] {
            let nonce = &tasks[number as usize - 1].1;
            let post = described(&mut world, &file_name(number)).nonce(nonce);
            world.history.push(post.clone().for_rest());
            show(&mut world, mode, &post);
        }
        world.ms(40_000);
        for (id, number) in ids.into_iter().zip([1, 2]) {
            let view = world.view(id);
            assert_eq!(view.status, Status::Success, "{mode:?}");
            assert_eq!(view.images[0].filename, file_name(number));
        }
    }
}

#[test]
fn a_picture_that_replies_to_a_description_is_not_its_own() {
    let mut world = World::new(GatewayMode::Bot);
    let id = world.with_upload(Call::Describe, &[1]);
    accept_last(&mut world);
    let answer = described(&mut world, &file_name(1));
    world.create(GatewayKind::Bot, &answer);
    let number = world.number();
    let picture = post::grid(world.now.unix, number, "winter", USER, answer.id(), 9);
    world.create(GatewayKind::Bot, &picture);
    let view = world.view(id);
    assert_eq!((view.status, view.job_id), (Status::Success, None));
    assert_eq!(world.hub.status().unmatched, 1);
}

#[test]
fn a_description_that_may_be_there_is_not_asked_for_again() {
    let mut world = World::new(GatewayMode::Bot);
    let id = describe_link(&mut world, "https://pictures.example/fox.png");
    let sent = world.last();
    world.ms(1_000);
    let mut post = described(&mut world, "fox.png");
    post.0
        .as_object_mut()
        .unwrap()
        .remove("interaction_metadata");
    world.history.push(post);
    world.lose(&sent);
    let count = world.interactions().len();
    world.ms(5 * 60_000);
    assert_eq!(world.interactions().len(), count);
    world.ms(10 * 60_000);
    assert_eq!(world.view(id).fail_code, Some(FailCode::SubmitUnconfirmed));
}

#[test]
fn a_description_without_its_maker_is_known_by_its_file() {
    let mut world = World::new(GatewayMode::Bot);
    let id = world.with_upload(Call::Describe, &[1]);
    accept_last(&mut world);
    let mut post = described(&mut world, &file_name(1));
    post.0
        .as_object_mut()
        .unwrap()
        .remove("interaction_metadata");
    world.create(GatewayKind::Bot, &post);
    assert_eq!(world.status(id), Status::Success);
}

#[test]
fn descriptions_by_link_go_one_after_the_other() {
    let mut world = World::new(GatewayMode::Bot);
    let first = describe_link(&mut world, "https://a.example/1.png");
    let second = describe_link(&mut world, "https://a.example/2.png");
    accept_last(&mut world);
    world.ms(5_000);
    assert_eq!(world.interactions().len(), 1);
    let post = described(&mut world, "1.png");
    world.create(GatewayKind::Bot, &post);
    assert_eq!(world.status(first), Status::Success);
    world.ms(1_000);
    accept_last(&mut world);
    let post = described(&mut world, "2.png");
    world.create(GatewayKind::Bot, &post);
    assert_eq!(world.view(second).images[0].filename, "2.png");
}

#[test]
fn a_late_description_still_counts() {
    let mut world = World::new(GatewayMode::Bot);
    let id = world.with_upload(Call::Describe, &[1]);
    accept_last(&mut world);
    let interaction = world.interaction_id();
    world.pass(Duration::from_secs(11 * 60));
    assert_eq!(world.view(id).fail_code, Some(FailCode::Unseen));
    let post = described(&mut world, &file_name(1)).made_by(interaction, 2, USER);
    world.create(GatewayKind::Bot, &post);
    let view = world.view(id);
    assert_eq!((view.status, view.late), (Status::Success, true));
    assert_eq!(view.texts.len(), 3);
}

#[test]
fn two_blends_go_one_after_the_other_and_get_their_own() {
    for mode in [GatewayMode::Bot, GatewayMode::User, GatewayMode::Off] {
        for echo in ["", "<https://s.mj.run/a> <https://s.mj.run/b> --v 7"] {
            let mut world = World::new(mode);
            let ids = [blend(&mut world, &[1, 2]), blend(&mut world, &[3, 4])];
            world.ms(3_000);
            assert_eq!(world.interactions().len(), 1, "the first is not seen yet");
            let mut starts = Vec::new();
            for _ in ids {
                let sent = accept_last(&mut world);
                let interaction = world.interaction_id();
                let number = world.number();
                let start = post::start(world.now.unix, number, echo, USER)
                    .made_by(interaction, 2, USER)
                    .nonce(&sent.nonce());
                world.history.push(start.clone().for_rest());
                show(&mut world, mode, &start);
                starts.push(start);
                world.ms(7_000);
            }
            assert_eq!(world.interactions().len(), 2);
            for (job, start) in [8, 7].into_iter().zip(starts.iter().rev()) {
                let number = world.number();
                let last = post::grid(world.now.unix, number, echo, USER, start.id(), job);
                world.history.push(last.clone());
                show(&mut world, mode, &last);
            }
            world.ms(40_000);
            for (id, job) in ids.into_iter().zip(7..) {
                let view = world.view(id);
                assert_eq!(view.status, Status::Success, "{mode:?} {echo}");
                assert_eq!(view.job_id, Some(uuid(job)));
            }
        }
    }
}

fn show(world: &mut World, mode: GatewayMode, post: &Post) {
    match mode {
        GatewayMode::Bot => world.create(GatewayKind::Bot, post),
        GatewayMode::User => world.create(GatewayKind::User, post),
        GatewayMode::Both => {
            world.create(GatewayKind::Bot, post);
            world.create(GatewayKind::User, post);
        }
        GatewayMode::Off => {}
    }
}

#[test]
fn a_blend_leaves_an_imagine_of_pictures_alone() {
    let mut world = World::new(GatewayMode::Bot);
    let blended = blend(&mut world, &[1, 2]);
    accept_last(&mut world);
    world.ms(1_000);
    let imagined = world.imagine_plain("https://a.example/1.png https://a.example/2.png");
    accept_last(&mut world);
    let echo = "<https://s.mj.run/a> <https://s.mj.run/b>";
    let number = world.number();
    let unclear = post::start(world.now.unix, number, echo, USER);
    world.create(GatewayKind::Bot, &unclear);
    for id in [blended, imagined] {
        assert_eq!(world.status(id), Status::Submitted, "it may be either's");
    }
    let number = world.number();
    let empty = post::start(world.now.unix, number, "", USER);
    world.create(GatewayKind::Bot, &empty);
    assert_eq!(world.status(blended), Status::InProgress);
    assert_eq!(
        world.status(imagined),
        Status::InProgress,
        "the other one is known now"
    );
}

#[test]
fn shorter_prompts_stay_when_details_are_shown() {
    let mut world = World::new(GatewayMode::User);
    let mut task = world.task("a very red fox");
    task.work.call = Call::Shorten;
    let id = world.submit(task);
    let sent = accept_last(&mut world);
    assert_eq!(sent.body["data"]["name"], "shorten");
    assert_eq!(sent.body["data"]["options"][0]["value"], "a very red fox");
    let short =
        "## Important tokens\na very **red** **fox**\n## Shortened prompts\n1️⃣ red fox\n\n2️⃣ fox";
    let buttons = ["MJ::Job::PromptAnalyzer::1", "MJ::Job::PromptAnalyzer::2"].map(str::to_owned);
    let post = answer(&mut world, "")
        .answer(short, None)
        .buttons(&buttons)
        .ephemeral()
        .nonce(&sent.nonce());
    world.create(GatewayKind::User, &post);
    assert_eq!(world.status(id), Status::Success);
    assert_eq!(texts(&world, id), ["red fox", "fox"]);
    let details = post.clone().edited("", 9).answer(
        "## Important tokens\na (0.01) very (0.02) **red** (0.79) **fox** (1.00)",
        None,
    );
    world.update(GatewayKind::User, &details);
    assert_eq!(texts(&world, id), ["red fox", "fox"]);
    assert_eq!(world.view(id).buttons.len(), 2);
}

#[test]
fn plan_and_usage_become_fields() {
    let mut world = World::new(GatewayMode::User);
    let id = plain(&mut world, CommandName::Info);
    let sent = accept_last(&mut world);
    assert_eq!(sent.body["data"]["options"], json!([]));
    let lines = "**Subscription**: Standard (Active monthly, renews next on <t:1790000000>)\n\
                 **Job Mode**: Relaxed\n**Visibility Mode**: Public\n\
                 **Fast Time Remaining**: 3.50/15.0 hours (23.33%)\n**Queued Jobs (fast)**: 2";
    let post = answer(&mut world, "")
        .answer(lines, None)
        .ephemeral()
        .nonce(&sent.nonce());
    world.create(GatewayKind::User, &post);
    assert_eq!(world.status(id), Status::Success);
    for (name, value) in [
        ("job_mode", "Relaxed"),
        ("queued_jobs_fast", "2"),
        ("fast_time_remaining", "3.50/15.0 hours (23.33%)"),
        ("plan", "standard"),
        ("mode", "relax"),
        ("visibility", "public"),
        ("fast_hours_left", "3.5"),
        ("renews_at", "1790000000"),
    ] {
        assert_eq!(named(&world, id, name).as_deref(), Some(value), "{name}");
    }
}

fn panel(remix: u8) -> serde_json::Value {
    json!([
        {"type": 1, "components": [{"type": 3, "custom_id": "MJ::Settings::VersionSelector", "options": [
            {"label": "Model V6.1", "value": "6.1", "default": false},
            {"label": "Model V7", "value": "7", "default": true}]}]},
        {"type": 1, "components": [
            {"type": 2, "style": remix, "custom_id": "MJ::Settings::Remix::1", "label": "Remix mode"},
            {"type": 2, "style": 3, "custom_id": "MJ::Settings::FastMode::on", "label": "Fast mode"}]}
    ])
}

#[test]
fn settings_offer_their_menus_and_follow_changes() {
    let mut world = World::new(GatewayMode::User);
    let id = plain(&mut world, CommandName::Settings);
    let sent = accept_last(&mut world);
    let post = answer(&mut world, "Adjust your settings here.")
        .components(panel(2))
        .ephemeral()
        .nonce(&sent.nonce());
    world.create(GatewayKind::User, &post);
    let view = world.view(id);
    assert_eq!(view.status, Status::Success);
    assert_eq!(view.buttons.len(), 3);
    let choices = &view.buttons[0].choices;
    assert_eq!((choices.len(), view.buttons[0].style), (2, 0));
    assert_eq!(
        (choices[1].value.as_str(), choices[1].selected),
        ("7", true)
    );
    assert_eq!(named(&world, id, "version").as_deref(), Some("Model V7"));
    assert_eq!(named(&world, id, "fast_mode").as_deref(), Some("on"));
    assert_eq!(named(&world, id, "remix_mode"), None);
    let changed = post
        .edited("Adjust your settings here.", 5)
        .components(panel(3));
    world.update(GatewayKind::User, &changed);
    assert_eq!(named(&world, id, "remix_mode").as_deref(), Some("on"));
    assert_eq!(world.view(id).buttons[1].style, 3);
}

#[test]
fn a_command_without_a_job_waits_for_none() {
    let mut world = World::new(GatewayMode::User);
    for seed in 1..=4 {
        world.imagine("a red fox", seed);
        let sent = world.last();
        world.accept(&sent);
        world.ms(1_000);
    }
    assert_eq!(world.interactions().len(), 3, "the account is at its limit");
    plain(&mut world, CommandName::Info);
    assert_eq!(world.last().body["data"]["name"], "info");
    assert_eq!(world.interactions().len(), 4);
}

#[test]
fn a_switch_ends_with_the_bots_words() {
    let mut world = World::new(GatewayMode::User);
    let id = plain(&mut world, CommandName::Relax);
    let sent = accept_last(&mut world);
    assert_eq!(sent.body["data"]["name"], "relax");
    let post = answer(
        &mut world,
        "Your jobs are free and wait longer from here on.",
    )
    .ephemeral()
    .nonce(&sent.nonce());
    world.create(GatewayKind::User, &post);
    assert_eq!(world.status(id), Status::Success);
    assert_eq!(
        texts(&world, id),
        ["Your jobs are free and wait longer from here on."]
    );
}

fn index(commands: &[&str]) -> String {
    let commands: Vec<_> = (1..)
        .zip(commands)
        .map(|(id, name)| {
            json!({"id": id.to_string(), "version": "1500000000000000000", "name": name, "type": 1,
                "application_id": post::MIDJOURNEY.to_string()})
        })
        .collect();
    json!({"application_commands": commands}).to_string()
}

fn asked_for_index(world: &World) -> Vec<Sent> {
    let sent = world.sent.iter();
    sent.filter(|sent| sent.path.ends_with("/application-command-index"))
        .cloned()
        .collect()
}

#[test]
fn an_unknown_command_is_looked_up_in_the_guild() {
    let mut world = World::new(GatewayMode::User);
    let subcommand = Some("remix".to_owned());
    let name = CommandName::Prefer;
    let id = call(&mut world, Call::Plain { name, subcommand });
    assert!(world.interactions().is_empty());
    let question = asked_for_index(&world).pop().unwrap();
    world.answer(&question, 200, &index(&["imagine", "prefer"]));
    let sent = accept_last(&mut world);
    assert_eq!(sent.body["data"]["id"], "2");
    assert_eq!(
        sent.body["data"]["options"],
        json!([{"type": 1, "name": "remix", "options": []}])
    );
    assert_eq!(world.status(id), Status::Submitted);
}

#[test]
fn a_renamed_command_is_found_under_either_name() {
    for (asked, there) in [
        (CommandName::Stealth, "private"),
        (CommandName::Stealth, "stealth"),
    ] {
        let mut world = World::new(GatewayMode::User);
        plain(&mut world, asked);
        let question = asked_for_index(&world).pop().unwrap();
        world.answer(&question, 200, &index(&["imagine", there]));
        assert_eq!(world.last().body["data"]["name"], there);
    }
}

#[test]
fn a_command_that_the_guild_does_not_have_fails() {
    let mut world = World::new(GatewayMode::User);
    let ids = [(); 2].map(|()| plain(&mut world, CommandName::Turbo));
    let question = asked_for_index(&world).pop().unwrap();
    world.answer(&question, 200, &index(&["imagine"]));
    for id in ids {
        let view = world.view(id);
        assert_eq!(view.fail_code, Some(FailCode::CommandOutdated));
        assert!(view.fail_reason.unwrap().contains("/turbo"));
    }
    assert_eq!(asked_for_index(&world).len(), 1);
    assert!(world.interactions().is_empty());
}

#[test]
fn a_job_of_another_task_is_shown() {
    for mode in [
        GatewayMode::Bot,
        GatewayMode::User,
        GatewayMode::Both,
        GatewayMode::Off,
    ] {
        for is_reply in [false, true] {
            shows_a_job(mode, is_reply);
        }
    }
}

/// The picture takes the place of "Displaying...", or replies to it.
fn shows_a_job(mode: GatewayMode, is_reply: bool) {
    let mut world = World::new(mode);
    let original = world.imagine("a red fox", 7);
    let sent = accept_last(&mut world);
    let number = world.number();
    let start =
        post::start(world.now.unix, number, "a red fox --seed 7", USER).nonce(&sent.nonce());
    world.history.push(start.clone().for_rest());
    show(&mut world, mode, &start);
    world.ms(8_000);
    let number = world.number();
    let last = post::grid(
        world.now.unix,
        number,
        "a red fox --seed 7",
        USER,
        start.id(),
        9,
    );
    world.history.push(last.clone());
    show(&mut world, mode, &last);
    world.ms(40_000);
    let before = world.view(original);
    assert_eq!(before.status, Status::Success, "{mode:?}");
    let job_id = uuid(9).to_uppercase();
    let shown = call(
        &mut world,
        Call::Show {
            job_id: job_id.clone(),
        },
    );
    let sent = accept_last(&mut world);
    assert_eq!(
        sent.body["data"]["options"],
        json!([{"type": 3, "name": "job_id", "value": job_id}])
    );
    let first = answer(&mut world, "Displaying...").nonce(&sent.nonce());
    show(&mut world, mode, &first);
    let number = world.number();
    let mut picture = post::grid(
        world.now.unix,
        number,
        "a red fox --seed 7",
        USER,
        first.id(),
        9,
    );
    if !is_reply {
        picture = picture.made_by(world.interaction_id(), 2, USER);
        picture
            .0
            .as_object_mut()
            .unwrap()
            .remove("message_reference");
        picture.0["id"] = first.0["id"].clone();
    }
    world.history.push(picture.clone());
    show(&mut world, mode, &picture);
    world.ms(40_000);
    let view = world.view(shown);
    assert_eq!(view.status, Status::Success, "{mode:?}");
    assert_eq!(view.job_id, Some(uuid(9)));
    assert_eq!(view.message_id.unwrap().0, picture.id());
    assert_eq!((view.images.len(), view.buttons.len()), (1, 9));
    assert_eq!(world.view(original), before, "the first one is left alone");
}

#[test]
fn nijis_commands_are_its_own() {
    let mut world = World::new(GatewayMode::Bot);
    let mut task = world.task("a red fox --seed 7");
    task.work.application_id = Some(NIJI);
    let id = world.submit(task);
    let sent = accept_last(&mut world);
    assert_eq!(sent.body["application_id"], NIJI.0.to_string());
    assert_eq!(sent.body["data"]["id"], "1023054140580057099");
    let number = world.number();
    let start = post::start(world.now.unix, number, "a red fox --seed 7", USER);
    world.create(GatewayKind::Bot, &start);
    assert_eq!(world.status(id), Status::Submitted, "the other bot's");
    let number = world.number();
    let start = post::start(world.now.unix, number, "a red fox --seed 7", USER).by_niji();
    world.create(GatewayKind::Bot, &start);
    assert_eq!(world.status(id), Status::InProgress);
}

/// Only the account itself is shown the answer, so that others can not prove that there was none.
#[test]
fn a_switch_is_never_sent_twice_unseen() {
    let mut world = World::new(GatewayMode::User);
    let id = plain(&mut world, CommandName::Fast);
    let sent = world.last();
    world.lose(&sent);
    // The session dies, and with it what it would have shown.
    world.notice(
        GatewayKind::User,
        mj_midjourney::hub::GatewayNotice::SessionLost,
    );
    world.connect();
    world.pass(Duration::from_secs(11 * 60));
    assert_eq!(world.view(id).fail_code, Some(FailCode::SubmitUnconfirmed));
    assert_eq!(world.interactions().len(), 1);
}
