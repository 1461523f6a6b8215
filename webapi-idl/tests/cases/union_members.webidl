// Source: A Case
// Date: 2026-07-01

interface P {};
interface Q : P {};
dictionary D { long a; };
typedef (long or DOMString?) NullableText;
typedef (any or long) E;
typedef (long? or DOMString?) F;
typedef (NullableText or P)? H;
typedef (Promise<any> or long) L;
