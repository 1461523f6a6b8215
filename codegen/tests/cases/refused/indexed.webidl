// Source: Test (https://example.org/)
// Date: 2026-07-01

interface Item {};
interface List {
  readonly attribute unsigned long length;
  getter Item? item(unsigned long index);
  iterable<Item?>;
};
interface Longs {
  readonly attribute unsigned long length;
  getter long (unsigned long index);
};
