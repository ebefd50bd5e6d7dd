//! Midjourney's application commands as Discord registers them, and the index that lists them.

use serde_json::{Value, json};

use super::World;
use super::http::Response;
use super::message::Channel;
use super::people::{Caller, MIDJOURNEY, NIJI};
use crate::snowflake::Snowflake;

/// Option type of a sub-command.
pub(super) const SUBCOMMAND: u64 = 1;
/// Option type of a text.
pub(super) const TEXT: u64 = 3;
/// Option type of an uploaded file.
pub(super) const ATTACHMENT: u64 = 11;

/// A registered command: whose it is, its id and the version it has until a test changes it.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) application: Snowflake,
    pub(super) id: &'static str,
    version: &'static str,
    pub(super) form: &'static Form,
}

/// What a command is called and takes; the same at both bots.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) name: &'static str,
    description: &'static str,
    pub(super) parameters: &'static [Parameter],
}

/// One option of a command.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) kind: u64,
    pub(super) name: &'static str,
    pub(super) required: bool,
    /// Labels and values to choose from; empty for a free text.
    pub(super) choices: &'static [(&'static str, &'static str)],
}

const fn parameter(kind: u64, name: &'static str, required: bool) -> Parameter {
    Parameter {
        kind,
        name,
        required,
        choices: &[],
    }
}

const fn form(
    name: &'static str,
    description: &'static str,
    parameters: &'static [Parameter],
) -> Form {
    Form {
        name,
        description,
        parameters,
    }
}

const fn command(
    application: Snowflake,
    form: &'static Form,
    id: &'static str,
    version: &'static str,
) -> Command {
    Command {
        application,
        id,
        version,
        form,
    }
}

static BLEND: Form = form(
    "blend",
    "Blend images together seamlessly!",
    &[
        parameter(ATTACHMENT, "image1", true),
        parameter(ATTACHMENT, "image2", true),
        Parameter {
            choices: &[
                ("Portrait", "--ar 2:3"),
                ("Square", "--ar 1:1"),
                ("Landscape", "--ar 3:2"),
            ],
            ..parameter(TEXT, "dimensions", false)
        },
        parameter(ATTACHMENT, "image3", false),
        parameter(ATTACHMENT, "image4", false),
        parameter(ATTACHMENT, "image5", false),
    ],
);
static DESCRIBE: Form = form(
    "describe",
    "Writes a prompt based on your image.",
    &[
        parameter(ATTACHMENT, "image", false),
        parameter(TEXT, "link", false),
    ],
);
static FAST: Form = form("fast", "Switch to fast mode", &[]);
static IMAGINE: Form = form(
    "imagine",
    "Create images with Midjourney",
    &[parameter(TEXT, "prompt", true)],
);
static INFO: Form = form("info", "View information about your profile.", &[]);
static PREFER: Form = form(
    "prefer",
    "Change a preference",
    &[
        parameter(SUBCOMMAND, "remix", false),
        parameter(SUBCOMMAND, "variability", false),
    ],
);
static PRIVATE: Form = form("private", "Toggle stealth mode", &[]);
static PUBLIC: Form = form("public", "Switch to public mode", &[]);
static RELAX: Form = form("relax", "Switch to relax mode", &[]);
static SETTINGS: Form = form("settings", "View and adjust your personal settings.", &[]);
static SHORTEN: Form = form(
    "shorten",
    "Analyzes and shortens a prompt.",
    &[parameter(TEXT, "prompt", true)],
);
static SHOW: Form = form(
    "show",
    "Shows the job view based on job id.",
    &[parameter(TEXT, "job_id", true)],
);
static STEALTH: Form = form("stealth", "Switch to stealth mode", &[]);
static TURBO: Form = form("turbo", "Switch to turbo mode", &[]);

/// Ids and versions as public clients shipped them in 2025 and 2026. Nobody ships `/prefer`, `/stealth` and `/turbo`, nor
/// niji's `/private` and `/public`: those ids are made up, a client learns them from the index.
pub(super) static COMMANDS: &[Command] = &[
    command(
        MIDJOURNEY,
        &IMAGINE,
        "938956540159881230",
        "1237876415471554623",
    ),
    command(
        MIDJOURNEY,
        &BLEND,
        "1062880104792997970",
        "1237876415471554624",
    ),
    command(
        MIDJOURNEY,
        &DESCRIBE,
        "1092492867185950852",
        "1493662068505706617",
    ),
    command(
        MIDJOURNEY,
        &SHORTEN,
        "1121575372539039774",
        "1247736572414001223",
    ),
    command(
        MIDJOURNEY,
        &SHOW,
        "1169435442328911902",
        "1247736572414001224",
    ),
    command(
        MIDJOURNEY,
        &INFO,
        "972289487818334209",
        "1237876415735660565",
    ),
    command(
        MIDJOURNEY,
        &SETTINGS,
        "1000850743479255081",
        "1493662068581077053",
    ),
    command(
        MIDJOURNEY,
        &FAST,
        "972289487818334212",
        "1237876415735660572",
    ),
    command(
        MIDJOURNEY,
        &RELAX,
        "972289487818334213",
        "1237876415735660573",
    ),
    command(
        MIDJOURNEY,
        &PRIVATE,
        "972289487818334210",
        "1237876415735660570",
    ),
    command(
        MIDJOURNEY,
        &PUBLIC,
        "972289487818334211",
        "1237876415735660571",
    ),
    command(
        MIDJOURNEY,
        &STEALTH,
        "1116515420381986874",
        "1237876415735660574",
    ),
    command(
        MIDJOURNEY,
        &TURBO,
        "1124132684143271987",
        "1237876415735660575",
    ),
    command(
        MIDJOURNEY,
        &PREFER,
        "984273800587776053",
        "1237876415735660576",
    ),
    command(NIJI, &IMAGINE, "1023054140580057099", "1248805223892254774"),
    command(NIJI, &BLEND, "1061216934374424697", "1248805223892254775"),
    command(
        NIJI,
        &DESCRIBE,
        "1092683500743831652",
        "1248805223892254776",
    ),
    command(NIJI, &SHORTEN, "1121575453916942376", "1248805223892254777"),
    command(NIJI, &SHOW, "1023054140580057101", "1248805223892254781"),
    command(NIJI, &INFO, "1023054140580057102", "1248805223892254782"),
    command(
        NIJI,
        &SETTINGS,
        "1023054140634579025",
        "1493662157915684906",
    ),
    command(NIJI, &FAST, "1023054140580057107", "1248805223925940261"),
    command(NIJI, &RELAX, "1023054140634579024", "1248805223925940262"),
    command(NIJI, &PRIVATE, "1023054140580057104", "1248805223925940258"),
    command(NIJI, &PUBLIC, "1023054140580057105", "1248805223925940259"),
    command(NIJI, &TURBO, "1124132802024153089", "1248805223925940263"),
    command(NIJI, &PREFER, "1023054140580057103", "1248805223925940257"),
];

/// The command with these words in `data` of an interaction.
pub(super) fn find(application: Snowflake, id: &str, name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| {
        command.application == application && command.id == id && command.form.name == name
    })
}

/// A bot's command of this name.
pub(super) fn registered(application: Snowflake, name: &str) -> Option<&'static Command> {
    COMMANDS
        .iter()
        .find(|command| command.application == application && command.form.name == name)
}

impl World {
    /// The version Discord accepts for a command.
    pub(super) fn command_version(&self, command: &Command) -> String {
        let name = command.form.name;
        let changed = if command.application == NIJI {
            self.behaviour.command_versions.get(&format!("niji:{name}"))
        } else {
            self.behaviour.command_versions.get(name)
        };
        changed.map_or_else(|| command.version.to_owned(), Clone::clone)
    }

    fn command_json(&self, command: &Command) -> Value {
        let options: Vec<Value> = command.form.parameters.iter().map(parameter_json).collect();
        json!({
            "id": command.id, "application_id": command.application, "version": self.command_version(command), "type": 1,
            "name": command.form.name, "description": command.form.description, "options": options, "dm_permission": true,
            "contexts": [0, 1, 2], "integration_types": [0, 1], "global_popularity_rank": 1, "nsfw": false,
        })
    }

    /// `GET /users/@me/application-command-index`: what a user installed for itself, which is nothing here.
    pub(super) fn own_commands(&self, caller: Caller) -> Response {
        if caller.bot {
            return users_only();
        }
        let none =
            json!({"applications": [], "application_commands": [], "version": self.people.guild});
        Response::json(200, &none)
    }

    /// `GET …/application-command-index`: for user tokens only. In a guild other applications' commands come first, one
    /// of them with a name of ours, so that nobody gets away with taking the first; a direct channel knows its bot's.
    pub(super) fn command_index(&self, caller: Caller, channel: Option<Snowflake>) -> Response {
        if caller.bot {
            return users_only();
        }
        let direct = channel.and_then(|channel| self.people.direct(channel));
        let stranger = self.people.stranger;
        let mut applications = Vec::new();
        let mut commands = Vec::new();
        if direct.is_none() {
            applications.push((self.people.bot, "watcher"));
            commands.push(json!({
                "id": stranger, "application_id": self.people.bot, "version": stranger, "type": 1, "name": "imagine",
                "description": "Another application's command", "options": [],
            }));
        }
        for (id, name) in [(NIJI, "niji・journey Bot"), (MIDJOURNEY, "Midjourney Bot")] {
            let is_there = match direct {
                Some(direct) => direct.with == id,
                None => self.behaviour.midjourney_in_guild,
            };
            if is_there {
                applications.push((id, name));
                let own = COMMANDS.iter().filter(|command| command.application == id);
                commands.extend(own.map(|command| self.command_json(command)));
            }
        }
        let applications: Vec<Value> = applications
            .into_iter()
            .map(|(id, name)| json!({"id": id, "name": name, "icon": null, "description": "", "bot_id": id, "bot": self.people.user_json(id, Channel::Rest), "flags": "0"}))
            .collect();
        Response::json(
            200,
            &json!({
                "applications": applications, "application_commands": commands, "version": self.people.guild,
            }),
        )
    }
}

fn users_only() -> Response {
    Response::error(403, 20001, "Bots cannot use this endpoint")
}

fn parameter_json(parameter: &Parameter) -> Value {
    let mut object = json!({
        "type": parameter.kind, "name": parameter.name, "description": "…", "description_localized": "…",
        "name_localized": parameter.name,
    });
    if parameter.kind == SUBCOMMAND {
        object["options"] = json!([]);
        return object;
    }
    object["required"] = json!(parameter.required);
    if !parameter.choices.is_empty() {
        let choices = parameter.choices.iter();
        object["choices"] = choices
            .map(|(label, value)| json!({"name": label, "name_localized": label, "value": value}))
            .collect();
    }
    object
}
