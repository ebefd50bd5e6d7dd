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
    let mut word = String::new();
    for written in body.split_whitespace() {
        word.clear();
        fold(written, &mut word);
        let folded = match link_at(&word) {
            Some(at) => [word[..at].trim_end_matches('<'), LINK],
            None => [word.as_str(), ""],
        };
        if folded.iter().all(|part| part.is_empty()) {
            continue;
        }
        if !clean.is_empty() {
            clean.push(' ');
        }
        clean.extend(folded);
    }
    clean
}

/// Where a link begins in a folded word.
fn link_at(word: &str) -> Option<usize> {
    let at = word.find("://")?;
    ["https", "http"]
        .into_iter()
        .find_map(|scheme| Some(word[..at].strip_suffix(scheme)?.len()))
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
    fn invisible_letters_hide_no_link() {
        for hidden in ["https:\u{FE0F}//s.mj.run/a b", "<ht\u{200B}tp://x/y> b"] {
            let clean = clean_text(hidden);
            assert_eq!(clean, "<url> b");
            assert_eq!(clean_text(&clean), clean);
        }
    }

    #[test]
    fn different_prompts_stay_different() {
        assert_ne!(clean_text("a red fox"), clean_text("a red box"));
        assert_ne!(clean_text("https://a/1 cat"), clean_text("cat"));
        assert_eq!(clean_text("--v 7"), "");
    }
}
