//! The way to a host, step by step: its name, a connection, TLS. Each step is the engine's own, so that the doctor sees
//! what the owner would see; it only remembers more of it.

use std::{future::Future, net::IpAddr, sync::Arc, time::Duration};

use mj_process::clock;
use rustls::{ProtocolVersion, client::WebPkiServerVerifier};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout_at},
};
use tokio_rustls::TlsConnector;
use url::{Host as UrlHost, Url};

use super::{
    Host,
    certificate::{Certificate, Witness},
    proxy,
};
use crate::{
    doctor::{
        finding::Findings,
        text::{Shown, Text},
    },
    resolver::Resolver,
    socket::{self, Wire},
    tls,
    trouble::Trouble,
    tunnel::{self, Proxy},
};

/// How hosts are reached.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) proxy: Option<Proxy>,
    pub(super) resolver: Resolver,
    pub(super) verifier: Arc<WebPkiServerVerifier>,
    /// When nothing is waited for any more.
    pub(super) until: Instant,
}

impl Way {
    /// What comes of `work` in time.
    pub(super) async fn in_time<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        timeout_at(self.until, work).await.ok()
    }

    /// Goes the whole way to a host and notes each step; gives the connection when all went well.
    pub(super) async fn go(&self, host: &Host, findings: &Findings) -> Option<Wire> {
        let is_named = self.look_up(host, findings).await;
        let stream = self.connect(host, is_named, findings).await;
        self.secure(host, stream, findings).await
    }

    async fn look_up(&self, host: &Host, findings: &Findings) -> bool {
        if !findings.may(host.dns) {
            return false;
        }
        let name = host.name();
        if self.proxy.is_some() {
            let seen = Text::with(
                "{0}: the proxy looks it up",
                "{0}：由代理解析",
                [Shown::said(name)],
            );
            findings.ok(host.dns, seen);
            return true;
        }
        let found = self.in_time(self.resolver.lookup(name)).await;
        if let Some(Ok(addresses)) = found
            && !addresses.is_empty()
        {
            findings.ok(host.dns, has_addresses(name, &addresses));
            return true;
        }
        let seen = Text::with("{0} has no address", "{0} 无法解析", [Shown::said(name)]);
        let todo = if host.is_own() {
            Text::with(
                "check {0} for a typing error, the name's DNS record, and this machine's DNS (/etc/resolv.conf)",
                "请检查 {0} 是否拼写正确、域名解析记录，以及本机 DNS（/etc/resolv.conf）",
                [host.setting.into()],
            )
        } else {
            Text::with(
                "check this machine's DNS (/etc/resolv.conf); where Discord is not reachable, set mj.proxy or {0}",
                "请检查本机 DNS（/etc/resolv.conf）；若无法访问 Discord，请设置 mj.proxy 或 {0}",
                [host.setting.into()],
            )
        };
        findings.fail(host.dns, seen, todo);
        false
    }

    async fn connect(&self, host: &Host, is_named: bool, findings: &Findings) -> Option<TcpStream> {
        if !findings.may(host.tcp) || !is_named {
            return None;
        }
        let port = host.port();
        let begin = Instant::now();
        let opened = self
            .in_time(tunnel::open(
                host.name(),
                port,
                self.proxy.as_ref(),
                &self.resolver,
            ))
            .await;
        let trouble = match opened {
            Some(Ok(stream)) => {
                findings.ok(host.tcp, self.connected(host, &stream, begin.elapsed()));
                return Some(stream);
            }
            Some(Err(error)) => Trouble::of(&error),
            None => Trouble::ConnectTimedOut,
        };
        if let Some(proxy) = &self.proxy {
            let told = proxy::why(self, proxy, host.name(), port).await;
            let (seen, todo) = told.unwrap_or_else(|| proxy::unclear(host));
            findings.fail(host.tcp, seen, todo);
            return None;
        }
        let what = Shown::from(trouble);
        let seen = Text::with(
            "{0}, port {1}: {2}",
            "{0} 端口 {1}：{2}",
            [Shown::said(host.name()), port.into(), what],
        );
        findings.fail(host.tcp, seen, not_connected(host));
        None
    }

    fn connected(&self, host: &Host, stream: &TcpStream, after: Duration) -> Text {
        let after = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        let port = Shown::from(host.port());
        match stream.peer_addr() {
            Ok(peer) if self.proxy.is_none() => Text::with(
                "connected to {0}, port {1}, in {2} ms",
                "已连接 {0} 端口 {1}，用时 {2} 毫秒",
                [peer.ip().into(), port, after.into()],
            ),
            Ok(_) | Err(_) => Text::with(
                "connected through the proxy, port {0}, in {1} ms",
                "已通过代理连接端口 {0}，用时 {1} 毫秒",
                [port, after.into()],
            ),
        }
    }

    async fn secure(
        &self,
        host: &Host,
        stream: Option<TcpStream>,
        findings: &Findings,
    ) -> Option<Wire> {
        if !findings.may(host.tls) {
            return None;
        }
        let stream = stream?;
        if !host.is_secure() {
            note_plain(host, findings);
            return Some(Wire::Plain(stream));
        }
        let witness = Arc::new(Witness::new(Arc::clone(&self.verifier)));
        let config = tls::config_with(witness.clone()).ok()?;
        let name = socket::server_name(&host.url)?;
        let connector = TlsConnector::from(Arc::new(config));
        let now = i64::try_from(clock::unix_ms() / 1_000).unwrap_or(i64::MAX);
        let trouble = match self.in_time(connector.connect(name, stream)).await {
            Some(Ok(stream)) => {
                let version = stream.get_ref().1.protocol_version();
                note_secure(host, version, witness.seen(), now, findings);
                return Some(Wire::Tls(Box::new(stream)));
            }
            Some(Err(error)) => Trouble::of(&error),
            None => Trouble::TimedOut,
        };
        let (seen, todo) = insecure(host, trouble, witness.seen(), now);
        findings.fail(host.tls, seen, todo);
        None
    }
}

fn note_plain(host: &Host, findings: &Findings) {
    let is_here = match host.url.host() {
        Some(UrlHost::Domain(name)) => name == "localhost",
        Some(UrlHost::Ipv4(address)) => address.is_loopback(),
        Some(UrlHost::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let seen = Text::with(
        "{0} is {1}://: nothing is encrypted",
        "{0} 为 {1}://：未加密",
        [host.setting.into(), Shown::said(host.url.scheme())],
    );
    if is_here || !host.carries_tokens() {
        findings.skip(host.tls, seen);
    } else {
        let todo = Text::with(
            "tokens pass through it: give the server a certificate, and write {0} with https:// (the gateway with wss://)",
            "令牌会经过此处：请为该服务器配置证书，并将 {0} 写为 https://（网关为 wss://）",
            [host.setting.into()],
        );
        findings.warn(host.tls, seen, todo);
    }
}

/// The name or address of a URL's host as it is looked up.
pub(super) fn name_of(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

fn has_addresses(name: &str, addresses: &[IpAddr]) -> Text {
    let shown = Shown::list(addresses.iter().map(|address| Shown::from(*address)));
    Text::with("{0}: {1}", "{0}：{1}", [Shown::said(name), shown])
}

fn not_connected(host: &Host) -> Text {
    if host.is_own() {
        Text::with(
            "see whether nginx runs on that machine and listens on port {0}, whether its firewall and the provider's security group let port {0} in, and whether the name leads to the right address",
            "请检查该服务器上 nginx 是否运行并监听端口 {0}、其防火墙与云服务商安全组是否放行端口 {0}，以及域名是否解析到正确的地址",
            [host.port().into()],
        )
    } else {
        Text::with(
            "Discord is not reachable from here (it is not from mainland China): set up a reverse proxy and {0} (docs/proxies), or mj.proxy",
            "本机无法直接访问 Discord（中国大陆即如此）：请搭建反向代理并设置 {0}（见 docs/proxies），或设置 mj.proxy",
            [host.setting.into()],
        )
    }
}

fn version_word(version: Option<ProtocolVersion>) -> &'static str {
    match version {
        Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
        Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
        Some(_) | None => "TLS",
    }
}

fn note_secure(
    host: &Host,
    version: Option<ProtocolVersion>,
    certificate: Option<Certificate>,
    now: i64,
    findings: &Findings,
) {
    let version = version_word(version);
    let Some(certificate) = certificate else {
        findings.ok(host.tls, Text::with("{0}", "{0}", [version.into()]));
        return;
    };
    let days = Shown::from(certificate.days_left(now));
    let seen = Text::with(
        "{0}; certificate for {1} by {2}, {3} days left",
        "{0}；证书域名 {1}，颁发者 {2}，剩余 {3} 天",
        [
            version.into(),
            Shown::said(&certificate.some_names()),
            Shown::said(&certificate.issuer),
            days,
        ],
    );
    if certificate.ends_soon(now) && host.is_own() {
        findings.warn(host.tls, seen, renew());
    } else {
        findings.ok(host.tls, seen);
    }
}

fn renew() -> Text {
    Text::new(
        "renew it (BaoTa: Website, SSL, Renew; certbot: certbot renew), reload nginx, and see why it was not renewed by itself",
        "请续签证书（宝塔：网站 → SSL → 续签；certbot：certbot renew）并重载 nginx，同时检查为何没有自动续签",
    )
}

/// Why there is no TLS, with what the certificate says where one was shown.
fn insecure(
    host: &Host,
    trouble: Trouble,
    certificate: Option<Certificate>,
    now: i64,
) -> (Text, Text) {
    match (trouble, certificate) {
        (Trouble::CertificateTime, Some(certificate)) if certificate.not_before > now => (
            Text::with(
                "the certificate of {0} begins to be valid in {1} days",
                "{0} 的证书还要 {1} 天才生效",
                [
                    Shown::said(host.name()),
                    ((certificate.not_before - now) / 86_400 + 1).into(),
                ],
            ),
            Text::new(
                "this machine's clock is wrong: set it (timedatectl set-ntp true)",
                "本机时间不正确：请校时（timedatectl set-ntp true）",
            ),
        ),
        (Trouble::CertificateTime, Some(certificate)) => (
            Text::with(
                "the certificate of {0} expired {1} days ago",
                "{0} 的证书已过期 {1} 天",
                [
                    Shown::said(host.name()),
                    (-certificate.days_left(now)).into(),
                ],
            ),
            renew(),
        ),
        (Trouble::CertificateName, Some(certificate)) => (
            Text::with(
                "the certificate is for {1}, not for {0}",
                "证书的域名是 {1}，而不是 {0}",
                [
                    Shown::said(host.name()),
                    Shown::said(&certificate.some_names()),
                ],
            ),
            Text::with(
                "check {0}; get a certificate for that name (BaoTa: Website, SSL), and see in nginx that the site's \"server_name\" and \"ssl_certificate\" belong together",
                "请检查 {0}；为该域名申请证书（宝塔：网站 → SSL），并检查 nginx 中 server_name 与 ssl_certificate 是否对应",
                [host.setting.into()],
            ),
        ),
        (Trouble::CertificateAuthority, Some(certificate)) => untrusted(&certificate),
        (trouble, _) => (
            Text::with(
                "{0}: {1}",
                "{0}：{1}",
                [Shown::said(host.name()), trouble.into()],
            ),
            handshake(host, trouble),
        ),
    }
}

fn untrusted(certificate: &Certificate) -> (Text, Text) {
    let issuer = Shown::said(&certificate.issuer);
    if certificate.is_self_signed {
        return (
            Text::new(
                "the certificate signed itself: nobody can tell whose it is",
                "证书是自签名的，无法确认其来源",
            ),
            Text::new(
                "get one from an authority (BaoTa: Website, SSL, Let's Encrypt), or name this one's file in mj.ca_file",
                "请向证书机构申请（宝塔：网站 → SSL → Let's Encrypt），或在 mj.ca_file 中指定该证书文件",
            ),
        );
    }
    if certificate.is_alone && certificate.is_public {
        return (
            Text::with(
                "the certificate by {0} comes alone: the one between it and its authority is missing",
                "{0} 颁发的证书缺少中间证书",
                [issuer],
            ),
            Text::new(
                "give nginx the whole chain: \"ssl_certificate …/fullchain.pem;\", not cert.pem",
                "请让 nginx 使用完整证书链：“ssl_certificate …/fullchain.pem;”，而不是 cert.pem",
            ),
        );
    }
    (
        Text::with(
            "the certificate is by {0}, an authority that is not known here",
            "证书由 {0} 颁发，本机不信任该机构",
            [issuer],
        ),
        Text::new(
            "if the authority is your own, name its PEM file in mj.ca_file; else see that the whole chain is sent (fullchain.pem)",
            "若为自建机构，请在 mj.ca_file 中指定其 PEM 文件；否则请检查是否发送了完整证书链（fullchain.pem）",
        ),
    )
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of the many troubles only two have a line of their own"
)]
fn handshake(host: &Host, trouble: Trouble) -> Text {
    match trouble {
        Trouble::NoTls => Text::with(
            "write \"listen {0} ssl;\" with \"ssl_certificate\" in nginx's server block, or use the port that speaks TLS in {1}",
            "请在 nginx 的 server 中写 “listen {0} ssl;” 并配置 ssl_certificate，或在 {1} 中使用 TLS 端口",
            [host.port().into(), host.setting.into()],
        ),
        Trouble::TlsVersion => Text::new(
            "write \"ssl_protocols TLSv1.2 TLSv1.3;\" in nginx's server block",
            "请在 nginx 的 server 中写 “ssl_protocols TLSv1.2 TLSv1.3;”",
        ),
        _ if host.is_own() => Text::with(
            "see in nginx that the server block of {0} has \"ssl_certificate\" for that name, and look at nginx's error log",
            "请检查 nginx 中 {0} 的 server 是否配置了该域名的 ssl_certificate，并查看错误日志",
            [Shown::said(host.name())],
        ),
        _ => not_connected(host),
    }
}
