//! What is wrong with a peer.

use std::fmt;
use std::io;

use nano_worker::CloseFrame;

/// Why a connection fails: <https://www.rfc-editor.org/rfc/rfc6455#section-7.1.7>.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The peer is told, by this number, and so is the app, in these words.
    Told(u16, &'static str),
    /// There is nobody to tell.
    Broken(String),
}

/// Numbers of <https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1>.
const PROTOCOL_ERROR: u16 = 1002;
const INVALID_DATA: u16 = 1007;
const POLICY: u16 = 1008;

impl Fault {
    pub(crate) fn protocol(what: &'static str) -> Self {
        Self::Told(PROTOCOL_ERROR, what)
    }

    pub(crate) fn not_utf8() -> Self {
        Self::Told(INVALID_DATA, "a text is no UTF-8")
    }

    pub(crate) fn corrupt() -> Self {
        Self::Told(INVALID_DATA, "a compressed message is corrupt")
    }

    pub(crate) fn too_big() -> Self {
        Self::Told(CloseFrame::TOO_BIG, "a message is larger than the limit")
    }

    pub(crate) fn no_room() -> Self {
        Self::Told(
            CloseFrame::TOO_BIG,
            "a message does not fit into the app's memory",
        )
    }

    pub(crate) fn flood() -> Self {
        Self::Told(POLICY, "too many frames that bring nothing")
    }

    pub(crate) fn slow() -> Self {
        Self::Told(POLICY, "a message comes too slowly")
    }

    /// Whether the peer sends what nobody waits for, and is not waited for either.
    pub(crate) fn is_flood(&self) -> bool {
        matches!(self, Self::Told(POLICY, _))
    }

    /// What the peer is told.
    pub(crate) fn frame(&self) -> Option<CloseFrame> {
        match self {
            Self::Told(code, what) => Some(CloseFrame::of(*code, what)),
            Self::Broken(_) => None,
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Broken(format!("the connection broke: {error}"))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Told(code, what) => write!(f, "{what} ({code})"),
            Self::Broken(what) => f.write_str(what),
        }
    }
}
