//! Any bytes as a message; the first chooses: as JSON, as an embed, as a notice or a button, as the text of one.
//!
//! What must hold: nothing panics, a reading borrows what is there, and a job's progress is 0 to 100.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mj_discord::payload::{Embed, EmbedFooter, Message, Update};
use mj_midjourney::{
    button::Press,
    prompt,
    read::{self, Kind, Reading},
    refusal::Refusal,
};

fuzz_target!(|data: &[u8]| {
    let Some((form, data)) = data.split_first() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match form % 4 {
        0 => {
            if let Ok(message) = serde_json::from_str::<Message<'_>>(text) {
                hold(&read::read(&message));
            }
        }
        1 => in_an_embed(text),
        2 => {
            let _ = Refusal::of_content(text).map(|refusal| refusal.reason());
            let _ = Refusal::of_iframe(text);
            let _ = Press::read(text).action();
        }
        _ => as_content(text),
    }
});

fn bare<'a>() -> Message<'a> {
    serde_json::from_str(r#"{"id":"1","channel_id":"2"}"#).expect("a message")
}

fn as_content(text: &str) {
    let mut message = bare();
    message.content = Update::Value(text.into());
    let reading = read::read(&message);
    hold(&reading);
    if let Some(echo) = reading.prompt {
        assert!(text.contains(echo), "a prompt that is not in the text");
    }
}

fn in_an_embed(text: &str) {
    let (title, rest) = text.split_once('\n').unwrap_or(("", text));
    let (description, footer) = rest.rsplit_once('\n').unwrap_or((rest, ""));
    let embed = Embed {
        title: Some(title.into()),
        description: Some(description.into()),
        color: Some(16_711_680),
        footer: Some(EmbedFooter {
            text: footer.into(),
        }),
        ..Embed::default()
    };
    let mut message = bare();
    message.embeds = Update::Value(vec![embed]);
    hold(&read::read(&message));
}

fn hold(reading: &Reading<'_>) {
    assert!(reading.percent.unwrap_or_default() <= 100);
    assert!(reading.index.is_none_or(|index| (1..=4).contains(&index)));
    assert_eq!(reading.kind == Kind::Refusal, reading.refusal.is_some());
    if let Some(echo) = reading.prompt {
        let _ = prompt::clean_text(echo);
        let _ = prompt::seed(echo);
    }
    if let Some(refusal) = &reading.refusal {
        let _ = refusal.reason();
    }
    let _ = (reading.preview(), reading.has_result_buttons());
}
