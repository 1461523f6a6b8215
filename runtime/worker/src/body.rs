//! Bodies of requests and responses: nothing, bytes in memory, or a stream with backpressure.

mod batch;
mod channel;
mod cut;
mod stream;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

pub use batch::Batch;
pub use channel::{Backlog, BodyWriter, Put, Start};
pub use cut::{Cut, Cuttable};
pub use stream::{BodyStream, PassedOn};

/// The body of an HTTP message.
#[derive(Debug, Default)]
pub enum Body {
    /// No body at all: `request.body` and `response.body` are null.
    #[default]
    Empty,
    /// A body that is in memory already; never takes the streaming path.
    Full(Bytes),
    /// A body that arrives in chunks.
    Stream(BodyStream),
}

impl Body {
    /// The number of bytes, where it is known before the body has been read.
    pub fn length(&self) -> Option<u64> {
        match self {
            Self::Empty => Some(0),
            Self::Full(bytes) => Some(bytes.len() as u64),
            Self::Stream(stream) => stream.length(),
        }
    }
}

/// Why a body could not be read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyError {
    /// What kind of failure.
    pub kind: BodyErrorKind,
    /// What happened, for a log and for the app's exception.
    pub message: Arc<str>,
}

/// Kinds of [`BodyError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyErrorKind {
    /// More bytes than the app's limit arrived.
    TooLarge,
    /// The process has no memory left for it.
    NoRoom,
    /// The app sends more bytes than its limit.
    TooMuch,
    /// The client or the peer closed its connection or violated HTTP.
    Disconnected,
    /// The producer went away without ending the body.
    CutShort,
    /// A stream of the app failed: its reason is the message.
    App,
}

impl BodyError {
    /// An error of a kind.
    pub fn new(kind: BodyErrorKind, message: impl Into<Arc<str>>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for BodyError {}
