//! Why there is no TLS with a host, and what to do: what its certificate says, and what this machine's clock has to do
//! with it.

use super::{
    Host,
    certificate::{Certificate, Flaw},
    way::not_connected,
};
use crate::{
    doctor::text::{Shown, Text},
    log,
    trouble::Trouble,
};

/// What was seen and what to do, with what the certificate says where one was shown.
pub(super) fn insecure(
    host: &Host,
    trouble: Trouble,
    certificate: Option<Certificate>,
    now: i64,
) -> (Text, Text) {
    match (trouble, certificate) {
        (Trouble::CertificateTime, Some(certificate)) => untimely(host, &certificate, now),
        (Trouble::CertificateName, Some(certificate)) => {
            (of_another(host, &certificate), rename(host))
        }
        (Trouble::CertificateAuthority, Some(certificate)) => untrusted(host, &certificate),
        (Trouble::CertificateUnusable, Some(certificate)) => unusable(host, &certificate),
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

/// What to do with a certificate that ends.
pub(super) fn renew() -> Text {
    Text::new(
        "renew it (BaoTa: Website, SSL, Renew; certbot: certbot renew), reload nginx, and see why it was not renewed by itself",
        "请续签证书（宝塔：网站 → SSL → 续签；certbot：certbot renew）并重载 nginx，同时检查为何没有自动续签",
    )
}

/// A certificate whose time is over or not there yet, by a clock that may be wrong itself.
fn untimely(host: &Host, certificate: &Certificate, now: i64) -> (Text, Text) {
    let moment = u64::try_from(now).unwrap_or_default() * 1_000;
    let today: String = log::timestamp(moment).chars().take(10).collect();
    let today = Shown::said(&today);
    let name = Shown::said(host.name());
    if certificate.not_before > now {
        return (
            Text::with(
                "the certificate of {0} begins to be valid in {1} only, by this machine's clock ({2})",
                "按本机时间（{2}），{0} 的证书还要 {1}才生效",
                [name, Shown::span(certificate.begins_in(now)), today],
            ),
            set_clock(),
        );
    }
    let seen = Text::with(
        "the certificate of {0} expired {1} ago, by this machine's clock ({2})",
        "按本机时间（{2}），{0} 的证书已过期 {1}",
        [name, Shown::span(certificate.over_since(now)), today],
    );
    // Discord's own are renewed.
    let todo = if host.is_own() {
        Text::with(
            "{0}; where that date is wrong, set the clock (timedatectl set-ntp true)",
            "{0}；若该日期不对，请先校时（timedatectl set-ntp true）",
            [renew().into()],
        )
    } else {
        set_clock()
    };
    (seen, todo)
}

fn set_clock() -> Text {
    Text::new(
        "this machine's clock is wrong: set it (timedatectl set-ntp true; BaoTa: home page, server time, synchronise)",
        "本机时间不正确：请校时（timedatectl set-ntp true；宝塔：首页 → 服务器时间 → 同步）",
    )
}

fn of_another(host: &Host, certificate: &Certificate) -> Text {
    if certificate.names.is_empty() {
        return Text::with(
            "the certificate names no host at all: {0} must stand in its subjectAltName, the common name does not count",
            "证书中没有任何域名：{0} 必须写在 subjectAltName 中，仅写通用名（CN）无效",
            [Shown::said(host.name())],
        );
    }
    Text::with(
        "the certificate is for {1}, not for {0}",
        "证书的域名是 {1}，而不是 {0}",
        [
            Shown::said(host.name()),
            Shown::said(&certificate.some_names()),
        ],
    )
}

fn rename(host: &Host) -> Text {
    if !host.is_own() {
        return impostor(host);
    }
    Text::with(
        "check {0}; get a certificate for that name (BaoTa: Website, SSL), and see in nginx that the site's \"server_name\" and \"ssl_certificate\" belong together",
        "请检查 {0}；为该域名申请证书（宝塔：网站 → SSL），并检查 nginx 中 server_name 与 ssl_certificate 是否对应",
        [host.setting.into()],
    )
}

/// Where Discord itself should answer and somebody else does.
fn impostor(host: &Host) -> Text {
    Text::with(
        "it is not Discord that answers for {0}: see to this machine's DNS and /etc/hosts (poisoned, or a name led elsewhere), and to what reads along on the way (a firewall, mj.proxy); or set {1} to a reverse proxy of your own (docs/proxies)",
        "应答的不是 Discord（{0}）：请检查本机 DNS 与 /etc/hosts（可能被污染或指向他处）以及途中会解密流量的设备（防火墙、mj.proxy）；或将 {1} 设为自己的反向代理（见 docs/proxies）",
        [host.discords.into(), host.setting.into()],
    )
}

fn untrusted(host: &Host, certificate: &Certificate) -> (Text, Text) {
    let issuer = Shown::said(&certificate.issuer);
    if certificate.is_self_signed {
        let seen = Text::new(
            "the certificate signed itself: nobody can tell whose it is",
            "证书是自签名的，无法确认其来源",
        );
        if !host.is_own() {
            return (seen, impostor(host));
        }
        return (
            seen,
            Text::new(
                "get one from an authority (BaoTa: Website, SSL, Let's Encrypt), or name this one's file in mj.ca_file",
                "请向证书机构申请（宝塔：网站 → SSL → Let's Encrypt），或在 mj.ca_file 中指定该证书文件",
            ),
        );
    }
    let unknown = Text::with(
        "the certificate is by {0}, an authority that is not known here",
        "证书由 {0} 颁发，本机不信任该机构",
        [issuer.clone()],
    );
    if !host.is_own() {
        return (unknown, impostor(host));
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
        unknown,
        Text::new(
            "if the authority is your own, name its PEM file in mj.ca_file; else see that the whole chain is sent (fullchain.pem)",
            "若为自建机构，请在 mj.ca_file 中指定其 PEM 文件；否则请检查是否发送了完整证书链（fullchain.pem）",
        ),
    )
}

/// A certificate that no name and no authority makes good.
fn unusable(host: &Host, certificate: &Certificate) -> (Text, Text) {
    let name = Shown::said(host.name());
    let seen = match certificate.flaw {
        Some(Flaw::Authority) => Text::with(
            "the certificate of {0} is an authority's own (CA:TRUE): it may sign others, and stands for no host",
            "{0} 的证书是机构证书（CA:TRUE）：只能签发其他证书，不能用于网站",
            [name],
        ),
        Some(Flaw::Version) => Text::with(
            "the certificate of {0} is of an old version, which cannot name a host",
            "{0} 的证书版本过旧，无法写明域名",
            [name],
        ),
        Some(Flaw::Signature) => Text::with(
            "the certificate of {0} is signed with SHA-1 or MD5, which anybody can forge",
            "{0} 的证书使用 SHA-1 或 MD5 签名，可被伪造",
            [name],
        ),
        Some(Flaw::Key(bits)) => Text::with(
            "the certificate of {0} has an RSA key of {1} bits, which are too few",
            "{0} 的证书使用 {1} 位 RSA 密钥，强度不足",
            [name, bits.into()],
        ),
        None => Text::with(
            "the certificate of {0} cannot be used: it is damaged, revoked, or made for something else",
            "{0} 的证书无法使用：已损坏、被吊销或用途不符",
            [name],
        ),
    };
    let todo = if host.is_own() {
        Text::with(
            "get one from an authority (BaoTa: Website, SSL, Let's Encrypt), or make one with openssl req -x509 -newkey rsa:2048 … -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=DNS:{0}, and name its file in mj.ca_file",
            "请向证书机构申请（宝塔：网站 → SSL → Let's Encrypt）；或用 openssl req -x509 -newkey rsa:2048 … -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=DNS:{0} 重新生成，并在 mj.ca_file 中指定该文件",
            [Shown::said(host.name())],
        )
    } else {
        impostor(host)
    };
    (seen, todo)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of the many troubles only three have a line of their own"
)]
fn handshake(host: &Host, trouble: Trouble) -> Text {
    match trouble {
        _ if !host.is_own() => not_connected(host),
        Trouble::NoTls => Text::with(
            "write \"listen {0} ssl;\" with \"ssl_certificate\" in nginx's server block, or use the port that speaks TLS in {1}",
            "请在 nginx 的 server 中写 “listen {0} ssl;” 并配置 ssl_certificate，或在 {1} 中使用 TLS 端口",
            [host.port().into(), host.setting.into()],
        ),
        Trouble::TlsVersion => Text::new(
            "write \"ssl_protocols TLSv1.2 TLSv1.3;\" in nginx's server block",
            "请在 nginx 的 server 中写 “ssl_protocols TLSv1.2 TLSv1.3;”",
        ),
        Trouble::TimedOut => Text::with(
            "port {0} is open and says nothing: see that it is the one that speaks TLS, that no firewall holds it up, and that large packets come through (with a VPN or PPPoE in between: a smaller MTU, as ip link set … mtu 1400)",
            "端口 {0} 可连接但没有应答：请确认它是 TLS 端口、没有被防火墙拦截，且大数据包可以通过（途中有 VPN 或 PPPoE 时请调小 MTU，如 ip link set … mtu 1400）",
            [host.port().into()],
        ),
        _ => Text::with(
            "see in nginx that the server block of {0} has \"ssl_certificate\" for that name, and look at nginx's error log",
            "请检查 nginx 中 {0} 的 server 是否配置了该域名的 ssl_certificate，并查看错误日志",
            [Shown::said(host.name())],
        ),
    }
}
