// Source: Test (https://example.org/)
// Date: 2026-07-01

dictionary Base {
  boolean zeta = false;
  [ReadOnce] DOMString alpha;
};
dictionary Options : Base {
  required unsigned long size;
  sequence<DOMString> names = [];
  Base nested = {};
  any reason;
};
interface Shop {
  undefined order(Options options);
  Base receipt(optional Base base = {});
};
