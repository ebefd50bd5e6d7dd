//! Our own words for what went wrong beyond a code's message, in the hub's language.

use super::{FailCode, InteractionFailureReason, Lang};
use crate::application::CommandName;

/// What is known beside the code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Detail {
    /// The answer to the POST was lost, and nothing was seen since.
    AnswerLost,
    /// Discord's JSON error code.
    DiscordCode(u64),
    /// Discord's reason for an interaction that failed.
    Failure(InteractionFailureReason),
    /// Midjourney's editor has no known address.
    EditorMissing,
    /// Midjourney's editor answered the region with this status.
    EditorRefused(u16),
    /// The editor of Vary (Region) came without what names it.
    EditorWithoutToken,
    /// The reaction that asks for a seed could not be added.
    EnvelopeNotAdded,
    /// Discord refused that reaction.
    EnvelopeRefused,
    /// A form that must be filled in came empty.
    FormEmpty,
    /// The answer to a form was lost.
    FormLost,
    /// A text was given for a form, and none opened.
    FormNotOpened,
    /// A form could not be sent.
    FormNotSent,
    /// Discord refused what was written into the form, with this error code.
    FormRefused(u64),
    /// A form was shown to a session that is gone.
    FormUnseen,
    /// A form has no place for text.
    FormWithoutText,
    /// The button opens the editor of Vary (Region), and there is no mask.
    NeedsMask,
    /// A form is shown to the account alone.
    NeedsOwnSession,
    /// The guild has no such command.
    NoCommand(CommandName),
    /// The account's direct messages with the bot can not be opened.
    NoDirectMessages,
    /// Discord refused a picture, with this error code.
    PictureRefused(u64),
    /// An uploaded picture is not there.
    UploadLost,
    /// A picture is larger than the account may upload.
    UploadTooLarge,
    /// This HTTP status came instead of an answer of Discord's.
    Status(u16),
    /// A person stopped the job.
    StoppedInDiscord,
    /// Discord took it and nothing was seen since, with eyes to which refusals are invisible.
    Unseen,
    /// The time-out passed before it could be sent.
    WaitedToBeSent,
}

impl Detail {
    /// Says it.
    #[expect(clippy::too_many_lines, reason = "a table")]
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
            Self::EditorMissing => [
                "Midjourney's editor is not where it was (status 404)",
                "Midjourney 编辑器地址已失效（状态 404）",
            ],
            Self::EditorRefused(status) => {
                return match lang {
                    Lang::En => format!("Midjourney's editor refused the region (status {status})"),
                    Lang::Zh => format!("Midjourney 编辑器拒绝了该区域（状态 {status}）"),
                };
            }
            Self::EditorWithoutToken => ["the editor came without its token", "编辑器缺少令牌"],
            Self::EnvelopeNotAdded => [
                "the envelope could not be added: the account cannot be used",
                "无法添加信封表情：账号不可用",
            ],
            Self::EnvelopeRefused => [
                "Discord refused the envelope that asks for the seed",
                "Discord 拒绝了用于查询种子的信封表情",
            ],
            Self::FormEmpty => [
                "the button opens a form that comes empty: give its text as prompt",
                "该按钮打开的表单为空：请通过 prompt 提供文本",
            ],
            Self::FormLost => [
                "the answer to the form was lost, and nothing was seen of its job since",
                "表单提交的响应丢失，此后未见其任务",
            ],
            Self::FormNotOpened => [
                "the button opened no form, so the prompt was not used: remix mode is off",
                "该按钮未打开表单，因此未使用 prompt：remix 模式已关闭",
            ],
            Self::FormNotSent => [
                "the form could not be sent: the account cannot be used",
                "无法提交表单：账号不可用",
            ],
            Self::FormRefused(code) => {
                return match lang {
                    Lang::En => {
                        format!("Discord refused the form, or no longer knew it (code {code})")
                    }
                    Lang::Zh => format!("Discord 拒绝了表单或表单已失效（错误码 {code}）"),
                };
            }
            Self::FormUnseen => [
                "the form went to a session that is gone",
                "表单发往了已失效的会话",
            ],
            Self::FormWithoutText => [
                "the button opens a form that has no place for text",
                "该按钮打开的表单没有文本输入框",
            ],
            Self::NeedsMask => [
                "the button opens an editor: give the region to change as mask",
                "该按钮会打开编辑器：请通过 mask 提供要修改的区域",
            ],
            Self::NeedsOwnSession => [
                "only a gateway session of the account itself shows the form, and there is none",
                "只有账号自己的网关会话才能看到表单，而当前没有",
            ],
            Self::NoCommand(name) => {
                return match lang {
                    Lang::En => format!("the bot has no command /{name} in this guild"),
                    Lang::Zh => format!("该服务器中机器人没有 /{name} 命令"),
                };
            }
            Self::NoDirectMessages => [
                "Discord does not open the direct messages with the bot",
                "Discord 无法打开与机器人的私信",
            ],
            Self::PictureRefused(code) => {
                return match lang {
                    Lang::En => format!("Discord refused the picture (code {code})"),
                    Lang::Zh => format!("Discord 拒绝了图片（错误码 {code}）"),
                };
            }
            Self::UploadLost => [
                "Discord, or a proxy before it, did not keep the uploaded picture: check mj.upload_url and network.upload in mj_status()",
                "Discord 或其前置代理未保留已上传的图片：请检查 mj.upload_url 与 mj_status() 的 network.upload",
            ],
            Self::UploadTooLarge => [
                "Discord, or a proxy before it, takes no file of this size: 10 MiB without Nitro, client_max_body_size with nginx",
                "文件超过 Discord 或其前置代理的上限：无 Nitro 时为 10 MiB，nginx 见 client_max_body_size",
            ],
            Self::Status(status) => {
                return match lang {
                    Lang::En => format!("status {status} instead of Discord's answer"),
                    Lang::Zh => format!("返回状态 {status}，而非 Discord 的响应"),
                };
            }
            Self::StoppedInDiscord => ["it was stopped in Discord", "任务在 Discord 中被停止"],
            Self::Unseen => [
                "Midjourney may have refused it, put it into its queue, or asked for a human check or an acknowledgement, \
                 which only a gateway session of the account itself shows",
                "可能已被 Midjourney 拒绝、正在排队，或要求人机验证或确认消息，这些只有该账号自己的网关会话才能看到",
            ],
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
