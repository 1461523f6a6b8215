//! What the host answers by itself, where there is no response of an app's: all of it, so that the reference on the website has it from
//! here. `x-request-id` of such an answer leads to the line of the log that says more.

use http::StatusCode;
use serde_json::{Value, json};

use crate::server::{MAX_FIELDS, MAX_HEAD};
use crate::statistics::Limit;

/// Declares the answers: when each is given, its status, the sentence for the client, and the limits that it may be due to.
macro_rules! own_answers {
    ($($(#[doc = $when:literal])+ $name:ident = $status:ident, $message:literal, [$($limit:ident),*];)+) => {
        /// An answer of the host's own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum OwnAnswer {
            $($(#[doc = $when])+ $name,)+
        }

        impl OwnAnswer {
            const ALL: &[Self] = &[$(Self::$name,)+];

            pub(crate) fn status(self) -> StatusCode {
                match self {
                    $(Self::$name => StatusCode::$status,)+
                }
            }

            /// One sentence for the client. Says nothing about the app's inside.
            pub(crate) fn message(self) -> &'static str {
                match self {
                    $(Self::$name => $message,)+
                }
            }

            /// The limits that a request may have met that is answered so.
            pub(crate) fn limits(self) -> &'static [Limit] {
                match self {
                    $(Self::$name => &[$(Limit::$limit,)*],)+
                }
            }

            /// When it is given.
            fn when(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($when,)+).trim_ascii(),)+
                }
            }
        }
    };
}

own_answers! {
    /// The request is no HTTP, says two things about its host or its length, or has a target that is no URL.
    Malformed = BAD_REQUEST, "The request is malformed.", [];
    /// The request's body is no sequence of chunks, or ends before its length.
    MalformedBody = BAD_REQUEST, "The request's body is malformed, or not complete.", [];
    /// No app has the request's hostname, or none there its path.
    UnknownHost = NOT_FOUND, "No app answers to this host.", [];
    /// TRACE and CONNECT are for no app; `allow` names those that are.
    UnknownMethod = METHOD_NOT_ALLOWED, "This method is not supported.", [];
    /// `clients.head_ms` is over, and a part of the head is there.
    SlowHead = REQUEST_TIMEOUT, "The request's head was not complete in time.", [];
    /// Less than `clients.min_rate` has come for `clients.stall_ms`.
    SlowBody = REQUEST_TIMEOUT, "The request's body comes too slowly.", [Stall];
    /// It has, or says that it has, more bytes than `body_mb`.
    LargeBody = PAYLOAD_TOO_LARGE, "The request's body is too large.", [Body];
    /// The target alone is longer than a head may be.
    LongTarget = URI_TOO_LONG, "The request's target is too long.", [];
    /// The head has more bytes or more header fields; the requests that apps send each other may have as much.
    LargeHead = REQUEST_HEADER_FIELDS_TOO_LARGE, "A request's head may have 65536 bytes and 100 header fields.", [];
    /// The host has panicked, which is a defect of NANO. Nothing else is the worse for it.
    Defect = INTERNAL_SERVER_ERROR, "The server failed to answer.", [];
    /// The app has thrown, has returned no response or one that cannot be sent, has no handler, or its body failed before it had begun.
    NoResponse = INTERNAL_SERVER_ERROR, "The app failed to answer.", [Response, Subrequests];
    /// The request has another transfer coding.
    UnknownCoding = NOT_IMPLEMENTED, "No transfer coding but \"chunked\" is supported.", [];
    /// The app has not caught that its own `fetch()` failed, or has passed on a response that broke off.
    NoAnswer = BAD_GATEWAY, "A server that the app depends on did not answer.", [Subrequests];
    /// The app's instance has ended because of what it used; the next request gets another one.
    TooMuch = SERVICE_UNAVAILABLE, "The app used more resources than it may.", [Cpu, RequestCpu, Memory, Process, Subrequests];
    /// The app's instance has ended before it has answered, and so have others that the request was given to.
    Restarting = SERVICE_UNAVAILABLE, "The app is restarting. Try again soon.", [Subrequests];
    /// As many requests as the app may have are in flight, or wait for an instance, or its WebSockets are as many as it may have; or another
    /// app asks for more than its share.
    Busy = SERVICE_UNAVAILABLE, "The app is busy. Try again soon.", [InFlight, Queue, WebSockets];
    /// This connection has as many of the app's places as it leaves to others.
    BusyConnection = SERVICE_UNAVAILABLE, "This connection has too many requests at a time. Try again soon.", [InFlight];
    /// The app fails to start and waits before it is tried again, or is being removed.
    Unavailable = SERVICE_UNAVAILABLE, "The app is not available. Try again soon.", [];
    /// This version of the app gets no more instances: its starts have met its memory limit again and again, or threads of too many of its
    /// instances do not come back.
    Off = SERVICE_UNAVAILABLE, "The app is switched off.", [];
    /// The process has no memory for what the app wants to read.
    NoRoom = SERVICE_UNAVAILABLE, "The server is short of memory. Try again soon.", [Process, Subrequests];
    /// The app has not answered within `wall_ms`.
    TooSlow = GATEWAY_TIMEOUT, "The app took too long to answer.", [Wall];
    /// Apps call themselves or each other in a circle, as `cdn-loop` tells.
    Loop = LOOP_DETECTED, "The request came back to this server too often.", [];
}

// What `LargeHead` says.
const _: () = assert!(MAX_HEAD == 65536 && MAX_FIELDS == 100);

/// The host's own answers, by status: what the reference is made of.
pub fn answers() -> Value {
    let mut all = OwnAnswer::ALL.to_vec();
    all.sort_by_key(|answer| answer.status());
    all.into_iter()
        .map(|answer| {
            let limits = answer.limits().iter().map(|limit| limit.name());
            json!({
                "status": answer.status().as_u16(),
                "reason": answer.status().canonical_reason(),
                "message": answer.message(),
                "when": answer.when(),
                "limits": limits.collect::<Vec<_>>(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_says_when_it_is_given() {
        let Value::Array(answers) = answers() else {
            panic!("expected a list");
        };
        assert_eq!(answers.len(), OwnAnswer::ALL.len());
        for answer in &answers {
            let when = answer["when"].as_str().unwrap_or_default();
            assert!(when.ends_with('.') && !when.contains("  "), "{answer}");
            assert!(answer["reason"].is_string(), "{answer}");
        }
        let messages = OwnAnswer::ALL.iter().map(|answer| answer.message());
        assert_eq!(
            messages.collect::<std::collections::HashSet<_>>().len(),
            answers.len(),
            "two answers say the same"
        );
    }
}
