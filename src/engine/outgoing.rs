//! From the pure rooms' request values to what goes over the wire: hosts, headers, token.

use mj_discord::{
    Hosts, Token,
    hosts::HostError,
    rest::{Body, Method, Piece, Request},
};
use mj_midjourney::config::HostSettings;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};

use crate::http::Outgoing;

/// The hosts of a hub.
///
/// # Errors
/// When a stored address is none; the configuration was checked when it was given.
pub(crate) fn hosts(settings: &HostSettings) -> Result<Hosts, HostError> {
    let mut hosts = Hosts::default();
    if let Some(url) = &settings.api_url {
        hosts = hosts.with_api("mj.api_url", url)?;
    }
    if let Some(url) = &settings.gateway_url {
        hosts = hosts.with_gateway("mj.gateway_url", url)?;
    }
    if let Some(url) = &settings.gateway_resume_url {
        hosts = hosts.with_resume("mj.gateway_resume_url", url)?;
    }
    if let Some(url) = &settings.cdn_url {
        hosts = hosts.with_cdn("mj.cdn_url", url)?;
    }
    if let Some(url) = &settings.activity_url {
        hosts = hosts.with_activity("mj.activity_url", url)?;
    }
    if let Some(url) = &settings.upload_url {
        hosts = hosts.with_upload("mj.upload_url", url)?;
    }
    Ok(hosts)
}

/// A request as it goes out; none when it has no address or its token no form of a header.
pub(crate) fn outgoing(
    request: Request,
    token: &Token,
    hosts: &Hosts,
    user_agent: &str,
) -> Option<Outgoing> {
    let url = request.url(hosts).ok()?;
    let method = match request.method() {
        Method::Delete => reqwest::Method::DELETE,
        Method::Get => reqwest::Method::GET,
        Method::Patch => reqwest::Method::PATCH,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
    };
    let mut headers = HeaderMap::new();
    headers.insert(USER_AGENT, HeaderValue::try_from(user_agent).ok()?);
    if let Some(kind) = request.auth {
        let mut value = HeaderValue::try_from(kind.authorization(token)).ok()?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    let body = match request.body {
        Body::Empty => None,
        Body::Json(text) => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            Some(text.into_bytes())
        }
        Body::Pieces {
            content_type,
            pieces,
        } => {
            headers.insert(CONTENT_TYPE, HeaderValue::try_from(content_type).ok()?);
            let mut bytes = Vec::new();
            for piece in pieces {
                let Piece::Text(text) = piece else {
                    return None;
                };
                bytes.extend_from_slice(text.as_bytes());
            }
            Some(bytes)
        }
    };
    Some(Outgoing {
        method,
        url,
        headers,
        body,
    })
}
