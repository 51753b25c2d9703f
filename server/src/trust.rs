//! TLS when we call: whom we trust, and what a certificate that we do not is.
//!
//! TLS 1.2 and 1.3 only. Carriers and engines are judged alike.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client};

pub(crate) const VERSIONS: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];

/// Why there is no TLS.
#[derive(Debug, Error)]
pub enum TlsError {
    #[error("{path}: {why}")]
    File { path: String, why: String },
    #[error("certificate and key don't go together: {0}")]
    Pair(rustls::Error),
}

/// Whom we trust when we call.
#[derive(Clone)]
pub struct Trust(TlsConnector);

impl Trust {
    /// The system's certificate authorities, and those of a file.
    pub fn new(more: Option<&Path>) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        for certificate in rustls_native_certs::load_native_certs().certs {
            // One that can't be read is one we do not trust.
            let _ = roots.add(certificate);
        }
        if let Some(path) = more {
            for certificate in chain(path)? {
                roots.add(certificate).map_err(|error| file(path, &error))?;
            }
        }
        let config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(VERSIONS)
            .map_err(TlsError::Pair)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    /// Encrypts a connection; the certificate must be for this name or address, in date, and
    /// issued by somebody we trust.
    pub(crate) async fn connect(
        &self,
        stream: TcpStream,
        name: &str,
    ) -> io::Result<client::TlsStream<TcpStream>> {
        let name = ServerName::try_from(name.trim_matches(['[', ']']).to_owned())
            .map_err(io::Error::other)?;
        self.0.connect(name, stream).await
    }
}

/// What a failed handshake says of the peer's certificate, in words; `None` if it is about
/// something else.
pub(crate) fn certificate_fault(error: &io::Error) -> Option<&'static str> {
    use rustls::CertificateError as Fault;
    let inner = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    let rustls::Error::InvalidCertificate(fault) = inner else {
        return None;
    };
    Some(match fault {
        Fault::Expired | Fault::ExpiredContext { .. } => "expired",
        Fault::NotValidYet | Fault::NotValidYetContext { .. } => "not valid yet",
        Fault::NotValidForName | Fault::NotValidForNameContext { .. } => "for another name",
        Fault::UnknownIssuer => "unknown issuer",
        Fault::Revoked => "revoked",
        _ => "not to be trusted",
    })
}

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The certificates of a file.
pub(crate) fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| file(path, &error))?;
    if certificates.is_empty() {
        return Err(file(path, &"holds no certificate"));
    }
    Ok(certificates)
}

pub(crate) fn file(path: &Path, why: &impl ToString) -> TlsError {
    TlsError::File {
        path: path.display().to_string(),
        why: why.to_string(),
    }
}
