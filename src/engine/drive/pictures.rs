//! Pictures that an owner fetches, archives and throws away, all beside its loop.

use std::{collections::BTreeSet, sync::Arc, time::SystemTime};

use mj_discord::{Hosts, UnixMs};
use mj_midjourney::{
    config::Archive,
    hub::{Archived, FailureKind, FetchRefusal, Fetched},
    store::{PAGE_LIMIT, StoreError, TaskFilter, TaskStore},
    task::{Image, Status, TaskId},
};
use mj_process::clock;

use super::{Drive, Input};
use crate::{
    archive::{Archiver, directory},
    attachment::Attachments,
    beside::beside,
    picture::{
        fetch::{FetchError, Fetcher},
        kept,
    },
    shared::Shared,
};

impl Drive {
    /// Fetches a picture for a task, and tells the hub.
    pub(super) fn fetch(&mut self, task: TaskId, place: usize, url: String) {
        let fetcher = Fetcher::new(
            Arc::clone(&self.route.tls),
            self.config.hosts.proxy.as_deref(),
            self.resolver.clone(),
            self.config.user_agent.clone(),
            Hosts::clone(&self.hosts),
        );
        let (shared, source) = (Arc::clone(&self.shared), self.source.clone());
        let turns = Arc::clone(&self.pictures);
        self.requests.spawn_local(async move {
            // The semaphore is never closed.
            let _turn = turns.acquire_owned().await;
            let outcome = fetch(&fetcher, shared, &url).await;
            let _ = source.send(Input::Fetched(task, place, outcome));
        });
    }

    /// Archives a finished picture, and tells the hub.
    pub(super) fn archive(&mut self, task: TaskId, place: usize, image: Image) {
        let (archiver, source) = (self.archiver(), self.source.clone());
        // The hub asks for one at a time, so that none stands in the way of what callers' tasks wait for.
        self.requests.spawn_local(async move {
            let outcome = match archiver {
                Some(archiver) => archiver.keep(task, place, &image).await,
                None => Archived::Failed,
            };
            let _ = source.send(Input::Archived(task, place, outcome));
        });
    }

    fn archiver(&self) -> Option<Archiver> {
        let archive = self.config.archive.clone()?;
        let hosts = Hosts::clone(&self.hosts);
        let attachments = Attachments::new(self.http.clone(), hosts, &self.config);
        Some(Archiver::new(archive, attachments, self.direct.clone()))
    }

    /// Removes kept pictures that no open task names, beside the loop.
    pub(super) fn remove_old_pictures(&self) {
        let shared = Arc::clone(&self.shared);
        beside(move || {
            if let Err(error) = remove_old_pictures(&shared) {
                tracing::warn!(%error, "old pictures could not be removed");
            }
        });
    }

    /// Removes what killed owners left half written in the archive, beside the loop.
    pub(super) fn tidy_archive(&self) {
        let Some(Archive::Directory(root)) = self.config.archive.clone() else {
            return;
        };
        beside(move || {
            if let Err(error) = directory::remove_left(root.as_ref(), SystemTime::now()) {
                tracing::warn!(%error, "mj.archive: the directory could not be looked through");
            }
        });
    }
}

async fn fetch(fetcher: &Fetcher, shared: Arc<Shared>, url: &str) -> Fetched {
    let picture = match fetcher.fetch(url).await {
        Ok(picture) => picture,
        Err(FetchError::Refused(refusal)) => return Fetched::Refused(refusal),
        Err(FetchError::Failed(kind)) => return Fetched::Failed(kind),
    };
    match beside(move || kept::keep(&shared.dir, &picture)).await {
        Ok(Ok(file)) => Fetched::Kept(file),
        Ok(Err(error)) => {
            tracing::error!(%error, "a fetched picture could not be kept");
            Fetched::Failed(FailureKind::Withheld)
        }
        Err(_) => Fetched::Refused(FetchRefusal::NoPicture),
    }
}

/// A file that is old enough belongs to no submission under way, so the open tasks tell which are used. A file is
/// never older than the task that names it by more than that.
fn remove_old_pictures(shared: &Shared) -> Result<(), StoreError> {
    let old = kept::old(&shared.dir, SystemTime::now());
    if old.is_empty() {
        return Ok(());
    }
    let young = UnixMs(clock::unix_ms()).minus(kept::KEPT / 2);
    let filter = TaskFilter {
        status: Status::ALL
            .into_iter()
            .filter(|status| !status.is_terminal())
            .collect(),
        ..TaskFilter::default()
    };
    let mut used = BTreeSet::new();
    let mut cursor = None;
    loop {
        let page = shared.store.list(&filter, PAGE_LIMIT, cursor.as_deref())?;
        for view in page.tasks.iter().filter(|view| view.created_at < young) {
            if let Some(task) = shared.store.whole_task(&view.id)? {
                used.extend(kept::names(&task.work).map(str::to_owned));
            }
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    kept::remove(&shared.dir, &old, &used);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{fs::File, time::Duration};

    use mj_midjourney::{
        config::HubId,
        task::{Action, PictureSource, StoredFile, Task, TaskView, Work},
    };
    use mj_process::Origin;
    use mj_store::Keyring;

    use super::*;
    use crate::picture::{Picture, tests::png};

    #[test]
    fn removes_pictures_of_ended_tasks() {
        let directory = tempfile::tempdir().unwrap();
        let shared = Shared::open(
            &directory.path().join("state"),
            Origin::Explicit,
            &Keyring::default(),
            "cli",
        )
        .unwrap();
        let picture = Picture::of(png(5, 6)).unwrap();
        let keep = || kept::keep(&shared.dir, &picture).unwrap();
        let [of_open, of_mask, of_ended, of_nobody] = [(); 4].map(|()| keep());
        let long_ago = SystemTime::now() - kept::KEPT - Duration::from_secs(60);
        for file in [&of_open, &of_mask, &of_ended, &of_nobody] {
            let path = shared.dir.path().join("uploads").join(&file.name);
            let file = File::options().write(true).open(path).unwrap();
            file.set_modified(long_ago).unwrap();
        }
        let created = UnixMs(clock::unix_ms()).minus(kept::KEPT + Duration::from_secs(60));
        let hub = HubId("a".repeat(32));
        let mut number = 0;
        let mut task = |files: Vec<_>, mask, status| {
            number += 1;
            let id: TaskId = format!("{number:026}").parse().unwrap();
            let mut view = TaskView::new(id, Action::Imagine, String::new(), created);
            view.status = status;
            Task {
                hub: hub.clone(),
                view,
                work: Work {
                    pictures: files,
                    mask,
                    ..Work::default()
                },
            }
        };
        let named = |file: &StoredFile| {
            let source = PictureSource::Stored(file.clone());
            serde_json::from_value(serde_json::json!({ "source": source })).unwrap()
        };
        let tasks = [
            task(
                vec![named(&of_open)],
                Some(of_mask.clone()),
                Status::NotStart,
            ),
            task(vec![named(&of_ended)], None, Status::NotStart),
        ];
        shared.store.submit(created, &tasks, 10).unwrap();
        shared.store.cancel(created, &tasks[1].view.id).unwrap();
        remove_old_pictures(&shared).unwrap();
        let is_there = |file: &StoredFile| kept::read(&shared.dir, &file.name).is_ok();
        assert!(is_there(&of_open) && is_there(&of_mask));
        assert!(!is_there(&of_ended) && !is_there(&of_nobody));
    }
}
