//! The one table of Midjourney's notices: the words by which each is known and what it means.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{FailCode, Lang, Scope};

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
    /// A person has done what an earlier notice asked for.
    Cleared,
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
    /// "Subscription paused".
    SubscriptionPaused,
    /// "Subscription required".
    SubscriptionRequired,
    /// "You have been temporarily blocked", or blocked for so many hours.
    TemporarilyBlocked,
    /// "Tos not accepted".
    TosNotAccepted,
    /// An error embed with words that this table lacks.
    UnknownError,
    /// A warning embed with words that this table lacks.
    UnknownWarning,
}

impl Notice {
    /// Whether it lifts something that an earlier notice stopped.
    pub const fn is_good_news(self) -> bool {
        matches!(self, Self::AppealAccepted | Self::Cleared)
    }
}

/// What a refusal does to the account that met it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rest {
    /// Nothing: it concerns the task alone.
    None,
    /// It pauses, until the time that the notice names, else for this long.
    Pause(Duration),
    /// It is disabled until somebody acts; where the notice names a time, it pauses until then.
    Disable,
}

/// Words of ours, in the order of [`Lang`]: what happened, and what the operator should do.
#[derive(Clone, Copy, Debug)]
struct Said {
    message: [&'static str; 2],
    advice: [&'static str; 2],
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
    /// What becomes of the account.
    pub rest: Rest,
    /// How long the task waits until we send it again, unless the notice names a time; None where we do not.
    pub again: Option<Duration>,
    said: Option<Said>,
}

impl Row {
    /// A notice that ends the job.
    const fn fails(
        notice: Notice,
        label: &'static str,
        code: FailCode,
        phrases: &'static [&'static str],
    ) -> Self {
        Self {
            notice,
            label,
            phrases,
            code: Some(code),
            outcome: Outcome::Fails,
            rest: Rest::None,
            again: None,
            said: None,
        }
    }

    /// A notice after which nothing happens until a person acts.
    const fn needs_person(
        notice: Notice,
        label: &'static str,
        code: FailCode,
        rest: Rest,
        phrases: &'static [&'static str],
    ) -> Self {
        let mut row = Self::fails(notice, label, code, phrases);
        row.outcome = Outcome::NeedsPerson;
        row.rest = rest;
        row
    }

    /// A notice that stops nothing.
    const fn waits(notice: Notice, label: &'static str, phrases: &'static [&'static str]) -> Self {
        let mut row = Self::fails(notice, label, FailCode::Refused, phrases);
        row.code = None;
        row.outcome = Outcome::Waits;
        row
    }

    const fn again_after(mut self, seconds: u64) -> Self {
        self.again = Some(Duration::from_secs(seconds));
        self
    }

    const fn said(mut self, message: [&'static str; 2], advice: [&'static str; 2]) -> Self {
        self.said = Some(Said { message, advice });
        self
    }

    /// Whom it concerns.
    pub const fn scope(&self) -> Scope {
        match self.rest {
            Rest::None => Scope::Task,
            Rest::Pause(_) | Rest::Disable => Scope::Account,
        }
    }

    /// What happened, in one lower-case phrase.
    pub fn message(&self, lang: Lang) -> &'static str {
        let own = self.said.map(|said| said.message[lang as usize]);
        let of_code = || self.code.map_or("", |code| code.message(lang));
        own.unwrap_or_else(of_code)
    }

    /// What the operator, or the caller, should do.
    pub fn advice(&self, lang: Lang) -> &'static str {
        let own = self.said.map(|said| said.advice[lang as usize]);
        let of_code = || self.code.map_or("", |code| code.advice(lang));
        own.unwrap_or_else(of_code)
    }
}

/// All notices; the first row that matches counts, so the more exact words stand first.
pub static TABLE: &[Row] = &[
    Row::waits(
        Notice::JobQueued,
        "notice_job_queued",
        &[
            "job queued",
            "maximum allowed number of concurrent jobs",
            "will start as soon as another one finishes",
        ],
    )
    .said(
        [
            "Midjourney starts the job when another one of the account has ended",
            "账号并发已满，任务将在其他任务结束后开始",
        ],
        [
            "nothing to do; lower mj.concurrency if it happens often",
            "无需处理；若经常出现，请降低 mj.concurrency",
        ],
    ),
    Row::waits(
        Notice::AppealAccepted,
        "notice_appeal_accepted",
        &["appeal has been accepted", "appeal accepted"],
    )
    .said(
        ["the appeal was accepted, the job goes on", "申诉已通过，任务继续"],
        ["nothing to do", "无需处理"],
    ),
    Row::fails(
        Notice::AppealRejected,
        "error_appeal_rejected",
        FailCode::Moderated,
        &["appeal has been rejected", "appeal rejected"],
    )
    .said(
        ["the appeal was rejected", "申诉被驳回"],
        ["change the prompt", "修改提示词"],
    ),
    Row::waits(
        Notice::Cleared,
        "notice_cleared",
        &[
            "message acknowledged",
            "has been acknowledged",
            "you have acknowledged",
            "tos accepted",
            "terms accepted",
            "you have accepted the terms",
            "you have been verified",
            "verification successful",
        ],
    )
    .said(
        ["a person has cleared the account", "账号已由人工恢复"],
        ["nothing to do: the account is used again", "无需处理，账号已恢复使用"],
    ),
    Row::fails(
        Notice::QueueFull,
        "error_queue_full",
        FailCode::QueueFull,
        &["queue full", "job queue is full", "queue is full"],
    )
    .again_after(15),
    Row::fails(
        Notice::BannedPrompt,
        "error_banned",
        FailCode::BannedPrompt,
        &[
            "banned prompt",
            "banned word",
            "prompt contains banned",
            "ai moderator thinks",
        ],
    ),
    Row::needs_person(
        Notice::PendingModMessage,
        "error_pending_mod",
        FailCode::PendingModMessage,
        Rest::Disable,
        &[
            "pending mod message",
            "pending moderation message",
            "please acknowledge",
        ],
    ),
    Row::needs_person(
        Notice::PictureCaptcha,
        "error_captcha_2023",
        FailCode::CaptchaRequired,
        Rest::Disable,
        &[
            "verify you're human",
            "verify you’re human",
            "verify you are human",
            "verify that you are human",
            "please complete the task",
        ],
    ),
    Row::needs_person(
        Notice::Captcha,
        "error_captcha_iframe",
        FailCode::CaptchaRequired,
        Rest::Disable,
        &["action required to continue", "captcha"],
    ),
    Row::needs_person(
        Notice::Moderated,
        "error_action_needed",
        FailCode::Moderated,
        Rest::None,
        &[
            "action needed to continue",
            "ai moderators feel",
            "might be against our",
            "against our community standards",
        ],
    ),
    Row::needs_person(
        Notice::Abuse,
        "error_abuse",
        FailCode::Blocked,
        Rest::Disable,
        &["abuse alert"],
    )
    .said(
        ["Midjourney reports abuse by the account", "账号触发 Midjourney 滥用警报"],
        [
            "open Discord with this account and read the alert; submit less, or use another account",
            "用该账号登录 Discord 查看警报；减少提交或更换账号",
        ],
    ),
    Row::needs_person(
        Notice::TemporarilyBlocked,
        "error_blocked",
        FailCode::Blocked,
        Rest::Pause(Duration::from_secs(60 * 60)),
        &[
            "temporarily blocked",
            "temporarily banned",
            "temporarily suspended",
            "temporary ban",
        ],
    )
    .said(
        ["Midjourney has blocked the account for a time", "账号被 Midjourney 暂时封禁"],
        [
            "nothing to do: it is used again when the time is over, after an hour if none was named",
            "无需处理：到期后自动恢复，未注明时间则一小时后恢复",
        ],
    ),
    Row::needs_person(
        Notice::Blocked,
        "error_blocked",
        FailCode::Blocked,
        Rest::Disable,
        &[
            "you have been blocked",
            "you are blocked",
            "blocked from accessing midjourney",
            "account blocked",
            "you have been banned",
        ],
    ),
    Row::needs_person(
        Notice::PlanCancelled,
        "error_plan_cancelled",
        FailCode::PlanCancelled,
        Rest::Disable,
        &[
            "plan cancelled",
            "plan canceled",
            "subscription cancelled",
            "subscription canceled",
        ],
    ),
    Row::needs_person(
        Notice::SubscriptionRequired,
        "error_subscription_required",
        FailCode::SubscriptionRequired,
        Rest::Disable,
        &[
            "subscription required",
            "subscription expired",
            "please /subscribe",
            "can't provide a free trial",
        ],
    ),
    Row::needs_person(
        Notice::SubscriptionPaused,
        "error_subscription_required",
        FailCode::SubscriptionRequired,
        Rest::Disable,
        &["subscription paused", "subscription is paused"],
    )
    .said(
        ["the account's subscription is paused", "账号订阅已暂停"],
        [
            "resume the subscription at midjourney.com, or use another account",
            "在 midjourney.com 恢复订阅或更换账号",
        ],
    ),
    Row::needs_person(
        Notice::CreditsExhausted,
        "error_credits_exhausted",
        FailCode::CreditsExhausted,
        Rest::Pause(Duration::from_secs(15 * 60)),
        &[
            "credits exhausted",
            "out of credits",
            "run out of hours",
            "run out of fast",
            "out of fast hours",
            "no fast hours left",
            "no fast hours remaining",
            "have no fast hours",
            "used all your fast",
        ],
    ),
    Row::needs_person(
        Notice::TosNotAccepted,
        "error_tos",
        FailCode::TosNotAccepted,
        Rest::Disable,
        &[
            "tos not accepted",
            "accept the tos",
            "accept our terms",
            "accept the terms of service",
            "terms of service not accepted",
        ],
    ),
    Row::fails(
        Notice::SlowDown,
        "error_slow_down",
        FailCode::SlowDown,
        &[
            "slow down",
            "you can request another upscale",
            "already requested an upscale",
        ],
    )
    .again_after(30),
    Row::fails(
        Notice::DuplicateImages,
        "error_duplicate_images",
        FailCode::DuplicateImages,
        &["duplicate image"],
    ),
    Row::fails(
        Notice::ImageFilter,
        "error_image_filter",
        FailCode::ImageFiltered,
        &["due to image filter", "due to input filter", "image filters"],
    ),
    Row::fails(
        Notice::OutputFilter,
        "error_output_filter",
        FailCode::OutputFiltered,
        &[
            "due to output filter",
            "output filters",
            "output (image) filter",
            "request cancelled",
            "request canceled",
        ],
    ),
    Row::fails(
        Notice::ImageDenied,
        "error_image_denied",
        FailCode::ImageDenied,
        &["image denied", "images denied", "banned image"],
    ),
    Row::fails(
        Notice::InvalidLink,
        "error_invalid_link",
        FailCode::InvalidLink,
        &[
            "invalid link",
            "invalid url",
            "could not fetch",
            "couldn't fetch",
            "could not validate",
            "failed to fetch",
            "not a valid image",
            "invalid image prompt",
        ],
    ),
    Row::fails(
        Notice::InvalidParameter,
        "error_invalid_parameter",
        FailCode::InvalidParameter,
        &[
            "invalid parameter",
            "unrecognized parameter",
            "unrecognised parameter",
            "invalid aspect ratio",
            "invalid value",
            "invalid argument",
            "missing value for argument",
            "expected one argument",
            "not compatible with",
            "is not supported with",
            "incompatible parameter",
        ],
    ),
    Row::fails(
        Notice::InvalidPrompt,
        "error_invalid_prompt",
        FailCode::InvalidPrompt,
        &[
            "invalid prompt",
            "empty prompt",
            "invalid request",
            "prompt is too long",
            "prompt too long",
            "prompt is too short",
        ],
    ),
    Row::fails(
        Notice::ActionRestricted,
        "error_action_restricted",
        FailCode::Refused,
        &["job action restricted"],
    )
    .said(
        [
            "the account's plan or mode does not allow this",
            "账号套餐或模式不允许该操作",
        ],
        [
            "use another mode or plan, or another account",
            "更换模式、套餐或账号",
        ],
    ),
    Row::fails(
        Notice::InternalError,
        "error_internal",
        FailCode::InternalError,
        &[
            "something went wrong",
            "job encountered an error",
            "error processing your request",
            "failed to process your command",
            "failed to process your request",
            "could not complete the job",
            "took too long to process",
            "moderator outage",
            "moderation outage",
            "internal error",
            "internal server error",
            "unexpected error",
            "unknown error",
            "your trace",
            "unique trace",
        ],
    ),
    Row::fails(
        Notice::InteractionFailed,
        "interaction_failure",
        FailCode::InteractionFailed,
        &[
            "application did not respond",
            "interaction failed",
            "this interaction failed",
        ],
    ),
    Row::fails(
        Notice::Declined,
        "error_declined",
        FailCode::Moderated,
        &[],
    )
    .said(
        ["Midjourney's moderation declined the job", "任务被 Midjourney 审核拒绝"],
        ["change the prompt", "修改提示词"],
    ),
    Row::fails(Notice::UnknownError, "error_unknown", FailCode::Refused, &[]),
    Row::waits(Notice::UnknownWarning, "warning_unknown", &[]).said(
        [
            "Midjourney warns, and the job goes on",
            "Midjourney 发出警告，任务继续",
        ],
        [
            "read the task's notes, which have Midjourney's own text",
            "查看任务 notes 中 Midjourney 的原文",
        ],
    ),
];

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
