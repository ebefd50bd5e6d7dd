//! Whatever order, repetition or loss the events of several jobs suffer: a task gets its own picture or none, and after
//! a reading of the channel its own.

use mj_midjourney::{
    config::{GatewayKind, GatewayMode},
    hub::{GatewayNotice, Predecessor},
    task::{Status, TaskId},
};
use proptest::prelude::*;

use super::{
    post::{self, Post, uuid},
    world::{USER, World, config},
};

const GRID: u64 = 9_000_000_000_000_000;

#[derive(Clone, Debug)]
enum Happening {
    Interaction(String, u64),
    Create(Post),
    Update(Post),
    Delete(u64),
}

struct Scene {
    world: World,
    /// The tasks, each with the number of its job.
    tasks: Vec<(TaskId, u64)>,
    happenings: Vec<Happening>,
}

/// Four jobs, sent and accepted, with all that happens to them, in order.
fn scene(mode: GatewayMode) -> Scene {
    let mut config = config(mode);
    config.accounts[0].concurrency = 15;
    let mut world = World::with(config);
    let tasks = [
        world.imagine("a red fox", 7),
        world.imagine("a red fox", 8),
        world.press(GRID, &format!("MJ::JOB::upsample::2::{}", uuid(50))),
        world.press(GRID, &format!("MJ::JOB::variation::1::{}", uuid(50))),
    ];
    let mut scene = Scene {
        world,
        tasks: Vec::new(),
        happenings: Vec::new(),
    };
    for (number, id) in tasks.into_iter().enumerate() {
        scene.world.ms(1_000);
        let sent = scene.world.interactions()[number].clone();
        scene.world.accept(&sent);
        let job = u64::try_from(number).unwrap() + 1;
        scene.tasks.push((id, job));
        happen(&mut scene, number, job, &sent.nonce());
    }
    scene
}

fn happen(scene: &mut Scene, number: usize, job: u64, nonce: &str) {
    let world = &mut scene.world;
    let interaction = world.interaction_id();
    let at = world.now.unix;
    let (one, two) = (world.number(), world.number());
    let prompt = format!("a red fox --seed {}", 7 + number);
    let kind = if number < 2 { 2 } else { 3 };
    let (first, last) = match number {
        0 | 1 => {
            let start = post::start(at, one, &prompt, USER).nonce(nonce);
            let last = post::grid(at, two, &prompt, USER, start.id(), job);
            (start, last)
        }
        2 => {
            let start =
                format!("Upscaling image #2 with **a grid** - <@{USER}> (Waiting to start)");
            let start = Post::new(at, one, &start)
                .reply_to(GRID)
                .ephemeral()
                .buttons(&[format!("MJ::CancelJob::ByJobid::{}", uuid(job))]);
            (start, post::upscale(at, two, "a grid", USER, GRID, 2, job))
        }
        _ => (
            post::vary_start(at, one, "a grid", USER, GRID, 1, job),
            post::vary(at, two, "a grid", USER, GRID, job),
        ),
    };
    let first = first.made_by(interaction, kind, USER);
    let last = last.made_by(interaction, kind, USER);
    let half = |percent: u32| {
        let text = first.0["content"]
            .as_str()
            .unwrap()
            .replace("Waiting to start", &format!("{percent}%"));
        first.clone().edited(&text, percent)
    };
    scene.happenings.extend([
        Happening::Interaction(nonce.to_owned(), interaction),
        Happening::Create(first.clone()),
        Happening::Update(half(20)),
        Happening::Update(half(60)),
        Happening::Create(last.clone()),
        Happening::Delete(first.id()),
    ]);
    scene.world.history.push(last);
}

fn play(scene: &mut Scene, happening: &Happening, kind: GatewayKind) {
    match happening {
        Happening::Interaction(nonce, id) if kind == GatewayKind::User => {
            scene.world.interaction(nonce, *id);
        }
        Happening::Interaction(..) => {}
        Happening::Create(post) => scene.world.create(kind, post),
        Happening::Update(post) => scene.world.update(kind, post),
        Happening::Delete(id) => scene.world.delete(kind, *id),
    }
}

fn check_nothing_is_wrong(scene: &Scene) {
    for (id, job) in &scene.tasks {
        let view = scene.world.view(*id);
        assert!(
            view.job_id.is_none() || view.job_id == Some(uuid(*job)),
            "another task's job"
        );
        assert!(
            view.images
                .iter()
                .all(|image| image.filename.contains(&uuid(*job))),
            "another task's picture"
        );
        assert_eq!(view.status == Status::Success, !view.images.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_disorder_gives_a_wrong_picture(
        order in prop::collection::vec((0_usize..24, any::<bool>(), 0_u64..2_500), 0..80),
        mode in prop_oneof![Just(GatewayMode::User), Just(GatewayMode::Bot), Just(GatewayMode::Both)],
        takes_over in prop::option::of(0_usize..80),
    ) {
        let mut scene = scene(mode);
        for (at, (which, by_bot, ms)) in order.into_iter().enumerate() {
            let kind = match mode {
                GatewayMode::User | GatewayMode::Off => GatewayKind::User,
                GatewayMode::Bot => GatewayKind::Bot,
                GatewayMode::Both => if by_bot { GatewayKind::Bot } else { GatewayKind::User },
            };
            let happening = scene.happenings[which].clone();
            play(&mut scene, &happening, kind);
            scene.world.ms(ms);
            check_nothing_is_wrong(&scene);
            if takes_over == Some(at) {
                scene.world.take_over(Predecessor::Dead);
                scene.world.connect();
            }
        }
        for kind in [GatewayKind::User, GatewayKind::Bot] {
            scene.world.notice(kind, GatewayNotice::SessionLost);
        }
        scene.world.ms(100);
        scene.world.connect();
        scene.world.ms(60_000);
        check_nothing_is_wrong(&scene);
        for (id, job) in &scene.tasks {
            let view = scene.world.view(*id);
            prop_assert_eq!(view.status, Status::Success, "job {} on {:?}", job, mode);
        }
        prop_assert_eq!(scene.world.interactions().len(), 4);
    }
}
