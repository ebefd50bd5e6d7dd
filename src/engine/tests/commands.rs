//! Every command with its pictures, through real sockets and the real store, on each kind of gateway that can see it.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests are no tests to clippy"
)]

mod support;

use mj_engine::{Engine, TaskRecord, Value};
use mj_midjourney::task::TaskId;
use support::{Stage, engine, finish, options};

const RED: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAIAAAAlC+aJAAAAT0lEQVR42u3PQQkAAAgEsEty/aMYywi+hcEKLNO+FgEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQGBywLKp0DxvxLbjwAAAABJRU5ErkJggg==";
const BLUE: &str = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAIAAAAlC+aJAAAAT0lEQVR42u3PQQkAAAgEsEty/aMYywi+hcEKLO28FgEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQGBywKJbEDxSPiIxAAAAABJRU5ErkJggg==";

fn pictures() -> Value {
    Value::List(vec![RED.into(), BLUE.into()])
}

fn done(engine: &Engine, id: TaskId) -> TaskRecord {
    let record = finish(engine, id.as_str());
    assert_eq!(record.view.status.as_str(), "SUCCESS", "{:?}", record.view);
    record
}

/// A hub with these tokens; the account's is named in each call where it is not among them.
fn on(tokens: &[&str]) -> (Stage, Engine, Value) {
    let stage = Stage::new();
    let engine = engine("fpm-fcgi", stage.ini(tokens));
    let token = stage.announced("user_token");
    let named = if tokens.contains(&"user_token") {
        options(&[])
    } else {
        options(&[("user_token", token.into())])
    };
    (stage, engine, named)
}

fn with(named: &Value, name: &str, value: Value) -> Value {
    let Value::Map(mut entries) = named.clone() else {
        panic!("a map")
    };
    entries.push((name.to_owned(), value));
    Value::Map(entries)
}

/// What everybody in the channel can see.
fn public_commands(tokens: &[&str]) {
    let (stage, engine, named) = on(tokens);
    let prompted = with(&named, "images", pictures());
    let imagined = engine.imagine(&"a red fox".into(), &prompted).unwrap();
    let blends = [(); 2].map(|()| engine.blend(&pictures(), &named).unwrap());
    let descriptions = [RED, BLUE].map(|it| engine.describe(&it.into(), &named).unwrap());
    let grid = done(&engine, imagined);
    assert_eq!(grid.view.prompt, "a red fox");
    for id in descriptions {
        let described = done(&engine, id);
        assert_eq!(described.view.texts.len(), 4, "{:?}", described.view);
        assert_eq!(described.view.images.len(), 1);
        assert!(!described.view.buttons.is_empty());
    }
    let mut jobs: Vec<Option<String>> = blends
        .into_iter()
        .map(|id| done(&engine, id).view.job_id.clone())
        .collect();
    jobs.push(grid.view.job_id.clone());
    jobs.sort();
    jobs.dedup();
    assert_eq!(jobs.len(), 3, "each has a job of its own");
    let shown = engine.show(imagined.as_str(), &named).unwrap();
    let shown = done(&engine, shown);
    assert_eq!(shown.view.job_id, grid.view.job_id);
    assert_eq!(shown.view.images.len(), 1);
    let record = stage.record();
    let truth: Vec<&str> = record["interactions"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|job| job["job_id"].as_str())
        .collect();
    for job in jobs.iter().flatten() {
        assert!(truth.contains(&job.as_str()), "{job} in {truth:?}");
    }
    engine.shutdown();
}

#[test]
fn public_commands_with_a_user_gateway() {
    public_commands(&["user_token"]);
}

#[test]
fn public_commands_with_a_bot_gateway() {
    public_commands(&["bot_token"]);
}

#[test]
fn public_commands_with_both_gateways() {
    public_commands(&["user_token", "bot_token"]);
}

/// What only the account itself is told.
#[test]
fn private_commands_with_a_user_gateway() {
    let (_stage, engine, named) = on(&["user_token"]);
    let none = Value::List(Vec::new());
    let text = |record: &TaskRecord, name: &str| {
        let texts = record.view.texts.iter();
        texts
            .filter(|text| text.name.as_deref() == Some(name))
            .map(|text| text.text.clone())
            .next()
    };
    let run = |name: &str| done(&engine, engine.command(name, &none, &named).unwrap());
    let info = run("info");
    assert_eq!(text(&info, "mode").as_deref(), Some("fast"));
    assert!(text(&info, "plan").is_some() && text(&info, "fast_hours_left").is_some());
    let relax = run("relax");
    assert!(!relax.view.texts.is_empty());
    let info = run("info");
    assert_eq!(text(&info, "mode").as_deref(), Some("relax"));
    let settings = run("settings");
    assert!(text(&settings, "version").is_some(), "{:?}", settings.view);
    assert_eq!(text(&settings, "relax_mode").as_deref(), Some("on"));
    assert!(settings.view.buttons[0].choices.len() > 1);
    for name in ["turbo", "prefer remix", "private"] {
        assert!(!run(name).view.texts.is_empty(), "{name}");
    }
    let prompt = "a very detailed red fox, in the style of an old woodcut, snow, winter light";
    let shortened = engine.shorten(&prompt.into(), &named).unwrap();
    let shortened = done(&engine, shortened);
    assert!(!shortened.view.texts.is_empty() && !shortened.view.buttons.is_empty());
    engine.shutdown();
}

/// A region whose kept mask is gone: the task fails in its time, and the log says why.
#[test]
fn a_press_whose_mask_is_gone_fails() {
    let (stage, engine, named) = on(&["user_token"]);
    let grid = done(
        &engine,
        engine.imagine(&"a red fox".into(), &named).unwrap(),
    );
    let upscaled = engine.action(grid.view.id.as_str(), "upscale1", &named);
    let upscaled = done(&engine, upscaled.unwrap());
    engine.shutdown();
    drop(engine);
    let log = stage.directory.path().join("mj.log");
    let mut ini = stage.ini(&["user_token"]);
    ini.retain(|(key, _)| key != "mj.log");
    ini.push(("mj.log".to_owned(), log.to_string_lossy().into_owned()));
    let mut idle = ini.clone();
    idle.push(("mj.role".to_owned(), "never".to_owned()));
    let outsider = support::engine("fpm-fcgi", idle);
    let region = with(&with(&named, "mask", RED.into()), "timeout", 10.into());
    let pressed = outsider
        .action(upscaled.view.id.as_str(), "vary_region", &region)
        .unwrap();
    let mut masks = Vec::new();
    for file in std::fs::read_dir(stage.state_dir().join("uploads")).unwrap() {
        let file = file.unwrap();
        masks.push(file.file_name().into_string().unwrap());
        std::fs::remove_file(file.path()).unwrap();
    }
    let owner = support::engine("fpm-fcgi", ini);
    let record = finish(&owner, pressed.as_str());
    assert_eq!(record.view.status.as_str(), "FAILURE", "{:?}", record.view);
    owner.shutdown();
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("a kept picture cannot be read"), "{log}");
    assert!(!masks.is_empty() && !masks.iter().any(|name| log.contains(name)));
}
