// Source: Test (https://example.org/)
// Date: 2026-07-01

interface M {
  undefined f(long a);
  undefined f(DOMString a, DOMString... rest);
  undefined f(DOMString a, boolean b, long c, long d, long e);
};
