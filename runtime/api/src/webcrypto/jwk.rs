//! JSON Web Keys, <https://w3c.github.io/webcrypto/#JsonWebKey-dictionary>: what all algorithms check of them, and their way from and
//! to JavaScript and JSON.

use base64_simd::URL_SAFE_NO_PAD;
use nano_webidl::{Fallible, Scope, idl, room};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::key::{Key, Usages, data_error, not_supported};
use crate::bindings::types::{JsonWebKey, KeyUsage};

/// A prime beyond the second; nothing supports it, so nothing is kept.
#[derive(Debug, Default, Clone, Deserialize, Serialize)]
pub struct OtherPrime {}

macro_rules! jwk {
    ($($member:ident = $name:literal,)*) => {
        /// A key with its members as the standard names them. In JSON, a member of another type makes it no key; JavaScript's are
        /// converted before.
        #[derive(Debug, Default, Clone, Deserialize, Serialize)]
        #[allow(missing_docs, reason = "they are those of RFC 7517 and RFC 7518")]
        pub struct Jwk {
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub key_ops: Option<Vec<String>>,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub ext: Option<bool>,
            #[serde(default, skip_serializing)]
            pub oth: Option<Vec<OtherPrime>>,
            $(
                #[serde(default, rename = $name, skip_serializing_if = "Option::is_none")]
                pub $member: Option<String>,
            )*
        }

        impl Jwk {
            /// The dictionary that was given to a method.
            ///
            /// # Errors
            /// A `RangeError` if it does not fit into the app's memory limit.
            pub fn from_dictionary<'s>(scope: &mut Scope<'s, '_>, given: JsonWebKey<'s>) -> Fallible<Jwk> {
                let key_ops = given.key_ops.map(|list| {
                    list.into_iter().map(|usage| room::text(scope, usage)).collect::<Fallible<Vec<_>>>()
                });
                Ok(Jwk {
                    key_ops: key_ops.transpose()?,
                    ext: given.ext,
                    oth: given.oth.map(|primes| primes.iter().map(|_| OtherPrime {}).collect()),
                    $($member: given.$member.map(|text| room::text(scope, text)).transpose()?,)*
                })
            }

            /// The dictionary that a method gives.
            ///
            /// # Errors
            /// A `RangeError` if it does not fit into the app's memory limit.
            pub fn to_dictionary<'s>(&self, scope: &mut Scope<'s, '_>) -> Fallible<JsonWebKey<'s>> {
                let key_ops = self.key_ops.as_ref().map(|list| {
                    list.iter().map(|usage| idl::string(scope, usage)).collect::<Fallible<Vec<_>>>()
                });
                Ok(JsonWebKey {
                    key_ops: key_ops.transpose()?,
                    ext: self.ext,
                    oth: None,
                    $($member: self.$member.as_ref().map(|text| idl::string(scope, text)).transpose()?,)*
                })
            }
        }
    };
}

jwk! {
    alg = "alg",
    crv = "crv",
    d = "d",
    dp = "dp",
    dq = "dq",
    e = "e",
    k = "k",
    kty = "kty",
    n = "n",
    p = "p",
    priv_ = "priv",
    pub_ = "pub",
    q = "q",
    qi = "qi",
    use_ = "use",
    x = "x",
    y = "y",
}

/// Bytes as a member has them.
pub fn encode(bytes: &[u8]) -> Option<String> {
    Some(URL_SAFE_NO_PAD.encode_to_string(bytes))
}

/// The bytes of a member.
///
/// # Errors
/// A `DataError` where there is no such member, or it is not base64url.
pub fn decode(name: &str, member: &Option<String>) -> Fallible<Zeroizing<Vec<u8>>> {
    let text = member
        .as_ref()
        .ok_or_else(|| data_error(format!("The JWK has no '{name}'")))?;
    let bytes = URL_SAFE_NO_PAD
        .decode_to_vec(text.as_bytes())
        .map_err(|_| data_error(format!("The JWK's '{name}' is not in base64url")))?;
    Ok(Zeroizing::new(bytes))
}

impl Jwk {
    /// A key's form, without what the algorithm adds.
    pub fn of(key: &Key, kty: &str) -> Jwk {
        Jwk {
            kty: Some(kty.to_owned()),
            key_ops: Some(key.usages.iter().map(|u| u.as_str().to_owned()).collect()),
            ext: Some(key.extractable),
            ..Jwk::default()
        }
    }

    /// The steps that all algorithms have in common: `kty`, `use`, `key_ops` and `ext` must be those of such a key.
    ///
    /// # Errors
    /// A `DataError`.
    pub fn check(&self, kty: &str, use_: &str, extractable: bool, usages: Usages) -> Fallible<()> {
        if self.kty.as_deref() != Some(kty) {
            return Err(data_error(format!("The JWK's 'kty' must be '{kty}'")));
        }
        if let Some(given) = &self.use_
            && !usages.is_empty()
            && given != use_
        {
            return Err(data_error(format!("The JWK's 'use' must be '{use_}'")));
        }
        if let Some(operations) = &self.key_ops {
            let mut seen = operations.clone();
            seen.sort_unstable();
            seen.dedup();
            if seen.len() != operations.len() {
                return Err(data_error("The JWK's 'key_ops' has an operation twice"));
            }
            let named = |usage: KeyUsage| operations.iter().any(|name| name == usage.as_str());
            if let Some(missing) = usages.iter().find(|usage| !named(*usage)) {
                return Err(data_error(format!(
                    "The JWK's 'key_ops' does not allow '{}'",
                    missing.as_str()
                )));
            }
        }
        if self.ext == Some(false) && extractable {
            return Err(data_error(
                "The JWK's 'ext' is false, so the key cannot be extractable",
            ));
        }
        Ok(())
    }

    /// `alg`, if there is one, must be this.
    ///
    /// # Errors
    /// A `DataError`.
    pub fn check_alg(&self, expected: &str) -> Fallible<()> {
        match self.alg.as_deref() {
            Some(given) if given != expected => {
                Err(data_error(format!("The JWK's 'alg' must be '{expected}'")))
            }
            _ => Ok(()),
        }
    }

    /// There must be no more than two primes.
    ///
    /// # Errors
    /// A `NotSupportedError`.
    pub fn check_primes(&self) -> Fallible<()> {
        match self.oth {
            None => Ok(()),
            Some(_) => Err(not_supported(
                "RSA keys with more than two primes (the JWK's 'oth') are not supported",
            )),
        }
    }

    /// <https://w3c.github.io/webcrypto/#concept-parse-a-jwk>
    ///
    /// # Errors
    /// A `DataError`.
    pub fn from_json(bytes: &[u8]) -> Fallible<Jwk> {
        let jwk: Jwk = serde_json::from_slice(bytes)
            .map_err(|error| data_error(format!("The data is not a JWK in JSON: {error}")))?;
        match jwk.kty {
            Some(_) => Ok(jwk),
            None => Err(data_error("The JWK has no 'kty'")),
        }
    }

    /// As JSON.
    ///
    /// # Errors
    /// None that is known.
    pub fn to_json(&self) -> Fallible<Zeroizing<Vec<u8>>> {
        serde_json::to_vec(self)
            .map(Zeroizing::new)
            .map_err(|error| data_error(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwk() -> Jwk {
        Jwk {
            kty: Some("oct".to_owned()),
            use_: Some("sig".to_owned()),
            key_ops: Some(vec!["sign".to_owned(), "verify".to_owned()]),
            ext: Some(false),
            k: encode(b"\xff\xfe"),
            ..Jwk::default()
        }
    }

    #[test]
    fn what_a_key_says_of_itself_is_held_against_what_is_wanted() {
        let sign = Usages::new(&[KeyUsage::Sign]);
        assert!(jwk().check("oct", "sig", false, sign).is_ok());
        assert!(jwk().check("RSA", "sig", false, sign).is_err());
        assert!(jwk().check("oct", "enc", false, sign).is_err());
        assert!(jwk().check("oct", "enc", false, Usages::default()).is_ok());
        assert!(jwk().check("oct", "sig", true, sign).is_err());
        let encrypt = Usages::new(&[KeyUsage::Encrypt]);
        assert!(jwk().check("oct", "sig", false, encrypt).is_err());
        let twice = Jwk {
            key_ops: Some(vec!["sign".to_owned(), "sign".to_owned()]),
            ..jwk()
        };
        assert!(twice.check("oct", "sig", false, sign).is_err());
    }

    #[test]
    fn json_is_read_as_it_was_written() {
        let json = jwk().to_json().expect("JSON");
        let text = String::from_utf8_lossy(&json).into_owned();
        assert!(
            text.contains(r#""use":"sig""#) && text.contains(r#""k":"__4""#),
            "{text}"
        );
        let again = Jwk::from_json(&json).expect("a JWK");
        assert_eq!(
            decode("k", &again.k).expect("bytes").as_slice(),
            b"\xff\xfe"
        );
        for bad in [
            "",
            "[]",
            "{}",
            r#"{"kty":1}"#,
            r#"{"kty":"oct","kty":"oct"}"#,
        ] {
            assert!(Jwk::from_json(bad.as_bytes()).is_err(), "{bad}");
        }
        let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
        let deep = format!(r#"{{"kty":"oct","x5c":{open}1{close}}}"#);
        assert!(Jwk::from_json(deep.as_bytes()).is_ok());
    }
}
