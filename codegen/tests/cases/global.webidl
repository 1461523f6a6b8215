// Source: Test (https://example.org/)
// Date: 2026-07-01

interface Root {
  undefined listen();
};
[Global=Scope] interface Scope : Root {
  readonly attribute Scope self;
  attribute DOMString name;
  [LegacyUnforgeable] readonly attribute boolean fixed;
  undefined post(any message);
};
