//! Where finished pictures are kept for good: a directory, or a bucket of an S3-compatible service.

use mj_midjourney::config::Archive;

use super::Raw;
use crate::{error::EngineError, setting::Setting};

/// Settings that only a bucket has.
const OF_BUCKETS: &[&str] = &[
    "archive_endpoint",
    "archive_key",
    "archive_path_style",
    "archive_region",
    "archive_secret",
];

/// The archive that is set.
///
/// # Errors
/// [`EngineError::Configuration`] naming what is wrong or missing.
pub(super) fn archive(raw: &Raw) -> Result<Option<Archive>, EngineError> {
    let Some(setting) = raw.get("archive") else {
        return match OF_BUCKETS.iter().find_map(|key| raw.get(key)) {
            Some(orphan) => Err(orphan.wrong("needs mj.archive, set to s3://bucket")),
            None => Ok(None),
        };
    };
    let text = setting.text()?;
    if let Some(place) = text.strip_prefix("s3://") {
        return bucket(raw, setting, place).map(Some);
    }
    if let Some(orphan) = OF_BUCKETS.iter().find_map(|key| raw.get(key)) {
        return Err(orphan.wrong("is for s3://bucket only, and mj.archive names a directory"));
    }
    if !text.starts_with('/') {
        return Err(
            setting.wrong("must be the absolute path of a directory, or s3://bucket/prefix")
        );
    }
    Ok(Some(Archive::Directory(text)))
}

fn bucket(raw: &Raw, setting: &Setting, place: &str) -> Result<Archive, EngineError> {
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    let is_bucket = (3..=63).contains(&bucket.len())
        && bucket
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    if !is_bucket {
        return Err(setting.wrong("must name a bucket, as s3://bucket or s3://bucket/prefix"));
    }
    let prefix = prefix.trim_matches('/');
    // An address cannot say these parts: they would lead to another place, or to another bucket.
    let is_nameable = prefix.is_empty()
        || prefix
            .split('/')
            .all(|part| !matches!(part, "" | "." | "..") && !part.contains(char::is_control));
    if !is_nameable {
        return Err(setting.wrong("has a prefix with an empty part, a . or a .."));
    }
    let missing = |key: &'static str| {
        EngineError::configuration(raw.label(key), "is missing: mj.archive is a bucket")
    };
    let region = raw
        .read("archive_region", region)?
        .unwrap_or_else(|| "us-east-1".to_owned());
    let endpoint = raw.read("archive_endpoint", |setting| {
        setting.address(&["https", "http"])
    })?;
    Ok(Archive::S3 {
        // A service of its own mostly has no host name for each bucket; Amazon's has.
        path_style: raw
            .read("archive_path_style", Setting::truth)?
            .unwrap_or(endpoint.is_some()),
        endpoint: endpoint.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com")),
        region,
        bucket: bucket.to_owned(),
        prefix: prefix.to_owned(),
        key: raw
            .read("archive_key", Setting::token)?
            .ok_or_else(|| missing("archive_key"))?,
        secret: raw
            .read("archive_secret", Setting::token)?
            .ok_or_else(|| missing("archive_secret"))?,
    })
}

/// A region's name, which becomes a part of Amazon's host name.
fn region(setting: &Setting) -> Result<String, EngineError> {
    let region = setting.text()?;
    let is_name = region.len() <= 63
        && region
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if is_name {
        return Ok(region);
    }
    Err(setting.wrong("must be the name of a region, as eu-west-1"))
}
