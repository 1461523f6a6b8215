// Source: Web Cryptography API Level 2 (https://w3c.github.io/webcrypto/)
// Date: 2026-07-01

partial interface mixin WindowOrWorkerGlobalScope {
  /** Random values and cryptographic operations. */
  [SameObject] readonly attribute Crypto crypto;
};

/** Random values and cryptographic operations. */
[Section=crypto-interface, Exposed=(Window,Worker)]
interface Crypto {
  /** Cryptographic operations. */
  [Section=Crypto-attribute-subtle, SecureContext] readonly attribute SubtleCrypto subtle;
  /**
   * Fills an array of integers with random values.
   * @throws {DOMException} "TypeMismatchError", if the array is not of integers
   * @throws {QuotaExceededError} if it has more than 65,536 bytes
   */
  [Section=Crypto-method-getRandomValues] ArrayBufferView getRandomValues(ArrayBufferView array);
  /** A random UUID, version 4. */
  [Section=Crypto-method-randomUUID, SecureContext] DOMString randomUUID();
};

typedef (object or DOMString) AlgorithmIdentifier;

typedef AlgorithmIdentifier HashAlgorithmIdentifier;

/** An algorithm by its name. */
[Section=algorithm-dictionary] dictionary Algorithm {
  // DEPARTURE: the standard converts it again with the dictionary of the algorithm that it names; browsers, and tests, do it once.
  /** The name, in which capital letters do not matter: "AES-GCM". */
  [ReadOnce] required DOMString name;
};

/** The algorithm of a key, by its name. */
[Section=key-algorithm-dictionary] dictionary KeyAlgorithm {
  /** The name, written as the standard has it: "AES-GCM". */
  required DOMString name;
};

/** Which part of a pair a key is, or that it is shared. */
[Section=dfn-KeyType] enum KeyType {
  /** The half of a pair that others may know. */
  "public",
  /** The half of a pair that its owner keeps. */
  "private",
  /** A key that both sides share. */
  "secret"
};

/** A cryptographic key. */
[Section=cryptokey-interface, SecureContext,Exposed=(Window,Worker),Serializable]
interface CryptoKey {
  /** Which part of a pair it is, or that it is shared. */
  [Section=cryptokey-type] readonly attribute KeyType type;
  /** Whether it may be exported and wrapped. */
  [Section=cryptokey-extractable] readonly attribute boolean extractable;
  /** Its algorithm, with what the algorithm says about keys. */
  [Section=cryptokey-algorithm, Throws] readonly attribute object algorithm;
  /** What it may be used for, an array of KeyUsage. */
  [Section=cryptokey-usages, Throws] readonly attribute object usages;
};

/** Cryptographic operations. */
[Section=subtlecrypto-interface, SecureContext,Exposed=(Window,Worker)]
interface SubtleCrypto {
  /**
   * Encrypts data with a key.
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this
   * @throws {DOMException} "InvalidAccessError", if the key is of another algorithm, or may not be used for this
   * @throws {DOMException} "OperationError", if the operation fails, or a parameter of the algorithm has a value that it cannot have
   */
  [Section=SubtleCrypto-method-encrypt] Promise<ArrayBuffer> encrypt(
    AlgorithmIdentifier algorithm,
    CryptoKey key,
    BufferSource data
  );
  /**
   * Decrypts data with a key.
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this
   * @throws {DOMException} "InvalidAccessError", if the key is of another algorithm, or may not be used for this
   * @throws {DOMException} "OperationError", if the operation fails, or a parameter of the algorithm has a value that it cannot have
   */
  [Section=SubtleCrypto-method-decrypt] Promise<ArrayBuffer> decrypt(
    AlgorithmIdentifier algorithm,
    CryptoKey key,
    BufferSource data
  );
  /**
   * The signature of data, or its authentication code.
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this
   * @throws {DOMException} "InvalidAccessError", if the key is of another algorithm, or may not be used for this
   * @throws {DOMException} "OperationError", if the operation fails, or a parameter of the algorithm has a value that it cannot have
   */
  [Section=SubtleCrypto-method-sign] Promise<ArrayBuffer> sign(
    AlgorithmIdentifier algorithm,
    CryptoKey key,
    BufferSource data
  );
  /**
   * Whether a signature is that of the data.
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this
   * @throws {DOMException} "InvalidAccessError", if the key is of another algorithm, or may not be used for this
   * @throws {DOMException} "OperationError", if the operation fails, or a parameter of the algorithm has a value that it cannot have
   */
  [Section=SubtleCrypto-method-verify] Promise<boolean> verify(
    AlgorithmIdentifier algorithm,
    CryptoKey key,
    BufferSource signature,
    BufferSource data
  );
  /**
   * The hash of data, by SHA-1, SHA-256, SHA-384, SHA-512, or SHA3-256, SHA3-384, SHA3-512.
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this
   */
  [Section=SubtleCrypto-method-digest] Promise<ArrayBuffer> digest(
    AlgorithmIdentifier algorithm,
    BufferSource data
  );

  /**
   * A new key, or a pair of keys.
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this
   * @throws {DOMException} "SyntaxError", if the usages are none that such a key can have, or there are none for a secret or private key
   * @throws {DOMException} "OperationError", if the operation fails, or a parameter of the algorithm has a value that it cannot have
   */
  [Section=SubtleCrypto-method-generateKey] Promise<(CryptoKey or CryptoKeyPair)> generateKey(
    AlgorithmIdentifier algorithm,
    boolean extractable,
    sequence<KeyUsage> keyUsages
  );
  /**
   * A key that is made of another one.
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this
   * @throws {DOMException} "InvalidAccessError", if the key is of another algorithm, or may not be used for this
   * @throws {DOMException} "SyntaxError", if the usages are none that such a key can have, or there are none for a secret or private key
   * @throws {DOMException} "OperationError", if the operation fails, or a parameter of the algorithm has a value that it cannot have
   */
  [Section=SubtleCrypto-method-deriveKey] Promise<CryptoKey> deriveKey(
    AlgorithmIdentifier algorithm,
    CryptoKey baseKey,
    AlgorithmIdentifier derivedKeyType,
    boolean extractable,
    sequence<KeyUsage> keyUsages
  );
  /**
   * Bits that are made of a key.
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this
   * @throws {DOMException} "InvalidAccessError", if the key is of another algorithm, or may not be used for this
   * @throws {DOMException} "OperationError", if the operation fails, or a parameter of the algorithm has a value that it cannot have
   */
  [Section=SubtleCrypto-method-deriveBits] Promise<ArrayBuffer> deriveBits(
    AlgorithmIdentifier algorithm,
    CryptoKey baseKey,
    optional unsigned long? length = null
  );

  /**
   * A key of its external form.
   * @throws {TypeError} if a buffer is given for "jwk", or an object for another format
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this, or has no such format
   * @throws {DOMException} "DataError", if it is no key of the algorithm
   * @throws {DOMException} "SyntaxError", if the usages are none that such a key can have, or there are none for a secret or private key
   */
  [Section=SubtleCrypto-method-importKey] Promise<CryptoKey> importKey(
    KeyFormat format,
    (BufferSource or JsonWebKey) keyData,
    AlgorithmIdentifier algorithm,
    boolean extractable,
    sequence<KeyUsage> keyUsages
  );
  /**
   * The external form of a key that is extractable.
   * @throws {DOMException} "NotSupportedError", if keys of the algorithm have no such format
   * @throws {DOMException} "InvalidAccessError", if the key is not extractable, or the format is for another kind of key
   */
  [Section=SubtleCrypto-method-exportKey] Promise<(ArrayBuffer or JsonWebKey)> exportKey(
    KeyFormat format,
    CryptoKey key
  );

  /**
   * Exports a key and encrypts it.
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this
   * @throws {DOMException} "InvalidAccessError", if the key is not extractable, or the other one may not wrap
   * @throws {DOMException} "OperationError", if the operation fails, or a parameter of the algorithm has a value that it cannot have
   */
  [Section=SubtleCrypto-method-wrapKey] Promise<ArrayBuffer> wrapKey(
    KeyFormat format,
    CryptoKey key,
    CryptoKey wrappingKey,
    AlgorithmIdentifier wrapAlgorithm
  );
  /**
   * Decrypts a key and imports it.
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this
   * @throws {DOMException} "InvalidAccessError", if the key may not unwrap
   * @throws {DOMException} "DataError", if what comes out is no key of the algorithm
   * @throws {DOMException} "SyntaxError", if the usages are none that such a key can have, or there are none for a secret or private key
   * @throws {DOMException} "OperationError", if the operation fails, or a parameter of the algorithm has a value that it cannot have
   */
  [Section=SubtleCrypto-method-unwrapKey] Promise<CryptoKey> unwrapKey(
    KeyFormat format,
    BufferSource wrappedKey,
    CryptoKey unwrappingKey,
    AlgorithmIdentifier unwrapAlgorithm,
    AlgorithmIdentifier unwrappedKeyAlgorithm,
    boolean extractable,
    sequence<KeyUsage> keyUsages
  );
};

/** A prime of an RSA key that has more than two. */
[Section=JsonWebKey-dictionary] dictionary RsaOtherPrimesInfo {
  // The following fields are defined in Section 6.3.2.7 of JSON Web Algorithms
  /** The prime. */
  DOMString r;
  /** The exponent of this prime. */
  DOMString d;
  /** The coefficient of this prime. */
  DOMString t;
};

/** A key as JSON. */
[Section=JsonWebKey-dictionary] dictionary JsonWebKey {
  // The following fields are defined in Section 3.1 of JSON Web Key
  /** The family: "RSA", "EC", "OKP" (X25519, Ed25519 and their like), "AKP" (ML-DSA, ML-KEM), or "oct", a shared key. */
  DOMString kty;
  /** What it is for: "sig" or "enc". */
  DOMString use;
  /** What it may be used for, as in `KeyUsage`. */
  sequence<DOMString> key_ops;
  /** The algorithm that it is for, as JSON Web Algorithms name it: "RS256". */
  DOMString alg;

  // The following fields are defined in JSON Web Key Parameters Registration
  /** Whether it may be exported. */
  boolean ext;

  // The following fields are defined in Section 6 of JSON Web Algorithms
  /** The curve: "P-256", "Ed25519". */
  DOMString crv;
  /** The public point, or its x coordinate, in base64url. */
  DOMString x;
  /** The y coordinate of the public point, in base64url. */
  DOMString y;
  /** The private key; of RSA, the private exponent. In base64url. */
  DOMString d;
  /** The modulus of RSA, in base64url. */
  DOMString n;
  /** The public exponent of RSA, in base64url. */
  DOMString e;
  /** The first prime of RSA, in base64url. */
  DOMString p;
  /** The second prime of RSA, in base64url. */
  DOMString q;
  /** The exponent of the first prime, in base64url. */
  DOMString dp;
  /** The exponent of the second prime, in base64url. */
  DOMString dq;
  /** The coefficient of the second prime, in base64url. */
  DOMString qi;
  /** The primes after the second one. Keys that have some are not supported. */
  sequence<RsaOtherPrimesInfo> oth;
  /** The bytes of a shared key, in base64url. */
  DOMString k;
};

typedef Uint8Array BigInteger;

/** A public key and its private one. */
[Section=keypair] dictionary CryptoKeyPair {
  /** The public key. */
  CryptoKey publicKey;
  /** The private key. */
  CryptoKey privateKey;
};

/** How an RSA key shall be: its size in bits, and the public exponent. */
[Section=RsaKeyGenParams-dictionary] dictionary RsaKeyGenParams : Algorithm {
  /** The size of the modulus in bits, from 512 to 8192; 2048 and more are safe. */
  required [EnforceRange] unsigned long modulusLength;
  /** The public exponent, its highest byte first: `new Uint8Array([1, 0, 1])` is 65,537, the usual one. */
  required BigInteger publicExponent;
};

/** How an RSA key shall be, and the hash that it is used with. */
[Section=RsaHashedKeyGenParams-dictionary] dictionary RsaHashedKeyGenParams : RsaKeyGenParams {
  /** The hash: "SHA-1", "SHA-256", "SHA-384" or "SHA-512". */
  required HashAlgorithmIdentifier hash;
};

/** The algorithm of an RSA key. */
[Section=RsaKeyAlgorithm-dictionary] dictionary RsaKeyAlgorithm : KeyAlgorithm {
  /** The size of the modulus in bits. */
  required unsigned long modulusLength;
  /** The public exponent, its highest byte first. */
  required BigInteger publicExponent;
};

/** The algorithm of an RSA key, with its hash. */
[Section=RsaHashedKeyAlgorithm-dictionary] dictionary RsaHashedKeyAlgorithm : RsaKeyAlgorithm {
  /** The hash that the key is used with. */
  required KeyAlgorithm hash;
};

/** The hash that an RSA key is used with. */
[Section=RsaHashedImportParams-dictionary] dictionary RsaHashedImportParams : Algorithm {
  /** The hash: "SHA-1", "SHA-256", "SHA-384" or "SHA-512". */
  required HashAlgorithmIdentifier hash;
};

/** RSA-PSS: the salt's length in bytes. */
[Section=RsaPssParams-dictionary] dictionary RsaPssParams : Algorithm {
  /** The length of the salt in bytes; that of the hash is usual. */
  required [EnforceRange] unsigned long saltLength;
};

/** RSA-OAEP: what the encrypted data belongs to. */
[Section=rsa-oaep-params] dictionary RsaOaepParams : Algorithm {
  /** What the data belongs to: decrypting it takes the same bytes. None if it is not given. */
  BufferSource label;
};

/** ECDSA: the hash. */
[Section=EcdsaParams-dictionary] dictionary EcdsaParams : Algorithm {
  /** The hash: "SHA-1", "SHA-256", "SHA-384" or "SHA-512". */
  required HashAlgorithmIdentifier hash;
};

typedef DOMString NamedCurve;

/** The curve of a key that shall be made: P-256, P-384 or P-521. */
[Section=EcKeyGenParams-dictionary] dictionary EcKeyGenParams : Algorithm {
  /** The curve: "P-256", "P-384" or "P-521". */
  required NamedCurve namedCurve;
};

/** The algorithm of a key on an elliptic curve. */
[Section=EcKeyAlgorithm-dictionary] dictionary EcKeyAlgorithm : KeyAlgorithm {
  /** The curve: "P-256", "P-384" or "P-521". */
  required NamedCurve namedCurve;
};

/** The curve of a key that is imported: P-256, P-384 or P-521. */
[Section=EcKeyImportParams-dictionary] dictionary EcKeyImportParams : Algorithm {
  /** The curve: "P-256", "P-384" or "P-521". */
  required NamedCurve namedCurve;
};

/** ECDH and X25519: the other one's public key. */
[Section=dh-EcdhKeyDeriveParams] dictionary EcdhKeyDeriveParams : Algorithm {
  /** The public key of the other one, on the same curve. */
  required CryptoKey public;
};

/** AES-CTR: the first counter block, and how many of its last bits count. */
[Section=aes-ctr-params] dictionary AesCtrParams : Algorithm {
  /** The first counter block, of 16 bytes; no two messages of a key may have a block in common. */
  required BufferSource counter;
  /** How many of its last bits count up, from 1 to 128. */
  required [EnforceRange] octet length;
};

/** The algorithm of a key of AES: its length in bits. */
[Section=AesKeyAlgorithm-dictionary] dictionary AesKeyAlgorithm : KeyAlgorithm {
  /** The length in bits. */
  required unsigned short length;
};

/** The length of a key of AES that shall be made: 128, 192 or 256 bits. */
[Section=aes-keygen-params] dictionary AesKeyGenParams : Algorithm {
  /** The length in bits: 128, 192 or 256. */
  required [EnforceRange] unsigned short length;
};

/** The length of a key of AES that is derived: 128, 192 or 256 bits. */
[Section=aes-derivedkey-params] dictionary AesDerivedKeyParams : Algorithm {
  /** The length in bits: 128, 192 or 256. */
  required [EnforceRange] unsigned short length;
};

/** AES-CBC: the initialization vector, of 16 bytes. */
[Section=aes-cbc-params] dictionary AesCbcParams : Algorithm {
  /** The initialization vector, of 16 random bytes. */
  required BufferSource iv;
};

/** AES-GCM: the initialization vector, what is authenticated beside the data, and the tag's length in bits. */
[Section=aes-gcm-params] dictionary AesGcmParams : Algorithm {
  /** The initialization vector, of 12 bytes as a rule; never used twice with a key. */
  required BufferSource iv;
  /** What is authenticated beside the data, and not encrypted. None if it is not given. */
  BufferSource additionalData;
  /** The length of the tag in bits: 32, 64, 96, 104, 112, 120, or 128 if it is not given. */
  [EnforceRange] octet tagLength;
};

/** HMAC: the hash, and the key's length in bits. */
[Section=hmac-importparams] dictionary HmacImportParams : Algorithm {
  /** The hash: "SHA-1", "SHA-256", "SHA-384" or "SHA-512". */
  required HashAlgorithmIdentifier hash;
  /** The length of the key in bits; if it is not given, that of the imported data, and that of the hash's block for a derived key. */
  [EnforceRange] unsigned long length;
};

/** The algorithm of a key of HMAC. */
[Section=HmacKeyAlgorithm-dictionary] dictionary HmacKeyAlgorithm : KeyAlgorithm {
  /** The hash. */
  required KeyAlgorithm hash;
  /** The length of the key in bits. */
  required unsigned long length;
};

/** HMAC: the hash, and the key's length in bits. */
[Section=hmac-keygen-params] dictionary HmacKeyGenParams : Algorithm {
  /** The hash: "SHA-1", "SHA-256", "SHA-384" or "SHA-512". */
  required HashAlgorithmIdentifier hash;
  /** The length of the key in bits; that of the hash's block if it is not given. */
  [EnforceRange] unsigned long length;
};

/** HKDF: the hash, the salt, and what the derived key is for. */
[Section=hkdf-params] dictionary HkdfParams : Algorithm {
  /** The hash: "SHA-1", "SHA-256", "SHA-384" or "SHA-512". */
  required HashAlgorithmIdentifier hash;
  /** The salt, which may be known, and may be empty. */
  required BufferSource salt;
  /** What the derived key is for: other bytes give another key. They may be empty. */
  required BufferSource info;
};

/** PBKDF2: the salt, how many times, and the hash. */
[Section=pbkdf2-params] dictionary Pbkdf2Params : Algorithm {
  /** The salt: 16 random bytes for each password. */
  required BufferSource salt;
  /** How many times the hash is applied, which is what a guess costs. */
  required [EnforceRange] unsigned long iterations;
  /** The hash: "SHA-1", "SHA-256", "SHA-384" or "SHA-512". */
  required HashAlgorithmIdentifier hash;
};
