//! What is wrong on the way to a host, told by errors and answers, in words for the operator: what it is and what to
//! look at. No address is in them: one may carry what is private.

use std::{error::Error, io};

use mj_discord::rest::Outcome;
use mj_midjourney::{hub::Answer, refusal::Lang};
use rustls::CertificateError;
use serde::{Deserialize, Serialize};

use crate::{network::Place, resolver::NoAddress};

/// What is wrong.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trouble {
    /// The name has no address.
    Name,
    /// Nobody listens.
    Refused,
    /// The connection was reset.
    Reset,
    /// No way there.
    Unreachable,
    /// This machine does not let it connect.
    Forbidden,
    /// No connection in time.
    ConnectTimedOut,
    /// The certificate's time is over, or not yet there.
    CertificateTime,
    /// The certificate is for other names.
    CertificateName,
    /// The certificate's authority is unknown.
    CertificateAuthority,
    /// The certificate is one that nobody can be trusted by, whoever signed it.
    CertificateUnusable,
    /// No version of TLS in common.
    TlsVersion,
    /// What came is no TLS.
    NoTls,
    /// TLS failed in another way.
    Tls,
    /// No whole answer in time.
    TimedOut,
    /// The connection ended early, or what came was no HTTP.
    Broken,
    /// More came than is taken.
    TooLarge,
    /// The gateway was silent for too long.
    Silent,
    /// What came can not be read.
    Garbage,
    /// Pings without end.
    Flood,
    /// A page for people, with this status.
    Page(u16),
    /// This status.
    Status(u16),
    /// Cloudflare limits this address, with this status.
    Limited(u16),
    /// What came is no picture.
    NoPicture,
}

impl Trouble {
    /// What reqwest says.
    pub(crate) fn of_request(error: &reqwest::Error) -> Self {
        if error.is_timeout() {
            return if error.is_connect() {
                Self::ConnectTimedOut
            } else {
                Self::TimedOut
            };
        }
        Self::of(error)
    }

    /// What an answer says of the way to whom it was asked: what Discord itself says is none of it, whatever it says.
    pub(crate) fn of_answer(place: Place, answer: &Answer) -> Result<(), Self> {
        let Some(response) = answer.response() else {
            return Ok(());
        };
        let status = response.status;
        let is_page = response.body.trim_start().starts_with('<');
        // The storage host has no errors of Discord's.
        if place == Place::Upload && !(200..300).contains(&status) {
            return Err(if is_page {
                Self::Page(status)
            } else {
                Self::Status(status)
            });
        }
        match response.outcome {
            Outcome::ReverseProxy {
                status: 200..=299, ..
            } if !is_page => Err(Self::Garbage),
            Outcome::ReverseProxy { status } => Err(Self::Page(status)),
            Outcome::ServerError { status, .. } | Outcome::Unexpected { status } => {
                Err(Self::Status(status))
            }
            Outcome::Cloudflare { .. } => Err(Self::Limited(status)),
            Outcome::Accepted
            | Outcome::OutdatedCommand
            | Outcome::InvalidPermissions
            | Outcome::UnknownChannel
            | Outcome::UnknownApplication
            | Outcome::BadRequest { .. }
            | Outcome::Unauthorized
            | Outcome::Forbidden { .. }
            | Outcome::NotFound { .. }
            | Outcome::RateLimited { .. }
            | Outcome::CaptchaRequired => Ok(()),
        }
    }

    /// What an error comes down to, by what is behind it.
    pub(crate) fn of(error: &(dyn Error + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(trouble) = one(error) {
                return trouble;
            }
            next = error.source();
        }
        Self::Broken
    }

    /// Says it, and what to do.
    pub(crate) fn words(self, lang: Lang) -> String {
        let words = match self {
            Self::Page(status) => return of_status(status, lang, true),
            Self::Status(status) => return of_status(status, lang, false),
            Self::Limited(status) => {
                return match lang {
                    Lang::En => format!(
                        "Cloudflare or a proxy limits this machine's address (status {status}): submit more slowly"
                    ),
                    Lang::Zh => {
                        format!("Cloudflare 或代理限制了本机 IP（状态 {status}）：请降低频率")
                    }
                };
            }
            Self::Name => [
                "its name has no address: check the name and this machine's DNS",
                "域名无法解析：请检查域名与本机 DNS",
            ],
            Self::Refused => [
                "the connection is refused: check the port, the firewall and whether the server runs",
                "连接被拒绝：请检查端口、防火墙以及服务是否运行",
            ],
            Self::Reset => [
                "the connection is reset: check the firewall and the server in between",
                "连接被重置：请检查防火墙与中间服务器",
            ],
            Self::Unreachable => [
                "there is no route to it: check this machine's network",
                "网络不可达：请检查本机网络",
            ],
            Self::Forbidden => [
                "this machine does not let PHP connect: check SELinux (setsebool -P httpd_can_network_connect 1) and its own firewall",
                "本机禁止 PHP 发起连接：请检查 SELinux（setsebool -P httpd_can_network_connect 1）与本机防火墙",
            ],
            Self::ConnectTimedOut => [
                "no connection in time: check the firewall and mj.proxy",
                "连接超时：请检查防火墙与 mj.proxy",
            ],
            Self::CertificateTime => [
                "its certificate has expired: renew it, and check this machine's clock",
                "证书已过期：请更新证书，并检查本机时间",
            ],
            Self::CertificateName => [
                "its certificate is for another name: check the address and the server's certificate",
                "证书域名不符：请检查地址与服务器证书",
            ],
            Self::CertificateAuthority => [
                "its certificate is of an unknown authority: name the authority's file in mj.ca_file",
                "证书颁发机构未知：请在 mj.ca_file 中指定其证书文件",
            ],
            Self::CertificateUnusable => [
                "its certificate cannot be used: get a new one from an authority",
                "证书无法使用：请向证书机构重新申请",
            ],
            Self::TlsVersion => [
                "it knows neither TLS 1.2 nor 1.3: set the server to one of them",
                "不支持 TLS 1.2 或 1.3：请在服务器上启用",
            ],
            Self::NoTls => [
                "it does not speak TLS: check the port and the address's scheme",
                "对端不是 TLS：请检查端口与地址协议",
            ],
            Self::Tls => [
                "the TLS handshake failed: check the server's certificate",
                "TLS 握手失败：请检查服务器证书",
            ],
            Self::TimedOut => [
                "no whole answer in time: check the network and the server in between",
                "应答超时：请检查网络与中间服务器",
            ],
            Self::Broken => [
                "the connection broke before all was said: check the server in between",
                "连接中断：请检查中间服务器",
            ],
            Self::TooLarge => [
                "it answers with more than is ever needed: check what answers there",
                "应答过大：请检查应答的服务器",
            ],
            Self::Silent => [
                "it is connected and says nothing: check that the server in between passes WebSocket on",
                "已连接但无数据：请检查中间服务器是否转发 WebSocket",
            ],
            Self::Garbage => [
                "what it says can not be read: check that the server in between changes nothing",
                "数据无法解析：请检查中间服务器是否改动了内容",
            ],
            Self::Flood => [
                "it floods us with pings: check the server in between",
                "收到大量 ping：请检查中间服务器",
            ],
            Self::NoPicture => [
                "what it sends is no picture: check what answers there",
                "返回的不是图片：请检查应答的服务器",
            ],
        };
        in_lang(lang, words)
    }
}

/// What a status says that is none of Discord's, with a page for people or without.
fn of_status(status: u16, lang: Lang, is_page: bool) -> String {
    match (lang, status) {
        (_, 413) => in_lang(
            lang,
            [
                "a server in between takes no file of this size: raise its limit (client_max_body_size with nginx)",
                "中间服务器不接受该大小的文件：请调高其上限（nginx 为 client_max_body_size）",
            ],
        ),
        (Lang::En, 300..=399) => format!(
            "it redirects elsewhere (status {status}), which is not followed: set the address that answers itself"
        ),
        (Lang::Zh, 300..=399) => {
            format!("返回重定向（状态 {status}），不会跟随：请设置最终地址")
        }
        (Lang::En, _) if is_page => format!(
            "a page with status {status} in place of Discord's answer: check the reverse proxy, its Host, SNI and Upgrade"
        ),
        (Lang::Zh, _) if is_page => format!(
            "返回了网页（状态 {status}）而非 Discord 的应答：请检查反向代理及其 Host、SNI 与 Upgrade"
        ),
        (Lang::En, _) => format!("it answers with status {status}: check what answers there"),
        (Lang::Zh, _) => format!("返回状态 {status}：请检查应答的服务器"),
    }
}

fn in_lang(lang: Lang, [english, chinese]: [&str; 2]) -> String {
    match lang {
        Lang::En => english,
        Lang::Zh => chinese,
    }
    .to_owned()
}

/// What one error of a chain says by itself.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of the many kinds of other crates only some say more"
)]
fn one(error: &(dyn Error + 'static)) -> Option<Trouble> {
    if error.is::<NoAddress>() {
        return Some(Trouble::Name);
    }
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(tls(error));
    }
    let error = error.downcast_ref::<io::Error>()?;
    // An error that another one was made into is no source of it.
    if let Some(inner) = error.get_ref() {
        let inner: &(dyn Error + 'static) = inner;
        if let Some(trouble) = one(inner) {
            return Some(trouble);
        }
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Some(Trouble::Refused),
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => Some(Trouble::Reset),
        io::ErrorKind::PermissionDenied => Some(Trouble::Forbidden),
        io::ErrorKind::TimedOut => Some(Trouble::ConnectTimedOut),
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown => Some(Trouble::Unreachable),
        _ => None,
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of the many kinds of other crates only some say more"
)]
fn tls(error: &rustls::Error) -> Trouble {
    match error {
        rustls::Error::InvalidCertificate(error) => match error {
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Trouble::CertificateTime,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Trouble::CertificateName
            }
            CertificateError::UnknownIssuer => Trouble::CertificateAuthority,
            _ => Trouble::CertificateUnusable,
        },
        rustls::Error::PeerIncompatible(_)
        | rustls::Error::AlertReceived(rustls::AlertDescription::ProtocolVersion) => {
            Trouble::TlsVersion
        }
        rustls::Error::InvalidMessage(_) => Trouble::NoTls,
        _ => Trouble::Tls,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_behind_errors() {
        let expired = rustls::Error::InvalidCertificate(CertificateError::Expired);
        let wrapped = io::Error::new(io::ErrorKind::InvalidData, expired);
        assert_eq!(Trouble::of(&wrapped), Trouble::CertificateTime);
        let odd = rustls::Error::InvalidCertificate(CertificateError::BadEncoding);
        assert_eq!(Trouble::of(&odd), Trouble::CertificateUnusable);
        let nameless = io::Error::other(NoAddress);
        assert_eq!(Trouble::of(&io::Error::other(nameless)), Trouble::Name);
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(Trouble::of(&refused), Trouble::Refused);
        let forbidden = io::Error::from(io::ErrorKind::PermissionDenied);
        assert_eq!(Trouble::of(&forbidden), Trouble::Forbidden);
        assert_eq!(Trouble::of(&io::Error::other("?")), Trouble::Broken);
    }

    #[test]
    fn tells_discords_answers_from_a_proxys() {
        let judge = |place, status, body: &str| {
            let answer = Answer::Response {
                status,
                headers: Vec::new(),
                body: body.as_bytes().to_vec(),
            };
            Trouble::of_answer(place, &answer)
        };
        let page = "<html>Welcome</html>";
        assert_eq!(judge(Place::Api, 204, ""), Ok(()));
        assert_eq!(judge(Place::Api, 401, r#"{"code":0}"#), Ok(()));
        assert_eq!(judge(Place::Api, 200, page), Err(Trouble::Page(200)));
        assert_eq!(judge(Place::Api, 200, "{["), Err(Trouble::Garbage));
        assert_eq!(judge(Place::Api, 500, ""), Err(Trouble::Status(500)));
        assert_eq!(judge(Place::Api, 429, ""), Err(Trouble::Limited(429)));
        assert_eq!(judge(Place::Upload, 403, page), Err(Trouble::Page(403)));
        assert_eq!(judge(Place::Upload, 401, ""), Err(Trouble::Status(401)));
    }

    #[test]
    fn speaks_both_languages() {
        for trouble in [Trouble::Name, Trouble::Page(200), Trouble::Status(502)] {
            assert!(trouble.words(Lang::En).is_ascii());
            assert!(!trouble.words(Lang::Zh).is_ascii());
        }
    }
}
