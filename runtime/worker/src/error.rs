//! What can go wrong with a worker.

use std::error::Error;
use std::fmt;

use super::{HttpRequest, RequestId};

/// Why an app did not start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartError {
    /// What kind of failure.
    pub kind: StartErrorKind,
    /// One line: what was expected, what was found, where.
    pub message: String,
    /// The report for the app's author: source line, caret, stack.
    pub detail: Option<String>,
}

/// Kinds of [`StartError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartErrorKind {
    /// The folder has no entry module, or the configured one does not exist.
    NoEntry,
    /// A module does not parse.
    Syntax,
    /// An import could not be resolved, read or linked.
    Import,
    /// A module threw, or its top-level `await` rejected.
    Exception,
    /// The modules' evaluation waits for something that will never come.
    Stalled,
    /// The app has neither a handler of requests nor one of scheduled events.
    NoHandler,
    /// A turn took longer than the CPU limit.
    CpuLimit,
    /// The memory limit was passed, or would have been by a module.
    HeapLimit,
    /// Instances that have ended hold too much: others do not have all yet that they sent.
    LeftBehind,
    /// V8 gave up; see [`Exit::Crashed`].
    Crashed,
    /// Another instance took its thread with it; see [`Exit::ThreadLost`].
    ThreadLost,
    /// The engine failed: no thread, no memory, no snapshot.
    Engine,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for StartError {}

impl StartError {
    /// All that is known, for the app's author.
    pub fn report(&self) -> String {
        report(&self.message, self.detail.as_deref())
    }
}

/// What failed and where, of which each line stands once: a stack mostly begins with its error's message.
pub fn report(message: &str, stack: Option<&str>) -> String {
    match stack {
        None => message.to_owned(),
        Some(stack) if stack.starts_with(message) => stack.to_owned(),
        Some(stack) => format!("{message}\n{stack}"),
    }
}

/// Why a request got no response from the app, or a scheduled event did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchError {
    /// The app has no handler for such events.
    NoHandler {
        /// What it has to have: `export default { … }`.
        expected: &'static str,
    },
    /// None of the listeners of the `fetch` event has answered.
    NotAnswered,
    /// The handler threw or its promise rejected.
    Exception {
        /// The exception as a string: `TypeError: …`.
        message: String,
        /// Its stack, where it has one.
        stack: Option<String>,
    },
    /// What the app asked of another server failed, and the handler passed that on: it did not catch the exception of its
    /// `fetch()`, or returned `Response.error()`.
    NetworkError {
        /// What failed.
        message: String,
        /// The exception with its stack, where there is one.
        stack: Option<String>,
    },
    /// The process had no memory left for a body that the app wanted to read, and the handler passed that on.
    NoRoom {
        /// What failed.
        message: String,
        /// The exception with its stack, where there is one.
        stack: Option<String>,
    },
    /// The handler returned something else than a `Response`.
    NotAResponse {
        /// What it returned, described: `undefined`, `a string`.
        found: String,
    },
    /// The handler returned a response that cannot be sent: its body is used or locked.
    UnusableResponse {
        /// What is wrong with it.
        reason: String,
    },
    /// A turn took longer than the CPU limit and was terminated.
    CpuLimit,
    /// The turns of the request took longer than its CPU limit, and the last of them was terminated.
    RequestCpuLimit,
    /// The memory limit was passed; the instance ends.
    HeapLimit,
    /// The instance was ended because the process ran out of memory; see [`Exit::ProcessLimit`].
    ProcessLimit,
    /// V8 gave up on the instance; see [`Exit::Crashed`].
    Crashed,
    /// The instance has ended or drains: send the request to another one.
    Ended,
    /// The request was given up by its sender.
    Canceled,
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exception { message, .. } | Self::NetworkError { message, .. } | Self::NoRoom { message, .. } => {
                f.write_str(message)
            }
            Self::NoHandler { expected } => write!(f, "the app has no such handler: expected {expected}"),
            Self::NotAnswered => f.write_str(
                "no listener of the fetch event has answered: expected `event.respondWith(response)` before the listeners return",
            ),
            Self::NotAResponse { found } => write!(f, "the fetch handler must return a Response or a promise for one, but returned {found}; is a `return` missing?"),
            Self::UnusableResponse { reason } => write!(f, "the fetch handler's Response cannot be sent: {reason}"),
            Self::CpuLimit => f.write_str(
                "the app ran longer than its CPU limit for one turn of JavaScript and was terminated: do less at a time, or \
                 raise limits.cpu_ms",
            ),
            Self::RequestCpuLimit => f.write_str(
                "the app ran longer for the request than its CPU limit for all turns of one and was terminated: do less for a \
                 request, or raise limits.request_cpu_ms",
            ),
            Self::HeapLimit => f.write_str(
                "the app used more memory than its limit and was ended: keep less, or raise limits.memory_mb",
            ),
            Self::ProcessLimit => write!(f, "the app's instance was ended: {}", Exit::ProcessLimit),
            Self::Crashed => write!(f, "the app's instance crashed: {}", Exit::Crashed),
            Self::Ended => f.write_str("the app's instance has ended"),
            Self::Canceled => f.write_str("the request was canceled"),
        }
    }
}

impl Error for FetchError {}

/// Why a request has no response.
#[derive(Debug)]
pub enum Unanswered {
    /// The app failed, or its instance has ended while it had the request.
    Failed(FetchError),
    /// The instance has ended, or must, and none of its JavaScript has seen the request: it is for another instance.
    Returned(Box<HttpRequest>),
}

impl From<FetchError> for Unanswered {
    fn from(error: FetchError) -> Self {
        Self::Failed(error)
    }
}

/// Why a scheduled event did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfinished {
    /// The app failed, or its instance has ended in the middle of it.
    Failed(FetchError),
    /// The instance has ended, or must, and none of its JavaScript has seen the event: it is for another instance.
    Returned,
}

/// Why an instance ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exit {
    /// It was stopped or drained.
    Stopped,
    /// It could not go on after a turn that passed the CPU limit.
    CpuLimit,
    /// It could not go on after a turn that passed the CPU limit of a request, or scheduled event.
    RequestCpuLimit {
        /// Whose.
        request: RequestId,
    },
    /// It passed its memory limit.
    HeapLimit,
    /// The process neared the limit of its own memory, and this instance held the most.
    ProcessLimit,
    /// It had nothing to do, and the process needed its memory.
    Evicted,
    /// It did something that V8 cannot survive, such as asking for an array that is larger than V8 can represent. Its thread is
    /// stopped for good, and holds its memory until the process ends; see [`crate::Launcher::losses`].
    Crashed,
    /// It passed its CPU limit and did not stop, in a built-in function that V8 cannot interrupt. Its thread goes on, at the
    /// lowest priority, and counts as crashed until that function ends.
    Unresponsive,
    /// It shared its thread with another instance, which has crashed or does not stop: no fault of its own.
    ThreadLost,
    /// Its thread panicked: a fault of NANO's own.
    Fault {
        /// The panic's message.
        message: String,
    },
}

impl Exit {
    /// Whether the instance keeps its thread and its memory.
    pub fn is_loss(&self) -> bool {
        matches!(self, Self::Crashed | Self::Unresponsive)
    }

    /// Whether its thread has left it in the middle of whatever it did.
    pub fn is_of_thread(&self) -> bool {
        self.is_loss() || *self == Self::ThreadLost
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stopped => "it was stopped",
            Self::CpuLimit => "it passed its CPU limit",
            Self::RequestCpuLimit { .. } => "it passed its CPU limit for one request",
            Self::HeapLimit => "it passed its memory limit",
            Self::ProcessLimit => "the process neared the limit of its own memory, and this instance held the most",
            Self::Evicted => "it had nothing to do, and the process needed its memory",
            Self::Crashed => "V8 gave up on it: it asked for something larger than V8 can represent, such as an array of 2^27 items, or for more memory than it may have",
            Self::Unresponsive => "it passed its CPU limit and did not stop: it is in a built-in function that V8 cannot interrupt",
            Self::ThreadLost => "it shared its thread with another app, which has crashed or does not stop",
            Self::Fault { message } => return write!(f, "the engine failed: {message}"),
        })
    }
}
