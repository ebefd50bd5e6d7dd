//! From the pure rooms' request values to what goes over the wire: hosts, headers, token.

use std::io;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mj_discord::{
    Hosts, Token,
    hosts::HostError,
    rest::{Body, Method, Piece, Request},
};
use mj_midjourney::config::HostSettings;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, USER_AGENT};

use crate::{
    http::{Name, Outgoing},
    network::Place,
};

/// The largest body made of pieces; a mask is 10 MiB at most, and a third more in Base64.
const LARGEST_BODY: usize = 16 << 20;

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

/// Whether a request carries files that are kept: they are read before it is sent, which takes a while.
pub(crate) fn has_files(request: &Request) -> bool {
    match &request.body {
        Body::Pieces { pieces, .. } => pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Base64(_) | Piece::File(_))),
        Body::Empty | Body::Json(_) => false,
    }
}

/// A request as it goes out, with the bytes of files from `read`; none when it has no address, its token no form of a
/// header, or a file is gone.
pub(crate) fn outgoing(
    request: Request,
    token: &Token,
    hosts: &Hosts,
    user_agent: &str,
    read: impl Fn(&str) -> io::Result<Vec<u8>>,
) -> Option<Outgoing> {
    let url = request.url(hosts).ok()?;
    // Slots and Midjourney's editor are asked without a token; only slots are filled by PUT.
    let place = match (request.auth, request.method()) {
        (Some(_), _) => Place::Api,
        (None, Method::Put) => Place::Upload,
        (None, Method::Delete | Method::Get | Method::Patch | Method::Post) => Place::Elsewhere,
    };
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
            Some(join(pieces, read)?)
        }
    };
    Some(Outgoing {
        name: Some(Name(request.route.path)),
        place,
        method,
        url,
        headers,
        body,
    })
}

fn join(pieces: Vec<Piece>, read: impl Fn(&str) -> io::Result<Vec<u8>>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    for piece in pieces {
        let file = |name: &str| {
            read(name)
                .inspect_err(|error| tracing::error!(%error, "a kept picture cannot be read"))
                .ok()
        };
        match piece {
            Piece::Text(text) => body.extend_from_slice(text.as_bytes()),
            Piece::File(name) => body.extend_from_slice(&file(&name)?),
            Piece::Base64(name) => {
                body.extend_from_slice(STANDARD.encode(file(&name)?).as_bytes());
            }
        }
        if body.len() > LARGEST_BODY {
            tracing::error!("a request is larger than any that may be sent");
            return None;
        }
    }
    Some(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(pieces: Vec<Piece>) -> Option<Vec<u8>> {
        let request = Request {
            body: Body::Pieces {
                content_type: "image/png".to_owned(),
                pieces,
            },
            ..Request::upload(
                "https://storage.example/slot?x=1".to_owned(),
                String::new(),
                String::new(),
            )
        };
        assert!(has_files(&request));
        let token = Token::new("t");
        let read = |name: &str| match name {
            "a.png" => Ok(vec![0xFB, 0xFF, 0x00, 0x01]),
            "large.png" => Ok(vec![0; 13 << 20]),
            _ => Err(io::ErrorKind::NotFound.into()),
        };
        let outgoing = outgoing(request, &token, &Hosts::default(), "mj", read)?;
        assert_eq!(outgoing.headers[CONTENT_TYPE], "image/png");
        assert!(!outgoing.headers.contains_key(AUTHORIZATION));
        outgoing.body
    }

    #[test]
    fn puts_kept_files_into_bodies() {
        let file = || Piece::File("a.png".to_owned());
        assert_eq!(body(vec![file()]).unwrap(), [0xFB, 0xFF, 0x00, 0x01]);
        let text = |text: &str| Piece::Text(text.to_owned());
        let pieces = vec![
            text(r#"{"mask":""#),
            Piece::Base64("a.png".to_owned()),
            text(r#""}"#),
        ];
        assert_eq!(body(pieces).unwrap(), br#"{"mask":"+/8AAQ=="}"#);
    }

    #[test]
    fn sends_nothing_without_its_files() {
        assert_eq!(body(vec![Piece::File("gone.png".to_owned())]), None);
        assert_eq!(body(vec![Piece::Base64("large.png".to_owned())]), None);
    }
}
