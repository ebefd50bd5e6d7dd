//! A modal that comes back: whether it was shown to this user, and whether what it asks for was filled in.

use serde_json::Value;

use super::{What, id_of};
use crate::snowflake::Snowflake;
use crate::world::World;
use crate::world::http::Response;
use crate::world::midjourney::INPUT_LIMIT;
use crate::world::people::Caller;

impl World {
    /// A modal goes back to the one it was shown to, with the inputs it was shown with.
    pub(super) fn check_submit(
        &self,
        data: &Value,
        application: Snowflake,
        channel: Snowflake,
        caller: Caller,
    ) -> Result<What, Response> {
        let modal = id_of(&data["id"]).and_then(|id| self.midjourney.modals.get(&id));
        let modal = modal
            .filter(|modal| modal.press.user == caller.user && modal.press.channel == channel)
            .filter(|modal| modal.press.application == application);
        let Some((modal, (message, button))) =
            modal.and_then(|modal| Some((modal, modal.press.button()?)))
        else {
            return Err(Response::error(404, 10062, "Unknown interaction"));
        };
        if data["custom_id"] != modal.form.custom_id.as_str() {
            return Err(Response::form_error(
                &["data", "custom_id"],
                "COMPONENT_VALIDATION_FAILED",
                "Component validation failed",
            ));
        }
        let text = submitted(&data["components"], modal.form.input)?;
        Ok(What::Submit {
            modal: modal.press.id,
            message,
            button: button.to_owned(),
            custom_id: modal.form.custom_id.clone(),
            text,
        })
    }
}

/// The value of a modal's only input.
fn submitted(rows: &Value, input: &str) -> Result<String, Response> {
    let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
    for (row, place) in rows.iter().zip(0..) {
        let components = row["components"].as_array().into_iter().flatten();
        for (component, column) in components.zip(0..) {
            if component["custom_id"] != input || component["type"] != 4 {
                continue;
            }
            let wrong = |code, message| {
                let (row, column): (i32, i32) = (place, column);
                let (row, column) = (row.to_string(), column.to_string());
                let path = ["data", "components", &row, "components", &column, "value"];
                Err(Response::form_error(&path, code, message))
            };
            return match component["value"].as_str() {
                None | Some("") => wrong("BASE_TYPE_REQUIRED", "This field is required"),
                Some(text) if text.chars().count() > INPUT_LIMIT => wrong(
                    "BASE_TYPE_BAD_LENGTH",
                    "Must be between 1 and 4000 in length.",
                ),
                Some(text) => Ok(text.to_owned()),
            };
        }
    }
    Err(Response::form_error(
        &["data", "components"],
        "COMPONENT_VALIDATION_FAILED",
        "Component validation failed",
    ))
}
