//! Interactions that we send: slash commands, presses and modals as bodies of `POST /interactions`, and the index that
//! says which version of a command Discord takes.

use std::collections::BTreeMap;

use mj_discord::{
    UnixMs,
    snowflake::{ApplicationId, ChannelId, GuildId, InteractionId, MessageId, Nonce, made_at},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::application::{Bot, CommandName};

/// A command as Discord registered it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CommandEntry {
    /// Whose it is.
    pub application_id: ApplicationId,
    /// The word after the slash.
    pub name: String,
    /// Its id, as a number.
    pub id: u64,
    /// Its version: a snowflake made when it was last registered.
    pub version: u64,
    /// Names and types of its options; empty where unknown.
    pub options: Vec<CommandParameter>,
}

/// An option that a command takes.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CommandParameter {
    /// Discord's option type: 1 sub-command, 3 string, 11 attachment.
    #[serde(rename = "type")]
    pub kind: u8,
    /// Its name.
    pub name: String,
    /// Whether it must be given.
    #[serde(default)]
    pub required: bool,
}

impl CommandEntry {
    /// When its version was made.
    pub fn made_at(&self) -> UnixMs {
        made_at(self.version)
    }
}

/// The commands of both bots as one guild's command index last told; empty before it was read.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct CommandIndex {
    /// When it was read; zero for first guesses.
    pub read_at: UnixMs,
    /// Entries, ordered by application and name.
    entries: Vec<CommandEntry>,
}

/// An answer of the command index that can not be used.
#[derive(Debug, thiserror::Error)]
pub enum CommandIndexError {
    /// Not the JSON that Discord documents.
    #[error("command index is not readable")]
    Unreadable(#[source] serde_json::Error),
    /// Neither bot has a command in it.
    #[error("no Midjourney command in the index: is the bot a member of the guild?")]
    NoMidjourney,
}

impl CommandIndex {
    /// Reads `GET /guilds/{id}/application-command-index` (or a channel's); commands of other applications, and other
    /// kinds than slash commands, are left out.
    ///
    /// # Errors
    /// When it is unreadable or has no command of Midjourney's.
    pub fn read(body: &str, read_at: UnixMs) -> Result<Self, CommandIndexError> {
        #[derive(Deserialize)]
        struct Answer {
            application_commands: Vec<Value>,
        }
        let answer: Answer = serde_json::from_str(body).map_err(CommandIndexError::Unreadable)?;
        let mut found = BTreeMap::new();
        for entry in answer.application_commands.iter().filter_map(entry) {
            if Bot::of(entry.application_id.0).is_some() {
                found.insert((entry.application_id, entry.name.clone()), entry);
            }
        }
        if found.is_empty() {
            return Err(CommandIndexError::NoMidjourney);
        }
        Ok(Self { read_at, entries: found.into_values().collect() })
    }

    /// The command to send: as read, else the first guess; None where neither is known.
    pub fn command(&self, bot: Bot, name: CommandName) -> Option<CommandEntry> {
        self.entry(bot, name.as_str()).cloned().or_else(|| {
            let known = name.known(bot)?;
            Some(CommandEntry {
                application_id: bot.application_id(),
                name: name.as_str().to_owned(),
                id: known.id,
                version: known.version,
                options: Vec::new(),
            })
        })
    }

    /// An entry as read, by application and name.
    pub fn entry(&self, bot: Bot, name: &str) -> Option<&CommandEntry> {
        let wanted = bot.application_id();
        self.entries.iter().find(|entry| entry.application_id == wanted && entry.name == name)
    }

    /// Whether nothing was read yet.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

fn entry(command: &Value) -> Option<CommandEntry> {
    let number = |name: &str| match command.get(name)? {
        Value::String(text) => text.parse::<u64>().ok(),
        other => other.as_u64(),
    };
    if command.get("type").and_then(Value::as_u64).is_some_and(|kind| kind != 1) {
        return None;
    }
    let options = command.get("options").and_then(Value::as_array);
    Some(CommandEntry {
        application_id: ApplicationId(number("application_id")?),
        name: command.get("name")?.as_str()?.to_owned(),
        id: number("id")?,
        version: number("version")?,
        options: options.into_iter().flatten().filter_map(|option| CommandParameter::deserialize(option).ok()).collect(),
    })
}

/// Where an interaction takes place, and by which session.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place<'p> {
    /// The bot that is asked.
    pub application_id: ApplicationId,
    /// None in a direct message; leaving it out elsewhere gives 10003 Unknown Channel.
    pub guild_id: Option<GuildId>,
    /// The channel.
    pub channel_id: ChannelId,
    /// The live session of the acting user, else the configured one: modals come to this session only.
    pub session_id: &'p str,
    /// Our mark for the answers.
    pub nonce: &'p Nonce,
}

/// A value for an option of a command.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Argument<'v> {
    /// A string option.
    Text(&'v str, &'v str),
    /// An attachment option: its name, and the number of the attachment, from 0.
    File(&'v str, usize),
    /// A sub-command without options.
    SubCommand(&'v str),
}

/// A file that was uploaded for a command.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Uploaded<'v> {
    /// Its name, as Midjourney will see it.
    pub filename: &'v str,
    /// What the upload slot called it (`upload_filename`).
    pub uploaded_filename: &'v str,
}

/// The body of a slash command (type 2).
pub fn command_body(place: &Place<'_>, command: &CommandEntry, arguments: &[Argument<'_>], files: &[Uploaded<'_>]) -> String {
    let options: Vec<Value> = arguments.iter().map(option).collect();
    let attachments: Vec<Value> = files
        .iter()
        .enumerate()
        .map(|(id, file)| {
            json!({ "id": id.to_string(), "filename": file.filename, "uploaded_filename": file.uploaded_filename })
        })
        .collect();
    let data = json!({
        "version": command.version.to_string(),
        "id": command.id.to_string(),
        "name": command.name,
        "type": 1,
        "options": options,
        "attachments": attachments,
    });
    body(place, 2, [("data", data)])
}

/// The body of `/imagine`.
pub fn imagine_body(place: &Place<'_>, command: &CommandEntry, prompt: &str) -> String {
    command_body(place, command, &[Argument::Text("prompt", prompt)], &[])
}

/// The body of `/blend`; `dimensions` is `--ar 2:3`, `--ar 1:1` or `--ar 3:2`.
pub fn blend_body(
    place: &Place<'_>,
    command: &CommandEntry,
    files: &[Uploaded<'_>],
    dimensions: Option<&str>,
) -> String {
    let names: Vec<String> = (1..=files.len()).map(|number| format!("image{number}")).collect();
    let images = names.iter().enumerate().map(|(at, name)| Argument::File(name, at));
    let arguments: Vec<_> = images.chain(dimensions.map(|value| Argument::Text("dimensions", value))).collect();
    command_body(place, command, &arguments, files)
}

/// What is pressed: a button, or a select with values.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pressed<'v> {
    /// The message that has it.
    pub message_id: MessageId,
    /// That message's `flags`: 64 for an ephemeral one.
    pub message_flags: u64,
    /// The live custom_id.
    pub custom_id: &'v str,
    /// A select's choice; empty for a button.
    pub values: &'v [String],
}

/// The body of a press (type 3).
pub fn press_body(place: &Place<'_>, pressed: &Pressed<'_>) -> String {
    let data = if pressed.values.is_empty() {
        json!({ "component_type": 2, "custom_id": pressed.custom_id })
    } else {
        json!({ "component_type": 3, "custom_id": pressed.custom_id, "type": 3, "values": pressed.values })
    };
    body(
        place,
        3,
        [
            ("message_flags", json!(pressed.message_flags)),
            ("message_id", json!(pressed.message_id)),
            ("data", data),
        ],
    )
}

/// A modal as `INTERACTION_MODAL_CREATE` showed it, with the text that goes into its first input.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ModalAnswer<'v> {
    /// The modal's own id, `d.id` of the event.
    pub id: InteractionId,
    /// The modal's custom_id, from the event.
    pub custom_id: &'v str,
    /// The custom_id of its text input, from the event.
    pub input_id: &'v str,
    /// What is written into it.
    pub value: &'v str,
}

/// The body of a submitted modal (type 5).
pub fn modal_body(place: &Place<'_>, modal: &ModalAnswer<'_>) -> String {
    let input = json!({ "type": 4, "custom_id": modal.input_id, "value": modal.value });
    let data = json!({
        "id": modal.id,
        "custom_id": modal.custom_id,
        "components": [{ "type": 1, "components": [input] }],
    });
    body(place, 5, [("data", data)])
}

fn option(argument: &Argument<'_>) -> Value {
    match argument {
        Argument::Text(name, value) => json!({ "type": 3, "name": name, "value": value }),
        Argument::File(name, number) => json!({ "type": 11, "name": name, "value": number }),
        Argument::SubCommand(name) => json!({ "type": 1, "name": name, "options": [] }),
    }
}

fn body<const N: usize>(place: &Place<'_>, kind: u8, more: [(&str, Value); N]) -> String {
    let mut body = json!({
        "type": kind,
        "application_id": place.application_id,
        "channel_id": place.channel_id,
        "session_id": place.session_id,
        "nonce": place.nonce,
    });
    if let Value::Object(fields) = &mut body {
        if let Some(guild_id) = place.guild_id {
            fields.insert("guild_id".to_owned(), json!(guild_id));
        }
        fields.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
    }
    body.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::{MIDJOURNEY, NIJI};

    const INDEX: &str = r#"{"applications":[],"application_commands":[
        {"id":"5","application_id":"77","version":"9","name":"imagine","type":1},
        {"id":"938956540159881230","application_id":"936929561302675456","version":"1500000000000000000","name":"imagine","type":1,
         "options":[{"type":3,"name":"prompt","required":true,"description":"x"}]},
        {"id":"6","application_id":"936929561302675456","version":"1","name":"imagine","type":3},
        {"id":"8","application_id":"1022952195194359889","version":"1500000000000000001","name":"imagine","type":1}]}"#;

    fn place(nonce: &Nonce) -> Place<'_> {
        Place { application_id: MIDJOURNEY, guild_id: Some(GuildId(2)), channel_id: ChannelId(3), session_id: "s", nonce }
    }

    fn parsed(body: &str) -> Value {
        serde_json::from_str(body).unwrap()
    }

    #[test]
    fn finds_commands_by_application_and_name() {
        let index = CommandIndex::read(INDEX, UnixMs(5)).unwrap();
        let imagine = index.command(Bot::Midjourney, CommandName::Imagine).unwrap();
        assert_eq!((imagine.id, imagine.version), (938_956_540_159_881_230, 1_500_000_000_000_000_000));
        assert_eq!(imagine.options[0].name, "prompt");
        assert_eq!(imagine.made_at().0 / 1000, 1_777_699_184);
        assert_eq!(index.command(Bot::Niji, CommandName::Imagine).unwrap().application_id, NIJI);
        let guess = index.command(Bot::Midjourney, CommandName::Info).unwrap();
        assert_eq!(guess.version, 1_237_876_415_735_660_565);
        assert_eq!(index.command(Bot::Midjourney, CommandName::Turbo), None);
        let stored = serde_json::to_string(&index).unwrap();
        assert_eq!(serde_json::from_str::<CommandIndex>(&stored).unwrap(), index);
    }

    #[test]
    fn an_index_without_midjourney_is_an_error() {
        let empty = CommandIndex::read(r#"{"application_commands":[]}"#, UnixMs(0));
        assert!(matches!(empty, Err(CommandIndexError::NoMidjourney)));
        assert!(matches!(CommandIndex::read("<html>", UnixMs(0)), Err(CommandIndexError::Unreadable(_))));
        assert!(CommandIndex::default().command(Bot::Midjourney, CommandName::Imagine).is_some());
    }

    #[test]
    fn writes_an_imagine_as_discord_takes_it() {
        let nonce = Nonce::new("9");
        let command = CommandIndex::default().command(Bot::Midjourney, CommandName::Imagine).unwrap();
        let body = parsed(&imagine_body(&place(&nonce), &command, "a \"fox\" --ar 1:1"));
        assert_eq!(
            body,
            json!({"type":2,"application_id":"936929561302675456","guild_id":"2","channel_id":"3","session_id":"s","nonce":"9",
                "data":{"version":"1237876415471554623","id":"938956540159881230","name":"imagine","type":1,
                    "options":[{"type":3,"name":"prompt","value":"a \"fox\" --ar 1:1"}],"attachments":[]}})
        );
        let direct = Place { guild_id: None, ..place(&nonce) };
        assert_eq!(parsed(&imagine_body(&direct, &command, "x")).get("guild_id"), None);
    }

    #[test]
    fn writes_blends_with_numbered_files() {
        let nonce = Nonce::new("9");
        let command = CommandIndex::default().command(Bot::Midjourney, CommandName::Blend).unwrap();
        let file = |uploaded_filename| Uploaded { filename: "a.png", uploaded_filename };
        let body = parsed(&blend_body(&place(&nonce), &command, &[file("u/1"), file("u/2")], Some("--ar 1:1")));
        assert_eq!(
            body["data"]["options"],
            json!([{"type":11,"name":"image1","value":0},{"type":11,"name":"image2","value":1},
                {"type":3,"name":"dimensions","value":"--ar 1:1"}])
        );
        assert_eq!(body["data"]["attachments"][1], json!({"id":"1","filename":"a.png","uploaded_filename":"u/2"}));
    }

    #[test]
    fn writes_presses_and_modals() {
        let nonce = Nonce::new("9");
        let pressed = Pressed { message_id: MessageId(4), message_flags: 64, custom_id: "MJ::X", values: &[] };
        let body = parsed(&press_body(&place(&nonce), &pressed));
        assert_eq!(body["data"], json!({"component_type":2,"custom_id":"MJ::X"}));
        assert_eq!((&body["type"], &body["message_id"], &body["message_flags"]), (&json!(3), &json!("4"), &json!(64)));
        let values = ["v7".to_owned()];
        let select = Pressed { values: &values, ..pressed };
        assert_eq!(parsed(&press_body(&place(&nonce), &select))["data"]["values"], json!(["v7"]));
        let modal = ModalAnswer { id: InteractionId(5), custom_id: "MJ::M", input_id: "MJ::M::p", value: "cat" };
        assert_eq!(
            parsed(&modal_body(&place(&nonce), &modal))["data"],
            json!({"id":"5","custom_id":"MJ::M","components":[{"type":1,"components":[{"type":4,"custom_id":"MJ::M::p","value":"cat"}]}]})
        );
    }
}
