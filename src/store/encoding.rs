//! How a task lies in its row: one byte that names the form, then `view` in postcard and `work` in JSON.
//!
//! A view is decoded by every poll, so it has no field names: with ten buttons it decodes in a third of the time of
//! JSON. Work is read by owners only and changes often: in JSON a new field with a default needs no new form. A new
//! field of a view goes behind the ones of [`ViewRow`] as a further value, which older rows lack.

use mj_discord::{UnixMs, snowflake::MessageId};
use mj_midjourney::{
    refusal::FailCode,
    store::StoreError,
    task::{Action, Choice, Image, Mode, Stage, Status, TaskButton, TaskId, TaskView, Text, Work},
};
use serde::{Deserialize, Serialize};

/// The form of both columns.
const FORM: u8 = 1;

const MODES: [Mode; 3] = [Mode::Fast, Mode::Relax, Mode::Turbo];

#[derive(Deserialize, Serialize)]
struct ViewRow<'a> {
    id: &'a str,
    revision: u64,
    action: u8,
    status: u8,
    progress: u8,
    prompt: &'a str,
    final_prompt: Option<&'a str>,
    parent_id: Option<&'a str>,
    group_id: Option<&'a str>,
    account: Option<&'a str>,
    mode: Option<u8>,
    preview_url: Option<&'a str>,
    #[serde(borrow)]
    images: Vec<ImageRow<'a>>,
    #[serde(borrow)]
    buttons: Vec<ButtonRow<'a>>,
    fail_code: Option<&'a str>,
    fail_reason: Option<&'a str>,
    retryable: bool,
    late: bool,
    message_id: Option<u64>,
    job_id: Option<&'a str>,
    seed: Option<u32>,
    state: Option<&'a str>,
    created_at: u64,
    submitted_at: Option<u64>,
    started_at: Option<u64>,
    finished_at: Option<u64>,
}

/// What later versions added, behind a row that has any of it.
#[derive(Default, Deserialize, PartialEq, Serialize)]
struct LaterRow<'a> {
    stage: Option<u8>,
    estimated_at: Option<u64>,
    #[serde(borrow)]
    texts: Vec<(Option<&'a str>, &'a str)>,
    #[serde(borrow)]
    notes: Vec<&'a str>,
    /// For each picture that has one, its place and where the archive keeps it.
    #[serde(borrow)]
    files: Vec<(u8, &'a str)>,
    /// For each button that is a menu, its place and what it offers.
    #[serde(borrow)]
    choices: Vec<(u8, Vec<ChoiceRow<'a>>)>,
    not_before: Option<u64>,
}

/// What a menu offers: value, words, whether it holds.
type ChoiceRow<'a> = (&'a str, &'a str, bool);

#[derive(Deserialize, Serialize)]
struct ImageRow<'a> {
    url: &'a str,
    width: Option<u32>,
    height: Option<u32>,
    size: u64,
    content_type: Option<&'a str>,
    expires_at: Option<u64>,
    filename: &'a str,
}

#[derive(Deserialize, Serialize)]
struct ButtonRow<'a> {
    action: Option<&'a str>,
    custom_id: &'a str,
    label: Option<&'a str>,
    emoji: Option<&'a str>,
    style: u8,
}

/// Writes what PHP sees.
pub(crate) fn write_view(view: &TaskView) -> Result<Vec<u8>, StoreError> {
    let column =
        postcard::to_extend(&ViewRow::from(view), vec![FORM]).map_err(|_| unwritable("a view"))?;
    let later = LaterRow::from(view);
    if later == LaterRow::default() {
        return Ok(column);
    }
    postcard::to_extend(&later, column).map_err(|_| unwritable("a view"))
}

/// Reads what PHP sees.
pub(crate) fn read_view(column: &[u8]) -> Result<TaskView, StoreError> {
    let view = match column.split_first() {
        Some((&FORM, row)) => read_row(row),
        _ => None,
    };
    view.ok_or_else(|| unreadable("a view"))
}

fn read_row(row: &[u8]) -> Option<TaskView> {
    let (first, rest) = postcard::take_from_bytes::<ViewRow<'_>>(row).ok()?;
    let mut view = first.read()?;
    if !rest.is_empty() {
        postcard::from_bytes::<LaterRow<'_>>(rest)
            .ok()?
            .complete(&mut view)?;
    }
    Some(view)
}

/// Writes what the owner remembers.
pub(crate) fn write_work(work: &Work) -> Result<Vec<u8>, StoreError> {
    let mut column = vec![FORM];
    serde_json::to_writer(&mut column, work).map_err(|_| unwritable("the work of a task"))?;
    Ok(column)
}

/// Reads what the owner remembers.
pub(crate) fn read_work(column: &[u8]) -> Result<Work, StoreError> {
    let work = match column.split_first() {
        Some((&FORM, json)) => serde_json::from_slice(json).ok(),
        _ => None,
    };
    work.ok_or_else(|| unreadable("the work of a task"))
}

/// Writes a smaller thing as JSON.
pub(crate) fn write_json(what: &'static str, value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|_| unwritable(what))
}

/// Reads a smaller thing from JSON. The parser's own words would quote what is stored, tokens too.
pub(crate) fn read_json<'a, T: Deserialize<'a>>(
    what: &'static str,
    json: &'a str,
) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|_| unreadable(what))
}

/// What a row says that can not be read.
pub(crate) fn unreadable(what: &str) -> StoreError {
    StoreError::Damaged(format!("{what} can not be decoded"))
}

fn unwritable(what: &str) -> StoreError {
    StoreError::Damaged(format!("{what} can not be encoded"))
}

impl<'a> From<&'a TaskView> for ViewRow<'a> {
    fn from(view: &'a TaskView) -> Self {
        // Named one by one, so that a new field can not be forgotten here.
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
            preview_url,
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
            stage: _,
            estimated_at: _,
            texts: _,
            notes: _,
            not_before: _,
        } = view;
        Self {
            id: id.as_str(),
            revision: *revision,
            action: number_of(&Action::ALL, action),
            status: *status as u8,
            progress: *progress,
            prompt,
            final_prompt: final_prompt.as_deref(),
            parent_id: parent_id.as_ref().map(TaskId::as_str),
            group_id: group_id.as_ref().map(TaskId::as_str),
            account: account.as_deref(),
            mode: mode.as_ref().map(|mode| number_of(&MODES, mode)),
            preview_url: preview_url.as_deref(),
            images: images.iter().map(ImageRow::from).collect(),
            buttons: buttons.iter().map(ButtonRow::from).collect(),
            fail_code: fail_code.map(FailCode::as_str),
            fail_reason: fail_reason.as_deref(),
            retryable: *retryable,
            late: *late,
            message_id: message_id.map(|id| id.0),
            job_id: job_id.as_deref(),
            seed: *seed,
            state: state.as_deref(),
            created_at: created_at.0,
            submitted_at: submitted_at.map(|at| at.0),
            started_at: started_at.map(|at| at.0),
            finished_at: finished_at.map(|at| at.0),
        }
    }
}

impl ViewRow<'_> {
    fn read(self) -> Option<TaskView> {
        Some(TaskView {
            id: self.id.parse().ok()?,
            revision: self.revision,
            action: *Action::ALL.get(usize::from(self.action))?,
            status: *Status::ALL.get(usize::from(self.status))?,
            progress: self.progress,
            prompt: self.prompt.to_owned(),
            final_prompt: owned(self.final_prompt),
            parent_id: self.parent_id.map(str::parse).transpose().ok()?,
            group_id: self.group_id.map(str::parse).transpose().ok()?,
            account: owned(self.account),
            mode: match self.mode {
                Some(mode) => Some(*MODES.get(usize::from(mode))?),
                None => None,
            },
            preview_url: owned(self.preview_url),
            images: self.images.into_iter().map(Image::from).collect(),
            buttons: self.buttons.into_iter().map(TaskButton::from).collect(),
            fail_code: match self.fail_code {
                Some(code) => Some(FailCode::read(code)?),
                None => None,
            },
            fail_reason: owned(self.fail_reason),
            retryable: self.retryable,
            late: self.late,
            message_id: self.message_id.map(MessageId),
            job_id: owned(self.job_id),
            seed: self.seed,
            state: owned(self.state),
            created_at: UnixMs(self.created_at),
            submitted_at: self.submitted_at.map(UnixMs),
            started_at: self.started_at.map(UnixMs),
            finished_at: self.finished_at.map(UnixMs),
            stage: None,
            estimated_at: None,
            texts: Vec::new(),
            notes: Vec::new(),
            not_before: None,
        })
    }
}

impl<'a> From<&'a TaskView> for LaterRow<'a> {
    fn from(view: &'a TaskView) -> Self {
        let places = 0_u8..=u8::MAX;
        Self {
            stage: view
                .stage
                .as_ref()
                .map(|stage| number_of(&Stage::ALL, stage)),
            estimated_at: view.estimated_at.map(|at| at.0),
            texts: view
                .texts
                .iter()
                .map(|text| (text.name.as_deref(), text.text.as_str()))
                .collect(),
            notes: view.notes.iter().map(String::as_str).collect(),
            not_before: view.not_before.map(|at| at.0),
            files: places
                .clone()
                .zip(&view.images)
                .filter_map(|(place, image)| Some((place, image.file.as_deref()?)))
                .collect(),
            choices: places
                .zip(&view.buttons)
                .filter(|(_, button)| !button.choices.is_empty())
                .map(|(place, button)| (place, button.choices.iter().map(choice_row).collect()))
                .collect(),
        }
    }
}

impl LaterRow<'_> {
    fn complete(self, view: &mut TaskView) -> Option<()> {
        view.stage = match self.stage {
            Some(stage) => Some(*Stage::ALL.get(usize::from(stage))?),
            None => None,
        };
        view.estimated_at = self.estimated_at.map(UnixMs);
        view.not_before = self.not_before.map(UnixMs);
        view.texts = self
            .texts
            .into_iter()
            .map(|(name, text)| Text {
                name: owned(name),
                text: text.to_owned(),
            })
            .collect();
        view.notes = self.notes.into_iter().map(str::to_owned).collect();
        for (place, file) in self.files {
            view.images.get_mut(usize::from(place))?.file = Some(file.to_owned());
        }
        for (place, choices) in self.choices {
            view.buttons.get_mut(usize::from(place))?.choices = choices
                .into_iter()
                .map(|(value, label, selected)| Choice {
                    value: value.to_owned(),
                    label: label.to_owned(),
                    selected,
                })
                .collect();
        }
        Some(())
    }
}

fn choice_row(choice: &Choice) -> ChoiceRow<'_> {
    (&choice.value, &choice.label, choice.selected)
}

impl<'a> From<&'a Image> for ImageRow<'a> {
    fn from(image: &'a Image) -> Self {
        let Image {
            url,
            width,
            height,
            size,
            content_type,
            expires_at,
            filename,
            file: _,
        } = image;
        Self {
            url,
            width: *width,
            height: *height,
            size: *size,
            content_type: content_type.as_deref(),
            expires_at: expires_at.map(|at| at.0),
            filename,
        }
    }
}

impl From<ImageRow<'_>> for Image {
    fn from(row: ImageRow<'_>) -> Self {
        Self {
            url: row.url.to_owned(),
            width: row.width,
            height: row.height,
            size: row.size,
            content_type: owned(row.content_type),
            expires_at: row.expires_at.map(UnixMs),
            filename: row.filename.to_owned(),
            file: None,
        }
    }
}

impl<'a> From<&'a TaskButton> for ButtonRow<'a> {
    fn from(button: &'a TaskButton) -> Self {
        let TaskButton {
            action,
            custom_id,
            label,
            emoji,
            style,
            choices: _,
        } = button;
        Self {
            action: action.as_deref(),
            custom_id,
            label: label.as_deref(),
            emoji: emoji.as_deref(),
            style: *style,
        }
    }
}

impl From<ButtonRow<'_>> for TaskButton {
    fn from(row: ButtonRow<'_>) -> Self {
        Self {
            action: owned(row.action),
            custom_id: row.custom_id.to_owned(),
            label: owned(row.label),
            emoji: owned(row.emoji),
            style: row.style,
            choices: Vec::new(),
        }
    }
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

/// A value's place in its table; the tables hold all values, so the last number is never seen.
fn number_of<T: PartialEq>(all: &[T], value: &T) -> u8 {
    all.iter()
        .position(|other| other == value)
        .and_then(|place| u8::try_from(place).ok())
        .unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use mj_midjourney::conformance::{full_task, task};

    use super::*;

    #[test]
    fn gives_back_what_was_written() {
        for task in [full_task(1), task(2)] {
            assert_eq!(
                read_view(&write_view(&task.view).unwrap()).unwrap(),
                task.view
            );
            assert_eq!(
                read_work(&write_work(&task.work).unwrap()).unwrap(),
                task.work
            );
        }
    }

    #[test]
    fn every_action_and_mode_has_a_number() {
        for (number, action) in Action::ALL.iter().enumerate() {
            assert_eq!(usize::from(number_of(&Action::ALL, action)), number);
        }
        for status in Status::ALL {
            assert_eq!(Status::ALL[status as usize], status);
        }
    }

    #[test]
    fn a_row_of_another_form_is_damage_and_quotes_nothing() {
        let mut column = write_view(&full_task(1).view).unwrap();
        column[0] = 2;
        assert!(matches!(read_view(&column), Err(StoreError::Damaged(_))));
        let cut = &write_view(&full_task(1).view).unwrap()[..40];
        assert_eq!(
            read_view(cut).unwrap_err().to_string(),
            "the store is damaged: a view can not be decoded"
        );
        assert!(read_view(&[]).is_err());
        assert!(read_work(b"\x01{").is_err());
    }
}
