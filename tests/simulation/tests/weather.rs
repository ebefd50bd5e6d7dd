//! Some runs of the simulation at every test run; `make simulate` plays many more.

use mj_simulation::{Plan, Trouble, Without, run};

/// Tasks a run.
const TASKS: u32 = 250;

/// Plays these seeds; none may break a promise.
fn play(seeds: std::ops::Range<u64>) {
    let mut pictures = 0;
    for seed in seeds {
        let report = run(Plan::new(seed, TASKS));
        let again = format!("mj-simulate --seed {seed} --runs 1 --tasks {TASKS} --trace");
        assert!(
            report.broken.is_empty(),
            "{:#?}\nagain: {again}",
            report.broken
        );
        pictures += report.pictures();
    }
    assert!(
        pictures > 0,
        "a simulation that makes nothing proves nothing"
    );
}

#[test]
fn nothing_is_lost_in_the_first_runs() {
    play(1..41);
}

#[test]
fn nothing_is_lost_in_the_next_runs() {
    play(1_001..1_041);
}

#[test]
fn a_seed_gives_the_same_run_twice() {
    let plan = Plan {
        trace: true,
        ..Plan::new(7, 60)
    };
    let (one, other) = (run(plan), run(plan));
    assert!(one.trace.len() > 100);
    assert_eq!(one.trace, other.trace);
}

#[test]
fn an_owner_may_die_beside_any_of_its_writes() {
    let calm = Trouble::ALL
        .into_iter()
        .fold(Without::default(), Without::and);
    for seed in 1..=6 {
        let plan = Plan {
            without: calm,
            ..Plan::new(seed, 5)
        };
        let points = run(plan).points;
        assert!(points > 20, "{points} points");
        for point in 1..=points {
            let crash_at = Some(point);
            let report = run(Plan { crash_at, ..plan });
            assert!(
                report.broken.is_empty(),
                "{:#?}\nagain: mj-simulate --seed {seed} --runs 1 --tasks 5 --crash-at {point} --trace",
                report.broken
            );
        }
    }
}
