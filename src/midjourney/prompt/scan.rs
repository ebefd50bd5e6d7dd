//! Finds parameters: two dashes, or one long one, at the start of a word and directly before a letter.

use super::{Parameter, parameter};

/// Before which names a long dash counts as two short ones.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Dashes {
    /// Known parameters only, so that a dash of prose stays text.
    Known,
    /// Every name: for keys, where an echo may already have replaced the dash.
    Any,
}

/// The marks that begin a parameter.
const MARKS: [&str; 3] = ["--", "—", "–"];

struct Start<'p> {
    at: usize,
    name: &'p str,
    name_end: usize,
    long_dash: bool,
}

/// The parameters of a prompt, in order; each value runs to the next parameter.
pub(super) fn parameters(prompt: &str, dashes: Dashes) -> impl Iterator<Item = Parameter<'_>> {
    let mut next = start(prompt, 0, dashes);
    std::iter::from_fn(move || {
        let here = next.take()?;
        next = start(prompt, value_search(prompt, here.name_end), dashes);
        let limit = next.as_ref().map_or(prompt.len(), |next| next.at);
        let value = prompt[here.name_end..limit].trim();
        let end = if value.is_empty() {
            here.name_end
        } else {
            here.name_end + prompt[here.name_end..limit].trim_end().len()
        };
        Some(Parameter {
            name: here.name,
            kind: parameter::kind(here.name),
            value,
            long_dash: here.long_dash,
            span: (here.at, end),
        })
    })
}

/// Where the first parameter begins; the length when there is none.
pub(super) fn first(prompt: &str, dashes: Dashes) -> usize {
    start(prompt, 0, dashes).map_or(prompt.len(), |start| start.at)
}

/// Where the search for the next parameter begins: behind a value in closed quotes, else right behind the name.
fn value_search(prompt: &str, name_end: usize) -> usize {
    let rest = &prompt[name_end..];
    let value = rest.trim_start();
    let Some(quoted) = value.strip_prefix('"') else {
        return name_end;
    };
    quoted.find('"').map_or(name_end, |close| {
        name_end + (rest.len() - value.len()) + close + 2
    })
}

fn start(prompt: &str, from: usize, dashes: Dashes) -> Option<Start<'_>> {
    let rest = prompt.get(from..)?;
    let mut before = prompt[..from].chars().next_back();
    for (offset, letter) in rest.char_indices() {
        if matches!(letter, '-' | '—' | '–') && before.is_none_or(char::is_whitespace) {
            let at = from + offset;
            if let Some(start) = named(prompt, at, dashes) {
                return Some(start);
            }
        }
        before = Some(letter);
    }
    None
}

fn named(prompt: &str, at: usize, dashes: Dashes) -> Option<Start<'_>> {
    let mark = MARKS
        .into_iter()
        .find(|mark| prompt[at..].starts_with(mark))?;
    let rest = &prompt[at + mark.len()..];
    let length = rest
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        .count();
    let name = &rest[..length];
    if !name.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
        return None;
    }
    let long_dash = mark != "--";
    if long_dash && dashes == Dashes::Known && parameter::kind(name).is_none() {
        return None;
    }
    Some(Start {
        at,
        name,
        name_end: at + mark.len() + length,
        long_dash,
    })
}
