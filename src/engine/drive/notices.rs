//! The webhooks of an owned hub: empties the outbox, beside the loop and without holding it up.

use std::{sync::Arc, time::Duration};

use mj_midjourney::{
    hub::{Answer, FailureKind},
    notice::{Notice, NoticeOutcome},
    store::{Commit, StoreError, TaskStore, Write},
    task::Task,
};
use tokio::time::timeout;

use super::{Drive, Input};
use crate::{
    metrics::WEBHOOK_POSTS,
    record::TaskRecord,
    shared::moment,
    webhook::{self, Post},
};

/// Pause before the outbox is read again when the store failed.
const READ_RETRY: Duration = Duration::from_secs(1);

impl Drive {
    /// Takes notice of a commit: what it wrote may have an address.
    pub(super) fn heed_commit(&mut self, commit: &Commit) {
        let is_told = commit
            .writes
            .iter()
            .any(|write| matches!(write, Write::Task(task) if task.work.notify_url.is_some()));
        if is_told {
            self.posts.touch();
        }
    }

    /// Takes notice of what PHP wrote.
    pub(super) fn heed_inbox(&mut self, tasks: &[Task]) {
        if tasks.iter().any(|task| task.work.notify_url.is_some()) {
            self.posts.touch();
        }
    }

    /// Sends what is due.
    pub(super) fn post_notices(&mut self) {
        let now = moment();
        if !self.posts.is_due(now.boot) {
            return;
        }
        loop {
            let busy = self.posts.busy(now.boot);
            let found = self.shared.store.notices(
                now.unix,
                &self.id,
                self.tenure.epoch,
                &busy,
                self.posts.window(),
            );
            let found = match found {
                Ok(found) => found,
                Err(error) => {
                    tracing::warn!(hub = %self.id, %error, "the outbox could not be read");
                    return self.posts.look_again(now.boot, READ_RETRY);
                }
            };
            let mut begun = 0;
            for notice in &found.due {
                if self.posts.begin(notice) {
                    begun += 1;
                    if let Err(error) = self.post(notice) {
                        self.posts.abandon(&notice.task);
                        tracing::warn!(hub = %self.id, task = %notice.task, %error, "a webhook could not be made");
                        return self.posts.look_again(now.boot, READ_RETRY);
                    }
                }
            }
            // Servers that have become busy may have hidden others.
            if begun == 0 {
                return self.posts.looked(now, found.next);
            }
        }
    }

    fn post(&mut self, notice: &Notice) -> Result<(), StoreError> {
        let store = self.shared.store;
        let Some(view) = store.task(&notice.task)?.map(Arc::new) else {
            self.posts.abandon(&notice.task);
            return Ok(());
        };
        let post = Post::of(&view, notice.tries);
        let record = TaskRecord::of(Arc::clone(&view), &self.hosts, store)?;
        let body = record
            .to_json()
            .map_err(|error| StoreError::Io(Box::new(error)))?;
        let secret = self.config.notify_secret.as_ref();
        let Some(request) = webhook::request(&notice.url, moment().unix, &view, body, secret)
        else {
            self.posts.abandon(&notice.task);
            return self.settle(&post, NoticeOutcome::GivenUp);
        };
        let (http, source) = (self.direct.clone(), self.source.clone());
        // An owner that was overtaken must not tell an older state after its successor told a newer one.
        let fence = self.tenure.fence.clone();
        self.requests.spawn_local(async move {
            let answer = timeout(webhook::TIMEOUT, http.tell(request, Some(fence)))
                .await
                .unwrap_or(Answer::Failure {
                    sent: true,
                    kind: FailureKind::TimedOut,
                });
            let _ = source.send(Input::Posted(post, answer));
        });
        Ok(())
    }

    /// A post has ended.
    pub(super) fn take_posted(&mut self, post: &Post, answer: &Answer) {
        let now = moment();
        self.posts.ended(now, &post.task, answer);
        let Some(outcome) = post.outcome(now.unix, answer) else {
            // The lease is about to run out: until it is renewed, the next one would be kept back too.
            return self.posts.look_again(now.boot, READ_RETRY);
        };
        self.tell_of_post(post, answer, outcome);
        if let Err(error) = self.settle(post, outcome) {
            // It stays due, and is posted once more.
            tracing::warn!(hub = %self.id, task = %post.task, %error, "what became of a webhook could not be stored");
            self.posts.look_again(now.boot, READ_RETRY);
        }
    }

    fn tell_of_post(&self, post: &Post, answer: &Answer, outcome: NoticeOutcome) {
        let (status, failure) = match answer {
            Answer::Response { status, .. } => (Some(*status), None),
            Answer::Failure { kind, .. } => (None, Some(format!("{kind:?}"))),
        };
        let (hub, task, tries) = (self.id.0.as_str(), post.task.as_str(), post.tries + 1);
        let (revision, failure) = (post.revision, failure.as_deref());
        let word = match outcome {
            NoticeOutcome::Delivered => "delivered",
            NoticeOutcome::GivenUp => {
                tracing::warn!(
                    hub,
                    task,
                    revision,
                    tries,
                    status,
                    failure,
                    "a webhook was given up"
                );
                "given_up"
            }
            NoticeOutcome::Retry { .. } => {
                tracing::info!(
                    hub,
                    task,
                    revision,
                    tries,
                    status,
                    failure,
                    "a webhook was not taken, and is tried again"
                );
                "retried"
            }
        };
        self.network
            .meter
            .count(&WEBHOOK_POSTS, &[("outcome", word)]);
    }

    fn settle(&self, post: &Post, outcome: NoticeOutcome) -> Result<(), StoreError> {
        self.shared.store.noticed(
            moment().unix,
            &self.id,
            self.tenure.epoch,
            &post.task,
            post.revision,
            outcome,
        )
    }
}
