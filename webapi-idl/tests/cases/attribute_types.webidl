// Source: A Case
// Date: 2026-07-01

dictionary D {};
interface A {
  attribute sequence<long> a;
  readonly attribute D? b;
  readonly attribute (long or record<DOMString, long>) c;
  stringifier attribute long d;
};
