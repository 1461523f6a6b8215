//! What the fuzz targets of `runtime/fuzz` do with a case, and the cases that are kept as a test.

use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::SEC_WEBSOCKET_PROTOCOL;
use http::{Method, Version};
use nano_worker::{CloseFrame, SocketEvent, SocketMessage, socket_pair};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, duplex};
use tokio::runtime::{Builder, Runtime};

use self::fields::fields;
use self::input::{Input, cut};
use crate::extensions;
use crate::{
    ClientHandshake, Config, Deflate, Protocols, Role, RuntimeClock, ServerHandshake, run,
};

#[path = "../../fuzz/fields.rs"]
pub mod fields;
#[path = "../../fuzz/input.rs"]
pub mod input;
#[cfg(test)]
#[path = "../../fuzz/replay.rs"]
mod replay;

/// The most bytes of a message here.
const MOST: usize = 1 << 20;

/// A peer whose bytes come in pieces, and which takes everything.
struct Peer(VecDeque<Vec<u8>>);

impl AsyncRead for Peer {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(mut piece) = self.0.pop_front() {
            let rest = piece.split_off(piece.len().min(buffer.remaining()));
            buffer.put_slice(&piece);
            if !rest.is_empty() {
                self.0.push_front(rest);
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Peer {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Runs on a runtime that one thread's cases have in common.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: io::Result<Runtime> = Builder::new_current_thread().enable_time().build();
    }
    RUNTIME.with(|runtime| match runtime {
        Ok(runtime) => runtime.block_on(future),
        Err(error) => panic!("{error}"),
    })
}

fn config(role: Role, deflate: Option<Deflate>) -> Config {
    Config {
        max_message: MOST,
        ..Config::of(role, deflate, Arc::new(RuntimeClock))
    }
}

/// What an app hears until its socket is over.
async fn heard(app: nano_worker::SocketEnd) -> Vec<SocketEvent> {
    let mut events = Vec::new();
    loop {
        let event = app.next().await;
        if let SocketEvent::Message(message) = &event {
            assert!(message.bytes().len() <= MOST);
            if let SocketMessage::Text(text) = message {
                assert!(std::str::from_utf8(text).is_ok());
            }
            app.taken(message.bytes().len());
        }
        if let SocketEvent::Gone(reason) = event {
            // Of several things that are wrong, another one may be seen first.
            events.push(SocketEvent::Gone(reason.map(|_| "".into())));
            return events;
        }
        events.push(event);
    }
}

/// Frames of a peer. What an app hears of them does not depend on how they are cut on their way.
pub fn websocket_frames(case: &[u8]) {
    let mut input = Input::new(case);
    let role = *input.one_of(&[Role::Server, Role::Client]);
    let deflate = *input.one_of(&[None, Some(Deflate { bits: 15 })]);
    let size = input.byte();
    let frames = input.rest();
    let hear = |size: u8| {
        let peer = Peer(cut(frames, size).map(<[u8]>::to_vec).collect());
        let config = config(role, deflate);
        block_on(async {
            let (own, app) = socket_pair();
            let gone = |_| CloseFrame::of(CloseFrame::FAILURE, "");
            let run = run(peer, &[], &own, &config, pending(), gone);
            let (ended, heard) = tokio::join!(run, heard(app));
            (ended.fault.is_some(), heard)
        })
    };
    assert_eq!(hear(size), hear(0));
}

/// Messages between a server and a client come as they went.
pub fn websocket_messages(case: &[u8]) {
    let mut input = Input::new(case);
    let deflate = match input.byte() % 8 {
        0 => None,
        bits => Some(Deflate { bits: 8 + bits }),
    };
    let wire = 64 + usize::from(input.byte()) * 64;
    let mut messages = Vec::new();
    while !input.is_empty() {
        let (kind, times, piece) = (input.byte(), input.byte(), input.piece());
        messages.push(match kind % 2 {
            0 => SocketMessage::Binary(Bytes::from(piece.repeat(times.into()))),
            _ => SocketMessage::Text(Bytes::from(String::from_utf8_lossy(piece).into_owned())),
        });
    }
    let (left, right) = duplex(wire);
    let (server, client) = (config(Role::Server, deflate), config(Role::Client, deflate));
    let (sent, come) = block_on(async {
        let gone = |_| CloseFrame::of(CloseFrame::FAILURE, "");
        let (own, from) = socket_pair();
        let (other, to) = socket_pair();
        let serve = run(left, &[], &own, &server, pending(), gone);
        let ask = run(right, &[], &other, &client, pending(), gone);
        let send = async {
            for message in &messages {
                from.room().await;
                from.put(message.clone());
            }
            from.close(CloseFrame::of(1000, ""));
            heard(from).await
        };
        let (_, _, sent, come) = tokio::join!(serve, ask, send, heard(to));
        (sent, come)
    });
    let end = SocketEvent::Close(CloseFrame::of(1000, ""));
    let mut expected: Vec<_> = messages.into_iter().map(SocketEvent::Message).collect();
    expected.extend([end, SocketEvent::Gone(None)]);
    assert_eq!(come, expected);
    assert_eq!(sent.last(), Some(&SocketEvent::Gone(None)));
}

/// Fields of a client's handshake, and the same as a server's.
pub fn websocket_handshake(case: &[u8]) {
    let fields = fields(case);
    if let Some(answer) = ServerHandshake::of(&Method::GET, Version::HTTP_11, &fields) {
        let bits = answer.deflate.map(|deflate| deflate.bits);
        assert!(bits.is_none_or(|bits| (9..=15).contains(&bits)), "{bits:?}");
        assert_eq!(answer.fields().count(), 3 + usize::from(bits.is_some()));
    }
    let protocols = Protocols::OneOf(vec!["a".to_owned(), "b".to_owned()]);
    for protocols in [protocols, Protocols::OneOf(Vec::new()), Protocols::Any] {
        let client = ClientHandshake::new(protocols);
        let mut asked = http::HeaderMap::new();
        client.add_to(&mut asked);
        let Some(answer) = ServerHandshake::of(&Method::GET, Version::HTTP_11, &asked) else {
            panic!("a server does not know this client's handshake");
        };
        // The key is random: the server's answer to it, and whatever else the case has.
        let mut answered = fields.clone();
        for (name, value) in answer.fields() {
            if !answered.contains_key(&name) || name != http::header::SEC_WEBSOCKET_EXTENSIONS {
                answered.insert(name, value);
            }
        }
        if let Ok(accepted) = client.check(&answered) {
            let agreed = extensions::agreed(&answered);
            assert_eq!(agreed, Ok(accepted.deflate));
            let lines = answered.get_all(SEC_WEBSOCKET_PROTOCOL).iter().count();
            assert!(lines > 0 || accepted.protocol.is_empty());
        }
    }
}

#[test]
fn kept_cases() {
    replay::replay(&[
        ("websocket_frames", websocket_frames),
        ("websocket_handshake", websocket_handshake),
        ("websocket_messages", websocket_messages),
    ]);
}
