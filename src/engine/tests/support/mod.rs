//! A simulated Discord on loopback, engines beside it, and children that can be killed.

#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are no tests to clippy"
)]

pub(crate) mod proxy;
pub(crate) mod receiver;

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use mj_engine::{Engine, Host, TaskRecord, Value};
use mj_process::{HeirLock, Origin, StateDir};
use mj_simulator::{
    server::{Options, Server},
    world::Settings,
};
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};

/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
const CHILD_INI: &str = "MJ_TEST_CHILD_INI";

pub(crate) struct Stage {
    pub(crate) runtime: Runtime,
    pub(crate) server: Server,
    pub(crate) directory: TempDir,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(Options::default())
    }

    pub(crate) fn with(options: Options) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let settings = Settings {
            speed: 50.0,
            accounts: 2,
            ..Settings::default()
        };
        let server = runtime.block_on(Server::start(settings, options)).unwrap();
        Self {
            runtime,
            server,
            directory: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn announced(&self, key: &str) -> String {
        self.server.announcement()[key]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// The ini entries of a hub at this Discord, with those of `keys` that name tokens.
    pub(crate) fn ini(&self, tokens: &[&str]) -> Vec<(String, String)> {
        let state = self
            .directory
            .path()
            .join("state")
            .to_string_lossy()
            .into_owned();
        let places = [
            "api_url",
            "gateway_url",
            "cdn_url",
            "upload_url",
            "activity_url",
            "guild_id",
            "channel_id",
        ];
        let mut ini: Vec<(String, String)> = places
            .iter()
            .chain(tokens)
            .map(|key| (format!("mj.{key}"), self.announced(key)))
            .collect();
        ini.push(("mj.state_dir".to_owned(), state));
        if let Ok(log) = std::env::var("MJ_TEST_LOG") {
            ini.extend([
                ("mj.log".to_owned(), log),
                ("mj.log_level".to_owned(), "debug".to_owned()),
            ]);
        }
        ini
    }

    /// Another address of the same Discord, as an operator's reverse proxy is one.
    pub(crate) fn relay(&self) -> std::net::SocketAddr {
        let target = self
            .announced("api_url")
            .trim_start_matches("http://")
            .to_owned();
        let listener = self
            .runtime
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let address = listener.local_addr().unwrap();
        self.runtime.spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let target = target.clone();
                tokio::spawn(async move {
                    if let Ok(mut far) = TcpStream::connect(target).await {
                        let _ = copy_bidirectional(&mut near, &mut far).await;
                    }
                });
            }
        });
        address
    }

    pub(crate) fn state_dir(&self) -> std::path::PathBuf {
        self.directory.path().join("state")
    }

    /// Whether a process is the heir: one that lives long enough and owns nothing.
    pub(crate) fn has_heir(&self) -> bool {
        let directory = StateDir::open(self.state_dir(), Origin::Explicit).unwrap();
        let lock = HeirLock::open(&directory).unwrap();
        lock.try_take().unwrap().is_none()
    }

    /// Lets a stopped owner go on whose successor is this process, until it has seen that it is deposed: then its requests
    /// and its gateway are at their ends, and it is the heir, which nobody was before.
    pub(crate) fn let_go_on(&self, owner: &Killed) {
        assert!(!self.has_heir());
        owner.signal("-CONT");
        wait_for("the old owner as the heir", || {
            self.has_heir().then_some(())
        });
    }

    pub(crate) fn control(&self, command: &serde_json::Value) -> serde_json::Value {
        self.server.driver().control(command).unwrap()
    }

    pub(crate) fn record(&self) -> serde_json::Value {
        self.control(&json!({"command": "record"}))
    }

    pub(crate) fn config(&self, set: &serde_json::Value) {
        self.control(&json!({"command": "config", "set": set}));
    }

    /// Waits until the record shows what `is_so` looks for.
    pub(crate) fn wait_for(
        &self,
        what: &str,
        is_so: impl Fn(&serde_json::Value) -> bool,
    ) -> serde_json::Value {
        wait_for(what, || Some(self.record()).filter(&is_so))
    }
}

/// Looks again and again until `look` finds something.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

pub(crate) fn engine(sapi: &str, ini: Vec<(String, String)>) -> Engine {
    Engine::new(Host {
        sapi: sapi.to_owned(),
        php_version: "8.2".to_owned(),
        error_log: String::new(),
        ini,
        preloading: false,
        environment: mj_engine::Environment::default(),
        locate: None,
    })
    .unwrap()
}

pub(crate) fn options(entries: &[(&str, Value)]) -> Value {
    entries.iter().cloned().collect()
}

/// Waits until a task has ended, in slices as PHP does.
pub(crate) fn finish(engine: &Engine, id: &str) -> TaskRecord {
    wait_for("a task's end", || {
        let record = engine
            .wait(id, Duration::from_millis(500), &mut || false)
            .unwrap();
        record.view.status.is_terminal().then_some(record)
    })
}

/// A child process running one of this binary's ignored tests with these ini entries.
pub(crate) fn child(test: &str, sapi: &str, ini: &[(String, String)]) -> Killed {
    let mut entries = ini.to_vec();
    entries.push(("sapi".to_owned(), sapi.to_owned()));
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(CHILD_INI, serde_json::to_string(&entries).unwrap())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    Killed(child)
}

/// What a child was asked to be; none when this is no child.
pub(crate) fn child_host() -> Option<Host> {
    let mut ini: Vec<(String, String)> =
        serde_json::from_str(&std::env::var(CHILD_INI).ok()?).unwrap();
    let (_, sapi) = ini.pop()?;
    Some(Host {
        sapi,
        php_version: "8.2".to_owned(),
        error_log: String::new(),
        ini,
        preloading: false,
        environment: mj_engine::Environment::default(),
        locate: None,
    })
}

/// The engine that a child was asked to be; none when this is no child.
pub(crate) fn child_engine() -> Option<Engine> {
    child_host().map(|host| Engine::new(host).unwrap())
}

/// A child that does not outlive its test.
pub(crate) struct Killed(pub(crate) Child);

impl Killed {
    pub(crate) fn pid(&self) -> i64 {
        self.0.id().into()
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([name, &self.0.id().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn is_picture(path: &Path) -> bool {
    let bytes = std::fs::read(path).unwrap();
    bytes.starts_with(b"\x89PNG") || bytes.get(8..12) == Some(b"WEBP")
}
