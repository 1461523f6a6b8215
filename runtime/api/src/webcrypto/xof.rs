//! Hash functions that give as many bits as are wanted: cSHAKE, TurboSHAKE and KangarooTwelve,
//! <https://wicg.github.io/webcrypto-modern-algos/#cshake> and the sections after it.

use nano_webidl::idl::FromJs;
use nano_webidl::{Fallible, Scope, Value};

use super::algorithm::{self, Algorithm, Copied};
use super::digest::Digest;
use super::key::operation_error;
use super::sponge::{KangarooTwelve, Sponge, Strength, cshake, cshake_padding, turbo_shake};
use crate::bindings::ty;

pub(super) const ALGORITHMS: &[Algorithm] = &[
    Algorithm {
        digest: Some(|scope, value| cshake_params(scope, value, Strength::Bits128)),
        ..Algorithm::new("cSHAKE128")
    },
    Algorithm {
        digest: Some(|scope, value| cshake_params(scope, value, Strength::Bits256)),
        ..Algorithm::new("cSHAKE256")
    },
    Algorithm {
        digest: Some(|scope, value| turbo_shake_params(scope, value, Strength::Bits128)),
        ..Algorithm::new("TurboSHAKE128")
    },
    Algorithm {
        digest: Some(|scope, value| turbo_shake_params(scope, value, Strength::Bits256)),
        ..Algorithm::new("TurboSHAKE256")
    },
    Algorithm {
        digest: Some(|scope, value| kangaroo_twelve_params(scope, value, Strength::Bits128)),
        ..Algorithm::new("KT128")
    },
    Algorithm {
        digest: Some(|scope, value| kangaroo_twelve_params(scope, value, Strength::Bits256)),
        ..Algorithm::new("KT256")
    },
];

/// One of them with its parameters.
pub struct Xof {
    function: Function,
    strength: Strength,
    /// In bits.
    output_length: u32,
}

enum Function {
    CShake {
        function_name: Copied,
        customization: Copied,
    },
    TurboShake {
        domain: u8,
    },
    KangarooTwelve {
        customization: Copied,
    },
}

fn cshake_params<'s>(
    scope: &mut Scope<'s, '_>,
    value: Value<'s>,
    strength: Strength,
) -> Fallible<Digest> {
    let given = ty::CShakeParams::from_js(scope, value)?;
    let function = Function::CShake {
        function_name: algorithm::copy_optional(scope, given.function_name)?.unwrap_or_default(),
        customization: algorithm::copy_optional(scope, given.customization)?.unwrap_or_default(),
    };
    Ok(Digest::Xof(Xof {
        function,
        strength,
        output_length: given.output_length,
    }))
}

fn turbo_shake_params<'s>(
    scope: &mut Scope<'s, '_>,
    value: Value<'s>,
    strength: Strength,
) -> Fallible<Digest> {
    let given = ty::TurboShakeParams::from_js(scope, value)?;
    Ok(Digest::Xof(Xof {
        function: Function::TurboShake {
            domain: given.domain_separation.unwrap_or(0x1f),
        },
        strength,
        output_length: given.output_length,
    }))
}

fn kangaroo_twelve_params<'s>(
    scope: &mut Scope<'s, '_>,
    value: Value<'s>,
    strength: Strength,
) -> Fallible<Digest> {
    let given = ty::KangarooTwelveParams::from_js(scope, value)?;
    let customization = algorithm::copy_optional(scope, given.customization)?;
    Ok(Digest::Xof(Xof {
        function: Function::KangarooTwelve {
            customization: customization.unwrap_or_default(),
        },
        strength,
        output_length: given.output_length,
    }))
}

impl Xof {
    /// Looks at the parameters.
    ///
    /// # Errors
    /// An `OperationError`.
    pub fn check(&self) -> Fallible<()> {
        if !self.output_length.is_multiple_of(8) {
            return Err(operation_error(format!(
                "The outputLength must be a multiple of 8, not {}",
                self.output_length
            )));
        }
        match self.function {
            Function::TurboShake { domain } if !matches!(domain, 0x01..=0x7f) => {
                Err(operation_error(format!(
                    "The domainSeparation must be 1 to 127, not {domain}"
                )))
            }
            _ => Ok(()),
        }
    }

    /// How many bytes it gives.
    pub fn length(&self) -> usize {
        self.output_length as usize / 8
    }

    /// The digest of `data`.
    pub fn digest(&self, data: &[u8]) -> Vec<u8> {
        let mut absorbing = self.absorbing();
        absorbing.absorb(data);
        absorbing.finish()
    }

    /// A state for bytes that are to come.
    pub fn absorbing(&self) -> Absorbing {
        let state = match &self.function {
            Function::CShake {
                function_name,
                customization,
            } => {
                let sponge = cshake(self.strength, function_name, customization);
                let padding = cshake_padding(function_name, customization);
                State::Sponge(Box::new(sponge), padding)
            }
            Function::TurboShake { domain } => {
                State::Sponge(Box::new(turbo_shake(self.strength)), *domain)
            }
            Function::KangarooTwelve { customization } => State::Tree(
                Box::new(KangarooTwelve::new(self.strength)),
                customization.clone(),
            ),
        };
        Absorbing {
            state,
            length: self.length(),
        }
    }
}

/// What has been absorbed of the bytes that are digested.
pub struct Absorbing {
    state: State,
    /// Of the digest, in bytes.
    length: usize,
}

enum State {
    /// All in one state, with what ends it.
    Sponge(Box<Sponge>, u8),
    /// KangarooTwelve's, with its customization.
    Tree(Box<KangarooTwelve>, Copied),
}

impl Absorbing {
    /// Takes bytes.
    pub fn absorb(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Sponge(sponge, _) => sponge.absorb(bytes),
            State::Tree(tree, _) => tree.absorb(bytes),
        }
    }

    /// How many bytes the digest has.
    pub fn length(&self) -> usize {
        self.length
    }

    /// The digest of what was absorbed.
    pub fn finish(self) -> Vec<u8> {
        match self.state {
            State::Sponge(sponge, padding) => sponge.finish(padding).squeeze(self.length),
            State::Tree(tree, customization) => tree.finish(&customization, self.length),
        }
    }
}
