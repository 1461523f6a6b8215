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
[Section=dfn-KeyFormat] enum KeyFormat { "raw-public", "raw-private", "raw-seed", "raw-secret", "raw", "spki", "pkcs8", "jwk" };

/** What a key may be used for. */
[Section=dfn-KeyUsage] enum KeyUsage { "encrypt", "decrypt", "sign", "verify", "deriveKey", "deriveBits", "wrapKey", "unwrapKey", "encapsulateKey", "encapsulateBits", "decapsulateKey", "decapsulateBits" };

/** A new key, and what the other side needs for it. */
[Section=encapsulation] dictionary EncapsulatedKey {
  CryptoKey sharedKey;
  ArrayBuffer ciphertext;
};

/** New bits, and what the other side needs for them. */
[Section=encapsulation] dictionary EncapsulatedBits {
  ArrayBuffer sharedKey;
  ArrayBuffer ciphertext;
};

partial dictionary JsonWebKey {
  // The following fields are defined in draft-ietf-cose-dilithium-08
  DOMString pub;
  DOMString priv;
};

/** ML-DSA: what the signature belongs to. */
[Section=context-params] dictionary ContextParams : Algorithm {
  BufferSource context;
};

/** ChaCha20-Poly1305 and AES-OCB: the initialization vector, what is authenticated beside the data, and the tag's length in bits. */
[Section=aead-params] dictionary AeadParams : Algorithm {
  required BufferSource iv;
  BufferSource additionalData;
  [EnforceRange] octet tagLength;
};

/** cSHAKE: how many bits it gives, and what tells its uses apart. */
[Section=cshake-params] dictionary CShakeParams : Algorithm {
  required [EnforceRange] unsigned long outputLength;
  BufferSource functionName;
  BufferSource customization;
};

/** TurboSHAKE: how many bits it gives, and what tells its uses apart. */
[Section=turboshake-params] dictionary TurboShakeParams : Algorithm {
  required [EnforceRange] unsigned long outputLength;
  [EnforceRange] octet domainSeparation;
};

/** KangarooTwelve: how many bits it gives, and what tells its uses apart. */
[Section=kangarootwelve-params] dictionary KangarooTwelveParams : Algorithm {
  required [EnforceRange] unsigned long outputLength;
  BufferSource customization;
};

/** KMAC: the length of a new key in bits. */
[Section=kmac-keygen-params] dictionary KmacKeyGenParams : Algorithm {
  [EnforceRange] unsigned long length;
};

/** KMAC: the key's length in bits. */
[Section=kmac-importparams] dictionary KmacImportParams : Algorithm {
  [EnforceRange] unsigned long length;
};

/** The algorithm of a key of KMAC. */
[Section=KmacKeyAlgorithm-dictionary] dictionary KmacKeyAlgorithm : KeyAlgorithm {
  required unsigned long length;
};

/** KMAC: how many bits it gives, and what tells its uses apart. */
[Section=kmac-params] dictionary KmacParams : Algorithm {
  required [EnforceRange] unsigned long outputLength;
  BufferSource customization;
};
