//! Pictures, finished and half done, from Discord's CDN, through the hub's hosts and proxy; addresses that have expired
//! are signed anew first.

use std::time::Duration;

use mj_discord::{
    Hosts, Token, UnixMs,
    rest::{Request, TokenKind, read_refreshed_urls},
};
use mj_midjourney::{config::HubConfig, hub::Answer, refusal::Lang, task::Image};
use mj_process::clock;
use reqwest::header::{HeaderMap, HeaderValue, USER_AGENT};

use crate::{http::Http, network::Place, outgoing, picture::Format, trouble::Trouble};

/// The largest picture or video that is taken.
pub(crate) const LARGEST: usize = 256 << 20;
/// What a picture is read to at least, whatever its size is said to be: a proxy may have made another of it.
const ROOM: usize = 8 << 20;
/// An address that expires within this is signed anew first.
const FRESH: Duration = Duration::from_secs(60);

/// Why there are no bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum AttachmentError {
    /// No answer, or none of the CDN's. The words are for the operator.
    #[error("the CDN cannot be used (mj.cdn_url, mj.proxy): {}", .0.words(Lang::En))]
    Trouble(Trouble),
    /// The CDN, or what stands in its place, does not have it or does not give it.
    #[error("the CDN answered with status {0}")]
    Status(u16),
    /// An address that Discord has just signed leads nowhere: the message or its channel was deleted.
    #[error("Discord has it no longer")]
    Gone,
    /// What is stored is no address.
    #[error("the address is none")]
    Address,
}

/// The pictures of one hub's tasks.
#[derive(Clone)]
pub(crate) struct Attachments {
    http: Http,
    hosts: Hosts,
    user_agent: String,
    /// What signs addresses anew.
    login: Option<(TokenKind, Token)>,
}

impl std::fmt::Debug for Attachments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attachments").finish_non_exhaustive()
    }
}

impl Attachments {
    /// Those of a hub; opens nothing.
    pub(crate) fn new(http: Http, hosts: Hosts, config: &HubConfig) -> Self {
        let login = match (&config.bot_token, config.accounts.first()) {
            (Some(bot), _) => Some((TokenKind::Bot, bot.clone())),
            (None, Some(account)) => Some((TokenKind::User, account.user_token.clone())),
            (None, None) => None,
        };
        Self {
            http,
            hosts,
            user_agent: config.user_agent.clone(),
            login,
        }
    }

    /// The bytes of a picture.
    ///
    /// # Errors
    /// [`AttachmentError`].
    pub(crate) async fn bytes(&self, image: &Image) -> Result<Vec<u8>, AttachmentError> {
        let outcome = self.signed_bytes(image).await;
        let trouble = match &outcome {
            Ok(_) | Err(AttachmentError::Gone) => Some(Ok(())),
            Err(AttachmentError::Trouble(trouble)) => Some(Err(*trouble)),
            Err(AttachmentError::Status(status)) => Some(Err(Trouble::Status(*status))),
            Err(AttachmentError::Address) => None,
        };
        if let Some(trouble) = trouble {
            self.http.note(Place::Cdn, trouble);
        }
        outcome
    }

    /// The bytes of a half-done picture. Whoever makes it replaces it all the time, so that Discord is not asked to sign
    /// an address anew which it has no longer: only one that has expired.
    ///
    /// # Errors
    /// [`AttachmentError`]; [`AttachmentError::Gone`] where there is another one by now, or none any more.
    pub(crate) async fn preview(&self, image: &Image) -> Result<Vec<u8>, AttachmentError> {
        let fresh = if is_stale(image) {
            self.refresh(&image.url).await
        } else {
            None
        };
        let url = fresh.as_deref().unwrap_or(&image.url);
        self.fetch_fresh(image, url).await
    }

    async fn signed_bytes(&self, image: &Image) -> Result<Vec<u8>, AttachmentError> {
        if is_stale(image) {
            return match self.refresh(&image.url).await {
                Some(fresh) => self.fetch_fresh(image, &fresh).await,
                None => self.fetch(image, &image.url).await,
            };
        }
        match self.fetch(image, &image.url).await {
            Err(error @ AttachmentError::Status(403 | 404)) => {
                match self.refresh(&image.url).await {
                    Some(fresh) => self.fetch_fresh(image, &fresh).await,
                    None => Err(error),
                }
            }
            other => other,
        }
    }

    async fn fetch_fresh(&self, image: &Image, url: &str) -> Result<Vec<u8>, AttachmentError> {
        self.fetch(image, url).await.map_err(|error| match error {
            AttachmentError::Status(404) => AttachmentError::Gone,
            AttachmentError::Trouble(_)
            | AttachmentError::Status(_)
            | AttachmentError::Gone
            | AttachmentError::Address => error,
        })
    }

    async fn fetch(&self, image: &Image, url: &str) -> Result<Vec<u8>, AttachmentError> {
        let url = self
            .hosts
            .image_url(url)
            .parse()
            .map_err(|_| AttachmentError::Address)?;
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::try_from(&self.user_agent) {
            headers.insert(USER_AGENT, value);
        }
        let said = usize::try_from(image.size).unwrap_or(LARGEST);
        let most = match said {
            0 => LARGEST,
            said => said.saturating_add(ROOM).min(LARGEST),
        };
        let (status, kind, bytes) = self
            .http
            .get(url, headers, most)
            .await
            .map_err(AttachmentError::Trouble)?;
        match status {
            200 if is_media(&bytes) => Ok(bytes),
            // The CDN says in plain text that it has a picture no longer; a page is a proxy's.
            200 | 404 if is_page(&kind, &bytes) => {
                Err(AttachmentError::Trouble(Trouble::Page(status)))
            }
            200 => Err(AttachmentError::Trouble(Trouble::NoPicture)),
            status => Err(AttachmentError::Status(status)),
        }
    }

    /// The same address with a new signature.
    async fn refresh(&self, url: &str) -> Option<String> {
        let (kind, token) = self.login.as_ref()?;
        let request = Request::refresh_urls(&[url], *kind);
        let no_files = |_: &str| Err(std::io::ErrorKind::NotFound.into());
        let outgoing = outgoing::outgoing(request, token, &self.hosts, &self.user_agent, no_files)?;
        let Answer::Response {
            status: 200, body, ..
        } = self.http.send(outgoing, None).await
        else {
            return None;
        };
        let refreshed = read_refreshed_urls(std::str::from_utf8(&body).ok()?)?;
        refreshed.into_iter().next().map(|url| url.refreshed)
    }
}

/// Whether a signature has ended, or is about to.
fn is_stale(image: &Image) -> bool {
    let soon = UnixMs(clock::unix_ms()).plus(FRESH);
    image.expires_at.is_some_and(|at| at <= soon)
}

/// Whether this is a page for people.
fn is_page(kind: &str, bytes: &[u8]) -> bool {
    kind.starts_with("text/html") || bytes.trim_ascii_start().starts_with(b"<")
}

/// Whether these are a picture's or a video's bytes, by the first of them: a panel's welcome page is none.
fn is_media(bytes: &[u8]) -> bool {
    let is_mp4 = bytes.get(4..8) == Some(b"ftyp");
    let is_webm = bytes.starts_with(b"\x1A\x45\xDF\xA3");
    is_mp4 || is_webm || Format::of(bytes).is_some()
}

/// What a picture's file is called at its end: from its name, else from its type, else `png`.
pub(crate) fn extension(image: &Image) -> String {
    let is_plain = |text: &&str| {
        (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let from_name = image
        .filename
        .rsplit_once('.')
        .map(|(_, extension)| extension)
        .filter(is_plain);
    let from_type = image
        .content_type
        .as_deref()
        .and_then(|kind| kind.split_once('/'))
        .map(|(_, kind)| kind)
        .filter(is_plain);
    from_name
        .or(from_type)
        .unwrap_or("png")
        .to_ascii_lowercase()
}
