//! One TLS configuration for gateway and REST: ring, the bundled roots, the system's and `mj.ca_file`.
//!
//! It never touches rustls's process-wide provider (the process is PHP's) and never reads the environment, so that
//! any thread may build it.

use std::{collections::HashMap, io, path::Path, sync::Arc};

use parking_lot::Mutex;
use rustls::{
    ClientConfig, RootCertStore,
    client::{VerifierBuilderError, WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, pem::PemObject},
};

/// Where Debian, Red Hat, SUSE, Alpine and BaoTa's own builds keep the system's roots.
const SYSTEM_BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
];

/// How large a file of certificates is at most, in bytes; a system's authorities are some 250 kB.
const LARGEST: u64 = 16 << 20;

/// Why no TLS configuration could be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    /// `mj.ca_file` cannot be read or holds no certificate.
    #[error("mj.ca_file cannot be used: {0}")]
    CaFile(#[source] io::Error),
    /// The provider does not fit the protocol versions.
    #[error("TLS cannot be set up")]
    Provider(#[from] rustls::Error),
    /// There is no authority to trust.
    #[error("no certificate authority is known")]
    Authorities(#[from] VerifierBuilderError),
}

/// The configurations of this process, one for each `ca_file`; they are shared by all hubs.
#[derive(Debug, Default)]
pub(crate) struct Tls {
    made: Mutex<HashMap<Option<String>, Arc<ClientConfig>>>,
}

impl Tls {
    /// The configuration with `ca_file` added, made at the first call.
    ///
    /// # Errors
    /// [`TlsError::CaFile`] when the file has become unreadable.
    pub(crate) fn config(&self, ca_file: Option<&str>) -> Result<Arc<ClientConfig>, TlsError> {
        let key = ca_file.map(str::to_owned);
        if let Some(made) = self.made.lock().get(&key) {
            return Ok(Arc::clone(made));
        }
        let config = Arc::new(build(ca_file)?);
        self.made.lock().insert(key, Arc::clone(&config));
        Ok(config)
    }
}

/// The certificates of a PEM file.
///
/// # Errors
/// The system's; `InvalidInput` for a FIFO or a device, which could be waited for or read for ever, and what is far
/// larger than any system's authorities.
pub(crate) fn certificates_in(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let there = std::fs::metadata(path)?;
    if !there.is_file() && !there.is_dir() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is no regular file",
        ));
    }
    if there.len() > LARGEST {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is too large for certificates",
        ));
    }
    let bytes = std::fs::read(path)?;
    CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<_, _>>()
        .map_err(io::Error::other)
}

/// Who decides which certificates are good, as in [`Tls::config`].
///
/// # Errors
/// As [`Tls::config`].
pub(crate) fn verifier(ca_file: Option<&str>) -> Result<Arc<WebPkiServerVerifier>, TlsError> {
    let roots = Arc::new(roots(ca_file)?);
    Ok(WebPkiServerVerifier::builder_with_provider(roots, provider()).build()?)
}

/// A configuration whose certificates somebody else looks at.
///
/// # Errors
/// [`TlsError::Provider`].
pub(crate) fn config_with(verifier: Arc<dyn ServerCertVerifier>) -> Result<ClientConfig, TlsError> {
    Ok(ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth())
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn build(ca_file: Option<&str>) -> Result<ClientConfig, TlsError> {
    config_with(verifier(ca_file)?)
}

fn roots(ca_file: Option<&str>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let system = SYSTEM_BUNDLES
        .iter()
        .find_map(|path| certificates_in(Path::new(path)).ok());
    roots.add_parsable_certificates(system.unwrap_or_default());
    if let Some(path) = ca_file {
        let certificates = certificates_in(Path::new(path)).map_err(TlsError::CaFile)?;
        let (added, _) = roots.add_parsable_certificates(certificates);
        if added == 0 {
            return Err(TlsError::CaFile(io::Error::new(
                io::ErrorKind::InvalidData,
                "it holds no usable certificate",
            )));
        }
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_made_once_for_each_file() {
        let tls = Tls::default();
        let first = tls.config(None).unwrap();
        assert!(Arc::ptr_eq(&first, &tls.config(None).unwrap()));
        assert!(CryptoProvider::get_default().is_none());
    }

    #[test]
    fn waits_for_no_fifo_and_reads_no_device() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("socket");
        let _listening = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for path in [Path::new("/dev/zero"), Path::new("/dev/null"), &socket] {
            let error = certificates_in(path).unwrap_err();
            assert_eq!(
                error.kind(),
                io::ErrorKind::InvalidInput,
                "{path:?}: {error}"
            );
        }
        let large = directory.path().join("large");
        std::fs::File::create(&large)
            .unwrap()
            .set_len(LARGEST + 1)
            .unwrap();
        assert!(certificates_in(&large).is_err());
    }

    #[test]
    fn names_the_setting_of_an_unusable_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = Tls::default().config(file.path().to_str()).unwrap_err();
        assert!(error.to_string().starts_with("mj.ca_file"), "{error}");
        assert!(Tls::default().config(Some("/nonexistent.pem")).is_err());
    }
}
