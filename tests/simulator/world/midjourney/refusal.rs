//! What Midjourney answers instead of a picture, by trigger words in the prompt: `simulate:<name>`.

use serde_json::{Value, json};

use super::button::rows;

/// Colour of an error.
pub(crate) const RED: u64 = 16_711_680;
/// Colour of a warning.
pub(crate) const YELLOW: u64 = 16_776_960;

/// What goes differently with a job.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Trouble {
    /// The human check.
    Captcha,
    /// Refused after the start: title, description.
    Fails(&'static str, &'static str),
    /// `INTERACTION_FAILURE`: the application did not answer.
    Failure,
    /// The final waits for `release`.
    Hold,
    None,
    /// Plain content instead of an embed.
    Plain(&'static str),
    /// Refused at once.
    Refused(&'static Refusal),
    /// Accepted and never heard of again.
    Silent,
    /// Ten times as slow.
    Slow,
    /// Stands still at 46 % until `release`.
    Stall,
    /// The progress message is deleted and no final follows.
    Vanish,
}

/// One embed.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Refusal {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    color: u64,
    footer: bool,
    buttons: &'static [(&'static str, &'static str)],
}

const fn refusal(name: &'static str, title: &'static str, description: &'static str) -> Refusal {
    Refusal {
        name,
        title,
        description,
        color: RED,
        footer: true,
        buttons: &[],
    }
}

const REFUSALS: &[Refusal] = &[
    refusal(
        "banned",
        "Banned prompt detected",
        "The filter found words that are not allowed here. Repeated use may lead to a block.",
    ),
    refusal(
        "invalid-parameter",
        "Invalid parameter",
        "Unrecognized parameter(s): `--simulated`",
    ),
    refusal(
        "invalid-prompt",
        "Invalid prompt",
        "The prompt could not be understood.",
    ),
    refusal(
        "invalid-link",
        "Invalid link",
        "Could not fetch an image from the given link.",
    ),
    refusal(
        "duplicate-images",
        "Duplicate images detected",
        "The same image was given more than once.",
    ),
    refusal(
        "image-denied",
        "Image denied",
        "The image was refused by the moderators' filter.",
    ),
    Refusal {
        buttons: &[("MJ::Prompts::Appeal", "Appeal")],
        ..refusal(
            "moderated",
            "Action needed to continue",
            "Sorry! Our AI moderators feel your prompt might be against our community standards.\n\n        If you think this is a mistake, please press the \"Appeal\" button below and we will send it to a more sophisticated AI to double-check the result.",
        )
    },
    Refusal {
        footer: false,
        buttons: &[("MJ::Moderation::Acknowledge", "Acknowledge")],
        ..refusal(
            "pending-mod",
            "Pending mod message",
            "You have a pending moderation message. Please acknowledge it before using the bot further.",
        )
    },
    Refusal {
        footer: false,
        ..refusal(
            "blocked",
            "Blocked",
            "You have been blocked from accessing Midjourney. This happens on repeated or serious ToS violations",
        )
    },
    refusal(
        "subscription",
        "Subscription required",
        "Due to extreme demand we can't provide a free trial right now. Please /subscribe to create images with Midjourney.",
    ),
    refusal(
        "credits",
        "Credits exhausted",
        "You've run out of fast hours. Buy more or switch to relax mode.",
    ),
    Refusal {
        footer: false,
        buttons: &[("MJ::Account::AcceptTos", "Accept ToS")],
        ..refusal(
            "tos",
            "Tos not accepted",
            "You must accept the Terms of Service first.",
        )
    },
    Refusal {
        color: YELLOW,
        ..refusal(
            "slow-down",
            "Slow Down!",
            "You are sending jobs too quickly. Please wait a moment.",
        )
    },
    refusal(
        "queue-full",
        "Queue full",
        "Your job queue is full. Please wait for a job to finish first, then resubmit this one.",
    ),
];

impl Trouble {
    /// The trouble that a prompt asks for.
    pub(crate) fn of_prompt(prompt: &str) -> Self {
        let Some(name) = prompt
            .split_whitespace()
            .find_map(|word| word.strip_prefix("simulate:"))
        else {
            return Self::None;
        };
        match name {
            "captcha" => Self::Captcha,
            "failure" => Self::Failure,
            "hold" => Self::Hold,
            "silent" => Self::Silent,
            "slow" => Self::Slow,
            "stall" => Self::Stall,
            "vanish" => Self::Vanish,
            "image-filter" => Self::Fails(
                "Request cancelled due to image filters",
                "Our filters found something in the result that is not allowed.",
            ),
            "output-filter" => Self::Fails(
                "Request cancelled due to output filters",
                "Our filters found something in the result that is not allowed.",
            ),
            "job-error" => Self::Fails(
                "Sorry, something went wrong",
                "The job encountered an error. Please try again.",
            ),
            "internal" => Self::Plain(
                "There was an error processing your request. Please try again later. Your trace: `lantern-orchid-pebble`",
            ),
            "failed" => Self::Plain("Failed to process your command"),
            _ => REFUSALS
                .iter()
                .find(|refusal| refusal.name == name)
                .map_or(Self::None, Self::Refused),
        }
    }
}

impl Refusal {
    /// Embed and components.
    pub(crate) fn render(&self, command: &str) -> (Value, Vec<Value>) {
        let footer = self.footer.then_some(command);
        let buttons: Vec<Value> = self.buttons.iter().map(|(custom_id, label)| json!({"type": 2, "style": 2, "custom_id": custom_id, "label": label})).collect();
        let rows = if buttons.is_empty() {
            Vec::new()
        } else {
            rows(vec![buttons])
        };
        (
            embed(self.title, self.description, self.color, footer),
            rows,
        )
    }
}

/// An embed in Midjourney's shape.
pub(crate) fn embed(title: &str, description: &str, color: u64, footer: Option<&str>) -> Value {
    let mut embed = json!({"type": "rich", "title": title, "description": description, "color": color, "content_scan_version": 0});
    if let Some(text) = footer {
        embed["footer"] = json!({"text": text});
    }
    embed
}
