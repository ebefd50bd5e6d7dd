//! The archive as a bucket of an S3-compatible service: one signed PUT for each picture (AWS Signature Version 4).

use std::time::Duration;

use mj_midjourney::{config::Archive, hub::Answer, task::Image};
use reqwest::{
    Method,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
};
use rusty_s3::{Bucket, Credentials, S3Action as _, UrlStyle};

use crate::{
    http::{Http, Outgoing},
    network::Place,
};

/// How long a signature holds: clocks that differ a little, and a large file on a slow line.
const SIGNED_FOR: Duration = Duration::from_secs(3_600);

/// Why a picture was not stored. Nothing secret and no address is in it.
#[derive(Debug, thiserror::Error)]
pub(super) enum BucketError {
    /// The configuration makes no address.
    #[error("mj.archive and mj.archive_endpoint make no address of a bucket")]
    Address,
    /// No answer.
    #[error("the service cannot be reached: check mj.archive_endpoint")]
    Unreachable,
    /// Another answer than 2xx, with the service's own word for it.
    #[error("the service answered with status {status} {code}{}", advice(*.status))]
    Status {
        /// HTTP status.
        status: u16,
        /// As `SignatureDoesNotMatch`; may be empty.
        code: String,
    },
}

fn advice(status: u16) -> &'static str {
    match status {
        301 | 307 | 400 => ": check mj.archive_region and mj.archive_endpoint",
        403 => ": check mj.archive_key, mj.archive_secret and what the key may do",
        404 => ": check the bucket's name",
        _ => "",
    }
}

/// Stores a picture; gives its `s3://` address.
pub(super) async fn put(
    http: &Http,
    archive: &Archive,
    name: &str,
    image: &Image,
    bytes: Vec<u8>,
) -> Result<String, BucketError> {
    let Archive::S3 {
        endpoint,
        region,
        bucket: bucket_name,
        prefix,
        key,
        secret,
        path_style,
    } = archive
    else {
        return Err(BucketError::Address);
    };
    let style = if *path_style {
        UrlStyle::Path
    } else {
        UrlStyle::VirtualHost
    };
    let endpoint = endpoint.parse().map_err(|_| BucketError::Address)?;
    let bucket = Bucket::new(endpoint, style, bucket_name.clone(), region.clone())
        .map_err(|_| BucketError::Address)?;
    let credentials = Credentials::new(key.expose(), secret.expose());
    let prefix = prefix.trim_matches('/');
    let object = if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}/{name}")
    };
    let content_type = image
        .content_type
        .as_deref()
        .filter(|kind| HeaderValue::try_from(*kind).is_ok())
        .unwrap_or("application/octet-stream");
    let mut action = bucket.put_object(Some(&credentials), &object);
    action.headers_mut().insert("content-type", content_type);
    let url = action.sign(SIGNED_FOR);
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::try_from(content_type) {
        headers.insert(CONTENT_TYPE, value);
    }
    let outgoing = Outgoing {
        name: None,
        place: Place::Elsewhere,
        method: Method::PUT,
        url,
        headers,
        body: Some(bytes),
    };
    match http.send(outgoing, None).await {
        Answer::Response {
            status: 200..=299, ..
        } => Ok(format!("s3://{bucket_name}/{object}")),
        Answer::Response { status, body, .. } => Err(BucketError::Status {
            status,
            code: code(&body),
        }),
        Answer::Failure { .. } => Err(BucketError::Unreachable),
    }
}

/// The word between `<Code>` and `</Code>` of an error answer.
fn code(body: &[u8]) -> String {
    let body = String::from_utf8_lossy(body);
    body.split_once("<Code>")
        .and_then(|(_, rest)| rest.split_once("</Code>"))
        .map(|(code, _)| code)
        .filter(|code| code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        .unwrap_or_default()
        .to_owned()
}
