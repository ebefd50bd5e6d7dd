//! Pictures by addresses that callers gave, of which nothing may be trusted.
//!
//! Only public hosts are asked, on the ports of the web. A name is looked up once, each of its addresses is checked,
//! and the connection goes to one of those and no other, so that a name that changes in between gains nothing; a
//! redirect is a new address and starts over. Nothing of ours goes along: no token, cookie or referrer. The bytes
//! decide what a picture is, not the answer's headers.
//!
//! Discord's own attachments are asked for where the operator says that they are (`mj.cdn_url`), wherever that is; what
//! it redirects to is an address like any other.
//!
//! Through a proxy it is the proxy that looks names up. Addresses that are written out, names of inner networks, and
//! names that lead to private addresses from here are refused all the same; what else the proxy can reach is its
//! operator's to limit.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use mj_discord::{Hosts, cdn::AttachmentUrl};
use mj_midjourney::hub::{FailureKind, FetchRefusal};
use reqwest::{
    Client,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{ACCEPT, CONTENT_LENGTH, HeaderValue, LOCATION, USER_AGENT},
    redirect,
};
use rustls::ClientConfig;
use tokio::time::timeout;
use url::{Host, Url};

use super::{LARGEST, MOST_PIXELS, Picture, PictureError, address};
use crate::resolver::Resolver;

/// All of it, redirects included.
const WHOLE: Duration = Duration::from_secs(30);
/// For each hop: DNS, TCP, proxy and TLS together.
const CONNECT: Duration = Duration::from_secs(10);
/// How often it may redirect.
const REDIRECTS: usize = 5;
/// The web's, and what many run beside it without privileges.
const PORTS: [u16; 4] = [80, 443, 8_080, 8_443];

/// Why there is no picture.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum FetchError {
    /// Trying again is no use.
    Refused(FetchRefusal),
    /// Not this time.
    Failed(FailureKind),
}

impl From<FetchRefusal> for FetchError {
    fn from(refusal: FetchRefusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Fetches pictures for one hub.
#[derive(Clone, Debug)]
pub(crate) struct Fetcher {
    tls: Arc<ClientConfig>,
    proxy: Option<Url>,
    resolver: Resolver,
    user_agent: String,
    hosts: Hosts,
    whole: Duration,
    /// Loopback servers of tests; nothing else puts anything in here.
    allowed: Arc<[SocketAddr]>,
}

/// Where one request goes.
enum Way {
    /// To one of these, whatever its name says.
    Direct(Vec<IpAddr>),
    Proxy(Url),
}

/// What a host answered.
enum Hop {
    Redirect(Url),
    Bytes(Vec<u8>),
}

impl Fetcher {
    /// Makes one; opens nothing.
    pub(crate) fn new(
        tls: Arc<ClientConfig>,
        proxy: Option<&str>,
        resolver: Resolver,
        user_agent: String,
        hosts: Hosts,
    ) -> Self {
        Self {
            tls,
            proxy: proxy.and_then(|proxy| proxy.parse().ok()),
            resolver,
            user_agent,
            hosts,
            whole: WHOLE,
            allowed: Arc::default(),
        }
    }

    /// The picture at an address.
    ///
    /// # Errors
    /// [`FetchError`]; nothing of the address is in it.
    pub(crate) async fn fetch(&self, url: &str) -> Result<Picture, FetchError> {
        timeout(self.whole, self.follow(url))
            .await
            .unwrap_or(Err(FetchError::Failed(FailureKind::TimedOut)))
    }

    async fn follow(&self, url: &str) -> Result<Picture, FetchError> {
        let mut url = Url::parse(url.trim()).map_err(|_| FetchRefusal::Scheme)?;
        let mut way = match self.moved(&url) {
            Some(there) => {
                url = there;
                Some(self.trust(&url).await?)
            }
            None => None,
        };
        for _ in 0..=REDIRECTS {
            let way = match way.take() {
                Some(way) => way,
                None => self.check(&url).await?,
            };
            match self.ask(way, url).await? {
                Hop::Redirect(next) => url = next,
                Hop::Bytes(bytes) => {
                    return Ok(Picture::of(bytes).map_err(|error| refusal(&error))?);
                }
            }
        }
        Err(FetchRefusal::Redirects.into())
    }

    /// Where the operator has a picture of Discord's CDN; none for what is not Discord's, and where nothing is moved.
    fn moved(&self, url: &Url) -> Option<Url> {
        let is_attachment = ["/attachments/", "/ephemeral-attachments/"]
            .iter()
            .any(|start| url.path().starts_with(start));
        let discords = AttachmentUrl::parse(url.as_str())
            .filter(|discords| is_attachment && discords.is_discords())?;
        let there: Url = self.hosts.image_url(discords.as_str()).parse().ok()?;
        (there.origin() != url.origin()).then_some(there)
    }

    /// How the operator's own host is asked, which may lie in a private network.
    async fn trust(&self, url: &Url) -> Result<Way, FetchError> {
        if let Some(proxy) = &self.proxy {
            return Ok(Way::Proxy(proxy.clone()));
        }
        let addresses = match url.host() {
            Some(Host::Ipv4(address)) => Ok(vec![IpAddr::V4(address)]),
            Some(Host::Ipv6(address)) => Ok(vec![IpAddr::V6(address)]),
            Some(Host::Domain(name)) => self.resolver.lookup(name).await,
            None => return Err(FetchRefusal::Scheme.into()),
        };
        match addresses {
            Ok(addresses) if !addresses.is_empty() => Ok(Way::Direct(addresses)),
            _ => Err(FetchError::Failed(FailureKind::Connect)),
        }
    }

    /// Whether an address may be asked, and how. The parser has brought its host into one form by now: decimal, octal
    /// and hexadecimal spellings of an IPv4 address are that address.
    async fn check(&self, url: &Url) -> Result<Way, FetchError> {
        let is_web = matches!(url.scheme(), "http" | "https");
        if !is_web || !url.username().is_empty() || url.password().is_some() {
            return Err(FetchRefusal::Scheme.into());
        }
        let port = url.port_or_known_default().unwrap_or_default();
        let is_test = self.allowed.iter().any(|allowed| allowed.port() == port);
        if !PORTS.contains(&port) && !is_test {
            return Err(FetchRefusal::Port.into());
        }
        let (name, addresses) = match url.host() {
            Some(Host::Ipv4(address)) => (None, Ok(vec![IpAddr::V4(address)])),
            Some(Host::Ipv6(address)) => (None, Ok(vec![IpAddr::V6(address)])),
            Some(Host::Domain(name)) if address::is_inner_name(name) => {
                return Err(FetchRefusal::Address.into());
            }
            Some(Host::Domain(name)) => (Some(name), self.resolver.lookup(name).await),
            None => return Err(FetchRefusal::Scheme.into()),
        };
        if let Ok(addresses) = &addresses
            && !addresses.iter().all(|address| self.may_ask(*address, port))
        {
            return Err(FetchRefusal::Address.into());
        }
        match (&self.proxy, addresses) {
            (Some(proxy), _) => Ok(Way::Proxy(proxy.clone())),
            (None, Ok(addresses)) if !addresses.is_empty() => Ok(Way::Direct(addresses)),
            (None, _) => {
                tracing::debug!(is_name = name.is_some(), "a picture's host has no address");
                Err(FetchError::Failed(FailureKind::Connect))
            }
        }
    }

    fn may_ask(&self, address: IpAddr, port: u16) -> bool {
        address::is_public(address) || self.allowed.contains(&SocketAddr::new(address, port))
    }

    /// One request. A client of its own for each, so that no connection outlives the check that it was opened under.
    async fn ask(&self, way: Way, url: Url) -> Result<Hop, FetchError> {
        let connect = |_| FetchError::Failed(FailureKind::Connect);
        let builder = Client::builder()
            .no_proxy()
            .tls_backend_preconfigured(self.tls.as_ref().clone())
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(CONNECT)
            .pool_max_idle_per_host(0);
        let builder = match way {
            Way::Direct(addresses) => builder.dns_resolver(Pinned(addresses)),
            Way::Proxy(proxy) => builder
                .dns_resolver(ProxyOnly {
                    host: proxy.host_str().unwrap_or_default().to_owned(),
                    resolver: self.resolver.clone(),
                })
                .proxy(reqwest::Proxy::all(by_name(&proxy)).map_err(connect)?),
        };
        let agent = HeaderValue::try_from(&self.user_agent)
            .unwrap_or_else(|_| HeaderValue::from_static("mj"));
        let response = builder
            .build()
            .map_err(connect)?
            .get(url.clone())
            .header(USER_AGENT, agent)
            .header(
                ACCEPT,
                "image/png, image/jpeg, image/webp, image/gif, */*;q=0.1",
            )
            .send()
            .await
            .map_err(|error| FetchError::Failed(crate::http::failure(&error)))?;
        match response.status().as_u16() {
            200 => Ok(Hop::Bytes(read(response).await?)),
            301 | 302 | 303 | 307 | 308 => response
                .headers()
                .get(LOCATION)
                .and_then(|location| std::str::from_utf8(location.as_bytes()).ok())
                .and_then(|location| url.join(location).ok())
                .map(Hop::Redirect)
                .ok_or(FetchError::Refused(FetchRefusal::Redirects)),
            408 | 425 | 429 | 500..=599 => Err(FetchError::Failed(FailureKind::Closed)),
            status => Err(FetchRefusal::Status(status).into()),
        }
    }
}

/// The body, as long as it is within the limit.
async fn read(mut response: reqwest::Response) -> Result<Vec<u8>, FetchError> {
    let says_more = response
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok())
        .and_then(|length| length.parse::<u64>().ok())
        .is_some_and(|length| length > LARGEST);
    if says_more {
        return Err(FetchRefusal::TooLarge(LARGEST).into());
    }
    let mut bytes = Vec::new();
    loop {
        let chunk = response
            .chunk()
            .await
            .map_err(|error| FetchError::Failed(crate::http::failure(&error)))?;
        let Some(chunk) = chunk else {
            return Ok(bytes);
        };
        if (bytes.len() + chunk.len()) as u64 > LARGEST {
            return Err(FetchRefusal::TooLarge(LARGEST).into());
        }
        bytes.extend_from_slice(&chunk);
    }
}

/// A SOCKS proxy is always given the name: what is looked up here would be looked up a second time.
fn by_name(proxy: &Url) -> String {
    proxy
        .as_str()
        .strip_prefix("socks5://")
        .map_or_else(|| proxy.to_string(), |rest| format!("socks5h://{rest}"))
}

fn refusal(error: &PictureError) -> FetchRefusal {
    match error {
        PictureError::TooLarge => FetchRefusal::TooLarge(LARGEST),
        PictureError::TooManyPixels { .. } => FetchRefusal::TooManyPixels(MOST_PIXELS),
        PictureError::Missing
        | PictureError::Unreadable(_)
        | PictureError::NotAFile
        | PictureError::Empty
        | PictureError::NoPicture
        | PictureError::OtherType { .. }
        | PictureError::DataUri
        | PictureError::NoMask(_)
        | PictureError::Keep(_) => FetchRefusal::NoPicture,
    }
}

/// Gives the addresses that were checked, whatever is asked.
#[derive(Debug)]
struct Pinned(Vec<IpAddr>);

impl Resolve for Pinned {
    fn resolve(&self, _: Name) -> Resolving {
        let addresses: Vec<SocketAddr> = self
            .0
            .iter()
            .map(|address| SocketAddr::new(*address, 0))
            .collect();
        Box::pin(async move { Ok(Box::new(addresses.into_iter()) as Addrs) })
    }
}

/// Looks up the proxy and nothing else.
#[derive(Debug)]
struct ProxyOnly {
    host: String,
    resolver: Resolver,
}

impl Resolve for ProxyOnly {
    fn resolve(&self, name: Name) -> Resolving {
        if name.as_str() == self.host {
            return self.resolver.resolve(name);
        }
        Box::pin(async { Err("only the proxy is looked up here".into()) })
    }
}

#[cfg(test)]
#[path = "fetch_tests.rs"]
mod tests;
