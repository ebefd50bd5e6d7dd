//! Reading what successful answers carry.

use std::{borrow::Cow, time::Duration};

use serde::{Deserialize, Deserializer};

use crate::{
    lenient,
    payload::Message,
    snowflake::{ApplicationId, CommandId, CommandVersion},
};

/// A command of the command index.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct CommandEntry {
    /// Its id.
    pub id: CommandId,
    /// Whose it is.
    pub application_id: ApplicationId,
    /// What requests must name; changes with every change of the command.
    pub version: CommandVersion,
    /// Its name, as the application gave it: where Discord has translated `name`, this is `name_default`.
    #[serde(flatten, deserialize_with = "own_name")]
    pub name: String,
}

fn own_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    struct Names {
        name: String,
        #[serde(default, deserialize_with = "lenient::owned_text")]
        name_default: Option<String>,
    }
    let names = Names::deserialize(deserializer)?;
    Ok(names.name_default.unwrap_or(names.name))
}

/// A slot to upload a file to.
#[derive(Clone, Deserialize, Eq, PartialEq)]
pub struct UploadSlot {
    /// Where to PUT the bytes: signed.
    pub upload_url: String,
    /// How to name the file afterwards.
    pub upload_filename: String,
}

impl std::fmt::Debug for UploadSlot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UploadSlot(..)")
    }
}

/// An address that was signed anew. The pair is in the order of the request.
#[derive(Clone, Eq, PartialEq)]
pub struct RefreshedUrl {
    /// As given, when the server says so.
    pub original: Option<String>,
    /// With a new signature.
    pub refreshed: String,
}

impl std::fmt::Debug for RefreshedUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RefreshedUrl(..)")
    }
}

/// `GET /gateway/bot`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GatewayBot {
    /// The gateway's address.
    pub url: String,
    /// How many sessions may be started.
    pub session_start_limit: SessionStartLimit,
}

/// How many sessions may be started.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SessionStartLimit {
    /// In 24 hours.
    pub total: u32,
    /// Of these, until the reset.
    pub remaining: u32,
    /// Until the reset.
    pub reset_after: Duration,
}

/// Reads a list of messages, leaving out those without ids; `None` when it is no list.
pub fn read_messages(body: &str) -> Option<Vec<Message<'_>>> {
    let mut deserializer = serde_json::Deserializer::from_str(body);
    lenient::optional_list(&mut deserializer).ok().flatten()
}

/// Reads a command index; `None` when it is none.
pub fn read_commands(body: &str) -> Option<Vec<CommandEntry>> {
    #[derive(Deserialize)]
    struct Index {
        #[serde(deserialize_with = "lenient::optional_list")]
        application_commands: Option<Vec<CommandEntry>>,
    }
    serde_json::from_str::<Index>(body)
        .ok()?
        .application_commands
}

/// Reads upload slots, in the order of the request; `None` when there are none.
pub fn read_upload_slots(body: &str) -> Option<Vec<UploadSlot>> {
    #[derive(Deserialize)]
    struct Slots {
        #[serde(deserialize_with = "lenient::optional_list")]
        attachments: Option<Vec<UploadSlot>>,
    }
    serde_json::from_str::<Slots>(body).ok()?.attachments
}

/// Reads refreshed addresses: Discord answers with pairs, Spacebar with plain addresses.
pub fn read_refreshed_urls(body: &str) -> Option<Vec<RefreshedUrl>> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Wire {
        Pair {
            original: Option<String>,
            refreshed: String,
        },
        Plain(String),
    }
    #[derive(Deserialize)]
    struct Urls {
        refreshed_urls: Vec<Wire>,
    }
    let urls: Urls = serde_json::from_str(body).ok()?;
    let urls = urls.refreshed_urls.into_iter().map(|url| match url {
        Wire::Pair {
            original,
            refreshed,
        } => RefreshedUrl {
            original,
            refreshed,
        },
        Wire::Plain(refreshed) => RefreshedUrl {
            original: None,
            refreshed,
        },
    });
    Some(urls.collect())
}

/// Reads `GET /gateway/bot`.
pub fn read_gateway_bot(body: &str) -> Option<GatewayBot> {
    #[derive(Deserialize)]
    struct Limit {
        total: u32,
        remaining: u32,
        reset_after: u64,
    }
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        url: Cow<'a, str>,
        session_start_limit: Limit,
    }
    let answer: Answer<'_> = serde_json::from_str(body).ok()?;
    Some(GatewayBot {
        url: answer.url.into_owned(),
        session_start_limit: SessionStartLimit {
            total: answer.session_start_limit.total,
            remaining: answer.session_start_limit.remaining,
            reset_after: Duration::from_millis(answer.session_start_limit.reset_after),
        },
    })
}

/// Reads the `id` of what was made or asked for: a message, a channel, a user.
pub fn read_created_id<T: From<u64>>(body: &str) -> Option<T> {
    #[derive(Deserialize)]
    struct Created {
        #[serde(deserialize_with = "lenient::number")]
        id: Option<u64>,
    }
    serde_json::from_str::<Created>(body).ok()?.id.map(T::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snowflake::{MessageId, UserId};

    #[test]
    fn one_odd_message_does_not_cost_the_page() {
        let page = r#"[{"id":"3","channel_id":"1","content":"a\nb"},{"id":{}},7,{"id":"2","channel_id":"1","flags":null}]"#;
        let messages = read_messages(page).unwrap();
        assert_eq!(
            messages
                .iter()
                .map(|message| message.id)
                .collect::<Vec<_>>(),
            [MessageId(3), MessageId(2)]
        );
        assert!(read_messages("{}").is_none());
        assert!(read_messages("<html>").is_none());
    }

    #[test]
    fn finds_commands_with_their_versions() {
        let index = r#"{"applications":[{"id":"1"}],"application_commands":[
            {"id":"10","application_id":"1","version":"1237876415471554623","name":"imagine","type":1,"options":[]},
            {"id":null,"name":"broken"},
            {"id":"11","application_id":"1","version":"12","name":"混合","name_default":"blend","type":1}]}"#;
        let commands = read_commands(index).unwrap();
        assert_eq!(commands.len(), 2);
        assert_eq!(commands[1].name, "blend");
        assert_eq!(
            commands[0].version.made_at(),
            crate::UnixMs(1_715_203_136_080)
        );
        assert!(read_commands("{}").is_none());
    }

    #[test]
    fn refreshed_urls_come_in_two_shapes() {
        let discords =
            r#"{"refreshed_urls":[{"original":"https://a","refreshed":"https://a?ex=1"}]}"#;
        let spacebars = r#"{"refreshed_urls":["https://a?ex=1"]}"#;
        for body in [discords, spacebars] {
            assert_eq!(
                read_refreshed_urls(body).unwrap()[0].refreshed,
                "https://a?ex=1"
            );
        }
    }

    #[test]
    fn reads_slots_limits_and_ids() {
        let slots =
            r#"{"attachments":[{"id":0,"upload_url":"https://u","upload_filename":"f/a.png"}]}"#;
        assert_eq!(
            read_upload_slots(slots).unwrap()[0].upload_filename,
            "f/a.png"
        );
        let gateway = r#"{"url":"wss://gateway.discord.gg","shards":1,"session_start_limit":{"total":1000,"remaining":999,"reset_after":14400000,"max_concurrency":1}}"#;
        let limit = read_gateway_bot(gateway).unwrap().session_start_limit;
        assert_eq!(
            (limit.remaining, limit.reset_after),
            (999, Duration::from_secs(4 * 3600))
        );
        assert_eq!(
            read_created_id(r#"{"id":"5","username":"x"}"#),
            Some(UserId(5))
        );
        assert_eq!(read_created_id::<UserId>("[]"), None);
    }
}
