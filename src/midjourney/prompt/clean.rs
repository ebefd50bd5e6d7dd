//! The part of a prompt that Midjourney's echo leaves alone, in one spelling: the key of a prompt without a seed.

use super::scan::{self, Dashes};

/// What takes the place of a link: the echo shows another address for the same picture.
pub(crate) const LINK: &str = "<url>";

/// Text as keys compare it: parameters cut, links replaced, dashes, quotes, spaces and case folded.
///
/// Equal for what is sent and what Midjourney echoes, though it rewrites links to `<https://s.mj.run/…>`, versions,
/// profile codes and dashes, moves and adds parameters, and shortens runs of spaces.
pub fn clean_text(prompt: &str) -> String {
    let body = &prompt[..scan::first(prompt, Dashes::Any)];
    let mut clean = String::with_capacity(body.len());
    for word in body.split_whitespace() {
        let before = clean.len();
        if before > 0 {
            clean.push(' ');
        }
        let start = clean.len();
        match link_at(word) {
            Some(at) => {
                fold(word[..at].trim_end_matches('<'), &mut clean);
                clean.push_str(LINK);
            }
            None => fold(word, &mut clean),
        }
        if clean.len() == start {
            clean.truncate(before);
        }
    }
    clean
}

fn link_at(word: &str) -> Option<usize> {
    let at = word.as_bytes().windows(3).position(|mark| mark == b"://")?;
    let scheme_start = |scheme: &str| {
        let start = at.checked_sub(scheme.len())?;
        word.get(start..at)?
            .eq_ignore_ascii_case(scheme)
            .then_some(start)
    };
    scheme_start("https").or_else(|| scheme_start("http"))
}

fn fold(word: &str, clean: &mut String) {
    let mut dash = false;
    for letter in word.chars() {
        let is_dash = matches!(letter, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}');
        match letter {
            _ if is_dash => {
                if !dash {
                    clean.push('-');
                }
            }
            '\u{201C}'..='\u{201F}' => clean.push('"'),
            '\u{2018}'..='\u{201B}' => clean.push('\''),
            '…' => clean.push_str("..."),
            // Joiners, direction marks, selectors: invisible, and not kept everywhere.
            '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}' | '\u{FE0E}' | '\u{FE0F}' => continue,
            letter => clean.extend(letter.to_lowercase()),
        }
        dash = is_dash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_and_what_is_echoed_are_equal() {
        for (sent, echoed) in [
            (
                "dog playing ball --v 7 --p m7318879261434052637",
                "dog playing ball --v 7.0 --p 77724z8",
            ),
            (
                "https://cdn.example/a.png?x=1 A  cat",
                "<https://s.mj.run/abc> A cat",
            ),
            (
                "a cat, https://x/y.png, blue",
                "a cat, <https://s.mj.run/q> blue",
            ),
            ("wait — what", "wait -- what"),
            ("a fox —ar 3:2", "a fox --ar 3:2"),
            ("a fox —stranger", "a fox --stranger"),
            ("it’s “red”", "it's \"red\""),
            ("a fox --style raw --ar 1:1", "a fox --ar 1:1 --raw"),
            ("Fox", "fox --s 250 --niji 6"),
            ("tab\tand\nline", "tab and line"),
        ] {
            assert_eq!(clean_text(sent), clean_text(echoed), "{sent}");
        }
    }

    #[test]
    fn different_prompts_stay_different() {
        assert_ne!(clean_text("a red fox"), clean_text("a red box"));
        assert_ne!(clean_text("https://a/1 cat"), clean_text("cat"));
        assert_eq!(clean_text("--v 7"), "");
    }
}
