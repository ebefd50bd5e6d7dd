//! `POST /interactions`: what a user's client sends for a slash command, a press, or a filled-in form. The answer is
//! only that Discord took it; everything else comes through the gateway. It is never idempotent.

use serde_json::{Map, Value, json};

use super::{Request, TokenKind};
use crate::snowflake::{
    ApplicationId, ChannelId, CommandId, CommandVersion, GuildId, InteractionId, MessageId, Nonce,
};

/// What every interaction says about itself.
#[derive(Clone, Copy, Debug)]
pub struct Interactor<'a> {
    /// Whose command, component or form it is.
    pub application: ApplicationId,
    /// The guild; must be there in a guild's channel and absent in direct messages.
    pub guild: Option<GuildId>,
    /// The channel.
    pub channel: ChannelId,
    /// The live gateway session, to which the interaction's events go.
    pub session_id: &'a str,
    /// Names the interaction in its events and answers.
    pub nonce: &'a Nonce,
}

/// A slash command with its options.
#[derive(Clone, Copy, Debug)]
pub struct CommandCall<'a> {
    /// The command.
    pub id: CommandId,
    /// Its version; an old one is refused.
    pub version: CommandVersion,
    /// Its name.
    pub name: &'a str,
    /// What was filled in.
    pub options: &'a [CommandOption<'a>],
    /// The files that options point at.
    pub files: &'a [UploadedFile<'a>],
}

/// One filled-in option.
#[derive(Clone, Debug)]
pub struct CommandOption<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its value.
    pub value: OptionValue<'a>,
}

/// The value of an option.
#[derive(Clone, Debug)]
pub enum OptionValue<'a> {
    /// Type 1: a subcommand with options of its own.
    Subcommand(Vec<CommandOption<'a>>),
    /// Type 3.
    Text(&'a str),
    /// Type 4.
    Integer(i64),
    /// Type 5.
    Boolean(bool),
    /// Type 11: the index of an [`UploadedFile`].
    Attachment(usize),
}

/// A file that was uploaded to a slot.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct UploadedFile<'a> {
    /// Its name as shown.
    pub filename: &'a str,
    /// The `upload_filename` that the slot was given with.
    pub uploaded_filename: &'a str,
}

impl Request {
    /// Uses a slash command (interaction type 2).
    pub fn command(by: Interactor<'_>, call: CommandCall<'_>) -> Self {
        let data = json!({
            "version": call.version,
            "id": call.id,
            "name": call.name,
            "type": 1,
            "options": options(call.options),
            "attachments": attachments(call.files),
        });
        interaction(by, 2, data, Map::new())
    }

    /// Presses a button (component type 2) or chooses in a select (3) of a message (interaction type 3).
    /// `message_flags` are the `flags` of that message; `values` are a select's.
    pub fn component(
        by: Interactor<'_>,
        message: MessageId,
        message_flags: u64,
        component_type: u8,
        custom_id: &str,
        values: &[&str],
    ) -> Self {
        let mut data = json!({"component_type": component_type, "custom_id": custom_id});
        if component_type != 2 {
            data["values"] = json!(values);
        }
        let mut more = Map::new();
        more.insert("message_flags".to_owned(), json!(message_flags));
        more.insert("message_id".to_owned(), json!(message));
        interaction(by, 3, data, more)
    }

    /// Sends a filled-in form (interaction type 5). `id` and `custom_id` are those of `INTERACTION_MODAL_CREATE`, `fields`
    /// pairs of an input's `custom_id` and text.
    pub fn modal(
        by: Interactor<'_>,
        id: InteractionId,
        custom_id: &str,
        fields: &[(&str, &str)],
    ) -> Self {
        let rows: Vec<Value> = fields
            .iter()
            .map(|(input, text)| {
                json!({"type": 1, "components": [{"type": 4, "custom_id": input, "value": text}]})
            })
            .collect();
        interaction(
            by,
            5,
            json!({"id": id, "custom_id": custom_id, "components": rows}),
            Map::new(),
        )
    }
}

fn interaction(by: Interactor<'_>, kind: u8, data: Value, mut body: Map<String, Value>) -> Request {
    body.insert("type".to_owned(), json!(kind));
    body.insert("application_id".to_owned(), json!(by.application));
    if let Some(guild) = by.guild {
        body.insert("guild_id".to_owned(), json!(guild));
    }
    body.insert("channel_id".to_owned(), json!(by.channel));
    body.insert("session_id".to_owned(), json!(by.session_id));
    body.insert("nonce".to_owned(), json!(by.nonce));
    body.insert("data".to_owned(), data);
    Request::post(
        "/interactions",
        0,
        "/interactions".to_owned(),
        &Value::Object(body),
        TokenKind::User,
    )
}

fn options(options: &[CommandOption<'_>]) -> Value {
    options
        .iter()
        .map(|CommandOption { name, value }| match value {
            OptionValue::Subcommand(inner) => {
                json!({"type": 1, "name": name, "options": self::options(inner)})
            }
            OptionValue::Text(text) => json!({"type": 3, "name": name, "value": text}),
            OptionValue::Integer(number) => json!({"type": 4, "name": name, "value": number}),
            OptionValue::Boolean(truth) => json!({"type": 5, "name": name, "value": truth}),
            OptionValue::Attachment(index) => json!({"type": 11, "name": name, "value": index}),
        })
        .collect()
}

pub(super) fn attachments(files: &[UploadedFile<'_>]) -> Value {
    files
        .iter()
        .enumerate()
        .map(|(index, file)| {
            json!({"id": index.to_string(), "filename": file.filename, "uploaded_filename": file.uploaded_filename})
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rest::Body;

    fn body(request: &Request) -> Value {
        assert!(!request.idempotent);
        let Body::Json(text) = &request.body else {
            panic!("no JSON")
        };
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_command_is_written_as_clients_do() {
        let nonce = Nonce::new("77");
        let by = Interactor {
            application: ApplicationId(1),
            guild: Some(GuildId(2)),
            channel: ChannelId(3),
            session_id: "abc",
            nonce: &nonce,
        };
        let call = CommandCall {
            id: CommandId(4),
            version: CommandVersion(5),
            name: "imagine",
            options: &[CommandOption {
                name: "prompt",
                value: OptionValue::Text("a \"cat\""),
            }],
            files: &[],
        };
        assert_eq!(
            body(&Request::command(by, call)),
            json!({"type": 2, "application_id": "1", "guild_id": "2", "channel_id": "3", "session_id": "abc", "nonce": "77",
                "data": {"version": "5", "id": "4", "name": "imagine", "type": 1, "attachments": [],
                    "options": [{"type": 3, "name": "prompt", "value": "a \"cat\""}]}})
        );
        let in_direct_messages = Interactor { guild: None, ..by };
        assert!(
            body(&Request::command(in_direct_messages, call))
                .get("guild_id")
                .is_none()
        );
    }

    #[test]
    fn files_and_subcommands_are_options() {
        let nonce = Nonce::new("77");
        let by = Interactor {
            application: ApplicationId(1),
            guild: None,
            channel: ChannelId(3),
            session_id: "abc",
            nonce: &nonce,
        };
        let call = CommandCall {
            id: CommandId(4),
            version: CommandVersion(5),
            name: "x",
            options: &[
                CommandOption {
                    name: "image1",
                    value: OptionValue::Attachment(0),
                },
                CommandOption {
                    name: "remix",
                    value: OptionValue::Subcommand(Vec::new()),
                },
            ],
            files: &[UploadedFile {
                filename: "a.png",
                uploaded_filename: "u/a.png",
            }],
        };
        let data = &body(&Request::command(by, call))["data"];
        assert_eq!(
            data["options"],
            json!([{"type": 11, "name": "image1", "value": 0}, {"type": 1, "name": "remix", "options": []}])
        );
        assert_eq!(
            data["attachments"],
            json!([{"id": "0", "filename": "a.png", "uploaded_filename": "u/a.png"}])
        );
    }

    #[test]
    fn a_press_and_a_form_name_what_they_answer() {
        let nonce = Nonce::new("77");
        let by = Interactor {
            application: ApplicationId(1),
            guild: Some(GuildId(2)),
            channel: ChannelId(3),
            session_id: "abc",
            nonce: &nonce,
        };
        let press = body(&Request::component(by, MessageId(9), 64, 2, "MJ::x", &[]));
        assert_eq!(
            (
                &press["type"],
                &press["message_id"],
                &press["message_flags"]
            ),
            (&json!(3), &json!("9"), &json!(64))
        );
        assert_eq!(
            press["data"],
            json!({"component_type": 2, "custom_id": "MJ::x"})
        );
        let choice = body(&Request::component(
            by,
            MessageId(9),
            64,
            3,
            "MJ::x",
            &["v"],
        ));
        assert_eq!(choice["data"]["values"], json!(["v"]));
        let form = body(&Request::modal(
            by,
            InteractionId(8),
            "MJ::m",
            &[("MJ::m::prompt", "text")],
        ));
        assert_eq!(
            form["data"],
            json!({"id": "8", "custom_id": "MJ::m", "components": [
                {"type": 1, "components": [{"type": 4, "custom_id": "MJ::m::prompt", "value": "text"}]}]})
        );
    }
}
