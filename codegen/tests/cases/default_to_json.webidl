// Source: Test (https://example.org/)
// Date: 2026-07-01

interface Timed {
  readonly attribute DOMString name;
  readonly attribute double start;
  [Default] object toJSON();
};
interface TimedMore : Timed {
  readonly attribute any detail;
  readonly attribute double? size;
  [Default] object toJSON();
};
