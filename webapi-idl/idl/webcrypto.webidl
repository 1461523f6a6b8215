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
  [ReadOnce] required DOMString name;
};

/** The algorithm of a key, by its name. */
[Section=key-algorithm-dictionary] dictionary KeyAlgorithm {
  required DOMString name;
};

/** Which part of a pair a key is, or that it is shared. */
[Section=dfn-KeyType] enum KeyType { "public", "private", "secret" };

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
  DOMString r;
  DOMString d;
  DOMString t;
};

/** A key as JSON. */
[Section=JsonWebKey-dictionary] dictionary JsonWebKey {
  // The following fields are defined in Section 3.1 of JSON Web Key
  DOMString kty;
  DOMString use;
  sequence<DOMString> key_ops;
  DOMString alg;

  // The following fields are defined in JSON Web Key Parameters Registration
  boolean ext;

  // The following fields are defined in Section 6 of JSON Web Algorithms
  DOMString crv;
  DOMString x;
  DOMString y;
  DOMString d;
  DOMString n;
  DOMString e;
  DOMString p;
  DOMString q;
  DOMString dp;
  DOMString dq;
  DOMString qi;
  sequence<RsaOtherPrimesInfo> oth;
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
  required [EnforceRange] unsigned long modulusLength;
  required BigInteger publicExponent;
};

/** How an RSA key shall be, and the hash that it is used with. */
[Section=RsaHashedKeyGenParams-dictionary] dictionary RsaHashedKeyGenParams : RsaKeyGenParams {
  required HashAlgorithmIdentifier hash;
};

/** The algorithm of an RSA key. */
[Section=RsaKeyAlgorithm-dictionary] dictionary RsaKeyAlgorithm : KeyAlgorithm {
  required unsigned long modulusLength;
  required BigInteger publicExponent;
};

/** The algorithm of an RSA key, with its hash. */
[Section=RsaHashedKeyAlgorithm-dictionary] dictionary RsaHashedKeyAlgorithm : RsaKeyAlgorithm {
  required KeyAlgorithm hash;
};

/** The hash that an RSA key is used with. */
[Section=RsaHashedImportParams-dictionary] dictionary RsaHashedImportParams : Algorithm {
  required HashAlgorithmIdentifier hash;
};

/** RSA-PSS: the salt's length in bytes. */
[Section=RsaPssParams-dictionary] dictionary RsaPssParams : Algorithm {
  required [EnforceRange] unsigned long saltLength;
};

/** RSA-OAEP: what the encrypted data belongs to. */
[Section=rsa-oaep-params] dictionary RsaOaepParams : Algorithm {
  BufferSource label;
};

/** ECDSA: the hash. */
[Section=EcdsaParams-dictionary] dictionary EcdsaParams : Algorithm {
  required HashAlgorithmIdentifier hash;
};

typedef DOMString NamedCurve;

/** The curve of a key that shall be made: P-256, P-384 or P-521. */
[Section=EcKeyGenParams-dictionary] dictionary EcKeyGenParams : Algorithm {
  required NamedCurve namedCurve;
};

/** The algorithm of a key on an elliptic curve. */
[Section=EcKeyAlgorithm-dictionary] dictionary EcKeyAlgorithm : KeyAlgorithm {
  required NamedCurve namedCurve;
};

/** The curve of a key that is imported: P-256, P-384 or P-521. */
[Section=EcKeyImportParams-dictionary] dictionary EcKeyImportParams : Algorithm {
  required NamedCurve namedCurve;
};

/** ECDH and X25519: the other one's public key. */
[Section=dh-EcdhKeyDeriveParams] dictionary EcdhKeyDeriveParams : Algorithm {
  required CryptoKey public;
};

/** AES-CTR: the first counter block, and how many of its last bits count. */
[Section=aes-ctr-params] dictionary AesCtrParams : Algorithm {
  required BufferSource counter;
  required [EnforceRange] octet length;
};

/** The algorithm of a key of AES: its length in bits. */
[Section=AesKeyAlgorithm-dictionary] dictionary AesKeyAlgorithm : KeyAlgorithm {
  required unsigned short length;
};

/** The length of a key of AES that shall be made: 128, 192 or 256 bits. */
[Section=aes-keygen-params] dictionary AesKeyGenParams : Algorithm {
  required [EnforceRange] unsigned short length;
};

/** The length of a key of AES that is derived: 128, 192 or 256 bits. */
[Section=aes-derivedkey-params] dictionary AesDerivedKeyParams : Algorithm {
  required [EnforceRange] unsigned short length;
};

/** AES-CBC: the initialization vector, of 16 bytes. */
[Section=aes-cbc-params] dictionary AesCbcParams : Algorithm {
  required BufferSource iv;
};

/** AES-GCM: the initialization vector, what is authenticated beside the data, and the tag's length in bits. */
[Section=aes-gcm-params] dictionary AesGcmParams : Algorithm {
  required BufferSource iv;
  BufferSource additionalData;
  [EnforceRange] octet tagLength;
};

/** HMAC: the hash, and the key's length in bits. */
[Section=hmac-importparams] dictionary HmacImportParams : Algorithm {
  required HashAlgorithmIdentifier hash;
  [EnforceRange] unsigned long length;
};

/** The algorithm of a key of HMAC. */
[Section=HmacKeyAlgorithm-dictionary] dictionary HmacKeyAlgorithm : KeyAlgorithm {
  required KeyAlgorithm hash;
  required unsigned long length;
};

/** HMAC: the hash, and the key's length in bits. */
[Section=hmac-keygen-params] dictionary HmacKeyGenParams : Algorithm {
  required HashAlgorithmIdentifier hash;
  [EnforceRange] unsigned long length;
};

/** HKDF: the hash, the salt, and what the derived key is for. */
[Section=hkdf-params] dictionary HkdfParams : Algorithm {
  required HashAlgorithmIdentifier hash;
  required BufferSource salt;
  required BufferSource info;
};

/** PBKDF2: the salt, how many times, and the hash. */
[Section=pbkdf2-params] dictionary Pbkdf2Params : Algorithm {
  required BufferSource salt;
  required [EnforceRange] unsigned long iterations;
  required HashAlgorithmIdentifier hash;
};
