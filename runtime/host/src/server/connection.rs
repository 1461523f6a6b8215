//! The life of one connection: finding out its protocol, serving its requests, and ending it.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Buf as _;
use futures_util::FutureExt as _;
use futures_util::future::Either;
use http::StatusCode;
use hyper::body::Incoming;
use hyper::rt::Write as _;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

use super::client::{Client, Protocol};
use super::crowd::{HTTP1, HTTP2};
use super::http2::Http2;
use super::linger::Linger;
use super::link::Link;
use super::listener::Visitor;
use super::placement::Socket;
use super::upgrade;
use super::{MAX_FIELDS, MAX_HEAD};
use crate::dispatch::{Dispatcher, LastRoute};
use crate::http::error_page;
use crate::http::send::ResponseBody;

/// How long a connection that is asked to end may go on without a request: for one that is on its way, for the rest of a head
/// that has begun, for a GOAWAY and its answer.
pub(super) const GRACE: Duration = Duration::from_millis(500);

/// Serves a connection until it ends; on several runtimes, see [`placement`](super::placement).
pub(super) async fn serve(socket: Socket, link: Arc<Link>, visitor: Visitor) {
    let Visitor {
        dispatcher,
        stop,
        living: _living,
        ..
    } = visitor;
    let mut client = Client::new(socket, link.clone());
    let within = |time| link.timers.at(Instant::now() + time);
    let protocol = tokio::select! {
        protocol = client.protocol() => Some(protocol),
        () = link.closing() => return,
        () = stop.stopped().then(|()| within(GRACE)) => None,
        () = within(link.limits.head) => None,
    };
    let speaks_tls = client.speaks_tls();
    let begun = protocol.is_none() && client.forget();
    let client = Linger::new(TokioIo::new(client), link.timers.clone());
    let ending = async {
        tokio::select! {
            biased;
            () = stop.stopped() => {}
            () = link.closing() => {}
        }
    };
    match protocol {
        None => Box::pin(leave(client, begun, &link)).await,
        Some(Err(error)) => tracing::debug!("a connection ended: {error}"),
        Some(Ok(Protocol::Http1)) => {
            link.charge(HTTP1);
            let (own, last) = (link.clone(), LastRoute::default());
            let service =
                service_fn(move |request| answer_http1(&dispatcher, &own, &last, request));
            let mut connection = http1::Builder::new()
                .max_buf_size(MAX_HEAD)
                // The whole connection has a deadline for heads, below.
                .header_read_timeout(None)
                .serve_connection(client, service);
            let finish =
                |connection: Pin<&mut http1::Connection<_, _>>| connection.graceful_shutdown();
            let driven = drive(Pin::new(&mut connection), finish, false, &link, ending);
            match driven.await {
                Ok(End::Over) => {
                    if let Some(upgrade) = link.upgrade.take() {
                        let parts = connection.into_parts();
                        let serve = upgrade::serve(parts.io, parts.read_buf, upgrade, &link, &stop);
                        Box::pin(serve).await;
                    }
                }
                Ok(End::Evicted) => {}
                Ok(End::Late) => {
                    let parts = connection.into_parts();
                    let begun = !parts.read_buf.is_empty() && !link.is_closing();
                    Box::pin(leave(parts.io, begun, &link)).await;
                }
                Err(_) if speaks_tls => log_tls(&link),
                Err(error) => log_failure(&error, &link),
            }
        }
        Some(Ok(Protocol::Http2)) => {
            link.charge(HTTP2);
            // On the heap: most connections have no use for the room.
            let mut connection =
                Box::pin(Http2::new(TokioIo::new(client), dispatcher, link.clone()));
            let finish = |mut connection: Pin<&mut Http2<_>>| connection.finish();
            let mut driven = drive(connection.as_mut(), finish, true, &link, ending).await;
            if let Ok(End::Late) = driven {
                link.set_late();
                connection.end();
                let stuck = async {
                    within(GRACE).await;
                    if link.idle_since().is_none() || !link.is_blocked() {
                        std::future::pending().await
                    }
                };
                driven = tokio::select! {
                    biased;
                    ended = connection.as_mut() => ended.map(|()| End::Over),
                    () = link.evicted() => Ok(End::Evicted),
                    // It owes the client nothing but its end, which that does not take.
                    () = stuck => return,
                };
            }
            if let Ok(End::Evicted) = driven {
                // It says so, if the socket takes that now.
                let _ = connection.now_or_never();
            }
            if let Err(error) = driven {
                tracing::debug!("an HTTP/2 connection ended: {error}");
            }
        }
    }
}

/// How a connection came to its end.
enum End {
    /// By itself.
    Over,
    /// No request has come in time.
    Late,
    /// By force, for others.
    Evicted,
}

/// Drives a connection to its end. `finish` has it take no further request, and end when those that run have their
/// responses; that happens when `ending` is ready, and when no request has come for the time that a head may take, if the protocol
/// `has_goodbye`.
async fn drive<C, E>(
    mut connection: Pin<&mut C>,
    finish: impl Fn(Pin<&mut C>),
    has_goodbye: bool,
    link: &Link,
    ending: impl Future<Output = ()>,
) -> Result<End, E>
where
    C: Future<Output = Result<(), E>>,
{
    let patience = link.limits.head;
    let mut ending = pin!(ending);
    let mut finishing = false;
    let mut look = link.timers.at(Instant::now() + patience);
    loop {
        tokio::select! {
            biased;
            result = connection.as_mut() => return result.map(|()| End::Over),
            // Wherever its end has got to, it makes room.
            () = poll_fn(|context| match finishing {
                false => ending.as_mut().poll(context),
                true => link.poll_evicted(context),
            }) => {
                if link.is_evicted() {
                    return Ok(End::Evicted);
                }
            }
            () = &mut look => {
                let next = match link.idle_since() {
                    // Nothing but a part of a head, or a client that does not answer a GOAWAY, or does not take it.
                    Some(_) if finishing => return Ok(End::Late),
                    Some(since) => since + patience,
                    None if finishing => Instant::now() + GRACE,
                    None => Instant::now() + patience,
                };
                if next > Instant::now() {
                    look = link.timers.at(next);
                    continue;
                }
                if !has_goodbye {
                    return Ok(End::Late);
                }
            }
        }
        finish(connection.as_mut());
        finishing = true;
        look = link.timers.at(Instant::now() + GRACE);
    }
}

/// Ends a connection on which no request has come in time. Where one has `begun`, the client is told (RFC 9110, section 15.5.9).
async fn leave(mut client: Linger<TokioIo<Client>>, begun: bool, link: &Link) {
    let left = async {
        if begun {
            let id = link.refused();
            tracing::warn!(request_id = %id, status = 408, "a request's head was not complete in time");
            link.count_refusal(StatusCode::REQUEST_TIMEOUT);
            let mut answer = error_page::refusal(StatusCode::REQUEST_TIMEOUT, id);
            while let Ok(count) =
                poll_fn(|context| Pin::new(&mut client).poll_write(context, &answer)).await
            {
                answer.advance(count);
                if answer.is_empty() {
                    break;
                }
            }
        }
        // A client that is gone has ended it already.
        let _ = poll_fn(|context| Pin::new(&mut client).poll_shutdown(context)).await;
    };
    tokio::select! {
        biased;
        () = left => {}
        () = link.evicted() => {}
    }
}

/// A request came after the end of its connection was decided.
#[derive(Debug, thiserror::Error)]
#[error("the connection takes no further request")]
struct Closing;

/// Answers a request of an HTTP/1 connection.
fn answer_http1(
    dispatcher: &Arc<Dispatcher>,
    link: &Arc<Link>,
    last: &LastRoute,
    request: http::Request<Incoming>,
) -> impl Future<Output = Result<http::Response<ResponseBody>, Closing>> + Send + use<> {
    if !link.is_receiving() && !link.is_closing() {
        return Either::Left(dispatcher.handle(request, link, Some(last)).map(Ok));
    }
    // hyper has seen the end of the request before, and we have not: how a body ends decides what comes of its connection.
    let (dispatcher, link) = (dispatcher.clone(), link.clone());
    Either::Right(Box::pin(async move {
        link.received().await;
        if link.is_closing() {
            return Err(Closing);
        }
        Ok(dispatcher.handle(request, &link, None).await)
    }))
}

/// Says that a client takes this for a port of TLS.
fn log_tls(link: &Link) {
    link.count_refusal(StatusCode::BAD_REQUEST);
    tracing::warn!(
        request_id = %link.refused(),
        status = 400,
        "a client speaks TLS (https:) where HTTP is spoken (http:): certificates are for a proxy in front"
    );
}

/// Says what is wrong with a connection where its operator can do something about it.
fn log_failure(error: &hyper::Error, link: &Link) {
    if error.is_parse_too_large() {
        link.count_refusal(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        tracing::warn!(
            request_id = %link.refused(),
            status = 431,
            limit = MAX_HEAD,
            fields = MAX_FIELDS,
            "a request's head has more bytes or header fields than the limit"
        );
    } else if error.is_parse() {
        link.count_refusal(StatusCode::BAD_REQUEST);
        tracing::warn!(request_id = %link.refused(), status = 400, "a request is malformed: {error}");
    } else {
        tracing::debug!("a connection ended: {error}");
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::{TcpListener, TcpSocket, TcpStream};

    use super::*;
    use crate::server::placement::Place;
    use socket2::SockRef;

    /// A connection of HTTP/1 and its client; the system keeps little for either.
    async fn connection() -> (Linger<TokioIo<Client>>, Arc<Link>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let connected = socket.connect(listener.local_addr().unwrap()).await;
        let (server, _) = listener.accept().await.unwrap();
        SockRef::from(&server).set_send_buffer_size(4096).unwrap();
        let link = Link::for_tests();
        let socket = Socket::new(server, Arc::new(Place::default()));
        let client = Client::new(socket, link.clone());
        let linger = Linger::new(TokioIo::new(client), link.timers.clone());
        (linger, link, connected.unwrap())
    }

    /// It learns what sockets are ready for.
    async fn the_runtime_looks() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    /// One that is being left waits for its client, and does not when others need the room.
    async fn is_left_at_once(client: Linger<TokioIo<Client>>, begun: bool, link: &Link) {
        let mut left = pin!(leave(client, begun, link));
        let waits = tokio::time::timeout(Duration::from_millis(300), left.as_mut()).await;
        assert!(waits.is_err(), "nothing keeps it");
        assert!(link.evict().is_some());
        let evicted = tokio::time::timeout(Duration::from_millis(300), left.as_mut()).await;
        assert!(evicted.is_ok(), "it goes on");
    }

    #[tokio::test]
    async fn who_does_not_take_that_it_was_too_slow_makes_room() {
        let (mut server, link, _client) = connection().await;
        let mut is_full = false;
        while !is_full {
            the_runtime_looks().await;
            is_full = true;
            let mut write = || {
                poll_fn(|context| Pin::new(&mut server).poll_write(context, &[b'x'; 1000]))
                    .now_or_never()
            };
            while let Some(written) = write() {
                written.unwrap();
                is_full = false;
            }
        }
        is_left_at_once(server, true, &link).await;
    }

    #[tokio::test]
    async fn who_sends_nothing_after_a_preface_is_not_waited_for() {
        let (server, link, mut client) = connection().await;
        client
            .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            .await
            .unwrap();
        let mut server = server.into_inner().into_inner();
        let soon = Duration::from_millis(100);
        let protocol = tokio::time::timeout(soon, server.protocol()).await;
        assert!(protocol.is_err(), "its SETTINGS are due");
        assert!(!server.forget());
        let server = Linger::new(TokioIo::new(server), link.timers.clone());
        let left = tokio::time::timeout(soon * 3, leave(server, false, &link)).await;
        assert!(left.is_ok(), "it is waited for");
    }

    /// A connection that moves is polled by another task.
    #[test]
    fn who_polls_last_is_told_that_it_closes() {
        #[derive(Default)]
        struct Woken(std::sync::atomic::AtomicUsize);
        impl std::task::Wake for Woken {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
        }
        let link = Link::for_tests();
        let mut closing = pin!(link.closing());
        let woken = [(); 2].map(|()| Arc::<Woken>::default());
        for woken in [&woken[0], &woken[0], &woken[1]] {
            let waker = std::task::Waker::from(woken.clone());
            let mut context = std::task::Context::from_waker(&waker);
            assert!(closing.as_mut().poll(&mut context).is_pending());
        }
        link.close();
        let counts = woken.map(|woken| woken.0.load(std::sync::atomic::Ordering::Relaxed));
        assert_eq!(counts, [0, 1]);
        assert!(closing.now_or_never().is_some());
    }

    #[tokio::test]
    async fn who_goes_on_sending_makes_room() {
        let (server, link, mut client) = connection().await;
        client.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        the_runtime_looks().await;
        is_left_at_once(server, false, &link).await;
    }
}
