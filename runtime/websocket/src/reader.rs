//! What the peer sends.

use std::time::Instant;

use bytes::{Buf as _, BufMut as _, BytesMut};
use nano_worker::{CloseFrame, Patience, SocketEnd};
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::allowance::Allowance;
use crate::clock::within;
use crate::connection::{Config, Shared};
use crate::fault::Fault;
use crate::frame::{self, Head, Kind};
use crate::message::Incoming;

/// Bytes that are read at a time where it is not known what follows.
const BUFFER: usize = 4 << 10;
/// Bytes of a message that are read at a time.
const STEP: usize = 64 << 10;
/// Bytes of content after which others on this thread have their turns.
const TURN: usize = 128 << 10;
/// Bytes of compressed data that count for as much: with nothing in them, they take 0.6 ms.
const FOLDED: usize = 1 << 10;

/// Reads frames, and hands messages on.
pub(crate) struct Reader<'c, R> {
    io: R,
    /// What has come, and was not looked at.
    buffer: BytesMut,
    allowance: Allowance,
    /// With a message that has begun: it keeps its app's memory waiting.
    patience: Option<Patience>,
    /// What has been done since others had their turns, in bytes of content.
    done: usize,
    config: &'c Config,
    shared: &'c Shared,
    end: &'c SocketEnd,
}

impl<'c, R: AsyncRead + Unpin> Reader<'c, R> {
    /// `ahead` has been read already.
    pub(crate) fn new(
        io: R,
        ahead: &[u8],
        config: &'c Config,
        shared: &'c Shared,
        end: &'c SocketEnd,
    ) -> Self {
        Self {
            io,
            buffer: BytesMut::from(ahead),
            allowance: Allowance::new(config.clock.now()),
            patience: None,
            done: 0,
            config,
            shared,
            end,
        }
    }

    /// Reads until the peer closes.
    ///
    /// # Errors
    /// It does not, or sends what it must not.
    pub(crate) async fn run(&mut self) -> Result<CloseFrame, Fault> {
        let mut message: Option<Incoming> = None;
        loop {
            // Frames may have six bytes: of what one read brings, there are more than others should wait for.
            tokio::task::coop::consume_budget().await;
            let head = self.head().await?;
            let is_folded = match (&message, head.kind) {
                (Some(message), Kind::Continuation) => message.is_compressed(),
                _ => head.is_compressed,
            };
            let content = match head.kind.is_control() || is_folded {
                true => 0,
                false => head.length,
            };
            if let Err(flood) = self.allowance.spend(content, &*self.config.clock) {
                let was_on_its_way = self.shared.is_told() && self.allowance.last();
                if !was_on_its_way {
                    return Err(flood);
                }
            }
            match head.kind {
                Kind::Close => return frame::read_close(&self.control(&head).await?),
                Kind::Ping => {
                    let payload = self.control(&head).await?;
                    self.shared.pong(payload);
                }
                Kind::Pong => drop(self.control(&head).await?),
                Kind::Continuation if message.is_none() => {
                    return Err(Fault::protocol("a frame continues nothing"));
                }
                Kind::Text | Kind::Binary if message.is_some() => {
                    return Err(Fault::protocol("a message begins within another one"));
                }
                Kind::Continuation | Kind::Text | Kind::Binary => {
                    let mut incoming = match message.take() {
                        Some(message) => message,
                        None => {
                            // Nothing is read for whoever has enough. Where nobody is there any more, it is dropped.
                            let clock = &*self.config.clock;
                            self.shared.deaf(clock, self.end.room()).await;
                            let limit = match self.end.is_alone() {
                                // Nobody pays for it any more.
                                true => self.config.max_message.min(STEP),
                                false => self.config.max_message,
                            };
                            self.patience = Some(Patience::new(self.config.pace));
                            Incoming::begin(head.kind, head.is_compressed, limit, self.end).await?
                        }
                    };
                    self.payload(&head, &mut incoming).await?;
                    if head.is_final {
                        self.patience = None;
                        // What nobody hears is no reason for more, once the peer knows.
                        if self.end.put(incoming.end().await?) || !self.shared.is_told() {
                            self.allowance.message();
                        }
                    } else {
                        message = Some(incoming);
                    }
                }
            }
        }
    }

    /// Reads and drops what comes until the peer has closed the connection, or for some time.
    pub(crate) async fn drain(&mut self) {
        let (io, buffer, config) = (&mut self.io, &mut self.buffer, self.config);
        let rest = async {
            let mut bytes = 0;
            while bytes < STEP {
                buffer.clear();
                buffer.reserve(BUFFER);
                match io.read_buf(buffer).await {
                    Ok(0) | Err(_) => return,
                    Ok(count) => bytes += count,
                }
            }
        };
        // It need not end in time.
        let _ = within(&*config.clock, config.close, rest).await;
    }

    async fn more(&mut self) -> Result<(), Fault> {
        self.buffer.reserve(BUFFER);
        let began = self.config.clock.now();
        let count = self.io.read_buf(&mut self.buffer).await?;
        self.heard(count, began)
    }

    /// So many bytes have come, which were waited for since then.
    fn heard(&mut self, count: usize, began: Instant) -> Result<(), Fault> {
        if count == 0 {
            return Err(Fault::Broken(
                "the peer ended the connection without closing it".into(),
            ));
        }
        let now = self.config.clock.now();
        self.shared.heard(now);
        if let Some(patience) = &mut self.patience {
            patience.spend(now.saturating_duration_since(began));
            if patience.is_spent() {
                return Err(Fault::slow());
            }
            patience.earn(count);
        }
        Ok(())
    }

    async fn head(&mut self) -> Result<Head, Fault> {
        loop {
            let may_compress = self.config.deflate.is_some();
            if let Some(head) = frame::take_head(&mut self.buffer, self.config.role, may_compress)?
            {
                return Ok(head);
            }
            self.more().await?;
        }
    }

    /// The payload of a control frame.
    async fn control(&mut self, head: &Head) -> Result<Vec<u8>, Fault> {
        // Of a control frame, which is short.
        let length = usize::try_from(head.length).unwrap_or(frame::MAX_CONTROL);
        while self.buffer.len() < length {
            self.more().await?;
        }
        let mut payload = self.buffer.split_to(length).to_vec();
        if let Some(mask) = head.mask {
            frame::mask(&mut payload, mask, 0);
        }
        Ok(payload)
    }

    /// The payload of a frame of a message.
    async fn payload(&mut self, head: &Head, incoming: &mut Incoming) -> Result<(), Fault> {
        let mut at = 0;
        while at < head.length {
            let rest = head.length - at;
            let step = usize::try_from(rest).map_or(STEP, |rest| rest.min(STEP));
            if incoming.is_compressed() {
                if self.buffer.is_empty() {
                    self.more().await?;
                }
                let step = step.min(FOLDED).min(self.buffer.len());
                let mut input = self.buffer.split_to(step);
                if let Some(mask) = head.mask {
                    frame::mask(&mut input, mask, at);
                }
                at += input.len() as u64;
                let written = incoming.unfold(&input).await?;
                let clock = &*self.config.clock;
                self.allowance.unfolded(input.len(), written, clock)?;
                self.does(input.len() * (TURN / FOLDED)).await;
                continue;
            }
            let content = incoming
                .room(step, rest - step as u64, head.is_final)
                .await?;
            let begin = content.len();
            if self.buffer.is_empty() {
                let mut room = (&mut *content).limit(step);
                let began = self.config.clock.now();
                let count = self.io.read_buf(&mut room).await?;
                self.heard(count, began)?;
            } else {
                let here = step.min(self.buffer.len());
                content.put_slice(&self.buffer[..here]);
                self.buffer.advance(here);
            }
            let content = &mut content[begin..];
            if let Some(mask) = head.mask {
                frame::mask(content, mask, at);
            }
            at += content.len() as u64;
            let count = content.len();
            incoming.added()?;
            self.does(count).await;
        }
        Ok(())
    }

    /// So much has been done.
    async fn does(&mut self, bytes: usize) {
        self.done += bytes;
        if self.done >= TURN {
            self.done = 0;
            tokio::task::yield_now().await;
        }
    }
}
