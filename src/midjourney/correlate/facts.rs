//! What a message tells about where it belongs: read once, looked at as often as new keys become known.

use mj_discord::{
    payload::{InteractionMetadata, Message},
    snowflake::{ApplicationId, ChannelId, InteractionId, MessageId, Nonce, UserId},
};

use crate::{
    job_id::JobId,
    key,
    read::{Kind, Phase, Reading},
};

/// What a message says, as far as the chain asks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Says {
    /// A start, a progress, or a first answer without text.
    UnderWay,
    /// A result, or that there will be none.
    End,
    /// A notice.
    Notice,
    /// Nothing that concerns a job.
    Nothing,
}

/// The keys that a message carries, of every kind.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Its id.
    pub message: MessageId,
    /// Where it stands.
    pub channel: ChannelId,
    /// The bot that wrote it; none when the message does not name one.
    pub application: Option<ApplicationId>,
    /// What it says.
    pub says: Says,
    /// The nonce, where shown.
    pub nonce: Option<Nonce>,
    /// The interactions behind it, the nearest first.
    pub interactions: Vec<InteractionId>,
    /// The kind of the nearest: 2 command, 3 component, 5 modal.
    pub interaction_kind: Option<u8>,
    /// Who acted.
    pub user: Option<UserId>,
    /// The message it replies to.
    pub reference: Option<MessageId>,
    /// The first answer of the same interaction.
    pub original_response: Option<MessageId>,
    /// The message whose component was used.
    pub pressed: Option<MessageId>,
    /// The job.
    pub job: Option<JobId>,
    /// Whether it offers to cancel the job: commands' messages do not, as of 2026.
    pub has_cancel: bool,
    /// Whether it offers what only results offer.
    pub has_result_buttons: bool,
    /// Keys it would have as a reply to a pressed message; empty while its text does not show one whole.
    pub reply_keys: Vec<String>,
    /// Key that names the task of a command's answer whatever else is under way: a described file's, a shown job's.
    pub named_key: Option<String>,
    /// Keys it would have as a command's answer.
    pub command_keys: Vec<String>,
    /// Counts sightings and attempts in the order in which this owner saw or made them.
    pub serial: u64,
}

impl Facts {
    /// Reads them. `serial` is that of the first sighting of the message.
    pub fn of(message: &Message<'_>, reading: &Reading<'_>, serial: u64) -> Self {
        let metadata = message.interaction_metadata.as_ref();
        let old_form = message.interaction.as_ref();
        let trigger =
            metadata.and_then(|metadata| metadata.triggering_interaction_metadata.as_deref());
        let mut interactions = Vec::new();
        for id in [
            metadata.map(|it| it.id),
            trigger.map(|it| it.id),
            old_form.map(|it| it.id),
        ]
        .into_iter()
        .flatten()
        {
            if !interactions.contains(&id) {
                interactions.push(id);
            }
        }
        let user = metadata
            .and_then(|metadata| metadata.user)
            .or_else(|| {
                old_form
                    .and_then(|form| form.user.as_ref())
                    .map(|user| user.id)
            })
            .or(reading.user);
        let reference = message
            .message_reference
            .and_then(|reference| reference.message_id);
        let pressed = metadata.and_then(interacted).or(reference);
        let application = reading.bot.map(crate::application::Bot::application_id);
        let mut facts = Self {
            message: message.id,
            channel: message.channel_id,
            application,
            says: says(reading.kind),
            nonce: message.nonce.clone(),
            interactions,
            interaction_kind: metadata
                .and_then(|it| it.kind)
                .or_else(|| old_form.and_then(|form| form.kind)),
            user,
            reference,
            original_response: metadata.and_then(|metadata| metadata.original_response_message_id),
            pressed,
            job: reading.job.or(reading.cancel),
            has_cancel: reading.cancel.is_some(),
            has_result_buttons: key::has_result_buttons(reading),
            reply_keys: Vec::new(),
            named_key: application
                .and_then(|application| key::of_named(application, user, reading)),
            command_keys: Vec::new(),
            serial,
        };
        if let Some((application, user)) = application.zip(user) {
            facts.reply_keys = pressed
                .map(|pressed| key::of_reply(application, user, pressed, reading))
                .unwrap_or_default();
            let command = old_form
                .and_then(|form| form.name.as_deref())
                .or_else(|| metadata.and_then(|it| it.name.as_deref()));
            facts.command_keys = key::of_answer(application, user, reading, command);
        }
        facts
    }

    /// Whether it carries anything by which a step of the chain could know it.
    pub fn is_job(&self) -> bool {
        self.says != Says::Nothing || self.nonce.is_some() || !self.interactions.is_empty()
    }
}

fn interacted(metadata: &InteractionMetadata) -> Option<MessageId> {
    metadata.interacted_message_id.or_else(|| {
        metadata
            .triggering_interaction_metadata
            .as_deref()
            .and_then(|trigger| trigger.interacted_message_id)
    })
}

fn says(kind: Kind) -> Says {
    match kind {
        Kind::Job(Phase::Start | Phase::Progress | Phase::Paused) | Kind::Placeholder => {
            Says::UnderWay
        }
        Kind::Job(Phase::Final | Phase::Stopped) | Kind::Describe | Kind::Shorten => Says::End,
        Kind::Refusal => Says::Notice,
        Kind::ShortenDetails
        | Kind::Info
        | Kind::Settings
        | Kind::Rated
        | Kind::Seed(_)
        | Kind::Empty
        | Kind::Other => Says::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read;

    #[test]
    fn the_commands_name_is_read_from_either_form() {
        let keys = |origin: &str| {
            let text = format!(
                r#"{{"id":"9","channel_id":"8","author":{{"id":"936929561302675456"}},
                    "content":"**<https://s.mj.run/a> <https://s.mj.run/b>** - <@5> (fast)",{origin}}}"#
            );
            let message: Message<'_> = serde_json::from_str(&text).unwrap();
            let facts = Facts::of(&message, &read::read(&message), 1);
            facts.command_keys.join(" ")
        };
        let old = keys(r#""interaction":{"id":"7","type":2,"name":"blend"}"#);
        let new = keys(r#""interaction_metadata":{"id":"7","type":2,"name":"blend"}"#);
        assert_eq!(old, "936929561302675456/5/blend");
        assert_eq!(new, old);
        let unnamed = keys(r#""interaction_metadata":{"id":"7","type":2}"#);
        assert!(unnamed.contains("/words/") && unnamed.contains("/blend"));
    }
}
