//! A task as JSON: key for key, and in the same order, the array that `mj_poll()` gives.

use mj_discord::{UnixMs, snowflake::MessageId};
use mj_midjourney::{
    refusal::FailCode,
    task::{Choice, Image, Mode, Stage, TaskButton, TaskId, TaskView, Text},
};
use serde::Serialize;

use super::TaskRecord;

#[derive(Serialize)]
struct TaskJson<'t> {
    id: &'t str,
    action: &'static str,
    status: &'static str,
    progress: u8,
    prompt: &'t str,
    final_prompt: Option<&'t str>,
    parent_id: Option<&'t str>,
    group_id: Option<&'t str>,
    account: Option<&'t str>,
    mode: Option<&'static str>,
    image_url: Option<&'t str>,
    preview_url: Option<&'t str>,
    images: Vec<ImageJson<'t>>,
    texts: TextsJson<'t>,
    buttons: Vec<ButtonJson<'t>>,
    fail_code: Option<&'static str>,
    fail_reason: Option<&'t str>,
    retryable: bool,
    late: bool,
    message_id: Option<String>,
    job_id: Option<&'t str>,
    seed: Option<u32>,
    queue_position: Option<u32>,
    state: Option<&'t str>,
    revision: u64,
    created_at: u64,
    submitted_at: Option<u64>,
    started_at: Option<u64>,
    finished_at: Option<u64>,
    stage: Option<&'static str>,
    estimated_at: Option<u64>,
    not_before: Option<u64>,
    notes: &'t [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tasks: &'t [TaskId],
    #[serde(skip_serializing_if = "CodesJson::is_empty")]
    failed: CodesJson<'t>,
}

/// Codes by the ids of tasks.
struct CodesJson<'t>(&'t [(TaskId, &'static str)]);

impl CodesJson<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for CodesJson<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(id, code)| (id.as_str(), code)))
    }
}

/// Prompts as a list; the fields of a panel by their names.
struct TextsJson<'t>(&'t [Text]);

impl Serialize for TextsJson<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.iter().any(|text| text.name.is_some()) {
            serializer.collect_map(
                self.0
                    .iter()
                    .map(|text| (text.name.as_deref().unwrap_or_default(), &text.text)),
            )
        } else {
            serializer.collect_seq(self.0.iter().map(|text| &text.text))
        }
    }
}

#[derive(Serialize)]
struct ImageJson<'t> {
    url: &'t str,
    width: Option<u32>,
    height: Option<u32>,
    size: u64,
    content_type: Option<&'t str>,
    expires_at: Option<u64>,
    file: Option<&'t str>,
}

#[derive(Serialize)]
struct ButtonJson<'t> {
    action: Option<&'t str>,
    custom_id: &'t str,
    label: Option<&'t str>,
    emoji: Option<&'t str>,
    style: u8,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    choices: &'t [Choice],
}

impl TaskRecord {
    /// The record as JSON, as `json_encode(mj_poll($id))` would be read again.
    ///
    /// # Errors
    /// Never for what is text and numbers; said by the serialiser's signature.
    pub(crate) fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        // Named one by one, so that a new field is not forgotten here.
        let TaskView {
            id,
            revision,
            action,
            status,
            progress,
            prompt,
            final_prompt,
            parent_id,
            group_id,
            account,
            mode,
            preview_url: _,
            images,
            buttons,
            fail_code,
            fail_reason,
            retryable,
            late,
            message_id,
            job_id,
            seed,
            state,
            created_at,
            submitted_at,
            started_at,
            finished_at,
            stage,
            estimated_at,
            not_before,
            texts,
            notes,
        } = &*self.view;
        let ms = |at: &Option<UnixMs>| at.map(|at| at.0);
        serde_json::to_vec(&TaskJson {
            id: id.as_str(),
            action: action.as_str(),
            status: status.as_str(),
            progress: *progress,
            prompt,
            final_prompt: final_prompt.as_deref(),
            parent_id: parent_id.as_ref().map(TaskId::as_str),
            group_id: group_id.as_ref().map(TaskId::as_str),
            account: account.as_deref(),
            mode: mode.map(Mode::as_str),
            image_url: self.image_url.as_deref(),
            preview_url: self.preview_url.as_deref(),
            images: images
                .iter()
                .enumerate()
                .map(|(index, image)| ImageJson::of(image, self.images.get(index)))
                .collect(),
            texts: TextsJson(texts),
            buttons: buttons.iter().map(ButtonJson::of).collect(),
            fail_code: fail_code.map(FailCode::as_str),
            fail_reason: fail_reason.as_deref(),
            retryable: *retryable,
            late: *late,
            message_id: message_id.as_ref().map(MessageId::to_string),
            job_id: job_id.as_deref(),
            seed: *seed,
            queue_position: self.queue_position,
            state: state.as_deref(),
            revision: *revision,
            created_at: created_at.0,
            submitted_at: ms(submitted_at),
            started_at: ms(started_at),
            finished_at: ms(finished_at),
            stage: stage.map(Stage::as_str),
            estimated_at: ms(estimated_at),
            not_before: ms(not_before),
            notes,
            tasks: &self.tasks,
            failed: CodesJson(&self.failed),
        })
    }
}

impl<'t> ImageJson<'t> {
    /// A picture; `url` is its address with the image domain.
    fn of(image: &'t Image, url: Option<&'t String>) -> Self {
        Self {
            url: url.unwrap_or(&image.url),
            width: image.width,
            height: image.height,
            size: image.size,
            content_type: image.content_type.as_deref(),
            expires_at: image.expires_at.map(|at| at.0),
            file: image.file.as_deref(),
        }
    }
}

impl<'t> ButtonJson<'t> {
    fn of(button: &'t TaskButton) -> Self {
        Self {
            action: button.action.as_deref(),
            custom_id: &button.custom_id,
            label: button.label.as_deref(),
            emoji: button.emoji.as_deref(),
            style: button.style,
            choices: &button.choices,
        }
    }
}
