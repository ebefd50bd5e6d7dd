//! `POST /interactions`: what Discord checks before an application hears of it, and what the sender is told.

mod options;
mod submit;

use serde_json::{Value, json};

use self::options::Draft;
pub(super) use self::options::Filled;
use super::World;
use super::agenda::Event;
use super::command;
use super::http::{Request, Response};
use super::message::{EPHEMERAL, Origin};
use super::people::{Caller, MIDJOURNEY, is_midjourney};
use super::rest::{bad_nonce, malformed};
use crate::snowflake::{Millis, Snowflake};

/// An application has to answer within this many milliseconds of real time.
const ANSWER_TIME: u64 = 3_000;

/// An accepted interaction.
#[derive(Clone, Debug)]
pub(super) struct Interaction {
    pub(super) id: Snowflake,
    pub(super) user: Snowflake,
    pub(super) channel: Snowflake,
    /// Which of the bots it is for.
    pub(super) application: Snowflake,
    pub(super) session: Option<String>,
    pub(super) nonce: Option<Value>,
    pub(super) at: Millis,
    /// Accepted by Discord from the account's own token, not made by a command of the test.
    pub(super) foreign: bool,
    pub(super) what: What,
    /// Options beside the prompt, and choices of a menu.
    pub(super) filled: Filled,
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
    /// A modal that came back.
    Submit {
        /// The interaction that opened it.
        modal: Snowflake,
        /// Message and button that were pressed for it.
        message: Snowflake,
        button: String,
        /// The modal's own.
        custom_id: String,
        text: String,
    },
}

impl Interaction {
    /// Attribution of a message that answers this interaction.
    pub(super) fn origin(&self, first_answer: Option<Snowflake>) -> Origin {
        let (kind, name, pressed) = match &self.what {
            What::Command { name, .. } => {
                let subcommand = self.filled.subcommand;
                let words = std::iter::once(*name).chain(subcommand);
                (2, words.collect::<Vec<_>>().join(" "), None)
            }
            What::Press { message, .. } => (3, String::new(), Some(*message)),
            What::Submit { message, .. } => (5, String::new(), Some(*message)),
        };
        let trigger = match &self.what {
            What::Command { .. } | What::Press { .. } => None,
            What::Submit { modal, .. } => Some(*modal),
        };
        Origin {
            id: self.id,
            kind,
            name,
            user: self.user,
            pressed,
            trigger,
            first_answer,
        }
    }

    /// Message whose component was pressed.
    pub(super) fn pressed(&self) -> Option<Snowflake> {
        self.button().map(|(message, _)| message)
    }

    /// Message and `custom_id` of the pressed component.
    pub(super) fn button(&self) -> Option<(Snowflake, &str)> {
        match &self.what {
            What::Command { .. } => None,
            What::Press { message, custom_id } => Some((*message, custom_id)),
            What::Submit {
                message, button, ..
            } => Some((*message, button)),
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
        if let Some(refused) = self.refuse_request(caller.user) {
            self.record.interactions_refused += 1;
            return refused;
        }
        let Some(body) = request.json().filter(Value::is_object) else {
            return malformed();
        };
        let ttl = self.behaviour.modal_ttl;
        self.midjourney
            .modals
            .retain(|_, modal| now < modal.press.at + ttl);
        match self.check_interaction(&body, caller) {
            Err(refused) => {
                self.record.interactions_refused += 1;
                refused
            }
            Ok((channel, what, draft)) => {
                let id = self.snowflake(now);
                let filled = self.fill_in(now, caller, draft);
                let interaction = Interaction {
                    id,
                    user: caller.user,
                    channel,
                    application: id_of(&body["application_id"]).unwrap_or_default(),
                    session: body["session_id"].as_str().map(str::to_owned),
                    nonce: (!body["nonce"].is_null()).then(|| body["nonce"].clone()),
                    at: now,
                    foreign: false,
                    what,
                    filled,
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
    ) -> Result<(Snowflake, What, Draft), Response> {
        if let Some(refused) = bad_nonce(&body["nonce"]) {
            return Err(refused);
        }
        let application = id_of(&body["application_id"]).filter(|id| is_midjourney(*id));
        let Some(application) = application else {
            return Err(Response::error(400, 10002, "Unknown Application"));
        };
        let channel = self.interaction_channel(body, application, caller)?;
        if !body["data"].is_object() {
            return Err(Response::form_error(
                &["data"],
                "BASE_TYPE_REQUIRED",
                "This field is required",
            ));
        }
        let (what, draft) = match body["type"].as_u64() {
            Some(2) => self.check_command(&body["data"], application, channel, caller)?,
            Some(3) => self.check_press(body, application, channel, caller)?,
            Some(5) => {
                let what = self.check_submit(&body["data"], application, channel, caller)?;
                (what, Draft::default())
            }
            Some(_) => {
                return Err(Response::form_error(
                    &["type"],
                    "BASE_TYPE_CHOICES",
                    "Value must be one of {2, 3, 5}.",
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
        Ok((channel, what, draft))
    }

    /// The channel that a request names: one of the guild's with `guild_id`, or one's own direct channel without it.
    fn interaction_channel(
        &self,
        body: &Value,
        application: Snowflake,
        caller: Caller,
    ) -> Result<Snowflake, Response> {
        let unknown = || Response::error(400, 10003, "Unknown Channel");
        let channel = id_of(&body["channel_id"]).ok_or_else(unknown)?;
        if let Some(direct) = self.people.direct(channel) {
            if direct.user != caller.user || !body["guild_id"].is_null() {
                return Err(unknown());
            }
            if direct.with != application {
                return Err(Response::error(400, 10002, "Unknown Application"));
            }
            return Ok(channel);
        }
        let guild = id_of(&body["guild_id"]) == Some(self.people.guild);
        if guild && self.people.channels.contains(&channel) {
            Ok(channel)
        } else {
            Err(unknown())
        }
    }

    fn check_command(
        &self,
        data: &Value,
        application: Snowflake,
        channel: Snowflake,
        caller: Caller,
    ) -> Result<(What, Draft), Response> {
        let (id, name) = (data["id"].as_str(), data["name"].as_str());
        let Some(command) = command::find(
            application,
            id.unwrap_or_default(),
            name.unwrap_or_default(),
        ) else {
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
        let draft = self.draft_options(command, data, channel, caller)?;
        let what = What::Command {
            name: command.form.name,
            prompt: draft.text("prompt").to_owned(),
        };
        Ok((what, draft))
    }

    fn check_press(
        &self,
        body: &Value,
        application: Snowflake,
        channel: Snowflake,
        caller: Caller,
    ) -> Result<(What, Draft), Response> {
        let message = id_of(&body["message_id"]).and_then(|id| self.messages.get(&id));
        let flags = body["message_flags"].as_u64().unwrap_or(0);
        // An ephemeral message is found only by its reader, and only when its flag is named.
        let message = message.filter(|message| {
            message.channel == channel
                && message.author == application
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
            Some(component) if component["type"].as_u64() == kind => {
                let what = What::Press {
                    message: message.id,
                    custom_id: custom_id.to_owned(),
                };
                let choices = chosen(component, &body["data"]["values"])?;
                Ok((what, Draft::choosing(choices)))
            }
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
            What::Command { .. } | What::Press { .. } | What::Submit { .. } => None,
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
                Filled::default(),
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
        filled: Filled,
    ) -> Snowflake {
        let id = self.snowflake(now);
        let application = match &what {
            What::Press { message, .. } | What::Submit { message, .. } => {
                let message = self.messages.get(message);
                message.map_or(MIDJOURNEY, |message| message.author)
            }
            What::Command { .. } => MIDJOURNEY,
        };
        let nonce = Some(Value::from(self.snowflake(now).to_string()));
        self.accept_interaction(
            now,
            &Interaction {
                id,
                user,
                channel,
                application,
                session: None,
                nonce,
                at: now,
                foreign: true,
                what,
                filled,
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

/// The values of a select menu: as many as it asks for, each one of its options. Buttons have none.
fn chosen(component: &Value, values: &Value) -> Result<Vec<String>, Response> {
    const SELECT: u64 = 3;
    if component["type"] != SELECT {
        return Ok(Vec::new());
    }
    let refused = || {
        Response::form_error(
            &["data"],
            "COMPONENT_VALIDATION_FAILED",
            "Component validation failed",
        )
    };
    let values = values.as_array().ok_or_else(refused)?;
    let options = component["options"].as_array();
    let known = |value: &&str| {
        let mut options = options.into_iter().flatten();
        options.any(|option| option["value"] == **value)
    };
    let chosen: Vec<String> = values
        .iter()
        .filter_map(Value::as_str)
        .filter(known)
        .map(str::to_owned)
        .collect();
    let bound = |name: &str| component[name].as_u64().unwrap_or(1);
    let count = chosen.len() as u64;
    let fits = (bound("min_values")..=bound("max_values")).contains(&count);
    if fits && chosen.len() == values.len() {
        Ok(chosen)
    } else {
        Err(refused())
    }
}

fn id_of(value: &Value) -> Option<Snowflake> {
    value.as_str()?.parse().ok()
}
