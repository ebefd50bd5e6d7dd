//! Faults before HTTP: of TCP and of TLS.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

use crate::{certificates::Certificates, fault::Fault};

/// A client's connection.
pub(crate) type Client = TlsStream<TcpStream>;

/// How long a silent connection is held: longer than any test.
const FOREVER: Duration = Duration::from_secs(3_600);

/// Ends a connection with a reset.
pub(crate) fn reset(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}

/// Ends a client's connection with a reset.
pub(crate) fn reset_client(client: &Client) {
    reset(client.get_ref().0);
}

/// Holds a connection and says nothing, until the client leaves.
pub(crate) async fn be_silent(client: &mut (impl AsyncReadExt + Unpin)) {
    let swallow = async {
        let mut buffer = [0; 1024];
        while client.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
    };
    let _ = tokio::time::timeout(FOREVER, swallow).await;
}

/// Plays a fault that strikes before HTTP.
pub(crate) async fn meet(
    mut stream: TcpStream,
    fault: Option<Fault>,
    certificates: &Certificates,
) -> io::Result<()> {
    match fault {
        Some(Fault::ResetTls) => {
            hello(&mut stream).await?;
            reset(&stream);
        }
        Some(Fault::BlackHole) => be_silent(&mut stream).await,
        Some(Fault::TlsOld) => {
            hello(&mut stream).await?;
            stream.write_all(&old_server_hello()).await?;
            be_silent(&mut stream).await;
        }
        Some(Fault::TlsNone) => {
            hello(&mut stream).await?;
            let page = b"HTTP/1.1 400 Bad Request\r\nserver: nginx\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(page).await?;
            stream.shutdown().await?;
        }
        Some(
            Fault::TlsExpired
            | Fault::TlsWrongHost
            | Fault::TlsUnknownCa
            | Fault::TlsSelfSigned
            | Fault::TlsAuthority
            | Fault::TlsNameless,
        ) => {
            // The client turns away.
            if let Ok(mut client) = certificates.acceptor(fault).accept(stream).await {
                be_silent(&mut client).await;
            }
        }
        _ => reset(&stream),
    }
    Ok(())
}

/// Reads the first bytes that the client says.
async fn hello(stream: &mut TcpStream) -> io::Result<()> {
    let mut buffer = [0; 4096];
    stream.read(&mut buffer).await.map(|_| ())
}

/// `ServerHello` of TLS 1.0 with `TLS_RSA_WITH_AES_128_CBC_SHA`.
fn old_server_hello() -> Vec<u8> {
    let mut hello = vec![22, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1];
    hello.extend_from_slice(&[7; 32]);
    hello.extend_from_slice(&[0, 0, 0x2F, 0]);
    hello
}
