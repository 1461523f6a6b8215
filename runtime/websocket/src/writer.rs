//! What the peer is sent.

use std::collections::VecDeque;
use std::sync::Arc;

use nano_worker::{CloseFrame, SocketEnd, SocketEvent, SocketMessage};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use crate::clock::within;
use crate::connection::{Config, Due, Role, Shared};
use crate::deflate::{DEFLATER, Deflater, without_tail};
use crate::extensions::Deflate;
use crate::fault::Fault;
use crate::frame::{self, Head, Kind};

/// Smaller messages are not compressed.
const WORTH_IT: usize = 256;
/// Bytes that are sent at a time, of what is masked or compressed.
const PIECE: usize = 16 << 10;
/// Data that its message may go on behind: the tail that is not sent.
const HELD: usize = 4;

/// Sends messages, and what the protocol wants beside them.
pub(crate) struct Writer<'c, W> {
    io: W,
    out: Vec<u8>,
    config: &'c Config,
    shared: &'c Shared,
    end: &'c SocketEnd,
}

/// Who has ended it.
pub(crate) enum Sent {
    /// A close frame has been sent.
    Close,
    /// The app is gone; a close frame has been sent that says so.
    Farewell,
}

impl<'c, W: AsyncWrite + Unpin> Writer<'c, W> {
    pub(crate) fn new(io: W, config: &'c Config, shared: &'c Shared, end: &'c SocketEnd) -> Self {
        Self {
            io,
            out: Vec::new(),
            config,
            shared,
            end,
        }
    }

    /// Sends until it has closed. `gone` makes what is said where the app is gone without a word.
    ///
    /// # Errors
    /// The peer takes nothing, or is silent for too long.
    pub(crate) async fn run(
        &mut self,
        gone: impl FnOnce(Option<Arc<str>>) -> CloseFrame,
    ) -> Result<Sent, Fault> {
        let clock = self.config.clock.clone();
        let mut pinged: Option<std::time::Instant> = None;
        let mut look = clock.at(clock.now() + self.config.ping);
        loop {
            match self.shared.due() {
                Some(Due::Close(frame)) => return self.close(&frame).await.map(|()| Sent::Close),
                Some(Due::Pongs(payloads)) => {
                    self.pongs(&payloads).await?;
                    continue;
                }
                None => {}
            }
            let event = tokio::select! {
                biased;
                () = self.shared.is_due() => continue,
                event = self.end.next() => event,
                () = &mut look => {
                    let now = clock.now();
                    let silent = self.shared.silent_since(now);
                    let next = if silent + self.config.ping > now {
                        silent + self.config.ping
                    } else if pinged.is_some_and(|pinged| silent < pinged) {
                        return Err(Fault::Broken("the peer does not answer pings".into()));
                    } else {
                        pinged = Some(now);
                        self.control(Kind::Ping, &[]).await?;
                        now + self.config.ping
                    };
                    look = clock.at(next);
                    continue;
                }
            };
            match event {
                SocketEvent::Message(message) => {
                    let size = message.bytes().len();
                    self.message(&message).await?;
                    self.end.taken(size);
                }
                SocketEvent::Close(frame) => return self.close(&frame).await.map(|()| Sent::Close),
                SocketEvent::Gone(reason) => {
                    let frame = gone(reason);
                    return self.close(&frame).await.map(|()| Sent::Farewell);
                }
            }
        }
    }

    /// Ends the connection, from this side.
    pub(crate) async fn shutdown(&mut self) {
        // It ends anyway.
        let (clock, time) = (&*self.config.clock, self.config.close);
        let _ = within(clock, time, self.io.shutdown()).await;
    }

    async fn close(&mut self, frame: &CloseFrame) -> Result<(), Fault> {
        self.control(Kind::Close, &frame::close_payload(frame))
            .await
    }

    async fn control(&mut self, kind: Kind, payload: &[u8]) -> Result<(), Fault> {
        self.frame(kind, true, false, payload).await?;
        self.flush().await
    }

    /// Answers pings: all in one piece, as each that leaves by itself is a system call.
    async fn pongs(&mut self, payloads: &VecDeque<Vec<u8>>) -> Result<(), Fault> {
        self.out.clear();
        for payload in payloads {
            self.begin(Kind::Pong, true, false, payload);
        }
        send(&mut self.io, &self.out, self.config).await?;
        self.flush().await
    }

    async fn message(&mut self, message: &SocketMessage) -> Result<(), Fault> {
        let kind = match message {
            SocketMessage::Text(_) => Kind::Text,
            SocketMessage::Binary(_) => Kind::Binary,
        };
        let content = message.bytes();
        let deflate = self.config.deflate;
        match deflate.filter(|_| content.len() >= WORTH_IT) {
            Some(deflate) => {
                let mut charge = self.end.charge();
                // Who has no room for a compressor sends more.
                let is_paid = charge
                    .as_mut()
                    .is_none_or(|charge| charge.try_grow(DEFLATER));
                if is_paid {
                    self.folded(kind, content, deflate).await?;
                } else {
                    self.frame(kind, true, false, content).await?;
                }
                drop(charge);
            }
            None => self.frame(kind, true, false, content).await?,
        }
        self.flush().await
    }

    /// Sends a compressed message, piece by piece: each is a frame.
    async fn folded(&mut self, kind: Kind, content: &[u8], deflate: Deflate) -> Result<(), Fault> {
        let mut deflater = Deflater::new(deflate.bits);
        let (mut rest, mut data, mut kind, mut is_first) = (content, Vec::new(), kind, true);
        loop {
            data.reserve_exact(PIECE);
            let (taken, is_over) = deflater.step(rest, &mut data)?;
            rest = &rest[taken..];
            if is_over {
                without_tail(&mut data);
                return self.frame(kind, true, is_first, &data).await;
            }
            let sent = data.len().saturating_sub(HELD);
            self.frame(kind, false, is_first, &data[..sent]).await?;
            data.drain(..sent);
            (kind, is_first) = (Kind::Continuation, false);
            tokio::task::yield_now().await;
        }
    }

    /// Adds the beginning of a frame to what is sent next. Returns its mask, and how much of the payload that is.
    fn begin(
        &mut self,
        kind: Kind,
        is_final: bool,
        is_compressed: bool,
        payload: &[u8],
    ) -> (Option<[u8; 4]>, usize) {
        let mask = match self.config.role {
            Role::Server => None,
            Role::Client => Some(new_mask()),
        };
        let head = Head {
            kind,
            is_final,
            is_compressed,
            mask,
            length: payload.len() as u64,
        };
        frame::put_head(&mut self.out, &head);
        let first = payload.len().min(PIECE);
        let begin = self.out.len();
        self.out.extend_from_slice(&payload[..first]);
        if let Some(mask) = mask {
            frame::mask(&mut self.out[begin..], mask, 0);
        }
        (mask, first)
    }

    /// Sends one frame.
    async fn frame(
        &mut self,
        kind: Kind,
        is_final: bool,
        is_compressed: bool,
        payload: &[u8],
    ) -> Result<(), Fault> {
        self.out.clear();
        let (mask, first) = self.begin(kind, is_final, is_compressed, payload);
        let (io, config) = (&mut self.io, self.config);
        send(io, &self.out, config).await?;
        let mut at = first;
        while at < payload.len() {
            let piece = &payload[at..payload.len().min(at + PIECE)];
            if let Some(mask) = mask {
                self.out.clear();
                self.out.extend_from_slice(piece);
                frame::mask(&mut self.out, mask, at as u64);
                send(io, &self.out, config).await?;
            } else {
                send(io, piece, config).await?;
            }
            at += piece.len();
        }
        if self.out.capacity() > PIECE / 4 {
            // One that rests takes little.
            self.out = Vec::new();
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Fault> {
        let (clock, time) = (&*self.config.clock, self.config.pace.stall);
        Ok(within(clock, time, self.io.flush())
            .await
            .ok_or_else(too_slow)??)
    }
}

fn too_slow() -> Fault {
    Fault::Broken("the peer takes too little of what it is sent".into())
}

async fn send(
    io: &mut (impl AsyncWrite + Unpin),
    mut bytes: &[u8],
    config: &Config,
) -> Result<(), Fault> {
    while !bytes.is_empty() {
        let written = within(&*config.clock, config.pace.stall, io.write(bytes)).await;
        match written.ok_or_else(too_slow)?? {
            0 => return Err(Fault::Broken("the connection takes no more".into())),
            count => bytes = &bytes[count..],
        }
    }
    Ok(())
}

/// <https://www.rfc-editor.org/rfc/rfc6455#section-5.3>: nobody can tell it beforehand.
fn new_mask() -> [u8; 4] {
    rand::random()
}
