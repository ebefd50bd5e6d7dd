//! What the doctor says, in both languages at once.
//!
//! A sentence is made of fixed words and of [`Shown`] data. Nothing else goes into it: no text becomes shown by itself,
//! and a token or a setting that is secret has no way to become so.

use std::path::Path;

use mj_midjourney::refusal::Lang;

use crate::{log::is_hidden, trouble::Trouble};

/// The longest text of another program's or person's that is repeated, in characters.
const LONGEST: usize = 240;

/// A sentence, or a part of one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Text {
    en: String,
    zh: String,
}

impl Text {
    /// Fixed words.
    pub(crate) fn new(en: &'static str, zh: &'static str) -> Self {
        Self {
            en: en.to_owned(),
            zh: zh.to_owned(),
        }
    }

    /// Words with places for data: `{0}` is the first, in each language wherever it belongs.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a sentence takes what it says, and callers write it in place"
    )]
    pub(crate) fn with<const N: usize>(
        en: &'static str,
        zh: &'static str,
        data: [Shown; N],
    ) -> Self {
        Self {
            en: fill(en, data.iter().map(|shown| shown.en.as_str())),
            zh: fill(zh, data.iter().map(|shown| shown.zh.as_str())),
        }
    }

    /// Several, one after the other, with `; ` between them.
    pub(crate) fn joined(parts: &[Self]) -> Self {
        let join = |of: fn(&Self) -> &str, between| {
            let parts: Vec<&str> = parts.iter().map(of).collect();
            parts.join(between)
        };
        Self {
            en: join(|text| &text.en, "; "),
            zh: join(|text| &text.zh, "；"),
        }
    }

    /// In one language.
    pub(crate) fn words(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => &self.en,
            Lang::Zh => &self.zh,
        }
    }

    /// The same with every occurrence of a secret blotted out: a last wall behind the others.
    pub(crate) fn without(mut self, secrets: &[String]) -> Self {
        for secret in secrets {
            for text in [&mut self.en, &mut self.zh] {
                if text.contains(secret.as_str()) {
                    *text = text.replace(secret.as_str(), "***");
                }
            }
        }
        self
    }
}

impl From<Trouble> for Text {
    fn from(trouble: Trouble) -> Self {
        Self {
            en: trouble.words(Lang::En),
            zh: trouble.words(Lang::Zh),
        }
    }
}

/// A datum that may be shown.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    en: String,
    zh: String,
}

impl Shown {
    fn same(text: String) -> Self {
        Self {
            en: text.clone(),
            zh: text,
        }
    }

    /// What somebody else says of itself or of what went wrong: a name, an error's words, a value that is no secret.
    /// Control characters and those that turn the direction of what follows are replaced, and what is long is cut.
    pub(crate) fn said(text: &str) -> Self {
        let mut characters = text
            .chars()
            .map(|one| if is_hidden(one) { ' ' } else { one });
        let mut said: String = characters.by_ref().take(LONGEST).collect();
        if characters.next().is_some() {
            said.push('…');
        }
        Self::same(said)
    }

    /// What differs by language.
    pub(crate) fn both(en: &str, zh: &str) -> Self {
        Self {
            en: Self::said(en).en,
            zh: Self::said(zh).zh,
        }
    }

    /// A path.
    pub(crate) fn path(path: &Path) -> Self {
        Self::said(&path.to_string_lossy())
    }

    /// A mode, as chmod writes it.
    pub(crate) fn mode(mode: u32) -> Self {
        Self::same(format!("{:o}", mode & 0o7777))
    }

    /// How long, in the largest unit that tells enough.
    pub(crate) fn span(seconds: u64) -> Self {
        let (number, [en, zh]) = match seconds {
            0..120 => (seconds, ["s", "秒"]),
            120..7_200 => (seconds / 60, ["min", "分钟"]),
            7_200..172_800 => (seconds / 3_600, ["h", "小时"]),
            _ => (seconds / 86_400, ["days", "天"]),
        };
        Self {
            en: format!("{number} {en}"),
            zh: format!("{number} {zh}"),
        }
    }

    /// Several, with commas.
    pub(crate) fn list(items: impl IntoIterator<Item = Self>) -> Self {
        let (en, zh): (Vec<_>, Vec<_>) = items.into_iter().map(|item| (item.en, item.zh)).unzip();
        Self {
            en: en.join(", "),
            zh: zh.join("、"),
        }
    }
}

impl From<&'static str> for Shown {
    fn from(word: &'static str) -> Self {
        Self::same(word.to_owned())
    }
}

impl From<Text> for Shown {
    fn from(text: Text) -> Self {
        Self {
            en: text.en,
            zh: text.zh,
        }
    }
}

/// What is wrong, without what to look at, which a check knows better.
impl From<Trouble> for Shown {
    fn from(trouble: Trouble) -> Self {
        let what = |lang, between| {
            let words = trouble.words(lang);
            let what = words.split_once(between).map(|(what, _)| what.to_owned());
            what.unwrap_or(words)
        };
        Self {
            en: what(Lang::En, ": "),
            zh: what(Lang::Zh, "："),
        }
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl From<$number> for Shown {
            fn from(number: $number) -> Self {
                Self::same(number.to_string())
            }
        }
    )*};
}

numbers!(i64, u16, u32, u64, usize, std::net::IpAddr);

/// Puts data into the places of a sentence.
fn fill<'d>(words: &str, data: impl Iterator<Item = &'d str>) -> String {
    let data: Vec<&str> = data.collect();
    let mut filled = String::with_capacity(words.len() + 32);
    let mut rest = words;
    while let Some((before, place)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((number, behind)) = place.split_once('}') else {
            filled.push('{');
            rest = place;
            continue;
        };
        let datum = number.parse().ok().and_then(|at: usize| data.get(at));
        if let Some(datum) = datum {
            filled.push_str(datum);
        } else {
            filled.push('{');
            filled.push_str(number);
            filled.push('}');
        }
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_data_where_each_language_wants_it() {
        let text = Text::with(
            "{0} of {1}",
            "{1} 的 {0}，{host}",
            [7_u64.into(), "PHP".into()],
        );
        assert_eq!(text.words(Lang::En), "7 of PHP");
        assert_eq!(text.words(Lang::Zh), "PHP 的 7，{host}");
    }

    #[test]
    fn data_is_no_template() {
        let text = Text::with(
            "a {0} b {1}",
            "甲 {0} 乙 {1}",
            [Shown::said("{1}"), 2_u64.into()],
        );
        assert_eq!(text.words(Lang::En), "a {1} b 2");
    }

    #[test]
    fn what_others_say_turns_no_direction() {
        let text = Text::with("{0}", "{0}", [Shown::said("a\u{202e}b\u{1b}[31m\u{200b}c")]);
        assert_eq!(text.words(Lang::En), "a b [31m c");
    }

    #[test]
    fn what_others_say_is_cut_and_without_line_ends() {
        let said = Shown::said(&format!("a\nb{}", "x".repeat(1_000)));
        assert!(said.en.starts_with("a bx") && said.en.chars().count() == LONGEST + 1);
    }

    #[test]
    fn spans_are_told_as_people_do() {
        let told = |seconds| Shown::span(seconds).en;
        let spans = [119, 120, 7_199, 7_200, 200_000].map(told);
        assert_eq!(spans, ["119 s", "2 min", "119 min", "2 h", "2 days"]);
    }

    #[test]
    fn secrets_are_blotted_out() {
        let text = Text::with("it is {0}", "它是 {0}", [Shown::said("hunter2.x")]);
        let text = text.without(&["hunter2".to_owned()]);
        assert_eq!(text.words(Lang::En), "it is ***.x");
        assert_eq!(text.words(Lang::Zh), "它是 ***.x");
    }
}
