//! The gateway: WebSocket, Hello, the way back of what we send, and how long silence is let be. Nobody identifies.

use std::time::Duration;

use mj_discord::gateway::{inflate_hello, read_hello};
use mj_midjourney::config::HostSettings;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Error;
use url::Url;

use super::{Host, Told, Tools, answer};
use crate::{
    doctor::{
        check::Check,
        finding::{Findings, Status},
        hosts::answer::Page,
        network::Context,
        text::{Shown, Text},
    },
    network::Place,
    socket::{Incoming, Socket, Wire, trouble_of},
    trouble::Trouble,
};

/// The engine's own query: what comes compressed proves that it arrived.
const QUERY: &str = "v=10&encoding=json&compress=zlib-stream";
/// One of the hosts that READY names, for a look at where sessions are resumed.
const REGIONAL: &str = "wss://gateway-us-east1-b.discord.gg";
/// A heartbeat of a session without events (op 1).
const HEARTBEAT: &str = r#"{"op":1,"d":null}"#;
/// What an answer from the other side of the world takes at most, and its being held back takes at least.
const HELD_BACK: Duration = Duration::from_secs(3);
/// The regular end of a connection that never logged in.
const FAREWELL: u16 = 1000;

/// Makes all checks of the gateway.
pub(super) async fn check(tools: &Tools, context: &Context, findings: &Findings) {
    let (settings, idle) = (&context.hosts, context.idle);
    let host = host(settings, tools, tools.hosts.gateway_url(QUERY));
    let wire = tools.way.go(&host, findings).await;
    let socket = upgrade(tools, &host, wire, findings).await;
    let greeted = hello(tools, &host, socket, findings).await;
    let (is_slow, idles, resumes) = (
        findings.may(Check::GatewayBuffering),
        findings.may(Check::GatewayIdle),
        findings.may(Check::GatewayResume),
    );
    let Some((mut socket, interval)) = greeted else {
        return;
    };
    let listen = async {
        if is_slow {
            check_buffering(tools, &host, &mut socket, findings).await;
        }
        if idles && idle.is_zero() {
            match context.cut_after {
                Some(after) => note_cut(seen_by_owner(after, interval), after, interval, findings),
                None => findings.skip(Check::GatewayIdle, not_waited_for(interval)),
            }
            socket.close(FAREWELL).await;
        } else if idles {
            check_idle(socket, interval, idle, findings).await;
        }
    };
    let resume = async {
        if resumes {
            check_resume(tools, settings, findings).await;
        }
    };
    tokio::join!(listen, resume);
}

fn host(settings: &HostSettings, tools: &Tools, url: Url) -> Host {
    Host {
        place: Place::Gateway,
        setting: "mj.gateway_url",
        is_own: settings.gateway_url.is_some() && !tools.hosts.is_gateway_discords(),
        discords: "gateway.discord.gg",
        url,
        dns: Check::GatewayDns,
        tcp: Check::GatewayTcp,
        tls: Check::GatewayTls,
    }
}

async fn upgrade(
    tools: &Tools,
    host: &Host,
    wire: Option<Wire>,
    findings: &Findings,
) -> Option<Socket> {
    if !findings.may(Check::GatewayUpgrade) {
        return None;
    }
    let work = Socket::upgrade(wire?, &host.url, &tools.user_agent);
    let (seen, todo) = match tools.way.in_time(work).await {
        Some(Ok(socket)) => {
            let seen = Text::new("it becomes a WebSocket", "WebSocket 升级成功");
            findings.ok(Check::GatewayUpgrade, seen);
            return Some(socket);
        }
        Some(Err(error)) => refused(host, *error),
        None => no_socket(host, Trouble::TimedOut),
    };
    findings.fail(Check::GatewayUpgrade, seen, todo);
    None
}

fn refused(host: &Host, error: Error) -> Told {
    if let Error::Http(response) = error {
        let (head, body) = response.into_parts();
        let page = Page::new(
            head.status.as_u16(),
            head.headers,
            &body.unwrap_or_default(),
        );
        return answer::obstacle(host, &page);
    }
    no_socket(host, trouble_of(&error))
}

fn no_socket(host: &Host, trouble: Trouble) -> Told {
    (
        Text::with(
            "no WebSocket at {0}: {1}",
            "{0} 无法建立 WebSocket：{1}",
            [Shown::said(host.name()), trouble.into()],
        ),
        super::no_answer(host),
    )
}

async fn hello(
    tools: &Tools,
    host: &Host,
    socket: Option<Socket>,
    findings: &Findings,
) -> Option<(Socket, Duration)> {
    if !findings.may(Check::GatewayHello) {
        return None;
    }
    let mut socket = socket?;
    let begin = Instant::now();
    let (seen, todo) = match tools.way.in_time(socket.next()).await {
        Some(Incoming::Binary(bytes)) => {
            if let Some(interval) = inflate_hello(&bytes) {
                let seen = Text::with(
                    "Hello after {0} ms, a heartbeat each {1} s",
                    "{0} 毫秒后收到 Hello，心跳间隔 {1} 秒",
                    [millis(begin.elapsed()), seconds(interval)],
                );
                findings.ok(Check::GatewayHello, seen);
                return Some((socket, interval));
            }
            no_hello(host, Trouble::Garbage)
        }
        Some(Incoming::Text(text)) if read_hello(&text).is_some() => query_lost(host),
        Some(Incoming::Text(_)) => no_hello(host, Trouble::Garbage),
        Some(Incoming::Closed(Some(code))) => (
            Text::with(
                "closed with code {0} in place of Hello",
                "连接被关闭（代码 {0}），没有收到 Hello",
                [code.into()],
            ),
            Text::new(
                "try again in some minutes; if it stays so, see what answers at that address",
                "请几分钟后重试；若仍如此，请检查该地址的应答者",
            ),
        ),
        Some(Incoming::Closed(None)) => no_hello(host, Trouble::Broken),
        Some(Incoming::Broken(trouble)) => no_hello(host, trouble),
        None => held_back(host, begin.elapsed()),
    };
    findings.fail(Check::GatewayHello, seen, todo);
    None
}

fn no_hello(host: &Host, trouble: Trouble) -> Told {
    (
        Text::with(
            "{0} does not say Hello: {1}",
            "{0} 没有发送 Hello：{1}",
            [Shown::said(host.name()), trouble.into()],
        ),
        super::no_answer(host),
    )
}

fn held_back(host: &Host, after: Duration) -> Told {
    (
        Text::with(
            "the WebSocket of {0} is open and Hello does not come within {1} s",
            "{0} 的 WebSocket 已打开，但 {1} 秒内没有收到 Hello",
            [Shown::said(host.name()), seconds(after)],
        ),
        not_buffered(host),
    )
}

fn not_buffered(host: &Host) -> Text {
    if host.is_own() {
        Text::new(
            "something in between holds data back: in nginx write \"proxy_buffering off;\", and put no CDN, accelerator or firewall that collects answers before that name",
            "中间有设备缓冲了数据：请在 nginx 中写 “proxy_buffering off;”，并且不要在该域名前使用会缓冲应答的 CDN、加速或防火墙",
        )
    } else {
        Text::new(
            "something in between holds data back: check mj.proxy and this machine's firewall",
            "中间有设备缓冲了数据：请检查 mj.proxy 与本机防火墙",
        )
    }
}

fn query_lost(host: &Host) -> Told {
    (
        Text::with(
            "on the way through {0} the address's query (?v=…) is lost",
            "经过 {0} 后地址的查询参数（?v=…）丢失",
            [host.setting.into()],
        ),
        Text::with(
            "in its nginx configuration write \"proxy_pass https://{0}/$is_args$args;\", or \"proxy_pass https://{0};\" without a path",
            "请在其 nginx 配置中写 “proxy_pass https://{0}/$is_args$args;”，或不带路径的 “proxy_pass https://{0};”",
            [host.discords.into()],
        ),
    )
}

/// What we send must arrive at once, and its answer too. A heartbeat may be sent before logging in.
async fn check_buffering(tools: &Tools, host: &Host, socket: &mut Socket, findings: &Findings) {
    let begin = Instant::now();
    let exchange = async {
        if socket.send(HEARTBEAT.to_owned()).await.is_err() {
            return Incoming::Broken(Trouble::Broken);
        }
        socket.next().await
    };
    match tools.way.in_time(exchange).await {
        Some(Incoming::Binary(_) | Incoming::Text(_)) if begin.elapsed() < HELD_BACK => {
            let seen = Text::with(
                "a heartbeat is answered after {0} ms",
                "心跳在 {0} 毫秒后得到应答",
                [millis(begin.elapsed())],
            );
            findings.ok(Check::GatewayBuffering, seen);
        }
        Some(Incoming::Binary(_) | Incoming::Text(_)) => {
            let seen = Text::with(
                "a heartbeat is answered after {0} ms only",
                "心跳在 {0} 毫秒后才得到应答",
                [millis(begin.elapsed())],
            );
            findings.warn(Check::GatewayBuffering, seen, not_buffered(host));
        }
        // Discord says itself why it leaves.
        Some(Incoming::Closed(Some(code))) => {
            let seen = Text::with(
                "closed with code {0} behind a heartbeat",
                "心跳之后连接被关闭（代码 {0}）",
                [code.into()],
            );
            findings.unknown(Check::GatewayBuffering, seen, None);
        }
        Some(Incoming::Closed(None) | Incoming::Broken(_)) | None => {
            let seen = Text::new("a heartbeat gets no answer", "心跳没有得到应答");
            findings.fail(Check::GatewayBuffering, seen, not_buffered(host));
        }
    }
}

fn not_waited_for(interval: Duration) -> Text {
    Text::with(
        "not waited for: mj_doctor(['idle' => 75]) keeps a connection silent for 75 s; a time-out of the reverse proxy must be longer than the heartbeat, {0} s",
        "未等待：mj_doctor(['idle' => 75]) 会让连接静默 75 秒；反向代理的超时必须长于心跳间隔 {0} 秒",
        [seconds(interval)],
    )
}

/// Keeps a connection silent and sees whether something in between cuts it. Discord itself says so with a close code.
async fn check_idle(mut socket: Socket, interval: Duration, idle: Duration, findings: &Findings) {
    let check = Check::GatewayIdle;
    let begin = Instant::now();
    let end = timeout(idle, async {
        loop {
            match socket.next().await {
                Incoming::Text(_) | Incoming::Binary(_) => {}
                end @ (Incoming::Closed(_) | Incoming::Broken(_)) => return end,
            }
        }
    })
    .await;
    let after = begin.elapsed();
    match end {
        Err(_) => {
            let seen = Text::with(
                "a silent connection stays open for {0} s",
                "静默连接保持了 {0} 秒",
                [seconds(after)],
            );
            findings.ok(check, seen);
            socket.close(FAREWELL).await;
        }
        Ok(Incoming::Closed(Some(code))) => {
            let seen = Text::with(
                "Discord itself ended the silent connection after {0} s (code {1})",
                "静默 {0} 秒后由 Discord 主动关闭（代码 {1}）",
                [seconds(after), code.into()],
            );
            findings.ok(check, seen);
        }
        Ok(_) => {
            let seen = Text::with(
                "a silent connection is cut after {0} s, and Discord's heartbeat comes each {1} s",
                "静默连接在 {0} 秒后被切断，而 Discord 的心跳间隔为 {1} 秒",
                [seconds(after), seconds(interval)],
            );
            note_cut(seen, after, interval, findings);
        }
    }
}

/// As the owner met it.
fn seen_by_owner(after: Duration, interval: Duration) -> Text {
    Text::with(
        "the owner's connection is cut again and again after {0} s of silence, and Discord's heartbeat comes each {1} s",
        "所有者的连接总在静默 {0} 秒后被切断，而 Discord 的心跳间隔为 {1} 秒",
        [seconds(after), seconds(interval)],
    )
}

fn note_cut(seen: Text, after: Duration, interval: Duration, findings: &Findings) {
    let todo = Text::new(
        "in the nginx configuration of the gateway add \"proxy_read_timeout 120s;\" and \"proxy_send_timeout 120s;\" (nginx's default, 60 s, just suffices), and look for a time-out of a load balancer or CDN before it",
        "请在网关的 nginx 配置中加入 “proxy_read_timeout 120s;” 与 “proxy_send_timeout 120s;”（默认 60 秒仅勉强够用），并检查前面的负载均衡或 CDN 是否有超时",
    );
    // A heartbeat that is a little late must not find the connection cut.
    if after < interval * 5 / 4 {
        findings.fail(Check::GatewayIdle, seen, todo);
    } else {
        findings.warn(Check::GatewayIdle, seen, todo);
    }
}

/// Sessions are resumed at hosts that Discord names. Without a way there the engine resumes at the gateway itself, so
/// that nothing here is worse than a warning.
async fn check_resume(tools: &Tools, settings: &HostSettings, findings: &Findings) {
    let check = Check::GatewayResume;
    let Some(url) = tools.hosts.resume_url(REGIONAL, QUERY) else {
        findings.warn(
            check,
            Text::new(
                "mj.gateway_url is set and mj.gateway_resume_url is not: sessions are resumed at mj.gateway_url, and Discord breaks such connections more often",
                "已设置 mj.gateway_url 而未设置 mj.gateway_resume_url：将在 mj.gateway_url 恢复会话，Discord 会更频繁地断开此类连接",
            ),
            Text::new(
                "set mj.gateway_resume_url to wss://YOUR-GATEWAY/{host} and take the block \"map $uri $mj_gateway\" of docs/proxies/gateway.conf into the nginx configuration",
                "请将 mj.gateway_resume_url 设为 wss://网关域名/{host}，并在 nginx 配置中加入 docs/proxies/gateway.conf 的 “map $uri $mj_gateway” 段",
            ),
        );
        return;
    };
    if settings.gateway_resume_url.is_none() {
        let seen = Text::new(
            "sessions are resumed at the hosts that Discord names",
            "在 Discord 指定的主机恢复会话",
        );
        findings.ok(check, seen);
        return;
    }
    let host = Host {
        setting: "mj.gateway_resume_url",
        is_own: true,
        ..host(settings, tools, url)
    };
    let steps = Findings::default();
    let wire = tools.way.go(&host, &steps).await;
    let socket = upgrade(tools, &host, wire, &steps).await;
    if let Some((socket, _)) = hello(tools, &host, socket, &steps).await {
        let seen = Text::with(
            "sessions are resumed through {0}",
            "通过 {0} 恢复会话",
            [Shown::said(host.name())],
        );
        findings.ok(check, seen);
        socket.close(FAREWELL).await;
        return;
    }
    let failed = steps.all();
    let failed = failed.iter().find(|step| step.status == Status::Failed);
    if let Some((seen, todo)) = failed.and_then(|step| Some((&step.seen, step.todo.as_ref()?))) {
        let seen = Text::with(
            "mj.gateway_resume_url: {0}",
            "mj.gateway_resume_url：{0}",
            [seen.clone().into()],
        );
        findings.warn(check, seen, todo.clone());
    }
}

fn millis(time: Duration) -> Shown {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).into()
}

fn seconds(time: Duration) -> Shown {
    Shown::said(&format!("{:.1}", time.as_secs_f64()).replace(".0", ""))
}
