//! Exceptions of loading, and texts that may be too long for V8.

use crate::hardening;
use crate::module_source::ModuleError;

pub(crate) fn string<'s>(
    scope: &v8::PinScope<'s, '_>,
    text: &str,
) -> Option<v8::Local<'s, v8::String>> {
    let string = v8::String::new(scope, text);
    if string.is_none() {
        throw_range_error(
            scope,
            "a text has more than 536 870 888 characters, the most that V8 can hold",
        );
    }
    string
}

pub(super) fn throw_range_error(scope: &v8::PinScope, message: &str) {
    let message = v8::String::new(scope, message).unwrap_or_else(|| v8::String::empty(scope));
    let error = v8::Exception::range_error(scope, message);
    scope.throw_exception(error);
}

pub(crate) fn throw_cannot_import<T>(
    scope: &v8::PinScope,
    specifier: &str,
    referrer: &str,
    error: &ModuleError,
) -> Option<T> {
    let from = if referrer.is_empty() {
        String::new()
    } else {
        format!(" from \"{referrer}\"")
    };
    let message = string(
        scope,
        &format!("Cannot import \"{specifier}\"{from}: {error}"),
    )?;
    let error = v8::Exception::type_error(scope, message);
    scope.throw_exception(error);
    None
}

/// JSON.parse, with the module's name in the error.
pub(super) fn parse_json<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    text: v8::Local<'s, v8::String>,
    url: &str,
) -> Option<v8::Local<'s, v8::Value>> {
    v8::tc_scope!(let scope, scope);
    if let Some(value) = hardening::json::parse(scope, text) {
        return Some(value);
    }
    if !scope.has_terminated() {
        let reason = scope
            .exception()
            .map(|e| e.to_rust_string_lossy(scope))
            .unwrap_or_default();
        let reason = reason
            .strip_prefix("SyntaxError: ")
            .unwrap_or(&reason)
            .to_string();
        scope.reset();
        let message = string(scope, &format!("{url} is not valid JSON: {reason}"))?;
        let error = v8::Exception::syntax_error(scope, message);
        scope.throw_exception(error);
    }
    scope.rethrow();
    None
}
