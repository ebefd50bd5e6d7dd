//! The one table of Midjourney's notices: the words by which each is known and what it means.

use serde::{Deserialize, Serialize};

use super::FailCode;

/// What follows from a notice.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The job is over; there will be no picture.
    Fails,
    /// Nothing happens until a person acts in Discord; we never click for them.
    NeedsPerson,
    /// The job goes on: a notice only.
    Waits,
}

/// Which notice.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// "You have triggered an abuse alert".
    Abuse,
    /// "Job action restricted": the plan or mode does not allow it.
    ActionRestricted,
    /// "Your appeal has been accepted": the job goes on.
    AppealAccepted,
    /// "Your appeal has been rejected".
    AppealRejected,
    /// "Banned prompt detected".
    BannedPrompt,
    /// "You have been blocked from accessing Midjourney".
    Blocked,
    /// "Action required to continue": the human check in a frame.
    Captcha,
    /// "Credits exhausted".
    CreditsExhausted,
    /// An error embed whose footer starts with `decline-`.
    Declined,
    /// "Duplicate images detected".
    DuplicateImages,
    /// "Image denied".
    ImageDenied,
    /// "Request cancelled due to image filters".
    ImageFilter,
    /// "The application did not respond", or `INTERACTION_FAILURE`.
    InteractionFailed,
    /// "Sorry, something went wrong" and its kin.
    InternalError,
    /// "Invalid link".
    InvalidLink,
    /// "Invalid parameter".
    InvalidParameter,
    /// "Invalid prompt".
    InvalidPrompt,
    /// "Job queued": not a failure.
    JobQueued,
    /// "Action needed to continue": the prompt waits for an appeal.
    Moderated,
    /// "Request cancelled due to output filters".
    OutputFilter,
    /// "Pending mod message".
    PendingModMessage,
    /// "… verify you're human": the picture check of 2023.
    PictureCaptcha,
    /// "Plan Cancelled".
    PlanCancelled,
    /// "Queue full".
    QueueFull,
    /// "Slow Down!".
    SlowDown,
    /// "Subscription required" or "paused".
    SubscriptionRequired,
    /// "Tos not accepted".
    TosNotAccepted,
    /// An error embed with words that this table lacks.
    UnknownError,
    /// A warning embed with words that this table lacks.
    UnknownWarning,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Which notice.
    pub notice: Notice,
    /// Its name in reports of the reader.
    pub label: &'static str,
    /// Lower-case phrases; one of them in the title, the description or the plain text is enough.
    pub phrases: &'static [&'static str],
    /// The code that PHP sees; None where the job goes on.
    pub code: Option<FailCode>,
    /// What follows.
    pub outcome: Outcome,
}

macro_rules! rows {
    ($($notice:ident $label:literal $outcome:ident $code:expr, [$($phrase:literal),* $(,)?];)*) => {
        /// All notices; the first row that matches counts, so the more exact words stand first.
        pub static TABLE: &[Row] = &[$(Row {
            notice: Notice::$notice,
            label: $label,
            phrases: &[$($phrase),*],
            code: $code,
            outcome: Outcome::$outcome,
        },)*];
    };
}

rows! {
    JobQueued "notice_job_queued" Waits None,
        ["job queued", "maximum allowed number of concurrent jobs", "will start as soon as another one finishes"];
    AppealAccepted "notice_appeal_accepted" Waits None, ["appeal has been accepted", "appeal accepted"];
    AppealRejected "error_appeal_rejected" Fails Some(FailCode::Moderated),
        ["appeal has been rejected", "appeal rejected"];
    QueueFull "error_queue_full" Fails Some(FailCode::QueueFull), ["queue full", "job queue is full", "queue is full"];
    BannedPrompt "error_banned" Fails Some(FailCode::BannedPrompt),
        ["banned prompt", "banned word", "prompt contains banned"];
    PendingModMessage "error_pending_mod" NeedsPerson Some(FailCode::PendingModMessage),
        ["pending mod message", "pending moderation message"];
    PictureCaptcha "error_captcha_2023" NeedsPerson Some(FailCode::CaptchaRequired),
        ["verify you're human", "verify you’re human", "verify you are human", "verify that you are human"];
    Captcha "error_captcha_iframe" NeedsPerson Some(FailCode::CaptchaRequired),
        ["action required to continue", "captcha"];
    Moderated "error_action_needed" NeedsPerson Some(FailCode::Moderated),
        ["action needed to continue", "ai moderators feel", "might be against our", "against our community standards"];
    Abuse "error_abuse" NeedsPerson Some(FailCode::Blocked), ["abuse alert"];
    Blocked "error_blocked" NeedsPerson Some(FailCode::Blocked),
        ["you have been blocked", "you have been temporarily blocked", "you are blocked", "blocked from accessing midjourney", "account blocked", "temporarily banned", "you have been banned"];
    PlanCancelled "error_plan_cancelled" NeedsPerson Some(FailCode::PlanCancelled),
        ["plan cancelled", "plan canceled", "subscription cancelled", "subscription canceled"];
    SubscriptionRequired "error_subscription_required" NeedsPerson Some(FailCode::SubscriptionRequired),
        ["subscription required", "subscription paused", "subscription is paused", "subscription expired", "please /subscribe", "can't provide a free trial"];
    CreditsExhausted "error_credits_exhausted" NeedsPerson Some(FailCode::CreditsExhausted),
        ["credits exhausted", "out of credits", "run out of hours", "run out of fast", "out of fast hours", "no fast hours", "used all your fast"];
    TosNotAccepted "error_tos" NeedsPerson Some(FailCode::TosNotAccepted),
        ["tos not accepted", "accept the tos", "accept our terms", "accept the terms of service", "terms of service not accepted"];
    SlowDown "error_slow_down" Fails Some(FailCode::SlowDown), ["slow down", "you can request another upscale"];
    DuplicateImages "error_duplicate_images" Fails Some(FailCode::DuplicateImages), ["duplicate image"];
    ImageFilter "error_image_filter" Fails Some(FailCode::ImageFiltered),
        ["due to image filter", "due to input filter", "image filters"];
    OutputFilter "error_output_filter" Fails Some(FailCode::OutputFiltered),
        ["due to output filter", "output filters", "output (image) filter", "request cancelled", "request canceled"];
    ImageDenied "error_image_denied" Fails Some(FailCode::ImageDenied), ["image denied", "images denied", "banned image"];
    InvalidLink "error_invalid_link" Fails Some(FailCode::InvalidLink),
        ["invalid link", "invalid url", "could not fetch", "couldn't fetch", "failed to fetch", "not a valid image", "invalid image prompt"];
    InvalidParameter "error_invalid_parameter" Fails Some(FailCode::InvalidParameter),
        ["invalid parameter", "unrecognized parameter", "unrecognised parameter", "invalid aspect ratio", "invalid value", "invalid argument", "missing value for argument", "not compatible with", "is not supported with", "incompatible parameter"];
    InvalidPrompt "error_invalid_prompt" Fails Some(FailCode::InvalidPrompt),
        ["invalid prompt", "empty prompt", "invalid request", "prompt is too long", "prompt too long"];
    ActionRestricted "error_action_restricted" Fails Some(FailCode::Refused), ["job action restricted"];
    InternalError "error_internal" Fails Some(FailCode::InternalError),
        ["something went wrong", "job encountered an error", "error processing your request", "failed to process your command", "failed to process your request", "could not complete the job", "took too long to process", "moderator outage", "moderation outage", "internal error", "internal server error", "unexpected error", "unknown error"];
    InteractionFailed "interaction_failure" Fails Some(FailCode::InteractionFailed),
        ["application did not respond", "interaction failed", "this interaction failed"];
    Declined "error_declined" Fails Some(FailCode::Moderated), [];
    UnknownError "error_unknown" Fails Some(FailCode::Refused), [];
    UnknownWarning "warning_unknown" Waits None, [];
}

impl Notice {
    /// Its row.
    pub fn row(self) -> &'static Row {
        let at = TABLE
            .iter()
            .position(|row| row.notice == self)
            .unwrap_or(TABLE.len() - 1);
        &TABLE[at]
    }

    /// The first notice one of whose phrases stands in `text`, in any case.
    pub fn in_text(text: &str) -> Option<Self> {
        let text = text.to_lowercase();
        TABLE
            .iter()
            .find(|row| row.phrases.iter().any(|phrase| text.contains(phrase)))
            .map(|row| row.notice)
    }
}
