//! `Digesters`: how the script of `DigestStream` makes what digests, and where it is found.

use nano_webidl::{Fallible, Ref, Scope, script, type_error};

use super::algorithm::normalize;
use super::crypto::Crypto;
use super::digest::Digest;
use super::digester::{Digester, State};
use crate::bindings::crypto::WorkersCryptoMethods;
use crate::bindings::digesters::DigestersMethods;
use crate::bindings::types::AlgorithmIdentifier;

/// The namespace.
pub struct Digesters;

impl DigestersMethods for Digesters {
    fn digester<'s>(
        scope: &mut Scope<'s, '_>,
        algorithm: AlgorithmIdentifier<'s>,
    ) -> Fallible<Ref<'s, Digester>> {
        let digest = normalize(scope, &algorithm, "digest()", |a| a.digest)?.steps;
        let state = match digest {
            Digest::Hash(hash) => State::Hash(hash.context()),
            Digest::Xof(xof) => {
                xof.check()?;
                State::Xof(xof.absorbing())
            }
        };
        Ok(Ref::new(scope, Digester::new(state)))
    }
}

impl WorkersCryptoMethods for Crypto {
    // https://developers.cloudflare.com/workers/runtime-apis/web-crypto/#constructors
    fn digest_stream<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<v8::Local<'s, v8::Object>> {
        let class = script::call(scope, "digestStreamClass", &[])?;
        class.try_into().map_err(|_| type_error("no class"))
    }
}
