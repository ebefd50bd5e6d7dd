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
use mj_process::clock;
use reqwest::{
    Client, Method,
    header::{CONTENT_TYPE, HeaderMap},
    redirect,
};
use rustls::ClientConfig;
use tokio::time::timeout;
use url::Url;

use self::log::Failed;
pub(crate) use self::log::Name;
use crate::{
    fence::Fence,
    network::{Network, Place},
    resolver::Resolver,
    trouble::Trouble,
    tunnel::USER_TIMEOUT,
};

mod count;
mod log;

/// DNS, TCP, proxy and TLS together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// From the first byte sent to the last received.
const WHOLE_TIMEOUT: Duration = Duration::from_secs(30);
/// A large body is given the time that it takes at this many bytes a second.
const SLOWEST_UPLOAD: usize = 64 << 10;
/// A video over a slow line; who waits for it has a limit of its own.
const FILE_TIMEOUT: Duration = Duration::from_secs(3_600);
/// How long nothing at all may come of an answer that has begun.
const SILENCE: Duration = Duration::from_secs(30);
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
    /// What it is for.
    pub(crate) place: Place,
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
    /// What is told how its requests end.
    network: Arc<Network>,
}

impl Http {
    /// Makes a client; opens nothing.
    pub(crate) fn new(
        tls: &ClientConfig,
        proxy: Option<&str>,
        resolver: &Resolver,
        network: Arc<Network>,
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
            network,
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
        let (place, began) = (outgoing.place, clock::boot());
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
        let exchanged = exchange(request, reading, name.map(|name| (name, &method))).await;
        if let Some(name) = name {
            let withheld = trace.withheld.load(Ordering::Acquire);
            let took = clock::boot().saturating_sub(began);
            count::exchange(
                &self.network.meter,
                name,
                &method,
                &exchanged,
                withheld,
                took,
            );
        }
        match exchanged {
            Ok(answer) => {
                self.network.note(place, Trouble::of_answer(place, &answer));
                answer
            }
            Err(failed) => {
                let kind = if trace.withheld.load(Ordering::Acquire) {
                    FailureKind::Withheld
                } else {
                    if let Some(name) = name {
                        log::no_answer(name, &method, &failed);
                    }
                    self.network.note(place, Err(failed.trouble));
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

    /// Reads a picture of at most `most` bytes by GET: status, media type, body.
    pub(crate) async fn get(
        &self,
        url: Url,
        headers: HeaderMap,
        most: usize,
    ) -> Result<(u16, String, Vec<u8>), Trouble> {
        let request = self
            .client
            .get(url)
            .headers(headers)
            .timeout(FILE_TIMEOUT)
            .send();
        let response = timeout(WHOLE_TIMEOUT, request)
            .await
            .map_err(|_| Trouble::TimedOut)?
            .map_err(|error| Trouble::of_request(&error))?;
        let status = response.status().as_u16();
        let kind = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let body = read(response, most)
            .await
            .map_err(|failed| failed.trouble)?;
        Ok((status, kind, body))
    }

    /// Asks by GET whoever answers there: status, headers and the first `most` bytes of the body.
    pub(crate) async fn look(
        &self,
        url: Url,
        headers: HeaderMap,
        most: usize,
    ) -> Result<(u16, HeaderMap, Vec<u8>), Trouble> {
        let request = self.client.get(url).headers(headers).send();
        let mut response = request.await.map_err(|error| Trouble::of_request(&error))?;
        let mut body = Vec::new();
        while body.len() < most {
            let chunk = response.chunk().await;
            match chunk.map_err(|error| Trouble::of_request(&error))? {
                Some(chunk) => body.extend_from_slice(&chunk),
                None => break,
            }
        }
        body.truncate(most);
        Ok((response.status().as_u16(), response.headers().clone(), body))
    }

    /// Remembers how the last try of a place ended.
    pub(crate) fn note(&self, place: Place, outcome: Result<(), Trouble>) {
        self.network.note(place, outcome);
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
    loop {
        let chunk = timeout(SILENCE, response.chunk()).await.map_err(|_| {
            Failed::new(
                FailureKind::TimedOut,
                Trouble::TimedOut,
                "it stopped coming",
            )
        })??;
        let Some(chunk) = chunk else {
            return Ok(body);
        };
        if body.len() + chunk.len() > most {
            return Err(Failed::new(
                FailureKind::Closed,
                Trouble::TooLarge,
                "it is larger than any that is expected",
            ));
        }
        body.extend_from_slice(&chunk);
    }
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
mod tests;
