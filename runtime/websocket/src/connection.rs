//! One connection, from the end of its handshake on.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nano_worker::{CloseFrame, Pace, SocketEnd};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;

use crate::clock::{Clock, within};
use crate::extensions::Deflate;
use crate::fault::Fault;
use crate::reader::Reader;
use crate::writer::{Sent, Writer};

/// Which side of the connection this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The one that has opened it.
    Client,
    /// The one that has been asked.
    Server,
}

/// How a connection is.
#[derive(Clone)]
pub struct Config {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Which side this is.
    pub role: Role,
    /// Whether messages may be compressed.
    pub deflate: Option<Deflate>,
    /// The most bytes of a message that comes.
    pub max_message: usize,
    /// A peer that has said nothing for so long is asked whether it is there, and given up after as much again.
    pub ping: Duration,
    /// How slow a peer may be with a message that has begun; and how long it may take none of what it is sent.
    pub pace: Pace,
    /// How long it may take to close as well, and then to end the connection.
    pub close: Duration,
}

impl Config {
    /// The usual one.
    pub fn of(role: Role, deflate: Option<Deflate>, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            role,
            deflate,
            max_message: 32 << 20,
            ping: Duration::from_secs(30),
            pace: Pace {
                stall: Duration::from_secs(30),
                min_rate: 500,
            },
            close: Duration::from_secs(5),
        }
    }
}

/// How a connection has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// What went wrong, unless both sides have closed.
    pub fault: Option<String>,
}

/// How many pings wait for their answers.
const MAX_PONGS: usize = 16;

/// What reading and writing have in common.
pub(crate) struct Shared {
    due: Mutex<DueState>,
    wake: Notify,
}

struct DueState {
    /// What pings are answered with; of many the last ones (RFC 6455, section 5.5.3).
    pongs: VecDeque<Vec<u8>>,
    close: Option<CloseFrame>,
    /// When the peer said something last.
    heard: Instant,
    /// Nothing is read at the moment, whatever the peer says.
    is_deaf: bool,
    /// The peer has been told of the end.
    is_told: bool,
}

/// Something that is sent before messages.
pub(crate) enum Due {
    Pongs(VecDeque<Vec<u8>>),
    Close(CloseFrame),
}

impl Shared {
    fn new(now: Instant) -> Self {
        Self {
            due: Mutex::new(DueState {
                pongs: VecDeque::new(),
                close: None,
                heard: now,
                is_deaf: false,
                is_told: false,
            }),
            wake: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, DueState> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn due(&self) -> Option<Due> {
        let mut due = self.lock();
        match due.close.take() {
            Some(frame) => Some(Due::Close(frame)),
            None if due.pongs.is_empty() => None,
            None => Some(Due::Pongs(std::mem::take(&mut due.pongs))),
        }
    }

    /// Waits for something that is due.
    pub(crate) async fn is_due(&self) {
        self.wake.notified().await;
    }

    pub(crate) fn pong(&self, payload: Vec<u8>) {
        let mut due = self.lock();
        if due.pongs.len() == MAX_PONGS {
            due.pongs.pop_front();
        }
        due.pongs.push_back(payload);
        drop(due);
        self.wake.notify_one();
    }

    fn close(&self, frame: CloseFrame) {
        self.lock().close.get_or_insert(frame);
        self.wake.notify_one();
    }

    pub(crate) fn heard(&self, now: Instant) {
        self.lock().heard = now;
    }

    /// Nothing is read for as long as a future takes: silence means nothing then.
    pub(crate) async fn deaf<T>(&self, clock: &dyn Clock, wait: impl Future<Output = T>) -> T {
        self.lock().is_deaf = true;
        let done = wait.await;
        let mut due = self.lock();
        due.is_deaf = false;
        due.heard = clock.now();
        done
    }

    /// Whether the peer has been told that it is over. What it sends until it hears of it was on its way.
    pub(crate) fn is_told(&self) -> bool {
        self.lock().is_told
    }

    pub(crate) fn silent_since(&self, now: Instant) -> Instant {
        let due = self.lock();
        if due.is_deaf { now } else { due.heard }
    }
}

/// Carries messages between a connection and `end`, until one of them ends. `ahead` has been read of the connection already. When
/// `leaving` is ready, it closes with what that says; `gone` makes what is said where whoever has the other end is gone without a word.
///
/// Of the messages that the app has sent before it closes, all are sent; of those that a peer sends, all are handed on that come before
/// its close frame. The other end hears that the connection has ended when this returns.
pub async fn run<T>(
    io: T,
    ahead: &[u8],
    end: &SocketEnd,
    config: &Config,
    leaving: impl Future<Output = CloseFrame>,
    gone: impl FnOnce(Option<Arc<str>>) -> CloseFrame,
) -> Ended
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let fault = carry(io, ahead, end, config, leaving, gone).await.err();
    let fault = fault.map(|fault| fault.to_string());
    end.finish(fault.as_deref());
    Ended { fault }
}

async fn carry<T>(
    io: T,
    ahead: &[u8],
    end: &SocketEnd,
    config: &Config,
    leaving: impl Future<Output = CloseFrame>,
    gone: impl FnOnce(Option<Arc<str>>) -> CloseFrame,
) -> Result<(), Fault>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let shared = Shared::new(config.clock.now());
    let (read, write) = tokio::io::split(io);
    let mut reader = Reader::new(read, ahead, config, &shared, end);
    let mut writer = Writer::new(write, config, &shared, end);
    let both = {
        let mut reading = pin!(reader.run());
        let mut writing = pin!(writer.run(gone));
        let mut leaving = pin!(leaving);
        let mut leaves = false;
        loop {
            // In no order: one of them may always have something to do, and take the budget that both have.
            tokio::select! {
                heard = &mut reading => {
                    break closed_by_peer(heard, &shared, end, config, writing).await;
                }
                sent = &mut writing => {
                    shared.lock().is_told = true;
                    // A close frame is answered by one.
                    let mut heard = match sent {
                        Ok(Sent::Close | Sent::Farewell) => within(&*config.clock, config.close, reading)
                            .await
                            .unwrap_or_else(|| Err(Fault::Broken("the peer does not close".into()))),
                        Err(fault) => Err(fault),
                    };
                    if let Ok(frame) = &mut heard {
                        end.close(std::mem::take(frame));
                    }
                    break heard.map(drop);
                }
                frame = &mut leaving, if !leaves => {
                    leaves = true;
                    shared.close(frame);
                }
            }
        }
    };
    // RFC 6455, section 7.1.1: the server ends the connection first.
    if let (Ok(()), Role::Client) = (&both, config.role) {
        reader.drain().await;
    }
    // Who floods is not waited for: whatever still came would have to be read.
    if !matches!(&both, Err(fault) if fault.is_flood()) {
        writer.shutdown().await;
    }
    both
}

/// The peer has closed, or failed: it is answered.
async fn closed_by_peer(
    heard: Result<CloseFrame, Fault>,
    shared: &Shared,
    end: &SocketEnd,
    config: &Config,
    writing: impl Future<Output = Result<Sent, Fault>>,
) -> Result<(), Fault> {
    let answer = match &heard {
        // RFC 6455, section 5.5.1: an endpoint typically echos the status code it received.
        Ok(frame) => CloseFrame {
            code: frame.code,
            reason: "".into(),
        },
        Err(fault) => match fault.frame() {
            Some(frame) => frame,
            None => return heard.map(drop),
        },
    };
    shared.close(answer);
    let sent = within(&*config.clock, config.close, writing).await;
    let frame = heard?;
    end.close(frame);
    match sent {
        Some(sent) => sent.map(drop),
        None => Err(Fault::Broken("the peer does not take the end".into())),
    }
}
