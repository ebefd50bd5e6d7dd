//! Short names of readings for reports and logs.

use super::{Form, Kind, Phase, Reading};
use crate::refusal::Refusal;

impl Reading<'_> {
    /// Its name in reports, as short words: `start`, `progress_imagine`, `done_upscale_u`, `error_queue_full`.
    pub fn label(&self) -> &'static str {
        match self.kind {
            Kind::Job(phase) => self.job_label(phase),
            Kind::Placeholder => "placeholder",
            Kind::Refusal => self
                .refusal
                .as_ref()
                .map_or("error_unknown", Refusal::label),
            Kind::Describe => "done_describe",
            Kind::Shorten => "done_shorten",
            Kind::ShortenDetails => "done_shorten_details",
            Kind::Info => "info",
            Kind::Settings => "settings",
            Kind::Rated => "rated",
            Kind::Seed(_) => "seed",
            Kind::Empty => "empty",
            Kind::Other => "other",
        }
    }

    fn job_label(&self, phase: Phase) -> &'static str {
        match (phase, self.form.unwrap_or(Form::Other)) {
            (Phase::Paused, _) => "paused",
            (Phase::Stopped, _) => "stopped",
            (Phase::Start, Form::Upscaling) => "start_upscale",
            (Phase::Start, Form::Variation(_)) if self.index.is_some() => "start_variation",
            (Phase::Start, Form::Video) => "start_video",
            (Phase::Start, _) if self.cancel.is_some() => "start_zoom_or_button",
            (Phase::Start, _) => "start",
            (Phase::Progress, form) => match form {
                Form::Imagine => "progress_imagine",
                Form::Upscaling | Form::Upscale => "progress_upscale_u",
                Form::Variation(_) | Form::Remix(_) => "progress_variation",
                Form::Pan(_) => "progress_pan",
                Form::Zoom => "progress_zoom",
                Form::Hd(_) => "progress_upscale_hd",
                Form::Video => "progress_video",
                Form::Other => "progress_other",
            },
            (Phase::Final, form) => match form {
                Form::Imagine => "done_imagine",
                Form::Upscaling | Form::Upscale => "done_upscale_u",
                Form::Variation(_) | Form::Remix(_) => "done_variation",
                Form::Pan(_) => "done_pan",
                Form::Zoom => "done_zoom",
                Form::Hd(_) => "done_upscale_hd",
                Form::Video => "done_video",
                Form::Other => "done_other",
            },
        }
    }
}
