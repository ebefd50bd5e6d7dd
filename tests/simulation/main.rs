//! Plays many runs on both cores and says what became of them (README.md): `--tasks` are those of one run, and no run
//! begins after `--seconds`. Ends with 1 when a promise was broken: then it looks for a smaller run that breaks one as
//! well, and prints the command that plays it with its trace. With `--hours`, lets one hub live that long instead.
#![forbid(unsafe_code)]

use std::{
    collections::BTreeMap,
    io::{self, Write},
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use mj_simulation::{Plan, Report, Trouble, Without, live, run};

/// A quarter of the time goes into room for small things.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Broken promises of one run that are printed.
const SHOWN: usize = 8;
/// Runs that are made smaller.
const SHRUNK: usize = 3;

struct Options {
    seed: u64,
    runs: u64,
    tasks: u32,
    jobs: usize,
    /// After which no run begins.
    time: Duration,
    without: Without,
    trace: bool,
    keep_going: bool,
    /// Whether a smaller run is looked for when one is broken.
    shrinks: bool,
    crash_at: Option<u64>,
    /// Instead of many runs, one long life.
    hours: Option<u64>,
}

impl Options {
    fn plan(&self, seed: u64) -> Plan {
        Plan {
            without: self.without,
            trace: self.trace,
            crash_at: self.crash_at,
            ..Plan::new(seed, self.tasks)
        }
    }
}

fn main() -> io::Result<ExitCode> {
    let options = match options(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => {
            writeln!(io::stderr(), "mj-simulate: {message}")?;
            return Ok(ExitCode::from(2));
        }
    };
    if let Some(hours) = options.hours {
        return live_for(&options, hours);
    }
    let began = Instant::now();
    let next = AtomicU64::new(options.seed);
    let is_broken = AtomicBool::new(false);
    let totals = Mutex::new(Totals::default());
    thread::scope(|scope| {
        for _ in 0..options.jobs {
            scope.spawn(|| {
                while !is_broken.load(Ordering::Relaxed) && began.elapsed() < options.time {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= options.seed + options.runs {
                        break;
                    }
                    let report = run(options.plan(seed));
                    if !report.broken.is_empty() && !options.keep_going {
                        is_broken.store(true, Ordering::Relaxed);
                    }
                    totals
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .add(report);
                }
            });
        }
    });
    let totals = totals.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut out = io::stdout().lock();
    totals.print(&mut out, &options)?;
    writeln!(out, "{:.1} s", began.elapsed().as_secs_f64())?;
    Ok(if totals.broken.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Lets one hub live for so many hours and prints what it keeps at the end of each.
fn live_for(options: &Options, hours: u64) -> io::Result<ExitCode> {
    let day = live(options.seed, hours, options.trace);
    let mut out = io::stdout().lock();
    for line in &day.trace {
        writeln!(out, "{line}")?;
    }
    for snapshot in &day.snapshots {
        let kept = snapshot.kept.iter().filter(|(_, entries)| **entries > 0);
        let kept: Vec<String> = kept
            .map(|(name, entries)| format!("{name} {entries}"))
            .collect();
        writeln!(out, "hour {}: {}", snapshot.hour, kept.join(", "))?;
    }
    writeln!(
        out,
        "{} tasks, {} logins, {} resumes; of the last {:?}",
        day.tasks,
        day.identified_at.len(),
        day.resumes,
        day.ends
    )?;
    for what in &day.broken {
        writeln!(out, "broken: {what}")?;
    }
    Ok(if day.broken.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[derive(Default)]
struct Totals {
    runs: u64,
    tasks: u64,
    steps: u64,
    owners: u64,
    interactions: u64,
    ends: BTreeMap<String, u64>,
    broken: Vec<Report>,
    /// The trace of the only run.
    trace: Vec<String>,
}

impl Totals {
    fn add(&mut self, mut report: Report) {
        self.runs += 1;
        self.tasks += report.tasks;
        self.steps += report.steps;
        self.owners += report.owners;
        self.interactions += report.interactions;
        for (end, count) in &report.ends {
            *self.ends.entry(end.clone()).or_default() += count;
        }
        self.trace = std::mem::take(&mut report.trace);
        if !report.broken.is_empty() {
            self.broken.push(report);
        }
    }

    fn print(&self, out: &mut impl Write, options: &Options) -> io::Result<()> {
        for line in &self.trace {
            writeln!(out, "{line}")?;
        }
        writeln!(
            out,
            "{} runs, {} tasks, {} interactions, {} owners, {} steps",
            self.runs, self.tasks, self.interactions, self.owners, self.steps
        )?;
        for (end, count) in &self.ends {
            writeln!(out, "{count:>10} {end}")?;
        }
        for (at, report) in self.broken.iter().enumerate() {
            writeln!(out, "broken in seed {}: {}", report.seed, report.weather)?;
            for what in report.broken.iter().take(SHOWN) {
                writeln!(out, "  {what}")?;
            }
            let plan = Plan {
                trace: false,
                ..options.plan(report.seed)
            };
            let smaller = if at < SHRUNK && options.shrinks && !options.trace {
                shrink(plan)
            } else {
                plan
            };
            writeln!(out, "  again: {}", command(smaller))?;
        }
        Ok(())
    }
}

/// A run of the same seed with fewer tasks and fewer kinds of trouble that breaks a promise too.
fn shrink(mut plan: Plan) -> Plan {
    let is_broken = |plan: Plan| !run(plan).broken.is_empty();
    for trouble in Trouble::ALL {
        let smaller = Plan {
            without: plan.without.and(trouble),
            ..plan
        };
        if !plan.without.has(trouble) && is_broken(smaller) {
            plan = smaller;
        }
    }
    let (mut enough, mut too_few) = (plan.tasks, 0);
    while too_few + 1 < enough {
        let tasks = too_few.midpoint(enough);
        if is_broken(Plan { tasks, ..plan }) {
            enough = tasks;
        } else {
            too_few = tasks;
        }
    }
    plan.tasks = enough;
    plan
}

fn command(plan: Plan) -> String {
    let without = plan.without.names().join(",");
    let without = if without.is_empty() {
        String::new()
    } else {
        format!(" --without {without}")
    };
    let crash = plan.crash_at.map(|at| format!(" --crash-at {at}"));
    format!(
        "mj-simulate --seed {} --runs 1 --tasks {}{without}{} --trace",
        plan.seed,
        plan.tasks,
        crash.unwrap_or_default()
    )
}

fn options(mut given: impl Iterator<Item = String>) -> Result<Options, String> {
    let mut options = Options {
        seed: 1,
        runs: 100,
        tasks: 250,
        jobs: thread::available_parallelism().map_or(1, usize::from),
        time: Duration::MAX,
        without: Without::default(),
        trace: false,
        keep_going: false,
        shrinks: true,
        crash_at: None,
        hours: None,
    };
    while let Some(name) = given.next() {
        if name == "--without" {
            options.without = without(&given.next().unwrap_or_default())?;
            continue;
        }
        let mut number = || {
            given
                .next()
                .and_then(|text| text.parse::<u64>().ok())
                .ok_or(format!("{name} needs a whole number"))
        };
        match name.as_str() {
            "--seed" => options.seed = number()?,
            "--runs" => options.runs = number()?,
            "--tasks" => options.tasks = u32::try_from(number()?).map_err(|_| "too many tasks")?,
            "--jobs" => options.jobs = usize::try_from(number()?).map_err(|_| "too many jobs")?,
            "--seconds" => options.time = Duration::from_secs(number()?),
            "--crash-at" => options.crash_at = Some(number()?),
            "--hours" => options.hours = Some(number()?),
            "--trace" => options.trace = true,
            "--keep-going" => options.keep_going = true,
            "--no-shrink" => options.shrinks = false,
            other => return Err(format!("unknown option {other}")),
        }
    }
    Ok(options)
}

fn without(names: &str) -> Result<Without, String> {
    let mut without = Without::default();
    for name in names.split(',') {
        let is_named = |trouble: &Trouble| trouble.name() == name;
        let trouble = Trouble::ALL.into_iter().find(is_named);
        without = without.and(trouble.ok_or_else(|| format!("no trouble is called {name:?}"))?);
    }
    Ok(without)
}
