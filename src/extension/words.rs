//! The keys and fixed values of the arrays that PHP gets, interned once, so that a poll allocates none of them.

use std::{
    ptr,
    sync::atomic::{AtomicPtr, Ordering},
};

use ext_php_rs::{
    ffi::{IS_INTERNED_STRING_EX, zend_string},
    types::{ZendStr, Zval},
};
use mj_midjourney::task::{Action, Mode, Stage, Status};

macro_rules! words {
    ($($word:ident $text:literal),* $(,)?) => {
        /// A word that is interned.
        #[derive(Clone, Copy, Debug)]
        pub(crate) enum Word { $($word),* }

        const TEXTS: &[&str] = &[$($text),*];
    };
}

words! {
    Account "account", Action "action", Buttons "buttons", Choices "choices", ContentType "content_type", CreatedAt "created_at",
    Cursor "cursor", CustomId "custom_id", Emoji "emoji", EstimatedAt "estimated_at", ExpiresAt "expires_at", FailCode "fail_code", Failed "failed",
    FailReason "fail_reason", File "file", FinalPrompt "final_prompt", FinishedAt "finished_at", GroupId "group_id",
    Height "height", Id "id", ImageUrl "image_url", Images "images", JobId "job_id", Label "label", Late "late",
    MessageId "message_id", Mode "mode", NotBefore "not_before", Notes "notes", ParentId "parent_id", PreviewUrl "preview_url", Progress "progress",
    Prompt "prompt", QueuePosition "queue_position", Retryable "retryable", Revision "revision", Seed "seed",
    Selected "selected", Size "size", Stage "stage", StartedAt "started_at", State "state", Status "status", Style "style", SubmittedAt "submitted_at",
    Task "task", Tasks "tasks", Texts "texts", Url "url", Value "value", Width "width",
    // Values.
    ActionAction "ACTION", ActionBlend "BLEND", ActionCommand "COMMAND", ActionDescribe "DESCRIBE",
    ActionImagine "IMAGINE", ActionReroll "REROLL", ActionSeed "SEED", ActionShorten "SHORTEN", ActionShow "SHOW",
    ActionUpscale "UPSCALE", ActionVariation "VARIATION", ModeFast "fast", ModeRelax "relax", ModeTurbo "turbo", StatusCancel "CANCEL",
    StatusFailure "FAILURE", StatusInProgress "IN_PROGRESS", StatusModal "MODAL", StatusNotStart "NOT_START",
    StageModerated "moderated", StagePaused "paused", StageQueued "queued", StageStopped "stopped",
    StageUploading "uploading", StageWaitingToRetry "waiting to retry", StageWaitingToStart "waiting to start", StatusSubmitted "SUBMITTED", StatusSuccess "SUCCESS",
}

static INTERNED: [AtomicPtr<zend_string>; TEXTS.len()] =
    [const { AtomicPtr::new(ptr::null_mut()) }; TEXTS.len()];

/// Interns all words. Called by every MINIT: PHP frees interned strings when it shuts down, and may start again.
pub(crate) fn intern() {
    for (slot, text) in INTERNED.iter().zip(TEXTS) {
        slot.store(
            ZendStr::new_interned(text, true).into_raw(),
            Ordering::Release,
        );
    }
}

impl Word {
    /// PHP's string; valid from MINIT to the end of PHP.
    pub(crate) fn as_ptr(self) -> *mut zend_string {
        INTERNED[self as usize].load(Ordering::Acquire)
    }

    /// As a PHP value.
    pub(crate) fn zval(self) -> Zval {
        let mut zval = Zval::new();
        zval.u1.type_info = IS_INTERNED_STRING_EX;
        zval.value.str_ = self.as_ptr();
        zval
    }
}

impl From<Status> for Word {
    fn from(status: Status) -> Self {
        match status {
            Status::NotStart => Self::StatusNotStart,
            Status::Submitted => Self::StatusSubmitted,
            Status::Modal => Self::StatusModal,
            Status::InProgress => Self::StatusInProgress,
            Status::Success => Self::StatusSuccess,
            Status::Failure => Self::StatusFailure,
            Status::Cancel => Self::StatusCancel,
        }
    }
}

impl From<Action> for Word {
    fn from(action: Action) -> Self {
        match action {
            Action::Imagine => Self::ActionImagine,
            Action::Upscale => Self::ActionUpscale,
            Action::Variation => Self::ActionVariation,
            Action::Reroll => Self::ActionReroll,
            Action::Action => Self::ActionAction,
            Action::Blend => Self::ActionBlend,
            Action::Command => Self::ActionCommand,
            Action::Describe => Self::ActionDescribe,
            Action::Seed => Self::ActionSeed,
            Action::Shorten => Self::ActionShorten,
            Action::Show => Self::ActionShow,
        }
    }
}

impl From<Mode> for Word {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Fast => Self::ModeFast,
            Mode::Relax => Self::ModeRelax,
            Mode::Turbo => Self::ModeTurbo,
        }
    }
}

impl From<Stage> for Word {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Moderated => Self::StageModerated,
            Stage::Paused => Self::StagePaused,
            Stage::Queued => Self::StageQueued,
            Stage::Stopped => Self::StageStopped,
            Stage::Uploading => Self::StageUploading,
            Stage::WaitingToRetry => Self::StageWaitingToRetry,
            Stage::WaitingToStart => Self::StageWaitingToStart,
        }
    }
}
