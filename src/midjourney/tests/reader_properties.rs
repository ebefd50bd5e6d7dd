//! Whatever a prompt holds, rendering a message by the grammar and reading it gives it back; nothing makes it panic.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use mj_discord::payload::Message;
use mj_midjourney::{
    button::{self, Press},
    prompt::{self, Prompt},
    read::{self, Form, Phase},
    refusal::Refusal,
};
use proptest::prelude::*;
use serde_json::json;

/// Pieces of the grammar itself, and what else has broken readers.
const PIECES: [&str; 22] = [
    "**",
    "*",
    " - ",
    "** - ",
    "(fast)",
    "(35%)",
    "<@1>",
    "<@!22>",
    "** - <@1> (fast)",
    "Image #2 ",
    " by ",
    "\n",
    " ",
    "👩‍👩‍👧‍👦",
    "עברית ",
    "مرحبا",
    "--ar 16:9",
    "—v 7",
    "<https://s.mj.run/x>",
    "(Waiting to start)",
    "-# Create",
    "words ",
];

fn prompts() -> impl Strategy<Value = String> {
    let pieces = prop::collection::vec(
        prop_oneof![
            prop::sample::select(&PIECES[..]).prop_map(str::to_owned),
            ".{0,12}"
        ],
        0..12,
    );
    prop_oneof![
        8 => pieces.prop_map(|pieces| pieces.concat()),
        1 => Just(String::new()),
        1 => "[a-z ]{6000}",
        1 => "(--[a-z]{1,8}( [a-z0-9:.]{1,6})? ?){1,8}",
        1 => ".*",
    ]
}

fn tails() -> impl Strategy<Value = (&'static str, Phase)> {
    prop::sample::select(vec![
        ("", Phase::Final),
        (" (fast)", Phase::Final),
        (" (relaxed, stealth)", Phase::Final),
        (" (Open on website for full quality) (turbo)", Phase::Final),
        (
            " (fast) [(Open on website for full quality)](<https://midjourney.com/jobs/x>)",
            Phase::Final,
        ),
        (
            " (fast)\n-# Create, explore, and organize on [midjourney.com](<https://midjourney.com>)",
            Phase::Final,
        ),
        (" (Waiting to start)", Phase::Start),
        (" (62%) (fast)", Phase::Progress),
        (" (paused) (relaxed)", Phase::Paused),
        (" (Stopped)", Phase::Stopped),
    ])
}

fn subjects() -> impl Strategy<Value = (&'static str, Option<Form>)> {
    prop::sample::select(vec![
        ("", None),
        ("Image #3 ", Some(Form::Upscale)),
        ("Variations by ", Some(Form::Variation(None))),
        ("Remix by ", Some(Form::Remix(None))),
        ("Zoom Out by ", Some(Form::Zoom)),
        ("Pan Left by ", Some(Form::Pan(button::Direction::Left))),
        (
            "Upscaled (Subtle) by ",
            Some(Form::Hd(Some(button::Hd::Subtle))),
        ),
    ])
}

proptest! {
    #[test]
    fn a_rendered_prompt_is_read_back(prompt in prompts(), (tail, phase) in tails(), (subject, form) in subjects()) {
        let content = format!("**{prompt}** - {subject}<@400000000000000001>{tail}");
        let text = json!({ "id": "1", "channel_id": "2", "content": content }).to_string();
        let message: Message<'_> = serde_json::from_str(&text).unwrap();
        let reading = read::read(&message);
        prop_assert_eq!(reading.prompt, Some(prompt.as_str()));
        prop_assert_eq!(reading.user.map(|user| user.0), Some(400_000_000_000_000_001));
        prop_assert_eq!(reading.phase(), Some(phase));
        if form.is_some() {
            prop_assert_eq!(reading.form, form);
        }
    }

    #[test]
    fn a_start_with_a_lead_is_read_back(prompt in prompts(), index in 1_u8..=4) {
        let content = format!("Making variations for image #{index} with prompt **{prompt}** - <@1> (Waiting to start)");
        let text = json!({ "id": "1", "channel_id": "2", "content": content }).to_string();
        let message: Message<'_> = serde_json::from_str(&text).unwrap();
        let reading = read::read(&message);
        prop_assert_eq!((reading.prompt, reading.index), (Some(prompt.as_str()), Some(index)));
    }

    #[test]
    fn no_text_makes_the_reader_panic(content in "(?s).*", title in ".*", custom_id in ".*", name in ".*") {
        let text = json!({
            "id": "1", "channel_id": "2", "content": content, "attachments": [{ "filename": name }],
            "embeds": [{ "title": title, "description": content, "color": 16_711_680, "footer": { "text": content } }],
            "components": [{ "type": 1, "components": [{ "type": 2, "custom_id": custom_id, "label": title }] }],
        })
        .to_string();
        let message: Message<'_> = serde_json::from_str(&text).unwrap();
        let reading = read::read(&message);
        let _ = (reading.label(), reading.preview(), reading.refusal.map(|refusal| refusal.reason()));
        let _ = (Press::read(&custom_id).action(), button::job_of(&custom_id), button::resolve(&title, &reading.buttons));
        let _ = (Refusal::of_content(&content), Refusal::of_iframe(&title));
    }

    #[test]
    fn shuffled_grammar_never_panics(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..30)) {
        let text = json!({ "id": "1", "channel_id": "2", "content": pieces.concat() }).to_string();
        let message: Message<'_> = serde_json::from_str(&text).unwrap();
        let _ = read::read(&message).label();
    }

    #[test]
    fn any_prompt_can_be_taken_apart(text in prompts()) {
        let prompt = Prompt::parse(&text);
        let _ = (prompt.notes(), prompt.parts(), prompt.seed(), prompt::check(&text, 0), prompt::expand(&text));
        prop_assert_eq!(prompt.seed(), prompt::seed(&text));
    }

    #[test]
    fn a_seed_tag_comes_off_again(text in prompts(), seed in any::<u32>()) {
        prop_assume!(prompt::seed(&text).is_none());
        let tagged = prompt::with_seed(&text, seed);
        prop_assert_eq!(prompt::seed(&tagged), Some(seed));
        let stripped = prompt::strip_seed(&tagged, seed).into_owned();
        prop_assert_eq!(stripped.as_str(), text.trim_end());
    }

    #[test]
    fn the_clean_text_survives_an_echo(words in prop::collection::vec("[a-zA-Z,.]{1,8}|https://cdn\\.example/[a-z]{3}\\.png|—|“q”", 1..10)) {
        let sent = format!("{} --v 7 --style raw", words.join("  "));
        let echo: Vec<_> = words
            .iter()
            .map(|word| match word.as_str() {
                link if link.starts_with("https://") => "<https://s.mj.run/AbC>",
                "—" => "--",
                "“q”" => "\"q\"",
                other => other,
            })
            .collect();
        let echo = format!("{} --ar 1:1 --v 7.0 --raw", echo.join(" "));
        prop_assert_eq!(prompt::clean_text(&sent), prompt::clean_text(&echo));
        let again = prompt::clean_text(&sent);
        prop_assert_eq!(prompt::clean_text(&again), again);
    }
}
