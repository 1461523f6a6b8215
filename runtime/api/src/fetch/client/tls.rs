//! TLS for `https:`: rustls with aws-lc-rs, and the certificate authorities to trust.

use std::error::Error;
use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

/// The process's configuration, made for the first `https:` request: reading the operating system's store takes milliseconds that
/// nobody else shall wait for. It also holds the sessions that connections resume.
static SHARED: OnceLock<Result<Arc<ClientConfig>, String>> = OnceLock::new();

/// Where a client's TLS configuration comes from.
#[derive(Clone, Default)]
pub(super) struct Tls(Option<Arc<ClientConfig>>);

impl Tls {
    /// One that trusts this authority, too: its certificate, in DER.
    pub(super) fn trusting(authority: &[u8]) -> Result<Tls, rustls::Error> {
        let mut roots = roots();
        roots.add(CertificateDer::from(authority))?;
        Ok(Tls(Some(configure(roots)?)))
    }

    /// The configuration; of connections that must not speak HTTP/2, one that does not offer it.
    pub(super) async fn config(
        &self,
        only_http1: bool,
    ) -> Result<Arc<ClientConfig>, Box<dyn Error + Send + Sync>> {
        let config = self.usual().await?;
        if !only_http1 {
            return Ok(config);
        }
        let mut config = ClientConfig::clone(&config);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    async fn usual(&self) -> Result<Arc<ClientConfig>, Box<dyn Error + Send + Sync>> {
        if let Some(config) = &self.0 {
            return Ok(config.clone());
        }
        if let Some(config) = SHARED.get() {
            return Ok(config.clone()?);
        }
        let make = || {
            SHARED
                .get_or_init(|| configure(roots()).map_err(|error| error.to_string()))
                .clone()
        };
        Ok(tokio::task::spawn_blocking(make).await??)
    }
}

/// The operating system's authorities, or those of `SSL_CERT_FILE` and `SSL_CERT_DIR` where those are set, as for OpenSSL. A system
/// without any, such as an empty container, gets Mozilla's.
fn roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!("cannot read a certificate authority: {error}");
    }
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}

fn configure(roots: RootCertStore) -> Result<Arc<ClientConfig>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
