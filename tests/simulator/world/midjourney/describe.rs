//! `/describe`: four prompts that follow from what a picture looks like.

use serde_json::{Value, json};

use super::answer::Reply;
use super::button::rows;
use crate::random::Random;

/// Reads the picture again.
pub(super) const RETRY: &str = "MJ::Picread::Retry";

const KEYCAPS: [&str; 5] = ["1️⃣", "2️⃣", "3️⃣", "4️⃣", "5️⃣"];
const SUBJECTS: &[&str] = &[
    "a harbour with three small boats",
    "an orchard behind a low stone wall",
    "a tram that turns into a narrow street",
    "two hikers on a ridge",
    "a kitchen table with lemons",
    "a lighthouse above the surf",
];
const LIGHTS: &[&str] = &[
    "under a pale winter sun",
    "in the last light of the evening",
    "in soft morning fog",
    "lit by a single lamp",
];
const MANNERS: &[&str] = &[
    "flat colours and clean outlines",
    "loose watercolour on rough paper",
    "35mm film with fine grain",
    "paper cut-outs with deep shadows",
];
const STYLES: &[&str] = &["woodcut", "ukiyo-e", "cyanotype", "gouache"];

/// The answer about a picture at `url` that looks like `looks`.
pub(super) fn reply(looks: u64, url: &str) -> Reply {
    let mut random = Random::new(looks);
    let prompts: Vec<String> = (0..4)
        .map(|place| prompt(&mut random, place == 0))
        .collect();
    let picture = json!({
        "type": "rich", "description": list(&prompts), "content_scan_version": 0,
        "image": {"url": url, "proxy_url": url, "flags": 0},
    });
    Reply {
        content: String::new(),
        embeds: vec![picture],
        components: buttons(),
    }
}

/// One prompt; some name a style with a link to what it is.
fn prompt(random: &mut Random, linked: bool) -> String {
    let mut pick = |from: &[&'static str]| {
        let place = usize::try_from(random.below(from.len() as u64));
        from[place.unwrap_or(0)]
    };
    let (subject, light, manner, style) =
        (pick(SUBJECTS), pick(LIGHTS), pick(MANNERS), pick(STYLES));
    let style = if linked {
        format!("[{style}](https://goo.gl/search?{style})")
    } else {
        style.to_owned()
    };
    format!("{subject} {light}, {manner}, in the style of {style}")
}

fn buttons() -> Vec<Value> {
    let mut upper: Vec<Value> = (1..=4)
        .map(|n| numbered(n, &format!("MJ::Job::PicReader::{n}")))
        .collect();
    upper.push(json!({"type": 2, "style": 2, "custom_id": RETRY, "emoji": {"name": "🔄"}}));
    let all = json!({
        "type": 2, "style": 2, "custom_id": "MJ::Job::PicReader::all", "label": "Imagine all", "emoji": {"name": "🎉"},
    });
    rows(vec![upper, vec![all]])
}

/// A button with the keycap of `number`, 1 to 5.
pub(super) fn numbered(number: usize, custom_id: &str) -> Value {
    let keycap = KEYCAPS.get(number - 1).copied().unwrap_or_default();
    json!({"type": 2, "style": 2, "custom_id": custom_id, "emoji": {"name": keycap}})
}

/// Texts with keycaps before them, a blank line between.
pub(super) fn list(texts: &[String]) -> String {
    let lines = texts.iter().zip(KEYCAPS);
    let lines: Vec<String> = lines
        .map(|(text, keycap)| format!("{keycap} {text}"))
        .collect();
    lines.join("\n\n")
}
