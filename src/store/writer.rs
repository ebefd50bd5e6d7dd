//! Calls: how work reaches the connection, waits for others, survives foreign hands on the files, and becomes durable.

use std::{
    mem,
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

use mj_midjourney::{store::StoreError, task::TaskId};
use mj_process::{BeforeFork, ForkGate};

use crate::{
    connection::Open,
    failure::{Failure, Result},
    poll::hash_of,
    setup::{self, Incident},
    sqlite::{Files, Slot, SqliteStore},
};

/// How long a call waits for others before it gives up: after that PHP gets a `StorageException`.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// First and longest pause between two tries; the gate is free meanwhile, so that the process can fork.
const PAUSES: [Duration; 2] = [Duration::from_micros(100), Duration::from_millis(10)];

/// How often work is done again because somebody removed the files under it.
const REDOS: u32 = 8;

/// What a transaction wants to happen once it is committed.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    /// Whether the caller is only answered when it is on the disk.
    pub(crate) durable: bool,
    /// Tasks whose readers must look again.
    pub(crate) tasks: Vec<TaskId>,
    /// Whether waiting processes are woken.
    pub(crate) ring: bool,
}

impl Effects {
    /// Marks a task as changed.
    pub(crate) fn changed(&mut self, id: TaskId) {
        self.tasks.push(id);
        self.ring = true;
    }
}

impl SqliteStore {
    /// Reads in one statement.
    pub(crate) fn read<T>(&self, work: impl Fn(&Open) -> Result<T>) -> Result<T, StoreError> {
        self.attempt(|_| self.with_open(&work))
    }

    /// Reads in several statements that see one state.
    pub(crate) fn snapshot<T>(&self, work: impl Fn(&Open) -> Result<T>) -> Result<T, StoreError> {
        self.read(|open| transact(open, "BEGIN", || work(open)))
    }

    /// Writes in one transaction. `work` may run several times, and must not be seen outside before it is committed.
    pub(crate) fn write<T>(
        &self,
        work: impl Fn(&Open, &mut Effects) -> Result<T>,
    ) -> Result<T, StoreError> {
        let (answer, effects, wal) = self.attempt(|patience| {
            let Some(_lock) = self.files.write_lock.lock(patience)? else {
                return Err(Failure::Busy);
            };
            let mut redos = 0;
            loop {
                let done = self.with_open(|open| {
                    let mut effects = Effects::default();
                    let answer = transact(open, "BEGIN IMMEDIATE", || work(open, &mut effects))?;
                    Ok((answer, effects, open.is_current()?.then(|| open.wal())))
                });
                match done {
                    Ok((answer, effects, Some(wal))) => return Ok((answer, effects, wal)),
                    Ok((_, _, None)) if redos < REDOS => {
                        let _gate = ForkGate::enter();
                        self.abandon(&mut self.files.slot());
                    }
                    Ok((_, _, None)) => {
                        return Err(StoreError::Io(
                            "the database is removed again and again".into(),
                        )
                        .into());
                    }
                    Err(Failure::NeedsSetup) if redos < REDOS => self.set_up()?,
                    Err(failure) => return Err(failure),
                }
                redos += 1;
            }
        })?;
        // Before the sync: what is seen early is true, and a waiting process need not wait for our disk.
        for id in &effects.tasks {
            self.files.bell.bump(hash_of(id));
        }
        if effects.ring {
            self.files.bell.ring();
        }
        if effects.durable && !cfg!(mj_mutation = "durable") {
            wal.descriptor()
                .with_file(std::fs::File::sync_data)
                .map_err(|error| Failure::from(error).told(PATIENCE))?;
        }
        Ok(answer)
    }

    /// Works without a transaction, while nobody of ours writes.
    pub(crate) fn alone<T>(&self, work: impl Fn(&Open) -> Result<T>) -> Result<T, StoreError> {
        self.attempt(|patience| {
            let Some(_lock) = self.files.write_lock.lock(patience)? else {
                return Err(Failure::Busy);
            };
            self.with_open(&work)
        })
    }

    /// Makes the database ready, with the write lock held.
    fn set_up(&self) -> Result<()> {
        let _gate = ForkGate::enter();
        let mut slot = self.files.slot();
        slot.open = None;
        let suspect = self.files.suspect.load(Ordering::Relaxed);
        let incident = setup::set_up(&self.files.dir, &self.files.path, suspect)?;
        if incident.is_some() {
            slot.file = None;
        }
        self.files.suspect.store(false, Ordering::Relaxed);
        self.files.report(incident);
        Ok(())
    }

    /// Tries until it works or [`PATIENCE`] is over, outside the gate; tells `once` how much of it is left.
    fn attempt<T>(&self, once: impl Fn(Duration) -> Result<T>) -> Result<T, StoreError> {
        let began = Instant::now();
        let mut pause = PAUSES[0];
        loop {
            let left = PATIENCE.saturating_sub(began.elapsed());
            let done = match once(left) {
                Err(Failure::NeedsSetup) if !left.is_zero() => match self.set_up_alone(left) {
                    Ok(()) => continue,
                    Err(failure) => Err(failure),
                },
                done => done,
            };
            let failure = match done {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let waited = began.elapsed();
            if !matches!(failure, Failure::Busy) || waited >= PATIENCE {
                return Err(failure.told(waited));
            }
            thread::sleep(pause.min(PATIENCE.saturating_sub(waited)));
            pause = (pause * 2).min(PAUSES[1]);
        }
    }

    fn set_up_alone(&self, patience: Duration) -> Result<()> {
        let Some(_lock) = self.files.write_lock.lock(patience)? else {
            return Err(Failure::Busy);
        };
        // Another process may have done it meanwhile.
        match self.with_open(|_| Ok(())) {
            Err(Failure::NeedsSetup) => self.set_up(),
            other => other,
        }
    }

    /// Runs work on the connection, under the gate; opens it when there is none.
    pub(crate) fn with_open<T>(&self, work: impl FnOnce(&Open) -> Result<T>) -> Result<T> {
        let _gate = ForkGate::enter();
        let mut slot = self.files.slot();
        forget_inherited(&mut slot);
        if slot
            .open
            .as_ref()
            .is_some_and(|open| !open.connection.is_autocommit())
        {
            // A panic left a transaction open.
            slot.open = None;
        }
        match slot.open.as_mut().map_or(Ok(true), Open::verify) {
            Ok(true) => {}
            Ok(false) => self.abandon(&mut slot),
            Err(failure) => return Err(self.noted(&mut slot, failure)),
        }
        if self.files.suspect.load(Ordering::Relaxed) {
            slot.open = None;
            return Err(Failure::NeedsSetup);
        }
        let open = match slot.open.take() {
            Some(open) => open,
            None => self.reopen(&mut slot)?,
        };
        let open = slot.open.insert(open);
        open.lend(self.keys);
        let answer = work(open);
        answer.map_err(|failure| self.noted(&mut slot, failure))
    }

    fn reopen(&self, slot: &mut Slot) -> Result<Open> {
        let open = match Open::at(&self.files.path) {
            Err(failure) if failure.is_damage() => {
                self.files.suspect.store(true, Ordering::Relaxed);
                return Err(Failure::NeedsSetup);
            }
            opened => opened?,
        };
        if slot
            .file
            .replace(open.file())
            .is_some_and(|before| before != open.file())
        {
            self.files.report(Some(Incident::Replaced));
        }
        Ok(open)
    }

    /// Closes a connection that found its file damaged, so that the next call looks into it.
    fn noted(&self, slot: &mut Slot, failure: Failure) -> Failure {
        if failure.is_damage() {
            slot.open = None;
            self.files.suspect.store(true, Ordering::Relaxed);
        }
        failure
    }

    /// Closes a connection whose files were removed or replaced.
    fn abandon(&self, slot: &mut Slot) {
        if let Some(open) = slot.open.take() {
            open.abandon();
            slot.file = None;
            self.files.report(Some(Incident::Replaced));
        }
    }
}

/// Leaves alone what was inherited by a fork that happened inside the gate: closing it would harm the parent.
fn forget_inherited(slot: &mut Slot) {
    if slot.open.as_ref().is_some_and(|open| !open.is_ours()) {
        mem::forget(slot.open.take());
    }
}

/// One transaction; rolled back when `work` fails.
fn transact<T>(open: &Open, begin: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let connection = &open.connection;
    connection.prepare_cached(begin)?.execute([])?;
    let done = work().and_then(|answer| {
        connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(answer)
    });
    // Some failures roll back by themselves.
    if done.is_err() && !connection.is_autocommit() {
        connection.prepare_cached("ROLLBACK")?.execute([])?;
    }
    done
}

impl BeforeFork for Files {
    fn close(&self) {
        let mut slot = self.slot();
        forget_inherited(&mut slot);
        slot.open = None;
    }
}
