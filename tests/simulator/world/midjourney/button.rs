//! Buttons under Midjourney's messages, and what a press of one asks for.

use serde_json::{Value, json};

use super::job_kind::{Hd, JobKind, Motion, Vary};
use super::version::{Version, upscaler};

/// What a press asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Press<'c> {
    /// The favourite mark of a job's picture.
    Bookmark(&'c str),
    /// A running job shall stop.
    Cancel(&'c str),
    /// Numbered prompts of a describe or shorten result.
    Choice(Choice),
    /// A zoom whose factor the modal asks for.
    CustomZoom(&'c str),
    /// The editor of Vary (Region).
    Inpaint(&'c str),
    /// A job out of another one; `manual`: its modal is asked for whatever the account's settings.
    Job {
        kind: JobKind,
        parent: &'c str,
        manual: bool,
    },
    /// A button under a refusal.
    Notice(Answer),
}

/// Which of the numbered prompts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Choice {
    All,
    /// From 1.
    Number(usize),
}

/// What a person answers to a refusal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Answer {
    AcceptTos,
    Acknowledge,
    Appeal,
    Resubmit,
}

impl<'c> Press<'c> {
    /// Reads a button of any generation; `None` when no job or answer is behind it.
    pub(crate) fn read(custom_id: &'c str) -> Option<Self> {
        let parts: Vec<&str> = custom_id.split("::").collect();
        let (solo, parts) = match parts.split_last()? {
            (&"SOLO", rest) => (true, rest),
            _ => (false, parts.as_slice()),
        };
        Some(match (parts, solo) {
            (["MJ", "BOOKMARK", job], _) => Self::Bookmark(job),
            (["MJ", "CancelJob", "ByJobid", job], _) => Self::Cancel(job),
            (["MJ", "CustomZoom", job], _) => Self::CustomZoom(job),
            (["MJ", "Inpaint", "1", job], true) => Self::Inpaint(job),
            (
                [
                    "MJ",
                    "Outpaint",
                    factor @ ("50" | "75" | "100"),
                    "1",
                    parent,
                ],
                true,
            ) => Self::Job {
                kind: JobKind::Zoom {
                    square: *factor == "100",
                },
                parent,
                manual: false,
            },
            (["MJ", "JOB", name, index, parent], _) => {
                let (name, manual) = match name.strip_suffix("_manual") {
                    Some(name) => (name, true),
                    None => (*name, false),
                };
                Self::Job {
                    kind: job_kind(name, index.parse().ok()?, solo)?,
                    parent,
                    manual,
                }
            }
            (["MJ", "Job", "PicReader", choice], _) => Self::Choice(chosen(choice, 4)?),
            (["MJ", "Job", "PromptAnalyzer", choice], _) => Self::Choice(chosen(choice, 5)?),
            (["MJ", "Prompts", "Appeal", _], _) => Self::Notice(Answer::Appeal),
            (["MJ", "Moderation", "Acknowledge"], _) => Self::Notice(Answer::Acknowledge),
            (["MJ", "Moderation", "Resubmit"], _) => Self::Notice(Answer::Resubmit),
            (["MJ", "Account", "AcceptTos"], _) => Self::Notice(Answer::AcceptTos),
            _ => return None,
        })
    }
}

fn job_kind(name: &str, index: u8, solo: bool) -> Option<JobKind> {
    if let Some((hd, named)) = upscaler(name) {
        return (solo && index == 1).then_some(JobKind::UpscaleHd { hd, named });
    }
    let cell = (1..=4).contains(&index);
    Some(match name {
        "upsample" if cell && !solo => JobKind::Upscale(index),
        // "Make Variations" of one picture, until version 4, says SOLO.
        "variation" if cell => JobKind::Variation(index),
        "reroll" if index == 0 && solo => JobKind::Reroll,
        "low_variation" if solo => JobKind::Vary(Vary::Subtle),
        "high_variation" if solo => JobKind::Vary(Vary::Strong),
        "pan_left" if solo => JobKind::Pan("Left"),
        "pan_right" if solo => JobKind::Pan("Right"),
        "pan_up" if solo => JobKind::Pan("Up"),
        "pan_down" if solo => JobKind::Pan("Down"),
        "animate_high" if solo => JobKind::Animate(Motion::High),
        "animate_low" if solo => JobKind::Animate(Motion::Low),
        "animate_high_extend" if cell => JobKind::Extend(Motion::High),
        "animate_low_extend" if cell => JobKind::Extend(Motion::Low),
        "video_virtual_upscale" if cell => JobKind::VideoUpscale(index),
        _ => return None,
    })
}

/// `1` to `most`, or `all`.
fn chosen(text: &str, most: usize) -> Option<Choice> {
    if text == "all" {
        return Some(Choice::All);
    }
    let number = text
        .parse()
        .ok()
        .filter(|number| (1..=most).contains(number))?;
    Some(Choice::Number(number))
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
        .filter(|buttons| !buttons.is_empty())
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

/// What the buttons under one picture depend on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer {
    pub(crate) version: Version,
    /// Not 1:1 yet, so it can be made square.
    pub(crate) oblong: bool,
    /// Animate and extend also come with a button that asks for a prompt.
    pub(crate) manual: bool,
}

fn solo(job: &str, name: &str) -> String {
    format!("MJ::JOB::{name}::1::{job}::SOLO")
}

fn upscalers(job: &str, offer: Offer, redo: &str) -> Vec<Value> {
    let old = !offer.version.has_editor();
    let buttons = offer.version.upscalers().iter();
    buttons
        .map(|(name, hd, _)| {
            let label = if *hd == Hd::Max {
                format!("Upscale to {}", hd.label())
            } else if old {
                format!("{} Upscale Redo", hd.label())
            } else {
                format!("{redo}Upscale ({})", hd.label())
            };
            button(&label, Some("upscale_1"), solo(job, name))
        })
        .collect()
}

fn varies(job: &str) -> Vec<Value> {
    vec![
        button("Vary (Subtle)", Some("🪄"), solo(job, "low_variation")),
        button("Vary (Strong)", Some("🪄"), solo(job, "high_variation")),
    ]
}

fn zooms(job: &str, offer: Offer) -> Vec<Value> {
    let zoom = |label: &str, emoji: &str, factor: &str| {
        button(
            label,
            Some(emoji),
            format!("MJ::Outpaint::{factor}::1::{job}::SOLO"),
        )
    };
    let mut zooms = vec![
        zoom("Zoom Out 2x", "🔍", "50"),
        zoom("Zoom Out 1.5x", "🔍", "75"),
        button("Custom Zoom", Some("🔍"), format!("MJ::CustomZoom::{job}")),
    ];
    if offer.oblong {
        zooms.push(zoom("Make Square", "↔️", "100"));
    }
    zooms
}

fn pans(job: &str) -> Vec<Value> {
    [
        ("⬅️", "left"),
        ("➡️", "right"),
        ("⬆️", "up"),
        ("⬇️", "down"),
    ]
    .map(|(emoji, direction)| button("", Some(emoji), solo(job, &format!("pan_{direction}"))))
    .into()
}

/// Buttons that make a video, and their manual twins where those are shown.
fn films(label: &str, manual: bool, custom_id: impl Fn(&str, &str) -> String) -> Vec<Value> {
    let film = |word: &str, motion: Motion, suffix: &str| {
        let (title, name) = match motion {
            Motion::High => ("High", "high"),
            Motion::Low => ("Low", "low"),
        };
        let label = format!("{label}{word} ({title} motion)");
        button(&label, Some("🎞️"), custom_id(name, suffix))
    };
    let mut films = vec![film("", Motion::High, ""), film("", Motion::Low, "")];
    if manual {
        films.push(film(" Manually", Motion::High, "_manual"));
        films.push(film(" Manually", Motion::Low, "_manual"));
    }
    films
}

fn animates(job: &str, offer: Offer) -> Vec<Value> {
    if !offer.version.has_video() {
        return Vec::new();
    }
    films("Animate", offer.manual, |motion, suffix| {
        solo(job, &format!("animate_{motion}{suffix}"))
    })
}

fn last(job: &str) -> [Value; 2] {
    [
        button("", Some("❤️"), format!("MJ::BOOKMARK::{job}")),
        web(job),
    ]
}

/// Under one picture; 16 components under version 7.
pub(crate) fn single(job: &str, offer: Offer) -> Vec<Value> {
    if !offer.version.has_editor() {
        let again = button("Make Variations", Some("🪄"), solo(job, "variation"));
        let mut upper = vec![again];
        upper.extend(upscalers(job, offer, ""));
        return rows(vec![upper, last(job).into()]);
    }
    let mut vary = varies(job);
    vary.push(button(
        "Vary (Region)",
        Some("🖌️"),
        format!("MJ::Inpaint::1::{job}::SOLO"),
    ));
    let (animates, last) = (animates(job, offer), last(job));
    let mut lines = vec![
        upscalers(job, offer, ""),
        vary,
        zooms(job, offer),
        pans(job),
    ];
    // Five rows and five buttons in a row are Discord's limits.
    if animates.len() > 3 {
        let (high, low) = animates.split_at(2);
        lines[0].extend(high.iter().cloned());
        lines.push(low.iter().cloned().chain(last).collect());
    } else {
        lines.push(animates.into_iter().chain(last).collect());
    }
    rows(lines)
}

/// Under an HD upscale.
pub(crate) fn upscaled(job: &str, offer: Offer) -> Vec<Value> {
    let mut lines = vec![upscalers(job, offer, "Redo ")];
    if offer.version.has_editor() {
        lines.push(varies(job));
    }
    lines.push(animates(job, offer));
    lines.push(last(job).into());
    rows(lines)
}

/// Under four videos.
pub(crate) fn video_grid(job: &str) -> Vec<Value> {
    let cell = |n: u8| {
        button(
            &format!("U{n}"),
            None,
            format!("MJ::JOB::video_virtual_upscale::{n}::{job}"),
        )
    };
    let mut upper: Vec<Value> = (1..=4).map(cell).collect();
    upper.push(button(
        "",
        Some("🔄"),
        format!("MJ::JOB::reroll::0::{job}::SOLO"),
    ));
    rows(vec![upper, vec![web(job)]])
}

/// Under one video.
pub(crate) fn video(job: &str, manual: bool) -> Vec<Value> {
    let extends = films("Extend", manual, |motion, suffix| {
        format!("MJ::JOB::animate_{motion}_extend{suffix}::1::{job}")
    });
    rows(vec![extends, last(job).into()])
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

    fn custom_ids(rows: &[Value]) -> Vec<&str> {
        rows.iter()
            .flat_map(|row| row["components"].as_array().unwrap())
            .filter_map(|button| button["custom_id"].as_str())
            .collect()
    }

    fn offer(echo: &str) -> Offer {
        Offer {
            version: Version::of_echo(echo),
            oblong: false,
            manual: false,
        }
    }

    #[test]
    fn finals_have_ten_and_sixteen_components() {
        let count = |rows: &[Value]| -> usize {
            rows.iter()
                .map(|row| row["components"].as_array().map_or(0, Vec::len))
                .sum()
        };
        let seven = single(JOB, offer("x --v 7.0"));
        assert_eq!((count(&grid(JOB)), count(&seven)), (10, 16));
    }

    #[test]
    fn every_button_is_understood_and_fits() {
        for version in ["4", "5", "5.2", "6.0", "6.1", "7.0", "8.1"] {
            for manual in [false, true] {
                let offer = Offer {
                    oblong: true,
                    manual,
                    ..offer(&format!("x --v {version}"))
                };
                let sets = [
                    grid(JOB),
                    single(JOB, offer),
                    upscaled(JOB, offer),
                    video_grid(JOB),
                    video(JOB, manual),
                ];
                for rows in sets {
                    assert!(rows.len() <= 5);
                    for row in &rows {
                        let buttons = row["components"].as_array().unwrap().len();
                        assert!((1..=5).contains(&buttons), "{version}: {buttons}");
                    }
                    for custom_id in custom_ids(&rows) {
                        assert!(Press::read(custom_id).is_some(), "{custom_id}");
                    }
                }
            }
        }
    }

    #[test]
    fn versions_offer_their_own() {
        let has = |echo: &str, part: &str| {
            let rows = single(JOB, offer(echo));
            custom_ids(&rows).iter().any(|id| id.contains(part))
        };
        assert!(has("x --v 4", "::variation::1::") && !has("x --v 4", "Outpaint"));
        assert!(has("x --niji 6", "upsample_v6_2x_creative") && has("x --niji 6", "Inpaint"));
        assert!(!has("x --v 6.1", "animate") && has("x --v 7.0", "animate_low"));
        assert!(!has("x --v 8.1", "upsample") && has("x --v 8.1", "CustomZoom"));
    }

    #[test]
    fn buttons_name_their_job() {
        let custom_id = format!("MJ::JOB::upsample::3::{JOB}");
        let job = |kind, manual| {
            Some(Press::Job {
                kind,
                parent: JOB,
                manual,
            })
        };
        assert_eq!(Press::read(&custom_id), job(JobKind::Upscale(3), false));
        assert_eq!(Press::read(&format!("MJ::JOB::upsample::5::{JOB}")), None);
        assert_eq!(
            Press::read(&format!("MJ::JOB::reroll::0::{JOB}::SOLO")),
            job(JobKind::Reroll, false)
        );
        assert_eq!(
            Press::read(&format!("MJ::JOB::animate_low_extend_manual::1::{JOB}")),
            job(JobKind::Extend(Motion::Low), true)
        );
        assert_eq!(
            Press::read("MJ::Job::PicReader::all"),
            Some(Press::Choice(Choice::All))
        );
        assert_eq!(Press::read("MJ::Job::PicReader::5"), None);
    }
}
