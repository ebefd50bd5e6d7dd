//! What a job makes: its words in messages, its pace and its name in the record.

/// How much moves in a video.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Motion {
    High,
    Low,
}

impl Motion {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Low => "low",
        }
    }
}

/// The upscalers of all versions.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Hd {
    Beta,
    Creative,
    FourTimes,
    Light,
    Max,
    Subtle,
    TwoTimes,
}

impl Hd {
    /// As the label of a button names it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Beta => "Beta",
            Self::Creative => "Creative",
            Self::FourTimes => "4x",
            Self::Light => "Light",
            Self::Max => "Max",
            Self::Subtle => "Subtle",
            Self::TwoTimes => "2x",
        }
    }
}

/// Variations of one picture.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Vary {
    Region,
    Strong,
    Subtle,
}

impl Vary {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Region => "Region",
            Self::Strong => "Strong",
            Self::Subtle => "Subtle",
        }
    }
}

/// What a job makes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum JobKind {
    Animate(Motion),
    Extend(Motion),
    Imagine,
    Pan(&'static str),
    Reroll,
    Upscale(u8),
    /// `named`: the messages say which upscaler it was, as they did until version 6.1.
    UpscaleHd {
        hd: Hd,
        named: bool,
    },
    Variation(u8),
    Vary(Vary),
    VideoUpscale(u8),
    /// `square`: to 1:1, by filling up.
    Zoom {
        square: bool,
    },
}

/// What a final shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Product {
    /// Four pictures.
    Grid,
    /// One larger picture.
    Larger,
    /// One picture.
    Single,
    /// One video.
    Video,
    /// Four videos.
    VideoGrid,
}

impl JobKind {
    /// What its final shows.
    pub(crate) fn product(self) -> Product {
        match self {
            Self::Animate(_) | Self::Extend(_) => Product::VideoGrid,
            Self::Imagine
            | Self::Pan(_)
            | Self::Reroll
            | Self::Variation(_)
            | Self::Vary(_)
            | Self::Zoom { .. } => Product::Grid,
            Self::Upscale(_) => Product::Single,
            Self::UpscaleHd { .. } => Product::Larger,
            Self::VideoUpscale(_) => Product::Video,
        }
    }

    /// Whether it only cuts something out that exists: it takes no slot and is done at once.
    pub(crate) fn is_cut(self) -> bool {
        matches!(self, Self::Upscale(_) | Self::VideoUpscale(_))
    }

    /// Whether its messages are those of a video in the making.
    pub(crate) fn is_video(self) -> bool {
        self.product() == Product::VideoGrid
    }

    /// Whether it shows its parent's scene instead of a new one.
    pub(crate) fn keeps_scene(self) -> bool {
        matches!(
            self,
            Self::Upscale(_) | Self::UpscaleHd { .. } | Self::VideoUpscale(_)
        )
    }

    /// The word between `** - ` and `by <@…>` once the job runs; `remix` when its prompt came out of a modal.
    pub(crate) fn progress_verb(self, remix: bool) -> Option<String> {
        let variations = if remix { "Remix" } else { "Variations" };
        match self {
            Self::Animate(_)
            | Self::Extend(_)
            | Self::Imagine
            | Self::Reroll
            | Self::Upscale(_)
            | Self::VideoUpscale(_) => None,
            Self::Pan(direction) => Some(format!("Pan {direction}")),
            Self::UpscaleHd { hd, named } => Some(named_upscale("Upscaling", hd, named)),
            Self::Variation(_) => Some(format!("{variations} (Strong)")),
            Self::Vary(Vary::Region) => Some("Variations (Region)".into()),
            Self::Vary(vary) => Some(format!("{variations} ({})", vary.label())),
            Self::Zoom { .. } => Some("Zoom Out".into()),
        }
    }

    /// The same in the final.
    pub(crate) fn final_verb(self, remix: bool) -> Option<String> {
        if let Self::UpscaleHd { hd, named } = self {
            return Some(named_upscale("Upscaled", hd, named));
        }
        self.progress_verb(remix)
    }

    /// Milliseconds at Midjourney's own pace, as measured in 2026.
    pub(crate) fn duration(self) -> u64 {
        match self {
            Self::Animate(_) | Self::Extend(_) => 53_000,
            Self::Imagine | Self::Reroll => 25_500,
            Self::Pan(_) => 30_000,
            Self::Upscale(_) | Self::VideoUpscale(_) => 500,
            Self::UpscaleHd { .. } => 48_000,
            Self::Variation(_) | Self::Vary(_) => 24_000,
            Self::Zoom { .. } => 27_000,
        }
    }

    /// Name in the record.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Animate(motion) => format!("animate_{}", motion.name()),
            Self::Extend(motion) => format!("extend_{}", motion.name()),
            Self::Imagine => "imagine".into(),
            Self::Pan(direction) => format!("pan_{}", direction.to_lowercase()),
            Self::Reroll => "reroll".into(),
            Self::Upscale(index) => format!("upscale{index}"),
            Self::UpscaleHd { hd, .. } => format!("upscale_{}", hd.label().to_lowercase()),
            Self::Variation(index) => format!("variation{index}"),
            Self::Vary(vary) => format!("vary_{}", vary.label().to_lowercase()),
            Self::VideoUpscale(index) => format!("video_upscale{index}"),
            Self::Zoom { square: true } => "make_square".into(),
            Self::Zoom { square: false } => "zoom".into(),
        }
    }
}

/// Version 4's "Max" was never named either.
fn named_upscale(verb: &str, hd: Hd, named: bool) -> String {
    if named && hd != Hd::Max {
        format!("{verb} ({})", hd.label())
    } else {
        verb.to_owned()
    }
}
