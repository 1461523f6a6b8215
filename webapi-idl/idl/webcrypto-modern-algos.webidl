// Source: Modern Algorithms in the Web Cryptography API (https://wicg.github.io/webcrypto-modern-algos/)
// Date: 2026-07-01

[SecureContext,Exposed=(Window,Worker)]
partial interface SubtleCrypto {
  /**
   * A new key for both sides, and the form in which it is sent to the other one.
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this
   * @throws {DOMException} "InvalidAccessError", if the key is of another algorithm, or may not be used for this
   * @throws {DOMException} "SyntaxError", if the usages are none that such a key can have, or there are none for a secret or private key
   * @throws {DOMException} "OperationError", if the operation fails, or a parameter of the algorithm has a value that it cannot have
   */
  [Section=SubtleCrypto-method-encapsulateKey] Promise<EncapsulatedKey> encapsulateKey(
    AlgorithmIdentifier encapsulationAlgorithm,
    CryptoKey encapsulationKey,
    AlgorithmIdentifier sharedKeyAlgorithm,
    boolean extractable,
    sequence<KeyUsage> keyUsages
  );
  /**
   * New bits for both sides, and the form in which they are sent to the other one.
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this
   * @throws {DOMException} "InvalidAccessError", if the key is of another algorithm, or may not be used for this
   * @throws {DOMException} "OperationError", if the operation fails, or a parameter of the algorithm has a value that it cannot have
   */
  [Section=SubtleCrypto-method-encapsulateBits] Promise<EncapsulatedBits> encapsulateBits(
    AlgorithmIdentifier encapsulationAlgorithm,
    CryptoKey encapsulationKey
  );

  /**
   * The key that the other side has encapsulated.
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this
   * @throws {DOMException} "InvalidAccessError", if the key is of another algorithm, or may not be used for this
   * @throws {DOMException} "SyntaxError", if the usages are none that such a key can have, or there are none for a secret or private key
   * @throws {DOMException} "OperationError", if the operation fails, or a parameter of the algorithm has a value that it cannot have
   */
  [Section=SubtleCrypto-method-decapsulateKey] Promise<CryptoKey> decapsulateKey(
    AlgorithmIdentifier decapsulationAlgorithm,
    CryptoKey decapsulationKey,
    BufferSource ciphertext,
    AlgorithmIdentifier sharedKeyAlgorithm,
    boolean extractable,
    sequence<KeyUsage> keyUsages
  );
  /**
   * The bits that the other side has encapsulated.
   * @throws {DOMException} "NotSupportedError", if the algorithm is none that does this
   * @throws {DOMException} "InvalidAccessError", if the key is of another algorithm, or may not be used for this
   * @throws {DOMException} "OperationError", if the operation fails, or a parameter of the algorithm has a value that it cannot have
   */
  [Section=SubtleCrypto-method-decapsulateBits] Promise<ArrayBuffer> decapsulateBits(
    AlgorithmIdentifier decapsulationAlgorithm,
    CryptoKey decapsulationKey,
    BufferSource ciphertext
  );

  /**
   * The public key of a private one.
   * @throws {DOMException} "NotSupportedError", if keys of the algorithm are no pairs
   * @throws {DOMException} "InvalidAccessError", if the key is not the private one
   * @throws {DOMException} "SyntaxError", if the usages are none that a public key can have
   */
  [Section=SubtleCrypto-method-getPublicKey] Promise<CryptoKey> getPublicKey(
    CryptoKey key,
    sequence<KeyUsage> keyUsages
  );

  /** Whether an operation is there for an algorithm with these parameters. */
  [Section=SubtleCrypto-method-supports] static boolean supports(DOMString operation,
                   AlgorithmIdentifier algorithm,
                   optional unsigned long? length = null);
  /** Whether an operation is there for an algorithm with these parameters. */
  [Section=SubtleCrypto-method-supports-additionalAlgorithm, RustName=supports_additional] static boolean supports(DOMString operation,
                   AlgorithmIdentifier algorithm,
                   AlgorithmIdentifier additionalAlgorithm);
};

/** The external forms of keys. */
[Section=dfn-KeyFormat] enum KeyFormat {
  /** The bytes of a public key. */
  "raw-public",
  /** The bytes of a private key; no algorithm here has this. */
  "raw-private",
  /** The seed that a private key of ML-DSA or ML-KEM is made of. */
  "raw-seed",
  /** The bytes of a shared key. */
  "raw-secret",
  /** The older name of "raw-secret" and "raw-public", for the algorithms that had it. */
  "raw",
  /** A public key with its algorithm, as in certificates: SubjectPublicKeyInfo, in DER. */
  "spki",
  /** A private key with its algorithm: PrivateKeyInfo, in DER. */
  "pkcs8",
  /** A JSON Web Key, as an object. */
  "jwk"
};

/** What a key may be used for. */
[Section=dfn-KeyUsage] enum KeyUsage {
  /** To encrypt data. */
  "encrypt",
  /** To decrypt data. */
  "decrypt",
  /** To sign data, or to make its authentication code. */
  "sign",
  /** To verify a signature or an authentication code. */
  "verify",
  /** To derive other keys of it. */
  "deriveKey",
  /** To derive bits of it. */
  "deriveBits",
  /** To encrypt other keys. */
  "wrapKey",
  /** To decrypt other keys. */
  "unwrapKey",
  /** To make a shared key for the owner of a key pair. */
  "encapsulateKey",
  /** To make shared bits for the owner of a key pair. */
  "encapsulateBits",
  /** To get at a shared key that somebody has encapsulated. */
  "decapsulateKey",
  /** To get at shared bits that somebody has encapsulated. */
  "decapsulateBits"
};

/** A new key, and what the other side needs for it. */
[Section=encapsulation] dictionary EncapsulatedKey {
  /** The key. */
  CryptoKey sharedKey;
  /** What the other side gets, and decapsulates the same key from. */
  ArrayBuffer ciphertext;
};

/** New bits, and what the other side needs for them. */
[Section=encapsulation] dictionary EncapsulatedBits {
  /** The bits. */
  ArrayBuffer sharedKey;
  /** What the other side gets, and decapsulates the same bits from. */
  ArrayBuffer ciphertext;
};

partial dictionary JsonWebKey {
  // The following fields are defined in draft-ietf-cose-dilithium-08
  /** The public key of ML-DSA and ML-KEM, in base64url. */
  DOMString pub;
  /** The seed of a private key of ML-DSA and ML-KEM, in base64url. */
  DOMString priv;
};

/** ML-DSA: what the signature belongs to. */
[Section=context-params] dictionary ContextParams : Algorithm {
  /** What the signature belongs to, up to 255 bytes: verifying it takes the same ones. None if it is not given. */
  BufferSource context;
};

/** ChaCha20-Poly1305 and AES-OCB: the initialization vector, what is authenticated beside the data, and the tag's length in bits. */
[Section=aead-params] dictionary AeadParams : Algorithm {
  /** The initialization vector, never used twice with a key: 12 bytes for ChaCha20-Poly1305, up to 15 for AES-OCB. */
  required BufferSource iv;
  /** What is authenticated beside the data, and not encrypted. None if it is not given. */
  BufferSource additionalData;
  /** The length of the tag in bits: 128, which is the default, and for AES-OCB 64 or 96, too. */
  [EnforceRange] octet tagLength;
};

/** cSHAKE: how many bits it gives, and what tells its uses apart. */
[Section=cshake-params] dictionary CShakeParams : Algorithm {
  /** How many bits it gives, a multiple of 8. */
  required [EnforceRange] unsigned long outputLength;
  /** The name of the function that is made of it, for standards to choose. None if it is not given. */
  BufferSource functionName;
  /** What tells one use from another. None if it is not given. */
  BufferSource customization;
};

/** TurboSHAKE: how many bits it gives, and what tells its uses apart. */
[Section=turboshake-params] dictionary TurboShakeParams : Algorithm {
  /** How many bits it gives, a multiple of 8. */
  required [EnforceRange] unsigned long outputLength;
  /** What tells one use from another, from 1 to 127; 31 if it is not given. */
  [EnforceRange] octet domainSeparation;
};

/** KangarooTwelve: how many bits it gives, and what tells its uses apart. */
[Section=kangarootwelve-params] dictionary KangarooTwelveParams : Algorithm {
  /** How many bits it gives, a multiple of 8. */
  required [EnforceRange] unsigned long outputLength;
  /** What tells one use from another. None if it is not given. */
  BufferSource customization;
};

/** KMAC: the length of a new key in bits. */
[Section=kmac-keygen-params] dictionary KmacKeyGenParams : Algorithm {
  /** The length of the key in bits; 128 for KMAC128 and 256 for KMAC256 if it is not given. */
  [EnforceRange] unsigned long length;
};

/** KMAC: the key's length in bits. */
[Section=kmac-importparams] dictionary KmacImportParams : Algorithm {
  /** The length of the key in bits; if it is not given, that of the imported data, and 128 or 256 for a derived key of KMAC128 or KMAC256. */
  [EnforceRange] unsigned long length;
};

/** The algorithm of a key of KMAC. */
[Section=KmacKeyAlgorithm-dictionary] dictionary KmacKeyAlgorithm : KeyAlgorithm {
  /** The length of the key in bits. */
  required unsigned long length;
};

/** KMAC: how many bits it gives, and what tells its uses apart. */
[Section=kmac-params] dictionary KmacParams : Algorithm {
  /** How many bits it gives, a multiple of 8. */
  required [EnforceRange] unsigned long outputLength;
  /** What tells one use from another. None if it is not given. */
  BufferSource customization;
};
