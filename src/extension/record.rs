//! A task as the PHP array that the stub describes (`stubs/mj.stub.php`): its keys and their order are a promise.

use ext_php_rs::types::Zval;
use mj_engine::{TaskId, TaskRecord};
use mj_midjourney::{
    refusal::FailCode,
    task::{Choice, Image, TaskButton, Text},
};

use crate::{
    convert::{Table, list, number, optional_number, optional_string, string, truth},
    words::Word,
};

/// How many keys a task has: exactly as many as a table of PHP's holds before it doubles. A group has one more, or two.
const KEYS: usize = 32;

/// A task as PHP sees it.
pub(crate) fn task(record: &TaskRecord) -> Zval {
    let view = &*record.view;
    let mut task = Table::with_capacity(KEYS);
    task.add(Word::Id, string(view.id.as_str().as_bytes()));
    task.add(Word::Action, Word::from(view.action).zval());
    task.add(Word::Status, Word::from(view.status).zval());
    task.add(Word::Progress, number(view.progress.into()));
    task.add(Word::Prompt, string(view.prompt.as_bytes()));
    task.add(
        Word::FinalPrompt,
        optional_string(view.final_prompt.as_ref()),
    );
    task.add(
        Word::ParentId,
        optional_string(view.parent_id.as_ref().map(TaskId::as_str)),
    );
    task.add(
        Word::GroupId,
        optional_string(view.group_id.as_ref().map(TaskId::as_str)),
    );
    task.add(Word::Account, optional_string(view.account.as_ref()));
    task.add(
        Word::Mode,
        view.mode
            .map_or_else(Zval::null, |mode| Word::from(mode).zval()),
    );
    task.add(Word::ImageUrl, optional_string(record.image_url.as_ref()));
    task.add(
        Word::PreviewUrl,
        optional_string(record.preview_url.as_ref()),
    );
    let mut urls = record.images.iter();
    task.add(
        Word::Images,
        list(&view.images, |picture| image(picture, urls.next())),
    );
    task.add(Word::Texts, texts(&view.texts));
    task.add(Word::Buttons, list(&view.buttons, button));
    task.add(
        Word::FailCode,
        optional_string(view.fail_code.map(FailCode::as_str)),
    );
    task.add(Word::FailReason, optional_string(view.fail_reason.as_ref()));
    task.add(Word::Retryable, truth(view.retryable));
    task.add(Word::Late, truth(view.late));
    task.add(
        Word::MessageId,
        optional_string(view.message_id.map(|id| id.to_string())),
    );
    task.add(Word::JobId, optional_string(view.job_id.as_ref()));
    task.add(Word::Seed, optional_number(view.seed));
    task.add(Word::QueuePosition, optional_number(record.queue_position));
    task.add(Word::State, optional_string(view.state.as_ref()));
    task.add(Word::Revision, number(view.revision));
    task.add(Word::CreatedAt, number(view.created_at.0));
    task.add(
        Word::SubmittedAt,
        optional_number(view.submitted_at.map(|at| at.0)),
    );
    task.add(
        Word::StartedAt,
        optional_number(view.started_at.map(|at| at.0)),
    );
    task.add(
        Word::FinishedAt,
        optional_number(view.finished_at.map(|at| at.0)),
    );
    task.add(
        Word::Stage,
        view.stage
            .map_or_else(Zval::null, |stage| Word::from(stage).zval()),
    );
    task.add(
        Word::EstimatedAt,
        optional_number(view.estimated_at.map(|at| at.0)),
    );
    task.add(
        Word::NotBefore,
        optional_number(view.not_before.map(|at| at.0)),
    );
    task.add(
        Word::Notes,
        list(&view.notes, |note| string(note.as_bytes())),
    );
    if !record.tasks.is_empty() {
        let members = list(&record.tasks, |id| string(id.as_str().as_bytes()));
        task.add(Word::Tasks, members);
    }
    if !record.failed.is_empty() {
        let mut codes = Table::with_capacity(record.failed.len());
        for (id, code) in &record.failed {
            codes.insert(id.as_str(), string(code.as_bytes()));
        }
        task.add(Word::Failed, codes.into_zval());
    }
    task.into_zval()
}

/// Prompts as a list; the fields of a panel by their names.
fn texts(texts: &[Text]) -> Zval {
    if !texts.iter().any(|text| text.name.is_some()) {
        return list(texts, |text| string(text.text.as_bytes()));
    }
    let mut fields = Table::with_capacity(texts.len());
    for text in texts {
        let name = text.name.as_deref().unwrap_or_default();
        fields.insert(name, string(text.text.as_bytes()));
    }
    fields.into_zval()
}

/// A picture; `url` is its address with the image domain. `file` is null while no archive keeps it.
fn image(image: &Image, url: Option<&String>) -> Zval {
    let mut picture = Table::with_capacity(7);
    picture.add(Word::Url, string(url.unwrap_or(&image.url).as_bytes()));
    picture.add(Word::Width, optional_number(image.width));
    picture.add(Word::Height, optional_number(image.height));
    picture.add(Word::Size, number(image.size));
    picture.add(
        Word::ContentType,
        optional_string(image.content_type.as_ref()),
    );
    picture.add(
        Word::ExpiresAt,
        optional_number(image.expires_at.map(|at| at.0)),
    );
    picture.add(Word::File, optional_string(image.file.as_ref()));
    picture.into_zval()
}

fn button(button: &TaskButton) -> Zval {
    let mut entry = Table::with_capacity(6);
    entry.add(Word::Action, optional_string(button.action.as_ref()));
    entry.add(Word::CustomId, string(button.custom_id.as_bytes()));
    entry.add(Word::Label, optional_string(button.label.as_ref()));
    entry.add(Word::Emoji, optional_string(button.emoji.as_ref()));
    entry.add(Word::Style, number(button.style.into()));
    if !button.choices.is_empty() {
        entry.add(Word::Choices, list(&button.choices, choice));
    }
    entry.into_zval()
}

fn choice(choice: &Choice) -> Zval {
    let mut entry = Table::with_capacity(3);
    entry.add(Word::Value, string(choice.value.as_bytes()));
    entry.add(Word::Label, string(choice.label.as_bytes()));
    entry.add(Word::Selected, truth(choice.selected));
    entry.into_zval()
}
