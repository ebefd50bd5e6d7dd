//! Some runs of the simulation at every test run; `make simulate` plays many more.

use mj_simulation::{Plan, Without, run};

/// Tasks a run.
const TASKS: u32 = 250;

/// Plays these seeds; none may break a promise.
fn play(seeds: std::ops::Range<u64>) {
    let mut pictures = 0;
    for seed in seeds {
        let report = run(Plan {
            seed,
            tasks: TASKS,
            without: Without::default(),
            trace: false,
        });
        let again = format!("mj-simulate --seed {seed} --runs 1 --tasks {TASKS} --trace");
        assert!(
            report.broken.is_empty(),
            "{:#?}\nagain: {again}",
            report.broken
        );
        assert_eq!(report.tasks, u64::from(TASKS));
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
        seed: 7,
        tasks: 60,
        without: Without::default(),
        trace: true,
    };
    let (one, other) = (run(plan), run(plan));
    assert!(one.trace.len() > 100);
    assert_eq!(one.trace, other.trace);
}
