//! What a server's certificate says, also where it is not trusted: the verdict itself is the engine's own.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use parking_lot::Mutex;
use rustls::{
    DigitallySignedStruct, Error, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use x509_parser::{
    prelude::{FromDer, GeneralName, ParsedExtension, X509Certificate, X509Version},
    public_key::PublicKey,
};

const DAY: i64 = 86_400;
/// What is renewed by itself has more time left than this.
const SOON: i64 = 14 * DAY;
/// Names that are shown; certificates of large providers have hundreds.
const MOST_NAMES: usize = 6;

/// What is read of a certificate.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Certificate {
    /// The names and addresses that it is for.
    pub(super) names: Vec<String>,
    /// Who signed it.
    pub(super) issuer: String,
    /// Unix seconds.
    pub(super) not_before: i64,
    /// Unix seconds.
    pub(super) not_after: i64,
    /// Whether it signed itself.
    pub(super) is_self_signed: bool,
    /// Whether it says where its authority's certificate can be fetched, as those of public authorities do.
    pub(super) is_public: bool,
    /// Whether it was sent without the certificates of its authority.
    pub(super) is_alone: bool,
    /// Why no name and no authority can make it good, where that is plain.
    pub(super) flaw: Option<Flaw>,
}

/// What is wrong with a certificate itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Flaw {
    /// It is an authority's, `CA:TRUE`, as `openssl req -x509` makes them: it may sign others and stands for no host.
    Authority,
    /// It is of the version without extensions.
    Version,
    /// It is signed with MD5 or SHA-1.
    Signature,
    /// Its RSA key has so many bits, which are too few.
    Key(usize),
}

/// The bits that an RSA key has at least (NIST SP 800-131A).
const LEAST_BITS: usize = 2_048;
/// `md5WithRSAEncryption` and `sha1WithRSAEncryption` of RFC 8017, `ecdsa-with-SHA1` of RFC 5758.
const WEAK: [&str; 3] = [
    "1.2.840.113549.1.1.4",
    "1.2.840.113549.1.1.5",
    "1.2.840.10045.4.1",
];

impl Certificate {
    /// Reads a certificate in DER; none when it is no certificate.
    pub(super) fn read(der: &[u8], is_alone: bool) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(der).ok()?;
        let mut read = Self {
            issuer: issuer(&parsed),
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
            is_self_signed: parsed.issuer() == parsed.subject(),
            is_alone,
            flaw: flaw(&parsed),
            ..Self::default()
        };
        for extension in parsed.iter_extensions() {
            if let ParsedExtension::SubjectAlternativeName(names) = extension.parsed_extension() {
                read.names
                    .extend(names.general_names.iter().filter_map(name));
            }
            read.is_public |= matches!(
                extension.parsed_extension(),
                ParsedExtension::AuthorityInfoAccess(_)
            );
        }
        Some(read)
    }

    /// Seconds since it ran out.
    pub(super) fn over_since(&self, now: i64) -> u64 {
        u64::try_from(now - self.not_after).unwrap_or_default()
    }

    /// Seconds until it begins.
    pub(super) fn begins_in(&self, now: i64) -> u64 {
        u64::try_from(self.not_before - now).unwrap_or_default()
    }

    /// Whole days left at `now` in Unix seconds; negative once it ran out.
    pub(super) fn days_left(&self, now: i64) -> i64 {
        (self.not_after - now).div_euclid(DAY)
    }

    /// Whether it should have been renewed by `now`: less than 14 days are left, or less than a third of the life of
    /// one that lives for days only.
    pub(super) fn ends_soon(&self, now: i64) -> bool {
        self.not_after - now < SOON.min((self.not_after - self.not_before) / 3)
    }

    /// The names, cut to some.
    pub(super) fn some_names(&self) -> String {
        let mut names = self
            .names
            .iter()
            .take(MOST_NAMES)
            .cloned()
            .collect::<Vec<_>>();
        if self.names.len() > MOST_NAMES {
            names.push("…".to_owned());
        }
        names.join(", ")
    }
}

fn flaw(certificate: &X509Certificate<'_>) -> Option<Flaw> {
    if certificate.version() != X509Version::V3 {
        return Some(Flaw::Version);
    }
    let constraints = certificate.basic_constraints().ok().flatten();
    if constraints.is_some_and(|constraints| constraints.value.ca) {
        return Some(Flaw::Authority);
    }
    let signature = certificate.signature_algorithm.algorithm.to_id_string();
    if WEAK.contains(&signature.as_str()) {
        return Some(Flaw::Signature);
    }
    match certificate.public_key().parsed() {
        // A modulus has a leading zero, and its bits are counted in whole bytes.
        Ok(PublicKey::RSA(key)) if key.key_size() < LEAST_BITS => Some(Flaw::Key(key.key_size())),
        Ok(_) | Err(_) => None,
    }
}

fn issuer(certificate: &X509Certificate<'_>) -> String {
    let name = certificate.issuer();
    let mut words = name.iter_organization().chain(name.iter_common_name());
    words
        .find_map(|word| word.as_str().ok())
        .unwrap_or("?")
        .to_owned()
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let address = <[u8; 4]>::try_from(*bytes)
                .map(|four| IpAddr::V4(Ipv4Addr::from(four)))
                .or_else(|_| {
                    <[u8; 16]>::try_from(*bytes).map(|all| IpAddr::V6(Ipv6Addr::from(all)))
                });
            address.ok().map(|address| address.to_string())
        }
        GeneralName::OtherName(..)
        | GeneralName::RFC822Name(_)
        | GeneralName::X400Address(_)
        | GeneralName::DirectoryName(_)
        | GeneralName::EDIPartyName(_)
        | GeneralName::URI(_)
        | GeneralName::RegisteredID(_)
        | GeneralName::Invalid(..) => None,
    }
}

/// Decides as the engine does, and keeps what it was shown.
#[derive(Debug)]
pub(super) struct Witness {
    inner: Arc<WebPkiServerVerifier>,
    seen: Mutex<Option<Certificate>>,
}

impl Witness {
    /// One for one connection.
    pub(super) fn new(inner: Arc<WebPkiServerVerifier>) -> Self {
        Self {
            inner,
            seen: Mutex::default(),
        }
    }

    /// The server's certificate, once it was shown.
    pub(super) fn seen(&self) -> Option<Certificate> {
        self.seen.lock().clone()
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        status: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.seen.lock() = Certificate::read(certificate, others.is_empty());
        self.inner
            .verify_server_cert(certificate, others, name, status, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lasting(days: i64) -> Certificate {
        Certificate {
            not_after: days * DAY,
            ..Certificate::default()
        }
    }

    #[test]
    fn counts_days() {
        let certificate = lasting(90);
        assert_eq!(certificate.days_left(0), 90);
        assert_eq!(certificate.days_left(90 * DAY - 1), 0);
        assert_eq!(certificate.days_left(90 * DAY + 1), -1);
    }

    #[test]
    fn warns_in_time() {
        assert!(!lasting(90).ends_soon(75 * DAY));
        assert!(lasting(90).ends_soon(77 * DAY));
        assert!(!lasting(6).ends_soon(3 * DAY), "it lives for six days only");
        assert!(lasting(6).ends_soon(5 * DAY));
    }
}
