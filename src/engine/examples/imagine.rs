//! One prompt from the command line to picture files, without PHP.
//!
//! Settings come from the environment: `MJ_USER_TOKEN`, `MJ_GUILD_ID`, `MJ_STATE_DIR` and so on, one for each `mj.*`
//! ini entry. Usage: `imagine PROMPT [DIRECTORY]`.

use std::{
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

use mj_engine::{Engine, EngineError, Host, Value};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(prompt) = arguments.next() else {
        return say("usage: imagine PROMPT [DIRECTORY]", ExitCode::from(2));
    };
    match run(&prompt, arguments.next().as_deref()) {
        Ok(lines) => say(&lines.join("\n"), ExitCode::SUCCESS),
        Err(error) => say(&error.to_string(), ExitCode::FAILURE),
    }
}

fn run(prompt: &str, directory: Option<&str>) -> Result<Vec<String>, EngineError> {
    let engine = Engine::of_thread(0, || Host {
        sapi: "cli".to_owned(),
        php_version: String::new(),
        error_log: String::new(),
        ini: ini_from_environment(),
        preloading: false,
        environment: mj_engine::Environment::default(),
        locate: None,
    })?;
    let id = engine.imagine(&Value::from(prompt), &Value::Null)?;
    let mut shown = 0;
    let record = loop {
        let record = engine.wait(id.as_str(), Duration::from_millis(500), &mut || false)?;
        if record.view.revision != shown {
            shown = record.view.revision;
            say(
                &format!(
                    "{id} {} {} %",
                    record.view.status.as_str(),
                    record.view.progress
                ),
                (),
            );
        }
        if record.view.status.is_terminal() {
            break record;
        }
    };
    let mut lines = vec![format!("{id} {}", record.view.status.as_str())];
    lines.extend(record.view.fail_reason.clone());
    lines.extend(record.images);
    if let Some(directory) = directory {
        lines.extend(engine.download(id.as_str(), directory, &Value::Null, &mut || false)?);
    }
    engine.shutdown();
    Ok(lines)
}

fn ini_from_environment() -> Vec<(String, String)> {
    std::env::vars()
        .filter_map(|(name, value)| {
            Some((
                format!("mj.{}", name.strip_prefix("MJ_")?.to_ascii_lowercase()),
                value,
            ))
        })
        .collect()
}

fn say<T>(text: &str, then: T) -> T {
    // Nobody is left to tell that stdout is closed.
    let _ = writeln!(io::stdout(), "{text}");
    then
}
