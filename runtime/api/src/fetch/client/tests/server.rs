//! A server for the tests of `fetch()`.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_compression::tokio::bufread::{BrotliEncoder, GzipEncoder, ZlibEncoder};
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Frame, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use nano_worker::{BodyError, BodyErrorKind};

type Body = UnsyncBoxBody<Bytes, BodyError>;

/// What the server has seen.
#[derive(Default)]
pub(crate) struct Seen {
    connections: AtomicUsize,
    /// Endless responses that are being sent.
    endless: AtomicUsize,
    requests: AtomicUsize,
}

/// Runs until the process ends.
pub(crate) struct Server {
    address: SocketAddr,
    scheme: &'static str,
    seen: Arc<Seen>,
}

impl Server {
    /// Starts a server, on a runtime of its own.
    pub(crate) fn start(tls: Option<rustls::ServerConfig>) -> Server {
        let seen = Arc::new(Seen::default());
        let scheme = if tls.is_some() { "https" } else { "http" };
        let (tell, address) = std::sync::mpsc::channel();
        let of_server = seen.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                let tls = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
                loop {
                    let (tcp, _) = listener.accept().await.unwrap();
                    let (seen, tls) = (of_server.clone(), tls.clone());
                    let connection = seen.connections.fetch_add(1, Ordering::SeqCst) + 1;
                    tokio::spawn(async move {
                        match tls {
                            None => serve(tcp, seen, connection).await,
                            Some(tls) => {
                                // Some clients do not trust us.
                                if let Ok(stream) = tls.accept(tcp).await {
                                    serve(stream, seen, connection).await;
                                }
                            }
                        }
                    });
                }
            });
        });
        Server {
            address: address.recv().unwrap(),
            scheme,
            seen,
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// A URL of this server.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://localhost:{}{path}", self.scheme, self.address.port())
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> usize {
        self.seen.requests.load(Ordering::SeqCst)
    }

    /// Waits until no endless response is sent any more.
    pub(crate) fn wait_until_quiet(&self) {
        for _ in 0..500 {
            if self.seen.endless.load(Ordering::SeqCst) == 0 {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("a response is still being sent");
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    seen: Arc<Seen>,
    connection: usize,
) {
    let service =
        hyper::service::service_fn(move |request| respond(request, seen.clone(), connection));
    // Clients of tests hang up as they like.
    let _ = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn respond(
    request: Request<Incoming>,
    seen: Arc<Seen>,
    connection: usize,
) -> Result<Response<Body>, Infallible> {
    seen.requests.fetch_add(1, Ordering::SeqCst);
    let (head, body) = request.into_parts();
    let query = head.uri.query().unwrap_or_default().to_owned();
    let text = "hello ".repeat(10_000);
    let mut response = match head.uri.path() {
        "/echo" => {
            let complete = body.collect().await;
            let body = complete.map_or_else(
                |_| "cut short".into(),
                |body| String::from_utf8_lossy(&body.to_bytes()).into_owned(),
            );
            let headers: serde_json::Map<_, _> = head
                .headers
                .iter()
                .map(|(n, v)| (n.to_string(), String::from_utf8_lossy(v.as_bytes()).into()))
                .collect();
            let version = format!("{:?}", head.version);
            let echo = serde_json::json!({ "method": head.method.as_str(), "headers": headers, "body": body, "version": version });
            full(echo.to_string())
        }
        "/connection" => full(connection.to_string()),
        // /redirect?302,/echo
        "/redirect" => {
            let (status, location) = query.split_once(',').unwrap();
            let mut response = full("moved");
            *response.status_mut() = status.parse().unwrap();
            response
                .headers_mut()
                .insert("location", location.parse().unwrap());
            response
        }
        "/loop" => redirect_to("/loop"),
        "/status" => {
            let mut response = full("");
            *response.status_mut() = query.parse::<StatusCode>().unwrap();
            response
        }
        "/reason" => {
            let mut response = full("");
            response
                .extensions_mut()
                .insert(hyper::ext::ReasonPhrase::from_static(b"Very Fine"));
            response
        }
        "/endless" => endless(seen),
        "/silent" => {
            let _ = body.collect().await;
            std::future::pending().await
        }
        // All of the server, with its other connections, and what answers pings.
        "/frozen" => loop {
            std::thread::park();
        },
        "/short" => {
            let fail = async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                Err(BodyError::new(
                    BodyErrorKind::Disconnected,
                    "the test wants it",
                ))
            };
            let first = futures_util::stream::iter([Ok(Frame::data(Bytes::from_static(b"ab")))]);
            Response::new(
                StreamBody::new(first.chain(futures_util::stream::once(fail))).boxed_unsync(),
            )
        }
        "/gzip" => encoded("gzip", GzipEncoder::new(text.as_bytes())).await,
        "/br" => encoded("br", BrotliEncoder::new(text.as_bytes())).await,
        "/deflate" => encoded("deflate", ZlibEncoder::new(text.as_bytes())).await,
        "/large" => full(vec![b'x'; 3_000_000]),
        path => full(path.to_owned()),
    };
    response
        .headers_mut()
        .append("x-test", HeaderValue::from_static("a"));
    response
        .headers_mut()
        .append("x-test", HeaderValue::from_static("b"));
    Ok(response)
}

fn full(body: impl Into<Bytes>) -> Response<Body> {
    Response::new(
        Full::new(body.into())
            .map_err(|never| match never {})
            .boxed_unsync(),
    )
}

fn redirect_to(location: &'static str) -> Response<Body> {
    let mut response = full("");
    *response.status_mut() = StatusCode::FOUND;
    response
        .headers_mut()
        .insert("location", HeaderValue::from_static(location));
    response
}

async fn encoded(coding: &'static str, mut encoder: impl AsyncRead + Unpin) -> Response<Body> {
    let mut bytes = Vec::new();
    encoder.read_to_end(&mut bytes).await.unwrap();
    let mut response = full(bytes);
    response
        .headers_mut()
        .insert("content-encoding", HeaderValue::from_static(coding));
    response
}

fn endless(seen: Arc<Seen>) -> Response<Body> {
    struct Guard(Arc<Seen>);
    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.endless.fetch_sub(1, Ordering::SeqCst);
        }
    }
    seen.endless.fetch_add(1, Ordering::SeqCst);
    let guard = Guard(seen);
    let chunks = futures_util::stream::repeat(()).then(move |()| {
        let _here = &guard;
        async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok(Frame::data(Bytes::from_static(b"tick ")))
        }
    });
    Response::new(StreamBody::new(chunks).boxed_unsync())
}
