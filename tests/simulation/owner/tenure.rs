//! An owner's lease, and what it looks at whenever that is renewed: who died before it, the configuration, the inbox.

use std::{mem, time::Duration};

use mj_midjourney::store::{Grade, TaskStore};

use super::{Fate, Ground, LEASE, OVERSLEPT, Owner, RENEWAL, RETRY};

impl Owner {
    pub(super) fn renewal_due(&self) -> Duration {
        (self.confirmed + RENEWAL).max(self.tried + RETRY)
    }

    pub(super) fn keep_lease(&mut self, ground: &mut Ground<'_>) -> Fate {
        let now = ground.now;
        let has_overslept = now.boot >= self.confirmed + OVERSLEPT;
        if !has_overslept && now.boot < self.renewal_due() {
            return Fate::Goes;
        }
        self.tried = now.boot;
        let until = now.unix.plus(LEASE);
        match ground
            .store
            .renew_lease(ground.hub, self.epoch, Grade::Resident, until)
        {
            Ok(_) => {
                self.confirmed = now.boot;
                self.fence = now.boot + LEASE;
                self.look_behind(ground);
                self.read_config(ground);
                self.read_inbox(ground);
                Fate::Goes
            }
            Err(_) => Fate::Ended,
        }
    }

    fn look_behind(&mut self, ground: &Ground<'_>) {
        if !self.is_predecessor_proven && !(ground.living)(self.epoch - 1) {
            self.is_predecessor_proven = true;
            self.hub.handle_predecessor_dead(ground.now);
        }
        for epoch in self.hub.doubtful_epochs() {
            if !(ground.living)(epoch) {
                self.hub.handle_owner_dead(ground.now, epoch);
            }
        }
    }

    pub(super) fn read_inbox(&mut self, ground: &mut Ground<'_>) {
        let inbox = ground.store.inbox(ground.hub, self.epoch, self.inbox);
        self.read_config(ground);
        if let Ok(inbox) = inbox {
            self.inbox = inbox.next;
            if !inbox.tasks.is_empty() {
                self.posts_due = 0;
                ground.promise.told(self.epoch, &inbox.tasks);
                self.hub.handle_inbox(ground.now, inbox);
            }
        }
    }

    fn read_config(&mut self, ground: &mut Ground<'_>) {
        let Ok(Some((revision, config))) = ground.store.config(ground.hub) else {
            return;
        };
        if revision != self.config_revision {
            self.config_revision = revision;
            self.earlier = Some(mem::replace(&mut self.config, config));
            self.hub.handle_config(ground.now, self.config.clone());
            self.follow_channels();
        }
    }
}
