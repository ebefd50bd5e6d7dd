//! A reverse proxy between the extension and the simulator that fails on command.
//!
//! It prints one line of JSON (its port, the file with its authority), then takes a command in each line of standard
//! input and answers each with a line: `{"fault": "reset_tls"}` begins a fault, `{"fault": null}` ends it. It ends
//! with its standard input. A connection carries one HTTP request, or becomes a gateway's.
#![forbid(unsafe_code)]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "each place plays a few of the many faults"
)]

mod answers;
mod certificates;
mod fault;
mod gateway;
mod http;
mod wire;

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use serde::Deserialize;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch,
};

use self::{
    certificates::Certificates,
    fault::{Fault, Phase},
};

/// Connections that wait to be accepted.
const BACKLOG: u32 = 64;

/// One command.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Command {
    fault: Option<Fault>,
}

/// What every connection knows.
pub(crate) struct Proxy {
    certificates: Certificates,
    /// The simulator.
    upstream: SocketAddr,
    /// What is wrong now.
    fault: watch::Receiver<Option<Fault>>,
    /// Connections accepted since the fault began.
    accepted: AtomicU64,
}

impl Proxy {
    /// What is wrong now.
    pub(crate) fn now(&self) -> Option<Fault> {
        *self.fault.borrow()
    }

    /// A connection to the simulator.
    pub(crate) async fn upstream(&self) -> io::Result<TcpStream> {
        TcpStream::connect(self.upstream).await
    }

    /// For those that want to hear of changes.
    pub(crate) fn watch(&self) -> watch::Receiver<Option<Fault>> {
        self.fault.clone()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let mut words = std::env::args().skip(1);
    let (Some(upstream), Some(ca_file)) = (words.next(), words.next()) else {
        return Err(io::Error::other(
            "usage: mj-fault-proxy UPSTREAM-ADDRESS CA-FILE",
        ));
    };
    let upstream = upstream.parse().map_err(io::Error::other)?;
    let certificates = Certificates::new()?;
    std::fs::write(&ca_file, &certificates.authority)?;
    // Bound all the time and never listening, so that the port stays ours while connections are refused.
    let place = bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let address = place.local_addr()?;
    let (switch, fault) = watch::channel(None);
    let proxy = Arc::new(Proxy {
        certificates,
        upstream,
        fault,
        accepted: AtomicU64::new(0),
    });
    let listener = bind(address)?.listen(BACKLOG)?;
    tokio::spawn(serve(address, listener, Arc::clone(&proxy)));
    obey(&switch, &proxy, address.port()).await
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Does what standard input says, until its end.
async fn obey(switch: &watch::Sender<Option<Fault>>, proxy: &Proxy, port: u16) -> io::Result<()> {
    let mut stdout = tokio::io::stdout();
    let mut say = async |line: serde_json::Value| {
        stdout.write_all(format!("{line}\n").as_bytes()).await?;
        stdout.flush().await
    };
    say(json!({"port": port})).await?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let command: Command = serde_json::from_str(&line).map_err(io::Error::other)?;
        // A fault that ends says how many connections it met.
        let accepted = proxy.accepted.swap(0, Ordering::Relaxed);
        switch.send_replace(command.fault);
        say(json!({"accepted": accepted})).await?;
    }
    Ok(())
}

/// Accepts connections whenever they are not refused.
async fn serve(address: SocketAddr, listener: TcpListener, proxy: Arc<Proxy>) -> io::Result<()> {
    let mut changes = proxy.watch();
    let mut listener = Some(listener);
    loop {
        let is_refusing = *changes.borrow_and_update() == Some(Fault::Refused);
        if is_refusing {
            listener = None;
        } else if listener.is_none() {
            listener = Some(bind(address)?.listen(BACKLOG)?);
        }
        let accept = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            accepted = accept => {
                if let Ok((stream, _)) = accepted {
                    proxy.accepted.fetch_add(1, Ordering::Relaxed);
                    tokio::spawn(welcome(stream, Arc::clone(&proxy)));
                }
            }
            news = changes.changed() => {
                if news.is_err() {
                    return Ok(());
                }
            }
        }
    }
}

/// Serves one connection. How it ends is the client's to see.
async fn welcome(stream: TcpStream, proxy: Arc<Proxy>) {
    let fault = proxy.now();
    if fault.is_some_and(|fault| fault.phase(false) == Phase::Connection) {
        let met = wire::meet(stream, fault, &proxy.certificates).await;
        drop(met);
        return;
    }
    let _ = stream.set_nodelay(true);
    if let Ok(stream) = proxy.certificates.acceptor(fault).accept(stream).await {
        let _ = http::serve(stream, &proxy, fault).await;
    }
}
