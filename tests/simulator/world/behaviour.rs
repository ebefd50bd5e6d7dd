//! What a test may switch while the world runs: variants of Discord's and Midjourney's conduct that were seen in life.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How the answer to U1–U4 begins; unproven in life, so every form can be chosen.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UpscaleStart {
    /// Visible to the presser only.
    Ephemeral,
    /// No message before the final.
    None,
    /// Visible to everybody.
    Public,
}

/// What the moderators make of an appeal.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AppealOutcome {
    /// The job starts.
    Accepted,
    /// It stays refused.
    Rejected,
}

/// Where the editor of Vary (Region) sends its mask; both were seen, one is alive.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InpaintPath {
    /// `/inpaint/api/submit-job`.
    Old,
    /// `/.proxy/inpaint/api/submit-job`, the token in the body or as one more segment.
    Proxy,
}

/// Switches and numbers; the defaults are what was captured in 2026.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "independent switches, each named in a test's JSON"
)]
pub struct Behaviour {
    /// What comes of a pressed Appeal.
    pub appeal: AppealOutcome,
    /// Permissions that the channels' overwrites take from the bot.
    pub bot_denied: u64,
    /// The bot was invited.
    pub bot_in_guild: bool,
    /// `GUILD_MEMBERS` and `GUILD_PRESENCES` are switched on for the bot in the developer portal.
    pub bot_members_intents: bool,
    /// `MESSAGE_CONTENT` is switched on for the bot in the developer portal.
    pub bot_message_content: bool,
    /// Seconds an attachment's URL stays valid.
    pub cdn_ttl_seconds: u64,
    /// Milliseconds by which `Date` is ahead of this machine's clock.
    pub clock_ahead: i64,
    /// Command name to the version Discord accepts.
    pub command_versions: BTreeMap<String, String>,
    /// Fast jobs one account may run at once.
    pub concurrency: usize,
    /// The final's create carries the nonce as well (since 2025-05-01).
    pub final_nonce: bool,
    /// Finals of commands refer to their progress message; without it they are plain messages, as in 2023.
    pub final_reference: bool,
    /// Final pictures are WebP, not PNG.
    pub final_webp: bool,
    /// Hours of fast mode in each account's plan; without any left only relaxed jobs are made.
    pub fast_hours: f64,
    /// Each accepted imagine is repeated by another member with the same words.
    pub foreign_echo: bool,
    /// Frames name their guild.
    pub guild_id_in_frames: bool,
    /// Milliseconds in HELLO.
    pub heartbeat_interval: u64,
    /// Messages kept for each channel, and interactions, jobs and connections kept at all; older ones are forgotten.
    pub history: usize,
    /// Finals wait for the `release` command.
    pub hold_finals: bool,
    /// Identifies a day.
    pub identify_limit: u64,
    /// Milliseconds between two identifies of one bot (`max_concurrency` 1).
    pub identify_spacing: u64,
    /// U finals name their index.
    pub index_in_finals: bool,
    /// Which of the paths for masks is alive.
    pub inpaint_path: InpaintPath,
    /// `POST /interactions` accepted in one window.
    pub interaction_limit: u64,
    /// Length of that window in milliseconds.
    pub interaction_window: u64,
    /// Messages carry `interaction_metadata`.
    pub interaction_metadata: bool,
    /// Finals end with the link to the web site.
    pub link_in_finals: bool,
    /// Animate and extend also come with buttons that always ask for a prompt.
    pub manual_buttons: bool,
    /// A press that opens a modal or an editor is also told `INTERACTION_SUCCESS`.
    pub modal_success: bool,
    /// Midjourney's bots were added to the guild.
    pub midjourney_in_guild: bool,
    /// Milliseconds until a modal can no longer be sent back.
    pub modal_ttl: u64,
    /// A press changes the pressed button's style.
    pub parent_edits: bool,
    /// `MESSAGE_UPDATE` carries only what changed, as before 2024-07.
    pub partial_updates: bool,
    /// The progress message is deleted after the final.
    pub progress_deletes: bool,
    /// Jobs one account may have waiting.
    pub queue_size: usize,
    /// Enforce REST rate limits.
    pub rate_limits: bool,
    /// Remix mode of every account; one alone is switched on by `/prefer remix`.
    pub remix: bool,
    /// Milliseconds a session can be resumed after its connection is gone.
    pub session_ttl: u64,
    /// Each event reaches each session up to so many milliseconds late, which changes their order.
    pub shuffle: u64,
    /// How U answers begin.
    pub upscale_start: UpscaleStart,
    /// Milliseconds by which user sessions see events later than bots.
    pub user_copy_delay: u64,
    /// Permissions that the channels' overwrites take from the users with an account.
    pub user_denied: u64,
    /// The users' e-mail addresses are verified.
    pub user_verified: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            appeal: AppealOutcome::Accepted,
            bot_denied: 0,
            bot_in_guild: true,
            bot_members_intents: false,
            bot_message_content: true,
            cdn_ttl_seconds: 86_400,
            clock_ahead: 0,
            command_versions: BTreeMap::new(),
            concurrency: 3,
            final_nonce: true,
            final_reference: true,
            final_webp: false,
            fast_hours: 30.0,
            foreign_echo: false,
            guild_id_in_frames: true,
            heartbeat_interval: 41_250,
            history: 5_000,
            hold_finals: false,
            identify_limit: 1_000,
            identify_spacing: 5_000,
            index_in_finals: true,
            inpaint_path: InpaintPath::Old,
            interaction_limit: 5,
            interaction_window: 1_000,
            interaction_metadata: true,
            link_in_finals: true,
            manual_buttons: false,
            midjourney_in_guild: true,
            modal_success: true,
            modal_ttl: 900_000,
            parent_edits: true,
            partial_updates: false,
            progress_deletes: true,
            queue_size: 7,
            rate_limits: true,
            remix: false,
            session_ttl: 180_000,
            shuffle: 0,
            upscale_start: UpscaleStart::Ephemeral,
            user_copy_delay: 0,
            user_denied: 0,
            user_verified: true,
        }
    }
}

impl Behaviour {
    /// Takes over the fields that `changes` names.
    ///
    /// # Errors
    /// When a name is unknown or a value has the wrong type; nothing is changed then.
    pub fn merge(&mut self, changes: &Value) -> Result<(), serde_json::Error> {
        let mut whole = serde_json::to_value(&*self)?;
        if let (Some(whole), Some(changes)) = (whole.as_object_mut(), changes.as_object()) {
            for (name, value) in changes {
                whole.insert(name.clone(), value.clone());
            }
        }
        *self = serde_json::from_value(whole)?;
        Ok(())
    }
}
