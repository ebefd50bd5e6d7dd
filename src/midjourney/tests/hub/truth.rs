//! A small Discord that knows the truth: it takes a POST or not, tells so or not, and makes the job or not; owners die
//! in between. No job is made twice, none is lost, and no task gets another's picture.

use std::time::Duration;

use mj_midjourney::{
    config::{GatewayKind, GatewayMode},
    hub::{Answer, FailureKind, Predecessor},
    refusal::FailCode,
    task::{Call, Status, TaskId},
};
use proptest::prelude::*;

use super::{
    post::{self, Post, uuid},
    world::{USER, World, config},
};

/// What Discord does with one POST.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// Takes it and says so.
    Taken,
    /// Takes it; the answer is lost.
    TakenSilently,
    /// Takes it; the owner dies before the answer.
    TakenThenDeath,
    /// It never arrives, and the socket breaks.
    Lost,
    /// It never arrives, and the owner dies.
    LostWithDeath,
    /// It never left.
    NotSent,
    /// "Try again".
    Limited,
}

#[derive(Clone, Debug)]
struct Job {
    number: u64,
    prompt: String,
    begun: Duration,
    is_done: bool,
}

struct Truth {
    world: World,
    tasks: Vec<TaskId>,
    prompts: Vec<String>,
    handled: usize,
    jobs: Vec<Job>,
    starts: Vec<(u64, Option<Post>)>,
    kind: Option<GatewayKind>,
}

impl Truth {
    /// Handles the POSTs that came since.
    fn take(&mut self, fates: &mut impl Iterator<Item = Fate>) {
        while let Some(sent) = self.world.interactions().get(self.handled).cloned() {
            self.handled += 1;
            let fate = fates.next().unwrap_or(Fate::Taken);
            let failure = |sent: bool| Answer::Failure {
                sent,
                kind: FailureKind::Closed,
            };
            let is_blend = sent.body["data"]["name"] == "blend";
            let value = &sent.body["data"]["options"][0]["value"];
            let prompt = if is_blend {
                ""
            } else {
                value.as_str().unwrap()
            }
            .to_owned();
            if matches!(
                fate,
                Fate::Taken | Fate::TakenSilently | Fate::TakenThenDeath
            ) {
                self.begin(&prompt, &sent.nonce());
            }
            match fate {
                Fate::Taken => self.world.accept(&sent),
                Fate::TakenSilently | Fate::Lost => {
                    self.world
                        .hub
                        .handle_answer(self.world.now, sent.id, failure(true));
                }
                Fate::TakenThenDeath | Fate::LostWithDeath => {
                    self.world.take_over(Predecessor::Dead);
                    self.world.connect();
                }
                Fate::NotSent => {
                    self.world
                        .hub
                        .handle_answer(self.world.now, sent.id, failure(false));
                }
                Fate::Limited => {
                    self.world
                        .answer(&sent, 429, r#"{"retry_after":1.5,"global":false}"#);
                }
            }
            self.world.run();
        }
    }

    /// Midjourney takes a job.
    fn begin(&mut self, prompt: &str, nonce: &str) {
        let world = &mut self.world;
        let number = u64::try_from(self.jobs.len()).unwrap() + 1;
        let interaction = world.interaction_id();
        let at = world.number();
        let start = post::start(world.now.unix, at, prompt, USER)
            .made_by(interaction, 2, USER)
            .nonce(nonce);
        self.jobs.push(Job {
            number,
            prompt: prompt.to_owned(),
            begun: world.now.boot,
            is_done: false,
        });
        world.history.push(start.clone());
        if let Some(kind) = self.kind {
            if kind == GatewayKind::User {
                world.interaction(nonce, interaction);
            }
            world.create(kind, &start);
        }
        self.starts.push((number, Some(start)));
    }

    /// Jobs that have worked long enough are done.
    fn finish(&mut self) {
        let now = self.world.now.boot;
        for at in 0..self.jobs.len() {
            let job = self.jobs[at].clone();
            if job.is_done || now < job.begun + Duration::from_secs(20) {
                continue;
            }
            self.jobs[at].is_done = true;
            let Some(start) = self.starts[at].1.take() else {
                continue;
            };
            let number = self.world.number();
            let last = post::grid(
                self.world.now.unix,
                number,
                &job.prompt,
                USER,
                start.id(),
                job.number,
            );
            self.world.history.push(last.clone());
            if let Some(kind) = self.kind {
                self.world.create(kind, &last);
            }
        }
    }
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        4 => Just(Fate::Taken),
        2 => Just(Fate::TakenSilently),
        1 => Just(Fate::TakenThenDeath),
        2 => Just(Fate::Lost),
        1 => Just(Fate::LostWithDeath),
        1 => Just(Fate::NotSent),
        1 => Just(Fate::Limited),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_doubled_or_swapped(
        fates in prop::collection::vec(fate(), 0..12),
        words in prop::collection::vec(0_usize..4, 1..7),
        mode in prop_oneof![Just(GatewayMode::User), Just(GatewayMode::Bot), Just(GatewayMode::Off)],
    ) {
        let mut config = config(mode);
        config.timeout = Duration::from_secs(3_600);
        let kind = match mode {
            GatewayMode::User => Some(GatewayKind::User),
            GatewayMode::Bot => Some(GatewayKind::Bot),
            GatewayMode::Both | GatewayMode::Off => None,
        };
        let world = World::with(config);
        let mut truth = Truth {
            world, tasks: Vec::new(), prompts: Vec::new(), handled: 0, jobs: Vec::new(), starts: Vec::new(), kind,
        };
        let mut fates = fates.into_iter();
        for word in words {
            // A blend's echo has no words.
            let prompt = ["two owls", "a red fox", "rain", ""][word].to_owned();
            truth.prompts.push(prompt.clone());
            let id = if prompt.is_empty() {
                truth.world.with_upload(Call::Blend { dimensions: None }, &[1, 2])
            } else {
                truth.world.imagine_plain(&prompt)
            };
            truth.tasks.push(id);
            truth.take(&mut fates);
        }
        for _ in 0..2_400 {
            truth.world.ms(500);
            truth.take(&mut fates);
            truth.finish();
        }
        prop_assert_eq!(truth.jobs.len(), truth.tasks.len(), "one job for each task");
        for (at, id) in truth.tasks.iter().enumerate() {
            let view = truth.world.view(*id);
            prop_assert_eq!(view.status, Status::Success, "{:?} {:?}", view.fail_code, mode);
            prop_assert_ne!(view.fail_code, Some(FailCode::Timeout));
            let job = truth.jobs.iter().find(|job| Some(uuid(job.number)) == view.job_id).unwrap();
            prop_assert_eq!(&job.prompt, &truth.prompts[at], "another prompt's picture");
        }
        let mut jobs: Vec<_> = truth.tasks.iter().map(|id| truth.world.view(*id).job_id).collect();
        jobs.sort();
        jobs.dedup();
        prop_assert_eq!(jobs.len(), truth.tasks.len(), "each its own");
    }
}
