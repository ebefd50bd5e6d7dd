//! Midjourney's application commands as Discord registers them, and the index that lists them.

use serde_json::{Value, json};

use super::World;
use super::http::Response;
use super::people::{Caller, MIDJOURNEY};

/// A registered command: name, id and the version it has until a test changes it.
pub(super) struct Command {
    pub(super) name: &'static str,
    pub(super) id: &'static str,
    version: &'static str,
    description: &'static str,
    /// Required options: type and name.
    pub(super) options: &'static [(u64, &'static str)],
}

/// Ids and versions as public clients shipped them in 2025 and 2026.
pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "imagine",
        id: "938956540159881230",
        version: "1237876415471554623",
        description: "Create images with Midjourney",
        options: &[(3, "prompt")],
    },
    Command {
        name: "blend",
        id: "1062880104792997970",
        version: "1237876415471554624",
        description: "Blend images together seamlessly!",
        options: &[(11, "image1"), (11, "image2")],
    },
    Command {
        name: "describe",
        id: "1092492867185950852",
        version: "1493662068505706617",
        description: "Writes a prompt based on your image.",
        options: &[],
    },
    Command {
        name: "shorten",
        id: "1121575372539039774",
        version: "1247736572414001223",
        description: "Analyzes and shortens a prompt.",
        options: &[(3, "prompt")],
    },
    Command {
        name: "show",
        id: "1169435442328911902",
        version: "1247736572414001224",
        description: "Shows the job view based on job id.",
        options: &[(3, "job_id")],
    },
    Command {
        name: "info",
        id: "972289487818334209",
        version: "1237876415735660565",
        description: "View information about your profile.",
        options: &[],
    },
    Command {
        name: "settings",
        id: "1000850743479255081",
        version: "1493662068581077053",
        description: "View and adjust your personal settings.",
        options: &[],
    },
    Command {
        name: "fast",
        id: "972289487818334212",
        version: "1237876415735660572",
        description: "Switch to fast mode",
        options: &[],
    },
    Command {
        name: "relax",
        id: "972289487818334213",
        version: "1237876415735660573",
        description: "Switch to relax mode",
        options: &[],
    },
];

impl World {
    /// The version Discord accepts for a command.
    pub(super) fn command_version(&self, command: &Command) -> String {
        let changed = self.behaviour.command_versions.get(command.name);
        changed.map_or_else(|| command.version.to_owned(), Clone::clone)
    }

    fn command_json(&self, command: &Command) -> Value {
        let options: Vec<Value> = command
            .options
            .iter()
            .map(|(kind, name)| json!({"type": kind, "name": name, "description": "…", "required": true, "description_localized": "…", "name_localized": name}))
            .collect();
        json!({
            "id": command.id, "application_id": MIDJOURNEY, "version": self.command_version(command), "type": 1,
            "name": command.name, "description": command.description, "options": options, "dm_permission": true,
            "contexts": [0, 1, 2], "integration_types": [0, 1], "global_popularity_rank": 1, "nsfw": false,
        })
    }

    /// `GET …/application-command-index`: for user tokens only. Other applications' commands come first, one of them
    /// with a name of ours, so that nobody gets away with taking the first.
    pub(super) fn command_index(&self, caller: Caller) -> Response {
        if caller.bot {
            return Response::error(403, 20001, "Bots cannot use this endpoint");
        }
        let stranger = self.people.stranger;
        let mut commands = vec![json!({
            "id": stranger, "application_id": self.people.bot, "version": stranger, "type": 1, "name": "imagine",
            "description": "Another application's command", "options": [],
        })];
        commands.extend(COMMANDS.iter().map(|command| self.command_json(command)));
        let application = |id, name: &str| json!({"id": id, "name": name, "icon": null, "description": "", "bot": self.people.user_json(id, super::message::Channel::Rest), "flags": 0});
        Response::json(
            200,
            &json!({
                "applications": [application(self.people.bot, "watcher"), application(MIDJOURNEY, "Midjourney Bot")],
                "application_commands": commands,
                "version": self.people.guild,
            }),
        )
    }
}
