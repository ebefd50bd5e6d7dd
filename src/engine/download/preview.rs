//! The half-done picture of a task at work. It is replaced again and again, with another address each time, so that the
//! one that was read last may be gone when it is fetched: then the task is read once more.

use std::path::PathBuf;

use mj_midjourney::{
    config::HubConfig,
    task::{Image, TaskView},
};

use super::{DownloadError, DownloadOptions, check, errand::Errand};
use crate::{error::EngineError, shared::Shared};

/// How many addresses of one task are tried in a call: a new one comes every few seconds.
const TRIES: usize = 3;

/// Saves the half-done picture of a task in `directory` as `<task id>-preview`; gives the file's name. Nothing is saved,
/// and nothing is wrong, where the task shows none: not yet, or because it has ended.
///
/// # Errors
/// [`DownloadError`]; [`DownloadError::Replaced`] where it is gone and the task has no other yet.
pub(crate) fn preview(
    shared: &Shared,
    config: HubConfig,
    read: &dyn Fn() -> Result<TaskView, EngineError>,
    directory: PathBuf,
    options: &DownloadOptions,
    interrupted: &mut dyn FnMut() -> bool,
) -> Result<Vec<String>, DownloadError> {
    check(&directory)?;
    let errand = Errand::new(shared, config, directory, options)?;
    newest(
        || Ok(half_done(&read()?)),
        |half| errand.save(vec![half], interrupted),
    )
}

/// The half-done picture, and what its file's name begins with; none of a task that has ended, whatever it showed once.
fn half_done(view: &TaskView) -> Option<(Image, String)> {
    let url = view
        .preview_url
        .as_deref()
        .filter(|_| !view.status.is_terminal())?;
    Some((Image::at(url), format!("{}-preview", view.id)))
}

/// Saves what is there, and what is there then where that was replaced meanwhile.
fn newest(
    mut read: impl FnMut() -> Result<Option<(Image, String)>, EngineError>,
    mut save: impl FnMut((Image, String)) -> Result<Vec<String>, DownloadError>,
) -> Result<Vec<String>, DownloadError> {
    let mut tried = String::new();
    for _ in 0..TRIES {
        let Some(half) = read()? else {
            return Ok(Vec::new());
        };
        if half.0.url == tried {
            break;
        }
        tried.clone_from(&half.0.url);
        match save(half) {
            Err(DownloadError::Replaced) => {}
            other => return other,
        }
    }
    Err(DownloadError::Replaced)
}

#[cfg(test)]
mod tests {
    use mj_discord::UnixMs;
    use mj_midjourney::task::{Action, Status, TaskId};

    use super::*;
    use crate::attachment::AttachmentError;

    /// What comes of addresses that a task shows one after the other, when only `there` can be fetched; and what was
    /// asked for.
    fn saved(shown: &[Option<&str>], there: &str) -> (Result<Vec<String>, String>, Vec<String>) {
        let mut shown = shown.iter();
        let mut asked = Vec::new();
        let outcome = newest(
            || {
                let url = shown.next().copied().flatten();
                Ok(url.map(|url| (Image::at(url), "X-preview".to_owned())))
            },
            |(image, stem)| {
                asked.push(image.url.clone());
                match image.url.as_str() {
                    url if url == there => Ok(vec![stem]),
                    "broken" => Err(AttachmentError::Status(500).into()),
                    _ => Err(DownloadError::Replaced),
                }
            },
        );
        (outcome.map_err(|error| error.to_string()), asked)
    }

    #[test]
    fn follows_a_task_that_goes_on() {
        let (outcome, asked) = saved(&[Some("a"), Some("b")], "b");
        assert_eq!(outcome.unwrap(), ["X-preview"]);
        assert_eq!(asked, ["a", "b"]);
    }

    #[test]
    fn nothing_is_saved_where_nothing_is_shown() {
        assert_eq!(saved(&[None], "a"), (Ok(Vec::new()), Vec::new()));
        let (outcome, asked) = saved(&[Some("a"), None], "b");
        assert_eq!(
            (outcome, asked),
            (Ok(Vec::new()), vec!["a".to_owned()]),
            "it ended meanwhile"
        );
    }

    #[test]
    fn gives_up_what_is_gone() {
        let (outcome, asked) = saved(&[Some("a"), Some("a"), Some("b")], "b");
        assert!(
            outcome
                .unwrap_err()
                .starts_with("the preview is there no longer")
        );
        assert_eq!(asked, ["a"], "the same address is not asked for twice");
        let (outcome, asked) = saved(&[Some("a"), Some("b"), Some("c"), Some("d")], "d");
        assert!(outcome.is_err());
        assert_eq!(asked, ["a", "b", "c"]);
    }

    #[test]
    fn other_trouble_is_told_at_once() {
        let (outcome, asked) = saved(&[Some("broken"), Some("b")], "b");
        assert_eq!(outcome.unwrap_err(), "the CDN answered with status 500");
        assert_eq!(asked, ["broken"]);
    }

    #[test]
    fn only_tasks_at_work_have_one() {
        let id: TaskId = "01JD0000000000000000000000".parse().unwrap();
        let mut view = TaskView::new(id, Action::Imagine, String::new(), UnixMs(1));
        for status in Status::ALL {
            view.status = status;
            view.preview_url = None;
            assert_eq!(half_done(&view), None);
            view.preview_url =
                Some("https://example.com/attachments/1/2/grid_0.webp?ex=1".to_owned());
            let (image, stem) = match half_done(&view) {
                Some(half) if !status.is_terminal() => half,
                None if status.is_terminal() => continue,
                other => panic!("{status:?}: {other:?}"),
            };
            assert_eq!(
                (image.filename.as_str(), stem),
                ("grid_0.webp", format!("{id}-preview"))
            );
        }
    }
}
