//! The checks of tokens, guild and channel: Discord is asked by GET what it says of them. Nothing is written, nobody
//! logs in at the gateway, and a token that Discord refused is not sent again.

mod account;
mod asker;
mod bot;
mod place;

use futures_util::future::join_all;
use mj_discord::{Request, rest::TokenKind};
use mj_midjourney::config::HubConfig;

use self::{
    account::Account,
    asker::{Asked, Asker},
    bot::Watcher,
};
use super::{
    check::Check,
    finding::{Findings, Status},
    hosts::{Told, Tools},
    network::Context,
    text::Text,
};

/// What one of several that are looked at came to.
#[derive(Clone, Debug)]
struct One {
    status: Status,
    seen: Text,
    todo: Option<Text>,
}

impl One {
    fn ok(seen: Text) -> Self {
        Self {
            status: Status::Ok,
            seen,
            todo: None,
        }
    }

    fn failed((seen, todo): Told) -> Self {
        Self {
            status: Status::Failed,
            seen,
            todo: Some(todo),
        }
    }

    fn warned((seen, todo): Told) -> Self {
        Self {
            status: Status::Warning,
            ..Self::failed((seen, todo))
        }
    }

    fn unknown(seen: Text) -> Self {
        Self {
            status: Status::Unknown,
            ..Self::ok(seen)
        }
    }

    /// Discord did not say what was asked for, for a reason that is no part of the question.
    fn unanswered(asked: &Asked) -> Self {
        Self::unknown(match asked {
            Asked::Trouble(trouble) => Text::from(*trouble),
            Asked::Body(_) | Asked::Refused(_) => Text::new(
                "Discord answers in a way that is not understood",
                "无法理解 Discord 的应答",
            ),
        })
    }
}

/// Notes several as one check: the worst of them says what to do.
fn note(findings: &Findings, check: Check, ones: &[One]) {
    let worst = [Status::Failed, Status::Warning, Status::Unknown, Status::Ok]
        .into_iter()
        .find(|status| ones.iter().any(|one| one.status == *status));
    let Some(worst) = worst else {
        return;
    };
    let of_worst = || ones.iter().filter(|one| one.status == worst);
    let seen = Text::joined(&of_worst().map(|one| one.seen.clone()).collect::<Vec<_>>());
    let todo = of_worst().find_map(|one| one.todo.clone());
    match (worst, todo) {
        (Status::Failed, Some(todo)) => findings.fail(check, seen, todo),
        (Status::Warning, Some(todo)) => findings.warn(check, seen, todo),
        (Status::Ok, _) => findings.ok(check, seen),
        (_, todo) => findings.unknown(check, seen, todo),
    }
}

/// Makes the checks, and gives the signed address of a picture that the channel shows.
pub(super) async fn check(tools: &Tools, context: &Context, findings: &Findings) -> Option<String> {
    if !findings.may(Check::DiscordTokensSwapped) {
        skip_rest(findings);
        return None;
    }
    let Some(hub) = &context.hub else {
        let seen = Text::new("no token is set", "未设置令牌");
        for check in Check::ALL.iter().filter(|check| is_ours(**check)) {
            findings.skip(*check, seen.clone());
        }
        return None;
    };
    let enabled = hub.accounts.iter().filter(|account| account.enabled);
    let accounts = join_all(enabled.map(|account| Account::identify(tools, account)));
    let bot = async {
        match &hub.bot_token {
            Some(token) => Some(Watcher::identify(tools, token).await),
            None => None,
        }
    };
    let (mut accounts, mut bot) = tokio::join!(accounts, bot);
    note_swapped(findings, &accounts, bot.as_ref());
    note_tokens(findings, &accounts, bot.as_ref());
    if let Some(bot) = &mut bot {
        bot.check(findings).await;
    } else {
        let seen = || Text::new("no bot is set", "未设置机器人");
        for check in [Check::DiscordIdentifies, Check::DiscordMessageContent] {
            if findings.may(check) {
                findings.skip(check, seen());
            }
        }
    }
    let picture = look_around(findings, hub, &mut accounts, bot.as_mut()).await;
    skip_rest(findings);
    picture
}

/// What is left over is skipped because of what it needs.
fn skip_rest(findings: &Findings) {
    for check in Check::ALL.iter().filter(|check| is_ours(**check)) {
        findings.may(*check);
    }
}

fn is_ours(check: Check) -> bool {
    (Check::DiscordTokensSwapped..=Check::DiscordMidjourney).contains(&check)
        && check != Check::CdnQuery
}

fn note_swapped(findings: &Findings, accounts: &[Account<'_>], bot: Option<&Watcher<'_>>) {
    let ones: Vec<One> = accounts
        .iter()
        .filter_map(Account::swapped)
        .chain(bot.and_then(Watcher::swapped))
        .map(One::failed)
        .collect();
    if ones.is_empty() {
        let seen = Text::new("none is of the other kind", "没有填反");
        findings.ok(Check::DiscordTokensSwapped, seen);
    } else {
        note(findings, Check::DiscordTokensSwapped, &ones);
    }
}

fn note_tokens(findings: &Findings, accounts: &[Account<'_>], bot: Option<&Watcher<'_>>) {
    if findings.may(Check::DiscordUserToken) {
        if accounts.is_empty() {
            let seen = Text::new("none is set", "未设置");
            findings.skip(Check::DiscordUserToken, seen);
        }
        let ones: Vec<One> = accounts.iter().map(Account::token).collect();
        note(findings, Check::DiscordUserToken, &ones);
    }
    if findings.may(Check::DiscordBotToken) {
        if let Some(bot) = bot {
            note(findings, Check::DiscordBotToken, &[bot.token()]);
        } else {
            let seen = Text::new("none is set", "未设置");
            findings.skip(Check::DiscordBotToken, seen);
        }
    }
}

/// Guild, channel, permissions, Midjourney.
async fn look_around<'t>(
    findings: &Findings,
    hub: &HubConfig,
    accounts: &mut [Account<'t>],
    mut bot: Option<&mut Watcher<'t>>,
) -> Option<String> {
    if !findings.may(Check::DiscordAccount) {
        return None;
    }
    let watched = async {
        match &mut bot {
            Some(bot) => bot.look(hub).await,
            None => place::View::default(),
        }
    };
    let seen = join_all(accounts.iter_mut().map(|account| account.look(hub)));
    let (watched, seen) = tokio::join!(watched, seen);
    if accounts.is_empty() {
        let none = Text::new("no user's token is set", "未设置用户令牌");
        findings.skip(Check::DiscordAccount, none);
    } else {
        let ones: Vec<One> = accounts.iter().map(Account::standing).collect();
        note(findings, Check::DiscordAccount, &ones);
    }
    let views: Vec<&place::View> = seen.iter().chain([&watched]).collect();
    for (check, ones) in [
        (Check::DiscordGuild, place::guilds(&views)),
        (Check::DiscordChannel, place::channels(&views)),
        (Check::DiscordPermissions, place::permissions(&views)),
    ] {
        if findings.may(check) {
            note(findings, check, &ones);
        }
    }
    if !findings.may(Check::DiscordMidjourney) {
        return None;
    }
    let asker = match (accounts.first_mut(), bot) {
        (Some(account), _) => {
            let one = account.midjourney(hub).await;
            note(findings, Check::DiscordMidjourney, &[one]);
            &mut account.asker
        }
        (None, Some(bot)) => {
            let seen = Text::new(
                "only a user's token can ask for Midjourney's commands",
                "只有用户令牌可以查询 Midjourney 的命令",
            );
            findings.skip(Check::DiscordMidjourney, seen);
            &mut bot.asker
        }
        (None, None) => return None,
    };
    place::picture(asker, hub).await
}

/// Whose a token is, when it is good: name and id.
async fn whose(asker: &mut Asker<'_>) -> Asked {
    asker.ask(Request::current_user(asker.kind)).await
}

/// Whether a token that is refused as one kind is good as the other, and whose it is then.
async fn as_other_kind(
    tools: &Tools,
    token: &mj_discord::Token,
    kind: TokenKind,
) -> Option<String> {
    let other = match kind {
        TokenKind::Bot => TokenKind::User,
        TokenKind::User => TokenKind::Bot,
    };
    let mut asker = Asker::new(tools, token, other);
    whose(&mut asker).await.body().map(place::name_of)
}
