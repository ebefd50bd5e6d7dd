//! One HTTP request of a connection: passed on, or answered as the fault wants it.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::sleep,
};

use crate::{
    Proxy, answers,
    fault::{Fault, Phase},
    gateway,
    wire::{self, Client},
};

/// The longest head that is read.
const LARGEST_HEAD: usize = 64 << 10;
/// Between two bytes of a slow answer.
pub(crate) const SLOWLY: Duration = Duration::from_millis(700);
/// What an oversized answer has.
const OVERSIZED: u64 = 1 << 30;

/// A request as it came.
struct Request {
    /// With the empty line.
    head: String,
    body: Vec<u8>,
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    fn is_upgrade(&self) -> bool {
        self.header("upgrade").is_some()
    }

    fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or("/")
    }

    /// The same for the simulator, which is to close the connection behind its answer.
    fn passed_on(&self) -> Vec<u8> {
        let mut head = String::new();
        for line in self.head.lines().filter(|line| !line.is_empty()) {
            let is_hop = line.to_ascii_lowercase().starts_with("connection:");
            if self.is_upgrade() || !is_hop {
                head.push_str(line);
                head.push_str("\r\n");
            }
        }
        if !self.is_upgrade() {
            head.push_str("connection: close\r\n");
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// Serves a connection's only request.
pub(crate) async fn serve(
    mut client: Client,
    proxy: &Proxy,
    fault: Option<Fault>,
) -> io::Result<()> {
    let request = read_request(&mut client).await?;
    let fault = match fault {
        Some(fault) if fault.phase(request.is_upgrade()) == Phase::Answer => Some(fault),
        _ => None,
    };
    let Some(fault) = fault else {
        return pass_on(client, proxy, &request).await;
    };
    let answer = if fault.is_passed_on() && !request.is_upgrade() {
        exchange(proxy, &request).await?
    } else {
        Vec::new()
    };
    fail(&mut client, fault, &request, &answer).await
}

/// A healthy connection.
async fn pass_on(mut client: Client, proxy: &Proxy, request: &Request) -> io::Result<()> {
    let mut upstream = proxy.upstream().await?;
    upstream.set_nodelay(true)?;
    upstream.write_all(&request.passed_on()).await?;
    if request.is_upgrade() {
        return gateway::relay(client, upstream, proxy).await;
    }
    let mut changes = proxy.watch();
    changes.borrow_and_update();
    tokio::select! {
        copied = tokio::io::copy(&mut upstream, &mut client) => {
            copied?;
            client.shutdown().await
        }
        // A fault that begins while an answer is on its way cuts it.
        _ = changes.changed() => {
            wire::reset_client(&client);
            Ok(())
        }
    }
}

/// The simulator's whole answer.
async fn exchange(proxy: &Proxy, request: &Request) -> io::Result<Vec<u8>> {
    let mut upstream: TcpStream = proxy.upstream().await?;
    upstream.write_all(&request.passed_on()).await?;
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer).await?;
    Ok(answer)
}

async fn fail(
    client: &mut Client,
    fault: Fault,
    request: &Request,
    answer: &[u8],
) -> io::Result<()> {
    let json = "application/json";
    match fault {
        Fault::ResetRequest | Fault::LostAnswer => wire::reset_client(client),
        Fault::ResetHeaders => {
            send(client, b"HTTP/1.1 20").await?;
            wire::reset_client(client);
        }
        Fault::ResetBody => {
            send(client, answers::head(json, "", 1_000).as_bytes()).await?;
            send(client, b"{\"id\": \"1\", ").await?;
            // What is sent must have arrived, or the reset takes it along.
            sleep(Duration::from_millis(100)).await;
            wire::reset_client(client);
        }
        Fault::Truncated => {
            send(client, answers::head(json, "", 1_000).as_bytes()).await?;
            send(client, b"{\"id\": \"1\", ").await?;
            client.shutdown().await?;
        }
        Fault::Silent => {
            send(client, answers::head(json, "", 1_000).as_bytes()).await?;
            wire::be_silent(client).await;
        }
        Fault::SlowLoris => {
            for byte in answer {
                send(client, std::slice::from_ref(byte)).await?;
                sleep(SLOWLY).await;
            }
        }
        Fault::Oversized => {
            send(client, answers::head(json, "", OVERSIZED).as_bytes()).await?;
            let chunk = vec![b' '; 1 << 20];
            for _ in 0..OVERSIZED / chunk.len() as u64 {
                send(client, &chunk).await?;
            }
        }
        _ => {
            let host = request.header("host").unwrap_or("localhost");
            let whole = answers::of(fault, host, request.path()).unwrap_or_default();
            send(client, &whole).await?;
            client.shutdown().await?;
        }
    }
    Ok(())
}

async fn send(client: &mut Client, bytes: &[u8]) -> io::Result<()> {
    client.write_all(bytes).await?;
    client.flush().await
}

async fn read_request(client: &mut Client) -> io::Result<Request> {
    let mut seen = Vec::new();
    let mut buffer = vec![0; 16 << 10];
    let end = loop {
        let count = client.read(&mut buffer).await?;
        if count == 0 || seen.len() > LARGEST_HEAD {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        seen.extend_from_slice(&buffer[..count]);
        if let Some(at) = seen.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let body = seen.split_off(end);
    let head = String::from_utf8(seen).map_err(io::Error::other)?;
    let mut request = Request { head, body };
    let length = request
        .header("content-length")
        .and_then(|length| length.parse::<usize>().ok())
        .unwrap_or(0);
    while request.body.len() < length {
        let count = client.read(&mut buffer).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        request.body.extend_from_slice(&buffer[..count]);
    }
    Ok(request)
}
