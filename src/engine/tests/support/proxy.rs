//! Proxies on loopback that ask for a password, count, and lead every name to 127.0.0.1.

use std::{io, net::SocketAddr, sync::Arc};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};

/// Name and password that a proxy lets in, as they stand in its address.
pub(crate) const LOGIN: &str = "fox:red%20den";
const PASSWORD: &[u8] = b"red den";
/// The same for HTTP: Base64 of `fox:red den`.
const BASIC: &str = "Basic Zm94OnJlZCBkZW4=";

/// A proxy that runs as long as its runtime.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    targets: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone, Copy)]
enum Kind {
    Connect,
    Socks,
}

impl Proxy {
    /// One that answers `CONNECT`, and nothing else.
    pub(crate) fn connect(runtime: &Runtime) -> Self {
        Self::start(runtime, Kind::Connect)
    }

    /// One that speaks SOCKS5.
    pub(crate) fn socks(runtime: &Runtime) -> Self {
        Self::start(runtime, Kind::Socks)
    }

    /// Where it was asked to connect to, in order.
    pub(crate) fn targets(&self) -> Vec<String> {
        self.targets.lock().clone()
    }

    fn start(runtime: &Runtime, kind: Kind) -> Self {
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let targets = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&targets);
        runtime.spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let seen = Arc::clone(&seen);
                tokio::spawn(async move {
                    let _ = serve(near, kind, &seen).await;
                });
            }
        });
        Self { address, targets }
    }
}

async fn serve(mut near: TcpStream, kind: Kind, seen: &Mutex<Vec<String>>) -> io::Result<()> {
    let (host, port) = match kind {
        Kind::Connect => asked_by_http(&mut near).await?,
        Kind::Socks => asked_by_socks(&mut near).await?,
    };
    seen.lock().push(format!("{host}:{port}"));
    let mut far = TcpStream::connect(("127.0.0.1", port)).await?;
    let welcome: &[u8] = match kind {
        Kind::Connect => b"HTTP/1.1 200 Connection established\r\n\r\n",
        Kind::Socks => &[5, 0, 0, 1, 0, 0, 0, 0, 0, 0],
    };
    near.write_all(welcome).await?;
    copy_bidirectional(&mut near, &mut far).await?;
    Ok(())
}

async fn asked_by_http(near: &mut TcpStream) -> io::Result<(String, u16)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(near.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let target = head
        .strip_prefix("CONNECT ")
        .and_then(|rest| rest.split_once(' '));
    let login = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("proxy-authorization")
            .then_some(value)
    });
    match target.and_then(|(target, _)| target.rsplit_once(':')) {
        Some((host, port)) if login == Some(BASIC) => {
            Ok((host.to_owned(), port.parse().map_err(io::Error::other)?))
        }
        _ => {
            let refusal =
                b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
            near.write_all(refusal).await?;
            Err(io::ErrorKind::PermissionDenied.into())
        }
    }
}

async fn asked_by_socks(near: &mut TcpStream) -> io::Result<(String, u16)> {
    near.read_u8().await?;
    counted(near).await?;
    near.write_all(&[5, 2]).await?;
    near.read_u8().await?;
    let login = (counted(near).await?, counted(near).await?);
    let is_known = login == (b"fox".to_vec(), PASSWORD.to_vec());
    near.write_all(&[1, u8::from(!is_known)]).await?;
    if !is_known {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let mut request = [0; 4];
    near.read_exact(&mut request).await?;
    let host = if request[3] == 3 {
        String::from_utf8_lossy(&counted(near).await?).into_owned()
    } else {
        let mut address = [0; 4];
        near.read_exact(&mut address).await?;
        std::net::Ipv4Addr::from(address).to_string()
    };
    Ok((host, near.read_u16().await?))
}

/// As many bytes as the next one says.
async fn counted(near: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; near.read_u8().await?.into()];
    near.read_exact(&mut bytes).await?;
    Ok(bytes)
}
