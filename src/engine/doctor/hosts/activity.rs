//! The host of Vary (Region)'s editor, a page of Midjourney's own behind Discord's proxy for such pages.
//!
//! The look is a GET without a token at the very path that a marked region is sent to by POST: it reads only, submits
//! nothing and costs nothing. What the real host says to it is written nowhere. That the host is open to everybody and
//! stands behind Cloudflare is in Discord's own documentation of activities, the path is what public clients POST to
//! (`mj_discord::rest::REGION_PATH`), and Midjourney's errors there were seen as JSON. So only sure signs of somebody
//! else are a failure, a page that could be anybody's is said to be unclear, and everything else is an answer.
//!
//! Nothing but Vary (Region) needs this host. Every trouble says so, and where no reverse proxy is set for it, which
//! many never need, it is a warning at most.

use mj_discord::{hosts::ACTIVITY, rest::REGION_PATH};
use mj_midjourney::config::HostSettings;

use super::{Host, Page, Tools, address, answer, note_silence};
use crate::{
    doctor::{
        check::Check,
        finding::{Finding, Findings, Status},
        text::{Shown, Text},
    },
    network::Place,
    trouble::Trouble,
};

/// What only Cloudflare writes into an answer, and nginx passes on.
const CLOUDFLARES: &str = "cf-ray";

/// Whose an answer is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Voice {
    /// No sign of anybody but the editor's host.
    Editor,
    /// Surely that of something in between, or of the host in trouble.
    Other,
    /// It could be anybody's.
    Unclear,
}

/// Makes all checks of the host.
pub(super) async fn check(tools: &Tools, settings: &HostSettings, findings: &Findings) {
    let checks = [
        Check::ActivityDns,
        Check::ActivityTcp,
        Check::ActivityTls,
        Check::ActivityAnswer,
    ];
    // All of them, so that each is noted as skipped where the proxy failed.
    if checks.map(|check| findings.may(check)).contains(&false) {
        return;
    }
    let Some(host) = host(tools, settings) else {
        return;
    };
    let steps = Findings::default();
    drop(tools.way.go(&host, &steps).await);
    if steps.may(Check::ActivityAnswer) {
        note(&host, tools.look(host.url.clone()).await, &steps);
    }
    for finding in steps.all() {
        findings.note(graded(finding, host.is_own()));
    }
}

fn host(tools: &Tools, settings: &HostSettings) -> Option<Host> {
    let (_, is_own) = address(settings.activity_url.as_deref(), ACTIVITY)?;
    Some(Host {
        place: Place::Elsewhere,
        setting: "mj.activity_url",
        is_own,
        discords: "936929561302675456.discordsays.com",
        url: tools.hosts.activity_url(REGION_PATH),
        dns: Check::ActivityDns,
        tcp: Check::ActivityTcp,
        tls: Check::ActivityTls,
    })
}

/// A finding with how little it concerns.
fn graded(finding: Finding, is_own: bool) -> Finding {
    let status = match finding.status {
        Status::Failed if is_own => Status::Failed,
        Status::Failed | Status::Warning => Status::Warning,
        Status::Ok | Status::Skipped | Status::Unknown => return finding,
    };
    Finding {
        status,
        seen: Text::with(
            "{0} (only Vary (Region) needs this host)",
            "{0}（仅 Vary (Region) 局部重绘需要此主机）",
            [finding.seen.into()],
        ),
        ..finding
    }
}

fn note(host: &Host, page: Result<Page, Trouble>, findings: &Findings) {
    let check = Check::ActivityAnswer;
    let page = match page {
        Ok(page) => page,
        Err(trouble) => return note_silence(host, check, trouble, findings),
    };
    match voice(host, &page) {
        Voice::Editor => {
            let seen = Text::with(
                "{0} answers (status {1}); no region was sent",
                "{0} 有应答（状态 {1}）；未提交任何重绘",
                [host.discords.into(), page.status.into()],
            );
            findings.ok(check, seen);
        }
        Voice::Other => {
            let (seen, todo) = answer::obstacle(host, &page);
            findings.fail(check, seen, todo);
        }
        Voice::Unclear => {
            let title = page
                .title()
                .map_or(Shown::from("-"), |title| Shown::said(&title));
            let seen = Text::with(
                "status {0}, its title: {1}: whether it is the editor's cannot be told from here",
                "状态 {0}，标题：{1}：无法判断是否来自局部重绘编辑器",
                [page.status.into(), title],
            );
            findings.unknown(check, seen, Some(try_it(host)));
        }
    }
}

fn try_it(host: &Host) -> Text {
    if host.is_own() {
        Text::with(
            "try Vary (Region) once; if it fails, compare the reverse proxy of {0} with docs/proxies/activity.conf",
            "请试一次 Vary (Region)；若失败，请将 {0} 的反向代理与 docs/proxies/activity.conf 对照",
            [host.setting.into()],
        )
    } else {
        Text::with(
            "try Vary (Region) once; if it fails, set {0} to a reverse proxy (docs/proxies/activity.conf), or mj.proxy",
            "请试一次 Vary (Region)；若失败，请将 {0} 设为反向代理（见 docs/proxies/activity.conf），或设置 mj.proxy",
            [host.setting.into()],
        )
    }
}

fn voice(host: &Host, page: &Page) -> Voice {
    // A page of nginx's that came from behind Cloudflare may be Midjourney's own nginx.
    let is_between = page.header(CLOUDFLARES).is_empty()
        && (page.is_web_servers_error() || page.wants_password());
    let is_other = match page.status {
        300..=399 => is_same_path(host, page),
        426 | 429 | 501..=599 => true,
        _ => {
            is_between
                || page.is_unknown_host()
                || page.is_welcome()
                || page.is_discords_error()
                || matches!(page.speaker(), Some(Place::Cdn | Place::Upload))
        }
    };
    if is_other {
        Voice::Other
    } else if matches!(page.status, 300..=399 | 500) || page.is_html() || page.is_cloudflares_code()
    {
        Voice::Unclear
    } else {
        Voice::Editor
    }
}

/// Whether a redirect changes scheme or host only, as servers do and applications do not.
fn is_same_path(host: &Host, page: &Page) -> bool {
    let target = host.url.join(page.header("location"));
    target.is_ok_and(|target| target.path() == host.url.path())
}

#[cfg(test)]
mod tests {
    use mj_midjourney::refusal::Lang;
    use reqwest::header::{HeaderMap, HeaderName};
    use url::Url;

    use super::*;

    fn host_at(address: &str) -> Host {
        Host {
            place: Place::Elsewhere,
            setting: "mj.activity_url",
            is_own: true,
            discords: "936929561302675456.discordsays.com",
            url: Url::parse(address).unwrap(),
            dns: Check::ActivityDns,
            tcp: Check::ActivityTcp,
            tls: Check::ActivityTls,
        }
    }

    fn page(status: u16, headers: &[(&'static str, &str)], body: &str) -> Page {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        Page::new(status, headers, body.as_bytes())
    }

    fn heard(status: u16, headers: &[(&'static str, &str)], body: &str) -> Voice {
        let host = host_at("https://activity.example/inpaint/api/submit-job");
        voice(&host, &page(status, headers, body))
    }

    const NGINX: (&str, &str) = ("server", "nginx/1.22.1");
    const HTML: (&str, &str) = ("content-type", "text/html");
    const RAY: (&str, &str) = ("cf-ray", "8f0a1b2c3d4e5f60-FRA");

    #[test]
    fn an_application_that_knows_no_get_is_the_editor() {
        for (status, body) in [
            (405, "Method Not Allowed"),
            (405, r#"{"detail":"Method Not Allowed"}"#),
            (404, r#"{"message":"no such thing","code":404}"#),
            (401, r#"{"detail":"no token"}"#),
            (400, ""),
            (200, r#"{"url":"/inpaint/index.html"}"#),
        ] {
            // nginx writes its own name over that of whom it passes on.
            assert_eq!(heard(status, &[NGINX], body), Voice::Editor, "{body}");
        }
    }

    #[test]
    fn pages_of_panels_and_servers_are_others() {
        for (status, body) in [
            (200, "<title>Welcome to nginx!</title>"),
            (200, "<title>Apache2 Debian Default Page: It works</title>"),
            (200, "<html><body><h1>It works!</h1></body></html>"),
            (200, "<title>恭喜，站点创建成功！</title>"),
            (404, "<title>没有找到站点</title>"),
            (
                200,
                "<h1>Congratulations, the site is created successfully!</h1>",
            ),
            (403, "<hr><center>nginx</center>"),
            (404, "<hr><center>openresty/1.21.4.1</center>"),
            (404, "<address>Apache/2.4.57 (Debian) Server</address>"),
            (
                400,
                "<center>The plain HTTP request was sent to HTTPS port</center><center>nginx</center>",
            ),
            (403, "error code: 1003"),
            (421, ""),
            (426, ""),
            (429, ""),
            (502, ""),
            (404, r#"{"message":"404: Not Found","code":0}"#),
            (403, "<Error><Code>AccessDenied</Code></Error>"),
        ] {
            assert_eq!(heard(status, &[HTML], body), Voice::Other, "{body}");
        }
        let basic = [("www-authenticate", "Basic realm=\"x\"")];
        assert_eq!(heard(401, &basic, ""), Voice::Other);
    }

    #[test]
    fn what_may_be_midjourneys_own_is_unclear() {
        for (status, headers, body) in [
            (200, [HTML, NGINX], "<title>Inpaint</title>"),
            (404, [HTML, RAY], "<hr><center>nginx</center>"),
            (403, [HTML, RAY], "<title>Just a moment...</title>"),
            (403, [NGINX, RAY], "error code: 1010"),
            (500, [NGINX, RAY], "Internal Server Error"),
            (302, [("location", "/inpaint/index.html"), RAY], ""),
        ] {
            assert_eq!(heard(status, &headers, body), Voice::Unclear, "{body}");
        }
    }

    #[test]
    fn a_redirect_to_the_same_path_is_a_servers() {
        for target in [
            "https://activity.example/inpaint/api/submit-job",
            "https://936929561302675456.discordsays.com/inpaint/api/submit-job",
        ] {
            assert_eq!(heard(301, &[("location", target)], ""), Voice::Other);
        }
    }

    #[test]
    fn a_json_error_of_the_hosts_is_not_discords_api() {
        let host = host_at("https://activity.example/x");
        let told = |body| {
            let (seen, _) = answer::obstacle(&host, &page(503, &[], body));
            seen.words(Lang::En).to_owned()
        };
        let own = told(r#"{"message":"Service Unavailable"}"#);
        assert!(own.contains("is in trouble"), "{own}");
        let discords = told(r#"{"message":"503: Service Unavailable","code":0}"#);
        assert!(discords.contains("leads to discord.com"), "{discords}");
    }

    #[test]
    fn only_a_reverse_proxy_that_is_set_fails() {
        let of = |status, is_own| {
            let text = || Text::new("it is so", "如此");
            let finding = Finding {
                check: Check::ActivityTcp,
                status,
                seen: text(),
                todo: Some(text()),
                because: None,
            };
            let graded = graded(finding, is_own);
            let says = graded.seen.words(Lang::En).contains("only Vary (Region)");
            (graded.status, says)
        };
        assert_eq!(of(Status::Failed, true), (Status::Failed, true));
        assert_eq!(of(Status::Failed, false), (Status::Warning, true));
        assert_eq!(of(Status::Warning, true), (Status::Warning, true));
        assert_eq!(of(Status::Ok, true), (Status::Ok, false));
        assert_eq!(of(Status::Skipped, false), (Status::Skipped, false));
    }
}
