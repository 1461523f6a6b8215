// Source: Test (https://example.org/)
// Date: 2026-07-01

dictionary Options { boolean deep = false; };
interface Node2 {};
interface Sender {
  constructor();
  constructor(DOMString name);
  constructor(Node2 node, optional long count = 1);
  undefined post(any message, sequence<object> transfer);
  undefined post(any message, optional Options options = {});
  DOMString describe(long value);
  DOMString describe(DOMString value, boolean loud);
};
