// Source: A Case
// Date: 2026-07-01

interface A {
  undefined f(optional long a, long b);
  undefined g(long... a, long b);
  async_iterable<any>(long a);
};
