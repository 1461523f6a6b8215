// Source: A Case
// Date: 2026-07-01

namespace N { [LegacyUnforgeable] undefined f(); };
interface A {
  [LegacyUnforgeable] static undefined g();
  [LegacyUnforgeable] undefined h();
  undefined h(long a);
  [LegacyUnforgeable] readonly attribute long x;
  [LegacyUnforgeable] readonly attribute long y;
};
interface B : A { attribute long x; };
interface C : B { static attribute long y; };
