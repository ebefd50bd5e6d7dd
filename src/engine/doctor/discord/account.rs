//! A Midjourney account: whose its token is, whether Discord wants something of it first, and Midjourney's commands.

use mj_discord::{
    Outcome, Request,
    rest::{TokenKind, read_commands},
};
use mj_midjourney::{
    application::Bot,
    config::{AccountConfig, HubConfig},
};
use serde_json::Value;

use super::{
    One, as_other_kind,
    asker::{Asked, Asker},
    place, whose,
};
use crate::doctor::{
    hosts::{Told, Tools},
    text::{Shown, Text},
};

/// "You need to verify your account in order to perform this action."
const VERIFY: u64 = 40_002;

/// An account and what Discord says of it.
#[derive(Debug)]
pub(super) struct Account<'a> {
    config: &'a AccountConfig,
    pub(super) asker: Asker<'a>,
    who: Asked,
    /// Whose the token is as a bot's.
    bot: Option<String>,
    /// What Discord wants first.
    demand: Option<Outcome>,
}

impl<'a> Account<'a> {
    /// Asks whose the token is.
    pub(super) async fn identify(tools: &'a Tools, config: &'a AccountConfig) -> Self {
        let mut asker = Asker::new(tools, &config.user_token, TokenKind::User);
        let who = whose(&mut asker).await;
        let bot = if who.is_unauthorized() {
            as_other_kind(tools, &config.user_token, TokenKind::User).await
        } else {
            None
        };
        Self {
            config,
            asker,
            who,
            bot,
            demand: None,
        }
    }

    fn name(&self) -> Shown {
        Shown::said(&self.config.name)
    }

    /// When its token is a bot's.
    pub(super) fn swapped(&self) -> Option<Told> {
        let bot = self.bot.as_ref()?;
        Some((
            Text::with(
                "the user token of account {0} is the token of the bot {1}",
                "账号 {0} 的用户令牌其实是机器人 {1} 的令牌",
                [self.name(), Shown::said(bot)],
            ),
            Text::new(
                "put the bot's token into mj.bot_token, and the token of the Discord user with the Midjourney subscription into mj.user_token (docs/discord.md)",
                "请将机器人令牌填入 mj.bot_token，将订阅了 Midjourney 的 Discord 用户的令牌填入 mj.user_token（见 docs/discord.zh-CN.md）",
            ),
        ))
    }

    /// Whether its token is good, and whose it is.
    pub(super) fn token(&self) -> One {
        match &self.who {
            Asked::Body(body) => One::ok(Text::with(
                "{0}: {1}",
                "{0}：{1}",
                [self.name(), Shown::said(&place::name_of(body))],
            )),
            Asked::Refused(Outcome::Unauthorized) => One::failed((
                Text::with(
                    "Discord does not accept the user token of account {0} (401)",
                    "Discord 不接受账号 {0} 的用户令牌（401）",
                    [self.name()],
                ),
                Text::new(
                    "copy it anew from the browser in which that user is logged in (docs/discord.md): it ends when the user logs out or changes the password",
                    "请从该用户已登录的浏览器中重新复制（见 docs/discord.zh-CN.md）：用户退出登录或修改密码后令牌即失效",
                ),
            )),
            // What Discord wants of the account is told by its own check.
            Asked::Refused(outcome) if is_demand(outcome) => One::ok(Text::with(
                "{0}: known to Discord",
                "{0}：Discord 认识该令牌",
                [self.name()],
            )),
            asked @ (Asked::Refused(_) | Asked::Trouble(_)) => One::unanswered(asked),
        }
    }

    /// Looks at guild and channel with this account.
    pub(super) async fn look(&mut self, hub: &HubConfig) -> place::View {
        if let Asked::Refused(outcome) = &self.who {
            self.demand = Some(outcome.clone());
            return place::View::default();
        }
        let guild = self.config.guild_id.unwrap_or(hub.guild_id);
        let channel = self.config.channel_id.unwrap_or(hub.channel_id);
        let who = Text::with("account {0}", "账号 {0}", [self.name()]);
        let user = self.who.body().and_then(place::id_of);
        let view = place::View::of(&mut self.asker, who, user, guild, channel).await;
        self.demand = view.refusals().find(|outcome| is_demand(outcome)).cloned();
        view
    }

    /// Whether Discord wants something of the account before anything else.
    pub(super) fn standing(&self) -> One {
        match &self.demand {
            Some(Outcome::Forbidden { code: VERIFY }) => One::failed((
                Text::with(
                    "Discord wants account {0} to be verified first (40002)",
                    "Discord 要求先验证账号 {0}（40002）",
                    [self.name()],
                ),
                Text::new(
                    "log in to Discord in a browser as that user and do what it asks for (e-mail, telephone number); till then nothing can be sent",
                    "请在浏览器中以该用户登录 Discord，并按要求完成验证（邮箱、手机号）；在此之前无法发送任何内容",
                ),
            )),
            Some(Outcome::CaptchaRequired) => One::failed((
                Text::with(
                    "Discord wants a human check of account {0}",
                    "Discord 要求账号 {0} 进行人机验证",
                    [self.name()],
                ),
                Text::new(
                    "log in to Discord in a browser as that user, from the same address if possible, and pass the check",
                    "请在浏览器中以该用户登录 Discord（尽量使用同一 IP）并通过验证",
                ),
            )),
            _ if self.is_unverified() => One::warned((
                Text::with(
                    "the e-mail address of account {0} is not verified",
                    "账号 {0} 的邮箱未验证",
                    [self.name()],
                ),
                Text::new(
                    "verify it: Discord, user settings, My Account",
                    "请验证：Discord → 用户设置 → 我的账号",
                ),
            )),
            _ => One::ok(Text::with(
                "{0}: Discord wants nothing of it",
                "{0}：Discord 没有额外要求",
                [self.name()],
            )),
        }
    }

    fn is_unverified(&self) -> bool {
        let user = self
            .who
            .body()
            .and_then(|body| serde_json::from_str::<Value>(body).ok());
        user.is_some_and(|user| user["verified"] == false)
    }

    /// Whether Midjourney is in the guild, with which commands.
    pub(super) async fn midjourney(&mut self, hub: &HubConfig) -> One {
        let guild = self.config.guild_id.unwrap_or(hub.guild_id);
        let asked = self.asker.ask(Request::guild_commands(guild)).await;
        let Some(commands) = asked.body().and_then(read_commands) else {
            return One::unanswered(&asked);
        };
        let of_bot = |bot: Bot| {
            let id = bot.application_id();
            let own = commands.iter().filter(move |one| one.application_id == id);
            own.collect::<Vec<_>>()
        };
        let (midjourney, niji) = (of_bot(Bot::Midjourney), of_bot(Bot::Niji));
        let Some(imagine) = midjourney.iter().find(|one| one.name == "imagine") else {
            return One::failed(no_midjourney(midjourney.is_empty()));
        };
        let niji = if niji.is_empty() {
            Text::new("niji is not there", "没有 niji")
        } else {
            Text::new("niji too", "niji 也在")
        };
        One::ok(Text::with(
            "Midjourney is there with {0} commands, imagine in version {1}; {2}",
            "Midjourney 已在服务器中，共 {0} 条命令，imagine 版本 {1}；{2}",
            [
                midjourney.len().into(),
                Shown::said(&imagine.version.to_string()),
                niji.into(),
            ],
        ))
    }
}

/// Whether Discord wants something of the account first.
fn is_demand(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::CaptchaRequired | Outcome::Forbidden { code: VERIFY }
    )
}

fn no_midjourney(is_absent: bool) -> Told {
    let seen = if is_absent {
        Text::new(
            "Midjourney is not in the server, or this user may not use its commands",
            "服务器中没有 Midjourney，或该用户无权使用其命令",
        )
    } else {
        Text::new(
            "Midjourney is in the server, and its command imagine is not offered to this user",
            "服务器中有 Midjourney，但该用户无法使用 imagine 命令",
        )
    };
    (
        seen,
        Text::new(
            "add Midjourney to the server (its profile in Discord, Add App), and look at Server Settings, Integrations, Midjourney Bot: the user and the channel must be allowed",
            "请将 Midjourney 添加到服务器（在 Discord 中打开其资料，添加 APP），并检查“服务器设置 → 整合 → Midjourney Bot”是否允许该用户与频道",
        ),
    )
}
