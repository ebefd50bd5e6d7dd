//! Answers that are no pictures: describe, shorten, info, ratings, seeds.

use crate::job_id::JobId;

/// An account's plan and usage, as `/info` tells it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Info<'m> {
    /// Name and value of each line, in order.
    pub fields: Vec<(&'m str, &'m str)>,
}

impl<'m> Info<'m> {
    /// The value of a line, by its name in any case.
    pub fn field(&self, name: &str) -> Option<&'m str> {
        self.fields
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| *value)
    }

    /// Fast time that is left, in hours: "29.57/30.0 hours (98.58%)" or "25.00 minutes".
    pub fn fast_hours_left(&self) -> Option<f64> {
        let value = self.field("Fast Time Remaining")?;
        let digits = value
            .bytes()
            .take_while(|byte| byte.is_ascii_digit() || *byte == b'.')
            .count();
        let number: f64 = value[..digits].parse().ok()?;
        Some(if value.contains("minute") {
            number / 60.0
        } else {
            number
        })
    }

    /// Reads lines of the form `**Name**: value`; None when a plan is not among them.
    pub(super) fn read(text: &'m str) -> Option<Self> {
        if !text.contains("**Subscription**") {
            return None;
        }
        let fields = text.lines().filter_map(|line| {
            let (name, value) = line.trim().strip_prefix("**")?.split_once("**:")?;
            Some((name.trim(), value.trim()))
        });
        Some(Self {
            fields: fields.collect(),
        })
    }
}

/// What a text with numbered prompts is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Numbered {
    Describe,
    Shorten,
    ShortenDetails,
}

/// Reads the answer of describe or shorten: its kind and its prompts.
pub(super) fn numbered(text: &str) -> Option<(Numbered, Vec<&str>)> {
    if let Some(tokens) = text.find("Important tokens") {
        let prompts = text.find("Shortened prompts");
        let weights = &text[tokens..prompts.filter(|at| *at > tokens).unwrap_or(text.len())];
        let kind = if has_weight(weights) {
            Numbered::ShortenDetails
        } else {
            Numbered::Shorten
        };
        return Some((
            kind,
            prompts.map_or_else(Vec::new, |at| keycaps(&text[at..])),
        ));
    }
    if text.contains("Shortened prompts") {
        return Some((Numbered::Shorten, keycaps(text)));
    }
    let prompts = keycaps(text);
    (!prompts.is_empty()).then_some((Numbered::Describe, prompts))
}

/// Whether a word's weight, as in `(0.79)`, stands in the text.
fn has_weight(text: &str) -> bool {
    text.split('(').skip(1).any(|rest| {
        let number = rest.split(')').next().unwrap_or_default();
        number.contains('.') && number.parse::<f32>().is_ok()
    })
}

/// The texts behind `1️⃣`, `2️⃣`, … at the start of a line, each up to the next.
fn keycaps(text: &str) -> Vec<&str> {
    let mut starts: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_start();
        if let Some(length) = keycap(trimmed) {
            let begin = at + line.len() - trimmed.len();
            starts.push((begin, begin + length));
        }
        at += line.len();
    }
    let ends = starts
        .iter()
        .skip(1)
        .map(|(begin, _)| *begin)
        .chain([text.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|((_, from), to)| text[*from..to].trim())
        .collect()
}

/// Length of a digit with U+20E3, with or without the variation selector between them.
fn keycap(line: &str) -> Option<usize> {
    let mut letters = line.char_indices();
    letters
        .next()
        .filter(|(_, letter)| letter.is_ascii_digit())?;
    let (at, mut letter) = letters.next()?;
    let mut end = at + letter.len_utf8();
    if letter == '\u{FE0F}' {
        let (at, next) = letters.next()?;
        letter = next;
        end = at + letter.len_utf8();
    }
    (letter == '\u{20E3}').then_some(end)
}

/// Whether the text is "You have successfully rated [this job](…) with …".
pub(super) fn is_rating(text: &str) -> bool {
    text.starts_with("You have successfully rated")
}

/// The job and seed of the bot's direct message `**Job ID**: <uuid>` and `**seed** <number>`.
pub(super) fn seed(text: &str) -> Option<(JobId, u32)> {
    let id = text.rfind("**Job ID**:")?;
    let rest = &text[id..];
    let at = rest.find("**seed**")?;
    let job = JobId::last_in(&rest[..at])?;
    let digits = rest[at + "**seed**".len()..].trim_start_matches([':', ' ']);
    let length = digits.bytes().take_while(u8::is_ascii_digit).count();
    Some((job, digits[..length].parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_usage_in_both_units() {
        let paid = Info::read("**Subscription**:   Pro (Active)\n**Job Mode**:  Fast\n**Fast Time Remaining**:  7.5/30.0 hours (25%)").unwrap();
        assert_eq!(paid.field("job mode"), Some("Fast"));
        assert_eq!(paid.fast_hours_left(), Some(7.5));
        let trial =
            Info::read("**Subscription**: None\n**Fast Time Remaining**: 30.00 minutes").unwrap();
        assert_eq!(trial.fast_hours_left(), Some(0.5));
        assert_eq!(Info::read("**Other**: x"), None);
    }

    #[test]
    fn reads_numbered_prompts() {
        let (kind, texts) =
            numbered("1️⃣ a hill\n\n2️⃣ a [lake](https://example.org)\nat dawn\n\n3️⃣ c").unwrap();
        assert_eq!(kind, Numbered::Describe);
        assert_eq!(
            texts,
            ["a hill", "a [lake](https://example.org)\nat dawn", "c"]
        );
        let (kind, texts) = numbered(
            "## Important tokens\n**red** fox\n## Shortened prompts\n1️⃣ red fox\n\n2️⃣ fox",
        )
        .unwrap();
        assert_eq!((kind, texts), (Numbered::Shorten, vec!["red fox", "fox"]));
        let (kind, _) = numbered("## Important tokens\n**red** (1.00) fox (0.79)").unwrap();
        assert_eq!(kind, Numbered::ShortenDetails);
        assert_eq!(numbered("1 fox, 2 foxes"), None);
    }

    #[test]
    fn reads_ratings_and_seeds() {
        let uuid = "0ddb91a0-af46-4ae9-8e8e-c271074eb6e6";
        let job = uuid.parse().ok();
        assert!(is_rating(
            "You have successfully rated [this job](https://x) with 😍"
        ));
        assert!(!is_rating("nothing"));
        let text = format!("**a cat**\n**Job ID**: {uuid}\n**seed** 4294967295");
        assert_eq!(seed(&text), job.map(|job| (job, u32::MAX)));
        assert_eq!(seed("**seed** 3"), None);
    }
}
