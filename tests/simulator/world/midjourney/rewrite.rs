//! How Midjourney rewrites the prompt of a job that comes out of another one: pan, zoom, square, video.

use super::job_kind::{JobKind, Motion};
use super::prompt::{Defaults, Prompt, Rejection, read_with};

/// Zoom factors that the custom zoom takes.
const ZOOM_RANGE: std::ops::RangeInclusive<f64> = 1.0..=2.0;

/// The prompt of a job made by a button; the echo is its parent's, rewritten where the captures show it.
pub(crate) fn derived(parent: &Prompt, kind: JobKind) -> Prompt {
    let (across, down) = parent.aspect;
    match kind {
        JobKind::Animate(motion) | JobKind::Extend(motion) => animated(parent, Some(motion)),
        JobKind::Pan("Left" | "Right") => with_aspect(parent, (across * 3, down * 2)),
        JobKind::Pan(_) => with_aspect(parent, (across * 2, down * 3)),
        JobKind::Zoom { square: true } => with_aspect(parent, (1, 1)),
        JobKind::Imagine
        | JobKind::Reroll
        | JobKind::Upscale(_)
        | JobKind::UpscaleHd { .. }
        | JobKind::Variation(_)
        | JobKind::Vary(_)
        | JobKind::VideoUpscale(_)
        | JobKind::Zoom { square: false } => parent.clone(),
    }
}

/// What a typed prompt makes: pictures, or with `--video` a film.
pub(crate) fn of_command(prompt: Prompt) -> (JobKind, Prompt) {
    let (_, parameters) = split(&prompt.echo);
    let find = |name: &str| parameters.iter().find(|(other, _)| other == name);
    if find("video").is_none() {
        return (JobKind::Imagine, prompt);
    }
    let high = find("motion").is_some_and(|(_, value)| value == "high");
    let motion = if high { Motion::High } else { Motion::Low };
    (JobKind::Animate(motion), animated(&prompt, None))
}

/// A prompt for a video: what belongs to the picture's making is dropped, what belongs to the film's stays.
fn animated(prompt: &Prompt, motion: Option<Motion>) -> Prompt {
    let (text, parameters) = split(&prompt.echo);
    let find = |name: &str| parameters.iter().find(|(other, _)| other == name);
    let mut words = vec![text.join(" ")];
    if find("raw").is_some() {
        words.push("--raw".into());
    }
    if find("loop").is_some() {
        words.push("--end loop".into());
    } else if let Some((_, end)) = find("end") {
        words.push(format!("--end {end}"));
    }
    let chosen = find("motion").map(|(_, value)| value.clone());
    if let Some(motion) = motion.map(|motion| motion.name().to_owned()).or(chosen) {
        words.push(format!("--motion {motion}"));
    }
    let (across, down) = prompt.aspect;
    words.push(format!("--video 1 --aspect {across}:{down}"));
    let echo = words.join(" ");
    Prompt {
        echo: echo.trim_start().to_owned(),
        ..prompt.clone()
    }
}

/// Drops `--ar` and appends the new one.
fn with_aspect(prompt: &Prompt, (across, down): (u32, u32)) -> Prompt {
    let divisor = greatest_divisor(across, down);
    let aspect = (across / divisor, down / divisor);
    let bare = without(&prompt.echo, &["ar", "aspect"]);
    Prompt {
        echo: format!("{bare} --ar {}:{}", aspect.0, aspect.1),
        aspect,
        ..prompt.clone()
    }
}

/// What the modal of the custom zoom proposes.
pub(crate) fn zoom_proposal(parent: &Prompt) -> String {
    let (across, down) = parent.aspect;
    let bare = without(&parent.echo, &["ar", "aspect"]);
    format!("{bare} --ar {across}:{down} --zoom 2")
}

/// Reads what the custom zoom's modal brings back; its factor is not echoed.
pub(crate) fn read_zoom(typed: &str, defaults: &Defaults) -> Result<Prompt, Rejection> {
    let (_, parameters) = split(typed);
    let factor = parameters.iter().find(|(name, _)| name == "zoom");
    if let Some((_, value)) = factor
        && !value
            .parse::<f64>()
            .is_ok_and(|factor| ZOOM_RANGE.contains(&factor))
    {
        return Err(Rejection {
            title: "Invalid parameter",
            description: format!("Invalid value provided for argument `--zoom`: `{value}`"),
        });
    }
    read_with(&without(typed, &["zoom"]), defaults)
}

/// The words before the first parameter, and the parameters with their values.
fn split(prompt: &str) -> (Vec<&str>, Vec<(String, String)>) {
    let mut text = Vec::new();
    let mut parameters: Vec<(String, String)> = Vec::new();
    for word in prompt.split_whitespace() {
        let name = word
            .strip_prefix("--")
            .filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()));
        match (name, parameters.last_mut()) {
            (Some(name), _) => parameters.push((name.to_owned(), String::new())),
            (None, None) => text.push(word),
            (None, Some((_, value))) => {
                if !value.is_empty() {
                    value.push(' ');
                }
                value.push_str(word);
            }
        }
    }
    (text, parameters)
}

fn without(prompt: &str, names: &[&str]) -> String {
    let (text, parameters) = split(prompt);
    let mut rest = text.join(" ");
    for (name, value) in parameters {
        if !names.contains(&name.as_str()) {
            rest.push_str(" --");
            rest.push_str(&name);
            if !value.is_empty() {
                rest.push(' ');
                rest.push_str(&value);
            }
        }
    }
    rest
}

fn greatest_divisor(a: u32, b: u32) -> u32 {
    if b == 0 {
        a.max(1)
    } else {
        greatest_divisor(b, a % b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::midjourney::prompt::read;

    fn prompt(typed: &str) -> Prompt {
        read(typed).unwrap()
    }

    #[test]
    fn pans_widen_the_canvas() {
        let square = prompt("a bird --ar 1:1 --v 7 --style raw");
        let wide = derived(&square, JobKind::Pan("Right"));
        assert_eq!(wide.echo, "a bird --v 7.0 --raw --ar 3:2");
        let back = derived(&wide, JobKind::Pan("Up"));
        assert_eq!(back.aspect, (1, 1));
        assert!(back.echo.ends_with("--ar 1:1"));
    }

    #[test]
    fn typed_films_are_videos() {
        let (kind, film) = of_command(prompt("https://images.example/a.png --video --end loop"));
        assert_eq!(kind, JobKind::Animate(Motion::Low));
        assert!(
            film.echo.ends_with("> --end loop --video 1 --aspect 1:1"),
            "{}",
            film.echo
        );
        assert_eq!(of_command(prompt("a bird")).0, JobKind::Imagine);
    }

    #[test]
    fn videos_keep_only_their_own_parameters() {
        let picture = prompt("a bird --ar 3:2 --no fog --seed 7 --style raw");
        assert_eq!(
            derived(&picture, JobKind::Animate(Motion::High)).echo,
            "a bird --raw --motion high --video 1 --aspect 3:2"
        );
    }

    #[test]
    fn the_zoom_factor_is_asked_for_and_not_echoed() {
        let parent = prompt("a bird --seed 7");
        let proposal = zoom_proposal(&parent);
        assert_eq!(proposal, "a bird --seed 7 --v 7.0 --ar 1:1 --zoom 2");
        assert_eq!(
            read_zoom(&proposal, &Defaults::default()).unwrap().echo,
            "a bird --seed 7 --v 7.0 --ar 1:1"
        );
        assert_eq!(
            read_zoom("a bird --zoom 3", &Defaults::default())
                .unwrap_err()
                .title,
            "Invalid parameter"
        );
    }
}
