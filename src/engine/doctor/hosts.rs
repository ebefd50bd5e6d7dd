//! The checks of hosts: name, connection, certificate and answer of each, the gateway's WebSocket; then, with tokens,
//! those of Discord itself.
//!
//! All hosts are looked at side by side, through the proxies in use. Nobody logs in, nothing is written anywhere.

mod activity;
mod answer;
mod cdn;
mod certificate;
mod distrust;
mod gateway;
mod proxy;
mod upload;
mod way;

use std::time::Duration;

use mj_discord::{Hosts, hosts as discords};
use mj_midjourney::config::HostSettings;
use mj_process::clock;
use reqwest::header::{HeaderMap, HeaderValue, USER_AGENT};
use tokio::time::Instant;
use url::Url;

pub(super) use self::answer::Told;
use self::{answer::Page, way::Way};
use super::{
    check::Check,
    discord,
    finding::Findings,
    network::Context,
    text::{Shown, Text},
};
use crate::{
    http::Http, network::Place, outgoing, resolver::Resolver, tls, trouble::Trouble, tunnel::Proxy,
};

/// What is read of an answer at most, in bytes.
const LARGEST_PAGE: usize = 256 << 10;
/// Beyond this Discord's signatures, ids and time-outs are misread.
const MOST_SKEW: f64 = 60.0;
/// Beyond this something is wrong with the clock.
const SOME_SKEW: f64 = 10.0;
/// The same as the engine's own requests without a hub say.
const USER_AGENT_WORDS: &str = concat!("DiscordBot (php-mj, ", env!("CARGO_PKG_VERSION"), ")");

/// A host that is looked at.
#[derive(Clone, Debug)]
pub(super) struct Host {
    place: Place,
    /// Its setting.
    setting: &'static str,
    /// Whether that is set to something else than Discord's own host.
    is_own: bool,
    /// Discord's name for it.
    discords: &'static str,
    url: Url,
    dns: Check,
    tcp: Check,
    tls: Check,
}

impl Host {
    /// Its name or address.
    fn name(&self) -> &str {
        way::name_of(&self.url)
    }

    fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or_default()
    }

    fn is_secure(&self) -> bool {
        matches!(self.url.scheme(), "https" | "wss")
    }

    /// Whether a reverse proxy of the operator's stands there.
    fn is_own(&self) -> bool {
        self.is_own
    }

    fn carries_tokens(&self) -> bool {
        matches!(self.place, Place::Api | Place::Gateway)
    }
}

/// Everything that the checks ask with.
#[derive(Debug)]
pub(super) struct Tools {
    way: Way,
    /// The addresses in use.
    pub(super) hosts: Hosts,
    /// REST, as the engine does it.
    pub(super) http: Http,
    pub(super) user_agent: String,
}

impl Tools {
    fn new(context: &Context) -> Result<Self, String> {
        let settings = &context.hosts;
        let resolver = Resolver::default();
        let proxy = settings.proxy.as_deref();
        let http = Http::new(&context.tls, proxy, &resolver, std::sync::Arc::default());
        let verifier = tls::verifier(settings.ca_file.as_deref());
        let hub = context.hub.as_ref();
        Ok(Self {
            way: Way {
                proxy: proxy.and_then(Proxy::parse),
                resolver,
                verifier: verifier.map_err(|error| error.to_string())?,
                // What is left over is for noting what did not come in time.
                until: Instant::now() + context.limit.mul_f64(0.9),
            },
            hosts: outgoing::hosts(settings).map_err(|error| error.to_string())?,
            http: http.map_err(|error| error.to_string())?,
            user_agent: hub.map_or(USER_AGENT_WORDS.to_owned(), |hub| hub.user_agent.clone()),
        })
    }

    /// Asks by GET, without a token.
    async fn look(&self, url: Url) -> Result<Page, Trouble> {
        let mut headers = HeaderMap::new();
        if let Ok(agent) = HeaderValue::try_from(&self.user_agent) {
            headers.insert(USER_AGENT, agent);
        }
        let looked = self
            .way
            .in_time(self.http.look(url, headers, LARGEST_PAGE))
            .await;
        let (status, headers, body) = looked.unwrap_or(Err(Trouble::TimedOut))?;
        Ok(Page::new(status, headers, &body))
    }

    /// When nothing is waited for any more.
    pub(super) fn until(&self) -> Instant {
        self.way.until
    }
}

/// Makes the checks over the network, in the order of the report.
pub(super) async fn check(context: &Context, findings: &Findings) {
    let tools = match Tools::new(context) {
        Ok(tools) => tools,
        Err(error) => {
            let seen = Text::with(
                "the settings cannot be used: {0}",
                "配置无法使用：{0}",
                [Shown::said(&error)],
            );
            findings.fail(
                Check::Proxy,
                seen,
                Text::new("see to the settings first", "请先更正配置"),
            );
            for check in Check::ALL.iter().filter(|check| check.is_of_network()) {
                findings.may(*check);
            }
            return;
        }
    };
    let settings = &context.hosts;
    let api = api_host(settings, &tools.hosts);
    proxy::examine(&tools.way, &api, findings).await;
    let with_tokens = async {
        check_api(&tools, &api, findings).await;
        discord::check(&tools, context, findings).await
    };
    let (picture, (), (), (), ()) = tokio::join!(
        with_tokens,
        gateway::check(&tools, context, findings),
        cdn::check(&tools, settings, findings),
        upload::check(&tools, settings, findings),
        activity::check(&tools, settings, findings),
    );
    cdn::check_query(&tools, picture, findings).await;
}

fn api_host(settings: &HostSettings, hosts: &Hosts) -> Host {
    Host {
        place: Place::Api,
        setting: "mj.api_url",
        is_own: settings.api_url.is_some() && !hosts.is_api_discords(),
        discords: "discord.com",
        url: hosts.api_url("/gateway"),
        dns: Check::ApiDns,
        tcp: Check::ApiTcp,
        tls: Check::ApiTls,
    }
}

/// Discord's API, and its clock.
async fn check_api(tools: &Tools, host: &Host, findings: &Findings) {
    drop(tools.way.go(host, findings).await);
    if findings.may(Check::ApiAnswer) {
        let asked = clock::unix_ms();
        let page = tools.look(host.url.clone()).await;
        let ours = u64::midpoint(asked, clock::unix_ms());
        let discords = page.as_ref().ok().and_then(Page::told_at);
        note_answer(host, Check::ApiAnswer, page, findings, Page::names_gateway);
        if findings.may(Check::Clock) {
            check_clock(discords, ours, findings);
        }
    }
    findings.may(Check::Clock);
}

/// Notes whether the right one answers.
fn note_answer(
    host: &Host,
    check: Check,
    page: Result<Page, Trouble>,
    findings: &Findings,
    is_right: impl Fn(&Page) -> bool,
) {
    match page {
        Ok(page) if is_right(&page) => findings.ok(
            check,
            Text::with("{0} answers", "{0} 应答正常", [host.discords.into()]),
        ),
        Ok(page) => {
            let (seen, todo) = answer::obstacle(host, &page);
            findings.fail(check, seen, todo);
        }
        Err(trouble) => note_silence(host, check, trouble, findings),
    }
}

/// Notes that nobody answers.
fn note_silence(host: &Host, check: Check, trouble: Trouble, findings: &Findings) {
    let seen = Text::with(
        "{0}: {1}",
        "{0}：{1}",
        [Shown::said(host.name()), trouble.into()],
    );
    findings.fail(check, seen, no_answer(host));
}

fn no_answer(host: &Host) -> Text {
    if host.is_own() {
        Text::with(
            "look at nginx's error log on the machine of {0}; try the same from there with curl",
            "请查看 {0} 所在服务器的 nginx 错误日志，并在该服务器上用 curl 测试",
            [host.setting.into()],
        )
    } else {
        Text::with(
            "check this machine's network and mj.proxy; where Discord is not reachable, set {0} (docs/proxies)",
            "请检查本机网络与 mj.proxy；若无法访问 Discord，请设置 {0}（见 docs/proxies）",
            [host.setting.into()],
        )
    }
}

/// Compares Discord's moment with ours in the middle between question and answer, in Unix milliseconds.
fn check_clock(discords: Option<f64>, ours: u64, findings: &Findings) {
    let Some(discords) = discords else {
        let seen = Text::new("no answer tells the time", "应答中没有时间");
        findings.unknown(Check::Clock, seen, None);
        return;
    };
    let skew = Duration::from_millis(ours).as_secs_f64() - discords;
    let seconds = Shown::said(&format!("{:.0}", skew.abs()));
    if skew.abs() <= SOME_SKEW {
        let seen = Text::with(
            "within {0} s of Discord's",
            "与 Discord 相差 {0} 秒",
            [seconds],
        );
        findings.ok(Check::Clock, seen);
        return;
    }
    let seen = if skew > 0.0 {
        Text::with(
            "this machine's clock is {0} s ahead of Discord's",
            "本机时间比 Discord 快 {0} 秒",
            [seconds],
        )
    } else {
        Text::with(
            "this machine's clock is {0} s behind Discord's",
            "本机时间比 Discord 慢 {0} 秒",
            [seconds],
        )
    };
    let todo = Text::new(
        "set the clock: timedatectl set-ntp true, or chronyd (BaoTa: home page, server time, synchronise)",
        "请校时：timedatectl set-ntp true 或 chronyd（宝塔：首页 → 服务器时间 → 同步）",
    );
    if skew.abs() > MOST_SKEW {
        findings.fail(Check::Clock, seen, todo);
    } else {
        findings.warn(Check::Clock, seen, todo);
    }
}

/// One of Discord's own addresses, or the operator's in its place.
fn address(set: Option<&str>, discords: &str) -> Option<(Url, bool)> {
    let url = Url::parse(set.unwrap_or(discords)).ok()?;
    let own = Url::parse(discords).ok()?;
    let is_own = url.host_str() != own.host_str() || url.port() != own.port();
    Some((url, is_own))
}

/// The address of a path below a base that may have a path of its own.
fn below(base: &Url, path: &str, query: Option<&str>) -> Url {
    let mut url = base.clone();
    let front = url.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("{front}{path}"));
    url.set_query(query);
    url
}

/// Discord's CDN.
fn cdn_base() -> &'static str {
    discords::CDN
}
