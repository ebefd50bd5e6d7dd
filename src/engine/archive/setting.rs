//! The settings that begin with `mj.archive`, checked when they are given and not when the first picture is done.

use mj_discord::Token;
use mj_midjourney::config::Archive;
use url::Url;

use crate::error::EngineError;

/// The settings as given, empty ones left out.
#[derive(Clone, Debug, Default)]
pub(crate) struct ArchiveSetting {
    /// `mj.archive`: an absolute path, or `s3://bucket/prefix`.
    pub(crate) location: Option<String>,
    /// `mj.archive_endpoint`: the service's address; Amazon's own for the region when not given.
    pub(crate) endpoint: Option<String>,
    /// `mj.archive_region`; `us-east-1` when not given, as most services other than Amazon's take it.
    pub(crate) region: Option<String>,
    /// `mj.archive_key`: the access key.
    pub(crate) key: Option<Token>,
    /// `mj.archive_secret`: the secret key.
    pub(crate) secret: Option<Token>,
    /// `mj.archive_path_style`: whether the bucket is part of the path; by default it is for every service but Amazon's,
    /// since the others often have no names for their buckets.
    pub(crate) path_style: Option<bool>,
}

impl ArchiveSetting {
    /// Where pictures go; none when nothing is set.
    ///
    /// # Errors
    /// [`EngineError::Configuration`] naming the setting.
    pub(crate) fn check(self) -> Result<Option<Archive>, EngineError> {
        let Some(location) = &self.location else {
            return Ok(None);
        };
        if let Some(rest) = location.strip_prefix("s3://") {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            let (bucket, prefix) = (bucket.to_owned(), prefix.trim_matches('/').to_owned());
            return self.check_bucket(bucket, prefix).map(Some);
        }
        if !location.starts_with('/') || location.contains('\0') {
            return Err(EngineError::configuration(
                "mj.archive",
                "must be an absolute path or s3://bucket/prefix",
            ));
        }
        Ok(Some(Archive::Directory(location.clone())))
    }

    fn check_bucket(self, bucket: String, prefix: String) -> Result<Archive, EngineError> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if !(3..=63).contains(&bucket.len()) || !bucket.bytes().all(is_plain) {
            return Err(EngineError::configuration(
                "mj.archive",
                "names no bucket: s3:// is followed by 3 to 63 letters, digits, dots, hyphens",
            ));
        }
        // An address cannot say these, and would lead elsewhere.
        let is_nameable = prefix.len() <= 512
            && !prefix.chars().any(char::is_control)
            && (prefix.is_empty()
                || prefix
                    .split('/')
                    .all(|part| !matches!(part, "" | "." | "..")));
        if !is_nameable {
            return Err(EngineError::configuration(
                "mj.archive",
                "has a prefix with an empty part, a . or a ..",
            ));
        }
        let region = self.region.unwrap_or_else(|| "us-east-1".to_owned());
        let endpoint = match self.endpoint {
            Some(endpoint) => endpoint,
            None => format!("https://s3.{region}.amazonaws.com"),
        };
        let is_web = Url::parse(&endpoint).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty()
        });
        if !is_web {
            return Err(EngineError::configuration(
                "mj.archive_endpoint",
                "must be an address like https://s3.example.com",
            ));
        }
        let missing = |setting: &'static str| {
            move || EngineError::configuration(setting, "is missing: mj.archive is a bucket")
        };
        Ok(Archive::S3 {
            path_style: self
                .path_style
                .unwrap_or_else(|| !endpoint.contains(".amazonaws.com")),
            endpoint,
            region,
            bucket,
            prefix,
            key: self.key.ok_or_else(missing("mj.archive_key"))?,
            secret: self.secret.ok_or_else(missing("mj.archive_secret"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(location: &str) -> ArchiveSetting {
        ArchiveSetting {
            location: Some(location.to_owned()),
            key: Some(Token::new("k")),
            secret: Some(Token::new("s")),
            ..ArchiveSetting::default()
        }
    }

    #[test]
    fn reads_directories_and_buckets() {
        assert_eq!(ArchiveSetting::default().check().unwrap(), None);
        assert_eq!(
            bucket("/srv/pictures").check().unwrap(),
            Some(Archive::Directory("/srv/pictures".to_owned()))
        );
        let amazons = |path_style, endpoint: &str, prefix: &str| Archive::S3 {
            endpoint: endpoint.to_owned(),
            region: "us-east-1".to_owned(),
            bucket: "pictures".to_owned(),
            prefix: prefix.to_owned(),
            key: Token::new("k"),
            secret: Token::new("s"),
            path_style,
        };
        assert_eq!(
            bucket("s3://pictures").check().unwrap(),
            Some(amazons(false, "https://s3.us-east-1.amazonaws.com", ""))
        );
        let other = ArchiveSetting {
            endpoint: Some("http://10.0.0.5:9000".to_owned()),
            ..bucket("s3://pictures/mj/2/")
        };
        assert_eq!(
            other.check().unwrap(),
            Some(amazons(true, "http://10.0.0.5:9000", "mj/2"))
        );
    }

    #[test]
    fn says_which_setting_is_wrong() {
        let setting = |given: ArchiveSetting| match given.check() {
            Err(EngineError::Configuration { setting, .. }) => setting.into_owned(),
            other => panic!("{other:?}"),
        };
        for location in [
            "pictures",
            "s3://",
            "s3://a",
            "s3://pictures/../x",
            "s3://pictures/a//b",
        ] {
            assert_eq!(setting(bucket(location)), "mj.archive", "{location}");
        }
        let without = ArchiveSetting {
            secret: None,
            ..bucket("s3://pictures")
        };
        assert_eq!(setting(without), "mj.archive_secret");
        let elsewhere = ArchiveSetting {
            endpoint: Some("s3.example.com".to_owned()),
            ..bucket("s3://pictures")
        };
        assert_eq!(setting(elsewhere), "mj.archive_endpoint");
    }
}
