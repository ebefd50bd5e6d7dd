//! Answers of commands that make no picture: prompts for a picture, shorter prompts, plan and usage, the settings
//! panel, and the words with which a switch is confirmed.

use std::ops::Range;

use mj_discord::payload::Message;

use super::Hub;
use crate::{
    application::CommandName,
    button::Press,
    read::{Info, Kind, Reading},
    refusal::Notice,
    task::{Call, Image, Mode, TaskButton, TaskId, Text},
};

/// Discord's style of a button that stands for something that is on.
const ON: u8 = 3;

impl Hub {
    /// What a message answers to a task's command; none when it is no answer to it.
    pub(super) fn answer_texts(
        &self,
        id: TaskId,
        message: &Message<'_>,
        reading: &Reading<'_>,
    ) -> Option<Vec<Text>> {
        let work = &self.tasks.get(&id)?.task.work;
        match (&work.press, &work.call, reading.kind) {
            (Some(_), _, Kind::Describe)
            | (None, Call::Describe, Kind::Describe)
            | (None, Call::Shorten, Kind::Shorten) => Some(prompts(reading)),
            (None, Call::Plain { .. }, Kind::Info) => reading.info.as_ref().map(fields),
            (None, Call::Plain { .. }, Kind::Settings) => Some(settings(&reading.buttons)),
            (None, Call::Plain { name, .. }, Kind::Other) => {
                // The panel's buttons come with its message; a text before them is none of it.
                let texts = words(message);
                (!texts.is_empty() && *name != CommandName::Settings).then_some(texts)
            }
            (None, Call::Plain { .. }, Kind::Refusal) => {
                let refusal = reading.refusal.as_ref()?;
                (refusal.notice == Notice::UnknownWarning).then(|| words(message))
            }
            _ => None,
        }
    }

    /// A task's command was answered.
    pub(super) fn finish_answered(
        &mut self,
        id: TaskId,
        message: &Message<'_>,
        reading: &Reading<'_>,
        texts: Vec<Text>,
    ) {
        self.finish_succeeded(id, message, reading);
        let Some(item) = self.tasks.get_mut(&id) else {
            return;
        };
        let view = &mut item.task.view;
        view.texts = texts;
        if view.images.is_empty() {
            view.images.extend(reading.source.map(Image::at));
        }
        self.outbox.mark(id, false);
    }
}

/// The numbered prompts of a description or a shortened prompt.
pub(super) fn prompts(reading: &Reading<'_>) -> Vec<Text> {
    let texts = reading.texts.iter();
    texts
        .map(|text| Text {
            name: None,
            text: without_links(text),
        })
        .collect()
}

/// A prompt as it can be sent: Midjourney makes the artists and styles in it links to a search, `[word](https://…)`.
fn without_links(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((words, after)) = next_link(rest) {
        plain.push_str(&rest[..words.start - 1]);
        plain.push_str(&rest[words]);
        rest = &rest[after..];
    }
    plain.push_str(rest);
    plain
}

/// The words of the first link in a text, and where the text goes on behind it.
fn next_link(text: &str) -> Option<(Range<usize>, usize)> {
    text.match_indices("](http").find_map(|(end, _)| {
        let start = text[..end].rfind('[')? + 1;
        let address = &text[end + 2..];
        let length = address.find(|letter: char| letter == ')' || letter.is_whitespace())?;
        address[length..]
            .starts_with(')')
            .then_some((start..end, end + 2 + length + 1))
    })
}

/// The words of a message: its own, and those of its embeds.
fn words(message: &Message<'_>) -> Vec<Text> {
    let content = message.content.value().map(AsRef::as_ref);
    let embeds = message.embeds.value().into_iter().flatten();
    let of_embeds = embeds.flat_map(|embed| {
        let fields = embed.fields.iter().flatten();
        [embed.title.as_deref(), embed.description.as_deref()]
            .into_iter()
            .flatten()
            .map(|text| (None, text))
            .chain(fields.map(|field| (Some(snake_case(&field.name)), field.value.as_ref())))
    });
    content
        .into_iter()
        .map(|text| (None, text))
        .chain(of_embeds)
        .filter(|(_, text)| !text.trim().is_empty())
        .map(|(name, text)| Text {
            name,
            text: text.trim().to_owned(),
        })
        .collect()
}

/// Each line of `/info` under its own name, then what programs ask for in one spelling: `plan`, `mode`, `visibility`
/// in lower case, `fast_hours_left`, `renews_at` in seconds since 1970.
fn fields(info: &Info<'_>) -> Vec<Text> {
    let mut texts: Vec<Text> = info
        .fields
        .iter()
        .map(|(name, value)| named(&snake_case(name), value))
        .collect();
    let mut more = |name: &str, value: Option<String>| {
        if let Some(value) = value
            && texts.iter().all(|text| text.name.as_deref() != Some(name))
        {
            texts.push(named(name, &value));
        }
    };
    let subscription = info.field("Subscription");
    let plan = subscription.and_then(|value| value.split('(').next());
    more("plan", plan.map(|plan| plan.trim().to_lowercase()));
    let renewal = subscription.and_then(|value| value.split_once("<t:"));
    let digits = renewal.map(|(_, rest)| {
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        rest[..length].to_owned()
    });
    more("renews_at", digits.filter(|digits| !digits.is_empty()));
    let lower = |name: &str| info.field(name).map(str::to_lowercase);
    // As the option `mode` spells it.
    let speed = lower("Job Mode").map(|speed| match speed.as_str() {
        "relaxed" => Mode::Relax.as_str().to_owned(),
        _ => speed,
    });
    more("mode", speed);
    more("visibility", lower("Visibility Mode"));
    more(
        "fast_hours_left",
        info.fast_hours_left().map(|hours| hours.to_string()),
    );
    texts
}

/// What is on in the settings panel, each under its name, and what its menus have chosen: `version` for the model.
pub(super) fn settings(buttons: &[TaskButton]) -> Vec<Text> {
    let mut texts = Vec::new();
    for button in buttons {
        let Press::Setting(setting) = Press::read(&button.custom_id) else {
            continue;
        };
        if let Some(choice) = button.choices.iter().find(|choice| choice.selected) {
            let setting = setting.split("::").next().unwrap_or(setting);
            let name = match setting {
                "VersionSelector" => "version".to_owned(),
                other => snake_case(other),
            };
            texts.push(named(&name, &choice.label));
        } else if button.style == ON {
            let label = button.label.as_deref().filter(|label| !label.is_empty());
            texts.push(named(&snake_case(label.unwrap_or(setting)), "on"));
        }
    }
    texts
}

fn named(name: &str, text: &str) -> Text {
    Text {
        name: Some(name.to_owned()),
        text: text.to_owned(),
    }
}

/// `Queued Jobs (fast)` and `QueuedJobsFast` as `queued_jobs_fast`.
fn snake_case(label: &str) -> String {
    let mut name = String::with_capacity(label.len());
    let mut was_lower = false;
    for letter in label.chars() {
        let is_word = letter.is_alphanumeric();
        let begins = !is_word || (letter.is_uppercase() && was_lower);
        if begins && !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
        if is_word {
            name.extend(letter.to_lowercase());
        }
        was_lower = letter.is_lowercase() || letter.is_numeric();
    }
    name.trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Choice;

    #[test]
    fn prompts_have_words_for_links() {
        for (text, plain) in [
            (
                "a hill, in the style of [woodcut](https://goo.gl/search?woodcut) --ar 4:3",
                "a hill, in the style of woodcut --ar 4:3",
            ),
            (
                "[雕版](https://a/b) and [two [three](http://c)",
                "雕版 and [two three",
            ),
            ("an array a[1](b) of [words]", "an array a[1](b) of [words]"),
            ("[open](https://a", "[open](https://a"),
            ("no bracket](https://a)", "no bracket](https://a)"),
            ("", ""),
        ] {
            assert_eq!(without_links(text), plain);
        }
    }

    #[test]
    fn modes_are_spelled_in_one_way() {
        for (told, mode) in [("Relaxed", "relax"), ("Turbo", "turbo"), ("New", "new")] {
            let info = Info {
                fields: vec![("Subscription", "Pro (Active)"), ("Job Mode", told)],
            };
            assert!(fields(&info).contains(&named("mode", mode)), "{told}");
        }
    }

    #[test]
    fn names_are_written_in_one_way() {
        for (label, name) in [
            ("Queued Jobs (fast)", "queued_jobs_fast"),
            ("RAW Mode", "raw_mode"),
            ("HighVariabilityMode", "high_variability_mode"),
            ("🎛 Stylize med", "stylize_med"),
            ("", ""),
        ] {
            assert_eq!(snake_case(label), name);
        }
    }

    #[test]
    fn settings_tell_what_is_on() {
        let button = |custom_id: &str, label: &str, style| TaskButton {
            custom_id: custom_id.to_owned(),
            label: Some(label.to_owned()),
            style,
            ..TaskButton::default()
        };
        let choice = |label: &str, selected| Choice {
            value: label.to_lowercase(),
            label: label.to_owned(),
            selected,
        };
        let menu = TaskButton {
            custom_id: "MJ::Settings::VersionSelector".to_owned(),
            choices: vec![choice("V6", false), choice("V7", true)],
            ..TaskButton::default()
        };
        let panel = [
            menu,
            button("MJ::Settings::RelaxMode::on", "Relax mode", 2),
            button("MJ::Settings::Remix::off", "Remix mode", 3),
            button("MJ::JOB::reroll::0::x::SOLO", "other", 3),
        ];
        assert_eq!(
            settings(&panel),
            [named("version", "V7"), named("remix_mode", "on")]
        );
    }
}
