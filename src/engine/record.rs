//! A task as PHP is shown it: addresses with the image domain, and its place in the queue.

mod json;

use std::sync::Arc;

use mj_discord::Hosts;
use mj_midjourney::{
    group,
    store::{StoreError, TaskStore},
    task::{Status, TaskId, TaskView},
};

/// A task as PHP is shown it.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskRecord {
    /// What the store holds. Its addresses are Discord's own: show those below instead.
    pub view: Arc<TaskView>,
    /// The first picture's address, with the image domain.
    pub image_url: Option<String>,
    /// The half-done picture's address, with the image domain.
    pub preview_url: Option<String>,
    /// The pictures' addresses with the image domain, in the order of `view.images`.
    pub images: Vec<String>,
    /// How many tasks go before it, while it waits.
    pub queue_position: Option<u32>,
    /// The tasks of a group, in order; empty for a single task.
    pub tasks: Vec<TaskId>,
    /// Those of them that ended without a picture: their fail codes, or `CANCEL`.
    pub failed: Vec<(TaskId, &'static str)>,
}

impl TaskRecord {
    /// Completes a task with what is shown beside it.
    pub(crate) fn of(
        view: Arc<TaskView>,
        hosts: &Hosts,
        store: &dyn TaskStore,
    ) -> Result<Self, StoreError> {
        let queue_position = if view.status == Status::NotStart {
            store.queue_position(&view.id)?
        } else {
            None
        };
        Ok(Self::shown(view, hosts, queue_position))
    }

    /// A group as one task. It waits where its first task does.
    pub(crate) fn of_group(
        id: TaskId,
        members: &[TaskView],
        hosts: &Hosts,
        store: &dyn TaskStore,
    ) -> Result<Self, StoreError> {
        let view = group::as_one(id, members);
        let queue_position = match members.first() {
            Some(first) if view.status == Status::NotStart => store.queue_position(&first.id)?,
            _ => None,
        };
        Ok(Self {
            tasks: members.iter().map(|member| member.id).collect(),
            failed: group::failed(members),
            ..Self::shown(Arc::new(view), hosts, queue_position)
        })
    }

    fn shown(view: Arc<TaskView>, hosts: &Hosts, queue_position: Option<u32>) -> Self {
        let images: Vec<String> = view
            .images
            .iter()
            .map(|image| hosts.image_url(&image.url).into_owned())
            .collect();
        Self {
            image_url: images.first().cloned(),
            preview_url: view
                .preview_url
                .as_deref()
                .map(|url| hosts.image_url(url).into_owned()),
            queue_position,
            images,
            view,
            tasks: Vec::new(),
            failed: Vec::new(),
        }
    }
}
