//! `mj.proxy` itself: whether it is there, lets us in, and what it says of a host that it does not lead to. It is asked
//! by hand, because connectors keep to themselves why they failed.

use std::{io, net::SocketAddr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{Host, answer::Told, way::Way};
use crate::{
    doctor::{
        check::Check,
        finding::Findings,
        text::{Shown, Text},
    },
    trouble::Trouble,
    tunnel::{Kind, Proxy},
};

/// The longest head of an answer that is read, in bytes.
const LONGEST_HEAD: usize = 16 << 10;

/// What a proxy says when it does not do what it is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Refusal {
    /// It wants a name and a password, or others.
    Login,
    /// It speaks something else.
    Language,
    /// It does not lead there, with this status of HTTP.
    Status(u16),
    /// It does not lead there, with this reply of SOCKS.
    Reply(u8),
    /// The connection to it failed.
    Broken(Trouble),
}

/// Looks at the proxy, where one is set.
pub(super) async fn examine(way: &Way, first: &Host, findings: &Findings) {
    if !findings.may(Check::Proxy) {
        return;
    }
    let Some(proxy) = &way.proxy else {
        findings.skip(Check::Proxy, Text::new("none is set", "未设置代理"));
        return;
    };
    let stream = match reach(way, proxy).await {
        Ok(stream) => stream,
        Err(trouble) => {
            let (seen, todo) = unreachable(proxy, trouble);
            findings.fail(Check::Proxy, seen, todo);
            return;
        }
    };
    let asked = way
        .in_time(ask(stream, proxy, first.name(), first.port()))
        .await;
    match asked.unwrap_or(Err(Refusal::Broken(Trouble::TimedOut))) {
        // That it does not lead to one host is that host's trouble.
        Ok(()) | Err(Refusal::Status(_) | Refusal::Reply(_)) => findings.ok(
            Check::Proxy,
            Text::with("{0} is there", "{0} 可用", [shown(proxy)]),
        ),
        Err(refusal) => {
            let (seen, todo) = tell(proxy, refusal);
            findings.fail(Check::Proxy, seen, todo);
        }
    }
}

/// Why a proxy does not lead to a host; none when now it does.
pub(super) async fn why(way: &Way, proxy: &Proxy, host: &str, port: u16) -> Option<Told> {
    let stream = match reach(way, proxy).await {
        Ok(stream) => stream,
        Err(trouble) => return Some(unreachable(proxy, trouble)),
    };
    let refusal = way.in_time(ask(stream, proxy, host, port)).await?.err()?;
    Some(tell(proxy, refusal))
}

/// What is said where nothing more is known.
pub(super) fn unclear(host: &Host) -> Told {
    (
        Text::with(
            "{0}: no connection through the proxy in time",
            "{0}：通过代理连接超时",
            [Shown::said(host.name())],
        ),
        Text::new(
            "see whether the proxy itself reaches that host",
            "请检查代理自身能否访问该主机",
        ),
    )
}

async fn reach(way: &Way, proxy: &Proxy) -> Result<TcpStream, Trouble> {
    let name = proxy.host();
    let connect = async {
        let mut last = Trouble::Name;
        for address in way
            .resolver
            .lookup(name)
            .await
            .map_err(|error| Trouble::of(&error))?
        {
            match TcpStream::connect(SocketAddr::new(address, proxy.port())).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = Trouble::of(&error),
            }
        }
        Err(last)
    };
    way.in_time(connect)
        .await
        .unwrap_or(Err(Trouble::ConnectTimedOut))
}

/// Asks for a connection to a host; nothing is sent there.
async fn ask(mut stream: TcpStream, proxy: &Proxy, host: &str, port: u16) -> Result<(), Refusal> {
    match proxy.kind() {
        Kind::Connect => ask_http(&mut stream, proxy, host, port).await,
        Kind::Socks => ask_socks(&mut stream, proxy, host, port).await,
    }
}

fn broken(error: &io::Error) -> Refusal {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        Refusal::Language
    } else {
        Refusal::Broken(Trouble::of(error))
    }
}

async fn ask_http(
    stream: &mut TcpStream,
    proxy: &Proxy,
    host: &str,
    port: u16,
) -> Result<(), Refusal> {
    let mut head = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
    if let Some((name, password)) = proxy.login() {
        let login = STANDARD.encode(format!("{name}:{password}"));
        head.push_str("Proxy-Authorization: Basic ");
        head.push_str(&login);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    stream
        .write_all(head.as_bytes())
        .await
        .map_err(|error| broken(&error))?;
    let mut answer = Vec::new();
    while !answer.windows(4).any(|end| end == b"\r\n\r\n") && answer.len() < LONGEST_HEAD {
        if stream
            .read_buf(&mut answer)
            .await
            .map_err(|error| broken(&error))?
            == 0
        {
            break;
        }
    }
    let answer = String::from_utf8_lossy(&answer);
    let status = answer
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.split_whitespace().nth(1)?.parse::<u16>().ok());
    match status {
        Some(200..=299) => Ok(()),
        Some(407) => Err(Refusal::Login),
        Some(status) => Err(Refusal::Status(status)),
        None => Err(Refusal::Language),
    }
}

/// RFC 1928 and 1929. The name goes there as it is: it is looked up by the proxy.
async fn ask_socks(
    stream: &mut TcpStream,
    proxy: &Proxy,
    host: &str,
    port: u16,
) -> Result<(), Refusal> {
    const PASSWORD: u8 = 2;
    let login = proxy.login();
    let greeting: &[u8] = if login.is_some() {
        &[5, 1, PASSWORD]
    } else {
        &[5, 1, 0]
    };
    stream
        .write_all(greeting)
        .await
        .map_err(|error| broken(&error))?;
    let mut answer = [0; 2];
    stream
        .read_exact(&mut answer)
        .await
        .map_err(|error| broken(&error))?;
    match (answer, login) {
        ([5, 0], _) => {}
        ([5, PASSWORD], Some((name, password))) => {
            let mut request = vec![1];
            for word in [name, password] {
                request.push(u8::try_from(word.len()).map_err(|_| Refusal::Login)?);
                request.extend_from_slice(word.as_bytes());
            }
            stream
                .write_all(&request)
                .await
                .map_err(|error| broken(&error))?;
            let mut answer = [0; 2];
            let read = stream.read_exact(&mut answer).await;
            if read.is_err() || answer[1] != 0 {
                return Err(Refusal::Login);
            }
        }
        ([5, _], _) => return Err(Refusal::Login),
        _ => return Err(Refusal::Language),
    }
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let mut request = vec![5, 1, 0, 3, u8::try_from(name.len()).unwrap_or(u8::MAX)];
    request.extend_from_slice(name.as_bytes());
    request.extend_from_slice(&port.to_be_bytes());
    stream
        .write_all(&request)
        .await
        .map_err(|error| broken(&error))?;
    let mut answer = [0; 2];
    stream
        .read_exact(&mut answer)
        .await
        .map_err(|error| broken(&error))?;
    match answer {
        [5, 0] => Ok(()),
        [5, reply] => Err(Refusal::Reply(reply)),
        _ => Err(Refusal::Language),
    }
}

/// The proxy without its password.
fn shown(proxy: &Proxy) -> Shown {
    let kind = match proxy.kind() {
        Kind::Connect => "http",
        Kind::Socks => "socks5h",
    };
    Text::with(
        "{0}://{1}:{2}",
        "{0}://{1}:{2}",
        [kind.into(), Shown::said(proxy.host()), proxy.port().into()],
    )
    .into()
}

fn unreachable(proxy: &Proxy, trouble: Trouble) -> Told {
    if !proxy.is_port_given() {
        return (
            Text::with("{0}: {1}", "{0}：{1}", [shown(proxy), trouble.into()]),
            Text::with(
                "mj.proxy names no port, so {0} was tried: write the proxy's own behind its name, as http://127.0.0.1:7890",
                "mj.proxy 未写端口，因此尝试了 {0}：请在主机后写上代理的端口，如 http://127.0.0.1:7890",
                [proxy.port().into()],
            ),
        );
    }
    (
        Text::with("{0}: {1}", "{0}：{1}", [shown(proxy), trouble.into()]),
        Text::new(
            "see that the proxy runs and listens on that address for this machine, or correct mj.proxy",
            "请确认代理正在运行且监听该地址并允许本机访问，或更正 mj.proxy",
        ),
    )
}

fn tell(proxy: &Proxy, refusal: Refusal) -> Told {
    match refusal {
        Refusal::Broken(trouble) => unreachable(proxy, trouble),
        Refusal::Login => (
            Text::with(
                "{0} does not let us in: it wants a name and a password, or others",
                "{0} 拒绝登录：需要用户名与密码，或其不正确",
                [shown(proxy)],
            ),
            Text::new(
                "write them into mj.proxy, as http://name:password@host:port; what is no letter or digit in them as %XX",
                "请写入 mj.proxy，形如 http://用户名:密码@主机:端口；特殊字符写成 %XX",
            ),
        ),
        Refusal::Language => (
            Text::with(
                "what answers at {0} is no proxy of that kind",
                "{0} 处的服务不是该类型的代理",
                [shown(proxy)],
            ),
            Text::new(
                "give mj.proxy the port's own kind: http:// for an HTTP proxy, socks5h:// for a SOCKS5 proxy",
                "请按端口的类型填写 mj.proxy：HTTP 代理用 http://，SOCKS5 代理用 socks5h://",
            ),
        ),
        Refusal::Status(status) => (
            Text::with(
                "{0} answers with status {1}: it does not lead to that host",
                "{0} 返回状态 {1}：无法通过它访问该主机",
                [shown(proxy), status.into()],
            ),
            leads_nowhere(),
        ),
        Refusal::Reply(reply) => {
            let words = match reply {
                2 => ["its rules forbid it", "规则不允许"],
                3 | 4 => ["it finds no way there", "网络或主机不可达"],
                5 => ["the connection is refused", "连接被拒绝"],
                _ => ["it failed", "失败"],
            };
            (
                Text::with(
                    "{0} does not lead to that host: {1} (reply {2})",
                    "{0} 无法访问该主机：{1}（应答 {2}）",
                    [
                        shown(proxy),
                        Text::new(words[0], words[1]).into(),
                        u64::from(reply).into(),
                    ],
                ),
                leads_nowhere(),
            )
        }
    }
}

fn leads_nowhere() -> Text {
    Text::new(
        "allow the host and its port in the proxy's rules, and see whether the proxy's machine reaches it and knows its name",
        "请在代理规则中放行该主机与端口，并检查代理所在服务器能否访问并解析该主机",
    )
}
