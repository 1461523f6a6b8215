// Source: A Case
// Date: 2026-07-01

enum Mode { "open", "closed" };
dictionary Options {};
interface A {
  const DOMString A = 1;
  const octet B = 256;
  const boolean C = 1;
  const double D = Infinity;
  undefined f(optional Mode a = "ajar", optional long b = "1", optional DOMString c = null, optional Options d = []);
  undefined g(optional long? a = "x", optional (long or DOMString) b = true, optional object c = {}, optional any d = {});
  undefined h(optional ByteString a = "€", optional unsigned short b = -1, optional long c = 1.5, optional sequence<long> d = {});
};
