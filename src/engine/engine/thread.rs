//! The engines of one thread of PHP's, one for each set of ini values that its server has given it: two sites of one
//! server never see each other's settings, nor what the other gave to `mj_configure()`.

use std::{cell::RefCell, mem, sync::Arc};

use super::{Engine, Host, process};
use crate::{error::EngineError, value::Value};

/// How many sets of ini values a thread remembers: sites of one server.
const MOST: usize = 64;

thread_local! {
    static OF_THREAD: RefCell<OfThread> = const { RefCell::new(OfThread::new()) };
}

/// The engines, that of the last call first.
struct OfThread {
    revision: u64,
    engines: Vec<Arc<Engine>>,
}

impl OfThread {
    const fn new() -> Self {
        Self {
            revision: 0,
            engines: Vec::new(),
        }
    }

    fn first(&self, revision: u64) -> Option<Arc<Engine>> {
        let engine = self.engines.first().filter(|_| self.revision == revision)?;
        engine.generation.is_current().then(|| Arc::clone(engine))
    }

    /// That of these ini values. One from before a fork only says what was given to `mj_configure()`.
    fn take(&mut self, ini: &[(String, String)]) -> Option<Arc<Engine>> {
        let at = self.engines.iter().position(|it| it.host.ini == ini)?;
        Some(self.engines.remove(at))
    }

    fn put_first(&mut self, revision: u64, engine: &Arc<Engine>) {
        self.revision = revision;
        self.engines.insert(0, Arc::clone(engine));
        for old in self.engines.drain(MOST.min(self.engines.len())..) {
            forget_or_drop(old);
        }
    }
}

/// A forked child never drops what its parent has made.
fn forget_or_drop(engine: Arc<Engine>) {
    if !engine.generation.is_current() {
        mem::forget(engine);
    }
}

impl Engine {
    /// The engine of the calling thread under the ini values in force; made at its first use, and anew in a forked
    /// child, which goes on with what was given to `mj_configure()`.
    ///
    /// `revision` differs from the last call's whenever an ini value of the thread may have changed; only then `host`
    /// is asked.
    ///
    /// # Errors
    /// [`EngineError::Configuration`] when an ini entry is wrong, [`EngineError::Engine`] while preloading.
    pub fn of_thread(revision: u64, host: impl FnOnce() -> Host) -> Result<Arc<Self>, EngineError> {
        if let Some(engine) = OF_THREAD.with_borrow(|own| own.first(revision)) {
            return Ok(engine);
        }
        let mut host = host();
        let known = OF_THREAD.with_borrow_mut(|own| own.take(&host.ini));
        let (given, known) = match known {
            Some(engine) if engine.generation.is_current() => (Value::Null, Some(engine)),
            Some(engine) => {
                let given = engine.current().given.clone();
                forget_or_drop(engine);
                (given, None)
            }
            None => (Value::Null, None),
        };
        let engine = match known {
            Some(engine) => {
                host.wipe();
                engine
            }
            None => Arc::new(Self::configured(host, given, process::own)?),
        };
        OF_THREAD.with_borrow_mut(|own| own.put_first(revision, &engine));
        Ok(engine)
    }
}
