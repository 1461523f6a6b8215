//! Which WebAssembly modules V8 gets to see.
//!
//! What compiling a module's functions takes is bounded by what stands in them ([`super::wasm_cost`]), and its types are counted
//! ([`super::wasm_types`]). So a module is read here first, and what cannot be read is refused: what V8 makes of it would be anything.
//!
//! DEPARTURE: V8 bears more than <https://webassembly.github.io/spec/js-api/#limits> says, and wasmparser, which reads here, does not:
//! names (of imports, exports and custom sections) have at most 100,000 bytes, and a module 100 memories and 100,000 element segments.

use wasmparser::{Parser, ValidPayload, Validator, WasmFeatures};

use super::wasm_cost::{Costs, max_body};
use crate::state::State;
use crate::{entry, process_memory};

/// What is wrong with a module in this process, if anything is.
pub fn fault(module: &[u8]) -> Option<String> {
    fault_within(module, max_body(process_memory::limit()))
}

pub(super) fn fault_within(module: &[u8], max_body: usize) -> Option<String> {
    match costs(module, max_body) {
        Ok(excess) => excess,
        Err(error) => Some(error.to_string()),
    }
}

/// What a valid module has too much of.
fn costs(module: &[u8], max_body: usize) -> wasmparser::Result<Option<String>> {
    // All features that V8 has, and more: what it does not know, it refuses.
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    let mut costs = Costs::new(max_body);
    for payload in Parser::new(0).parse_all(module) {
        if let ValidPayload::Func(function, body) = validator.payload(&payload?)?
            && let Some(excess) = costs.excess(function, &body)?
        {
            return Ok(Some(excess));
        }
    }
    Ok(None)
}

/// `moduleFault(bytes)` of `hardening.js`.
pub(super) unsafe extern "C" fn fault_callback(info: *const v8::FunctionCallbackInfo) {
    // SAFETY: V8 has passed it.
    unsafe { entry::function(info, callback) }
}

fn callback<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    args: v8::FunctionCallbackArguments<'s>,
    mut result: v8::ReturnValue<'s, v8::Value>,
) {
    let fault = with_bytes(args.get(0), fault).flatten();
    if let Some(text) = fault.and_then(|text| v8::String::new(scope, &text)) {
        result.set(text.into());
    }
}

/// `responseBytes(response)` of `hardening.js`.
pub(super) unsafe extern "C" fn response_callback(info: *const v8::FunctionCallbackInfo) {
    // SAFETY: V8 has passed it.
    unsafe {
        entry::function(info, |scope, args, mut result| {
            let embedding = State::from_scope(scope).embedding;
            if let Some(promise) = (embedding.response_bytes)(scope, args.get(0)) {
                result.set(promise.into());
            }
        })
    }
}

/// The bytes of an array buffer or a view of one; `None` for anything else.
pub(super) fn with_bytes<R>(
    value: v8::Local<v8::Value>,
    look: impl FnOnce(&[u8]) -> R,
) -> Option<R> {
    let (store, offset, length) =
        if let Ok(view) = v8::Local::<v8::ArrayBufferView>::try_from(value) {
            (
                view.get_backing_store()?,
                view.byte_offset(),
                view.byte_length(),
            )
        } else if let Ok(buffer) = v8::Local::<v8::ArrayBuffer>::try_from(value) {
            (buffer.get_backing_store(), 0, buffer.byte_length())
        } else {
            let buffer = v8::Local::<v8::SharedArrayBuffer>::try_from(value).ok()?;
            (buffer.get_backing_store(), 0, buffer.byte_length())
        };
    // Whatever V8 may see in bytes that are not there is looked at as nothing, which is no module.
    let bytes = store
        .get(offset..offset.saturating_add(length))
        .unwrap_or_default();
    // SAFETY: the range lies within the store, which is held; no script runs meanwhile, and an isolate has no second thread.
    let bytes = unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast::<u8>(), bytes.len()) };
    Some(look(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &[u8] = b"\0asm\x01\0\0\0";

    fn module(sections: &[&[u8]]) -> Vec<u8> {
        [HEADER, &sections.concat()].concat()
    }

    /// A section of less than 16 KiB, as its length has two bytes.
    fn section(id: u8, content: &[u8]) -> Vec<u8> {
        let length = content.len();
        [&[id, length as u8 | 0x80, (length >> 7) as u8], content].concat()
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for bytes in [&b""[..], b"\0asm", b"\0asm\x01\0\0\0\x0a\xff\xff", b"text"] {
            assert!(fault(bytes).is_some(), "{bytes:?}");
        }
        assert_eq!(fault(HEADER), None);
        // What V8 would take: a custom section with a long name, and many memories.
        let long = [&[0xa1, 0x8d, 6][..], &[b'a'; 100_001]].concat();
        let long = [&[0, 0xa4, 0x8d, 6][..], &long].concat();
        let text = fault(&module(&[&long])).expect("too long");
        assert!(text.contains("string size"), "{text}");
        let memories =
            |count: u8| section(5, &[&[count][..], &[0; 2].repeat(count.into())].concat());
        assert_eq!(fault(&module(&[&memories(100)])), None);
        let text = fault(&module(&[&memories(101)])).expect("too many");
        assert!(text.contains("memories"), "{text}");
    }
}
