//! Why a fetch failed, in words: <https://fetch.spec.whatwg.org/#concept-network-error>.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io;

use nano_worker::BodyError;

use super::connection::{MAX_HEAD_BYTES, MAX_HEAD_FIELDS};
use super::connector::Unresolved;
use super::policy::Refused;

/// A network error. Its text ends the message of the `TypeError` that an app sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    message: Cow<'static, str>,
    /// The limit that the app has met, by its name in the configuration.
    limit: Option<&'static str>,
}

impl Failure {
    pub(crate) fn new(message: impl Into<Cow<'static, str>>) -> Failure {
        Failure {
            message: message.into(),
            limit: None,
        }
    }

    /// The app has met the limit of this name.
    pub(crate) fn of_limit(limit: &'static str, message: String) -> Failure {
        Failure {
            message: message.into(),
            limit: Some(limit),
        }
    }

    /// The limit that the app has met, where that is why.
    pub(crate) fn limit(&self) -> Option<&'static str> {
        self.limit
    }

    /// There is no connection to `authority`.
    pub(super) fn of_connect(authority: &str, error: &(dyn Error + 'static)) -> Failure {
        for cause in Causes(Some(error)) {
            // These name the host themselves.
            if cause.is::<Refused>() || cause.is::<Unresolved>() {
                return Failure::new(cause.to_string());
            }
        }
        Failure::new(format!(
            "cannot connect to {authority}: {}",
            innermost(error)
        ))
    }

    /// A request to `authority` was sent, and got no response.
    pub(super) fn of_response(authority: &str, error: &hyper::Error) -> Failure {
        let body = Causes(Some(error)).find_map(|cause| cause.downcast_ref::<BodyError>());
        Failure::new(match body {
            _ if error.is_parse_too_large() => format!(
                "the head of the response of {authority} is too large: it has more than {MAX_HEAD_FIELDS} header fields, some {} KiB in \
                 all, a field name of more than 64 KiB, or a Content-Length near 2^64",
                MAX_HEAD_BYTES >> 10
            ),
            Some(body) => format!("the request's body failed: {body}"),
            None if error.is_timeout() => {
                format!("no response from {authority}: its connection says nothing any more")
            }
            None => format!("no response from {authority}: {}", innermost(error)),
        })
    }
}

/// Whether there is no connection because the app may not have it.
pub(super) fn is_forbidden(error: &(dyn Error + 'static)) -> bool {
    Causes(Some(error)).any(|cause| cause.is::<Refused>())
}

/// Whether an HTTP/2 server says that it has not looked at a request, so that any may be sent again:
/// <https://www.rfc-editor.org/rfc/rfc9113#section-8.7>.
pub(super) fn is_unseen(error: &hyper::Error) -> bool {
    Causes(Some(error))
        .find_map(|cause| cause.downcast_ref::<h2::Error>())
        .is_some_and(|error| {
            // Of a connection that ends, h2 tells those only which came after the last one that was seen.
            error.is_remote()
                && (error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM))
        })
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failure {}

/// What the cause of causes says, as it is the one that names the reason.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut told = String::new();
    for cause in Causes(Some(error)) {
        if let Some(rustls::Error::InvalidMessage(_)) = cause.downcast_ref::<rustls::Error>() {
            return format!("it does not speak TLS ({cause}): is its URL one of http:?");
        }
        let http = cause.downcast_ref::<hyper::Error>();
        let io = cause.downcast_ref::<io::Error>();
        if http.is_some_and(hyper::Error::is_incomplete_message)
            || io.is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof)
        {
            return "the connection was closed before the message was complete".to_owned();
        }
        told = match http {
            Some(error) if error.is_parse() => format!("it does not speak HTTP: {error}"),
            _ => cause.to_string(),
        };
    }
    told
}

/// An error and its sources, those that hide in I/O errors included.
struct Causes<'a>(Option<&'a (dyn Error + 'static)>);

impl<'a> Iterator for Causes<'a> {
    type Item = &'a (dyn Error + 'static);

    fn next(&mut self) -> Option<Self::Item> {
        let error = self.0?;
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        self.0 = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
        Some(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_cause_is_told() {
        let tls = io::Error::other(rustls::Error::NoApplicationProtocol);
        let outer = io::Error::other(tls);
        assert_eq!(
            innermost(&outer),
            rustls::Error::NoApplicationProtocol.to_string()
        );
        let plain = rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType);
        let told = innermost(&io::Error::other(plain));
        assert!(told.starts_with("it does not speak TLS"), "{told}");
        assert_eq!(
            innermost(&io::Error::from(io::ErrorKind::ConnectionRefused)),
            "connection refused"
        );
    }
}
