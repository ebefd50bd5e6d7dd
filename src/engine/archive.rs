//! `mj.archive`: finished pictures kept for good, in a directory or in a bucket of an S3-compatible service.
//!
//! A picture is always called the same, `YYYY/MM/<task id>.<extension>` by the month (UTC) of the task's submission,
//! with `-2`, `-3` … for a task's further ones: to keep one twice is to keep it once. What reaches the archive does not
//! go through `mj.proxy`, which is for Discord.

mod bucket;
pub(crate) mod directory;

use std::{path::PathBuf, time::Duration};

use mj_midjourney::{
    config::Archive,
    hub::Archived,
    task::{Image, TaskId},
};
use tokio::time::timeout;

use crate::{
    attachment::{self, AttachmentError, Attachments},
    beside::beside,
    http::Http,
};

/// How long one picture may take from Discord's CDN to its place.
const WHOLE: Duration = Duration::from_secs(300);

/// Keeps pictures of one hub.
#[derive(Debug)]
pub(crate) struct Archiver {
    archive: Archive,
    attachments: Attachments,
    /// To the archive itself, directly.
    http: Http,
}

impl Archiver {
    /// Makes one; opens nothing. `http` leads to a bucket.
    pub(crate) fn new(archive: Archive, attachments: Attachments, http: Http) -> Self {
        Self {
            archive,
            attachments,
            http,
        }
    }

    /// Keeps one picture. What went wrong is logged: the operator reads it, and the hub tries again.
    pub(crate) async fn keep(&self, task: TaskId, place: usize, image: &Image) -> Archived {
        let kept = timeout(WHOLE, self.try_keep(task, place, image)).await;
        kept.unwrap_or_else(|_| {
            tracing::warn!(%task, "a picture took too long to be archived");
            Archived::Failed
        })
    }

    async fn try_keep(&self, task: TaskId, place: usize, image: &Image) -> Archived {
        let name = file_name(task, place, image);
        if let Archive::Directory(root) = &self.archive {
            let path = directory::path(root, &name);
            let size = image.size;
            // Kept before, by an owner that died before it could say so.
            if let Ok(true) = beside({
                let path = path.clone();
                move || directory::holds(&path, size)
            })
            .await
            {
                return Archived::At(path.to_string_lossy().into_owned());
            }
        }
        let bytes = match self.attachments.bytes(image).await {
            Ok(bytes) => bytes,
            Err(AttachmentError::Gone) => {
                tracing::warn!(%task, "a picture cannot be archived: Discord has it no longer");
                return Archived::Gone;
            }
            Err(error) => {
                tracing::warn!(%task, %error, "a picture cannot be had for the archive");
                return Archived::Failed;
            }
        };
        match &self.archive {
            Archive::Directory(root) => into_directory(task, root.into(), name, bytes).await,
            Archive::S3 { .. } => {
                match bucket::put(&self.http, &self.archive, &name, image, bytes).await {
                    Ok(address) => Archived::At(address),
                    Err(error) => {
                        tracing::error!(%task, %error, "mj.archive: a picture could not be stored");
                        Archived::Failed
                    }
                }
            }
        }
    }
}

async fn into_directory(task: TaskId, root: PathBuf, name: String, bytes: Vec<u8>) -> Archived {
    let kept = beside(move || directory::write(&root, &name, &bytes)).await;
    match kept {
        Ok(Ok(path)) => Archived::At(path.to_string_lossy().into_owned()),
        Ok(Err(error)) => {
            tracing::error!(%task, %error, "mj.archive: a picture could not be written");
            Archived::Failed
        }
        Err(_) => Archived::Failed,
    }
}

/// The picture's name below the archive's root.
fn file_name(task: TaskId, place: usize, image: &Image) -> String {
    let (year, month) = month_of(task);
    let extension = attachment::extension(image);
    let number = if place == 0 {
        String::new()
    } else {
        format!("-{}", place + 1)
    };
    format!("{year:04}/{month:02}/{task}{number}.{extension}")
}

/// Year and month (UTC) in which a task was submitted, from its id: the first ten characters are milliseconds since
/// 1970 in Crockford's base 32, as in a ULID.
fn month_of(task: TaskId) -> (i64, i64) {
    const DIGITS: &[u8] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let ms = task.as_str().bytes().take(10).fold(0_i64, |ms, character| {
        let digit = DIGITS.iter().position(|digit| *digit == character);
        ms * 32 + i64::try_from(digit.unwrap_or_default()).unwrap_or_default()
    });
    // Days to a date of the Gregorian calendar, with years that begin in March, so that a leap day comes last: 400
    // years have 146,097 days, and 1970-01-01 is day 719,468 of them.
    let day = ms / 86_400_000 + 719_468;
    let (era, day_of_era) = (day / 146_097, day % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let month = (from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month)
}

#[cfg(test)]
#[path = "archive/tests.rs"]
mod tests;
