//! What each account has used, as `/info` tells it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::prompt::Mode;
use super::{Job, JobState};
use crate::snowflake::{Millis, Snowflake};
use crate::world::World;
use crate::world::interaction::Interaction;

/// Seconds of graphics card that a picture takes; four pictures of a grid are one job.
const JOB_SECONDS: u32 = 60;
/// Days until the plan renews.
const RENEWS_IN: u64 = 30 * 86_400_000;

/// Pictures and seconds of one account.
#[derive(Clone, Copy, Debug, Default)]
struct Usage {
    images: u32,
    fast_seconds: u32,
    relaxed_images: u32,
    relaxed_seconds: u32,
}

/// What all accounts have used.
#[derive(Debug, Default)]
pub(in crate::world) struct Accounts {
    used: BTreeMap<Snowflake, Usage>,
}

impl World {
    /// Counts a finished job; cutting out a picture that exists costs nothing.
    pub(super) fn count_usage(&mut self, job: &Job) {
        if !job.takes_slot() {
            return;
        }
        let accounts = &mut self.midjourney.accounts;
        let usage = accounts.used.entry(job.interaction.user).or_default();
        usage.images += 1;
        match job.prompt.mode {
            Mode::Fast => usage.fast_seconds += JOB_SECONDS,
            // Turbo is billed twice.
            Mode::Turbo => usage.fast_seconds += JOB_SECONDS * 2,
            Mode::Relaxed => {
                usage.relaxed_images += 1;
                usage.relaxed_seconds += JOB_SECONDS;
            }
        }
    }

    /// Hours of fast mode that an account has left.
    pub(super) fn fast_hours_left(&self, user: Snowflake) -> f64 {
        let spent = hours(self.usage(user).fast_seconds);
        (self.behaviour.fast_hours - spent).max(0.0)
    }

    fn usage(&self, user: Snowflake) -> Usage {
        let accounts = &self.midjourney.accounts;
        accounts.used.get(&user).copied().unwrap_or_default()
    }

    /// The lines of `/info`, in the columns in which they were captured.
    pub(super) fn info_text(&self, now: Millis, interaction: &Interaction) -> String {
        let user = interaction.user;
        let usage = self.usage(user);
        let settings = self.midjourney.settings.get(&user);
        let settings = settings.cloned().unwrap_or_default();
        let (left, whole) = (self.fast_hours_left(user), self.behaviour.fast_hours);
        let share = if whole > 0.0 {
            left / whole * 100.0
        } else {
            0.0
        };
        let mode = match settings.mode {
            Mode::Fast => "Fast",
            Mode::Relaxed => "Relaxed",
            Mode::Turbo => "Turbo",
        };
        let renewal = (now + RENEWS_IN) / 1000;
        let visibility = if settings.stealth {
            "Stealth"
        } else {
            "Public"
        };
        let seconds = usage.fast_seconds + usage.relaxed_seconds;
        let usual = [
            ("User ID", user.to_string()),
            (
                "Subscription",
                format!("Pro (Active monthly, renews next on <t:{renewal}>)"),
            ),
            ("Job Mode", mode.to_owned()),
            ("Visibility Mode", visibility.to_owned()),
            (
                "Fast Time Remaining",
                format!("{left:.2}/{whole:.1} hours ({share:.2}%)"),
            ),
            (
                "Lifetime Usage",
                format!("{} images ({:.2} hours)", usage.images, hours(seconds)),
            ),
            (
                "Relaxed Usage",
                format!(
                    "{} images ({:.2} hours)",
                    usage.relaxed_images,
                    hours(usage.relaxed_seconds)
                ),
            ),
        ];
        let mut text = String::new();
        for (name, value) in usual {
            line(&mut text, name, &value);
        }
        text.push('\n');
        let (fast, relaxed, running) = self.jobs_of(user);
        line(&mut text, "Queued Jobs (fast)", &fast.to_string());
        line(&mut text, "Queued Jobs (relax)", &relaxed.to_string());
        line(&mut text, "Running Jobs", &running);
        text.trim_end().to_owned()
    }

    /// Waiting fast and relaxed jobs, and the ids of the running ones.
    fn jobs_of(&self, user: Snowflake) -> (usize, usize, String) {
        let open = self.midjourney.open.get(&user).into_iter().flatten();
        let (mut fast, mut relaxed, mut running) = (0, 0, Vec::new());
        for job in open.filter_map(|place| self.midjourney.jobs.get(*place)) {
            match (job.state, job.prompt.mode) {
                (JobState::Queued, Mode::Relaxed) => relaxed += 1,
                (JobState::Queued, Mode::Fast | Mode::Turbo) => fast += 1,
                (JobState::Held | JobState::Running, _) => running.push(job.id.as_str()),
                (
                    JobState::Accepted
                    | JobState::Cancelled
                    | JobState::Failed
                    | JobState::Finished
                    | JobState::Refused,
                    _,
                ) => {}
            }
        }
        let running = if running.is_empty() {
            "None".to_owned()
        } else {
            running.join(", ")
        };
        (fast, relaxed, running)
    }
}

/// `**Name**:` and the value in its column.
fn line(text: &mut String, name: &str, value: &str) {
    let label = format!("**{name}**:");
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{label:<32}{value}");
}

fn hours(seconds: u32) -> f64 {
    f64::from(seconds) / 3600.0
}
