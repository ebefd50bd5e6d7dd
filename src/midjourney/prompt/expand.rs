//! Permutations `{a, b}` and `--repeat`, written out: one interaction that makes many jobs could not be followed.

use super::{
    PromptError,
    scan::{self, Dashes},
};

/// Most jobs that one prompt may make: Midjourney's own limit on its largest plans.
pub const MAX_JOBS: usize = 40;

/// All prompts that `prompt` stands for, in order; itself alone when it has no alternatives and no `--repeat`.
///
/// Alternatives may be nested and may stand in parameters; `\{`, `\}` and `\,` are taken literally. Braces without a
/// partner are left as they are.
///
/// # Errors
/// When there are more than [`MAX_JOBS`], or `--repeat` has no usable number.
pub fn expand(prompt: &str) -> Result<Vec<String>, PromptError> {
    let mut all = Vec::new();
    for single in permutations(prompt)? {
        let (single, times) = repeated(&single)?;
        if all.len() + times > MAX_JOBS {
            return Err(PromptError::TooManyJobs);
        }
        all.extend(std::iter::repeat_n(single, times));
    }
    Ok(all)
}

fn permutations(prompt: &str) -> Result<Vec<String>, PromptError> {
    let mut done = Vec::new();
    let mut open = vec![prompt.to_owned()];
    while let Some(text) = open.pop() {
        let Some(group) = Group::first(&text) else {
            done.push(text);
            continue;
        };
        let options = group.options(&text);
        // Each open text makes one prompt at least, so the sum only grows.
        if done.len() + open.len() + options.len() > MAX_JOBS {
            return Err(PromptError::TooManyJobs);
        }
        let (before, after) = (&text[..group.open], &text[group.close + 1..]);
        for option in options.iter().rev() {
            open.push(format!("{before}{option}{after}"));
        }
    }
    Ok(done)
}

/// The first braces with a partner that stand in no others, and the commas directly within.
struct Group {
    open: usize,
    close: usize,
    commas: Vec<usize>,
}

impl Group {
    fn first(text: &str) -> Option<Self> {
        let close = partners(text);
        let (open, close) = close.into_iter().min()?;
        let mut depth = 0_usize;
        let mut commas = Vec::new();
        for (at, byte) in unescaped(&text[open + 1..close]) {
            match byte {
                b'{' => depth += 1,
                b'}' => depth = depth.saturating_sub(1),
                b',' if depth == 0 => commas.push(open + 1 + at),
                _ => {}
            }
        }
        Some(Self {
            open,
            close,
            commas,
        })
    }

    fn options(&self, text: &str) -> Vec<String> {
        let mut options = Vec::new();
        let mut from = self.open + 1;
        for to in self.commas.iter().copied().chain([self.close]) {
            options.push(text[from..to].trim().replace("\\,", ","));
            from = to + 1;
        }
        options
    }
}

/// Outermost pairs of braces as offsets of both.
fn partners(text: &str) -> Vec<(usize, usize)> {
    let mut opened = Vec::new();
    let mut pairs = Vec::new();
    for (at, byte) in unescaped(text) {
        match byte {
            b'{' => opened.push(at),
            b'}' => {
                if let Some(open) = opened.pop() {
                    pairs.push((open, at));
                }
            }
            _ => {}
        }
    }
    pairs
}

/// The bytes of a text without those that a backslash escapes.
fn unescaped(text: &str) -> impl Iterator<Item = (usize, u8)> {
    let mut escaped = false;
    text.bytes().enumerate().filter(move |(_, byte)| {
        let literal = escaped;
        escaped = !literal && *byte == b'\\';
        !literal && *byte != b'\\'
    })
}

/// Cuts `--repeat N`; 1 when there is none.
fn repeated(prompt: &str) -> Result<(String, usize), PromptError> {
    let mut times = 1;
    let mut rest = prompt.to_owned();
    while let Some((count, (from, to))) = repeat(&rest) {
        times = count
            .filter(|count| (1..=MAX_JOBS).contains(count))
            .ok_or(PromptError::InvalidRepeat)?;
        let (before, after) = (rest[..from].trim(), rest[to..].trim());
        let gap = if before.is_empty() || after.is_empty() {
            ""
        } else {
            " "
        };
        rest = format!("{before}{gap}{after}");
    }
    Ok((rest, times))
}

/// The first `--repeat`: its number, and where it stands.
fn repeat(prompt: &str) -> Option<(Option<usize>, (usize, usize))> {
    let parameter =
        scan::parameters(prompt, Dashes::Known).find(|found| found.canonical() == "repeat")?;
    Some((parameter.value.parse().ok(), parameter.span))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(prompt: &str) -> Vec<String> {
        expand(prompt).unwrap()
    }

    #[test]
    fn writes_out_alternatives_in_order() {
        assert_eq!(
            all("a {red, green} {cat, dog}"),
            ["a red cat", "a red dog", "a green cat", "a green dog"]
        );
        assert_eq!(all("fox --ar {1:1, 2:3}"), ["fox --ar 1:1", "fox --ar 2:3"]);
        assert_eq!(all("{a {b, c}, d}"), ["a b", "a c", "d"]);
        assert_eq!(all("plain"), ["plain"]);
        assert_eq!(all("one {only}"), ["one only"]);
    }

    #[test]
    fn escapes_and_lone_braces_stay() {
        assert_eq!(
            all(r"{red\, pastel, blue} bird"),
            ["red, pastel bird", "blue bird"]
        );
        assert_eq!(all(r"\{a, b\}"), [r"\{a, b\}"]);
        assert_eq!(all("open { brace"), ["open { brace"]);
        assert_eq!(all("close } brace"), ["close } brace"]);
        assert_eq!(all("{ {a, b}"), ["{ a", "{ b"]);
    }

    #[test]
    fn repeats_are_counted() {
        assert_eq!(all("fox --repeat 3 --v 7"), ["fox --v 7"; 3]);
        assert_eq!(all("fox --r {2, 3}").len(), 5);
        assert_eq!(expand("fox --repeat x"), Err(PromptError::InvalidRepeat));
        assert_eq!(expand("fox --repeat 41"), Err(PromptError::InvalidRepeat));
        assert_eq!(expand("{a, b} --repeat 21"), Err(PromptError::TooManyJobs));
    }

    #[test]
    fn too_many_are_refused_early() {
        assert_eq!(
            expand(&"{a,b}".repeat(1_000)),
            Err(PromptError::TooManyJobs)
        );
        assert_eq!(all(&"{a}".repeat(1_000)), ["a".repeat(1_000)]);
        assert_eq!(all(&"{".repeat(6_000)).len(), 1);
    }
}
