//! The tasks of a hub. Of the thousands that may wait nobody looks at most for a long time: those lie packed, which
//! takes a third of the room, until somebody does.

use std::{
    cell::{OnceCell, RefCell},
    collections::{BTreeMap, VecDeque},
};

use super::Item;
use crate::{
    config::HubId,
    task::{Status, Task, TaskId, TaskView, Work},
};

/// How many tasks that could lie packed are left as they are: those that became whole last, since somebody looks at them.
const AWAKE: usize = 256;

/// A task: whole, packed, or both while nobody has changed it since it was packed.
#[derive(Debug, Default)]
struct Slot {
    /// Boxed: the nodes of a tree that grows at its end stay half empty, and an item is more than a kilobyte.
    item: OnceCell<Box<Item>>,
    packed: Option<Box<[u8]>>,
}

/// All tasks that an owner knows.
#[derive(Debug)]
pub(super) struct Tasks {
    hub: HubId,
    slots: BTreeMap<TaskId, Slot>,
    /// Those that have become whole, and were not looked at since whether they may be packed again.
    awake: RefCell<VecDeque<TaskId>>,
}

impl Tasks {
    pub(super) fn new(hub: HubId) -> Self {
        Self {
            hub,
            slots: BTreeMap::new(),
            awake: RefCell::default(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn contains_key(&self, id: &TaskId) -> bool {
        self.slots.contains_key(id)
    }

    pub(super) fn get(&self, id: &TaskId) -> Option<&Item> {
        let slot = self.slots.get(id)?;
        if slot.item.get().is_none() {
            let item = unpack(&self.hub, slot.packed.as_deref()?)?;
            self.awake.borrow_mut().push_back(*id);
            return Some(slot.item.get_or_init(|| Box::new(item)));
        }
        slot.item.get().map(|item| &**item)
    }

    pub(super) fn get_mut(&mut self, id: &TaskId) -> Option<&mut Item> {
        let slot = self.slots.get_mut(id)?;
        if slot.item.get().is_none() {
            let item = unpack(&self.hub, slot.packed.as_deref()?)?;
            self.awake.get_mut().push_back(*id);
            slot.item = OnceCell::from(Box::new(item));
        }
        slot.packed = None;
        slot.item.get_mut().map(|item| &mut **item)
    }

    /// A task that does not lie packed: one that does was never sent, presses nothing, has no pictures and no account
    /// yet.
    pub(super) fn whole(&self, id: &TaskId) -> Option<&Item> {
        self.slots.get(id)?.item.get().map(|item| &**item)
    }

    /// All that do not lie packed.
    pub(super) fn all_whole(&self) -> impl Iterator<Item = (TaskId, &Item)> {
        let slots = self.slots.iter();
        slots.filter_map(|(id, slot)| Some((*id, &**slot.item.get()?)))
    }

    /// The same, to be changed.
    pub(super) fn all_whole_mut(&mut self) -> impl Iterator<Item = (TaskId, &mut Item)> {
        let slots = self.slots.iter_mut();
        slots.filter_map(|(id, slot)| {
            let item = slot.item.get_mut()?;
            slot.packed = None;
            Some((*id, &mut **item))
        })
    }

    pub(super) fn insert(&mut self, id: TaskId, item: Item) {
        let slot = Slot {
            item: OnceCell::from(Box::new(item)),
            packed: None,
        };
        self.slots.insert(id, slot);
        self.awake.get_mut().push_back(id);
    }

    pub(super) fn remove(&mut self, id: &TaskId) {
        self.slots.remove(id);
    }

    /// Packs what was not looked at for long, as far as nothing is to happen to it: `rests` tells.
    pub(super) fn pack(&mut self, rests: impl Fn(TaskId) -> bool) {
        let awake = self.awake.get_mut();
        while awake.len() > AWAKE {
            let Some(id) = awake.pop_front() else {
                return;
            };
            if let Some(slot) = self.slots.get_mut(&id)
                && rests(id)
            {
                slot.pack(&self.hub);
            }
        }
    }
}

impl Slot {
    fn pack(&mut self, hub: &HubId) {
        let Some(item) = self.item.get().filter(|item| is_at_rest(item, hub)) else {
            return;
        };
        if self.packed.is_none() {
            self.packed = pack(&item.task);
        }
        if self.packed.is_some() {
            self.item = OnceCell::new();
        }
    }
}

/// Whether a task has nothing beside what PHP asked for.
fn is_at_rest(item: &Item, hub: &HubId) -> bool {
    let Item {
        task,
        made,
        was_outdated,
        lost_uploads,
    } = item;
    task.view.status == Status::NotStart
        && task.view.account.is_none()
        && task.work.attempts.is_empty()
        && task.work.press.is_none()
        && task.work.pictures.is_empty()
        && task.hub == *hub
        && made.is_empty()
        && !was_outdated
        && *lost_uploads == 0
}

/// A task in few bytes; none where it would not be the same again.
fn pack(task: &Task) -> Option<Box<[u8]>> {
    let packed = serde_json::to_vec(&(&task.view, &task.work)).ok()?;
    let (view, work) = read(&packed)?;
    (view == task.view && work == task.work).then(|| packed.into_boxed_slice())
}

fn unpack(hub: &HubId, packed: &[u8]) -> Option<Item> {
    let (view, work) = read(packed)?;
    Some(Item {
        task: Task {
            hub: hub.clone(),
            view,
            work,
        },
        made: Vec::new(),
        was_outdated: false,
        lost_uploads: 0,
    })
}

fn read(packed: &[u8]) -> Option<(TaskView, Work)> {
    serde_json::from_slice(packed).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{hub, id, task};

    fn item(task: Task) -> Item {
        Item {
            task,
            made: Vec::new(),
            was_outdated: false,
            lost_uploads: 0,
        }
    }

    fn waiting(count: u64) -> Tasks {
        let mut tasks = Tasks::new(hub(1));
        for number in 1..=count {
            tasks.insert(id(number), item(task(number)));
        }
        tasks
    }

    fn packed(tasks: &Tasks) -> usize {
        let slots = tasks.slots.values();
        slots.filter(|slot| slot.item.get().is_none()).count()
    }

    #[test]
    fn what_rests_is_packed_and_the_same_again() {
        let mut tasks = waiting(1_000);
        tasks.pack(|_| true);
        assert_eq!(packed(&tasks), 1_000 - AWAKE);
        let of_packed = tasks.slots[&id(1)].packed.as_ref().unwrap();
        assert!(of_packed.len() < 500, "{}", of_packed.len());
        assert!(tasks.whole(&id(1)).is_none());
        for number in 1..=1_000 {
            assert_eq!(tasks.get(&id(number)).unwrap().task, task(number));
        }
        tasks.pack(|_| true);
        assert_eq!(packed(&tasks), 1_000 - AWAKE);
        assert!(tasks.whole(&id(744)).is_some(), "unpacked last");
    }

    #[test]
    fn a_change_of_what_was_packed_is_kept() {
        let mut tasks = waiting(1_000);
        tasks.pack(|_| true);
        tasks.get_mut(&id(1)).unwrap().task.view.seed = Some(77);
        for number in 2..=1_000 {
            tasks.get(&id(number)).unwrap();
        }
        tasks.pack(|_| true);
        assert!(tasks.whole(&id(1)).is_none(), "packed once more");
        assert_eq!(tasks.get(&id(1)).unwrap().task.view.seed, Some(77));
    }

    #[test]
    fn what_something_may_happen_to_stays_whole() {
        let mut tasks = Tasks::new(hub(1));
        let mut sent = task(1);
        sent.view.status = Status::Submitted;
        let mut elsewhere = task(2);
        elsewhere.hub = hub(2);
        let mut outdated = item(task(3));
        outdated.was_outdated = true;
        tasks.insert(id(1), item(sent));
        tasks.insert(id(2), item(elsewhere));
        tasks.insert(id(3), outdated);
        for number in 4..=500 {
            tasks.insert(id(number), item(task(number)));
        }
        tasks.pack(|of| of != id(4));
        for number in 1..=4 {
            assert!(tasks.whole(&id(number)).is_some(), "{number}");
        }
        assert!(tasks.whole(&id(5)).is_none());
        tasks.remove(&id(5));
        assert!(tasks.get(&id(5)).is_none() && !tasks.contains_key(&id(5)));
        assert_eq!(tasks.all_whole().count(), 500 - packed(&tasks) - 1);
    }
}
