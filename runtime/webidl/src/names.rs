//! Names that specifications give.

use crate::Scope;

/// A name as a string: one of an interface, a member, a key. V8 has one string for all uses of it, which is quick to compare and to
/// look up.
#[expect(
    clippy::expect_used,
    reason = "V8 refuses only what is longer than 2^29 characters, and no source file has such a name"
)]
pub fn internalized<'s>(scope: &Scope<'s, '_>, text: &str) -> v8::Local<'s, v8::String> {
    v8::String::new_from_utf8(scope, text.as_bytes(), v8::NewStringType::Internalized)
        .expect("a name is short")
}
