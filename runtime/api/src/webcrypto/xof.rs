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
        self.finish(absorbing)
    }

    /// A state for bytes that are to come.
    pub fn absorbing(&self) -> Absorbing {
        match &self.function {
            Function::CShake {
                function_name,
                customization,
            } => {
                let sponge = cshake(self.strength, function_name, customization);
                Absorbing::Sponge(Box::new(sponge))
            }
            Function::TurboShake { .. } => Absorbing::Sponge(Box::new(turbo_shake(self.strength))),
            Function::KangarooTwelve { .. } => {
                Absorbing::Tree(Box::new(KangarooTwelve::new(self.strength)))
            }
        }
    }

    /// The digest of what was absorbed, by a state of its own.
    pub fn finish(&self, absorbing: Absorbing) -> Vec<u8> {
        let length = self.length();
        match (&self.function, absorbing) {
            (
                Function::CShake {
                    function_name,
                    customization,
                },
                Absorbing::Sponge(sponge),
            ) => {
                let padding = cshake_padding(function_name, customization);
                sponge.finish(padding).squeeze(length)
            }
            (Function::TurboShake { domain }, Absorbing::Sponge(sponge)) => {
                sponge.finish(*domain).squeeze(length)
            }
            (Function::KangarooTwelve { customization }, Absorbing::Tree(tree)) => {
                tree.finish(customization, length)
            }
            _ => unreachable!("a state is of its function"),
        }
    }
}

/// What has been absorbed of the bytes that are digested.
pub enum Absorbing {
    /// All in one state.
    Sponge(Box<Sponge>),
    /// By KangarooTwelve.
    Tree(Box<KangarooTwelve>),
}

impl Absorbing {
    /// Takes bytes.
    pub fn absorb(&mut self, bytes: &[u8]) {
        match self {
            Absorbing::Sponge(sponge) => sponge.absorb(bytes),
            Absorbing::Tree(tree) => tree.absorb(bytes),
        }
    }
}
