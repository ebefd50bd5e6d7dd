//! One gateway connection: DNS, tunnel, TLS, WebSocket; frames in, frames out, and an end without a close frame.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use mj_discord::gateway::MAX_FRAME;
use rustls::{ClientConfig, pki_types::ServerName};
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Instant,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest,
        error::{ProtocolError, UrlError},
        http::{HeaderValue, header::USER_AGENT},
        protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode},
    },
};
use url::{Host, Url};

use crate::{
    network::Network,
    resolver::Resolver,
    trouble::Trouble,
    tunnel::{self, Proxy},
};

/// READY of a user account in many guilds is the largest, a few megabytes.
const LARGEST_MESSAGE: usize = MAX_FRAME;
/// More pings than this within [`PING_WINDOW`] are no question whether we are there: Discord sends none, proxies one in
/// some seconds.
const MOST_PINGS: u32 = 100;
const PING_WINDOW: Duration = Duration::from_secs(10);

/// How to reach gateways.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// The proxy.
    pub(crate) proxy: Option<Proxy>,
    /// Names to addresses.
    pub(crate) resolver: Resolver,
    /// For `wss://`.
    pub(crate) tls: Arc<ClientConfig>,
    /// What we say we are.
    pub(crate) user_agent: String,
    /// What is told how connections go.
    pub(crate) network: Arc<Network>,
}

/// Why a connection was not made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// DNS, TCP or the proxy.
    #[error("no connection")]
    Network(#[source] io::Error),
    /// TLS: the certificate or the protocol.
    #[error("no secure connection")]
    Tls(#[source] io::Error),
    /// A server that speaks HTTP and no WebSocket: with hosts of the operator's own, a reverse proxy without the
    /// Upgrade, SNI or Host setting.
    #[error(
        "HTTP status {0} in place of a WebSocket; a reverse proxy in between must pass Upgrade, SNI and Host on"
    )]
    Status(u16),
    /// Anything else that is not the handshake.
    #[error("no WebSocket")]
    Handshake(#[source] Box<Error>),
    /// Not an address that can be connected to.
    #[error("not a gateway address")]
    Address,
}

impl ConnectError {
    /// What is wrong on the way.
    pub(crate) fn trouble(&self) -> Trouble {
        match self {
            Self::Network(error) | Self::Tls(error) => Trouble::of(error),
            Self::Status(status) => Trouble::Page(*status),
            Self::Handshake(error) => trouble_of(error),
            Self::Address => Trouble::Name,
        }
    }
}

/// What a connection brought.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A text frame.
    Text(String),
    /// A binary frame.
    Binary(Vec<u8>),
    /// The end, with Discord's close code when there was one.
    Closed(Option<u16>),
    /// The end, for this reason.
    Broken(Trouble),
}

/// An open connection. Dropping it sends no close frame, so that the session can be resumed.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: WebSocketStream<Wire>,
    /// Pings since the window began.
    pings: u32,
    window: Instant,
    /// When something came last.
    heard: Instant,
}

impl Socket {
    /// Connects; no time-out of its own.
    pub(crate) async fn connect(url: &Url, route: &Route) -> Result<Self, ConnectError> {
        let host = url.host_str().ok_or(ConnectError::Address)?;
        let port = url.port_or_known_default().ok_or(ConnectError::Address)?;
        let stream = tunnel::open(host, port, route.proxy.as_ref(), &route.resolver)
            .await
            .map_err(ConnectError::Network)?;
        let wire = if url.scheme() == "wss" {
            let name = server_name(url).ok_or(ConnectError::Address)?;
            let connector = TlsConnector::from(Arc::clone(&route.tls));
            Wire::Tls(Box::new(
                connector
                    .connect(name, stream)
                    .await
                    .map_err(ConnectError::Tls)?,
            ))
        } else {
            Wire::Plain(stream)
        };
        Self::upgrade(wire, url, &route.user_agent)
            .await
            .map_err(|error| {
                if let Error::Http(response) = &*error {
                    return ConnectError::Status(response.status().as_u16());
                }
                if matches!(*error, Error::Url(_)) {
                    return ConnectError::Address;
                }
                ConnectError::Handshake(error)
            })
    }

    /// Makes a WebSocket of an open connection.
    ///
    /// # Errors
    /// [`Error::Url`] for what is no address, [`Error::Http`] with the answer that came in place of a WebSocket's.
    pub(crate) async fn upgrade(
        wire: Wire,
        url: &Url,
        user_agent: &str,
    ) -> Result<Self, Box<Error>> {
        let mut request = url
            .as_str()
            .into_client_request()
            .map_err(|_| Box::new(Error::Url(UrlError::NoPathOrQuery)))?;
        if let Ok(value) = HeaderValue::try_from(user_agent) {
            request.headers_mut().insert(USER_AGENT, value);
        }
        let config = WebSocketConfig::default()
            .max_message_size(Some(LARGEST_MESSAGE))
            .max_frame_size(Some(LARGEST_MESSAGE))
            .read_buffer_size(16 << 10);
        let (stream, _) = client_async_with_config(request, wire, Some(config))
            .await
            .map_err(Box::new)?;
        Ok(Self {
            stream,
            pings: 0,
            window: Instant::now(),
            heard: Instant::now(),
        })
    }

    /// For how long nothing came.
    pub(crate) fn silence(&self) -> Duration {
        self.heard.elapsed()
    }

    /// The next frame; pings are answered on the way.
    pub(crate) async fn next(&mut self) -> Incoming {
        loop {
            let next = self.stream.next().await;
            if matches!(next, Some(Ok(_))) {
                self.heard = Instant::now();
            }
            return match next {
                Some(Ok(Message::Text(text))) => Incoming::Text(text.as_str().to_owned()),
                Some(Ok(Message::Binary(bytes))) => Incoming::Binary(bytes.into()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) if self.is_flooded() => {
                    Incoming::Broken(Trouble::Flood)
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Ok(Message::Close(frame))) => {
                    Incoming::Closed(frame.map(|frame| frame.code.into()))
                }
                Some(Err(error)) => Incoming::Broken(trouble_of(&error)),
                None => Incoming::Broken(Trouble::Broken),
            };
        }
    }

    /// Counts a ping, or a pong that nobody asked for.
    fn is_flooded(&mut self) -> bool {
        if self.window.elapsed() > PING_WINDOW {
            self.window = Instant::now();
            self.pings = 0;
        }
        self.pings += 1;
        self.pings > MOST_PINGS
    }

    /// Sends a text frame.
    pub(crate) async fn send(&mut self, text: String) -> Result<(), Box<Error>> {
        self.stream
            .send(Message::Text(text.into()))
            .await
            .map_err(Box::new)
    }

    /// Sends a close frame; the answer is not waited for.
    pub(crate) async fn close(mut self, code: u16) {
        let frame = CloseFrame {
            code: CloseCode::from(code),
            reason: "".into(),
        };
        let _ = self.stream.send(Message::Close(Some(frame))).await;
    }

    /// Ends the connection at once, with a reset in place of all that waits to be sent. The shutdown also reaches
    /// copies of the descriptor that a forked child may have.
    pub(crate) fn reset(self) {
        let tcp = self.stream.get_ref().tcp();
        let _ = tcp.set_zero_linger();
        let _ = SockRef::from(tcp).shutdown(std::net::Shutdown::Both);
    }
}

/// The name that a host's certificate must have.
pub(crate) fn server_name(url: &Url) -> Option<ServerName<'static>> {
    Some(match url.host()? {
        Host::Domain(name) => ServerName::try_from(name.to_owned()).ok()?,
        Host::Ipv4(address) => ServerName::from(std::net::IpAddr::V4(address)),
        Host::Ipv6(address) => ServerName::from(std::net::IpAddr::V6(address)),
    })
}

/// What ended a connection.
pub(crate) fn trouble_of(error: &Error) -> Trouble {
    match error {
        Error::Capacity(_) => Trouble::TooLarge,
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Trouble::Broken,
        Error::Protocol(_) | Error::Utf8(_) => Trouble::Garbage,
        Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Io(_)
        | Error::Tls(_)
        | Error::WriteBufferFull(_)
        | Error::AttackAttempt
        | Error::Url(_)
        | Error::Http(_)
        | Error::HttpFormat(_) => Trouble::of(error),
    }
}

/// A stream with or without TLS.
#[derive(Debug)]
pub(crate) enum Wire {
    /// As it is.
    Plain(TcpStream),
    /// With TLS.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Wire {
    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;
    use crate::tls::Tls;

    fn route() -> Route {
        Route {
            proxy: None,
            resolver: Resolver::default(),
            tls: Tls::default().config(None).unwrap(),
            user_agent: "test".to_owned(),
            network: Arc::default(),
        }
    }

    #[tokio::test]
    async fn speaks_websocket_and_resets() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("ws://{}/?v=9", listener.local_addr().unwrap())).unwrap();
        let server = async {
            let (stream, _) = listener.accept().await.unwrap();
            let mut server = tokio_tungstenite::accept_async(stream).await.unwrap();
            server.send(Message::Text("hello".into())).await.unwrap();
            let first = server.next().await.unwrap().unwrap();
            let end = server.next().await;
            (first, end)
        };
        let client = async {
            let mut socket = Socket::connect(&url, &route()).await.unwrap();
            assert!(matches!(socket.next().await, Incoming::Text(text) if text == "hello"));
            socket.send("identify".to_owned()).await.unwrap();
            socket.reset();
        };
        let ((first, end), ()) = tokio::join!(server, client);
        assert_eq!(first, Message::Text("identify".into()));
        assert!(
            matches!(end, Some(Err(_)) | None),
            "no close frame: {end:?}"
        );
    }

    #[tokio::test]
    async fn leaves_a_gateway_that_floods_it() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("ws://{}/", listener.local_addr().unwrap())).unwrap();
        let server = async {
            let (stream, _) = listener.accept().await.unwrap();
            let mut server = tokio_tungstenite::accept_async(stream).await.unwrap();
            let ping = || Message::Ping("are you there?".into());
            while server.send(ping()).await.is_ok() {}
        };
        let client = async {
            let mut socket = Socket::connect(&url, &route()).await.unwrap();
            let end = socket.next().await;
            socket.reset();
            end
        };
        let ((), end) = tokio::join!(server, client);
        assert!(matches!(end, Incoming::Broken(Trouble::Flood)), "{end:?}");
    }

    #[tokio::test]
    async fn tells_the_status_of_a_reverse_proxy() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("ws://{}/", listener.local_addr().unwrap())).unwrap();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 1024];
            assert!(stream.read(&mut buffer).await.unwrap() > 0);
            stream
                .write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                .await
                .unwrap();
        };
        let ((), result) = {
            let route = route();
            tokio::join!(server, async move { Socket::connect(&url, &route).await })
        };
        assert!(
            matches!(result, Err(ConnectError::Status(502))),
            "{result:?}"
        );
    }
}
