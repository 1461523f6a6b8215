//! `JSON.parse`, for all who call it.
//!
//! V8's parser keeps some 50 bytes for each array or object that it is in, in one vector that nothing bounds: a text of 100 MB
//! that is nothing but `[` takes 10 GB, in one call that cannot be interrupted. And it may be a client that sends it.
//!
//! DEPARTURE: <https://tc39.es/ecma262/#sec-json.parse> has no bound; here a text that is nested deeper than [`MAX_DEPTH`] is a
//! `RangeError`.

use crate::entry;
use crate::state::State;

/// Levels of arrays and objects in a text: some 40 MB while it is parsed.
pub const MAX_DEPTH: usize = 1 << 18;

/// Parses a text as `JSON.parse` does. `None`: an exception is pending.
pub fn parse<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    text: v8::Local<'s, v8::String>,
) -> Option<v8::Local<'s, v8::Value>> {
    if is_too_deep(scope, text) {
        let message = format!("JSON text is nested deeper than {MAX_DEPTH} levels");
        let message = v8::String::new(scope, &message)?;
        let error = v8::Exception::range_error(scope, message);
        scope.throw_exception(error);
        return None;
    }
    v8::json::parse(scope, text)
}

fn is_too_deep(scope: &mut v8::PinScope, text: v8::Local<v8::String>) -> bool {
    // A shorter one cannot be; most end here.
    if text.length() <= MAX_DEPTH {
        return false;
    }
    match v8::ValueView::new(scope, text).data() {
        v8::ValueViewData::OneByte(units) => depth(units.iter().map(|unit| u16::from(*unit))),
        v8::ValueViewData::TwoByte(units) => depth(units.iter().copied()),
    }
    .is_none()
}

/// How deep a text is nested, or `None` where that is more than [`MAX_DEPTH`]. Of a text that is no JSON it may say anything, but
/// as deep as V8's parser gets into it.
fn depth(units: impl Iterator<Item = u16>) -> Option<usize> {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut is_escaped) = (false, false);
    for unit in units {
        let ascii = u8::try_from(unit).unwrap_or(b'?');
        match ascii {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
                if depth > MAX_DEPTH {
                    return None;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Some(deepest)
}

/// What is in the place of `JSON.parse`.
pub(super) unsafe extern "C" fn parse_callback(info: *const v8::FunctionCallbackInfo) {
    // SAFETY: V8 has passed it.
    unsafe { entry::function(info, callback) }
}

fn callback<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    mut result: v8::ReturnValue<'s, v8::Value>,
) {
    let parsed = args.get(0).to_string(scope).and_then(|text| {
        if !args.get(1).is_function() || is_too_deep(scope, text) {
            return parse(scope, text);
        }
        // A reviver sees the source text of primitive values: V8's own function knows how.
        let original = State::from_isolate(scope)?.json_parse.get()?.clone();
        let original = v8::Local::new(scope, original);
        original.call(scope, args.this().into(), &[text.into(), args.get(1)])
    });
    if let Some(value) = parsed {
        result.set(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_outside_of_strings() {
        let depth = |text: &str| depth(text.encode_utf16());
        assert_eq!(depth("1"), Some(0));
        assert_eq!(depth(r#"[{"a":[1]},[]]"#), Some(3));
        assert_eq!(depth(r#"["[[[[", "\"[[[", "\\", "]"]"#), Some(1));
        assert_eq!(depth("[\u{5b00}\u{5b5b}]"), Some(1));
        assert_eq!(depth(&"[".repeat(MAX_DEPTH)), Some(MAX_DEPTH));
        assert_eq!(depth(&"[".repeat(MAX_DEPTH + 1)), None);
        assert_eq!(depth(&"[]".repeat(MAX_DEPTH)), Some(1));
    }
}
