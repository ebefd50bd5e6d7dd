//! The bot that listens: whose its token is, its MESSAGE CONTENT intent, and the logins that it has left.

use mj_discord::{
    Outcome, Request, Token,
    rest::{TokenKind, read_gateway_bot},
};
use mj_midjourney::config::HubConfig;
use serde_json::Value;

use super::{
    One, as_other_kind,
    asker::{Asked, Asker},
    note, place, whose,
};
use crate::doctor::{
    check::Check,
    finding::Findings,
    hosts::{Told, Tools},
    text::{Shown, Text},
};

/// `GATEWAY_MESSAGE_CONTENT` and `GATEWAY_MESSAGE_CONTENT_LIMITED` of an application's flags ("Application Flags").
const MESSAGE_CONTENT: u64 = 1 << 18 | 1 << 19;
/// A day's work of reconnects; with fewer logins left one should know.
const FEW_LOGINS: u32 = 50;

/// The bot and what Discord says of it.
#[derive(Debug)]
pub(super) struct Watcher<'a> {
    pub(super) asker: Asker<'a>,
    who: Asked,
    /// Whose the token is as a user's.
    user: Option<String>,
}

impl<'a> Watcher<'a> {
    /// Asks whose the token is.
    pub(super) async fn identify(tools: &'a Tools, token: &Token) -> Self {
        let mut asker = Asker::new(tools, token, TokenKind::Bot);
        let who = whose(&mut asker).await;
        let user = if who.is_unauthorized() {
            as_other_kind(tools, token, TokenKind::Bot).await
        } else {
            None
        };
        Self { asker, who, user }
    }

    /// When its token is a user's.
    pub(super) fn swapped(&self) -> Option<Told> {
        let user = self.user.as_ref()?;
        Some((
            Text::with(
                "mj.bot_token is the token of the user {0}",
                "mj.bot_token 其实是用户 {0} 的令牌",
                [Shown::said(user)],
            ),
            Text::new(
                "put it into mj.user_token, and the bot's token (Discord Developer Portal, your application, Bot, Reset Token) into mj.bot_token",
                "请将其填入 mj.user_token，并将机器人令牌（Discord 开发者门户 → 应用 → Bot → Reset Token）填入 mj.bot_token",
            ),
        ))
    }

    /// Whether its token is good, and whose it is.
    pub(super) fn token(&self) -> One {
        match &self.who {
            Asked::Body(body) => One::ok(Text::with(
                "{0}",
                "{0}",
                [Shown::said(&place::name_of(body))],
            )),
            Asked::Refused(Outcome::Unauthorized) => One::failed((
                Text::new(
                    "Discord does not accept mj.bot_token (401)",
                    "Discord 不接受 mj.bot_token（401）",
                ),
                Text::new(
                    "make a new one: Discord Developer Portal, your application, Bot, Reset Token; and write it without \"Bot \" in front",
                    "请重新生成：Discord 开发者门户 → 应用 → Bot → Reset Token；填写时不要带 “Bot ” 前缀",
                ),
            )),
            asked @ (Asked::Refused(_) | Asked::Trouble(_)) => One::unanswered(asked),
        }
    }

    /// The checks that concern the bot alone.
    pub(super) async fn check(&mut self, findings: &Findings) {
        if findings.may(Check::DiscordIdentifies) {
            let one = self.logins().await;
            note(findings, Check::DiscordIdentifies, &[one]);
        }
        if findings.may(Check::DiscordMessageContent) {
            let one = self.message_content().await;
            note(findings, Check::DiscordMessageContent, &[one]);
        }
    }

    /// Looks at guild and channel with the bot.
    pub(super) async fn look(&mut self, hub: &HubConfig) -> place::View {
        let who = Text::new("the bot", "机器人");
        let Some(user) = self.who.body().and_then(place::id_of) else {
            return place::View::default();
        };
        place::View::of(
            &mut self.asker,
            who,
            Some(user),
            hub.guild_id,
            hub.channel_id,
        )
        .await
    }

    async fn logins(&mut self) -> One {
        let asked = self.asker.ask(Request::gateway_bot()).await;
        let Some(answer) = asked.body().and_then(read_gateway_bot) else {
            return One::unanswered(&asked);
        };
        let limit = answer.session_start_limit;
        let hours = limit.reset_after.as_secs().div_ceil(3_600);
        let seen = Text::with(
            "{0} of {1} logins are left, for {2} h",
            "剩余登录次数 {0}/{1}，{2} 小时后重置",
            [
                u64::from(limit.remaining).into(),
                u64::from(limit.total).into(),
                hours.into(),
            ],
        );
        let todo = || {
            Text::new(
                "find out who logs in with this bot's token again and again: another program, or an owner that is restarted all the time; once none is left, Discord resets the token",
                "请查明是谁在反复使用该机器人令牌登录：其他程序，或不断重启的进程；次数用尽后 Discord 会重置令牌",
            )
        };
        match limit.remaining {
            0 => One::failed((seen, todo())),
            left if left < FEW_LOGINS && left < limit.total / 10 => One::warned((seen, todo())),
            _ => One::ok(seen),
        }
    }

    async fn message_content(&mut self) -> One {
        let asked = self.asker.ask(Request::current_application()).await;
        let flags = asked
            .body()
            .and_then(|body| serde_json::from_str::<Value>(body).ok()?["flags"].as_u64());
        match flags {
            Some(flags) if flags & MESSAGE_CONTENT != 0 => {
                One::ok(Text::new("it is switched on", "已开启"))
            }
            Some(_) => One::failed((
                Text::new(
                    "it is switched off: the bot gets Midjourney's messages without their text and pictures",
                    "未开启：机器人收到的 Midjourney 消息没有文字与图片",
                ),
                Text::new(
                    "switch it on: Discord Developer Portal, your application, Bot, Privileged Gateway Intents, MESSAGE CONTENT INTENT, Save Changes",
                    "请开启：Discord 开发者门户 → 应用 → Bot → Privileged Gateway Intents → MESSAGE CONTENT INTENT → Save Changes",
                ),
            )),
            None => One::unanswered(&asked),
        }
    }
}
