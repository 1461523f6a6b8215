// Source: A Case
// Date: 2026-07-01

interface P {};
interface Q : P {};
callback F = any ();
dictionary D { required long a; };
interface A {
  constructor(long a);
  constructor(double a);
  undefined f(P a);
  undefined f(Q a);
  undefined g(optional long a);
  undefined g();
  undefined h(long a, DOMString b);
  undefined h(double a, P b);
  undefined i(long a);
  Promise<undefined> i(P a);
  undefined j(DOMString? a);
  undefined j(D a);
  undefined k(DOMString a, long... b);
  undefined k(DOMString a, long b, double c);
  undefined fine(DOMString a, P b);
  undefined fine(DOMString a, DOMString b);
  undefined fine(DOMString a);
};
namespace N {
  undefined f((long or P) a);
  undefined f((DOMString or Q) a);
};
interface mixin M {
  undefined m(sequence<long> a);
  undefined m(object a);
};
interface B {};
B includes M;
interface C {};
C includes M;
