//! `/show` and the seed: a job's final once more, and the direct message that tells what it started from.

use std::collections::BTreeSet;

use serde_json::json;

use super::answer::{Later, Source};
use super::job_kind::JobKind;
use super::prompt::Prompt;
use super::refusal::Trouble;
use super::{Job, JobState, Order};
use crate::snowflake::{Millis, Snowflake};
use crate::world::World;
use crate::world::dispatch::Change;
use crate::world::interaction::Interaction;
use crate::world::message::{Message, kind};

/// Milliseconds until a job is found, and until a direct message is written.
const LOOKING_UP: u64 = 800;

impl World {
    /// `/show`: one's own finished job.
    pub(super) fn receive_show(&mut self, now: Millis, interaction: &Interaction) {
        let id = interaction
            .filled
            .texts
            .get("job_id")
            .map_or("", |id| id.trim());
        let own =
            |job: &Job| job.interaction.user == interaction.user && job.state == JobState::Finished;
        let place = self.midjourney.place(id);
        let place = place.filter(|place| self.midjourney.jobs.get(*place).is_some_and(own));
        let Some(job) = place else {
            let description = "There is no job of yours with this id.";
            return self.refuse(now, interaction, "Unknown job", description);
        };
        self.tell_sender(now, interaction, "INTERACTION_SUCCESS", &json!({}));
        let mut message = self.answer_message(now, interaction, None);
        message.content = "Displaying...".into();
        message.mentions.clear();
        let placeholder = self.post(now, message);
        let later = Later::Show {
            interaction: Box::new(interaction.clone()),
            placeholder,
            job,
        };
        self.later(now, LOOKING_UP, later);
    }

    /// The final behind its placeholder, which goes.
    pub(super) fn show_again(
        &mut self,
        now: Millis,
        interaction: &Interaction,
        placeholder: Snowflake,
        place: usize,
    ) {
        let Some(mut job) = self.midjourney.jobs.get(place).cloned() else {
            return;
        };
        job.interaction.channel = interaction.channel;
        let mut message = self.answer_message(now, interaction, Some(placeholder));
        message.kind = kind::REPLY;
        message.reference = Some(placeholder);
        message.content = self.final_text(&job);
        message.components = self.final_components(&job);
        message.files = vec![self.final_picture(now, &job)];
        let shown = self.post(now, message);
        self.remember_source(shown, Source::Job(place));
        if self.behaviour.progress_deletes {
            self.announce(now, placeholder, Change::Delete);
        }
    }

    /// The ✉️ reaction of a job's owner: its seed comes by direct message.
    pub(in crate::world) fn ask_seed(&mut self, now: Millis, user: Snowflake, message: Snowflake) {
        let shown = match self.midjourney.sources.get(&message) {
            Some(Source::Job(place)) => Some(*place),
            _ => None,
        };
        let made = || {
            let made = |job: &Job| job.final_message == Some(message);
            self.midjourney.jobs.position(made)
        };
        let place = shown.or_else(made);
        let job = place.and_then(|place| Some((place, self.midjourney.jobs.get(place)?)));
        if let Some((place, job)) = job
            && job.interaction.user == user
        {
            self.later(now, LOOKING_UP, Later::Seed { job: place });
        }
    }

    pub(super) fn send_seed(&mut self, now: Millis, place: usize) {
        let Some(mut job) = self.midjourney.jobs.get(place).cloned() else {
            return;
        };
        let (user, bot) = (job.interaction.user, job.interaction.application);
        let direct = self.direct_with(now, user, bot);
        job.interaction.channel = direct.channel;
        let id = self.snowflake(now);
        let mut message = Message::new(id, direct.channel, bot);
        message.content = format!(
            "**{}**\n**Job ID**: {}\n**seed** {}",
            job.prompt.echo,
            job.id,
            job.seed()
        );
        message.files = vec![self.final_picture(now, &job)];
        self.post(now, message);
    }

    /// `/blend`: two to five pictures and no words.
    pub(super) fn receive_blend(
        &mut self,
        now: Millis,
        interaction: &Interaction,
        trouble: Trouble,
    ) {
        let files = &interaction.filled.files;
        if files.values().any(|file| file.dimensions.is_none()) {
            return self.refuse(now, interaction, "Invalid image", "A file is no picture.");
        }
        let looks: BTreeSet<u64> = files
            .values()
            .map(|file| self.files.digest(&file.path))
            .collect();
        if looks.len() < files.len() {
            let description = "The same image was given more than once.";
            return self.refuse(now, interaction, "Duplicate images detected", description);
        }
        let urls: Vec<String> = files
            .values()
            .map(|file| self.fresh_url(now, &file.path))
            .collect();
        let dimensions = interaction.filled.texts.get("dimensions");
        let typed = format!(
            "{} {}",
            urls.join(" "),
            dimensions.map_or("", String::as_str)
        );
        let defaults = self.defaults_of(interaction);
        match super::prompt::read_with(&typed, &defaults) {
            Ok(prompt) => {
                let prompt = Prompt {
                    opening: Some(String::new()),
                    text: String::new(),
                    ..prompt
                };
                let scene = self.random.uuid();
                let order = Order::new(interaction, JobKind::Imagine, prompt, scene, trouble);
                self.add_job(now, interaction, order);
            }
            Err(rejection) => {
                self.refuse(now, interaction, rejection.title, &rejection.description);
            }
        }
    }
}
