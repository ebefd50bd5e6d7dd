//! An owner's webhooks: the order of things of the engine's `drive/notices.rs`. One post of a task at a time, none that
//! the lease does not cover.

use mj_midjourney::{notice::NoticeOutcome, store::TaskStore, task::TaskId};

use super::{Ground, Owner};
use crate::network::{Post, Travel};

/// Posts at a time.
const WINDOW: u32 = 64;
/// Before a post that was held back is looked at again, in milliseconds.
const AGAIN: u64 = 1_000;

impl Owner {
    /// Sends what is due.
    pub(super) fn post_notices(&mut self, ground: &mut Ground<'_>) {
        if ground.now.unix.0 < self.posts_due {
            return;
        }
        let found = ground
            .store
            .notices(ground.now.unix, ground.hub, self.epoch, &[], WINDOW);
        let Ok(found) = found else { return };
        self.posts_due = found.next.map_or(u64::MAX, |at| at.0);
        for notice in found.due {
            let Ok(Some(view)) = ground.store.task(&notice.task) else {
                continue;
            };
            if self.posting.insert(notice.task) {
                ground.leaving.push(Travel::Posts(Post {
                    life: self.life,
                    epoch: self.epoch,
                    task: notice.task,
                    revision: view.revision,
                    status: view.status,
                }));
            }
        }
    }

    /// A post has ended; without an outcome it never left.
    pub(super) fn take_posted(
        &mut self,
        ground: &mut Ground<'_>,
        task: TaskId,
        revision: u64,
        outcome: Option<NoticeOutcome>,
    ) {
        self.posting.remove(&task);
        let Some(outcome) = outcome else {
            self.posts_due = self.posts_due.min(ground.now.unix.0 + AGAIN);
            return;
        };
        let _ = ground.store.noticed(
            ground.now.unix,
            ground.hub,
            self.epoch,
            &task,
            revision,
            outcome,
        );
        self.posts_due = 0;
    }
}
