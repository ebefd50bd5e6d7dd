//! Every way in which Midjourney or Discord says no: on embeds, in plain text, as events and as REST answers.
//!
//! What a refusal does to a task or an account is decided elsewhere; this is only its reading.

mod fail_code;
pub mod guide;
mod interaction;
mod notice;
mod rest;
mod words;

use std::time::Duration;

use mj_discord::{UnixMs, payload::Embed};
use serde::{Deserialize, Serialize};

pub(crate) use self::rest::NO_SUCH_UPLOAD;
pub use self::{
    fail_code::{FailCode, Lang, Scope},
    interaction::InteractionFailureReason,
    notice::{Notice, Outcome, Rest, Row, TABLE},
    rest::{ANSWERS, AnswerRow, Remedy},
    words::{Detail, with_detail},
};

/// Colours of error embeds: red as of 2023 to 2026, and two that public clients treat alike.
const ERROR_COLOURS: [u32; 3] = [16_711_680, 15_548_997, 15_844_367];
/// Colours of warning embeds.
const WARNING_COLOURS: [u32; 2] = [16_776_960, 16_239_475];
/// Colour of embeds that say that all is well.
const GOOD_COLOUR: u32 = 65_280;

/// When a refusal is over, as far as the notice says.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    /// At this time, from a `<t:…>` stamp.
    At(UnixMs),
    /// This long after the notice, as in "for 1 hour".
    After(Duration),
}

/// A notice of Midjourney's as read.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Refusal {
    /// Which one.
    pub notice: Notice,
    /// What PHP sees; None where the job goes on.
    pub code: Option<FailCode>,
    /// What follows.
    pub outcome: Outcome,
    /// The embed's heading.
    pub title: Option<String>,
    /// Midjourney's own words, without the echo of the command.
    pub text: String,
    /// When it is over.
    pub until: Option<Until>,
    /// The refused command's name, from the footer.
    pub command: Option<String>,
    /// The refused prompt as Midjourney repeats it after the command, from the footer: a fallback key.
    pub prompt: Option<String>,
}

impl Refusal {
    /// Reads an embed; None when it is no notice. The caller has ruled out describe, shorten and info results.
    pub fn of_embed(embed: &Embed<'_>) -> Option<Self> {
        let title = embed.title.as_deref().unwrap_or_default();
        let description = embed.description.as_deref().unwrap_or_default();
        let footer = embed
            .footer
            .as_ref()
            .map_or("", |footer| footer.text.as_ref());
        let by_footer = footer
            .trim_start()
            .starts_with("decline-")
            .then_some(Notice::Declined);
        let blocked = title.trim().eq_ignore_ascii_case("blocked").then(|| {
            Notice::in_text(description)
                .filter(|notice| matches!(notice, Notice::Abuse | Notice::TemporarilyBlocked))
                .unwrap_or(Notice::Blocked)
        });
        let colour = || by_colour(embed.color?);
        let notice = by_footer
            .or(blocked)
            .or_else(|| Notice::in_text(&own_words(title)))
            .or_else(|| {
                let confirms = is_confirmation(title) || is_confirmation(description);
                Notice::in_text(&own_words(description))
                    .filter(|notice| !confirms || notice.is_good_news())
            })
            .or_else(colour)
            .or_else(|| says_no(if title.is_empty() { description } else { title }))
            .filter(|notice| {
                embed.color != Some(GOOD_COLOUR) || notice.row().outcome == Outcome::Waits
            })?;
        Some(Self::new(
            notice,
            embed.title.as_deref(),
            description,
            footer,
        ))
    }

    /// Reads plain text that is no job line; None when it is no notice.
    pub fn of_content(content: &str) -> Option<Self> {
        let (words, echo) = match echo_at(content) {
            Some(at) => (&content[..at], &content[at + 1..]),
            None => (content, ""),
        };
        if shows_a_prompt(words) {
            return None;
        }
        let notice = Notice::in_text(&own_words(words))
            .filter(|notice| !is_confirmation(words) || notice.is_good_news())
            .or_else(|| says_no(words))?;
        let first = words
            .lines()
            .next()
            .filter(|first| first.len() < words.trim().len());
        Some(Self::new(notice, first, words, echo))
    }

    /// Reads `INTERACTION_IFRAME_MODAL_CREATE`: the human check, or None when it is the editor of Vary (Region).
    pub fn of_iframe(title: &str) -> Option<Self> {
        let notice = Notice::in_text(title).filter(|notice| *notice == Notice::Captcha)?;
        Some(Self::new(notice, Some(title), "", ""))
    }

    /// `INTERACTION_FAILURE` for one of our nonces.
    pub fn of_interaction_failure() -> Self {
        Self::new(Notice::InteractionFailed, None, "", "")
    }

    /// The same as a warning: it stands on the message of a job that goes on, or that has its picture.
    #[must_use]
    pub(crate) fn of_a_job_that_goes_on(self) -> Self {
        if self.outcome == Outcome::Waits {
            return self;
        }
        let row = Notice::UnknownWarning.row();
        Self {
            notice: row.notice,
            code: row.code,
            outcome: row.outcome,
            ..self
        }
    }

    /// Midjourney's own words on one line: heading and text.
    pub fn reason(&self) -> String {
        match &self.title {
            Some(title) if self.text.is_empty() || self.text.starts_with(title.as_str()) => {
                if self.text.is_empty() {
                    title.clone()
                } else {
                    self.text.clone()
                }
            }
            Some(title) => format!("{title}: {}", self.text),
            None => self.text.clone(),
        }
    }

    /// Its name in reports of the reader.
    pub fn label(&self) -> &'static str {
        self.notice.row().label
    }

    /// Whom it concerns.
    pub fn scope(&self) -> Scope {
        self.notice.row().scope()
    }

    fn new(notice: Notice, title: Option<&str>, text: &str, footer: &str) -> Self {
        let row = notice.row();
        let (command, prompt) = command_echo(footer);
        Self {
            notice,
            code: row.code,
            outcome: row.outcome,
            title: title
                .map(|title| title.trim().to_owned())
                .filter(|title| !title.is_empty()),
            text: text.split_whitespace().collect::<Vec<_>>().join(" "),
            until: until(text),
            command,
            prompt,
        }
    }
}

/// Where the command is repeated, with a prompt that may have lines of its own; else the last line that begins like a
/// command.
fn echo_at(content: &str) -> Option<usize> {
    const PROMPTED: [&str; 3] = ["\n/imagine ", "\n/shorten ", "\n/blend "];
    let prompted = PROMPTED.iter().filter_map(|echo| content.find(echo)).min();
    prompted.or_else(|| content.rfind("\n/"))
}

/// Whether a text has the form of a job's, with somebody's prompt in it, though not one that is known: the words of
/// the prompt are no notice.
fn shows_a_prompt(text: &str) -> bool {
    let mut parts = text.splitn(2, "**").skip(1);
    let behind = parts.next().and_then(|rest| rest.rsplit_once("**"));
    behind.is_some_and(|(_, behind)| behind.contains("<@"))
}

/// A text without what it quotes: between backticks, or quotation marks.
fn own_words(text: &str) -> String {
    let mut own = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['`', '"', '“']) {
        let (before, quoted) = rest.split_at(at);
        own.push_str(before);
        let mark = quoted.chars().next().unwrap_or('"');
        let inside = &quoted[mark.len_utf8()..];
        let end = if mark == '“' { '”' } else { mark };
        rest = match inside.find(end) {
            Some(length) => &inside[length + end.len_utf8()..],
            None => inside,
        };
        own.push(' ');
    }
    own.push_str(rest);
    own
}

/// Whether a text confirms what was asked for: the answer to a mode switch speaks of hours and of modes too.
fn is_confirmation(text: &str) -> bool {
    let first = first_word(text);
    ["done", "success", "successfully"]
        .iter()
        .any(|word| first.eq_ignore_ascii_case(word))
}

/// What begins as refusals do is one, whatever its words.
fn says_no(text: &str) -> Option<Notice> {
    const BEGINNINGS: [&str; 7] = [
        "sorry",
        "oops",
        "apologies",
        "failed",
        "error",
        "invalid",
        "unable",
    ];
    let first = first_word(text);
    BEGINNINGS
        .iter()
        .any(|word| first.eq_ignore_ascii_case(word))
        .then_some(Notice::UnknownError)
}

fn first_word(text: &str) -> &str {
    let text = text.trim_start_matches(|letter: char| !letter.is_alphanumeric());
    text.split(|letter: char| !letter.is_alphabetic())
        .next()
        .unwrap_or_default()
}

/// Whether an embed has the colour of those that stop nothing.
pub(crate) fn is_warning(embed: &Embed<'_>) -> bool {
    embed
        .color
        .is_some_and(|colour| WARNING_COLOURS.contains(&colour))
}

fn by_colour(colour: u32) -> Option<Notice> {
    if ERROR_COLOURS.contains(&colour) {
        Some(Notice::UnknownError)
    } else if WARNING_COLOURS.contains(&colour) {
        Some(Notice::UnknownWarning)
    } else {
        None
    }
}

/// Splits `/imagine a cat` into command and argument.
fn command_echo(footer: &str) -> (Option<String>, Option<String>) {
    let Some(echo) = footer.trim_start().strip_prefix('/') else {
        return (None, None);
    };
    let (command, rest) = echo.split_once(char::is_whitespace).unwrap_or((echo, ""));
    let rest = rest.trim();
    (
        Some(command.to_owned()),
        (!rest.is_empty()).then(|| rest.to_owned()),
    )
}

fn until(text: &str) -> Option<Until> {
    stamp(text)
        .map(Until::At)
        .or_else(|| span(text).map(Until::After))
}

/// The time of Discord's `<t:seconds>` or `<t:seconds:style>`.
fn stamp(text: &str) -> Option<UnixMs> {
    let rest = &text[text.find("<t:")? + 3..];
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let seconds: u64 = rest[..digits].parse().ok()?;
    seconds.checked_mul(1000).map(UnixMs)
}

/// The length of "for 2 hours", "in 30 minutes".
fn span(text: &str) -> Option<Duration> {
    let mut words = text
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .peekable();
    while let Some(word) = words.next() {
        let Ok(count) = word.parse::<u32>() else {
            continue;
        };
        let unit = match words.peek().map(|unit| unit.trim_end_matches('s')) {
            Some("second") => 1,
            Some("minute") => 60,
            Some("hour") => 3_600,
            Some("day") => 86_400,
            Some("week") => 604_800,
            Some(_) | None => continue,
        };
        return Some(Duration::from_secs(u64::from(count) * unit));
    }
    None
}

#[cfg(test)]
mod tests {
    use mj_discord::payload::EmbedFooter;

    use super::*;

    fn embed(title: &str, description: &str, colour: Option<u32>, footer: &str) -> Embed<'static> {
        Embed {
            title: (!title.is_empty()).then(|| title.to_owned().into()),
            description: (!description.is_empty()).then(|| description.to_owned().into()),
            color: colour,
            footer: Some(EmbedFooter {
                text: footer.to_owned().into(),
            }),
            ..Embed::default()
        }
    }

    #[test]
    fn every_phrase_leads_to_its_own_row() {
        for row in TABLE {
            for phrase in row.phrases {
                assert_eq!(
                    Notice::in_text(&phrase.to_uppercase()),
                    Some(row.notice),
                    "{phrase}"
                );
                assert_eq!(*phrase, phrase.to_lowercase());
            }
            assert_eq!(row.notice.row().label, row.label);
            assert_eq!(
                row.code.is_none(),
                row.outcome == Outcome::Waits,
                "{}",
                row.label
            );
            for lang in [Lang::En, Lang::Zh] {
                assert!(!row.message(lang).is_empty() && !row.advice(lang).is_empty());
            }
            if let Some(code) = row.code {
                assert_eq!(row.scope(), code.scope(), "{}", row.label);
                assert!(row.again.is_none() || code.is_retryable(), "{}", row.label);
            }
        }
    }

    #[test]
    fn a_full_queue_names_the_refused_prompt() {
        let refusal = Refusal::of_embed(&embed(
            "Queue full",
            "Your job queue is full. Please wait for a job to finish first, then resubmit this one.",
            Some(16_711_680),
            "/imagine two foxes --ar 16:9 --seed 7",
        ))
        .unwrap();
        assert_eq!(refusal.code, Some(FailCode::QueueFull));
        assert!(refusal.code.unwrap().is_retryable());
        assert_eq!(refusal.command.as_deref(), Some("imagine"));
        assert_eq!(
            refusal.prompt.as_deref(),
            Some("two foxes --ar 16:9 --seed 7")
        );
    }

    #[test]
    fn a_queued_job_is_no_failure() {
        let refusal = Refusal::of_embed(&embed("Job queued", "", None, "")).unwrap();
        assert_eq!((refusal.code, refusal.outcome), (None, Outcome::Waits));
    }

    #[test]
    fn unknown_colours_keep_their_title() {
        let red =
            Refusal::of_embed(&embed("Strange weather", "No.", Some(16_711_680), "")).unwrap();
        assert_eq!(
            (red.notice, red.code),
            (Notice::UnknownError, Some(FailCode::Refused))
        );
        assert_eq!(red.reason(), "Strange weather: No.");
        let yellow = Refusal::of_embed(&embed("Mind the gap", "", Some(16_776_960), "")).unwrap();
        assert_eq!(yellow.outcome, Outcome::Waits);
        assert_eq!(
            Refusal::of_embed(&embed("Success", "Done.", Some(65_280), "")),
            None
        );
    }

    #[test]
    fn an_unknown_apology_is_a_refusal() {
        for (title, text, colour) in [
            ("Sorry! No can do", "Come back tomorrow.", None),
            ("", "❌ Oops, that did not work", Some(3_553_599)),
            ("Invalid wish", "x", None),
        ] {
            let refusal = Refusal::of_embed(&embed(title, text, colour, "")).unwrap();
            assert_eq!(refusal.notice, Notice::UnknownError, "{title}{text}");
        }
        let plain = Refusal::of_content("Unable to do that.\n/imagine a fox").unwrap();
        assert_eq!(plain.notice, Notice::UnknownError);
        assert_eq!(plain.prompt.as_deref(), Some("a fox"));
        for friendly in [
            "Errors are human",
            "Tell me if you are sorry",
            "Helpful info",
        ] {
            assert_eq!(Refusal::of_embed(&embed(friendly, "x", None, "")), None);
            assert_eq!(Refusal::of_content(friendly), None);
        }
        let yellow = embed("Sorry for the wait", "", Some(16_776_960), "");
        let outcome = Refusal::of_embed(&yellow).unwrap().outcome;
        assert_eq!(outcome, Outcome::Waits);
    }

    #[test]
    fn a_confirmation_may_bring_good_news() {
        for (text, notice) in [
            ("You have acknowledged the message.", Notice::Cleared),
            ("You have accepted the Terms of Service.", Notice::Cleared),
            ("Your appeal has been accepted.", Notice::AppealAccepted),
        ] {
            let embed = embed("Success!", text, Some(65_280), "");
            assert_eq!(Refusal::of_embed(&embed).unwrap().notice, notice, "{text}");
            let content = format!("Success! {text}");
            assert_eq!(Refusal::of_content(&content).unwrap().notice, notice);
        }
    }

    #[test]
    fn a_decline_footer_is_moderation() {
        let refusal = Refusal::of_embed(&embed(
            "Sorry, something went wrong",
            "x",
            Some(16_711_680),
            "decline-1-a",
        ))
        .unwrap();
        assert_eq!(refusal.code, Some(FailCode::Moderated));
    }

    #[test]
    fn reads_when_it_is_over() {
        let slow =
            Refusal::of_embed(&embed("Slow Down!", "again <t:1700000000:R>", None, "")).unwrap();
        assert_eq!(slow.until, Some(Until::At(UnixMs(1_700_000_000_000))));
        let blocked = Refusal::of_embed(&embed("Blocked", "for 2 hours", None, "")).unwrap();
        assert_eq!(
            blocked.until,
            Some(Until::After(Duration::from_secs(7_200)))
        );
        assert_eq!(blocked.scope(), Scope::Account);
    }

    #[test]
    fn a_confirmed_switch_is_no_notice() {
        for text in [
            "Done! Your jobs now use no fast hours, but may take longer.",
            "Done! Your jobs now do not consume fast-hours. You are out of fast hours otherwise.",
            "Success! Your subscription paused mode is off",
        ] {
            assert_eq!(Refusal::of_content(text), None, "{text}");
        }
        let empty = Refusal::of_content("You have no fast hours left. Buy more.").unwrap();
        assert_eq!(empty.code, Some(FailCode::CreditsExhausted));
    }

    #[test]
    fn somebodys_prompt_is_no_notice() {
        for text in [
            "**captcha, queue full, you have been blocked** dreamed of by <@1> today",
            "Dreaming of **a poster: out of credits** for <@1>, plan cancelled by whom",
            "The prompt `please /subscribe, pending mod message` was shortened",
            "You said “abuse alert”",
        ] {
            assert_eq!(Refusal::of_content(text), None, "{text}");
        }
        let refusal = Refusal::of_content(
            "Invalid parameter\nUnrecognized parameter(s): `--queue full`\n/imagine a\nqueue full\n/b --queue full",
        )
        .unwrap();
        assert_eq!(refusal.code, Some(FailCode::InvalidParameter));
        assert_eq!(
            refusal.prompt.as_deref(),
            Some("a\nqueue full\n/b --queue full")
        );
        let quoting = embed(
            "Mind the gap",
            "You wrote `tos not accepted`.",
            Some(16_711_680),
            "",
        );
        let refusal = Refusal::of_embed(&quoting).unwrap();
        assert_eq!(refusal.notice, Notice::UnknownError);
        let unended = Refusal::of_content("Queue full: 5\" is too much").unwrap();
        assert_eq!(unended.code, Some(FailCode::QueueFull));
        let switched = embed(
            "Done!",
            "Relax mode: use it when out of fast hours.",
            Some(65_280),
            "",
        );
        assert_eq!(Refusal::of_embed(&switched), None);
    }

    #[test]
    fn plain_text_notices_keep_the_command_apart() {
        let refusal = Refusal::of_content(
            "Invalid parameter\nUnrecognized parameter(s): `--foo`\n/imagine a --foo",
        )
        .unwrap();
        assert_eq!(refusal.code, Some(FailCode::InvalidParameter));
        assert_eq!(refusal.prompt.as_deref(), Some("a --foo"));
        assert_eq!(refusal.title.as_deref(), Some("Invalid parameter"));
        assert!(!refusal.text.contains("/imagine"));
        assert_eq!(Refusal::of_content("All is well"), None);
    }

    #[test]
    fn the_region_editor_is_no_human_check() {
        assert_eq!(Refusal::of_iframe("Editor"), None);
        assert_eq!(
            Refusal::of_iframe("Action required to continue")
                .unwrap()
                .code,
            Some(FailCode::CaptchaRequired)
        );
    }
}
