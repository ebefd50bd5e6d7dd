//! Which kind of job a message speaks of.

use super::{
    Reading,
    line::{Lead, Line, Subject},
};
use crate::{
    button::{Direction, Family, Hd, Press, Vary},
    prompt,
};

/// Which kind of job a message speaks of, as far as its text and components show.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Form {
    /// A bare prompt: imagine, reroll, blend; also the start of a zoom or pan.
    Imagine,
    /// "Upscaling image #n": the start of U1 to U4 or of a larger picture.
    Upscaling,
    /// "Image #n": U1 to U4.
    Upscale,
    /// A variation; its kind when named.
    Variation(Option<Vary>),
    /// A variation with a changed prompt; its kind when named.
    Remix(Option<Vary>),
    /// A pan.
    Pan(Direction),
    /// A zoom; its factor is never named.
    Zoom,
    /// A larger picture; its kind when named.
    Hd(Option<Hd>),
    /// A video.
    Video,
    /// "… by" with a word that is not known.
    Other,
}

impl Form {
    /// Whether a message of this form can be an answer to a press, as far as text shows: the kind must be the same
    /// where both name one.
    pub fn fits(self, press: Press<'_>) -> bool {
        let Some(family) = press.family() else {
            return false;
        };
        match self {
            // Zooms and pans start with a bare prompt; rerolls have nothing else.
            Self::Imagine => {
                matches!(
                    family,
                    Family::Reroll
                        | Family::Zoom
                        | Family::Pan
                        | Family::Choice
                        | Family::Vary
                        | Family::Extend
                )
            }
            Self::Upscaling => {
                matches!(family, Family::Upscale | Family::Hd | Family::VideoUpscale)
            }
            Self::Upscale => matches!(family, Family::Upscale | Family::VideoUpscale),
            Self::Variation(kind) | Self::Remix(kind) => {
                let same =
                    matches!(press, Press::Vary(wanted) if kind.is_none_or(|kind| kind == wanted));
                same || (family == Family::Variation && kind != Some(Vary::Region))
            }
            Self::Pan(direction) => press == Press::Pan(direction),
            Self::Zoom => family == Family::Zoom,
            Self::Hd(kind) => {
                let other =
                    matches!(press, Press::Hd(wanted) if kind.is_some_and(|kind| kind != wanted));
                family == Family::Hd && !other
            }
            Self::Video => matches!(
                family,
                Family::Animate | Family::Extend | Family::VideoUpscale
            ),
            Self::Other => true,
        }
    }
}

/// The form of a job line, with the files and buttons of its message.
pub(super) fn of(line: &Line<'_>, reading: &Reading<'_>) -> Form {
    match line.lead {
        Lead::Upscaling => return Form::Upscaling,
        Lead::Variations => return Form::Variation(None),
        Lead::Video => return Form::Video,
        Lead::None | Lead::Other(_) => {}
    }
    match line.subject {
        Subject::Image => Form::Upscale,
        Subject::By { words, kind } => form_by(words, kind.unwrap_or_default()),
        Subject::None if is_video(line.prompt, reading) => Form::Video,
        Subject::None => match line.lead {
            Lead::Other(verb) => form_of_verb(verb),
            Lead::None | Lead::Upscaling | Lead::Variations | Lead::Video => Form::Imagine,
        },
    }
}

fn form_of_verb(verb: &str) -> Form {
    match verb {
        "Rerolling" | "Imagining" => Form::Imagine,
        "Remixing" => Form::Remix(None),
        "Zooming" | "Outpainting" => Form::Zoom,
        "Inpainting" => Form::Variation(Some(Vary::Region)),
        _ => Form::Other,
    }
}

fn form_by(words: &str, kind: &str) -> Form {
    let words = words.to_ascii_lowercase();
    let kind = kind.to_ascii_lowercase();
    let vary = match kind.as_str() {
        "subtle" => Some(Vary::Subtle),
        "strong" => Some(Vary::Strong),
        "region" => Some(Vary::Region),
        _ => None,
    };
    if let Some(direction) = words.strip_prefix("pan ") {
        return match direction {
            "left" => Form::Pan(Direction::Left),
            "right" => Form::Pan(Direction::Right),
            "up" => Form::Pan(Direction::Up),
            "down" => Form::Pan(Direction::Down),
            _ => Form::Other,
        };
    }
    match words.split(' ').next().unwrap_or_default() {
        "variation" | "variations" => Form::Variation(vary),
        "remix" | "remixed" => Form::Remix(vary),
        "upscaled" | "upscaling" | "upscale" | "remaster" | "remastered" => Form::Hd(hd(&kind)),
        "zoom" | "zoomed" | "outpaint" => Form::Zoom,
        "inpaint" => Form::Variation(Some(Vary::Region)),
        "make" | "square" if words.contains("square") => Form::Zoom,
        "video" | "animate" | "animated" | "animation" | "extend" | "extended" => Form::Video,
        _ => Form::Other,
    }
}

fn hd(kind: &str) -> Option<Hd> {
    match kind {
        "subtle" => Some(Hd::Subtle),
        "creative" => Some(Hd::Creative),
        "2x" => Some(Hd::TwoTimes),
        "4x" => Some(Hd::FourTimes),
        "beta" => Some(Hd::Beta),
        "light" => Some(Hd::Light),
        "max" => Some(Hd::Max),
        _ => None,
    }
}

/// A video's text is a bare prompt; its parameter, its files or its buttons tell.
fn is_video(prompt: &str, reading: &Reading<'_>) -> bool {
    prompt::has_parameter(prompt, "video")
        || reading.pictures.iter().any(|file| {
            let name = file.filename.as_ref();
            name.rsplit_once('.')
                .is_some_and(|(_, kind)| kind.eq_ignore_ascii_case("mp4"))
                || name.contains("_step_")
        })
        || reading.buttons.iter().any(|button| {
            matches!(
                Press::read(&button.custom_id),
                Press::VideoUpscale(_) | Press::Extend(..)
            )
        })
}
