//! Certificates for WPT's server, from an authority of this run, which nobody else need trust. (The one that WPT makes is limited to names,
//! among them `127.0.0.1` as one of a domain, which rustls finds malformed.)

use std::path::PathBuf;

use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

/// The subdomains that the server has, beside each of them below each: `_subdomains` in WPT's tools/serve/serve.py.
const SUBDOMAINS: [&str; 5] = [
    "www",
    "www1",
    "www2",
    "xn--lve-6lad",
    "xn--n8j6ds53lwwkrqhv28a",
];

/// A certificate authority, for who shall trust it.
#[derive(Debug, Clone)]
pub struct Authority {
    /// Its certificate, in DER.
    pub certificate: Vec<u8>,
    /// A file with that, in PEM.
    pub file: PathBuf,
}

/// The server's certificate and its key, in files that go when this is dropped.
#[derive(Debug)]
pub struct Certificates {
    /// Whom the certificate is from.
    pub authority: Authority,
    /// The file of the server's certificate, in PEM.
    pub certificate: PathBuf,
    /// The file of its key.
    pub key: PathBuf,
    _folder: TempDir,
}

impl Certificates {
    /// New ones.
    ///
    /// # Errors
    /// Where they cannot be made or written.
    pub fn make() -> Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a folder for certificates")?;
        let write = |name: &str, pem: String| -> Result<PathBuf> {
            let path = folder.path().join(name);
            std::fs::write(&path, pem)
                .with_context(|| format!("cannot write {}", path.display()))?;
            Ok(path)
        };

        let mut params = named("Web Platform Tests of this run", Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        let authority = Authority {
            certificate: certificate.der().to_vec(),
            file: write("authority.pem", certificate.pem())?,
        };
        let issuer = Issuer::new(params, key);

        let key = KeyPair::generate()?;
        let certificate = named("localhost", hosts())?.signed_by(&key, &issuer)?;
        Ok(Self {
            authority,
            certificate: write("server.pem", certificate.pem())?,
            key: write("server.key", key.serialize_pem())?,
            _folder: folder,
        })
    }
}

/// What a certificate says, of this name and for these hosts.
fn named(name: &str, hosts: Vec<String>) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(hosts)?;
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}

/// All that the server answers as: see [`crate::Server`]'s configuration.
fn hosts() -> Vec<String> {
    let below = |host: &str| SUBDOMAINS.map(|subdomain| format!("{subdomain}.{host}"));
    let subdomains = below("localhost");
    let mut hosts = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    hosts.extend(subdomains.iter().flat_map(|host| below(host)));
    hosts.extend(subdomains);
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// A handshake in memory, of the TLS that WPT's server has.
    const HANDSHAKE: &str = r#"
import ssl, sys
key, certificate, authority, host = sys.argv[1:]
settings = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
settings.load_cert_chain(certificate, key)
to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
server = settings.wrap_bio(to_server, to_client, server_side=True)
client = ssl.create_default_context(cafile=authority).wrap_bio(to_client, to_server, server_hostname=host)
waiting = [client, server]
while waiting:
    for side in list(waiting):
        try:
            side.do_handshake()
            waiting.remove(side)
        except ssl.SSLWantReadError:
            pass
"#;

    #[test]
    fn who_trusts_the_authority_trusts_every_host() {
        let (ours, others) = (Certificates::make().unwrap(), Certificates::make().unwrap());
        let trusts = |authority: &Authority, host: &str| {
            let output = Command::new("python3")
                .args(["-c", HANDSHAKE])
                .args([&ours.key, &ours.certificate, &authority.file])
                .arg(host)
                .output()
                .unwrap();
            let errors = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(
                output.status.success() || errors.contains("certificate verify failed"),
                "{errors}"
            );
            output.status.success()
        };
        for host in [
            "localhost",
            "127.0.0.1",
            "www1.localhost",
            "www2.www.localhost",
            "xn--n8j6ds53lwwkrqhv28a.localhost",
        ] {
            assert!(trusts(&ours.authority, host), "{host}");
        }
        assert!(!trusts(&ours.authority, "nonexistent.localhost"));
        assert!(!trusts(&others.authority, "localhost"));
    }

    #[test]
    fn files_go_with_the_certificates() {
        let certificates = Certificates::make().unwrap();
        let key = certificates.key.clone();
        assert!(key.is_file());
        drop(certificates);
        assert!(!key.exists());
    }
}
