//! The fork gate and fork-local values, with real children.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failed step fails the test"
)]

use std::{
    collections::HashSet,
    fs::File,
    os::fd::AsRawFd,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use mj_process::{BeforeFork, CloseInChild, Descriptor, ForkGate, ForkLocal, fork, random};

mod support;
use support::{Channel, Child, PATIENCE, without_system_calls};

/// What `SQLite` is to us: something with a lock inside that must not be locked at a fork.
struct Connection {
    lock: Mutex<()>,
    open: AtomicBool,
    closed: AtomicU32,
}

impl BeforeFork for Connection {
    fn close(&self) {
        self.open.store(false, Ordering::SeqCst);
        self.closed.fetch_add(1, Ordering::SeqCst);
    }
}

static CONNECTION: Connection = Connection {
    lock: Mutex::new(()),
    open: AtomicBool::new(false),
    closed: AtomicU32::new(0),
};

fn write_once() {
    let _gate = ForkGate::enter();
    let _inside = CONNECTION
        .lock
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    CONNECTION.open.store(true, Ordering::SeqCst);
    std::hint::black_box((0..200).sum::<u64>());
}

#[test]
fn three_hundred_forks_under_a_constant_writer() {
    fork::before_fork(&CONNECTION);
    let stop = Arc::new(AtomicBool::new(false));
    let writer = {
        let stop = Arc::clone(&stop);
        thread::spawn(move || {
            let mut writes = 0_u64;
            while !stop.load(Ordering::Relaxed) {
                write_once();
                writes += 1;
            }
            writes
        })
    };
    let mut well = 0;
    let mut slowest = Duration::ZERO;
    let mut total = Duration::ZERO;
    for _ in 0..300 {
        let before = Instant::now();
        let child = Child::run(|| {
            assert!(!CONNECTION.open.load(Ordering::SeqCst), "inherited open");
            assert!(!ForkGate::is_entered());
            write_once();
        });
        let took = before.elapsed();
        slowest = slowest.max(took);
        total += took;
        well += u32::from(child.succeeds_within(PATIENCE));
    }
    stop.store(true, Ordering::Relaxed);
    let passages = writer.join().unwrap();
    println!(
        "{well} of 300 children well, fork {:?} on average, {slowest:?} at most, {passages} writes",
        total / 300
    );
    assert_eq!(well, 300);
    assert!(CONNECTION.closed.load(Ordering::SeqCst) >= 300);
    assert!(passages > 300);
}

struct Clumsy(AtomicU32);

impl BeforeFork for Clumsy {
    fn close(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
        panic!("while closing");
    }
}

#[test]
fn panic_of_a_closer_ends_nothing() {
    static FIRST: Clumsy = Clumsy(AtomicU32::new(0));
    static SECOND: Clumsy = Clumsy(AtomicU32::new(0));
    // In a child, so that the forks of other tests have nothing to do with these.
    let family = Child::run(|| {
        fork::before_fork(&FIRST);
        fork::before_fork(&SECOND);
        assert!(Child::run(write_once).succeeds_within(PATIENCE));
        assert_eq!(FIRST.0.load(Ordering::SeqCst), 1);
        assert_eq!(SECOND.0.load(Ordering::SeqCst), 1);
        drop(ForkGate::enter());
    });
    assert!(family.succeeds_within(PATIENCE));
}

#[test]
fn exec_waits_for_nobody_and_closes_nothing() {
    static UNTOUCHED: Clumsy = Clumsy(AtomicU32::new(0));
    let family = Child::run(|| {
        fork::before_fork(&UNTOUCHED);
        let here = fork::generation();
        let inside = Channel::new();
        let done = Channel::new();
        thread::scope(|scope| {
            scope.spawn(|| {
                let _gate = ForkGate::enter();
                inside.tell();
                done.await_word();
            });
            inside.await_word();
            let status = std::process::Command::new("true").status().unwrap();
            done.tell();
            assert!(status.success());
        });
        assert_eq!(UNTOUCHED.0.load(Ordering::SeqCst), 0);
        assert!(here.is_current());
    });
    assert!(family.succeeds_within(PATIENCE));
}

#[test]
fn gate_excludes_times_out_and_nests() {
    let outer = ForkGate::enter();
    let inner = ForkGate::enter_for(Duration::ZERO).unwrap();
    drop(inner);
    assert!(ForkGate::is_entered());
    thread::scope(|scope| {
        let other = scope.spawn(|| ForkGate::enter_for(Duration::from_millis(10)).is_some());
        assert!(!other.join().unwrap());
    });
    drop(outer);
    assert!(!ForkGate::is_entered());
    thread::scope(|scope| {
        let other = scope.spawn(|| ForkGate::enter_for(PATIENCE).is_some());
        assert!(other.join().unwrap());
    });
}

#[test]
fn fork_inside_the_gate_does_not_hang() {
    let gate = ForkGate::enter();
    let child = Child::run(|| {
        assert!(ForkGate::is_entered());
    });
    assert!(child.succeeds_within(PATIENCE));
    drop(gate);
    assert!(Child::run(|| drop(ForkGate::enter())).succeeds_within(PATIENCE));
}

struct Tattling(Arc<AtomicBool>);

impl Drop for Tattling {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn child_forgets_a_value_whose_lock_was_held() {
    static ENGINE: ForkLocal<Mutex<u32>> = ForkLocal::new();
    let locked = Channel::new();
    let forked = Channel::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut value = ENGINE.get_or_init(|| Mutex::new(1)).lock().unwrap();
            locked.tell();
            forked.await_word();
            *value += 1;
        });
        locked.await_word();
        let child = Child::run(|| {
            assert!(ENGINE.get().is_none());
            let mut value = ENGINE.get_or_init(|| Mutex::new(10)).lock().unwrap();
            *value += 1;
            assert_eq!(*value, 11);
        });
        assert!(child.succeeds_within(PATIENCE));
        forked.tell();
    });
    assert_eq!(*ENGINE.get().unwrap().lock().unwrap(), 2);
}

#[test]
fn child_forgets_a_value_in_the_making() {
    static SLOW: ForkLocal<u32> = ForkLocal::new();
    let making = Channel::new();
    let forked = Channel::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            SLOW.get_or_init(|| {
                making.tell();
                forked.await_word();
                1
            });
        });
        making.await_word();
        let child = Child::run(|| assert_eq!(*SLOW.get_or_init(|| 2), 2));
        assert!(child.succeeds_within(PATIENCE));
        forked.tell();
    });
    assert_eq!(SLOW.get(), Some(&1));
}

#[test]
fn value_is_made_once_and_dropped_only_by_its_process() {
    let dropped = Arc::new(AtomicBool::new(false));
    let made = AtomicU32::new(0);
    let local = ForkLocal::new();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                local.get_or_init(|| {
                    made.fetch_add(1, Ordering::SeqCst);
                    Tattling(Arc::clone(&dropped))
                });
            });
        }
    });
    assert_eq!(made.load(Ordering::SeqCst), 1);
    let local = Mutex::new(Some(local));
    let child = Child::run(|| {
        drop(local.lock().unwrap().take());
        assert!(!dropped.load(Ordering::SeqCst), "the parent's, dropped");
    });
    assert!(child.succeeds_within(PATIENCE));
    assert!(!dropped.load(Ordering::SeqCst));
    drop(local);
    assert!(dropped.load(Ordering::SeqCst));
}

#[test]
fn failed_making_leaves_the_slot_empty() {
    let local = ForkLocal::new();
    assert_eq!(local.get_or_try_init(|| Err::<u32, _>("no")), Err("no"));
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        local.get_or_init(|| panic!("while making"));
    }));
    assert!(panicked.is_err());
    assert_eq!(local.get_or_init(|| 3), &3);
}

#[test]
fn each_child_is_a_new_generation() {
    let here = fork::generation();
    assert!(here.is_current());
    let child = Child::run(|| {
        assert!(!here.is_current());
        let child = fork::generation();
        let grandchild = Child::run(|| assert!(!child.is_current() && !here.is_current()));
        assert!(grandchild.succeeds_within(PATIENCE));
        assert!(child.is_current());
    });
    assert!(child.succeeds_within(PATIENCE));
    assert!(here.is_current());
}

#[test]
fn child_closes_descriptors_and_drops_none_twice() {
    let descriptor = Descriptor::open_with(|| File::open("/proc/self/status")).unwrap();
    let number = descriptor.as_raw_fd();
    let slot = Mutex::new(Some(descriptor));
    let child = Child::run(|| {
        // The number is free again, so the next file gets it or a lower one.
        let held: Vec<_> = (0..=number)
            .map(|_| File::open("/dev/null").unwrap())
            .collect();
        assert!(held.iter().any(|file| file.as_raw_fd() == number));
        drop(slot.lock().unwrap().take());
        for file in held {
            file.metadata().unwrap();
        }
    });
    assert!(child.succeeds_within(PATIENCE));
    let descriptor = slot.lock().unwrap().take().unwrap();
    assert!(descriptor.metadata().unwrap().is_file());
}

#[test]
fn child_closes_sockets_that_were_entered() {
    use std::{io::Read, os::unix::net::UnixStream};
    let (ours, mut peer) = UnixStream::pair().unwrap();
    let entry = CloseInChild::of(&ours);
    let ready = Channel::new();
    let done = Channel::new();
    let child = Child::run(|| {
        ready.tell();
        done.await_word();
    });
    ready.await_word();
    drop(entry);
    drop(ours);
    // The child has no copy of our end (of the peer's it has one, which does not matter here).
    peer.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(peer.read(&mut [0]).unwrap(), 0, "end of the connection");
    done.tell();
    assert!(child.succeeds_within(PATIENCE));
}

#[test]
fn descriptors_are_close_on_exec() {
    let descriptor = Descriptor::open_with(|| File::open("/dev/null")).unwrap();
    // SAFETY: an open descriptor.
    let flags = unsafe { libc::fcntl(descriptor.as_raw_fd(), libc::F_GETFD) };
    assert_eq!(flags & libc::FD_CLOEXEC, libc::FD_CLOEXEC);
}

#[test]
fn eight_children_make_distinct_task_ids() {
    let moment = 1_750_000_000_000;
    let parents = random::task_id(moment).unwrap();
    let answers = Channel::new();
    let start = Channel::new();
    let children: Vec<_> = (0..8)
        .map(|_| {
            Child::run(|| {
                start.await_word();
                answers.send(random::task_id(moment).unwrap().as_bytes());
            })
        })
        .collect();
    start.send(&[1; 8]);
    let mut ids: HashSet<String> = (0..8)
        .map(|_| {
            let id: [u8; random::TASK_ID_LENGTH] = answers.receive();
            String::from_utf8(id.to_vec()).unwrap()
        })
        .collect();
    ids.insert(parents);
    assert_eq!(ids.len(), 9);
    for child in children {
        assert!(child.succeeds_within(PATIENCE));
    }
}

#[test]
fn generation_and_gate_cost_no_system_call() {
    assert!(without_system_calls(|| {
        for _ in 0..1_000 {
            std::hint::black_box(fork::generation());
            drop(std::hint::black_box(ForkGate::enter()));
        }
    }));
    assert!(!without_system_calls(|| drop(File::open("/dev/null"))));
}
