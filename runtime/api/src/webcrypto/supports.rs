//! `SubtleCrypto.supports()`, <https://wicg.github.io/webcrypto-modern-algos/#SubtleCrypto-method-supports>: what an operation would
//! say of an algorithm and its parameters before it looks at a key.

use nano_engine::text::text;
use nano_webidl::{Error, Fallible, Scope};

use super::algorithm::{Algorithm, Normalize, no_parameters, normalize};
use super::digest::Digest;
use super::key::{Usages, operation_error};
use crate::bindings::types::AlgorithmIdentifier;

/// The third argument.
pub enum Additional<'s> {
    /// How many bits are to be derived.
    Length(Option<u32>),
    /// The algorithm of the other key: that which is derived, wrapped or encapsulated.
    Algorithm(AlgorithmIdentifier<'s>),
}

/// Whether there is such an operation.
///
/// # Errors
/// The isolate is being ended.
pub fn supports<'s>(
    scope: &mut Scope<'s, '_>,
    operation: v8::Local<'s, v8::String>,
    algorithm: &AlgorithmIdentifier<'s>,
    additional: Additional<'s>,
) -> Fallible<bool> {
    let operation = text(scope, operation, 100);
    v8::tc_scope!(let scope, scope);
    let result = check(scope, &operation, algorithm, additional);
    // What the app's getters have thrown is an answer, too.
    if matches!(result, Err(Error::Thrown)) && scope.has_terminated() {
        return Err(Error::Thrown);
    }
    scope.reset();
    Ok(result.is_ok())
}

/// <https://wicg.github.io/webcrypto-modern-algos/#dfn-check-support-for-an-algorithm>: an error says no.
fn check<'s>(
    scope: &mut Scope<'s, '_>,
    operation: &str,
    algorithm: &AlgorithmIdentifier<'s>,
    additional: Additional<'s>,
) -> Fallible<()> {
    match (operation, additional) {
        ("encrypt" | "decrypt", _) => normalize(scope, algorithm, operation, |a| a.cipher)?
            .steps
            .check(),
        ("sign" | "verify", _) => normalize(scope, algorithm, operation, |a| a.signature)?
            .steps
            .check(),
        ("digest", _) => match normalize(scope, algorithm, operation, |a| a.digest)?.steps {
            Digest::Hash(_) => Ok(()),
            Digest::Xof(xof) => xof.check(),
        },
        // The parameters alone: nothing is wrong with no usages until there is a key.
        ("generateKey", _) => normalize(scope, algorithm, operation, |a| a.generate)?
            .steps
            .check(Usages::default()),
        ("importKey", _) => normalize(scope, algorithm, operation, |a| a.import)?
            .steps
            .check(),
        ("exportKey", _) => has(scope, algorithm, operation, |a| a.export.is_some()),
        ("getPublicKey", _) => has(scope, algorithm, operation, |a| a.pairs.is_some()),
        ("deriveBits", Additional::Length(length)) => {
            normalize(scope, algorithm, operation, |a| a.derivation)?
                .steps
                .check(length)
        }
        ("deriveKey", Additional::Algorithm(other)) => {
            normalize(scope, &other, operation, |a| a.import)?
                .steps
                .check()?;
            let length = normalize(scope, &other, operation, |a| a.key_length)?.steps?;
            normalize(scope, algorithm, operation, |a| a.derivation)?
                .steps
                .check(length)
        }
        ("wrapKey" | "unwrapKey", additional) => {
            if let Additional::Algorithm(other) = additional {
                has(scope, &other, operation, |a| {
                    a.export.is_some() && a.import.is_some()
                })?;
            }
            normalize(scope, algorithm, operation, |a| a.wrap.or(a.cipher))?
                .steps
                .check()
        }
        ("encapsulateKey" | "decapsulateKey", additional) => {
            if let Additional::Algorithm(other) = additional {
                normalize(scope, &other, operation, |a| a.import)?
                    .steps
                    .check()?;
            }
            has(scope, algorithm, operation, |a| a.encapsulation.is_some())
        }
        ("encapsulateBits" | "decapsulateBits", _) => {
            has(scope, algorithm, operation, |a| a.encapsulation.is_some())
        }
        _ => Err(operation_error("There is no such operation")),
    }
}

/// Whether an operation without parameters is there.
fn has<'s>(
    scope: &mut Scope<'s, '_>,
    algorithm: &AlgorithmIdentifier<'s>,
    operation: &str,
    column: fn(&'static Algorithm) -> bool,
) -> Fallible<()> {
    let entry = |a| column(a).then_some::<Normalize<()>>(no_parameters);
    normalize(scope, algorithm, operation, entry).map(|_| ())
}
