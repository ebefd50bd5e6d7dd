//! Any text as a prompt.
//!
//! What must hold: our seed tag is read back and cut again, the clean text of an echo is its own clean text, and an
//! expansion is bounded.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mj_midjourney::prompt::{self, Composition, MAX_JOBS, Prompt};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let parsed = Prompt::parse(text);
    let _ = (parsed.notes(), parsed.parts(), parsed.seed());
    let _ = prompt::straighten(text);
    let clean = prompt::clean_text(text);
    assert_eq!(
        prompt::clean_text(&clean),
        clean,
        "cleaning twice gives something else"
    );
    if prompt::check(text, 0).is_err() {
        return;
    }
    if prompt::seed(text).is_none() {
        let tagged = prompt::with_seed(text, 4_294_967_295);
        assert_eq!(
            prompt::seed(&tagged),
            Some(4_294_967_295),
            "the tag is not read back"
        );
        assert_eq!(
            prompt::strip_seed(&tagged, 4_294_967_295).trim_end(),
            text.trim_end(),
            "the tag is not cut"
        );
    }
    if let Ok(prompts) = prompt::expand(text) {
        assert!((1..=MAX_JOBS).contains(&prompts.len()));
    }
    let composed = Composition {
        images: vec!["https://example.com/a.png".to_owned()],
        text: text.to_owned(),
        parameters: vec![("aspect".to_owned(), "3:2".to_owned())],
    };
    let _ = composed.compose();
});
