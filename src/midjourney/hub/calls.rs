//! The slash command that a task uses, filled in. What its pictures need before is in `pictures`, what its answer
//! means in `answers`.

use std::time::Duration;

use mj_discord::rest::{Interactor, Request, UploadedFile};

use super::{Hub, finish::Ending};
use crate::{
    application::{Bot, CommandName},
    command::Command,
    refusal::{Detail, FailCode},
    task::{Call, Picture, PictureSource, Task, TaskId},
};

/// How long an index is believed that lacks a command: it may be registered anew at any time.
const FRESH: Duration = Duration::from_secs(60);

impl Hub {
    /// The command of a task that presses nothing; none when it is not known under which id and version it is sent.
    pub(super) fn call(&self, task: &Task, bot: Bot, by: Interactor<'_>) -> Option<Request> {
        let command = self.command(bot, command_of(&task.work.call))?;
        fill_in(&command, task, by)
    }

    /// A command as the guild has it, under its other name too, else as it was known at release.
    fn command(&self, bot: Bot, name: CommandName) -> Option<Command> {
        const RENAMED: [CommandName; 2] = [CommandName::Private, CommandName::Stealth];
        let others = RENAMED.iter().filter(|_| RENAMED.contains(&name));
        std::iter::once(&name)
            .chain(others)
            .find_map(|name| self.commands.entry(bot, name.as_str()))
            .cloned()
            .or_else(|| self.commands.command(bot, name))
    }

    /// A task's command is not known: the index is read, unless it was just now; without it the task fails.
    pub(super) fn command_unknown(&mut self, id: TaskId) {
        let is_fresh =
            !self.commands.is_empty() && self.commands.read_at.plus(FRESH) > self.discord_time();
        let Some(item) = self.tasks.get_mut(&id) else {
            self.queue.remove(id);
            return;
        };
        if std::mem::replace(&mut item.was_outdated, true) || is_fresh {
            let name = command_of(&item.task.work.call);
            let reason = self.words(Detail::NoCommand(name));
            self.finish_failed(
                id,
                FailCode::CommandOutdated,
                Some(reason),
                Ending::NeverSent,
            );
            return;
        }
        self.queue.remove(id);
        self.await_commands(id);
    }
}

fn command_of(call: &Call) -> CommandName {
    match call {
        Call::Blend { .. } => CommandName::Blend,
        Call::Describe => CommandName::Describe,
        Call::Imagine => CommandName::Imagine,
        Call::Plain { name, .. } => *name,
        Call::Seed { .. } | Call::Show { .. } => CommandName::Show,
        Call::Shorten => CommandName::Shorten,
    }
}

/// None when something is missing that the command takes.
fn fill_in(command: &Command, task: &Task, by: Interactor<'_>) -> Option<Request> {
    let pictures = &task.work.pictures;
    Some(match &task.work.call {
        Call::Blend { dimensions } => {
            let files: Vec<UploadedFile<'_>> =
                pictures.iter().map(uploaded).collect::<Option<_>>()?;
            command.with_images(by, &files, dimensions.as_deref())
        }
        Call::Describe => {
            let picture = pictures.first()?;
            match uploaded(picture) {
                Some(file) => command.with_image(by, file),
                None => command.with_link(by, picture.address()?),
            }
        }
        Call::Imagine | Call::Shorten => command.with_prompt(by, &task.whole_prompt()),
        Call::Plain {
            subcommand: Some(subcommand),
            ..
        } => command.with_subcommand(by, subcommand),
        Call::Plain {
            subcommand: None, ..
        } => command.plain(by),
        Call::Seed { job_id } | Call::Show { job_id } => command.with_job_id(by, job_id),
    })
}

fn uploaded(picture: &Picture) -> Option<UploadedFile<'_>> {
    let PictureSource::Stored(file) = &picture.source else {
        return None;
    };
    Some(UploadedFile {
        filename: &file.name,
        uploaded_filename: picture.uploaded_filename.as_deref()?,
    })
}
