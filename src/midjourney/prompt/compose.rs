//! Makes one prompt out of a text and structured options.

use std::borrow::Cow;

use super::{
    Prompt, PromptError, has_parameter, is_link,
    scan::{self, Dashes},
};
use crate::task::Mode;

/// A prompt in parts, as PHP's options give it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Composition {
    /// Addresses of image prompts, in order.
    pub images: Vec<String>,
    /// The text, with the parameters that the caller wrote into it.
    pub text: String,
    /// Names, without dashes, and values; an empty value makes a switch.
    pub parameters: Vec<(String, String)>,
}

impl Composition {
    /// The prompt: images first, then the text, then the options. A parameter that the text already has wins.
    ///
    /// # Errors
    /// When an image is no address, or an option would change more than itself.
    pub fn compose(&self) -> Result<String, PromptError> {
        let mut words: Vec<String> = Vec::new();
        for (at, image) in self.images.iter().enumerate() {
            let image = image.trim();
            if !is_link(image) || image.contains(char::is_whitespace) {
                return Err(PromptError::InvalidImage { number: at + 1 });
            }
            words.push(address(image).into_owned());
        }
        words.push(self.text.trim().to_owned());
        let written = Prompt::parse(&self.text);
        for (name, value) in &self.parameters {
            let option = option(name, value)?;
            let own = Prompt::parse(&option)
                .parameters
                .first()
                .map(|parameter| parameter.canonical().to_owned());
            if own.is_some_and(|own| written.parameter(&own).is_none()) {
                words.push(option);
            }
        }
        words.retain(|word| !word.is_empty());
        Ok(words.join(" "))
    }
}

/// The speed that is written into a prompt.
pub fn written_mode(prompt: &str) -> Option<Mode> {
    [Mode::Fast, Mode::Relax, Mode::Turbo]
        .into_iter()
        .find(|mode| has_parameter(prompt, mode.as_str()))
}

/// The prompt with a speed, unless one is written into it: that one wins. Belongs behind [`super::expand`], for each
/// alternative may have its own.
pub fn with_mode(prompt: String, mode: Mode) -> String {
    if written_mode(&prompt).is_some() {
        return prompt;
    }
    let gap = if prompt.is_empty() { "" } else { " " };
    format!("{prompt}{gap}--{}", mode.as_str())
}

/// An address as it stands in a prompt: its braces, which no address has bare (RFC 3986, section 2), would be read as
/// alternatives.
fn address(link: &str) -> Cow<'_, str> {
    if link.contains(['{', '}']) {
        Cow::Owned(link.replace('{', "%7B").replace('}', "%7D"))
    } else {
        Cow::Borrowed(link)
    }
}

/// The prompt with the links of pictures: those without a parameter in front, in their order, the others behind their
/// parameter at the end.
pub fn with_links(prompt: &str, links: &[(Option<&str>, &str)]) -> String {
    let mut words: Vec<String> = links
        .iter()
        .filter(|(parameter, _)| parameter.is_none())
        .map(|(_, link)| address(link).into_owned())
        .collect();
    words.push(prompt.trim().to_owned());
    let mut done: Vec<&str> = Vec::new();
    for name in links.iter().filter_map(|(parameter, _)| *parameter) {
        if done.contains(&name) {
            continue;
        }
        done.push(name);
        words.push(format!("--{name}"));
        words.extend(
            links
                .iter()
                .filter(|(parameter, _)| *parameter == Some(name))
                .map(|(_, link)| address(link).into_owned()),
        );
    }
    words.retain(|word| !word.is_empty());
    words.join(" ")
}

fn option(name: &str, value: &str) -> Result<String, PromptError> {
    let name = name.trim().trim_start_matches('-');
    let value = value.trim();
    let named = name.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !named {
        return Err(PromptError::InvalidName {
            name: name
                .chars()
                .filter(|letter| !letter.is_control())
                .take(40)
                .collect(),
        });
    }
    let single =
        scan::first(value, Dashes::Known) == value.len() && !value.contains(char::is_control);
    if !single {
        return Err(PromptError::InvalidValue {
            name: name.to_owned(),
        });
    }
    Ok(if value.is_empty() {
        format!("--{name}")
    } else {
        format!("--{name} {value}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn composition(parameters: &[(&str, &str)]) -> Composition {
        Composition {
            images: vec!["https://a/1.png".to_owned()],
            text: "a fox --v 7".to_owned(),
            parameters: parameters
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        }
    }

    #[test]
    fn images_stand_first_and_written_parameters_win() {
        let prompt = composition(&[("aspect", "16:9"), ("version", "6"), ("tile", "")]).compose();
        assert_eq!(
            prompt.as_deref(),
            Ok("https://a/1.png a fox --v 7 --aspect 16:9 --tile")
        );
    }

    #[test]
    fn a_written_mode_wins() {
        let relaxed = |prompt: &str| with_mode(prompt.to_owned(), Mode::Relax);
        assert_eq!(relaxed("a fox"), "a fox --relax");
        assert_eq!(relaxed("a fox --turbo --v 7"), "a fox --turbo --v 7");
        assert_eq!(relaxed(""), "--relax");
    }

    #[test]
    fn braces_of_an_address_are_no_alternatives() {
        let mut braces = composition(&[]);
        braces.images = vec!["https://a/{1,2}.png".to_owned()];
        let composed = braces.compose().unwrap();
        assert_eq!(composed, "https://a/%7B1,2%7D.png a fox --v 7");
        assert_eq!(super::super::expand(&composed).unwrap().len(), 1);
        assert_eq!(
            with_links("a fox", &[(Some("sref"), "https://a/{s}.png")]),
            "a fox --sref https://a/%7Bs%7D.png"
        );
    }

    #[test]
    fn links_stand_in_front_or_behind_their_parameter() {
        let links = [
            (Some("sref"), "https://a/s1.png"),
            (None, "https://a/1.png"),
            (Some("cref"), "https://a/c.png"),
            (None, "https://a/2.png"),
            (Some("sref"), "https://a/s2.png"),
        ];
        assert_eq!(
            with_links("a fox --ar 1:1", &links),
            "https://a/1.png https://a/2.png a fox --ar 1:1 \
             --sref https://a/s1.png https://a/s2.png --cref https://a/c.png"
        );
        assert_eq!(with_links(" ", &links[1..2]), "https://a/1.png");
        assert_eq!(with_links("a fox", &[]), "a fox");
    }

    #[test]
    fn options_can_not_smuggle_parameters() {
        for (name, value) in [("ar", "1:1 --no x"), ("ar", "1\n2"), ("no", "--v 6")] {
            let error = composition(&[(name, value)]).compose().unwrap_err();
            assert_eq!(
                error,
                PromptError::InvalidValue {
                    name: name.to_owned()
                }
            );
        }
        assert!(matches!(
            composition(&[("a b", "")]).compose(),
            Err(PromptError::InvalidName { .. })
        ));
        let mut other = composition(&[]);
        other.images = vec!["file:///etc/passwd".to_owned()];
        assert_eq!(
            other.compose(),
            Err(PromptError::InvalidImage { number: 1 })
        );
    }
}
