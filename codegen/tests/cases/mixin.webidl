// Source: Test (https://example.org/)
// Date: 2026-07-01

interface mixin Closing {
  readonly attribute boolean closed;
  undefined close();
};
interface Reader {
  undefined read();
};
Reader includes Closing;
[LegacyNoInterfaceObject] interface Hidden {};
