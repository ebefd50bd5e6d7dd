//! How processes come to own the hub, die, and go on.

use mj_midjourney::{hub::Predecessor, store::TaskStore};

use super::{Process, Stage, Step, TICK};
use crate::{
    network::{Life, Travel, Up},
    owner::{Fate, Ground, Input, Owner},
};

impl Stage {
    /// A process that owns nothing looks whether it may own the hub.
    pub(super) fn look(&mut self, process: usize) {
        let place = &self.processes[process];
        if place.is_dead || place.is_stopped || place.owner.is_some() {
            return;
        }
        let now = self.moment_of(process);
        let lease = self.store.lease(&self.hub).ok().flatten();
        let standing = match &lease {
            None => Some((1, Predecessor::Dead)),
            Some(lease) if !self.living.contains(&lease.epoch) => {
                Some((lease.epoch + 1, Predecessor::Dead))
            }
            Some(lease) if now.unix >= lease.until => {
                Some((lease.epoch + 1, Predecessor::Unproven))
            }
            Some(_) => None,
        };
        let Some((epoch, predecessor)) = standing else {
            self.agenda.plan(self.now + TICK, Step::Look(process));
            return;
        };
        let life = Life {
            process,
            number: place.number,
        };
        let living = self.living.clone();
        let is_living = move |epoch: u64| living.contains(&epoch);
        let mut ground = Ground {
            now,
            store: &self.store,
            hub: &self.hub,
            random: &mut self.random,
            promise: &mut self.promise,
            trace: &mut self.trace,
            living: &is_living,
            crashes: &mut self.crashes,
            leaving: Vec::new(),
        };
        let owner = Owner::start(&mut ground, life, epoch, predecessor);
        let leaving = ground.leaving;
        let has_taken = (self.store.lease(&self.hub).ok().flatten())
            .is_some_and(|lease| lease.epoch == epoch && lease.owner == format!("{life:?}"));
        if owner.is_none() && has_taken {
            // It died between its lease and what it was to read.
            self.leave(leaving);
            return self.kill(process);
        }
        if owner.is_some() {
            self.owners += 1;
            self.living.insert(epoch);
            self.note(|| format!("process {process} owns the hub, epoch {epoch}, {predecessor:?}"));
        }
        self.processes[process].owner = owner;
        self.leave(leaving);
        self.with_owner(process, Owner::turn);
        if self.processes[process].owner.is_none() {
            self.agenda.plan(self.now + TICK, Step::Look(process));
        }
    }

    pub(super) fn wake_candidates(&mut self, except: usize) {
        for process in 0..self.processes.len() {
            if process != except {
                let at = self.now + self.random.between(1, 20);
                self.agenda.plan(at, Step::Look(process));
            }
        }
    }

    pub(super) fn owner_process(&self) -> Option<usize> {
        self.processes
            .iter()
            .position(|process| process.owner.is_some())
    }

    /// SIGKILL; another process begins in its place within seconds.
    pub(super) fn kill(&mut self, process: usize) {
        let pause = self.random.between(1, 8_000);
        self.kill_for(process, pause);
    }

    /// SIGKILL, and nobody in its place for so many milliseconds.
    pub(super) fn kill_for(&mut self, process: usize, pause: u64) {
        if self.processes[process].is_dead {
            return;
        }
        self.note(|| format!("process {process} is killed"));
        let place = &mut self.processes[process];
        let connections = place
            .owner
            .take()
            .map(|owner| {
                self.living.remove(&owner.epoch);
                owner.connections()
            })
            .unwrap_or_default();
        let place = &mut self.processes[process];
        place.number += 1;
        place.is_dead = true;
        place.is_stopped = false;
        place.waiting.clear();
        place.held.clear();
        for connection in connections {
            let at = self.now + self.latency();
            self.agenda.plan(
                at,
                Step::Travel(Box::new(Travel::Up(connection, Up::Close(None)))),
            );
        }
        self.agenda.plan(self.now + pause, Step::Begin(process));
        self.wake_candidates(process);
    }

    /// SIGCONT.
    pub(super) fn go_on(&mut self, process: usize) {
        let place = &mut self.processes[process];
        if place.is_dead || !place.is_stopped {
            return;
        }
        place.is_stopped = false;
        let inputs = std::mem::take(&mut place.waiting);
        let held = std::mem::take(&mut place.held);
        self.note(|| format!("process {process} goes on"));
        // What was on its way to a socket goes on by itself; only the lease holds it, if that was not asked before.
        for departure in held {
            let has_asked = self.random.chance(300);
            self.leave_process(departure, has_asked);
        }
        self.with_owner(process, |owner, ground| owner.take(ground, inputs));
        self.agenda.plan(self.now + 1, Step::Look(process));
    }

    pub(super) fn living_process(&mut self, life: Life) -> Option<&mut Process> {
        self.processes
            .get_mut(life.process)
            .filter(|process| !process.is_dead && process.number == life.number)
    }

    /// Hands something to an owner; it waits for one that is stopped, and is lost with one that is gone.
    pub(super) fn give(&mut self, life: Life, epoch: u64, input: Input) {
        let Some(process) = self.living_process(life) else {
            return;
        };
        if process
            .owner
            .as_ref()
            .is_none_or(|owner| owner.epoch != epoch)
        {
            return;
        }
        if process.is_stopped {
            process.waiting.push(input);
            return;
        }
        self.with_owner(life.process, |owner, ground| {
            owner.take(ground, vec![input])
        });
    }

    pub(super) fn turn_owners(&mut self) {
        let boot = self.moment().boot;
        for process in 0..self.processes.len() {
            let is_due = !self.processes[process].is_stopped
                && self.processes[process]
                    .owner
                    .as_ref()
                    .is_some_and(|owner| owner.next_wake() <= boot);
            if is_due {
                self.with_owner(process, Owner::turn);
            }
        }
    }

    /// Lets a process's owner do something, and does what becomes of it.
    pub(super) fn with_owner(
        &mut self,
        process: usize,
        act: impl FnOnce(&mut Owner, &mut Ground<'_>) -> Fate,
    ) {
        let Some(mut owner) = self.processes[process].owner.take() else {
            return;
        };
        let now = self.moment_of(process);
        let living = self.living.clone();
        let is_living = move |epoch: u64| living.contains(&epoch);
        let mut ground = Ground {
            now,
            store: &self.store,
            hub: &self.hub,
            random: &mut self.random,
            promise: &mut self.promise,
            trace: &mut self.trace,
            living: &is_living,
            crashes: &mut self.crashes,
            leaving: Vec::new(),
        };
        let fate = act(&mut owner, &mut ground);
        let leaving = ground.leaving;
        let epoch = owner.epoch;
        self.processes[process].owner = Some(owner);
        match fate {
            Fate::Goes => self.leave(leaving),
            Fate::Ended => {
                self.note(|| format!("process {process} no longer owns the hub (epoch {epoch})"));
                self.leave(leaving);
                self.processes[process].owner = None;
                self.living.remove(&epoch);
                self.wake_candidates(process);
                self.agenda.plan(self.now + 2_000, Step::Look(process));
            }
            Fate::Crashed => {
                // What was ordered before the crash may have left.
                let mut leaving = leaving;
                let left = usize::try_from(
                    self.random
                        .up_to(u64::try_from(leaving.len()).unwrap_or_default()),
                )
                .unwrap_or_default();
                leaving.truncate(left);
                self.leave(leaving);
                self.kill(process);
            }
        }
    }
}
