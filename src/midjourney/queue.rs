//! Which waiting task is sent next, and by which account.
//!
//! Larger priority first, then the older. A task whose key another one holds is parked and holds up nobody else; one
//! that may not be sent yet is delayed. Spacing, rate limits and health are the caller's: it offers only accounts that
//! may send now.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use mj_discord::UnixMs;

use crate::{
    button::Press,
    task::{Call, Mode, TaskId, Work},
};

/// Which of an account's limits a task counts against.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Lane {
    /// Commands and buttons that make no job at Midjourney: they need not wait for those that do.
    Aside,
    /// Fast and turbo.
    Fast,
    /// Relax.
    Relax,
}

impl Lane {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Aside, Self::Fast, Self::Relax];

    /// The lane of a task: of the speed that was asked for, fast when none was.
    pub fn of(work: &Work) -> Self {
        let makes_a_job = match &work.press {
            Some(press) => !Press::read(&press.custom_id).makes_no_job(),
            None => matches!(work.call, Call::Blend { .. } | Call::Imagine),
        };
        if !makes_a_job {
            Self::Aside
        } else if work.wanted_mode == Some(Mode::Relax) {
            Self::Relax
        } else {
            Self::Fast
        }
    }
}

/// An account that may send an interaction now.
#[derive(Clone, Copy, Debug)]
pub struct Slot<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its share of tasks that name no account; 0 takes none.
    pub weight: u32,
    /// Its tasks under way, in all lanes.
    pub running: u32,
    /// How many more commands that make no job.
    pub aside: u32,
    /// How many more it may have in the fast lane.
    pub fast: u32,
    /// How many more it may have in the relax lane.
    pub relax: u32,
}

impl Slot<'_> {
    fn free(&self, lane: Lane) -> u32 {
        match lane {
            Lane::Aside => self.aside,
            Lane::Fast => self.fast,
            Lane::Relax => self.relax,
        }
    }

    /// Whether it would be less busy than `other` with one job more, by weight. Both weights are positive.
    fn is_less_busy_than(&self, other: &Self) -> bool {
        let with_one_more = |slot: &Self| u64::from(slot.running) + 1;
        with_one_more(self) * u64::from(other.weight)
            < with_one_more(other) * u64::from(self.weight)
    }
}

/// Where a task stands in the line.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Order {
    priority: Reverse<i32>,
    id: TaskId,
}

#[derive(Clone, Debug)]
enum Place {
    Delayed(UnixMs),
    Parked(String),
    Ready,
}

#[derive(Clone, Debug)]
struct Entry {
    account: Option<String>,
    lane: Lane,
    order: Order,
    place: Place,
    /// The key for which it was woken: the next one that waits for it is woken when this one leaves.
    woken_by: Option<String>,
}

/// The tasks that wait to be sent.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    /// Boxed: the nodes of a tree that grows at its end stay half empty.
    entries: BTreeMap<TaskId, Box<Entry>>,
    ready: BTreeMap<(Option<String>, Lane), BTreeSet<Order>>,
    parked: BTreeMap<String, BTreeSet<Order>>,
    delayed: BTreeSet<(UnixMs, TaskId)>,
}

impl Queue {
    /// How many tasks wait.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether this one waits.
    pub fn contains(&self, id: TaskId) -> bool {
        self.entries.contains_key(&id)
    }

    /// The only account that may send a waiting task, if it matters.
    pub fn account_of(&self, id: TaskId) -> Option<&str> {
        self.entries.get(&id)?.account.as_deref()
    }

    /// All that wait, by id.
    pub fn ids(&self) -> impl Iterator<Item = TaskId> + '_ {
        self.entries.keys().copied()
    }

    /// Adds a task, or changes how it waits. `account` is the only one that may send it, if it matters.
    pub fn insert(
        &mut self,
        id: TaskId,
        account: Option<String>,
        lane: Lane,
        priority: i32,
        not_before: Option<UnixMs>,
    ) {
        self.remove(id);
        let order = Order {
            priority: Reverse(priority),
            id,
        };
        let place = not_before.map_or(Place::Ready, Place::Delayed);
        let entry = Entry {
            account,
            lane,
            order,
            place,
            woken_by: None,
        };
        self.settle(&entry);
        self.entries.insert(id, Box::new(entry));
    }

    /// Takes a task out; tells whether it waited.
    pub fn remove(&mut self, id: TaskId) -> bool {
        let Some(entry) = self.entries.remove(&id) else {
            return false;
        };
        self.unsettle(&entry);
        if let Some(key) = entry.woken_by {
            self.release(&key);
        }
        true
    }

    /// Lets a task wait until `key` is released.
    pub fn park(&mut self, id: TaskId, key: &str) {
        let woken_by = self
            .entries
            .get(&id)
            .and_then(|entry| entry.woken_by.clone());
        self.move_to(id, Place::Parked(key.to_owned()), None);
        if let Some(other) = woken_by.filter(|woken_by| woken_by != key) {
            self.release(&other);
        }
    }

    /// The first `most` tasks that wait for a key and that any account may send.
    pub fn parked_for_any(&self, most: usize) -> Vec<TaskId> {
        let parked = self.parked.values().flatten().map(|order| order.id);
        parked
            .filter(|id| {
                let entry = self.entries.get(id);
                entry.is_some_and(|entry| entry.account.is_none())
            })
            .take(most)
            .collect()
    }

    /// The key is free: the first task that waits for it is ready again.
    pub fn release(&mut self, key: &str) {
        let first = self
            .parked
            .get(key)
            .and_then(|waiting| waiting.first())
            .map(|order| order.id);
        if let Some(id) = first {
            self.move_to(id, Place::Ready, Some(key.to_owned()));
        }
    }

    /// Makes those ready whose time has come.
    pub fn wake(&mut self, now: UnixMs) {
        while let Some(&(at, id)) = self.delayed.first() {
            if at > now {
                break;
            }
            self.move_to(id, Place::Ready, None);
        }
    }

    /// When the next delayed task is due.
    pub fn next_due(&self) -> Option<UnixMs> {
        self.delayed.first().map(|(at, _)| *at)
    }

    /// The task that goes next, with the position in `slots` of the account that takes it.
    pub fn next(&self, slots: &[Slot<'_>]) -> Option<(TaskId, usize)> {
        let mut best: Option<(Order, usize)> = None;
        for lane in Lane::ALL {
            for (at, slot) in slots
                .iter()
                .enumerate()
                .filter(|(_, slot)| slot.free(lane) > 0)
            {
                if let Some(order) = self.head(Some(slot.name), lane) {
                    keep_first(&mut best, order, at);
                }
            }
            let taker = least_busy(slots, lane);
            if let Some((order, at)) = self.head(None, lane).zip(taker) {
                keep_first(&mut best, order, at);
            }
        }
        best.map(|(order, at)| (order.id, at))
    }

    fn head(&self, account: Option<&str>, lane: Lane) -> Option<Order> {
        self.ready
            .get(&(account.map(str::to_owned), lane))?
            .first()
            .copied()
    }

    fn move_to(&mut self, id: TaskId, place: Place, woken_by: Option<String>) {
        let Some(mut entry) = self.entries.remove(&id) else {
            return;
        };
        self.unsettle(&entry);
        entry.place = place;
        entry.woken_by = woken_by;
        self.settle(&entry);
        self.entries.insert(id, entry);
    }

    fn settle(&mut self, entry: &Entry) {
        match &entry.place {
            Place::Delayed(at) => {
                self.delayed.insert((*at, entry.order.id));
            }
            Place::Parked(key) => {
                self.parked
                    .entry(key.clone())
                    .or_default()
                    .insert(entry.order);
            }
            Place::Ready => {
                self.ready
                    .entry((entry.account.clone(), entry.lane))
                    .or_default()
                    .insert(entry.order);
            }
        }
    }

    fn unsettle(&mut self, entry: &Entry) {
        match &entry.place {
            Place::Delayed(at) => {
                self.delayed.remove(&(*at, entry.order.id));
            }
            Place::Parked(key) => {
                if let Some(waiting) = self.parked.get_mut(key) {
                    waiting.remove(&entry.order);
                    if waiting.is_empty() {
                        self.parked.remove(key);
                    }
                }
            }
            Place::Ready => {
                if let Some(waiting) = self.ready.get_mut(&(entry.account.clone(), entry.lane)) {
                    waiting.remove(&entry.order);
                }
            }
        }
    }
}

fn keep_first(best: &mut Option<(Order, usize)>, order: Order, at: usize) {
    if best.is_none_or(|(first, _)| order < first) {
        *best = Some((order, at));
    }
}

fn least_busy(slots: &[Slot<'_>], lane: Lane) -> Option<usize> {
    let mut best: Option<usize> = None;
    for (at, slot) in slots
        .iter()
        .enumerate()
        .filter(|(_, slot)| slot.weight > 0 && slot.free(lane) > 0)
    {
        if best.is_none_or(|best| slot.is_less_busy_than(&slots[best])) {
            best = Some(at);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> TaskId {
        format!("{number:026}").parse().unwrap()
    }

    fn slot(name: &str, weight: u32, running: u32, free: u32) -> Slot<'_> {
        Slot {
            name,
            weight,
            running,
            aside: free,
            fast: free,
            relax: free,
        }
    }

    #[test]
    fn larger_priority_goes_first_then_the_older() {
        let mut queue = Queue::default();
        for (number, priority) in [(3, 0), (1, 0), (2, 5)] {
            queue.insert(id(number), None, Lane::Fast, priority, None);
        }
        let mut order = Vec::new();
        while let Some((next, _)) = queue.next(&[slot("main", 1, 0, 1)]) {
            queue.remove(next);
            order.push(next);
        }
        assert_eq!(order, [id(2), id(1), id(3)]);
    }

    #[test]
    fn a_parked_task_holds_up_nobody_else() {
        let mut queue = Queue::default();
        for number in 1..=4 {
            queue.insert(id(number), None, Lane::Fast, 0, None);
        }
        queue.park(id(1), "k");
        queue.park(id(2), "k");
        assert_eq!(queue.next(&[slot("main", 1, 0, 1)]), Some((id(3), 0)));
        queue.release("k");
        assert_eq!(queue.next(&[slot("main", 1, 0, 1)]), Some((id(1), 0)));
        queue.remove(id(1));
        assert_eq!(
            queue.next(&[slot("main", 1, 0, 1)]),
            Some((id(2), 0)),
            "one that leaves wakes the next"
        );
    }

    #[test]
    fn named_tasks_go_to_their_account_others_to_the_least_busy() {
        let mut queue = Queue::default();
        queue.insert(id(1), Some("b".to_owned()), Lane::Fast, 0, None);
        queue.insert(id(2), None, Lane::Fast, 0, None);
        let slots = [slot("a", 1, 1, 2), slot("b", 4, 3, 2), slot("c", 0, 0, 2)];
        assert_eq!(queue.next(&slots), Some((id(1), 1)));
        queue.remove(id(1));
        assert_eq!(
            queue.next(&slots),
            Some((id(2), 1)),
            "b is four times as strong"
        );
        assert_eq!(queue.next(&slots[2..]), None, "weight 0 takes none");
        assert_eq!(queue.next(&[slot("a", 1, 0, 0)]), None);
    }

    #[test]
    fn a_full_lane_leaves_the_other_free() {
        let mut queue = Queue::default();
        queue.insert(id(1), None, Lane::Relax, 0, None);
        queue.insert(id(2), None, Lane::Fast, 0, None);
        let full_relax = Slot {
            name: "main",
            weight: 1,
            running: 1,
            aside: 1,
            fast: 1,
            relax: 0,
        };
        assert_eq!(queue.next(&[full_relax]), Some((id(2), 0)));
    }

    #[test]
    fn delayed_tasks_wait_for_their_time() {
        let mut queue = Queue::default();
        queue.insert(id(1), None, Lane::Fast, 0, Some(UnixMs(50)));
        queue.wake(UnixMs(49));
        assert_eq!(queue.next(&[slot("main", 1, 0, 1)]), None);
        assert_eq!(queue.next_due(), Some(UnixMs(50)));
        queue.wake(UnixMs(50));
        assert_eq!(queue.next(&[slot("main", 1, 0, 1)]), Some((id(1), 0)));
        assert!(queue.remove(id(1)) && queue.is_empty() && !queue.contains(id(1)));
    }
}
