//! Midjourney's own seed: direct messages, `/show`, the envelope, and the note; each step survives its owner.

use mj_discord::snowflake::ChannelId;
use mj_midjourney::{
    config::{GatewayKind, GatewayMode},
    hub::Predecessor,
    refusal::FailCode,
    task::{Action, Call, Status, TaskId},
};
use serde_json::json;

use super::{
    post::{self, Post, uuid},
    world::{Sent, USER, World},
};

const DIRECT: u64 = 1_400_000_000_000_000_000;

fn ask(world: &mut World) -> TaskId {
    let mut task = world.task("");
    task.view.action = Action::Seed;
    task.work.sent_prompt = None;
    task.work.call = Call::Seed { job_id: uuid(7) };
    world.submit(task)
}

fn in_direct(post: Post) -> Post {
    post.with("channel_id", json!(DIRECT.to_string()))
}

/// The direct messages are open, and `/show` was sent there.
fn shown(world: &mut World) -> (TaskId, Sent) {
    let id = ask(world);
    let open = world.last_to("/users/@me/channels").unwrap();
    world.answer(
        &open,
        200,
        &json!({"id": DIRECT.to_string(), "type": 1}).to_string(),
    );
    world.ms(1_000);
    let show = world.last();
    (id, show)
}

fn show_final(world: &mut World, show: &Sent) {
    let number = world.number();
    let job = in_direct(post::grid(world.now.unix, number, "a", USER, 1, 7)).nonce(&show.nonce());
    world.create(GatewayKind::User, &job);
}

fn note(world: &mut World, job: u64) -> Post {
    let number = world.number();
    let text = format!("**a**\n**Job ID**: {}\n**seed** 1259687673", uuid(job));
    in_direct(Post::new(world.now.unix, number, &text))
}

#[test]
fn a_seed_is_shown_asked_for_and_told() {
    for mode in [GatewayMode::User, GatewayMode::Both] {
        let mut world = World::new(mode);
        let (id, show) = shown(&mut world);
        assert_eq!(show.body["channel_id"], DIRECT.to_string());
        assert!(show.body.get("guild_id").is_none());
        assert_eq!(show.body["data"]["options"][0]["value"], uuid(7));
        assert_eq!(
            world.hub.other_channels().collect::<Vec<_>>(),
            [ChannelId(DIRECT)]
        );
        world.accept(&show);
        show_final(&mut world, &show);
        let envelope = world.last_to("/reactions/").unwrap();
        assert!(envelope.path.contains("%E2%9C%89%EF%B8%8F/@me"));
        world.answer(&envelope, 204, "");
        let other = note(&mut world, 8);
        world.create(GatewayKind::User, &other);
        assert_eq!(world.status(id), Status::InProgress, "another job's");
        let ours = note(&mut world, 7);
        world.create(GatewayKind::User, &ours);
        let view = world.view(id);
        assert_eq!(
            (view.status, view.seed),
            (Status::Success, Some(1_259_687_673))
        );
        let again = ask(&mut world);
        world.ms(1_000);
        assert_eq!(
            world.status(again),
            Status::Submitted,
            "the channel is known"
        );
    }
}

#[test]
fn an_heir_adds_the_envelope_and_reads_the_note() {
    let mut world = World::new(GatewayMode::User);
    let (id, show) = shown(&mut world);
    world.accept(&show);
    show_final(&mut world, &show);
    world.take_over(Predecessor::Dead);
    world.ms(1_000);
    let envelopes = world
        .sent
        .iter()
        .filter(|sent| sent.path.contains("/reactions/"));
    assert_eq!(envelopes.count(), 2);
    assert_eq!(world.interactions().len(), 1);
    let told = note(&mut world, 7);
    world.history.push(told);
    world.connect();
    world.ms(10_000);
    assert_eq!(world.view(id).seed, Some(1_259_687_673), "read by REST");
}

#[test]
fn a_seed_needs_the_accounts_own_session() {
    let mut world = World::new(GatewayMode::Bot);
    let id = ask(&mut world);
    world.ms(1_000);
    assert_eq!(world.view(id).fail_code, Some(FailCode::NeedsUserGateway));
    assert!(world.interactions().is_empty());
}

#[test]
fn refused_steps_fail_clearly() {
    let mut world = World::new(GatewayMode::User);
    let id = ask(&mut world);
    let open = world.last_to("/users/@me/channels").unwrap();
    world.answer(&open, 403, r#"{"code":50007,"message":"x"}"#);
    world.ms(1_000);
    assert_eq!(world.view(id).fail_code, Some(FailCode::Forbidden));
    let mut world = World::new(GatewayMode::User);
    let (id, show) = shown(&mut world);
    world.accept(&show);
    show_final(&mut world, &show);
    let envelope = world.last_to("/reactions/").unwrap();
    world.answer(&envelope, 400, r#"{"code":10014,"message":"x"}"#);
    assert_eq!(world.view(id).fail_code, Some(FailCode::InteractionFailed));
}
