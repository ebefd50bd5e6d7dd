//! Prompts: image links, text with weights, parameters; our seed tag; what stays the same in Midjourney's echo.
//!
//! Parameters are understood, not judged: what Midjourney may know and we do not is passed on with a note.

mod clean;
mod compose;
mod expand;
mod parameter;
mod scan;

use std::borrow::Cow;

pub(crate) use self::clean::LINK;
use self::scan::Dashes;
pub use self::{
    clean::clean_text,
    compose::{Composition, with_links, with_mode, written_mode},
    expand::{MAX_JOBS, expand},
    parameter::{ParameterKind, Value},
};

/// Longest value of a string option, in characters (Discord's reference, "Application Command Option": `max_length`).
pub const MAX_LENGTH: usize = 6000;
/// Longest seed tag, in characters: ` --seed 4294967295`.
pub const SEED_TAG_LENGTH: usize = 18;

/// Why a prompt can not be sent. Its words never contain the prompt.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PromptError {
    /// There is nothing in it.
    #[error("the prompt is empty: give a text, an image or both")]
    Empty,
    /// Longer than Discord lets through.
    #[error("the prompt has {length} characters, Discord allows {limit}: shorten it by {}", length - limit)]
    TooLong {
        /// In characters.
        length: usize,
        /// In characters, less what a seed tag needs.
        limit: usize,
    },
    /// A NUL or another control character.
    #[error("the prompt contains a control character at byte {at}: remove it")]
    ControlCharacter {
        /// Its offset in bytes.
        at: usize,
    },
    /// Permutations and `--repeat` together make too many jobs.
    #[error(
        "the prompt expands to more than {MAX_JOBS} jobs: give fewer alternatives or a smaller --repeat"
    )]
    TooManyJobs,
    /// `--repeat` without a number that can be used.
    #[error("--repeat needs a whole number from 1 to {MAX_JOBS}")]
    InvalidRepeat,
    /// An option that can not be a parameter's name.
    #[error("\"{name}\" is no parameter name: use letters, digits and _")]
    InvalidName {
        /// The name, as far as printable.
        name: String,
    },
    /// An option's value that would change other parameters.
    #[error("the value of --{name} must be one line without another parameter in it")]
    InvalidValue {
        /// The parameter.
        name: String,
    },
    /// An image that is no http or https address.
    #[error("image {number} is no http or https address")]
    InvalidImage {
        /// Counted from 1.
        number: usize,
    },
}

/// Something about a prompt that the caller may want to know; it is sent all the same.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Note<'p> {
    /// A parameter behind a long dash, as word processors write it; Midjourney reads it as `--`.
    LongDash(&'p str),
    /// A parameter given twice.
    Repeated(&'p str),
    /// A parameter that we do not know.
    Unknown(&'p str),
    /// A value outside of what the parameter is known to take.
    UnusualValue(&'p str),
}

/// A parameter as it stands in a prompt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Parameter<'p> {
    /// Its name as written, without dashes.
    pub name: &'p str,
    /// What is known of it; None for an unknown one.
    pub kind: Option<&'static ParameterKind>,
    /// Its value as written, trimmed; empty for a switch.
    pub value: &'p str,
    /// Whether it was written with a long dash.
    pub long_dash: bool,
    /// Where it stands in the prompt, from its dashes to the end of its value, in bytes.
    span: (usize, usize),
}

impl<'p> Parameter<'p> {
    /// Midjourney's short name where known (`ar` for `--aspect`), else the name as written.
    pub fn canonical(&self) -> &'p str {
        self.kind.map_or(self.name, |kind| kind.name)
    }
}

/// A prompt, taken apart; borrows from the text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Prompt<'p> {
    /// The links it begins with, as written.
    pub images: Vec<&'p str>,
    /// What lies between the links and the first parameter, trimmed.
    pub text: &'p str,
    /// The parameters, in order.
    pub parameters: Vec<Parameter<'p>>,
}

impl<'p> Prompt<'p> {
    /// Takes a prompt apart; never fails.
    pub fn parse(prompt: &'p str) -> Self {
        let parameters: Vec<_> = scan::parameters(prompt, Dashes::Known).collect();
        let body = &prompt[..parameters
            .first()
            .map_or(prompt.len(), |first| first.span.0)];
        let mut images = Vec::new();
        let mut rest = body.trim_start();
        while let Some(link) = rest.split_whitespace().next().filter(|word| is_link(word)) {
            images.push(link);
            rest = rest[link.len()..].trim_start();
        }
        Self {
            images,
            text: rest.trim_end(),
            parameters,
        }
    }

    /// The last parameter with this canonical name.
    pub fn parameter(&self, canonical: &str) -> Option<&Parameter<'p>> {
        self.parameters
            .iter()
            .rev()
            .find(|parameter| parameter.canonical() == canonical)
    }

    /// The `--seed`, where it is one that Midjourney takes (0 to 4294967295).
    pub fn seed(&self) -> Option<u32> {
        self.parameters
            .iter()
            .rev()
            .filter(|parameter| parameter.canonical() == "seed")
            .find_map(seed_value)
    }

    /// The parts of a multi-prompt with their weights: `hot::2 dog` is `hot` with 2 and `dog` with 1.
    pub fn parts(&self) -> Vec<(&'p str, f64)> {
        let mut parts = Vec::new();
        let mut rest = self.text;
        while let Some((part, behind)) = rest.split_once("::") {
            let length = behind
                .bytes()
                .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'))
                .count();
            let weight = behind[..length].parse();
            rest = if weight.is_ok() {
                &behind[length..]
            } else {
                behind
            };
            parts.push((part.trim(), weight.unwrap_or(1.0)));
        }
        if !rest.trim().is_empty() {
            parts.push((rest.trim(), 1.0));
        }
        parts
    }

    /// What the caller may want to know.
    pub fn notes(&self) -> Vec<Note<'p>> {
        let mut notes = Vec::new();
        for (at, parameter) in self.parameters.iter().enumerate() {
            if parameter.long_dash {
                notes.push(Note::LongDash(parameter.name));
            }
            match parameter.kind {
                None => notes.push(Note::Unknown(parameter.name)),
                Some(kind) if !kind.value.accepts(parameter.value) => {
                    notes.push(Note::UnusualValue(parameter.name));
                }
                Some(_) => {}
            }
            if self.parameters[..at]
                .iter()
                .any(|earlier| earlier.canonical() == parameter.canonical())
            {
                notes.push(Note::Repeated(parameter.name));
            }
        }
        notes
    }
}

/// Checks that a prompt can be sent, with room for `reserve` characters of a seed tag.
///
/// # Errors
/// When it is empty, too long, or contains control characters other than tabs and line ends.
pub fn check(prompt: &str, reserve: usize) -> Result<(), PromptError> {
    if prompt.trim().is_empty() {
        return Err(PromptError::Empty);
    }
    let odd = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t');
    if let Some((at, _)) = prompt.char_indices().find(|(_, letter)| odd(*letter)) {
        return Err(PromptError::ControlCharacter { at });
    }
    let limit = MAX_LENGTH.saturating_sub(reserve);
    let length = prompt.chars().count();
    if length > limit {
        return Err(PromptError::TooLong { length, limit });
    }
    Ok(())
}

/// The `--seed` of a prompt, the last that Midjourney takes.
pub fn seed(prompt: &str) -> Option<u32> {
    if !prompt.contains("seed") && !prompt.contains("SEED") && !prompt.contains("Seed") {
        return None;
    }
    let seeds =
        scan::parameters(prompt, Dashes::Known).filter(|parameter| parameter.canonical() == "seed");
    seeds.filter_map(|parameter| seed_value(&parameter)).last()
}

/// The prompt with our seed tag behind it. Only for prompts that have no seed of their own.
pub fn with_seed(prompt: &str, seed: u32) -> String {
    format!("{} --seed {seed}", prompt.trim_end())
}

/// The prompt without `--seed <seed>`, wherever an echo put it; unchanged when it has none with this number.
pub fn strip_seed(prompt: &str, seed: u32) -> Cow<'_, str> {
    let tag = scan::parameters(prompt, Dashes::Known)
        .filter(|parameter| parameter.canonical() == "seed" && parameter.value.parse() == Ok(seed))
        .last();
    let Some(Parameter {
        span: (from, to), ..
    }) = tag
    else {
        return Cow::Borrowed(prompt);
    };
    let (before, after) = (prompt[..from].trim_end(), prompt[to..].trim_start());
    match (before.is_empty(), after.is_empty()) {
        (_, true) => Cow::Borrowed(before),
        (true, false) => Cow::Borrowed(after),
        (false, false) => Cow::Owned(format!("{before} {after}")),
    }
}

/// The prompt with `--` for the long dash that word processors put before a known parameter; Midjourney reads `—ar`
/// but refuses `–ar`.
pub fn straighten(prompt: &str) -> Cow<'_, str> {
    let mut straight = String::new();
    let mut from = 0;
    for parameter in scan::parameters(prompt, Dashes::Known).filter(|found| found.long_dash) {
        let at = parameter.span.0;
        straight.push_str(&prompt[from..at]);
        straight.push_str("--");
        from = at + prompt[at..].chars().next().map_or(0, char::len_utf8);
    }
    if from == 0 {
        return Cow::Borrowed(prompt);
    }
    straight.push_str(&prompt[from..]);
    Cow::Owned(straight)
}

/// Whether a parameter of this canonical name stands in the prompt.
pub fn has_parameter(prompt: &str, canonical: &str) -> bool {
    scan::parameters(prompt, Dashes::Known).any(|parameter| parameter.canonical() == canonical)
}

fn seed_value(parameter: &Parameter<'_>) -> Option<u32> {
    parameter.value.split_whitespace().next()?.parse().ok()
}

/// Whether a word is an address, bare or in angle brackets.
fn is_link(word: &str) -> bool {
    let word = word.strip_prefix('<').unwrap_or(word);
    ["http://", "https://"].iter().any(|scheme| {
        word.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_a_prompt_apart() {
        let prompt = Prompt::parse(
            "https://a/1.png <https://s.mj.run/x> red fox::2 snow --aspect 16:9 --no a, b --raw —v 7",
        );
        assert_eq!(prompt.images, ["https://a/1.png", "<https://s.mj.run/x>"]);
        assert_eq!(prompt.text, "red fox::2 snow");
        assert_eq!(prompt.parts(), [("red fox", 2.0), ("snow", 1.0)]);
        let parameters: Vec<_> = prompt
            .parameters
            .iter()
            .map(|p| (p.canonical(), p.value))
            .collect();
        assert_eq!(
            parameters,
            [("ar", "16:9"), ("no", "a, b"), ("raw", ""), ("v", "7")]
        );
        assert_eq!(prompt.notes(), [Note::LongDash("v")]);
    }

    #[test]
    fn knows_aliases_and_notes_the_rest() {
        let prompt = Prompt::parse("x --stylize 50 --s 60 --shine --chaos 900");
        assert_eq!(prompt.parameter("s").map(|p| p.value), Some("60"));
        assert_eq!(
            prompt.notes(),
            [
                Note::Repeated("s"),
                Note::Unknown("shine"),
                Note::UnusualValue("chaos")
            ]
        );
    }

    #[test]
    fn dashes_in_words_are_no_parameters() {
        for text in [
            "a well-known--fact",
            "8k-- iw60– chaos 100",
            "wait — what",
            "a —stranger",
            "--",
            "x ---v 3",
            "--5",
        ] {
            assert_eq!(Prompt::parse(text).parameters, [], "{text}");
        }
    }

    #[test]
    fn quotes_keep_dashes_in_a_value() {
        let prompt = Prompt::parse("sign --no \"big --v letters\" --ar 1:1");
        let parameters: Vec<_> = prompt
            .parameters
            .iter()
            .map(|p| (p.name, p.value))
            .collect();
        assert_eq!(parameters, [("no", "\"big --v letters\""), ("ar", "1:1")]);
        assert_eq!(seed("x --no \"open --seed 3"), Some(3));
    }

    #[test]
    fn a_seed_tag_goes_on_and_comes_off() {
        assert_eq!(with_seed("a cat --v 7 ", 9), "a cat --v 7 --seed 9");
        assert_eq!(strip_seed("a cat --seed 9 --v 7.0", 9), "a cat --v 7.0");
        assert_eq!(strip_seed("a cat --v 7 --seed 9", 9), "a cat --v 7");
        assert_eq!(strip_seed("--seed 9 --v 7", 9), "--v 7");
        assert_eq!(strip_seed("a cat --seed 8", 9), "a cat --seed 8");
        assert_eq!(seed("a --seed 1 --seed 4294967296 --seed two"), Some(1));
        assert_eq!(seed("a —seed 4294967295"), Some(u32::MAX));
        assert_eq!(with_seed("", u32::MAX).chars().count(), SEED_TAG_LENGTH);
    }

    #[test]
    fn long_dashes_before_parameters_are_straightened() {
        assert_eq!(
            straighten("a – b —stranger —ar 16:9 –v 5"),
            "a – b —stranger --ar 16:9 --v 5"
        );
        assert!(matches!(straighten("a --ar 1:1 — b"), Cow::Borrowed(_)));
    }

    #[test]
    fn refuses_what_can_not_be_sent() {
        assert_eq!(check(" \n", 0), Err(PromptError::Empty));
        assert_eq!(
            check("a\0", 0),
            Err(PromptError::ControlCharacter { at: 1 })
        );
        assert_eq!(check(&"狐".repeat(MAX_LENGTH), 0), Ok(()));
        let error = check(&"a".repeat(MAX_LENGTH), SEED_TAG_LENGTH).unwrap_err();
        assert!(error.to_string().ends_with("shorten it by 18"), "{error}");
        assert_eq!(check("tab\tline\n", 0), Ok(()));
    }
}
