//! From `imagine()` to picture files, through real sockets and the real store.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests are no tests to clippy"
)]

mod support;

use mj_engine::{Engine, EngineError, Unavailable, Value};
use mj_simulator::server::{Options, TlsFault};
use serde_json::json;
use support::{
    Stage, engine, finish, is_picture, options,
    proxy::{LOGIN, Proxy},
    wait_for,
};

/// One prompt, one upscale, both saved; the simulator's truth is what PHP is told.
fn full_journey(tokens: &[&str], change: impl FnOnce(&Stage) -> Vec<(String, String)>) {
    let stage = Stage::new();
    journey_at(&stage, tokens, change);
}

fn journey_at(
    stage: &Stage,
    tokens: &[&str],
    change: impl FnOnce(&Stage) -> Vec<(String, String)>,
) {
    let mut ini = stage.ini(tokens);
    ini.extend(change(stage));
    let engine = engine("fpm-fcgi", ini);
    let mut options_of_task = options(&[("aspect", "1:1".into()), ("state", "order 7".into())]);
    if !tokens.contains(&"user_token") {
        let Value::Map(entries) = &mut options_of_task else {
            panic!("a map")
        };
        entries.push((
            "user_token".to_owned(),
            stage.announced("user_token").into(),
        ));
    }
    let id = engine
        .imagine(&"a red fox".into(), &options_of_task)
        .unwrap();
    let grid = finish(&engine, id.as_str());
    assert_eq!(grid.view.status.as_str(), "SUCCESS", "{:?}", grid.view);
    assert_eq!(
        (grid.view.progress, grid.view.state.as_deref()),
        (100, Some("order 7"))
    );
    assert!(
        !grid
            .view
            .final_prompt
            .as_deref()
            .unwrap()
            .contains("--seed"),
        "{:?}",
        grid.view.final_prompt
    );
    let upscale = engine
        .action(id.as_str(), "upscale2", &Value::Null)
        .unwrap();
    let upscaled = finish(&engine, upscale.as_str());
    assert_eq!(
        upscaled.view.status.as_str(),
        "SUCCESS",
        "{:?}",
        upscaled.view
    );
    assert_eq!(upscaled.view.parent_id, Some(id));

    let directory = stage.directory.path().join("pictures");
    std::fs::create_dir(&directory).unwrap();
    for task in [id, upscale] {
        let paths = engine
            .download(
                task.as_str(),
                directory.to_str().unwrap(),
                &Value::Null,
                &mut || false,
            )
            .unwrap();
        assert_eq!(paths.len(), 1);
        assert!(is_picture(paths[0].as_ref()));
        let again = engine
            .download(
                task.as_str(),
                directory.to_str().unwrap(),
                &Value::Null,
                &mut || false,
            )
            .unwrap();
        assert_eq!(paths, again);
    }
    let record = stage.record();
    let jobs: Vec<_> = record["interactions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["job_id"].as_str())
        .collect();
    assert_eq!(
        jobs,
        [grid.view.job_id.as_deref(), upscaled.view.job_id.as_deref()]
    );
    assert!(
        engine
            .image_url(&grid.view.images[0].url)
            .unwrap()
            .starts_with(&stage.announced("cdn_url"))
    );
    engine.shutdown();
}

#[test]
fn with_a_user_gateway() {
    full_journey(&["user_token"], |_| Vec::new());
}

#[test]
fn with_a_bot_gateway_and_a_token_for_each_call() {
    full_journey(&["bot_token"], |_| Vec::new());
}

#[test]
fn with_both_gateways() {
    full_journey(&["bot_token", "user_token"], |_| Vec::new());
}

#[test]
fn without_a_gateway() {
    full_journey(&["user_token"], |_| {
        vec![("mj.gateway".to_owned(), "off".to_owned())]
    });
}

#[test]
fn with_tls_and_a_ca_file() {
    let stage = Stage::with(Options {
        tls: Some(TlsFault::None),
        ..Options::default()
    });
    let authority = stage.directory.path().join("ca.pem");
    std::fs::write(&authority, stage.server.authority().unwrap()).unwrap();
    journey_at(&stage, &["user_token"], |_| {
        vec![(
            "mj.ca_file".to_owned(),
            authority.to_string_lossy().into_owned(),
        )]
    });
}

#[test]
fn through_a_proxy_that_connects() {
    let stage = Stage::with(Options {
        tls: Some(TlsFault::None),
        ..Options::default()
    });
    let proxy = Proxy::connect(&stage.runtime);
    let authority = stage.directory.path().join("ca.pem");
    std::fs::write(&authority, stage.server.authority().unwrap()).unwrap();
    journey_at(&stage, &["user_token"], |_| {
        vec![
            (
                "mj.ca_file".to_owned(),
                authority.to_string_lossy().into_owned(),
            ),
            (
                "mj.proxy".to_owned(),
                format!("http://{LOGIN}@{}", proxy.address),
            ),
        ]
    });
    // REST, the gateway and the pictures.
    assert!(proxy.targets().len() >= 3, "{:?}", proxy.targets());
}

#[test]
fn through_a_socks_proxy_that_resolves_names() {
    let stage = Stage::new();
    let proxy = Proxy::socks(&stage.runtime);
    let port = stage
        .announced("api_url")
        .rsplit(':')
        .next()
        .unwrap()
        .to_owned();
    journey_at(&stage, &["user_token"], |_| {
        // Names that nobody else can resolve.
        vec![
            (
                "mj.api_url".to_owned(),
                format!("http://api.mj.invalid:{port}"),
            ),
            (
                "mj.gateway_url".to_owned(),
                format!("ws://gateway.mj.invalid:{port}"),
            ),
            (
                "mj.proxy".to_owned(),
                format!("socks5://{LOGIN}@{}", proxy.address),
            ),
        ]
    });
    let targets = proxy.targets();
    for name in ["api", "gateway"] {
        assert!(
            targets.contains(&format!("{name}.mj.invalid:{port}")),
            "{targets:?}"
        );
    }
}

#[test]
fn a_wrong_certificate_is_never_spoken_to() {
    let stage = Stage::with(Options {
        tls: Some(TlsFault::WrongHost),
        ..Options::default()
    });
    let authority = stage.directory.path().join("ca.pem");
    std::fs::write(&authority, stage.server.authority().unwrap()).unwrap();
    let mut ini = stage.ini(&["user_token"]);
    ini.push((
        "mj.ca_file".to_owned(),
        authority.to_string_lossy().into_owned(),
    ));
    ini.push(("mj.timeout".to_owned(), "10".to_owned()));
    let engine = engine("fpm-fcgi", ini);
    let id = engine.imagine(&"a red fox".into(), &Value::Null).unwrap();
    let record = finish(&engine, id.as_str());
    assert_eq!(record.view.status.as_str(), "FAILURE");
    assert_eq!(
        stage.record()["requests"]
            .as_object()
            .map_or(0, serde_json::Map::len),
        0
    );
    engine.shutdown();
}

#[test]
fn a_configuration_changes_while_it_runs() {
    let stage = Stage::new();
    let relay = stage.relay();
    let state_dir = stage.state_dir().to_string_lossy().into_owned();
    let engine = engine("fpm-fcgi", vec![("mj.state_dir".to_owned(), state_dir)]);
    let configure = |places: [String; 3], queue: i64| {
        let mut config: Vec<(String, Value)> = ["api_url", "gateway_url", "cdn_url"]
            .into_iter()
            .zip(places)
            .map(|(key, place)| (key.to_owned(), Value::from(place)))
            .collect();
        let rest = ["guild_id", "channel_id", "user_token"];
        config.extend(rest.map(|key| (key.to_owned(), stage.announced(key).into())));
        config.push(("queue_size".to_owned(), Value::Int(queue)));
        engine.configure(&Value::Map(config)).unwrap();
    };
    let succeed = |prompt: &str| {
        let id = engine.imagine(&prompt.into(), &Value::Null).unwrap();
        let ended = finish(&engine, id.as_str());
        assert_eq!(ended.view.status.as_str(), "SUCCESS", "{:?}", ended.view);
    };
    let direct = || ["api_url", "gateway_url", "cdn_url"].map(|key| stage.announced(key));
    configure(direct(), 100);
    succeed("a red fox");
    configure(direct(), 50);
    succeed("a blue fox");
    assert_eq!(
        stage.record()["sockets_seen"],
        1,
        "a queue size opens no gateway"
    );
    configure(
        [
            format!("http://{relay}"),
            format!("ws://{relay}"),
            format!("http://{relay}"),
        ],
        50,
    );
    succeed("a green fox");
    let record = stage.wait_for("one gateway at the new host", |record| {
        record["sockets_seen"] == 2 && record["open_connections"] == 1
    });
    assert_eq!(
        (&record["identifies"], &record["resumes"]),
        (&json!(1), &json!(1)),
        "the session goes on"
    );
    engine.shutdown();
}

#[test]
fn a_lost_session_is_caught_up() {
    let stage = Stage::new();
    stage.config(&json!({"hold_finals": true}));
    let engine = engine("fpm-fcgi", stage.ini(&["user_token"]));
    let id = engine.imagine(&"a red fox".into(), &Value::Null).unwrap();
    wait_for("progress", || {
        engine
            .poll(id.as_str())
            .unwrap()
            .filter(|task| task.view.progress > 0)
    });
    // A session that Discord forgets at once: the final falls into the gap and is read by REST.
    stage.config(&json!({"session_ttl": 0}));
    stage.control(&json!({"command": "fault", "gateway": "drop"}));
    stage.control(&json!({"command": "release"}));
    assert_eq!(finish(&engine, id.as_str()).view.status.as_str(), "SUCCESS");
    engine.shutdown();
}

#[test]
fn says_what_is_wrong() {
    let stage = Stage::new();
    let engine = engine("fpm-fcgi", stage.ini(&["user_token"]));
    let message = |result: Result<mj_engine::TaskId, EngineError>| result.unwrap_err().to_string();
    assert!(
        message(engine.imagine(&"  ".into(), &Value::Null))
            .starts_with("prompt: the prompt is empty")
    );
    assert!(
        message(engine.imagine(&Value::Bytes(vec![0xFF]), &Value::Null))
            .starts_with("prompt: is not valid UTF-8")
    );
    assert_eq!(
        message(engine.imagine(&7.into(), &Value::Null)),
        "prompt must be of type string, int given"
    );
    assert!(
        message(engine.imagine(&"x".repeat(7_000).as_str().into(), &Value::Null))
            .contains("7000 characters")
    );
    assert!(
        message(engine.imagine(&"x".into(), &options(&[("acount", "main".into())])))
            .starts_with("options.acount")
    );
    assert!(
        message(engine.imagine(&"x".into(), &options(&[("account", "nobody".into())])))
            .contains("known are main")
    );
    assert!(
        message(engine.action("01J00000000000000000000000", "upscale1", &Value::Null))
            .contains("no such task")
    );
    assert!(engine.poll("nonsense").unwrap().is_none());
    let config =
        |entries: &[(&str, Value)]| engine.configure(&options(entries)).unwrap_err().to_string();
    assert!(
        config(&[("proxy_wss", "https://gw.example.com".into())])
            .starts_with("proxy_wss: must start with wss://")
    );
    assert!(config(&[("bot_tokn", "x".into())]).starts_with("bot_tokn: no such setting"));
    assert!(
        config(&[("guild_id", "general".into())]).starts_with("guild_id: must be a Discord id")
    );
    assert!(
        config(&[("user_token", "Bot abc".into())]).starts_with("user_token: is a bot's token")
    );
    assert!(config(&[("queue_size", 0.into())]).starts_with("queue_size: must be a whole number"));
    assert!(
        config(&[("state_dir", "relative".into())])
            .starts_with("state_dir: must be an absolute path")
    );
}

#[test]
fn an_unreachable_resume_host_costs_no_session() {
    let stage = Stage::with(Options {
        discord_hosts: true,
        ..Options::default()
    });
    stage.config(&json!({"hold_finals": true}));
    let mut ini = stage.ini(&["user_token"]);
    // Nobody listens on port 1: the host that READY named is out of reach.
    ini.push((
        "mj.gateway_resume_url".to_owned(),
        "ws://127.0.0.1:1/{host}".to_owned(),
    ));
    let engine = engine("fpm-fcgi", ini);
    let id = engine.imagine(&"a red fox".into(), &Value::Null).unwrap();
    wait_for("progress", || {
        engine
            .poll(id.as_str())
            .unwrap()
            .filter(|task| task.view.progress > 0)
    });
    stage.control(&json!({"command": "fault", "gateway": "drop"}));
    stage.wait_for("the resumed session", |record| record["resumes"] == 1);
    stage.control(&json!({"command": "release"}));
    assert_eq!(finish(&engine, id.as_str()).view.status.as_str(), "SUCCESS");
    assert_eq!(stage.record()["identifies"], 1);
    engine.shutdown();
}

#[test]
fn settings_that_flip_with_every_request_identify_once_each() {
    let stage = Stage::new();
    let mut ini = stage.ini(&[]);
    ini.push(("mj.spacing".to_owned(), "0".to_owned()));
    let engine = engine("fpm-fcgi", ini);
    let accounts = stage.server.announcement()["accounts"]
        .as_array()
        .unwrap()
        .clone();
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let token = accounts[number % 2]["user_token"].as_str().unwrap();
            engine
                .configure(&options(&[("user_token", token.into())]))
                .unwrap();
            engine
                .imagine(&format!("fox number {number}").into(), &Value::Null)
                .unwrap()
        })
        .collect();
    for task in tasks {
        let ended = finish(&engine, task.as_str());
        assert_eq!(ended.view.status.as_str(), "SUCCESS", "{:?}", ended.view);
    }
    let record = stage.record();
    assert_eq!(record["identifies"], 2);
    assert_eq!(record["sockets_seen"], 2);
    assert_eq!(record["interactions"].as_array().unwrap().len(), 8);
    engine.shutdown();
}

/// Why the engine does not press a button.
fn refusal(engine: &Engine, task: &str, action: &str) -> (Unavailable, String) {
    let error = engine.action(task, action, &Value::Null).unwrap_err();
    let EngineError::ActionUnavailable {
        reason, message, ..
    } = error
    else {
        panic!("{error}")
    };
    (reason, message)
}

#[test]
fn buttons_that_are_not_pressed_say_why() {
    let stage = Stage::new();
    stage.config(&json!({"hold_finals": true}));
    let engine = engine("fpm-fcgi", stage.ini(&["bot_token"]));
    let token = options(&[("user_token", stage.announced("user_token").into())]);
    let id = engine.imagine(&"a red fox".into(), &token).unwrap();
    let (reason, _) = refusal(&engine, id.as_str(), "upscale1");
    assert_eq!(reason, Unavailable::NotFinished);
    stage.config(&json!({"hold_finals": false}));
    stage.control(&json!({"command": "release"}));
    assert_eq!(finish(&engine, id.as_str()).view.status.as_str(), "SUCCESS");
    let (reason, message) = refusal(&engine, id.as_str(), "pan_left");
    assert_eq!(reason, Unavailable::NotOffered);
    assert!(
        message.contains("\"pan_left\"") && message.contains("upscale1, upscale2"),
        "{message}"
    );
    let upscale = engine
        .action(id.as_str(), "upscale2", &Value::Null)
        .unwrap();
    assert_eq!(
        finish(&engine, upscale.as_str()).view.status.as_str(),
        "SUCCESS"
    );
    let (reason, message) = refusal(&engine, upscale.as_str(), "custom_zoom");
    assert_eq!(reason, Unavailable::NeedsUserGateway, "{message}");
    assert_eq!(stage.record()["interactions"].as_array().unwrap().len(), 2);
    engine.shutdown();
}
