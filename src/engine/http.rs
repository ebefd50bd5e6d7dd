//! REST over reqwest: sends a request value, brings back an honest answer.
//!
//! The body of an interaction asks the lease when it is first polled, and goes out only then: a process that was
//! stopped between the durable attempt and the socket sends nothing. `TCP_USER_TIMEOUT` bounds how long the kernel
//! may keep sending for a stopped process; `SO_LINGER` cannot be set through reqwest, so what the kernel has taken
//! over already when the hub is deposed may still arrive, which the margin of the fence allows for.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use mj_midjourney::hub::{Answer, FailureKind};
use reqwest::{Client, Method, header::HeaderMap, redirect};
use rustls::ClientConfig;
use tokio::time::timeout;
use url::Url;

use self::log::Failed;
pub(crate) use self::log::Name;
use crate::{fence::Fence, resolver::Resolver, tunnel::USER_TIMEOUT};

mod log;

/// DNS, TCP, proxy and TLS together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// From the first byte sent to the last received.
const WHOLE_TIMEOUT: Duration = Duration::from_secs(30);
/// A large body is given the time that it takes at this many bytes a second.
const SLOWEST_UPLOAD: usize = 64 << 10;
/// A video over a slow line; who waits for it has a limit of its own.
const FILE_TIMEOUT: Duration = Duration::from_secs(3_600);
/// Below what Discord's edge keeps a silent connection open for, so that none is written to as it closes.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);
/// The guild's command index is the largest answer, well below a megabyte.
const LARGEST_ANSWER: usize = 8 << 20;

/// What is read of an answer whose body does not matter, in bytes, and how long.
const LARGEST_REST: usize = 64 << 10;
const REST: Duration = Duration::from_millis(200);

/// A request ready for the wire.
#[derive(Clone)]
pub(crate) struct Outgoing {
    /// What the log calls it; without one its sender logs what becomes of it.
    pub(crate) name: Option<Name>,
    /// The method.
    pub(crate) method: Method,
    /// The whole address.
    pub(crate) url: Url,
    /// All headers, the token's among them.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: Option<Vec<u8>>,
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outgoing")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// The connections of one hub.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    client: Client,
}

impl Http {
    /// Makes a client; opens nothing.
    pub(crate) fn new(
        tls: &ClientConfig,
        proxy: Option<&str>,
        resolver: &Resolver,
    ) -> reqwest::Result<Self> {
        let mut builder = Client::builder()
            .no_proxy()
            .tls_backend_preconfigured(tls.clone())
            .dns_resolver(resolver.clone())
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(WHOLE_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .tcp_user_timeout(USER_TIMEOUT);
        if let Some(proxy) = proxy {
            builder = builder.proxy(reqwest::Proxy::all(proxy)?);
        }
        Ok(Self {
            client: builder.build()?,
        })
    }

    /// Sends a request and waits for its whole answer. With a fence, nothing of the body goes out once it is closed.
    pub(crate) async fn send(&self, outgoing: Outgoing, fence: Option<Fence>) -> Answer {
        self.send_and_read(outgoing, fence, Reading::Whole).await
    }

    /// As [`Http::send`], where the answer's status says all: whatever comes behind it, and however slowly, is no matter.
    pub(crate) async fn tell(&self, outgoing: Outgoing, fence: Option<Fence>) -> Answer {
        self.send_and_read(outgoing, fence, Reading::Head).await
    }

    async fn send_and_read(
        &self,
        outgoing: Outgoing,
        fence: Option<Fence>,
        reading: Reading,
    ) -> Answer {
        if fence.as_ref().is_some_and(|fence| !fence.is_open()) {
            return Answer::Failure {
                sent: false,
                kind: FailureKind::Withheld,
            };
        }
        let trace = Arc::new(Trace::default());
        let has_body = outgoing.body.is_some();
        let (name, method) = (outgoing.name, outgoing.method.clone());
        let mut request = self
            .client
            .request(outgoing.method, outgoing.url)
            .headers(outgoing.headers);
        if let Some(body) = outgoing.body {
            let length = body.len() as u64;
            let extra = Duration::from_secs((body.len() / SLOWEST_UPLOAD) as u64);
            let body = FencedBody {
                chunk: Some(body.into()),
                length,
                fence,
                trace: Arc::clone(&trace),
            };
            request = request
                .body(reqwest::Body::wrap(body))
                .timeout(WHOLE_TIMEOUT + extra);
        }
        match exchange(request, reading, name.map(|name| (name, &method))).await {
            Ok(answer) => answer,
            Err(failed) => {
                let kind = if trace.withheld.load(Ordering::Acquire) {
                    FailureKind::Withheld
                } else {
                    if let Some(name) = name {
                        log::no_answer(name, &method, &failed);
                    }
                    failed.kind
                };
                let sent = if has_body {
                    trace.polled.load(Ordering::Acquire)
                } else {
                    kind != FailureKind::Connect
                };
                Answer::Failure { sent, kind }
            }
        }
    }

    /// Reads a body of at most `most` bytes by GET; for pictures.
    pub(crate) async fn get(
        &self,
        url: Url,
        headers: HeaderMap,
        most: usize,
    ) -> Result<(u16, Vec<u8>), FailureKind> {
        let response = self
            .client
            .get(url)
            .headers(headers)
            .timeout(FILE_TIMEOUT)
            .send()
            .await
            .map_err(|error| failure(&error))?;
        let status = response.status().as_u16();
        let bytes = read(response, most).await.map_err(|failed| failed.kind)?;
        Ok((status, bytes))
    }
}

/// How much of an answer matters.
#[derive(Clone, Copy, Debug)]
enum Reading {
    Head,
    Whole,
}

async fn exchange(
    request: reqwest::RequestBuilder,
    reading: Reading,
    name: Option<(Name, &Method)>,
) -> Result<Answer, Failed> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    if let Some((name, method)) = name {
        log::answer(name, method, status, response.headers());
    }
    let headers = response
        .headers()
        .iter()
        .filter_map(|(name, value)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        })
        .collect();
    let body = match reading {
        Reading::Whole => read(response, LARGEST_ANSWER).await?,
        Reading::Head => {
            // What is read to its end leaves the connection to the next request.
            let _ = timeout(REST, read(response, LARGEST_REST)).await;
            Vec::new()
        }
    };
    Ok(Answer::Response {
        status,
        headers,
        body,
    })
}

async fn read(mut response: reqwest::Response, most: usize) -> Result<Vec<u8>, Failed> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > most {
            return Err(Failed::new(
                FailureKind::Closed,
                "it is larger than any that is expected",
            ));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What an error of reqwest's comes down to.
pub(crate) fn failure(error: &reqwest::Error) -> FailureKind {
    if error.is_connect() {
        FailureKind::Connect
    } else if error.is_timeout() {
        FailureKind::TimedOut
    } else {
        FailureKind::Closed
    }
}

/// What is known of a body afterwards.
#[derive(Debug, Default)]
struct Trace {
    polled: AtomicBool,
    withheld: AtomicBool,
}

/// A body in one piece that asks the fence before it hands itself out.
#[derive(Debug)]
struct FencedBody {
    chunk: Option<Bytes>,
    length: u64,
    fence: Option<Fence>,
    trace: Arc<Trace>,
}

impl Body for FencedBody {
    type Data = Bytes;
    type Error = Withheld;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Withheld>>> {
        let Some(chunk) = self.chunk.take() else {
            return Poll::Ready(None);
        };
        if self.fence.as_ref().is_some_and(|fence| !fence.is_open()) {
            self.trace.withheld.store(true, Ordering::Release);
            return Poll::Ready(Some(Err(Withheld)));
        }
        self.trace.polled.store(true, Ordering::Release);
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.chunk.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(if self.chunk.is_some() { self.length } else { 0 })
    }
}

/// The lease was about to run out when the body was to be sent.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the lease is about to run out")]
struct Withheld;

impl From<Infallible> for Withheld {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

#[cfg(test)]
mod tests {
    use mj_process::clock;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    use super::*;
    use crate::tls::Tls;

    fn http(proxy: Option<&str>) -> Http {
        Http::new(
            &Tls::default().config(None).unwrap(),
            proxy,
            &Resolver::default(),
        )
        .unwrap()
    }

    fn post(port: u16) -> Outgoing {
        Outgoing {
            name: Some(Name("/interactions")),
            method: Method::POST,
            url: format!("http://127.0.0.1:{port}/api/v9/interactions?secret=1")
                .parse()
                .unwrap(),
            headers: HeaderMap::new(),
            body: Some(b"{\"type\":2}".to_vec()),
        }
    }

    async fn request_of(stream: &mut TcpStream) -> String {
        let mut seen = Vec::new();
        let mut buffer = [0; 1024];
        while !seen.ends_with(b"}") {
            let count = stream.read(&mut buffer).await.unwrap();
            if count == 0 {
                break;
            }
            seen.extend_from_slice(&buffer[..count]);
        }
        String::from_utf8(seen).unwrap()
    }

    #[tokio::test]
    async fn sends_a_sized_body_and_reads_the_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = request_of(&mut stream).await;
            stream
                .write_all(b"HTTP/1.1 204 No Content\r\nX-RateLimit-Remaining: 4\r\n\r\n")
                .await
                .unwrap();
            request
        };
        let fence = Fence::default();
        fence.extend_to(clock::boot() + Duration::from_secs(10));
        let client = http(None);
        let (request, answer) = tokio::join!(server, client.send(post(port), Some(fence)));
        assert!(
            request
                .to_ascii_lowercase()
                .contains("content-length: 10\r\n"),
            "{request}"
        );
        let Answer::Response {
            status, headers, ..
        } = answer
        else {
            panic!("{answer:?}")
        };
        assert_eq!(status, 204);
        assert!(headers.contains(&("x-ratelimit-remaining".to_owned(), "4".to_owned())));
    }

    #[tokio::test]
    async fn withholds_the_body_of_an_old_lease() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let fence = Fence::default();
        fence.extend_to(clock::boot() + Duration::from_secs(10));
        // The lease ends between the decision to send and the first poll of the body.
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            request_of(&mut stream).await
        };
        let client = http(None);
        let body = FencedBody {
            chunk: Some(Bytes::from_static(b"{}")),
            length: 2,
            fence: Some(fence.clone()),
            trace: Arc::default(),
        };
        let trace = Arc::clone(&body.trace);
        fence.close();
        let request = client
            .client
            .post(format!("http://127.0.0.1:{port}/"))
            .body(reqwest::Body::wrap(body));
        let (seen, answer) = tokio::join!(server, exchange(request, Reading::Whole, None));
        assert!(answer.is_err());
        assert!(!seen.contains("{}"), "{seen}");
        assert!(trace.withheld.load(Ordering::Acquire) && !trace.polled.load(Ordering::Acquire));
        let answer = client.send(post(port), Some(fence)).await;
        assert!(
            matches!(
                answer,
                Answer::Failure {
                    sent: false,
                    kind: FailureKind::Withheld
                }
            ),
            "{answer:?}"
        );
    }

    #[tokio::test]
    async fn a_status_says_all_where_the_body_is_no_matter() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            request_of(&mut stream).await;
            let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\nthanks";
            stream.write_all(head).await.unwrap();
            // The other side leaves.
            let _ = stream.read_u8().await;
        };
        let client = http(None);
        let ((), answer) = tokio::join!(server, client.tell(post(port), None));
        assert!(
            matches!(answer, Answer::Response { status: 200, .. }),
            "{answer:?}"
        );
    }

    #[tokio::test]
    async fn tells_lost_answers_from_lost_connections() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            request_of(&mut stream).await;
        };
        let client = http(None);
        let ((), answer) = tokio::join!(server, client.send(post(port), None));
        assert!(
            matches!(
                answer,
                Answer::Failure {
                    sent: true,
                    kind: FailureKind::Closed
                }
            ),
            "{answer:?}"
        );
        drop(listener);
        let answer = client.send(post(port), None).await;
        assert!(
            matches!(
                answer,
                Answer::Failure {
                    sent: false,
                    kind: FailureKind::Connect
                }
            ),
            "{answer:?}"
        );
    }

    /// What is logged while a request gets `answer`; with none nobody listens.
    async fn logged(answer: Option<&str>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let file = tempfile::NamedTempFile::new().unwrap();
        let log = crate::log::Log::open(Some(file.path()), tracing::Level::WARN).unwrap();
        let _log = tracing::subscriber::set_default(log);
        let client = http(None);
        if let Some(answer) = answer {
            let server = async {
                let (mut stream, _) = listener.accept().await.unwrap();
                request_of(&mut stream).await;
                stream.write_all(answer.as_bytes()).await.unwrap();
            };
            tokio::join!(server, client.send(post(port), None));
        } else {
            drop(listener);
            client.send(post(port), None).await;
        }
        let text = std::fs::read_to_string(file.path()).unwrap();
        assert!(!text.contains("secret"), "{text}");
        text
    }

    #[tokio::test]
    async fn names_requests_that_did_not_reach_discord() {
        let page =
            "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n";
        let text = logged(Some(page)).await;
        assert!(
            text.contains("by something in between")
                && text.contains("request=POST /interactions status=502"),
            "{text}"
        );
        let moved = "HTTP/1.1 301 Moved Permanently\r\nLocation: https://elsewhere.example/?secret\r\nContent-Length: 0\r\n\r\n";
        assert!(logged(Some(moved)).await.contains("status=301"));
        let text = logged(None).await;
        assert!(
            text.contains("got no answer request=POST /interactions kind=Connect")
                && text.contains("refused"),
            "{text}"
        );
    }

    #[tokio::test]
    async fn leaves_discords_own_refusals_to_tasks_and_accounts() {
        for status in [
            "204 No Content",
            "400 Bad Request",
            "401 Unauthorized",
            "429 Too Many Requests",
        ] {
            let answer = format!(
                "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n"
            );
            assert_eq!(logged(Some(&answer)).await, "", "{status}");
        }
    }

    #[tokio::test]
    async fn goes_through_the_proxy() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = request_of(&mut stream).await;
            stream
                .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                .await
                .unwrap();
            request
        };
        let client = http(Some(&format!("http://127.0.0.1:{port}")));
        let mut outgoing = post(1);
        outgoing.url = "http://api.invalid/api/v9/interactions".parse().unwrap();
        let (request, answer) = tokio::join!(server, client.send(outgoing, None));
        assert!(
            request.starts_with("POST http://api.invalid/api/v9/interactions"),
            "{request}"
        );
        assert!(
            matches!(answer, Answer::Response { status: 204, .. }),
            "{answer:?}"
        );
    }
}
