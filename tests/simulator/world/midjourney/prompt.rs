//! What Midjourney does to a prompt before it echoes it, and which prompts it refuses.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::random::digest;

/// Version appended to prompts that name none.
const DEFAULT_VERSION: &str = "--v 7.0";
/// Largest seed.
const SEED_LIMIT: u64 = 4_294_967_295;

/// Parameters without a value.
const FLAGS: &[&str] = &[
    "draft", "exp", "fast", "hd", "loop", "public", "raw", "relax", "sameseed", "stealth", "tile",
    "turbo",
];
/// Parameters with one or more values.
const VALUED: &[&str] = &[
    "ar",
    "aspect",
    "bs",
    "c",
    "chaos",
    "cref",
    "cw",
    "end",
    "exp",
    "iw",
    "motion",
    "niji",
    "no",
    "oref",
    "ow",
    "p",
    "personalize",
    "profile",
    "q",
    "quality",
    "r",
    "repeat",
    "s",
    "seed",
    "sref",
    "stop",
    "style",
    "stylize",
    "sv",
    "sw",
    "v",
    "version",
    "video",
    "w",
    "weird",
];
/// Parameters whose value may be left out.
const OPTIONAL_VALUE: &[&str] = &["p", "personalize", "profile", "exp", "end", "video"];

/// How fast a job runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mode {
    Fast,
    Relaxed,
    Turbo,
}

impl Mode {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Relaxed => "relaxed",
            Self::Turbo => "turbo",
        }
    }
}

/// A prompt as the bot understood it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Prompt {
    /// As it is echoed in every message.
    pub(crate) echo: String,
    /// Without parameters, for file names.
    pub(crate) text: String,
    pub(crate) mode: Mode,
    /// Width to height.
    pub(crate) aspect: (u32, u32),
}

/// Why a prompt is refused before a job exists.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Rejection {
    pub(crate) title: &'static str,
    pub(crate) description: String,
}

/// Reads a prompt as typed.
pub(crate) fn read(typed: &str) -> Result<Prompt, Rejection> {
    // A dash that a keyboard made of two hyphens; the text elsewhere keeps its line breaks as spaces.
    let plain = typed.replace('—', "--");
    let mut words = plain.split_whitespace().peekable();
    let mut text: Vec<String> = Vec::new();
    let mut parameters: Vec<(String, Vec<String>)> = Vec::new();
    while let Some(word) = words.next() {
        let Some(name) = parameter_name(word) else {
            text.push(shorten_link(word));
            continue;
        };
        let mut values = Vec::new();
        if !FLAGS.contains(&name) {
            let many = matches!(name, "no" | "sref" | "cref" | "p" | "profile");
            while let Some(value) = words.peek().filter(|value| parameter_name(value).is_none()) {
                if !many && !values.is_empty()
                    || OPTIONAL_VALUE.contains(&name)
                        && *value != "loop"
                        && !value.chars().any(|c| c.is_ascii_digit())
                {
                    break;
                }
                values.push(shorten_link(value));
                words.next();
            }
        }
        check(name, &values)?;
        parameters.push((name.to_owned(), values));
    }
    let text = text.join(" ");
    if text.is_empty() {
        return Err(Rejection {
            title: "Invalid prompt",
            description: "Your prompt must contain some text or an image link.".into(),
        });
    }
    Ok(assemble(text, parameters))
}

/// `--name` with a known or unknown name; `--` alone or before a digit is text.
fn parameter_name(word: &str) -> Option<&str> {
    let name = word.strip_prefix("--")?;
    (!name.is_empty() && name.chars().all(|c| c.is_ascii_alphabetic())).then_some(name)
}

fn check(name: &str, values: &[String]) -> Result<(), Rejection> {
    let invalid = |description: String| {
        Err(Rejection {
            title: "Invalid parameter",
            description,
        })
    };
    if !FLAGS.contains(&name) && !VALUED.contains(&name) {
        return invalid(format!("Unrecognized parameter(s): `--{name}`"));
    }
    let value = values.first().map(String::as_str);
    let missing = value.is_none() && !FLAGS.contains(&name) && !OPTIONAL_VALUE.contains(&name);
    let bad = |name: &str, value: Option<&str>| {
        let value = value.unwrap_or_default();
        invalid(format!(
            "Invalid value provided for argument `--{name}`: `{value}`"
        ))
    };
    if missing {
        return bad(name, value);
    }
    match name {
        "ar" | "aspect" if value.and_then(aspect).is_none() => {
            invalid("Invalid aspect ratio".into())
        }
        "seed"
            if value
                .and_then(|v| v.parse::<u64>().ok())
                .is_none_or(|seed| seed > SEED_LIMIT) =>
        {
            bad(name, value)
        }
        "s" | "stylize" if number(value).is_none_or(|n| n > 1000.0) => bad(name, value),
        "c" | "chaos" if number(value).is_none_or(|n| n > 100.0) => bad(name, value),
        "w" | "weird" if number(value).is_none_or(|n| n > 3000.0) => bad(name, value),
        _ => Ok(()),
    }
}

fn number(value: Option<&str>) -> Option<f64> {
    value?.parse().ok().filter(|number: &f64| *number >= 0.0)
}

fn aspect(value: &str) -> Option<(u32, u32)> {
    let (width, height) = value.split_once(':')?;
    let (width, height) = (width.parse().ok()?, height.parse().ok()?);
    ((1..=100).contains(&width) && (1..=100).contains(&height)).then_some((width, height))
}

fn assemble(text: String, parameters: Vec<(String, Vec<String>)>) -> Prompt {
    let mut mode = Mode::Fast;
    let mut ratio = (1, 1);
    let mut raw = false;
    let mut version = false;
    let mut tail = Vec::new();
    for (name, mut values) in parameters {
        let first = values.first().map(String::as_str).unwrap_or_default();
        match name.as_str() {
            "fast" => mode = Mode::Fast,
            "relax" => mode = Mode::Relaxed,
            "turbo" => mode = Mode::Turbo,
            "ar" | "aspect" => ratio = aspect(first).unwrap_or(ratio),
            "style" if first == "raw" => {
                raw = true;
                continue;
            }
            "raw" => {
                raw = true;
                continue;
            }
            "v" | "version" => {
                version = true;
                if first.parse::<u32>().is_ok_and(|major| major >= 6) {
                    values = vec![format!("{first}.0")];
                }
                tail.push(format!("--v {}", values.join(" ")));
                continue;
            }
            "niji" => version = true,
            "p" | "profile" | "personalize" if !first.is_empty() => {
                let codes: Vec<String> = values.iter().map(|value| profile_code(value)).collect();
                tail.push(format!("--p {}", codes.join(" ")));
                continue;
            }
            _ => {}
        }
        let mut parameter = format!("--{name}");
        for value in values {
            parameter.push(' ');
            parameter.push_str(&value);
        }
        tail.push(parameter);
    }
    if !version {
        tail.push(DEFAULT_VERSION.into());
    }
    if raw {
        tail.push("--raw".into());
    }
    Prompt {
        echo: format!("{text} {}", tail.join(" ")),
        text,
        mode,
        aspect: ratio,
    }
}

/// `https://…` → `<https://s.mj.run/…>`, the same short link for the same long one.
fn shorten_link(word: &str) -> String {
    let bare = word.trim_start_matches('<').trim_end_matches('>');
    if !(bare.starts_with("https://") || bare.starts_with("http://")) {
        return word.to_owned();
    }
    if bare.starts_with("https://s.mj.run/") {
        return format!("<{bare}>");
    }
    let code = URL_SAFE_NO_PAD.encode(digest(bare).to_be_bytes());
    format!("<https://s.mj.run/{code}>")
}

/// A profile's short code; long ids are replaced by it.
fn profile_code(value: &str) -> String {
    if value.len() <= 8 {
        value.to_owned()
    } else {
        format!("{:07x}", digest(value) & 0xfff_ffff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn echo(typed: &str) -> String {
        read(typed).unwrap().echo
    }

    #[test]
    fn moves_parameters_to_the_end() {
        assert_eq!(
            echo("a cat --ar 3:2 in  the rain"),
            "a cat in the rain --ar 3:2 --v 7.0"
        );
        assert_eq!(
            echo("a cat --style raw --v 7 --seed 12"),
            "a cat --v 7.0 --seed 12 --raw"
        );
        assert_eq!(echo("a cat —ar 3:2 --v 5.2"), "a cat --ar 3:2 --v 5.2");
        assert_eq!(
            echo("a cat --no dogs, mice --tile at night"),
            "a cat at night --no dogs, mice --tile --v 7.0"
        );
    }

    #[test]
    fn shortens_links_the_same_way_each_time() {
        let first = echo("https://images.example/one.png a cat");
        assert!(
            first.starts_with("<https://s.mj.run/") && first.ends_with("> a cat --v 7.0"),
            "{first}"
        );
        assert_eq!(first, echo("https://images.example/one.png a cat"));
        assert_ne!(first, echo("https://images.example/two.png a cat"));
    }

    #[test]
    fn keeps_malformed_parameters_as_text() {
        assert_eq!(
            echo("a box -- iw60 –chaos 3"),
            "a box -- iw60 –chaos 3 --v 7.0"
        );
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        assert!(
            read("a cat --colour red")
                .unwrap_err()
                .description
                .contains("Unrecognized parameter(s)")
        );
        assert!(
            read("a cat --ar wide")
                .unwrap_err()
                .description
                .contains("Invalid aspect ratio")
        );
        assert!(
            read("a cat --seed 5000000000")
                .unwrap_err()
                .description
                .contains("Invalid value provided for argument")
        );
        assert_eq!(read("--ar 3:2").unwrap_err().title, "Invalid prompt");
    }

    #[test]
    fn reads_mode_and_aspect() {
        let prompt = read("a cat --turbo --ar 16:9").unwrap();
        assert_eq!((prompt.mode, prompt.aspect), (Mode::Turbo, (16, 9)));
    }
}
