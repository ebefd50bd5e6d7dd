//! Streams for event loops: `mj_watch()`. Each becomes readable when the feed of its state directory has grown, in
//! whatever process that happened.
//!
//! A state directory that is watched has one thread in this process, however many streams there are. It sleeps on the
//! bell, looks at one number of the store when that rings, and raises the streams' events; it touches nothing of PHP's.
//! It ends by itself within [`SILENCE`] of the last stream's end; a stream that is made before that finds it running.

use std::{
    os::fd::{AsRawFd as _, RawFd},
    sync::{Arc, Weak},
    time::Duration,
};

use mj_process::{Event, Stop, Taken, Worker};
use parking_lot::Mutex;

use super::{
    Engine,
    current::Current,
    process::{Process, Room},
};
use crate::{error::EngineError, shared::Shared};

/// How often the feed is looked at where the bell is silent, because a process that was killed between its write and the
/// bell rang nobody; and how often this process offers itself as an owner, as a call that waits does.
const SILENCE: Duration = Duration::from_secs(1);

impl Engine {
    /// What an event loop watches to hear of changes in the state directory: `mj_watch()`. As long as it lives, this
    /// process counts as one that waits.
    ///
    /// # Errors
    /// [`EngineError::Configuration`] for a state directory that cannot be used, [`EngineError::Storage`],
    /// [`EngineError::Engine`] where the process may open no more descriptors, or start no thread.
    pub fn watch(&self) -> Result<Watch, EngineError> {
        let current = self.current();
        let shared = self.shared(&current.settings)?;
        let watch = self.process.watch(&current, &shared)?;
        self.wake(&shared, false);
        Ok(watch)
    }
}

/// A stream's descriptor, raised from the beginning and watched until this is dropped. In a forked child it is raised once, and never again.
#[derive(Debug)]
pub struct Watch {
    event: Arc<Event>,
    room: Arc<Room>,
}

impl Watch {
    /// What to watch for reading. It stays open as long as this lives.
    pub fn descriptor(&self) -> RawFd {
        self.event.as_raw_fd()
    }

    /// Whether it was made by the calling process, and not inherited by a fork.
    pub fn is_current(&self) -> bool {
        self.event.is_current()
    }

    /// Makes the descriptor unreadable until the next change, and tells whether there was one. To be called before the
    /// tasks are looked at.
    pub fn take(&self) -> Taken {
        self.event.take()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // A forked child has no part in what its parent's threads share.
        if self.event.is_current() {
            self.room.watchers.remove(&self.event);
            self.room.shared.end_waiting();
        }
    }
}

impl Process {
    fn watch(
        self: &Arc<Self>,
        current: &Arc<Current>,
        shared: &Arc<Shared>,
    ) -> Result<Watch, EngineError> {
        let refused = |error: std::io::Error| EngineError::Engine(format!("no stream: {error}"));
        let room = self
            .room_of(shared)
            .ok_or_else(|| EngineError::Engine("the state directory is not open".to_owned()))?;
        let event = Arc::new(Event::new().map_err(refused)?);
        let stream = Stream {
            event: Arc::downgrade(&event),
            seen: shared.store.newest_event()?,
            current: Arc::clone(current),
        };
        room.watchers
            .add(stream, || self.begin_watching(&room))
            .map_err(refused)?;
        // What happened before is looked at once, whatever the caller did first.
        event.raise();
        shared.begin_waiting();
        Ok(Watch { event, room })
    }

    /// Starts a room's thread.
    fn begin_watching(self: &Arc<Self>, room: &Arc<Room>) -> std::io::Result<Worker> {
        let (process, for_thread, for_panic) =
            (Arc::clone(self), Arc::clone(room), Arc::clone(room));
        Worker::spawn(
            "mj-watch",
            move |report| {
                tracing::error!(%report, "the thread behind mj_watch() panicked");
                for_panic.watchers.give_up();
            },
            move |stop| run(&process, &for_thread, &stop),
        )
    }
}

/// Raises the streams of a room until there is none left, or PHP shuts down.
fn run(process: &Process, room: &Room, stop: &Stop) {
    let shared = &room.shared;
    let for_stop = Arc::clone(shared);
    stop.on_request(move || for_stop.store.bell().rouse());
    loop {
        // Read before the feed is: what comes after it ends the wait below.
        let rung = shared.store.change();
        // What cannot be read just now is looked at again after the silence.
        let newest = shared.store.newest_event().ok();
        let is_over = stop.is_requested() || shared.is_ended();
        let Some(current) = room.watchers.tell(newest, is_over) else {
            return;
        };
        process.wake(&current.settings, shared, false);
        shared.store.bell().wait_long(rung, SILENCE);
    }
}

/// The streams of a room and their thread.
#[derive(Debug, Default)]
pub(super) struct Watchers(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    streams: Vec<Stream>,
    /// The thread that was started last.
    worker: Option<Worker>,
    /// Whether it will look at the streams again.
    is_running: bool,
}

#[derive(Debug)]
struct Stream {
    /// The stream has it, so that a forked child can close its own without this list.
    event: Weak<Event>,
    /// The newest event of the feed when it was raised last, or made.
    seen: u64,
    /// The settings by which the process may become an owner meanwhile.
    current: Arc<Current>,
}

impl Stream {
    fn raise(&self) {
        if let Some(event) = self.event.upgrade() {
            event.raise();
        }
    }
}

impl Watchers {
    /// Adds a stream, and a thread where there is none.
    fn add(
        &self,
        stream: Stream,
        begin: impl FnOnce() -> std::io::Result<Worker>,
    ) -> std::io::Result<()> {
        let mut state = self.0.lock();
        if !state.is_running {
            state.worker = Some(begin()?);
            state.is_running = true;
        }
        state.streams.push(stream);
        Ok(())
    }

    fn remove(&self, event: &Arc<Event>) {
        let mut state = self.0.lock();
        let at = state
            .streams
            .iter()
            .position(|stream| stream.event.as_ptr() == Arc::as_ptr(event));
        if let Some(at) = at {
            state.streams.swap_remove(at);
        }
    }

    /// Raises the streams that have not seen this yet, and gives settings of one of them; none when the thread has to end.
    fn tell(&self, newest: Option<u64>, is_over: bool) -> Option<Arc<Current>> {
        let mut state = self.0.lock();
        let Some(first) = state.streams.first().filter(|_| !is_over) else {
            state.is_running = false;
            return None;
        };
        let current = Arc::clone(&first.current);
        if let Some(newest) = newest {
            let unseen = |stream: &&mut Stream| stream.seen != newest;
            for stream in state.streams.iter_mut().filter(unseen) {
                stream.seen = newest;
                stream.raise();
            }
        }
        Some(current)
    }

    /// The thread has ended where it should not have: whoever waits looks once, and the next stream starts another.
    fn give_up(&self) {
        let mut state = self.0.lock();
        state.is_running = false;
        state.streams.iter().for_each(Stream::raise);
    }

    /// Hands the thread over to whoever ends it.
    pub(super) fn take_worker(&self) -> Option<Worker> {
        self.0.lock().worker.take()
    }
}
