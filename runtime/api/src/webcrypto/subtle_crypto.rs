//! `SubtleCrypto`, <https://w3c.github.io/webcrypto/#subtlecrypto-interface>.

use nano_engine::text::text;
use nano_engine::{State, compute};
use nano_webidl::idl::{self, Bytes, FromJs, Promise, array_buffer};
use nano_webidl::{DomExceptionName, Error, Fallible, Scope, Trace};

use super::digest::Hash;
use crate::bindings::subtle_crypto::SubtleCryptoMethods;
use crate::bindings::ty;
use crate::bindings::types::AlgorithmIdentifier;
use crate::reserved::reserve;

/// The `crypto.subtle` object.
#[derive(Trace)]
pub struct SubtleCrypto;

/// Data from this size on is digested beside the isolate's thread: the way there and back costs some 20 µs, which is what a
/// digest of a few kilobytes does; below some 100 µs a thread had better do its own work.
const MIN_OFFLOADED_BYTES: usize = 128 * 1024;

/// <https://w3c.github.io/webcrypto/#algorithm-normalization-normalize-an-algorithm>, for the operation "digest".
fn normalize<'s>(scope: &mut Scope<'s, '_>, algorithm: AlgorithmIdentifier<'s>) -> Fallible<Hash> {
    let name = match algorithm {
        AlgorithmIdentifier::DomString(name) => name,
        AlgorithmIdentifier::Object(object) => ty::Algorithm::from_js(scope, object.into())?.name,
    };
    let name = text(scope, name, 100);
    Hash::from_name(&name).ok_or_else(|| {
        let known = Hash::ALL.map(Hash::name).join(", ");
        let message = format!("The algorithm '{name}' is not supported; digest() knows {known}");
        Error::dom(DomExceptionName::NotSupported, message)
    })
}

impl SubtleCryptoMethods for SubtleCrypto {
    // https://w3c.github.io/webcrypto/#SubtleCrypto-method-digest
    fn digest<'s>(
        &self,
        scope: &mut Scope<'s, '_>,
        algorithm: AlgorithmIdentifier<'s>,
        data: Bytes<'s>,
    ) -> Fallible<v8::Local<'s, v8::Promise>> {
        // 2. and 3. Let normalizedAlgorithm be the result of normalizing an algorithm. It runs getters of the app, so it comes
        // before the data is looked at.
        let hash = normalize(scope, algorithm)?;
        // OPTIMIZATION: small data needs no copy, because it is digested before anyone can change it.
        if data.len() < MIN_OFFLOADED_BYTES || State::from_scope(scope).tokio().is_none() {
            let digest = data.read(scope, |data| hash.digest(data));
            let digest = array_buffer(scope, digest)?;
            return Promise::<idl::ArrayBuffer>::resolved(scope, Bytes::Buffer(digest));
        }
        // 4. Let data be a copy of the bytes. 5. to 8. Digest in parallel.
        let data = data.to_vec(scope)?;
        let data = reserve(scope, data)?;
        let digest = compute(State::from_scope(scope), move || hash.digest(&data));
        Promise::<idl::ArrayBuffer>::spawn(scope, digest, |scope, digest| match digest {
            Ok(digest) => array_buffer(scope, digest).map(Bytes::Buffer),
            Err(_) => Err(Error::dom(
                DomExceptionName::Operation,
                "The digest was not made; the log of the process says why",
            )),
        })
    }
}
