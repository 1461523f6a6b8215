// Source: Test (https://example.org/)
// Date: 2026-07-01

dictionary Options { boolean keep = false; };
interface Flow {
  async_iterable<any>(optional Options options = {});
};
interface Pairs {
  async_iterable<DOMString, any>;
};
