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
use tokio_rustls::TlsAcceptor;

use crate::fault::Fault;

/// Acceptors, and the authority that a client is to trust.
pub(crate) struct Certificates {
    good: TlsAcceptor,
    expired: TlsAcceptor,
    wrong_host: TlsAcceptor,
    unknown_ca: TlsAcceptor,
    /// PEM.
    pub(crate) authority: String,
}

type Issuer = CertifiedIssuer<'static, KeyPair>;

impl Certificates {
    /// Makes keys and certificates.
    pub(crate) fn new() -> io::Result<Self> {
        let trusted = authority("Fault proxy's authority")?;
        let stranger = authority("Nobody's authority")?;
        Ok(Self {
            good: acceptor(&trusted, "localhost", false)?,
            expired: acceptor(&trusted, "localhost", true)?,
            wrong_host: acceptor(&trusted, "elsewhere.invalid", false)?,
            unknown_ca: acceptor(&stranger, "localhost", false)?,
            authority: trusted.pem(),
        })
    }

    /// The acceptor with which a connection is welcomed under a fault.
    pub(crate) fn acceptor(&self, fault: Option<Fault>) -> &TlsAcceptor {
        match fault {
            Some(Fault::TlsExpired) => &self.expired,
            Some(Fault::TlsWrongHost) => &self.wrong_host,
            Some(Fault::TlsUnknownCa) => &self.unknown_ca,
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

fn acceptor(issuer: &Issuer, host: &str, is_expired: bool) -> io::Result<TlsAcceptor> {
    let mut leaf = CertificateParams::default();
    leaf.distinguished_name.push(DnType::CommonName, host);
    leaf.subject_alt_names = vec![SanType::DnsName(host.try_into().map_err(io::Error::other)?)];
    if host == "localhost" {
        leaf.subject_alt_names
            .push(SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    }
    if is_expired {
        leaf.not_before = date_time_ymd(2020, 1, 1);
        leaf.not_after = date_time_ymd(2021, 1, 1);
    }
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let certificate = leaf.signed_by(&key, issuer).map_err(io::Error::other)?;
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
