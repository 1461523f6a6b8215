//! Requests over real connections, without JavaScript.

mod raw;
pub(crate) mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{Method, StatusCode};
use rustls::pki_types::CertificateDer;
use tokio::io::AsyncWriteExt as _;

use self::server::Server;
use super::{Answer, AnswerBody, Arriving, Exchange, Failure, Outbound, RequestBody};
use crate::bindings::types::RequestRedirect;
use crate::fetch::client::request_headers::ContentCoding;
use nano_worker::{BodyStream, Limits, OutboundHosts, Put};

fn exchange(outbound: &Arc<Outbound>, url: &str) -> Exchange {
    let url = crate::url::url::parse(url, None).expect("a URL");
    Exchange {
        outbound: outbound.clone(),
        coding: ContentCoding::Decode,
        ..Exchange::for_test(Method::GET, url, RequestBody::Null)
    }
}

async fn get(outbound: &Arc<Outbound>, url: &str) -> Result<Answer, Failure> {
    exchange(outbound, url).run().await
}

async fn text(answer: Answer) -> Result<String, String> {
    let bytes = match answer.body {
        AnswerBody::Null => return Ok("null".into()),
        AnswerBody::Bytes(bytes) => bytes.to_vec(),
        AnswerBody::Arriving(Arriving {
            chunks: mut stream, ..
        }) => {
            let mut all = Vec::new();
            while let Some(chunk) = stream.next().await {
                all.extend_from_slice(&chunk.map_err(|error| error.to_string())?);
            }
            all
        }
    };
    Ok(String::from_utf8(bytes).unwrap())
}

async fn failure(outbound: &Arc<Outbound>, url: &str) -> String {
    get(outbound, url)
        .await
        .err()
        .expect("a failure")
        .to_string()
}

fn unrestricted() -> Arc<Outbound> {
    Arc::new(Outbound::unrestricted())
}

#[tokio::test]
async fn connections_are_reused() {
    let (server, outbound) = (Server::start(None), unrestricted());
    for _ in 0..3 {
        let answer = get(&outbound, &server.url("/connection")).await.unwrap();
        assert_eq!(text(answer).await.unwrap(), "1");
    }
    // Bodies of redirects are read, so that theirs is reused, too.
    let answer = get(&outbound, &server.url("/redirect?302,/connection"))
        .await
        .unwrap();
    assert_eq!(
        (answer.redirects, answer.url.clone()),
        (1, server.url("/connection"))
    );
    assert_eq!(text(answer).await.unwrap(), "1");
    // Another policy has connections of its own.
    let answer = get(&unrestricted(), &server.url("/connection"))
        .await
        .unwrap();
    assert_eq!(text(answer).await.unwrap(), "2");
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn what_was_misdirected_is_sent_again_once() {
    let (server, outbound) = (Server::start(None), unrestricted());
    let answer = get(&outbound, &server.url("/status?421")).await.unwrap();
    assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST);
    assert_eq!((server.requests(), server.connections()), (2, 2));
    get(&outbound, &server.url("/status?404")).await.unwrap();
    assert_eq!(server.requests(), 3);
}

#[tokio::test]
async fn policies_are_enforced_on_every_hop() {
    let (server, other) = (Server::start(None), Server::start(None));
    let closed = Arc::new(Outbound::new(OutboundHosts::default(), &Limits::default()));
    let error = failure(&closed, &server.url("/")).await;
    assert!(
        error.contains("is a loopback address") && error.contains("\"allow\""),
        "{error}"
    );
    assert_eq!(server.connections(), 0);

    let rule = format!("localhost:{}", server.port()).parse().unwrap();
    let hosts = OutboundHosts {
        allow: vec![rule],
        ..OutboundHosts::default()
    };
    let half_open = Arc::new(Outbound::new(hosts, &Limits::default()));
    assert!(get(&half_open, &server.url("/")).await.is_ok());
    let error = failure(
        &half_open,
        &server.url(&format!("/redirect?302,{}", other.url("/"))),
    )
    .await;
    assert!(
        error.contains(&format!("localhost:{} is not a public host", other.port())),
        "{error}"
    );
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn redirects_end() {
    let (server, outbound) = (Server::start(None), unrestricted());
    assert_eq!(
        failure(&outbound, &server.url("/loop")).await,
        "more than 20 redirects"
    );
    assert_eq!(server.requests(), 21);
    let limited = Exchange {
        redirects_left: 3,
        ..exchange(&outbound, &server.url("/loop"))
    };
    assert!(
        limited
            .run()
            .await
            .err()
            .unwrap()
            .to_string()
            .contains("\"subrequests\"")
    );
    assert_eq!(outbound.counts().refused.load(Ordering::Relaxed), 1);
    let manual = Exchange {
        redirect: RequestRedirect::Manual,
        ..exchange(&outbound, &server.url("/loop"))
    };
    let answer = manual.run().await.unwrap();
    assert_eq!((answer.status, answer.redirects), (StatusCode::FOUND, 0));
    let refusing = Exchange {
        redirect: RequestRedirect::Error,
        ..exchange(&outbound, &server.url("/loop"))
    };
    assert!(refusing.run().await.is_err());
}

#[tokio::test]
async fn bodies_are_sent_again_if_they_can_be() {
    let (server, outbound) = (Server::start(None), unrestricted());
    let post = |body, path: &str| {
        let exchange = exchange(&outbound, &server.url(path));
        Exchange {
            method: Method::POST,
            body,
            ..exchange
        }
        .run()
    };
    let answer = post(
        RequestBody::Bytes(Bytes::from_static(b"abc")),
        "/redirect?307,/echo",
    )
    .await
    .unwrap();
    let echo = text(answer).await.unwrap();
    assert!(
        echo.contains(r#""body":"abc""#) && echo.contains(r#""content-length":"3""#),
        "{echo}"
    );
    let stream = || {
        let (writer, stream) = BodyStream::bounded(4, None);
        assert_eq!(writer.put(Bytes::from_static(b"abc")), Put::Room);
        writer.finish();
        RequestBody::Stream(stream)
    };
    let echo = text(post(stream(), "/echo").await.unwrap()).await.unwrap();
    assert!(
        echo.contains(r#""body":"abc""#) && echo.contains(r#""transfer-encoding":"chunked""#),
        "{echo}"
    );
    let error = post(stream(), "/redirect?307,/echo")
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("cannot be sent again"), "{error}");
    let echo = text(post(stream(), "/redirect?303,/echo").await.unwrap())
        .await
        .unwrap();
    assert!(
        echo.contains(r#""method":"GET""#) && echo.contains(r#""body":"""#),
        "{echo}"
    );
    let echo = text(post(RequestBody::Null, "/echo").await.unwrap())
        .await
        .unwrap();
    assert!(echo.contains(r#""content-length":"0""#), "{echo}");
}

#[tokio::test]
async fn content_codings_are_undone_if_we_asked_for_them() {
    let (server, outbound) = (Server::start(None), unrestricted());
    for path in ["/gzip", "/br", "/deflate"] {
        let answer = get(&outbound, &server.url(path)).await.unwrap();
        assert!(
            !answer.headers.contains(&http::header::CONTENT_ENCODING),
            "{path}"
        );
        assert!(
            !answer.headers.contains(&http::header::CONTENT_LENGTH),
            "{path}"
        );
        assert_eq!(
            text(answer).await.unwrap(),
            "hello ".repeat(10_000),
            "{path}"
        );
    }
    let raw = Exchange {
        coding: ContentCoding::Keep,
        ..exchange(&outbound, &server.url("/gzip"))
    }
    .run()
    .await
    .unwrap();
    assert_eq!(
        raw.headers.get(&http::header::CONTENT_ENCODING).unwrap(),
        b"gzip"
    );
    let AnswerBody::Bytes(bytes) = raw.body else {
        panic!("a small body is bytes")
    };
    assert_eq!(bytes[..2], [0x1F, 0x8B]);
}

#[tokio::test]
async fn a_body_that_is_cut_short_fails() {
    let (server, outbound) = (Server::start(None), unrestricted());
    let error = text(get(&outbound, &server.url("/short")).await.unwrap())
        .await
        .unwrap_err();
    assert!(error.contains("cut short"), "{error}");
}

#[tokio::test]
async fn a_body_that_nobody_reads_costs_its_connection() {
    let (server, outbound) = (Server::start(None), unrestricted());
    let answer = get(&outbound, &server.url("/endless")).await.unwrap();
    drop(answer);
    tokio::task::spawn_blocking(move || server.wait_until_quiet())
        .await
        .unwrap();
}

#[tokio::test]
async fn integrity_is_checked_before_anything_is_seen() {
    let (server, outbound) = (Server::start(None), unrestricted());
    let with = |integrity: &str| {
        let exchange = exchange(&outbound, &server.url("/gzip"));
        Exchange {
            integrity: integrity.to_owned(),
            ..exchange
        }
        .run()
    };
    let digest = aws_lc_rs::digest::digest(
        &aws_lc_rs::digest::SHA384,
        "hello ".repeat(10_000).as_bytes(),
    );
    let good = format!(
        "sha384-{}",
        base64_simd::STANDARD.encode_to_string(digest.as_ref())
    );
    assert!(matches!(
        with(&good).await.unwrap().body,
        AnswerBody::Bytes(_)
    ));
    assert!(
        with("sha384-AAAA")
            .await
            .err()
            .unwrap()
            .to_string()
            .contains("integrity")
    );
}

#[tokio::test]
async fn failures_say_what_is_wrong() {
    let outbound = unrestricted();
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let error = failure(&outbound, &format!("http://{free}/")).await;
    assert!(
        error.starts_with(&format!("cannot connect to {free}: ")) && error.contains("refused"),
        "{error}"
    );
    let error = failure(&outbound, "http://no-such-host.invalid/").await;
    assert!(
        error.contains("cannot resolve the host name 'no-such-host.invalid'"),
        "{error}"
    );
    assert!(
        failure(&outbound, "http://localhost:25/")
            .await
            .contains("port 25")
    );
    let plain = Server::start(None);
    let error = failure(&outbound, &format!("https://localhost:{}/", plain.port())).await;
    assert!(error.starts_with("cannot connect to localhost"), "{error}");
}

/// A server's configuration, and the authority that its certificate is from.
fn tls_server() -> (rustls::ServerConfig, CertificateDer<'static>) {
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap();
    let issuer = rcgen::Issuer::new(params, key);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()])
        .unwrap()
        .signed_by(&key, &issuer)
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    (config, authority.der().clone())
}

fn trusting(authority: &CertificateDer) -> Arc<Outbound> {
    Arc::new(Outbound::unrestricted().trusting(authority).unwrap())
}

#[tokio::test]
async fn https_speaks_http2_where_the_server_does() {
    let (config, authority) = tls_server();
    let server = Server::start(Some(config));
    let outbound = trusting(&authority);
    let answer = get(&outbound, &server.url("/echo")).await.unwrap();
    assert!(answer.reason.is_empty(), "HTTP/2 has no reason phrase");
    let echo = text(answer).await.unwrap();
    assert!(echo.contains(r#""version":"HTTP/2.0""#), "{echo}");
    // One connection carries all of them.
    let urls: Vec<_> = (0..8).map(|_| server.url("/connection")).collect();
    let answers = futures_util::future::join_all(urls.iter().map(|url| get(&outbound, url))).await;
    for answer in answers {
        assert_eq!(text(answer.unwrap()).await.unwrap(), "1");
    }
}

async fn connection_used(outbound: &Arc<Outbound>, server: &Server) -> String {
    let answer = get(outbound, &server.url("/connection")).await.unwrap();
    text(answer).await.unwrap()
}

/// The same, where a request has waited for its head for longer than a connection may be silent, and waits still.
async fn used_beside_silence(outbound: &Arc<Outbound>, server: &Server) -> String {
    let next = async {
        tokio::time::sleep(Duration::from_millis(1100)).await;
        connection_used(outbound, server).await
    };
    let silent = server.url("/silent");
    tokio::select! {
        next = next => next,
        _ = get(outbound, &silent) => panic!("it is silent"),
    }
}

#[tokio::test]
async fn a_connection_of_http2_that_has_fallen_silent_gets_no_further_requests() {
    let (config, authority) = tls_server();
    let server = Server::start(Some(config));
    let outbound = trusting(&authority);
    assert_eq!(connection_used(&outbound, &server).await, "1");
    let url = server.url("/silent");
    // Who gives up at once knows nothing of the server.
    let given_up = tokio::time::timeout(Duration::from_millis(50), get(&outbound, &url)).await;
    assert!(given_up.is_err());
    assert_eq!(connection_used(&outbound, &server).await, "1");
    let given_up = tokio::time::timeout(Duration::from_millis(1100), get(&outbound, &url)).await;
    assert!(given_up.is_err());
    assert_eq!(connection_used(&outbound, &server).await, "2");
    // Nor does one that is waited for still, whose server answers pings.
    assert_eq!(used_beside_silence(&outbound, &server).await, "3");
}

#[tokio::test]
async fn a_connection_of_http2_that_says_something_gets_further_requests() {
    let (config, authority) = tls_server();
    let server = Server::start(Some(config));
    let outbound = trusting(&authority);
    let endless = get(&outbound, &server.url("/endless")).await.unwrap();
    // All of it is read.
    let reads = text(endless);
    let next = tokio::select! {
        next = used_beside_silence(&outbound, &server) => next,
        _ = reads => panic!("it is endless"),
    };
    assert_eq!(next, "1");
}

#[tokio::test]
async fn an_http2_server_that_answers_no_pings_is_given_up() {
    let (config, authority) = tls_server();
    let server = Server::start(Some(config));
    let outbound = trusting(&authority);
    assert_eq!(connection_used(&outbound, &server).await, "1");
    tokio::time::pause();
    let error = failure(&outbound, &server.url("/frozen")).await;
    assert!(
        error.ends_with("its connection says nothing any more"),
        "{error}"
    );
}

/// How an HTTP/2 server says that it has not looked at a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unseen {
    Refused,
    GoneAway,
}

/// A server that looks at no request of its first connections; its answer is which one it is. Gives its port, and counts connections.
async fn server_that_does_not_look(
    config: rustls::ServerConfig,
    unseen: Unseen,
    first: usize,
) -> (u16, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = connections.clone();
    tokio::spawn(async move {
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let number = count.fetch_add(1, Ordering::SeqCst) + 1;
            let stream = acceptor.accept(tcp).await.unwrap();
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                let looks = number > first;
                if !looks && unseen == Unseen::GoneAway {
                    connection.abrupt_shutdown(h2::Reason::NO_ERROR);
                }
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    if looks {
                        let mut body = respond
                            .send_response(http::Response::new(()), false)
                            .unwrap();
                        body.send_data(number.to_string().into(), true).unwrap();
                    } else {
                        respond.send_reset(h2::Reason::REFUSED_STREAM);
                    }
                }
            });
        }
    });
    (port, connections)
}

/// RFC 9113, section 8.7: whatever its method.
#[tokio::test]
async fn what_an_http2_server_has_not_looked_at_is_sent_again() {
    for unseen in [Unseen::Refused, Unseen::GoneAway] {
        let post = |outbound: &Arc<Outbound>, port: u16| {
            let exchange = exchange(outbound, &format!("https://localhost:{port}/"));
            Exchange {
                method: Method::POST,
                body: RequestBody::Bytes(Bytes::from_static(b"once")),
                ..exchange
            }
            .run()
        };
        let (config, authority) = tls_server();
        let (port, connections) = server_that_does_not_look(config, unseen, 2).await;
        let outbound = trusting(&authority);
        for _ in 0..2 {
            let answer = post(&outbound, port).await.unwrap();
            assert_eq!(text(answer).await.unwrap(), "3", "{unseen:?}");
        }
        assert_eq!(connections.load(Ordering::SeqCst), 3, "{unseen:?}");
        // Not for ever.
        let (config, authority) = tls_server();
        let (port, connections) = server_that_does_not_look(config, unseen, 100).await;
        assert!(post(&trusting(&authority), port).await.is_err());
        assert_eq!(connections.load(Ordering::SeqCst), 3, "{unseen:?}");
    }
}

#[tokio::test]
async fn frames_that_bring_nothing_end_a_connection_of_http2() {
    let (config, authority) = tls_server();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let mut stream = acceptor.accept(tcp).await.unwrap();
        let settings = [0u8, 0, 0, 4, 0, 0, 0, 0, 0];
        stream.write_all(&settings).await.unwrap();
        let pings = [0u8, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8].repeat(100);
        while stream.write_all(&pings).await.is_ok() {}
    });
    let error = failure(&trusting(&authority), &format!("https://localhost:{port}/")).await;
    assert!(
        error.contains("frames of HTTP/2 that bring nothing"),
        "{error}"
    );
}

#[tokio::test]
async fn https_speaks_http1_where_the_server_does() {
    let (mut config, authority) = tls_server();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let server = Server::start(Some(config));
    let answer = get(&trusting(&authority), &server.url("/echo"))
        .await
        .unwrap();
    assert_eq!(answer.reason, b"OK");
    assert!(
        text(answer)
            .await
            .unwrap()
            .contains(r#""version":"HTTP/1.1""#)
    );
}

#[tokio::test]
async fn strangers_are_not_trusted() {
    let (config, authority) = tls_server();
    let server = Server::start(Some(config));
    let (_, another) = tls_server();
    for outbound in [unrestricted(), trusting(&another)] {
        let error = failure(&outbound, &server.url("/")).await;
        assert!(error.contains("invalid peer certificate"), "{error}");
    }
    let error = failure(
        &trusting(&authority),
        &format!("https://127.0.0.1:{}/", server.port()),
    )
    .await;
    assert!(error.contains("invalid peer certificate"), "{error}");
}

#[test]
fn a_request_that_waits_is_small() {
    let size = size_of_val(&exchange(&unrestricted(), "http://a.test/").run());
    assert!(size <= 4200, "{size} bytes");
}
