// Source: Test (https://example.org/)
// Date: 2026-07-01

interface Trusted {
  constructor();
  [LegacyUnforgeable] readonly attribute boolean isTrusted;
  [LegacyUnforgeable] undefined assert();
};
