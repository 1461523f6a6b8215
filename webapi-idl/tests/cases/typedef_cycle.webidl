// Source: A Case
// Date: 2026-07-01

typedef sequence<B> A;
typedef (long or A) B;
