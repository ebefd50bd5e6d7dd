//! What Midjourney does to a prompt before it echoes it, and which prompts it refuses.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::random::digest;

/// Version appended to prompts that name none, while the account has chosen no other.
const DEFAULT_VERSION: &str = "--v 7.0";
/// How often one prompt may be run at once.
const REPEAT_LIMIT: u32 = 40;
/// Largest seed.
const SEED_LIMIT: u64 = 4_294_967_295;

/// Parameters without a value.
const FLAGS: &[&str] = &[
    "draft", "fast", "hd", "loop", "public", "raw", "relax", "sameseed", "stealth", "tile", "turbo",
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
    pub(crate) stealth: bool,
    pub(crate) seed: Option<u64>,
    /// How often it shall be run.
    pub(crate) repeat: u32,
    /// Addresses of all pictures in it.
    pub(crate) pictures: Vec<String>,
    /// Echoed until the final instead of `echo`: a blend starts without words.
    pub(crate) opening: Option<String>,
}

impl Prompt {
    /// As it is echoed before the final.
    pub(crate) fn opening(&self) -> &str {
        self.opening.as_deref().unwrap_or(&self.echo)
    }

    /// What the parentheses at a message's end hold.
    pub(crate) fn tail(&self) -> String {
        let mode = self.mode.name();
        if self.stealth {
            format!("{mode}, stealth")
        } else {
            mode.to_owned()
        }
    }
}

/// Why a prompt is refused before a job exists.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Rejection {
    pub(crate) title: &'static str,
    pub(crate) description: String,
}

/// What an account's settings put in for a prompt that says nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Defaults {
    /// `--v 7.0` or `--niji 6`.
    pub(crate) version: String,
    pub(crate) mode: Mode,
    pub(crate) stealth: bool,
    pub(crate) raw: bool,
    /// Midjourney's own when `None`.
    pub(crate) stylize: Option<u32>,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            version: DEFAULT_VERSION.into(),
            mode: Mode::Fast,
            stealth: false,
            raw: false,
            stylize: None,
        }
    }
}

/// Reads a prompt as an account types it that has changed no setting.
#[cfg(test)]
pub(crate) fn read(typed: &str) -> Result<Prompt, Rejection> {
    read_with(typed, &Defaults::default())
}

/// Reads a prompt as typed by an account with these settings.
pub(crate) fn read_with(typed: &str, defaults: &Defaults) -> Result<Prompt, Rejection> {
    // A dash that a keyboard made of two hyphens; the text elsewhere keeps its line breaks as spaces.
    let plain = typed.replace('—', "--");
    let mut words = plain.split_whitespace().peekable();
    let mut text: Vec<String> = Vec::new();
    let mut pictures: Vec<String> = Vec::new();
    let mut parameters: Vec<(String, Vec<String>)> = Vec::new();
    while let Some(word) = words.next() {
        let Some(name) = parameter_name(word) else {
            if let Some(link) = link(word) {
                pictures.push(link.to_owned());
            }
            text.push(shorten_link(word));
            continue;
        };
        let mut values: Vec<String> = Vec::new();
        if !FLAGS.contains(&name) {
            let many = matches!(name, "no" | "sref" | "cref" | "p" | "profile");
            while let Some(value) = words.peek().filter(|value| parameter_name(value).is_none()) {
                if !many && !values.is_empty() || OPTIONAL_VALUE.contains(&name) && !is_value(value)
                {
                    break;
                }
                values.push((*value).to_owned());
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
    fit_together(&parameters, defaults)?;
    let mut prompt = assemble(text, parameters, defaults);
    prompt.pictures.splice(0..0, pictures);
    Ok(prompt)
}

/// Whether a word can be the value of a parameter that may stand alone.
fn is_value(word: &str) -> bool {
    word == "loop" || link(word).is_some() || word.chars().any(|c| c.is_ascii_digit())
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
        "exp" | "cw" if value.is_some() && number(value).is_none_or(|n| n > 100.0) => {
            bad(name, value)
        }
        "iw" if number(value).is_none_or(|n| n > 3.0) => bad(name, value),
        "ow" if number(value).is_none_or(|n| !(1.0..=1000.0).contains(&n)) => bad(name, value),
        "sw" if number(value).is_none_or(|n| n > 1000.0) => bad(name, value),
        "stop" if number(value).is_none_or(|n| !(10.0..=100.0).contains(&n)) => bad(name, value),
        "q" | "quality"
            if !matches!(value, Some(".25" | "0.25" | ".5" | "0.5" | "1" | "2" | "4")) =>
        {
            bad(name, value)
        }
        "v" | "version" if number(value).is_none_or(|n| !(1.0..9.0).contains(&n)) => {
            bad(name, value)
        }
        "niji" if number(value).is_none_or(|n| !(4.0..8.0).contains(&n)) => bad(name, value),
        "motion" if !matches!(value, Some("low" | "high")) => bad(name, value),
        "bs" if !matches!(value, Some("1" | "2" | "4")) => bad(name, value),
        "oref" if value.and_then(link).is_none() => bad(name, value),
        "r" | "repeat"
            if value
                .and_then(|v| v.parse::<u32>().ok())
                .is_none_or(|n| !(2..=REPEAT_LIMIT).contains(&n)) =>
        {
            bad(name, value)
        }
        _ => Ok(()),
    }
}

/// What parameters demand of each other and of the version.
fn fit_together(
    parameters: &[(String, Vec<String>)],
    defaults: &Defaults,
) -> Result<(), Rejection> {
    let named = |names: &[&str]| {
        let mut all = parameters.iter().rev();
        all.find(|(name, _)| names.contains(&name.as_str()))
            .map(|(_, values)| values.first().map_or("", String::as_str))
    };
    let (flag, number) = match (named(&["niji"]), named(&["v", "version"])) {
        (Some(niji), _) => ("niji", niji),
        (None, Some(version)) => ("v", version),
        (None, None) => {
            let version = defaults.version.trim_start_matches("--");
            version.split_once(' ').unwrap_or(("v", "7"))
        }
    };
    let version = number.parse::<f64>().unwrap_or(7.0);
    let niji = flag == "niji";
    let refused = |name: &str, with: String| {
        Err(Rejection {
            title: "Invalid parameter",
            description: format!("`--{name}` is not compatible with `{with}`"),
        })
    };
    let video = named(&["video"]).is_some();
    for (name, _) in parameters {
        let fits = match name.as_str() {
            "draft" | "oref" | "ow" => version >= 7.0 && !niji,
            "exp" => version >= 6.1 && !niji,
            "cref" | "cw" => (6.0..7.0).contains(&version),
            "sref" | "sw" | "p" | "profile" | "personalize" => niji || version >= 6.0,
            "hd" => version >= 8.0,
            _ => true,
        };
        if !fits {
            return refused(name, format!("--{flag} {number}"));
        }
        if matches!(name.as_str(), "bs" | "end" | "loop" | "motion") && !video {
            return refused(name, "an image prompt; add `--video`".into());
        }
    }
    Ok(())
}

fn number(value: Option<&str>) -> Option<f64> {
    value?.parse().ok().filter(|number: &f64| *number >= 0.0)
}

fn aspect(value: &str) -> Option<(u32, u32)> {
    let (width, height) = value.split_once(':')?;
    let (width, height) = (width.parse().ok()?, height.parse().ok()?);
    ((1..=100).contains(&width) && (1..=100).contains(&height)).then_some((width, height))
}

fn assemble(text: String, parameters: Vec<(String, Vec<String>)>, defaults: &Defaults) -> Prompt {
    let mut mode = defaults.mode;
    let mut stealth = defaults.stealth;
    let mut seed = None;
    let mut repeat = 1;
    let mut pictures = Vec::new();
    let mut ratio = (1, 1);
    let mut raw = defaults.raw;
    let mut version = false;
    let mut stylize = defaults.stylize;
    let mut tail = Vec::new();
    for (name, mut values) in parameters {
        let first = values.first().map(String::as_str).unwrap_or_default();
        match name.as_str() {
            "fast" => mode = Mode::Fast,
            "relax" => mode = Mode::Relaxed,
            "turbo" => mode = Mode::Turbo,
            "public" => stealth = false,
            "stealth" => stealth = true,
            "seed" => seed = first.parse().ok(),
            "s" | "stylize" => stylize = None,
            "r" | "repeat" => {
                repeat = first.parse().unwrap_or(1);
                continue;
            }
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
            parameter.push_str(&shorten_link(&value));
            pictures.extend(link(&value).map(str::to_owned));
        }
        tail.push(parameter);
    }
    if let Some(stylize) = stylize {
        tail.push(format!("--s {stylize}"));
    }
    if !version {
        tail.push(defaults.version.clone());
    }
    if raw {
        tail.push("--raw".into());
    }
    Prompt {
        echo: format!("{text} {}", tail.join(" ")),
        text,
        mode,
        aspect: ratio,
        stealth,
        seed,
        repeat,
        pictures,
        opening: None,
    }
}

/// The address that a word is.
pub(super) fn link(word: &str) -> Option<&str> {
    let bare = word.trim_start_matches('<').trim_end_matches('>');
    (bare.starts_with("https://") || bare.starts_with("http://")).then_some(bare)
}

/// `https://…` → `<https://s.mj.run/…>`, the same short link for the same long one.
pub(super) fn shorten_link(word: &str) -> String {
    let Some(bare) = link(word) else {
        return word.to_owned();
    };
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
    fn settings_stand_in_for_what_is_not_said() {
        let defaults = Defaults {
            version: "--niji 6".into(),
            mode: Mode::Relaxed,
            stealth: true,
            raw: true,
            stylize: Some(250),
        };
        let silent = read_with("a cat", &defaults).unwrap();
        assert_eq!(silent.echo, "a cat --s 250 --niji 6 --raw");
        assert_eq!(silent.tail(), "relaxed, stealth");
        let explicit = read_with("a cat --s 50 --v 6.1 --turbo --public", &defaults).unwrap();
        assert_eq!(explicit.tail(), "turbo");
        assert!(explicit.echo.starts_with("a cat --s 50 --v 6.1"));
    }

    #[test]
    fn parameters_need_their_version() {
        let refused = |typed: &str| read(typed).err().map(|error| error.description);
        for typed in [
            "a cat --draft --exp 10",
            "a cat --oref https://images.example/a --ow 200",
            "a cat --cref https://images.example/a --cw 50 --v 6.1",
            "https://images.example/a a cat --video --motion low --end https://images.example/b --bs 2",
            "https://images.example/a --video --loop",
        ] {
            assert_eq!(refused(typed), None, "{typed}");
        }
        for typed in [
            "a cat --draft --v 6.1",
            "a cat --cref https://images.example/a",
            "a cat --oref https://images.example/a --niji 6",
            "a cat --motion low",
            "a cat --ow 2000",
            "a cat --bs 3 --video",
            "a cat --repeat 1",
            "a cat --v 12",
        ] {
            assert!(refused(typed).is_some(), "{typed}");
        }
    }

    #[test]
    fn knows_its_pictures_seed_and_repeats() {
        let prompt = read("https://images.example/a.png a cat --sref <https://images.example/b> --seed 9 --repeat 3").unwrap();
        assert_eq!(
            prompt.pictures,
            ["https://images.example/a.png", "https://images.example/b"]
        );
        assert_eq!((prompt.seed, prompt.repeat), (Some(9), 3));
        assert!(!prompt.echo.contains("repeat"), "{}", prompt.echo);
    }

    #[test]
    fn reads_mode_and_aspect() {
        let prompt = read("a cat --turbo --ar 16:9").unwrap();
        assert_eq!((prompt.mode, prompt.aspect), (Mode::Turbo, (16, 9)));
    }
}
