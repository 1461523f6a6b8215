//! From what a handler returns to an answer.

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, InvalidHeaderValue};
use http::{HeaderName, HeaderValue};
use nano_engine::external_memory::has_room;
use nano_engine::text::text;
use nano_engine::{ErrorReport, State};
use nano_webidl::{ExternalSize as _, Ref, Scope, Value, script};
use nano_worker::{Body, BodyStream, FetchError, HttpResponse, RequestId};

use super::app::{App, Waiting, begin_streaming};
use super::dispatch::settle;
use crate::environment::{Environment, request_context};
use crate::fetch::body::{Outgoing, WithBody as _, stream_length};
use crate::fetch::response::Response;
use crate::streams::native_sink::NativeSink;
use crate::websockets;

/// Bytes of a streamed response that may wait for the network.
const RESPONSE_BYTES: usize = 256 << 10;

/// Makes an answer of what the handler returned. Nobody waits for it if the client has left.
pub(super) fn respond<'s>(
    scope: &mut Scope<'s, '_>,
    waiting: Option<(RequestId, Waiting<'_>, v8::Local<'s, v8::Object>)>,
    result: Value<'s>,
) {
    let (waiting, request) = match waiting {
        Some((id, waiting, request)) => (Some((id, waiting)), Some(request)),
        None => (None, None),
    };
    let Some(response) = Ref::<Response>::from_value(scope, result) else {
        let found = describe(scope, result);
        return settle(scope, waiting, FetchError::NotAResponse { found });
    };
    let unusable = |scope: &mut Scope, waiting, reason: String| {
        settle(scope, waiting, FetchError::UnusableResponse { reason });
    };
    let response = response.value();
    if response.status_code() == 0 {
        let message = "the fetch handler's Response is a network error (Response.error())".into();
        let stack = None;
        return settle(scope, waiting, FetchError::NetworkError { message, stack });
    }
    if response.body_ref().is_unusable(scope) {
        return unusable(
            scope,
            waiting,
            "its body was read already, or its stream is locked".into(),
        );
    }
    let coding = response.sent_coding();
    let headers = match sent_headers(scope, response, coding.is_some()) {
        Ok(headers) => headers,
        Err(reason) => return unusable(scope, waiting, reason),
    };
    let given = match response.socket(scope) {
        None => None,
        Some(socket) => match websockets::give(scope, socket) {
            Ok(Some(given)) => Some(given),
            Ok(None) => {
                let reason = "its webSocket was accepted, or given away, already".into();
                return unusable(scope, waiting, reason);
            }
            Err(_) => return, // The isolate is terminated: `ended` says why.
        },
    };
    let reason = response.reason();
    let reason = (!reason.is_empty()).then(|| reason.iter().copied().map(char::from).collect());
    let mut pump = None;
    let body = response.body_ref();
    let sent = match coding {
        None => body.send(scope),
        Some(coding) => body.send_compressed(scope, coding),
    };
    let Ok(sent) = sent else {
        if !State::from_scope(scope).is_terminated() {
            let reason = "there is no memory to compress its body".into();
            return unusable(scope, waiting, reason);
        }
        return; // `ended` says why.
    };
    let body = match sent {
        Outgoing::Null => Body::Empty,
        Outgoing::Bytes(bytes) => Body::Full(bytes),
        Outgoing::Incoming(stream) => {
            stream.pass_on();
            Body::Stream(stream)
        }
        Outgoing::Stream(stream) => {
            let list = response.header_list();
            let length = match coding {
                None => list.borrow().get(&CONTENT_LENGTH),
                Some(_) => None,
            };
            let mut length = length.and_then(|l| std::str::from_utf8(&l).ok()?.parse().ok());
            if length.is_none() {
                let Ok(known) = stream_length(scope, &stream) else {
                    return; // The isolate is terminated.
                };
                length = known;
            }
            let backlog = State::from_scope(scope).extension::<App>().backlog.clone();
            let (writer, reader) = BodyStream::bounded_among(RESPONSE_BYTES, length, backlog);
            // Which status goes out does not depend on who is faster, this turn or a connection's thread.
            State::from_scope(scope).keep_for_this_turn(writer.start());
            pump = Some((stream, writer));
            Body::Stream(reader)
        }
    };
    let id = waiting.as_ref().map(|(id, _)| *id);
    let is_whole = !matches!(body, Body::Stream(_));
    if let (Some(id), Some(request), false) = (id, request, is_whole) {
        let stream = pump.as_ref().map(|(stream, _)| stream.object());
        begin_streaming(scope, id, request, stream);
    }
    let answer = Box::new(HttpResponse {
        status: response.status_code(),
        reason,
        headers,
        body,
        socket: None,
    });
    let state = State::from_scope(scope);
    if let Some(given) = given {
        if let Some((id, waiting)) = waiting {
            waiting.become_socket(state, id, answer, given);
        }
        return;
    }
    let in_flight = waiting.map(|(_, waiting)| waiting.settle(state, Ok(answer)));
    if let Some((stream, writer)) = pump {
        let in_flight = in_flight.map(|in_flight| in_flight.kept(state));
        let sink = NativeSink::new(writer, in_flight, report_body_failure);
        let sink = Ref::new(scope, sink);
        // A failure is the sink's to report; only a termination comes here.
        let _ = script::call(
            scope,
            "pumpBody",
            &[stream.object().into(), sink.object().into()],
        );
    }
    if let (Some(id), true) = (id, is_whole) {
        request_context::over(scope, id);
    }
}

/// What most responses have. Their values take no memory, and no look at each byte.
static USUAL_VALUES: [HeaderValue; 2] = [
    HeaderValue::from_static("text/plain;charset=UTF-8"),
    HeaderValue::from_static("application/json"),
];

/// A response's headers for the wire, or why there are none. Those of a body that is compressed on its way have no length.
fn sent_headers(
    scope: &mut Scope,
    response: &Response,
    is_compressed: bool,
) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
    let unfit =
        |name: &HeaderName| format!("the value of its header '{name}' has a control character");
    // OPTIMIZATION: most responses have no other one, and need no list.
    if let Some(content_type) = response.only_content_type() {
        let value = field_value(content_type).map_err(|_| unfit(&CONTENT_TYPE))?;
        return Ok(vec![(CONTENT_TYPE, value)]);
    }
    let size = response.header_list().borrow().external_size();
    if !has_room(scope, size) {
        let reason = "its headers do not fit into the app's memory limit once more";
        return Err(reason.into());
    }
    let list = response.header_list().borrow();
    let mut headers = Vec::with_capacity(list.len());
    for (name, value) in list.iter() {
        if is_compressed && *name == CONTENT_LENGTH {
            continue; // It is another one.
        }
        let value = field_value(value).map_err(|_| unfit(name))?;
        headers.push((name.clone(), value));
    }
    Ok(headers)
}

/// The value of a header for the wire.
fn field_value(bytes: &[u8]) -> Result<HeaderValue, InvalidHeaderValue> {
    let usual = USUAL_VALUES.iter().find(|usual| usual.as_bytes() == bytes);
    usual.map_or_else(|| HeaderValue::from_bytes(bytes), |usual| Ok(usual.clone()))
}

/// A response's stream failed after its head was sent: only the log can tell.
fn report_body_failure<'s>(scope: &mut Scope<'s, '_>, reason: Value<'s>) {
    let report = ErrorReport::new(scope, reason, None);
    Environment::of(scope).errors.body_failure(scope, &report);
}

/// "undefined", "a string", "an instance of Foo".
fn describe<'s>(scope: &mut Scope<'s, '_>, value: Value<'s>) -> String {
    if value.is_null_or_undefined() {
        return value.to_rust_string_lossy(scope);
    }
    match v8::Local::<v8::Object>::try_from(value) {
        Ok(object) if !value.is_function() => {
            let name = object.get_constructor_name();
            format!("an instance of {}", text(scope, name, 100))
        }
        _ => format!("a {}", value.type_of(scope).to_rust_string_lossy(scope)),
    }
}
