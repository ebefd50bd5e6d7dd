//! Addresses of attachments: signed, for a day (Discord's reference, "Signed Attachment CDN URLs").
//!
//! An address is `https://cdn.discordapp.com/attachments/{channel}/{attachment}/{file}?ex=..&is=..&hm=..&`, where `ex`
//! and `is` are hexadecimal seconds since the Unix epoch. How long a signature lasts is Discord's to decide: read `ex`.

use std::borrow::Cow;

use url::{Host, Url};

use crate::UnixMs;

/// An attachment's address taken apart.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AttachmentUrl {
    url: Url,
}

impl AttachmentUrl {
    /// Reads an address of an attachment, public or ephemeral, on any host: through a reverse proxy it is another.
    pub fn parse(url: &str) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        let is_attachment = matches!(url.scheme(), "https" | "http")
            && url
                .path_segments()?
                .any(|part| matches!(part, "attachments" | "ephemeral-attachments"));
        is_attachment.then_some(Self { url })
    }

    /// The address in its one form, without `..` in its path.
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// Whether it is on one of Discord's own hosts.
    pub fn is_discords(&self) -> bool {
        match self.url.host() {
            Some(Host::Domain(host)) => {
                matches!(host, "cdn.discordapp.com" | "media.discordapp.net")
            }
            Some(Host::Ipv4(_) | Host::Ipv6(_)) | None => false,
        }
    }

    /// Whether only one user's sessions were shown the message it belongs to.
    pub fn is_ephemeral(&self) -> bool {
        self.url
            .path_segments()
            .is_some_and(|mut parts| parts.any(|part| part == "ephemeral-attachments"))
    }

    /// When the signature ends; `None` for an address without one.
    pub fn expires_at(&self) -> Option<UnixMs> {
        self.hexadecimal_seconds("ex")
    }

    /// When the signature was made; `None` for an address without one.
    pub fn issued_at(&self) -> Option<UnixMs> {
        self.hexadecimal_seconds("is")
    }

    /// Whether the signature has ended. An address without one does not expire by itself.
    pub fn is_expired(&self, now: UnixMs) -> bool {
        self.expires_at().is_some_and(|at| at <= now)
    }

    /// The file's name, decoded.
    pub fn file_name(&self) -> Option<String> {
        let name = self
            .url
            .path_segments()?
            .next_back()
            .filter(|name| !name.is_empty())?;
        Some(decode(name).into_owned())
    }

    /// The address without signature and size parameters: what stays the same when it is signed anew.
    pub fn unsigned(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        url.set_fragment(None);
        url.into()
    }

    fn hexadecimal_seconds(&self, key: &str) -> Option<UnixMs> {
        let (_, value) = self.url.query_pairs().find(|(name, _)| name == key)?;
        u64::from_str_radix(&value, 16)
            .ok()?
            .checked_mul(1000)
            .map(UnixMs)
    }
}

fn decode(part: &str) -> Cow<'_, str> {
    if !part.contains('%') {
        return Cow::Borrowed(part);
    }
    let bytes = part.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%')
            .then(|| bytes.get(at + 1..at + 3))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(escaped.unwrap_or(byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    Cow::Owned(String::from_utf8_lossy(&decoded).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: &str = "https://cdn.discordapp.com/attachments/1/2/a_cat%20b.png?ex=65d903de&is=65c68ede&hm=2481f30dd67f503f54d020ae3b5533b9987fae4e&";

    #[test]
    fn reads_the_end_of_the_signature() {
        let url = AttachmentUrl::parse(SIGNED).unwrap();
        assert_eq!(url.expires_at(), Some(UnixMs(0x65d9_03de * 1000)));
        assert_eq!(url.issued_at(), Some(UnixMs(0x65c6_8ede * 1000)));
        assert!(!url.is_expired(UnixMs(0x65d9_03de * 1000 - 1)));
        assert!(url.is_expired(UnixMs(0x65d9_03de * 1000)));
    }

    #[test]
    fn takes_the_address_apart() {
        let url = AttachmentUrl::parse(SIGNED).unwrap();
        assert_eq!(url.file_name().as_deref(), Some("a_cat b.png"));
        assert_eq!(
            url.unsigned(),
            "https://cdn.discordapp.com/attachments/1/2/a_cat%20b.png"
        );
        assert!(url.is_discords() && !url.is_ephemeral());
        assert!(
            AttachmentUrl::parse("https://media.discordapp.net/ephemeral-attachments/1/2/a.png")
                .unwrap()
                .is_ephemeral()
        );
        assert!(
            !AttachmentUrl::parse("https://img.example.cn/attachments/1/2/a.png")
                .unwrap()
                .is_discords()
        );
    }

    #[test]
    fn unsigned_and_odd_signatures_do_not_expire() {
        for query in [
            "",
            "?ex=",
            "?ex=xyz",
            "?ex=fffffffffffffffff",
            "?ex=ffffffffffffffff",
        ] {
            let url = AttachmentUrl::parse(&format!(
                "https://cdn.discordapp.com/attachments/1/2/a.png{query}"
            ))
            .unwrap();
            assert_eq!(url.expires_at(), None, "{query}");
            assert!(!url.is_expired(UnixMs(u64::MAX)));
        }
    }

    #[test]
    fn other_addresses_are_no_attachments() {
        for other in [
            "https://cdn.discordapp.com/avatars/1/a.png",
            "file:///attachments/1",
            "data:image/png;base64,AA",
            "x",
        ] {
            assert_eq!(AttachmentUrl::parse(other), None, "{other}");
        }
    }

    #[test]
    fn stray_percent_signs_survive() {
        for (written, read) in [
            ("a%", "a%"),
            ("%2", "%2"),
            ("%zz.png", "%zz.png"),
            ("%E7%8C%AB.png", "猫.png"),
        ] {
            assert_eq!(decode(written), read);
        }
    }
}
