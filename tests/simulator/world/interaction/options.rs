//! The options of a command: what Discord demands of them before the application hears of it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::snowflake::{Millis, Snowflake};
use crate::world::World;
use crate::world::cdn::File;
use crate::world::command::{ATTACHMENT, Command, Form, Parameter, SUBCOMMAND, TEXT};
use crate::world::http::Response;
use crate::world::people::Caller;

/// Longest string option, in characters.
const TEXT_LIMIT: usize = 6_000;

/// What the sender filled in beside the prompt.
#[derive(Clone, Debug, Default)]
pub(in crate::world) struct Filled {
    pub(in crate::world) subcommand: Option<&'static str>,
    pub(in crate::world) texts: BTreeMap<&'static str, String>,
    pub(in crate::world) files: BTreeMap<&'static str, File>,
    /// Values chosen in a select menu.
    pub(in crate::world) choices: Vec<String>,
}

/// The same while its files are still in their upload slots.
#[derive(Debug, Default)]
pub(super) struct Draft {
    command: Option<&'static str>,
    subcommand: Option<&'static str>,
    texts: BTreeMap<&'static str, String>,
    uploads: BTreeMap<&'static str, String>,
    choices: Vec<String>,
}

impl Draft {
    /// No options, but values of a select menu.
    pub(super) fn choosing(choices: Vec<String>) -> Self {
        Self {
            choices,
            ..Self::default()
        }
    }

    /// The text of an option; empty when it was not given.
    pub(super) fn text(&self, name: &str) -> &str {
        self.texts.get(name).map_or("", String::as_str)
    }
}

impl World {
    /// Reads `data.options` and `data.attachments` of a command.
    pub(super) fn draft_options(
        &self,
        command: &'static Command,
        data: &Value,
        channel: Snowflake,
        caller: Caller,
    ) -> Result<Draft, Response> {
        let uploads = self.named_uploads(data, channel, caller)?;
        let options = match &data["options"] {
            Value::Array(options) => options.as_slice(),
            Value::Null => &[],
            Value::Bool(_) | Value::Number(_) | Value::Object(_) | Value::String(_) => {
                return Err(Response::form_error(
                    &["data", "options"],
                    "BASE_TYPE_BAD_TYPE",
                    "Only iterables may be used in a ListType",
                ));
            }
        };
        let mut draft = Draft {
            command: Some(command.id),
            ..Draft::default()
        };
        for (place, option) in options.iter().enumerate() {
            let parameter = find(command.form, place, option)?;
            match parameter.kind {
                SUBCOMMAND => draft.subcommand = Some(parameter.name),
                ATTACHMENT => {
                    let id = number(&option["value"]).ok_or_else(wrong_value)?;
                    let upload = uploads.get(&id).ok_or_else(wrong_value)?;
                    draft.uploads.insert(parameter.name, upload.clone());
                }
                _ => {
                    let text = checked_text(parameter, place, &option["value"])?;
                    draft.texts.insert(parameter.name, text);
                }
            }
        }
        let subcommands = command.form.parameters.first();
        let lacks_subcommand = draft.subcommand.is_none()
            && subcommands.is_some_and(|parameter| parameter.kind == SUBCOMMAND);
        let lacks = |parameter: &&Parameter| {
            parameter.required
                && !draft.texts.contains_key(parameter.name)
                && !draft.uploads.contains_key(parameter.name)
        };
        if lacks_subcommand || command.form.parameters.iter().any(|p| lacks(&p)) {
            return Err(required(&["data", "options"]));
        }
        Ok(draft)
    }

    /// Names of the upload slots behind the ids of `data.attachments`: each must be filled, by this user, for this channel.
    fn named_uploads(
        &self,
        data: &Value,
        channel: Snowflake,
        caller: Caller,
    ) -> Result<BTreeMap<u64, String>, Response> {
        let mut uploads = BTreeMap::new();
        let attachments = data["attachments"].as_array();
        for (place, attachment) in attachments.into_iter().flatten().enumerate() {
            let place = place.to_string();
            let Some(id) = number(&attachment["id"]) else {
                return Err(required(&["data", "attachments", &place, "id"]));
            };
            let name = attachment["uploaded_filename"].as_str().unwrap_or_default();
            if name.is_empty() {
                return Err(required(&[
                    "data",
                    "attachments",
                    &place,
                    "uploaded_filename",
                ]));
            }
            if !self.files.holds(name, caller.user, channel) {
                return Err(Response::form_error(
                    &["data", "attachments", &place, "uploaded_filename"],
                    "UPLOADED_FILE_NOT_FOUND",
                    "Uploaded file not found.",
                ));
            }
            uploads.insert(id, name.to_owned());
        }
        Ok(uploads)
    }

    /// Takes the files out of their slots: they now lie below the command's id.
    pub(super) fn fill_in(&mut self, now: Millis, caller: Caller, draft: Draft) -> Filled {
        let mut files = BTreeMap::new();
        for (name, upload) in draft.uploads {
            let root = format!(
                "ephemeral-attachments/{}",
                draft.command.unwrap_or_default()
            );
            if let Some(mut file) = self.attach_upload(now, &root, caller.user, &upload) {
                file.ephemeral = true;
                // No message carries it as an attachment, so none takes it along when it goes.
                self.files.abandon(std::slice::from_ref(&file));
                files.insert(name, file);
            }
        }
        Filled {
            subcommand: draft.subcommand,
            texts: draft.texts,
            files,
            choices: draft.choices,
        }
    }
}

impl Filled {
    /// Texts for a command of Midjourney's, as the control channel names them; `None` when it takes no such option.
    pub(in crate::world) fn of_texts(command: &Command, texts: &Value) -> Option<Self> {
        let mut filled = Self::default();
        for (name, text) in texts.as_object().into_iter().flatten() {
            let mut parameters = command.form.parameters.iter();
            let known = parameters.find(|p| p.kind == TEXT && p.name == name)?;
            filled.texts.insert(known.name, text.as_str()?.to_owned());
        }
        Some(filled)
    }
}

/// The registered parameter that an option fills in.
fn find(form: &'static Form, place: usize, option: &Value) -> Result<&'static Parameter, Response> {
    let place = place.to_string();
    let known = form
        .parameters
        .iter()
        .find(|parameter| option["name"] == parameter.name);
    let Some(parameter) = known else {
        let names: Vec<&str> = form.parameters.iter().map(|p| p.name).collect();
        return Err(Response::form_error(
            &["data", "options", &place, "name"],
            "BASE_TYPE_CHOICES",
            &format!("Value must be one of {{{}}}.", names.join(", ")),
        ));
    };
    if option["type"].as_u64() == Some(parameter.kind) {
        Ok(parameter)
    } else {
        Err(Response::form_error(
            &["data", "options", &place, "type"],
            "BASE_TYPE_CHOICES",
            &format!("Value must be one of {{{}}}.", parameter.kind),
        ))
    }
}

fn checked_text(parameter: &Parameter, place: usize, value: &Value) -> Result<String, Response> {
    let place = place.to_string();
    let path = ["data", "options", &place, "value"];
    let Some(text) = value.as_str().filter(|_| parameter.kind == TEXT) else {
        return Err(wrong_value());
    };
    if text.chars().count() > TEXT_LIMIT {
        return Err(Response::form_error(
            &path,
            "BASE_TYPE_MAX_LENGTH",
            "Must be 6000 or fewer in length.",
        ));
    }
    let choices = parameter.choices;
    if !choices.is_empty() && !choices.iter().any(|(_, choice)| *choice == text) {
        return Err(Response::form_error(
            &path,
            "BASE_TYPE_CHOICES",
            "Value is not one of the choices.",
        ));
    }
    Ok(text.to_owned())
}

/// A value of the wrong kind, as Discord words it (<https://github.com/discord/discord-api-docs/issues/2596>).
fn wrong_value() -> Response {
    Response::form_error(
        &["data", "options"],
        "INTERACTION_APPLICATION_COMMAND_OPTIONS_VALUE_INVALID",
        "Application command interaction option values must be of type string, integer, or boolean",
    )
}

fn required(path: &[&str]) -> Response {
    Response::form_error(path, "BASE_TYPE_REQUIRED", "This field is required")
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}
