//! Whose certificates `https:` trusts.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Output;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::support::{Site, nano};

/// A server at `localhost`: its port, and the certificate of its authority, in PEM.
fn secure_server() -> (u16, String) {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let authority = params.self_signed(&key).expect("an authority").pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
    let certificate = params.signed_by(&key, &issuer).expect("a certificate");
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).expect("a key"),
        )
        .expect("a configuration");
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let session = ServerConnection::new(config.clone()).expect("a session");
            let mut stream = StreamOwned::new(session, stream);
            // Who does not trust the certificate goes without having asked.
            if stream.read(&mut [0; 4096]).is_ok_and(|count| count > 0) {
                let _ = stream.write_all(
                    b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\nsecret",
                );
            }
        }
    });
    (port, authority)
}

/// As with OpenSSL, whose variable it is.
#[test]
fn authorities_are_those_of_a_file() {
    let ((port, authority), (_, another)) = (secure_server(), secure_server());
    let site = Site::new()
        .file("authority.pem", &authority)
        .file("another.pem", &another);
    let fetched = |file: &str| {
        let code = format!("console.log(await (await fetch('https://localhost:{port}/')).text())");
        let mut program = nano();
        program
            .env("SSL_CERT_FILE", site.path().join(file))
            .args(["eval", &code]);
        let Output { stdout, stderr, .. } = program.output().expect("nano runs");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (text(stdout), text(stderr))
    };
    assert_eq!(
        fetched("authority.pem"),
        ("secret\n".to_owned(), String::new())
    );
    let (stdout, stderr) = fetched("another.pem");
    assert_eq!(stdout, "");
    assert!(stderr.contains("invalid peer certificate"), "{stderr}");
}
