// Source: A Case
// Date: 2026-07-01

typedef any? A;
typedef Promise<undefined>? B;
typedef long?? C;
typedef (long) D;
typedef (long or DOMString E;
typedef unsigned float F;
typedef unrestricted long G;
typedef sequence<long H;
typedef record<DOMString> I;
typedef long interface;
typedef [Clamp long J;
typedef [X=] long K;
