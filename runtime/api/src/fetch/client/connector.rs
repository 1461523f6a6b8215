//! Makes connections, to addresses that the app's policy permits.
//!
//! A name is resolved once, its addresses are checked, and the connection goes to exactly those: a name that leads elsewhere the next
//! time it is asked for (DNS rebinding) cannot slip through. Every hop of a redirect that needs a connection comes through here.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use http::Uri;
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::connect::{Connection as _, HttpConnector};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use super::frames::Frames;
use super::memory::{CONNECTION, Memory, Unreadable};
use super::names::{Names, Unknown};
use super::policy::Policy;
use super::shares::Permit;
use super::silence::Silence;
use super::tls::Tls;

/// How long name resolution, TCP and TLS may take together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// When a connection that says nothing is asked whether it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// What bytes go through.
pub(super) struct Io {
    stream: MaybeHttpsStream<TokioIo<TcpStream>>,
    sent: Arc<AtomicU64>,
    memory: Arc<Memory>,
    /// Of HTTP/2.
    frames: Option<Frames>,
    _permit: Permit,
}

impl Io {
    /// The silence of the server, where both sides have agreed to speak HTTP/2.
    pub(super) fn silence(&self) -> Option<Arc<Silence>> {
        self.frames.as_ref().map(|frames| frames.silence.clone())
    }

    /// How many bytes were sent, now and later.
    pub(super) fn sent(&self) -> Arc<AtomicU64> {
        self.sent.clone()
    }

    /// What counts its memory.
    pub(super) fn memory(&self) -> Arc<Memory> {
        self.memory.clone()
    }

    fn count(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(count)) = written {
            self.sent.fetch_add(count as u64, Ordering::Relaxed);
        }
        written
    }
}

impl Read for Io {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        // hyper's cursors cannot be lent, so the bytes are counted by one over the same room.
        // SAFETY: nothing that is initialized is made uninitialized: `ReadBuf` only fills.
        let mut room = ReadBuf::uninit(unsafe { buffer.as_mut() });
        let size = room.unfilled().remaining();
        ready!(Pin::new(&mut self.stream).poll_read(context, room.unfilled()))?;
        let count = room.filled().len();
        let io = &mut *self;
        let mut read = io.memory.read(count, size);
        if let Some(frames) = &mut io.frames
            && frames.count(room.filled()) > 0
            && frames.are_too_many(io.memory.progress(), io.sent.load(Ordering::Relaxed))
        {
            read = Err(Unreadable::Frames);
        }
        // SAFETY: so many bytes of it are filled.
        unsafe { buffer.advance(count) };
        Poll::Ready(read.map_err(io::Error::from))
    }
}

impl Write for Io {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.count(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
        self.count(written)
    }
}

type BoxError = Box<dyn Error + Send + Sync>;

/// The connector of one policy.
pub(super) struct Connector {
    policy: Arc<Policy>,
    names: Names,
    tls: Tls,
}

impl Connector {
    pub(super) fn new(policy: Arc<Policy>, tls: Tls, app: Option<u64>) -> Connector {
        let names = Names::of(app);
        Connector { policy, names, tls }
    }

    /// Makes a connection for requests to this URI.
    ///
    /// # Errors
    /// Its host has no address, or none that the policy permits, or none that answers in time.
    pub(super) async fn connect(
        &self,
        uri: &Uri,
        permit: Permit,
        memory: Memory,
        only_http1: bool,
    ) -> Result<Io, BoxError> {
        let timeout = |_| {
            let message = format!("no connection within {} s", CONNECT_TIMEOUT.as_secs());
            io::Error::new(io::ErrorKind::TimedOut, message)
        };
        let stream = tokio::time::timeout(CONNECT_TIMEOUT, self.reach(uri, only_http1)).await;
        let stream = stream.map_err(timeout)??;
        if let MaybeHttpsStream::Https(_) = stream {
            memory.add(CONNECTION);
        }
        let is_http2 = stream.connected().is_negotiated_h2();
        Ok(Io {
            frames: is_http2.then(Frames::default),
            stream,
            sent: Arc::default(),
            memory: Arc::new(memory),
            _permit: permit,
        })
    }

    async fn reach(
        &self,
        uri: &Uri,
        only_http1: bool,
    ) -> Result<MaybeHttpsStream<TokioIo<TcpStream>>, BoxError> {
        let is_https = uri.scheme() == Some(&http::uri::Scheme::HTTPS);
        let host = uri.host().unwrap_or_default();
        let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        let addresses = permitted_addresses(&self.policy, &self.names, host, port).await?;

        // It asks its resolver unless the host is an address, which was checked above.
        let mut tcp = HttpConnector::new_with_resolver(Resolved(addresses));
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEP_ALIVE));
        if !is_https {
            return Ok(MaybeHttpsStream::Http(tcp.call(uri.clone()).await?));
        }
        let tls = self.tls.config(only_http1).await?;
        HttpsConnector::from((tcp, tls)).call(uri.clone()).await
    }
}

/// Resolves the host; those of its addresses that the policy permits.
async fn permitted_addresses(
    policy: &Policy,
    names: &Names,
    host: &str,
    port: u16,
) -> Result<Vec<SocketAddr>, BoxError> {
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        policy.check(host, port, address)?;
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    policy.check_name(host, port)?;
    let resolved = names.addresses(host).await.map_err(|cause| Unresolved {
        host: host.into(),
        cause,
    })?;
    let (mut permitted, mut refused) = (Vec::new(), None);
    for address in resolved {
        match policy.check(host, port, address) {
            Ok(()) => permitted.push(SocketAddr::new(address, port)),
            Err(error) => {
                refused.get_or_insert(error);
            }
        }
    }
    match refused {
        Some(refused) if permitted.is_empty() => Err(refused.into()),
        _ => Ok(permitted),
    }
}

/// A resolver that knows the answer.
#[derive(Clone)]
struct Resolved(Vec<SocketAddr>);

impl Service<Name> for Resolved {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = std::future::Ready<Result<Self::Response, io::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Name) -> Self::Future {
        std::future::ready(Ok(self.0.clone().into_iter()))
    }
}

/// A host name without an address.
#[derive(Debug)]
pub(super) struct Unresolved {
    host: String,
    cause: Unknown,
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cannot resolve the host name '{}': {}",
            self.host,
            told(&self.cause)
        )
    }
}

impl Error for Unresolved {}

/// Why a name has no address, in words: hickory's own are partly made of its structures.
fn told(cause: &Unknown) -> Cow<'static, str> {
    let cause = match cause {
        Unknown::NoName(reason) => return format!("it is no name for DNS: {reason}").into(),
        Unknown::Unanswered(cause) => cause,
    };
    let said = match cause {
        NetError::Dns(DnsError::NoRecordsFound(_)) if cause.is_nx_domain() => {
            "there is no such name in DNS, nor in /etc/hosts"
        }
        NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
            ResponseCode::NoError => "the name is in DNS, and has no IPv4 and no IPv6 address",
            code => return refusal(code).into(),
        },
        NetError::Dns(DnsError::ResponseCode(code)) => return refusal(*code).into(),
        NetError::Timeout => "no name server answered in time",
        NetError::NoConnections => {
            "no name server can be reached; /etc/resolv.conf says which are asked"
        }
        NetError::Io(error) => {
            return format!("the name server cannot be reached: {error}").into();
        }
        NetError::Proto(_) => "the name server's answer is malformed",
        NetError::Busy => "too many names are looked up at a time",
        _ => "the name server's answer is of no use",
    };
    said.into()
}

fn refusal(code: ResponseCode) -> String {
    let number = u16::from(code);
    format!("the name server failed: {code} (response code {number})")
}

#[cfg(test)]
mod tests {
    use nano_worker::OutboundHosts;

    use super::*;
    use crate::fetch::client::names::tests::empty_answer;

    async fn addresses(rules: &[&str], host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
        let policy = Policy::of(OutboundHosts {
            allow: rules.iter().map(|rule| rule.parse().unwrap()).collect(),
            ..OutboundHosts::default()
        });
        permitted_addresses(&policy, &Names::of(None), host, port)
            .await
            .map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn the_addresses_of_a_name_are_checked() {
        let error = addresses(&[], "localhost", 80).await.unwrap_err();
        assert!(error.contains("is a loopback address"), "{error}");
        let permitted = addresses(&["localhost"], "localhost", 81).await.unwrap();
        assert!(
            permitted
                .iter()
                .all(|a| a.ip().is_loopback() && a.port() == 81)
                && !permitted.is_empty()
        );
    }

    #[tokio::test]
    async fn hosts_that_are_addresses_are_checked() {
        for host in ["127.0.0.1", "[::1]", "[::ffff:192.168.0.1]"] {
            assert!(addresses(&[], host, 80).await.is_err(), "{host}");
        }
        assert_eq!(
            addresses(&["[::1]:80"], "[::1]", 80).await,
            Ok(vec!["[::1]:80".parse().unwrap()])
        );
        assert_eq!(
            addresses(&[], "1.1.1.1", 443).await,
            Ok(vec!["1.1.1.1:443".parse().unwrap()])
        );
    }

    /// In place of a response code, which has four bits.
    const MALFORMED: u8 = 16;

    /// What an app is told when the name server answers with this response code and no record, or not at all.
    async fn told_of(code: Option<u8>, host: &str) -> String {
        let names = Names::with_server(move |query| {
            let mut answer = empty_answer(query);
            match code? {
                MALFORMED => {
                    // A record whose name is where it is itself: https://www.rfc-editor.org/rfc/rfc1035#section-4.1.4.
                    let here = answer.len() as u8;
                    answer[7] = 1;
                    answer.extend([0xC0, here, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7]);
                }
                code => answer[3] |= code,
            }
            Some(answer)
        });
        let policy = Policy::of(OutboundHosts::default());
        let found = permitted_addresses(&policy, &names.await, host, 80).await;
        found.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn a_name_without_address_is_told_in_words() {
        let long = format!("{}.example", "a".repeat(64));
        for (code, host, reason) in [
            (Some(0), "empty.example", "has no IPv4 and no IPv6 address"),
            (
                Some(2),
                "failing.example",
                "the name server failed: Server Failure (response code 2)",
            ),
            (Some(3), "absent.example", "there is no such name in DNS"),
            (
                Some(5),
                "refused.example",
                "the name server failed: Query Refused (response code 5)",
            ),
            (None, "silent.example", "no name server answered in time"),
            (Some(0), &long, "it is no name for DNS: "),
            (
                Some(MALFORMED),
                "odd.example",
                "the name server's answer is malformed",
            ),
        ] {
            let error = told_of(code, host).await;
            let (name, told) = error.split_once(": ").unwrap();
            assert_eq!(name, format!("cannot resolve the host name '{host}'"));
            assert!(told.contains(reason), "{error}");
            // Nothing is shown as Rust shows its structures.
            assert!(
                !error.contains(['{', '(', '"']) || error.contains("(response code"),
                "{error}"
            );
        }
    }
}
