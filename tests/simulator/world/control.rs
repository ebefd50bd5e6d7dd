//! The control channel: JSON commands of a test, documented in the README.

use serde_json::{Value, json};

use super::World;
use super::command::registered;
use super::fault::{Faults, HttpFault};
use super::interaction::{Filled, What};
use super::people::MIDJOURNEY;
use crate::snowflake::{Millis, Snowflake};

impl World {
    /// Does one command.
    ///
    /// # Errors
    /// A sentence for the test's author when the command is unknown or malformed.
    pub fn handle_control(&mut self, now: Millis, command: &Value) -> Result<Value, String> {
        match command["command"].as_str().unwrap_or_default() {
            "record" => Ok(self.record_json(now)),
            "config" => {
                self.behaviour
                    .merge(&command["set"])
                    .map_err(|error| error.to_string())?;
                serde_json::to_value(&self.behaviour).map_err(|error| error.to_string())
            }
            "fault" if command["gateway"].is_string() => self.gateway_fault(now, command),
            "fault" => {
                let fault: HttpFault = serde_json::from_value(command["http"].clone())
                    .map_err(|error| error.to_string())?;
                self.faults.http.push(fault);
                Ok(json!({"rules": self.faults.http.len()}))
            }
            "faults" => Ok(json!({"http": self.faults.http})),
            "clear" => {
                self.faults = Faults::default();
                if command["record"] == true {
                    self.record.clear();
                }
                Ok(json!({}))
            }
            "refuse" => self.arm_refusal(command),
            "clear_account" => self.clear_account(command),
            "release" => Ok(json!({"released": self.release(now, command["job_id"].as_str())})),
            "foreign" => self.foreign(now, command),
            "delete" => {
                let id =
                    snowflake(&command["message_id"]).ok_or("message_id must be a message's id")?;
                self.announce(now, id, super::dispatch::Change::Delete);
                Ok(json!({}))
            }
            "say" => self.say(now, command),
            "messages" => {
                let caller = super::people::Caller {
                    user: self.people.stranger,
                    bot: false,
                };
                let all: Vec<Value> = self
                    .messages
                    .values()
                    .map(|message| {
                        let mut object = self.message_json(
                            now,
                            message,
                            caller,
                            true,
                            super::message::Channel::Rest,
                        );
                        object["reader"] = json!(message.reader);
                        object
                    })
                    .collect();
                Ok(Value::from(all))
            }
            other => Err(format!("unknown command {other:?}")),
        }
    }

    /// Somebody else, or another session of an account, types a command or presses a button.
    fn foreign(&mut self, now: Millis, command: &Value) -> Result<Value, String> {
        let user = match &command["user_id"] {
            id if id.is_null() => self.people.stranger,
            id => snowflake(id)
                .filter(|id| self.people.user(*id).is_some())
                .ok_or("user_id must be a member")?,
        };
        let channel = snowflake(&command["channel_id"]).unwrap_or(self.people.channels[0]);
        let mut filled = Filled::default();
        let name = command["name"].as_str();
        let prompt = command["prompt"].as_str();
        let what = if name.is_some() || prompt.is_some() {
            let known = registered(MIDJOURNEY, name.unwrap_or("imagine"));
            let known = known.ok_or("no such command")?;
            filled = Filled::of_texts(known, &command["options"]).ok_or("no such option")?;
            What::Command {
                name: known.form.name,
                prompt: prompt.unwrap_or_default().to_owned(),
            }
        } else {
            let message = snowflake(&command["message_id"])
                .ok_or("a prompt, a name, or message_id and custom_id, are needed")?;
            let custom_id = command["custom_id"].as_str().unwrap_or_default();
            let stored = self.messages.get(&message).ok_or("no such message")?;
            if stored.component(custom_id).is_none() {
                return Err("the message has no such button".into());
            }
            What::Press {
                message,
                custom_id: custom_id.to_owned(),
            }
        };
        let channel = match &what {
            What::Press { message, .. } => self
                .messages
                .get(message)
                .map_or(channel, |message| message.channel),
            What::Command { .. } | What::Submit { .. } => channel,
        };
        Ok(json!({"interaction_id": self.foreign_interaction(now, user, channel, what, filled)}))
    }

    /// A plain message of another member.
    fn say(&mut self, now: Millis, command: &Value) -> Result<Value, String> {
        let content = command["content"]
            .as_str()
            .ok_or("content must be a string")?;
        let id = self.snowflake(now);
        let channel = snowflake(&command["channel_id"]).unwrap_or(self.people.channels[0]);
        let mut message = super::message::Message::new(id, channel, self.people.stranger);
        content.clone_into(&mut message.content);
        self.post(now, message);
        Ok(json!({"message_id": id}))
    }
}

fn snowflake(value: &Value) -> Option<Snowflake> {
    value.as_str()?.parse().ok()
}
