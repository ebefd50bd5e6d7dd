//! What the owner last said of its gateways and of the hosts behind them.

use mj_discord::UnixMs;
use mj_midjourney::{config::GatewayMode, store::Grade};
use serde::Deserialize as _;

use super::Hub;
use crate::{
    doctor::{
        check::Check,
        finding::Findings,
        text::{Shown, Text},
    },
    trouble::Trouble,
};

/// A live gateway acknowledges a heartbeat every 41 s.
const SILENT: u64 = 150;
/// What the owner says of each of Discord's hosts, and the checks that try the same from here.
const PLACES: [(&str, [Check; 4]); 4] = [
    (
        "api",
        [
            Check::ApiDns,
            Check::ApiTcp,
            Check::ApiTls,
            Check::ApiAnswer,
        ],
    ),
    (
        "gateway",
        [
            Check::GatewayDns,
            Check::GatewayTcp,
            Check::GatewayTls,
            Check::GatewayUpgrade,
        ],
    ),
    (
        "cdn",
        [
            Check::CdnDns,
            Check::CdnTcp,
            Check::CdnTls,
            Check::CdnAnswer,
        ],
    ),
    (
        "upload",
        [
            Check::UploadDns,
            Check::UploadTcp,
            Check::UploadTls,
            Check::UploadAnswer,
        ],
    ),
];

/// Whether the gateways that are wanted are connected.
pub(super) fn gateways(hub: &Hub<'_>, findings: &Findings) {
    let check = Check::OwnerGateway;
    if !findings.may(check) {
        return;
    }
    let wanted: &[&'static str] = match hub.config.gateway {
        GatewayMode::Bot => &["bot"],
        GatewayMode::User => &["user"],
        GatewayMode::Both => &["user", "bot"],
        GatewayMode::Off => &[],
    };
    let is_short = hub
        .lease
        .as_ref()
        .is_some_and(|lease| lease.grade == Grade::Transient);
    if wanted.is_empty() || is_short || !hub.alive {
        let seen = Text::new(
            "none is open: the channel is read in its place",
            "未打开网关：改为读取频道",
        );
        return findings.ok(check, seen);
    }
    let mut well = Vec::new();
    for kind in wanted {
        match gateway(hub, kind) {
            Ok(seen) => well.push(seen),
            Err(ill) => {
                let Ill {
                    is_dead,
                    seen,
                    todo,
                    echo,
                } = *ill;
                if findings.skip_after(check, &echo) {
                    return;
                }
                if is_dead {
                    findings.fail(check, seen, todo);
                } else {
                    findings.warn(check, seen, todo);
                }
                return;
            }
        }
    }
    if *hub.said("/message_content_missing") == true {
        if findings.skip_after(check, &[Check::DiscordMessageContent]) {
            return;
        }
        return findings.fail(
            check,
            Text::new(
                "the bot's events come without content",
                "机器人收到的事件没有内容",
            ),
            intent(),
        );
    }
    findings.ok(check, Text::joined(&well));
}

/// What is wrong with a gateway.
struct Ill {
    is_dead: bool,
    seen: Text,
    todo: Text,
    /// Checks that see the same from here.
    echo: Vec<Check>,
}

fn gateway(hub: &Hub<'_>, kind: &'static str) -> Result<Text, Box<Ill>> {
    let state = hub
        .said(&format!("/{kind}/state"))
        .as_str()
        .unwrap_or("connecting");
    let time = |sign: &str| {
        hub.said(&format!("/owner/signs/{kind}/{sign}"))
            .as_u64()
            .map(UnixMs)
    };
    match state {
        "live" => {
            let acknowledged = time("acknowledged_at").map(|at| hub.ago(at));
            if let Some(ago) = acknowledged.filter(|ago| *ago > SILENT) {
                return Err(Box::new(Ill {
                    is_dead: false,
                    seen: Text::with(
                        "{0}: no heartbeat was acknowledged for {1}",
                        "{0}：已 {1}没有心跳确认",
                        [kind.into(), Shown::span(ago)],
                    ),
                    todo: Text::new(
                        "look whether its process is stopped or the machine was asleep; it connects again by itself",
                        "请检查其进程是否被暂停、机器是否休眠过；它会自行重连",
                    ),
                    echo: vec![Check::GatewayIdle],
                }));
            }
            let ago = |at: Option<u64>| {
                at.map_or_else(
                    || Text::new("none yet", "尚无"),
                    |ago| Text::with("{0} ago", "{0}前", [Shown::span(ago)]),
                )
            };
            Ok(Text::with(
                "{0}: live, last heartbeat ACK {1}, last event {2}",
                "{0}：在线，最近心跳确认 {1}，最近事件 {2}",
                [
                    kind.into(),
                    ago(acknowledged).into(),
                    ago(time("event_at").map(|at| hub.ago(at))).into(),
                ],
            ))
        }
        "dead" => Err(Box::new(dead(hub, kind))),
        _ => Err(Box::new(Ill {
            is_dead: false,
            seen: Text::with("{0}: not connected", "{0}：未连接", [kind.into()]),
            todo: Text::new(
                "it tries again by itself; if it stays so, see the checks of the gateway",
                "它会自行重试；若一直如此，请看网关各项检查",
            ),
            echo: PLACES[1]
                .1
                .into_iter()
                .chain([Check::GatewayHello, Check::GatewayResume])
                .collect(),
        })),
    }
}

/// A gateway that Discord closed for good.
fn dead(hub: &Hub<'_>, kind: &'static str) -> Ill {
    let code = hub
        .said(&format!("/{kind}/close_code"))
        .as_u64()
        .unwrap_or_default();
    let of_token = if kind == "bot" {
        Check::DiscordBotToken
    } else {
        Check::DiscordUserToken
    };
    let (todo, echo) = match (code, kind) {
        (4014, _) => (intent(), vec![Check::DiscordMessageContent]),
        (4013, _) => (
            Text::new(
                "a bot's token stands in user_token: swap the two",
                "user_token 中填了机器人令牌：请对调两者",
            ),
            vec![Check::DiscordTokensSwapped, of_token],
        ),
        (4004, "bot") => (
            Text::new(
                "the bot's token has ended: Reset Token on the Bot page of the developer portal, and set the new one",
                "机器人令牌已失效：在开发者后台的 Bot 页点 Reset Token 并填入新令牌",
            ),
            vec![Check::DiscordTokensSwapped, of_token],
        ),
        (4004, _) => (
            Text::new(
                "the user's token has ended: log in to Discord again, set the new one, and do not log out",
                "用户令牌已失效：重新登录 Discord 并填入新令牌，之后不要退出登录",
            ),
            vec![Check::DiscordTokensSwapped, of_token],
        ),
        _ => (
            Text::new(
                "look the close code up in Discord's documentation",
                "请在 Discord 文档中查阅该关闭码",
            ),
            vec![of_token],
        ),
    };
    Ill {
        is_dead: true,
        seen: Text::with(
            "{0}: Discord closed it for good with code {1}",
            "{0}：被 Discord 永久关闭，代码 {1}",
            [kind.into(), code.into()],
        ),
        todo,
        echo,
    }
}

fn intent() -> Text {
    Text::new(
        "switch MESSAGE CONTENT INTENT on, on the Bot page of the developer portal (docs/discord.md)",
        "请在开发者后台的 Bot 页打开 MESSAGE CONTENT INTENT（见 docs/discord.zh-CN.md）",
    )
}

/// How the owner found the hosts.
pub(super) fn network(hub: &Hub<'_>, findings: &Findings) {
    let check = Check::OwnerNetwork;
    if !findings.may(check) {
        return;
    }
    let said = |place: &str, key: &str| hub.said(&format!("/network/{place}/{key}"));
    let failing: Vec<_> = PLACES
        .iter()
        .filter(|(place, _)| said(place, "state") == "failing")
        .collect();
    if failing.is_empty() {
        return findings.ok(
            check,
            Text::new("every host that it tried answered", "所尝试的主机均有应答"),
        );
    }
    let same: Vec<Check> = failing.iter().flat_map(|(_, same)| *same).collect();
    if findings.skip_after(check, &same) || findings.skip_after(check, &[Check::Proxy]) {
        return;
    }
    let seen: Vec<Text> = failing
        .iter()
        .map(|(place, _)| {
            let times = said(place, "times").as_u64().unwrap_or_default();
            Text::with(
                "{0}: {1} ({2} times)",
                "{0}：{1}（{2} 次）",
                [Shown::from(*place), why(hub, place), times.into()],
            )
        })
        .collect();
    findings.fail(
        check,
        Text::joined(&seen),
        Text::new(
            "this is what the owner found at its last try; docs/faults.md and docs/proxies tell more",
            "这是所有者最近一次尝试的结果；详见 docs/faults.md 与 docs/proxies",
        ),
    );
}

/// Why a host failed: in both languages where the owner says it in a word, else in the owner's own.
fn why(hub: &Hub<'_>, place: &str) -> Shown {
    if let Ok(trouble) = Trouble::deserialize(hub.said(&format!("/troubles/{place}"))) {
        return Text::from(trouble).into();
    }
    let reason = hub.said(&format!("/network/{place}/reason"));
    Shown::said(reason.as_str().unwrap_or_default())
}
