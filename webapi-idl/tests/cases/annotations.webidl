// Source: A Case
// Date: 2026-07-01

interface A {
  attribute [Clamp] DOMString a;
  attribute [EnforceRange] double b;
  [LegacyNullToEmptyString] attribute long c;
  undefined f([AllowShared] ArrayBuffer a, [Clamp, EnforceRange] long b, [AllowResizable] (long or DOMString) c);
};
