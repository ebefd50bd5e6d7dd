//! What replaces what: operators reach Discord's hosts through reverse proxies of their own.
//!
//! Signed addresses are rewritten as text, host for host, so that not one byte of their path and query changes.

use std::borrow::Cow;

use thiserror::Error;
use url::{Host, Url};

/// Discord's REST host.
pub const API: &str = "https://discord.com/";
/// Discord's gateway.
pub const GATEWAY: &str = "wss://gateway.discord.gg/";
/// Where attachments are.
pub const CDN: &str = "https://cdn.discordapp.com/";
/// The resizing proxy in front of the CDN.
pub const MEDIA: &str = "https://media.discordapp.net/";
/// Where Midjourney's own web application inside Discord lives: the editor of Vary (Region).
pub const ACTIVITY: &str = "https://936929561302675456.discordsays.com/";
/// The REST version in every path. User accounts' clients use 9; for what we call it equals 10.
pub const API_VERSION: u8 = 9;

/// What stands for the regional host in a resume template.
const HOST_PLACE: &str = "{host}";

/// Why an address was refused. The message names the setting, never the address: it may carry a password.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum HostError {
    /// Not an address with a host.
    #[error("{setting} is not a valid address: {cause}")]
    Invalid {
        /// The setting it came from.
        setting: &'static str,
        /// What the parser says.
        cause: url::ParseError,
    },
    /// Another scheme is needed.
    #[error("{setting} must start with {expected}")]
    Scheme {
        /// The setting it came from.
        setting: &'static str,
        /// The schemes that are right.
        expected: &'static str,
    },
    /// A resume template without its place for the host.
    #[error("{setting} must contain {{host}} once")]
    Template {
        /// The setting it came from.
        setting: &'static str,
    },
}

impl HostError {
    /// The setting it came from.
    #[must_use]
    pub fn setting(&self) -> &'static str {
        match self {
            Self::Invalid { setting, .. }
            | Self::Scheme { setting, .. }
            | Self::Template { setting } => setting,
        }
    }
}

/// Which host each kind of request goes to. The default is Discord's own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Hosts {
    activity: Url,
    api: Url,
    gateway: Url,
    resume: Option<String>,
    cdn: Option<String>,
    upload: Option<String>,
}

impl Default for Hosts {
    fn default() -> Self {
        Self {
            activity: discord(ACTIVITY),
            api: discord(API),
            gateway: discord(GATEWAY),
            resume: None,
            cdn: None,
            upload: None,
        }
    }
}

/// One of the constants above as an address.
#[allow(
    clippy::expect_used,
    reason = "constants of this file, parsed in its tests"
)]
fn discord(url: &str) -> Url {
    Url::parse(url).expect("a constant address")
}

impl Hosts {
    /// Replaces `https://discord.com`. A path in front is kept; an `/api` or `/api/v9` at its end is understood.
    ///
    /// # Errors
    /// When it is no `http` or `https` address; the message names `setting`.
    pub fn with_api(mut self, setting: &'static str, url: &str) -> Result<Self, HostError> {
        let mut url = base(setting, url, &["https", "http"], "https:// or http://")?;
        let path = url.path().trim_end_matches('/');
        let path = match path.rsplit_once('/') {
            Some((front, version)) if is_version(version) && front.ends_with("/api") => front,
            _ => path,
        };
        let path = path.strip_suffix("/api").unwrap_or(path).to_owned();
        url.set_path(&path);
        self.api = url;
        Ok(self)
    }

    /// Replaces `wss://gateway.discord.gg`. A query is dropped: it is ours to write.
    ///
    /// # Errors
    /// When it is no `wss` or `ws` address; the message names `setting`.
    pub fn with_gateway(mut self, setting: &'static str, url: &str) -> Result<Self, HostError> {
        self.gateway = base(setting, url, &["wss", "ws"], "wss:// or ws://")?;
        Ok(self)
    }

    /// Sets how to reach a regional gateway: `{host}` in the template becomes its name, as in
    /// `wss://gw.example.cn/{host}`.
    ///
    /// # Errors
    /// When it is no `wss` or `ws` address or has no `{host}`; the message names `setting`.
    pub fn with_resume(mut self, setting: &'static str, template: &str) -> Result<Self, HostError> {
        if template.matches(HOST_PLACE).count() != 1 {
            return Err(HostError::Template { setting });
        }
        let example = template.replace(HOST_PLACE, "gateway.discord.gg");
        base(setting, &example, &["wss", "ws"], "wss:// or ws://")?;
        self.resume = Some(template.trim().to_owned());
        Ok(self)
    }

    /// Replaces the image domain that visitors see: `cdn.discordapp.com` and `media.discordapp.net`.
    ///
    /// # Errors
    /// When it is no `http` or `https` address; the message names `setting`.
    pub fn with_cdn(mut self, setting: &'static str, url: &str) -> Result<Self, HostError> {
        self.cdn = Some(text_base(&base(
            setting,
            url,
            &["https", "http"],
            "https:// or http://",
        )?));
        Ok(self)
    }

    /// Replaces the host of upload slots, `discord-attachments-uploads-prd.storage.googleapis.com`.
    ///
    /// # Errors
    /// When it is no `http` or `https` address; the message names `setting`.
    pub fn with_upload(mut self, setting: &'static str, url: &str) -> Result<Self, HostError> {
        self.upload = Some(text_base(&base(
            setting,
            url,
            &["https", "http"],
            "https:// or http://",
        )?));
        Ok(self)
    }

    /// Replaces `https://936929561302675456.discordsays.com`.
    ///
    /// # Errors
    /// When it is no `http` or `https` address; the message names `setting`.
    pub fn with_activity(mut self, setting: &'static str, url: &str) -> Result<Self, HostError> {
        self.activity = base(setting, url, &["https", "http"], "https:// or http://")?;
        Ok(self)
    }

    /// The address of a path of Midjourney's own application, which starts with a slash.
    pub fn activity_url(&self, path: &str) -> Url {
        let mut url = self.activity.clone();
        let front = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{front}{path}"));
        url
    }

    /// The address of a REST path, which starts with a slash and may carry a query: `/users/@me`.
    pub fn api_url(&self, path_and_query: &str) -> Url {
        let (path, query) = path_and_query
            .split_once('?')
            .map_or((path_and_query, None), |(path, query)| (path, Some(query)));
        let mut url = self.api.clone();
        let front = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{front}/api/v{API_VERSION}{path}"));
        url.set_query(query);
        url
    }

    /// The gateway's address for a new session.
    pub fn gateway_url(&self, query: &str) -> Url {
        let mut url = self.gateway.clone();
        url.set_query(Some(query));
        url
    }

    /// Where to RESUME, given what READY named: through the template, else at a gateway of the operator's own, else
    /// as given, and then only a `wss` address below `discord.gg`. `None`: resume at [`Hosts::gateway_url`].
    ///
    /// The session is global, so it may be resumed at any gateway; Discord only promises more disconnects there.
    pub fn resume_url(&self, resume_gateway_url: &str, query: &str) -> Option<Url> {
        let given = Url::parse(resume_gateway_url).ok()?;
        let Some(Host::Domain(host)) = given.host() else {
            return None;
        };
        let is_discords =
            given.scheme() == "wss" && (host == "discord.gg" || host.ends_with(".discord.gg"));
        if !is_discords
            || given.port().is_some()
            || !given.username().is_empty()
            || given.password().is_some()
        {
            return None;
        }
        let mut url = if let Some(template) = &self.resume {
            Url::parse(&template.replace(HOST_PLACE, host)).ok()?
        } else if self.is_gateway_discords() {
            given
        } else {
            return None;
        };
        url.set_fragment(None);
        url.set_query(Some(query));
        Some(url)
    }

    /// Whether gateway connections go to Discord's own host.
    pub fn is_gateway_discords(&self) -> bool {
        self.gateway.scheme() == "wss" && is_below(&self.gateway, "discord.gg")
    }

    /// Whether REST requests go to Discord's own host.
    pub fn is_api_discords(&self) -> bool {
        self.api.scheme() == "https" && is_below(&self.api, "discord.com")
    }

    /// A picture's address for display: the CDN's and the resizing proxy's host replaced, path and query kept.
    /// Addresses of other hosts come back as they are.
    pub fn image_url<'u>(&self, url: &'u str) -> Cow<'u, str> {
        let Some(base) = &self.cdn else {
            return Cow::Borrowed(url);
        };
        for discords in [CDN, MEDIA] {
            if let Some(rest) = url.strip_prefix(discords) {
                return Cow::Owned(format!("{base}/{rest}"));
            }
        }
        Cow::Borrowed(url)
    }

    /// The CDN's own address of a picture that was shown through [`Hosts::image_url`]: what Discord and Midjourney
    /// must be given. Addresses of other hosts come back as they are.
    pub fn original_image_url<'u>(&self, url: &'u str) -> Cow<'u, str> {
        let rest = self
            .cdn
            .as_ref()
            .and_then(|base| url.strip_prefix(base.as_str())?.strip_prefix('/'));
        rest.map_or(Cow::Borrowed(url), |rest| {
            Cow::Owned(format!("{CDN}{rest}"))
        })
    }

    /// The address of an upload slot, its host replaced when one is set.
    pub fn upload_url<'u>(&self, url: &'u str) -> Cow<'u, str> {
        let Some(base) = &self.upload else {
            return Cow::Borrowed(url);
        };
        let Some((_, rest)) = url.split_once("://") else {
            return Cow::Borrowed(url);
        };
        let path = rest.find(['/', '?']).map_or("", |at| &rest[at..]);
        Cow::Owned(if path.starts_with('/') {
            format!("{base}{path}")
        } else {
            format!("{base}/{path}")
        })
    }
}

fn is_version(text: &str) -> bool {
    text.strip_prefix('v').is_some_and(|digits| {
        !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())
    })
}

fn is_below(url: &Url, domain: &str) -> bool {
    let front = url.domain().and_then(|host| host.strip_suffix(domain));
    front.is_some_and(|front| front.is_empty() || front.ends_with('.'))
}

fn base(
    setting: &'static str,
    url: &str,
    schemes: &[&str],
    expected: &'static str,
) -> Result<Url, HostError> {
    let mut url = Url::parse(url.trim()).map_err(|cause| {
        if cause == url::ParseError::RelativeUrlWithoutBase {
            HostError::Scheme { setting, expected }
        } else {
            HostError::Invalid { setting, cause }
        }
    })?;
    if !schemes.contains(&url.scheme()) {
        return Err(HostError::Scheme { setting, expected });
    }
    if url.host().is_none() {
        return Err(HostError::Invalid {
            setting,
            cause: url::ParseError::EmptyHost,
        });
    }
    url.set_fragment(None);
    url.set_query(None);
    Ok(url)
}

/// An address as text without the slash at its end.
fn text_base(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUERY: &str = "v=10&encoding=json";
    const REGIONAL: &str = "wss://gateway-us-east1-b.discord.gg";

    fn custom() -> Hosts {
        Hosts::default()
            .with_api("api_url", "https://example.cn/discord/")
            .and_then(|hosts| hosts.with_gateway("gateway_url", "wss://gw.example.cn/x?v=9"))
            .and_then(|hosts| hosts.with_cdn("cdn_url", "https://img.example.cn/"))
            .and_then(|hosts| hosts.with_upload("upload_url", "https://up.example.cn"))
            .unwrap()
    }

    #[test]
    fn defaults_are_discords_own() {
        let hosts = Hosts::default();
        assert_eq!(
            hosts.api_url("/users/@me").as_str(),
            "https://discord.com/api/v9/users/@me"
        );
        assert_eq!(
            hosts.gateway_url(QUERY).as_str(),
            "wss://gateway.discord.gg/?v=10&encoding=json"
        );
        assert!(hosts.is_gateway_discords() && hosts.is_api_discords());
        let url = "https://cdn.discordapp.com/attachments/1/2/a.png?ex=1&is=2&hm=3&";
        assert_eq!(hosts.image_url(url), url);
        assert_eq!(hosts.upload_url(url), url);
        for constant in [CDN, MEDIA] {
            Url::parse(constant).unwrap();
        }
    }

    #[test]
    fn an_api_path_is_never_doubled() {
        for given in [
            "https://example.cn",
            "https://example.cn/",
            "https://example.cn/api",
            "https://example.cn/api/",
            "https://example.cn/api/v9",
            "https://example.cn/api/v10/?x=1#f",
        ] {
            let hosts = Hosts::default().with_api("api_url", given).unwrap();
            assert_eq!(
                hosts.api_url("/channels/1/messages?limit=50").as_str(),
                "https://example.cn/api/v9/channels/1/messages?limit=50",
                "{given}"
            );
        }
        assert_eq!(
            custom().api_url("/users/@me").as_str(),
            "https://example.cn/discord/api/v9/users/@me"
        );
    }

    #[test]
    fn resumes_where_ready_said() {
        for given in [
            REGIONAL.to_owned(),
            format!("{REGIONAL}/"),
            format!("{REGIONAL}/?v=9&encoding=json&v=9"),
        ] {
            assert_eq!(
                Hosts::default().resume_url(&given, QUERY).unwrap().as_str(),
                "wss://gateway-us-east1-b.discord.gg/?v=10&encoding=json",
                "{given}"
            );
        }
    }

    #[test]
    fn never_follows_an_arbitrary_host_with_a_token() {
        for given in [
            "wss://evil.example",
            "wss://gateway.discord.gg.evil.example",
            "wss://evildiscord.gg",
            "ws://gateway.discord.gg",
            "https://gateway.discord.gg",
            "wss://user:pw@gateway.discord.gg",
            "wss://gateway.discord.gg:4443",
            "wss://127.0.0.1",
            "nonsense",
            "",
        ] {
            assert_eq!(Hosts::default().resume_url(given, QUERY), None, "{given}");
        }
    }

    #[test]
    fn a_gateway_of_the_operators_own_serves_resumes_too() {
        assert_eq!(custom().resume_url(REGIONAL, QUERY), None);
        assert_eq!(
            custom().gateway_url(QUERY).as_str(),
            "wss://gw.example.cn/x?v=10&encoding=json"
        );
        let loopback = Hosts::default()
            .with_gateway("gateway_url", "ws://127.0.0.1:9/")
            .unwrap();
        assert_eq!(loopback.resume_url("ws://127.0.0.1:9/", QUERY), None);
    }

    #[test]
    fn a_template_names_the_regional_host() {
        let hosts = custom()
            .with_resume("resume_url", "wss://gw.example.cn/{host}/")
            .unwrap();
        assert_eq!(
            hosts.resume_url(REGIONAL, QUERY).unwrap().as_str(),
            "wss://gw.example.cn/gateway-us-east1-b.discord.gg/?v=10&encoding=json"
        );
        assert_eq!(hosts.resume_url("wss://evil.example", QUERY), None);
        let error = Hosts::default()
            .with_resume("resume_url", "wss://gw.example.cn/")
            .unwrap_err();
        assert_eq!(error.to_string(), "resume_url must contain {host} once");
    }

    #[test]
    fn refusals_name_the_setting() {
        let error = Hosts::default()
            .with_gateway("proxy_wss", "https://gw.example.cn")
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "proxy_wss must start with wss:// or ws://"
        );
        let error = Hosts::default()
            .with_gateway("proxy_wss", "gw.example.cn")
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "proxy_wss must start with wss:// or ws://"
        );
        let error = Hosts::default()
            .with_cdn("proxy_url", "https://")
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "proxy_url is not a valid address: empty host"
        );
    }

    #[test]
    fn pictures_keep_path_and_query_byte_by_byte() {
        let hosts = custom();
        let rest = "attachments/1/2/a%20b_..%2Fc.png?ex=66&is=65&hm=ab&=&width=968";
        for base in [CDN, MEDIA] {
            let shown = hosts.image_url(&format!("{base}{rest}")).into_owned();
            assert_eq!(shown, format!("https://img.example.cn/{rest}"));
            assert_eq!(hosts.original_image_url(&shown), format!("{CDN}{rest}"));
        }
        assert_eq!(
            hosts.image_url("https://example.org/a.png"),
            "https://example.org/a.png"
        );
        assert_eq!(
            hosts.original_image_url("https://img.example.cn.evil/a"),
            "https://img.example.cn.evil/a"
        );
    }

    #[test]
    fn upload_slots_keep_path_and_query() {
        let slot = "https://discord-attachments-uploads-prd.storage.googleapis.com/u/a.png?upload_id=A%2Fb";
        assert_eq!(
            custom().upload_url(slot),
            "https://up.example.cn/u/a.png?upload_id=A%2Fb"
        );
    }
}
