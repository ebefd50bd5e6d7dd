//! Measures what a poll and a submission cost with many tasks stored and another process writing:
//! `cargo run --release -p mj-store --example poll [tasks] [directory]`.
//!
//! For a measurement from outside, `poll --populate TASKS DIRECTORY` only stores the tasks and prints ids of those in
//! progress, finished, and written to all the time, as JSON; `poll --write DIRECTORY` is that other process.
#![allow(
    clippy::print_stdout,
    clippy::semicolon_if_nothing_returned,
    clippy::unwrap_used,
    reason = "a measurement for the terminal"
)]

use std::{
    env, fs, process,
    sync::Arc,
    time::{Duration, Instant},
};

use mj_midjourney::{
    conformance::{NOW, WIDE, claim, config, full_task, hub, id, task},
    store::{Commit, TaskStore, Write},
    task::{Status, Task, TaskButton, TaskView},
};
use mj_process::{Origin, StateDir};
use mj_store::SqliteStore;

/// How often each thing is done.
const ROUNDS: usize = 20_000;
/// The task that the other process writes to.
const WRITTEN: u64 = 30;
/// Commits a second of the other process.
const RATE: u64 = 500;

fn main() {
    let mut arguments = env::args().skip(1);
    let first = arguments.next();
    if first.as_deref() == Some("--write") {
        return write_until_killed(&arguments.next().unwrap());
    }
    if first.as_deref() == Some("--populate") {
        let tasks = arguments.next().unwrap().parse().unwrap();
        return populate_and_tell(tasks, &arguments.next().unwrap());
    }
    let tasks: u64 = first.map_or(100_000, |tasks| tasks.parse().unwrap());
    let path = arguments
        .next()
        .map_or_else(|| env::temp_dir().join("mj-poll"), Into::into);
    fs::create_dir_all(&path).unwrap();
    let path = path.canonicalize().unwrap();
    let store = SqliteStore::open(&StateDir::open(&path, Origin::Explicit).unwrap()).unwrap();
    println!("{tasks} tasks in {}", path.display());
    println!(
        "finished view: {} bytes of JSON",
        serde_json::to_vec(&finished(1).view).unwrap().len()
    );
    populate(store, tasks);

    println!("\nalone");
    measure_all(store, tasks);
    let writer = process::Command::new(env::current_exe().unwrap())
        .arg("--write")
        .arg(&path)
        .spawn();
    let mut writer = writer.unwrap();
    let seen = store.change();
    while store.change() == seen {
        store.wait_change(seen, Duration::from_secs(1));
    }
    println!("\nwith another process that commits {RATE} times a second");
    measure_all(store, tasks);
    writer.kill().unwrap();
    writer.wait().unwrap();

    println!("\nthe form of a view");
    let json = serde_json::to_vec(&finished(1).view).unwrap();
    measure("JSON decode, 10 buttons", || {
        drop(std::hint::black_box(
            serde_json::from_slice::<TaskView>(&json).unwrap(),
        ));
    });
    let view = Arc::new(finished(1).view);
    measure("clone, 10 buttons (the cost of its strings)", || {
        drop(std::hint::black_box(TaskView::clone(&view)))
    });
    if let Ok(database) = fs::metadata(store.path()) {
        println!("database: {} MB", database.len() / 1_000_000);
    }
}

/// A finished task with a picture and ten buttons.
fn finished(number: u64) -> Task {
    let mut task = full_task(number);
    task.view.id = id(number);
    task.view.status = Status::Success;
    task.view.images.truncate(1);
    task.view.buttons = (1..=10)
        .map(|button| TaskButton {
            action: Some(format!("upsample{button}")),
            custom_id: format!("MJ::JOB::upsample::{button}::01234567-89ab-cdef-0123-456789abcdef"),
            label: Some(format!("U{button}")),
            emoji: None,
            style: 2,
            choices: Vec::new(),
        })
        .collect();
    task.work.key_held_until = None;
    task
}

/// A task on its way.
fn running(number: u64) -> Task {
    let mut task = task(number);
    task.view.status = Status::InProgress;
    task.view.progress = 46;
    task.view.preview_url = Some(format!(
        "https://cdn.discordapp.com/attachments/1/2/{number}.webp?ex=1&is=2&hm=3"
    ));
    task.view.final_prompt = Some(task.view.prompt.clone());
    task
}

/// Of each kind, ids that meet all pages in no order: more than one process keeps decoded.
const TOLD: u64 = 5_000;

fn populate_and_tell(tasks: u64, path: &str) {
    let store = SqliteStore::open(&StateDir::open(path, Origin::Explicit).unwrap()).unwrap();
    populate(store, tasks);
    store.take_lease(&hub(1), &claim(1)).unwrap();
    let ids = |offset: u64| -> Vec<String> {
        (1..=TOLD)
            .map(|n| n * 7_919 % (tasks / 10) * 10 + offset)
            .filter(|number| *number != WRITTEN)
            .map(|number| id(number).to_string())
            .collect()
    };
    println!(
        "{}",
        serde_json::json!({"in_progress": ids(0), "finished": ids(1), "written": id(WRITTEN).to_string()})
    );
}

fn populate(store: &SqliteStore, tasks: u64) {
    let began = Instant::now();
    let numbers: Vec<u64> = (0..tasks).collect();
    for part in numbers.chunks(500) {
        let part: Vec<Task> = part
            .iter()
            .map(|n| {
                if n % 10 == 0 {
                    running(*n)
                } else {
                    finished(*n)
                }
            })
            .collect();
        store.submit(NOW, &part, WIDE).unwrap();
        if part[0].view.id.as_str().ends_with("0000") {
            store.checkpoint().unwrap();
        }
    }
    store.configure(NOW, &hub(1), &config()).unwrap();
    eprintln!("stored in {:.1} s", began.elapsed().as_secs_f64());
}

fn measure_all(store: &SqliteStore, tasks: u64) {
    // A stride that meets all pages in no order.
    let mut number = 0;
    let mut next = |step: u64, offset: u64| {
        number = (number + 7_919 * 10) % (tasks / 10 * 10);
        id(number / 10 * 10 * step.min(1) + offset)
    };
    measure("poll, unchanged", || {
        assert!(store.poll(&id(11)).unwrap().is_some())
    });
    measure("read in progress, the same", || {
        assert!(store.task(&id(10)).unwrap().is_some())
    });
    measure("read finished, the same, 10 buttons", || {
        assert!(store.task(&id(11)).unwrap().is_some())
    });
    measure("read in progress, any", || {
        assert!(store.task(&next(1, 0)).unwrap().is_some())
    });
    measure("read finished, any, 10 buttons", || {
        assert!(store.task(&next(1, 1)).unwrap().is_some())
    });
    measure("configure, unchanged", || {
        assert!(!store.configure(NOW, &hub(1), &config()).unwrap())
    });
    let mut submitted =
        1_000_000 + u64::from(process::id()) * 1_000_000 + Instant::now().elapsed().as_secs();
    submitted += store.counts(&hub(1)).unwrap().by_status.iter().sum::<u64>();
    measure_some(ROUNDS / 10, "submit, with its fdatasync", || {
        submitted += 1;
        let mut task = task(submitted);
        task.view.status = Status::Submitted;
        store.submit(NOW, &[task], WIDE).unwrap();
    });
    let epoch = store.lease(&hub(1)).unwrap().map_or(0, |lease| lease.epoch);
    if epoch == 0 {
        store.take_lease(&hub(1), &claim(1)).unwrap();
    }
    let mut moved = store.whole_task(&id(20)).unwrap().unwrap();
    measure_some(ROUNDS / 10, "commit of one progress", || {
        moved.view.revision += 1;
        let writes = vec![Write::Task(Box::new(moved.clone()))];
        let commit = Commit {
            durable: false,
            writes,
        };
        assert!(
            store
                .commit(NOW, &hub(1), 1, &commit)
                .unwrap()
                .superseded
                .is_empty()
        );
    });
}

fn measure(what: &str, work: impl FnMut()) {
    measure_some(ROUNDS, what, work);
}

fn measure_some(rounds: usize, what: &str, mut work: impl FnMut()) {
    let mut times: Vec<Duration> = (0..rounds)
        .map(|_| {
            let began = Instant::now();
            work();
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    let micros = |share: usize| times[rounds * share / 100].as_secs_f64() * 1e6;
    println!(
        "{what:45} p50 {:8.2} µs   p99 {:8.2} µs",
        micros(50),
        micros(99)
    );
}

fn write_until_killed(path: &str) {
    let store = SqliteStore::open(&StateDir::open(path, Origin::Explicit).unwrap()).unwrap();
    let mut moved = store.whole_task(&id(WRITTEN)).unwrap().unwrap();
    loop {
        moved.view.revision += 1;
        let writes = vec![Write::Task(Box::new(moved.clone()))];
        store
            .commit(
                NOW,
                &hub(1),
                1,
                &Commit {
                    durable: false,
                    writes,
                },
            )
            .unwrap();
        std::thread::sleep(Duration::from_millis(1_000 / RATE));
    }
}
