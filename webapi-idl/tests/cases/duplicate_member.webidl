// Source: A Case
// Date: 2026-07-01

interface A {
  attribute long a;
  undefined a();
  const long b = 1;
  const long b = 2;
  undefined f(long a, long a);
  static undefined f(DOMString other);
  static undefined prototype();
  undefined _constructor();
  undefined g();
};
partial interface A { undefined g(long a); };
interface mixin M { attribute long a; };
A includes M;
dictionary D { long a; long a; };
dictionary E : D { long a; };
enum F { "a", "b", "a" };
interface G { stringifier; stringifier attribute DOMString s; };
