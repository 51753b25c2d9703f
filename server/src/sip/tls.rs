//! SIP over TLS: whom we trust when we call, and the certificate we show when we are called.
//!
//! TLS 1.2 and 1.3 only. The certificate's files are looked at now and then and taken anew when
//! they changed: connections that stand keep theirs, so no call is dropped.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion};
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

/// How often the certificate's files are looked at.
const LOOK: Duration = Duration::from_secs(5);

const VERSIONS: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];

/// Files that say who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The chain, our own certificate first, PEM.
    pub chain: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
}

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
pub(super) struct Trust(TlsConnector);

impl Trust {
    /// The system's certificate authorities, and those of a file.
    pub(super) fn new(more: Option<&Path>) -> Result<Self, TlsError> {
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
    pub(super) async fn connect(
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
pub(super) fn certificate_fault(error: &io::Error) -> Option<&'static str> {
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

/// The certificate we show, as it is now.
pub(super) struct Shown {
    files: Certificate,
    now: ArcSwap<ServerConfig>,
}

impl Shown {
    pub(super) fn new(files: Certificate) -> Result<Arc<Self>, TlsError> {
        let now = ArcSwap::from(server_config(&files)?);
        Ok(Arc::new(Self { files, now }))
    }

    pub(super) async fn accept(
        &self,
        stream: TcpStream,
    ) -> io::Result<server::TlsStream<TcpStream>> {
        TlsAcceptor::from(self.now.load_full()).accept(stream).await
    }

    /// Takes the files anew whenever they change. Files that can't be used are said once, and the
    /// certificate that stands goes on.
    pub(super) async fn watch(self: Arc<Self>) {
        let mut seen = self.changed_at();
        loop {
            tokio::time::sleep(LOOK).await;
            let changed = self.changed_at();
            if changed == seen {
                continue;
            }
            seen = changed;
            match server_config(&self.files) {
                Ok(config) => {
                    self.now.store(config);
                    tracing::info!("The SIP certificate was taken anew");
                }
                Err(error) => tracing::error!(%error, "The new SIP certificate can't be used"),
            }
        }
    }

    fn changed_at(&self) -> [Option<SystemTime>; 2] {
        [&self.files.chain, &self.files.key]
            .map(|path| path.metadata().and_then(|file| file.modified()).ok())
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn server_config(files: &Certificate) -> Result<Arc<ServerConfig>, TlsError> {
    let chain = chain(&files.chain)?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| file(&files.key, &error))?;
    ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(VERSIONS)
        .map_err(TlsError::Pair)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map(Arc::new)
        .map_err(TlsError::Pair)
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| file(path, &error))?;
    if certificates.is_empty() {
        return Err(file(path, &"holds no certificate"));
    }
    Ok(certificates)
}

fn file(path: &Path, why: &impl ToString) -> TlsError {
    TlsError::File {
        path: path.display().to_string(),
        why: why.to_string(),
    }
}
