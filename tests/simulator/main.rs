//! The stand-alone simulator: options in, one JSON line out, then it serves until SIGTERM or SIGINT.
#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use mj_simulator::server::{Options, Server, TlsFault};
use mj_simulator::world::Settings;
use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "usage: mj-simulator [--listen ADDR] [--listen-resume ADDR] [--seed N] [--speed X] [--accounts N]
                    [--channel-per-account] [--config JSON] [--discord-hosts]
                    [--tls] [--tls-fault expired|wrong-host] [--ca-file PATH]";

#[derive(Debug, Default)]
struct Arguments {
    settings: Settings,
    options: Options,
    config: Option<Value>,
    ca_file: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = match parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(message) => {
            // Nothing is left to tell the user when stderr is closed.
            let _ = writeln!(io::stderr(), "{message}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    match runtime.and_then(|runtime| runtime.block_on(run(arguments))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "mj-simulator: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let server = Server::start(arguments.settings, arguments.options).await?;
    if let Some(config) = arguments.config {
        server
            .driver()
            .with_world(|world, _| world.behaviour.merge(&config))
            .map_err(io::Error::other)?;
    }
    let mut line = server.announcement().clone();
    if let Some(authority) = server.authority() {
        let path = arguments.ca_file.unwrap_or_else(|| {
            std::env::temp_dir().join(format!("mj-simulator-{}-ca.pem", std::process::id()))
        });
        std::fs::write(&path, authority)?;
        line["ca_file"] = Value::from(path.to_string_lossy().into_owned());
    }
    let mut stdout = io::stdout();
    writeln!(stdout, "{line}")?;
    stdout.flush()?;
    tokio::select! {
        () = server.serve() => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut arguments = Arguments::default();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--listen" => arguments.options.listen = read(&word, &value()?)?,
            "--listen-resume" => arguments.options.listen_resume = read(&word, &value()?)?,
            "--seed" => arguments.settings.seed = read(&word, &value()?)?,
            "--speed" => {
                arguments.settings.speed = read(&word, &value()?)?;
                if !(arguments.settings.speed > 0.0 && arguments.settings.speed.is_finite()) {
                    return Err("--speed must be more than 0".into());
                }
            }
            "--accounts" => {
                arguments.settings.accounts = read(&word, &value()?)?;
                if !(1..=50).contains(&arguments.settings.accounts) {
                    return Err("--accounts must be 1 to 50".into());
                }
            }
            "--channel-per-account" => arguments.settings.channel_per_account = true,
            "--config" => {
                arguments.config = Some(
                    serde_json::from_str(&value()?)
                        .map_err(|error| format!("--config: {error}"))?,
                );
            }
            "--discord-hosts" => arguments.options.discord_hosts = true,
            "--tls" => arguments.options.tls = arguments.options.tls.or(Some(TlsFault::None)),
            "--tls-fault" => {
                arguments.options.tls = Some(match value()?.as_str() {
                    "expired" => TlsFault::Expired,
                    "wrong-host" => TlsFault::WrongHost,
                    other => return Err(format!("--tls-fault does not know {other}")),
                });
            }
            "--ca-file" => arguments.ca_file = Some(value()?.into()),
            _ => return Err(format!("unknown option {word}")),
        }
    }
    Ok(arguments)
}

fn read<T: std::str::FromStr>(option: &str, value: &str) -> Result<T, String> {
    value
        .parse()
        .map_err(|_| format!("{option} does not understand {value:?}"))
}
