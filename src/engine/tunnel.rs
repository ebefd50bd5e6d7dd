//! A TCP connection to a host: direct, or through an HTTP CONNECT or SOCKS5 proxy.

use std::{
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use hyper_util::{
    client::legacy::connect::proxy::{SocksV5, Tunnel},
    rt::TokioIo,
};
use socket2::SockRef;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::tungstenite::http::{HeaderValue, Uri};
use tower_service::Service;
use url::Url;

use crate::resolver::{NoAddress, Resolver};

/// How long one address may take before the next is tried.
const ADDRESS_TIMEOUT: Duration = Duration::from_secs(4);
/// Data that nobody acknowledges for this long ends the connection (tcp(7), `TCP_USER_TIMEOUT`): a request that its
/// owner has let go does not arrive after that.
pub(crate) const USER_TIMEOUT: Duration = Duration::from_secs(20);

/// A proxy, as configured.
#[derive(Clone)]
pub(crate) struct Proxy {
    kind: Kind,
    /// `http://host:port`, as the connector is asked for it.
    address: Uri,
    is_port_given: bool,
    user: Option<(String, String)>,
}

/// What a proxy speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// HTTP, and is asked to `CONNECT`.
    Connect,
    /// SOCKS5.
    Socks,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl Proxy {
    /// Reads `http://user:password@host:port` or `socks5h://…`; none when it is neither.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let (kind, port) = match url.scheme() {
            "http" => (Kind::Connect, 80),
            "socks5" | "socks5h" => (Kind::Socks, 1_080),
            _ => return None,
        };
        let address = format!("http://{}:{}/", url.host_str()?, url.port().unwrap_or(port))
            .parse()
            .ok()?;
        let decode = |text: &str| percent_decode(text);
        let user = (!url.username().is_empty()).then(|| {
            (
                decode(url.username()),
                decode(url.password().unwrap_or_default()),
            )
        });
        Some(Self {
            kind,
            address,
            // `Url` leaves out the port that its scheme has anyway.
            is_port_given: url.port().is_some() || text.trim_end_matches('/').ends_with(":80"),
            user,
        })
    }
}

impl Proxy {
    /// What it speaks.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Its name or address.
    pub(crate) fn host(&self) -> &str {
        self.address.host().unwrap_or_default()
    }

    /// Its port.
    pub(crate) fn port(&self) -> u16 {
        self.address.port_u16().unwrap_or_default()
    }

    /// Whether the port is the configured one, and not what its kind has mostly.
    pub(crate) fn is_port_given(&self) -> bool {
        self.is_port_given
    }

    /// The name and the password that it wants. Never to be shown.
    pub(crate) fn login(&self) -> Option<(&str, &str)> {
        let (name, password) = self.user.as_ref()?;
        Some((name, password))
    }
}

/// Opens a connection to `host:port`. Names are resolved by the proxy when there is one.
///
/// # Errors
/// What the network, the resolver or the proxy said; no address, since a host may carry what is private.
pub(crate) async fn open(
    host: &str,
    port: u16,
    proxy: Option<&Proxy>,
    resolver: &Resolver,
) -> io::Result<TcpStream> {
    let target: Uri = format!("http://{host}:{port}/")
        .parse()
        .map_err(io::Error::other)?;
    let mut direct = Direct(resolver.clone());
    let Some(proxy) = proxy else {
        return direct.call(target).await.map(TokioIo::into_inner);
    };
    match (proxy.kind, &proxy.user) {
        (Kind::Connect, user) => {
            let mut tunnel = Tunnel::new(proxy.address.clone(), direct);
            if let Some((name, password)) = user {
                let value = format!("Basic {}", base64(format!("{name}:{password}").as_bytes()));
                tunnel = tunnel.with_auth(HeaderValue::try_from(value).map_err(io::Error::other)?);
            }
            tunnel.call(target).await.map_err(io::Error::other)
        }
        (Kind::Socks, user) => {
            let mut socks = SocksV5::new(proxy.address.clone(), direct);
            if let Some((name, password)) = user {
                socks = socks.with_auth(name.clone(), password.clone());
            }
            socks.call(target).await.map_err(io::Error::other)
        }
    }
    .map(TokioIo::into_inner)
}

/// Connects to the host of an address.
#[derive(Clone, Debug)]
struct Direct(Resolver);

impl Service<Uri> for Direct {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<TcpStream>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let resolver = self.0.clone();
        Box::pin(async move {
            let host = target.host().ok_or(io::ErrorKind::InvalidInput)?;
            let port = target.port_u16().ok_or(io::ErrorKind::InvalidInput)?;
            let mut last = io::Error::other(NoAddress);
            for address in resolver.lookup(host).await? {
                match timeout(
                    ADDRESS_TIMEOUT,
                    TcpStream::connect(SocketAddr::new(address, port)),
                )
                .await
                {
                    Ok(Ok(stream)) => {
                        stream.set_nodelay(true)?;
                        SockRef::from(&stream).set_tcp_user_timeout(Some(USER_TIMEOUT))?;
                        return Ok(TokioIo::new(stream));
                    }
                    Ok(Err(error)) => last = error,
                    Err(_) => last = io::ErrorKind::TimedOut.into(),
                }
            }
            Err(last)
        })
    }
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = (*first == b'%')
            .then(|| {
                tail.get(..2)
                    .and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok())
            })
            .flatten();
        if let Some(byte) = escaped {
            bytes.push(byte);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn base64(bytes: &[u8]) -> String {
    use ::base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    async fn read_until(stream: &mut TcpStream, end: &[u8]) -> Vec<u8> {
        let mut seen = Vec::new();
        while !seen.ends_with(end) {
            seen.push(stream.read_u8().await.unwrap());
        }
        seen
    }

    #[tokio::test]
    async fn asks_an_http_proxy_to_connect() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let proxy = Proxy::parse(&format!("http://me:p%40ss@127.0.0.1:{port}")).unwrap();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = String::from_utf8(read_until(&mut stream, b"\r\n\r\n").await).unwrap();
            stream.write_all(b"HTTP/1.1 200 ok\r\n\r\n").await.unwrap();
            assert_eq!(stream.read_u8().await.unwrap(), b'y');
            request
        };
        let resolver = Resolver::default();
        let client = async {
            let mut stream = open("gateway.invalid", 443, Some(&proxy), &resolver)
                .await
                .unwrap();
            stream.write_all(b"y").await.unwrap();
        };
        let (request, ()) = tokio::join!(server, client);
        assert!(
            request.starts_with("CONNECT gateway.invalid:443 HTTP/1.1\r\n"),
            "{request}"
        );
        assert!(
            request.contains("Proxy-Authorization: Basic bWU6cEBzcw==\r\n"),
            "{request}"
        );
    }

    #[tokio::test]
    async fn asks_a_socks_proxy_by_name() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let proxy = Proxy::parse(&format!("socks5h://127.0.0.1:{port}")).unwrap();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut greeting = [0; 3];
            stream.read_exact(&mut greeting).await.unwrap();
            stream.write_all(&[5, 0]).await.unwrap();
            let mut head = [0; 5];
            stream.read_exact(&mut head).await.unwrap();
            let mut name = vec![0; usize::from(head[4]) + 2];
            stream.read_exact(&mut name).await.unwrap();
            stream
                .write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
                .await
                .unwrap();
            (head[3], name)
        };
        let resolver = Resolver::default();
        let ((kind, name), stream) = tokio::join!(
            server,
            open("gateway.invalid", 443, Some(&proxy), &resolver)
        );
        stream.unwrap();
        assert_eq!(kind, 3);
        assert_eq!(&name[..name.len() - 2], b"gateway.invalid");
        assert_eq!(&name[name.len() - 2..], 443_u16.to_be_bytes());
    }

    #[tokio::test]
    async fn a_refusing_proxy_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let proxy = Proxy::parse(&format!("http://127.0.0.1:{port}")).unwrap();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_until(&mut stream, b"\r\n\r\n").await;
            stream.write_all(b"HTTP/1.1 407 no\r\n\r\n").await.unwrap();
        };
        let resolver = Resolver::default();
        let ((), stream) = tokio::join!(
            server,
            open("gateway.invalid", 443, Some(&proxy), &resolver)
        );
        assert!(stream.is_err());
    }

    #[test]
    fn knows_whether_its_port_was_written() {
        for (text, is_given) in [
            ("http://127.0.0.1", false),
            ("http://127.0.0.1:80", true),
            ("http://me:pass@127.0.0.1:3128", true),
            ("socks5h://proxy.example", false),
            ("socks5h://proxy.example:1080", true),
        ] {
            let proxy = Proxy::parse(text).unwrap();
            assert_eq!(proxy.is_port_given(), is_given, "{text}");
        }
    }

    #[test]
    fn only_known_schemes() {
        assert!(Proxy::parse("https://127.0.0.1:1").is_none());
        assert!(Proxy::parse("nonsense").is_none());
    }
}
