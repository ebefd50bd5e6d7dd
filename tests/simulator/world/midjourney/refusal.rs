//! What Midjourney answers instead of a picture: one table of notices, and the words in a prompt that ask for them.

use serde_json::{Value, json};

use super::button::rows;
use crate::snowflake::Millis;

/// Colour of an error.
pub(crate) const RED: u64 = 16_711_680;
/// Colour of a warning.
pub(crate) const YELLOW: u64 = 16_776_960;
/// Colour of good news.
pub(crate) const GREEN: u64 = 65_280;

/// What goes differently with an interaction or its job.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Trouble {
    /// The human check.
    Captcha,
    /// Refused after the start.
    Fails(&'static Refusal),
    /// `INTERACTION_FAILURE`: the application did not answer.
    Failure,
    /// The final waits for `release`.
    Hold,
    None,
    /// The job is paused for a while in the middle.
    Paused,
    /// Plain content instead of an embed; `{command}` stands for the refused one.
    Plain(&'static str),
    /// Refused at once; with the seconds that the notice names.
    Refused(&'static Refusal, u64),
    /// Accepted and never heard of again.
    Silent,
    /// Ten times as slow.
    Slow,
    /// Stands still at 46 % until `release`.
    Stall,
    /// Ends as `(Stopped)` in the middle.
    Stopped,
    /// The progress message is deleted and no final follows.
    Vanish,
}

/// What stands in a notice's footer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Footer {
    /// The refused command.
    Command,
    None,
    /// The moderators' code.
    Decline,
}

/// One notice.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Refusal {
    name: &'static str,
    pub(crate) title: &'static str,
    /// `{until}` stands for a stamp, `{for}` for a span.
    description: &'static str,
    color: Option<u64>,
    footer: Footer,
    buttons: &'static [(&'static str, &'static str)],
    /// It is about the account and holds until it is cleared.
    pub(crate) holds: bool,
    /// It comes in the middle of the job.
    late: bool,
    /// What the notice names unless the test says otherwise; 0 when it names no time.
    seconds: u64,
}

const fn refusal(name: &'static str, title: &'static str, description: &'static str) -> Refusal {
    Refusal {
        name,
        title,
        description,
        color: Some(RED),
        footer: Footer::Command,
        buttons: &[],
        holds: false,
        late: false,
        seconds: 0,
    }
}

/// A notice about the account.
const fn account(name: &'static str, title: &'static str, description: &'static str) -> Refusal {
    Refusal {
        footer: Footer::None,
        holds: true,
        ..refusal(name, title, description)
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
        "invalid-aspect",
        "Invalid parameter",
        "Invalid aspect ratio",
    ),
    refusal(
        "invalid-value",
        "Invalid parameter",
        "Invalid value provided for argument `--simulated`: `x`",
    ),
    refusal(
        "invalid-prompt",
        "Invalid prompt",
        "The prompt could not be understood.",
    ),
    refusal(
        "invalid-request",
        "Invalid request",
        "The request could not be understood.",
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
    refusal(
        "action-restricted",
        "Job action restricted",
        "This action is not allowed for this job.",
    ),
    Refusal {
        footer: Footer::Decline,
        ..refusal(
            "declined",
            "Sorry, something went wrong",
            "The job encountered an error. Our team has been notified.",
        )
    },
    Refusal {
        buttons: &[("MJ::Prompts::Appeal::q1Xw3TzLmBo", "Appeal")],
        ..refusal(
            "moderated",
            "Action needed to continue",
            "Sorry! Our AI moderators feel your prompt might be against our community standards.\n\n        If you think this is a mistake, please press the \"Appeal\" button below and we will send it to a more sophisticated AI to double-check the result.",
        )
    },
    Refusal {
        color: None,
        footer: Footer::None,
        seconds: 60,
        ..refusal(
            "slow-down",
            "Slow Down!",
            "You can request another upscale for this image {until}",
        )
    },
    refusal(
        "queue-full",
        "Queue full",
        "Your job queue is full. Please wait for a job to finish first, then resubmit this one.",
    ),
    Refusal {
        buttons: &[
            ("MJ::Moderation::Acknowledge", "Acknowledge"),
            ("MJ::Moderation::Resubmit", "Resubmit"),
        ],
        ..account(
            "pending-mod",
            "Pending mod message",
            "You have a pending moderation message. Please acknowledge it before using the bot further.",
        )
    },
    account(
        "blocked",
        "Blocked",
        "You have been blocked from accessing Midjourney. This happens on repeated or serious ToS violations",
    ),
    Refusal {
        seconds: 3_600,
        ..account(
            "blocked-for",
            "Blocked",
            "You have been blocked from accessing Midjourney for {for}.",
        )
    },
    account(
        "abuse",
        "You have triggered an abuse alert",
        "Your account is under review by the moderators.",
    ),
    account(
        "plan-cancelled",
        "Plan Cancelled",
        "Your plan has been cancelled. Please /subscribe again to create images.",
    ),
    Refusal {
        footer: Footer::Command,
        ..account(
            "subscription",
            "Subscription required",
            "Due to extreme demand we can't provide a free trial right now. Please /subscribe to create images with Midjourney.",
        )
    },
    account(
        "subscription-paused",
        "Subscription paused",
        "Your subscription is paused because of a failed payment.",
    ),
    Refusal {
        footer: Footer::Command,
        ..account(
            "credits",
            "Credits exhausted",
            "You've run out of fast hours. Buy more or switch to relax mode.",
        )
    },
    Refusal {
        buttons: &[("MJ::Account::AcceptTos", "Accept ToS")],
        ..account(
            "tos",
            "Tos not accepted",
            "You must accept the Terms of Service first.",
        )
    },
    Refusal {
        color: None,
        ..account(
            "captcha-picture",
            "",
            "Wow! You're making so many AI images we need to verify you're human 😂\nPlease select which description best fits the image below.",
        )
    },
    Refusal {
        late: true,
        ..refusal(
            "image-filter",
            "Request cancelled due to image filters",
            "Our filters found something in the result that is not allowed.",
        )
    },
    Refusal {
        late: true,
        ..refusal(
            "output-filter",
            "Request cancelled due to output filters",
            "Our filters found something in the result that is not allowed.",
        )
    },
    Refusal {
        late: true,
        ..refusal(
            "job-error",
            "Sorry, something went wrong",
            "The job encountered an error. Please try again.",
        )
    },
    Refusal {
        late: true,
        footer: Footer::Decline,
        ..refusal(
            "late-decline",
            "Sorry, something went wrong",
            "The job encountered an error. Our team has been notified.",
        )
    },
];

/// Notices in plain text.
const PLAIN: &[(&str, &str)] = &[
    (
        "internal",
        "There was an error processing your request. Please try again later. Your trace: `lantern-orchid-pebble`",
    ),
    ("failed", "Failed to process your command"),
    (
        "plain-parameter",
        "Invalid parameter\nUnrecognized parameter(s): `--simulated`\n{command}",
    ),
];

/// How an interaction's words ask for trouble.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Asked {
    /// `simulate:NAME` in a command.
    Command,
    /// `simulate:press-NAME` in the prompt of the pressed result.
    Press,
    /// Either of them in what a modal brings back.
    Submit,
}

impl Trouble {
    /// The trouble that a prompt asks for.
    pub(crate) fn of_prompt(prompt: &str, asked: Asked) -> Self {
        let names = prompt
            .split_whitespace()
            .filter_map(|word| word.strip_prefix("simulate:"));
        let mut troubles = names.filter_map(|name| match (name.strip_prefix("press-"), asked) {
            (None, Asked::Command | Asked::Submit) => Self::of_name(name),
            (Some(name), Asked::Press | Asked::Submit) => Self::of_name(name),
            (None, Asked::Press) | (Some(_), Asked::Command) => None,
        });
        troubles.next().unwrap_or(Self::None)
    }

    /// The trouble with this name, which may say how long: `slow-down=30s`, `blocked-for=2h`.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        let (name, span) = name.split_once('=').unwrap_or((name, ""));
        Some(match name {
            "captcha" => Self::Captcha,
            "failure" => Self::Failure,
            "hold" => Self::Hold,
            "paused" => Self::Paused,
            "silent" => Self::Silent,
            "slow" => Self::Slow,
            "stall" => Self::Stall,
            "stopped" => Self::Stopped,
            "vanish" => Self::Vanish,
            _ => {
                if let Some((_, text)) = PLAIN.iter().find(|(other, _)| *other == name) {
                    return Some(Self::Plain(text));
                }
                let refusal = REFUSALS.iter().find(|refusal| refusal.name == name)?;
                if refusal.late {
                    Self::Fails(refusal)
                } else {
                    Self::Refused(refusal, seconds(span).unwrap_or(refusal.seconds))
                }
            }
        })
    }

    /// Whether it comes instead of a job.
    pub(crate) fn is_refusal(self) -> bool {
        matches!(
            self,
            Self::Captcha | Self::Failure | Self::Plain(_) | Self::Refused(..)
        )
    }

    /// Whether it is about the account and holds until it is cleared.
    pub(crate) fn holds(self) -> bool {
        match self {
            Self::Captcha => true,
            Self::Refused(refusal, _) => refusal.holds,
            Self::Fails(_)
            | Self::Failure
            | Self::Hold
            | Self::None
            | Self::Paused
            | Self::Plain(_)
            | Self::Silent
            | Self::Slow
            | Self::Stall
            | Self::Stopped
            | Self::Vanish => false,
        }
    }

    /// Whether relax mode is free of it.
    pub(crate) fn spares_relaxed(self) -> bool {
        matches!(
            self,
            Self::Refused(
                Refusal {
                    name: "credits",
                    ..
                },
                _
            )
        )
    }

    /// When a block that names its length is over.
    pub(crate) fn over(self, now: Millis) -> Option<Millis> {
        let Self::Refused(refusal, seconds) = self else {
            return None;
        };
        (refusal.holds && seconds > 0).then(|| now + seconds * 1_000)
    }
}

impl Refusal {
    /// Embed and components.
    pub(crate) fn render(&self, now: Millis, seconds: u64, command: &str) -> (Value, Vec<Value>) {
        let footer = match self.footer {
            Footer::Command => Some(command),
            Footer::None => None,
            Footer::Decline => Some("decline-amber-thicket"),
        };
        let buttons: Vec<Value> = self
            .buttons
            .iter()
            .map(|(custom_id, label)| json!({"type": 2, "style": 2, "custom_id": custom_id, "label": label}))
            .collect();
        let description = self
            .description
            .replace("{until}", &format!("<t:{}:R>", now / 1_000 + seconds))
            .replace("{for}", &span(seconds));
        let mut embed = embed(self.title, &description, self.color.unwrap_or(RED), footer);
        if let Some(embed) = embed.as_object_mut() {
            if self.color.is_none() {
                embed.remove("color");
            }
            if self.title.is_empty() {
                embed.remove("title");
            }
        }
        (embed, rows(vec![buttons]))
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

/// `90s`, `5m`, `2h`, `3d`.
fn seconds(span: &str) -> Option<u64> {
    let number = span.get(..span.len().checked_sub(1)?)?;
    let unit = match span.as_bytes().last()? {
        b's' => 1,
        b'm' => 60,
        b'h' => 3_600,
        b'd' => 86_400,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

/// `1 hour`, `30 minutes`: the largest unit that fits.
fn span(seconds: u64) -> String {
    let units = [
        (86_400, "day"),
        (3_600, "hour"),
        (60, "minute"),
        (1, "second"),
    ];
    let unit = units
        .into_iter()
        .find(|(length, _)| seconds.is_multiple_of(*length));
    let (length, name) = unit.unwrap_or((1, "second"));
    let count = seconds / length;
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        for (place, refusal) in REFUSALS.iter().enumerate() {
            assert!(Trouble::of_name(refusal.name).is_some());
            assert!(
                REFUSALS[..place]
                    .iter()
                    .all(|other| other.name != refusal.name),
                "{}",
                refusal.name
            );
        }
        assert_eq!(Trouble::of_name("nonsense"), None);
    }

    #[test]
    fn presses_have_words_of_their_own() {
        let prompt = "a cat simulate:press-banned";
        assert_eq!(Trouble::of_prompt(prompt, Asked::Command), Trouble::None);
        let banned = Trouble::of_name("banned").unwrap();
        assert_eq!(Trouble::of_prompt(prompt, Asked::Press), banned);
        assert_eq!(
            Trouble::of_prompt("a cat simulate:banned", Asked::Press),
            Trouble::None
        );
    }

    #[test]
    fn notices_name_their_time() {
        let Some(Trouble::Refused(refusal, seconds)) = Trouble::of_name("slow-down=2m") else {
            panic!("no refusal")
        };
        let (embed, _) = refusal.render(1_000_000, seconds, "");
        let text = embed["description"].as_str().unwrap();
        assert!(text.ends_with("<t:1120:R>") && embed.get("color").is_none());
        let Some(Trouble::Refused(refusal, seconds)) = Trouble::of_name("blocked-for") else {
            panic!("no refusal")
        };
        let (embed, _) = refusal.render(0, seconds, "");
        assert!(
            embed["description"]
                .as_str()
                .unwrap()
                .ends_with("for 1 hour.")
        );
        assert_eq!(span(5_400), "90 minutes");
    }
}
