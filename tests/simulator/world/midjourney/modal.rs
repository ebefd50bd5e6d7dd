//! Modals: the forms that a press opens, and the jobs that come of them when they are sent back.

use serde_json::{Value, json};

use super::Order;
use super::button::{Choice, Press};
use super::job_kind::{JobKind, Vary};
use super::prompt::read_with;
use super::refusal::{Asked, RED, Trouble, embed};
use super::rewrite::{derived, read_zoom, zoom_proposal};
use crate::snowflake::{Millis, Snowflake};
use crate::world::World;
use crate::world::interaction::{Interaction, What};
use crate::world::message::Channel;

/// Longest text of an input (<https://discord.com/developers/docs/components/reference#text-input>).
pub(in crate::world) const INPUT_LIMIT: usize = 4_000;

/// What a form asks for.
#[derive(Clone, Debug)]
pub(in crate::world) struct Form {
    pub(in crate::world) custom_id: String,
    title: &'static str,
    /// `custom_id` of its only input.
    pub(in crate::world) input: &'static str,
    label: String,
    /// What the input shows at first.
    value: String,
    outcome: Outcome,
}

/// What comes of a form.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    /// A picture for the new prompt, beside the message.
    Imagine,
    /// A job of this kind.
    Job(JobKind),
    /// A zoom whose factor stands in the text.
    Zoom,
}

/// A form that was shown and not sent back yet.
#[derive(Clone, Debug)]
pub(in crate::world) struct Modal {
    pub(in crate::world) press: Interaction,
    pub(in crate::world) form: Form,
}

impl World {
    /// Whether presses of this user open a modal: the account's own choice, or the switch for all.
    pub(in crate::world) fn remixes(&self, user: Snowflake) -> bool {
        let own = self.midjourney.settings.get(&user);
        self.behaviour.remix || own.is_some_and(|settings| settings.remix)
    }

    /// The form that a press opens, if it opens one.
    pub(super) fn form_of(&self, interaction: &Interaction, press: Press<'_>) -> Option<Form> {
        match press {
            Press::Choice(Choice::Number(number)) => self.choice_form(interaction, number),
            Press::CustomZoom(job) => {
                let place = self.midjourney.place(job)?;
                let parent = &self.midjourney.jobs[place];
                Some(Form {
                    custom_id: format!("MJ::OutpaintCustomZoomModal::{job}"),
                    title: "Zoom Out",
                    input: "MJ::OutpaintCustomZoomModal::prompt",
                    label: "Custom Zoom prompt".into(),
                    value: zoom_proposal(&parent.prompt),
                    outcome: Outcome::Zoom,
                })
            }
            Press::Job {
                kind,
                parent,
                manual,
            } if manual || self.remixes(interaction.user) => {
                self.remix_form(interaction, kind, parent)
            }
            Press::Bookmark(_)
            | Press::Cancel(_)
            | Press::Choice(Choice::All)
            | Press::Inpaint(_)
            | Press::Job { .. }
            | Press::Notice(_) => None,
        }
    }

    fn remix_form(&self, interaction: &Interaction, kind: JobKind, job: &str) -> Option<Form> {
        let place = self.midjourney.place(job)?;
        let parent = &self.midjourney.jobs[place];
        let kind = parent.repeated(kind);
        let message = interaction.pressed()?;
        let remix = "MJ::RemixModal::new_prompt";
        let (custom_id, title, input) = match kind {
            JobKind::Variation(index) => (
                format!("MJ::RemixModal::{job}::{index}::1"),
                "Remix Prompt",
                remix,
            ),
            JobKind::Vary(Vary::Strong) => (
                format!("MJ::RemixModal::{job}::1::1"),
                "Remix Prompt",
                remix,
            ),
            JobKind::Vary(Vary::Subtle) => (
                format!("MJ::RemixModal::{job}::1::0"),
                "Remix Prompt",
                remix,
            ),
            JobKind::Reroll => (
                format!("MJ::ImagineModal::{message}"),
                "Imagine",
                "MJ::ImagineModal::new_prompt",
            ),
            JobKind::Pan(direction) => (
                format!("MJ::PanModal::{}::{job}::1", direction.to_lowercase()),
                "Pan",
                "MJ::PanModal::prompt",
            ),
            JobKind::Zoom { .. } => (
                format!("MJ::OutpaintModal::{}::1::{job}", factor(interaction)),
                "Zoom Out",
                "MJ::OutpaintModal::new_prompt",
            ),
            JobKind::Animate(motion) | JobKind::Extend(motion) => {
                let extends = u8::from(matches!(kind, JobKind::Extend(_)));
                let custom_id = format!("MJ::AnimateModal::{job}::1::{}::{extends}", motion.name());
                (custom_id, "Animate", "MJ::AnimateModal::prompt")
            }
            JobKind::Imagine
            | JobKind::Upscale(_)
            | JobKind::UpscaleHd { .. }
            | JobKind::Vary(Vary::Region)
            | JobKind::VideoUpscale(_) => return None,
        };
        Some(Form {
            custom_id,
            title,
            input,
            label: "New prompt".into(),
            value: derived(
                &parent.prompt,
                if kind.is_video() {
                    kind
                } else {
                    JobKind::Imagine
                },
            )
            .echo,
            outcome: Outcome::Job(kind),
        })
    }

    /// One of the numbered prompts in the embed of the pressed message.
    fn choice_form(&self, interaction: &Interaction, number: usize) -> Option<Form> {
        let What::Press { message, custom_id } = &interaction.what else {
            return None;
        };
        let described = custom_id.starts_with("MJ::Job::PicReader::");
        let value = self.numbered_prompt(*message, number)?;
        let (custom_id, input) = if described {
            (
                format!("MJ::Picreader::Modal::{number}"),
                "MJ::Picreader::Modal::PromptField",
            )
        } else {
            (
                format!("MJ::ImagineModal::{message}"),
                "MJ::ImagineModal::new_prompt",
            )
        };
        Some(Form {
            custom_id,
            title: "Imagine This!",
            input,
            label: "Prompt".into(),
            value,
            outcome: Outcome::Imagine,
        })
    }

    /// The prompt behind a keycap number in the message's embeds.
    pub(super) fn numbered_prompt(&self, message: Snowflake, number: usize) -> Option<String> {
        let embeds = &self.messages.get(&message)?.embeds;
        embeds.iter().find_map(|embed| {
            let text = embed["description"].as_str()?;
            let (_, rest) = text.split_once(&keycap(number))?;
            let end = rest.find(&keycap(number + 1)).unwrap_or(rest.len());
            Some(rest[..end].trim().to_owned())
        })
    }

    /// Shows a form to the session that pressed.
    pub(super) fn open_modal(&mut self, now: Millis, interaction: &Interaction, form: Form) {
        let shown: String = form.value.chars().take(INPUT_LIMIT).collect();
        let input = json!({
            "type": 4, "id": 2, "custom_id": form.input, "label": form.label, "style": 2, "value": shown,
            "required": true, "min_length": 1, "max_length": INPUT_LIMIT,
        });
        let event = json!({
            "channel_id": interaction.channel, "custom_id": form.custom_id, "title": form.title, "application": self.partial_application(interaction.application),
            "components": [{"type": 1, "id": 1, "components": [input]}], "resolved": {},
        });
        self.tell_sender(now, interaction, "INTERACTION_MODAL_CREATE", &event);
        if self.behaviour.modal_success {
            self.tell_sender(now, interaction, "INTERACTION_SUCCESS", &json!({}));
        }
        let ttl = self.behaviour.modal_ttl;
        let modals = &mut self.midjourney.modals;
        modals.retain(|_, modal| now < modal.press.at + ttl);
        let modal = Modal {
            press: interaction.clone(),
            form,
        };
        modals.insert(interaction.id, modal);
    }

    /// One of the bots as events name an application.
    pub(super) fn partial_application(&self, id: Snowflake) -> Value {
        let bot = self.people.user_json(id, Channel::Gateway);
        json!({"id": id, "name": bot["username"], "icon": null, "description": "", "bot": bot})
    }

    /// A form that came back.
    pub(super) fn receive_submit(&mut self, now: Millis, interaction: &Interaction) -> bool {
        let What::Submit { modal, text, .. } = &interaction.what else {
            return false;
        };
        let Some(modal) = self.midjourney.modals.remove(modal) else {
            return false;
        };
        let trouble = self.trouble_of(now, interaction, text, Asked::Submit);
        if trouble == Trouble::Failure {
            return false;
        }
        let defaults = self.defaults_of(interaction);
        let prompt = match modal.form.outcome {
            Outcome::Zoom => read_zoom(text, &defaults),
            Outcome::Imagine | Outcome::Job(_) => read_with(text, &defaults),
        };
        let prompt = match prompt {
            Ok(prompt) => prompt,
            Err(rejection) => {
                self.tell_sender(now, interaction, "INTERACTION_SUCCESS", &json!({}));
                let footer = format!("/imagine {text}");
                let notice = embed(rejection.title, &rejection.description, RED, Some(&footer));
                self.notice(now, interaction, None, notice, Vec::new());
                self.record.refused(interaction.id, rejection.title);
                return true;
            }
        };
        let kind = match modal.form.outcome {
            Outcome::Imagine => JobKind::Imagine,
            Outcome::Job(kind) => kind,
            Outcome::Zoom => JobKind::Zoom { square: false },
        };
        let scene = self.random.uuid();
        let order = Order {
            remix: true,
            ..Order::new(interaction, kind, derived(&prompt, kind), scene, trouble)
        };
        self.add_job(now, interaction, order);
        true
    }
}

/// The factor in the `custom_id` of the pressed zoom button.
fn factor(interaction: &Interaction) -> &str {
    match &interaction.what {
        What::Press { custom_id, .. } => custom_id.split("::").nth(2).unwrap_or("50"),
        What::Command { .. } | What::Submit { .. } => "50",
    }
}

fn keycap(number: usize) -> String {
    format!("{number}\u{fe0f}\u{20e3}")
}
