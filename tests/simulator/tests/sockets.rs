//! The driver over real sockets: TLS and its faults, lost answers, pictures, compression.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use mj_simulator::picture::read_identity;
use mj_simulator::server::{Options, Server, TlsFault};
use mj_simulator::world::Settings;
use reqwest::{Certificate, Client};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;

type Failure = Box<dyn std::error::Error>;

const TIME: Duration = Duration::from_secs(20);

fn client(authority: Option<&str>) -> Result<Client, Failure> {
    // The second caller finds the provider installed, which is what it wants.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder().user_agent("test/1.0").timeout(TIME);
    Ok(match authority {
        Some(pem) => builder
            .tls_certs_only([Certificate::from_pem(pem.as_bytes())?])
            .build()?,
        None => builder.tls_certs_only([]).build()?,
    })
}

fn text<'a>(line: &'a Value, name: &str) -> &'a str {
    line[name].as_str().unwrap_or_default()
}

async fn imagine(client: &Client, line: &Value, prompt: &str) -> Result<u16, reqwest::Error> {
    let body = json!({
        "type": 2, "application_id": "936929561302675456", "guild_id": line["guild_id"], "channel_id": line["channel_id"],
        "session_id": line["session_id"], "nonce": "1",
        "data": {
            "version": "1237876415471554623", "id": "938956540159881230", "name": "imagine", "type": 1,
            "options": [{"type": 3, "name": "prompt", "value": prompt}],
        },
    });
    let request = client
        .post(format!("{}/api/v9/interactions", text(line, "api_url")))
        .header("authorization", text(line, "user_token"))
        .header("content-type", "application/json")
        .body(body.to_string());
    Ok(request.send().await?.status().as_u16())
}

async fn control(client: &Client, line: &Value, command: Value) -> Result<Value, Failure> {
    let answer = client
        .post(text(line, "control_url"))
        .body(command.to_string())
        .send()
        .await?;
    Ok(serde_json::from_slice(&answer.bytes().await?)?)
}

/// Waits until the first job has a picture.
async fn picture(client: &Client, line: &Value) -> Result<Value, Failure> {
    let found = async {
        loop {
            let record =
                control(client, line, json!({"command": "record", "sha256": true})).await?;
            if record["interactions"][0]["sha256"].is_string() {
                return Ok::<_, Failure>(record["interactions"][0].clone());
            }
        }
    };
    tokio::time::timeout(TIME, found).await?
}

#[tokio::test]
async fn a_lost_answer_leaves_a_job_behind() -> Result<(), Failure> {
    let server = Server::start(
        Settings {
            speed: 1000.0,
            ..Settings::default()
        },
        Options::default(),
    )
    .await?;
    let (line, client) = (server.announcement(), client(None)?);
    let fault = json!({"command": "fault", "http": {"path": "/interactions", "reset": "after"}});
    control(&client, line, fault).await?;
    assert!(imagine(&client, line, "a harbour").await.is_err());
    let job = picture(&client, line).await?;
    let file = client
        .get(text(&job, "picture_url"))
        .send()
        .await?
        .bytes()
        .await?;
    let digest = mj_simulator::random::hex(&Sha256::digest(&file));
    assert_eq!(job["sha256"], digest.as_str());
    let grid = image::load_from_memory(&file)?;
    let cell = grid
        .crop_imm(grid.width() / 2, 0, grid.width() / 2, grid.height() / 2)
        .to_rgb8();
    assert_eq!(
        read_identity(&cell),
        Some((text(&job, "job_id").to_owned(), 2))
    );
    Ok(())
}

#[tokio::test]
async fn speaks_tls_with_its_own_authority() -> Result<(), Failure> {
    for (fault, works) in [
        (TlsFault::None, true),
        (TlsFault::Expired, false),
        (TlsFault::WrongHost, false),
    ] {
        let options = Options {
            tls: Some(fault),
            ..Options::default()
        };
        let server = Server::start(Settings::default(), options).await?;
        let client = client(server.authority())?;
        let url = format!("{}/api/v10/gateway", text(server.announcement(), "api_url"));
        assert_eq!(client.get(url).send().await.is_ok(), works, "{fault:?}");
    }
    Ok(())
}

#[tokio::test]
async fn zlib_stream_is_one_context_flushed_per_message() -> Result<(), Failure> {
    let server = Server::start(Settings::default(), Options::default()).await?;
    let line = server.announcement();
    let host = text(line, "gateway_url")
        .trim_start_matches("ws://")
        .to_owned();
    let stream = TcpStream::connect(&host).await?;
    let url = format!("ws://{host}/?v=9&encoding=json&compress=zlib-stream");
    let (mut socket, _) = client_async(url, stream).await?;
    let mut inflate = flate2::Decompress::new(true);
    let mut read = async |socket: &mut tokio_tungstenite::WebSocketStream<TcpStream>| -> Result<Value, Failure> {
        let Some(Ok(Message::Binary(bytes))) = socket.next().await else { return Err("no binary message".into()) };
        assert!(bytes.ends_with(&[0, 0, 0xff, 0xff]));
        let mut text = Vec::with_capacity(1 << 20);
        inflate.decompress_vec(&bytes, &mut text, flate2::FlushDecompress::Sync)?;
        Ok(serde_json::from_slice(&text)?)
    };
    assert_eq!(read(&mut socket).await?["op"], 10);
    let identify = json!({"op": 2, "d": {"token": line["user_token"], "properties": {}, "capabilities": 16381}});
    socket.send(Message::text(identify.to_string())).await?;
    assert_eq!(read(&mut socket).await?["t"], "READY");
    assert_eq!(read(&mut socket).await?["t"], "READY_SUPPLEMENTAL");
    Ok(())
}

#[tokio::test]
async fn a_dropped_connection_ends_without_a_close_frame() -> Result<(), Failure> {
    let server = Server::start(Settings::default(), Options::default()).await?;
    let (line, client) = (server.announcement(), client(None)?);
    let host = text(line, "gateway_url")
        .trim_start_matches("ws://")
        .to_owned();
    let connect = async || -> Result<_, Failure> {
        let stream = TcpStream::connect(&host).await?;
        let (mut socket, _) =
            client_async(format!("ws://{host}/?v=10&encoding=json"), stream).await?;
        assert!(matches!(socket.next().await, Some(Ok(Message::Text(_)))));
        Ok(socket)
    };
    let mut socket = connect().await?;
    control(
        &client,
        line,
        json!({"command": "fault", "gateway": "drop"}),
    )
    .await?;
    assert!(matches!(
        tokio::time::timeout(TIME, socket.next()).await?,
        None | Some(Err(_))
    ));
    let mut socket = connect().await?;
    control(
        &client,
        line,
        json!({"command": "fault", "gateway": "close", "code": 4008}),
    )
    .await?;
    let Some(Ok(Message::Close(Some(frame)))) = tokio::time::timeout(TIME, socket.next()).await?
    else {
        return Err("no close frame".into());
    };
    assert_eq!(u16::from(frame.code), 4008);
    Ok(())
}

#[tokio::test]
async fn a_reset_connection_ends_with_an_error() -> Result<(), Failure> {
    let server = Server::start(Settings::default(), Options::default()).await?;
    let (line, client) = (server.announcement(), client(None)?);
    let host = text(line, "gateway_url").trim_start_matches("ws://");
    let url = format!("ws://{host}/?v=10&encoding=json");
    let (mut socket, _) = client_async(url, TcpStream::connect(host).await?).await?;
    assert!(matches!(socket.next().await, Some(Ok(Message::Text(_)))));
    let fault = json!({"command": "fault", "gateway": "drop", "reset": true});
    control(&client, line, fault).await?;
    let read = async { socket.get_mut().read(&mut [0; 64]).await };
    let end = tokio::time::timeout(TIME, read).await?;
    let kind = end.map_err(|error| error.kind());
    assert_eq!(kind, Err(std::io::ErrorKind::ConnectionReset));
    Ok(())
}

#[tokio::test]
async fn huge_frames_and_garbage_reach_the_client_whole() -> Result<(), Failure> {
    let server = Server::start(Settings::default(), Options::default()).await?;
    let (line, client) = (server.announcement(), client(None)?);
    let host = text(line, "gateway_url").trim_start_matches("ws://");
    let url = format!("ws://{host}/?v=10&encoding=json");
    let (mut socket, _) = client_async(url, TcpStream::connect(host).await?).await?;
    let identify = json!({"op": 2, "d": {"token": line["user_token"], "properties": {}}});
    socket.send(Message::text(identify.to_string())).await?;
    for _ in ["hello", "ready", "supplemental"] {
        assert!(matches!(socket.next().await, Some(Ok(Message::Text(_)))));
    }
    let huge = json!({"command": "fault", "gateway": "huge_frame", "bytes": 3 << 20});
    control(&client, line, huge).await?;
    let Some(Ok(Message::Text(frame))) = tokio::time::timeout(TIME, socket.next()).await? else {
        return Err("no huge frame".into());
    };
    let frame: Value = serde_json::from_str(&frame)?;
    assert_eq!(
        (&frame["s"], &frame["t"]),
        (&json!(3), &json!("SOMETHING_NEW"))
    );
    assert_eq!(text(&frame["d"], "filler").len(), 3 << 20);
    control(
        &client,
        line,
        json!({"command": "fault", "gateway": "garbage"}),
    )
    .await?;
    let Some(Ok(Message::Binary(bytes))) = tokio::time::timeout(TIME, socket.next()).await? else {
        return Err("no garbage".into());
    };
    assert!(std::str::from_utf8(&bytes).is_err());
    // The session goes on.
    control(
        &client,
        line,
        json!({"command": "say", "content": "after it"}),
    )
    .await?;
    let Some(Ok(Message::Text(frame))) = tokio::time::timeout(TIME, socket.next()).await? else {
        return Err("no event".into());
    };
    assert!(frame.contains("after it"));
    Ok(())
}

#[tokio::test]
async fn pictures_come_whole_in_parts_and_as_heads() -> Result<(), Failure> {
    let settings = Settings {
        speed: 1_000.0,
        ..Settings::default()
    };
    let server = Server::start(settings, Options::default()).await?;
    let line = server.announcement();
    let client = client(None)?;
    assert_eq!(imagine(&client, line, "a harbour").await?, 204);
    let job = picture(&client, line).await?;
    let url = text(&job, "picture_url");
    let whole = client.get(url).send().await?.bytes().await?;
    let part = client
        .get(url)
        .header("range", "bytes=100-299")
        .send()
        .await?;
    assert_eq!(part.status(), 206);
    let told = part.headers()["content-range"].to_str()?.to_owned();
    assert_eq!(told, format!("bytes 100-299/{}", whole.len()));
    assert_eq!(part.bytes().await?, whole.slice(100..300));
    let head = client.head(url).send().await?;
    assert_eq!(
        head.headers()["content-length"].to_str()?,
        whole.len().to_string()
    );
    assert!(head.bytes().await?.is_empty());
    Ok(())
}
