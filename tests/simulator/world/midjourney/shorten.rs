//! `/shorten`: which words of a prompt weigh how much, and five shorter prompts.

use serde_json::{Value, json};

use super::answer::Reply;
use super::button::rows;
use super::describe::{list, numbered};
use crate::random::digest;

/// Shows the weights.
pub(super) const DETAILS: &str = "MJ::Job::PromptAnalyzerExtended";

/// Hundredths from which on a word is important, and below which it is struck out.
const IMPORTANT: u64 = 9;
const USELESS: u64 = 2;

/// The words of a prompt without its parameters.
pub(super) fn words(prompt: &str) -> Vec<&str> {
    let words = prompt.split_whitespace();
    words.take_while(|word| !word.starts_with("--")).collect()
}

/// The answer: `details` adds each word's weight and drops the button that asks for it.
pub(super) fn reply(prompt: &str, details: bool) -> Reply {
    let words = words(prompt);
    let weighed: Vec<(&str, u64)> = words
        .iter()
        .enumerate()
        .map(|(place, word)| (*word, weight(place, word)))
        .collect();
    let tokens: Vec<String> = weighed.iter().map(|word| token(*word, details)).collect();
    let description = format!(
        "## Important tokens\n{}\n## Shortened prompts\n{}",
        tokens.join(" "),
        list(&shorter(&weighed))
    );
    let mut upper: Vec<Value> = Vec::new();
    upper.extend((1..=5).map(|n| numbered(n, &format!("MJ::Job::PromptAnalyzer::{n}"))));
    let mut all = vec![upper];
    if !details {
        all.push(vec![json!({
            "type": 2, "style": 2, "custom_id": DETAILS, "label": "Show Details",
        })]);
    }
    let embed = json!({
        "type": "rich", "description": description, "content_scan_version": 0,
        "footer": {"text": "Click on a button to imagine one of the shortened prompts"},
    });
    Reply {
        content: String::new(),
        embeds: vec![embed],
        components: rows(all),
    }
}

/// Hundredths: the first word weighs all, the others what chance gives them.
fn weight(place: usize, word: &str) -> u64 {
    if place == 0 { 100 } else { digest(word) % 60 }
}

/// A word as it is set: important ones bold, useless ones struck out; punctuation stays outside.
fn token((word, weight): (&str, u64), details: bool) -> String {
    let bare = word.trim_end_matches([',', '.', ';', ':']);
    let rest = &word[bare.len()..];
    let set = match weight {
        _ if bare.is_empty() => return word.to_owned(),
        IMPORTANT.. => format!("**{bare}**"),
        0..USELESS if !details => format!("~~{bare}~~"),
        _ => bare.to_owned(),
    };
    if details {
        format!("{set} ({}.{:02}){rest}", weight / 100, weight % 100)
    } else {
        format!("{set}{rest}")
    }
}

/// Five prompts of the weightiest words, each a little shorter than the one before, in their first order.
fn shorter(weighed: &[(&str, u64)]) -> Vec<String> {
    let mut order: Vec<usize> = (0..weighed.len()).collect();
    order.sort_by_key(|place| std::cmp::Reverse((weighed[*place].1, *place)));
    (0..5)
        .map(|step| {
            let count = (weighed.len() * (5 - step)).div_ceil(6).max(1);
            let mut kept = order[..count.min(order.len())].to_vec();
            kept.sort_unstable();
            let words: Vec<&str> = kept.iter().map(|place| weighed[*place].0).collect();
            words.join(" ").trim_end_matches([',', '.']).to_owned()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_prompt_is_shorter_than_the_last() {
        let reply = reply(
            "a tall ship, far out at sea, painted in oil on a wooden board --ar 3:2",
            false,
        );
        let text = reply.embeds[0]["description"].as_str().unwrap();
        let (tokens, prompts) = text.split_once("\n## Shortened prompts\n").unwrap();
        assert!(tokens.starts_with("## Important tokens\n**a**"), "{tokens}");
        assert!(!text.contains("--ar") && !tokens.contains("(1.00)"));
        let lengths: Vec<usize> = prompts.split("\n\n").map(str::len).collect();
        assert_eq!(lengths.len(), 5);
        assert!(lengths.is_sorted_by(|a, b| a >= b), "{prompts}");
    }

    #[test]
    fn details_tell_weights() {
        let reply = reply("ship", true);
        let text = reply.embeds[0]["description"].as_str().unwrap();
        assert!(text.contains("**ship** (1.00)"), "{text}");
        assert_eq!(reply.components.len(), 1, "no button for details");
    }
}
