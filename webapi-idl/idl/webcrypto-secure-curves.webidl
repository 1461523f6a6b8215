// Source: Secure Curves in the Web Cryptography API (https://wicg.github.io/webcrypto-secure-curves/)
// Date: 2026-07-01

/** Ed448: what the signature belongs to. */
[Section=dfn-Ed448Params] dictionary Ed448Params : Algorithm {
  /** What the signature belongs to, up to 255 bytes: verifying it takes the same ones. None if it is not given. */
  BufferSource context;
};
