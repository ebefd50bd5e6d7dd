//! Processes that configure a hub at once: each finds what the others wrote.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are no tests to clippy"
)]

mod support;

use std::sync::Barrier;

use mj_midjourney::store::TaskStore;
use mj_process::{Origin, StateDir};
use mj_store::SqliteStore;
use support::{engine, options};

const CALLERS: usize = 6;
const ROUNDS: usize = 4;

/// A task whose account is lost would end as `ACCOUNT_DISABLED`.
#[test]
fn accounts_that_submissions_bring_along_at_once_are_all_there() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    let ini: Vec<(String, String)> = [
        ("mj.state_dir", state.to_str().unwrap()),
        ("mj.role", "never"),
        ("mj.guild_id", "100000000000000001"),
        ("mj.channel_id", "100000000000000002"),
        ("mj.bot_token", "bot"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let start = Barrier::new(CALLERS);
    std::thread::scope(|scope| {
        for caller in 0..CALLERS {
            let (ini, start) = (ini.clone(), &start);
            scope.spawn(move || {
                let engine = engine("fpm-fcgi", ini);
                start.wait();
                for round in 0..ROUNDS {
                    let token = format!("token.of-caller-{caller}.in-round-{round}");
                    engine
                        .imagine(
                            &"a fox".into(),
                            &options(&[("user_token", token.as_str().into())]),
                        )
                        .unwrap();
                }
            });
        }
    });
    let store = SqliteStore::open(&StateDir::open(&state, Origin::Explicit).unwrap()).unwrap();
    let hubs = store.hubs().unwrap();
    assert_eq!(hubs.len(), 1);
    let (_, config) = store.config(&hubs[0].id).unwrap().unwrap();
    assert_eq!(config.accounts.len(), CALLERS * ROUNDS);
    assert_eq!(hubs[0].open_tasks, (CALLERS * ROUNDS) as u64);
}
