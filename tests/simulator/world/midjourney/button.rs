//! Buttons under Midjourney's messages, and which job a pressed one starts.

use serde_json::{Value, json};

/// What a job makes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum JobKind {
    Imagine,
    Pan(&'static str),
    Reroll,
    Upscale(u8),
    UpscaleHd { creative: bool },
    Variation(u8),
    Vary { strong: bool },
    Zoom,
}

impl JobKind {
    /// The word between `** - ` and `by <@…>` once the job runs.
    pub(crate) fn progress_verb(self) -> Option<String> {
        match self {
            Self::Imagine | Self::Reroll | Self::Upscale(_) => None,
            Self::Pan(direction) => Some(format!("Pan {direction}")),
            Self::UpscaleHd { .. } => Some("Upscaling".into()),
            Self::Variation(_) | Self::Vary { strong: true } => Some("Variations (Strong)".into()),
            Self::Vary { strong: false } => Some("Variations (Subtle)".into()),
            Self::Zoom => Some("Zoom Out".into()),
        }
    }

    /// The same in the final.
    pub(crate) fn final_verb(self) -> Option<String> {
        match self {
            Self::UpscaleHd { .. } => Some("Upscaled".into()),
            Self::Imagine
            | Self::Pan(_)
            | Self::Reroll
            | Self::Upscale(_)
            | Self::Variation(_)
            | Self::Vary { .. }
            | Self::Zoom => self.progress_verb(),
        }
    }

    /// Milliseconds at Midjourney's own pace, as measured in 2026.
    pub(crate) fn duration(self) -> u64 {
        match self {
            Self::Imagine | Self::Reroll => 25_500,
            Self::Pan(_) => 30_000,
            Self::Upscale(_) => 500,
            Self::UpscaleHd { .. } => 48_000,
            Self::Variation(_) | Self::Vary { .. } => 24_000,
            Self::Zoom => 27_000,
        }
    }

    /// One picture instead of a grid.
    pub(crate) fn is_single(self) -> bool {
        matches!(self, Self::Upscale(_) | Self::UpscaleHd { .. })
    }

    /// Name in the record.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Imagine => "imagine".into(),
            Self::Pan(direction) => format!("pan_{}", direction.to_lowercase()),
            Self::Reroll => "reroll".into(),
            Self::Upscale(index) => format!("upscale{index}"),
            Self::UpscaleHd { creative } => if creative {
                "upscale_creative"
            } else {
                "upscale_subtle"
            }
            .into(),
            Self::Variation(index) => format!("variation{index}"),
            Self::Vary { strong } => if strong { "vary_strong" } else { "vary_subtle" }.into(),
            Self::Zoom => "zoom".into(),
        }
    }

    /// The job that a button starts, and the job it belongs to.
    pub(crate) fn of_button(custom_id: &str) -> Option<(Self, &str)> {
        let parts: Vec<&str> = custom_id.split("::").collect();
        let kind = match parts.as_slice() {
            ["MJ", "JOB", "upsample", index, _] => Self::Upscale(cell(index)?),
            ["MJ", "JOB", "variation", index, _] => Self::Variation(cell(index)?),
            ["MJ", "JOB", "reroll", "0", _, "SOLO"] => Self::Reroll,
            ["MJ", "JOB", "low_variation", "1", _, "SOLO"] => Self::Vary { strong: false },
            ["MJ", "JOB", "high_variation", "1", _, "SOLO"] => Self::Vary { strong: true },
            ["MJ", "JOB", "upsample_v7_2x_subtle", "1", _, "SOLO"] => {
                Self::UpscaleHd { creative: false }
            }
            ["MJ", "JOB", "upsample_v7_2x_creative", "1", _, "SOLO"] => {
                Self::UpscaleHd { creative: true }
            }
            ["MJ", "JOB", "pan_left", "1", _, "SOLO"] => Self::Pan("Left"),
            ["MJ", "JOB", "pan_right", "1", _, "SOLO"] => Self::Pan("Right"),
            ["MJ", "JOB", "pan_up", "1", _, "SOLO"] => Self::Pan("Up"),
            ["MJ", "JOB", "pan_down", "1", _, "SOLO"] => Self::Pan("Down"),
            ["MJ", "Outpaint", "50" | "75" | "100", "1", _, "SOLO"] => Self::Zoom,
            _ => return None,
        };
        let job = parts.iter().find(|part| part.len() == 36)?;
        Some((kind, job))
    }
}

fn cell(text: &str) -> Option<u8> {
    text.parse().ok().filter(|index| (1..=4).contains(index))
}

fn button(label: &str, emoji: Option<&str>, custom_id: impl Into<String>) -> Value {
    let mut button = json!({"type": 2, "style": 2, "custom_id": custom_id.into()});
    if !label.is_empty() {
        button["label"] = json!(label);
    }
    if let Some(emoji) = emoji {
        button["emoji"] = json!({"name": emoji});
    }
    button
}

/// Rows of buttons, numbered as Discord numbers components.
pub(super) fn rows(rows: Vec<Vec<Value>>) -> Vec<Value> {
    let mut id = 0;
    let mut number = || {
        id += 1;
        id
    };
    rows.into_iter()
        .map(|mut buttons| {
            let row = number();
            for button in &mut buttons {
                button["id"] = json!(number());
            }
            json!({"type": 1, "id": row, "components": buttons})
        })
        .collect()
}

fn web(job: &str) -> Value {
    json!({"type": 2, "style": 5, "label": "Web", "emoji": {"name": "↗️"}, "url": format!("https://www.midjourney.com/jobs/{job}?index=0")})
}

/// Under a grid: U1–U4 and reroll, V1–V4 and the link.
pub(crate) fn grid(job: &str) -> Vec<Value> {
    let mut upper: Vec<Value> = (1..=4)
        .map(|n| {
            button(
                &format!("U{n}"),
                None,
                format!("MJ::JOB::upsample::{n}::{job}"),
            )
        })
        .collect();
    upper.push(button(
        "",
        Some("🔄"),
        format!("MJ::JOB::reroll::0::{job}::SOLO"),
    ));
    let mut lower: Vec<Value> = (1..=4)
        .map(|n| {
            button(
                &format!("V{n}"),
                None,
                format!("MJ::JOB::variation::{n}::{job}"),
            )
        })
        .collect();
    lower.push(web(job));
    rows(vec![upper, lower])
}

/// Under one picture: 16 components.
pub(crate) fn single(job: &str) -> Vec<Value> {
    let solo = |name: &str| format!("MJ::JOB::{name}::1::{job}::SOLO");
    rows(vec![
        vec![
            button(
                "Upscale (Subtle)",
                Some("upscale_1"),
                solo("upsample_v7_2x_subtle"),
            ),
            button(
                "Upscale (Creative)",
                Some("upscale_1"),
                solo("upsample_v7_2x_creative"),
            ),
        ],
        vec![
            button("Vary (Subtle)", Some("🪄"), solo("low_variation")),
            button("Vary (Strong)", Some("🪄"), solo("high_variation")),
            button(
                "Vary (Region)",
                Some("🖌️"),
                format!("MJ::Inpaint::1::{job}::SOLO"),
            ),
        ],
        vec![
            button(
                "Zoom Out 2x",
                Some("🔍"),
                format!("MJ::Outpaint::50::1::{job}::SOLO"),
            ),
            button(
                "Zoom Out 1.5x",
                Some("🔍"),
                format!("MJ::Outpaint::75::1::{job}::SOLO"),
            ),
            button("Custom Zoom", Some("🔍"), format!("MJ::CustomZoom::{job}")),
        ],
        vec![
            button("", Some("⬅️"), solo("pan_left")),
            button("", Some("➡️"), solo("pan_right")),
            button("", Some("⬆️"), solo("pan_up")),
            button("", Some("⬇️"), solo("pan_down")),
        ],
        vec![
            button("Animate (High motion)", Some("🎞️"), solo("animate_high")),
            button("Animate (Low motion)", Some("🎞️"), solo("animate_low")),
            button("", Some("❤️"), format!("MJ::BOOKMARK::{job}")),
            web(job),
        ],
    ])
}

/// Under an HD upscale.
pub(crate) fn upscaled(job: &str) -> Vec<Value> {
    let solo = |name: &str| format!("MJ::JOB::{name}::1::{job}::SOLO");
    rows(vec![
        vec![
            button(
                "Redo Upscale (Subtle)",
                Some("upscale_1"),
                solo("upsample_v7_2x_subtle"),
            ),
            button(
                "Redo Upscale (Creative)",
                Some("upscale_1"),
                solo("upsample_v7_2x_creative"),
            ),
        ],
        vec![
            button("", Some("❤️"), format!("MJ::BOOKMARK::{job}")),
            web(job),
        ],
    ])
}

/// Under the progress of a button's job.
pub(crate) fn cancel(job: &str) -> Vec<Value> {
    let mut button = button("Cancel Job", None, format!("MJ::CancelJob::ByJobid::{job}"));
    button["style"] = json!(4);
    rows(vec![vec![button]])
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOB: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

    fn count(rows: &[Value]) -> usize {
        rows.iter()
            .map(|row| row["components"].as_array().map_or(0, Vec::len))
            .sum()
    }

    #[test]
    fn finals_have_ten_and_sixteen_components() {
        assert_eq!((count(&grid(JOB)), count(&single(JOB))), (10, 16));
    }

    #[test]
    fn buttons_name_their_job() {
        let custom_id = format!("MJ::JOB::upsample::3::{JOB}");
        let found = JobKind::of_button(&custom_id);
        assert_eq!(found, Some((JobKind::Upscale(3), JOB)));
        assert_eq!(
            JobKind::of_button(&format!("MJ::JOB::upsample::5::{JOB}")),
            None
        );
        assert_eq!(
            JobKind::of_button(&format!("MJ::JOB::reroll::0::{JOB}::SOLO")),
            Some((JobKind::Reroll, JOB))
        );
    }
}
