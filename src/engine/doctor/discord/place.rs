//! Guild and channel as one token sees them.

use mj_discord::{
    Outcome, Request,
    permissions::{Permissions, read_permissions},
    rest::{Page, TokenKind, read_created_id, read_messages},
    snowflake::{ChannelId, GuildId, UserId},
};
use mj_midjourney::config::HubConfig;
use serde_json::Value;

use super::{
    One,
    asker::{Asked, Asker},
};
use crate::doctor::{
    hosts::Told,
    text::{Shown, Text},
};

/// Messages that are looked through for a picture.
const MESSAGES: u8 = 50;
/// What a user needs.
const OF_USERS: &[(Permissions, &str, &str)] = &[
    (Permissions::VIEW_CHANNEL, "View Channel", "查看频道"),
    (Permissions::SEND_MESSAGES, "Send Messages", "发送消息"),
    (
        Permissions::USE_APPLICATION_COMMANDS,
        "Use Application Commands",
        "使用应用命令",
    ),
    (Permissions::ATTACH_FILES, "Attach Files", "添加文件"),
    (
        Permissions::READ_MESSAGE_HISTORY,
        "Read Message History",
        "读取消息历史",
    ),
];
/// What a bot that only listens needs.
const OF_BOTS: &[(Permissions, &str, &str)] = &[
    (Permissions::VIEW_CHANNEL, "View Channel", "查看频道"),
    (
        Permissions::READ_MESSAGE_HISTORY,
        "Read Message History",
        "读取消息历史",
    ),
];

/// A user's name and id, out of what Discord says of it.
pub(super) fn name_of(user: &str) -> String {
    let user: Value = serde_json::from_str(user).unwrap_or_default();
    let text = |key: &str| user[key].as_str().unwrap_or("?").to_owned();
    format!("{} ({})", text("username"), text("id"))
}

/// A user's id.
pub(super) fn id_of(user: &str) -> Option<UserId> {
    read_created_id(user)
}

/// What one token sees; nothing for a token that cannot look.
#[derive(Clone, Debug, Default)]
pub(super) struct View(Option<Seen>);

#[derive(Clone, Debug)]
struct Seen {
    who: Text,
    kind: TokenKind,
    guild_id: GuildId,
    guild: Asked,
    channel: Asked,
    /// The one who looks, as a member; not asked for where the channel is hidden.
    member: Option<Asked>,
}

impl View {
    /// Looks at both.
    pub(super) async fn of(
        asker: &mut Asker<'_>,
        who: Text,
        user: Option<UserId>,
        guild_id: GuildId,
        channel_id: ChannelId,
    ) -> Self {
        let kind = asker.kind;
        let guild = asker.ask(Request::guild(guild_id, kind)).await;
        let channel = asker.ask(Request::channel(channel_id, kind)).await;
        let member = match (user, guild.body().and(channel.body())) {
            (Some(user), Some(_)) => Some(asker.ask(Request::member(guild_id, user, kind)).await),
            (_, None) | (None, _) => None,
        };
        Self(Some(Seen {
            who,
            kind,
            guild_id,
            guild,
            channel,
            member,
        }))
    }

    /// What Discord refused.
    pub(super) fn refusals(&self) -> impl Iterator<Item = &Outcome> {
        let seen = self.0.iter();
        seen.flat_map(|seen| [&seen.guild, &seen.channel])
            .filter_map(|asked| match asked {
                Asked::Refused(outcome) => Some(outcome),
                Asked::Body(_) | Asked::Trouble(_) => None,
            })
    }
}

fn ones(views: &[&View], of: impl Fn(&Seen) -> One) -> Vec<One> {
    let seen = views.iter().filter_map(|view| view.0.as_ref());
    seen.map(of).collect()
}

/// Whether each is in the guild.
pub(super) fn guilds(views: &[&View]) -> Vec<One> {
    ones(views, |seen| match &seen.guild {
        Asked::Body(body) => {
            let guild: Value = serde_json::from_str(body).unwrap_or_default();
            One::ok(Text::with(
                "{0}: {1}",
                "{0}：{1}",
                [
                    seen.who.clone().into(),
                    Shown::said(guild["name"].as_str().unwrap_or("?")),
                ],
            ))
        }
        Asked::Refused(Outcome::Forbidden { .. } | Outcome::NotFound { .. }) => {
            One::failed(not_in_guild(seen))
        }
        asked @ (Asked::Refused(_) | Asked::Trouble(_)) => One::unanswered(asked),
    })
}

fn not_in_guild(seen: &Seen) -> Told {
    let words = Text::with(
        "{0} is not in the server {1}, or there is no such server",
        "{0} 不在服务器 {1} 中，或该服务器不存在",
        [
            seen.who.clone().into(),
            Shown::said(&seen.guild_id.to_string()),
        ],
    );
    let todo = match seen.kind {
        TokenKind::Bot => Text::new(
            "check mj.guild_id; invite the bot: Discord Developer Portal, your application, OAuth2, URL Generator, scope bot, open the address and choose the server",
            "请检查 mj.guild_id；邀请机器人：Discord 开发者门户 → 应用 → OAuth2 → URL Generator，勾选 bot，打开生成的地址并选择服务器",
        ),
        TokenKind::User => Text::new(
            "check mj.guild_id (Discord, right click on the server, Copy Server ID); let that user join the server",
            "请检查 mj.guild_id（在 Discord 中右键服务器 → 复制服务器 ID），并让该用户加入服务器",
        ),
    };
    (words, todo)
}

/// Whether each sees the channel.
pub(super) fn channels(views: &[&View]) -> Vec<One> {
    ones(views, |seen| match &seen.channel {
        Asked::Body(body) => {
            let channel: Value = serde_json::from_str(body).unwrap_or_default();
            let guild = channel["guild_id"].as_str().unwrap_or("-");
            // A direct channel is in none.
            if guild != "-" && guild != seen.guild_id.to_string() {
                return One::failed(in_other_guild(seen, guild));
            }
            One::ok(Text::with(
                "{0} sees #{1}",
                "{0} 可以看到 #{1}",
                [
                    seen.who.clone().into(),
                    Shown::said(channel["name"].as_str().unwrap_or("-")),
                ],
            ))
        }
        Asked::Refused(
            Outcome::Forbidden { .. } | Outcome::NotFound { .. } | Outcome::UnknownChannel,
        ) => One::failed((
            Text::with(
                "{0} does not see the channel of mj.channel_id",
                "{0} 看不到 mj.channel_id 的频道",
                [seen.who.clone().into()],
            ),
            Text::new(
                "check mj.channel_id (Discord, right click on the channel, Copy Channel ID); in a private channel add the bot and the user: Edit Channel, Permissions, Add members or roles",
                "请检查 mj.channel_id（在 Discord 中右键频道 → 复制频道 ID）；私密频道请添加机器人与用户：编辑频道 → 权限 → 添加成员或身份组",
            ),
        )),
        asked @ (Asked::Refused(_) | Asked::Trouble(_)) => One::unanswered(asked),
    })
}

fn in_other_guild(seen: &Seen, guild: &str) -> Told {
    (
        Text::with(
            "the channel of mj.channel_id is in the server {0}, not in {1}",
            "mj.channel_id 的频道属于服务器 {0}，而不是 {1}",
            [Shown::said(guild), Shown::said(&seen.guild_id.to_string())],
        ),
        Text::new(
            "set mj.guild_id to that server, or mj.channel_id to a channel of yours",
            "请将 mj.guild_id 改为该服务器，或将 mj.channel_id 改为本服务器的频道",
        ),
    )
}

/// Whether each may do there what it must.
pub(super) fn permissions(views: &[&View]) -> Vec<One> {
    ones(views, |seen| {
        let member = seen.member.as_ref();
        let bodies = (
            seen.guild.body(),
            member.and_then(Asked::body),
            seen.channel.body(),
        );
        let (Some(guild), Some(member_body), Some(channel)) = bodies else {
            return One::unanswered(member.unwrap_or(&seen.channel));
        };
        let Some(permissions) = read_permissions(guild, member_body, channel) else {
            return One::unanswered(&seen.guild);
        };
        let needed = match seen.kind {
            TokenKind::Bot => OF_BOTS,
            TokenKind::User => OF_USERS,
        };
        let missing: Vec<_> = needed
            .iter()
            .filter(|(permission, ..)| !permissions.has(*permission))
            .map(|(_, en, zh)| Shown::from(Text::new(en, zh)))
            .collect();
        if missing.is_empty() {
            let who = seen.who.clone().into();
            return One::ok(Text::with("{0} has all", "{0} 权限齐全", [who]));
        }
        One::failed((
            Text::with(
                "{0} lacks in the channel: {1}",
                "{0} 在频道中缺少权限：{1}",
                [seen.who.clone().into(), Shown::list(missing)],
            ),
            Text::new(
                "give it: Discord, Edit Channel, Permissions, choose the bot or the role, switch it on",
                "请授予：Discord → 编辑频道 → 权限，选择机器人或身份组并开启",
            ),
        ))
    })
}

/// The signed address of a picture that the channel shows.
pub(super) async fn picture(asker: &mut Asker<'_>, hub: &HubConfig) -> Option<String> {
    let request = Request::messages(hub.channel_id, Page::Newest, MESSAGES, asker.kind);
    let answer = asker.ask(request).await;
    let messages = read_messages(answer.body()?)?;
    messages
        .iter()
        .flat_map(|message| message.attachments.value().into_iter().flatten())
        .find(|attachment| {
            let kind = attachment.content_type.as_deref().unwrap_or_default();
            kind.starts_with("image/") && attachment.url.contains("hm=")
        })
        .map(|attachment| attachment.url.clone().into_owned())
}
