//! Presses: what each button does, from the job it starts to the answer to a refusal.

use serde_json::json;

use super::button::{Answer, Choice, Press};
use super::job_kind::JobKind;
use super::prompt::read_with;
use super::refusal::{Asked, GREEN, RED, Trouble, embed};
use super::rewrite::derived;
use super::{JobState, Order};
use crate::snowflake::Millis;
use crate::world::World;
use crate::world::behaviour::AppealOutcome;
use crate::world::dispatch::Change;
use crate::world::interaction::Interaction;
use crate::world::message::{EPHEMERAL, kind};

impl World {
    /// A pressed button; false when the bot has no answer to it.
    pub(super) fn receive_press(
        &mut self,
        now: Millis,
        interaction: &Interaction,
        custom_id: &str,
    ) -> bool {
        let Some(press) = Press::read(custom_id) else {
            return false;
        };
        match press {
            Press::Cancel(job) => return self.receive_cancel(now, interaction, job),
            Press::Notice(answer) => return self.receive_answer(now, interaction, answer),
            Press::Bookmark(_)
            | Press::Choice(_)
            | Press::CustomZoom(_)
            | Press::Inpaint(_)
            | Press::Job { .. } => {}
        }
        let form = self.form_of(interaction, press);
        if let (None, Press::Job { kind, parent, .. }) = (&form, press) {
            return self.receive_job_press(now, interaction, kind, parent);
        }
        // What opens something is refused before it opens.
        let trouble = self.trouble_of(now, interaction, &self.pressed_echo(press), Asked::Press);
        if trouble == Trouble::Failure {
            return false;
        }
        if trouble == Trouble::Silent {
            return true;
        }
        if trouble.is_refusal() {
            self.turn_away(now, interaction, trouble, "/imagine");
            return true;
        }
        match (form, press) {
            (Some(form), _) => self.open_modal(now, interaction, form),
            (None, Press::Bookmark(_)) => self.bookmark(now, interaction),
            (None, Press::Choice(Choice::All)) => return self.imagine_all(now, interaction),
            (None, Press::Inpaint(job)) => return self.open_editor(now, interaction, job),
            (
                None,
                Press::Cancel(_)
                | Press::Choice(Choice::Number(_))
                | Press::CustomZoom(_)
                | Press::Job { .. }
                | Press::Notice(_),
            ) => return false,
        }
        true
    }

    /// The prompt behind a button, as far as it belongs to a job.
    fn pressed_echo(&self, press: Press<'_>) -> String {
        let job = match press {
            Press::Bookmark(job)
            | Press::Cancel(job)
            | Press::CustomZoom(job)
            | Press::Inpaint(job) => job,
            Press::Job { parent, .. } => parent,
            Press::Choice(_) | Press::Notice(_) => return String::new(),
        };
        let place = self.midjourney.place(job);
        place.map_or_else(String::new, |place| {
            self.midjourney.jobs[place].prompt.echo.clone()
        })
    }

    fn receive_job_press(
        &mut self,
        now: Millis,
        interaction: &Interaction,
        kind: JobKind,
        parent: &str,
    ) -> bool {
        let Some(place) = self.midjourney.place(parent) else {
            return false;
        };
        let parent = self.midjourney.jobs[place].clone();
        let kind = parent.repeated(kind);
        let asked = self.trouble_of(now, interaction, &parent.prompt.echo, Asked::Press);
        let trouble = match (asked, parent.trouble) {
            (Trouble::Failure, _) => return false,
            (Trouble::None, Trouble::Slow | Trouble::Hold) => parent.trouble,
            (asked, _) => asked,
        };
        let scene = if kind.keeps_scene() {
            parent.scene.clone()
        } else {
            self.random.uuid()
        };
        let cell = match kind {
            JobKind::Upscale(index) | JobKind::VideoUpscale(index) => Some(index),
            JobKind::UpscaleHd { .. } => Some(parent.cell.unwrap_or(1)),
            JobKind::Animate(_)
            | JobKind::Extend(_)
            | JobKind::Imagine
            | JobKind::Pan(_)
            | JobKind::Reroll
            | JobKind::Variation(_)
            | JobKind::Vary(_)
            | JobKind::Zoom { .. } => None,
        };
        let prompt = derived(&parent.prompt, kind);
        let order = Order {
            cell,
            ..Order::new(interaction, kind, prompt, scene, trouble)
        };
        self.add_job(now, interaction, order);
        true
    }

    pub(super) fn receive_cancel(
        &mut self,
        now: Millis,
        interaction: &Interaction,
        job: &str,
    ) -> bool {
        let Some(place) = self.midjourney.place(job) else {
            return false;
        };
        self.tell_sender(now, interaction, "INTERACTION_SUCCESS", &json!({}));
        if matches!(
            self.midjourney.jobs[place].state,
            JobState::Held | JobState::Running
        ) {
            self.stop_progress(now, place);
            self.end(now, place, JobState::Cancelled);
        }
        true
    }

    /// The favourite mark makes no job, only a word of thanks.
    fn bookmark(&mut self, now: Millis, interaction: &Interaction) {
        self.tell_sender(now, interaction, "INTERACTION_SUCCESS", &json!({}));
        let Some(pressed) = interaction.pressed() else {
            return;
        };
        let mut message = self.answer_message(now, interaction, None);
        let (guild, channel) = (self.people.guild, interaction.channel);
        message.content = format!(
            "You have successfully rated [this job](https://discord.com/channels/{guild}/{channel}/{pressed}) with 😍"
        );
        message.kind = kind::REPLY;
        message.reference = Some(pressed);
        message.flags = EPHEMERAL;
        message.reader = Some(interaction.user);
        self.post(now, message);
        self.plan_parent_edit(now, interaction, 200, 2_000);
    }

    /// Every numbered prompt of the pressed message becomes a job.
    fn imagine_all(&mut self, now: Millis, interaction: &Interaction) -> bool {
        let Some(pressed) = interaction.pressed() else {
            return false;
        };
        let prompts: Vec<String> = (1..=5)
            .map_while(|number| self.numbered_prompt(pressed, number))
            .collect();
        let defaults = self.defaults_of(interaction);
        let read = |prompt: &String| read_with(prompt, &defaults).ok();
        for prompt in prompts.iter().filter_map(read) {
            let scene = self.random.uuid();
            let order = Order::new(interaction, JobKind::Imagine, prompt, scene, Trouble::None);
            self.add_job(now, interaction, order);
        }
        !prompts.is_empty()
    }

    /// A button under a refusal.
    fn receive_answer(&mut self, now: Millis, interaction: &Interaction, answer: Answer) -> bool {
        let Some(notice) = interaction.pressed() else {
            return false;
        };
        self.tell_sender(now, interaction, "INTERACTION_SUCCESS", &json!({}));
        let refused = self.midjourney.notices.remove(&notice);
        let rejected = self.behaviour.appeal == AppealOutcome::Rejected;
        let (title, text, color) = match answer {
            Answer::Appeal if rejected => (
                "Appeal rejected",
                "Your appeal has been rejected: the prompt stays refused.",
                RED,
            ),
            Answer::Appeal => (
                "Appeal accepted",
                "Your appeal has been accepted. The job will start in a moment.",
                GREEN,
            ),
            Answer::AcceptTos => ("Success!", "You have accepted the Terms of Service.", GREEN),
            Answer::Acknowledge | Answer::Resubmit => {
                ("Success!", "You have acknowledged the message.", GREEN)
            }
        };
        if let Some(message) = self.messages.get_mut(&notice) {
            message.embeds = vec![embed(title, text, color, None)];
            message.components.clear();
            message.edited = Some(now);
            self.announce(now, notice, Change::Update);
        }
        if answer != Answer::Appeal {
            self.standing.clear(interaction.user);
        }
        let goes_on = match answer {
            Answer::Appeal => !rejected,
            Answer::Resubmit => true,
            Answer::AcceptTos | Answer::Acknowledge => false,
        };
        let order = refused.and_then(|place| Some(self.midjourney.jobs.get(place)?.order()));
        if let Some(order) = order.filter(|_| goes_on) {
            self.add_job(now, interaction, order);
        }
        true
    }
}
