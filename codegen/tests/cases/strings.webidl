// Source: Test (https://example.org/)
// Date: 2026-07-01

interface Strings {
  undefined all(DOMString a, ByteString b, USVString c, [LegacyNullToEmptyString] DOMString d);
  undefined defaults(optional DOMString a = "x", optional DOMString? b = null);
};
