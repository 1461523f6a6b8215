// Source: Test (https://example.org/)
// Date: 2026-07-01

interface mixin Closing {
  const octet OPEN = 1;
  readonly attribute boolean closed;
  undefined close();
};
interface mixin Named {
  stringifier;
};
interface mixin Unused {
  undefined nothing();
};
interface Reader {
  undefined read();
};
Reader includes Closing;
Reader includes Named;
interface Writer {};
Writer includes Closing;
[LegacyNoInterfaceObject] interface Hidden {};
