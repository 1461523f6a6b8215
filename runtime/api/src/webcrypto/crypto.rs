//! `Crypto`, <https://w3c.github.io/webcrypto/#crypto-interface>.

use nano_webidl::idl::{self, BufferKind, Bytes};
use nano_webidl::{DomExceptionName, Error, Fallible, Ref, Scope, Trace, Traced, Value};

use super::random;
use super::subtle_crypto::SubtleCrypto;
use crate::bindings::crypto::CryptoMethods;
use crate::bindings::worker_global_scope::WebcryptoGlobalMethods;
use crate::nano::worker_global_scope::WorkerGlobalScope;

/// The `crypto` object.
#[derive(Default, Trace)]
pub struct Crypto {
    subtle: Traced<v8::Object>,
}

/// How many bytes `getRandomValues()` gives at a time.
const QUOTA_BYTES: usize = 65_536;

impl WebcryptoGlobalMethods for WorkerGlobalScope {
    fn crypto<'s>(scope: &mut Scope<'s, '_>) -> Ref<'s, Crypto> {
        Ref::new(scope, Crypto::default())
    }
}

impl CryptoMethods for Crypto {
    // https://w3c.github.io/webcrypto/#Crypto-attribute-subtle
    fn subtle<'s>(&self, scope: &mut Scope<'s, '_>) -> Ref<'s, SubtleCrypto> {
        let known = self.subtle.get(scope);
        if let Some(subtle) = known.and_then(|object| Ref::from_value(scope, object.into())) {
            return subtle;
        }
        let subtle = Ref::new(scope, SubtleCrypto);
        self.subtle.set(scope, subtle.object());
        subtle
    }

    // https://w3c.github.io/webcrypto/#Crypto-method-getRandomValues
    fn get_random_values<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        array: Bytes<'s>,
    ) -> Fallible<Bytes<'s>> {
        // 1. If array is not an integer array, then throw a TypeMismatchError.
        if !is_integer_array(array.value()) {
            return Err(Error::dom(
                DomExceptionName::TypeMismatch,
                "The array must be of integers: an Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, \
                 Int32Array, Uint32Array, BigInt64Array or BigUint64Array",
            ));
        }
        // 2. If its byteLength is greater than 65536, throw a QuotaExceededError.
        let length = array.len();
        if length > QUOTA_BYTES {
            let message = format!(
                "The array has {length} bytes, but one call gives {QUOTA_BYTES} at most; call several times"
            );
            return Err(Error::dom(DomExceptionName::QuotaExceeded, message));
        }
        // 3. Overwrite all elements of array with cryptographically strong random values.
        array.write(scope, random::fill)?;
        // 4. Return array.
        Ok(array)
    }

    // https://w3c.github.io/webcrypto/#Crypto-method-randomUUID
    fn random_uuid<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<v8::Local<'s, v8::String>> {
        let text = random_uuid()?;
        v8::String::new_from_one_byte(scope, &text, v8::NewStringType::Normal).ok_or(Error::Thrown)
    }
}

fn is_integer_array(view: Value) -> bool {
    view.is_typed_array()
        && !view.is_float32_array()
        && !view.is_float64_array()
        && !idl::Float16Array::accepts(view)
}

/// <https://w3c.github.io/webcrypto/#dfn-generate-a-random-uuid>, in ASCII.
///
/// # Errors
/// An `OperationError` if the operating system has no entropy.
pub(crate) fn random_uuid() -> Fallible<[u8; 36]> {
    Ok(uuid_text(random::bytes()?))
}

/// The same, from step 3.
fn uuid_text(mut bytes: [u8; 16]) -> [u8; 36] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    // 3. and 4. The version, 4, and the variant of RFC 4122.
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    // 5. and 6. Groups of 4, 2, 2, 2 and 6 bytes, with hyphens between.
    let mut text = [b'-'; 36];
    let mut position = 0;
    for (index, byte) in bytes.into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            position += 1;
        }
        text[position] = DIGITS[usize::from(byte >> 4)];
        text[position + 1] = DIGITS[usize::from(byte & 15)];
        position += 2;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_have_version_and_variant() {
        assert_eq!(&uuid_text([0; 16]), b"00000000-0000-4000-8000-000000000000");
        assert_eq!(
            &uuid_text([0xff; 16]),
            b"ffffffff-ffff-4fff-bfff-ffffffffffff"
        );
        let counting = std::array::from_fn(|index| index as u8);
        assert_eq!(
            &uuid_text(counting),
            b"00010203-0405-4607-8809-0a0b0c0d0e0f"
        );
    }
}
