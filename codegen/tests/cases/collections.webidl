// Source: Test (https://example.org/)
// Date: 2026-07-01

interface Item {};
interface Collections {
  sequence<Item> items(sequence<Item> list, record<DOMString, long> map);
  record<USVString, Item> named();
  readonly attribute FrozenArray<Item> frozen;
  undefined nested(sequence<sequence<DOMString>> table);
};
