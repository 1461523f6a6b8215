// Source: Test (https://example.org/)
// Date: 2026-07-01

enum Mode { "", "on", "off" };
interface Lamp {
  readonly attribute boolean lit;
  attribute DOMString label;
  attribute Mode mode;
  attribute long? level;
  [Replaceable] readonly attribute any extra;
  static readonly attribute Lamp standard;
};
