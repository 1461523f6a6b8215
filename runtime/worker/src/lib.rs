//! The border: what a host and an instance of an app say to each other. It knows no V8 type.
//!
//! A host gives a [`Launcher`] the [`WorkerOptions`] of an app, and gets an [`Instance`]: [`HttpRequest`]s in,
//! [`HttpResponse`]s out, and an [`Exit`] at the end. On one side of this crate stands the host (`nano-host`), which is built and
//! tested without an engine; on the other one what runs JavaScript (`nano-engine`, `nano-api`).
#![deny(missing_docs)]
// A dependency that nothing uses any more does not compile.
#![cfg_attr(not(test), deny(unused_crate_dependencies))]
#![deny(clippy::unwrap_used, clippy::expect_used)]

mod binding;
mod body;
mod caches;
pub mod cdn_loop;
mod commons;
mod descriptors;
mod error;
mod event;
mod folder;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod launcher;
mod log;
mod message;
mod options;
mod outbound;
mod patience;
mod socket;
mod stats;
mod stop;
#[cfg(test)]
mod stop_tests;
mod sync;
mod trace;

pub use binding::{Binding, NoServices, ServiceError, Services};
pub use body::{
    Backlog, Batch, Body, BodyError, BodyErrorKind, BodyStream, BodyWriter, Cut, Cuttable,
    PassedOn, Put, Start,
};
pub use caches::{
    CacheEntry, CacheError, CacheHandle, CacheMemory, CacheQuery, CachedResponse, Caches,
    LazyFields, SortedFields, TooVaried,
};
pub use commons::{
    Acquire, Agent, Broadcast, BroadcastListener, Commons, Kept, LockInfo, LockMode, LockNotice,
    LockOwner, LockRequest, TooMuch,
};
pub use descriptors::descriptors;
pub use error::{Exit, FetchError, StartError, StartErrorKind, Unanswered, Unfinished, report};
pub use event::{Handlers, ScheduledEvent};
pub use folder::{FileError, Folder, FolderFile};
pub use launcher::{Instance, InstanceThread, Launcher, Losses};
pub use log::{LogKind, LogLevel, LogRecord, LogSink};
pub use message::{Fields, Hex, HttpRequest, HttpResponse, RequestId};
pub use options::{ENTRIES, Isolation, JAVASCRIPT_ENTRIES, Limits, WorkerOptions};
pub use outbound::{OutboundHosts, OutboundRule, OutboundRuleError};
pub use patience::{Pace, Patience};
pub use socket::{
    CloseFrame, MAX_CLOSE_REASON, SOCKET_BYTES, SOCKET_MESSAGES, SocketAccount, SocketCharge,
    SocketEnd, SocketEvent, SocketMessage, socket_pair,
};
pub use stats::WorkerStats;
pub use stop::{Stop, StopPlace, Stopped, WakerId};
pub use trace::{
    ClientSpan, SpanContext, SpanId, SpanSink, TRACEPARENT, TRACESTATE, Trace, TraceFlags, TraceId,
    trace_state,
};
