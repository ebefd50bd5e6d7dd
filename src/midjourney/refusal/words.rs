//! Our own words for what went wrong beyond a code's message, in the hub's language.

use super::{FailCode, InteractionFailureReason, Lang};

/// What is known beside the code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Detail {
    /// The answer to the POST was lost, and nothing was seen since.
    AnswerLost,
    /// Discord's JSON error code.
    DiscordCode(u64),
    /// Discord's reason for an interaction that failed.
    Failure(InteractionFailureReason),
    /// The button opens the editor of Vary (Region), and there is no mask.
    NeedsMask,
    /// Discord refused what was written into the form.
    FormRefused,
    /// This HTTP status came instead of an answer of Discord's.
    Status(u16),
    /// A person stopped the job.
    StoppedInDiscord,
    /// The time-out passed before it could be sent.
    WaitedToBeSent,
}

impl Detail {
    /// Says it.
    pub fn words(self, lang: Lang) -> String {
        let said = match self {
            Self::AnswerLost => [
                "the answer was lost, and it was not seen since: the account may be at its limit, the prompt held \
                 back by moderation, or the connection broken",
                "提交的响应丢失，此后未见结果：可能账号并发已满、提示词被审核拦截或连接中断",
            ],
            Self::DiscordCode(code) => {
                return match lang {
                    Lang::En => format!("Discord's error code {code}"),
                    Lang::Zh => format!("Discord 错误码 {code}"),
                };
            }
            Self::Failure(reason) => return reason.words(lang),
            Self::NeedsMask => [
                "the button opens an editor, which needs a mask",
                "该按钮会打开编辑器，需要提供蒙版",
            ],
            Self::FormRefused => ["Discord refused the form", "Discord 拒绝了表单"],
            Self::Status(status) => {
                return match lang {
                    Lang::En => format!("status {status} instead of Discord's answer"),
                    Lang::Zh => format!("返回状态 {status}，而非 Discord 的响应"),
                };
            }
            Self::StoppedInDiscord => ["it was stopped in Discord", "任务在 Discord 中被停止"],
            Self::WaitedToBeSent => ["it was waiting to be sent", "任务仍在等待提交"],
        };
        said[lang as usize].to_owned()
    }
}

/// A code's message, with what else is known behind it: our words, or Midjourney's own.
pub fn with_detail(code: FailCode, lang: Lang, detail: Option<&str>) -> String {
    let message = code.message(lang);
    match (detail.filter(|detail| !detail.is_empty()), lang) {
        (None, _) => message.to_owned(),
        (Some(detail), Lang::En) => format!("{message}: {detail}"),
        (Some(detail), Lang::Zh) => format!("{message}：{detail}"),
    }
}
