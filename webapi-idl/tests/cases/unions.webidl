// Source: A Case
// Date: 2026-07-01

interface P {};
interface Q : P {};
dictionary D { long a; };
typedef (long or DOMString?) NullableText;
typedef (P or Q) A;
typedef (long or double) B;
typedef (DOMString or (long or USVString)) C;
typedef (D or DOMString)? G;
typedef (sequence<long> or object) I;
typedef (BufferSource or Uint8Array) J;
typedef (undefined or D) K;
