//! Certificates that live as long as the process: a good one, and those with which a handshake fails.

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType,
    date_time_ymd,
};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use time::{Duration, OffsetDateTime};
use tokio_rustls::TlsAcceptor;

use crate::fault::Fault;

/// Acceptors, and the authority that a client is to trust.
pub(crate) struct Certificates {
    good: TlsAcceptor,
    expired: TlsAcceptor,
    wrong_host: TlsAcceptor,
    unknown_ca: TlsAcceptor,
    soon: TlsAcceptor,
    self_signed: TlsAcceptor,
    self_authority: TlsAcceptor,
    nameless: TlsAcceptor,
    /// PEM.
    pub(crate) authority: String,
}

type Issuer = CertifiedIssuer<'static, KeyPair>;

/// When a certificate's time is over.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Life {
    /// In five days, after ninety.
    Ending,
    Long,
    /// Since 2021.
    Over,
}

impl Certificates {
    /// Makes keys and certificates.
    pub(crate) fn new() -> io::Result<Self> {
        let trusted = authority("Fault proxy's authority")?;
        let stranger = authority("Nobody's authority")?;
        Ok(Self {
            good: acceptor(Some(&trusted), &leaf("localhost", Life::Long)?)?,
            expired: acceptor(Some(&trusted), &leaf("localhost", Life::Over)?)?,
            wrong_host: acceptor(Some(&trusted), &leaf("elsewhere.invalid", Life::Long)?)?,
            unknown_ca: acceptor(Some(&stranger), &leaf("localhost", Life::Long)?)?,
            soon: acceptor(Some(&trusted), &leaf("localhost", Life::Ending)?)?,
            self_signed: acceptor(None, &leaf("localhost", Life::Long)?)?,
            self_authority: acceptor(None, &authority_like(leaf("localhost", Life::Long)?))?,
            nameless: acceptor(Some(&trusted), &nameless(leaf("localhost", Life::Long)?))?,
            authority: trusted.pem(),
        })
    }

    /// The acceptor with which a connection is welcomed under a fault.
    pub(crate) fn acceptor(&self, fault: Option<Fault>) -> &TlsAcceptor {
        match fault {
            Some(Fault::TlsExpired) => &self.expired,
            Some(Fault::TlsWrongHost) => &self.wrong_host,
            Some(Fault::TlsUnknownCa) => &self.unknown_ca,
            Some(Fault::TlsSoon) => &self.soon,
            Some(Fault::TlsSelfSigned) => &self.self_signed,
            Some(Fault::TlsAuthority) => &self.self_authority,
            Some(Fault::TlsNameless) => &self.nameless,
            _ => &self.good,
        }
    }
}

fn authority(name: &str) -> io::Result<Issuer> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().map_err(io::Error::other)?;
    CertifiedIssuer::self_signed(params, key).map_err(io::Error::other)
}

fn leaf(host: &str, life: Life) -> io::Result<CertificateParams> {
    let mut leaf = CertificateParams::default();
    leaf.distinguished_name.push(DnType::CommonName, host);
    leaf.subject_alt_names = vec![SanType::DnsName(host.try_into().map_err(io::Error::other)?)];
    if host == "localhost" {
        leaf.subject_alt_names
            .push(SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    }
    match life {
        Life::Long => {}
        Life::Over => {
            leaf.not_before = date_time_ymd(2020, 1, 1);
            leaf.not_after = date_time_ymd(2021, 1, 1);
        }
        Life::Ending => {
            let now = OffsetDateTime::now_utc();
            leaf.not_before = now - 85 * Duration::DAY;
            leaf.not_after = now + 5 * Duration::DAY + Duration::HOUR;
        }
    }
    Ok(leaf)
}

fn authority_like(mut leaf: CertificateParams) -> CertificateParams {
    leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    leaf
}

fn nameless(mut leaf: CertificateParams) -> CertificateParams {
    leaf.subject_alt_names.clear();
    leaf
}

fn acceptor(issuer: Option<&Issuer>, leaf: &CertificateParams) -> io::Result<TlsAcceptor> {
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let certificate = match issuer {
        Some(issuer) => leaf.signed_by(&key, issuer),
        None => leaf.self_signed(&key),
    }
    .map_err(io::Error::other)?;
    let private = PrivateKeyDer::try_from(key.serialize_der()).map_err(io::Error::other)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .map_err(io::Error::other)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
