//! The world behind a lock, the real clock, and the way of each frame to its connection.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::{Notify, mpsc};

use super::frames::Frames;
use crate::picture::Picture;
use crate::snowflake::Millis;
use crate::world::{Admission, Connect, ConnectionId, Transmit, World};

/// Checksums of pictures kept.
const HASH_LIMIT: usize = 10_000;

/// Unix milliseconds.
pub(super) fn now() -> Millis {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Drives one [`World`] by the real clock.
#[derive(Debug)]
pub struct Driver {
    world: Mutex<World>,
    connections: Mutex<BTreeMap<ConnectionId, mpsc::UnboundedSender<Transmit>>>,
    changed: Notify,
    hashes: Mutex<HashMap<String, String>>,
    pub(super) frames: Frames,
}

impl Driver {
    pub(super) fn new(world: World) -> Self {
        Self {
            world: Mutex::new(world),
            connections: Mutex::new(BTreeMap::new()),
            changed: Notify::new(),
            hashes: Mutex::new(HashMap::new()),
            frames: Frames::default(),
        }
    }

    /// Does something with the world and sends what comes out of it.
    pub fn with_world<T>(&self, act: impl FnOnce(&mut World, Millis) -> T) -> T {
        let mut world = self.world.lock();
        let result = act(&mut world, now());
        self.drain(&mut world);
        drop(world);
        self.changed.notify_one();
        result
    }

    /// Opens a gateway connection; its frames arrive at the receiver.
    pub(super) fn open(&self, connect: &Connect) -> (Admission, mpsc::UnboundedReceiver<Transmit>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let admission = self.with_world(|world, now| {
            let admission = world.handle_connect(now, connect);
            if let Admission::Accepted(id) = admission {
                self.connections.lock().insert(id, sender);
            }
            admission
        });
        (admission, receiver)
    }

    pub(super) fn forget(&self, id: ConnectionId) {
        self.connections.lock().remove(&id);
    }

    /// Sends under the world's lock, so that frames keep their order.
    fn drain(&self, world: &mut World) {
        let connections = self.connections.lock();
        while let Some((id, transmit)) = world.poll_transmit() {
            if let Some(sender) = connections.get(&id) {
                // A closed receiver is a connection that is gone; the world hears of it from its task.
                let _ = sender.send(transmit);
            }
        }
    }

    fn run_due(&self) {
        let mut world = self.world.lock();
        world.handle_timeout(now());
        self.drain(&mut world);
    }

    /// Wakes the world when something is due.
    pub(super) async fn keep_time(self: Arc<Self>) {
        loop {
            let next = self.world.lock().poll_timeout();
            let wait = next.map_or(Duration::from_secs(3600), |at| {
                Duration::from_millis(at.saturating_sub(now()))
            });
            if wait.is_zero() {
                self.run_due();
                tokio::task::yield_now().await;
                continue;
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.changed.notified() => {}
            }
        }
    }

    /// One command of the control channel. Pictures are drawn outside the world's lock.
    ///
    /// # Errors
    /// A sentence for the test's author when the command is unknown or malformed.
    pub fn control(&self, command: &Value) -> Result<Value, String> {
        if command["command"] == "frames" {
            return Ok(self.frames.take());
        }
        if command["command"] == "picture" {
            let path = command["path"].as_str().ok_or("path must be a string")?;
            let sha256 = self.sha256(path).ok_or("no picture there")?;
            return Ok(json!({"path": path, "sha256": sha256}));
        }
        let mut answer = self.with_world(|world, now| world.handle_control(now, command))?;
        if command["sha256"] == true {
            for interaction in answer["interactions"].as_array_mut().into_iter().flatten() {
                if let Some(sha256) = interaction["picture_path"]
                    .as_str()
                    .and_then(|path| self.sha256(path))
                {
                    interaction["sha256"] = json!(sha256);
                }
            }
        }
        Ok(answer)
    }

    /// SHA-256 of the picture at a CDN path, in hexadecimal; drawn when nobody has fetched it yet.
    pub fn sha256(&self, path: &str) -> Option<String> {
        if let Some(known) = self.hashes.lock().get(path) {
            return Some(known.clone());
        }
        let picture: Picture = self.world.lock().picture(path)?.clone();
        Some(self.remember(path, &picture.draw().ok()?))
    }

    pub(super) fn remember(&self, path: &str, file: &[u8]) -> String {
        let digest = crate::random::hex(&Sha256::digest(file));
        let mut hashes = self.hashes.lock();
        // Forgotten ones are drawn anew when somebody asks.
        if hashes.len() >= HASH_LIMIT {
            hashes.clear();
        }
        hashes.insert(path.to_owned(), digest.clone());
        digest
    }
}
