//! ChaCha20-Poly1305, <https://wicg.github.io/webcrypto-modern-algos/#chacha20-poly1305>.

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use nano_webidl::{Error, Fallible};

use super::aead::Aead;
use super::algorithm::{self, Algorithm, Cipher, Generated, Generation, Import, KeyData};
use super::key::{Details, Key, NewKey, Usages, data_error, operation_error};
use super::secret::{Forms, random_bits, secret_key};
use crate::bindings::types::{KeyFormat, KeyUsage};

const NAME: &str = "ChaCha20-Poly1305";
const USAGES: [KeyUsage; 4] = [
    KeyUsage::Encrypt,
    KeyUsage::Decrypt,
    KeyUsage::WrapKey,
    KeyUsage::UnwrapKey,
];

pub(super) const ALGORITHMS: &[Algorithm] = &[Algorithm {
    cipher: Some(|scope, value| Ok(Box::new(ChaCha20Poly1305(Aead::read(scope, value)?)))),
    generate: Some(|scope, value| {
        algorithm::no_parameters(scope, value)?;
        Ok(Box::new(Generate))
    }),
    import: Some(|scope, value| {
        algorithm::no_parameters(scope, value)?;
        Ok(Box::new(ImportChaCha))
    }),
    export: Some(|format, key| forms().export(format, key)),
    key_length: Some(|scope, value| {
        algorithm::no_parameters(scope, value)?;
        Ok(Ok(Some(256)))
    }),
    ..Algorithm::new(NAME)
}];

fn forms() -> Forms<'static> {
    Forms {
        name: NAME,
        raw: false,
        jwk: Some(("enc", &|_| Some("C20P".into()))),
    }
}

struct Generate;

impl Generation for Generate {
    fn check(&self, usages: Usages) -> Fallible<()> {
        usages.only(&USAGES)
    }

    fn generate(&self, _: Usages, _: &dyn Fn() -> bool) -> Fallible<Generated> {
        let key = secret_key(NAME, Details::None, random_bits(256)?);
        Ok(Generated::Secret(key))
    }
}

struct ImportChaCha;

impl Import for ImportChaCha {
    // https://wicg.github.io/webcrypto-modern-algos/#chacha20-poly1305-operations-import-key
    fn import(
        &self,
        format: KeyFormat,
        data: KeyData,
        extractable: bool,
        usages: Usages,
    ) -> Fallible<NewKey> {
        usages.only(&USAGES)?;
        let bytes = forms().import(format, data, extractable, usages)?;
        match bytes.len() {
            32 => Ok(secret_key(NAME, Details::None, bytes)),
            length => Err(data_error(format!(
                "A key of {NAME} has 32 bytes, not {length}"
            ))),
        }
    }
}

struct ChaCha20Poly1305(Aead);

fn failed() -> Error {
    operation_error(
        "The data was not encrypted with this key and these parameters, or it was changed",
    )
}

impl ChaCha20Poly1305 {
    fn start(&self, key: &Key) -> Fallible<(LessSafeKey, Nonce)> {
        self.check()?;
        let nonce = Nonce::try_assume_unique_for_key(&self.0.iv).map_err(|_| failed())?;
        let key = UnboundKey::new(&CHACHA20_POLY1305, key.secret()?).map_err(|_| failed())?;
        Ok((LessSafeKey::new(key), nonce))
    }
}

impl Cipher for ChaCha20Poly1305 {
    // https://wicg.github.io/webcrypto-modern-algos/#chacha20-poly1305-operations-encrypt
    fn check(&self) -> Fallible<()> {
        if self.0.iv.len() != 12 {
            let message = format!(
                "The initialization vector (iv) must have 12 bytes, not {}",
                self.0.iv.len()
            );
            return Err(operation_error(message));
        }
        match self.0.tag_bits {
            128 => Ok(()),
            other => Err(operation_error(format!("A tag has 128 bits, not {other}"))),
        }
    }

    fn encrypt(&self, key: &Key, data: &[u8]) -> Fallible<Vec<u8>> {
        let (key, nonce) = self.start(key)?;
        let mut result = Vec::with_capacity(data.len() + 16);
        result.extend_from_slice(data);
        key.seal_in_place_append_tag(nonce, Aad::from(&self.0.additional_data), &mut result)
            .map_err(|_| failed())?;
        Ok(result)
    }

    fn decrypt(&self, key: &Key, data: &[u8]) -> Fallible<Vec<u8>> {
        let (key, nonce) = self.start(key)?;
        let mut result = data.to_vec();
        let length = key
            .open_in_place(nonce, Aad::from(&self.0.additional_data), &mut result)
            .map_err(|_| failed())?
            .len();
        result.truncate(length);
        Ok(result)
    }
}
