//! HTTP/1.1 in front of the world: requests become values, upgrades become gateway connections.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{
    AUTHORIZATION, CONNECTION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RANGE,
    SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE, USER_AGENT,
};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::driver::Driver;
use super::socket;
use crate::world::{self, Admission, Body, Connect};

/// Largest request body read: Discord's upload limit and room for a form around it.
const BODY_LIMIT: usize = 12 << 20;

/// What each connection needs.
#[derive(Clone)]
pub(super) struct Service {
    pub(super) driver: Arc<Driver>,
    pub(super) resume_host: bool,
    pub(super) stopped: watch::Receiver<bool>,
    /// Set to end the connection with a RST.
    pub(super) reset: Arc<AtomicBool>,
}

/// The connection ends without an answer.
#[derive(Debug)]
struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("connection cut")
    }
}

impl std::error::Error for Cut {}

type Answer = Result<Response<Full<Bytes>>, Cut>;

/// Serves one TCP or TLS connection.
pub(super) async fn serve<S>(stream: S, service: Service)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let answer = service_fn(move |request| answer(service.clone(), request));
    // An error here is a peer that went away or a cut on purpose.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), answer)
        .with_upgrades()
        .await;
}

async fn answer(service: Service, request: Request<Incoming>) -> Answer {
    let is_upgraded = text(request.headers(), &UPGRADE)
        .is_some_and(|upgrade| upgrade.eq_ignore_ascii_case("websocket"));
    // RFC 6455, section 4.2.1: both are needed.
    let is_asked = text(request.headers(), &CONNECTION).is_some_and(|connection| {
        let mut options = connection.split(',').map(str::trim);
        options.any(|option| option.eq_ignore_ascii_case("upgrade"))
    });
    if is_upgraded && is_asked {
        return upgrade(service, request);
    }
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_LIMIT).collect().await else {
        return respond(world_response(413, "Payload Too Large"));
    };
    let body = body.to_bytes();
    if parts.uri.path() == "/control" {
        return control(&service.driver, body).await;
    }
    let request = world::Request {
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        authorization: text(&parts.headers, &AUTHORIZATION),
        user_agent: text(&parts.headers, &USER_AGENT),
        content_type: text(&parts.headers, &CONTENT_TYPE),
        range: text(&parts.headers, &RANGE),
        body: body.to_vec(),
    };
    let response = service
        .driver
        .with_world(|world, now| world.handle_request(now, &request));
    if response.delay > 0 {
        tokio::time::sleep(Duration::from_millis(response.delay)).await;
    }
    if response.cut {
        return Err(Cut);
    }
    let bytes = match response.body {
        Body::Bytes(bytes) => bytes,
        Body::Picture(picture) => {
            let drawn = tokio::task::spawn_blocking(move || picture.draw()).await;
            let Ok(Ok(file)) = drawn else {
                return respond(world_response(500, "drawing failed"));
            };
            service.driver.remember(&request.path, &file);
            match response.part {
                Some(part) => file[part].to_vec(),
                None => file,
            }
        }
    };
    let mut answer = Response::new(Full::new(Bytes::from(bytes)));
    *answer.status_mut() =
        StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in response.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            answer
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
    }
    respond(answer)
}

// The handlers below share one signature with `answer`.
#[allow(clippy::unnecessary_wraps, reason = "one signature for every handler")]
fn respond(response: Response<Full<Bytes>>) -> Answer {
    Ok(response)
}

fn world_response(status: u16, message: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(message.to_owned())));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

async fn control(driver: &Arc<Driver>, body: Bytes) -> Answer {
    let Ok(command) = serde_json::from_slice::<Value>(&body) else {
        return respond(world_response(400, r#"{"error":"the body must be JSON"}"#));
    };
    let driver = Arc::clone(driver);
    // A record with checksums may draw many pictures.
    let done = tokio::task::spawn_blocking(move || driver.control(&command)).await;
    let (status, value) = match done {
        Ok(Ok(value)) => (200, value),
        Ok(Err(error)) => (400, json!({"error": error})),
        Err(_) => (500, json!({"error": "the command panicked"})),
    };
    let mut response = world_response(status, &value.to_string());
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    respond(response)
}

fn upgrade(service: Service, mut request: Request<Incoming>) -> Answer {
    let Some(key) = request
        .headers()
        .get(SEC_WEBSOCKET_KEY)
        .map(|key| derive_accept_key(key.as_bytes()))
    else {
        return respond(world_response(400, "missing Sec-WebSocket-Key"));
    };
    let query = request.uri().query().unwrap_or_default().to_owned();
    let connect = Connect {
        query: query.clone(),
        resume_host: service.resume_host,
        user_agent: text(request.headers(), &USER_AGENT),
    };
    let (admission, frames) = service.driver.open(&connect);
    let id = match admission {
        Admission::Accepted(id) => id,
        Admission::Dropped => return Err(Cut),
        Admission::Refused(status) => {
            return respond(world_response(
                status,
                "<html><body>bad gateway</body></html>",
            ));
        }
    };
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        if let Ok(upgraded) = upgraded.await {
            socket::serve(service, upgraded, id, query, frames).await;
        } else {
            service
                .driver
                .with_world(|world, now| world.handle_closed(now, id, None));
            service.driver.forget(id);
        }
    });
    let mut response = world_response(101, "");
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(key) = HeaderValue::from_str(&key) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, key);
    }
    respond(response)
}
