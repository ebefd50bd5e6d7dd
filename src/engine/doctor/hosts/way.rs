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
    distrust, proxy,
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
        let addresses = self.look_up(host, findings).await;
        let stream = self.connect(host, addresses, findings).await;
        self.secure(host, stream, findings).await
    }

    /// The addresses of a host, none of them where the proxy looks them up.
    async fn look_up(&self, host: &Host, findings: &Findings) -> Option<Vec<IpAddr>> {
        if !findings.may(host.dns) {
            return None;
        }
        let name = host.name();
        if self.proxy.is_some() {
            let seen = Text::with(
                "{0}: the proxy looks it up",
                "{0}：由代理解析",
                [Shown::said(name)],
            );
            findings.ok(host.dns, seen);
            return Some(Vec::new());
        }
        let found = self.in_time(self.resolver.lookup(name)).await;
        if let Some(Ok(addresses)) = found
            && !addresses.is_empty()
        {
            findings.ok(host.dns, has_addresses(name, &addresses));
            return Some(addresses);
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
        None
    }

    async fn connect(
        &self,
        host: &Host,
        addresses: Option<Vec<IpAddr>>,
        findings: &Findings,
    ) -> Option<TcpStream> {
        if !findings.may(host.tcp) {
            return None;
        }
        let addresses = addresses?;
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
        let todo = misled(host, &addresses, trouble).unwrap_or_else(|| not_connected(host));
        findings.fail(host.tcp, seen, todo);
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
        let (seen, todo) = distrust::insecure(host, trouble, witness.seen(), now);
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

/// What to do where the addresses themselves are why nobody answers.
fn misled(host: &Host, addresses: &[IpAddr], trouble: Trouble) -> Option<Text> {
    let shown = || Shown::list(addresses.iter().map(|address| Shown::from(*address)));
    if !host.is_own() && addresses.iter().all(is_nobodys) {
        return Some(Text::with(
            "{0} leads to {1} here, which is not Discord: this machine's DNS is poisoned or filtered, or /etc/hosts has a line for it; mend that, or set {2} to a reverse proxy (docs/proxies), or mj.proxy",
            "本机将 {0} 解析到 {1}，那不是 Discord：DNS 被污染或过滤，或 /etc/hosts 中有该域名；请修正，或将 {2} 设为反向代理（见 docs/proxies），或设置 mj.proxy",
            [Shown::said(host.name()), shown(), host.setting.into()],
        ));
    }
    if trouble == Trouble::Forbidden {
        return Some(Text::new(
            "it is this machine that forbids it: SELinux (CentOS, RHEL: setsebool -P httpd_can_network_connect 1), or a rule for outgoing connections in its firewall or routes",
            "是本机禁止了该连接：请检查 SELinux（CentOS、RHEL：setsebool -P httpd_can_network_connect 1）以及本机防火墙、路由的出站规则",
        ));
    }
    if trouble != Trouble::Unreachable {
        return None;
    }
    let is_ipv6 = addresses.iter().all(IpAddr::is_ipv6) && host.url.domain().is_some();
    Some(if is_ipv6 {
        Text::with(
            "{0} has IPv6 addresses only ({1}), and this machine has no way out by IPv6: give the name an A record, or this machine IPv6",
            "{0} 只有 IPv6 地址（{1}），而本机没有 IPv6 网络：请为该域名添加 A 记录，或为本机开通 IPv6",
            [Shown::said(host.name()), shown()],
        )
    } else {
        Text::with(
            "this machine has no way to {0}: see its network, its default route (ip route) and the address that the name leads to",
            "本机没有通往 {0} 的路由：请检查本机网络、默认路由（ip route）以及域名解析到的地址",
            [shown()],
        )
    })
}

/// Whether no host of the Internet has this address. Those that tunnels invent for names (198.18.0.0/15) do lead there.
fn is_nobodys(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_unspecified()
                || address.is_loopback()
                || address.is_private()
                || address.is_link_local()
        }
        IpAddr::V6(address) => {
            address.is_unspecified()
                || address.is_loopback()
                || address.is_unique_local()
                || address.is_unicast_link_local()
        }
    }
}

pub(super) fn not_connected(host: &Host) -> Text {
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
        findings.warn(host.tls, seen, distrust::renew());
    } else {
        findings.ok(host.tls, seen);
    }
}

#[cfg(test)]
mod tests {
    use mj_midjourney::refusal::Lang;

    use super::*;
    use crate::{doctor::check::Check, network::Place};

    fn told(is_own: bool, addresses: &[&str], trouble: Trouble) -> Option<String> {
        let host = Host {
            place: Place::Api,
            setting: "mj.api_url",
            is_own,
            discords: "discord.com",
            url: Url::parse("https://discord.com/").unwrap(),
            dns: Check::ApiDns,
            tcp: Check::ApiTcp,
            tls: Check::ApiTls,
        };
        let addresses: Vec<IpAddr> = addresses.iter().map(|it| it.parse().unwrap()).collect();
        misled(&host, &addresses, trouble).map(|todo| todo.words(Lang::En).to_owned())
    }

    #[test]
    fn a_false_address_is_told() {
        for address in ["0.0.0.0", "127.0.0.1", "10.1.2.3", "::1", "fd00::1"] {
            let todo = told(false, &[address], Trouble::Refused).unwrap();
            assert!(
                todo.contains(address) && todo.contains("poisoned"),
                "{todo}"
            );
        }
        assert_eq!(told(false, &["198.18.0.7"], Trouble::Refused), None);
        assert_eq!(told(false, &["162.159.128.233"], Trouble::Refused), None);
        assert_eq!(told(true, &["127.0.0.1"], Trouble::Refused), None);
    }

    #[test]
    fn a_name_with_ipv6_only_is_told() {
        let told = |addresses: &[&str], trouble| told(true, addresses, trouble);
        let todo = told(&["2001:db8::1"], Trouble::Unreachable).unwrap();
        assert!(todo.contains("IPv6 addresses only (2001:db8::1)"), "{todo}");
        assert_eq!(told(&["2001:db8::1"], Trouble::Refused), None);
        let todo = told(&["203.0.113.5", "2001:db8::1"], Trouble::Unreachable).unwrap();
        assert!(todo.contains("no way to 203.0.113.5"), "{todo}");
    }

    #[test]
    fn who_forbids_a_connection_is_told() {
        for is_own in [true, false] {
            let todo = told(is_own, &["203.0.113.5"], Trouble::Forbidden).unwrap();
            assert!(todo.contains("httpd_can_network_connect"), "{todo}");
        }
    }
}
