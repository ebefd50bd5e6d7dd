//! Models of what threads and processes do without a lock around them: loom tries every order of their steps, and finds a
//! wake-up that is slept through as a deadlock.
//!
//! The protocols are those of the product, on words of the model instead of the kernel's. What a test waits for has no
//! time-out here, although every wait of the product has one: nothing may depend on that.

use std::{sync::atomic::Ordering, time::Duration};

use loom::{
    sync::{Arc, Condvar, Mutex, atomic::AtomicU32},
    thread,
};

use crate::{
    bell::{bump, revision, ring, sleep},
    futex::{Scope, Waited, Word, WordLock},
    signals::{set, wait_for},
};

/// Tries every order in which threads lose the processor at most twice against their will: a mistake in a protocol
/// needs one.
fn model(play: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(play);
}

/// A word with the kernel's queue of sleepers.
struct Modelled {
    word: AtomicU32,
    queue: Mutex<()>,
    sleepers: Condvar,
}

impl Modelled {
    fn new(value: u32) -> Self {
        Self {
            word: AtomicU32::new(value),
            queue: Mutex::new(()),
            sleepers: Condvar::new(),
        }
    }
}

impl Word for Modelled {
    fn load(&self, order: Ordering) -> u32 {
        self.word.load(order)
    }

    fn store(&self, value: u32, order: Ordering) {
        self.word.store(value, order);
    }

    fn swap(&self, value: u32, order: Ordering) -> u32 {
        self.word.swap(value, order)
    }

    fn fetch_add(&self, value: u32, order: Ordering) -> u32 {
        self.word.fetch_add(value, order)
    }

    fn exchange(&self, from: u32, to: u32, done: Ordering) -> bool {
        self.word
            .compare_exchange(from, to, done, Ordering::Relaxed)
            .is_ok()
    }

    /// As futex(2): the word is compared, and the sleeper put into the queue, under the lock of the queue.
    fn wait(&self, expected: u32, _timeout: Option<Duration>, _scope: Scope) -> Waited {
        let queue = self.queue.lock().unwrap();
        if self.word.load(Ordering::SeqCst) == expected {
            drop(self.sleepers.wait(queue).unwrap());
        }
        Waited::Woken
    }

    fn wake(&self, count: i32, _scope: Scope) {
        let queue = self.queue.lock().unwrap();
        if count == 1 {
            self.sleepers.notify_one();
        } else {
            self.sleepers.notify_all();
        }
        drop(queue);
    }
}

#[test]
fn a_lock_excludes_and_wakes_the_next() {
    model(|| {
        let lock = Arc::new(WordLock::of(Modelled::new(0)));
        let count = Arc::new(AtomicU32::new(0));
        let pass = |lock: &WordLock<Modelled>, count: &AtomicU32| {
            assert!(lock.lock(None));
            let seen = count.load(Ordering::Relaxed);
            count.store(seen + 1, Ordering::Relaxed);
            lock.unlock();
        };
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (lock, count) = (Arc::clone(&lock), Arc::clone(&count));
                thread::spawn(move || pass(&lock, &count))
            })
            .collect();
        pass(&lock, &count);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(count.load(Ordering::Relaxed), 3);
    });
}

#[test]
fn no_ring_is_slept_through() {
    model(|| {
        let bell = Arc::new(Modelled::new(7));
        let committed = Arc::new(AtomicU32::new(0));
        let writers: Vec<_> = (0..2)
            .map(|_| {
                let (bell, committed) = (Arc::clone(&bell), Arc::clone(&committed));
                thread::spawn(move || {
                    committed.fetch_add(1, Ordering::Relaxed);
                    ring(&*bell);
                })
            })
            .collect();
        // As `mj_wait()`: the word is read before the store is looked at.
        loop {
            let seen = bell.load(Ordering::SeqCst);
            if committed.load(Ordering::Relaxed) == 2 {
                break;
            }
            sleep(&*bell, seen, None);
        }
        for writer in writers {
            writer.join().unwrap();
        }
    });
}

#[test]
fn an_unchanged_slot_means_an_unchanged_row() {
    model(|| {
        let slot = Arc::new(Modelled::new(0));
        let row = Arc::new(AtomicU32::new(0));
        let told = Arc::new(AtomicU32::new(0));
        let writer = {
            let (slot, row, told) = (Arc::clone(&slot), Arc::clone(&row), Arc::clone(&told));
            thread::spawn(move || {
                row.store(1, Ordering::Relaxed);
                bump(&*slot);
                told.store(1, Ordering::Release);
            })
        };
        // As `mj_poll()`: what is kept is the revision from before the row was read.
        let kept = revision(&*slot);
        let view = row.load(Ordering::Relaxed);
        let is_told = told.load(Ordering::Acquire) == 1;
        if is_told && revision(&*slot) == kept {
            assert_eq!(view, 1, "what is kept is not true any more");
        }
        writer.join().unwrap();
    });
}

#[test]
fn a_fork_finds_nobody_in_the_gate_and_opens_it_on_both_sides() {
    model(|| {
        let gate = Arc::new(WordLock::of(Modelled::new(0)));
        let inside = Arc::new(AtomicU32::new(0));
        let writers: Vec<_> = (0..2)
            .map(|_| {
                let (gate, inside) = (Arc::clone(&gate), Arc::clone(&inside));
                thread::spawn(move || {
                    assert!(gate.lock(None));
                    inside.store(1, Ordering::Relaxed);
                    inside.store(0, Ordering::Relaxed);
                    gate.unlock();
                })
            })
            .collect();
        // The prepare handler, then what the child's memory is.
        assert!(gate.lock(None));
        assert_eq!(inside.load(Ordering::Relaxed), 0, "a connection is in use");
        let inherited = gate.word().load(Ordering::Relaxed);
        let child = WordLock::of(Modelled::new(inherited));
        child.reset_in_child();
        assert!(child.try_lock(), "the child waits for a thread it has not");
        // The parent's handler.
        gate.unlock();
        for writer in writers {
            writer.join().unwrap();
        }
        assert!(gate.try_lock());
    });
}

#[test]
fn no_wish_to_stop_is_slept_through() {
    model(|| {
        let stop = Arc::new(Modelled::new(0));
        let finished = Arc::new(Modelled::new(0));
        let worker = {
            let (stop, finished) = (Arc::clone(&stop), Arc::clone(&finished));
            thread::spawn(move || {
                assert!(wait_for(&*stop, Duration::MAX));
                set(&*finished);
            })
        };
        set(&*stop);
        assert!(wait_for(&*finished, Duration::MAX));
        worker.join().unwrap();
    });
}
