//! A run: one hub, or two in one store, moment by moment, and the judgement at its end.

use std::rc::Rc;

use mj_midjourney::memory::MemoryStore;

use crate::{
    random::Random,
    stage::Stage,
    verdict::{self, Report},
    weather::{Plan, Weather},
};

/// In a thousand runs, how many have two hubs.
const TWO_HUBS: u64 = 100;

/// Plays one run and judges it.
pub fn run(plan: Plan) -> Report {
    let mut random = Random::new(plan.seed);
    let hubs = if plan.tasks > 1 && random.chance(TWO_HUBS) {
        2
    } else {
        1
    };
    let store = Rc::new(MemoryStore::new());
    let share = Plan {
        tasks: plan.tasks / hubs,
        ..plan
    };
    let mut stages: Vec<Stage> = (0..hubs)
        .map(|place| {
            let mut random = random.branch();
            let weather = Weather::of(&mut random);
            Stage::new(&share, weather, random, u64::from(place), Rc::clone(&store))
        })
        .collect();
    while let Some((at, next)) = (stages.iter().enumerate())
        .filter_map(|(at, stage)| Some((at, stage.next()?)))
        .min_by_key(|(_, next)| *next)
    {
        stages[at].advance(next);
    }
    judge(plan, &mut stages)
}

fn judge(plan: Plan, stages: &mut [Stage]) -> Report {
    let mut consumer = (stages.iter_mut())
        .find_map(|stage| stage.consumer.take())
        .unwrap_or_default();
    let mut report = Report {
        seed: plan.seed,
        ..Report::default()
    };
    for stage in stages {
        let missed = consumer.finish(&*stage.store);
        let record = stage.record();
        let mut judged = verdict::judge(&stage.store, &stage.callers, &consumer, &record);
        if stage.weather.has_webhooks {
            judged.broken.extend(verdict::untold(
                &stage.store,
                &stage.callers,
                &stage.receiver,
            ));
        }
        let weather = format!("{:?}", stage.weather);
        judged.broken.splice(0..0, stage.promise.take_broken());
        judged.broken.extend(missed);
        report.add(
            judged,
            &weather,
            stage.steps,
            stage.owners,
            stage.crashes.passed,
        );
        report.trace.extend(stage.trace.take());
    }
    report
}
