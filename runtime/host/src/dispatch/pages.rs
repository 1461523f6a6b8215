//! What it means to a client that there is no response of an app's.

use std::any::Any;
use std::time::Duration;

use nano_worker::cdn_loop::MAX_PASSES;
use nano_worker::{BodyError, BodyErrorKind, FetchError};

use crate::app::{App, Busy};
use crate::http::answers::OwnAnswer;
use crate::http::error_page::ErrorPage;
use crate::http::receive::Fault;
use crate::pool::Unavailable;
use crate::statistics::Limit;

/// What it means to the client that its request has come through this server too often.
pub(crate) fn looped() -> ErrorPage {
    ErrorPage::new(OwnAnswer::Loop).detail(format!(
        "the request has come through this server more than {MAX_PASSES} times, by its CDN-Loop header: apps call themselves or each \
         other in a circle"
    ))
}

/// What it means to the client that the host has panicked.
#[cold]
pub(crate) fn defect(panic: &(dyn Any + Send)) -> Box<ErrorPage> {
    let said = panic.downcast_ref::<&str>().copied();
    let said = said.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let page = ErrorPage::new(OwnAnswer::Defect).detail(format!(
        "the host panicked, which is a defect of NANO: {}",
        said.unwrap_or("without a message")
    ));
    page.into()
}

/// What it means to the client that a request is not taken in.
pub(crate) fn too_busy(app: &App, busy: Busy) -> Box<ErrorPage> {
    let name = app.name();
    let (answer, detail) = match busy {
        Busy::App(limit) => (
            OwnAnswer::Busy,
            format!("the app \"{name}\" has {limit} requests in flight, its limit"),
        ),
        Busy::Connection(count, limit) => (
            OwnAnswer::BusyConnection,
            format!(
                "this connection has {count} requests in flight of the app \"{name}\", which may have {limit}: one connection \
                 gets no more places than it leaves to others"
            ),
        ),
        Busy::Caller(count, most, limit) => (
            OwnAnswer::Busy,
            format!(
                "the calling app has {count} requests in flight of the app \"{name}\", which takes {most} from other apps, half of its \
                 limit of {limit}: one app gets no more places than it leaves to others"
            ),
        ),
        Busy::Queue(limit) => (
            OwnAnswer::Busy,
            format!(
                "{limit} requests wait for an instance of the app \"{name}\" to begin with them, the limit of its queue"
            ),
        ),
        Busy::WebSockets(limit) => (
            OwnAnswer::Busy,
            format!("the app \"{name}\" has {limit} WebSockets open, its limit of websockets"),
        ),
        Busy::CallerSockets(count, most) => (
            OwnAnswer::Busy,
            format!(
                "the calling app has {count} WebSockets open to the app \"{name}\", which takes {most} from other apps, half of its \
                 limit: one app gets no more places than it leaves to others"
            ),
        ),
        Busy::Client(limit) => (
            OwnAnswer::Busy,
            format!(
                "this client has as many of the {limit} WebSockets that the app \"{name}\" may have as it leaves to others"
            ),
        ),
        Busy::Gone => (
            OwnAnswer::Unavailable,
            "the app is shutting down".to_owned(),
        ),
    };
    let page = ErrorPage::new(answer).detail(detail);
    let page = match busy {
        Busy::App(_) | Busy::Connection(..) | Busy::Caller(..) => page.limit(Limit::InFlight),
        Busy::Queue(_) => page.limit(Limit::Queue),
        Busy::WebSockets(_) | Busy::Client(_) | Busy::CallerSockets(..) => {
            page.limit(Limit::WebSockets)
        }
        Busy::Gone => page,
    };
    page.retry_after(Duration::from_secs(1)).into()
}

/// What it means to an app that calls that it has yet to take too much of what it was answered before.
pub(crate) fn not_taken(caller: &str) -> Box<ErrorPage> {
    let detail = format!(
        "the app \"{caller}\" has yet to take so much of other responses that there is no room for this one: one app gets no more of \
         it than it leaves to others, of half of the answering app's memory_mb. Read responses when they are there, or stream them"
    );
    let page = ErrorPage::new(OwnAnswer::Busy).detail(detail);
    page.retry_after(Duration::from_secs(1)).into()
}

/// What it means to the client that the app needs longer than its limit.
pub(crate) fn too_slow(limit: Duration) -> Box<ErrorPage> {
    let page = ErrorPage::new(OwnAnswer::TooSlow).detail(format!(
        "the app did not answer within {} ms, its wall_ms limit",
        limit.as_millis()
    ));
    page.limit(Limit::Wall).into()
}

/// What it means to the client that something is wrong with its request's body.
pub(crate) fn faulty(fault: &Fault) -> Box<ErrorPage> {
    let answer = match fault {
        Fault::TooLarge(_) => OwnAnswer::LargeBody,
        Fault::Malformed(_) => OwnAnswer::MalformedBody,
        Fault::TooSlow(_) => OwnAnswer::SlowBody,
    };
    let page = ErrorPage::new(answer).detail(fault.message());
    let page = match fault {
        Fault::TooLarge(_) => page.limit(Limit::Body),
        Fault::TooSlow(_) => page.limit(Limit::Stall),
        Fault::Malformed(_) => page,
    };
    page.close().into()
}

/// What it means to the client that there is no instance.
pub(crate) fn unavailable(unavailable: Unavailable) -> Box<ErrorPage> {
    let reason = unavailable.reason;
    let page = |answer| ErrorPage {
        stack: reason.stack,
        ..ErrorPage::new(answer).detail(reason.message)
    };
    let page = match unavailable.retry_after {
        Some(wait) => page(OwnAnswer::Unavailable).retry_after(wait),
        None => page(OwnAnswer::Off),
    };
    page.into()
}

/// What it means to the client that the body of the app's response failed before its first byte.
pub(crate) fn broken(error: &BodyError) -> Box<ErrorPage> {
    let page = match error.kind {
        BodyErrorKind::Disconnected => ErrorPage::new(OwnAnswer::NoAnswer),
        BodyErrorKind::NoRoom => no_room(),
        BodyErrorKind::TooMuch => ErrorPage::new(OwnAnswer::NoResponse).limit(Limit::Response),
        BodyErrorKind::TooLarge | BodyErrorKind::CutShort | BodyErrorKind::App => {
            ErrorPage::new(OwnAnswer::NoResponse)
        }
    };
    page.detail(format!("the response's body failed: {error}"))
        .into()
}

/// What it means to the client that the process has no memory left for what the app wants to read.
fn no_room() -> ErrorPage {
    ErrorPage::new(OwnAnswer::NoRoom)
        .limit(Limit::Process)
        .retry_after(Duration::from_secs(1))
}

/// What a failure of an app means to the client.
pub(crate) fn failure(error: FetchError) -> ErrorPage {
    let detail = error.to_string();
    let page = match &error {
        FetchError::CpuLimit
        | FetchError::RequestCpuLimit
        | FetchError::HeapLimit
        | FetchError::ProcessLimit
        | FetchError::Crashed => ErrorPage::new(OwnAnswer::TooMuch),
        FetchError::Ended | FetchError::Canceled => {
            ErrorPage::new(OwnAnswer::Restarting).retry_after(Duration::from_secs(1))
        }
        FetchError::NetworkError { .. } => ErrorPage::new(OwnAnswer::NoAnswer),
        FetchError::NoRoom { .. } => no_room(),
        FetchError::Exception { .. }
        | FetchError::NoHandler { .. }
        | FetchError::NotAnswered
        | FetchError::NotAResponse { .. }
        | FetchError::UnusableResponse { .. } => ErrorPage::new(OwnAnswer::NoResponse),
    };
    let page = match &error {
        FetchError::CpuLimit => page.limit(Limit::Cpu),
        FetchError::RequestCpuLimit => page.limit(Limit::RequestCpu),
        FetchError::HeapLimit => page.limit(Limit::Memory),
        FetchError::ProcessLimit => page.limit(Limit::Process),
        _ => page,
    };
    let stack = match error {
        FetchError::Exception { stack, .. }
        | FetchError::NetworkError { stack, .. }
        | FetchError::NoRoom { stack, .. } => stack,
        _ => None,
    };
    ErrorPage {
        stack,
        ..page.detail(detail)
    }
}
