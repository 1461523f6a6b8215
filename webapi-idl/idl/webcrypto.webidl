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
  /** Fills an array of integers with random values. */
  [Section=Crypto-method-getRandomValues] ArrayBufferView getRandomValues(ArrayBufferView array);
  /** A random UUID, version 4. */
  [Section=Crypto-method-randomUUID, SecureContext] DOMString randomUUID();
};

typedef (object or DOMString) AlgorithmIdentifier;

/** An algorithm by its name. */
[Section=algorithm-dictionary] dictionary Algorithm {
  required DOMString name;
};

/** Cryptographic operations. */
[Section=subtlecrypto-interface, SecureContext,Exposed=(Window,Worker)]
interface SubtleCrypto {
  /** The hash of data: SHA-1, SHA-256, SHA-384 or SHA-512. */
  [Section=SubtleCrypto-method-digest] Promise<ArrayBuffer> digest(
    AlgorithmIdentifier algorithm,
    BufferSource data
  );
};
