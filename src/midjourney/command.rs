//! Slash commands as Midjourney has them: which version Discord takes, and what is filled in.

use std::collections::BTreeMap;

use mj_discord::{
    Request, UnixMs,
    rest::{CommandCall, CommandOption, Interactor, OptionValue, UploadedFile},
    snowflake::{ApplicationId, CommandId, CommandVersion},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::application::{Bot, CommandName};

/// A command as Discord registered it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Command {
    /// Whose it is.
    pub application_id: ApplicationId,
    /// The word after the slash.
    pub name: String,
    /// Its id.
    pub id: CommandId,
    /// Its version: made when it was last registered; an old one is refused.
    pub version: CommandVersion,
    /// What it takes; empty where unknown.
    pub parameters: Vec<CommandParameter>,
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

impl Command {
    /// Whether it is known to take an option of this name.
    pub fn takes(&self, name: &str) -> bool {
        self.parameters
            .iter()
            .any(|parameter| parameter.name == name)
    }

    /// Its use with these options and files, as a request.
    ///
    /// `by.application` is replaced by the command's own.
    pub fn call(
        &self,
        by: Interactor<'_>,
        options: &[CommandOption<'_>],
        files: &[UploadedFile<'_>],
    ) -> Request {
        let by = Interactor {
            application: self.application_id,
            ..by
        };
        Request::command(
            by,
            CommandCall {
                id: self.id,
                version: self.version,
                name: &self.name,
                options,
                files,
            },
        )
    }

    /// `/imagine` and `/shorten`.
    pub fn with_prompt(&self, by: Interactor<'_>, prompt: &str) -> Request {
        self.call(by, &[text("prompt", prompt)], &[])
    }

    /// `/describe` by address.
    pub fn with_link(&self, by: Interactor<'_>, url: &str) -> Request {
        self.call(by, &[text("link", url)], &[])
    }

    /// `/describe` of an uploaded picture.
    pub fn with_image(&self, by: Interactor<'_>, image: UploadedFile<'_>) -> Request {
        self.call(
            by,
            &[CommandOption {
                name: "image",
                value: OptionValue::Attachment(0),
            }],
            &[image],
        )
    }

    /// `/show` of a finished job.
    pub fn with_job_id(&self, by: Interactor<'_>, job_id: &str) -> Request {
        self.call(by, &[text("job_id", job_id)], &[])
    }

    /// `/blend` of two to five uploaded pictures; `dimensions` is `--ar 2:3`, `--ar 1:1` or `--ar 3:2`.
    pub fn with_images(
        &self,
        by: Interactor<'_>,
        images: &[UploadedFile<'_>],
        dimensions: Option<&str>,
    ) -> Request {
        const NAMES: [&str; 5] = ["image1", "image2", "image3", "image4", "image5"];
        let numbered = NAMES.iter().take(images.len()).enumerate();
        let options: Vec<_> = numbered
            .map(|(at, name)| CommandOption {
                name,
                value: OptionValue::Attachment(at),
            })
            .chain(dimensions.map(|value| text("dimensions", value)))
            .collect();
        self.call(by, &options, &images[..images.len().min(NAMES.len())])
    }

    /// A command without options: `/info`, `/settings`, `/fast`, `/relax`, `/turbo`, `/private`, `/public`.
    pub fn plain(&self, by: Interactor<'_>) -> Request {
        self.call(by, &[], &[])
    }

    /// A sub-command without options, as in `/prefer remix`.
    pub fn with_subcommand(&self, by: Interactor<'_>, name: &str) -> Request {
        self.call(
            by,
            &[CommandOption {
                name,
                value: OptionValue::Subcommand(Vec::new()),
            }],
            &[],
        )
    }
}

fn text<'v>(name: &'v str, value: &'v str) -> CommandOption<'v> {
    CommandOption {
        name,
        value: OptionValue::Text(value),
    }
}

/// The commands of both bots as one guild's command index last told; empty before it was read.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct CommandIndex {
    /// When it was read; zero before.
    pub read_at: UnixMs,
    /// Ordered by application and name.
    commands: Vec<Command>,
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
    /// Reads `GET /guilds/{id}/application-command-index` (or a channel's). Commands of other applications, and user
    /// or message commands, are left out.
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
        for command in answer.application_commands.iter().filter_map(command) {
            if Bot::of(command.application_id.0).is_some() {
                found.insert((command.application_id, command.name.clone()), command);
            }
        }
        if found.is_empty() {
            return Err(CommandIndexError::NoMidjourney);
        }
        Ok(Self {
            read_at,
            commands: found.into_values().collect(),
        })
    }

    /// The command to send: as read, else the first guess; None where neither is known.
    pub fn command(&self, bot: Bot, name: CommandName) -> Option<Command> {
        self.entry(bot, name.as_str()).cloned().or_else(|| {
            let known = name.known(bot)?;
            Some(Command {
                application_id: bot.application_id(),
                name: name.as_str().to_owned(),
                id: CommandId(known.id),
                version: CommandVersion(known.version),
                parameters: Vec::new(),
            })
        })
    }

    /// A command as read, by application and name.
    pub fn entry(&self, bot: Bot, name: &str) -> Option<&Command> {
        let wanted = bot.application_id();
        self.commands
            .iter()
            .find(|command| command.application_id == wanted && command.name == name)
    }

    /// Whether nothing was read yet.
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }
}

fn command(value: &Value) -> Option<Command> {
    /// Discord's type of a slash command; an index may leave it out.
    const SLASH_COMMAND: u64 = 1;
    let number = |name: &str| {
        let value = value.get(name)?;
        value
            .as_str()
            .map_or_else(|| value.as_u64(), |text| text.parse().ok())
    };
    if value
        .get("type")
        .and_then(Value::as_u64)
        .is_some_and(|kind| kind != SLASH_COMMAND)
    {
        return None;
    }
    let options = value
        .get("options")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    // Where Discord has translated the name for the account, requests still take the application's own.
    let name = |field: &str| value.get(field).and_then(Value::as_str);
    Some(Command {
        application_id: ApplicationId(number("application_id")?),
        name: name("name_default").or_else(|| name("name"))?.to_owned(),
        id: CommandId(number("id")?),
        version: CommandVersion(number("version")?),
        parameters: options
            .filter_map(|option| CommandParameter::deserialize(option).ok())
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use mj_discord::{
        rest::Body,
        snowflake::{ChannelId, GuildId, Nonce},
    };
    use serde_json::json;

    use super::*;
    use crate::application::{MIDJOURNEY, NIJI};

    const INDEX: &str = r#"{"applications":[],"application_commands":[
        {"id":"5","application_id":"77","version":"9","name":"imagine","type":1},
        {"id":"938956540159881230","application_id":"936929561302675456","version":"1500000000000000000","name":"imagine","type":1,
         "options":[{"type":3,"name":"prompt","required":true,"description":"x"}]},
        {"id":"6","application_id":"936929561302675456","version":"1","name":"imagine","type":3},
        {"id":"8","application_id":"1022952195194359889","version":1500000000000000001,"name":"imagine"}]}"#;

    fn known(name: CommandName) -> Command {
        CommandIndex::default()
            .command(Bot::Midjourney, name)
            .unwrap()
    }

    fn data(request: impl FnOnce(Interactor<'_>) -> Request) -> Value {
        let nonce = Nonce::new("9");
        let by = Interactor {
            application: NIJI,
            guild: Some(GuildId(2)),
            channel: ChannelId(3),
            session_id: "s",
            nonce: &nonce,
        };
        let Body::Json(text) = request(by).body else {
            panic!("no JSON")
        };
        let mut body: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(body["application_id"], json!(MIDJOURNEY));
        body["data"].take()
    }

    #[test]
    fn finds_commands_by_application_and_name() {
        let index = CommandIndex::read(INDEX, UnixMs(5)).unwrap();
        let imagine = index
            .command(Bot::Midjourney, CommandName::Imagine)
            .unwrap();
        assert_eq!(imagine.version, CommandVersion(1_500_000_000_000_000_000));
        assert!(imagine.takes("prompt") && !imagine.takes("link"));
        assert_eq!(imagine.version.made_at(), UnixMs(1_777_698_268_652));
        assert_eq!(
            index
                .command(Bot::Niji, CommandName::Imagine)
                .unwrap()
                .application_id,
            NIJI
        );
        let guess = index.command(Bot::Midjourney, CommandName::Info).unwrap();
        assert_eq!(guess.version, CommandVersion(1_237_876_415_735_660_565));
        assert_eq!(index.command(Bot::Midjourney, CommandName::Turbo), None);
        let stored = serde_json::to_string(&index).unwrap();
        assert_eq!(
            serde_json::from_str::<CommandIndex>(&stored).unwrap(),
            index
        );
    }

    #[test]
    fn a_translated_command_keeps_its_own_name() {
        let index = r#"{"application_commands":[{"id":"5","application_id":"936929561302675456","version":"9",
            "name":"想象","name_default":"imagine","type":1}]}"#;
        let index = CommandIndex::read(index, UnixMs(5)).unwrap();
        let imagine = index.command(Bot::Midjourney, CommandName::Imagine);
        let imagine = imagine.unwrap();
        assert_eq!(
            (imagine.id, imagine.name.as_str()),
            (CommandId(5), "imagine")
        );
    }

    #[test]
    fn an_index_without_midjourney_is_an_error() {
        let empty = CommandIndex::read(r#"{"application_commands":[]}"#, UnixMs(0));
        assert!(matches!(empty, Err(CommandIndexError::NoMidjourney)));
        assert!(matches!(
            CommandIndex::read("<html>", UnixMs(0)),
            Err(CommandIndexError::Unreadable(_))
        ));
        assert!(CommandIndex::default().is_empty());
    }

    #[test]
    fn fills_in_what_each_command_takes() {
        let imagine = data(|by| known(CommandName::Imagine).with_prompt(by, "a \"fox\""));
        assert_eq!(
            imagine,
            json!({"version":"1237876415471554623","id":"938956540159881230","name":"imagine","type":1,
                "options":[{"type":3,"name":"prompt","value":"a \"fox\""}],"attachments":[]})
        );
        let describe = data(|by| known(CommandName::Describe).with_link(by, "https://a/b.png"));
        assert_eq!(describe["options"][0]["name"], "link");
        let show = data(|by| known(CommandName::Show).with_job_id(by, "x"));
        assert_eq!(show["options"][0]["name"], "job_id");
        assert_eq!(
            data(|by| known(CommandName::Info).plain(by))["options"],
            json!([])
        );
        let prefer = Command {
            name: "prefer".to_owned(),
            ..known(CommandName::Info)
        };
        let remix = data(|by| prefer.with_subcommand(by, "remix"));
        assert_eq!(
            remix["options"],
            json!([{"type":1,"name":"remix","options":[]}])
        );
    }

    #[test]
    fn a_blend_numbers_its_pictures() {
        let file = |uploaded_filename| UploadedFile {
            filename: "a.png",
            uploaded_filename,
        };
        let blend = known(CommandName::Blend);
        let data = data(|by| blend.with_images(by, &[file("u/1"), file("u/2")], Some("--ar 1:1")));
        assert_eq!(
            data["options"],
            json!([{"type":11,"name":"image1","value":0},{"type":11,"name":"image2","value":1},
                {"type":3,"name":"dimensions","value":"--ar 1:1"}])
        );
        assert_eq!(
            data["attachments"][1],
            json!({"id":"1","filename":"a.png","uploaded_filename":"u/2"})
        );
    }
}
