// Source: Test (https://example.org/)
// Date: 2026-07-01

namespace tools {
  const long VERSION = 3;
  readonly attribute DOMString name;
  undefined log(any... data);
  Promise<undefined> flush();
};
