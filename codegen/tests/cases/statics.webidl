// Source: Test (https://example.org/)
// Date: 2026-07-01

interface Factory {
  static Factory from(any source);
  [NewObject] static Factory _any(sequence<Factory> list);
};
