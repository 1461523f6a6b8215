//! Responses that are WebAssembly modules: <https://webassembly.github.io/spec/web-api/#streaming-modules>.

use http::header::CONTENT_TYPE;
use nano_webidl::{Fallible, Ref, Scope, Value, excerpt, type_error};

use super::body::WithBody as _;
use super::body_data::Kind;
use super::response::Response;

const TYPE: &str = "application/wasm";

/// A promise for the module's bytes: <https://webassembly.github.io/spec/web-api/#compile-a-potential-webassembly-response>, up to step 2.8.
///
/// # Errors
/// A `TypeError` if it is no response that says that it is a module, or its body was read already.
pub(crate) fn bytes<'s>(
    scope: &mut Scope<'s, '_>,
    source: Value<'s>,
) -> Fallible<v8::Local<'s, v8::Promise>> {
    // 1.
    let response = Ref::<Response>::from_value(scope, source)
        .ok_or_else(|| type_error("the source is neither a Response nor a promise for one"))?;
    // 2. and 3.
    let given = response.header_list().borrow().get(&CONTENT_TYPE);
    let given = given.ok_or_else(|| {
        type_error(format!(
            "the response has no Content-Type; it must be {TYPE}"
        ))
    })?;
    // 4. and 5. Nothing but the type itself: no parameters.
    let given = String::from_utf8_lossy(&given);
    if !given.trim_matches(['\t', ' ']).eq_ignore_ascii_case(TYPE) {
        return Err(type_error(format!(
            "the response's Content-Type is '{}'; it must be {TYPE}",
            excerpt(&given)
        )));
    }
    // 6. DEPARTURE: there is no CORS on a server.
    // 7. If response's status is not an ok status, reject with a TypeError.
    let status = response.status_code();
    if !(200..=299).contains(&status) {
        return Err(type_error(format!(
            "the response's status is {status}, not one from 200 to 299"
        )));
    }
    // 8.
    response.consume(scope, Kind::ArrayBuffer)
}
