//! The image domain: whether Discord's CDN answers there, and whether signed addresses come through as they are.

use mj_midjourney::config::HostSettings;
use url::Url;

use super::{Host, Page, Tools, address, answer::NO_CONTENT, below, cdn_base, note_answer};
use crate::{
    doctor::{
        check::Check,
        finding::Findings,
        text::{Shown, Text},
    },
    network::Place,
};

/// A picture that is not there, with a signature that is none.
const NOTHING: &str = "/attachments/1/1/mj-doctor.png";
const NO_SIGNATURE: &str = "ex=1&is=1&hm=0&";

/// Makes the checks that need no token.
pub(super) async fn check(tools: &Tools, settings: &HostSettings, findings: &Findings) {
    let Some((base, is_own)) = address(settings.cdn_url.as_deref(), cdn_base()) else {
        return;
    };
    let host = Host {
        place: Place::Cdn,
        setting: "mj.cdn_url",
        is_own,
        discords: "cdn.discordapp.com",
        url: below(&base, NOTHING, Some(NO_SIGNATURE)),
        dns: Check::CdnDns,
        tcp: Check::CdnTcp,
        tls: Check::CdnTls,
    };
    drop(tools.way.go(&host, findings).await);
    if findings.may(Check::CdnAnswer) {
        let page = tools.look(host.url.clone()).await;
        note_answer(&host, Check::CdnAnswer, page, findings, |page| {
            page.speaker() == Some(Place::Cdn)
        });
    }
}

/// Fetches a picture that Discord has just signed, then the same with another signature, which must not be given.
pub(super) async fn check_query(tools: &Tools, picture: Option<String>, findings: &Findings) {
    if !findings.may(Check::CdnQuery) {
        return;
    }
    let Some(signed) = picture.and_then(|picture| {
        let url = Url::parse(&tools.hosts.image_url(&picture)).ok()?;
        url.query().is_some().then_some(url)
    }) else {
        let seen = Text::new(
            "the channel shows no picture yet to try it with",
            "频道中还没有可用于检查的图片",
        );
        findings.skip(Check::CdnQuery, seen);
        return;
    };
    let mut forged = signed.clone();
    forged.set_query(Some(NO_SIGNATURE));
    let (good, bad) = (tools.look(signed).await, tools.look(forged).await);
    let (Ok(good), Ok(bad)) = (good, bad) else {
        let seen = Text::new("no whole answer came", "没有收到完整应答");
        findings.unknown(Check::CdnQuery, seen, None);
        return;
    };
    judge(&good, &bad, findings);
}

fn judge(good: &Page, bad: &Page, findings: &Findings) {
    let is_picture =
        |page: &Page| page.status == 200 && page.header("content-type").starts_with("image/");
    match (is_picture(good), is_picture(bad)) {
        (true, false) => findings.ok(
            Check::CdnQuery,
            Text::new(
                "a signed picture comes, one with a wrong signature does not",
                "签名正确的图片可以获取，签名错误的不行",
            ),
        ),
        (true, true) => findings.warn(
            Check::CdnQuery,
            Text::new(
                "a picture comes with a wrong signature too: a cache in between does not look at the query",
                "签名错误时也返回图片：中间的缓存没有区分查询参数",
            ),
            Text::new(
                "in the nginx configuration write \"proxy_cache_key $request_uri;\"; at a CDN switch \"ignore query string\" off",
                "请在 nginx 配置中写 “proxy_cache_key $request_uri;”；若使用 CDN，请关闭“忽略参数”",
            ),
        ),
        (false, _) if good.body.trim() == NO_CONTENT => findings.fail(
            Check::CdnQuery,
            Text::new(
                "Discord's CDN refuses an address that it signed itself: on the way its query (ex, is, hm) or its path is changed, or an old answer comes from a cache",
                "Discord CDN 拒绝了它自己签名的地址：途中查询参数（ex、is、hm）或路径被改动，或缓存返回了旧应答",
            ),
            Text::new(
                "in the nginx configuration write \"proxy_pass https://cdn.discordapp.com;\" (or https://$discord;) without a path, no \"rewrite\", \"proxy_cache_key $request_uri;\" and \"proxy_cache_valid 200 1d;\"; at a CDN keep the whole query",
                "请在 nginx 配置中写不带路径的 “proxy_pass https://cdn.discordapp.com;”（或 https://$discord;），不要使用 rewrite，并写 “proxy_cache_key $request_uri;” 与 “proxy_cache_valid 200 1d;”；若使用 CDN，请保留全部参数",
            ),
        ),
        (false, _) => findings.fail(
            Check::CdnQuery,
            Text::with(
                "a picture that Discord has just signed is answered with status {0} ({1})",
                "Discord 刚签名的图片返回状态 {0}（{1}）",
                [good.status.into(), Shown::said(good.header("content-type"))],
            ),
            Text::new(
                "see in nginx that no other location (gif|jpg|png, js|css) catches pictures before the one that passes them on",
                "请检查 nginx 中是否有其他 location（gif|jpg|png、js|css）先匹配了图片",
            ),
        ),
    }
}
