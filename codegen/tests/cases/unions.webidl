// Source: Test (https://example.org/)
// Date: 2026-07-01

dictionary Init { required boolean on; };
interface Target {};
typedef (Target or Init) TargetOrInit;
interface Unions {
  undefined named(TargetOrInit value);
  undefined mixed((sequence<long> or BufferSource or double or boolean or DOMString)? value);
  undefined objects((Init or DOMString) value);
  (Target or DOMString) either();
};
