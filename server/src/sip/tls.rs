//! SIP over TLS: the certificate we show when we are called.
//!
//! The certificate's files are looked at now and then and taken anew when
//! they changed: connections that stand keep theirs, so no call is dropped.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, server};

use crate::trust::{TlsError, VERSIONS, chain, file, provider};

/// How often the certificate's files are looked at.
const LOOK: Duration = Duration::from_secs(5);

/// Files that say who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The chain, our own certificate first, PEM.
    pub chain: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
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
