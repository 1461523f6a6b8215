//! Heads of requests that apps send each other, which are bounded as those of clients are.

use http::Method;
use nano_worker::HttpRequest;

use crate::http::answers::OwnAnswer;
use crate::http::error_page::ErrorPage;
use crate::otlp::cut;
use crate::server::{MAX_FIELDS, MAX_HEAD};

/// What NANO itself adds on the way (whom a request is from, where it has come through, its trace) is not the caller's: a request
/// that was let in from a client can be passed on.
const OWN_FIELDS: usize = 10;
const OWN_BYTES: usize = 2 << 10;

/// Looks whether a request's head is one that a client may send.
///
/// # Errors
/// It is too large.
pub(super) fn check(request: &HttpRequest) -> Result<(), Box<ErrorPage>> {
    let too_large = |why: String| Box::new(ErrorPage::new(OwnAnswer::LargeHead).detail(why));
    let line = request.method.as_str().len() + request.url.len();
    // Each field has a name and a value here, and their lengths; there, `: ` and a line's end.
    let bytes = line + request.headers.size();
    if bytes > MAX_HEAD + OWN_BYTES {
        return Err(too_large(format!(
            "the request's head has {bytes} bytes, its URL included, more than {MAX_HEAD}: large values belong into the body"
        )));
    }
    let fields = request.headers.len();
    if fields > MAX_FIELDS + OWN_FIELDS {
        return Err(too_large(format!(
            "the request has {fields} header fields, more than {MAX_FIELDS}"
        )));
    }
    Ok(())
}

/// How much is shown of what is too large.
const SHOWN: usize = 256;

/// The method and the path of a request, for its record; `fits` is whether it has passed the check.
pub(super) fn shown(request: &HttpRequest, fits: bool) -> (Method, &str) {
    let (method, path) = (&request.method, path_of(&request.url));
    if fits {
        return (method.clone(), path);
    }
    let method = Method::from_bytes(cut(method.as_str(), SHOWN).as_bytes());
    (method.unwrap_or_default(), cut(path, SHOWN))
}

/// The path of an absolute URL.
fn path_of(url: &str) -> &str {
    let after = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = after.find('/').map_or("/", |begin| &after[begin..]);
    path.split('?').next().unwrap_or(path)
}
