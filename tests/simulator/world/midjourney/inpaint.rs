//! Vary (Region): the editor that a press opens in a frame, and the mask that it sends to Midjourney's own host.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::ImageFormat;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Order;
use super::job_kind::{JobKind, Vary};
use super::prompt::read_with;
use super::refusal::{Asked, RED, embed};
use crate::random::hex;
use crate::snowflake::{Millis, Snowflake};
use crate::world::World;
use crate::world::behaviour::InpaintPath;
use crate::world::http::{Request, Response};
use crate::world::interaction::Interaction;

/// Where the editor's page sends its masks; both were seen.
const OLD_PATH: &str = "/inpaint/api/submit-job";
const PROXY_PATH: &str = "/.proxy/inpaint/api/submit-job";
/// What every frame's `custom_id` begins with.
const PREFIX: &str = "MJ::iframe::";
/// Frames kept open.
const FRAME_LIMIT: usize = 1_000;
/// How far a mask's proportions may be off, as a share.
const TOLERANCE: f64 = 0.01;

/// An editor that was opened.
#[derive(Debug)]
pub(in crate::world) struct Frame {
    press: Interaction,
    /// Place of the job whose picture is edited.
    parent: usize,
    used: bool,
}

/// What a test wants to know of a mask.
#[derive(Clone, Debug)]
pub(in crate::world) struct Mask {
    /// Of the file, in hexadecimal.
    sha256: String,
    width: u32,
    height: u32,
    /// Pixels to be made anew, as a share of all.
    white: f64,
}

impl Mask {
    /// For the record.
    pub(in crate::world) fn json(&self) -> Value {
        json!({"sha256": self.sha256, "width": self.width, "height": self.height, "white": self.white})
    }

    /// Reads a PNG or WebP.
    fn read(file: &[u8]) -> Option<Self> {
        let format = image::guess_format(file).ok()?;
        if !matches!(format, ImageFormat::Png | ImageFormat::WebP) {
            return None;
        }
        let picture = image::load_from_memory_with_format(file, format).ok()?;
        let pixels = picture.to_luma_alpha8();
        let white = pixels
            .pixels()
            .filter(|pixel| pixel.0[0] >= 128 && pixel.0[1] >= 128);
        let (white, all) = (white.count(), pixels.pixels().len().max(1));
        #[allow(
            clippy::cast_precision_loss,
            reason = "a share of at most some million pixels"
        )]
        let white = white as f64 / all as f64;
        Some(Self {
            sha256: hex(&Sha256::digest(file)),
            width: picture.width(),
            height: picture.height(),
            white,
        })
    }

    fn fits(&self, (width, height): (u32, u32)) -> bool {
        let ratio = |width: u32, height: u32| f64::from(width) / f64::from(height.max(1));
        let (mine, wanted) = (ratio(self.width, self.height), ratio(width, height));
        (mine / wanted - 1.0).abs() <= TOLERANCE
    }
}

/// Whether a request is for the host of Midjourney's activities.
pub(in crate::world) fn is_submission(path: &str) -> bool {
    path.starts_with(OLD_PATH) || path.starts_with(PROXY_PATH)
}

impl World {
    /// Opens the editor in the session that pressed.
    pub(super) fn open_editor(
        &mut self,
        now: Millis,
        interaction: &Interaction,
        job: &str,
    ) -> bool {
        let Some(parent) = self.midjourney.place(job) else {
            return false;
        };
        let token = self.random.token(80);
        self.open_frame(
            now,
            interaction,
            &token,
            "Vary (Region)",
            "/inpaint/index.html",
        );
        if self.behaviour.modal_success {
            self.tell_sender(now, interaction, "INTERACTION_SUCCESS", &json!({}));
        }
        let frame = Frame {
            press: interaction.clone(),
            parent,
            used: false,
        };
        self.midjourney.frames.insert(token, frame);
        while self.midjourney.frames.len() > FRAME_LIMIT {
            self.midjourney.frames.pop_first();
        }
        true
    }

    /// `INTERACTION_IFRAME_MODAL_CREATE`: the editor, or the human check.
    pub(super) fn open_frame(
        &mut self,
        now: Millis,
        interaction: &Interaction,
        token: &str,
        title: &str,
        path: &str,
    ) {
        let event = json!({
            "channel_id": interaction.channel, "custom_id": format!("{PREFIX}{token}"), "title": title,
            "iframe_path": path, "modal_size": 1, "application": self.partial_application(interaction.application),
        });
        self.tell_sender(now, interaction, "INTERACTION_IFRAME_MODAL_CREATE", &event);
    }

    /// `POST …/submit-job`: the editor's answer.
    pub(in crate::world) fn submit_mask(&mut self, now: Millis, request: &Request) -> Response {
        let alive = match self.behaviour.inpaint_path {
            InpaintPath::Old => OLD_PATH,
            InpaintPath::Proxy => PROXY_PATH,
        };
        let Some(rest) = request.path.strip_prefix(alive) else {
            return Response::text(404, "Not Found");
        };
        if request.method != "POST" {
            return Response::text(405, "Method Not Allowed");
        }
        let Some(body) = request.json().filter(Value::is_object) else {
            return refused(400, "the body is no JSON");
        };
        // The newer page names its token in the path, the older one in the body.
        let named = rest.strip_prefix('/').filter(|token| !token.is_empty());
        let token = named.or(body["customId"].as_str()).unwrap_or_default();
        let token = token.strip_prefix(PREFIX).unwrap_or(token).to_owned();
        let Some(frame) = self.midjourney.frames.get(&token) else {
            return refused(404, "no such frame");
        };
        if frame.used {
            return refused(400, "the frame was used");
        }
        let Some(size) = self.edited_size(frame.press.pressed()) else {
            return refused(404, "the picture is gone");
        };
        let mask = body["mask"]
            .as_str()
            .and_then(|text| STANDARD.decode(text).ok())
            .and_then(|file| Mask::read(&file))
            .filter(|mask| mask.fits(size));
        let Some(mask) = mask else {
            return refused(400, "the mask is no picture of that size");
        };
        let typed = body["prompt"].as_str().unwrap_or_default().to_owned();
        self.edit_region(now, &token, mask, &typed);
        Response::json(200, &json!({"success": true}))
    }

    /// Size of the first picture of the pressed message.
    fn edited_size(&self, message: Option<Snowflake>) -> Option<(u32, u32)> {
        self.messages.get(&message?)?.files.first()?.dimensions
    }

    fn edit_region(&mut self, now: Millis, token: &str, mask: Mask, typed: &str) {
        let Some(frame) = self.midjourney.frames.get_mut(token) else {
            return;
        };
        frame.used = true;
        let (press, parent) = (frame.press.clone(), frame.parent);
        let Some(parent) = self.midjourney.jobs.get(parent).cloned() else {
            return;
        };
        let typed = if typed.trim().is_empty() {
            &parent.prompt.echo
        } else {
            typed
        };
        let trouble = self.trouble_of(now, &press, typed, Asked::Submit);
        match read_with(typed, &self.defaults_of(&press)) {
            Ok(prompt) => {
                let scene = self.random.uuid();
                let kind = JobKind::Vary(Vary::Region);
                let order = Order {
                    mask: Some(mask),
                    acknowledged: self.behaviour.modal_success,
                    ..Order::new(&press, kind, prompt, scene, trouble)
                };
                self.add_job(now, &press, order);
            }
            Err(rejection) => {
                let footer = format!("/imagine {typed}");
                let notice = embed(rejection.title, &rejection.description, RED, Some(&footer));
                self.notice(now, &press, None, notice, Vec::new());
                self.record.refused(press.id, rejection.title);
            }
        }
    }
}

fn refused(status: u16, reason: &str) -> Response {
    Response::json(status, &json!({"error": reason}))
}
