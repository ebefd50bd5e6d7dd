//! Buttons: what a `custom_id` means, our names for them, and which of a message's buttons a name means.
//!
//! A `custom_id` is only ever read, never composed: what is pressed is the live one of the message.

mod live;

pub(crate) use self::live::each_component;
pub use self::live::{ActionUnavailable, read_buttons, resolve};
use crate::job_id::JobId;

/// The direction of a pan.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Direction {
    /// Downwards.
    Down,
    /// To the left.
    Left,
    /// To the right.
    Right,
    /// Upwards.
    Up,
}

/// The kind of a variation of one picture.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Vary {
    /// The marked region only.
    Region,
    /// Far from the original.
    Strong,
    /// Near to the original.
    Subtle,
}

/// The kind of an upscale to a larger picture.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Hd {
    /// "Beta", versions 3 and 4.
    Beta,
    /// "Creative", since version 6.
    Creative,
    /// Four times the size, version 5.
    FourTimes,
    /// "Light", versions 3 and 4.
    Light,
    /// "Max", version 4.
    Max,
    /// "Subtle", since version 6.
    Subtle,
    /// Twice the size, version 5.
    TwoTimes,
}

/// The factor of a zoom button.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Zoom {
    /// Asked for in a modal.
    Custom,
    /// 1.5 times.
    OneAndHalf,
    /// To a square, by filling up.
    Square,
    /// Twice.
    TwoTimes,
}

/// How much moves in a video.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Motion {
    /// Much.
    High,
    /// Little.
    Low,
}

/// One of the numbered prompts of a describe or shorten result, or all of them.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Choice {
    /// All of them at once.
    All,
    /// This one, from 1.
    Number(u8),
}

/// What a `custom_id` asks for.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Press<'c> {
    /// A video out of the picture.
    Animate(Motion),
    /// The same with the prompt edited in a modal.
    AnimateManual(Motion),
    /// The favourite mark.
    Bookmark,
    /// Cancel Job.
    Cancel,
    /// One of describe's prompts, through a modal.
    DescribeImagine(Choice),
    /// Describe once more.
    DescribeRetry,
    /// A longer video out of video `index`.
    Extend(Motion, u8),
    /// The same with the prompt edited in a modal.
    ExtendManual(Motion, u8),
    /// A larger picture.
    Hd(Hd),
    /// Picture out of an old "Make Variations" or remaster button.
    Remaster,
    /// Another grid for the same prompt.
    Reroll,
    /// A settings button or select; its name follows.
    Setting(&'c str),
    /// One of shorten's prompts, through a modal.
    ShortenImagine(Choice),
    /// U1 to U4.
    Upscale(u8),
    /// V1 to V4.
    Variation(u8),
    /// Vary (Subtle), (Strong) or (Region) of one picture.
    Vary(Vary),
    /// A pan.
    Pan(Direction),
    /// U1 to U4 of a video grid.
    VideoUpscale(u8),
    /// A zoom.
    Zoom(Zoom),
    /// Something that this table lacks.
    Unknown(&'c str),
}

/// What jobs of one parent message an observer can not tell apart by their kind alone: the family of the key.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Family {
    /// Animate.
    Animate,
    /// Prompts out of a describe or shorten result.
    Choice,
    /// Extend of a video.
    Extend,
    /// A larger picture.
    Hd,
    /// Pan.
    Pan,
    /// Reroll.
    Reroll,
    /// U1 to U4.
    Upscale,
    /// V1 to V4: finals show no index.
    Variation,
    /// Vary Subtle, Strong, Region.
    Vary,
    /// U1 to U4 of a video grid.
    VideoUpscale,
    /// Every zoom: finals show no factor.
    Zoom,
}

impl Family {
    /// Its word in keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Animate => "video",
            Self::Choice => "choice",
            Self::Extend => "extend",
            Self::Hd => "hd",
            Self::Pan => "pan",
            Self::Reroll => "reroll",
            Self::Upscale => "upscale",
            Self::Variation => "variation",
            Self::Vary => "vary",
            Self::VideoUpscale => "video_upscale",
            Self::Zoom => "zoom",
        }
    }
}

impl<'c> Press<'c> {
    /// Reads a `custom_id` of any generation; never fails.
    pub fn read(custom_id: &'c str) -> Self {
        Self::known(custom_id).unwrap_or(Self::Unknown(custom_id))
    }

    fn known(custom_id: &'c str) -> Option<Self> {
        let (namespace, rest) = custom_id.strip_prefix("MJ::")?.split_once("::")?;
        let mut parts = rest.split("::");
        let first = parts.next()?;
        Some(match namespace {
            "JOB" | "Job" => {
                let argument = parts.next();
                match (first, argument) {
                    ("PicReader", Some(choice)) => Self::DescribeImagine(choice_of(choice)?),
                    ("PromptAnalyzer" | "PromptAnalyzerExtended", Some(choice)) => {
                        Self::ShortenImagine(choice_of(choice)?)
                    }
                    _ => job_press(first, argument.and_then(index_of).unwrap_or(1))?,
                }
            }
            "Outpaint" => Self::Zoom(match first {
                "50" => Zoom::TwoTimes,
                "75" => Zoom::OneAndHalf,
                "100" => Zoom::Square,
                _ => return None,
            }),
            "CustomZoom" => Self::Zoom(Zoom::Custom),
            "Inpaint" => Self::Vary(Vary::Region),
            "BOOKMARK" => Self::Bookmark,
            "CancelJob" => Self::Cancel,
            "Picread" if first == "Retry" => Self::DescribeRetry,
            "Picread" | "PicReader" => Self::DescribeImagine(choice_of(first)?),
            "Settings" => Self::Setting(rest),
            _ => return None,
        })
    }

    /// Our name for it: what `mj_action` takes and a task's `buttons` show; None when we have none.
    pub fn action(self) -> Option<String> {
        let name = match self {
            Self::Animate(Motion::High) => "animate_high",
            Self::Animate(Motion::Low) => "animate_low",
            Self::AnimateManual(Motion::High) => "animate_high_manual",
            Self::AnimateManual(Motion::Low) => "animate_low_manual",
            Self::Bookmark => "bookmark",
            Self::Cancel => "cancel",
            Self::DescribeImagine(Choice::All) | Self::ShortenImagine(Choice::All) => "imagine_all",
            Self::DescribeImagine(Choice::Number(number))
            | Self::ShortenImagine(Choice::Number(number)) => {
                return Some(format!("imagine{number}"));
            }
            Self::DescribeRetry | Self::Reroll => "reroll",
            Self::Extend(Motion::High, _) => "extend_high",
            Self::Extend(Motion::Low, _) => "extend_low",
            Self::ExtendManual(Motion::High, _) => "extend_high_manual",
            Self::ExtendManual(Motion::Low, _) => "extend_low_manual",
            Self::Hd(hd) => return Some(format!("upscale_{}", hd.as_str())),
            Self::Pan(direction) => return Some(format!("pan_{}", direction.as_str())),
            Self::Upscale(number) | Self::VideoUpscale(number) => {
                return Some(format!("upscale{number}"));
            }
            Self::Variation(number) => return Some(format!("variation{number}")),
            Self::Vary(vary) => return Some(format!("vary_{}", vary.as_str())),
            Self::Zoom(Zoom::Custom) => "custom_zoom",
            Self::Zoom(Zoom::OneAndHalf) => "zoom_out_1_5x",
            Self::Zoom(Zoom::Square) => "make_square",
            Self::Zoom(Zoom::TwoTimes) => "zoom_out_2x",
            Self::Remaster => "remaster",
            Self::Setting(_) | Self::Unknown(_) => return None,
        };
        Some(name.to_owned())
    }

    /// Which key family its job belongs to; None when it makes no job.
    pub const fn family(self) -> Option<Family> {
        Some(match self {
            Self::Animate(_) | Self::AnimateManual(_) => Family::Animate,
            Self::DescribeImagine(_) | Self::ShortenImagine(_) => Family::Choice,
            Self::Extend(..) | Self::ExtendManual(..) => Family::Extend,
            Self::Hd(_) | Self::Remaster => Family::Hd,
            Self::Pan(_) => Family::Pan,
            Self::Reroll | Self::DescribeRetry => Family::Reroll,
            Self::Upscale(_) => Family::Upscale,
            Self::Variation(_) => Family::Variation,
            Self::Vary(_) => Family::Vary,
            Self::VideoUpscale(_) => Family::VideoUpscale,
            Self::Zoom(_) => Family::Zoom,
            Self::Bookmark | Self::Cancel | Self::Setting(_) | Self::Unknown(_) => return None,
        })
    }

    /// Whether it surely makes no job: the favourite mark, Cancel Job, the settings.
    pub const fn makes_no_job(self) -> bool {
        matches!(self, Self::Bookmark | Self::Cancel | Self::Setting(_))
    }

    /// The number on the button: U, V, video and numbered prompts.
    pub const fn index(self) -> Option<u8> {
        if let Self::Upscale(index)
        | Self::Variation(index)
        | Self::VideoUpscale(index)
        | Self::Extend(_, index)
        | Self::ExtendManual(_, index)
        | Self::DescribeImagine(Choice::Number(index))
        | Self::ShortenImagine(Choice::Number(index)) = self
        {
            Some(index)
        } else {
            None
        }
    }

    /// What tells jobs of one family apart in their text: direction, kind of variation, motion.
    pub const fn variant(self) -> Option<&'static str> {
        if let Self::Pan(direction) = self {
            Some(direction.as_str())
        } else if let Self::Vary(vary) = self {
            Some(vary.as_str())
        } else if let Self::Animate(motion) = self {
            Some(motion.as_str())
        } else {
            None
        }
    }

    /// Whether Midjourney answers the press with a modal whatever the account's remix setting.
    pub const fn opens_modal(self) -> bool {
        matches!(
            self,
            Self::AnimateManual(_)
                | Self::DescribeImagine(Choice::Number(_))
                | Self::ExtendManual(..)
                | Self::ShortenImagine(_)
                | Self::Vary(Vary::Region)
                | Self::Zoom(Zoom::Custom)
        )
    }

    /// Whether a message with such a button is a result whose buttons lead on.
    pub const fn is_result_button(self) -> bool {
        !matches!(self, Self::Cancel | Self::Setting(_) | Self::Unknown(_))
    }
}

/// The job that a `custom_id` belongs to: its UUID, wherever it stands.
pub fn job_of(custom_id: &str) -> Option<JobId> {
    if !custom_id.starts_with("MJ::") {
        return None;
    }
    custom_id.split("::").find_map(|part| part.parse().ok())
}

fn job_press(verb: &str, index: u8) -> Option<Press<'static>> {
    Some(match verb {
        "upsample" => Press::Upscale(index),
        "variation" => Press::Variation(index),
        "reroll" => Press::Reroll,
        "low_variation" => Press::Vary(Vary::Subtle),
        "high_variation" => Press::Vary(Vary::Strong),
        "pan_left" => Press::Pan(Direction::Left),
        "pan_right" => Press::Pan(Direction::Right),
        "pan_up" => Press::Pan(Direction::Up),
        "pan_down" => Press::Pan(Direction::Down),
        "make_square" => Press::Zoom(Zoom::Square),
        "animate_high" => Press::Animate(Motion::High),
        "animate_low" => Press::Animate(Motion::Low),
        "animate_high_manual" => Press::AnimateManual(Motion::High),
        "animate_low_manual" => Press::AnimateManual(Motion::Low),
        "animate_high_extend" => Press::Extend(Motion::High, index),
        "animate_low_extend" => Press::Extend(Motion::Low, index),
        "animate_high_extend_manual" => Press::ExtendManual(Motion::High, index),
        "animate_low_extend_manual" => Press::ExtendManual(Motion::Low, index),
        "video_virtual_upscale" => Press::VideoUpscale(index),
        "upsample_max" => Press::Hd(Hd::Max),
        "upsample_light" => Press::Hd(Hd::Light),
        "upsample_beta" => Press::Hd(Hd::Beta),
        "remaster" => Press::Remaster,
        _ => Press::Hd(hd_of(verb.strip_prefix("upsample_v")?)?),
    })
}

/// Reads `5_2x`, `6_2x_subtle`, `6r1_2x_creative`, `7_2x_subtle` and what will follow in that manner.
fn hd_of(version: &str) -> Option<Hd> {
    let (_, kind) = version.split_once('_')?;
    if kind.ends_with("subtle") {
        Some(Hd::Subtle)
    } else if kind.ends_with("creative") {
        Some(Hd::Creative)
    } else if kind.starts_with("4x") {
        Some(Hd::FourTimes)
    } else if kind.starts_with("2x") {
        Some(Hd::TwoTimes)
    } else {
        None
    }
}

fn index_of(text: &str) -> Option<u8> {
    text.parse().ok()
}

fn choice_of(text: &str) -> Option<Choice> {
    if text == "all" {
        Some(Choice::All)
    } else {
        index_of(text).map(Choice::Number)
    }
}

macro_rules! words {
    ($($name:ident { $($variant:ident $word:literal)* })*) => {$(
        impl $name {
            /// Its word in our action names.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }
    )*};
}

words! {
    Direction { Down "down" Left "left" Right "right" Up "up" }
    Hd { Beta "beta" Creative "creative" FourTimes "4x" Light "light" Max "max" Subtle "subtle" TwoTimes "2x" }
    Motion { High "high" Low "low" }
    Vary { Region "region" Strong "strong" Subtle "subtle" }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "0ddb91a0-af46-4ae9-8e8e-c271074eb6e6";

    /// A `custom_id` with `#` for the job, what it means, and our name.
    const GENERATIONS: &[(&str, Press<'static>, &str)] = &[
        ("MJ::JOB::upsample::2::#", Press::Upscale(2), "upscale2"),
        (
            "MJ::JOB::variation::4::#",
            Press::Variation(4),
            "variation4",
        ),
        ("MJ::JOB::reroll::0::#::SOLO", Press::Reroll, "reroll"),
        (
            "MJ::JOB::upsample_v5_2x::1::#::SOLO",
            Press::Hd(Hd::TwoTimes),
            "upscale_2x",
        ),
        (
            "MJ::JOB::upsample_v5_4x::1::#::SOLO",
            Press::Hd(Hd::FourTimes),
            "upscale_4x",
        ),
        (
            "MJ::JOB::upsample_v6_2x_subtle::1::#::SOLO",
            Press::Hd(Hd::Subtle),
            "upscale_subtle",
        ),
        (
            "MJ::JOB::upsample_v6r1_2x_creative::1::#::SOLO",
            Press::Hd(Hd::Creative),
            "upscale_creative",
        ),
        (
            "MJ::JOB::upsample_v7_2x_subtle::1::#::SOLO",
            Press::Hd(Hd::Subtle),
            "upscale_subtle",
        ),
        (
            "MJ::JOB::upsample_max::1::#::SOLO",
            Press::Hd(Hd::Max),
            "upscale_max",
        ),
        (
            "MJ::JOB::low_variation::1::#::SOLO",
            Press::Vary(Vary::Subtle),
            "vary_subtle",
        ),
        (
            "MJ::JOB::high_variation::1::#::SOLO",
            Press::Vary(Vary::Strong),
            "vary_strong",
        ),
        (
            "MJ::JOB::pan_left::1::#::SOLO",
            Press::Pan(Direction::Left),
            "pan_left",
        ),
        (
            "MJ::JOB::pan_up::1::#::SOLO",
            Press::Pan(Direction::Up),
            "pan_up",
        ),
        (
            "MJ::JOB::animate_high::1::#::SOLO",
            Press::Animate(Motion::High),
            "animate_high",
        ),
        (
            "MJ::JOB::animate_low_extend::3::#",
            Press::Extend(Motion::Low, 3),
            "extend_low",
        ),
        (
            "MJ::JOB::video_virtual_upscale::3::#",
            Press::VideoUpscale(3),
            "upscale3",
        ),
        (
            "MJ::Outpaint::50::1::#::SOLO",
            Press::Zoom(Zoom::TwoTimes),
            "zoom_out_2x",
        ),
        (
            "MJ::Outpaint::75::1::#::SOLO",
            Press::Zoom(Zoom::OneAndHalf),
            "zoom_out_1_5x",
        ),
        (
            "MJ::Outpaint::100::1::#::SOLO",
            Press::Zoom(Zoom::Square),
            "make_square",
        ),
        (
            "MJ::CustomZoom::#",
            Press::Zoom(Zoom::Custom),
            "custom_zoom",
        ),
        (
            "MJ::Inpaint::1::#::SOLO",
            Press::Vary(Vary::Region),
            "vary_region",
        ),
        ("MJ::BOOKMARK::#", Press::Bookmark, "bookmark"),
        ("MJ::CancelJob::ByJobid::#", Press::Cancel, "cancel"),
        (
            "MJ::Job::PicReader::4",
            Press::DescribeImagine(Choice::Number(4)),
            "imagine4",
        ),
        (
            "MJ::Job::PicReader::all",
            Press::DescribeImagine(Choice::All),
            "imagine_all",
        ),
        ("MJ::Picread::Retry", Press::DescribeRetry, "reroll"),
        (
            "MJ::Job::PromptAnalyzer::5",
            Press::ShortenImagine(Choice::Number(5)),
            "imagine5",
        ),
    ];

    #[test]
    fn reads_every_generation_of_custom_ids() {
        for (custom_id, press, action) in GENERATIONS {
            let live = custom_id.replace("::#", &format!("::{UUID}"));
            assert_eq!(Press::read(&live), *press, "{live}");
            assert_eq!(press.action().as_deref(), Some(*action));
            let expected = custom_id.contains("::#").then(|| UUID.parse().unwrap());
            assert_eq!(job_of(&live), expected, "{live}");
        }
        assert_eq!(
            Press::read("MJ::Settings::RelaxMode::on"),
            Press::Setting("RelaxMode::on")
        );
        for odd in [
            "",
            "MJ::",
            "MJ::JOB",
            "MJ::JOB::dance::1",
            "MJ::Outpaint::33::1",
            "other",
            "MJ::iframe::xyz",
        ] {
            assert_eq!(Press::read(odd), Press::Unknown(odd));
        }
    }

    #[test]
    fn keys_know_family_index_and_variant() {
        assert_eq!(
            Press::Zoom(Zoom::TwoTimes).family(),
            Press::Zoom(Zoom::Custom).family()
        );
        assert_eq!(Press::Pan(Direction::Left).variant(), Some("left"));
        assert_eq!(Press::Upscale(3).index(), Some(3));
        assert_eq!(Press::AnimateManual(Motion::High).variant(), None);
        assert_eq!(Press::Cancel.family(), None);
    }
}
