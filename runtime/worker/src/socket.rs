//! WebSockets as a host and an instance hand them to each other: the two ends of a channel of messages, one of which an app has. At the
//! other one is another app, or whoever speaks the protocol over a connection.
//!
//! Each end says messages, then maybe that it closes, and at last that it is gone. Nothing here waits for anybody: who says more than the
//! other end takes sees it in [`SocketEnd::buffered`], and waits for [`SocketEnd::room`] if he can.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_util::future::BoxFuture;

/// Bytes from which on an end has no more room.
pub const SOCKET_BYTES: usize = 256 << 10;
/// Messages from which on it has none: many may be empty.
pub const SOCKET_MESSAGES: usize = 256;
/// The most bytes of a closing reason (RFC 6455, section 5.5).
pub const MAX_CLOSE_REASON: usize = 123;

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketMessage {
    /// Text: UTF-8.
    Text(Bytes),
    /// Bytes.
    Binary(Bytes),
}

impl SocketMessage {
    /// The content.
    pub fn bytes(&self) -> &Bytes {
        match self {
            Self::Text(bytes) | Self::Binary(bytes) => bytes,
        }
    }
}

/// What an end says when it closes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CloseFrame {
    /// A number, where it says one.
    pub code: Option<u16>,
    /// At most [`MAX_CLOSE_REASON`] bytes; empty without a number.
    pub reason: Box<str>,
}

impl CloseFrame {
    /// The server, or the app's instance, goes away.
    pub const GOING_AWAY: u16 = 1001;
    /// A message is larger than there is room for.
    pub const TOO_BIG: u16 = 1009;
    /// Something is wrong that is not the peer's fault.
    pub const FAILURE: u16 = 1011;
    /// It is about to be back.
    pub const RESTART: u16 = 1012;

    /// With a number of these.
    pub fn of(code: u16, reason: &str) -> Self {
        let end = reason.floor_char_boundary(MAX_CLOSE_REASON);
        Self {
            code: Some(code),
            reason: reason[..end].into(),
        }
    }
}

/// What an end hears of the other one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketEvent {
    /// A message.
    Message(SocketMessage),
    /// It closes: no message follows.
    Close(CloseFrame),
    /// It is gone: nothing follows. Why, where something went wrong.
    Gone(Option<Arc<str>>),
}

/// Who pays for the messages that an end is sent.
pub trait SocketAccount: Send + Sync {
    /// For one message, of nothing yet.
    fn charge(&self) -> Box<dyn SocketCharge>;
}

/// What one message takes, until this is dropped.
pub trait SocketCharge: Send + Sync {
    /// Adds so many bytes, or nothing, and false, if they do not fit at once.
    fn try_grow(&mut self, bytes: usize) -> bool;

    /// Waits until they fit; false if they do not.
    fn grow(&mut self, bytes: usize) -> BoxFuture<'_, bool>;

    /// So many of them are not needed any more.
    fn give_back(&mut self, bytes: usize);
}

/// One end. Dropping it says that it is gone.
pub struct SocketEnd {
    channel: Arc<Channel>,
    side: usize,
}

impl fmt::Debug for SocketEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketEnd").finish_non_exhaustive()
    }
}

struct Channel(Mutex<[Side; 2]>);

/// An end, and what it has said.
#[derive(Default)]
struct Side {
    messages: VecDeque<SocketMessage>,
    /// Bytes that it has said, and the other end has not done with.
    bytes: usize,
    /// The same, messages.
    count: usize,
    close: Said<CloseFrame>,
    gone: Option<Option<Arc<str>>>,
    /// The other end, which waits for this one to say something.
    reader: Option<Waker>,
    /// This end, which waits for room.
    writer: Option<Waker>,
    /// Who pays for what this end is sent.
    account: Option<Arc<dyn SocketAccount>>,
    /// To be called when this end is gone.
    at_end: Vec<Box<dyn FnOnce() + Send>>,
}

/// Something that is said once, and heard once.
#[derive(Default)]
enum Said<T> {
    #[default]
    Not,
    Unheard(T),
    Heard,
}

/// Two ends.
pub fn socket_pair() -> (SocketEnd, SocketEnd) {
    let channel = Arc::new(Channel(Mutex::default()));
    let end = |side| SocketEnd {
        channel: channel.clone(),
        side,
    };
    (end(0), end(1))
}

impl Channel {
    fn lock(&self) -> MutexGuard<'_, [Side; 2]> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll_next(&self, side: usize, context: &mut Context<'_>) -> Poll<SocketEvent> {
        let mut sides = self.lock();
        let other = &mut sides[1 - side];
        if let Some(message) = other.messages.pop_front() {
            return Poll::Ready(SocketEvent::Message(message));
        }
        if let Said::Unheard(frame) = &mut other.close {
            let frame = std::mem::take(frame);
            other.close = Said::Heard;
            return Poll::Ready(SocketEvent::Close(frame));
        }
        if let Some(reason) = &other.gone {
            return Poll::Ready(SocketEvent::Gone(reason.clone()));
        }
        register(&mut other.reader, context);
        Poll::Pending
    }

    fn poll_room(&self, side: usize, context: &mut Context<'_>) -> Poll<bool> {
        let mut sides = self.lock();
        if sides[1 - side].gone.is_some() {
            return Poll::Ready(false);
        }
        let own = &mut sides[side];
        if own.bytes < SOCKET_BYTES && own.count < SOCKET_MESSAGES {
            return Poll::Ready(true);
        }
        register(&mut own.writer, context);
        Poll::Pending
    }
}

fn register(place: &mut Option<Waker>, context: &Context<'_>) {
    match place {
        Some(waker) => waker.clone_from(context.waker()),
        None => *place = Some(context.waker().clone()),
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl SocketEnd {
    /// Says a message. Returns false if nobody hears it: the other end is gone, or this one has closed.
    pub fn put(&self, message: SocketMessage) -> bool {
        let mut sides = self.channel.lock();
        let is_heard = sides[1 - self.side].gone.is_none();
        let own = &mut sides[self.side];
        if !is_heard || own.gone.is_some() || !matches!(own.close, Said::Not) {
            return false;
        }
        own.bytes += message.bytes().len();
        own.count += 1;
        own.messages.push_back(message);
        let reader = own.reader.take();
        drop(sides);
        wake(reader);
        true
    }

    /// Says that this end closes; the first time counts.
    pub fn close(&self, frame: CloseFrame) {
        let mut sides = self.channel.lock();
        let own = &mut sides[self.side];
        if own.gone.is_some() || !matches!(own.close, Said::Not) {
            return;
        }
        own.close = Said::Unheard(frame);
        let reader = own.reader.take();
        drop(sides);
        wake(reader);
    }

    /// Says that this end is gone, for a reason if something went wrong; the first time counts. What it has not been told is dropped.
    pub fn finish(&self, reason: Option<&str>) {
        let mut sides = self.channel.lock();
        let own = &mut sides[self.side];
        if own.gone.is_some() {
            return;
        }
        own.gone = Some(reason.map(Into::into));
        let at_end = std::mem::take(&mut own.at_end);
        let reader = own.reader.take();
        let account = own.account.take();
        let other = &mut sides[1 - self.side];
        let unheard = std::mem::take(&mut other.messages);
        let writer = other.writer.take();
        drop(sides);
        wake(reader);
        wake(writer);
        drop((unheard, account));
        at_end.into_iter().for_each(|call| call());
    }

    /// Waits for what the other end says next. One at a time may wait. Who has done with a message says so by [`taken`](Self::taken).
    pub fn next(&self) -> impl Future<Output = SocketEvent> + Send + use<> {
        let (channel, side) = (self.channel.clone(), self.side);
        std::future::poll_fn(move |context| channel.poll_next(side, context))
    }

    /// A message of so many bytes is done with.
    pub fn taken(&self, bytes: usize) {
        let mut sides = self.channel.lock();
        let other = &mut sides[1 - self.side];
        other.bytes = other.bytes.saturating_sub(bytes);
        other.count = other.count.saturating_sub(1);
        let has_room = other.bytes < SOCKET_BYTES && other.count < SOCKET_MESSAGES;
        let writer = if has_room { other.writer.take() } else { None };
        drop(sides);
        wake(writer);
    }

    /// Bytes that this end has said, and the other one has not done with.
    pub fn buffered(&self) -> usize {
        self.channel.lock()[self.side].bytes
    }

    /// Waits until there is room for more: true; false if the other end is gone. One at a time may wait.
    pub fn room(&self) -> impl Future<Output = bool> + Send + use<> {
        let (channel, side) = (self.channel.clone(), self.side);
        std::future::poll_fn(move |context| channel.poll_room(side, context))
    }

    /// Whether the other end is gone.
    pub fn is_alone(&self) -> bool {
        self.channel.lock()[1 - self.side].gone.is_some()
    }

    /// Says who pays for what this end is sent.
    pub fn set_account(&self, account: Arc<dyn SocketAccount>) {
        let mut sides = self.channel.lock();
        let own = &mut sides[self.side];
        if own.gone.is_none() {
            own.account = Some(account);
        }
    }

    /// A charge for a message to the other end, where somebody pays for it.
    pub fn charge(&self) -> Option<Box<dyn SocketCharge>> {
        let account = self.channel.lock()[1 - self.side].account.clone();
        account.map(|account| account.charge())
    }

    /// Has something called when this end is gone.
    pub fn at_end(&self, call: impl FnOnce() + Send + 'static) {
        let mut sides = self.channel.lock();
        let own = &mut sides[self.side];
        if own.gone.is_none() {
            own.at_end.push(Box::new(call));
            return;
        }
        drop(sides);
        call();
    }
}

impl Drop for SocketEnd {
    fn drop(&mut self) {
        self.finish(None);
    }
}
