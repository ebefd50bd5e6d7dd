//! What an owner does at regular times: its lease, its inbox, its configuration, its house.

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use mj_discord::Moment;
use mj_midjourney::store::{Grade, StoreError, TaskStore};
use mj_process::clock;

use super::{Drive, End, direct, outfit, telling};
use crate::{
    beside::beside,
    chronicle,
    ownership::{self, Renewal},
    shared::moment,
    station::is_used,
};

/// How often what no input announces is looked for: a grade, a FIFO that somebody removed.
const LOOK_AROUND: Duration = Duration::from_secs(1);
/// How old what is counted beside the brain's commits may become before it is stored.
const TELLING: Duration = Duration::from_secs(4);
/// How often old tasks are removed and the journal is truncated.
const HOUSEKEEPING: Duration = Duration::from_secs(30);
/// How often old pictures, and half-written ones, are removed.
const TIDYING: Duration = Duration::from_secs(600);
/// Tasks removed at once.
const PRUNE_BATCH: u32 = 200;

impl Drive {
    /// Ends the ownership when the database was removed or replaced: what this owner knows is not what is there, and
    /// in another database its epoch may be another owner's.
    pub(super) fn check_database(&self) -> ControlFlow<End> {
        if self.shared.store.exchanges() == self.database {
            return ControlFlow::Continue(());
        }
        tracing::warn!(hub = %self.id, "the database is another one: its owner begins anew");
        ControlFlow::Break(End::Deposed)
    }

    /// Renews the lease when that is due. An owner that overslept does nothing before.
    pub(super) fn keep_lease(&mut self) -> ControlFlow<End> {
        self.check_database()?;
        let overslept = self.tenure.is_doubtful();
        if !overslept && clock::boot() < self.tenure.renewal_due() {
            return ControlFlow::Continue(());
        }
        match self.tenure.renew(self.shared.store, &self.id, self.grade) {
            Ok(Renewal::Renewed { yield_requested }) => {
                if overslept {
                    tracing::warn!(hub = %self.id, "the engine overslept and still owns the hub");
                }
                if yield_requested && self.draining_since.is_none() {
                    tracing::info!(hub = %self.id, "giving way to a resident process");
                    self.hub.drain(moment());
                    self.draining_since = Some(clock::boot());
                }
                self.check_database()?;
                self.look_behind();
                self.read_config();
                self.read_inbox();
                ControlFlow::Continue(())
            }
            Ok(Renewal::Deposed) => ControlFlow::Break(End::Deposed),
            Err(error) => {
                tracing::warn!(hub = %self.id, %error, "the lease could not be renewed");
                if overslept || self.tenure.has_run_out() {
                    return ControlFlow::Break(End::Deposed);
                }
                ControlFlow::Continue(())
            }
        }
    }

    /// Looks for what no input announces.
    pub(super) fn look_around(&mut self) {
        if clock::boot() < self.look_around_due() {
            return;
        }
        self.looked_around = clock::boot();
        if self.network.meter.has_changed() && clock::boot() >= self.told_at + TELLING {
            self.hub.show_status();
        }
        self.look_at_grade();
        if !self.fifo.get_ref().is_named() {
            // Somebody removed it, or a successor serves: the lease says which.
            self.read_inbox();
        }
    }

    /// Opens the gateways once this is a process that stays. At once when somebody begins to wait: a command that was
    /// held back for its account's session must not leave before that is opened.
    pub(super) fn look_at_grade(&mut self) {
        let grade = self.shared.grade();
        if grade != self.grade && grade == Grade::Resident && self.draining_since.is_none() {
            self.grade = grade;
            let now = moment();
            self.hub.handle_grade(now, grade);
            self.arrange_links(now);
        }
    }

    /// When [`Drive::look_around`] has something to do, by `CLOCK_BOOTTIME`.
    pub(super) fn look_around_due(&self) -> Duration {
        self.looked_around + LOOK_AROUND
    }

    /// Looks whether owners before this one have died.
    pub(super) fn look_behind(&mut self) {
        let now = moment();
        if !self.is_predecessor_proven
            && ownership::is_proven_dead(&self.lock, self.tenure.epoch - 1)
        {
            self.is_predecessor_proven = true;
            self.hub.handle_predecessor_dead(now);
        }
        for epoch in self.hub.doubtful_epochs() {
            if ownership::is_proven_dead(&self.lock, epoch) {
                self.hub.handle_owner_dead(now, epoch);
            }
        }
    }

    pub(super) fn read_inbox(&mut self) {
        let inbox = self
            .shared
            .store
            .inbox(&self.id, self.tenure.epoch, self.inbox);
        // Read behind the tasks and heeded before them: what they need, such as an account that one brought along, was
        // stored first.
        self.read_config();
        match inbox {
            Ok(inbox) => {
                self.inbox = inbox.next;
                if !inbox.tasks.is_empty() {
                    self.tell_of_inbox(&inbox);
                    self.heed_inbox(&inbox.tasks);
                    self.hub.handle_inbox(moment(), inbox);
                }
            }
            Err(StoreError::Sealed { .. }) => self.lock_out(),
            // A deposed owner learns it at its next write.
            Err(error) => tracing::warn!(hub = %self.id, %error, "the inbox could not be read"),
        }
    }

    fn read_config(&mut self) {
        let (revision, config) = match self.shared.store.config(&self.id) {
            Ok(Some(stored)) => stored,
            Ok(None) => return,
            Err(StoreError::Sealed { .. }) => return self.lock_out(),
            Err(error) => {
                return tracing::warn!(hub = %self.id, %error, "the configuration could not be read");
            }
        };
        if revision == self.config_revision {
            return;
        }
        self.config_revision = revision;
        let is_other_way =
            config.hosts != self.config.hosts || config.user_agent != self.config.user_agent;
        if is_other_way {
            let outfitted = outfit(&self.shared, &config, &self.resolver, &self.network)
                .and_then(|outfit| Ok((outfit, direct(&self.shared, &config, &self.resolver)?)));
            match outfitted {
                Ok(((hosts, http, route), direct)) => {
                    self.direct = direct;
                    self.hosts = Arc::new(hosts);
                    self.http = http;
                    self.route = Arc::new(route);
                }
                Err(error) => {
                    return tracing::error!(hub = %self.id, %error, "the new configuration cannot be used");
                }
            }
        }
        let settings = chronicle::changed_settings(&self.config, &config).join(" ");
        tracing::info!(hub = %self.id, revision, settings, "the configuration has changed");
        self.config = config;
        self.config_applied = revision;
        self.hub.show_status();
        let now = moment();
        self.hub.handle_config(now, self.config.clone());
        self.arrange_links(now);
    }

    /// Whether this is the hub of a token that came with tasks, and none has come for long: it needs no gateway session
    /// until the next.
    fn is_left_alone(&self, now: Moment) -> bool {
        let is_head = self
            .config
            .family
            .as_ref()
            .is_none_or(|head| *head == self.id);
        if is_head || self.draining_since.is_some() {
            return false;
        }
        match self.shared.store.hubs() {
            Ok(hubs) => hubs
                .iter()
                .find(|hub| hub.id == self.id)
                .is_some_and(|hub| !is_used(hub, now.unix)),
            Err(error) => {
                tracing::warn!(hub = %self.id, %error, "the hubs could not be read");
                false
            }
        }
    }

    pub(super) fn keep_house(&mut self, now: Moment) {
        if now.boot >= self.housekept + HOUSEKEEPING {
            self.housekept = now.boot;
            self.stopping |= self.is_left_alone(now);
            self.resident_bytes = telling::resident_bytes();
            let before = now.unix.minus(self.config.retention);
            if let Err(error) =
                self.shared
                    .store
                    .prune(&self.id, self.tenure.epoch, before, PRUNE_BATCH)
            {
                tracing::warn!(hub = %self.id, %error, "old tasks could not be removed");
            }
            if now.boot >= self.tidied + TIDYING {
                self.tidied = now.boot;
                self.remove_old_pictures();
                self.tidy_archive();
            }
            let store = self.shared.store;
            beside(move || {
                if let Err(error) = store.checkpoint() {
                    tracing::warn!(%error, "the store's log could not be checkpointed");
                }
            });
        }
    }
}
