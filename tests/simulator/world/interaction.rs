//! `POST /interactions`: what Discord checks before an application hears of it, and what the sender is told.

use serde_json::{Value, json};

use super::World;
use super::agenda::Event;
use super::command::{COMMANDS, Command};
use super::http::{Request, Response};
use super::message::{EPHEMERAL, Origin};
use super::people::{Caller, MIDJOURNEY};
use super::rest::{bad_nonce, malformed};
use crate::snowflake::{Millis, Snowflake};

/// An application has to answer within this many milliseconds of real time.
const ANSWER_TIME: u64 = 3_000;
/// Longest string option.
const OPTION_LIMIT: usize = 6_000;

/// An accepted interaction.
#[derive(Clone, Debug)]
pub(super) struct Interaction {
    pub(super) id: Snowflake,
    pub(super) user: Snowflake,
    pub(super) channel: Snowflake,
    pub(super) session: Option<String>,
    pub(super) nonce: Option<Value>,
    pub(super) at: Millis,
    /// Accepted by Discord from the account's own token, not made by a command of the test.
    pub(super) foreign: bool,
    pub(super) what: What,
}

#[derive(Clone, Debug)]
pub(super) enum What {
    Command {
        name: &'static str,
        prompt: String,
    },
    Press {
        message: Snowflake,
        custom_id: String,
    },
}

impl Interaction {
    /// Attribution of a message that answers this interaction.
    pub(super) fn origin(&self, first_answer: Option<Snowflake>) -> Origin {
        let (kind, name, pressed) = match &self.what {
            What::Command { name, .. } => (2, (*name).to_owned(), None),
            What::Press { message, .. } => (3, String::new(), Some(*message)),
        };
        Origin {
            id: self.id,
            kind,
            name,
            user: self.user,
            pressed,
            first_answer,
        }
    }

    /// Message whose component was pressed.
    pub(super) fn pressed(&self) -> Option<Snowflake> {
        match &self.what {
            What::Command { .. } => None,
            What::Press { message, .. } => Some(*message),
        }
    }
}

impl World {
    pub(super) fn post_interaction(
        &mut self,
        now: Millis,
        request: &Request,
        caller: Caller,
    ) -> Response {
        if caller.bot {
            return Response::error(403, 20001, "Bots cannot use this endpoint");
        }
        let Some(body) = request.json().filter(Value::is_object) else {
            return malformed();
        };
        match self.check_interaction(&body, caller) {
            Err(refused) => {
                self.record.interactions_refused += 1;
                refused
            }
            Ok((channel, what)) => {
                let id = self.snowflake(now);
                let interaction = Interaction {
                    id,
                    user: caller.user,
                    channel,
                    session: body["session_id"].as_str().map(str::to_owned),
                    nonce: (!body["nonce"].is_null()).then(|| body["nonce"].clone()),
                    at: now,
                    foreign: false,
                    what,
                };
                self.accept_interaction(now, &interaction);
                Response::no_content()
            }
        }
    }

    fn check_interaction(
        &self,
        body: &Value,
        caller: Caller,
    ) -> Result<(Snowflake, What), Response> {
        if let Some(refused) = bad_nonce(&body["nonce"]) {
            return Err(refused);
        }
        if id(&body["application_id"]) != Some(MIDJOURNEY) {
            return Err(Response::error(400, 10002, "Unknown Application"));
        }
        let channel =
            id(&body["channel_id"]).filter(|channel| self.people.channels.contains(channel));
        let Some(channel) = channel.filter(|_| id(&body["guild_id"]) == Some(self.people.guild))
        else {
            return Err(Response::error(400, 10003, "Unknown Channel"));
        };
        if !body["data"].is_object() {
            return Err(Response::form_error(
                &["data"],
                "BASE_TYPE_REQUIRED",
                "This field is required",
            ));
        }
        let what = match body["type"].as_u64() {
            Some(2) => self.check_command(&body["data"], caller)?,
            Some(3) => self.check_press(body, channel, caller)?,
            Some(_) => {
                return Err(Response::form_error(
                    &["type"],
                    "BASE_TYPE_CHOICES",
                    "Value must be one of {2, 3}.",
                ));
            }
            None => {
                return Err(Response::form_error(
                    &["type"],
                    "BASE_TYPE_REQUIRED",
                    "This field is required",
                ));
            }
        };
        Ok((channel, what))
    }

    fn check_command(&self, data: &Value, caller: Caller) -> Result<What, Response> {
        let command = COMMANDS
            .iter()
            .find(|command| data["id"].as_str() == Some(command.id));
        let Some(command) = command.filter(|command| data["name"].as_str() == Some(command.name))
        else {
            return Err(Response::error(404, 10063, "Unknown application command"));
        };
        if data["version"].as_str() != Some(self.command_version(command).as_str()) {
            let message = match self
                .people
                .account(caller.user)
                .map(|account| account.locale)
            {
                Some("zh-CN") => "该命令已过时，请几分钟后再试",
                Some("fr") => "Cette commande est obsolète, réessaie dans quelques minutes",
                _ => "This command is outdated, please try again in a few minutes",
            };
            return Err(Response::form_error(
                &["data"],
                "INTERACTION_APPLICATION_COMMAND_INVALID_VERSION",
                message,
            ));
        }
        check_options(command, data)?;
        let prompt = option(data, "prompt").unwrap_or_default().to_owned();
        Ok(What::Command {
            name: command.name,
            prompt,
        })
    }

    fn check_press(
        &self,
        body: &Value,
        channel: Snowflake,
        caller: Caller,
    ) -> Result<What, Response> {
        let message = id(&body["message_id"]).and_then(|id| self.messages.get(&id));
        let flags = body["message_flags"].as_u64().unwrap_or(0);
        // An ephemeral message is found only by its reader, and only when its flag is named.
        let message = message.filter(|message| {
            message.channel == channel
                && message.visible_to(caller.user)
                && message.flags & EPHEMERAL == flags & EPHEMERAL
        });
        let Some(message) = message else {
            return Err(Response::error(404, 10008, "Unknown Message"));
        };
        let custom_id = body["data"]["custom_id"].as_str().unwrap_or_default();
        let kind = body["data"]["component_type"]
            .as_u64()
            .or_else(|| body["data"]["type"].as_u64());
        match message.component(custom_id) {
            Some(component) if component["type"].as_u64() == kind => Ok(What::Press {
                message: message.id,
                custom_id: custom_id.to_owned(),
            }),
            _ => Err(Response::form_error(
                &["data"],
                "COMPONENT_VALIDATION_FAILED",
                "Component validation failed",
            )),
        }
    }

    /// Tells the sender's session and hands the interaction to the application.
    pub(super) fn accept_interaction(&mut self, now: Millis, interaction: &Interaction) {
        self.record.accepted(interaction);
        self.record.forget(self.behaviour.history);
        self.tell_sender(now, interaction, "INTERACTION_CREATE", &json!({}));
        let echo = match &interaction.what {
            What::Command {
                name: "imagine",
                prompt,
            } if self.behaviour.foreign_echo && !interaction.foreign => Some(prompt.clone()),
            What::Command { .. } | What::Press { .. } => None,
        };
        let channel = interaction.channel;
        if !self.receive_interaction(now, interaction) {
            self.agenda.plan(
                now + ANSWER_TIME,
                Event::NoAnswer {
                    interaction: interaction.id,
                },
            );
        }
        if let Some(prompt) = echo {
            let stranger = self.people.stranger;
            self.foreign_interaction(
                now,
                stranger,
                channel,
                What::Command {
                    name: "imagine",
                    prompt,
                },
            );
        }
    }

    /// An interaction by somebody else, or by another session of an account.
    pub(super) fn foreign_interaction(
        &mut self,
        now: Millis,
        user: Snowflake,
        channel: Snowflake,
        what: What,
    ) -> Snowflake {
        let id = self.snowflake(now);
        let nonce = Some(Value::from(self.snowflake(now).to_string()));
        self.accept_interaction(
            now,
            &Interaction {
                id,
                user,
                channel,
                session: None,
                nonce,
                at: now,
                foreign: true,
                what,
            },
        );
        id
    }

    /// `INTERACTION_*` events reach one session only: the one named in the request, if it lives and is the sender's.
    pub(super) fn tell_sender(
        &mut self,
        now: Millis,
        interaction: &Interaction,
        name: &str,
        more: &Value,
    ) {
        let session = interaction
            .session
            .as_ref()
            .and_then(|id| self.sessions.get(id));
        let Some(session) = session.filter(|session| {
            session.caller
                == Caller {
                    user: interaction.user,
                    bot: false,
                }
        }) else {
            return;
        };
        let session = session.id.clone();
        let mut data = json!({"id": interaction.id});
        if let Some(nonce) = &interaction.nonce {
            data["nonce"] = nonce.clone();
        }
        super::people::merge(&mut data, more.clone());
        self.deliver(now, &session, name, data);
    }

    /// The application did not respond.
    pub(super) fn fail_interaction(&mut self, now: Millis, id: Snowflake) {
        if let Some(interaction) = self.record.interaction(id) {
            self.tell_sender(
                now,
                &interaction,
                "INTERACTION_FAILURE",
                &json!({"reason_code": 2}),
            );
        }
    }
}

fn check_options(command: &Command, data: &Value) -> Result<(), Response> {
    let options = data["options"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    for (kind, name) in command.options {
        let given = options.iter().position(|option| option["name"] == *name);
        let Some(place) = given else {
            return Err(Response::form_error(
                &["data", "options"],
                "BASE_TYPE_REQUIRED",
                "This field is required",
            ));
        };
        let place_text = place.to_string();
        let path = ["data", "options", &place_text, "value"];
        let value = &options[place]["value"];
        if options[place]["type"].as_u64() != Some(*kind) || *kind == 3 && !value.is_string() {
            return Err(Response::form_error(
                &path,
                "BASE_TYPE_COERCE",
                "Value has the wrong type.",
            ));
        }
        if value
            .as_str()
            .is_some_and(|text| text.chars().count() > OPTION_LIMIT)
        {
            return Err(Response::form_error(
                &path,
                "BASE_TYPE_MAX_LENGTH",
                "Must be 6000 or fewer in length.",
            ));
        }
    }
    Ok(())
}

fn option<'a>(data: &'a Value, name: &str) -> Option<&'a str> {
    data["options"]
        .as_array()?
        .iter()
        .find(|option| option["name"] == name)?["value"]
        .as_str()
}

fn id(value: &Value) -> Option<Snowflake> {
    value.as_str()?.parse().ok()
}
