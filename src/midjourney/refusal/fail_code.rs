//! Why a task has no picture: one code for each cause, with its words in English and Chinese.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whom a failure concerns.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// This task only.
    Task,
    /// Every task of the account until somebody acts or a time has passed.
    Account,
}

/// In which language PHP is told (`mj.lang`).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    Zh,
}

/// What is known of one code.
struct Words {
    scope: Scope,
    retried: bool,
    message: [&'static str; 2],
    advice: [&'static str; 2],
}

macro_rules! fail_codes {
    ($($(#[$doc:meta])* $name:ident $text:literal $scope:ident $retried:literal
        $en:literal $zh:literal
        $advice_en:literal $advice_zh:literal;)*) => {
        /// Why a task ended without a picture; PHP sees [`FailCode::as_str`].
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        pub enum FailCode {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl FailCode {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// As PHP sees it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            const fn words(self) -> Words {
                match self {
                    $(Self::$name => Words {
                        scope: Scope::$scope,
                        retried: $retried,
                        message: [$en, $zh],
                        advice: [$advice_en, $advice_zh],
                    },)*
                }
            }
        }
    };
}

fail_codes! {
    /// The account was switched off, by configuration or by an earlier failure.
    AccountDisabled "ACCOUNT_DISABLED" Account false
        "the account is disabled" "账号已停用"
        "see mj_status() for the reason and enable the account again" "在 mj_status() 中查看原因，处理后重新启用账号";
    /// A word of the prompt is banned.
    BannedPrompt "BANNED_PROMPT" Task false
        "the prompt contains a banned word" "提示词包含违禁词"
        "change the prompt" "修改提示词";
    /// Midjourney blocked the account.
    Blocked "BLOCKED" Account false
        "Midjourney has blocked the account" "账号已被 Midjourney 封禁"
        "wait for the time that the notice names, or use another account" "等待通知中的封禁时间结束，或更换账号";
    /// The caller cancelled the task.
    Cancelled "CANCELLED" Task false
        "the task was cancelled" "任务已取消"
        "nothing to do" "无需处理";
    /// Midjourney wants to see that a person is there.
    CaptchaRequired "CAPTCHA_REQUIRED" Account false
        "Midjourney asks for a human check" "Midjourney 要求人机验证"
        "open Discord with this account, complete the check, then enable the account" "用该账号登录 Discord 完成验证，然后重新启用账号";
    /// Discord refused the command's version even after it was read again.
    CommandOutdated "COMMAND_OUTDATED" Task true
        "Discord says that the command is outdated" "Discord 提示命令已过期"
        "make sure that the Midjourney bot is in the guild, then try again" "确认服务器内有 Midjourney 机器人后重试";
    /// No fast hours left.
    CreditsExhausted "CREDITS_EXHAUSTED" Account false
        "the account has no fast hours left" "账号快速时长已用尽"
        "use relax mode, buy hours, or use another account" "改用 relax 模式、购买时长或更换账号";
    /// Two of the pictures to blend are the same.
    DuplicateImages "DUPLICATE_IMAGES" Task false
        "duplicate images were given" "图片重复"
        "give different images" "请使用不同的图片";
    /// Discord forbids the account this channel or command.
    Forbidden "FORBIDDEN" Account false
        "Discord forbids the account this channel or command" "账号无权使用该频道或命令"
        "check that the account is in the guild and may use application commands there" "检查账号是否在服务器内并拥有使用应用命令的权限";
    /// A picture in the prompt was denied.
    ImageDenied "IMAGE_DENIED" Task false
        "an image in the prompt was denied" "提示词中的图片被拒绝"
        "use another image" "请更换图片";
    /// A picture in the prompt was filtered.
    ImageFiltered "IMAGE_FILTERED" Task false
        "Midjourney's image filter stopped the request" "请求被 Midjourney 图片过滤器拦截"
        "use another image" "请更换图片";
    /// Discord reported that the interaction failed.
    InteractionFailed "INTERACTION_FAILED" Task true
        "the interaction failed at Discord" "Discord 交互失败"
        "try again" "请重试";
    /// Midjourney had an error.
    InternalError "INTERNAL_ERROR" Task true
        "Midjourney had an internal error" "Midjourney 内部错误"
        "try again later" "请稍后重试";
    /// A picture that was given can not be used, or not be fetched.
    InvalidImage "INVALID_IMAGE" Task false
        "a picture can not be used" "图片无法使用"
        "give a PNG, JPEG, WebP or GIF picture of at most 10 MiB at a public address" "请提供可公开访问且不超过 10 MiB 的 PNG、JPEG、WebP 或 GIF 图片";
    /// A link in the prompt can not be fetched.
    InvalidLink "INVALID_LINK" Task false
        "a link in the prompt is invalid" "提示词中的链接无效"
        "give a public address of an image" "请提供可公开访问的图片地址";
    /// A parameter is unknown or has a bad value.
    InvalidParameter "INVALID_PARAMETER" Task false
        "a parameter of the prompt is invalid" "提示词参数无效"
        "correct the parameter" "请更正参数";
    /// The prompt can not be used.
    InvalidPrompt "INVALID_PROMPT" Task false
        "the prompt is invalid" "提示词无效"
        "correct the prompt" "请更正提示词";
    /// The progress message was deleted and no picture came.
    MessageDeleted "MESSAGE_DELETED" Task false
        "the message was deleted before a picture came" "消息在出图前被删除"
        "change the prompt: this is often silent moderation" "修改提示词：这通常是静默审核";
    /// Midjourney's moderators took the prompt for a breach of its rules; a person may appeal.
    Moderated "MODERATED" Task false
        "Midjourney's moderation stopped the prompt and waits for a person" "提示词被 Midjourney 审核拦截，等待人工处理"
        "change the prompt, or press Appeal in Discord" "修改提示词，或在 Discord 中点击 Appeal 申诉";
    /// The call needs a gateway session of the account's own.
    NeedsUserGateway "NEEDS_USER_GATEWAY" Task false
        "this needs a user gateway, the hub only has a bot" "该操作需要用户网关，当前只有机器人网关"
        "set mj.gateway to user or both and give mj.user_token" "将 mj.gateway 设为 user 或 both 并配置 mj.user_token";
    /// What came out was filtered.
    OutputFiltered "OUTPUT_FILTERED" Task false
        "Midjourney's output filter stopped the picture" "生成结果被 Midjourney 过滤"
        "change the prompt" "修改提示词";
    /// A moderator's message must be acknowledged first.
    PendingModMessage "PENDING_MOD_MESSAGE" Account false
        "a moderator's message waits for acknowledgement" "账号有待确认的审核消息"
        "open Discord with this account and acknowledge the message" "用该账号登录 Discord 并确认该消息";
    /// The plan was cancelled.
    PlanCancelled "PLAN_CANCELLED" Account false
        "the account's plan was cancelled" "账号套餐已取消"
        "subscribe again, or use another account" "重新订阅或更换账号";
    /// Midjourney's queue of the account is full.
    QueueFull "QUEUE_FULL" Task true
        "the account's job queue at Midjourney is full" "账号在 Midjourney 的任务队列已满"
        "lower mj.concurrency, or add an account" "降低 mj.concurrency 或增加账号";
    /// Discord's rate limit, longer than the task could wait.
    RateLimited "RATE_LIMITED" Account true
        "Discord limits the rate of requests" "请求被 Discord 限流"
        "submit more slowly, or add an account" "降低提交频率或增加账号";
    /// Midjourney refused with a notice that we do not know.
    Refused "REFUSED" Task false
        "Midjourney refused the request" "Midjourney 拒绝了请求"
        "read fail_reason, which is Midjourney's own text" "查看 fail_reason 中 Midjourney 的原文";
    /// Too many at once of the same.
    SlowDown "SLOW_DOWN" Task true
        "Midjourney asks to slow down" "Midjourney 要求放慢操作"
        "wait for the time that the notice names" "等待通知中的时间后重试";
    /// It may or may not have been sent.
    SubmitUnconfirmed "SUBMIT_UNCONFIRMED" Task false
        "it can not be proven whether the command reached Midjourney" "无法确认命令是否已到达 Midjourney"
        "look at the channel before submitting again; a late picture still arrives" "重新提交前请查看频道；迟到的图片仍会送达";
    /// There is no subscription, or it is paused.
    SubscriptionRequired "SUBSCRIPTION_REQUIRED" Account false
        "the account has no active subscription" "账号没有有效订阅"
        "subscribe at midjourney.com, or use another account" "在 midjourney.com 订阅或更换账号";
    /// The time-out passed.
    Timeout "TIMEOUT" Task false
        "no picture came within the time-out" "超时未出图"
        "raise the time-out; a late picture still arrives" "提高超时时间；迟到的图片仍会送达";
    /// The terms of service were not accepted.
    TosNotAccepted "TOS_NOT_ACCEPTED" Account false
        "the account has not accepted Midjourney's terms of service" "账号尚未接受 Midjourney 服务条款"
        "open Discord with this account and accept the terms" "用该账号登录 Discord 并接受条款";
    /// The token is dead.
    Unauthorized "UNAUTHORIZED" Account false
        "Discord does not accept the user token" "Discord 不接受该用户令牌"
        "log in again and configure the new token" "重新登录并配置新令牌";
    /// Discord took it and nothing was seen since, and what its account alone is shown reaches nobody.
    Unseen "UNSEEN" Task false
        "Discord took it and nothing was seen since" "Discord 已接收，此后未见任何动静"
        "look at Discord with this account; mj.token_sessions = 1, or its token as mj.user_token, lets refusals be seen" "用该账号登录 Discord 查看；设 mj.token_sessions = 1 或将其令牌设为 mj.user_token，即可看到拒绝原因";
    /// Discord, or something before it, does not answer properly.
    UpstreamError "UPSTREAM_ERROR" Task true
        "Discord can not be reached or answers with an error" "无法访问 Discord 或其返回错误"
        "check the network, mj.proxy and the domains; mj.log tells which request failed" "检查网络、mj.proxy 和各域名；mj.log 记录失败的请求";
    /// Discord wants the account's e-mail address or telephone number first.
    VerificationRequired "VERIFICATION_REQUIRED" Account false
        "Discord wants the account to be verified" "Discord 要求验证该账号"
        "open Discord with this account and verify its e-mail address or telephone number" "用该账号登录 Discord 并验证邮箱或手机号";
}

impl FailCode {
    /// The code with this text.
    pub fn read(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }

    /// Whom it concerns.
    pub const fn scope(self) -> Scope {
        self.words().scope
    }

    /// Whether trying the same again, later, makes sense: within the task's time-out we do it ourselves.
    pub const fn is_retryable(self) -> bool {
        self.words().retried
    }

    /// What happened, in one lower-case phrase.
    pub const fn message(self, lang: Lang) -> &'static str {
        self.words().message[lang as usize]
    }

    /// What the operator, or the caller, should do.
    pub const fn advice(self, lang: Lang) -> &'static str {
        self.words().advice[lang as usize]
    }
}

impl fmt::Display for FailCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_own_text_and_words_in_both_languages() {
        let mut seen = std::collections::BTreeSet::new();
        for &code in FailCode::ALL {
            assert!(seen.insert(code.as_str()));
            assert!(
                code.as_str()
                    .bytes()
                    .all(|byte| byte == b'_' || byte.is_ascii_uppercase())
            );
            assert_eq!(FailCode::read(code.as_str()), Some(code));
            assert_eq!(serde_json::to_string(&code).unwrap(), format!("\"{code}\""));
            for lang in [Lang::En, Lang::Zh] {
                assert!(!code.message(lang).is_empty() && !code.advice(lang).is_empty());
            }
            assert!(!code.message(Lang::Zh).is_ascii());
        }
    }
}
