//! The one grammar of job messages, all generations from 2023 to 2026:
//!
//! ```text
//! line    = [lead] "**" prompt "**" " - " [subject] mention tail
//!         | "**" prompt "**" tail                               (videos may come without a mention)
//! lead    = "Upscaling image #1 with " | "Making variations for image #1 with prompt "
//!         | "Creating video with prompt " | "Rerolling " | other words that begin with an -ing form
//! subject = "Image #1 " | words [" (" kind ")"] " by "
//! tail    = { "(Waiting to start)" | "(35%)" | "(Stopped)" | "(paused)" | "(fast, stealth)" | "(fast 35%)"
//!           | "(Open on website …)" | "[(Open on website …)](<url>)" | newline "-# …" }
//! ```
//!
//! The prompt reaches to the last `** - ` that a mention follows: prompts contain every part of this grammar.

use mj_discord::snowflake::UserId;

use crate::{job_id::JobId, task::Mode};

/// What a job's text says of its stage, beside a percentage.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Stage {
    /// "(paused)".
    Paused,
    /// "(Stopped)".
    Stopped,
    /// "(Waiting to start)".
    WaitingToStart,
}

impl Stage {
    /// Our word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Stopped => "stopped",
            Self::WaitingToStart => "waiting to start",
        }
    }
}

/// The words before the prompt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Lead<'c> {
    None,
    Upscaling,
    Variations,
    Video,
    /// Another verb, as in "Rerolling".
    Other(&'c str),
}

/// The words between the prompt and the mention.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Subject<'c> {
    None,
    Image,
    By {
        words: &'c str,
        kind: Option<&'c str>,
    },
}

/// A job's message as text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Line<'c> {
    pub(super) lead: Lead<'c>,
    pub(super) prompt: &'c str,
    pub(super) subject: Subject<'c>,
    pub(super) index: Option<u8>,
    pub(super) user: Option<UserId>,
    pub(super) tail: Tail,
}

/// What stands in brackets behind the mention.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Tail {
    pub(super) percent: Option<u8>,
    pub(super) stage: Option<Stage>,
    pub(super) mode: Option<Mode>,
    pub(super) stealth: bool,
    pub(super) link: Option<JobId>,
}

/// Longest words before a prompt or between it and the mention, in bytes; Midjourney's own are below 50.
const MAX_WORDS: usize = 80;
/// Longest `<@…>`, in bytes; snowflakes need 24.
const MAX_MENTION: usize = 64;
const OPEN: &str = "**";
const CLOSE: &str = "** - ";

impl<'c> Line<'c> {
    /// Reads a message's text; None when it is no job line.
    pub(super) fn read(content: &'c str) -> Option<Self> {
        let open = content.find(OPEN)?;
        let (lead, lead_index) = lead(&content[..open])?;
        let body = &content[open + OPEN.len()..];
        let line = body
            .rmatch_indices(CLOSE)
            .find_map(|(at, _)| Self::attributed(&body[..at], &body[at + CLOSE.len()..]));
        let mut line = line.or_else(|| Self::unattributed(body))?;
        line.lead = lead;
        line.index = line.index.or(lead_index);
        Some(line)
    }

    fn attributed(prompt: &'c str, rest: &'c str) -> Option<Self> {
        let (subject, index, rest) = subject(rest)?;
        let (user, rest) = mention(rest)?;
        let (tail, _) = Tail::read(rest);
        Some(Self {
            lead: Lead::None,
            prompt,
            subject,
            index,
            user,
            tail,
        })
    }

    /// A line without a mention counts only if everything behind the prompt is of the grammar.
    fn unattributed(body: &'c str) -> Option<Self> {
        let at = body.rfind(OPEN)?;
        let (tail, exact) = Tail::read(&body[at + OPEN.len()..]);
        exact.then_some(Self {
            lead: Lead::None,
            prompt: &body[..at],
            subject: Subject::None,
            index: None,
            user: None,
            tail,
        })
    }
}

fn lead(words: &str) -> Option<(Lead<'_>, Option<u8>)> {
    if words.is_empty() {
        return Some((Lead::None, None));
    }
    let verb = words.split(' ').next().unwrap_or_default();
    let shaped =
        verb.ends_with("ing") && verb.starts_with(|letter: char| letter.is_ascii_uppercase());
    if !shaped || !words.ends_with(' ') || words.len() > MAX_WORDS || words.contains('\n') {
        return None;
    }
    let lead = match verb {
        "Upscaling" => Lead::Upscaling,
        "Making" if words.contains("variation") => Lead::Variations,
        "Creating" | "Animating" | "Extending" => Lead::Video,
        _ => Lead::Other(verb),
    };
    Some((lead, number_after(words, '#')))
}

fn number_after(words: &str, sign: char) -> Option<u8> {
    let (_, rest) = words.split_once(sign)?;
    picture_number(rest).0
}

/// The number of one of a grid's four pictures, None for any other, and how many digits it has.
fn picture_number(text: &str) -> (Option<u8>, usize) {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number = text[..digits].parse().ok();
    (number.filter(|number| (1..=4).contains(number)), digits)
}

fn subject(rest: &str) -> Option<(Subject<'_>, Option<u8>, &str)> {
    if rest.starts_with('<') || rest.starts_with('@') {
        return Some((Subject::None, None, rest));
    }
    if let Some(numbered) = rest.strip_prefix("Image #") {
        let (number, digits) = picture_number(numbered);
        return Some((
            Subject::Image,
            Some(number?),
            numbered[digits..].trim_start_matches(' '),
        ));
    }
    let by = rest.find(" by ").filter(|at| *at <= MAX_WORDS)?;
    let words = &rest[..by];
    if words.contains('\n') || !words.starts_with(|letter: char| letter.is_uppercase()) {
        return None;
    }
    let subject = match words
        .strip_suffix(')')
        .and_then(|words| words.split_once(" ("))
    {
        Some((words, kind)) => Subject::By {
            words,
            kind: Some(kind),
        },
        None => Subject::By { words, kind: None },
    };
    Some((
        subject,
        number_after(words, '#'),
        &rest[by + " by ".len()..],
    ))
}

/// `<@1>`, `<@!1>`, or a name where the mention was resolved. A mention that is no number names nobody.
fn mention(rest: &str) -> Option<(Option<UserId>, &str)> {
    if let Some(id) = rest.strip_prefix("<@") {
        let end = id.find('>').filter(|end| *end <= MAX_MENTION)?;
        let name = id[..end].strip_prefix('!').unwrap_or(&id[..end]);
        if name.is_empty() || name.contains('\n') {
            return None;
        }
        return Some((name.parse().ok(), &id[end + 1..]));
    }
    let name = rest.strip_prefix('@')?;
    let end = [" (", " [", "\n"]
        .into_iter()
        .filter_map(|stop| name.find(stop))
        .min()
        .unwrap_or(name.len());
    (end > 0 && end <= MAX_MENTION).then(|| (None, &name[end..]))
}

impl Tail {
    /// Reads as much as is known; the second value tells whether that was everything, and not nothing.
    fn read(text: &str) -> (Self, bool) {
        let mut tail = Self::default();
        let mut rest = text.trim_start();
        let mut exact = !rest.is_empty();
        while !rest.is_empty() {
            rest = if let Some(small) = rest.strip_prefix("-# ") {
                small.split_once('\n').map_or("", |(_, rest)| rest)
            } else if let Some((url, rest)) = markdown_link(rest) {
                tail.link = tail.link.or_else(|| JobId::last_in(url));
                rest
            } else if let Some((words, rest)) =
                rest.strip_prefix('(').and_then(|rest| rest.split_once(')'))
            {
                exact &= tail.bracket(words);
                rest
            } else {
                exact = false;
                rest.split_once(char::is_whitespace)
                    .map_or("", |(_, rest)| rest)
            }
            .trim_start();
        }
        (tail, exact)
    }

    fn bracket(&mut self, words: &str) -> bool {
        let words = words.trim().to_lowercase().replace(" %", "%");
        let stage = match words.split_whitespace().next() {
            Some("waiting" | "queued" | "pending") => Some(Stage::WaitingToStart),
            Some("paused") => Some(Stage::Paused),
            Some("stopped" | "cancelled" | "canceled") => Some(Stage::Stopped),
            Some("open") => return true,
            Some(_) | None => None,
        };
        if stage.is_some() {
            self.stage = stage;
            return true;
        }
        let mut known = false;
        for part in words.split(',').filter(|part| !part.trim().is_empty()) {
            let mut seen = *self;
            if part.split_whitespace().all(|word| seen.word(word)) {
                *self = seen;
                known = true;
            }
        }
        known
    }

    fn word(&mut self, word: &str) -> bool {
        if let Some(mode) = mode(word) {
            self.mode = Some(mode);
        } else if let Some(percent) = percent(word) {
            self.percent = Some(percent);
        } else if word == "stealth" {
            self.stealth = true;
        } else {
            return false;
        }
        true
    }
}

fn percent(word: &str) -> Option<u8> {
    let number = word.strip_suffix('%')?.parse::<f32>().ok()?;
    // Truncating is right for progress: 99.9 % is not done.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0..=100 first"
    )]
    let percent = number.clamp(0.0, 100.0) as u8;
    Some(percent)
}

fn mode(word: &str) -> Option<Mode> {
    match word {
        "fast" => Some(Mode::Fast),
        "relax" | "relaxed" => Some(Mode::Relax),
        "turbo" => Some(Mode::Turbo),
        _ => None,
    }
}

/// `[words](<url>)` or `[words](url)`: the address and what follows.
fn markdown_link(text: &str) -> Option<(&str, &str)> {
    let (_, target) = text.strip_prefix('[')?.split_once("](")?;
    let (url, rest) = target.split_once(')')?;
    Some((url.trim_matches(['<', '>']), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content: &str) -> Line<'_> {
        Line::read(content).unwrap_or_else(|| panic!("no job line: {content}"))
    }

    #[test]
    fn the_prompt_is_greedy_to_the_last_mark() {
        let line = read("**a** - <@1> (fast)** - <@2> (35%) (relaxed, stealth)");
        assert_eq!(line.prompt, "a** - <@1> (fast)");
        assert_eq!(line.user, Some(UserId(2)));
        assert_eq!(
            line.tail,
            Tail {
                percent: Some(35),
                stage: None,
                mode: Some(Mode::Relax),
                stealth: true,
                link: None
            }
        );
        assert_eq!(read("**** - <@1> (fast)").prompt, "");
        assert_eq!(read("***x*** - <@!1>").prompt, "*x*");
        assert_eq!(read("**a\nb** - <@1>").prompt, "a\nb");
    }

    #[test]
    fn reads_all_leads_and_subjects() {
        let start =
            read("Making variations for image #3 with prompt **p** - <@1> (Waiting to start)");
        assert_eq!(
            (start.lead, start.index, start.tail.stage),
            (Lead::Variations, Some(3), Some(Stage::WaitingToStart))
        );
        assert_eq!(
            read("Upscaling image #2 with **p** - <@1> (Waiting to start)").lead,
            Lead::Upscaling
        );
        assert_eq!(
            read("Creating video with prompt **p** - <@1>").lead,
            Lead::Video
        );
        assert_eq!(
            read("Rerolling **p** - <@1> (Waiting to start)").lead,
            Lead::Other("Rerolling")
        );
        let image = read("**p** - Image #4 <@1>");
        assert_eq!((image.subject, image.index), (Subject::Image, Some(4)));
        assert_eq!(
            read("**p** - Upscaled (Subtle) by <@1> (fast)").subject,
            Subject::By {
                words: "Upscaled",
                kind: Some("Subtle")
            }
        );
        assert_eq!(
            read("**p** - Pan Left by <@1> (fast)").subject,
            Subject::By {
                words: "Pan Left",
                kind: None
            }
        );
    }

    #[test]
    fn reads_links_and_small_print() {
        let uuid = "0ddb91a0-af46-4ae9-8e8e-c271074eb6e6";
        let line = read(
            "**p** - <@1> (fast) [(Open on website for full quality)](<https://midjourney.com/jobs/0ddb91a0-af46-4ae9-8e8e-c271074eb6e6>)",
        );
        assert_eq!(line.tail.link, uuid.parse().ok());
        let line = read(
            "**p** - <@1> (relaxed)\n-# Create, explore, and organize on [site](<https://example.org>)",
        );
        assert_eq!((line.tail.mode, line.tail.link), (Some(Mode::Relax), None));
        assert_eq!(
            read("**p** - <@1> (Open on website for full quality) (turbo)")
                .tail
                .mode,
            Some(Mode::Turbo)
        );
    }

    #[test]
    fn one_bracket_may_hold_all() {
        let seen = |content: &str| {
            let line = Line::read(content)?;
            Some((line.tail.mode, line.tail.percent, line.tail.stealth))
        };
        let fast = Some(Mode::Fast);
        for (bracket, expected) in [
            ("(fast 25%)", (fast, Some(25), false)),
            ("(25%, fast, stealth)", (fast, Some(25), true)),
            ("(62 %) (fast, other words)", (fast, Some(62), false)),
        ] {
            let content = format!("**p** - <@1> {bracket}");
            assert_eq!(seen(&content), Some(expected), "{bracket}");
        }
        assert_eq!(seen("**p** (fast 25%)"), Some((fast, Some(25), false)));
        assert_eq!(seen("**p** (fast food)"), None);
    }

    #[test]
    fn a_line_without_a_mention_must_be_exact() {
        assert_eq!(
            read("**<https://s.mj.run/x> --video 1** (fast)").prompt,
            "<https://s.mj.run/x> --video 1"
        );
        for other in [
            "",
            "**",
            "****",
            "**bold** words",
            "**Job ID**: x",
            "hello **p** - <@1>",
            "**p** - nobody (fast) at all",
        ] {
            assert_eq!(Line::read(other), None, "{other}");
        }
    }

    #[test]
    fn a_picture_has_a_number_of_a_grid() {
        assert_eq!(read("**p** - Image #4 <@1>").index, Some(4));
        for number in ["0", "5", "77", "", "9999"] {
            assert_eq!(
                Line::read(&format!("**p** - Image #{number} <@1>")),
                None,
                "{number}"
            );
            let start = read(&format!(
                "Upscaling image #{number} with **p** - <@1> (Waiting to start)"
            ))
            .index;
            assert_eq!(start, None, "{number}");
        }
    }

    #[test]
    fn odd_mentions_name_nobody() {
        for content in ["**p** - <@Soga> (fast)", "**p** - @some one (fast)"] {
            let line = read(content);
            assert_eq!(
                (line.user, line.tail.mode),
                (None, Some(Mode::Fast)),
                "{content}"
            );
        }
    }
}
