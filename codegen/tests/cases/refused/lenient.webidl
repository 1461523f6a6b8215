// Source: Test (https://example.org/)
// Date: 2026-07-01

interface A {
  [LegacyLenientThis] attribute long a;
  [LegacyLenientSetter] readonly attribute long b;
};
