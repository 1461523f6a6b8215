//! `JSON.parse`, for all who call it.
//!
//! One call parses a whole text and cannot be interrupted, and what it makes may be twenty times as large as the text: V8's heap
//! passes its limit by a gigabyte, and where the parser's own lists pass the bound of `malloc`, the thread stops for ever. And it
//! may be a client that sends the text. So what a large one takes is told before it is parsed ([`super::json_cost`]).
//!
//! DEPARTURE: <https://tc39.es/ecma262/#sec-json.parse> has no bound; here a text that is nested deeper than [`MAX_DEPTH`], or
//! takes more memory than the app may have beside what it holds, is a `RangeError`.

use super::json_cost::{Cost, cost};
use crate::entry;
use crate::external_memory::{has_foreign_room, has_heap_room};
use crate::state::State;

/// Levels of arrays and objects in a text: some 40 MB while it is parsed.
pub const MAX_DEPTH: usize = 1 << 18;

/// Shorter texts are not looked at: they can neither be deeper, nor take more than some megabytes.
const SHORT: usize = MAX_DEPTH;

/// Parses a text as `JSON.parse` does. `None`: an exception is pending.
pub fn parse<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    text: v8::Local<'s, v8::String>,
) -> Option<v8::Local<'s, v8::Value>> {
    admit(scope, text, false)?;
    v8::json::parse(scope, text)
}

/// Throws, and gives `None`, if a text must not be parsed.
fn admit(scope: &mut v8::PinScope, text: v8::Local<v8::String>, sources: bool) -> Option<()> {
    let length = text.length();
    if length <= SHORT {
        return Some(());
    }
    let cost = match v8::ValueView::new(scope, text).data() {
        v8::ValueViewData::OneByte(units) => cost(units, sources),
        v8::ValueViewData::TwoByte(units) => cost(units, sources),
    };
    let message = match cost {
        None => format!("JSON text is nested deeper than {MAX_DEPTH} levels"),
        Some(Cost { heap, native }) => {
            if has_heap_room(scope, heap) && has_foreign_room(scope, native) {
                return Some(());
            }
            let bytes = heap.saturating_add(native);
            format!(
                "parsing a JSON text of {length} characters takes some {bytes} bytes, which do not fit into the app's memory limit"
            )
        }
    };
    let message = v8::String::new(scope, &message)?;
    let error = v8::Exception::range_error(scope, message);
    scope.throw_exception(error);
    None
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
        if !args.get(1).is_function() {
            return parse(scope, text);
        }
        admit(scope, text, true)?;
        // A reviver sees the source text of primitive values: V8's own function knows how.
        let original = State::from_isolate(scope)?.json_parse.get()?.clone();
        let original = v8::Local::new(scope, original);
        original.call(scope, args.this().into(), &[text.into(), args.get(1)])
    });
    if let Some(value) = parsed {
        result.set(value);
    }
}
