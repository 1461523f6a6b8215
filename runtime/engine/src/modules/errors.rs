//! Exceptions of loading, and texts that may be too long for V8.

use crate::hardening;
use crate::module_source::ModuleError;
use crate::transpiler::{Mistake, MistakePlace};

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

/// A mistake in the text of a module that is no JavaScript, as an exception carries it.
pub(crate) struct Fault {
    pub(crate) url: String,
    pub(crate) place: MistakePlace,
}

impl Fault {
    /// What the exception has it under; no script sees it.
    fn key<'s>(scope: &v8::PinScope<'s, '_>) -> Option<v8::Local<'s, v8::Private>> {
        let name = string(scope, "nano.fault")?;
        Some(v8::Private::for_api(scope, Some(name)))
    }

    fn put(&self, scope: &mut v8::PinScope, error: v8::Local<v8::Object>) -> Option<()> {
        let MistakePlace {
            line,
            columns: (start, end),
            text,
        } = &self.place;
        let written = format!("{}\n{line}\n{start}\n{end}\n{text}", self.url);
        let (key, value) = (Self::key(scope)?, string(scope, &written)?);
        error.set_private(scope, key, value.into());
        Some(())
    }

    /// The fault that an exception is about.
    pub(crate) fn of(scope: &mut v8::PinScope, error: v8::Local<v8::Object>) -> Option<Self> {
        let key = Self::key(scope)?;
        let value = error.get_private(scope, key)?;
        let value = v8::Local::<v8::String>::try_from(value).ok()?;
        let written = value.to_rust_string_lossy(scope);
        let mut parts = written.splitn(5, '\n');
        let mut next = || parts.next();
        Some(Self {
            url: next()?.to_owned(),
            place: MistakePlace {
                line: next()?.parse().ok()?,
                columns: (next()?.parse().ok()?, next()?.parse().ok()?),
                text: next()?.to_owned(),
            },
        })
    }
}

/// A `SyntaxError` that says where the mistake is.
pub(super) fn throw_mistake<T>(
    scope: &mut v8::PinScope,
    url: &str,
    mistake: &Mistake,
) -> Option<T> {
    let message = string(scope, &mistake.message)?;
    let error = v8::Exception::syntax_error(scope, message);
    if let (Some(place), Ok(error)) = (&mistake.place, error.try_into()) {
        let fault = Fault {
            url: url.to_owned(),
            place: place.clone(),
        };
        fault.put(scope, error);
    }
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
